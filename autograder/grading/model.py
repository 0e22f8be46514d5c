"""What travels between the stages of grading: a submission, what its code did, and its report."""

from dataclasses import dataclass, field
from enum import IntEnum


class Tier(IntEnum):
    """How well a student's code is walled in; stamped into every report."""

    BUBBLEWRAP = 1  # namespaces by bubblewrap, seccomp, limits
    LANDLOCK = 2  # Landlock, seccomp, limits; needs neither root nor namespaces
    PLAIN = 3  # a subprocess and nothing else: only for submissions that are trusted


class NotGraded(Exception):
    """Nothing is known of the submission's worth; the text says why.  Never a zero."""


class SandboxFailure(NotGraded):
    """The sandbox did not start or broke down through no doing of the student's code."""


class Stopped(Exception):
    """The student's code was stopped; `reason` is "time", "output" or "died"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Cell:
    """A cell as the student handed it in: nothing but its kind, its text and what it claims to be."""

    kind: str  # "code" or "markdown"
    source: str
    grade_id: str = ""


@dataclass(frozen=True)
class Submission:
    """What intake lets through of a handed-in folder."""

    student: str
    assignment: str  # the folder's name, as in 02_activations
    digest: str  # SHA-256 of the notebook's bytes, in hexadecimal
    cells: tuple[Cell, ...]
    flags: tuple[str, ...] = ()  # sentences on what was odd, for the instructor


@dataclass(frozen=True)
class Result:
    """The verdict on one exercise.  `finding` and `advice` are fit for the student's eyes."""

    exercise: str
    points: float  # what it is worth
    score: float
    right: bool
    finding: str
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """What grading a submission found; with `ungraded`, nothing but the reason why it could not."""

    student: str
    assignment: str
    digest: str
    tier: int
    results: tuple[Result, ...] = ()
    flags: tuple[str, ...] = ()
    ungraded: str = ""
    declaration: str = ""  # hash of the exercises' declarations and references
    seconds: float = field(default=0.0, compare=False)
    slow: bool = field(default=False, compare=False)  # put off, and worth more patience

    @property
    def score(self) -> float:
        return round(sum(result.score for result in self.results), 2)

    @property
    def points(self) -> float:
        return sum(result.points for result in self.results)
