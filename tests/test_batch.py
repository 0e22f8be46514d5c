"""A batch grades a class once and for all: whoever hangs, dies, is killed, or finds the disk full."""

import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

import psutil
import pytest
from batches import autograded, command, database, environment, make_class, recorded
from filelock import FileLock
from nbformat import NotebookNode
from pretending import Pretending, guess, guess_or_die, guess_or_hang

from autograder import __main__ as program
from autograder.course import CLASS, FOLDER
from autograder.grading import batch, grade, journal, record, tiers
from autograder.grading import engine as engines
from autograder.grading.assignment import load
from autograder.grading.bench import CHAPTER
from autograder.grading.engine import Task
from autograder.grading.intake import take_in
from autograder.grading.journal import Journal, course_secret
from autograder.grading.model import NotGraded, Report, Result, Submission, Tier
from autograder.grading.trial import Patience

STUDENTS = 12
KILLS = 50
LINES = tuple(module.__file__ for module in (batch, grade, journal, record))

walls = pytest.mark.skipif(
    not [tier for tier, why in tiers.available().items() if not why and tier < Tier.PLAIN],
    reason="no sandbox can be made here: install bubblewrap (on Debian: apt install bubblewrap)",
)


@pytest.fixture(scope="module", autouse=True)
def environment_put_back():
    """A course sets variables for nbgrader; leave none of them behind."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which a class has handed in, and nothing is graded yet."""
    return make_class(tmp_path_factory.mktemp("class") / "course", STUDENTS)


