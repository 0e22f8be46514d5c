"""The chapters, in order, from the one list that holds them."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BOOK = Path(__file__).parent
ROOT = BOOK.parent
PDF = ROOT / "_build" / "neural-networks-derived.pdf"


@dataclass(frozen=True)
class Chapter:
    number: int
    slug: str
    title: str
    needs: tuple[str, ...]

    @property
    def manuscript(self) -> Path:
        return BOOK / f"{self.slug}.md"

    @property
    def written(self) -> bool:
        return self.manuscript.is_file()

    @property
    def folder(self) -> str:
        """The chapter's folder among the generated notebooks: learners see the order."""
        return f"{self.number:02d}_{self.slug}"


@cache
def chapters() -> tuple[Chapter, ...]:
    listed = tomllib.loads((BOOK / "contents.toml").read_text(encoding="utf-8"))["chapter"]
    return tuple(
        Chapter(number, one["slug"], one["title"], tuple(one["needs"]))
        for number, one in enumerate(listed)
    )


def chapter(slug: str) -> Chapter:
    """The chapter of this slug; LookupError if the table of contents has none."""
    for one in chapters():
        if one.slug == slug:
            return one
    raise LookupError(f"book/contents.toml lists no chapter called {slug!r}")


def repository() -> str:
    """Return the address of the book's public repository, or "" while it has none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project.get("urls", {}).get("Repository", ""))
