"""Energy: memory as a valley, from Hopfield's network to Boltzmann's machine and back to attention.

Hopfield's units and Ising's spins are −1 or 1; the units of a restricted Boltzmann machine are 0 or
1, with visible units v (D,), hidden units h (H,), weights W (H, D), and biases b (D,) of the visible
and c (H,) of the hidden units: E(v, h) = −b·v − c·h − h·W v, and the probability of a state is
proportional to exp(−E).
"""

import numpy as np

from solutions.activations import sigmoid, softplus
from solutions.losses import logsumexp, softmax


def hebbian_weights(patterns: np.ndarray) -> np.ndarray:
    """Return the weights by which a Hopfield network remembers patterns.

    Formula: w_ij = 1/N Σ_p ξ_pi ξ_pj for i ≠ j, and w_ii = 0.
    patterns (P, N): one pattern a row, entries −1 or 1, in a float type.
    Returns W (N, N), symmetric, dtype of patterns.
    Source: Hopfield (1982), after Hebb (1949).
    """
    ### BEGIN SOLUTION
    W = patterns.T @ patterns / patterns.shape[1]
    np.fill_diagonal(W, 0)
    return W
    ### END SOLUTION


def hopfield_energy(W: np.ndarray, s: np.ndarray) -> np.floating | np.ndarray:
    """Return the energy of one state, or of many.

    Formula: E = −½ Σ_ij w_ij s_i s_j = −½ sᵀ W s.
    W (N, N), symmetric; s (..., N), entries −1 or 1.
    Returns shape (...): one number for one state, dtype of the inputs.
    Source: Hopfield (1982).
    """
    ### BEGIN SOLUTION
    return -np.sum(s @ W * s, axis=-1) / 2
    ### END SOLUTION


def hopfield_update(W: np.ndarray, s: np.ndarray, i: int) -> np.ndarray:
    """Return the state after unit i has looked at the others; all other units stay.

    Formula: s_i ← sign(h_i) with the field h_i = Σ_j w_ij s_j; where h_i = 0, s_i stays as it is.
    W (N, N), symmetric with diagonal 0; s (N,), entries −1 or 1; i from 0 to N − 1.
    Returns a new array (N,), dtype of s.
    Source: Hopfield (1982).
    """
    ### BEGIN SOLUTION
    field = W[i] @ s
    s = s.copy()
    if field * s[i] < 0:
        s[i] = -s[i]
    return s
    ### END SOLUTION


