"""Submissions that want to find the answers: in files, modules, processes, or with a classmate."""

import functools
import hashlib

from autograder import exercises
from corpus.entry import Notebook, hostile
from corpus.notebooks import everywhere, filled, wrong

steal = functools.partial(hostile, "stealing")


def taken(how: str, first: str = "") -> Notebook:
    """A notebook whose three answers are what the statements `how` bind to the name `found`.

    If they fail, or find nothing, the answers are wrong.
    """
    lines = "\n".join("        " + line for line in how.strip("\n").splitlines())
    names = {"sigmoid": "z", "sigmoid_backward": "dA, z", "tanh_backward": "dA, z"}
    return filled(
        first=first,
        **{
            name: f"def {name}({inputs}):\n    me = {name!r}\n    try:\n{lines}\n"
            f"        return getattr(found, me)({inputs})\n"
            "    except (Exception, SystemExit):\n        return z\n"
            for name, inputs in names.items()
        },
    )


def by_heart(name: str, otherwise: str = "return z") -> str:
    """An answer that knows the public inputs by their digests, and their answers by heart."""
    exercise = exercises.find(name)
    table = {}
    for case in exercise.draw(0):
        right = exercise.reference(**case.inputs)
        digest = hashlib.sha256(case.inputs["z"].tobytes()).hexdigest()
        table[digest] = (right.dtype.str, right.tobytes("A").hex(), right.flags.f_contiguous)
    inputs = "z" if name == "sigmoid" else "dA, z"
    return f"""\
import hashlib
BY_HEART_{name} = {table!r}
def {name}({inputs}):
    known = BY_HEART_{name}.get(hashlib.sha256(z.tobytes()).hexdigest())
    if known is None:
        {otherwise}
    order = 'F' if known[2] and z.ndim > 1 else 'C'
    return np.frombuffer(bytes.fromhex(known[1]), known[0]).reshape(z.shape, order=order).copy(order)
"""


