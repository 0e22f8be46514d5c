"""The figure of the page on precision."""

import numpy as np
from figure_pages import Hand

from book.figures import Figure
from book.figures.precision import SHOWN, FloatBits, bits
from precision.formats import FLOAT16, FLOAT32


def random_bits(rng: np.random.Generator) -> Figure:
    return FloatBits(
        format=str(rng.choice(SHOWN)),
        lead=round(rng.uniform(1, 1.999), 3),
        power=int(rng.integers(-30, 21)),
        shift=int(rng.integers(0, 27)),
    )


HANDS = [Hand(FloatBits, random_bits, drag=(".drag-area", 50, 0))]


def test_the_bits_are_the_ones_in_memory() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        x = rng.uniform(1, 2) * 2.0 ** rng.integers(-24, 15)
        half, single = np.float16(x), np.float32(x)
        assert bits(float(half), FLOAT16).replace(" ", "") == f"{int(half.view(np.uint16)):016b}"
        assert (
            bits(float(single), FLOAT32).replace(" ", "") == f"{int(single.view(np.uint32)):032b}"
        )


def test_an_addition_is_lost_where_the_answer_says() -> None:
    for name, first in (("bfloat16", 9), ("float32", 25)):
        at = [FloatBits(format=name, shift=k).compute() for k in range(27)]
        lost = [k for k, state in enumerate(at) if state["sum"] == state["value"]]
        assert lost == list(range(first, 27)), name


def test_a_small_format_overflows() -> None:
    assert FloatBits(format="float16", power=16).compute()["value"] is None
    assert FloatBits(format="bfloat16", power=16).compute()["value"] > 65504
