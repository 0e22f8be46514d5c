"""The book's own Python environment, `.venv`: made when missing, renewed when out of date.

Standard library only, in syntax that Python 3.6 can read: an old Python must get as far as the
sentence that says it is too old.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
OLDEST = (3, 11)
NEWER = ("python3.11", "python3.12", "python3.13", "python3.14")  # names an old Python looks for
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
NEWS = re.compile(r"\s*(Collecting|Downloading|Building|Installing|Preparing)\b")
REASONS = {
    r"No space left|Errno 28|Disk quota": (
        "the disk is full. The book's environment takes about 3 GB; free some and try again."
    ),
    r"Temporary failure in name resolution|ConnectionError|getaddrinfo|Network is unreachable"
    r"|Failed to establish|Connection (refused|reset|timed out)|ProxyError|ReadTimeout": (
        "the package server could not be reached. Check the network and the proxy settings."
    ),
    r"CERTIFICATE_VERIFY_FAILED": (
        "the package server's certificate was refused. Check the clock and the proxy settings."
    ),
    r"Permission denied|Errno 13|Read-only file system|Errno 30": (
        "this folder cannot be written to. Copy the book to one that is yours."
    ),
}


class Trouble(Exception):
    """Something the reader has to mend; its text is the sentence to show."""


def require_python(command: str) -> None:
    """Raise Trouble, saying what to do, if this Python is too old for the book."""
    if sys.version_info >= OLDEST:
        return
    newer = next((name for name in NEWER if shutil.which(name)), "")
    advice = "Install a newer one from python.org or your package manager, then try again."
    if newer:
        advice = f"You have {newer} too: run `{newer} -m book {command}`."
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    raise Trouble(f"This book needs Python 3.11 or newer; this is Python {this}. {advice}")


class Environment:
    """A virtual environment with the book installed in it, with or without what authors need."""

    def __init__(self, folder: str, constrained: bool = True) -> None:
        windows = os.name == "nt"
        self.folder = folder
        self.constrained = constrained
        self.programs = os.path.join(folder, "Scripts" if windows else "bin")
        self.python = os.path.join(self.programs, "python.exe" if windows else "python")
        self.log = os.path.join(folder, "install.log")
        self.stamp = os.path.join(folder, "installed.txt")

    def is_running(self) -> bool:
        """Is this very Python the environment's?"""
        return os.path.realpath(sys.prefix) == os.path.realpath(self.folder)

    def has(self, extra: str) -> bool:
        """Is all installed that `extra` ("" for a reader, "dev" for an author) asks for?"""
        fingerprint, extras = self._finished()
        return fingerprint == self._fingerprint() and (extra or "reader") in extras and self._runs()

    def prepare(self, extra: str) -> None:
        """Create or renew the environment until it has what `extra` asks for."""
        if self.has(extra):
            return
        fingerprint, extras = self._finished()
        if fingerprint and fingerprint != self._fingerprint():
            say("What the book needs has changed since its environment was made.")
        elif not fingerprint and os.path.isdir(self.folder):
            say("The environment in .venv is not finished; going on with it.")
        if "dev" in extras:
            extra = "dev"  # a reader's command takes nothing away from an author
        try:
            if not (self._runs() and self._stands_where_it_was_made()):
                self._create()
            if os.path.exists(self.stamp):
                os.remove(self.stamp)  # until this installation has ended nothing is certain
            self._install(extra)
            with open(self.stamp, "w") as file:
                file.write(f"{self._fingerprint()} reader {extra}\n")
        except OSError as error:
            raise Trouble(explain(str(error), "The environment could not be made")) from error

    def variables(self) -> "dict[str, str]":
        """Return the variables under which the environment's programs run."""
        chosen = dict(os.environ, VIRTUAL_ENV=self.folder)
        chosen.pop("PYTHONHOME", None)
        # First on PATH, because nbgrader calls `alembic` by its bare name.
        chosen["PATH"] = self.programs + os.pathsep + chosen.get("PATH", os.defpath)
        chosen["PYTHONUTF8"] = "1"  # Windows would print in its old code page
        chosen["JUPYTER_PREFER_ENV_PATH"] = "1"  # a kernel of the user's must not hide the book's
        # Two BLAS threads make alternating NumPy and torch calls up to 200 times slower.
        chosen.update((name, "1") for name in THREADS)
        return chosen

    def _fingerprint(self) -> str:
        """Say in a few letters what should be installed."""
        said = hashlib.sha256()
        for name in ("pyproject.toml", "constraints.txt"):
            with open(os.path.join(ROOT, name), "rb") as file:
                said.update(file.read())
        return said.hexdigest()[:16]

    def _finished(self) -> "tuple[str, list[str]]":
        """Return the fingerprint and the extras of the last installation that came to its end."""
        try:
            with open(self.stamp) as file:
                fingerprint, *extras = file.read().split()
        except (OSError, ValueError):
            return "", []
        if not self._stands_where_it_was_made():
            return "", []
        return fingerprint, extras

    def _runs(self) -> bool:
        """Does the environment's Python run? Not if the Python it was made from is gone."""
        try:
            return not subprocess.call([self.python, "-c", "import pip"], stderr=subprocess.DEVNULL)
        except OSError:
            return False

    def _stands_where_it_was_made(self) -> bool:
        """Is the environment in its first place? The programs of a moved or copied one fail."""
        try:
            with open(os.path.join(self.folder, "pyvenv.cfg")) as file:
                return self.folder + "\n" in file.read()
        except OSError:
            return False

    def _create(self) -> None:
        say(f"Making a Python environment in {os.path.relpath(self.folder)} ...")
        require_venv()
        command = [sys.executable, "-m", "venv", "--clear", self.folder]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            raise Trouble(explain(made.stdout + made.stderr, "Python could not make one"))

    def _install(self, extra: str) -> None:
        what = "what authors and tests need" if extra else "what a reader needs"
        say(f"Installing {what} (minutes the first time; torch is the largest part) ...")
        command = [self.python, "-m", "pip", "install", "--progress-bar", "off"]
        command += ["-e", f".[{extra}]" if extra else "."]
        if self.constrained:
            command += ["-c", "constraints.txt"]
        started = time.monotonic()
        code, output = run_with_news(command)
        with open(self.log, "w", encoding="utf-8") as file:
            file.write(output)
        if code:
            raise Trouble(
                f"{explain(output, 'Installing did not succeed')} "
                "Nothing is lost: the same command goes on from here. "
                f"All that pip said is in {os.path.relpath(self.log)}."
            )
        say(f"Installed in {time.monotonic() - started:.0f} s.")


