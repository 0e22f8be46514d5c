"""The trusted end of the pipes to a student's process: it never waits longer than it may.

Threads do the reading and writing, since only they can wait with a limit on every system.
"""

import os
import queue
import threading
import time
from typing import Any

from autograder.grading import frames
from autograder.grading.model import Stopped
from autograder.wire import WireError


class Pipes:
    """Messages to and from one process, which may be hostile."""

    def __init__(self, to: int, back: int, most: int) -> None:
        self._most = most
        self._out: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._in: queue.SimpleQueue[bytes | str] = queue.SimpleQueue()  # or why no more will come
        self._buffer = bytearray()
        for work, file in ((self._write, to), (self._read, back)):
            threading.Thread(target=work, args=(file,), daemon=True).start()

    def send(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Send a message, without waiting until it has been read."""
        self._out.put(frames.pack(head, body))

    def is_silent(self) -> bool:
        """Whether nothing has come that nobody asked for."""
        return self._in.empty() and not self._buffer

    def receive(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return the next message; raise Stopped if it is late, malformed or too large."""
        deadline = time.monotonic() + seconds
        while True:
            message = self._unpack()
            if message is not None:
                return message
            left = deadline - time.monotonic()
            if left <= 0:  # even if bytes keep dripping in
                raise Stopped("time")
            try:
                some = self._in.get(timeout=left)
            except queue.Empty:
                continue
            if isinstance(some, str):
                raise Stopped(some)
            self._buffer += some

    def close(self) -> None:
        """Let the threads end; the reader does once the process is gone."""
        self._out.put(None)

    def _unpack(self) -> tuple[dict[str, Any], bytes] | None:
        try:
            return frames.unpack(self._buffer, self._most)
        except frames.TooLarge:
            raise Stopped("output") from None
        except WireError:
            raise Stopped("died") from None

    def _write(self, file: int) -> None:
        try:
            while (message := self._out.get()) is not None:
                left = memoryview(message)
                while left:
                    left = left[os.write(file, left) :]
        except OSError:  # the process is gone, which the reader notices
            pass
        finally:
            os.close(file)

    def _read(self, file: int) -> None:
        total, why = 0, "died"
        try:
            while some := os.read(file, 1 << 16):
                total += len(some)
                if total > self._most:
                    why = "output"
                    break
                self._in.put(some)
        except OSError:
            pass
        finally:
            os.close(file)
            self._in.put(why)
