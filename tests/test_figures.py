"""The live figures: they start, answer the mouse and the keyboard, and compute what Python computes.

Most tests open a bare page that holds a figure's saved state and the site's own loader.
"""

import json
import math
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import axe
import numpy as np
import pytest
from figure_pages import (
    Hand,
    Shower,
    by_keyboard,
    drag,
    drag_slider,
    finger,
    hands,
    readings,
    resize,
    thumb,
)
from playwright.sync_api import Locator, Page

from book.contents import BOOK, chapters
from book.figures import Figure
from book.figures.activations import ActivationExplorer
from book.figures.start import ChapterMap

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


@each(ALL)
def test_the_keyboard_alone_changes_a_figure(hand: Hand, show: Shower) -> None:
    page = show([hand.kind()], 360)
    assert by_keyboard(page, page.locator(".figure-box"))


@pytest.mark.parametrize("width", [360, 1000])
@each(SLIDING)
def test_every_slider_answers_mouse_and_keyboard(hand: Hand, width: int, show: Shower) -> None:
    sliders_answer(hand, show([hand.kind()], width).locator(".figure-box"))


@pytest.mark.parametrize("width", [360, 1000])
@each(hand for hand in ALL if hand.drag)
def test_the_drawing_answers_a_drag(hand: Hand, width: int, show: Shower) -> None:
    drawing_answers(hand, show([hand.kind()], width).locator(".figure-box"), drag)


@each(SLIDING)
def test_the_answer_comes_after_a_move(hand: Hand, show: Shower) -> None:
    answer_comes_after_a_move(show([hand.kind()]).locator(".figure-box"))


def sliders_answer(hand: Hand, box: Locator) -> None:
    """Every slider follows the mouse, then the keyboard."""
    for slider in box.locator("input[type=range]").all():
        actions: dict[str, str] = dict(hand.before)
        first = actions.get(slider.get_attribute("data-param") or "")
        if first:
            box.locator(f"[data-action={first}]").click()
        before = readings(box)
        drag_slider(box.page, slider)
        dragged = readings(box)
        assert dragged[0] != before[0]
        slider.focus()
        box.page.keyboard.press("ArrowLeft" if thumb(slider) > 0.5 else "ArrowRight")
        assert readings(box)[0] != dragged[0]
        assert slider.get_attribute("aria-valuetext")


def answer_comes_after_a_move(box: Locator) -> None:
    """What the reader was asked to foretell is not told before."""
    if box.locator(".answer").text_content():  # not every figure asks a question
        assert box.locator(".answer").is_hidden()
        drag_slider(box.page, box.locator("input[type=range]").first)
        assert box.locator(".answer").is_visible()


def drawing_answers(hand: Hand, box: Locator, pull: Callable[..., None]) -> None:
    """What can be pulled in the drawing changes the figure."""
    assert hand.drag
    before = readings(box)
    target, dx, dy = hand.drag
    pull(box.page, box.locator(target), dx, dy)
    after = readings(box)
    assert after[0] != before[0]
    assert after[1] != before[1] or not hand.reads


@each(hand for hand in ALL if hand.drag)
def test_a_figure_answers_a_finger_on_a_phone(hand: Hand, show: Shower) -> None:
    drawing_answers(hand, show([hand.kind()], 360).locator(".figure-box"), finger)


def test_a_finger_that_scrolls_moves_nothing(show: Shower) -> None:
    page = show([ActivationExplorer(), ActivationExplorer()], 360)
    resize(page, 360, 500)
    box = page.locator(".figure-box").first
    before = readings(box)
    finger(page, box.locator(".drag-area"), 0, -150)
    page.wait_for_function("scrollY > 0")
    assert readings(box) == before


@each(SLIDING)
def test_a_drag_redraws_within_a_frame(hand: Hand, show: Shower) -> None:
    page = show([hand.kind()])

    def typical() -> float:
        return page.evaluate(
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

    # A frame is 16.7 ms; a busy machine gets twice that, and three tries: it delays one of them,
    # and a figure that is slow is slow each time.
    assert any(typical() < 33 for _ in range(3))


# -- everyone ----------------------------------------------------------------------------------

WIDTHS = (320, 360, 720, 1000, 1440)
# Text that is too small, or that stands out of its drawing by more than two pixels.
ILL_SET = """() => [...document.querySelectorAll('.figure-box svg text')].flatMap((text) => {
  const [own, all] = [text, text.closest('svg')].map((node) => node.getBoundingClientRect());
  if (!own.width || !text.checkVisibility({ visibilityProperty: true })) return [];
  const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d;
  const out = Math.max(all.left - own.left, own.right - all.right, all.top - own.top,
    own.bottom - all.bottom);
  const turned = text.closest('[transform*=rotate]');
  const figure = text.closest('.nnd').getAttribute('aria-label');
  const small = !turned && size < 10.9;
  return small || out > 2 ? [`${figure}: ${text.textContent} ${size.toFixed(1)} ${out.toFixed(1)}`] : [];
})"""


@pytest.fixture
def everything(show: Shower) -> Page:
    """All figures, one below the other."""
    return show([hand.kind() for hand in ALL])


def test_nothing_is_wider_than_the_page(everything: Page) -> None:
    for width in WIDTHS:
        resize(everything, width)
        assert everything.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 1440])
def test_text_in_drawings_is_large_enough_and_inside(everything: Page, width: int) -> None:
    resize(everything, width)
    assert not everything.evaluate(ILL_SET)


@pytest.mark.parametrize("width", [360, 1000])
def test_axe_finds_nothing(node_packages: None, everything: Page, width: int) -> None:
    resize(everything, width)
    assert not axe.violations(everything)
    everything.evaluate("document.body.style = 'color: #ced6dd; background: #121212'")
    everything.wait_for_function("!document.querySelector('.nnd[data-scheme=light]')")
    assert not axe.violations(everything, colours_only=True)


def test_every_figure_asks_and_has_names(everything: Page) -> None:
    boxes = everything.locator(".figure-box")
    for hand, box in zip(ALL, boxes.all(), strict=True):
        asked = box.locator(".nnd > p:not(.key)").all_inner_texts()[:1]
        assert hand.kind is ChapterMap or asked[0].strip().endswith("?"), hand
        assert box.locator("svg[role=img] > title").count() == box.locator("svg").count() == 1, hand
        assert box.locator("output[aria-live=polite]").count() == 1, hand
        for control in box.locator("input, select").all():
            assert control.evaluate("node => node.labels.length") == 1, hand
            reached = "node => (node.type === 'radio' ? node.labels[0] : node).offsetHeight"
            assert control.evaluate(reached) >= 24, hand


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
