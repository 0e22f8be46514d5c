"""verify accepts what is equal, names the line that is not, and never passes in silence."""

import numpy as np
import pytest
import sympy
import torch

from autograder import verify


def test_reports_the_error_it_reached(capsys):
    verify("eq-x", np.array([1.0, 2.0]), [1.0, 2.0 + 1e-15], torch.tensor([1.0, 2.0]))
    assert capsys.readouterr().out.startswith(
        "✓ eq-x: 3 sides agree, largest relative error 4.4e-16"
    )


def test_proves_an_identity_of_sympy():
    x = sympy.Symbol("x", real=True)
    verify("eq-x", sympy.sin(x) ** 2 + sympy.cos(x) ** 2, sympy.Integer(1))
    with pytest.raises(AssertionError, match="side 3"):
        verify("eq-x", x, x + 0, x + 1)
    m = sympy.Matrix([[x, 1], [0, x]])
    verify("eq-m", m * m, m**2)
    with pytest.raises(AssertionError):
        verify("eq-m", m, m.T)


@pytest.mark.parametrize(
    "sides",
    [
        ([1.0], [1.0], [1.1]),
        ([1.0], [1.0], [np.nan]),
        ([1.0], [1.0], [1.0, 1.0]),
        (torch.ones(2), np.ones(2), -torch.ones(2)),
    ],
)
def test_names_the_wrong_side(sides):
    with pytest.raises(AssertionError, match="eq-x fails: side 3"):
        verify("eq-x", *sides)


def test_one_side_is_no_equation():
    with pytest.raises(ValueError, match="two sides"):
        verify("eq-x", 1.0)
