"""What a network can express: networks whose weights are written down, with a bound on their error.

A network is a list of weights and a list of biases, as `mlp_forward` of chapter `neurons` takes them;
its last layer is linear.
"""

from collections.abc import Callable, Sequence

import numpy as np

from solutions.activations import relu, sigmoid
from solutions.neurons import linear

Network = tuple[list[np.ndarray], list[np.ndarray]]


def network_output(
    X: np.ndarray,
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    activation: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return what a network with a linear last layer makes of X.

    Formula: Aˡ = activation(Aˡ⁻¹ (Wˡ)ᵀ + bˡ) in every layer but the last, which has no activation.
    X (N, n_0).  Returns (N, n_L).
    Source: chapter `approximation`.
    """
    A = X
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        A = activation(linear(A, W, b))
    return linear(A, weights[-1], biases[-1])


def hard_step(z: np.ndarray) -> np.ndarray:
    """Return 1 where z ≥ 0 and 0 elsewhere: what a sigmoid becomes as its weight grows.

    z: any shape.  Returns the same shape and dtype.
    Source: McCulloch and Pitts (1943).
    """
    return (z >= 0).astype(z.dtype)


def steep_step(x: np.ndarray, edge: float | np.ndarray, sharpness: float) -> np.ndarray:
    """Return a sigmoid unit that goes from 0 to 1 at an edge.

    Formula: σ(sharpness (x − edge)): the weight is the sharpness, the bias −sharpness · edge.
    x: any shape.  Returns the same shape and dtype, no warning however sharp.
    Source: Cybenko (1989); chapter `approximation`.
    """
    ### BEGIN SOLUTION
    return sigmoid(sharpness * (x - edge))
    ### END SOLUTION


def bump(
    x: np.ndarray,
    left: float | np.ndarray,
    right: float | np.ndarray,
    height: float,
    sharpness: float,
) -> np.ndarray:
    """Return two sigmoid units that together make a bump: up at `left`, down again at `right`.

    Formula: height (σ(sharpness (x − left)) − σ(sharpness (x − right))).
    x: any shape.  Returns the same shape and dtype.
    Source: chapter `approximation`.
    """
    ### BEGIN SOLUTION
    return height * (steep_step(x, left, sharpness) - steep_step(x, right, sharpness))
    ### END SOLUTION


def piecewise_constant_network(
    f: Callable[[np.ndarray], np.ndarray], a: float, b: float, units: int
) -> Network:
    """Return a network of hard steps that is nowhere on [a, b] further from f than f moves in h / 2.

    h = (b − a) / (units + 1) is the width of the units + 1 equal cells that so many edges leave.
    Bound: |network(x) − f(x)| ≤ ω(h / 2), where ω(δ) is the modulus of continuity of f: the most that
    f changes between two points at most δ apart.
    The hidden units are `hard_step`s.  Returns weights [(units, 1), (1, units)] and biases
    [(units,), (1,)], float64.  Every network that keeps the bound is right.
    f: works entry by entry; units ≥ 1.
    Source: chapter `approximation`.
    """
    ### BEGIN SOLUTION
    corners = np.linspace(a, b, units + 2)
    heights = f((corners[:-1] + corners[1:]) / 2)  # one cell, one height: f at its middle
    edges, jumps = corners[1:-1], np.diff(heights)
    return [np.ones((units, 1)), jumps[None, :]], [-edges, heights[:1]]
    ### END SOLUTION


def relu_interpolant(knots: np.ndarray, values: np.ndarray) -> Network:
    """Return a ReLU network that draws the broken line through the points (knots, values).

    Formula: values₀ + Σᵢ (slopeᵢ − slopeᵢ₋₁) relu(x − knotsᵢ), the first slope whole.
    Bound: where the values come from a curve f, |network − f| ≤ h²/8 · max |f″| between the first and
    the last knot, h the widest gap.
    knots (n,) ascending, values (n,), n ≥ 2.  Returns weights [(n − 1, 1), (1, n − 1)] and biases
    [(n − 1,), (1,)], dtype of the values.  Every network that keeps the bound and meets the points is
    right, whatever it does outside the knots.
    Source: chapter `approximation`.
    """
    ### BEGIN SOLUTION
    slopes = np.diff(values) / np.diff(knots)
    bends = np.diff(slopes, prepend=0).astype(values.dtype)
    weights = [np.ones_like(slopes)[:, None], bends[None, :]]
    return weights, [-knots[:-1], values[:1].copy()]
    ### END SOLUTION


def interpolation_error_bound(second_derivative_max: float, h: float) -> float:
    """Return how far a broken line can be from the curve whose points it joins.

    Formula: h²/8 · max |f″|.
    h: the widest gap between two knots, or an array of gaps.  Returns a number, or an array like h.
    Source: Davis (1963); chapter `approximation`.
    """
    ### BEGIN SOLUTION
    return second_derivative_max * h**2 / 8
    ### END SOLUTION


def tower(X: np.ndarray, center: np.ndarray, width: float, sharpness: float) -> np.ndarray:
    """Return a network with two hidden layers that is near 1 in a box and near 0 outside it.

    Formula: σ(sharpness (Σ_d bump_d − (D − ½))), where bump_d = σ(sharpness (x_d − left_d)) −
    σ(sharpness (x_d − right_d)) is a bump of height 1 between centre_d − width/2 and centre_d + width/2:
    only where all D bumps are up does their sum pass D − ½.
    X (N, D), center (D,).  Returns (N,), dtype of X.
    Source: chapter `approximation`.
    """
    ### BEGIN SOLUTION
    bumps = bump(X, center - width / 2, center + width / 2, 1, sharpness)
    return steep_step(bumps.sum(axis=1), X.shape[1] - 0.5, sharpness)
    ### END SOLUTION


def sawtooth(x: np.ndarray, depth: int) -> np.ndarray:
    """Return the line folded `depth` times: 2^depth straight pieces between 0 and 1.

    Formula: tent(x) = 2 relu(x) − 4 relu(x − ½), applied `depth` times: one layer of two units a fold.
    x: any shape, entries in [0, 1]; depth ≥ 0.  Returns the same shape and dtype.
    Source: Telgarsky (2016).
    """
    ### BEGIN SOLUTION
    for _ in range(depth):
        x = 2 * relu(x) - 4 * relu(x - 0.5)
    return x
    ### END SOLUTION


def sawtooth_weights(depth: int) -> Network:
    """Return the network of 2 depth hidden units that computes `sawtooth`: depth layers, two units each.

    Formula: the first layer is x ↦ (relu(x), relu(x − ½)); every later one takes 2 a₁ − 4 a₂ for x.
    depth ≥ 1.  Returns weights and biases, float64.
    Source: Telgarsky (2016).
    """
    fold, shift = np.array([[2.0, -4.0]]), np.array([0.0, -0.5])
    weights = [np.ones((2, 1)), *[np.repeat(fold, 2, axis=0)] * (depth - 1), fold]
    return weights, [shift] * depth + [np.zeros(1)]


def square_network(x: np.ndarray, depth: int) -> np.ndarray:
    """Return x² from sawtooths: the broken line through its values at k / 2^depth.

    Formula: x − Σₗ sawtooth(x, l) / 4ˡ, l from 1 to depth.  Error: between 0 and 4^−(depth + 1).
    x: any shape, entries in [0, 1]; depth ≥ 0.  Returns the same shape and dtype.
    Source: Yarotsky (2017).
    """
    ### BEGIN SOLUTION
    total, tooth = x, x
    for layer in range(1, depth + 1):
        tooth = sawtooth(tooth, 1)
        total = total - tooth / 4**layer
    return total
    ### END SOLUTION


def product_network(x: np.ndarray, y: np.ndarray, depth: int) -> np.ndarray:
    """Return x y from three squares, each by a `square_network`.

    Formula: 2 (q(|x + y| / 2) − q(|x| / 2) − q(|y| / 2)) with q = square_network; |x| is
    relu(x) + relu(−x).  Error: between −4^−depth and 0, and none where x or y is 0.
    x, y: one shape, entries in [−1, 1].  Returns the same shape and dtype.
    Source: Yarotsky (2017).
    """
    ### BEGIN SOLUTION
    both, first, second = (square_network(abs(z) / 2, depth) for z in (x + y, x, y))
    return 2 * (both - first - second)
    ### END SOLUTION


def count_linear_pieces(
    weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], a: float, b: float
) -> int:
    """Return how many straight pieces a ReLU network of one variable has on [a, b].

    Formula: layer by layer, every zero crossing of a unit between two corners is a new corner; two
    neighbouring pieces with the same slope are one.  No sampling: the slope on a piece is the product
    of the weights over the units that are on.
    weights[0] (n_1, 1), the last layer linear.  Returns an int ≥ 1.
    Source: Montúfar et al. (2014); chapter `approximation`.
    """
    ### BEGIN SOLUTION
    corners = np.array([a, b], dtype=float)
    for layer in range(1, len(weights)):
        Z = network_output(corners[:, None], weights[:layer], biases[:layer], relu)
        left, right = Z[:-1], Z[1:]
        piece, unit = np.nonzero(left * right < 0)
        share = left[piece, unit] / (left - right)[piece, unit]
        crossings = corners[piece] + share * np.diff(corners)[piece]
        corners = np.unique(np.concatenate([corners, crossings]))
    A = (corners[:-1, None] + corners[1:, None]) / 2
    slopes = np.ones_like(A)  # of each unit, on each piece
    for W, bias in zip(weights[:-1], biases[:-1], strict=True):
        Z = linear(A, W, bias)
        A, slopes = relu(Z), slopes @ W.T * (Z > 0)
    slopes = slopes @ weights[-1].T
    changes = np.abs(np.diff(slopes, axis=0)).max(axis=1)
    return 1 + int((changes > 1e-9 * np.abs(slopes).max()).sum())
    ### END SOLUTION


def units_needed(modulus: Callable[[float], float], epsilon: float) -> int:
    """Return the smallest number of hard steps for which the bound on [0, 1] is at most epsilon.

    Formula: the smallest n ≥ 0 with modulus(½ / (n + 1)) ≤ epsilon; n edges leave n + 1 cells, and with
    n = 0 a constant is enough.
    modulus: δ ↦ ω(δ), which falls to 0 with δ and never rises as δ falls.  epsilon > 0.
    Returns an int.
    Source: chapter `approximation`, the bound of piecewise_constant_network.
    """
    ### BEGIN SOLUTION
    cells = 1
    while modulus(0.5 / cells) > epsilon:
        cells *= 2
    too_few = cells // 2  # now halve the gap between too few and enough
    while cells - too_few > 1:
        middle = (cells + too_few) // 2
        if modulus(0.5 / middle) > epsilon:
            too_few = middle
        else:
            cells = middle
    return cells - 1
    ### END SOLUTION
