"""Figures of the chapter on energy."""

import math
from functools import cache
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import uniform
from solutions.energy import (
    hebbian_weights,
    hopfield_energy,
    hopfield_recall,
    modern_hopfield_update,
)
from solutions.losses import logsumexp, softmax

CAT = """
#........#
##......##
##########
##########
##..##..##
##########
####..####
.########.
..######..
.........."""
NOTE = """
....######
....######
....##..##
....##..##
....##..##
....##..##
..####..##
.#####.###
.####.####
..##..###."""
TREE = """
....##....
...####...
...####...
..######..
..######..
.########.
.########.
##########
....##....
....##...."""
CROSS = """
##......##
###....###
.###..###.
..######..
...####...
...####...
..######..
.###..###.
###....###
##......##"""


def units(picture: str) -> str:
    """A picture as the figure keeps it: 1 for a unit that is on, 0 for one that is off."""
    return picture.replace("\n", "").replace("#", "1").replace(".", "0")


def spins(picture: str) -> np.ndarray:
    return np.array([1.0 if unit == "1" else -1.0 for unit in picture])


def shuffled(seed: int, n: int) -> np.ndarray:
    """The numbers 0 to n − 1 in an order that JavaScript finds alike."""
    return np.argsort(uniform(seed, n))


class HopfieldRecall(Figure):
    """A network of 10 × 10 units that remembers pictures, and recalls them unit by unit.

    Pictures are strings of 100 characters, 1 for on.  `memories` are stored by Hebb's rule; a `noise`
    of all units of `base` are turned, which gives the first state; `steps` units have looked since,
    each sweep in another order drawn with `seed`.  `chosen` is the memory that buttons act on, `cell`
    where the keyboard's pen is.
    `compute()` gives the state, its energy after each look, which unit looked last and its field,
    the units that disagree with theirs, and the overlap and the energy of each memory.
    """

    parts = ("chance", "recall_pad")
    side, most = 10, 500

    memories = t.List(t.Unicode()).tag(sync=True)
    base = t.Unicode(units(CAT)).tag(sync=True)
    noise = t.Float(0.3, min=0, max=0.5).tag(sync=True)
    steps = t.Int(0, min=0, max=500).tag(sync=True)
    seed = t.Int(3, min=0).tag(sync=True)
    chosen = t.Int(0, min=0).tag(sync=True)
    cell = t.Int(44, min=0, max=99).tag(sync=True)

    @t.default("memories")
    def four(self) -> list[str]:
        return [units(picture) for picture in (CAT, NOTE, TREE, CROSS)]

    def compute(self) -> dict[str, Any]:
        N = self.side**2
        X = np.array([spins(one) for one in self.memories]).reshape(-1, N)
        W = np.rint(N * hebbian_weights(X))  # whole numbers: a field of 0 is exactly 0
        s = spins(self.base)
        s[shuffled(self.seed, N)[: math.floor(self.noise * N + 0.5)]] *= -1
        sweeps = [shuffled(self.seed + 1 + k, N) for k in range(self.most // N)]
        looks = np.concatenate(sweeps)[: self.steps]
        energies, flips, field = [hopfield_energy(W, s) / N], 0, 0.0
        for i in looks:
            field = W[i] @ s / N
            after = hopfield_recall(W, s, np.array([i]))
            flips += int(after[i] != s[i])
            s = after
            energies.append(hopfield_energy(W, s) / N)
        return {
            "state": "".join("1" if one > 0 else "0" for one in s),
            "energies": [float(one) for one in energies],
            "flips": flips,
            "last": int(looks[-1]) if len(looks) else -1,
            "field": float(field),
            "restless": np.flatnonzero(s * (W @ s) < 0).tolist(),
            "overlaps": (X @ s / N).tolist(),
            "depths": (hopfield_energy(W, X) / N).tolist(),
            "cell": self.cell,
            "chosen": self.chosen,
        }


def load_of(x: float) -> float:
    """The load at which the theory's overlap is erf(x); chapter `energy`."""
    return 0.5 * (math.erf(x) / x - 2 / math.sqrt(math.pi) * math.exp(-x * x)) ** 2


def bisected(falls: Any, low: float, high: float) -> float:
    """Where a condition that holds at `low` and not at `high` ceases to hold."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falls(middle) else (low, middle)
    return low


@cache
def edge() -> float:
    """The x at which the load is largest, 0.1379."""
    return bisected(lambda x: load_of(x + 1e-4) > load_of(x - 1e-4), 1.0, 2.0)


@cache
def settled(load: float, units: int, seed: int) -> float:
    """Mean overlap of three patterns with the states in which recall from them ends."""
    patterns = max(1, math.floor(load * units + 0.5))
    X = np.where(uniform(seed, patterns * units).reshape(patterns, units) < 0.5, 1.0, -1.0)
    W = np.rint(units * hebbian_weights(X))
    overlaps = []
    for start in X[:3]:
        s = start
        for _ in range(30):
            s = hopfield_recall(W, s, np.arange(units))
        overlaps.append(start @ s / units)
    return float(np.mean(overlaps))


class CapacityCurve(Figure):
    """Overlap of a recalled memory against the `load`: the theory, and networks of so many `units`.

    `trials` holds what was measured: load, units and seed of each network.
    `compute()` gives theory's overlap and the spread of the fields at the first look and at the end
    (0 where no memory is left), the share of wrong units for both, and the measured overlaps.
    """

    parts = ("chance",)

    load = t.Float(0.1, min=0.01, max=0.25).tag(sync=True)
    units = t.Int(300).tag(sync=True)
    trials = t.List(t.List(t.Float())).tag(sync=True)

    @t.default("trials")
    def some(self) -> list[list[float]]:
        return [[0.05, 500, 1], [0.12, 500, 2], [0.2, 500, 3]]

    def compute(self) -> dict[str, Any]:
        holds = self.load < load_of(edge())
        x = bisected(lambda x: load_of(x) > self.load, edge(), 12.0) if holds else 0.0
        m = math.erf(x)
        return {
            "load": self.load,
            "overlap": m,
            "first": math.sqrt(self.load),
            "spread": m / (x * math.sqrt(2)) if holds else 0.0,
            "firstWrong": 0.5 * math.erfc(1 / math.sqrt(2 * self.load)),
            "wrong": (1 - m) / 2 if holds else 0.5,
            "measured": [settled(load, int(n), int(seed)) for load, n, seed in self.trials],
        }


class ModernValley(Figure):
    """A modern Hopfield network in the plane: `stored` patterns, a state (`q1`, `q2`), and `sharpness`.

    β is 2 ** `sharpness`; `held` is what hand and keys move, 0 the state, k pattern k.
    `compute()` gives the softmax weights of the patterns, the state after each
    of 12 updates with its energy, and where 80 updates lead from each pattern.
    """

    parts = ("heat_map",)

    stored = t.List(t.List(t.Float())).tag(sync=True)
    q1 = t.Float(0.2).tag(sync=True)
    q2 = t.Float(-0.3).tag(sync=True)
    sharpness = t.Float(1.5, min=-2, max=5).tag(sync=True)
    held = t.Int(0, min=0, max=5).tag(sync=True)

    @t.default("stored")
    def around(self) -> list[list[float]]:
        return [[1.5, 0.6], [1.1, 1.3], [-1.4, 1.0], [-1.2, -1.1], [0.9, -1.4]]

    def compute(self) -> dict[str, Any]:
        X, q, beta = np.array(self.stored), np.array([self.q1, self.q2]), 2**self.sharpness
        path = [q]
        for _ in range(12):
            path.append(modern_hopfield_update(X, path[-1], beta))
        ends = X
        for _ in range(80):
            ends = modern_hopfield_update(X, ends, beta)
        energies = [-logsumexp(beta * (X @ one)) / beta + one @ one / 2 for one in path]
        return {
            "beta": beta,
            "weights": softmax(beta * (X @ q)).tolist(),
            "path": np.array(path).tolist(),
            "energies": [float(energy) for energy in energies],
            "ends": ends.tolist(),
        }
