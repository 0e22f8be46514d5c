"""What an answer in the chapter on losses must satisfy, and the mistakes people make."""

import math

import numpy as np
from scipy import special

from autograder.exercise import Exercise
from solutions import losses as reference
from solutions.activations import sigmoid

F32 = np.float32


def distributions(rng, *shape, dtype=np.float64):
    """Random probabilities, no two alike; the last axis sums to 1."""
    drawn = rng.uniform(0.1, 1, size=shape)
    return (drawn / drawn.sum(axis=-1, keepdims=True)).astype(dtype)


def labels_for(rng, Z):
    """A label for every row, and not one and the same for all."""
    return (rng.permutation(len(Z)) + rng.integers(Z.shape[1])) % Z.shape[1]


def by_rows(f, *arrays):
    """The plain loop over the last axis: f takes lists of numbers and returns one."""
    places = np.ndindex(arrays[0].shape[:-1])
    found = np.array([f(*(a[i].tolist() for a in arrays)) for i in places])
    return found.reshape(arrays[0].shape[:-1]).astype(arrays[0].dtype)[()]


# -- mse_loss ----------------------------------------------------------------------------------

mse_loss = Exercise(reference.mse_loss, points=1, see="def-mse", returns="L")
mse_loss.hints(
    "A residual for every entry, its square, and then one number for all of them. Which one?",
    "The mean over all N·K entries: `np.mean` without an axis.",
    "`return np.mean((Y_hat - Y) ** 2)`.",
)


def pairs_of(rng):
    """Predictions and targets: the shapes that a regression loss must survive."""

    def two(*shape):
        return dict(Y_hat=2 * rng.normal(size=shape), Y=rng.normal(size=shape))

    yield "a batch of rows", two(5, 3)
    yield "a single example", two(1, 4)
    yield "targets without a second axis", two(6)
    yield "arrays with three axes", two(2, 4, 3)
    yield "transposed (non-contiguous) inputs", {k: a.T for k, a in two(3, 7).items()}
    yield "float32 inputs", {k: a.astype(F32) for k, a in two(7, 2).items()}


mse_loss.cases(pairs_of)


@mse_loss.benchmark
def _(rng):
    return dict(Y_hat=rng.normal(size=(128, 1000)), Y=rng.normal(size=(128, 1000)))


@mse_loss.torch
def _(torch, Y_hat, Y):
    return torch.nn.functional.mse_loss(Y_hat, Y)


@mse_loss.mistake(
    "You divide by the number of examples N only. This loss is a mean over all N·K entries, as "
    "torch's is; the cost ½‖a − y‖² of back-propagation is another convention."
)
def averaged_over_the_examples_only(Y_hat, Y):
    return np.sum((Y_hat - Y) ** 2) / len(Y)


@mse_loss.mistake(
    "That is the cost of back-propagation, 1/(2N) Σ (ŷ − y)². The mean squared error has no ½, and "
    "divides by all N·K entries."
)
def cost_of_back_propagation(Y_hat, Y):
    return np.sum((Y_hat - Y) ** 2) / len(Y) / 2


@mse_loss.mistake("The ½ does not belong here: a mean squared error is the mean of the squares.")
def half_of_it(Y_hat, Y):
    return np.mean((Y_hat - Y) ** 2) / 2


@mse_loss.mistake(
    "That is the sum of the squares. A sum grows with the batch, and the step with it; take the mean."
)
def summed_instead_of_averaged(Y_hat, Y):
    return np.sum((Y_hat - Y) ** 2)


@mse_loss.mistake(
    "You square the mean of the residuals, in which errors up and down cancel. Square first, then average."
)
def mean_before_square(Y_hat, Y):
    return np.mean(Y_hat - Y) ** 2


@mse_loss.mistake("That is the mean absolute error, Laplace's loss; Gauss's squares each residual.")
def absolute_values(Y_hat, Y):
    return np.mean(np.abs(Y_hat - Y))


@mse_loss.mistake("That is the root of the mean squared error; no root is taken here.")
def root_taken(Y_hat, Y):
    return np.sqrt(np.mean((Y_hat - Y) ** 2))


@mse_loss.mistake(
    "You average within each example and return one number for each. A loss is a single number: "
    "`np.mean` without an axis."
)
def one_number_for_each_example(Y_hat, Y):
    return np.mean((Y_hat - Y) ** 2, axis=-1)


@mse_loss.alternative
def by_a_scalar_product(Y_hat, Y):
    r = (Y_hat - Y).ravel()
    return r @ r / r.size


@mse_loss.alternative
def mean_of_means(Y_hat, Y):
    return np.mean(np.mean(np.square(Y - Y_hat), axis=-1))


@mse_loss.loop
def _(Y_hat, Y):
    total = 0.0
    for a, y in zip(Y_hat.ravel().tolist(), Y.ravel().tolist(), strict=True):
        total += (a - y) ** 2
    return Y.dtype.type(total / Y.size)


# -- mse_loss_backward -------------------------------------------------------------------------

mse_loss_backward = Exercise(
    reference.mse_loss_backward, points=1, see="eq-mse-gradient", returns="dY_hat"
)
mse_loss_backward.hints(
    "Entry ŷ_nk stands in one term of the sum only. What does the square bring down, and what does "
    "the mean divide by?",
    "Two factors besides the residual: the 2 of the square, and 1 over the number of entries.",
    "`return 2 * (Y_hat - Y) / Y.size`.",
)
mse_loss_backward.cases(pairs_of)


@mse_loss_backward.benchmark
def _(rng):
    return dict(Y_hat=rng.normal(size=(128, 1000)), Y=rng.normal(size=(128, 1000)))


@mse_loss_backward.torch
def _(torch, Y_hat, Y):
    Y_hat.requires_grad_()
    return torch.autograd.grad(torch.nn.functional.mse_loss(Y_hat, Y), Y_hat)[0]


@mse_loss_backward.mistake(
    "The 2 that the square brings down is missing: there is no ½ in this loss that would cancel it."
)
def two_forgotten(Y_hat, Y):
    return (Y_hat - Y) / Y.size


@mse_loss_backward.mistake(
    "The mean runs over all N·K entries, so its gradient carries 1/(NK), `Y.size`; you divide by N only."
)
def divided_by_the_examples_only(Y_hat, Y):
    return 2 * (Y_hat - Y) / len(Y)


@mse_loss_backward.mistake(
    "(ŷ − y)/N is the gradient of back-propagation's cost 1/(2N) Σ (ŷ − y)². The mean over all "
    "entries has the gradient 2 (ŷ − y)/(NK)."
)
def gradient_of_the_cost_of_back_propagation(Y_hat, Y):
    return (Y_hat - Y) / len(Y)


@mse_loss_backward.mistake(
    "That is the gradient of the sum. The loss is a mean: divide by the number of entries, `Y.size`."
)
def not_averaged(Y_hat, Y):
    return 2 * (Y_hat - Y)


@mse_loss_backward.mistake(
    "A prediction that is too high must get a positive gradient, since raising it raises the loss: "
    "ŷ − y, not y − ŷ. The minus of gradient descent comes later, in the step."
)
def difference_turned_round(Y_hat, Y):
    return 2 * (Y - Y_hat) / Y.size


@mse_loss_backward.mistake(
    "You return the squares, averaged; the derivative of r² is 2 r, and it keeps the sign of r."
)
def squares_returned(Y_hat, Y):
    return (Y_hat - Y) ** 2 / Y.size


@mse_loss_backward.mistake(
    "That is the gradient of the mean absolute error: only the sign of each residual is left, not its size."
)
def only_the_sign(Y_hat, Y):
    return np.sign(Y_hat - Y) / Y.size


