"""The figures of the chapter on attention."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from figure_pages import Hand, Shower, drag, readings
from playwright.sync_api import Locator
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from book.figures import Figure
from book.figures.attention import (
    AttentionMap,
    BlockShapes,
    OnlineSoftmax,
    PositionWaves,
    SoftLookup,
    TokenWalk,
)
from book.figures.tiny_gpt import (
    ALPHABET,
    CONTEXT,
    HEADS,
    LAYERS,
    WEIGHTS,
    bits_per_character,
    corpus,
    encode,
    first_weights,
    keep,
    kept,
    loss_backward,
    plain,
    read_out,
    shapes,
    streams,
    train,
    walk,
    write,
)
from solutions.activations import relu
from solutions.attention import attention_weights, causal_mask, merge_heads, split_heads
from solutions.jacobians import layer_norm
from solutions.losses import cross_entropy


def random_text(rng: np.random.Generator, longest: int) -> str:
    return "".join(rng.choice(list(ALPHABET), size=rng.integers(1, longest + 1)))


def random_walk(rng: np.random.Generator) -> Figure:
    return TokenWalk(
        text=random_text(rng, CONTEXT + 8),
        token=int(rng.integers(CONTEXT)),
        step=int(rng.integers(32)),
        head=int(rng.integers(1, 5)),
        temperature=float(rng.uniform(0.1, 2)),
        seed=int(rng.integers(1, 10**6)),
    )


def random_map(rng: np.random.Generator) -> Figure:
    off = rng.choice(8, size=rng.integers(4), replace=False)
    return AttentionMap(
        text=random_text(rng, CONTEXT),
        token=int(rng.integers(CONTEXT)),
        look=int(rng.integers(8)),
        mask=bool(rng.integers(2)),
        off=sorted(off.tolist()),
    )


def random_lookup(rng: np.random.Generator) -> Figure:
    return SoftLookup(
        q1=rng.uniform(-3, 3),
        q2=rng.uniform(-3, 3),
        temperature=rng.uniform(0.1, 4),
        dimension=int(rng.integers(1, 9)),
        scaled=bool(rng.integers(2)),
        seed=int(rng.integers(1, 2**31)),
    )


def random_position(rng: np.random.Generator) -> Figure:
    position, distance, width = (
        int(rng.integers(64)),
        int(rng.integers(33)),
        int(rng.integers(1, 7)),
    )
    return PositionWaves(position=position, distance=distance, width=width)


def random_blocks(rng: np.random.Generator) -> Figure:
    count = int(rng.integers(2, 20))
    return OnlineSoftmax(
        scores=rng.uniform(-4, 4, count).tolist(),
        values=rng.normal(size=count).tolist(),
        block=int(rng.integers(1, count + 1)),
        done=int(rng.integers(count + 1)),
    )


def random_block(rng: np.random.Generator) -> Figure:
    lowest = {"sequences": 0, "positions": 0, "width": 7, "heads": 0, "hidden": 7}
    highest = {"sequences": 8, "positions": 17, "width": 14, "heads": 7, "hidden": 16}
    return BlockShapes(
        **{key: int(rng.integers(low, highest[key] + 1)) for key, low in lowest.items()}
    )


HANDS = [
    Hand(SoftLookup, random_lookup, drag=("[data-drag=query]", -60, 40)),
    Hand(AttentionMap, random_map, drag=("[data-drag=map]", 30, 60)),
    Hand(PositionWaves, random_position, drag=("[data-drag=position]", 50, 0)),
    Hand(BlockShapes, random_block, drag=("[data-drag=positions]", 60, 0)),
    Hand(OnlineSoftmax, random_blocks, drag=("[data-drag=scores]", 20, 50)),
    Hand(TokenWalk, random_walk, drag=("[data-drag=strip]", 80, 0)),
]


# -- the tiny GPT --------------------------------------------------------------------------------


def test_the_walk_is_what_the_blocks_compute() -> None:
    params, ids = kept()[1], encode("in the beginning god created th")
    run = walk(params, ids, causal_mask(len(ids)), np.ones((LAYERS, HEADS)))
    for l, x in enumerate(streams(params, ids[None])):
        np.testing.assert_allclose(run[f"x.{l}"], x[0], atol=1e-12)
    np.testing.assert_allclose(run["logits"], read_out(params, x)[0], atol=1e-12)


def test_no_later_character_reaches_an_earlier_one() -> None:
    params, ids = kept()[1], encode("and the lord said to moses, say")
    changed = np.append(ids[:-1], ids[-1] + 1)
    before, after = (read_out(params, streams(params, one[None])[-1])[0] for one in (ids, changed))
    np.testing.assert_array_equal(before[:-1], after[:-1])
    assert np.abs(before[-1] - after[-1]).max() > 0.1


def test_the_gradients_of_training_are_those_of_small_steps() -> None:
    rng = np.random.default_rng(3)
    params = {name: p.astype(np.float64) for name, p in first_weights(rng).items()}
    ids = rng.integers(len(ALPHABET), size=(2, 9))
    grads = loss_backward(params, ids[:, :-1], ids[:, 1:])[1]
    assert grads.keys() == params.keys()
    for name, p in params.items():
        direction = rng.normal(size=p.shape)
        ends = [
            loss_backward(params | {name: p + step * direction}, ids[:, :-1], ids[:, 1:])[0]
            for step in (1e-5, -1e-5)
        ]
        slope = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(slope, np.sum(grads[name] * direction), rtol=1e-4, atol=1e-8)


def test_training_is_seeded_and_learns() -> None:
    ids = encode(plain("the quick brown fox jumps over the lazy dog. " * 20))
    twice = [train(ids, 60, np.random.default_rng(1), batch=8) for _ in range(2)]
    for name in twice[0]:
        np.testing.assert_array_equal(twice[0][name], twice[1][name])
    assert bits_per_character(twice[0], ids) < 3 < np.log2(len(ALPHABET))


def test_the_kept_weights_write_the_text_they_were_trained_on() -> None:
    params = kept()[1]
    assert WEIGHTS.stat().st_size < 200_000
    assert 1.5 < bits_per_character(params, corpus()[1][:20_000]) < 2.3
    text = write(params, "and the ", 60, np.random.default_rng(0))
    assert text.startswith("and the ") and len(text) == 68 and set(text) <= set(ALPHABET)


def test_bytes_keep_the_weights_to_half_a_step(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    params = {name: rng.normal(size=shape) for name, shape in shapes().items()}
    keep(params, tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as archive:
        codes, scales = archive["codes"], archive["scales"]
    step = np.repeat(scales, [p.size for p in params.values()])
    before = np.concatenate([p.ravel() for p in params.values()])
    assert np.all(np.abs(codes * step - before) <= step * 0.5001)


# -- the walk ------------------------------------------------------------------------------------


def state_of(box: Locator) -> dict[str, Any]:
    return json.loads(readings(box)[0] or "{}")


def test_every_parameter_is_used_in_one_step_of_the_walk() -> None:
    counts = [TokenWalk(text="ab", step=step).compute() for step in range(32)]
    assert sum(one["parameters"] for one in counts) == counts[0]["total"] == 59_550


def test_the_walk_goes_from_text_to_text(show: Shower) -> None:
    page = show([TokenWalk()], 360)
    box = page.locator(".figure-box")
    assert box.locator("[data-action=back]").is_disabled()
    for _ in range(31):
        box.locator("[data-action=next]").click()
    assert box.locator("[data-action=next]").is_disabled()
    state = state_of(box)
    assert state["step"] == 31
    box.locator("[data-action=write]").click()
    assert state_of(box)["ids"] == [*state["ids"], state["next"]]


def test_the_net_reads_what_is_typed_in_its_alphabet(show: Shower) -> None:
    page = show([TokenWalk()])
    box = page.locator(".figure-box")
    line = box.locator("input[type=text]")
    line.fill("Who are YOU? 3 Éves;")
    typed = "who are you.  ves,"
    assert state_of(box)["ids"] == encode(typed).tolist()
    line.blur()
    assert line.input_value() == typed
    line.fill("12")  # nothing that the net could read
    line.blur()
    assert line.input_value() == typed
    line.fill("a" * 60)
    assert len(state_of(box)["ids"]) == CONTEXT


def test_forty_characters_are_written_one_by_one(show: Shower) -> None:
    page = show([TokenWalk(text="in the ")])
    page.emulate_media(reduced_motion="reduce")
    box = page.locator(".figure-box")
    box.locator("[data-action=write-many]").click()
    text = box.locator("input[type=text]").input_value()
    assert len(text) == 47 and text.startswith("in the ")
    assert text in readings(box)[1]


def test_a_click_in_a_panel_follows_that_row(show: Shower) -> None:
    page = show([TokenWalk(step=1)])
    box = page.locator(".figure-box")
    panels = box.locator("[data-drag=panels]")
    before = state_of(box)["token"]
    panels.click(position={"x": 60, "y": 60})
    assert state_of(box)["token"] < before
    assert " = " in (box.locator("svg text.small").last.text_content() or "")


def test_a_tap_reads_a_number_where_nothing_hovers(show: Shower) -> None:
    box = show([TokenWalk(step=1)]).locator(".figure-box")
    panels = box.locator("[data-drag=panels]")
    corner = panels.bounding_box()
    assert corner
    at = {"clientX": corner["x"] + corner["width"] / 2, "clientY": corner["y"] + 60}
    panels.dispatch_event("pointerdown", {"pointerId": 1, "pointerType": "touch", **at})
    assert " = " in (box.locator("svg text.small").last.text_content() or "")


# -- the others ----------------------------------------------------------------------------------


def test_switches_change_what_the_text_costs(show: Shower) -> None:
    page = show([AttentionMap()])
    box = page.locator(".figure-box")
    first = state_of(box)
    assert first["bits"] == first["whole"]
    box.locator("[data-switch=mask]").uncheck()
    open_future = state_of(box)
    assert open_future["bits"] > first["bits"] + 0.5
    assert max(open_future["weights"][0][1:]) > 0 == max(first["weights"][0][1:])
    box.locator("[data-switch=mask]").check()
    box.locator("[data-switch=head-1]").uncheck()
    assert state_of(box)["bits"] != first["bits"] == state_of(box)["whole"]


def test_the_heads_of_the_first_block_are_missed_most() -> None:
    params, windows = kept()[1], corpus()[1][: 40 * CONTEXT].reshape(40, CONTEXT)

    def bits(heads: np.ndarray) -> float:
        mask = causal_mask(CONTEXT)
        costs = [
            cross_entropy(walk(params, ids, mask, heads)["logits"][:-1], ids[1:]) for ids in windows
        ]
        return float(np.mean(costs) / np.log(2))

    off = 1 - np.eye(LAYERS * HEADS).reshape(-1, LAYERS, HEADS)
    missed = np.array([bits(heads) for heads in off]) - bits(np.ones((LAYERS, HEADS)))
    assert missed[:HEADS].min() > missed[HEADS:].max() > 0.05


def test_without_the_root_one_key_takes_all() -> None:
    soft, hard = (SoftLookup(dimension=8, scaled=scaled).compute() for scaled in (True, False))
    assert soft["entropy"] > 1 > 0.01 > hard["entropy"]


@pytest.mark.parametrize("position", [0, 31, 63])
def test_the_product_of_positions_depends_on_their_distance(position: int) -> None:
    here = PositionWaves(position=position).compute()["product"]
    assert here == pytest.approx(PositionWaves(position=5).compute()["product"], abs=1e-12)


def test_the_block_has_the_arrays_and_weights_it_is_drawn_with() -> None:
    sizes = {"sequences": 1, "positions": 3, "width": 7, "heads": 2, "hidden": 8}
    N, T, E, H, F = (2**e for e in sizes.values())
    block = torch.nn.TransformerEncoderLayer(
        E, H, F, dropout=0.0, batch_first=True, norm_first=True
    )
    p = {name: one.detach().numpy() for name, one in block.named_parameters()}
    X = np.random.default_rng(2).normal(size=(N, T, E)).astype(np.float32)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        Y = block(torch.tensor(X)).detach().numpy()

    a = layer_norm(X, p["norm1.weight"], p["norm1.bias"], 1e-5)
    Z = a @ p["self_attn.in_proj_weight"].T + p["self_attn.in_proj_bias"]
    QKV = np.stack([split_heads(one, H) for one in np.split(Z, 3, axis=-1)])
    A = attention_weights(QKV[0], QKV[1])
    O = A @ QKV[2]
    X1 = X + merge_heads(O) @ p["self_attn.out_proj.weight"].T + p["self_attn.out_proj.bias"]
    c = layer_norm(X1, p["norm2.weight"], p["norm2.bias"], 1e-5)
    h = relu(c @ p["linear1.weight"].T + p["linear1.bias"])
    ours = X1 + h @ p["linear2.weight"].T + p["linear2.bias"]
    np.testing.assert_allclose(ours, Y, atol=1e-5)

    state = BlockShapes(**sizes).compute()
    arrays = [a, QKV, A, O, X1, c, h, ours]
    assert state["shapes"] == [list(one.shape) for one in arrays]
    assert state["bytes"] == [one.nbytes for one in arrays]
    names = ("norm1", "self_attn.in", "", "", "self_attn.out", "norm2", "linear1", "linear2")
    assert state["parameters"] == [
        sum(one.size for full, one in p.items() if name and full.startswith(name)) for name in names
    ]
    assert sum(state["parameters"]) == 4 * E**2 + 4 * E + 2 * E * F + F + E + 4 * E
    assert counter.get_total_flops() == 2 * N * T * sum(state["products"])


def test_the_table_overtakes_where_the_read_out_says() -> None:
    rng = np.random.default_rng(7)
    ahead = []
    for _ in range(300):
        figure = random_block(rng)
        state, T = figure.compute(), 2**figure.positions
        work, memory = state["done"], state["bytes"]
        linear = work["attention"] + work["network"]
        assert (work["table"] > linear) == (state["slower"] < T)
        assert (memory[2] > sum(memory) - memory[2]) == (state["larger"] < T)
        ahead.append((state["slower"] < T, state["larger"] < T))
    assert {(False, False), (False, True), (True, True)} <= set(ahead)


def test_wider_heads_are_fewer_and_cost_less_memory_only(show: Shower) -> None:
    page = show([BlockShapes()], 360)
    box = page.locator(".figure-box")
    before = state_of(box)
    drag(page, box.locator("[data-drag=heads]"), 16)
    after = state_of(box)
    assert after["shapes"][1][2] < before["shapes"][1][2] == 8
    assert after["parameters"] == before["parameters"] and after["products"] == before["products"]
    assert after["bytes"][2] < before["bytes"][2] and after["bytes"][3:] == before["bytes"][3:]


@pytest.mark.parametrize("block", range(1, 13))
def test_every_block_size_ends_at_softmax(block: int) -> None:
    state = OnlineSoftmax(block=block, done=12).compute()
    np.testing.assert_allclose(state["weights"], state["final"], rtol=1e-12)
    assert state["sofar"] == pytest.approx(state["output"], abs=1e-12)


def test_a_score_is_pulled_by_a_finger_and_by_keys(show: Shower) -> None:
    page = show([OnlineSoftmax(done=0)])
    box = page.locator(".figure-box")
    before = state_of(box)["final"]
    area = box.locator("[data-drag=scores]")
    corner = area.bounding_box()
    assert corner
    finger = {"pointerId": 1, "pointerType": "touch", "button": 0}
    x, y = corner["x"] + 7.5 * corner["width"] / 12, corner["y"] + 80  # the eighth of twelve
    area.evaluate(
        "node => (node.hasPointerCapture = () => true, node.setPointerCapture = () => {})"
    )
    area.dispatch_event("pointerdown", {**finger, "clientX": x, "clientY": y})
    area.dispatch_event("pointermove", {**finger, "clientX": x + 50, "clientY": y - 40})
    pulled = state_of(box)["final"]
    assert [i for i in range(12) if pulled[i] > before[i]] == [7]
    box.locator("[data-param=held]").select_option("3")
    box.locator("[data-param=height]").focus()
    page.keyboard.press("Home")
    lowered = state_of(box)["final"]
    assert [i for i in range(12) if lowered[i] < pulled[i]] == [2]
