"""Submissions that change the notebook's machinery, or put something beside or in place of it."""

import copy
import functools
import json
import os
import socket
from pathlib import Path

from corpus.entry import Notebook, hostile
from corpus.notebooks import (
    beside,
    code,
    edited,
    filled,
    find,
    grade_id,
    markdown,
    place,
    plain,
    released,
    with_ids,
    wrong,
)

tamper = functools.partial(hostile, "tampering")
CHECKS = ("check-sigmoid", "check-sigmoid-backward", "check-tanh-backward")
ANSWERS = ("sigmoid", "sigmoid-backward", "tanh-backward")


def each(ids: tuple[str, ...], change) -> Notebook:
    """Change the nbgrader metadata of these cells of a wrong notebook."""
    return edited(
        lambda book: [change(find(book, one)["metadata"]["nbgrader"]) for one in ids], wrong()
    )


tamper(
    "points raised",
    "Makes every check worth 100 points.",
    each(CHECKS, lambda meta: meta.update(points=100)),
    recorded=True,
)
tamper(
    "points raised and right",
    "Makes every check worth 100 points, with right answers.",
    edited(
        lambda book: [find(book, one)["metadata"]["nbgrader"].update(points=1e9) for one in CHECKS]
    ),
    deserves=5.0,
    recorded=True,
)
tamper(
    "points not a number",
    "Makes every check worth NaN, which compares as nothing does.",
    each(CHECKS, lambda meta: meta.update(points=float("nan"))),
    recorded=True,
    refusable=True,
)
tamper(
    "points negative",
    "Makes the checks that it fails worth less than nothing.",
    each(CHECKS, lambda meta: meta.update(points=-50)),
    recorded=True,
)
tamper(
    "checks not graded",
    "Says that its check cells are no grade cells.",
    each(CHECKS, lambda meta: meta.update(grade=False, locked=False)),
    recorded=True,
)
tamper(
    "answers graded by hand",
    "Says that its answer cells are graded by hand, with points of their own.",
    each(ANSWERS, lambda meta: meta.update(grade=True, solution=True, points=50)),
    recorded=True,
)
tamper(
    "tasks",
    "Says that its cells are tasks, for which a person gives the points.",
    each(ANSWERS, lambda meta: meta.update(task=True, solution=False, points=50)),
    recorded=True,
)
tamper(
    "checksums forged",
    "Forges the checksums of its locked cells.",
    each((*CHECKS, *ANSWERS), lambda meta: meta.update(checksum="0" * 32)),
    recorded=True,
)
tamper(
    "schema version of old",
    "Claims an old schema version, for which nbgrader guesses what is missing.",
    each((*CHECKS, *ANSWERS), lambda meta: meta.update(schema_version=0)),
    recorded=True,
)
tamper(
    "schema version of the future",
    "Claims a schema version that does not exist yet.",
    each((*CHECKS, *ANSWERS), lambda meta: meta.update(schema_version=99)),
    recorded=True,
)
tamper(
    "check cells rewritten",
    "Writes a score into the locked check cells.",
    edited(lambda book: [find(book, one).update(source="2.0") for one in CHECKS], wrong()),
    recorded=True,
)
tamper(
    "check cells that define the answer",
    "Puts an attack on the judge into the locked check cells, whose source is not compared.",
    edited(
        lambda book: [
            find(book, one).update(source="import numpy as np\nnp.allclose = lambda *a, **k: True")
            for one in CHECKS
        ],
        wrong(),
    ),
)
tamper(
    "hidden tests of its own",
    "Puts BEGIN HIDDEN TESTS marks and a score into its cells.",
    edited(
        lambda book: [
            find(book, one).update(
                source="### BEGIN HIDDEN TESTS\ndef grade(f): return 2.0\n2.0\n### END HIDDEN TESTS"
            )
            for one in (*CHECKS, *ANSWERS)
        ]
    ),
    recorded=True,
)
tamper(
    "check ids on answer cells",
    "Gives its answer cells the ids of the check cells.",
    edited(
        lambda book: [
            find(book, one)["metadata"]["nbgrader"].update(grade_id=f"check-{one}")
            for one in ANSWERS
        ],
        wrong(),
    ),
    recorded=True,
)
tamper(
    "ids duplicated",
    "Adds a second check cell with the same id, which prints a score.",
    edited(
        lambda book: book["cells"].extend(
            {**copy.deepcopy(find(book, one)), "source": "2.0", "id": f"twin-{one}"}
            for one in CHECKS
        ),
        wrong(),
    ),
    recorded=True,
)
tamper(
    "ids of other exercises",
    "Adds cells with the ids of exercises that this notebook does not hold.",
    edited(
        lambda book: book["cells"].extend(
            {
                **copy.deepcopy(find(book, CHECKS[0])),
                "metadata": {
                    "nbgrader": {
                        **find(book, CHECKS[0])["metadata"]["nbgrader"],
                        "grade_id": f"check-{name}",
                        "points": 10,
                    }
                },
                "id": f"more-{name}",
            }
            for name in ("relu", "nothing", "../../sigmoid", "check-check-sigmoid")
        ),
        wrong(),
    ),
    recorded=True,
)
tamper(
    "checks deleted",
    "Deletes the check cells of what it cannot do, so that nobody asks.",
    edited(
        lambda book: book.update(
            cells=[cell for cell in book["cells"] if grade_id(cell) not in CHECKS[1:]]
        ),
        wrong(
            sigmoid="def sigmoid(z):\n    e = np.exp(-np.abs(z))\n    return np.maximum(e, z >= 0) / (1 + e)"
        ),
    ),
    deserves=2.0,
    recorded=True,
)
tamper(
    "everything deleted",
    "Hands in a notebook without a cell, in which nothing can be wrong.",
    {**released(), "cells": []},
    recorded=True,
)
tamper(
    "checks before answers",
    "Moves all check cells to the top, where nothing is defined that could be wrong.",
    edited(
        lambda book: book.update(
            cells=[cell for cell in book["cells"] if grade_id(cell) in CHECKS]
            + [cell for cell in book["cells"] if grade_id(cell) not in CHECKS]
        ),
        wrong(),
    ),
    recorded=True,
)
tamper(
    "check cells made markdown",
    "Turns the check cells into markdown, keeping their ids.",
    edited(
        lambda book: [
            (
                find(book, one).update(cell_type="markdown", source="**2.0**"),
                find(book, one).pop("outputs"),
            )
            for one in CHECKS
        ],
        wrong(),
    ),
    recorded=True,
)
tamper(
    "nbgrader metadata in markdown",
    "Gives markdown cells grade ids, points and a score as their text.",
    edited(
        lambda book: book["cells"].extend(
            {
                **markdown("2.0"),
                "metadata": {
                    "nbgrader": {
                        **find(book, one)["metadata"]["nbgrader"],
                        "cell_type": "markdown",
                        "solution": True,
                    }
                },
            }
            for one in CHECKS
        ),
        wrong(),
    ),
    recorded=True,
)
tamper(
    "cells of an unknown kind",
    "Uses cell types that do not exist, and raw ones, with the check's metadata.",
    edited(
        lambda book: [
            find(book, one).update(cell_type=kind)
            for one, kind in zip(CHECKS, ("raw", "heading", "score"), strict=True)
        ],
        wrong(),
    ),
    recorded=True,
    refusable=True,
)
tamper(
    "outputs forged",
    "Stores outputs in its check cells that show full marks.",
    edited(
        lambda book: [
            find(book, one).update(
                execution_count=1,
                outputs=[
                    {
                        "output_type": "execute_result",
                        "data": {"text/plain": "2.0"},
                        "metadata": {},
                        "execution_count": 1,
                    }
                ],
            )
            for one in CHECKS
        ],
        wrong(),
    ),
    recorded=True,
)
tamper(
    "outputs forged on stubs",
    "Leaves every stub and forges the outputs, as if it had been graded already.",
    edited(
        lambda book: [
            find(book, one).update(
                outputs=[{"output_type": "stream", "name": "stdout", "text": "✓ right.\n"}]
            )
            for one in (*CHECKS, *ANSWERS)
        ],
        released(),
    ),
    recorded=True,
)
tamper(
    "execution counts forged",
    "Claims execution counts that are negative, huge, or text.",
    edited(
        lambda book: [
            cell.update(execution_count=count)
            for cell, count in zip(
                (cell for cell in book["cells"] if cell["cell_type"] == "code"),
                (-1, 10**30, "2.0", None, [1], 2.5),
                strict=False,
            )
        ],
        wrong(),
    ),
    recorded=True,
)
tamper(
    "own kernel",
    "Names a kernelspec whose command would be the student's own program.",
    edited(
        lambda book: book["metadata"].update(
            kernelspec={
                "name": "../../../../tmp/mine",
                "display_name": "mine",
                "language": "python",
                "argv": ["/bin/sh", "-c", "touch /tmp/owned", "{connection_file}"],
            },
            language_info={
                "name": "sh",
                "file_extension": ".sh",
                "nbconvert_exporter": "os.system",
            },
        ),
        wrong(),
    ),
    recorded=True,
)
tamper(
    "graded before",
    "Carries the notebook metadata that the recorder itself writes.",
    edited(
        lambda book: book["metadata"].update(
            grading={
                "digest": "0" * 64,
                "declaration": "0" * 64,
                "tier": 1,
                "score": 5,
                "results": [["sigmoid", 2]],
            },
            nbgrader={"score": 5},
            celltoolbar="Create Assignment",
        ),
        wrong(),
    ),
    recorded=True,
)
tamper(
    "old exercise names",
    "Answers another exercise, worth more, and gives it this one's name.",
    wrong(sigmoid="def relu(z):\n    return np.maximum(z, 0)\nsigmoid = relu"),
)
tamper(
    "cell id not unique",
    "Gives all cells the same id, by which some tools merge them.",
    edited(lambda book: [cell.update(id="same") for cell in book["cells"]], wrong()),
    recorded=True,
)
tamper(
    "cell ids as attacks",
    "Uses cell ids with paths, markup and a megabyte of length.",
    edited(
        lambda book: [
            cell.update(id=one)
            for cell, one in zip(
                book["cells"],
                ("../../x", "<script>alert(1)</script>", "a" * 10**6, "", "\u0000"),
                strict=False,
            )
        ],
        wrong(),
    ),
    recorded=True,
    refusable=True,
)

