"""The web book: complete, reachable, readable by everyone, and quiet towards the network."""

import re
import urllib.parse
from functools import cache
from pathlib import Path

import axe
import chromium
import proven
import pytest
from bs4 import BeautifulSoup, Tag
from figure_pages import resize
from lxml import html

from autograder import exercises
from book.contents import BOOK, chapters
from book.site import SITE

WRITTEN = [chapter for chapter in chapters() if chapter.written]
COLLECTED = [
    *("teaching", "precision", "benchmarks"),
    *("notation", "equations", "claims", "exercises", "bibliography"),
]
PAGES = ["index", *(chapter.slug for chapter in WRITTEN), *COLLECTED, "search"]
MANUSCRIPTS = {chapter.slug: chapter.manuscript.read_text(encoding="utf-8") for chapter in WRITTEN}


@cache
def soup(page: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / f"{page}.html").read_text(encoding="utf-8"), "html.parser")


@cache
def tree(page: str) -> html.HtmlElement:
    """The page for questions that need no soup; every page is asked for its anchors."""
    return html.parse(str(SITE / f"{page}.html")).getroot()


@cache
def anchors(page: str) -> set[str]:
    return {"", *tree(page).xpath("//@id")}


def article(page: str) -> Tag:
    found = soup(page).select_one("article.bd-article")
    assert found
    return found


def references(page: str) -> list[str]:
    """Everything that a page links to or loads."""
    found = tree(page).xpath("//@href | //@src")
    return [address for address in found if address and not address.startswith("data:")]


# -- what was built ----------------------------------------------------------------------------


def test_every_page_is_there_and_no_other(built_site: Path) -> None:
    assert {path.stem for path in built_site.glob("*.html")} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_links_and_anchors_lead_somewhere(built_site: Path, page: str) -> None:
    broken = []
    for address in references(page):
        if re.match(r"[a-z]+:|//", address):
            continue
        path, place = map(urllib.parse.unquote, urllib.parse.urldefrag(address))
        path = path.split("?")[0]
        target = built_site / (path or f"{page}.html")
        if not target.is_file() or (target.suffix == ".html" and place not in anchors(target.stem)):
            broken.append(address)
    assert not broken


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_loaded_from_elsewhere(built_site: Path, page: str) -> None:
    loaded = soup(page).select("script[src], link[href], img[src], iframe[src], source[src]")
    addresses = [str(tag.get("src") or tag.get("href")) for tag in loaded]
    assert not [address for address in addresses if re.match(r"https?:|//", address)]


def test_stylesheets_name_no_other_server(built_site: Path) -> None:
    for sheet in built_site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:|//)", sheet.read_text(encoding="utf-8")), sheet


def test_what_no_page_uses_is_left_out(built_site: Path) -> None:
    heavy = {path.name: path.stat().st_size for path in built_site.rglob("*.js")}
    assert max(heavy.values()) < 500_000, heavy
    assert not list(built_site.rglob("*.map"))


# -- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("chapter", WRITTEN, ids=lambda chapter: chapter.slug)
def test_equations_are_numbered_in_order_and_references_show_the_number(
    built_site, chapter
) -> None:
    labels = re.findall(r"^\$\$ \(([\w-]+)\)$", MANUSCRIPTS[chapter.slug], re.MULTILINE)
    shown = [box for box in article(chapter.slug).select("div.math") if box.select(".eqno")]
    assert [box["id"] for box in shown] == [f"equation-{label}" for label in labels]
    numbers = [f"({chapter.number}.{i})" for i in range(1, len(labels) + 1)]
    assert [box.select_one(".eqno").get_text().rstrip("#") for box in shown] == numbers
    number_of = {f"equation-{label}": number for label, number in zip(labels, numbers, strict=True)}
    for link in article(chapter.slug).select("a[href^='#equation-']:not(.headerlink)"):
        assert link.get_text() == number_of[str(link["href"])[1:]]


@pytest.mark.parametrize("page", PAGES)
def test_every_formula_is_typeset(built_site: Path, page: str) -> None:
    for formula in soup(page).select(".math"):
        assert formula.select("math"), formula.get_text()  # MathML, for those who listen
        assert not formula.select(".katex-error")


