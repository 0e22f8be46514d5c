"""What an answer in the chapter on sums of curves must satisfy, and the mistakes people make."""

import numpy as np
from scipy.interpolate import BPoly, BSpline, CubicHermiteSpline
from scipy.special import comb

from autograder.exercise import Exercise
from solutions import kolmogorov_arnold as reference


def f32(inputs):
    """The same inputs in single precision."""
    return {
        name: value.astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in inputs.items()
    }


def turned(inputs):
    """The same arrays, no longer contiguous."""
    return {
        name: np.repeat(value, 2, axis=0)[::2] if isinstance(value, np.ndarray) else value
        for name, value in inputs.items()
    }


def clamped(rng, degree, inner, repeat=1):
    """Random knots with degree + 1 of them at either end, the middle one `repeat` times."""
    inside = np.cumsum(rng.uniform(0.2, 1.0, size=inner + 1))[:-1] - 1.0
    if inner:
        inside = np.insert(inside, inner // 2, [inside[inner // 2]] * (repeat - 1))
    ends = [np.full(degree + 1, end) for end in (-1.5, float(inner))]
    return np.concatenate([ends[0], inside, ends[1]])


def free(rng, degree, inner):
    """Random knots, all different; the base interval begins at number `degree`."""
    return np.cumsum(rng.uniform(0.2, 1.0, size=inner + 2 * degree + 2)) - 2.0


def base(knots, degree):
    """The two ends of the base interval."""
    return knots[degree], knots[len(knots) - degree - 1]


def within(rng, knots, degree, size, ends=True):
    """Points of the base interval, knots among them, and both ends unless told otherwise."""
    low, high = base(knots, degree)
    x = rng.uniform(low, high, size=size)
    inside = knots[(low < knots) & (knots < high)]
    flat = x.ravel()
    flat[: len(inside)] = inside[: flat.size]
    if ends and size != 1:
        flat[-2:] = low, high
    return rng.permutation(flat).reshape(x.shape)


# -- product_by_addition -----------------------------------------------------------------------

product_by_addition = Exercise(
    reference.product_by_addition, points=1, see="eq-quarter-squares", returns="xy"
)
product_by_addition.hints(
    "Expand (x + y)² and (x − y)². Which terms do they share, and which not?",
    "Their difference is 4 x y.",
)


@product_by_addition.cases
def _(rng):
    yield "a few numbers", dict(x=rng.normal(size=5), y=rng.normal(size=5))
    yield "a table", dict(x=rng.normal(size=(3, 4)), y=rng.normal(size=(3, 4)))
    yield "zeros and equal numbers", dict(x=np.array([0.0, 2.0, -3.0]), y=np.array([5.0, 2.0, 3.0]))
    yield "large numbers", dict(x=1e6 * rng.normal(size=4), y=1e6 * rng.normal(size=4))
    yield "float32 numbers", f32(dict(x=rng.normal(size=6), y=rng.normal(size=6)))
    yield "non-contiguous numbers", turned(dict(x=rng.normal(size=(4, 2)), y=rng.normal(size=(4, 2))))  # fmt: skip


@product_by_addition.torch
def _(torch, x, y):
    return x * y


@product_by_addition.mistake("The difference of the two squares is 4 x y: divide by 4, not by 2.")
def divided_by_two(x, y):
    return ((x + y) ** 2 - (x - y) ** 2) / 2


@product_by_addition.mistake(
    "The sum of the two squares is 2x² + 2y²: the product appears in their difference."
)
def squares_added(x, y):
    return ((x + y) ** 2 + (x - y) ** 2) / 4


@product_by_addition.mistake("(x + y)² holds x² and y² as well, which have to be taken away.")
def square_of_the_sum_alone(x, y):
    return (x + y) ** 2 / 2


@product_by_addition.mistake(
    "exp(log x + log y) is a product by addition, but for positive numbers only: log is not defined at 0 "
    "and below."
)
def by_logarithms(x, y):
    return np.exp(np.log(x) + np.log(y))


@product_by_addition.mistake("The other way round: (x + y)² minus (x − y)², or the sign is wrong.")
def subtracted_the_other_way(x, y):
    return ((x - y) ** 2 - (x + y) ** 2) / 4


@product_by_addition.alternative
def three_squares(x, y):
    return ((x + y) ** 2 - x**2 - y**2) / 2


@product_by_addition.loop
def _(x, y):
    out = np.empty_like(x)
    for i in np.ndindex(x.shape):
        out[i] = (x[i] + y[i]) ** 2 / 4 - (x[i] - y[i]) ** 2 / 4
    return out


# -- de_casteljau ------------------------------------------------------------------------------

de_casteljau = Exercise(reference.de_casteljau, points=2, see="eq-de-casteljau", returns="curve")
de_casteljau.hints(
    "Take two points: where is the point that has gone the share t of the way from the first to the second?",
    "Do this for each pair of neighbours; one point fewer is left. Go on until there is one.",
    "With `points[:, None, :]` and `t[:, None]` all t go at once: `b = (1 - t) * b[:-1] + t * b[1:]`.",
)


@de_casteljau.cases
def _(rng):
    def inputs(n, D, T):
        return dict(points=rng.normal(size=(n, D)), t=rng.uniform(size=T))

    yield "four points of the plane", inputs(4, 2, 5)
    yield "a straight line in space", inputs(2, 3, 4)
    yield "six points", inputs(6, 2, 3)
    yield "one point", inputs(1, 2, 3)
    yield "both ends", inputs(5, 2, 4) | dict(t=np.array([0.0, 1.0, 0.5, 0.2]))
    yield "float32 points", f32(inputs(4, 3, 6))
    yield "non-contiguous points", turned(inputs(5, 3, 7))


@de_casteljau.oracle
def _(points, t):
    if len(points) == 1:
        return np.repeat(points, len(t), axis=0)
    return BPoly(points[:, None, :], [0, 1])(t).astype(points.dtype)


def bernstein(points, t, weight=lambda n, i: comb(n, i)):
    """The curve from Bernstein polynomials, which de Casteljau's scheme never writes down."""
    n = len(points) - 1
    i = np.arange(n + 1)
    B = weight(n, i) * t[:, None] ** i * (1 - t[:, None]) ** (n - i)
    return (B @ points).astype(points.dtype)


@de_casteljau.mistake(
    "At t = 0 the curve is at the first point: the first of two neighbours has the share 1 − t."
)
def runs_backwards(points, t):
    return bernstein(points, 1 - t)


@de_casteljau.mistake(
    "You only step along the line from the first point to the last; all points in between pull, too."
)
def chord_of_the_ends(points, t):
    return (1 - t[:, None]) * points[0] + t[:, None] * points[-1]


@de_casteljau.mistake(
    "That is the broken line through the points; a Bézier curve halves again what it has halved, until one "
    "point is left."
)
def broken_line_through_the_points(points, t):
    place = t * (len(points) - 1)
    axes = [np.interp(place, np.arange(len(points)), points[:, d]) for d in range(points.shape[1])]
    return np.stack(axes, axis=1).astype(points.dtype)


@de_casteljau.mistake("Bernstein's polynomials have binomial coefficients: C(n, i) tⁱ (1 − t)ⁿ⁻ⁱ.")
def binomials_forgotten(points, t):
    return bernstein(points, t, weight=lambda n, i: 1)


@de_casteljau.mistake(
    "You stop one round early and return the first of the two points that are left: n + 1 points need n "
    "rounds."
)
def one_round_too_few(points, t):
    return bernstein(points[: max(len(points) - 1, 1)], t)


@de_casteljau.alternative
def by_bernstein_polynomials(points, t):
    return bernstein(points, t)


@de_casteljau.loop
def _(points, t):
    out = np.empty((len(t), points.shape[1]), points.dtype)
    for k, share in enumerate(t):
        left = list(points)
        while len(left) > 1:
            left = [(1 - share) * left[i] + share * left[i + 1] for i in range(len(left) - 1)]
        out[k] = left[0]
    return out


# -- hermite_segment ---------------------------------------------------------------------------

hermite_segment = Exercise(reference.hermite_segment, points=1, see="eq-hermite", returns="curve")
hermite_segment.hints(
    "Four conditions, two positions and two velocities, fix a cubic. What must each of the four "
    "polynomials be at 0 and at 1, and its slope?",
    "p1 counts 3t² − 2t³ and p0 the rest, 1 minus it; m0 counts t (1 − t)², m1 counts t² (t − 1).",
)


@hermite_segment.cases
def _(rng):
    def inputs(D, T):
        p0, m0, p1, m1 = rng.normal(size=(4, D))
        return dict(p0=p0, m0=m0, p1=p1, m1=m1, t=rng.uniform(size=T))

    yield "a curve in the plane", inputs(2, 5)
    yield "a function", inputs(1, 4)
    yield "a curve in space", inputs(3, 7)
    yield "both ends", inputs(2, 3) | dict(t=np.array([0.0, 1.0, 0.4]))
    yield "a single moment", inputs(4, 1)
    yield "float32 points", f32(inputs(2, 6))
    yield "non-contiguous points", turned(inputs(3, 4))


@hermite_segment.oracle
def _(p0, m0, p1, m1, t):
    return CubicHermiteSpline([0, 1], [p0, p1], [m0, m1])(t).astype(p0.dtype)


def mixed(p0, m0, p1, m1, t, shares):
    return np.stack(shares, axis=1).astype(p0.dtype) @ np.stack([p0, m0, p1, m1])


@hermite_segment.mistake("The velocities are swapped: m0 belongs to the start, m1 to the end.")
def velocities_swapped(p0, m0, p1, m1, t):
    return mixed(p0, m1, p1, m0, t, [2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, 3 * t**2 - 2 * t**3, t**3 - t**2])  # fmt: skip


@hermite_segment.mistake(
    "m1 is the velocity of arrival, and t³ − t² is negative: just before the end the curve is where the "
    "velocity has not yet carried it."
)
def sign_of_the_last_polynomial(p0, m0, p1, m1, t):
    return mixed(p0, m0, p1, -m1, t, [2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, 3 * t**2 - 2 * t**3, t**3 - t**2])  # fmt: skip


@hermite_segment.mistake(
    "That is a Bézier curve through four control points; here m0 and m1 are velocities. As control points "
    "they would be p0 + m0/3 and p1 − m1/3."
)
def taken_for_control_points(p0, m0, p1, m1, t):
    return mixed(p0, m0, p1, m1, t, [(1 - t) ** 3, 3 * t * (1 - t) ** 2, t**3, 3 * t**2 * (1 - t)])


@hermite_segment.mistake("The velocities are left out; the curve stands still at both ends.")
def velocities_forgotten(p0, m0, p1, m1, t):
    return mixed(p0, 0 * m0, p1, 0 * m1, t, [2 * t**3 - 3 * t**2 + 1, t, 3 * t**2 - 2 * t**3, t])


@hermite_segment.mistake(
    "The shares of p0 and p1 add up to 1, so that the curve moves along when both points do; with 1 − t and "
    "t the velocities at the ends are no longer m0 and m1."
)
def straight_shares(p0, m0, p1, m1, t):
    return mixed(p0, m0, p1, m1, t, [1 - t, t**3 - 2 * t**2 + t, t, t**3 - t**2])


@hermite_segment.alternative
def four_polynomials(p0, m0, p1, m1, t):
    return mixed(p0, m0, p1, m1, t, [2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, 3 * t**2 - 2 * t**3, t**3 - t**2])  # fmt: skip


@hermite_segment.alternative
def as_a_bezier_curve(p0, m0, p1, m1, t):
    return reference.de_casteljau(np.stack([p0, p0 + m0 / 3, p1 - m1 / 3, p1]), t)


@hermite_segment.loop
def _(p0, m0, p1, m1, t):
    out = np.empty((len(t), len(p0)), p0.dtype)
    for k, s in enumerate(t):
        for d in range(len(p0)):
            out[k, d] = (2 * s**3 - 3 * s**2 + 1) * p0[d] + (s**3 - 2 * s**2 + s) * m0[d]
            out[k, d] += (3 * s**2 - 2 * s**3) * p1[d] + (s**3 - s**2) * m1[d]
    return out


# -- cardinal_tangents -------------------------------------------------------------------------

cardinal_tangents = Exercise(
    reference.cardinal_tangents, points=1, see="def-cardinal", returns="tangents"
)
cardinal_tangents.hints(
    "Which two points lie before and after the one in question, and how much time passes between them?",
    "Half the step from the point before to the point after, times 1 − tension. At an end only one step is "
    "there: take it whole.",
)


@cardinal_tangents.cases
def _(rng):
    def inputs(n, D, tension):
        return dict(points=rng.normal(size=(n, D)), tension=tension)

    yield "five points", inputs(5, 2, float(rng.uniform(0.1, 0.4)))
    yield "Catmull–Rom", inputs(6, 3, 0.0)
    yield "two points", inputs(2, 3, 0.25)
    yield "full tension", inputs(4, 2, 1.0)
    yield "negative tension", inputs(3, 1, -0.5)
    yield "float32 points", f32(inputs(7, 2, 0.3))
    yield "non-contiguous points", turned(inputs(4, 3, 0.6))


@cardinal_tangents.oracle
def _(points, tension):
    return (1 - tension) * np.gradient(points, axis=0)


@cardinal_tangents.mistake(
    "The step from the point before to the point after takes two units of time: halve it."
)
def half_forgotten(points, tension):
    tangents = 2 * np.gradient(points, axis=0)
    tangents[[0, -1]] /= 2
    return (1 - tension) * tangents


@cardinal_tangents.mistake(
    "Tension 1 makes the curve stop at each point: the factor is 1 − tension."
)
def tension_as_the_factor(points, tension):
    return tension * np.gradient(points, axis=0)


@cardinal_tangents.mistake(
    "The tangent looks both ways, to the point before and the point after; yours only looks ahead."
)
def forward_differences(points, tension):
    steps = np.diff(points, axis=0)
    return (1 - tension) * np.concatenate([steps, steps[-1:]])


@cardinal_tangents.mistake(
    "At the ends you treat the missing neighbour as the point itself and halve the step; take the only "
    "step there is, whole."
)
def half_a_step_at_the_ends(points, tension):
    padded = np.concatenate([points[:1], points, points[-1:]])
    return (1 - tension) * (padded[2:] - padded[:-2]) / 2


@cardinal_tangents.mistake("At the ends the curve is moving, too: the tangents there are not 0.")
def standing_still_at_the_ends(points, tension):
    tangents = (1 - tension) * np.gradient(points, axis=0)
    tangents[[0, -1]] = 0
    return tangents


@cardinal_tangents.mistake("The points are closed into a ring; this curve has two ends.")
def ring_of_points(points, tension):
    return (1 - tension) * (np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)) / 2


