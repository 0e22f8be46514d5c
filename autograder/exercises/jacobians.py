"""What an answer in the chapter on Jacobians must satisfy, and the mistakes people make."""

from functools import cache, reduce
from graphlib import TopologicalSorter
from itertools import pairwise

import numpy as np

from autograder.exercise import Exercise, Function
from solutions import jacobians as reference

# -- numerical_jacobian ------------------------------------------------------------------------

numerical_jacobian = Exercise(
    reference.numerical_jacobian, points=2, see="def-jacobian", returns="J", rtol=1e-6
)
numerical_jacobian.hints(
    "Move one entry of x up and down by h. Every entry of f answers: which part of J have you found?",
    "One entry of x moved gives one column: (f(x + h e_j) − f(x − h e_j)) / (2h). Find all columns "
    "and put them side by side.",
    "The rows of `h * np.eye(x.size)` are the steps; stack the quotients with "
    "`np.stack(columns, axis=1)`, and give the result the dtype of x.",
)


@numerical_jacobian.cases
def _(rng):
    yield (
        "three outputs of two inputs",
        dict(
            f=Function("lambda x: np.array([x[0] ** 3 * x[1], np.exp(x[0]), x[1] ** 3 - x[0]])"),
            x=rng.uniform(0.5, 1.5, size=2),
            h=0.1,
        ),
    )
    yield (
        "two outputs of four inputs",
        dict(
            f=Function("lambda x: np.array([np.sum(x) ** 3, np.prod(np.sin(x))])"),
            x=rng.uniform(0.3, 1.2, size=4),
            h=0.05,
        ),
    )
    yield (
        "as many outputs as inputs",
        dict(
            f=Function("lambda x: np.array([[1, 2, -1], [0, 3, 1], [4, 1, 2]]) @ x ** 3"),
            x=rng.uniform(0.5, 1.5, size=3),
            h=0.1,
        ),
    )
    yield (
        "a single output",
        dict(f=Function("lambda x: np.array([x @ x * x[1]])"), x=rng.normal(size=3), h=1e-2),
    )
    yield (
        "a float32 x",
        dict(
            f=Function("lambda x: np.array([np.exp(x[0]) * x[1], x[1] + 100, np.sum(x ** 2)])"),
            x=rng.uniform(0.5, 1.5, size=2).astype(np.float32),
            h=1e-4,
        ),
    )


@numerical_jacobian.oracle
def _(f, x, h):
    J = np.zeros((f(x).size, x.size))
    for j in range(x.size):
        ends = []
        for side in (h, -h):
            moved = [float(t) for t in x]
            moved[j] += side
            ends.append(f(np.array(moved)))
        for i in range(len(J)):
            J[i, j] = (ends[0][i] - ends[1][i]) / (2 * h)
    return J


def by_columns(x, column):
    """The matrix whose column j is column(e_j), in the dtype of x."""
    return np.stack([column(e) for e in np.eye(x.size)], axis=1).astype(x.dtype)


@numerical_jacobian.mistake(
    "Moving x_j shows how all outputs answer to it, which is column j; you stack the answers as rows, "
    "so the result is the transpose. Entry ij is ∂f_i/∂x_j: use `axis=1`."
)
def columns_stacked_as_rows(f, x, h=1e-5):
    return by_columns(x, lambda e: (f(x + h * e) - f(x - h * e)) / (2 * h)).T


@numerical_jacobian.mistake(
    "That is the forward difference, (f(x + h e) − f(x))/h, whose error shrinks with h only; the "
    "central one, (f(x + h e) − f(x − h e))/(2h), shrinks with h²."
)
def forward_differences(f, x, h=1e-5):
    return by_columns(x, lambda e: (f(x + h * e) - f(x.astype(float))) / h)


@numerical_jacobian.mistake("From x − h to x + h is a way of 2h: divide the change of f by 2h.")
def divided_by_h_instead_of_2h(f, x, h=1e-5):
    return by_columns(x, lambda e: (f(x + h * e) - f(x - h * e)) / h)


@numerical_jacobian.mistake(
    "`2 * h` needs parentheses under the fraction: `/ 2 * h` divides by 2 and multiplies by h."
)
def parentheses_forgotten(f, x, h=1e-5):
    return by_columns(x, lambda e: (f(x + h * e) - f(x - h * e)) / 2 * h)


@numerical_jacobian.mistake(
    "The outputs are added up, so what you find is the gradient of their sum; keep every output: the "
    "Jacobian has one row for each."
)
def outputs_summed(f, x, h=1e-5):
    slopes = by_columns(x, lambda e: (f(x + h * e) - f(x - h * e)) / (2 * h))
    return slopes.sum(axis=0)


@numerical_jacobian.mistake(
    "An entry that was moved must go back before the next one moves; yours stays moved. Work on a "
    "fresh copy for each entry."
)
def entry_not_moved_back(f, x, h=1e-5):
    here, columns = x.astype(float), []
    for j in range(x.size):
        here[j] += h
        up = f(here)
        here[j] -= 2 * h
        columns.append((up - f(here)) / (2 * h))
    return np.stack(columns, axis=1).astype(x.dtype)


@numerical_jacobian.mistake(
    "In float32 a step of h drowns in rounding: take the differences in float64, whatever x's dtype, "
    "and convert the result at the end."
)
def differences_in_float32(f, x, h=1e-5):
    def quotient(e):
        step = (h * e).astype(x.dtype)
        return (f(x + step) - f(x - step)) / (2 * h)

    return by_columns(x, quotient)


@numerical_jacobian.alternative
def column_by_column(f, x, h=1e-5):
    J = np.zeros((len(f(x)), len(x)), x.dtype)
    for j in range(len(x)):
        up, down = x.astype(float), x.astype(float)
        up[j] += h
        down[j] -= h
        J[:, j] = (f(up) - f(down)) / (2 * h)
    return J


@numerical_jacobian.alternative
def in_place_and_back(f, x, h=1e-5):
    here = np.array(x, dtype=float)
    rows = []
    for j in range(x.size):
        kept = here[j]
        here[j] = kept + h
        up = f(here)
        here[j] = kept - h
        down = f(here)
        here[j] = kept
        rows.append((up - down) / (2 * h))
    return np.array(rows).T.astype(x.dtype)


# -- linear_backward ---------------------------------------------------------------------------

linear_backward = Exercise(
    reference.linear_backward, points=2, see="eq-linear-vjp", returns="dX, dW, db"
)
linear_backward.hints(
    "What shape must each of the three gradients have? Which products of dZ with W, and of dZ with "
    "X, have it?",
    "dX has the shape of X, (N, in): dZ (N, out) times W (out, in). dW has the shape of W, (out, in): "
    "dZᵀ (out, N) times X (N, in), which sums over the examples. b serves every example, so the rows "
    "of dZ add up.",
    "`dZ @ W`, `dZ.T @ X`, `dZ.sum(axis=0)`",
)


@linear_backward.cases
def _(rng):
    def inputs(N, n_out, n_in, dtype=float):
        return dict(
            dZ=rng.normal(size=(N, n_out)).astype(dtype),
            X=rng.normal(size=(N, n_in)).astype(dtype),
            W=rng.normal(size=(n_out, n_in)).astype(dtype),
        )

    yield "a batch of five", inputs(5, 3, 4)
    yield "as many inputs as outputs", inputs(6, 4, 4)
    yield "more features than examples", inputs(2, 7, 3)
    yield "a single example", inputs(1, 4, 2)
    yield "float32 inputs", inputs(6, 2, 5, np.float32)
    turned = inputs(8, 3, 5)
    yield "non-contiguous inputs", {name: np.asfortranarray(a) for name, a in turned.items()}


@linear_backward.torch
def _(torch, dZ, X, W):
    leaves = [X, W, torch.zeros(len(W), dtype=X.dtype)]
    Z = torch.nn.functional.linear(*[leaf.requires_grad_() for leaf in leaves])
    return torch.autograd.grad(Z, leaves, dZ)


@linear_backward.mistake(
    "W has shape (out, in), and so has its gradient: entry jk pairs dZ of unit j with input k, which "
    "is `dZ.T @ X`; yours is its transpose."
)
def dW_transposed(dZ, X, W):
    return dZ @ W, X.T @ dZ, dZ.sum(axis=0)


@linear_backward.mistake(
    "Forward multiplies by `W.T`, so the way back multiplies by `W`: dX = dZ @ W. (With `W.T` even the "
    "shapes fit only by accident.)"
)
def dX_over_the_transpose(dZ, X, W):
    return dZ @ W.T, dZ.T @ X, dZ.sum(axis=0)


