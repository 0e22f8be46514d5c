"""The committed notebooks are what the manuscripts weave into; the manuscripts keep the rules."""

import os
import re
import subprocess
import sys

import nbformat
import pytest

from autograder import exercises
from autograder.grading.release import STUB
from book import plain, weave
from book.contents import ROOT, chapter, chapters

WRITTEN = [one for one in chapters() if one.written]
each = pytest.mark.parametrize("one", WRITTEN, ids=lambda one: one.slug)


def text(one):
    return one.manuscript.read_text(encoding="utf-8")


def code(one):
    return "\n".join(re.findall(r"```\{code-cell\}.*?\n(.*?)```", text(one), flags=re.S))


def prose(one):
    return re.sub(r"```.*?```", "", text(one), flags=re.S)


def test_committed_notebooks_are_current():
    for path, made in weave.woven():
        assert path.is_file(), (
            f"{path.relative_to(ROOT)} is missing: run `python -m book notebooks`"
        )
        assert path.read_text(encoding="utf-8") == made, (
            f"{path.name} is stale: `python -m book notebooks`"
        )


@each
def test_weaving_is_deterministic_and_valid(one):
    first = weave.notebook(one)
    assert nbformat.writes(first) == nbformat.writes(weave.notebook(one))
    nbformat.validate(first)
    ids = [cell["id"] for cell in first.cells]
    assert len(set(ids)) == len(ids)
    assert "generated" in first.metadata


@each
def test_the_learners_notebook_holds_no_answer(one):
    released = weave.release(weave.notebook(one))
    source = "\n".join(cell.source for cell in released.cells)
    assert "SOLUTION" not in source and "HIDDEN" not in source and "grade(" not in source
    graded = [c for c in released.cells if c.metadata.get("nbgrader", {}).get("solution")]
    assert all(cell.source.endswith(STUB) for cell in graded)
    assert not any(cell.get("outputs") for cell in released.cells)


@each
def test_every_declared_exercise_stands_in_its_chapter_once(one):
    placed = re.findall(r":tags: \[exercise\]\nfrom solutions\.(\w+) import (\w+)\n", text(one))
    if one.slug == "start":
        assert not placed
        return
    assert [slug for slug, _ in placed] == [one.slug] * len(placed)
    assert sorted(name for _, name in placed) == sorted(exercises.of(one.slug))


@each
def test_the_title_is_the_table_of_contents(one):
    assert re.search(r"^# (.+)$", text(one), flags=re.M)[1] == one.title  # type: ignore[index]


@each
def test_every_equation_the_text_relies_on_is_executed(one):
    labels = [found[2] for found in plain.EQUATION.finditer(text(one))]
    assert len(set(labels)) == len(labels)
    assert all(label.startswith(("eq-", "def-", "thm-")) for label in labels)
    relied_on = {label for label in labels if label.startswith("eq-")}
    executed = set(re.findall(r"verify\(\s*\"([\w-]+)\"", code(one)))
    assert relied_on - executed == set(), "labelled, but no cell verifies it"
    assert executed - set(labels) == set(), "verified, but no equation has this label"


def test_a_label_names_one_equation_of_the_book():
    labels = [found[2] for one in WRITTEN for found in plain.EQUATION.finditer(text(one))]
    assert {label for label in labels if labels.count(label) > 1} == set()


@each
def test_displayed_math_stands_between_blank_lines(one):
    lines = text(one).split("\n")
    opening = True
    for i, line in enumerate(lines):
        if line.startswith("$$"):
            if opening:
                assert lines[i - 1] == "", f"line {i}: a blank line before $$"
            opening = not opening
    assert opening, "an unclosed $$"


@each
def test_one_sentence_a_line(one):
    for line in prose(one).split("\n"):
        bare = re.sub(r"`[^`]*`|\$[^$]*\$|\([^)]*\)", "x", re.sub(r"^\*\*\d+\.", "", line))
        two = re.search(r"[a-z\d*][.!?][*]* [A-Z]", bare)
        assert not two or line.startswith(("#", "|", "-")), line


