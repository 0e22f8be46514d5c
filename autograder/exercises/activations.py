"""What an answer in the chapter on activations must satisfy, and the mistakes people make."""

import math

import numpy as np
from scipy.special import erf

from autograder.exercise import Exercise
from solutions import activations as reference


def inputs(rng):
    """The kinds of z that an entry-by-entry function must survive."""
    yield "a batch of rows", 2 * rng.normal(size=(5, 3))
    yield "a single row", rng.normal(size=(1, 6))
    yield "an array with three axes", rng.normal(size=(2, 4, 3))
    yield "a transposed (non-contiguous) input", rng.normal(size=(3, 7)).T
    yield "z as far out as ±1000", np.array([[-1000.0, 0.3], [1000.0, -2.0], [0.7, -0.4]])
    yield "a float32 input", rng.normal(size=(4, 2)).astype(np.float32)
    yield "float32 as far out as ±200", np.array([-200, -1.5, 0.5, 200, 2], dtype=np.float32)


def forward_cases(rng):
    for label, z in inputs(rng):
        yield label, dict(z=z)


def backward_cases(rng):
    for label, z in inputs(rng):
        yield label, dict(dA=rng.normal(size=z.shape).astype(z.dtype), z=z)


def large(rng):
    return dict(z=rng.normal(size=(128, 1000)))


def large_backward(rng):
    return dict(dA=rng.normal(size=(128, 1000)), z=rng.normal(size=(128, 1000)))


def entry_by_entry(f, *arrays):
    """The plain loop: apply f, a function of numbers, to every entry."""
    out = np.empty_like(arrays[-1])
    for i in np.ndindex(out.shape):
        out[i] = f(*(float(a[i]) for a in arrays))
    return out


def logistic(t):
    """σ of one number, by Python's math module."""
    return 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))


# -- sigmoid -----------------------------------------------------------------------------------

sigmoid = Exercise(reference.sigmoid, points=2, see="eq-stable-sigmoid", returns="A")
sigmoid.hints(
    "Which exponential can overflow, exp(z) or exp(−z), and for which z? "
    "What is the largest value of exp(−|z|)?",
    "Compute `e = np.exp(-np.abs(z))` once. For z ≥ 0 the answer is 1 / (1 + e), else e / (1 + e): "
    "the denominator is the same.",
    "The numerator is 1 where z ≥ 0, and e elsewhere: "
    "`np.where(z >= 0, 1, e) / (1 + e)`, or quicker, `np.maximum(e, z >= 0) / (1 + e)`.",
)
sigmoid.cases(forward_cases)
sigmoid.benchmark(large)


@sigmoid.torch
def _(torch, z):
    return torch.sigmoid(z)


@sigmoid.mistake(
    "The values are right, but exp overflows on the way: for z = −1000 your formula asks for "
    "exp(1000). `np.where` alone does not help, since it computes both branches. "
    "Take exp only of −|z|, which is never positive, as the stable form does."
)
def overflow_far_from_zero(z):
    return 1 / (1 + np.exp(-z))


@sigmoid.mistake(
    "Your curve falls where it should rise: that is 1 − σ(z) = σ(−z). "
    "The exponent of the definition is −z; look for a lost minus."
)
def minus_forgotten(z):
    return reference.sigmoid(-z)


@sigmoid.mistake(
    "That is σ(2z), twice as steep. Half-way between the two scales stands tanh(z/2): "
    "σ(z) = (1 + tanh(z/2)) / 2."
)
def tanh_of_z_instead_of_half_z(z):
    return (1 + np.tanh(z)) / 2


@sigmoid.mistake(
    "That is the derivative σ(z) (1 − σ(z)): it is a bump, 1/4 high. "
    "Return σ(z) itself; the derivative has its own exercise."
)
def derivative_returned(z):
    s = reference.sigmoid(z)
    return s * (1 - s)


