"""The figures of the chapter on energy."""

import json

import numpy as np
import pytest
from figure_pages import Hand, Shower, readings

from book.figures import Figure
from book.figures.energy import (
    CapacityCurve,
    HopfieldRecall,
    ModernValley,
    edge,
    load_of,
    spins,
)
from solutions.attention import scaled_dot_product_attention
from solutions.energy import hebbian_weights, hopfield_energy


def picture(rng: np.random.Generator) -> str:
    return "".join(rng.choice(["0", "1"], size=100))


def random_recall(rng: np.random.Generator) -> Figure:
    memories = [picture(rng) for _ in range(rng.integers(0, 10))]
    return HopfieldRecall(
        memories=memories,
        base=memories[0] if memories and rng.random() < 0.7 else picture(rng),
        noise=round(rng.uniform(0, 0.5), 2),
        steps=int(rng.integers(0, 501)),
        seed=int(rng.integers(0, 1000)),
        chosen=0,
        cell=int(rng.integers(100)),
    )


def random_capacity(rng: np.random.Generator) -> Figure:
    trials = [[round(rng.uniform(0.01, 0.25), 3), 100, int(rng.integers(100))] for _ in range(3)]
    return CapacityCurve(load=round(rng.uniform(0.01, 0.25), 3), units=100, trials=trials)


def random_valley(rng: np.random.Generator) -> Figure:
    q1, q2 = rng.uniform(-2.2, 2.2, size=2)
    stored = rng.uniform(-2, 2, size=(5, 2)).tolist()
    return ModernValley(stored=stored, q1=q1, q2=q2, sharpness=rng.uniform(-2, 5))


HANDS = [
    Hand(HopfieldRecall, random_recall, drag=("[data-drag=pad]", 60, 40)),
    Hand(CapacityCurve, random_capacity, drag=(".drag-area", 60, 0)),
    Hand(ModernValley, random_valley, drag=("[data-drag=state]", -60, 40)),
]


def test_the_four_memories_are_at_rest_and_each_comes_back() -> None:
    figure = HopfieldRecall()
    X = np.array([spins(one) for one in figure.memories])
    W = hebbian_weights(X)
    assert (X * (X @ W) > 0.1).all()
    for k, memory in enumerate(figure.memories):
        state = HopfieldRecall(base=memory, noise=0.2, steps=400).compute()
        assert state["overlaps"][k] == 1 and not state["restless"]


def test_the_curve_falls_and_ends_at_the_memory() -> None:
    state = HopfieldRecall(steps=300).compute()
    assert all(b <= a for a, b in zip(state["energies"], state["energies"][1:], strict=False))
    assert state["state"] == HopfieldRecall().memories[0]
    X = np.array([spins(one) for one in HopfieldRecall().memories])
    last = hopfield_energy(hebbian_weights(X), X[0])
    np.testing.assert_allclose([state["energies"][-1], state["depths"][0]], last)


def test_valleys_that_nobody_dug_can_be_found() -> None:
    rng = np.random.default_rng(0)
    ends = [
        HopfieldRecall(base=picture(rng), noise=0, steps=500, seed=seed).compute()
        for seed in range(40)
    ]
    strange = [end for end in ends if not end["restless"] and max(map(abs, end["overlaps"])) < 0.9]
    assert len(strange) >= 3


def test_memories_that_are_too_alike_melt_into_one() -> None:
    four = HopfieldRecall().memories
    spoiled = [HopfieldRecall(noise=0.15, seed=seed).compute()["state"] for seed in (1, 2)]
    crowded = [*four, *spoiled]
    ends = [
        HopfieldRecall(memories=crowded, base=one, noise=0, steps=500).compute()["overlaps"][k]
        for k, one in enumerate(crowded)
    ]
    assert min(ends[1:4]) == 1 and max(ends[4:]) < 0.9