@cardinal_tangents.alternative
def by_numpys_gradient(points, tension):
    return (1 - tension) * np.gradient(points, axis=0)


@cardinal_tangents.loop
def _(points, tension):
    tangents = np.empty_like(points)
    last = len(points) - 1
    for i in range(len(points)):
        before, after = max(i - 1, 0), min(i + 1, last)
        tangents[i] = (1 - tension) * (points[after] - points[before]) / (after - before)
    return tangents


# -- kochanek_bartels_tangents -----------------------------------------------------------------

kochanek_bartels_tangents = Exercise(
    reference.kochanek_bartels_tangents,
    points=2,
    see="def-kochanek-bartels",
    returns="arriving, leaving",
)
kochanek_bartels_tangents.hints(
    "With all three at 0 both velocities are Catmull–Rom's: half the step before plus half the step after. "
    "Which of the two steps should a bias of 1 keep?",
    "(1 + bias) weighs the step before, (1 − bias) the one after. Continuity pulls arriving and leaving "
    "apart: what is (1 − c) for the one is (1 + c) for the other.",
    "arriving is (1 − c) before + (1 + c) after, leaving (1 + c) before + (1 − c) after, where before and "
    "after already hold (1 − t), (1 ± b) and the half.",
)


@kochanek_bartels_tangents.cases
def _(rng):
    def inputs(n, D, tension=0.0, continuity=0.0, bias=0.0):
        how = dict(tension=tension, continuity=continuity, bias=bias)
        return dict(points=rng.normal(size=(n, D))) | how

    t, c, b = (float(value) for value in rng.uniform(0.2, 0.7, size=3))
    yield "all three at work", inputs(5, 2, t, c, b)
    yield "tension alone", inputs(6, 3, tension=t)
    yield "continuity alone", inputs(4, 2, continuity=-c)
    yield "bias alone", inputs(4, 1, bias=b)
    yield "Catmull–Rom", inputs(7, 2)
    yield "two points", inputs(2, 3, -t, c, -b)
    yield "float32 points", f32(inputs(5, 3, t, -c, b))
    yield "non-contiguous points", turned(inputs(6, 2, t, c, b))


