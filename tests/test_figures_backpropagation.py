"""The figures of the chapter on back-propagation."""

from typing import Any

import numpy as np
from figure_pages import Hand, Shower

from book.figures import Figure
from book.figures.backpropagation import EDGES, BackpropStepper, NudgeWeight


def random_network(rng: np.random.Generator) -> dict[str, Any]:
    sizes = dict(W1=(3, 2), b1=3, W2=(2, 3), b2=2)
    drawn = {name: rng.normal(size=size).tolist() for name, size in sizes.items()}
    drawn |= {name: rng.uniform(-2, 2) for name in ("x1", "x2")}
    drawn |= {name: rng.uniform(0, 1) for name in ("y1", "y2")}
    return drawn | {"edge": int(rng.integers(len(EDGES)))}


def random_stepper(rng: np.random.Generator) -> Figure:
    return BackpropStepper(**random_network(rng), step=int(rng.integers(8)))


def random_nudge(rng: np.random.Generator) -> Figure:
    return NudgeWeight(**random_network(rng), nudge=rng.uniform(-2, 2))


HANDS = [
    # The read-out speaks of an edge, which x2 does not touch.
    Hand(BackpropStepper, random_stepper, drag=("[data-drag=x2]", 0, -40), reads=False),
    Hand(NudgeWeight, random_nudge, drag=(".drag-area", -50, 0)),
]


def test_an_edge_is_read_by_a_click(show: Shower) -> None:
    box = show([BackpropStepper(step=7)]).locator(".figure-box")
    box.locator("[data-edge='0']").click(force=True)
    assert "w¹₁₁ (input 1 → hidden 1) = 0.90" in box.locator("output").inner_text()


def test_the_stepper_names_each_equation_and_ends_where_it_began(show: Shower) -> None:
    box = show([BackpropStepper()]).locator(".figure-box")
    titles = []
    for _ in range(8):
        titles.append(box.locator("svg .step").text_content() or "")
        box.locator("[data-action=next]").click()
    named = ["Given", "hidden", "output", "cost", "BP1", "BP3, BP4", "BP2", "BP3, BP4"]
    for number, (title, name) in enumerate(zip(titles, named, strict=True)):
        assert title.startswith(f"{number}/7") and name in title
    assert (box.locator("svg .step").text_content() or "").startswith("0/7")
    assert box.locator("[data-action=back]").is_disabled()
