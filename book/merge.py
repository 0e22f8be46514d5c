"""Three-way merge of a notebook: what the book changed comes in, what the learner wrote stays.

nbdime finds which cell of one version is which of another, and joins lines of text.  The rules are
few: a cell that only one side changed is that side's; text that both changed is joined line by
line; where that cannot be, and for code, the learner's cell stays and the book's version is shown
below it, as text, so that it neither runs nor is graded.
"""

import copy
import re
from collections.abc import Callable, Sequence
from itertools import count

from nbdime.diffing.generic import compare_strings_approximate
from nbdime.diffing.snakes import compute_snakes_multilevel
from nbdime.merging import apply_decisions, decide_merge
from nbdime.utils import Strategies
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

NEWER = (
    "**The book has a newer version of the cell above; yours is as you left it.** "
    "Take from this one what you like, then delete it."
)

Cells = list[NotebookNode]
Same = Callable[[NotebookNode, NotebookNode], bool]


def merge(base: NotebookNode, mine: NotebookNode, book: NotebookNode) -> tuple[NotebookNode, int]:
    """Return the learner's notebook with the book's news, and how many cells both had changed.

    base is the book's version that the learner's notebook was made from.
    """
    groups, both = _groups(base.cells, mine.cells, book.cells)
    merged = copy.deepcopy(mine)
    merged.cells = [copy.deepcopy(cell) for group in groups for cell in group]
    merged.nbformat_minor = max(5, mine.nbformat_minor)  # the first whose cells have ids
    if "generated" in book.metadata:
        merged.metadata["generated"] = book.metadata["generated"]
    _name(merged.cells)
    return merged, both


def _groups(base: Cells, mine: Cells, book: Cells) -> tuple[list[Cells], int]:
    """Put the cells in order: groups of one cell of the book's and what the learner added to it."""
    to_mine, _ = _pairs(base, mine, [_alike, _same, _same_id])
    to_book, stays = _pairs(base, book, [_alike, _same])
    origin = {j: i for i, j in to_mine.items()}
    groups: list[Cells] = [[]]
    place, moved, stale, both = dict[int, Cells](), dict[int, Cells](), set[str](), 0
    for j, cell in enumerate(mine):
        i = origin.get(j)
        # A cell of the learner's own may be the book's, by an update that was cut short.
        known = {*to_book.values(), *place}
        k = _already_here(cell, book, known) if i is None else to_book.get(i)
        if k is None:
            own = i is None or _touched(base[i], cell)
            if own and cell.source not in stale:
                groups[-1].append(_own(cell, book, graded=i is None))
            continue
        before = book[k] if i is None else base[i]
        group, told = _joined(before, cell, book[k])
        both += told
        stale = {_newer(one).source for one in (before, book[k])} if told else set()
        if i is None or i in stays:
            place[k] = group
            groups.append(group)
        else:
            moved[k] = group
    deleted = {k for i, k in to_book.items() if i not in to_mine}
    last = groups[0]
    for k, cell in enumerate(book):
        if k not in place and k not in deleted:
            place[k] = moved.get(k, [cell])
            groups.insert(next(n for n, one in enumerate(groups) if one is last) + 1, place[k])
        last = place.get(k, last)
    return groups, both


def _pairs(one: Cells, other: Cells, ways: Sequence[Same]) -> tuple[dict[int, int], set[int]]:
    """Return which cell is which, and which of them kept their order; `ways` end with the surest."""
    found = {
        i + n: j + n
        for i, j, length in compute_snakes_multilevel(one, other, ways)
        for n in range(length)
    }
    stays = set(found)
    for way in reversed(ways[1:]):  # a cell that has moved is known by more than a likeness
        for i in sorted(set(range(len(one))) - set(found)):
            free = sorted(set(range(len(other))) - set(found.values()))
            twin = next((j for j in free if way(one[i], other[j])), None)
            if twin is not None:
                found[i] = twin
    return found, stays


def _already_here(cell: NotebookNode, book: Cells, taken: set[int]) -> int | None:
    return next((k for k, one in enumerate(book) if k not in taken and _same(one, cell)), None)


def _same_id(one: NotebookNode, other: NotebookNode) -> bool:
    return "id" in one and one.get("id") == other.get("id")


def _exercise(cell: NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _same(one: NotebookNode, other: NotebookNode) -> bool:
    """Are these the same exercise's cells, or word for word the same?"""
    if _exercise(one) or _exercise(other):
        return _exercise(one) == _exercise(other)
    return (one.cell_type, one.source) == (other.cell_type, other.source)


def _touched(before: NotebookNode, after: NotebookNode) -> bool:
    return (before.cell_type, before.source) != (after.cell_type, after.source)


def _alike(one: NotebookNode, other: NotebookNode) -> bool:
    if one.cell_type != other.cell_type or _exercise(one) != _exercise(other):
        return False
    titles = [cell.source.split("\n")[0] for cell in (one, other)]
    if all(title.startswith("#") for title in titles) and titles[0] != titles[1]:
        return False  # two exercises' openings have much else in common
    return compare_strings_approximate(one.source, other.source, threshold=0.6)


def _joined(base: NotebookNode, mine: NotebookNode, book: NotebookNode) -> tuple[Cells, bool]:
    """Make one cell of three, or two: the learner's with the book's below; True if it is two."""
    if _touched(base, book) and not _touched(base, mine):
        return [book], False
    kept = copy.deepcopy(mine)
    kept["id"] = book.id
    for key, value in book.metadata.items():
        if base.metadata.get(key) != value:
            kept.metadata[key] = value
    if book.source in (base.source, mine.source):
        return [kept], False
    lines = None
    if mine.cell_type == book.cell_type == "markdown":
        lines = _joined_lines(base.source, mine.source, book.source)
    if lines is None:
        return [kept, _newer(book)], True
    kept["source"] = lines
    return [kept], False


def _joined_lines(base: str, mine: str, book: str) -> str | None:
    """Join two changed texts; None if both changed the same lines."""
    before, *after = (text.split("\n") for text in (base, mine, book))
    decisions = decide_merge(before, *after, Strategies())
    if any(decision.conflict for decision in decisions):
        return None
    return "\n".join(apply_decisions(before, decisions))


def _newer(book: NotebookNode) -> NotebookNode:
    """Show the book's version of a cell as text."""
    text = book.source
    if book.cell_type != "markdown":
        fence = "`" * (max(map(len, re.findall("`{3,}", text)), default=2) + 1)
        text = f"{fence}python\n{text}\n{fence}"
    return new_markdown_cell(f"{NEWER}\n\n{text}", id=f"newer-{book.id}"[:64])


def _own(cell: NotebookNode, book: Cells, graded: bool) -> NotebookNode:
    """Return a cell of the learner's under no id of the book's, and without a grade if so asked."""
    own = copy.deepcopy(cell)
    if own.get("id") in {one.id for one in book}:
        del own["id"]
    if not graded:  # the book has this exercise no longer
        own.metadata.pop("nbgrader", None)
    return own


def _name(cells: Cells) -> None:
    """Give every cell an id of its own."""
    taken = {cell.id for cell in cells if "id" in cell}
    seen = set[str]()
    for cell in cells:
        if cell.get("id") is None or cell.id in seen:
            free = (f"mine-{n}" for n in count(1))
            cell["id"] = next(name for name in free if name not in taken)
            taken.add(cell.id)
        seen.add(cell.id)
