"""Measure how far a column's results lie from the truth, and derive how far they may.

The truth is the reference in extended precision, on the inputs as the column's format holds them:
what is measured is the arithmetic, and not the rounding of the inputs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.exercise import Exercise, Inputs
from autograder.observe import fresh
from autograder.patience import OutOfTime, patience
from precision.chain import UNITS, Path, Watch
from precision.columns import Column, setting, to_tensors
from precision.formats import Format, gamma, rounded

SECONDS = 60.0  # for one exercise in one column
DRAWS = 12  # random perturbations whose largest effect estimates the condition
SLACK = 2  # the estimate is one from below
NATIVE = {"float64": np.float64, "float32": np.float32}


@dataclass(frozen=True)
class Measured:
    """The largest relative error over the cases, what it might have been there, and the worst share.

    share: the largest part of its budget that any case uses; above 1, a budget does not hold.
    """

    error: float
    budget: float
    share: float
    cases: int


def left_out(exercise: Exercise) -> str:
    """Return why an exercise has no row in the ledger, or nothing."""
    if exercise.torch_ready is None:
        return "torch has no counterpart"
    if exercise.by_property:
        return "many results are right, and they are judged by their properties"
    if not any(_floats(exercise.reference(**fresh(case.inputs))) for case in exercise.draw(0)):
        return "its results are whole numbers, which are right or wrong"
    return ""


class NotMeasured(Exception):
    """Why a column has no number for an exercise; the message is a sentence's end."""


def measure(exercise: Exercise, column: Column, seed: int = 0) -> Measured:
    """Return the error and the budget of one exercise in one column, over its declared cases.

    Raises NotMeasured with the reason where there is no number.
    """
    try:
        with patience(SECONDS), np.errstate(all="ignore"), torch.random.fork_rng():
            found = [
                one for case in exercise.draw(seed) if (one := _case(exercise, column, case.inputs))
            ]
    except OutOfTime:
        raise NotMeasured(f"it took longer than {SECONDS:.0f} s") from None
    except NotMeasured:
        raise
    except Exception as trouble:
        words = str(trouble).strip().splitlines() or [""]
        raise NotMeasured(f"{type(trouble).__name__}: {words[0][:120]}") from trouble
    if not found:
        raise NotMeasured("every case lies beyond the format's range")
    error, allowed = max(found)
    return Measured(error, allowed, max(error / allowed for error, allowed in found), len(found))


def _case(exercise: Exercise, column: Column, inputs: Inputs) -> tuple[float, float] | None:
    """Return error and budget on one case; None where the format cannot hold what it is about."""
    held = _mapped(inputs, lambda x: _held(x, column.held))
    drawn_coarser = any(np.finfo(x.dtype).eps > 2 * column.held.u for x in _arrays(inputs))
    if drawn_coarser or not _within(inputs, column.held):
        return None
    truth = _floats(truly(exercise, held))
    if not truth or not _within(truth, column.held):
        return None
    if column.who == "numpy" and all(one.dtype == NATIVE[column.held.name] for one in truth):
        raise NotMeasured("it is the truth itself, where NumPy computes with nothing finer")
    error = distance(_floats(_answer(exercise, column, held)), truth)
    path = longest_path(exercise, held)
    return error, budget(column, path, condition(exercise, held, truth, column))


def truly(exercise: Exercise, inputs: Inputs) -> Any:
    """Return the reference's results in extended precision, or in float64 where NumPy knows no more."""
    try:
        return exercise.reference(**fresh(_mapped(inputs, lambda x: x.astype(np.longdouble))))
    except TypeError:  # numpy.linalg has no extended precision
        return exercise.reference(**fresh(_mapped(inputs, lambda x: x.astype(np.float64))))


