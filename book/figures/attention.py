"""Figures of the chapter on attention."""

from math import prod
from typing import Any

import numpy as np
import traitlets as t

from book.figures import Figure
from book.figures.chance import normals, uniform
from book.figures.tiny_gpt import (
    ALPHABET,
    CONTEXT,
    HEADS,
    LAYERS,
    WIDTH,
    Params,
    encode,
    kept,
    walk,
)
from solutions.attention import (
    attention_weights,
    causal_mask,
    online_softmax_attention,
    scaled_dot_product_attention,
    sinusoidal_positions,
)
from solutions.losses import entropy, log_softmax, softmax

GPT_PARTS = ("chance", "heat_map", "matrix_view", "tiny_gpt", "typed_text")
BLOCK_STEPS = 12


def listed(X: np.ndarray) -> list[Any]:
    """Return nested lists; what is −∞ becomes None, as in JSON."""
    if X.ndim > 1:
        return [listed(row) for row in X]
    return [float(x) if np.isfinite(x) else None for x in X]


class TinyGPTReader(t.HasTraits):
    """What the figures share that run the tiny GPT: its weights, and the text that it reads."""

    net = t.Dict().tag(sync=True)
    text = t.Unicode("let there be light, and there").tag(sync=True)
    token = t.Int(CONTEXT - 1, min=0).tag(sync=True)

    @t.default("net")
    def trained(self) -> dict[str, Any]:
        return kept()[0]

    def ids(self) -> np.ndarray:
        """The characters that the net reads."""
        return encode(self.text[-CONTEXT:])


class TokenWalk(TinyGPTReader, Figure):
    """One character's walk through the tiny GPT: `step` by step, seen through one `head`.

    The net reads the last 32 characters of `text`; `token` is the place of the one followed, the
    last where it points past the end.  The next character is drawn at `temperature` with `seed`.
    `compute()` gives the numbers of the present step, the parameters that it uses, and the guess.
    """

    parts = (*GPT_PARTS, "token_steps")

    step = t.Int(0, min=0).tag(sync=True)
    head = t.Int(1, min=1, max=HEADS).tag(sync=True)
    temperature = t.Float(0.7).tag(sync=True)
    seed = t.Int(1).tag(sync=True)

    def panels(self, run: Params, params: Params) -> tuple[list[np.ndarray], list[np.ndarray], int]:
        """Return what the present step shows, the weights it shows, and its parameters' number."""
        opening = [
            (["one_hot"], []),
            (["one_hot", "embedded"], ["embedding"]),
            (["positions"], []),
            (["embedded", "positions", "x.0"], []),
        ]
        ending = [
            ([f"x.{LAYERS}", "last"], ["norm"]),
            (["last", "logits"], ["out"]),
            (["logits", "p"], []),
            (["p"], []),
        ]
        attn = "self_attn."
        block = [
            (["x", "a"], ["norm1"]),
            (["a", "Q", "K", "V"], [attn + "in_proj"]),
            (["Q", "K", "scores"], []),
            (["scores", "masked"], []),
            (["masked", "P"], []),
            (["P", "V", "mixed"], []),
            (["merged", "attended"], [attn + "out_proj"]),
            (["x", "attended", "middle"], []),
            (["middle", "c"], ["norm2"]),
            (["c", "h"], ["linear1"]),
            (["h", "fed"], ["linear2"]),
            (["middle", "fed", "next"], []),
        ]
        l, at = divmod(self.step - len(opening), BLOCK_STEPS)
        if self.step < len(opening):
            names, used = opening[self.step]
        elif l < LAYERS:
            names, used = block[at]
            names = [f"x.{l + 1}" if name == "next" else f"{name}.{l}" for name in names]
            used = [f"{l}.{name}" for name in used]
        else:
            names, used = ending[at]
        seen = [run[name][self.head - 1] if run[name].ndim == 3 else run[name] for name in names]
        count = sum(p.size for name, p in params.items() if name.startswith(tuple(used or "-")))
        weights = []
        for name in used:
            matrices = [p for full, p in params.items() if full.startswith(name) and p.ndim == 2]
            for W in matrices:
                if name.endswith("in_proj"):  # of each third, the rows of this head
                    each = WIDTH // HEADS
                    W = W.reshape(3, HEADS, each, WIDTH)[:, self.head - 1].reshape(-1, WIDTH)
                weights.append(W.T if name.endswith("linear1") else W)
        return seen, weights, count

    def compute(self) -> dict[str, Any]:
        params, ids = kept()[1], self.ids()
        mask = causal_mask(len(ids))
        run = walk(params, ids, mask, np.ones((LAYERS, HEADS)))
        run["p"] = softmax(run["logits"])
        run |= {f"masked.{l}": np.where(mask, run[f"scores.{l}"], -np.inf) for l in range(LAYERS)}
        seen, weights, count = self.panels(run, params)
        token = min(self.token, len(ids) - 1)
        guesses = softmax(run["logits"] / self.temperature)
        drawn = np.searchsorted(np.cumsum(guesses[-1]), uniform(self.seed, 1)[0], side="right")
        return {
            "step": self.step,
            "token": token,
            "head": self.head,
            "ids": ids.tolist(),
            "values": [listed(X) for X in seen],
            "weights": [{"rows": W.sum(1).tolist(), "columns": W.sum(0).tolist()} for W in weights],
            "parameters": count,
            "total": sum(p.size for p in params.values()),
            "guess": guesses[token].tolist(),
            "next": min(int(drawn), len(ALPHABET) - 1),
        }


