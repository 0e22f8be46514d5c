"""The notebooks in a browser alone: what is locked, what torch's stand-in says, and a live kernel.

NumPy for WebAssembly stands on no package index, so no test here can run a chapter.
What is tested: the build is whole, its kernel starts without the internet and a figure shows in it.
"""

import argparse
import hashlib
import importlib.util
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from book import lite, site
from book.contents import chapters

INSTALLED = all(map(importlib.util.find_spec, ("jupyterlite_core", "jupyterlite_pyodide_kernel")))
needs_lite = pytest.mark.skipif(not INSTALLED, reason="JupyterLite (the extra `lite`) is missing")
COMPILED = "https://packages.invalid/full"

# In a kernel without torch: what chapters do in their first cells, and what they do later.
WITHOUT_TORCH = """
import torch
import book.progress
import book.figures.start
import book.figures.convolution
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
import torch.nn.functional as F
torch.set_num_threads(1)
assert not torch.cuda.is_available()
assert not isinstance(1.0, torch.Tensor)
from autograder import check
import solutions.activations
print(check(solutions.activations.sigmoid))
try:
    class Net(nn.Module):
        pass
except ImportError as error:
    print(error)
try:
    F.softmax([1.0])
except ImportError as error:
    print(*error._render_traceback_())
"""

A_FIGURE = """
import traitlets as t
from book.figures import Figure
class ActivationExplorer(Figure):
    activation = t.Unicode("tanh").tag(sync=True)
    z = t.Float(1.5).tag(sync=True)
ActivationExplorer()
"""


def test_torch_is_a_sentence_in_the_browser_and_check_works(tmp_path: Path):
    """What a browser gets, unpacked and run by this Python, which has torch and must not see it."""
    with zipfile.ZipFile(lite.own_wheel(tmp_path)) as packed:
        packed.extractall(tmp_path)
    path = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]"
    done = subprocess.run(
        [sys.executable, "-c", path + WITHOUT_TORCH], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    checked, inherited, called = done.stdout.splitlines()
    assert "sigmoid is right" in checked
    assert "torch is not installed here" in checked
    assert "torch.nn.Module" in inherited
    assert "torch.nn.functional.softmax" in called
    assert called.endswith("install the book on your computer and type `make learn`.")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it once; what was fetched before is used again."""
    folder = tmp_path_factory.mktemp("lite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lite, "LITE", folder / "site")
        assert lite.build(argparse.Namespace(packages=COMPILED)) == 0
    return folder / "site"


@needs_lite
def test_every_notebook_is_there(built: Path):
    for one in chapters():
        made = (built / "files" / one.folder / f"{one.slug}.ipynb").read_bytes()
        assert made == (lite.ROOT / "chapters" / one.folder / f"{one.slug}.ipynb").read_bytes()
    assert "PyTorch does not run in a browser" in (built / "files" / "READ_ME_FIRST.md").read_text(
        encoding="utf-8"
    )


@needs_lite
def test_every_package_is_locked_by_its_hash(built: Path):
    core = built / "static" / "pyodide"
    packages = json.loads((core / "pyodide-lock.json").read_text())["packages"]
    elsewhere = set()
    for name in lite.closure(packages, [lite.OURS, *lite.KERNEL]):
        file = packages[name]["file_name"]
        if file.startswith(COMPILED):
            elsewhere.add(name)
        else:
            found = hashlib.sha256((core / file).read_bytes()).hexdigest()
            assert found == packages[name]["sha256"], file
    assert {"numpy", "scipy"} <= elsewhere
    pure = {name for name in elsewhere if packages[name]["file_name"].endswith("-none-any.whl")}
    assert not pure


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "SITE", built)
        web = site.server(port=0)
    with web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}/"
        web.shutdown()


@needs_lite
def test_a_kernel_starts_offline_and_a_figure_of_the_book_shows(address: str, browser: Browser):
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(f"{address}repl/index.html?kernel=python&execute=1&code={quote(A_FIGURE)}")
    page.wait_for_selector(".nnd output", timeout=300_000)
    assert "tanh" in page.locator(".nnd").inner_text()
    # The kernel and its widgets come from the site alone; only compiled packages are asked for.
    outside = [url for url in asked if not url.startswith((address, "blob:", "data:"))]
    assert outside and all(url.startswith(COMPILED) for url in outside), outside
    context.close()


def test_without_jupyterlite_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lite.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(lite.Trouble, match=r"pip install -e \.\[dev,lite\]"):
        lite.build(argparse.Namespace(packages=None))
