"""The figures of the chapter on sums of curves."""

import json

import numpy as np
from figure_pages import Hand, Shower, readings
from scipy.interpolate import BSpline

from book.figures import Figure
from book.figures.kolmogorov_arnold import (
    TARGETS,
    KanTraining,
    SplineWorkshop,
    Superposition,
    inner,
    intervals,
    outer,
    staircase,
)


def random_workshop(rng: np.random.Generator) -> Figure:
    knots = np.sort(np.round(rng.uniform(0.1, 7.9, 5), 1))
    knots[3] = knots[2]  # a double knot
    return SplineWorkshop(
        inner=knots.tolist(),
        coefficients=rng.uniform(-1.2, 1.2, 9).tolist(),
        degree=int(rng.integers(4)),
        at=float(rng.choice([0.0, 8.0, knots[2], rng.uniform(0, 8)])),
        point=int(rng.integers(9)),
        knot=int(rng.integers(5)),
    )


def random_superposition(rng: np.random.Generator) -> Figure:
    name = str(rng.choice(["product", "maximum", "distance", "toy", "kolmogorov"]))
    x, y = rng.uniform(-1, 1, 2)
    return Superposition(name=name, x=x, y=y, terms=int(rng.integers(6)))


def random_training(rng: np.random.Generator) -> Figure:
    target, seed = str(rng.choice(list(TARGETS))), int(rng.integers(1, 2**31 - 1))
    return KanTraining(target=target, seed=seed, steps=int(rng.choice([0, 7, 20, 21, 30, 41])))


HANDS = [
    Hand(SplineWorkshop, random_workshop, drag=("[data-drag=point-5]", 0, 30)),
    Hand(Superposition, random_superposition, drag=("[data-drag=target]", 30, 20)),
    Hand(KanTraining, random_training, drag=(".drag-area", 60, 0)),
]


def test_the_workshops_curve_is_scipys() -> None:
    figure = SplineWorkshop()
    state = figure.compute()
    knots = np.array([0.0] * 4 + figure.inner + [8.0] * 4)
    spline = BSpline(knots, figure.coefficients, 3)
    np.testing.assert_allclose(state["curve"], spline(np.arange(65) / 8), atol=1e-12)
    np.testing.assert_allclose(state["slope"], spline.derivative()(figure.at), rtol=1e-10)
    assert abs(sum(state["shares"]) - 1) < 1e-12


def test_the_inner_functions_tell_squares_apart() -> None:
    for q in range(5):
        left = intervals(q)
        for place in (0.01, 0.5, 0.99):  # flat on intervals
            x = left + place * 0.8 / 36
            np.testing.assert_allclose(inner(x, q), staircase(), atol=1e-12)
        assert len(np.unique(outer(q)[0])) == 47**2


def test_a_finished_training_is_accurate() -> None:
    for target, least in (("product", 1e-3), ("toy", 1e-3), ("wave", 1e-3), ("maximum", 3e-2)):
        state = KanTraining(target=target, steps=60).compute()
        assert state["error"] < least and state["intervals"] == 12


def test_only_the_part_near_a_point_moves(show: Shower) -> None:
    page = show([SplineWorkshop()])
    box = page.locator(".figure-box")
    before = json.loads(readings(box)[0] or "{}")
    box.locator("[data-param=height]").fill("-1")
    after = json.loads(readings(box)[0] or "{}")
    low, high = after["supports"][after["point"]]
    x = np.arange(65) / 8
    moved = np.array(after["curve"]) != np.array(before["curve"])
    np.testing.assert_array_equal(moved, (low < x) & (x < high))


def test_a_knot_stops_at_its_neighbour(show: Shower) -> None:
    page = show([SplineWorkshop()])
    box = page.locator(".figure-box")
    box.locator("[data-param=place]").fill("7.5")
    state = json.loads(readings(box)[0] or "{}")
    assert [state["supports"][i + 4][0] for i in (2, 3)] == [5.2, 5.2]


def test_coinciding_knots_cost_the_curve_its_smoothness(show: Shower) -> None:
    box = show([SplineWorkshop()]).locator(".figure-box")
    assert "At knot 3 it keeps its slope and its bend." in readings(box)[1]
    box.locator("[data-action=triple]").click()
    assert "At knot 3 it has a corner." in readings(box)[1]
    box.locator("[data-param=degree]").select_option("2: parabolas")
    assert "At knot 3 it jumps." in readings(box)[1]


def test_training_runs_in_the_page(show: Shower) -> None:
    page = show([KanTraining(steps=56)])
    box = page.locator(".figure-box")
    assert box.locator("[data-action=train]").inner_text() == "Train"
    box.locator("[data-action=train]").click()
    assert box.locator("[data-action=train]").inner_text() == "Pause"
    page.wait_for_function("() => document.querySelector('[data-action=train]').disabled")
    state = json.loads(readings(box)[0] or "{}")
    assert state["error"] < 1e-3
