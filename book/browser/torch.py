"""Stands in for PyTorch where the notebooks run in a browser, and says so instead of failing oddly.

Importing it, and naming anything inside it, works; so a chapter's first cell runs.
Calling anything but a few settings ends the cell with one sentence.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SENTENCE = (
    "PyTorch does not run in a browser, and this cell asks it for {name}. "
    "Skip the cell: your functions, the figures and `check` work without it. "
    "To run everything, install the book on your computer and type `make learn`."
)


class NoTorchInTheBrowser(ImportError):
    """An ImportError, as on any machine without torch; a notebook shows the sentence alone."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Missing:
    """Something of PyTorch's: it has a name and parts, and cannot be used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, part: str) -> "Missing":
        if part.startswith("__"):
            raise AttributeError(part)
        return Missing(f"{self._name}.{part}")

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise NoTorchInTheBrowser(SENTENCE.format(name=self._name))

    def __mro_entries__(self, bases: tuple) -> tuple:
        return self()  # a class that would inherit from it

    def __instancecheck__(self, thing: object) -> bool:
        return False


class Cuda(Missing):
    """PyTorch's part for graphics cards."""

    def is_available(self) -> bool:
        """Say that there is no graphics card."""
        return False


class Part(MetaPathFinder, Loader):
    """Makes `import torch.nn` work as `torch.nn` does."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Find every submodule of torch."""
        return ModuleSpec(name, self, is_package=True) if name.startswith("torch.") else None

    def exec_module(self, module: ModuleType) -> None:
        """Give the submodule whatever it is asked for."""
        missing = Missing(module.__name__)
        module.__dict__["__getattr__"] = lambda part: getattr(missing, part)


def manual_seed(seed: int) -> None:
    """Do nothing: there is no chance to seed."""


def set_num_threads(number: int) -> None:
    """Do nothing: there are no threads."""


def __getattr__(part: str) -> Missing:
    return getattr(Missing("torch"), part)


__version__ = "absent"
__path__: list[str] = []
cuda = Cuda("torch.cuda")
if __name__ == "torch":
    sys.meta_path.append(Part())
