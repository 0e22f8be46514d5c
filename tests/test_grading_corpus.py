"""No submission of the corpus gets a point more than it deserves, and no honest one silently less."""

import json
import os
import re
import shutil
import signal
import string
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from corpus import ENTRIES, Entry
from corpus.notebooks import ASKED, WHOLE, filled, plain, wrong
from nbconvert.filters import markdown2html
from nbgrader.api import Gradebook
from nbgrader.preprocessors import GetGrades
from nbgrader.utils import determine_grade, is_grade
from traitlets.config import Config

from autograder import course as classroom
from autograder.grading import tiers
from autograder.grading.assignment import Assignment, load
from autograder.grading.feedback import FeedbackExporter
from autograder.grading.intake import take_in
from autograder.grading.model import NotGraded, Report, Submission, Tier
from autograder.grading.record import Recorder, graded_notebook
from autograder.grading.sandbox import Sandbox
from autograder.grading.trial import Patience, try_submission
from book import weave
from book.contents import ROOT, chapter

SECRET = b"a secret of the tests"
SHORT = Patience(cell=1.0, share=0.2)  # one second for a cell and for an answer
FIRST = Patience(cell=1.0, share=0.2, whole=4.0)  # a first try
FOREVER = 90  # seconds after which the trusted side hangs, on however busy a machine
TIERS = (Tier.BUBBLEWRAP, Tier.LANDLOCK)
RUNS_CODE = ("forging", "stealing", "exhausting")  # after these the next student is looked at
ACTIVE = (
    "script iframe frame object embed applet form button input base link svg math img video audio"
)
HARMLESS = ("#", "http://", "https://", "mailto:")

pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass
class Classroom:
    """A course whose assignments are the beginnings of two chapters, and a sandbox for each."""

    root: Path
    assignments: dict[str, Assignment]
    config: Config


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    before = dict(os.environ)
    root = tmp_path_factory.mktemp("course")
    notebooks = root / "solutions" / "notebooks"
    for slug in ASKED:
        folder = chapter(slug).folder
        (notebooks / folder).mkdir(parents=True)
        nbformat.write(shortened(slug), notebooks / folder / f"{slug}.ipynb")
    course = classroom.Course(root)
    for slug in ASKED:
        course.release(chapter(slug).folder)
    yield Classroom(
        root, {slug: load(chapter(slug).folder, notebooks) for slug in ASKED}, course.config
    )
    os.environ.clear()
    os.environ.update(before)


def shortened(slug: str) -> nbformat.NotebookNode:
    """The solved chapter, with the check cells of the corpus's exercises and of no other."""
    notebook = weave.notebook(chapter(slug))
    wanted = {name.replace("_", "-") for name in ASKED[slug]}
    notebook.cells = [
        cell
        for cell in notebook.cells
        if "nbgrader" not in cell.metadata
        or cell.metadata.nbgrader.grade_id.removeprefix("check-") in wanted
    ]
    return notebook


@pytest.fixture(scope="module", params=TIERS, ids=lambda tier: f"tier{tier:d}")
def sandboxes(request: pytest.FixtureRequest, room: Classroom) -> Iterator[dict[str, Sandbox]]:
    """A sandbox for each chapter, shared by all submissions, so that one could harm the next."""
    why = tiers.obstacle(request.param)
    if why:
        pytest.skip(f"tier {request.param:d} is not to be had here: {why}")
    opened = {
        slug: Sandbox(request.param, assignment.modules)
        for slug, assignment in room.assignments.items()
    }
    yield opened
    for sandbox in opened.values():
        sandbox.close()


