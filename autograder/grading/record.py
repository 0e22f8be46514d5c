"""Write reports into nbgrader's gradebook, and the autograded notebooks beside it.

What is written is what `nbgrader autograde` writes for the same report, in one session and one
transaction a submission.  The notebook comes last: where it is, the gradebook has its scores.
"""

import json
import os
import tempfile
import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from nbformat import NotebookNode
from nbformat.v4 import writes
from nbgrader import api
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, parse_utc
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.grading.assignment import ROOT, Assignment
from autograder.grading.graded import graded_notebook
from autograder.grading.model import NotGraded, Report, Submission
from autograder.grading.ordinary import SLIPS, slips
from autograder.grading.release import release

__all__ = ["Recorder", "graded_notebook"]


@dataclass(frozen=True)
class Master:
    """Ids in the gradebook: of an assignment, of the notebook that is graded, and of its cells.

    names: of that notebook's cells, by id.  cells: by notebook of the assignment, the ids of the
    cells that are graded and of those that are commented on.
    """

    assignment: str
    id: str
    names: dict[str, str]
    cells: dict[str, tuple[list[str], list[str]]]

    @staticmethod
    def of(graded: api.Notebook) -> "Master":
        cells = [*graded.grade_cells, *graded.solution_cells, *graded.task_cells]
        return Master(
            assignment=graded.assignment.id,
            id=graded.id,
            names={cell.id: cell.name for cell in cells},
            cells={
                one.id: (
                    [cell.id for cell in (*one.grade_cells, *one.task_cells)],
                    [cell.id for cell in (*one.solution_cells, *one.task_cells)],
                )
                for one in graded.assignment.notebooks
            },
        )