def test_chapters_have_their_number_in_the_sidebar_and_in_their_title(built_site: Path) -> None:
    sidebar = [
        link.get_text(strip=True) for link in soup("notation").select(".bd-links a.internal")
    ]
    for chapter in WRITTEN:
        assert f"{chapter.number} · {chapter.title}" in sidebar
        title = article(chapter.slug).find("h1")
        assert title and title.get_text().startswith(f"{chapter.number} · ")


# -- pages that collect ------------------------------------------------------------------------


def test_the_landing_page_tells_of_every_chapter(built_site: Path) -> None:
    links = {str(link["href"]) for link in article("index").select("dt a[href]")}
    assert links == {f"{chapter.slug}.html" for chapter in WRITTEN}
    coming = [item.get_text(strip=True) for item in article("index").select(".coming-chapters li")]
    assert coming == [f"{one.number} · {one.title}" for one in chapters() if not one.written]


def test_every_verified_equation_is_listed_with_its_agreement(built_site: Path) -> None:
    listed = {}
    for row in article("equations").select("tbody tr"):
        number, formula, agreement = row.find_all("td")
        assert formula.select("math")
        address = number.find("a")["href"]
        listed[address.partition("#equation-")[2]] = agreement.get_text(strip=True)
    texts = [page.read_text(encoding="utf-8") for page in BOOK.glob("*.md")]
    verified = {
        label for text in texts for label in re.findall(r"\bverify\(\s*[\"']([\w-]+)[\"']", text)
    }
    assert set(listed) == verified
    for said in listed.values():
        assert re.match(r"\d+ sides, (\d\.\de[-+]\d+|exactly|to the last bit)", said)


def test_every_claim_is_listed_with_its_verdict(built_site: Path) -> None:
    claims = [
        claim
        for text in MANUSCRIPTS.values()
        for claim in re.findall(r"^:::\{admonition\} Claim (\d+): ", text, re.MULTILINE)
    ]
    boxes = article("claims").select(".admonition.claim")
    titles = [box.select_one(".admonition-title").get_text() for box in boxes]
    numbers = [re.match(r"Claim (\d+)", title)[1] for title in titles]
    assert numbers == sorted(claims, key=int)
    for box in boxes:
        assert any(name.startswith("verdict-") for name in box["class"])


def test_every_exercise_is_listed_with_its_mistakes(built_site: Path) -> None:
    written = {chapter.slug for chapter in WRITTEN}
    expected = [one for one in exercises.all().values() if one.slug in written]
    page = article("exercises")
    assert len(page.select("dt")) == len(expected)
    for exercise in expected:
        anchor = f"{exercise.slug}.html#exercise-{exercise.name.replace('_', '-')}"
        link = page.select_one(f"dt a[href='{anchor}']")
        assert link and link.get_text() == exercise.name
        fold = link.find_parent("dt").find_next_sibling("dd").select_one("details")
        assert fold.select_one("summary").get_text().startswith(f"{len(exercise.mistakes)} mistake")
        mistakes = fold.select("li strong")
        assert [one.get_text() for one in mistakes] == [one.name for one in exercise.mistakes]


# -- in a browser ------------------------------------------------------------------------------


# A browser need not lay out what is far below the window; here it does, all at once.
LAID_OUT = "* { content-visibility: visible !important }"
# Walks down a page, for what waits until the reader comes near: within a window above and below.
WALK = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += 2 * innerHeight) {
    scrollTo(0, y);
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
  }
  scrollTo(0, 0);
}"""


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_quiet_accessible_and_fits(site_url, browser_page, unless_proven, page) -> None:
    """One load: both widths by resizing, both themes as the reader's system changes them."""
    unless_proven([Path(__file__), *proven.of_page(page)], chromium.version())
    opened = browser_page(f"{site_url}{page}.html")
    opened.page.add_style_tag(content=LAID_OUT)
    for width in (360, 1440):
        resize(opened.page, width, height=3000)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    axe.thin(opened.page)
    opened.page.evaluate(WALK)
    assert not axe.violations(opened.page), "at 1440 px, light"
    axe.dress(opened.page, "dark")
    assert not axe.violations(opened.page, colours_only=True), "at 1440 px, dark"
    resize(opened.page, 360, height=3000)
    opened.page.evaluate(WALK)
    assert not axe.violations(opened.page), "at 360 px, dark"
    axe.dress(opened.page, "light")
    assert not axe.violations(opened.page, colours_only=True), "at 360 px, light"
    assert not [url for url in opened.requests if not url.startswith((site_url, "blob:", "data:"))]
    assert not opened.errors