@mse_loss_backward.alternative
def each_term_by_itself(Y_hat, Y):
    return Y_hat * (2 / Y.size) - Y * (2 / Y.size)


@mse_loss_backward.alternative
def by_central_differences_of_a_parabola(Y_hat, Y):
    r = Y_hat - Y
    return ((r + 1) ** 2 - (r - 1) ** 2) / 2 / r.size  # exact for a parabola


@mse_loss_backward.loop
def _(Y_hat, Y):
    out = np.empty_like(Y)
    for i in np.ndindex(Y.shape):
        out[i] = 2 * (Y_hat[i] - Y[i]) / Y.size
    return out


# -- huber_loss --------------------------------------------------------------------------------

huber_loss = Exercise(reference.huber_loss, points=2, see="eq-huber-cut", returns="L")
huber_loss.hints(
    "What does the loss of a residual look like near 0, and what far out? Where do the pieces meet?",
    "Let cut = min(|r|, delta). Write both pieces with it: cut (|r| − cut/2).",
    "`size = np.abs(Y_hat - Y)`, `cut = np.minimum(size, delta)`, "
    "`return np.mean(cut * (size - cut / 2))`.",
)


@huber_loss.cases
def _(rng):
    def spread(*shape, delta, scale=2.0, dtype=np.float64):
        """Residuals on both sides of delta and of zero, whatever the seed."""
        r = scale * rng.uniform(0.1, 1, size=shape)
        r.flat[::2] *= 0.3
        Y = rng.normal(size=shape)
        signs = np.resize([1, -1, -1], shape)
        return dict(Y_hat=(Y + signs * r).astype(dtype), Y=Y.astype(dtype), delta=delta)

    yield "a batch of rows", spread(5, 3, delta=0.7)
    yield "another delta", spread(4, 2, delta=1.3)
    yield "a single example", spread(1, 4, delta=0.5)
    yield "targets without a second axis", spread(7, delta=0.9)
    yield "residuals whose squares overflow", spread(2, 3, delta=0.8, scale=1e200)
    yield "float32 inputs", spread(6, 2, delta=0.6, dtype=F32)
    yield (
        "float32 residuals whose squares overflow",
        spread(2, 4, delta=0.6, scale=1e25, dtype=F32),
    )
    all_small = dict(Y_hat=0.1 * rng.normal(size=(3, 2)), Y=np.zeros((3, 2)), delta=1.5)
    yield "residuals all below delta", all_small


@huber_loss.benchmark
def _(rng):
    return dict(Y_hat=2 * rng.normal(size=(128, 1000)), Y=rng.normal(size=(128, 1000)), delta=1.0)


@huber_loss.torch
def _(torch, Y_hat, Y, delta=1.0):
    return torch.nn.functional.huber_loss(Y_hat, Y, delta=delta)


def in_pieces(inner, outer, mean=np.mean):
    """Huber's loss from its two pieces, functions of |r| and delta, without overflow."""

    def loss(Y_hat, Y, delta=1.0):
        size = np.abs(Y_hat - Y)
        near = inner(np.minimum(size, delta), delta)
        return mean(np.where(size <= delta, near, outer(size, delta)))

    return loss


@huber_loss.mistake(
    "The values are right, but the squares of large residuals overflow on the way: `np.where` computes "
    "both pieces for every entry. Square only min(|r|, delta), which is never large."
)
def overflow_in_the_unused_piece(Y_hat, Y, delta=1.0):
    size = np.abs(Y_hat - Y)
    return np.mean(np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)))


@huber_loss.mistake(
    "The pieces do not meet: at |r| = delta the parabola stands at ½ delta², your line at delta². "
    "The line is delta (|r| − ½ delta)."
)
def line_starts_too_high(Y_hat, Y, delta=1.0):
    return in_pieces(lambda r, d: r * r / 2, lambda r, d: d * r)(Y_hat, Y, delta)


@huber_loss.mistake(
    "The pieces do not meet: at |r| = delta the parabola stands at ½ delta², your line at 0. "
    "The line is delta (|r| − ½ delta): half a delta is taken off, not a whole one."
)
def line_starts_too_low(Y_hat, Y, delta=1.0):
    return in_pieces(lambda r, d: r * r / 2, lambda r, d: d * (r - d))(Y_hat, Y, delta)


@huber_loss.mistake(
    "The ½ of the parabola is missing: with ½ r² its slope at |r| = delta is delta, the line's own."
)
def half_of_the_parabola_forgotten(Y_hat, Y, delta=1.0):
    return in_pieces(lambda r, d: r * r, lambda r, d: d * (r - d / 2))(Y_hat, Y, delta)


@huber_loss.mistake(
    "Far out the line needs the size |r|; with r itself a large negative residual lowers the loss."
)
def absolute_value_forgotten(Y_hat, Y, delta=1.0):
    r = Y_hat - Y
    near = np.minimum(np.abs(r), delta)
    return np.mean(np.where(np.abs(r) <= delta, near * near / 2, delta * (r - delta / 2)))


@huber_loss.mistake(
    "Beyond delta your loss stays flat, so an outlier costs nothing more and sends no gradient. "
    "Huber's goes on as a line, delta (|r| − ½ delta)."
)
def flat_beyond_delta(Y_hat, Y, delta=1.0):
    return in_pieces(lambda r, d: r * r / 2, lambda r, d: 0 * r + d * d / 2)(Y_hat, Y, delta)


@huber_loss.mistake(
    "That is torch's smooth_l1_loss, Huber's loss divided by delta. Huber's own has slope delta far out."
)
def divided_by_delta(Y_hat, Y, delta=1.0):
    return reference.huber_loss(Y_hat, Y, delta) / delta


@huber_loss.mistake("That is the sum over the entries; the loss is their mean.")
def summed_instead_of_averaged(Y_hat, Y, delta=1.0):
    return in_pieces(lambda r, d: r * r / 2, lambda r, d: d * (r - d / 2), np.sum)(Y_hat, Y, delta)


@huber_loss.alternative
def in_two_pieces(Y_hat, Y, delta=1.0):
    return in_pieces(lambda r, d: r * r / 2, lambda r, d: d * (r - d / 2))(Y_hat, Y, delta)


@huber_loss.alternative
def parabola_plus_line(Y_hat, Y, delta=1.0):
    size = np.abs(Y_hat - Y)
    return np.mean(np.minimum(size, delta) ** 2 / 2 + delta * np.maximum(size - delta, 0))


@huber_loss.loop
def _(Y_hat, Y, delta=1.0):
    total = 0.0
    for a, y in zip(Y_hat.ravel(), Y.ravel(), strict=True):
        r = abs(float(a - y))
        total += r * r / 2 if r <= delta else delta * (r - delta / 2)
    return Y.dtype.type(total / Y.size)


# -- entropy -----------------------------------------------------------------------------------

entropy = Exercise(reference.entropy, points=1, see="def-entropy", returns="H")
entropy.hints(
    "Entropy is the average surprise. Which averages, with which weights? And what should an "
    "outcome that never happens add?",
    "Σ p (−log p) along the last axis. Give `np.log` a harmless number where p = 0: the factor p "
    "makes the term 0 anyway.",
    "`return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)`.",
)


@entropy.cases
def _(rng):
    yield "one distribution", dict(p=distributions(rng, 5))
    yield "a distribution in each row", dict(p=distributions(rng, 3, 4))
    yield "a grid of distributions", dict(p=distributions(rng, 2, 3, 6))
    some_zero = distributions(rng, 3, 4)
    some_zero[[0, 1, 1, 2, 2, 2], [2, 0, 3, 0, 1, 2]] = 0
    yield "outcomes that never happen", dict(p=some_zero / some_zero.sum(axis=-1, keepdims=True))
    yield "very small probabilities", dict(p=np.array([[1e-300, 1e-9, 1.0], [0.3, 1e-310, 0.7]]))
    yield (
        "a transposed (non-contiguous) array",
        dict(p=np.asfortranarray(distributions(rng, 4, 3))),
    )
    yield "float32 probabilities", dict(p=distributions(rng, 4, 7, dtype=F32))