@linear_backward.mistake(
    "dW and db are sums over the examples, no means: if the loss is a mean, its 1/N is in dZ already."
)
def averaged_again(dZ, X, W):
    return dZ @ W, dZ.T @ X / len(X), dZ.mean(axis=0)


@linear_backward.mistake(
    "Only db is averaged: it is a sum over the examples like dW, since the same b serves all of them."
)
def bias_gradient_averaged(dZ, X, W):
    return dZ @ W, dZ.T @ X, dZ.mean(axis=0)


@linear_backward.mistake(
    "db must have the shape of b, (out,): the rows of dZ add up, because one b serves every example."
)
def bias_gradient_not_summed(dZ, X, W):
    return dZ @ W, dZ.T @ X, dZ.copy()


@linear_backward.mistake(
    "You add up errors and inputs over the batch first and multiply then; every example's dZ must meet "
    "its own x: `dZ.T @ X` multiplies first."
)
def product_of_the_sums(dZ, X, W):
    return dZ @ W, np.outer(dZ.sum(axis=0), X.sum(axis=0)), dZ.sum(axis=0)


@linear_backward.alternative
def by_einsum(dZ, X, W):
    dX, dW = np.einsum("nj,jk->nk", dZ, W), np.einsum("nj,nk->jk", dZ, X)
    return dX, dW, np.einsum("nj->j", dZ)


@linear_backward.alternative
def by_ones(dZ, X, W):
    ones = np.ones((len(X), 1), X.dtype)
    extended = dZ.T @ np.concatenate([X, ones], axis=1)  # b is a weight whose input is 1
    return (W.T @ dZ.T).T, extended[:, :-1], extended[:, -1]


@linear_backward.loop
def _(dZ, X, W):
    dX, dW, db = np.zeros_like(X), np.zeros_like(W), np.zeros(len(W), W.dtype)
    for n in range(len(X)):
        for j in range(len(W)):
            db[j] += dZ[n, j]
            for k in range(X.shape[1]):
                dX[n, k] += dZ[n, j] * W[j, k]
                dW[j, k] += dZ[n, j] * X[n, k]
    return dX, dW, db


@linear_backward.benchmark
def _(rng):
    sizes = dict(dZ=(128, 200), X=(128, 300), W=(200, 300))
    return {name: rng.normal(size=size) for name, size in sizes.items()}


# -- elementwise_vjp ---------------------------------------------------------------------------

elementwise_vjp = Exercise(
    reference.elementwise_vjp, points=1, see="eq-elementwise-vjp", returns="dX"
)
elementwise_vjp.hints(
    "The Jacobian of an entry-by-entry function is diagonal. What does a row vector times a diagonal "
    "matrix do?",
    "Each entry of the upstream gradient is multiplied by the slope at the same place.",
    "`dY * derivative`",
)


@elementwise_vjp.cases
def _(rng):
    def inputs(*shape, dtype=float):
        return {name: rng.normal(size=shape).astype(dtype) for name in ("dY", "derivative")}

    yield "a batch of rows", inputs(5, 3)
    yield "as many features as examples", inputs(4, 4)
    yield "a single row", inputs(1, 6)
    yield (
        "gates that are shut",
        dict(dY=rng.normal(size=(3, 4)), derivative=(rng.permutation(12) % 2.0).reshape(3, 4)),
    )
    yield "three axes", inputs(2, 3, 4)
    yield "float32 inputs", inputs(4, 2, dtype=np.float32)


@elementwise_vjp.torch
def _(torch, dY, derivative):
    X = torch.zeros_like(derivative, requires_grad=True)
    return torch.autograd.grad(X * derivative, X, dY)[0]  # any function with this slope will do


@elementwise_vjp.mistake(
    "A matrix product mixes the entries; each entry of the upstream gradient meets only its own slope: "
    "`*`, not `@`."
)
def matrix_product(dY, derivative):
    return dY @ np.swapaxes(derivative, -1, -2)


@elementwise_vjp.mistake(
    "That is the slope alone; what comes from above multiplies it: dY * derivative."
)
def upstream_forgotten(dY, derivative):
    return derivative.copy()


@elementwise_vjp.mistake(
    "The upstream gradient passes unchanged, as if every slope were 1: multiply by `derivative`."
)
def derivative_forgotten(dY, derivative):
    return dY.copy()


@elementwise_vjp.mistake(
    "Multiply by the slope: a flat function hands on little. Dividing by it belongs to the inverse "
    "function."
)
def divided_by_the_derivative(dY, derivative):
    return dY / derivative


@elementwise_vjp.mistake(
    "You average over the batch; X has a row for each example, so its gradient has one too. Any 1/N "
    "is in dY already."
)
def averaged_over_the_examples(dY, derivative):
    return (dY * derivative).mean(axis=0)


@elementwise_vjp.mistake(
    "The numbers are right, but `dY *= derivative` writes into the caller's array; another path may "
    "still need it. Return a new array: `dY * derivative`."
)
def written_into_the_callers_array(dY, derivative):
    dY *= derivative
    return dY


@elementwise_vjp.alternative
def by_einsum(dY, derivative):
    return np.einsum("...,...->...", dY, derivative)


@elementwise_vjp.alternative
def by_the_diagonal_jacobian(dY, derivative):
    return (dY.ravel() @ np.diag(derivative.ravel())).reshape(dY.shape)


@elementwise_vjp.loop
def _(dY, derivative):
    dX = np.zeros_like(dY)
    for place in np.ndindex(dY.shape):
        dX[place] = dY[place] * derivative[place]
    return dX


# -- softmax_backward --------------------------------------------------------------------------

softmax_backward = Exercise(
    reference.softmax_backward, points=2, see="eq-softmax-vjp", returns="dZ"
)
softmax_backward.hints(
    "Multiply the row dp by diag(p) − p pᵀ on paper. Which number does the second part need, once for "
    "each row?",
    "dp·diag(p) is p ⊙ dp, and dp·(p pᵀ) is the number dp·p times p. Take p out: "
    "p ⊙ (dp − dp·p), with the sum along the last axis.",
    "`P * (dP - (dP * P).sum(axis=-1, keepdims=True))`",
)


def softmax(Z):
    e = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@softmax_backward.cases
def _(rng):
    def inputs(*shape, dtype=float):
        Z = rng.normal(size=shape)
        return dict(dP=rng.normal(size=shape).astype(dtype), P=softmax(Z).astype(dtype))

    yield "a batch of rows", inputs(5, 4)
    yield "as many classes as examples", inputs(4, 4)
    yield "a single row", inputs(1, 6)
    certain = inputs(3, 5)
    certain["P"][1] = [0, 0, 1, 0, 0]
    yield "a row that is certain", certain
    yield "rows in two axes", inputs(2, 3, 4)
    yield "float32 inputs", inputs(6, 3, dtype=np.float32)
    turned = inputs(7, 3)
    yield "non-contiguous inputs", {name: np.asfortranarray(a) for name, a in turned.items()}


@softmax_backward.torch
def _(torch, dP, P):
    Z = torch.log(P).requires_grad_()  # softmax(log p) = p; log 0 = −∞ is right, too
    return torch.autograd.grad(torch.softmax(Z, -1), Z, dP)[0]


@softmax_backward.mistake(
    "Only the diagonal of the Jacobian is used, p (1 − p). Every z_j moves every p_i, since they share "
    "one sum: the off-diagonal entries −p_i p_j count as well."
)
def diagonal_of_the_jacobian_only(dP, P):
    return dP * P * (1 - P)


@softmax_backward.mistake(
    "dp·p is one number for each row: sum along the last axis, over the classes, not over the examples."
)
def summed_over_the_examples(dP, P):
    return P * (dP - (dP * P).sum(axis=0, keepdims=True))


@softmax_backward.mistake(
    "The number to subtract is dp·p, a mean of dp weighted by the probabilities; you subtract the bare "
    "sum of dp."
)
def weights_of_the_sum_forgotten(dP, P):
    return P * (dP - dP.sum(axis=-1, keepdims=True))


@softmax_backward.mistake(
    "The factor p in front is missing: dz = p ⊙ (dp − dp·p). A class of probability 0 gets no gradient."
)
def factor_in_front_forgotten(dP, P):
    return dP - (dP * P).sum(axis=-1, keepdims=True)


@softmax_backward.mistake(
    "Here the second part of the Jacobian, −p pᵀ, is missing: what is left treats the probabilities as "
    "if they did not share one sum."
)
def shared_sum_forgotten(dP, P):
    return P * dP


@softmax_backward.mistake(
    "p − y is the gradient of softmax and cross-entropy together, for targets y. Here softmax stands "
    "alone, and dP is what comes from above."
)
def taken_for_cross_entropy(dP, P):
    return P - dP


