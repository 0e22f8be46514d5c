"""Collect submissions from nbgrader's exchange, where students write as they like.

nbgrader's own collect copies what links point to, with the instructor's rights: a link to the
solved notebook would arrive as a submission, and one to /dev/zero would fill the disk.
"""

import os
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect

from autograder.grading.intake import MOST_BYTES
from autograder.grading.ordinary import SLIPS, contents


class Collect(ExchangeCollect):
    """Copies a submission's notebooks and the exchange's own files, if they are ordinary files."""

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """Fill the submission's folder; what is left out is logged."""
        os.makedirs(dest)
        for name in sorted(os.listdir(src)):
            wanted = name.endswith(".ipynb") or name in SLIPS
            data = contents(Path(src, name), MOST_BYTES) if wanted else None
            if data is None:
                self.log.warning("Not collected: %s", Path(src, name))
                continue
            target = Path(dest, name)
            target.write_bytes(data)
            if self.coursedir.groupshared:
                target.chmod(0o664)
        if self.coursedir.groupshared:
            os.chmod(dest, 0o2770 | os.stat(dest).st_mode & 0o7777)
