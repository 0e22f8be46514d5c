"""What an answer in the chapter on neurons must satisfy, and the mistakes people make."""

import math
from itertools import pairwise, product

import numpy as np

from autograder.exercise import Exercise, Function
from solutions import neurons as reference
from solutions.neurons import linear as layer
from solutions.neurons import soft_step


def network(rng, sizes, dtype=np.float64):
    """Weights and biases of a small network, as random as its inputs."""
    weights = [rng.normal(size=(o, i)).astype(dtype) for i, o in pairwise(sizes)]
    return weights, [rng.normal(size=o).astype(dtype) for o in sizes[1:]]


def logistic(t):
    """σ of one number, by Python's math module."""
    return 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))


# -- neuron ------------------------------------------------------------------------------------

neuron = Exercise(reference.neuron, points=1, see="def-neuron", returns="a")
neuron.hints(
    "Two steps: first one number out of two lists of numbers and the bias, then σ of that number.",
    "The weighted sum of x is `x @ w`; the bias is added to it. σ is lent to you as `soft_step`.",
    "`return soft_step(x @ w + b)`, or the formula itself, `1 / (1 + np.exp(-(x @ w + b)))`.",
)


@neuron.cases
def _(rng):
    yield "three inputs", dict(x=rng.normal(size=3), w=rng.normal(size=3), b=0.7)
    yield "a negative bias", dict(x=rng.normal(size=5), w=rng.normal(size=5), b=-1.3)
    yield "a single input", dict(x=np.array([1.7]), w=np.array([-0.6]), b=0.4)
    yield "a steep neuron", dict(x=rng.uniform(-1, 1, size=2), w=np.array([8.0, -6.0]), b=1.1)
    yield (
        "float32 inputs",
        dict(
            x=rng.normal(size=4).astype(np.float32), w=rng.normal(size=4).astype(np.float32), b=0.2
        ),
    )


@neuron.torch
def _(torch, x, w, b):
    return torch.sigmoid(torch.dot(x, w) + b)


@neuron.mistake(
    "You return the weighted sum z itself. A neuron sends it through σ, which squeezes it between "
    "0 and 1."
)
def edge_forgotten(x, w, b):
    return x @ w + b


@neuron.mistake(
    "You subtract the bias. A threshold θ would be subtracted; the bias is b = −θ, and it is added."
)
def bias_taken_for_a_threshold(x, w, b):
    return soft_step(x @ w - b)


@neuron.mistake(
    "The bias is missing: z = w · x + b. Without it every line goes through the origin."
)
def bias_forgotten(x, w, b):
    return soft_step(x @ w)


@neuron.mistake("The bias belongs inside σ, with the weighted sum: σ(w · x + b), not σ(w · x) + b.")
def bias_added_after_the_edge(x, w, b):
    return soft_step(x @ w) + b


@neuron.mistake(
    "Your edge falls where it should rise: the exponent is −z, so look for a lost minus."
)
def minus_forgotten(x, w, b):
    return soft_step(-(x @ w + b))


@neuron.mistake(
    "That is the hard step, 1 or 0. Here the edge is soft: σ(z) = 1 / (1 + exp(−z)), which is ½ on "
    "the line."
)
def hard_step(x, w, b):
    return 1.0 if x @ w + b > 0 else 0.0


@neuron.mistake(
    "You multiply w and x entry by entry and stop there, so one number for each input comes out. "
    "Add the products up: `x @ w` does both."
)
def products_not_added(x, w, b):
    return soft_step(x * w + b)


@neuron.mistake("That is tanh, whose values run from −1 to 1. σ runs from 0 to 1.")
def tanh_for_sigma(x, w, b):
    return np.tanh(x @ w + b)


@neuron.alternative
def by_the_formula(x, w, b):
    return 1 / (1 + np.exp(-(np.dot(w, x) + b)))


@neuron.alternative
def by_tanh_of_half(x, w, b):
    return (1 + np.tanh((np.sum(w * x) + b) / 2)) / 2


@neuron.loop
def _(x, w, b):
    z = b
    for k in range(len(x)):
        z += float(w[k]) * float(x[k])
    return logistic(z)


# -- linear ------------------------------------------------------------------------------------

linear = Exercise(reference.linear, points=1, see="eq-batch", returns="Z")
linear.hints(
    "X has shape (N, D) and the result (N, H). Which matrix of shape (D, H) is at hand?",
    "W has shape (H, D), one unit a row, so its transpose does it. Then b, of shape (H,), is added to "
    "every row by NumPy itself.",
    "`return X @ W.T + b`",
)


