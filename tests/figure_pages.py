"""A bare page with live figures on it, and hands that move them; shared by the figures' tests."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page

from book.contents import BOOK
from book.figures import Figure

LOADER = (BOOK / "_static" / "figures.js").read_text(encoding="utf-8")
MIME = "application/vnd.jupyter.widget-{}+json"


Shower = Callable[..., Page]  # what the fixture `show` returns


@dataclass(frozen=True)
class Hand:
    """How the tests take hold of one kind of figure.

    random: draws any state that a reader can reach, for the comparison with Python.
    drag: what to pull in the drawing, and how far, in pixels; None where nothing can be pulled.
    reads: whether the read-out follows that pull.
    slides: whether the figure has sliders.
    before: slider → action to click first, where a slider acts only later.
    """

    kind: type[Figure]
    random: Callable[[np.random.Generator], Figure]
    drag: tuple[str, float, float] | None = None
    reads: bool = True
    slides: bool = True
    before: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.kind.__name__


def hands() -> Iterable[Hand]:
    """All hands, from `HANDS` of each test_figures_<slug>.py."""
    for path in sorted(Path(__file__).parent.glob("test_figures_*.py")):
        yield from getattr(import_module(path.stem), "HANDS", [])


def page_of(figures: list[Figure], ink: str = "#222", paper: str = "#fff") -> str:
    """A page with nothing but these figures, saved as a notebook saves them."""
    saved = {}
    for figure in figures:
        state = {k: v for k, v in figure.get_state().items() if k not in ("layout", "comm")}
        saved[figure.model_id] = {"model_module": "anywidget", "state": state}
    text = json.dumps({"state": saved}).replace("</", "<\\/")
    views = "".join(
        f'<script type="{MIME.format("view")}">{json.dumps({"model_id": one.model_id})}</script>'
        for one in figures
    )
    return (
        '<!doctype html><html lang="en"><title>Figures</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>body {{ margin: 16px; color: {ink}; background: {paper}; }}</style>"
        f"<main><h1>Figures</h1>{views}</main>"
        f'<script type="{MIME.format("state")}">{text}</script><script>{LOADER}</script></html>'
    )


def resize(page: Page, width: int, height: int = 900) -> None:
    """Give the window this size and wait until the figures have drawn themselves again."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function("width => innerWidth === width", arg=width)
    # Observers of sizes are called after the layout of a frame; what they change, after the next.
    page.evaluate(
        "async () => { for (let n = 0; n < 4; n++) await new Promise(requestAnimationFrame) }"
    )


def drag(page: Page, target: Locator, dx: float, dy: float = 0, at: float = 0.5) -> None:
    """Press, move and release the mouse; `at` is the share of the target's width to press at."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box
    x, y = box["x"] + at * box["width"], box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=6)
    page.mouse.up()


def thumb(slider: Locator) -> float:
    """Where a slider's thumb is, as a share of its width."""
    low, high, value, width = slider.evaluate("s => [+s.min, +s.max, +s.value, s.clientWidth]")
    share = (value - low) / (high - low)
    return (8 + share * (width - 16)) / width


def drag_slider(page: Page, slider: Locator) -> None:
    """Pull the thumb to where there is room, once the page around it has come to rest."""
    slider.hover(trial=True)
    at = thumb(slider)
    drag(page, slider, -40 if at > 0.5 else 40, at=at)


def readings(box: Locator) -> tuple[str | None, str]:
    return box.get_attribute("data-computed"), box.locator("output").inner_text()


def finger(page: Page, target: Locator, dx: float, dy: float = 0) -> None:
    """Pull with a finger, sideways first; what the browser takes for scrolling moves no figure."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    steps = [(x + dx * i / 6, y) for i in range(7)] + [
        (x + dx, y + dy * i / 6) for i in range(1, 7)
    ]
    hand = page.context.new_cdp_session(page)
    for i, (at_x, at_y) in enumerate(steps):
        points = [{"x": at_x, "y": at_y}]
        hand.send(
            "Input.dispatchTouchEvent",
            {"type": "touchMove" if i else "touchStart", "touchPoints": points},
        )
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    hand.detach()


# What the keyboard does to a control: its element and type -> keys to try.
KEYS = {
    "range": ("ArrowRight", "ArrowLeft"),
    "number": ("ArrowUp", "ArrowDown"),
    "select": ("ArrowDown", "ArrowUp"),
    "checkbox": ("Space",),
    "radio": ("ArrowRight", "ArrowDown"),
    "text": ("e",),
    "button": ("Space",),
    "a": (),
}
WHERE = """box => {
  const here = document.activeElement;
  const name = here.localName === "input" ? here.type : here.localName;
  return box.contains(here) ? name : null;
}"""


def by_keyboard(page: Page, box: Locator) -> bool:
    """Whether somebody with a keyboard alone, who comes from above, changes what a figure says."""
    before = readings(box)
    box.evaluate("box => { box.tabIndex = -1; box.focus() }")
    page.keyboard.press("Tab")
    while kind := box.evaluate(WHERE):
        for key in KEYS[kind]:
            page.keyboard.press(key)
            if readings(box) != before:
                return True
        page.keyboard.press("Tab")
    return False