@softmax_backward.mistake(
    "The sign between the parts is minus: the Jacobian is diag(p) − p pᵀ, because what one class wins "
    "the others lose."
)
def plus_instead_of_minus(dP, P):
    return P * (dP + (dP * P).sum(axis=-1, keepdims=True))


@softmax_backward.alternative
def by_the_jacobian(dP, P):
    J = P[..., :, None] * np.eye(P.shape[-1], dtype=P.dtype) - P[..., :, None] * P[..., None, :]
    return np.einsum("...i,...ij->...j", dP, J)


@softmax_backward.alternative
def by_parts(dP, P):
    weighted = P * dP
    return weighted - P * np.einsum("...k->...", weighted)[..., None]


@softmax_backward.loop
def _(dP, P):
    dZ = np.zeros_like(P)
    for place in np.ndindex(P.shape[:-1]):
        for i in range(P.shape[-1]):
            for j in range(P.shape[-1]):
                slope = P[place][i] * ((i == j) - P[place][j])  # ∂p_i/∂z_j
                dZ[(*place, j)] += dP[place][i] * slope
    return dZ


@softmax_backward.terms
def _(dP, P):
    shared = (dP * P).sum(axis=-1, keepdims=True)
    return ({"the path through the numerator": P * dP, "the path through the sum": -P * shared},)


@softmax_backward.benchmark
def _(rng):
    return dict(dP=rng.normal(size=(512, 100)), P=softmax(rng.normal(size=(512, 100))))


# -- trace_gradient ----------------------------------------------------------------------------

trace_gradient = Exercise(reference.trace_gradient, points=1, see="eq-trace-axb", returns="G")
trace_gradient.hints(
    "Turn the factors of tr(A dX B) in a circle until dX stands last. What stands before it?",
    "d tr(A X B) = tr(B A dX), and tr(Gᵀ dX) names the gradient G. So Gᵀ = B A.",
    "`(B @ A).T`",
)


@trace_gradient.cases
def _(rng):
    def inputs(p, m, n, dtype=float):
        return dict(
            A=rng.normal(size=(p, m)).astype(dtype), B=rng.normal(size=(n, p)).astype(dtype)
        )

    yield "three different sizes", inputs(3, 4, 2)
    yield "square matrices", inputs(3, 3, 3)
    yield "a square X", inputs(2, 4, 4)
    yield "A and B are vectors", inputs(1, 5, 3)
    yield "float32 matrices", inputs(4, 2, 5, np.float32)
    turned = inputs(5, 3, 4)
    yield "non-contiguous matrices", {name: np.asfortranarray(a) for name, a in turned.items()}


@trace_gradient.torch
def _(torch, A, B):
    X = torch.zeros(A.shape[1], B.shape[0], dtype=A.dtype, requires_grad=True)
    return torch.autograd.grad(torch.trace(A @ X @ B), X)[0]


@trace_gradient.mistake(
    "B A stands before dX in tr(B A dX), and the gradient is its transpose, because tr(Gᵀ dX) pairs "
    "equal entries of G and dX. X is m × n, and so is the gradient."
)
def transpose_forgotten(A, B):
    return B @ A


@trace_gradient.mistake(
    "The circle goes the other way round: tr(A dX B) = tr(B A dX), so B comes before A; you have "
    "(A B)ᵀ, which fits only if X is square."
)
def turned_the_wrong_way(A, B):
    return (A @ B).T


@trace_gradient.mistake(
    "That is the Jacobian of the matrix A X B, every entry of it with respect to every entry of X. The "
    "trace is one number, so its gradient has the shape of X."
)
def jacobian_of_the_matrix(A, B):
    return np.kron(A, B.T)


@trace_gradient.mistake(
    "Both factors are transposed, (B A)ᵀ = Aᵀ Bᵀ; you leave A as it is, and A Bᵀ fits only if the "
    "sizes do by accident."
)
def one_transpose_forgotten(A, B):
    return A @ B.T


@trace_gradient.mistake(
    "Every entry of the gradient is a sum over the diagonal of A X B, which is a matrix product; you "
    "multiply entry by entry."
)
def entry_by_entry(A, B):
    return A.T * B.T


@trace_gradient.alternative
def product_of_transposes(A, B):
    return A.T @ B.T


@trace_gradient.alternative
def by_einsum(A, B):
    return np.einsum("im,ni->mn", A, B)


@trace_gradient.loop
def _(A, B):
    G = np.zeros((A.shape[1], B.shape[0]), A.dtype)
    for m in range(A.shape[1]):
        for n in range(B.shape[0]):
            for i in range(A.shape[0]):
                G[m, n] += A[i, m] * B[n, i]
    return G


# -- quadratic_form_gradient -------------------------------------------------------------------

quadratic_form_gradient = Exercise(
    reference.quadratic_form_gradient, points=1, see="eq-quadratic", returns="g"
)
quadratic_form_gradient.hints(
    "x stands in xᵀ A x twice. What does the product rule say?",
    "d(xᵀ A x) = dxᵀ A x + xᵀ A dx. Both are numbers, so each may be transposed: bring dx to the same "
    "side in both.",
    "`A @ x + A.T @ x`",
)


@quadratic_form_gradient.cases
def _(rng):
    def inputs(n, dtype=float):
        return dict(A=rng.normal(size=(n, n)).astype(dtype), x=rng.normal(size=n).astype(dtype))

    yield "a matrix that is not symmetric", inputs(4)
    yield "two variables", inputs(2)
    symmetric = inputs(3)
    symmetric["A"] = symmetric["A"] + symmetric["A"].T
    yield "a symmetric matrix", symmetric
    yield "a single variable", inputs(1)
    yield "float32 inputs", inputs(5, np.float32)
    turned = inputs(6)
    yield "a non-contiguous matrix", turned | dict(A=np.asfortranarray(turned["A"]))


@quadratic_form_gradient.torch
def _(torch, A, x):
    x.requires_grad_()
    return torch.autograd.grad(x @ A @ x, x)[0]


@quadratic_form_gradient.mistake(
    "2 A x is right for a symmetric A only; x stands on both sides, and the left one brings Aᵀ: "
    "A x + Aᵀ x."
)
def taken_for_symmetric(A, x):
    return 2 * A @ x


@quadratic_form_gradient.mistake(
    "2 Aᵀ x is right for a symmetric A only; the right-hand x brings Aᵀ, the left-hand one A: "
    "A x + Aᵀ x."
)
def taken_for_symmetric_and_transposed(A, x):
    return 2 * A.T @ x


@quadratic_form_gradient.mistake(
    "You differentiate with respect to the left x only; the right one moves as well and adds Aᵀ x."
)
def left_x_only(A, x):
    return A @ x


@quadratic_form_gradient.mistake(
    "You differentiate with respect to the right x only; the left one moves as well and adds A x."
)
def right_x_only(A, x):
    return A.T @ x


@quadratic_form_gradient.mistake(
    "The ½ belongs to ½ xᵀ A x; without it the gradient is A x + Aᵀ x."
)
def half_too_much(A, x):
    return (A @ x + A.T @ x) / 2


@quadratic_form_gradient.mistake(
    "That is the number xᵀ A x itself; its gradient has one entry for each entry of x."
)
def value_returned(A, x):
    return x @ A @ x


@quadratic_form_gradient.alternative
def by_the_symmetric_part(A, x):
    return (A + A.T) @ x


@quadratic_form_gradient.alternative
def from_both_sides(A, x):
    return A @ x + x @ A


@quadratic_form_gradient.loop
def _(A, x):
    g = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(len(x)):
            g[i] += A[i, j] * x[j]
            g[j] += A[i, j] * x[i]
    return g


@quadratic_form_gradient.terms
def _(A, x):
    return ({"the left x": A @ x, "the right x": A.T @ x},)


# -- jvp ---------------------------------------------------------------------------------------

CHAINS = {
    "three layers": [4, 3, 5, 2],
    "layers of one size": [3, 3, 3, 3],
    "a single layer": [2, 4],
    "many inputs and one output": [6, 4, 1],
}


def chains(rng, name, end):
    """Chains of Jacobians, and a vector that fits their first (0) or last (−1) size."""

    def inputs(sizes, matrices=1.0, vector=1.0, dtype=float):
        shapes = [(after, before) for before, after in pairwise(sizes)]
        return {
            "jacobians": [(matrices * rng.normal(size=one)).astype(dtype) for one in shapes],
            name: (vector * rng.normal(size=sizes[end])).astype(dtype),
        }

    for label, sizes in CHAINS.items():
        yield label, inputs(sizes)
    yield "entries near the end of the range", inputs([4, 3, 3, 2], 1e190, 1e-280)
    yield "float32 inputs", inputs([3, 4, 2], dtype=np.float32)