@pytest.mark.parametrize("pale", [".highlight .k", ".katex", "p"])
def test_what_is_left_of_a_page_shows_what_cannot_be_read(site_url, browser_page, pale) -> None:
    """So that no look above misses what `thin` takes away."""
    opened = browser_page(f"{site_url}start.html")
    opened.page.add_style_tag(content=f"{LAID_OUT} {pale} {{ color: #ccc !important }}")
    axe.thin(opened.page)
    assert axe.violations(opened.page, colours_only=True)


@pytest.mark.parametrize("page", ["index", "neurons"])
def test_a_page_opened_as_a_file_works_and_complains_of_nothing(
    built_site, browser_page, page
) -> None:
    opened = browser_page((built_site / f"{page}.html").as_uri())
    opened.page.wait_for_function(
        "[...document.querySelectorAll('.figure-box')].every(box => box.dataset.figure === 'ready')"
    )
    assert not opened.errors


@pytest.mark.parametrize(("width", "all_laid_out"), [(1440, True), (360, False)])
def test_a_large_screen_lays_out_what_is_far_away_in_its_idle_time(
    site_url, browser_page, width, all_laid_out
) -> None:
    page = browser_page(f"{site_url}neurons.html", width=width).page
    skipped = """() => [...document.querySelectorAll('.bd-article > section > section')]
      .filter((part) => getComputedStyle(part).contentVisibility === 'auto').length"""
    if all_laid_out:
        page.wait_for_function(f"!({skipped})()")
    else:
        page.wait_for_timeout(1000)
        assert page.evaluate(skipped) > 5


# What stands above gets its height when it comes into view, so a reader scrolls more than once.
READ_ON = "box => { box.scrollIntoView(); return box.dataset.figure === 'ready'; }"


@pytest.mark.parametrize("chapter", WRITTEN, ids=lambda chapter: chapter.slug)
def test_figures_start_when_the_reader_comes_to_them(site_url, tab, chapter) -> None:
    opened = tab.blank(1440, 900, "light", "reduce")
    opened.page.goto(f"{site_url}{chapter.slug}.html")
    waiting = opened.page.locator(".figure-box:empty")
    if waiting.count():
        last = waiting.last.element_handle()
        opened.page.wait_for_function(READ_ON, arg=last, polling=100)
    assert not opened.errors


def test_figures_are_alive_without_a_kernel(site_url, browser_page) -> None:
    page = browser_page(f"{site_url}index.html").page
    slider = page.locator(".figure-box input[type=range]").first
    before = page.locator(".figure-box").first.inner_text()
    slider.focus()
    for _ in range(5):
        slider.press("ArrowLeft")
    assert page.locator(".figure-box").first.inner_text() != before


def test_on_a_phone_the_menus_open_and_nothing_covers_what_is_typed(site_url, browser) -> None:
    size = {"width": 360, "height": 740}
    phone = browser.new_context(viewport=size, has_touch=True, is_mobile=True).new_page()
    phone.goto(f"{site_url}neurons.html")
    for side in ("primary", "secondary"):
        phone.locator(f".{side}-toggle:visible").tap()
        menu = phone.locator(f"#pst-{side}-sidebar-modal[open]")
        menu.wait_for(timeout=10_000)
        assert menu.locator("a:visible").count() > 5
        assert not phone.locator(".tooltip:visible").count()
        phone.keyboard.press("Escape")
        menu.wait_for(state="detached")
    phone.locator(".search-button:visible").first.tap()
    icon = phone.locator("#pst-search-dialog .fa-magnifying-glass").bounding_box()
    typed = phone.locator("#pst-search-dialog input").bounding_box()
    padding = phone.locator("#pst-search-dialog input").evaluate(
        "box => parseFloat(getComputedStyle(box).paddingLeft)"
    )
    assert icon["x"] + icon["width"] < typed["x"] + padding
    phone.context.close()


def test_search_finds_a_word(site_url, browser_page) -> None:
    page = browser_page(f"{site_url}search.html?q=notation").page
    page.wait_for_selector("#search-results li a")
