"""What an assignment asks: its exercises in order, the book's own cells, what answers may import.

All of it is read from the solved notebook, because that is the file from which nbgrader's own
generate_assignment makes the release: a copy under chapters/ knows nothing of an instructor's
changes.  nbgrader takes solutions out of answer cells and hidden tests out of check cells and leaves
every other cell as it is, so the book's cells are those of the solved notebook.
"""

import ast
import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder import exercises
from autograder.exercise import Exercise
from autograder.grading.model import NotGraded

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "solutions" / "notebooks"
FOLDER = re.compile(r"(\d+)_(\w+)")
HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*\n?", re.M | re.S)


@dataclass(frozen=True)
class Assignment:
    """A chapter as an assignment.

    exercises: names, in the order of the notebook.  book_cells: sources, normalised, of the code
    cells that are neither answer nor check.  modules: the answers of earlier chapters.  given: what
    the chapter's own module holds besides answers, for the book's cells to import.  declaration:
    hash of the declarations and the references.  source: the solved notebook; it is shared, so
    whoever wants to change it takes a copy.
    """

    name: str
    slug: str
    exercises: tuple[str, ...]
    book_cells: frozenset[str]
    modules: tuple[Path, ...]
    given: str
    declaration: str
    source: NotebookNode = field(repr=False, compare=False)

    def exercise(self, name: str) -> Exercise:
        return exercises.of(self.slug)[name]


def load(name: str, notebooks: Path = NOTEBOOKS) -> Assignment:
    """Return the assignment of this name, as the solved notebook in `notebooks` has it now.

    Raises NotGraded, listing the assignments there are, for a name that is none of them.
    """
    parts = FOLDER.fullmatch(name)
    path = notebooks / name / f"{parts[2]}.ipynb" if parts else None
    if path is None or not path.is_file():
        raise _unknown(name, notebooks)
    state = path.stat()
    return _read(path, state.st_mtime_ns, state.st_size)


def answer_id(exercise: str) -> str:
    """Return the grade id of the cell that answers an exercise."""
    return exercise.replace("_", "-")


def check_id(exercise: str) -> str:
    """Return the grade id of the cell that checks an exercise."""
    return f"check-{answer_id(exercise)}"


def normalised(source: str) -> str:
    """Return a cell's source without what an editor may change at the ends of lines."""
    return "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", source)).strip("\n")


def released_check(exercise: str) -> str:
    """Return what a learner finds in the check cell of an exercise."""
    return f"check({exercise})"


@cache
def _read(path: Path, changed: int, size: int) -> Assignment:
    """Read a solved notebook; it is read again when its file has changed."""
    name, slug = path.parent.name, path.stem
    source = nbformat.read(path, as_version=4)
    asked = {check_id(one): one for one in _declared(slug)}
    listed = [asked[grade_id] for cell in source.cells if (grade_id := _grade_id(cell)) in asked]
    if not listed:
        raise NotGraded(f"The assignment {name} holds no exercise, so there is nothing to grade.")
    return Assignment(
        name=name,
        slug=slug,
        exercises=tuple(listed),
        book_cells=frozenset(
            normalised(cell.source)
            for cell in source.cells
            if cell.cell_type == "code" and not _grade_id(cell)
        ),
        modules=_earlier(name),
        given=_given(slug),
        declaration=_declaration(slug),
        source=source,
    )


def _unknown(name: str, notebooks: Path) -> NotGraded:
    there = sorted(
        path.parent.name
        for path in notebooks.glob("*/*.ipynb")
        if (parts := FOLDER.fullmatch(path.parent.name))
        and parts[2] == path.stem
        and _declared(path.stem)
    )
    listed = f"there are {', '.join(there)}" if there else f"there is none in {notebooks}"
    return NotGraded(f"There is no assignment called {name!r}; {listed}.")


def _declared(slug: str) -> dict[str, Exercise]:
    """Return a chapter's exercises; none for a chapter without declarations, such as the first."""
    return exercises.of(slug) if (Path(exercises.__path__[0]) / f"{slug}.py").is_file() else {}


def _grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _earlier(name: str) -> tuple[Path, ...]:
    """Return the reference modules of the chapters before this one, in the book's order."""
    folders = sorted(path.name for path in NOTEBOOKS.iterdir() if FOLDER.fullmatch(path.name))
    slugs = [folder.partition("_")[2] for folder in folders if _number(folder) < _number(name)]
    paths = [ROOT / "solutions" / f"{slug}.py" for slug in slugs]
    return tuple(path for path in paths if path.is_file())


def _given(slug: str) -> str:
    """Return a chapter's reference module without the exercises; "" if nothing else is in it."""
    asked = _declared(slug)
    tree = ast.parse((ROOT / "solutions" / f"{slug}.py").read_text(encoding="utf-8"))
    tree.body = [one for one in tree.body if getattr(one, "name", "") not in asked]
    helps = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
    return ast.unparse(tree) if any(isinstance(one, helps) for one in tree.body) else ""


def _number(folder: str) -> int:
    return int(folder.partition("_")[0])


def _declaration(slug: str) -> str:
    """Hash what an exercise's inputs and its expected results are made from."""
    said = hashlib.sha256()
    for path in (Path(exercises.__path__[0]) / f"{slug}.py", ROOT / "solutions" / f"{slug}.py"):
        said.update(path.read_text(encoding="utf-8").encode())  # the same for any line ends
    return said.hexdigest()