jvp = Exercise(reference.jvp, points=1, see="def-jvp", returns="v")
jvp.hints(
    "In J₃ J₂ J₁ v, which product can be computed first so that only vectors appear?",
    "Begin with J₁ v, a vector, multiply it by J₂, and so on: the list is in the right order.",
    "`for J in jacobians: v = J @ v`",
)


@jvp.cases
def _(rng):
    yield from chains(rng, "v", 0)


@jvp.torch
def _(torch, jacobians, v):
    def layers(x):
        for J in jacobians:
            x = x @ J.T
        return x

    return torch.func.jvp(layers, (torch.zeros_like(v),), (v,))[1]


@jvp.mistake(
    "The numbers are right where they are of ordinary size, but you multiply the matrices with each "
    "other first: that costs n³ instead of n², and here their product overflows. Keep to a vector: "
    "`v = J @ v`, layer by layer."
)
def whole_product_first(jacobians, v):
    return reduce(lambda whole, J: J @ whole, jacobians) @ v


@jvp.mistake(
    "The list begins with the layer next to the input, and a change of the input passes that layer "
    "first; you begin at the other end."
)
def from_the_wrong_end(jacobians, v):
    for J in reversed(jacobians):
        v = J @ v
    return v


@jvp.mistake(
    "`v @ J` is a row times the matrix, which carries a gradient back; a change goes forward as "
    "`J @ v`."
)
def row_times_matrix(jacobians, v):
    for J in jacobians:
        v = v @ J
    return v


@jvp.mistake("Only the first layer is passed: go on with its result through all the others.")
def first_layer_only(jacobians, v):
    return jacobians[0] @ v


@jvp.mistake("Layers one behind the other multiply; you add what each of them does to v by itself.")
def layers_added(jacobians, v):
    return sum(J @ v for J in jacobians)


@jvp.alternative
def by_reduce(jacobians, v):
    return reduce(lambda change, J: J @ change, jacobians, v)


@jvp.alternative
def by_one_column(jacobians, v):
    column = v[:, None]
    for J in jacobians:
        column = np.einsum("ij,jk->ik", J, column)
    return column[:, 0]


@jvp.loop
def _(jacobians, v):
    for J in jacobians:
        moved = np.zeros(len(J), J.dtype)
        for i in range(len(J)):
            for j in range(len(v)):
                moved[i] += J[i, j] * v[j]
        v = moved
    return v


# -- vjp ---------------------------------------------------------------------------------------

vjp = Exercise(reference.vjp, points=1, see="def-vjp", returns="u")
vjp.hints(
    "In uᵀ J₃ J₂ J₁, which product can be computed first so that only vectors appear?",
    "Begin with uᵀ J₃, a row, multiply it by J₂, and so on: from the end of the list to its beginning.",
    "`for J in reversed(jacobians): u = u @ J`",
)


@vjp.cases
def _(rng):
    yield from chains(rng, "u", -1)


@vjp.torch
def _(torch, jacobians, u):
    x = torch.zeros(jacobians[0].shape[1], dtype=u.dtype, requires_grad=True)
    y = x
    for J in jacobians:
        y = torch.mv(J, y)
    return torch.autograd.grad(y, x, u)[0]


@vjp.mistake(
    "The numbers are right where they are of ordinary size, but you multiply the matrices with each "
    "other first: that costs n³ instead of n², and here their product overflows. Keep to a row: "
    "`u = u @ J`, from the last layer to the first."
)
def whole_product_first(jacobians, u):
    return u @ reduce(lambda whole, J: J @ whole, jacobians)


@vjp.mistake(
    "A gradient comes from the output, so it passes the last layer first; you begin with the first."
)
def from_the_wrong_end(jacobians, u):
    for J in jacobians:
        u = u @ J
    return u


@vjp.mistake(
    "`J @ u` would carry a change forward; a gradient goes back as the row `u @ J`, or as `J.T @ u`."
)
def matrix_times_column(jacobians, u):
    for J in reversed(jacobians):
        u = J @ u
    return u


@vjp.mistake("Only the last layer is passed: go on with its result through all the others.")
def last_layer_only(jacobians, u):
    return u @ jacobians[-1]


@vjp.mistake(
    "That is the Jacobian-vector product: it carries a change of the input forward. Here u lives at "
    "the output and goes back."
)
def forward_instead_of_back(jacobians, u):
    for J in jacobians:
        u = J @ u
    return u


@vjp.alternative
def by_transposes(jacobians, u):
    for J in jacobians[::-1]:
        u = J.T @ u
    return u


@vjp.alternative
def by_reduce(jacobians, u):
    return reduce(np.matmul, jacobians[::-1], u)


@vjp.loop
def _(jacobians, u):
    for J in jacobians[::-1]:
        moved = np.zeros(J.shape[1], J.dtype)
        for i in range(len(u)):
            for j in range(J.shape[1]):
                moved[j] += u[i] * J[i, j]
        u = moved
    return u


# -- batch_norm --------------------------------------------------------------------------------


def rows(rng, *shape, spread=1.0, offset=2.0, dtype=np.float64):
    """X with columns of different means and spreads, and a gamma that is not constant."""
    D = shape[-1]
    X = spread * rng.uniform(0.5, 2, size=D) * rng.normal(size=shape) + offset * rng.normal(size=D)
    gamma = rng.choice([-1, 1], size=D) * rng.uniform(0.5, 2, size=D)
    return dict(X=X.astype(dtype), gamma=gamma.astype(dtype))


def normalisation_cases(rng, other):
    """Inputs for both norms; `other` draws what else the function takes, from X."""

    def inputs(*shape, eps=1e-5, turned=False, **how):
        made = rows(rng, *shape, **how)
        if turned:
            made["X"] = np.asfortranarray(made["X"])
        return other(made["X"]) | made | dict(eps=eps)

    yield "a batch of seven", inputs(7, 4)
    yield "more features than examples", inputs(4, 6)
    yield "as many features as examples", inputs(5, 5, eps=1e-3)
    yield "almost no spread", inputs(6, 5, spread=1e-4, offset=0.01)
    yield "values far from zero", inputs(6, 4, offset=1e5)
    yield "float32 inputs", inputs(8, 3, dtype=np.float32)
    yield "a non-contiguous X", inputs(6, 7, turned=True)


def shift(rng):
    return lambda X: dict(beta=rng.normal(size=X.shape[-1]).astype(X.dtype))


def upstream(rng):
    return lambda X: dict(dY=rng.normal(size=X.shape).astype(X.dtype))


def constant_column(inputs):
    inputs["X"][:, 1] = inputs["X"][0, 1]
    return inputs


batch_norm = Exercise(reference.batch_norm, points=2, see="def-batch-norm", returns="Y")
batch_norm.hints(
    "Which axis of X counts the examples? How many means and variances are there?",
    "Every column has its own mean and variance, over axis 0. Subtract the mean, divide by "
    "√(variance + eps), then multiply by gamma and add beta.",
    "`centred = X - X.mean(axis=0)`, `variance = (centred**2).mean(axis=0)`, "
    "`gamma * (centred / np.sqrt(variance + eps)) + beta`",
)


@batch_norm.cases
def _(rng):
    yield from normalisation_cases(rng, shift(rng))
    one = rows(rng, 1, 3)
    yield "a single example", shift(rng)(one["X"]) | one | dict(eps=1e-5)
    flat = rows(rng, 5, 3)
    yield (
        "a feature that is constant",
        constant_column(shift(rng)(flat["X"]) | flat | dict(eps=1e-5)),
    )


@batch_norm.torch
def _(torch, X, gamma, beta, eps):
    if len(X) == 1:  # torch refuses one example: it has no spread, so the shift is all that is left
        return beta[None].clone()
    return torch.nn.functional.batch_norm(X, None, None, gamma, beta, True, eps=eps)


def normalised(X, gamma, beta, eps, axis, variance=np.var, rate=None):
    """Both norms with their parts exchangeable, for the mistakes below."""
    spread = variance(X, axis=axis, keepdims=True)
    rate = rate(spread, eps) if rate else 1 / np.sqrt(spread + eps)
    return gamma * (X - X.mean(axis=axis, keepdims=True)) * rate + beta


def unbiased(X, axis, keepdims):
    return X.var(axis=axis, keepdims=keepdims, ddof=1)


def difference_of_squares(X, axis, keepdims):
    mean = X.mean(axis=axis, keepdims=keepdims)
    return (X * X).mean(axis=axis, keepdims=keepdims) - mean * mean


def outside_the_root(variance, eps):
    return 1 / (np.sqrt(variance) + eps)


def without_root(variance, eps):
    return 1 / (variance + eps)


def without_eps(variance, eps):
    return 1 / np.sqrt(variance)


