"""Submissions that use up something: time, memory, disk, processes, output, the reader's patience."""

import base64
import functools
import io
import json
import zlib
from pathlib import Path

from corpus.entry import Notebook, hostile
from corpus.notebooks import code, edited, filled, markdown, plain, right_source, wrong

exhaust = functools.partial(hostile, "exhausting")


def spoilt(body: str, head: str = "") -> Notebook:
    """A notebook whose first answer exhausts something, while the others are right: 3 points."""
    return filled(sigmoid=f"{head}\ndef sigmoid(z):\n    {body}\n")


for named, what, body in (
    ("loop", "loops forever in pure Python", "while True: pass"),
    ("sleep", "sleeps for a day", "import time; time.sleep(86400)"),
    (
        "C loop",
        "computes for ages inside one C call, which no signal handler interrupts",
        "return sum(range(10**12)) * z",
    ),
    (
        "regular expression",
        "matches a catastrophic regular expression",
        "import re; return re.match(r'(a+)+$', 'a' * 60 + 'b')",
    ),
    ("huge power", "computes a number of a billion digits", "return (7 ** (10 ** 9)) % 10 * z"),
    (
        "matrix",
        "inverts a matrix that takes minutes",
        "return np.linalg.svd(np.ones((4000, 4000)))",
    ),
    (
        "input awaited",
        "waits for a line of input",
        "import sys; return sys.stdin.buffer.read() or z",
    ),
    (
        "lock",
        "waits for a lock that it holds",
        "import threading as t; l = t.Lock(); l.acquire(); l.acquire()",
    ),
    ("pause", "waits for a signal", "import signal; signal.pause()"),
    (
        "generator",
        "returns a generator that never ends",
        "import itertools; return itertools.count()",
    ),
):
    exhaust(f"time by a {named}", f"It {what}.", spoilt(body), 3.0, hangs=True)

exhaust(
    "time by swallowed interrupts",
    "Catches whatever interrupts it with a bare except, and goes on.",
    filled(
        sigmoid="""
        def sigmoid(z):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    continue
        """
    ),
    3.0,
    hangs=True,
)
exhaust(
    "time in finally",
    "Loops forever in the finally block that its own interruption starts.",
    filled(
        sigmoid="""
        def sigmoid(z):
            try:
                raise RuntimeError
            finally:
                while True:
                    pass
        """
    ),
    3.0,
    hangs=True,
)
exhaust(
    "time in a cell",
    "Loops forever in a cell of its own, before any answer.",
    filled(first="while True:\n    pass"),
    5.0,
    hangs=True,
    teaches="A cell that hangs costs that cell: the answers that follow are as right as ever.",
)
exhaust(
    "time in an answer cell",
    "Loops forever in an answer cell, after the definition.",
    filled(sigmoid_backward="def sigmoid_backward(dA, z):\n    return dA\nwhile True:\n    pass"),
    3.0,
    hangs=True,
)
exhaust(
    "time in the last cell",
    "Loops forever after everything, when all answers are known.",
    filled(last="while True:\n    pass"),
    5.0,
    hangs=True,
)
exhaust(
    "time in every answer",
    "Loops forever in all three answers and in a cell.",
    filled(
        first="while True: pass",
        sigmoid="def sigmoid(z):\n    while True: pass",
        sigmoid_backward="def sigmoid_backward(dA, z):\n    while True: pass",
        tanh_backward="def tanh_backward(dA, z):\n    while True: pass",
    ),
    0.0,
    hangs=True,
)
exhaust(
    "time in the fifth call",
    "Answers four calls and hangs in the fifth, to keep what was right so far.",
    filled(
        sigmoid="""
        calls = []
        def sigmoid(z):
            calls.append(1)
            while len(calls) > 4:
                pass
            e = np.exp(-np.abs(z))
            return np.maximum(e, z >= 0) / (1 + e)
        """
    ),
    4.0,
    3.0,
    hangs=True,
)
exhaust(
    "time while imported",
    "Holds the import lock by importing a module that it is itself defining.",
    filled(
        first="""
        import importlib._bootstrap as b, threading
        lock = b._get_module_lock('numpy')
        lock.acquire()
        threading.Thread(target=lambda: __import__('numpy.linalg')).start()
        """
    ),
    5.0,
    0.0,
    hangs=True,
    refusable=False,
)
exhaust(
    "time to die",
    "Hangs in an exit handler and in __del__ when its session ends.",
    filled(
        first="""
        import atexit, threading
        def forever():
            while True:
                pass
        atexit.register(forever)
        class Sticky:
            __del__ = lambda self: forever()
        sticky = Sticky()
        threading.Thread(target=forever, daemon=False).start()
        """
    ),
    5.0,
    0.0,
    hangs=True,
)
exhaust(
    "time of a slow class of objects",
    "Returns an object whose conversion takes forever, after the call is over.",
    filled(
        sigmoid="""
        class Slow(np.ndarray):
            def __getattribute__(self, name):
                while True:
                    pass
        def sigmoid(z):
            return z.view(Slow)
        """
    ),
    3.0,
    hangs=True,
)

