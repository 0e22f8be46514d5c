"""The figures of the chapter on optimizers."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from figure_pages import Hand, Shower, readings

from book.figures import Figure
from book.figures.optimizers import (
    RACERS,
    SURFACES,
    BatchNoise,
    LearningRate,
    OptimizerRace,
)
from solutions.optimizers import numerical_gradient


def random_rate(rng: np.random.Generator) -> Figure:
    rate, steep, start = rng.uniform(0.02, 2.2), rng.uniform(1, 10), rng.uniform(-1.5, 1.5)
    return LearningRate(rate=rate, steep=steep, start=start)


def random_noise(rng: np.random.Generator) -> Figure:
    method, seed = str(rng.choice(["with", "without"])), int(rng.integers(1, 2**31))
    return BatchNoise(batch=int(rng.integers(1, 60)), method=method, seed=seed)


def random_race(rng: np.random.Generator) -> Figure:
    # Rates that are far too large make a path chaotic; rounding alone then parts it after a while.
    powers = dict(power=rng.uniform(-3, -1.2), adaptive_power=rng.uniform(-3, -1))
    x, y = rng.uniform(-3, 3), rng.uniform(-2, 2)
    surface, steps = str(rng.choice(list(SURFACES))), int(rng.integers(0, 80))
    return OptimizerRace(surface=surface, x=x, y=y, **powers, steps=steps)


HANDS = [
    Hand(LearningRate, random_rate, drag=(".drag-area >> nth=0", 20, 0)),
    Hand(BatchNoise, random_noise, drag=(".drag-area", 30, 0)),
    Hand(OptimizerRace, random_race, drag=("[data-drag=start]", 40, -30)),
]


def test_every_surface_and_method_is_compared() -> None:
    rng = np.random.default_rng(20)
    assert {random_race(rng).surface for _ in range(24)} == set(SURFACES)
    assert {random_noise(rng).method for _ in range(24)} == {"with", "without"}


def at(height: Callable[[float, float], float], p: np.ndarray) -> float:
    return height(*p)


def test_slopes_of_the_surfaces_are_gradients() -> None:
    rng = np.random.default_rng(0)
    for name, (height, slope) in SURFACES.items():
        for p in rng.uniform(-2, 2, size=(5, 2)):
            found = numerical_gradient(partial(at, height), p, 1e-5)
            np.testing.assert_allclose(slope(p), found, atol=1e-8, err_msg=name)


def test_no_surface_falls_below_zero() -> None:
    x, y = np.meshgrid(np.linspace(-3, 3, 301), np.linspace(-2, 2, 201))
    for name, (height, _) in SURFACES.items():
        assert -1e-12 <= height(x, y).min() < 0.02, name


def test_a_racer_that_leaves_the_map_stands_still() -> None:
    states = [OptimizerRace(power=0.0, steps=steps).compute() for steps in (60, 61)]
    assert states[0]["left"][0] and states[0]["x"][0] == states[1]["x"][0]


def raced(**traits: Any) -> dict[str, dict[str, float]]:
    """What the figure computes, racer by racer."""
    state = OptimizerRace(**traits).compute()
    return {key: dict(zip(RACERS, values, strict=True)) for key, values in state.items()}


def test_what_the_text_says_of_the_races() -> None:
    along, across = raced()["loss"], raced(surface="across", y=0.6)["loss"]
    for name in ("AdaGrad", "RMSProp", "Adam"):
        assert across[name] > 4 * along[name]
    assert across["gradient descent"] < along["gradient descent"]

    off = raced(surface="saddle", y=0.02, steps=1)["y"]
    assert min(off[name] for name in ("AdaGrad", "RMSProp", "Adam")) > 0.3
    assert max(off[name] for name in ("gradient descent", "momentum", "Nesterov")) < 0.03

    bent = raced(surface="bent", y=1.2, steps=200)
    assert list(bent["left"].values()) == [True] * 3 + [False] * 3

    many = raced(surface="many", x=-2.3, y=1.2, steps=200)["loss"]
    assert min(many, key=lambda name: many[name]) == "momentum"
    assert many["momentum"] < 0.5 and many["gradient descent"] > 0.9


def test_the_noise_follows_the_formula() -> None:
    for method in ("with", "without"):
        for batch in (1, 4, 16, 50):
            state = BatchNoise(batch=batch, method=method).compute()
            assert abs(state["measured"] / state["expected"] - 1) < 0.15
    assert BatchNoise(batch=60).compute()["measured"] < 1e-15


def test_a_run_goes_on_to_the_last_step_and_back(show: Shower) -> None:
    page = show([OptimizerRace(steps=190)])
    box = page.locator(".figure-box")
    box.locator("[data-action=run]").click()
    page.wait_for_function(
        "document.querySelector('output').textContent.startsWith('After 200 steps')", timeout=15_000
    )
    box.locator("[data-action=reset]").click()
    assert "After 0 steps" in readings(box)[1] and "All stand at" in readings(box)[1]


def test_a_new_surface_brings_its_start(show: Shower) -> None:
    box = show([OptimizerRace()]).locator(".figure-box")
    box.locator("[data-param=surface]").select_option(label="many valleys")
    state = json.loads(readings(box)[0] or "{}")
    assert state["surface"] == "many" and state["start"] == [-2.3, 1.2]
