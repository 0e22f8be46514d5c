"""Run a notebook's cells as its kernel would, less what is no Python and what costs only time."""

import ast
import linecache
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

ON_TOP = re.compile(r"\s*%%(\w+)")  # the first line of a cell magic
PYTHON_BELOW = {"time", "timeit", "capture", "prun"}
BESIDE = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*)$")  # a line magic, a command, a question
ASSIGNED = re.compile(r"^(\s*[\w.,\s]+=\s*)[%!].*$")
FUTURE = 0x1FE0000  # compiler flags that `from __future__ import` sets
MOST_WORDS = 1000  # letters of an error that are reported


class Quiet:
    """Takes the place of what a notebook calls for its reader's sake: does nothing with anything."""

    def __call__(self, *args: Any, **named: Any) -> "Quiet":
        return self

    def __getattr__(self, name: str) -> "Quiet":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __repr__(self) -> str:
        return ""


QUIET = (
    *("check", "hint", "solution", "verify", "grade", "use_my_own"),
    *("display", "get_ipython"),
)


class Notebook:
    """The names that cells have defined so far, in a module that passes for `__main__`."""

    def __init__(self) -> None:
        module = types.ModuleType("__main__")
        module.__dict__.update((name, Quiet()) for name in QUIET)
        module.__dict__.update(exit=sys.exit, quit=sys.exit)
        sys.modules["__main__"] = module
        self.names = module.__dict__
        self._count = 0
        self._flags = 0

    def run(self, source: str, own: bool) -> str:
        """Run a cell; return "" or the error that it ended with, or the import that it lacked.

        own: a student's cell, run whole.  Of any other only definitions are, each failing alone.
        """
        self._count += 1
        file = f"<cell {self._count}>"
        lacking = ""
        try:
            source, tree = parsed(source)
            linecache.cache[file] = (len(source), None, source.splitlines(True), file)
            for statement in tree.body if own else definitions(tree):
                try:
                    self._execute(statement, file)
                except ImportError as error:
                    lacking = lacking or in_words(error)
                except BaseException:
                    if own:
                        raise
        except BaseException as error:  # SystemExit and all else that a cell can end with
            return in_words(error)
        return lacking if own else ""

    def _execute(self, statement: ast.stmt, file: str) -> None:
        """Run one statement; what it imports from `__future__` holds for all that follow."""
        tree = ast.Module([statement], type_ignores=[])
        code = compile(tree, file, "exec", flags=self._flags, dont_inherit=True)
        self._flags |= code.co_flags & FUTURE
        exec(code, self.names)


def in_words(error: BaseException) -> str:
    """Say an error's type and words, however it resists."""
    try:
        words = str(error)
    except BaseException:
        words = ""
    return f"{type(error).__name__}: {words}"[:MOST_WORDS]


def parsed(source: str) -> tuple[str, ast.Module]:
    """Parse a cell; only if it is no Python, without the lines that speak to the notebook."""
    magic = ON_TOP.match(source)
    if magic:
        source = "\n" + source.lstrip().partition("\n")[2] if magic[1] in PYTHON_BELOW else ""
    lines = source.split("\n")
    for _ in lines:
        try:
            return source, ast.parse(source)
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not 0 <= at < len(lines) or not _silence(lines, at):
                break
            source = "\n".join(lines)
    # The parser did not point at a magic: take them all away, and let it complain of the rest.
    for at in range(len(lines)):
        _silence(lines, at)
    source = "\n".join(lines)
    return source, ast.parse(source)


def _silence(lines: list[str], at: int) -> bool:
    """Replace a line that speaks to the notebook by one that does nothing; say whether it did."""
    before = lines[at]
    lines[at] = ASSIGNED.sub(r"\1None", BESIDE.sub(r"\1pass", before))
    return lines[at] != before


def definitions(tree: ast.Module) -> Iterator[ast.stmt]:
    """The imports, functions, classes and constants at a cell's top level."""
    for one in tree.body:
        if isinstance(
            one,
            ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
        ) or (isinstance(one, ast.Assign | ast.AnnAssign) and _constant(one.value)):
            yield one


def _constant(value: ast.expr | None) -> bool:
    try:
        ast.literal_eval(value or ast.Constant(None))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
