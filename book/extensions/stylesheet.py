"""One stylesheet for all pages, of the rules that some page can use, and a font of its icons.

The theme's stylesheets are for every site there could be: a page here needs a third of them, and
fourteen of its thousand icons.  A browser shows nothing before it has read them all.
"""

import hashlib
import json
import re
from pathlib import Path
from posixpath import normpath

from fontTools.subset import main as subset
from sphinx.application import Sphinx

from book.extensions.npm import ROOT, run_node

LINK = re.compile(r'\s*<link (?=[^>]*rel="stylesheet")[^>]*href="_static/([^"?]*)[^"]*"[^>]*>')
PRELOAD = re.compile(r"\s*<script data-fonts>.*?</script>")
TAG = re.compile(r"<[a-z][^>]*>")
ADDRESS = re.compile(r"url\(([\"']?)(?!data:|https?:|#)([^)\"']+)\1\)")
WORD = re.compile(r"[\w-]+")
PURGE = Path(__file__).with_name("purge.mjs")
ONE = "one.css"
# The fonts of a page's first lines come with the stylesheet, so that no line moves afterwards.
# A page opened as a file may not fetch a font ahead: the browser would call that an error.
FETCH_AHEAD = (
    '<script data-fonts>if (location.protocol !== "file:") for (const href of {})'
    ' document.head.append(Object.assign(document.createElement("link"),'
    ' {{ rel: "preload", as: "font", crossOrigin: "", href }}));</script>'
)
TEXT_FONT = "vendor/source-serif-4/files/source-serif-4-latin-wght-normal.woff2"
MATH_FONTS = [
    f"vendor/katex/fonts/KaTeX_{style}.woff2" for style in ("Main-Regular", "Math-Italic")
]
ICONS = "vendor/fontawesome/webfonts/fa-solid-900.woff2"


def join(app: Sphinx, error: Exception | None) -> None:
    """Link one stylesheet from every page instead of many, and remove those."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    pages = {page: page.read_text(encoding="utf-8") for page in Path(app.outdir).glob("*.html")}
    # A page that did not change since the last build has the one stylesheet already; the search
    # is written each time and names them all.
    links = next(found for text in pages.values() if (found := LINK.findall(text)) != [ONE])
    tags = {tag for text in pages.values() for tag in TAG.findall(text)}
    words = sorted({word for tag in tags for word in WORD.findall(tag)})
    text = purged("\n".join(moved(static, link) for link in links), words, static)
    icons(text, static)
    (static / ONE).write_text(text, encoding="utf-8")
    version = hashlib.sha256(text.encode()).hexdigest()[:8]
    for page, before in pages.items():
        fonts = [TEXT_FONT, *(MATH_FONTS if 'class="katex"' in before else ())]
        lines = [
            FETCH_AHEAD.format(json.dumps([f"_static/{font}" for font in fonts])),
            f'<link rel="stylesheet" href="_static/{ONE}?v={version}" />',
        ]
        after = PRELOAD.sub("", before)
        first = LINK.search(after)
        assert first, page
        rest = LINK.sub("", after[first.end() :])
        page.write_text("\n    ".join([after[: first.start()], *lines]) + rest, encoding="utf-8")
    for name in {*links} - {ONE}:
        (static / name).unlink()


def moved(static: Path, name: str) -> str:
    """Return a stylesheet and what it imports, with addresses that are right for the one."""

    def below(address: str) -> str:
        return normpath(f"{Path(name).parent.as_posix()}/{address}")

    text = (static / name).read_text(encoding="utf-8")
    text = ADDRESS.sub(lambda found: f"url({below(found[2])})", text)
    return re.sub(r'@import "([^"]+)";?', lambda found: moved(static, below(found[1])), text)


def purged(text: str, words: list[str], static: Path) -> str:
    """Return the stylesheet without rules for what stands in no page and in no script."""
    scripts = [file.read_text(encoding="utf-8") for file in sorted(static.rglob("*.js"))]
    given = {"css": text, "pages": " ".join(words), "scripts": "\n".join(scripts)}
    return run_node([str(PURGE.relative_to(ROOT))], json.dumps(given))


def icons(text: str, static: Path) -> None:
    """Keep of the icons' font those that the stylesheet names."""
    used = ",".join(sorted(set(re.findall(r'"\\(f[0-9a-f]{3})"', text))))
    subset(
        [
            str(static / ICONS),
            f"--unicodes={used}",
            "--flavor=woff2",
            f"--output-file={static / ICONS}",
        ]
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Do it before the last touches, when all stylesheets are in their places."""
    app.connect("build-finished", join, priority=890)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
