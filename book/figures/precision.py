"""The figure of the page on precision."""

from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from precision.formats import FORMATS, Format, rounded

SHOWN = ["bfloat16", "float16", "TF32", "float32"]


def bits(value: float, of: Format) -> str:
    """Return the bits of a positive number of a format, as sign, exponent and fraction."""
    power = max(int(np.floor(np.log2(value))), 1 - of.top) if value else 1 - of.top
    whole = round(value / 2.0 ** (power - of.fraction))  # with its leading one, if it has one
    leading = whole >> of.fraction
    stored = power + of.top if leading else 0
    fraction = whole - (leading << of.fraction)
    return f"0 {stored:0{of.exponent}b} {fraction:0{of.fraction}b}"


class FloatBits(Figure):
    """The number `lead` · 2^`power` in a `format`, and what adding 2^(`power` − `shift`) makes of it.

    `compute()` gives what is added, the stored value, its bits, the distance to the next number, and
    the rounded sum; None stands for ∞, which has no neighbour.
    """

    format = t.Enum(SHOWN, "bfloat16").tag(sync=True)
    lead = t.Float(1.1).tag(sync=True)
    power = t.Int(0).tag(sync=True)
    shift = t.Int(6).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        of = FORMATS[self.format]
        x, added = self.lead * 2.0**self.power, 2.0 ** (self.power - self.shift)
        state = {"format": self.format, "x": x, "added": added}
        value = float(rounded(x, of))
        if not np.isfinite(value):
            return state | {"value": None, "bits": "", "gap": 0.0, "sum": None}
        power = max(int(np.floor(np.log2(value))), 1 - of.top) if value else 1 - of.top
        total = float(rounded(value + added, of))
        return state | {
            "value": value,
            "bits": bits(value, of),
            "gap": 2.0 ** (power - of.fraction),
            "sum": total if np.isfinite(total) else None,
        }
