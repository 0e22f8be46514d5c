"""The learner's own checked functions, kept for later chapters: my-book/mine/<slug>.py.

When `check` says right, the function is kept there with what it needs to run alone: the imports it
uses, the functions of the notebook that it calls, plain constants.  It is kept only if that copy,
run by itself, is right too.

Where the learner has said `use_my_own()`, a notebook that imports an earlier chapter's function has
it exchanged, after the cell, for the learner's.  Only names in the notebook are exchanged: within
`solutions`, references go on calling references, and a kept function that imports from an earlier
chapter gets the book's.  So one mistake shows in one place, and checks, figures, grading, tests and
the web book never see a learner's code.
"""

import ast
import builtins
import functools
import inspect
import os
import symtable
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from autograder import exercises, memory
from autograder.exercise import Case, Exercise
from autograder.judge import judge
from autograder.observe import observe_all

FOLDER = "mine"
OPTION = "use_my_own"  # its entry in progress.json; no exercise has this name
SLOWER = 20  # more than this times the book's seconds, and a chapter would not end in a few minutes
SHORTEST = 0.05  # seconds that an answer gets however fast the book's is
HEAD = '"""Your own functions, kept by `check`. Change one in its notebook and check it again."""'


class NotKept(Exception):
    """Why a right answer cannot be kept; the message completes "it is not kept, since …"."""


# -- keeping -----------------------------------------------------------------------------------


def keep(exercise: Exercise, answer: Callable) -> str:
    """Keep a right answer for later chapters; return "" or why it could not be kept."""
    folder = memory.home()
    if folder is None or inspect.unwrap(answer) is exercise.reference:
        return ""
    path = folder / FOLDER / f"{exercise.slug}.py"
    try:
        pieces = dict(_pieces(answer, exercise.name, {}))
        path.parent.mkdir(exist_ok=True)
        with memory.lock(folder):
            text = _text(_replaced(_read(path), pieces, exercise.name))
            if not judge(exercise, _run(text, path)[exercise.name]).right:
                raise NotKept("a copy of it does not run outside of this notebook")
            memory.write(path, text)
    except NotKept as why:
        return str(why)
    except OSError as error:
        return f"mine/{path.name} cannot be written ({error.strerror or 'another one is writing'})"
    return ""


def _pieces(answer: Callable, name: str, found: dict[str, str]) -> dict[str, str]:
    """The statements that make `answer` run alone: name → source, what it calls among them."""
    function = inspect.unwrap(answer)
    found[name] = source = _source(function, name)
    space = getattr(function, "__globals__", {})
    for used in sorted(_names(source) & space.keys() - found.keys()):
        value = _lent[space[used]] if _is_lent(space[used]) else space[used]
        if getattr(inspect.unwrap(value), "__globals__", None) is space:
            _pieces(value, used, found)
        else:
            found[used] = _statement(used, value)
    return found


def _source(function: Any, name: str) -> str:
    try:
        source = textwrap.dedent(inspect.getsource(function))
        (node,) = ast.parse(source).body
    except (OSError, TypeError, SyntaxError, ValueError):
        raise NotKept(f"the source of `{name}` could not be found") from None
    if not isinstance(node, ast.FunctionDef) or node.name != name:
        raise NotKept(f"`{name}` is not written as a function of that name, `def {name}`")
    return source.rstrip()


def _names(source: str) -> set[str]:
    """The global names that a definition uses."""

    def used(table: symtable.SymbolTable) -> Iterator[str]:
        outside = table.get_type() == "module"
        for one in table.get_symbols():
            if one.is_referenced() and (outside or one.is_global()):
                yield one.get_name()
        for inner in table.get_children():
            yield from used(inner)

    return set(used(symtable.symtable(source, "<answer>", "exec"))) - vars(builtins).keys()


def _statement(name: str, value: Any) -> str:
    """An import or an assignment that gives `name` this value anywhere."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else "")
    home = "numpy" if isinstance(value, np.ufunc) else getattr(value, "__module__", None)
    known = getattr(value, "__name__", name)
    if home and home != "__main__" and getattr(sys.modules.get(home), known, None) is value:
        return f"from {home} import {known}" + (f" as {name}" if known != name else "")
    try:
        if ast.literal_eval(repr(value)) == value:
            return f"{name} = {value!r}"
    except (ValueError, SyntaxError, TypeError):
        pass
    raise NotKept(f"it uses `{name}`, which is made elsewhere in the notebook")


def _read(path: Path) -> dict[str, str]:
    """The statements kept so far, by the name that each defines; an unreadable file is set aside."""
    try:
        text = path.read_text(encoding="utf-8")
        body = ast.parse(text).body
    except FileNotFoundError:
        return {}
    except (SyntaxError, ValueError):
        path.replace(path.with_name(f"{path.name}.unreadable"))
        return {}
    return {name: _segment(text, node) for node in body if (name := _defined(node))}


def _segment(text: str, node: ast.stmt) -> str:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def _defined(node: ast.stmt) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return node.names[0].asname or node.names[0].name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return getattr(node, "name", "")


def _replaced(kept: dict[str, str], new: dict[str, str], name: str) -> dict[str, str]:
    """What is kept after one answer; another exercise's is only replaced by its own check."""
    theirs = (exercises.all().keys() & kept.keys()) - {name}
    return kept | {one: text for one, text in new.items() if one not in theirs}