def pulled(points, t, c, b):
    """Arriving and leaving from the formulas as they stand."""
    d = np.diff(points, axis=0)
    d0, d1 = np.concatenate([d[:1], d]), np.concatenate([d, d[-1:]])
    arriving = (1 - t) * (1 + b) * (1 - c) / 2 * d0 + (1 - t) * (1 - b) * (1 + c) / 2 * d1
    leaving = (1 - t) * (1 + b) * (1 + c) / 2 * d0 + (1 - t) * (1 - b) * (1 - c) / 2 * d1
    return arriving, leaving


@kochanek_bartels_tangents.oracle
def _(points, tension, continuity, bias):
    """The matrix form of the paper, from each point's neighbours."""
    last = len(points) - 1
    before = np.array([points[i - 1] if i else 2 * points[0] - points[1] for i in range(last + 1)])
    after = np.array(
        [points[i + 1] if i < last else 2 * points[-1] - points[-2] for i in range(last + 1)]
    )
    t, c, b = tension, continuity, bias
    wide = np.array(
        [[(1 + b) * (1 - c), (1 - b) * (1 + c)], [(1 + b) * (1 + c), (1 - b) * (1 - c)]]
    )
    steps = np.stack([points - before, after - points])
    both = np.einsum("ks,snd->knd", (1 - t) / 2 * wide, steps).astype(points.dtype)
    return both[0], both[1]


@kochanek_bartels_tangents.mistake("The two results are swapped: first the velocity of arrival.")
def results_swapped(points, tension, continuity, bias):
    return pulled(points, tension, continuity, bias)[::-1]


@kochanek_bartels_tangents.mistake(
    "A positive bias overshoots: it weighs the step before by 1 + bias and the one after by 1 − bias."
)
def bias_the_other_way(points, tension, continuity, bias):
    return pulled(points, tension, continuity, -bias)


@kochanek_bartels_tangents.mistake("Tension 1 makes the curve stop: the factor is 1 − tension.")
def tension_the_other_way(points, tension, continuity, bias):
    return pulled(points, -tension, continuity, bias)


@kochanek_bartels_tangents.mistake(
    "Each of the four weights has a half: two steps make up one velocity."
)
def velocities_twice_too_large(points, tension, continuity, bias):
    return tuple(2 * side for side in pulled(points, tension, continuity, bias))


@kochanek_bartels_tangents.mistake(
    "You use one velocity for both sides; continuity is what tears arriving and leaving apart."
)
def continuity_forgotten(points, tension, continuity, bias):
    return pulled(points, tension, 0, bias)


@kochanek_bartels_tangents.mistake(
    "At either end the step that is missing counts as 0 with you; take the one next to it instead."
)
def nothing_beyond_the_ends(points, tension, continuity, bias):
    d = np.diff(points, axis=0)
    nothing = 0 * d[:1]
    d0, d1 = np.concatenate([nothing, d]), np.concatenate([d, nothing])
    t, c, b = tension, continuity, bias
    arriving = (1 - t) * (1 + b) * (1 - c) / 2 * d0 + (1 - t) * (1 - b) * (1 + c) / 2 * d1
    leaving = (1 - t) * (1 + b) * (1 + c) / 2 * d0 + (1 - t) * (1 - b) * (1 - c) / 2 * d1
    return arriving, leaving


@kochanek_bartels_tangents.alternative
def formulas_as_they_stand(points, tension, continuity, bias):
    return pulled(points, tension, continuity, bias)


@kochanek_bartels_tangents.loop
def _(points, tension, continuity, bias):
    arriving, leaving = np.empty_like(points), np.empty_like(points)
    last = len(points) - 1
    for i in range(last + 1):
        after = points[i + 1] - points[i] if i < last else points[i] - points[i - 1]
        before = points[i] - points[i - 1] if i else after
        a, z = (1 - tension) * (1 + bias) / 2, (1 - tension) * (1 - bias) / 2
        arriving[i] = a * (1 - continuity) * before + z * (1 + continuity) * after
        leaving[i] = a * (1 + continuity) * before + z * (1 - continuity) * after
    return arriving, leaving


# -- bspline_basis -----------------------------------------------------------------------------

bspline_basis = Exercise(reference.bspline_basis, points=3, see="eq-cox-de-boor", returns="N")
bspline_basis.hints(
    "Degree 0: which knots have x between them? That gives one 1 in a row of zeros.",
    "A B-spline of degree p leans on two of degree p − 1: it rises over the first one's support and falls "
    "over the second's. `knots[p:] - knots[:-p]` are the widths of the supports.",
    "Where a support is empty the B-spline is 0 anyway: divide by np.inf there. And the last knot itself "
    "must belong to the last interval that is not empty.",
)


def basis_cases(rng, least=0):
    def inputs(knots, degree, size, ends=True):
        return dict(x=within(rng, knots, degree, size, ends), knots=knots, degree=degree)

    yield "cubics on free knots", inputs(free(rng, 3, 4), 3, 11)
    yield "quadratics, both ends clamped", inputs(clamped(rng, 2, 4), 2, 9)
    yield "a double knot inside", inputs(clamped(rng, 3, 5, repeat=2), 3, 10)
    yield "a knot as often as the degree", inputs(clamped(rng, 2, 3, repeat=2), 2, 8)
    yield "straight pieces", inputs(clamped(rng, 1, 3), 1, 7)
    if not least:
        yield "degree 0", inputs(clamped(rng, 0, 4), 0, 8)
    yield "a table of points", inputs(clamped(rng, 4, 3), 4, (3, 4))
    wide = free(rng, 2, 3)
    beyond = np.concatenate([np.linspace(wide[0] - 1, wide[-1] + 1, 12), wide])
    yield "points outside the base interval", dict(x=beyond, knots=wide, degree=2)
    yield "float32 points", f32(inputs(clamped(rng, 3, 3), 3, 6, ends=False))
    yield "non-contiguous points", turned(inputs(clamped(rng, 3, 2), 3, 5))


