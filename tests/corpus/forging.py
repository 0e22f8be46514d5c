"""Submissions that want the verdict itself: to print it, to patch it, or to be asked nothing."""

import functools

from corpus.entry import hostile
from corpus.notebooks import everywhere, filled, wrong

forge = functools.partial(hostile, "forging")

forge(
    "displayhook",
    "Shows 2.0 through sys.displayhook from inside the function, which stock nbgrader takes for the score.",
    everywhere("""
        import sys
        sys.displayhook(2.0)
        return z
    """),
)
forge(
    "displayhook replaced",
    "Replaces sys.displayhook so that whatever a cell shows is 2.0.",
    wrong("import sys\nsys.displayhook = lambda value: sys.__stdout__.write('2.0')"),
)
forge(
    "get_ipython execution result",
    "Publishes an execute_result of its own through the kernel's shell.",
    everywhere("""
        ip = get_ipython()
        ip.displayhook(2.0)
        ip.run_line_magic('reset', '-f')
        ip.ast_transformers.append(None)
        return z
    """),
)
forge(
    "floats printed",
    "Prints scores on stdout and stderr, in case somebody reads the last number there.",
    everywhere("""
        import sys
        print(2.0)
        print('points: 2.0', file=sys.stderr)
        return z
    """),
)
forge(
    "json verdicts printed",
    "Prints JSON that looks like a right verdict, in case output and protocol share a pipe.",
    everywhere("""
        import json, sys
        for line in ({'right': True, 'score': 2}, {'end': 1}, {'ok': 1, 'ret': {'kind': 'plain'}}):
            sys.stdout.write(json.dumps(line) + '\\n')
        sys.stdout.flush()
        return z
    """),
)
forge(
    "garbage on every descriptor",
    "Writes noise to every open file descriptor, to break or to steer the protocol.",
    filled(
        sigmoid="""
        import os
        def sigmoid(z):
            for fd in range(3, 256):
                try:
                    os.write(fd, b'\\x00' * 64 + b'{"right": true}')
                except OSError:
                    pass
            return z
        """
    ),
    deserves=3.0,
)
forge(
    "frames on every descriptor",
    "Writes well-formed frames with a result of its own to every descriptor, ahead of the worker.",
    filled(
        sigmoid="""
        import json, os, struct
        import numpy as np
        def framed(value):
            data = np.asarray(value, dtype='<f8').tobytes()
            head = json.dumps({'kind': 'array', 'dtype': '<f8', 'shape': list(value.shape),
                               'turned': False}).encode()
            return b''.join(struct.pack('<Q', len(p)) + p for p in (head, data))
        def sigmoid(z):
            for fd in range(3, 256):
                try:
                    os.write(fd, framed(z) * 8)
                except OSError:
                    pass
            return z
        """
    ),
    deserves=3.0,
)
forge(
    "frames while cells run",
    "Answers calls that were never made, while its cells run, so that the answers lie ready.",
    wrong("""
        import json, os, struct
        body = json.dumps({'kind': 'plain', 'value': True}).encode()
        for fd in range(3, 256):
            try:
                for length in ('<Q', '<I', '>I', '>Q'):
                    os.write(fd, struct.pack(length, len(body)) + body)
            except OSError:
                pass
    """),
)
forge(
    "a huge frame announced",
    "Announces a frame of 2^63 bytes, for the reader to reserve.",
    wrong("""
        import os, struct
        for fd in range(3, 256):
            try:
                os.write(fd, struct.pack('<Q', 2**63 - 1) + struct.pack('>Q', 2**40))
            except OSError:
                pass
    """),
)
forge(
    "descriptors closed",
    "Closes every descriptor, so that a worker that cannot answer is taken for a broken sandbox.",
    filled(
        sigmoid="""
        import os
        def sigmoid(z):
            os.closerange(0, 1024)
            return z
        """
    ),
    deserves=3.0,
)
forge(
    "descriptors redirected",
    "Points every descriptor at /dev/null, so that the answers get lost and not its points.",
    filled(
        sigmoid="""
        import os
        def sigmoid(z):
            null = os.open('/dev/null', os.O_RDWR)
            for fd in range(0, 256):
                if fd != null:
                    try:
                        os.fstat(fd)
                        os.dup2(null, fd)
                    except OSError:
                        pass
            return z
        """
    ),
    deserves=3.0,
    hangs=True,
)
forge(
    "descriptors read",
    "Reads what waits in every descriptor, to see inputs of calls to come or expected values.",
    filled(
        sigmoid="""
        import os
        def sigmoid(z):
            for fd in range(0, 64):
                try:
                    os.set_blocking(fd, False)
                    os.read(fd, 1 << 20)
                except OSError:
                    pass
            return z
        """
    ),
    deserves=3.0,
)
forge(
    "allclose replaced",
    "Makes np.allclose, np.isclose and np.array_equal say yes.",
    wrong("""
        import numpy as np
        np.allclose = np.array_equal = lambda *a, **k: True
        np.isclose = lambda *a, **k: np.True_
        np.all = lambda *a, **k: True
    """),
)
forge(
    "asarray replaced",
    "Makes np.asarray return what it was last given by anybody, to compare the reference with itself.",
    wrong("""
        import numpy as np
        kept = []
        def asarray(x, *a, **k):
            kept.append(x)
            return kept[0]
        np.asarray = np.array = asarray
    """),
)
forge(
    "numpy module replaced",
    "Puts another module in the place of numpy in sys.modules.",
    wrong("""
        import sys, types
        class Yes(types.ModuleType):
            def __getattr__(self, name):
                return lambda *a, **k: True
        sys.modules['numpy'] = Yes('numpy')
        sys.modules['numpy.testing'] = Yes('numpy.testing')
    """),
)
forge(
    "subclass equal to everything",
    "Returns an ndarray subclass that equals, and is close to, everything.",
    everywhere("""
        class Same(np.ndarray):
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __array_ufunc__(self, *a, **k): return True
            def __array_function__(self, *a, **k): return True
            def all(self, *a, **k): return True
        return z.view(Same)
    """),
)
forge(
    "subclass lying of its bytes",
    "Returns an ndarray subclass whose astype, tobytes, shape and dtype lie.",
    everywhere("""
        class Liar(np.ndarray):
            def astype(self, *a, **k): return self
            def tobytes(self, *a, **k): return b'right'
            @property
            def T(self): return 'right'
        return z.view(Liar)
    """),
)
forge(
    "object with __array__",
    "Returns an object whose __array__ and __float__ give something new at every look.",
    everywhere("""
        class Chameleon:
            seen = 0
            def __array__(self, *a, **k):
                Chameleon.seen += 1
                return z * Chameleon.seen
            def __float__(self): return 2.0
            def __eq__(self, other): return True
            def __len__(self): return len(z)
        return Chameleon()
    """),
)
forge(
    "class disguised as ndarray",
    "Returns an object whose __class__ says that it is an ndarray.",
    everywhere("""
        class Mask:
            __class__ = np.ndarray
            shape, dtype, ndim, size = z.shape, z.dtype, z.ndim, z.size
            def __getattr__(self, name): return lambda *a, **k: self
            def __eq__(self, other): return True
        return Mask()
    """),
)
forge(
    "number that is every number",
    "Returns a float subclass that equals everything and hides its hex.",
    everywhere("""
        class Any(float):
            def hex(self): return 'inf'
            def __eq__(self, other): return True
            def __sub__(self, other): return 0.0
            __rsub__ = __sub__
        return Any(0.5)
    """),
)
forge(
    "str subclass in the header",
    "Returns str and int subclasses whose JSON would be the attacker's.",
    everywhere("""
        class Word(str):
            def __str__(self): return '"}, {"right": true'
            __repr__ = __str__
        class Many(int):
            def __repr__(self): return '1, "right": true'
            __str__ = __repr__
        return [Word('x'), Many(3)]
    """),
)
forge(
    "dict with keys of its own",
    "Returns a dict subclass whose items differ from its keys, and a list that grows while it is read.",
    everywhere("""
        class Keys(dict):
            def items(self): return [('kind', 'array'), ('__class__', z)]
            def keys(self): return {'right'}
        class Growing(list):
            def __iter__(self):
                yield from range(10)
                yield z
        return Keys(a=Growing([z]))
    """),
)
forge(
    "generator of guesses",
    "Yields guesses in turn instead of returning one.",
    everywhere("""
        yield z
        yield np.zeros_like(z)
        yield 1 / (1 + np.exp(-np.clip(z, -500, 500)))
    """),
)
forge(
    "result changed by a thread",
    "Returns an array into which a thread goes on writing, so that two readers see two results.",
    everywhere("""
        import threading
        out = np.array(z)
        def scribble():
            for i in range(10000):
                out[...] = i
        threading.Thread(target=scribble, daemon=True).start()
        return out
    """),
)
forge(
    "threads that answer",
    "Starts threads that keep writing frames after the call has returned.",
    filled(
        sigmoid="""
        import os, threading, time
        def shout():
            for _ in range(200):
                for fd in range(3, 32):
                    try:
                        os.write(fd, b'\\x08\\0\\0\\0\\0\\0\\0\\0{"a": 1}')
                    except OSError:
                        pass
                time.sleep(0.001)
        def sigmoid(z):
            threading.Thread(target=shout, daemon=True).start()
            return z
        """
    ),
    deserves=3.0,
    least=0.0,
    teaches="What noise of one answer's threads breaks later is that student's own loss.",
)
forge(
    "input returned",
    "Returns the very input object, in case observer and judge share it.",
    everywhere("return z"),
)
forge(
    "input turned into the answer",
    "Overwrites its input in place and returns it, so that input and result change together.",
    everywhere("""
        z[...] = 0.5
        return z
    """),
)
forge(
    "memory-mapped result",
    "Returns an array mapped from a file that is rewritten later.",
    everywhere("""
        import tempfile
        out = np.memmap(tempfile.TemporaryFile(), dtype=z.dtype, mode='w+', shape=z.shape)
        return out
    """),
)
forge(
    "array over foreign memory",
    "Returns an array whose data pointer is an address picked by the student.",
    filled(
        sigmoid="""
        def sigmoid(z):
            class At:
                __array_interface__ = {'version': 3, 'shape': z.shape, 'typestr': '<f8',
                                       'data': (4096, False)}
            return np.asarray(At())
        """
    ),
    deserves=3.0,
)
forge(
    "strides out of bounds",
    "Returns a strided view that reads far beyond its buffer, into the worker's memory.",
    filled(
        sigmoid="""
        def sigmoid(z):
            return np.lib.stride_tricks.as_strided(z, shape=z.shape, strides=(1 << 40,) * z.ndim)
        """
    ),
    deserves=3.0,
)
forge(
    "observe replaced",
    "Replaces autograder.observe.observe in the worker by one that reports a clean call.",
    wrong("""
        import autograder.observe as o
        o.observe = lambda answer, inputs: o.Observation(result=True)
        o.observe_all = lambda *a: [o.Observation(result=True)] * 7
        o.Observation = lambda **k: {'right': True}
    """),
)
forge(
    "wire replaced",
    "Replaces encode and decode of autograder.wire.",
    filled(
        first="""
        import autograder.wire as w
        keep = w.encode
        w.encode = lambda value: keep({'right': True, 'score': 2.0})
        w.decode = lambda frame, inputs=False: {}
        """,
        sigmoid=None,
        sigmoid_backward=None,
        tanh_backward=None,
    ),
)
forge(
    "json and struct replaced",
    "Replaces json.dumps and struct.pack, with which the worker writes its frames.",
    wrong("""
        import json, struct
        real = json.dumps
        json.dumps = lambda value, **k: real({'right': True, 'share': 1.0, 'result': 2.0})
        json.loads = lambda text, **k: {}
    """),
)
forge(
    "every module of the kit patched",
    "Replaces each function of every loaded module of the autograder by one that returns True.",
    wrong("""
        import sys, types
        for name, module in list(sys.modules.items()):
            if name.startswith(('autograder', '__main__', 'worker')):
                for key, value in list(vars(module).items()):
                    if isinstance(value, types.FunctionType):
                        try:
                            value.__code__ = (lambda *a, **k: True).__code__
                        except Exception:
                            pass
    """),
)
forge(
    "builtins replaced",
    "Replaces isinstance, type, len, callable and getattr among the builtins.",
    wrong("""
        import builtins
        builtins.isinstance = lambda *a: True
        builtins.callable = lambda *a: True
        builtins.len = lambda *a: 1
        builtins.all = builtins.any = lambda *a: True
    """),
)
forge(
    "compile hooked",
    "Replaces compile, exec and ast.parse so that every later cell is the attacker's.",
    wrong("""
        import ast, builtins
        parse = ast.parse
        ast.parse = lambda source, *a, **k: parse('score = 2.0')
        builtins.compile = lambda *a, **k: (lambda: 2.0).__code__
        builtins.exec = lambda *a, **k: None
    """),
)
forge(
    "import hooked",
    "Puts a finder first in sys.meta_path that supplies autograder and numpy.testing.",
    wrong("""
        import sys, importlib.abc, importlib.machinery, types
        class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                return importlib.machinery.ModuleSpec(name, self)
            def create_module(self, spec):
                return types.ModuleType(spec.name)
            def exec_module(self, module):
                module.grade = module.check = module.verdict = lambda *a: 2.0
        sys.meta_path.insert(0, Finder())
        for name in [n for n in sys.modules if n.startswith('autograder')]:
            del sys.modules[name]
    """),
)
forge(
    "tracing the caller",
    "Catches the caller with sys.settrace and sys.setprofile and rewrites its locals.",
    wrong("""
        import sys, ctypes
        def spy(frame, event, arg):
            for name in ('result', 'want', 'wanted', 'expected', 'verdict', 'right'):
                if name in frame.f_locals:
                    frame.f_locals[name] = True
            return spy
        sys.settrace(spy)
        sys.setprofile(spy)
    """),
)
forge(
    "frames of the caller",
    "Climbs the frames of its callers and returns any array it finds there that is not its input.",
    everywhere("""
        import inspect
        for info in inspect.stack():
            for value in list(info.frame.f_locals.values()) + list(info.frame.f_globals.values()):
                if isinstance(value, np.ndarray) and value.shape == z.shape and value is not z:
                    if not np.array_equal(value, z):
                        return value
        return z
    """),
)
forge(
    "garbage collector searched",
    "Searches every object that the collector knows for an expected value, a case or a verdict.",
    everywhere("""
        import gc
        for thing in gc.get_objects():
            try:
                name = type(thing).__name__
            except Exception:
                continue
            if name in ('Exercise', 'Case', 'Mistake', 'Verdict'):
                reference = getattr(thing, 'reference', None)
                if reference is not None:
                    return reference(z)
        return z
    """),
)
forge(
    "raises with the answer asked for",
    "Hopes that the exception's words or its frames show what was expected.",
    everywhere("raise ValueError('expected', z, locals())"),
)
forge(
    "name called from another object",
    "Binds the exercise's name to an object whose __call__ and __name__ change from call to call.",
    wrong(
        sigmoid="""
        class Answer:
            calls = 0
            @property
            def __name__(self):
                return 'relu' if Answer.calls else 'sigmoid'
            @property
            def __code__(self):
                raise SystemExit
            def __call__(self, z):
                Answer.calls += 1
                return z
            def __getattr__(self, name):
                return lambda *a, **k: 2.0
        sigmoid = Answer()
        """
    ),
)
forge(
    "namespace that answers",
    "Replaces the namespace's dict methods by way of a metaclass, so that any name asked for exists.",
    wrong("""
        class Everything(dict):
            def __missing__(self, name): return lambda *a, **k: 2.0
        import sys
        sys.modules['__main__'].__dict__.update(Everything(check=lambda f: 2.0, grade=lambda f: 2.0))
        __builtins__ = Everything()
    """),
)
forge(
    "grade called by hand",
    "Calls grade, check and judge by hand as the last thing, to leave a full score behind.",
    wrong(
        last="""
        try:
            from autograder import grade
            grade(sigmoid)
        except Exception:
            pass
        2.0
        """
    ),
)
forge(
    "check replaced",
    "Defines its own check, grade and judge, that find everything right.",
    wrong("""
        def check(answer): return 2.0
        grade = judge = verify = check
        import builtins
        builtins.check = builtins.grade = check
    """),
)
forge(
    "exit handlers",
    "Registers exit handlers that write a verdict once the worker ends.",
    wrong("""
        import atexit, os, sys
        def late():
            for fd in range(1, 64):
                try:
                    os.write(fd, b'{"right": true, "score": 2.0}')
                except OSError:
                    pass
        atexit.register(late)
        sys.exitfunc = late
    """),
)
forge(
    "exit with success",
    "Leaves with exit code 0 in the middle of its first call, since success is success.",
    filled(sigmoid="import os\ndef sigmoid(z):\n    os._exit(0)\n"),
    deserves=3.0,
)
forge(
    "SystemExit in a cell",
    "Raises SystemExit in its first cell, so that nothing is left to be judged.",
    filled(first="import sys\nsys.exit(0)"),
    deserves=5.0,
    least=5.0,
    teaches="An exception of any kind ends its cell and nothing else; the answers below still count.",
)
forge(
    "KeyboardInterrupt in a call",
    "Raises KeyboardInterrupt, which is what a stopped call raises, to look like the grader's doing.",
    filled(sigmoid="def sigmoid(z):\n    raise KeyboardInterrupt\n"),
    deserves=3.0,
)
forge(
    "exceptions named like the protocol's",
    "Raises classes named OutOfTime, Missing, Unsendable and Stopped, the words of the protocol.",
    everywhere("""
        import itertools
        names = globals().setdefault('names', itertools.cycle(
            ['Missing', 'Unsendable', 'Stopped', 'OutOfTime', 'SandboxFailure', 'NotGraded']))
        raise type(next(names), (Exception,), {})('ready')
    """),
)
forge(
    "NotImplementedError at leisure",
    "Raises NotImplementedError in the hidden run only, so that the exercise counts as not written.",
    filled(
        sigmoid="""
        def sigmoid(z):
            raise NotImplementedError
        """
    ),
    deserves=3.0,
)
forge(
    "exception without words",
    "Raises an exception whose __str__ and whose class's __name__ raise in turn.",
    filled(
        sigmoid="""
        class Meta(type):
            @property
            def __name__(cls):
                raise RuntimeError('no name')
        class Mute(Exception, metaclass=Meta):
            def __str__(self):
                raise SystemExit
            __repr__ = __str__
        def sigmoid(z):
            raise Mute
        """
    ),
    deserves=3.0,
    teaches="Even asking an exception for its words runs the student's code.",
)
forge(
    "exception that speaks forever",
    "Raises an exception whose __str__ never returns, after the call has been timed.",
    filled(
        sigmoid="""
        class Endless(Exception):
            def __str__(self):
                while True:
                    pass
        def sigmoid(z):
            raise Endless
        """
    ),
    deserves=3.0,
    hangs=True,
)
forge(
    "exception with a foreign name",
    "Raises an exception whose class name is a number, and whose words are bytes.",
    filled(
        sigmoid="""
        class Meta(type):
            __name__ = 7
        class Odd(Exception, metaclass=Meta):
            def __str__(self):
                return b'bytes'
        def sigmoid(z):
            raise Odd
        """
    ),
    deserves=3.0,
)
forge(
    "warnings turned against the observer",
    "Replaces warnings.catch_warnings and np.errstate, within which every call is observed.",
    filled(
        sigmoid="""
        import warnings
        class Broken:
            def __init__(self, *a, **k): pass
            def __enter__(self): raise SystemExit
            def __exit__(self, *a): return True
        warnings.catch_warnings = np.errstate = Broken
        def sigmoid(z):
            return z
        """,
    ),
    deserves=3.0,
    least=0.0,
    teaches="Who breaks NumPy for the whole notebook loses what is computed with it afterwards.",
)
forge(
    "noise swallowed",
    "Overflows on the way and silences NumPy's reports, so that luck looks like care.",
    filled(
        sigmoid="""
        def sigmoid(z):
            with np.errstate(all='ignore'):
                return (1 / (1 + np.exp(-z))).astype(z.dtype)
        """
    ),
    deserves=5.0,
    teaches="Silencing a warning whose outcome is right is what NumPy's manual advises; it is allowed.",
)
forge(
    "random answers",
    "Returns random numbers, a new try at every call.",
    everywhere("return np.random.random(z.shape).astype(z.dtype)"),
)
forge(
    "time bomb",
    "Is right at first and wrong later, or the other way round, by a count of its calls.",
    filled(
        sigmoid="""
        calls = []
        def sigmoid(z):
            calls.append(1)
            e = np.exp(-np.abs(z))
            return np.maximum(e, z >= 0) / (1 + e) if len(calls) > 4 else z
        """
    ),
    deserves=4.0,
    least=3.0,
    teaches="Being right on some inputs earns at most half, whichever inputs they are.",
)
forge(
    "hidden run detected",
    "Looks for signs of a grader (no IPython, no torch) and behaves only when nobody looks.",
    filled(
        sigmoid="""
        import sys
        watched = 'IPython' not in sys.modules
        def sigmoid(z):
            e = np.exp(-np.abs(z))
            return z if watched else np.maximum(e, z >= 0) / (1 + e)
        """
    ),
    deserves=3.0,
)
forge(
    "garbage collection at the wrong time",
    "Leaves objects whose __del__ raises, prints and writes to every descriptor.",
    wrong("""
        import os
        class Late:
            def __del__(self):
                for fd in range(1, 64):
                    try:
                        os.write(fd, b'2.0')
                    except OSError:
                        pass
                raise RuntimeError('late')
        ring = [Late() for _ in range(100)]
        ring.append(ring)
        del ring
    """),
    least=0.0,
)
forge(
    "signals taken over",
    "Installs handlers for every signal and an interval timer, so that time limits never arrive.",
    everywhere("""
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, lambda *a: None)
            except (OSError, ValueError):
                pass
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        return z
    """),
)
forge(
    "interpreter settings",
    "Sets the recursion limit, the switch interval and the digit limit to values nobody expects.",
    wrong("""
        import sys, gc, threading
        sys.setrecursionlimit(60)
        sys.setswitchinterval(1000)
        sys.set_int_max_str_digits(640)
        gc.disable()
        gc.set_threshold(0)
        threading.stack_size(32768)
    """),
)
forge(
    "caller's function rewritten",
    "Rewrites the bytecode of the functions that are calling it.",
    everywhere("""
        import gc, sys
        frame = sys._getframe(1)
        while frame:
            for f in gc.get_referrers(frame.f_code):
                try:
                    f.__code__ = (lambda *a, **k: True).__code__
                except Exception:
                    pass
            frame = frame.f_back
        return z
    """),
)
forge(
    "types of numpy altered by ctypes",
    "Sets attributes on built-in types through ctypes.pythonapi, so that float addition lies.",
    wrong("""
        import ctypes, gc
        for victim in (float, int, dict):
            space = gc.get_referents(victim.__dict__)[0]
            space['__eq__'] = lambda a, b: True
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(float))
    """),
    least=0.0,
)
forge(
    "observer told that nothing changed",
    "Alters its input, and replaces the comparison by which the observer inside would see it.",
    filled(
        first="import autograder.observe as o\no.same_input = lambda now, before: True",
        tanh_backward="def tanh_backward(dA, z):\n    z[...] = np.tanh(z)\n    return dA * (1 - z**2)",
    ),
    deserves=5.0,
    least=4.5,
    teaches="What happens to a copy inside the walls is known to the student's process alone.",
)
