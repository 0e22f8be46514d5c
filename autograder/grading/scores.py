"""What the gradebook holds for a class, read through nbgrader: the ground of reports and exports."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Assignment, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import make_url
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import selectinload, undefer

from autograder import exercises
from autograder.grading.assignment import check_id
from autograder.grading.grade import configuration
from autograder.grading.model import NotGraded


@dataclass(frozen=True)
class Student:
    """A student as the gradebook knows them."""

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    lms: str = ""  # the id in a learning management system, where the roster has one

    @property
    def name(self) -> str:
        """Return "Last, First", as far as the roster has it; else the id."""
        return ", ".join(part for part in (self.last, self.first) if part) or self.id


@dataclass(frozen=True)
class Mark:
    """What a student has for an assignment; without a submission or a full grade, no score.

    score: after the penalty for lateness.  exercises: points by exercise, as far as there are any.
    waiting: what has neither been graded automatically nor by hand.  review: what nbgrader marks
    for another look, because a score given by hand met a new automatic one.
    """

    student: Student
    handed_in: bool = False
    timestamp: str = ""
    raw: float | None = None
    penalty: float = 0.0
    exercises: dict[str, float] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    review: tuple[str, ...] = ()

    @property
    def score(self) -> float | None:
        return None if self.raw is None else max(0.0, self.raw - self.penalty)


@dataclass(frozen=True)
class Scores:
    """An assignment: what each exercise is worth, and a mark for every student on the roster."""

    name: str
    points: dict[str, float]  # by exercise, in the notebook's order
    marks: tuple[Mark, ...]
    due: str = ""

    @property
    def most(self) -> float:
        return sum(self.points.values())


def open_gradebook() -> Gradebook:
    """Open the gradebook of the course that nbgrader_config.py speaks of; it closes after `with`.

    Raises NotGraded if there is none, where nbgrader would make an empty one.
    """
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own, and without effect
    course = CourseDirectory(config=configuration())
    url = make_url(course.db_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise NotGraded(
            f"There is no gradebook {url.database} yet. `nbgrader generate_assignment` makes it; if "
            "yours is elsewhere, set NND_COURSE to its folder."
        )
    return Gradebook(course.db_url, course.course_id)


def read(gradebook: Gradebook, names: Sequence[str] = ()) -> list[Scores]:
    """Return the scores of these assignments, or of all; raise NotGraded if one is not there."""
    there = {assignment.name: assignment for assignment in gradebook.assignments}
    unknown = [name for name in names if name not in there]
    if unknown or not there:
        listed = f"it has {', '.join(sorted(there))}" if there else "it has none yet"
        what = f"no assignment {', '.join(unknown)}" if unknown else "no assignment"
        raise NotGraded(
            f"The gradebook has {what}; {listed}. An assignment is there once "
            "`nbgrader generate_assignment` has made it."
        )
    roster = [_student(one) for one in gradebook.students]
    return [_scores(gradebook, there[name], roster) for name in names or sorted(there)]


def _declared(slug: str) -> Sequence[str]:
    """Return the names of a chapter's exercises; an assignment of the instructor's own has none."""
    try:
        return list(exercises.of(slug))
    except ModuleNotFoundError:
        return []


def _student(one) -> Student:
    return Student(
        one.id, one.first_name or "", one.last_name or "", one.email or "", one.lms_user_id or ""
    )


def _scores(gradebook: Gradebook, assignment: Assignment, roster: list[Student]) -> Scores:
    slug = assignment.name.partition("_")[2]
    checks = {check_id(name): name for name in _declared(slug)}
    named = {
        cell.id: (checks.get(cell.name, cell.name), cell.max_score)
        for notebook in assignment.notebooks
        for cell in (*notebook.grade_cells, *notebook.task_cells)
        if cell.max_score
    }
    order = [*checks.values(), *(name for name, _ in named.values())]
    points = dict(sorted(named.values(), key=lambda pair: order.index(pair[0])))
    submissions = (
        gradebook.db.query(SubmittedAssignment)
        .filter(SubmittedAssignment.assignment_id == assignment.id)
        .options(
            undefer(SubmittedAssignment.score),
            undefer(SubmittedAssignment.late_submission_penalty),
            selectinload(SubmittedAssignment.notebooks)
            .selectinload(SubmittedNotebook.grades)
            .undefer(Grade.score),
        )
    )
    marks = {one.student_id: one for one in submissions}
    return Scores(
        assignment.name,
        points,
        tuple(
            _mark(student, marks[student.id], named) if student.id in marks else Mark(student)
            for student in roster
        ),
        str(assignment.duedate or ""),
    )


def _mark(
    student: Student, submission: SubmittedAssignment, named: dict[str, tuple[str, float]]
) -> Mark:
    grades = {
        named[grade.cell_id][0]: grade
        for notebook in submission.notebooks
        for grade in notebook.grades
        if grade.cell_id in named
    }
    # nbgrader takes a grade that nobody gave for 0; here it keeps the whole from having a score.
    waiting = [name for name, one in grades.items() if one.auto_score is one.manual_score is None]
    complete = bool(grades) and not waiting
    return Mark(
        student,
        handed_in=True,
        timestamp=str(submission.timestamp or ""),
        raw=submission.score if complete else None,
        penalty=submission.late_submission_penalty or 0.0,
        exercises={name: one.score for name, one in grades.items() if name not in waiting},
        waiting=tuple(waiting),
        review=tuple(
            name for name, one in grades.items() if one.needs_manual_grade and name not in waiting
        ),
    )
