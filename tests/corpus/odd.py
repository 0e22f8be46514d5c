"""Honest submissions that look unusual: each keeps its points."""

import copy
import json
import textwrap
from pathlib import Path

import jupytext
import nbformat

from autograder.course import right
from autograder.exercises import find as exercise
from corpus.entry import Notebook, odd
from corpus.notebooks import (
    WHOLE,
    code,
    edited,
    filled,
    find,
    grade_id,
    markdown,
    place,
    plain,
    right_source,
    with_ids,
)

BODY = "    e = np.exp(-np.abs(z))\n    return np.maximum(e, z >= 0) / (1 + e)\n"
ANSWERS = ("sigmoid", "sigmoid-backward", "tanh-backward")
FILLED = nbformat.reads(plain(filled()).decode(), as_version=4)


def sigmoid(
    head: str = "", body: str = BODY, tail: str = "", line: str = "def sigmoid(z):"
) -> Notebook:
    """A right notebook whose first answer cell is put together from these parts."""
    return filled(sigmoid=f"{textwrap.dedent(head)}\n{line}\n{body}\n{textwrap.dedent(tail)}")


odd("right", "Hands in right answers and nothing else.", filled(), recorded=True)
odd(
    "right in chapter 5",
    "Hands in right answers to the exercises of chapter 5 that stand alone.",
    filled(
        "backpropagation",
        sgd_epoch="""
def sgd_epoch(X, Y, weights, biases, batch_size, lr, rng):
    weights, biases = list(weights), list(biases)
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        batch = order[start : start + batch_size]
        As = [X[batch]]
        Zs = []
        for W, b in zip(weights, biases):
            Zs.append(As[-1] @ W.T + b)
            As.append(sigmoid(Zs[-1]))
        delta = sigmoid_backward((As[-1] - Y[batch]) / len(batch), Zs[-1])
        for l in reversed(range(len(weights))):
            dW, db = delta.T @ As[l], delta.sum(axis=0)
            if l:
                delta = sigmoid_backward(delta @ weights[l], Zs[l - 1])
            weights[l], biases[l] = weights[l] - lr * dW, biases[l] - lr * db
    return weights, biases
""",
    ),
    WHOLE["backpropagation"],
    chapter="backpropagation",
    recorded=True,
)

# -- what answers say and do on the way --------------------------------------------------------

odd(
    "warnings on stderr",
    "Warns on stderr in every call.",
    sigmoid(
        body="    import warnings\n    warnings.warn('slow')\n    warnings.warn('x', DeprecationWarning)\n"
        + BODY
    ),
)
odd(
    "warnings as errors",
    "Turns warnings into errors for the whole notebook.",
    filled(first="import warnings\nwarnings.simplefilter('error')"),
)
odd(
    "prints",
    "Prints shapes in every call, as one does while searching a mistake.",
    sigmoid(body="    print('z has shape', z.shape, flush=True)\n" + BODY),
    recorded=True,
)
odd(
    "prints floats last",
    "Ends each cell with a number, as stock nbgrader reads a score.",
    sigmoid(tail="0.0"),
    recorded=True,
)
odd(
    "logging",
    "Logs to stderr with the logging module.",
    sigmoid(
        head="import logging\nlogging.basicConfig(level=logging.DEBUG)",
        body="    logging.info('called %s', z.shape)\n" + BODY,
    ),
)
odd(
    "unicode printed",
    "Prints letters that an ASCII terminal cannot show.",
    sigmoid(body="    print('σ(z) 🙂', '\\ud83d')\n".replace("\\ud83d", "é") + BODY),
)
odd(
    "sleep",
    "Sleeps a tenth of a second in a cell, to watch something.",
    filled(first="import time\ntime.sleep(0.1)"),
)
odd(
    "sleep within",
    "Sleeps a little in every call.",
    sigmoid(body="    import time\n    time.sleep(0.01)\n" + BODY),
)
odd(
    "input",
    "Leaves an input() in a cell of its own.",
    filled(first="name = input('Who are you? ')"),
)
odd(
    "input within a guard",
    "Asks for input when it is run as a script, as tutorials show.",
    filled(last="if __name__ == '__main__':\n    n = input('n? ')"),
)
odd(
    "debugger",
    "Leaves an interactive debugger in a cell.",
    filled(first="import pdb\npdb.set_trace()\nx = 1"),
)
odd(
    "breakpoint",
    "Leaves breakpoint() in an answer cell, after the definition.",
    sigmoid(tail="breakpoint()"),
)
odd("exit at the end", "Ends the notebook with exit().", filled(last="exit()"))
odd(
    "sys exit between",
    "Has sys.exit() in a cell in the middle, to stop Run All there.",
    edited(
        lambda book: book["cells"].insert(
            place(book, "sigmoid-backward"), code("import sys\nsys.exit('done for today')")
        )
    ),
)

