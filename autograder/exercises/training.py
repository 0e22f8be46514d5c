"""What an answer in the chapter on training must satisfy, and the mistakes people make.

Random answers are judged by their law, on results so large that it shows: 8 % is at least six times
the spread that chance alone gives the numbers compared.
"""

import statistics
from fractions import Fraction

import numpy as np
from scipy.special import ndtr, ndtri

from autograder.exercise import Exercise, Seed
from solutions import training as reference


def seed(rng):
    return Seed(int(rng.integers(1_000_000)))


def law_of_numbers(w):
    """The law of independent numbers from a continuous law, however they were drawn."""
    w = np.sort(w, axis=None)
    steps = np.flatnonzero(np.diff(w, prepend=-np.inf, append=np.inf))  # where a new number begins
    return {
        "how often one and the same number occurs": 1 / np.diff(steps).max(),
        "the quantiles of its numbers": w[w.size * np.arange(1, 20) // 20],
        "its rare large numbers": np.mean((w * w * w) ** 2) ** (1 / 6),
    }


def law_of_bounded_numbers(w):
    return law_of_numbers(w) | {"the size of its largest number": np.abs(w).max()}


def seeded(torch, rng):
    """A generator of torch, which begins where the number drawn from rng says."""
    return torch.Generator().manual_seed(int(rng.integers(2**31)))


def layers(rng):
    yield "a layer that narrows", dict(fan_in=210, fan_out=95, rng=seed(rng))
    yield "a layer that widens", dict(fan_in=110, fan_out=185, rng=seed(rng))
    yield "a single unit", dict(fan_in=20_000, fan_out=1, rng=seed(rng))


# -- xavier_uniform ----------------------------------------------------------------------------

xavier_uniform = Exercise(
    reference.xavier_uniform, points=2, see="eq-xavier", returns="W", rtol=0.08
)
xavier_uniform.hints(
    "The derivation fixes the variance of a weight. Which bound b gives a uniform law on [−b, b] "
    "that variance?",
    "The variance of that law is b²/3. Set it to 2 / (fan_in + fan_out) and solve for b.",
    "`bound = (6 / (fan_in + fan_out)) ** 0.5`, then "
    "`return rng.uniform(-bound, bound, size=(fan_out, fan_in))`.",
)
xavier_uniform.cases(layers)


@xavier_uniform.law
def _(W, fan_in, fan_out, rng):
    return law_of_bounded_numbers(W)


@xavier_uniform.torch
def _(torch, fan_in, fan_out, rng):
    W = torch.empty(fan_out, fan_in, dtype=torch.float64)
    return torch.nn.init.xavier_uniform_(W, generator=seeded(torch, rng))


def uniform(fan_in, fan_out, rng, bound):
    return rng.uniform(-bound, bound, size=(fan_out, fan_in))


@xavier_uniform.mistake(
    "The weights lie the wrong way round. A row of W holds the weights of one unit, so the shape is "
    "(fan_out, fan_in): `size=(fan_out, fan_in)`."
)
def stored_in_by_out(fan_in, fan_out, rng):
    return uniform(fan_out, fan_in, rng, (6 / (fan_in + fan_out)) ** 0.5)


@xavier_uniform.mistake(
    "The root is missing: 6 / (fan_in + fan_out) is b², and the weights lie between −b and b."
)
def root_forgotten(fan_in, fan_out, rng):
    return uniform(fan_in, fan_out, rng, 6 / (fan_in + fan_out))


@xavier_uniform.mistake(
    "√(2 / (fan_in + fan_out)) is the standard deviation that the weights should have. A uniform "
    "law on [−b, b] has the standard deviation b/√3, so its bound is √3 times as large."
)
def standard_deviation_used_as_bound(fan_in, fan_out, rng):
    return uniform(fan_in, fan_out, rng, (2 / (fan_in + fan_out)) ** 0.5)


@xavier_uniform.mistake(
    "The variance is right, but the law is normal. Here a uniform law is asked for, between −b and b."
)
def normal_for_uniform(fan_in, fan_out, rng):
    return rng.normal(0, (2 / (fan_in + fan_out)) ** 0.5, size=(fan_out, fan_in))


@xavier_uniform.mistake(
    "fan_in alone keeps the signals on their way forward. Xavier's rule is the compromise with the "
    "way back, whose number is fan_out: put their sum into the denominator."
)
def forward_only(fan_in, fan_out, rng):
    return uniform(fan_in, fan_out, rng, (3 / fan_in) ** 0.5)


@xavier_uniform.mistake(
    "6 / fan_in counts every unit before the layer twice: 6 belongs above the sum fan_in + fan_out, "
    "3 above fan_in alone."
)
def six_over_fan_in(fan_in, fan_out, rng):
    return uniform(fan_in, fan_out, rng, (6 / fan_in) ** 0.5)


@xavier_uniform.mistake(
    "±1/√fan_in is the older rule, to which Glorot and Bengio compare theirs; it gives the weights "
    "the variance 1/(3 fan_in)."
)
def the_older_rule(fan_in, fan_out, rng):
    return uniform(fan_in, fan_out, rng, fan_in**-0.5)


@xavier_uniform.mistake(
    "All weights are positive: `rng.random` and `rng.uniform(0, b)` begin at 0. The law is symmetric, "
    "from −b to b, so that its mean is 0."
)
def no_negative_weights(fan_in, fan_out, rng):
    return (6 / (fan_in + fan_out)) ** 0.5 * rng.random((fan_out, fan_in))


@xavier_uniform.mistake(
    "Division comes before addition: `6 / fan_in + fan_out` is 6/fan_in, plus fan_out. Put the sum "
    "in brackets."
)
def brackets_forgotten(fan_in, fan_out, rng):
    return uniform(fan_in, fan_out, rng, (6 / fan_in + fan_out) ** 0.5)


@xavier_uniform.mistake(
    "Every unit has the same weights: they would stay equal for ever, since equal units get equal "
    "gradients. Draw (fan_out, fan_in) numbers, not one row that is repeated."
)
def one_row_for_all_units(fan_in, fan_out, rng):
    return np.tile(uniform(fan_in, 1, rng, (6 / (fan_in + fan_out)) ** 0.5), (fan_out, 1))


@xavier_uniform.alternative
def by_stretching_random(fan_in, fan_out, rng):
    bound = np.sqrt(6.0) / np.sqrt(fan_in + fan_out)
    return 2 * bound * rng.random((fan_out, fan_in)) - bound


@xavier_uniform.alternative
def drawn_transposed(fan_in, fan_out, rng):
    bound = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, (fan_in, fan_out)).T


@xavier_uniform.alternative
def unit_by_unit(fan_in, fan_out, rng):
    bound = np.sqrt(3 * 2 / (fan_in + fan_out))
    return np.stack([rng.uniform(-bound, bound, fan_in) for _ in range(fan_out)])


# -- he_normal ---------------------------------------------------------------------------------

he_normal = Exercise(reference.he_normal, points=2, see="eq-he", returns="W", rtol=0.08)
he_normal.hints(
    "ReLU sets half of what arrives to 0. What must the variance of the weights be, so that the "
    "signals keep their size all the same?",
    "The variance is 2 / fan_in. `rng.normal` takes the standard deviation, which is its root.",
    "`return rng.normal(0.0, (2 / fan_in) ** 0.5, size=(fan_out, fan_in))`.",
)
he_normal.cases(layers)


@he_normal.law
def _(W, fan_in, fan_out, rng):
    return law_of_numbers(W)


@he_normal.torch
def _(torch, fan_in, fan_out, rng):
    W = torch.empty(fan_out, fan_in, dtype=torch.float64)
    return torch.nn.init.kaiming_normal_(W, nonlinearity="relu", generator=seeded(torch, rng))


@he_normal.mistake(
    "The weights lie the wrong way round. A row of W holds the weights of one unit, so the shape is "
    "(fan_out, fan_in): `size=(fan_out, fan_in)`."
)
def stored_in_by_out(fan_in, fan_out, rng):
    return rng.normal(0, (2 / fan_in) ** 0.5, size=(fan_in, fan_out))


@he_normal.mistake(
    "2 / fan_in is the variance. `rng.normal` takes the standard deviation, so hand it the root."
)
def variance_for_standard_deviation(fan_in, fan_out, rng):
    return rng.normal(0, 2 / fan_in, size=(fan_out, fan_in))


@he_normal.mistake(
    "You divide by fan_out. A signal is a sum over the units that lead in, so it is their number, "
    "fan_in, that the weights must make up for. (fan_out would keep the gradients on their way back.)"
)
def fan_out_for_fan_in(fan_in, fan_out, rng):
    return rng.normal(0, (2 / fan_out) ** 0.5, size=(fan_out, fan_in))


@he_normal.mistake(
    "2 / (fan_in + fan_out) is Xavier's variance, for symmetric units. He's rule looks at the way "
    "forward alone and doubles the variance for ReLU: 2 / fan_in."
)
def xaviers_variance(fan_in, fan_out, rng):
    return rng.normal(0, (2 / (fan_in + fan_out)) ** 0.5, size=(fan_out, fan_in))


@he_normal.mistake(
    "1 / fan_in keeps the signals of linear units. ReLU halves their second moment, so a factor 2 "
    "has to make up for it: 2 / fan_in."
)
def factor_two_for_relu_forgotten(fan_in, fan_out, rng):
    return rng.normal(0, fan_in**-0.5, size=(fan_out, fan_in))


@he_normal.mistake(
    "The law is uniform, and √(2 / fan_in) is its bound. It should be normal, with √(2 / fan_in) as "
    "its standard deviation: `rng.normal`."
)
def standard_deviation_as_a_uniform_bound(fan_in, fan_out, rng):
    return uniform(fan_in, fan_out, rng, (2 / fan_in) ** 0.5)


@he_normal.mistake(
    "The variance is right, but the law is uniform (that is he_uniform). Here a normal law is asked "
    "for: `rng.normal`."
)
def uniform_for_normal(fan_in, fan_out, rng):
    return uniform(fan_in, fan_out, rng, (6 / fan_in) ** 0.5)


@he_normal.mistake(
    "The law is cut at two standard deviations. He's rule takes a whole normal law; the cut makes "
    "the variance smaller."
)
def cut_normal(fan_in, fan_out, rng):
    return reference.truncated_normal((fan_out, fan_in), (2 / fan_in) ** 0.5, rng)


