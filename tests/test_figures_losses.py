"""The figures of the chapter on losses."""

import json
import math

import numpy as np
from figure_pages import Hand, Shower, readings

from book.figures import Figure
from book.figures.losses import SOURCES, CodeLength, LossSurfaces, SoftmaxTemperature


def random_surfaces(rng: np.random.Generator) -> Figure:
    w, b = rng.uniform(-8, 8, size=2)
    return LossSurfaces(w=w, b=b, rate=rng.uniform(0.1, 4), steps=int(rng.integers(60)))


def random_softmax(rng: np.random.Generator) -> Figure:
    z = dict(zip(("z1", "z2", "z3", "z4"), rng.uniform(-4, 4, size=4), strict=True))
    return SoftmaxTemperature(**z, temperature=rng.uniform(0.2, 5))


def random_code(rng: np.random.Generator) -> Figure:
    weights = dict(zip("abcd", rng.uniform(0.01, 1, size=4), strict=True))
    return CodeLength(source=str(rng.choice(list(SOURCES))), **weights)


HANDS = [
    Hand(LossSurfaces, random_surfaces, drag=("[data-drag=squared]", 30, -20)),
    Hand(SoftmaxTemperature, random_softmax, drag=("[data-drag=z2]", 0, -40)),
    Hand(CodeLength, random_code, drag=("[data-drag=a]", 0, 30)),
]


def test_every_source_is_compared() -> None:
    rng = np.random.default_rng(20)
    assert {random_code(rng).source for _ in range(24)} == set(SOURCES)


def steps_until_right(w: float, b: float) -> list[int]:
    """For both losses the first of 300 steps after which the unit is wrong by less than 0.35."""
    found = LossSurfaces(w=w, b=b, steps=300).compute().values()
    return [next((i for i, wrong in enumerate(one["wrong"]) if wrong < 0.35), 301) for one in found]


def test_the_answer_tells_how_many_steps_each_needs() -> None:
    assert steps_until_right(LossSurfaces().w, LossSurfaces().b) == [81, 8]
    assert steps_until_right(-5, 3)[0] == 271
    assert steps_until_right(-5, 0) == [301, 9]


def test_the_slopes_are_derivatives() -> None:
    h = 1e-6
    here = SoftmaxTemperature(z1=0.3, temperature=0.7)
    up, down = (SoftmaxTemperature(z1=0.3 + s * h, temperature=0.7).compute()["p"] for s in (1, -1))
    numerical = (np.array(up) - np.array(down)) / (2 * h)
    np.testing.assert_allclose(np.array(here.compute()["jacobian"])[:, 0], numerical, atol=1e-8)


def test_the_parts_add_up_and_the_floor_is_reached_at_p() -> None:
    one = CodeLength(a=0.6, b=0.1, c=0.2, d=0.3).compute()
    assert math.isclose(one["floor"] + one["excess"], one["average"], rel_tol=1e-12)
    best = CodeLength(a=0.8, b=0.4, c=0.2, d=0.2).compute()
    assert abs(best["excess"]) < 1e-12 and best["average"] == 1.75


def test_a_dragged_bar_gets_the_length_it_was_dragged_to(show: Shower) -> None:
    page = show([CodeLength()])
    box = page.locator(".figure-box")
    area = box.locator("[data-drag=a]").bounding_box()
    assert area
    # the axis has 6 bits in 212 pixels and ends 236 pixels from the top, the area begins at 14
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + (236 - 14) - 3 * 212 / 6)
    page.mouse.down()
    page.mouse.up()
    assert abs(json.loads(readings(box)[0] or "{}")["lengths"][0] - 3) < 0.03


def test_a_run_goes_on_to_the_last_step(show: Shower) -> None:
    page = show([LossSurfaces(steps=280)])
    box = page.locator(".figure-box")
    box.locator("[data-action=run]").click()
    page.wait_for_function(
        "document.querySelector('output').textContent.startsWith('After 300 steps')", timeout=15_000
    )
    box.locator("[data-action=reset]").click()
    assert "After 0 steps" in readings(box)[1]
