"""Figures of the chapter on back-propagation."""

from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from solutions.activations import sigmoid
from solutions.backpropagation import bias_gradient, hidden_error, output_error, weight_gradient

# Edges in the order of the menu: W1 row by row, then W2; each (layer, to, from), counted from 0.
EDGES = [(l, j, k) for l, (n_out, n_in) in enumerate([(3, 2), (2, 3)])
         for j in range(n_out) for k in range(n_in)]  # fmt: skip


def numbers(*values: Any) -> t.TraitType:
    return t.List(default_value=list(values)).tag(sync=True)


class Network(t.HasTraits):
    """What both figures share: a 2-3-2 network of sigmoid units, one example, quadratic cost."""

    x1 = t.Float(1.0).tag(sync=True)
    x2 = t.Float(-0.5).tag(sync=True)
    y1 = t.Float(0.0).tag(sync=True)
    y2 = t.Float(1.0).tag(sync=True)
    W1 = numbers([0.9, -0.5], [-1.2, 0.7], [0.4, 1.1])
    b1 = numbers(0.1, -0.2, 0.3)
    W2 = numbers([1.3, -0.8, 0.5], [-0.6, 1.0, -1.1])
    b2 = numbers(-0.3, 0.2)
    edge = t.Int(6, min=0, max=len(EDGES) - 1).tag(sync=True)

    @property
    def weights(self) -> list[np.ndarray]:
        return [np.array(self.W1, float), np.array(self.W2, float)]

    @property
    def target(self) -> np.ndarray:
        return np.array([[self.y1, self.y2]])

    def forward(
        self, weights: list[np.ndarray]
    ) -> tuple[list[np.ndarray], list[np.ndarray], float]:
        """Return Zs, As (rows of one example) and the cost."""
        As, Zs = [np.array([[self.x1, self.x2]])], []
        for W, b in zip(weights, [self.b1, self.b2], strict=True):
            Zs.append(As[-1] @ W.T + np.array(b))
            As.append(sigmoid(Zs[-1]))
        return Zs, As, float(np.sum((As[-1] - self.target) ** 2) / 2)


class BackpropStepper(Network, Figure):
    """Forward and backward, layer by layer: `step` 0 to 7, `edge` the one that is read."""

    parts = ("network",)
    step = t.Int(0, min=0, max=7).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        weights = self.weights
        Zs, As, cost = self.forward(weights)
        output = output_error(As[2], self.target, Zs[1])
        hidden = hidden_error(output, weights[1], Zs[0])
        return {
            "z": [Z[0].tolist() for Z in Zs],
            "a": [A[0].tolist() for A in As],
            "cost": cost,
            "delta": [bias_gradient(hidden).tolist(), bias_gradient(output).tolist()],
            "dW": [
                weight_gradient(hidden, As[0]).tolist(),
                weight_gradient(output, As[1]).tolist(),
            ],
        }


class NudgeWeight(Network, Figure):
    """One weight moved by `nudge`: what the gradient foresees, and what the cost really does."""

    parts = ("network",)
    nudge = t.Float(1.0).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        weights = self.weights
        Zs, As, cost = self.forward(weights)
        output = output_error(As[2], self.target, Zs[1])
        hidden = hidden_error(output, weights[1], Zs[0])
        l, j, k = EDGES[self.edge]
        gradient = float(weight_gradient([hidden, output][l], As[l])[j, k])
        weights[l][j, k] += self.nudge
        _, nudged, cost_after = self.forward(weights)
        return {
            "gradient": gradient,
            "predicted": gradient * self.nudge,
            "actual": cost_after - cost,
            "change": [(nudged[i] - As[i])[0].tolist() for i in (1, 2)],
        }