@he_normal.mistake(
    "The scale is missing: these weights have the standard deviation 1, whatever the number of units "
    "that lead in. Multiply by √(2 / fan_in)."
)
def not_scaled(fan_in, fan_out, rng):
    return rng.normal(size=(fan_out, fan_in))


@he_normal.mistake(
    "Every unit has the same weights: they would stay equal for ever, since equal units get equal "
    "gradients. Draw (fan_out, fan_in) numbers, not one row that is repeated."
)
def one_row_for_all_units(fan_in, fan_out, rng):
    return np.tile(rng.normal(0, (2 / fan_in) ** 0.5, fan_in), (fan_out, 1))


@he_normal.alternative
def standard_normals_scaled(fan_in, fan_out, rng):
    return np.sqrt(2 / fan_in) * rng.standard_normal((fan_out, fan_in))


@he_normal.alternative
def by_the_inverse_of_the_distribution_function(fan_in, fan_out, rng):
    return ndtri(1 - rng.random((fan_out, fan_in))) / np.sqrt(fan_in / 2)


@he_normal.alternative
def unit_by_unit(fan_in, fan_out, rng):
    return np.stack([rng.normal(0, np.sqrt(2 / fan_in), fan_in) for _ in range(fan_out)])


# -- truncated_normal --------------------------------------------------------------------------

truncated_normal = Exercise(
    reference.truncated_normal, points=3, see="def-truncated-normal", returns="w", rtol=0.08
)
truncated_normal.hints(
    "About one number in 22 falls outside [−2 std, 2 std]. What keeps the shape of the bell inside: "
    "to move these to the edge, to leave them out, or to draw them again?",
    "Draw all. As long as some are outside, draw those again: `w[outside]` reads and writes exactly "
    "them. One round is not enough, since what is drawn again may fall outside again.",
    "`w = rng.normal(0.0, std, size=size)`, then "
    "`while (outside := np.abs(w) > 2 * std).any(): w[outside] = rng.normal(0.0, std, size=outside.sum())`.",
)


@truncated_normal.cases
def _(rng):
    yield "a matrix of small weights", dict(size=(120, 170), std=0.02, rng=seed(rng))
    yield "a row with a large std", dict(size=20_500, std=1.7, rng=seed(rng))
    yield "the filters of a convolution", dict(size=(16, 3, 20, 21), std=0.3, rng=seed(rng))


@truncated_normal.law
def _(w, size, std, rng):
    return law_of_bounded_numbers(w)


@truncated_normal.torch
def _(torch, size, std, rng):
    w = torch.empty(size, dtype=torch.float64)
    generator = seeded(torch, rng)
    return torch.nn.init.trunc_normal_(w, std=std, a=-2 * std, b=2 * std, generator=generator)


def redrawn(size, std, rng, cut=2.0):
    """Normal numbers with standard deviation std, given that they lie within ±cut std."""
    edge = ndtr(cut)
    return std * ndtri(rng.uniform(1 - edge, edge, size=size))


@truncated_normal.mistake(
    "What fell outside is moved to the edge (`np.clip`), so one weight in 22 is exactly ±2 std. "
    "Draw it again instead: inside, the bell keeps its shape."
)
def moved_to_the_edge(size, std, rng):
    return np.clip(rng.normal(0, std, size=size), -2 * std, 2 * std)


@truncated_normal.mistake(
    "What fell outside is set to 0, so one weight in 22 is exactly 0. Draw it again instead."
)
def set_to_zero(size, std, rng):
    w = rng.normal(0, std, size=size)
    return np.where(np.abs(w) > 2 * std, 0.0, w)


@truncated_normal.mistake(
    "Nothing is cut: some weights lie farther out than 2 std. Draw those again."
)
def not_cut(size, std, rng):
    return rng.normal(0, std, size=size)


@truncated_normal.mistake(
    "The cut lies at ±2, whatever std is. (torch's trunc_normal_ does the same unless it is told a "
    "and b.) It belongs at ±2 std: with std = 0.02 yours cuts nothing."
)
def cut_at_two_whatever_the_std(size, std, rng):
    return redrawn(size, std, rng, 2 / std) if std > 0.5 else rng.normal(0, std, size=size)


@truncated_normal.mistake(
    "You draw again once, and some of the new numbers fall outside too. Repeat it as long as any "
    "does: `while`, not `if`."
)
def drawn_again_only_once(size, std, rng):
    w = rng.normal(0, std, size=size)
    return np.where(np.abs(w) > 2 * std, rng.normal(0, std, size=size), w)


@truncated_normal.mistake(
    "What fell outside is left out, so fewer numbers come back than were asked for. Draw again for "
    "each of them."
)
def left_out(size, std, rng):
    w = rng.normal(0, std, size=size)
    return w[np.abs(w) <= 2 * std]


@truncated_normal.mistake(
    "Your weights have the standard deviation std after the cut. Here std belongs to the normal law "
    "before the cut, as with torch and TensorFlow; what remains has 0.88 std."
)
def std_after_the_cut(size, std, rng):
    return redrawn(size, std, rng) / 0.8796256610342398


@truncated_normal.mistake(
    "You cut at one standard deviation; the cut belongs at two, where it takes away 4.6 % and not a "
    "third."
)
def cut_at_one_std(size, std, rng):
    return redrawn(size, std, rng, 1)


@truncated_normal.mistake(
    "You hand `rng.normal` the variance std²; it takes the standard deviation itself."
)
def std_squared(size, std, rng):
    return redrawn(size, std**2, rng)


@truncated_normal.mistake(
    "All numbers between the edges are equally likely. The bell should keep its shape: draw from the "
    "normal law, and again what falls outside."
)
def uniform_between_the_edges(size, std, rng):
    return rng.uniform(-2 * std, 2 * std, size=size)


@truncated_normal.alternative
def by_the_inverse_of_the_distribution_function(size, std, rng):
    return redrawn(size, std, rng)


@truncated_normal.alternative
def the_first_that_lie_inside(size, std, rng):
    n = int(np.prod(size))
    many = rng.standard_normal(2 * n + 100)
    return std * many[np.abs(many) < 2][:n].reshape(size)


@truncated_normal.alternative
def bit_by_bit(size, std, rng):
    found = np.empty(0)
    while found.size < np.prod(size):
        more = rng.normal(0, std, 1000)
        found = np.append(found, more[np.abs(more) <= 2 * std])
    return found[: np.prod(size)].reshape(size)


# -- l2_penalty_backward -----------------------------------------------------------------------

l2_penalty_backward = Exercise(
    reference.l2_penalty_backward, points=1, see="eq-l2-shrinkage", returns="dW"
)
l2_penalty_backward.hints(
    "Each weight occurs in one term of the sum only. What is the derivative of λ/2 · w²?",
    "It is λ w: the 2 of the square meets the ½ of the penalty.",
    "`return lam * W`.",
)


@l2_penalty_backward.cases
def _(rng):
    yield "a matrix", dict(W=rng.normal(size=(5, 3)), lam=0.7)
    yield "a strong penalty", dict(W=rng.normal(size=(2, 6)), lam=3.0)
    yield "the filters of a convolution", dict(W=rng.normal(size=(2, 3, 4, 5)), lam=0.01)
    yield "a single unit", dict(W=rng.normal(size=(1, 4)), lam=0.2)
    yield (
        "weights large and small",
        dict(W=np.array([[1e8, -2e-8, 0.0], [-3.0, 1e-3, 5e7]]), lam=0.1),
    )
    yield "a transposed (non-contiguous) matrix", dict(W=rng.normal(size=(3, 7)).T, lam=1.3)
    yield "float32 weights", dict(W=rng.normal(size=(4, 2)).astype(np.float32), lam=0.3)


@l2_penalty_backward.torch
def _(torch, W, lam):
    W.requires_grad_()
    return torch.autograd.grad(lam / 2 * (W**2).sum(), W)[0]


@l2_penalty_backward.mistake(
    "That is the gradient of λ Σ w². This penalty is λ/2 Σ w², and its ½ cancels the 2: λ W."
)
def two_not_cancelled(W, lam):
    return 2 * lam * W


@l2_penalty_backward.mistake("The ½ has already cancelled the 2 of the square: λ W, not λ/2 W.")
def half_kept(W, lam):
    return lam / 2 * W


@l2_penalty_backward.mistake(
    "λ sign(W) is the gradient of the L1 penalty λ Σ |w|, which pulls every weight with the same "
    "force. L2 pulls in proportion to the weight: λ W."
)
def sign_as_for_L1(W, lam):
    return lam * np.sign(W)


@l2_penalty_backward.mistake(
    "Those are the terms of the penalty itself, up to a factor. Its derivative with respect to w "
    "holds w, not w²."
)
def squares_returned(W, lam):
    return lam * W**2


@l2_penalty_backward.mistake(
    "The penalty is a sum over the weights, so nothing divides by their number."
)
def averaged_over_the_weights(W, lam):
    return lam * W / W.size


@l2_penalty_backward.mistake(
    "The gradient points to where the penalty grows, away from 0: λ W. The minus comes later, in the "
    "step."
)
def minus_of_the_step(W, lam):
    return -lam * W


@l2_penalty_backward.mistake(
    "You differentiate the norm √(Σ w²), not its square. The penalty holds the square, so that every "
    "weight can be differentiated alone."
)
def norm_for_its_square(W, lam):
    return lam * W / np.sqrt((W * W).sum())


@l2_penalty_backward.alternative
def half_of_twice(W, lam):
    return 0.5 * lam * 2 * W


@l2_penalty_backward.alternative
def by_multiply(W, lam):
    return np.multiply(W, lam)


@l2_penalty_backward.loop
def _(W, lam):
    dW = np.empty_like(W)
    for i in np.ndindex(W.shape):
        dW[i] = lam * W[i]
    return dW


# -- soft_threshold ----------------------------------------------------------------------------

soft_threshold = Exercise(reference.soft_threshold, points=2, see="eq-soft-threshold", returns="v")
soft_threshold.hints(
    "What becomes of a weight that is larger than t, of one below −t, and of one between them?",
    "Sign and size part: the sign stays, and the size becomes |w| − t, but never less than 0.",
    "`return np.sign(w) * np.maximum(np.abs(w) - t, 0)`.",
)


