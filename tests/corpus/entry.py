"""One submission of the corpus: what it tries, how it is made, and the score that it deserves."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]
Made = Notebook | bytes | Callable[[Path], Any]

ENTRIES: list["Entry"] = []


@dataclass(frozen=True)
class Entry:
    """A handed-in folder and what grading it must come to.

    made: a notebook, the bytes of its file, or a function that fills the student's folder.
    deserves: the most it may get; None if it cannot be graded and must come back with a reason.
    least: the least it must get, by default what it deserves.
    flagged: the instructor must read of it; if False, a flag is neither asked for nor forbidden.
    hangs: short limits are used, so that what never ends is stopped soon.
    slow: it takes more time as a whole than a first try has, and must be put off.
    refusable: it may come back ungraded with a reason instead.
    untold: words that must not come back to the student.
    recorded: it aims at the recorder, the gradebook, the feedback or nbgrader, and goes there too.
    """

    name: str
    kind: str
    tries: str
    made: Made
    deserves: float | None
    least: float | None
    flagged: bool = False
    hangs: bool = False
    slow: bool = False
    refusable: bool = False
    untold: tuple[str, ...] = ()
    recorded: bool = False
    student: str = "student"
    chapter: str = "activations"
    teaches: str = ""

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name.replace(' ', '_')}"

    def hand_in(self, folder: Path) -> None:
        """Fill the student's folder of this assignment."""
        path = folder / f"{self.chapter}.ipynb"
        if callable(self.made):
            self.made(folder)
        elif isinstance(self.made, bytes):
            path.write_bytes(self.made)
        else:
            path.write_text(json.dumps(self.made), encoding="utf-8")


def hostile(
    kind: str,
    name: str,
    tries: str,
    made: Made,
    deserves: float | None = 0.0,
    least: float | None = None,
    **more: Any,
) -> None:
    """Add a submission that wants more than it deserves, or somebody else to get less."""
    at_least = deserves if least is None else least
    ENTRIES.append(Entry(name, kind, tries, made, deserves, at_least, **more))


def odd(
    name: str,
    tries: str,
    made: Made,
    deserves: float = 5.0,
    least: float | None = None,
    **more: Any,
) -> None:
    """Add an honest submission that looks unusual; only a flagged one may get less."""
    assert least is None or more.get("flagged"), "points would be lost in silence"
    at_least = deserves if least is None else least
    ENTRIES.append(Entry(name, "odd", tries, made, deserves, at_least, **more))
