"""The system calls that student code may make.  Everything else is refused with EPERM.

`python -m autograder.grading.filters` compiles the list with libseccomp into the committed files
`filter_x86_64.bpf` and `filter_aarch64.bpf`; a sandbox loads only those bytes.
"""

import platform
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
MACHINES = ("x86_64", "aarch64")

# What CPython and NumPy need.  Files can be opened as far as the other walls let them.  Modes,
# owners, times and links cannot be changed, since Landlock does not look at these.  Files cannot be
# removed or nameless, so that who looks into a session's folder sees all that it holds.  There are
# no threads and no processes, since a limit on their number does not hold for root.
NAMES = """
read readv pread64 preadv preadv2 write writev pwrite64 pwritev lseek close close_range
access faccessat faccessat2 stat lstat fstat newfstatat statx statfs fstatfs
readlink readlinkat getdents getdents64 getcwd chdir umask ftruncate fadvise64
dup dup2 dup3 pipe pipe2 poll ppoll select pselect6
brk mmap munmap mprotect mremap madvise mincore msync
futex set_robust_list get_robust_list set_tid_address rseq sched_yield membarrier
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait sigaltstack
restart_syscall pause
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getitimer
getpid getppid gettid getpgid getpgrp getsid getuid geteuid getgid getegid getresuid getresgid
getgroups getrusage getrlimit getcpu sched_getaffinity sched_getparam sched_getscheduler
sched_get_priority_max sched_get_priority_min capget
getrandom uname sysinfo exit exit_group wait4 waitid
"""

# Copy, close-on-exec and status of a descriptor; not its owner, to whom the kernel sends signals.
FCNTL = (0, 1, 2, 3, 4, 1030)
# Is it a terminal and how wide, close-on-exec, how much is there to read.
IOCTL = (0x5401, 0x5413, 0x5450, 0x5451, 0x541B)

NAMELESS = 0x400000  # of open: make a file without a name (O_TMPFILE)


def path(machine: str = "") -> Path:
    """The compiled filter of a machine, by default of this one; it may not exist."""
    return HERE / f"filter_{(machine or platform.machine()).lower()}.bpf"


def compiled(machine: str) -> bytes:
    """Compile the list with libseccomp."""
    import pyseccomp as seccomp

    made = seccomp.SyscallFilter(seccomp.ERRNO(1))
    target = getattr(seccomp.Arch, machine.upper())
    if target != seccomp.system_arch():
        made.add_arch(target)
        made.remove_arch(seccomp.system_arch())
    for name in NAMES.split():
        made.add_rule(seccomp.ALLOW, name)
    for command in FCNTL:
        made.add_rule(seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    for command in IOCTL:
        made.add_rule(seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, command))
    for name, at in (("open", 1), ("openat", 2)):
        made.add_rule(seccomp.ALLOW, name, seccomp.Arg(at, seccomp.MASKED_EQ, NAMELESS, 0))
    # Limits may be read, and only one's own: this call could set those of the grader too.
    own, reading = seccomp.Arg(0, seccomp.EQ, 0), seccomp.Arg(2, seccomp.EQ, 0)
    made.add_rule(seccomp.ALLOW, "prlimit64", own, reading)
    # "There is no such call" lets the C library fall back on one that is answered above.
    for name in ("clone3", "openat2", "futex_waitv"):
        made.add_rule(seccomp.ERRNO(38), name)
    with tempfile.TemporaryFile() as file:
        made.export_bpf(file)
        file.seek(0)
        return file.read()


def main() -> None:
    """Renew the committed filters."""
    for machine in MACHINES:
        path(machine).write_bytes(compiled(machine))
        print(f"{path(machine).name}: {path(machine).stat().st_size} bytes")


if __name__ == "__main__":
    main()
