"""The figures of the chapter on activations."""

import numpy as np
from figure_pages import Hand, Shower, readings

from book.figures import Figure
from book.figures.activations import (
    ACTIVATIONS,
    BACKWARD,
    ActivationExplorer,
    DepthHistogram,
    DyingUnit,
)
from book.figures.chance import normals


def random_explorer(rng: np.random.Generator) -> Figure:
    return ActivationExplorer(activation=rng.choice(list(ACTIVATIONS)), z=rng.uniform(-5, 5))


def random_depth(rng: np.random.Generator) -> Figure:
    kind, seed = str(rng.choice(list(BACKWARD))), int(rng.integers(1, 2**31))
    return DepthHistogram(activation=kind, gain=rng.uniform(0.1, 4), seed=seed)


def random_unit(rng: np.random.Generator) -> Figure:
    # A rate that is far too large makes the path chaotic; rounding alone then parts it after a while.
    leaks = rng.choice([0.0, 0.0, 0.1], size=rng.integers(0, 20)).tolist()
    rate, bias = rng.uniform(0.05, 3), rng.uniform(-3, 3)
    return DyingUnit(rate=rate, bias=bias, slope=float(rng.choice([0, 0.2])), slopes=leaks)


HANDS = [
    Hand(ActivationExplorer, random_explorer, drag=(".drag-area", 50, 0)),
    Hand(DepthHistogram, random_depth, drag=(".drag-area", 50, 0)),
    # A leak acts on the steps to come.
    Hand(DyingUnit, random_unit, drag=(".drag-area", 50, 0), before=(("slope", "step"),)),
]


def test_every_activation_is_compared() -> None:
    rng = np.random.default_rng(20)
    drawn = {random_explorer(rng).activation for _ in range(24)}
    assert drawn == set(ACTIVATIONS)


def test_slopes_are_derivatives() -> None:
    z, h = np.linspace(-4.9, 4.9, 50), 1e-6
    for name, (a, slope) in ACTIVATIONS.items():
        numerical = (a(z + h) - a(z - h)) / (2 * h)
        np.testing.assert_allclose(slope(z), numerical, atol=1e-8, err_msg=name)


def test_normal_numbers_are_normal() -> None:
    drawn = normals(3, 200_000)
    assert abs(drawn.mean()) < 0.01 and abs(drawn.std() - 1) < 0.01
    assert abs(np.mean(drawn**4) - 3) < 0.1


def test_the_unit_dies_and_a_leak_revives_it() -> None:
    assert DyingUnit().compute()["dead"] == 1
    assert DyingUnit(rate=1.0).compute()["dead"] is None
    stuck = DyingUnit(slopes=[0.0] * 60).compute()
    assert stuck["gradient"][1:] == [0.0] * 60
    revived = DyingUnit(slopes=[0.0] * 20 + [0.1] * 60, slope=0.1).compute()
    assert revived["open"] == 7 and revived["cost"] < 0.02


def test_training_runs_and_the_leak_brings_the_unit_back(show: Shower) -> None:
    page = show([DyingUnit()])
    box = page.locator(".figure-box")
    assert "Dead since step 1" in readings(box)[1]
    slider = box.locator("[data-param=slope]")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    box.locator("[data-action=run]").click()
    page.wait_for_function(
        "JSON.parse(document.querySelector('.figure-box').dataset.computed).steps === 72",
        timeout=15_000,
    )
    assert "7 of 10 examples reach it" in readings(box)[1]
