"""Small sets of points in the plane; js/datasets.js draws the same ones."""

from collections.abc import Callable

import numpy as np

from book.figures.chance import normals, uniform

REACH = 3.0  # they lie between −REACH and REACH on both axes
SPREAD = {"gauss": 0.5}  # of a cloud without any noise

# name: points before the noise, (N, 2), from their classes and three uniform numbers each
Shape = Callable[[np.ndarray, np.ndarray], np.ndarray]


def circle(y: np.ndarray, u: np.ndarray) -> np.ndarray:
    radius = np.where(y == 1, 1.3 * np.sqrt(u[:, 0]), 1.9 + 0.8 * u[:, 0])
    angle = 2 * np.pi * u[:, 1]
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def xor(y: np.ndarray, u: np.ndarray) -> np.ndarray:
    side = np.where(u[:, 2] < 0.5, 1, -1)
    signs = np.stack([side, np.where(y == 1, side, -side)], axis=1)
    return signs * (0.2 + 2.3 * u[:, :2])


def gauss(y: np.ndarray, u: np.ndarray) -> np.ndarray:
    return np.where(y[:, None] == 1, 1.1, -1.1) * np.ones((1, 2))


def spiral(y: np.ndarray, u: np.ndarray) -> np.ndarray:
    angle = 2.4 * np.pi * u[:, 0] + np.where(y == 1, np.pi, 0)
    radius = 0.15 + 2.45 * u[:, 0]
    return radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)


def moons(y: np.ndarray, u: np.ndarray) -> np.ndarray:
    angle = np.pi * u[:, 0]
    upper = 1.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1) - [0.75, 0.4]
    return np.where(y[:, None] == 1, upper, -upper)


SHAPES: dict[str, Shape] = {
    "circle": circle,
    "xor": xor,
    "gauss": gauss,
    "spiral": spiral,
    "moons": moons,
}


def make_points(name: str, seed: int, count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` points (count, 2) and their classes 0, 1, 0, 1, … as floats."""
    y = np.arange(count) % 2.0
    u = uniform(4 * seed, 3 * count).reshape(count, 3)
    off = normals(4 * seed + 1, 2 * count).reshape(count, 2)
    return SHAPES[name](y, u) + (SPREAD.get(name, 0) + noise) * off, y


# What a network may be given of a point.
FEATURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "x1": lambda x1, x2: x1,
    "x2": lambda x1, x2: x2,
    "x1^2": lambda x1, x2: x1**2,
    "x2^2": lambda x1, x2: x2**2,
    "x1 x2": lambda x1, x2: x1 * x2,
    "sin 2 x1": lambda x1, x2: np.sin(2 * x1),
    "sin 2 x2": lambda x1, x2: np.sin(2 * x2),
}


def make_rows(points: np.ndarray, features: list[str]) -> np.ndarray:
    """Return points (N, 2) as rows of features (N, len(features))."""
    return np.stack([FEATURES[name](*points.T) for name in features], axis=1)
