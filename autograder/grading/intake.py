"""Let a handed-in notebook in: its cells' text, and nothing else that the student may have put there.

Whatever makes a notebook unreadable leaves it ungraded with a sentence; whatever is merely odd is
graded and flagged for the instructor.
"""

import codecs
import hashlib
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.grading.assignment import (
    Assignment,
    answer_id,
    check_id,
    normalised,
    released_check,
)
from autograder.grading.model import Cell, NotGraded, Submission

MOST_BYTES = 20_000_000  # of a notebook
MOST_PARTS = 1_000_000  # brackets in its JSON: each becomes an object in the memory
MOST_CELLS = 2_000
MOST_SOURCE = 200_000  # characters of a cell
MOST_TEXT = 4_000_000  # of all cells together
GRADE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
DEFINED = re.compile(r"^(?:def[ \t]+(\w+)|(\w+)[ \t]*=(?!=))", re.M)
# Possessive, so that no run of blanks can be tried in many ways.
CHECK = re.compile(r"\s*check\(\s*(\w+)\s*\)[^\S\n]*+(?:;[^\S\n]*+)?(?:#.*)?(?:\n|$)")
READ_ONLY = sum(
    getattr(os, name, 0)
    for name in ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY", "O_NOCTTY")
)
SUSPICIOUS = re.compile(
    r"\b(sys\.displayhook|__class__|__subclasses__|__globals__|__builtins__|__reduce__|ctypes|"
    r"os\.system|os\.popen|os\.environ|os\.kill|os\._exit|sys\._getframe|subprocess|"
    r"multiprocessing|socket|urllib|requests|pickle|gradebook|nbgrader|NND_COURSE_SEED|"
    r"HIDDEN TESTS|autograder\.(?:exercises|grading|judge)|/proc/|gc\.get_objects|"
    r"set_trace|settrace|setprofile|builtins|importlib)(?!\w)"
)


def take_in(folder: Path, student: str, assignment: Assignment) -> Submission:
    """Return what a handed-in folder holds for this assignment.

    folder: the course's submitted/<student>/<assignment>.  Raises NotGraded if there is nothing that
    can be read.
    """
    folder = Path(folder)
    for part in (folder.parent, folder):
        if part.is_symlink():
            raise NotGraded(f"{_shown(part.name)} is a link to another folder; links are not read.")
    name, flags = _chosen(folder, assignment)
    data, more = _bytes(folder / name)
    flags += more
    text, more = _text(data)
    flags += more
    cells, more = _cells(_parsed(text))
    flags += more
    if name != f"{assignment.slug}.ipynb" and not _held(cells, assignment):
        raise NotGraded(
            f"There is no {assignment.slug}.ipynb, and {_shown(name)} holds no exercise of the assignment."
        )
    return Submission(
        student=student,
        assignment=assignment.name,
        digest=hashlib.sha256(data).hexdigest(),
        cells=cells,
        flags=(*flags, *_odd(cells, assignment)),
    )


def checked(cell: Cell, assignment: Assignment) -> str:
    """Return the name of the exercise that this cell checks, by its grade id or its first line."""
    for name in assignment.exercises:
        if cell.grade_id == check_id(name):
            return name
    found = CHECK.match(cell.source) if cell.kind == "code" else None
    return found[1] if found and found[1] in assignment.exercises else ""


def defined(cell: Cell) -> set[str]:
    """Return the names that a code cell defines as functions or variables, outside all others."""
    return (
        {name for pair in DEFINED.findall(cell.source) for name in pair}
        if cell.kind == "code"
        else set()
    )


# -- the file ----------------------------------------------------------------------------------


