"""The figure that the book opens with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets as t

from autograder import exercises
from book.figures import Figure
from book.figures.datasets import REACH, make_points
from book.figures.small_network import SmallNetwork, Trainer
from solutions.activations import sigmoid
from solutions.backpropagation import gradient_check
from solutions.losses import (
    binary_cross_entropy_with_logits,
)

Line = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

# Where the tests compare the surface, row by row from the top.
GRID = [
    [REACH * ((2 * j + 1) / 4 - 1), REACH * (1 - (2 * i + 1) / 4)]
    for i in range(4)
    for j in range(4)
]
BP2 = exercises.of("backpropagation")["hidden_error"]
# name of the answer, as the exercise declares it: the line as the reader sees it
LINES = {
    "slope_of_the_sigmoid_forgotten": "delta @ W",
    "sigmoid_instead_of_its_derivative": "delta @ W * sigmoid(z)",
    "hidden_error": "delta @ W * slope(z)",
    "slope_taken_at_A_instead_of_Z": "delta @ W * slope(sigmoid(z))",
}


def answers() -> dict[str, Line]:
    """The reference of BP2 and the mistakes that are declared for it, by name."""
    return {one.answer.__name__: one.answer for one in BP2.mistakes} | {BP2.name: BP2.reference}


@dataclass
class LinedNetwork(SmallNetwork):
    """A sigmoid network that carries its error back by the given line."""

    line: Line

    def carried_back(self, delta: np.ndarray, W: np.ndarray, Z: np.ndarray) -> np.ndarray:
        """Return what the line makes of the error; the right one only if it is BP2."""
        return self.line(delta, W, Z)


class LandingNetwork(Figure):
    """A network that learns two spirals, or does not, by the line that the reader picks.

    `line` is one of `lines`, of which one is BP2 and the others are mistakes that its exercise
    knows by name; `step` counts Adam's steps.
    `compute()` compares the gradient of the first layer's weights with central differences and
    gives the largest relative error where the line is wrong; where it is right, that is rounding.
    """

    parts = ("chance", "datasets", "small_network", "heat_map")
    sizes, seed, points, noise = [2, 8, 8, 1], 4, 100, 0.05
    rate, steps = 0.05, 200

    lines = t.List(t.Dict()).tag(sync=True)
    line = t.Enum(list(LINES), "slope_of_the_sigmoid_forgotten").tag(sync=True)
    step = t.Int(steps, min=0, max=steps).tag(sync=True)
    running = t.Bool(False).tag(sync=True)

    @t.default("lines")
    def _from_the_exercise(self) -> list[dict[str, str]]:
        known = {one.answer.__name__: one for one in BP2.mistakes}
        return [
            {"key": key, "code": code}
            | ({"name": known[key].name, "advice": known[key].advice} if key in known else {})
            for key, code in LINES.items()
        ]

    def compute(self) -> dict[str, Any]:
        X, y = make_points("spiral", self.seed, self.points, self.noise)
        network = LinedNetwork(self.sizes, "sigmoid", "random", self.seed, answers()[self.line])
        settings = dict(rate=self.rate, batch=self.points, method="adam")
        phase = dict(steps=self.step, penalty="none", strength=0.0) | settings
        Trainer(network, X, y).follow([phase])
        loss, accuracy = network.judge(X, y)
        claimed = network.gradients(X, y)[0][0]

        def loss_with(W: np.ndarray) -> float:
            kept, network.weights[0] = network.weights[0], W
            z = network.forward(X)[-1][:, 0]
            network.weights[0] = kept
            return float(binary_cross_entropy_with_logits(z, y))

        error = gradient_check(loss_with, network.weights[0], claimed)
        right = self.line == BP2.name
        return {
            "step": self.step,
            "loss": loss,
            "accuracy": accuracy,
            "p": sigmoid(network.forward(np.array(GRID))[-1][:, 0]).tolist(),
            "claimed": claimed.ravel().tolist(),
            "right": error < 1e-5,
        } | ({} if right else {"error": error})
