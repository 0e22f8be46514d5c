"""The figures of the chapter on recurrent networks."""

import json

import numpy as np
from figure_pages import Hand, Shower, readings

from book.figures import Figure
from book.figures.recurrent import (
    ReservoirTrajectories,
    TeacherForcing,
    UnrolledGradient,
    cell,
    mackey_glass,
    waves,
)
from solutions.recurrent import rnn, spectral_radius


def random_gradient(rng: np.random.Generator) -> Figure:
    return UnrolledGradient(
        radius=rng.uniform(0.3, 2),
        strength=rng.uniform(0, 3),
        bent=bool(rng.integers(2)),
        step=int(rng.integers(1, 13)),
        seed=int(rng.integers(1, 2**31)),
    )


def random_forcing(rng: np.random.Generator) -> Figure:
    # Alone on a chaotic series, rounding errors grow; a network that hears the truth sheds them.
    series, seed = str(rng.choice(["chaotic", "periodic"])), int(rng.integers(1, 40))
    return TeacherForcing(series=series, handover=int(rng.integers(0, 121)), seed=seed)


def random_reservoir(rng: np.random.Generator) -> Figure:
    return ReservoirTrajectories(
        radius=rng.uniform(0.2, 1.5),
        strength=rng.uniform(0, 2),
        knock=int(rng.integers(1, 61)),
        seed=int(rng.integers(1, 2**31)),
    )


HANDS = [
    Hand(UnrolledGradient, random_gradient, drag=(".drag-area", 60, 0)),
    Hand(TeacherForcing, random_forcing, drag=(".drag-area", 50, 0)),
    Hand(ReservoirTrajectories, random_reservoir, drag=(".drag-area", 50, 0)),
]


def test_without_the_bend_and_near_zero_the_same_gradient_arrives() -> None:
    for radius in (0.5, 1.4):
        linear = UnrolledGradient(radius=radius, bent=False, strength=3).compute()["sizes"]
        near_zero = UnrolledGradient(radius=radius, bent=True, strength=0).compute()["sizes"]
        np.testing.assert_allclose(linear, near_zero, rtol=1e-12)


def test_strong_inputs_make_the_gradient_smaller() -> None:
    weak, strong = (
        UnrolledGradient(radius=1.0, strength=s).compute()["sizes"] for s in (0.05, 3.0)
    )
    assert strong[0] < 0.01 * weak[0]


def test_the_net_has_the_radius_that_the_slider_says() -> None:
    np.testing.assert_allclose(spectral_radius(cell(7, 10, 1.3)[1]), 1.3, rtol=1e-12)


def test_a_teacher_keeps_the_error_small_and_alone_it_grows() -> None:
    with_teacher = TeacherForcing(handover=120).compute()
    alone = TeacherForcing(handover=30).compute()
    off = [np.abs(np.subtract(one["said"], one["true"])) for one in (with_teacher, alone)]
    np.testing.assert_allclose(off[0][:31], off[1][:31], atol=1e-12)
    assert off[0].max() < 0.05
    assert off[1][60:].max() > 5 * off[0][60:].max()


def test_both_series_are_what_they_say() -> None:
    np.testing.assert_allclose(waves(60)[:36], waves(60)[24:], atol=1e-12)
    s = mackey_glass(300)
    assert s.std() > 0.1
    shifts = [np.abs(s[k:] - s[:-k]).max() for k in range(5, 150)]
    assert min(shifts) > 0.1  # it comes back to itself at no shift


def test_a_knock_is_forgotten_below_the_edge_and_not_above_it() -> None:
    def left(**state: float) -> float:
        distance = ReservoirTrajectories(**state).compute()["distance"]
        return distance[-1] / distance[19]

    assert left(radius=0.7, strength=0.1) < 1e-3
    assert left(radius=1.4, strength=0.02) > 0.05
    assert left(radius=1.2, strength=2.0) < 1e-3
    figure = ReservoirTrajectories(radius=0.9, knock=20)
    assert figure.compute()["distance"][18] == 0 < figure.compute()["distance"][19]
    weights = cell(figure.seed, figure.units, 0.9)
    assert rnn(np.zeros((1, 3, 1)), np.zeros((1, figure.units)), *weights).shape == (1, 3, 40)


def test_the_tanh_can_be_taken_away_on_the_page(show: Shower) -> None:
    box = show([UnrolledGradient(radius=1.5, strength=3.0)]).locator(".figure-box")
    bent = json.loads(readings(box)[0] or "{}")
    box.locator("[data-param=bent]").uncheck()
    free = json.loads(readings(box)[0] or "{}")
    assert free["sizes"][0] > 100 * bent["sizes"][0]
    assert "The gradient explodes." in readings(box)[1]


def test_the_teacher_comes_and_goes_at_a_button(show: Shower) -> None:
    box = show([TeacherForcing()]).locator(".figure-box")
    box.locator("[data-action=always]").click()
    assert "The teacher never leaves." in readings(box)[1]
    box.locator("[data-action=never]").click()
    assert "The teacher leaves at step 0" in readings(box)[1]
