"""Time every reference beside torch and beside the plain loop, in one process, on one thread.

The three are run in turn, so that a busy moment of the machine hits them alike; what is printed is
the ratio of medians.  Below 1 the reference is the faster one.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import exercises
from autograder.exercise import Exercise, Inputs
from autograder.observe import fresh


def ratios(exercise: Exercise, rounds: int = 15) -> dict[str, float]:
    """Seconds of the reference, and the times of torch and the loop divided by it.

    Tensors are made beforehand; a backward's time includes torch's own forward, which it needs.
    """
    assert exercise.large is not None
    inputs = exercise.large(np.random.default_rng(0))
    running: dict[str, Callable[[], Any]] = {"reference": _called(exercise.reference, inputs)}
    if exercise.torch_ready:
        running["torch"] = exercise.torch_ready(fresh(inputs))
    if exercise.by_loop:
        running["loop"] = _called(exercise.by_loop, inputs)
    times: dict[str, list[float]] = {name: [] for name in running}
    for turn in range(rounds + 1):
        for name, function in running.items():
            if name == "loop" and turn > 2:
                continue  # a loop is slow enough to be measured in few runs
            spent = _seconds(function)
            if turn:  # the first turn warms the caches
                times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items()}


def _called(function: Callable, inputs: Inputs) -> Callable[[], Any]:
    given: dict[str, Any] = fresh(inputs)
    return lambda: function(**given)


def _seconds(function: Callable) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m autograder.bench", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "names", nargs="*", help="exercises to time; all that declare a benchmark if none"
    )
    parser.add_argument("--rounds", type=int, default=15, help="turns to take the median of")
    chosen = parser.parse_args(argv)
    known = {name: one for name, one in exercises.all().items() if one.large}
    unknown = set(chosen.names) - set(known)
    if unknown:
        parser.error(
            f"no benchmark is declared for {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        )
    print(f"{'exercise':24}{'reference':>12}{'ref / torch':>14}{'loop / ref':>12}")
    for name in chosen.names or known:
        found = ratios(known[name], chosen.rounds)
        own = found["reference"]
        torch = f"{own / found['torch']:.2f}" if "torch" in found else "–"
        loop = f"{found['loop'] / own:.0f}" if "loop" in found else "–"
        print(f"{name:24}{1e3 * own:>9.3f} ms{torch:>14}{loop:>12}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
