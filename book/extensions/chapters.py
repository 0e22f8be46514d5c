"""The book's chapters as Sphinx sees them: woven text, order, equation numbers, fresh outputs."""

from typing import cast

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.directives.other import TocTree
from sphinx.domains.math import MathDomain
from sphinx.util.docutils import SphinxDirective

from book import outputs, weave


def chapter_numbers() -> dict[str, int]:
    """Return the number of every written chapter, by slug."""
    return {chapter.slug: chapter.number for chapter in weave.chapters() if chapter.written}


def weave_page(app: Sphinx, docname: str, content: list[str]) -> None:
    """Put the woven page in the place of a manuscript with code, as a notebook of MyST-NB's."""
    if "```{code-cell}" in content[0]:
        for file in outputs.sources(docname, content[0]):
            app.env.note_dependency(str(file))
        content[0] = outputs.stamped(docname, content[0])


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
        return [nodes.paragraph("", "Still to come:"), listed] if coming else []


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
