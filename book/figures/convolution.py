"""Figures of the chapter on convolution."""

from base64 import b64encode
from itertools import accumulate
from typing import Any

import numpy as np
import traitlets as t

from book.data import digits
from book.figures import Figure
from book.figures.chance import uniform
from book.figures.digit_net import SHAPES, STEP, Params, forward, load
from solutions.convolution import avg_pool2d, conv2d, conv_output_size, receptive_field
from solutions.losses import softmax

# -- one kernel over one small image -----------------------------------------------------------

SIDE = 12  # pixels along an edge of the small image
KERNELS: dict[str, list[float]] = {
    "upright edges": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
    "level edges": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
    "outline": [-1, -1, -1, -1, 8, -1, -1, -1, -1],
    "blur": [1 / 9] * 9,
    "sharpen": [0, -1, 0, -1, 5, -1, 0, -1, 0],
    "identity": [0, 0, 0, 0, 1, 0, 0, 0, 0],
}


def sixteenths(image: np.ndarray) -> list[float]:
    """Return the pixels rounded to sixteenths, which add up exactly in whatever order."""
    return (np.round(16 * image.ravel()) / 16).tolist()


def pictures() -> dict[str, list[float]]:
    """Return small images by name: a digit at half its size, and some shapes."""
    seven = digits()[2][14].reshape(1, 1, 28, 28)[:, :, 2:26, 2:26]
    i, j = np.indices((SIDE, SIDE))
    return {
        "a digit": sixteenths(avg_pool2d(seven, 2, 2)),
        "a square": sixteenths((abs(i - 5.5) < 3) & (abs(j - 5.5) < 3)),
        "a disc": sixteenths(np.clip(4.5 - np.hypot(i - 5.5, j - 5.5), 0, 1)),
        "stripes": sixteenths((i + j) // 3 % 2),
        "one bright pixel": sixteenths((i == 5) & (j == 6)),
        "a blank page": sixteenths(0.0 * i),
    }


class KernelSlider(Figure):
    """A kernel of 3 × 3 over an image of 12 × 12: the window, its products, their sum, the output.

    `image` has 144 pixels and `kernel` 9 weights, row by row; `stride`, `padding` and `dilation`;
    `at` is the output pixel on view, counted row by row.
    `question` counts the questions about the output's size, `guess` is what the reader answered
    (0: nothing yet), `paint` lets the pointer paint.
    """

    parts = ("heat_map", "pictures", "size_quiz")

    presets = t.Dict().tag(sync=True)
    kernels = t.Dict(KERNELS).tag(sync=True)
    image = t.List(t.Float(), minlen=SIDE**2, maxlen=SIDE**2).tag(sync=True)
    kernel = t.List(t.Float(), KERNELS["upright edges"], minlen=9, maxlen=9).tag(sync=True)
    stride = t.Int(1, min=1, max=4).tag(sync=True)
    padding = t.Int(0, min=0, max=3).tag(sync=True)
    dilation = t.Int(1, min=1, max=3).tag(sync=True)
    at = t.Int(55, min=0).tag(sync=True)
    question = t.Int(0, min=0).tag(sync=True)
    guess = t.Int(0, min=0).tag(sync=True)
    paint = t.Bool(False).tag(sync=True)

    @t.default("presets")
    def some_pictures(self) -> dict[str, list[float]]:
        return pictures()

    @t.default("image")
    def first_picture(self) -> list[float]:
        return list(self.presets["a digit"])

    def compute(self) -> dict[str, Any]:
        X = np.array(self.image).reshape(1, 1, SIDE, SIDE)
        span = 2 * self.dilation + 1
        W = np.zeros((1, 1, span, span))  # dilation: zeros between the weights
        W[0, 0, :: self.dilation, :: self.dilation] = np.array(self.kernel).reshape(3, 3)
        Y = conv2d(X, W, np.zeros(1), self.stride, self.padding)[0, 0]
        size = conv_output_size(SIDE, 3, self.stride, self.padding, self.dilation)
        row, column = divmod(min(self.at, size * size - 1), size)
        padded = np.pad(X[0, 0], self.padding)
        top, left = row * self.stride, column * self.stride
        window = padded[top : top + span : self.dilation, left : left + span : self.dilation]
        products = window.ravel() * self.kernel
        return {
            "size": size,
            "place": [row, column],
            "window": window.ravel().tolist(),
            "products": products.tolist(),
            "sum": float(products.sum()),
            "output": Y.ravel().tolist(),
        }


# -- a digit through a trained net -------------------------------------------------------------

PEN = 1.4  # half the width of a stroke, in pixels of the image: as wide as MNIST's are
BOX = 20  # MNIST fits its digits into a box of this side, within 28 × 28
CENTRE = 14.5  # where their centre of mass comes to lie, the middle of a pixel

# Of the test digits: the first of each class that the net names rightly, and those that it misreads
# with most confidence, one of each of six classes.
EXAMPLES = (3, 33, 29, 0, 8, 9, 15, 14, 1, 4, 1045, 1378, 112, 93, 526, 239)


def ink(strokes: list[np.ndarray]) -> np.ndarray:
    """Return the image (28, 28) of strokes, each of points (n, 2) as x and y in pixels.

    A pixel is 1 where its middle lies under the pen, and fades to 0 over one pixel at the edge.
    """
    middles = np.stack(np.meshgrid(np.arange(28) + 0.5, np.arange(28) + 0.5), axis=-1)
    image = np.zeros((28, 28))
    for points in strokes:
        starts = points[:-1] if len(points) > 1 else points
        for a, b in zip(starts, points[-len(starts) :], strict=True):
            length = np.sum((b - a) ** 2)
            along = (
                np.clip((middles - a) @ (b - a) / length, 0, 1) if length else np.zeros((28, 28))
            )
            away = middles - a - along[..., None] * (b - a)
            image = np.maximum(
                image, np.clip(PEN + 0.5 - np.hypot(*np.moveaxis(away, -1, 0)), 0, 1)
            )
    return image


def centred(strokes: list[np.ndarray]) -> np.ndarray:
    """Return the image (28, 28) of strokes drawn anywhere at any size, as MNIST places its digits.

    The strokes are resized to fill the box of 20 × 20 along their longer side, and moved until the
    centre of mass of their ink is in the middle.
    """
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    resize = (BOX - 1 - 2 * PEN) / max(*(high - low), 0.2)
    strokes = [(one - (low + high) / 2) * resize + 14 for one in strokes]
    image = ink(strokes)
    middles = np.arange(28) + 0.5
    mass = np.array([np.sum(image * middles), np.sum(image * middles[:, None])]) / image.sum()
    return ink([one + CENTRE - mass for one in strokes])


def encoded(params: Params) -> str:
    """Return the parameters as the page reads them: whole multiples of STEP, two bytes each."""
    whole = np.concatenate([np.round(params[name] / STEP).ravel() for name in SHAPES])
    return b64encode(whole.astype("<i2").tobytes()).decode()


LAYERS = ("conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "logits")
WINDOWS = [(5, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1)]  # conv1, pool1, conv2, pool2
DEPTH = {"conv1": 1, "relu1": 1, "pool1": 2, "conv2": 3, "relu2": 3, "pool2": 4, "logits": 4}


class DigitReader(t.HasTraits):
    """What the figures share that run the trained net: its weights, and the digits of `EXAMPLES`."""

    weights = t.Unicode().tag(sync=True)
    examples = t.Unicode().tag(sync=True)
    truth = t.List(t.Int()).tag(sync=True)

    @t.default("weights")
    def trained_weights(self) -> str:
        return encoded(load())

    @t.default("examples")
    def some_digits(self) -> str:
        pixels = np.round(255 * digits()[2][list(EXAMPLES)]).astype(np.uint8)
        return b64encode(pixels.tobytes()).decode()

    @t.default("truth")
    def their_labels(self) -> list[int]:
        return digits()[3][list(EXAMPLES)].tolist()


class DrawADigit(DigitReader, Figure):
    """A digit that the reader draws, and all that a trained convolutional net makes of it.

    `strokes` are lists x, y, x, y, … in shares of the pad's side.  `example` is the test digit on
    the pad, counted in `EXAMPLES`, or −1 for none; strokes on an example stay where they are drawn,
    others are centred and resized as MNIST's digits were.
    `layer`, `map`, `row` and `column` say which unit is looked at; in `logits`, `map` is a class and
    the unit is the evidence for it at one place of the last maps.
    `compute()` gives the image, the probabilities, the field of the unit in the image, what the
    unit saw, and of every map its sum and its sum weighted by `uniform(1, …)`.
    """

    parts = ("chance", "heat_map", "pictures", "digit_net", "digit_lens", "digit_pad")

    example = t.Int(3, min=-1).tag(sync=True)
    strokes = t.List(t.List(t.Float())).tag(sync=True)
    pen = t.List(t.Float(), [0.3, 0.3]).tag(sync=True)
    pen_down = t.Bool(False).tag(sync=True)
    layer = t.Enum(LAYERS, "conv1").tag(sync=True)
    map = t.Int(0, min=0).tag(sync=True)
    row = t.Int(9, min=0).tag(sync=True)
    column = t.Int(14, min=0).tag(sync=True)

    def image(self) -> np.ndarray:
        """Return what the net sees, (28, 28)."""
        strokes = [np.array(one).reshape(-1, 2) for one in self.strokes if one]
        if self.example >= 0:
            example = digits()[2][EXAMPLES[self.example]].reshape(28, 28)
            return np.maximum(example, ink([28 * one for one in strokes]))
        return centred(strokes) if strokes else np.zeros((28, 28))

    def compute(self) -> dict[str, Any]:
        params, X = load(), self.image()
        maps = {"image": X[None]}
        maps |= {name: Y[0] for name, Y in forward(params, X[None, None]).items()}
        p = softmax(maps["logits"])
        weights = params["W3"].reshape(10, *maps["pool2"].shape)
        maps["logits"] = np.sum(weights * maps["pool2"], axis=1)  # the evidence at every place
        channels, _, size = maps[self.layer].shape
        f, i, j = (
            min(now, most - 1)
            for now, most in zip(
                (self.map, self.row, self.column), (channels, size, size), strict=True
            )
        )
        depth = DEPTH[self.layer]
        *_, jump = accumulate((stride for _, stride, _ in WINDOWS[:depth]), lambda a, b: a * b)
        match self.layer:
            case "conv1" | "conv2":
                below, pad = (X[None], 2) if self.layer == "conv1" else (maps["pool1"], 0)
                W = params["W1" if self.layer == "conv1" else "W2"][f]
                k = W.shape[-1]
                padded = np.pad(below, ((0, 0), (pad, pad), (pad, pad)))
                saw = padded[:, i : i + k, j : j + k]
                added = np.sum(W * saw, axis=(1, 2))
            case "relu1" | "relu2":
                saw = added = maps["conv" + self.layer[-1]][f, i, j]
            case "pool1" | "pool2":
                below = maps["relu" + self.layer[-1]][f]
                saw = below[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                added = np.max(saw)
            case _:
                saw = maps["pool2"][:, i, j]
                added = weights[f, :, i, j] * saw
        return {
            "image": X.ravel().tolist(),
            "p": p.tolist(),
            "unit": [f, i, j],
            "value": float(maps[self.layer][f, i, j]),
            "field": [i * jump - 2, j * jump - 2, receptive_field(WINDOWS[:depth])],
            "saw": np.ravel(saw).tolist(),
            "added": np.ravel(added).tolist(),
            "sums": {
                name: [[one.sum(), one.ravel() @ uniform(1, one.size)] for one in Y]
                for name, Y in maps.items()
            },
        }


# -- what one unit sees ------------------------------------------------------------------------


class ReceptiveField(Figure):
    """A stack of layers, each a kernel, a stride and a dilation, and what one of its units sees.

    `layers` lists [kernel, stride, dilation] from the input upwards; `depth` is the layer of the
    unit on view and `unit` its number, counted along one axis.
    `compute()` gives for every layer the size of the receptive field, the jump from unit to unit,
    and how many units there are; and for the unit its first pixel, how many paths lead to each
    pixel of its field, along one axis, and their standard deviation.
    """

    parts = ("heat_map", "pictures", "layer_rows")

    layers = t.List(
        t.List(t.Int(min=1), minlen=3, maxlen=3), [[3, 1, 1]] * 3, minlen=1, maxlen=6
    ).tag(sync=True)
    depth = t.Int(3, min=1).tag(sync=True)
    unit = t.Int(10, min=0).tag(sync=True)
    picture = t.List(t.Float()).tag(sync=True)

    @t.default("picture")
    def a_digit(self) -> list[float]:
        return sixteenths(digits()[2][14])

    def compute(self) -> dict[str, Any]:
        layers = [(k, s, d) for k, s, d in self.layers]
        fields = [receptive_field(layers[:l]) for l in range(len(layers) + 1)]
        jumps = list(accumulate((s for _, s, _ in layers), lambda a, b: a * b, initial=1))
        counts = [max(28, fields[-1] + 6 * jumps[-1])]
        for kernel, stride, dilation in layers:
            counts.append(conv_output_size(counts[-1], kernel, stride, 0, dilation))
        depth = min(self.depth, len(layers))
        unit = min(self.unit, counts[depth] - 1)
        paths = np.ones(1)
        for kernel, stride, dilation in layers[:depth][::-1]:
            apart = np.zeros((len(paths) - 1) * stride + 1)
            apart[::stride] = paths
            taps = np.zeros((kernel - 1) * dilation + 1)
            taps[::dilation] = 1
            paths = np.convolve(apart, taps)
        away = np.arange(len(paths)) - (len(paths) - 1) / 2
        return {
            "fields": fields,
            "jumps": jumps,
            "counts": counts,
            "unit": [depth, unit],
            "first": unit * jumps[depth],
            "paths": paths.tolist(),
            "spread": float(np.sqrt(paths @ away**2 / paths.sum())),
        }
