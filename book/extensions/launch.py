"""Ways to open a chapter's notebook: to download it, and on Colab and Binder.

Those two fetch the book from its public repository.
Its address is the one of `[project.urls]` in pyproject.toml; while there is none, they are left out.
"""

import shutil
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx

from book import contents
from book.contents import ROOT, Chapter, chapters

GITHUB = "https://github.com/"


@dataclass(frozen=True)
class Place:
    """Where a chapter can be opened; `note` says what to expect there."""

    name: str
    address: str
    note: str


def places(one: Chapter, repository: str, branch: str) -> list[Place]:
    """Return where a chapter can be opened, the download first."""
    size = round((ROOT / "chapters" / path(one)).stat().st_size / 1000)
    note = f"{one.slug}.ipynb, {size} kB. It runs in the book’s environment, which “make learn” sets up."
    found = [Place("Jupyter", f"notebooks/{path(one)}", note)]
    address = repository.rstrip("/").removesuffix(".git")
    if not address:
        return found
    file, ref = f"chapters/{path(one)}", quote(branch, safe="")
    if address.startswith(GITHUB):
        name = quote(address.removeprefix(GITHUB))
        opened = (
            f"https://colab.research.google.com/github/{name}/blob/{quote(branch)}/{quote(file)}"
        )
        found.append(Place("Colab", opened, "On a machine of Google’s; needs an account there."))
        source = f"gh/{name}/{ref}"
    else:
        source = f"git/{quote(address, safe='')}/{ref}"
    opened = f"https://mybinder.org/v2/{source}?urlpath={quote(f'lab/tree/{file}', safe='')}"
    note = "On a public machine, without an account; takes minutes to start and keeps nothing."
    return [*found, Place("Binder", opened, note)]


def path(one: Chapter) -> str:
    """Return the path of a chapter's notebook, in `chapters/` and in the site's `notebooks/`."""
    return f"{one.folder}/{one.slug}.ipynb"


def written() -> dict[str, Chapter]:
    """Return the chapters that have a notebook, by slug."""
    return {one.slug: one for one in chapters() if one.written}


def offer(app: Sphinx, pagename: str, template: str, context: dict, doctree: object) -> None:
    """Tell the template of a chapter's page, `launch.html`, where the chapter can be opened."""
    if pagename in written():
        known = app.config.repository, app.config.repository_branch
        context["launch"] = places(written()[pagename], *known)


def list_places(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Add to each chapter of the landing page's list where it can be opened."""
    if docname != app.config.root_doc:
        return
    known = app.config.repository, app.config.repository_branch
    for entry in doctree.findall(nodes.definition_list_item):
        for link in entry.findall(nodes.reference):
            one = written().get(str(link.get("refuri", "")).removesuffix(".html"))
            if one:
                entry[-1] += links(one, places(one, *known))
                break


def links(one: Chapter, found: list[Place]) -> nodes.raw:
    """Return a line of links; each says for itself what it opens."""
    line = "".join(
        f'<a href="{escape(place.address)}"{"" if i else " download"}>{place.name}'
        f'<span class="visually-hidden">: chapter {one.number}, {escape(one.title)}</span></a>'
        for i, place in enumerate(found)
    )
    return nodes.raw("", f'<p class="open-in"><span>Open in</span> {line}</p>', format="html")


def copy_notebooks(app: Sphinx, error: Exception | None) -> None:
    """Put the notebooks into the site, where their links expect them."""
    if error or app.builder.format != "html":
        return
    for one in written().values():
        target = Path(app.outdir, "notebooks", path(one))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "chapters" / path(one), target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the hooks; `repository` and `repository_branch` say where the book is public."""
    app.add_config_value("repository", contents.repository(), "html", str)
    app.add_config_value("repository_branch", "main", "html", str)
    app.connect("html-page-context", offer)
    app.connect("doctree-resolved", list_places)
    app.connect("build-finished", copy_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
