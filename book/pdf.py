"""The book as a PDF, printed from the built site by headless Chromium.

Every page of the site is opened, its figures start, and its text is taken as it then stands.
All of it goes into one document, so that links between chapters work inside the PDF.
That document is printed again until its page numbers stay: a print tells where everything stands.
"""

import argparse
import html
import io
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pikepdf
import yaml
from playwright.sync_api import Browser, Error, Page, sync_playwright
from pypdf import PdfReader
from tqdm import tqdm

from book import site
from book.contents import BOOK, PDF, ROOT, chapters
from book.environment import Trouble, say

# After the chapters. Equations and exercises collect what the chapters hold; so they stay out.
APPENDIX = ("notation", "claims", "bibliography")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
MM = 96 / 25.4
MOST_PRINTS = 5
SCALE = 0.8  # 17 pixels of the site become 10 points
WIDTH = int((210 - 2 * 21) * MM / SCALE)  # of the text on A4, in the site's pixels
READY = (
    "[...document.querySelectorAll('.figure-box')].every(box => box.childElementCount)"
    " && [...document.querySelectorAll('img')].every(image => image.complete)"
)


@dataclass(frozen=True)
class Imprint:
    """What the front page and the file's own data say; it comes from CITATION.cff, not a clock."""

    title: str
    subtitle: str
    authors: str
    version: str
    released: date


def build(_: argparse.Namespace | None = None) -> int:
    """Write the PDF; build the site first if there is none. Return the exit status."""
    if not (site.SITE / "index.html").is_file() and (status := site.build()):
        return status
    started = time.monotonic()
    slugs = [one.slug for one in chapters() if one.written] + list(APPENDIX)
    with site.server(port=0) as web, chromium() as browser:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        pdf = printed(browser, f"http://127.0.0.1:{web.server_port}/", slugs)
        web.shutdown()
    PDF.write_bytes(pdf)
    pages, size = len(PdfReader(io.BytesIO(pdf)).pages), len(pdf) / 1e6
    took = time.monotonic() - started
    say(f"{PDF.relative_to(ROOT)}: {pages} pages, {size:.1f} MB, in {took:.0f} s")
    say("The next `make site` offers it on its first page.")
    return 0


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that prints."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        raise Trouble(
            "The PDF is printed by Chromium, and there is none on the PATH. "
            "On Debian or Ubuntu, `apt install chromium` brings it."
        )
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        except Error as error:
            raise Trouble(f"{program} did not start: {error.message.splitlines()[0]}") from error
        yield browser
        browser.close()


def printed(browser: Browser, address: str, slugs: list[str]) -> bytes:
    """Return the PDF of these pages of the site that is served at an address ending in a slash."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 1000},
        device_scale_factor=2,  # for figures that are painted, not drawn
        color_scheme="light",
        reduced_motion="reduce",
    )
    try:
        sheets, styles = [], dict[str, None]()
        for slug in tqdm(slugs, desc="Reading the site", unit="page"):
            frozen = freeze(context.new_page(), f"{address}{slug}.html", slugs)
            sheets.append(frozen["html"])
            styles |= dict.fromkeys(frozen["styles"])
        page = context.new_page()
        whole = document(imprint(), stylesheets(address, slugs), list(styles), sheets)
        return on_paper(page, f"{address}in-print.html", whole)
    finally:
        context.close()


def freeze(page: Page, address: str, slugs: list[str]) -> dict[str, Any]:
    """Return a page's text as one section, its figures in their first state, and its styles."""
    page.goto(address, wait_until="load")
    page.evaluate(
        "dispatchEvent(new Event('beforeprint'))"
    )  # else only those near the screen start
    page.wait_for_function(READY)
    page.add_script_tag(content=(BOOK / "pdf.js").read_text(encoding="utf-8"))
    slug = Path(address).stem
    frozen = page.evaluate("([slug, slugs]) => freeze(slug, slugs)", [slug, slugs])
    page.close()
    return frozen


def stylesheets(address: str, slugs: list[str]) -> list[str]:
    """Return the stylesheets that the site links; every page links the same."""
    from bs4 import BeautifulSoup

    text = (site.SITE / f"{slugs[0]}.html").read_text(encoding="utf-8")
    links = BeautifulSoup(text, "html.parser").select("link[rel=stylesheet]")
    return [f"{address}{link['href']}" for link in links]


def imprint() -> Imprint:
    """Read title, authors, version and date."""
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    title, _, subtitle = said["title"].partition(": ")
    authors = ", ".join(
        one.get("name") or f"{one['given-names']} {one['family-names']}" for one in said["authors"]
    )
    released = date.fromisoformat(str(said["date-released"]))
    return Imprint(title, subtitle, authors, str(said["version"]), released)


