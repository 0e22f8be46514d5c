"""Losses: what a wrong answer costs, and the gradient that it sends back.

A loss is a mean: over all entries of its arrays, or, for `cross_entropy`, over the examples.
So its gradient carries one factor, 1/(number of entries) or 1/N, and carries it once.
Logarithms are natural: information, entropy and divergence come in nats.
"""

import numpy as np

from solutions.activations import sigmoid


def mse_loss(Y_hat: np.ndarray, Y: np.ndarray) -> np.floating:
    """Return the mean squared error, the mean of (ŷ − y)² over all entries.

    Y_hat, Y: one shape, usually (N, K).  Returns one number, in the precision of the inputs.
    Formula: 1/(NK) Σ (ŷ − y)², as torch.nn.functional.mse_loss.
    Source: chapter `losses`, Gaussian noise.
    """
    ### BEGIN SOLUTION
    return np.mean((Y_hat - Y) ** 2)
    ### END SOLUTION


def mse_loss_backward(Y_hat: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return ∂L/∂Ŷ for L = mse_loss(Ŷ, Y).

    Formula: 2 (ŷ − y) / (number of entries).
    Y_hat, Y: one shape, usually (N, K).  Returns the same shape and dtype.
    Source: chapter `losses`, the gradient of the mean squared error.
    """
    ### BEGIN SOLUTION
    return 2 * (Y_hat - Y) / Y.size
    ### END SOLUTION


def huber_loss(Y_hat: np.ndarray, Y: np.ndarray, delta: float = 1.0) -> np.floating:
    """Return the mean over all entries of Huber's loss of r = ŷ − y.

    Formula: ½ r² where |r| ≤ delta, and delta (|r| − ½ delta) elsewhere.
    Y_hat, Y: one shape; residuals may be so large that their squares overflow.
    delta: a positive number.  Returns one number, in the precision of the inputs.
    Source: Huber (1964); torch.nn.functional.huber_loss.
    """
    ### BEGIN SOLUTION
    size = np.abs(Y_hat - Y)
    cut = np.minimum(size, delta)
    return np.mean(cut * (size - cut / 2))
    ### END SOLUTION


def entropy(p: np.ndarray) -> np.floating | np.ndarray:
    """Return H(p) = −Σ p log p in nats, where an outcome with p = 0 counts as 0.

    p (..., K): probabilities along the last axis.
    Returns shape (...): one number for one distribution, in the precision of p.
    Source: Shannon (1948).
    """
    ### BEGIN SOLUTION
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)
    ### END SOLUTION


def kl_divergence(p: np.ndarray, q: np.ndarray) -> np.floating | np.ndarray:
    """Return KL(p‖q) = Σ p log(p/q) in nats.

    p, q (..., K): probabilities along the last axis.
    An outcome with p = 0 counts as 0; one with p > 0 and q = 0 makes the divergence +∞, silently.
    Returns shape (...): one number for one pair, in the precision of the inputs.
    Source: Kullback and Leibler (1951).
    """
    ### BEGIN SOLUTION
    log_p = np.log(np.where(p > 0, p, 1))
    with np.errstate(divide="ignore"):  # log 0 = −∞ is meant
        log_q = np.log(np.where(p > 0, q, 1))
    return np.sum(p * (log_p - log_q), axis=-1)
    ### END SOLUTION


def logsumexp(Z: np.ndarray, axis: int = -1) -> np.floating | np.ndarray:
    """Return log Σ exp(z), summed along an axis, without overflow.

    Z: any shape, as far out as ±1000 and further; entries may be −∞, and −∞ alone gives −∞.
    Returns the shape of Z without that axis, and its dtype.
    Formula: m + log Σ exp(z − m) with m = max z.
    Source: chapter `losses`, the log-sum-exp shift.
    """
    ### BEGIN SOLUTION
    top = np.max(Z, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # −∞ − (−∞) would be NaN
    with np.errstate(divide="ignore"):  # log 0 = −∞ is meant
        log_sum = np.log(np.sum(np.exp(Z - top), axis=axis))
    return np.squeeze(top, axis=axis) + log_sum
    ### END SOLUTION


def softmax(Z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return exp(z) / Σ exp(z), the probabilities along an axis, without overflow.

    Z: any shape, as far out as ±1000 and further.  Returns the same shape and dtype.
    An entry −∞ gets probability 0.  Where all entries are −∞ there is nothing to choose from: NaN,
    as in torch.
    Source: chapter `losses`, softmax and its shift.
    """
    ### BEGIN SOLUTION
    E = np.exp(Z - np.max(Z, axis=axis, keepdims=True))
    return E / np.sum(E, axis=axis, keepdims=True)
    ### END SOLUTION


def log_softmax(Z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return log softmax(Z) along an axis, finite even where a probability rounds to 0.

    Z: any shape, as far out as ±1000 and further.  Returns the same shape and dtype.
    Formula: s − log Σ exp(s) with s = z − max z.
    An entry −∞ stays −∞.  Where all entries are −∞: NaN, as in torch.
    Source: chapter `losses`, the log-sum-exp shift.
    """
    ### BEGIN SOLUTION
    S = Z - np.max(Z, axis=axis, keepdims=True)
    return S - np.log(np.sum(np.exp(S), axis=axis, keepdims=True))
    ### END SOLUTION


def softmax_jacobian(z: np.ndarray) -> np.ndarray:
    """Return the Jacobian of softmax at z: entry (i, j) is ∂p_i/∂z_j.

    Formula: diag(p) − p pᵀ with p = softmax(z).
    z (K,): one example.  Returns (K, K), in the dtype of z.
    Source: Bridle (1990); chapter `losses`, the softmax Jacobian.
    """
    ### BEGIN SOLUTION
    p = softmax(z)
    return np.diag(p) - np.outer(p, p)
    ### END SOLUTION


def cross_entropy(Z: np.ndarray, labels: np.ndarray) -> np.floating:
    """Return the mean over the examples of −log p(label), with p = softmax of the example's row.

    Z (N, K): scores (logits), not probabilities; as far out as ±1000 and further.
    labels (N,): the right classes, integers from 0 to K − 1.
    Returns one number, in the precision of Z.
    Source: chapter `losses`, categorical likelihood; torch.nn.functional.cross_entropy.
    """
    ### BEGIN SOLUTION
    return -np.mean(log_softmax(Z)[np.arange(len(Z)), labels])
    ### END SOLUTION


def cross_entropy_backward(Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return ∂L/∂Z for L = cross_entropy(Z, labels).

    Formula: (p − y) / N for each example, with p = softmax(z) and y the one-hot row of its label.
    Z (N, K): scores (logits).  labels (N,): integers.  Returns the shape and dtype of Z.
    Source: chapter `losses`, why softmax and cross-entropy belong together.
    """
    ### BEGIN SOLUTION
    dZ = softmax(Z)
    dZ[np.arange(len(Z)), labels] -= 1
    return dZ / len(Z)
    ### END SOLUTION


def binary_cross_entropy_with_logits(z: np.ndarray, y: np.ndarray) -> np.floating:
    """Return the mean over all entries of −y log σ(z) − (1 − y) log(1 − σ(z)).

    z: scores (logits), any shape, as far out as ±1000 and further.
    y: the same shape and dtype, targets between 0 and 1.
    Formula: max(z, 0) − y z + log(1 + exp(−|z|)).  Returns one number, in the precision of z.
    Source: chapter `losses`; torch.nn.functional.binary_cross_entropy_with_logits.
    """
    ### BEGIN SOLUTION
    return np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
    ### END SOLUTION


def binary_cross_entropy_with_logits_backward(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return ∂L/∂z for L = binary_cross_entropy_with_logits(z, y).

    Formula: (σ(z) − y) / (number of entries).
    z: scores (logits), any shape.  y: the same shape and dtype.  Returns that shape and dtype.
    Source: chapter `losses`, why MSE on a sigmoid learns slowly.
    """
    ### BEGIN SOLUTION
    return (sigmoid(z) - y) / y.size
    ### END SOLUTION
