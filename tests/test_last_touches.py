"""What the finished pages are spared, and that nothing which they need goes with it."""

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from figure_pages import page_of
from fontTools.ttLib import TTFont

from book.contents import BOOK
from book.extensions import finish, paper, saved_state, stylesheet
from book.figures.attention import AttentionMap, TokenWalk
from book.figures.neurons import CutCloud

# -- the figures' saved state ------------------------------------------------------------------


def state_of(page: str) -> dict[str, Any]:
    (found,) = saved_state.STATE.findall(page)
    return json.loads(found[1])


def restored(page: str, folder: Path) -> dict[str, Any]:
    """Put the models together again as figures.js does."""
    saved = state_of(page)
    if address := saved.get("values"):
        script = (folder / address.partition("?")[0]).read_text(encoding="utf-8")
        saved["values"] = json.loads(script.partition("=")[2].rstrip(";\n"))
    models = {}
    for name, model in saved["state"].items():
        models[name] = dict(model["state"])
        for trait, places in model.get("shared", {}).items():
            pieces = [saved["values"][place] for place in places]
            models[name][trait] = "".join(pieces) if len(pieces) > 1 else pieces[0]
    return models


@pytest.fixture
def page() -> str:
    return page_of([TokenWalk(), AttentionMap(), CutCloud()]).replace("</html>", "</body></html>")


def test_the_state_says_the_same_in_fewer_words_behind_the_text(page: str, tmp_path: Path) -> None:
    script = tmp_path / "_figures" / "one.js"
    slim = saved_state.move_out(page, script)
    assert restored(slim, tmp_path) == restored(page, tmp_path)
    assert len(slim) < 0.1 * len(page)
    assert script.stat().st_size < 0.7 * len(page)
    assert slim.index("</main>") < slim.index("widget-state")


def test_a_second_time_changes_nothing(page: str, tmp_path: Path) -> None:
    script = tmp_path / "_figures" / "one.js"
    slim = saved_state.move_out(page, script)
    script.unlink()
    assert saved_state.move_out(slim, script) == slim and not script.exists()


def test_other_values_have_another_address(page: str, tmp_path: Path) -> None:
    script = tmp_path / "one.js"
    other = page_of([CutCloud()]).replace("</html>", "</body></html>")
    addresses = [state_of(saved_state.move_out(one, script))["values"] for one in (page, other)]
    assert addresses[0] != addresses[1]


def test_what_no_view_shows_is_left_out_and_what_it_holds_stays() -> None:
    models = {
        "shown": {"state": {"children": ["IPY_MODEL_inside"]}},
        "inside": {"state": {"outputs": ["x" * 3000]}},
        "computed": {"state": {"value": 1}},
    }
    slim = saved_state.slim({"state": models}, ["shown"])
    assert list(slim["state"]) == ["shown", "inside"]
    assert slim["values"] == [["x" * 3000]]


# -- the stylesheet ----------------------------------------------------------------------------


def test_rules_for_pages_and_scripts_stay_and_others_go(
    node_packages: None, tmp_path: Path
) -> None:
    (tmp_path / "a.js").write_text('box.classList.add("opened")')
    rules = ".said {x: 1}\n.opened {x: 2}\n.never {x: 3}\n[data-theme=auto] {x: 4}\n"
    left = stylesheet.purged(rules, ["class", "said", "data-theme", "auto"], tmp_path)
    assert re.findall(r"x: (\d)", left) == ["1", "2", "4"]


def test_addresses_and_imports_are_followed(tmp_path: Path) -> None:
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles" / "a.css").write_text('@import "../b.css";p{src:url("../f/x.woff2")}')
    (tmp_path / "b.css").write_text("q{src:url(y.png);k:url(data:z)}")
    joined = stylesheet.moved(tmp_path, "styles/a.css")
    assert joined == "q{src:url(y.png);k:url(data:z)}p{src:url(f/x.woff2)}"


def test_every_page_has_the_one_stylesheet_and_it_finds_its_files(built_site: Path) -> None:
    static = built_site / "_static"
    for page in built_site.glob("*.html"):
        links = re.findall(r'rel="stylesheet" href="([^"?]+)', page.read_text("utf-8"))
        assert links == ["_static/one.css"], page
        (ahead,) = re.findall(r"<script data-fonts>.* of (\[.*?\])\)", page.read_text("utf-8"))
        assert all((built_site / font).is_file() for font in json.loads(ahead)), page
    text = (static / stylesheet.ONE).read_text("utf-8")
    addresses = re.findall(r"url\(([^)\"']+)\)", text)
    assert addresses and "@import" not in text
    assert not [one for one in addresses if one[:5] != "data:" and not (static / one).is_file()]


def test_the_font_of_icons_has_those_that_pages_show(built_site: Path) -> None:
    known = TTFont(built_site / "_static" / stylesheet.ICONS).getBestCmap()
    text = (built_site / "_static" / stylesheet.ONE).read_text("utf-8")
    shown = {
        name
        for page in built_site.glob("*.html")
        for name in re.findall(r'class="fa-solid (fa-[\w-]+)', page.read_text("utf-8"))
    }
    assert len(shown) >= 9
    for name in shown:
        found = re.search(rf'\.{name}\b[^{{}}]*{{--fa:"\\([0-9a-f]+)"', text)
        assert found and int(found[1], 16) in known, name


# -- pictures ----------------------------------------------------------------------------------


def test_a_picture_gets_its_size_in_pixels_once(tmp_path: Path) -> None:
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.svg").write_text('<svg width="450pt" height="225.5pt"></svg>')
    sized = finish.sized('<img alt="A" src="_images/a.svg">', tmp_path)
    assert sized == '<img alt="A" src="_images/a.svg" width="600" height="301">'
    assert finish.sized(sized, tmp_path) == sized


# -- the book on paper -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "is_current"), [(None, False), (-60, False), (60, True)], ids=["none", "old", "new"]
)
def test_a_pdf_is_offered_while_it_is_of_this_text(
    written: int | None, is_current: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, newest = tmp_path / "book.pdf", max(p.stat().st_mtime for p in BOOK.glob("*.md"))
    monkeypatch.setattr(paper, "PDF", file)
    if written is not None:
        file.write_bytes(b"%PDF" + bytes(3_000_000))
        os.utime(file, (newest + written, newest + written))
    assert paper.current() is is_current
    page: Any = SimpleNamespace(content=["As one PDF, printed."])
    said = "".join(node.astext() for node in paper.OnPaper.run(page))
    assert said == ('As one <a href="book.pdf">PDF (3 MB)</a>, printed.' if is_current else "")
    app: Any = SimpleNamespace(
        outdir=tmp_path / "site",
        config=SimpleNamespace(root_doc="index"),
        builder=SimpleNamespace(format="html"),
    )
    app.outdir.mkdir()
    for offered in (False, True):
        (app.outdir / "index.html").write_text('<a href="book.pdf">' if offered else "")
        assert paper.outdated(app, app) == (["index"] if offered != is_current else [])
    (app.outdir / "book.pdf").touch()
    paper.copy(app, None)
    assert (app.outdir / "book.pdf").is_file() is is_current
    assert not is_current or (app.outdir / "book.pdf").stat().st_size > 3_000_000