@bspline_basis.cases
def _(rng):
    yield from basis_cases(rng)


def by_scipy(x, knots, degree, derivative=0):
    """SciPy's B-splines; knots far outside make all of the knots the base interval."""
    far = np.arange(1.0, degree + 1)
    more = far[: degree + 1 - np.count_nonzero(knots == knots[-1])]
    wide = np.concatenate([knots[0] - far[::-1], knots, knots[-1] + more]).astype(float)
    n = len(knots) - degree - 1
    inside = (knots[0] <= x) & (x <= knots[-1])
    x = np.where(inside, x, knots[0]).astype(float)
    if derivative:
        every = BSpline(wide, np.eye(len(wide) - degree - 1), degree)(x, derivative)
    else:
        every = BSpline.design_matrix(x.ravel(), wide, degree).toarray()
        every = every.reshape(*x.shape, -1)
    return np.where(inside[..., None], every[..., degree : degree + n], 0)


@bspline_basis.oracle
def _(x, knots, degree):
    return by_scipy(x, knots, degree).astype(x.dtype)


@bspline_basis.benchmark
def _(rng):
    return dict(x=rng.uniform(-1, 1, size=2000), knots=np.linspace(-1.6, 1.6, 17), degree=3)


def over(top, bottom):
    """A fraction, 0 where the denominator is 0."""
    return top / np.where(bottom > 0, bottom, np.inf)


def recursion(
    x, knots, degree, inside=lambda x, l, r, end: (l <= x) & ((x < r) | ((x == r) & (r == end))),
    rise=lambda x, t, p: over(x - t[: -p - 1], t[p:-1] - t[: -p - 1]),
    fall=lambda x, t, p: over(t[p + 1 :] - x, t[p + 1 :] - t[1:-p]),
):  # fmt: skip
    """Cox and de Boor's recursion, with what people get wrong as arguments."""
    x = x[..., None]
    N = inside(x, knots[:-1], knots[1:], knots[-1]).astype(x.dtype)
    for p in range(1, degree + 1):
        N = rise(x, knots, p) * N[..., :-1] + fall(x, knots, p) * N[..., 1:]
    return N


@bspline_basis.mistake(
    "At the last knot all your B-splines are 0, since every interval is open on the right: close the last "
    "one that is not empty."
)
def last_knot_forgotten(x, knots, degree):
    return recursion(x, knots, degree, inside=lambda x, l, r, end: (l <= x) & (x < r))


@bspline_basis.mistake(
    "With both ends closed an inner knot lies in two intervals, and the B-splines add up to 2 there: "
    "tᵢ ≤ x < tᵢ₊₁."
)
def intervals_closed_at_both_ends(x, knots, degree):
    return recursion(x, knots, degree, inside=lambda x, l, r, end: (l <= x) & (x <= r) & (l < r))


@bspline_basis.mistake(
    "Repeated knots make a denominator 0, and 0/0 is NaN; such a fraction counts as 0."
)
def divided_by_empty_supports(x, knots, degree):
    return recursion(
        x,
        knots,
        degree,
        rise=lambda x, t, p: (x - t[: -p - 1]) / (t[p:-1] - t[: -p - 1]),
        fall=lambda x, t, p: (t[p + 1 :] - x) / (t[p + 1 :] - t[1:-p]),
    )


@bspline_basis.mistake(
    "The second fraction falls: it is 1 where the second support begins and 0 at its end, "
    "(tᵢ₊ₚ₊₁ − x)/(tᵢ₊ₚ₊₁ − tᵢ₊₁). Yours rises."
)
def second_fraction_rises(x, knots, degree):
    return recursion(x, knots, degree, fall=lambda x, t, p: over(x - t[1:-p], t[p + 1 :] - t[1:-p]))


@bspline_basis.mistake(
    "The first fraction has the support of Nᵢ,ₚ₋₁ below, tᵢ₊ₚ − tᵢ; you divide both by the whole support, "
    "tᵢ₊ₚ₊₁ − tᵢ, and the B-splines no longer add up to 1."
)
def whole_support_below(x, knots, degree):
    return recursion(
        x,
        knots,
        degree,
        rise=lambda x, t, p: over(x - t[: -p - 1], t[p + 1 :] - t[: -p - 1]),
        fall=lambda x, t, p: over(t[p + 1 :] - x, t[p + 1 :] - t[: -p - 1]),
    )


@bspline_basis.mistake(
    "Your knots are taken as equally far apart: each fraction has its own support in the denominator."
)
def knots_taken_as_equally_spaced(x, knots, degree):
    gap = (knots[-1] - knots[0]) / (len(knots) - 1)
    return recursion(
        x,
        knots,
        degree,
        rise=lambda x, t, p: (x - t[: -p - 1]) / (p * gap),
        fall=lambda x, t, p: (t[p + 1 :] - x) / (p * gap),
    )


@bspline_basis.alternative
def two_fractions(x, knots, degree):
    return recursion(x, knots, degree)


@bspline_basis.alternative
def only_what_is_not_zero(x, knots, degree):
    n = len(knots) - degree - 1
    if degree == 0:
        return recursion(x, knots, 0)
    s, values, _ = reference.local_basis(x.ravel(), knots, degree)
    return reference.scattered(s, values, n).reshape(*x.shape, n)


@bspline_basis.loop
def _(x, knots, degree):
    last = np.searchsorted(knots, knots[-1]) - 1  # the last interval that is not empty

    def N(i, p, u):
        if p == 0:
            return float(knots[i] <= u < knots[i + 1] or (u == knots[-1] and i == last))
        value = 0.0
        if knots[i + p] > knots[i]:
            value += (u - knots[i]) / (knots[i + p] - knots[i]) * N(i, p - 1, u)
        if knots[i + p + 1] > knots[i + 1]:
            share = (knots[i + p + 1] - u) / (knots[i + p + 1] - knots[i + 1])
            value += share * N(i + 1, p - 1, u)
        return value

    out = np.empty((*x.shape, len(knots) - degree - 1), x.dtype)
    for place in np.ndindex(out.shape):
        out[place] = N(place[-1], degree, x[place[:-1]])
    return out


# -- de_boor -----------------------------------------------------------------------------------

de_boor = Exercise(reference.de_boor, points=3, see="eq-de-boor", returns="curve")
de_boor.hints(
    "In which interval between two knots does x lie? Only degree + 1 B-splines are not 0 there, those up "
    "to its number s.",
    "`np.searchsorted(knots, x, side='right') - 1` finds s, but at the right end it runs past n − 1: clip it.",
    "As in de Casteljau's scheme neighbours are mixed, only the share α is the place of x in a support: "
    "(x − tᵢ)/(tᵢ₊₁₊degree₋ᵣ − tᵢ).",
)


def curve_cases(rng, more):
    def inputs(knots, degree, N, D):
        made = dict(x=within(rng, knots, degree, N), knots=knots)
        return made | more(len(knots) - degree - 1, D) | dict(degree=degree)

    yield "cubics on free knots", inputs(free(rng, 3, 4), 3, 11, 2)
    yield "quadratics, both ends clamped", inputs(clamped(rng, 2, 4), 2, 9, 3)
    yield "a double knot inside", inputs(clamped(rng, 3, 5, repeat=2), 3, 10, 2)
    yield "straight pieces", inputs(clamped(rng, 1, 3), 1, 7, 2)
    yield "a Bézier curve", inputs(clamped(rng, 4, 0), 4, 6, 3)
    yield "a single point", inputs(clamped(rng, 3, 2), 3, 1, 4)
    yield "float32 points", f32(inputs(clamped(rng, 3, 3), 3, 6, 2))
    yield "non-contiguous points", turned(inputs(clamped(rng, 3, 2), 3, 5, 2))