@sigmoid.mistake(
    "That is softmax: every row sums to 1, so the entries depend on one another. "
    "The sigmoid treats each entry alone; no sum over an axis occurs in it."
)
def softmax_instead(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@sigmoid.alternative
def by_tanh(z):
    return (1 + np.tanh(z / 2)) / 2


@sigmoid.alternative
def by_two_exponentials(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


@sigmoid.loop
def _(z):
    return entry_by_entry(logistic, z)


# -- sigmoid_backward --------------------------------------------------------------------------

sigmoid_backward = Exercise(
    reference.sigmoid_backward, points=2, see="eq-sigmoid-derivative", returns="dZ"
)
sigmoid_backward.hints(
    "Two factors meet in every entry of the answer: what comes from above, and σ′(z). "
    "How can σ′ be written with σ alone?",
    "σ′ = σ (1 − σ). Compute s = σ(z) once, with the function you have written.",
    "`s = sigmoid(z)`, then `return dA * s * (1 - s)`.",
)
sigmoid_backward.cases(backward_cases)
sigmoid_backward.benchmark(large_backward)


@sigmoid_backward.gradient("z")
def _(torch, z):
    return torch.sigmoid(z)


@sigmoid_backward.mistake(
    "That is σ′(z) alone. By the chain rule the gradient is dA ⊙ σ′(z): "
    "multiply by what comes from above."
)
def upstream_ignored(dA, z):
    s = reference.sigmoid(z)
    return s * (1 - s)


@sigmoid_backward.mistake(
    "You computed z (1 − z). The rule σ (1 − σ) wants σ(z), and the argument is z, "
    "before the sigmoid: compute `s = sigmoid(z)` first."
)
def z_taken_for_the_activation(dA, z):
    return dA * z * (1 - z)


@sigmoid_backward.mistake(
    "You applied the sigmoid twice. The rule σ (1 − σ) needs σ(z) once; "
    "find the second call and take it out."
)
def sigmoid_applied_twice(dA, z):
    s = reference.sigmoid(reference.sigmoid(z))
    return dA * s * (1 - s)


@sigmoid_backward.mistake(
    "You multiplied by σ(z), not by its derivative: the factor (1 − σ(z)) of σ′ = σ (1 − σ) is missing."
)
def factor_one_minus_sigmoid_missing(dA, z):
    return dA * reference.sigmoid(z)


@sigmoid_backward.mistake(
    "The two arguments are swapped: σ′ belongs to z, the second argument, "
    "and dA, the first, only multiplies it."
)
def arguments_swapped(dA, z):
    s = reference.sigmoid(dA)
    return z * s * (1 - s)


@sigmoid_backward.mistake(
    "exp(−z) / (1 + exp(−z))² is the derivative on paper, but for z = −1000 it is ∞/∞. "
    "Use σ (1 − σ) with the stable sigmoid instead."
)
def quotient_form_overflows(dA, z):
    e = np.exp(-z)
    return dA * e / (1 + e) ** 2


@sigmoid_backward.alternative
def by_the_mirror_image(dA, z):
    return dA * reference.sigmoid(z) * reference.sigmoid(-z)


@sigmoid_backward.alternative
def a_quarter_less_a_square(dA, z):
    return dA * (0.25 - (reference.sigmoid(z) - 0.5) ** 2)


@sigmoid_backward.loop
def _(dA, z):
    return entry_by_entry(lambda d, t: d * logistic(t) * (1 - logistic(t)), dA, z)


# -- tanh_backward -----------------------------------------------------------------------------

tanh_backward = Exercise(reference.tanh_backward, points=1, see="eq-tanh-derivative", returns="dZ")
tanh_backward.hints(
    "What is the slope of tanh at 0, where it is steepest? And far out?",
    "tanh′(z) = 1 − tanh²(z), and the chain rule multiplies it by dA.",
    "`return dA * (1 - np.tanh(z) ** 2)`.",
)
tanh_backward.cases(backward_cases)
tanh_backward.benchmark(large_backward)


@tanh_backward.gradient("z")
def _(torch, z):
    return torch.tanh(z)


@tanh_backward.mistake(
    "That is tanh′(z) alone. By the chain rule the gradient is dA ⊙ tanh′(z): "
    "multiply by what comes from above."
)
def upstream_ignored(dA, z):
    return 1 - np.tanh(z) ** 2


@tanh_backward.mistake(
    "You computed 1 − z². The rule 1 − tanh² wants tanh(z), and the argument is z, before the tanh."
)
def z_taken_for_the_activation(dA, z):
    return dA * (1 - z * z)


@tanh_backward.mistake(
    "You computed 1 − tanh(z): the square is missing. "
    "With it the slope is 1 at z = 0 and 0 far out on both sides."
)
def square_forgotten(dA, z):
    return dA * (1 - np.tanh(z))


@tanh_backward.mistake(
    "a (1 − a) is the sigmoid's rule. For a = tanh(z) the derivative is (1 + a) (1 − a) = 1 − a²."
)
def rule_of_the_sigmoid(dA, z):
    a = np.tanh(z)
    return dA * a * (1 - a)


@tanh_backward.mistake(
    "1 / cosh²(z) is right on paper, but cosh overflows for large |z|. "
    "1 − tanh²(z) is the same number and never leaves the range."
)
def cosh_overflows(dA, z):
    return dA / np.cosh(z) ** 2


@tanh_backward.alternative
def in_two_factors(dA, z):
    a = np.tanh(z)
    return dA * (1 + a) * (1 - a)


@tanh_backward.alternative
def by_the_sigmoid(dA, z):
    return 4 * reference.sigmoid_backward(dA, 2 * z)


@tanh_backward.loop
def _(dA, z):
    return entry_by_entry(lambda d, t: d * (1 - math.tanh(t) ** 2), dA, z)


# -- gradient_attenuation ----------------------------------------------------------------------

gradient_attenuation = Exercise(
    reference.gradient_attenuation, points=2, see="eq-attenuation", returns="product"
)
gradient_attenuation.hints(
    "Through one sigmoid a gradient is multiplied by σ′(z). What happens through two, one after the other?",
    "Start from ones, with the shape and dtype of one layer, and let every layer multiply by its σ′(z).",
    "`product = np.ones_like(zs[0])`, then for every z of zs: `product = sigmoid_backward(product, z)`.",
)


@gradient_attenuation.cases
def _(rng):
    yield "three layers", dict(zs=[rng.normal(size=(4, 2)) for _ in range(3)])
    yield "a single layer", dict(zs=[rng.normal(size=(1, 6))])
    yield "seven layers of one example", dict(zs=[2 * rng.normal(size=5) for _ in range(7)])
    yield "forty layers", dict(zs=[rng.normal(size=(2, 3)) for _ in range(40)])
    far = np.array([-1000.0, 0.3, 1000.0, -2.0])
    yield "z as far out as ±1000", dict(zs=[far, rng.normal(size=4)])
    yield "float32 layers", dict(zs=[rng.normal(size=(3, 2)).astype(np.float32) for _ in range(4)])


@gradient_attenuation.torch
def _(torch, zs):
    product = torch.ones_like(zs[0])
    for z in zs:
        z.requires_grad_()
        (product,) = torch.autograd.grad(torch.sigmoid(z), z, product)
    return product


@gradient_attenuation.mistake(
    "You added the slopes. The chain rule multiplies along a path: take the product over the layers."
)
def slopes_added(zs):
    return sum(reference.sigmoid_backward(np.ones_like(z), z) for z in zs)


@gradient_attenuation.mistake(
    "You multiplied the activations σ(z). A gradient meets the slopes σ′(z) = σ(z) (1 − σ(z))."
)
def activations_multiplied(zs):
    return np.prod([reference.sigmoid(z) for z in zs], axis=0)


@gradient_attenuation.mistake(
    "You multiplied over the units and examples too, so one number is left. "
    "Multiply along depth only: the answer has the shape of one layer (`axis=0` of the stacked list)."
)
def product_over_everything(zs):
    return np.prod([reference.sigmoid_backward(np.ones_like(z), z) for z in zs])


@gradient_attenuation.mistake(
    "Only the last layer's slope is left. Each turn of the loop must multiply what is there, "
    "not replace it."
)
def last_layer_only(zs):
    return reference.sigmoid_backward(np.ones_like(zs[-1]), zs[-1])


@gradient_attenuation.mistake(
    "4⁻ᴸ is the upper bound, reached only where every z is 0. Use the slopes at the z that are given."
)
def bound_returned(zs):
    return np.full_like(zs[0], 0.25 ** len(zs))


@gradient_attenuation.mistake(
    "You left out the first layer: every array of zs contributes one factor, zs[0] too."
)
def first_layer_left_out(zs):
    product = np.ones_like(zs[0])
    for z in zs[1:]:
        product = reference.sigmoid_backward(product, z)
    return product


@gradient_attenuation.alternative
def stacked(zs):
    s = reference.sigmoid(np.stack(zs))
    return np.prod(s * (1 - s), axis=0)


@gradient_attenuation.alternative
def from_the_last_layer_back(zs):
    product = 1
    for z in reversed(zs):
        product = product * reference.sigmoid(z) * reference.sigmoid(-z)
    return product


@gradient_attenuation.loop
def _(zs):
    def along_depth(*ts):
        return math.prod(logistic(t) * (1 - logistic(t)) for t in ts)

    return entry_by_entry(along_depth, *zs)


@gradient_attenuation.benchmark
def _(rng):
    return dict(zs=[rng.normal(size=(64, 128)) for _ in range(20)])


# -- relu --------------------------------------------------------------------------------------

relu = Exercise(reference.relu, points=1, see="def-relu", returns="A")
relu.hints(
    "Which of the two numbers z and 0 should come out, entry by entry?",
    "Python's max compares two objects; NumPy has a maximum that compares two arrays entry by entry.",
    "`return np.maximum(z, 0)`.",
)
relu.cases(forward_cases)
relu.benchmark(large)


@relu.torch
def _(torch, z):
    return torch.relu(z)


@relu.mistake(
    "Python's `max` and `if` ask for one truth value, and an array has many. "
    "`np.maximum(z, 0)` compares entry by entry."
)
def python_max(z):
    return max(z, 0)


@relu.mistake(
    "`np.max(z, 0)` is the largest entry along axis 0: its 0 is an axis. "
    "The maximum of two arrays, entry by entry, is `np.maximum(z, 0)`."
)
def maximum_along_an_axis(z):
    return np.max(z, 0)


@relu.mistake("You kept the negative half: `np.minimum` where the definition says maximum.")
def minimum_for_maximum(z):
    return np.minimum(z, 0)


@relu.mistake("That is |z|: a negative z must become 0, not change its sign.")
def absolute_value(z):
    return np.abs(z)


@relu.mistake(
    "That is the derivative, 1 where z > 0 and 0 elsewhere. The activation passes z itself where z > 0."
)
def derivative_returned(z):
    return (z > 0).astype(z.dtype)


@relu.mistake("You also cut off at 1. ReLU has no ceiling: every positive z passes unchanged.")
def ceiling_at_one(z):
    return np.clip(z, 0, 1)


@relu.alternative
def by_a_mask(z):
    return z * (z > 0)


@relu.alternative
def half_of_z_and_its_size(z):
    return (z + np.abs(z)) / 2


@relu.loop
def _(z):
    return entry_by_entry(lambda t: t if t > 0 else 0.0, z)


# -- relu_backward -----------------------------------------------------------------------------

relu_backward = Exercise(reference.relu_backward, points=2, see="def-relu-derivative", returns="dZ")
relu_backward.hints(
    "ReLU is a gate. For which z does it let a gradient through, and does it change it?",
    "The gate is open where z > 0, whatever the sign of dA; at z = 0 exactly it counts as shut.",
    "`return dA * (z > 0)`: a boolean array multiplies like ones and zeros.",
)
relu_backward.benchmark(large_backward)


@relu_backward.cases
def _(rng):
    yield from backward_cases(rng)
    edge = np.array([[0.0, -1.0, 2.0], [3.0, 0.0, -0.5]])
    yield "z = 0 exactly", dict(dA=rng.normal(size=(2, 3)), z=edge)


@relu_backward.gradient("z")
def _(torch, z):
    return torch.relu(z)


@relu_backward.mistake(
    "That is ReLU's slope alone. By the chain rule it multiplies dA: return dA where z > 0."
)
def upstream_ignored(dA, z):
    return (z > 0).astype(z.dtype)


@relu_backward.mistake(
    "At z = 0 exactly you let the gradient through. The book, like torch, counts the slope there as 0: "
    "use z > 0, not z >= 0."
)
def slope_one_at_zero(dA, z):
    return dA * (z >= 0)


@relu_backward.mistake(
    "At z = 0 exactly you take the slope ½. That is a fair choice on paper, but the book, like torch, "
    "takes 0 there."
)
def slope_one_half_at_zero(dA, z):
    return dA * np.heaviside(z, z.dtype.type(0.5))


@relu_backward.mistake(
    "You asked for the sign of the gradient. The gate is set by the forward pass: "
    "it is open where z > 0, and then lets negative gradients through too."
)
def gate_set_by_the_gradient(dA, z):
    return dA * (dA > 0)


@relu_backward.mistake(
    "You multiplied by the activation max(z, 0). The chain rule asks for its slope, which is 1 where z > 0."
)
def multiplied_by_the_activation(dA, z):
    return dA * np.maximum(z, 0)


@relu_backward.mistake("The gate is the wrong way round: you let the gradient through where z < 0.")
def gate_reversed(dA, z):
    return dA * (z < 0)


@relu_backward.alternative
def by_where(dA, z):
    return np.where(z > 0, dA, 0)


@relu_backward.alternative
def by_filling_in(dA, z):
    dZ = dA.copy()
    dZ[z <= 0] = 0
    return dZ


@relu_backward.loop
def _(dA, z):
    return entry_by_entry(lambda d, t: d if t > 0 else 0.0, dA, z)


# -- dead_fraction -----------------------------------------------------------------------------

dead_fraction = Exercise(reference.dead_fraction, points=2, see="def-dead", returns="share")
dead_fraction.hints(
    "One unit is one column. What must hold for all entries of the column of a dead unit?",
    "`Z <= 0` says where a unit is off; `np.all(..., axis=0)` asks whether that holds down a whole column.",
    "`return float(np.mean(np.all(Z <= 0, axis=0)))`: the mean of true and false is the share of true.",
)


def half_dead(rng, N, dead):
    """Z (N, 3 + dead): one unit always on, one often, one almost never, and dead ones."""
    always_on = 0.1 + rng.random((N, 1))
    almost_off = -5 - rng.random((N, 1))
    almost_off[rng.integers(N)] = 0.5
    often_on = 0.5 + rng.random((N, 1))
    often_on[:2] = -0.3
    off = -rng.random((N, dead)) - 0.01
    off[0, 0] = 0.0  # exactly at the corner
    return np.hstack([off[:, :1], always_on, often_on, almost_off, off[:, 1:]])


@dead_fraction.cases
def _(rng):
    yield "two dead units of five", dict(Z=half_dead(rng, 7, 2))
    yield "one dead unit of four", dict(Z=half_dead(rng, 11, 1))
    yield "a single example", dict(Z=np.array([[-0.4, 1.2, 0.0, -3.0, 2.0, 0.1, -0.2]]))
    yield "all units alive", dict(Z=0.1 + rng.random((4, 3)))
    yield "all units dead", dict(Z=-rng.random((3, 5)) - 0.1)
    yield "a float32 input", dict(Z=half_dead(rng, 6, 5).astype(np.float32))


@dead_fraction.torch
def _(torch, Z):
    return (torch.relu(Z).sum(0) == 0).double().mean()


@dead_fraction.mistake(
    "That is the share of entries that are off. A unit that is off on some examples is not dead: "
    "ask for columns that are off on every example."
)
def entries_counted_instead_of_units(Z):
    return float(np.mean(Z <= 0))


@dead_fraction.mistake(
    "You looked along the rows: that is the share of examples on which every unit is off. "
    "A unit is a column, so go down the examples, `axis=0`."
)
def examples_instead_of_units(Z):
    return float(np.mean(np.all(Z <= 0, axis=1)))


@dead_fraction.mistake(
    "You count a unit as dead if it is off on any example; dead means off on all of them."
)
def any_for_all(Z):
    return float(np.mean(np.any(Z <= 0, axis=0)))


@dead_fraction.mistake(
    "At z = 0 exactly ReLU gives 0 and its slope counts as 0, so such a unit is dead too: Z <= 0, not Z < 0."
)
def zero_counted_as_alive(Z):
    return float(np.mean(np.all(Z < 0, axis=0)))


@dead_fraction.mistake("That is the number of dead units; divide by the number of units, H.")
def number_instead_of_share(Z):
    return float(np.sum(np.all(Z <= 0, axis=0)))


@dead_fraction.mistake("That is the share of living units; dead ones were asked for.")
def living_units_counted(Z):
    return float(np.mean(np.any(Z > 0, axis=0)))


@dead_fraction.mistake(
    "You looked at the average of each unit. One example on which it is on keeps a unit alive, "
    "however negative it is on the others."
)
def average_taken(Z):
    return float(np.mean(Z.mean(axis=0) <= 0))


@dead_fraction.mistake(
    "You look for columns of zeros, but Z is what goes into ReLU, not what comes out: "
    "a dead unit's entries are negative or 0."
)
def activations_expected(Z):
    return float(np.mean(np.all(Z == 0, axis=0)))


@dead_fraction.alternative
def by_the_maximum(Z):
    return np.mean(Z.max(axis=0) <= 0)


@dead_fraction.alternative
def one_less_the_living(Z):
    return 1 - (Z > 0).any(axis=0).sum() / Z.shape[1]


@dead_fraction.loop
def _(Z):
    dead = 0
    for unit in range(Z.shape[1]):
        if all(Z[example, unit] <= 0 for example in range(Z.shape[0])):
            dead += 1
    return dead / Z.shape[1]


@dead_fraction.benchmark
def _(rng):
    return dict(Z=rng.normal(size=(8000, 128)) - 2)


# -- leaky_relu --------------------------------------------------------------------------------

leaky_relu = Exercise(reference.leaky_relu, points=1, see="def-leaky", returns="A")
leaky_relu.hints(
    "On which side of 0 does the slope matter?",
    "Cut z into its positive part max(z, 0) and its negative part min(z, 0); one of them gets the slope.",
    "`return np.maximum(z, 0) + negative_slope * np.minimum(z, 0)`.",
)
SLOPES = (0.1, 0.3, 0.25, 1.5, 0.02, 0.2, 0.05)


@leaky_relu.cases
def _(rng):
    for (label, z), slope in zip(inputs(rng), SLOPES, strict=True):
        yield label, dict(z=z, negative_slope=slope)
    yield "a slope above 1", dict(z=rng.normal(size=(3, 4)), negative_slope=2.5)


@leaky_relu.benchmark
def _(rng):
    return large(rng) | dict(negative_slope=0.01)


@leaky_relu.torch
def _(torch, z, negative_slope):
    return torch.nn.functional.leaky_relu(z, negative_slope)


@leaky_relu.mistake(
    "The slope is on the wrong side: positive z pass unchanged, negative ones are scaled."
)
def slope_on_the_positive_side(z, negative_slope=0.01):
    return np.where(z > 0, negative_slope * z, z)


@leaky_relu.mistake(
    "max(z, slope · z) chooses the branch by its value, which is right only while the slope is below 1. "
    "The definition chooses by the sign of z."
)
def larger_of_both_branches(z, negative_slope=0.01):
    return np.maximum(z, negative_slope * z)


@leaky_relu.mistake("You wrote 0.01 into the formula; use the argument `negative_slope`.")
def slope_argument_ignored(z, negative_slope=0.01):
    return np.where(z > 0, z, 0.01 * z)


@leaky_relu.mistake(
    "Below zero you return the slope itself, a constant; the leak is a line: negative_slope · z."
)
def constant_below_zero(z, negative_slope=0.01):
    return np.where(z > 0, z, negative_slope)


@leaky_relu.mistake(
    "Below zero your line rises to the left. negative_slope · z is negative there: take out the minus."
)
def leak_of_the_wrong_sign(z, negative_slope=0.01):
    return np.where(z > 0, z, -negative_slope * z)


@leaky_relu.mistake("That is plain ReLU: below zero the leak negative_slope · z is missing.")
def no_leak(z, negative_slope=0.01):
    return np.maximum(z, 0)


@leaky_relu.alternative
def by_where(z, negative_slope=0.01):
    return np.where(z > 0, z, negative_slope * z)


@leaky_relu.alternative
def by_a_slope_for_each_entry(z, negative_slope=0.01):
    return z * np.where(z > 0, 1, negative_slope).astype(z.dtype)


@leaky_relu.loop
def _(z, negative_slope=0.01):
    return entry_by_entry(lambda t: t if t > 0 else negative_slope * t, z)


# -- elu ---------------------------------------------------------------------------------------

elu = Exercise(reference.elu, points=2, see="def-elu", returns="A")
elu.hints(
    "For which z is the branch with exp used, and how large can exp(z) get there?",
    "Give exp only the negative part min(z, 0). Where z > 0 that part is 0, so exp − 1 adds nothing.",
    "`return np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0))`; expm1(t) is exp(t) − 1.",
)
ALPHAS = (1.3, 0.5, 2.0, 0.7, 1.6, 0.4, 1.2)


@elu.cases
def _(rng):
    for (label, z), alpha in zip(inputs(rng), ALPHAS, strict=True):
        yield label, dict(z=z, alpha=alpha)


@elu.benchmark
def _(rng):
    return large(rng) | dict(alpha=1.0)


@elu.torch
def _(torch, z, alpha):
    return torch.nn.functional.elu(z, alpha)


@elu.mistake(
    "The values are right, but exp overflows for large positive z: `np.where` computes both branches. "
    "Give exp only min(z, 0)."
)
def overflow_in_the_unused_branch(z, alpha=1.0):
    return np.where(z > 0, z, alpha * (np.exp(z) - 1))


@elu.mistake(
    "The −1 is missing, so your curve jumps by alpha at 0: it is alpha (exp(z) − 1), "
    "which starts at 0 and sinks to −alpha."
)
def minus_one_forgotten(z, alpha=1.0):
    return np.where(z > 0, z, alpha * np.exp(np.minimum(z, 0)))


@elu.mistake(
    "alpha does not occur: below zero the curve is alpha (exp(z) − 1), which sinks to −alpha."
)
def alpha_ignored(z, alpha=1.0):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


@elu.mistake("alpha multiplies the negative side only; positive z pass unchanged.")
def alpha_on_both_sides(z, alpha=1.0):
    return alpha * np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


@elu.mistake(
    "That is CELU, alpha (exp(z / alpha) − 1), a later variant. In ELU the exponent is z, undivided."
)
def celu(z, alpha=1.0):
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0) / alpha))


