"""The benchmark compares like with like and prints ratios."""

import numpy as np
import pytest

from autograder import bench, exercises
from autograder.exercise import as_arrays
from autograder.findings import close

TIMED = {name: one for name, one in exercises.all().items() if one.large}


@pytest.mark.parametrize("name", TIMED)
def test_the_three_sides_compute_the_same(name):
    exercise = TIMED[name]
    inputs = exercise.large(np.random.default_rng(0))
    want = exercise.reference(**inputs)
    if exercise.by_torch:
        said = as_arrays(exercise.by_torch(**inputs))
        for mine, theirs in zip(_flat(want), _flat(said), strict=True):
            assert close(theirs, mine, 1e-9)


def _flat(value):
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _flat(item)]
    return [np.asarray(value)]


def test_prints_ratios_for_the_exercises_asked_for(capsys):
    assert bench.main(["relu", "--rounds", "3"]) == 0
    head, row = capsys.readouterr().out.strip().split("\n")
    assert head.split()[:2] == ["exercise", "reference"]
    name, _, _, beside_torch, beside_loop = row.split()
    assert name == "relu" and float(beside_torch) > 0 and float(beside_loop) > 10


def test_an_unknown_exercise_gets_a_sentence(capsys):
    with pytest.raises(SystemExit):
        bench.main(["reloo"])
    assert "no benchmark is declared for reloo" in capsys.readouterr().err
