"""What can be said of a wrong answer without knowing the exercise, each in a sentence."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import Signature
from typing import Any

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.observe import Observation

ENDED = {  # what grading a class sees, besides exceptions
    "Missing": (
        "not found",
        "There is no function `{}` when the notebook has run from top to bottom: was it renamed, or "
        "did its cell raise an error?",
    ),
    "Died": (
        "ends its process",
        "`{}` ended the process that it ran in, or took more memory than there is; look for a call of "
        "`exit`, or an array that grows and grows.",
    ),
}
ARGUMENTS = re.compile(r"unexpected keyword argument|required positional argument")


@dataclass(frozen=True)
class Finding:
    """A short name, the sentence for the learner, and the result it speaks of."""

    name: str
    advice: str
    result: str = ""


class Misfit(Exception):
    """The result does not have the structure asked for."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.advice)
        self.finding = finding


# -- the call itself ---------------------------------------------------------------------------


def raised(got: Observation, exercise: Exercise) -> Finding:
    if got.error == "OutOfTime":
        return Finding(
            "takes too long",
            f"It was still running after {exercise.seconds:g} seconds, so it was stopped; "
            "look for a loop that never ends, or one over every number where NumPy has one call.",
        )
    if got.error in ENDED:
        return Finding(*(words.format(exercise.name) for words in ENDED[got.error]))
    if got.error == "Unsendable":
        return Finding(
            "type", f"What came back cannot be judged: {got.message}.".replace("WireError: ", "")
        )
    if got.error == "TypeError" and not got.line and ARGUMENTS.search(got.message):
        asked = inspect.signature(exercise.reference).replace(return_annotation=Signature.empty)
        bare = [p.replace(annotation=Signature.empty) for p in asked.parameters.values()]
        called = f"{exercise.name}{asked.replace(parameters=bare)}"
        return Finding("signature", f"The first line should read `def {called}:`, names included.")
    line = f" in the line `{got.line}`" if got.line else ""
    words = f": {got.message.strip()}" if got.message else ""
    return Finding(
        f"raises {got.error}", f"Your code raises {got.error}{line}{words}.".replace("..", ".")
    )


def changed(names: tuple[str, ...]) -> Finding:
    listed = " and ".join(f"`{name}`" for name in names)
    return Finding(
        "changes its input",
        f"The numbers are right, but your function alters {listed}, which belongs to the caller; "
        "compute a new array instead of writing into the one you were given.",
    )


def noisy(noise: frozenset[str]) -> Finding:
    kinds = " and ".join(sorted(noise))
    return Finding(
        "numerical warning",
        f"The numbers are right, but NumPy warns of {kinds} on the way: some step gives infinity or NaN, "
        "and only luck mends it afterwards. Rewrite that step so that it stays in range; if it stands in "
        "`np.where`, know that both branches are computed.",
    )


# -- the structure of the result ---------------------------------------------------------------


def pairs(got: Any, want: Any, names: list[str], name: str) -> Iterator[tuple[str, Any, Any]]:
    """Walk two results side by side: (name of the part, what came, what was wanted)."""
    if isinstance(want, tuple | list):
        if not isinstance(got, tuple | list) or len(got) != len(want):
            raise Misfit(count(name, got, want, names))
        for i, (mine, theirs) in enumerate(zip(got, want, strict=True)):
            part = names[i] if i < len(names) else f"{name}[{i}]"
            yield from pairs(mine, theirs, [], part)
    elif isinstance(want, dict):
        if not isinstance(got, dict) or got.keys() != want.keys():
            raise Misfit(keys(name, got, want))
        for key in want:
            yield from pairs(got[key], want[key], [], f"{name}[{key!r}]")
    else:
        yield (names[0] if len(names) == 1 else name), got, want


def count(name: str, got: Any, want: Any, names: list[str]) -> Finding:
    if got is None:
        return nothing(name)
    listed = f" ({', '.join(names)})" if names else ""
    came = f"{len(got)} came" if isinstance(got, tuple | list) else f"one {_kind(got)} came"
    return Finding("number of results", f"`{name}` asks for {len(want)} results{listed}; {came}.")


def keys(name: str, got: Any, want: Any) -> Finding:
    if got is None:
        return nothing(name)
    if not isinstance(got, dict):
        return Finding("type", f"`{name}` should be a dict; a {_kind(got)} came.")
    return Finding(
        "keys",
        f"`{name}` should have the keys {sorted(want)}; it has {_short(sorted(got, key=str))}.",
    )


def nothing(name: str) -> Finding:
    return Finding(
        "returns None", f"`{name}` came back as None: does the function end with `return`?"
    )


# -- one array or number -----------------------------------------------------------------------


