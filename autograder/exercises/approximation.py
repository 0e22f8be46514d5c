"""What an answer in the chapter on approximation must satisfy, and the mistakes people make.

Networks are judged by bounds that hold on the whole interval: between two corners a network of steps
is constant and one of ReLUs straight, so what happens there is known and not sampled.
"""

import itertools
from fractions import Fraction

import numpy as np
from scipy.interpolate import CubicSpline

from autograder.exercise import Exercise, Function
from autograder.interval import Interval
from solutions import approximation as reference
from solutions.activations import relu, sigmoid


def f32(array):
    return np.asarray(array, dtype=np.float32)


# -- steep_step --------------------------------------------------------------------------------

steep_step = Exercise(reference.steep_step, points=1, see="def-steep-step", returns="A")
steep_step.hints(
    "Where is a sigmoid equal to one half, and what must its argument be there?",
    "The argument is 0 at x = edge and grows `sharpness` times as fast as x.",
    "`sigmoid(sharpness * (x - edge))`, with the sigmoid of the chapter on activations.",
)


@steep_step.cases
def _(rng):
    edge = float(rng.normal())
    yield "a gentle step", dict(x=rng.normal(size=7), edge=edge, sharpness=rng.uniform(2, 4))
    yield "rows of points", dict(x=rng.normal(size=(4, 3)), edge=0.7, sharpness=rng.uniform(5, 9))
    yield "a step that falls", dict(x=rng.normal(size=5), edge=-0.4, sharpness=-3.0)
    far = np.array([-3.0, 0.3, 0.30001, 2.0])
    yield "a very steep step", dict(x=far, edge=0.3, sharpness=rng.uniform(1e4, 1e5))
    yield "float32 points", dict(x=f32(rng.normal(size=(3, 2))), edge=0.5, sharpness=2.5)
    yield "non-contiguous points", dict(x=rng.normal(size=(5, 2)).T, edge=edge, sharpness=1.7)


@steep_step.torch
def _(torch, x, edge, sharpness):
    return torch.sigmoid(sharpness * x - sharpness * edge)


@steep_step.mistake(
    "The bias is −sharpness · edge. With −edge alone the step stands at edge / sharpness, and moves as it "
    "gets steeper."
)
def edge_moves_with_the_sharpness(x, edge, sharpness):
    return sigmoid(sharpness * x - edge)


@steep_step.mistake("A bias of +sharpness · edge puts the step at −edge: subtract the edge from x.")
def step_at_minus_the_edge(x, edge, sharpness):
    return sigmoid(sharpness * (x + edge))


@steep_step.mistake("Your step goes from 1 down to 0; edge − x should be x − edge.")
def falls_instead_of_rising(x, edge, sharpness):
    return sigmoid(sharpness * (edge - x))


@steep_step.mistake("A sharper step needs a larger weight: multiply by the sharpness, not divide.")
def sharpness_divides(x, edge, sharpness):
    return sigmoid((x - edge) / sharpness)


@steep_step.mistake(
    "That is the limit, a hard step; the sigmoid unit on the way to it is asked for."
)
def hard_step_returned(x, edge, sharpness):
    return (sharpness * (x - edge) >= 0).astype(x.dtype)


@steep_step.alternative
def by_tanh(x, edge, sharpness):
    return (1 + np.tanh(sharpness * (x - edge) / 2)) / 2


@steep_step.loop
def _(x, edge, sharpness):
    out = np.empty_like(x)
    for i in np.ndindex(x.shape):
        out[i] = sigmoid(np.asarray(sharpness * (float(x[i]) - edge)))
    return out


# -- bump --------------------------------------------------------------------------------------

bump = Exercise(reference.bump, points=1, see="def-bump", returns="A")
bump.hints(
    "One step takes the line up. What must a second one do at `right`, and with which sign?",
    "Up at `left` minus up at `right` is 1 between the two and 0 on either side.",
    "`height * (steep_step(x, left, sharpness) - steep_step(x, right, sharpness))`.",
)


@bump.cases
def _(rng):
    def inputs(x, left, right, height, sharpness):
        return dict(x=x, left=left, right=right, height=height, sharpness=sharpness)

    h = rng.uniform(1.5, 3)
    yield "a wide bump", inputs(rng.normal(size=6), -0.8, 0.9, h, rng.uniform(3, 6))
    yield "a bump downwards", inputs(rng.normal(size=(3, 4)), 0.1, 0.7, -h, rng.uniform(6, 9))
    steep = np.array([-2.0, 0.2, 0.5, 0.61, 4.0])
    yield "very steep sides", inputs(steep, 0.3, 0.6, h, rng.uniform(1e4, 1e5))
    yield "a blunt bump", inputs(rng.normal(size=5), -0.2, 0.4, h, 0.5)
    yield "float32 points", inputs(f32(rng.normal(size=(2, 3))), -0.5, 0.75, 1.5, 4.0)
    yield "non-contiguous points", inputs(rng.normal(size=(4, 3)).T, -1.1, 0.3, h, 2.5)


@bump.torch
def _(torch, x, left, right, height, sharpness):
    up, down = torch.sigmoid(sharpness * (x - left)), torch.sigmoid(sharpness * (right - x))
    return height * (up + down - 1)


@bump.mistake("Two steps up make a staircase of height 2: the second one has to be subtracted.")
def staircase(x, left, right, height, sharpness):
    return height * (sigmoid(sharpness * (x - left)) + sigmoid(sharpness * (x - right)))


@bump.mistake("The bump has height 1: both outgoing weights, + and −, carry the height.")
def height_forgotten(x, left, right, height, sharpness):
    return sigmoid(sharpness * (x - left)) - sigmoid(sharpness * (x - right))


@bump.mistake("The bump is upside down: it goes up at `left` and down at `right`.")
def upside_down(x, left, right, height, sharpness):
    return height * (sigmoid(sharpness * (x - right)) - sigmoid(sharpness * (x - left)))


@bump.mistake(
    "A product of two units is no layer of a network; the bump is their difference, which an output unit "
    "can add up."
)
def product_of_two_steps(x, left, right, height, sharpness):
    return height * sigmoid(sharpness * (x - left)) * sigmoid(sharpness * (right - x))


@bump.mistake(
    "Only the first step is multiplied by the height: to the right the bump must end at 0."
)
def height_on_one_step_alone(x, left, right, height, sharpness):
    return height * sigmoid(sharpness * (x - left)) - sigmoid(sharpness * (x - right))


