"""What the notebooks show is the manuscript's text, all of it."""

import re

import pytest

from book import weave
from book.contents import Chapter, chapters

WRITTEN = [one for one in chapters() if one.written]
MARKUP = {"admonition", "class", "claim", "dropdown", "note", "warning", "tip", "cite"}


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]{4,}", text)


@pytest.mark.parametrize("one", WRITTEN, ids=lambda one: one.slug)
def test_no_word_of_the_text_is_lost(one: Chapter) -> None:
    text = one.manuscript.read_text(encoding="utf-8")
    text = re.sub(r"^---\n.*?^---$|^```\{code-cell\}.*?^```$", "", text, flags=re.M | re.S)
    text = re.sub(
        r"\{(cite|eq|cite:t)\}`[^`]*`|\]\([^)]*\)|^\$\$ \([\w-]+\)$", "", text, flags=re.M
    )
    cells = weave.notebook(one).cells
    kept = words(" ".join(cell.source for cell in cells if cell.cell_type == "markdown"))
    for word in set(words(text)) - MARKUP:
        assert kept.count(word) >= words(text).count(word), word
