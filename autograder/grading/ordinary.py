"""Read small files from a folder that a student filled: no link is followed, no pipe waited for."""

import os
import stat
from pathlib import Path

from autograder.grading.intake import READ_ONLY

SLIPS = ("timestamp.txt", "submission_secret.txt")  # the exchange's; release_feedback needs them
MOST = 1_000  # bytes of such a slip


def contents(path: Path, most: int) -> bytes | None:
    """Return what a regular file holds; None if it is none, or larger than `most` bytes."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):  # to open a device may already do something
            return None
        with os.fdopen(os.open(path, READ_ONLY), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(most + 1)
    except OSError:
        return None
    return data if len(data) <= most else None


def slips(folder: Path) -> dict[str, bytes]:
    """Return the exchange's small files of a submission, as far as they are ordinary files."""
    found = {name: contents(folder / name, MOST) for name in SLIPS}
    return {name: data for name, data in found.items() if data is not None}
