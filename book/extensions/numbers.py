"""The book in numbers, counted when the site is built."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from autograder import exercises
from book.contents import BOOK, chapters


def numbers() -> dict[str, int]:
    """Return how many there are of what."""
    verified = {
        label
        for page in BOOK.glob("*.md")
        for label in re.findall(
            r"\bverify\(\s*[\"']([\w-]+)[\"']", page.read_text(encoding="utf-8")
        )
    }
    declared = list(exercises.all().values())
    return {
        "chapters": sum(one.written for one in chapters()),
        "equations verified by running them": len(verified),
        "functions to write": len(declared),
        "mistakes known by name": sum(len(one.mistakes) for one in declared),
    }


class BookInNumbers(SphinxDirective):
    """A line of numbers, each above what it counts."""

    def run(self) -> list[nodes.Node]:
        """List them."""
        listed = nodes.bullet_list(classes=["book-in-numbers"])
        for what, count in numbers().items():
            said = nodes.paragraph("", "", nodes.strong("", f"{count:,}"), nodes.Text(f" {what}"))
            listed += nodes.list_item("", said)
        return [listed]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("book-in-numbers", BookInNumbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