def require_venv() -> None:
    """Make sure that this Python can make environments; on Debian that is a package of its own."""

    def there() -> bool:
        importlib.invalidate_caches()
        return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))

    if there():
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if shutil.which("apt-get") and os.geteuid() == 0:
        say(f"This Python cannot make environments yet; installing {package} ...")
        apt_install(package)
    if not there():
        raise Trouble(
            "This Python cannot make environments: its `venv` is missing. "
            f"On Debian and Ubuntu `sudo apt install {package}` brings it; then try again."
        )


def apt_install(*packages: str) -> bool:
    """Install Debian packages, asking nothing; say whether that worked."""
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    steps = (["update"], ["install", "-y", "--no-install-recommends", *packages])
    return not any(
        subprocess.call(["apt-get", "-qq", *step], env=quiet, stdin=subprocess.DEVNULL)
        for step in steps
    )


def run_with_news(command: "list[str]") -> "tuple[int, str]":
    """Run pip, showing what it is busy with, so that nobody waits blind; return status, output."""
    lines: list = []
    pip = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    reader = threading.Thread(target=lambda: lines.extend(pip.stdout or []), daemon=True)
    reader.start()
    started = last = time.monotonic()
    while reader.is_alive():
        reader.join(0.5)
        now = time.monotonic()
        news = next((line.strip() for line in reversed(lines[:]) if NEWS.match(line)), "starting")
        if sys.stdout.isatty():
            print(f"\r  {now - started:4.0f} s  {news[:60]:<62}", end="", flush=True)
        elif now - last > 15:  # in a log, a line now and then
            last = now
            say(f"  {now - started:4.0f} s  {news[:60]}")
    if sys.stdout.isatty():
        print("\r" + " " * 74, end="\r")
    return pip.wait(), "".join(lines)


def explain(output: str, what: str) -> str:
    """Return a sentence that says what failed and why, from what a program printed."""
    for pattern, reason in REASONS.items():
        if re.search(pattern, output):
            return f"{what}: {reason}"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
    return f"{what}: {(errors or ['no reason was given'])[0].rstrip('.')}."


def become(command: "list[str]", variables: "dict[str, str]") -> int:
    """Run a command in this process's place; only on Windows does this return, with its status."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, variables)
    child = subprocess.Popen(command, env=variables)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the child got it too, and may ask before it stops
            continue


def say(sentence: str) -> None:
    """Print at once, into a pipe too."""
    print(sentence, flush=True)
