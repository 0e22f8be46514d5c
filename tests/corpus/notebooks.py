"""The notebooks that the corpus is made of: the beginning of a released chapter, filled in and bent."""

import copy
import functools
import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder import course, exercises
from book.contents import ROOT, chapter
from corpus.entry import Notebook

ASKED = {
    "activations": ("sigmoid", "sigmoid_backward", "tanh_backward"),  # 2, 2 and 1 point
    "backpropagation": ("output_error", "relative_error", "gradient_check", "sgd_epoch"),  # 2 1 3 3
}
WHOLE = {"activations": 5.0, "backpropagation": 9.0}

# The reference calls the student's own sigmoid; this one stands alone, so that an attack in one
# answer leaves the others right.
SIGMOID_BACKWARD = """\
def sigmoid_backward(dA, z):
    e = np.exp(-np.abs(z))
    s = np.maximum(e, z >= 0) / (1 + e)
    return dA * s * (1 - s)
"""
WRONG = {
    "sigmoid": "def sigmoid(z):\n    return z\n",
    "sigmoid_backward": "def sigmoid_backward(dA, z):\n    return dA\n",
    "tanh_backward": "def tanh_backward(dA, z):\n    return dA\n",
}


@functools.cache
def _release(slug: str) -> str:
    """The released chapter as JSON, cut to the exercises asked for.

    Of the chapter on activations everything up to the third exercise is kept, experiments included.
    """
    path = ROOT / "chapters" / chapter(slug).folder / f"{slug}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    ids = [name.replace("_", "-") for name in ASKED[slug]]
    cells = notebook["cells"]
    if slug == "activations":
        last = next(i for i, cell in enumerate(cells) if grade_id(cell) == f"check-{ids[-1]}")
        notebook["cells"] = cells[: last + 1]
    else:
        wanted = {*ids, *(f"check-{one}" for one in ids)}
        setup = next(cell for cell in cells if cell["cell_type"] == "code")
        notebook["cells"] = [setup, *(cell for cell in cells if grade_id(cell) in wanted)]
    return json.dumps(notebook)


def released(slug: str = "activations") -> Notebook:
    """Return the notebook as the student receives it, stubs and all."""
    return json.loads(_release(slug))


def grade_id(cell: Any) -> str:
    return cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", "")


def source(cell: Any) -> str:
    return "".join(cell["source"])


def find(notebook: Notebook, wanted: str) -> Any:
    """The cell with this grade id."""
    return next(cell for cell in notebook["cells"] if grade_id(cell) == wanted)


def place(notebook: Notebook, wanted: str) -> int:
    return notebook["cells"].index(find(notebook, wanted))


def code(text: str) -> dict[str, Any]:
    """A code cell without an id, as nbformat 4.4 has it; ids are given by `with_ids`."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text,
    }


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def with_ids(notebook: Notebook) -> Notebook:
    for i, cell in enumerate(notebook["cells"]):
        cell.setdefault("id", f"added-{i}")
    return notebook


@functools.cache
def right_source(name: str) -> str:
    """The answer cell of one exercise with a right answer."""
    if name == "sigmoid_backward":
        return SIGMOID_BACKWARD
    exercise = exercises.find(name)
    stub = "    raise NotImplementedError  # your code here"
    cell = find(released(exercise.slug), name.replace("_", "-"))
    return source(cell).replace(stub, course.right(exercise, 0, 1))


def filled(
    slug: str = "activations", first: str = "", last: str = "", **answers: str | None
) -> Notebook:
    """Return the notebook with right answers, except where `answers` gives the cell's source.

    None leaves the stub.  `first` is a cell put before everything, `last` one after everything.
    """
    notebook = released(slug)
    for name in ASKED[slug]:
        text = answers.get(name, right_source(name))
        if text is not None:
            find(notebook, name.replace("_", "-"))["source"] = textwrap.dedent(text).strip("\n")
    if first:
        notebook["cells"].insert(0, code(textwrap.dedent(first).strip("\n")))
    if last:
        notebook["cells"].append(code(textwrap.dedent(last).strip("\n")))
    return with_ids(notebook)


def wrong(first: str = "", last: str = "", **answers: str | None) -> Notebook:
    """Return the notebook with wrong answers, to which an attack comes on top."""
    given: dict[str, str | None] = {**WRONG, **answers}
    return filled("activations", first, last, **given)


def everywhere(body: str) -> Notebook:
    """Return the notebook with the same wrong body in all three answers, `z` being the last input."""
    text = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return filled(
        sigmoid=f"def sigmoid(z):\n{text}",
        sigmoid_backward=f"def sigmoid_backward(dA, z):\n{text}",
        tanh_backward=f"def tanh_backward(dA, z):\n{text}",
    )


def edited(change: Callable[[Notebook], Any], notebook: Notebook | None = None) -> Notebook:
    """Return a right notebook after `change` has worked on it."""
    made = copy.deepcopy(notebook) if notebook is not None else filled()
    change(made)
    return with_ids(made) if isinstance(made.get("cells"), list) else made


def plain(notebook: Notebook) -> bytes:
    return json.dumps(notebook).encode()


def beside(made: Notebook | bytes, slug: str = "activations", **files: str) -> Callable:
    """Hand in a notebook with other files beside it; `__` in a name is a dot, `//` a folder."""

    def hand_in(folder: Path) -> None:
        data = made if isinstance(made, bytes) else plain(made)
        (folder / f"{slug}.ipynb").write_bytes(data)
        for name, text in files.items():
            path = folder / name.replace("___", "/").replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return hand_in