@elu.mistake("Below zero the sign is wrong: exp(z) − 1, which is negative there, not 1 − exp(z).")
def sign_below_zero(z, alpha=1.0):
    return np.where(z > 0, z, -alpha * np.expm1(np.minimum(z, 0)))


@elu.alternative
def by_where(z, alpha=1.0):
    return np.where(z > 0, z, alpha * (np.exp(np.minimum(z, 0)) - 1))


@elu.alternative
def by_relu_twice(z, alpha=1.0):
    return reference.relu(z) - alpha * (1 - np.exp(-reference.relu(-z)))


@elu.loop
def _(z, alpha=1.0):
    return entry_by_entry(lambda t: t if t > 0 else alpha * (math.exp(t) - 1), z)


# -- softplus ----------------------------------------------------------------------------------

softplus = Exercise(reference.softplus, points=2, see="eq-softplus-stable", returns="A")
softplus.hints(
    "For large z, what is log(1 + exp(z)) nearly equal to, and why can the formula not find it?",
    "Take the larger of exp(z) and exp(0) = 1 out of the logarithm: "
    "log(1 + exp(z)) = max(z, 0) + log(1 + exp(−|z|)).",
    "`return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))`; log1p(t) is log(1 + t).",
)
softplus.cases(forward_cases)
softplus.benchmark(large)


