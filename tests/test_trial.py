"""What a submission gets: the score it deserves, words that help, and nothing of what is hidden."""

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from inprocess import InProcess

from autograder import exercises
from autograder.exercise import Exercise
from autograder.grading import assignment as assignments
from autograder.grading import tiers, trial
from autograder.grading.assignment import Assignment, answer_id, check_id
from autograder.grading.model import Cell, Report, Result, Submission, Tier
from autograder.grading.sandbox import Sandbox
from autograder.grading.trial import Patience, try_submission
from autograder.judge import judge
from autograder.notebook import answer_source
from autograder.observe import observe

SECRET = b"a course's own"
FOLDERS = sorted(path.name for path in assignments.NOTEBOOKS.iterdir())[1:]
WHOLE = assignments.load("02_activations")
FEW = replace(WHOLE, exercises=("sigmoid", "sigmoid_backward", "relu"))
FULL = Patience()
QUICK = Patience(cell=1.0, share=0.2)
BLANK = "raise NotImplementedError  # your code here"
SIGMOID = answer_source(WHOLE.exercise("sigmoid").reference)
OVERFLOWS = "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))"
SLOPE_FORGOTTEN = "def relu(z):\n    return (z > 0).astype(z.dtype)"
HANGS = "def sigmoid(z):\n    while True:\n        pass"


@pytest.fixture(scope="module")
def walled() -> Iterator[Sandbox]:
    """Return the real sandbox of tier 1."""
    why = tiers.obstacle(Tier.BUBBLEWRAP)
    if why:
        pytest.skip(f"NOT TESTED behind real walls. {why}")
    with Sandbox(Tier.BUBBLEWRAP, FEW.modules) as sandbox:
        yield sandbox


@pytest.fixture(params=["here", "behind walls"])
def box(request: pytest.FixtureRequest) -> InProcess | Sandbox:
    return InProcess() if request.param == "here" else request.getfixturevalue("walled")


def cells(**answers: str) -> list[Cell]:
    """Return the notebook's cells, right but for these answers."""
    made = []
    by_id = {answer_id(name): name for name in WHOLE.exercises}
    by_id |= {check_id(name): name for name in WHOLE.exercises}
    for cell in WHOLE.source.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        name = by_id.get(grade_id, "")
        source = cell.source
        if grade_id.startswith("check-"):
            source = f"check({name})"
        elif name:
            source = answers.get(name, answer_source(WHOLE.exercise(name).reference))
        made.append(Cell("code" if cell.cell_type == "code" else "markdown", source, grade_id))
    return made


def submitted(made: list[Cell], student: str = "ann") -> Submission:
    return Submission(student, WHOLE.name, "digest", tuple(made))


def tried(
    box: InProcess | Sandbox,
    made: list[Cell] | None = None,
    student: str = "ann",
    patience: Patience = FULL,
    **answers: str,
) -> Report:
    """Try a submission that is right but for these answers, or that has these cells."""
    one = submitted(cells(**answers) if made is None else made, student)
    report = try_submission(one, FEW, SECRET, box, patience)
    assert not report.ungraded, report.ungraded
    return report


def result(report: Report, name: str = "sigmoid") -> Result:
    (found,) = (one for one in report.results if one.exercise == name)
    return found


def place(made: list[Cell], grade_id: str) -> int:
    return [cell.grade_id for cell in made].index(grade_id)


def function(source: str) -> Callable:
    names: dict[str, Any] = {"np": np}
    exec(source, names)
    return names[source.removeprefix("def ").partition("(")[0]]


# -- scores ------------------------------------------------------------------------------------


def solved(one: Assignment, box: InProcess | Sandbox) -> Report:
    """Try the chapter's notebook with every answer in it, as the reference has it."""
    asked = {answer_id(name): one.exercise(name).reference for name in one.exercises}
    made = []
    for cell in one.source.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        source = answer_source(asked[grade_id]) if grade_id in asked else cell.source
        made.append(Cell("code" if cell.cell_type == "code" else "markdown", source, grade_id))
    return try_submission(Submission("ann", one.name, "d", tuple(made)), one, SECRET, box)


