"""Floating point formats, and rounding to them in NumPy, bit for bit as hardware does."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Format:
    """A binary format: a sign, `exponent` bits, and `fraction` bits after the leading one."""

    name: str
    exponent: int
    fraction: int

    @property
    def bits(self) -> int:
        return 1 + self.exponent + self.fraction

    @property
    def u(self) -> float:
        """The unit round-off: half the distance from 1 to the next larger number."""
        return 2.0 ** -(self.fraction + 1)

    @property
    def top(self) -> int:
        """The largest exponent, which is also the bias of the stored one."""
        return 2 ** (self.exponent - 1) - 1

    @property
    def largest(self) -> float:
        return (2 - 2.0**-self.fraction) * 2.0**self.top

    @property
    def smallest(self) -> float:
        """The smallest number with a leading one, as precise as any other."""
        return 2.0 ** (1 - self.top)

    @property
    def least(self) -> float:
        """The smallest number above 0: one last bit, and no leading one."""
        return 2.0 ** (1 - self.top - self.fraction)


FLOAT64 = Format("float64", 11, 52)
FLOAT32 = Format("float32", 8, 23)
TF32 = Format("TF32", 8, 10)
BFLOAT16 = Format("bfloat16", 8, 7)
FLOAT16 = Format("float16", 5, 10)
FORMATS = {one.name: one for one in (FLOAT64, FLOAT32, TF32, BFLOAT16, FLOAT16)}


def rounded(x: np.ndarray | float, to: Format) -> np.ndarray:
    """Return x rounded to the nearest number of a format, ties to the one whose last bit is 0.

    The result has the dtype of x and holds the format's numbers; beyond the largest it is ±inf.
    """
    wide = np.asarray(x, dtype=np.float64)
    _, power = np.frexp(wide)  # |x| lies in [2^(power − 1), 2^power)
    last = np.maximum(power - 1, 1 - to.top) - to.fraction  # the exponent of the last bit
    near = np.ldexp(np.rint(np.ldexp(wide, -last)), last)
    near = np.where(np.abs(near) > to.largest, np.copysign(np.inf, wide), near)
    return np.where(np.isfinite(wide), near, wide).astype(np.asarray(x).dtype)


def gamma(n: float, u: float) -> float:
    """Return γ_n = n u / (1 − n u), how far n roundings carry at most; inf where that says nothing.

    Source: Higham (2002), lemma 3.1.
    """
    return n * u / (1 - n * u) if n * u < 1 else float("inf")


def short(number: float) -> float:
    """Return a number with three digits, which is all that an error or a time is worth."""
    return float(f"{number:.3g}")
