"""check, hint, solution and progress as a learner meets them."""

import json
import os
import statistics
import subprocess
import sys
import textwrap
import time

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import autograder
from autograder import check, exercises, grade, hint, solution
from autograder.judge import judge
from book.progress import progress
from solutions.activations import sigmoid as reference

ANSWERS = {
    "blank": "raise NotImplementedError",
    "right": "return 0.5 * (1 + np.tanh(z / 2)).astype(z.dtype)",
    "wrong": "return 1 / (1 + np.exp(z))",
}


def answer(kind):
    space = {"np": np}
    exec(f"def sigmoid(z):\n    {ANSWERS[kind]}", space)
    return space["sigmoid"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A learner's folder, with the notebook's own folder inside it."""
    monkeypatch.delenv("NND_REPRODUCIBLE", raising=False)  # set where the site was built
    (tmp_path / "progress.json").write_text("{}")
    (tmp_path / "02_activations").mkdir()
    monkeypatch.chdir(tmp_path / "02_activations")
    return tmp_path


def remembered(home):
    return json.loads((home / "progress.json").read_text())


def test_a_right_answer_is_told_so_and_remembered(home):
    said = repr(check(answer("right")))
    assert said.startswith("✓ sigmoid is right") and "torch" in said and "reference" in said
    assert remembered(home)["sigmoid"] == {"tries": 1, "solved": True, "finding": "right"}
    check(answer("wrong"))
    assert remembered(home)["sigmoid"]["solved"], "what was solved stays solved"
    assert "✓ sigmoid" in repr(progress())


def test_a_name_in_quotes_is_told_so_and_is_not_a_try(home):
    assert repr(check("sigmoid")).endswith("without quotes: `check(sigmoid)`.")
    assert remembered(home) == {}


def test_a_blank_answer_is_not_a_try(home):
    assert "not written yet" in repr(check(answer("blank")))
    assert remembered(home) == {}
    assert "· sigmoid" in repr(progress())


def test_a_wrong_answer_is_diagnosed(home):
    said = check(answer("wrong"))
    assert repr(said).startswith("✗ sigmoid: ") and "<div" in said._repr_html_()
    assert remembered(home)["sigmoid"]["tries"] == 1
    assert "… sigmoid" in repr(progress())


def test_a_wrong_answer_built_on_another_points_to_that_one(home):
    space = {"np": np}
    exec("def sigmoid(z):\n    return np.cos(z)", space)
    exec("def sigmoid_backward(dA, z):\n    s = sigmoid(z)\n    return dA * s * (1 - s)", space)
    assert "Your answer calls" not in repr(check(space["sigmoid_backward"]))
    check(space["sigmoid"])
    said = repr(check(space["sigmoid_backward"]))
    assert "Your answer calls `sigmoid`, which has not passed its check" in said


def test_hints_come_one_at_a_time_and_the_last_one_stays(home):
    stages = len(exercises.find("sigmoid").stages)
    for stage in [*range(1, stages + 1), stages]:
        assert repr(hint("sigmoid")).startswith(f"Hint {stage} of {stages}: ")


def test_the_solution_is_the_reference_without_marks(home):
    shown = repr(solution("sigmoid"))
    assert "def sigmoid(z" in shown and "SOLUTION" not in shown
    space = {"np": np}
    exec(shown, space)
    assert np.array_equal(space["sigmoid"](np.ones(2)), reference(np.ones(2)))


@pytest.mark.parametrize("ask", [check, hint, solution])
def test_an_unknown_name_gets_a_sentence(ask, home):
    def sigmoidal(z):
        return z

    assert "no exercise called `sigmoidal`" in repr(ask(sigmoidal))
    assert "Did you mean `sigmoid" in repr(ask(sigmoidal))


def test_capitals_are_no_hindrance_and_what_is_far_away_is_not_suggested(home):
    assert "Did you mean `relu`" in repr(hint("ReLU"))
    assert "Did you mean" not in repr(check(np.sum))


def test_calling_the_function_first_gets_a_sentence(home):
    assert "without calling it" in repr(check(np.ones(3)))


def test_without_a_learners_folder_everything_still_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "is right" in repr(check(answer("right")))
    assert "Nothing is remembered here" in repr(progress())
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_progress_file_is_set_aside_not_lost(home):
    (home / "progress.json").write_text("{half")
    check(answer("right"))
    assert remembered(home)["sigmoid"]["solved"]
    assert (home / "progress.json.unreadable").read_text() == "{half"


def test_grading_prints_the_diagnosis_and_returns_the_points(capsys):
    exercise = exercises.find("sigmoid")
    assert grade(answer("right"), seed=7) == exercise.points
    assert grade(answer("wrong"), seed=7) <= exercise.points / 2
    assert grade(answer("blank"), seed=7) == 0
    assert capsys.readouterr().out.count("sigmoid") >= 3


def test_a_learner_can_still_interrupt_a_check(monkeypatch):
    def sigmoid(z):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(sigmoid)


def test_a_hanging_answer_leaves_the_kernel_alive(tmp_path):
    cells = [
        "from autograder import check",
        "def sigmoid(z):\n    while True:\n        pass",
        "check(sigmoid)",
        "1 + 1",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(made, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = [cell.outputs[-1].data["text/plain"] for cell in made.cells[2:]]
    assert "takes too long" in said[0] and said[1] == "2"


def test_a_check_answers_at_once():
    spent = []
    for exercise in exercises.all().values():
        start = time.perf_counter()
        judge(exercise, exercise.reference)
        spent.append(time.perf_counter() - start)
    print(
        f"check: median {1e3 * statistics.median(spent):.1f} ms, slowest {1e3 * max(spent):.1f} ms"
    )
    assert statistics.median(spent) < 0.1, "in well under a tenth of a second"


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def test_a_missing_torch_is_one_sentence_and_nothing_else_changes(tmp_path):
    found = python(
        """
        import sys
        sys.modules["torch"] = None
        from autograder import check
        from solutions.activations import sigmoid
        print(check(sigmoid))
        """
    )
    assert found.returncode == 0, found.stderr
    assert "torch is not installed here" in found.stdout


def test_one_blas_thread_is_set_before_numpy_is_imported():
    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "")
    found = python(
        """
        import os, sys
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"): os.environ.pop(name)
        import autograder, torch
        print(os.environ["OPENBLAS_NUM_THREADS"], torch.get_num_threads())
        """,
        **environment,
    )
    assert found.stdout.split() == ["1", "1"], found.stderr


def test_public_names_are_documented():
    for name in autograder.__all__:
        assert getattr(autograder, name).__doc__


def test_results_that_hold_words_are_measured_too():
    from solutions.word2vec import build_vocabulary, huffman_codes

    for right in (build_vocabulary, huffman_codes):
        assert "equal to an independent computation" in repr(check(right))