# -- the notebook's form -----------------------------------------------------------------------


def renamed(name: str):
    return lambda folder: (folder / name).write_bytes(plain(filled())) and None


odd(
    "renamed",
    "Renames the notebook.",
    renamed("activations (1).ipynb"),
    flagged=True,
    recorded=True,
)
odd(
    "renamed by hand",
    "Calls the notebook by the student's own name.",
    renamed("Übung 2 – María José.ipynb"),
    flagged=True,
)
odd(
    "capital letters",
    "Calls the notebook Activations.IPYNB.",
    renamed("Activations.IPYNB"),
    flagged=True,
)


def with_checkpoints(folder: Path) -> None:
    (folder / "activations.ipynb").write_bytes(plain(filled()))
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "activations-checkpoint.ipynb").write_bytes(
        plain(with_ids(filled(sigmoid=None)))
    )
    (folder / "notes.pdf").write_bytes(b"%PDF-1.4")
    (folder / "timestamp.txt").write_text("2026-11-20 12:00:00 UTC\n")


odd(
    "checkpoints and notes",
    "Hands in checkpoints, notes and a timestamp beside it.",
    with_checkpoints,
    recorded=True,
)


def stripped(book: Notebook) -> None:
    book["metadata"] = {}
    for cell in book["cells"]:
        cell["metadata"] = {}


odd(
    "stripped metadata",
    "Comes from a tool that drops all metadata, so that only function names are left.",
    edited(stripped),
    flagged=True,
    recorded=True,
)


def of_minor(book: Notebook, minor: int) -> Notebook:
    book["nbformat_minor"] = minor
    for cell in book["cells"]:
        cell.pop("id", None)
    return book


for minor in range(5):
    odd(
        f"format 4.{minor}",
        f"Is saved as nbformat 4.{minor}, whose cells have no ids.",
        of_minor(filled(), minor),
        recorded=True,
    )
odd(
    "sources as lists of lines",
    "Stores each source as a list of lines, as Jupyter does.",
    edited(
        lambda book: [
            cell.update(source="".join(cell["source"]).splitlines(keepends=True))
            for cell in book["cells"]
        ]
    ),
)
odd(
    "format 3",
    "Is saved as nbformat 3 by an old tool.",
    nbformat.writes(nbformat.convert(copy.deepcopy(FILLED), 3), version=3).encode(),
    flagged=True,
    refusable=True,
)


def colab(book: Notebook) -> Notebook:
    of_minor(book, 0)["metadata"] = {
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "accelerator": "GPU",
    }
    for i, cell in enumerate(book["cells"]):
        added = {"id": f"aB3{i}", "colab": {"base_uri": "https://localhost:8080/"}, "outputId": "x"}
        cell["metadata"] = added | cell["metadata"]
    return book


def bare(book: Notebook) -> Notebook:
    for cell in book["cells"]:
        cell["metadata"].pop("nbgrader", None)
    return book


odd(
    "Colab export",
    "Went through Google Colab, which adds metadata and keeps nbgrader's.",
    colab(filled()),
    recorded=True,
)


