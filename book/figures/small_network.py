"""A small network that says how likely class 1 is, and its training; js/small_network.js's twin."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from book.figures.chance import normals, uniform
from solutions import activations
from solutions.backpropagation import bias_gradient, weight_gradient
from solutions.losses import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_backward,
)
from solutions.neurons import linear, mlp_forward
from solutions.optimizers import adam_step
from solutions.training import l2_penalty_backward, soft_threshold

Arrays = list[np.ndarray]

# name: (a(z), upstream gradient and z → ∂L/∂z)
BENDS: dict[str, tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]] = {
    "relu": (activations.relu, activations.relu_backward),
    "tanh": (np.tanh, activations.tanh_backward),
    "sigmoid": (activations.sigmoid, activations.sigmoid_backward),
    "linear": (lambda z: z, lambda dA, z: dA),
}


@dataclass
class SmallNetwork:
    """Hidden layers with one activation, a linear last layer: its z is the logit, p = σ(z).

    Weights of variance 2/n_in for ReLU and 1/n_in otherwise; start "equal" gives all of a layer the
    same one.  Biases begin at 0.
    """

    sizes: list[int]
    activation: str
    start: str
    seed: int

    weights: Arrays = field(init=False)
    biases: Arrays = field(init=False)

    def __post_init__(self) -> None:
        shapes = list(zip(self.sizes[1:], self.sizes[:-1], strict=True))
        total = sum(n_out * n_in for n_out, n_in in shapes)
        drawn = normals(4 * self.seed + 2, total + total % 2)
        ends = np.cumsum([n_out * n_in for n_out, n_in in shapes])
        parts = np.split(drawn[:total], ends[:-1])
        stds = [np.sqrt((2 if self.activation == "relu" else 1) / n_in) for _, n_in in shapes]
        self.weights = [
            std * (np.ones(shape) if self.start == "equal" else part.reshape(shape))
            for std, shape, part in zip(stds, shapes, parts, strict=True)
        ]
        self.biases = [np.zeros(n_out) for n_out, _ in shapes]

    def forward(self, X: np.ndarray) -> Arrays:
        """Return X, the hidden layers' activations, and the logits (N, 1)."""
        bend, _ = BENDS[self.activation]
        hidden = mlp_forward(X, self.weights[:-1], self.biases[:-1], bend)
        return [*hidden, linear(hidden[-1], self.weights[-1], self.biases[-1])]

    def gradients(self, X: np.ndarray, y: np.ndarray) -> tuple[Arrays, Arrays]:
        """Return ∂L/∂W and ∂L/∂b of every layer, L the mean cross-entropy."""
        As = self.forward(X)
        dWs: Arrays = []
        dbs: Arrays = []
        delta = binary_cross_entropy_with_logits_backward(As[-1], y[:, None])
        for l in range(len(self.weights) - 1, -1, -1):
            dWs.insert(0, weight_gradient(delta, As[l]))
            dbs.insert(0, bias_gradient(delta))
            if l > 0:
                Z = linear(As[l - 1], self.weights[l - 1], self.biases[l - 1])
                delta = self.carried_back(delta, self.weights[l], Z)
        return dWs, dbs

    def carried_back(self, delta: np.ndarray, W: np.ndarray, Z: np.ndarray) -> np.ndarray:
        """Return the error of the layer before, whose weighted sums are Z."""
        _, back = BENDS[self.activation]
        return back(delta @ W, Z)

    def judge(self, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        """Return the mean cross-entropy and the share of right answers."""
        z = self.forward(X)[-1][:, 0]
        return float(binary_cross_entropy_with_logits(z, y)), float(np.mean((z > 0) == (y == 1)))


class Trainer:
    """A network in training on rows X with classes y; `seed` also orders the batches."""

    def __init__(self, network: SmallNetwork, X: np.ndarray, y: np.ndarray) -> None:
        self.network, self.X, self.y = network, X, y
        self.epochs = 0
        self.order = np.array([], int)  # what is left of the present epoch
        self.method = ""

    def next_batch(self, size: int) -> np.ndarray:
        if size >= len(self.X):
            return np.arange(len(self.X))
        if len(self.order) == 0:
            self.epochs += 1
            drawn = uniform(4 * self.network.seed + 3, self.epochs * len(self.X))
            self.order = np.argsort(drawn[-len(self.X) :])
        batch, self.order = self.order[:size], self.order[size:]
        return batch

    def step(self, phase: dict[str, Any]) -> None:
        """One step under a phase's rate, batch, method, penalty and strength."""
        network, rate, strength = self.network, phase["rate"], phase["strength"]
        batch = self.next_batch(phase["batch"])
        dWs, dbs = network.gradients(self.X[batch], self.y[batch])
        if phase["penalty"] == "l2":
            dWs = [
                dW + l2_penalty_backward(W, strength)
                for dW, W in zip(dWs, network.weights, strict=True)
            ]
        thetas = [*network.weights, *network.biases]
        if self.method != phase["method"]:
            self.method, self.t = phase["method"], 0
            self.moments = [(np.zeros_like(theta), np.zeros_like(theta)) for theta in thetas]
        self.t += 1
        for i, gradient in enumerate([*dWs, *dbs]):
            if self.method == "adam":
                thetas[i], *moments = adam_step(thetas[i], gradient, *self.moments[i], self.t, rate)
                self.moments[i] = (moments[0], moments[1])
            else:
                thetas[i] = thetas[i] - rate * gradient
        layers = len(dWs)
        network.weights, network.biases = thetas[:layers], thetas[layers:]
        if phase["penalty"] == "l1":
            network.weights = [soft_threshold(W, rate * strength) for W in network.weights]

    def follow(self, phases: list[dict[str, Any]]) -> None:
        """Take each phase's `steps` steps."""
        for phase in phases:
            for _ in range(phase["steps"]):
                self.step(phase)
