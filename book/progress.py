"""What a learner has solved, tried and not yet touched, in the order of the book; and what is next.

`progress()` shows it in any notebook; my-book/progress.ipynb holds it as a page of its own.  In
JupyterLab both follow progress.json while one looks at them (book/progress.js, with the same rule
for what is next), and their links open the chapter's notebook at the exercise.
"""

import argparse
import html
import os
from contextlib import chdir, suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook, output_from_msg

from autograder import exercises, memory
from autograder.notebook import Message
from book.contents import BOOK, ROOT, Chapter, chapter, chapters
from book.environment import say

PAGE = "progress.ipynb"
CELL = "from book.progress import progress\n\nprogress()"
LEGEND = "✓ solved, … tried, · untouched"
NOWHERE = "Nothing is remembered here: this notebook is not in a learner's folder."
TRIED = "You have tried it, and it is not right yet."
FINISHED = "Every exercise of the book is solved."
TRACK = (
    "display:inline-block;vertical-align:middle;width:8em;height:.45em;border-radius:.25em;"
    "overflow:hidden;background:color-mix(in srgb,currentColor 18%,transparent)"
)
BAR = "display:block;height:100%;background:currentColor;opacity:.65"


@dataclass(frozen=True)
class Row:
    """A chapter and the marks of its exercises."""

    chapter: Chapter
    marks: dict[str, str]

    @property
    def title(self) -> str:
        return f"{self.chapter.number} · {self.chapter.title}"

    @property
    def solved(self) -> int:
        return sum(mark == "✓" for mark in self.marks.values())

    @property
    def done(self) -> str:
        return f"{self.solved} of {len(self.marks)} solved"

    @property
    def why(self) -> str:
        """Why this chapter's first untouched exercise may be next: all before it are solved."""
        needed = [chapter(slug).title for slug in self.chapter.needs if slug != "start"]
        if not needed:
            return "It is the first one untouched, and its chapter needs no other."
        listed = " and ".join(f"“{title}”" for title in needed)
        return (
            f"It is the first one untouched; its chapter builds on {listed}, which you have solved."
        )


def progress() -> Message:
    """Show what is next, and every chapter with its exercises and what has become of them."""
    folder = memory.home()
    base = None if folder is None else Path(os.path.relpath(folder)).as_posix()
    found = rows()
    return Message(_text(found, base), body=_html(found, base))


def rows() -> list[Row]:
    """The chapters that have exercises, in order, as far as the learner has come."""
    kept = memory.load()
    listed = [one for one in chapters() if one.written and one.slug != "start"]
    marked = (
        Row(one, {n: _mark(kept.get(n, {})) for n in exercises.of(one.slug)}) for one in listed
    )
    return [row for row in marked if row.marks]


def following(found: list[Row]) -> tuple[Row, str, str] | None:
    """The next exercise, its chapter before it and why after it; None if all are solved.

    What was tried comes first, then what is untouched, in reading order; so all that a chapter
    needs is solved before one of its exercises is untouched and next.
    """
    for wanted in "…·":
        for row in found:
            for name, mark in row.marks.items():
                if mark == wanted:
                    return row, name, TRIED if mark == "…" else row.why
    return None


def write_page(mine: Path) -> None:
    """Make or renew the page in the learner's folder; one that the learner has changed stays."""
    path = mine / PAGE
    with suppress(Exception):  # damaged, it is made anew
        if [cell.source for cell in nbformat.read(path, as_version=4).cells] != [CELL]:
            return
    with chdir(mine):
        shown = progress()
    data = {"text/plain": repr(shown), "text/html": shown._repr_html_()}
    said = {"msg_type": "display_data", "content": {"data": data, "metadata": {}}}
    cell = new_code_cell(CELL, id="progress", outputs=[output_from_msg({"header": said, **said})])
    cell.metadata = {"jupyter": {"source_hidden": True}}
    page = new_notebook(cells=[cell])
    page.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    memory.write(path, nbformat.writes(page) + "\n")
    NotebookNotary().sign(nbformat.read(path, as_version=4))  # so that its script runs


def show(options: argparse.Namespace) -> int:
    """Print the learner's progress."""
    mine = ROOT / "my-book"
    with chdir(mine if mine.is_dir() else ROOT):
        say(repr(progress()))
    return 0


def _mark(news: dict) -> str:
    return "✓" if news.get("solved") else "…" if news.get("tries") else "·"


def _text(found: list[Row], base: str | None) -> str:
    lines = [] if base else [NOWHERE]
    following_one = following(found)
    if following_one:
        row, name, why = following_one
        lines.append(f"Next: {name} in {row.title}. {why}")
    else:
        lines.append(FINISHED)
    for row in found:
        lines.append(f"{row.title}: {row.done}")
        lines.append("  " + "  ".join(f"{mark} {name}" for name, mark in row.marks.items()))
    return "\n".join([*lines, LEGEND])


def _html(found: list[Row], base: str | None) -> str:
    following_one = following(found)
    line = FINISHED
    if following_one:
        row, name, why = following_one
        line = f"Next: {_link(row, base, name)} in {row.title}. {why}"
    opened = following_one[0] if following_one else None
    parts = [
        f'<div data-progress data-tried="{TRIED}" data-finished="{FINISHED}">',
        *([] if base else [f"<p>{NOWHERE}</p>"]),
        f"<p data-next>{line}</p>",
        *(_chapter(row, base, row is opened) for row in found),
        f"<p>{LEGEND}</p>",
    ]
    if base:
        parts.append(f'<a data-kept hidden href="{base}/{memory.FILE}">kept</a>')
        parts.append(f"<script>{(BOOK / 'progress.js').read_text(encoding='utf-8')}</script>")
    return "".join([*parts, "</div>"])


def _chapter(row: Row, base: str | None, opened: bool) -> str:
    """A chapter that unfolds, with a bar that says how much of it is solved."""
    listed = " ".join(
        f'<span data-exercise="{name}" style="white-space:nowrap;margin-right:.8em">'
        f"<span data-mark>{mark}</span> {_link(row, base, name)}</span>"
        for name, mark in row.marks.items()
    )
    share = 100 * row.solved / len(row.marks)
    return (
        f'<details data-chapter="{html.escape(row.title)}" data-why="{html.escape(row.why)}"'
        f'{" open" if opened else ""} style="margin:.3em 0"><summary>'
        f'<span style="{TRACK}" aria-hidden="true"><span data-bar style="{BAR};width:{share:.0f}%">'
        f"</span></span> {_link(row, base)}: <span data-done>{row.done}</span></summary>"
        f'<p style="margin:.3em 0 .6em 1.2em">{listed}</p></details>'
    )


def _link(row: Row, base: str | None, name: str = "") -> str:
    """A chapter, or an exercise, as a link that JupyterLab opens in a tab."""
    shown = f"<code>{name}</code>" if name else html.escape(row.title)
    if base is None:
        return shown
    # The weaver names an exercise's cell after its heading, of which it takes 48 letters.
    cell = f"exercise-{name.replace('_', '-')}"[:48].strip("-")
    href = f"{base}/{row.chapter.folder}/{row.chapter.slug}.ipynb{f'#cell-id={cell}-1' if name else ''}"
    return f'<a href="{href}" style="text-decoration:underline">{shown}</a>'
