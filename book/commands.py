"""The commands whose work is done by modules that can also be called on their own."""

import argparse
import os

from autograder import bench as benchmark
from autograder import course as classroom
from book import weave
from book.contents import ROOT
from book.environment import Trouble
from book.learn import open_lab


def course(options: argparse.Namespace) -> int:
    """Grade the simulated class, or open nbgrader's formgrader on it."""
    if not options.open:
        return classroom.demonstrate()
    folder = os.environ.get("NND_COURSE", classroom.FOLDER)
    if not (ROOT / folder / "gradebook.db").exists():
        raise Trouble(f"There is no class in {folder} to show yet: `make course` makes one.")
    return open_lab(ROOT, "/formgrader", options)


def bench(options: argparse.Namespace) -> int:
    """Time the references; the names are exercises, all of them if none is given."""
    switches = [f"--{name}" for name in ("write", "gate") if getattr(options, name)]
    return benchmark.main([*options.exercises, "--rounds", str(options.rounds), *switches])


def bench_grading(options: argparse.Namespace) -> int:
    """Grade a large simulated class, and part of it by stock nbgrader; print what that took."""
    from autograder.grading import bench as grading

    return grading.main(options)


def notebooks(options: argparse.Namespace) -> int:
    """Weave the notebooks that are out of date, or only name them."""
    return weave.main(["--check"] if options.check else [])
