"""nbgrader's own commands and buttons grade through us, whatever a submitted folder holds."""

import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from classes import (  # noqa: F401
    NAME,
    SLUG,
    Class,
    answered,
    environment_put_back,
    files,
    generated,
    make_class,
    pupils,
    reported,
    solved,
)

from autograder.grading import preprocess, tiers
from autograder.grading.engine import Task
from autograder.grading.model import Report, Tier
from book.contents import ROOT

CLASSMATE = "classmate's own words"
UNIX = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes and links are Unix's")


@pytest.fixture
def bounded() -> Iterator[None]:
    """Make an endless file or a pipe, should it ever be opened, fail the test and nothing more."""
    if not hasattr(os, "mkfifo"):
        yield
        return
    import resource

    def late(*_: object) -> None:
        raise TimeoutError("waits for a pipe")

    bounds = {resource.RLIMIT_FSIZE: 100_000_000, resource.RLIMIT_AS: 8_000_000_000}
    before = {bound: resource.getrlimit(bound) for bound in bounds}
    for bound, most in bounds.items():
        resource.setrlimit(bound, (most, before[bound][1]))
    handler = signal.signal(signal.SIGALRM, late)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, handler)
    for bound, limits in before.items():
        resource.setrlimit(bound, limits)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch, bounded: None) -> list[Task]:
    """Judge everything right without a sandbox; return the list of what is judged."""
    tasks: list[Task] = []

    def perform(task: Task) -> Report:
        tasks.append(task)
        return reported(task.submission)

    monkeypatch.setattr(preprocess, "perform", perform)
    monkeypatch.setattr(preprocess, "choose", lambda trust: Tier.PLAIN)
    return tasks


def as_link(path: Path, pupils: Class) -> None:
    path.symlink_to(pupils.place("submitted", "classmate") / f"{SLUG}.ipynb")


def as_broken_link(path: Path, pupils: Class) -> None:
    path.symlink_to("nowhere.ipynb")


def as_foreign_file(path: Path, pupils: Class) -> None:
    path.symlink_to("/etc/passwd")


def as_device(path: Path, pupils: Class) -> None:
    path.symlink_to("/dev/zero")


def as_pipe(path: Path, pupils: Class) -> None:
    os.mkfifo(path)


def as_huge_file(path: Path, pupils: Class) -> None:
    path.touch()
    os.truncate(path, 90_000_000)


def as_folder(path: Path, pupils: Class) -> None:
    path.mkdir()


def as_deep_json(path: Path, pupils: Class) -> None:
    path.write_text('{"cells": ' + "[" * 100_000)


MADE = [as_link, as_broken_link, as_foreign_file, as_device, as_pipe, as_huge_file, as_folder]


@UNIX
@pytest.mark.parametrize("made", [*MADE, as_deep_json])
def test_what_is_no_notebook_is_never_opened_and_never_a_zero(
    pupils: Class, judged: list[Task], made
) -> None:
    pupils.submit("classmate", answered(pupils.released(), f"return '{CLASSMATE}'"))
    folder = pupils.place("submitted", "mallory")
    folder.mkdir(parents=True)
    made(folder / f"{SLUG}.ipynb", pupils)
    said = pupils.autograde("mallory")
    assert not said["success"] and "NotGraded" in said["log"]
    assert not judged and not pupils.place("autograded", "mallory").exists()
    row = pupils.rows()["mallory"]
    assert row["needs_manual_grade"] and "('auto_score', 'None')" in str(row["grades"])
    assert "('auto_score', '0" not in str(row["grades"])
    assert "root:" not in said["log"] and CLASSMATE not in said["log"]


@UNIX
@pytest.mark.parametrize("made", MADE)
def test_what_comes_along_is_not_copied(pupils: Class, judged: list[Task], made) -> None:
    pupils.submit("classmate", answered(pupils.released(), f"return '{CLASSMATE}'"))
    pupils.submit("mallory", timestamp="2026-09-01 12:00:00 UTC")
    folder = pupils.place("submitted", "mallory")
    for name in ("data.csv", "notes.ipynb", ".hidden", "evil.html"):
        made(folder / name, pupils)
    (folder / "sub").mkdir()
    made(folder / "sub" / "more.txt", pupils)
    assert pupils.autograde("mallory")["success"]
    pupils.feedback("mallory")
    slips = {"timestamp.txt", "submission_secret.txt"}
    assert set(files(pupils.place("autograded", "mallory"))) == {f"{SLUG}.ipynb", *slips}
    assert set(files(pupils.place("feedback", "mallory"))) == {f"{SLUG}.html", *slips}


@UNIX
@pytest.mark.parametrize("made", [as_foreign_file, as_device, as_pipe, as_broken_link])
def test_a_timestamp_that_is_no_file_is_not_read(pupils: Class, judged: list[Task], made) -> None:
    pupils.submit("mallory")
    folder = pupils.place("submitted", "mallory")
    made(folder / "timestamp.txt", pupils)
    said = pupils.autograde("mallory")
    assert said["success"] and "root:" not in said.get("log", "")
    assert pupils.rows()["mallory"]["timestamp"] is None
    assert os.path.lexists(folder / "timestamp.refused")
    assert set(files(pupils.place("autograded", "mallory"))) == {f"{SLUG}.ipynb"}


