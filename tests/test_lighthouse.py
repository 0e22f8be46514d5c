"""Lighthouse on every chapter: fast, accessible, well made, found; a table of what it measured.

Its throttling is simulated, so a slow network is computed and not waited for.
The processor's part is measured, and a busy machine measures too much of it.
So a page below the mark is looked at twice more, and the median counts.
A page that had its marks is looked at again when it or what it loads has changed, or with `--cache-clear`.
"""

import json
import socket
import statistics
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import chromium
import proven
import pytest

from book.contents import chapters
from book.extensions.npm import run_node

SLUGS = ["index", *(chapter.slug for chapter in chapters() if chapter.written)]
MARKS = {"desktop": 95, "mobile": 80}
Found = dict[str, Any]


@pytest.fixture(scope="module")
def debugging_port(built_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start a Chromium that Lighthouse can drive, once for all pages."""
    program = chromium.program()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = [
        f"--remote-debugging-port={port}",
        f"--user-data-dir={tmp_path_factory.mktemp('user')}",
    ]
    with subprocess.Popen(
        [program, "--headless", *chromium.FLAGS, *where, "about:blank"],
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr
        assert any("DevTools listening" in line for line in running.stderr)
        yield port
        running.terminate()


def ask(port: int, form: str, addresses: Iterable[str]) -> list[Found]:
    """Return what Lighthouse found on these pages."""
    script = str(Path(__file__).with_name("lighthouse.mjs"))
    said = run_node([script, str(port), form, *addresses], "")
    return [json.loads(line) for line in said.splitlines()]


def below(found: Found) -> bool:
    return min(found["scores"].values()) < MARKS[found["form"]]


def median(looks: list[Found]) -> Found:
    """The last look, with the median of the scores of all."""
    scores = [look["scores"] for look in looks]
    middle = {name: statistics.median(one[name] for one in scores) for name in scores[0]}
    return looks[-1] | {"scores": middle, "looks": [one["performance"] for one in scores]}


@pytest.mark.parametrize("form", MARKS)
def test_every_chapter_has_its_marks(
    form: str, site_url: str, debugging_port: int, request: pytest.FixtureRequest
) -> None:
    key = f"book/lighthouse-{form}"
    kept = request.config.cache.get(key, [])
    before = {found["about"]: found for found in kept if not below(found)}
    about = {
        slug: proven.digest([Path(__file__), *proven.of_page(slug)], chromium.version())
        for slug in SLUGS
    }
    table = [before[about[slug]] for slug in SLUGS if about[slug] in before]
    print(f"{form}: {len(table)} of {len(SLUGS)} pages are as they were when they had their marks")
    changed = [f"{site_url}{slug}.html" for slug in SLUGS if about[slug] not in before]
    for found in ask(debugging_port, form, changed):
        if below(found):
            again = ask(debugging_port, form, [f"{site_url}{found['page']}.html"] * 2)
            found = median([found, *again])
        print(form, found["page"], found["scores"], f"{found['kilobytes']} kB", flush=True)
        table.append(found | {"about": about[found["page"]]})
    table.sort(key=lambda found: SLUGS.index(found["page"]))
    request.config.cache.set(key, table)
    assert not [found for found in table if below(found)]
