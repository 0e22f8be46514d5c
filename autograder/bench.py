"""Time every reference beside torch, the plain loop and its floor, in one process, on one thread.

All are run in turn, so that a busy moment of the machine hits them alike, and what counts is the
ratio of medians.  Below 1 the reference is the faster one.  The floor is what no rewriting saves:
the reference's matrix products, its exponentials, one copy of what goes in and comes out.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograder import exercises
from autograder.exercise import Exercise, Inputs
from autograder.floor import floors
from autograder.observe import fresh

LEDGER = Path(__file__).with_name("benchmarks.json")
# How slow the reference may be, in torch's time.  A backward counts the forward it needs, on both
# sides, so it is a whole training step.
GOALS = {
    "mlp_forward": 1.0,
    "backpropagate": 1.0,
    "rnn": 1.0,
    "rnn_backward": 1.0,
    "lstm": 1.0,
    "lstm_backward": 1.0,
    "gru": 1.0,
    "gru_backward": 1.0,
    "scaled_dot_product_attention": 1.0,
    "scaled_dot_product_attention_backward": 1.0,
    "multi_head_attention": 1.0,
    "multi_head_attention_backward": 1.0,
    "kan_layer": 1.0,
    "kan_layer_backward": 1.0,
    "adam_step": 1.0,
    "max_pool2d": 1.0,
    "max_pool2d_backward": 1.0,
    "conv2d": 1.3,
    "conv2d_backward": 1.3,
    "batch_norm": 1.5,
    "batch_norm_backward": 1.5,
    "layer_norm": 2.5,
    "layer_norm_backward": 2.5,
    "sigmoid": 3.0,
    "sigmoid_backward": 3.0,
}
SLACK = 2.0  # the gate's: how many times its written ratio, or its goal, a reference may take


def timed() -> dict[str, Exercise]:
    """The exercises that declare a benchmark, by name."""
    return {name: one for name, one in exercises.all().items() if one.large}


def times(exercise: Exercise, rounds: int = 15, parts: bool = True) -> dict[str, float]:
    """Seconds of the reference, of torch, of the loop and of the floor's parts: medians.

    Tensors are made beforehand; a backward's time includes torch's own forward, which it needs.
    parts: whether the loop and the floor are wanted too.
    """
    assert exercise.large is not None
    inputs = exercise.large(np.random.default_rng(0))
    running: dict[str, Callable[[], Any]] = {"reference": _called(exercise.reference, inputs)}
    if exercise.torch_ready:
        running["torch"] = exercise.torch_ready(fresh(inputs))
    if parts:
        running |= floors(exercise.reference, fresh(inputs))
        if exercise.by_loop:
            running["loop"] = _called(exercise.by_loop, inputs)
    spent: dict[str, list[float]] = {name: [] for name in running}
    for turn in range(rounds + 1):
        for name, function in running.items():
            if name == "loop" and turn > 2:
                continue  # a loop is slow enough to be measured in few runs
            seconds = _seconds(function)
            if turn:  # the first turn warms the caches
                spent[name].append(seconds)
    return {name: statistics.median(some) for name, some in spent.items()}


def _called(function: Callable, inputs: Inputs) -> Callable[[], Any]:
    given: dict[str, Any] = fresh(inputs)
    return lambda: function(**given)


def _seconds(function: Callable) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def ratios(found: dict[str, float]) -> dict[str, float]:
    """What the table holds: `torch`, `loop`, and the floor's parts as shares of the reference.

    torch: the reference in torch's time.  loop: the loop in the reference's time.
    """
    own = found["reference"]
    turned = {"torch": lambda t: own / t}
    return {
        name: float(f"{turned.get(name, lambda t: t / own)(seconds):.3g}")
        for name, seconds in found.items()
        if name != "reference"
    }


# -- the table ---------------------------------------------------------------------------------


def table(names: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Measure and print a line each; return the ratios."""
    print(
        f"{'exercise':40}{'reference':>12}{'ref / torch':>13}{'goal':>6}{'loop / ref':>12}  floor"
    )
    rows = {}
    for name in names:
        found = times(timed()[name], rounds)
        rows[name] = row = ratios(found)
        torch = f"{row['torch']:.2f}" if "torch" in row else "–"
        goal = f"{GOALS[name]:.1f}" if name in GOALS else ""
        loop = f"{row['loop']:.0f}" if "loop" in row else "–"
        floor = ", ".join(f"{p} {row[p]:.0%}" for p in ("BLAS", "exp", "memory") if p in row)
        print(
            f"{name:40}{1e3 * found['reference']:>9.3f} ms{torch:>13}{goal:>6}{loop:>12}  {floor}",
            flush=True,
        )
    return rows


def write(rows: dict[str, dict[str, float]]) -> None:
    """Renew these rows of the ledger, with date, machine and versions."""
    import torch

    kept = json.loads(LEDGER.read_text())["ratios"] if LEDGER.exists() else {}
    known = timed()
    made = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "threads": int(os.environ.get("OMP_NUM_THREADS", 0)),
        "versions": {"numpy": np.__version__, "torch": torch.__version__.split("+")[0]},
        "ratios": {name: row for name, row in (kept | rows).items() if name in known},
    }
    LEDGER.write_text(json.dumps(made, indent=1) + "\n")
    print(f"Written: {LEDGER.name}.")


def processor() -> str:
    """Return the processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


# -- the gate ----------------------------------------------------------------------------------


def gate(names: list[str], rounds: int, tries: int = 3) -> dict[str, str]:
    """Return a sentence for each reference that has become slower, as a ratio, than is allowed.

    Allowed is `SLACK` times the larger of its goal and the ratio in the ledger.  Who misses it is
    measured again, so that one busy moment fails nobody.
    """
    written = json.loads(LEDGER.read_text())["ratios"]
    late = {}
    for name in names:
        allowed = SLACK * max(GOALS[name], written.get(name, {}).get("torch", 0.0))
        for _ in range(tries):
            ratio = ratios(times(timed()[name], rounds, parts=False))["torch"]
            if ratio <= allowed:
                break
        else:
            late[name] = f"{name} took {ratio:.2f} of torch's time; allowed are {allowed:.2f}."
    return late


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m autograder.bench", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "names", nargs="*", help="exercises to time; all that declare a benchmark if none"
    )
    parser.add_argument("--rounds", type=int, default=15, help="turns to take the median of")
    parser.add_argument("--write", action="store_true", help="renew the table of the web book")
    parser.add_argument(
        "--gate", action="store_true", help="fail where a ratio with a goal has become much worse"
    )
    chosen = parser.parse_args(argv)
    known = timed()
    unknown = set(chosen.names) - set(known)
    if unknown:
        parser.error(
            f"no benchmark is declared for {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        )
    if chosen.gate:
        late = gate([n for n in chosen.names or GOALS if n in GOALS], chosen.rounds)
        print("\n".join(late.values()) or "Every reference keeps its ratio to torch.")
        return int(bool(late))
    rows = table(chosen.names or list(known), chosen.rounds)
    if chosen.write:
        write(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