@entropy.benchmark
def _(rng):
    return dict(p=distributions(rng, 128, 1000))


@entropy.torch
def _(torch, p):
    return torch.special.entr(p).sum(-1)


@entropy.mistake(
    "0 · log 0 is NaN for a computer, and NumPy warns. Where p = 0 the term is 0, the limit of "
    "p log p; keep the logarithm away from 0, for instance with `np.where(p > 0, p, 1)` inside it."
)
def zero_times_infinity(p):
    return -np.sum(p * np.log(p), axis=-1)


@entropy.mistake(
    "A small number inside the logarithm keeps it finite and changes every result a little. "
    "Handle p = 0 exactly: its term is 0."
)
def small_number_inside_the_logarithm(p):
    return -np.sum(p * np.log(p + 1e-7), axis=-1)


@entropy.mistake(
    "That is in bits, by the logarithm to base 2. Losses use the natural logarithm: nats, `np.log`."
)
def in_bits(p):
    return -np.sum(p * np.log2(np.where(p > 0, p, 1)), axis=-1)


@entropy.mistake(
    "The minus is missing: log p is never positive, so surprise is −log p, and entropy is positive."
)
def minus_forgotten(p):
    return np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)


@entropy.mistake(
    "The weights of this average are the probabilities themselves, and they sum to 1: take the sum "
    "of −p log p, not its mean over the outcomes."
)
def averaged_over_the_outcomes(p):
    return -np.mean(p * np.log(np.where(p > 0, p, 1)), axis=-1)


@entropy.mistake(
    "You sum over all distributions at once. Each one, along the last axis, has its own entropy: axis=-1."
)
def all_distributions_summed(p):
    return -np.sum(p * np.log(np.where(p > 0, p, 1)))


@entropy.mistake(
    "The weight p is missing: you add up the surprises of all outcomes as if all were equally likely."
)
def surprises_without_weights(p):
    return -np.sum(np.log(np.where(p > 0, p, 1)), axis=-1)


@entropy.mistake(
    "That is 1 − Σ p², the chance that two draws differ (Gini's impurity). Entropy averages −log p."
)
def gini_impurity(p):
    return 1 - np.sum(p * p, axis=-1)


@entropy.alternative
def by_a_masked_logarithm(p):
    return -np.sum(p * np.log(p, out=np.zeros_like(p), where=p > 0), axis=-1)


@entropy.alternative
def by_where_on_the_terms(p):
    safe = np.maximum(p, np.finfo(p.dtype).smallest_subnormal)
    return np.sum(np.where(p > 0, -p * np.log(safe), 0), axis=-1)


@entropy.loop
def _(p):
    return by_rows(lambda row: -math.fsum(x * math.log(x) for x in row if x > 0), p)


# -- kl_divergence -----------------------------------------------------------------------------

kl_divergence = Exercise(reference.kl_divergence, points=2, see="def-kl", returns="KL")
kl_divergence.hints(
    "Which outcomes add nothing, whatever q says? Which single kind of outcome makes the whole infinite?",
    "Where p = 0 put 1 in place of p and of q: both logarithms are 0 there. Where q = 0 < p, "
    'log q = −∞ is right, and only its warning is unwanted: `with np.errstate(divide="ignore")`.',
    "`log_p = np.log(np.where(p > 0, p, 1))`; under errstate `log_q = np.log(np.where(p > 0, q, 1))`; "
    "`return np.sum(p * (log_p - log_q), axis=-1)`.",
)


@kl_divergence.cases
def _(rng):
    def two(*shape, dtype=np.float64):
        return dict(
            p=distributions(rng, *shape, dtype=dtype), q=distributions(rng, *shape, dtype=dtype)
        )

    def without(d, *places):
        d = d.copy()
        for i in places:
            d[i] = 0
        return d / d.sum(axis=-1, keepdims=True)

    yield "one pair of distributions", two(5)
    yield "a pair in each row", two(3, 4)
    yield "a grid of pairs", two(2, 3, 6)
    pair = two(3, 4)
    yield "outcomes with p = 0", pair | dict(p=without(pair["p"], (0, 2), (1, 0), (1, 3)))
    both = two(3, 5)
    places = (0, 1), (2, 0), (2, 4)
    yield "outcomes with p = q = 0", {k: without(d, *places) for k, d in both.items()}
    yield "an outcome with q = 0 and p > 0", pair | dict(q=without(pair["q"], (1, 2)))
    yield (
        "very small probabilities",
        dict(p=np.array([0.5, 0.5, 1e-310, 1e-20]), q=np.array([1e-310, 0.4, 0.6, 1e-15])),
    )
    yield "float32 probabilities", two(4, 7, dtype=F32)


@kl_divergence.benchmark
def _(rng):
    return dict(p=distributions(rng, 128, 1000), q=distributions(rng, 128, 1000))


@kl_divergence.torch
def _(torch, p, q):
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1)


@kl_divergence.oracle
def _(p, q):
    return special.rel_entr(p, q).sum(axis=-1)


def terms_of_kl(p, q):
    with np.errstate(all="ignore"):
        return np.where(p > 0, p * (np.log(np.where(p > 0, p, 1)) - np.log(q)), 0)


@kl_divergence.mistake(
    "You measure with the weights of q: that is KL(q‖p). The divergence is not symmetric; the first "
    "argument p supplies the weights."
)
def arguments_swapped(p, q):
    return reference.kl_divergence(q, p)


@kl_divergence.mistake(
    "Where p = 0 the formula gives 0 · (−∞), which is NaN; its limit is 0. Keep the logarithms away from "
    "such outcomes, for instance with `np.where(p > 0, p, 1)`."
)
def zero_times_infinity(p, q):
    return np.sum(p * np.log(p / q), axis=-1)


@kl_divergence.mistake(
    "The values are right, but the logarithm warns on the way: `np.where` computes both branches. "
    "Put a harmless 1 inside the logarithm where p = 0, and silence log q = −∞, which is meant."
)
def warning_in_the_unused_branch(p, q):
    with np.errstate(invalid="ignore"):
        return np.sum(np.where(p > 0, p * (np.log(p) - np.log(q)), 0), axis=-1)


@kl_divergence.mistake(
    "An outcome with p > 0 and q = 0 was called impossible and happens: the divergence is +∞. You "
    "leave such outcomes out."
)
def impossible_outcomes_left_out(p, q):
    return np.sum(np.where(q > 0, terms_of_kl(p, q), 0), axis=-1)


@kl_divergence.mistake(
    "A small number inside the logarithms keeps all finite, also where +∞ is the answer, and changes "
    "every other result a little."
)
def small_number_inside_the_logarithms(p, q):
    return np.sum(p * np.log((p + 1e-7) / (q + 1e-7)), axis=-1)


@kl_divergence.mistake(
    "That is the cross-entropy −Σ p log q. The divergence is what lies above its floor: subtract the "
    "entropy of p."
)
def cross_entropy_returned(p, q):
    return reference.kl_divergence(p, q) + reference.entropy(p)


@kl_divergence.mistake("That is in bits; use the natural logarithm, `np.log`.")
def in_bits(p, q):
    return reference.kl_divergence(p, q) / p.dtype.type(np.log(2))


@kl_divergence.mistake(
    "The sign is turned: Σ p log(q/p) is never positive. The divergence has p on top, log(p/q)."
)
def ratio_turned_round(p, q):
    return -reference.kl_divergence(p, q)


