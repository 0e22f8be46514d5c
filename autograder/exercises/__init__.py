"""The declarations, one module a chapter."""

import difflib
import importlib
import pkgutil

from autograder.exercise import Exercise


def of(slug: str) -> dict[str, Exercise]:
    """The exercises of one chapter, by name, in the order of their declaration."""
    module = importlib.import_module(f"autograder.exercises.{slug}")
    found = [value for value in vars(module).values() if isinstance(value, Exercise)]
    return {exercise.name: exercise for exercise in found}


def all() -> dict[str, Exercise]:
    """Every exercise of the book, by name."""
    slugs = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: exercise for slug in slugs for name, exercise in of(slug).items()}


def find(name: str) -> Exercise:
    """The exercise of this name.

    Raises LookupError, naming the nearest exercises, when there is none.
    """
    known = all()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=3)
    also = f" Did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    raise LookupError(
        f"There is no exercise called `{name}`; the function's name must be the exercise's.{also}"
    )
