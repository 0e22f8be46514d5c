"""Walls hold: nothing gets out, in, or from one student to the next; and what comes back is bytes.

Tests of a tier are skipped, with the reason, where the machine does not give it.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import wire
from autograder.exercise import Function, Seed
from autograder.grading import cells, filters, frames, kit, launch, tiers, walls
from autograder.grading import sandbox as module
from autograder.grading.model import NotGraded, SandboxFailure, Stopped, Tier
from autograder.grading.sandbox import Limits, Sandbox
from autograder.observe import Observation

ROOT = Path(__file__).resolve().parents[1]
EARLIER = [ROOT / "solutions" / "neurons.py", ROOT / "solutions" / "activations.py"]
SMALL = Limits(memory=1 << 30, files=4 << 20, tmp=8 << 20, processes=32, output=4 << 20)
LONG = 60.0  # seconds that nothing should take; the machine may be busy
WALLED = (Tier.BUBBLEWRAP, Tier.LANDLOCK)

obstacles: dict[Tier, str] = {}


def needs(tier):
    """Skip the test where the machine does not give the tier."""
    if tier not in obstacles:
        obstacles[tier] = tiers.obstacle(tier)
    assert "do not hold" not in obstacles[tier], "a mechanism is there, and the wall is not"
    if obstacles[tier]:
        pytest.skip(f"no tier {tier:d} here: {obstacles[tier]}")


def sandbox_of(tier):
    needs(tier)
    return Sandbox(tier, EARLIER, SMALL)


@pytest.fixture(scope="module", params=WALLED, ids=lambda tier: f"tier{tier:d}")
def walled(request):
    with sandbox_of(request.param) as made:
        yield made


@pytest.fixture(scope="module", params=list(Tier), ids=lambda tier: f"tier{tier:d}")
def sandbox(request):
    with sandbox_of(request.param) as made:
        yield made


def works(sandbox):
    """Whether the next student's session answers as it should."""
    with sandbox.session() as session:
        session.run("import numpy as np\ndef f(x):\n    return np.exp(x) + 1", True, LONG)
        return float(session.call("f", {"x": np.zeros(1)}, LONG).result[0]) == 2.0


# -- honest code ---------------------------------------------------------------------------------


def test_an_answer_is_observed_as_in_the_notebook(sandbox):
    source = """
        import numpy as np
        def doubled(x): return 2 * x
        def loud(x): return np.exp(x)
        def alters(x):
            x += 1
            return x
        def yields(x):
            yield x
            yield x + 1
        def idle(x, rng): return x
        def random(x, rng): return rng.normal(size=2)
        def raises(x):
            y = x
            return y / 0
        def applies(x, f): return f(x)
        def turned(x): return np.asfortranarray(np.ones((2, 3)))
    """
    with sandbox.session() as session:
        assert session.run(textwrap.dedent(source), True, LONG) == ""

        def call(name, **inputs):
            return session.call(name, {"x": np.array([1.0, 1000.0]), **inputs}, LONG)

        assert call("doubled").result.tolist() == [2.0, 2000.0]
        assert call("loud").noise == {"overflow"}
        assert call("alters").changed == ("x",)
        assert [part.tolist() for part in call("yields").result] == [[1, 1000], [2, 1001]]
        assert call("idle", rng=Seed(3)).idle == ("rng",)
        expected = np.random.default_rng(3).normal(size=2)
        assert call("random", rng=Seed(3)).result.tolist() == expected.tolist()
        failed = session.call("raises", {"x": 1}, LONG)
        assert (failed.error, failed.line) == ("ZeroDivisionError", "return y / 0")
        assert call("applies", f=Function("lambda t: t - 1")).result.tolist() == [0.0, 999.0]
        assert call("turned").result.flags.f_contiguous
        assert call("nowhere").error == "Missing"


@pytest.mark.parametrize(
    "returned", ["object()", "1j", "np.array([object()])", "{1: 2}", "'\\ud800'", "2**5000", "len"]
)
def test_what_cannot_travel_is_said_to_be_so(walled, returned):
    with walled.session() as session:
        session.run(f"import numpy as np\ndef f(): return {returned}", True, LONG)
        assert session.call("f", {}, LONG).error == "Unsendable"
        session.run("def f(): return 'x' * 20_000", True, LONG)
        assert session.call("f", {}, LONG).result == "x" * 10_000


def test_cells_run_as_the_kernel_would_run_them(sandbox):
    with sandbox.session() as session:
        run = session.run
        assert run("from autograder import check, verify\nimport autograder", True, LONG) == ""
        assert run("check(len); verify('a', 1, 2); autograder.hint(3).more", True, LONG) == ""
        assert run("get_ipython().run_line_magic('time', '')", True, LONG) == ""
        said = run("import torch\nafter = 1\nimport scipy", True, LONG)
        assert said.startswith("ModuleNotFoundError") and "torch" in said
        assert (
            run("assert after == 1\nraise KeyError('a')\nlate = 1", True, LONG) == "KeyError: 'a'"
        )
        assert run("late", True, LONG).startswith("NameError")
        assert run("import sys; sys.exit(3)", True, LONG) == "SystemExit: 3"
        assert run("def f(:", True, LONG).startswith("SyntaxError")
        assert run("a = 1\x00", True, LONG) != ""
        assert run("from __future__ import annotations", True, LONG) == ""
        assert run("def g(x: nothing): pass", True, LONG) == ""
        assert run("print('x' * 10**6); input()", True, LONG).startswith("EOFError")
        assert (
            run("from dataclasses import dataclass\n@dataclass\nclass A:\n  x: int", True, LONG)
            == ""
        )
        assert run("import inspect\nassert 'x' in inspect.getsource(g)", True, LONG) == ""