def form(name: str, got: Any, want: Any, case: Case) -> Finding | None:
    """The first difference in type, shape or dtype between one result and the wanted one."""
    if got is None and want is not None:
        return nothing(name)
    if isinstance(want, str | bool) or want is None:
        same_thing = type(got) in (type(want), np.bool_) and got == want
        return (
            None
            if same_thing
            else Finding("value", f"`{name}` is {_short(got)}, and should be something else.", name)
        )
    array = isinstance(want, np.ndarray)
    if array and isinstance(got, list | tuple):
        mend = "return `np.array(...)` of it" if isinstance(got, list) else "return the array alone"
        advice = f"`{name}` is a {_kind(got)}; one NumPy array is asked for: {mend}."
        return Finding(f"a {_kind(got)}", advice, name)
    if type(got).__module__.startswith("torch"):
        return Finding("a tensor", f"`{name}` is a torch tensor; a NumPy array is asked for.", name)
    number = isinstance(got, np.ndarray | np.generic | int | float | complex)
    if not number or isinstance(got, bool | np.bool_):
        return Finding(
            "type", f"`{name}` should be {_kind(want, True)}; {_kind(got, True)} came.", name
        )
    mine, theirs = np.asarray(got), np.asarray(want)
    if mine.shape != theirs.shape:
        return Finding("shape", shape_advice(name, mine, theirs, case), name)
    truth = mine.dtype.kind == "b" and theirs.dtype.kind != "b"
    if mine.dtype.kind not in "biuf" or truth or (array and wrong_dtype(mine.dtype, theirs.dtype)):
        advice = f"`{name}` has dtype {mine.dtype}; {theirs.dtype} is asked for"
        if theirs.dtype == np.float32:
            advice += ", since the input is float32 (a `np.zeros` without dtype, or a float64 constant array?)"
        return Finding("dtype", advice + ".", name)
    return None


def value(name: str, got: Any, want: Any, rtol: float) -> Finding | None:
    """A difference in value between one result and the wanted one, whose form it has."""
    if isinstance(want, str | bool) or want is None:  # such a thing is its own form
        return None
    return None if close(np.asarray(got), np.asarray(want), rtol) else Finding("value", "", name)


def law(got: dict[str, Any], want: dict[str, Any], rtol: float) -> Finding | None:
    """The first difference between the laws of two random results of the same form."""
    for part, theirs in want.items():
        mine, theirs = np.asarray(got[part], dtype=float), np.asarray(theirs, dtype=float)
        if not close(mine, theirs, rtol):
            size = np.abs(theirs).max()
            gap = np.abs(mine - theirs).max() / size if size else np.nan
            far = f", by {gap:.0%}" if np.isfinite(gap) else ""
            return Finding(
                "another law",
                "What is asked for is random, so yours is judged by its law and not number by number: "
                f"it is off in {part}{far}.",
            )
    return None


def bound(held: dict[str, tuple[float, float]]) -> Finding | None:
    """The first bound that a result of the right form does not keep."""
    for name, (size, most) in held.items():
        if not size <= most:  # NaN keeps no bound
            return Finding(
                "out of bounds",
                "More than one answer is right here, so yours is judged by what is proven of it: "
                f"{name} is {size:.3g}, and may be {most:.3g} at most.",
            )
    return None


def idle(names: tuple[str, ...]) -> Finding:
    name = names[0]
    return Finding(
        "numbers from elsewhere",
        f"Nothing is drawn from `{name}`. Take every random number from the generator that you were "
        f"given, `{name}.random(…)` and not `np.random.random(…)`: only so can a run be repeated.",
    )


def wrong_dtype(mine: np.dtype, theirs: np.dtype) -> bool:
    """Floats must have the precision asked for; integers may come in any width."""
    return (
        mine != theirs
        if theirs.kind == "f"
        else mine.kind != theirs.kind and theirs.kind + mine.kind != "iu"
    )


def tolerance(want: np.ndarray, rtol: float) -> float:
    return max(rtol, 1e-5) if want.dtype == np.float32 else rtol


def close(got: np.ndarray, want: np.ndarray, rtol: float) -> bool:
    """Equal relative to the largest finite entry of `want`; NaN never is, equal infinities are."""
    with np.errstate(all="ignore"):
        scale = np.abs(want[np.isfinite(want)], dtype=float).max(initial=0.0) if want.size else 0.0
        gap = np.abs(got.astype(float) - want.astype(float))
        return bool(np.all((got == want) | (gap <= tolerance(want, rtol) * scale + 1e-300)))


def alike(a: Any, b: Any) -> bool:
    """Whether two results agree in type, shape and dtype."""
    try:
        x, y = np.asarray(a), np.asarray(b)
    except ValueError:
        return False
    listed = [isinstance(one, list | tuple) for one in (a, b)]
    return x.shape == y.shape and x.dtype == y.dtype and listed[0] == listed[1]


