"""Figures of the chapter on neurons."""

from itertools import pairwise
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals
from solutions import neurons as nnd


class NeuronPlane(Figure):
    """A neuron over the plane: weights `w1`, `w2`, bias `b`, and a point `x1`, `x2` to read it at.

    `compute()` gives z and a at the point, its distance from the line with its sign, and how wide
    the edge is from a = 0.1 to a = 0.9; both lengths are None where w = 0 and there is no line.
    """

    parts = ("plane",)

    w1 = t.Float(1.2).tag(sync=True)
    w2 = t.Float(0.9).tag(sync=True)
    b = t.Float(-0.6).tag(sync=True)
    x1 = t.Float(1.5).tag(sync=True)
    x2 = t.Float(-1.2).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        w, x = np.array([self.w1, self.w2]), np.array([self.x1, self.x2])
        norm = float(np.linalg.norm(w))
        z = float(x @ w + self.b)
        return {
            "z": z,
            "a": float(nnd.neuron(x, w, self.b)),
            "norm": norm,
            "distance": z / norm if norm else None,
            "edge": float(2 * np.log(9) / norm) if norm else None,
        }


def ring(center: np.ndarray, count: int, near: float, far: float) -> np.ndarray:
    """Fill a ring evenly, as a sunflower does: each point a golden angle on from the one before."""
    i = np.arange(count)
    radius = np.sqrt(near**2 + (far**2 - near**2) * (i + 0.5) / count)
    angle = i * np.pi * (3 - np.sqrt(5))
    return center + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


class CutCloud(Figure):
    """A cluster, the points around it, and an AND of `k` neurons that each cut something off.

    Cut h runs at distance `distances[h]` from the cluster's centre, in the direction `angles[h]`, in
    degrees; its neuron is on at the centre's side.  `chosen` is the cut that the sliders move.
    `compute()` gives the network's answer at every point, the cluster's first, and the two counts of
    points on the wrong side.
    """

    parts = ("plane",)
    center = np.array([0.2, -0.1])
    inside, outside = ring(center, 50, 0, 0.7), ring(center, 100, 1.75, 2.75)

    k = t.Int(2, min=1, max=5).tag(sync=True)
    sharpness = t.Float(12.0).tag(sync=True)
    angles = t.List(t.Float(), [60.0, 180.0, 300.0, 0.0, 120.0]).tag(sync=True)
    distances = t.List(t.Float(), [1.0, 1.0, 1.0, 1.0, 1.0]).tag(sync=True)
    chosen = t.Int(1, min=1, max=5).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        angles = np.deg2rad(self.angles[: self.k])
        W = -np.column_stack([np.cos(angles), np.sin(angles)])
        b = np.array(self.distances[: self.k]) - W @ self.center
        X = np.concatenate([self.inside, self.outside])
        a = nnd.half_planes_intersection(X, W, b, self.sharpness)
        n = len(self.inside)
        return {
            "a": a.tolist(),
            "lost": int(np.sum(a[:n] <= 0.5)),
            "caught": int(np.sum(a[n:] > 0.5)),
        }


class DeepLinear(Figure):
    """A network 2–6–…–6–1 with `layers` layers of random weights, without and with a bend.

    The hidden layers send z to (1 − bend) z + bend tanh z: 0 is no bend, 1 is tanh.
    `compute()` gives both networks at the reader's point and at four others, and the one layer
    that the straight one collapses into.
    """

    parts = ("chance", "plane")
    width = 6
    probes = np.array([[0, 0], [1.5, 0.5], [-1, 1.2], [0.4, -1.7]])

    layers = t.Int(4, min=1, max=10).tag(sync=True)
    bend = t.Float(1.0).tag(sync=True)
    seed = t.Int(3).tag(sync=True)
    x1 = t.Float(0.7).tag(sync=True)
    x2 = t.Float(-0.4).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        sizes = [2, *[self.width] * (self.layers - 1), 1]
        count = nnd.count_parameters(sizes)
        numbers = iter(normals(self.seed, count + count % 2))
        weights, biases = [], []
        for n_in, n_out in pairwise(sizes):
            W = np.array([next(numbers) for _ in range(n_out * n_in)]).reshape(n_out, n_in)
            weights.append(W * np.sqrt(3 / n_in))
            biases.append(np.array([next(numbers) for _ in range(n_out)]) * 0.5)
        X = np.vstack([[self.x1, self.x2], self.probes])
        W, b = nnd.collapse_linear(weights, biases)

        def bent(z: np.ndarray) -> np.ndarray:
            return (1 - self.bend) * z + self.bend * np.tanh(z)

        hidden = nnd.mlp_forward(X, weights[:-1], biases[:-1], bent)[-1]
        return {
            "W": W[0].tolist(),
            "b": float(b[0]),
            "parameters": count,
            "straight": nnd.linear(X, W, b)[:, 0].tolist(),
            "bent": nnd.linear(hidden, weights[-1], biases[-1])[:, 0].tolist(),
        }
