"""`python -m autograder grade`: what it needs of the course, and one grader at a time."""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from traitlets.config import Config, ConfigFileNotFound, PyFileConfigLoader

from autograder.grading.assignment import Assignment, load
from autograder.grading.batch import Batch
from autograder.grading.engine import start
from autograder.grading.journal import Journal, course_secret
from autograder.grading.model import NotGraded
from autograder.grading.record import Recorder
from autograder.grading.summary import told
from autograder.grading.tiers import choose

CONFIG = "nbgrader_config.py"


def main(options: argparse.Namespace) -> int:
    """Grade as the command line says; return 1 if something is left ungraded."""
    began = time.monotonic()
    course = Path(os.environ.get("NND_COURSE", "_build/course"))
    config = configuration()
    folders = CourseDirectory(config=config)
    assignment = load(options.assignment, Path(folders.root, folders.source_directory))
    submitted = Path(folders.root, folders.submitted_directory)
    students = handed_in(submitted, assignment.name, options.student)
    tier = choose(options.trust_submissions)
    with locked(course):
        secret = course_secret(course)
        path = course / "journal" / f"{assignment.name}.jsonl"
        with (
            Journal(path, assignment.declaration, secret, tier) as journal,
            gradebook(assignment, config) as recorder,
            closing(start(options.engine, options.jobs or cores(), options.scheduler)) as engine,
        ):
            batch = Batch(submitted, assignment, secret, tier, engine, journal, recorder)
            summary = batch.run(students, options.again)
    print(told(summary, course, assignment.name, time.monotonic() - began))
    return 0 if summary.complete else 1


def configuration() -> Config:
    """Return what nbgrader reads in this folder."""
    try:
        return PyFileConfigLoader(CONFIG, path=os.getcwd()).load_config()
    except ConfigFileNotFound:
        raise NotGraded(f"There is no {CONFIG} here: go to the folder that holds it.") from None


@contextmanager
def gradebook(assignment: Assignment, config: Config) -> Iterator[Recorder]:
    """Open the gradebook; raises NotGraded if that cannot be done."""
    with ExitStack() as stack:
        try:
            recorder = stack.enter_context(Recorder(assignment, config))
        except DBAPIError as error:
            url = make_url(CourseDirectory(config=config).db_url)  # its words hide a password
            raise NotGraded(f"The gradebook {url} cannot be opened: {error.orig}.") from None
        yield recorder


def handed_in(submitted: Path, assignment: str, student: str = "") -> list[str]:
    """Return the students who handed something in, or this one; raises NotGraded if none did."""
    found = [
        folder.name
        for folder in sorted(submitted.glob("*"))
        if os.path.lexists(folder / assignment) and student in ("", folder.name)
    ]
    if not found:
        raise NotGraded(
            f"Nothing to grade: there is no {submitted / (student or 'STUDENT') / assignment}. "
            "`nbgrader collect` and `nbgrader zip_collect` put submissions there; the variable "
            "NND_COURSE names another course."
        )
    return found


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def locked(course: Path) -> Iterator[None]:
    """Keep a second grader out of the course; raises NotGraded if there is one already."""
    path = course / "grading.lock"
    lock = FileLock(path, timeout=0)
    try:
        course.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise NotGraded(
            f"Somebody is grading this course already: {path} is held. Wait until that has ended, "
            "then start this command again."
        ) from None
    except OSError as error:
        raise NotGraded(f"The course's folder {course} cannot be written: {error}.") from None
    try:
        yield
    finally:
        lock.release()
