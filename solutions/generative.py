"""Generative networks: a code that is squeezed, a game of two, and a picture that fools."""

import numpy as np

from solutions.activations import sigmoid, softplus
from solutions.losses import kl_divergence, mse_loss


def discriminator_loss(real_logits: np.ndarray, fake_logits: np.ndarray) -> np.floating:
    """Return the loss of a discriminator D = σ(logit) that should say 1 to real and 0 to fake.

    Formula: −mean log D(real) − mean log(1 − D(fake)), each mean over its own batch; in logits
    mean softplus(−real_logits) + mean softplus(fake_logits).
    real_logits, fake_logits: any shapes, not necessarily alike, as far out as ±1000.
    Returns a number, dtype of the inputs.
    Source: Goodfellow et al. (2014), equation 1 with its sign turned.
    """
    ### BEGIN SOLUTION
    return np.mean(softplus(-real_logits)) + np.mean(softplus(fake_logits))
    ### END SOLUTION


def discriminator_loss_backward(
    real_logits: np.ndarray, fake_logits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of `discriminator_loss` with respect to both batches of logits.

    Formulas: −σ(−real_logits) / (their number), and σ(fake_logits) / (their number).
    Returns two arrays in the shapes and dtype of the inputs.
    Source: chapter `generative`.
    """
    ### BEGIN SOLUTION
    return -sigmoid(-real_logits) / real_logits.size, sigmoid(fake_logits) / fake_logits.size
    ### END SOLUTION


def generator_loss(fake_logits: np.ndarray) -> np.floating:
    """Return the non-saturating loss of a generator that wants its fakes taken for real.

    Formula: −mean log D(fake) with D = σ(logit); in logits mean softplus(−fake_logits).
    fake_logits: any shape, as far out as ±1000.  Returns a number, dtype of the input.
    Source: Goodfellow et al. (2014), section 3.
    """
    ### BEGIN SOLUTION
    return np.mean(softplus(-fake_logits))
    ### END SOLUTION


def generator_loss_backward(fake_logits: np.ndarray) -> np.ndarray:
    """Return the gradient of `generator_loss` with respect to the logits.

    Formula: −σ(−fake_logits) / (their number): near −1 / (their number) for fakes that are seen
    through, near 0 for those that pass.
    fake_logits: any shape, as far out as ±1000.  Returns the same shape and dtype.
    Source: chapter `generative`, why one loss saturates.
    """
    ### BEGIN SOLUTION
    return -sigmoid(-fake_logits) / fake_logits.size
    ### END SOLUTION


def optimal_discriminator(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the best possible discriminator where the real density is p and the fake one q.

    Formula: p / (p + q), point by point; ½ where both are 0, since nothing ever comes from there.
    p, q: one shape, densities or probabilities, ≥ 0.  Returns that shape, dtype of the inputs.
    Source: Goodfellow et al. (2014), proposition 1.
    """
    ### BEGIN SOLUTION
    total = p + q
    nowhere = total == 0
    return np.where(nowhere, 0.5, p / np.where(nowhere, 1, total))
    ### END SOLUTION


def js_divergence(p: np.ndarray, q: np.ndarray) -> np.floating | np.ndarray:
    """Return the Jensen–Shannon divergence of p and q in nats, between 0 and log 2.

    Formula: ½ KL(p‖m) + ½ KL(q‖m) with the mixture m = (p + q) / 2.
    p, q (..., K): probabilities along the last axis, zeros allowed.
    Returns shape (...): one number for one pair, in the precision of the inputs.
    Source: Lin (1991).
    """
    ### BEGIN SOLUTION
    m = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2
    ### END SOLUTION


def pixel_shuffle(X: np.ndarray, factor: int) -> np.ndarray:
    """Return images r times as high and wide, made of r² channels for each channel: r = factor.

    Formula: y[n, c, r i + a, r j + b] = x[n, c r² + r a + b, i, j] for 0 ≤ a, b < r.
    X (N, C r², H, W).  Returns (N, C, r H, r W), dtype of X.
    Source: Shi et al. (2016); torch's pixel_shuffle.
    """
    ### BEGIN SOLUTION
    N, channels, H, W = X.shape
    parts = X.reshape(N, channels // factor**2, factor, factor, H, W)
    return parts.transpose(0, 1, 4, 2, 5, 3).reshape(N, -1, H * factor, W * factor)
    ### END SOLUTION


def pixel_shuffle_backward(dY: np.ndarray, factor: int) -> np.ndarray:
    """Return ∂L/∂X for Y = pixel_shuffle(X, factor), given the upstream gradient dY = ∂L/∂Y.

    Every entry of X has one place in Y, and its gradient comes back from there.
    dY (N, C, r H, r W) with r = factor.  Returns (N, C r², H, W), dtype of dY.
    Source: Shi et al. (2016); torch's pixel_unshuffle.
    """
    ### BEGIN SOLUTION
    N, C, H, W = dY.shape
    parts = dY.reshape(N, C, H // factor, factor, W // factor, factor)
    return parts.transpose(0, 1, 3, 5, 2, 4).reshape(N, -1, H // factor, W // factor)
    ### END SOLUTION


def autoencoder_loss(X: np.ndarray, W_enc: np.ndarray, W_dec: np.ndarray) -> np.floating:
    """Return how far a linear auto-encoder's output is from its input.

    Formula: the code of an example x is W_enc x, its reconstruction W_dec W_enc x; the loss is the
    mean of the squared differences over all entries of X, as in `mse_loss`.
    X (N, D); W_enc (H, D); W_dec (D, H).  Returns a number, dtype of the inputs.
    Source: Bourlard and Kamp (1988); Baldi and Hornik (1989).
    """
    ### BEGIN SOLUTION
    code = X @ W_enc.T
    return mse_loss(code @ W_dec.T, X)
    ### END SOLUTION


def fgsm(x: np.ndarray, grad: np.ndarray, epsilon: float) -> np.ndarray:
    """Return x, moved by the fast gradient sign method so that its loss grows.

    Formula: x + ε sign(grad): among all moves of at most ε in every entry, the one by which the
    linearised loss grows most.  Where the gradient is 0, x stays.  Nothing is clipped here.
    x, grad: one shape; epsilon ≥ 0.  Returns that shape, dtype of x.
    Source: Goodfellow, Shlens and Szegedy (2015).
    """
    ### BEGIN SOLUTION
    return x + epsilon * np.sign(grad)
    ### END SOLUTION
