"""Sums of curves: splines, and the layer whose edges are splines.

A knot vector is one sequence t₀ ≤ t₁ ≤ … with n + degree + 1 entries for n B-splines; no value occurs
in it more than degree + 1 times.  Between t[degree] and t[n], its base interval, the B-splines add up
to 1.
"""

import numpy as np


def product_by_addition(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return x y by sums, differences and squares alone: functions of one variable, and addition.

    Formula: ((x + y)² − (x − y)²) / 4.
    x, y: one shape.  Returns the same shape and dtype.
    Source: the quarter squares of the old multiplication tables; chapter `kolmogorov_arnold`.
    """
    ### BEGIN SOLUTION
    return ((x + y) ** 2 - (x - y) ** 2) / 4
    ### END SOLUTION


def de_casteljau(points: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return the Bézier curve of some control points, by dividing distances again and again.

    Formula: bᵢ⁰ = pointsᵢ, bᵢʳ = (1 − t) bᵢʳ⁻¹ + t bᵢ₊₁ʳ⁻¹; the curve is the one bⁿ that is left.
    points (n + 1, D), t (T,) from 0 to 1.  Returns (T, D), dtype of the points.
    Source: de Casteljau (1959); Farin (2002).
    """
    ### BEGIN SOLUTION
    b, t = np.repeat(points[:, None], len(t), axis=1), t[:, None]  # (n + 1, T, D) and (T, 1)
    while len(b) > 1:
        b = (1 - t) * b[:-1] + t * b[1:]
    return b[0]
    ### END SOLUTION


def hermite_segment(
    p0: np.ndarray, m0: np.ndarray, p1: np.ndarray, m1: np.ndarray, t: np.ndarray
) -> np.ndarray:
    """Return the cubic that leaves p0 with velocity m0 and arrives at p1 with velocity m1.

    Formula: (2t³ − 3t² + 1) p0 + (t³ − 2t² + t) m0 + (3t² − 2t³) p1 + (t³ − t²) m1.
    p0, m0, p1, m1 (D,), t (T,) from 0 to 1.  Returns (T, D), dtype of the points.
    Source: Hermite (1878); Farin (2002).
    """
    ### BEGIN SOLUTION
    t = t[:, None]
    arrived = t * t * (3 - 2 * t)  # the share of p1
    return (1 - arrived) * p0 + t * (1 - t) ** 2 * m0 + arrived * p1 + t * t * (t - 1) * m1
    ### END SOLUTION


def cardinal_tangents(points: np.ndarray, tension: float) -> np.ndarray:
    """Return the velocity with which a cardinal spline passes through each of its points.

    Formula: mᵢ = (1 − tension) (pointsᵢ₊₁ − pointsᵢ₋₁) / 2; at either end, where one neighbour is
    missing, (1 − tension) times the step to, or from, the only one.  Tension 0 is Catmull–Rom.
    points (n, D), n ≥ 2.  Returns (n, D), dtype of the points.
    Source: Catmull and Rom (1974).
    """
    ### BEGIN SOLUTION
    steps = np.diff(points, axis=0)
    steps = np.concatenate([steps[:1], steps, steps[-1:]])  # each end goes on as it began
    return (1 - tension) * (steps[:-1] + steps[1:]) / 2
    ### END SOLUTION


def kochanek_bartels_tangents(
    points: np.ndarray, tension: float, continuity: float, bias: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the velocities with which a curve arrives at each of its points, and leaves it.

    Formulas: with dᵢ = pointsᵢ − pointsᵢ₋₁ and t, c, b for tension, continuity and bias,
    arrivingᵢ = (1 − t)(1 + b)(1 − c)/2 dᵢ + (1 − t)(1 − b)(1 + c)/2 dᵢ₊₁,
    leavingᵢ  = (1 − t)(1 + b)(1 + c)/2 dᵢ + (1 − t)(1 − b)(1 − c)/2 dᵢ₊₁;
    a missing d at either end is the one next to it.
    points (n, D), n ≥ 2.  Returns arriving (n, D) and leaving (n, D), dtype of the points.
    Source: Kochanek and Bartels (1984).
    """
    ### BEGIN SOLUTION
    steps = np.diff(points, axis=0)
    before = (1 - tension) * (1 + bias) / 2 * np.concatenate([steps[:1], steps])
    after = (1 - tension) * (1 - bias) / 2 * np.concatenate([steps, steps[-1:]])
    arriving = (1 - continuity) * before + (1 + continuity) * after
    leaving = (1 + continuity) * before + (1 - continuity) * after
    return arriving, leaving
    ### END SOLUTION


def bspline_basis(x: np.ndarray, knots: np.ndarray, degree: int) -> np.ndarray:
    """Return the value of every B-spline at every x.

    Formula: Nᵢ,₀ = 1 on [tᵢ, tᵢ₊₁) and 0 elsewhere, and
    Nᵢ,ₚ(x) = (x − tᵢ)/(tᵢ₊ₚ − tᵢ) Nᵢ,ₚ₋₁(x) + (tᵢ₊ₚ₊₁ − x)/(tᵢ₊ₚ₊₁ − tᵢ₊₁) Nᵢ₊₁,ₚ₋₁(x);
    a fraction whose denominator is 0 counts as 0.  The last interval that is not empty is closed on
    the right, so that the last knot belongs to it.
    x (…), knots (K,), degree ≥ 0.  Returns (…, K − degree − 1), dtype of x; zero outside the knots.
    Source: Cox (1972), de Boor (1972).
    """
    ### BEGIN SOLUTION
    x = x[..., None]
    at_the_end = (x == knots[-1]) & (knots[1:] == knots[-1])
    N = ((knots[:-1] <= x) & (x < knots[1:]) | at_the_end).astype(x.dtype)
    for p in range(1, degree + 1):
        support = knots[p:] - knots[:-p]  # of the B-splines of degree p − 1
        N = N / np.where(support > 0, support, np.inf)
        N = (x - knots[: -p - 1]) * N[..., :-1] + (knots[p + 1 :] - x) * N[..., 1:]
    return N
    ### END SOLUTION


def de_boor(x: np.ndarray, knots: np.ndarray, coefficients: np.ndarray, degree: int) -> np.ndarray:
    """Return the spline Σᵢ coefficientsᵢ Nᵢ(x), by mixing the degree + 1 coefficients that count.

    Formula: with tₛ ≤ x < tₛ₊₁ start at dᵢ⁰ = coefficientsᵢ for s − degree ≤ i ≤ s; then, r from 1 to
    degree, dᵢʳ = (1 − α) dᵢ₋₁ʳ⁻¹ + α dᵢʳ⁻¹ with α = (x − tᵢ)/(tᵢ₊₁₊degree₋ᵣ − tᵢ).  The spline is d at s.
    x (N,) in the base interval, its right end included; knots (K,);
    coefficients (n,), or (n, D) for a curve, n = K − degree − 1.  Returns (N,) or (N, D).
    Source: de Boor (1972).
    """
    ### BEGIN SOLUTION
    n = len(coefficients)
    s = np.clip(np.searchsorted(knots, x, side="right") - 1, degree, n - 1)
    i = s[:, None] + np.arange(-degree, 1)  # (N, degree + 1): the coefficients that count
    d = coefficients[i]
    for r in range(1, degree + 1):
        i = i[:, 1:]
        alpha = (x[:, None] - knots[i]) / (knots[i + 1 + degree - r] - knots[i])
        alpha = alpha.reshape(alpha.shape + (1,) * (coefficients.ndim - 1))
        d = (1 - alpha) * d[:, :-1] + alpha * d[:, 1:]
    return d[:, 0]
    ### END SOLUTION


def bspline_derivative_basis(x: np.ndarray, knots: np.ndarray, degree: int) -> np.ndarray:
    """Return the derivative of every B-spline at every x.

    Formula: N′ᵢ,ₚ = p/(tᵢ₊ₚ − tᵢ) Nᵢ,ₚ₋₁ − p/(tᵢ₊ₚ₊₁ − tᵢ₊₁) Nᵢ₊₁,ₚ₋₁; a fraction whose denominator is
    0 counts as 0.  At a kink the derivative is that from the right, at the last knot from the left.
    x (…), knots (K,), degree ≥ 1.  Returns (…, K − degree − 1), dtype of x.
    Source: de Boor (1978).
    """
    ### BEGIN SOLUTION
    support = knots[degree:] - knots[:-degree]
    N = bspline_basis(x, knots, degree - 1)
    slopes = degree * N / np.where(support > 0, support, np.inf)
    return slopes[..., :-1] - slopes[..., 1:]
    ### END SOLUTION


def nurbs_point(
    x: np.ndarray, knots: np.ndarray, points: np.ndarray, weights: np.ndarray, degree: int
) -> np.ndarray:
    """Return points of a rational spline: a spline one dimension up, seen in perspective.

    Formula: Σᵢ wᵢ pointsᵢ Nᵢ(x) / Σᵢ wᵢ Nᵢ(x).
    x (N,) in the base interval, knots (K,), points (n, D), weights (n,) > 0, n = K − degree − 1.
    Returns (N, D), dtype of the points.
    Source: Piegl and Tiller (1997).
    """
    ### BEGIN SOLUTION
    lifted = np.column_stack([weights[:, None] * points, weights])  # (n, D + 1)
    curve = de_boor(x, knots, lifted, degree)
    return curve[:, :-1] / curve[:, -1:]
    ### END SOLUTION


def local_basis(
    x: np.ndarray, knots: np.ndarray, degree: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each x, the values and slopes of the degree + 1 B-splines that are not zero there.

    The recursion of `bspline_basis`, run only over the triangle that x sees: no interval in it is
    empty, so nothing divides by zero, and the work does not grow with the number of knots.
    x (M,), knots (K,), degree ≥ 1.
    Returns s (M,), values (degree + 1, M) and slopes (degree + 1, M): row r belongs to B-spline number
    s − degree + r.  Near an end of the knots that number may lie outside 0 … K − degree − 2; there is
    no such B-spline then.  Values and slopes are 0 where x lies outside the knots.
    Source: Piegl and Tiller (1997), algorithm A2.2; chapter `kolmogorov_arnold`.
    """
    first = np.searchsorted(knots, knots[0], side="right") - 1  # the first interval not empty
    last = np.searchsorted(knots, knots[-1], side="left") - 1
    s = np.clip(np.searchsorted(knots, x, side="right") - 1, first, last)
    t, at = np.pad(knots, degree, mode="edge"), s + degree
    left = [x - t[at + 1 - j] for j in range(1, degree + 1)]
    right = [t[at + j] - x for j in range(1, degree + 1)]
    values = np.empty((degree + 1, len(x)), x.dtype)
    slopes = np.zeros_like(values)
    values[0] = (knots[0] <= x) & (x <= knots[-1])
    for p in range(1, degree + 1):
        carried = np.zeros_like(x)
        for r in range(p):
            share = values[r] / (right[r] + left[p - 1 - r])
            values[r] = carried + right[r] * share
            carried = left[p - 1 - r] * share
            if p == degree:
                slopes[r] -= p * share
                slopes[r + 1] += p * share
        values[p] = carried
    return s, values, slopes


def scattered(s: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    """Return an array (M, n) that holds, in row m, what `local_basis` found for x number m.

    Formula: entry (m, sₘ − degree + r) is rows[r, m], and every other entry 0.
    s (M,), rows (degree + 1, M).  Returns a new array, dtype of rows.
    Source: chapter `kolmogorov_arnold`.
    """
    degree = len(rows) - 1
    width = n + 2 * degree  # room on either side for those that do not exist
    full = np.zeros((len(s), width), rows.dtype)
    place = np.arange(len(s)) * width + s
    for r, row in enumerate(rows):
        full.ravel()[place + r] = row
    return full[:, degree : degree + n]


def kan_layer(
    X: np.ndarray, coefficients: np.ndarray, knots: np.ndarray, degree: int
) -> np.ndarray:
    """Return the outputs of a layer whose edges carry splines: every edge bends, every node adds.

    Formula: Y[n, o] = Σᵢ φₒᵢ(X[n, i]) with φₒᵢ(x) = Σₖ coefficients[o, i, k] Nₖ(x), and N as in
    `bspline_basis`: an edge gives 0 where x lies outside the knots.
    X (N, D), coefficients (D_out, D, n), knots (K,) shared by all edges, n = K − degree − 1, degree ≥ 1.
    Returns (N, D_out), dtype of X.
    Source: Liu et al. (2024), without their additional SiLU on each edge.
    """
    ### BEGIN SOLUTION
    D_out, D, n = coefficients.shape
    s, values, _ = local_basis(X.ravel(), knots, degree)
    N = scattered(s, values, n).reshape(len(X), D * n)  # all that the splines of a row weigh
    return N @ coefficients.reshape(D_out, D * n).T
    ### END SOLUTION


def kan_layer_backward(
    dY: np.ndarray, X: np.ndarray, coefficients: np.ndarray, knots: np.ndarray, degree: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of kan_layer with respect to X and the coefficients.

    Formulas: dcoefficients[o, i, k] = Σₙ dY[n, o] Nₖ(X[n, i]) and
    dX[n, i] = Σₖ N′ₖ(X[n, i]) Σₒ dY[n, o] coefficients[o, i, k].
    dY (N, D_out), X (N, D), coefficients (D_out, D, n), knots (K,).
    Returns dX (N, D) and dcoefficients (D_out, D, n), dtype of the inputs.
    Source: chapter `kolmogorov_arnold`.
    """
    ### BEGIN SOLUTION
    D_out, D, n = coefficients.shape
    s, values, slopes = local_basis(X.ravel(), knots, degree)
    N = scattered(s, values, n).reshape(len(X), D * n)
    dcoefficients = (dY.T @ N).reshape(D_out, D, n)
    dN = dY @ coefficients.reshape(D_out, D * n)
    dX = np.einsum("mk,mk->m", dN.reshape(-1, n), scattered(s, slopes, n))
    return dX.reshape(X.shape), dcoefficients
    ### END SOLUTION


def refine_grid(
    coefficients: np.ndarray, knots: np.ndarray, new_knots: np.ndarray, degree: int
) -> np.ndarray:
    """Return the coefficients, on a finer grid, of the splines that one has.

    Formula: least squares for Σₖ newₖ N̂ₖ(x) = Σₖ coefficientsₖ Nₖ(x), at degree + 1 points inside every
    interval of the new grid.  The error is 0: a polynomial of this degree is fixed by so many points.
    coefficients (…, n); knots (K,) and new_knots (K′,) have the same base interval, and in it every
    old knot is a new one, at least as many times.  Returns (…, K′ − degree − 1), dtype of the old ones.
    Source: Liu et al. (2024), grid extension; exact as in Boehm (1980).
    """
    ### BEGIN SOLUTION
    base = np.unique(new_knots[degree : len(new_knots) - degree]).astype(float)
    inside = (np.arange(degree + 1) + 0.5) / (degree + 1)
    x = (base[:-1, None] + np.diff(base)[:, None] * inside).ravel()
    old, new = bspline_basis(x, knots, degree), bspline_basis(x, new_knots, degree)
    wanted = np.tensordot(old, coefficients, axes=(1, -1))  # (points, …)
    fitted = np.linalg.lstsq(new, wanted.reshape(len(x), -1))[0]
    shape = coefficients.shape[:-1]
    return fitted.T.reshape(*shape, new.shape[1]).astype(coefficients.dtype)
    ### END SOLUTION
