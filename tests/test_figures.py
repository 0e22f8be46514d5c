"""The live figures: they start, answer the mouse and the keyboard, and compute what Python computes.

Most tests open a bare page that holds a figure's saved state and the site's own loader.
"""

import json
import math
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from figure_pages import Hand, Shower, drag, drag_slider, hands, page_of, readings, thumb
from playwright.sync_api import Browser

from book.contents import BOOK, chapters
from book.extensions.npm import MODULES
from book.figures import Figure
from book.figures.activations import ActivationExplorer

AXE = MODULES / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
STATES = 24  # random settings of each figure in which JavaScript and Python must agree


# -- parity ------------------------------------------------------------------------------------


def each(chosen: Iterable[Hand]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("hand", list(chosen), ids=str)


ALL = list(hands())
SLIDING = [hand for hand in ALL if hand.slides]


def test_every_figure_is_in_hand() -> None:
    modules = [path.stem for path in (BOOK / "figures").glob("*.py") if path.stem != "__init__"]
    made = {
        one
        for slug in modules
        for one in vars(import_module(f"book.figures.{slug}")).values()
        if isinstance(one, type)
        and one.__module__ == f"book.figures.{slug}"
        and issubclass(one, Figure)
    }
    assert made == {hand.kind for hand in ALL}


def agree(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, dict):
        return all(agree(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(agree, ours, theirs))
    if isinstance(ours, float):
        return math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-15)
    return ours == theirs


@each(ALL)
def test_javascript_computes_what_python_computes(hand: Hand, show: Shower) -> None:
    rng = np.random.default_rng(20)
    figures = [hand.random(rng) for _ in range(STATES)]
    boxes = show(figures).locator(".figure-box")
    for i, figure in enumerate(figures):
        theirs = json.loads(boxes.nth(i).get_attribute("data-computed") or "null")
        assert agree(figure.compute(), theirs), (figure.compute(), theirs)


# -- hands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [360, 1000])
@each(SLIDING)
def test_every_slider_answers_mouse_and_keyboard(hand: Hand, width: int, show: Shower) -> None:
    page = show([hand.kind()], width)
    box = page.locator(".figure-box")
    for slider in box.locator("input[type=range]").all():
        actions: dict[str, str] = dict(hand.before)
        first = actions.get(slider.get_attribute("data-param") or "")
        if first:
            box.locator(f"[data-action={first}]").click()
        before = readings(box)
        drag_slider(page, slider)
        dragged = readings(box)
        assert dragged[0] != before[0]
        slider.focus()
        page.keyboard.press("ArrowLeft" if thumb(slider) > 0.5 else "ArrowRight")
        assert readings(box)[0] != dragged[0]
        assert slider.get_attribute("aria-valuetext")


@pytest.mark.parametrize("width", [360, 1000])
@each(hand for hand in ALL if hand.drag)
def test_the_drawing_answers_a_drag(hand: Hand, width: int, show: Shower) -> None:
    page = show([hand.kind()], width)
    box = page.locator(".figure-box")
    before = readings(box)
    assert hand.drag
    target, dx, dy = hand.drag
    drag(page, box.locator(target), dx, dy)
    assert readings(box)[0] != before[0]
    if hand.reads:
        assert readings(box)[1] != before[1]


def test_a_finger_that_scrolls_moves_nothing_but_a_tap_does(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 700}, has_touch=True)
    page = context.new_page()
    page.set_content(page_of([ActivationExplorer()]))
    box = page.locator(".figure-box[data-figure=ready]")
    before = readings(box)
    area = box.locator(".drag-area")
    area.dispatch_event("pointerdown", {"pointerId": 1, "pointerType": "touch", "button": 0})
    area.dispatch_event("pointercancel", {"pointerId": 1, "pointerType": "touch"})
    assert readings(box) == before
    area.tap()
    assert readings(box) != before
    context.close()


@each(SLIDING)
def test_the_answer_comes_after_the_reader_moved(hand: Hand, show: Shower) -> None:
    page = show([hand.kind()])
    box = page.locator(".figure-box")
    if box.locator(".answer").text_content():  # not every figure asks a question
        assert box.locator(".answer").is_hidden()
        drag_slider(page, box.locator("input[type=range]").first)
        assert box.locator(".answer").is_visible()


@each(SLIDING)
def test_a_drag_redraws_within_a_frame(hand: Hand, show: Shower) -> None:
    def typical() -> float:
        return show([hand.kind()]).evaluate(
            """() => {
              const sliders = [...document.querySelectorAll('input[type=range]')];
              const spent = sliders.flatMap((slider) => Array.from({ length: 9 }, (_, i) => {
                const [low, high] = [Number(slider.min), Number(slider.max)];
                slider.value = low + (high - low) * (i + 1) / 11;
                const start = performance.now();
                slider.dispatchEvent(new Event('input'));
                return performance.now() - start;
              }));
              return spent.sort((a, b) => a - b)[Math.floor(spent.length / 2)];
            }"""
        )

    # A frame is 16.7 ms; a busy machine gets twice that, and three visits: it delays one of them,
    # and a figure that is slow is slow each time.
    assert any(typical() < 33 for _ in range(3))


# -- everyone ----------------------------------------------------------------------------------


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: `make site` fetches it")
@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize(
    "colours", [("#222", "#fff"), ("#ced6dd", "#121212")], ids=["light", "dark"]
)
def test_axe_finds_nothing(colours: tuple[str, str], width: int, show: Shower) -> None:
    page = show([hand.kind() for hand in ALL], width, ink=colours[0], paper=colours[1])
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    assert not [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


@pytest.mark.parametrize("width", [320, 360, 720])
def test_nothing_is_wider_than_the_page(width: int, show: Shower) -> None:
    page = show([hand.kind() for hand in ALL], width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@each(ALL)
def test_every_drawing_and_control_has_a_name(hand: Hand, show: Shower) -> None:
    box = show([hand.kind()]).locator(".figure-box")
    assert box.locator("svg[role=img] > title").count() == box.locator("svg").count() == 1
    assert box.locator("output[aria-live=polite]").count() == 1
    for control in box.locator("input, select").all():
        assert control.evaluate("node => node.labels.length") == 1
        assert (control.bounding_box() or {})["height"] >= 24


def test_modules_are_small_and_import_nothing() -> None:
    for path in (BOOK / "figures" / "js").iterdir():
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path
        assert "import " not in text or path.suffix == ".css", path


# -- on the site -------------------------------------------------------------------------------

WITH_FIGURES = [
    one
    for one in chapters()
    if one.written and f"book.figures.{one.slug}" in one.manuscript.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("chapter", WITH_FIGURES, ids=lambda one: one.slug)
def test_figures_answer_on_the_site(chapter: Any, site_url: str, browser_page: Any) -> None:
    opened = browser_page(f"{site_url}{chapter.slug}.html", width=1000)
    boxes = opened.page.locator(".figure-box[data-figure=ready]").all()
    assert boxes
    for box in boxes:
        before = readings(box)
        if box.locator("input[type=range]").count():
            drag_slider(opened.page, box.locator("input[type=range]").first)
        elif box.locator("select").count():
            menu = box.locator("select").first
            menu.select_option(index=menu.evaluate("node => node.selectedIndex ? 0 : 1"))
        else:
            box.locator("[data-slug=attention]").hover()
        assert readings(box) != before
    assert not opened.errors