@kl_divergence.mistake(
    "You sum over all pairs at once. Each pair, along the last axis, has its own divergence: axis=-1."
)
def all_pairs_summed(p, q):
    return np.sum(terms_of_kl(p, q))


@kl_divergence.alternative
def by_masked_logarithms(p, q):
    with np.errstate(divide="ignore"):
        log_p, log_q = (np.log(d, out=np.zeros_like(d), where=p > 0) for d in (p, q))
    return np.sum(p * log_p - p * log_q, axis=-1)


@kl_divergence.alternative
def warnings_off_and_zeros_put_in(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = p * (np.log(p) - np.log(q))
    terms[p == 0] = 0
    return terms.sum(axis=-1)


@kl_divergence.loop
def _(p, q):
    def one(ps, qs):
        if any(x > 0 and y == 0 for x, y in zip(ps, qs, strict=True)):
            return math.inf
        pairs = zip(ps, qs, strict=True)
        return math.fsum(x * (math.log(x) - math.log(y)) for x, y in pairs if x > 0)

    return by_rows(one, p, q)


# -- logsumexp ---------------------------------------------------------------------------------

logsumexp = Exercise(reference.logsumexp, points=3, see="eq-lse-shift", returns="lse")
logsumexp.hints(
    "If every z is lowered by the same m, what becomes of Σ exp(z), and of its logarithm? Which m makes "
    "every exponential at most 1?",
    "m + log Σ exp(z − m) with m = max z along the axis, kept as an axis of length 1 so that it "
    "broadcasts. Then look at −∞ alone: m = −∞, and −∞ − (−∞) is NaN. Use m = 0 there.",
    "`top = np.max(Z, axis=axis, keepdims=True)`; `top = np.where(np.isfinite(top), top, 0)`; "
    "`np.squeeze(top, axis=axis) + np.log(np.sum(np.exp(Z - top), axis=axis))`, the last with "
    '`np.errstate(divide="ignore")`.',
)


def scores(rng):
    """Scores and an axis, as softmax and its relatives must survive them."""
    yield "a batch of rows", dict(Z=2 * rng.normal(size=(5, 3)), axis=1)
    yield "the first axis", dict(Z=2 * rng.normal(size=(4, 6)), axis=0)
    yield "the middle one of three axes", dict(Z=rng.normal(size=(2, 4, 3)), axis=1)
    yield "a single row of scores", dict(Z=rng.normal(size=7), axis=-1)
    yield "a transposed (non-contiguous) input", dict(Z=rng.normal(size=(3, 7)).T, axis=1)
    far = rng.normal(size=(3, 4)) + np.array([[1000.0], [-1000.0], [0.0]])
    yield "scores as far out as ±1000", dict(Z=far, axis=1)
    wide = np.array([[1000.0, -1000.0, 999.0], [-1000.0, 0.4, -0.3]])
    yield "a spread of 2000 within a row", dict(Z=wide + 0.1 * rng.normal(size=(2, 3)), axis=-1)
    masked = rng.normal(size=(3, 4))
    masked[[0, 1, 1], [2, 0, 3]] = -np.inf
    yield "scores of −∞ among others", dict(Z=masked, axis=-1)
    yield "a float32 input", dict(Z=rng.normal(size=(6, 4)).astype(F32), axis=1)
    far32 = (rng.normal(size=(3, 5)) + np.array([[200], [-200], [90]])).astype(F32)
    yield "float32 scores as far out as ±200", dict(Z=far32, axis=1)


@logsumexp.cases
def _(rng):
    yield from scores(rng)
    empty = rng.normal(size=(4, 3))
    empty[1] = -np.inf
    yield "a row of nothing but −∞", dict(Z=empty, axis=1)


def large_scores(rng):
    return dict(Z=rng.normal(size=(512, 1000)), axis=1)


logsumexp.benchmark(large_scores)


@logsumexp.torch
def _(torch, Z, axis=-1):
    return torch.logsumexp(Z, axis)


def shifted(Z, axis, top, guard=True):
    """The log of the sum of exponentials, shifted by `top` (with its axis kept), no warnings."""
    with np.errstate(all="ignore"):
        if guard:
            top = np.where(np.isfinite(top), top, 0)
        return np.log(np.sum(np.exp(Z - top), axis=axis)) + np.squeeze(top, axis)


@logsumexp.mistake(
    "exp overflows for z beyond 709 (in float32 beyond 88), and far below it is 0, whose logarithm is "
    "−∞. Take the maximum out of the sum first: m + log Σ exp(z − m)."
)
def overflow_far_from_zero(Z, axis=-1):
    return np.log(np.sum(np.exp(Z), axis=axis))


@logsumexp.mistake(
    "You took the maximum out of the sum and did not put it back: add m to the logarithm."
)
def maximum_not_added_back(Z, axis=-1):
    top = np.max(Z, axis=axis, keepdims=True)
    return shifted(Z, axis, top) - np.squeeze(np.where(np.isfinite(top), top, 0), axis)


@logsumexp.mistake(
    "You shift every row by the maximum of the whole array. A row far below it becomes all zeros, and "
    "log 0 = −∞. Each row needs its own maximum: `np.max(Z, axis=axis, keepdims=True)`."
)
def one_maximum_for_all_rows(Z, axis=-1):
    return np.log(np.sum(np.exp(Z - Z.max()), axis=axis)) + Z.max()


@logsumexp.mistake(
    "Where all entries are −∞ you compute −∞ − (−∞), which is NaN. Nothing summed up is 0, and log 0 = "
    "−∞: use a shift of 0 where the maximum is not finite."
)
def nan_where_all_is_minus_infinity(Z, axis=-1):
    return shifted(Z, axis, np.max(Z, axis=axis, keepdims=True), guard=False)


@logsumexp.mistake("The argument `axis` is ignored: you always sum along the last one.")
def axis_ignored(Z, axis=-1):
    return reference.logsumexp(Z, -1)


@logsumexp.mistake(
    "That is only the maximum, the largest part of the answer; log Σ exp(z − m), between 0 and log K, "
    "is still to be added."
)
def only_the_maximum(Z, axis=-1):
    return np.max(Z, axis=axis)


@logsumexp.mistake(
    "You averaged the exponentials: log mean exp is smaller by log K. Take their sum."
)
def mean_instead_of_sum(Z, axis=-1):
    return reference.logsumexp(Z, axis) - math.log(Z.shape[axis])


@logsumexp.mistake(
    "The axis that was summed is still there, with length 1. Keep it for the shift, and drop it at the "
    "end with `np.squeeze(..., axis=axis)`."
)
def axis_kept(Z, axis=-1):
    return np.expand_dims(reference.logsumexp(Z, axis), axis)


@logsumexp.alternative
def two_at_a_time(Z, axis=-1):
    return np.logaddexp.reduce(Z, axis=axis)


@logsumexp.alternative
def shifted_by_a_masked_maximum(Z, axis=-1):
    m = np.max(Z, axis=axis)
    safe = np.where(m == -np.inf, 0, m)
    S = np.sum(np.exp(Z - np.expand_dims(safe, axis)), axis=axis)
    return safe + np.log(S, out=np.full_like(S, -np.inf), where=S > 0)


@logsumexp.loop
def _(Z, axis=-1):
    def one(row):
        m = max(row)
        return m if m == -math.inf else m + math.log(math.fsum(math.exp(z - m) for z in row))

    return by_rows(one, np.moveaxis(Z, axis, -1))


# -- softmax -----------------------------------------------------------------------------------

softmax = Exercise(reference.softmax, points=2, see="eq-softmax-shift", returns="P")
softmax.hints(
    "What changes in exp(z_i) / Σ exp(z_j) when the same number is taken off every z? Which number would "
    "you take?",
    "Take the maximum along the axis off first, so that every exponential is at most 1. Keep the axis, "
    "in the maximum and in the sum: `keepdims=True`.",
    "`E = np.exp(Z - np.max(Z, axis=axis, keepdims=True))`, then "
    "`return E / np.sum(E, axis=axis, keepdims=True)`.",
)
softmax.cases(scores)
softmax.benchmark(large_scores)


@softmax.torch
def _(torch, Z, axis=-1):
    return torch.softmax(Z, axis)


@softmax.mistake(
    "exp overflows for z beyond 709 (in float32 beyond 88), and ∞/∞ is NaN; far below, 0/0 is. Take the "
    "maximum off first: softmax does not change when all scores move together."
)
def overflow_far_from_zero(Z, axis=-1):
    E = np.exp(Z)
    return E / np.sum(E, axis=axis, keepdims=True)


@softmax.mistake(
    "You take the maximum of the whole array off every row. A row far below it becomes 0/0. Each row "
    "needs its own maximum: `np.max(Z, axis=axis, keepdims=True)`."
)
def one_maximum_for_all_rows(Z, axis=-1):
    E = np.exp(Z - Z.max())
    return E / np.sum(E, axis=axis, keepdims=True)


@softmax.mistake("The argument `axis` is ignored: you always normalise along the last one.")
def axis_ignored(Z, axis=-1):
    return reference.softmax(Z, -1)


@softmax.mistake(
    "You divide by the sum over the whole array, so all entries together sum to 1. Each row is a "
    "distribution of its own: sum along the axis only."
)
def normalised_over_the_whole_array(Z, axis=-1):
    return reference.softmax(Z.ravel()).reshape(Z.shape)


@softmax.mistake(
    "Without `keepdims=True` the maxima and sums lose their axis and are matched with the wrong one, "
    "or with none."
)
def keepdims_forgotten(Z, axis=-1):
    E = np.exp(Z - np.max(Z, axis=axis))
    return E / np.sum(E, axis=axis)


@softmax.mistake(
    "That is the sigmoid: every entry is treated alone, and the rows do not sum to 1. Softmax divides "
    "by the sum of the exponentials."
)
def sigmoid_instead(Z, axis=-1):
    return sigmoid(Z)


@softmax.mistake(
    "You divide by the largest exponential, so the largest entry is 1; divide by their sum, so that "
    "the entries sum to 1."
)
def divided_by_the_largest(Z, axis=-1):
    return np.exp(Z - np.max(Z, axis=axis, keepdims=True))


@softmax.mistake(
    "The exponent has the wrong sign: the largest score gets the smallest probability (softmax of −z)."
)
def minus_in_the_exponent(Z, axis=-1):
    with np.errstate(invalid="ignore"):
        return reference.softmax(-Z, axis)


@softmax.alternative
def by_the_log(Z, axis=-1):
    return np.exp(reference.log_softmax(Z, axis))


@softmax.alternative
def last_axis_and_back(Z, axis=-1):
    M = np.moveaxis(Z, axis, -1)
    E = np.exp(M - M.max(axis=-1)[..., None])
    return np.moveaxis(E * (1 / E.sum(axis=-1))[..., None], -1, axis)


@softmax.loop
def _(Z, axis=-1):
    out = np.moveaxis(np.empty_like(Z), axis, -1)
    rows = np.moveaxis(Z, axis, -1)
    for i in np.ndindex(rows.shape[:-1]):
        row = rows[i].tolist()
        e = [math.exp(z - max(row)) for z in row]
        out[i] = [one / math.fsum(e) for one in e]
    return np.moveaxis(out, -1, axis)


# -- log_softmax -------------------------------------------------------------------------------

log_softmax = Exercise(reference.log_softmax, points=2, see="eq-log-softmax", returns="log_P")
log_softmax.hints(
    "Write the logarithm of a quotient as a difference. Which of its two logarithms undoes an exponential?",
    "log p_i = z_i − log Σ exp(z_j). Take the maximum off all scores first, and leave it off: it cancels.",
    "`S = Z - np.max(Z, axis=axis, keepdims=True)`, then "
    "`return S - np.log(np.sum(np.exp(S), axis=axis, keepdims=True))`.",
)


@log_softmax.cases
def _(rng):
    yield from scores(rng)
    near = (30_000 + rng.normal(size=(9, 4))).astype(F32)
    yield "float32 scores that are all near 30,000", dict(Z=near, axis=1)


log_softmax.benchmark(large_scores)


@log_softmax.torch
def _(torch, Z, axis=-1):
    return torch.log_softmax(Z, axis)


@log_softmax.mistake(
    "A probability below 10⁻³²³ rounds to 0, and log 0 = −∞; a score 750 below the largest is enough. Do not "
    "form the probabilities: log p = s − log Σ exp(s) with s = z − max z."
)
def log_of_a_probability_that_is_zero(Z, axis=-1):
    return np.log(reference.softmax(Z, axis))


@log_softmax.mistake(
    "A small number inside the logarithm hides its −∞ and puts a wrong number in its place: no log p can "
    "fall below −16.1 any more. Compute s − log Σ exp(s) with s = z − max z."
)
def small_number_inside_the_logarithm(Z, axis=-1):
    return np.log(reference.softmax(Z, axis) + 1e-7)


@log_softmax.mistake(
    "On paper z − log Σ exp(z) is right, but in float32 two numbers near 30,000 are subtracted, and "
    "what is left has lost its digits. Leave the maximum off both: s − log Σ exp(s) with s = z − max z."
)
def digits_lost_to_a_large_maximum(Z, axis=-1):
    return Z - np.expand_dims(reference.logsumexp(Z, axis), axis)


@log_softmax.mistake(
    "exp overflows for z beyond 709 (in float32 beyond 88). Take the maximum off all scores first."
)
def overflow_far_from_zero(Z, axis=-1):
    return Z - np.log(np.sum(np.exp(Z), axis=axis, keepdims=True))


@log_softmax.mistake(
    "You took the maximum off and stopped: the exponentials of a row must sum to 1, so "
    "log Σ exp(s) still has to be taken off."
)
def not_normalised(Z, axis=-1):
    return Z - np.max(Z, axis=axis, keepdims=True)


@log_softmax.mistake("That is softmax itself; its logarithm is asked for.")
def softmax_returned(Z, axis=-1):
    return reference.softmax(Z, axis)


@log_softmax.mistake("The argument `axis` is ignored: you always normalise along the last one.")
def axis_ignored(Z, axis=-1):
    return reference.log_softmax(Z, -1)


@log_softmax.mistake(
    "You shift every row by the maximum of the whole array. A row far below it becomes all zeros, and "
    "log 0 = −∞. Each row needs its own maximum."
)
def one_maximum_for_all_rows(Z, axis=-1):
    S = Z - Z.max()
    return S - np.log(np.sum(np.exp(S), axis=axis, keepdims=True))


@log_softmax.alternative
def by_logsumexp_of_the_shifted(Z, axis=-1):
    S = Z - np.max(Z, axis=axis, keepdims=True)
    return S - np.expand_dims(np.logaddexp.reduce(S, axis=axis), axis)


@log_softmax.alternative
def in_double_precision(Z, axis=-1):
    D = Z.astype(np.float64)
    return (D - np.expand_dims(reference.logsumexp(D, axis), axis)).astype(Z.dtype)


@log_softmax.loop
def _(Z, axis=-1):
    out = np.moveaxis(np.empty_like(Z), axis, -1)
    rows = np.moveaxis(Z, axis, -1)
    for i in np.ndindex(rows.shape[:-1]):
        s = [z - max(rows[i].tolist()) for z in rows[i].tolist()]
        out[i] = [one - math.log(math.fsum(map(math.exp, s))) for one in s]
    return np.moveaxis(out, -1, axis)


# -- softmax_jacobian --------------------------------------------------------------------------

softmax_jacobian = Exercise(
    reference.softmax_jacobian, points=2, see="eq-softmax-matrix", returns="J"
)
softmax_jacobian.hints(
    "Two cases: how does p_i answer to its own score, and how to another's?",
    "p_i (1 − p_i) on the diagonal, −p_i p_j beside it. Which two matrices have these as their difference?",
    "`p = softmax(z)`, then `return np.diag(p) - np.outer(p, p)`.",
)


@softmax_jacobian.cases
def _(rng):
    yield "five classes", dict(z=rng.normal(size=5))
    yield "two classes", dict(z=np.array([0.4, -0.9]) + rng.normal(size=2) / 5)
    yield "eight classes", dict(z=2 * rng.normal(size=8))
    far = np.array([1000.0, 999.2, -1000.0, 998.7]) + 0.1 * rng.normal(size=4)
    yield "scores as far out as ±1000", dict(z=far)
    masked = rng.normal(size=4)
    masked[2] = -np.inf
    yield "a score of −∞", dict(z=masked)
    yield "float32 scores", dict(z=rng.normal(size=6).astype(F32))


@softmax_jacobian.benchmark
def _(rng):
    return dict(z=rng.normal(size=1000))


@softmax_jacobian.torch
def _(torch, z):
    return torch.autograd.functional.jacobian(lambda s: torch.softmax(s, -1), z)


@softmax_jacobian.mistake(
    "That is the diagonal alone, the sigmoid's rule. A score also changes the other probabilities, since "
    "all share the sum: −p_i p_j beside the diagonal."
)
def only_the_diagonal(z):
    p = reference.softmax(z)
    return np.diag(p * (1 - p))


@softmax_jacobian.mistake(
    "Beside the diagonal the sign is wrong: raising one score lowers the other probabilities, −p_i p_j."
)
def sign_beside_the_diagonal(z):
    return np.abs(reference.softmax_jacobian(z))


@softmax_jacobian.mistake(
    "The case i = j is missing its second term: on the diagonal the numerator answers too, which adds p_i. "
    "The matrix is diag(p) − p pᵀ."
)
def numerator_held_constant(z):
    p = reference.softmax(z)
    return -np.outer(p, p)


@softmax_jacobian.mistake(
    "The case i ≠ j is missing its second term, or the quotient rule its second half: the denominator "
    "answers to every score. The matrix is diag(p) − p pᵀ."
)
def denominator_held_constant(z):
    return np.diag(reference.softmax(z))


@softmax_jacobian.mistake(
    "All signs are turned round: it is diag(p) − p pᵀ, positive on the diagonal."
)
def all_signs_turned_round(z):
    return -reference.softmax_jacobian(z)


@softmax_jacobian.mistake(
    "You built the matrix from the scores z. The rule diag(p) − p pᵀ wants probabilities: "
    "`p = softmax(z)` first."
)
def scores_taken_for_probabilities(z):
    with np.errstate(all="ignore"):
        return np.diag(z) - np.outer(z, z)


@softmax_jacobian.mistake("You applied softmax twice; the rule needs p = softmax(z) once.")
def softmax_applied_twice(z):
    return reference.softmax_jacobian(reference.softmax(z))


@softmax_jacobian.mistake(
    "exp overflows for large scores, and ∞/∞ is NaN. Use the stable softmax that you have written."
)
def overflow_in_the_softmax(z):
    p = np.exp(z) / np.sum(np.exp(z))
    return np.diag(p) - np.outer(p, p)


@softmax_jacobian.alternative
def each_row_is_p_times_the_identity_less_p(z):
    p = reference.softmax(z)
    return p[:, None] * (np.eye(len(p), dtype=p.dtype) - p)


@softmax_jacobian.alternative
def diagonal_filled_in_afterwards(z):
    p = reference.softmax(z)
    J = -p[:, None] * p[None, :]
    J[np.diag_indices(len(p))] += p
    return J


@softmax_jacobian.loop
def _(z):
    p = reference.softmax(z)
    J = np.empty((len(p), len(p)), dtype=p.dtype)
    for i in range(len(p)):
        for j in range(len(p)):
            J[i, j] = p[i] * (1 - p[i]) if i == j else -p[i] * p[j]
    return J


# -- cross_entropy -----------------------------------------------------------------------------

cross_entropy = Exercise(
    reference.cross_entropy, points=2, see="eq-cross-entropy-scores", returns="L"
)
cross_entropy.hints(
    "Of each row only one number matters for the loss. Which one, and which of your functions gives its "
    "logarithm without overflow?",
    "`log_softmax(Z)` holds log p for every class; pick the label's in each row with two index arrays.",
    "`return -np.mean(log_softmax(Z)[np.arange(len(Z)), labels])`.",
)


def labelled(rng):
    """Scores with labels, as a classifier's loss must survive them."""

    def batch(Z):
        return dict(Z=Z, labels=labels_for(rng, Z))

    yield "a batch of rows", batch(2 * rng.normal(size=(6, 4)))
    yield "more classes than examples", batch(rng.normal(size=(3, 7)))
    yield "a single example", batch(rng.normal(size=(1, 5)))
    yield "as many classes as examples", batch(rng.normal(size=(4, 4)))
    far = np.array([[1000.0, -1000.0, 0.3], [-1000.0, 999.0, 1000.0]]) + rng.normal(size=(2, 3))
    yield "scores as far out as ±1000, one of them wrong", dict(Z=far, labels=np.array([1, 2]))
    shut = rng.normal(size=(3, 4))
    shut[[0, 1, 1], [2, 0, 3]] = -np.inf
    yield "classes that are shut off by −∞", dict(Z=shut, labels=np.array([3, 1, 0]))
    yield "transposed (non-contiguous) scores", batch(rng.normal(size=(3, 8)).T)
    yield "float32 scores", batch(rng.normal(size=(7, 3)).astype(F32))
    far32 = np.array([[120, -120, 119, 0], [-90, 30, 100, 99]]) + rng.normal(size=(2, 4))
    yield "float32 scores as far out as ±120", dict(Z=far32.astype(F32), labels=np.array([3, 0]))


cross_entropy.cases(labelled)


def large_labelled(rng):
    Z = rng.normal(size=(512, 1000))
    return dict(Z=Z, labels=labels_for(rng, Z))


cross_entropy.benchmark(large_labelled)


@cross_entropy.torch
def _(torch, Z, labels):
    return torch.nn.functional.cross_entropy(Z, labels)


@cross_entropy.mistake(
    "A probability that rounds to 0 has the logarithm −∞, and the loss is lost just where it should be "
    "large. Take `log_softmax` instead of the log of softmax."
)
def log_of_a_probability_that_is_zero(Z, labels):
    return -np.mean(np.log(reference.softmax(Z)[np.arange(len(Z)), labels]))


@cross_entropy.mistake(
    "Clipping the probabilities caps the loss at 16.1, and beyond the cap it sends no gradient: the worst "
    "examples teach nothing. `log_softmax` needs no clipping."
)
def probabilities_clipped(Z, labels):
    p = np.clip(reference.softmax(Z), 1e-7, 1 - 1e-7)
    return -np.mean(np.log(p[np.arange(len(Z)), labels]))


@cross_entropy.mistake(
    "Z holds scores. You apply softmax to their softmax: `log_softmax(Z)` contains the only one that is needed."
)
def softmax_applied_twice(Z, labels):
    return reference.cross_entropy(reference.softmax(Z), labels)


@cross_entropy.mistake(
    "`log_P[:, labels]` picks all labels in every row, an N × N table. One label for each row takes two "
    "index arrays: `log_P[np.arange(N), labels]`."
)
def every_label_in_every_row(Z, labels):
    return -np.mean(reference.log_softmax(Z)[:, labels])


@cross_entropy.mistake("That is the sum over the examples; the loss is their mean: divide by N.")
def summed_instead_of_averaged(Z, labels):
    return -np.sum(reference.log_softmax(Z)[np.arange(len(Z)), labels])


@cross_entropy.mistake(
    "Each example contributes one number, so the mean divides by N. You divide by N·K, as a mean over the "
    "one-hot table would."
)
def averaged_over_the_classes_too(Z, labels):
    return -np.sum(reference.log_softmax(Z)[np.arange(len(Z)), labels]) / Z.size


@cross_entropy.mistake(
    "You average the scores of the right classes and leave out what normalises them: the loss is "
    "log Σ exp(z) − z of the label."
)
def normaliser_forgotten(Z, labels):
    return -np.mean(Z[np.arange(len(Z)), labels])


@cross_entropy.mistake("The sign is wrong: log p is negative, the loss is −log p.")
def minus_forgotten(Z, labels):
    return np.mean(reference.log_softmax(Z)[np.arange(len(Z)), labels])


@cross_entropy.mistake(
    "You take the logarithm of the mean probability. The loss is the mean of the logarithms: log first, then average."
)
def logarithm_of_the_mean(Z, labels):
    return -np.log(np.mean(reference.softmax(Z)[np.arange(len(Z)), labels]))


@cross_entropy.alternative
def logsumexp_less_the_score(Z, labels):
    own = np.take_along_axis(Z, labels[:, None], axis=1)[:, 0]
    return np.mean(reference.logsumexp(Z, axis=1) - own)


@cross_entropy.alternative
def by_a_one_hot_table(Z, labels):
    right = labels[:, None] == np.arange(Z.shape[1])
    return -np.where(right, reference.log_softmax(Z), 0).sum() / len(Z)


@cross_entropy.loop
def _(Z, labels):
    total = 0.0
    for row, label in zip(Z.tolist(), labels.tolist(), strict=True):
        m = max(row)
        total += m - row[label] + math.log(math.fsum(math.exp(z - m) for z in row))
    return Z.dtype.type(total / len(Z))


# -- cross_entropy_backward --------------------------------------------------------------------

cross_entropy_backward = Exercise(
    reference.cross_entropy_backward, points=3, see="eq-p-minus-y", returns="dZ"
)
cross_entropy_backward.hints(
    "How far is what the network says from what is true, as two rows of K numbers?",
    "p − y with p = softmax(z) and y one-hot. The loss is a mean over the examples: 1/N enters here.",
    "`dZ = softmax(Z)`, `dZ[np.arange(len(Z)), labels] -= 1`, `return dZ / len(Z)`.",
)
cross_entropy_backward.cases(labelled)
cross_entropy_backward.benchmark(large_labelled)


@cross_entropy_backward.torch
def _(torch, Z, labels):
    Z.requires_grad_()
    return torch.autograd.grad(torch.nn.functional.cross_entropy(Z, labels), Z)[0]


def one_hot(Z, labels):
    return (labels[:, None] == np.arange(Z.shape[1])).astype(Z.dtype)


@cross_entropy_backward.terms
def _(Z, labels):
    return (
        {
            "the prediction p/N": reference.softmax(Z) / len(Z),
            "the truth −y/N": -one_hot(Z, labels) / len(Z),
        },
    )


@cross_entropy_backward.mistake(
    "The loss is a mean over the examples, so its gradient carries 1/N; this is the one place where it "
    "enters: divide by len(Z)."
)
def one_over_N_forgotten(Z, labels):
    return reference.softmax(Z) - one_hot(Z, labels)


@cross_entropy_backward.mistake(
    "You divide by N·K. The mean runs over the N examples only; each of them has one loss, not K."
)
def averaged_over_the_classes_too(Z, labels):
    return (reference.softmax(Z) - one_hot(Z, labels)) / Z.size


@cross_entropy_backward.mistake(
    "The truth is missing: p alone would push all scores down. Subtract 1 at the label of each row."
)
def one_hot_not_subtracted(Z, labels):
    return reference.softmax(Z) / len(Z)


@cross_entropy_backward.mistake(
    "`dZ[:, labels] -= 1` changes the columns of all labels in every row. One place in each row takes two "
    "index arrays: `dZ[np.arange(N), labels]`."
)
def subtracted_in_every_row(Z, labels):
    dZ = reference.softmax(Z)
    dZ[:, labels] -= 1
    return dZ / len(Z)


@cross_entropy_backward.mistake(
    "The score of the right class must get a negative gradient, since raising it lowers the loss: p − y, "
    "not y − p. The minus of gradient descent comes later, in the step."
)
def difference_turned_round(Z, labels):
    return (one_hot(Z, labels) - reference.softmax(Z)) / len(Z)


@cross_entropy_backward.mistake(
    "p − y is the whole gradient with respect to the scores: the softmax Jacobian is in it already. You "
    "multiply by p (1 − p) once more."
)
def slope_of_softmax_once_more(Z, labels):
    p = reference.softmax(Z)
    return (p - one_hot(Z, labels)) * p * (1 - p) / len(Z)


@cross_entropy_backward.mistake(
    "You compare the scores themselves with the labels: p − y wants p = softmax(z), not z."
)
def scores_taken_for_probabilities(Z, labels):
    return (Z - one_hot(Z, labels)) / len(Z)


@cross_entropy_backward.mistake(
    "That is −y/p, the gradient with respect to the probabilities. The scores lie one step further back: "
    "multiplied by the softmax Jacobian it becomes p − y."
)
def gradient_of_the_probabilities(Z, labels):
    with np.errstate(all="ignore"):
        Y = one_hot(Z, labels)
        return np.where(Y > 0, -Y / reference.softmax(Z), 0) / len(Z)


@cross_entropy_backward.alternative
def by_a_one_hot_table(Z, labels):
    return (reference.softmax(Z) - np.eye(Z.shape[1], dtype=Z.dtype)[labels]) / len(Z)


@cross_entropy_backward.alternative
def averaged_first(Z, labels):
    P = np.exp(reference.log_softmax(Z)) / len(Z)
    np.subtract.at(P, (np.arange(len(Z)), labels), Z.dtype.type(1) / len(Z))
    return P


@cross_entropy_backward.loop
def _(Z, labels):
    dZ = np.empty_like(Z)
    for n, label in enumerate(labels.tolist()):
        p = reference.softmax(Z[n])
        for k in range(Z.shape[1]):
            dZ[n, k] = (p[k] - (k == label)) / len(Z)
    return dZ


# -- binary_cross_entropy_with_logits ----------------------------------------------------------

binary_cross_entropy_with_logits = Exercise(
    reference.binary_cross_entropy_with_logits, points=2, see="eq-binary-scores", returns="L"
)
binary_cross_entropy_with_logits.hints(
    "Write −log σ(z) and −log(1 − σ(z)) with softplus. What is left of the weighted sum of the two?",
    "softplus(z) − y z, and the stable softplus is max(z, 0) + log(1 + exp(−|z|)).",
    "`return np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))`.",
)


def yes_or_no(rng):
    """Scores and targets between 0 and 1."""

    def soft(*shape):
        return dict(z=2 * rng.normal(size=shape), y=rng.uniform(size=shape))

    yield "a batch of rows", soft(5, 3)
    yield "targets without a second axis", soft(8)
    yield "a single example", soft(1, 4)
    hard = soft(6, 2)
    yield "targets that are 0 or 1", hard | dict(y=np.resize([1.0, 0, 0, 1, 1], (6, 2)))
    far = np.array([[1000.0, -1000.0, 0.3], [-1000.0, 1000.0, -0.7]]) + rng.normal(size=(2, 3))
    yield (
        "scores as far out as ±1000, right and wrong",
        dict(z=far, y=np.array([[1.0, 0, 1], [1, 0, 0]])),
    )
    yield "transposed (non-contiguous) inputs", {k: a.T for k, a in soft(3, 7).items()}
    yield "float32 inputs", {k: a.astype(F32) for k, a in soft(4, 6).items()}
    far32 = np.array([120, -120, 95, -0.4, 2], dtype=F32)
    yield (
        "float32 scores as far out as ±120",
        dict(z=far32, y=np.array([0.2, 1, 0, 0.7, 1], dtype=F32)),
    )


binary_cross_entropy_with_logits.cases(yes_or_no)


def large_yes_or_no(rng):
    return dict(z=rng.normal(size=(128, 1000)), y=rng.uniform(size=(128, 1000)))


binary_cross_entropy_with_logits.benchmark(large_yes_or_no)


@binary_cross_entropy_with_logits.torch
def _(torch, z, y):
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y)