exhaust(
    "memory in a list",
    "Fills a list until there is no memory left.",
    spoilt("hog = []\n    while True: hog.append(bytearray(1 << 24))"),
    3.0,
    hangs=True,
)
exhaust(
    "memory at once",
    "Allocates 100 GB at once and touches it.",
    spoilt("return np.ones(100 << 30, np.uint8)"),
    3.0,
)
exhaust(
    "memory in a cell",
    "Fills the memory in a cell, so that the answers find none.",
    filled(first="hog = []\nwhile True:\n    hog.append(bytearray(1 << 24))"),
    5.0,
    0.0,
    hangs=True,
    teaches="What a student's own cell holds on to is missing in the answers below.",
)
exhaust(
    "memory by mmap",
    "Maps and locks memory past Python's allocator.",
    spoilt(
        "import mmap; maps = [mmap.mmap(-1, 1 << 30) for _ in range(64)]; "
        "[m.write(b'x' * (1 << 30)) for m in maps]"
    ),
    3.0,
    hangs=True,
)
exhaust(
    "memory in the generator",
    "Yields ten thousand large arrays, which the observer collects.",
    spoilt("return (np.ones(1 << 20) for _ in range(10_000))"),
    3.0,
    hangs=True,
)
exhaust(
    "disk in tmp",
    "Writes zeros into every folder that can be written, until the disk is full.",
    filled(
        sigmoid="""
        import os
        def sigmoid(z):
            for folder in ('/tmp', '/dev/shm', '/var/tmp', '.', '/'):
                try:
                    with open(f'{folder}/fill-{os.getpid()}', 'wb') as file:
                        for _ in range(256):
                            file.write(bytes(1 << 20))
                except OSError:
                    pass
            return z
        """
    ),
    3.0,
    hangs=True,
)
exhaust(
    "disk by many files",
    "Makes files until there are no inodes left.",
    spoilt(
        "for i in range(200_000): open(f'/tmp/inode-{i}', 'w').close()",
    ),
    3.0,
    hangs=True,
)
exhaust(
    "fork bomb",
    "Forks until no process can be started.",
    spoilt("import os\n    while True: os.fork()"),
    3.0,
    hangs=True,
)
exhaust(
    "fork bomb in a cell",
    "Forks in a cell, without end, leaving processes that go on after the session.",
    filled(
        first="""
        import os
        for _ in range(1000):
            try:
                if os.fork() == 0:
                    os.setsid()
                    while True:
                        pass
            except OSError:
                break
        """
    ),
    5.0,
    0.0,
    hangs=True,
)
exhaust(
    "second worker",
    "Forks in a call and returns in both processes, so that every answer comes twice.",
    filled(
        sigmoid="""
        import os
        def sigmoid(z):
            os.fork()
            return z
        """
    ),
    3.0,
    0.0,
    teaches="A copy of the worker answers too; what it says must not be taken for the next call's answer.",
)
exhaust(
    "threads",
    "Starts threads until no more can be started.",
    filled(
        sigmoid="""
        import threading, time
        def sigmoid(z):
            for _ in range(5000):
                threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
            return z
        """
    ),
    3.0,
    hangs=True,
)
exhaust(
    "descriptors",
    "Opens files until no descriptor is left.",
    filled(
        sigmoid="""
        import os
        kept = []
        def sigmoid(z):
            try:
                while len(kept) < 100_000:
                    kept.append(os.open('/dev/null', os.O_RDONLY))
            except OSError:
                pass
            return z
        """
    ),
    3.0,
)
exhaust(
    "output",
    "Prints without end.",
    spoilt("while True: print('x' * 1_000_000)"),
    3.0,
    hangs=True,
)
exhaust(
    "output of frames",
    "Writes into the protocol's descriptors without end.",
    filled(
        sigmoid="""
        import os
        def sigmoid(z):
            for fd in range(3, 64):
                try:
                    while True:
                        os.write(fd, b'\\0' * 65536)
                except OSError:
                    pass
            return z
        """
    ),
    3.0,
    hangs=True,
)
exhaust(
    "recursion",
    "Recurses without end, with the limit raised beyond the stack.",
    filled(
        sigmoid="""
        import sys
        def sigmoid(z):
            sys.setrecursionlimit(10**9)
            def deeper(x): return deeper(x) + 1
            return deeper(z)
        """
    ),
    3.0,
    hangs=True,
)
exhaust(
    "recursion in C",
    "Crashes the interpreter by recursing in C.",
    filled(
        sigmoid="""
        import sys
        def sigmoid(z):
            sys.setrecursionlimit(10**9)
            x = []
            for _ in range(10**6):
                x = [x]
            return repr(x) + str(hash(str(x)))
        """
    ),
    3.0,
    hangs=True,
)
exhaust(
    "segmentation fault",
    "Reads address 0.",
    spoilt("import ctypes; return ctypes.string_at(0)"),
    3.0,
)
exhaust(
    "killed by itself",
    "Kills its own process with SIGKILL, as if a grader had stopped it.",
    spoilt("import os; os.kill(os.getpid(), 9)"),
    3.0,
)
exhaust(
    "stopped by itself",
    "Stops its own process with SIGSTOP, so that it neither runs nor ends.",
    spoilt("import os; os.kill(os.getpid(), 19)"),
    3.0,
    hangs=True,
)
exhaust(
    "killed in a cell",
    "Kills its process in the first cell, every time it is tried.",
    filled(first="import os\nos.kill(os.getpid(), 9)"),
    5.0,
    teaches="The cell that kills is left out at the second try, and the answers count.",
)
exhaust(
    "everybody killed",
    "Sends SIGKILL to every process that it may, to its parent and to its group.",
    filled(
        sigmoid="""
        import os
        def sigmoid(z):
            for pid in (os.getppid(), 1, 2, 3):
                if pid > 0:
                    try:
                        os.kill(pid, 9)
                    except OSError:
                        pass
            try:
                os.killpg(0, 9)
            except OSError:
                pass
            return z
        """
    ),
    3.0,
    0.0,
    teaches="The walls must hold against a neighbour too: whoever comes next must be graded as ever.",
)
exhaust(
    "parent stopped",
    "Stops its parent, the server that would start the next student's session.",
    filled(
        sigmoid="""
        import os, signal
        def sigmoid(z):
            try:
                os.kill(os.getppid(), signal.SIGSTOP)
            except OSError:
                pass
            return z
        """
    ),
    3.0,
    hangs=True,
)
exhaust(
    "limits lowered",
    "Lowers its own limits for files, processes and time to nothing.",
    filled(
        sigmoid="""
        import resource
        def sigmoid(z):
            for limit in ('NOFILE', 'NPROC', 'FSIZE', 'CPU', 'AS', 'STACK'):
                try:
                    resource.setrlimit(getattr(resource, 'RLIMIT_' + limit), (0, 0))
                except (OSError, ValueError):
                    pass
            return z
        """
    ),
    3.0,
    0.0,
)
exhaust(
    "huge integer", "Returns an integer of 40 million bits.", spoilt("return 1 << 40_000_000"), 3.0
)
exhaust(
    "huge integer with digits allowed",
    "Lifts the limit on digits and returns an integer that takes minutes to write.",
    spoilt("import sys; sys.set_int_max_str_digits(0); return 1 << 20_000_000"),
    3.0,
    hangs=True,
)
exhaust("huge result", "Returns an array of 256 MB.", spoilt("return np.zeros(1 << 25)"), 3.0)
exhaust(
    "huge broadcast",
    "Returns a view that claims a terabyte and holds eight bytes.",
    spoilt("return np.broadcast_to(np.float64(0), (1 << 20, 1 << 20))"),
    3.0,
)
exhaust("huge string", "Returns a string of 200 MB.", spoilt("return 'x' * (200 << 20)"), 3.0)
exhaust(
    "many small results",
    "Returns a list of ten million empty lists, small on the wire and large in memory.",
    spoilt("return [[]] * 2_000_000"),
    3.0,
    hangs=True,
)
exhaust(
    "deep result",
    "Returns lists nested a hundred thousand deep.",
    spoilt("x = []\n    for _ in range(100_000): x = [x]\n    return x"),
    3.0,
)
exhaust(
    "result within itself",
    "Returns a list that contains itself.",
    spoilt("x = [z]\n    x.append(x)\n    return x"),
    3.0,
)
exhaust(
    "result that doubles",
    "Returns shared lists that double at every level, six levels of a thousand.",
    spoilt("x = [z]\n    for _ in range(4): x = [x] * 100\n    return x"),
    3.0,
    hangs=True,
)
exhaust(
    "axes beyond number",
    "Returns an array with 64 axes, and one whose empty shape overflows.",
    spoilt("return [np.zeros((1,) * 32), np.zeros((0, 1 << 40, 1 << 20))]"),
    3.0,
)
exhaust(
    "kinds of number that do not travel",
    "Returns complex, object, datetime, structured and long double arrays.",
    spoilt(
        "return [z.astype(complex), z.astype(object), np.array(['1'], 'M8[ns]'), "
        "np.zeros(2, 'f8,i4'), z.astype(np.longdouble)]"
    ),
    3.0,
)
exhaust(
    "words without end",
    "Raises an exception whose message is 500 MB long.",
    spoilt("raise ValueError('x' * (500 << 20))"),
    3.0,
    hangs=True,
)
exhaust(
    "compile bomb by nesting",
    "Nests parentheses, operators and calls deeper than a compiler's stack.",
    filled(first="x = " + "(" * 5000 + ")" * 5000, last="y = " + "-" * 190_000 + "1"),
    5.0,
    0.0,
    teaches="Whoever parses a student's source in the trusted process hands the student its stack.",
)
exhaust(
    "compile bomb by constants",
    "Lets the compiler fold a constant of many gigabytes.",
    filled(first="x = ((1 << 60) ** 60) ** 60, 'a' * 4096 * 4096 * 4096, (0,) * 255 * 255"),
    5.0,
    0.0,
    hangs=True,
)
exhaust(
    "compile bomb by attributes",
    "Chains ninety thousand calls, on which older compilers crashed.",
    filled(first="if 0:\n    x" + "()" * 90_000, last="if 0:\n    y" + ".a" * 90_000),
    5.0,
    0.0,
)
exhaust(
    "compile bomb by lines",
    "Hands in a function of eighteen thousand lines.",
    filled(first="def f():\n" + "    x = 1\n" * 18_000),
    5.0,
    0.0,
    hangs=True,
)
exhaust(
    "blanks at the ends of lines",
    "Hands in lines of a hundred thousand blanks, for expressions that try every start.",
    edited(
        lambda book: (
            book["cells"].append(code("x = 1" + " " * 90_000 + "#" + "\t" * 90_000 + "y")),
            book["cells"].append(code("\n" * 190_000 + "z")),
            book["cells"].append(code("check(" + " " * 190_000)),
            book["cells"].append(code("%" * 50_000 + "\n" + "?" * 50_000 + "\n" + "! " * 40_000)),
        )
    ),
    5.0,
    recorded=True,
    teaches="Each expression that is used on a student's text is read with such lines in mind.",
)
exhaust(
    "blanks after a check",
    "Hands in `check(sigmoid)`, a hundred and ninety thousand blanks and one more letter.",
    edited(
        lambda book: book["cells"].append(code("check(sigmoid)" + " " * 190_000 + "y")),
    ),
    5.0,
    recorded=True,
    teaches="Two repeats side by side that match the same letters take the square of the time.",
)
exhaust(
    "code for slow highlighters",
    "Ends its answers with `match` and tens of thousands of blanks, on which highlighters are slow.",
    filled(
        **{
            name: right_source(name) + "\nif 0:\n    match " + " " * 49_000
            for name in ("sigmoid", "sigmoid_backward", "tanh_backward")
        }
    ),
    5.0,
    recorded=True,
    teaches="Pages are made of a student's text too: what colours code is one more parser to tire.",
)
exhaust(
    "definitions beyond number",
    "Hands in a cell of thousands of `def` and `@` for a search by function name.",
    filled(last="def " * 20_000 + "\n" + "@" * 50_000 + "\n" + "def sigmoid" * 5_000),
    5.0,
    recorded=True,
)
exhaust(
    "markdown for slow parsers",
    "Hands in markdown that takes quadratic or exponential time in many parsers and filters.",
    edited(
        lambda book: book["cells"].extend(
            map(
                markdown,
                (
                    "[" * 50_000,
                    "<" * 50_000,
                    "<a " * 30_000,
                    "![](" * 30_000,
                    "**a" * 30_000,
                    "`" * 50_001 + "a",
                    "> " * 5_000 + "a",
                    "$" * 50_000,
                    "&" * 50_000,
                    "<!--" * 30_000,
                    "[a](" + "(" * 50_000,
                    "* " * 20_000,
                    "[a]: <" * 20_000,
                    "\\(" * 30_000,
                ),
            )
        )
    ),
    5.0,
    recorded=True,
)
exhaust(
    "cells beyond number",
    "Hands in thirty thousand empty cells.",
    lambda folder: _write(
        folder,
        edited(lambda book: book["cells"].extend(code("") for _ in range(30_000))),
    ),
    5.0,
    refusable=True,
    hangs=True,
)
exhaust(
    "one enormous cell",
    "Hands in a comment of fifty megabytes.",
    lambda folder: _write(folder, filled(last="# " + "x" * (50 << 20))),
    None,
)
exhaust(
    "slow cells beyond number",
    "Hands in hundreds of cells that each sleep a little less than a cell may take.",
    edited(
        lambda book: book["cells"].extend(
            code(f"import time\ntime.sleep(0.7)  # {i}") for i in range(400)
        )
    ),
    5.0,
    slow=True,
)


def _write(folder: Path, made: Notebook) -> None:
    (folder / "activations.ipynb").write_bytes(plain(made))


def bomb(folder: Path) -> None:
    """An attachment that a reader who unpacks it would regret."""
    packed = zlib.compress(bytes(50 << 20), 9)
    book = filled()
    book["cells"][0].setdefault("attachments", {})["bomb.png"] = {
        "image/png": base64.b64encode(packed).decode()
    }
    _write(folder, book)


exhaust(
    "decompression bomb", "Attaches a picture that unpacks to gigabytes.", bomb, 5.0, recorded=True
)


def long_lines(folder: Path) -> None:
    text = io.StringIO()
    json.dump(filled(), text)
    (folder / "activations.ipynb").write_text(text.getvalue() + " " * (4 << 20), encoding="utf-8")


exhaust(
    "blanks after the notebook",
    "Adds four megabytes of blanks to the end of the file.",
    long_lines,
    5.0,
    refusable=True,
)
exhaust(
    "stubs and a bomb",
    "Leaves all stubs and only wants to harm.",
    wrong(
        first="import os\nfor _ in range(50):\n    try:\n        os.fork()\n    except OSError:\n        break"
    ),
    0.0,
    hangs=True,
)
