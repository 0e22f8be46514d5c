"""Recurrent networks: one step repeated over time, its gradient, and what becomes of that gradient.

Sequences are (N, T, D): N examples, T steps, D numbers a step.  Weights are stored as torch.nn.RNN
stores them, with both of its biases.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from solutions.losses import log_softmax


def rnn_step(
    x: np.ndarray,
    h: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> np.ndarray:
    """Return the next state of a recurrent network.

    Formula: h′ = tanh(W_ih x + b_ih + W_hh h + b_hh), for each example.
    x (N, D), h (N, H), W_ih (H, D), W_hh (H, H), b_ih and b_hh (H,).
    Returns (N, H), dtype of the inputs.
    Source: Elman (1990), with tanh; torch.nn.RNNCell.
    """
    ### BEGIN SOLUTION
    return np.tanh(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh)
    ### END SOLUTION


def rnn(
    X: np.ndarray,
    h0: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> np.ndarray:
    """Return the states of a recurrent network after each step of its sequences.

    Formula: hₜ = tanh(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh) for t = 1 … T, from h₀.
    X (N, T, D), h0 (N, H), W_ih (H, D), W_hh (H, H), b_ih and b_hh (H,).
    Returns h₁ … h_T as (N, T, H), dtype of the inputs.
    The inputs are all known before the first step, so one product serves all steps.
    Source: Elman (1990), with tanh; torch.nn.RNN with batch_first.
    """
    ### BEGIN SOLUTION
    H = X @ W_ih.T  # the inputs' part, for all steps at once; each step turns its own into a state
    H += b_ih + b_hh
    h = h0
    for t in range(X.shape[1]):
        h = np.tanh(H[:, t] + h @ W_hh.T)
        H[:, t] = h
    return H
    ### END SOLUTION


def rnn_backward(
    dH: np.ndarray,
    X: np.ndarray,
    h0: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of rnn with respect to its six inputs: back-propagation through time.

    Formulas, from t = T down to 1, with the weighted input zₜ of hₜ = tanh(zₜ):
    dzₜ = (dHₜ + W_hhᵀ dzₜ₊₁) ⊙ (1 − hₜ²), where nothing comes from beyond T;
    dW_ih = Σₜ dzₜ xₜᵀ, dW_hh = Σₜ dzₜ hₜ₋₁ᵀ, db_ih = db_hh = Σₜ dzₜ, each summed over the batch;
    dxₜ = W_ihᵀ dzₜ and dh₀ = W_hhᵀ dz₁.
    dH (N, T, H): the loss's direct gradient at every state; the others as in rnn.
    Returns dX, dh0, dW_ih, dW_hh, db_ih, db_hh in the shapes and dtype of the inputs.
    Source: Werbos (1990).
    """
    ### BEGIN SOLUTION
    N, T, D = X.shape
    H = rnn(X, h0, W_ih, W_hh, b_ih, b_hh)
    dZ, dh = 1 - H * H, np.zeros_like(h0)  # dZ begins as the slope of tanh
    for t in reversed(range(T)):
        dZ[:, t] *= dH[:, t] + dh
        dh = dZ[:, t] @ W_hh
    before = np.concatenate([h0[:, None], H[:, :-1]], axis=1)
    rows = dZ.reshape(N * T, len(W_hh))  # one row for each step of each example
    dW_ih = rows.T @ X.reshape(N * T, D)
    dW_hh = rows.T @ before.reshape(rows.shape)
    return dZ @ W_ih, dh, dW_ih, dW_hh, rows.sum(axis=0), rows.sum(axis=0)
    ### END SOLUTION


def spectral_radius(W: np.ndarray) -> np.floating:
    """Return the largest absolute value among the eigenvalues of W, which may be complex.

    Formula: ρ(W) = maxᵢ |λᵢ|.  For a matrix that is not symmetric it is not the largest singular
    value, which is never smaller.
    W (n, n).  Returns one number, in the precision of W.
    Source: Horn and Johnson (2013), section 1.2.
    """
    ### BEGIN SOLUTION
    return np.max(np.abs(np.linalg.eigvals(W)))
    ### END SOLUTION


def scale_spectral_radius(W: np.ndarray, radius: float) -> np.ndarray:
    """Return W times the positive number that gives it this spectral radius.

    Formula: (radius / ρ(W)) W, because the eigenvalues of c W are c times those of W.
    W (n, n), with at least one eigenvalue other than 0.  Returns the shape and dtype of W.
    Source: Jaeger (2001).
    """
    ### BEGIN SOLUTION
    return radius / spectral_radius(W) * W
    ### END SOLUTION


def gradient_through_time(W_hh: np.ndarray, hs: np.ndarray) -> np.ndarray:
    """Return the Jacobian of the last state with respect to each state of one sequence.

    Formula: J_T = I and Jₜ = Jₜ₊₁ diag(1 − hₜ₊₁²) W_hh, so that Jₜ = ∂h_T/∂hₜ.
    W_hh (H, H), hs (T, H): the states h₁ … h_T of one sequence.
    Returns (T, H, H), dtype of the inputs; entry [t, i, j] is ∂(h_T)ᵢ/∂(hs[t])ⱼ.
    Source: Hochreiter (1991); Pascanu, Mikolov and Bengio (2013).
    """
    ### BEGIN SOLUTION
    T, H = hs.shape
    J = np.empty((T, H, H), hs.dtype)
    J[-1] = np.eye(H)
    for t in reversed(range(T - 1)):
        J[t] = (J[t + 1] * (1 - hs[t + 1] ** 2)) @ W_hh
    return J
    ### END SOLUTION


