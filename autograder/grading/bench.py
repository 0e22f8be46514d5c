"""Measure how a class is graded: `make bench-grading`, beside stock nbgrader in the same run.

The class is simulated, in a temporary folder: its students wrote right, wrong, half or no answers,
each into a file of their own.  Seconds are those of the whole command, from its start to its end.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import nbformat
import psutil

from autograder.course import CLASS, FOLDER, ROOT, Course, Student
from autograder.exercise import Exercise

CHAPTER = "02_activations"
FEW = 3  # exercises of the small assignment
SAMPLE = 5  # submissions on which stock nbgrader is measured; at its pace a class takes an hour
MEGABYTE = 1 << 20
STOCK = """
for mended in ("Autograde", "GenerateFeedback"):
    c.pop(mended, None)
c.CourseDirectory.pop("ignore", None)
"""


def _endless(exercise: Exercise, i: int, n: int) -> str:
    return "    while True:\n        pass"


HANGING = Student("hanging", _endless, lambda exercise, i, n: 0.0)


# -- a class -------------------------------------------------------------------------------------


def lay_out(root: Path, exercises: int | None = None, chapter: str = CHAPTER) -> Course:
    """Lay out a course whose one assignment is the beginning of a chapter, or all of it."""
    slug = chapter.partition("_")[2]
    notebook = nbformat.read(ROOT / "solutions/notebooks" / chapter / f"{slug}.ipynb", as_version=4)
    if exercises is not None:
        code = next(cell for cell in notebook.cells if cell.cell_type == "code")
        graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
        notebook.cells = [code, *graded[: 2 * exercises]]
    path = root / "solutions/notebooks" / chapter / f"{slug}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    course = Course(root)
    course.release(chapter)
    return course


def hand_in(course: Course, names: Sequence[str], kinds: Sequence[Student] = CLASS) -> None:
    """Hand in a notebook for each name, the kinds of students in turn, no two files the same."""
    (chapter,) = os.listdir(course.folder / "release")
    patterns = []
    for kind in kinds:
        course.submit(chapter, kind)
        folder = course.folder / "submitted" / kind.name
        (path,) = (folder / chapter).glob("*.ipynb")
        patterns.append((path.name, nbformat.read(path, as_version=4)))
        shutil.rmtree(folder)
    for i, name in enumerate(names):
        file, notebook = patterns[i % len(patterns)]
        notebook.metadata["authors"] = [{"name": name}]
        target = course.folder / "submitted" / name / chapter
        target.mkdir(parents=True)
        (target / file).write_text(nbformat.writes(notebook), encoding="utf-8")


@contextmanager
def simulated(students: int, exercises: int | None = None, hanging: int = 0) -> Iterator[Course]:
    """Make a class for as long as the block runs; those whose code hangs come first in the list."""
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as folder:
        course = lay_out(Path(folder), exercises)
        hand_in(course, [f"student{i:05}" for i in range(students)])
        hand_in(course, [f"endless{i:05}" for i in range(hanging)], [HANGING])
        yield course


# -- measuring -----------------------------------------------------------------------------------


@dataclass
class Measured:
    """What a command took: seconds on the clock and of the processors, and memory by process.

    peak: the most bytes that all its processes together held at a moment.  memory: for each process,
    what it was called and how many bytes it held, second by second.
    """

    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    memory: dict[int, tuple[str, list[int]]] = field(default_factory=dict)


def measured(command: Sequence[str], course: Course) -> Measured:
    """Run Python on a module in a course's folder; raises RuntimeError if it does not succeed."""
    found, before, began = Measured(), os.times(), time.monotonic()
    with tempfile.TemporaryFile() as said:
        program = _started(command, course, said)
        watcher = threading.Thread(target=_watch, args=(program, found))
        watcher.start()
        code = program.wait()
        found.wall, after = time.monotonic() - began, os.times()
        watcher.join()
        if code:
            raise RuntimeError(f"{command} failed:\n{_read(said)}")
    spent = [one.children_user + one.children_system for one in (before, after)]
    found.cpu = spent[1] - spent[0]
    return found


def _started(command: Sequence[str], course: Course, said: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=course.root,
        env={**os.environ, "NND_COURSE": FOLDER, "PYTHONPATH": str(ROOT)},
        stdout=said,
        stderr=subprocess.STDOUT,
    )


