"""A learner's checked functions: what is kept of them, when they are used, and where never."""

import linecache
import subprocess
import sys
import textwrap
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import check, exercises, memory, own, use_my_own
from autograder.grading import kit
from book.contents import ROOT
from solutions import activations, neurons

LINEAR = """
    def linear(X, W, b):
        return np.einsum("nk,jk->nj", X, W) + b
"""
NUMBERS = count()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder; nothing has been chosen yet."""
    (tmp_path / "progress.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own, "_chosen", {})
    monkeypatch.setattr(own, "_lent", {})
    return tmp_path


def cell(space: dict[str, Any], source: str) -> None:
    """Run a cell as a kernel does: its source can be found again."""
    source, file = textwrap.dedent(source), f"<cell {next(NUMBERS)} of a test>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), space)


def notebook(*cells: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    for one in ("import numpy as np", *cells):
        cell(space, one)
    return space


def solved(source: str, name: str) -> Callable:
    answer = notebook(source)[name]
    assert "is right" in repr(check(answer))
    return answer


def kept(home: Path, slug: str = "neurons") -> str:
    return (home / "mine" / f"{slug}.py").read_text(encoding="utf-8")


def later(source: str = "from solutions.neurons import linear") -> tuple[dict[str, Any], str]:
    """A later notebook after the cell with its imports, and what is said there."""
    space = notebook(source)
    return space, own.exchange(space)


# -- what is kept ------------------------------------------------------------------------------


def test_a_right_answer_is_kept_with_what_it_needs_and_runs_alone(home: Path) -> None:
    space = notebook(
        "from itertools import pairwise\nimport scipy.special\nW = 'of no matter'\nHALF = 0.5",
        "def bent(z):\n    return HALF * (1 + np.tanh(HALF * z))",
        "def neuron(x, w, b):\n    W = x @ w\n    return bent(W + b)",
    )
    assert "not kept" not in repr(check(space["neuron"]))
    found = kept(home)
    assert "import numpy as np" in found and "HALF = 0.5" in found and "def bent(z)" in found
    assert "pairwise" not in found and "scipy" not in found and "of no matter" not in found
    alone: dict[str, Any] = {}
    exec(found, alone)
    assert alone["neuron"](np.ones(2), np.zeros(2), 0.0) == 0.5


def test_one_function_is_replaced_at_a_time(home: Path) -> None:
    solved(LINEAR, "linear")
    solved(
        "def count_parameters(sizes):\n    return sum(a * b + b for a, b in zip(sizes, sizes[1:]))",
        "count_parameters",
    )
    solved("def linear(X, W, b):\n    return (W @ X.T).T + b", "linear")
    assert kept(home).count("def linear") == 1 and "einsum" not in kept(home)
    assert "def count_parameters" in kept(home)
    check(notebook("def linear(X, W, b):\n    return X @ W.T - b")["linear"])
    assert "- b" not in kept(home), "a wrong answer replaces nothing"


def test_another_exercise_is_replaced_by_its_own_check_alone(home: Path) -> None:
    solved(LINEAR, "linear")
    space = notebook(
        "def linear(X, W, b):\n    return X @ W.T + b  # not checked",
        """
        def mlp_forward(X, weights, biases, activation):
            As = [X]
            for W, b in zip(weights, biases):
                As.append(activation(linear(As[-1], W, b)))
            return As
        """,
    )
    check(space["mlp_forward"])
    assert "einsum" in kept(home) and "not checked" not in kept(home)
    assert "def mlp_forward" in kept(home)


@pytest.mark.parametrize(
    ("before", "source", "why"),
    [
        (
            "ZERO = np.zeros(1, np.float32)",
            "def linear(X, W, b):\n    return X @ W.T + b + ZERO",
            "`ZERO`",
        ),
        ("", "linear = (lambda f: f)(np.vectorize(max))", ""),
        (
            "",
            """
            def made(zero):
                def linear(X, W, b):
                    return X @ W.T + b + zero
                return linear
            linear = made(0)
            """,
            "does not run outside",
        ),
    ],
)
def test_what_cannot_run_alone_is_right_and_not_kept(
    home: Path, before: str, source: str, why: str
) -> None:
    said = repr(check(notebook(before, source)["linear"]))
    assert not (home / "mine" / "neurons.py").exists()
    assert not why or ("is right" in said and why in said and "not kept" in said)


def test_a_file_that_the_learner_broke_is_set_aside(home: Path) -> None:
    solved(LINEAR, "linear")
    (home / "mine/neurons.py").write_text("def half(")
    solved(LINEAR, "linear")
    assert "einsum" in kept(home)
    assert (home / "mine/neurons.py.unreadable").read_text() == "def half("


def test_the_book_s_own_is_never_kept_as_the_learner_s(home: Path) -> None:
    check(neurons.linear)
    solved(LINEAR, "linear")
    use_my_own()
    space, _ = later()
    before = kept(home)
    check(space["linear"])
    assert kept(home) == before
    cell(space, "def neuron(x, w, b):\n    return activations(linear(x[None], w[None], [b]))[0, 0]")
    cell(space, "from solutions.neurons import soft_step as activations")
    assert "not kept" not in repr(check(space["neuron"]))
    assert "from solutions.neurons import soft_step as activations" in kept(home)
    assert "einsum" in kept(home), "and what was lent does not replace the learner's"


# -- when it is used ---------------------------------------------------------------------------


def test_nothing_is_exchanged_unless_asked_for(home: Path) -> None:
    solved(LINEAR, "linear")
    space, said = later()
    assert space["linear"] is neurons.linear and said == ""


def test_later_chapters_get_the_learner_s_and_say_so_and_go_back(home: Path) -> None:
    solved(LINEAR, "linear")
    use_my_own()
    space, said = later("from solutions.neurons import linear, soft_step, count_parameters")
    assert said == "Your own `linear`. The book's `count_parameters` (not solved yet)."
    assert "einsum" in space["linear"].__wrapped__.__code__.co_consts or "einsum" in kept(home)
    assert space["linear"] is not neurons.linear and space["soft_step"] is neurons.soft_step
    assert own.exchange(space) == "", "said once"
    X = np.random.default_rng(0).normal(size=(4, 3))
    assert np.allclose(space["linear"](X, X[:2], X[0, :2]), neurons.linear(X, X[:2], X[0, :2]))
    use_my_own(False)
    own.exchange(space)
    assert space["linear"] is neurons.linear


@pytest.mark.parametrize("on", ["yes", 3])
def test_what_python_takes_for_true_is_taken_for_true(home: Path, on: object) -> None:
    solved(LINEAR, "linear")
    use_my_own(on)
    space, said = later()
    assert said.startswith("Your own `linear`") and space["linear"] is not neurons.linear


def test_references_and_checks_go_on_seeing_references(home: Path) -> None:
    solved(LINEAR, "linear")
    use_my_own()
    later()
    assert neurons.mlp_forward.__globals__["linear"] is neurons.linear
    assert exercises.find("linear").reference is neurons.linear


def test_one_that_does_not_load_gives_way_to_the_book_s(home: Path) -> None:
    solved(LINEAR, "linear")
    use_my_own()
    (home / "mine/neurons.py").write_text("import nowhere_at_all\n")
    space, said = later()
    assert space["linear"] is neurons.linear
    assert "The book's `linear` (mine/neurons.py does not load (ModuleNotFoundError" in said


def test_one_that_is_missing_or_no_longer_right_gives_way(home: Path) -> None:
    solved(LINEAR, "linear")
    use_my_own()
    text = kept(home)
    (home / "mine/neurons.py").write_text(text.replace("+ b", "- b"))
    space, said = later()
    assert space["linear"] is neurons.linear and "does not pass its check any more: " in said
    use_my_own()
    (home / "mine/neurons.py").unlink()
    space, said = later()
    assert space["linear"] is neurons.linear and "run its check again" in said
    use_my_own()
    (home / "mine/neurons.py").write_text(text)
    own.exchange(space)
    assert space["linear"] is not neurons.linear, "asked again, it looks again"


def test_a_slow_one_gives_way(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    solved(
        "import time\ndef linear(X, W, b):\n    time.sleep(PAUSE)\n    return X @ W.T + b\nPAUSE = 0.002",
        "linear",
    )
    use_my_own()
    monkeypatch.setattr(own, "SLOWER", 1e6)
    assert later()[1] == "Your own `linear`."
    use_my_own()
    path = home / "mine/neurons.py"
    path.write_text(kept(home).replace("0.002", "0.3"))
    monkeypatch.setattr(own, "SLOWER", 0)
    space, said = later()
    assert space["linear"] is neurons.linear and "times as long" in said


def test_where_it_raises_the_book_s_answers_and_a_note_says_so_once(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    solved(
        "def relu(z):\n    if z.ndim > 3:\n        raise ValueError('too deep')\n    return np.maximum(z, 0)",
        "relu",
    )
    use_my_own()
    space, _ = later("from solutions.activations import relu")
    deep = np.full((1, 1, 1, 1), -2.0)
    for _ in range(2):
        assert space["relu"](deep) == activations.relu(deep)
    said = capsys.readouterr().out
    assert said.count("Your own relu raised ValueError (too deep); the book's was used.") == 1
    with pytest.raises(TypeError):
        space["relu"]("neither can")


# -- where it never is -------------------------------------------------------------------------


def test_outside_a_learner_s_folder_nothing_is_kept_or_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    solved(LINEAR, "linear")
    assert "Nothing is remembered here" in repr(use_my_own())
    assert later()[0]["linear"] is neurons.linear and list(tmp_path.iterdir()) == []


def test_the_grading_s_kit_knows_nothing_of_it(home: Path) -> None:
    """Nor would it help to hand in a progress file and a folder `mine`."""
    solved(LINEAR, "linear")
    use_my_own()
    kit.make(home, [ROOT / "solutions/neurons.py"])
    assert not list(home.rglob("own.py")) and not list(home.rglob("memory.py"))
    code = "import solutions.neurons as n; print(n.linear.__code__.co_filename, 'autograder.own' in __import__('sys').modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == [str(home / "solutions/neurons.py"), "False"]


class Shell:
    """As much of a kernel as is asked: what it was told to call after each cell."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {}
        self.called: list[Callable] = []
        self.events = self

    def register(self, event: str, call: Callable) -> None:
        assert event == "post_run_cell"
        self.called.append(call)


def test_only_a_kernel_in_a_learner_s_folder_listens(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import IPython

    shell = Shell()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setenv("NND_REPRODUCIBLE", "1")  # the web book's kernels
    own.attend()
    monkeypatch.delenv("NND_REPRODUCIBLE")
    (home / "progress.json").unlink()
    own.attend()
    assert shell.called == []
    (home / "progress.json").write_text("{}")
    own.attend()
    solved(LINEAR, "linear")
    use_my_own()
    shell.user_ns["linear"] = neurons.linear
    shell.called[0](None)
    assert shell.user_ns["linear"] is not neurons.linear


def test_no_exercise_has_the_option_s_name() -> None:
    assert own.OPTION not in exercises.all() and memory.FILE == "progress.json"
