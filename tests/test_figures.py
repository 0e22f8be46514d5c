"""The live figures: they start, answer the mouse and the keyboard, and compute what Python computes.

Most tests open a bare page that holds a figure's saved state and the site's own loader.
"""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from figure_pages import drag, drag_slider, page_of, readings, thumb
from playwright.sync_api import Browser, Page

from book.contents import BOOK, chapters
from book.extensions.npm import MODULES
from book.figures import Figure
from book.figures.activations import (
    ACTIVATIONS,
    BACKWARD,
    ActivationExplorer,
    DepthHistogram,
    DyingUnit,
    normals,
)
from book.figures.backpropagation import EDGES, BackpropStepper, NudgeWeight
from book.figures.start import ChapterMap

AXE = MODULES / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
STATES = 24  # random settings of each figure in which JavaScript and Python must agree


Shower = Callable[..., Page]


@pytest.fixture
def show(browser: Browser) -> Iterator[Shower]:
    """Open figures on a bare page: `show(figures, width=1000)`; an error in the console fails."""
    contexts, errors = [], []

    def open_page(figures: list[Figure], width: int = 1000, **colours: str) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 1100})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_content(page_of(figures, **colours))
        page.wait_for_function(
            "n => document.querySelectorAll('[data-figure=ready]').length === n", arg=len(figures)
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors


# -- parity ------------------------------------------------------------------------------------


def random_explorer(rng: np.random.Generator) -> Figure:
    return ActivationExplorer(activation=rng.choice(list(ACTIVATIONS)), z=rng.uniform(-5, 5))


def random_depth(rng: np.random.Generator) -> Figure:
    kind, seed = str(rng.choice(list(BACKWARD))), int(rng.integers(1, 2**31))
    return DepthHistogram(activation=kind, gain=rng.uniform(0.1, 4), seed=seed)


def random_unit(rng: np.random.Generator) -> Figure:
    # A rate that is far too large makes the path chaotic; rounding alone then parts it after a while.
    leaks = rng.choice([0.0, 0.0, 0.1], size=rng.integers(0, 20)).tolist()
    rate, bias = rng.uniform(0.05, 3), rng.uniform(-3, 3)
    return DyingUnit(rate=rate, bias=bias, slope=float(rng.choice([0, 0.2])), slopes=leaks)


def random_network(rng: np.random.Generator) -> dict[str, Any]:
    sizes = dict(W1=(3, 2), b1=3, W2=(2, 3), b2=2)
    drawn = {name: rng.normal(size=size).tolist() for name, size in sizes.items()}
    drawn |= {name: rng.uniform(-2, 2) for name in ("x1", "x2")}
    drawn |= {name: rng.uniform(0, 1) for name in ("y1", "y2")}
    return drawn | {"edge": int(rng.integers(len(EDGES)))}


def random_stepper(rng: np.random.Generator) -> Figure:
    return BackpropStepper(**random_network(rng), step=int(rng.integers(8)))


def random_nudge(rng: np.random.Generator) -> Figure:
    return NudgeWeight(**random_network(rng), nudge=rng.uniform(-2, 2))


def random_map(rng: np.random.Generator) -> Figure:
    return ChapterMap(chosen=str(rng.choice([one.slug for one in chapters()])))


RANDOM = {
    ActivationExplorer: random_explorer,
    DepthHistogram: random_depth,
    DyingUnit: random_unit,
    BackpropStepper: random_stepper,
    NudgeWeight: random_nudge,
    ChapterMap: random_map,
}
KINDS = pytest.mark.parametrize("kind", RANDOM, ids=lambda kind: kind.__name__)


def agree(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, dict):
        return all(agree(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(agree, ours, theirs))
    if isinstance(ours, float):
        return math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-15)
    return ours == theirs


@KINDS
def test_javascript_computes_what_python_computes(kind: type[Figure], show: Shower) -> None:
    rng = np.random.default_rng(20)
    figures = [RANDOM[kind](rng) for _ in range(STATES)]
    boxes = show(figures).locator(".figure-box")
    for i, figure in enumerate(figures):
        theirs = json.loads(boxes.nth(i).get_attribute("data-computed") or "null")
        assert agree(figure.compute(), theirs), (figure.compute(), theirs)


def test_every_activation_is_compared() -> None:
    rng = np.random.default_rng(20)
    drawn = {random_explorer(rng).activation for _ in range(STATES)}
    assert drawn == set(ACTIVATIONS)


def test_slopes_are_derivatives() -> None:
    z, h = np.linspace(-4.9, 4.9, 50), 1e-6
    for name, (a, slope) in ACTIVATIONS.items():
        numerical = (a(z + h) - a(z - h)) / (2 * h)
        np.testing.assert_allclose(slope(z), numerical, atol=1e-8, err_msg=name)


def test_normal_numbers_are_normal() -> None:
    drawn = normals(3, 200_000)
    assert abs(drawn.mean()) < 0.01 and abs(drawn.std() - 1) < 0.01
    assert abs(np.mean(drawn**4) - 3) < 0.1


def test_the_unit_dies_and_a_leak_revives_it() -> None:
    assert DyingUnit().compute()["dead"] == 1
    assert DyingUnit(rate=1.0).compute()["dead"] is None
    stuck = DyingUnit(slopes=[0.0] * 60).compute()
    assert stuck["gradient"][1:] == [0.0] * 60
    revived = DyingUnit(slopes=[0.0] * 20 + [0.1] * 60, slope=0.1).compute()
    assert revived["open"] == 7 and revived["cost"] < 0.02


# -- hands -------------------------------------------------------------------------------------


SLIDING = [kind for kind in RANDOM if kind is not ChapterMap]


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("kind", SLIDING, ids=lambda kind: kind.__name__)
def test_every_slider_answers_mouse_and_keyboard(
    kind: type[Figure], width: int, show: Shower
) -> None:
    page = show([kind()], width)
    box = page.locator(".figure-box")
    for slider in box.locator("input[type=range]").all():
        if slider.get_attribute("data-param") == "slope":
            box.locator("[data-action=step]").click()  # the leak acts on the steps to come
        before = readings(box)
        drag_slider(page, slider)
        dragged = readings(box)
        assert dragged[0] != before[0]
        slider.focus()
        page.keyboard.press("ArrowLeft" if thumb(slider) > 0.5 else "ArrowRight")
        assert readings(box)[0] != dragged[0]
        assert slider.get_attribute("aria-valuetext")


DRAWINGS = {
    ActivationExplorer: (".drag-area", 50, 0),
    DepthHistogram: (".drag-area", 50, 0),
    DyingUnit: (".drag-area", 50, 0),
    BackpropStepper: ("[data-drag=x2]", 0, -40),
    NudgeWeight: (".drag-area", -50, 0),
}


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("kind", DRAWINGS, ids=lambda kind: kind.__name__)
def test_the_drawing_answers_a_drag(kind: type[Figure], width: int, show: Shower) -> None:
    page = show([kind()], width)
    box = page.locator(".figure-box")
    before = readings(box)
    target, dx, dy = DRAWINGS[kind]
    drag(page, box.locator(target), dx, dy)
    assert readings(box)[0] != before[0]
    if kind is not BackpropStepper:  # its read-out speaks of an edge, which x2 does not touch
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


def test_an_edge_is_read_by_a_click(show: Shower) -> None:
    box = show([BackpropStepper(step=7)]).locator(".figure-box")
    box.locator("[data-edge='0']").click(force=True)
    assert "w¹₁₁ (input 1 → hidden 1) = 0.90" in box.locator("output").inner_text()


def test_the_stepper_names_each_equation_and_ends_where_it_began(show: Shower) -> None:
    box = show([BackpropStepper()]).locator(".figure-box")
    titles = []
    for _ in range(8):
        titles.append(box.locator("svg .step").text_content() or "")
        box.locator("[data-action=next]").click()
    named = ["Given", "hidden", "output", "cost", "BP1", "BP3, BP4", "BP2", "BP3, BP4"]
    for number, (title, name) in enumerate(zip(titles, named, strict=True)):
        assert title.startswith(f"{number}/7") and name in title
    assert (box.locator("svg .step").text_content() or "").startswith("0/7")
    assert box.locator("[data-action=back]").is_disabled()


def test_the_answer_comes_after_the_reader_moved(show: Shower) -> None:
    page = show([ActivationExplorer(), DepthHistogram(), DyingUnit(), NudgeWeight()])
    for box in page.locator(".figure-box").all():
        assert box.locator(".answer").is_hidden()
        drag_slider(page, box.locator("input[type=range]").first)
        assert box.locator(".answer").is_visible()


def test_training_runs_and_the_leak_brings_the_unit_back(show: Shower) -> None:
    page = show([DyingUnit()])
    box = page.locator(".figure-box")
    assert "Dead since step 1" in readings(box)[1]
    slider = box.locator("[data-param=slope]")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    box.locator("[data-action=run]").click()
    page.wait_for_function(
        "JSON.parse(document.querySelector('.figure-box').dataset.computed).steps === 72",
        timeout=15_000,
    )
    assert "7 of 10 examples reach it" in readings(box)[1]


def test_the_map_follows_pointer_and_focus(show: Shower) -> None:
    box = show([ChapterMap()]).locator(".figure-box")
    box.locator("[data-slug=attention]").hover()
    assert json.loads(readings(box)[0] or "{}")["chosen"] == "attention"
    box.locator("[data-slug=losses] button").focus()
    assert json.loads(readings(box)[0] or "{}")["chosen"] == "losses"
    written = [one for one in chapters() if one.written]
    links = box.locator("li a").all()
    assert [link.get_attribute("href") for link in links] == [f"{one.slug}.html" for one in written]


@pytest.mark.parametrize("kind", SLIDING, ids=lambda kind: kind.__name__)
def test_a_drag_redraws_within_a_frame(kind: type[Figure], show: Shower) -> None:
    page = show([kind()])
    typical = page.evaluate(
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
    # A frame is 16.7 ms; a busy machine gets twice that before it is called a failure.
    assert typical < 33


# -- everyone ----------------------------------------------------------------------------------


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: `make site` fetches it")
@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize(
    "colours", [("#222", "#fff"), ("#ced6dd", "#121212")], ids=["light", "dark"]
)
def test_axe_finds_nothing(colours: tuple[str, str], width: int, show: Shower) -> None:
    page = show([kind() for kind in RANDOM], width, ink=colours[0], paper=colours[1])
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    assert not [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


@pytest.mark.parametrize("width", [320, 360, 720])
def test_nothing_is_wider_than_the_page(width: int, show: Shower) -> None:
    page = show([kind() for kind in RANDOM], width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@KINDS
def test_every_drawing_and_control_has_a_name(kind: type[Figure], show: Shower) -> None:
    box = show([kind()]).locator(".figure-box")
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
        else:
            box.locator("[data-slug=attention]").hover()
        assert readings(box) != before
    assert not opened.errors