@bump.alternative
def as_a_network(x, left, right, height, sharpness):
    W1, b1 = np.full((2, 1), sharpness), -sharpness * np.array([left, right])
    W2 = height * np.array([[1.0, -1.0]])
    made = reference.network_output(x.reshape(-1, 1), [W1, W2], [b1, np.zeros(1)], sigmoid)
    return made.reshape(x.shape).astype(x.dtype)


@bump.loop
def _(x, left, right, height, sharpness):
    out = np.empty_like(x)
    for i in np.ndindex(x.shape):
        up, down = (sigmoid(np.asarray(sharpness * (float(x[i]) - e))) for e in (left, right))
        out[i] = height * (up - down)
    return out


# -- piecewise_constant_network ----------------------------------------------------------------

piecewise_constant_network = Exercise(
    reference.piecewise_constant_network,
    points=3,
    see="eq-modulus-bound",
    returns="weights, biases",
)
piecewise_constant_network.hints(
    "How many cells do `units` edges leave, and at which point of a cell is f nearest to all its other "
    "values that you know nothing about?",
    "At the middle, no point of the cell is further than h / 2. Take the heights there.",
    "A step stays up once it is passed, so its outgoing weight is the difference of two neighbouring "
    "heights; the first height is the last layer's bias.",
    "`[np.ones((units, 1)), np.diff(heights)[None, :]], [-edges, heights[:1]]`",
)
PARTS = 32  # into which half a cell is cut when f is enclosed


@piecewise_constant_network.cases
def _(rng):
    w, c = rng.uniform(4, 6), rng.uniform(0.2, 0.4)
    wave = Function(f"lambda x: 2 * np.sin({w} * x) - x * x")
    yield "a wave", dict(f=wave, a=-1.0, b=2.0, units=17)
    yield "a line", dict(f=Function(f"lambda x: 3 * x - {c}"), a=0.5, b=2.0, units=6)
    yield "a curve with a kink", dict(f=Function(f"lambda x: np.abs(x - {c})"), a=-2.0, b=1.0, units=9)  # fmt: skip
    yield "a single step", dict(f=Function("lambda x: np.exp(-x)"), a=-1.0, b=1.5, units=1)
    steep = Function(f"lambda x: np.exp({w} * x) * np.sin(9 * x)")
    yield "a curve that grows steep", dict(f=steep, a=0.0, b=1.0, units=40)


@piecewise_constant_network.certified
def _(result, f, a, b, units):
    weights, biases = result
    cells = 2 * (units + 1)
    grid = np.linspace(a, b, cells * PARTS + 1)
    held = f(Interval(grid[:-1], grid[1:]))
    window = np.arange(PARTS + 1) + np.arange(len(grid) - PARTS - 1)[:, None]
    most = (held.high[window].max(axis=1) - held.low[window].min(axis=1)).max()
    corners = np.unique(np.concatenate([grid, edges_within(weights[0], biases[0], a, b)]))
    middles = (corners[:-1] + corners[1:]) / 2
    height = reference.network_output(middles[:, None], weights, biases, reference.hard_step)[:, 0]
    near = f(Interval(corners[:-1], corners[1:]))
    size = np.maximum(near.high - height, height - near.low).max()
    return {"the network's largest distance from f, proven by intervals,": (size, most)}


def edges_within(W, bias, a, b):
    """Where the units of a first layer switch, as far as that is between a and b."""
    places = -bias / W[:, 0]
    return places[(a < places) & (places < b)]


@piecewise_constant_network.oracle
def _(f, a, b, units):
    corners = np.linspace(a, b, units + 2)
    inside = f(np.linspace(corners[:-1], corners[1:], 201))
    heights = (inside.max(axis=0) + inside.min(axis=0)) / 2
    return [np.ones((units, 1)), np.diff(heights)[None]], [-corners[1:-1], heights[:1]]


def steps(f, a, b, units, at=0.5):
    """Corners of the cells, and f at a share `at` of the way through each."""
    corners = np.linspace(a, b, units + 2)
    return corners, f(corners[:-1] + at * np.diff(corners))


@piecewise_constant_network.mistake(
    "You take f at the left end of each cell, and the other end is h away. From the middle no point is "
    "further than h / 2: that halves the bound at no cost."
)
def heights_from_the_left_ends(f, a, b, units):
    corners, heights = steps(f, a, b, units, at=0.0)
    return [np.ones((units, 1)), np.diff(heights)[None]], [-corners[1:-1], heights[:1]]


@piecewise_constant_network.mistake(
    "A step stays up for good once it is passed. Its outgoing weight is the difference of two "
    "neighbouring heights; yours add up to the sum of all heights so far."
)
def heights_in_place_of_jumps(f, a, b, units):
    corners, heights = steps(f, a, b, units)
    return [np.ones((units, 1)), heights[None, 1:]], [-corners[1:-1], heights[:1]]


@piecewise_constant_network.mistake(
    "Left of the first edge every step is 0, so there the network is its last bias: that is the first "
    "cell's height, not 0."
)
def first_height_forgotten(f, a, b, units):
    corners, heights = steps(f, a, b, units)
    return [np.ones((units, 1)), np.diff(heights)[None]], [-corners[1:-1], np.zeros(1)]


@piecewise_constant_network.mistake(
    "x + bias is 0 at x = −bias: the biases are the edges with a minus."
)
def biases_without_the_minus(f, a, b, units):
    corners, heights = steps(f, a, b, units)
    return [np.ones((units, 1)), np.diff(heights)[None]], [corners[1:-1], heights[:1]]


@piecewise_constant_network.mistake(
    "`units` edges leave units + 1 cells, each (b − a) / (units + 1) wide; yours are (b − a) / units wide, "
    "and the last one lies beyond b."
)
def cells_counted_as_units(f, a, b, units):
    corners = a + (b - a) / units * np.arange(units + 2)
    heights = f((corners[:-1] + corners[1:]) / 2)
    return [np.ones((units, 1)), np.diff(heights)[None]], [-corners[1:-1], heights[:1]]


@piecewise_constant_network.mistake(
    "Your edges divide the interval from 0 to 1; f is asked on [a, b]."
)
def interval_from_0_to_1(f, a, b, units):
    corners, heights = steps(f, 0.0, 1.0, units)
    return [np.ones((units, 1)), np.diff(heights)[None]], [-corners[1:-1], heights[:1]]


@piecewise_constant_network.alternative
def steps_that_fall(f, a, b, units):
    corners, heights = steps(f, a, b, units)
    return [np.full((units, 1), -2.0), -np.diff(heights)[None]], [2 * corners[1:-1], heights[-1:]]