@binary_cross_entropy_with_logits.mistake(
    "For |z| beyond about 37 (in float32 beyond 17) σ(z) or 1 − σ(z) rounds to 0, and its logarithm is −∞. "
    "Do not form the probability: softplus(z) − y z is the same number."
)
def log_of_a_probability_that_is_zero(z, y):
    a = sigmoid(z)
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


@binary_cross_entropy_with_logits.mistake(
    "Clipping the probability caps the loss at 16.1, and beyond the cap it sends no gradient. "
    "softplus(z) − y z needs no clipping."
)
def probabilities_clipped(z, y):
    a = np.clip(sigmoid(z), 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


@binary_cross_entropy_with_logits.mistake(
    "log(1 + exp(z)) overflows for large z. Write it as max(z, 0) + log(1 + exp(−|z|))."
)
def overflow_in_the_softplus(z, y):
    return np.mean(np.log1p(np.exp(z)) - y * z)


@binary_cross_entropy_with_logits.mistake(
    "Only the examples with y = 1 pay: the second half, −(1 − y) log(1 − σ(z)), is missing."
)
def second_half_missing(z, y):
    return np.mean(y * np.logaddexp(0, -z))


@binary_cross_entropy_with_logits.mistake(
    "log(1 + exp(−y z)) is the loss for targets −1 and 1. Here y lies between 0 and 1: softplus(z) − y z."
)
def targets_taken_for_minus_one_and_one(z, y):
    return np.mean(np.logaddexp(0, -y * z))


@binary_cross_entropy_with_logits.mistake(
    "The target pulls the wrong way: where y = 1 a larger z must lower the loss, so y z is subtracted."
)
def sign_of_the_target(z, y):
    return np.mean(np.logaddexp(0, z) + y * z)


@binary_cross_entropy_with_logits.mistake(
    "z holds scores, not probabilities; you apply the sigmoid twice."
)
def sigmoid_applied_twice(z, y):
    return reference.binary_cross_entropy_with_logits(sigmoid(z), y)


@binary_cross_entropy_with_logits.mistake(
    "That is the sum over the entries; the loss is their mean."
)
def summed_instead_of_averaged(z, y):
    return np.sum(np.logaddexp(0, z) - y * z)


@binary_cross_entropy_with_logits.mistake(
    "You divide by the number of rows. Every entry is a question of its own with a loss of its own: "
    "take the mean over all of them."
)
def averaged_over_the_rows_only(z, y):
    return np.sum(np.logaddexp(0, z) - y * z) / len(z)


@binary_cross_entropy_with_logits.alternative
def by_logaddexp(z, y):
    return np.mean(np.logaddexp(0, z) - y * z)


@binary_cross_entropy_with_logits.alternative
def two_surprises_weighted(z, y):
    return np.mean(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))


