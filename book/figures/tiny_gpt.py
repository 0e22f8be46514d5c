"""A tiny GPT over characters, written and trained with the reader's own functions.

`python -m book.figures.tiny_gpt` trains it on the text that ships with the book, prints its bits
per character and a sample, and keeps the weights as `tiny_gpt.npz` beside this file: one byte a
weight, and for each array the number that its bytes are multiplied by.
js/tiny_gpt.js is the other half, which runs the trained net in the page.
"""

import base64
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from book.data import bible
from solutions.activations import relu
from solutions.attention import (
    attention_weights,
    causal_mask,
    merge_heads,
    sample_top_k,
    sinusoidal_positions,
    split_heads,
    transformer_block,
    transformer_block_backward,
)
from solutions.jacobians import layer_norm, layer_norm_backward, linear_backward
from solutions.losses import cross_entropy, cross_entropy_backward
from solutions.neurons import linear
from solutions.optimizers import adam_step, clip_gradient_norm, cosine_schedule

ALPHABET = " abcdefghijklmnopqrstuvwxyz,.'"
LAYERS, HEADS, WIDTH, HIDDEN, CONTEXT, EPS = 2, 4, 48, 192, 32, 1e-5
WEIGHTS = Path(__file__).with_name("tiny_gpt.npz")

Params = dict[str, np.ndarray]


def plain(text: str) -> str:
    """Return the text in the net's thirty characters: lower case, three marks, a space."""
    same = str.maketrans(";:?!’\n", ",,..' ")
    return "".join(c for c in text.lower().translate(same) if c in ALPHABET)


def encode(text: str) -> np.ndarray:
    """Return the place of every character in ALPHABET."""
    return np.array([ALPHABET.index(c) for c in text], dtype=np.int64)


def corpus() -> tuple[np.ndarray, np.ndarray]:
    """Return ids to train on and, the last tenth of the text, to test on."""
    ids = encode(plain(bible()))
    cut = len(ids) * 9 // 10
    return ids[:cut], ids[cut:]


# -- the net -------------------------------------------------------------------------------------


def shapes() -> dict[str, tuple[int, ...]]:
    """The parameters by name, in the order of the file; a block's are named as torch names them."""
    d, V = WIDTH, len(ALPHABET)
    block = {
        "norm1.weight": (d,),
        "norm1.bias": (d,),
        "self_attn.in_proj_weight": (3 * d, d),
        "self_attn.in_proj_bias": (3 * d,),
        "self_attn.out_proj.weight": (d, d),
        "self_attn.out_proj.bias": (d,),
        "norm2.weight": (d,),
        "norm2.bias": (d,),
        "linear1.weight": (HIDDEN, d),
        "linear1.bias": (HIDDEN,),
        "linear2.weight": (d, HIDDEN),
        "linear2.bias": (d,),
    }
    blocks = {f"{l}.{name}": shape for l in range(LAYERS) for name, shape in block.items()}
    ends = {"norm.weight": (d,), "norm.bias": (d,), "out.weight": (V, d), "out.bias": (V,)}
    return {"embedding": (V, d)} | blocks | ends


def block_params(params: Params, l: int) -> Params:
    """The parameters of block l, by torch's names."""
    return {name[2:]: p for name, p in params.items() if name.startswith(f"{l}.")}


def first_weights(rng: np.random.Generator) -> Params:
    """Return gains of 1, offsets of 0 and normal weights with variance 1 / inputs.

    What is added to the residual stream starts smaller, as in GPT-2, by the root of the number of
    additions, so that the stream does not grow with depth.
    """
    params: Params = {}
    for name, shape in shapes().items():
        if len(shape) == 1:
            start = np.full(shape, 1.0 if "norm" in name and "weight" in name else 0.0)
        else:
            added = name.endswith(("out_proj.weight", "linear2.weight"))
            std = 0.5 if name == "embedding" else shape[1] ** -0.5
            start = rng.normal(0, std / (2 * LAYERS) ** 0.5 if added else std, shape)
        params[name] = start.astype(np.float32)
    return params


