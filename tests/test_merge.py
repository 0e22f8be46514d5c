"""Merging a notebook keeps what the learner wrote and brings what the book changed."""

import copy

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book.merge import NEWER, merge

STUB = "raise NotImplementedError"


def exercise(name: str, n: int = 1) -> list[NotebookNode]:
    """A heading, an answer cell with its stub, and a check, as the weaver makes them."""
    graded = {"nbgrader": {"grade_id": name, "solution": True}}
    check = {"nbgrader": {"grade_id": f"check-{name}", "grade": True}}
    return [
        new_markdown_cell(f"### Exercise: `{name}`\n\n{n} points.", id=f"{name}-{n}-1"),
        new_code_cell(
            f'def {name}(z):\n    """Return {name} of z."""\n    {STUB}',
            id=f"{name}-{n}-2",
            metadata=graded,
        ),
        new_code_cell(f"check({name})", id=f"{name}-{n}-3", metadata=check),
    ]


def text(source: str, name: str) -> NotebookNode:
    return new_markdown_cell(source, id=name)


@pytest.fixture
def base() -> NotebookNode:
    return new_notebook(
        cells=[
            text("# Activations\n\nA first sentence.\nA second one.\nA third one.", "top-1"),
            new_code_cell("import numpy as np", id="top-2"),
            *exercise("relu"),
            text("Between the two stands this text about a bend.", "between"),
            *exercise("tanh"),
            new_code_cell("plot(relu, tanh)", id="end-1"),
        ]
    )


@pytest.fixture
def mine(base: NotebookNode) -> NotebookNode:
    """A notebook with the first exercise solved and run."""
    half_done = copy.deepcopy(base)
    answer = half_done.cells[3]
    answer.source = answer.source.replace(STUB, "return np.maximum(z, 0)")
    half_done.cells[4].outputs = [new_output("stream", text="✓ relu")]
    half_done.cells[4].execution_count = 7
    return half_done


@pytest.fixture
def book(base: NotebookNode) -> NotebookNode:
    return copy.deepcopy(base)


