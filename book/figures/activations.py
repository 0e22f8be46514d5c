"""Figures of the chapter on activations."""

from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals
from solutions import activations as nnd

LEAK = 0.1  # ten times the usual slope, so that the eye can see it


def silu(z: np.ndarray) -> np.ndarray:
    return z * nnd.sigmoid(z)


def leaky_slope(z: np.ndarray, negative_slope: float) -> np.ndarray:
    return np.where(z > 0, 1.0, negative_slope)


def gelu_slope(z: np.ndarray) -> np.ndarray:
    c = np.sqrt(2 / np.pi)
    tanh = np.tanh(c * (z + 0.044715 * z**3))
    return 0.5 * (1 + tanh) + 0.5 * z * (1 - tanh**2) * c * (1 + 3 * 0.044715 * z**2)


Entrywise = Callable[[np.ndarray], np.ndarray]

# name: (a(z), a′(z))
ACTIVATIONS: dict[str, tuple[Entrywise, Entrywise]] = {
    "sigmoid": (nnd.sigmoid, lambda z: nnd.sigmoid_backward(np.ones_like(z), z)),
    "tanh": (np.tanh, lambda z: nnd.tanh_backward(np.ones_like(z), z)),
    "relu": (nnd.relu, lambda z: nnd.relu_backward(np.ones_like(z), z)),
    "leaky_relu": (lambda z: nnd.leaky_relu(z, LEAK), lambda z: leaky_slope(z, LEAK)),
    "elu": (nnd.elu, lambda z: np.exp(np.minimum(z, 0.0))),
    "softplus": (nnd.softplus, nnd.sigmoid),
    "gelu": (nnd.gelu, gelu_slope),
    "silu": (silu, lambda z: nnd.silu_backward(np.ones_like(z), z)),
}


class ActivationExplorer(Figure):
    """An activation and its derivative with a point to drag: `activation`, `z`; read `a`, `slope`."""

    activation = t.Enum(list(ACTIVATIONS), "sigmoid").tag(sync=True)
    z = t.Float(-2.0).tag(sync=True)

    @property
    def a(self) -> float:
        return float(ACTIVATIONS[self.activation][0](np.array(self.z)))

    @property
    def slope(self) -> float:
        return float(ACTIVATIONS[self.activation][1](np.array(self.z)))

    def compute(self) -> dict[str, Any]:
        return {"activation": self.activation, "z": self.z, "a": self.a, "slope": self.slope}


BACKWARD = {
    "sigmoid": nnd.sigmoid_backward,
    "tanh": nnd.tanh_backward,
    "relu": nnd.relu_backward,
}


class DepthHistogram(Figure):
    """Activations through 20 layers of width 100, and the gradient on its way back.

    Weights have standard deviation `gain` / √fan_in; `seed` draws others; `layer` is read out.
    `compute()` gives, layer by layer, the mean and standard deviation of the activations, and the
    root mean square of ∂L/∂z for L = Σ R ⊙ Aᴸ with a random normal R.
    """

    parts = ("chance",)
    layers, width, examples = 20, 100, 8

    activation = t.Enum(list(BACKWARD), "sigmoid").tag(sync=True)
    gain = t.Float(1.0).tag(sync=True)
    seed = t.Int(1).tag(sync=True)
    layer = t.Int(1, min=1, max=20).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        shape = (self.examples, self.width)
        batch = self.examples * self.width
        numbers = normals(self.seed, 2 * batch + self.layers * self.width**2)
        X, R = numbers[:batch].reshape(shape), numbers[batch : 2 * batch].reshape(shape)
        Ws = numbers[2 * batch :].reshape(self.layers, self.width, self.width)
        Ws = self.gain / np.sqrt(self.width) * Ws
        As, Zs = [X], []
        for W in Ws:
            Zs.append(As[-1] @ W.T)
            As.append(ACTIVATIONS[self.activation][0](Zs[-1]))
        dA, sizes = R, []
        for W, Z in zip(reversed(Ws), reversed(Zs), strict=True):
            dZ = BACKWARD[self.activation](dA, Z)
            sizes.append(float(np.sqrt(np.mean(dZ**2))))
            dA = dZ @ W
        return {
            "activation": self.activation,
            "gain": self.gain,
            "mean": [float(A.mean()) for A in As[1:]],
            "std": [float(A.std()) for A in As[1:]],
            "gradient": sizes[::-1],
        }


class DyingUnit(Figure):
    """One unit leaky_relu(w x + b) fitted to ten points; with leak 0 it is a ReLU, and can die.

    `slopes` holds the leak that was in force at each step taken, `slope` the present one, and the
    path from w = 1, b = `bias` under learning rate `rate` follows from them.
    `compute()` gives w and b after the last step, the size of the gradient after each, and the step
    since which it is exactly 0 (`dead`), or None.
    """

    x = np.array([-1.8, -1.4, -1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 1.4, 1.8])
    y = np.array([0.1, -0.05, 0.1, 0.11, 0.32, 0.93, 1.04, 1.6, 1.71, 2.27])

    rate = t.Float(1.7).tag(sync=True)
    bias = t.Float(3.0).tag(sync=True)
    slope = t.Float(0.0).tag(sync=True)
    slopes = t.List(t.Float(), [0.0] * 12).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        w, b = 1.0, self.bias
        dw = db = cost = 0.0
        sizes: list[float] = []
        dead = None
        z = self.x
        for step, slope in enumerate([*self.slopes, self.slope]):
            w, b = w - self.rate * dw, b - self.rate * db
            z = w * self.x + b
            error = nnd.leaky_relu(z, slope) - self.y
            delta = error * leaky_slope(z, slope) / len(self.x)
            dw, db = float(delta @ self.x), float(delta.sum())
            cost = float(np.mean(error**2) / 2)
            sizes.append(float(np.hypot(dw, db)))
            if slope != 0 or nnd.dead_fraction(z[:, None]) == 0:
                dead = None
            elif dead is None:
                dead = step
        return {
            "w": w,
            "b": b,
            "dead": dead,
            "gradient": sizes,
            "cost": cost,
            "open": int(np.sum(z > 0)),
            "steps": len(self.slopes),
        }
