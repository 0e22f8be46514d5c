"""Figures of the chapter on sums of curves: a spline to hold, superpositions, and a KAN in training."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals, uniform
from solutions.kolmogorov_arnold import (
    bspline_basis,
    bspline_derivative_basis,
    kan_layer,
    kan_layer_backward,
    product_by_addition,
    refine_grid,
)


class SplineWorkshop(Figure):
    """A spline to take hold of: control points, knots, degree, and a line to read at.

    Traits: the five `inner` knots between 0 and 8, the `coefficients`, of which degree + 6 are used,
    the `degree`, the reading place `at`, and which `point` and `knot` (from 0) the sliders move.
    `compute()` gives value and slope at the reading place, the share of every coefficient there, the
    hills' supports, and 65 points of the curve.
    """

    parts = ("spline_basis",)

    inner = t.List(t.Float(), [1.4, 2.6, 4.0, 5.2, 6.6]).tag(sync=True)
    coefficients = t.List(t.Float(), [-0.4, 0.5, 0.9, -0.6, -0.7, 0.8, 0.3, -0.5, 0.4]).tag(
        sync=True
    )
    degree = t.Int(3, min=0, max=3).tag(sync=True)
    at = t.Float(3.2).tag(sync=True)
    point = t.Int(5, min=0, max=8).tag(sync=True)
    knot = t.Int(2, min=0, max=4).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        p = self.degree
        knots = np.array([0.0] * (p + 1) + self.inner + [8.0] * (p + 1))
        c = np.array(self.coefficients[: p + 6])
        x = np.append(np.arange(65) / 8, self.at)
        N = bspline_basis(x, knots, p)
        slopes = bspline_derivative_basis(x[-1:], knots, p)[0] if p else np.zeros(p + 6)
        return {
            "point": min(self.point, p + 5),
            "knot": self.knot,
            "shares": N[-1].tolist(),
            "value": float(N[-1] @ c),
            "slope": float(slopes @ c),
            "supports": np.stack([knots[: p + 6], knots[p + 1 :]], axis=1).tolist(),
            "curve": (N[:-1] @ c).tolist(),
        }


DAMPING, FLOOR = 0.1, 1e-5
LAMBDA = (np.sqrt(5) - 1) / 2
STEPS = 36  # of Kolmogorov's inner functions, as the figure has them


@cache
def staircase() -> np.ndarray:
    """The values of the chapter's inner functions on the 47 intervals of their second rank."""
    values = np.arange(-1, 7) / 6
    apart = np.diff(np.sort((values[:, None] + LAMBDA * values).ravel())).min()
    inside = values[:, None] + apart / (8 * (1 + LAMBDA)) * np.arange(5)
    middle = (inside[:-1, 4] + values[1:]) / 2
    return np.append(np.column_stack([inside[:-1], middle]).ravel(), inside[-1])


def intervals(q: int) -> np.ndarray:
    """Where the intervals of family q begin, (47,)."""
    return (q / 5 - 1) / 6 + np.arange(47) / STEPS


def inner(x: np.ndarray | float, q: int) -> np.ndarray:
    """Inner function number q: flat on the intervals of its family, straight in the gaps."""
    left = intervals(q)
    ends = np.column_stack([left, left + 0.8 / STEPS]).ravel()
    return np.interp(x, ends, np.repeat(staircase(), 2))


def toy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The chapter's function exp(sin πx + y²)."""
    return np.exp(np.sin(np.pi * x) + y**2)


@cache
def outer(q: int) -> tuple[np.ndarray, np.ndarray]:
    """Outer function number q after one round: addresses in order, a third of the toy at each."""
    centre = np.clip(intervals(q) + 0.4 / STEPS, 0, 1) * 2 - 1
    address = (staircase()[:, None] + LAMBDA * staircase()).ravel()
    order = np.argsort(address)
    return address[order], (toy(centre[:, None], centre) / 3).ravel()[order]


def five_terms(x: float, y: float) -> list[tuple[float, float, float]]:
    """Kolmogorov's terms at a point of the square from −1 to 1."""
    found = []
    for q in range(5):
        a, b = float(inner((x + 1) / 2, q)), float(LAMBDA * inner((y + 1) / 2, q))
        found.append((a, b, float(np.interp(a + b, *outer(q)))))
    return found


