"""`learn`: the learner's own copy of the notebooks, and JupyterLab on it."""

import argparse
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from book.contents import ROOT
from book.environment import Trouble, become, say

CHAPTERS = ROOT / "chapters"
MINE = ROOT / "my-book"
COPIES = ".copied-from-the-book.json"  # path -> hash of what was copied, to notice a newer version
START = "00_start/start.ipynb"


def learn(options: argparse.Namespace) -> int:
    """Bring my-book/ up to date and open it; JupyterLab takes this process over."""
    try:
        tell(*copy_notebooks(CHAPTERS, MINE))
    except OSError as error:
        raise Trouble(
            f"my-book/ could not be written ({error.strerror}: {error.filename}). "
            "What was in it is untouched."
        ) from error
    say("Opening JupyterLab. Ctrl-C here ends it; what you saved stays in my-book/.")
    return open_lab(MINE, f"/lab/tree/{START}", options)


def copy_notebooks(book: Path, mine: Path) -> tuple[list[str], list[str]]:
    """Copy what the learner lacks, overwrite nothing; return the paths copied and outgrown.

    A notebook is outgrown when the book's has changed since the learner's copy was made.
    """
    found = sorted(path for path in book.rglob("*") if path.is_file() and not _hidden(path, book))
    if not found:
        raise Trouble("chapters/ holds no notebooks: `python -m book notebooks` makes them.")
    if mine.exists() and not mine.is_dir():
        raise Trouble(f"{mine.name} is a file; rename it, so that your notebooks can live there.")
    mine.mkdir(exist_ok=True)
    if not (mine / "progress.json").exists():
        _write(mine / "progress.json", "{}\n")
    known = _read(mine / COPIES)
    copied, outgrown = [], []
    for source in found:
        name = source.relative_to(book).as_posix()
        version = hashlib.sha256(source.read_bytes()).hexdigest()
        if not (mine / name).exists():
            (mine / name).parent.mkdir(parents=True, exist_ok=True)
            draft = mine / f"{name}.part"
            shutil.copyfile(source, draft)
            draft.rename(mine / name)  # whole or not at all
            copied.append(name)
            known[name] = version
        elif known.get(name, version) != version:
            outgrown.append(name)
    _write(mine / COPIES, json.dumps(known, indent=1) + "\n")
    return copied, outgrown


def tell(copied: list[str], outgrown: list[str]) -> None:
    """Say what is new, and which notebooks the book has a newer version of."""
    if copied:
        say("New in my-book/: " + ", ".join(copied) + ".")
    else:
        say("Your notebooks are in my-book/, as you left them.")
    for name in outgrown:
        say(
            f"The book has a newer version of {name}; yours is kept. "
            "To start that one afresh, rename yours and run `make learn` again."
        )


def open_lab(root: Path, page: str, options: argparse.Namespace) -> int:
    """Become a JupyterLab server that opens a page, with `root` as its top folder."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    command += [f"--LabApp.default_url={page}", f"--port={options.port}"]
    command += ["--log-level=ERROR"]  # the address is printed all the same
    command += ["--no-browser"] if options.no_browser else []
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    _ask_nothing()
    os.chdir(root)
    return become(command, dict(os.environ))


def _ask_nothing() -> None:
    """Keep JupyterLab from asking about news: nothing is fetched from the internet."""
    settings = Path(sys.prefix, "share/jupyter/lab/settings/overrides.json")
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    chosen = _read(settings)
    chosen.setdefault("@jupyterlab/apputils-extension:notification", {}).update(quiet)
    settings.parent.mkdir(parents=True, exist_ok=True)
    _write(settings, json.dumps(chosen, indent=1) + "\n")


def _hidden(path: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(top).parts)


def _read(path: Path) -> dict:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