@pytest.fixture
def root(handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that course, which is the current folder."""
    copy = shutil.copytree(handed_in, tmp_path / "course")
    monkeypatch.chdir(copy)
    monkeypatch.setenv("NND_COURSE", FOLDER)
    monkeypatch.setenv("NND_COURSE_SEED", "a secret of this test")
    return copy


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Pretending:
    """An engine that pretends, in the place of the real ones."""
    pretending = Pretending()
    monkeypatch.setattr(grade, "start", lambda *asked: pretending)
    monkeypatch.setattr(grade, "choose", lambda trust: Tier.PLAIN)
    monkeypatch.setattr(batch, "WAITS", (0.01, 0.01))
    return pretending


def graded(*arguments: str) -> int:
    return program.main(["grade", CHAPTER, *arguments])


# -- the journal ---------------------------------------------------------------------------------


def report(student: str, score: float = 1.0, digest: str = "d") -> Report:
    results = (Result("relu", 2.0, score, False, "wrong", "Look again."),)
    return Report(student, CHAPTER, digest, 1, results, ("odd",), declaration="x", seconds=0.1)


def handed(student: str, digest: str = "d") -> Submission:
    return Submission(student, CHAPTER, digest, ())


def test_the_journal_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "journal" / "one.jsonl"
    with Journal(path, "x", b"secret", 1) as first:
        first.write(report("ada"))
        first.recorded(report("ada"))
        first.write(report("bob", 0.5))
    with Journal(path, "x", b"secret", 1) as second:
        ada, bob = second.find(handed("ada")), second.find(handed("bob"))
        assert ada is not None and ada.report == report("ada") and ada.recorded
        assert bob is not None and bob.report == report("bob", 0.5) and not bob.recorded
        assert second.find(handed("eve")) is None
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("digest", "conditions"),
    [
        ("other", ("x", b"secret", 1)),
        ("d", ("other", b"secret", 1)),
        ("d", ("x", b"other", 1)),
        ("d", ("x", b"secret", 2)),
    ],
    ids=["another notebook", "other exercises", "another secret", "another tier"],
)
def test_the_journal_forgets_what_no_longer_holds(tmp_path: Path, digest: str, conditions) -> None:
    with Journal(tmp_path / "one.jsonl", "x", b"secret", 1) as first:
        first.write(report("ada"))
    with Journal(tmp_path / "one.jsonl", *conditions) as second:
        assert second.find(handed("ada", digest)) is None


def test_a_torn_or_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with Journal(path, "x", b"secret", 1) as first:
        for student in ("ada", "bob", "eve"):
            first.write(report(student))
    lines = path.read_bytes().splitlines(keepends=True)
    for end in range(0, len(lines[2]), 40):
        path.write_bytes(lines[0] + b'{"report": 7}\n\xff\xfe\n' + lines[1] + lines[2][:end])
        with Journal(path, "x", b"secret", 1) as second:
            assert second.find(handed("ada")) and second.find(handed("bob"))
            assert second.find(handed("eve")) is None
            second.write(report("eve"))
        with Journal(path, "x", b"secret", 1) as third:
            assert third.find(handed("eve")) is not None


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal(path, "x", b"secret", 1) as first:
        first.write(report("ada"))
        size = path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, before[1]))
        try:
            with pytest.raises(OSError):
                first.write(report("bob"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert path.stat().st_size == size
        first.write(report("eve"))
    with Journal(path, "x", b"secret", 1) as second:
        assert second.find(handed("ada")) and second.find(handed("eve"))


def test_the_secret_is_the_courses_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NND_COURSE_SEED", raising=False)
    one, other = course_secret(tmp_path / "one"), course_secret(tmp_path / "other")
    assert one == course_secret(tmp_path / "one") and one != other and len(one) >= 32
    assert (tmp_path / "one" / "secret").stat().st_mode & 0o777 == 0o600
    (tmp_path / "one" / "secret").write_text("")
    with pytest.raises(NotGraded, match="damaged"):
        course_secret(tmp_path / "one")
    monkeypatch.setenv("NND_COURSE_SEED", "chosen")
    assert course_secret(tmp_path / "one") == b"chosen"


# -- the order of work ---------------------------------------------------------------------------


def test_a_class_is_graded_and_then_left_alone(root: Path, engine: Pretending, capsys) -> None:
    assert graded() == 0
    assert len(engine.seen) == STUDENTS
    first = recorded(database(root))
    assert f"{STUDENTS} submissions graded" in capsys.readouterr().out
    assert graded() == 0
    assert len(engine.seen) == STUDENTS
    said = capsys.readouterr().out
    assert "0 submissions graded" in said and f"{STUDENTS} submissions graded before" in said
    assert f"nbgrader generate_feedback {CHAPTER}" in said
    assert graded("--again") == 0
    assert len(engine.seen) == 2 * STUDENTS
    assert recorded(database(root)) == first


def test_what_changed_is_graded_again_and_nothing_else(root: Path, engine: Pretending) -> None:
    graded()
    engine.seen.clear()
    (path,) = (root / FOLDER / "submitted" / "student03" / CHAPTER).glob("*.ipynb")
    path.write_text(path.read_text() + "\n")
    shutil.rmtree(root / FOLDER / "autograded" / "student05")  # known to the journal all the same
    assert graded() == 0
    assert engine.seen == ["student03"]
    assert len(autograded(root)) == STUDENTS


def test_one_student_can_be_graded_alone(root: Path, engine: Pretending, capsys) -> None:
    assert graded("--student", "student07") == 0
    assert engine.seen == ["student07"]
    assert {row[0] for row in recorded(database(root))} == {"student07"}
    assert graded("--student", "nobody") == 1
    assert "there is no" in capsys.readouterr().err


def test_those_who_hang_come_last(tmp_path: Path, engine: Pretending, monkeypatch) -> None:
    root = make_class(tmp_path / "course", 6, hanging=4)
    monkeypatch.chdir(root)
    order: list[str] = []
    real = record.Recorder.record

    def note(self, submission: Submission, found: Report) -> None:
        order.append(submission.student)
        real(self, submission, found)

    monkeypatch.setattr(record.Recorder, "record", note)
    assert graded() == 0
    assert [name[:7] for name in order] == ["student"] * 6 + ["endless"] * 4
    tries = Counter(engine.seen)
    assert {tries[name] for name in order[:6]} == {1} and tries[order[6]] > 1


def test_patience_grows_until_it_is_all_there_is() -> None:
    pace = batch.Pace()
    assert pace.patience(0).whole == batch.LEAST
    for _ in range(9):
        pace.learn(Report("ada", CHAPTER, "d", 1, seconds=0.1))
    waits = [pace.patience(level).whole for level in range(5)]
    assert waits[0] == pytest.approx(0.1 * batch.AMPLE) and waits == sorted(waits)
    assert waits[-1] == batch.Patience().whole
    assert pace.patience(4) == batch.Patience()


# -- what goes wrong -----------------------------------------------------------------------------


def test_a_failure_of_ours_is_tried_again_and_never_a_zero(
    root: Path, engine: Pretending, capsys
) -> None:
    failures = Counter({"student02": 2, "student04": 99})

    def failing(task: Task) -> Report:
        failures[task.submission.student] -= 1
        if failures[task.submission.student] >= 0:
            raise RuntimeError("no sandbox today")
        return guess(task)

    engine.trial = failing
    assert graded() == 1
    tries = Counter(engine.seen)
    assert tries["student02"] == 3 and tries["student04"] == batch.TRIES
    said = capsys.readouterr().out
    assert "student04: Trying it broke on our side: RuntimeError: no sandbox today." in said
    students = {row[0] for row in recorded(database(root))}
    assert "student04" not in students and len(students) == STUDENTS - 1
    lines = (root / FOLDER / "journal" / f"{CHAPTER}.jsonl").read_text().splitlines()
    reasons = {line["report"]["ungraded"] for line in map(json.loads, lines) if "report" in line}
    assert any("no sandbox today" in reason for reason in reasons)
    failures.clear()
    engine.trial = guess
    assert graded() == 0
    assert len({row[0] for row in recorded(database(root))}) == STUDENTS


@pytest.mark.parametrize("ending", [guess_or_die, guess_or_hang])
def test_who_ends_a_process_takes_nobody_along(
    ending: Callable, root: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """In real processes, of which each trial of one submission ends one, or hangs in it."""
    monkeypatch.setattr(grade, "choose", lambda trust: Tier.PLAIN)
    monkeypatch.setattr(engines, "perform_or_end", ending)
    assert graded("--jobs", "2") == 1
    said = capsys.readouterr().out
    assert "Ungraded: 1" in said and "student01: The process that tried it ended" in said
    assert len({row[0] for row in recorded(database(root))}) == STUDENTS - 1


def test_malformed_submissions_are_listed_and_the_others_graded(
    root: Path, engine: Pretending, capsys
) -> None:
    submitted = root / FOLDER / "submitted"
    (submitted / "student00" / CHAPTER / "activations.ipynb").write_text("{")
    shutil.rmtree(submitted / "student01" / CHAPTER)
    (submitted / "student01" / CHAPTER).symlink_to(submitted / "student02" / CHAPTER)
    assert graded() == 1
    said = capsys.readouterr().out
    assert "Ungraded: 2" in said and "  student00: " in said and "  student01: " in said
    assert len({row[0] for row in recorded(database(root))}) == STUDENTS - 2


def test_nothing_is_graded_where_the_books_own_solutions_fail(
    root: Path, engine: Pretending, capsys
) -> None:
    def broken(task: Task) -> Report:
        found = guess(task)
        wrong = Result("sigmoid", 2, 0, False, "a wrong value")
        return Report(**{**vars(found), "results": (wrong,)})

    engine.trial = broken
    assert graded() == 1
    assert "sigmoid (a wrong value)" in capsys.readouterr().err
    assert recorded(database(root)) == []


def test_a_second_grader_is_turned_away(root: Path, engine: Pretending, capsys) -> None:
    with FileLock(root / FOLDER / "grading.lock"):
        assert graded() == 1
    assert "grading this course already" in capsys.readouterr().err
    assert engine.seen == []
    assert graded() == 0


def test_a_gradebook_that_is_locked_for_a_moment_is_waited_for(
    root: Path, engine: Pretending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while `nbgrader autograde` or the formgrader writes."""
    impatient(root)
    holder = sqlite3.connect(root / FOLDER / "gradebook.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            holder.rollback()

    monkeypatch.setattr(batch.time, "sleep", sleep)
    assert graded() == 0
    assert len(waited) == 2
    assert len({row[0] for row in recorded(database(root))}) == STUDENTS


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the gradebook's lock, as a program does that died in the debugger."""
    holder = sqlite3.connect(root / FOLDER / "gradebook.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.rollback()


@contextmanager
def read_only(root: Path) -> Iterator[None]:
    """Let the gradebook refuse to be written to."""
    enter = record.Recorder.__enter__

    def entered(self):
        enter(self)
        self._gradebook.db.connection().exec_driver_sql("PRAGMA query_only = ON")
        return self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record.Recorder, "__enter__", entered)
        yield


@contextmanager
def limited(root: Path) -> Iterator[None]:
    """Let no file be written beyond half of the size that the gradebook has, as a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (root / FOLDER / "gradebook.db").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def full(root: Path) -> Iterator[None]:
    """Put the course on a disk with room for a few notebooks more."""
    course, aside = root / FOLDER, root / "aside"
    shutil.copytree(course, aside)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(course)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk, and not in every container")
    try:
        shutil.copytree(aside, course, dirs_exist_ok=True)
        disk = os.statvfs(course)
        filler = course / "filler"
        filler.write_bytes(bytes(disk.f_bavail * disk.f_bsize - 60_000))
        yield
        filler.unlink()
        shutil.rmtree(aside)
        shutil.copytree(course, aside)
    finally:
        subprocess.run(["umount", str(course)], check=True)
    shutil.copytree(aside, course, dirs_exist_ok=True)


@pytest.mark.parametrize("trouble", [locked, read_only, limited, full])
def test_what_cannot_be_written_is_listed_and_mended_by_a_rerun(
    trouble, root: Path, engine: Pretending, capsys
) -> None:
    impatient(root)
    with trouble(root):
        assert graded() == 1
    said = capsys.readouterr().out
    students = {row[0] for row in recorded(database(root)) if len(row) == 8}
    listed = {f"student{i:02}" for i in range(STUDENTS) if f"  student{i:02}: " in said}
    assert listed and students | listed == {f"student{i:02}" for i in range(STUDENTS)}
    assert graded() == 0, capsys.readouterr().out
    again = recorded(database(root))
    assert graded("--again") == 0
    assert recorded(database(root)) == again
    assert len(autograded(root)) == STUDENTS


def impatient(root: Path) -> None:
    """Let SQLite itself not wait for a lock."""
    with (root / "nbgrader_config.py").open("a") as file:
        file.write('c.CourseDirectory.db_url += "?timeout=0.02"\n')


# -- killed --------------------------------------------------------------------------------------


def killed_at(line: int) -> bool:
    """Grade in a process of its own that is killed when it has come to its n-th line; was it?

    Lines are those of the modules that write.
    """
    child = os.fork()
    if child == 0:
        try:
            die_at(line)
            os._exit(graded())
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def die_at(last: int) -> None:
    passed = 0

    def inside(frame, event, argument):
        nonlocal passed
        passed += event == "line"
        if passed == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return inside

    def begin(frame, event, argument):
        return inside if frame.f_code.co_filename in LINES else None

    sys.settrace(begin)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork to try kills with")
def test_killed_at_many_moments_and_rerun_the_gradebook_is_the_same(
    handed_in: Path, root: Path, engine: Pretending, tmp_path: Path, monkeypatch
) -> None:
    assert graded() == 0
    want, notebooks = recorded(database(root)), autograded(root)
    moments = random.Random(7)
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        copy = shutil.copytree(handed_in, tmp_path / f"round{rounds}")
        monkeypatch.chdir(copy)
        for _ in range(8):
            if not killed_at(moments.randrange(1, 1500)):
                break
            kills += 1
        assert not killed_at(10**9)
        assert recorded(database(copy)) == want
        assert autograded(copy) == notebooks
        shutil.rmtree(copy)
    assert rounds > 3


# -- with real sandboxes -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def undisturbed(handed_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course, graded by the command and disturbed by nobody."""
    root = shutil.copytree(handed_in, tmp_path_factory.mktemp("undisturbed") / "course")
    done = command(root, "grade", CHAPTER, "--jobs", "2", NND_COURSE_SEED="7")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{STUDENTS} submissions graded" in done.stdout and "tier" in done.stdout
    return root


@walls
def test_everyone_gets_what_they_deserve(undisturbed: Path) -> None:
    totals: Counter[str] = Counter()
    for row in recorded(database(undisturbed)):
        if len(row) == 8:
            totals[row[0]] += row[4]
    names = [kind.name for kind in CLASS]  # they handed in by turns
    scores = {
        name: {totals[f"student{i:02}"] for i in range(k, STUDENTS, 4)}
        for k, name in enumerate(names)
    }
    assert scores["blank"] == {0.0}
    assert scores["right"] == {max(totals.values())}
    assert max(scores["wrong"] | scores["partly"]) < max(totals.values())
    assert min(scores["partly"]) > 0


def started(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "autograder", "grade", CHAPTER, "--jobs", "2"],
        cwd=root,
        env=environment(NND_COURSE_SEED="7"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # Tests in a script's background job ignore Ctrl-C; the command must not inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def journaled(root: Path) -> int:
    path = root / FOLDER / "journal" / f"{CHAPTER}.jsonl"
    return path.read_bytes().count(b'"report"') if path.exists() else 0


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; a minute is more than any machine needs."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come about within a minute"
        time.sleep(0.01)


@walls
def test_the_command_killed_and_interrupted_leaves_no_process_and_loses_nothing(
    undisturbed: Path, root: Path
) -> None:
    for some, how in ((1, signal.SIGKILL), (4, signal.SIGKILL), (7, signal.SIGINT)):
        some = max(some, journaled(root) + 1)  # what is stopped has begun to grade
        run = started(root)
        wait_for(lambda some=some, run=run: journaled(root) >= some or run.poll() is not None)
        family = psutil.Process(run.pid).children(recursive=True)
        assert len(family) >= 4  # two processes and their sandboxes
        if how == signal.SIGKILL:
            run.kill()
        else:
            os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        said, _ = run.communicate(timeout=60)
        wait_for(lambda family=family: not any(alive(one) for one in family))
        if how == signal.SIGINT:
            assert run.returncode == 1 and "Stopped: " in said, said
            assert "Traceback" not in said
            counts = [int(n) for n in re.findall(r"(\d+) submissions? (?:graded|not fin)", said)]
            assert sum(counts) == STUDENTS and counts[-1] > 0, said
    assert started(root).wait(timeout=120) == 0
    assert recorded(database(root)) == recorded(database(undisturbed))
    assert autograded(root) == autograded(undisturbed)


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@walls
def test_of_two_graders_at_once_one_is_turned_away(undisturbed: Path, root: Path) -> None:
    runs = [started(root), started(root)]
    said = [run.communicate(timeout=120)[0] for run in runs]
    codes = [run.returncode for run in runs]
    assert sorted(codes) in ([0, 1], [0, 0]), said
    assert all(
        "grading this course already" in text
        for text, code in zip(said, codes, strict=True)
        if code
    )
    assert recorded(database(root)) == recorded(database(undisturbed))


@walls
def test_memory_stays_flat(root: Path) -> None:
    """Over some hundreds of submissions in one process; `make bench-grading` shows 20,000."""
    assignment = load(CHAPTER, root / "solutions" / "notebooks")
    submissions = [
        take_in(
            root / FOLDER / "submitted" / f"student{i:02}" / CHAPTER, f"student{i:02}", assignment
        )
        for i in range(4)
    ]
    light = replace(assignment, source=NotebookNode())
    tier = tiers.choose()
    tasks = [Task(one, light, b"secret", tier, Patience(), engines.book()) for one in submissions]
    held = []
    with closing(engines.LocalEngine(1)) as engine:
        for turn in range(300):
            assert engine.submit(tasks[turn % 4]).result().results
            if turn in (99, 299):
                held.append(memory(psutil.Process()))
    early, late = held
    lasting = early.keys() & late.keys()
    assert len(lasting) >= 2  # the process that judges, and the server inside the sandbox
    assert all(late[pid] - early[pid] < 4 << 20 for pid in lasting), (early, late)


def test_a_closed_engine_leaves_nothing_behind() -> None:
    """A pool that goes down while Python ends meets closed pipes, and prints a traceback."""
    threads = set(threading.enumerate())
    with closing(engines.LocalEngine(1)) as engine:
        task = engine.submit(cast(Task, None))  # it fails, which is enough
        assert task.exception() is not None
    assert set(threading.enumerate()) <= threads
    assert not multiprocessing.active_children()


def memory(process: psutil.Process) -> dict[int, int]:
    """Return how many bytes the processes below this one hold."""
    found = {}
    for one in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found[one.pid] = one.memory_info().rss
    return found


# -- the command line ----------------------------------------------------------------------------


def test_who_reads_only_the_beginning_gets_no_traceback() -> None:
    words = [sys.executable, "-m", "autograder", "doctor"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asked:
        asked.stdout.close()
        assert asked.stderr.read() == b"" and asked.wait() == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 0, "python -m autograder COMMAND"),
        (["grad"], 2, "There is no command 'grad'. Did you mean grade?"),
        (["grade"], 2, "required: assignment"),
        (["grade", CHAPTER, "--jobs", "0"], 2, "a number from 1 to 1024, not '0'"),
        (["grade", CHAPTER, "--engine", "spark"], 2, "invalid choice: 'spark'"),
        (["grade", CHAPTER, "--scheduler", "tcp://1.2.3.4:5"], 2, "add --engine dask"),
        (["grade", "99_nothing"], 1, "There is no assignment called '99_nothing'"),
        (["grade", "--help"], 0, "--engine dask --scheduler tcp://"),
        (["report", "--help"], 0, "python -m autograder report"),
    ],
)
def test_the_command_line_says_what_it_wants(root: Path, arguments, code, said, capsys) -> None:
    try:
        returned = program.main(arguments)
    except SystemExit as end:
        returned = end.code
    out = capsys.readouterr()
    assert returned == code
    assert said in " ".join((out.out + out.err).split())


def test_elsewhere_than_in_the_course_the_command_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert graded() == 1
    assert "There is no nbgrader_config.py here" in capsys.readouterr().err


def test_the_gradebook_that_is_none_is_named(root: Path, engine: Pretending, capsys) -> None:
    (root / FOLDER / "gradebook.db").write_bytes(b"no database at all, but some bytes" * 100)
    assert graded() == 1
    assert "gradebook.db cannot be opened: file is not a database" in capsys.readouterr().err