@softplus.torch
def _(torch, z):
    return torch.logaddexp(z, torch.zeros_like(z))


@softplus.mistake(
    "exp(z) overflows for large z and gives infinity, where softplus is nearly z. "
    "Take max(z, 0) out of the logarithm, so that only exp(−|z|) is left in it."
)
def overflow_for_large_z(z):
    return np.log1p(np.exp(z))


@softplus.mistake(
    "z + log(1 + exp(−z)) mends the right side and breaks the left: exp(−z) overflows for z = −1000. "
    "Take out max(z, 0) instead of z; then exp(−|z|) is left for both signs."
)
def overflow_on_the_other_side(z):
    return z + np.log1p(np.exp(-z))


@softplus.mistake(
    "The values are right, but exp(z) overflows on the way: `np.where` computes both branches. "
    "max(z, 0) + log(1 + exp(−|z|)) needs no branch at all."
)
def overflow_in_the_unused_branch(z):
    return np.where(z > 30, z, np.log1p(np.exp(z)))


@softplus.mistake(
    "That is softplus(−z): your curve falls where it should rise. Look for a lost or extra minus."
)
def mirrored(z):
    return reference.softplus(-z)


@softplus.mistake(
    "That is ReLU, the limit of softplus. The rounding of the corner, log(1 + exp(−|z|)), is missing."
)
def corner_not_rounded(z):
    return np.maximum(z, 0)


