"""`learn` brings the learner's folder up to date, and nothing of theirs is lost on the way."""

import hashlib
import json
import os
import socket
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book import update as updating
from book.contents import ROOT
from book.environment import Trouble
from book.merge import merge
from book.update import News, server, update

START, LOSSES = "00_start/start.ipynb", "02_losses/losses.ipynb"


@pytest.fixture(autouse=True)
def _signatures_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter"))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Two released chapters."""
    for name in (START, LOSSES):
        path = tmp_path / "chapters" / name
        path.parent.mkdir(parents=True)
        cells = [
            new_markdown_cell(f"# {path.stem}\n\nFirst.\nSecond.", id="top-1"),
            new_code_cell("def f(z):\n    raise NotImplementedError", id="top-2"),
        ]
        save(path, new_notebook(cells=cells))
    return tmp_path / "chapters"


@pytest.fixture
def mine(book: Path, tmp_path: Path) -> Path:
    """A learner's folder with one answer, in the losses."""
    update(book, tmp_path / "my-book")
    answer(tmp_path / "my-book" / LOSSES)
    return tmp_path / "my-book"


def save(path: Path, notebook: NotebookNode) -> None:
    path.write_text(nbformat.writes(notebook) + "\n")


def answer(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    notebook.cells[1].source = "def f(z):\n    return z"
    save(path, notebook)


def revise(book: Path, name: str = LOSSES, code: str = "") -> None:
    """Publish a new version: another sentence, and perhaps other code."""
    notebook = nbformat.read(book / name, 4)
    notebook.cells[0].source += "\nA new sentence."
    notebook.cells[1].source += code
    save(book / name, notebook)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_first_everything_is_copied_and_then_nothing(book: Path, tmp_path: Path) -> None:
    mine = tmp_path / "my-book"
    assert update(book, mine).copied == [START, LOSSES]
    assert json.loads((mine / "progress.json").read_text()) == {}
    before = everything(mine)
    assert update(book, mine) == News() and everything(mine) == before


def test_a_new_sentence_joins_an_answer(book: Path, mine: Path) -> None:
    revise(book)
    revise(book, START)
    before = (mine / LOSSES).read_bytes()
    news = update(book, mine)
    assert news.renewed == [START, LOSSES] and not news.both and not news.beside
    assert (mine / START).read_bytes() == (book / START).read_bytes()
    merged = nbformat.read(mine / LOSSES, 4)
    assert merged.cells[0].source.endswith("A new sentence.")
    assert merged.cells[1].source == "def f(z):\n    return z"
    assert (mine / news.backup / LOSSES).read_bytes() == before
    assert not (mine / news.backup / START).exists(), "nothing of the learner's was in it"
    after = everything(mine)
    assert update(book, mine) == News() and everything(mine) == after
    revise(book)
    assert update(book, mine).backup == ".before-update/2"


def test_a_conflict_is_told_and_both_versions_stand_there(book: Path, mine: Path) -> None:
    revise(book, code="  # other")
    news = update(book, mine)
    assert news.both == {LOSSES: 1}
    cells = nbformat.read(mine / LOSSES, 4).cells
    assert cells[1].source == "def f(z):\n    return z" and "# other" in cells[2].source
    told = " ".join(news.sentences())
    assert "one cell that you have changed too: yours stayed" in told and news.backup in told


@pytest.mark.parametrize("damage", [b"{half", b"\xff\xfe", b"[]", b'{"cells": 3}', b""])
def test_what_is_no_notebook_is_never_touched(book: Path, mine: Path, damage: bytes) -> None:
    (mine / LOSSES).write_bytes(damage)
    revise(book)
    news = update(book, mine)
    assert (mine / LOSSES).read_bytes() == damage
    assert news.beside == {LOSSES: "losses (new version).ipynb"}
    beside = mine / "02_losses/losses (new version).ipynb"
    assert beside.read_bytes() == (book / LOSSES).read_bytes()
    assert update(book, mine) == News()
    answer(beside)
    kept = beside.read_bytes()
    revise(book)
    assert update(book, mine).beside == {LOSSES: "losses (new version 2).ipynb"}
    assert beside.read_bytes() == kept


def test_a_damaged_notebook_is_told_when_the_book_has_no_news(book: Path, mine: Path) -> None:
    (mine / LOSSES).write_bytes(b'{"cells": [')
    news = update(book, mine)
    assert news.damaged == [LOSSES] and "another name" in news.sentences()[0]
    (mine / LOSSES).rename(mine / "kept.ipynb")
    assert update(book, mine).copied == [LOSSES]


def test_a_write_protected_notebook_stays_as_it_is(book: Path, mine: Path) -> None:
    (mine / LOSSES).chmod(0o444)
    before = (mine / LOSSES).read_bytes()
    revise(book)
    assert update(book, mine).beside and (mine / LOSSES).read_bytes() == before


@pytest.mark.parametrize("written", range(6))
def test_a_full_disk_loses_nothing_and_the_next_run_ends_it(
    book: Path, mine: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    revise(book)
    revise(book, START)
    before = (mine / LOSSES).read_bytes()
    left = [written]

    def write_bytes(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[: 0 if left[0] else 10])
        if not left[0]:
            raise OSError(28, "No space left on device", str(path))
        left[0] -= 1
        with path.open("wb") as file:
            file.write(content)

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", write_bytes)
        if written < 4:
            with pytest.raises(OSError, match="No space"):
                update(book, mine)
        else:
            update(book, mine)
    assert not list(mine.rglob("*.part"))
    now = (mine / LOSSES).read_bytes()
    assert now == before or b"return z" in now
    update(book, mine)
    assert (mine / START).read_bytes() == (book / START).read_bytes()
    sources = [cell.source for cell in nbformat.read(mine / LOSSES, 4).cells]
    assert sources[0].endswith("Second.\nA new sentence.") and len(sources) == 2
    assert sources[1] == "def f(z):\n    return z"


def test_a_renumbered_chapter_takes_the_learners_folder_along(book: Path, mine: Path) -> None:
    (mine / "02_losses/scratch.txt").write_text("mine")
    (book / "02_losses").rename(book / "03_losses")
    revise(book, "03_losses/losses.ipynb")
    news = update(book, mine)
    assert news.moved == {"02_losses": "03_losses"} and not news.copied and not news.gone
    assert not (mine / "02_losses").exists()
    assert (mine / "03_losses/scratch.txt").read_text() == "mine"
    merged = nbformat.read(mine / "03_losses/losses.ipynb", 4)
    assert merged.cells[0].source.endswith("A new sentence.")
    assert "return z" in merged.cells[1].source
    assert update(book, mine) == News()


def test_a_chapter_that_the_book_gave_up_stays(book: Path, mine: Path) -> None:
    (book / LOSSES).unlink()
    assert update(book, mine).gone == [LOSSES]
    assert "return z" in (mine / LOSSES).read_text()
    assert update(book, mine) == News()


def made_before(book: Path, mine: Path) -> None:
    """Leave in the folder what `make learn` kept before it could merge: hashes, no base."""
    hashes = {n: hashlib.sha256((book / n).read_bytes()).hexdigest() for n in (START, LOSSES)}
    (mine / ".copied-from-the-book.json").write_text(json.dumps(hashes))
    for name in (START, LOSSES):
        (mine / ".book" / name).unlink()


def test_an_older_folder_is_brought_up_to_date(book: Path, mine: Path) -> None:
    made_before(book, mine)
    before = (mine / LOSSES).read_bytes()
    revise(book)
    revise(book, START)
    news = update(book, mine)
    assert (news.renewed, list(news.beside)) == ([START], [LOSSES])
    assert (mine / START).read_bytes() == (book / START).read_bytes()
    assert (mine / LOSSES).read_bytes() == before
    assert update(book, mine) == News()


def test_an_older_folder_without_news_finds_its_base(book: Path, mine: Path) -> None:
    made_before(book, mine)
    assert update(book, mine) == News()
    revise(book)
    assert update(book, mine).renewed == [LOSSES]
    assert "return z" in (mine / LOSSES).read_text()


def test_only_what_was_trusted_is_trusted_after_the_merge(book: Path, mine: Path) -> None:
    def trusted(name: str) -> bool:
        return NotebookNotary().check_signature(nbformat.read(mine / name, 4))

    assert trusted(START) and not trusted(LOSSES), "what another program wrote is not trusted"
    foreign = nbformat.read(mine / LOSSES, 4)
    foreign.cells[1].outputs = [new_output("display_data", {"text/html": "<script></script>"})]
    save(mine / LOSSES, foreign)
    revise(book)
    update(book, mine)
    assert not trusted(LOSSES)
    NotebookNotary().sign(nbformat.read(mine / LOSSES, 4))  # as JupyterLab does when it saves
    revise(book)
    update(book, mine)
    assert trusted(LOSSES) and "<script>" in (mine / LOSSES).read_text()


def test_an_open_notebook_is_told_to_be_reloaded(book: Path, mine: Path, monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = recorded(mine, listening.getsockname()[1])
        monkeypatch.setattr(updating, "list_running_servers", lambda: [running])
        revise(book)
        assert "Reload Notebook from Disk" in update(book, mine).sentences()[-1]
        assert server(mine) == f"{running['url']}lab?token=secret"
        assert server(mine.parent) == "", "it runs on another folder"
    assert server(mine) == "", "a record that a crash left behind"


def recorded(root: Path, port: int) -> dict[str, object]:
    """What Jupyter writes down about a running server."""
    url = f"http://127.0.0.1:{port}/"
    place = {"hostname": "127.0.0.1", "port": port, "url": url}
    return {"root_dir": str(root.resolve()), "token": "secret", **place}


def test_what_stands_in_the_way_gets_a_sentence(book: Path, tmp_path: Path) -> None:
    (tmp_path / "my-book").write_text("a file")
    with pytest.raises(Trouble, match="rename it"):
        update(book, tmp_path / "my-book")
    with pytest.raises(Trouble, match="holds no notebooks"):
        update(tmp_path / "nothing", tmp_path / "other")


def test_released_chapters_take_a_new_sentence_and_keep_every_answer() -> None:
    """The weaver's notebooks are what is merged in the end; some of them, for the time it takes."""
    for path in sorted((ROOT / "chapters").glob("*/*.ipynb"))[::6]:
        base, mine, book = (nbformat.read(path, 4) for _ in range(3))
        answers = [cell for cell in mine.cells if "NotImplementedError  #" in cell.source]
        for cell in answers:
            cell.source = cell.source.replace("raise NotImplementedError", "return None")
        book.cells[0].source += "\nA new sentence."
        merged, both = merge(base, mine, book)
        assert both == 0 and len(merged.cells) == len(base.cells), os.fspath(path)
        assert [c.source for c in merged.cells[1:]] == [c.source for c in mine.cells[1:]]
        assert merged.cells[0].source == book.cells[0].source