def test_of_a_book_cell_only_definitions_run(sandbox):
    source = """
        import nothing_of_the_kind, os
        A = 3
        B: list = [1, (2, -3)]
        os.never = 1
        C = print("costly")
        while True: pass
        def f(x=A): return x
        def broken(x=undefined): return x
        class K: pass
        raise RuntimeError
        D = 4
    """
    with sandbox.session() as session:
        assert session.run(textwrap.dedent(source), False, LONG) == ""
        probe = "import sys\ndef seen(): return [n for n in ('A','B','C','f','broken','K','D') if n in globals()]"
        session.run(probe, True, LONG)
        assert session.call("seen", {}, LONG).result == ["A", "B", "f", "K", "D"]


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("%matplotlib inline\nx = 1", "x = 1"),
        ("%%time\nx = 1", "x = 1"),
        ("\n%%capture out\nx = 1", "x = 1"),
        ("%%bash\nls", ""),
        ("x = %time 3\ny = !ls *.py\nz = 1", "x = None\ny = None\nz = 1"),
        ("!echo 'it''s'\n!pip install (torch\nx = 1", "x = 1"),
        ("np.exp?\n?len\nlen??\nx = 1", "x = 1"),
        ("if x:\n    %time y\nz = 1", "if x:\n    pass\nz = 1"),
        ("x = (7\n% 4)", "x = 7 % 4"),
        ("x = '''\n%time\n'''", "x = '\\n%time\\n'"),
        ("%time a\nx = '''\n%kept\n'''", "x = '\\n%kept\\n'"),
    ],
)
def test_magics_are_dropped_and_nothing_else(source, left):
    import ast

    tree = cells.parsed(source)[1]
    tree.body = [one for one in tree.body if not isinstance(one, ast.Pass)]
    assert ast.unparse(tree) == left


def test_a_hang_costs_one_session(sandbox):
    with sandbox.session() as session:
        started = time.monotonic()
        with pytest.raises(Stopped) as stopped:
            session.run(
                "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
                True,
                0.3,
            )
        assert stopped.value.reason == "time"
        assert time.monotonic() - started < 20
        with pytest.raises(Stopped):
            session.run("x = 1", True, LONG)
    assert works(sandbox)


def test_a_second_session_ends_the_first(walled):
    first = walled.session()
    assert works(walled)
    with pytest.raises(Stopped):
        first.run("x = 1", True, LONG)


def test_earlier_chapters_are_there_and_no_other(walled):
    with walled.session() as session:
        assert session.run("from solutions.activations import sigmoid", True, LONG) == ""
        assert "ModuleNotFoundError" in session.run("import solutions.losses", True, LONG)
        assert "ModuleNotFoundError" in session.run("import autograder.exercises", True, LONG)
        assert "ModuleNotFoundError" in session.run("import autograder.judge", True, LONG)


# -- escapes -------------------------------------------------------------------------------------

PRELUDE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
escaped = []
def out(what=True):
    if what: escaped.append(str(what)[:200])
def syscall(number, *arguments):
    given = [a if isinstance(a, bytes) else ctypes.c_long(a) for a in arguments]
    return libc.syscall(ctypes.c_long(number), *given)
def each(*attempts):
    for attempt in attempts:
        try: out(attempt())
        except BaseException: pass
