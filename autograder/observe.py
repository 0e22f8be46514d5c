"""Call an answer on one set of inputs and write down what it did, as plain data.

Observations hold no reference and no verdict, so they may come from another process.
"""

import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from autograder.exercise import Case, Inputs, Seed
from autograder.patience import OutOfTime, patience

MOST_ITEMS = 10_000  # of a generator: one that never ends must not fill the memory


@dataclass(frozen=True)
class Observation:
    """What one call did.

    result: what it returned.  error, message, line: the exception's type, its words, and the line
    of the answer that raised it.  noise: the floating-point warnings on the way.  changed: names of
    the inputs that the call altered.  idle: names of the generators that it drew nothing from.
    """

    result: Any = None
    error: str = ""
    message: str = ""
    line: str = ""
    noise: frozenset[str] = frozenset()
    changed: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()


def observe(answer: Callable, inputs: Inputs) -> Observation:
    """Call `answer` on a fresh copy of the inputs."""
    given = {name: fresh(value) for name, value in inputs.items()}
    noise: set[str] = set()
    try:
        with (
            warnings.catch_warnings(),
            np.errstate(
                over="call",
                invalid="call",
                divide="call",
                under="ignore",
                call=lambda kind, flag: noise.add(kind),
            ),
        ):
            warnings.simplefilter("ignore")
            result = answer(**given)
            if isinstance(result, Iterator):  # what an answer yields comes as a list
                result = list(islice(result, MOST_ITEMS))
    except (Exception, SystemExit) as error:
        return Observation(
            error=type(error).__name__, message=str(error), line=_where(answer, error)
        )
    changed = tuple(name for name, value in inputs.items() if not same_input(given[name], value))
    idle = tuple(name for name, value in inputs.items() if untouched(given[name], value))
    return Observation(result=result, noise=frozenset(noise), changed=changed, idle=idle)


def observe_all(answer: Callable, cases: list[Case], seconds: float) -> list[Observation]:
    """Observe every case; an answer that hangs is interrupted, and the remaining cases with it."""
    seen: list[Observation] = []
    try:
        with patience(seconds):
            for case in cases:
                seen.append(observe(answer, case.inputs))
    except OutOfTime:
        pass
    return seen + [Observation(error="OutOfTime")] * (len(cases) - len(seen))


def fresh(value: Any) -> Any:
    """A copy that the answer may do anything to; layout is kept, a Seed becomes its Generator."""
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if isinstance(value, Seed):
        return np.random.default_rng(value.seed)
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(fresh(item) for item in value)
    return value


def same_input(now: Any, before: Any) -> bool:
    """Whether an input is what it was; a Generator is meant to be used up."""
    if isinstance(before, np.ndarray):
        return (
            isinstance(now, np.ndarray)
            and now.dtype == before.dtype
            and np.array_equal(now, before, equal_nan=before.dtype.kind == "f")
        )
    if isinstance(before, dict):
        return now.keys() == before.keys() and all(same_input(now[k], before[k]) for k in before)
    if isinstance(before, list | tuple):
        return len(now) == len(before) and all(map(same_input, now, before))
    return isinstance(before, Seed) or now is before or now == before


def untouched(now: Any, before: Any) -> bool:
    """Whether an input is a Generator that stands where it began."""
    if not isinstance(before, Seed):
        return False
    return now.bit_generator.state == fresh(before).bit_generator.state


def _where(answer: Callable, error: BaseException) -> str:
    """The last line of the answer's own source that was running when it raised."""
    code = getattr(answer, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    return (own[-1].line or "") if own else ""
