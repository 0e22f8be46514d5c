"""Every picture of every page says in words what it shows."""

import re
from html.parser import HTMLParser
from pathlib import Path

import jupytext
import pytest

from book.contents import Chapter, chapters

WRITTEN = [one for one in chapters() if one.written]
DRAWS = re.compile(r"\bplt\.\w+\(")


def says_something(alt: str | None) -> bool:
    """A file name or a mere "plot" is no description; a sentence ends in a full stop."""
    return bool(alt) and len(str(alt).split()) >= 8 and str(alt).strip().endswith(".")


@pytest.mark.parametrize("one", WRITTEN, ids=lambda one: one.slug)
def test_every_cell_that_draws_describes_its_picture(one: Chapter) -> None:
    cells = jupytext.reads(one.manuscript.read_text(encoding="utf-8"), fmt="md:myst").cells
    drawing = [cell for cell in cells if cell.cell_type == "code" and DRAWS.search(cell.source)]
    mute = [
        cell.source[-300:]
        for cell in drawing
        if not says_something(cell.metadata.get("mystnb", {}).get("image", {}).get("alt"))
    ]
    assert not mute, "describe these pictures under `mystnb: image: alt:` in their cells"


class Pictures(HTMLParser):
    """Collects the alternative texts of a page's images and the sources that lack one."""

    def __init__(self) -> None:
        super().__init__()
        self.mute: list[str] = []
        self.seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":
            self.seen += 1
            if not says_something(given.get("alt")):
                self.mute.append(str(given.get("src")))


def test_every_picture_of_every_page_has_its_words(built_site: Path) -> None:
    seen, mute = 0, {}
    for one in WRITTEN:
        page = Pictures()
        page.feed((built_site / f"{one.slug}.html").read_text(encoding="utf-8"))
        seen += page.seen
        if page.mute:
            mute[one.slug] = page.mute
    assert seen >= 70 and not mute
