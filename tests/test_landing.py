"""The landing page, its map of the chapters, and the ways to open a chapter elsewhere."""

import itertools
import re
import tomllib
import urllib.parse
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from jinja2 import Environment

from autograder import exercises
from book import contents
from book.contents import BOOK, ROOT, Chapter, chapter, chapters
from book.extensions import chapter_map, launch

WRITTEN = [one for one in chapters() if one.written]
GITHUB = "https://github.com/someone/a-book"


def soup(built: Path, page: str) -> BeautifulSoup:
    return BeautifulSoup((built / f"{page}.html").read_text(encoding="utf-8"), "html.parser")


def one(found: Tag | BeautifulSoup, selector: str) -> Tag:
    tag = found.select_one(selector)
    assert tag, selector
    return tag


# -- the page ----------------------------------------------------------------------------------


def test_the_opening_has_a_sentence_a_way_in_and_a_figure(built_site: Path) -> None:
    page = one(soup(built_site, "index"), "article.bd-article > section")
    kinds = [" ".join(tag.get("class", [])) or tag.name for tag in page.find_all(recursive=False)]
    hero, figure = (next(i for i, kind in enumerate(kinds) if k in kind) for k in ("hero", "cell"))
    assert kinds[0] == "h1" and hero < figure < kinds.index("section")
    first, second = one(page, ".hero").select("a")
    assert first["href"] == "start.html" and str(second["href"]).startswith("#")
    assert one(page, ".cell script[type*='widget-view']")


def test_it_counts_what_is_there(built_site: Path) -> None:
    said = one(soup(built_site, "index"), ".book-in-numbers").get_text(" ", strip=True)
    assert f"{len(WRITTEN)} chapters" in said
    assert f"{len(exercises.all())} functions to write" in said
    listed = soup(built_site, "equations").select("article tbody tr")
    assert f"{len(listed)} equations" in said


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 740)])
def test_one_screen_says_what_this_is(site_url, browser_page, width: int, height: int) -> None:
    page = browser_page(f"{site_url}index.html", width=width, height=height).page

    def edge(selector: str, side: str) -> float:
        return page.locator(selector).first.evaluate(f"n => n.getBoundingClientRect().{side}")

    assert edge(".hero a", "bottom") < height
    if width > 1000:
        assert edge(".book-in-numbers", "bottom") < height
        assert edge(".tag_hero-figure output", "bottom") < height
        assert edge(".tag_hero-figure", "left") > edge(".hero", "right")
    else:
        assert edge(".tag_hero-figure svg", "top") < height - 100
    too_tall = "n => n.filter(a => a.offsetHeight > a.parentNode.clientHeight).map(a => a.text)"
    assert not page.locator(".chapter-map a").evaluate_all(too_tall)


# -- the map -----------------------------------------------------------------------------------


def test_the_map_links_every_chapter_and_says_what_it_needs(built_site: Path) -> None:
    items = one(soup(built_site, "index"), "nav.chapter-map ol").find_all("li")
    assert len(items) == len(chapters())
    for item, known in zip(items, chapters(), strict=True):
        assert known.title in item.get_text()
        link = item.find("a")
        assert (link["href"] if link else None) == (f"{known.slug}.html" if known.written else None)
        said = one(item, ".visually-hidden").get_text()
        needed = [str(chapter(slug).number) for slug in known.needs]
        assert re.findall(r"\d+", said) == sorted(needed, key=int)


def test_every_need_leads_down_the_map() -> None:
    row = chapter_map.rows(chapters())
    drawn = chapter_map.edges(chapters())
    lead = {
        known.slug: {end for start, end in drawn if start == known.slug} for known in chapters()
    }
    for known in reversed(chapters()):
        lead[known.slug] |= {far for near in lead[known.slug] for far in lead[near]}
    for known in chapters():
        assert all(row[need] < row[known.slug] for need in known.needs)
        assert all(known.slug in lead[need] for need in known.needs)


def test_no_line_runs_through_a_chapter_and_no_two_cross() -> None:
    row, column = chapter_map.rows(chapters()), chapter_map.columns(chapters())
    assert len({(row[slug], column[slug]) for slug in row}) == len(row)
    ways = {}
    for edge in chapter_map.edges(chapters()):
        blocked, way = chapter_map.route(edge, row, column)
        assert not blocked, edge
        for i, step in enumerate(itertools.pairwise(way)):
            ways.setdefault(row[edge[0]] + i, []).append(step)
    for steps in ways.values():
        for (a, b), (c, d) in itertools.combinations(steps, 2):
            assert (a - c) * (b - d) >= 0


