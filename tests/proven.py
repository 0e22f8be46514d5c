"""A slow test that passed is not run again while nothing that it is about has changed.

pytest's cache holds a digest of all of that for each such test; `--cache-clear` forgets it.
"""

import hashlib
import platform
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from book.contents import BOOK, ROOT

TESTS = ROOT / "tests"
KEY = "book/proven"
UNCHANGED = "nothing has changed since it passed; `make test ARGS=--anew` runs it all the same"
# What any of these tests is about: all packages, and how it is found that one need not run.
ALWAYS = (ROOT / "constraints.txt", ROOT / "package-lock.json", Path(__file__))
# What looks at a page.
LOOKS = ("axe.py", "chromium.py", "conftest.py", "figure_pages.py", "lighthouse.mjs")


@cache
def _of_one(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


def digest(files: Iterable[Path], *words: str) -> str:
    """Return what changes when one of the files does, or what they are run by."""
    whole = hashlib.sha256("\n".join([platform.python_version(), *words]).encode())
    for file in sorted({*ALWAYS, *files}):
        whole.update(str(file.relative_to(ROOT)).encode() + _of_one(file))
    return whole.hexdigest()


def of_page(page: str) -> list[Path]:
    """A page of the built site, all that it may load, and what the tests of pages share."""
    from book import site

    looks = [TESTS / name for name in LOOKS]
    shared = [file for file in site.SITE.glob("_*/**/*") if file.is_file()]
    return [
        site.SITE / f"{page}.html",
        *looks,
        *(file for file in shared if "_sources" not in file.parts),
    ]


def of_notebook(path: Path) -> list[Path]:
    """A solved notebook, and the code that it imports."""
    from book import outputs

    manuscript = BOOK / f"{path.stem}.md"
    return [path, *outputs.sources(path.stem, manuscript.read_text(encoding="utf-8"))]


class Proven:
    """The plugin: knows what was proven, notes what is."""

    def __init__(self, cache: pytest.Cache) -> None:
        self.cache = cache
        self.before: dict[str, str] = cache.get(KEY, {})
        self.now: dict[str, str | None] = {}

    def unless_proven(self, item: pytest.Item, files: Iterable[Path], *words: str) -> None:
        """Skip the rest of a test if it is proven; else note what it is about."""
        about = digest(files, *words)
        item.user_properties.append(("about", about))
        if self.before.get(item.nodeid) == about:
            pytest.skip(UNCHANGED)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Skip solved notebooks as a whole: a cell needs those before it."""
        cells = defaultdict(list)
        for item in items:
            if item.path.suffix == ".ipynb":
                cells[item.path].append(item)
        for path, parts in cells.items():
            about = digest(of_notebook(path))
            holds = all(self.before.get(part.nodeid) == about for part in parts)
            for part in parts:
                part.user_properties.append(("about", about))
                if holds:
                    part.add_marker(pytest.mark.skip(reason=UNCHANGED))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what passed; forget what did not."""
        if report.failed:
            self.now[report.nodeid] = None
        elif report.passed and report.when == "call":
            self.now[report.nodeid] = dict(report.user_properties).get("about")  # type: ignore[arg-type]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep it, in the process that all reports come to."""
        if not hasattr(session.config, "workerinput"):
            known = {**self.cache.get(KEY, {}), **self.now}
            self.cache.set(KEY, {test: about for test, about in known.items() if about})
