"""The figure of the first chapter."""

import json

import numpy as np
from figure_pages import Hand, Shower, readings

from book.contents import chapters
from book.figures import Figure
from book.figures.start import ChapterMap


def random_map(rng: np.random.Generator) -> Figure:
    return ChapterMap(chosen=str(rng.choice([one.slug for one in chapters()])))


HANDS = [Hand(ChapterMap, random_map, slides=False)]


def test_the_map_follows_pointer_and_focus(show: Shower) -> None:
    box = show([ChapterMap()]).locator(".figure-box")
    box.locator("[data-slug=attention]").hover()
    assert json.loads(readings(box)[0] or "{}")["chosen"] == "attention"
    box.locator("[data-slug=losses] button").focus()
    assert json.loads(readings(box)[0] or "{}")["chosen"] == "losses"
    written = [one for one in chapters() if one.written]
    links = box.locator("li a").all()
    assert [link.get_attribute("href") for link in links] == [f"{one.slug}.html" for one in written]
