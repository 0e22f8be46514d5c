"""Figures of the chapter on Jacobians."""

from functools import cache
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals
from solutions.jacobians import batch_norm, batch_norm_backward


def power(of_two: int) -> t.TraitType:
    """A size, as the exponent of a power of two."""
    return t.Int(of_two, min=0, max=10).tag(sync=True)


class LayerShapes(Figure):
    """The Jacobians of a batch through linear, sigmoid, linear, softmax, loss: shapes and costs.

    Traits are exponents: a layer of size 2 ** `inputs`, and so on.
    `compute()` gives for each edge the shape of its Jacobian, its entries, and the multiplications
    of the vector-Jacobian product by the layer's own rule.
    """

    examples = power(5)
    inputs = power(6)
    hidden = power(5)
    classes = power(3)

    def compute(self) -> dict[str, Any]:
        N, D, H, K = (2**e for e in (self.examples, self.inputs, self.hidden, self.classes))
        edges = [  # (entries that come out, entries that go in, multiplications of the VJP)
            (N * H, N * D, N * H * D),  # Z by X: dZ W
            (N * H, H * D, N * H * D),  # Z by W: dZᵀ X
            (N * H, N * H, N * H),  # A by Z: dA ⊙ σ′
            (N * K, N * H, N * K * H),  # S by A
            (N * K, K * H, N * K * H),  # S by V
            (N * K, N * K, 2 * N * K),  # P by S: p ⊙ (dp − dp·p)
            (1, N * K, N * K),  # L by P
        ]
        return {
            "shapes": [[rows, columns] for rows, columns, _ in edges],
            "entries": [rows * columns for rows, columns, _ in edges],
            "products": [products for *_, products in edges],
        }


class ModeCost(Figure):
    """Multiplications for the whole Jacobian of four layers, in forward, reverse and the best order.

    Sizes are 2 ** `inputs`, 2 ** `width`, 2 ** `middle`, 2 ** `width`, 2 ** `outputs`.
    """

    inputs = power(7)
    width = power(5)
    middle = power(5)
    outputs = power(2)

    def compute(self) -> dict[str, Any]:
        n = [2**e for e in (self.inputs, self.width, self.middle, self.width, self.outputs)]

        @cache
        def best(low: int, high: int) -> int:
            """The fewest multiplications for the Jacobian from layer `low` to layer `high`."""
            if high - low == 1:
                return 0
            return min(
                best(low, k) + best(k, high) + n[low] * n[k] * n[high] for k in range(low + 1, high)
            )

        return {
            "sizes": n,
            "forward": sum(n[0] * n[l] * n[l + 1] for l in (1, 2, 3)),
            "reverse": sum(n[4] * n[l] * n[l - 1] for l in (3, 2, 1)),
            "best": best(0, 4),
            "sweep": sum(map(prod, pairwise(n))),
        }


class BatchNormPaths(Figure):
    """One feature of six examples through batch norm: the paths `direct`, `mean`, `variance` to dx.

    `seed` draws x and the upstream gradient; the last example stands at `x`.
    `compute()` gives each path, the whole gradient `dx`, and the sum of those switched on.
    """

    parts = ("chance",)
    N, eps = 6, 1e-3

    x = t.Float(2.5).tag(sync=True)
    gamma = t.Float(1.0).tag(sync=True)
    seed = t.Int(4).tag(sync=True)
    direct = t.Bool(True).tag(sync=True)
    mean = t.Bool(False).tag(sync=True)
    variance = t.Bool(False).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        drawn = normals(self.seed, 2 * self.N).reshape(2, self.N, 1)
        X, dY, gamma = drawn[0].copy(), drawn[1], np.array([self.gamma])
        X[-1] = self.x
        dX, dgamma, dbeta = batch_norm_backward(dY, X, gamma, self.eps)
        X_hat = batch_norm(X, np.ones(1), np.zeros(1), self.eps)
        rate = 1 / np.sqrt(X.var(axis=0) + self.eps)
        paths = {
            "direct": gamma * rate * dY,
            "mean": -gamma * rate * dbeta / self.N * np.ones_like(X),
            "variance": -gamma * rate * X_hat * dgamma / self.N,
        }
        chosen = sum(getattr(self, name) * path for name, path in paths.items())
        rows = {name: path[:, 0].tolist() for name, path in paths.items()}
        return rows | {
            "dx": dX[:, 0].tolist(),
            "chosen": (chosen + np.zeros_like(X))[:, 0].tolist(),
        }
