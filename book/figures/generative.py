"""Figures of the chapter on generative networks."""

from typing import Any

import numpy as np
import traitlets as t

from book.data import digits
from book.figures import Figure
from book.figures.chance import normals, uniform
from book.figures.convolution import EXAMPLES, DigitReader
from book.figures.digit_net import Params, forward, load
from solutions.activations import sigmoid
from solutions.convolution import conv2d_backward, max_pool2d_backward
from solutions.generative import (
    discriminator_loss_backward,
    fgsm,
    generator_loss_backward,
    js_divergence,
    optimal_discriminator,
)
from solutions.losses import cross_entropy_backward, softmax
from solutions.optimizers import adam_step

# -- a game in one dimension -------------------------------------------------------------------

HUMPS = {  # name → (weight, mean, standard deviation) of each hump of the real density
    "one hump": [(1.0, 1.5, 0.5)],
    "two humps": [(0.5, -1.5, 0.4), (0.5, 1.5, 0.4)],
    "a large and a small hump": [(0.8, -1.0, 0.5), (0.2, 2.0, 0.3)],
}
UNITS_G, UNITS_D, BATCH = 6, 12, 64
RATES = {"G": 0.005, "D": 0.02}
EDGES = np.linspace(-5, 5, 101)  # of the cells in which densities are measured
CELLS = (EDGES[1:] + EDGES[:-1]) / 2
NOISES = np.linspace(-3.5, 3.5, 281)  # along which the generator's density is followed