@soft_threshold.cases
def _(rng):
    yield "a matrix", dict(w=rng.normal(size=(7, 4)), t=0.5)
    yield "a row of weights", dict(w=2 * rng.normal(size=30), t=1.2)
    yield (
        "weights exactly at the threshold",
        dict(w=np.array([-0.25, 0.25, 0.5, -1.0, 0.0]), t=0.25),
    )
    yield "a threshold of 0", dict(w=rng.normal(size=(2, 3)), t=0.0)
    yield "huge weights", dict(w=np.array([[1e300, -1e300], [3.0, -1e-300]]), t=2.0)
    yield "a transposed (non-contiguous) matrix", dict(w=rng.normal(size=(3, 5)).T, t=0.3)
    yield "float32 weights", dict(w=rng.normal(size=(4, 2, 3)).astype(np.float32), t=0.4)


@soft_threshold.torch
def _(torch, w, t):
    return torch.nn.functional.softshrink(w, t)


@soft_threshold.mistake(
    "That is the hard threshold: large weights stay as they are. The L1 penalty pulls at them too, "
    "so they move by t towards 0."
)
def hard_threshold(w, t):
    return np.where(np.abs(w) > t, w, 0)


@soft_threshold.mistake(
    "Small weights are pulled beyond 0 and come out on the other side. They should stop at 0: "
    "`np.maximum(np.abs(w) - t, 0)`."
)
def pulled_beyond_zero(w, t):
    return w - t * np.sign(w)


@soft_threshold.mistake(
    "The sign is lost: negative weights come out positive. Multiply the size by sign(w)."
)
def sign_lost(w, t):
    return np.maximum(np.abs(w) - t, 0)


@soft_threshold.mistake(
    "Negative weights all become 0. They should move up by t, towards 0, as the positive ones move "
    "down: the rule is symmetric."
)
def negative_weights_set_to_zero(w, t):
    return np.maximum(w - t, 0)


@soft_threshold.mistake(
    "You keep what should be taken away: clipping to [−t, t] is w minus the answer."
)
def clipped_to_the_threshold(w, t):
    return np.clip(w, -t, t)


@soft_threshold.mistake("The weights move away from 0: |w| − t is the new size, not |w| + t.")
def pushed_outwards(w, t):
    return np.where(np.abs(w) > t, np.sign(w) * (np.abs(w) + t), 0)


@soft_threshold.mistake(
    "You make the weights smaller by a factor, which is what L2 does; none ever becomes 0. L1 takes "
    "the same amount t from each."
)
def shrunk_by_a_factor(w, t):
    return w / (1 + t)


@soft_threshold.alternative
def what_clipping_leaves(w, t):
    return w - np.clip(w, -t, t)


@soft_threshold.alternative
def two_ramps(w, t):
    return np.maximum(w - t, 0) + np.minimum(w + t, 0)


@soft_threshold.loop
def _(w, t):
    v = np.zeros_like(w)
    for i in np.ndindex(w.shape):
        if w[i] > t:
            v[i] = w[i] - t
        elif w[i] < -t:
            v[i] = w[i] + t
    return v


@soft_threshold.benchmark
def _(rng):
    return dict(w=rng.normal(size=(784, 128)), t=0.5)


# -- dropout -----------------------------------------------------------------------------------

dropout = Exercise(reference.dropout, points=3, see="eq-dropout-mean", returns="Y, mask", rtol=0.08)
dropout.hints(
    "An entry is kept with probability 1 − p. Which comparison of `rng.random(X.shape)` with p is "
    "true that often? And what is the mean of an entry that is kept only so often?",
    "The mean of X ⊙ mask is (1 − p) X. Divide by 1 − p, and it is X again.",
    "`mask = rng.random(X.shape) >= p`, then `return X * mask / (1 - p), mask`.",
)


@dropout.cases
def _(rng):
    def inputs(shape, p, dtype=float):
        X = rng.normal(size=shape) + 0.001  # no entry is 0
        return dict(X=X.astype(dtype), p=p, rng=seed(rng))

    yield "a batch of rows", inputs((105, 97), 0.3)
    yield "most entries dropped", inputs((150, 9, 23), 0.7)
    yield "nothing dropped", inputs((6, 5), 0.0)
    yield "a float32 batch", inputs((160, 125), 0.6, np.float32)
    turned = inputs((150, 130), 0.1)
    yield "a transposed (non-contiguous) batch", turned | dict(X=turned["X"].T)


@dropout.law
def _(result, X, p, rng):
    Y, mask = (np.asarray(part) for part in result)
    kept, factors = mask.astype(bool), (Y / X).astype(float)
    table = np.packbits(kept.reshape(len(kept), -1), axis=1)
    across = np.packbits(kept.reshape(len(kept), -1).T, axis=1)
    repeated = [np.unique(rows, axis=0, return_counts=True)[1].max() for rows in (table, across)]
    return {
        "the share of True in `mask`": kept.mean(),
        "the factor on entries where `mask` is True": np.median(factors[kept]),
        "the entries of `Y` where `mask` is False": np.abs(factors[~kept]).max(initial=0.0),
        "how often a row or a column of `mask` occurs again": 1 / np.array(repeated),
        "the formula `X * mask / (1 - p)`": float(np.allclose(Y, X * kept / (1 - p), rtol=1e-5)),
    }


@dropout.torch
def _(torch, X, p, rng):
    with torch.random.fork_rng():
        torch.manual_seed(int(rng.integers(2**31)))
        Y = torch.nn.functional.dropout(X, p)
    return Y, Y != 0


@dropout.mistake(
    "What remains is not scaled, so the mean of every entry falls to (1 − p) times what it was. "
    "Divide by 1 − p, so that the next layer sees the same mean in training and at test time."
)
def not_scaled(X, p, rng):
    mask = rng.random(X.shape) >= p
    return X * mask, mask


@dropout.mistake(
    "You divide by p, the share that is dropped. An entry is kept with probability 1 − p, so 1 − p "
    "is what keeps the mean."
)
def divided_by_p(X, p, rng):
    mask = rng.random(X.shape) >= p
    return X * mask / p, mask


@dropout.mistake(
    "You multiply by 1 − p in training, which makes the mean smaller still. (Multiplying belongs to "
    "the older form, at test time.) Divide by 1 − p."
)
def multiplied_by_the_share_kept(X, p, rng):
    mask = rng.random(X.shape) >= p
    return X * mask * (1 - p), mask


@dropout.mistake(
    "You take p for the probability of keeping. Here, as in torch, p is the probability of dropping: "
    "keep where `rng.random(X.shape) >= p`, and divide by 1 − p."
)
def p_taken_for_keeping(X, p, rng):
    mask = rng.random(X.shape) < p
    return X * mask / p, mask


@dropout.mistake(
    "The comparison is turned round: `rng.random(X.shape) < p` is true with probability p, and an "
    "entry should be kept with probability 1 − p."
)
def comparison_turned_round(X, p, rng):
    mask = rng.random(X.shape) < p
    return X * mask / (1 - p), mask


@dropout.mistake(
    "`Y` is right, but `mask` is True where entries were dropped. It should say what was kept, so "
    "that the backward pass can multiply by it."
)
def mask_of_what_was_dropped(X, p, rng):
    dropped = rng.random(X.shape) < p
    return X * ~dropped / (1 - p), dropped


@dropout.mistake(
    "All examples lose the same units: one row of chances is used for the whole batch. Draw one "
    "number for every entry of X: `rng.random(X.shape)`."
)
def one_row_for_all_examples(X, p, rng):
    mask = np.broadcast_to(rng.random(X.shape[1:]) >= p, X.shape).copy()
    return X * mask / (1 - p), mask


@dropout.mistake(
    "Whole examples are dropped: one number decides over a row. Draw one for every entry of X: "
    "`rng.random(X.shape)`."
)
def whole_examples_dropped(X, p, rng):
    draws = rng.random((len(X),) + (1,) * (X.ndim - 1))
    mask = np.broadcast_to(draws >= p, X.shape).copy()
    return X * mask / (1 - p), mask


@dropout.mistake(
    "`Y` is right, but the mask that you return is already divided by 1 − p. Here it is boolean, "
    "True where X was kept, and `dropout_backward` divides."
)
def scaled_mask_returned(X, p, rng):
    mask = (rng.random(X.shape) >= p) / (1 - p)
    return (X * mask).astype(X.dtype), mask


@dropout.mistake("You add noise where dropout sets to 0: multiply by a mask of zeros and ones.")
def scaled_by_random_numbers(X, p, rng):
    draws = rng.random(X.shape)
    return (X * draws / (1 - p)).astype(X.dtype), draws >= p


@dropout.alternative
def chosen_by_where(X, p, rng):
    dropped = rng.random(X.shape) < p
    return np.where(dropped, 0, X / (1 - p)), ~dropped


@dropout.alternative
def by_binomial_draws(X, p, rng):
    mask = rng.binomial(1, 1 - p, size=X.shape).astype(bool)
    return (X / (1 - p)) * mask, mask


@dropout.alternative
def nothing_to_do_without_p(X, p, rng):
    if p == 0:
        return X.copy(), np.ones(X.shape, bool)
    mask = rng.uniform(size=X.shape) < 1 - p
    return X * mask * (1 / (1 - p)), mask


@dropout.alternative
def example_by_example(X, p, rng):
    mask = np.array([rng.random(x.shape) >= p for x in X])
    return np.stack([x * kept / (1 - p) for x, kept in zip(X, mask, strict=True)]), mask


# -- dropout_backward --------------------------------------------------------------------------

dropout_backward = Exercise(
    reference.dropout_backward, points=1, see="eq-dropout-backward", returns="dX"
)
dropout_backward.hints(
    "Once the mask is drawn, Y is X times a number, entry by entry. Which number?",
    "The number is 1 / (1 − p) where the entry was kept, and 0 where it was dropped. The gradient is "
    "multiplied by the same.",
    "`return dY * mask / (1 - p)`.",
)


@dropout_backward.cases
def _(rng):
    def inputs(shape, p, dtype=float):
        mask = rng.random(shape) >= p
        mask.flat[:2] = True, False  # whatever chance says, both occur
        return dict(dY=rng.normal(size=shape).astype(dtype), mask=mask, p=p)

    yield "a batch of rows", inputs((6, 4), 0.3)
    yield "most entries dropped", inputs((3, 5, 2), 0.8)
    yield "a single example", inputs((1, 7), 0.4)
    yield "hardly anything dropped", inputs((5, 8), 0.05)
    turned = inputs((3, 5), 0.6)
    yield "a transposed (non-contiguous) batch", turned | dict(dY=rng.normal(size=(5, 3)).T)
    yield "a float32 batch", inputs((4, 3), 0.7, np.float32)


