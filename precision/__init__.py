"""How far results lie from the truth in each number format, beside how far they may; and how fast.

Needs NumPy and torch alone, so that `python -m precision` runs on a bare machine with a GPU.
"""

import precision.bare  # noqa: F401  first: the exercises load without SciPy