class AttentionMap(TinyGPTReader, Figure):
    """The weights of every head of the tiny GPT over a text.

    `look` counts through the heads: the one that is shown large.  `off` lists the heads whose output
    is replaced by 0, and without `mask` every character may look ahead.
    `compute()` gives the weights of the head on view, how far it looks on average, what each
    character after the first costs in bits, their mean now and for the `whole` net as it was
    trained, and the guess after the character followed.
    """

    parts = GPT_PARTS

    look = t.Int(0, min=0, max=LAYERS * HEADS - 1).tag(sync=True)
    mask = t.Bool(True).tag(sync=True)
    off = t.List(t.Int(min=0, max=LAYERS * HEADS - 1)).tag(sync=True)

    def surprises(self, logits: np.ndarray, ids: np.ndarray) -> np.ndarray:
        return -log_softmax(logits)[np.arange(len(ids) - 1), ids[1:]] / np.log(2)

    def compute(self) -> dict[str, Any]:
        params, ids = kept()[1], self.ids()
        T, token = len(ids), min(self.token, len(ids) - 1)
        on = np.ones(LAYERS * HEADS)
        on[self.off] = 0
        heads = on.reshape(LAYERS, HEADS)
        run = walk(params, ids, causal_mask(T) if self.mask else None, heads)
        whole = walk(params, ids, causal_mask(T), np.ones_like(heads))
        P = run[f"P.{self.look // HEADS}"][self.look % HEADS]
        away = np.abs(np.arange(T)[:, None] - np.arange(T))
        now, then = (self.surprises(one["logits"], ids) for one in (run, whole))
        return {
            "token": token,
            "look": self.look,
            "weights": P.tolist(),
            "back": float((P * away).sum(axis=1).mean()),
            "surprises": now.tolist(),
            "bits": float(now.mean()) if T > 1 else 0.0,
            "whole": float(then.mean()) if T > 1 else 0.0,
            "guess": softmax(run["logits"][token]).tolist(),
        }


