"""The commands that instructors and contributors are told of, run whole, as they would type them.

The rest are run elsewhere: `make learn` in test_learn, `make course` and `make formgrader` in
test_course, `make pdf` in test_pdf, the instructor's own in test_teaching; `make check`, `make site`
and `make notebooks` are steps of the proof.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from autograder.grading import filters
from book.contents import ROOT
from precision import ledger


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder, and let it fail by itself."""
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_make_bench_shows_the_ratio_to_torch() -> None:
    if not shutil.which("make"):
        pytest.skip("no make on the PATH")
    done = run("make", "bench", f"PYTHON={sys.executable}", "ARGS=relu --rounds 2")
    assert done.returncode == 0, done.stderr
    assert re.search(r"relu\b.*\d\.\d\d", done.stdout)


def test_the_ledger_of_precision_is_measured_anew(tmp_path: Path) -> None:
    """`make gpu` does the same for all exercises, some minutes long."""
    path = tmp_path / "ledger.json"
    shutil.copy(ledger.FILE, path)
    done = run(sys.executable, "-m", "precision", "softmax", "--file", str(path))
    assert done.returncode == 0, done.stderr
    renewed = json.loads(path.read_text())
    assert renewed["rows"].keys() == ledger.load()["rows"].keys()
    assert renewed["rows"]["softmax"]["measured"]["NumPy float64"]["error"] < 1e-14


def test_a_bare_machine_with_a_gpu_can_prove_the_ledger() -> None:
    """Without the fixtures and plugins of the book's other tests."""
    bare = ["pytest", "--noconftest", "tests/test_precision.py"]
    done = run(sys.executable, "-m", *bare, "-q", "-k", "formats or rounded or invented")
    assert done.returncode == 0 and re.search(r"[1-9]\d* passed", done.stdout), done.stdout


def test_the_sandboxs_filters_are_compiled_anew() -> None:
    pytest.importorskip("pyseccomp", reason="libseccomp is not installed", exc_type=Exception)
    committed = {machine: filters.path(machine).read_bytes() for machine in filters.MACHINES}
    done = run(sys.executable, "-m", "autograder.grading.filters")
    assert done.returncode == 0, done.stderr
    for machine, before in committed.items():
        assert f"{filters.path(machine).name}: {len(before)} bytes" in done.stdout
        assert filters.path(machine).read_bytes() == before


# All of the command but the building, which would change pages that other tests are reading.
SERVE = """import runpy, sys
from book import site
site.build = int
sys.argv[1:] = ["serve", "--port", "0", "--no-browser"]
runpy.run_module("book", run_name="__main__")"""


def test_make_serve_shows_the_book_until_it_is_stopped(built_site: Path) -> None:
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    server = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, **piped)
    try:
        assert server.stdout is not None
        address = next(filter(None, (re.search(r"http:\S+/", line) for line in server.stdout)))[0]
        with urllib.request.urlopen(f"{address}neurons.html") as answer:
            assert answer.read() == (built_site / "neurons.html").read_bytes()
    finally:
        server.send_signal(signal.SIGINT)
    _, said = server.communicate(timeout=30)
    assert server.returncode == 1 and said.startswith("\nStopped. Nothing is lost")
