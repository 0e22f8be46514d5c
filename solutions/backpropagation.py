"""Back-propagation: the four equations, the check that catches their bugs, and training with them.

Layers are counted from 0 in the lists: weights[l] (n_out, n_in) and biases[l] (n_out,) lead from
activation As[l] (N, n_in) to Z = As[l] @ weights[l].T + biases[l] and on to As[l + 1] = σ(Z).
The cost is C = 1/(2N) Σ ‖a − y‖², a mean over the batch: 1/N enters once, in `output_error`.
"""

from collections.abc import Callable

import numpy as np

from solutions.activations import sigmoid, sigmoid_backward


def chain_gradients(
    x: float, y: float, weights: list[float], biases: list[float]
) -> tuple[list[float], list[float]]:
    """Return ∂C/∂w and ∂C/∂b of every layer of a network with one neuron a layer.

    Forward: a⁰ = x, zˡ = wˡ aˡ⁻¹ + bˡ, aˡ = σ(zˡ), and C = ½ (aᴸ − y)².
    Backward: δᴸ = (aᴸ − y) σ′(zᴸ) and δˡ = wˡ⁺¹ δˡ⁺¹ σ′(zˡ).
    Gradients: ∂C/∂wˡ = aˡ⁻¹ δˡ and ∂C/∂bˡ = δˡ.
    weights, biases: L numbers each, the layer next to x first.
    Returns dws, dbs: lists of L numbers in the same order.
    Source: chapter `backpropagation`, one neuron a layer.
    """
    ### BEGIN SOLUTION
    L = len(weights)
    z, a = np.zeros(L), np.zeros(L + 1)  # a[l] goes into layer l, a[l + 1] comes out of it
    a[0] = x
    for l in range(L):
        z[l] = weights[l] * a[l] + biases[l]
        a[l + 1] = sigmoid(z[l])
    dws, dbs = [0.0] * L, [0.0] * L
    delta = sigmoid_backward(a[L] - y, z[L - 1])
    for l in range(L - 1, -1, -1):
        dws[l] = float(a[l] * delta)
        dbs[l] = float(delta)
        if l > 0:
            delta = sigmoid_backward(weights[l] * delta, z[l - 1])
    return dws, dbs
    ### END SOLUTION


