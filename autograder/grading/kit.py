"""What exists inside the walls: the interpreter and its library, NumPy, and a small kit of ours."""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from glob import glob
from pathlib import Path

import numpy

from autograder.grading import filters

PACKAGE = Path(__file__).resolve().parents[1]
SHOWN = ("exercise.py", "observe.py", "patience.py", "wire.py")
SHOWN_OF_GRADING = ("cells.py", "frames.py", "walls.py", "worker.py")
HIDDEN = ("site-packages", "dist-packages")  # what others have installed into the interpreter
PROBE = (
    "import sys; sys.path.append(sys.argv[1]); import numpy, ctypes, decimal, hashlib, lzma, zlib; "
    "print(open('/proc/self/maps').read())"
)


@dataclass(frozen=True)
class System:
    """Where the interpreter and what it loads stand on this machine."""

    python: str  # the interpreter itself, without its virtual environment
    library: str  # the folder of its standard library
    numpy: tuple[str, ...]  # NumPy's folders
    shared: tuple[str, ...]  # folders of the shared libraries that they load
    loader: tuple[str, ...]  # the dynamic loader, under the names by which programs ask for it


def make(folder: Path, modules: Sequence[Path]) -> None:
    """Fill the kit: a part of `autograder` without its exercises, and earlier chapters' answers."""
    grading = folder / "autograder" / "grading"
    grading.mkdir(parents=True)
    for name in SHOWN:
        shutil.copyfile(PACKAGE / name, folder / "autograder" / name)
    for name in SHOWN_OF_GRADING:
        shutil.copyfile(PACKAGE / "grading" / name, grading / name)
    solutions = folder / "solutions"
    solutions.mkdir()
    shutil.copyfile(PACKAGE.parent / "solutions" / "__init__.py", solutions / "__init__.py")
    for module in modules:
        shutil.copyfile(module, solutions / module.name)
    if filters.path().exists():
        shutil.copyfile(filters.path(), folder / "filter.bpf")


def link_numpy(folder: Path) -> None:
    """Let the kit lead to NumPy, whose neighbours are not shown.

    By links, since some builds of NumPy look for their libraries from where they really stand.
    """
    for home in numpy_folders():
        link = folder / os.path.basename(home)
        if not link.is_symlink():
            link.symlink_to(home)


@cache
def system() -> System:
    """Find out what this machine's Python needs; Linux only."""
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    library = os.path.realpath(sysconfig.get_path("stdlib"))
    return System(python, library, numpy_folders(), _shared(python, library), _loader())


def numpy_folders() -> tuple[str, ...]:
    """NumPy's folder, and the one beside it in which a wheel brings its shared libraries."""
    home = os.path.dirname(os.path.realpath(numpy.__file__))
    beside = home + ".libs"
    return (home, beside) if os.path.isdir(beside) else (home,)


def _shared(python: str, library: str) -> tuple[str, ...]:
    """The folders of all that a bare interpreter with NumPy has loaded, but for their own."""
    packages = os.path.dirname(numpy_folders()[0])
    asked = [python, "-I", "-S", "-c", PROBE, packages]
    maps = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    loaded = {line.split(maxsplit=5)[5] for line in maps.splitlines() if ".so" in line}
    folders = {os.path.dirname(name) for name in loaded}
    own = (library + os.sep, *(folder + os.sep for folder in numpy_folders()))
    return tuple(sorted(folder for folder in folders if not f"{folder}{os.sep}".startswith(own)))


def _loader() -> tuple[str, ...]:
    return tuple(sorted({*glob("/lib*/ld-linux*.so*"), *glob("/lib/ld-musl*")}))


def hidden(folder: str) -> list[str]:
    """The folders of installed packages inside a folder that is shown."""
    return [
        path
        for pattern in ("", "python3*/")
        for name in HIDDEN
        for path in glob(f"{glob_safe(folder)}/{pattern}{name}")
    ]


def glob_safe(path: str) -> str:
    """The path as a pattern that matches only itself."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)


def parts(folder: str) -> list[str]:
    """The folder itself, or all that is in it but the folders of installed packages."""
    secret = hidden(folder)
    if not secret:
        return [folder]
    found = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if path in secret:
            continue
        inside = any(one.startswith(path + os.sep) for one in secret)
        found += parts(path) if inside else [path]
    return found


def machine() -> str:
    """This machine's architecture, as the filters are named after it."""
    return platform.machine().lower()