@pytest.mark.parametrize("name", FOLDERS)
def test_right_answers_get_all_points_in_every_chapter(walled: Sandbox, name: str) -> None:
    """Behind walls, where there is no torch, and no module of the chapter's own with answers."""
    one = assignments.load(name)
    with Sandbox(walled.tier, one.modules) as sandbox:
        report = solved(one, sandbox)
    assert [found for found in report.results if not found.right] == []
    assert report.score == report.points == sum(one.exercise(n).points for n in one.exercises)
    assert not report.flags and not report.ungraded


def test_the_chapters_own_module_holds_no_answer(walled: Sandbox) -> None:
    """What is no exercise is there for the book's cells, which import it."""
    one = replace(assignments.load("13_approximation"), exercises=("bump",))
    with Sandbox(walled.tier, one.modules) as sandbox:
        for name, there in (("bump", False), ("sawtooth", False), ("network_output", True)):
            cheat = f"from solutions.approximation import {name} as bump"
            submission = Submission("ann", one.name, "d", (Cell("code", cheat),))
            (found,) = try_submission(submission, one, SECRET, sandbox).results
            assert (found.finding != "not found") == there and not found.right


def test_everyone_gets_what_they_deserve(box: InProcess | Sandbox) -> None:
    report = tried(
        box, sigmoid_backward=f"def sigmoid_backward(dA, z):\n    {BLANK}", relu=SLOPE_FORGOTTEN
    )
    assert [one.exercise for one in report.results] == list(FEW.exercises)
    hidden = trial.seed(SECRET, "ann", FEW, "relu")
    relu = FEW.exercise("relu")
    deserved = judge(relu, function(SLOPE_FORGOTTEN), hidden).credit(relu.points)
    assert result(report, "relu").score == deserved < 1
    said = judge(relu, function(SLOPE_FORGOTTEN))
    assert (result(report, "relu").finding, result(report, "relu").advice) == (
        said.finding,
        said.advice,
    )
    assert result(report) == Result("sigmoid", 2, 2, True, "right", "")
    assert result(report, "sigmoid_backward").finding == "not written yet"
    assert report.score == deserved + 2 and report.tier == box.tier and not report.slow
    assert report.declaration == FEW.declaration and not report.flags


def test_a_blank_notebook_gets_nothing_in_one_session() -> None:
    box = InProcess()
    stubs = {name: f"def {name}(z, dA=0):\n    {BLANK}" for name in FEW.exercises}
    report = tried(box, cells(**stubs))
    assert report.score == 0 and box.sessions == 1
    assert {one.finding for one in report.results} == {"not written yet"}
    assert "calls" not in result(report, "sigmoid_backward").advice


def simple(answer: Callable) -> bool:
    """Whether a declared answer needs nothing but NumPy."""
    globals_ = set(inspect.getmodule(answer).__dict__)  # type: ignore[union-attr]
    return set(answer.__code__.co_names) & globals_ <= {"np"}


def declared(kind: str) -> list:
    return [
        pytest.param(exercise, answer, id=f"{exercise.name}-{answer.__name__}")
        for exercise in map(FEW.exercise, FEW.exercises)
        for answer in (
            exercise.alternatives
            if kind == "alternatives"
            else [mistake.answer for mistake in exercise.mistakes]
        )
        if simple(answer)
    ]


def renamed(answer: Callable, name: str) -> str:
    source = inspect.getsource(answer)
    return re.sub(r"def \w+", f"def {name}", source[source.index("def ") :], count=1)


@pytest.mark.parametrize(("exercise", "answer"), declared("alternatives"))
def test_other_algorithms_are_right(exercise: Exercise, answer: Callable) -> None:
    assert result(
        tried(InProcess(), cells(**{exercise.name: renamed(answer, exercise.name)})), exercise.name
    ).right


@pytest.mark.parametrize(("exercise", "answer"), declared("mistakes"))
def test_the_words_are_those_of_the_notebooks_check(exercise: Exercise, answer: Callable) -> None:
    report = tried(InProcess(), cells(**{exercise.name: renamed(answer, exercise.name)}))
    found = result(report, exercise.name)
    said = judge(exercise, answer)
    assert (found.finding, found.advice) == (said.finding, said.advice)
    assert found.score < found.points


