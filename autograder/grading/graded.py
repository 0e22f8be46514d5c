"""The autograded notebook: the released one, with a student's text and our verdicts put into it.

It is built from trusted parts.  Of what was handed in only the text of answers and of added cells
survives, made harmless to show; ids, metadata, outputs and attachments are ours.
"""

import textwrap
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.grading import inert
from autograder.grading.assignment import Assignment, answer_id, check_id, normalised
from autograder.grading.intake import checked, defined
from autograder.grading.model import Cell, NotGraded, Report, Result, Submission
from autograder.grading.release import release

MOST_CODE = 50_000  # characters of a code cell that are shown
MOST_TEXT = 10_000  # of a Markdown cell
MOST_ADDED = 200_000  # of all added cells
LEFT_OUT = "More cells were handed in than are shown here; the submission holds them all."


def graded_notebook(submission: Submission, assignment: Assignment, report: Report) -> NotebookNode:
    """Return the notebook that nbgrader shows and reads the scores from.

    Raises NotGraded for a report without a verdict on each exercise.
    """
    if report.ungraded:
        raise NotGraded(report.ungraded)
    made = from_dict(release(assignment.source))
    results = {check_id(one.exercise): one for one in report.results}
    placed = _placed(submission, assignment, made)
    cells = list(placed.added[-1])
    for i, cell in enumerate(made.cells):
        if i in placed.answers:
            cell.source = _code(placed.answers[i])
        elif cell.metadata.get("nbgrader", {}).get("grade"):
            _judge(cell, results)
        cells += [cell, *placed.added[i]]
    made.cells = cells
    made.metadata["grading"] = {
        "digest": report.digest,
        "declaration": report.declaration,
        "tier": int(report.tier),
    }
    return made


# -- verdicts ----------------------------------------------------------------------------------


def _judge(check: NotebookNode, results: dict[str, Result]) -> None:
    """Give a check cell the outputs from which nbgrader reads exactly the result's score."""
    result = results.get(check.metadata.nbgrader.grade_id)
    points = float(check.metadata.nbgrader.points)
    if result is None or not 0 <= result.score <= points:
        raise NotGraded(
            f"The notebook's cell {check.metadata.nbgrader.grade_id} is worth {points:g} points, and "
            f"the verdict on it is {'missing' if result is None else f'{result.score:g} points'}: "
            "make the solved notebook agree with the declared exercise and generate it again."
        )
    finding, advice = inert.visible(result.finding), inert.visible(result.advice)
    said = f"✓ {result.exercise} is right." if result.right else f"✗ {result.exercise}: {finding}."
    text = textwrap.fill(f"{said} {advice}".strip(), 88) + "\n"  # nbgrader's pages do not wrap
    check.outputs = [_output("stream", name="stdout", text=text)]
    if result.score != points:
        score = {"text/plain": repr(float(result.score))}
        check.outputs.append(
            _output("execute_result", data=score, metadata={}, execution_count=None)
        )
    check.metadata["grading"] = {
        "exercise": result.exercise,
        "right": result.right,
        "score": float(result.score),
        "finding": finding,
        "advice": advice,
    }


def _output(kind: str, **parts: Any) -> NotebookNode:
    return from_dict({"output_type": kind, **parts})


# -- the student's cells -----------------------------------------------------------------------


@dataclass
class Placed:
    """Where the student's text goes, by the index of a released cell.

    answers: what stands in that cell.  added: what stands behind it; behind -1, at the beginning.
    """

    answers: dict[int, Cell] = field(default_factory=dict)
    added: dict[int, list[NotebookNode]] = field(default_factory=lambda: defaultdict(list))


def _placed(submission: Submission, assignment: Assignment, released: NotebookNode) -> Placed:
    """Give each handed-in cell its place: the released cell that it is, or behind the last of them."""
    placed, added = Placed(), list[tuple[int, Cell]]()
    ids = {_grade_id(cell): i for i, cell in enumerate(released.cells) if _grade_id(cell)}
    answers = {
        ids[answer_id(name)]: name for name in assignment.exercises if answer_id(name) in ids
    }
    book = defaultdict[str, deque[int]](deque)
    for i, cell in enumerate(released.cells):
        if i not in answers:
            book[normalised(cell.source)].append(i)
    behind = -1
    for cell in submission.cells:
        check, here = checked(cell, assignment), ids.get(cell.grade_id)
        if check:
            behind = ids.get(check_id(check), behind)
        elif here in answers and here not in placed.answers and cell.kind == "code":
            placed.answers[here] = cell
            behind = here
        elif book[normalised(cell.source)]:
            behind = book[normalised(cell.source)].popleft()
        elif cell.source.strip():
            added.append((behind, cell))
    for here, name in answers.items():  # a notebook that lost its metadata
        found = next((one for one in added if name in defined(one[1])), None)
        if here not in placed.answers and found:
            placed.answers[here] = found[1]
            added.remove(found)
    _add(placed, added)
    return placed


def _grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _add(placed: Placed, added: list[tuple[int, Cell]]) -> None:
    """Make cells of what the student added, up to the number of characters that is shown."""
    left = MOST_ADDED
    for number, (behind, cell) in enumerate(added, 1):
        name = f"added-by-student-{number}"
        if cell.kind == "code":
            made = new_code_cell(_code(cell), id=name)
        else:
            made = new_markdown_cell(
                inert.markdown(inert.shortened(cell.source, MOST_TEXT)), id=name
            )
        left -= len(made.source)
        if left < 0:
            placed.added[behind].append(new_markdown_cell(LEFT_OUT, id=name))
            return
        placed.added[behind].append(made)


def _code(cell: Cell) -> str:
    """Return code as it is shown: blanks that nobody sees would hold up the highlighter for hours."""
    lines = (inert.unseen(line) for line in cell.source.splitlines())
    return inert.visible(inert.shortened("\n".join(lines), MOST_CODE))
