"""What a class did: a page and two CSV files for the instructor, from the gradebook and the journal.

Scores are the gradebook's, with what was given by hand; what went wrong, and what was odd, is told
by the last line that the journal holds for a student.  The page is one file without scripts that
loads nothing, and everything on it that comes from students is escaped.
"""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from jinja2 import Environment
from sqlalchemy.exc import DBAPIError

from autograder import exercises
from autograder.grading import charts
from autograder.grading.export import FORMATS, export, renamed, text, write
from autograder.grading.journal import last_reports
from autograder.grading.model import NotGraded, Report, Result
from autograder.grading.scores import Mark, Scores, Student, open_gradebook, read

FEWEST = 5  # submissions from which a correlation is worth stating
COMMON = 5  # findings that are named for an exercise
BLANK = "not written yet"  # how the judge calls an exercise that is as it was released
TEMPLATE = Path(__file__).with_name("report.html.jinja")


@dataclass(frozen=True)
class Common:
    """A finding, how many had it, and the declared mistake's sentence if it is one."""

    name: str
    count: int
    sentence: str = ""


@dataclass(frozen=True)
class Item:
    """What a class did with one exercise; without submissions the shares are NaN."""

    name: str
    points: float
    submissions: int
    blank: int
    mean: float  # share of the points
    right: float  # share of the submissions that have all points
    discrimination: float | None
    undefined: str  # why there is no discrimination
    findings: tuple[Common, ...]


