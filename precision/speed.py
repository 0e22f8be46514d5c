"""Time the same network in NumPy and in torch, by size, and what bounds each device.

Everything is kept as a ratio: seconds of one machine mean little to the reader of another.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from precision.columns import COLUMNS, Column, setting
from precision.formats import short

WIDTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)
BATCH, LAYERS, ROUNDS = 64, 3, 9
LONG_ENOUGH = 0.01  # seconds
NAMES = (
    "NumPy float32",
    "torch CPU float32",
    "torch GPU float32",
    "torch GPU TF32",
    "torch GPU bfloat16",
)
TIMED = [column for column in COLUMNS if column.name in NAMES]


def forward(x: Any, weights: list[Any], bend: Callable) -> Any:
    """Return what the network says: relu(x Wᵀ), layer after layer; arrays or tensors."""
    for W in weights:
        x = bend(x @ W.T)
    return x


def ratios(width: int) -> dict[str, float]:
    """Return each available column's time for a network of this width, divided by NumPy's.

    The columns take turns, and the quickest of their turns counts: what else a machine is doing
    makes a turn slower, and never quicker.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, width)).astype(np.float32)
    weights = [
        (rng.normal(size=(width, width)) / width**0.5).astype(np.float32) for _ in range(LAYERS)
    ]
    here = [one for one in TIMED if one.available]
    runs = {one: _network(one, x, weights) for one in here}
    turns = [{one.name: _seconds(one, run) for one, run in runs.items()} for _ in range(ROUNDS)]
    best = {one.name: min(turn[one.name] for turn in turns) for one in here}
    return {name: short(took / best["NumPy float32"]) for name, took in best.items()}


def bounds(column: Column) -> dict[str, float]:
    """Return a device's balance, in operations a byte, and the price of a call, in operations.

    An operation is an addition or a multiplication, at the rate of a large matrix product.
    """
    big = np.ones((2048, 2048), dtype=np.float32)
    long = np.ones(2**25, dtype=np.float32)
    one = np.ones(1, dtype=np.float32)
    product = _best(column, _program(column, big, lambda a: a @ a))
    copy = _best(column, _program(column, long, lambda a: a + a))
    call = _best(column, _program(column, one, lambda a: a + a))
    rate = 2 * 2048**3 / product
    size = 2 if column.held.bits == 16 else 4
    bandwidth = 2 * size * len(long) / copy  # read once, written once
    return {"balance": short(rate / bandwidth), "call": short(call * rate)}


def _network(column: Column, x: np.ndarray, weights: list[np.ndarray]) -> Callable[[], Any]:
    if column.who == "numpy":
        return lambda: forward(x, weights, lambda z: np.maximum(z, 0))
    kind = torch.bfloat16 if column.held.bits == 16 else torch.float32
    X = torch.from_numpy(x).to(column.device, kind)
    Ws = [torch.from_numpy(W).to(column.device, kind) for W in weights]
    return lambda: forward(X, Ws, torch.relu)


def _program(column: Column, a: np.ndarray, does: Callable) -> Callable[[], Any]:
    if column.who == "numpy":
        return lambda: does(a)
    kind = torch.bfloat16 if column.held.bits == 16 else torch.float32
    A = torch.from_numpy(a).to(column.device, kind)
    return lambda: does(A)


def _best(column: Column, run: Callable[[], Any]) -> float:
    return min(_seconds(column, run) for _ in range(ROUNDS // 2))


def _seconds(column: Column, run: Callable[[], Any]) -> float:
    """Return the time of one run; a GPU is asked for several at once, and waited for."""
    wait = torch.cuda.synchronize if column.device == "cuda" else lambda: None
    with setting(column), torch.inference_mode():
        run()  # the first one warms the caches and chooses algorithms
        wait()
        repeats, taken = 1, 0.0
        while taken < LONG_ENOUGH:  # several in a row, since the clock is coarse
            start = time.perf_counter()
            for _ in range(repeats):
                run()
            wait()
            taken = time.perf_counter() - start
            repeats *= 2
    return 2 * taken / repeats