def clip_by_norm(g: np.ndarray, max_norm: float) -> np.ndarray:
    """Return g, shortened to length max_norm if it is longer; its direction stays.

    Formula: min(1, max_norm / ‖g‖) g, where ‖g‖ is the root of the sum of squares of all entries.
    g: any shape, all 0 allowed.  max_norm: above 0.  Returns a new array, shape and dtype of g.
    Source: Pascanu, Mikolov and Bengio (2013).
    """
    ### BEGIN SOLUTION
    return max_norm / max(float(np.linalg.norm(g)), max_norm) * g
    ### END SOLUTION


def teacher_forcing_inputs(Y: np.ndarray, start: Any) -> np.ndarray:
    """Return the inputs of a network that is fed the right answers: at each step, the one before.

    Formula: the inputs of a sequence y₁, y₂, …, y_T are start, y₁, …, y_{T−1}.
    Y (N, T) token ids or (N, T, K) vectors.  start: one id, or one vector (K,), the same for all.
    Returns a new array with the shape and dtype of Y.
    Source: Williams and Zipser (1989).
    """
    ### BEGIN SOLUTION
    inputs = np.roll(Y, 1, axis=1)
    inputs[:, 0] = start
    return inputs
    ### END SOLUTION


def bidirectional(
    forward: Callable[[np.ndarray], np.ndarray],
    backward: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
) -> np.ndarray:
    """Return, for each step, what one network read up to it and another read from the end down to it.

    Rule: `backward` is given the sequence in reverse, its states are turned round again so that
    they stand at the steps they belong to, and put behind those of `forward`.
    forward, backward: functions from (N, T, D) to states (N, T, H) and (N, T, H′).  X (N, T, D).
    Returns (N, T, H + H′), dtype of the states.
    Source: Schuster and Paliwal (1997); torch.nn.RNN with bidirectional.
    """
    ### BEGIN SOLUTION
    return np.concatenate([forward(X), backward(X[:, ::-1])[:, ::-1]], axis=-1)
    ### END SOLUTION


def leaky_step(h: np.ndarray, candidate: np.ndarray, alpha: float | np.ndarray) -> np.ndarray:
    """Return the next state of leaky units: a part of the old state and a part of the candidate.

    Formula: α h + (1 − α) candidate, which forgets with the time constant 1/(1 − α).
    h, candidate (N, H).  alpha: a number from 0 to 1, or one for each unit, (H,).
    Returns (N, H), dtype of h.
    Source: Mozer (1992); Jaeger et al. (2007).
    """
    ### BEGIN SOLUTION
    return alpha * h + (1 - alpha) * candidate
    ### END SOLUTION


def echo_state_readout(H: np.ndarray, Y: np.ndarray, ridge: float) -> np.ndarray:
    """Return the weights of the linear read-out that fits targets to states best.

    Formula: W_out minimises Σₜ ‖W_out hₜ − yₜ‖² + ridge ‖W_out‖², so it solves
    (Hᵀ H + ridge I) W_outᵀ = Hᵀ Y.
    H (T, n): one state a row, with a column of ones if a bias is wanted.  Y (T, K).  ridge: above 0.
    Returns (K, n), dtype of the inputs; predictions are H @ W_out.T.
    Source: Jaeger (2001); Hoerl and Kennard (1970) for the ridge.
    """
    ### BEGIN SOLUTION
    gram = H.T @ H + ridge * np.eye(H.shape[1], dtype=H.dtype)
    return np.linalg.solve(gram, H.T @ Y).T
    ### END SOLUTION


def tree_encode(tree: Any, embeddings: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the vector of a binary tree, computed from its leaves up with the same weights.

    Formula: a leaf i has the vector embeddings[i]; a node with children l and r has
    tanh(W [l; r] + b), where [l; r] is the left child's vector with the right child's below it.
    tree: a leaf, an integer, or a pair (left, right) of trees, for example ((0, 1), (2, 0)).
    embeddings (V, d), W (d, 2d), b (d,).  Returns (d,), dtype of the inputs.
    Source: Pollack (1990); Socher et al. (2011).
    """
    ### BEGIN SOLUTION
    if not isinstance(tree, tuple):
        return embeddings[tree].copy()
    children = [tree_encode(child, embeddings, W, b) for child in tree]
    return np.tanh(W @ np.concatenate(children) + b)
    ### END SOLUTION


def sequence_cross_entropy(Z: np.ndarray, labels: np.ndarray, mask: np.ndarray) -> np.floating:
    """Return the mean of −log p(label) over the steps that count, with p = softmax of the scores.

    Formula: −(1/M) Σ log softmax(Z[n, t])[labels[n, t]] over the M steps where mask[n, t] is True.
    Z (N, T, K): scores.  labels (N, T): integers; where the mask is False they may be anything.
    mask (N, T): booleans, True at the steps that count, at least one.
    Returns one number, in the precision of Z.
    Source: chapter `losses`; torch.nn.functional.cross_entropy with ignore_index.
    """
    ### BEGIN SOLUTION
    log_p = log_softmax(Z[mask])  # (M, K): the steps that count, of all sequences
    return -np.mean(log_p[np.arange(len(log_p)), labels[mask]])
    ### END SOLUTION
