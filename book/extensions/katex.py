"""Mathematics typeset while the site is built: HTML and MathML stand in the page, no script does.

A formula that KaTeX refuses is a warning with its line, so a strict build fails on it.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from book.extensions.npm import run_node

SCRIPT = Path(__file__).with_suffix(".mjs")
log = logging.getLogger(__name__)


def typeset(app: Sphinx, doctree: nodes.document) -> None:
    """Give every formula of a page its HTML, in one run of node."""
    formulas = [
        node for node in doctree.findall() if isinstance(node, nodes.math | nodes.math_block)
    ]
    if not formulas:
        return
    asked = [
        {"tex": node.astext(), "display": isinstance(node, nodes.math_block)} for node in formulas
    ]
    answers = json.loads(run_node([str(SCRIPT)], json.dumps(asked)))
    for node, answer in zip(formulas, answers, strict=True):
        if "error" in answer:
            log.warning("%s in %r", answer["error"], node.astext(), location=node, type="katex")
        node["html"] = answer.get("html", "")


def visit_inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula that stands in a line of text."""
    writer.body.append(writer.starttag(node, "span", "", CLASS="math notranslate"))
    writer.body.append(node["html"] + "</span>")
    raise nodes.SkipNode


def visit_block(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula, with its number and a link to itself if it has a label."""
    writer.body.append(writer.starttag(node, "div", CLASS="math notranslate"))
    writer.body.append(node["html"])
    if node["number"]:
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer with Sphinx."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    # Before Sphinx's own collectors (priority 500), which copy formulas out of titles.
    app.connect("doctree-read", typeset, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
