"""The PDF of the book: its mathematics, figures, links and numbers, on two small chapters."""

import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PageObject, PdfReader

from book import pdf
from book.contents import chapters
from book.environment import Trouble

SLUGS = ["start", "neurons", "notation"]


@pytest.fixture(scope="module")
def printed(browser: Browser, site_url: str) -> bytes:
    return pdf.printed(browser, site_url, SLUGS)


@pytest.fixture(scope="module")
def reader(printed: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(printed))


@pytest.fixture(scope="module")
def texts(reader: PdfReader) -> list[str]:
    return [page.extract_text() for page in reader.pages]


def page_with(texts: list[str], words: str) -> int:
    """The only page, counted from 0 and past the contents, on which these words stand."""
    found = [i for i, text in enumerate(texts) if words in text and "Contents" not in text]
    assert len(found) == 1, f"{words!r} stands on the pages {found}"
    return found[0]


def test_front_page_says_what_citation_cff_says(reader, texts):
    said = pdf.imprint()
    for words in (said.title, said.authors, f"Version {said.version}"):
        assert words in texts[0].replace("\n", " ")
    assert reader.metadata.title == f"{said.title}: {said.subtitle}"
    assert reader.metadata.author == said.authors
    # No clock: the file's dates are the release's, so the same site gives the same file any day.
    assert reader.metadata.creation_date.date() == said.released
    assert reader.metadata.modification_date.date() == said.released


def test_contents_name_the_page_on_which_a_section_stands(reader, texts):
    contents = texts[1]
    neurons = next(one for one in chapters() if one.slug == "neurons")
    for title in ("A wrong answer gets a name", f"{neurons.number} · {neurons.title}"):
        number = re.search(re.escape(title) + r"\s*(\d+)", contents)
        assert number, f"the contents do not list {title!r}"
        assert title in texts[int(number[1]) - 1]


def test_outline_leads_to_every_chapter(reader, texts):
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    wanted = [f"{one.number} · {one.title}" for one in chapters() if one.slug in SLUGS]
    assert [title for title in titles if title in wanted] == wanted
    for entry in reader.outline:
        if not isinstance(entry, list) and entry.title in wanted:
            assert entry.title in texts[reader.get_destination_page_number(entry)]


def test_links_between_chapters_stay_inside_the_book(reader):
    inside, outside = 0, []
    for page in reader.pages:
        for note in page.get("/Annots", ()):
            link = note.get_object()
            action = link.get("/A", {})
            inside += "/Dest" in link or "/D" in action
            outside += [action["/URI"]] if "/URI" in action else []
    assert inside > 40
    assert not [address for address in outside if "127.0.0.1" in address]


def test_mathematics_is_text_in_its_own_fonts(reader, texts):
    assert "⊤" in "".join(texts)  # of wᵀx, in the chapter on neurons
    fonts = {
        str(font.get_object().get("/BaseFont")).partition("+")[2]
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert {"KaTeX_Main-Regular", "KaTeX_Math-Italic", "KaTeX_Size1-Regular"} <= fonts


def test_folds_are_opened_at_the_end_of_the_chapter(texts):
    everything = " ".join(texts)
    for button in ("Show the answer", "Show code cell source"):
        assert button not in everything
    asked = next(i for i, text in enumerate(texts) if "Exercise: perceptron_update\n" in text)
    assert re.search(r"an answer: at the end of the chapter, page\s*\d+", texts[asked])
    answers = [i for i, text in enumerate(texts) if re.search(r"^Answers$", text, re.M)]
    assert len(answers) == 2, "one section of answers in each of the two chapters"
    assert "Common mistakes" in "".join(texts[answers[1] :])
    assert "Common mistakes" not in "".join(texts[asked : answers[1]])


def test_figures_are_drawn(reader, texts):
    """The page of a live figure holds its question and many lines; without the drawing, some 400."""
    drawn = reader.pages[page_with(texts, "gets twice as long")]
    assert lines(drawn) > 1000


def test_a_figure_keeps_what_its_fields_say(browser):
    """Its buttons go, with the names of what is then gone; a number that was written stays."""
    page = browser.new_page()
    page.set_content(
        """<div class="nnd"><div class="controls">
        <label for="a">word</label><input id="a" type="text" value="bread">
        <span>weights</span><label><span>hidden name</span><input type="number" value="-2"></label>
        <label for="b">How many?</label><input id="b" type="number">
        <label for="c">kind</label><select id="c"><option>flat<option selected>round</select>
        <div class="ticks"><span>examples</span><button>1</button></div>
        <div class="ticks"><label><input type="checkbox" checked>scaled</label></div>
        </div></div>"""
    )
    page.add_script_tag(path=pdf.BOOK / "pdf.js")
    page.evaluate("stillFigure(document.querySelector('.nnd'))")
    said = " ".join(page.locator(".controls").inner_text().split())
    page.close()
    assert said == "wordbread weights-2 kindround ☑scaled"


def test_tags_for_screen_readers_are_there_and_packed(printed, reader):
    """Unpacked, the tags of the whole book are 40 MB."""
    tags = reader.trailer["/Root"]["/StructTreeRoot"]
    assert tags["/K"]["/Lang"] == "en"
    assert b"/StructElem" not in printed


def lines(page: PageObject) -> int:
    """How often a page's paths go straight on."""
    return len(re.findall(rb"\sl\s", page.get_contents().get_data()))


def test_nothing_is_wider_than_the_page(reader):
    """Chromium prints everything smaller if anything is: the text would not have its size."""
    sizes: list[float] = []

    def note(text, matrix, text_matrix, font, size):
        if size == 17 and text.strip():
            sizes.append(size * matrix[0])

    for page in reader.pages:
        page.extract_text(visitor_text=note)
    assert len(sizes) > 100
    assert sizes == pytest.approx([17 * 0.75 * pdf.SCALE] * len(sizes), abs=0.01)


def test_the_same_site_gives_the_same_bytes(browser, site_url):
    assert pdf.printed(browser, site_url, ["notation"]) == pdf.printed(
        browser, site_url, ["notation"]
    )


def test_without_chromium_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(Trouble, match="apt install chromium"), pdf.chromium():
        pass


def test_without_a_site_one_is_built_and_its_failure_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(pdf.site, "SITE", tmp_path)
    monkeypatch.setattr(pdf.site, "build", lambda: 3)
    assert pdf.build() == 3
