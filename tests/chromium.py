"""The browser of the tests: which program it is, and how it is started."""

import shutil
import subprocess
from functools import cache

import pytest

# Chromium asks nobody for updates, and runs where there is neither a display nor a user namespace.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program() -> str:
    """Return where Chromium is; a test that needs it is skipped where it is not."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return found or pytest.skip("no Chromium on the PATH")


@cache
def version() -> str:
    """Return what the browser says that it is."""
    return subprocess.run([program(), "--version"], capture_output=True, text=True).stdout
