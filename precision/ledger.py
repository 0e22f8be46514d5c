"""The ledger: what was measured, when, on what; a committed file that a run renews in part."""

import argparse
import datetime
import json
import math
import sys
from pathlib import Path
from typing import Any

from autograder import exercises
from precision import speed
from precision.chain import Path as Roundings
from precision.columns import COLUMNS, Column, machine
from precision.errors import NotMeasured, left_out, longest_path, measure
from precision.formats import short

FILE = Path(__file__).with_name("ledger.json")

# Where a budget does not hold, and why: the problem is harmless, the way of computing it is not.
UNSTABLE = {
    "bump": "torch's side adds two sigmoids and subtracts 1, where they nearly cancel",
    "clip_gradient_norm": "torch's squares of large gradients overflow in formats with 8 exponent bits",
    "discriminator_loss": "torch's loss subtracts log σ(z) from z, and they are equal but for the result",
}


def load(file: Path = FILE) -> dict[str, Any]:
    """Return the ledger, or an empty one: columns, rows, exercises left out, speed."""
    if not file.is_file():
        return {"columns": {}, "rows": {}, "left_out": {}, "speed": {"widths": {}, "bounds": {}}}
    return json.loads(file.read_text(encoding="utf-8"))


def save(ledger: dict[str, Any], file: Path = FILE) -> None:
    """Write the ledger with one exercise on a line, so that a change of one shows as a line."""
    parts = []
    for key, value in ledger.items():
        lines = ",\n".join(
            f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items()
        )
        parts.append(f" {json.dumps(key)}: {{\n{lines}\n }}")
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def renew(ledger: dict[str, Any], chosen: list[Column], names: list[str] | None = None) -> None:
    """Measure these columns again, in place; what belongs to other columns stays as it is."""
    today = datetime.date.today().isoformat()
    for column in chosen:
        ledger["columns"][column.name] = {"date": today, **machine(column.device)}
    for name, exercise in exercises.all().items():
        if names is not None and name not in names:
            continue
        reason = left_out(exercise)
        if reason:
            ledger["left_out"][name] = reason
            continue
        row = ledger["rows"].setdefault(name, {"chapter": exercise.slug, "measured": {}})
        path = Roundings()
        for case in exercise.draw(0):
            path |= longest_path(exercise, case.inputs)
        row |= {"length": path.length, "results": path.results, "products": path.products}
        for column in chosen:
            row["measured"][column.name] = entry(name, column)
        print(f"{name:32} {summary(row, chosen)}", flush=True)


def entry(name: str, column: Column) -> dict[str, Any]:
    """Return what the ledger keeps of one exercise in one column: numbers, or why there are none."""
    try:
        found = measure(exercises.find(name), column)
    except NotMeasured as why:
        return {"skipped": str(why)}
    budget = found.budget if math.isfinite(found.budget) else None  # JSON knows no infinity
    return {
        "error": short(found.error),
        "budget": None if budget is None else short(budget),
        "share": short(found.share),
        "cases": found.cases,
    }


def summary(row: dict[str, Any], chosen: list[Column]) -> str:
    """Return one line of a row for whoever watches."""
    kept = [row["measured"][column.name] for column in chosen]
    return "  ".join("skipped" if "skipped" in one else f"{one['error']:.1e}" for one in kept)


def renew_speed(ledger: dict[str, Any]) -> None:
    """Time the network again on whatever is here; other columns keep their numbers."""
    for width in speed.WIDTHS:
        kept = ledger["speed"]["widths"].setdefault(str(width), {})
        kept |= speed.ratios(width)
        print(f"width {width:5}  {kept}", flush=True)
    for column in speed.TIMED:
        if column.available:
            ledger["speed"]["bounds"][column.name] = speed.bounds(column)


def main(argv: list[str] | None = None) -> int:
    """Renew the columns for which the hardware is here, and write the ledger."""
    chosen = argparse.ArgumentParser(prog="python -m precision", description=__doc__)
    chosen.add_argument("exercises", nargs="*", help="only these; all if none is named")
    chosen.add_argument(
        "--gpu-only", action="store_true", help="leave the CPU's columns as they are"
    )
    chosen.add_argument("--file", type=Path, default=FILE, help="where the ledger is")
    options = chosen.parse_args(argv)
    unknown = set(options.exercises) - set(exercises.all())
    if unknown:
        chosen.error(f"there is no exercise called {', '.join(sorted(unknown))}")
    here = [
        one for one in COLUMNS if one.available and (one.device == "cuda" or not options.gpu_only)
    ]
    if not here:
        print("There is no GPU here that torch can use, so nothing was measured.", file=sys.stderr)
        return 1
    ledger = load(options.file)
    renew(ledger, here, options.exercises or None)
    if not options.exercises:
        renew_speed(ledger)
    save(ledger, options.file)
    absent = [one.name for one in COLUMNS if one.name not in ledger["columns"]]
    print(f"Wrote {options.file}. Not measured: {', '.join(absent) or 'nothing'}.")
    return 0


def gpu(_: argparse.Namespace) -> int:
    """Do what `python -m book gpu` asks for."""
    return main([])