@batch_norm.mistake(
    "You normalise every row over its own features, which is layer norm; batch norm takes mean and "
    "variance of every column, over the examples: axis 0."
)
def over_the_features(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=1)


@batch_norm.mistake(
    "You take one mean and one variance of the whole array; every feature has its own: axis 0."
)
def one_mean_for_everything(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=None)


@batch_norm.mistake(
    "The variance is divided by N, not by N − 1: the batch is described, nothing is estimated. (With "
    "a single example N − 1 is 0.)"
)
def divided_by_N_minus_1(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=0, variance=unbiased)


@batch_norm.mistake(
    "eps stands under the root, √(σ² + ε), next to the variance; you add it to the standard deviation."
)
def eps_outside_the_root(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=0, rate=outside_the_root)


@batch_norm.mistake("Divide by the standard deviation, the root of the variance plus eps.")
def root_forgotten(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=0, rate=without_root)


@batch_norm.mistake(
    "eps is missing: a feature that is constant in this batch has variance 0, and 0/0 is NaN."
)
def eps_forgotten(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=0, rate=without_eps)


@batch_norm.mistake(
    "⟨x²⟩ − ⟨x⟩² subtracts two large, nearly equal numbers, and for values far from zero only rounding "
    "is left. Centre first, then take the mean of the squares."
)
def variance_as_a_difference(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=0, variance=difference_of_squares)


@batch_norm.mistake(
    "gamma and beta have changed places: gamma multiplies what is normalised, beta is added."
)
def gamma_and_beta_swapped(X, gamma, beta, eps):
    return normalised(X, beta, gamma, eps, axis=0)


@batch_norm.mistake("The normalised values are right; scale them by gamma and shift them by beta.")
def scale_and_shift_forgotten(X, gamma, beta, eps):
    return normalised(X, np.ones_like(gamma), np.zeros_like(beta), eps, axis=0)


@batch_norm.alternative
def by_numpy_var(X, gamma, beta, eps):
    return gamma * (X - X.mean(0)) / np.sqrt(X.var(0) + eps) + beta


@batch_norm.alternative
def scale_folded_in(X, gamma, beta, eps):
    centred = X - np.einsum("nd->d", X) / len(X)
    scale = gamma / np.sqrt(np.einsum("nd,nd->d", centred, centred) / len(X) + eps)
    return centred * scale + beta


@batch_norm.loop
def _(X, gamma, beta, eps):
    N, D = X.shape
    Y = np.zeros_like(X)
    for d in range(D):
        mean = sum(X[n, d] for n in range(N)) / N
        variance = sum((X[n, d] - mean) ** 2 for n in range(N)) / N
        for n in range(N):
            Y[n, d] = gamma[d] * (X[n, d] - mean) / np.sqrt(variance + eps) + beta[d]
    return Y


@batch_norm.benchmark
def _(rng):
    made = rows(rng, 128, 512)
    return shift(rng)(made["X"]) | made | dict(eps=1e-5)


# -- batch_norm_backward -----------------------------------------------------------------------

DIRECT, MEAN, VARIANCE = "the direct path", "the path through the mean", "the path through the variance"  # fmt: skip

batch_norm_backward = Exercise(
    reference.batch_norm_backward, points=4, see="eq-bn-compact", returns="dX, dgamma, dbeta"
)
batch_norm_backward.hints(
    "x acts on the output on three paths: directly, through the mean, through the variance. What does "
    "each of them hand on?",
    "With x̂ = (x − μ)/√(σ² + ε) and g = γ dy: directly g/√(σ² + ε); through the mean minus the mean of "
    "that over the batch; through the variance −x̂/√(σ² + ε) times the mean of g x̂. And dgamma is the "
    "sum of dy x̂, dbeta the sum of dy.",
    "rate = 1 / √(variance + eps), X_hat = centred · rate, dgamma = (dY · X_hat).sum(axis=0), "
    "dbeta = dY.sum(axis=0), dX = gamma · rate · (dY − dbeta / N − X_hat · dgamma / N).",
)


@batch_norm_backward.cases
def _(rng):
    yield from normalisation_cases(rng, upstream(rng))
    one = rows(rng, 1, 3)
    yield "a single example", upstream(rng)(one["X"]) | one | dict(eps=1e-5)
    flat = rows(rng, 5, 3)
    yield (
        "a feature that is constant",
        constant_column(upstream(rng)(flat["X"]) | flat | dict(eps=1e-5)),
    )


@batch_norm_backward.torch
def _(torch, dY, X, gamma, eps):
    leaves = [X, gamma, torch.zeros_like(gamma)]
    for leaf in leaves:
        leaf.requires_grad_()
    if len(X) > 1:
        Y = torch.nn.functional.batch_norm(X, None, None, *leaves[1:], True, eps=eps)
    else:  # torch refuses one example, so the definition is differentiated
        Y = gamma * (X - X.mean(0)) / torch.sqrt(X.var(0, correction=0) + eps) + leaves[2]
    return torch.autograd.grad(Y, leaves, dY)


def paths(dY, X, gamma, eps, axis):
    """For both norms: the three paths to dX, and what dgamma and dbeta are sums of."""
    centred = X - X.mean(axis=axis, keepdims=True)
    rate = 1 / np.sqrt(np.mean(centred**2, axis=axis, keepdims=True) + eps)
    X_hat, G = centred * rate, gamma * dY
    three = {
        DIRECT: G * rate,
        MEAN: -rate * G.mean(axis=axis, keepdims=True) * np.ones_like(X),
        VARIANCE: -rate * X_hat * (G * X_hat).mean(axis=axis, keepdims=True),
    }
    return three, dY * X_hat, dY


def backward(dY, X, gamma, eps, axis, weights=(1, 1, 1)):
    """Both backward passes, each path with a weight, for the mistakes below."""
    three, for_gamma, for_beta = paths(dY, X, gamma, eps, axis)
    dX = sum(w * path for w, path in zip(weights, three.values(), strict=True))
    return dX.astype(X.dtype), summed(for_gamma), summed(for_beta)


def summed(rows):
    """The sum over all axes but the last."""
    return rows.sum(axis=tuple(range(rows.ndim - 1)))


@batch_norm_backward.terms
def _(dY, X, gamma, eps):
    three, for_gamma, for_beta = paths(dY, X, gamma, eps, axis=0)
    return three, {"dY times X_hat": for_gamma.sum(axis=0)}, {"dY": for_beta.sum(axis=0)}


@batch_norm_backward.mistake(
    "The path through the variance is missing: moving one x changes σ², and with it every output of "
    "that feature. It adds −x̂ · γ/√(σ² + ε) times the batch mean of dy x̂."
)
def variance_path_forgotten(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=0, weights=(1, 1, 0))


@batch_norm_backward.mistake(
    "The path through the mean is missing: moving one x moves μ, and with it every output of that "
    "feature. It adds −γ/√(σ² + ε) times the batch mean of dy."
)
def mean_path_forgotten(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=0, weights=(1, 0, 1))


@batch_norm_backward.mistake(
    "Only the direct path is there, as if μ and σ² were constants. Both depend on every x of the batch: "
    "add the path through the mean and the path through the variance."
)
def mean_and_variance_taken_for_constants(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=0, weights=(1, 0, 0))


@batch_norm_backward.mistake(
    "The paths through mean and variance lack their 1/N: each x moves the mean by 1/N of its own change. "
    "Divide the two sums over the batch by N."
)
def sums_not_divided_by_N(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=0, weights=(1, len(X), len(X)))


@batch_norm_backward.mistake(
    "The variance here is divided by N, so its path carries 1/N as well; you have 1/(N − 1) somewhere."
)
def divided_by_N_minus_1(dY, X, gamma, eps):
    N = len(X)
    centred = X - X.mean(axis=0)
    rate = 1 / np.sqrt(X.var(axis=0, ddof=1) + eps)
    X_hat = centred * rate
    dgamma = (dY * X_hat).sum(axis=0)
    dX = gamma * rate * (dY - dY.mean(axis=0) - X_hat * dgamma / np.float64(N - 1).astype(X.dtype))
    return dX, dgamma, dY.sum(axis=0)


@batch_norm_backward.mistake(
    "The path through the variance has the wrong power: the derivative of (σ² + ε)^(−1/2) is "
    "−½ (σ² + ε)^(−3/2); the exponent falls by one, and yours stayed."
)
def exponent_of_the_variance_not_lowered(dY, X, gamma, eps):
    spread = np.mean((X - X.mean(axis=0)) ** 2, axis=0) + eps
    return backward(dY, X, gamma, eps, axis=0, weights=(1, 1, spread))


@batch_norm_backward.mistake(
    "dX lacks the factor gamma: y = γ x̂ + β, so what reaches x̂ is γ dy, not dy."
)
def gamma_forgotten(dY, X, gamma, eps):
    dX, _, _ = backward(dY, X, np.ones_like(gamma), eps, axis=0)
    return dX, *backward(dY, X, gamma, eps, axis=0)[1:]


