"""The small convolutional net of the figures `DrawADigit` and `FoolANet`: how it was trained, and its weights.

    python -m book.figures.digit_net

trains it again, in a minute and a half on one core, and writes digit_net.npz.
"""

from pathlib import Path
from typing import Any

import numpy as np

from book.data import digits
from solutions.convolution import conv2d, conv2d_backward, max_pool2d, max_pool2d_backward
from solutions.losses import cross_entropy_backward
from solutions.optimizers import adam_step, cosine_schedule, minibatches
from solutions.training import he_normal

FILE = Path(__file__).with_suffix(".npz")
STEP = 2.0**-11  # the file holds the weights as whole multiples of this, in two bytes each
SHAPES = {
    "W1": (8, 1, 5, 5),
    "b1": (8,),
    "W2": (16, 8, 3, 3),
    "b2": (16,),
    "W3": (10, 16 * 6 * 6),
    "b3": (10,),
}
SEED, EPOCHS, BATCH, RATE = 8, 40, 50, 4e-3

Params = dict[str, np.ndarray]


def forward(params: Params, X: np.ndarray) -> dict[str, np.ndarray]:
    """Return what every layer gives for X (N, 1, 28, 28), by name, from conv1 to logits (N, 10).

    conv1 (N, 8, 28, 28), relu1, pool1 (N, 8, 14, 14), conv2 (N, 16, 12, 12), relu2,
    pool2 (N, 16, 6, 6), logits.
    """
    conv1 = conv2d(X, params["W1"], params["b1"], 1, 2)
    relu1 = np.maximum(conv1, 0)
    pool1 = max_pool2d(relu1, 2, 2)
    conv2 = conv2d(pool1, params["W2"], params["b2"], 1, 0)
    relu2 = np.maximum(conv2, 0)
    pool2 = max_pool2d(relu2, 2, 2)
    return {
        "conv1": conv1,
        "relu1": relu1,
        "pool1": pool1,
        "conv2": conv2,
        "relu2": relu2,
        "pool2": pool2,
        "logits": pool2.reshape(len(X), -1) @ params["W3"].T + params["b3"],
    }


def backward(params: Params, X: np.ndarray, maps: dict[str, np.ndarray], dZ: np.ndarray) -> Params:
    """Return the gradient of every parameter, given dZ (N, 10), the gradient of the logits."""
    dP2 = (dZ @ params["W3"]).reshape(maps["pool2"].shape)
    dC2 = max_pool2d_backward(dP2, maps["relu2"], 2, 2) * (maps["conv2"] > 0)
    dP1, dW2, db2 = conv2d_backward(dC2, maps["pool1"], params["W2"], 1, 0)
    dC1 = max_pool2d_backward(dP1, maps["relu1"], 2, 2) * (maps["conv1"] > 0)
    _, dW1, db1 = conv2d_backward(dC1, X, params["W1"], 1, 2)
    dW3, db3 = dZ.T @ maps["pool2"].reshape(len(X), -1), dZ.sum(axis=0)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "W3": dW3, "b3": db3}


def beginning(rng: np.random.Generator) -> Params:
    """Return He's random weights and biases of 0, float32."""
    params = {}
    for name, shape in SHAPES.items():
        drawn = he_normal(int(np.prod(shape[1:])), shape[0], rng).reshape(shape)
        params[name] = (drawn if name[0] == "W" else np.zeros(shape)).astype(np.float32)
    return params


def distorted(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return X (N, 1, 28, 28), each image turned, slanted, resized and shifted a little at random.

    A pixel of the result looks up its place in the image, between pixels by bilinear weights.
    """
    N, side = len(X), X.shape[-1]
    turn, slant = rng.normal(0, 0.12, N), rng.normal(0, 0.15, N)
    wide, high = rng.normal(1, 0.1, (2, N))
    cos, sin = np.cos(turn), np.sin(turn)
    A = np.stack([cos * wide, sin * high + slant, -sin * wide, cos * high], axis=1)
    middle = (side - 1) / 2
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) - middle
    places = np.einsum("nij,pj->npi", A.reshape(N, 2, 2), grid) + middle
    places += rng.normal(0, 0.7, (N, 1, 2))
    corner = np.clip(np.floor(places).astype(int), 0, side - 2)
    x, y = np.moveaxis(np.clip(places - corner, 0, 1), -1, 0)
    j, i = np.moveaxis(corner, -1, 0)
    n = np.arange(N)[:, None]
    image = X[:, 0]
    top = (1 - x) * image[n, i, j] + x * image[n, i, j + 1]
    bottom = (1 - x) * image[n, i + 1, j] + x * image[n, i + 1, j + 1]
    return ((1 - y) * top + y * bottom).reshape(X.shape).astype(X.dtype)


def train(X: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> Params:
    """Return weights trained by Adam on batches of distorted images, its rate on half a cosine."""
    params = beginning(rng)
    m, v = ({name: np.zeros_like(p) for name, p in params.items()} for _ in range(2))
    t, total = 0, EPOCHS * -(-len(X) // BATCH)
    for _ in range(EPOCHS):
        for batch in minibatches(len(X), BATCH, rng):
            seen = distorted(X[batch], rng)
            maps = forward(params, seen)
            dZ = cross_entropy_backward(maps["logits"], labels[batch])
            rate = cosine_schedule(t, total, RATE)
            t += 1
            for name, grad in backward(params, seen, maps, dZ).items():
                params[name], m[name], v[name] = adam_step(
                    params[name], grad, m[name], v[name], t, rate
                )
    return params


def save(params: Params) -> None:
    """Write the parameters to the file, each weight rounded to two bytes."""
    whole: dict[str, Any] = {n: np.round(p / STEP).astype(np.int16) for n, p in params.items()}
    np.savez_compressed(FILE, **whole)


def load() -> Params:
    """Return the trained parameters, float64, as the figure uses them."""
    with np.load(FILE) as archive:
        return {name: archive[name] * STEP for name in SHAPES}


def accuracy(params: Params, X: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of rows of X (N, 784) that the net names rightly."""
    logits = forward(params, X.reshape(-1, 1, 28, 28))["logits"]
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def main() -> None:
    X, labels, X_test, labels_test = digits()
    images = X.reshape(-1, 1, 28, 28).astype(np.float32)
    save(train(images, labels, np.random.default_rng(SEED)))
    print(f"{accuracy(load(), X_test, labels_test):.2%} of the test digits are named rightly")


if __name__ == "__main__":
    main()
