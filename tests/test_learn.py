"""`learn` opens JupyterLab on the learner's folder, in a layout for reading, and stops on Ctrl-C."""

import json
import shutil
import signal
import time
import webbrowser
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Lab, jupyterlab
from playwright.sync_api import Browser

from book import learn as learning
from book.contents import ROOT
from book.progress import write_page
from book.update import update

NEWS = "@jupyterlab/apputils-extension:notification"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A learner's folder with the first two chapters, and signatures of its own."""
    top = tmp_path_factory.mktemp("learner")
    for folder in ("00_start", "01_neurons"):
        shutil.copytree(ROOT / "chapters" / folder, top / "chapters" / folder)
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("JUPYTER_DATA_DIR", str(top / "jupyter"))
        variables.setenv("JUPYTER_CONFIG_DIR", str(top / "own"))  # where a user's settings are
        update(top / "chapters", top / "my-book")
        write_page(top / "my-book")
        yield top / "my-book"


@pytest.fixture(scope="module")
def lab(mine: Path) -> Iterator[Lab]:
    with jupyterlab(mine) as lab:
        yield lab


def test_the_server_asks_for_no_news_and_has_nothing_of_nbgraders(lab: Lab) -> None:
    defaults = json.loads(lab.fetch(f"/lab/api/settings/{NEWS}"))["schema"]["properties"]
    assert defaults["fetchNews"]["default"] == "false"
    assert defaults["checkForUpdates"]["default"] is False
    listed = json.loads(lab.fetch("/api/contents"))
    assert {one["name"] for one in listed["content"]} >= {"00_start", "progress.json"}
    with pytest.raises(OSError, match="404"):
        lab.fetch("/formgrader/api/assignments")


def test_it_opens_for_reading(lab: Lab, mine: Path, browser: Browser) -> None:
    """One session looks at all of it: a browser is slow to start."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(lab.url("/lab"))
    page.get_by_text("| Idle").wait_for(timeout=60_000)
    tabs = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel").all_inner_texts()
    assert tabs == ["start.ipynb", "progress.ipynb"]
    contents = page.locator(".jp-TableOfContents:visible, .jp-TableOfContents-content:visible")
    contents.get_by_text("A neural network fits on one screen").wait_for(timeout=20_000)
    menus = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert "Kernel" in menus and "Nbgrader" not in menus
    for word in ("Validate", "Create Assignment", "Extension Manager"):
        assert page.get_by_text(word, exact=True).count() == 0, word
    page.locator("[title^='Notebook trusted:']").wait_for(timeout=5_000)
    assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
    page.emulate_media(color_scheme="light")
    page.locator("body[data-jp-theme-light=true]").wait_for(state="attached", timeout=10_000)
    page.locator("[data-id=filebrowser]").first.click()
    page.locator(".jp-DirListing-itemText", has_text="01_neurons").wait_for(timeout=10_000)
    context.close()
    own = mine.parent / "own"
    assert not list(own.rglob("*.jupyterlab-*")), "the user's own settings were written to"


def test_a_second_one_leads_to_the_first(
    lab: Lab, mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two servers on one folder would each save what the other does not know of."""
    opened = list[str]()
    monkeypatch.setattr(learning, "MINE", mine)
    monkeypatch.setattr(learning, "CHAPTERS", mine.parent / "chapters")
    monkeypatch.setattr(learning, "read_in_lab", lambda *_: pytest.fail("a second server"))
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert learning.learn(Namespace(port=8888, no_browser=False)) == 0
    said = capsys.readouterr().out
    port = lab.address.rpartition(":")[2]
    assert len(opened) == 1 and f":{port}/lab?token=" in opened[0] and opened[0] in said


def test_it_stops_on_ctrl_c(lab: Lab, mine: Path) -> None:
    for _ in range(2):  # once to ask, twice to mean it
        lab.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    lab.process.wait(20)
    assert (mine / "00_start/start.ipynb").exists()