@dropout_backward.torch
def _(torch, dY, mask, p):
    return torch.ops.aten.native_dropout_backward(dY, mask, 1 / (1 - p))


@dropout_backward.mistake(
    "The factor 1 / (1 − p) of the forward pass is missing: what was scaled on the way forward is "
    "scaled on the way back."
)
def scale_forgotten(dY, mask, p):
    return dY * mask


@dropout_backward.mistake(
    "A dropped entry had no influence on the loss, so its gradient is 0: multiply by the mask."
)
def mask_forgotten(dY, mask, p):
    return dY / (1 - p)


@dropout_backward.mistake(
    "You divide by 1 − p twice. The mask is boolean and holds no scale, so once is right."
)
def scaled_twice(dY, mask, p):
    return dY * mask / (1 - p) ** 2


@dropout_backward.mistake("You divide by p; the forward pass divided by 1 − p.")
def divided_by_p(dY, mask, p):
    return dY * mask / p


@dropout_backward.mistake(
    "You multiply by 1 − p, as if the way back had to undo the way forward. It does not: the gradient "
    "meets the same factor 1 / (1 − p)."
)
def multiplied_by_the_share_kept(dY, mask, p):
    return dY * mask * (1 - p)


@dropout_backward.mistake(
    "The gradient flows through what was dropped. The mask is True where X was kept."
)
def mask_turned_round(dY, mask, p):
    return dY * ~mask / (1 - p)


@dropout_backward.alternative
def chosen_by_where(dY, mask, p):
    return np.where(mask, dY / (1 - p), 0)


@dropout_backward.alternative
def scale_first(dY, mask, p):
    return 1 / (1 - p) * mask.astype(dY.dtype) * dY


@dropout_backward.loop
def _(dY, mask, p):
    dX = np.zeros_like(dY)
    for i in np.ndindex(dY.shape):
        if mask[i]:
            dX[i] = dY[i] / (1 - p)
    return dX


@dropout_backward.benchmark
def _(rng):
    return dict(dY=rng.normal(size=(128, 1000)), mask=rng.random((128, 1000)) >= 0.5, p=0.5)


# -- standardize -------------------------------------------------------------------------------

standardize = Exercise(reference.standardize, points=3, see="def-standardize", returns="X")
standardize.hints(
    "Whose mean and whose standard deviation may be used? The test set has not arrived yet.",
    "Mean and standard deviation of the columns (axis 0) of X_train. Where a column of X_train is "
    "constant, divide by 1. Ask whether its smallest and its largest value are equal: its standard "
    "deviation may be 10⁻¹⁷ instead of 0.",
    "`s = np.where(X_train.min(axis=0) == X_train.max(axis=0), 1, X_train.std(axis=0))`, then "
    "`return (X - X_train.mean(axis=0)) / s`.",
)


@standardize.cases
def _(rng):
    def inputs(n, m, d, dtype=float, centre=3.0):
        scales = rng.uniform(0.5, 4, size=d)
        X_train = centre * rng.normal(size=d) + scales * rng.normal(size=(n, d))
        X = centre * rng.normal(size=d) + scales * rng.normal(size=(m, d))
        return dict(X_train=X_train.astype(dtype), X=X.astype(dtype))

    def constant(given, column, value):
        given["X_train"][:, column] = value
        return given

    yield "a training set and a test set", inputs(9, 5, 3)
    yield "a single new example", inputs(7, 1, 4)
    yield "a constant column", constant(inputs(8, 4, 3), 1, 2.5)
    yield "a constant column whose mean is rounded", constant(inputs(10, 6, 3), 2, 0.1)
    far = inputs(11, 6, 3)
    yield "columns far from zero", {name: 1e5 + array for name, array in far.items()}
    turned = inputs(6, 3, 2)
    yield "transposed (non-contiguous) arrays", turned | dict(X_train=rng.normal(size=(2, 6)).T)
    yield "float32 arrays with a constant column", constant(inputs(12, 2, 4, np.float32), 0, 1.5)


@standardize.torch
def _(torch, X_train, X):
    constant = (X_train == X_train[0]).all(dim=0)
    s = X_train.std(dim=0, correction=0)
    return (X - X_train.mean(dim=0)) / torch.where(constant, torch.ones_like(s), s)


def standardized(X, m, s, constant):
    return (X - m) / np.where(constant, 1, s)


def is_constant(X):
    return np.ptp(X, axis=0) == 0


@standardize.mistake(
    "You take the mean and the standard deviation of X itself. Then an example is judged by those "
    "that happen to come with it, and training and test set are measured with two rulers. Both are "
    "statistics of X_train."
)
def statistics_of_X(X_train, X):
    return standardized(X, X.mean(axis=0), X.std(axis=0), is_constant(X))


@standardize.mistake(
    "The statistics are taken over X_train and X together, so the test set leaks into the training. "
    "Use X_train alone."
)
def test_set_leaks_into_the_statistics(X_train, X):
    both = np.concatenate([X_train, X])
    return standardized(X, both.mean(axis=0), both.std(axis=0), is_constant(both))


@standardize.mistake(
    "You divide by N − 1 (`ddof=1`), as when a variance is estimated. Here the training columns shall "
    "have the standard deviation 1 themselves: divide by N, NumPy's default."
)
def divided_by_n_minus_one(X_train, X):
    s = X_train.std(axis=0, ddof=1)
    return standardized(X, X_train.mean(axis=0), s, is_constant(X_train))


@standardize.mistake(
    "You divide by the variance; the standard deviation is its root, and has the unit of X."
)
def variance_for_standard_deviation(X_train, X):
    return standardized(X, X_train.mean(axis=0), X_train.var(axis=0), is_constant(X_train))


@standardize.mistake(
    "A constant column has the standard deviation 0, and you divide by it. Let 1 take its place there."
)
def constant_columns_divided_by_zero(X_train, X):
    return (X - X_train.mean(axis=0)) / X_train.std(axis=0)


@standardize.mistake(
    "You ask whether the standard deviation is 0. For a column of ten times 0.1 it is 10⁻¹⁷, since "
    "the mean is rounded, and you divide by that. Ask whether all values of the column are equal: "
    "smallest == largest."
)
def rounding_hides_a_constant_column(X_train, X):
    s = X_train.std(axis=0)
    return standardized(X, X_train.mean(axis=0), s, s == 0)


@standardize.mistake(
    "The small number added to s mends the warning and not the result: a constant column is divided "
    "by 10⁻⁸, so the smallest change in it becomes huge, and the other columns are off too. Put 1 "
    "where the column is constant."
)
def small_number_added(X_train, X):
    return (X - X_train.mean(axis=0)) / (X_train.std(axis=0) + 1e-8)


@standardize.mistake(
    "One mean and one standard deviation serve for all columns. Every column has its own: `axis=0`."
)
def one_ruler_for_all_columns(X_train, X):
    return standardized(X, X_train.mean(), X_train.std(), False)


@standardize.mistake("The columns are scaled, but not shifted: subtract the mean first.")
def mean_not_subtracted(X_train, X):
    return standardized(X, 0, X_train.std(axis=0), is_constant(X_train))


@standardize.mistake("The columns are shifted, but not scaled: divide by the standard deviation.")
def not_scaled(X_train, X):
    return X - X_train.mean(axis=0)


@standardize.mistake(
    "You scale to the range from 0 to 1, by smallest and largest value. Here it is the mean and the "
    "standard deviation."
)
def scaled_to_the_range(X_train, X):
    low = X_train.min(axis=0)
    return standardized(X, low, X_train.max(axis=0) - low, is_constant(X_train))


@standardize.mistake(
    "The mean of squares minus the square of the mean is right on paper, but for columns far from "
    "zero two large, nearly equal numbers are subtracted and the digits are gone. Subtract the mean "
    "first, as `np.std` does."
)
def variance_by_a_difference_of_squares(X_train, X):
    m = X_train.mean(axis=0)
    s = np.sqrt(np.maximum((X_train**2).mean(axis=0) - m**2, 0))
    return standardized(X, m, s, is_constant(X_train))


@standardize.alternative
def division_only_where_it_is_allowed(X_train, X):
    centred = X - np.mean(X_train, axis=0)
    return np.divide(
        centred, np.std(X_train, axis=0), out=centred.copy(), where=~is_constant(X_train)
    )


@standardize.alternative
def spread_by_hand(X_train, X):
    m = X_train.sum(axis=0) / len(X_train)
    s = np.sqrt(((X_train - m) ** 2).mean(axis=0))
    s[(X_train == X_train[0]).all(axis=0)] = 1
    return (X - m) / s


@standardize.loop
def _(X_train, X):
    out = np.empty_like(X)
    for j in range(X.shape[1]):
        column = [float(x) for x in X_train[:, j]]
        m = statistics.fmean(column)
        s = 1.0 if len(set(column)) == 1 else statistics.pstdev(column)
        for i in range(len(X)):
            out[i, j] = (float(X[i, j]) - m) / s
    return out


@standardize.benchmark
def _(rng):
    return dict(X_train=rng.normal(size=(1000, 64)), X=rng.normal(size=(300, 64)))


# -- train_valid_test_split --------------------------------------------------------------------

train_valid_test_split = Exercise(
    reference.train_valid_test_split,
    points=3,
    see="def-split",
    returns="train, valid, test",
    rtol=0.08,
)
train_valid_test_split.hints(
    "One random order of all examples, cut twice: why can no example then fall into two parts?",
    "`rng.permutation(n)` is the order. The cuts lie at round(n f₁) and round(n (f₁ + f₂)); what "
    "remains is the test set.",
    "`cuts = np.round(n * np.cumsum(fractions[:2])).astype(int)`, then "
    "`np.split(rng.permutation(n), cuts)` holds the three parts.",
)


@train_valid_test_split.cases
def _(rng):
    yield "the usual fractions", dict(n=24_000, fractions=(0.6, 0.25, 0.15), rng=seed(rng))
    yield "a small part for training", dict(n=15_007, fractions=(0.3, 0.3, 0.4), rng=seed(rng))
    yield "sizes that are rounded", dict(n=11, fractions=(0.7, 0.2, 0.1), rng=Seed(5))
    yield "no test set", dict(n=17_001, fractions=(0.2, 0.8, 0.0), rng=seed(rng))


