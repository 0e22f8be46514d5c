"""Let the exercises be imported where SciPy is missing; the runner calls nothing of it.

Alternatives, mistakes and some oracles use SciPy; references, cases and torch's side do not.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from types import ModuleType
from typing import Any


class Absent(ModuleType):
    """A module in which every name exists, and says what is missing when it is called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self.__name__}.{name}")

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise ModuleNotFoundError(f"{self.__name__} is called, and SciPy is not installed here.")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `scipy` and what is in it."""

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a specification of an absent module for names of SciPy's."""
        ours = name.partition(".")[0] == "scipy"
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if ours else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return the absent module."""
        return Absent(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is; there is nothing to run."""


if importlib.util.find_spec("scipy") is None:
    sys.meta_path.append(Finder())