def same(a: Any, b: Any, rtol: float) -> bool:
    """Whether two results agree in type, shape, dtype and value, counting NaN equal to NaN."""
    if not alike(a, b):
        return False
    x, y = np.asarray(a), np.asarray(b)
    if x.dtype.kind not in "biuf":
        return bool(np.all(x == y))
    both = np.isnan(x) & np.isnan(y) if x.dtype.kind == "f" else np.zeros(x.shape, bool)
    return close(np.where(both, 0, x), np.where(both, 0, y), rtol)


def shape_advice(name: str, got: np.ndarray, want: np.ndarray, case: Case) -> str:
    said = f"`{name}` has shape {got.shape}; {want.shape} is asked for."
    if got.size == want.size and got.squeeze().shape == want.squeeze().shape:
        return said + " An axis of length 1 is too many or missing: `keepdims`, or a reshape."
    if got.shape == want.shape[::-1]:
        return said + " That is the transpose: which index comes first?"
    if got.ndim == 0:
        return said + " Everything was summed or averaged into one number: which axis should go?"
    if got.ndim == want.ndim + 1 and want.shape == got.shape[1:]:
        return (
            said
            + f" The first axis, of length {got.shape[0]}, is still there: it should be summed or averaged away."
        )
    if got.ndim == want.ndim == 2 and 1 in (want.shape[0], want.shape[1]):
        return (
            said
            + " Two arrays of shapes (n,) and (n, 1) broadcast to (n, n): compare their shapes."
        )
    where = _size(got.shape[-1], case)
    if got.ndim == want.ndim == 1 and where:
        return said + f" {got.shape[0]} is {where}: did you sum over the wrong axis?"
    return said


def _size(n: int, case: Case) -> str:
    """Say which size of which input this number is."""
    places = ("rows", "columns")
    for name, value in case.inputs.items():
        for axis, size in enumerate(getattr(value, "shape", ())):
            if size == n and n > 1:
                what = places[axis] if value.ndim == 2 else f"entries along axis {axis}"
                return f"the number of {what} of `{name}`"
    return ""


def _short(value: Any) -> str:
    """How Python writes a value, if that is short."""
    said = repr(value)
    return said if len(said) <= 100 else f"{said[:100]}…"


def _kind(value: Any, article: bool = False) -> str:
    kind = {"ndarray": "NumPy array", "NoneType": "None", "int": "number", "float": "number"}.get(
        type(value).__name__, type(value).__name__
    )
    return f"a {kind}" if article else kind


# -- the values --------------------------------------------------------------------------------


def look_closer(
    exercise: Exercise, first: Finding, wrong: list[tuple[Case, Any, Any]]
) -> tuple[str, str]:
    """Name a difference in value: not finite, a sign, a factor, transposed, a term; or say how far."""
    if first.name != "value" or first.advice:
        return first.name, first.advice
    which = _index(first.result, exercise, wrong[0][2])
    parts = [
        (
            case,
            np.asarray(_part(got, which), dtype=float),
            np.asarray(_part(want, which), dtype=float),
        )
        for case, got, want in wrong
        if _comparable(got, want, which)
    ]
    name = f"`{first.result}`"
    case, got, want = parts[0]
    if not np.isfinite(got).all() and np.isfinite(want).all():
        kind = "NaN" if np.isnan(got).any() else "infinity"
        return "not finite", f"{name} holds {kind}; which step overflows, or divides by zero?"
    if not got.any():
        return (
            "zero",
            f"{name} is 0 everywhere; is something multiplied by zero, or never filled in?",
        )
    named = (
        _factor(name, parts)
        or _transposed(name, got, want)
        or _terms(exercise, name, which, case, got, want)
    )
    if named:
        return named
    whole = np.asarray(_part(wrong[0][2], which)).dtype.kind in "biu"
    return "value", _count(name, got, want) if whole and want.size > 1 else _distance(
        name, got, want
    )


def _count(name: str, got: np.ndarray, want: np.ndarray) -> str:
    """How many are wrong, of ids, labels, yes and no: such things are not far off, or near."""
    off = np.count_nonzero(got != want)
    return f"{name} has the right shape, but {off} of its {want.size} entries are wrong."


def _distance(name: str, got: np.ndarray, want: np.ndarray) -> str:
    """How far off, in parts of the largest entry: a class is graded with these sentences, and an
    expected value is never told."""
    finite = np.isfinite(want)
    size = np.abs(want[finite]).max(initial=0)
    if not size:
        return f"{name} is not right."
    worst = np.abs(got[finite] - want[finite]).max() / size
    if not worst:
        return f"{name} is right wherever a finite number belongs, and nowhere else."
    gap = f"{worst:.1%} of" if worst < 1 else f"{worst:.3g} times"
    if want.size == 1:
        return f"{name} is off by {gap} its size."
    off = np.count_nonzero(~np.isclose(got, want, rtol=1e-6, atol=1e-9 * size))
    some = f"{off} of its {want.size} entries are" if 0 < off < want.size else "it is"
    return f"{name} has the right shape, but {some} off, by up to {gap} the largest entry."


