"""Run a student's code behind walls, from the side that is trusted.

What comes back is bytes from a process that may be hostile: it is capped, decoded strictly, and
believed to be no more than what the code says of itself.
"""

import contextlib
import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, Self

from autograder import wire
from autograder.exercise import Inputs
from autograder.grading import kit, launch
from autograder.grading.model import SandboxFailure, Stopped, Tier
from autograder.grading.pipes import Pipes
from autograder.observe import Observation

START = 60.0  # seconds until a sandbox counts as broken; a busy machine takes its time
NOISE = {"overflow", "invalid value", "divide by zero", "underflow"}


@dataclass(frozen=True)
class Limits:
    """What a session may use: bytes, but for the number of processes."""

    memory: int = 2 << 30
    files: int = 16 << 20  # of one file
    tmp: int = 64 << 20  # of all files that are written
    processes: int = 64
    output: int = 64 << 20  # of all that comes back


class Sandbox:
    """Walls with an interpreter inside that has NumPy ready; every session is a process of its own.

    modules: files of `solutions` that students may import.
    """

    def __init__(self, tier: Tier, modules: Sequence[Path], limits: Limits | None = None) -> None:
        self.tier = tier
        self.limits = limits or Limits()
        self._folder = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
        self._kit = Path(self._folder.name) / "kit"
        self._modules = tuple(f"solutions.{module.stem}" for module in modules)
        self._host: Host | None = None
        self._session: Session | None = None
        try:
            kit.make(self._kit, modules)
        except OSError as error:
            self._folder.cleanup()
            raise SandboxFailure(f"The sandbox's files could not be laid out: {error}.") from error

    def session(self) -> "Session":
        """Start a session, ending the one before.  Raises SandboxFailure if its walls do not stand."""
        if self._session is not None:
            self._session.close()
        if self._host is not None and not self._host.is_fresh():
            self._drop()
        if self._host is not None:  # one from before may have been killed from outside since
            with contextlib.suppress(SandboxFailure):
                return self._begin(self._host)
            self._drop()
        self._host = self._new_host()
        try:
            return self._begin(self._host)
        except SandboxFailure:
            self._drop()
            raise

    def close(self) -> None:
        """End everything and leave nothing behind."""
        if self._session is not None:
            self._session.close()
        self._drop()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_host(self) -> "Host":
        limits = self.limits
        settings = {
            "tier": int(self.tier),
            "modules": self._modules,
            "memory": limits.memory,
            "files": limits.files,
            "tmp": limits.tmp,
            # Outside a namespace of its own the number would count all of this user's processes.
            "processes": limits.processes if self.tier is Tier.BUBBLEWRAP else 0,
        }
        try:
            host = Plain if self.tier is Tier.PLAIN else ForkServer
            return host(self.tier, self._kit, settings)
        except (OSError, subprocess.SubprocessError) as error:
            raise SandboxFailure(f"The sandbox could not be started: {error}.") from error

    def _begin(self, host: "Host") -> "Session":
        nonce = secrets.token_hex(16)
        try:
            pipes = Pipes(*host.begin(nonce), self.limits.output)
            head, body = pipes.receive(START)
        except (OSError, Stopped) as error:
            said = host.said()
            raise SandboxFailure(
                f"The sandbox's walls did not stand: {said or repr(error)}"
            ) from error
        if head != {"ready": nonce} or body:
            raise SandboxFailure("The sandbox did not say that its walls stand.")
        self._session = Session(host, pipes)
        return self._session

    def _drop(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None


class Session:
    """A student's process: it runs cells and answers calls, until it is closed or stopped."""

    def __init__(self, host: "Host", pipes: Pipes) -> None:
        self._host = host
        self._pipes = pipes
        self._over = ""

    def run(self, source: str, own: bool, seconds: float) -> str:
        """Run a cell; return "" or the error that it ended with, in the student's words.

        Raises Stopped.
        """
        head, _ = self._ask({"do": "run", "source": source, "own": own}, b"", seconds)
        return _text(head.get("error"), wire.MOST_TEXT)

    def call(self, name: str, inputs: Inputs, seconds: float) -> Observation:
        """Call a function that the cells have defined; return what it did.  Raises Stopped."""
        head, body = self._ask({"do": "call", "name": name}, wire.encode(inputs), seconds)
        try:
            return _observation(head, body, inputs)
        except wire.WireError as error:
            return Observation(error="Unsendable", message=str(error))

    def close(self) -> None:
        """Kill the process."""
        if not self._over:
            with contextlib.suppress(SandboxFailure):
                self._end("died")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, order: dict[str, Any], body: bytes, seconds: float) -> tuple[dict, bytes]:
        """Send a request and return the answer to it, and to nothing else."""
        if self._over:
            raise Stopped(self._over)
        token = secrets.token_hex(16)
        try:
            if not self._pipes.is_silent():  # said before it was asked
                raise Stopped("died")
            self._pipes.send({"token": token, **order}, body)
            head, body = self._pipes.receive(seconds)
            if head.get("token") != token:
                raise Stopped("died")
        except Stopped as stopped:
            self._end(stopped.reason)
            raise
        return head, body

    def _end(self, reason: str) -> None:
        """Kill the process.  Raises SandboxFailure if what watches over it is gone as well."""
        self._over = reason
        self._pipes.close()
        self._host.end()