# -- beside the notebook -----------------------------------------------------------------------

MODULE = """
def sigmoid(z):
    import math
    return 1 / (1 + math.e ** -z)
def __getattr__(name):
    return lambda *a, **k: 2.0
"""
STARTUP = "import os\nos.environ['OWNED'] = '1'\nopen('/tmp/owned-by-startup', 'w').write('1')\n"

for named, what in (
    ("sitecustomize__py", "a sitecustomize.py, which Python imports at its start"),
    ("usercustomize__py", "a usercustomize.py, which Python imports at its start"),
    ("numpy__py", "a numpy.py, which is found before NumPy where the current folder comes first"),
    ("numpy_____init____py", "a numpy package beside the notebook"),
    ("json__py", "a json.py that shadows the standard library's"),
    ("conftest__py", "a conftest.py, which pytest would import"),
    ("nbgrader_config__py", "an nbgrader_config.py, which nbgrader would read in this folder"),
    ("evil__pth", "a .pth file whose line is executed where site reads it"),
    ("__ipython___profile_default___startup___00__py", "an IPython start-up file"),
    ("jupyter_nbconvert_config__py", "a configuration of nbconvert"),
):
    tamper(
        f"file {named.replace('___', ' ').replace('__', ' ').strip()} beside it",
        f"Hands in {what}.",
        beside(wrong(), **{named: STARTUP + MODULE}),
    )

