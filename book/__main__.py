"""`python -m book COMMAND`: everything one can do with the book. The make targets only call this.

Standard library only, in syntax that Python 3.6 can read; see book/environment.py.
"""

import argparse
import difflib
import importlib
import os
import sys
import typing

from book.environment import ROOT, Environment, Trouble, become, require_python, say

OWN = os.path.join(ROOT, ".venv")

# name: (what it does, the extra it needs installed, "module:function" that does it)
COMMANDS = {
    "learn": ("read and work: your notebooks in my-book/, in JupyterLab", "", "book.learn:learn"),
    "test": ("prove everything: code, exercises, notebooks, site", "dev", "book.prove:test"),
    "check": ("lint and types only", "dev", "book.prove:check"),
    "site": ("build the web book in _build/site/", "dev", "book.site:build"),
    "progress": ("what you have solved and tried, and what is next", "", "book.progress:show"),
    "serve": ("build the web book and show it", "dev", "book.site:serve"),
    "pdf": ("print the web book as a PDF, in _build/", "dev", "book.pdf:build"),
    "lite": ("build the notebooks for a browser alone, in _build/lite/", "dev", "book.lite:build"),
    "course": ("grade a small simulated class with nbgrader", "dev", "book.commands:course"),
    "bench": ("time the references against torch and loops", "dev", "book.commands:bench"),
    "bench-grading": (
        "time the grading of a simulated class, beside stock nbgrader",
        "dev",
        "book.commands:bench_grading",
    ),
    "gpu": (
        "measure errors and speed again, on a GPU too if there is one",
        "",
        "precision.ledger:gpu",
    ),
    "notebooks": ("weave the manuscript into notebooks again", "dev", "book.commands:notebooks"),
    "constraints": ("renew the exact versions in constraints.txt", "dev", "book.versions:renew"),
}


class Parser(argparse.ArgumentParser):
    """Answers a wrong argument with one sentence."""

    def error(self, message: str) -> "typing.NoReturn":
        raise Trouble(f"{message.capitalize()}. `{self.prog} --help` says what there is.")


def port(text: str) -> int:
    """Return a port number; argparse makes a sentence of the complaint."""
    if not (text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(
            f"a port is a number from 0 (any free one) to 65535, not {text!r}"
        )
    return int(text)


def parser(command: str) -> Parser:
    """Return the parser of a command's arguments."""
    chosen = Parser(prog=f"python -m book {command}", description=COMMANDS[command][0])
    if command in ("learn", "serve", "course"):
        chosen.add_argument("--port", type=port, default=8888, help="port on this machine")
        chosen.add_argument("--no-browser", action="store_true", help="do not open a browser")
    if command == "course":
        chosen.add_argument("--open", action="store_true", help="open the formgrader on the class")
    if command == "lite":
        chosen.add_argument("--packages", help="address that holds NumPy and what else is compiled")
    if command == "test":
        chosen.add_argument(
            "--anew", action="store_true", help="also what passed and has not changed since"
        )
    if command == "notebooks":
        chosen.add_argument("--check", action="store_true", help="only say which are out of date")
    if command == "bench":
        chosen.add_argument("exercises", nargs="*", help="names of exercises; all if none is given")
        chosen.add_argument("--rounds", type=int, default=15, help="turns to take the median of")
        chosen.add_argument("--write", action="store_true", help="renew the web book's table")
        chosen.add_argument(
            "--gate", action="store_true", help="fail where a ratio with a goal has become worse"
        )
    if command == "bench-grading":
        chosen.add_argument("--students", type=int, default=500, help="how large the class is")
        chosen.add_argument("--hanging", type=int, default=100, help="how many hang beside them")
        chosen.add_argument("--jobs", type=int, default=2, help="processes that grade")
        chosen.add_argument(
            "--submissions", type=int, help="only show the memory held over so many submissions"
        )
    return chosen


def overview() -> str:
    """Return the list of commands."""
    lines = ["Neural Networks, Derived. What you can do, as `python -m book COMMAND`:", ""]
    lines += [f"  {name:<13} {what}" for name, (what, _, _) in COMMANDS.items()]
    return "\n".join([*lines, "", "`python -m book COMMAND --help` shows a command's options."])


def where_to_run() -> Environment:
    """Return the active environment, if the book was installed into it; else the book's own."""
    active = [os.environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    if sys.prefix in active and sys.prefix != OWN:
        from importlib import metadata

        if any(metadata.distributions(name="neural-networks-derived")):
            return Environment(sys.prefix)
    return Environment(OWN)


def main(arguments: "list[str]") -> int:
    """Find the command, see to its environment, run it there; return the exit status."""
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        say(overview())
        return 0
    command = arguments[0]
    if command not in COMMANDS:
        near = difflib.get_close_matches(command, COMMANDS, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Trouble(f"There is no command {command!r}.{hint} `python -m book` lists them.")
    options = parser(command).parse_args(arguments[1:])
    require_python(command)
    _, extra, place = COMMANDS[command]
    os.chdir(ROOT)
    environment = where_to_run()
    if environment.folder == OWN:  # any other is its owner's to look after
        environment.prepare(extra)
    if not environment.is_running():
        again = [environment.python, "-m", "book", *arguments]
        return become(again, environment.variables())
    os.environ.update(environment.variables())
    return run(place, options)


def run(place: str, options: argparse.Namespace) -> int:
    """Do what a command does, in the environment that it needs; return the exit status."""
    module, function = place.split(":")
    try:
        return getattr(importlib.import_module(module), function)(options) or 0
    except ModuleNotFoundError as missing:
        if sys.prefix == OWN:
            raise
        raise Trouble(
            f"{missing.name} is not installed in {sys.prefix}. Run there "
            "`pip install -e .[dev] -c constraints.txt`, or leave that environment and try again."
        ) from missing


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Nothing is lost: the same command goes on from here.")