def _observation(head: dict[str, Any], body: bytes, inputs: Inputs) -> Observation:
    """Read what a process says of a call.  Raises WireError unless it has the form agreed on."""
    error = _text(head.get("error"), 100)
    if error:
        message, line = (_text(head.get(name, ""), wire.MOST_TEXT) for name in ("message", "line"))
        return Observation(error=error, message=message, line=line)
    return Observation(
        result=wire.decode(body),
        noise=frozenset(_names(head.get("noise"), NOISE)),
        changed=_names(head.get("changed"), inputs),
        idle=_names(head.get("idle"), inputs),
    )


def _text(value: Any, most: int) -> str:
    """Text that anything can write down; what is none becomes the word for that."""
    if type(value) is not str:
        return "Unsendable"
    return value[:most].encode("utf-8", "replace").decode()


def _names(value: Any, known: Iterable[str]) -> tuple[str, ...]:
    known = list(known)
    if type(value) is not list or not all(type(one) is str and one in known for one in value):
        raise wire.WireError("names that are none")
    return tuple(dict.fromkeys(value))


# -- where sessions live -----------------------------------------------------------------------


class Host(Protocol):
    """What starts the processes of sessions, one at a time."""

    def begin(self, nonce: str) -> tuple[int, int]:
        """Start a process; return the pipe to it and the pipe back."""

    def end(self) -> None:
        """Kill the process.  Raises SandboxFailure if that cannot be known to have worked."""

    def is_fresh(self) -> bool:
        """Whether nothing that the last process left behind could reach the next."""

    def said(self) -> str:
        """What was complained of while the walls were put up."""

    def close(self) -> None:
        """Leave nothing behind."""


class ForkServer:
    """Tiers 1 and 2: a process behind walls that forks a session whenever it is told to."""

    def __init__(self, tier: Tier, folder: Path, settings: dict[str, Any]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed with the server
        self._scratch = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
        self._up = False
        self._dirty = False  # a session has left a file behind
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(START)
        number = theirs.fileno()
        with contextlib.ExitStack() as opened:
            opened.enter_context(theirs)
            passed = [number]
            if tier is Tier.BUBBLEWRAP:
                command, arguments = launch.behind_bubblewrap(folder, number, settings)
                opened.enter_context(arguments)
                passed.append(arguments.fileno())
            else:
                command = launch.behind_landlock(folder, self._scratch.name, number, settings)
            self._process = subprocess.Popen(
                command,
                pass_fds=passed,
                env=launch.ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,
            )

    def begin(self, nonce: str) -> tuple[int, int]:
        if not self._up:
            if self._control.recv(16) != b"up":
                raise OSError("the server did not come up")
            self._up = True
        read, to = os.pipe()
        back, write = os.pipe()
        try:
            socket.send_fds(self._control, [nonce.encode()], [read, write])
        except OSError:
            os.close(to)
            os.close(back)
            raise
        finally:
            os.close(read)
            os.close(write)
        return to, back

    def end(self) -> None:
        self._dirty = True
        try:
            self._control.send(b"end")
            answer = self._control.recv(16)
        except OSError as error:
            raise SandboxFailure(f"The sandbox broke down: {error}.") from error
        if not answer:
            raise SandboxFailure(f"The sandbox was ended from outside. {self.said()}")
        self._dirty = answer != b"clean"

    def is_fresh(self) -> bool:
        return not self._dirty and self._process.poll() is None

    def said(self) -> str:
        return _tail(self._errors)

    def close(self) -> None:
        self._control.close()  # the server then ends by itself
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()
        self._scratch.cleanup()


class Plain:
    """Tier 3: every session is a process that was started for it, and nothing walls it in."""

    def __init__(self, tier: Tier, folder: Path, settings: dict[str, Any]) -> None:
        self._folder = folder
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, nonce: str) -> tuple[int, int]:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._scratch = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
        needed = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        self._process = subprocess.Popen(
            launch.plain(self._folder, self._settings, nonce),
            env={**launch.ENVIRONMENT, **needed},
            cwd=self._scratch.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        to, back = os.dup(self._process.stdin.fileno()), os.dup(self._process.stdout.fileno())
        self._process.stdin.close()
        self._process.stdout.close()
        return to, back

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._errors.close()
            self._scratch.cleanup()

    def is_fresh(self) -> bool:
        return True

    def said(self) -> str:
        return _tail(self._errors)

    def close(self) -> None:
        self.end()


def _tail(file: IO[bytes]) -> str:
    """The last words of a process; its libraries may have had others before."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 2000))
    return " ".join(file.read().decode(errors="replace").split())