@de_boor.cases
def _(rng):
    def more(n, D):
        return dict(coefficients=rng.normal(size=(n, D)))

    yield from curve_cases(rng, more)
    knots = clamped(rng, 3, 4)
    x = within(rng, knots, 3, 8)
    yield "a function", dict(x=x, knots=knots, coefficients=rng.normal(size=8), degree=3)


@de_boor.oracle
def _(x, knots, coefficients, degree):
    spline = BSpline(*(part.astype(float) for part in (knots, coefficients)), degree)
    return spline(x).astype(x.dtype)


def mixed_down(
    x, knots, coefficients, degree, side="right", clip=True, rounds=None,
    share=lambda x, t, i, p, r: (x - t[i]) / (t[i + 1 + p - r] - t[i]), swap=False, shift=0,
):  # fmt: skip
    """De Boor's algorithm, with what people get wrong as arguments."""
    n = len(coefficients)
    s = np.searchsorted(knots, x, side=side) - 1 + shift
    s = np.clip(s, degree, n - 1) if clip else s
    i = s[:, None] + np.arange(-degree, 1)
    d = coefficients[i]
    for r in range(1, degree + 1):
        i = i[:, 1:]
        a = share(x[:, None], knots, i, degree, r)
        a = a.reshape(a.shape + (1,) * (coefficients.ndim - 1))
        a = 1 - a if swap else a
        d = (1 - a) * d[:, :-1] + a * d[:, 1:]
        if r == rounds:
            return d[:, -1]
    return d[:, 0]


@de_boor.mistake(
    "At the right end the search runs past the last interval that is not empty. Clip its number to "
    "n − 1, so that the end belongs to it."
)
def right_end_forgotten(x, knots, coefficients, degree):
    return mixed_down(x, knots, coefficients, degree, clip=False)


@de_boor.mistake(
    "The support shrinks from round to round: below stands tᵢ₊₁₊degree₋ᵣ − tᵢ, not tᵢ₊degree − tᵢ in every one."
)
def support_of_the_first_round(x, knots, coefficients, degree):
    def share(x, t, i, p, r):
        return (x - t[i]) / (t[i + p] - t[i])

    return mixed_down(x, knots, coefficients, degree, share=share)


@de_boor.mistake("The shares are swapped: α belongs to dᵢ, 1 − α to the one before it, dᵢ₋₁.")
def shares_swapped(x, knots, coefficients, degree):
    return mixed_down(x, knots, coefficients, degree, swap=True)


@de_boor.mistake("One round is missing: degree rounds leave one point of degree + 1.")
def one_mix_too_few(x, knots, coefficients, degree):
    return mixed_down(x, knots, coefficients, degree, rounds=max(degree - 1, 1))


@de_boor.mistake(
    "De Casteljau's share, the same in every mix, is right for a Bézier curve alone: with knots α depends "
    "on the support, (x − tᵢ)/(tᵢ₊₁₊degree₋ᵣ − tᵢ)."
)
def one_share_for_all(x, knots, coefficients, degree):
    s = np.clip(np.searchsorted(knots, x, side="right") - 1, degree, len(coefficients) - 1)
    place = ((x - knots[s]) / (knots[s + 1] - knots[s]))[:, None]
    return mixed_down(x, knots, coefficients, degree, share=lambda x, t, i, p, r: place + 0 * i)


@de_boor.mistake(
    "The coefficients that count are those from s − degree to s; yours begin one too early."
)
def coefficients_one_too_early(x, knots, coefficients, degree):
    return mixed_down(x, knots, np.roll(coefficients, 1, axis=0), degree)


@de_boor.alternative
def basis_times_coefficients(x, knots, coefficients, degree):
    return by_scipy(x, knots, degree).astype(x.dtype) @ coefficients


@de_boor.alternative
def the_triangle_of_x(x, knots, coefficients, degree):
    s, values, _ = reference.local_basis(x, knots, degree)
    # a right end inside the knots begins a new interval here, whose last B-spline is 0
    number = np.minimum(s - degree + np.arange(degree + 1)[:, None], len(coefficients) - 1)
    return np.einsum("rm,rm...->m...", values, coefficients[number])


@de_boor.loop
def _(x, knots, coefficients, degree):
    out = np.empty((len(x), *coefficients.shape[1:]), x.dtype)
    for k, u in enumerate(x):
        s = degree
        while s < len(coefficients) - 1 and knots[s + 1] <= u:
            s += 1
        d = {i: coefficients[i] for i in range(s - degree, s + 1)}
        for r in range(1, degree + 1):
            for i in range(s, s - degree + r - 1, -1):
                a = (u - knots[i]) / (knots[i + 1 + degree - r] - knots[i])
                d[i] = (1 - a) * d[i - 1] + a * d[i]
        out[k] = d[s]
    return out


# -- bspline_derivative_basis ------------------------------------------------------------------

bspline_derivative_basis = Exercise(
    reference.bspline_derivative_basis, points=2, see="eq-bspline-derivative", returns="dN"
)
bspline_derivative_basis.hints(
    "Of which degree is the derivative, and which two B-splines of that degree share the support of Nᵢ,ₚ?",
    "Each B-spline of degree p − 1, times p over the width of its own support; neighbours are subtracted.",
    "`slopes = degree * N / support` with N of degree − 1, and `slopes[..., :-1] - slopes[..., 1:]`; where a "
    "support is empty divide by np.inf.",
)


@bspline_derivative_basis.cases
def _(rng):
    yield from basis_cases(rng, least=1)


@bspline_derivative_basis.oracle
def _(x, knots, degree):
    return by_scipy(x, knots, degree, derivative=1).astype(x.dtype)


def sloped(x, knots, degree, lower=None, below=None, factor=None, sign=-1):
    """The derivative, with what people get wrong as arguments."""
    N = (lower or recursion)(x, knots, degree - 1)
    support = knots[degree:] - knots[:-degree] if below is None else below
    slopes = over((degree if factor is None else factor) * N, support)
    return slopes[..., :-1] + sign * slopes[..., 1:]


@bspline_derivative_basis.mistake("The factor p is missing: x^p has the derivative p x^(p−1), too.")
def degree_forgotten(x, knots, degree):
    if degree == 1:
        return sloped(x, knots, degree, factor=2)
    return sloped(x, knots, degree, factor=1)


@bspline_derivative_basis.mistake(
    "The second half falls: the two B-splines of the lower degree are subtracted, not added."
)
def halves_added(x, knots, degree):
    return sloped(x, knots, degree, sign=1)


@bspline_derivative_basis.mistake(
    "Each B-spline of degree p − 1 is divided by the width of its support, which spans p intervals; yours "
    "are all divided by the mean width."
)
def one_width_for_all(x, knots, degree):
    support = knots[degree:] - knots[:-degree]
    return sloped(x, knots, degree, below=np.full_like(support, support.mean()))


@bspline_derivative_basis.mistake(
    "Repeated knots make a support empty, and 0/0 is NaN; such a fraction counts as 0."
)
def slopes_divided_by_empty_supports(x, knots, degree):
    slopes = degree * recursion(x, knots, degree - 1) / (knots[degree:] - knots[:-degree])
    return slopes[..., :-1] - slopes[..., 1:]