def _chosen(folder: Path, assignment: Assignment) -> tuple[str, list[str]]:
    """Return the name of the notebook to grade, and what is odd about the choice."""
    due = f"{assignment.slug}.ipynb"
    try:
        names = sorted(name for name in os.listdir(folder) if name.lower().endswith(".ipynb"))
    except OSError as error:
        raise NotGraded(f"The submission's folder cannot be read: {error.strerror}.") from None
    others = [name for name in names if name != due]
    if due in names:
        also = f"Other notebooks were handed in too and not graded: {_listed(others)}."
        return due, [also] if others else []
    if not others:
        raise NotGraded(f"No notebook was handed in: the folder holds no {due}.")
    if len(others) == 1:
        return others[0], [f"A renamed notebook was graded: {_shown(others[0])} for {due}."]
    best = max(others, key=lambda name: _worth(folder / name, assignment))
    flag = f"There is no {due}; of {len(others)} other notebooks, {_shown(best)} was graded."
    return best, [flag]


def _worth(path: Path, assignment: Assignment) -> int:
    """Return how many of the assignment's exercises a notebook holds; -1 if it cannot be read."""
    try:
        return _held(_cells(_parsed(_text(_bytes(path)[0])[0]))[0], assignment)
    except NotGraded:
        return -1


