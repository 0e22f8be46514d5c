"""The benchmark compares like with like, prints ratios, and notices what has become slow."""

import functools
import json
import time

import numpy as np
import pytest

from autograder import bench, exercises
from autograder.exercise import as_arrays
from autograder.findings import close
from autograder.floor import floors

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
    name, _, _, beside_torch, beside_loop, *floor = row.split()
    assert name == "relu" and float(beside_torch) > 0 and float(beside_loop) > 10
    assert floor[0] == "memory" and floor[1].endswith("%")


def test_an_unknown_exercise_gets_a_sentence(capsys):
    with pytest.raises(SystemExit):
        bench.main(["reloo"])
    assert "no benchmark is declared for reloo" in capsys.readouterr().err


def test_a_floor_is_made_of_the_calls_that_the_function_makes():
    def forward(X, W):
        return np.tanh(X @ W) + np.exp(-np.abs(X @ W))

    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(7, 5)), rng.normal(size=(5, 3))
    found = floors(forward, {"X": X, "W": W})
    assert list(found) == ["BLAS", "exp", "memory"]
    assert len(found["BLAS"]()) == 2 and len(found["exp"]()) == 2
    np.testing.assert_array_equal(found["BLAS"]()[0], X @ W)
    assert list(floors(lambda X: X + 1, {"X": X})) == ["memory"]
    summed = floors(lambda X, W: [np.einsum("nd,dk->nk", X, W), np.dot(X, W)], {"X": X, "W": W})
    assert len(summed["BLAS"]()) == 2


def test_recording_changes_no_result():
    for name in ("lstm", "multi_head_attention_backward", "conv2d_backward"):
        inputs = TIMED[name].large(np.random.default_rng(0))
        want = _flat(TIMED[name].reference(**inputs))
        kept = []

        def noted(kept=kept, name=name, **given):
            kept.append(TIMED[name].reference(**given))
            return kept[-1]

        floors(noted, inputs)
        for mine, plain in zip(_flat(kept[0]), want, strict=True):
            np.testing.assert_array_equal(np.asarray(mine), plain)


def test_the_gate_notices_a_slow_reference(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench, "LEDGER", tmp_path / "benchmarks.json")
    bench.LEDGER.write_text(json.dumps({"ratios": {"mlp_forward": {"torch": 0.5}}}))
    exercise = TIMED["mlp_forward"]
    quick = exercise.reference

    @functools.wraps(quick)
    def slow(**given):
        time.sleep(0.2)
        return quick(**given)

    monkeypatch.setattr(bench, "SLACK", 20.0)  # only what is grossly slow is asked of here
    assert bench.main(["mlp_forward", "--gate", "--rounds", "3"]) == 0
    monkeypatch.setattr(exercise, "reference", slow)
    assert bench.main(["mlp_forward", "--gate", "--rounds", "1"]) == 1
    assert "mlp_forward took" in capsys.readouterr().out


def test_the_ledger_holds_every_goal_and_is_renewed_row_by_row(monkeypatch, tmp_path, capsys):
    kept = json.loads(bench.LEDGER.read_text())
    assert set(bench.GOALS) <= set(TIMED)
    assert {name for name in bench.GOALS if "torch" in kept["ratios"].get(name, {})} == set(
        bench.GOALS
    )
    monkeypatch.setattr(bench, "LEDGER", tmp_path / "benchmarks.json")
    bench.LEDGER.write_text(json.dumps(kept | {"date": "2000-01-01"}))
    assert bench.main(["relu", "--rounds", "1", "--write"]) == 0
    renewed = json.loads(bench.LEDGER.read_text())
    assert renewed["date"] > "2000-01-01"
    assert renewed["ratios"].pop("relu") != kept["ratios"].pop("relu")
    assert renewed["ratios"] == kept["ratios"]
