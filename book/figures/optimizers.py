"""Figures of the chapter on optimizers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals, uniform
from solutions import optimizers as nnd


class LearningRate(Figure):
    """Two parabolas, curvature `steep` and 1, and one `rate` for both, from `start`.

    `compute()` gives the factor by which a step multiplies x on each side, where 30 steps lead, and
    the largest rate that is stable for both.
    """

    steps = 30

    rate = t.Float(0.3).tag(sync=True)
    steep = t.Float(5.0).tag(sync=True)
    start = t.Float(1.2).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        curvatures = np.array([self.steep, 1.0])
        start = np.full(2, self.start)
        ends = nnd.gradient_descent(lambda x: curvatures * x, start, self.rate, self.steps)
        return {
            "factors": (1 - self.rate * curvatures).tolist(),
            "ends": ends.tolist(),
            "limit": nnd.largest_stable_learning_rate(np.diag(curvatures)),
        }


class BatchNoise(Figure):
    """A line fitted to 60 points: gradients of the points, and means of `batch` of them.

    `method` says whether a batch is drawn with or without replacement; `seed` draws others.
    `compute()` gives the full gradient, and the distance of a batch's gradient from it (root mean
    square): as measured over 120 batches, and by the formula.
    """

    parts = ("chance",)
    points, draws = 60, 120

    batch = t.Int(4, min=1, max=60).tag(sync=True)
    method = t.Enum(["without", "with"], "without").tag(sync=True)
    seed = t.Int(1).tag(sync=True)

    @property
    def gradients(self) -> np.ndarray:
        """The slopes of ½(wx + b − y)² at w = b = 0, one row a point."""
        x, noise = normals(11, self.points), normals(12, self.points)
        y = 0.7 * x - 0.2 + 0.5 * noise
        return np.stack([-y * x, -y], axis=1)

    def compute(self) -> dict[str, Any]:
        G, N, B = self.gradients, self.points, self.batch
        u = uniform(self.seed, self.draws * N).reshape(self.draws, N)
        drawn = np.floor(N * u).astype(int) if self.method == "with" else np.argsort(u, axis=1)
        off = G[drawn[:, :B]].mean(axis=1) - G.mean(axis=0)
        factor = 1.0 if self.method == "with" else (N - B) / (N - 1)
        spread = np.mean(np.sum((G - G.mean(axis=0)) ** 2, axis=1))
        return {
            "full": G.mean(axis=0).tolist(),
            "measured": float(np.sqrt(np.mean(np.sum(off**2, axis=1)))),
            "expected": float(np.sqrt(spread / B * factor)),
        }


Slope = Callable[[np.ndarray], np.ndarray]


def turned(p: np.ndarray) -> np.ndarray:
    """Gradient of the long valley that lies across the axes: turn, take the slope, turn back."""
    R = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    return R.T @ (np.array([0.2, 4.0]) * (R @ p))


def bent(p: np.ndarray) -> np.ndarray:
    """Gradient of (1 − a)² + 10 (b − a²)² with a = x/2 and b = (y + 1.5)/1.5: Rosenbrock's valley."""
    a, b = p[0] / 2, (p[1] + 1.5) / 1.5
    across = 20 * (b - a * a)
    return np.array([(2 * (a - 1) - 2 * a * across) / 2, across / 1.5])


# name: (L(x, y), its gradient)
SURFACES: dict[str, tuple[Callable[[Any, Any], Any], Slope]] = {
    "along": (
        lambda x, y: 0.1 * x * x + 2 * y * y,
        lambda p: np.array([0.2, 4.0]) * p,
    ),
    "across": (
        lambda x, y: 0.05 * (x + y) ** 2 + (y - x) ** 2,
        turned,
    ),
    "bent": (
        lambda x, y: (1 - x / 2) ** 2 + 10 * ((y + 1.5) / 1.5 - x * x / 4) ** 2,
        bent,
    ),
    "saddle": (
        lambda x, y: x * x / 2 - y * y / 2 + y**4 / 8 + 0.5,
        lambda p: np.array([p[0], -p[1] + p[1] ** 3 / 2]),
    ),
    "many": (
        lambda x, y: 3.24 * (x * x + y * y) / 20 + 1 - (np.cos(3.6 * x) + np.cos(3.6 * y)) / 2,
        lambda p: 1.8 * (0.18 * p + np.sin(3.6 * p)),
    ),
}

FAR = 20.0  # a racer beyond this has left the map for good, and stands still


class OptimizerRace(Figure):
    """Six optimizers on one `surface` from the start (`x`, `y`), after `steps` steps.

    10 to the `power` is the learning rate of the three that step in proportion to the slope,
    10 to the `adaptive_power` that of the three that divide by its size.
    `compute()` gives every racer's place and loss, in the order of RACERS, and whether it left.
    """

    parts = ("plane",)

    surface = t.Enum(list(SURFACES), "along").tag(sync=True)
    x = t.Float(-2.4).tag(sync=True)
    y = t.Float(0.9).tag(sync=True)
    power = t.Float(-0.7).tag(sync=True)
    adaptive_power = t.Float(-0.5).tag(sync=True)
    steps = t.Int(12, min=0, max=200).tag(sync=True)

    def race(self, step: Callable[..., tuple], states: int, lr: float) -> tuple[np.ndarray, bool]:
        """Where one racer is after `steps` steps, and whether it has left the map."""
        slope = SURFACES[self.surface][1]
        p, state = np.array([self.x, self.y]), [np.zeros(2)] * states
        for number in range(1, self.steps + 1):
            p, *state = step(p, slope(p), *state, lr, number)
            if np.abs(p).max() > FAR:
                return p, True
        return p, False

    def compute(self) -> dict[str, Any]:
        rates = 10**self.power, 10**self.adaptive_power
        raced = [self.race(step, states, rates[kind]) for step, states, kind in RACERS.values()]
        loss = SURFACES[self.surface][0]
        return {
            "x": [float(p[0]) for p, _ in raced],
            "y": [float(p[1]) for p, _ in raced],
            "loss": [float(loss(*p)) for p, _ in raced],
            "left": [gone for _, gone in raced],
        }


# name: (step from θ, gradient, state, rate and number of the step; arrays of state; which rate)
RACERS: dict[str, tuple[Callable[..., tuple], int, int]] = {
    "gradient descent": (lambda p, g, lr, n: (p - lr * g,), 0, 0),
    "momentum": (lambda p, g, v, lr, n: nnd.momentum_step(p, g, v, lr, 0.9), 1, 0),
    "Nesterov": (lambda p, g, v, lr, n: nnd.nesterov_step(p, g, v, lr, 0.9), 1, 0),
    "AdaGrad": (lambda p, g, s, lr, n: nnd.adagrad_step(p, g, s, lr, 1e-10), 1, 1),
    "RMSProp": (lambda p, g, s, lr, n: nnd.rmsprop_step(p, g, s, lr, 0.9, 1e-8), 1, 1),
    "Adam": (lambda p, g, m, v, lr, n: nnd.adam_step(p, g, m, v, n, lr), 2, 1),
}
