"""A small simulated class, taken from release to export by nbgrader with our configuration."""

import ast
import inspect
import itertools
import os
import re
import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import nbformat
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin
from sqlalchemy.exc import SAWarning
from tqdm import tqdm
from traitlets.config import Config, PyFileConfigLoader

from autograder import exercises
from autograder.exercise import Exercise
from autograder.grading.trial import fair_verdict
from autograder.observe import observe_all

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "_build/course"
ASSIGNMENTS = ("02_activations", "05_backpropagation")
SEED = 20260914  # of the demonstration; a real course keeps its own to itself


@dataclass(frozen=True)
class Student:
    """A simulated student: what they write for the i-th of n exercises, and what that deserves."""

    name: str
    body: Callable[[Exercise, int, int], str | None]  # None leaves the exercise as it came
    credit: Callable[[Exercise, int, int], float]


def right(exercise: Exercise, i: int, n: int) -> str:
    """Return the reference's body."""
    source = inspect.getsource(exercise.reference)
    body = re.search(r" *### BEGIN SOLUTION\n(.*?)\n *### END SOLUTION", source, re.S)
    assert body is not None, f"the reference {exercise.name} has no solution marks"
    return body[1]


def wrong(exercise: Exercise, i: int, n: int) -> str:
    """Return the body of the first declared mistake, behind the book's functions that it calls."""
    *helpers, mistake = definitions(exercise.mistakes[0].answer)
    return textwrap.indent("\n".join(map(ast.unparse, [*helpers, *mistake.body])), "    ")


def definitions(function: Callable) -> list[ast.FunctionDef]:
    """Return the definitions of the book's functions that a function calls, and then its own."""
    found = dict[str, ast.FunctionDef]()

    def visit(one: Callable) -> None:
        (node,) = ast.parse(inspect.getsource(one)).body
        assert isinstance(node, ast.FunctionDef)
        plain = Plain(inspect.getmodule(one))
        found[one.__name__] = plain.visit(node)
        for other in plain.called:
            if other.__name__ not in found:
                visit(other)

    visit(function)
    return list(reversed(found.values()))


class Plain(ast.NodeTransformer):
    """Leaves out of a definition what a notebook may not know, decorators, types and our modules,
    and the docstring."""

    def __init__(self, module: ModuleType | None) -> None:
        self.known = vars(module)
        self.called: list[Callable] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list, node.returns = [], None
        if ast.get_docstring(node) is not None:
            del node.body[0]
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        held = self.known.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if inspect.ismodule(held) and held.__name__.startswith("solutions."):
            self.called.append(getattr(held, node.attr))
            return ast.Name(node.attr)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        held = self.known.get(node.id)
        if inspect.isfunction(held) and held.__module__.startswith(("solutions.", "autograder.")):
            self.called.append(held)
        return node


def earned(exercise: Exercise, answer: Callable) -> float:
    """Return the points that an answer gets, whatever inputs are drawn."""
    cases = exercise.draw(SEED)
    seen = observe_all(answer, cases, exercise.seconds)
    return fair_verdict(exercise, cases, seen).credit(exercise.points)


CLASS = (
    Student("blank", lambda exercise, i, n: None, lambda exercise, i, n: 0.0),
    Student(
        "wrong",
        wrong,
        lambda exercise, i, n: earned(exercise, exercise.mistakes[0].answer),
    ),
    Student("right", right, lambda exercise, i, n: exercise.points),
    Student(
        "partly",
        lambda exercise, i, n: right(exercise, i, n) if 2 * i < n else None,
        lambda exercise, i, n: exercise.points if 2 * i < n else 0.0,
    ),
)


