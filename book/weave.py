"""Weave a chapter's manuscript and its reference code into notebooks and a web page.

In book/<slug>.md an exercise is a cell tagged `exercise` that holds one import,
`from solutions.<slug> import <name>`.  So the text runs as it stands, and that cell is where the
stub, the answer and the check go.  Conversion is one way: manuscript to notebook, never back.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.preprocessors import ClearSolutions

from autograder import exercises
from autograder.exercise import Exercise
from autograder.grading.release import CONFIG, release
from autograder.notebook import answer_source
from book import plain
from book.contents import ROOT, Chapter, chapter, chapters, repository

__all__ = ["chapter", "chapters", "notebook", "page", "release", "write"]

EXERCISE = re.compile(r"from solutions\.(\w+) import (\w+)")
EXERCISE_CELL = re.compile(r"```\{code-cell\}\n:tags: \[exercise\]\n" + EXERCISE.pattern + r"\n```")

GUARD = """\
try:
    import autograder, torch
except ModuleNotFoundError as missing:
    advice = "is not in this kernel, so it is not the book's: run `make learn` in the book's folder"
    safe = "and open this notebook there. Your answers are safe in the notebook."
    raise ModuleNotFoundError(f"{missing.name} {advice} {safe}") from None
"""

# Colab has everything else that the chapters import, torch above all, and keeps its own versions.
COLAB = """\
import sys

if "google.colab" in sys.modules:  # a machine of Google's: fetch the book, and what draws its figures
    import os
    import subprocess

    from google.colab import output

    folder = os.path.abspath("neural-networks-derived")
    if not os.path.isdir(folder):
        subprocess.run(["git", "clone", "--quiet", "--depth=1", "{address}", folder], check=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "anywidget"], check=True)
    sys.path.insert(0, folder)
    output.enable_custom_widget_manager()
"""

ANSWER_FOLD = """\
---
tags: [hide-input, answer]
mystnb:
  code_prompt_show: Show the answer
  code_prompt_hide: Hide the answer
---"""

CHECK = """\
check({name})
### BEGIN HIDDEN TESTS
from autograder import grade

grade({name})
### END HIDDEN TESTS"""


# -- notebooks ---------------------------------------------------------------------------------


