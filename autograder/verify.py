"""Execute an equation: compare its two sides, or every line of its derivation."""

from typing import Any

import numpy as np


def verify(label: str, *sides: Any, rtol: float = 1e-12) -> None:
    """Print that all sides are equal and how nearly, or raise and name the line that is not.

    label: the equation's label in the text.  sides: arrays, numbers, torch tensors, lists of these,
    or SymPy expressions; two or more.  rtol: allowed difference relative to the largest entry.

    Raises AssertionError when a side differs from the first, ValueError for fewer than two sides.
    """
    if len(sides) < 2:
        raise ValueError(f"{label}: an equation has two sides or more; {len(sides)} given.")
    if any(_symbolic(side) for side in sides):
        for i, side in enumerate(sides[1:], 2):
            if not _equal_symbolically(sides[0], side):
                raise AssertionError(f"{label} fails: side {i} is {side}, which is not {sides[0]}.")
        print(f"✓ {label}: {len(sides)} sides are equal, symbolically")
        return
    arrays = [_flat(side) for side in sides]
    errors = []
    for i, array in enumerate(arrays[1:], 2):
        if array.shape != arrays[0].shape:
            raise AssertionError(
                f"{label} fails: side {i} holds {array.size} numbers, side 1 holds {arrays[0].size}."
            )
        scale = max(np.abs(arrays[0]).max(initial=0.0), np.abs(array).max(initial=0.0))
        error = float(np.abs(array - arrays[0]).max(initial=0.0) / scale) if scale else 0.0
        if not error <= rtol:  # NaN fails too
            raise AssertionError(
                f"{label} fails: side {i} differs from side 1 by {error:.2g} of the largest entry, "
                f"more than {rtol:.0e}."
            )
        errors.append(error)
    print(f"✓ {label}: {len(sides)} sides agree, largest relative error {max(errors):.1e}")


def _symbolic(side: Any) -> bool:
    return type(side).__module__.startswith("sympy")


def _equal_symbolically(a: Any, b: Any) -> bool:
    import sympy

    if getattr(a, "is_Matrix", False) or getattr(b, "is_Matrix", False):
        return a.shape == b.shape and sympy.simplify(a - b) == sympy.zeros(*a.shape)
    return sympy.simplify(sympy.sympify(a) - sympy.sympify(b)) == 0


def _flat(side: Any) -> np.ndarray:
    """All numbers of a side in one row; the shapes of its parts must be those of the other sides."""
    if hasattr(side, "detach"):
        side = side.detach().cpu().numpy()
    if isinstance(side, list | tuple):
        return np.concatenate([_flat(part) for part in side]) if side else np.zeros(0)
    return np.asarray(side, dtype=float).ravel()
