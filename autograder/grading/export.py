"""Write the grades for other systems: nbgrader's CSV, and imports for Canvas and Moodle.

In all three a score is what nbgrader's own export calls so, less the penalty for lateness; who has
handed nothing in, or is not graded, gets an empty cell and never a 0.

nbgrader: the columns of its `CsvExportPlugin`, which quotes nothing, so that a comma in a name
shifts a row, and writes 0 for who handed nothing in; `export` below mends both, and
`nbgrader export --exporter autograder.grading.export.QuotedCsvExportPlugin` writes the same file.

Canvas: the columns Student, ID, SIS User ID, SIS Login ID, Section, then the assignments, and a row
"Points Possible" with the number of points.  A student is found by ID, which is Canvas's own number,
then by the login; an empty cell is no grade.
Source: Canvas's `lib/gradebook_importer.rb` (github.com/instructure/canvas-lms).

Moodle: one column that says who it is, chosen on import ("Map from", "Map to"), then the columns
"Assignment: NAME (Real)" as in Moodle's own export.  Its empty cell is `-`: for a new column it
leaves a grade out for `-` alone.  A row whose chosen column is empty would be taken for the student
above it, so Email address is a column only if everyone has one.
Source: docs.moodle.org/en/Grade_import, and Moodle's `grade/import/csv/classes/load_data.php`.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from autograder.grading.scores import Mark, Scores, Student, read

Row = Sequence[str | float | None]
FORMULA = tuple("=+-@＝＋－＠")  # a spreadsheet takes what begins so for a formula


class QuotedCsvExportPlugin(CsvExportPlugin):
    """nbgrader's CSV with every text in its place, and nothing where there is no grade."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the chosen assignments and students, all if none are chosen."""
        wanted = set(map(str, self.student))
        scores = read(gradebook, [str(name) for name in self.assignment])
        header, *rows = nbgrader_rows(scores)
        column = header.index("student_id")
        chosen = [row for row in rows if not wanted or row[column] in wanted]
        write(Path(self.to or "grades.csv"), [header, *chosen])


def nbgrader_rows(scores: Sequence[Scores]) -> Iterator[Row]:
    """Yield the rows of nbgrader's export, one for each assignment and student."""
    yield (
        *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
        *("raw_score", "late_submission_penalty", "score", "max_score"),
    )
    for one in scores:
        for mark in one.marks:
            who = mark.student
            graded = (mark.raw, mark.penalty, mark.score) if mark.raw is not None else (None,) * 3
            yield (
                *(one.name, one.due, mark.timestamp, who.id, who.last, who.first, who.email),
                *(*graded, one.most),
            )


def canvas_rows(scores: Sequence[Scores]) -> Iterator[Row]:
    """Yield the rows that Canvas's gradebook imports, one for each student."""
    yield ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(one.name for one in scores))
    yield ("Points Possible", "", "", "", "", *(one.most for one in scores))
    for who, marks in _by_student(scores):
        # Canvas takes any row whose name holds these words for the row of points.
        name = who.id if "Points Possible" in who.name else who.name
        yield (name, who.lms, "", who.id, "", *(mark.score for mark in marks))


def moodle_rows(scores: Sequence[Scores]) -> Iterator[Row]:
    """Yield the rows that Moodle's gradebook imports, one for each student."""
    students = _by_student(scores)
    mail = all(who.email for who, _ in students)
    yield (
        *("Username", "First name", "Last name", *(["Email address"] if mail else [])),
        *(f"Assignment: {one.name} (Real)" for one in scores),
    )
    for who, marks in students:
        yield (
            *(who.id, who.first, who.last, *([who.email] if mail else [])),
            *(mark.score for mark in marks),
        )


FORMATS: dict[str, tuple[Callable[[Sequence[Scores]], Iterator[Row]], str]] = {
    "csv": (nbgrader_rows, ""),
    "canvas": (canvas_rows, ""),
    "moodle": (moodle_rows, "-"),
}


def export(kind: str, scores: Sequence[Scores], folder: Path) -> Path:
    """Write the grades in one of FORMATS; return the file."""
    rows, nothing = FORMATS[kind]
    path = folder / ("grades.csv" if kind == "csv" else f"{kind}.csv")
    write(path, rows(scores), nothing)
    return path


def write(path: Path, rows: Iterable[Row], nothing: str = "") -> None:
    """Write a CSV file of texts and numbers, with `nothing` in the place of None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [
                nothing if cell is None else text(cell) if isinstance(cell, str) else round(cell, 4)
                for cell in row
            ]
            for row in rows
        )


def text(value: str) -> str:
    """Return the text on one line and harmless in a spreadsheet, where = and its like begin a formula."""
    flat = "".join(letter for letter in " ".join(value.split()) if letter.isprintable())
    return f"'{flat}" if flat.startswith(FORMULA) else flat


def renamed(scores: Iterable[Scores]) -> list[str]:
    """Return the ids that no other system will find, because they had to be made harmless."""
    ids = {mark.student.id for one in scores for mark in one.marks}
    return sorted(one for one in ids if text(one) != one)


def _by_student(scores: Sequence[Scores]) -> list[tuple[Student, list[Mark]]]:
    """Return every student with a mark for each assignment; all assignments have the same roster."""
    columns = zip(*(one.marks for one in scores), strict=True)
    return [(marks[0].student, list(marks)) for marks in columns]
