"""Files that are no notebook, or a strange one: nothing crashes, and nothing becomes a zero."""

import functools
import json
from pathlib import Path

from corpus.entry import hostile
from corpus.notebooks import beside, code, edited, filled, find, plain, wrong

malformed = functools.partial(hostile, "malformed", deserves=None)
RIGHT = plain(filled())


def text_of(**changes: object) -> bytes:
    return plain({**filled(), **changes})


malformed("empty file", "Hands in an empty file.", b"")
malformed("nothing", "Hands in an empty folder.", lambda folder: None)
malformed("prose", "Hands in an essay that is called .ipynb.", b"Dear grader, I could not finish.")
malformed("cut short", "Hands in the first half of a notebook.", RIGHT[: len(RIGHT) // 2])
malformed("doubled", "Hands in the notebook twice in one file.", RIGHT + RIGHT)
malformed(
    "NUL bytes",
    "Hands in a notebook with NUL bytes between its letters.",
    RIGHT[:50] + b"\0" + RIGHT[50:],
)
malformed("zeros", "Hands in a kilobyte of NUL bytes.", bytes(1024))
malformed(
    "HTML",
    "Hands in the HTML of a notebook, as some download buttons give it.",
    b"<!DOCTYPE html><html><body>notebook</body></html>",
)
malformed("PNG", "Hands in a picture.", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
malformed("zip", "Hands in an archive.", b"PK\x03\x04" + bytes(200))
malformed(
    "Python script", "Hands in a script in place of a notebook.", b"def sigmoid(z):\n    return z\n"
)
malformed("JSON list", "Hands in a JSON list.", b"[" + RIGHT + b"]")
malformed(
    "JSON string",
    "Hands in a JSON string that holds a notebook.",
    json.dumps(RIGHT.decode()).encode(),
)
malformed("JSON number", "Hands in a number.", b"2.0")
malformed("JSON null", "Hands in null.", b"null")
malformed("JSON NaN", "Hands in NaN.", b"NaN")
malformed("deep JSON", "Hands in JSON nested a million deep.", b"[" * 400_000 + b"]" * 400_000)
malformed(
    "deep JSON objects",
    "Hands in objects nested deeper than a stack.",
    b'{"cells":' * 90_000 + b"1" + b"}" * 90_000,
)
malformed(
    "number of a million digits",
    "Hands in a number that takes long to read.",
    b'{"cells": [], "nbformat": ' + b"9" * 1_000_000 + b"}",
)
malformed(
    "no cells",
    "Hands in a notebook without a list of cells.",
    b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
)
malformed("cells a string", "Has a string for its cells.", text_of(cells="none"))
malformed("cells an object", "Has an object for its cells.", text_of(cells={"0": {}}))
malformed("cells null", "Has null for its cells.", text_of(cells=None))
malformed("nbformat missing", "Does not say which format it has.", text_of(nbformat=None))
malformed("nbformat 2", "Claims format 2.", text_of(nbformat=2))
malformed("nbformat 5", "Claims a format of the future.", text_of(nbformat=5))
malformed("nbformat text", "Has text for its format.", text_of(nbformat="4"))
malformed("nbformat true", "Has true for its format.", text_of(nbformat=True))
malformed("nbformat a list", "Has a list for its format.", text_of(nbformat=[4]))
malformed("UTF-32", "Is written in UTF-32.", RIGHT.decode().encode("utf-32"))
malformed("EBCDIC", "Is written in EBCDIC.", RIGHT.decode("ascii").encode("cp500"))
malformed("UTF-7", "Is written in UTF-7 with a BOM of its own.", b"+/v8-" + RIGHT)
malformed(
    "byte order mark twice",
    "Begins with two byte order marks.",
    b"\xef\xbb\xbf" * 2 + RIGHT,
    deserves=5.0,
    refusable=True,
)
malformed(
    "encoding mixed",
    "Changes from UTF-8 to UTF-16 half-way.",
    RIGHT[:200] + RIGHT[200:].decode().encode("utf-16"),
)
malformed(
    "wrong suffix",
    "Hands in a notebook called activations.txt.",
    lambda folder: (folder / "activations.txt").write_bytes(RIGHT) and None,
)


def other_chapter(folder: Path) -> None:
    (folder / "homework.ipynb").write_bytes(
        plain({"cells": [code("print(1)")], "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    )


malformed("another notebook", "Hands in some other notebook under some other name.", other_chapter)

# -- parts of a wrong type: the rest is graded, or it comes back with a reason -------------------

strange = functools.partial(hostile, "malformed", refusable=True)
for label, cell in (
    ("null", None),
    ("a number", 7),
    ("a string", "def sigmoid(z): return z"),
    ("a list", [[[]]]),
    ("an empty object", {}),
    ("a cell without source", {"cell_type": "code", "metadata": {}}),
    ("a source that is null", {"cell_type": "code", "metadata": {}, "source": None}),
    ("a source that is a number", {"cell_type": "code", "metadata": {}, "source": 1e308}),
    ("a source that is an object", {"cell_type": "code", "metadata": {}, "source": {"a": 1}}),
    ("a source of mixed parts", {"cell_type": "code", "metadata": {}, "source": ["x", None, 1]}),
    ("a source nested", {"cell_type": "code", "metadata": {}, "source": [["x = 1"]]}),
    ("metadata null", {"cell_type": "code", "metadata": None, "source": "x = 1"}),
    ("metadata a list", {"cell_type": "code", "metadata": [1], "source": "x = 1"}),
    ("nbgrader null", {"cell_type": "code", "metadata": {"nbgrader": None}, "source": "x"}),
    ("nbgrader a list", {"cell_type": "code", "metadata": {"nbgrader": ["grade"]}, "source": "x"}),
    (
        "a grade id that is a list",
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": ["sigmoid"]}}, "source": "x"},
    ),
    (
        "a grade id that is an object",
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": {}}}, "source": "x"},
    ),
    ("a cell type that is a list", {"cell_type": ["code"], "metadata": {}, "source": "x = 1"}),
    ("a cell type null", {"cell_type": None, "metadata": {}, "source": "x = 1"}),
    (
        "outputs that are text",
        {"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": "2.0"},
    ),
):
    strange(
        f"with {label}",
        f"Holds {label} among the cells of a right notebook.",
        {**filled(), "cells": [cell, *filled()["cells"]]},
        deserves=5.0,
        recorded=True,
    )

strange(
    "duplicate keys",
    "Names its cells twice, wrong first and right later, for readers that disagree on which counts.",
    plain(wrong())[:-1] + b', "cells": ' + json.dumps(filled()["cells"]).encode() + b"}",
    deserves=5.0,
    least=0.0,
    recorded=True,
    teaches="What is graded must be what the instructor is shown: one reader, once.",
)
strange(
    "lone surrogates",
    "Holds halves of characters in its code, which no encoding can write.",
    edited(
        lambda book: [
            cell.update(source="# \ud800 \udfff\n" + "".join(cell["source"]))
            for cell in book["cells"]
            if cell["cell_type"] == "code" and "nbgrader" in cell["metadata"]
        ]
    ),
    deserves=5.0,
    recorded=True,
)
strange(
    "lone surrogates in markdown and metadata",
    "Holds halves of characters in its text, its ids and its metadata.",
    edited(
        lambda book: (
            book["cells"].insert(
                0,
                {
                    "cell_type": "markdown",
                    "metadata": {"\udc80": "\ud800"},
                    "source": "\ud83d alone",
                },
            ),
            book["metadata"].update(title="\udfff"),
        )
    ),
    deserves=5.0,
    recorded=True,
)
strange(
    "NUL in code",
    "Holds a NUL character in one answer, where C would end the text.",
    edited(
        lambda book: find(book, "sigmoid").update(source=find(book, "sigmoid")["source"] + "\n\0")
    ),
    deserves=5.0,
    least=3.0,
    recorded=True,
)
strange(
    "control characters",
    "Holds every control character in a comment and in markdown.",
    edited(
        lambda book: (
            book["cells"].append(
                code(
                    "# "
                    + "".join(
                        map(chr, (*range(1, 9), 11, 12, *range(14, 32), 127, 0x85, 0x2028, 0x2029))
                    )
                )
            ),
            book["cells"].append(
                {"cell_type": "markdown", "metadata": {}, "source": "".join(map(chr, range(1, 32)))}
            ),
        )
    ),
    deserves=5.0,
    recorded=True,
)
strange(
    "bidirectional text",
    "Hides code from a human reader by letters that turn the direction of writing.",
    wrong(
        sigmoid="def sigmoid(z):\n    '''\u202e \u2066return right'''\n    return z\u2069 if False else z\n".replace(
            "z\u2069", "z"
        )
    ),
    recorded=True,
)
strange(
    "NaN and infinity",
    "Uses NaN and Infinity, which are no JSON, in its metadata.",
    RIGHT.replace(b'"metadata": {', b'"metadata": {"a": NaN, "b": -Infinity, ', 1),
    deserves=5.0,
    recorded=True,
)
strange(
    "numbers beyond floats",
    "Uses the numbers 1e999 and -0 in its metadata.",
    RIGHT.replace(b'"metadata": {', b'"metadata": {"a": 1e999, "b": -0, ', 1),
    deserves=5.0,
    recorded=True,
)
strange(
    "minor format huge",
    "Claims minor version 999.",
    text_of(nbformat_minor=999),
    deserves=5.0,
    recorded=True,
)
strange(
    "minor format negative",
    "Claims minor version -1.",
    text_of(nbformat_minor=-1),
    deserves=5.0,
    recorded=True,
)
strange(
    "metadata missing",
    "Has no notebook metadata.",
    plain({k: v for k, v in filled().items() if k != "metadata"}),
    deserves=5.0,
    recorded=True,
)
strange(
    "metadata a string",
    "Has text for its metadata.",
    text_of(metadata="none"),
    deserves=5.0,
    recorded=True,
)
strange(
    "keys unknown",
    "Has keys that no notebook has.",
    text_of(__proto__={"x": 1}, constructor=1),
    deserves=5.0,
    recorded=True,
)
strange(
    "syntax error",
    "Has a syntax error in one answer, which costs that one.",
    filled(sigmoid="def sigmoid(z)\n    return z"),
    deserves=3.0,
    least=3.0,
    recorded=True,
)
strange(
    "indentation broken",
    "Mixes tabs and blanks so that one answer does not compile.",
    filled(sigmoid="def sigmoid(z):\n    if True:\n\treturn z\n        return z"),
    deserves=3.0,
    least=3.0,
)
strange(
    "lock files beside it",
    "Comes with the leavings of editors and systems beside the notebook.",
    beside(wrong(), __DS_Store="\0", _activations__ipynb="{}", ____pycache_____x__pyc="\0"),
)
