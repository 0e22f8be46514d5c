"""The figures of the chapter on word vectors."""

import json
import re

import numpy as np
from figure_pages import Hand, Shower, readings

from book.contents import chapter
from book.data import bible
from book.figures import Figure
from book.figures.word2vec import (
    SENTENCE,
    SHOWN,
    VECTORS,
    MovingVectors,
    NearestWord,
    SlidingWindow,
    vectors,
)
from solutions.word2vec import build_vocabulary, nearest


def random_window(rng: np.random.Generator) -> Figure:
    method = ("skip-gram", "CBOW")[rng.integers(2)]
    place, window = int(rng.integers(len(SENTENCE))), int(rng.integers(1, 10))
    return SlidingWindow(place=place, window=window, method=method)


def random_vectors(rng: np.random.Generator) -> Figure:
    steps, noise = int(rng.integers(401)), int(rng.integers(1, 9))
    seed = int(rng.integers(1, 2**31))
    return MovingVectors(steps=steps, noise=noise, seed=seed, rate=rng.uniform(0.03, 0.3))


def random_word(rng: np.random.Generator) -> Figure:
    word = vectors()[0].split()[rng.integers(SHOWN)]
    return NearestWord(word=word, among=int(rng.integers(100, SHOWN + 1)))


HANDS = [
    Hand(SlidingWindow, random_window, drag=(".drag-area", -210, 0)),
    Hand(MovingVectors, random_vectors, drag=(".drag-area", 90, 0)),
    Hand(NearestWord, random_word, drag=("[data-row='2']", 8, 0)),
]


def test_words_of_one_company_meet() -> None:
    for seed in range(1, 6):
        before, after = (MovingVectors(seed=seed, steps=n).compute() for n in (0, 300))
        assert after["queen"] > 0.999 and after["loss"] < before["loss"]


def test_training_in_the_page_arrives(show: Shower) -> None:
    box = show([MovingVectors(steps=390)]).locator(".figure-box")
    box.locator("[data-action=train]").click()
    box.page.wait_for_function(
        "JSON.parse(document.querySelector('.figure-box').dataset.computed).queen > 0.9999"
    )
    box.locator("[data-action=seed]").click()
    state = json.loads(readings(box)[0] or "{}")
    np.testing.assert_allclose(state["vectors"], MovingVectors(seed=8).compute()["vectors"])


def test_the_page_knows_the_commonest_words_of_the_text() -> None:
    tokens = re.findall(r"[a-z]+(?:’[a-z]+)?", bible().lower())
    assert vectors()[0].split() == list(build_vocabulary(tokens, 5)[0])[:SHOWN]
    assert VECTORS.stat().st_size <= 200_000
    marked = chapter("word2vec").manuscript.read_text(encoding="utf-8").count(":tags: [vectors]")
    assert marked == 5, "the cells that the file of vectors is made by"


def test_neighbours_are_those_of_the_chapters_function(show: Shower) -> None:
    with np.load(VECTORS) as archive:
        E = archive["rows"].astype(float)
    words = vectors()[0].split()
    box = show([NearestWord()]).locator(".figure-box")
    for word in ("mother", "seven", "egypt"):
        box.locator("input[type=text]").fill(word)
        said = json.loads(readings(box)[0] or "{}")
        assert said["nearest"] == nearest(E, words.index(word), 8).tolist()
        assert words[said["nearest"][0]] in readings(box)[1]


def test_an_unknown_word_is_named_and_changes_nothing(show: Shower) -> None:
    box = show([NearestWord()]).locator(".figure-box")
    before = readings(box)
    box.locator("input[type=text]").fill("computer")
    assert readings(box) == before
    assert "not among the 1500 commonest words" in box.inner_text()
    box.locator("input[type=text]").fill("Kin")
    assert "Do you mean kin" in box.inner_text()
