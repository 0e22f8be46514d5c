"""The ledger as tables in Markdown, for the page; what no one has measured says so."""

from typing import Any

from precision.columns import COLUMNS
from precision.speed import TIMED

NOT_MEASURED = "not measured"


def errors_table(ledger: dict[str, Any], names: list[str]) -> str:
    """Return the largest relative error of each exercise in each column."""
    heads = ["exercise", *(column.name for column in COLUMNS)]
    rows = []
    for name in names:
        kept = ledger["rows"][name]["measured"]
        rows.append([f"`{name}`", *(_error(kept.get(column.name)) for column in COLUMNS)])
    return markdown(heads, rows)


def columns_table(ledger: dict[str, Any]) -> str:
    """Return for each column: exercises measured, median and largest error, share of the budget."""
    rows = []
    for column in COLUMNS:
        kept = [row["measured"].get(column.name, {}) for row in ledger["rows"].values()]
        found = sorted(one["error"] for one in kept if "error" in one)
        shares = sorted(one["share"] for one in kept if "error" in one)
        if found:
            middle = len(found) // 2
            numbers = [f"{len(found)}", f"{found[middle]:.1e}", f"{shares[middle]:.2f}"]
            beyond = str(sum(share > 1 for share in shares))
            rows.append([column.name, *numbers, beyond, _measured_on(ledger, column.name)])
        else:
            rows.append([column.name, *[NOT_MEASURED] * 5])
    heads = [
        "column",
        "exercises",
        "median error",
        "median share of the budget",
        "beyond it",
        "measured on",
    ]
    return markdown(heads, rows)


def speed_table(ledger: dict[str, Any]) -> str:
    """Return the network's time in each column, in units of NumPy's, by width."""
    rows = []
    for width, kept in ledger["speed"]["widths"].items():
        times = [kept.get(column.name) for column in TIMED]
        rows.append([width, *(NOT_MEASURED if t is None else f"{t:.2f}" for t in times)])
    return markdown(["width", *(column.name for column in TIMED)], rows)


def markdown(heads: list[str], rows: list[list[str]]) -> str:
    """Return a table; the first column is text and the others stand to the right."""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _error(kept: dict[str, Any] | None) -> str:
    if kept is None:
        return NOT_MEASURED
    return "–" if "skipped" in kept else f"{kept['error']:.0e}"


def _measured_on(ledger: dict[str, Any], name: str) -> str:
    about = ledger["columns"][name]
    return f"{about['device']}, {about['date']}"
