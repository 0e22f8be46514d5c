"""Figures of the chapter on what a network can express."""

from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from solutions import approximation as nnd
from solutions.activations import relu

SAMPLES = 80  # the reader's curve is a broken line through 81 heights
FINE = 10  # points looked at on each of its pieces


def first_curve() -> list[float]:
    x = np.arange(SAMPLES + 1) / SAMPLES
    return [round(float(y), 3) for y in 0.55 * np.sin(2 * np.pi * x) + 0.3 * np.sin(5 * np.pi * x)]


def modulus_of(heights: np.ndarray, steps: float) -> float:
    """The modulus of continuity of a broken line with evenly spaced knots, `steps` pieces apart.

    The largest difference is reached where one of the two points is a knot.
    """
    n = len(heights) - 1
    knots = np.arange(n + 1)
    whole = [
        np.abs(heights[k:] - heights[: n + 1 - k]).max() for k in range(int(min(steps, n)) + 1)
    ]
    ends = [
        np.interp(np.clip(knots + side * steps, 0, n), knots, heights) - heights for side in (-1, 1)
    ]
    return float(max(*whole, np.abs(ends).max()))


class BumpBuilder(Figure):
    """A curve that the reader draws on [0, 1], and `units` bumps side by side under it.

    `curve` holds its 81 heights, `sharpness` the steepness of the sigmoids' sides in units of 1/h, h the
    width of a bump; `at` is the place that the keyboard moves.
    `compute()` gives the heights of the bumps, the curve and the network at 801 points (`y`), their
    largest distance there, and the bound ω(h/2) that hard steps keep.
    """

    curve = t.List(t.Float(), first_curve()).tag(sync=True)
    units = t.Int(12).tag(sync=True)
    sharpness = t.Float(60.0).tag(sync=True)
    at = t.Int(20).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        heights, knots = np.array(self.curve), np.arange(SAMPLES + 1) / SAMPLES
        x = np.arange(SAMPLES * FINE + 1) / (SAMPLES * FINE)
        corners = np.arange(self.units + 1) / self.units
        middles = np.interp((corners[:-1] + corners[1:]) / 2, knots, heights)
        outer = np.concatenate(
            [[-1.0], corners[1:-1], [2.0]]
        )  # the end bumps reach beyond the ends
        y = sum(
            nnd.bump(x, left, right, height, self.sharpness * self.units)
            for left, right, height in zip(outer[:-1], outer[1:], middles, strict=True)
        )
        return {
            "units": self.units,
            "at": self.at,
            "curve": self.curve,
            "bumps": middles.tolist(),
            "y": np.asarray(y).tolist(),
            "error": float(np.abs(y - np.interp(x, knots, heights)).max()),
            "bound": modulus_of(heights, SAMPLES / (2 * self.units)),
        }


def fold(x: float, crease: float) -> float:
    """The tent with its top at the crease, by two ReLUs."""
    bend = 1 / crease + 1 / (1 - crease)
    return float(relu(np.array(x)) / crease - bend * relu(np.array(x - crease)))


class FoldLine(Figure):
    """A line folded `depth` times at `crease`: its graph, the sheets, and all inputs that meet `x`.

    `compute()` gives the place of `x` after every fold, all inputs that end at the same place, in
    order, and the number of straight pieces.
    """

    depth = t.Int(2, min=0, max=5).tag(sync=True)
    crease = t.Float(0.5).tag(sync=True)
    x = t.Float(0.2).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        places = [self.x]
        for _ in range(self.depth):
            places.append(fold(places[-1], self.crease))
        inputs = [places[-1]]
        for _ in range(self.depth):  # back through one fold: a place on either side of the crease
            inputs = [
                y for place in inputs for y in (self.crease * place, 1 - (1 - self.crease) * place)
            ]
        return {
            "depth": self.depth,
            "crease": self.crease,
            "places": places,
            "inputs": sorted(inputs),
            "pieces": 2**self.depth,
        }


def takagi(x: np.ndarray) -> np.ndarray:
    """Σ sawtooth(x, k) / 2ᵏ, k from 1 to 12, less 0.3: bent at every scale."""
    return sum((nnd.sawtooth(x, k) / 2**k for k in range(1, 13)), np.full_like(x, -0.3))


CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "wave": lambda x: np.sin(7 * x),
    "kink": lambda x: np.abs(x - 0.37),
    "root": np.sqrt,
    "cliff": lambda x: np.tanh(40 * (x - 0.4)),
    "rough": takagi,
}
WIDTHS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
POINTS = np.arange(2049) / 2048


def steps(f: Callable[[np.ndarray], np.ndarray], units: int) -> np.ndarray:
    weights, biases = nnd.piecewise_constant_network(f, 0.0, 1.0, units)
    return nnd.network_output(POINTS[:, None], weights, biases, nnd.hard_step)[:, 0]


def broken_line(
    f: Callable[[np.ndarray], np.ndarray], units: int, power: float = 1.0
) -> np.ndarray:
    """What `relu_interpolant` draws; the sum of its ReLUs would lose digits where knots crowd."""
    knots = (np.arange(units + 1) / units) ** power
    return np.interp(POINTS, knots, f(knots))


METHODS: dict[str, Callable[..., np.ndarray]] = {
    "steps": steps,
    "line": broken_line,
    "crowded": lambda f, units: broken_line(f, units, power=4.0),
}


class WidthError(Figure):
    """Error against width: a `curve`, a `method` of building, and 2^`size` hidden units.

    `compute()` gives the network at 2049 points of [0, 1] and its largest error there for nine widths.
    """

    curve = t.Enum(list(CURVES), "wave").tag(sync=True)
    method = t.Enum(list(METHODS), "line").tag(sync=True)
    size = t.Int(2, min=0, max=8).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        f, build = CURVES[self.curve], METHODS[self.method]
        made = [build(f, units) for units in WIDTHS]
        return {
            "curve": self.curve,
            "method": self.method,
            "size": self.size,
            "y": made[self.size].tolist(),
            "errors": [float(np.abs(y - f(POINTS)).max()) for y in made],
        }