@batch_norm_backward.mistake(
    "dX lacks the factor 1/√(σ² + ε): a feature that is stretched by the norm hands on a stretched "
    "gradient."
)
def rate_forgotten(dY, X, gamma, eps):
    dX, dgamma, dbeta = backward(dY, X, gamma, eps, axis=0)
    spread = np.sqrt(np.mean((X - X.mean(axis=0)) ** 2, axis=0) + eps)
    return dX * spread, dgamma, dbeta


@batch_norm_backward.mistake(
    "gamma multiplies x̂, so dgamma sums dy x̂; you sum dy times the X that came in, before it was "
    "normalised."
)
def dgamma_with_X_instead_of_X_hat(dY, X, gamma, eps):
    dX, _, dbeta = backward(dY, X, gamma, eps, axis=0)
    return dX, (dY * X).sum(axis=0), dbeta


@batch_norm_backward.mistake(
    "dgamma and dbeta are sums over the batch, no means: gamma and beta serve every example, and any "
    "1/N is in dY already."
)
def dgamma_and_dbeta_averaged(dY, X, gamma, eps):
    dX, dgamma, dbeta = backward(dY, X, gamma, eps, axis=0)
    return dX, dgamma / len(X), dbeta / len(X)


@batch_norm_backward.mistake(
    "These are the paths of layer norm: your means run over the features of an example. In batch norm "
    "an x meets the other examples of its feature: axis 0."
)
def over_the_features(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=1)


@batch_norm_backward.alternative
def three_paths_of_the_paper(dY, X, gamma, eps):
    N = len(X)
    centred = X - X.mean(axis=0)
    variance = (centred**2).mean(axis=0)
    dX_hat = dY * gamma
    dvariance = (dX_hat * centred).sum(axis=0) * -0.5 * (variance + eps) ** -1.5
    dmean = -dX_hat.sum(axis=0) / np.sqrt(variance + eps)
    dmean = dmean + dvariance * -2 * centred.mean(axis=0)
    dX = dX_hat / np.sqrt(variance + eps) + dvariance * 2 * centred / N + dmean / N
    return dX, (dY * centred / np.sqrt(variance + eps)).sum(axis=0), dY.sum(axis=0)


@batch_norm_backward.alternative
def one_fraction(dY, X, gamma, eps):
    N = len(X)
    spread = np.sqrt(X.var(0) + eps)
    X_hat = (X - X.mean(0)) / spread
    G = dY * gamma
    dX = (N * G - G.sum(0) - X_hat * (G * X_hat).sum(0)) / (N * spread)
    return dX, np.einsum("nd,nd->d", dY, X_hat), np.ones(N, X.dtype) @ dY


@batch_norm_backward.loop
def _(dY, X, gamma, eps):
    N, D = X.shape
    dX, dgamma, dbeta = np.zeros_like(X), np.zeros_like(gamma), np.zeros_like(gamma)
    for d in range(D):
        mean = sum(X[n, d] for n in range(N)) / N
        root = np.sqrt(sum((X[n, d] - mean) ** 2 for n in range(N)) / N + eps)
        for n in range(N):
            dbeta[d] += dY[n, d]
            dgamma[d] += dY[n, d] * (X[n, d] - mean) / root
        for n in range(N):
            x_hat = (X[n, d] - mean) / root
            dX[n, d] = gamma[d] / root * (dY[n, d] - dbeta[d] / N - x_hat * dgamma[d] / N)
    return dX, dgamma, dbeta


@batch_norm_backward.benchmark
def _(rng):
    made = rows(rng, 128, 512)
    return upstream(rng)(made["X"]) | made | dict(eps=1e-5)


# -- layer_norm --------------------------------------------------------------------------------

layer_norm = Exercise(reference.layer_norm, points=1, see="def-layer-norm", returns="Y")
layer_norm.hints(
    "Every example is normalised by itself. Which axis do mean and variance run over, and what shape "
    "must they keep to be subtracted from X?",
    "As batch norm, over the last axis and with keepdims=True. gamma and beta still have one entry for "
    "each feature.",
    "`centred = X - X.mean(axis=-1, keepdims=True)`, the variance likewise, and "
    "`gamma * (centred / np.sqrt(variance + eps)) + beta`",
)


@layer_norm.cases
def _(rng):
    yield from normalisation_cases(rng, shift(rng))
    for label, shape in (("a single example", (1, 6)), ("sequences", (2, 3, 5))):
        made = rows(rng, *shape)
        yield label, shift(rng)(made["X"]) | made | dict(eps=1e-5)
    flat = rows(rng, 4, 3)
    flat["X"][1] = flat["X"][1, 0]
    yield "a row that is constant", shift(rng)(flat["X"]) | flat | dict(eps=1e-5)


@layer_norm.torch
def _(torch, X, gamma, beta, eps):
    return torch.nn.functional.layer_norm(X, X.shape[-1:], gamma, beta, eps)


@layer_norm.mistake(
    "You normalise every feature over the batch, which is batch norm; layer norm takes mean and "
    "variance of every row, over its own features: axis −1."
)
def over_the_batch(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=0)


@layer_norm.mistake(
    "You take one mean and one variance of the whole array; every row has its own: axis −1."
)
def one_mean_for_everything(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=None)


@layer_norm.mistake("The variance is divided by D, the number of features, not by D − 1.")
def divided_by_D_minus_1(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=-1, variance=unbiased)


@layer_norm.mistake(
    "eps stands under the root, √(σ² + ε), next to the variance; you add it to the standard deviation."
)
def eps_outside_the_root(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=-1, rate=outside_the_root)


@layer_norm.mistake("Divide by the standard deviation, the root of the variance plus eps.")
def root_forgotten(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=-1, rate=without_root)


@layer_norm.mistake(
    "eps is missing: a row whose entries are all equal has variance 0, and 0/0 is NaN."
)
def eps_forgotten(X, gamma, beta, eps):
    return normalised(X, gamma, beta, eps, axis=-1, rate=without_eps)


@layer_norm.mistake("The normalised values are right; scale them by gamma and shift them by beta.")
def scale_and_shift_forgotten(X, gamma, beta, eps):
    return normalised(X, np.ones_like(gamma), np.zeros_like(beta), eps, axis=-1)


@layer_norm.mistake(
    "`keepdims=True` is missing: a mean of shape (N,) lines up with the last axis of X, so it is "
    "subtracted along the wrong one, if the shapes fit at all."
)
def axis_not_kept(X, gamma, beta, eps):
    return gamma * (X - X.mean(axis=-1)) / np.sqrt(X.var(axis=-1) + eps) + beta


@layer_norm.alternative
def by_numpy_var(X, gamma, beta, eps):
    mean, variance = X.mean(-1, keepdims=True), X.var(-1, keepdims=True)
    return (X - mean) / np.sqrt(variance + eps) * gamma + beta


@layer_norm.alternative
def batch_norm_of_the_transpose(X, gamma, beta, eps):
    columns = X.reshape(-1, X.shape[-1]).T
    ones = np.ones(columns.shape[1], X.dtype)
    return reference.batch_norm(columns, ones, 0 * ones, eps).T.reshape(X.shape) * gamma + beta


@layer_norm.loop
def _(X, gamma, beta, eps):
    Y, D = np.zeros_like(X), X.shape[-1]
    for place in np.ndindex(X.shape[:-1]):
        row = X[place]
        mean = sum(row[d] for d in range(D)) / D
        variance = sum((row[d] - mean) ** 2 for d in range(D)) / D
        for d in range(D):
            Y[(*place, d)] = gamma[d] * (row[d] - mean) / np.sqrt(variance + eps) + beta[d]
    return Y


@layer_norm.benchmark
def _(rng):
    made = rows(rng, 1024, 128)
    return shift(rng)(made["X"]) | made | dict(eps=1e-5)


# -- layer_norm_backward -----------------------------------------------------------------------

layer_norm_backward = Exercise(
    reference.layer_norm_backward, points=3, see="eq-ln-compact", returns="dX, dgamma, dbeta"
)
layer_norm_backward.hints(
    "Which of batch norm's three paths does layer norm have? Over which axis do their means run now? "
    "And where is gamma: inside these means or outside?",
    "gamma differs from feature to feature, so it goes inside: G = gamma · dY. Then "
    "dX = (G − mean of G − X_hat · mean of G X_hat)/√(variance + eps), means over the last axis. "
    "dgamma and dbeta sum over all rows, as before.",
    "`rate * (G - G.mean(axis=-1, keepdims=True) - X_hat * (G * X_hat).mean(axis=-1, "
    "keepdims=True))`, `(dY * X_hat).sum(axis=0)`, `dY.sum(axis=0)`, the last two over every axis but "
    "the last.",
)