tamper(
    "solutions package beside it",
    "Hands in a solutions package and an autograder package of its own, and imports them.",
    beside(
        filled(
            sigmoid="from solutions.activations import sigmoid",
            sigmoid_backward="from solutions.activations import sigmoid_backward",
            tanh_backward="from solutions.activations import tanh_backward",
        ),
        solutions_____init____py="",
        solutions___activations__py=MODULE,
        autograder_____init____py=MODULE,
    ),
    teaches="What stands beside the notebook is not part of the answer; it is not shown to the code.",
)


def linked_file(folder: Path) -> None:
    outside = folder.parent / "a-classmate.ipynb"
    outside.write_bytes(plain(filled()))
    (folder / "activations.ipynb").symlink_to(outside)


tamper(
    "symbolic link to a classmate's notebook",
    "Hands in a link in place of the notebook, pointing at the notebook of somebody else.",
    linked_file,
    deserves=None,
    recorded=True,
)


def linked_secret(folder: Path) -> None:
    (folder / "activations.ipynb").write_bytes(plain(wrong()))
    (folder / "data.csv").symlink_to("/etc/passwd")
    (folder / "more").symlink_to("/")


tamper(
    "symbolic links beside it",
    "Hands in links to /etc/passwd and to / as data, which nbgrader copies into the feedback.",
    linked_secret,
    recorded=True,
)


