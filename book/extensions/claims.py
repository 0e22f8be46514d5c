"""`claim-index`: a page of all claims that the chapters tested, with their verdicts.

A chapter states a claim in an admonition of class `claim`, titled `Claim 7: ...`.
The text begins with its verdict: True, True under conditions, or False.
"""

import re
from dataclasses import dataclass

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

log = logging.getLogger(__name__)
VERDICTS = {"True under conditions": "conditional", "True": "true", "False": "false"}


@dataclass
class Claim:
    """A claim that a chapter tested; `box` is a copy of its admonition."""

    number: int
    anchor: str
    box: nodes.admonition


def collected(env: BuildEnvironment) -> dict[str, list[Claim]]:
    """Return the claims that have been read so far, by page."""
    return env.__dict__.setdefault("book_claims", {})


class Collector(EnvironmentCollector):
    """Reads every page for the claims that it tests."""

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Keep the page's claims."""
        boxes = [box for box in doctree.findall(nodes.admonition) if "claim" in box["classes"]]
        claims = [claim for box in boxes if (claim := read(box))]
        page = app.env.current_document.docname
        collected(app.env)[page] = claims
        for claim in claims:
            target = f"{page}-{claim.anchor}"
            app.env.domains.standard_domain.note_hyperlink_target(target, page, claim.anchor)

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        """Forget a page that is read again or gone."""
        collected(env).pop(docname, None)

    def get_outdated_docs(self, app: Sphinx, env: BuildEnvironment, *_: set[str]) -> list[str]:
        """Write the collecting page again at every build."""
        return ["claims"] if "claims" in env.found_docs else []


def read(box: nodes.admonition) -> Claim | None:
    """Read a claim's number and verdict, and mark its box with both; warn where one is missing."""
    title, *body = box.children
    heading = re.match(r"Claim (\d+): ", title.astext())
    text = "\n".join(part.astext() for part in body)
    verdict = next((mark for words, mark in VERDICTS.items() if text.startswith(words)), None)
    if heading is None or verdict is None:
        wanted = "a title `Claim 7: ...` and a text that begins with a verdict: %s"
        log.warning(wanted, ", ".join(VERDICTS), location=box, type="claim")
        return None
    anchor = f"claim-{heading[1]}"
    box["ids"].append(anchor)
    box["classes"].append(f"verdict-{verdict}")
    return Claim(int(heading[1]), anchor, detached(box))


def detached(box: nodes.admonition) -> nodes.admonition:
    """Return a copy that is no part of the page: what is kept does not hold the page as well."""
    copy = box.deepcopy()
    for node in copy.findall():
        node.document = None
    return copy


class pending_claims(nodes.General, nodes.Element):
    """Stands where the claims will be listed, when all chapters have been read."""


class ClaimIndex(SphinxDirective):
    """The directive `claim-index`."""

    def run(self) -> list[nodes.Node]:
        """Mark the place."""
        return [pending_claims()]


class FillClaims(SphinxPostTransform):
    """Put the list in its place, before references are resolved."""

    default_priority = 5

    def run(self, **_: object) -> None:
        """Replace each mark."""
        for mark in list(self.document.findall(pending_claims)):
            mark.replace_self(self.listing())

    def listing(self) -> list[nodes.Node]:
        """Return the claims by number, each as it stands in its chapter."""
        found = [(claim, page) for page, claims in collected(self.env).items() for claim in claims]
        return [
            self.copy(claim, page) for claim, page in sorted(found, key=lambda it: it[0].number)
        ]

    def copy(self, claim: Claim, page: str) -> nodes.admonition:
        """Return a claim's box with a link to the place where it was tested."""
        box = claim.box.deepcopy()
        box["ids"] = []
        for reference in box.findall(addnodes.pending_xref):
            reference["refdoc"] = self.env.docname
        number = self.config.chapter_numbers.get(page)
        where = self.env.titles[page].astext() if number is None else f"chapter {number}"
        link = addnodes.pending_xref(
            "",
            nodes.inline("", f"Tested in {where}"),
            refdomain="std",
            reftype="ref",
            reftarget=f"{page}-{claim.anchor}",
            refexplicit=True,
            refwarn=True,
        )
        box += nodes.paragraph("", "", link, classes=["claim-source"])
        return box


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the collector, the directive and the filling."""
    app.add_env_collector(Collector)
    app.add_node(pending_claims)
    app.add_directive("claim-index", ClaimIndex)
    app.add_post_transform(FillClaims)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