odd(
    "Colab export without nbgrader",
    "Went through Google Colab by copying, which drops nbgrader's metadata.",
    bare(colab(filled())),
    flagged=True,
)
odd(
    "VS Code export",
    "Was edited in VS Code, which puts its own keys into metadata.",
    edited(
        lambda book: [
            cell["metadata"].update(vscode={"languageId": "python"}) for cell in book["cells"]
        ]
    ),
)
odd(
    "jupytext round trip",
    "Went through jupytext's percent script and back, without metadata.",
    jupytext.writes(
        jupytext.reads(jupytext.writes(FILLED, "py:percent"), "py:percent"), "ipynb"
    ).encode(),
    recorded=True,
)
odd(
    "jupytext light script and back",
    "Went through jupytext's light script, which may join and split cells.",
    jupytext.writes(
        jupytext.reads(jupytext.writes(FILLED, "py:light"), "py:light"), "ipynb"
    ).encode(),
)
odd(
    "Windows line ends",
    "Has CR LF at the end of every line.",
    edited(
        lambda book: [
            cell.update(source="".join(cell["source"]).replace("\n", "\r\n"))
            for cell in book["cells"]
        ]
    ),
    recorded=True,
)
odd(
    "old Mac line ends",
    "Has CR alone at the end of every line of one answer.",
    edited(
        lambda book: find(book, "sigmoid").update(
            source=find(book, "sigmoid")["source"].replace("\n", "\r")
        )
    ),
)
odd(
    "blanks at line ends",
    "Has blanks at the ends of lines, which an editor left there.",
    edited(
        lambda book: [
            cell.update(source="".join(cell["source"]).replace("\n", "  \n") + "\n\n")
            for cell in book["cells"]
        ]
    ),
)
odd("tabs", "Indents with tabs.", sigmoid(body=BODY.replace("    ", "\t")))
odd("BOM", "Begins with a byte order mark.", b"\xef\xbb\xbf" + plain(filled()), flagged=True)
odd(
    "UTF-16",
    "Is written in UTF-16 by a Windows tool.",
    json.dumps(filled(), ensure_ascii=False).encode("utf-16"),
    flagged=True,
)
odd(
    "Latin-1",
    "Is written in Latin-1 by an old editor.",
    json.dumps(
        edited(lambda book: book["cells"].append(markdown("Lösung für Ähnliches"))),
        ensure_ascii=False,
    ).encode("latin-1", "replace"),
    flagged=True,
)
odd(
    "letters as they are",
    "Writes non-ASCII letters unescaped in UTF-8, as Jupyter does.",
    json.dumps(filled(last="α = 'Größe 🙂 学'"), ensure_ascii=False, indent=1).encode(),
    recorded=True,
)
odd(
    "cleared outputs",
    "Cleared all outputs.",
    edited(
        lambda book: [
            cell.update(outputs=[], execution_count=None)
            for cell in book["cells"]
            if cell["cell_type"] == "code"
        ]
    ),
)
odd(
    "run out of order",
    "Ran its cells in another order than they stand in.",
    edited(
        lambda book: [
            cell.update(execution_count=99 - i)
            for i, cell in enumerate(book["cells"])
            if cell["cell_type"] == "code"
        ]
    ),
)
odd(
    "huge outputs",
    "Left megabytes of printed numbers in a cell.",
    edited(
        lambda book: book["cells"].append(
            {
                **code("x = 1"),
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": "0.123 " * 700_000}
                ],
            }
        )
    ),
    recorded=True,
)
odd(
    "widgets",
    "Saved the state of its widgets.",
    edited(
        lambda book: book["metadata"].update(
            widgets={"application/vnd.jupyter.widget-state+json": {"version_major": 2, "state": {}}}
        )
    ),
)
odd(
    "attachments",
    "Pasted a picture into its notes.",
    edited(
        lambda book: book["cells"].insert(
            2,
            {
                **markdown("![notes](attachment:me.png)"),
                "attachments": {"me.png": {"image/png": "iVBORw0KGgo="}},
            },
        )
    ),
    recorded=True,
)
odd(
    "raw cell",
    "Has a raw cell with notes.",
    edited(
        lambda book: book["cells"].insert(
            2, {"cell_type": "raw", "metadata": {}, "source": "notes"}
        )
    ),
    recorded=True,
)

# -- cells moved, copied, deleted --------------------------------------------------------------

odd(
    "check cell deleted",
    "Deleted a locked check cell.",
    edited(lambda book: book["cells"].remove(find(book, "check-sigmoid"))),
    flagged=True,
    recorded=True,
)
odd(
    "all check cells deleted",
    "Deleted every check cell.",
    edited(lambda book: [book["cells"].remove(find(book, f"check-{one}")) for one in ANSWERS]),
    flagged=True,
    recorded=True,
)
odd(
    "check cell altered",
    "Added a print to a check cell.",
    edited(
        lambda book: find(book, "check-sigmoid").update(
            source="print(sigmoid(np.zeros(2)))\ncheck(sigmoid)"
        )
    ),
    flagged=True,
    recorded=True,
)
odd(
    "helper in a check cell",
    "Wrote a helper that a later answer uses into a locked check cell.",
    edited(
        lambda book: find(book, "check-sigmoid").update(
            source="check(sigmoid)\ndef slope(z):\n    return 1 - np.tanh(z) ** 2"
        ),
        filled(tanh_backward="def tanh_backward(dA, z):\n    return dA * slope(z)"),
    ),
    least=4.0,
    flagged=True,
    teaches="Locked cells are not run; the flag has the instructor look.",
)


