"""Figures of the chapter on LSTM and GRU, and the training of the small net that one of them shows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals, uniform
from solutions.gated import (
    gru,
    gru_step_backward,
    lstm,
    lstm_backward,
    lstm_gates,
    lstm_step,
    lstm_step_backward,
)
from solutions.optimizers import adam_step, clip_gradient_norm
from solutions.recurrent import rnn

ADDER = Path(__file__).parent / "adding_lstm.json"


class LstmDoors(Figure):
    """One LSTM unit with its doors set by hand: gates `i`, `f`, `o`, candidate `g`, old cell `c`.

    `compute()` gives the new cell and state, their slopes, and both over 30 repeats of the step.
    """

    STEPS = 30

    f = t.Float(0.9).tag(sync=True)
    i = t.Float(0.01).tag(sync=True)
    g = t.Float(0.5).tag(sync=True)
    o = t.Float(0.8).tag(sync=True)
    c = t.Float(1.0).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        doors = np.array([self.i, self.f, self.o])
        z_i, z_f, z_o = np.log(doors / (1 - doors))
        bias = np.array(
            [z_i, z_f, np.arctanh(self.g), z_o]
        )  # no weights: the doors are set by hand
        nothing = np.zeros((4, 1)), np.zeros((4, 1)), bias, np.zeros(4)
        h, c = np.zeros((1, 1)), np.array([[self.c]])
        X = np.zeros((1, self.STEPS, 1))
        new_h, new_c = lstm_step(X[:, 0], h, c, *nothing)
        one, no = np.ones((1, 1)), np.zeros((1, 1))
        from_c = lstm_step_backward(no, one, X[:, 0], h, c, *nothing)[2]
        from_h = lstm_step_backward(one, no, X[:, 0], h, c, *nothing)[2]
        return {
            "c": float(new_c[0, 0]),
            "h": float(new_h[0, 0]),
            "cell_slope": float(from_c[0, 0]),
            "state_slope": float(from_h[0, 0]),
            "cells": lstm_gates(X, h, c, *nothing)[1].ravel().tolist(),
            "states": lstm(X, h, c, *nothing).ravel().tolist(),
        }


class GradientReach(Figure):
    """What is left of a gradient on its way back through random nets: plain, LSTM and GRU.

    Traits: the `bias` of forget and update gates, the `scale` of recurrent weights, the `seed` of
    everything random, and how many steps `back` the read-out looks.
    """

    parts = ("chance",)
    H, T = 10, 60

    bias = t.Float(0.0).tag(sync=True)
    scale = t.Float(1.0).tag(sync=True)
    back = t.Int(30).tag(sync=True)
    seed = t.Int(1).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        H, T = self.H, self.T
        drawn = normals(self.seed, 4 * H + 4 * H * H + T + H)
        W_ih, W_hh, X, v = np.split(drawn, np.cumsum([4 * H, 4 * H * H, T]))
        weights = W_ih.reshape(4 * H, 1) * 0.5, W_hh.reshape(4 * H, H) * self.scale / H**0.5
        X, v = X.reshape(1, T, 1), v.reshape(1, H) / np.linalg.norm(v)
        start = np.zeros((1, H))

        def layer(blocks: int) -> tuple[np.ndarray, ...]:
            bias = np.zeros(blocks * H)
            if blocks > 1:
                bias[H : 2 * H] = self.bias  # f of the LSTM, z of the GRU
            return *(W[: blocks * H] for W in weights), bias, np.zeros(blocks * H)

        sizes: dict[str, list[float]] = {"rnn": [1.0], "lstm": [1.0], "gru": [1.0]}
        states = rnn(X, start, *layer(1))[0]
        d = v
        for h in states[::-1]:
            d = (d * (1 - h**2)) @ layer(1)[1]
            sizes["rnn"].append(float(np.linalg.norm(d)))

        states = np.concatenate([start, gru(X, start, *layer(3))[0]])
        d = v
        for k in reversed(range(T)):
            d = gru_step_backward(d, X[:, k], states[k : k + 1], *layer(3))[1]
            sizes["gru"].append(float(np.linalg.norm(d)))

        hs = np.concatenate([start, lstm(X, start, start, *layer(4))[0]])
        cs = np.concatenate([start, lstm_gates(X, start, start, *layer(4))[1][0]])
        dh, dc = v, start
        for k in reversed(range(T)):
            at = X[:, k], hs[k : k + 1], cs[k : k + 1]
            dh, dc = lstm_step_backward(dh, dc, *at, *layer(4))[1:3]
            sizes["lstm"].append(float(np.hypot(np.linalg.norm(dh), np.linalg.norm(dc))))
        return {"sizes": sizes}


def adder_weights() -> list[np.ndarray]:
    """W_ih, W_hh, b_ih, b_hh of the trained LSTM of four units, then W and b of its read-out."""
    return [np.array(one) for one in json.loads(ADDER.read_text(encoding="utf-8"))]


class AddingGates(Figure):
    """A trained LSTM of four units reads the adding problem: its doors and cells at every step.

    `first` and `second` are the marked steps, `seed` draws the numbers, `unit` (from 0) is shown.
    """

    parts = ("chance",)
    T, UNITS = 24, 4

    first = t.Int(5).tag(sync=True)
    second = t.Int(16).tag(sync=True)
    seed = t.Int(3).tag(sync=True)
    unit = t.Int(3).tag(sync=True)
    weights: t.List = t.List().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(weights=[one.tolist() for one in adder_weights()], **traits)

    def compute(self) -> dict[str, Any]:
        W_ih, W_hh, b_ih, b_hh, W, b = (np.array(one) for one in self.weights)
        values = uniform(self.seed, self.T)
        marks = sorted({self.first, self.second})
        X = np.stack([values, np.isin(np.arange(self.T), marks)], axis=1)[None]
        start = np.zeros((1, self.UNITS))
        gates, C = lstm_gates(X, start, start, W_ih, W_hh, b_ih, b_hh)
        said = lstm(X, start, start, W_ih, W_hh, b_ih, b_hh)[0] @ W[0] + b[0]
        return {
            "values": values.tolist(),
            "marks": marks,
            "gates": gates[0].tolist(),
            "cells": C[0].tolist(),
            "said": said.tolist(),
            "answer": float(said[-1]),
            "sum": float(values[marks].sum()),
        }


def train_adder(seed: int, steps: int = 1500, N: int = 64, T: int = 24) -> tuple[list, float]:
    """Train the LSTM of `AddingGates`; return its weights and the mean of its last 20 losses."""
    rng, H = np.random.default_rng(seed), AddingGates.UNITS
    shapes = ((4 * H, 2), (4 * H, H), (4 * H,), (4 * H,), (1, H), (1,))
    weights = [rng.uniform(-(H**-0.5), H**-0.5, size=shape) for shape in shapes]
    weights[2][H : 2 * H] += 2  # a forget bias
    ms, vs, losses = [0 * w for w in weights], [0 * w for w in weights], [1.0]
    while len(losses) <= steps and np.mean(losses[-20:]) > 8e-4:
        values, marks, rows = rng.random((N, T)), np.zeros((N, T)), np.arange(N)
        marks[rows, rng.integers(0, T // 2, N)] = 1
        marks[rows, rng.integers(T // 2, T, N)] = 1
        X, start = np.stack([values, marks], axis=2), np.zeros((N, H))
        states = lstm(X, start, start, *weights[:4])
        off = states[:, -1] @ weights[4][0] + weights[5] - (values * marks).sum(axis=1)
        losses.append(float(np.mean(off**2)))
        dy, dH = 2 / N * off, np.zeros_like(states)
        dH[:, -1] = dy[:, None] * weights[4][0]
        grads = [*lstm_backward(dH, X, start, start, *weights[:4])[3:], (dy @ states[:, -1])[None]]
        for k, grad in enumerate(clip_gradient_norm([*grads, dy.sum(keepdims=True)], 1.0)):
            weights[k], ms[k], vs[k] = adam_step(
                weights[k], grad, ms[k], vs[k], len(losses) - 1, 0.02
            )
    return [w.round(6).tolist() for w in weights], float(np.mean(losses[-20:]))


if __name__ == "__main__":  # python -m book.figures.gated
    for seed in range(8):
        trained, loss = train_adder(seed)
        print(f"seed {seed}: {loss:.5f}", flush=True)
        if loss <= 8e-4:
            ADDER.write_text(json.dumps(trained) + "\n", encoding="utf-8")
            break
