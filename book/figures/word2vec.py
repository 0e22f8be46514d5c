"""Figures of the chapter on word vectors.

`python -m book.figures.word2vec` trains the vectors of `NearestWord` anew and writes their file.
"""

import base64
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals
from solutions import word2vec
from solutions.word2vec import (
    block_backward,
    cbow_examples,
    nearest,
    skipgram_pairs,
)

SENTENCE = ["in", "the", "beginning", "god", "created", "the", "heavens", "and", "the", "earth"]
VECTORS = Path(__file__).parent / "word2vec_vectors.npz"
SHOWN = 1500  # words of which the page knows a vector

NOUNS = {"king queen": "rules commands", "dog cat": "barks sleeps", "bread cheese": "smells tastes"}
TEXT = [
    f"{noun} {verb}"
    for nouns, verbs in NOUNS.items()
    for noun in nouns.split()
    for verb in verbs.split()
]


class SlidingWindow(Figure):
    """A window that slides along a sentence: the centre stands at `place`, `window` words each way.

    `compute()` gives the places of the context, whether the window lies in the sentence as a whole,
    and how many pairs (skip-gram) and examples (CBOW) the sentence gives.
    """

    place = t.Int(3, min=0, max=len(SENTENCE) - 1).tag(sync=True)
    window = t.Int(2, min=1, max=9).tag(sync=True)
    method = t.Enum(["skip-gram", "CBOW"], "skip-gram").tag(sync=True)
    sentence = t.List(SENTENCE).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        places = np.arange(len(self.sentence))  # every word its own id
        pairs = skipgram_pairs(places, self.window)
        _, middles = cbow_examples(places, self.window)
        return {
            "context": pairs[pairs[:, 0] == self.place, 1].tolist(),
            "whole": bool(np.isin(self.place, middles)),
            "pairs": len(pairs),
            "examples": len(middles),
        }


@cache
def met() -> tuple[list[str], np.ndarray]:
    """The nouns and then the verbs, and how often each noun meets each verb as its context."""
    words = [*" ".join(NOUNS).split(), *" ".join(NOUNS.values()).split()]
    table = np.zeros((6, 6))
    for sentence in TEXT:
        noun, verb = (words.index(word) for word in sentence.split())
        table[noun, verb - 6] += 1
    return words, table


class MovingVectors(Figure):
    """Vectors in the plane, trained in the page on twelve sentences by negative sampling.

    A sentence is a noun, the centre, and a verb, its context.
    Descent on the whole loss, averaged over all noise: the state after `steps` steps follows from
    `seed`, `noise` (words of noise for each pair) and `rate`.
    `compute()` gives the nouns' vectors v and then the verbs' u, the loss, and two cosines.
    """

    parts = ("chance", "training_steps")

    steps = t.Int(0, min=0, max=400).tag(sync=True)
    noise = t.Int(2, min=1, max=8).tag(sync=True)
    rate = t.Float(0.15).tag(sync=True)
    seed = t.Int(7).tag(sync=True)
    words = t.List(met()[0]).tag(sync=True)
    met = t.List(met()[1].tolist()).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        real = np.array(self.met)
        made_up = self.noise * np.outer(real.sum(axis=1), real.sum(axis=0)) / real.sum()
        C, O = 0.8 * normals(self.seed, 24).reshape(2, 6, 2)
        for _ in range(self.steps):
            dC, dO = block_backward(C, O, real, made_up)
            rate = self.rate / (1 + self.noise)  # of a mean over a pair's questions
            C, O = C - rate * dC, O - rate * dO
        S = C @ O.T
        loss = real * np.logaddexp(0, -S) + made_up * np.logaddexp(0, S)
        king, queen, dog = (C[self.words.index(word)] for word in ("king", "queen", "dog"))
        lengths = np.linalg.norm([king, queen, dog], axis=1)
        return {
            "vectors": [*C.tolist(), *O.tolist()],
            "loss": float(loss.sum() / real.sum()),
            "queen": float(king @ queen / lengths[0] / lengths[1]),
            "dog": float(king @ dog / lengths[0] / lengths[2]),
        }


@cache
def vectors() -> tuple[str, str]:
    """The commonest words of the Bible in one string, and their vectors as bytes, in base 64."""
    with np.load(VECTORS) as archive:
        return str(archive["words"]), base64.b64encode(archive["rows"].tobytes()).decode()


class NearestWord(Figure):
    """The nearest neighbours of a `word` that the reader types, `among` so many common words.

    `words` and `rows` are what the chapter's training gave: the words, separated by spaces, and in
    base 64 a hundred bytes for each, its vector scaled so that the largest entry is ±127.
    `compute()` gives the ids of the eight nearest and their cosines.
    """

    word = t.Unicode("bread").tag(sync=True)
    among = t.Int(SHOWN, min=100, max=SHOWN).tag(sync=True)
    words = t.Unicode(vectors()[0]).tag(sync=True)
    rows = t.Unicode(vectors()[1]).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        E = np.frombuffer(base64.b64decode(self.rows), np.int8).reshape(SHOWN, -1).astype(float)
        id = self.words.split().index(self.word)
        listed = np.delete(np.arange(self.among), id) if id < self.among else np.arange(self.among)
        listed = np.append(listed, id)  # the word itself stands last, and is left out by `nearest`
        found = listed[nearest(E[listed], len(listed) - 1, 8)]
        lengths = np.linalg.norm(E, axis=1)
        cosines = E[found] @ E[id] / (lengths[found] * lengths[id])
        return {"among": self.among, "nearest": found.tolist(), "cosines": cosines.tolist()}


def train_as_the_chapter_does() -> tuple[list[str], np.ndarray]:
    """Run the cells of the manuscript that are tagged `vectors`; return its words and E_in."""
    from book.contents import chapter
    from book.data import bible

    text = chapter("word2vec").manuscript.read_text(encoding="utf-8")
    space = vars(word2vec) | {"bible": bible, "re": re, "time": time}
    for cell in re.findall(r"```\{code-cell\}\n:tags: \[vectors\]\n(.*?)```", text, re.S):
        exec(cell, space)
    return space["words"], space["E_in"]


def write_vectors() -> None:
    words, E = train_as_the_chapter_does()
    E = E[:SHOWN]
    rows = np.round(127 * E / np.abs(E).max(axis=1, keepdims=True)).astype(np.int8)
    np.savez_compressed(VECTORS, words=np.array(" ".join(words[:SHOWN])), rows=rows)


if __name__ == "__main__":
    write_vectors()
