"""Figures of the chapter on losses."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from solutions import losses as nnd
from solutions.activations import sigmoid, sigmoid_backward


def number(value: float) -> t.TraitType:
    return t.Float(value).tag(sync=True)


def squared_gradient(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """∂L/∂z of the mean squared error of σ(z)."""
    return sigmoid_backward(nnd.mse_loss_backward(sigmoid(z), y), z)


Gradient = Callable[[np.ndarray, np.ndarray], np.ndarray]


class LossSurfaces(Figure):
    """One unit σ(w x + b), six examples, two losses: descents from `w`, `b` by `steps` at `rate`.

    `compute()` gives for each loss where its descent ends, the size of the gradient there, and how
    wrong the unit is, the mean of |a − y|, at the start and after each step.
    """

    x = np.array([-2.0, -1.2, -0.5, 0.3, 0.9, 1.8])
    y = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0])

    w = number(-4.0)
    b = number(2.0)
    rate = number(1.0)
    steps = t.Int(40, min=0, max=300).tag(sync=True)

    def descend(self, gradient: Gradient) -> dict[str, Any]:
        w, b, wrong = self.w, self.b, []
        size = 0.0
        for step in range(self.steps + 1):
            z = w * self.x + b
            wrong.append(float(np.mean(np.abs(sigmoid(z) - self.y))))
            dz = gradient(z, self.y)
            dw, db = float(dz @ self.x), float(dz.sum())
            size = math.hypot(dw, db)
            if step < self.steps:
                w, b = w - self.rate * dw, b - self.rate * db
        return {"w": w, "b": b, "gradient": size, "wrong": wrong}

    def compute(self) -> dict[str, Any]:
        return {
            "squared": self.descend(squared_gradient),
            "entropy": self.descend(nnd.binary_cross_entropy_with_logits_backward),
        }


class SoftmaxTemperature(Figure):
    """Four scores `z1` to `z4` at a `temperature`; probabilities and their Jacobian.

    Entry (i, j) of `jacobian` is ∂p_i/∂z_j, which the temperature divides once more.
    """

    z1 = number(2.0)
    z2 = number(1.0)
    z3 = number(0.2)
    z4 = number(-1.0)
    temperature = number(1.0)

    def compute(self) -> dict[str, Any]:
        z = np.array([self.z1, self.z2, self.z3, self.z4]) / self.temperature
        p = nnd.softmax(z)
        return {
            "p": p.tolist(),
            "jacobian": (nnd.softmax_jacobian(z) / self.temperature).tolist(),
            "entropy": float(nnd.entropy(p)),
        }


SOURCES = {
    "halves": [1 / 2, 1 / 4, 1 / 8, 1 / 8],
    "alike": [1 / 4, 1 / 4, 1 / 4, 1 / 4],
    "favourite": [0.7, 0.1, 0.1, 0.1],
    "certain": [1.0, 0.0, 0.0, 0.0],
}


class CodeLength(Figure):
    """Four symbols drawn from `source`, p, and coded as if their probabilities were q.

    q is proportional to the weights `a` to `d`.  All results are in bits.
    """

    source = t.Enum(list(SOURCES), "halves").tag(sync=True)
    a = number(0.25)
    b = number(0.25)
    c = number(0.25)
    d = number(0.25)

    def compute(self) -> dict[str, Any]:
        p = np.array(SOURCES[self.source])
        weights = np.array([self.a, self.b, self.c, self.d])
        q = weights / weights.sum()
        floor, excess = float(nnd.entropy(p)), float(nnd.kl_divergence(p, q))
        return {
            "q": q.tolist(),
            "lengths": (-np.log2(q)).tolist(),
            "floor": floor / math.log(2),
            "excess": excess / math.log(2),
            "average": float(-(p @ np.log2(q))),
            "distance": float(np.abs(p - q).sum() / 2),
        }
