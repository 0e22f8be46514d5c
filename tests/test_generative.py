"""What the chapter on generative networks says holds for any densities, pictures and gradients."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions import generative

seeds = st.integers(0, 2**32 - 1)


def value(D, p, q):
    """The discriminator's loss where points come with the probabilities p and q."""
    return -np.sum(p * np.log(D)) - np.sum(q * np.log(1 - D))


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(2, 9))
def test_no_discriminator_beats_the_optimal_one_and_its_loss_is_log_4_minus_2_js(seed, K):
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.ones(K), size=2) * 0.99 + 0.01 / K
    best = generative.optimal_discriminator(p, q)
    least = np.log(4) - 2 * generative.js_divergence(p, q)
    np.testing.assert_allclose(value(best, p, q), least, rtol=1e-10)
    other = np.clip(best + rng.normal(scale=0.1, size=K), 1e-3, 1 - 1e-3)
    assert value(other, p, q) >= least - 1e-12


def test_a_discriminator_trained_on_samples_finds_the_closed_form():
    rng = np.random.default_rng(0)
    K = 6
    p, q = rng.dirichlet(np.ones(K), size=2) * 0.9 + 0.1 / K
    real, fake = rng.choice(K, p=p, size=40_000), rng.choice(K, p=q, size=40_000)
    logits = np.zeros(K)
    for _ in range(300):  # one free logit a place: the gradients of its visitors add up
        d_real, d_fake = generative.discriminator_loss_backward(logits[real], logits[fake])
        logits -= 5 * (np.bincount(real, d_real, K) + np.bincount(fake, d_fake, K))
    learned = 1 / (1 + np.exp(-logits))
    assert np.abs(learned - generative.optimal_discriminator(p, q)).max() < 0.02
    least = np.log(4) - 2 * generative.js_divergence(p, q)
    assert abs(generative.discriminator_loss(logits[real], logits[fake]) - least) < 0.01


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))
def test_shuffling_pixels_loses_nothing(seed, factor, C, H, W):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2, C * factor**2, H, W))
    Y = generative.pixel_shuffle(X, factor)
    assert np.array_equal(generative.pixel_shuffle_backward(Y, factor), X)
    dY = rng.normal(size=Y.shape)
    np.testing.assert_allclose(
        np.sum(dY * Y), np.sum(X * generative.pixel_shuffle_backward(dY, factor))
    )


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(1, 8), st.floats(0, 2))
def test_no_move_in_the_box_gains_more_than_the_fast_gradient_sign(seed, d, epsilon):
    rng = np.random.default_rng(seed)
    x, grad = rng.normal(size=(2, d))
    gain = grad @ (generative.fgsm(x, grad, epsilon) - x)
    moves = rng.uniform(-epsilon, epsilon, size=(50, d))
    assert (moves @ grad <= gain + 1e-12).all()
    np.testing.assert_allclose(gain, epsilon * np.abs(grad).sum(), atol=1e-12)
