"""Every declaration is proven: what is right is accepted, what is wrong is rejected and named."""

import importlib
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.pool import Pool

import numpy as np
import pytest
from mutate import mutants
from survivors import SURVIVORS

from autograder import exercises, wire
from autograder.exercise import Exercise, as_arrays
from autograder.findings import close
from autograder.judge import judge, pairs
from autograder.observe import fresh, observe

ALL = exercises.all()
SEEDS = range(25)
each = pytest.mark.parametrize("exercise", ALL.values(), ids=ALL.keys())


@each
def test_is_complete(exercise: Exercise) -> None:
    assert exercise.points > 0 and exercise.returns and exercise.reference.__doc__
    assert len(exercise.stages) >= 2, "hints come in stages"
    assert len(exercise.alternatives) >= 2
    assert len(exercise.mistakes) >= 4 or exercise.name in FEW_MISTAKES
    assert exercise.by_torch or exercise.by_other, "an independent oracle must agree"
    labels = [case.label for case in exercise.draw(0)]
    assert len(labels) >= 3 and len(set(labels)) == len(labels)


FEW_MISTAKES: dict[str, str] = {}


@each
def test_reference_is_accepted(exercise: Exercise) -> None:
    for seed in SEEDS:
        verdict = judge(exercise, exercise.reference, seed)
        assert verdict, f"{verdict.finding}: {verdict.advice}"


@each
def test_reference_raises_no_numerical_warning(exercise: Exercise) -> None:
    for seed in SEEDS:
        for case in exercise.draw(seed):
            assert not observe(exercise.reference, case.inputs).noise, case.label


@each
def test_an_independent_oracle_agrees(exercise: Exercise) -> None:
    oracles = [oracle for oracle in (exercise.by_torch, exercise.by_other) if oracle]
    for seed in SEEDS:
        for case in exercise.draw(seed):
            want = observe(exercise.reference, case.inputs).result
            for oracle in oracles:
                said = as_arrays(oracle(**fresh(case.inputs)))
                for name, mine, theirs in pairs(want, said, exercise.results, exercise.name):
                    assert np.shape(mine) == np.shape(theirs), (case.label, name)
                both = [exercise.compared(result, case.inputs) for result in (want, said)]
                for name, mine, theirs in pairs(*both, exercise.results, exercise.name):
                    mine, theirs = np.asarray(mine), np.asarray(theirs)
                    if mine.dtype.kind == "U":  # words have no distance
                        assert np.array_equal(mine, theirs), (case.label, name)
                        continue
                    rtol = 1e-5 if mine.dtype == np.float32 else max(exercise.rtol, 1e-9)
                    assert close(theirs, mine, rtol), (case.label, name)


@each
def test_alternatives_are_accepted(exercise: Exercise) -> None:
    for alternative in exercise.alternatives:
        for seed in SEEDS:
            verdict = judge(exercise, alternative, seed)
            assert verdict, f"{alternative.__name__}: {verdict.finding}: {verdict.advice}"


@each
def test_mistakes_are_rejected_and_named(exercise: Exercise) -> None:
    for mistake in exercise.mistakes:
        for seed in SEEDS:
            verdict = judge(exercise, mistake.answer, seed)
            assert not verdict, f"{mistake.name} is accepted (seed {seed})"
            assert verdict.finding == mistake.name, f"{mistake.name} is called {verdict.finding}"
            assert verdict.advice == mistake.advice and mistake.advice.endswith((".", "?", ".)"))
            assert verdict.credit(exercise.points) <= exercise.points / 2


@each
def test_terms_add_up(exercise: Exercise) -> None:
    if exercise.in_terms is None:
        return
    for case in exercise.draw(3):
        result = observe(exercise.reference, case.inputs).result
        results = result if isinstance(result, tuple) else (result,)
        for terms, want in zip(exercise.in_terms(**case.inputs), results, strict=True):
            assert np.allclose(
                sum(terms.values()), want, rtol=1e-4 if want.dtype == np.float32 else 1e-9
            )


@each
def test_a_missing_term_is_named(exercise: Exercise) -> None:
    if exercise.in_terms is None:
        return
    for left_out in exercise.in_terms(**exercise.draw(0)[0].inputs)[0]:

        def without(left_out: str = left_out, **inputs: np.ndarray) -> object:
            made = tuple(
                sum(part for name, part in terms.items() if name != left_out)
                for terms in exercise.in_terms(**inputs)  # type: ignore[misc]
            )
            return made if len(made) > 1 else made[0]

        verdict = judge(exercise, without)
        assert not verdict
        assert left_out in verdict.advice or verdict.finding in {m.name for m in exercise.mistakes}


def answered(slug: str, name: str, cases: bytes) -> bytes:
    """What an answer gives, packed: asked in another process."""
    answer = getattr(importlib.import_module(f"solutions.{slug}"), name)
    results = [observe(answer, inputs).result for inputs in wire.decode(cases, inputs=True)]
    return wire.encode(results)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Pool]:
    """Another process, which shares nothing with this one."""
    with get_context("spawn").Pool(1) as pool:
        yield pool


@each
def test_cases_and_results_travel_to_another_process_and_back(
    exercise: Exercise, elsewhere: Pool
) -> None:
    cases = exercise.draw(1)
    packed = wire.encode([case.inputs for case in cases])
    there = elsewhere.apply_async(answered, (exercise.slug, exercise.name, packed)).get(60)
    for case, theirs in zip(cases, wire.decode(there), strict=True):
        here = observe(exercise.reference, case.inputs).result
        for _, a, b in pairs(here, theirs, [], exercise.name):
            assert type(a) is type(b) and np.array_equal(a, b), case.label


@each
def test_mutants_are_rejected_or_listed(exercise: Exercise) -> None:
    listed = SURVIVORS.get(exercise.name, {})
    survived, total = set(), 0
    quick = exercise.seconds
    exercise.seconds = 2.0
    try:
        for said, mutant in mutants(exercise.reference):
            total += 1
            if judge(exercise, mutant):
                survived.add(said)
    finally:
        exercise.seconds = quick
    print(f"{exercise.name}: {total} mutants, {total - len(survived)} rejected")
    assert total, "a reference without a single operator?"
    assert survived - set(listed) == set(), "the check does not notice these changes"
    assert set(listed) - survived == set(), "listed as survivors, but rejected"