def sources(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


def test_new_text_comes_in_and_the_answer_and_its_output_stay(base, mine, book) -> None:
    book.cells[5].source = "Between the two stands a better text about a bend."
    book.cells.insert(6, text("And a new one.", "between-2"))
    merged, both = merge(base, mine, book)
    assert both == 0
    assert sources(merged) == [
        *sources(mine)[:5],
        "Between the two stands a better text about a bend.",
        "And a new one.",
        *sources(mine)[6:],
    ]
    assert merged.cells[4] == mine.cells[4], "an output or a count was lost"
    nbformat.validate(merged)


def test_an_untouched_stub_becomes_the_new_stub(base, mine, book) -> None:
    book.cells[7].source = f'def tanh(z):\n    """Return the hyperbolic tangent."""\n    {STUB}'
    merged, both = merge(base, mine, book)
    assert merged.cells[7].source == book.cells[7].source and both == 0


def test_a_cell_that_both_changed_is_the_learners_with_the_books_below(base, mine, book) -> None:
    book.cells[3].source = f'def relu(z):\n    """Return max(z, 0)."""\n    {STUB}'
    merged, both = merge(base, mine, book)
    kept, newer = merged.cells[3:5]
    assert both == 1 and kept.source == mine.cells[3].source
    assert newer.cell_type == "markdown", "a newer stub that runs would undo the answer"
    assert newer.source == f"{NEWER}\n\n```python\n{book.cells[3].source}\n```"
    again = copy.deepcopy(book)
    again.cells[3].source += "  # third version"
    merged, both = merge(book, merged, again)
    assert both == 1 and sum(NEWER in source for source in sources(merged)) == 1
    assert "third version" in merged.cells[4].source


def test_lines_of_a_text_that_both_changed_are_joined(base, mine, book) -> None:
    mine.cells[0].source += "\nMy own note."
    book.cells[0].source = book.cells[0].source.replace("A first", "A better first")
    merged, both = merge(base, mine, book)
    assert both == 0
    assert merged.cells[0].source == (
        "# Activations\n\nA better first sentence.\nA second one.\nA third one.\nMy own note."
    )
    mine.cells[0].source = mine.cells[0].source.replace("A first", "My first")
    merged, both = merge(base, mine, book)
    assert both == 1 and merged.cells[0].source == mine.cells[0].source
    assert "A better first" in merged.cells[1].source


def test_what_the_learner_deleted_stays_deleted_and_their_notes_stay(base, mine, book) -> None:
    del mine.cells[5]
    mine.cells.insert(4, new_code_cell("relu(-1)  # mine", id="0badcafe"))
    book.cells[5].source += " More of it."
    book.cells.insert(5, text("New before the text.", "between-0"))
    merged, _ = merge(base, mine, book)
    assert sources(merged) == [*sources(mine)[:6], "New before the text.", *sources(mine)[6:]]


def test_the_learners_order_stays(base, mine, book) -> None:
    mine.cells = [*mine.cells[:2], *mine.cells[6:9], *mine.cells[2:6], mine.cells[9]]
    book.cells[5].source = "Between the two stands a better text about a bend."
    merged, _ = merge(base, mine, book)
    expected = sources(mine)
    expected[8] = book.cells[5].source
    assert sources(merged) == expected


def test_two_openings_of_exercises_are_not_taken_for_one(base, mine, book) -> None:
    relu, tanh = (
        next(
            n
            for n, cell in enumerate(base.cells)
            if cell.source.startswith(f"### Exercise: `{name}")
        )
        for name in ("relu", "tanh")
    )
    mine.cells.insert(relu, mine.cells.pop(tanh))  # the opening of tanh now stands before relu's
    mine.cells.insert(0, mine.cells.pop(relu + 1))
    book.cells[tanh].source += " Mind the tails."
    merged, both = merge(base, mine, book)
    expected = sources(mine)
    expected[relu + 1] = book.cells[tanh].source
    assert sources(merged) == expected and both == 0


def test_an_exercise_that_the_book_moved_takes_its_answer_along(base, mine, book) -> None:
    book.cells = [*book.cells[:2], *book.cells[5:9], *book.cells[2:5], book.cells[9]]
    merged, both = merge(base, mine, book)
    expected = sources(book)
    expected[7] = mine.cells[3].source
    assert sources(merged) == expected and both == 0


def test_an_exercise_that_the_book_removed_or_renamed_leaves_its_answer(base, mine, book) -> None:
    book.cells[2:5] = exercise("rectifier")
    merged, _ = merge(base, mine, book)
    kept = next(cell for cell in merged.cells if cell.source == mine.cells[3].source)
    assert "nbgrader" not in kept.metadata
    assert {cell.source for cell in exercise("rectifier")} <= set(sources(merged))
    assert "check(relu)" not in sources(merged)


def test_shifted_ids_mislead_nobody(base, mine, book) -> None:
    """The weaver counts cells within a section, so a new one gives its id to the next."""
    for k, cell in enumerate(book.cells):
        cell["id"] = f"top-{k + 2}"
    book.cells.insert(0, text("A motto.", "top-1"))
    merged, both = merge(base, mine, book)
    assert sources(merged) == ["A motto.", *sources(mine)] and both == 0
    assert [cell.id for cell in merged.cells] == [cell.id for cell in book.cells]
    assert merge(book, merged, book)[0] == merged


def test_a_notebook_saved_in_an_older_format_is_merged(base, mine, book) -> None:
    mine.nbformat_minor = 4
    for cell in mine.cells:
        del cell["id"]
    book.cells[5].source = "Between the two stands a better text about a bend."
    merged, _ = merge(base, mine, book)
    assert merged.nbformat_minor == 5 and book.cells[5].source in sources(merged)
    assert mine.cells[3].source in sources(merged)
    assert all("id" in cell for cell in merged.cells)
    nbformat.validate(merged)


def test_a_split_answer_stays_whole(base, mine, book) -> None:
    head, body = mine.cells[3].source.rsplit("\n", 1)
    mine.cells[3].source = head
    mine.cells.insert(4, new_code_cell(body, id="0badcafe"))
    book.cells[3].source = book.cells[3].source.replace("Return", "Give back")
    merged, _ = merge(base, mine, book)
    at = sources(merged).index(head)
    assert body in sources(merged)[at:]


def edited(rng: np.random.Generator, cells: list[NotebookNode], who: str) -> list[NotebookNode]:
    """Change, delete, insert, move, split or copy a few cells."""
    cells = copy.deepcopy(cells)
    for n in range(rng.integers(0, 7)):
        at = int(rng.integers(len(cells)))
        match rng.integers(7):
            case 0 | 1:
                lines = cells[at].source.split("\n")
                lines.insert(int(rng.integers(len(lines) + 1)), f"{who} {n} {rng.integers(99)}")
                cells[at].source = "\n".join(lines)
            case 2:
                cells[at].source = f"{who} rewrote this, {n} {rng.integers(99)}"
            case 3 if len(cells) > 1:
                del cells[at]
            case 4:
                make = new_code_cell if rng.integers(2) else new_markdown_cell
                cells.insert(at, make(f"{who} added {n} {rng.integers(99)}", id=f"{who}-{n}"))
            case 5:
                cells.insert(int(rng.integers(len(cells))), cells.pop(at))
            case 6 if who == "learner":
                half = copy.deepcopy(cells[at])
                lines = half.source.split("\n")
                cells[at].source = "\n".join(lines[: len(lines) // 2])
                half["id"], half.source = f"half-{n}", "\n".join(lines[len(lines) // 2 :])
                cells.insert(at + 1, half)
    return cells


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_whatever_both_do_no_answer_is_lost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sections = [
        "A neuron is a line.\nIts weights tilt it.\nIts bias shifts it.",
        "A bend follows.\nWithout one, layers fold into one map.\nWith two, a bump stands up.",
        "Now the slope.\nEvery rule is the chain rule.\nWe read it from right to left.",
    ]
    cells = [text(words, f"s-{n}") for n, words in enumerate(sections)]
    cells[1:1] = exercise("relu")
    cells[5:5] = [*exercise("tanh"), new_code_cell("plot(tanh)", id="plot")]
    base, mine, book = (
        new_notebook(cells=one)
        for one in (cells, edited(rng, cells, "learner"), edited(rng, cells, "book"))
    )
    before = {cell.id: cell.source for cell in base.cells}
    untouched = {cell.id for cell in mine.cells if before.get(cell.id) == cell.source}
    news = [
        cell.source
        for cell in book.cells
        if "book added" in cell.source or ("book" in cell.source and cell.id in untouched)
    ]
    if rng.integers(3) == 0:  # as the weaver's ids shift
        for k, cell in enumerate(book.cells):
            cell["id"] = f"s-{k}"
    merged, _ = merge(base, mine, book)
    assert len({cell["id"] for cell in merged.cells}) == len(merged.cells)
    nbformat.validate(merged)
    assert set(news) <= set(sources(merged)), "the book's news did not arrive"
    for cell in mine.cells:
        if cell.source not in before.values() and cell.cell_type == "code":
            assert cell.source in sources(merged)
    notes = [line for cell in mine.cells for line in cell.source.split("\n") if "learner" in line]
    assert set(notes) <= set("\n".join(sources(merged)).split("\n"))
    once, _ = merge(book, merged, book)
    assert sources(once) == sources(merged), "a second update found something to do"
