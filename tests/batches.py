"""A small class in a temporary folder, the command that grades it, and what was recorded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy

from autograder.course import FOLDER
from autograder.grading.bench import FEW, HANGING, hand_in, lay_out
from book.contents import ROOT

GRADES = """
SELECT submission.student_id, assignment.name, submission.timestamp, cell.name, grade.auto_score,
       grade.manual_score, grade.needs_manual_grade, note.late_submission_penalty
FROM grade
JOIN submitted_notebook AS note ON note.id = grade.notebook_id
JOIN submitted_assignment AS submission ON submission.id = note.assignment_id
JOIN assignment ON assignment.id = submission.assignment_id
JOIN base_cell AS cell ON cell.id = grade.cell_id
"""
COMMENTS = """
SELECT submission.student_id, cell.name, comment.auto_comment, comment.manual_comment
FROM comment
JOIN submitted_notebook AS note ON note.id = comment.notebook_id
JOIN submitted_assignment AS submission ON submission.id = note.assignment_id
JOIN base_cell AS cell ON cell.id = comment.cell_id
"""


def make_class(root: Path, students: int, hanging: int = 0) -> Path:
    """Make a course of so many students; those whose code hangs come first in the alphabet."""
    course = lay_out(root, FEW)
    hand_in(course, [f"student{i:02}" for i in range(students)])
    hand_in(course, [f"endless{i:02}" for i in range(hanging)], [HANGING])
    return root


def command(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m autograder` in a course's folder."""
    return subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        cwd=root,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=300,
    )


def environment(**variables: str) -> dict[str, str]:
    """Return the variables under which a command finds the course and the book."""
    return {**os.environ, "NND_COURSE": FOLDER, "PYTHONPATH": str(ROOT), **variables}


def database(root: Path) -> str:
    return f"sqlite:///{root / FOLDER / 'gradebook.db'}"


def recorded(url: str) -> list[tuple]:
    """Return all that grading has written into a gradebook, but for its random ids."""
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        rows = [
            tuple(row)
            for query in (GRADES, COMMENTS, "SELECT id FROM student")
            for row in connection.execute(sqlalchemy.text(query))
        ]
    engine.dispose()
    return sorted(rows, key=repr)


def autograded(root: Path) -> dict[str, dict]:
    """Return the autograded notebooks, but for the random ids of their cells."""
    found = {}
    for path in sorted((root / FOLDER / "autograded").glob("*/*/*.ipynb")):
        notebook = json.loads(path.read_text())
        for cell in notebook["cells"]:
            cell.pop("id", None)
        found[str(path.relative_to(root))] = notebook
    return found
