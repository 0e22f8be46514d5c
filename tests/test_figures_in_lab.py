"""A figure in JupyterLab: what the hand moves, the kernel sees."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from figure_pages import drag, drag_slider
from lab import Lab, jupyterlab
from playwright.sync_api import Browser

from book.figures.activations import ActivationExplorer

CELLS = (
    "from book.figures.activations import ActivationExplorer\nfigure = ActivationExplorer()\nfigure",
    "print('kernel:', figure.z, figure.a)",
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """JupyterLab with a notebook that holds a figure."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "figure.ipynb")
    with jupyterlab(tmp_path) as lab:
        yield lab


def test_in_jupyterlab_the_kernel_sees_what_the_hand_did(lab: Lab, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 1200})
    page = context.new_page()
    page.goto(lab.url("/lab/tree/figure.ipynb?reset"))
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
