"""What a learner has solved, tried and not yet touched, in the order of the book."""

from autograder import exercises, memory
from autograder.notebook import Message
from book.contents import chapters

LEGEND = "✓ solved, … tried, · untouched"
NOWHERE = "Nothing is remembered here: this notebook is not in a learner's folder."


def progress() -> Message:
    """Show every chapter with its exercises and what has become of them."""
    kept, here = memory.load(), memory.home() is not None
    lines, rows = [], []
    for one in chapters():
        names = list(exercises.of(one.slug)) if one.written and one.slug != "start" else []
        if not names:
            continue
        marks = {name: _mark(kept.get(name, {})) for name in names}
        done = f"{sum(mark == '✓' for mark in marks.values())} of {len(names)} solved"
        title = f"{one.number} · {one.title}"
        lines.append(f"{title}: {done}\n  " + "  ".join(f"{m} {name}" for name, m in marks.items()))
        link = f'<a href="../{one.folder}/{one.slug}.ipynb">{title}</a>' if here else title
        listed = ", ".join(f"{mark} <code>{name}</code>" for name, mark in marks.items())
        rows.append(f"<p><b>{link}</b>: {done}<br>{listed}</p>")
    note = [] if here else [NOWHERE]
    return Message("\n".join([*note, *lines, LEGEND]), body="".join([*note, *rows, LEGEND]))


def _mark(news: dict) -> str:
    return "✓" if news.get("solved") else "…" if news.get("tries") else "·"