def output_error(A: np.ndarray, Y: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Return BP1: the error ∂C/∂Z of the output layer, for the quadratic cost and sigmoid units.

    Formula: (A − Y)/N ⊙ σ′(Z), from C = 1/(2N) Σ ‖a − y‖².
    This is the one place where 1/N enters; the other three equations only hand it on.
    A = σ(Z), Y, Z (N, n_out).  Returns (N, n_out), dtype of the inputs.
    Source: chapter `backpropagation`, BP1.
    """
    ### BEGIN SOLUTION
    return sigmoid_backward((A - Y) / len(Y), Z)
    ### END SOLUTION


def hidden_error(delta_next: np.ndarray, W_next: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Return BP2: the error ∂C/∂Z of a hidden layer of sigmoid units, from that of the next layer.

    Formula: (δ_next W_next) ⊙ σ′(Z).  No 1/N: it is already in delta_next.
    delta_next (N, n_next), W_next (n_next, n_hidden), Z (N, n_hidden).
    Returns (N, n_hidden), dtype of the inputs.
    Source: chapter `backpropagation`, BP2.
    """
    ### BEGIN SOLUTION
    return sigmoid_backward(delta_next @ W_next, Z)
    ### END SOLUTION


def bias_gradient(delta: np.ndarray) -> np.ndarray:
    """Return BP3: ∂C/∂b, the error summed over the examples.

    Formula: Σₙ δₙ.  A sum, no mean: 1/N is already in delta.
    delta (N, n_out).  Returns (n_out,), the same dtype.
    Source: chapter `backpropagation`, BP3.
    """
    ### BEGIN SOLUTION
    return delta.sum(axis=0)
    ### END SOLUTION


def weight_gradient(delta: np.ndarray, A_prev: np.ndarray) -> np.ndarray:
    """Return BP4: ∂C/∂W, what arrives times the error, summed over the examples.

    Formula: δᵀ A_prev, whose entry jk is Σₙ δₙⱼ aₙₖ.  A sum, no mean: 1/N is already in delta.
    delta (N, n_out), A_prev (N, n_in).  Returns (n_out, n_in), dtype of the inputs.
    Source: chapter `backpropagation`, BP4.
    """
    ### BEGIN SOLUTION
    return delta.T @ A_prev
    ### END SOLUTION


def backpropagate(
    X: np.ndarray, Y: np.ndarray, weights: list[np.ndarray], biases: list[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return ∂C/∂W and ∂C/∂b of every layer of a sigmoid network, by BP1 to BP4.

    Cost: C = 1/(2N) Σ ‖a − y‖², every layer with the sigmoid, the output layer too.
    X (N, n_0), Y (N, n_L); weights[l] (n_out, n_in), biases[l] (n_out,), the layer next to X first.
    Returns dWs, dbs: lists of arrays shaped like weights and biases, dtype of the inputs.
    Source: Rumelhart, Hinton and Williams (1986); chapter `backpropagation`.
    """
    ### BEGIN SOLUTION
    Zs, As = [], [X]
    for W, b in zip(weights, biases, strict=True):
        Zs.append(As[-1] @ W.T + b)
        As.append(sigmoid(Zs[-1]))
    dWs, dbs = list(weights), list(biases)  # as long as they; every entry is replaced below
    delta = output_error(As[-1], Y, Zs[-1])
    for l in range(len(weights) - 1, -1, -1):
        dWs[l] = weight_gradient(delta, As[l])
        dbs[l] = bias_gradient(delta)
        if l > 0:
            delta = hidden_error(delta, weights[l], Zs[l - 1])
    return dWs, dbs
    ### END SOLUTION


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Return how far apart a and b are, relative to the larger of the two.

    Formula: max |a − b| / max(max |a|, max |b|), and 0 if both are 0 everywhere.
    a, b: one shape, or two numbers.  Returns a number between 0 (equal) and 2 (opposite).
    Raises ValueError if the shapes differ: broadcasting would hide the mistake.
    Source: chapter `backpropagation`, gradient checking.
    """
    ### BEGIN SOLUTION
    if np.shape(a) != np.shape(b):
        raise ValueError(f"shapes {np.shape(a)} and {np.shape(b)} differ")
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return float(np.max(np.abs(np.subtract(a, b))) / scale) if scale != 0 else 0.0
    ### END SOLUTION


def gradient_check(
    f: Callable[[np.ndarray], float], theta: np.ndarray, grad: np.ndarray, h: float = 1e-5
) -> float:
    """Return the relative error between a claimed gradient and central differences.

    Formula: entry i of the numerical gradient is (f(θ + h eᵢ) − f(θ − h eᵢ)) / (2h), with eᵢ one
    at entry i and 0 elsewhere; the result is relative_error(numerical gradient, grad).
    f: takes an array like theta, returns a number.  theta, grad: one shape, any number of axes.
    Differences are taken in float64, whatever theta's dtype: float32 would drown them in rounding.
    theta stays untouched.  Raises ValueError if the shapes of theta and grad differ.
    Source: chapter `backpropagation`, gradient checking.
    """
    ### BEGIN SOLUTION
    numerical = np.zeros(np.shape(theta))
    for i in np.ndindex(numerical.shape):
        step = np.zeros(numerical.shape)
        step[i] = h
        numerical[i] = (f(theta + step) - f(theta - step)) / (2 * h)
    return relative_error(numerical, grad)
    ### END SOLUTION


def sgd_epoch(
    X: np.ndarray,
    Y: np.ndarray,
    weights: list[np.ndarray],
    biases: list[np.ndarray],
    batch_size: int,
    lr: float,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the weights and biases after one pass of mini-batch gradient descent over the data.

    The examples are put in the order of one rng.permutation(N) and cut into consecutive batches of
    batch_size; the last one may be smaller and counts too.  Each batch takes one step
    W ← W − lr ∂C/∂W, b ← b − lr ∂C/∂b, with C the mean cost of that batch at the current weights.
    X (N, n_0), Y (N, n_L); weights[l] (n_out, n_in), biases[l] (n_out,).
    Returns new lists of new arrays, dtype of the inputs; weights and biases stay untouched.
    Source: Robbins and Monro (1951); chapter `backpropagation`.
    """
    ### BEGIN SOLUTION
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        batch = order[start : start + batch_size]
        dWs, dbs = backpropagate(X[batch], Y[batch], weights, biases)
        weights = [W - lr * dW for W, dW in zip(weights, dWs, strict=True)]
        biases = [b - lr * db for b, db in zip(biases, dbs, strict=True)]
    return weights, biases
    ### END SOLUTION
