"""What an answer in the chapter on convolution must satisfy, and the mistakes people make."""

import numpy as np

from autograder.exercise import Exercise
from solutions import convolution as reference
from solutions.jacobians import batch_norm

windows = np.lib.stride_tricks.sliding_window_view


def padded(X, p, **how):
    return np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)), **how)


def one_sided(X, p):
    """Padded by 2p below and on the right, and not at all above and on the left."""
    return np.pad(X, ((0, 0), (0, 0), (0, 2 * p), (0, 2 * p)))


def seen_through(X, KH, KW, stride):
    """Every window of X: (N, C, OH, OW, KH, KW)."""
    return windows(X, (KH, KW), axis=(2, 3))[:, :, ::stride, ::stride]


# -- conv_output_size --------------------------------------------------------------------------

conv_output_size = Exercise(
    reference.conv_output_size, points=1, see="eq-output-size", returns="places"
)
conv_output_size.hints(
    "How many pixels lie between the first and the last pixel that the window looks at, both included? "
    "And how far can it move, then, before it leaves the padded line?",
    "A window of `kernel` pixels, `dilation` apart, spans dilation·(kernel − 1) + 1 pixels. It can move "
    "by size + 2·padding − span, in whole steps of `stride`, and its first place counts too.",
    "`(size + 2 * padding - span) // stride + 1`",
)


@conv_output_size.cases
def _(rng):
    def inputs(size, kernel, stride=1, padding=0, dilation=1):
        return dict(size=size, kernel=kernel, stride=stride, padding=padding, dilation=dilation)

    yield "a window that just slides", inputs(int(rng.integers(9, 30)), 3)
    yield "padding", inputs(int(rng.integers(9, 30)), 5, padding=2)
    yield "a stride that leaves pixels over", inputs(4 * int(rng.integers(4, 9)) + 1, 3, stride=4)
    yield "dilation", inputs(int(rng.integers(15, 30)), 3, dilation=3)
    yield "all of them together", inputs(2 * int(rng.integers(10, 20)), 4, 3, 2, 2)
    yield "AlexNet's first layer", inputs(224, 11, 4, 2)
    yield "a window as large as the image", inputs(7, 7)


@conv_output_size.torch
def _(torch, size, kernel, stride, padding, dilation):
    line, w = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
    return torch.nn.functional.conv1d(line, w, None, stride, padding, dilation).shape[-1]