class Course:
    """A course in a folder that holds solutions/notebooks; its own files go to `_build/course`."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.folder = root / FOLDER
        self.config = configuration(root)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.api = NbGraderAPI(config=self.config)

    def release(self, assignment: str) -> Path:
        """Generate the learners' version; return the folder that holds it."""
        # Without force nbgrader would keep a stale release and call that a success.
        _succeed(self.api.generate_assignment(assignment, force=True))
        return self.folder / "release" / assignment

    def submit(self, assignment: str, student: Student) -> dict[str, float]:
        """Hand in the student's notebook; return the score that each exercise in it deserves."""
        source = self.folder / "release" / assignment
        target = self.folder / "submitted" / student.name / assignment
        shutil.copytree(source, target)
        (path,) = target.glob("*.ipynb")
        notebook = nbformat.read(path, as_version=4)
        asked = answer_cells(notebook)
        deserved = {}
        for i, (exercise, cell) in enumerate(asked):
            deserved[exercise.name] = student.credit(exercise, i, len(asked))
            body = student.body(exercise, i, len(asked))
            if body is not None:
                stub = re.search(r"^ *raise NotImplementedError.*$", cell.source, re.M)
                assert stub is not None, f"no stub in the cell of {exercise.name}"
                cell.source = cell.source.replace(stub[0], body, 1)
        nbformat.write(notebook, path)
        return deserved

    def grade(self, assignment: str, student: str) -> float:
        """Autograde a submission, write its feedback, and return its score."""
        _succeed(self.api.autograde(assignment, student))
        _succeed(self.api.generate_feedback(assignment, student))
        with self.api.gradebook as gradebook:
            return gradebook.find_submission(assignment, student).score

    def feedback(self, assignment: str, student: str) -> str:
        """Return the page that the student gets back."""
        (page,) = (self.folder / "feedback" / student / assignment).glob("*.html")
        return page.read_text(encoding="utf-8")

    def export(self) -> Path:
        """Write every score of the course into one CSV file and return its path."""
        path = self.folder / "grades.csv"
        with self.api.gradebook as gradebook:
            CsvExportPlugin(to=str(path), config=self.config).export(gradebook)
        return path


def configuration(root: Path) -> Config:
    """Return what nbgrader_config.py says, for a course whose files stand under `root`."""
    os.environ["NND_COURSE"] = FOLDER  # a real course is never touched from here
    programs = str(Path(sys.executable).parent)  # nbgrader calls `alembic` by its bare name
    os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", os.defpath)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = f"sqlite:///{root / FOLDER}/gradebook.db"
    config.Exchange.root = str(root / FOLDER / "exchange")
    config.Judged.trust_submissions = True  # these students are our own
    config.NbGraderAPI.log_level = "ERROR"
    return config


def answer_cells(notebook: nbformat.NotebookNode) -> list[tuple[Exercise, nbformat.NotebookNode]]:
    """Return the exercises of a notebook, each with the cell that answers it."""
    found = []
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            name = re.search(r"^def (\w+)", cell.source, re.M)
            assert name is not None, f"no function in the answer cell:\n{cell.source}"
            found.append((exercises.find(name[1]), cell))
    return found


def simulate(
    course: Course, assignments: Iterable[str], students: Iterable[Student] = CLASS
) -> list[tuple[str, str, float, float]]:
    """Take a class through assignments; return (assignment, student, score, deserved score)."""
    os.environ["NND_COURSE_SEED"] = str(SEED)
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own, and without effect
    handed_in = list(itertools.product(assignments, students))
    rows = []
    for assignment in dict.fromkeys(assignment for assignment, _ in handed_in):
        course.release(assignment)
    for assignment, student in tqdm(handed_in, desc="grading", unit="notebook", disable=None):
        deserved = sum(course.submit(assignment, student).values())
        score = course.grade(assignment, student.name)
        tqdm.write(f"{assignment:<20} {student.name:<8} {score:6.2f}   deserved {deserved:6.2f}")
        rows.append((assignment, student.name, score, deserved))
    return rows


def demonstrate(root: Path = ROOT, assignments: Iterable[str] = ASSIGNMENTS) -> int:
    """Grade the simulated class afresh; return 1 if a score is not the one deserved."""
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    print(
        "A class of four hands in its notebooks; nbgrader grades them (some minutes).", flush=True
    )
    course = Course(root)
    rows = simulate(course, assignments)
    print(f"Grades: {course.export().relative_to(root)}; feedback: {FOLDER}/feedback/")
    print("`make formgrader` opens nbgrader's formgrader on this class.")
    amiss = [row for row in rows if abs(row[2] - row[3]) > 0.01]
    for assignment, student, score, deserved in amiss:
        print(f"✗ {student} got {score} for {assignment} and deserved {deserved}.")
    return int(bool(amiss))


def _succeed(result: dict) -> None:
    if not result["success"]:
        raise RuntimeError(result.get("error") or result.get("log") or "nbgrader gave no reason")
