"""`exercise-index`: a page of all exercises of the written chapters, from their declarations."""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

import autograder.exercises
from autograder.exercise import Exercise
from book.extensions.chapters import chapter_line


class ExerciseIndex(SphinxDirective):
    """The directive `exercise-index`."""

    def run(self) -> list[nodes.Node]:
        """List the exercises chapter by chapter."""
        written = self.config.chapter_numbers
        declared = [one for one in autograder.exercises.all().values() if one.slug in written]
        points = sum(exercise.points for exercise in declared)
        summary = f"{len(declared)} exercises, worth {points} points in all."
        listed: list[nodes.Node] = [nodes.paragraph("", summary)]
        for slug in written:
            items = [self.item(exercise) for exercise in declared if exercise.slug == slug]
            if items:
                listed += [chapter_line(slug), nodes.definition_list("", *items)]
        return listed

    def item(self, exercise: Exercise) -> nodes.definition_list_item:
        """Return an exercise's name, linked to its place, its points and, folded, its mistakes."""
        target = f"exercise-{exercise.name.replace('_', '-')}"
        link = addnodes.pending_xref(
            "",
            nodes.literal("", exercise.name),
            refdomain="std",
            reftype="ref",
            reftarget=target,
            refexplicit=True,
            refwarn=True,
        )
        points = f", {exercise.points} point{'s' if exercise.points > 1 else ''}"
        mistakes = nodes.bullet_list()
        for mistake in exercise.mistakes:
            advice, _ = self.parse_inline(mistake.advice)
            name = nodes.strong("", mistake.name)
            mistakes += nodes.list_item(
                "", nodes.paragraph("", "", name, nodes.Text(": "), *advice)
            )
        term = nodes.term("", "", link, nodes.Text(points))
        return nodes.definition_list_item("", term, nodes.definition("", *folded(mistakes)))


def folded(mistakes: nodes.bullet_list) -> list[nodes.Node]:
    """Return a list behind its length: whoever looks for one exercise is not told of all."""
    count = len(mistakes)
    summary = f"{count} mistake{'s' if count != 1 else ''} known by name"
    opening = f'<details class="known"><summary>{summary}</summary>'
    return [
        nodes.raw("", opening, format="html"),
        mistakes,
        nodes.raw("", "</details>", format="html"),
    ]


def outdated(app: Sphinx, env: BuildEnvironment, *_: set[str]) -> list[str]:
    """Write the page again at every build: declarations may have changed."""
    return ["exercises"] if "exercises" in env.found_docs else []


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("exercise-index", ExerciseIndex)
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