def copied(book: Notebook) -> None:
    twin = json.loads(json.dumps(find(book, "sigmoid")))
    twin["id"] = "copied"
    book["cells"].insert(place(book, "sigmoid"), twin)


odd(
    "answer cell copied",
    "Copied an answer cell, so that the grade id is there twice.",
    edited(copied),
    flagged=True,
    recorded=True,
)


def first_try_above(book: Notebook) -> None:
    copied(book)
    book["cells"][place(book, "sigmoid")]["source"] = "def sigmoid(z):\n    return z  # first try"


odd(
    "first try kept above",
    "Kept the first, wrong try in a copy above the right answer.",
    edited(first_try_above),
    flagged=True,
)
odd(
    "answer in a new cell",
    "Left the stub and wrote the answer into a new cell below it.",
    edited(
        lambda book: book["cells"].insert(
            place(book, "check-sigmoid"), code(right_source("sigmoid"))
        ),
        filled(sigmoid=None),
    ),
    recorded=True,
)
odd(
    "answer after the check",
    "Wrote the answer into a new cell after the check cell.",
    edited(
        lambda book: book["cells"].insert(
            place(book, "check-sigmoid") + 1, code(right_source("sigmoid"))
        ),
        filled(sigmoid=None),
    ),
    flagged=True,
)
odd(
    "answer in the last cell",
    "Wrote all answers into one cell at the end.",
    edited(
        lambda book: book["cells"].append(
            code("\n\n".join(map(right_source, ("sigmoid", "sigmoid_backward", "tanh_backward"))))
        ),
        filled(sigmoid=None, sigmoid_backward=None, tanh_backward=None),
    ),
    flagged=True,
)


def moved(book: Notebook) -> None:
    last = find(book, "tanh-backward")
    book["cells"].remove(last)
    book["cells"].insert(place(book, "sigmoid"), last)


odd("cells reordered", "Moved an answer cell up.", edited(moved))
odd(
    "answer cell split",
    "Split an answer cell into two, a helper and the function.",
    edited(
        lambda book: book["cells"].insert(
            place(book, "sigmoid"), code("def positive_exponent(z):\n    return np.exp(-np.abs(z))")
        ),
        sigmoid(body="    e = positive_exponent(z)\n    return np.maximum(e, z >= 0) / (1 + e)\n"),
    ),
)
odd(
    "only the answers",
    "Hands in the answer cells alone, everything else deleted.",
    edited(
        lambda book: book.update(
            cells=[code("import numpy as np")]
            + [cell for cell in book["cells"] if grade_id(cell) in ANSWERS]
        )
    ),
    flagged=True,
    recorded=True,
)
odd(
    "setup cell deleted",
    "Deleted the chapter's first cell and imports NumPy where it needs it.",
    edited(
        lambda book: book["cells"].remove(
            next(cell for cell in book["cells"] if cell["cell_type"] == "code")
        ),
        sigmoid(head="import numpy as np"),
    ),
)
odd(
    "setup cell changed",
    "Added imports to the chapter's first cell.",
    edited(
        lambda book: next(cell for cell in book["cells"] if cell["cell_type"] == "code").update(
            source="".join(
                next(cell for cell in book["cells"] if cell["cell_type"] == "code")["source"]
            )
            + "\nimport pandas as pd\nimport math\nTWO = 2.0"
        ),
        sigmoid(
            body="    return (1 + np.tanh(z / np.asarray(TWO, z.dtype))) / np.asarray(TWO, z.dtype)\n"
        ),
    ),
)
odd(
    "experiment changed",
    "Changed the seed and sizes of one of the book's experiments.",
    edited(
        lambda book: [
            cell.update(source="".join(cell["source"]).replace("default_rng(0)", "default_rng(7)"))
            for cell in book["cells"]
        ]
    ),
)
odd("failing cell before", "Has a cell that raises before the answers.", filled(first="1 / 0"))
odd(
    "failing assertion",
    "Has tests of its own that fail.",
    sigmoid(tail="assert sigmoid(np.zeros(1)) == 0.7, 'my expectation was wrong'"),
)
odd(
    "passing assertions",
    "Has tests of its own that pass.",
    filled(
        last="np.testing.assert_allclose(sigmoid(np.zeros(2)), 0.5)\nassert sigmoid_backward(1.0, np.zeros(1)) == 0.25"
    ),
)
odd(
    "unittest at the end",
    "Runs unittest.main in the last cell, which exits.",
    filled(
        last="import unittest\nclass Mine(unittest.TestCase):\n    def test(self):\n        self.assertEqual(1, 2)\nunittest.main(argv=[''], exit=True)"
    ),
)
odd(
    "syntax error elsewhere",
    "Has a cell with a syntax error among its notes.",
    filled(first="this is no Python"),
)

