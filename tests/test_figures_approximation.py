"""The figures of the chapter on approximation."""

import numpy as np
from figure_pages import Hand, Shower, readings

from book.figures import Figure
from book.figures.approximation import (
    CURVES,
    METHODS,
    POINTS,
    SAMPLES,
    WIDTHS,
    BumpBuilder,
    FoldLine,
    WidthError,
    broken_line,
    modulus_of,
    takagi,
)
from solutions.activations import relu
from solutions.approximation import (
    count_linear_pieces,
    network_output,
    relu_interpolant,
    sawtooth,
    sawtooth_weights,
)


def random_bumps(rng: np.random.Generator) -> Figure:
    heights = np.clip(np.cumsum(rng.normal(size=SAMPLES + 1)) / 8, -1, 1).tolist()
    units, at = int(rng.integers(1, 61)), int(rng.integers(0, SAMPLES + 1))
    return BumpBuilder(curve=heights, units=units, sharpness=rng.uniform(2, 60), at=at)


def random_fold(rng: np.random.Generator) -> Figure:
    return FoldLine(depth=int(rng.integers(0, 6)), crease=rng.uniform(0.2, 0.8), x=rng.uniform())


def random_width(rng: np.random.Generator) -> Figure:
    curve, method = str(rng.choice(list(CURVES))), str(rng.choice(list(METHODS)))
    return WidthError(curve=curve, method=method, size=int(rng.integers(0, 9)))


HANDS = [
    Hand(BumpBuilder, random_bumps, drag=(".drag-area", 60, 25)),
    Hand(FoldLine, random_fold, drag=(".drag-area", 50, 0)),
    Hand(WidthError, random_width, drag=(".drag-area", 60, 0)),
]


def test_every_curve_and_method_is_compared() -> None:
    rng = np.random.default_rng(20)
    drawn = [random_width(rng) for _ in range(24)]
    assert {one.curve for one in drawn} == set(CURVES)
    assert {one.method for one in drawn} == set(METHODS)


def test_the_modulus_of_a_broken_line_is_the_largest_change() -> None:
    rng = np.random.default_rng(0)
    heights = rng.normal(size=12)
    for steps in (0.3, 1.0, 2.7, 20.0):
        x = np.linspace(0, 11, 1101)
        y = np.interp(x, np.arange(12), heights)
        near = np.abs(x[:, None] - x) <= steps + 1e-9
        seen = np.abs(y[:, None] - y)[near].max()
        assert abs(modulus_of(heights, steps) - seen) < 1e-9


def test_steep_bumps_keep_the_bound_and_blunt_ones_do_not() -> None:
    straight = [round(2 * k / SAMPLES - 1, 3) for k in range(SAMPLES + 1)]
    for units in (4, 16, 32):
        steep = BumpBuilder(curve=straight, units=units, sharpness=60.0).compute()
        assert steep["error"] < 1.1 * steep["bound"]
    blunt = BumpBuilder(units=24, sharpness=2.0).compute()
    assert blunt["error"] > 1.15 * blunt["bound"]


def test_the_figures_slopes_are_those_of_the_text() -> None:
    for curve, method, slope in (
        ("wave", "steps", -1),
        ("wave", "line", -2),
        ("root", "line", -0.5),
        ("root", "crowded", -2),
        ("rough", "line", -1),
    ):
        errors = WidthError(curve=curve, method=method).compute()["errors"]
        found = np.log2(errors[WIDTHS.index(128)] / errors[WIDTHS.index(16)]) / 3
        assert abs(found - slope) < 0.1, (curve, method, found)


def test_takagi_is_two_thirds_high() -> None:
    assert abs(takagi(np.array([1 / 3]))[0] + 0.3 - 2 / 3) < 1e-3


def test_every_fold_doubles_the_pieces() -> None:
    for depth in range(1, 6):
        state = FoldLine(depth=depth, x=0.3).compute()
        counted = count_linear_pieces(*sawtooth_weights(depth), 0.0, 1.0)
        assert state["pieces"] == counted == len(state["inputs"])
        assert abs(state["places"][-1] - sawtooth(np.array(0.3), depth)) < 1e-12
        uneven = FoldLine(depth=depth, crease=0.35, x=0.3).compute()
        for place in uneven["inputs"]:
            again = FoldLine(depth=depth, crease=0.35, x=place).compute()
            assert abs(again["places"][-1] - uneven["places"][-1]) < 1e-9


def test_the_broken_lines_are_networks() -> None:
    for f in CURVES.values():
        for units in (1, 4, 32):
            knots = np.arange(units + 1) / units
            network = relu_interpolant(knots, f(knots))
            y = network_output(POINTS[:, None], *network, relu)[:, 0]
            np.testing.assert_allclose(broken_line(f, units), y, atol=1e-10)


def test_the_keyboard_pulls_the_curve(show: Shower) -> None:
    page = show([BumpBuilder()])
    box = page.locator(".figure-box")
    before = readings(box)
    slider = box.locator("[data-param=height]")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    after = readings(box)
    assert before[0] != after[0]
    box.locator("[data-action=jump]").click()
    assert "largest distance" in readings(box)[1]