@train_valid_test_split.law
def _(parts, n, fractions, rng):
    indices = np.concatenate(parts)
    together = [np.mean(np.diff(part) == 1) if n > 100 and len(part) else 0 for part in parts]
    means = [part.mean() if n > 100 and len(part) else 0 for part in parts]
    return {
        "how many of the examples occur": np.unique(indices).size / n,
        "its smallest and its largest index": np.quantile(indices, [0, 1]),
        "the neighbours that were torn apart": 1 - np.array(together),
        "the mean index of each part": np.array(means),
    }


@train_valid_test_split.torch
def _(torch, n, fractions, rng):
    parts = torch.utils.data.random_split(
        range(n),
        list(map(len, reference.train_valid_test_split(n, fractions, rng))),
        generator=seeded(torch, rng),
    )
    return tuple(torch.tensor(part.indices, dtype=torch.int64) for part in parts)


def sizes(n, fractions):
    cuts = [0, round(n * fractions[0]), round(n * (fractions[0] + fractions[1])), n]
    return np.diff(cuts)


def cut(order, counts):
    return tuple(np.split(order, np.cumsum(counts)[:-1]))


@train_valid_test_split.mistake(
    "The examples keep the order of the file, where they are often sorted by class or by time. Draw "
    "`rng.permutation(n)` and cut that."
)
def not_shuffled(n, fractions, rng):
    return cut(np.arange(n), sizes(n, fractions))


@train_valid_test_split.mistake(
    "You cut first and shuffle each part afterwards, so the test set is still the end of the file. "
    "Shuffle all examples, then cut."
)
def shuffled_only_after_the_cut(n, fractions, rng):
    return tuple(rng.permutation(part) for part in cut(np.arange(n), sizes(n, fractions)))


@train_valid_test_split.mistake(
    "Each part is drawn by itself, so the same example can be in two of them, and the test no longer "
    "tests anything new. Draw one permutation and cut it."
)
def parts_overlap(n, fractions, rng):
    return tuple(rng.permutation(n)[:size] for size in sizes(n, fractions))


@train_valid_test_split.mistake(
    "Examples are drawn with replacement (the default of `rng.choice`, and what `rng.integers` does): "
    "some come several times and others never. Draw one permutation and cut it."
)
def drawn_with_replacement(n, fractions, rng):
    return cut(rng.integers(n, size=n), sizes(n, fractions))


@train_valid_test_split.mistake(
    "All three parts begin at the front of the same order, so the validation and test examples are "
    "training examples too. Each part begins where the one before it ends."
)
def every_part_from_the_front(n, fractions, rng):
    order = rng.permutation(n)
    return tuple(order[:size] for size in sizes(n, fractions))


@train_valid_test_split.mistake(
    "The second fraction is taken of what the training set left over. All three are fractions of n."
)
def fraction_of_what_is_left(n, fractions, rng):
    train = round(n * fractions[0])
    valid = round((n - train) * fractions[1])
    return cut(rng.permutation(n), [train, valid, n - train - valid])


@train_valid_test_split.mistake(
    "The sizes are cut down (`int`), where they should be rounded: 7.7 examples are 8. Mind also that "
    "n · (f₁ + f₂) may come out as 8.999… instead of 9."
)
def cut_down_instead_of_rounded(n, fractions, rng):
    train, valid = int(n * fractions[0]), int(n * fractions[1])
    return cut(rng.permutation(n), [train, valid, n - train - valid])


@train_valid_test_split.mistake(
    "The parts come in the wrong order: train, valid, test, with the fractions in that order."
)
def order_of_the_parts(n, fractions, rng):
    train, valid, test = cut(rng.permutation(n), sizes(n, fractions))
    return train, test, valid


@train_valid_test_split.mistake(
    "Indices count from 0 to n − 1; yours count from 1, so X[n] will be asked for and X[0] never used."
)
def counted_from_one(n, fractions, rng):
    return cut(1 + rng.permutation(n), sizes(n, fractions))


@train_valid_test_split.alternative
def slices_of_one_order(n, fractions, rng):
    order = rng.permutation(n)
    first, second = round(n * fractions[0]), round(n * (fractions[0] + fractions[1]))
    return order[:first], order[first:second], order[second:]


@train_valid_test_split.alternative
def sorted_by_random_numbers(n, fractions, rng):
    return cut(np.argsort(rng.random(n)), sizes(n, fractions))


@train_valid_test_split.alternative
def test_set_first(n, fractions, rng):
    order = np.arange(n)
    rng.shuffle(order)
    test, valid, train = cut(order, sizes(n, fractions)[::-1])
    return train, valid, test


@train_valid_test_split.alternative
def dealt_out(n, fractions, rng):
    left, parts = np.arange(n), []
    for size in sizes(n, fractions)[:2]:
        chosen = rng.choice(left, size=size, replace=False)
        left = np.setdiff1d(left, chosen)
        parts.append(chosen)
    return *parts, rng.permutation(left)


# -- confusion_matrix --------------------------------------------------------------------------

confusion_matrix = Exercise(
    reference.confusion_matrix, points=2, see="def-confusion", returns="counts"
)
confusion_matrix.hints(
    "Each example adds 1 to one cell. Which row, and which column?",
    "Number the cells row by row: cell (i, j) is number i · classes + j. Then `np.bincount` counts all "
    "examples at once. Mind labels that are stored as uint8: i · classes may not fit into 8 bits.",
    "`cells = np.ravel_multi_index((labels, predictions), (classes, classes))`, then "
    "`np.bincount(cells, minlength=classes * classes).reshape(classes, classes)`.",
)


@confusion_matrix.cases
def _(rng):
    def inputs(n, classes, labels, predictions, dtype=np.int64):
        return dict(
            labels=rng.integers(labels, size=n).astype(dtype),
            predictions=rng.integers(predictions, size=n).astype(dtype),
            classes=classes,
        )

    yield "four classes", inputs(60, 4, 4, 4)
    yield "classes that do not occur", inputs(40, 6, 5, 3)
    yield "two classes", inputs(31, 2, 2, 2)
    yield "a single example", dict(labels=np.array([2]), predictions=np.array([0]), classes=3)
    crowd = inputs(200, 20, 20, 20, np.uint8)
    crowd["labels"][:5] = 19  # 19 · 20 does not fit into 8 bits
    yield "labels of dtype uint8", crowd


@confusion_matrix.oracle
def _(labels, predictions, classes):
    rows = [
        [np.count_nonzero(predictions[labels == i] == j) for j in range(classes)]
        for i in range(classes)
    ]
    return np.array(rows)


def counted(labels, predictions, classes):
    return reference.confusion_matrix(labels, predictions, classes)


@confusion_matrix.mistake(
    "The matrix is transposed: rows are the true classes, columns the predicted ones. (Both habits "
    "exist; this is scikit-learn's.)"
)
def transposed(labels, predictions, classes):
    return counted(predictions, labels, classes)


@confusion_matrix.mistake(
    "With index arrays `counts[labels, predictions] += 1` adds 1 to every cell only once, however "
    "often it occurs. Use `np.add.at` or `np.bincount`."
)
def every_cell_counted_only_once(labels, predictions, classes):
    counts = np.zeros((classes, classes), dtype=int)
    counts[labels, predictions] += 1
    return counts


@confusion_matrix.mistake(
    "Every row is divided by its sum. Counts are asked for; without them one cannot see how many "
    "examples a class has."
)
def shares_of_every_row(labels, predictions, classes):
    counts = counted(labels, predictions, classes)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


@confusion_matrix.mistake("All cells are divided by N. Counts are asked for.")
def shares_of_all(labels, predictions, classes):
    return counted(labels, predictions, classes) / len(labels)


@confusion_matrix.mistake(
    "Classes that do not occur in this sample have no row or column. The shape is (classes, classes), "
    "whatever occurs: two samples shall be comparable."
)
def absent_classes_left_out(labels, predictions, classes):
    present = np.union1d(labels, predictions)
    return counted(labels, predictions, classes)[np.ix_(present, present)]


@confusion_matrix.mistake(
    "Your labels are of dtype uint8, where numbers begin again at 0 after 255: labels · classes does "
    "not fit. Convert them to int first, or use `np.ravel_multi_index`."
)
def numbers_that_do_not_fit(labels, predictions, classes):
    cells = labels * classes + predictions
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


@confusion_matrix.mistake(
    "Only the right answers are counted, on the diagonal. What was taken for what stands beside it."
)
def right_answers_only(labels, predictions, classes):
    return np.diag(np.diag(counted(labels, predictions, classes)))


@confusion_matrix.alternative
def added_at(labels, predictions, classes):
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, predictions), 1)
    return counts


@confusion_matrix.alternative
def product_of_two_tables(labels, predictions, classes):
    ones = np.eye(classes, dtype=int)
    return ones[labels].T @ ones[predictions]


@confusion_matrix.loop
def _(labels, predictions, classes):
    counts = np.zeros((classes, classes), dtype=int)
    for label, prediction in zip(labels, predictions, strict=True):
        counts[label, prediction] += 1
    return counts


@confusion_matrix.benchmark
def _(rng):
    labels, predictions = rng.integers(10, size=(2, 10_000))
    return dict(labels=labels, predictions=predictions, classes=10)


# -- precision_recall_curve --------------------------------------------------------------------

precision_recall_curve = Exercise(
    reference.precision_recall_curve,
    points=4,
    see="def-precision-recall",
    returns="precision, recall, thresholds",
)
precision_recall_curve.hints(
    "For one threshold: how many examples have a score of at least that, and how many of them are "
    "positive? Now for all thresholds: which sum runs along the sorted scores?",
    "`np.unique(scores, return_inverse=True)` gives the thresholds, and for every example the place of "
    "its score among them. `np.bincount(place)` counts the examples at each; summed from the last "
    "threshold back to the first, it counts those with at least that score. With `weights=labels` it "
    "counts the positives.",
    "`chosen = np.bincount(place)[::-1].cumsum()[::-1]`, `hits` likewise with weights; precision is "
    "`hits / chosen`, recall is `hits / hits[0]` (ones if hits[0] is 0); append 1 and 0.",
)