@binary_cross_entropy_with_logits.loop
def _(z, y):
    total = 0.0
    for s, t in zip(z.ravel().tolist(), y.ravel().tolist(), strict=True):
        total += max(s, 0.0) - t * s + math.log1p(math.exp(-abs(s)))
    return z.dtype.type(total / z.size)


# -- binary_cross_entropy_with_logits_backward -------------------------------------------------

binary_cross_entropy_with_logits_backward = Exercise(
    reference.binary_cross_entropy_with_logits_backward,
    points=1,
    see="eq-binary-gradient",
    returns="dz",
)
binary_cross_entropy_with_logits_backward.hints(
    "What is the derivative of softplus? And of y z?",
    "σ(z) − y for each entry, and the mean over all entries divides by their number.",
    "`return (sigmoid(z) - y) / y.size`.",
)
binary_cross_entropy_with_logits_backward.cases(yes_or_no)
binary_cross_entropy_with_logits_backward.benchmark(large_yes_or_no)


@binary_cross_entropy_with_logits_backward.torch
def _(torch, z, y):
    z.requires_grad_()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
    return torch.autograd.grad(loss, z)[0]


@binary_cross_entropy_with_logits_backward.terms
def _(z, y):
    return ({"the prediction σ(z)/n": sigmoid(z) / z.size, "the target −y/n": -y / y.size},)


