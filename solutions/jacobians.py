"""Jacobians: one rule for the backward pass of every layer, and an engine that applies it.

The gradient of a layer's input is the upstream gradient times the layer's Jacobian.  No function here
forms that Jacobian, except `numerical_jacobian`, which is there to check the others.
"""

from collections.abc import Callable

import numpy as np


def numerical_jacobian(
    f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Return the Jacobian of f at x, by central differences.

    Formula: column j is (f(x + h eⱼ) − f(x − h eⱼ)) / (2h), with eⱼ one at entry j and 0 elsewhere,
    so that entry ij is ∂fᵢ/∂xⱼ.
    f: takes a vector like x, returns a vector.  x (n,).  Returns (m, n), dtype of x.
    Differences are taken in float64, whatever x's dtype: float32 would drown them in rounding.
    x stays untouched.
    Source: chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    columns = [(f(x + step) - f(x - step)) / (2 * h) for step in h * np.eye(x.size)]
    return np.stack(columns, axis=1).astype(x.dtype)
    ### END SOLUTION


def linear_backward(
    dZ: np.ndarray, X: np.ndarray, W: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of a linear layer Z = X Wᵀ + b with respect to X, W and b.

    Formulas: dX = dZ W, dW = dZᵀ X, db = Σₙ dZₙ.  Sums over the batch, no means: 1/N is in dZ.
    dZ (N, out), X (N, in), W (out, in).  Returns dX (N, in), dW (out, in), db (out,).
    Source: chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    return dZ @ W, dZ.T @ X, dZ.sum(axis=0)
    ### END SOLUTION


def elementwise_vjp(dY: np.ndarray, derivative: np.ndarray) -> np.ndarray:
    """Return dX for Y = φ(X), entry by entry, from the upstream gradient and φ′(X).

    Formula: dY ⊙ φ′(X), which is dY times the diagonal Jacobian without its zeros.
    dY, derivative: one shape.  Returns that shape, dtype of the inputs.
    Source: chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    return dY * derivative
    ### END SOLUTION


def softmax_backward(dP: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Return dZ for P = softmax(Z) along the last axis, from the upstream gradient and P.

    Formula: for a row p with upstream dp, dz = p ⊙ (dp − p·dp), which is dp times the Jacobian
    diag(p) − p pᵀ without forming it.
    dP, P (..., K).  Returns (..., K), dtype of the inputs.
    Source: Bridle (1990); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    return P * (dP - (dP * P).sum(axis=-1, keepdims=True))
    ### END SOLUTION


def trace_gradient(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return the gradient of tr(A X B) with respect to X; it does not depend on X.

    Formula: (B A)ᵀ = Aᵀ Bᵀ, because d tr(A X B) = tr(B A dX).
    A (p, m), B (n, p), for X (m, n).  Returns (m, n), the shape of X.
    Source: Magnus and Neudecker (1999); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    return (B @ A).T
    ### END SOLUTION


def quadratic_form_gradient(A: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the gradient of xᵀ A x with respect to x.

    Formula: A x + Aᵀ x; only for a symmetric A is it 2 A x.
    A (n, n), x (n,).  Returns (n,), dtype of the inputs.
    Source: Magnus and Neudecker (1999); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    return A @ x + A.T @ x
    ### END SOLUTION


def jvp(jacobians: list[np.ndarray], v: np.ndarray) -> np.ndarray:
    """Return J_L ⋯ J₂ J₁ v: the change of the output that a change v of the input brings about.

    Only matrices times vectors: no product of two Jacobians is formed.
    jacobians: J₁ (n_1, n_0), J₂ (n_2, n_1), …, the layer next to the input first.  v (n_0,).
    Returns (n_L,), dtype of the inputs.
    Source: Wengert (1964); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    for J in jacobians:
        v = J @ v
    return v
    ### END SOLUTION


def vjp(jacobians: list[np.ndarray], u: np.ndarray) -> np.ndarray:
    """Return uᵀ J_L ⋯ J₂ J₁: the gradient at the input from the gradient u at the output.

    Only vectors times matrices: no product of two Jacobians is formed.
    jacobians: J₁ (n_1, n_0), J₂ (n_2, n_1), …, the layer next to the input first.  u (n_L,).
    Returns (n_0,), dtype of the inputs.
    Source: Linnainmaa (1970); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    for J in reversed(jacobians):
        u = u @ J
    return u
    ### END SOLUTION


def batch_norm(X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    """Return every feature normalised over the batch, then scaled and shifted.

    Formula: γ (x − μ)/√(σ² + ε) + β, with mean μ and variance σ² of each column, σ² divided by N.
    X (N, D), gamma, beta (D,).  Returns (N, D), dtype of the inputs.
    The variance is the mean of (x − μ)²; the mean of x² minus μ² would lose its digits to rounding.
    Source: Ioffe and Szegedy (2015).
    """
    ### BEGIN SOLUTION
    N = len(X)
    average = np.full(N, 1 / N, X.dtype)  # average @ X is the mean of every column
    Y = X - average @ X
    variance = np.einsum("nd,nd->d", Y, Y) / N  # each column times itself
    Y *= gamma / np.sqrt(variance + eps)  # in place: here a new array costs more than its numbers
    Y += beta
    return Y
    ### END SOLUTION


def batch_norm_backward(
    dY: np.ndarray, X: np.ndarray, gamma: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of batch norm with respect to X, gamma and beta.

    Formulas: with x̂ = (x − μ)/√(σ² + ε), dγ = Σₙ dy x̂, dβ = Σₙ dy and
    dx = γ/√(σ² + ε) · (dy − dβ/N − x̂ dγ/N): directly, through the mean, through the variance.
    dY, X (N, D), gamma (D,).  Returns dX (N, D), dgamma (D,), dbeta (D,), dtype of the inputs.
    Source: Ioffe and Szegedy (2015); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    N = len(X)
    centred = X - X.mean(axis=0)
    rate = 1 / np.sqrt((centred**2).mean(axis=0) + eps)  # 1/√(σ² + ε)
    X_hat = centred * rate
    dgamma, dbeta = (dY * X_hat).sum(axis=0), dY.sum(axis=0)
    return gamma * rate * (dY - dbeta / N - X_hat * (dgamma / N)), dgamma, dbeta
    ### END SOLUTION


def layer_norm(X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    """Return every example normalised over its own features, then scaled and shifted.

    Formula: γ (x − μ)/√(σ² + ε) + β, with mean μ and variance σ² of each row, σ² divided by D.
    X (..., D), gamma, beta (D,).  Returns (..., D), dtype of the inputs.
    Source: Ba, Kiros and Hinton (2016).
    """
    ### BEGIN SOLUTION
    D = X.shape[-1]
    average = np.full((D, 1), 1 / D, X.dtype)  # X @ average is the mean of every row
    Y = X - X @ average
    variance = np.vecdot(Y, Y)[..., None] / D  # each row times itself
    Y *= 1 / np.sqrt(variance + eps)
    Y *= gamma
    Y += beta
    return Y
    ### END SOLUTION


def layer_norm_backward(
    dY: np.ndarray, X: np.ndarray, gamma: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of layer norm with respect to X, gamma and beta.

    Formulas: with x̂ = (x − μ)/√(σ² + ε) and g = γ dy, and ⟨·⟩ the mean over a row,
    dx = (g − ⟨g⟩ − x̂ ⟨g x̂⟩)/√(σ² + ε); dγ = Σ dy x̂ and dβ = Σ dy over all rows.
    dY, X (..., D), gamma (D,).  Returns dX (..., D), dgamma (D,), dbeta (D,), dtype of the inputs.
    Source: Ba, Kiros and Hinton (2016); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    D, rows = X.shape[-1], tuple(range(X.ndim - 1))
    average = np.full((D, 1), 1 / D, X.dtype)  # X @ average is the mean of every row
    centred = X - X @ average
    rate = 1 / np.sqrt(centred**2 @ average + eps)  # 1/√(σ² + ε)
    X_hat, G = centred * rate, gamma * dY
    dX = rate * (G - G @ average - X_hat * ((G * X_hat) @ average))
    return dX, (dY * X_hat).sum(axis=rows), dY.sum(axis=rows)
    ### END SOLUTION


def topological_order(parents: list[list[int]]) -> list[int]:
    """Return the nodes of a graph, generation by generation: every node after all of its parents.

    The first generation has no parents.  Each further generation holds, of the nodes not placed yet,
    all those whose parents are placed.  Within a generation the nodes stand in ascending order.
    parents: nodes are numbered from 0, and parents[i] lists the nodes that node i is computed from,
    [] for an input.  They need not come before it in the list.
    Raises ValueError if the graph has a cycle, or a parent that is not a node.
    Source: Kahn (1962); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    order: list[int] = []
    while len(order) < len(parents):
        placed = set(order)
        ready = [
            i for i in range(len(parents)) if i not in placed and placed.issuperset(parents[i])
        ]
        if not ready:
            raise ValueError("the graph has a cycle, or a parent that is not a node")
        order += ready
    return order
    ### END SOLUTION


def reverse_mode(
    parents: list[list[int]], local_gradients: list[list[float]], output: int
) -> np.ndarray:
    """Return ∂output/∂node for every node of a graph of numbers, in one sweep from the output back.

    Rule: the output's gradient is 1.  Every node hands to each of its parents its own gradient times
    the local gradient of that link, and what a node receives adds up.  A node that does not lead to
    the output has gradient 0.
    parents: parents[i] lists the nodes that node i is computed from, [] for an input, in any order of
    the nodes; a node that i uses twice (x · x) stands there twice.
    local_gradients: local_gradients[i][k] is ∂(node i)/∂(node parents[i][k]).
    output: the node whose gradient is asked for.  Returns one float64 for each node, in their order.
    Source: Linnainmaa (1970); chapter `jacobians`.
    """
    ### BEGIN SOLUTION
    gradients = np.zeros(len(parents))
    gradients[output] = 1
    for node in reversed(topological_order(parents)):
        for parent, local in zip(parents[node], local_gradients[node], strict=True):
            gradients[parent] += gradients[node] * local
    return gradients
    ### END SOLUTION