def graded(
    entry: Entry, room: Classroom, sandboxes: dict[str, Sandbox], folder: Path
) -> tuple[Submission | None, Report]:
    """Take a submission in and try it, as a batch does."""
    assignment = room.assignments[entry.chapter]
    handed_in = folder / "submitted" / entry.student / assignment.name
    handed_in.mkdir(parents=True)
    entry.hand_in(handed_in)
    sandbox = sandboxes[entry.chapter]
    try:
        submission = take_in(handed_in, entry.student, assignment)
    except NotGraded as reason:
        blank = Report(entry.student, assignment.name, "", sandbox.tier, ungraded=str(reason))
        return None, blank
    patience = FIRST if entry.slow else SHORT if entry.hangs else Patience()
    return submission, try_submission(submission, assignment, SECRET, sandbox, patience)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_submission(
    entry: Entry, room: Classroom, sandboxes: dict[str, Sandbox], tmp_path: Path
) -> None:
    with bounded():
        submission, report = graded(entry, room, sandboxes, tmp_path)
    assert report.slow == entry.slow
    if report.slow:
        return
    assert report.tier == sandboxes[entry.chapter].tier
    assert_words_are_plain(report)
    assert_told_nothing(entry, report)
    if entry.deserves is None:
        assert report.ungraded, f"graded with {report.score}"
    if report.ungraded:
        assert entry.deserves is None or entry.refusable, report.ungraded
        assert re.match(r"\S.*[.]$", report.ungraded, re.S), "the reason is no sentence"
        assert report.results == ()
    else:
        assert submission is not None
        assert_score(entry, report)
        if entry.flagged:
            assert report.flags, "the instructor reads nothing of it"
        if entry.recorded:
            with bounded():
                assert_recorded(entry, submission, report, room, tmp_path)
    if entry.kind in RUNS_CODE:
        assert_next_is_graded(room, sandboxes, tmp_path)


class Hung(BaseException):
    """Grading itself does not end; no Exception, so that no code of ours takes it for its own."""


@contextmanager
def bounded() -> Iterator[None]:
    """Fail where a submission keeps the trusted side busy, instead of waiting for it."""

    def stop(number: int, frame: object) -> None:
        raise Hung(f"the trusted side was still busy after {FOREVER} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(FOREVER)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# -- the score ---------------------------------------------------------------------------------


def assert_score(entry: Entry, report: Report) -> None:
    assert [one.exercise for one in report.results] == list(ASKED[entry.chapter])
    assert report.points == WHOLE[entry.chapter]
    assert all(0 <= one.score <= one.points for one in report.results)
    assert all(one.right == (one.score == one.points) for one in report.results)
    assert entry.deserves is not None and entry.least is not None
    said = [(one.exercise, one.score, one.finding, one.advice[:300]) for one in report.results]
    assert report.score <= entry.deserves + 1e-6, f"more than it deserves: {said} {report.flags}"
    assert report.score >= entry.least - 1e-6, f"less than it deserves: {said} {report.flags}"


def assert_next_is_graded(room: Classroom, sandboxes: dict[str, Sandbox], folder: Path) -> None:
    """Whatever the last one did, the next student gets all points."""
    next_one = Entry("next", "odd", "Is honest and comes next.", filled(), 5.0, 5.0)
    _, report = graded(next_one, room, sandboxes, folder / "next")
    assert (report.ungraded, report.score) == ("", 5.0)


# -- the words ---------------------------------------------------------------------------------


def assert_words_are_plain(report: Report) -> None:
    """Whatever reaches a person is one line of text that any file and terminal can take."""
    told = [text for one in report.results for text in (one.finding, one.advice)]
    for text in (*told, *report.flags, report.ungraded):
        assert text.isprintable(), f"not printable: {text!r}"
        text.encode()
    assert all(len(one.finding) <= 400 and len(one.advice) <= 1500 for one in report.results)
    assert all(len(flag) <= 1500 for flag in report.flags)
    line = json.dumps(asdict(report))
    assert len(line.splitlines()) == 1


def assert_told_nothing(entry: Entry, report: Report) -> None:
    """What the code said while it knew the hidden inputs stays where it was."""
    told = " ".join(f"{one.finding} {one.advice}" for one in report.results)
    for word in entry.untold:
        assert word not in told


# -- the gradebook and the pages ---------------------------------------------------------------


def assert_recorded(
    entry: Entry, submission: Submission, report: Report, room: Classroom, folder: Path
) -> None:
    """The gradebook, the notebook for the formgrader and the feedback say what the report says."""
    (assignment,) = (one for one in room.assignments.values() if one.name == submission.assignment)
    notebook = graded_notebook(submission, assignment, report)
    nbformat.validate(notebook)
    assert_notebook_is_ours(notebook, report)
    config = Config(room.config)
    for step in ("submitted", "autograded"):
        setattr(config.CourseDirectory, f"{step}_directory", str(folder / step))
    with Recorder(assignment, config) as recorder:
        try:
            recorder.record(submission, report)
        except NotGraded as reason:
            assert entry.refusable and str(reason).endswith(".")
            return
        assert recorder.is_recorded(submission, assignment)
    with Gradebook(config.CourseDirectory.db_url) as gradebook:
        row = gradebook.find_submission(assignment.name, submission.student)
        assert (row.score, row.max_score) == (report.score, report.points)
        assert not row.needs_manual_grade
    assert_page_is_inert(feedback(submission, assignment, config, folder))


def assert_notebook_is_ours(notebook: nbformat.NotebookNode, report: Report) -> None:
    """Nothing of the student's is in it but text, and the scores in it are the report's."""
    scores = [determine_grade(cell)[0] for cell in notebook.cells if is_grade(cell)]
    assert scores == [one.score for one in report.results]
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "generated", "grading"}
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert cell.cell_type in ("code", "markdown")
        assert not cell.get("attachments") and set(cell.metadata) <= {
            "nbgrader",
            "grading",
            "deletable",
            "editable",
            "tags",
        }
        assert is_grade(cell) or not cell.get("outputs")
        if cell.cell_type == "markdown" and cell.id.startswith("added-"):
            assert_is_inert(BeautifulSoup(markdown2html(cell.source), "html.parser"))
            assert not re.search(r"\\(href|require|style|class|cssId)\b", cell.source)