@softplus.mistake("That is σ(z), the derivative of softplus; the function itself was asked for.")
def derivative_returned(z):
    return reference.sigmoid(z)


@softplus.mistake("That is a logarithm to the base 2; softplus uses the natural one, `np.log1p`.")
def logarithm_to_base_two(z):
    return reference.softplus(z) / math.log(2)


@softplus.alternative
def by_logaddexp(z):
    return np.logaddexp(z, 0)


@softplus.alternative
def by_the_sigmoid(z):
    return np.maximum(z, 0) - np.log(reference.sigmoid(np.abs(z)))


@softplus.loop
def _(z):
    return entry_by_entry(lambda t: max(t, 0) + math.log1p(math.exp(-abs(t))), z)


# -- gelu --------------------------------------------------------------------------------------

gelu = Exercise(reference.gelu, points=1, see="def-gelu-tanh", returns="A")
gelu.hints(
    "Which part of the formula is a gate between 0 and 1, and what does it multiply?",
    "Compute the inside first: √(2/π) times the whole bracket z + 0.044715 z³.",
    "`0.5 * z * (1 + np.tanh((2 / np.pi) ** 0.5 * (z + 0.044715 * z * z * z)))`; "
    "(2 / np.pi) ** 0.5 is a Python number and keeps float32, np.sqrt(2 / np.pi) does not.",
)
gelu.cases(forward_cases)
gelu.benchmark(large)
ROOT = (2 / np.pi) ** 0.5