@precision_recall_curve.cases
def _(rng):
    def inputs(n, decimals=9, dtype=float):
        labels = rng.integers(2, size=n)
        labels[:4] = 1, 0, 1, 0
        scores = np.round(rng.normal(size=n) + 0.7 * labels, decimals)
        return dict(scores=scores.astype(dtype), labels=labels)

    yield "scores without ties", inputs(13)
    tied = inputs(40, 0)
    tied["scores"][:3] = 1.0  # a positive, a negative, a positive
    yield "scores with ties", tied
    yield "all scores equal", dict(scores=np.full(6, 0.5), labels=np.array([0, 1, 1, 0, 1, 0]))
    yield "positives only", dict(scores=rng.normal(size=5), labels=np.ones(5, dtype=int))
    yield "no positive at all", dict(scores=rng.normal(size=4), labels=np.zeros(4, dtype=int))
    yield "a single example", dict(scores=np.array([0.3]), labels=np.array([1]))
    best = dict(scores=np.array([0.1, 0.9, 0.2, 0.8, 0.3]), labels=np.array([0, 1, 0, 1, 0]))
    yield "a perfect ranking", best
    rare = inputs(19)
    rare["labels"] = (np.arange(19) == rng.integers(3, 16)).astype(int)
    yield "one positive among many", rare
    answers = inputs(17, 1)
    yield "labels True and False", answers | dict(labels=answers["labels"] > 0)
    yield "float32 scores", inputs(21, 1, np.float32)


@precision_recall_curve.oracle
def _(scores, labels):
    thresholds = sorted(set(scores.tolist()))
    precision, recall = [], []
    for threshold in thresholds:
        chosen = [
            bool(label) for score, label in zip(scores, labels, strict=True) if score >= threshold
        ]
        precision.append(float(Fraction(sum(chosen), len(chosen))))
        recall.append(float(Fraction(sum(chosen), int(sum(labels)))) if labels.any() else 1.0)
    return np.array([*precision, 1.0]), np.array([*recall, 0.0]), np.array(thresholds)


def compared_with(scores, labels, chosen, thresholds):
    """The curve for a table that says which examples (columns) each threshold (row) chooses."""
    hits = (chosen * labels).sum(axis=1)
    positives = np.count_nonzero(labels)
    precision = hits / np.maximum(chosen.sum(axis=1), 1)
    recall = hits / positives if positives else np.ones(len(hits))
    return np.append(precision, 1.0), np.append(recall, 0.0), thresholds


@precision_recall_curve.mistake(
    "Every example has a point of its own, also where scores are equal. No threshold can tell equal "
    "scores apart, so they change sides together: one point for each distinct score."
)
def ties_split(scores, labels):
    order = np.argsort(scores, kind="stable")
    hits = labels[order][::-1].cumsum()[::-1]
    chosen = np.arange(len(scores), 0, -1)
    recall = hits / hits[0] if hits[0] > 0 else np.ones(len(hits))
    return np.append(hits / chosen, 1.0), np.append(recall, 0.0), scores[order]


@precision_recall_curve.mistake(
    "An example whose score equals the threshold counts as positive: score ≥ threshold. You use >."
)
def greater_for_at_least(scores, labels):
    thresholds = np.unique(scores)
    return compared_with(scores, labels, scores > thresholds[:, None], thresholds)


@precision_recall_curve.mistake(
    "The last point is missing: append precision 1 and recall 0, where the curve meets the axis."
)
def last_point_missing(scores, labels):
    precision, recall, thresholds = reference.precision_recall_curve(scores, labels)
    return precision[:-1], recall[:-1], thresholds


@precision_recall_curve.mistake(
    "The curve begins at the highest threshold. Thresholds should increase, so recall falls along the "
    "arrays and the point (1, 0) comes last."
)
def from_the_highest_threshold_down(scores, labels):
    return tuple(part[::-1] for part in reference.precision_recall_curve(scores, labels))


@precision_recall_curve.mistake(
    "Precision and recall are swapped. Precision divides by what you chose, recall by what there is "
    "to find."
)
def precision_and_recall_swapped(scores, labels):
    precision, recall, thresholds = reference.precision_recall_curve(scores, labels)
    return recall, precision, thresholds


@precision_recall_curve.mistake(
    "Recall divides by the number of positives, not by the number of all examples: a perfect rule "
    "must reach 1."
)
def recall_divided_by_all_examples(scores, labels):
    precision, recall, thresholds = reference.precision_recall_curve(scores, labels)
    return precision, recall * np.mean(labels), thresholds


@precision_recall_curve.mistake(
    "You choose the examples with low scores. Those with score ≥ threshold are called positive."
)
def low_scores_chosen(scores, labels):
    thresholds = np.unique(scores)
    return compared_with(scores, labels, scores <= thresholds[:, None], thresholds)


@precision_recall_curve.mistake(
    "Without a single positive, recall is 0/0. By convention (scikit-learn's too) it counts as 1 "
    "there: nothing was missed."
)
def recall_without_positives_is_not_a_number(scores, labels):
    thresholds, place = np.unique(scores, return_inverse=True)
    chosen = np.bincount(place)[::-1].cumsum()[::-1]
    hits = np.bincount(place, weights=labels)[::-1].cumsum()[::-1]
    return np.append(hits / chosen, 1.0), np.append(hits / hits[0], 0.0), thresholds


@precision_recall_curve.mistake(
    "You cut the curve off where recall has reached 1. The thresholds below belong to it as well: "
    "there only the precision falls."
)
def cut_off_at_full_recall(scores, labels):
    precision, recall, thresholds = reference.precision_recall_curve(scores, labels)
    first = np.flatnonzero(recall == 1)[-1]
    return precision[first:], recall[first:], thresholds[first:]


@precision_recall_curve.mistake(
    "You return the accuracy in place of the precision. Precision looks at the chosen examples alone: "
    "true positives / predicted positives."
)
def accuracy_for_precision(scores, labels):
    _, recall, thresholds = reference.precision_recall_curve(scores, labels)
    right = (scores >= thresholds[:, None]) == labels.astype(bool)
    return np.append(right.mean(axis=1), 1.0), recall, thresholds


@precision_recall_curve.mistake(
    "The steps are levelled (each precision replaced by the best one at a higher recall). That is done "
    "for some averages; the curve itself keeps its teeth."
)
def levelled(scores, labels):
    precision, recall, thresholds = reference.precision_recall_curve(scores, labels)
    return np.append(np.maximum.accumulate(precision[:-1]), 1.0), recall, thresholds


@precision_recall_curve.alternative
def every_threshold_with_every_score(scores, labels):
    thresholds = np.unique(scores)
    return compared_with(scores, labels, scores >= thresholds[:, None], thresholds)


@precision_recall_curve.alternative
def sorted_and_cut_at_the_steps(scores, labels):
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.append(np.flatnonzero(np.diff(falling)), len(scores) - 1)
    hits = np.cumsum(labels[order])[ends]
    recall = hits / hits[-1] if hits[-1] else np.ones(len(ends))
    points = (hits / (ends + 1))[::-1], recall[::-1], falling[ends][::-1]
    return np.append(points[0], 1.0), np.append(points[1], 0.0), points[2]


@precision_recall_curve.loop
def _(scores, labels):
    precision, recall, thresholds = [1.0], [0.0], []
    hits = chosen = 0
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    positives = sum(int(label) for label in labels)
    for place, i in enumerate(order):
        chosen, hits = chosen + 1, hits + int(labels[i])
        if place + 1 == len(order) or scores[order[place + 1]] < scores[i]:
            precision.insert(0, hits / chosen)
            recall.insert(0, hits / positives if positives else 1.0)
            thresholds.insert(0, scores[i])
    return np.array(precision), np.array(recall), np.array(thresholds)


@precision_recall_curve.benchmark
def _(rng):
    return dict(scores=np.round(rng.normal(size=5000), 3), labels=rng.integers(2, size=5000))


# -- f_score -----------------------------------------------------------------------------------

f_score = Exercise(reference.f_score, points=2, see="eq-f-score", returns="F")
f_score.hints(
    "When is β² P + R equal to 0, and what is the numerator then?",
    "(1 + β²) P R / (β² P + R). Where the denominator is 0, divide by 1 instead: the numerator is 0.",
    "`weighted = beta**2 * precision + recall`, then "
    "`return (1 + beta**2) * precision * recall / np.where(weighted == 0, 1, weighted)`.",
)


@f_score.cases
def _(rng):
    def inputs(shape, beta, dtype=float):
        precision, recall = rng.uniform(0.05, 1, size=(2, *shape)).astype(dtype)
        return dict(precision=precision, recall=recall, beta=beta)

    yield "recall twice as important", inputs((6,), 2.0)
    yield "precision more important", inputs((3, 4), 0.5)
    yield "both alike", inputs((5,), 1.0)
    yield "two numbers", dict(precision=0.8, recall=float(rng.uniform(0.1, 0.4)), beta=1.5)
    ends = np.array([0.0, 0.0, 0.7, 1.0]), np.array([0.0, 0.4, 0.0, 1.0])
    yield "precision or recall of 0", dict(precision=ends[0], recall=ends[1], beta=3.0)
    yield "two zeros", dict(precision=0.0, recall=0.0, beta=2.0)
    yield "float32 arrays", inputs((7,), 0.25, np.float32)


@f_score.oracle
def _(precision, recall, beta):
    def harmonic(p, r):
        """The harmonic mean with weight 1 on p and β² on r."""
        if p == 0 or r == 0:
            return 0.0
        p, r, weight = Fraction(float(p)), Fraction(float(r)), Fraction(beta) ** 2
        return float((1 + weight) / (1 / p + weight / r))

    return np.vectorize(harmonic, otypes=[float])(precision, recall)[()]


@f_score.mistake(
    "β is not squared. With β² the score cares β times as much for recall as for precision: at the "
    "point where R = β P both pull alike."
)
def beta_not_squared(precision, recall, beta):
    below = beta * precision + recall
    return (1 + beta) * precision * recall / np.where(below == 0, 1, below)


@f_score.mistake(
    "β² stands at the wrong one: below it multiplies P, so that recall, which stands alone, decides "
    "when it is small."
)
def beta_at_the_recall(precision, recall, beta):
    return reference.f_score(recall, precision, beta)


