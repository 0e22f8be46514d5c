"""The progress page: what is marked, what is next and why, and how it lives in JupyterLab."""

import json
import os
import re
import shutil
import threading
from argparse import Namespace
from pathlib import Path

import nbformat
import pytest
from lab import jupyterlab
from nbformat.sign import NotebookNotary
from playwright.sync_api import Browser, expect

from autograder import exercises, memory
from book import progress as page
from book.contents import ROOT, chapters
from book.progress import following, progress, rows, write_page


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder, untouched; the key that signs notebooks lies in a folder of its own."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "my-book"
    folder.mkdir()
    (folder / "progress.json").write_text("{}")
    monkeypatch.chdir(folder)
    return folder


def keep(mine: Path, **news: object) -> None:
    (mine / "progress.json").write_text(json.dumps(news))


def next_one() -> tuple[str, str] | None:
    found = following(rows())
    return found and (found[1], found[2])


def test_what_was_tried_comes_before_what_is_untouched(mine: Path) -> None:
    assert next_one() == (
        "neuron",
        "It is the first one untouched, and its chapter needs no other.",
    )
    keep(mine, relu={"tries": 2}, neuron={"tries": 1, "solved": True})
    assert next_one() == ("relu", page.TRIED)
    assert "Next: relu in 2 · " in repr(progress())
    keep(mine, relu={"tries": 2, "solved": True}, neuron={"tries": 1, "solved": True})
    assert next_one() == (list(exercises.of("neurons"))[1], next_one()[1])


def test_a_reason_names_the_chapters_that_the_next_one_builds_on(mine: Path) -> None:
    solved = {"tries": 1, "solved": True}
    earlier = [name for slug in ("neurons", "activations") for name in exercises.of(slug)]
    keep(mine, **dict.fromkeys(earlier, solved))
    name, why = next_one()
    assert name == next(iter(exercises.of("losses")))
    assert "“A neuron draws a line” and “The bend that makes depth count”" in why
    keep(mine, **dict.fromkeys(exercises.all(), solved))
    assert next_one() is None and page.FINISHED in repr(progress())


def test_a_chapter_needs_only_earlier_ones() -> None:
    """Why the first untouched exercise in reading order always has its needs solved."""
    for one in chapters():
        assert set(one.needs) <= {other.slug for other in chapters()[: one.number]}


@pytest.mark.parametrize(
    "text",
    ['{"neuron": 3, "relu": {"solved": true}}', '{"left_the_book": {"tries": 2}}', "{half", "[]"],
)
def test_a_damaged_file_shows_what_can_be_read_of_it(mine: Path, text: str) -> None:
    (mine / "progress.json").write_text(text)
    said = repr(progress())
    assert "Next: neuron in " in said and "left_the_book" not in said
    assert ("✓ relu" in said) == ("relu" in text)


def test_two_notebooks_that_write_at_once_lose_nothing(mine: Path) -> None:
    def write(who: str) -> None:
        for number in range(40):
            memory.remember(f"{who}{number}", tries=1)

    writers = [threading.Thread(target=write, args=(who,)) for who in "ab"]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert len(memory.load()) == 80


def test_the_page_is_made_once_renewed_and_left_alone_when_it_is_the_learners(mine: Path) -> None:
    write_page(mine)
    made = nbformat.read(mine / "progress.ipynb", as_version=4)
    assert NotebookNotary().check_signature(made), "else its script does not run"
    keep(mine, neuron={"solved": True})
    write_page(mine)
    assert "✓ neuron" in (mine / "progress.ipynb").read_text(encoding="utf-8")
    (mine / "progress.ipynb").write_text("{half")
    write_page(mine)
    changed = nbformat.read(mine / "progress.ipynb", as_version=4)
    changed.cells[0].source += "  # mine"
    nbformat.write(changed, mine / "progress.ipynb")
    before = (mine / "progress.ipynb").read_bytes()
    write_page(mine)
    assert (mine / "progress.ipynb").read_bytes() == before


def test_links_lead_from_where_the_notebook_is_to_what_exists(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for base, folder in ((".", mine), ("..", mine / "02_activations")):
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        link = f'href="{base}/02_activations/activations.ipynb#cell-id=exercise-relu-1"'
        assert link in progress()._repr_html_()
    shown = progress()._repr_html_()
    for row in rows():
        path = ROOT / "chapters" / row.chapter.folder / f"{row.chapter.slug}.ipynb"
        cells = {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
        for name in row.marks:
            (there, *_) = re.findall(f'cell-id=([^"]+)"[^>]*><code>{name}<', shown)
            assert cells[there].startswith(f"### Exercise: `{name}`")


def test_outside_a_learners_folder_there_is_neither_script_nor_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = progress()._repr_html_()
    assert page.NOWHERE in shown and "<script" not in shown and "<a " not in shown


def test_the_terminal_shows_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    before = os.getcwd()
    page.show(Namespace())
    assert "Next: " in capsys.readouterr().out and os.getcwd() == before


def test_in_jupyterlab_the_page_follows_the_file_and_leads_to_the_exercise(
    mine: Path, browser: Browser
) -> None:
    (mine / "02_activations").mkdir()
    name = "02_activations/activations.ipynb"
    shutil.copyfile(ROOT / "chapters" / name, mine / name)
    write_page(mine)
    with jupyterlab(mine) as lab:
        context = browser.new_context(viewport={"width": 1300, "height": 1000})
        tab = context.new_page()
        tab.goto(lab.url("/lab/tree/progress.ipynb?reset"))
        line = tab.locator("[data-next]")
        expect(line).to_contain_text("Next: neuron", timeout=60_000)
        for news in ({"tries": 1}, {"tries": 2, "solved": True}):
            keep(mine, relu=news)  # as a check in another notebook does
            expected = following(rows())
            assert expected is not None
            row, first, why = expected
            expect(line).to_have_text(f"Next: {first} in {row.title}. {why}", timeout=20_000)
        bend = tab.locator("[data-chapter]").nth(1)
        expect(bend.locator("[data-done]")).to_have_text("1 of 12 solved")
        keep(mine, relu={"tries": 1})
        expect(line).to_contain_text("Next: relu", timeout=20_000)
        line.locator("a").click()
        heading = tab.locator(".jp-NotebookPanel:visible h3", has_text="Exercise: relu¶")
        heading.first.wait_for(timeout=60_000)
        expect(heading.first).to_be_in_viewport(timeout=20_000)
        assert tab.url.startswith(lab.address), "JupyterLab itself was not left"
        context.close()