@gelu.torch
def _(torch, z):
    return torch.nn.functional.gelu(z, approximate="tanh")


@gelu.mistake(
    "The values are right, but a float32 input gives float64: `np.sqrt(2 / np.pi)` is a NumPy float64 "
    "and pulls the array up. Write the constant as a Python number, `(2 / np.pi) ** 0.5`."
)
def constant_in_float64(z):
    return 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z * z * z)))


@gelu.mistake(
    "That is the exact GELU, with erf. It is up to 0.0005 away from the tanh form, "
    "which is what this exercise asks for."
)
def exact_form(z):
    return 0.5 * z * (1 + erf(z / 2**0.5))


@gelu.mistake(
    "z σ(1.702 z) is the other approximation of the paper, and a coarser one (off by up to 0.02). "
    "Write the tanh form."
)
def sigmoid_form(z):
    return z * reference.sigmoid(1.702 * z)


@gelu.mistake(
    "The factor √(2/π) multiplies the whole bracket (z + 0.044715 z³), the cube too: mind the parentheses."
)
def bracket_forgotten(z):
    return 0.5 * z * (1 + np.tanh(ROOT * z + 0.044715 * z * z * z))


@gelu.mistake(
    "The root is missing: the factor before the bracket is √(2/π) ≈ 0.798, not 2/π ≈ 0.637."
)
def root_forgotten(z):
    return 0.5 * z * (1 + np.tanh(2 / np.pi * (z + 0.044715 * z * z * z)))