class Recorder:
    """A context manager on the gradebook, for one assignment; nbgrader_config.py says where.

    To enter raises NotGraded if nbgrader does not know the assignment.  An exception of the
    database, such as a lock, leaves the gradebook as it was; try again later.
    """

    def __init__(self, assignment: Assignment, config: Config | None = None) -> None:
        if config is None:
            config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
        self._assignment = assignment
        self._course = CourseDirectory(config=config)
        self._penalties = AssignLatePenalties(config=config)
        self._penalties.init_plugin()

    def __enter__(self) -> "Recorder":
        warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own, and without effect
        name, url = self._assignment.name, make_url(self._course.db_url)
        unknown = f"The gradebook does not know the assignment {name}: run `nbgrader generate_assignment {name}` first."
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise NotGraded(unknown)
        self._gradebook = api.Gradebook(self._course.db_url, self._course.course_id)
        try:
            self._master = Master.of(self._gradebook.find_notebook(self._assignment.slug, name))
        except api.MissingEntry:
            self._gradebook.close()
            raise NotGraded(unknown) from None
        asked = {
            cell.metadata.nbgrader.grade_id
            for cell in release(self._assignment.source).cells
            if is_grade(cell) or is_solution(cell)
        }
        if not asked <= set(self._master.names.values()):
            self._gradebook.close()
            raise NotGraded(
                f"The gradebook knows another version of {name}, without some of its cells: run "
                f"`nbgrader generate_assignment {name} --force` again."
            )
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gradebook.close()

    def record(self, submission: Submission, report: Report) -> None:
        """Write a report's scores and then the notebook; twice is as good as once.

        Raises NotGraded for a report without verdicts.
        """
        notebook = graded_notebook(submission, self._assignment, report)
        handed_in = slips(self._place(self._course.submitted_directory, submission))
        try:
            self._save(submission.student, notebook, _timestamp(handed_in))
            self._gradebook.db.commit()
        except BaseException:
            self._gradebook.db.rollback()
            raise
        self._write(submission, notebook, handed_in)

    def is_recorded(self, submission: Submission, assignment: Assignment) -> bool:
        """Return whether the gradebook and the autograded notebook hold this very submission."""
        path = self._place(self._course.autograded_directory, submission)
        try:
            kept = json.loads((path / f"{assignment.slug}.ipynb").read_bytes())
            found = kept["metadata"]["grading"]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        if (found["digest"], found["declaration"]) != (submission.digest, assignment.declaration):
            return False
        row = self._row(submission.student)
        return row is not None and all(one.auto_score is not None for one in row.grades)

    # -- the gradebook -----------------------------------------------------------------------

    def _save(self, student: str, notebook: NotebookNode, timestamp: datetime | None) -> None:
        """Do what nbgrader's Autograde, SaveAutoGrades and AssignLatePenalties do to the gradebook."""
        row = self._row(student) or self._new(student)
        if timestamp is not None:
            row.assignment.timestamp = timestamp
        grades = {self._master.names[one.cell_id]: one for one in row.grades}
        comments = {self._master.names[one.cell_id]: one for one in row.comments}
        for cell in notebook.cells:
            if is_grade(cell):
                grade = grades[cell.metadata.nbgrader.grade_id]
                grade.auto_score = determine_grade(cell)[0]
                grade.needs_manual_grade = (
                    grade.manual_score is not None or grade.auto_score is None
                )
            if is_solution(cell):
                untouched = cell.metadata.nbgrader.checksum == compute_checksum(cell)
                comment = comments[cell.metadata.nbgrader.grade_id]
                comment.auto_comment = "No response." if untouched else None
        self._penalise(row)

    def _penalise(self, row: api.SubmittedNotebook) -> None:
        row.late_submission_penalty = None
        late = row.assignment.total_seconds_late
        if late > 0:
            self._gradebook.db.flush()
            self._gradebook.db.refresh(row, ["score"])
            penalty = self._penalties.plugin_inst.late_submission_penalty(
                row.assignment.student_id, row.score, late
            )
            if penalty is not None:
                row.late_submission_penalty = self._penalties._check_late_penalty(row, penalty)

    def _row(self, student: str) -> api.SubmittedNotebook | None:
        query = self._gradebook.db.query(api.SubmittedNotebook).join(api.SubmittedAssignment)
        return query.filter(
            api.SubmittedNotebook.notebook_id == self._master.id,
            api.SubmittedAssignment.student_id == student,
        ).one_or_none()

    def _new(self, student: str) -> api.SubmittedNotebook:
        """Add what Gradebook.add_submission adds, without its commits in between."""
        db = self._gradebook.db
        if db.get(api.Student, student) is None:
            db.add(api.Student(id=student))
        submitted = api.SubmittedAssignment(
            assignment_id=self._master.assignment, student_id=student
        )
        for notebook, (graded, commented) in self._master.cells.items():
            row = api.SubmittedNotebook(notebook_id=notebook, assignment=submitted)
            row.grades = [api.Grade(cell_id=cell) for cell in graded]
            row.comments = [api.Comment(cell_id=cell) for cell in commented]
        db.add(submitted)
        db.flush()
        return next(row for row in submitted.notebooks if row.notebook_id == self._master.id)

    # -- the files ---------------------------------------------------------------------------

    def _write(
        self, submission: Submission, notebook: NotebookNode, handed_in: dict[str, bytes]
    ) -> None:
        """Write what nbgrader's autograded folder holds; the notebook comes last."""
        folder = self._place(self._course.autograded_directory, submission)
        folder.mkdir(parents=True, exist_ok=True)
        mode = 0o664 if self._course.groupshared else 0o444  # nbgrader's
        for name in SLIPS:
            if name in handed_in:
                _replace(folder / name, handed_in[name], mode)
            else:
                (folder / name).unlink(missing_ok=True)
        text = writes(notebook).rstrip("\n") + "\n"  # as nbformat.writes, which also validates
        _replace(folder / f"{self._assignment.slug}.ipynb", text.encode(), mode)

    def _place(self, step: str, submission: Submission) -> Path:
        student = submission.student
        if Path(student).name != student or student in ("", ".."):
            raise NotGraded(f"{student!r} cannot be a student's id: it is no name of a folder.")
        return Path(self._course.format_path(step, student, submission.assignment))


def _timestamp(handed_in: dict[str, bytes]) -> datetime | None:
    text = handed_in.get("timestamp.txt", b"").decode("utf-8", "replace").strip()
    try:
        return parse_utc(text) if text else None
    except (ValueError, OverflowError):
        raise NotGraded(
            "The submission's timestamp.txt holds no date; mend the file, or delete it."
        ) from None


def _replace(path: Path, data: bytes, mode: int) -> None:
    """Write a file so that a kill leaves the old one or the new one, whole.

    After a power cut it may be empty; that does not count as recorded, and so it is written again.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
