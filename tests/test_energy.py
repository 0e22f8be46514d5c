"""What the chapter on energy says holds for any weights: energy never rises, recall comes to rest."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions import energy
from solutions.attention import scaled_dot_product_attention

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 12)


def drawn(seed, n, whole):
    """Random symmetric weights with diagonal 0, and a state.

    Whole numbers make many fields exactly 0, and leave nothing to rounding.
    """
    rng = np.random.default_rng(seed)
    A = rng.integers(-2, 3, size=(n, n)).astype(float) if whole else rng.normal(size=(n, n))
    W = np.triu(A, 1) + np.triu(A, 1).T
    return rng, W, rng.choice([-1.0, 1.0], size=n)


@settings(max_examples=300, deadline=None)
@given(seeds, sizes, st.booleans())
def test_energy_falls_with_every_flip_and_never_rises(seed, n, whole):
    rng, W, s = drawn(seed, n, whole)
    for i in rng.integers(0, n, size=3 * n):
        after = energy.hopfield_update(W, s, i)
        change = energy.hopfield_energy(W, after) - energy.hopfield_energy(W, s)
        assert change == 0 if np.array_equal(after, s) else change < 0
        assert np.array_equal(np.delete(after, i), np.delete(s, i))
        s = after


@settings(max_examples=300, deadline=None)
@given(seeds, sizes)
def test_a_kept_field_recalls_what_a_new_field_would(seed, n):
    rng, W, s = drawn(seed, n, whole=True)
    order = rng.integers(0, n, size=4 * n)
    slow = s
    for i in order:
        slow = energy.hopfield_update(W, slow, i)
    assert np.array_equal(energy.hopfield_recall(W, s, order), slow)


@settings(max_examples=200, deadline=None)
@given(seeds, sizes, st.booleans())
def test_recall_comes_to_rest_where_no_unit_disagrees_with_its_field(seed, n, whole):
    rng, W, s = drawn(seed, n, whole)
    for _ in range(2**n + 1):  # every sweep but the last lowers the energy
        after = energy.hopfield_recall(W, s, rng.permutation(n))
        if np.array_equal(after, s):
            break
        s = after
    assert (s * (W @ s) >= 0).all()


def overlap(N, load, seed):
    """How far recall wanders from three of the stored patterns: 1 is not at all.

    N should be a power of two: then weights and fields are exact, and so are fields of 0.
    """
    rng = np.random.default_rng(seed)
    X = rng.choice([-1.0, 1.0], size=(round(load * N), N))
    W, ends = energy.hebbian_weights(X), []
    for s in X[:3]:
        while not np.array_equal(s, after := energy.hopfield_recall(W, s, rng.permutation(N))):
            s = after
        ends.append(s)
    return np.mean(np.sum(X[:3] * ends, axis=1) / N)


def test_memories_hold_below_0138_patterns_a_unit_and_dissolve_above():
    assert min(overlap(1024, 0.11, seed) for seed in range(3)) > 0.95
    assert max(overlap(1024, 0.2, seed) for seed in range(3)) < 0.8


def small_machine(seed, H, D):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(H, D)), rng.normal(size=D), rng.normal(size=H)


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_probabilities_of_all_states_add_up_to_one(seed, H, D):
    _, W, b, c = small_machine(seed, H, D)
    states = np.array(list(itertools.product([0.0, 1.0], repeat=D)))
    P = np.exp(-energy.rbm_free_energy(states, W, b, c) - energy.rbm_log_partition(W, b, c))
    np.testing.assert_allclose(P.sum(), 1, rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_the_likelihood_climbs_as_its_gradient_says(seed, H, D):
    rng, W, b, c = small_machine(seed, H, D)
    v = rng.integers(0, 2, size=(3, D)).astype(float)

    def log_likelihood(W, b, c):
        free = energy.rbm_free_energy(v, W, b, c)
        return -free.mean() - energy.rbm_log_partition(W, b, c)

    move = [1e-5 * rng.normal(size=part.shape) for part in (W, b, c)]
    there, back = (
        log_likelihood(*(part + sign * step for part, step in zip((W, b, c), move, strict=True)))
        for sign in (1, -1)
    )
    gradient = energy.rbm_likelihood_gradient(v, W, b, c)
    climb = sum(np.sum(part * step) for part, step in zip(gradient, move, strict=True))
    np.testing.assert_allclose((there - back) / 2, climb, atol=1e-12)


def test_contrastive_divergence_comes_near_the_exact_gradient_as_k_grows():
    rng, W, b, c = small_machine(3, 4, 6)
    v = np.repeat(rng.integers(0, 2, size=(5, 6)).astype(float), 8000, axis=0)
    exact = energy.rbm_likelihood_gradient(v, W, b, c)[0]
    gaps = [
        np.abs(energy.contrastive_divergence(v, W, b, c, k, rng)[0] - exact).max()
        for k in (1, 3, 30)
    ]
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2]
    assert gaps[2] < 0.02


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 7), st.integers(1, 5), st.integers(1, 6), st.floats(0.01, 50))
def test_the_modern_update_is_one_step_of_attention(seed, P, M, d, beta):
    rng = np.random.default_rng(seed)
    X, q = rng.normal(size=(P, d)), rng.normal(size=(M, d))
    attended = scaled_dot_product_attention(beta * d**0.5 * q, X, X)
    np.testing.assert_allclose(energy.modern_hopfield_update(X, q, beta), attended, atol=1e-11)
