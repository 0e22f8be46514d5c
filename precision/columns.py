"""The columns of the ledger: who computes, where, and in which format."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from precision.formats import BFLOAT16, FLOAT32, FLOAT64, TF32, Format


@dataclass(frozen=True)
class Column:
    """One way to compute every exercise.

    held: the format of inputs and results.  factors: the format to which a matrix product rounds its
    factors.  sums: the format in which sums are accumulated.
    """

    who: str  # "numpy" or "torch"
    device: str  # "cpu" or "cuda"
    held: Format
    factors: Format
    sums: Format

    @property
    def name(self) -> str:
        place = {"numpy": "NumPy", "cpu": "torch CPU", "cuda": "torch GPU"}
        what = TF32.name if self.factors is TF32 else self.held.name
        return f"{place[self.who if self.who == 'numpy' else self.device]} {what}"

    @property
    def available(self) -> bool:
        return self.device == "cpu" or torch.cuda.is_available()


def _plain(who: str, device: str, held: Format) -> Column:
    return Column(who, device, held, held, held)


COLUMNS = [
    _plain("numpy", "cpu", FLOAT64),
    _plain("numpy", "cpu", FLOAT32),
    _plain("torch", "cpu", FLOAT64),
    _plain("torch", "cpu", FLOAT32),
    Column("torch", "cpu", BFLOAT16, BFLOAT16, FLOAT32),
    _plain("torch", "cuda", FLOAT64),
    _plain("torch", "cuda", FLOAT32),
    Column("torch", "cuda", FLOAT32, TF32, FLOAT32),
    Column("torch", "cuda", BFLOAT16, BFLOAT16, FLOAT32),
]
TORCH = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16}


@contextmanager
def setting(column: Column) -> Iterator[None]:
    """Make new tensors of the column's kind; allow TF32 in it alone; put everything back."""
    before = (
        torch.get_default_dtype(),
        torch.get_float32_matmul_precision(),
        torch.backends.cudnn.allow_tf32,
    )
    threads = torch.get_num_threads()
    try:
        torch.set_default_dtype(TORCH[column.held.name])
        torch.set_float32_matmul_precision("high" if column.factors is TF32 else "highest")
        torch.backends.cudnn.allow_tf32 = column.factors is TF32
        torch.set_num_threads(1)
        with torch.device(column.device):
            yield
    finally:
        torch.set_default_dtype(before[0])
        torch.set_float32_matmul_precision(before[1])
        torch.backends.cudnn.allow_tf32 = before[2]
        torch.set_num_threads(threads)


def machine(device: str) -> dict[str, str]:
    """Return what was measured on: the device by its own name, and the versions."""
    made = {"python": platform.python_version(), "numpy": np.__version__}
    made["torch"] = torch.__version__
    if device == "cuda":
        name = torch.cuda.get_device_name()
        return {"device": name, **made, "cuda": str(torch.version.cuda)}
    return {"device": _processor(), **made}


def _processor() -> str:
    """Return the processor's name where the system tells it, else its kind."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return (names or [platform.processor() or platform.machine()])[0]


def to_tensors(value: Any, column: Column) -> Any:
    """Return inputs with their arrays as tensors on the column's device, in its format."""
    if isinstance(value, np.ndarray):
        tensor = torch.from_numpy(np.ascontiguousarray(value).copy())
        kind = TORCH[column.held.name] if tensor.is_floating_point() else tensor.dtype
        return tensor.to(column.device, kind)
    if isinstance(value, dict):
        return {key: to_tensors(item, column) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_tensors(item, column) for item in value)
    return value