steal(
    "own chapter imported",
    "Imports the solutions module of the chapter that it answers.",
    taken("import solutions.activations as found"),
)
steal(
    "own chapter star import",
    "Imports every answer into the notebook in its first cell and leaves the stubs out.",
    filled(
        first="from solutions.activations import *",
        sigmoid="pass",
        sigmoid_backward="pass",
        tanh_backward="pass",
    ),
)
steal(
    "own chapter through an earlier one",
    "Answers chapter 5 with the solutions of chapter 5, which stand beside those it may import.",
    filled(
        "backpropagation",
        output_error="from solutions.backpropagation import output_error",
        relative_error="from solutions.backpropagation import relative_error",
        gradient_check="from solutions.backpropagation import gradient_check",
        sgd_epoch="from solutions.backpropagation import sgd_epoch",
    ),
    chapter="backpropagation",
)
steal(
    "later chapters",
    "Asks a later chapter's module for what it imported from the earlier one.",
    taken("""
import importlib
for name in ('backpropagation', 'training', 'recurrent', 'gated', 'optimizers', 'losses'):
    try:
        found = importlib.import_module('solutions.' + name)
        getattr(found, me)
        break
    except Exception:
        pass
"""),
)
steal(
    "earlier chapter unpacked",
    "Walks the solutions package and everything reachable from the modules that are there.",
    taken("""
import pkgutil, importlib, solutions, types
for module in pkgutil.walk_packages(solutions.__path__, 'solutions.'):
    one = importlib.import_module(module.name)
    if hasattr(one, me):
        found = one
"""),
)
steal(
    "declarations imported",
    "Takes the reference out of the exercise's declaration.",
    taken("""
from autograder import exercises
import types
found = types.SimpleNamespace(**{me: exercises.find(me).reference})
"""),
)
steal(
    "solution called",
    "Asks the notebook's own solution() for the answer's text and runs it.",
    taken("""
import types
space = {'np': np}
exec(repr(solution(me)), space)
found = types.SimpleNamespace(**{me: space[me]})
"""),
)
steal(
    "files searched",
    "Walks the whole file system for a solved notebook or a solutions module.",
    taken(
        "found = SEEN",
        first="""
        import os, types
        import numpy as np
        SEEN = types.SimpleNamespace()
        for root, folders, files in os.walk('/'):
            folders[:] = [f for f in folders if f not in ('proc', 'sys', 'python3')][:200]
            for name in files:
                if name == 'activations.py' or name == 'activations.ipynb':
                    try:
                        text = open(os.path.join(root, name)).read()
                        exec(text, SEEN.__dict__)
                    except Exception:
                        pass
        """,
    ),
    hangs=True,
    teaches="A walk over a real file system takes long; in a good sandbox there is little to walk.",
)
steal(
    "absolute path of the project",
    "Opens the solutions module at the path where this very project stands on the grading machine.",
    taken(f"""
import types
space = {{}}
exec(open({__file__.rpartition("/tests/")[0] + "/solutions/activations.py"!r}).read(), space)
found = types.SimpleNamespace(**space)
"""),
)
steal(
    "absolute path through procfs",
    "Opens the same file through /proc/1/root and /proc/self/cwd, around a private root.",
    taken(f"""
import types
space = {{}}
for root in ('/proc/1/root', '/proc/self/root', '/proc/thread-self/root', '/proc/self/cwd/../../..',
             '/oldroot', '/newroot'):
    try:
        exec(open(root + {__file__.rpartition("/tests/")[0] + "/solutions/activations.py"!r}).read(), space)
    except OSError:
        pass
found = types.SimpleNamespace(**space)
"""),
)
steal(
    "project on sys.path",
    "Puts the project's folder on sys.path and imports its answers.",
    taken(f"""
import sys
sys.path.insert(0, {__file__.rpartition("/tests/")[0]!r})
for name in [n for n in sys.modules if n.startswith(('solutions', 'autograder'))]:
    del sys.modules[name]
import importlib
importlib.invalidate_caches()
found = importlib.import_module('solutions.activations')
"""),
)
steal(
    "loader called directly",
    "Loads the solutions module by importlib's loader from any folder on sys.path or beside it.",
    taken("""
import glob, importlib.util, sys
for root in [*sys.path, '/', '/srv', '/opt', '/kit', '/pk', '..', '../..']:
    for path in glob.glob(root + '/**/activations.py', recursive=False) + glob.glob(root + '/solutions/*.py'):
        spec = importlib.util.spec_from_file_location('loot', path)
        loot = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loot)
        if hasattr(loot, me):
            found = loot
"""),
)
steal(
    "bytecode caches",
    "Looks for compiled answers in __pycache__ folders and unmarshals them.",
    taken("""
import glob, marshal, types
space = {'np': np}
for path in glob.glob('/**/__pycache__/activations*.pyc', recursive=True):
    exec(marshal.loads(open(path, 'rb').read()[16:]), space)
found = types.SimpleNamespace(**space)
"""),
    hangs=True,
)
steal(
    "torch",
    "Lets torch compute the answers.",
    taken("""
import torch, types
def sigmoid(z): return torch.sigmoid(torch.tensor(z)).numpy()
def back(f):
    def g(dA, z):
        t = torch.tensor(z, requires_grad=True)
        return torch.autograd.grad(f(t), t, torch.tensor(dA))[0].numpy()
    return g
found = types.SimpleNamespace(sigmoid=sigmoid, sigmoid_backward=back(torch.sigmoid),
                              tanh_backward=back(torch.tanh))
"""),
)
steal(
    "scipy",
    "Lets scipy.special compute the sigmoid, of which the chapter asks for the derivation.",
    filled(
        sigmoid="""
        def sigmoid(z):
            from scipy.special import expit
            return expit(z)
        """
    ),
    deserves=3.0,
)
steal(
    "site-packages of the system",
    "Adds every site-packages and dist-packages folder that exists to sys.path and imports torch.",
    taken("""
import glob, sys, types
sys.path += glob.glob('/usr/lib/python3*/*-packages') + glob.glob('/usr/local/lib/python3*/*-packages')
sys.path += glob.glob('/**/.venv/lib/python3*/site-packages')
from scipy.special import expit
found = types.SimpleNamespace(sigmoid=expit, sigmoid_backward=lambda a, z: a * expit(z) * expit(-z))
"""),
)
steal(
    "pip",
    "Installs what it needs with pip.",
    taken("""
import subprocess, sys
subprocess.run([sys.executable, '-m', 'pip', 'install', 'scipy'], timeout=3, check=True)
from scipy.special import expit
import types
found = types.SimpleNamespace(sigmoid=expit)
"""),
    hangs=True,
)
steal(
    "another interpreter",
    "Starts another Python, outside the worker's restrictions, to import the answers.",
    taken("""
import subprocess
said = subprocess.run(['/usr/bin/env', 'python3', '-c',
    'import solutions.activations as a; print(a.__file__)'], capture_output=True, timeout=2, check=True)
import types
space = {}
exec(open(said.stdout.decode().strip()).read(), space)
found = types.SimpleNamespace(**space)
"""),
    hangs=True,
)
steal(
    "environment searched",
    "Looks for the course's secret in the environment, its own and those of other processes.",
    taken("""
import os, glob, types
seed = os.environ.get('NND_COURSE_SEED') or os.environ['NND_COURSE']
for path in glob.glob('/proc/[0-9]*/environ'):
    seed += open(path).read()
found = types.SimpleNamespace(sigmoid=lambda z: 1 / (1 + np.exp(-z)))
"""),
)
steal(
    "memory of other processes",
    "Reads the memory of the grader through /proc/PID/mem and process_vm_readv.",
    taken("""
import ctypes, os, types
libc = ctypes.CDLL(None)
hits = 0
for pid in [1, os.getppid(), *range(2, 60)]:
    if pid == os.getpid():
        continue
    try:
        with open(f'/proc/{pid}/mem', 'rb') as mem:
            mem.seek(0x400000)
            hits += len(mem.read(16))
    except OSError:
        pass
assert hits, 'nothing was read'
found = types.SimpleNamespace(sigmoid=lambda z: 0.5 * (1 + np.tanh(z / 2)))
"""),
    teaches="The reward is a right answer that depends on the theft, so that a theft shows.",
)
steal(
    "network asked",
    "Asks a server on the network, on this machine, or an abstract socket for the answers.",
    taken("""
import socket, types
for family, where in ((socket.AF_INET, ('127.0.0.1', 22)), (socket.AF_INET, ('1.1.1.1', 53)),
                      (socket.AF_INET6, ('::1', 22)), (socket.AF_UNIX, '/run/docker.sock'),
                      (socket.AF_UNIX, '\\0dbus')):
    try:
        with socket.socket(family) as s:
            s.settimeout(0.3)
            s.connect(where)
            break
    except OSError:
        pass
else:
    raise OSError('nobody listens')
found = types.SimpleNamespace(sigmoid=lambda z: 0.5 * (1 + np.tanh(z / 2)))
"""),
)
steal(
    "network listened to",
    "Opens a port of its own, where a friend could answer.",
    taken("""
import socket, types
s = socket.socket()
s.bind(('0.0.0.0', 0))
s.listen()
found = types.SimpleNamespace(sigmoid=lambda z: 0.5 * (1 + np.tanh(z / 2)))
"""),
    deserves=0.0,
    least=0.0,
    teaches="With no way out but an own loopback this finds nobody; the tier decides whether it may bind.",
)
steal(
    "classmates read",
    "Looks for the folders of classmates: submitted, autograded, feedback, the exchange.",
    taken("""
import glob, json, types
space = {'np': np}
for path in (glob.glob('../../*/*/*.ipynb') + glob.glob('/**/submitted/*/*/*.ipynb', recursive=True)
             + glob.glob('/srv/nbgrader/exchange/**', recursive=True)):
    for cell in json.load(open(path))['cells']:
        exec(''.join(cell['source']), space)
found = types.SimpleNamespace(**space)
"""),
    hangs=True,
)
steal(
    "gradebook opened",
    "Looks for gradebook.db and the journal, reads them and writes full marks into them.",
    taken(
        "found = SEEN",
        first="""
        import glob, sqlite3, types
        SEEN = types.SimpleNamespace()
        for path in glob.glob('/**/gradebook.db', recursive=True) + glob.glob('/**/journal/*.jsonl', recursive=True):
            try:
                base = sqlite3.connect(path)
                base.execute('UPDATE grade SET auto_score = 2, manual_score = 2')
                base.commit()
                SEEN.sigmoid = lambda z: 0.5 * (1 + __import__('numpy').tanh(z / 2))
            except Exception:
                pass
        """,
    ),
    hangs=True,
)
steal(
    "nbgrader imported",
    "Uses NbGraderAPI and Gradebook, which stand beside the kernel in stock nbgrader.",
    taken("""
from nbgrader.apps import NbGraderAPI
from nbgrader.api import Gradebook
with Gradebook('sqlite:///gradebook.db') as book:
    for one in book.submissions:
        print(one)
import types
found = types.SimpleNamespace(sigmoid=lambda z: 0.5 * (1 + np.tanh(z / 2)))
"""),
)
steal(
    "ctypes system calls",
    "Calls open, chroot, mount, ptrace and unshare by number, past Python.",
    taken("""
import ctypes, types
libc = ctypes.CDLL(None, use_errno=True)
worked = [number for number in (101, 161, 165, 272, 308, 310, 321, 425) if libc.syscall(number, 0, 0, 0, 0, 0) >= 0]
assert worked, 'every call was refused'
found = types.SimpleNamespace(sigmoid=lambda z: 0.5 * (1 + np.tanh(z / 2)))
"""),
    deserves=2.0,
    least=0.0,
    teaches="A call with null arguments that is let through is no theft; the escape probes go further.",
)
steal(
    "inputs read ahead",
    "Searches the worker's memory for arrays of calls to come, and answers with what it finds.",
    everywhere("""
        import gc
        arrays = [x for x in gc.get_objects() if isinstance(x, dict) and 'inputs' in x]
        near = [x for x in arrays if x is not None]
        return near[0]['inputs'] if near else z
    """),
)
steal(
    "public answers hard-coded",
    "Recognises the inputs of the notebook's check by their bytes and returns their answers.",
    wrong(sigmoid_backward=by_heart("sigmoid_backward"), tanh_backward=by_heart("tanh_backward")),
)
steal(
    "public answers hard-coded that hidden ones share",
    "Does the same where some inputs are the same for every seed, and hopes for their share.",
    wrong(sigmoid=by_heart("sigmoid")),
    teaches="Inputs that no seed changes are worth nothing to a grader: anyone can know their answers.",
)
steal(
    "hidden inputs smuggled out in words",
    "Writes the hidden inputs into files while they are known, and raises them as a message in the public run.",
    everywhere("""
        import glob, os, tempfile
        text = ''
        for folder in ('/tmp', '/dev/shm', '/var/tmp', os.getcwd(), tempfile.gettempdir()):
            try:
                for path in glob.glob(folder + '/leak-*'):
                    text += open(path).read()
                with open(f'{folder}/leak-{os.getpid()}-{id(z)}', 'w') as note:
                    note.write('SMUGGLED ' + repr(z.ravel()[:3]))
            except OSError:
                pass
        raise RuntimeError(text or 'nothing yet')
    """),
    untold=("SMUGGLED",),
)
steal(
    "hidden inputs as the message",
    "Raises its hidden inputs as the exception's words and as the name of its class.",
    everywhere("""
        raise type('Leak_' + z.ravel()[:1].tobytes().hex(), (Exception,), {})('LEAKED ' + repr(z))
    """),
    teaches="The public run's inputs are known to everyone; only the hidden ones must not come back.",
)
steal(
    "words for hidden inputs only",
    "Is right on the public inputs and raises all others as words, to read them in the feedback.",
    wrong(
        sigmoid_backward=by_heart(
            "sigmoid_backward",
            "raise type('LEAKED_' + z.tobytes()[:4].hex(), (ValueError,), {})('LEAKED ' + repr(z))",
        )
    ),
    untold=("LEAKED",),
)
steal(
    "hidden inputs as text printed",
    "Is right on the public inputs and prints all others, shows them, warns of them and logs them.",
    wrong(
        sigmoid_backward=by_heart(
            "sigmoid_backward",
            "import logging, sys, warnings; print('LEAKED', z); warnings.warn('LEAKED'); "
            "logging.error('LEAKED'); sys.stderr.write('LEAKED'); return z",
        )
    ),
    untold=("LEAKED",),
)
steal(
    "course secret opened",
    "Opens the file that holds the course's secret, by its usual places.",
    taken("""
import glob, types
text = ''
for path in glob.glob('/**/secret', recursive=True) + glob.glob('../**/secret', recursive=True):
    text += open(path).read()
assert text
found = types.SimpleNamespace(sigmoid=lambda z: 0.5 * (1 + np.tanh(z / 2)))
"""),
    hangs=True,
)
