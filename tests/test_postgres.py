"""A class is graded into a real PostgreSQL server, which the test starts for itself."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from glob import glob
from pathlib import Path

import pytest
from batches import autograded, command, database, environment, make_class, recorded

from autograder.course import FOLDER
from autograder.grading import tiers
from autograder.grading.bench import CHAPTER
from autograder.grading.model import Tier

STUDENTS = 8
NEEDED = ("initdb", "pg_ctl", "postgres")
NOBODY = 65534  # the server refuses to run as root
FOLDERS = os.pathsep.join([os.environ.get("PATH", ""), *sorted(glob("/usr/lib/postgresql/*/bin"))])
PROGRAMS = {name: shutil.which(name, path=FOLDERS) for name in NEEDED}

pytest.importorskip("psycopg", reason="psycopg is not installed: pip install psycopg[binary]")
pytestmark = [
    pytest.mark.skipif(
        not all(PROGRAMS.values()),
        reason="no PostgreSQL server is installed (on Debian: apt install postgresql)",
    ),
    pytest.mark.skipif(
        not [tier for tier, why in tiers.available().items() if not why and tier < Tier.PLAIN],
        reason="no sandbox can be made here: install bubblewrap (on Debian: apt install bubblewrap)",
    ),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a database on a server that nobody else can reach."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        data = f"{folder}/data"
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        run("initdb", "-D", data, "-U", "nnd", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses= -c fsync=off -k {folder}"
        run("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://nnd@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


def run(program: str, *arguments: str) -> None:
    """Run one of the server's programs as somebody who may."""
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [str(PROGRAMS[program]), *arguments],
        cwd="/",
        stdout=subprocess.DEVNULL,  # a server that keeps a pipe open would keep us waiting
        stderr=subprocess.DEVNULL,
        timeout=120,
        **who,
    )
    assert done.returncode == 0, f"{program} {' '.join(arguments)}"


@pytest.fixture(scope="module")
def courses(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[tuple[Path, Path]]:
    """The same class twice: its gradebook in a file of SQLite, and on the server."""
    before = dict(os.environ)
    one = make_class(tmp_path_factory.mktemp("class") / "course", STUDENTS)
    other = shutil.copytree(one, tmp_path_factory.mktemp("server") / "course")
    (other / FOLDER / "gradebook.db").unlink()
    with (other / "nbgrader_config.py").open("a") as file:
        file.write(f"c.CourseDirectory.db_url = {server!r}\n")
    yield one, other
    os.environ.clear()
    os.environ.update(before)


def graded(root: Path, *arguments: str) -> str:
    done = command(root, "grade", CHAPTER, *arguments, NND_COURSE_SEED="7")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_server_holds_what_a_file_would(courses: tuple[Path, Path], server: str) -> None:
    one, other = courses
    unknown = command(other, "grade", CHAPTER)
    assert unknown.returncode == 1 and "run `nbgrader generate_assignment" in unknown.stderr
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", CHAPTER, "--force"],
        cwd=other,
        env=environment(),
        check=True,
        capture_output=True,
    )
    for root in courses:
        graded(root)
    found = recorded(server)
    assert len({row[0] for row in found if len(row) == 8}) == STUDENTS
    assert found == recorded(database(one))
    assert autograded(other) == autograded(one)
    assert not (other / FOLDER / "gradebook.db").exists()


def test_a_second_run_finds_the_first_on_the_server(
    courses: tuple[Path, Path], server: str
) -> None:
    _, other = courses
    before = recorded(server)
    assert f"{STUDENTS} submissions graded before" in graded(other)
    assert f"{STUDENTS} submissions graded in" in graded(other, "--again")
    assert recorded(server) == before
