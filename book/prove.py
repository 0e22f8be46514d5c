"""`test`: the whole proof, step by step, and what it found; `check`: lint and types only."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from book.contents import ROOT
from book.environment import THREADS, apt_install, say

PYTHON = (sys.executable, "-m")
PYTEST = (*PYTHON, "pytest")
NOTEBOOKS = "solutions/notebooks"
LIGHTHOUSE = "tests/test_lighthouse.py"  # measures, so it runs when nothing else does
# tests/conftest.py says which tests stay together, as the cells of a notebook do, and in what order.
TOGETHER = ("-n", "2", "--dist", "loadscope", "--no-loadscope-reorder", f"--ignore={LIGHTHOUSE}")
MADE = ("_build/jupyter-cache", "_build/doctrees", "_build/site", ".pytest_cache")
# Debian package -> the programs, any of which will do.
PARTS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "bubblewrap": ("bwrap",),
    "postgresql": ("initdb", "pg_ctlcluster"),
}
CLOSING = re.compile(r"^=+ (.*\b(?:passed|failed|error|errors|skipped|no tests ran)\b.*) =+$", re.M)
SKIPPED = re.compile(r"^SKIPPED \[(\d+)\] \S+: (.*)$", re.M)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Outcome:
    """What became of one step: whether it went well, and what a reader of the summary needs."""

    title: str
    fine: bool
    seconds: float
    closing: str = ""
    skipped: dict[str, int] = field(default_factory=dict)


Step = tuple[str, Callable[[], bool] | tuple[str, ...]]

CODE: list[Step] = [
    ("Lint", (*PYTHON, "ruff", "check", ".")),
    ("Format", (*PYTHON, "ruff", "format", "--check", ".")),
    ("Types", (*PYTHON, "mypy")),
]


def check(options: argparse.Namespace) -> int:
    """Run lint and types; return 1 if one of them found something."""
    return summary([run(*step) for step in CODE])


def test(options: argparse.Namespace) -> int:
    """Run everything, whatever fails on the way; return 1 if anything did.

    What takes longest and is about nothing that has changed since it passed here is not run again:
    the notebooks of the site, those solved, the looks at its pages.
    """
    if options.anew:
        for made in MADE:
            shutil.rmtree(ROOT / made, ignore_errors=True)
    steps: list[Step] = [
        ("Environment", environment),
        ("System parts", system_parts),
        *CODE,
        ("Notebooks are what the manuscript weaves", (*PYTHON, "book", "notebooks", "--check")),
        ("Web book, strictly", (*PYTHON, "book", "site")),
        ("Tests and solved notebooks", (*PYTEST, *TOGETHER, "--nbval-lax", "tests", NOTEBOOKS)),
        ("Speed beside torch", (*PYTHON, "autograder.bench", "--gate", "--rounds", "7")),
        ("Lighthouse on every chapter", (*PYTEST, "-s", LIGHTHOUSE)),
    ]
    return summary([run(*step) for step in steps])


def run(title: str, step: Callable[[], bool] | tuple[str, ...]) -> Outcome:
    """Take one step under its heading, showing all that it prints as it comes."""
    say(f"\n── {title} " + "─" * max(0, 76 - len(title)))
    started = time.monotonic()
    fine, printed = (step(), "") if callable(step) else command(step)
    closing = CLOSING.findall(printed)
    skipped: dict[str, int] = {}
    for count, reason in SKIPPED.findall(printed):
        skipped[reason] = skipped.get(reason, 0) + int(count)
    return Outcome(title, fine, time.monotonic() - started, "".join(closing[-1:]), skipped)


def command(words: tuple[str, ...]) -> tuple[bool, str]:
    """Run a program in the project's folder; return whether it went well and what it printed."""
    program = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert program.stdout is not None
    printed = b""
    while some := os.read(program.stdout.fileno(), 65536):
        printed += some
        sys.stdout.buffer.write(some)
        sys.stdout.flush()
    return program.wait() == 0, COLOUR.sub("", printed.decode(errors="replace"))


def environment() -> bool:
    """Show what the proof runs on, and that it is what constraints.txt says."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "torch"))
    say(f"Python {sys.version.split()[0]} in {sys.prefix}, {versions}")
    say(", ".join(f"{name}={os.environ.get(name, 'unset')}" for name in THREADS))
    wrong = differences(ROOT / "constraints.txt")
    for line in wrong:
        say(line)
    return not wrong


def differences(constraints: Path) -> list[str]:
    """Return a sentence for every installed package whose version is not the one written down."""
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", constraints.read_text(), re.M))
    installed = {_plain(one.name): one.version.split("+")[0] for one in metadata.distributions()}
    return [
        f"{name} is {installed[_plain(name)]} here and {version} in constraints.txt."
        for name, version in pinned.items()
        if installed.get(_plain(name), version) != version
    ]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def system_parts() -> bool:
    """Install the programs that some tests need where that is ours to do; else say what lacks."""
    for package, programs in PARTS.items():
        if not _found(programs) and shutil.which("apt-get") and os.geteuid() == 0:
            say(f"{package} is missing; installing it with apt-get ...")
            apt_install(package)
        where = _found(programs)
        lacking = f"missing: tests that need it are skipped (on Debian: apt install {package})"
        say(f"{package}: {where or lacking}")
    return True


def _found(programs: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, programs)), None)


def summary(outcomes: list[Outcome]) -> int:
    """Print what became of every step; return the exit status."""
    say("\n── Summary " + "─" * 69)
    for one in outcomes:
        say(f"{'✓' if one.fine else '✗'} {one.title:<42} {one.seconds:6.1f} s  {one.closing}")
    for one in outcomes:
        for reason, count in one.skipped.items():
            say(f"Not run: {count} of {one.title.lower()}: {reason}")
    failed = [one.title for one in outcomes if not one.fine]
    say(f"Failed: {', '.join(failed)}." if failed else "All of it holds.")
    return int(bool(failed))