class SoftLookup(Figure):
    """A query (`q1`, `q2`) among five keys `stored` in the plane, and the mean of their `values`.

    In 2 ** `dimension` dimensions keys and query have further coordinates, standard normal, drawn
    with `seed`.  The scores are divided by `temperature`, and by √d where `scaled`.
    `compute()` gives scores, weights, the mixed value, and the weights' entropy in bits.
    """

    parts = ("chance",)

    stored = t.List(t.List(t.Float())).tag(sync=True)
    values = t.List(t.List(t.Float())).tag(sync=True)
    q1 = t.Float(1.4).tag(sync=True)
    q2 = t.Float(0.9).tag(sync=True)
    temperature = t.Float(1.0, min=0.1).tag(sync=True)
    dimension = t.Int(1, min=1, max=8).tag(sync=True)
    scaled = t.Bool(True).tag(sync=True)
    seed = t.Int(3).tag(sync=True)

    @t.default("stored")
    def around(self) -> list[list[float]]:
        return [[2.0, 0.4], [0.9, 1.9], [-1.5, 1.5], [-1.9, -0.8], [0.6, -1.9]]

    @t.default("values")
    def elsewhere(self) -> list[list[float]]:
        return [[-2.1, 1.2], [1.6, 2.1], [2.2, -0.6], [-0.3, -2.2], [-1.2, -0.9]]

    def compute(self) -> dict[str, Any]:
        d, count = 2**self.dimension, len(self.stored)
        further = normals(self.seed, (count + 1) * 256).reshape(count + 1, 256)[:, : d - 2]
        plane = np.array([*self.stored, [self.q1, self.q2]])
        both = np.concatenate([plane, further], axis=1)
        K, Q, V = both[:-1], both[-1:], np.array(self.values)
        Q = Q / self.temperature * (1 if self.scaled else np.sqrt(d))
        weights = attention_weights(Q, K)[0]
        return {
            "d": d,
            "query": [self.q1, self.q2],
            "scores": (Q @ K.T / np.sqrt(d))[0].tolist(),
            "weights": weights.tolist(),
            "mixed": scaled_dot_product_attention(Q, K, V)[0].tolist(),
            "entropy": float(entropy(weights) / np.log(2)),
        }


class PositionWaves(Figure):
    """The sinusoidal position `position`, 2 ** `width` numbers, and another `distance` further on.

    `compute()` gives the position's numbers, its product with each of 96 positions, and that with
    the other.
    """

    parts = ("heat_map", "matrix_view")
    places = 96

    position = t.Int(20, min=0, max=63).tag(sync=True)
    distance = t.Int(8, min=0, max=32).tag(sync=True)
    width = t.Int(5, min=1, max=6).tag(sync=True)

    def compute(self) -> dict[str, Any]:
        S = sinusoidal_positions(self.places, 2**self.width)
        other = self.position + self.distance
        curve = S @ S[self.position]
        return {
            "d": 2**self.width,
            "position": self.position,
            "other": other,
            "here": S[self.position].tolist(),
            "curve": curve.tolist(),
            "product": float(curve[other]),
        }


def power(of_two: int, low: int, high: int) -> t.TraitType:
    """A size, as the exponent of a power of two."""
    return t.Int(of_two, min=low, max=high).tag(sync=True)


