"""`learn` copies what is missing, overwrites nothing, and opens JupyterLab where it should."""

import json
import signal
import time
from pathlib import Path

import pytest
from lab import jupyterlab

from book.environment import Trouble
from book.learn import copy_notebooks, tell


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Two released chapters."""
    for name in ("00_start/start.ipynb", "02_activations/activations.ipynb"):
        path = tmp_path / "chapters" / name
        path.parent.mkdir(parents=True)
        path.write_text('{"version": 1}')
    return tmp_path / "chapters"


def test_first_copies_everything_then_nothing(book: Path, tmp_path: Path) -> None:
    mine = tmp_path / "my-book"
    both = ["00_start/start.ipynb", "02_activations/activations.ipynb"]
    assert copy_notebooks(book, mine) == (both, [])
    assert json.loads((mine / "progress.json").read_text()) == {}
    assert copy_notebooks(book, mine) == ([], [])


def test_work_and_progress_are_never_overwritten(book: Path, tmp_path: Path) -> None:
    mine = tmp_path / "my-book"
    copy_notebooks(book, mine)
    (mine / "00_start/start.ipynb").write_text("my work")
    (mine / "progress.json").write_text('{"relu": {"solved": true}}')
    (mine / "02_activations/activations.ipynb").unlink()
    assert copy_notebooks(book, mine) == (["02_activations/activations.ipynb"], [])
    assert (mine / "00_start/start.ipynb").read_text() == "my work"
    assert (mine / "progress.json").read_text() == '{"relu": {"solved": true}}'


def test_a_newer_version_is_announced_and_not_merged(book: Path, tmp_path: Path, capsys) -> None:
    mine = tmp_path / "my-book"
    copy_notebooks(book, mine)
    (mine / "00_start/start.ipynb").write_text("my work")
    assert copy_notebooks(book, mine) == ([], []), "the learner's own changes are no news"
    (book / "00_start/start.ipynb").write_text('{"version": 2}')
    copied, outgrown = copy_notebooks(book, mine)
    assert (copied, outgrown) == ([], ["00_start/start.ipynb"])
    assert (mine / "00_start/start.ipynb").read_text() == "my work"
    tell(copied, outgrown)
    assert "newer version of 00_start/start.ipynb; yours is kept" in capsys.readouterr().out


def test_a_damaged_record_of_copies_does_no_harm(book: Path, tmp_path: Path) -> None:
    mine = tmp_path / "my-book"
    copy_notebooks(book, mine)
    (mine / ".copied-from-the-book.json").write_text("{half")
    assert copy_notebooks(book, mine) == ([], [])


def test_what_stands_in_the_way_gets_a_sentence(book: Path, tmp_path: Path) -> None:
    (tmp_path / "my-book").write_text("a file")
    with pytest.raises(Trouble, match="rename it"):
        copy_notebooks(book, tmp_path / "my-book")
    with pytest.raises(Trouble, match="holds no notebooks"):
        copy_notebooks(tmp_path / "nothing", tmp_path / "other")


def test_jupyterlab_opens_on_the_page_and_stops_on_ctrl_c(book: Path, tmp_path: Path) -> None:
    mine = tmp_path / "my-book"
    copy_notebooks(book, mine)
    with jupyterlab(mine, "/lab/tree/00_start/start.ipynb") as lab:
        page = lab.fetch("/")
        assert '"notebookVersion"' in page and "00_start/start.ipynb" in page
        listed = json.loads(lab.fetch("/api/contents"))
        assert {one["name"] for one in listed["content"]} >= {"00_start", "progress.json"}
        news = "@jupyterlab/apputils-extension:notification"
        defaults = json.loads(lab.fetch(f"/lab/api/settings/{news}"))["schema"]["properties"]
        assert defaults["fetchNews"]["default"] == "false"
        assert defaults["checkForUpdates"]["default"] is False
        for _ in range(2):  # once to ask, twice to mean it
            lab.process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        lab.process.wait(20)
    assert (mine / "00_start/start.ipynb").exists()