def _index(result: str, exercise: Exercise, want: Any) -> tuple[Any, ...]:
    """Find the path of a named part inside the result: positions, and the keys of dicts."""

    def walk(value: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        if isinstance(value, tuple | list | dict):
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            return [leaf for key, item in inner for leaf in walk(item, (*path, key))]
        return [path]

    names = [name for name, _, _ in pairs(want, want, exercise.results, exercise.name)]
    return walk(want, ())[names.index(result)]


def _part(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _comparable(got: Any, want: Any, path: tuple[Any, ...]) -> bool:
    try:
        mine, theirs = np.asarray(_part(got, path)), np.asarray(_part(want, path))
    except (TypeError, IndexError, KeyError, ValueError):
        return False
    return mine.shape == theirs.shape and mine.dtype.kind in "biuf" and theirs.dtype.kind in "biuf"


def _factor(name: str, parts: list[tuple[Case, np.ndarray, np.ndarray]]) -> tuple[str, str] | None:
    """A sign, a constant, or a size of an input (1/N): the same story must hold on every case."""
    ratios = []
    for _, got, want in parts:
        top = np.unravel_index(np.argmax(np.abs(want)), want.shape) if want.size else ()
        with np.errstate(all="ignore"):
            ratio = float(got[top] / want[top]) if want.size and want[top] else np.nan
        if (
            not np.isfinite(ratio)
            or ratio == 0
            or not np.allclose(got, ratio * want, rtol=1e-5, atol=1e-12)
        ):
            return None
        ratios.append(ratio)
    if np.allclose(ratios, -1):
        return "sign", f"{name} has the wrong sign."
    if np.allclose(ratios, ratios[0], rtol=1e-5) and len(ratios) > 1:
        return "factor", f"{name} is {ratios[0]:.4g} times what it should be."
    case = parts[0][0]
    for key, value in case.inputs.items():
        shapes = [np.shape(one.inputs[key]) for one, _, _ in parts if isinstance(value, np.ndarray)]
        for axis in range(min(map(len, shapes), default=0)):
            sizes = np.array([shape[axis] for shape in shapes], dtype=float)
            what = _size(int(sizes[0]), case) or f"a size of `{key}`"
            if np.allclose(ratios, sizes, rtol=1e-5):
                return (
                    "factor",
                    f"{name} is {sizes[0]:g} times what it should be, and {sizes[0]:g} is {what}: divide by it.",
                )
            if np.allclose(ratios, 1 / sizes, rtol=1e-5):
                return (
                    "factor",
                    f"{name} is 1/{sizes[0]:g} of what it should be, and {sizes[0]:g} is {what}: you divide by it once too often.",
                )
    if min(want.size for _, _, want in parts) < 2:  # any two numbers have a ratio
        return None
    return "factor", f"{name} is {ratios[0]:.4g} times what it should be."


def _transposed(name: str, got: np.ndarray, want: np.ndarray) -> tuple[str, str] | None:
    square = got.ndim == 2 and got.shape[0] == got.shape[1]
    if square and np.allclose(got, want.T, rtol=1e-6):
        return (
            "transposed",
            f"{name} is the transpose of what it should be: which index comes first?",
        )
    return None


def _terms(
    exercise: Exercise,
    name: str,
    which: tuple[Any, ...],
    case: Case,
    got: np.ndarray,
    want: np.ndarray,
) -> tuple[str, str] | None:
    """Write the answer as a combination of the gradient's terms, and say which weight is not 1."""
    if exercise.in_terms is None:
        return None
    terms = exercise.in_terms(**case.inputs)[which[0] if which else 0]
    columns = np.stack([np.broadcast_to(term, want.shape).ravel() for term in terms.values()], 1)
    weights = np.linalg.lstsq(columns, got.ravel(), rcond=None)[0]
    if not np.allclose(columns @ weights, got.ravel(), rtol=1e-6, atol=1e-9 * np.abs(want).max()):
        return None
    off = [
        f"{term} is {_amount(c)}"
        for term, c in zip(terms, weights, strict=True)
        if abs(c - 1) > 1e-6
    ]
    return ("a term of the gradient", f"In {name}, {'; '.join(off)}.") if off else None


def _amount(weight: float) -> str:
    if abs(weight) < 1e-6:
        return "missing"
    return "of the wrong sign" if abs(weight + 1) < 1e-6 else f"counted {weight:.3g} times"
