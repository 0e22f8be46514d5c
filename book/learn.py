"""`learn`: the learner's own notebooks brought up to date, and JupyterLab on them."""

import argparse
import os
import shutil
import sys
import webbrowser
from pathlib import Path

from book.contents import ROOT
from book.environment import Trouble, become, say
from book.progress import write_page
from book.update import server, update

CHAPTERS = ROOT / "chapters"
MINE = ROOT / "my-book"
LAB = ROOT / "book" / "lab"
QUIET = LAB / "quiet"  # asks for no news: nothing is fetched from the internet
READING = LAB / "reading"  # no menus of nbgrader's; the theme follows the system's
LAYOUT = "default-37a8.jupyterlab-workspace"  # the name that JupyterLab gives the default one


def learn(options: argparse.Namespace) -> int:
    """Bring my-book/ up to date and open it; JupyterLab takes this process over, or runs already."""
    try:
        for sentence in update(CHAPTERS, MINE).sentences():
            say(sentence)
        write_page(MINE)
    except OSError as error:
        raise Trouble(
            f"my-book/ could not be written ({error.strerror}: {error.filename}). "
            "What you wrote in it is untouched."
        ) from error
    if address := server(MINE):  # a second one would save the same notebooks
        say(f"JupyterLab already runs on my-book/: {address}")
        say("Ctrl-C where it was started ends it.")
        if not options.no_browser:
            webbrowser.open(address)
        return 0
    say("Opening JupyterLab. Ctrl-C here ends it; what you saved stays in my-book/.")
    return read_in_lab(MINE, "/lab", options)


def read_in_lab(mine: Path, page: str, options: argparse.Namespace) -> int:
    """Open a learner's folder with what was open last; the first time, the book's layout.

    What they set in JupyterLab is kept in the folder too, apart from their own settings.
    """
    kept = mine / ".jupyter"
    layout = kept / "workspaces" / LAYOUT
    if not layout.exists():
        layout.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(READING / LAYOUT, layout)
    apart = {
        "JUPYTERLAB_SETTINGS_DIR": str(kept / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(kept / "workspaces"),
    }
    return _open(mine, page, options, [READING, QUIET], apart)


def open_lab(root: Path, page: str, options: argparse.Namespace) -> int:
    """Open a folder in JupyterLab with everything of nbgrader's, as an instructor needs it."""
    return _open(root, page, options, [QUIET], {})


def _open(
    root: Path,
    page: str,
    options: argparse.Namespace,
    configurations: list[Path],
    variables: dict[str, str],
) -> int:
    """Become a JupyterLab server that opens a page, with `root` as its top folder."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    command += [f"--LabApp.default_url={page}", f"--port={options.port}"]
    # The address is printed all the same.
    command += ["--log-level=ERROR", "--LabApp.log_level=ERROR"]
    # Else every kernel warns of eavesdroppers.
    command += ["--KernelManager.transport_encryption=auto"]
    command += ["--no-browser"] if options.no_browser else []
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    paths = [*map(str, configurations), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    os.chdir(root)
    variables = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(paths), **variables}
    return become(command, variables)
