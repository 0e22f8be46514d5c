"""An interval holds every value that the function takes on it, and not much more."""

import numpy as np
import pytest

from autograder.exercise import Function
from autograder.interval import Interval

CURVES = [
    "lambda x: 2 * np.sin(5 * x) - x * x",
    "lambda x: np.exp(-x) * np.sin(x)",
    "lambda x: np.abs(x - 0.3) + 0.5 * np.square(x)",
    "lambda x: -(1 - x)",
]


@pytest.mark.parametrize("source", CURVES)
def test_holds_every_value(source):
    f, rng = Function(source), np.random.default_rng(0)
    low = rng.uniform(-4, 4, size=300)
    width = 10.0 ** rng.uniform(-6, 0.5, size=300)
    held = f(Interval(low, low + width))
    for share in np.linspace(0, 1, 101):
        value = f(low + share * width)
        assert (held.low <= value).all() and (value <= held.high).all()


@pytest.mark.parametrize("source", CURVES)
def test_shrinks_with_its_argument(source):
    x = np.linspace(-2, 2, 17)
    held = Function(source)(Interval(x, x + 1e-6))
    assert (held.high - held.low < 2e-5).all()


def test_a_peak_inside_is_seen():
    held = np.sin(Interval([0.0, 1.5, 4.0], [3.0, 1.6, 7.9]))
    assert np.allclose(held.low, [0, np.sin(1.5), -1]) and np.allclose(held.high, 1)


def test_a_function_without_a_rule_is_refused():
    with pytest.raises(TypeError):
        np.tan(Interval(0, 1))