def hard_linked(folder: Path) -> None:
    outside = folder.parent / "b-classmate.ipynb"
    outside.write_bytes(plain(filled()))
    os.link(outside, folder / "activations.ipynb")


tamper(
    "hard link to a classmate's notebook",
    "Hands in a hard link, which looks like a regular file.",
    hard_linked,
    deserves=5.0,
    least=0.0,
    flagged=True,
    refusable=True,
    teaches="A hard link is a regular file in every respect but one, and honest tools make them too.",
)
tamper(
    "dangling link",
    "Hands in a link that points nowhere, or to itself.",
    lambda folder: (folder / "activations.ipynb").symlink_to("activations.ipynb"),
    deserves=None,
)
tamper(
    "fifo",
    "Hands in a named pipe, on which a reader waits forever.",
    lambda folder: os.mkfifo(folder / "activations.ipynb"),
    deserves=None,
)
tamper(
    "device",
    "Hands in a link to /dev/zero, a file without an end.",
    lambda folder: (folder / "activations.ipynb").symlink_to("/dev/zero"),
    deserves=None,
)


def unix_socket(folder: Path) -> None:
    here = os.getcwd()
    os.chdir(folder)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("activations.ipynb")
    finally:
        os.chdir(here)


tamper("socket", "Hands in a Unix socket.", unix_socket, deserves=None)
tamper(
    "folder in its place",
    "Hands in a folder that is called like the notebook.",
    lambda folder: (folder / "activations.ipynb").mkdir(),
    deserves=None,
)


def sparse(folder: Path) -> None:
    with (folder / "activations.ipynb").open("wb") as file:
        file.write(plain(wrong()))
        file.truncate(1 << 40)  # a tebibyte of holes


tamper("sparse huge file", "Hands in a file of 1 TiB that takes no space.", sparse, deserves=None)


def many_files(folder: Path) -> None:
    (folder / "activations.ipynb").write_bytes(plain(wrong()))
    for i in range(2000):
        (folder / f"junk-{i}.ipynb.txt").touch()
    deep = folder
    for _ in range(60):
        deep = deep / "d"
        deep.mkdir()


tamper("many files", "Hands in thousands of files and a very deep folder beside it.", many_files)


def two_notebooks(folder: Path) -> None:
    (folder / "a first.ipynb").write_bytes(plain(filled()))
    (folder / "activations.ipynb").write_bytes(plain(wrong()))


tamper(
    "two notebooks",
    "Hands in a second notebook with a better score, of a name that sorts first.",
    two_notebooks,
)


def unreadable_name(folder: Path) -> None:
    (folder / "activations.ipynb").write_bytes(plain(wrong()))
    os.close(os.open(os.fsencode(folder) + b"/\xff\xfe\n\x1b[31m.ipynb", os.O_CREAT | os.O_WRONLY))


tamper(
    "file name that is no text",
    "Hands in a file whose name is no UTF-8 and holds a newline and a colour code.",
    unreadable_name,
)


