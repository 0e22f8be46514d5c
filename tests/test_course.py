"""A small class goes through stock nbgrader and gets what it deserves; the formgrader shows it."""

import argparse
import csv
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from injections import INJECTIONS
from lab import Lab, jupyterlab
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.apps import NbGraderAPI
from playwright.sync_api import Browser

from autograder import course as classroom
from book import commands, weave
from book.contents import ROOT, chapter, chapters
from book.environment import Trouble

SLUG = "activations"
EXERCISES = 4  # of the chapter's; the command grades two whole chapters


@pytest.fixture(scope="module", autouse=True)
def environment_put_back() -> Iterator[None]:
    """A course sets variables for nbgrader and its kernels; leave none of them behind."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[classroom.Course, list]:
    """What `make course` makes of the beginning of a chapter: a course, and what its class got."""
    root = tmp_path_factory.mktemp("class")
    folder = chapter(SLUG).folder
    path = root / "solutions" / "notebooks" / folder / f"{SLUG}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(shortened(weave.notebook(chapter(SLUG))), path)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    rows: list = []
    with pytest.MonkeyPatch.context() as patch:
        simulate = classroom.simulate
        patch.setattr(classroom, "simulate", lambda *given: rows.extend(simulate(*given)) or rows)
        assert classroom.demonstrate(root, [folder]) == 0
    return classroom.Course(root), rows


def shortened(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Keep the first code cell and the first exercises."""
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    notebook.cells = [setup, *graded[: 2 * EXERCISES]]
    return notebook


def test_everyone_gets_what_they_deserve(graded) -> None:
    course, rows = graded
    scores = {student: score for _, student, score, _ in rows}
    for _, student, score, deserved in rows:
        assert score == pytest.approx(deserved, abs=0.01), student
    with course.api.gradebook as gradebook:
        most = gradebook.find_assignment(chapter(SLUG).folder).max_score
    assert scores["blank"] == 0 and scores["right"] == most
    assert scores["wrong"] < most / 2 and 0 < scores["partly"] < most


def test_a_score_that_is_not_deserved_is_told(tmp_path: Path, monkeypatch, capsys) -> None:
    row = ("02_activations", "right", 11.5, 12.0)
    monkeypatch.setattr(classroom, "simulate", lambda *_: [row])
    assert classroom.demonstrate(tmp_path) == 1
    assert "✗ right got 11.5 for 02_activations and deserved 12.0." in capsys.readouterr().out


def test_feedback_carries_the_diagnosis(graded) -> None:
    course, _ = graded
    folder = chapter(SLUG).folder
    page = BeautifulSoup(course.feedback(folder, "wrong"), "html.parser")
    found = dict([cell.get_text() for cell in row("td")][:2] for row in page.select("tbody tr"))
    release = nbformat.read(course.folder / "release" / folder / f"{SLUG}.ipynb", as_version=4)
    exercises = [exercise for exercise, _ in classroom.answer_cells(release)]
    assert len(exercises) == EXERCISES
    assert found == {one.name: one.mistakes[0].name for one in exercises}
    assert all(one.mistakes[0].advice[:30] in page.get_text() for one in exercises)
    assert "not written yet" in course.feedback(folder, "blank")


def test_a_release_holds_no_answer_and_no_hidden_test(graded) -> None:
    course, _ = graded
    for path in (course.folder / "release").rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert "SOLUTION" not in text and "HIDDEN" not in text and "grade(" not in text
        assert text.count("raise NotImplementedError  # your code here") == EXERCISES


def test_grades_are_exported(graded) -> None:
    course, rows = graded
    with course.export().open() as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert exported == {student: score for _, student, score, _ in rows}


@pytest.fixture(scope="module")
def formgrader(graded) -> Iterator[Lab]:
    """JupyterLab in the course's folder, on the formgrader."""
    course, _ = graded
    with jupyterlab(course.root, "/formgrader", way="open_lab") as lab:
        yield lab


