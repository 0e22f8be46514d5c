"""Stylesheets and their fonts, copied out of `node_modules`, so that no page asks another server.

Of each font only the WOFF2 file is copied; every browser that can show the site reads it.
"""

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

from book.extensions.npm import MODULES

STYLESHEETS = (
    "katex/dist/katex.min.css",
    "@fontsource-variable/source-serif-4/wght.css",
    "@fontsource-variable/source-serif-4/wght-italic.css",
)
FONT = re.compile(r"url\(([^)]+\.woff2)\)")
OLD_FORMAT = re.compile(r",url\([^)]+\.(woff|ttf)\) format\([^)]+\)")


def target(stylesheet: str) -> Path:
    """Return where a stylesheet goes, under `_static`."""
    path = Path(stylesheet)
    return Path("vendor", path.parts[-3] if "dist" in path.parts else path.parts[-2], path.name)


def copy(app: Sphinx, error: Exception | None) -> None:
    """Copy the stylesheets and the fonts that they name."""
    if error or app.builder.format != "html":
        return
    for stylesheet in STYLESHEETS:
        source, place = MODULES / stylesheet, Path(app.outdir, "_static", target(stylesheet))
        text = OLD_FORMAT.sub("", source.read_text())
        for font in FONT.findall(text):
            (place.parent / font).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.parent / font, place.parent / font)
        place.write_text(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Link the stylesheets from every page and copy them at the end."""
    for stylesheet in STYLESHEETS:
        app.add_css_file(target(stylesheet).as_posix())
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