@pytest.mark.parametrize("line", ["Here it ends. There it goes on.", "So $x$ is 1. Write it down."])
def test_two_sentences_on_a_line_are_noticed(line, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "prose", lambda one: line)
    with pytest.raises(AssertionError):
        test_one_sentence_a_line(WRITTEN[0])


def test_exercises_belong_to_labelled_equations():
    for name, exercise in exercises.all().items():
        if chapter(exercise.slug).written:
            assert not exercise.see or exercise.see in plain.equation_numbers(), name


def test_an_unknown_chapter_equation_source_or_exercise_is_named():
    one = WRITTEN[0]
    with pytest.raises(LookupError, match="'nowhere'"):
        chapter("nowhere")
    with pytest.raises(LookupError, match="'eq-nowhere'"):
        plain.markdown("{eq}`eq-nowhere`", one)
    with pytest.raises(LookupError, match="'nobody1900'"):
        plain.markdown("{cite}`nobody1900`", one)
    with pytest.raises(ValueError, match="one import and nothing else"):
        weave._declared("x = 1")


def test_myst_becomes_plain_markdown():
    one = WRITTEN[-1]
    made = plain.markdown(":::{note} A title\nFirst.\n\nSecond.\n:::", one)
    assert made == "> **A title**\n>\n> First.\n>\n> Second."
    made = plain.markdown("::::{dropdown} Solution of `f`\nText.\n::::", one)
    assert made == "<details><summary>Solution of <code>f</code></summary>\n\nText.\n\n</details>"
    made = plain.markdown(":::{admonition} Claim 7: x\n:class: claim\nTrue.\n:::", one)
    assert made == "> **Claim 7: x**\n>\n> True."


def test_a_page_shows_stub_mistakes_and_folded_answer():
    made = weave.page(
        "activations",
        "# T\n\n```{code-cell}\n:tags: [exercise]\nfrom solutions.activations import relu\n```\n",
    )
    assert made.startswith("# 2 · T")
    assert "(exercise-relu)=" in made and STUB in made and "Common mistakes" in made
    assert "hide-input" in made and "check(relu)" in made and "SOLUTION" not in made


def test_a_notebook_outside_the_environment_says_what_to_do():
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", weave.GUARD], capture_output=True, text=True, cwd="/"
    )
    assert found.returncode == 1
    last = found.stderr.strip().split("\n")[-1]
    assert "autograder is not in this kernel" in last
    assert "run `make learn`" in last and "Your answers are safe" in last


def test_without_a_public_address_a_notebook_does_not_offer_to_fetch_the_book():
    one = chapter("losses")
    here = "\n".join(cell.source for cell in weave.notebook(one, "").cells)
    assert "google.colab" not in here
    cells = [cell.source for cell in weave.notebook(one, "https://example.org/b").cells]
    fetching = next(i for i, source in enumerate(cells) if "google.colab" in source)
    assert '"https://example.org/b"' in cells[fetching]
    assert cells[fetching + 1].startswith(weave.GUARD)


def test_on_colab_a_notebook_fetches_the_book_once_and_only_there(tmp_path):
    pretended = {
        "google/colab/__init__.py": "from . import output",
        "google/colab/output.py": "def enable_custom_widget_manager(): print('widgets')",
        "pip.py": "import sys; print('pip', *sys.argv[1:])",
        "book-of-git/autograder.py": "",
    }
    for name, text in pretended.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git = ["git", "-C", str(tmp_path / "book-of-git"), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], check=True)
    cell = weave.COLAB.format(address=(tmp_path / "book-of-git").as_uri())

    def run(code):
        env = os.environ | {"PYTHONPATH": str(tmp_path)}
        words = [sys.executable, "-P", "-c", code]
        found = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=env)
        assert found.returncode == 0, found.stderr
        return found.stdout.split("\n")

    assert run(cell) == [""]
    there = f"import google.colab\n{cell}\nimport autograder; print(autograder.__file__)"
    fetched = str(tmp_path / "neural-networks-derived" / "autograder.py")
    assert run(there) == ["pip install --quiet anywidget", "widgets", fetched, ""]
    assert run(there) == ["widgets", fetched, ""]
