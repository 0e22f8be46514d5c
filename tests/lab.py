"""JupyterLab on this machine's loopback, opened as the book opens it, for the tests that need one."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOKEN = "secret"


@dataclass
class Lab:
    """A running server: its address, and its process."""

    address: str
    process: subprocess.Popen

    def url(self, path: str) -> str:
        return f"{self.address}{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def fetch(self, path: str) -> str:
        """Get a page, waiting for a server that is still starting."""
        for _ in range(300):
            assert self.process.poll() is None, "JupyterLab has ended"
            try:
                with urllib.request.urlopen(self.url(path), timeout=20) as page:
                    return page.read().decode()
            except OSError as error:
                if not isinstance(getattr(error, "reason", error), ConnectionRefusedError):
                    raise
                time.sleep(0.2)
        raise TimeoutError(path)


@contextmanager
def jupyterlab(root: Path, page: str = "/lab", way: str = "read_in_lab") -> Iterator[Lab]:
    """Start JupyterLab with `root` as its top folder; it is stopped at the end if it still runs.

    way: the function of book/learn.py that opens it, for learners or (`open_lab`) for instructors.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = (
        f"import argparse, pathlib; from book.learn import {way}; "
        f"{way}(pathlib.Path({str(root)!r}), {page!r}, "
        f"argparse.Namespace(port={port}, no_browser=True))"
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "JUPYTER_TOKEN": TOKEN, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        lab = Lab(f"http://127.0.0.1:{port}", process)
        lab.fetch("/api")
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
