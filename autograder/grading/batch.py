"""Grade all submissions of an assignment: in parallel, and so that a kill costs nothing.

What is found goes to the journal first and to the gradebook then; the autograded notebook, written
last, says that both have it.  Only this process, the coordinator, writes anything.
"""

import heapq
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from nbformat import NotebookNode
from sqlalchemy.exc import OperationalError
from tqdm import tqdm

from autograder.grading.assignment import Assignment
from autograder.grading.engine import Engine, Task, book
from autograder.grading.intake import take_in
from autograder.grading.journal import Journal
from autograder.grading.model import Cell, NotGraded, Report, Submission, Tier
from autograder.grading.summary import Summary
from autograder.grading.trial import Patience

TRIES = 3  # of a submission whose sandbox or process broke down
LEAST = 0.1  # seconds that the first try gives a submission, however quick the others are
AMPLE = 5  # times what a submission usually takes: the patience of the first try
MORE = 8  # times the patience of the try before
WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds between attempts to write what is locked or full
STUCK = 5  # submissions in a row that could not be written end the run
TRANSIENT = (OSError, OperationalError)


class Stuck(Exception):
    """Nothing can be written any more; the text says why."""


class Recording(Protocol):
    """What the batch needs of a Recorder."""

    def record(self, submission: Submission, report: Report) -> None: ...

    def is_recorded(self, submission: Submission, assignment: Assignment) -> bool: ...


@dataclass(order=True)
class Place:
    """A place in the queue: those with fewer tries that were too short come first."""

    level: int
    turn: int
    student: str = field(compare=False)


class Pace:
    """How long a submission may take: at first some times the usual, then more at every try.

    Nobody waits long for a submission that hangs, and none is given up before it had all the time
    that the design grants: it only gets it last.
    """

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=101)

    def learn(self, report: Report) -> None:
        self._seconds.append(report.seconds)

    def patience(self, level: int) -> Patience:
        full = Patience()
        usual = statistics.median(self._seconds) if self._seconds else 0.0
        seconds = max(LEAST, AMPLE * usual) * MORE**level
        if seconds >= full.whole:
            return full
        return replace(full, cell=min(full.cell, seconds), whole=seconds)