@gelu.mistake("You took z² where the formula has z³; the inside of tanh must change sign with z.")
def square_for_cube(z):
    return 0.5 * z * (1 + np.tanh(ROOT * (z + 0.044715 * z * z)))


@gelu.mistake(
    "The factor ½ is missing: (1 + tanh) / 2 is the gate between 0 and 1, and for large z GELU is z, not 2z."
)
def half_forgotten(z):
    return z * (1 + np.tanh(ROOT * (z + 0.044715 * z * z * z)))


@gelu.alternative
def as_a_sigmoid_gate(z):
    return z * reference.sigmoid(2 * ROOT * (z + 0.044715 * z * z * z))


@gelu.alternative
def by_powers(z):
    return z / 2 + z / 2 * np.tanh(ROOT * z * (1 + 0.044715 * z**2))


@gelu.loop
def _(z):
    return entry_by_entry(lambda t: t / 2 * (1 + math.tanh(ROOT * (t + 0.044715 * t**3))), z)


# -- silu_backward -----------------------------------------------------------------------------

silu_backward = Exercise(reference.silu_backward, points=3, see="eq-silu-derivative", returns="dZ")
silu_backward.hints(
    "z occurs twice in z σ(z). What does the product rule make of that?",
    "(z σ)′ = σ + z σ′, and σ′ = σ (1 − σ). Then the chain rule multiplies by dA.",
    "`s = sigmoid(z)`, then `return dA * (s + z * s * (1 - s))`.",
)
silu_backward.cases(backward_cases)
silu_backward.benchmark(large_backward)


