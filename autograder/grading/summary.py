"""What became of a class, in words for the instructor."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from autograder.grading.model import Tier

WALLS = {
    Tier.BUBBLEWRAP: "tier 1, in bubblewrap",
    Tier.LANDLOCK: "tier 2, under Landlock",
    Tier.PLAIN: "tier 3, without walls, as submissions that are trusted",
}


@dataclass
class Summary:
    """What became of a class; students are in the order in which it was known."""

    graded: int = 0  # in this run
    before: int = 0  # by an earlier run, unchanged since
    ungraded: dict[str, str] = field(default_factory=dict)  # student -> why
    flagged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tiers: Counter[int] = field(default_factory=Counter)
    left: int = 0  # not looked at: somebody stopped the run

    @property
    def complete(self) -> bool:
        return not (self.ungraded or self.left)


def told(summary: Summary, course: Path, assignment: str, seconds: float) -> str:
    """Return the summary as text, with what to do next."""
    lines = [f"{assignment}: {_counted(summary.graded, 'submission')} graded in {seconds:.1f} s."]
    if summary.before:
        lines.append(f"{_counted(summary.before, 'submission')} graded before and unchanged since.")
    lines += [f"Tried on {WALLS[Tier(tier)]}: {n}." for tier, n in sorted(summary.tiers.items())]
    lines += _listed("Flagged, for you to look at", summary.flagged)
    lines += _listed("Ungraded", {name: (why,) for name, why in summary.ungraded.items()})
    if summary.left:
        lines.append(
            f"Stopped: {_counted(summary.left, 'submission')} not finished. Nothing is lost: the "
            "same command goes on from here."
        )
    elif summary.ungraded:
        lines.append("Once the reasons are mended, the same command grades these and no others.")
    if summary.graded or summary.before:
        lines.append(
            f"Autograded notebooks are in {course / 'autograded'}, scores in the gradebook. "
            f"Next: nbgrader generate_feedback {assignment}"
        )
    return "\n".join(lines)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _listed(title: str, sentences: dict[str, tuple[str, ...]]) -> list[str]:
    if not sentences:
        return []
    lines = [f"{title}: {len(sentences)}"]
    lines += [f"  {name}: {' '.join(said)}" for name, said in sorted(sentences.items())]
    return lines