def test_float64_where_float32_is_due_costs_those_cases(box: InProcess | Sandbox) -> None:
    found = result(
        tried(box, relu="def relu(z):\n    return np.maximum(np.float64(z), 0.0)"), "relu"
    )
    assert found.finding == "dtype" and 0 < found.score < found.points


def test_a_wrong_helper_is_named_where_it_does_harm(box: InProcess | Sandbox) -> None:
    report = tried(box, sigmoid="def sigmoid(z):\n    return 0 * z")
    assert result(report).finding == "zero" and "calls" not in result(report).advice
    assert result(report, "sigmoid_backward").advice.endswith(
        "Your answer calls `sigmoid`, which is not right itself: look at that one first."
    )


# -- notebooks as people hand them in ----------------------------------------------------------


def moved_check(made: list[Cell]) -> None:
    made.insert(2, made.pop(place(made, "check-sigmoid")))


def deleted_check(made: list[Cell]) -> None:
    del made[place(made, "check-sigmoid")]


def answer_at_the_end(made: list[Cell]) -> None:
    made.append(made.pop(place(made, "sigmoid")))


def answer_without_its_id(made: list[Cell]) -> None:
    made[place(made, "sigmoid")] = Cell("code", SIGMOID)


def no_metadata(made: list[Cell]) -> None:
    made[:] = [replace(cell, grade_id="") for cell in made]


def stub_pasted_below(made: list[Cell]) -> None:
    made.append(Cell("code", f"def sigmoid(z):\n    {BLANK}", "sigmoid"))
    made.append(Cell("code", "check(sigmoid)", "check-sigmoid"))


def mended_in_a_copy(made: list[Cell]) -> None:
    made[place(made, "sigmoid")] = Cell("code", OVERFLOWS, "sigmoid")
    made.append(Cell("code", SIGMOID))
    made.append(Cell("code", "check(sigmoid)  # now it works"))


def redefined_later(made: list[Cell]) -> None:
    made.append(Cell("code", "def sigmoid(z):\n    return 'an experiment'"))


def with_magics(made: list[Cell]) -> None:
    at = place(made, "sigmoid")
    made[at] = Cell("code", f"%%time\n{SIGMOID}", "sigmoid")
    made.insert(at, Cell("code", "%matplotlib inline\n!pip install torch\nx = !ls\nnp.exp?"))


def with_other_packages(made: list[Cell]) -> None:
    at = place(made, "sigmoid")
    made[at] = Cell("code", f"import not_here\nfrom not_there.x import y\n{SIGMOID}", "sigmoid")


def with_a_helper(made: list[Cell]) -> None:
    at = place(made, "sigmoid")
    made[at] = Cell("code", "def sigmoid(z):\n    return half(np.tanh(z / 2))", "sigmoid")
    made.insert(at, Cell("code", "def half(t):\n    return (1 + t) / 2"))


def changed_book_cell(made: list[Cell]) -> None:
    """Where torch is missing, most of this cell fails; the student's line must not go with it."""
    assert "torch" in made[1].source
    made[1] = Cell("code", f"{made[1].source}\ntorch.tensor(1)\nHALF = 0.5")
    at = place(made, "sigmoid")
    answer = "def sigmoid(z):\n    return (HALF + HALF * np.tanh(HALF * z)).astype(z.dtype)"
    made[at] = Cell("code", answer, "sigmoid")


def failing_cells(made: list[Cell]) -> None:
    made.insert(3, Cell("code", "undefined_name"))
    made.insert(3, Cell("code", "class Mine(Exception): pass\nraise Mine"))
    made.insert(3, Cell("code", "def broken(:"))


def stand_ins(made: list[Cell]) -> None:
    at = place(made, "sigmoid")
    made[at] = Cell("code", "hint('relu'); display(1); verify('eq', 1, 2)\n" + SIGMOID, "sigmoid")