@f_score.mistake(
    "0/0 gives NaN where precision and recall are both 0. The score is 0 there: put 1 below, since "
    "the numerator is 0."
)
def not_a_number_at_zero(precision, recall, beta):
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


@f_score.mistake("That is F₁, whatever β is: 2 P R / (P + R). Let β² weight the recall.")
def beta_ignored(precision, recall, beta):
    return reference.f_score(precision, recall, 1.0)


@f_score.mistake("The factor 1 + β² is missing: with P = R = 1 the score must be 1.")
def factor_forgotten(precision, recall, beta):
    return reference.f_score(precision, recall, beta) / (1 + beta**2)


@f_score.mistake(
    "That is the weighted arithmetic mean. It gives a rule that calls everything positive a good mark; "
    "the harmonic mean is near the smaller of the two."
)
def arithmetic_mean(precision, recall, beta):
    return (precision + beta**2 * recall) / (1 + beta**2)


@f_score.mistake(
    "That is the geometric mean √(P R); here the harmonic one is asked for, with the weight β²."
)
def geometric_mean(precision, recall, beta):
    return (precision * recall) ** 0.5


@f_score.mistake(
    "The small number below keeps 0/0 away, but every other score comes out too small. Change the "
    "denominator only where it is 0."
)
def small_number_below(precision, recall, beta):
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall + 1e-5)


@f_score.alternative
def by_a_weight_between_zero_and_one(precision, recall, beta):
    alpha = 1 / (1 + beta**2)
    below = (1 - alpha) * precision + alpha * recall
    return precision * recall / np.where(below > 0, below, 1)


@f_score.alternative
def by_reciprocals(precision, recall, beta):
    zero = (np.asarray(precision) == 0) | (np.asarray(recall) == 0)
    p, r = np.where(zero, 1, precision), np.where(zero, 1, recall)
    return (np.where(zero, 0, (1 + beta**2) / (1 / p + beta**2 / r))).astype(p.dtype)[()]


@f_score.loop
def _(precision, recall, beta):
    scores = np.zeros_like(np.asarray(precision))
    for i in np.ndindex(scores.shape):
        p, r = np.asarray(precision)[i], np.asarray(recall)[i]
        if p > 0 and r > 0:
            scores[i] = (1 + beta * beta) * p * r / (beta * beta * p + r)
    return scores[()]


# -- accuracy_at_coverage ----------------------------------------------------------------------

accuracy_at_coverage = Exercise(
    reference.accuracy_at_coverage, points=3, see="def-coverage", returns="accuracy"
)
accuracy_at_coverage.hints(
    "How many examples are answered? Which confidence has the least confident one of them?",
    "k = coverage · N, rounded, at least 1. The k-th largest confidence is the threshold, and all that "
    "reach it are answered, ties included.",
    "`k = max(1, round(coverage * len(confidence)))`, `threshold = np.sort(confidence)[-k]`, then "
    "`return float(np.mean(correct[confidence >= threshold]))`.",
)


@accuracy_at_coverage.cases
def _(rng):
    def inputs(n, coverage, decimals=9):
        confidence = np.round(rng.uniform(0.1, 1, size=n), decimals)
        correct = rng.random(n) < 0.2 + 0.6 * confidence
        return dict(confidence=confidence, correct=correct, coverage=coverage)

    yield "a third of the examples", inputs(90, 0.3)
    yield "most of the examples", inputs(73, 0.88)
    yield "a share that is rounded up", inputs(57, 0.4)  # 22.8
    yield "a share that is rounded down", inputs(61, 0.2)  # 12.2
    yield "all examples", inputs(40, 1.0)
    yield "a coverage of less than one example", inputs(30, 0.01)
    yield "many ties", inputs(120, 0.45, 1)
    yield "all equally confident", inputs(50, 0.3) | dict(confidence=np.full(50, 0.7))
    one = inputs(1, 0.5)
    yield "a single example", one
    counts = inputs(64, 0.7)
    yield "zeros and ones for correct", counts | dict(correct=counts["correct"].astype(int))
    small = inputs(80, 0.6, 2)
    yield "float32 confidences", small | dict(confidence=small["confidence"].astype(np.float32))


@accuracy_at_coverage.oracle
def _(confidence, correct, coverage):
    k = max(1, int(coverage * len(confidence) + 0.5))
    ranked = sorted(zip(confidence.tolist(), correct.tolist(), strict=True), reverse=True)
    answered = [right for sure, right in ranked if sure >= ranked[k - 1][0]]
    return sum(answered) / len(answered)


def most_confident(confidence, k):
    return confidence >= np.sort(confidence)[-k]


def rounded(confidence, coverage):
    return max(1, round(coverage * len(confidence)))


@accuracy_at_coverage.mistake(
    "You answer the least confident examples. NumPy sorts upwards, so the most confident stand at the "
    "end."
)
def least_confident_answered(confidence, correct, coverage):
    threshold = np.sort(confidence)[rounded(confidence, coverage) - 1]
    return float(np.mean(correct[confidence <= threshold]))


@accuracy_at_coverage.mistake(
    "You compare the confidence with the coverage. Coverage is a share of the examples; which "
    "confidence it asks for follows from the examples themselves."
)
def coverage_taken_for_a_threshold(confidence, correct, coverage):
    answered = confidence >= coverage
    return float(np.mean(correct[answered])) if answered.any() else 0.0


@accuracy_at_coverage.mistake(
    "You divide by the number of all examples. Accuracy at coverage counts only those that are "
    "answered: the mean over them."
)
def divided_by_all_examples(confidence, correct, coverage):
    answered = most_confident(confidence, rounded(confidence, coverage))
    return float(np.sum(correct[answered]) / len(correct))


@accuracy_at_coverage.mistake(
    "That is the share of errors; the share of right answers is asked for."
)
def errors_counted(confidence, correct, coverage):
    return 1 - reference.accuracy_at_coverage(confidence, correct, coverage)


@accuracy_at_coverage.mistake(
    "You take exactly k examples, so among equally confident ones their place in the file decides. A "
    "threshold cannot tell them apart: answer all that are as confident as the k-th."
)
def ties_cut_by_their_place(confidence, correct, coverage):
    order = np.argsort(-confidence, kind="stable")
    return float(np.mean(correct[order[: rounded(confidence, coverage)]]))


@accuracy_at_coverage.mistake(
    "The k-th most confident example is answered too: confidence ≥ threshold. You use >."
)
def greater_for_at_least(confidence, correct, coverage):
    threshold = np.sort(confidence)[-rounded(confidence, coverage)]
    answered = confidence > threshold
    return float(np.mean(correct[answered])) if answered.any() else 0.0


@accuracy_at_coverage.mistake(
    "The coverage is ignored: that is the accuracy over all examples, however unsure."
)
def accuracy_of_all(confidence, correct, coverage):
    return float(np.mean(correct))


@accuracy_at_coverage.mistake(
    "k is cut down (`int`), where it should be rounded to the nearest whole number: 22.8 examples "
    "are 23."
)
def cut_down_instead_of_rounded(confidence, correct, coverage):
    k = max(1, int(coverage * len(confidence)))
    return float(np.mean(correct[most_confident(confidence, k)]))


@accuracy_at_coverage.mistake(
    "A small coverage rounds to k = 0, and `[-0]` is the first place, not the last: all examples are "
    "answered. Answer at least one: `max(1, …)`."
)
def no_example_left(confidence, correct, coverage):
    k = round(coverage * len(confidence))
    return float(np.mean(correct[most_confident(confidence, k)]))


@accuracy_at_coverage.alternative
def by_partition(confidence, correct, coverage):
    k = max(1, round(coverage * len(confidence)))
    threshold = np.partition(-confidence, k - 1)[k - 1]
    answered = -confidence <= threshold
    return correct[answered].sum() / answered.sum()


@accuracy_at_coverage.alternative
def by_sorting_both(confidence, correct, coverage):
    order = np.argsort(-confidence)
    last = max(1, int(np.round(coverage * confidence.size))) - 1
    while last + 1 < len(order) and confidence[order[last + 1]] == confidence[order[last]]:
        last += 1
    return np.mean(correct[order[: last + 1]])


@accuracy_at_coverage.loop
def _(confidence, correct, coverage):
    k = max(1, round(coverage * len(confidence)))
    threshold = sorted(confidence)[-k]
    right = answered = 0
    for sure, one in zip(confidence, correct, strict=True):
        if sure >= threshold:
            right, answered = right + int(one), answered + 1
    return right / answered


# -- early_stopping ----------------------------------------------------------------------------

early_stopping = Exercise(
    reference.early_stopping, points=3, see="def-early-stopping", returns="best, stop"
)
early_stopping.hints(
    "Go through the epochs as they come. What must be remembered: which loss was the lowest, and when?",
    "If the loss is lower than the lowest so far, this epoch is the best. If not, ask whether the best "
    "one lies `patience` epochs back. A comparison with NaN is False, so ask `loss < lowest`.",
    "`for epoch, loss in enumerate(valid_losses)`: `if loss < lowest: best, lowest = epoch, loss`, "
    "`elif epoch - best >= patience: return best, epoch`; after the loop "
    "`return best, len(valid_losses) - 1`.",
)


@early_stopping.cases
def _(rng):
    def inputs(losses, patience):
        scale = rng.uniform(0.5, 3)
        return dict(valid_losses=[float(scale * loss) for loss in losses], patience=patience)

    nan, inf = float("nan"), float("inf")
    yield "a rise after the best epoch", inputs([1.0, 0.8, 0.6, 0.7, 0.65, 0.62, 0.5], 3)
    yield "small rises in between", inputs([0.9, 0.95, 0.7, 0.8, 0.6, 0.65, 0.5], 3)
    yield "equal losses", inputs([0.5, 0.5, 0.5, 0.5, 0.4], 3)
    yield "a high plateau that falls slowly", inputs([1.0, 0.5, 0.9, 0.8, 0.7, 0.6, 0.55], 3)
    yield "NaN on the way", inputs([0.9, nan, 0.7, nan, nan, 0.6], 2)
    yield "NaN at the beginning", inputs([nan, 0.8, 0.7, 0.75], 2)
    yield "NaN and nothing else", inputs([nan] * 6, 4)
    yield "infinity at the beginning", inputs([inf, inf, 0.7, 0.9, 0.8, 0.75, 0.74], 4)
    yield "a patience of one", inputs([0.9, 0.8, 0.85, 0.7], 1)
    yield "a single epoch", inputs([0.3], 2)
    noisy = np.exp(-np.arange(40) / 6) + 0.02 * np.arange(40) + 0.05 * rng.random(40)
    yield "a long and noisy run", inputs(noisy, 5)


