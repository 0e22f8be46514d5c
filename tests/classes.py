"""A course of one short assignment, released and ready for submissions, for the grading tests."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from traitlets.config import Config

from autograder import course as classroom
from autograder.grading.assignment import Assignment, load
from autograder.grading.intake import take_in
from autograder.grading.model import Report, Result, Submission
from autograder.grading.record import Recorder
from autograder.grading.release import STUB
from book import weave
from book.contents import ROOT, chapter

CHAPTER = chapter("activations")
NAME, SLUG = CHAPTER.folder, CHAPTER.slug
ASKED = ("sigmoid", "sigmoid_backward", "tanh_backward")  # 2, 2 and 1 point
POINTS = (2.0, 2.0, 1.0)


@pytest.fixture(scope="module", autouse=True)
def environment_put_back() -> Iterator[None]:
    """A course sets variables for nbgrader; leave none of them behind."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@dataclass
class Class:
    """A course of one short assignment in a folder of its own."""

    course: classroom.Course
    assignment: Assignment

    @property
    def folder(self) -> Path:
        return self.course.folder

    def released(self) -> NotebookNode:
        return nbformat.read(self.folder / "release" / NAME / f"{SLUG}.ipynb", as_version=4)

    def place(self, step: str, student: str) -> Path:
        return self.folder / step / student / NAME

    def submit(
        self, student: str, notebook: NotebookNode | None = None, timestamp: str = ""
    ) -> Submission:
        """Hand in a notebook, by default the released one, as it is."""
        folder = self.place("submitted", student)
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook or self.released(), folder / f"{SLUG}.ipynb")
        if timestamp:
            (folder / "timestamp.txt").write_text(timestamp)
            (folder / "submission_secret.txt").write_text("kept")
        return take_in(folder, student, self.assignment)

    def recorder(self, config: Config | None = None) -> Recorder:
        return Recorder(self.assignment, config or self.course.config)

    def gradebook(self) -> Gradebook:
        return self.course.api.gradebook

    def rows(self) -> dict:
        """Everything that the gradebook knows of this assignment's submissions, without the ids."""
        with self.gradebook() as gradebook:
            return {
                one.student.id: {
                    "timestamp": one.timestamp,
                    "score": one.score,
                    "needs_manual_grade": one.needs_manual_grade,
                    "penalty": one.late_submission_penalty,
                    "grades": sorted(_kept(grade) for grade in one.notebooks[0].grades),
                    "comments": sorted(_kept(said) for said in one.notebooks[0].comments),
                    "failed": one.notebooks[0].failed_tests,
                }
                for one in gradebook.assignment_submissions(NAME)
            }

    def autograde(self, student: str) -> dict:
        """Press the formgrader's button."""
        return self.course.api.autograde(NAME, student)

    def feedback(self, student: str) -> str:
        made = self.course.api.generate_feedback(NAME, student)
        assert made["success"], made
        return (self.place("feedback", student) / f"{SLUG}.html").read_text(encoding="utf-8")


def _kept(row) -> list[tuple[str, str]]:
    return [(key, repr(value)) for key, value in sorted(row.to_dict().items()) if key != "id"]


@pytest.fixture(scope="module")
def solved() -> NotebookNode:
    """The chapter's first headline, its setup and its first exercises."""
    notebook = weave.notebook(CHAPTER)
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    notebook.cells = [notebook.cells[0], setup, *graded[: 2 * len(ASKED)]]
    return notebook


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory, solved: NotebookNode) -> Path:
    """A course with its gradebook and its release, to be copied."""
    root = tmp_path_factory.mktemp("generated")
    path = root / "solutions" / "notebooks" / NAME / f"{SLUG}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(solved, path)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    classroom.Course(root).release(NAME)
    return root


@pytest.fixture
def make_class(tmp_path: Path, generated: Path) -> Callable[[str], Class]:
    """Make courses, each with its gradebook and its release."""

    def make(name: str = "course") -> Class:
        root = tmp_path / name
        shutil.copytree(generated, root)
        return Class(classroom.Course(root), load(NAME, root / "solutions" / "notebooks"))

    return make


@pytest.fixture
def pupils(make_class: Callable[[str], Class]) -> Class:
    return make_class("course")


def reported(submission: Submission, *scores: float, **more) -> Report:
    """A report with these scores; the words are as long and odd as words may be."""
    results = tuple(
        Result(
            name, points, score, score == points, "one over N forgotten", "Divide by `len(Y)`. " * 9
        )
        for name, points, score in zip(ASKED, POINTS, scores or POINTS, strict=True)
    )
    return replace(
        Report(submission.student, NAME, submission.digest, 1, results, declaration="d"), **more
    )


def answered(notebook: NotebookNode, body: str = "return 1") -> NotebookNode:
    """Write something into every answer cell."""
    for cell in notebook.cells:
        cell.source = cell.source.replace(STUB, body)
    return notebook


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for path in folder.rglob("*")
    }
