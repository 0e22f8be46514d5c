"""Neurons: half-planes with a soft edge, layers of them, and what one line can and cannot do."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np


def soft_step(z: Any) -> Any:
    """Return σ(z) = 1 / (1 + exp(−z)), entry by entry: a step from 0 to 1 with a soft edge.

    Written as exp(−log(1 + exp(−z))), in which nothing overflows; chapter `activations` derives a
    form of its own.  z: a number or an array.  Returns the same shape and dtype.
    """
    return np.exp(-np.logaddexp(0, -z))


def neuron(x: np.ndarray, w: np.ndarray, b: float) -> float:
    """Return σ(w · x + b), the output of one neuron for one example.

    Formula: z = Σ_k w_k x_k + b, then σ(z) = 1 / (1 + exp(−z)).
    x, w (D,); b a number.  Returns a number between 0 and 1.
    Source: chapter `neurons`, a soft edge.
    """
    ### BEGIN SOLUTION
    return soft_step(x @ w + b)
    ### END SOLUTION


def linear(X: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Z = X Wᵀ + b, the weighted sums of a whole layer for a whole batch.

    Formula: Z_nj = Σ_k w_jk x_nk + b_j.
    X (N, D), one example a row; W (H, D), one unit a row; b (H,).
    Returns (N, H), dtype of the inputs.
    Source: chapter `neurons`, from one column to a batch of rows; torch.nn.functional.linear.
    """
    ### BEGIN SOLUTION
    return X @ W.T + b
    ### END SOLUTION


def perceptron_update(
    w: np.ndarray, b: float, x: np.ndarray, y: int, lr: float
) -> tuple[np.ndarray, float]:
    """Return w and b after the perceptron has looked at one example.

    Formula: if y (w · x + b) ≤ 0, the example is on the wrong side or on the line, and
    w ← w + lr y x, b ← b + lr y; otherwise nothing changes.
    w, x (D,); b a number; y is 1 or −1; lr > 0.
    Returns w (D,), dtype of the inputs, and b.  The w given stays untouched.
    Source: Rosenblatt (1958).
    """
    ### BEGIN SOLUTION
    if y * (x @ w + b) > 0:
        return w, b
    return w + lr * y * x, b + lr * y
    ### END SOLUTION


def xor_network(X: np.ndarray) -> np.ndarray:
    """Return x₁ XOR x₂ for every row of X, by two hidden step units and one output step unit.

    A step unit gives 1 if w · x + b > 0 and 0 otherwise; the weights are set by hand.
    X (N, 2): zeros and ones.  Returns (N,): zeros and ones, dtype of X.
    Source: chapter `neurons`, two lines do what one cannot.
    """
    ### BEGIN SOLUTION
    W1, b1 = np.array([[1, 1], [-1, -1]]), np.array([-0.5, 1.5])  # one is on; not both are on
    w2, b2 = np.array([1, 1]), -1.5  # both of these hold
    A = (X @ W1.T + b1 > 0).astype(X.dtype)
    return (A @ w2 + b2 > 0).astype(X.dtype)
    ### END SOLUTION


def half_planes_intersection(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, sharpness: float
) -> np.ndarray:
    """Return how far inside all half-planes each example lies: an AND of H neurons, by a neuron.

    Formula: hidden units a_h = σ(s (w_h · x + b_h)); output σ(s (Σ_h a_h − H + ½)), s = sharpness.
    The output is near 1 where all w_h · x + b_h > 0 and near 0 where one of them is negative,
    the nearer the larger s is.
    X (N, D); W (H, D), b (H,): one half-plane a row; sharpness > 0, however large.
    Returns (N,), dtype of the inputs.
    Source: chapter `neurons`, three cuts enclose a triangle.
    """
    ### BEGIN SOLUTION
    A = soft_step(sharpness * linear(X, W, b))
    return soft_step(sharpness * (A.sum(axis=1) - len(b) + 0.5))
    ### END SOLUTION


def mlp_forward(
    X: np.ndarray,
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    activation: Callable[[np.ndarray], np.ndarray],
) -> list[np.ndarray]:
    """Return the activations of every layer of a network, the input among them.

    Formula: A⁰ = X, then Aˡ = activation(Aˡ⁻¹ (Wˡ)ᵀ + bˡ) for every layer, the last one too.
    X (N, n_0); weights[l] (n_out, n_in), biases[l] (n_out,), the layer next to X first.
    activation: works entry by entry.  Returns a list of L + 1 arrays, the first is X.
    Source: chapter `neurons`, layers compose.
    """
    ### BEGIN SOLUTION
    As = [X]
    for W, b in zip(weights, biases, strict=True):
        As.append(activation(linear(As[-1], W, b)))
    return As
    ### END SOLUTION


def count_parameters(sizes: Sequence[int]) -> int:
    """Return the number of weights and biases of a fully connected network.

    Formula: Σ_l (n_{l−1} n_l + n_l), since layer l has n_l units with n_{l−1} weights and a bias.
    sizes: n_0, …, n_L, the input first.  Returns an integer.
    Source: chapter `neurons`, counting.
    """
    ### BEGIN SOLUTION
    return sum(n_in * n_out + n_out for n_in, n_out in pairwise(sizes))
    ### END SOLUTION


def collapse_linear(
    weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the one layer that computes what a stack of layers without a bend computes.

    Formula: W = W^L ⋯ W¹ and b = Wᴸ(⋯ W²b¹ + b² ⋯) + bᴸ.
    weights[l] (n_out, n_in), biases[l] (n_out,), the layer next to the input first, L ≥ 1 layers.
    Returns W (n_L, n_0) and b (n_L,), dtype of the inputs.
    Source: chapter `neurons`, the collapse.
    """
    ### BEGIN SOLUTION
    W, b = weights[0], biases[0]
    for W_next, b_next in zip(weights[1:], biases[1:], strict=True):
        W, b = W_next @ W, W_next @ b + b_next
    return W, b
    ### END SOLUTION
