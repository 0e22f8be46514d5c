"""Where submissions are tried: in processes of this machine, or in a Dask cluster.

Both take the same pure task, a submission in and a report out, through the interface of
concurrent.futures.  A process needs this book and a sandbox, and neither the gradebook nor the
folder of submissions.
"""

import atexit
import faulthandler
import hashlib
import multiprocessing
import os
import platform
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from autograder.grading.assignment import ROOT, Assignment
from autograder.grading.model import NotGraded, Report, Submission, Tier
from autograder.grading.sandbox import Sandbox
from autograder.grading.trial import Patience, try_submission

DASK = "The engine dask needs two packages that are not installed: pip install dask distributed"
REACH = 10  # seconds that a scheduler has to answer
HELD = 240.0  # seconds that our own part of a trial may take, many times what it does
STDERR = 2


@dataclass(frozen=True)
class Task:
    """All that a process needs to know to try a submission.

    The assignment comes along, because an instructor's own version of it is only where the class is.
    """

    submission: Submission
    assignment: Assignment
    secret: bytes
    tier: Tier
    patience: Patience
    book: str  # the coordinator's version of what verdicts are made from


@cache
def book() -> str:
    """Return a hash of what verdicts are made from, to see whether two processes have the same."""
    said = hashlib.sha256()
    for pattern in ("autograder/*.py", "autograder/exercises/*.py", "solutions/*.py"):
        for path in sorted(ROOT.glob(pattern)):
            said.update(path.name.encode() + path.read_bytes())
    return said.hexdigest()


# -- in the process that tries -------------------------------------------------------------------

# NumPy's and Python's warning settings, and the sandbox, serve one at a time.
_turn = threading.Lock()
_open: dict[tuple[Tier, tuple[Path, ...]], Sandbox] = {}


def perform(task: Task) -> Report:
    """Try a submission in this process's sandbox, which stays open for the next one."""
    if task.book != book():
        raise NotGraded(
            f"The book on {platform.node()} is another version than where the grading was started."
        )
    with _turn:
        try:
            sandbox = _sandbox(task.tier, task.assignment.modules)
            report = try_submission(
                task.submission, task.assignment, task.secret, sandbox, task.patience
            )
        except BaseException:
            close_sandboxes()  # whatever went wrong, the next try begins with a fresh one
            raise
        if report.ungraded:
            close_sandboxes()
        return report


def perform_or_end(task: Task) -> Report:
    """Do it where the process is there for nothing else: if it hangs, it says where and ends.

    Another process takes its place, and a submission that ends one again and again is left ungraded.
    """
    faulthandler.dump_traceback_later(task.patience.whole + HELD, exit=True, file=STDERR)
    try:
        return perform(task)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _sandbox(tier: Tier, modules: tuple[Path, ...]) -> Sandbox:
    if (tier, modules) not in _open:
        close_sandboxes()
        _open[tier, modules] = Sandbox(tier, modules)
        with _open[tier, modules].session():
            pass  # so that the first submission is not charged for the start
    return _open[tier, modules]


@atexit.register
def close_sandboxes() -> None:
    """End the sandboxes of this process."""
    while _open:
        with suppress(Exception):
            _open.popitem()[1].close()


def _begin() -> None:
    """Prepare a process of the pool: it outlives neither its coordinator nor its sandbox."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to hear
    signal.signal(signal.SIGTERM, _end)
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # nor may the terminal interrupt the sandbox: it would look like a crash
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end(*_: Any) -> None:
    close_sandboxes()
    os._exit(0)


def _end_with(sentinel: Any) -> None:
    wait([sentinel])
    with suppress(OSError):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


# -- in the coordinator --------------------------------------------------------------------------


class Engine(Protocol):
    """Takes tasks; `width` is how many to keep it supplied with."""

    width: int

    def submit(self, task: Task) -> Future[Report]: ...

    def close(self) -> None: ...


@contextmanager
def _deaf() -> Iterator[None]:
    """Hold Ctrl-C back: a process that is started meanwhile never hears it, this one does then."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class LocalEngine:
    """Processes of this machine; when one dies, all are replaced."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.width = 2 * jobs
        self._others = {process.pid for process in multiprocessing.active_children()}
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.jobs, multiprocessing.get_context("spawn"), _begin)

    def submit(self, task: Task) -> Future[Report]:
        with _deaf():  # here processes are started
            try:
                return self._pool.submit(perform_or_end, task)
            except BrokenExecutor:
                self._pool.shutdown(wait=False)
                self._pool = self._start()
                return self._pool.submit(perform_or_end, task)

    def close(self) -> None:
        """End the processes at once, also those that are busy, and wait until they have ended.

        Python's own farewell to a pool that is still going down may meet a closed pipe.
        """
        for process in multiprocessing.active_children():
            if process.pid not in self._others:
                process.terminate()
        self._pool.shutdown(cancel_futures=True)


class DaskEngine:
    """A Dask cluster: the scheduler's at this address, or two processes or more of this machine."""

    def __init__(self, jobs: int, scheduler: str = "") -> None:
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise NotGraded(f"{DASK}.") from None
        self._cluster = None
        if not scheduler:
            self._cluster = LocalCluster(
                n_workers=jobs, threads_per_worker=1, dashboard_address=None
            )
        try:
            self._client = Client(self._cluster or scheduler, timeout=REACH)
        except (OSError, ValueError) as error:
            raise NotGraded(
                f"No Dask scheduler answers at {scheduler} ({error}). Start one with `dask "
                "scheduler` and its workers with `dask worker tcp://ADDRESS:8786 --nthreads 1`."
            ) from None
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            self.close()
            raise NotGraded(
                f"The Dask scheduler at {scheduler} has no workers: start some with `dask worker "
                f"{scheduler} --nthreads 1` on machines that have this book installed."
            )
        self.width = 2 * len(workers)
        self._executor: Executor = self._client.get_executor(pure=False)

    def submit(self, task: Task) -> Future[Report]:
        return self._executor.submit(perform_or_end, task)

    def close(self) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def start(engine: str, jobs: int, scheduler: str = "") -> Engine:
    """Start the engine of this name."""
    return DaskEngine(jobs, scheduler) if engine == "dask" else LocalEngine(jobs)
