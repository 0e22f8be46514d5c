"""`python -m autograder COMMAND`: what an instructor can do with a class.

Each command's modules are imported when it is called: the gradebook alone takes seconds to load.
"""

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import NoReturn

from autograder.grading.model import NotGraded

COMMANDS = {
    "grade": "grade what was handed in for an assignment; after a kill, go on where it stopped",
    "doctor": "say how well student code is walled in on this machine, and what would be better",
    "report": "report on a class, or export its grades",
}
EXAMPLES = {
    "grade": """examples:
  python -m autograder grade 02_activations
  python -m autograder grade 02_activations --jobs 8
  python -m autograder grade 02_activations --student ada --again
  python -m autograder grade 02_activations --engine dask --scheduler tcp://10.0.0.7:8786
""",
    "doctor": "example:\n  python -m autograder doctor\n",
    "report": """examples:
  python -m autograder report
  python -m autograder report 02_activations --to reports
  python -m autograder report --grades canvas
""",
}
WHERE = "The course's folder is named by the variable NND_COURSE, by default _build/course."


class Parser(argparse.ArgumentParser):
    """Answers a wrong argument with one sentence."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{message.capitalize()}. `{self.prog} --help` says what there is.\n")
        sys.exit(2)


def parser(command: str) -> Parser:
    """Return the parser of a command's arguments."""
    chosen = Parser(
        prog=f"python -m autograder {command}",
        description=f"{COMMANDS[command].capitalize()}. {WHERE}",
        epilog=EXAMPLES[command],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if command == "grade":
        _add_grade(chosen)
    if command == "report":
        from autograder.grading import report

        report.add_arguments(chosen)
    return chosen


def _add_grade(chosen: Parser) -> None:
    add = chosen.add_argument
    add("assignment", metavar="ASSIGNMENT", help="its name, such as 02_activations")
    add("--student", metavar="NAME", default="", help="only this one's submission")
    add("--again", action="store_true", help="also what is graded already and has not changed")
    add("--jobs", type=_jobs, metavar="N", default=0, help="processes; one a core if not given")
    add("--engine", choices=("local", "dask"), default="local", help="where to try submissions")
    add("--scheduler", metavar="URL", default="", help="of a Dask cluster; without it, one is made")
    add(
        "--trust-submissions",
        action="store_true",
        help="grade even where student code cannot be walled in: it may then do all that you may",
    )


def _jobs(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 1024):
        raise argparse.ArgumentTypeError(f"it is a number from 1 to 1024, not {text!r}")
    return int(text)


def grade(options: argparse.Namespace) -> int:
    """Grade a class; return 1 if something is left ungraded."""
    if options.scheduler and options.engine != "dask":
        parser("grade").error("a scheduler is Dask's: add --engine dask")
    from autograder.grading import grade

    return grade.main(options)


def doctor(options: argparse.Namespace) -> int:
    """Print what this machine offers."""
    from autograder.grading import tiers

    print(tiers.doctor())
    return 0


def report(options: argparse.Namespace) -> int:
    """Report on a class."""
    from autograder.grading import report

    return report.main(options)


def overview() -> str:
    """Return the list of commands."""
    lines = ["What an instructor can do, as `python -m autograder COMMAND`:", ""]
    lines += [f"  {name:<8} {what}" for name, what in COMMANDS.items()]
    lines += ["", WHERE, "`python -m autograder COMMAND --help` shows a command's options."]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Do what a command says; return the exit status."""
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        print(overview())
        return 0
    command = arguments[0]
    if command not in COMMANDS:
        near = difflib.get_close_matches(command, COMMANDS, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        said = f"There is no command {command!r}.{hint} `python -m autograder` lists them."
        print(said, file=sys.stderr)
        return 2
    options = parser(command).parse_args(arguments[1:])
    # nbgrader calls `alembic` by its bare name, from beside this Python.
    beside = str(Path(sys.executable).parent)
    os.environ["PATH"] = beside + os.pathsep + os.environ.get("PATH", os.defpath)
    try:
        status = {"grade": grade, "doctor": doctor, "report": report}[command](options)
        sys.stdout.flush()
        return status
    except NotGraded as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing is lost: the same command goes on from here.", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read along, as `head` does, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
