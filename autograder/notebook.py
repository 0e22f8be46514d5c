"""What a reader calls in a notebook: check, hint, solution, use_my_own; and grade, for a course."""

import html
import inspect
import os
import re
import textwrap
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import exercises, memory, own
from autograder.exercise import Exercise
from autograder.judge import Verdict, judge
from autograder.observe import fresh, observe, observe_all


class Message:
    """A short text that shows as plain text anywhere and as a quiet box in a notebook."""

    def __init__(self, text: str, kind: str = "note", body: str = "") -> None:
        self.text, self.kind, self.body = text, kind, body

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        colour = {"right": "#2e8b57", "wrong": "#c2571a"}.get(self.kind, "#6b7280")
        text = self.body or re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.text))
        style = f"border-left:4px solid {colour};padding:.4em .8em;max-width:60em"
        return f'<div style="{style}">{text}</div>'


def check(answer: Callable) -> Message:
    """Say whether your function is right and, if it is not, what is wrong with it."""
    if isinstance(answer, str):
        said = f"✗ check takes the function itself, without quotes: `check({answer})`."
        return Message(said, "wrong")
    try:
        exercise = _exercise(answer)
    except LookupError as error:
        return Message(f"✗ {error}", "wrong")
    verdict = judge(exercise, answer)
    kept = memory.load().get(exercise.name, {})
    solved = verdict.right or kept.get("solved", False)
    if verdict.finding != "not written yet":
        memory.remember(
            exercise.name, tries=kept.get("tries", 0) + 1, solved=solved, finding=verdict.finding
        )
    if verdict.right:
        why = own.keep(exercise, answer)
        note = f" It is not kept for later chapters, since {why}." if why else ""
        return Message(
            f"✓ {exercise.name} is right{_beside_torch(exercise, answer)}{note}", "right"
        )
    mark = "○" if verdict.finding == "not written yet" else "✗"
    advice = verdict.advice + _built_on(exercise, answer)
    return Message(f"{mark} {exercise.name}: {verdict.finding}. {advice}", "wrong")


def grade(answer: Callable, seed: int | None = None) -> float:
    """Print the diagnosis and return the points earned; for the hidden cell of a course.

    The inputs are drawn from `seed`, by default the environment's NND_COURSE_SEED.
    """
    exercise = _exercise(answer)
    verdict = judge(
        exercise, answer, int(os.environ.get("NND_COURSE_SEED", 1)) if seed is None else seed
    )
    print(textwrap.fill(_feedback(exercise, verdict), 88))  # feedback pages do not wrap
    return float(verdict.credit(exercise.points))


def hint(answer: Callable | str) -> Message:
    """Give the next hint; the last one is nearly the line."""
    try:
        exercise = _exercise(answer)
    except LookupError as error:
        return Message(str(error))
    if not exercise.stages:
        return Message(f"There is no hint for {exercise.name}; its docstring holds the formula.")
    given = memory.load().get(exercise.name, {}).get("hints", _hints_given.get(exercise.name, 0))
    stage = min(given, len(exercise.stages) - 1)
    _hints_given[exercise.name] = stage + 1
    memory.remember(exercise.name, hints=stage + 1)
    last = (
        f" That was the last one; `solution({exercise.name})` shows the answer."
        if stage + 1 == len(exercise.stages)
        else ""
    )
    return Message(f"Hint {stage + 1} of {len(exercise.stages)}: {exercise.stages[stage]}{last}")


_hints_given: dict[str, int] = {}  # for a reader without a progress file


def solution(answer: Callable | str) -> Message:
    """Show the reference answer."""
    try:
        exercise = _exercise(answer)
    except LookupError as error:
        return Message(str(error))
    source = answer_source(exercise.reference)
    memory.remember(exercise.name, seen=True)
    return Message(source, body=f"<pre>{html.escape(source)}</pre>")


def use_my_own(on: bool = True) -> Message:
    """Let later chapters use your own functions where they are right, or, with False, the book's.

    It is remembered for every notebook.  Call it again after you have changed a function elsewhere.
    """
    return Message(own.switch(on))