@linear.cases
def _(rng):
    def inputs(n, d, h, dtype=float):
        return dict(
            X=rng.normal(size=(n, d)).astype(dtype),
            W=rng.normal(size=(h, d)).astype(dtype),
            b=rng.normal(size=h).astype(dtype),
        )

    yield "five examples", inputs(5, 3, 2)
    yield "as many units as inputs", inputs(5, 4, 4)
    yield "as many examples as units", inputs(3, 2, 3)
    yield "a single example", inputs(1, 3, 4)
    yield "float32 inputs", inputs(4, 2, 6, np.float32)
    yield "a transposed (non-contiguous) batch", inputs(6, 4, 3) | dict(X=rng.normal(size=(4, 6)).T)


@linear.torch
def _(torch, X, W, b):
    return torch.nn.functional.linear(X, W, b)


@linear.mistake(
    "The examples are the rows of X and the units are the rows of W, so each row of X must meet each "
    "row of W: transpose W. Without it the shapes fit only when H = D, and then the sums are wrong."
)
def transpose_forgotten(X, W, b):
    return X @ W + b


@linear.mistake("The bias is missing: every row of X Wᵀ gets b added.")
def bias_forgotten(X, W, b):
    return X @ W.T


@linear.mistake(
    "Your result has one column for each example. W Xᵀ is the layer for columns; examples are rows "
    "here, so turn the product round: X Wᵀ."
)
def columns_for_rows(X, W, b):
    return W @ X.T + b[:, None]


@linear.mistake(
    "You add b before you transpose, so it runs along the examples instead of along the units. It fits "
    "only when N = H. Write X Wᵀ + b, where b meets the last axis."
)
def bias_along_the_examples(X, W, b):
    return (W @ X.T + b).T


@linear.mistake("The bias is added, not subtracted: Z = X Wᵀ + b.")
def bias_subtracted(X, W, b):
    return X @ W.T - b


@linear.mistake(
    "The bias came in twice. It is one more input that is always 1, so it is added once."
)
def bias_counted_twice(X, W, b):
    return X @ W.T + 2 * b


@linear.alternative
def by_einsum(X, W, b):
    return np.einsum("nk,jk->nj", X, W) + b


@linear.alternative
def the_bias_as_one_more_weight(X, W, b):
    ones = np.ones((len(X), 1), dtype=X.dtype)
    return np.hstack([X, ones]) @ np.hstack([W, b[:, None]]).T


@linear.loop
def _(X, W, b):
    Z = np.empty((len(X), len(W)), dtype=X.dtype)
    for n in range(len(X)):
        for j in range(len(W)):
            z = float(b[j])
            for k in range(X.shape[1]):
                z += float(W[j, k]) * float(X[n, k])
            Z[n, j] = z
    return Z


@linear.benchmark
def _(rng):
    return dict(
        X=rng.normal(size=(128, 200)), W=rng.normal(size=(100, 200)), b=rng.normal(size=100)
    )


# -- perceptron_update -------------------------------------------------------------------------

perceptron_update = Exercise(
    reference.perceptron_update, points=2, see="def-perceptron", returns="w, b"
)
perceptron_update.hints(
    "When is the example on the right side? Look at the sign of y (w · x + b), and decide what should "
    "happen when it is 0.",
    "On the right side, return w and b as they are. Otherwise add lr · y · x to w and lr · y to b.",
    "`if y * (x @ w + b) > 0: return w, b`, then `return w + lr * y * x, b + lr * y`.",
)


@perceptron_update.cases
def _(rng):
    def inputs(d, y, score, b, lr, dtype=float):
        """An example whose w · x + b is `score`."""
        x, w = rng.normal(size=d), rng.normal(size=d)
        w += (score - b - x @ w) / (x @ x) * x
        return dict(w=w.astype(dtype), b=b, x=x.astype(dtype), y=y, lr=lr)

    yield "a positive example on the wrong side", inputs(3, 1, -1.4, 0.6, 0.3)
    yield "a negative example on the wrong side", inputs(4, -1, 0.9, -0.5, 0.7)
    yield "a positive example on the right side", inputs(2, 1, 1.1, 0.4, 0.5)
    yield "a negative example on the right side", inputs(3, -1, -0.8, -0.3, 1.5)
    yield (
        "a negative example on the line",
        dict(w=np.zeros(5), b=0.0, x=rng.normal(size=5), y=-1, lr=0.4),
    )
    yield "wrong because of the bias", inputs(3, 1, -0.5, -2.0, 0.8)
    yield "right because of the bias", inputs(2, -1, -0.6, -1.9, 0.6)
    yield "float32 inputs", inputs(4, -1, 1.3, 0.2, 0.25, np.float32)


@perceptron_update.oracle
def _(w, b, x, y, lr):
    """A step down the gradient of max(0, −y (w · x + b)), with slope −1 at the corner."""
    score = b + math.fsum(float(p) * float(q) for p, q in zip(w, x, strict=True))
    wrong = 1.0 if y * score <= 0 else 0.0
    moved = [float(p) + lr * wrong * y * float(q) for p, q in zip(w, x, strict=True)]
    return np.array(moved, dtype=w.dtype), b + lr * wrong * y