@early_stopping.oracle
def _(valid_losses, patience):
    losses = [loss if loss == loss else float("inf") for loss in valid_losses]
    for stop in range(len(losses)):
        best = losses.index(min(losses[: stop + 1]))
        if stop - best >= patience:
            break
    return best, stop


def stepped(valid_losses, patience, better):
    """Early stopping with another idea of what an improvement is."""
    best, lowest = 0, float("inf")
    for epoch, loss in enumerate(valid_losses):
        if better(loss, lowest):
            best, lowest = epoch, loss
        elif epoch - best >= patience:
            return best, epoch
    return best, len(valid_losses) - 1


@early_stopping.mistake(
    "You wait one epoch too long: training stops when the best epoch lies `patience` epochs back, "
    "so ≥ and not >."
)
def one_epoch_too_late(valid_losses, patience):
    return reference.early_stopping(valid_losses, patience + 1)


@early_stopping.mistake(
    "You stop one epoch too soon: the best epoch must lie `patience` epochs back, not patience − 1."
)
def one_epoch_too_soon(valid_losses, patience):
    return reference.early_stopping(valid_losses, max(patience - 1, 1))


@early_stopping.mistake(
    "The epoch at which training stops comes back as the best one. The best lies `patience` epochs "
    "before: keep its number, and with it its weights."
)
def last_epoch_for_the_best(valid_losses, patience):
    _, stop = reference.early_stopping(valid_losses, patience)
    return stop, stop


@early_stopping.mistake(
    "The two numbers are swapped: first the best epoch, then the one at which training stops."
)
def results_swapped(valid_losses, patience):
    return reference.early_stopping(valid_losses, patience)[::-1]


@early_stopping.mistake(
    "You look at losses that come after the stop: those epochs never happen. The best epoch is the "
    "best of those before it."
)
def best_of_epochs_never_trained(valid_losses, patience):
    _, stop = reference.early_stopping(valid_losses, patience)
    losses = np.nan_to_num(valid_losses, nan=np.inf, posinf=np.inf)
    return int(np.argmin(losses)), stop


@early_stopping.mistake(
    "An equal loss is no improvement: strictly lower is asked for (<, not ≤), or a network that no "
    "longer learns would train for ever."
)
def equal_counts_as_better(valid_losses, patience):
    return stepped(
        valid_losses, patience, lambda loss, lowest: loss <= lowest and loss < float("inf")
    )


@early_stopping.mistake(
    "You compare with the epoch before, not with the best so far: after one bad jump a slow fall "
    "counts as improvement for ever."
)
def compared_with_the_epoch_before(valid_losses, patience):
    best, last, bad = 0, float("inf"), 0
    for epoch, loss in enumerate(valid_losses):
        if loss < last:
            best, bad = epoch, 0
        else:
            bad += 1
            if bad >= patience:
                return best, epoch
        last = loss
    return best, len(valid_losses) - 1


@early_stopping.mistake(
    "The count of bad epochs is never set back to 0, so small rises add up over the whole run. An "
    "improvement starts the count anew."
)
def count_never_set_back(valid_losses, patience):
    best, lowest, bad = 0, float("inf"), 0
    for epoch, loss in enumerate(valid_losses):
        if loss < lowest:
            best, lowest = epoch, loss
        else:
            bad += 1
            if bad >= patience:
                return best, epoch
    return best, len(valid_losses) - 1


@early_stopping.mistake(
    "NaN counts as an improvement. Every comparison with NaN is False, so `not loss >= lowest` takes "
    "it for better, and nothing is lower afterwards: ask `loss < lowest`."
)
def not_a_number_counts_as_better(valid_losses, patience):
    return stepped(valid_losses, patience, lambda loss, lowest: not loss >= lowest)


@early_stopping.mistake("Epochs count from 0: the first loss is that of epoch 0.")
def epochs_counted_from_one(valid_losses, patience):
    best, stop = reference.early_stopping(valid_losses, patience)
    return best + 1, stop + 1


@early_stopping.alternative
def waiting_counted(valid_losses, patience):
    best, lowest, waited = 0, np.inf, -1
    for epoch, loss in enumerate(valid_losses):
        waited += 1
        if loss < lowest:
            best, lowest, waited = epoch, loss, 0
        if waited == patience:
            return best, epoch
    return best, epoch


@early_stopping.alternative
def by_running_minima(valid_losses, patience):
    losses = np.where(np.isnan(valid_losses), np.inf, valid_losses)
    lowest = np.minimum.accumulate(losses)
    falls = np.append(False, lowest[1:] < lowest[:-1])
    epochs = np.arange(len(losses))
    best = np.maximum.accumulate(np.where(falls, epochs, 0))
    stops = np.flatnonzero(epochs - best >= patience)
    stop = stops[0] if stops.size else len(losses) - 1
    return int(best[stop]), int(stop)


# -- batch_norm_inference ----------------------------------------------------------------------

batch_norm_inference = Exercise(
    reference.batch_norm_inference, points=2, see="def-batch-norm-inference", returns="Y"
)
batch_norm_inference.hints(
    "At test time one example may come alone. Where do its mean and variance come from then?",
    "(X − running_mean) / √(running_var + ε), column by column; then times γ, plus β.",
    "`return (X - running_mean) * (gamma / np.sqrt(running_var + eps)) + beta`.",
)


@batch_norm_inference.cases
def _(rng):
    def inputs(n, d, dtype=float, eps=1e-5, spread=1.0):
        given = dict(
            X=2 * rng.normal(size=(n, d)) + 1,
            gamma=rng.normal(size=d),
            beta=rng.normal(size=d),
            running_mean=rng.normal(size=d),
            running_var=spread * rng.uniform(0.3, 4, size=d),
        )
        return {name: array.astype(dtype) for name, array in given.items()} | dict(eps=eps)

    yield "a batch", inputs(6, 4)
    yield "a single example", inputs(1, 5)
    yield "a large eps", inputs(3, 2, eps=0.5)
    yield "tiny variances", inputs(5, 3, eps=1e-3, spread=1e-4)
    constant = inputs(4, 3)
    constant["running_var"][1] = 0.0
    yield "a column that never varied", constant
    turned = inputs(3, 6)
    yield "a transposed (non-contiguous) batch", turned | dict(X=rng.normal(size=(6, 3)).T)
    yield "a float32 batch", inputs(7, 2, np.float32)


@batch_norm_inference.torch
def _(torch, X, gamma, beta, running_mean, running_var, eps):
    return torch.nn.functional.batch_norm(
        X, running_mean, running_var, gamma, beta, training=False, eps=eps
    )


def normalized(X, gamma, beta, mean, below):
    return gamma * (X - mean) / below + beta


@batch_norm_inference.mistake(
    "You normalise by the statistics of this batch, as in training. Then an example's result hangs on "
    "its neighbours, and one that comes alone becomes β. Use running_mean and running_var."
)
def statistics_of_the_batch(X, gamma, beta, running_mean, running_var, eps):
    return normalized(X, gamma, beta, X.mean(axis=0), np.sqrt(X.var(axis=0) + eps))


@batch_norm_inference.mistake(
    "ε belongs under the root, √(running_var + ε); you add it to the root."
)
def eps_outside_the_root(X, gamma, beta, running_mean, running_var, eps):
    return normalized(X, gamma, beta, running_mean, np.sqrt(running_var) + eps)


@batch_norm_inference.mistake(
    "The root is missing: the standard deviation √(running_var + ε) divides, not the variance."
)
def root_forgotten(X, gamma, beta, running_mean, running_var, eps):
    return normalized(X, gamma, beta, running_mean, running_var + eps)


@batch_norm_inference.mistake("ε is missing: without it a column that never varied divides by 0.")
def eps_forgotten(X, gamma, beta, running_mean, running_var, eps):
    return normalized(X, gamma, beta, running_mean, np.sqrt(running_var))


@batch_norm_inference.mistake("γ and β are swapped: γ multiplies, β is added.")
def gamma_and_beta_swapped(X, gamma, beta, running_mean, running_var, eps):
    return normalized(X, beta, gamma, running_mean, np.sqrt(running_var + eps))


@batch_norm_inference.mistake("γ and β are missing: scale by γ and shift by β afterwards.")
def gamma_and_beta_forgotten(X, gamma, beta, running_mean, running_var, eps):
    return (X - running_mean) / np.sqrt(running_var + eps)


@batch_norm_inference.mistake(
    "The running mean is not subtracted, so only the scale of the columns is right."
)
def mean_not_subtracted(X, gamma, beta, running_mean, running_var, eps):
    return normalized(X, gamma, beta, 0, np.sqrt(running_var + eps))


@batch_norm_inference.mistake(
    "The mean is the running one, but the variance is that of this batch: both were gathered in "
    "training, so use running_var."
)
def variance_of_the_batch(X, gamma, beta, running_mean, running_var, eps):
    return normalized(X, gamma, beta, running_mean, np.sqrt(X.var(axis=0) + eps))


@batch_norm_inference.alternative
def as_it_is_written(X, gamma, beta, running_mean, running_var, eps):
    return gamma * (X - running_mean) / np.sqrt(running_var + eps) + beta


@batch_norm_inference.alternative
def folded_into_scale_and_shift(X, gamma, beta, running_mean, running_var, eps):
    scale = gamma * (running_var + eps) ** -0.5
    return X * scale + (beta - running_mean * scale)


@batch_norm_inference.loop
def _(X, gamma, beta, running_mean, running_var, eps):
    Y = np.empty_like(X)
    for n, j in np.ndindex(X.shape):
        Y[n, j] = (X[n, j] - running_mean[j]) / (running_var[j] + eps) ** 0.5 * gamma[j] + beta[j]
    return Y


@batch_norm_inference.benchmark
def _(rng):
    X, columns = rng.normal(size=(128, 512)), rng.uniform(0.5, 2, size=(4, 512))
    return dict(
        X=X,
        gamma=columns[0],
        beta=columns[1],
        running_mean=columns[2],
        running_var=columns[3],
        eps=1e-5,
    )