@layer_norm_backward.cases
def _(rng):
    yield from normalisation_cases(rng, upstream(rng))
    for label, shape in (("a single example", (1, 6)), ("sequences", (2, 3, 5))):
        made = rows(rng, *shape)
        yield label, upstream(rng)(made["X"]) | made | dict(eps=1e-5)
    flat = rows(rng, 4, 3)
    flat["X"][1] = flat["X"][1, 0]
    yield "a row that is constant", upstream(rng)(flat["X"]) | flat | dict(eps=1e-5)


@layer_norm_backward.torch
def _(torch, dY, X, gamma, eps):
    leaves = [leaf.requires_grad_() for leaf in (X, gamma, torch.zeros_like(gamma))]
    Y = torch.nn.functional.layer_norm(X, X.shape[-1:], *leaves[1:], eps)
    return torch.autograd.grad(Y, leaves, dY)


@layer_norm_backward.terms
def _(dY, X, gamma, eps):
    three, for_gamma, for_beta = paths(dY, X, gamma, eps, axis=-1)
    return three, {"dY times X_hat": summed(for_gamma)}, {"dY": summed(for_beta)}


@layer_norm_backward.mistake(
    "The path through the variance is missing: moving one x changes σ² of its row, and with it every "
    "output of that row. It adds −x̂/√(σ² + ε) times the row's mean of γ dy x̂."
)
def variance_path_forgotten(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=-1, weights=(1, 1, 0))


@layer_norm_backward.mistake(
    "The path through the mean is missing: moving one x moves μ of its row, and with it every output "
    "of that row. It adds −1/√(σ² + ε) times the row's mean of γ dy."
)
def mean_path_forgotten(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=-1, weights=(1, 0, 1))


@layer_norm_backward.mistake(
    "Only the direct path is there, as if μ and σ² were constants. Both depend on every x of the row: "
    "add the path through the mean and the path through the variance."
)
def mean_and_variance_taken_for_constants(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=-1, weights=(1, 0, 0))


@layer_norm_backward.mistake(
    "The paths through mean and variance lack their 1/D: each x moves the mean of its row by 1/D of its "
    "own change."
)
def sums_not_divided_by_D(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=-1, weights=(1, X.shape[-1], X.shape[-1]))


@layer_norm_backward.mistake(
    "gamma stands outside the means, as in batch norm. There it is one number for the column that the "
    "mean runs over; here every entry of the row has its own, so it belongs inside: begin with γ dy."
)
def gamma_outside_the_means(dY, X, gamma, eps):
    dX, _, _ = backward(dY, X, np.ones_like(gamma), eps, axis=-1)
    return gamma * dX, *backward(dY, X, gamma, eps, axis=-1)[1:]


@layer_norm_backward.mistake("dX lacks gamma: y = γ x̂ + β, so what reaches x̂ is γ dy, not dy.")
def gamma_forgotten(dY, X, gamma, eps):
    dX, _, _ = backward(dY, X, np.ones_like(gamma), eps, axis=-1)
    return dX, *backward(dY, X, gamma, eps, axis=-1)[1:]


@layer_norm_backward.mistake(
    "These are the paths of batch norm: your means run over the examples. In layer norm an x meets the "
    "other features of its own row: axis −1."
)
def over_the_batch(dY, X, gamma, eps):
    return backward(dY, X, gamma, eps, axis=0)


@layer_norm_backward.mistake(
    "gamma and beta have one entry for each feature and serve every row, so dgamma and dbeta sum over "
    "the rows; you sum over the features."
)
def dgamma_and_dbeta_over_the_features(dY, X, gamma, eps):
    dX, _, _ = backward(dY, X, gamma, eps, axis=-1)
    _, for_gamma, for_beta = paths(dY, X, gamma, eps, axis=-1)
    return dX, for_gamma.sum(axis=-1), for_beta.sum(axis=-1)


@layer_norm_backward.alternative
def three_paths(dY, X, gamma, eps):
    D = X.shape[-1]
    centred = X - X.mean(-1, keepdims=True)
    spread = np.sqrt(X.var(-1, keepdims=True) + eps)
    dX_hat = dY * gamma
    dvariance = -(dX_hat * centred).sum(-1, keepdims=True) / (2 * spread**3)
    dmean = -dX_hat.sum(-1, keepdims=True) / spread
    dX = dX_hat / spread + dmean / D + dvariance * 2 * centred / D
    dgamma = (dY * centred / spread).reshape(-1, D).sum(0)
    return dX, dgamma, dY.reshape(-1, D).sum(0)


@layer_norm_backward.alternative
def batch_norm_of_the_transpose(dY, X, gamma, eps):
    D = X.shape[-1]
    columns, above = X.reshape(-1, D).T, (gamma * dY).reshape(-1, D).T
    ones = np.ones(columns.shape[1], X.dtype)
    dX, _, _ = reference.batch_norm_backward(above, columns, ones, eps)
    X_hat = reference.batch_norm(columns, ones, 0 * ones, eps).T
    flat = dY.reshape(-1, D)
    return dX.T.reshape(X.shape), (flat * X_hat).sum(axis=0), flat.sum(axis=0)


@layer_norm_backward.loop
def _(dY, X, gamma, eps):
    D = X.shape[-1]
    dX, dgamma, dbeta = np.zeros_like(X), np.zeros_like(gamma), np.zeros_like(gamma)
    for place in np.ndindex(X.shape[:-1]):
        x, dy = X[place], dY[place]
        mean = sum(x[d] for d in range(D)) / D
        root = np.sqrt(sum((x[d] - mean) ** 2 for d in range(D)) / D + eps)
        x_hat = [(x[d] - mean) / root for d in range(D)]
        first = sum(gamma[d] * dy[d] for d in range(D)) / D
        second = sum(gamma[d] * dy[d] * x_hat[d] for d in range(D)) / D
        for d in range(D):
            dgamma[d] += dy[d] * x_hat[d]
            dbeta[d] += dy[d]
            dX[(*place, d)] = (gamma[d] * dy[d] - first - x_hat[d] * second) / root
    return dX, dgamma, dbeta


@layer_norm_backward.benchmark
def _(rng):
    made = rows(rng, 1024, 128)
    return upstream(rng)(made["X"]) | made | dict(eps=1e-5)


# -- topological_order -------------------------------------------------------------------------


def random_graph(rng, size):
    """Three inputs and nodes with one to three parents, some used twice, numbered at random."""
    name = rng.permutation(size).tolist()
    graph = [[] for _ in range(size)]
    for i in range(3, size):
        graph[name[i]] = [name[j] for j in rng.integers(0, i, size=rng.integers(1, 4))]
    return graph


# From node 5 a long way over 4, 2, 1 leads to node 0, and a short one; node 3 is one more input.
LONG_AND_SHORT = [[1, 5], [2, 3], [4, 3], [], [5], []]

topological_order = Exercise(
    reference.topological_order, points=2, see="def-generations", returns="order"
)
topological_order.hints(
    "Which nodes can be computed at once, before anything else? Which ones after those?",
    "Collect a generation: all nodes that are not placed and whose parents are all placed. Append the "
    "whole generation, then collect the next. If a generation is empty and nodes are left, there is a "
    "cycle.",
    "`ready = [i for i in range(len(parents)) if i not in placed and "
    "placed.issuperset(parents[i])]` with `placed = set(order)`, then `order += ready`, while "
    "len(order) < len(parents).",
)


@topological_order.cases
def _(rng):
    yield "a chain listed backwards", dict(parents=[[1], [2], []])
    yield "a long way and a short one", dict(parents=LONG_AND_SHORT)
    yield "a node used twice", dict(parents=[[2, 2], [0, 3], [], []])
    yield "two graphs that do not touch", dict(parents=[[3], [], [1], [], [0, 3], [2]])
    yield "nodes without links", dict(parents=[[], [], []])
    yield "ten nodes at random", dict(parents=random_graph(rng, 10))
    yield "sixteen nodes at random", dict(parents=random_graph(rng, 16))


@topological_order.oracle
def _(parents):
    sorter, order = TopologicalSorter(dict(enumerate(parents))), []
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


@topological_order.mistake(
    "That is the order in which the nodes are listed; a node may stand there before its parents."
)
def order_of_the_list(parents):
    return list(range(len(parents)))


@topological_order.mistake(
    "The children come first in your order: turn it round, so that every node follows its parents. "
    "(The way back through a network will walk it from the end.)"
)
def children_first(parents):
    return reference.topological_order(parents)[::-1]