@perceptron_update.mistake(
    "The perceptron moves only when it is wrong; you move for every example. Return w and b unchanged "
    "when y (w · x + b) is positive."
)
def moved_when_right_too(w, b, x, y, lr):
    return w + lr * y * x, b + lr * y


@perceptron_update.mistake(
    "You move when the example is on the right side and rest when it is on the wrong one: the "
    "comparison is turned round."
)
def moved_only_when_right(w, b, x, y, lr):
    return (w + lr * y * x, b + lr * y) if y * (x @ w + b) > 0 else (w, b)


@perceptron_update.mistake(
    "An example exactly on the line counts as wrong: y (w · x + b) ≤ 0. With < a start at w = 0, b = 0 "
    "would never move."
)
def a_point_on_the_line_counted_as_right(w, b, x, y, lr):
    return (w + lr * y * x, b + lr * y) if y * (x @ w + b) < 0 else (w, b)


@perceptron_update.mistake(
    "A negative example must push the line away: the step is lr · y · x, and your y is missing from it."
)
def label_left_out_of_the_step(w, b, x, y, lr):
    return (w, b) if y * (x @ w + b) > 0 else (w + lr * x, b + lr)


@perceptron_update.mistake(
    "The bias stays where it was. It is the weight of an input that is always 1, so it moves by lr · y."
)
def bias_not_moved(w, b, x, y, lr):
    return (w, b) if y * (x @ w + b) > 0 else (w + lr * y * x, b)


@perceptron_update.mistake(
    "You decide by y (w · x) alone. The side is that of w · x + b: the bias is part of it."
)
def bias_left_out_of_the_decision(w, b, x, y, lr):
    return (w, b) if y * (x @ w) > 0 else (w + lr * y * x, b + lr * y)


@perceptron_update.mistake(
    "You treat y as 0 or 1: the difference of label and answer is 2 in size when y is −1. Labels are 1 "
    "and −1 here, and a wrong example moves w by lr · y · x."
)
def labels_taken_for_zero_and_one(w, b, x, y, lr):
    off = y - (1 if x @ w + b > 0 else 0)
    return w + lr * off * x, b + lr * off


@perceptron_update.mistake(
    "You step the wrong way: w should come to agree with y x, so lr · y · x is added."
)
def stepped_away(w, b, x, y, lr):
    return (w, b) if y * (x @ w + b) > 0 else (w - lr * y * x, b - lr * y)


@perceptron_update.mistake(
    "The learning rate is missing: the step is lr · y · x, and lr · y for b."
)
def learning_rate_forgotten(w, b, x, y, lr):
    return (w, b) if y * (x @ w + b) > 0 else (w + y * x, b + y)


@perceptron_update.mistake(
    "The numbers are right, but `w += …` writes into the array that the caller still holds. "
    "Write `w = w + …`, which makes a new one."
)
def written_into_the_callers_w(w, b, x, y, lr):
    if y * (x @ w + b) <= 0:
        w += lr * y * x
        b = b + lr * y
    return w, b


@perceptron_update.alternative
def with_a_factor_of_zero_or_one(w, b, x, y, lr):
    step = lr * y * float(y * (np.dot(w, x) + b) <= 0)
    return w + step * x, b + step


@perceptron_update.alternative
def by_comparing_signs(w, b, x, y, lr):
    if np.sign(x @ w + b) == y:
        return w.copy(), b
    return w + (lr if y > 0 else -lr) * x, b + (lr if y > 0 else -lr)


@perceptron_update.loop
def _(w, b, x, y, lr):
    z = b
    for k in range(len(w)):
        z += float(w[k]) * float(x[k])
    if y * z > 0:
        return w, b
    moved = np.empty_like(w)
    for k in range(len(w)):
        moved[k] = float(w[k]) + lr * y * float(x[k])
    return moved, b + lr * y


# -- xor_network -------------------------------------------------------------------------------

xor_network = Exercise(reference.xor_network, points=2, see="eq-xor", returns="y")
xor_network.hints(
    "XOR says: at least one input is on, and not both. Which line cuts off (0, 0), and which one cuts "
    "off (1, 1)?",
    "x₁ + x₂ − ½ is positive where at least one is on, −x₁ − x₂ + 1½ where not both are. The output unit "
    "adds the two hidden units up; above which threshold do both hold?",
    "`A = (X @ W1.T + b1 > 0).astype(X.dtype)` with W1 = [[1, 1], [−1, −1]] and b1 = (−0.5, 1.5), then "
    "`(A @ w2 + b2 > 0).astype(X.dtype)` with w2 = (1, 1) and b2 = −1.5.",
)
CORNERS = np.array(list(product([0.0, 1.0], repeat=2)))


