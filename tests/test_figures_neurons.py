"""The figures of the chapter on neurons."""

import json

import numpy as np
from figure_pages import Hand, Shower, drag, readings

from book.figures import Figure
from book.figures.neurons import CutCloud, DeepLinear, NeuronPlane


def random_neuron(rng: np.random.Generator) -> Figure:
    w, x = rng.uniform(-3, 3, size=(2, 2)).tolist()
    return NeuronPlane(w1=w[0], w2=w[1], b=rng.uniform(-4, 4), x1=x[0], x2=x[1])


def random_cuts(rng: np.random.Generator) -> Figure:
    angles, distances = rng.uniform(0, 360, size=5), rng.uniform(0, 2.5, size=5)
    k, sharpness = int(rng.integers(1, 6)), rng.uniform(1, 30)
    return CutCloud(k=k, sharpness=sharpness, angles=angles.tolist(), distances=distances.tolist())


def random_depth(rng: np.random.Generator) -> Figure:
    layers, seed = int(rng.integers(1, 11)), int(rng.integers(1, 2**31))
    x1, x2 = rng.uniform(-2, 2, size=2).tolist()
    return DeepLinear(layers=layers, seed=seed, bend=rng.uniform(0, 1), x1=x1, x2=x2)


HANDS = [
    Hand(NeuronPlane, random_neuron, drag=("[data-drag=w]", 30, -40)),
    Hand(CutCloud, random_cuts, drag=("[data-drag=cut1]", 40, 30)),
    Hand(DeepLinear, random_depth, drag=(".drag-area >> nth=1", 30, 20)),
]


def test_the_bias_and_the_point_are_dragged_too(show: Shower) -> None:
    page = show([NeuronPlane()])
    box = page.locator(".figure-box")
    for target, moved, at in (("[data-drag=b]", "b", 0.5), (".drag-area", "x", 0.15)):
        before = json.loads(readings(box)[0] or "{}")
        drag(page, box.locator(target), -40, -30, at)
        after = json.loads(readings(box)[0] or "{}")
        assert {key for key in ("w", "b", "x") if before[key] != after[key]} == {moved}


def test_a_neuron_without_weights_says_the_same_everywhere(show: Shower) -> None:
    box = show([NeuronPlane(w1=0.0, w2=0.0, b=1.0)]).locator(".figure-box")
    assert "no line" in readings(box)[1]
    assert NeuronPlane(w1=0.0, w2=0.0).compute()["distance"] is None


def test_doubling_keeps_the_line_and_halves_the_edge(show: Shower) -> None:
    box = show([NeuronPlane()]).locator(".figure-box")
    before = json.loads(readings(box)[0] or "{}")
    box.locator("[data-action=double]").click()
    after = json.loads(readings(box)[0] or "{}")
    assert np.isclose(after["distance"], before["distance"])
    assert np.isclose(after["edge"], before["edge"] / 2)
    assert box.locator("[data-action=double]").is_disabled()


def test_two_cuts_leave_the_cluster_open_and_three_enclose_it(show: Shower) -> None:
    box = show([CutCloud()]).locator(".figure-box")
    for k, open_ended in ((1, True), (2, True), (3, False), (5, False)):
        box.locator("[data-param=k]").select_option(str(k))
        box.locator("[data-action=spread]").click()
        said = readings(box)[1]
        assert ("open" in said) == open_ended and ("All 150" in said) == (not open_ended)


def test_no_two_half_planes_part_the_cloud() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        figure = random_cuts(rng)
        figure.k = 2
        found = figure.compute()
        assert found["lost"] + found["caught"] > 0


def test_without_a_bend_both_networks_are_one_layer() -> None:
    found = DeepLinear(layers=8, bend=0.0).compute()
    np.testing.assert_allclose(found["bent"], found["straight"])
    assert found["parameters"] == 2 * 6 + 6 + 6 * (6 * 6 + 6) + 6 + 1