def test_what_others_imply_is_not_drawn() -> None:
    made = [
        Chapter(i, slug, slug, needs)
        for i, (slug, needs) in enumerate([("a", ()), ("b", ("a",)), ("c", ("a", "b"))])
    ]
    assert chapter_map.edges(made) == [("a", "b"), ("b", "c")]


# -- opening a chapter -------------------------------------------------------------------------


@pytest.mark.parametrize("known", WRITTEN, ids=lambda known: known.slug)
def test_a_chapter_can_be_downloaded_as_a_notebook(built_site: Path, known: Chapter) -> None:
    link = one(soup(built_site, known.slug), "details.launch a[download]")
    copied = built_site / str(link["href"])
    original = ROOT / "chapters" / known.folder / f"{known.slug}.ipynb"
    assert copied.read_bytes() == original.read_bytes()
    assert copied.stat().st_size < 400_000
    listed = soup(built_site, "index").select(f".open-in a[href='{link['href']}']")
    assert len(listed) == 1 and known.title in listed[0].get_text()


def test_the_list_of_places_opens_without_a_script_and_fits_on_a_phone(
    site_url, browser_page
) -> None:
    page = browser_page(f"{site_url}losses.html", width=360).page
    link = page.locator("details.launch a").first
    assert not link.is_visible()
    page.locator("details.launch summary").press("Enter")
    box = page.locator("details.launch ul").bounding_box()
    assert link.is_visible() and box["x"] >= 0 and box["x"] + box["width"] <= 360


def rendered(places: list[launch.Place]) -> BeautifulSoup:
    template = (BOOK / "_templates" / "launch.html").read_text(encoding="utf-8")
    return BeautifulSoup(Environment().from_string(template).render(launch=places), "html.parser")


def test_without_a_public_address_only_the_download_is_offered() -> None:
    (link,) = rendered(launch.places(chapter("losses"), "", "main")).select("a")
    assert link["href"] == "notebooks/03_losses/losses.ipynb" and link.has_attr("download")


@pytest.mark.parametrize("address", [GITHUB, f"{GITHUB}/", f"{GITHUB}.git"])
def test_with_an_address_at_github_colab_and_binder_are_offered(address: str) -> None:
    page = rendered(launch.places(chapter("losses"), address, "release/1 & 2"))
    _, colab, binder = (str(link["href"]) for link in page.select("a"))
    assert colab == (
        "https://colab.research.google.com/github/someone/a-book/blob/release/1%20%26%202/"
        "chapters/03_losses/losses.ipynb"
    )
    assert binder == (
        "https://mybinder.org/v2/gh/someone/a-book/release%2F1%20%26%202"
        "?urlpath=lab%2Ftree%2Fchapters%2F03_losses%2Flosses.ipynb"
    )
    assert [link.has_attr("download") for link in page.select("a")] == [True, False, False]


def test_elsewhere_binder_is_offered_and_colab_is_not() -> None:
    found = launch.places(chapter("losses"), "https://example.org/some one/book", "main")
    assert [place.name for place in found] == ["Jupyter", "Binder"]
    parts = urllib.parse.urlsplit(found[1].address)
    assert parts.path == "/v2/git/https%3A%2F%2Fexample.org%2Fsome%20one%2Fbook/main"
    wanted = {"urlpath": ["lab/tree/chapters/03_losses/losses.ipynb"]}
    assert urllib.parse.parse_qs(parts.query) == wanted


def test_the_pages_offer_what_the_address_in_pyproject_allows(built_site: Path) -> None:
    known = chapter("losses")
    offered = soup(built_site, known.slug).select("details.launch a")
    expected = launch.places(known, contents.repository(), "main")
    assert [link["href"] for link in offered] == [place.address for place in expected]


def test_binder_installs_the_book_at_its_versions_without_cuda() -> None:
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    options = dict(line.split(" ") for line in lines if not line.startswith("#"))
    assert options.pop("--editable") == "."
    assert (ROOT / "binder" / options.pop("--constraint")).resolve() == ROOT / "constraints.txt"
    assert options.pop("--extra-index-url").endswith("/cpu") and not options
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    assert python == "python-" + project["requires-python"].removeprefix(">=")