def document(said: Imprint, links: list[str], styles: list[str], sheets: list[str]) -> str:
    """Return the document that holds the whole book, before its contents are listed."""
    head = "".join(f'<link rel="stylesheet" href="{link}">' for link in links)
    head += "".join(f"<style>{style}</style>" for style in styles)
    lines = (
        ("title", said.title),
        ("subtitle", said.subtitle[:1].upper() + said.subtitle[1:]),
        ("authors", said.authors),
        ("imprint", f"Version {said.version}, {said.released:%-d %B %Y}"),
        ("licence", "Code under BSD-3-Clause, text and figures under CC-BY-4.0."),
    )
    front = "".join(f'<p class="{name}">{html.escape(text)}</p>' for name, text in lines)
    return (
        '<!doctype html><html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{html.escape(said.title)}</title>{head}'
        f"<style>{(BOOK / 'pdf.css').read_text(encoding='utf-8')}</style></head>"
        f'<body><main class="bd-article"><div class="title-page">{front}</div>'
        f'<nav id="contents"><h1>Contents</h1><ol></ol></nav>{"".join(sheets)}</main></body></html>'
    )


def on_paper(page: Page, address: str, whole: str) -> bytes:
    """Print the document, fill in the page numbers that this tells, and again, until they stay."""
    page.route(address, lambda route: route.fulfill(body=whole, content_type="text/html"))
    page.set_default_timeout(300_000)
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.emulate_media(media="print")
    pages: dict[str, int] = {}
    for _ in tqdm(range(MOST_PRINTS), desc="Printing until the page numbers stay"):
        lay_out(page, address, pages)
        pdf = paper(page)
        before, pages = pages, page_numbers(pdf)
        if pages == before:
            break
    else:
        raise Trouble(f"Page numbers still moved at the {MOST_PRINTS}th print: see book/pdf.css.")
    if shrunk(pdf):
        raise Trouble(
            "Something is wider than the page, so Chromium printed everything smaller. "
            "`fit` in book/pdf.js has to know it."
        )
    return finish(pdf, imprint())


def lay_out(page: Page, address: str, pages: dict[str, int]) -> None:
    """Load the document and make it fit; afresh, for Chromium breaks pages it laid out otherwise."""
    page.goto(address, wait_until="load")
    page.add_script_tag(content=(BOOK / "pdf.js").read_text(encoding="utf-8"))
    page.evaluate("document.fonts.ready.then(() => null)")
    page.evaluate("listContents()")
    if dead := page.evaluate("deadLinks()"):
        raise Trouble(f"Links of the site lead nowhere: {', '.join(dead)}. Build it again.")
    page.evaluate("pages => numberPages(pages)", pages)
    page.evaluate("fit()")


def paper(page: Page) -> bytes:
    """Let Chromium print."""
    return page.pdf(
        prefer_css_page_size=True, print_background=True, outline=True, tagged=True, scale=SCALE
    )


def page_numbers(pdf: bytes) -> dict[str, int]:
    """Return the page on which each target of a link stands, counted from 1."""
    reader = PdfReader(io.BytesIO(pdf))
    return {
        name.removeprefix("/"): (reader.get_destination_page_number(target) or 0) + 1
        for name, target in reader.named_destinations.items()
    }


def shrunk(pdf: bytes) -> bool:
    """Is the text smaller than it was set? One page tells, the contents: all are scaled alike."""
    scales: list[float] = []

    def note(text: str, matrix: list[float], *_: object) -> None:
        if text.strip():
            scales.append(matrix[0])

    PdfReader(io.BytesIO(pdf)).pages[1].extract_text(visitor_text=note)
    return min(scales) < 0.74 * SCALE  # a pixel is 3/4 of a point


def finish(pdf: bytes, said: Imprint) -> bytes:
    """Set the file's own data, so that the same site gives the same bytes on any day; pack it.

    The tags that tell a screen reader what is what are a hundred thousand small objects.  Chromium
    writes each as plain text; packed into streams, they take a fifth of the file and not two thirds.
    """
    day = f"D:{said.released:%Y%m%d}000000Z"
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(renumbered(pdf))) as whole:
        del whole.docinfo  # which program printed it, and when
        whole.docinfo["/Title"] = f"{said.title}: {said.subtitle}"
        whole.docinfo["/Author"] = said.authors
        whole.docinfo["/CreationDate"] = whole.docinfo["/ModDate"] = day
        whole.Root.PageMode = pikepdf.Name.UseOutlines
        packed = pikepdf.ObjectStreamMode.generate
        whole.save(out, object_stream_mode=packed, recompress_flate=True, deterministic_id=True)
    return out.getvalue()


def renumbered(pdf: bytes) -> bytes:
    """Name the cells of tables 0, 1, 2, ...: Chromium counts on from what it showed before."""
    name = rb"\(node\d{8}\)"
    order = {old: i for i, old in enumerate(sorted(set(re.findall(name, pdf))))}
    return re.sub(name, lambda old: b"(node%08d)" % order[old[0]], pdf)  # as long, so nothing moves
