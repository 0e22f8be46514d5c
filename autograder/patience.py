"""Interrupt code that runs too long, on every operating system, without a second process."""

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class OutOfTime(BaseException):
    """The code took longer than it may; not an Exception, so `except Exception` lets it pass."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block once it has run for `seconds`.

    A watchdog thread interrupts the main thread as Ctrl-C does, so a loop in Python is stopped and
    a single call that never returns to Python is not.  Outside the main thread, and in a browser,
    which has no threads, the block runs unwatched.
    """
    if sys.platform == "emscripten" or threading.current_thread() is not threading.main_thread():
        yield
        return
    done = threading.Event()
    lock = threading.Lock()
    barked = False

    def watch() -> None:
        nonlocal barked
        wait = seconds
        while not done.wait(wait):
            with lock:
                if not done.is_set():
                    barked = True
                    _thread.interrupt_main()
            wait = 0.2  # again, for code that swallows the first interrupt with a bare `except:`

    # Where Ctrl-C is ignored, as in a script's background job, nothing would interrupt either.
    before = signal.getsignal(signal.SIGINT)
    deaf = before in (signal.SIG_IGN, signal.SIG_DFL)
    if deaf:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        if barked:
            raise OutOfTime from None
        raise
    finally:
        with lock:
            done.set()
        if deaf:
            signal.signal(signal.SIGINT, before)