def feedback(submission: Submission, assignment: Assignment, config: Config, folder: Path) -> str:
    """The page that the student gets back, with the scores that the gradebook has."""
    student, name = submission.student, assignment.name
    path = folder / "autograded" / student / name
    notebook = nbformat.read(path / f"{assignment.slug}.ipynb", as_version=4)
    resources = {
        "nbgrader": {
            "notebook": assignment.slug,
            "assignment": name,
            "student": student,
            "db_url": config.CourseDirectory.db_url,
        },
        "metadata": {"path": str(path), "name": assignment.slug},
    }
    notebook, resources = GetGrades().preprocess(notebook, resources)
    return FeedbackExporter().from_notebook_node(notebook, resources)[0]


def assert_page_is_inert(page: str) -> None:
    page.encode()
    found = BeautifulSoup(page, "html.parser")
    (policy,) = found.find_all("meta", {"http-equiv": True})
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert "default-src 'none'" in policy["content"]
    assert_is_inert(found)


def assert_is_inert(found: BeautifulSoup) -> None:
    """No element that acts or loads, no handler, and no address that could do so."""
    assert not found.find_all(ACTIVE.split())
    for tag in found.find_all(True):
        assert set(tag.name) <= set(string.ascii_letters + string.digits), tag.name
        for name, value in tag.attrs.items():
            assert not name.lower().startswith("on") and name not in ("src", "srcset", "style")
            if name in ("href", "action", "formaction"):
                assert str(value).strip().lower().startswith(HARMLESS), value


# -- two at once -------------------------------------------------------------------------------

NOTES = ("/tmp", "/dev/shm", "/var/tmp", "/run", ".", "/", "~")
LEAVE = f"""
import os, socket, sys
import numpy as np
TEXT = "def sigmoid(z): return 0.5 * (1 + np.tanh(z / 2))"
for folder in {NOTES!r}:
    for name in ("note", ".note", "sitecustomize.py", "solutions.py"):
        try:
            with open(os.path.join(os.path.expanduser(folder), name), "w") as file:
                file.write(TEXT)
            os.mkdir(os.path.join(folder, "note-folder"))
        except OSError:
            pass
for module in (os, np, sys, np.random):
    module.NOTE = TEXT
np.tanh.__init_subclass__ = None if False else np.tanh
os.environ["NOTE"] = TEXT
try:
    import ctypes
    libc = ctypes.CDLL(None)
    at = libc.shmget(4711, 4096, 0o1666)
    libc.msgget(4711, 0o1666)
    libc.add_key(b"user", b"note", TEXT.encode(), len(TEXT), -4)
except Exception:
    pass
try:
    NAMED = socket.socket(socket.AF_UNIX)
    NAMED.bind("\\0note")
except OSError:
    pass
"""
LOOK = f"""
import os, socket, sys
import numpy as np
FOUND = [getattr(module, "NOTE", "") for module in (os, np, sys, np.random)]
FOUND.append(os.environ.get("NOTE", ""))
for folder in {NOTES!r}:
    for name in ("note", ".note", "sitecustomize.py", "solutions.py"):
        try:
            with open(os.path.join(os.path.expanduser(folder), name)) as file:
                FOUND.append(file.read())
        except OSError:
            pass
    if os.path.exists(os.path.join(folder, "note-folder")):
        FOUND.append("def sigmoid(z): return 0.5 * (1 + np.tanh(z / 2))")
try:
    socket.socket(socket.AF_UNIX).bind("\\0note")
except OSError as error:
    if error.errno == 98:  # somebody has that name
        FOUND.append("def sigmoid(z): return 0.5 * (1 + np.tanh(z / 2))")
try:
    import ctypes
    if ctypes.CDLL(None).shmget(4711, 4096, 0) >= 0 or ctypes.CDLL(None).msgget(4711, 0) >= 0:
        FOUND.append("def sigmoid(z): return 0.5 * (1 + np.tanh(z / 2))")
except Exception:
    pass
for text in FOUND:
    if text:
        exec(text, globals())
"""