@bspline_derivative_basis.mistake(
    "The sign is wrong: the first of the two rises, the second falls."
)
def sign_reversed(x, knots, degree):
    return -sloped(x, knots, degree)


@bspline_derivative_basis.mistake(
    "At the last knot your derivative is 0: the last interval that is not empty is closed on the right."
)
def slope_at_the_last_knot_forgotten(x, knots, degree):
    return sloped(x, knots, degree, lower=last_knot_forgotten)


@bspline_derivative_basis.mistake(
    "A difference quotient is near the derivative and no more; the formula is exact, and near a kink the "
    "quotient mixes both sides."
)
def difference_quotient(x, knots, degree):
    h = np.asarray(1e-3, x.dtype)
    return (recursion(x + h, knots, degree) - recursion(x - h, knots, degree)) / (2 * h)


@bspline_derivative_basis.alternative
def two_halves(x, knots, degree):
    return sloped(x, knots, degree)


@bspline_derivative_basis.alternative
def only_slopes_that_are_not_zero(x, knots, degree):
    n = len(knots) - degree - 1
    s, _, slopes = reference.local_basis(x.ravel(), knots, degree)
    return reference.scattered(s, slopes, n).reshape(*x.shape, n)


@bspline_derivative_basis.loop
def _(x, knots, degree):
    N = recursion(x, knots, degree - 1)
    out = np.zeros((*x.shape, len(knots) - degree - 1), x.dtype)
    for i in range(out.shape[-1]):
        for k, sign in ((i, 1), (i + 1, -1)):
            if knots[k + degree] > knots[k]:
                out[..., i] += sign * degree / (knots[k + degree] - knots[k]) * N[..., k]
    return out


# -- nurbs_point -------------------------------------------------------------------------------

nurbs_point = Exercise(reference.nurbs_point, points=2, see="def-nurbs", returns="curve")
nurbs_point.hints(
    "With which weights would the formula be an ordinary spline? What else stands in the denominator?",
    "Give every point one coordinate more, its weight, and multiply the others by it: that is a spline of "
    "dimension D + 1. Divide at the end.",
)


@nurbs_point.cases
def _(rng):
    def more(n, D):
        return dict(points=rng.normal(size=(n, D)), weights=rng.uniform(0.3, 3, size=n))

    yield from curve_cases(rng, more)
    quarter = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    circle = dict(knots=np.array([0.0, 0, 0, 1, 1, 1]), points=quarter)
    x = rng.uniform(size=5)
    yield "a quarter of a circle", dict(x=x) | circle | dict(weights=np.array([1, 0.5**0.5, 1]), degree=2)  # fmt: skip


@nurbs_point.oracle
def _(x, knots, points, weights, degree):
    t, P, w = (part.astype(float) for part in (knots, points, weights))
    above, below = BSpline(t, w[:, None] * P, degree)(x), BSpline(t, w, degree)(x)
    return (above / below[:, None]).astype(points.dtype)


def rational(x, knots, points, above, below, degree):
    N = by_scipy(x, knots, degree).astype(points.dtype)
    return (N @ (above[:, None] * points)) / (N @ below)[:, None]


@nurbs_point.mistake("The weights are forgotten: that is an ordinary B-spline.")
def weights_forgotten(x, knots, points, weights, degree):
    return rational(x, knots, points, np.ones_like(weights), np.ones_like(weights), degree)


@nurbs_point.mistake(
    "The denominator is missing: Σ wᵢ Nᵢ is 1 only where all weights are 1, and without it the curve moves "
    "away from its points."
)
def denominator_forgotten(x, knots, points, weights, degree):
    return rational(x, knots, points, weights, np.ones_like(weights), degree)


@nurbs_point.mistake("The points in the numerator carry their weights, too: Σ wᵢ pointsᵢ Nᵢ.")
def numerator_without_weights(x, knots, points, weights, degree):
    return rational(x, knots, points, np.ones_like(weights), weights, degree)


@nurbs_point.mistake(
    "You divide the weights by their sum; what makes the shares add up to 1 at each x is Σ wᵢ Nᵢ(x)."
)
def weights_divided_by_their_sum(x, knots, points, weights, degree):
    return rational(x, knots, points, weights / weights.sum(), np.ones_like(weights), degree)


@nurbs_point.mistake("A larger weight pulls the curve nearer: multiply by the weights, not divide.")
def weights_divide(x, knots, points, weights, degree):
    return rational(x, knots, points, 1 / weights, 1 / weights, degree)


@nurbs_point.alternative
def rational_basis(x, knots, points, weights, degree):
    return rational(x, knots, points, weights, weights, degree)


@nurbs_point.loop
def _(x, knots, points, weights, degree):
    out = np.empty((len(x), points.shape[1]), points.dtype)
    for k in range(len(x)):
        N = by_scipy(x[k : k + 1], knots, degree)[0]
        total = sum(weights[i] * N[i] for i in range(len(N)))
        out[k] = sum(weights[i] * N[i] * points[i] for i in range(len(N))) / total
    return out


# -- kan_layer ---------------------------------------------------------------------------------

kan_layer = Exercise(reference.kan_layer, points=3, see="def-kan-layer", returns="Y")
kan_layer.hints(
    "Every edge from input i to output o has its own coefficients, but which part of the work is the same "
    "for all outputs?",
    "The B-splines of every input, `bspline_basis(X, knots, degree)` of shape (N, D, n), are needed once. "
    "The rest is a sum over i and k.",
    "`np.einsum('nik,oik->no', N, coefficients)`, or quicker one product of matrices: N as (rows, D n) "
    "times coefficients as (D_out, D n), transposed.",
)


def kan_inputs(rng, N, D, D_out, knots, degree, backward=False, spread=1.0):
    """A batch whose rows lie in the base interval, and beyond it if spread > 1."""
    low, high = base(knots, degree)
    middle, half = (low + high) / 2, (high - low) / 2
    made = dict(
        X=middle + spread * half * rng.uniform(-1, 1, size=(N, D)),
        coefficients=rng.normal(size=(D_out, D, len(knots) - degree - 1)),
        knots=knots,
        degree=degree,
    )
    return ({"dY": rng.normal(size=(N, D_out))} if backward else {}) | made


def kan_cases(rng, backward=False):
    def inputs(N, D, D_out, knots, degree, spread=1.0):
        return kan_inputs(rng, N, D, D_out, knots, degree, backward, spread)

    def grid(intervals, degree):
        return np.linspace(-1, 1, intervals + 1)[0] + 2 / intervals * np.arange(-degree, intervals + degree + 1)  # fmt: skip

    yield "cubics on a grid", inputs(6, 3, 2, grid(5, 3), 3)
    yield "quadratics on free knots", inputs(5, 2, 4, free(rng, 2, 3), 2)
    yield "a double knot inside", inputs(7, 2, 3, clamped(rng, 3, 4, repeat=2), 3)
    yield "a single row", inputs(1, 4, 3, grid(4, 3), 3)
    yield "rows beyond the knots", inputs(9, 2, 3, grid(3, 2), 2, spread=3.5)
    yield "straight pieces", inputs(4, 3, 5, clamped(rng, 1, 3), 1)
    ends = inputs(4, 2, 3, clamped(rng, 3, 2), 3)
    ends["X"][:2] = ends["knots"][0], ends["knots"][-1]
    yield "rows at both ends", ends
    yield "float32 inputs", f32(inputs(5, 3, 4, grid(4, 3), 3))
    yield "non-contiguous inputs", turned(inputs(8, 3, 2, grid(6, 3), 3))