# -- magics and the shell ----------------------------------------------------------------------

odd(
    "matplotlib inline",
    "Begins with %matplotlib inline and other line magics.",
    filled(
        first="%matplotlib inline\n%config InlineBackend.figure_format = 'retina'\n%load_ext autoreload\n%autoreload 2\nSCALE = 1.0",
        sigmoid="def sigmoid(z):\n    e = np.exp(-np.abs(z) * np.asarray(SCALE, z.dtype))\n    return np.maximum(e, z >= 0) / (1 + e)",
    ),
    recorded=True,
)
odd("cell magic time", "Times its answer cell with %%time.", sigmoid(head="%%time"))
odd("cell magic capture", "Captures the output of its answer cell.", sigmoid(head="%%capture out"))
odd(
    "cell magic timeit",
    "Times a call with %%timeit in a cell of its own.",
    filled(last="%%timeit -n 2\nsigmoid(np.zeros(3))"),
)
odd("bash cell", "Has a cell of shell commands.", filled(first="%%bash\npip list | head\nls -la"))
odd(
    "shell lines",
    "Installs a package with a shell line in its answer cell.",
    sigmoid(head="!pip install -q tqdm\nfiles = !ls"),
)
odd(
    "line magic within",
    "Uses %timeit after its definition and %%html elsewhere.",
    sigmoid(tail="%timeit -n 1 sigmoid(np.zeros(3))\nt = %timeit -o -n 1 sigmoid(np.zeros(3))"),
)
odd("question marks", "Asks for help with ? and ??.", sigmoid(tail="np.exp?\n?np.tanh\nsigmoid??"))
odd(
    "percent in a string",
    "Has lines that begin with % and ! inside a string and an expression.",
    sigmoid(
        head='TEXT = """\n%d of them\n!important\n"""\nREST = (17\n  % 5)\n',
        body="    assert REST == 2 and '!' in TEXT and '%d' in TEXT\n" + BODY,
    ),
)
odd(
    "get_ipython",
    "Uses get_ipython() as exported scripts do.",
    filled(
        first="get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().system('ls')"
    ),
)
odd(
    "display",
    "Displays things and uses IPython.display.",
    sigmoid(tail="from IPython.display import display, Markdown\ndisplay(Markdown('# hi'))"),
)
odd(
    "del and reset",
    "Deletes variables and resets with %reset between exercises.",
    edited(
        lambda book: book["cells"].insert(
            place(book, "sigmoid-backward"), code("%reset_selective -f xyz\nleft = 3\ndel left")
        )
    ),
)
odd(
    "top-level await",
    "Has a cell with a top-level await, as notebooks allow.",
    filled(first="import asyncio\nawait asyncio.sleep(0)\nREADY = True"),
)
odd(
    "await beside a definition",
    "Awaits at the top level of its answer cell, below the definition.",
    sigmoid(tail="import asyncio\nawait asyncio.sleep(0)"),
)
odd(
    "trailing semicolons",
    "Ends its lines with semicolons, as plotting people do.",
    sigmoid(body="    e = np.exp(-np.abs(z));\n    return np.maximum(e, z >= 0) / (1 + e);\n"),
)
odd(
    "plots between",
    "Draws plots with matplotlib between its answers.",
    sigmoid(tail="plt.plot([0, 1]);\nplt.show()\nfig, ax = plt.subplots()"),
)

# -- imports that are not there ----------------------------------------------------------------

for name in (
    "torch",
    "matplotlib.pyplot as plt",
    "scipy.special",
    "pandas as pd",
    "seaborn as sns",
    "IPython",
):
    odd(
        f"imports {name.split()[0]}",
        f"Imports {name.split()[0]} at the top of an answer cell and does not use it.",
        sigmoid(head=f"import {name}"),
    )