def streams(params: Params, ids: np.ndarray) -> list[np.ndarray]:
    """Return the residual stream (N, T, d) before every block and after the last, for ids (N, T)."""
    positions = sinusoidal_positions(ids.shape[1], WIDTH).astype(params["embedding"].dtype)
    xs, mask = [params["embedding"][ids] + positions], causal_mask(ids.shape[1])
    for l in range(LAYERS):
        xs.append(transformer_block(xs[-1], block_params(params, l), HEADS, mask, norm_first=True))
    return xs


def read_out(params: Params, x: np.ndarray) -> np.ndarray:
    """Return the logits (..., V) of the last stream (..., d)."""
    last = layer_norm(x, params["norm.weight"], params["norm.bias"], EPS)
    return linear(last, params["out.weight"], params["out.bias"])


def loss_backward(params: Params, ids: np.ndarray, targets: np.ndarray) -> tuple[float, Params]:
    """Return the cross-entropy of the targets (N, T), in nats, and the gradient of each parameter."""
    xs, mask = streams(params, ids), causal_mask(ids.shape[1])
    rows = xs[-1].reshape(-1, WIDTH)
    last = layer_norm(rows, params["norm.weight"], params["norm.bias"], EPS)
    logits = linear(last, params["out.weight"], params["out.bias"])
    dlogits = cross_entropy_backward(logits, targets.ravel())
    grads: Params = {}
    dlast, grads["out.weight"], grads["out.bias"] = linear_backward(
        dlogits, last, params["out.weight"]
    )
    drows, grads["norm.weight"], grads["norm.bias"] = layer_norm_backward(
        dlast, rows, params["norm.weight"], EPS
    )
    dx = drows.reshape(xs[-1].shape)
    for l in reversed(range(LAYERS)):
        block = block_params(params, l)
        dx, dblock = transformer_block_backward(dx, xs[l], block, HEADS, mask, norm_first=True)
        grads |= {f"{l}.{name}": g for name, g in dblock.items()}
    one_hot = np.eye(len(ALPHABET), dtype=dx.dtype)[ids.ravel()]
    grads["embedding"] = one_hot.T @ dx.reshape(-1, WIDTH)  # a row gathers from all its places
    return float(cross_entropy(logits, targets.ravel())), grads


def train(
    ids: np.ndarray, steps: int, rng: np.random.Generator, batch: int = 64, rate: float = 5e-3
) -> Params:
    """Return float32 weights after `steps` of Adam, each on windows at random places of the ids.

    The rate rises over the first hundred steps and falls to 0 on a cosine; gradients are clipped to
    a common length of 1.
    """
    params = first_weights(rng)
    m, v = ({name: np.zeros_like(p) for name, p in params.items()} for _ in range(2))
    for t in range(1, steps + 1):
        starts = rng.integers(len(ids) - CONTEXT, size=batch)
        windows = ids[starts[:, None] + np.arange(CONTEXT + 1)]
        loss, grads = loss_backward(params, windows[:, :-1], windows[:, 1:])
        clipped = clip_gradient_norm([grads[name] for name in params], 1.0)
        lr = min(1.0, t / 100) * cosine_schedule(t, steps, rate)
        for name, g in zip(list(params), clipped, strict=True):
            params[name], m[name], v[name] = adam_step(params[name], g, m[name], v[name], t, lr)
        if t % 500 == 0:
            print(f"step {t}: {loss / np.log(2):.3f} bits a character on one batch", flush=True)
    return params


