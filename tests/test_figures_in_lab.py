"""A figure in JupyterLab: what the hand moves, the kernel sees."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from figure_pages import drag, drag_slider
from playwright.sync_api import Browser

from book.figures.activations import ActivationExplorer


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """JupyterLab on this machine's loopback, with a notebook that holds a figure; its address."""
    cells = [
        "from book.figures.activations import ActivationExplorer\nfigure = ActivationExplorer()\nfigure",
        "print('kernel:', figure.z, figure.a)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "figure.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={tmp_path}", "--allow-root"]
    command += ["--IdentityProvider.token=figures", "--LabApp.news_url="]
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **home, "PATH": path}
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api/status?token=figures")
        yield f"http://127.0.0.1:{port}/lab/tree/figure.ipynb?token=figures&reset"
    finally:
        server.terminate()
        server.wait(30)


def wait_for(url: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def test_in_jupyterlab_the_kernel_sees_what_the_hand_did(lab: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 1200})
    page = context.new_page()
    page.goto(lab)
    page.get_by_text("| Idle").wait_for(timeout=60_000)  # before that, cells are not run but lost
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    slider = page.locator("input[data-param=z]")
    slider.wait_for(timeout=60_000)
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    last.locator(".jp-OutputArea-output", has_text="kernel: -2.0").wait_for(timeout=60_000)

    drag_slider(page, slider)
    dragged = float(slider.input_value())
    assert dragged != -2.0
    slider.focus()
    page.keyboard.press("ArrowRight")  # goes to the slider, not to JupyterLab
    assert float(slider.input_value()) == pytest.approx(dragged + 0.05)
    drag(page, page.locator(".nnd .drag-area"), 60)
    shown = float(slider.input_value())

    last.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expected = ActivationExplorer(z=shown)
    said = last.locator(".jp-OutputArea-output", has_text=f"kernel: {expected.z} {expected.a}")
    said.wait_for(timeout=20_000)
    context.close()
