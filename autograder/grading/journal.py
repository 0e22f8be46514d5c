"""The journal of a batch: what was found, on the disk before the gradebook hears of it.

One line of JSON a submission, and one more once the gradebook has it.  A run that was killed goes
on from here; a line that a kill or a full disk tore in two is dropped, and its submission is graded
again.
"""

import errno
import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.grading.model import NotGraded, Report, Result, Submission

SEED = "NND_COURSE_SEED"
SHORTEST = 16  # characters of a secret that nobody guesses


def course_secret(course: Path) -> bytes:
    """Return what hidden inputs are drawn from: NND_COURSE_SEED, else the course's own file.

    The file is made at first use, for its owner's eyes only.
    """
    if os.environ.get(SEED):
        return os.environ[SEED].encode()
    path = course / "secret"
    try:
        course.mkdir(parents=True, exist_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret(path)
    except OSError as error:
        raise NotGraded(
            f"The course's secret cannot be written to {path}: {error.strerror}."
        ) from None
    with os.fdopen(made, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return _read_secret(path)


def _read_secret(path: Path) -> bytes:
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise NotGraded(f"The course's secret {path} cannot be read: {error.strerror}.") from None
    if len(secret) < SHORTEST:
        raise NotGraded(
            f"The course's secret {path} is damaged: put it back from a backup, or delete it and "
            "grade the class again, with other hidden inputs."
        )
    return secret


@dataclass
class Entry:
    """The last that is known of a student: a report, under which conditions, and where it got to."""

    conditions: dict[str, Any]
    report: Report
    recorded: bool = False


class Journal:
    """The journal of one assignment, under the conditions of this run; a context manager."""

    def __init__(self, path: Path, declaration: str, secret: bytes, tier: int) -> None:
        self._conditions = {
            "declaration": declaration,
            "secret": hmac.digest(secret, b"journal", hashlib.sha256).hex()[:16],
            "tier": int(tier),
        }
        self._known: dict[str, Entry] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise NotGraded(f"The journal {path} cannot be written: {error.strerror}.") from None
        with os.fdopen(os.dup(self._file), "rb") as file:
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        if len(whole) < len(text):
            os.ftruncate(self._file, len(whole))
        for line in whole.splitlines():
            self._learn(line)

    def find(self, submission: Submission) -> Entry | None:
        """Return what an earlier run found of this very notebook under these conditions."""
        entry = self._known.get(submission.student)
        if entry is None or entry.report.digest != submission.digest:
            return None
        return entry if entry.conditions == self._conditions else None

    def write(self, report: Report) -> None:
        """Put a report on the disk; on return no kill can lose it.

        Raises OSError when the disk does not take it; the journal is then as it was.
        """
        self._append({"conditions": self._conditions, "report": asdict(report)}, sync=True)

    def recorded(self, report: Report) -> None:
        """Note that the gradebook has this report.

        Not synced: if the line is lost, the next run records the same once more.
        """
        self._append({"recorded": report.student, "digest": report.digest}, sync=False)

    def _append(self, words: dict[str, Any], sync: bool) -> None:
        line = json.dumps(words, separators=(",", ":")).encode() + b"\n"
        before = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) < len(line):  # a disk that is nearly full takes a part
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, before)
            raise

    def _learn(self, line: bytes) -> None:
        """Take in a line; one that makes no sense is passed over."""
        try:
            words = json.loads(line)
            if "recorded" in words:
                entry = self._known[words["recorded"]]
                entry.recorded = entry.report.digest == words["digest"]
            elif words["report"]["ungraded"]:
                self._known.pop(words["report"]["student"], None)
            else:
                report = _report(words["report"])
                self._known[report.student] = Entry(words["conditions"], report)
        except (ValueError, TypeError, KeyError):
            pass

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def last_reports(path: Path) -> dict[str, Report]:
    """Return the last report on every student in a journal, which is only read.

    A line that a kill tore in two is passed over.
    """
    found = {}
    for line in path.read_bytes().splitlines() if path.exists() else []:
        with suppress(ValueError, TypeError, KeyError):
            report = _report(json.loads(line)["report"])
            found[report.student] = report
    return found


def _report(words: dict[str, Any]) -> Report:
    results = tuple(Result(**one) for one in words["results"])
    return Report(**{**words, "results": results, "flags": tuple(words["flags"])})