class Batch:
    """Grades the submissions of one assignment with an engine, a journal and a recorder."""

    def __init__(
        self,
        submitted: Path,
        assignment: Assignment,
        secret: bytes,
        tier: Tier,
        engine: Engine,
        journal: Journal,
        recorder: Recording,
    ) -> None:
        self.submitted, self.assignment = submitted, assignment
        self.secret, self.tier = secret, tier
        self.engine, self.journal, self.recorder = engine, journal, recorder
        self._light = replace(assignment, source=NotebookNode())  # what travels to a process
        self.summary = Summary()
        self.pace = Pace()
        self._queue: list[Place] = []
        self._alone: deque[Place] = deque()  # one of these may have ended a process
        self._flying: dict[Future[Report], tuple[Place, Submission]] = {}
        self._failures: Counter[str] = Counter()
        self._turn = 0
        self._rehearsed = False
        self._refused = 0  # writes in a row

    def run(self, students: Iterable[str], again: bool = False) -> Summary:
        """Grade these students, `again` also those that have not changed; Ctrl-C ends the run."""
        self._again = again
        for student in students:
            self._put(0, student)
        bar = tqdm(total=len(self._queue), desc="grading", unit="notebook", disable=None)
        self._bar = bar
        with bar:
            try:
                self._work()
            except Stuck as why:
                self._give_up(str(why))
            except KeyboardInterrupt:
                known = self.summary.graded + self.summary.before + len(self.summary.ungraded)
                self.summary.left = bar.total - known
        return self.summary

    def _put(self, level: int, student: str) -> None:
        self._turn += 1
        heapq.heappush(self._queue, Place(level, self._turn, student))

    def _work(self) -> None:
        while self._queue or self._alone or self._flying:
            self._supply()
            if self._flying:
                for future in wait(self._flying, return_when=FIRST_COMPLETED).done:
                    self._land(future, *self._flying.pop(future))

    def _supply(self) -> None:
        """Keep the engine busy; but who may have ended a process is tried with nobody beside."""
        if self._alone:
            if not self._flying:
                self._launch(self._alone.popleft())
            return
        while self._queue and len(self._flying) < self.engine.width:
            self._launch(heapq.heappop(self._queue))

    def _rehearse(self) -> None:
        """Try the book's own solutions: where they do not pass, no student's could."""
        source = self.assignment.source
        cells = tuple(
            Cell(
                "code" if cell.cell_type == "code" else "markdown",
                cell.source,
                cell.metadata.get("nbgrader", {}).get("grade_id", ""),
            )
            for cell in source.cells
        )
        solved = Submission("", self.assignment.name, "", cells)
        task = self._task(solved, Patience())
        try:
            self.engine.submit(task).result()  # the first loads what the others find there
            report = self.engine.submit(task).result()
        except BrokenExecutor:
            raise NotGraded("Nothing was graded: a process that tries submissions ends.") from None
        except NotGraded as why:
            raise NotGraded(f"Nothing was graded. {why}") from None
        if report.ungraded:
            raise NotGraded(f"Nothing was graded. {report.ungraded}")
        wrong = [f"{one.exercise} ({one.finding})" for one in report.results if not one.right]
        if wrong:
            raise NotGraded(
                "Nothing was graded: the book's own solutions do not pass here, so the students' "
                f"could not either: {', '.join(wrong)}."
            )
        self.pace.learn(report)

    def _launch(self, place: Place) -> None:
        """Take a submission in and have it tried, unless it is known already."""
        folder = self.submitted / place.student / self.assignment.name
        try:
            submission = take_in(folder, place.student, self.assignment)
        except NotGraded as why:
            return self._refuse(place.student, str(why))
        except Exception as error:
            return self._refuse(place.student, f"Reading it broke on our side: {_named(error)}.")
        known = None if self._again else self.journal.find(submission)
        if known is None:
            if not self._rehearsed:
                self._rehearse()
                self._rehearsed = True
            patience = self.pace.patience(place.level)
            flight = self.engine.submit(self._task(submission, patience))
            self._flying[flight] = place, submission
        elif known.recorded and self.recorder.is_recorded(submission, self.assignment):
            self.summary.before += 1
            self._count(known.report)
        else:
            self._record(submission, known.report)
        return None

    def _task(self, submission: Submission, patience: Patience) -> Task:
        return Task(submission, self._light, self.secret, self.tier, patience, book())

    def _land(self, future: Future[Report], place: Place, submission: Submission) -> None:
        """Deal with what came back for a submission."""
        try:
            report = future.result()
            if report.ungraded:
                raise NotGraded(report.ungraded)
        except BrokenExecutor:
            self._failed(place, "The process that tried it ended without an answer.", alone=True)
        except NotGraded as why:
            self._failed(place, str(why))
        except Exception as error:
            self._failed(place, f"Trying it broke on our side: {_named(error)}.")
        else:
            if report.slow:
                self._put(place.level + 1, place.student)
            else:
                self.pace.learn(report)
                self._keep(submission, report)

    def _failed(self, place: Place, why: str, alone: bool = False) -> None:
        """Try once more what failed through no doing of the student's; leave it after the third."""
        self._failures[place.student] += 1
        if self._failures[place.student] == TRIES:
            self._refuse(place.student, why)
        elif alone:
            self._alone.append(place)
        else:
            self._put(place.level, place.student)

    def _keep(self, submission: Submission, report: Report) -> None:
        try:
            self._insist(lambda: self.journal.write(report))
        except OSError as error:
            self._unwritten(report, f"The journal cannot be written: {_plain(error)}.")
        else:
            self._record(submission, report)

    def _record(self, submission: Submission, report: Report) -> None:
        try:
            self._insist(lambda: self.recorder.record(submission, report))
        except TRANSIENT as error:
            self._unwritten(report, f"The result cannot be recorded: {_plain(error)}.")
        except NotGraded as why:
            self._leave(report.student, str(why))
        except Exception as error:
            self._leave(report.student, f"Recording it broke on our side: {_named(error)}.")
        else:
            with suppress(OSError):  # without this line the next run records once more
                self.journal.recorded(report)
            self._refused = 0
            self.summary.graded += 1
            self._count(report)

    def _insist(self, write: Callable[[], None]) -> None:
        """Write; while a file is locked or full, wait for it, though not for one after another."""
        for seconds in WAITS if not self._refused else ():
            try:
                return write()
            except TRANSIENT:
                time.sleep(seconds)
        return write()

    def _unwritten(self, report: Report, why: str) -> None:
        self._leave(report.student, why)
        self._refused += 1
        if self._refused == STUCK:
            raise Stuck(why)

    def _count(self, report: Report) -> None:
        """Count a submission that is graded and recorded."""
        self.summary.tiers[report.tier] += 1
        if report.flags:
            self.summary.flagged[report.student] = report.flags
        self._bar.update()

    def _refuse(self, student: str, why: str) -> None:
        """Leave a submission ungraded, and say so in the journal if that can be done."""
        ungraded = Report(student, self.assignment.name, "", int(self.tier), ungraded=why)
        with suppress(OSError):
            self.journal.write(ungraded)
        self._leave(student, why)

    def _leave(self, student: str, why: str) -> None:
        """List a submission as ungraded."""
        self.summary.ungraded[student] = why
        self._bar.update()

    def _give_up(self, why: str) -> None:
        """List all that is left as ungraded."""
        waiting = [place.student for place in [*self._queue, *self._alone]]
        flying = [place.student for place, _ in self._flying.values()]
        for student in sorted({*waiting, *flying}):
            self._leave(student, f"Not tried. {why}")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(".")


def _plain(error: Exception) -> str:
    """Return what a database or the system said, without the statement that it was said of."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(getattr(error, "orig", error)).strip().rstrip(".")
