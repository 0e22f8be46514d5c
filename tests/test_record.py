"""Reports become what nbgrader shows, the same by the recorder as by nbgrader's own autograde."""

import json
from collections.abc import Callable
from dataclasses import replace

import nbformat
import pytest
from classes import (  # noqa: F401
    ASKED,
    NAME,
    SLUG,
    Class,
    answered,
    cell_of,
    environment_put_back,
    files,
    generated,
    make_class,
    pupils,
    reported,
    solved,
)
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.preprocessors import CheckCellMetadata
from nbgrader.utils import determine_grade, is_grade
from sqlalchemy import event

from autograder.grading import preprocess, record
from autograder.grading.graded import graded_notebook
from autograder.grading.model import NotGraded
from autograder.grading.release import STUB, release

# -- the graded notebook -------------------------------------------------------------------------


@pytest.mark.parametrize("scores", [(2.0, 2.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.67, 0.1)])
def test_nbgrader_reads_the_very_scores(pupils: Class, scores: tuple[float, ...]) -> None:
    submission = pupils.submit("s")
    made = graded_notebook(submission, pupils.assignment, reported(submission, *scores))
    read = [determine_grade(cell)[0] for cell in made.cells if is_grade(cell)]
    assert read == list(scores)
    nbformat.validate(made)
    CheckCellMetadata().preprocess(made, {})


def test_of_a_submission_only_text_survives(pupils: Class) -> None:
    handed_in = answered(pupils.released(), "return 'mine'")
    check = cell_of(handed_in, "check-sigmoid")
    check.metadata.nbgrader.points = 99
    check.source = "check(sigmoid); 'stolen check'"
    check.outputs = [nbformat.v4.new_output("stream", text="stolen output")]
    answer = cell_of(handed_in, "sigmoid")
    answer.id, answer.metadata["tags"] = "stolen-id", ["stolen-tag"]
    answer.metadata.nbgrader["checksum"] = "stolen-checksum"
    handed_in.metadata["title"] = "stolen title"
    handed_in.cells.append(new_markdown_cell("my note", attachments={"stolen": {"text/html": "x"}}))
    submission = pupils.submit("s", handed_in)
    made = graded_notebook(submission, pupils.assignment, reported(submission))
    text = json.dumps(made)
    assert "stolen" not in text
    assert text.count("return 'mine'") == len(ASKED) and "my note" in text
    assert made.metadata.grading == {"digest": submission.digest, "declaration": "d", "tier": 1}
    trusted = release(pupils.assignment.source)
    assert cell_of(made, "check-sigmoid").source == "check(sigmoid)"
    assert [
        cell.metadata.get("nbgrader") for cell in made.cells if "nbgrader" in cell.metadata
    ] == [cell.metadata.nbgrader for cell in trusted.cells if "nbgrader" in cell.metadata]
    assert "HIDDEN" not in text and "SOLUTION" not in text


def test_added_cells_stay_where_they_were(pupils: Class) -> None:
    handed_in = pupils.released()
    at = handed_in.cells.index(cell_of(handed_in, "check-sigmoid"))
    handed_in.cells.insert(at + 1, new_code_cell("a = 1"))
    handed_in.cells.insert(0, new_markdown_cell("my first words"))
    submission = pupils.submit("s", handed_in)
    made = graded_notebook(submission, pupils.assignment, reported(submission))
    assert [cell.source for cell in made.cells] == [cell.source for cell in handed_in.cells]


def test_what_was_deleted_is_put_back(pupils: Class) -> None:
    handed_in = answered(pupils.released())
    handed_in.cells = [cell_of(handed_in, "sigmoid"), cell_of(handed_in, "tanh-backward")]
    submission = pupils.submit("s", handed_in)
    made = graded_notebook(submission, pupils.assignment, reported(submission, 2.0, 0.0, 1.0))
    trusted = release(pupils.assignment.source)
    assert [cell.id for cell in made.cells] == [cell.id for cell in trusted.cells]
    assert STUB in cell_of(made, "sigmoid-backward").source