def bits_per_character(params: Params, ids: np.ndarray) -> float:
    """Return the mean of −log₂ p over a text cut into windows, every place of a window counted."""
    windows = np.lib.stride_tricks.sliding_window_view(ids, CONTEXT + 1)[::CONTEXT]
    losses = [
        cross_entropy(
            read_out(params, streams(params, part[:, :-1])[-1]).reshape(-1, len(ALPHABET)),
            part[:, 1:].ravel(),
        )
        for part in np.array_split(windows, len(windows) // 500 + 1)
    ]
    return float(np.mean(losses) / np.log(2))


def write(params: Params, text: str, count: int, rng: np.random.Generator) -> str:
    """Return the text with `count` characters more, each drawn from what the net expects."""
    for _ in range(count):
        x = streams(params, encode(text[-CONTEXT:])[None])[-1]
        logits = read_out(params, x[0, -1])
        text += ALPHABET[int(sample_top_k(logits, len(ALPHABET), 1.0, rng))]
    return text


# -- the file ------------------------------------------------------------------------------------


def keep(params: Params, path: Path = WEIGHTS) -> None:
    """Write each array as bytes from −127 to 127, with the number to multiply them by."""
    scales = np.array([np.abs(p).max() / 127 for p in params.values()])
    codes = [np.rint(p.ravel() / s) for p, s in zip(params.values(), scales, strict=True)]
    np.savez_compressed(path, codes=np.concatenate(codes).astype(np.int8), scales=scales)


@cache
def kept() -> tuple[dict[str, Any], Params]:
    """Return the trained weights, as the page gets them and as arrays of float64."""
    with np.load(WEIGHTS) as archive:
        codes, scales = archive["codes"], archive["scales"].astype(np.float64)
    sizes = [int(np.prod(shape)) for shape in shapes().values()]
    parts = np.split(codes, np.cumsum(sizes)[:-1])
    params = {
        name: part.reshape(shape) * scale
        for (name, shape), part, scale in zip(shapes().items(), parts, scales, strict=True)
    }
    text = base64.b64encode(codes.tobytes()).decode()
    return {"codes": text, "scales": scales.tolist()}, params


# -- every number on the way ---------------------------------------------------------------------


def walk(params: Params, ids: np.ndarray, mask: np.ndarray | None, heads: np.ndarray) -> Params:
    """Return everything that the net computes for the ids (T,) of one text.

    mask: as for `attention_weights`.  heads (LAYERS, HEADS): what the output of each head is
    multiplied by before the heads are mixed; 0 switches a head off.
    Names: those of js/tiny_gpt.js, with the block behind a point.
    """
    E = params["embedding"]
    run = {"one_hot": np.eye(len(ALPHABET))[ids], "embedded": E[ids]}
    run["positions"] = sinusoidal_positions(len(ids), WIDTH)
    x = run["x.0"] = run["embedded"] + run["positions"]
    for l in range(LAYERS):
        p = block_params(params, l)
        a = layer_norm(x, p["norm1.weight"], p["norm1.bias"], EPS)
        joint = linear(a, p["self_attn.in_proj_weight"], p["self_attn.in_proj_bias"])
        Q, K, V = (split_heads(part[None], HEADS)[0] for part in np.split(joint, 3, axis=-1))
        P = attention_weights(Q, K, mask)
        scores = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
        mixed = P @ V
        merged = merge_heads((heads[l][:, None, None] * mixed)[None])[0]
        attended = linear(merged, p["self_attn.out_proj.weight"], p["self_attn.out_proj.bias"])
        middle = x + attended
        c = layer_norm(middle, p["norm2.weight"], p["norm2.bias"], EPS)
        h = relu(linear(c, p["linear1.weight"], p["linear1.bias"]))
        fed = linear(h, p["linear2.weight"], p["linear2.bias"])
        x = middle + fed
        step = dict(a=a, Q=Q, K=K, V=V, scores=scores, P=P, mixed=mixed, merged=merged)
        step |= dict(attended=attended, middle=middle, c=c, h=h, fed=fed)
        run |= {f"{name}.{l}": value for name, value in step.items()} | {f"x.{l + 1}": x}
    run["last"] = layer_norm(x, params["norm.weight"], params["norm.bias"], EPS)
    run["logits"] = read_out(params, x)
    return run


if __name__ == "__main__":
    train_ids, test_ids = corpus()
    trained = train(train_ids, steps=3_000, rng=np.random.default_rng(12))
    print(f"float32: {bits_per_character(trained, test_ids):.4f} bits a character on the test text")
    keep(trained)
    weights = kept()[1]
    print(f"one byte a weight: {bits_per_character(weights, test_ids):.4f}")
    print(write(weights, "in the beginning ", 400, np.random.default_rng(1)))
