"""Interval arithmetic: what a function can be on a whole stretch, and not at sample points alone.

Sources: Moore (1966); the rounding outwards follows IEEE 754 and allows NumPy's exp and sin four
units in the last place.
"""

from typing import Any

import numpy as np


class Interval(np.lib.mixins.NDArrayOperatorsMixin):
    """All numbers between two arrays, entry by entry; `f(Interval(l, r))` holds every f(x), l ≤ x ≤ r.

    `f` may use + − * and the NumPy functions named in RULES.  Every step rounds outwards.
    """

    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **more: Any) -> Any:
        if ufunc not in RULES or method != "__call__" or more:
            return NotImplemented
        parts = [x if isinstance(x, Interval) else Interval(x, x) for x in inputs]
        low, high = RULES[ufunc](*((part.low, part.high) for part in parts))
        return Interval(low - 4 * np.spacing(np.abs(low)), high + 4 * np.spacing(np.abs(high)))


Ends = tuple[np.ndarray, np.ndarray]


def _multiply(x: Ends, y: Ends) -> Ends:
    corners = [a * b for a in x for b in y]
    return np.minimum.reduce(corners), np.maximum.reduce(corners)


def _absolute(x: Ends) -> Ends:
    low, high = np.abs(x[0]), np.abs(x[1])
    return np.where(x[0] * x[1] < 0, 0.0, np.minimum(low, high)), np.maximum(low, high)


def _square(x: Ends) -> Ends:
    low, high = _absolute(x)
    return low * low, high * high


def _sin(x: Ends) -> Ends:
    low, high = np.sin(x[0]), np.sin(x[1])
    return (
        np.where(_passes(x, -np.pi / 2), -1.0, np.minimum(low, high)),
        np.where(_passes(x, np.pi / 2), 1.0, np.maximum(low, high)),
    )


def _passes(x: Ends, place: float) -> np.ndarray:
    """Whether a point place + 2πk lies between the ends."""
    return np.floor((x[1] - place) / (2 * np.pi)) >= np.ceil((x[0] - place) / (2 * np.pi))


RULES: dict[np.ufunc, Any] = {
    np.add: lambda x, y: (x[0] + y[0], x[1] + y[1]),
    np.subtract: lambda x, y: (x[0] - y[1], x[1] - y[0]),
    np.negative: lambda x: (-x[1], -x[0]),
    np.multiply: _multiply,
    np.absolute: _absolute,
    np.square: _square,
    np.exp: lambda x: (np.exp(x[0]), np.exp(x[1])),
    np.sin: _sin,
}