def test_a_note_for_the_next_student_is_not_found(
    room: Classroom, sandboxes: dict[str, Sandbox], tmp_path: Path
) -> None:
    """A friend leaves the answer wherever something can be left; the next one looks everywhere."""
    writer = Entry("writer", "stealing", "Leaves notes.", filled(first=LEAVE), 5.0, 5.0)
    _, report = graded(writer, room, sandboxes, tmp_path / "writer")
    assert report.score == 5.0
    look = wrong(sigmoid=LOOK)
    reader = Entry("reader", "stealing", "Looks for notes.", look, 0.0, 0.0)
    _, report = graded(reader, room, sandboxes, tmp_path / "reader")
    assert (report.ungraded, report.score) == ("", 0.0)


def test_a_notebook_scores_alike_under_either_name(
    room: Classroom, sandboxes: dict[str, Sandbox], tmp_path: Path
) -> None:
    """Two students hand in the same: other inputs are drawn for each, and the score is one."""
    seen = []
    for student in ("one", "two"):
        entry = Entry("same", "odd", "Is the same.", filled(), 5.0, 5.0, student=student)
        _, report = graded(entry, room, sandboxes, tmp_path)
        seen.append((report.score, report.digest))
    assert seen[0] == seen[1]


# -- as a class ------------------------------------------------------------------------------

ON_THE_OUTSIDE = ("tampering", "malformed", "injecting")


def test_a_class_of_them_is_graded_by_the_command(room: Classroom) -> None:
    """`python -m autograder grade`, on all at once that attack what stands around the sandbox."""
    if all(tiers.obstacle(tier) for tier in TIERS):
        pytest.skip("neither tier 1 nor tier 2 is to be had here")
    assignment = room.assignments["activations"]
    submitted = room.root / classroom.FOLDER / "submitted"
    handed_in = dict[str, Entry]()
    for number, entry in enumerate(ENTRIES):
        if entry.kind in ON_THE_OUTSIDE and entry.student != "..":
            student = entry.student if entry.student != "student" else f"student-{number}"
            (submitted / student / assignment.name).mkdir(parents=True)
            entry.hand_in(submitted / student / assignment.name)
            handed_in[student] = entry
    shutil.copy(ROOT / "nbgrader_config.py", room.root)
    run = subprocess.run(
        [sys.executable, "-m", "autograder", "grade", assignment.name, "--jobs", "2"],
        cwd=room.root,
        env={**os.environ, "NND_COURSE": classroom.FOLDER, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stderr  # some cannot be graded, and it says so
    with Gradebook(room.config.CourseDirectory.db_url) as gradebook:
        rows = gradebook.assignment_submissions(assignment.name)
        scores = {row.student_id: row.score for row in rows}
    graded = {
        path.parent.parent.name: path
        for path in (room.root / classroom.FOLDER / "autograded").glob("*/*/*.ipynb")
    }
    amiss = [
        f"{student!r}: {entry.id}"
        for student, entry in handed_in.items()
        if not as_deserved(entry, scores[student] if student in graded else None)
    ]
    assert amiss == []
    assert len(graded) > 100


def as_deserved(entry: Entry, score: float | None) -> bool:
    if score is None:
        return entry.deserves is None or entry.refusable
    if entry.deserves is None or entry.least is None:
        return False
    return entry.least - 1e-6 <= score <= entry.deserves + 1e-6


# -- the corpus itself -------------------------------------------------------------------------


def test_the_corpus_is_as_large_as_promised() -> None:
    honest = [entry for entry in ENTRIES if entry.kind == "odd"]
    assert len(honest) >= 40 and len(ENTRIES) - len(honest) >= 120
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert re.match(r"[A-Z0-9].*[.]$", entry.tries), entry.tries
        assert entry.deserves is None or entry.deserves <= WHOLE[entry.chapter]


def test_nothing_of_the_corpus_is_a_file() -> None:
    folder = Path(__file__).parent / "corpus"
    assert {path.suffix for path in folder.iterdir() if path.is_file()} == {".py"}
    assert len(plain(filled())) < 200_000