def reads(path): return open(path, "rb").read(10) or os.path.getsize(path)
def writes(path): return os.open(path, os.O_WRONLY)  # enough of an escape; do no harm
def seen(): return escaped
"""

PLACES = ("/", "/dev", "/dev/shm", "/var/tmp", "/kit", "/usr", str(ROOT), str(ROOT / "tests"))

# Each calls out(...) with what it got hold of; to be stopped on the way is no escape.
ESCAPES = {
    "the list of users": "out(reads('/etc/passwd'))",
    "the kernel's settings": "each(lambda: reads('/proc/version'), lambda: reads('/sys/kernel/notes'))",
    "the declarations": "out(reads('{root}/autograder/exercises/activations.py'))",
    "the declarations, imported": "sys.path.insert(0, '{root}')\nimport autograder.exercises.activations\nout()",
    "the project's folder": "each(lambda: os.listdir('{root}/autograder'), lambda: os.listdir('{root}/solutions'), lambda: os.listdir('{root}/.git'))",
    "the chapter's own answers": "out(reads('{root}/solutions/losses.py'))",
    "the chapter's own answers, imported": "sys.path.insert(0, '{root}')\nimport importlib, solutions\nsolutions.__path__.append('{root}/solutions')\nimport solutions.losses\nout()",
    "a classmate's notebook": "each(lambda: reads('{canary}'), lambda: os.listdir('{folder}'))",
    "torch and its like": "sys.path += {packages!r}\nfor name in ('torch', 'scipy', 'pip', 'nbgrader', 'IPython'):\n    each(lambda: __import__(name).__version__)",
    "installed packages, read": "each(*(lambda p=p: reads(p) for p in {installed!r}))",
    "the environment": "each(lambda: dict(os.environ), lambda: ctypes.c_char_p.in_dll(libc, 'x'))\nlibc.getenv.restype = ctypes.c_char_p\nout(libc.getenv(b'NND_COURSE_SEED')); out(libc.getenv(b'PATH'))",
    "the environment, by /proc": "each(lambda: reads('/proc/self/environ'), lambda: reads('/proc/1/environ'))",
    "home folders": "each(lambda: os.listdir('/home'), lambda: os.listdir(os.path.expanduser('~')) and os.listdir('/root/.ssh'), lambda: reads('/root/.bashrc'))",
    "TCP": "import socket\nout(socket.create_connection(('127.0.0.1', {port}), 2))",
    "UDP": "import socket\nout(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port})))",
    "IPv6 and raw packets": "import socket\nfor family in (10, 16, 17, 40):\n    for kind in (1, 2, 3):\n        each(lambda: socket.socket(family, kind))",
    "a socket in the file system": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('{unix}')\nout()",
    "an abstract socket": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0{abstract}')\nout()",
    "names on the network": "import socket\nout(socket.getaddrinfo('localhost', 80)[0] and socket.socketpair())",
    "a web page": "import urllib.request\nout(urllib.request.urlopen('http://127.0.0.1:{port}', timeout=2))",
    "exec": "each(lambda: os.execv(sys.executable, ['python']), lambda: os.execv('/bin/sh', ['sh']))",
    "subprocess": "import subprocess\nout(subprocess.run([sys.executable, '-c', ''], check=False).args)",
    "posix_spawn": "each(lambda: os.posix_spawn(sys.executable, [sys.executable, '-c', ''], {{}}), lambda: os.system('true') == 0)",
    "fork": "child = os.fork()\nif child == 0: os._exit(0)\nout(child)",
    "fork, by number": "each(lambda: syscall(57) >= 0, lambda: syscall(58) >= 0, lambda: syscall(56, 17, 0, 0, 0, 0) >= 0, lambda: syscall(435, bytes(88), 88) >= 0, lambda: syscall(220, 17, 0, 0, 0, 0) >= 0)",
    "a bomb of processes": "for i in range(40):\n    if os.fork() == 0: os._exit(0)\nout()",
    "a bomb of threads": "import threading, time\nthreading.stack_size(1 << 16)\nfor i in range(100):\n    threading.Thread(target=time.sleep, args=(5,)).start()\nout(threading.active_count())",
    "a bomb of memory": "held = []\nfor i in range(40): held.append(bytearray(100 << 20))\nout(len(held))",
    "a bomb of memory, by NumPy": "import numpy as np\nout(np.ones(3 << 27).size)",
    "a full /tmp": "import time\nfor i in range(40):\n    with open(f'fill{{i}}', 'wb') as f: f.write(bytes(1 << 20))\n    time.sleep(0.02)\nout('filled')",
    "a full /tmp out of sight": "import mmap\nfor i in range(20):\n    f = os.open(f'fill{{i}}', os.O_RDWR | os.O_CREAT)\n    os.write(f, bytes(1 << 20)); mmap.mmap(f, 4096); os.close(f); os.unlink(f'fill{{i}}')\nout('filled')",
    "a file without a name": "out(os.open('.', os.O_TMPFILE | os.O_RDWR))",
    "a bomb of files": "import time\nfor i in range(60_000):\n    os.close(os.open(f'n{{i}}', os.O_CREAT | os.O_WRONLY))\n    if i % 500 == 0: time.sleep(0.01)\nout('filled' if {tier} == 2 else '')",
    "a huge file": "with open('huge', 'wb') as f:\n    for i in range(64): f.write(bytes(1 << 20)); f.flush()\nout('huge')",
    "a huge file with holes": "f = os.open('holes', os.O_CREAT | os.O_RDWR)\nos.ftruncate(f, 1 << 30)\nout('huge')",
    "other places to write": "for place in {places!r}:\n    each(lambda: os.open(place + '/grading-probe', os.O_CREAT | os.O_WRONLY))",
    "the kit, changed": "import autograder.wire\nout(writes(autograder.wire.__file__))",
    "NumPy, changed": "import numpy\nout(writes(numpy.__file__))",
    "the library, changed": "each(lambda: writes(os.__file__), lambda: writes(ctypes.__file__))",
    "an outside file, changed": "each(lambda: writes('{canary}'), lambda: open('{canary}', 'w'), lambda: os.truncate('{canary}', 0), lambda: os.unlink('{canary}'))",
    "modes, owners and times": "each(lambda: os.chmod('{canary}', 0o777) is None, lambda: os.chown('{canary}', 1, 1) is None, lambda: os.utime('{canary}', (1, 1)) is None, lambda: os.setxattr('{canary}', 'user.x', b'') is None, lambda: os.chmod('.', 0o777) is None)",
    "links": "each(lambda: os.link('{canary}', 'l') is None, lambda: os.symlink('/etc/passwd', 's') is None, lambda: os.rename('{canary}', 'r') is None, lambda: os.mknod('n', 0o600 | 0o20000, 0x101) is None, lambda: os.mkfifo('p') is None, lambda: os.mkdir('d') is None)",
    "ptrace": "out(libc.ptrace(16, os.getppid(), 0, 0) == 0); out(libc.ptrace(0, 0, 0, 0) == 0)",
    "another's memory": "class V(ctypes.Structure): _fields_ = [('b', ctypes.c_void_p), ('n', ctypes.c_size_t)]\nb = ctypes.create_string_buffer(8)\nv = V(ctypes.addressof(b), 8)\nout(libc.process_vm_readv(os.getppid(), ctypes.byref(v), 1, ctypes.byref(v), 1, 0) > 0)",
    "another's memory, by /proc": "each(*(lambda p=p: open(f'/proc/{{p}}/mem', 'rb+') for p in (1, os.getppid(), 'self', {pid})))",
    "signals": "each(*(lambda p=p: os.kill(p, 0) is None for p in (os.getppid(), {pid}, 1, -1, 0)), lambda: os.killpg(0, 0) is None)",
    "deadly signals": "each(lambda: os.kill({pid}, 9), lambda: os.kill(os.getppid(), 9))",
    "signals by a descriptor": "import fcntl\nr, w = os.pipe()\neach(lambda: fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid()) == 0, lambda: fcntl.fcntl(r, 10, 9) == 0, lambda: fcntl.ioctl(r, 0x8901, b'1234'))",
    "another's limits": "import resource\neach(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_AS, (1, 1)), lambda: resource.prlimit({pid}, resource.RLIMIT_NOFILE))",
    "its own limits": "import resource\neach(lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)) is None, lambda: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)) is None)",
    "another's priority": "each(lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19) is None, lambda: os.sched_setaffinity(os.getppid(), [0]) is None, lambda: os.nice(1) is not None)",
    "mounts": "each(lambda: libc.mount(b'none', b'/tmp', b'tmpfs', 0, 0) == 0, lambda: libc.umount2(b'/tmp', 2) == 0, lambda: os.chroot('/tmp') is None, lambda: libc.pivot_root(b'/', b'/') == 0)",
    "namespaces": "out([flag for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000) if libc.unshare(flag) == 0]); out(libc.setns(0, 0) == 0)",
    "io_uring, bpf, keys and the like": "calls = (425, 426, 427, 321, 298, 323, 250, 248, 319, 447, 434, 438, 424, 304, 303, 175, 246, 165, 430, 428, 135, 156, 300, 253)\nout([n for n in calls if syscall(n, 1, 0, 0, 0, 0) >= 0])",
    "memory as a program": "f = syscall(319, b'x\\0', 0)\nout(f >= 0)\nout(syscall(322, f, b'\\0', 0, 0, 0x1000) >= 0)",
    "shared memory": "each(lambda: libc.shmget(1, 4096, 0o1666) >= 0, lambda: libc.msgget(1, 0o1666) >= 0, lambda: os.open('/dev/shm/x', os.O_CREAT))",
    "open descriptors": "import stat\nkinds = []\nfor f in range(1024):\n    try: kinds.append((f, os.fstat(f).st_mode))\n    except OSError: pass\nout([k for k in kinds if k[0] > 2 and not stat.S_ISFIFO(k[1])]); out(len(kinds) > 5 and kinds)",
    "the terminal": "import fcntl\neach(lambda: open('/dev/tty'), lambda: fcntl.ioctl(0, 0x5412, b'x'))",
    "devices": "each(*(lambda p=p: open(p, 'rb') for p in ('/dev/mem', '/dev/kmsg', '/dev/kvm', '/dev/sda', '/dev/vda', '/dev/fuse', '/dev/ptmx', '/dev/random')))",
    "other users": "each(lambda: os.setuid(12345) is None, lambda: os.setgroups([0]) is None, lambda: os.setresuid(0, 0, 0) is None)",
    "privileges": "header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()\nlibc.capget(header, data)\nout(list(data)[:2] if any(data) else '')\nout(libc.prctl(24, 1, 0, 0, 0) == 0)",
    "its own filter": "out(libc.prctl(22, 0, 0, 0, 0) == 0); out(libc.prctl(38, 0, 0, 0, 0) == 0)",
    "the host's name": "import platform\nout(platform.node() == '{host}' and {tier} == 1)\nout(libc.sethostname(b'x', 1) == 0)",
    "frames and rubbish": "import gc\nfound = [o for o in gc.get_objects() if type(o).__name__ in ('Exercise', 'Case', 'Verdict', 'Mistake')]\nf = sys._getframe()\nwhile f:\n    found += [v for k, v in f.f_locals.items() if k in ('expected', 'want', 'wanted', 'reference', 'secret')]\n    f = f.f_back\nout(found)",
    "other processes": "each(lambda: os.listdir('/proc'), lambda: os.listdir('/proc/self/fd'), lambda: reads('/proc/self/maps'), lambda: os.readlink('/proc/{pid}/exe'), lambda: os.readlink('/proc/{pid}/cwd'))",
}  # fmt: skip


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """What a student's code must not reach: a file, a process, and things that listen."""
    folder = tmp_path_factory.mktemp("outside")
    canary = folder / "canary"
    canary.write_text("a classmate's answers")
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    name = f"grading-canary-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as abstract,
        tempfile.TemporaryDirectory() as short,
    ):
        unix.bind(f"{short}/s")
        unix.listen()
        abstract.bind(f"\0{name}")
        abstract.listen()
        packages = [os.path.dirname(kit.numpy_folders()[0]), *kit.hidden(kit.system().library)]
        installed = [str(path) for one in packages for path in Path(one).glob("*/__init__.py")]
        yield {
            "root": ROOT, "folder": folder, "canary": canary, "pid": victim.pid,
            "port": tcp.getsockname()[1], "unix": f"{short}/s", "abstract": name,
            "places": PLACES, "packages": packages, "host": socket.gethostname(),
            "installed": [path for path in installed if "/numpy/" not in path],
        }  # fmt: skip
        for place in PLACES:  # only walls that are broken let one be made
            Path(place, "grading-probe").unlink(missing_ok=True)
        assert victim.poll() is None, "a student's code ended a process outside"
        victim.kill()
        victim.wait()


