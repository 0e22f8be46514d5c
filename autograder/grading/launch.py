"""The command that starts a worker behind the walls of a tier."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO, Any

from autograder.grading import kit
from autograder.grading.model import SandboxFailure

KIT = "/kit"  # as seen inside bubblewrap's walls
OPTIONS = ["-P", "-s", "-S", "-B", "-X", "utf8"]  # no packages, no environment's, nothing written
# Sets and dicts come in the same order whenever a submission is graded again.
ENVIRONMENT = {"PYTHONHASHSEED": "0"}
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
USED_BY_LOADER = "/etc/ld.so.cache"


def bubblewrap() -> str | None:
    """Where bubblewrap is: on the PATH, or beside this Python as a wheel puts it."""
    beside = Path(sys.executable).parent / "bwrap"
    return shutil.which("bwrap") or (str(beside) if beside.exists() else None)


def behind_bubblewrap(
    folder: Path, control: int, settings: dict[str, Any]
) -> tuple[list[str], IO[bytes]]:
    """Return the command of tier 1, and the file of arguments that it reads and must inherit."""
    program = bubblewrap()
    if program is None:
        raise SandboxFailure("bubblewrap is not installed.")
    system = kit.system()
    kit.link_numpy(folder)
    scratch = _scratch(system)
    words = [*namespaces(program), "--die-with-parent", "--new-session", "--hostname", "grading"]
    words += ["--cap-drop", "ALL", "--clearenv"]
    for name, value in ENVIRONMENT.items():
        words += ["--setenv", name, value]
    words += _mounts(system, folder)
    words += [
        "--size",
        str(settings["tmp"]),
        "--tmpfs",
        scratch,
        "--remount-ro",
        "/",
        "--chdir",
        scratch,
    ]
    arguments = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    arguments.write(b"".join(word.encode() + b"\0" for word in words))
    arguments.seek(0)
    inside = {
        **settings,
        "kit": KIT,
        "scratch": scratch,
        "filter": f"{KIT}/filter.bpf",
        "packages": [],
        "control": control,
    }
    command = [program, "--args", str(arguments.fileno()), "--", system.python, *OPTIONS]
    return [*command, f"{KIT}/autograder/grading/worker.py", json.dumps(inside)], arguments


def _scratch(system: kit.System) -> str:
    """The one folder in which files can be made: it must hide nothing that is needed."""
    needed = (system.python, system.library, *system.numpy, *system.shared)
    return "/scratch" if any(path.startswith("/tmp/") for path in needed) else "/tmp"


def _mounts(system: kit.System, folder: Path) -> list[str]:
    """Show what the interpreter needs, read-only and in its place, and the kit; nothing else."""
    words: list[str] = []
    for path in ("/lib", "/lib32", "/lib64", "/bin"):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
    for path in (*system.shared, system.library, system.python):
        words += ["--ro-bind", path, path]
    for path in system.loader:
        real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        words += ["--ro-bind", path, real]
    secret = [one for path in (*system.shared, system.library) for one in kit.hidden(path)]
    for path in dict.fromkeys(secret):
        words += ["--tmpfs", path]
    for path in system.numpy:  # it may stand among what was just hidden
        words += ["--ro-bind", path, path]
    for path in dict.fromkeys(secret):
        words += ["--remount-ro", path]
    if os.path.exists(USED_BY_LOADER):
        words += ["--ro-bind", USED_BY_LOADER, USED_BY_LOADER]
    words += ["--ro-bind", str(folder), KIT]
    for device in DEVICES:
        words += ["--dev-bind", device, device]
    return words


@cache
def namespaces(program: str) -> tuple[str, ...]:
    """The options for every namespace, and for no more of them inside where that can be had."""
    every = ("--unshare-all", "--unshare-user")
    strict = (*every, "--disable-userns")
    trial = [program, *strict, "--ro-bind", "/", "/", sys.executable, "-I", "-S", "-c", ""]
    # Older versions lack the option, and in a container /proc/sys may be read-only.
    return strict if subprocess.run(trial, capture_output=True).returncode == 0 else every


def behind_landlock(
    folder: Path, scratch: str, control: int, settings: dict[str, Any]
) -> list[str]:
    """Return the command of tier 2; the worker puts up its own walls."""
    system = kit.system()
    kit.link_numpy(folder)
    shown = [str(folder), *system.numpy, *system.loader, "/dev/zero", "/dev/urandom"]
    for path in (system.library, *system.shared):
        shown += kit.parts(path)
    if os.path.exists(USED_BY_LOADER):
        shown.append(USED_BY_LOADER)
    inside = {
        **settings,
        "kit": str(folder),
        "scratch": scratch,
        "filter": str(folder / "filter.bpf"),
        "packages": [],
        "control": control,
        "readable": shown,
        "listable": [system.library],
        "writable": [scratch, os.devnull],
    }
    worker = str(folder / "autograder" / "grading" / "worker.py")
    return [system.python, *OPTIONS, worker, json.dumps(inside)]


def plain(folder: Path, settings: dict[str, Any], nonce: str) -> list[str]:
    """Return the command of tier 3: a process of its own, and no walls; for every system."""
    inside = {
        **settings,
        "kit": str(folder),
        "packages": [os.path.dirname(kit.numpy_folders()[0])],
        "nonce": nonce,
    }
    worker = str(folder / "autograder" / "grading" / "worker.py")
    return [sys.executable, *OPTIONS, worker, json.dumps(inside)]
