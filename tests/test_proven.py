"""What passed is not run again until something that it is about has changed."""

import subprocess
import sys
from pathlib import Path

import nbformat
import proven
from nbformat.v4 import new_code_cell, new_notebook

CONFTEST = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(proven.TESTS)!r})
import proven, pytest
proven.of_notebook = lambda path: [path]
proven.ROOT = Path(__file__).parent
proven.ALWAYS = ()

def pytest_configure(config):
    config.pluginmanager.register(proven.Proven(config.cache), "proven")

@pytest.fixture
def unless_proven(request):
    remembered = request.config.pluginmanager.get_plugin("proven")
    return lambda *about: remembered.unless_proven(request.node, *about)
"""
TEST = """
from pathlib import Path

def test_it(unless_proven):
    unless_proven([Path(__file__).with_name("page.html")], "Chromium 1")
    assert "fine" in Path(__file__).with_name("page.html").read_text()
"""


def write(folder: Path, page: str, cell: str) -> None:
    """Write what the test and the solved notebook are about."""
    (folder / "page.html").write_text(page)
    cells = [new_code_cell("a = 1", id="one"), new_code_cell(cell, id="two")]
    nbformat.write(new_notebook(cells=cells), folder / "solved.ipynb")


def run(folder: Path, *words: str) -> str:
    """Return what pytest says in its last line."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", *words]
    done = subprocess.run(
        [*command, "test_page.py", "solved.ipynb"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.splitlines()[-1].split(" in ")[0]


def test_what_passed_is_run_again_when_it_changed(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_page.py").write_text(TEST)
    write(tmp_path, "fine", "assert a == 1")
    assert run(tmp_path) == "3 passed"
    write(tmp_path, "broken", "assert a == 2")
    assert run(tmp_path) == "2 failed, 1 passed"
    assert run(tmp_path) == "2 failed, 1 passed", "a cell needs those before it, though they passed"
    write(tmp_path, "fine", "assert a == 1")
    assert run(tmp_path) == "3 passed", "what failed last has to pass again"
    assert run(tmp_path, "-n", "2", "--dist", "loadfile") == "3 skipped"
    assert run(tmp_path, "--cache-clear") == "3 passed"