def kan_large(rng, backward=False):
    """1000 rows through 16 · 12 edges, 8 intervals of cubics each: a realistic size."""
    knots = -1 + 2 / 8 * np.arange(-3, 12)
    return kan_inputs(rng, 1000, 12, 16, knots, 3, backward)


@kan_layer.cases
def _(rng):
    yield from kan_cases(rng)


kan_layer.benchmark(kan_large)


def torch_basis(torch, x, knots, degree):
    """Cox and de Boor's recursion in torch, as KAN implementations have it."""
    x = x[..., None]
    at_the_end = (x == knots[-1]) & (knots[1:] == knots[-1])
    N = ((knots[:-1] <= x) & (x < knots[1:]) | at_the_end).to(x.dtype)
    for p in range(1, degree + 1):
        rise, fall = knots[p:-1] - knots[: -p - 1], knots[p + 1 :] - knots[1:-p]
        up = (x - knots[: -p - 1]) / torch.where(rise > 0, rise, torch.inf)
        down = (knots[p + 1 :] - x) / torch.where(fall > 0, fall, torch.inf)
        N = up * N[..., :-1] + down * N[..., 1:]
    return N


def torch_layer(torch, X, coefficients, knots, degree):
    N = torch_basis(torch, X, knots, degree)
    return N.flatten(1) @ coefficients.flatten(1).T


kan_layer.torch(torch_layer)


def edges(X, coefficients, knots, degree, says="nik,oik->no", basis=recursion):
    return np.einsum(says, basis(X, knots, degree), coefficients)


@kan_layer.mistake("At the nodes the curves are added, not averaged: no 1/D belongs here.")
def mean_over_the_inputs(X, coefficients, knots, degree):
    return edges(X, coefficients, knots, degree) / np.asarray(X.shape[1], X.dtype)


@kan_layer.mistake(
    "All inputs go through the curves of the first one; every edge has its own coefficients[o, i]."
)
def one_curve_for_all_inputs(X, coefficients, knots, degree):
    return edges(X, np.broadcast_to(coefficients[:, :1], coefficients.shape), knots, degree)


@kan_layer.mistake(
    "You multiply the curves of a node; Kolmogorov and Arnold add them, and products come from sums of "
    "squares."
)
def curves_multiplied(X, coefficients, knots, degree):
    return edges(X, coefficients, knots, degree, says="nik,oik->noi").prod(axis=2)


@kan_layer.mistake(
    "Beyond the knots your curves stay at their last value, since you clip X; there every B-spline is 0."
)
def inputs_clipped(X, coefficients, knots, degree):
    return edges(np.clip(X, *base(knots, degree)), coefficients, knots, degree)


@kan_layer.mistake(
    "At the last knot your curves are 0: the last interval that is not empty is closed on the right."
)
def right_end_open(X, coefficients, knots, degree):
    return edges(X, coefficients, knots, degree, basis=last_knot_forgotten)


@kan_layer.mistake(
    "The coefficients of each edge run backwards with you: number k belongs to the B-spline that begins at "
    "knot k."
)
def coefficients_reversed(X, coefficients, knots, degree):
    return edges(X, coefficients[..., ::-1], knots, degree)


@kan_layer.alternative
def sum_over_inputs_and_splines(X, coefficients, knots, degree):
    return edges(X, coefficients, knots, degree)


@kan_layer.loop
def _(X, coefficients, knots, degree):
    D_out, D, n = coefficients.shape
    Y = np.zeros((len(X), D_out), X.dtype)
    for i in range(D):
        N = recursion(X[:, i], knots, degree)
        for o in range(D_out):
            for k in range(n):
                Y[:, o] += coefficients[o, i, k] * N[:, k]
    return Y


# -- kan_layer_backward ------------------------------------------------------------------------

kan_layer_backward = Exercise(
    reference.kan_layer_backward, points=4, see="eq-kan-back", returns="dX, dcoefficients"
)
kan_layer_backward.hints(
    "Y is linear in the coefficients: which number multiplies coefficients[o, i, k] in row n?",
    "The B-spline Nₖ(X[n, i]) does, so dcoefficients is dY and N summed over the rows. For dX the curve's "
    "slope is needed: the derivative of each B-spline.",
    "`np.einsum('no,nik->oik', dY, N)` and `np.einsum('no,oik,nik->ni', dY, coefficients, dN)`, the latter in "
    "two steps; with `bspline_derivative_basis` for dN.",
)


@kan_layer_backward.cases
def _(rng):
    yield from kan_cases(rng, backward=True)


@kan_layer_backward.benchmark
def _(rng):
    return kan_large(rng, backward=True)


@kan_layer_backward.gradient("X", "coefficients")
def _(torch, X, coefficients, knots, degree):
    return torch_layer(torch, X, coefficients, knots, degree)


def kan_back(dY, X, coefficients, knots, degree, basis=recursion, slopes=sloped):
    """Both gradients, with what people get wrong as arguments."""
    N, dN = basis(X, knots, degree), slopes(X, knots, degree)
    reached = np.einsum("no,oik->nik", dY, coefficients)
    return (reached * dN).sum(axis=2), np.einsum("no,nik->oik", dY, N)


@kan_layer_backward.mistake(
    "The input goes through the curve, so its gradient holds the curve's slope: N′ₖ, the derivative, in "
    "place of Nₖ."
)
def values_in_place_of_slopes(dY, X, coefficients, knots, degree):
    return kan_back(dY, X, coefficients, knots, degree, slopes=recursion)


@kan_layer_backward.mistake(
    "Coefficients serve all rows, so their gradient is the sum over the batch; yours is the mean."
)
def coefficients_averaged_over_the_batch(dY, X, coefficients, knots, degree):
    dX, dcoefficients = kan_back(dY, X, coefficients, knots, degree)
    return dX, dcoefficients / np.asarray(len(X), X.dtype)


@kan_layer_backward.mistake(
    "The coefficients' gradient holds the B-splines themselves: Y is linear in them, no slope comes in."
)
def slopes_in_the_coefficients(dY, X, coefficients, knots, degree):
    return kan_back(dY, X, coefficients, knots, degree, basis=sloped)


@kan_layer_backward.mistake(
    "The upstream gradient is not 1: every output's part of dX is weighed by dY[n, o]."
)
def upstream_forgotten_in_dX(dY, X, coefficients, knots, degree):
    dX, _ = kan_back(np.ones_like(dY), X, coefficients, knots, degree)
    return dX, kan_back(dY, X, coefficients, knots, degree)[1]


@kan_layer_backward.mistake(
    "The derivative of a B-spline of degree p has the factor p, which is missing in dX."
)
def degree_forgotten_in_the_slope(dY, X, coefficients, knots, degree):
    return kan_back(dY, X, coefficients, knots, degree, slopes=degree_forgotten)


@kan_layer_backward.mistake("The two results are swapped: first dX, then dcoefficients.")
def gradients_swapped(dY, X, coefficients, knots, degree):
    return kan_back(dY, X, coefficients, knots, degree)[::-1]


@kan_layer_backward.alternative
def by_einsum(dY, X, coefficients, knots, degree):
    return kan_back(dY, X, coefficients, knots, degree)


@kan_layer_backward.loop
def _(dY, X, coefficients, knots, degree):
    dX, dcoefficients = np.zeros_like(X), np.zeros_like(coefficients)
    for i in range(X.shape[1]):
        N, dN = recursion(X[:, i], knots, degree), sloped(X[:, i], knots, degree)
        for o in range(dY.shape[1]):
            for k in range(N.shape[1]):
                dcoefficients[o, i, k] = (dY[:, o] * N[:, k]).sum()
                dX[:, i] += dY[:, o] * coefficients[o, i, k] * dN[:, k]
    return dX, dcoefficients