odd(
    "imports from torch",
    "Imports names from torch and autograder in one cell with its answer.",
    sigmoid(
        head="from torch import nn, optim\nfrom autograder import check, hint, solution\nfrom book.figures import book_style\nimport torch.nn.functional as F"
    ),
)
odd(
    "imports within try",
    "Guards an import with try and sets a flag.",
    sigmoid(
        head="try:\n    import torch\n    HAS = True\nexcept ImportError:\n    HAS = False",
        body="    assert HAS in (True, False)\n" + BODY,
    ),
)
odd(
    "from math import star",
    "Imports everything from math, which shadows NumPy's names nowhere.",
    sigmoid(
        head="from math import *",
        body="    return np.array([[1 / (1 + exp(-t)) if t >= 0 else exp(t) / (1 + exp(t)) for t in row] for row in np.atleast_2d(z.reshape(-1))], z.dtype).reshape(z.shape)\n",
    ),
)
odd(
    "NumPy under other names",
    "Imports NumPy as np once more, as numpy, and names from it.",
    sigmoid(
        head="import numpy\nfrom numpy import exp, abs as absolute\nfrom numpy import *",
        body="    e = exp(-absolute(z))\n    return numpy.maximum(e, z >= 0) / (1 + e)\n",
    ),
)
odd(
    "answer of an earlier chapter",
    "Imports the sigmoid of an earlier chapter, as the book does.",
    filled(
        "backpropagation",
        output_error="from solutions.activations import sigmoid_backward\ndef output_error(A, Y, Z):\n    return sigmoid_backward(A - Y, Z) / len(Y)",
        sgd_epoch=None,
    ),
    6.0,
    chapter="backpropagation",
)

# -- other right ways --------------------------------------------------------------------------

