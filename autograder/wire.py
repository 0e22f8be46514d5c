"""Inputs and outputs as frames, so that an answer can run in another process.

A value becomes a JSON header and a list of raw buffers; nothing is pickled, and what is decoded can
only be arrays of a few number types, numbers, strings, lists, tuples and dicts.  A callable input
travels as its source, a Generator as its seed; neither is ever decoded from a result.
"""

import json
import math
import struct
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from autograder.exercise import Function, Seed

DTYPES = {"<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "|u1", "<u2", "<u4", "<u8", "|b1"}
DEPTH = 6
MOST_HEADER = 2 << 20  # bytes of JSON: Python needs up to thirty times as much to hold what it says
MOST_NUMBERS = 1 << 27  # of an array; an empty one may not claim more along its other axes either
MOST_AXES = 16
MOST_BITS = 1000  # of a whole number, so that float() of it never overflows
MOST_TEXT = 10_000  # letters; the rest is cut off


class WireError(ValueError):
    """The value, or the frame, is not one that may travel."""


def encode(value: Any) -> bytes:
    """One frame: header length, header, then each buffer behind its own length."""
    buffers: list[bytes] = []
    header = json.dumps(_pack(value, buffers, 0), allow_nan=False).encode()
    if len(header) > MOST_HEADER:
        raise WireError("too many parts to travel")
    return b"".join(struct.pack("<Q", len(part)) + part for part in (header, *buffers))


def decode(frame: bytes, inputs: bool = False) -> Any:
    """Rebuild the value of a frame.  With `inputs`, functions and seeds are rebuilt too.

    Raises WireError for anything malformed.
    """
    parts = _parts(frame)
    try:
        value = _unpack(strict_json(next(parts), MOST_HEADER), parts, inputs, 0)
    except (StopIteration, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise WireError(f"malformed frame: {error!r:.200}") from None
    if next(parts, None) is not None:
        raise WireError("malformed frame: more buffers than the header names")
    return value


def strict_json(text: bytes | memoryview, most: int = MOST_HEADER) -> Any:
    """Read JSON: UTF-8, no NaN or Infinity, no name twice in an object.  Raises WireError."""
    if len(text) > most:
        raise WireError("malformed frame: the header is too long")
    try:
        return json.loads(str(text, "utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"malformed frame: {error!r:.200}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _parts(frame: bytes) -> Iterator[memoryview]:
    at, whole = 0, memoryview(frame)
    while at < len(whole):
        if at + 8 > len(whole):
            raise WireError("malformed frame: cut short")
        (size,) = struct.unpack_from("<Q", whole, at)
        if size > len(whole) - at - 8:
            raise WireError("malformed frame: cut short")
        yield whole[at + 8 : at + 8 + size]
        at += 8 + size


def _pack(value: Any, buffers: list[bytes], depth: int) -> dict:
    if depth > DEPTH:
        raise WireError(f"nested more than {DEPTH} deep")
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        dtype = array.dtype.newbyteorder("<") if array.dtype.byteorder == ">" else array.dtype
        if dtype.str not in DTYPES:
            raise WireError(f"arrays of dtype {array.dtype} do not travel")
        turned = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
        buffers.append((array.T if turned else array).astype(dtype).tobytes())
        kind = "scalar" if isinstance(value, np.generic) else "array"
        return {"kind": kind, "dtype": dtype.str, "shape": list(array.shape), "turned": turned}
    if isinstance(value, float):
        return {"kind": "float", "hex": float(value).hex()}
    if value is None or isinstance(value, bool | int | str):
        return {"kind": "plain", "value": _plain(value)}
    if isinstance(value, Function):
        return {"kind": "function", "source": value.source}
    if isinstance(value, Seed):
        return {"kind": "seed", "seed": value.seed}
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {"kind": kind, "items": [_pack(item, buffers, depth + 1) for item in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        items = [[_plain(key), _pack(item, buffers, depth + 1)] for key, item in value.items()]
        return {"kind": "dict", "items": items}
    raise WireError(f"a {type(value).__name__} does not travel")


def _plain(value: Any) -> Any:
    """The value, if it is a truth value, a whole number or text that anything can write down."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if value.bit_length() > MOST_BITS:
            raise WireError(f"a whole number of more than {MOST_BITS} bits does not travel")
        return int(value)
    if not isinstance(value, str):
        raise WireError("not a plain value")
    if any("\ud800" <= letter <= "\udfff" for letter in value[:MOST_TEXT]):
        raise WireError("half a letter does not travel")
    return str(value[:MOST_TEXT])


def _unpack(header: dict, parts: Iterator[memoryview], inputs: bool, depth: int) -> Any:
    kind = header["kind"]
    if depth > DEPTH:
        raise ValueError(f"nested more than {DEPTH} deep")
    if kind in ("array", "scalar"):
        return _array(header, next(parts))
    if kind == "float":
        return float.fromhex(header["hex"])
    if kind == "plain":
        return _plain(header["value"])
    if kind in ("list", "tuple"):
        items = [_unpack(item, parts, inputs, depth + 1) for item in _listed(header)]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict":
        return _once([_item(pair, parts, inputs, depth) for pair in _listed(header)])
    if inputs and kind == "function":
        return Function(header["source"])
    if inputs and kind == "seed":
        return Seed(int(header["seed"]))
    raise ValueError(f"unknown kind {kind!r:.50}")


def _listed(header: dict) -> list:
    items = header["items"]
    if type(items) is not list:
        raise ValueError("items that are no list")
    return items


def _item(pair: Any, parts: Iterator[memoryview], inputs: bool, depth: int) -> tuple[str, Any]:
    if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not str:
        raise ValueError("an item that is no pair of a name and a value")
    return _plain(pair[0]), _unpack(pair[1], parts, inputs, depth + 1)


def _array(header: dict, data: memoryview) -> Any:
    shape, dtype, turned = header["shape"], header["dtype"], header["turned"]
    if dtype not in DTYPES or type(turned) is not bool:
        raise ValueError(f"dtype {dtype!r:.50}, turned {turned!r:.50}")
    if type(shape) is not list or len(shape) > (MOST_AXES if header["kind"] == "array" else 0):
        raise ValueError(f"shape {shape!r:.200}")
    if any(type(size) is not int or size < 0 for size in shape):
        raise ValueError(f"shape {shape!r:.200}")
    if math.prod(max(size, 1) for size in shape) > MOST_NUMBERS:
        raise ValueError("an array with too many numbers")
    flat = np.frombuffer(data, dtype=dtype).copy()
    if dtype == "|b1" and flat.view(np.uint8).max(initial=0) > 1:
        raise ValueError("a truth value that is neither 0 nor 1")
    array = flat.reshape(shape[::-1]).T if turned else flat.reshape(shape)
    return array[()] if header["kind"] == "scalar" else array