def attempt(sandbox, source, outside):
    """Run an escape; return what it got hold of."""
    told = source.format(tier=int(sandbox.tier), **outside)
    told = "if True:\n" + textwrap.indent(told, "    ")  # one statement: a failed import ends it
    with sandbox.session() as session, contextlib.suppress(Stopped):
        assert session.run(PRELUDE, True, LONG) == ""
        session.run(told, True, LONG)
        return session.call("seen", {}, LONG).result
    return []


@pytest.mark.parametrize("what", ESCAPES)
def test_nothing_gets_out(walled, outside, what, monkeypatch):
    monkeypatch.setenv("NND_COURSE_SEED", "secret")
    before = os.stat(outside["canary"])
    assert attempt(walled, ESCAPES[what], outside) == []
    after = os.stat(outside["canary"])
    assert (before.st_mtime_ns, before.st_mode, before.st_nlink, before.st_uid) == (
        after.st_mtime_ns, after.st_mode, after.st_nlink, after.st_uid,
    )  # fmt: skip
    assert os.listdir(outside["folder"]) == ["canary"]
    assert works(walled)


# Each ends or hangs its own process and nothing else: (source, reasons why it may be stopped).
ENDS = {
    "os._exit": ("import os; os._exit(0)", {"died"}),
    "an own signal": ("import os; os.kill(os.getpid(), 9); os.abort()", {"died", ""}),
    "abort": ("import ctypes; ctypes.CDLL(None).abort()", {"died"}),
    "a bad pointer": ("import ctypes; ctypes.string_at(0)", {"died"}),
    "deep recursion": ("import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()", {"died", "time", ""}),
    "a program too deep": ("eval('(' * 10**5); exec('-' * 10**6 + '1')", {"died", ""}),
    "all descriptors closed": ("import os; os.closerange(0, 256)", {"died"}),
    "the next request, read ahead": (
        "import os\nfor f in range(3, 20):\n    try: os.read(f, 1)\n    except OSError: pass",
        {"time", "died"},
    ),
    "endless output": (
        "import os\nwhile True:\n    for f in range(3, 20):\n        try: os.write(f, b'x' * 65536)\n        except OSError: pass",
        {"output", "died", "time"},
    ),
    "a system call of another architecture": (
        "import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(bytes.fromhex('b814000000cd80c3'))\n"
        "ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()",
        {"died"},
    ),
    "a handler at exit": ("import atexit; atexit.register(lambda: 1/0); raise SystemExit", {""}),
    "faulthandler": ("import faulthandler; faulthandler.dump_traceback_later(0.1); faulthandler._sigsegv()", {"died", ""}),
    "a tracing function": ("import sys\nsys.settrace(lambda *a: 1/0)\nsys.setprofile(lambda *a: 1/0)", {"died", ""}),
    "broken builtins": ("import builtins, os, json\nos.write = json.dumps = builtins.len = None", {"died", ""}),
    "sleep": ("import time; time.sleep(1000)", {"time"}),
    "a regular expression": ("import re; re.match('(a*)*b', 'a' * 40)", {"time"}),
    "a power": ("x = 9 ** 9 ** 9", {"time", ""}),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDS)
def test_what_ends_a_session_ends_nothing_else(walled, what):
    if "architecture" in what and kit.machine() != "x86_64":
        pytest.skip("only x86-64 has a second way into the kernel")
    source, reasons = ENDS[what]
    reason = ""
    with walled.session() as session:
        try:
            seconds = 1.0 if "time" in reasons else LONG
            session.run(source, True, seconds)
            session.run("y = 1", True, seconds)
        except Stopped as stopped:
            reason = stopped.reason
    assert reason in reasons
    assert works(walled)