def shares(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def real_masses(data: str) -> np.ndarray:
    """Return the real probability of each cell, from the density in its middle."""
    w, m, s = np.array(HUMPS[data]).T
    return shares(np.exp(-(((CELLS[:, None] - m) / s) ** 2) / 2) @ (w / s))


def generated_masses(theta: np.ndarray) -> np.ndarray:
    """Return the probability that G(z) lies in each cell, for z normal.

    Between two neighbours of `NOISES` G is taken to be straight, so that the noise between them
    fills the stretch between their images evenly.  What lies beyond the cells counts in the last.
    """
    weights = shares(np.exp(-(((NOISES[1:] + NOISES[:-1]) / 2) ** 2) / 2))
    ends = np.clip(generate(theta, NOISES), -4.99, 4.99)
    low, width = np.minimum(ends[1:], ends[:-1]), np.maximum(abs(np.diff(ends)), 1e-3)
    below = np.clip((EDGES[:, None] - low) / width, 0, 1)
    return np.diff(below, axis=0) @ weights


def real_points(data: str, seed: int) -> np.ndarray:
    """Return a batch: uniform numbers choose the hump, normal ones the place in it."""
    w, m, s = np.array(HUMPS[data]).T
    hump = np.searchsorted(np.cumsum(w)[:-1], uniform(seed, BATCH), side="right")
    return m[hump] + s[hump] * normals(seed + 1, BATCH)


def generate(theta: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return G(z) = Σ v tanh(u z + c) + s z + m."""
    u, c, v = theta[:-2].reshape(3, -1)
    return np.tanh(np.outer(z, u) + c) @ v + theta[-2] * z + theta[-1]


def generator_gradient(theta: np.ndarray, z: np.ndarray, dx: np.ndarray) -> np.ndarray:
    """Return the gradient of theta, given that of every generated point."""
    u, c, v = theta[:-2].reshape(3, -1)
    T = np.tanh(np.outer(z, u) + c)
    dT = np.outer(dx, v) * (1 - T**2)
    return np.concatenate([z @ dT, dT.sum(axis=0), dx @ T, [dx @ z, dx.sum()]])


def judge(theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the logit Σ w tanh(a x + e) + d of every x, its slope in x, and the values of tanh."""
    a, e, w = theta[:-1].reshape(3, -1)
    T = np.tanh(np.outer(x, a) + e)
    return T @ w + theta[-1], (1 - T**2) @ (w * a), T


def discriminator_gradient(theta: np.ndarray, x: np.ndarray, dlogit: np.ndarray) -> np.ndarray:
    """Return the gradient of theta, given that of every logit."""
    w = theta[2 * UNITS_D : -1]
    T = judge(theta, x)[2]
    dT = np.outer(dlogit, w) * (1 - T**2)
    return np.concatenate([x @ dT, dT.sum(axis=0), dlogit @ T, [dlogit.sum()]])


def penalty_gradient(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the gradient of ½ mean slope², the slope being that of the logit at real points."""
    a, _, w = theta[:-1].reshape(3, -1)
    _, slope, T = judge(theta, x)
    bend, share = 1 - T**2, slope[:, None] / len(x)
    da = share * w * bend * (1 - 2 * a * T * x[:, None])
    de = share * w * a * -2 * T * bend
    return np.concatenate([da.sum(axis=0), de.sum(axis=0), (share * a * bend).sum(axis=0), [0.0]])


class Game:
    """Both players of a game in one dimension, and what Adam remembers of each."""

    def __init__(self, seed: int, data: str, loss: str, visits: int, penalty: float) -> None:
        self.data, self.loss, self.visits, self.penalty = data, loss, visits, penalty
        drawn = normals(seed, 2 * UNITS_G + 3 * UNITS_D)
        hidden, a, e, w = np.split(drawn, 2 * UNITS_G + UNITS_D * np.arange(3))
        self.players = {
            "G": np.concatenate([hidden, np.zeros(UNITS_G), [1.0, 0.0]]),
            "D": np.concatenate([2 * a, e, w / 10, [0.0]]),
        }
        self.memory = {name: [0 * theta] * 2 for name, theta in self.players.items()}
        self.times = dict.fromkeys(self.players, 0)
        self.drawn = 100_003 * seed  # every batch has seeds of its own

    def move(self, name: str, grad: np.ndarray) -> None:
        self.times[name] += 1
        m, v = self.memory[name]
        theta, m, v = adam_step(
            self.players[name], grad, m, v, self.times[name], RATES[name], 0.0, 0.99
        )
        self.players[name], self.memory[name] = theta, [m, v]

    def noise(self) -> np.ndarray:
        self.drawn += 3
        return normals(self.drawn, BATCH)

    def step(self) -> None:
        """Let the discriminator move `visits` times, and the generator once."""
        for _ in range(self.visits):
            G, D = self.players.values()
            fake, real = generate(G, self.noise()), real_points(self.data, self.drawn + 1)
            d_real, d_fake = discriminator_loss_backward(judge(D, real)[0], judge(D, fake)[0])
            grad = discriminator_gradient(D, real, d_real) + discriminator_gradient(D, fake, d_fake)
            self.move("D", grad + self.penalty * penalty_gradient(D, real))
        z = self.noise()
        logit, slope, _ = judge(self.players["D"], generate(self.players["G"], z))
        saturating = self.loss == "minimax"
        d_logit = -sigmoid(logit) / BATCH if saturating else generator_loss_backward(logit)
        self.move("G", generator_gradient(self.players["G"], z, d_logit * slope))


class GanDensities(Figure):
    """A generator and a discriminator in training on a line, beside the optimal discriminator.

    `data` and `loss` are their names in `HUMPS` and of the generator's loss; the discriminator
    moves `visits` times at each of the `steps`; `penalty` weighs the square of its slope at real
    points.  `seed` draws the starting weights and all batches.  `at` is the cell looked at.
    """

    parts = ("chance", "line_game")

    data = t.Enum(list(HUMPS), "one hump").tag(sync=True)
    loss = t.Enum(["non-saturating", "minimax"], "non-saturating").tag(sync=True)
    visits = t.Int(1, min=1, max=5).tag(sync=True)
    penalty = t.Float(0.0, min=0).tag(sync=True)
    seed = t.Int(1, min=1, max=999).tag(sync=True)
    steps = t.Int(0, min=0, max=1500).tag(sync=True)
    at = t.Int(65, min=0, max=99).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        game = Game(self.seed, self.data, self.loss, self.visits, self.penalty)
        for _ in range(self.steps):
            game.step()
        p, q = real_masses(self.data), generated_masses(game.players["G"])
        D = sigmoid(judge(game.players["D"], CELLS)[0])
        js = js_divergence(p, q)
        return {
            "p": (p / np.diff(EDGES)).tolist(),
            "q": (q / np.diff(EDGES)).tolist(),
            "D": D.tolist(),
            "best": optimal_discriminator(p, q).tolist(),
            "js": float(js),
            "cost": float(-p @ np.log(D) - q @ np.log(1 - D)),
            "least": float(np.log(4) - 2 * js),
            "steps": self.steps,
        }


# -- a net that is fooled ----------------------------------------------------------------------

EPSILONS = np.arange(13) / 40


def input_gradient(params: Params, X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the gradient of every image's own cross-entropy with respect to its pixels.

    X (N, 1, 28, 28).  Returns the same shape.
    """
    maps = forward(params, X)
    dZ = len(X) * cross_entropy_backward(maps["logits"], labels)
    dP2 = (dZ @ params["W3"]).reshape(maps["pool2"].shape)
    dC2 = max_pool2d_backward(dP2, maps["relu2"], 2, 2) * (maps["conv2"] > 0)
    dP1 = conv2d_backward(dC2, maps["pool1"], params["W2"], 1, 0)[0]
    dC1 = max_pool2d_backward(dP1, maps["relu1"], 2, 2) * (maps["conv1"] > 0)
    return conv2d_backward(dC1, X, params["W1"], 1, 2)[0]


def random_signs(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return ±1 with equal chances."""
    return np.where(uniform(seed, int(np.prod(shape))) < 0.5, -1.0, 1.0).reshape(shape)


def measured_accuracy() -> dict[str, list[float]]:
    """Return the share of the test digits named rightly at each of `EPSILONS`, by kind of move."""
    params, (_, _, X, labels) = load(), digits()
    images = X.reshape(-1, 1, 28, 28)
    moves = {
        "sought": input_gradient(params, images, labels),
        "random": random_signs(1, images.shape),
    }
    return {
        kind: [
            float(
                np.mean(
                    forward(params, np.clip(fgsm(images, move, epsilon), 0, 1))["logits"].argmax(1)
                    == labels
                )
            )
            for epsilon in EPSILONS
        ]
        for kind, move in moves.items()
    }


ACCURACY = {  # what `measured_accuracy` returns
    "sought": [
        0.985,
        0.9515,
        0.874,
        0.7225,
        0.531,
        0.324,
        0.1925,
        0.0985,
        0.059,
        0.0355,
        0.022,
        0.017,
        0.0125,
    ],
    "random": [
        0.985,
        0.986,
        0.987,
        0.986,
        0.9835,
        0.98,
        0.9775,
        0.971,
        0.9585,
        0.9335,
        0.8985,
        0.8485,
        0.775,
    ],
}


class FoolANet(DigitReader, Figure):
    """A trained convolutional net, and a test digit whose pixels move by `epsilon` at most.

    `example` counts the digits in `EXAMPLES`; `kind` says whether the signs of the moves are those
    of the gradient or random ones, drawn from `seed`.
    """

    parts = ("chance", "heat_map", "pictures", "digit_net", "digit_gradient")

    accuracy = t.Dict(ACCURACY).tag(sync=True)
    example = t.Int(6, min=0, max=len(EXAMPLES) - 1).tag(sync=True)
    epsilon = t.Float(0.0, min=0).tag(sync=True)
    kind = t.Enum(["sought", "random"], "sought").tag(sync=True)
    seed = t.Int(1, min=1).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        params, at = load(), EXAMPLES[self.example]
        X, labels = digits()[2][at].reshape(1, 1, 28, 28), digits()[3][at : at + 1]
        gradient = input_gradient(params, X, labels)
        move = gradient if self.kind == "sought" else random_signs(self.seed, X.shape)
        shown = np.clip(fgsm(X, move, self.epsilon), 0, 1)
        before, after = (softmax(forward(params, Z)["logits"])[0] for Z in (X, shown))
        return {
            "before": before.tolist(),
            "after": after.tolist(),
            "pixels": [float(shown.sum()), float(shown.ravel() @ uniform(1, 784))],
            "changed": float(np.abs(shown - X).mean()),
        }
