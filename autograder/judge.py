"""Compare what an answer did with what the reference does, and say what is wrong.

The order is that in which a person would look: does it run, is it right, is it a mistake that has a
name, and if not, what can be seen without knowing the exercise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autograder import findings
from autograder.exercise import Case, Exercise
from autograder.findings import Finding, pairs
from autograder.observe import Observation, observe, observe_all


@dataclass(frozen=True)
class Verdict:
    """What a check found: right, or the first thing that is wrong and what to do about it."""

    right: bool
    finding: str = "right"
    advice: str = ""
    share: float = 1.0  # of the cases that came out right

    def __bool__(self) -> bool:
        return self.right

    def credit(self, points: float) -> float:
        """All points for a right answer; otherwise at most half, by the share of right cases."""
        return points if self.right else round(points * self.share / 2, 2)


def judge(exercise: Exercise, answer: Callable, seed: int = 0) -> Verdict:
    """Call the answer on the cases of this seed and judge what it did."""
    cases = exercise.draw(seed)
    return verdict(exercise, cases, observe_all(answer, cases, exercise.seconds))


@np.errstate(all="ignore")  # whatever numbers came, to look at them is no reason to warn
def verdict(exercise: Exercise, cases: list[Case], seen: Sequence[Observation]) -> Verdict:
    """Judge observations, wherever they were made."""
    if any(one.error == "NotImplementedError" for one in seen):
        advice = "Replace the line that raises NotImplementedError with your own, then check again."
        return Verdict(False, "not written yet", advice, 0.0)
    wanted = [observe(exercise.reference, case.inputs) for case in cases]
    found = [
        compare(exercise, case, one, want)
        for case, one, want in zip(cases, seen, wanted, strict=True)
    ]
    wrong = [i for i, finding in enumerate(found) if finding is not None]
    if not wrong and exercise.in_law is not None and all(one.idle for one in seen):
        finding = findings.idle(seen[0].idle)
        return Verdict(False, finding.name, finding.advice)
    if not wrong:
        return Verdict(True)
    share = 1 - len(wrong) / len(cases)
    for mistake in exercise.mistakes:
        if all(
            same_behaviour(exercise, case, one, observe(mistake.answer, case.inputs))
            for one, case in zip(seen, cases, strict=True)
        ):
            return Verdict(False, mistake.name, mistake.advice, share)
    first = found[wrong[0]]
    assert first is not None
    name, advice = findings.look_closer(
        exercise, first, [(cases[i], seen[i].result, wanted[i].result) for i in wrong]
    )
    return Verdict(False, name, f"{advice}{_where(cases, wrong)}", share)


def compare(exercise: Exercise, case: Case, got: Observation, want: Observation) -> Finding | None:
    """The first difference between what came and what the reference gives; None if there is none."""
    if got.error:
        return findings.raised(got, exercise)
    try:
        for name, mine, theirs in pairs(got.result, want.result, exercise.results, exercise.name):
            finding = findings.form(name, mine, theirs, case)
            if finding is None and not exercise.by_property:
                finding = findings.value(name, mine, theirs, exercise.rtol)
            if finding:
                return finding
    except findings.Misfit as misfit:
        return misfit.finding
    if exercise.in_law is not None:
        laws = [exercise.compared(one.result, case.inputs) for one in (got, want)]
        finding = findings.law(laws[0], laws[1], exercise.rtol)
        if finding:
            return finding
    if exercise.in_bounds is not None:
        finding = findings.bound(exercise.bounds(got.result, case.inputs))
        if finding:
            return finding
    if got.changed:
        return findings.changed(got.changed)
    if got.noise - want.noise:
        return findings.noisy(got.noise - want.noise)
    return None


def same_behaviour(exercise: Exercise, case: Case, a: Observation, b: Observation) -> bool:
    """Whether two answers did the same: raised alike, or gave the same values, NaN for NaN.

    Random results do the same if they agree in form and law, and both draw from the generator;
    certified ones, if they pass each bound by the same amount.
    """
    if a.error or b.error:
        return bool(a.error) and a.error == b.error
    if bool(a.noise) != bool(b.noise) or (exercise.in_law is not None and a.idle != b.idle):
        return False
    try:
        if not all(findings.alike(x, y) for _, x, y in pairs(a.result, b.result, [], "")):
            return False
        mine, theirs = (exercise.compared(one.result, case.inputs) for one in (a, b))
        return all(
            findings.same(x, y, max(exercise.rtol, 1e-7)) for _, x, y in pairs(mine, theirs, [], "")
        )
    except findings.Misfit:
        return False


def _where(cases: list[Case], wrong: list[int]) -> str:
    """Which kinds of input go wrong, when others come out right."""
    if len(wrong) == len(cases):
        return ""
    labels = " and ".join(dict.fromkeys(cases[i].label for i in wrong[:2]))
    more = f" and {len(wrong) - 2} more" if len(wrong) > 2 else ""
    return f" It is right on {len(cases) - len(wrong)} of {len(cases)} kinds of input, and wrong for {labels}{more}."