@dataclass(frozen=True)
class Sheet:
    """What a class did with one assignment."""

    scores: Scores
    items: tuple[Item, ...]
    reports: dict[str, Report]  # by student
    submitted: frozenset[str]  # who has a folder, whatever is in it

    @property
    def graded(self) -> list[Mark]:
        return [mark for mark in self.scores.marks if mark.score is not None]

    @property
    def values(self) -> list[float]:
        return [mark.score for mark in self.scores.marks if mark.score is not None]

    @property
    def handed_in(self) -> set[str]:
        known = {mark.student.id for mark in self.scores.marks if mark.handed_in}
        return known | self.submitted | set(self.reports)

    @property
    def ungraded(self) -> list[tuple[str, str]]:
        """Return who handed in and has no grade, or only one from before, and why."""
        graded = {mark.student.id for mark in self.graded}
        waiting = {mark.student.id: ", ".join(mark.waiting) for mark in self.scores.marks}
        found = []
        for student in sorted(self.handed_in):
            report = self.reports.get(student)
            if report is not None and report.ungraded:
                stands = "; the score is from before" if student in graded else ""
                found.append((student, report.ungraded.rstrip(".") + stands))
            elif student not in graded:
                named = waiting.get(student)
                found.append((student, f"no grade yet for {named}" if named else "not graded yet"))
        return found

    @property
    def flagged(self) -> list[tuple[str, str]]:
        """Return what was odd, in sentences, one for each student and oddity."""
        found = [
            (student, flag) for student, report in self.reports.items() for flag in report.flags
        ]
        for mark in self.scores.marks:
            if mark.review:
                cells = ", ".join(mark.review)
                found.append(
                    (mark.student.id, f"A score given by hand met a new automatic one: {cells}.")
                )
        return sorted(found)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `python -m autograder report` takes."""
    parser.add_argument(
        "assignments", nargs="*", metavar="ASSIGNMENT", help="all that there are if none is given"
    )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="FOLDER",
        help="where to write; the course's `report` if not given",
    )
    parser.add_argument(
        "--grades", choices=list(FORMATS), help="write the grades instead, for another system"
    )


def main(options: argparse.Namespace) -> int:
    """Write the report or the grades; return the exit status.

    Raises NotGraded when there is nothing to read, or no place to write to.
    """
    course = Path(os.environ.get("NND_COURSE", "_build/course"))
    folder = options.to or course / "report"
    try:
        with open_gradebook() as gradebook:
            scores = read(gradebook, options.assignments)
    except DBAPIError as error:
        raise NotGraded(f"The gradebook of {course} cannot be read: {error.orig}.") from None
    sheets = [sheet(one, course) for one in scores]
    try:
        if options.grades:
            files = [export(options.grades, scores, folder)]
        else:
            files = write_report(sheets, folder)
    except OSError as error:
        raise NotGraded(f"The folder {folder} cannot be written to: {error.strerror}.") from None
    say(sheets, files)
    return 0


def say(sheets: Sequence[Sheet], files: Sequence[Path]) -> None:
    """Print what was written, and whom it lacks."""
    for file in files:
        print(f"Written: {file}")
    for one in sheets:
        print(f"{one.scores.name}: {len(one.graded)} of {len(one.handed_in)} handed in are graded.")
        for student, reason in one.ungraded:
            print(f"  {text(student)}: {reason}.")
    for student in renamed(one.scores for one in sheets):
        print(f"The student id {student!r} is changed in the files, to be safe in a spreadsheet.")


def sheet(scores: Scores, course: Path) -> Sheet:
    """Put together what is known of an assignment."""
    found = last_reports(course / "journal" / f"{scores.name}.jsonl")
    items = tuple(item(name, scores, found) for name in scores.points)
    folders = (course / "submitted").glob(f"*/{scores.name}")
    return Sheet(scores, items, found, frozenset(folder.parent.name for folder in folders))


def item(name: str, scores: Scores, found: dict[str, Report]) -> Item:
    """Return what the class did with an exercise."""
    points = scores.points[name]
    earned = np.array([mark.exercises[name] for mark in scores.marks if name in mark.exercises])
    results = [one for report in found.values() for one in report.results if one.exercise == name]
    number, undefined = discrimination(name, scores)
    return Item(
        name,
        points,
        submissions=len(earned),
        blank=sum(one.finding == BLANK for one in results),
        mean=float(np.mean(earned) / points) if len(earned) else np.nan,
        right=float(np.mean(earned >= points)) if len(earned) else np.nan,
        discrimination=number,
        undefined=undefined,
        findings=common(name, results),
    )


def discrimination(name: str, scores: Scores) -> tuple[float | None, str]:
    """Return how an exercise's points go with those of all the others, or why that is undefined.

    Pearson's correlation of x and T − x over the graded submissions, where x is the points for the
    exercise and T − x those for all others together (the corrected item–total correlation).
    """
    rows = [mark.exercises for mark in scores.marks if mark.score is not None]
    rows = [row for row in rows if name in row]
    if len(scores.points) < 2:
        return None, "there is no other exercise"
    if len(rows) < FEWEST:
        return None, f"fewer than {FEWEST} submissions"
    own = np.array([row[name] for row in rows])
    others = np.array([sum(row.values()) for row in rows]) - own
    if np.ptp(own) < 1e-9:
        return None, "all have the same points"
    if np.ptp(others) < 1e-9:
        return None, "all have the same points elsewhere"
    return float(np.corrcoef(own, others)[0, 1]), ""


def common(name: str, results: Sequence[Result]) -> tuple[Common, ...]:
    """Return the most common findings on wrong answers, blank ones aside."""
    counts = Counter(one.finding for one in results if not one.right and one.finding != BLANK)
    try:
        declared = {one.name: one.advice for one in exercises.find(name).mistakes}
    except LookupError:
        declared = {}
    # Equal counts in the order of the alphabet, so that the page does not change from run to run.
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Common(one, count, declared.get(one, "")) for one, count in ranked[:COMMON])


def write_report(sheets: Sequence[Sheet], folder: Path) -> list[Path]:
    """Write the page and the two CSV files; return them."""
    files = [folder / name for name in ("report.html", "exercises.csv", "students.csv")]
    write(files[1], exercise_rows(sheets))
    write(files[2], student_rows(sheets))
    files[0].write_text(page(sheets), encoding="utf-8")
    return files


def exercise_rows(sheets: Sequence[Sheet]) -> list[tuple]:
    """Return a row for every exercise."""
    header = (
        *("assignment", "exercise", "points", "submissions", "blank", "mean_share", "right_share"),
        *("discrimination", "undefined_because", "common_findings"),
    )
    return [header] + [
        (
            *(one.scores.name, item.name, item.points, item.submissions, item.blank),
            *(None if np.isnan(share) else share for share in (item.mean, item.right)),
            *(item.discrimination, item.undefined),
            "; ".join(f"{found.name} ({found.count})" for found in item.findings),
        )
        for one in sheets
        for item in one.items
    ]


def student_rows(sheets: Sequence[Sheet]) -> list[tuple]:
    """Return a row for every student and assignment."""
    header = (
        *("assignment", "student_id", "last_name", "first_name", "email", "handed_in"),
        *("raw_score", "late_penalty", "score", "max_score", "ungraded", "flags", "tier"),
    )
    rows: list[tuple] = [header]
    for one in sheets:
        ungraded = dict(one.ungraded)
        flags: dict[str, str] = {}
        for student, flag in one.flagged:
            flags[student] = f"{flags[student]} {flag}" if student in flags else flag
        known = {mark.student.id for mark in one.scores.marks}
        strangers = [Mark(Student(student)) for student in sorted(one.handed_in - known)]
        for mark in [*one.scores.marks, *strangers]:
            who, report = mark.student, one.reports.get(mark.student.id)
            rows.append(
                (
                    *(one.scores.name, who.id, who.last, who.first, who.email),
                    *(
                        "yes" if who.id in one.handed_in else "no",
                        mark.raw,
                        mark.penalty,
                        mark.score,
                    ),
                    *(one.scores.most, ungraded.get(who.id, ""), flags.get(who.id, "")),
                    report.tier if report else None,
                )
            )
    return rows


def page(sheets: Sequence[Sheet]) -> str:
    """Return the page."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = lambda share: "–" if np.isnan(share) else f"{share:.0%}"
    environment.filters["number"] = lambda value: f"{value:.4g}"
    drawn = [(one, *pictures(one)) for one in sheets]
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        sheets=drawn,
        quartiles=lambda one: np.percentile(one.values, [0, 25, 50, 75, 100]),
        mean=lambda one: float(np.mean(one.values)),
        fewest=FEWEST,
        when=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    )


def pictures(one: Sheet) -> tuple[str, str]:
    """Return how the scores are distributed and how the exercises went, drawn; "" without a grade."""
    if not one.graded:
        return "", ""
    items = [(item.name, item.mean, item.right) for item in one.items if item.submissions]
    name = one.scores.name
    return charts.distribution(name, one.values, one.scores.most), charts.difficulty(name, items)
