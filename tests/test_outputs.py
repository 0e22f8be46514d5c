"""A page's outputs are made again when, and only when, something they depend on has changed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from book import outputs
from book.contents import ROOT, chapters

WRITTEN = [one for one in chapters() if one.written]
LOADED = """
import json, sys
for line in json.loads(sys.argv[1]):
    exec(line)
files = [module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", 0)]
print(json.dumps(files))
"""


def imports(text: str) -> list[str]:
    """The whole import statements of a chapter that name the project's own modules."""
    return [line for line in outputs.IMPORT.findall(text) if not line.rstrip().endswith("(")]


@pytest.mark.parametrize("slug", ["training", "attention", "start"])
def test_whatever_a_chapter_loads_is_among_its_sources(slug: str) -> None:
    text = (ROOT / "book" / f"{slug}.md").read_text(encoding="utf-8")
    words = [sys.executable, "-c", LOADED, json.dumps([line.strip() for line in imports(text)])]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {Path(file) for file in json.loads(done.stdout)}
    ours = {file for name in outputs.OURS for file in loaded if file.is_relative_to(ROOT / name)}
    assert ours, "the chapter loads nothing of ours: this test would prove nothing"
    assert ours <= set(outputs.sources(slug, text))


def test_a_chapter_does_not_wait_for_what_it_does_not_use() -> None:
    text = (ROOT / "book/neurons.md").read_text(encoding="utf-8")
    names = {str(file.relative_to(ROOT)) for file in outputs.sources("neurons", text)}
    assert {"solutions/neurons.py", "autograder/exercises/neurons.py"} <= names
    assert {"book/figures/neurons.py", "book/figures/js/shared.js"} <= names
    assert not names & {"solutions/attention.py", "book/learn.py", "book/figures/js/token_walk.js"}
    assert not [name for name in names if name.startswith("autograder/grading/")]


def test_every_figure_of_a_chapter_brings_its_script() -> None:
    for one in WRITTEN:
        text = one.manuscript.read_text(encoding="utf-8")
        scripts = {file.stem for file in outputs.sources(one.slug, text) if file.suffix == ".js"}
        found = ROOT / "book" / "figures" / f"{one.slug}.py"
        code = found.read_text(encoding="utf-8") if found.exists() else ""
        for script in (ROOT / "book/figures/js").glob("*.js"):
            if f"class {script.stem.title().replace('_', '')}(Figure)" in code:
                assert script.stem in scripts, f"{one.slug} shows {script.stem}"


def test_an_edited_source_gives_another_stamp(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "---\nkernelspec: {name: python3}\n---\n# Start\n"
    source = tmp_path / "source.py"
    source.write_text("a = 1\n")
    monkeypatch.setattr(outputs, "sources", lambda slug, text: [source])
    before = outputs.stamped("start", text)
    assert outputs.stamped("start", text) == before
    source.write_text("a = 2\n")
    assert outputs.stamped("start", text) != before


def test_what_fails_is_not_kept_and_what_works_runs_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    pages = {
        "works": f"print(1, file=open({str(runs)!r}, 'a'))",
        "fails": f"print(2, file=open({str(runs)!r}, 'a')); 1 / 0",
    }

    def notebooks() -> list[tuple[Path, NotebookNode]]:
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        return [
            (tmp_path / name, new_notebook(cells=[new_code_cell(code)], metadata=kernel))
            for name, code in pages.items()
        ]

    monkeypatch.setattr(outputs, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(outputs, "_pages", notebooks)
    outputs.refresh()
    outputs.refresh()
    assert sorted(runs.read_text().split()) == ["1", "2", "2"]