odd(
    "loops",
    "Loops over every number.",
    sigmoid(
        body="    out = np.empty_like(z)\n    for i, t in np.ndenumerate(z):\n        t = float(t)\n        out[i] = 1 / (1 + np.exp(-t)) if t >= 0 else np.exp(t) / (1 + np.exp(t))\n    return out\n"
    ),
)
odd(
    "einsum",
    "Multiplies by einsum.",
    filled(
        tanh_backward="def tanh_backward(dA, z):\n    return np.einsum('...,...->...', dA, 1 - np.tanh(z) ** 2)"
    ),
)
odd(
    "vectorize",
    "Uses np.vectorize on a function of math.",
    sigmoid(
        body="    import math\n    f = lambda t: 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))\n    return np.vectorize(f, otypes=[z.dtype])(z)\n"
    ),
)
odd(
    "float32 care",
    "Computes in float64 and casts back to the precision of its input.",
    sigmoid(
        body="    wide = z.astype(np.float64)\n    e = np.exp(-np.abs(wide))\n    return (np.maximum(e, wide >= 0) / (1 + e)).astype(z.dtype)\n"
    ),
)
odd(
    "errstate",
    "Silences NumPy's warnings around np.where.",
    sigmoid(
        body="    with np.errstate(over='ignore', invalid='ignore'):\n        return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z))).astype(z.dtype) if np.abs(z).max() < 80 else by_halves(z)\n",
        tail="def by_halves(z):\n" + BODY,
    ),
)
odd(
    "errors raised globally",
    "Sets np.seterr(all='raise') for the notebook, to be careful.",
    filled(first="import numpy as np\nnp.seterr(all='raise')"),
)
odd(
    "errors ignored globally",
    "Sets np.seterr(all='ignore') for the notebook.",
    filled(first="import numpy as np\nnp.seterr(all='ignore')"),
)
odd(
    "seeds set globally",
    "Sets the seeds of random and NumPy.",
    filled(first="import random\nimport numpy as np\nrandom.seed(0)\nnp.random.seed(0)"),
)
odd(
    "print options",
    "Sets NumPy's print options.",
    filled(first="import numpy as np\nnp.set_printoptions(precision=3, suppress=True)"),
)
odd(
    "result read-only",
    "Returns an array that cannot be written to.",
    sigmoid(
        body=BODY.replace("return ", "out = ") + "    out.flags.writeable = False\n    return out\n"
    ),
)
odd(
    "result in Fortran order",
    "Returns an array in column order.",
    sigmoid(
        body=BODY.replace("return ", "out = ")
        + "    return np.asfortranarray(out) if out.ndim else out\n"
    ),
)
odd(
    "result a strided view",
    "Returns a view with negative strides.",
    sigmoid(body=BODY.replace("return ", "out = ") + "    return out[::-1].copy()[::-1]\n"),
)
odd(
    "masked array subclass",
    "Returns a subclass of ndarray with right values.",
    sigmoid(
        head="class Named(np.ndarray):\n    pass",
        body=BODY.replace("return ", "out = ") + "    return out.view(Named)\n",
    ),
)
odd(
    "type hints changed",
    "Changed the type hints to names that exist nowhere at run time.",
    sigmoid(
        head="from __future__ import annotations",
        line="def sigmoid(z: 'NDArray[float64]') -> Tensor:",
    ),
)
odd("docstring deleted", "Deleted the docstrings.", sigmoid())
odd(
    "defaults added",
    "Added default arguments.",
    sigmoid(line="def sigmoid(z, base=np.e, *, stable=True):"),
)
odd(
    "star arguments",
    "Takes *args and **kwargs beside its argument.",
    sigmoid(line="def sigmoid(z, *args, **kwargs):"),
)
odd(
    "keywords only",
    "Takes all arguments as keywords.",
    filled(
        sigmoid_backward="def sigmoid_backward(**given):\n    s = 0.5 * (1 + np.tanh(given['z'] / 2))\n    e = np.exp(-np.abs(given['z']))\n    return given['dA'] * (e / (1 + e) ** 2)"
    ),
)
odd(
    "lambda",
    "Assigns a lambda.",
    filled(
        sigmoid="sigmoid = lambda z: np.maximum(np.exp(-np.abs(z)), z >= 0) / (1 + np.exp(-np.abs(z)))"
    ),
)
odd(
    "partial",
    "Uses functools.partial.",
    filled(
        sigmoid="from functools import partial\ndef general(z, one):\n    e = np.exp(-np.abs(z))\n    return np.maximum(e, z >= 0) / (one + e)\nsigmoid = partial(general, one=1)"
    ),
)
odd(
    "callable object",
    "Is an instance of a class with __call__.",
    filled(
        sigmoid="class Sigmoid:\n    def __call__(self, z):\n        self.e = np.exp(-np.abs(z))\n        return np.maximum(self.e, z >= 0) / (1 + self.e)\nsigmoid = Sigmoid()"
    ),
)
odd(
    "static method",
    "Is a method of a class, bound to the name.",
    filled(
        sigmoid="class Layer:\n    @staticmethod\n    def forward(z):\n        e = np.exp(-np.abs(z))\n        return np.maximum(e, z >= 0) / (1 + e)\nsigmoid = Layer.forward"
    ),
)
odd(
    "decorated",
    "Is decorated with a cache of its own and a timer.",
    sigmoid(
        head="import functools, time\ndef timed(f):\n    @functools.wraps(f)\n    def g(*a, **k):\n        t = time.perf_counter()\n        try:\n            return f(*a, **k)\n        finally:\n            print(time.perf_counter() - t)\n    return g\n",
        line="@timed\ndef sigmoid(z):",
    ),
)
odd(
    "njit-like decorator",
    "Is decorated with a stand-in for numba's njit.",
    sigmoid(
        head="try:\n    from numba import njit\nexcept ImportError:\n    def njit(*a, **k):\n        return a[0] if a and callable(a[0]) else (lambda f: f)\n",
        line="@njit(cache=True)\ndef sigmoid(z):",
    ),
)
odd(
    "cached helper",
    "Caches a helper with lru_cache and a mutable default.",
    sigmoid(
        head="from functools import lru_cache\n@lru_cache(maxsize=None)\ndef one(kept={}):\n    kept[1] = 1\n    return kept[1]",
        body="    e = np.exp(-np.abs(z))\n    return np.maximum(e, z >= 0) / (one() + e)\n",
    ),
)
odd(
    "nested functions",
    "Defines functions within functions, with nonlocal.",
    sigmoid(
        body="    calls = 0\n    def inner(t):\n        nonlocal calls\n        calls += 1\n        e = np.exp(-np.abs(t))\n        return np.maximum(e, t >= 0) / (1 + e)\n    return inner(z)\n"
    ),
)
odd(
    "recursive",
    "Calls itself on halves.",
    sigmoid(
        body="    if z.ndim > 1 and len(z) > 1:\n        return np.concatenate([sigmoid(z[:1]), sigmoid(z[1:])])\n"
        + BODY
    ),
)
odd(
    "walrus and match",
    "Uses the newest syntax that the notebook's Python has.",
    sigmoid(
        body="    match z.ndim:\n        case 0:\n            pass\n        case _:\n            pass\n    return np.maximum(e := np.exp(-np.abs(z)), z >= 0) / (1 + e)\n"
    ),
)
odd(
    "unicode names",
    "Uses Greek and accented identifiers.",
    sigmoid(
        body="    ε = np.exp(-np.abs(z))\n    größe = 1 + ε\n    return np.maximum(ε, z >= 0) / größe\n"
    ),
)
odd(
    "encoding declared",
    "Declares an encoding in a comment, as old scripts do.",
    sigmoid(
        head="# -*- coding: latin-1 -*-\n# vim: set fileencoding=utf-8 :",
        body="    # größer\n" + BODY,
    ),
)
odd(
    "global constants",
    "Uses a constant that another cell of its own sets.",
    edited(
        lambda book: book["cells"].insert(place(book, "sigmoid"), code("ONE = np.int64(1)")),
        sigmoid(
            body="    e = np.exp(-np.abs(z))\n    return np.maximum(e, z >= 0) / (int(ONE) + e)\n"
        ),
    ),
)
odd(
    "constants of the book",
    "Uses a name that one of the book's own cells defines by computing.",
    sigmoid(body="    assert logistic is not None\n" + BODY),
)
odd(
    "global statement",
    "Counts its calls in a global.",
    sigmoid(head="COUNT = 0", body="    global COUNT\n    COUNT += 1\n" + BODY),
)
odd(
    "dataclass",
    "Uses a dataclass and typing in its answer cell.",
    sigmoid(
        head="from dataclasses import dataclass\nfrom typing import NamedTuple\n@dataclass\nclass Cache:\n    z: np.ndarray\nclass Pair(NamedTuple):\n    a: int\n    b: int",
        body="    cache = Cache(z)\n    z = cache.z\n" + BODY,
    ),
)
odd(
    "threads within",
    "Computes in a thread pool of its own.",
    sigmoid(
        head="from concurrent.futures import ThreadPoolExecutor",
        body="    def one(z):\n        e = np.exp(-np.abs(z))\n        return np.maximum(e, z >= 0) / (1 + e)\n    with ThreadPoolExecutor(2) as pool:\n        return next(iter(pool.map(one, [z])))\n",
    ),
    least=3.0,
    flagged=True,
    teaches="No threads are to be had in the sandbox; an answer that needs them is for a person to judge.",
)
odd(
    "temporary file",
    "Writes a temporary file in its answer.",
    sigmoid(
        head="import tempfile",
        body="    with tempfile.TemporaryFile() as file:\n        np.save(file, z)\n        file.seek(0)\n        z = np.load(file)\n"
        + BODY,
    ),
    least=3.0,
    flagged=True,
    teaches="No file can be removed in the sandbox; an answer that needs one is for a person to judge.",
)
odd(
    "inspect own source",
    "Looks at its own source and name, as decorators do.",
    sigmoid(
        head="import inspect",
        tail="print(sigmoid.__name__, sigmoid.__doc__, sigmoid.__module__)\ntry:\n    print(inspect.getsource(sigmoid))\nexcept (OSError, TypeError):\n    pass",
    ),
)
odd(
    "pickle own function",
    "Pickles a value and its function in a cell.",
    filled(last="import pickle\npickle.loads(pickle.dumps(np.zeros(2)))\npickle.dumps(sigmoid)"),
    flagged=True,
)
odd(
    "multiprocessing",
    "Tries multiprocessing in a cell, as one does to be faster.",
    filled(
        last="import multiprocessing\nwith multiprocessing.Pool(2) as pool:\n    print(pool.map(abs, [-1, 2]))"
    ),
    hangs=True,
)
odd(
    "partly right",
    "Has two answers right and one not yet written.",
    filled(sigmoid_backward=None),
    3.0,
    recorded=True,
)
odd(
    "own sigmoid used",
    "Builds one answer on another, as the book suggests.",
    filled(
        sigmoid_backward=right_source("sigmoid_backward").split("\n")[0]
        + "\n"
        + right(exercise("sigmoid_backward"), 0, 1)
    ),
)
