"""The report's pictures: SVG to stand in a page, in the page's own colours, with a text for each."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Stand-ins that become colours of the page, so that a picture follows its scheme, light or dark.
INK, BAR, DOT = "#010101", "#020202", "#030303"
COLOURS = {INK: "currentColor", BAR: "var(--bar)", DOT: "var(--dot)"}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
WIDTH = 4.2  # inches; on the narrowest phone the letters are still 9 pixels high
BINS = 10


def distribution(assignment: str, scores: Sequence[float], most: float) -> Markup:
    """Return a histogram of the scores."""
    counts, edges = np.histogram(scores, np.linspace(0, max([most, *scores]) or 1, BINS + 1))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2.2), layout="constrained")
        axes = figure.add_subplot()
        axes.bar(edges[:-1], counts, np.diff(edges) * 0.92, align="edge", color=BAR)
        axes.set_xlabel(f"score, of {most:g}")
        axes.set_ylabel("students")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        steps = zip(counts, edges[:-1], edges[1:], strict=True)
        said = ", ".join(f"{count} from {a:.3g} to {b:.3g}" for count, a, b in steps if count)
        return picture(figure, f"Scores in {assignment}", said)


def difficulty(assignment: str, items: Sequence[tuple[str, float, float]]) -> Markup:
    """Return each exercise's mean share of points as a bar, and the share fully right as a dot."""
    names, means, rights = zip(*items, strict=True)
    rows = np.arange(len(items))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.8 + 0.22 * len(items)), layout="constrained")
        axes = figure.add_subplot()
        axes.barh(rows, 100 * np.array(means), 0.7, color=BAR)
        axes.plot(100 * np.array(rights), rows, "o", color=DOT, markersize=5, clip_on=False)
        axes.set_yticks(rows, names)
        axes.set_xlim(0, 100 * max(1, *means))  # extra credit goes beyond
        axes.invert_yaxis()
        axes.set_xlabel("bar: % of the points; dot: % fully right")
        said = ", ".join(f"{name} {mean:.0%} and {right:.0%}" for name, mean, right in items)
        return picture(figure, f"Exercises of {assignment}: points, and fully right", said)


def picture(figure: Figure, title: str, said: str) -> Markup:
    """Return a drawing as an SVG element with a title and a text alternative."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": title}):  # ids stay the same, and are no other's
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # the same in every picture of a page
    size = re.search(r'viewBox="[^"]*"', svg)
    assert size is not None
    body = re.sub(r"\n\s*", "\n", svg[svg.index(">", size.end()) + 1 :])
    for stand_in, colour in COLOURS.items():
        body = body.replace(stand_in, colour)
    said = f"{title}: {said}."
    head = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {size[0]} role="img" aria-label="{escape(said)}">'
    return Markup(f"{head}<title>{escape(title)}</title>{body}")
