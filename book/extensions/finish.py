"""Last touches on the output: what no page uses goes, and what misleads a screen reader is mended."""

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

# Under `_static`: 5 MB that no page asks for.
UNUSED = ("**/*.map", "scripts/fontawesome.js*", "locales", "vendor/fontawesome/*/*.ttf")

MENDED = {
    # The theme draws its icons with a web font; this script is for icons that it does not have.
    r'\s*<script defer src="[^"]*fontawesome\.js[^"]*"></script>': "",
    # MyST-NB names every fold alike, whatever its text says.
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    # docutils gives entries of a bibliography a role that ARIA has since withdrawn.
    r' role="doc-biblioentry"': ' role="listitem"',
}


def finish(app: Sphinx, error: Exception | None) -> None:
    """Mend the pages and remove unused files."""
    if error or app.builder.format != "html":
        return
    for page in Path(app.outdir).glob("*.html"):
        text = page.read_text(encoding="utf-8")
        for pattern, replacement in MENDED.items():
            text = re.sub(pattern, replacement, text)
        page.write_text(text, encoding="utf-8")
    for pattern in UNUSED:
        for found in list(Path(app.outdir, "_static").glob(pattern)):
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Do it after all other extensions."""
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
