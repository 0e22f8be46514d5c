"""A class is tried by a Dask cluster, of this machine or at an address, with the same result."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from batches import command, database, environment, make_class, recorded

from autograder.grading import engine, tiers
from autograder.grading.bench import CHAPTER
from autograder.grading.engine import DaskEngine
from autograder.grading.model import NotGraded, Tier

pytest.importorskip("distributed", reason="Dask is not installed: pip install dask distributed")
pytestmark = pytest.mark.skipif(
    not [tier for tier, why in tiers.available().items() if not why and tier < Tier.PLAIN],
    reason="no sandbox can be made here: install bubblewrap (on Debian: apt install bubblewrap)",
)
STUDENTS = 4


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course in which a class has handed in."""
    before = dict(os.environ)
    yield make_class(tmp_path_factory.mktemp("class") / "course", STUDENTS)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def locally(handed_in: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple]:
    """What the gradebook holds when the class is graded by processes of this machine."""
    return graded(shutil.copytree(handed_in, tmp_path_factory.mktemp("locally") / "course"))


def graded(root: Path, *arguments: str) -> list[tuple]:
    done = command(root, "grade", CHAPTER, *arguments, NND_COURSE_SEED="7")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{STUDENTS} submissions graded" in done.stdout
    return recorded(database(root))


@contextmanager
def running(folder: Path, *words: str) -> Iterator[None]:
    """Run one of Dask's programs in a folder; end it afterwards."""
    program = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment(NND_COURSE="nowhere"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        program.terminate()
        program.wait(60)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler that runs by itself, in an empty folder, without workers."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    said = folder / "scheduler.json"
    words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(said))
    with running(folder, "distributed.cli.dask_scheduler", *words):
        end = time.monotonic() + 60
        while not said.exists() or not said.read_text().endswith("}"):
            assert time.monotonic() < end, "the scheduler did not start within a minute"
            time.sleep(0.1)
        yield json.loads(said.read_text())["address"]


def test_a_cluster_of_this_machine_grades_alike(
    handed_in: Path, locally: list[tuple], tmp_path: Path
) -> None:
    root = shutil.copytree(handed_in, tmp_path / "course")
    assert graded(root, "--engine", "dask", "--jobs", "2") == locally


def test_workers_elsewhere_need_neither_course_nor_gradebook(
    handed_in: Path, locally: list[tuple], scheduler: str, tmp_path: Path
) -> None:
    root = shutil.copytree(handed_in, tmp_path / "course")
    with pytest.raises(NotGraded, match="has no workers"):
        DaskEngine(1, scheduler)
    words = ("distributed.cli.dask_worker", scheduler, "--nthreads", "1", "--no-dashboard")
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(running(tmp_path / "elsewhere", *words))
        wait_for_workers(scheduler, 2)
        assert graded(root, "--engine", "dask", "--scheduler", scheduler) == locally


def wait_for_workers(scheduler: str, number: int) -> None:
    from distributed import Client

    with Client(scheduler, timeout=60) as client:
        client.wait_for_workers(number, timeout=60)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "REACH", 1)
    with pytest.raises(NotGraded, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9 "):
        DaskEngine(1, "tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NotGraded, match="pip install dask distributed"):
        DaskEngine(1)