def distance(found: list[np.ndarray], truth: list[np.ndarray]) -> float:
    """Return the largest error of any result, relative to the truth's largest entry.

    Where the truth is infinite or NaN the result must be the same, or the error is infinite; a
    truth that is all 0 has no scale, and the error counts as it is.
    """
    worst = 0.0
    for got, want in zip(found, truth, strict=True):
        got = got.astype(np.longdouble)
        if got.shape != want.shape:
            raise NotMeasured(f"the shapes differ, {got.shape} and {want.shape}")
        fits = np.isfinite(want)
        if not np.array_equal(got[~fits], want[~fits], equal_nan=True):
            return float("inf")
        scale = np.max(np.abs(want[fits]), initial=0) or 1.0
        gap = np.max(np.abs(got[fits] - want[fits]), initial=0) / scale
        worst = max(worst, float("inf") if np.isnan(gap) else float(gap))
    return worst


def budget(column: Column, path: Path, kappa: float) -> float:
    """Return 2 κ (γ_L(u of the sums) + γ_r(u of what is written down) + γ_2p(u of the factors))."""
    allowed = gamma(path.length, column.sums.u)
    if column.held.u > column.sums.u:
        allowed += gamma(path.results + 1, column.held.u)
    if column.factors.u > column.held.u:
        allowed += gamma(2 * path.products, column.factors.u)
    return SLACK * kappa * allowed


def condition(exercise: Exercise, held: Inputs, truth: list[np.ndarray], column: Column) -> float:
    """Estimate how much larger a result's relative change is than that of the inputs; at least 1.

    Every entry x becomes x (1 ± h), with random signs and h the coarsest unit round-off in use, but
    no smaller than 2⁻²⁶, since the perturbed results are themselves computed in float64 or better.
    """
    rng = np.random.default_rng(1)
    h = max(column.held.u, column.factors.u, 2.0**-26)

    def moved(x: np.ndarray) -> np.ndarray:
        return x.astype(np.longdouble) * (1 + h * rng.choice([-1, 1], size=x.shape))

    found = [1.0]
    for _ in range(DRAWS):
        found.append(distance(_floats(truly(exercise, _mapped(held, moved))), truth) / h)
    return max(one for one in found if np.isfinite(one))


def longest_path(exercise: Exercise, held: Inputs) -> Path:
    """Return the roundings on the longest path of torch's own computation, on the CPU in float64."""
    assert exercise.torch_ready is not None
    with torch.random.fork_rng(), Watch() as watch:
        exercise.torch_ready(fresh(_mapped(held, lambda x: x.astype(np.float64))))()
    return watch.longest | Path(UNITS, 1, 0)  # what an oracle does outside of torch is not seen


def _answer(exercise: Exercise, column: Column, held: Inputs) -> Any:
    """Return what the column computes from the inputs that its format holds."""
    if column.who == "numpy":
        kind = NATIVE[column.held.name]
        return exercise.reference(**fresh(_mapped(held, lambda x: x.astype(kind))))
    assert exercise.torch_ready is not None
    with setting(column):
        return exercise.torch_ready(to_tensors(fresh(held), column))()


def _held(x: np.ndarray, format: Format) -> np.ndarray:
    return rounded(x.astype(np.float64), format)


def _mapped(value: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """Change the arrays of real numbers, whatever holds them."""
    if isinstance(value, np.ndarray):
        return change(value) if value.dtype.kind == "f" else value
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_mapped(item, change) for item in value)
    return value


def _floats(value: Any) -> list[np.ndarray]:
    """Return all results that are real numbers, as arrays."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _floats(item)]
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    array = np.asarray(value)
    return [array] if array.dtype.kind == "f" else []


def _within(value: Any, format: Format) -> bool:
    """Whether a format can hold the largest entry of every array, and none is all underflow."""
    sizes = []
    for array in _floats(value) if isinstance(value, list) else _arrays(value):
        finite = np.abs(array[np.isfinite(array)])
        sizes.append(float(finite.max(initial=0)))
    return all(size == 0 or format.smallest <= size <= format.largest for size in sizes)


def _arrays(value: Any) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    _mapped(value, lambda x: found.append(x) or x)  # type: ignore[func-returns-value]
    return found