@silu_backward.gradient("z")
def _(torch, z):
    return torch.nn.functional.silu(z)


@silu_backward.terms
def _(dA, z):
    s = reference.sigmoid(z)
    return (
        {
            "the direct path σ(z)": dA * s,
            "the path through the gate, z σ′(z)": dA * z * s * (1 - s),
        },
    )


@silu_backward.mistake(
    "One path is missing: z also enters through the gate σ(z). Add z σ′(z) = z σ(z) (1 − σ(z))."
)
def gate_held_constant(dA, z):
    return dA * reference.sigmoid(z)


@silu_backward.mistake(
    "One path is missing: z is also the factor before the gate, and its derivative is 1. Add σ(z)."
)
def factor_held_constant(dA, z):
    s = reference.sigmoid(z)
    return dA * z * s * (1 - s)


@silu_backward.mistake(
    "The second term lacks its factor z: the product rule gives σ + z σ′, not σ + σ′."
)
def factor_z_lost_in_the_product_rule(dA, z):
    s = reference.sigmoid(z)
    return dA * (s + s * (1 - s))


@silu_backward.mistake("The two paths add: σ + z σ′. You subtract the second.")
def paths_subtracted(dA, z):
    s = reference.sigmoid(z)
    return dA * (s - z * s * (1 - s))


@silu_backward.mistake(
    "That is SiLU′(z) alone. By the chain rule the gradient is dA ⊙ SiLU′(z): multiply by dA."
)
def upstream_ignored(dA, z):
    s = reference.sigmoid(z)
    return s + z * s * (1 - s)


@silu_backward.mistake(
    "You multiplied dA by the activation z σ(z). The chain rule asks for its derivative, σ + z σ′."
)
def multiplied_by_the_activation(dA, z):
    return dA * z * reference.sigmoid(z)


@silu_backward.mistake(
    "The formula is right on paper, but exp(−z) overflows and you divide ∞ by ∞. "
    "Write the derivative with the stable sigmoid: σ + z σ (1 − σ)."
)
def quotient_form_overflows(dA, z):
    e = np.exp(-z)
    return dA * (1 + e + z * e) / (1 + e) ** 2


@silu_backward.alternative
def with_the_gate_in_front(dA, z):
    s = reference.sigmoid(z)
    return dA * s * (1 + z * (1 - s))


@silu_backward.alternative
def by_the_activation_itself(dA, z):
    s = reference.sigmoid(z)
    a = z * s
    return dA * (a + s * (1 - a))


@silu_backward.loop
def _(dA, z):
    def slope(d, t):
        s = logistic(t)
        return d * (s + t * s * (1 - s))

    return entry_by_entry(slope, dA, z)
