"""Exact versions: constraints.txt, the one place that holds them, and environment.yml for conda."""

import argparse
import re
import subprocess
import tomllib
from pathlib import Path

from book.contents import ROOT
from book.environment import Environment, Trouble, say

HEAD = """\
# Exact versions of everything the book runs on; no other file holds them.
# Renewed by `python -m book constraints`.
"""


def renew(options: argparse.Namespace) -> None:
    """Install the newest versions that pyproject.toml allows, beside .venv, and note them."""
    fresh = Environment(str(ROOT / "_build" / "newest"), constrained=False)
    fresh.prepare("dev,lite")
    listed = subprocess.run(
        [fresh.python, "-m", "pip", "freeze", "--exclude-editable"], capture_output=True, text=True
    )
    if listed.returncode:
        raise Trouble(f"pip could not list what it installed: {listed.stderr.strip()}")
    (ROOT / "constraints.txt").write_text(constraints(listed.stdout), encoding="utf-8")
    (ROOT / "environment.yml").write_text(conda(ROOT / "pyproject.toml"), encoding="utf-8")
    say("Wrote constraints.txt and environment.yml. `git diff` shows what changed; `make test` it.")


def constraints(frozen: str) -> str:
    """Return constraints.txt from what `pip freeze` prints; a build's own mark (+cpu) goes."""
    pinned = [line.split("+")[0] for line in frozen.splitlines() if "==" in line]
    return HEAD + "\n".join(pinned) + "\n"


def conda(pyproject: Path) -> str:
    """Return environment.yml: Python by conda, all else by pip from the two files pip reads too."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    oldest = re.search(r"3\.\d+", project["requires-python"])
    assert oldest is not None
    return f"""\
# Derived from pyproject.toml by book/versions.py; a test compares the two.
#   conda env create -f environment.yml && conda activate {project["name"]}
name: {project["name"]}
channels:
  - conda-forge
dependencies:
  - python={oldest[0]}
  - pip
  - pip:
      - --constraint constraints.txt
      - --editable .[dev]
"""