def _read(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")


def _watch(program: subprocess.Popen, found: Measured) -> None:
    """Write down what the program's processes hold in memory, until it has ended."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(program.pid)
        while program.poll() is None:
            together = 0
            for process in [root, *root.children(recursive=True)]:
                with suppress(psutil.Error):
                    held = process.memory_info().rss
                    found.memory.setdefault(process.pid, (process.name(), []))[1].append(held)
                    together += held
            found.peak = max(found.peak, together)
            time.sleep(1)


def grading(course: Course, jobs: int) -> Measured:
    return measured(["autograder", "grade", CHAPTER, "--jobs", str(jobs)], course)


def stock(exercises: int | None) -> Measured:
    """Return what stock nbgrader takes for one submission, without what it takes to start."""
    runs = []
    for students in (1, 1 + SAMPLE):
        with simulated(students, exercises) as course:
            with (course.root / "nbgrader_config.py").open("a") as file:
                file.write(STOCK)
            runs.append(measured(["nbgrader", "autograde", CHAPTER], course))
    one, more = runs
    wall, cpu = (more.wall - one.wall) / SAMPLE, (more.cpu - one.cpu) / SAMPLE
    return Measured(wall, cpu, more.peak)


def until_honest(course: Course, students: int, jobs: int) -> float:
    """Return how long it takes until all are recorded that do not hang; then stop the run."""
    began = time.monotonic()
    command = ["autograder", "grade", CHAPTER, "--jobs", str(jobs)]
    with tempfile.TemporaryFile() as said:
        program = _started(command, course, said)
        done = course.folder / "autograded"
        while len([*done.glob("student*/*/*.ipynb")]) < students:
            if program.poll():
                raise RuntimeError(f"{command} failed:\n{_read(said)}")
            time.sleep(0.1)
        took = time.monotonic() - began
        program.send_signal(signal.SIGINT)
        program.wait()
    return took


# -- the table -----------------------------------------------------------------------------------


def compare(students: int, jobs: int) -> None:
    """Print a line for each assignment, graded by us and by stock nbgrader."""
    print(f"{students} students, {jobs} processes on {os.cpu_count()} cores", flush=True)
    print(f"{'':40}{'wall':>9}{'CPU each':>12}{'a second':>10}{'memory':>10}")
    for title, exercises in ((f"{FEW} exercises", FEW), ("a whole chapter", None)):
        with simulated(students, exercises) as course:
            ours = grading(course, jobs)
        _line(f"{title}, autograder", ours, students)
        theirs = stock(exercises)
        scaled = Measured(theirs.wall * students, theirs.cpu * students, theirs.peak)
        _line(f"{title}, stock nbgrader *", scaled, students)
    print(f"* extrapolated from {SAMPLE} submissions, without its start", flush=True)


def _line(title: str, took: Measured, students: int) -> None:
    each = f"{1000 * took.cpu / students:.0f} ms"
    memory = f"{took.peak / MEGABYTE:.0f} MB"
    pace = f"{students / took.wall:.1f}"
    print(f"{title:40}{took.wall:>7.1f} s{each:>12}{pace:>10}{memory:>10}", flush=True)


def delay(students: int, hanging: int, jobs: int) -> None:
    """Print when the last honest submission is recorded, without and with those that hang."""
    for more in (0, hanging):
        with simulated(students, FEW, more) as course:
            took = until_honest(course, students, jobs)
        print(
            f"{students} students, before them {more} whose code hangs: the last of the {students} "
            f"is recorded after {took:.1f} s",
            flush=True,
        )


def endurance(submissions: int, jobs: int) -> None:
    """Print how the memory of each process changes over many submissions."""
    with simulated(submissions, FEW) as course:
        took = grading(course, jobs)
    print(f"{submissions} submissions in {took.wall:.0f} s; resident, MB: early, middle, late")
    longest = max(len(resident) for _, resident in took.memory.values())
    for pid, (name, resident) in took.memory.items():
        if 2 * len(resident) > longest:  # it lived about as long as the class took
            thirds = [resident[len(resident) * i // 10 :][:5] for i in (1, 5, 9)]
            held = "".join(f"{statistics.median(one) / MEGABYTE:9.1f}" for one in thirds)
            print(f"{name[:20]:20}{pid:>9}{held}")


def main(options: argparse.Namespace) -> int:
    """Print the figures asked for."""
    jobs = options.jobs
    if options.submissions:
        endurance(options.submissions, jobs)
        return 0
    compare(options.students, jobs)
    delay(options.students, options.hanging, jobs)
    return 0