@xor_network.cases
def _(rng):
    yield "the four corners", dict(X=CORNERS.copy())
    yield "nine corners at random", dict(X=CORNERS[rng.integers(4, size=9)])
    yield "a single example", dict(X=np.array([[0.0, 1.0]]))
    yield "float32 corners", dict(X=rng.permutation(CORNERS).astype(np.float32))
    yield "a transposed (non-contiguous) batch", dict(X=rng.permutation(CORNERS)[:3].T.copy().T)


@xor_network.oracle
def _(X):
    return np.logical_xor(X[:, 0], X[:, 1]).astype(X.dtype)


def unit(X, w1, w2, b):
    """A step unit with two inputs."""
    return (w1 * X[:, 0] + w2 * X[:, 1] + b > 0).astype(X.dtype)


@xor_network.mistake(
    "That is OR: (1, 1) comes out as 1. The second hidden unit must say no there, and the output unit "
    "must hear both."
)
def the_or_alone(X):
    return unit(X, 1, 1, -0.5)


@xor_network.mistake("That is AND: only (1, 1) comes out as 1. XOR is 1 where just one input is.")
def the_and_alone(X):
    return unit(X, 1, 1, -1.5)


@xor_network.mistake(
    "That is “not both” (NAND): (0, 0) comes out as 1. Let the output unit ask for OR as well."
)
def the_nand_alone(X):
    return unit(X, -1, -1, 1.5)


@xor_network.mistake(
    "Every answer is turned round: 1 where the inputs agree. Change the signs of the output unit's "
    "weights and bias."
)
def one_where_the_inputs_agree(X):
    return 1 - reference.xor_network(X)


@xor_network.mistake(
    "The values are right, but each stands in a row of its own, shape (N, 1). Make the output unit's "
    "weights a vector of shape (2,); then the result has shape (N,)."
)
def a_column_instead_of_a_row(X):
    return reference.xor_network(X)[:, None]


@xor_network.mistake(
    "You return True and False. Make numbers of them, in the precision of the input: `.astype(X.dtype)`."
)
def truth_values_returned(X):
    return reference.xor_network(X) > 0.5


@xor_network.mistake(
    "The output unit stops at its weighted sum: it still has its step to take, 1 if the sum is "
    "positive and 0 otherwise."
)
def output_step_forgotten(X):
    return unit(X, 1, 1, -0.5) + unit(X, -1, -1, 1.5) - 1.5


@xor_network.mistake(
    "Without steps in the hidden units the two layers are one line, and no line separates XOR. "
    "Put a step behind each hidden unit."
)
def hidden_steps_forgotten(X):
    z = (X.sum(axis=1) - 0.5) + (1.5 - X.sum(axis=1)) - 1.5
    return (z > 0).astype(X.dtype)


@xor_network.alternative
def by_or_without_and(X):
    return (unit(X, 1, 1, -0.5) - unit(X, 1, 1, -1.5) > 0.5).astype(X.dtype)


@xor_network.alternative
def by_one_without_the_other(X):
    return unit(X, 1, -1, -0.5) + unit(X, -1, 1, -0.5)


@xor_network.alternative
def by_a_bend_instead_of_steps(X):
    z = X.sum(axis=1)
    return np.maximum(z, 0) - 2 * np.maximum(z - 1, 0)


@xor_network.loop
def _(X):
    return np.array([1 if a != b else 0 for a, b in X], dtype=X.dtype)


# -- half_planes_intersection ------------------------------------------------------------------

half_planes_intersection = Exercise(
    reference.half_planes_intersection, points=3, see="def-intersection", returns="a"
)
half_planes_intersection.hints(
    "How large is the sum of H hidden units where all of them are 1, and how large can it be where one "
    "of them is 0?",
    "The output unit weighs every hidden unit with 1, and its bias puts the threshold half-way between "
    "H − 1 and H. Both layers multiply by the sharpness before σ.",
    "`A = soft_step(sharpness * linear(X, W, b))`, then "
    "`soft_step(sharpness * (A.sum(axis=1) - len(b) + 0.5))`.",
)