@binary_cross_entropy_with_logits_backward.mistake(
    "The loss is a mean over all entries, so its gradient carries one over their number: divide by `y.size`."
)
def not_averaged(z, y):
    return sigmoid(z) - y


@binary_cross_entropy_with_logits_backward.mistake(
    "You divide by the number of rows; the mean runs over all entries, `y.size`."
)
def averaged_over_the_rows_only(z, y):
    return (sigmoid(z) - y) / len(z)


@binary_cross_entropy_with_logits_backward.mistake(
    "A score that is too high must get a positive gradient: σ(z) − y, not y − σ(z)."
)
def difference_turned_round(z, y):
    return (y - sigmoid(z)) / y.size


@binary_cross_entropy_with_logits_backward.mistake(
    "The slope σ′ does not belong here: in this loss it cancels. With it you have, but for a factor of 2, "
    "the slow gradient of the squared error."
)
def slope_of_the_sigmoid_kept(z, y):
    a = sigmoid(z)
    return (a - y) * a * (1 - a) / y.size


@binary_cross_entropy_with_logits_backward.mistake(
    "You compare the score with the target: σ(z) − y wants the probability σ(z), not z."
)
def sigmoid_forgotten(z, y):
    return (z - y) / y.size


@binary_cross_entropy_with_logits_backward.mistake(
    "The target is missing: −y z in the loss leaves −y in its gradient."
)
def target_forgotten(z, y):
    return sigmoid(z) / y.size


@binary_cross_entropy_with_logits_backward.mistake(
    "For z = −1000 this asks for exp(1000). Use the stable sigmoid of the chapter on activations."
)
def overflow_in_the_sigmoid(z, y):
    return (1 / (1 + np.exp(-z)) - y) / y.size


@binary_cross_entropy_with_logits_backward.alternative
def by_tanh(z, y):
    return ((1 + np.tanh(z / 2)) / 2 - y) / z.size


@binary_cross_entropy_with_logits_backward.alternative
def two_pulls_weighted(z, y):
    return ((1 - y) * sigmoid(z) - y * sigmoid(-z)) / z.size


@binary_cross_entropy_with_logits_backward.loop
def _(z, y):
    out = np.empty_like(z)
    for i in np.ndindex(z.shape):
        out[i] = (float(sigmoid(z[i])) - float(y[i])) / z.size
    return out