def notebook(one: Chapter, address: str | None = None) -> NotebookNode:
    """The solved notebook of a chapter, which is nbgrader's source.

    While the book has no public address, its notebooks do not offer to fetch it.
    """
    address = repository() if address is None else address
    manuscript = jupytext.reads(one.manuscript.read_text(encoding="utf-8"), fmt="md:myst")
    cells = [new for cell in manuscript.cells for new in _woven(cell, one, address)]
    for name, cell in zip(_ids(cells), cells, strict=True):
        cell["id"] = name  # else every run would draw new ones
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata = {
        "generated": f"from book/{one.slug}.md by book/weave.py; edit that file, not this one",
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return made


def _woven(cell: NotebookNode, one: Chapter, address: str) -> list[NotebookNode]:
    """What becomes of one cell of the manuscript."""
    tags = cell.metadata.get("tags", [])
    if cell.cell_type == "markdown":
        text = plain.markdown(cell.source, one)
        return [new_markdown_cell(text)] if text else []
    if "exercise" in tags:
        return _exercise_cells(_declared(cell.source))
    if "setup" in tags:
        fetch = [new_code_cell(COLAB.format(address=address).rstrip())] if address else []
        return [*fetch, new_code_cell(GUARD + "\n" + cell.source)]
    kept = [tag for tag in tags if tag in ("hide-input", "hide-output", "raises-exception")]
    return [new_code_cell(cell.source, metadata={"tags": kept} if kept else {})]


def _exercise_cells(exercise: Exercise) -> list[NotebookNode]:
    name = exercise.name
    heading = f"### Exercise: `{name}`\n\n{_worth(exercise)} Write the body, run the cell, then run the check. "
    heading += f"Stuck? `hint({name})` helps in {len(exercise.stages)} stages, `solution({name})` shows the answer."
    answer = _source(exercise)
    return [
        new_markdown_cell(heading),
        new_code_cell(answer, metadata=_nbgrader(name, solution=True, locked=False)),
        new_code_cell(
            CHECK.format(name=name),
            metadata=_nbgrader(f"check-{name}", grade=True, points=exercise.points),
        ),
    ]


def _nbgrader(grade_id: str, **kind: bool | int) -> dict:
    grade_id = grade_id.replace("_", "-")
    kept = {"grade": False, "solution": False, "locked": True, "task": False, "schema_version": 3}
    return {"nbgrader": {"grade_id": grade_id} | kept | kind}


def _declared(source: str) -> Exercise:
    """The exercise that a cell tagged `exercise` names."""
    found = EXERCISE.fullmatch(source.strip())
    if not found:
        raise ValueError(f"an exercise cell holds one import and nothing else, not:\n{source}")
    slug, name = found.groups()
    if name not in exercises.of(slug):
        raise LookupError(f"autograder/exercises/{slug}.py declares no exercise {name!r}")
    return exercises.of(slug)[name]


def _source(exercise: Exercise) -> str:
    return inspect.getsource(exercise.reference).rstrip()


def _worth(exercise: Exercise) -> str:
    return f"{exercise.points} point{'s' if exercise.points != 1 else ''}."


def _ids(cells: list[NotebookNode]) -> Iterator[str]:
    """Ids that stay when other sections change: the section's title and a count within it."""
    section, counts = "top", dict[str, int]()
    for cell in cells:
        heading = re.match(r"#+ (.+)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            section = (
                re.sub(r"[^a-z0-9]+", "-", heading[1].lower()).strip("-")[:48].strip("-")
                or "section"
            )
        counts[section] = counts.get(section, 0) + 1
        yield f"{section}-{counts[section]}"


# -- the page ----------------------------------------------------------------------------------


def page(slug: str, text: str) -> str:
    """A chapter's manuscript for the site: stubs shown, answers and mistakes folded."""
    listed = {one.slug: one for one in chapters()}
    if slug not in listed:
        return text
    text = re.sub(r"^# (.+)$", rf"# {listed[slug].number} · \1", text, count=1, flags=re.M)
    return EXERCISE_CELL.sub(lambda found: _exercise_page(exercises.of(found[1])[found[2]]), text)


def _exercise_page(exercise: Exercise) -> str:
    name = exercise.name
    belongs = f" Belongs to {{eq}}`{exercise.see}`." if exercise.see else ""
    hints = "\n".join(f"{i}. {stage}" for i, stage in enumerate(exercise.stages, 1))
    mistakes = "\n\n".join(f"**{one.name}**: {one.advice}" for one in exercise.mistakes)
    blocks = [
        f"(exercise-{name.replace('_', '-')})=\n### Exercise: `{name}`\n\n{_worth(exercise)}{belongs}",
        f"```python\n{_stub(exercise)}\n```",
        f":::{{admonition}} Hints\n:class: hints dropdown\n{hints}\n:::" if hints else "",
        f":::{{admonition}} Common mistakes\n:class: mistakes dropdown\n{mistakes}\n:::"
        if mistakes
        else "",
        f"```{{code-cell}}\n{ANSWER_FOLD}\n{answer_source(exercise.reference)}\n```",
        f"```{{code-cell}}\n:tags: [check]\ncheck({name})\n```",
    ]
    return "\n\n".join(block for block in blocks if block)


def _stub(exercise: Exercise) -> str:
    """What the learner finds: nbgrader's own clearing of the reference."""
    cell = new_code_cell(_source(exercise), metadata=_nbgrader(exercise.name, solution=True))
    return ClearSolutions(config=CONFIG).preprocess_cell(cell, {"language": "python"}, 0)[0].source


# -- writing -----------------------------------------------------------------------------------


def woven() -> Iterator[tuple[Path, str]]:
    """Every generated notebook: its path and what it should hold."""
    for one in chapters():
        if one.written:
            solved = notebook(one)
            for folder, made in (("solutions/notebooks", solved), ("chapters", release(solved))):
                path = ROOT / folder / one.folder / f"{one.slug}.ipynb"
                yield path, nbformat.writes(made) + "\n"


def write() -> list[Path]:
    """Write the notebooks that have changed; return their paths."""
    changed = []
    for path, text in woven():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m book.weave", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a notebook is stale"
    )
    if parser.parse_args(argv).check:
        stale = [
            p for p, text in woven() if not p.is_file() or p.read_text(encoding="utf-8") != text
        ]
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run `python -m book notebooks`")
        return bool(stale)
    for path in write():
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
