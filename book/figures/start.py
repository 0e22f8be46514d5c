"""Figures of the chapter that opens the book."""

from typing import Any

import traitlets as t

from autograder import exercises
from autograder.memory import load
from book.contents import chapters
from book.figures import Figure


def solved() -> dict[str, list[int]]:
    """Exercises solved and in all, by chapter; empty outside a learner's folder."""
    kept = load()
    counts: dict[str, list[int]] = {}
    for exercise in exercises.all().values() if kept else ():
        count = counts.setdefault(exercise.slug, [0, 0])
        count[0] += bool(kept.get(exercise.name, {}).get("solved"))
        count[1] += 1
    return counts


class ChapterMap(Figure):
    """The chapters and what each needs; `chosen` is the slug of the one that is lit up."""

    chapters = t.List(t.Dict()).tag(sync=True)
    progress = t.Dict().tag(sync=True)
    chosen = t.Unicode("backpropagation").tag(sync=True)

    @t.default("chapters")
    def _from_the_contents(self) -> list[dict[str, Any]]:
        return [
            {
                "number": one.number,
                "slug": one.slug,
                "title": one.title,
                "needs": list(one.needs),
                "written": one.written,
            }
            for one in chapters()
        ]

    @t.default("progress")
    def _from_the_learner(self) -> dict[str, list[int]]:
        return solved()

    def compute(self) -> dict[str, Any]:
        needs = {one["slug"]: set(one["needs"]) for one in self.chapters}
        leads = {slug: {other for other in needs if slug in needs[other]} for slug in needs}
        return {
            "chosen": self.chosen,
            "needs": [slug for slug in needs if slug in needs[self.chosen]],
            "before": [slug for slug in needs if slug in reach(self.chosen, needs)],
            "leads": [slug for slug in needs if slug in leads[self.chosen]],
            "after": [slug for slug in needs if slug in reach(self.chosen, leads)],
        }


def reach(start: str, steps: dict[str, set[str]]) -> set[str]:
    """Everything that one or more steps lead to."""
    found: set[str] = set()
    front = steps[start]
    while front:
        found |= front
        front = set().union(*(steps[slug] for slug in front)) - found
    return found
