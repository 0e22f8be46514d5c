"""The map of the chapters: what each needs, drawn when the site is built, every node a link."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise, permutations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from book.contents import Chapter, chapters

COLUMNS = 3  # as many as a phone has room for
Columns = dict[str, int]
Edge = tuple[str, str]


def edges(listed: Sequence[Chapter]) -> list[Edge]:
    """Return (need, chapter) pairs, without those that a chain of others implies."""
    before: dict[str, set[str]] = {}
    for one in listed:  # a chapter needs only earlier ones
        before[one.slug] = set(one.needs).union(*(before[need] for need in one.needs))
    return [
        (need, one.slug)
        for one in listed
        for need in one.needs
        if not any(need in before[other] for other in one.needs)
    ]


def rows(listed: Sequence[Chapter]) -> dict[str, int]:
    """Return each chapter's row, below all that it needs and right above what needs it first."""
    found: dict[str, int] = {}
    for one in listed:
        found[one.slug] = 1 + max((found[need] for need in one.needs), default=-1)
    for one in reversed(listed):
        used_in = [found[other.slug] for other in listed if one.slug in other.needs]
        found[one.slug] = min(used_in, default=found[one.slug] + 1) - 1
    return found


def routes(edge: Edge, row: dict[str, int], column: Columns) -> list[list[int]]:
    """Return the two ways from a chapter to one that needs it: the column it is in at each row."""
    start, end = edge
    between = row[end] - row[start] - 1
    late = [column[start]] * (between + 1) + [column[end]]
    early = [column[start]] + [column[end]] * (between + 1)
    return [late, early]


def route(edge: Edge, row: dict[str, int], column: Columns) -> tuple[int, list[int]]:
    """Return how many chapters stand in the way of the better of the two, and that way."""
    taken = {(row[slug], column[slug]) for slug in row}
    ways = [
        (sum((row[edge[0]] + i, at) in taken for i, at in enumerate(way[:-1]) if i), way)
        for way in routes(edge, row, column)
    ]
    return min(ways)


def untidiness(drawn: list[Edge], row: dict[str, int], column: Columns) -> int:
    """Return the ways to the side, and ten for each chapter in the way and each crossing."""
    steps: dict[int, list[tuple[int, int]]] = {}
    total = 0
    for edge in drawn:
        blocked, way = route(edge, row, column)
        total += 10 * blocked + abs(way[0] - way[-1])
        for i, step in enumerate(pairwise(way)):
            steps.setdefault(row[edge[0]] + i, []).append(step)
    for here in steps.values():
        crossed = sum((a - c) * (b - d) < 0 for a, b in here for c, d in here)
        total += 5 * crossed  # each pair is met twice
    return total


def columns(listed: Sequence[Chapter]) -> Columns:
    """Place the chapters of each row, one row after the other, until no row can be tidied."""
    row, drawn = rows(listed), edges(listed)
    levels = [[slug for slug in row if row[slug] == level] for level in sorted({*row.values()})]
    if crowded := next((level for level in levels if len(level) > COLUMNS), None):
        raise ExtensionError(f"The map has {COLUMNS} columns, too few for {', '.join(crowded)}.")
    middle_first = sorted(range(COLUMNS), key=lambda at: abs(at - COLUMNS // 2))
    found = {slug: at for level in levels for slug, at in zip(level, middle_first, strict=False)}
    best = untidiness(drawn, row, found)
    tidied = True
    while tidied:
        tidied = False
        for level in levels:
            for places in permutations(range(COLUMNS), len(level)):
                tried = found | dict(zip(level, places, strict=True))
                if (cost := untidiness(drawn, row, tried)) < best:
                    found, best, tidied = tried, cost, True
    return found


def line(start: int, way: list[int]) -> str:
    """Return the path of an edge; a cell is 100 by 100, and a node fills the middle of its own."""
    parts = [f"M{100 * way[0] + 50} {100 * start + 80}"]
    for i, (here, there) in enumerate(pairwise(way), start=start):
        x, y, below = 100 * there + 50, 100 * i + 80, 100 * i + 120
        if here == there:
            parts.append(f"V{below}")
        else:
            parts.append(f"C{100 * here + 50} {y + 30} {x} {below - 30} {x} {below}")
        parts.append(f"V{below + 60}")
    return "".join(parts[:-1])


def node(one: Chapter, row: int, column: int, address: str) -> str:
    """Return a chapter's place on the map; the needs that the lines show are said in words, too."""
    numbers = [str(other.number) for other in chapters() if other.slug in one.needs]
    needs = f"needs {' and '.join(numbers)}" if numbers else "needs nothing before it"
    text = (
        f"<b>{one.number}</b> <span>{escape(one.title)}</span>"
        f'<span class="visually-hidden">, {needs}</span>'
    )
    inside = f'<a href="{escape(address)}">{text}</a>' if one.written else f"<div>{text}</div>"
    return f'<li style="grid-area: {row + 1} / {column + 1}">{inside}</li>'


class ChapterMap(SphinxDirective):
    """The chapters in rows, each below what it needs, with a line from every need."""

    def run(self) -> list[nodes.Node]:
        """Draw the lines on an SVG that stretches behind a grid of links."""
        listed = chapters()
        row, column = rows(listed), columns(listed)
        height = 1 + max(row.values())
        lines = "".join(
            f'<path d="{line(row[edge[0]], route(edge, row, column)[1])}"'
            ' vector-effect="non-scaling-stroke"/>'
            for edge in edges(listed)
        )
        where = self.env.app.builder.get_relative_uri
        places = "".join(
            node(one, row[one.slug], column[one.slug], where(self.env.docname, one.slug))
            for one in listed
        )
        text = (
            f'<nav class="chapter-map" aria-label="Map of the chapters" style="--rows: {height}">'
            f'<svg viewBox="0 0 {100 * COLUMNS} {100 * height}" preserveAspectRatio="none"'
            f' aria-hidden="true">{lines}</svg><ol>{places}</ol></nav>'
        )
        return [nodes.raw("", text, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("chapter-map", ChapterMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
