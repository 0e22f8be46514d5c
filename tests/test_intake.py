"""What is let in of a handed-in folder, and what leaves it ungraded with a sentence."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.grading import assignment as assignments
from autograder.grading import intake
from autograder.grading.intake import take_in
from autograder.grading.model import NotGraded, Submission
from autograder.grading.release import release

NAME = "02_activations"
RELEASED = assignments.ROOT / "chapters" / NAME / "activations.ipynb"
ACTIVATIONS = assignments.load(NAME)
FOLDERS = sorted(path.name for path in assignments.NOTEBOOKS.iterdir())[1:]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder as a student hands it in, with the untouched notebook."""
    made = tmp_path / "submitted" / "ann" / NAME
    made.mkdir(parents=True)
    shutil.copy(RELEASED, made)
    return made


@pytest.fixture
def handed_in(folder: Path) -> Path:
    return folder / "activations.ipynb"


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> Submission:
    """Change the notebook's JSON, then take it in."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return take_in(path.parent, "ann", ACTIVATIONS)


def refused(folder: Path) -> str:
    with pytest.raises(NotGraded) as trouble:
        take_in(folder, "ann", ACTIVATIONS)
    assert str(trouble.value).endswith(".")
    return str(trouble.value)


def at(notebook: dict[str, Any], grade_id: str) -> int:
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in notebook["cells"]]
    return ids.index(grade_id)


# -- the assignment ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOLDERS)
def test_book_cells_and_checks_are_what_nbgrader_releases(name: str) -> None:
    one = assignments.load(name)
    plain, checks = set(), []
    for cell in release(one.source).cells:
        kept = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and not kept:
            plain.add(assignments.normalised(cell.source))
        if kept.get("grade"):
            checks.append((kept.grade_id, cell.source))
    assert one.book_cells == plain
    ours = [
        (assignments.check_id(exercise), assignments.released_check(exercise))
        for exercise in one.exercises
    ]
    assert checks == ours


def test_every_exercise_is_asked_and_may_use_earlier_chapters_only() -> None:
    for name in FOLDERS:
        one = assignments.load(name)
        assert {exercise for exercise in one.exercises if one.exercise(exercise).points} == set(
            one.exercises
        )
        assert f"{one.slug}.py" not in [path.name for path in one.modules]
    assert [path.name for path in assignments.load("03_losses").modules] == [
        "neurons.py",
        "activations.py",
    ]


@pytest.mark.parametrize("name", ["2_activations", "99_none", "nothing", "../02_activations", ""])
def test_an_unknown_assignment_is_refused(name: str) -> None:
    with pytest.raises(NotGraded, match="02_activations, 03_losses"):
        assignments.load(name)


def test_a_chapter_without_exercises_is_no_assignment() -> None:
    with pytest.raises(NotGraded, match="00_start holds no exercise"):
        assignments.load("00_start")


def test_an_instructors_change_of_the_source_is_seen(tmp_path: Path) -> None:
    path = tmp_path / NAME / "activations.ipynb"
    shutil.copytree(assignments.NOTEBOOKS / NAME, path.parent)
    assert len(assignments.load(NAME, tmp_path).exercises) == len(ACTIVATIONS.exercises)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    del notebook["cells"][at(notebook, "check-relu")]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert "relu" not in assignments.load(NAME, tmp_path).exercises


# -- the file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOLDERS)
def test_an_untouched_release_is_taken_in_without_a_flag(name: str) -> None:
    one = assignments.load(name)
    taken = take_in(assignments.ROOT / "chapters" / name, "ann", one)
    assert taken.flags == ()
    assert [found for cell in taken.cells if (found := intake.checked(cell, one))] == list(
        one.exercises
    )


def test_only_kind_text_and_grade_id_are_kept(handed_in: Path) -> None:
    def poison(notebook: dict[str, Any]) -> None:
        notebook["metadata"] = {"kernelspec": {"name": "evil"}, "x": "<script>"}
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "99"}}]
            cell.setdefault("metadata", {})["nbgrader2"] = {"points": 1e9}
            cell["metadata"].setdefault("nbgrader", {})["points"] = 1e9
            cell["attachments"] = {"a.svg": {}}

    before = take_in(handed_in.parent, "ann", ACTIVATIONS)
    after = changed(handed_in, poison)
    assert after.cells == before.cells and after.digest != before.digest


def test_a_renamed_notebook_is_graded_and_flagged(handed_in: Path) -> None:
    handed_in.rename(handed_in.with_name("activations (1).ipynb"))
    (flag,) = take_in(handed_in.parent, "ann", ACTIVATIONS).flags
    assert "renamed notebook" in flag and "activations (1).ipynb" in flag


def test_of_several_renamed_notebooks_the_fullest_is_graded(handed_in: Path) -> None:
    shutil.copy(RELEASED.parents[1] / "03_losses" / "losses.ipynb", handed_in.parent / "a.ipynb")
    (handed_in.parent / "b.ipynb").write_text("no JSON")
    handed_in.rename(handed_in.with_name("mine.ipynb"))
    taken = take_in(handed_in.parent, "ann", ACTIVATIONS)
    assert any("of 3 other notebooks, mine.ipynb was graded" in flag for flag in taken.flags)
    assert sum(bool(intake.checked(cell, ACTIVATIONS)) for cell in taken.cells) == 12


def test_other_notebooks_beside_the_right_one_are_named(handed_in: Path) -> None:
    shutil.copy(handed_in, handed_in.with_name("really mine.ipynb"))
    (flag,) = take_in(handed_in.parent, "ann", ACTIVATIONS).flags
    assert "really mine.ipynb" in flag


def test_another_assignments_notebook_is_no_zero(handed_in: Path) -> None:
    handed_in.unlink()
    shutil.copy(RELEASED.parents[1] / "12_attention" / "attention.ipynb", handed_in.parent)
    assert "holds no exercise of the assignment" in refused(handed_in.parent)


def test_an_empty_folder_and_none_at_all(folder: Path) -> None:
    assert "cannot be read" in refused(folder.with_name("nothing"))
    (folder / "activations.ipynb").unlink()
    assert "holds no activations.ipynb" in refused(folder)


@POSIX
def test_links_are_not_followed(handed_in: Path, tmp_path: Path) -> None:
    handed_in.unlink()
    handed_in.symlink_to(RELEASED)
    assert "is a link" in refused(handed_in.parent)
    away = tmp_path / "elsewhere"
    handed_in.parent.rename(away)
    handed_in.parent.symlink_to(away)
    assert "link to another folder" in refused(handed_in.parent)


@POSIX
def test_a_students_folder_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "submitted" / "eve").symlink_to(tmp_path / "submitted" / "ann")
    assert "eve is a link" in refused(tmp_path / "submitted" / "eve" / NAME)


@POSIX
def test_pipes_and_folders_are_not_read(handed_in: Path) -> None:
    handed_in.unlink()
    os.mkfifo(handed_in)  # a reader that waited would wait for ever
    assert "no regular file" in refused(handed_in.parent)
    handed_in.unlink()
    handed_in.mkdir()
    assert "no regular file" in refused(handed_in.parent)


@POSIX
def test_a_hard_link_is_graded_and_flagged(handed_in: Path, tmp_path: Path) -> None:
    os.link(handed_in, tmp_path / "twin")
    (flag,) = take_in(handed_in.parent, "ann", ACTIVATIONS).flags
    assert "hard link" in flag


def test_a_large_file_is_not_read_to_its_end(handed_in: Path) -> None:
    with handed_in.open("ab") as file:
        file.truncate(10**11)  # a sparse file; whoever reads it all runs out of memory
    assert "larger than 20 MB" in refused(handed_in.parent)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8-sig", "byte order mark"), ("utf-16", "Utf-16"), ("latin-1", "Latin-1")],
)
def test_other_encodings_are_read_and_flagged(handed_in: Path, encoding: str, said: str) -> None:
    notebook = {"nbformat": 4, "cells": [code("def relu(z): return 'é'")]}
    handed_in.write_bytes(json.dumps(notebook, ensure_ascii=False).encode(encoding))
    taken = take_in(handed_in.parent, "ann", ACTIVATIONS)
    assert said in taken.flags[0] and taken.cells[0].source.endswith("'é'")


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": []} | more


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no valid JSON"),
        ("[" * 900_000, "no valid JSON"),
        ('{"a":' * 400_000 + "1" + "}" * 400_000, "no valid JSON"),
        ("[" + "[]," * 1_000_001 + "1]", "too many parts"),
        ("[1]", "holds no cells"),
        ('{"nbformat": 4}', "holds no cells"),
        ('{"nbformat": 4, "cells": {}}', "holds no cells"),
        ('{"nbformat": 3, "worksheets": [7]}', "holds no cells"),
        ('{"nbformat": 5, "cells": []}', "format that is not read"),
        ('{"nbformat": 2, "worksheets": []}', "format that is not read"),
        ('{"nbformat": [4], "cells": []}', "format that is not read"),
        (json.dumps({"nbformat": 4, "cells": [{}] * 2001}), "2001 cells"),
        (json.dumps({"nbformat": 4, "cells": [code("1" * 200_001)]}), "Cell 1 holds 200001"),
        (
            json.dumps({"nbformat": 4, "cells": [code("1" * 200_000)] * 21}),
            "hold 4200000 characters",
        ),
        ("\x00" * 1000, "no valid JSON"),
    ],
)
def test_what_is_no_notebook_is_refused(handed_in: Path, text: str, said: str) -> None:
    handed_in.write_text(text)
    assert said in refused(handed_in.parent)


def test_strange_cells_are_left_out_and_flagged(handed_in: Path) -> None:
    def break_some(notebook: dict[str, Any]) -> None:
        notebook["cells"][:0] = [
            7,
            {},
            code(3),
            code(["a", 3]),
            code("ok", metadata=[1]),
            code(["1 +", " 1"], metadata={"nbgrader": 3}),
            code("ok", metadata={"nbgrader": {"grade_id": "../../x"}}),
            code("ok", metadata={"nbgrader": {"grade_id": ["relu"]}}),
            code("half \ud800 a letter"),
            {"cell_type": "markdown", "metadata": {}, "source": "x" * 200_001},
            {"cell_type": "raw", "metadata": {}, "source": "raw"},
        ]

    taken = changed(handed_in, break_some)
    assert [cell.source for cell in taken.cells[:5]] == [
        "ok",
        "1 + 1",
        "ok",
        "ok",
        "half ? a letter",
    ]
    assert not any(cell.grade_id for cell in taken.cells[:5])
    assert [(cell.kind, cell.source) for cell in taken.cells[5:7]] == [
        ("markdown", ""),
        ("markdown", "raw"),
    ]
    assert "number 1, 2, 3, 4." in taken.flags[0] and "number 10." in taken.flags[1]


def test_numbers_of_any_size_and_nan_do_no_harm(handed_in: Path) -> None:
    text = handed_in.read_text(encoding="utf-8").rstrip().removesuffix("}")
    handed_in.write_text(text + ', "x": ' + "9" * 100_000 + ', "y": [NaN, -Infinity, 1e999]}')
    assert take_in(handed_in.parent, "ann", ACTIVATIONS).flags == ()


def test_the_old_format_is_read(handed_in: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": 1, "source": "Mine", "metadata": {}},
        {"cell_type": "code", "input": ["def relu(z):\n", "    return z"], "metadata": {}},
    ]
    handed_in.write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}))
    taken = take_in(handed_in.parent, "ann", ACTIVATIONS)
    assert "old format 3" in taken.flags[0]
    assert [(cell.kind, cell.source) for cell in taken.cells] == [
        ("markdown", "Mine"),
        ("code", "def relu(z):\n    return z"),
    ]


# -- flags -------------------------------------------------------------------------------------


def strip_metadata(notebook: dict[str, Any]) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def copy_answer(notebook: dict[str, Any]) -> None:
    notebook["cells"].append(dict(notebook["cells"][at(notebook, "relu")]))


def delete_check(notebook: dict[str, Any]) -> None:
    del notebook["cells"][at(notebook, "check-relu")]


def delete_answer(notebook: dict[str, Any]) -> None:
    del notebook["cells"][at(notebook, "relu")]


def alter_check(notebook: dict[str, Any]) -> None:
    notebook["cells"][at(notebook, "check-relu")]["source"] = "grade = 100"


def crawl(notebook: dict[str, Any]) -> None:
    notebook["cells"].append(code("().__class__; import ctypes; sys.displayhook(2)"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (strip_metadata, "lost nbgrader's metadata"),
        (copy_answer, "Cells occur twice, with the same grade id: relu."),
        (delete_check, "Check cells are missing: relu."),
        (delete_answer, "Answer cells are missing: relu."),
        (alter_check, "Check cells were altered, and are not run: relu."),
        (crawl, "The code mentions __class__, ctypes, sys.displayhook."),
    ],
)
def test_what_is_odd_is_flagged(
    handed_in: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    (flag,) = changed(handed_in, change).flags
    assert said in flag


def test_checks_are_found_without_metadata(handed_in: Path) -> None:
    taken = changed(handed_in, strip_metadata)
    found = [name for cell in taken.cells if (name := intake.checked(cell, ACTIVATIONS))]
    assert found == list(ACTIVATIONS.exercises)


def test_flags_hold_no_control_characters(handed_in: Path) -> None:
    handed_in.rename(handed_in.with_name("a\x1b[31m\u202eb.ipynb"))
    (flag,) = take_in(handed_in.parent, "ann", ACTIVATIONS).flags
    assert flag.isprintable() and "a?[31m?b.ipynb" in flag
