"""What travels arrives unchanged; what must not travel, or is malformed, is refused."""

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import wire
from autograder.exercise import Function, Seed

numbers = hnp.arrays(
    dtype=st.sampled_from([np.float64, np.float32, np.int64, np.bool_]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0),
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | numbers
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def same(a, b):
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and (a == b or a != a)


@given(values)
def test_round_trip(value):
    assert same(value, wire.decode(wire.encode(value)))


@given(st.binary(max_size=200))
def test_noise_is_refused_or_plain(frame):
    with contextlib.suppress(wire.WireError):
        wire.decode(frame)


def test_layout_survives():
    turned = np.arange(6.0).reshape(2, 3).T
    assert wire.decode(wire.encode(turned)).flags.f_contiguous


@pytest.mark.parametrize(
    "value", [object(), {1: 2}, np.array([object()]), np.array(["text"]), 1j, len]
)
def test_other_things_do_not_travel(value):
    with pytest.raises(wire.WireError):
        wire.encode(value)


def test_code_travels_only_as_an_input():
    for value in (Function("lambda x: x"), Seed(3)):
        frame = wire.encode([value])
        with pytest.raises(wire.WireError):
            wire.decode(frame)
        assert type(wire.decode(frame, inputs=True)[0]) is type(value)


@pytest.mark.parametrize(
    "header",
    [
        {"kind": "array", "dtype": "<f8", "shape": [2], "turned": False},
        {"kind": "array", "dtype": "|O8", "shape": [1], "turned": False},
        {"kind": "array", "dtype": "<f8", "shape": [-1], "turned": False},
        {"kind": "array", "dtype": "<f8", "shape": [True], "turned": False},
        {"kind": "plain", "value": [1]},
        {"kind": "pickle", "value": "x"},
        [],
    ],
)
def test_a_forged_header_is_refused(header):
    parts = (json.dumps(header).encode(), np.ones(1).tobytes())
    frame = b"".join(struct.pack("<Q", len(part)) + part for part in parts)
    with pytest.raises(wire.WireError):
        wire.decode(frame)