def test_answers_are_found_without_metadata(pupils: Class) -> None:
    handed_in = answered(pupils.released())
    for cell in handed_in.cells:
        cell.metadata = {}
    submission = pupils.submit("s", handed_in)
    made = graded_notebook(submission, pupils.assignment, reported(submission))
    assert len(made.cells) == len(handed_in.cells)
    assert all("return 1" in cell_of(made, name.replace("_", "-")).source for name in ASKED)


def test_what_nobody_reads_is_cut(pupils: Class) -> None:
    handed_in = pupils.released()
    handed_in.cells += [new_code_cell(f"x = {i}\n" + "#" * 60_000) for i in range(20)]
    submission = pupils.submit("s", handed_in)
    made = graded_notebook(submission, pupils.assignment, reported(submission))
    assert len(json.dumps(made)) < 400_000
    assert "More cells were handed in" in made.cells[-1].source


def test_a_verdict_that_does_not_fit_is_no_grade(pupils: Class) -> None:
    submission = pupils.submit("s")
    with pytest.raises(NotGraded, match="worth 2 points, and the verdict on it is 3 points"):
        graded_notebook(submission, pupils.assignment, reported(submission, 3.0, 2.0, 1.0))
    report = reported(submission)
    with pytest.raises(NotGraded, match="the verdict on it is missing"):
        graded_notebook(submission, pupils.assignment, replace(report, results=report.results[1:]))
    with pytest.raises(NotGraded, match="no sandbox"):
        graded_notebook(submission, pupils.assignment, replace(report, ungraded="no sandbox"))


def test_the_release_is_nbgraders(pupils: Class) -> None:
    assert release(pupils.assignment.source) == pupils.released()


# -- the gradebook -------------------------------------------------------------------------------


def test_never_generated_is_not_graded(pupils: Class) -> None:
    with pupils.gradebook() as gradebook:
        gradebook.remove_assignment(NAME)
    with pytest.raises(NotGraded, match=f"nbgrader generate_assignment {NAME}"), pupils.recorder():
        pass
    (pupils.folder / "gradebook.db").unlink()
    with pytest.raises(NotGraded, match=f"nbgrader generate_assignment {NAME}"), pupils.recorder():
        pass
    assert not (pupils.folder / "gradebook.db").exists()


