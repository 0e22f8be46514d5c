"""axe-core, which looks for what keeps people from reading a page."""

from playwright.sync_api import Page

from book.extensions.npm import MODULES

SCRIPT = MODULES / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]  # all that can differ between the two themes
# Only violations are described in full; describing what passed takes longer than looking.
LOOK = """([type, values]) =>
  axe.run(document, { runOnly: { type, values }, resultTypes: ["violations"] })"""


def violations(page: Page, colours_only: bool = False) -> list[str]:
    """Return what a page gets wrong, by every rule or by those about colours."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    found = page.evaluate(LOOK, ["rule", COLOURS] if colours_only else ["tag", RULES])
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


# One of each kind in each kind of place; removed and not joined, as many short texts take long too.
THIN = """() => {
  for (const drawn of document.querySelectorAll(".katex-html:not(:has([style*=color]))"))
    drawn.textContent = "formula";  // the colours of a single character are not judged
  for (const said of document.querySelectorAll("math > semantics > mrow")) said.replaceChildren();
  const seen = new Set();
  for (const token of document.querySelectorAll(".highlight pre span[class]")) {
    const place = token.closest(".cell_input, .cell_output, .admonition, details, article");
    const kind = `${token.className} in ${place?.className}`;
    if (seen.has(kind)) token.remove();
    seen.add(kind);
  }
}"""


def thin(page: Page) -> None:
    """Leave out what is there thousands of times and looks the same: most of a chapter's elements.

    Of a formula one word stays, and the frame of its MathML; of code one word of each colour.
    """
    page.evaluate(THIN)


def dress(page: Page, scheme: str) -> None:
    """Turn an open page light or dark, as the reader's system would; its figures follow."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(
        """scheme => [...document.querySelectorAll("html[data-theme], .nnd[data-scheme]")]
          .every(node => (node.dataset.theme ?? node.dataset.scheme) === scheme)""",
        arg=scheme,
    )