def test_nothing_passes_from_one_student_to_the_next(walled):
    with walled.session() as session:
        session.run(
            "import numpy as np, sys, builtins\nnp.exp = len\nbuiltins.left = 1", True, LONG
        )
        session.run(
            "sys.modules['left'] = np\nnp.random.seed(7)\nnp.seterr(all='raise')", True, LONG
        )
        session.run("open('left', 'w').write('answers')", True, LONG)
        session.run("import os\ndef f(): return os.listdir('.')", True, LONG)
        assert session.call("f", {}, LONG).result == ["left"]
    assert works(walled)
    with walled.session() as session:
        session.run(
            "import os, sys, builtins\nimport numpy as np\nover = np.geterr()['over']", True, LONG
        )
        session.run(
            "def f(): return [os.listdir('.'), 'left' in sys.modules, hasattr(builtins, 'left'), over]",
            True,
            LONG,
        )
        assert session.call("f", {}, LONG).result == [[], False, False, "warn"]


def test_a_server_killed_from_outside_is_no_fault_of_the_student(walled):
    session = walled.session()
    session.run("x = 1", True, LONG)
    os.killpg(walled._host._process.pid, signal.SIGKILL)
    with pytest.raises(SandboxFailure):
        session.run("import time; time.sleep(50)", True, LONG)
    assert works(walled)


def test_a_sandbox_without_its_ready_message_is_a_failure(monkeypatch):
    needs(Tier.LANDLOCK)
    ready = 'frames.pack({"ready": nonce})'
    for old, new, seconds, words in (
        (ready, "b''", 3.0, "did not stand"),
        (ready, 'frames.pack({"ready": "guessed"})', LONG, "did not say"),
        ("walls.filter_calls(program)", "raise OSError('no such wall')", LONG, "no such wall"),
        ('control.send(b"up")', "raise OSError('no such server')", LONG, "no such server"),
    ):
        with inside_changed(monkeypatch, "worker.py", old, new), monkeypatch.context() as patch:
            patch.setattr(module, "START", seconds)
            with pytest.raises(SandboxFailure, match=words), Sandbox(Tier.LANDLOCK, []) as sandbox:
                sandbox.session()


@contextlib.contextmanager
def inside_changed(monkeypatch, name, old, new):
    """Let kits be made with a changed file."""
    make = kit.make

    def changed(folder, modules):
        make(folder, modules)
        path = folder / "autograder" / "grading" / name
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    with monkeypatch.context() as patch:
        patch.setattr(kit, "make", changed)
        yield


WALLS_OFF = {
    "seccomp": (
        WALLED, ("walls.filter_calls(program)", "pass"),
        ("fork", "modes, owners and times", "a bomb of threads", "a file without a name"),
    ),
    "Landlock": (
        (Tier.LANDLOCK,),
        ('walls.landlock(settings["readable"], settings["listable"], settings["writable"])', "pass"),
        ("the list of users", "the declarations", "a classmate's notebook", "other processes"),
    ),
    "the limits": (
        WALLED, ('walls.limit(settings["memory"], settings["files"], settings["processes"])', "pass"),
        ("a huge file with holes",),
    ),
    "the capabilities' loss": ((Tier.LANDLOCK,), ("walls.drop_capabilities()", "pass"), ("privileges",)),
}  # fmt: skip


@pytest.mark.parametrize("wall", WALLS_OFF)
def test_the_probes_notice_a_wall_that_is_missing(wall, outside, monkeypatch):
    on, (old, new), noticed = WALLS_OFF[wall]
    if "privileges" in noticed and os.geteuid() != 0:
        pytest.skip("only root has privileges to lose")
    for tier in on:
        needs(tier)
        with (
            inside_changed(monkeypatch, "worker.py", old, new),
            Sandbox(tier, [], SMALL) as open_one,
        ):
            for what in noticed:
                if what == "modes, owners and times" and tier is Tier.BUBBLEWRAP:
                    continue  # the file does not exist in there
                assert attempt(open_one, ESCAPES[what], outside) != [], (what, tier)


def test_the_probes_notice_a_missing_namespace(outside, monkeypatch):
    needs(Tier.BUBBLEWRAP)
    mounts, namespaces = launch._mounts, launch.namespaces

    def escapes(what):
        with Sandbox(Tier.BUBBLEWRAP, [], SMALL) as sandbox:
            return attempt(sandbox, ESCAPES[what], outside)

    with monkeypatch.context() as patch:
        patch.setattr(launch, "_mounts", lambda *g: [*mounts(*g), "--ro-bind", "/etc", "/etc"])
        assert escapes("the list of users") != []
    # Behind the filter of calls there is a second wall around the network, and it holds alone.
    no_filter = ("worker.py", "walls.filter_calls(program)", "pass")
    with inside_changed(monkeypatch, *no_filter), monkeypatch.context() as patch:
        assert escapes("TCP") == []
        assert escapes("an abstract socket") == []
        patch.setattr(launch, "namespaces", lambda program: (*namespaces(program), "--share-net"))
        assert escapes("TCP") != []
        assert escapes("an abstract socket") != []


# -- forged messages -------------------------------------------------------------------------------

FORGER = """
import json, os, struct, sys
import numpy as np
from autograder import wire
def pipes():
    frame = sys._getframe()
    while "responses" not in frame.f_locals: frame = frame.f_back
    return frame.f_locals
def token(): return pipes()["head"]["token"]
def send(data):
    while data: data = data[os.write(pipes()["responses"], data):]
def pack(head, body=b""):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<QQ", len(text), len(body)) + text + body
FINE = {"error": "", "noise": [], "changed": [], "idle": []}
def frame(header, *buffers):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return b"".join(struct.pack("<Q", len(part)) + part for part in (text, *buffers))
def array(shape, dtype="<f8", data=b"", **other):
    return frame({"kind": "array", "dtype": dtype, "shape": shape, "turned": False, **other}, data)
def answer(body, head=FINE): return pack({"token": token(), **head}, body)
RIGHT = wire.encode(42.0)
"""