def _text(statements: dict[str, str]) -> str:
    """A module: imports and constants first, then the functions."""
    lines, functions = list[str](), list[str]()
    for one in statements.values():
        is_function = isinstance(ast.parse(one).body[0], ast.FunctionDef)
        (functions if is_function else lines).append(one)
    top = "\n\n".join([HEAD, *(["\n".join(lines)] if lines else [])])
    return "\n\n\n".join([top, *functions]) + "\n"


def _run(text: str, path: Path) -> dict[str, Any]:
    """The names that a kept module defines."""
    module = ModuleType(f"{FOLDER}.{path.stem}")
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)
    except Exception as error:
        raise NotKept(f"mine/{path.name} does not load ({type(error).__name__}: {error})") from None
    return module.__dict__


# -- using -------------------------------------------------------------------------------------

_lent: dict[Any, Callable] = {}  # what notebooks got → the reference in whose place it stands
_chosen: dict[
    str, Callable | str
] = {}  # by exercise: the learner's function, or why it is not used


def attend() -> None:
    """In a learner's kernel, exchange functions after each cell, if the learner wants that."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and memory.home() is not None and "NND_REPRODUCIBLE" not in os.environ:
        shell.events.register("post_run_cell", lambda result: _tell(exchange(shell.user_ns)))


def switch(on: bool) -> str:
    """Remember whether the learner's functions are used; return what to say."""
    if memory.home() is None:
        return "Nothing is remembered here: this notebook is not in a learner's folder."
    _chosen.clear()
    memory.remember(OPTION, on=bool(on))
    if not on:
        return "The book's functions are used again, here and in every notebook."
    return (
        "Your own functions are used where they passed their check, here and in every notebook; "
        "`use_my_own(False)` goes back to the book's."
    )


def exchange(space: dict[str, Any]) -> str:
    """Put the learner's functions in the place of references, or back; return what to say of it."""
    on = memory.load().get(OPTION, {}).get("on") is True
    mine, books = list[str](), dict[str, list[str]]()
    for name, value in list(space.items()):
        if not isinstance(value, FunctionType) or name.startswith("_"):
            continue
        if value in _lent and (not on or _chosen.get(_lent[value].__name__) is not value):
            space[name] = value = _lent[value]
        exercise = _asked(value) if on else None
        if exercise is None:
            continue
        news = exercise.name not in _chosen
        if news:
            _chosen[exercise.name] = _choose(exercise)
        chosen = _chosen[exercise.name]
        if not isinstance(chosen, str):
            space[name] = chosen
            mine.append(name)
        elif news:
            books.setdefault(chosen, []).append(name)
    return _in_words(mine, books)


def _asked(function: FunctionType) -> Exercise | None:
    """The exercise whose reference this is."""
    package, _, slug = (function.__module__ or "").partition(".")
    if package != "solutions" or not slug:
        return None
    exercise = exercises.of(slug).get(function.__name__)
    return exercise if exercise and exercise.reference is function else None


def _choose(exercise: Exercise) -> Callable | str:
    """The learner's function, ready for use, or why the book's is used."""
    folder = memory.home()
    if folder is None or not memory.load().get(exercise.name, {}).get("solved"):
        return "not solved yet"
    path = folder / FOLDER / f"{exercise.slug}.py"
    try:
        answer = _run(path.read_text(encoding="utf-8"), path).get(exercise.name)
    except NotKept as why:
        return str(why)
    except (OSError, ValueError):
        answer = None
    if answer is None:
        return "no copy of yours is kept: run its check again"
    verdict = judge(exercise, answer)
    if not verdict.right:
        return f"yours does not pass its check any more: {verdict.finding}"
    if _too_slow(exercise, answer):
        return f"yours is right, and takes more than {SLOWER} times as long"
    return _lend(exercise, answer)


def _too_slow(exercise: Exercise, answer: Callable) -> bool:
    """Whether a chapter would wait for this one, at a realistic size where one is declared."""
    cases = exercise.draw(0)
    if exercise.large is not None:
        cases = [Case("of a realistic size", exercise.large(np.random.default_rng(0)))]
    start = time.perf_counter()
    observe_all(exercise.reference, cases, exercise.seconds)
    limit = max(SLOWER * (time.perf_counter() - start), SHORTEST)
    return all(observe_all(answer, cases, limit)[-1].error == "OutOfTime" for _ in range(2))


def _lend(exercise: Exercise, answer: Callable) -> Callable:
    """The learner's function; where it raises, the reference answers, and a note says so."""
    name, said = exercise.name, list[str]()

    @functools.wraps(answer)
    def own(*args: Any, **named: Any) -> Any:
        try:
            return answer(*args, **named)
        except Exception as error:
            result = exercise.reference(
                *args, **named
            )  # where this raises too, all is as it should
            if not said:
                said.append(name)
                _tell(
                    f"Your own `{name}` raised {type(error).__name__} ({error}); the book's was used."
                )
            return result

    _lent[own] = exercise.reference
    return own


def _is_lent(value: Any) -> bool:
    return isinstance(value, FunctionType) and value in _lent


def _in_words(mine: list[str], books: dict[str, list[str]]) -> str:
    said = [f"Your own {', '.join(f'`{name}`' for name in mine)}."] if mine else []
    listed = [f"{', '.join(f'`{one}`' for one in names)} ({why})" for why, names in books.items()]
    return " ".join([*said, *([f"The book's {'; '.join(listed)}."] if listed else [])])


def _tell(words: str) -> None:
    if words:
        print(words.replace("`", ""))
