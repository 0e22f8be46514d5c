"""Last touches on the output: what slows a page goes, and what misleads a reader is mended."""

import re
import shutil
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from book.extensions.saved_state import move_out

# Under `_static`: 5 MB that no page asks for.
UNUSED = ("**/*.map", "scripts/fontawesome.js*", "locales", "vendor/fontawesome/*/*.ttf")

MENDED = {
    # The theme draws its icons with a web font; this script is for icons that it does not have.
    r'\s*<script defer src="[^"]*fontawesome\.js[^"]*"></script>': "",
    # MyST-NB names every fold alike, whatever its text says.
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    # docutils gives entries of a bibliography a role that ARIA has since withdrawn.
    r' role="doc-biblioentry"': ' role="listitem"',
    # A script that may come after the text does; the options are what the inline ones set.
    r'<script (?!defer)([^>]*src="(?!_static/documentation_options)[^>]*)>': r"<script defer \1>",
}
# The theme has every page load this for a search while one types, which is switched off.
SEARCH = r'\s*<script [^>]*src="(_static/searchtools|_static/language_data|searchindex)\.js"[^>]*>'
# The theme measures every box of a page at once, again after every change; page.js does it better.
MEASURED = r'document\.querySelectorAll\(\["pre"[^\]]*\]\.join\(", "\)\)'


def describe(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give a page its first sentences as the description that search engines show."""
    paragraph = next(doctree.findall(nodes.paragraph), None) if doctree else None
    text = " ".join(paragraph.astext().split()) if paragraph else f"Search {app.config.project}."
    if len(text) > 160:
        text = text[:160].rsplit(" ", 1)[0] + " …"
    described = f'<meta name="description" content="{escape(text)}" />\n'
    context["metatags"] = context.get("metatags", "") + described


def mend(text: str, searches: bool) -> str:
    """Return a page mended."""
    if not searches:
        text = re.sub(SEARCH + "</script>", "", text)
    for pattern, replacement in MENDED.items():
        text = re.sub(pattern, replacement, text)
    return text


def sized(text: str, folder: Path) -> str:
    """Give each drawn picture its size, in pixels, so that no line moves when it arrives."""

    def with_size(found: re.Match[str]) -> str:
        head = (folder / found[1]).read_text(encoding="utf-8")[:2000]
        sides = re.findall(r'\b(width|height)="([\d.]+)pt"', head)
        return found[0] + "".join(
            f' {side}="{float(points) * 4 / 3:.0f}"' for side, points in sides
        )

    return re.sub(r'<img(?![^>]* width=)[^>]* src="(_images/[^"]+\.svg)"', with_size, text)


def finish(app: Sphinx, error: Exception | None) -> None:
    """Mend the pages and remove unused files."""
    if error or app.builder.format != "html":
        return
    for page in Path(app.outdir).glob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = sized(mend(text, searches=page.stem == "search"), Path(app.outdir))
        text = move_out(text, Path(app.outdir, "_figures", f"{page.stem}.js"))
        page.write_text(text, encoding="utf-8")
    theme = Path(app.outdir, "_static", "scripts", "pydata-sphinx-theme.js")
    theme.write_text(re.sub(MEASURED, "[]", theme.read_text("utf-8")), encoding="utf-8")
    for pattern in UNUSED:
        for found in list(Path(app.outdir, "_static").glob(pattern)):
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Do it after all other extensions."""
    app.connect("html-page-context", describe)
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