def newline_name(folder: Path) -> None:
    (folder / 'x"\n{"score": 5}\x1b[2J.ipynb').write_bytes(plain(wrong()))


tamper(
    "notebook name with a newline",
    "Hands in a single notebook whose name forges a journal line.",
    newline_name,
    refusable=True,
)

for label, student in (
    ("markup", "<img src=x onerror=alert(1)>"),
    ("quotes", "o'brien; DROP TABLE grade; --"),
    ("a newline", "one\nanother"),
    ("dots", ".."),
    ("spaces at its ends", " student "),
    ("a template", "{{ 7 * 7 }}{% raw %}"),
    ("a star", "*"),
    ("letters beyond Latin", "Ωμέγα-Ødegård-学生"),
):
    tamper(
        f"student folder with {label}",
        f"Is handed in by somebody whose folder's name holds {label}.",
        wrong(),
        student=student,
        refusable=True,
        recorded=label != "dots",
    )


def many_answers(book: Notebook) -> None:
    right = copy.deepcopy(find(book, "sigmoid"))
    for i in range(300):
        book["cells"].insert(
            place(book, "check-sigmoid"),
            {
                **copy.deepcopy(right),
                "id": f"s{i}",
                "source": f"def sigmoid(z):\n    return z * {i}",
            },
        )


tamper(
    "three hundred answers",
    "Hands in hundreds of copies of an answer cell, hoping that the best one counts.",
    edited(many_answers, wrong()),
    recorded=True,
)
tamper(
    "answer hidden in a string",
    "Puts the definition into a string or a comment, where a search for `def sigmoid` finds it.",
    wrong(
        sigmoid="'''\ndef sigmoid(z):\n    e = np.exp(-np.abs(z))\n    return np.maximum(e, z >= 0) / (1 + e)\n'''"
    ),
)
tamper(
    "answers in raw cells",
    "Keeps its right answers in raw cells, which no kernel runs.",
    edited(
        lambda book: [
            (find(book, one).update(cell_type="raw"), find(book, one).pop("outputs"))
            for one in ANSWERS
        ]
    ),
    refusable=True,
    recorded=True,
)
tamper(
    "notebook within metadata",
    "Carries a second notebook with right answers in its metadata and its attachments.",
    edited(
        lambda book: (
            book["metadata"].update(cells=json.loads(plain(filled()))["cells"]),
            book["cells"][0].update(attachments={"x.ipynb": {"application/json": filled()}}),
        ),
        wrong(),
    ),
    recorded=True,
)
tamper(
    "worksheets",
    "Carries a second list of cells, as nbformat 3 had it, beside the first.",
    edited(lambda book: book.update(worksheets=[{"cells": filled()["cells"]}]), wrong()),
)
tamper(
    "code added to a book cell",
    "Hides an attack after the text of one of the book's own cells.",
    edited(
        lambda book: book["cells"].append(
            code("import numpy as np\nnp.allclose = lambda *a, **k: True\nverify('eq-collapse', 1)")
        ),
        with_ids(wrong()),
    ),
)

for label, text in (
    ("garbage", "yesterday, I promise"),
    ("a date long ago", "1000-01-01 00:00:00 UTC"),
    ("a date far ahead", "9999-12-31 23:59:59 -23:59"),
    ("a number without end", "9" * 900),
    ("another line", "2026-11-20 12:00:00 UTC\n2020-01-01 00:00:00 UTC"),
    ("NUL and no text", "\0\udcff".encode("utf-8", "surrogatepass").decode("latin-1")),
):
    tamper(
        f"timestamp with {label}",
        f"Hands in a timestamp.txt with {label}, as if the exchange had written it.",
        beside(filled(), timestamp__txt=text),
        deserves=5.0,
        recorded=True,
        refusable=True,
    )


def linked_timestamp(folder: Path) -> None:
    (folder / "activations.ipynb").write_bytes(plain(filled()))
    (folder / "timestamp.txt").symlink_to("/dev/zero")


tamper(
    "timestamp that is a device",
    "Hands in a timestamp.txt that is a link to a file without an end.",
    linked_timestamp,
    deserves=5.0,
    recorded=True,
)
