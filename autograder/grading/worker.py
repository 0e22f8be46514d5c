"""Runs inside the walls: replays a student's cells and calls the functions that they defined.

A dumb servant: it answers one request after the other and holds no expected value, no seed and no
points.  Started as `python worker.py SETTINGS`, with the settings in JSON.  On tiers 1 and 2 it is a
fork server, which imports NumPy once and lets every session be a child of its own; on tier 3 it is
the session itself.
"""

import contextlib
import json
import os
import sys
from typing import Any, NoReturn

GLANCE = 0.1  # seconds between looks at what a session has written
MOST_FILES = 10_000

# Importing what is below takes the folder that holds this package; `main` sees to the path.


def main(settings: dict[str, Any]) -> None:
    """Put up the walls of the server, import what students may use, and serve."""
    sys.path.insert(0, settings["kit"])
    if settings["tier"] == 2:
        from autograder.grading import walls

        walls.drop_capabilities()
        walls.landlock(settings["readable"], settings["listable"], settings["writable"])
    _import_all(settings)
    os.environ.clear()
    if settings["tier"] == 3:
        _plain(settings)
    else:
        _serve_forks(settings)


def _import_all(settings: dict[str, Any]) -> None:
    """Import NumPy, the kit and the earlier chapters, so that sessions find them ready."""
    import importlib

    importlib.import_module("solutions")  # first: it sets one BLAS thread before NumPy loads
    # NumPy alone may come from here; of its neighbours, not one.
    sys.path.extend(settings["packages"])
    importlib.import_module("numpy")
    del sys.path[len(sys.path) - len(settings["packages"]) :]
    for name in (
        "numpy.linalg",
        "numpy.random",
        "numpy.fft",
        "autograder.observe",
        *settings["modules"],
    ):
        importlib.import_module(name)
    import autograder
    from autograder.grading import cells, frames  # noqa: F401

    for name in cells.QUIET:
        setattr(autograder, name, cells.Quiet())


# -- one session -------------------------------------------------------------------------------


def serve(requests: int, responses: int, nonce: str) -> None:
    """Say that the walls stand, then answer requests until there are no more."""
    from autograder.grading import cells, frames

    notebook = cells.Notebook()
    _write(responses, frames.pack({"ready": nonce}))
    buffer = bytearray()
    while True:
        while (request := frames.unpack(buffer, 1 << 40)) is None:
            some = os.read(requests, 1 << 16)
            if not some:
                return
            buffer += some
        head, body = request
        if head["do"] == "run":
            answer, result = {"error": notebook.run(head["source"], head["own"])}, b""
        else:
            answer, result = _called(notebook.names, head["name"], body)
        _write(responses, frames.pack({"token": head["token"], **answer}, result))


def _called(names: dict[str, Any], name: str, body: bytes) -> tuple[dict[str, Any], bytes]:
    """Call a function of the notebook; return what was observed, as head and body of a message."""
    from autograder import wire
    from autograder.grading import cells
    from autograder.observe import observe

    function = names.get(name)
    if function is None or isinstance(function, cells.Quiet) or not callable(function):
        return {"error": "Missing", "message": f"There is no function {name}."}, b""
    try:
        seen = observe(function, wire.decode(body, inputs=True))
        head: dict[str, Any] = {
            "error": seen.error[:100],
            "message": str(seen.message)[: wire.MOST_TEXT],
            "line": seen.line[: cells.MOST_WORDS],
            "noise": sorted(seen.noise),
            "changed": list(seen.changed),
            "idle": list(seen.idle),
        }
    except BaseException as error:  # such as KeyboardInterrupt, or a str() that raises
        return {"error": type(error).__name__[:100], "message": cells.in_words(error)}, b""
    try:
        return head, b"" if seen.error else wire.encode(seen.result)
    except BaseException as error:
        return {"error": "Unsendable", "message": cells.in_words(error)}, b""


def _write(file: int, message: bytes) -> None:
    left = memoryview(message)
    while left:
        left = left[os.write(file, left) :]


def _silence() -> None:
    """Student code reads nothing and prints to nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nowhere, file)
    os.close(nowhere)


# -- tier 3: this process is the session -------------------------------------------------------


def _plain(settings: dict[str, Any]) -> NoReturn:
    requests, responses = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        for file in (requests, responses):
            msvcrt.setmode(file, os.O_BINARY)
    else:
        from autograder.grading import walls

        with contextlib.suppress(OSError, ValueError):  # macOS knows some limits by name only
            walls.limit(settings["memory"], settings["files"])
    _silence()
    serve(requests, responses, settings["nonce"])
    os._exit(0)


# -- tiers 1 and 2: a fork server --------------------------------------------------------------


def _serve_forks(settings: dict[str, Any]) -> None:
    """Fork a session whenever asked, end it when asked, and say whether it left a file behind."""
    import gc
    import signal
    import socket

    with open(settings["filter"], "rb") as file:
        program = file.read()
    control = socket.socket(fileno=settings["control"])
    gc.collect()
    gc.freeze()  # no collection in a child touches the pages that it shares with the server
    control.send(b"up")
    child = 0
    while True:
        order, files = _next_order(control, child, settings)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            child = 0
        if not order:
            return
        if order == b"end":
            control.send(b"dirty" if os.listdir(settings["scratch"]) else b"clean")
            continue
        child = os.fork()
        if child == 0:
            _child(settings, program, control.fileno(), (files[0], files[1]), order.decode())
        for one in files:
            os.close(one)


def _next_order(control: Any, child: int, settings: dict[str, Any]) -> tuple[bytes, list[int]]:
    """Wait for an order; meanwhile kill a session that writes more than it may."""
    import signal
    import socket

    control.settimeout(GLANCE if child else None)
    while True:
        try:
            order, files, _, _ = socket.recv_fds(control, 4096, 2)
            return order, files
        except TimeoutError:
            if _exceeds(settings["scratch"], settings["tmp"]):
                os.kill(child, signal.SIGKILL)


def _exceeds(folder: str, most: int) -> bool:
    """Whether the files in a folder are too many or too large; folders cannot be made in it."""
    total = 0
    with os.scandir(folder) as found:
        for count, entry in enumerate(found):
            total += entry.stat(follow_symlinks=False).st_size
            if total > most or count > MOST_FILES:
                return True
    return False


def _child(
    settings: dict[str, Any], program: bytes, control: int, pipes: tuple[int, int], nonce: str
) -> NoReturn:
    """Be one session: put up its walls, and serve until the pipe closes."""
    try:
        from autograder.grading import walls

        os.chdir(settings["scratch"])
        keep = sorted(pipes)
        for low, high in zip((2, *keep), (*keep, 4096), strict=True):
            os.closerange(low + 1, high)
        assert control not in keep
        walls.limit(settings["memory"], settings["files"], settings["processes"])
        walls.seal()
        walls.filter_calls(program)
        _silence()  # last, so that until the walls stand a complaint still reaches the trusted side
        serve(*pipes, nonce)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
