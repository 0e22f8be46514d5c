"""Try a submission: replay its cells in a sandbox, call its functions, judge, find the words.

Two sessions keep what is hidden hidden.  In the first the exercises are called on inputs drawn for
this student alone, and nothing that comes out of it but numbers is used: the judge makes the score
of them.  Whatever is not right is called again in a second, fresh session on the inputs of the
notebook's own check, and only from there come the words that the student reads.  Flags are for the
instructor, and may repeat what the student's code says.
"""

import builtins
import hmac
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar

from autograder import wire
from autograder.exercise import Case, Exercise, Inputs
from autograder.grading.assignment import Assignment, normalised
from autograder.grading.intake import checked, defined
from autograder.grading.model import (
    NotGraded,
    Report,
    Result,
    SandboxFailure,
    Stopped,
    Submission,
    Tier,
)
from autograder.judge import Verdict, verdict
from autograder.observe import Observation

TRIES = 3  # where the sandbox breaks down
MOST_PLACES = 3  # of an exercise's check that was copied
MOST_WORDS = 300  # letters of a text that the student made
END = -1  # the place after the last cell
BLANK = ("Missing", "NotImplementedError")  # the function is not there, or is still the stub
COMMENTS = re.compile(r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|#.*')
IMPORTS = ("ImportError", "ModuleNotFoundError")
REFUSALS = ("PermissionError", "OSError", "FileNotFoundError", "BlockingIOError", "RuntimeError")
FINAL = {"right", "not written yet", "takes too long", "ends its process"}  # all is said

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How many seconds a cell and a whole submission may take, and which share of its own an exercise.

    A submission that is out of time with less than the default for the whole is put off as slow; it
    is judged without what it did not finish only when it has had all of that.
    """

    cell: float = 10.0
    whole: float = 60.0
    share: float = 1.0


class Session(Protocol):
    """What a trial needs of a sandbox's session; see sandbox.py."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *trouble: object) -> None: ...

    def run(self, source: str, own: bool, seconds: float) -> str: ...

    def call(self, name: str, inputs: Inputs, seconds: float) -> Observation: ...


class Sandbox(Protocol):
    """What a trial needs of a sandbox."""

    @property
    def tier(self) -> Tier: ...

    def session(self) -> Session: ...


class Slow(Exception):
    """The submission needs more patience than this try has."""


class Again(Exception):
    """The session is over, and another one goes on without what ended it."""


@dataclass(frozen=True)
class Step:
    """A cell to run or, with `exercise`, the place where that exercise is called."""

    number: int  # of the cell in the notebook, counted from 1
    source: str = ""
    own: bool = True
    exercise: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an exercise did at the best of its places."""

    verdict: Verdict
    errors: tuple[str, ...] = ()
    late: bool = False  # better after the last cell than at its check

    @property
    def blank(self) -> bool:
        return bool(self.errors) and set(self.errors) <= set(BLANK)


GIVEN = """\
import solutions, sys, types
module = types.ModuleType({name!r})
exec({source!r}, module.__dict__)
sys.modules[{name!r}] = {name} = module
del module, solutions, sys, types
"""
Asked = dict[str, list[Case]]


def try_submission(
    submission: Submission,
    assignment: Assignment,
    secret: bytes,
    sandbox: Sandbox,
    patience: Patience = Patience(),
) -> Report:
    """Return the report on a submission; one without results says why there are none."""
    report = Report(
        submission.student,
        submission.assignment,
        submission.digest,
        int(sandbox.tier),
        flags=submission.flags,
        declaration=assignment.declaration,
    )
    began = time.monotonic()
    for _ in range(TRIES):
        try:
            results, flags = Trial(submission, assignment, sandbox, patience).results(secret)
        except Slow:
            return replace(report, slow=True, seconds=time.monotonic() - began)
        except SandboxFailure as failure:
            reason = str(failure)
        except NotGraded as trouble:
            return replace(report, ungraded=str(trouble))
        except Exception as error:
            reason = (
                f"Grading broke off with {type(error).__name__}; the submission is not at fault."
            )
        else:
            seconds = time.monotonic() - began
            return replace(report, results=results, flags=report.flags + flags, seconds=seconds)
    return replace(report, ungraded=reason)


def seed(secret: bytes, student: str, assignment: Assignment, exercise: str) -> int:
    """Return the number from which an exercise's hidden inputs are drawn for a student."""
    said = "\0".join((student, assignment.name, exercise, assignment.declaration))
    return int.from_bytes(hmac.digest(secret, said.encode("utf-8", "surrogateescape"), "sha256"))


class Trial:
    """One try of a submission, which may take several sessions."""

    def __init__(
        self, submission: Submission, assignment: Assignment, sandbox: Sandbox, patience: Patience
    ) -> None:
        self.submission, self.assignment = submission, assignment
        self.sandbox, self.patience = sandbox, patience
        self.steps = steps(submission, assignment)
        own = {step.number for step in self.steps if step.own and not step.exercise}
        self.defined = [  # by every cell that is not the book's
            defined(cell) if number in own else set()
            for number, cell in enumerate(submission.cells, 1)
        ]
        self.left = patience.whole
        self.stopped: dict[int, str] = {}  # cell -> why it was stopped; replays pass it over
        self.failed: dict[int, str] = {}  # cell -> what it raised in the session at hand

    def results(self, secret: bytes) -> tuple[tuple[Result, ...], tuple[str, ...]]:
        """Return the result of every exercise, and flags for the instructor."""
        names = self.assignment.exercises
        student = self.submission.student
        hidden = {name: Outcome(self._unreached()) for name in names} | self.play(
            {name: self.drawn(name, seed(secret, student, self.assignment, name)) for name in names}
        )
        flags = tuple(self.flags(hidden))
        wrong = [name for name in names if hidden[name].verdict.finding not in FINAL]
        public = self.play({name: self.drawn(name, 0) for name in wrong}) if wrong else {}
        right = {name for name in names if hidden[name].verdict.right}
        results = (self.result(name, hidden[name], public.get(name), right) for name in names)
        return tuple(results), flags

    def drawn(self, name: str, number: int) -> list[Case]:
        return guarded(name, lambda: self.assignment.exercise(name).draw(number))

    # -- sessions ------------------------------------------------------------------------------

    def play(self, asked: Asked) -> dict[str, Outcome]:
        """Run the notebook from top to bottom and call each exercise asked for at its check.

        Code that hangs or ends its process costs the cell or the exercise that it stands in: a
        fresh session goes on without.
        """
        found: dict[str, Outcome] = {}
        called: set[tuple[int, str]] = set()
        while self.left > 0:
            self.failed.clear()
            try:
                with self.sandbox.session() as session:
                    self._prepare(session)
                    self._through(session, asked, found, called)
                return found
            except Again:
                continue
        if self.patience.whole < Patience.whole:
            raise Slow
        return found

    def _prepare(self, session: Session) -> None:
        """Give the notebook what its own chapter's module holds besides answers."""
        if self.assignment.given:
            name = f"solutions.{self.assignment.slug}"
            source = GIVEN.format(name=name, source=self.assignment.given)
            said = session.run(source, True, Patience.cell)
            if said:
                raise SandboxFailure(f"The chapter's own functions could not be given: {said}.")

    def _through(
        self,
        session: Session,
        asked: Asked,
        found: dict[str, Outcome],
        called: set[tuple[int, str]],
    ) -> None:
        for step in self.steps:
            if step.exercise in asked:
                self._try(session, step.number, step.exercise, asked, found, called)
            elif not step.exercise and step.number not in self.stopped:
                self._run(session, step)
        for name in asked:
            if name not in found or self._mended(name, found[name]):
                self._try(session, END, name, asked, found, called)

    def _mended(self, name: str, at_check: Outcome) -> bool:
        """Return whether what was not right at its check may be so at the end.

        People go back, mend a function further down, and check again those that call it.
        """
        if at_check.blank or "NameError" in at_check.errors:
            return True
        if at_check.verdict.right or {"OutOfTime", "Died"} & set(at_check.errors):
            return False
        place = max(step.number for step in self.steps if step.exercise == name)
        used = self.names_in(name) | {name}
        return any(used & names for names in self.defined[place:])

    def _run(self, session: Session, step: Step) -> None:
        """Run a cell, and note what became of it.

        Where a cell lacks a name, which may be that of a package that is not here, the definitions
        further down in it still count.
        """
        try:
            said = self._ran(session, step.source, step.own)
            if step.own and said.startswith("NameError"):
                self._ran(session, step.source, own=False)
        except Stopped as stop:
            self.stopped[step.number] = stop.reason
            raise Again from None
        if said and step.own:
            self.failed[step.number] = said

    def _ran(self, session: Session, source: str, own: bool) -> str:
        if self.left <= 0:
            raise Again
        with self._clock():
            return session.run(source, own, min(self.patience.cell, self.left))

    def _try(
        self,
        session: Session,
        place: int,
        name: str,
        asked: Asked,
        found: dict[str, Outcome],
        called: set[tuple[int, str]],
    ) -> None:
        """Call an exercise here, unless it was before, or is known to be right."""
        best = found.get(name)
        if (place, name) in called or (best and best.verdict.right):
            return
        called.add((place, name))
        exercise = self.assignment.exercise(name)
        seen, over = self._calls(session, exercise, asked[name])
        judged = guarded(name, lambda: fair_verdict(exercise, asked[name], seen))
        if best is None or best.blank or judged.credit(1) > best.verdict.credit(1):
            errors = tuple(dict.fromkeys(one.error for one in seen if one.error))
            found[name] = Outcome(judged, errors, late=place == END and best is not None)
        if over:
            raise Again

    def _calls(
        self, session: Session, exercise: Exercise, cases: list[Case]
    ) -> tuple[list[Observation], bool]:
        """Return what an answer did on each case, and whether that was the end of the session."""
        seen: list[Observation] = []
        end = max(self.left - exercise.seconds * self.patience.share, 0)
        for case in cases:
            try:
                if self.left <= end:
                    raise Stopped("time")
                with self._clock():
                    one = session.call(exercise.name, case.inputs, self.left - end)
            except Stopped as stop:
                last = Observation(error="OutOfTime" if stop.reason == "time" else "Died")
                return seen + [last] * (len(cases) - len(seen)), True
            seen.append(sober(one))
            if one.error in BLANK:  # the other cases cannot change what is to be said
                return [seen[-1]] * len(cases), False
        return seen, False

    @contextmanager
    def _clock(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.left -= time.monotonic() - began

    def _unreached(self) -> Verdict:
        advice = (
            f"The notebook as a whole was still running after {self.patience.whole:g} seconds, so "
            "this exercise was not reached; look for the cell or the answer that takes so long."
        )
        return Verdict(False, "takes too long", advice, 0.0)

    # -- words ---------------------------------------------------------------------------------

    def result(self, name: str, hidden: Outcome, public: Outcome | None, right: set[str]) -> Result:
        exercise = self.assignment.exercise(name)
        finding, advice = self.words(exercise, hidden, public)
        if not hidden.verdict.right and not hidden.blank:
            advice += self.built_on(name, right)
        return Result(
            name,
            exercise.points,
            hidden.verdict.credit(exercise.points),
            hidden.verdict.right,
            finding,
            advice,
        )

    def words(self, exercise: Exercise, hidden: Outcome, public: Outcome | None) -> tuple[str, str]:
        """Return what the student reads: nothing that code said that knew the hidden inputs."""
        first = hidden.verdict
        if first.finding in FINAL:
            return first.finding, first.advice
        if public and not public.verdict.right:
            more = self.lost(exercise.name) if "Missing" in public.errors else ""
            return public.verdict.finding, public.verdict.advice + more
        for mistake in exercise.mistakes:
            if mistake.name == first.finding:
                return mistake.name, mistake.advice
        advice = (
            "Your answer is right on the inputs of the notebook's check, and wrong on others that "
            "were drawn for you."
        )
        raised = [one for one in hidden.errors if standard(one)]
        more = f" On some of them it raises {raised[0]}." if raised else ""
        return "right only on the inputs of the check", advice + more

    def lost(self, name: str) -> str:
        """Return what became of the cell that should have defined a function."""
        number = self.place(name)
        if not number:
            return " No cell defines it."
        if number in self.stopped:
            return " The cell that defines it had to be stopped."
        if number in self.failed:
            said = clean(self.failed[number]).rstrip(".")
            return f" The cell that defines it raises {said}."
        return ""

    def built_on(self, name: str, right: set[str]) -> str:
        """Point to an exercise that is called by this answer and is not right."""
        used = self.names_in(name)
        for other in self.assignment.exercises:
            if other != name and other in used and other not in right:
                return f" Your answer calls `{other}`, which is not right itself: look at that one first."
        return ""

    def place(self, name: str) -> int:
        """Return the number of the last cell that defines a name, or 0."""
        return max((n for n, names in enumerate(self.defined, 1) if name in names), default=0)

    def names_in(self, name: str) -> set[str]:
        """Return the words in an answer's code, without comments and docstrings.

        Its code is the function where it is a plain one, and else the cell.
        """
        number = self.place(name)
        if not number:
            return set()
        code = COMMENTS.sub("", self.submission.cells[number - 1].source)
        body = re.search(rf"^def {name}\b.*\n(?:(?:[ \t].*)?\n)*(?:[ \t].*)?", code, re.M)
        return set(re.findall(r"\w+", body[0] if body else code))

    # -- flags ---------------------------------------------------------------------------------

    def flags(self, hidden: dict[str, Outcome]) -> Iterator[str]:
        """Yield what the instructor may want to know of this try."""
        failed = {n: said.partition(":")[0] for n, said in self.failed.items()}
        missing = {n: module(said) for n, said in self.failed.items() if failed[n] in IMPORTS}
        told = {
            "Cells import what grading does not have": [f"{n} ({missing[n]})" for n in missing],
            "Cells raised an exception": [
                f"{n} ({one if standard(one) else 'one of its own'})"
                for n, one in failed.items()
                if n not in missing
            ],
            "Cells were stopped for taking too long": self._cells_stopped("time"),
            "Cells ended their process or flooded it": self._cells_stopped("died", "output"),
            "Answers were stopped for taking too long": raising(hidden, "OutOfTime"),
            "Answers ended their process, or took too much memory": raising(hidden, "Died"),
            "Answers lack a name or a module that grading does not have": raising(
                hidden, "NameError", *IMPORTS
            ),
            "Answers raise what the sandbox's refusals raise too (it allows no threads, and no file "
            "to be removed or renamed)": raising(hidden, *REFUSALS),
            "Answers were found only after their check": [
                name for name, one in hidden.items() if one.late and not one.blank
            ],
            "The time was over before these were reached": [
                name for name, one in hidden.items() if one.verdict == self._unreached()
            ],
        }
        for sentence, which in told.items():
            if which:
                more = f" and {len(which) - 8} more" if len(which) > 8 else ""
                yield f"{sentence}: {', '.join(which[:8])}{more}."

    def _cells_stopped(self, *reasons: str) -> list[str]:
        return [str(n) for n, reason in self.stopped.items() if reason in reasons]


# -- the notebook ------------------------------------------------------------------------------


def steps(submission: Submission, assignment: Assignment) -> list[Step]:
    """Return what is to be done, in the notebook's order; check cells themselves are never run."""
    found: list[Step] = []
    for number, cell in enumerate(submission.cells, 1):
        name = checked(cell, assignment)
        if name:
            if sum(step.exercise == name for step in found) < MOST_PLACES:
                found.append(Step(number, exercise=name))
        elif cell.kind == "code" and cell.source.strip():
            own = normalised(cell.source) not in assignment.book_cells
            found.append(Step(number, cell.source, own))
    return found


# -- the judge ---------------------------------------------------------------------------------


def fair_verdict(exercise: Exercise, cases: list[Case], seen: list[Observation]) -> Verdict:
    """Return the verdict, with a share of right cases that no table of the public answers raises.

    Some inputs are the same for everyone, such as z = ±1000, so they count for the whole only.
    """
    found = verdict(exercise, cases, seen)
    known = {wire.encode(case.inputs) for case in exercise.draw(0)}
    drawn = [i for i, case in enumerate(cases) if wire.encode(case.inputs) not in known]
    if found.right or not 0 < len(drawn) < len(cases):
        return found
    over = verdict(exercise, [cases[i] for i in drawn], [seen[i] for i in drawn])
    return replace(found, share=min(over.share, found.share))


# -- what the student's side said --------------------------------------------------------------


def sober(one: Observation) -> Observation:
    """Return an observation whose words are short and plain."""
    return replace(
        one, error=clean(one.error, 60), message=clean(one.message), line=clean(one.line)
    )


def clean(text: str, most: int = MOST_WORDS) -> str:
    """Return a text of the student's without control characters, and not too long."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * most])
    plain = " ".join(plain.split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def standard(name: str) -> bool:
    """Return whether this is the name of one of Python's own exceptions."""
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def module(said: str) -> str:
    """Return the module that an ImportError speaks of."""
    found = re.search(r"No module named '([\w.]{1,60})'|from '([\w.]{1,60})'", said)
    return (found[1] or found[2]) if found else "a part of a module"


def raising(outcomes: dict[str, Outcome], *errors: str) -> list[str]:
    return [name for name, one in outcomes.items() if set(one.errors) & set(errors)]


def guarded(name: str, act: Callable[[], T]) -> T:
    """Let no exception of the judge through: try again, then say which exercise is concerned."""
    for _ in range(2):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return act()
        except Exception as error:
            kind = type(error).__name__
    raise NotGraded(
        f"The judge failed on {name} with {kind}: that is a fault of the book's, and not the "
        "student's. Grade this exercise by hand, and report what happened."
    )