@topological_order.mistake(
    "Your order is a valid one, found by going down to the parents first. The one asked for goes by "
    "generations: all nodes whose parents are placed, then look again."
)
def depth_first(parents):
    order = []

    def place(node):
        if node not in order:
            for parent in parents[node]:
                place(parent)
            order.append(node)

    for node in range(len(parents)):
        place(node)
    return order


def by_rounds(parents, collect):
    """Append what `collect` finds among the nodes not placed, until all are."""
    order = []
    while len(order) < len(parents):
        order += collect(order, [i for i in range(len(parents)) if i not in order])
    return order


@topological_order.mistake(
    "You look again after every single node, so a node may overtake others of its parents' generation. "
    "Place the whole generation, then look again."
)
def one_node_at_a_time(parents):
    def first(order, waiting):
        return [next(i for i in waiting if all(p in order for p in parents[i]))]

    return by_rounds(parents, first)


@topological_order.mistake(
    "A node placed in this sweep already counts as placed for those further on in the list; take the "
    "generation as a whole, with `placed` as it was before."
)
def generation_grows_while_it_is_collected(parents):
    order = []
    while len(order) < len(parents):
        for i in range(len(parents)):
            if i not in order and all(p in order for p in parents[i]):
                order.append(i)
    return order


@topological_order.mistake(
    "One placed parent is not enough: a node can be computed when all of its parents are there."
)
def any_parent_is_enough(parents):
    def ready(order, waiting):
        return [i for i in waiting if not parents[i] or any(p in order for p in parents[i])]

    return by_rounds(parents, ready)


@topological_order.mistake(
    "Your generations are counted from the outputs: a node stands as late as its children allow. Count "
    "from the inputs: a node stands as early as its parents allow."
)
def counted_from_the_outputs(parents):
    def childless(order, waiting):
        used = {p for i in waiting for p in parents[i]}
        return [i for i in reversed(waiting) if i not in used]

    return by_rounds(parents, childless)[::-1]


@topological_order.alternative
def by_depth(parents):
    @cache
    def depth(node):
        return 1 + max(map(depth, parents[node]), default=0)

    return sorted(range(len(parents)), key=depth)


@topological_order.alternative
def by_counting_parents(parents):
    waiting = [len(set(above)) for above in parents]
    generation, order = [i for i, count in enumerate(waiting) if count == 0], []
    while generation:
        order += generation
        next_ones = []
        for done in generation:
            for i, above in enumerate(parents):
                if done in above:
                    waiting[i] -= 1
                    if waiting[i] == 0:
                        next_ones.append(i)
        generation = sorted(next_ones)
    return order


# -- reverse_mode ------------------------------------------------------------------------------

reverse_mode = Exercise(reference.reverse_mode, points=3, see="eq-reverse", returns="gradients")
reverse_mode.hints(
    "When may a node hand its gradient on to its parents? What must have arrived before?",
    "Walk the topological order from its end. Then every node has heard from all its children when its "
    "turn comes. It hands gradient × local gradient to each entry of its list of parents, and these "
    "add up.",
    "gradients = np.zeros(len(parents)), 1 for the output; for node in "
    "reversed(topological_order(parents)): for parent, local in zip(parents[node], "
    "local_gradients[node]): gradients[parent] += gradients[node] * local.",
)


def local_numbers(rng, graph):
    """Local gradients for every link, none of them near 0 or 1."""

    def numbers(count):
        return (rng.choice([-1, 1], count) * rng.uniform(0.3, 0.9, count)).tolist()

    return [numbers(len(above)) for above in graph]


@reverse_mode.cases
def _(rng):
    def inputs(graph, output):
        return dict(parents=graph, local_gradients=local_numbers(rng, graph), output=output)

    yield "a chain", inputs([[], [0], [1], [2]], 3)
    yield "a node used by two others", inputs([[], [0], [0], [1, 2]], 3)
    yield "a node used twice by one", inputs([[], [], [0, 0, 1]], 2)
    yield "nodes listed in another order", inputs(LONG_AND_SHORT, 0)
    yield "an output in the middle", inputs([[1, 5], [2, 3], [5], [5, 4], [], []], 1)
    graph = random_graph(rng, 12)
    yield "twelve nodes at random", inputs(graph, reference.topological_order(graph)[-1])
    yield (
        "fifty nodes, each used twice by the next",
        inputs([[]] + [[i, i] for i in range(50)], 50),
    )


@reverse_mode.torch
def _(torch, parents, local_gradients, output):
    # Every node is a sum of its parents, each times the local gradient, and of a leaf of its own.
    leaves = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in parents]
    values = {}
    for node in TopologicalSorter(dict(enumerate(parents))).static_order():
        values[node] = leaves[node]
        for parent, local in zip(parents[node], local_gradients[node], strict=True):
            values[node] = values[node] + local * values[parent]
    found = torch.autograd.grad(values[output], leaves, allow_unused=True)
    return torch.stack([torch.zeros_like(leaves[0]) if g is None else g for g in found])


def add_up(gradients, parent, node, local):
    return gradients[parent] + gradients[node] * local


def sweep(parents, local_gradients, output, order=None, hand=add_up, start=None):
    """The reference's sweep with its parts exchangeable, for the mistakes below."""
    gradients = np.zeros(len(parents)) if start is None else start
    gradients[output] = 1
    for node in reference.topological_order(parents)[::-1] if order is None else order:
        for parent, local in zip(parents[node], local_gradients[node], strict=True):
            gradients[parent] = hand(gradients, parent, node, local)
    return gradients


@reverse_mode.mistake(
    "A node used twice hears from two sides, and the two add up; yours keeps only what came last. Use "
    "`+=`, not `=`."
)
def overwritten_instead_of_added(parents, local_gradients, output):
    def replaced(gradients, parent, node, local):
        return gradients[node] * local

    return sweep(parents, local_gradients, output, hand=replaced)


@reverse_mode.mistake(
    "You walk the nodes as they are listed, from the last to the first, so some hand on a gradient that "
    "is not complete yet. Walk the topological order from its end."
)
def listed_order_from_the_end(parents, local_gradients, output):
    return sweep(parents, local_gradients, output, order=range(len(parents))[::-1])


@reverse_mode.mistake(
    "You walk from the inputs to the output. Gradients travel the other way: begin at the end of the "
    "topological order."
)
def forward_instead_of_back(parents, local_gradients, output):
    order = reference.topological_order(parents)
    return sweep(parents, local_gradients, output, order=order)


@reverse_mode.mistake(
    "Nothing arrives anywhere, because nothing starts: the output's own gradient, ∂output/∂output, is 1."
)
def output_not_started_at_one(parents, local_gradients, output):
    return np.zeros(len(parents))


@reverse_mode.mistake(
    "Only the output starts at 1; a node that has heard nothing yet has gradient 0, and you start them "
    "all at 1."
)
def every_node_started_at_one(parents, local_gradients, output):
    return sweep(parents, local_gradients, output, start=np.ones(len(parents)))


@reverse_mode.mistake(
    "You start at the last node of the order; the gradient asked for is that of `output`, which may "
    "stand in the middle."
)
def last_node_taken_for_the_output(parents, local_gradients, output):
    return sweep(parents, local_gradients, reference.topological_order(parents)[-1])


@reverse_mode.mistake(
    "A parent that stands in the list twice, as in x · x, has two links, and each has its own local "
    "gradient; a dict or a set of parents keeps only one of them."
)
def double_link_counted_once(parents, local_gradients, output):
    links = [dict(zip(*pair, strict=True)) for pair in zip(parents, local_gradients, strict=True)]
    once = [list(link) for link in links]
    return sweep(once, [list(link.values()) for link in links], output)


@reverse_mode.mistake(
    "Along a path the local gradients multiply; yours add: hand on gradient × local."
)
def added_along_the_path(parents, local_gradients, output):
    def added(gradients, parent, node, local):
        return gradients[parent] + gradients[node] + local

    return sweep(parents, local_gradients, output, hand=added)


@reverse_mode.alternative
def asking_the_children(parents, local_gradients, output):
    children = [[] for _ in parents]
    for node, above in enumerate(parents):
        for parent, local in zip(above, local_gradients[node], strict=True):
            children[parent].append((node, local))

    @cache
    def gradient(node):
        return (node == output) + sum(gradient(child) * local for child, local in children[node])

    return np.array([float(gradient(node)) for node in range(len(parents))])


@reverse_mode.alternative
def by_a_linear_system(parents, local_gradients, output):
    links = np.zeros((len(parents), len(parents)))
    for node, above in enumerate(parents):
        for parent, local in zip(above, local_gradients[node], strict=True):
            links[parent, node] += local
    start = np.eye(len(parents))[output]
    return np.linalg.solve(np.eye(len(parents)) - links, start)  # g = start + links g
