"""A sandbox without walls, for tests of what is done with its answers: everything runs right here."""

import sys

from autograder import wire
from autograder.exercise import Inputs
from autograder.grading.cells import QUIET, Notebook, Quiet, in_words
from autograder.grading.model import SandboxFailure, Stopped, Tier
from autograder.observe import Observation, observe
from autograder.patience import OutOfTime, patience

REPLACED = ("__main__", "solutions")
ABSENT = ("torch", "scipy", "sympy", "matplotlib", "book")


class InProcess:
    """Looks like a Sandbox; `failures` of its sessions do not start, and then all do."""

    tier = Tier.PLAIN

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.sessions = 0

    def session(self) -> "InProcessSession":
        self.sessions += 1
        if self.sessions <= self.failures:
            raise SandboxFailure("The sandbox did not start, and this test wanted it so.")
        return InProcessSession()


class InProcessSession:
    """Looks like a Session; an answer that calls `exit` has died."""

    def __enter__(self) -> "InProcessSession":
        self.modules = {
            name: module
            for name, module in sys.modules.items()
            if name in ABSENT or name.startswith(REPLACED)
        }
        for name in ABSENT:  # to import them is now an ImportError
            sys.modules[name] = None  # type: ignore[assignment]
        self.notebook = Notebook()
        return self

    def __exit__(self, *trouble: object) -> None:
        for name in ABSENT:
            del sys.modules[name]
        sys.modules.update(self.modules)

    def run(self, source: str, own: bool, seconds: float) -> str:
        try:
            with patience(seconds):
                said = self.notebook.run(source, own)
        except OutOfTime:
            raise Stopped("time") from None
        if said.startswith("KeyboardInterrupt"):  # caught as all that a cell raises
            raise Stopped("time")
        # Here, unlike behind walls, cells that import these find the real ones.
        self.notebook.names.update((name, Quiet()) for name in QUIET)
        return said

    def call(self, name: str, inputs: Inputs, seconds: float) -> Observation:
        function = self.notebook.names.get(name)
        if not callable(function) or isinstance(function, Quiet):
            return Observation(error="Missing")
        inputs = wire.decode(wire.encode(inputs), inputs=True)
        try:
            with patience(seconds):
                seen = observe(function, inputs)
        except OutOfTime:
            raise Stopped("time") from None
        if seen.error == "SystemExit":
            raise Stopped("died")
        try:
            wire.decode(wire.encode(seen.result))
        except wire.WireError as error:
            return Observation(error="Unsendable", message=in_words(error))
        return seen
