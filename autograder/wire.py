"""Inputs and outputs as frames, so that an answer can run in another process.

A value becomes a JSON header and a list of raw buffers; nothing is pickled, and what is decoded can
only be arrays of a few number types, numbers, strings, lists, tuples and dicts.  A callable input
travels as its source, a Generator as its seed; neither is ever decoded from a result.
"""

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercise import Function, Seed

DTYPES = {"<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "|u1", "<u2", "<u4", "<u8", "|b1"}
DEPTH = 6


class WireError(ValueError):
    """The value, or the frame, is not one that may travel."""


def encode(value: Any) -> bytes:
    """One frame: header length, header, then each buffer behind its own length."""
    buffers: list[bytes] = []
    header = json.dumps(_pack(value, buffers, 0), allow_nan=False).encode()
    return b"".join(struct.pack("<Q", len(part)) + part for part in (header, *buffers))


def decode(frame: bytes, inputs: bool = False) -> Any:
    """Rebuild the value of a frame.  With `inputs`, functions and seeds are rebuilt too.

    Raises WireError for anything malformed.
    """
    parts = _parts(frame)
    try:
        value = _unpack(json.loads(next(parts)), parts, inputs, 0)
    except (StopIteration, KeyError, TypeError, ValueError, RecursionError) as error:
        raise WireError(f"malformed frame: {error!r}") from None
    if next(parts, None) is not None:
        raise WireError("malformed frame: more buffers than the header names")
    return value


def _parts(frame: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(frame):
        if at + 8 > len(frame):
            raise WireError("malformed frame: cut short")
        (size,) = struct.unpack_from("<Q", frame, at)
        if size > len(frame) - at - 8:
            raise WireError("malformed frame: cut short")
        yield frame[at + 8 : at + 8 + size]
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
        return {"kind": "float", "hex": value.hex()}
    if value is None or isinstance(value, bool | int | str):
        return {"kind": "plain", "value": value}
    if isinstance(value, Function):
        return {"kind": "function", "source": value.source}
    if isinstance(value, Seed):
        return {"kind": "seed", "seed": value.seed}
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {"kind": kind, "items": [_pack(item, buffers, depth + 1) for item in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        items = [[key, _pack(item, buffers, depth + 1)] for key, item in value.items()]
        return {"kind": "dict", "items": items}
    raise WireError(f"a {type(value).__name__} does not travel")


def _unpack(header: dict, parts: Iterator[bytes], inputs: bool, depth: int) -> Any:
    kind = header["kind"]
    if depth > DEPTH:
        raise ValueError(f"nested more than {DEPTH} deep")
    if kind in ("array", "scalar"):
        return _array(header, next(parts))
    if kind == "float":
        return float.fromhex(header["hex"])
    if kind == "plain":
        value = header["value"]
        if value is not None and not isinstance(value, bool | int | str):
            raise ValueError("not a plain value")
        return value
    if kind in ("list", "tuple"):
        items = [_unpack(item, parts, inputs, depth + 1) for item in header["items"]]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict":
        return {str(key): _unpack(item, parts, inputs, depth + 1) for key, item in header["items"]}
    if inputs and kind == "function":
        return Function(header["source"])
    if inputs and kind == "seed":
        return Seed(int(header["seed"]))
    raise ValueError(f"unknown kind {kind!r}")


def _array(header: dict, data: bytes) -> Any:
    shape = header["shape"]
    if header["dtype"] not in DTYPES:
        raise ValueError(f"dtype {header['dtype']!r}")
    if len(shape) > 32 or any(type(size) is not int or size < 0 for size in shape):
        raise ValueError(f"shape {shape!r}")
    flat = np.frombuffer(data, dtype=header["dtype"]).copy()
    array = flat.reshape(shape[::-1]).T if header["turned"] else flat.reshape(shape)
    return array[()] if header["kind"] == "scalar" else array