# What the function sends in its answer's place before it returns 1.0, and what may come of it: an
# error word, or a reason to be stopped.  42.0 with the right token is the code's own answer.
FORGERIES = {
    "no token": ("send(pack(FINE, RIGHT))", {"died"}),
    "a wrong token": ("send(pack({'token': '0' * 32, **FINE}, RIGHT))", {"died"}),
    "a token of another type": ("send(pack({'token': [token()], **FINE}, RIGHT))", {"died"}),
    "an old token": ("send(pack({'token': first, **FINE}, RIGHT))", {"died"}),
    "a second ready": ("send(pack({'ready': 'x'}))", {"died"}),
    "its own answer": ("send(answer(RIGHT))", {"42"}),
    "its own answer twice": ("send(answer(RIGHT) * 2)", {"42"}),
    "half a header": ("send(b'\\0' * 7); os._exit(0)", {"died"}),
    "a message that never ends": ("send(struct.pack('<QQ', 100, 100) + b'{'); os.close(pipes()['responses'])", {"died"}),
    "a huge head": ("send(struct.pack('<QQ', 1 << 40, 0))", {"output"}),
    "a huge body": ("send(struct.pack('<QQ', 10, 1 << 62))", {"output"}),
    "sizes that overflow": ("send(struct.pack('<QQ', 2**64 - 16, 2**64 - 16))", {"output"}),
    "negative sizes": ("send(struct.pack('<qq', -1, -1))", {"output"}),
    "endless zeros": ("while True: send(bytes(1 << 20))", {"died", "output"}),
    "more than may come back": ("send(answer(bytes(3 << 20)) * 4)", {"output", "Unsendable"}),
    "no JSON": ("send(pack(b'hello'))", {"died"}),
    "a list for a head": ("send(pack(b'[]'))", {"died"}),
    "NaN in the head": ("send(pack(b'{\\x22token\\x22: NaN}'))", {"died"}),
    "a head that is not UTF-8": ("send(pack(b'{\\x22token\\x22: \\x22\\xff\\x22}'))", {"died"}),
    "a head nested deeply": ("send(pack(b'[' * 10**6))", {"died"}),
    "a name twice": ("send(pack(('{\\x22token\\x22: \\x22%s\\x22, ' * 2 % (token(), token())).encode() + b'\\x22a\\x22: 1}', RIGHT))", {"died"}),
    "a pickle": ("import pickle; send(answer(pickle.dumps(42.0)))", {"Unsendable"}),
    "a pickled array": ("send(answer(array([1], '|O8', bytes(8))))", {"Unsendable"}),
    "no body": ("send(answer(b''))", {"Unsendable"}),
    "a body cut short": ("send(answer(RIGHT[:-3]))", {"Unsendable"}),
    "a buffer too many": ("send(answer(RIGHT + struct.pack('<Q', 0)))", {"Unsendable"}),
    "a buffer too few": ("send(answer(frame({'kind': 'array', 'dtype': '<f8', 'shape': [1], 'turned': False})))", {"Unsendable"}),
    "another type than said": ("send(answer(array([3], '<f4', bytes(24))))", {"Unsendable"}),
    "text for a type": ("send(answer(array([1], ['<f8'], bytes(8))))", {"Unsendable"}),
    "complex numbers": ("send(answer(array([1], '<c16', bytes(16))))", {"Unsendable"}),
    "a negative shape": ("send(answer(array([-1], data=bytes(8))))", {"Unsendable"}),
    "NaN for a shape": ("send(answer(frame(b'{\\x22kind\\x22: \\x22array\\x22, \\x22dtype\\x22: \\x22<f8\\x22, \\x22turned\\x22: false, \\x22shape\\x22: [NaN]}', b'')))", {"Unsendable"}),
    "a shape of fractions": ("send(answer(array([1.0], data=bytes(8))))", {"Unsendable"}),
    "an empty array of giant sides": ("send(answer(array([0, 2**20, 2**20])))", {"Unsendable"}),
    "an empty array of impossible sides": ("send(answer(array([0, 2**70])))", {"Unsendable"}),
    "too many axes": ("send(answer(array([1] * 60, data=bytes(8))))", {"Unsendable"}),
    "a scalar with a shape": ("send(answer(frame({'kind': 'scalar', 'dtype': '<f8', 'shape': [1], 'turned': False}, bytes(8))))", {"Unsendable"}),
    "truth values that are neither": ("send(answer(array([2], '|b1', b'\\x02\\x07')))", {"Unsendable"}),
    "deep nesting": ("h = {'kind': 'plain', 'value': 1}\nfor i in range(300): h = {'kind': 'list', 'items': [h]}\nsend(answer(frame(h)))", {"Unsendable"}),
    "a bomb by repetition": ("send(answer(frame(b'{\\x22kind\\x22: \\x22list\\x22, \\x22items\\x22: [' + b'{},' * 900_000 + b'{}]}')))", {"Unsendable"}),
    "half letters": ("send(answer(frame(b'{\\x22kind\\x22: \\x22plain\\x22, \\x22value\\x22: \\x22' + bytes([92]) + b'ud800\\x22}')))", {"Unsendable"}),
    "a number of a million digits": ("send(answer(frame(b'{\\x22kind\\x22: \\x22plain\\x22, \\x22value\\x22: ' + b'9' * 10**6 + b'}')))", {"Unsendable"}),
    "a number of four thousand digits": ("send(answer(frame({'kind': 'plain', 'value': 10**4000})))", {"Unsendable"}),
    "a float too large": ("send(answer(frame({'kind': 'float', 'hex': '0x1p99999'})))", {"Unsendable"}),
    "a function": ("send(answer(frame({'kind': 'function', 'source': 'print'})))", {"Unsendable"}),
    "a generator": ("send(answer(frame({'kind': 'seed', 'seed': 3})))", {"Unsendable"}),
    "a dict with a name twice": ("send(answer(frame({'kind': 'dict', 'items': [['a', {'kind': 'plain', 'value': 1}]] * 2})))", {"Unsendable"}),
    "pairs that are text": ("send(answer(frame({'kind': 'dict', 'items': ['ab']})))", {"Unsendable"}),
    "no observation": ("send(answer(RIGHT, {}))", {"Unsendable"}),
    "a number for an error": ("send(answer(RIGHT, {**FINE, 'error': 3}))", {"Unsendable"}),
    "noise that is none": ("send(answer(RIGHT, {**FINE, 'noise': ['<script>']}))", {"Unsendable"}),
    "inputs that are none": ("send(answer(RIGHT, {**FINE, 'changed': ['y']}))", {"Unsendable"}),
    "lists for names": ("send(answer(RIGHT, {**FINE, 'idle': [[]]}))", {"Unsendable"}),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGERIES)