def answer_source(function: Callable) -> str:
    """The source of a reference without nbgrader's solution marks."""
    return re.sub(r"\n *### (BEGIN|END) SOLUTION", "", inspect.getsource(function)).rstrip()


def _exercise(answer: Any) -> Exercise:
    """Find the exercise that a function, or a name, answers."""
    if isinstance(answer, str):
        return exercises.find(answer)
    if not callable(answer):
        raise LookupError(
            "A function is asked for: write its name alone, as in check(sigmoid), without calling it; "
            f"this is of type {type(answer).__name__}."
        )
    return exercises.find(getattr(answer, "__name__", type(answer).__name__))


def _feedback(exercise: Exercise, verdict: Verdict) -> str:
    if verdict.right:
        return f"✓ {exercise.name} is right."
    return f"✗ {exercise.name}: {verdict.finding}. {verdict.advice}"


def _built_on(exercise: Exercise, answer: Callable) -> str:
    """Point to an earlier exercise that this answer calls and that has not passed its check."""
    called = getattr(getattr(answer, "__code__", None), "co_names", ())
    kept = memory.load()
    for name in exercises.of(exercise.slug):
        if (
            name in called
            and name != exercise.name
            and name in kept
            and not kept[name].get("solved")
        ):
            return f" Your answer calls `{name}`, which has not passed its check: look at that one first."
    return ""


def _beside_torch(exercise: Exercise, answer: Callable) -> str:
    """How far a right answer is from an independent one, and its time against the reference's."""
    oracle = exercise.by_torch or exercise.by_other
    cases = exercise.draw(0)
    said = f": {len(cases)} kinds of input"
    if exercise.in_law is not None:
        said += ", judged by the law of the numbers drawn"
    elif exercise.in_bounds is not None:
        said += ", judged by certified bounds"
    elif oracle is not None:
        try:
            theirs = [oracle(**fresh(case.inputs)) for case in cases]
        except ImportError:
            return f"{said}. (torch is not installed here, so it was compared with the reference alone.)"
        mine = [observe(answer, case.inputs).result for case in cases]
        who = "torch" if exercise.by_torch else "an independent computation"
        distance = _distance(mine, theirs)
        said += f", at most {distance:.0e} from {who}" if distance else f", equal to {who}"
    if "NND_REPRODUCIBLE" in os.environ:  # a page must not change from build to build
        return said + "."
    ratio = _seconds(exercise, answer) / _seconds(exercise, exercise.reference)
    pace = (
        "as fast as"
        if 0.67 < ratio < 1.5
        else f"{ratio:.1f} times as long as"
        if ratio > 1
        else "faster than"
    )
    return f"{said}, {pace} the reference."


def _seconds(exercise: Exercise, answer: Callable) -> float:
    """The best of three runs over the cases; one, if it is slow."""
    cases, best = exercise.draw(0), np.inf
    for _ in range(3):
        start = time.perf_counter()
        observe_all(answer, cases, exercise.seconds)
        best = min(best, time.perf_counter() - start)
        if best > 0.02:
            break
    return best


def _distance(mine: Any, theirs: Any) -> float:
    """The largest difference relative to the largest finite entry, over whatever holds the numbers."""
    if isinstance(mine, list | tuple):
        return max((_distance(a, b) for a, b in zip(mine, theirs, strict=True)), default=0.0)
    if isinstance(mine, dict):
        return max((_distance(mine[key], theirs[key]) for key in mine), default=0.0)
    if isinstance(mine, str):  # words are equal or wrong
        return 0.0
    a, b = np.asarray(mine, dtype=float), np.asarray(theirs, dtype=float)
    finite = np.isfinite(a) & np.isfinite(b)
    scale = np.abs(b[finite]).max(initial=0.0)
    return float(np.abs(a[finite] - b[finite]).max(initial=0.0) / scale) if scale else 0.0
