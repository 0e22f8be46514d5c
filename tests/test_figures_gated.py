"""The figures of the chapter on LSTM and GRU."""

import json

import numpy as np
import torch
from figure_pages import Hand, Shower, readings

from book.figures import Figure
from book.figures.chance import normals
from book.figures.gated import AddingGates, GradientReach, LstmDoors, adder_weights
from solutions.gated import lstm


def random_doors(rng: np.random.Generator) -> Figure:
    doors = {name: rng.uniform(0.01, 0.99) for name in ("f", "i", "o")}
    return LstmDoors(g=rng.uniform(-0.95, 0.95), c=rng.uniform(-2, 2), **doors)


def random_reach(rng: np.random.Generator) -> Figure:
    seed, back = int(rng.integers(1, 2**31)), int(rng.integers(61))
    return GradientReach(bias=rng.uniform(-2, 6), scale=rng.uniform(0.2, 3), back=back, seed=seed)


def random_marks(rng: np.random.Generator) -> Figure:
    first, second = int(rng.integers(12)), int(rng.integers(12, 24))
    seed, unit = int(rng.integers(1, 2**31)), int(rng.integers(4))
    return AddingGates(first=first, second=second, seed=seed, unit=unit)


HANDS = [
    Hand(LstmDoors, random_doors, drag=("[data-drag=f]", 0, 30)),
    Hand(GradientReach, random_reach, drag=(".drag-area", -60, 0)),
    Hand(AddingGates, random_marks, drag=("[data-drag=first]", 40, 0)),
]


def test_the_gradient_that_reaches_back_is_torchs() -> None:
    figure = GradientReach(bias=1.5, scale=1.2, seed=7)
    H, T, sizes = figure.H, figure.T, figure.compute()["sizes"]
    drawn = torch.tensor(normals(7, 4 * H + 4 * H * H + T + H))
    W_ih, W_hh, X, v = drawn.split([4 * H, 4 * H * H, T, H])
    W_ih, W_hh = 0.5 * W_ih.reshape(-1, 1), 1.2 * W_hh.reshape(-1, H) / H**0.5
    for kind, blocks in (("rnn", 1), ("gru", 3), ("lstm", 4)):
        bias = torch.zeros(blocks * H, dtype=torch.float64)
        if blocks > 1:
            bias[H : 2 * H] = 1.5
        weights = W_ih[: blocks * H], W_hh[: blocks * H], bias, torch.zeros_like(bias)
        start = [torch.zeros(1, H, dtype=torch.float64, requires_grad=True) for _ in "hc"]
        h, c = start
        for x in X.reshape(T, 1, 1):
            if kind == "lstm":
                h, c = torch.lstm_cell(x, (h, c), *weights)
            else:
                h = (torch.rnn_tanh_cell if kind == "rnn" else torch.gru_cell)(x, h, *weights)
        found = torch.autograd.grad((h @ v / v.norm()).sum(), start[: 2 if kind == "lstm" else 1])
        np.testing.assert_allclose(sizes[kind][-1], torch.cat(found).norm().item(), rtol=1e-9)


def test_the_saved_net_adds() -> None:
    rng = np.random.default_rng(0)
    values, marks, rows = rng.random((500, 24)), np.zeros((500, 24)), np.arange(500)
    marks[rows, rng.integers(0, 12, 500)] = marks[rows, rng.integers(12, 24, 500)] = 1
    *weights, W, b = adder_weights()
    start = np.zeros((500, 4))
    said = lstm(np.stack([values, marks], axis=2), start, start, *weights)[:, -1] @ W[0] + b
    assert np.mean((said - (values * marks).sum(axis=1)) ** 2) < 2e-3 < 1 / 6
    assert sum(np.size(one) for one in (*weights, W, b)) == 133


def test_shut_doors_keep_and_show_nothing(show: Shower) -> None:
    page = show([LstmDoors(f=0.99, i=0.01, g=0.0, o=0.01, c=1.0)])
    state = json.loads(readings(page.locator(".figure-box"))[0] or "{}")
    assert state["cells"][-1] > 0.7 and abs(state["states"][-1]) < 0.01


def test_the_input_gate_follows_the_mark(show: Shower) -> None:
    page = show([AddingGates(first=3)])
    box = page.locator(".figure-box")
    before = json.loads(readings(box)[0] or "{}")
    box.locator("[data-param=first]").fill("8")
    after = json.loads(readings(box)[0] or "{}")
    unit = before["unit"]
    assert before["gates"][3][unit] > 0.4 > 0.2 > before["gates"][8][unit]
    assert after["gates"][8][unit] > 0.4 > 0.2 > after["gates"][3][unit]
