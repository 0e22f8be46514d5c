"""An engine that tries nothing and knows the result at once; processes of a pool can load it."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future

from autograder.grading import engine
from autograder.grading.engine import Task
from autograder.grading.model import Report, Result, Tier
from autograder.grading.trial import Patience


def guess(task: Task) -> Report:
    """Return a report at once, which hangs on the submission alone; hanging ones need patience."""
    one, exercises = task.submission, task.assignment.exercises
    slow = "while True" in "".join(cell.source for cell in one.cells)
    slow = slow and task.patience.whole < Patience().whole
    shares = [1 if not one.student else (int(one.digest[:8], 16) >> i) % 3 / 2 for i in range(9)]
    worth = [task.assignment.exercise(name).points for name in exercises]
    results = [
        Result(name, points, points * share, share == 1, "guessed")
        for name, points, share in zip(exercises, worth, shares, strict=False)
    ]
    return Report(
        one.student,
        one.assignment,
        one.digest,
        int(Tier.PLAIN),
        () if slow else tuple(results),
        declaration=task.assignment.declaration,
        seconds=0.01,
        slow=slow,
    )


class Pretending:
    """An engine that tries nothing and knows everything; `seen` are the students in its order."""

    width = 4

    def __init__(self, trial: Callable[[Task], Report] = guess) -> None:
        self.trial = trial
        self.seen: list[str] = []

    def submit(self, task: Task) -> Future[Report]:
        future: Future[Report] = Future()
        if task.submission.student:  # else it is the book's own solution
            self.seen.append(task.submission.student)
        try:
            future.set_result(self.trial(task))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        pass


def guess_or_die(task: Task) -> Report:
    """End the process that tries one student's submission."""
    if task.submission.student == "student01":
        os._exit(1)
    return guess(task)


ends_if_it_hangs = engine.perform_or_end


def guess_or_hang(task: Task) -> Report:
    """Hang over one student's submission, for a second longer than it may take."""
    engine.HELD = 1 - task.patience.whole
    engine.perform = lambda task: (
        time.sleep(60) if task.submission.student == "student01" else guess(task)
    )
    return ends_if_it_hangs(task)
