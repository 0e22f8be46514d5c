"""Grade where nbgrader would run a student's notebook: in `nbgrader autograde` and the formgrader.

nbgrader_config.py names what is defined here.  nbgrader never opens the handed-in notebook: it is
given an empty one, and `Judged` puts the graded one in its place.
"""

import os
import stat
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.grading.assignment import FOLDER, load
from autograder.grading.engine import Task, book, perform
from autograder.grading.graded import graded_notebook
from autograder.grading.intake import take_in
from autograder.grading.journal import course_secret
from autograder.grading.model import Report, Submission
from autograder.grading.ordinary import SLIPS, slips
from autograder.grading.tiers import choose
from autograder.grading.trial import Patience

Resources = dict[str, Any]


class Unread(NotebookExporter):
    """Reads no notebook: what was handed in may be a link, a device or too large."""

    def from_filename(  # type: ignore[override]  # NotebookExporter makes text of a notebook
        self, filename: str, resources: Resources | None = None, **kw: Any
    ) -> tuple[str, Resources]:
        """Export an empty notebook in the place of the file."""
        return self.from_notebook_node(new_notebook(), resources, **kw)


class Judged(NbGraderPreprocessor):
    """Grade the submission, and return the graded notebook; nbgrader's Execute is not needed."""

    trust_submissions = Bool(
        False, help="Run submissions without a sandbox where this machine has none."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Replace the notebook; raise NotGraded, so that nbgrader lists the submission as failed."""
        student, name = (resources["nbgrader"][key] for key in ("student", "assignment"))
        course: CourseDirectory = self.parent.parent.coursedir  # of the exporter's converter
        folder = Path(course.format_path(course.submitted_directory, student, name))
        made = Path(course.format_path(course.autograded_directory, student, name))
        try:
            graded = self._graded(course, folder, student, name)
        except Exception:
            _leave_ungraded(course, student, name)
            raise
        for slip in SLIPS:  # as nbgrader does: it leaves them read-only
            (made / slip).unlink(missing_ok=True)
        resources["outputs"] = slips(folder)
        return graded, resources

    def _graded(
        self, course: CourseDirectory, folder: Path, student: str, name: str
    ) -> NotebookNode:
        assignment = load(name, Path(course.root, course.source_directory))
        submission = take_in(folder, student, assignment)
        secret = course_secret(Path(course.root, course.submitted_directory).parent)
        tier = choose(self.trust_submissions)
        report = perform(Task(submission, assignment, secret, tier, Patience(), book()))
        self._tell(submission, report)
        return graded_notebook(submission, assignment, report)

    def _tell(self, submission: Submission, report: Report) -> None:
        for flag in report.flags:
            self.log.warning("%s, %s: %s", submission.student, submission.assignment, flag)


def clear_way(assignment: str, student: str, notebooks: list[str]) -> None:
    """Prepare a submission before nbgrader touches it; the `pre_convert_hook` of Autograde.

    nbgrader reads timestamp.txt whatever it is, so one that is no ordinary file gets another name.
    It passes over notebooks that are not called as the released one; `Judged` finds them.
    """
    folder = Path(notebooks[0]).parent
    timestamp = folder / "timestamp.txt"
    if os.path.lexists(timestamp) and not stat.S_ISREG(timestamp.lstat().st_mode):
        timestamp.rename(folder / "timestamp.refused")
    chapter = FOLDER.fullmatch(folder.name)
    if chapter:
        notebooks[:] = [str(folder / f"{chapter[2]}.ipynb")]


def _leave_ungraded(course: CourseDirectory, student: str, name: str) -> None:
    """Take back the zeros that nbgrader gives to a notebook that it did not find."""
    with Gradebook(course.db_url, course.course_id) as gradebook:
        for notebook in gradebook.find_submission(name, student).notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = None, True
        gradebook.db.commit()