@piecewise_constant_network.alternative
def units_in_another_order(f, a, b, units):
    corners, heights = steps(f, a, b, units)
    jumps, order = np.diff(heights)[::-1], np.arange(1.0, units + 1)
    return [order[:, None], jumps[None]], [-order * corners[-2:0:-1], heights[:1]]


@piecewise_constant_network.loop
def _(f, a, b, units):
    h = (b - a) / (units + 1)
    W1, W2 = np.ones((units, 1)), np.zeros((1, units))
    b1, b2 = np.zeros(units), np.array([float(f(a + h / 2))])
    for j in range(units):
        b1[j] = -(a + (j + 1) * h)
        W2[0, j] = f(a + (j + 1.5) * h) - f(a + (j + 0.5) * h)
    return [W1, W2], [b1, b2]


# -- relu_interpolant --------------------------------------------------------------------------

relu_interpolant = Exercise(
    reference.relu_interpolant, points=3, see="eq-relu-interpolant", returns="weights, biases"
)
relu_interpolant.hints(
    "Left of all its knots a sum of ReLUs is flat. What does each knot, once passed, add to the slope?",
    "Unit i is relu(x − knotsᵢ); its outgoing weight is the change of slope at knotsᵢ, the whole slope at "
    "the first. The value at the first knot is the last layer's bias.",
    "`slopes = np.diff(values) / np.diff(knots)` and `bends = np.diff(slopes, prepend=0)`; the biases of "
    "the hidden layer are `-knots[:-1]`. Mind the dtype.",
)


@relu_interpolant.cases
def _(rng):
    def inputs(n, dtype=float):
        knots = np.cumsum(rng.uniform(0.3, 1.2, size=n)) - 2
        return dict(knots=knots.astype(dtype), values=(1.5 + rng.normal(size=n)).astype(dtype))

    yield "seven points", inputs(7)
    yield "two points", inputs(2)
    close = inputs(5)
    close["knots"] = np.array([-1.0, -0.2, -0.1999, 0.6, 3.0])
    close["values"][2] = close["values"][1] + 1e-4
    yield "two knots almost in one place", close
    x = np.linspace(-1, 2, 12)
    yield "a parabola, where the bound is reached", dict(knots=x, values=rng.uniform(1, 2) * x * x)
    yield "float32 points", inputs(4, np.float32)
    double = inputs(12)
    yield "non-contiguous points", {name: array[::2] for name, array in double.items()}


@relu_interpolant.certified
def _(result, knots, values):
    weights, biases = ([part.astype(float) for part in parts] for parts in result)
    knots, rounding = knots.astype(float), 1e-9 if values.dtype == float else 2e-5
    values = values.astype(float)
    kinks = edges_within(weights[0], biases[0], knots[0], knots[-1])
    corners = np.union1d(knots, kinks)  # between two of these both lines are straight
    net = reference.network_output(corners[:, None], weights, biases, relu)[:, 0]
    slack = rounding * np.abs(values).max() + 1e-12
    curve = CubicSpline(knots, values)
    bending = np.abs(curve(knots, 2)).max()  # the second derivative is a broken line
    bound = reference.interpolation_error_bound(bending, np.diff(knots).max())
    gap = np.abs(net - np.interp(corners, knots, values)).max()
    return {
        "its largest distance from the broken line": (gap, slack),
        "its largest distance from the cubic spline through the points": (
            farthest(curve, corners, net),
            bound + slack,
        ),
    }


def farthest(curve, corners, net):
    """The largest distance of a cubic spline from a broken line with these corners.

    On each piece it is reached at an end, or where the cubic's slope is the line's: the roots of a
    quadratic, written out.
    """
    l, w = corners[:-1], np.diff(corners)
    lean = np.diff(net) / w
    # the slope of the distance, c + q s + r s², s steps from the left end; a knot belongs to its right
    middle = l + w / 2
    r = curve(middle, 3) / 2
    q = curve(middle, 2) - r * w
    c = curve(middle, 1) - q * w / 2 - r * w**2 / 4 - lean
    root = np.sqrt(np.maximum(q * q - 4 * r * c, 0))
    half = -(q + np.where(q < 0, -root, root)) / 2
    s = np.stack([np.zeros_like(w), w, half / r, c / half])
    s = np.where((s >= 0) & (s <= w), s, 0)
    return np.abs(curve(l + s) - net[:-1] - lean * s).max()


@relu_interpolant.oracle
def _(knots, values):
    lifted = relu(knots[1:, None] - knots[:-1])  # what the units say at the knots
    bends = np.linalg.solve(lifted, values[1:] - values[0])
    weights = [np.ones((len(bends), 1), values.dtype), bends[None].astype(values.dtype)]
    return weights, [-knots[:-1], values[:1]]


def bent(knots, values, bends, first=None, at=None):
    """The network with these bends."""
    weights = [np.ones((len(bends), 1), values.dtype), bends[None].astype(values.dtype)]
    return weights, [-knots[:-1] if at is None else at, values[:1] if first is None else first]


def slopes_between(knots, values):
    return np.diff(values) / np.diff(knots)


@relu_interpolant.mistake(
    "A ReLU stays on once its knot is passed, and the slopes add up: its outgoing weight is the change of "
    "slope, not the slope."
)
def slopes_in_place_of_bends(knots, values):
    return bent(knots, values, slopes_between(knots, values))


@relu_interpolant.mistake(
    "The line is flat before its second knot: the first bend is the whole first slope, from 0."
)
def first_slope_forgotten(knots, values):
    slopes = slopes_between(knots, values)
    return bent(knots, values, np.diff(slopes, prepend=slopes[0]))


@relu_interpolant.mistake("At the first knot every unit is 0, so the last bias is the first value.")
def first_value_forgotten(knots, values):
    bends = np.diff(slopes_between(knots, values), prepend=0)
    return bent(knots, values, bends, first=np.zeros(1, values.dtype))


@relu_interpolant.mistake("x + bias is 0 at x = −bias: the biases are the knots with a minus.")
def kinks_on_the_wrong_side(knots, values):
    bends = np.diff(slopes_between(knots, values), prepend=0)
    return bent(knots, values, bends, at=knots[:-1])


@relu_interpolant.mistake(
    "The knots are not equally far apart: divide each step of the values by its own gap, not by the mean."
)
def knots_taken_as_equally_spaced(knots, values):
    slopes = np.diff(values) / np.diff(knots).mean()
    return bent(knots, values, np.diff(slopes, prepend=0))


