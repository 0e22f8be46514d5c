"""The instructors' page keeps its word: its commands are run, in order, in an empty folder."""

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import course as classroom
from autograder import exercises
from book.contents import BOOK, ROOT

PAGE = (BOOK / "teaching.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAME, SLUG = "02_activations", "activations"
COURSE = Path("courses/autumn")
# What an instructor's machine has and a test must do without: the network, root and pip.
STAND_INS = {
    "git": '[ "$1" = clone ] && exec cp -r "$STAND_INS/book" "$3"',
    "make": '[ "$1" = learn ] && mkdir -p .venv/bin && exec cp "$STAND_INS/activate" .venv/bin/',
    "sudo": 'echo "$@" >> "$STAND_INS/sudo.txt"',
    "python": (
        f'[ "$2" = pip ] && echo "$@" >> "$STAND_INS/pip.txt" && exit\nexec {sys.executable} "$@"'
    ),
}
PARTS = (
    "autograder",
    "solutions",
    "book",
    "nbgrader_config.py",
    "constraints.txt",
    "pyproject.toml",
)
REACHED = "the path that hostile code writes to"
SERVERS = ("jupyter lab", "dask scheduler", "dask worker")


def commands(page: str) -> list[str]:
    """Return what stands in the page's shell blocks."""
    return re.findall(r"^```\{code-block\} bash\n:class: copyable\n(.*?)^```$", page, re.M | re.S)


@dataclass
class Shell:
    """A terminal: every block begins in the folder and with the variables that the last one left."""

    folder: Path
    home: Path
    port: int
    servers: list[subprocess.Popen] = field(default_factory=list)

    @property
    def book(self) -> Path:
        return self.folder / "neural-networks-derived"

    @property
    def course(self) -> Path:
        return self.book / COURSE

    def script(self, block: str) -> str:
        state = self.folder / "state"
        before = f'. {state}/variables; cd "$(cat {state}/folder)"' if state.exists() else ":"
        after = f"mkdir -p {state}; export -p > {state}/variables; pwd > {state}/folder"
        block = block.replace("8786", str(self.port))
        return f"{before}\ntrap 'status=$?; {after}; exit $status' EXIT\nset -eo pipefail\n{block}"

    def variables(self) -> dict[str, str]:
        mine = {"HOME": str(self.home), "STAND_INS": str(self.home / "stand-ins"), "BOOK": "book"}
        path = f"{self.home}/stand-ins/bin{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NND_")}
        return {
            **kept,
            **mine,
            "PATH": path,
            "PYTHONPATH": str(self.book),  # so that nbgrader, too, has the copy's code
            "OMP_NUM_THREADS": "1",
            "JUPYTER_TOKEN": "secret",
            "PIP_DRY_RUN": "1",
        }

    def run(self, block: str) -> subprocess.CompletedProcess:
        """Run a block to its end."""
        return subprocess.run(
            ["bash", "-c", self.script(block)],
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def serve(self, block: str) -> None:
        """Run a block that only Ctrl-C ends, until the test is over."""
        with (self.folder / f"server-{len(self.servers)}.txt").open("w") as log:
            self.servers.append(
                subprocess.Popen(
                    ["bash", "-c", self.script(f"exec {block}")],
                    cwd=self.folder,
                    env=self.variables(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """An empty folder, a home, and the stand-ins."""
    if sys.platform != "linux":
        pytest.skip("grading needs Linux")
    home = tmp_path_factory.mktemp("home")
    programs = home / "stand-ins" / "bin"
    programs.mkdir(parents=True)
    for name, what in STAND_INS.items():
        (programs / name).write_text(f"#!/bin/sh\n{what}\n")
        (programs / name).chmod(0o755)
    programs_of_ours = Path(sys.executable).parent
    (home / "stand-ins" / "activate").write_text(
        f'export PATH="{programs}:{programs_of_ours}:$PATH"\n'
    )
    # Tests may run as root, and have no browser to open.
    settings = home / ".jupyter" / "jupyter_server_config.json"
    settings.parent.mkdir()
    settings.write_text('{"ServerApp": {"allow_root": true, "open_browser": false}}')
    copied = home / "stand-ins" / "book"
    for part in PARTS:
        source, target = ROOT / part, copied / part
        target.parent.mkdir(exist_ok=True, parents=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    terminal = Shell(tmp_path_factory.mktemp("empty"), home, port)
    yield terminal
    for server in terminal.servers:
        server.terminate()
    for server in terminal.servers:
        server.wait(30)


# -- the class ---------------------------------------------------------------------------------


def filled(release: Path, body: Callable[[str, int], str | None]) -> str:
    """Return the notebook of a student who writes `body(name, i)` for the i-th exercise."""
    notebook = nbformat.read(release, as_version=4)
    for i, (exercise, cell) in enumerate(classroom.answer_cells(notebook)):
        written = body(exercise.name, i)
        if written is not None:
            stub = re.search(r"^ *raise NotImplementedError.*$", cell.source, re.M)
            assert stub is not None
            cell.source = cell.source.replace(stub[0], written, 1)
    return nbformat.writes(notebook)


def right(name: str, i: int = 0) -> str:
    return classroom.right(exercises.find(name), i, 0)


def hostile(name: str, i: int) -> str | None:
    """Reach out of the walls where that is possible, and ask for full marks as nbgrader reads them."""
    if name != "relu":
        return None
    return (
        "    import os, sys\n"
        "    try:\n"
        f"        open({REACHED!r}, 'w').write(str(os.environ))\n"
        "    finally:\n"
        "        sys.displayhook(2.0)\n"
        "        return 2.0"
    )


CLASS: dict[str, Callable[[str, int], str | None]] = {
    "ada": right,
    "bob": lambda name, i: "    return np.max(z, 0)" if name == "relu" else right(name),
    "cem": lambda name, i: None,
    "dan": hostile,
    "fay": lambda name, i: right(name) if i < 6 else None,
}
EVERYONE = {*CLASS, "eve", "gil"}


def hand_out(shell: Shell) -> None:
    """Do what the learning management system does: one file a student, the id in its name."""
    release = shell.course / "release" / NAME / f"{SLUG}.ipynb"
    text = release.read_text(encoding="utf-8")
    assert "SOLUTION" not in text and "HIDDEN" not in text
    assert text.count("raise NotImplementedError  # your code here") == len(exercises.of(SLUG))
    archive = shell.course / "downloaded" / NAME / "archive"
    archive.mkdir(parents=True)
    for student, body in CLASS.items():
        late = "_late_4711" if student == "bob" else ""
        text = filled(release, body).replace(REACHED, str(shell.home / "reached"))
        (archive / f"{student}{late}_{SLUG}.ipynb").write_text(text, "utf-8")
    (archive / f"eve_bob_{SLUG}-2.ipynb").write_text("no notebook", "utf-8")
    (archive / "ivy_homework.ipynb").write_text("a name that does not fit", "utf-8")


def mend(shell: Shell) -> None:
    """Have eve hand in a notebook."""
    path = shell.course / "submitted" / "eve" / NAME / f"{SLUG}.ipynb"
    release = shell.course / "release" / NAME / f"{SLUG}.ipynb"
    path.write_text(filled(release, lambda name, i: right(name) if i % 2 else None), "utf-8")


def scores(shell: Shell) -> dict[str, float]:
    with Gradebook(f"sqlite:///{shell.course}/gradebook.db", "nnd") as book:
        return {one.student.id: one.score for one in book.assignment_submissions(NAME)}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# -- what the page promises of each command; the key is how its block begins -------------------


def after_doctor(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert all(f"tier {number}" in done.stdout for number in (1, 2, 3))


def after_sudo(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert (shell.home / "stand-ins" / "sudo.txt").read_text() == "apt install bubblewrap\n"


def after_import(shell: Shell, done: subprocess.CompletedProcess) -> None:
    with Gradebook(f"sqlite:///{shell.course}/gradebook.db", "nnd") as book:
        assert book.find_student("bob").last_name == "O'Brien, Jr."
        assert book.find_student("cem").lms_user_id == "103"


def after_deadline(shell: Shell, done: subprocess.CompletedProcess) -> None:
    with Gradebook(f"sqlite:///{shell.course}/gradebook.db", "nnd") as book:
        assert book.find_assignment(NAME).duedate == datetime(2026, 11, 20, 18)


def after_zip(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert collected(shell) == {f"{student}/{NAME}/{SLUG}.ipynb" for student in EVERYONE - {"gil"}}
    assert "1 files skipped" in done.stderr
    (again,) = (shell.course / "downloaded").rglob(f"archive/fay_{SLUG}.ipynb")
    again.write_text(again.read_text("utf-8") + "\n", "utf-8")  # fay hands in anew


def after_second_zip(shell: Shell, done: subprocess.CompletedProcess) -> None:
    (again,) = (shell.course / "downloaded").rglob(f"archive/fay_{SLUG}.ipynb")
    kept = shell.course / "submitted" / "fay" / NAME / f"{SLUG}.ipynb"
    assert kept.read_bytes() == again.read_bytes()
    assert collected(shell) == {f"{student}/{NAME}/{SLUG}.ipynb" for student in EVERYONE - {"gil"}}


def collected(shell: Shell) -> set[str]:
    folder = shell.course / "submitted"
    return {path.relative_to(folder).as_posix() for path in folder.glob("*/*/*.ipynb")}


def after_release(shell: Shell, done: subprocess.CompletedProcess) -> None:
    """Students find the notebook; gil submits, in the form that `nbgrader submit` gives it."""
    course = shell.home / "exchange" / "nnd"
    assert (course / "outbound" / NAME / f"{SLUG}.ipynb").is_file()
    when = "2026-11-20 10:00:00.000000 UTC"
    folder = course / "inbound" / f"gil+{NAME}+{when}+0f3a"
    folder.mkdir()
    (folder / "timestamp.txt").write_text(when)
    (folder / "submission_secret.txt").write_text("5e" * 32)
    release = shell.course / "release" / NAME / f"{SLUG}.ipynb"
    (folder / f"{SLUG}.ipynb").write_text(filled(release, right), encoding="utf-8")


def after_collect(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert collected(shell) == {f"{student}/{NAME}/{SLUG}.ipynb" for student in EVERYONE}


def after_first_grade(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert "eve" in done.stdout and "JSON" in done.stdout
    got = scores(shell)
    most = sum(one.points for one in exercises.of(SLUG).values())
    relu = exercises.find("relu").points
    assert got["ada"] == got["gil"] == most and got["cem"] == got["dan"] == 0
    assert most - relu <= got["bob"] < most - relu / 2 and 0 < got["fay"] < most
    assert "eve" not in got  # ungraded is no zero
    assert not (shell.home / "reached").exists()
    assert (shell.course / "secret").stat().st_mode & 0o077 == 0
    mend(shell)


def after_grade_again(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert "1 submission graded" in done.stdout
    assert scores(shell)["eve"] > 0


def after_autograde(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert scores(shell)["ada"] == sum(one.points for one in exercises.of(SLUG).values())


def after_feedback(shell: Shell, done: subprocess.CompletedProcess) -> None:
    for student in EVERYONE:
        page = shell.course / "feedback" / student / NAME / f"{SLUG}.html"
        assert page.is_file(), student
        text = page.read_text("utf-8")
        assert "<script" not in text and ("maximum along an axis" in text) == (student == "bob")


def after_return(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert len(list((shell.home / "exchange" / "nnd" / "feedback").glob("*.html"))) == 1


def after_objection(shell: Shell, done: subprocess.CompletedProcess) -> None:
    lines = (shell.course / "journal" / f"{NAME}.jsonl").read_text().splitlines()
    found = [json.loads(line).get("report") for line in lines]
    of_bob = [one for one in found if one and one["student"] == "bob"]
    first, *_, last = of_bob
    assert len(of_bob) > 1 and first["results"] == last["results"]
    assert all(last[name] for name in ("digest", "tier", "declaration"))


def after_report(shell: Shell, done: subprocess.CompletedProcess) -> None:
    page = (shell.course / "report" / "report.html").read_text(encoding="utf-8")
    mistake = next(one for one in exercises.find("relu").mistakes if "axis" in one.name)
    assert mistake.name in page and "<script" not in page
    found = {row["exercise"]: row for row in rows(shell.course / "report" / "exercises.csv")}
    assert found["relu"]["submissions"] == str(len(EVERYONE)) and found["relu"]["discrimination"]
    students = {row["student_id"]: row for row in rows(shell.course / "report" / "students.csv")}
    assert float(students["bob"]["score"]) == scores(shell)["bob"]


def after_exports(shell: Shell, done: subprocess.CompletedProcess) -> None:
    folder = shell.course / "report"
    got = scores(shell)
    for path, who, score in (
        ("grades.csv", "student_id", "score"),
        ("canvas.csv", "SIS Login ID", NAME),
        ("moodle.csv", "Username", f"Assignment: {NAME} (Real)"),
    ):
        found = {row[who]: row[score] for row in rows(folder / path) if row[who]}
        assert {name: float(value) for name, value in found.items()} == got, path


def after_formgrader(shell: Shell, done: None) -> None:
    log = shell.folder / f"server-{len(shell.servers) - 1}.txt"
    deadline = time.monotonic() + 120
    while not (found := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+", log.read_text())):
        ended = shell.servers[-1].poll() is not None
        assert not ended and time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    with urllib.request.urlopen(
        f"{found[0]}/formgrader/api/assignments?token=secret", timeout=60
    ) as answer:
        listed = json.loads(answer.read())
    (assignment,) = [one for one in listed if one["name"] == NAME]
    assert assignment["num_submissions"] == len(EVERYONE)


def after_scheduler(shell: Shell, done: None) -> None:
    _wait_for_dask(shell, workers=0)


def after_workers(shell: Shell, done: None) -> None:
    _wait_for_dask(shell, workers=2)


def _wait_for_dask(shell: Shell, workers: int) -> None:
    from distributed import Client

    with Client(f"tcp://127.0.0.1:{shell.port}", timeout=120) as client:
        if workers:
            client.wait_for_workers(workers, timeout=120)


def after_dask(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert f"{len(EVERYONE)} submissions graded" in done.stdout


def after_install(shell: Shell, done: subprocess.CompletedProcess) -> None:
    assert "[large]" in (shell.home / "stand-ins" / "pip.txt").read_text()


PROMISES: list[tuple[str, Callable]] = [
    ("git clone", lambda shell, done: None),
    (". .venv/bin/activate", lambda shell, done: None),
    ("mkdir -p courses", lambda shell, done: None),
    ("python -m autograder doctor", after_doctor),
    ("sudo apt install bubblewrap", after_sudo),
    ("nbgrader generate_assignment", lambda shell, done: hand_out(shell)),
    ("nbgrader db assignment add", after_deadline),
    ("nbgrader db student import", after_import),
    ("nbgrader zip_collect 02_activations \\", after_zip),
    ("nbgrader zip_collect 02_activations --force", after_second_zip),
    ("mkdir -m 777", after_release),
    ("nbgrader collect", after_collect),
    ("python -m autograder grade 02_activations\n", after_first_grade),
    ("nbgrader autograde", after_autograde),
    ("python -m autograder grade 02_activations\n", after_grade_again),
    ("jupyter lab", after_formgrader),
    ("nbgrader generate_feedback 02_activations\n", after_feedback),
    ("nbgrader release_feedback", after_return),
    ("python -m autograder grade 02_activations --student bob", after_objection),
    ("nbgrader generate_feedback 02_activations --student=bob", after_feedback),
    ("python -m autograder report\n", after_report),
    ("python -m autograder report --grades", after_exports),
    ("python -m pip install", after_install),
    ("dask scheduler", after_scheduler),
    ("dask worker", after_workers),
    ("python -m autograder grade 02_activations --again --engine dask", after_dask),
]


def test_the_commands_of_the_page_do_what_it_says(shell: Shell) -> None:
    (roster,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.M | re.S)
    blocks = commands(PAGE)
    assert len(blocks) == len(PROMISES)
    for block, (start, promise) in zip(blocks, PROMISES, strict=True):
        assert block.startswith(start), "the page and its promises are not in step"
        if start == "nbgrader db student import":
            (shell.course / "roster.csv").write_text(roster, encoding="utf-8")
        if start.startswith(SERVERS):
            shell.serve(block)
            promise(shell, None)
            continue
        done = shell.run(block)
        expected = 1 if promise is after_first_grade else 0  # somebody is left ungraded
        assert done.returncode == expected, f"{block}\n{done.stdout}\n{done.stderr}"
        promise(shell, done)


def test_every_shell_block_of_the_page_is_run() -> None:
    fences = re.findall(r"^```(\S.*)$", PAGE, re.M)
    assert fences.count("{code-block} bash") == len(commands(PAGE))
    assert set(fences) <= {"{code-block} bash", "text", "python"}


def test_the_readme_gives_the_commands_of_the_page_in_their_order() -> None:
    """So that what runs above is the README's too: no step is left out that another one needs."""
    (block,) = (
        one for one in re.findall(r"^```bash\n(.*?)^```$", README, re.M | re.S) if "NND" in one
    )
    told = [line.split("  #")[0].strip() for line in block.splitlines()]
    lines = iter("".join(commands(PAGE)).splitlines())
    assert len(told) > 5 and all(line in lines for line in told)
    for needed in ("mkdir -p courses/autumn", "nbgrader generate_assignment 02_activations"):
        assert needed in told


def test_no_command_hides_in_the_text() -> None:
    text = re.sub(r"^```.*?^```$", "", PAGE, flags=re.M | re.S)
    inline = re.findall(r"`([^`\n]+)`", text)
    programs = ("nbgrader ", "python ", "pip ", "dask ", "sudo ", "jupyter ")
    assert not [one for one in inline if one.startswith(programs)]


def test_the_database_of_the_page_is_one_that_sqlalchemy_knows() -> None:
    from sqlalchemy import create_engine

    (line,) = re.findall(r'db_url = "(.*)"', PAGE)
    assert create_engine(line).dialect.name == "postgresql"