def test_the_two_ways_come_to_the_same(
    make_class: Callable[[str], Class], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nbgrader's autograde writes with our preprocessor is what the recorder writes."""
    by_nbgrader, by_recorder = make_class("one"), make_class("two")
    given = {
        "blank": (None, "", (0.0, 0.0, 0.0)),
        "right": ("return 1", "2026-09-01 12:00:00 UTC", (2.0, 2.0, 1.0)),
        "partly": ("return 2", "2026-09-02 12:00:00.5 +0200", (1.0, 0.67, 0.0)),
        "late": ("return 3", "2026-12-01 12:00:00 UTC", (2.0, 0.5, 1.0)),
    }
    reports = {}
    for one in (by_nbgrader, by_recorder):
        one.course.config.LateSubmissionPlugin.penalty_method = "zero"
        one.course.api.update_config(one.course.config)
        with one.gradebook() as gradebook:
            gradebook.update_or_create_assignment(NAME, duedate="2026-10-01 00:00:00 UTC")
        for student, (body, timestamp, scores) in given.items():
            notebook = one.released()
            submission = one.submit(
                student, answered(notebook, body) if body else notebook, timestamp
            )
            reports[student] = submission, reported(submission, *scores)
    monkeypatch.setattr(preprocess, "perform", lambda task: reports[task.submission.student][1])
    for student in given:
        made = by_nbgrader.autograde(student)
        assert made["success"], made
    with by_recorder.recorder() as recorder:
        for submission, report in reports.values():
            recorder.record(submission, report)
            recorder.record(submission, report)
    rows = by_nbgrader.rows()
    assert rows == by_recorder.rows()
    assert rows["late"]["penalty"] == 3.5 and rows["right"]["penalty"] == 0
    assert rows["partly"]["score"] == 1.67 and rows["partly"]["failed"]
    assert "No response." in str(rows["blank"]["comments"])
    assert "No response." not in str(rows["right"]["comments"])
    assert not any(row["needs_manual_grade"] for row in rows.values())
    for student in given:
        one, two = (each.place("autograded", student) for each in (by_nbgrader, by_recorder))
        assert files(one) == files(two)
        assert len(files(one)) == (3 if given[student][1] else 1)


def test_an_instructors_scores_survive(pupils: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = pupils.submit("s", answered(pupils.released()))
    report = reported(submission, 1.0, 2.0, 0.0)
    with pupils.recorder() as recorder:
        recorder.record(submission, report)
        with pupils.gradebook() as gradebook:
            grade = gradebook.find_grade("check-sigmoid", SLUG, NAME, "s")
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.5, 0.25, False
            gradebook.find_comment("sigmoid", SLUG, NAME, "s").manual_comment = "well tried"
            gradebook.db.commit()
        recorder.record(submission, report)
    after = pupils.rows()["s"]
    assert after["score"] == 1.75 + 2.0 and after["needs_manual_grade"]
    assert "well tried" in str(after["comments"])
    monkeypatch.setattr(preprocess, "perform", lambda task: report)
    assert pupils.autograde("s")["success"]
    assert pupils.rows()["s"] == after


def test_is_recorded_only_when_both_are_there(
    pupils: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = pupils.submit("s")
    report = reported(submission, declaration=pupils.assignment.declaration)
    with pupils.recorder() as recorder:
        assert not recorder.is_recorded(submission, pupils.assignment)
        with monkeypatch.context() as broken:
            broken.setattr(record, "_replace", _full_disk)
            with pytest.raises(OSError):
                recorder.record(submission, report)
        assert pupils.rows()["s"]["score"] == 5.0  # the gradebook comes first
        assert not recorder.is_recorded(submission, pupils.assignment)
        recorder.record(submission, report)
        assert recorder.is_recorded(submission, pupils.assignment)
        assert not recorder.is_recorded(replace(submission, digest="e"), pupils.assignment)
        other = replace(pupils.assignment, declaration="e")
        assert not recorder.is_recorded(submission, other)
        with pupils.gradebook() as gradebook:
            gradebook.remove_submission(NAME, "s")
        assert not recorder.is_recorded(submission, pupils.assignment)


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_failure_leaves_the_gradebook_as_it_was(
    pupils: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = pupils.submit("s")
    with pupils.recorder() as recorder:
        with monkeypatch.context() as broken:
            broken.setattr(record, "determine_grade", _full_disk)
            with pytest.raises(OSError):
                recorder.record(submission, reported(submission))
        with pytest.raises(NotGraded, match="no sandbox"):
            recorder.record(submission, reported(submission, ungraded="no sandbox"))
        assert pupils.rows() == {}
        recorder.record(submission, reported(submission))
    assert pupils.rows()["s"]["score"] == 5.0
    assert list(files(pupils.place("autograded", "s"))) == [f"{SLUG}.ipynb"]


def test_a_kill_while_writing_leaves_the_old_notebook(
    pupils: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = pupils.submit("s")
    with pupils.recorder() as recorder:
        recorder.record(submission, reported(submission))
        before = files(pupils.place("autograded", "s"))
        monkeypatch.setattr(record.os, "replace", _full_disk)
        with pytest.raises(OSError):
            recorder.record(submission, reported(submission, 0.0, 0.0, 0.0))
    assert files(pupils.place("autograded", "s")) == before


def test_a_record_takes_few_statements(pupils: Class) -> None:
    """What makes a class of 500 a matter of seconds, in a measure that no busy machine changes."""
    said = []
    with pupils.recorder() as recorder:
        event.listen(
            recorder._gradebook.engine,
            "before_cursor_execute",
            lambda connection, cursor, statement, *rest: said.append(statement),
        )
        submissions = [pupils.submit(f"s{i}") for i in range(5)]
        for submission in submissions:
            recorder.record(submission, reported(submission))
    assert len(said) / len(submissions) <= 20, "\n".join(said)


@pytest.mark.parametrize("student", ["..", "a/b", "", "../other"])
def test_a_student_is_the_name_of_a_folder(pupils: Class, student: str) -> None:
    submission = replace(pupils.submit("s"), student=student)
    with pupils.recorder() as recorder, pytest.raises(NotGraded, match="cannot be a student's id"):
        recorder.record(submission, reported(submission))
    assert pupils.rows() == {}