def test_the_formgrader_lists_the_class(formgrader: Lab) -> None:
    listed = json.loads(formgrader.fetch("/formgrader/api/assignments"))
    (assignment,) = (one for one in listed if one["name"] == chapter(SLUG).folder)
    assert assignment["num_submissions"] == 4


def test_the_formgrader_opens_in_a_browser(formgrader: Lab, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(formgrader.url("/"))  # what `make formgrader` opens
    page.get_by_role("link", name=chapter(SLUG).folder).wait_for(timeout=30_000)
    assert page.url.endswith("/formgrader/manage_assignments")
    page.close()


def test_the_formgrader_runs_nothing_of_a_students(
    graded, formgrader: Lab, browser: Browser
) -> None:
    course, _ = graded
    folder, name = chapter(SLUG).folder, "mallory"
    course.submit(folder, classroom.Student(name, lambda *_: None, lambda *_: 0.0))
    path = course.folder / "submitted" / name / folder / f"{SLUG}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [new_markdown_cell(text) for text in INJECTIONS.values()]
    notebook.cells += [new_code_cell(text) for text in INJECTIONS.values()]
    nbformat.write(notebook, path)
    assert course.grade(folder, name) == 0
    done: list[str] = []
    with course.api.gradebook as gradebook:
        row = gradebook.find_submission_notebook(SLUG, folder, name).id
    page = browser.new_page()
    page.on("dialog", lambda dialog: (done.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: done.append(request.url) if "evil" in request.url else None)
    page.route("https://**", lambda route: route.abort())  # MathJax, from elsewhere
    page.goto(formgrader.url(f"/formgrader/submissions/{row}/"))
    page.locator("input.score").first.wait_for()  # the formgrader's own script has run
    assert page.locator("textarea.comment").count() == EXERCISES
    page.evaluate(
        "document.querySelectorAll('.rendered_html a:not([href^=http])').forEach(one => one.click())"
    )
    page.wait_for_timeout(500)
    page.close()
    with course.api.gradebook as gradebook:
        gradebook.remove_submission(folder, name)
    for step in ("submitted", "autograded", "feedback"):
        shutil.rmtree(course.folder / step / name)
    assert done == []


@pytest.fixture(scope="module")
def whole_book(tmp_path_factory: pytest.TempPathFactory) -> classroom.Course:
    """A course of all chapters."""
    folder = tmp_path_factory.mktemp("book")
    shutil.copytree(ROOT / "solutions" / "notebooks", folder / "solutions" / "notebooks")
    return classroom.Course(folder)


@pytest.mark.parametrize(
    "one", [one for one in chapters() if one.written], ids=lambda one: one.slug
)
def test_chapters_are_what_nbgrader_releases(one, whole_book: classroom.Course) -> None:
    made = whole_book.release(one.folder) / f"{one.slug}.ipynb"
    theirs = nbformat.read(made, as_version=4)
    ours = nbformat.read(ROOT / "chapters" / one.folder / f"{one.slug}.ipynb", as_version=4)
    assert [cell.source for cell in ours.cells] == [cell.source for cell in theirs.cells]
    assert [cell.metadata for cell in ours.cells] == [cell.metadata for cell in theirs.cells]
    assert ours.metadata == theirs.metadata


def test_nbgrader_finds_our_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NND_COURSE", "courses/autumn")
    config = classroom.PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    api = NbGraderAPI(config=config)
    assert api.coursedir.submitted_directory == "courses/autumn/submitted"
    assert api.coursedir.source_directory == "solutions/notebooks"


def test_the_formgrader_opens_on_the_course_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NND_COURSE", "courses/of-nobody")
    with pytest.raises(Trouble, match="There is no class in courses/of-nobody"):
        commands.course(argparse.Namespace(open=True))


def test_a_failure_of_nbgrader_is_not_taken_for_a_grade(tmp_path: Path) -> None:
    (tmp_path / "solutions" / "notebooks").mkdir(parents=True)
    with pytest.raises(RuntimeError):
        classroom.Course(tmp_path).release("99_nothing")