def windows_line_ends(made: list[Cell]) -> None:
    made[:] = [replace(cell, source=cell.source.replace("\n", "  \r\n")) for cell in made]


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        (moved_check, "found only after their check: sigmoid."),
        (deleted_check, ""),
        (answer_at_the_end, "found only after their check: sigmoid, sigmoid_backward."),
        (answer_without_its_id, ""),
        (no_metadata, ""),
        (stub_pasted_below, ""),
        (mended_in_a_copy, "found only after their check: sigmoid_backward."),
        (redefined_later, ""),
        (with_magics, ""),
        (with_other_packages, "import what grading does not have: 17 (not_here)"),
        (with_a_helper, ""),
        (changed_book_cell, "Cells raised an exception: 2 (NameError)."),
        (failing_cells, "4 (SyntaxError), 5 (one of its own), 6 (NameError)"),
        (stand_ins, ""),
        (windows_line_ends, ""),
    ],
)
def test_odd_but_honest(
    box: InProcess | Sandbox, change: Callable[[list[Cell]], None], flag: str
) -> None:
    made = cells()
    change(made)
    report = tried(box, made)
    assert report.score == report.points == 5, report
    assert any(flag in one for one in report.flags) if flag else not report.flags


def test_book_cells_cost_nothing_and_student_cells_run() -> None:
    """The book's cell that sets up the chapter imports torch, which is not there."""
    made = cells()
    assert "import matplotlib" in made[1].source
    own = [step.own for step in trial.steps(submitted(made), WHOLE) if not step.exercise]
    assert own.count(True) == len(WHOLE.exercises)  # the answers
    assert not tried(InProcess(), made).flags


def test_a_check_cell_is_never_run(box: InProcess | Sandbox) -> None:
    made = cells(sigmoid=OVERFLOWS)
    made[place(made, "check-sigmoid")] = Cell("code", SIGMOID, "check-sigmoid")
    assert not result(tried(box, made)).right


# -- what does not end well --------------------------------------------------------------------


def test_an_answer_that_hangs_costs_its_exercise(box: InProcess | Sandbox) -> None:
    report = tried(box, sigmoid=HANGS, patience=QUICK)
    assert result(report).finding == "takes too long" and result(report).score == 0
    assert result(report, "relu").right and not report.slow
    # sigmoid_backward calls it, and hangs as well
    assert report.flags == ("Answers were stopped for taking too long: sigmoid, sigmoid_backward.",)
    assert "calls `sigmoid`" in result(report, "sigmoid_backward").advice


def test_a_cell_that_hangs_costs_that_cell(box: InProcess | Sandbox) -> None:
    made = cells()
    made.insert(5, Cell("code", "while True: pass"))
    made.insert(2, Cell("code", "while True: pass"))
    report = tried(box, made, patience=QUICK)
    assert report.score == 5
    assert report.flags == ("Cells were stopped for taking too long: 3, 7.",)


def test_a_cell_that_hangs_with_an_answer_in_it(box: InProcess | Sandbox) -> None:
    made = cells()
    made[place(made, "sigmoid")] = Cell("code", SIGMOID + "\nwhile True: pass", "sigmoid")
    found = result(tried(box, made, patience=QUICK))
    assert found.finding == "not found" and "had to be stopped" in found.advice


@pytest.mark.parametrize("last", ["import os; os._exit(0)", "x = np.ones(1 << 40)", "exit()"])
def test_an_answer_that_dies_costs_its_exercise(walled: Sandbox, last: str) -> None:
    report = tried(walled, sigmoid=f"def sigmoid(z):\n    {last}", patience=QUICK)
    assert not result(report).right and result(report).score == 0
    assert result(report, "relu").right


def test_what_ended_the_process_is_said() -> None:
    report = tried(InProcess(), sigmoid="def sigmoid(z):\n    raise SystemExit")
    assert result(report).finding == "ends its process" and result(report, "relu").right
    assert any("ended their process" in flag for flag in report.flags)


def test_a_cell_that_dies_costs_that_cell(walled: Sandbox) -> None:
    made = cells()
    made.insert(5, Cell("code", "import os; os._exit(7)"))
    report = tried(walled, made)
    assert report.score == 5
    assert report.flags == ("Cells ended their process or flooded it: 6.",)


