"""The walls that a process puts up around itself before it runs a student's code.  Linux only.

Everything here is the kernel's own: Landlock, seccomp, capabilities and limits, called through
ctypes so that nothing need be installed inside.  Each raises OSError if the kernel refuses.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from typing import Any

NO_NEW_PRIVS, SET_SECCOMP, GET_SECCOMP, SET_DUMPABLE, PARENT_DEATH = 38, 22, 21, 4, 1
BOUNDING_READ, BOUNDING_DROP, AMBIENT, AMBIENT_CLEAR = 23, 24, 47, 4
CAPABILITY_VERSION = 0x20080522
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture

# Landlock's rights on files.
WRITE_FILE, READ_FILE, READ_DIR, MAKE_REG, TRUNCATE = (1 << bit for bit in (1, 2, 3, 8, 14))
OF_A_FILE = WRITE_FILE | READ_FILE | TRUNCATE
KNOWN = {0: 0, 1: 13, 2: 14, 3: 15, 4: 15}  # rights that each version of Landlock knows; then 16
NETWORK, SCOPES = 0b11, 0b11  # bind and connect by TCP; abstract sockets and signals


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int) -> int:
    """Call prctl; a negative answer raises."""
    given = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_libc().prctl(option, *given), f"prctl {option}")


def _checked(answer: int, what: str) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return answer


def limit(memory: int, files: int, processes: int = 0) -> None:
    """Bound the memory, the size of a file and, if given, the number of processes; no core dump."""
    import resource

    bounds = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: files,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CPU: 300,  # the trusted side's clock is stricter; this outlives it
        resource.RLIMIT_CORE: 0,
    }
    if processes:
        bounds[resource.RLIMIT_NPROC] = processes
    for which, most in bounds.items():
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))


def seal() -> None:
    """Give up what an execve could regain, core dumps and tracers, and life after the parent's."""
    _prctl(NO_NEW_PRIVS, 1)
    _prctl(SET_DUMPABLE, 0)
    _prctl(PARENT_DEATH, 9)


def has_seccomp() -> bool:
    """Whether this kernel can filter system calls."""
    try:
        return _prctl(GET_SECCOMP) >= 0
    except OSError:
        return False


def filter_calls(program: bytes) -> None:
    """Let only the system calls pass that a compiled filter allows, for good."""
    code = ctypes.create_string_buffer(program, len(program))
    pointed = _Program(len(program) // 8, ctypes.addressof(code))
    _prctl(SET_SECCOMP, 2, ctypes.addressof(pointed))


def drop_capabilities() -> None:
    """Give up every privilege of root, for good."""
    for capability in range(64):
        try:
            held = _prctl(BOUNDING_READ, capability)
        except OSError:
            break  # the kernel knows no more
        if held and os.geteuid() == 0:
            _prctl(BOUNDING_DROP, capability)
    _prctl(AMBIENT, AMBIENT_CLEAR)
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    _checked(_libc().capset(header, bytes(24)), "capset")


def landlock_version() -> int:
    """The version of Landlock that this kernel has; 0 if it has none or it is switched off."""
    return max(0, _libc().syscall(ctypes.c_long(CREATE_RULESET), None, ctypes.c_size_t(0), 1))


def landlock(readable: Iterable[str], listable: Iterable[str], writable: Iterable[str]) -> None:
    """Let this process and its children open nothing but what is named, and connect to nothing.

    readable: files, and folders with all in them.  listable: folders whose names may be listed.
    writable: files, and folders in which plain files may be made.
    """
    version = landlock_version()
    handled = (1 << KNOWN.get(version, 16)) - 1
    asked = [handled, *([NETWORK] if version >= 4 else []), *([SCOPES] if version >= 6 else [])]
    given = struct.pack(f"={len(asked)}Q", *asked)
    libc = _libc()
    ruleset = _checked(
        libc.syscall(ctypes.c_long(CREATE_RULESET), given, ctypes.c_size_t(len(given)), 0),
        "Landlock",
    )
    everything = WRITE_FILE | READ_FILE | READ_DIR | MAKE_REG | TRUNCATE
    try:
        for paths, rights in (
            (readable, READ_FILE | READ_DIR),
            (listable, READ_DIR),
            (writable, everything),
        ):
            for path in paths:
                _allow(libc, ruleset, path, rights & handled)
        _prctl(NO_NEW_PRIVS, 1)
        _checked(libc.syscall(ctypes.c_long(RESTRICT_SELF), ruleset, 0), "Landlock")
    finally:
        os.close(ruleset)


def _allow(libc: Any, ruleset: int, path: str, rights: int) -> None:
    where = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = rights if os.path.isdir(path) else rights & OF_A_FILE
        rule = struct.pack("=Qi", rights, where)
        _checked(libc.syscall(ctypes.c_long(ADD_RULE), ruleset, 1, rule, 0), f"Landlock: {path}")
    finally:
        os.close(where)