class BlockShapes(Figure):
    """The arrays and weights of a pre-norm transformer block, as large as its sizes make them.

    Traits are exponents: 2 ** `sequences` sequences of 2 ** `positions` tokens, and so on.
    `compute()` gives for each of eight steps the shape of the array it makes (of Q, K and V as one),
    its parameters, the multiplications of its matrix products for one token, and its array's bytes
    in float32; the sums of these over norms, attention, table and network; and the lengths beyond
    which the table of scores takes more multiplications than the linear layers (`slower`) and more
    memory than all other arrays (`larger`).
    """

    sequences = power(3, 0, 8)
    positions = power(9, 0, 17)
    width = power(9, 7, 14)
    heads = power(3, 0, 7)
    hidden = power(11, 7, 16)

    def compute(self) -> dict[str, Any]:
        exponents = (self.sequences, self.positions, self.width, self.heads, self.hidden)
        N, T, E, H, F = (2**e for e in exponents)
        d = E // H
        stream: tuple[int, ...] = (N, T, E)
        norm: list[tuple[int, ...]] = [(E,), (E,)]
        steps: list[tuple[tuple[int, ...], list[tuple[int, ...]], int, str, str]] = [
            # array, weights, multiplications for a token, whose these are, whose the array is
            (stream, norm, 0, "norms", "norms"),
            ((3, N, H, T, d), [(3 * E, E), (3 * E,)], E * 3 * E, "attention", "attention"),
            ((N, H, T, T), [], H * d * T, "table", "table"),
            ((N, H, T, d), [], H * T * d, "table", "attention"),
            (stream, [(E, E), (E,)], E * E, "attention", "attention"),
            (stream, norm, 0, "norms", "norms"),
            ((N, T, F), [(F, E), (F,)], E * F, "network", "network"),
            (stream, [(E, F), (E,)], F * E, "network", "network"),
        ]
        shapes, weights, products, workers, keepers = zip(*steps, strict=True)
        parameters = [sum(map(prod, one)) for one in weights]
        memory = [4 * prod(shape) for shape in shapes]

        def totals(values: list[int], owners: tuple[str, ...]) -> dict[str, int]:
            groups = dict.fromkeys(("norms", "attention", "table", "network"), 0)
            for value, owner in zip(values, owners, strict=True):
                groups[owner] += value
            return groups

        return {
            "shapes": [list(shape) for shape in shapes],
            "parameters": parameters,
            "products": list(products),
            "bytes": memory,
            "held": totals(parameters, workers),
            "done": totals(list(products), workers),
            "kept": totals(memory, keepers),
            "slower": 2 * E + F,
            "larger": (8 * E + F) / H,
        }


class OnlineSoftmax(Figure):
    """Softmax of `scores` in one pass by blocks of `block`, `done` of them seen so far.

    `held` is the score that hand and keys move.
    `compute()` gives the running maximum and sum after each block seen, what each correction
    multiplied by, the weights and the mean of the `values` so far, and those of softmax at the end.
    """

    parts = ("chance",)

    scores = t.List(t.Float()).tag(sync=True)
    values = t.List(t.Float()).tag(sync=True)
    block = t.Int(4, min=1).tag(sync=True)
    done = t.Int(2, min=0).tag(sync=True)
    seed = t.Int(1).tag(sync=True)
    held = t.Int(0, min=0).tag(sync=True)

    @t.default("scores")
    def some_scores(self) -> list[float]:
        return [0.4, -1.2, 1.1, 0.2, -0.6, 2.2, 0.9, -2.0, 1.6, 3.1, -0.4, 0.7]

    @t.default("values")
    def some_values(self) -> list[float]:
        return [1.0, -0.5, 0.3, 2.0, -1.4, 0.8, -0.2, 1.5, -1.1, 0.6, 1.9, -0.7]

    def compute(self) -> dict[str, Any]:
        s, v = np.array(self.scores), np.array(self.values)
        blocks = -(-len(s) // self.block)
        done = min(self.done, blocks)
        ends = [min((i + 1) * self.block, len(s)) for i in range(done)]
        tops = np.array([s[:end].max() for end in ends])
        totals = [np.exp(s[:end] - top).sum() for end, top in zip(ends, tops, strict=True)]
        shrinks = np.exp(np.concatenate([[-np.inf], tops[:-1]]) - tops) if done else tops
        weights = np.zeros_like(s)
        sofar = 0.0
        one = np.ones((1, 1))
        if done:
            seen = slice(ends[-1])
            weights[seen] = softmax(s[seen])
            K, V = s[seen, None], v[seen, None]
            sofar = online_softmax_attention(one, K, V, self.block).item()
        return {
            "block": self.block,
            "blocks": blocks,
            "done": done,
            "tops": tops.tolist(),
            "totals": [float(total) for total in totals],
            "shrinks": shrinks.tolist(),
            "weights": weights.tolist(),
            "sofar": sofar,
            "final": softmax(s).tolist(),
            "output": scaled_dot_product_attention(one, s[:, None], v[:, None]).item(),
        }