def test_the_edge_of_the_theory_is_at_0138() -> None:
    assert abs(load_of(edge()) - 0.13791) < 1e-5
    before, after = (CapacityCurve(load=load, trials=[]).compute() for load in (0.1379, 0.138))
    assert before["overlap"] > 0.96 and after["overlap"] == 0


def test_the_state_moves_as_attention_says() -> None:
    figure = ModernValley()
    state, X = figure.compute(), np.array(figure.stored)
    q = np.array([state["path"][0]]) * figure.compute()["beta"] * 2**0.5
    np.testing.assert_allclose(scaled_dot_product_attention(q, X, X)[0], state["path"][1])
    assert all(
        b <= a + 1e-12 for a, b in zip(state["energies"], state["energies"][1:], strict=False)
    )


def valleys(figure: ModernValley) -> int:
    ends = np.array(figure.compute()["ends"])
    return len(np.unique(np.round(ends, 1), axis=0))


def test_a_large_beta_has_a_valley_for_each_pattern() -> None:
    assert valleys(ModernValley(sharpness=-2)) == 1 and valleys(ModernValley(sharpness=5)) == 5


def test_recall_brings_back_the_memory_and_a_drawing_can_be_stored(show: Shower) -> None:
    page = show([HopfieldRecall()])
    box = page.locator(".figure-box")
    box.locator("[data-action=recall]").click()
    box.locator("[data-action=recall]:disabled").wait_for()
    assert "this is memory 1, unit for unit" in readings(box)[1]
    assert box.locator("[data-action=store]").is_disabled()
    box.locator("[data-action=chance]").click()
    box.locator("[data-action=store]").click()
    state = json.loads(readings(box)[0] or "{}")
    assert len(state["overlaps"]) == 5 and state["overlaps"][4] == 1
    box.locator("[data-action=forget]").click()
    assert len(json.loads(readings(box)[0] or "{}")["overlaps"]) == 4


def test_the_pen_works_by_keys_alone(show: Shower) -> None:
    page = show([HopfieldRecall(noise=0)])
    box = page.locator(".figure-box")
    before = json.loads(readings(box)[0] or "{}")["state"]
    box.locator("[data-action=pen]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    after = json.loads(readings(box)[0] or "{}")["state"]
    assert [i for i in range(100) if before[i] != after[i]] == [55]


def test_the_units_that_would_flip_have_dots(show: Shower) -> None:
    box = show([HopfieldRecall()]).locator(".figure-box")
    dots = box.locator("svg path.point")
    counted = [(dots.get_attribute("d") or "").count("M")]
    for _ in range(3):
        box.locator("[data-action=look]").click()
        counted.append((dots.get_attribute("d") or "").count("M"))
    expected = [len(HopfieldRecall(steps=n).compute()["restless"]) for n in range(4)]
    assert counted == expected and expected[0] == 30 > expected[3]
    box.locator("[data-action=reset]").click()
    assert box.locator("[data-action=reset]").is_disabled()


def test_a_pattern_moves_by_keys_alone(show: Shower) -> None:
    page = show([ModernValley()])
    box = page.locator(".figure-box")
    before = json.loads(readings(box)[0] or "{}")
    box.locator("[data-param=held]").select_option("pattern 2")
    box.locator("[data-param=up]").focus()
    page.keyboard.press("ArrowRight")
    after = json.loads(readings(box)[0] or "{}")
    stored = [*ModernValley().stored]
    stored[1] = [1.1, 1.35]
    assert after["path"][0] == before["path"][0] and after["ends"] != before["ends"]
    np.testing.assert_allclose(after["ends"], ModernValley(stored=stored).compute()["ends"])


@pytest.mark.parametrize("units", [100, 300, 1000])
def test_measuring_adds_a_network(units: int, show: Shower) -> None:
    page = show([CapacityCurve(units=units, trials=[])])
    box = page.locator(".figure-box")
    box.locator("[data-action=measure]").click()
    state = json.loads(readings(box)[0] or "{}")
    assert state["measured"] == CapacityCurve(trials=[[0.1, units, 1]]).compute()["measured"]