class Superposition(Figure):
    """A function of two variables as sums of curves of sums of curves, term by term.

    Traits: the `name` of the function, the point (`x`, `y`), and how many `terms` are added.
    `compute()` gives each term's two inner values and its outer value, their sum so far, and f.
    """

    parts = ("plane",)

    name = t.Unicode("product").tag(sync=True)
    x = t.Float(0.6).tag(sync=True)
    y = t.Float(-0.35).tag(sync=True)
    terms = t.Int(1, min=0, max=5).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        x, y = self.x, self.y
        at = np.array([x]), np.array([y])
        terms, value = {
            "product": (
                [(x, y, (x + y) ** 2 / 4), (x, -y, -((x - y) ** 2) / 4)],
                product_by_addition(*at)[0],
            ),
            "maximum": ([(x, y, (x + y) / 2), (x, -y, abs(x - y) / 2)], max(x, y)),
            "distance": ([(x * x, y * y, np.hypot(x, y))], np.hypot(x, y)),
            "toy": ([(np.sin(np.pi * x), y * y, toy(*at)[0])], toy(*at)[0]),
            "kolmogorov": (five_terms(x, y), toy(*at)[0]),
        }[self.name]
        return {
            "added": self.terms,
            "terms": [[float(one) for one in term] for term in terms],
            "sum": float(sum(g for _, _, g in terms[: self.terms])),
            "value": float(value),
        }


TARGETS: dict[str, Callable[..., np.ndarray]] = {
    "product": lambda x, y: x * y,
    "toy": lambda x, y: (toy(x, y) - 2) / 3,
    "wave": lambda x, y: np.sin(2 * x + 2 * y),
    "maximum": np.maximum,
}


class KanTraining(Figure):
    """A KAN of shape 2-2-1 with cubic splines, trained in the page by damped Gauss–Newton steps.

    The state after `steps` steps follows from the `target`'s name and the `seed`.  At steps 20 and 40
    the grids are refined, from 3 to 6 and to 12 intervals.  `compute()` gives the coefficients, the
    intervals, and the errors on the 150 examples and on a 12 by 12 grid of unseen points.
    """

    parts = ("chance", "plane", "spline_basis", "training_steps")
    EXAMPLES = 150

    target = t.Unicode("product").tag(sync=True)
    steps = t.Int(0, min=0, max=60).tag(sync=True)
    seed = t.Int(1).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        f = TARGETS[self.target]
        X = 2 * uniform(self.seed, 2 * self.EXAMPLES).reshape(-1, 2) - 1
        y = f(*X.T)
        drawn = 0.3 * normals(self.seed + 1, 36)
        layers = [drawn[:24].reshape(2, 2, 6), drawn[24:].reshape(1, 2, 6)]
        count = 3
        for step in range(self.steps):
            if step in (20, 40):
                pairs = zip(layers, knots_of(count), knots_of(2 * count), strict=True)
                layers = [refine_grid(C, old, new, 3) for C, old, new in pairs]
                count *= 2
            layers = damped_step(layers, knots_of(count), X, y)
        place = (np.arange(12) + 0.5) / 6 - 1
        unseen = np.stack(np.meshgrid(place, place), axis=2).reshape(-1, 2)
        return {
            "intervals": count,
            "coefficients": np.concatenate([C.ravel() for C in layers]).tolist(),
            "error": rms(said(layers, knots_of(count), X) - y),
            "unseen": rms(said(layers, knots_of(count), unseen) - f(*unseen.T)),
        }


def rms(r: np.ndarray) -> float:
    return float(np.sqrt(np.mean(r * r)))


def knots_of(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Knots of the two layers: so many intervals from −1 to 1, and from −3 to 3."""
    steps = 2 / count * np.arange(-3, count + 4) - 1
    return steps, 3 * steps


def said(
    layers: list[np.ndarray], knots: tuple[np.ndarray, np.ndarray], X: np.ndarray
) -> np.ndarray:
    return kan_layer(kan_layer(X, layers[0], knots[0], 3), layers[1], knots[1], 3)[:, 0]


def damped_step(
    layers: list[np.ndarray], knots: tuple[np.ndarray, np.ndarray], X: np.ndarray, y: np.ndarray
) -> list[np.ndarray]:
    """One step −(JᵀJ + μI)⁻¹Jᵀr, with a damping that falls with the error."""
    h = kan_layer(X, layers[0], knots[0], 3)
    r = kan_layer(h, layers[1], knots[1], 3)[:, 0] - y
    D, _ = kan_layer_backward(np.ones((len(X), 1)), h, layers[1], knots[1], 3)
    upper, lower = bspline_basis(h, knots[1], 3), bspline_basis(X, knots[0], 3)
    J = np.hstack([
        (D[:, :, None, None] * lower[:, None]).reshape(len(X), -1),
        upper.reshape(len(X), -1),
    ])  # fmt: skip
    mu = DAMPING * len(X) * (np.mean(r * r) + FLOOR)
    delta = -np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), J.T @ r)
    first = layers[0].size
    return [
        layers[0] + delta[:first].reshape(layers[0].shape),
        layers[1] + delta[first:].reshape(layers[1].shape),
    ]
