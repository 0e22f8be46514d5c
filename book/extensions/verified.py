"""`verified-equations`: a page of all equations that a cell verified, with the error reached.

The numbers are read from what `verify` printed when the chapters ran.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from book.extensions.chapters import chapter_line

PRINTED = re.compile(
    r"^✓ (?P<label>[\w-]+): (?P<sides>\d+) sides "
    r"(?:agree, largest relative error (?P<error>\S+)|are equal, symbolically)",
    re.MULTILINE,
)


@dataclass
class Verified:
    """What one `verify` cell printed; `error` is None where SymPy found the sides equal."""

    label: str
    sides: int
    error: str | None


@dataclass
class Page:
    """What one page offers: its verifications and its labelled formulas."""

    verified: list[Verified] = field(default_factory=list)
    formulas: dict[str, nodes.math_block] = field(default_factory=dict)


def collected(env: BuildEnvironment) -> dict[str, Page]:
    """Return what has been read so far, by page."""
    return env.__dict__.setdefault("book_verified", {})


class Collector(EnvironmentCollector):
    """Reads every page for what `verify` printed there."""

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Keep what the page offers."""
        page = Page()
        for block in doctree.findall(nodes.literal_block):
            for found in PRINTED.finditer(block.astext()):
                page.verified.append(Verified(found["label"], int(found["sides"]), found["error"]))
        for formula in doctree.findall(nodes.math_block):
            if formula.get("label"):
                copy = nodes.math_block("", formula.astext(), html=formula["html"], number=None)
                page.formulas[formula["label"]] = copy
        collected(app.env)[app.env.current_document.docname] = page

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        """Forget a page that is read again or gone."""
        collected(env).pop(docname, None)

    def get_outdated_docs(self, app: Sphinx, env: BuildEnvironment, *_: set[str]) -> list[str]:
        """Write the collecting page again at every build."""
        return ["equations"] if "equations" in env.found_docs else []


class pending_equations(nodes.General, nodes.Element):
    """Stands where the verified equations will be listed, when all chapters have been read."""


class VerifiedEquations(SphinxDirective):
    """The directive `verified-equations`."""

    def run(self) -> list[nodes.Node]:
        """Mark the place."""
        return [pending_equations()]


class FillEquations(SphinxPostTransform):
    """Put the list in its place, before references are resolved."""

    default_priority = 5

    def run(self, **_: object) -> None:
        """Replace each mark."""
        for mark in list(self.document.findall(pending_equations)):
            mark.replace_self(self.listing())

    def listing(self) -> list[nodes.Node]:
        """Return a sentence that sums up, and a table for each page, the chapters first."""
        pages = collected(self.env)
        ordered = dict.fromkeys([*self.config.chapter_numbers, *sorted(pages)])
        slugs = [slug for slug in ordered if pages[slug].verified]
        checks = [check for slug in slugs for check in pages[slug].verified]
        errors = [float(check.error) for check in checks if check.error]
        summary = (
            f"{len({check.label for check in checks})} equations are verified, "
            f"with {sum(check.sides for check in checks)} sides in all. "
            f"The largest relative error among them is {max(errors, default=0.0):.1e}."
        )
        listed: list[nodes.Node] = [nodes.paragraph("", summary)]
        for slug in slugs:
            listed += [chapter_line(slug), table(pages[slug])]
        return listed


def table(page: Page) -> nodes.table:
    """Return one row an equation: its number, itself, and how well its sides agree."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (12, 60, 28)), cols=3)
    head = [nodes.paragraph("", title) for title in ("Number", "Equation", "Sides agree to")]
    group += nodes.thead("", row(head))
    body = nodes.tbody()
    for label, formula in page.formulas.items():
        checks = [check for check in page.verified if check.label == label]
        if checks:
            number = addnodes.pending_xref(
                "", nodes.inline(), refdomain="math", reftype="eq", reftarget=label, refwarn=True
            )
            words = "; ".join(agreement(check) for check in checks)
            body += row(
                [nodes.paragraph("", "", number), formula.deepcopy(), nodes.paragraph("", words)]
            )
    group += body
    return nodes.table("", group, classes=["verified-equations"])


def agreement(check: Verified) -> str:
    """Say how many sides there are and how well they agree: `3 sides, 1.2e-16`."""
    if check.error is None:
        return f"{check.sides} sides, exactly, by algebra"
    return f"{check.sides} sides, {check.error if float(check.error) else 'to the last bit'}"


def row(cells: Sequence[nodes.Node]) -> nodes.row:
    """Return a row of a table."""
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the collector, the directive and the filling."""
    app.add_env_collector(Collector)
    app.add_node(pending_equations)
    app.add_directive("verified-equations", VerifiedEquations)
    app.add_post_transform(FillEquations)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
