"""The figures of the chapter on generative networks."""

import json

import numpy as np
import pytest
from figure_pages import Hand, Shower, readings

from book.data import digits
from book.figures import Figure
from book.figures import generative as figures
from book.figures.convolution import EXAMPLES
from book.figures.digit_net import forward, load
from book.figures.generative import HUMPS, FoolANet, Game, GanDensities
from solutions.losses import cross_entropy


def random_game(rng: np.random.Generator) -> Figure:
    return GanDensities(
        data=str(rng.choice(list(HUMPS))),
        loss=str(rng.choice(["non-saturating", "minimax"])),
        visits=int(rng.integers(1, 6)),
        penalty=float(rng.choice([0, rng.uniform()])),
        seed=int(rng.integers(1, 1000)),
        steps=int(rng.integers(40)),
        at=int(rng.integers(100)),
    )


def random_fooling(rng: np.random.Generator) -> Figure:
    return FoolANet(
        example=int(rng.integers(len(EXAMPLES))),
        epsilon=float(rng.uniform(0, 0.3)),
        kind=str(rng.choice(["sought", "random"])),
        seed=int(rng.integers(1, 1000)),
    )


HANDS = [
    Hand(GanDensities, random_game, drag=(".drag-area >> nth=0", -60, 0)),
    Hand(FoolANet, random_fooling, drag=(".drag-area", 40, 0)),
]


def test_the_densities_are_those_of_the_points() -> None:
    game = Game(7, "two humps", "non-saturating", 1, 0.0)
    for _ in range(60):
        game.step()
    z = np.random.default_rng(0).normal(size=200_000)
    points = np.clip(figures.generate(game.players["G"], z), -4.99, 4.99)
    counted = np.histogram(points, figures.EDGES)[0] / len(z)
    assert abs(counted - figures.generated_masses(game.players["G"])).sum() < 0.03
    drawn = np.concatenate([figures.real_points("two humps", 10 * k) for k in range(1000)])
    counted = np.histogram(drawn, figures.EDGES)[0] / len(drawn)
    assert abs(counted - figures.real_masses("two humps")).sum() < 0.04


def test_the_gradients_are_those_of_the_losses() -> None:
    rng = np.random.default_rng(1)
    G, D = rng.normal(size=3 * figures.UNITS_G + 2), rng.normal(size=3 * figures.UNITS_D + 1)
    z, x = rng.normal(size=(2, 9))

    def slope(f, theta, direction, h=1e-5):
        return (f(theta + h * direction) - f(theta - h * direction)) / (2 * h)

    g, d = rng.normal(size=G.size), rng.normal(size=D.size)
    up = rng.normal(size=9)
    np.testing.assert_allclose(
        figures.generator_gradient(G, z, up) @ g, slope(lambda t: figures.generate(t, z) @ up, G, g)
    )
    np.testing.assert_allclose(
        figures.discriminator_gradient(D, x, up) @ d,
        slope(lambda t: figures.judge(t, x)[0] @ up, D, d),
    )
    np.testing.assert_allclose(
        figures.penalty_gradient(D, x) @ d,
        slope(lambda t: np.mean(figures.judge(t, x)[1] ** 2) / 2, D, d),
    )
    h = 1e-6
    ends = [figures.judge(D, x + step)[0] for step in (h, -h)]
    np.testing.assert_allclose(figures.judge(D, x)[1], (ends[0] - ends[1]) / (2 * h), rtol=1e-5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_hump_is_found(seed: int) -> None:
    found = GanDensities(seed=seed, visits=2, steps=1000).compute()
    assert found["js"] < 0.1 and found["cost"] >= found["least"] - 1e-9


def test_other_rules_begin_another_game(show: Shower) -> None:
    page = show([GanDensities()])
    box = page.locator(".figure-box")
    for _ in range(3):
        box.locator("[data-action=step]").click()
    assert "Step 3:" in readings(box)[1]
    box.locator("select").nth(0).select_option("1")
    assert "Step 0:" in readings(box)[1]
    box.locator("[data-action=step]").click()
    box.locator("[data-action=other]").click()
    state = json.loads(readings(box)[0] or "{}")
    assert state["steps"] == 0 and state["rules"][-1] == 2


def test_run_stops_by_itself(show: Shower) -> None:
    page = show([GanDensities()])
    box = page.locator(".figure-box")
    box.locator("[data-action=run]").click()
    box.locator("output", has_text="Step 300:").wait_for(timeout=20_000)


def test_the_gradient_of_a_pixel_is_that_of_the_loss() -> None:
    params, rng = load(), np.random.default_rng(2)
    labels = digits()[3][:3]
    X = digits()[2][:3].reshape(-1, 1, 28, 28)
    X = X + rng.uniform(0, 0.6, X.shape)  # in doubt, and no two pixels of a pool alike
    gradient = figures.input_gradient(params, X, labels)
    direction, h = rng.normal(size=X.shape), 1e-6

    def total(Z: np.ndarray) -> float:
        return 3 * float(cross_entropy(forward(params, Z)["logits"], labels))

    slope = (total(X + h * direction) - total(X - h * direction)) / (2 * h)
    np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-4)


def test_the_curves_are_those_of_the_net() -> None:
    params, (_, _, X, labels) = load(), digits()
    images, labels = X[:400].reshape(-1, 1, 28, 28), labels[:400]
    move = figures.input_gradient(params, images, labels)
    for n in (0, 4, 12):
        shown = np.clip(figures.fgsm(images, move, figures.EPSILONS[n]), 0, 1)
        found = np.mean(forward(params, shown)["logits"].argmax(axis=1) == labels)
        assert abs(found - figures.ACCURACY["sought"][n]) < 0.08
    assert figures.ACCURACY["random"][4] > 0.97


def test_a_digit_is_fooled_by_sought_moves_only(show: Shower) -> None:
    page = show([FoolANet(epsilon=0.15)])
    box = page.locator(".figure-box")
    assert "fooled" in readings(box)[1]
    box.locator("select").select_option("1")
    assert "rightly still" in readings(box)[1]
    before = readings(box)
    box.locator("[data-action=signs]").click()
    assert readings(box)[0] != before[0]
    box.locator("[data-action=another]").click()
    assert json.loads(readings(box)[0] or "{}")["truth"] == FoolANet().truth[7]