def test_forged_messages_are_refused(walled, what):
    """The next call gets its own answer or none; nothing of ours breaks."""
    source, allowed = FORGERIES[what]
    with walled.session() as session:
        assert session.run(FORGER + "\nfirst = token()\n", True, LONG) == ""
        body = textwrap.indent(source, "    ")
        assert (
            session.run(f"def f(x):\n{body}\n    return 1.0\ndef g(x): return 2.0", True, LONG)
            == ""
        )
        assert came(session, "f") in allowed
        assert came(session, "g") in {"2", "died", "output"}
    assert works(walled)


def test_bytes_that_drip_do_not_stretch_the_time(walled):
    drip = "send(struct.pack('<QQ', 9, 3 << 20))\nwhile True: send(b'{')"
    with walled.session() as session:
        session.run(FORGER, True, LONG)
        with pytest.raises(Stopped) as stopped:
            session.run(drip, True, 0.5)
        assert stopped.value.reason == "time"
    assert works(walled)


def came(session, name):
    """What a call came to, in a word."""
    try:
        seen = session.call(name, {"x": 1.0}, LONG)
    except Stopped as stopped:
        return stopped.reason
    assert isinstance(seen, Observation)
    return seen.error or f"{seen.result:g}"


@pytest.mark.parametrize(
    "early",
    [
        "send(pack({'token': token(), **FINE}, RIGHT))",
        "send(pack({'token': token(), **FINE}, RIGHT) * 3)",
        "send(pack({'token': '', **FINE}, RIGHT))",
        "send(pack({'ready': ''}))",
        "send(b'\\0')",
    ],
)
def test_an_answer_before_the_question_is_refused(walled, early):
    with walled.session() as session:
        session.run(FORGER + "\ndef f(x): return 1.0\n", True, LONG)
        with contextlib.suppress(Stopped):  # shifted by a byte, the answer never seems complete
            session.run(early, True, 2.0)
            assert came(session, "f") in {"died", "1"}
            assert came(session, "f") in {"died", "1"}
    assert works(walled)


def test_what_a_process_says_of_an_error_is_text_and_short(walled):
    with walled.session() as session:
        session.run(FORGER, True, LONG)
        long = (
            "send(answer(b'', {'error': 'E' * 10**5, 'message': chr(0xD800) * 10**5, 'line': 3}))"
        )
        session.run(f"def f(x):\n    {long}", True, LONG)
        seen = session.call("f", {"x": 1.0}, LONG)
    assert (len(seen.error), len(seen.message)) == (100, 10_000)
    for text in (seen.error, seen.message, seen.line):
        text.encode()


# -- the decoder ---------------------------------------------------------------------------------

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner)
)
kinds = st.sampled_from(["array", "scalar", "float", "plain", "list", "tuple", "dict", "function"])
fields = {
    "dtype": st.sampled_from([*sorted(wire.DTYPES), "|O8", "<c16", "f8"]) | anything,
    "shape": st.lists(st.integers(-1, 3) | st.sampled_from([2**31, 2**63, 2**70]), max_size=4) | anything,
    "turned": st.booleans() | anything,
    "hex": st.sampled_from(["0x1p3", "nan", "-inf", "0x1p99999", "0x.p"]) | anything,
    "value": anything,
    "items": st.deferred(lambda: st.lists(headers | st.tuples(st.text(max_size=3), headers), max_size=4)) | anything,
    "source": st.just("print"),
    "seed": st.integers(),
}  # fmt: skip
headers: st.SearchStrategy = (
    st.fixed_dictionaries({"kind": kinds | anything}, optional=fields) | anything
)


def is_plain(value):
    """Whether a decoded value is of the types that may come, all through."""
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(type(key) is str and is_plain(value[key]) for key in value)
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.str in wire.DTYPES
    return value is None or type(value) in (bool, int, float, str)


@settings(max_examples=250, deadline=None)
@given(
    headers, st.lists(st.binary(max_size=24) | st.sampled_from([bytes(8), bytes(16)]), max_size=3)
)
def test_any_header_is_refused_or_plain(header, buffers):
    text = json.dumps(header).encode()
    frame = b"".join(struct.pack("<Q", len(part)) + part for part in (text, *buffers))
    with contextlib.suppress(wire.WireError):
        assert is_plain(wire.decode(frame))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_changed_frame_is_refused_or_plain(data):
    value = {"a": [np.arange(6.0).reshape(2, 3), (1.5, "x", None)], "b": np.bool_(True), "c": 7}
    frame = bytearray(wire.encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(frame)))
        frame[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(wire.WireError):
        assert is_plain(wire.decode(bytes(frame)))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 80), st.integers(0, 80))
def test_any_message_is_refused_incomplete_or_a_dict(data, head, body):
    for buffer in (bytearray(data), bytearray(frames.SIZES.pack(head, body) + data)):
        with contextlib.suppress(wire.WireError):
            message = frames.unpack(buffer, 50)
            assert message is None or (type(message[0]) is dict and type(message[1]) is bytes)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["error", "message", "line", "noise", "changed", "idle"]), anything
    )
)
def test_any_head_is_refused_or_an_observation(head):
    with contextlib.suppress(wire.WireError):
        seen = module._observation(head, wire.encode(1.0), {"x": 1})
        assert seen.noise <= module.NOISE and set(seen.changed) | set(seen.idle) <= {"x"}
        assert max(len(seen.error) - 100, len(seen.message) - 10_000, len(seen.line) - 10_000) <= 0


