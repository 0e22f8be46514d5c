"""The book's chapters as Sphinx sees them: woven text, order, equation numbers, fresh outputs."""

import hashlib
from pathlib import Path
from typing import cast

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.directives.other import TocTree
from sphinx.domains.math import MathDomain
from sphinx.util.docutils import SphinxDirective

from book import weave

ROOT = Path(__file__).resolve().parents[2]
# What a chapter's outputs depend on besides its own text.
SOURCES = (
    "solutions/*.py",
    "autograder/**/*.py",
    "book/*.py",
    "book/contents.toml",
    "book/data/*",
    "book/figures/*.py",
    "book/figures/js/*",
)


def chapter_numbers() -> dict[str, int]:
    """Return the number of every written chapter, by slug."""
    return {chapter.slug: chapter.number for chapter in weave.chapters() if chapter.written}


def sources(slug: str) -> list[Path]:
    """Return the files that may change a chapter's outputs; those of later chapters cannot."""
    slugs = [chapter.slug for chapter in weave.chapters()]
    later = set(slugs[slugs.index(slug) + 1 :])
    files = {file for pattern in SOURCES for file in ROOT.glob(pattern)}
    return sorted(file for file in files if file.is_file() and file.stem not in later)


def weave_page(app: Sphinx, docname: str, content: list[str]) -> None:
    """Put the woven page in the place of a chapter's manuscript, as a notebook of MyST-NB's.

    The cache of outputs knows a notebook by its code cells alone.
    One more cell, which no reader sees, holds a hash of the code that they import.
    """
    if docname not in app.config.chapter_numbers:
        return
    digest = hashlib.sha256()
    for file in sources(docname):
        digest.update(file.read_bytes())
        app.env.note_dependency(str(file))
    stamp = f"# The outputs of this page were made by the sources {digest.hexdigest()}."
    page = weave.page(docname, content[0]).replace("---\n", "---\nfile_format: mystnb\n", 1)
    content[0] = f"{page}\n\n```{{code-cell}}\n:tags: [remove-cell]\n{stamp}\n```\n"


def number_equations(app: Sphinx, doctree: nodes.document) -> None:
    """Number a chapter's labelled equations (5.1), (5.2), ... in their order on the page."""
    chapter = app.config.chapter_numbers.get(app.env.docname)
    if chapter is None:
        return
    domain = cast(MathDomain, app.env.get_domain("math"))
    labelled = [node for node in doctree.findall(nodes.math_block) if node.get("label")]
    for position, node in enumerate(labelled, start=1):
        node["number"] = f"{chapter}.{position}"
        domain.data["objects"][node["label"]] = (app.env.docname, node["number"])


class Chapters(TocTree):
    """A table of contents of the chapters that are written, in the book's order."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """List the chapters as `2 · The bend that makes depth count`."""
        self.content = StringList(
            [
                f"{chapter.number} · {chapter.title} <{chapter.slug}>"
                for chapter in weave.chapters()
                if chapter.written
            ]
        )
        return super().run()


class ComingChapters(SphinxDirective):
    """A list of the chapters that are still to be written."""

    def run(self) -> list[nodes.Node]:
        """List number and title; there is nothing to link to yet."""
        coming = [chapter for chapter in weave.chapters() if not chapter.written]
        listed = nodes.bullet_list(classes=["coming-chapters"])
        for chapter in coming:
            line = nodes.paragraph("", f"{chapter.number} · {chapter.title}")
            listed += nodes.list_item("", line)
        return [listed] if coming else []


def chapter_line(slug: str) -> nodes.paragraph:
    """Return a line that links to a chapter by its title; it heads what a page collected there."""
    link = addnodes.pending_xref(
        "",
        nodes.inline("", slug),
        refdomain="std",
        reftype="doc",
        reftarget=slug,
        refexplicit=False,
        refwarn=True,
    )
    return nodes.paragraph("", "", link, classes=["collected-chapter"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the hooks; a new order of chapters is a new environment."""
    app.add_config_value("chapter_numbers", chapter_numbers(), "env", dict)
    app.add_directive("chapters", Chapters)
    app.add_directive("coming-chapters", ComingChapters)
    app.connect("source-read", weave_page)
    # Before KaTeX and the collectors read what the numbers are.
    app.connect("doctree-read", number_equations, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
