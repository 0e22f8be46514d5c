"""The figure on the landing page."""

import json
from typing import Any

import numpy as np
import pytest
from figure_pages import Hand, Shower, readings
from playwright.sync_api import Locator

from book.figures import Figure
from book.figures.landing import BP2, LINES, LandingNetwork, answers


def random_line(rng: np.random.Generator) -> Figure:
    steps = int(rng.integers(LandingNetwork.steps + 1))
    return LandingNetwork(line=str(rng.choice(list(LINES))), step=steps)


HANDS = [Hand(LandingNetwork, random_line, drag=(".drag-area", -60, 0))]


def test_only_the_right_line_learns() -> None:
    found = {line: LandingNetwork(line=line).compute() for line in LINES}
    assert found[BP2.name]["accuracy"] == 1 and found[BP2.name]["right"]
    for line in set(LINES) - {BP2.name}:
        assert found[line]["accuracy"] < 0.8 and not found[line]["right"]
        assert found[line]["error"] > 0.05


def test_the_lines_are_those_of_the_exercise() -> None:
    assert set(LINES) <= set(answers())
    said = {one["key"]: one.get("advice") for one in LandingNetwork().lines}
    advice = {one.answer.__name__: one.advice for one in BP2.mistakes}
    assert said == {key: advice.get(key) for key in LINES}


def computed(box: Locator) -> dict[str, Any]:
    return json.loads(box.get_attribute("data-computed") or "{}")


@pytest.mark.parametrize("width", [360, 1000])
def test_picking_the_right_line_trains_with_it(width: int, show: Shower) -> None:
    page = show([LandingNetwork()], width)
    page.emulate_media(reduced_motion="reduce")  # the end is shown at once
    box = page.locator(".figure-box")
    assert "slope of the sigmoid forgotten" in readings(box)[1]
    box.get_by_label("delta = delta @ W * slope(z)", exact=True).check()
    after = computed(box)
    assert after["accuracy"] == 1 and after["step"] == LandingNetwork.steps
    assert readings(box)[1].startswith("✓ right")


def test_it_moves_only_when_asked_and_stops_when_told(show: Shower) -> None:
    page = show([LandingNetwork()])
    box = page.locator(".figure-box")
    before = computed(box)
    page.wait_for_timeout(100)
    assert computed(box) == before
    box.locator("[data-action=train]").click()
    page.wait_for_function(
        "() => { const { step, running } = JSON.parse(document.querySelector('.figure-box')"
        ".dataset.computed); return running && step >= 4; }"
    )
    box.locator("[data-action=train]").click()
    stopped = computed(box)
    page.wait_for_timeout(100)
    assert computed(box) == stopped and stopped["step"] < LandingNetwork.steps