def _bytes(path: Path) -> tuple[bytes, list[str]]:
    """Read a regular file, following no link and waiting for no pipe."""
    name = _shown(path.name)
    try:
        if not stat.S_ISREG(path.lstat().st_mode):  # to open a device may already do something
            raise NotGraded(f"{name} is a link, or no regular file; only files are read.")
        with os.fdopen(os.open(path, READ_ONLY), "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise NotGraded(f"{name} was exchanged while it was read.")
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotGraded(f"{name} cannot be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise NotGraded(
            f"{name} is larger than {MOST_BYTES // 1_000_000} MB; clear its outputs and hand it in again."
        )
    linked = f"{name} is the same file as another one on this machine (a hard link)."
    return data, [linked] if state.st_nlink > 1 else []


def _text(data: bytes) -> tuple[str, list[str]]:
    """Decode a notebook, which should be UTF-8."""
    encodings = ["utf-8", "latin-1"]
    if data.startswith(codecs.BOM_UTF8):
        encodings = ["utf-8-sig"]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        said = {"utf-8-sig": "UTF-8 with a byte order mark"}.get(encoding, encoding.capitalize())
        flag = f"The notebook is not written in plain UTF-8; it was read as {said}."
        return text, [] if encoding == "utf-8" else [flag]
    raise NotGraded("The notebook's text is in no encoding that can be read.")


def _parsed(text: str) -> dict[str, Any]:
    if text.count("[") + text.count("{") > MOST_PARTS:
        raise NotGraded("The notebook has too many parts; clear its outputs and hand it in again.")
    try:
        found = json.loads(text, parse_int=_small, parse_constant=lambda name: None)
    except (ValueError, RecursionError, MemoryError):
        raise NotGraded("The file is not a notebook: it is no valid JSON.") from None
    if not isinstance(found, dict):
        raise NotGraded("The file is not a notebook: it holds no cells.")
    return found


def _small(digits: str) -> int:
    """Read the numbers that matter, and spend no time on those of a thousand digits."""
    return int(digits) if len(digits) < 10 else 0


# -- the cells ---------------------------------------------------------------------------------


def _cells(found: dict[str, Any]) -> tuple[tuple[Cell, ...], list[str]]:
    """Return the cells of a parsed notebook, reduced to what counts."""
    flags = []
    if found.get("nbformat") == 3:
        flags.append("The notebook is of the old format 3; its cells were read all the same.")
        listed = _joined(found.get("worksheets"))
    elif found.get("nbformat") == 4:
        listed = found.get("cells")
    else:
        raise NotGraded("The notebook is of a format that is not read; save it as nbformat 4.")
    if not isinstance(listed, list):
        raise NotGraded("The file is not a notebook: it holds no cells.")
    if len(listed) > MOST_CELLS:
        raise NotGraded(f"The notebook has {len(listed)} cells; at most {MOST_CELLS} are read.")
    cells = [_cell(one, number) for number, one in enumerate(listed, 1)]
    cut = [str(n) for n, cell in enumerate(cells, 1) if cell is None]
    if cut:
        flags.append(f"Not read, being no cell of a notebook: number {_listed(cut)}.")
    long = [str(n) for n, cell in enumerate(cells, 1) if cell and len(cell.source) > MOST_SOURCE]
    if long:
        flags.append(f"The text of a cell is too long and was left out: number {_listed(long)}.")
    kept = tuple(
        replace(cell, source="") if len(cell.source) > MOST_SOURCE else cell
        for cell in cells
        if cell
    )
    total = sum(len(cell.source) for cell in kept)
    if total > MOST_TEXT:
        raise NotGraded(f"The cells hold {total} characters; at most {MOST_TEXT} are read.")
    return kept, flags


def _joined(sheets: Any) -> list[Any] | None:
    """Return the cells of all worksheets of format 3; None if that is not what they are."""
    cells: list[Any] = []
    for sheet in sheets if isinstance(sheets, list) else [None]:
        if not isinstance(sheet, dict) or not isinstance(sheet.get("cells"), list):
            return None
        cells += sheet["cells"]
    return cells


def _cell(found: Any, number: int) -> Cell | None:
    """Return what counts of a cell; None for what is no cell at all."""
    if not isinstance(found, dict) or not isinstance(found.get("cell_type"), str):
        return None
    kind = "code" if found["cell_type"] == "code" else "markdown"
    source = found.get("source", found.get("input"))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    if kind == "code" and len(source) > MOST_SOURCE:
        raise NotGraded(
            f"Cell {number} holds {len(source)} characters of code; at most {MOST_SOURCE} are read."
        )
    source = source.encode("utf-8", "replace").decode()  # half characters would stop a later stage
    return Cell(kind, source, _grade_id(found.get("metadata")))


def _grade_id(metadata: Any) -> str:
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    found = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return found if isinstance(found, str) and GRADE_ID.fullmatch(found) else ""


# -- what is odd -------------------------------------------------------------------------------


def _held(cells: tuple[Cell, ...], assignment: Assignment) -> int:
    """Return how many of the assignment's exercises occur in these cells."""
    ids = {cell.grade_id for cell in cells}
    names = set().union(*map(defined, cells))
    return sum(answer_id(name) in ids or name in names for name in assignment.exercises)


def _odd(cells: tuple[Cell, ...], assignment: Assignment) -> list[str]:
    """Return a sentence on each thing that an instructor may want to look at."""
    flags = []
    names = assignment.exercises
    ids = Counter(cell.grade_id for cell in cells if cell.grade_id)
    checks = {name: [cell for cell in cells if checked(cell, assignment) == name] for name in names}
    ours = {of(name) for name in names for of in (answer_id, check_id)}
    if not ours & ids.keys():
        flags.append(
            "The cells have lost nbgrader's metadata; exercises were found by their functions' names."
        )
    else:
        lost = [name for name in names if answer_id(name) not in ids]
        if lost:
            flags.append(f"Answer cells are missing: {_listed(lost)}.")
    twice = [one for one in ids if ids[one] > 1]
    if twice:
        flags.append(f"Cells occur twice, with the same grade id: {_listed(twice)}.")
    gone = [name for name in names if not checks[name]]
    if gone:
        flags.append(f"Check cells are missing: {_listed(gone)}.")
    altered = [
        name
        for name in names
        if any(normalised(cell.source).strip() != released_check(name) for cell in checks[name])
    ]
    if altered:
        flags.append(f"Check cells were altered, and are not run: {_listed(altered)}.")
    return flags + _mentions(cells, assignment)


def _mentions(cells: tuple[Cell, ...], assignment: Assignment) -> list[str]:
    """Return a flag on words that an answer seldom needs; a sign to look, never a penalty."""
    words = {
        word[1]
        for cell in cells
        if cell.kind == "code" and normalised(cell.source) not in assignment.book_cells
        for word in SUSPICIOUS.finditer(cell.source)
    }
    return [f"The code mentions {_listed(sorted(words))}."] if words else []


def _listed(words: Iterable[str]) -> str:
    """Join names for a flag; of very many, the first."""
    words = [_shown(word) for word in words]
    more = f" and {len(words) - 8} more" if len(words) > 8 else ""
    return ", ".join(words[:8]) + more


def _shown(name: str) -> str:
    """Return a name made by the student in a form that can stand in a sentence."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:80]