def hopfield_recall(W: np.ndarray, s: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the state after the units have been updated one after the other, in the order given.

    Every update is that of `hopfield_update`, and sees the updates before it.  A unit may stand in
    the order several times or not at all; when the order ends, recall ends.
    The fields h = W s are computed once.  When unit i flips, they change by 2 s_i times column i of W,
    so a step costs N multiplications if a unit flips, and none if not.
    W (N, N), symmetric with diagonal 0; s (N,), entries −1 or 1; order: integers from 0 to N − 1.
    Returns a new array (N,), dtype of s.
    Source: Hopfield (1982); chapter `energy`, the field that is kept up to date.
    """
    ### BEGIN SOLUTION
    s, field = s.copy(), W @ s
    for i in order:
        if field[i] * s[i] < 0:
            s[i] = -s[i]
            field += 2 * s[i] * W[i]  # row i is column i, and lies together in memory
    return s
    ### END SOLUTION


def ising_energy(spins: np.ndarray, J: float, h: float | np.ndarray) -> np.floating | np.ndarray:
    """Return the energy of spins on a square lattice whose opposite edges are neighbours.

    Formula: E = −J Σ_⟨ab⟩ s_a s_b − Σ_a h_a s_a, the first sum over pairs of neighbours, each once.
    spins (..., R, C), entries −1 or 1, with R, C ≥ 3; J: the coupling of neighbours;
    h: the field, one number or an array that is broadcast against spins.
    Returns shape (...): one number for one lattice, dtype of spins.
    Source: Ising (1925).
    """
    ### BEGIN SOLUTION
    neighbours = np.roll(spins, 1, axis=-1) + np.roll(
        spins, 1, axis=-2
    )  # half of them: left, above
    return -np.sum((J * neighbours + h) * spins, axis=(-2, -1))
    ### END SOLUTION


def rbm_hidden_probability(v: np.ndarray, W: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return the probability of every hidden unit to be 1, given the visible units.

    Formula: P(h_j = 1 | v) = σ(c_j + Σ_i w_ji v_i), each hidden unit independent of the others.
    v (..., D); W (H, D); c (H,).  Returns (..., H), dtype of the inputs.
    Source: Smolensky (1986); chapter `energy`, the conditionals factorise.
    """
    ### BEGIN SOLUTION
    return sigmoid(v @ W.T + c)
    ### END SOLUTION


def rbm_free_energy(
    v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray
) -> np.floating | np.ndarray:
    """Return F(v) = −log Σ_h exp(−E(v, h)), the energy of v with the hidden units summed out.

    Formula: F(v) = −b·v − Σ_j softplus(c_j + Σ_i w_ji v_i).  P(v) is exp(−F(v)) / Z.
    v (..., D); W (H, D); b (D,); c (H,).
    Returns shape (...): one number for one v, dtype of the inputs.
    Source: chapter `energy`; Hinton (2012), section 16.1.
    """
    ### BEGIN SOLUTION
    return -v @ b - np.sum(softplus(v @ W.T + c), axis=-1)
    ### END SOLUTION


def gibbs_step(
    v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the visible units after one step of Gibbs sampling: all hidden units, then all visible.

    Law: h_j is 1 with probability P(h_j = 1 | v), independently; then each visible unit is 1 with
    probability P(v_i = 1 | h) = σ(b_i + Σ_j w_ji h_j), independently, for the h that was drawn.
    v (N, D): N chains, which move independently; W (H, D); b (D,); c (H,).
    Returns (N, D), entries 0 or 1, dtype of v.
    Source: Geman and Geman (1984); Hinton (2002).
    """
    ### BEGIN SOLUTION
    p = sigmoid(v @ W.T + c)
    h = (rng.random(p.shape) < p).astype(v.dtype)
    q = sigmoid(h @ W + b)
    return (rng.random(q.shape) < q).astype(v.dtype)
    ### END SOLUTION


def contrastive_divergence(
    v0: np.ndarray,
    W: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    k: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return CD-k's estimate of the gradient of the mean log-likelihood: where to climb.

    Law: chains start at the data v0 and make k steps of Gibbs sampling, to vₖ.  With
    p(v) = P(h = 1 | v), the means over the batch are
    dW = ⟨p(v0) v0ᵀ⟩ − ⟨p(vₖ) vₖᵀ⟩, db = ⟨v0⟩ − ⟨vₖ⟩, dc = ⟨p(v0)⟩ − ⟨p(vₖ)⟩.
    v0 (N, D), entries 0 or 1; W (H, D); b (D,); c (H,); k ≥ 1.
    Returns dW (H, D), db (D,), dc (H,), dtype of the inputs.
    Source: Hinton (2002).
    """
    ### BEGIN SOLUTION
    v = v0
    for _ in range(k):
        v = gibbs_step(v, W, b, c, rng)
    p0, p = sigmoid(v0 @ W.T + c), sigmoid(v @ W.T + c)
    dW = (p0.T @ v0 - p.T @ v) / len(v0)
    return dW, np.mean(v0 - v, axis=0), np.mean(p0 - p, axis=0)
    ### END SOLUTION


def rbm_log_partition(W: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.floating | np.ndarray:
    """Return log Z = log Σ_v Σ_h exp(−E(v, h)), exactly.

    Formula: log Σ_v exp(−F(v)) over all 2ᴰ states of the visible units.  An RBM looks the same from
    its other side, so where H < D, the 2ᴴ states of the hidden units are gone through instead.
    W (H, D), as large as ±1000; b (D,); c (H,); the smaller of D and H is at most about 16.
    Returns a number, dtype of the inputs.
    Source: chapter `energy`.
    """
    ### BEGIN SOLUTION
    if len(c) < len(b):
        W, b, c = W.T, c, b
    states = (np.arange(2 ** len(b))[:, None] >> np.arange(len(b)) & 1).astype(W.dtype)
    return logsumexp(states @ b + np.sum(softplus(states @ W.T + c), axis=1))
    ### END SOLUTION


def rbm_likelihood_gradient(
    v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradient of the mean log-likelihood of the data, exactly: data minus model.

    Formulas, with p(v) = P(h = 1 | v), ⟨·⟩ the mean over the data and E the mean over all 2ᴰ states u
    of the visible units, each with its probability exp(−F(u)) / Z:
    dW = ⟨p(v) vᵀ⟩ − E p(u) uᵀ, db = ⟨v⟩ − E u, dc = ⟨p(v)⟩ − E p(u).
    v (N, D), entries 0 or 1; W (H, D); b (D,); c (H,); D is at most about 16.
    Returns dW (H, D), db (D,), dc (H,), dtype of the inputs.
    Source: Ackley, Hinton and Sejnowski (1985); chapter `energy`.
    """
    ### BEGIN SOLUTION
    u = (np.arange(2 ** len(b))[:, None] >> np.arange(len(b)) & 1).astype(v.dtype)
    z = u @ W.T + c
    P = softmax(u @ b + np.sum(softplus(z), axis=1))
    data, model = sigmoid(v @ W.T + c), sigmoid(z)
    dW = data.T @ v / len(v) - model.T @ (P[:, None] * u)
    return dW, v.mean(axis=0) - P @ u, data.mean(axis=0) - P @ model
    ### END SOLUTION


def modern_hopfield_update(X: np.ndarray, q: np.ndarray, beta: float) -> np.ndarray:
    """Return the state after one update of a modern Hopfield network with continuous units.

    Formula: Xᵀ softmax(β X q): the mean of the stored patterns, weighted by how well each fits.
    X (P, d): one pattern a row; q (d,) or (M, d): one state, or one a row; β > 0, as large as 1000.
    Returns the shape of q, dtype of the inputs.
    Source: Ramsauer et al. (2021), equation 3.
    """
    ### BEGIN SOLUTION
    return softmax(beta * (q @ X.T)) @ X
    ### END SOLUTION