@relu_interpolant.mistake(
    "Your line bends one knot too late: the unit that begins the piece from knotsᵢ to knotsᵢ₊₁ has its "
    "kink at knotsᵢ."
)
def kinks_one_knot_late(knots, values):
    bends = np.diff(slopes_between(knots, values), prepend=0)
    return bent(knots, values, bends, at=-knots[1:])


@relu_interpolant.alternative
def units_that_face_left(knots, values):
    bends = np.diff(slopes_between(knots, values)[::-1], prepend=0)  # walked from the right
    weights = [np.full((len(bends), 1), -1, values.dtype), -bends[None].astype(values.dtype)]
    return weights, [knots[:0:-1], values[-1:]]


@relu_interpolant.alternative
def weights_of_other_sizes(knots, values):
    bends = np.diff(slopes_between(knots, values), prepend=0)
    size = 2.0 ** (np.arange(len(bends)) % 5 - 2)
    weights = [size[::-1, None], (bends / size)[None, ::-1]]
    biases = [(-size * knots[:-1])[::-1], values[:1]]
    return tuple([part.astype(values.dtype) for part in parts] for parts in (weights, biases))


@relu_interpolant.loop
def _(knots, values):
    W2, slope = np.zeros((1, len(knots) - 1), values.dtype), 0.0
    for i in range(len(knots) - 1):
        new = (values[i + 1] - values[i]) / (knots[i + 1] - knots[i])
        W2[0, i], slope = new - slope, new
    return [np.ones_like(W2.T), W2], [-knots[:-1], values[:1]]


# -- interpolation_error_bound -----------------------------------------------------------------

interpolation_error_bound = Exercise(
    reference.interpolation_error_bound,
    points=1,
    see="eq-interpolation-bound",
    returns="bound",
)
interpolation_error_bound.hints(
    "For which curve with this second derivative is the error largest, and where between two knots?",
    "A parabola of curvature M is ½ M s (h − s) away from its chord: largest in the middle, s = h / 2.",
)


@interpolation_error_bound.cases
def _(rng):
    M = float(rng.uniform(2, 5))
    yield "one gap", dict(second_derivative_max=M, h=float(rng.uniform(0.1, 0.9)))
    yield "a wide gap", dict(second_derivative_max=0.5 * M, h=3.0)
    yield "a straight line", dict(second_derivative_max=0.0, h=0.5)
    yield "several gaps", dict(second_derivative_max=M, h=rng.uniform(0.1, 2, size=4))
    yield "float32 gaps", dict(second_derivative_max=1.5, h=f32(rng.uniform(0.1, 2, size=3)))


@interpolation_error_bound.oracle
def _(second_derivative_max, h):
    return second_derivative_max / 2 * (h / 2) * (h - h / 2)


@interpolation_error_bound.mistake("h stands squared: half the gap makes a quarter of the error.")
def gap_not_squared(second_derivative_max, h):
    return second_derivative_max * h / 8


@interpolation_error_bound.mistake(
    "M h² / 2 is Taylor's bound a whole gap away from one point; a line through two points is never "
    "further than a quarter of that."
)
def taylor_from_one_end(second_derivative_max, h):
    return second_derivative_max * h**2 / 2


@interpolation_error_bound.mistake(
    "The factor 1/12 belongs to the integral (the trapezoidal rule); the largest error has 1/8."
)
def error_of_the_integral(second_derivative_max, h):
    return second_derivative_max * h**2 / 12


@interpolation_error_bound.mistake("How much the curve bends counts, too: multiply by max |f″|.")
def bending_forgotten(second_derivative_max, h):
    return h**2 / 8


@interpolation_error_bound.alternative
def taylor_from_the_middle(second_derivative_max, h):
    return second_derivative_max * (h / 2) ** 2 / 2


@interpolation_error_bound.loop
def _(second_derivative_max, h):
    bounds = [second_derivative_max * float(gap) ** 2 / 8 for gap in np.ravel(h)]
    return np.array(bounds, h.dtype) if isinstance(h, np.ndarray) else bounds[0]


# -- tower -------------------------------------------------------------------------------------

tower = Exercise(reference.tower, points=2, see="def-tower", returns="A")
tower.hints(
    "One bump along each axis makes a ridge. How large is the sum of D ridges where all of them meet, and "
    "how large at most anywhere else?",
    "All D meet in the box: the sum is D there, and at most D − 1 elsewhere. A further step at D − ½ keeps "
    "the box alone.",
    "`bump(X, center - width / 2, center + width / 2, 1, sharpness).sum(axis=1)`, then `steep_step`.",
)


