"""The learner's version of an assignment, as `nbgrader generate_assignment` makes it."""

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

STUB = "raise NotImplementedError  # your code here"
CONFIG = Config(ClearSolutions={"code_stub": {"python": STUB}})
STEPS = (
    LockCells,
    ClearSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    ClearHiddenTests,
    ClearMarkScheme,
    ComputeChecksums,
    CheckCellMetadata,
)

_last: tuple[NotebookNode, NotebookNode] | None = None


def release(solved: NotebookNode) -> NotebookNode:
    """Return what nbgrader releases of a solved notebook.

    The last one is kept, because a class is graded on one assignment; take a copy to change it.
    """
    global _last
    if _last is None or _last[0] is not solved:
        _last = solved, _made(solved)
    return _last[1]


def _made(solved: NotebookNode) -> NotebookNode:
    made, resources = nbformat.from_dict(solved), dict[str, dict]()
    for step in STEPS:
        made, resources = step(config=CONFIG).preprocess(made, resources)
    return made