@conv_output_size.mistake(
    "You count the steps that the window makes; the place where it starts counts as well: add 1."
)
def first_place_forgotten(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@conv_output_size.mistake("The padding stands on either side of the image: it comes in twice.")
def padding_on_one_side(size, kernel, stride, padding, dilation):
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


@conv_output_size.mistake(
    "A window that does not fit any more has no place: round the division down, not up."
)
def rounded_up(size, kernel, stride, padding, dilation):
    return -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1


@conv_output_size.mistake(
    "Places are whole: divide with `//`, so that an incomplete step does not count."
)
def not_rounded(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


@conv_output_size.mistake(
    "Between `kernel` pixels there are kernel − 1 gaps, so the window spans dilation·(kernel − 1) + 1 "
    "pixels and not dilation·kernel."
)
def gaps_miscounted(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * kernel) // stride + 1


@conv_output_size.mistake(
    "With dilation the window grows: it spans dilation·(kernel − 1) + 1 pixels, and yours still spans "
    "`kernel`."
)
def dilation_ignored(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - kernel) // stride + 1


@conv_output_size.mistake(
    "The stride divides the way that the window can go; the first place does not belong to that way. "
    "Add 1 after the division."
)
def one_added_before_the_division(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


@conv_output_size.alternative
def by_counting_places(size, kernel, stride, padding, dilation):
    return len(range(0, size + 2 * padding - dilation * (kernel - 1), stride))


@conv_output_size.loop
def _(size, kernel, stride, padding, dilation):
    places, last = 0, dilation * (kernel - 1)
    while last < size + 2 * padding:
        places, last = places + 1, last + stride
    return places


# -- conv_matrix -------------------------------------------------------------------------------

conv_matrix = Exercise(reference.conv_matrix, points=2, see="eq-toeplitz", returns="T")
conv_matrix.hints(
    "Row i of the matrix is what the window does at place i. Where in that row do its weights stand?",
    "Row i holds w[0], w[1], … in the columns i, i + 1, … There are size − K + 1 rows, and everything "
    "else is 0.",
    "With `places = np.arange(rows)[:, None]` the columns are `places + np.arange(len(w))`, and "
    "`T[places, columns] = w` fills all rows at once. Mind the dtype of the zeros.",
)


@conv_matrix.cases
def _(rng):
    yield "a window of three", dict(w=rng.normal(size=3), size=7)
    yield "a window of two", dict(w=rng.normal(size=2), size=5)
    yield "a window of one", dict(w=rng.normal(size=1), size=4)
    yield "a window as long as the signal", dict(w=rng.normal(size=4), size=4)
    yield "every other weight of an array", dict(w=rng.normal(size=10)[::2], size=9)
    yield "a float32 window", dict(w=rng.normal(size=4).astype(np.float32), size=6)


@conv_matrix.torch
def _(torch, w, size):
    signals = torch.eye(size, dtype=w.dtype)[:, None]  # one impulse each
    return torch.nn.functional.conv1d(signals, w[None, None])[:, 0].T


@conv_matrix.mistake(
    "That is the transpose: the matrix acts on columns x, so it has one row for each place of the window."
)
def transposed(w, size):
    return reference.conv_matrix(w, size).T


@conv_matrix.mistake(
    "Your window is turned round. Row i is w[0], w[1], …, from left to right: networks compute the "
    "correlation."
)
def window_turned_round(w, size):
    return reference.conv_matrix(w[::-1], size)


@conv_matrix.mistake(
    "Your window runs over the edge and comes back at the other side. It stops at its last place that "
    "fits, after size − K + 1 rows."
)
def wraps_around(w, size):
    row = np.concatenate([w, np.zeros(size - len(w), w.dtype)])
    return np.stack([np.roll(row, i) for i in range(size)])


@conv_matrix.mistake(
    "One place is missing: a window of K fits into size − K + 1 places, the first one included."
)
def last_place_missing(w, size):
    return reference.conv_matrix(w, size)[:-1]


@conv_matrix.mistake("The window never moves: row i begins with i zeros.")
def window_stands_still(w, size):
    T = np.zeros((size - len(w) + 1, size), w.dtype)
    T[:, : len(w)] = w
    return T


@conv_matrix.mistake("`np.zeros` makes float64 unless it is told otherwise; give it `w.dtype`.")
def zeros_without_a_dtype(w, size):
    return reference.conv_matrix(w, size).astype(float)


@conv_matrix.alternative
def by_diagonals(w, size):
    diagonals = [
        np.eye(size - len(w) + 1, size, k, dtype=w.dtype) * weight for k, weight in enumerate(w)
    ]
    return sum(diagonals)


@conv_matrix.loop
def _(w, size):
    T = np.zeros((size - len(w) + 1, size), w.dtype)
    for i in range(len(T)):
        for k in range(len(w)):
            T[i, i + k] = w[k]
    return T


# -- im2col ------------------------------------------------------------------------------------

# (N, C, H, W), (KH, KW), stride, padding
SLIDES = {
    "a window that just slides": ((2, 3, 6, 5), (3, 2), 1, 0),
    "padding": ((3, 2, 4, 6), (3, 3), 1, 1),
    "a stride of 2 with padding": ((2, 3, 7, 5), (2, 3), 2, 2),
    "a stride that leaves pixels over": ((2, 2, 9, 8), (3, 2), 4, 1),
    "one image with one channel": ((1, 1, 4, 5), (2, 2), 1, 1),
    "a window of one pixel": ((3, 4, 2, 3), (1, 1), 1, 0),
    "a window as large as the image": ((2, 3, 4, 3), (4, 3), 1, 0),
}
im2col = Exercise(reference.im2col, points=2, see="eq-im2col", returns="cols")
im2col.hints(
    "Fix one place in the window, say its upper left corner. What does it see, of all images at once, "
    "as the window slides?",
    "Pad X with zeros on both sides of both axes. `window_views` gives KH KW arrays (N, C, OH, OW), one "
    "for each place in the window. A column runs over channels first and then over places.",
    "`np.stack(views, axis=2)` has the shape (N, C, KH KW, OH, OW); reshape it to three axes.",
)


@im2col.cases
def _(rng):
    for label, (size, (KH, KW), stride, padding) in SLIDES.items():
        X = rng.normal(size=size)
        yield label, dict(X=X, KH=KH, KW=KW, stride=stride, padding=padding)
    X = rng.normal(size=(5, 4, 3, 2)).transpose(3, 2, 1, 0)
    yield "images that are not stored in order", dict(X=X, KH=2, KW=3, stride=1, padding=1)
    X = rng.normal(size=(2, 2, 5, 4)).astype(np.float32)
    yield "float32 images", dict(X=X, KH=3, KW=2, stride=2, padding=1)


@im2col.torch
def _(torch, X, KH, KW, stride, padding):
    return torch.nn.functional.unfold(X, (KH, KW), padding=padding, stride=stride)


def as_columns(X, KH, KW, stride, axes):
    seen = seen_through(X, KH, KW, stride)  # (N, C, OH, OW, KH, KW)
    return seen.transpose(0, *axes).reshape(len(X), X.shape[1] * KH * KW, -1)


@im2col.mistake(
    "You have one row for each window; it should be one column, so that W.reshape(F, −1) stands left of it."
)
def windows_as_rows(X, KH, KW, stride, padding):
    return reference.im2col(X, KH, KW, stride, padding).transpose(0, 2, 1)


@im2col.mistake(
    "In your columns the channel runs fastest. W[f] is stored channel by channel, so a column must run "
    "through the whole window of the first channel, then through the second's: stack along axis 2."
)
def channels_run_fastest(X, KH, KW, stride, padding):
    return as_columns(padded(X, padding), KH, KW, stride, (4, 5, 1, 2, 3))


@im2col.mistake(
    "Your columns go down the window first. Rows come first, as in W[f].ravel(): entry i·KW + j."
)
def window_read_downwards(X, KH, KW, stride, padding):
    return as_columns(padded(X, padding), KH, KW, stride, (1, 5, 4, 2, 3))


@im2col.mistake(
    "The zeros stand on all four sides: `(padding, padding)` for both axes, and yours stand only below "
    "and on the right."
)
def padding_on_one_side(X, KH, KW, stride, padding):
    return reference.im2col(one_sided(X, padding), KH, KW, stride, 0)


@im2col.mistake("The images are not padded: put zeros around them before the window slides.")
def padding_forgotten(X, KH, KW, stride, padding):
    return reference.im2col(X, KH, KW, stride, 0)


@im2col.mistake("Your window moves by one pixel; it should move by `stride`.")
def stride_forgotten(X, KH, KW, stride, padding):
    return reference.im2col(X, KH, KW, 1, padding)


@im2col.mistake(
    "Batch and places have changed order: the places belong into the last axis, and the images stay the "
    "first."
)
def images_behind_the_windows(X, KH, KW, stride, padding):
    return reference.im2col(X, KH, KW, stride, padding).transpose(1, 2, 0)


@im2col.alternative
def by_sliding_windows(X, KH, KW, stride, padding):
    return as_columns(padded(X, padding), KH, KW, stride, (1, 4, 5, 2, 3))


@im2col.loop
def _(X, KH, KW, stride, padding):
    columns = []
    for x in padded(X, padding):
        rows = range(0, x.shape[1] - KH + 1, stride)
        places = [(r, s) for r in rows for s in range(0, x.shape[2] - KW + 1, stride)]
        columns.append([x[:, r : r + KH, s : s + KW].ravel() for r, s in places])
    return np.array(columns, X.dtype).transpose(0, 2, 1)


@im2col.benchmark
def _(rng):
    return dict(X=rng.normal(size=(64, 3, 32, 32)), KH=3, KW=3, stride=1, padding=1)


# -- conv2d ------------------------------------------------------------------------------------

conv2d = Exercise(reference.conv2d, points=3, see="def-conv2d", returns="Y")
conv2d.hints(
    "Every window is a column of `im2col`. What is one filter's response to all of them, as a product?",
    "Filter f is row f of W.reshape(F, −1), so one matrix product gives all responses of an image, "
    "(F, OH·OW). Add a bias to every row, and give the places their two axes back.",
    "`Y = W.reshape(F, -1) @ im2col(X, KH, KW, stride, padding) + b[:, None]`, then "
    "`Y.reshape(len(X), F, OH, -1)` with OH from `conv_output_size`.",
)


def filters(rng, size, kernel, F=None):
    """Images, filters and biases of one case; the number of filters is none of the other sizes."""
    F = F or next(f for f in (4, 5, 2) if f not in (*size, *kernel))
    W = rng.normal(size=(F, size[1], *kernel))
    return dict(X=rng.normal(size=size), W=W, b=rng.normal(size=F))


def convolutions(rng):
    for label, (size, kernel, stride, padding) in SLIDES.items():
        F = 1 if label.startswith("one image") else None
        yield label, filters(rng, size, kernel, F) | dict(stride=stride, padding=padding)
    X, W = rng.normal(size=(5, 4, 3, 2)).T, rng.normal(size=(2, 1, 3, 6)).T
    yield (
        "arrays that are not stored in order",
        dict(X=X, W=W, b=rng.normal(size=6), stride=1, padding=1),
    )
    inputs = filters(rng, (2, 3, 5, 6), (3, 2), 4)
    small = {name: array.astype(np.float32) for name, array in inputs.items()}
    yield "float32 arrays", small | dict(stride=2, padding=1)


@conv2d.cases
def _(rng):
    yield from convolutions(rng)


@conv2d.torch
def _(torch, X, W, b, stride, padding):
    return torch.nn.functional.conv2d(X, W, b, stride, padding)


@conv2d.mistake(
    "Your window is turned round. That is convolution as mathematicians define it; networks slide the "
    "window as it is, entry (i, j) of W meets X at (r + i, s + j)."
)
def window_turned_round(X, W, b, stride, padding):
    return reference.conv2d(X, W[:, :, ::-1, ::-1], b, stride, padding)


@conv2d.mistake(
    "Entry (i, j) of the window meets the pixel of column i and row j. Rows come first in X and in W."
)
def window_read_downwards(X, W, b, stride, padding):
    swapped = W.transpose(0, 1, 3, 2).reshape(W.shape)
    return reference.conv2d(X, swapped, b, stride, padding)


@conv2d.mistake("The bias is missing: b[f] is added to every place of map f.")
def bias_forgotten(X, W, b, stride, padding):
    return reference.conv2d(X, W, 0 * b, stride, padding)


@conv2d.mistake(
    "You add the bias once for every channel of the input; a filter looks at all channels and has one "
    "bias."
)
def bias_for_every_channel(X, W, b, stride, padding):
    return reference.conv2d(X, W, X.shape[1] * b, stride, padding)


@conv2d.mistake(
    "The zeros stand on all four sides of the image; yours stand only below and on the right, so every "
    "map is shifted."
)
def padding_on_one_side(X, W, b, stride, padding):
    return reference.conv2d(one_sided(X, padding), W, b, stride, 0)


@conv2d.mistake("The image is padded with zeros, not with copies of its edge.")
def padded_with_the_edge(X, W, b, stride, padding):
    return reference.conv2d(padded(X, padding, mode="edge"), W, b, stride, 0)


@conv2d.mistake("The padding is missing: put zeros around the image before the window slides.")
def padding_forgotten(X, W, b, stride, padding):
    return reference.conv2d(X, W, b, stride, 0)


@conv2d.mistake("Your window moves by one pixel at a time; it should move by `stride`.")
def stride_forgotten(X, W, b, stride, padding):
    return reference.conv2d(X, W, b, 1, padding)


@conv2d.mistake(
    "A filter is as deep as the image: sum over the channels too. Yours sees only the first."
)
def only_the_first_channel(X, W, b, stride, padding):
    return reference.conv2d(X[:, :1], W[:, :1], b, stride, padding)


@conv2d.mistake(
    "`np.zeros` makes float64 unless it is told otherwise, and doubles what float32 costs; give it "
    "`X.dtype`."
)
def zeros_without_a_dtype(X, W, b, stride, padding):
    return reference.conv2d(X, W, b, stride, padding).astype(float)


@conv2d.alternative
def as_a_sum_of_shifts(X, W, b, stride, padding):
    KH, KW = W.shape[2:]
    views = reference.window_views(padded(X, padding), KH, KW, stride)
    shifts = [
        np.einsum("fc,nchw->nfhw", W[:, :, place // KW, place % KW], seen)
        for place, seen in enumerate(views)
    ]
    return sum(shifts) + b[:, None, None]


@conv2d.alternative
def by_windows_and_tensordot(X, W, b, stride, padding):
    seen = seen_through(padded(X, padding), W.shape[2], W.shape[3], stride)
    Y = np.tensordot(seen, W, axes=([1, 4, 5], [1, 2, 3])) + b
    return Y.transpose(0, 3, 1, 2)


@conv2d.loop
def _(X, W, b, stride, padding):
    F, _, KH, KW = W.shape
    X = padded(X, padding)
    OH, OW = ((size - k) // stride + 1 for size, k in zip(X.shape[2:], (KH, KW), strict=True))
    Y = np.zeros((len(X), F, OH, OW), X.dtype)
    for n in range(len(X)):
        for f in range(F):
            for r in range(OH):
                for s in range(OW):
                    window = X[n, :, stride * r : stride * r + KH, stride * s : stride * s + KW]
                    Y[n, f, r, s] = (window * W[f]).sum() + b[f]
    return Y


def large_convolution(rng):
    X, W, b = rng.normal(size=(64, 3, 32, 32)), rng.normal(size=(16, 3, 3, 3)), rng.normal(size=16)
    return dict(X=X, W=W, b=b, stride=1, padding=1)


@conv2d.benchmark
def _(rng):
    return large_convolution(rng)


# -- conv2d_backward ---------------------------------------------------------------------------

conv2d_backward = Exercise(
    reference.conv2d_backward, points=4, see="eq-conv-backward", returns="dX, dW, db"
)
conv2d_backward.hints(
    "With cols = im2col(X) the layer is linear, Y = W cols + b. What are the gradients of a linear layer?",
    "dW is the sum over the images of dY[n] cols[n]ᵀ, db sums dY over everything but the filters, and "
    "dcols = Wᵀ dY. An entry of dcols is a copy of a pixel: add it to that pixel's gradient.",
    "Make zeros of the padded shape; for place, seen in enumerate(window_views(zeros, KH, KW, stride)): "
    "seen += dcols[:, :, place], with dcols of shape (N, C, KH KW, OH, OW). Then cut the padding off.",
    "`dW = (dZ @ cols.transpose(0, 2, 1)).sum(axis=0).reshape(W.shape)` and "
    "`dcols = W.reshape(F, -1).T @ dZ`, with dZ = dY.reshape(N, F, −1).",
)


def with_upstream(rng, inputs):
    """The inputs of a backward from those of its forward: a random dY first, and no bias."""
    Y = reference.conv2d(**inputs)
    dY = rng.normal(size=Y.shape).astype(Y.dtype)
    return dict(dY=dY) | {name: value for name, value in inputs.items() if name != "b"}


@conv2d_backward.cases
def _(rng):
    for label, inputs in convolutions(rng):
        yield label, with_upstream(rng, inputs)


@conv2d_backward.torch
def _(torch, dY, X, W, stride, padding):
    b = torch.zeros(len(W), dtype=W.dtype)
    leaves = [leaf.requires_grad_() for leaf in (X, W, b)]
    Y = torch.nn.functional.conv2d(*leaves, stride, padding)
    return torch.autograd.grad(Y, leaves, dY)


def col2im(dcols, X, KH, KW, stride, padding, add=True, cut=True, start=None):
    """The gradients of the columns brought home to the pixels, with its parts exchangeable."""
    N, C, H, W = X.shape
    dX = padded(np.zeros_like(X), padding)
    views = reference.window_views(dX, KH, KW, stride)
    dcols = dcols.reshape(N, C, KH * KW, *views[0].shape[2:])
    for place, seen in enumerate(views):
        seen[...] = dcols[:, :, place] + (seen if add else 0)
    start = padding if start is None else start
    return dX[:, :, start : start + H, start : start + W] if cut else dX


def dcols_of(dY, W):
    return W.reshape(len(W), -1).T @ dY.reshape(len(dY), len(W), -1)


@conv2d_backward.mistake(
    "A pixel lies in several windows, and what they send back adds up; yours keeps only the last. Use "
    "`+=` where you write `=`."
)
def overlaps_overwritten(dY, X, W, stride, padding):
    _, dW, db = reference.conv2d_backward(dY, X, W, stride, padding)
    return col2im(dcols_of(dY, W), X, W.shape[2], W.shape[3], stride, padding, add=False), dW, db


@conv2d_backward.mistake(
    "dX still has the padding around it; the padding is no part of X, so its gradient is cut off."
)
def padding_left_on(dY, X, W, stride, padding):
    _, dW, db = reference.conv2d_backward(dY, X, W, stride, padding)
    return col2im(dcols_of(dY, W), X, W.shape[2], W.shape[3], stride, padding, cut=False), dW, db


@conv2d_backward.mistake(
    "You cut dX from the upper left corner of the padded gradient. The image begins `padding` pixels "
    "further in."
)
def padding_cut_on_one_side(dY, X, W, stride, padding):
    _, dW, db = reference.conv2d_backward(dY, X, W, stride, padding)
    return col2im(dcols_of(dY, W), X, W.shape[2], W.shape[3], stride, padding, start=0), dW, db


@conv2d_backward.mistake(
    "On its way back a gradient leaves through the weight by which its pixel came in. In dX your window "
    "is turned round once too often."
)
def window_turned_round_in_dX(dY, X, W, stride, padding):
    _, dW, db = reference.conv2d_backward(dY, X, W, stride, padding)
    return reference.conv2d_backward(dY, X, W[:, :, ::-1, ::-1], stride, padding)[0], dW, db


@conv2d_backward.mistake(
    "dW is turned round: entry (i, j) of the window is multiplied with the pixels at (r + i, s + j), so "
    "its gradient sums dY times those."
)
def window_turned_round_in_dW(dY, X, W, stride, padding):
    dX, dW, db = reference.conv2d_backward(dY, X, W, stride, padding)
    return dX, dW[:, :, ::-1, ::-1], db


@conv2d_backward.mistake(
    "Gradients of weights add up over the batch. A loss that is a mean has its 1/N in dY already; you "
    "divide once more."
)
def divided_by_the_batch(dY, X, W, stride, padding):
    dX, dW, db = reference.conv2d_backward(dY, X, W, stride, padding)
    return dX, dW / len(X), db / len(X)


@conv2d_backward.mistake(
    "A filter serves every place, so its gradient adds up over the places; in db you take their mean."
)
def bias_gradient_averaged_over_the_places(dY, X, W, stride, padding):
    dX, dW, _ = reference.conv2d_backward(dY, X, W, stride, padding)
    return dX, dW, dY.mean(axis=(2, 3)).sum(axis=0)


@conv2d_backward.mistake(
    "b[f] is added at every place of map f: sum dY over the images and over both axes of the map."
)
def bias_gradient_over_the_batch_only(dY, X, W, stride, padding):
    dX, dW, _ = reference.conv2d_backward(dY, X, W, stride, padding)
    return dX, dW, dY.sum(axis=0)


@conv2d_backward.mistake("The gradients come in the order of the inputs: dX, then dW, then db.")
def weights_first(dY, X, W, stride, padding):
    dX, dW, db = reference.conv2d_backward(dY, X, W, stride, padding)
    return dW, dX, db


@conv2d_backward.alternative
def place_by_place_in_the_window(dY, X, W, stride, padding):
    H, width = X.shape[2:]
    X = padded(X, padding)
    dX, dW = np.zeros_like(X), np.zeros_like(W)
    for i in range(W.shape[2]):
        for j in range(W.shape[3]):
            rows = slice(i, i + stride * (dY.shape[2] - 1) + 1, stride)
            columns = slice(j, j + stride * (dY.shape[3] - 1) + 1, stride)
            dW[:, :, i, j] = np.einsum("nfrs,ncrs->fc", dY, X[:, :, rows, columns])
            dX[:, :, rows, columns] += np.einsum("nfrs,fc->ncrs", dY, W[:, :, i, j])
    inside = slice(padding, padding + H), slice(padding, padding + width)
    return dX[:, :, *inside], dW, dY.sum(axis=(0, 2, 3))


@conv2d_backward.alternative
def as_two_more_convolutions(dY, X, W, stride, padding):
    N, F, OH, OW = dY.shape
    KH, KW = W.shape[2:]
    X = padded(X, padding)
    H, width = X.shape[2:]
    spread = np.zeros((N, F, H - KH + 1, width - KW + 1), dY.dtype)  # dY with its stride undone
    spread[:, :, : stride * OH : stride, : stride * OW : stride] = dY
    dW = np.einsum("ncrsij,nfij->fcrs", windows(X, spread.shape[2:], axis=(2, 3)), spread)
    full = np.pad(spread, ((0, 0), (0, 0), (KH - 1, KH - 1), (KW - 1, KW - 1)))
    dX = np.einsum("nfrsij,fcij->ncrs", windows(full, (KH, KW), axis=(2, 3)), W[:, :, ::-1, ::-1])
    dX = dX[:, :, padding : H - padding, padding : width - padding]
    return dX, dW, spread.sum(axis=(0, 2, 3))


@conv2d_backward.loop
def _(dY, X, W, stride, padding):
    _, _, H, width = X.shape
    KH, KW = W.shape[2:]
    X = padded(X, padding)
    dX, dW, db = np.zeros_like(X), np.zeros_like(W), np.zeros(len(W), W.dtype)
    for n, f, r, s in np.ndindex(*dY.shape):
        rows = slice(stride * r, stride * r + KH)
        columns = slice(stride * s, stride * s + KW)
        dW[f] += dY[n, f, r, s] * X[n, :, rows, columns]
        dX[n, :, rows, columns] += dY[n, f, r, s] * W[f]
        db[f] += dY[n, f, r, s]
    return dX[:, :, padding : padding + H, padding : padding + width], dW, db


@conv2d_backward.benchmark
def _(rng):
    return with_upstream(rng, large_convolution(rng))


# -- max_pool2d --------------------------------------------------------------------------------

max_pool2d = Exercise(reference.max_pool2d, points=2, see="def-max-pool", returns="Y")
max_pool2d.hints(
    "Do not look for the maximum window by window. Which arrays, all of the output's shape, must be "
    "compared entry by entry?",
    "`window_views(X, kernel, kernel, stride)` gives what each place of the window sees. The result is "
    "their largest, entry by entry.",
    "Start with a copy of the first view, and for every other one: `np.maximum(Y, seen, out=Y)`.",
)

# (N, C, H, W), kernel, stride
POOLS = {
    "windows side by side": ((2, 3, 6, 4), 2, 2),
    "overlapping windows": ((2, 3, 7, 5), 3, 2),
    "windows with gaps between them": ((3, 2, 8, 5), 2, 3),
    "rows and columns left over": ((2, 4, 7, 8), 3, 3),
    "one image with one channel": ((1, 1, 4, 6), 2, 1),
}


def pools(rng):
    for label, (size, kernel, stride) in POOLS.items():
        yield label, dict(X=rng.normal(size=size), kernel=kernel, stride=stride)
    X = rng.normal(size=(4, 6, 3, 2)).T
    yield "images that are not stored in order", dict(X=X, kernel=2, stride=2)
    yield "windows of one pixel", dict(X=rng.normal(size=(2, 3, 4, 5)), kernel=1, stride=1)
    X = -rng.uniform(1, 2, size=(2, 3, 4, 6))
    yield "values below zero", dict(X=X, kernel=2, stride=2)
    X = rng.normal(size=(2, 2, 5, 6)).astype(np.float32)
    yield "float32 images", dict(X=X, kernel=2, stride=2)


@max_pool2d.cases
def _(rng):
    yield from pools(rng)


@max_pool2d.torch
def _(torch, X, kernel, stride):
    return torch.nn.functional.max_pool2d(X, kernel, stride)


@max_pool2d.mistake("That is the mean of each window; max-pooling keeps the largest value.")
def mean_instead_of_maximum(X, kernel, stride):
    return reference.avg_pool2d(X, kernel, stride)


@max_pool2d.mistake(
    "You begin with zeros, so a window whose values are all negative gives 0. Begin with the first view."
)
def begun_with_zeros(X, kernel, stride):
    return np.maximum(reference.max_pool2d(X, kernel, stride), 0)


@max_pool2d.mistake(
    "Your windows stand side by side whatever the stride; they should move by `stride`, which may be "
    "smaller or larger than the window."
)
def kernel_taken_for_the_stride(X, kernel, stride):
    return reference.max_pool2d(X, kernel, kernel)


@max_pool2d.mistake("Your window moves by one pixel; it should move by `stride`.")
def stride_forgotten(X, kernel, stride):
    return reference.max_pool2d(X, kernel, 1)


@max_pool2d.mistake(
    "At the edge you keep windows that are cut off; a window that does not fit has no place."
)
def incomplete_windows_kept(X, kernel, stride):
    extra = [-(size - kernel) % stride for size in X.shape[2:]]
    pad = ((0, 0), (0, 0), (0, extra[0]), (0, extra[1]))
    return reference.max_pool2d(np.pad(X, pad, constant_values=-np.inf), kernel, stride)


@max_pool2d.mistake(
    "Pooling works on every channel by itself; you take the maximum over the channels as well."
)
def channels_pooled_too(X, kernel, stride):
    return reference.max_pool2d(X, kernel, stride).max(axis=1, keepdims=True)


@max_pool2d.mistake("You keep the smallest value of each window instead of the largest.")
def smallest_value(X, kernel, stride):
    return -reference.max_pool2d(-X, kernel, stride)


@max_pool2d.alternative
def maximum_over_sliding_windows(X, kernel, stride):
    return seen_through(X, kernel, kernel, stride).max(axis=(4, 5))


@max_pool2d.alternative
def by_rows_and_then_by_columns(X, kernel, stride):
    rows = windows(X, kernel, axis=2)[:, :, ::stride].max(axis=-1)
    return windows(rows, kernel, axis=3)[:, :, :, ::stride].max(axis=-1)


@max_pool2d.loop
def _(X, kernel, stride):
    OH, OW = ((size - kernel) // stride + 1 for size in X.shape[2:])
    Y = np.zeros((*X.shape[:2], OH, OW), X.dtype)
    for n, c, r, s in np.ndindex(*Y.shape):
        rows = slice(stride * r, stride * r + kernel)
        Y[n, c, r, s] = X[n, c, rows, stride * s : stride * s + kernel].max()
    return Y


@max_pool2d.benchmark
def _(rng):
    return dict(X=rng.normal(size=(64, 16, 32, 32)), kernel=2, stride=2)


# -- max_pool2d_backward -----------------------------------------------------------------------

max_pool2d_backward = Exercise(
    reference.max_pool2d_backward, points=3, see="eq-max-pool-backward", returns="dX"
)
max_pool2d_backward.hints(
    "A small change of a pixel that is not the largest changes nothing. So where does dY go?",
    "Compute Y. Go through the places of the window: where what a place sees equals Y, it receives dY, "
    "unless an earlier place of that window has received it already.",
    "Pair the views of X with the views of dX. Keep `waiting = dY.copy()`; at every place "
    "`given = waiting * (seen == Y)`, `back += given`, `waiting -= given`.",
)


@max_pool2d_backward.cases
def _(rng):
    def inputs(X, kernel, stride):
        shape = reference.max_pool2d(X, kernel, stride).shape
        return dict(dY=rng.normal(size=shape).astype(X.dtype), X=X, kernel=kernel, stride=stride)

    for label, one in pools(rng):
        yield label, inputs(**one)
    yield "many images", inputs(rng.normal(size=(11, 2, 3, 5)), 2, 1)
    yield "values that are equal", inputs(np.zeros((2, 3, 6, 4)), 2, 2)
    X = rng.normal(size=(2, 2, 5, 5))
    X[:, :, 2, 2] = 9
    yield "a pixel that wins in several windows", inputs(X, 3, 1)
    X = np.maximum(rng.normal(size=(3, 2, 7, 9)) - 1, 0)  # mostly zeros, as after a ReLU
    yield "equal values in overlapping windows", inputs(X, 3, 2)


@max_pool2d_backward.gradient("X")
def _(torch, X, kernel, stride):
    return torch.nn.functional.max_pool2d(X, kernel, stride)


def unpool(dY, X, kernel, stride, share):
    """dX from what each place of a window receives; share(won) says which of those that equal Y win.

    won: (KH KW, N, C, OH, OW), where a place equals the maximum.
    """
    dX = np.zeros_like(X)
    won = np.array(reference.window_views(X, kernel, kernel, stride))
    parts = share(won == won.max(axis=0)).astype(X.dtype) * dY
    for part, back in zip(parts, reference.window_views(dX, kernel, kernel, stride), strict=True):
        back += part
    return dX


@max_pool2d_backward.mistake(
    "Where several pixels of a window are equally large, each of yours receives the whole gradient. Only "
    "one does, the first in reading order, or the window would hand on more than it was given."
)
def every_equal_pixel_takes_all(dY, X, kernel, stride):
    return unpool(dY, X, kernel, stride, lambda won: won)


@max_pool2d_backward.mistake(
    "You share the gradient among pixels that are equally large. That is a fair choice, but not the one "
    "asked for: the first in reading order takes all of it."
)
def shared_among_equals(dY, X, kernel, stride):
    return unpool(dY, X, kernel, stride, lambda won: won / won.sum(axis=0))


@max_pool2d_backward.mistake(
    "Of several equal pixels you choose the last; the first in reading order is asked for."
)
def last_of_the_equals(dY, X, kernel, stride):
    return unpool(dY, X, kernel, stride, lambda won: won & (won[::-1].cumsum(axis=0)[::-1] == 1))


def first_of(won):
    return won & (won.cumsum(axis=0) == 1)


@max_pool2d_backward.mistake(
    "A pixel that wins in several windows hears from all of them, and that adds up; yours keeps only "
    "what came last. Use `+=`."
)
def overlaps_overwritten(dY, X, kernel, stride):
    dX = np.zeros_like(X)
    won = np.array(reference.window_views(X, kernel, kernel, stride))
    won = first_of(won == won.max(axis=0))
    for hit, back in zip(won, reference.window_views(dX, kernel, kernel, stride), strict=True):
        back[hit] = dY[hit]
    return dX


@max_pool2d_backward.mistake(
    "You give the gradient to every pixel of the window. A pixel that is not the largest does not move "
    "the output, so its gradient is 0."
)
def every_pixel_takes_all(dY, X, kernel, stride):
    return unpool(dY, X, kernel, stride, np.ones_like)


@max_pool2d_backward.mistake(
    "That is the backward of average pooling: dY / kernel² to every pixel. Here one pixel takes all."
)
def spread_evenly(dY, X, kernel, stride):
    return unpool(dY, X, kernel, stride, lambda won: np.full(won.shape, 1 / len(won)))


@max_pool2d_backward.mistake(
    "Your windows stand side by side whatever the stride; use the places of the forward pass."
)
def kernel_taken_for_the_stride(dY, X, kernel, stride):
    dX = np.zeros_like(X)
    Y = reference.max_pool2d(X, kernel, stride)
    for n, c, r, s in np.ndindex(*dY.shape):
        window = X[n, c, kernel * r : kernel * (r + 1), kernel * s : kernel * (s + 1)]
        hit = np.argwhere(window == Y[n, c, r, s])
        for i, j in hit[:1]:
            dX[n, c, kernel * r + i, kernel * s + j] += dY[n, c, r, s]
    return dX


@max_pool2d_backward.alternative
def the_first_that_wins(dY, X, kernel, stride):
    return unpool(dY, X, kernel, stride, first_of)


@max_pool2d_backward.alternative
def by_the_place_of_the_maximum(dY, X, kernel, stride):
    N, C, OH, OW = dY.shape
    seen = seen_through(X, kernel, kernel, stride).reshape(N, C, OH, OW, -1)
    row, column = np.divmod(seen.argmax(axis=-1), kernel)
    n, c, r, s = np.ogrid[:N, :C, :OH, :OW]
    dX = np.zeros_like(X)
    np.add.at(dX, (n, c, stride * r + row, stride * s + column), dY)
    return dX


@max_pool2d_backward.loop
def _(dY, X, kernel, stride):
    dX = np.zeros_like(X)
    for n, c, r, s in np.ndindex(*dY.shape):
        rows = slice(stride * r, stride * r + kernel)
        window = X[n, c, rows, stride * s : stride * s + kernel]
        i, j = divmod(int(window.argmax()), kernel)
        dX[n, c, stride * r + i, stride * s + j] += dY[n, c, r, s]
    return dX


@max_pool2d_backward.benchmark
def _(rng):
    X, dY = rng.normal(size=(64, 16, 32, 32)), rng.normal(size=(64, 16, 16, 16))
    return dict(dY=dY, X=X, kernel=2, stride=2)


# -- avg_pool2d --------------------------------------------------------------------------------

avg_pool2d = Exercise(reference.avg_pool2d, points=1, see="def-avg-pool", returns="Y")
avg_pool2d.hints(
    "It is max-pooling with another way of making one number of a window's numbers.",
    "Add the views of the window's places, and divide by how many places a window has.",
    "`sum(window_views(X, kernel, kernel, stride)) / kernel**2`",
)


@avg_pool2d.cases
def _(rng):
    yield from pools(rng)


@avg_pool2d.torch
def _(torch, X, kernel, stride):
    return torch.nn.functional.avg_pool2d(X, kernel, stride)


@avg_pool2d.mistake("That is the sum over each window; the mean divides it by kernel².")
def sum_instead_of_mean(X, kernel, stride):
    return reference.avg_pool2d(X, kernel, stride) * kernel**2


@avg_pool2d.mistake("A window holds kernel × kernel values: divide by kernel², not by kernel.")
def divided_by_the_side(X, kernel, stride):
    return reference.avg_pool2d(X, kernel, stride) * kernel


@avg_pool2d.mistake("Divide by how many values a window holds; the stride says how far it moves.")
def divided_by_the_stride(X, kernel, stride):
    return reference.avg_pool2d(X, kernel, stride) * kernel**2 / stride**2


@avg_pool2d.mistake("That is the largest value of each window; the mean is asked for.")
def maximum_instead_of_mean(X, kernel, stride):
    return reference.max_pool2d(X, kernel, stride)


@avg_pool2d.mistake(
    "Your windows stand side by side whatever the stride; they should move by `stride`."
)
def kernel_taken_for_the_stride(X, kernel, stride):
    return reference.avg_pool2d(X, kernel, kernel)


@avg_pool2d.mistake("Your window moves by one pixel; it should move by `stride`.")
def stride_forgotten(X, kernel, stride):
    return reference.avg_pool2d(X, kernel, 1)


@avg_pool2d.alternative
def mean_over_sliding_windows(X, kernel, stride):
    return seen_through(X, kernel, kernel, stride).mean(axis=(4, 5))


@avg_pool2d.alternative
def as_a_convolution(X, kernel, stride):
    N, C, H, W = X.shape
    even = np.full((1, 1, kernel, kernel), 1 / kernel**2, X.dtype)
    Y = reference.conv2d(X.reshape(N * C, 1, H, W), even, np.zeros(1, X.dtype), stride, 0)
    return Y.reshape(N, C, *Y.shape[2:])


@avg_pool2d.loop
def _(X, kernel, stride):
    OH, OW = ((size - kernel) // stride + 1 for size in X.shape[2:])
    Y = np.zeros((*X.shape[:2], OH, OW), X.dtype)
    for n, c, r, s in np.ndindex(*Y.shape):
        rows = slice(stride * r, stride * r + kernel)
        Y[n, c, r, s] = X[n, c, rows, stride * s : stride * s + kernel].mean()
    return Y


# -- global_avg_pool2d -------------------------------------------------------------------------

global_avg_pool2d = Exercise(
    reference.global_avg_pool2d, points=1, see="def-global-pool", returns="Y"
)
global_avg_pool2d.hints(
    "Which of the four axes should be left?",
    "Take the mean over rows and columns, axes 2 and 3.",
    "`X.mean(axis=(2, 3))`",
)


@global_avg_pool2d.cases
def _(rng):
    yield "a batch of maps", dict(X=rng.normal(size=(3, 4, 5, 2)))
    yield "one image", dict(X=rng.normal(size=(1, 3, 2, 4)))
    yield "maps of one pixel", dict(X=rng.normal(size=(4, 3, 1, 1)))
    yield "large values with small differences", dict(X=1e6 + rng.normal(size=(2, 5, 4, 3)))
    yield "maps that are not stored in order", dict(X=rng.normal(size=(3, 5, 4, 2)).T)
    yield "float32 maps", dict(X=rng.normal(size=(2, 4, 3, 5)).astype(np.float32))


@global_avg_pool2d.torch
def _(torch, X):
    return torch.nn.functional.adaptive_avg_pool2d(X, 1)[:, :, 0, 0]


@global_avg_pool2d.mistake(
    "The two axes are still there with length 1; a dense layer wants (N, C). Drop `keepdims`."
)
def axes_kept(X):
    return X.mean(axis=(2, 3), keepdims=True)


@global_avg_pool2d.mistake("That is the sum over the map; divide it by H·W, or take the mean.")
def sum_instead_of_mean(X):
    return X.sum(axis=(2, 3))


@global_avg_pool2d.mistake("That is the largest value of each map; the mean is asked for.")
def maximum_instead_of_mean(X):
    return X.max(axis=(2, 3))


@global_avg_pool2d.mistake(
    "You average over the channels; they are what should be left. Rows and columns are axes 2 and 3."
)
def channels_averaged(X):
    return X.mean(axis=1)


@global_avg_pool2d.mistake(
    "You average over the images as well; every image has a mean of its own."
)
def images_averaged_too(X):
    return X.mean(axis=(0, 2, 3))


@global_avg_pool2d.mistake("You average over the columns only; the rows are still there.")
def one_axis_only(X):
    return X.mean(axis=3)


@global_avg_pool2d.alternative
def through_one_long_axis(X):
    return X.reshape(*X.shape[:2], -1).mean(axis=2)


@global_avg_pool2d.alternative
def sum_over_area(X):
    return X.sum(axis=(2, 3)) / (X.shape[2] * X.shape[3])


@global_avg_pool2d.loop
def _(X):
    return np.array([[plane.mean() for plane in image] for image in X], X.dtype)


# -- receptive_field ---------------------------------------------------------------------------

receptive_field = Exercise(
    reference.receptive_field, points=2, see="eq-receptive-field", returns="pixels"
)
receptive_field.hints(
    "Two neighbours of a layer stand how many pixels of the input apart? That distance is the jump.",
    "A window of k units, dilation d, adds d·(k − 1) jumps to the field. The layer's own stride does not "
    "widen its own window, it makes the jump of the next layer larger.",
    "size, jump = 1, 1; for kernel, stride, dilation in layers: "
    "size += dilation * (kernel − 1) * jump; jump *= stride.",
)


@receptive_field.cases
def _(rng):
    yield "layers of stride 1", dict(layers=[(3, 1, 1), (5, 1, 1), (2, 1, 1)])
    yield "a stride in the middle", dict(layers=[(3, 1, 1), (2, 2, 1), (5, 1, 1), (3, 2, 1)])
    yield "dilation that doubles", dict(layers=[(3, 1, 1), (3, 1, 2), (3, 1, 4)])
    yield "the stem of a residual network", dict(layers=[(7, 2, 1), (3, 2, 1)] + [(3, 1, 1)] * 4)
    yield "a single layer", dict(layers=[(5, 3, 2)])
    yield "no layer", dict(layers=[])
    draw = rng.integers([2, 2, 1], [6, 4, 4], size=(4, 3))
    yield "four layers at random", dict(layers=[tuple(row) for row in draw.tolist()])


@receptive_field.torch
def _(torch, layers):
    reach = 1
    for kernel, stride, dilation in reversed(layers):  # enough pixels for one unit at the end
        reach = (reach - 1) * stride + dilation * (kernel - 1) + 1
    line = torch.ones(1, 1, reach + 3, dtype=torch.float64, requires_grad=True)
    signal = line
    for kernel, stride, dilation in layers:
        w = torch.ones(1, 1, kernel, dtype=torch.float64)
        signal = torch.nn.functional.conv1d(signal, w, stride=stride, dilation=dilation)
    (gradient,) = torch.autograd.grad(signal[0, 0, 0], line)
    felt = torch.nonzero(gradient[0, 0])
    return int(felt.max() - felt.min() + 1)


def fields(layers, start=(1, 1), grow=lambda k, d: d * (k - 1), step=lambda j, s: j * s):
    """The recursion with its parts exchangeable, for the mistakes below."""
    size, jump = start
    for kernel, stride, dilation in layers:
        size += grow(kernel, dilation) * jump
        jump = step(jump, stride)
    return size


@receptive_field.mistake(
    "The strides do not enter. After a layer of stride 2 neighbours stand twice as far apart, so every "
    "later window covers twice as many pixels."
)
def strides_ignored(layers):
    return fields(layers, step=lambda j, s: j)


@receptive_field.mistake(
    "A layer's own stride does not widen its own window: first add to the size, then multiply the jump."
)
def stride_multiplied_too_early(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        size += dilation * (kernel - 1) * jump
    return size


@receptive_field.mistake(
    "Between k pixels there are k − 1 gaps: a window of k adds k − 1 to the field, not k."
)
def gaps_miscounted(layers):
    return fields(layers, grow=lambda k, d: d * k)


@receptive_field.mistake("Jumps multiply: two layers of stride 2 make neighbours 4 pixels apart.")
def strides_added(layers):
    return fields(layers, step=lambda j, s: j + s - 1)


@receptive_field.mistake(
    "A window of k with dilation d reaches over d·(k − 1) gaps; the dilation is missing."
)
def dilation_ignored(layers):
    return fields(layers, grow=lambda k, d: k - 1)


@receptive_field.mistake(
    "You go through the layers from the end with the recursion that begins at the input. The order "
    "matters as soon as there is a stride."
)
def layers_in_reverse(layers):
    return fields(layers[::-1])


@receptive_field.mistake(
    "A single unit of the input sees one pixel, itself: the size begins with 1, not with 0."
)
def begun_with_zero(layers):
    return fields(layers, start=(0, 1))


@receptive_field.alternative
def from_the_end(layers):
    first, last = 0, 0
    for kernel, stride, dilation in reversed(layers):
        first, last = first * stride, last * stride + dilation * (kernel - 1)
    return last - first + 1


@receptive_field.loop
def _(layers):
    felt = {0}
    for kernel, stride, dilation in reversed(layers):
        felt = {stride * place + dilation * i for place in felt for i in range(kernel)}
    return max(felt) + 1


# -- count_conv_parameters ---------------------------------------------------------------------

count_conv_parameters = Exercise(
    reference.count_conv_parameters, points=1, see="eq-conv-count", returns="count"
)
count_conv_parameters.hints(
    "How many weights has one filter? It is as deep as its input has channels.",
    "One filter has C·K² weights and `extra` numbers more; a layer has F of them; layers add up.",
    "`sum(F * (C * K**2 + extra) for C, F, K, extra in layers)`",
)


@count_conv_parameters.cases
def _(rng):
    yield "one layer with biases", dict(layers=[(3, 16, 5, 1)])
    yield "one layer with batch norm", dict(layers=[(4, 7, 3, 2)])
    yield "one layer with neither", dict(layers=[(5, 6, 3, 0)])
    yield "a dense layer", dict(layers=[(512, 10, 1, 1)])
    yield (
        "LeNet-5 as it is taught",
        dict(
            layers=[(1, 6, 5, 1), (6, 16, 5, 1), (400, 120, 1, 1), (120, 84, 1, 1), (84, 10, 1, 1)]
        ),
    )
    draw = rng.integers([2, 8, 3, 0], [8, 16, 8, 3], size=(3, 4))
    yield "three layers at random", dict(layers=[tuple(row) for row in draw.tolist()])
    yield "no layer", dict(layers=[])


@count_conv_parameters.torch
def _(torch, layers):
    count = 0
    for C, F, K, extra in layers:
        parts = [torch.nn.Conv2d(C, F, K, bias=extra == 1)]
        parts += [torch.nn.BatchNorm2d(F)] if extra == 2 else []
        count += sum(p.numel() for part in parts for p in part.parameters())
    return count


@count_conv_parameters.mistake(
    "A filter has one bias, so a layer has F of them; you count one for the whole layer."
)
def one_bias_for_the_layer(layers):
    return sum(F * C * K**2 + extra for C, F, K, extra in layers)


@count_conv_parameters.mistake(
    "A filter is as deep as its input: it has K·K weights for every one of the C channels."
)
def channels_forgotten(layers):
    return sum(F * (K**2 + extra) for _, F, K, extra in layers)


@count_conv_parameters.mistake("The window is K × K: its side enters squared.")
def window_not_squared(layers):
    return sum(F * (C * K + extra) for C, F, K, extra in layers)


@count_conv_parameters.mistake(
    "What a filter has besides its weights is missing: a bias, or γ and β."
)
def extra_forgotten(layers):
    return sum(F * C * K**2 for C, F, K, extra in layers)


@count_conv_parameters.mistake(
    "You count a bias for every channel of every filter; a filter sums over its channels and has one."
)
def bias_for_every_channel(layers):
    return sum(F * C * (K**2 + extra) for C, F, K, extra in layers)


@count_conv_parameters.mistake(
    "The biases belong to the filters that a layer has, F, not to the channels that it reads."
)
def biases_counted_by_channels(layers):
    return sum(F * C * K**2 + extra * C for C, F, K, extra in layers)


@count_conv_parameters.alternative
def by_columns(layers):
    C, F, K, extra = np.array(layers, int).reshape(-1, 4).T
    return int((F * (C * K**2 + extra)).sum())


@count_conv_parameters.loop
def _(layers):
    count = 0
    for C, F, K, extra in layers:
        count += C * F * K * K
        count += F * extra
    return count


# -- local_response_norm -----------------------------------------------------------------------

local_response_norm = Exercise(reference.local_response_norm, points=2, see="def-lrn", returns="Y")
local_response_norm.hints(
    "The neighbours of a value are the same pixel in other channels. How do you sum over a window that "
    "slides along the channels?",
    "Square X, pad the channels with size // 2 zeros before and (size − 1) // 2 behind, and let a window "
    "of `size` slide along them; or add `size` slices of C channels each.",
    "`neighbours = np.lib.stride_tricks.sliding_window_view(squares, size, axis=1)` has one axis more, "
    "the last, to sum over. Then `X / (k + alpha / size * activity) ** beta`.",
)


@local_response_norm.cases
def _(rng):
    def inputs(shape, size, scale=1.0, dtype=float):
        constants = dict(
            zip(("alpha", "beta", "k"), rng.uniform(0.5, 1.5, size=3).tolist(), strict=True)
        )
        return dict(X=scale * rng.normal(size=shape).astype(dtype), size=size) | constants

    yield "three neighbouring channels", inputs((2, 6, 3, 4), 3)
    yield "five neighbouring channels", inputs((3, 7, 2, 4), 5)
    yield "an even number of channels", inputs((2, 7, 3, 5), 4)
    yield "more neighbours than channels", inputs((2, 3, 4, 5), 7)
    yield "one channel alone", inputs((3, 5, 4, 2), 1)
    yield "large values", inputs((2, 6, 3, 4), 3, scale=1e3)
    yield "one image", inputs((1, 5, 2, 3), 3)
    small = inputs((2, 5, 3, 4), 3)
    yield "float32 maps", small | dict(X=small["X"].astype(np.float32))
    turned = inputs((3, 4, 6, 2), 3)
    yield "maps that are not stored in order", turned | dict(X=turned["X"].T)


@local_response_norm.torch
def _(torch, X, size, alpha, beta, k):
    return torch.nn.functional.local_response_norm(X, size, alpha, beta, k)


def activity(X, size, axis=1, before=None, values=np.square):
    """Sums of squares over windows of `size` along an axis; outside the array there is 0."""
    before = size // 2 if before is None else before
    pad = [(0, 0)] * 4
    pad[axis] = (before, size - 1 - before)
    return windows(np.pad(values(X), pad), size, axis=axis).sum(axis=-1, dtype=X.dtype)


@local_response_norm.mistake(
    "You use α as it is, which is the formula of the AlexNet paper; here α is shared among the channels: "
    "α/size."
)
def alpha_not_divided(X, size, alpha, beta, k):
    return X / (k + alpha * activity(X, size)) ** beta


@local_response_norm.mistake(
    "Neighbours are the same pixel in other channels; yours are other pixels in the same channel."
)
def neighbours_along_the_row(X, size, alpha, beta, k):
    return X / (k + alpha / size * activity(X, size, axis=3)) ** beta


@local_response_norm.mistake(
    "Your window begins at the channel itself; it should stand around it, with size // 2 channels before."
)
def window_on_one_side(X, size, alpha, beta, k):
    return X / (k + alpha / size * activity(X, size, before=0)) ** beta


@local_response_norm.mistake(
    "For an even size the window is not symmetric: size // 2 channels stand before and (size − 1) // 2 "
    "behind; yours has them the other way round."
)
def even_window_on_the_other_side(X, size, alpha, beta, k):
    return X / (k + alpha / size * activity(X, size, before=(size - 1) // 2)) ** beta


@local_response_norm.mistake("The power β is missing; it belongs to the whole denominator.")
def power_forgotten(X, size, alpha, beta, k):
    return X / (k + alpha / size * activity(X, size))


@local_response_norm.mistake("Sum the squares of the neighbours, so that negative ones count too.")
def not_squared(X, size, alpha, beta, k):
    return X / (k + alpha / size * activity(X, size, values=np.abs)) ** beta


@local_response_norm.mistake(
    "At the first and last channels you divide by how many neighbours exist; α/size stays the same "
    "everywhere, and channels that do not exist count as 0."
)
def mean_over_those_that_exist(X, size, alpha, beta, k):
    exist = activity(np.ones_like(X), size)
    return X / (k + alpha * activity(X, size) / exist) ** beta


@local_response_norm.mistake(
    "Every value is divided by its own square only; sum over its neighbours, itself included."
)
def only_itself(X, size, alpha, beta, k):
    return X / (k + alpha / size * X**2) ** beta


@local_response_norm.alternative
def by_a_band_matrix(X, size, alpha, beta, k):
    C = X.shape[1]
    away = np.arange(C) - np.arange(C)[:, None]  # how far channel c′ lies behind channel c
    band = ((away >= -(size // 2)) & (away <= (size - 1) // 2)).astype(X.dtype)
    summed = np.tensordot(band, X**2, axes=(1, 1)).transpose(1, 0, 2, 3)
    return X / (k + alpha / size * summed) ** beta


@local_response_norm.alternative
def as_a_sum_of_slices(X, size, alpha, beta, k):
    squares = np.pad(X**2, ((0, 0), (size // 2, size), (0, 0), (0, 0)))
    summed = sum(squares[:, i : i + X.shape[1]] for i in range(size))
    return X / (k + alpha / size * summed) ** beta


@local_response_norm.loop
def _(X, size, alpha, beta, k):
    Y = np.empty_like(X)
    for c in range(X.shape[1]):
        near = X[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1]
        Y[:, c] = X[:, c] / (k + alpha / size * (near**2).sum(axis=1)) ** beta
    return Y


# -- batch_norm2d ------------------------------------------------------------------------------

batch_norm2d = Exercise(reference.batch_norm2d, points=2, see="def-batch-norm2d", returns="Y")
batch_norm2d.hints(
    "A channel is the same filter at every place of every image. Which axes do its mean and its variance "
    "run over?",
    "Mean and variance over axes 0, 2 and 3 with keepdims=True, and the variance divides by N H W. "
    "gamma and beta need the shape (C, 1, 1) to meet channels.",
    "As batch_norm: `centred / np.sqrt(variance + eps)`, then `gamma[:, None, None] * …`.",
)


@batch_norm2d.cases
def _(rng):
    def inputs(N, C, H, W, eps=1e-5, shift=0.0):
        spread = rng.uniform(0.5, 3, size=(C, 1, 1))
        X = rng.normal(size=(N, C, H, W)) * spread + rng.normal(size=(C, 1, 1)) + shift
        return dict(X=X, gamma=rng.uniform(0.5, 2, size=C), beta=rng.normal(size=C), eps=eps)

    yield "a batch of maps", inputs(4, 3, 5, 2)
    yield "an eps that counts", inputs(2, 4, 3, 5, eps=0.7)
    yield "a large mean", inputs(3, 2, 4, 5, shift=1e4)
    yield "one image", inputs(1, 3, 4, 2, eps=0.1)
    yield "maps of one pixel", inputs(6, 4, 1, 1, eps=0.3)
    turned = inputs(2, 3, 5, 4)
    yield "maps that are not stored in order", turned | dict(X=rng.normal(size=(4, 5, 3, 2)).T)
    small = inputs(3, 4, 2, 5, eps=0.1)
    cast = {name: np.asarray(small[name], np.float32) for name in ("X", "gamma", "beta")}
    yield "float32 maps", small | cast


@batch_norm2d.torch
def _(torch, X, gamma, beta, eps):
    return torch.nn.functional.batch_norm(X, None, None, gamma, beta, training=True, eps=eps)


def normalised(
    X, gamma, beta, eps, axes=(0, 2, 3), ddof=0, rate=lambda v, eps: 1 / np.sqrt(v + eps)
):
    centred = X - X.mean(axis=axes, keepdims=True)
    count = np.prod([X.shape[axis] for axis in axes])
    variance = (centred**2).sum(axis=axes, keepdims=True) / X.dtype.type(max(count - ddof, 1))
    return gamma[:, None, None] * (centred * rate(variance, eps)) + beta[:, None, None]


@batch_norm2d.mistake(
    "Every pixel is normalised by itself over the batch. A filter is shared by all places, so mean and "
    "variance run over the maps as well: axes 0, 2 and 3."
)
def every_pixel_by_itself(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axes=(0,))


@batch_norm2d.mistake(
    "Every image is normalised by itself; that is instance norm. Batch norm also averages over the images."
)
def every_image_by_itself(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axes=(2, 3))


@batch_norm2d.mistake(
    "You average over the channels too, image by image; that is layer norm. Every channel has a mean of "
    "its own."
)
def channels_averaged_too(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axes=(1, 2, 3))


@batch_norm2d.mistake(
    "You divide the variance by N H W − 1; in training batch norm divides by N H W."
)
def divided_by_one_less(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, ddof=1)


@batch_norm2d.mistake("ε belongs under the root, next to the variance.")
def eps_outside_the_root(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, rate=lambda v, eps: 1 / (np.sqrt(v) + eps))


@batch_norm2d.mistake(
    "Divide by the standard deviation, the root of the variance; yours lacks the root."
)
def root_forgotten(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, rate=lambda v, eps: 1 / (v + eps))


@batch_norm2d.mistake("γ and β are missing: scale and shift every channel after normalising it.")
def scale_and_shift_forgotten(X, gamma, beta, eps):
    return normalised(X, np.ones_like(gamma), np.zeros_like(beta), eps)


@batch_norm2d.alternative
def as_batch_norm_of_pixels(X, gamma, beta, eps):
    N, C, H, W = X.shape
    rows = X.transpose(0, 2, 3, 1).reshape(-1, C)  # every pixel of every image is an example
    return batch_norm(rows, gamma, beta, eps).reshape(N, H, W, C).transpose(0, 3, 1, 2)


@batch_norm2d.loop
def _(X, gamma, beta, eps):
    Y = np.empty_like(X)
    for c in range(X.shape[1]):
        channel = X[:, c]
        Y[:, c] = (channel - channel.mean()) / (channel.var() + X.dtype.type(eps)) ** 0.5
        Y[:, c] = gamma[c] * Y[:, c] + beta[c]
    return Y


# -- residual_block ----------------------------------------------------------------------------

residual_block = Exercise(reference.residual_block, points=2, see="def-residual", returns="Y")
residual_block.hints(
    "Two convolutions compute what is to be added to X. Where do the two ReLUs stand?",
    "The first ReLU stands between the convolutions, the second one after X has been added. Padding "
    "K // 2 keeps the maps at their size, or they could not be added.",
    "`A = np.maximum(conv2d(X, W1, b1, 1, padding), 0)`, then "
    "`np.maximum(X + conv2d(A, W2, b2, 1, padding), 0)`.",
)

# (N, C, H, W), channels between, K
BLOCKS = {
    "windows of three": ((2, 3, 5, 4), 6, 3),
    "windows of five": ((3, 2, 6, 7), 4, 5),
    "windows of one pixel": ((2, 5, 3, 4), 3, 1),
    "one image with one channel": ((1, 1, 6, 5), 2, 3),
}


def blocks(rng):
    def inputs(size, between, K):
        C = size[1]
        W1, b1 = rng.normal(size=(between, C, K, K)), rng.normal(size=between)
        W2, b2 = rng.normal(size=(C, between, K, K)) / 3, rng.normal(size=C)
        return dict(X=rng.normal(size=size), W1=W1, b1=b1, W2=W2, b2=b2)

    for label, shape in BLOCKS.items():
        yield label, inputs(*shape)
    turned = inputs((2, 3, 5, 4), 6, 3)
    yield "maps that are not stored in order", turned | dict(X=rng.normal(size=(4, 5, 3, 2)).T)
    small = inputs((2, 3, 4, 5), 4, 3)
    yield "float32 arrays", {name: array.astype(np.float32) for name, array in small.items()}


@residual_block.cases
def _(rng):
    yield from blocks(rng)


def torch_block(torch, X, W1, b1, W2, b2):
    conv, padding = torch.nn.functional.conv2d, W1.shape[-1] // 2
    A = torch.relu(conv(X, W1, b1, padding=padding))
    return torch.relu(X + conv(A, W2, b2, padding=padding))


@residual_block.torch
def _(torch, **inputs):
    return torch_block(torch, **inputs)


def relu(Z):
    return np.maximum(Z, 0)


def same(X, W, b):
    return reference.conv2d(X, W, b, 1, W.shape[-1] // 2)


@residual_block.mistake("X is not added: without the shortcut this is a plain pair of layers.")
def shortcut_forgotten(X, W1, b1, W2, b2):
    return relu(same(relu(same(X, W1, b1)), W2, b2))


@residual_block.mistake(
    "The last ReLU comes after the sum; you add X to what it has let through, so nothing could be taken "
    "away from X."
)
def relu_before_the_sum(X, W1, b1, W2, b2):
    return X + relu(same(relu(same(X, W1, b1)), W2, b2))


@residual_block.mistake("The ReLU after the sum is missing.")
def no_relu_after_the_sum(X, W1, b1, W2, b2):
    return X + same(relu(same(X, W1, b1)), W2, b2)


@residual_block.mistake(
    "Between the two convolutions stands a ReLU; without it they are one linear map."
)
def no_relu_between(X, W1, b1, W2, b2):
    return relu(X + same(same(X, W1, b1), W2, b2))


@residual_block.mistake("The two branches are added; yours are multiplied.")
def multiplied_with_the_shortcut(X, W1, b1, W2, b2):
    return relu(X * same(relu(same(X, W1, b1)), W2, b2))


@residual_block.mistake(
    "Your convolutions are not padded, so the maps shrink and only the middle of X can be added. Padding "
    "K // 2 keeps their size."
)
def middle_of_the_image_only(X, W1, b1, W2, b2):
    A = relu(reference.conv2d(X, W1, b1, 1, 0))
    F = reference.conv2d(A, W2, b2, 1, 0)
    edge = (X.shape[2] - F.shape[2]) // 2
    return relu(X[:, :, edge : edge + F.shape[2], edge : edge + F.shape[3]] + F)


@residual_block.mistake(
    "The shortcut carries X itself; you apply a ReLU to it first, so what is negative is lost."
)
def relu_on_the_shortcut(X, W1, b1, W2, b2):
    return relu(relu(X) + same(relu(same(X, W1, b1)), W2, b2))


@residual_block.alternative
def shortcut_inside_the_second_window(X, W1, b1, W2, b2):
    C, K = X.shape[1], W1.shape[-1]
    middle = np.zeros((C, C, K, K), X.dtype)
    middle[range(C), range(C), K // 2, K // 2] = 1  # a window that hands its middle pixel on
    both = np.concatenate([relu(same(X, W1, b1)), X], axis=1)
    return relu(same(both, np.concatenate([W2, middle], axis=1), b2))


@residual_block.loop
def _(X, W1, b1, W2, b2):
    def slide(x, W, b):
        p = W.shape[-1] // 2
        x = np.pad(x, ((0, 0), (p, p), (p, p)))
        seen = windows(x, W.shape[2:], axis=(1, 2))
        return np.array(
            [np.einsum("crsij,cij->rs", seen, w) + t for w, t in zip(W, b, strict=True)]
        )

    return np.array([relu(x + slide(relu(slide(x, W1, b1)), W2, b2)) for x in X], X.dtype)


# -- residual_block_backward -------------------------------------------------------------------

SHORTCUT, LONG_WAY = "the path through the shortcut", "the path through the convolutions"

residual_block_backward = Exercise(
    reference.residual_block_backward,
    points=4,
    see="eq-residual-backward",
    returns="dX, dW1, db1, dW2, db2",
)
residual_block_backward.hints(
    "Compute forward once more and keep what you need: Z before the first ReLU and S before the last. In "
    "how many ways does X reach the output?",
    "dS = dY where S > 0. It goes to X directly, and through conv2d_backward to dA; that passes the "
    "first ReLU where Z > 0, and conv2d_backward once more. The two gradients of X add up.",
    "`dA, dW2, db2 = conv2d_backward(dS, A, W2, 1, padding)`, then "
    "`dX, dW1, db1 = conv2d_backward(dA * (Z > 0), X, W1, 1, padding)`, and return `dS + dX` first.",
)


@residual_block_backward.cases
def _(rng):
    for label, inputs in blocks(rng):
        dY = rng.normal(size=inputs["X"].shape).astype(inputs["X"].dtype)
        yield label, dict(dY=dY) | inputs
    label, inputs = next(blocks(rng))
    nothing = {name: np.zeros_like(inputs[name]) for name in ("W1", "b1", "b2")}
    X = np.maximum(inputs["X"], 0)
    inputs = dict(dY=rng.normal(size=X.shape)) | inputs | nothing | dict(X=X)
    yield "maps that are exactly zero before a ReLU", inputs


@residual_block_backward.gradient("X", "W1", "b1", "W2", "b2")
def _(torch, **inputs):
    return torch_block(torch, **inputs)


def back(dY, X, W1, b1, W2, b2, outer=True, inner=True, mix=lambda dS, dX, dY: dS + dX):
    """The backward pass with its gates and its sum exchangeable, for the mistakes below."""
    padding = W1.shape[-1] // 2
    Z = same(X, W1, b1)
    A = relu(Z)
    dS = dY * (X + same(A, W2, b2) > 0) if outer else dY
    dA, dW2, db2 = reference.conv2d_backward(dS, A, W2, 1, padding)
    dZ = dA * (Z > 0) if inner else dA
    dX, dW1, db1 = reference.conv2d_backward(dZ, X, W1, 1, padding)
    return mix(dS, dX, dY), dW1, db1, dW2, db2


@residual_block_backward.terms
def _(dY, X, W1, b1, W2, b2):
    dX, *others = back(dY, X, W1, b1, W2, b2, mix=lambda dS, dX, dY: {SHORTCUT: dS, LONG_WAY: dX})
    return dX, *({LONG_WAY: other} for other in others)


@residual_block_backward.mistake(
    "The shortcut is missing: X also reaches the output directly, and on that path its gradient is dS "
    "as it is. This is what the block is for."
)
def shortcut_forgotten(dY, X, W1, b1, W2, b2):
    return back(dY, X, W1, b1, W2, b2, mix=lambda dS, dX, dY: dX)


@residual_block_backward.mistake(
    "On the shortcut you hand back dY. The last ReLU stands after the sum, so this path passes it, too: "
    "hand back dS."
)
def shortcut_past_the_last_relu(dY, X, W1, b1, W2, b2):
    return back(dY, X, W1, b1, W2, b2, mix=lambda dS, dX, dY: dY + dX)


@residual_block_backward.mistake(
    "The last ReLU is forgotten on the way back: where the sum is negative, nothing comes through."
)
def last_relu_forgotten(dY, X, W1, b1, W2, b2):
    return back(dY, X, W1, b1, W2, b2, outer=False)


@residual_block_backward.mistake(
    "The ReLU between the convolutions is forgotten on the way back: dA passes only where Z > 0."
)
def first_relu_forgotten(dY, X, W1, b1, W2, b2):
    return back(dY, X, W1, b1, W2, b2, inner=False)


@residual_block_backward.mistake(
    "dX has only the shortcut's gradient; X also acts through both convolutions, and the two add up."
)
def convolutions_forgotten(dY, X, W1, b1, W2, b2):
    return back(dY, X, W1, b1, W2, b2, mix=lambda dS, dX, dY: dS)


@residual_block_backward.mistake(
    "Gradients of weights add up over the batch; 1/N is in dY already, and you divide once more."
)
def divided_by_the_batch(dY, X, W1, b1, W2, b2):
    dX, *others = back(dY, X, W1, b1, W2, b2)
    return dX, *(other / len(X) for other in others)


@residual_block_backward.mistake(
    "The second convolution reads A, the map after the first ReLU; you give X or Z to its backward pass."
)
def second_layer_fed_before_the_relu(dY, X, W1, b1, W2, b2):
    padding = W1.shape[-1] // 2
    Z = same(X, W1, b1)
    dS = dY * (X + same(relu(Z), W2, b2) > 0)
    dX, dW1, db1, _, db2 = back(dY, X, W1, b1, W2, b2)
    return dX, dW1, db1, reference.conv2d_backward(dS, Z, W2, 1, padding)[1], db2


@residual_block_backward.mistake(
    "The gradients come in the order of the inputs: dX, dW1, db1, dW2, db2."
)
def second_layer_first(dY, X, W1, b1, W2, b2):
    dX, dW1, db1, dW2, db2 = back(dY, X, W1, b1, W2, b2)
    return dX, dW2, db2, dW1, db1


@residual_block_backward.alternative
def with_masks_of_ones_and_zeros(dY, X, W1, b1, W2, b2):
    padding = W1.shape[-1] // 2
    A = relu(same(X, W1, b1))
    dS = np.where(reference.residual_block(X, W1, b1, W2, b2) > 0, dY, X.dtype.type(0))
    dA, dW2, db2 = reference.conv2d_backward(dS, A, W2, 1, padding)
    dZ = np.where(A > 0, dA, X.dtype.type(0))
    through, dW1, db1 = reference.conv2d_backward(dZ, X, W1, 1, padding)
    return through + dS, dW1, db1, dW2, db2


@residual_block_backward.alternative
def image_by_image(dY, X, W1, b1, W2, b2):
    one_by_one = [
        reference.residual_block_backward(dY[n : n + 1], X[n : n + 1], W1, b1, W2, b2)
        for n in range(len(X))
    ]
    dX, *others = zip(*one_by_one, strict=True)
    return np.concatenate(dX), *(sum(other) for other in others)