@tower.cases
def _(rng):
    def inputs(N, D, width, sharpness, dtype=float):
        X, center = rng.normal(size=(N, D)), rng.normal(size=D)
        X[: N // 2] = center + width * rng.uniform(-0.7, 0.7, size=(N // 2, D))
        arrays = dict(X=X.astype(dtype), center=center.astype(dtype))
        return arrays | dict(width=width, sharpness=sharpness)

    yield "points of the plane", inputs(9, 2, rng.uniform(0.8, 1.2), rng.uniform(4, 7))
    yield "three dimensions", inputs(8, 3, 1.5, rng.uniform(5, 8))
    yield "one dimension", inputs(5, 1, 0.9, 6.0)
    yield "very steep walls", inputs(12, 2, 1.1, rng.uniform(1e4, 1e5))
    yield "a single point", inputs(1, 4, 2.0, 1.5)
    yield "float32 points", inputs(6, 2, 1.25, 3.5, np.float32)
    turned = inputs(7, 2, 1.4, 3.0)
    yield "non-contiguous points", turned | dict(X=np.asfortranarray(turned["X"]))


@tower.torch
def _(torch, X, center, width, sharpness):
    near = [torch.sigmoid(sharpness * (X - center + s * width / 2)) for s in (1, -1)]
    return torch.sigmoid(sharpness * ((near[0] - near[1]).sum(dim=1) - X.shape[1] + 0.5))


def walled(
    X, center, width, sharpness, threshold=lambda D: D - 0.5, last=lambda z, k: sigmoid(k * z)
):
    """The tower, with what people get wrong as arguments."""
    ridges = reference.bump(X, center - width / 2, center + width / 2, 1, sharpness)
    return last(ridges.sum(axis=1) - threshold(X.shape[1]), sharpness)


@tower.mistake(
    "A threshold of ½ lets every ridge through, a cross in the plane: only where all D bumps are up does "
    "the sum pass D − ½."
)
def cross_instead_of_a_box(X, center, width, sharpness):
    return walled(X, center, width, sharpness, threshold=lambda D: 0.5)


@tower.mistake(
    "With the threshold at D the sum never passes it: even inside the box the last unit is only ½. Half a "
    "ridge of room is needed, D − ½."
)
def threshold_without_room(X, center, width, sharpness):
    return walled(X, center, width, sharpness, threshold=lambda D: D)


@tower.mistake(
    "The sum of the ridges is D in the box and still 1 along every ridge: a second hidden layer must cut "
    "the ridges off."
)
def ridges_left_standing(X, center, width, sharpness):
    return walled(X, center, width, sharpness, threshold=lambda D: 0, last=lambda z, k: z)


@tower.mistake("`width` is the whole width of the box: each wall stands width / 2 from the centre.")
def width_on_either_side(X, center, width, sharpness):
    return walled(X, center, 2 * width, sharpness)


@tower.mistake("The second layer is steep, too: its argument is multiplied by the sharpness.")
def blunt_last_unit(X, center, width, sharpness):
    return walled(X, center, width, sharpness, last=lambda z, k: sigmoid(z))


@tower.mistake("The box begins a half width before its centre; yours begins at the centre.")
def centre_taken_for_a_corner(X, center, width, sharpness):
    return walled(X, center + (width / 2), width, sharpness)


@tower.alternative
def three_layers(X, center, width, sharpness):
    D = X.shape[1]
    W1 = sharpness * np.repeat(np.eye(D), 2, axis=0)
    walls = np.column_stack([center - width / 2, center + width / 2]).ravel()
    W2, W3 = sharpness * np.tile([[1.0, -1.0]], D), np.ones((1, 1))
    biases = [-sharpness * walls, np.array([-sharpness * (D - 0.5)])]
    A = sigmoid(X @ W1.T + biases[0])
    return (sigmoid(A @ W2.T + biases[1]) @ W3.T)[:, 0].astype(X.dtype)


@tower.loop
def _(X, center, width, sharpness):
    out = np.empty(len(X), X.dtype)
    for n, x in enumerate(X.astype(float)):
        total = sum(
            reference.bump(x[d], center[d] - width / 2, center[d] + width / 2, 1, sharpness)
            for d in range(len(x))
        )
        out[n] = sigmoid(sharpness * (total - len(x) + 0.5))
    return out


# -- sawtooth ----------------------------------------------------------------------------------

sawtooth = Exercise(reference.sawtooth, points=2, see="eq-tent", returns="y")
sawtooth.hints(
    "Fold the interval once: where does the fold lie, and which two points land on each other?",
    "tent(x) is 2x up to ½ and 2 − 2x after it. In ReLUs: a slope of 2 from 0, a bend of −4 at ½.",
    "Apply it `depth` times: `x = 2 * relu(x) - 4 * relu(x - 0.5)`.",
)


@sawtooth.cases
def _(rng):
    def inputs(depth, dtype=float, more=0):
        corners = np.arange(2 ** (depth + 1) + 1) / 2 ** (depth + 1)
        x = rng.permutation(np.concatenate([corners, rng.uniform(size=more)]))
        return dict(x=x.astype(dtype), depth=depth)

    yield "one fold", inputs(1, more=4)
    yield "three folds", inputs(3, more=5)
    yield "six folds", inputs(6, more=9)
    yield "no fold at all", inputs(0, more=2)
    yield "float32 points", inputs(4, np.float32)
    square = inputs(2, more=7)
    yield "a table of points", square | dict(x=square["x"].reshape(4, 4).T)


@sawtooth.certified
def _(y, x, depth):
    order = np.argsort(x, axis=None)
    rises = np.sign(np.diff(y.ravel()[order].astype(float)))
    pieces = 1 + np.count_nonzero(np.diff(rises))
    place = 2.0**depth * x
    gap = np.abs(y - np.abs(place - 2 * np.round(place / 2))).max()
    return {
        "the number of pieces too many or too few": (abs(pieces - 2**depth), 0),
        "the largest distance from the folded line": (gap, 1e-9 if x.dtype == float else 1e-5),
    }


@sawtooth.torch
def _(torch, x, depth):
    return torch.acos(torch.cos(torch.pi * 2**depth * x)) / torch.pi


@sawtooth.mistake(
    "You fold once less than asked: a single tent, two pieces, is depth 1, and depth 0 is the line itself."
)
def one_fold_too_few(x, depth):
    return reference.sawtooth(x, max(depth - 1, 0))


@sawtooth.mistake(
    "Doubling and cutting off the whole part leaves jumps, which no ReLU network has: the second half must "
    "come back down."
)
def jumps_in_place_of_folds(x, depth):
    return 2**depth * x % 1 if depth else x


@sawtooth.mistake(
    "Each of your folds halves the height. The tent must reach 1 again, with slopes 2 and −2, or the next "
    "fold at ½ never happens."
)
def folds_without_stretching(x, depth):
    for _ in range(depth):
        x = np.minimum(x, 1 - x)
    return x


@sawtooth.mistake(
    "You draw 2 · depth pieces, as one layer of that many units would. Folding what is folded doubles "
    "them: 2^depth."
)
def pieces_added_and_not_doubled(x, depth):
    place = 2 * depth * x if depth else x
    return np.abs(place - 2 * np.round(place / 2))


@sawtooth.mistake("Your tooth is upside down: a tent is 0 at both ends and 1 in the middle.")
def upside_down_tents(x, depth):
    for _ in range(depth):
        x = np.abs(2 * x - 1)
    return x


@sawtooth.mistake(
    "The bend at ½ turns slope 2 into −2, so its weight is −4; with −2 the line only becomes flat."
)
def bend_too_weak(x, depth):
    for _ in range(depth):
        x = 2 * relu(x) - 2 * relu(x - 0.5)
    return x


@sawtooth.alternative
def by_absolute_values(x, depth):
    for _ in range(depth):
        x = 1 - np.abs(1 - 2 * x)
    return x


@sawtooth.alternative
def by_the_nearest_even_number(x, depth):
    return np.abs(2**depth * x - 2 * np.round(2**depth * x / 2))


@sawtooth.loop
def _(x, depth):
    y = x.copy()
    for i in np.ndindex(x.shape):
        for _ in range(depth):
            y[i] = 2 * y[i] if y[i] < 0.5 else 2 - 2 * y[i]
    return y


# -- square_network ----------------------------------------------------------------------------

square_network = Exercise(reference.square_network, points=2, see="eq-square-sawtooth", returns="y")
square_network.hints(
    "The line x meets x² at 0 and 1. How far is it above x² in the middle, and how does that gap look "
    "halfway again?",
    "From the broken line with 2^(l−1) pieces to that with 2^l, one subtracts sawtooth(x, l) / 4^l.",
    "Fold on: `tooth = sawtooth(tooth, 1)` and `total = total - tooth / 4**layer`, from `total = x`.",
)


@square_network.cases
def _(rng):
    yield "three layers", dict(x=rng.uniform(size=9), depth=3)
    yield "a table of points", dict(x=rng.uniform(size=(3, 4)), depth=4)
    ends = np.array([0.0, 1.0, 0.5, 0.3, 0.8])
    yield "no layer at all", dict(x=ends, depth=0)
    yield "one layer", dict(x=rng.uniform(size=6), depth=1)
    yield "twelve layers, both ends", dict(x=ends, depth=12)
    yield "float32 points", dict(x=f32(rng.uniform(size=(2, 5))), depth=2)
    yield "non-contiguous points", dict(x=rng.uniform(size=(5, 3)).T, depth=5)


@square_network.oracle
def _(x, depth):
    knots = np.linspace(0, 1, 2**depth + 1)
    return np.interp(x, knots, knots**2).astype(x.dtype)


def corrected(x, depth, scale=lambda layer: 4**layer, first=1, sign=-1):
    """x with the teeth added up, with what people get wrong as arguments."""
    teeth = (reference.sawtooth(x, layer) / scale(layer) for layer in range(first, depth + 1))
    return x + sign * sum(teeth, start=0 * x)


@square_network.mistake(
    "Each halving of the gaps makes a quarter of the error: divide by 4^l, not 2^l."
)
def divided_by_powers_of_two(x, depth):
    return corrected(x, depth, scale=lambda layer: 2**layer)


@square_network.mistake("The line x lies above x²: the teeth are subtracted.")
def teeth_added(x, depth):
    return corrected(x, depth, sign=1)


@square_network.mistake(
    "The sum begins at l = 1; sawtooth(x, 0) is x itself, and leaves nothing of it."
)
def sum_from_0(x, depth):
    return corrected(x, depth, first=0)


@square_network.mistake(
    "Every term needs its own number of folds: feed the tooth of the layer before into the next one."
)
def same_tooth_in_every_layer(x, depth):
    teeth = (reference.sawtooth(x, 1) / 4**layer for layer in range(1, depth + 1))
    return x - sum(teeth, start=0 * x)


@square_network.mistake("You leave out the last layer: l runs from 1 to depth, depth included.")
def last_layer_left_out(x, depth):
    return corrected(x, depth - 1)


@square_network.mistake(
    "That is x² itself, which no ReLU network computes; the broken line that `depth` folds give is asked "
    "for, up to 4^−(depth + 1) above it."
)
def exact_square(x, depth):
    return x * x


@square_network.alternative
def every_tooth_afresh(x, depth):
    return corrected(x, depth)


@square_network.alternative
def chord_of_the_piece(x, depth):
    left = np.minimum(np.floor(x * 2**depth), 2**depth - 1) / 2**depth
    return left * left + (2 * left + 1 / 2**depth) * (x - left)


@square_network.loop
def _(x, depth):
    out = np.empty_like(x)
    for i in np.ndindex(x.shape):
        tooth = total = float(x[i])
        for layer in range(1, depth + 1):
            tooth = min(2 * tooth, 2 - 2 * tooth)
            total -= tooth / 4**layer
        out[i] = total
    return out


# -- product_network ---------------------------------------------------------------------------

product_network = Exercise(
    reference.product_network, points=2, see="eq-product-squares", returns="y"
)
product_network.hints(
    "Which squares hold the product x y, and which two have to be taken away?",
    "(x + y)² − x² − y² = 2 x y. Halve x + y, x and y first, so that all three stay in [0, 1] in size.",
    "`2 * (q(abs(x + y) / 2) - q(abs(x) / 2) - q(abs(y) / 2))` with q = square_network.",
)


@product_network.cases
def _(rng):
    def inputs(shape, depth, dtype=float):
        x, y = rng.uniform(-1, 1, size=(2, *shape))
        return dict(x=x.astype(dtype), y=y.astype(dtype), depth=depth)

    yield "pairs of numbers", inputs((9,), 3)
    yield "a table of pairs", inputs((3, 4), 5)
    x, y = np.array([0.0, 0.7, -1.0, 1.0, -1.0]), np.array([-0.6, 0.0, 1.0, 1.0, -1.0])
    yield "zeros and corners", dict(x=x, y=y, depth=4)
    yield "no fold at all", inputs((5,), 0)
    yield "ten folds", inputs((4,), 10)
    yield "float32 numbers", inputs((2, 3), 2, np.float32)
    turned = inputs((4, 2), 3)
    yield "non-contiguous numbers", turned | dict(x=turned["x"].copy(order="F"), y=turned["y"])


def line_of_squares(z, depth):
    """The broken line through the squares at k / 2^depth, from NumPy's interpolation."""
    knots = np.linspace(0, 1, 2**depth + 1)
    return np.interp(z, knots, knots**2)


@product_network.oracle
def _(x, y, depth):
    both, first, second = (line_of_squares(np.abs(z) / 2, depth) for z in (x + y, x, y))
    return (2 * (both - first - second)).astype(x.dtype)


def from_squares(x, y, depth, size=np.abs, half=(2, 2, 2), weights=(2, -2, -2)):
    """The product from three squares, with what people get wrong as arguments."""
    parts = zip((x + y, x, y), half, weights, strict=True)
    return sum(w * reference.square_network(size(z) / h, depth) for z, h, w in parts)


@product_network.mistake(
    "The square network is made for [0, 1], and a sum or a factor may be negative: hand it |x + y|, |x| "
    "and |y|."
)
def signs_kept(x, y, depth):
    return from_squares(x, y, depth, size=lambda z: z)


@product_network.mistake(
    "|x + y| may reach 2, beyond the square network's interval: halve all three arguments and multiply the "
    "result by 2."
)
def arguments_not_halved(x, y, depth):
    return from_squares(x, y, depth, half=(1, 1, 1), weights=(0.5, -0.5, -0.5))


@product_network.mistake(
    "You halve the sum alone. Then the errors of the three squares no longer cancel where a factor is 0; "
    "halve all three."
)
def only_the_sum_halved(x, y, depth):
    return from_squares(x, y, depth, half=(2, 1, 1), weights=(2, -0.5, -0.5))


@product_network.mistake(
    "((x + y)/2)² − (x/2)² − (y/2)² is half the product: multiply by 2, as the product appears twice and "
    "the squares are quartered."
)
def factor_two_forgotten(x, y, depth):
    return from_squares(x, y, depth, weights=(1, -1, -1))


@product_network.mistake("Take both squares away, that of x and that of y.")
def square_of_y_left_in(x, y, depth):
    return from_squares(x, y, depth, weights=(2, -2, 0))


@product_network.mistake(
    "That is the product itself; a ReLU network can only come near to it, by three square networks."
)
def exact_product(x, y, depth):
    return x * y


@product_network.alternative
def absolute_value_by_relus(x, y, depth):
    return from_squares(x, y, depth, size=lambda z: relu(z) + relu(-z))


@product_network.alternative
def three_squares_in_one_call(x, y, depth):
    q = reference.square_network(np.abs(np.stack([x + y, x, y])) / 2, depth)
    return 2 * q[0] - 2 * q[1] - 2 * q[2]


@product_network.loop
def _(x, y, depth):
    out = np.empty_like(x)
    for i in np.ndindex(x.shape):
        u, v = float(x[i]), float(y[i])
        q = [line_of_squares(abs(z) / 2, depth) for z in (u + v, u, v)]
        out[i] = 2 * (q[0] - q[1] - q[2])
    return out


# -- count_linear_pieces -----------------------------------------------------------------------

count_linear_pieces = Exercise(
    reference.count_linear_pieces, points=4, see="def-linear-pieces", returns="pieces"
)
count_linear_pieces.hints(
    "Where can a network of ReLUs have a corner? Nowhere but where some hidden unit crosses zero.",
    "Between the corners of the layers before, a unit's weighted input is straight: from its values at "
    "two neighbouring corners you see whether it crosses zero, and where.",
    "At the end take the slope of the output on each piece: the product of the weights over the units that "
    "are on in its middle. Pieces beside each other with one slope are one piece.",
)


@count_linear_pieces.cases
def _(rng):
    def net(*sizes, dtype=float):
        pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
        weights = [rng.normal(size=pair).astype(dtype) for pair in pairs]
        biases = [0.7 * rng.normal(size=size).astype(dtype) for size in sizes[1:]]
        return dict(weights=weights, biases=biases)

    def folds(depth, a, b):
        weights, biases = reference.sawtooth_weights(depth)
        return dict(weights=weights, biases=biases, a=a, b=b)

    yield "the sawtooth of depth 4", folds(4, 0.0, 1.0)
    yield "half of the sawtooth of depth 3", folds(3, 0.25, 0.75)
    yield "one hidden layer", net(1, 9, 1) | dict(a=-2.0, b=2.5)
    yield "two hidden layers", net(1, 7, 5, 1) | dict(a=-3.0, b=2.0)
    yield "three hidden layers, two outputs", net(1, 5, 4, 3, 2) | dict(a=-2.0, b=3.0)
    yield "a network without hidden layer", net(1, 1) | dict(a=-1.0, b=1.0)
    # kinks at ±1.5 outside [a, b]; six at ¼ that cancel; one at 0 that is never read; one at ½; one unit
    # that is always 0.  The slopes are 0 on the left and negative on the right.
    W1 = np.array([[2.0], [-2.0], *[[1.0]] * 6, [1.0], [2.0], [0.0]])
    b1 = np.array([-3, -3, *[-0.25] * 6, 0, -1, 0])
    u, v, w = rng.uniform(1, 2, size=3)
    W2 = np.array([[1.0, 2.0, u, v, w, -v, -w, -u, 0.0, -w, 1.0]])
    never_read = np.eye(11)[8:9]
    hidden = dict(weights=[W1, W2], biases=[b1, np.array([0.5])], a=-1.0, b=1.0)
    yield "kinks that do not show", hidden
    falling = dict(weights=[W1, W2 - 5 * w * never_read], biases=hidden["biases"])
    yield "a line that falls", falling | dict(a=0.125, b=1.0)
    yield "an output that never moves", hidden | dict(weights=[W1, 0 * W2])
    yield "very small slopes", hidden | dict(weights=[W1, 1e-12 * W2])
    apart = dict(weights=[W1, np.vstack([W2, never_read])], biases=[b1, np.zeros(2)])
    yield "outputs that bend in different places", apart | dict(a=-1.0, b=1.0)
    small = net(1, 8, 1, dtype=np.float32)
    small["weights"][0] += np.sign(small["weights"][0])  # no kink far outside
    yield "float32 weights", small | dict(a=-1.0, b=1.5)


def exact_pieces(weights, biases, a, b):
    """All pieces, in rational numbers: (left, right, slopes of the outputs), and nothing rounded."""
    pieces = [(Fraction(a), Fraction(b), [(Fraction(1), Fraction(0))])]
    for layer, (W, bias) in enumerate(zip(weights, biases, strict=True)):
        W = [[Fraction(float(w)) for w in row] for row in W]
        found = []
        for left, right, units in pieces:
            lines = [
                (
                    sum(w * s for w, (s, _) in zip(row, units, strict=True)),
                    sum(w * c for w, (_, c) in zip(row, units, strict=True)) + Fraction(float(t)),
                )
                for row, t in zip(W, bias, strict=True)
            ]
            if layer == len(weights) - 1:
                found.append((left, right, [s for s, _ in lines]))
                continue
            zeros = {-c / s for s, c in lines if s and left < -c / s < right}
            cuts = [left, *sorted(zeros), right]
            for u, v in itertools.pairwise(cuts):
                on = [(s, c) if s * (u + v) / 2 + c > 0 else (0, 0) for s, c in lines]
                found.append((u, v, on))
        pieces = found
    return pieces


@count_linear_pieces.oracle
def _(weights, biases, a, b):
    slopes = [piece[2] for piece in exact_pieces(weights, biases, a, b)]
    return 1 + sum(one != other for one, other in itertools.pairwise(slopes))


@count_linear_pieces.mistake(
    "You slide over 200 sample points and count where the slope changes. Two corners between two points are "
    "one to you, and one corner is two changes: compute where the units cross zero."
)
def counted_by_sampling(weights, biases, a, b):
    x = np.linspace(a, b, 200)
    y = reference.network_output(x[:, None], weights, biases, relu)
    slopes = np.diff(y, axis=0)
    return 1 + int((np.abs(np.diff(slopes, axis=0)).max(axis=1) > 1e-9).sum())


@count_linear_pieces.mistake(
    "One corner a hidden unit is right for a single layer at best. In deeper layers a unit may cross zero "
    "once on every piece of the layers before, or never."
)
def one_corner_for_each_unit(weights, biases, a, b):
    return 1 + sum(len(bias) for bias in biases[:-1])


@count_linear_pieces.mistake(
    "Not every corner of a hidden unit reaches the output: its weight may be 0, a later unit may be off, or "
    "two corners cancel. Compare the output's slopes on either side."
)
def corners_that_do_not_show(weights, biases, a, b):
    return len(exact_pieces(weights, biases, a, b))


@count_linear_pieces.mistake("You count the corners; pieces are one more, as fence and posts.")
def corners_in_place_of_pieces(weights, biases, a, b):
    return reference.count_linear_pieces(weights, biases, a, b) - 1


@count_linear_pieces.mistake(
    "The last layer is linear. With a ReLU on it the output gets further corners where it crosses zero."
)
def relu_on_the_last_layer(weights, biases, a, b):
    n = len(biases[-1])
    more = [*weights, np.eye(n)], [*biases, np.zeros(n)]
    return reference.count_linear_pieces(*more, a, b)


@count_linear_pieces.mistake(
    "Only what happens between a and b counts; you count on the whole line."
)
def whole_line(weights, biases, a, b):
    return reference.count_linear_pieces(weights, biases, -1e5, 1e5)


@count_linear_pieces.mistake(
    "You look at the corners of the first hidden layer alone; every later layer adds its own."
)
def first_layer_alone(weights, biases, a, b):
    if len(weights) == 1:
        return 1
    kinks = edges_within(weights[0], biases[0], a, b)
    return 1 + len(np.unique(kinks))


@count_linear_pieces.alternative
def in_rational_numbers(weights, biases, a, b):
    slopes = [piece[2] for piece in exact_pieces(weights, biases, a, b)]
    return 1 + sum(one != other for one, other in itertools.pairwise(slopes))


@count_linear_pieces.loop
def _(weights, biases, a, b):
    def lines(x, upto):
        """Slope and value of every weighted input of a layer, just right of x."""
        slope, value = np.ones(1), np.array([x])
        for W, bias in zip(weights[:upto], biases[:upto], strict=True):
            slope, value = W @ slope, W @ value + bias
            on = value > 0
            yield slope, value
            slope, value = slope * on, value * on

    corners = [a, b]
    for layer in range(1, len(weights)):
        for left, right in list(itertools.pairwise(corners)):
            middle = (left + right) / 2
            slope, value = list(lines(middle, layer))[-1]
            for s, v in zip(slope, value, strict=True):
                if s != 0 and left < middle - v / s < right:
                    corners.append(middle - v / s)
        corners = sorted(set(corners))
    middles = [(left + right) / 2 for left, right in itertools.pairwise(corners)]
    slopes = [list(lines(x, len(weights)))[-1][0] for x in middles]
    pairs = itertools.pairwise(slopes)
    return 1 + sum(not np.allclose(one, other, rtol=1e-9, atol=1e-12) for one, other in pairs)


# -- units_needed ------------------------------------------------------------------------------

units_needed = Exercise(reference.units_needed, points=2, see="eq-units-needed", returns="units")
units_needed.hints(
    "How wide is a cell that n edges leave on [0, 1], and how far is its middle from its ends?",
    "The smallest n with modulus(½ / (n + 1)) ≤ epsilon. A modulus never rises as δ falls, so you may try "
    "n = 0, 1, 2, …, or double first and halve the gap afterwards.",
)


@units_needed.cases
def _(rng):
    slope, root = rng.uniform(3, 9), rng.uniform(1, 2)
    yield "a Lipschitz function", dict(modulus=Function(f"lambda d: {slope} * d"), epsilon=0.013)
    yield "a square root", dict(modulus=Function(f"lambda d: {root} * d ** 0.5"), epsilon=0.04)
    yield "a bound that is met exactly", dict(modulus=Function("lambda d: 3 * d"), epsilon=0.125)
    even = Function("lambda d: 4 * d")
    yield "a bound met exactly by a power of two", dict(modulus=even, epsilon=0.125)
    yield "a constant is enough", dict(modulus=Function("lambda d: 0.5 * d"), epsilon=0.3)
    flat = Function(f"lambda d: min({slope} * d, 0.6)")
    yield "a function that does not go far", dict(modulus=flat, epsilon=0.05)
    slow = Function("lambda d: 1 / (1 - np.log(d))")
    yield "a very slow modulus", dict(modulus=slow, epsilon=float(rng.uniform(0.13, 0.16)))


@units_needed.oracle
def _(modulus, epsilon):
    right = [modulus(0.5 / (n + 1)) <= epsilon for n in range(5000)]
    return right.index(True)


def fewest(modulus, epsilon, good=lambda w, e: w <= e, distance=0.5):
    """Count cells up until the bound is met, with what people get wrong as arguments."""
    cells = 1
    while not good(modulus(distance / cells), epsilon):
        cells += 1
    return cells


@units_needed.mistake("n edges leave n + 1 cells: you return the cells, one more than the units.")
def cells_in_place_of_units(modulus, epsilon):
    return fewest(modulus, epsilon)


@units_needed.mistake(
    "From the middle of a cell its ends are half a cell away: modulus(½ / (n + 1)), not of the whole width."
)
def whole_cell_in_the_modulus(modulus, epsilon):
    return fewest(modulus, epsilon, distance=1.0) - 1


@units_needed.mistake(
    "You take ω(δ) for a line through ω(½). A function with a root's modulus needs the square of that."
)
def modulus_taken_for_a_line(modulus, epsilon):
    return max(int(np.ceil(modulus(0.5) / epsilon)) - 1, 0)


@units_needed.mistake("You only try powers of two; fewer units may be enough.")
def powers_of_two_alone(modulus, epsilon):
    cells = 1
    while modulus(0.5 / cells) > epsilon:
        cells *= 2
    return cells - 1


@units_needed.mistake("An error of exactly epsilon is allowed: at most, not less than.")
def bound_taken_strictly(modulus, epsilon):
    return fewest(modulus, epsilon, good=lambda w, e: w < e) - 1


@units_needed.alternative
def one_after_the_other(modulus, epsilon):
    n = 0
    while modulus(1 / (2 * n + 2)) > epsilon:
        n += 1
    return n


@units_needed.loop
def _(modulus, epsilon):
    return fewest(modulus, epsilon) - 1