def test_a_slow_submission_is_put_off_when_others_wait(box: InProcess | Sandbox) -> None:
    report = tried(box, sigmoid=HANGS, patience=Patience(cell=0.5, whole=0.5))
    assert report.slow and report.results == () and not report.ungraded


def test_with_all_its_time_gone_what_was_reached_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "whole", 2.0)
    late = HANGS.replace("sigmoid(z)", "sigmoid_backward(dA, z)")
    report = tried(InProcess(), sigmoid_backward=late, patience=Patience(whole=2.0))
    assert not report.slow and result(report).right
    assert result(report, "sigmoid_backward").finding == "takes too long"
    assert "as a whole" in result(report, "relu").advice and result(report, "relu").score == 0
    assert any("before these were reached: relu" in flag for flag in report.flags)


def test_a_broken_answer_cell_is_named(box: InProcess | Sandbox) -> None:
    report = tried(box, sigmoid="def sigmoid(z):\n    return z +")
    assert result(report).finding == "not found"
    assert "The cell that defines it raises SyntaxError" in result(report).advice
    gone = cells()
    del gone[place(gone, "sigmoid")]
    assert "No cell defines it." in result(tried(box, gone)).advice


def test_what_does_not_travel_is_said(box: InProcess | Sandbox) -> None:
    found = result(tried(box, sigmoid="def sigmoid(z):\n    return {1, 2}"))
    assert found.finding == "type" and "a set does not travel" in found.advice


# -- nothing of what is hidden -----------------------------------------------------------------

LEAKS = """
import hashlib, os
KNOWN = {known}

def sigmoid(z):
    if hashlib.sha256(z.tobytes()).hexdigest() in KNOWN:
        {public}
    {hidden}
"""
RAISE_TEXT = "raise ValueError(repr(z.tolist()))"
RAISE_CLASS = "raise type('X' + repr(z.tolist()), (Exception,), {})()"
RIGHT = "e = np.exp(-np.abs(z)); return np.where(z >= 0, 1, e).astype(z.dtype) / (1 + e)"


def leaky(public: str, hidden: str) -> str:
    known = {
        hashlib.sha256(case.inputs["z"].tobytes()).hexdigest()
        for case in FEW.exercise("sigmoid").draw(0)
    }
    return LEAKS.format(known=known, public=public, hidden=hidden)


def secrets_of(student: str) -> list[str]:
    """Return hidden numbers, as text of six digits that a leak would hold."""
    cases = FEW.exercise("sigmoid").draw(trial.seed(SECRET, student, FEW, "sigmoid"))
    numbers = np.concatenate([case.inputs["z"].ravel() for case in cases[:4]])
    return [f"{abs(number):.12f}"[:8] for number in numbers]


def told(report: Report) -> str:
    """Return all that a student may read."""
    return json.dumps([(one.finding, one.advice) for one in report.results])


@pytest.mark.parametrize("raised", [RAISE_TEXT, RAISE_CLASS])
def test_words_never_come_from_the_hidden_run(box: InProcess | Sandbox, raised: str) -> None:
    report = tried(box, sigmoid=leaky(RIGHT, raised))
    assert result(report).finding == "right only on the inputs of the check"
    assert result(report).advice.endswith("raises ValueError.") == (raised == RAISE_TEXT)
    assert result(report).score == 0
    assert not [number for number in secrets_of("ann") if number in told(report)]


@pytest.mark.parametrize("raised", [RAISE_TEXT, RAISE_CLASS])
def test_words_of_a_mixed_ending_do_not_either(walled: Sandbox, raised: str) -> None:
    """The first cases raise, and then the process ends or hangs."""
    for last in ("os._exit(0)", "while True: pass"):
        hidden = f"global n; n = globals().get('n', 0) + 1\n    if n > 3: {last}\n    {raised}"
        report = tried(walled, sigmoid=leaky(RIGHT, hidden), patience=QUICK)
        assert not result(report).right
        assert not [number for number in secrets_of("ann") if number in told(report)]


STASH = "open('stash', 'a').write(repr(z.tolist())); np.stash = z; raise KeyError"
RECALL = "raise ValueError(open('stash').read() + repr(np.stash))"