@UNIX
def test_a_folder_that_is_a_link_is_refused(pupils: Class, judged: list[Task]) -> None:
    pupils.submit("classmate")
    pupils.place("submitted", "mallory").parent.mkdir()
    pupils.place("submitted", "mallory").symlink_to(pupils.place("submitted", "classmate"))
    assert not pupils.autograde("mallory")["success"]
    assert not judged


def test_a_renamed_notebook_is_graded_all_the_same(pupils: Class, judged: list[Task]) -> None:
    pupils.submit("s", answered(pupils.released()))
    folder = pupils.place("submitted", "s")
    (folder / f"{SLUG}.ipynb").rename(folder / f"{SLUG} (1).ipynb")
    assert pupils.autograde("s")["success"]
    assert any("renamed notebook" in flag for flag in judged[0].submission.flags)
    assert pupils.rows()["s"]["score"] == 5.0


def test_an_encoding_that_nbgrader_cannot_read_is_graded(pupils: Class, judged: list[Task]) -> None:
    pupils.submit("s", answered(pupils.released()))
    path = pupils.place("submitted", "s") / f"{SLUG}.ipynb"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    assert pupils.autograde("s")["success"]


def test_a_newer_submission_is_graded_again_and_the_same_one_is_not(
    pupils: Class, judged: list[Task]
) -> None:
    """What `nbgrader autograde` without --force does by the timestamp that we leave behind."""
    for timestamp, times in (
        ("2026-09-01 12:00:00 UTC", 1),
        ("2026-09-01 12:00:00 UTC", 1),
        ("2026-09-02 12:00:00 UTC", 2),
    ):
        pupils.submit("s", timestamp=timestamp)
        assert pupils.course.api.autograde(NAME, "s", force=False)["success"]
        assert len(judged) == times


def test_a_failure_of_grading_is_no_zero(
    pupils: Class, judged: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = pupils.submit("s")
    assert pupils.autograde("s")["success"]
    broken = reported(submission, ungraded="The sandbox would not start.")
    monkeypatch.setattr(preprocess, "perform", lambda task: broken)
    said = pupils.autograde("s")
    assert not said["success"] and "The sandbox would not start." in said["log"]
    row = pupils.rows()["s"]
    assert row["needs_manual_grade"] and row["grades"][0][2] != ("auto_score", "2.0")
    assert not pupils.place("autograded", "s").exists()


def test_no_execute_gives_nothing_away(pupils: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    """With stock nbgrader this option takes the outputs that the student wrote."""
    submission = pupils.submit("s")
    monkeypatch.setattr(preprocess, "perform", lambda task: reported(submission, 0.0, 0.0, 0.0))
    pupils.course.config.Execute.enabled = False
    pupils.course.api.update_config(pupils.course.config)
    assert pupils.autograde("s")["success"]
    assert pupils.rows()["s"]["score"] == 0.0


@UNIX
def test_collecting_follows_no_link(pupils: Class, bounded: None) -> None:
    """With stock nbgrader a link to the solved notebook arrives as a submission."""
    inbound = pupils.folder / "exchange" / "nnd" / "inbound"
    for folder in (inbound, inbound.parent / "outbound", inbound.parent / "feedback"):
        folder.mkdir(parents=True)
    sent = inbound / f"mallory+{NAME}+2026-09-01 12:00:00.000000 UTC+abc"
    sent.mkdir()
    source = pupils.course.root / "solutions" / "notebooks" / NAME / f"{SLUG}.ipynb"
    (sent / f"{SLUG}.ipynb").symlink_to(source)
    (sent / "zero.ipynb").symlink_to("/dev/zero")
    os.mkfifo(sent / "pipe.ipynb")
    shutil.copy(source, sent / "mine.ipynb")
    (sent / "timestamp.txt").write_text("2026-09-01 12:00:00.000000 UTC")
    pupils.course.api.log_level = "WARN"
    said = pupils.course.api.collect(NAME)
    assert said["success"], said
    collected = files(pupils.place("submitted", "mallory"))
    assert set(collected) == {"mine.ipynb", "timestamp.txt"}
    assert f"{SLUG}.ipynb" in said["log"]


def test_the_command_line_grades_in_the_sandbox(pupils: Class) -> None:
    """From submission to feedback with `nbgrader` itself, as an instructor types it."""
    missing = tiers.available()[Tier.BUBBLEWRAP] and tiers.available()[Tier.LANDLOCK]
    if missing:
        warnings.warn(f"not run, because there is no sandbox here: {missing}", stacklevel=1)
        pytest.skip(missing)
    pupils.submit("right", answered(pupils.released(), "return 1 / (1 + np.exp(-z))"))
    for step in ("autograde", "generate_feedback"):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", step, NAME],
            cwd=pupils.course.root,
            env={
                **os.environ,
                "NND_COURSE_SEED": "a secret of the course",
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
    (page,) = pupils.place("feedback", "right").glob("*.html")
    assert "points" in page.read_text(encoding="utf-8")
    row = pupils.rows()["right"]
    assert 0 < row["score"] < 5 and not row["needs_manual_grade"]
    kept = nbformat.read(pupils.place("autograded", "right") / f"{SLUG}.ipynb", as_version=4)
    assert kept.metadata.grading.tier in (Tier.BUBBLEWRAP, Tier.LANDLOCK)