# -- refine_grid -------------------------------------------------------------------------------

refine_grid = Exercise(
    reference.refine_grid, points=3, see="eq-grid-refinement", returns="coefficients"
)
refine_grid.hints(
    "The old spline is also a spline on the finer grid: at which points must the two agree for that to fix "
    "the new coefficients?",
    "Take degree + 1 points inside every interval of the new grid, within its base interval, and solve "
    "N̂ new = N old for all curves at once.",
    "`np.linalg.lstsq(bspline_basis(x, new_knots, degree), bspline_basis(x, knots, degree) @ old)` with the "
    "last axis of the coefficients in front; mind the shape and the dtype at the end.",
)


@refine_grid.cases
def _(rng):
    def grid(intervals, degree, low=-1.0, high=1.0):
        return low + (high - low) / intervals * np.arange(-degree, intervals + degree + 1)

    def inputs(shape, knots, new_knots, degree):
        coefficients = rng.normal(size=(*shape, len(knots) - degree - 1))
        return dict(coefficients=coefficients, knots=knots, new_knots=new_knots, degree=degree)

    def finer(knots, degree, more):
        low, high = base(knots, degree)
        return np.sort(np.concatenate([knots, rng.uniform(low, high, size=more)]))

    yield "a layer on a grid twice as fine", inputs((3, 2), grid(4, 3), grid(8, 3), 3)
    yield (
        "one curve, three times as fine",
        inputs((), grid(3, 2, 0.0, 2.0), grid(9, 2, 0.0, 2.0), 2),
    )
    knots = clamped(rng, 3, 3)
    yield "random knots put in", inputs((4,), knots, finer(knots, 3, 4), 3)
    knots = clamped(rng, 2, 4, repeat=2)
    yield "a double knot inside", inputs((2, 3), knots, finer(knots, 2, 3), 2)
    knots = clamped(rng, 3, 2)
    doubled = np.insert(knots, 5, knots[4])
    yield "a knot put in where one is", inputs((5,), knots, doubled, 3)
    yield "straight pieces", inputs((2, 4), grid(3, 1), grid(6, 1), 1)
    knots = clamped(rng, 3, 4)
    yield "the same knots again", inputs((3,), knots, knots.copy(), 3)
    yield "float32 coefficients", f32(inputs((2, 5), grid(2, 3), grid(4, 3), 3))
    yield "non-contiguous coefficients", turned(inputs((4, 3), grid(3, 3), grid(6, 3), 3))


@refine_grid.oracle
@refine_grid.alternative
def by_the_polar_form(coefficients, knots, new_knots, degree):
    """A coefficient is the polar form of the spline at the inner knots of its B-spline."""
    old = coefficients.reshape(-1, coefficients.shape[-1]).astype(float)
    new = np.empty((len(old), len(new_knots) - degree - 1))
    low, high = base(new_knots, degree)
    for j in range(new.shape[1]):
        inside = np.clip([new_knots[j], new_knots[j + degree + 1]], low, high)
        s = np.clip(np.searchsorted(knots, inside.mean(), "right") - 1, degree, old.shape[1] - 1)
        piece = BSpline(knots.astype(float), old.T, degree)
        middle = (knots[s] + knots[s + 1]) / 2
        new[:, j] = blossom(piece, middle, new_knots[j + 1 : j + 1 + degree], degree)
    return new.reshape(*coefficients.shape[:-1], -1).astype(coefficients.dtype)


def blossom(spline, x, arguments, degree):
    """The polar form of the polynomial piece at x, from its Taylor coefficients.

    The symmetric multi-affine form of (u − x)ʳ is the mean of the products of r of the differences.
    """
    elementary = [1.0] + [0.0] * degree
    for u in arguments:
        for r in range(degree, 0, -1):
            elementary[r] += elementary[r - 1] * (float(u) - x)
    total, factorial = 0.0, 1.0
    for r in range(degree + 1):
        factorial *= max(r, 1)
        total = total + spline(x, r) / factorial * elementary[r] / comb(degree, r)
    return total


def greville(knots, degree):
    """The mean of the inner knots of each B-spline, where its coefficient acts most."""
    return np.array([knots[i + 1 : i + 1 + degree].mean() for i in range(len(knots) - degree - 1)])


@refine_grid.mistake(
    "You read the new coefficients off the polygon of the old ones. A coefficient is no value of the curve; "
    "for straight pieces alone is that right."
)
def polygon_of_the_coefficients(coefficients, knots, new_knots, degree):
    old, new = greville(knots, degree), greville(new_knots, degree)
    flat = coefficients.reshape(-1, coefficients.shape[-1])
    read = np.array([np.interp(new, old, row) for row in flat])
    return read.reshape(*coefficients.shape[:-1], -1).astype(coefficients.dtype)


@refine_grid.mistake(
    "You take values of the old curve for the new coefficients; a B-spline's coefficient is not the curve's "
    "value there. Solve for coefficients with these values."
)
def values_for_coefficients(coefficients, knots, new_knots, degree):
    x = np.clip(greville(new_knots, degree), *base(knots, degree))
    return (coefficients @ recursion(x, knots, degree).T).astype(coefficients.dtype)


@refine_grid.mistake(
    "The new coefficients keep the old numbers, with zeros behind them; each number belongs to a B-spline "
    "that has now become narrower."
)
def zeros_appended(coefficients, knots, new_knots, degree):
    more = len(new_knots) - len(knots)
    pad = [(0, 0)] * (coefficients.ndim - 1) + [(0, more)]
    return np.pad(coefficients, pad)


@refine_grid.mistake(
    "The points reach beyond the base interval, where the B-splines no longer add up to 1 and the old ones "
    "end elsewhere than the new: fit within the base interval."
)
def fitted_beyond_the_base_interval(coefficients, knots, new_knots, degree):
    t = np.unique(np.concatenate([knots, new_knots])).astype(float)
    x = (t[:-1, None] + np.diff(t)[:, None] * np.linspace(0.1, 0.9, degree + 1)).ravel()
    return fitted(x, coefficients, knots, new_knots, degree)


def fitted(x, coefficients, knots, new_knots, degree):
    old, new = (recursion(x, t.astype(float), degree) for t in (knots, new_knots))
    flat = coefficients.reshape(-1, coefficients.shape[-1]).astype(float)
    found = np.linalg.lstsq(new, old @ flat.T)[0].T
    return found.reshape(*coefficients.shape[:-1], -1).astype(coefficients.dtype)


@refine_grid.alternative
def least_squares_at_many_points(coefficients, knots, new_knots, degree):
    low, high = base(new_knots, degree)
    x = np.union1d(np.linspace(low, high, 301), new_knots)
    x = x[(low <= x) & (x < high)].astype(float)
    gaps = np.unique(new_knots[degree : len(new_knots) - degree]).astype(float)
    x = np.concatenate(
        [x, (gaps[:-1, None] + np.diff(gaps)[:, None] * [0.2, 0.4, 0.6, 0.8]).ravel()]
    )
    return fitted(x, coefficients, knots, new_knots, degree)


@refine_grid.loop
def _(coefficients, knots, new_knots, degree):
    out = np.empty((*coefficients.shape[:-1], len(new_knots) - degree - 1), coefficients.dtype)
    for place in np.ndindex(coefficients.shape[:-1]):
        out[place] = reference.refine_grid(coefficients[place], knots, new_knots, degree)
    return out
