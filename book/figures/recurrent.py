"""Figures of the chapter on recurrent networks."""

from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals
from solutions.recurrent import (
    echo_state_readout,
    gradient_through_time,
    rnn,
    rnn_step,
    scale_spectral_radius,
)

Cell = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def cell(seed: int, units: int, radius: float) -> Cell:
    """A recurrent layer with one input: normal weights, scaled to a spectral radius, biases of 0.2."""
    drawn = normals(seed, units * units + 2 * units)
    W_hh = drawn[: units * units].reshape(units, units)
    W_ih, b = drawn[units * units :].reshape(2, units)
    return W_ih[:, None], scale_spectral_radius(W_hh, radius), 0.2 * b, np.zeros(units)


class UnrolledGradient(Figure):
    """How much of a gradient at the last step reaches each step before it, in a random network.

    `radius` is the spectral radius of W_hh, `strength` multiplies the inputs; `bent` says whether
    there is a tanh.  `step` is the step looked at, from 1, `seed` draws weights and inputs.
    """

    parts = ("chance", "reservoir")
    steps, units = 12, 10

    radius = t.Float(0.7).tag(sync=True)
    strength = t.Float(0.3).tag(sync=True)
    bent = t.Bool(True).tag(sync=True)
    step = t.Int(4, min=1, max=12).tag(sync=True)
    seed = t.Int(1).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        T, H = self.steps, self.units
        W_ih, W_hh, *_ = cell(self.seed, H, self.radius)
        drawn = normals(self.seed + 1000, T + H)
        X, u = drawn[None, :T, None], drawn[T:]
        hs = rnn(self.strength * X, np.zeros((1, H)), W_ih, W_hh, np.zeros(H), np.zeros(H))[0]
        hs = hs if self.bent else np.zeros_like(hs)
        J = gradient_through_time(W_hh, hs)
        return {
            "sizes": np.linalg.norm(u / np.linalg.norm(u) @ J, axis=1).tolist(),
            "slopes": (1 - hs**2).mean(axis=1).tolist(),
        }


def mackey_glass(count: int, substeps: int = 10, delay: int = 17) -> np.ndarray:
    """The chaotic series at every other time unit, from where it has settled, shifted by −0.9."""
    s = np.full((300 + 2 * count + delay) * substeps + 1, 1.2)
    for i in range(delay * substeps, len(s) - 1):
        past = s[i - delay * substeps]
        s[i + 1] = s[i] + (0.2 * past / (1 + past**10) - 0.1 * s[i]) / substeps
    return s[(300 + delay) * substeps :: 2 * substeps][:count] - 0.9


def waves(count: int) -> np.ndarray:
    """A series that repeats itself every 24 steps."""
    angle = 2 * np.pi * np.arange(count) / 24
    return 0.25 * np.sin(angle) + 0.15 * np.sin(2 * angle + 1)


class TeacherForcing(Figure):
    """A trained network goes on with a `series`: fed the truth up to `handover`, then its own word.

    The recurrent weights are random, the read-out is fitted by ridge regression to 400 steps of the
    series; what is shown are the 120 steps that follow.
    """

    parts = ("chance", "reservoir")
    units, radius, ridge = 30, 0.9, 3e-4
    washout, trained, shown = 40, 400, 120

    series = t.Unicode("chaotic").tag(sync=True)
    handover = t.Int(30, min=0, max=120).tag(sync=True)
    seed = t.Int(1).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        make = mackey_glass if self.series == "chaotic" else waves
        s = make(self.trained + self.shown)
        weights, trained = cell(self.seed, self.units, self.radius), self.trained
        H = rnn(s[None, :trained, None], np.zeros((1, self.units)), *weights)[0]
        with_one = np.column_stack([H, np.ones(trained)])
        W_out = echo_state_readout(
            with_one[self.washout : -1], s[self.washout + 1 : trained, None], self.ridge
        )
        h, said = H[-1:], []
        for step in range(self.shown):
            said.append(float((np.append(h, 1) @ W_out.T)[0]))
            heard = s[trained + step] if step < self.handover else said[-1]
            h = rnn_step(np.full((1, 1), heard), h, *weights)
        return {"true": s[trained:].tolist(), "said": said}


class ReservoirTrajectories(Figure):
    """Two copies of a random network hear the same input; one is knocked into another state.

    `radius` is the spectral radius, `strength` multiplies the input, two waves; `knock` is the step of
    the knock, `seed` draws the weights and both states.
    """

    parts = ("chance", "reservoir")
    units, steps, traced = 40, 80, 3

    radius = t.Float(0.8).tag(sync=True)
    strength = t.Float(0.5).tag(sync=True)
    knock = t.Int(20, min=1, max=60).tag(sync=True)
    seed = t.Int(2).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        T, H = self.steps, self.units
        W_ih, W_hh, *_ = cell(self.seed, H, self.radius)
        weights = W_ih, W_hh, np.zeros(H), np.zeros(H)
        angle = 2 * np.pi * np.arange(T)
        X = self.strength * (np.sin(angle / 20) + 0.5 * np.sin(angle / 7.3))[None, :, None]
        start, knocked = np.tanh(normals(self.seed + 1000, 2 * H).reshape(2, 1, H))
        calm = rnn(X, start, *weights)[0]
        other = calm.copy()
        other[self.knock - 1] = knocked[0]
        other[self.knock :] = rnn(X[:, self.knock :], knocked, *weights)[0]
        return {
            "calm": calm[:, : self.traced].T.tolist(),
            "other": other[:, : self.traced].T.tolist(),
            "distance": np.linalg.norm(calm - other, axis=1).tolist(),
        }