@half_planes_intersection.cases
def _(rng):
    def inputs(n, d, h, sharpness, dtype=float):
        return dict(
            X=rng.normal(size=(n, d)).astype(dtype),
            W=rng.normal(size=(h, d)).astype(dtype),
            b=rng.uniform(0.3, 1, size=h).astype(dtype),
            sharpness=sharpness,
        )

    yield "three half-planes", inputs(7, 2, 3, 3.0)
    yield "five half-planes", inputs(9, 2, 5, 2.0)
    yield "half-spaces in four dimensions", inputs(6, 4, 2, 1.5)
    yield "a single example", inputs(1, 2, 4, 2.5)
    yield "a single half-plane", inputs(5, 3, 1, 4.0)
    yield "float32 inputs", inputs(4, 2, 3, 3.5, np.float32)
    triangle = dict(W=np.array([[0.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]), b=np.array([0.5, 1, 1]))
    yield (
        "a very sharp triangle",
        dict(X=np.array([[0.1, 0.2], [3.0, 0.1], [-0.2, -4.0], [0.5, 0.1]]), **triangle)
        | dict(sharpness=1000.0),
    )


@half_planes_intersection.torch
def _(torch, X, W, b, sharpness):
    A = torch.sigmoid(sharpness * (X @ W.T + b))
    return torch.sigmoid(sharpness * (A.sum(dim=1) - (len(W) - 0.5)))


@half_planes_intersection.mistake(
    "The values are right, but exp overflows where a point lies far out and the sharpness is large. "
    "Use the book's `soft_step`, which never does; the next chapter shows how."
)
def overflow_far_out(X, W, b, sharpness):
    A = 1 / (1 + np.exp(-sharpness * layer(X, W, b)))
    return 1 / (1 + np.exp(-sharpness * (A.sum(axis=1) - len(b) + 0.5)))


@half_planes_intersection.mistake(
    "That is OR, the union: your output unit fires when one hidden unit does. For AND its threshold "
    "is H − ½, not ½."
)
def union_instead_of_intersection(X, W, b, sharpness):
    A = soft_step(sharpness * layer(X, W, b))
    return soft_step(sharpness * (A.sum(axis=1) - 0.5))


@half_planes_intersection.mistake(
    "With a threshold of H the output is never above ½, since the sum of H hidden units stays below H. "
    "Put the threshold half-way between H − 1 and H."
)
def threshold_at_H(X, W, b, sharpness):
    A = soft_step(sharpness * layer(X, W, b))
    return soft_step(sharpness * (A.sum(axis=1) - len(b)))


@half_planes_intersection.mistake(
    "A product of the hidden units is a soft AND too, but no neuron computes it. The output unit takes "
    "their sum, a bias, and σ."
)
def product_instead_of_a_neuron(X, W, b, sharpness):
    return soft_step(sharpness * layer(X, W, b)).prod(axis=1)


@half_planes_intersection.mistake(
    "The output unit lacks the sharpness: multiply its weighted sum by it before σ, as in the hidden "
    "layer."
)
def sharp_in_the_hidden_layer_only(X, W, b, sharpness):
    A = soft_step(sharpness * layer(X, W, b))
    return soft_step(A.sum(axis=1) - len(b) + 0.5)


@half_planes_intersection.mistake(
    "The hidden units lack the sharpness: multiply w · x + b by it before σ, as in the output unit."
)
def sharp_in_the_output_only(X, W, b, sharpness):
    A = soft_step(layer(X, W, b))
    return soft_step(sharpness * (A.sum(axis=1) - len(b) + 0.5))


@half_planes_intersection.mistake(
    "In the hidden layer only the weighted sum is sharpened and not the bias, which moves every line. "
    "Multiply w · x + b as a whole."
)
def bias_not_sharpened(X, W, b, sharpness):
    A = soft_step(layer(X, sharpness * W, b))
    return soft_step(sharpness * (A.sum(axis=1) - len(b) + 0.5))


@half_planes_intersection.mistake(
    "You average the hidden units where the output unit should add them: their mean is at most 1, and "
    "the threshold H − ½ is made for the sum."
)
def mean_for_the_sum(X, W, b, sharpness):
    A = soft_step(sharpness * layer(X, W, b))
    return soft_step(sharpness * (A.mean(axis=1) - len(b) + 0.5))


@half_planes_intersection.alternative
def by_two_layers_of_weights(X, W, b, sharpness):
    H = len(W)
    A = soft_step(X @ (sharpness * W).T + sharpness * b)
    return soft_step(A @ np.full(H, sharpness, dtype=X.dtype) - sharpness * (H - 0.5))


@half_planes_intersection.alternative
def by_counting_what_is_missing(X, W, b, sharpness):
    outside = soft_step(-sharpness * layer(X, W, b)).sum(axis=1)
    return soft_step(sharpness * (0.5 - outside))


@half_planes_intersection.loop
def _(X, W, b, sharpness):
    out = np.empty(len(X), dtype=X.dtype)
    for n in range(len(X)):
        inside = 0.5 - len(W)
        for h in range(len(W)):
            z = float(b[h])
            for k in range(X.shape[1]):
                z += float(W[h, k]) * float(X[n, k])
            inside += logistic(sharpness * z)
        out[n] = logistic(sharpness * inside)
    return out


@half_planes_intersection.benchmark
def _(rng):
    return dict(
        X=rng.normal(size=(2000, 2)),
        W=rng.normal(size=(5, 2)),
        b=rng.uniform(0.3, 1, size=5),
        sharpness=10.0,
    )


# -- mlp_forward -------------------------------------------------------------------------------

mlp_forward = Exercise(
    reference.mlp_forward, points=3, see="def-mlp", returns="A0, A1, A2, A3, A4, A5"
)
mlp_forward.hints(
    "What goes into the second layer? Which array belongs at the front of the list?",
    "Start the list with X. For each pair of W and b, apply `linear` to the last array of the list, "
    "then the activation, and append.",
    "`As = [X]`, then for W, b in zip(weights, biases): "
    "`As.append(activation(linear(As[-1], W, b)))`; return As.",
)
BEND = "lambda z: np.maximum(z, 0.1 * z)"
SIGMOID = "lambda z: 1 / (1 + np.exp(-z))"


@mlp_forward.cases
def _(rng):
    def inputs(n, sizes, activation, dtype=np.float64):
        weights, biases = network(rng, sizes, dtype)
        X = rng.normal(size=(n, sizes[0])).astype(dtype)
        return dict(X=X, weights=weights, biases=biases, activation=Function(activation))

    yield "two layers", inputs(6, [3, 4, 2], "np.tanh")
    yield "three layers", inputs(4, [2, 5, 3, 6], SIGMOID)
    yield "layers of one size", inputs(5, [3, 3, 3], BEND)
    yield "a single layer", inputs(3, [4, 2], SIGMOID)
    yield "a single example", inputs(1, [2, 3, 4], BEND)
    yield "float32 arrays", inputs(5, [4, 3, 2], "np.tanh", np.float32)
    yield "five layers", inputs(2, [3, 2, 4, 3, 5, 2], "np.sin")


@mlp_forward.torch
def _(torch, X, weights, biases, activation):
    As = [X]
    for W, b in zip(weights, biases, strict=True):
        Z = torch.nn.functional.linear(As[-1], W, b)
        As.append(torch.from_numpy(activation(Z.numpy())))
    return As


def walk(X, weights, biases, activation, step):
    """The reference's loop with its step exchangeable, for the mistakes below."""
    As = [X]
    for W, b in zip(weights, biases, strict=True):
        As.append(step(As[-1], W, b, activation))
    return As


@mlp_forward.mistake(
    "The bend is missing: each layer's weighted sums go through the activation before they are put "
    "into the list."
)
def activation_forgotten(X, weights, biases, activation):
    return walk(X, weights, biases, activation, lambda A, W, b, f: layer(A, W, b))


@mlp_forward.mistake(
    "The last layer's activation is missing: in this exercise every layer has it, the last one too."
)
def last_layer_left_linear(X, weights, biases, activation):
    As = reference.mlp_forward(X, weights, biases, activation)
    return [*As[:-1], layer(As[-2], weights[-1], biases[-1])]


@mlp_forward.mistake(
    "The input is missing from the list: As[0] is X, so a network of L layers gives L + 1 arrays."
)
def input_left_out(X, weights, biases, activation):
    return reference.mlp_forward(X, weights, biases, activation)[1:]


@mlp_forward.mistake(
    "You return the last activation only. Back-propagation will need all of them: return the list, "
    "with X at its front."
)
def last_activation_only(X, weights, biases, activation):
    return reference.mlp_forward(X, weights, biases, activation)[-1]


@mlp_forward.mistake(
    "The bend acts on the input, too. As[0] is X itself, and the first layer takes its weighted sums "
    "of X."
)
def activation_applied_to_the_input(X, weights, biases, activation):
    return reference.mlp_forward(activation(X), weights, biases, activation)


@mlp_forward.mistake(
    "You hand on the weighted sums z and bend them only when they enter the next layer, so the list "
    "holds Z where A is asked for. Bend first, then append."
)
def weighted_sums_kept_instead_of_activations(X, weights, biases, activation):
    As = reference.mlp_forward(X, weights, biases, activation)
    return [X, *(layer(A, W, b) for A, W, b in zip(As, weights, biases, strict=False))]


@mlp_forward.mistake("The biases are missing: each layer is activation(A Wᵀ + b).")
def biases_forgotten(X, weights, biases, activation):
    return walk(X, weights, biases, activation, lambda A, W, b, f: f(A @ W.T))


@mlp_forward.mistake(
    "The bias belongs inside the activation: activation(A Wᵀ + b), not activation(A Wᵀ) + b."
)
def bias_added_after_the_activation(X, weights, biases, activation):
    return walk(X, weights, biases, activation, lambda A, W, b, f: f(A @ W.T) + b)


@mlp_forward.mistake(
    "W is stored with one unit a row, shape (n_out, n_in): rows of A meet it transposed, A Wᵀ."
)
def transpose_forgotten(X, weights, biases, activation):
    return walk(X, weights, biases, activation, lambda A, W, b, f: f(A @ W + b))


@mlp_forward.mistake(
    "Every layer takes the input X again. Each one continues from the layer before it: As[-1]."
)
def every_layer_fed_with_the_input(X, weights, biases, activation):
    return walk(X, weights, biases, activation, lambda A, W, b, f: f(layer(X, W, b)))


@mlp_forward.alternative
def by_recursion(X, weights, biases, activation):
    if not weights:
        return [X]
    A = activation(np.einsum("nk,jk->nj", X, weights[0]) + biases[0])
    return [X, *by_recursion(A, weights[1:], biases[1:], activation)]


@mlp_forward.alternative
def by_index_in_a_tuple(X, weights, biases, activation):
    As: tuple = (X,)
    for l in range(len(weights)):
        As = (*As, activation(np.dot(As[l], weights[l].T) + biases[l]))
    return As


@mlp_forward.loop
def _(X, weights, biases, activation):
    As = [X]
    for W, b in zip(weights, biases, strict=True):
        rows = [activation(W @ a + b) for a in As[-1]]  # columns, one example at a time
        As.append(np.stack(rows))
    return As


@mlp_forward.benchmark
def _(rng):
    weights, biases = network(rng, [784, 16, 16, 10])
    return dict(
        X=rng.normal(size=(128, 784)),
        weights=weights,
        biases=biases,
        activation=Function("np.tanh"),
    )


# -- count_parameters --------------------------------------------------------------------------

count_parameters = Exercise(
    reference.count_parameters, points=1, see="eq-count-parameters", returns="count"
)
count_parameters.hints(
    "How many numbers belong to one unit of the second layer? How many such units are there?",
    "A layer from n_in to n_out units has n_in · n_out weights and n_out biases. Go through the "
    "neighbouring pairs of sizes.",
    "`sum(n_in * n_out + n_out for n_in, n_out in zip(sizes, sizes[1:]))`",
)


@count_parameters.cases
def _(rng):
    yield "784-16-16-10", dict(sizes=[784, 16, 16, 10])
    yield "sizes at random", dict(sizes=[int(n) for n in 2 + rng.permutation(30)[:5]])
    yield "a single layer", dict(sizes=[7, 3])
    yield "a tuple of sizes", dict(sizes=(5, 2, 9))
    yield "a single neuron", dict(sizes=[4, 1])
    yield "two inputs, three cuts, one AND", dict(sizes=[2, 3, 1])


@count_parameters.torch
def _(torch, sizes):
    layers = [torch.nn.Linear(n_in, n_out, device="meta") for n_in, n_out in pairwise(sizes)]
    return sum(p.numel() for one in layers for p in one.parameters())


@count_parameters.mistake(
    "You counted the weights only. Every unit has a bias as well: n_out more for each layer."
)
def biases_forgotten(sizes):
    return sum(n_in * n_out for n_in, n_out in pairwise(sizes))


@count_parameters.mistake(
    "The inputs are no units: they have neither weights nor biases. Leave out sizes[0] when you count "
    "the biases."
)
def biases_for_the_inputs(sizes):
    return reference.count_parameters(sizes) + sizes[0]


@count_parameters.mistake(
    "A bias belongs to the unit that the weights lead to, so a layer has n_out of them, not n_in."
)
def biases_counted_at_the_wrong_end(sizes):
    return sum(n_in * n_out + n_in for n_in, n_out in pairwise(sizes))


@count_parameters.mistake(
    "One bias for each layer is too few: every unit has its own, so a layer has n_out of them."
)
def one_bias_a_layer(sizes):
    return sum(n_in * n_out + 1 for n_in, n_out in pairwise(sizes))


@count_parameters.mistake(
    "The output units have biases, too: every layer but the input does, the last one included."
)
def output_biases_forgotten(sizes):
    return reference.count_parameters(sizes) - sizes[-1]


@count_parameters.mistake(
    "That is the number of units. Every unit brings one weight for each unit before it, and a bias."
)
def units_counted(sizes):
    return sum(sizes)


@count_parameters.mistake(
    "You multiplied all sizes with one another. Only neighbouring layers are joined by weights: add up "
    "the products of neighbours."
)
def product_of_all_sizes(sizes):
    return math.prod(sizes)


@count_parameters.alternative
def the_bias_as_one_more_input(sizes):
    return sum((sizes[l - 1] + 1) * sizes[l] for l in range(1, len(sizes)))


@count_parameters.alternative
def by_arrays(sizes):
    n = np.array(sizes)
    return int(n[:-1] @ n[1:] + n[1:].sum())


@count_parameters.loop
def _(sizes):
    count = 0
    for n_in, n_out in pairwise(sizes):
        for _ in range(n_out):  # unit by unit
            count += n_in + 1
    return count


# -- collapse_linear ---------------------------------------------------------------------------

collapse_linear = Exercise(
    reference.collapse_linear, points=3, see="eq-collapse-step", returns="W, b"
)
collapse_linear.hints(
    "Put the second layer behind the first on paper, W²(W¹x + b¹) + b², and multiply out. What stands "
    "before x, and what stands alone?",
    "Go through the layers and keep one W and one b: the next layer multiplies both from the left, and "
    "adds its own bias.",
    "Start with W, b = weights[0], biases[0]; then for each further layer "
    "`W, b = W_next @ W, W_next @ b + b_next`.",
)


@collapse_linear.cases
def _(rng):
    def inputs(*sizes, dtype=np.float64):
        weights, biases = network(rng, sizes, dtype)
        return dict(weights=weights, biases=biases)

    yield "two layers", inputs(3, 4, 2)
    yield "three layers of one size", inputs(3, 3, 3, 3)
    yield "five layers", inputs(2, 5, 3, 4, 6, 2)
    yield "a single layer", inputs(4, 3)
    yield "a bottleneck of one unit", inputs(3, 1, 4)
    yield "float32 arrays", inputs(4, 2, 3, dtype=np.float32)


@collapse_linear.torch
def _(torch, weights, biases):
    """Where the stack sends 0 is b; what it adds for each unit vector is a column of W."""
    A = torch.cat([torch.zeros_like(weights[0][:1]), torch.eye(len(weights[0][0]))]).to(weights[0])
    for W, b in zip(weights, biases, strict=True):
        A = torch.nn.functional.linear(A, W, b)
    return (A[1:] - A[0]).T, A[0]


def product_of(weights):
    """W^L ⋯ W¹."""
    W = weights[0]
    for W_next in weights[1:]:
        W = W_next @ W
    return W


@collapse_linear.mistake(
    "The matrices are multiplied in the wrong order. The first layer acts first, so W¹ stands at the "
    "right: W^L ⋯ W² W¹."
)
def first_layer_on_the_left(weights, biases):
    W, b = weights[0], biases[0]
    for W_next, b_next in zip(weights[1:], biases[1:], strict=True):
        W, b = W @ W_next, W_next @ b + b_next
    return W, b


@collapse_linear.mistake(
    "The biases are added up as they are. A bias goes through all later layers: multiply it by the next "
    "W before the next b is added."
)
def biases_only_added_up(weights, biases):
    return product_of(weights), sum(biases[1:], biases[0])


@collapse_linear.mistake(
    "Only the last bias is kept. Those of the earlier layers reach the output too, multiplied by the "
    "weights that lie behind them."
)
def last_bias_only(weights, biases):
    return product_of(weights), biases[-1]


@collapse_linear.mistake(
    "The first bias travels through the layers, but the later ones are never added: b is W b + b_next "
    "at every step."
)
def first_bias_only(weights, biases):
    b = biases[0]
    for W_next in weights[1:]:
        b = W_next @ b
    return product_of(weights), b


@collapse_linear.mistake(
    "You multiply the bias by the product of all weights so far, where only the weights behind it "
    "belong: use W_next alone for b."
)
def bias_sent_through_its_own_layer(weights, biases):
    W, b = weights[0], biases[0]
    for W_next, b_next in zip(weights[1:], biases[1:], strict=True):
        W = W_next @ W
        b = W @ b + b_next
    return W, b


@collapse_linear.mistake(
    "Your W is the transpose of the one asked for: it has one row for each input. As in every layer, "
    "W has one row for each output."
)
def transposed_as_for_rows(weights, biases):
    W, b = reference.collapse_linear(weights, biases)
    return W.T, b


@collapse_linear.mistake("The two results are asked for as W, b, in this order.")
def results_swapped(weights, biases):
    W, b = reference.collapse_linear(weights, biases)
    return b, W


@collapse_linear.alternative
def from_the_last_layer_down(weights, biases):
    W, b = weights[-1], biases[-1]
    for W_before, b_before in zip(weights[-2::-1], biases[-2::-1], strict=True):
        W, b = W @ W_before, W @ b_before + b
    return W, b


@collapse_linear.alternative
def with_the_bias_as_one_more_column(weights, biases):
    dtype = weights[0].dtype
    M = np.eye(weights[0].shape[1] + 1, dtype=dtype)
    for W, b in zip(weights, biases, strict=True):
        last = np.append(np.zeros(W.shape[1], dtype), dtype.type(1))
        M = np.vstack([np.column_stack([W, b]), last]) @ M
    return M[:-1, :-1], M[:-1, -1]


@collapse_linear.alternative
def by_trying_the_unit_vectors(weights, biases):
    def stack(a):
        for W, b in zip(weights, biases, strict=True):
            a = W @ a + b
        return a

    n = weights[0].shape[1]
    b = stack(np.zeros(n, dtype=weights[0].dtype))
    columns = [stack(e) - b for e in np.eye(n, dtype=weights[0].dtype)]
    return np.stack(columns, axis=1), b
