"""The page that a student gets back: points, findings and advice, and nothing active."""

import html
import re
from pathlib import Path
from typing import Any

from markupsafe import Markup
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from traitlets.config import Config

from autograder.grading.ordinary import slips

UNANSWERED = "No response."  # nbgrader's own comment, where the finding says it already
TEMPLATES = Path(__file__).with_name("templates")


class FeedbackExporter(HTMLExporter):
    """Makes the page of an autograded notebook, for `nbgrader generate_feedback`.

    The template is set under this class's own name, because nbgrader sets that of HTMLExporter.
    """

    def __init__(self, config: Config | None = None, **kw: Any) -> None:
        own = Config(config or {})
        own.FeedbackExporter.update(
            template_name="feedback", extra_template_basedirs=[str(TEMPLATES)]
        )
        super().__init__(config=own, **kw)

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Hand nbgrader, beside the page, the files that release_feedback asks for."""
        page, resources = super().from_notebook_node(nb, resources, **kw)
        resources["outputs"] = slips(Path(resources["metadata"].get("path", "")))
        return page, resources

    def _create_environment(self) -> Any:
        environment = super()._create_environment()
        environment.autoescape = True
        environment.filters.update(exercises=exercises, ticked=ticked, breakable=breakable)
        return environment


def exercises(nb: NotebookNode) -> list[dict[str, Any]]:
    """Return, for each graded cell, what its part of the page shows.

    nbgrader's GetGrades has put scores and comments, the instructor's too, into the cells.
    """
    shown, answer = [], None
    for cell in nb.cells:
        kind = cell.metadata.get("nbgrader", {})
        if kind.get("solution"):
            answer = cell
        if kind.get("grade"):
            said = cell.metadata.get("grading", {})
            comment = answer.metadata.nbgrader.get("comment") if answer else None
            shown.append(
                {
                    "name": said.get("exercise", kind.grade_id),
                    "right": said.get("right", False),
                    "finding": said.get("finding", ""),
                    "advice": said.get("advice", ""),
                    "score": kind.score,
                    "points": kind.points,
                    "changed": "score" in said and kind.score != said.score,
                    "code": answer.source if answer else "",
                    "comment": comment if comment != UNANSWERED else "",
                }
            )
            answer = None
    return shown


def ticked(text: str) -> Markup:
    """Return a sentence as HTML, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)))


def breakable(name: str) -> Markup:
    """Return a name as HTML that may be broken behind an underscore."""
    return Markup("_<wbr>").join(name.split("_"))
