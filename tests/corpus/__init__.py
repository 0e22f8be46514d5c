"""Submissions to grade: hostile, malformed, and honest but odd, each with the score it deserves.

Nothing here is a notebook in a file: every submission is made when it is needed, from the released
beginning of a chapter.
"""

from corpus import (  # noqa: F401
    exhausting,
    forging,
    hoping,
    injecting,
    malformed,
    odd,
    stealing,
    tampering,
)
from corpus.entry import ENTRIES, Entry

__all__ = ["ENTRIES", "Entry"]