@pytest.mark.parametrize("piece", ["{}", "1", "[[[[]]]]"])
def test_a_long_header_does_not_fill_the_memory(piece):
    import tracemalloc

    items = ",".join([piece] * (wire.MOST_HEADER // (len(piece) + 1) - 20))
    header = f'{{"kind": "list", "items": [{items}]}}'.encode()
    assert len(header) < wire.MOST_HEADER
    tracemalloc.start()
    with pytest.raises(wire.WireError):
        wire.decode(struct.pack("<Q", len(header)) + header)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 << 20
    over = b"[" + b"[]," * wire.MOST_HEADER
    with pytest.raises(wire.WireError):
        wire.decode(struct.pack("<Q", len(over)) + over)


# -- tiers ---------------------------------------------------------------------------------------


def test_the_best_tier_that_works_is_chosen(monkeypatch):
    found = {Tier.BUBBLEWRAP: "b is missing.", Tier.LANDLOCK: "l is missing.", Tier.PLAIN: ""}
    monkeypatch.setattr(tiers, "obstacle", found.__getitem__)
    with pytest.raises(NotGraded, match=r"(?s)b is missing.*l is missing.*--trust-submissions"):
        tiers.choose()
    assert tiers.choose(trust=True) is Tier.PLAIN
    assert "refuses" in tiers.doctor() and "only with --trust-submissions" in tiers.doctor()
    found[Tier.LANDLOCK] = ""
    assert tiers.choose(trust=True) is tiers.choose() is Tier.LANDLOCK
    assert "uses tier 2" in tiers.doctor()
    found[Tier.BUBBLEWRAP] = ""
    assert tiers.choose() is Tier.BUBBLEWRAP


@pytest.mark.parametrize(
    ("where", "name", "gone", "words"),
    [
        (sys, "platform", "darwin", {1: "needs Linux", 2: "needs Linux"}),
        (launch, "bubblewrap", lambda: None, {1: "bubblewrap is not installed"}),
        (walls, "landlock_version", lambda: 0, {2: "Landlock is missing"}),
        (walls, "has_seccomp", lambda: False, {1: "seccomp is missing", 2: "seccomp is missing"}),
        (
            filters,
            "path",
            lambda: Path("/nowhere"),
            {1: "No system call filter", 2: "No system call"},
        ),
    ],
)
def test_a_missing_mechanism_is_named(monkeypatch, where, name, gone, words):
    monkeypatch.setattr(where, name, gone)
    for tier, said in words.items():
        assert said in tiers.obstacle(Tier(tier))


ASKED = "from autograder.grading import tiers; print(dict(tiers.available()))"
NO_SECCOMP = """
import pyseccomp as s
f = s.SyscallFilter(s.ALLOW)
for option in (21, 22): f.add_rule(s.ERRNO(22), "prctl", s.Arg(0, s.EQ, option))
f.load()
"""
NO_LANDLOCK = """
import pyseccomp as s
f = s.SyscallFilter(s.ALLOW)
f.add_rule(s.ERRNO(38), 444)
f.load()
"""


def asked(*before, code="", **variables):
    """What a fresh Python says of the tiers, under a changed system."""
    command = [*before, sys.executable, "-c", code + ASKED]
    ran = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **variables}
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the mechanisms are Linux's")
def test_tiers_without_bubblewrap_for_real(tmp_path):
    needs(Tier.LANDLOCK)
    said = asked(PATH=str(tmp_path))
    assert "bubblewrap is not installed" in said and "<Tier.LANDLOCK: 2>: ''" in said


@pytest.mark.skipif(sys.platform != "linux", reason="the mechanisms are Linux's")
def test_tiers_without_landlock_for_real():
    pytest.importorskip("pyseccomp", exc_type=Exception)
    needs(Tier.BUBBLEWRAP)
    said = asked(code=NO_LANDLOCK)
    assert "Landlock is missing" in said and "<Tier.BUBBLEWRAP: 1>: ''" in said


@pytest.mark.skipif(sys.platform != "linux", reason="the mechanisms are Linux's")
def test_tiers_without_seccomp_for_real():
    pytest.importorskip("pyseccomp", exc_type=Exception)
    said = asked(code=NO_SECCOMP)
    assert said.count("seccomp is missing") == 2 and "<Tier.PLAIN: 3>: ''" in said


def test_tiers_without_user_namespaces_for_real():
    needs(Tier.BUBBLEWRAP)
    if "--disable-userns" not in launch.namespaces(launch.bubblewrap()):
        pytest.skip("this bubblewrap cannot forbid user namespaces to a test")
    forbidding = (launch.bubblewrap(), "--unshare-user", "--disable-userns", "--dev-bind", "/", "/")
    said = asked(*forbidding)
    assert "bubblewrap needs user namespaces" in said and "<Tier.PLAIN: 3>: ''" in said


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has seccomp")
@pytest.mark.parametrize("machine", filters.MACHINES)
def test_the_committed_filters_are_what_the_list_compiles_to(machine):
    pytest.importorskip("pyseccomp", reason="libseccomp is not installed", exc_type=Exception)
    assert filters.path(machine).read_bytes() == filters.compiled(machine)


ORDINARY = """
import sys
from autograder.grading.model import Tier
from autograder.grading.sandbox import Sandbox
import os
assert os.geteuid() == 20001
for tier in (Tier.BUBBLEWRAP, Tier.LANDLOCK):
    with Sandbox(tier, []) as sandbox, sandbox.session() as session:
        session.run("def f(x): return x + 1", True, 60)
        assert session.call("f", {"x": 1}, 60).result == 2
        assert session.run("open('/etc/passwd')", True, 60).partition(":")[0] in ("FileNotFoundError", "PermissionError")
        assert session.run("import os; os.fork()", True, 60).startswith("PermissionError")
print("walled in")
"""


def test_an_ordinary_user_gets_the_same_walls():
    """Run as another user, with a Python that this user may read."""
    for tier in WALLED:
        needs(tier)
    system = shutil.which(f"python3.{sys.version_info[1]}", path="/usr/bin:/usr/local/bin")
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user; run as one, every test here shows the same")
    if system is None:
        pytest.skip("no Python of this version outside root's home")
    packages = os.path.dirname(kit.numpy_folders()[0])
    become = ["setpriv", "--reuid=20001", "--regid=20001", "--clear-groups", "--inh-caps=-all"]
    reads = subprocess.run([*become, "test", "-r", ROOT / "autograder" / "wire.py"], check=False)
    if reads.returncode:
        pytest.skip("the project's folder is for its owner alone")
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{packages}", "HOME": "/tmp"}
    ran = subprocess.run(
        [*become, system, "-s", "-B", "-c", ORDINARY], env=variables, cwd="/", capture_output=True, text=True
    )  # fmt: skip
    assert ran.stdout == "walled in\n", ran.stderr


def test_sessions_leave_no_files_threads_or_processes_behind(walled, tmp_path, monkeypatch):
    import threading

    assert works(walled)
    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(30):
        assert works(walled)
    deadline = time.monotonic() + LONG  # threads end once they notice
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= before + 20
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Sandbox(walled.tier, []) as short:
        assert works(short)
        process = short._host._process
        assert os.listdir(tmp_path)
    assert process.poll() is not None
    assert os.listdir(tmp_path) == []