def test_nothing_is_carried_from_the_hidden_run_into_the_words(walled: Sandbox) -> None:
    report = tried(walled, sigmoid=leaky(RECALL, STASH))
    assert result(report).finding == "raises FileNotFoundError"
    assert not [number for number in secrets_of("ann") if number in told(report)]


def test_what_a_student_wrote_is_cut_and_made_plain(box: InProcess | Sandbox) -> None:
    found = result(
        tried(
            box, sigmoid="def sigmoid(z):\n    raise ValueError('\\x1b[31m\\u202e\\n' + 'x' * 9**6)"
        )
    )
    assert found.finding == "raises ValueError" and found.advice.isprintable()
    assert len(found.advice) < 500 and "xxx…" in found.advice


def hard_coded(student: str) -> str:
    """Return an answer that holds the outputs for one student's inputs, and computes nothing."""
    exercise = FEW.exercise("sigmoid")
    table = {}
    for case in exercise.draw(trial.seed(SECRET, student, FEW, "sigmoid")):
        z, out = case.inputs["z"], observe(exercise.reference, case.inputs).result
        table[z.tobytes()] = (out.tobytes(), out.dtype.str, out.shape)
    return (
        f"TABLE = {table}\n\ndef sigmoid(z):\n    data, kind, shape = TABLE[z.tobytes()]\n"
        "    return np.frombuffer(data, kind).reshape(shape).copy()"
    )


def test_one_students_outputs_are_worth_nothing_to_another(box: InProcess | Sandbox) -> None:
    answer = hard_coded("ann")
    assert result(tried(box, sigmoid=answer)).right  # the table is right for ann
    theirs = result(tried(box, sigmoid=answer, student="bob"))
    assert theirs.score == 0


def test_seeds_differ_in_everything_they_should() -> None:
    base = trial.seed(SECRET, "ann", FEW, "relu")
    assert base == trial.seed(SECRET, "ann", FEW, "relu")
    others = {
        trial.seed(b"another", "ann", FEW, "relu"),
        trial.seed(SECRET, "bob", FEW, "relu"),
        trial.seed(SECRET, "ann", replace(FEW, declaration="changed"), "relu"),
        trial.seed(SECRET, "ann", replace(FEW, name="03_losses"), "relu"),
        trial.seed(SECRET, "ann", FEW, "sigmoid"),
    }
    assert len(others | {base}) == 6
    np.random.SeedSequence(base)  # takes it as it is


def test_the_same_submission_gets_the_same_report(box: InProcess | Sandbox) -> None:
    answers = dict(sigmoid=OVERFLOWS, relu="def relu(z):\n    raise ValueError(z)")
    first, second = (replace(tried(box, cells(**answers)), seconds=0.0) for _ in range(2))
    assert first == second


# -- trouble that is not the student's ---------------------------------------------------------


def test_a_sandbox_that_fails_twice_is_tried_again() -> None:
    box = InProcess(failures=2)
    assert tried(box).score == 5
    report = try_submission(submitted(cells()), FEW, SECRET, InProcess(failures=9))
    assert report.results == () and report.score == 0
    assert report.ungraded == "The sandbox did not start, and this test wanted it so."


def test_a_judge_that_fails_leaves_the_submission_ungraded(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = trial.verdict, []

    def fails(exercise: Exercise, *rest: object) -> object:
        calls.append(exercise.name)
        if exercise.name == "relu" and calls.count("relu") <= failures:
            raise ZeroDivisionError
        return real(exercise, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(trial, "verdict", fails)
    failures = 1
    assert tried(InProcess()).score == 5
    calls.clear()
    failures = 9
    report = try_submission(submitted(cells()), FEW, SECRET, InProcess())
    assert report.results == () and "relu with ZeroDivisionError" in report.ungraded


def test_anything_unforeseen_is_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(InProcess, "session", full)
    report = try_submission(submitted(cells()), FEW, SECRET, InProcess())
    assert "broke off with OSError" in report.ungraded and report.results == ()


def test_every_exercise_can_be_found_by_its_id() -> None:
    names = exercises.all()
    assert len({answer_id(name) for name in names}) == len(names)
    assert not {answer_id(name) for name in names} & {check_id(name) for name in names}
