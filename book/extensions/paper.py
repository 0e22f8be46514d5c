"""`on-paper`: where there is a PDF of this text, a link to it on the page and the file in the site.

`make pdf` prints the site, so the PDF comes after it; the next build offers it.
A PDF that is older than a manuscript is of another text and is not offered.
"""

import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from book.contents import BOOK, PDF


def current() -> bool:
    """Is there a PDF, and of this text?"""
    return PDF.is_file() and all(
        PDF.stat().st_mtime > page.stat().st_mtime for page in BOOK.glob("*.md")
    )


class OnPaper(SphinxDirective):
    """The directive `on-paper`; its content is the sentence, with `PDF` where the link goes."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Say it, or nothing."""
        if not current():
            return []
        before, after = " ".join(self.content).split("PDF")
        link = f'<a href="{PDF.name}">PDF ({PDF.stat().st_size / 1e6:.0f} MB)</a>'
        sentence = [nodes.Text(before), nodes.raw("", link, format="html"), nodes.Text(after)]
        return [nodes.paragraph("", "", *sentence)]


def outdated(app: Sphinx, env: BuildEnvironment, *_: set[str]) -> list[str]:
    """Write the first page again when there is a PDF that it does not offer, or the other way."""
    written = Path(app.outdir, f"{app.config.root_doc}.html")
    offered = written.is_file() and f'href="{PDF.name}"' in written.read_text(encoding="utf-8")
    return [app.config.root_doc] if offered != current() else []


def copy(app: Sphinx, error: Exception | None) -> None:
    """Put the file where the link leads, or take away one that is no longer linked."""
    if error or app.builder.format != "html":
        return
    target = Path(app.outdir, PDF.name)
    if current():
        shutil.copy2(PDF, target)
    else:
        target.unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the hooks."""
    app.add_directive("on-paper", OnPaper)
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
