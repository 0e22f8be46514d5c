"""What an answer in the chapter on attention must satisfy, and the mistakes people make."""

import math

import numpy as np

from autograder.exercise import Exercise, Seed, as_tensors
from solutions import attention as reference
from solutions.jacobians import layer_norm, layer_norm_backward, linear_backward


def normal(rng, *shape, dtype=float):
    return rng.normal(size=shape).astype(dtype)


def some_mask(rng, *shape):
    """A random mask, with a True and a False in every row."""
    mask = rng.random(shape) < 0.6
    mask[..., 0], mask[..., -1] = True, False
    return rng.permuted(mask, axis=-1)


def looks(rng, lead, T_q, T_k, d, d_v=None, mask=None, dtype=float):
    """Queries, keys, values if d_v is given, and a mask."""
    made = dict(
        Q=normal(rng, *lead, T_q, d, dtype=dtype), K=normal(rng, *lead, T_k, d, dtype=dtype)
    )
    if d_v:
        made["V"] = normal(rng, *lead, T_k, d_v, dtype=dtype)
    return made | dict(mask=mask)


def softmax(S, axis=-1):
    e = np.exp(S - S.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def scores(Q, K, mask=None):
    S = Q @ K.swapaxes(-1, -2) / Q.shape[-1] ** 0.5
    return S if mask is None else np.where(mask, S, -np.inf)


def safe_softmax(S, axis=-1):
    """Softmax of scores, some of which are −∞; a row of nothing else becomes 0."""
    top = S.max(axis=axis, keepdims=True)
    e = np.exp(S - np.where(top == -np.inf, 0, top))
    total = e.sum(axis=axis, keepdims=True)
    return e / np.where(total == 0, 1, total)


def flat(M):
    """One row a position, of all sequences."""
    return M.reshape(-1, M.shape[-1])


# -- attention_weights -------------------------------------------------------------------------

attention_weights = Exercise(
    reference.attention_weights, points=3, see="def-attention", returns="A"
)
attention_weights.hints(
    "Which matrix product gives the dot product of every query with every key? Along which axis do "
    "the weights of one query lie?",
    "Scores first: Q Kᵀ / √d, with the last two axes of K exchanged. Where the mask is False, the "
    "score becomes −∞ before the softmax, so that its exponential is exactly 0.",
    "Subtract the largest score of each row; if that is −∞, the whole row is masked: subtract 0 "
    "there, and divide by 1 where the sum of the exponentials is 0.",
)


@attention_weights.cases
def _(rng):
    yield "no mask", looks(rng, (), 4, 4, 3)
    yield "more keys than queries, by head", looks(rng, (2, 3), 4, 5, 6, mask=some_mask(rng, 4, 5))
    yield "a mask for each sequence", looks(rng, (3, 2), 4, 6, 5, mask=some_mask(rng, 3, 1, 1, 6))
    nowhere = some_mask(rng, 5, 4)
    nowhere[2] = False
    yield "a query that may look nowhere", looks(rng, (2,), 5, 4, 3, mask=nowhere)
    loud = looks(rng, (), 4, 3, 2)
    loud["Q"][1], loud["K"][2] = [1500, -900], [2, -1]
    yield "a score of 2758", loud
    hidden = looks(rng, (), 3, 5, 2, mask=np.array([True, True, False, True, True]))
    hidden["Q"][1], hidden["K"][2] = [1.5, -1], [3000, -2000]
    yield "a huge score behind the mask", hidden
    yield "a single query", looks(rng, (), 1, 4, 7)
    causal = np.tri(5, dtype=bool)
    yield "float32 inputs", looks(rng, (2,), 5, 5, 4, mask=causal, dtype=np.float32)
    turned = looks(rng, (3,), 4, 6, 2, mask=some_mask(rng, 4, 6))
    yield "non-contiguous inputs", turned | {n: np.asfortranarray(turned[n]) for n in ("Q", "K")}


@attention_weights.torch
def _(torch, Q, K, mask):
    one_hot = torch.eye(K.shape[-2], dtype=K.dtype).expand(*K.shape[:-1], K.shape[-2])
    return torch.nn.functional.scaled_dot_product_attention(Q, K, one_hot, attn_mask=mask)


@attention_weights.mistake(
    "The scores are not divided by √d. A dot product of d terms has a spread of √d, so without it "
    "the softmax grows sharper with every feature you add."
)
def root_of_d_forgotten(Q, K, mask=None):
    return safe_softmax(scores(Q, K, mask) * Q.shape[-1] ** 0.5)


@attention_weights.mistake(
    "You divide by d. Variances add, so a dot product of d terms has the variance d and the spread "
    "√d; it is the spread that is divided away."
)
def divided_by_d(Q, K, mask=None):
    return safe_softmax(scores(Q, K, mask) / Q.shape[-1] ** 0.5)


@attention_weights.mistake(
    "The softmax runs over the queries. Every query shares out its attention among the keys, so each "
    "row sums to 1: the softmax runs along the last axis."
)
def softmax_over_the_queries(Q, K, mask=None):
    return safe_softmax(scores(Q, K, mask), axis=-2)


@attention_weights.mistake(
    "A score of 0 is no mask: its exponential is 1, and the key still gets a share. Put −∞ there, "
    "whose exponential is 0."
)
def masked_scores_set_to_0(Q, K, mask=None):
    S = scores(Q, K)
    return softmax(S if mask is None else np.where(mask, S, 0))


@attention_weights.mistake(
    "You mask after the softmax, when the masked keys have had their share of the sum already: the "
    "rows no longer add up to 1. Put −∞ into the scores before the softmax."
)
def masked_after_the_softmax(Q, K, mask=None):
    A = softmax(scores(Q, K))
    return A if mask is None else np.where(mask, A, 0)


@attention_weights.mistake(
    "Masking after the softmax and dividing again looks the same, but a masked key still decides "
    "which exponentials survive rounding: a huge score behind the mask wipes out all the others. Put "
    "−∞ into the scores before the softmax."
)
def masked_after_and_shared_out_again(Q, K, mask=None):
    A = softmax(scores(Q, K))
    A = A if mask is None else np.where(mask, A, 0)
    total = A.sum(axis=-1, keepdims=True)
    return A / np.where(total == 0, 1, total)


@attention_weights.mistake(
    "The mask is upside down: here True means that the query may look. (The masks of torch's "
    "MultiheadAttention say the opposite, those of its scaled_dot_product_attention say the same.)"
)
def mask_upside_down(Q, K, mask=None):
    return safe_softmax(scores(Q, K, None if mask is None else ~mask))


@attention_weights.mistake(
    "If a query may look nowhere, its largest score is −∞, and −∞ − (−∞) is NaN. Subtract 0 in such "
    "a row and divide by 1, and its weights are 0."
)
def nan_where_nothing_is_to_be_seen(Q, K, mask=None):
    return softmax(scores(Q, K, mask))


@attention_weights.mistake(
    "A large negative number instead of −∞ is right until a whole row is masked: then all its scores "
    "are equal, and the softmax shares out attention among keys that nobody may see."
)
def minus_a_billion_for_minus_infinity(Q, K, mask=None):
    S = scores(Q, K)
    return softmax(S if mask is None else np.where(mask, S, S.dtype.type(-1e9)))


@attention_weights.mistake(
    "e^1000 overflows. Subtract the largest score of each row first; the weights do not change."
)
def largest_score_not_subtracted(Q, K, mask=None):
    e = np.exp(scores(Q, K, mask))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


@attention_weights.alternative
def masked_in_the_exponential(Q, K, mask=None):
    S = scores(Q, K, mask)
    if mask is None:
        return softmax(S)
    top = np.maximum(S.max(axis=-1, keepdims=True), np.finfo(S.dtype).min)
    e = np.exp(S - top)
    return e / np.maximum(e.sum(axis=-1, keepdims=True), np.finfo(S.dtype).tiny)


@attention_weights.alternative
def by_einsum(Q, K, mask=None):
    S = np.einsum("...td,...sd->...ts", Q, K, optimize=True) / math.sqrt(Q.shape[-1])
    return safe_softmax(S if mask is None else np.where(mask, S, -np.inf))


def each_sequence(Q, K, mask):
    """Queries, keys and mask of one sequence and one head at a time."""
    lead = Q.shape[:-2]
    T_q, T_k = Q.shape[-2], K.shape[-2]
    everything = np.broadcast_to(True if mask is None else mask, (*lead, T_q, T_k))
    return [(place, Q[place], K[place], everything[place]) for place in np.ndindex(lead)]


@attention_weights.loop
def _(Q, K, mask=None):
    A = np.zeros((*Q.shape[:-1], K.shape[-2]), Q.dtype)
    for place, queries, keys, seen in each_sequence(Q, K, mask):
        for t, q in enumerate(queries):
            allowed = np.flatnonzero(seen[t])
            S = [q @ keys[s] / math.sqrt(len(q)) for s in allowed]
            e = [math.exp(one - max(S)) for one in S]
            for s, share in zip(allowed, e, strict=True):
                A[place][t, s] = share / sum(e)
    return A


@attention_weights.benchmark
def _(rng):
    return looks(rng, (8, 4), 128, 128, 32, mask=np.tri(128, dtype=bool))


# -- scaled_dot_product_attention --------------------------------------------------------------

scaled_dot_product_attention = Exercise(
    reference.scaled_dot_product_attention, points=2, see="def-attention", returns="O"
)
scaled_dot_product_attention.hints(
    "You have the weights of each query. What does it mean to take a mean of the values with them?",
    "Row t of the result is Σ_s a_ts v_s: rows of weights times the matrix whose rows are the values.",
    "`attention_weights(Q, K, mask) @ V`",
)


@scaled_dot_product_attention.cases
def _(rng):
    yield "no mask", looks(rng, (), 4, 4, 3, 5)
    yield "more keys than queries", looks(rng, (2, 3), 4, 5, 6, 2, mask=some_mask(rng, 4, 5))
    yield "as many features as values", looks(rng, (2,), 3, 3, 3, 3, mask=np.tri(3, dtype=bool))
    nowhere = some_mask(rng, 5, 4)
    nowhere[3] = False
    yield "a query that may look nowhere", looks(rng, (2,), 5, 4, 3, 6, mask=nowhere)
    loud = looks(rng, (), 4, 3, 2, 5)
    yield "scores of ±1000", loud | dict(Q=loud["Q"] * 1000)
    yield "a single query", looks(rng, (3,), 1, 4, 7, 2)
    yield "float32 inputs", looks(rng, (2,), 5, 4, 4, 3, some_mask(rng, 5, 4), np.float32)
    turned = looks(rng, (3,), 4, 6, 2, 5, mask=some_mask(rng, 4, 6))
    turned |= {name: np.asfortranarray(turned[name]) for name in "QKV"}
    yield "non-contiguous inputs", turned


@scaled_dot_product_attention.torch
def _(torch, Q, K, V, mask):
    return torch.nn.functional.scaled_dot_product_attention(Q, K, V, attn_mask=mask)


@scaled_dot_product_attention.mistake(
    "The mask is not used: hand it on to `attention_weights`, else every query sees everything."
)
def mask_forgotten(Q, K, V, mask=None):
    return safe_softmax(scores(Q, K)) @ V


@scaled_dot_product_attention.mistake(
    "The scores are not divided by √d. A dot product of d terms has a spread of √d, so without it "
    "the softmax grows sharper with every feature you add."
)
def without_the_root_of_d(Q, K, V, mask=None):
    return safe_softmax(scores(Q, K, mask) * Q.shape[-1] ** 0.5) @ V


@scaled_dot_product_attention.mistake(
    "You take the single best key of each query. Attention takes the mean of all values, weighted; "
    "only so is there a gradient that can change where to look."
)
def only_the_best_key(Q, K, V, mask=None):
    S = scores(Q, K, mask)
    best = np.arange(K.shape[-2]) == S.argmax(axis=-1)[..., None]
    return (best & np.isfinite(S)).astype(Q.dtype) @ V


@scaled_dot_product_attention.mistake(
    "The scores meet the values as they are. First a softmax over the keys turns them into weights "
    "that are positive and add up to 1."
)
def softmax_forgotten(Q, K, V, mask=None):
    S = scores(Q, K)
    return (S if mask is None else np.where(mask, S, 0)) @ V


@scaled_dot_product_attention.mistake(
    "You average the keys. Keys say where to look; what is found there is the values: A @ V."
)
def keys_averaged_instead_of_values(Q, K, V, mask=None):
    return safe_softmax(scores(Q, K, mask)) @ K


@scaled_dot_product_attention.mistake(
    "Queries and keys have changed places: rows belong to queries, columns to keys, and the softmax "
    "runs along the columns."
)
def queries_and_keys_exchanged(Q, K, V, mask=None):
    turned = None if mask is None else mask.swapaxes(-1, -2)
    return safe_softmax(scores(K, Q, turned)) @ V


@scaled_dot_product_attention.alternative
def masked_and_shared_out(Q, K, V, mask=None):
    return safe_softmax(scores(Q, K, mask)) @ V


@scaled_dot_product_attention.alternative
def divided_at_the_end(Q, K, V, mask=None):
    S = scores(Q, K, mask)
    top = S.max(axis=-1, keepdims=True)
    e = np.exp(S - np.where(top == -np.inf, 0, top))
    total = e.sum(axis=-1, keepdims=True)
    return e @ V / np.where(total == 0, 1, total)


@scaled_dot_product_attention.loop
def _(Q, K, V, mask=None):
    O = np.zeros((*Q.shape[:-1], V.shape[-1]), Q.dtype)
    for place, queries, keys, seen in each_sequence(Q, K, mask):
        for t, q in enumerate(queries):
            allowed = np.flatnonzero(seen[t])
            S = [q @ keys[s] / math.sqrt(len(q)) for s in allowed]
            e = [math.exp(one - max(S)) for one in S]
            for s, share in zip(allowed, e, strict=True):
                O[place][t] += share / sum(e) * V[place][s]
    return O


@scaled_dot_product_attention.benchmark
def _(rng):
    return looks(rng, (8, 4), 128, 128, 32, 32, mask=np.tri(128, dtype=bool))


# -- scaled_dot_product_attention_backward -----------------------------------------------------

scaled_dot_product_attention_backward = Exercise(
    reference.scaled_dot_product_attention_backward,
    points=4,
    see="eq-attention-backward",
    returns="dQ, dK, dV",
)
scaled_dot_product_attention_backward.hints(
    "Three steps forward: scores, softmax, weights times values. Walk back through them: which two "
    "gradients does O = A V give, and which does S = Q Kᵀ / √d?",
    "dV = Aᵀ dO and dA = dO Vᵀ. Softmax: dS = A ⊙ (dA − δ), where δ is one number for each query, "
    "Σ_s a_s da_s, and that is dO·O. Then dQ = dS K / √d and dK = dSᵀ Q / √d.",
    "With A = attention_weights(Q, K, mask) and dA = dO @ V.swapaxes(-1, -2): "
    "dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True)). Where A is 0, so is dS: the mask needs no line.",
)


def looks_back(rng, lead, T_q, T_k, d, d_v, mask=None, dtype=float):
    dO = normal(rng, *lead, T_q, d_v, dtype=dtype)
    return dict(dO=dO) | looks(rng, lead, T_q, T_k, d, d_v, mask, dtype)


@scaled_dot_product_attention_backward.cases
def _(rng):
    yield "no mask", looks_back(rng, (), 4, 4, 3, 5)
    yield "more keys than queries", looks_back(rng, (2, 3), 4, 5, 6, 2, some_mask(rng, 4, 5))
    yield "all sizes equal", looks_back(rng, (), 4, 4, 4, 4, np.tri(4, dtype=bool))
    nowhere = some_mask(rng, 5, 4)
    nowhere[3] = False
    yield "a query that may look nowhere", looks_back(rng, (2,), 5, 4, 3, 6, nowhere)
    yield "a single query", looks_back(rng, (3,), 1, 4, 7, 2)
    yield (
        "float32 inputs",
        looks_back(rng, (2,), 5, 4, 4, 3, np.tri(5, 4, 1, dtype=bool), np.float32),
    )
    turned = looks_back(rng, (3,), 4, 6, 2, 5, some_mask(rng, 4, 6))
    turned |= {name: np.asfortranarray(turned[name]) for name in ("dO", "Q", "K", "V")}
    yield "non-contiguous inputs", turned


@scaled_dot_product_attention_backward.gradient("Q", "K", "V")
def _(torch, Q, K, V, mask):
    return torch.nn.functional.scaled_dot_product_attention(Q, K, V, attn_mask=mask)


def weights_and_their_gradient(dO, Q, K, V, mask):
    return safe_softmax(scores(Q, K, mask)), dO @ V.swapaxes(-1, -2), Q.shape[-1] ** -0.5


@scaled_dot_product_attention_backward.terms
def _(dO, Q, K, V, mask):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, mask)
    own, total = A * dA, -A * (A * dA).sum(axis=-1, keepdims=True)
    return (
        {
            "the way through a weight's own score": own @ K * scale,
            "the way through the sum in the softmax": total @ K * scale,
        },
        {
            "the way through a weight's own score": own.swapaxes(-1, -2) @ Q * scale,
            "the way through the sum in the softmax": total.swapaxes(-1, -2) @ Q * scale,
        },
        {"the values themselves": A.swapaxes(-1, -2) @ dO},
    )


@scaled_dot_product_attention_backward.mistake(
    "The 1/√d of the forward pass stands before the scores on the way back, too: dQ = dS K / √d and "
    "dK = dSᵀ Q / √d."
)
def scale_forgotten_on_the_way_back(dO, Q, K, V, mask=None):
    A, dA, _ = weights_and_their_gradient(dO, Q, K, V, mask)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    return dS @ K, dS.swapaxes(-1, -2) @ Q, A.swapaxes(-1, -2) @ dO


@scaled_dot_product_attention_backward.mistake(
    "That is the softmax's own slope, a(1 − a), as if every weight hung on its own score alone; they "
    "share one sum. Its gradient is A ⊙ (dA − Σ a da)."
)
def softmax_taken_for_a_sigmoid(dO, Q, K, V, mask=None):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, mask)
    dS = A * (1 - A) * dA
    return dS @ K * scale, dS.swapaxes(-1, -2) @ Q * scale, A.swapaxes(-1, -2) @ dO


@scaled_dot_product_attention_backward.mistake(
    "δ is a mean with the weights, Σ_s a_s da_s, not a plain mean over the keys."
)
def plain_mean_subtracted(dO, Q, K, V, mask=None):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, mask)
    dS = A * (dA - dA.mean(axis=-1, keepdims=True))
    return dS @ K * scale, dS.swapaxes(-1, -2) @ Q * scale, A.swapaxes(-1, -2) @ dO


@scaled_dot_product_attention_backward.mistake(
    "δ is one number for each query: sum over the keys, the last axis of A ⊙ dA, and keep that axis."
)
def delta_summed_over_the_queries(dO, Q, K, V, mask=None):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, mask)
    dS = A * (dA - (A * dA).sum(axis=-2, keepdims=True))
    return dS @ K * scale, dS.swapaxes(-1, -2) @ Q * scale, A.swapaxes(-1, -2) @ dO


@scaled_dot_product_attention_backward.mistake(
    "The weights on the way back are not those of the forward pass: the mask is missing in them."
)
def mask_forgotten_on_the_way_back(dO, Q, K, V, mask=None):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, None)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    return dS @ K * scale, dS.swapaxes(-1, -2) @ Q * scale, A.swapaxes(-1, -2) @ dO


@scaled_dot_product_attention_backward.mistake(
    "You stop at dA; between the weights and the scores stands the softmax: dS = A ⊙ (dA − δ)."
)
def softmax_skipped(dO, Q, K, V, mask=None):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, mask)
    return dA @ K * scale, dA.swapaxes(-1, -2) @ Q * scale, A.swapaxes(-1, -2) @ dO


@scaled_dot_product_attention_backward.mistake(
    "dV comes about with the weights transposed: value s hears from every query that looked at it, "
    "dV = Aᵀ dO."
)
def dV_without_the_transpose(dO, Q, K, V, mask=None):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, mask)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True))
    return dS @ K * scale, dS.swapaxes(-1, -2) @ Q * scale, A @ dO


@scaled_dot_product_attention_backward.mistake(
    "The gradients come in the order of the inputs, dQ, dK, dV; yours begin with dV, the one found "
    "first."
)
def in_the_order_found(dO, Q, K, V, mask=None):
    dQ, dK, dV = by_the_sum_over_weights(dO, Q, K, V, mask)
    return dV, dQ, dK


@scaled_dot_product_attention_backward.alternative
def by_the_sum_over_weights(dO, Q, K, V, mask=None):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, mask)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True)) * scale
    return dS @ K, dS.swapaxes(-1, -2) @ Q, A.swapaxes(-1, -2) @ dO


@scaled_dot_product_attention_backward.alternative
def by_the_jacobian_of_each_row(dO, Q, K, V, mask=None):
    A, dA, scale = weights_and_their_gradient(dO, Q, K, V, mask)
    J = A[..., None] * np.eye(A.shape[-1], dtype=A.dtype) - A[..., None] * A[..., None, :]
    dS = (J @ dA[..., None])[..., 0] * scale
    return dS @ K, dS.swapaxes(-1, -2) @ Q, A.swapaxes(-1, -2) @ dO


@scaled_dot_product_attention_backward.loop
def _(dO, Q, K, V, mask=None):
    dQ, dK, dV = (np.zeros(one.shape, one.dtype) for one in (Q, K, V))
    for place, queries, keys, seen in each_sequence(Q, K, mask):
        for t, q in enumerate(queries):
            allowed = np.flatnonzero(seen[t])
            S = [q @ keys[s] / math.sqrt(len(q)) for s in allowed]
            e = [math.exp(one - max(S)) for one in S]
            a = [one / sum(e) for one in e]
            da = [dO[place][t] @ V[place][s] for s in allowed]
            delta = sum(x * y for x, y in zip(a, da, strict=True))
            for s, weight, slope in zip(allowed, a, da, strict=True):
                dS = weight * (slope - delta) / math.sqrt(len(q))
                dQ[place][t] += dS * keys[s]
                dK[place][s] += dS * q
                dV[place][s] += weight * dO[place][t]
    return dQ, dK, dV


@scaled_dot_product_attention_backward.benchmark
def _(rng):
    return looks_back(rng, (8, 4), 128, 128, 32, 32, np.tri(128, dtype=bool))


# -- causal_mask -------------------------------------------------------------------------------

causal_mask = Exercise(reference.causal_mask, points=1, see="def-causal", returns="mask")
causal_mask.hints(
    "Row t is what query t may see. Which keys s are those?",
    "All s ≤ t. A row of numbers 0 … T − 1 compared with a column of the same numbers gives a table.",
    "`place = np.arange(T)`, then `place <= place[:, None]`",
)


@causal_mask.cases
def _(rng):
    yield "five positions", dict(T=5)
    yield "one position", dict(T=1)
    yield "more positions", dict(T=int(rng.integers(6, 30)))


@causal_mask.torch
def _(torch, T):
    return torch.ones(T, T).tril().bool()


@causal_mask.mistake(
    "A position may look at itself: without the diagonal the first one sees nothing at all. s ≤ t, "
    "not s < t."
)
def itself_left_out(T):
    return np.tri(T, k=-1, dtype=bool)


@causal_mask.mistake(
    "Row t says what query t may see, and that is what came before: s ≤ t. Yours looks ahead."
)
def looks_ahead(T):
    return np.tri(T, dtype=bool).T.copy()


@causal_mask.mistake(
    "Here True means that a query may look; you mark what is forbidden. (So does the `attn_mask` of "
    "torch's MultiheadAttention, not that of its scaled_dot_product_attention.)"
)
def marks_what_is_forbidden(T):
    return ~np.tri(T, dtype=bool)


@causal_mask.mistake(
    "The right pattern in numbers; a mask is boolean here, since `~mask` and `np.where` need it."
)
def ones_and_zeros(T):
    return np.tri(T)


@causal_mask.mistake(
    "That is the mask to be added to the scores, 0 and −∞; here a mask is boolean, True where a "
    "query may look."
)
def zeros_and_minus_infinities(T):
    return np.where(np.tri(T, dtype=bool), 0, -np.inf)


@causal_mask.alternative
def by_tri(T):
    return np.tri(T, dtype=bool)


@causal_mask.alternative
def by_tril(T):
    return np.tril(np.ones((T, T), dtype=bool))


@causal_mask.loop
def _(T):
    return np.array([[s <= t for s in range(T)] for t in range(T)])


# -- padding_mask ------------------------------------------------------------------------------

padding_mask = Exercise(reference.padding_mask, points=1, see="def-padding", returns="mask")
padding_mask.hints(
    "A sequence of length 3 fills the places 0, 1 and 2. Which comparison is true for those?",
    "Place t is filled if t < length. Compare a row of places with a column of lengths.",
    "`np.arange(T) < lengths[:, None]`",
)


@padding_mask.cases
def _(rng):
    yield "three lengths", dict(lengths=np.array([2, 5, 3]), T=6)
    yield "an empty sequence and a full one", dict(lengths=np.array([0, 4, 1, 3]), T=4)
    yield "a single sequence", dict(lengths=np.array([int(rng.integers(1, 7))]), T=8)
    yield "random lengths", dict(lengths=rng.integers(1, 9, size=7), T=9)
    yield "lengths of 32 bits", dict(lengths=np.array([1, 2], dtype=np.int32), T=5)


@padding_mask.oracle
def _(lengths, T):
    return np.array([[True] * int(n) + [False] * (T - int(n)) for n in lengths])


@padding_mask.mistake(
    "Places count from 0: a sequence of length 3 fills 0, 1 and 2. Yours lets one place of padding "
    "in: t < length, not t ≤ length."
)
def one_place_too_many(lengths, T):
    return np.arange(T) <= lengths[:, None]


@padding_mask.mistake(
    "Here True means that something stands there; you mark the padding. (So does torch's "
    "`key_padding_mask`.)"
)
def marks_the_padding(lengths, T):
    return np.arange(T) >= lengths[:, None]


@padding_mask.mistake("The sequences are padded at the end, so what is real stands at the front.")
def padded_at_the_front(lengths, T):
    return np.arange(T)[::-1] < lengths[:, None]


@padding_mask.mistake("One row for each sequence: the shape is (N, T), yours is (T, N).")
def one_column_for_each_sequence(lengths, T):
    return np.arange(T)[:, None] < lengths


@padding_mask.mistake(
    "The right pattern in numbers; a mask is boolean here, since `~mask` and `np.where` need it."
)
def ones_and_zeros_for_padding(lengths, T):
    return (np.arange(T) < lengths[:, None]).astype(float)


@padding_mask.mistake(
    "You use the longest length for all of them; each sequence has its own: `lengths[:, None]`."
)
def one_length_for_all(lengths, T):
    return np.tile(np.arange(T) < lengths.max(), (len(lengths), 1))


@padding_mask.alternative
def by_outer_comparison(lengths, T):
    return np.greater.outer(lengths, np.arange(T))


@padding_mask.loop
def _(lengths, T):
    mask = np.zeros((len(lengths), T), dtype=bool)
    for n, length in enumerate(lengths):
        mask[n, :length] = True
    return mask


# -- split_heads and merge_heads ---------------------------------------------------------------

split_heads = Exercise(reference.split_heads, points=1, see="def-heads", returns="X_heads")
split_heads.hints(
    "What are the four sizes of the result? Which of them are neighbours in the features of X?",
    "First give the features two axes, (N, T, heads, d): head 0 has the first d features. Then bring "
    "heads before T.",
    "`X.reshape(N, T, heads, E // heads).swapaxes(1, 2)`",
)


@split_heads.cases
def _(rng):
    yield "two heads of three features", dict(X=normal(rng, 4, 5, 6), heads=2)
    yield "three heads of two features", dict(X=normal(rng, 2, 5, 6), heads=3)
    yield "as many heads as positions", dict(X=normal(rng, 2, 3, 12), heads=3)
    yield "one head", dict(X=normal(rng, 3, 2, 5), heads=1)
    yield "one sequence of one position", dict(X=normal(rng, 1, 1, 8), heads=4)
    yield "a float32 input", dict(X=normal(rng, 3, 4, 10, dtype=np.float32), heads=5)
    yield "a non-contiguous input", dict(X=normal(rng, 8, 5, 3).T, heads=4)


@split_heads.torch
def _(torch, X, heads):
    return torch.stack(X.chunk(heads, dim=-1), dim=1)


@split_heads.mistake(
    "A reshape alone keeps the order of the numbers in memory, so a head would get whole positions "
    "with all their features. Reshape to (N, T, heads, d), then exchange the middle axes."
)
def reshaped_at_once(X, heads):
    N, T, E = X.shape
    return X.reshape(N, heads, T, E // heads).copy()


@split_heads.mistake(
    "The heads stand behind the positions: exchange axes 1 and 2 to get (N, H, T, d)."
)
def heads_behind_the_positions(X, heads):
    N, T, E = X.shape
    return X.reshape(N, T, heads, E // heads).copy()


@split_heads.mistake(
    "Each head gets features that lie `heads` apart. torch's weights are made for neighbours: head 0 "
    "has the first d features, so reshape to (N, T, heads, d), not (N, T, d, heads)."
)
def features_dealt_like_cards(X, heads):
    N, T, E = X.shape
    return np.moveaxis(X.reshape(N, T, E // heads, heads), 3, 1).copy()


@split_heads.mistake(
    "Positions and features have changed places; every head holds a sequence, (T, d), not (d, T)."
)
def features_before_positions(X, heads):
    N, T, E = X.shape
    return X.reshape(N, T, heads, E // heads).transpose(0, 2, 3, 1).copy()


@split_heads.mistake(
    "The heads are mixed into the batch; keep them apart: four axes, (N, H, T, d)."
)
def heads_in_the_batch(X, heads):
    N, T, E = X.shape
    return X.reshape(N, T, heads, E // heads).swapaxes(1, 2).reshape(N * heads, T, E // heads)


@split_heads.alternative
def by_splitting(X, heads):
    return np.stack(np.split(X, heads, axis=-1), axis=1)


@split_heads.loop
def _(X, heads):
    d = X.shape[-1] // heads
    made = np.zeros((X.shape[0], heads, X.shape[1], d), X.dtype)
    for n, h, t, j in np.ndindex(made.shape):
        made[n, h, t, j] = X[n, t, h * d + j]
    return made


merge_heads = Exercise(reference.merge_heads, points=1, see="def-heads", returns="X_merged")
merge_heads.hints(
    "It undoes `split_heads`: which of its two steps must be undone first?",
    "First bring T before the heads again, then make one axis of heads and features.",
    "`X.swapaxes(1, 2).reshape(N, T, H * d)`",
)


@merge_heads.cases
def _(rng):
    yield "two heads of three features", dict(X=normal(rng, 4, 2, 5, 3))
    yield "three heads of two features", dict(X=normal(rng, 2, 3, 5, 2))
    yield "as many heads as positions", dict(X=normal(rng, 2, 3, 3, 4))
    yield "one head", dict(X=normal(rng, 3, 1, 2, 5))
    yield "one sequence of one position", dict(X=normal(rng, 1, 4, 1, 2))
    yield "a float32 input", dict(X=normal(rng, 3, 5, 4, 2, dtype=np.float32))
    yield "a non-contiguous input", dict(X=normal(rng, 2, 5, 4, 3).T)


@merge_heads.torch
def _(torch, X):
    return torch.cat(X.unbind(dim=1), dim=-1)


@merge_heads.mistake(
    "A reshape alone takes the numbers in the order of memory, head by head, and mixes positions. "
    "Bring T before the heads first: `swapaxes(1, 2)`."
)
def heads_merged_at_once(X):
    N, H, T, d = X.shape
    return X.reshape(N, T, H * d).copy()


@merge_heads.mistake(
    "The features of the heads are shuffled into each other; those of one head stay neighbours: "
    "(N, T, H, d) before the last reshape, not (N, T, d, H)."
)
def features_shuffled_together(X):
    N, H, T, d = X.shape
    return X.transpose(0, 2, 3, 1).reshape(N, T, H * d)


@merge_heads.mistake("The heads are added up; they stand side by side, H · d features.")
def heads_added_up(X):
    return X.sum(axis=1)


@merge_heads.mistake(
    "The axes stand right, but heads and features are still two axes; make one of them with a reshape."
)
def still_four_axes(X):
    return X.swapaxes(1, 2).copy()


@merge_heads.mistake(
    "The sequences of the heads stand one behind the other; a position has the features of all heads "
    "side by side, so the result has T positions, not H · T."
)
def heads_one_after_another(X):
    N, H, T, d = X.shape
    return X.reshape(N, H * T, d).copy()


@merge_heads.alternative
def by_concatenation(X):
    return np.concatenate(list(X.swapaxes(0, 1)), axis=-1)


@merge_heads.loop
def _(X):
    N, H, T, d = X.shape
    made = np.zeros((N, T, H * d), X.dtype)
    for n, h, t, j in np.ndindex(X.shape):
        made[n, t, h * d + j] = X[n, h, t, j]
    return made


# -- multi_head_attention ----------------------------------------------------------------------

multi_head_attention = Exercise(
    reference.multi_head_attention, points=3, see="def-multi-head", returns="Y"
)
multi_head_attention.hints(
    "One product with W_qkv makes queries, keys and values for all heads. Which thirds of its features "
    "are which?",
    "Thirds first, then heads: `np.split(X @ W_qkv.T + b_qkv, 3, axis=-1)` gives Q, K, V, and each "
    "goes through `split_heads`. Attention runs in all heads at once.",
    "Merge the heads of the result, then the output layer: `merged @ W_o.T + b_o`.",
)


def attention_layer(rng, N, T, E, heads, mask=None, dtype=float):
    sizes = dict(X=(N, T, E), W_qkv=(3 * E, E), b_qkv=(3 * E,), W_o=(E, E), b_o=(E,))
    made = {name: normal(rng, *size, dtype=dtype) for name, size in sizes.items()}
    return made | dict(heads=heads, mask=mask)


@multi_head_attention.cases
def _(rng):
    yield "two heads", attention_layer(rng, 3, 4, 6, 2)
    yield "three heads, causal", attention_layer(rng, 2, 5, 12, 3, np.tri(5, dtype=bool))
    padding = np.arange(5) < np.array([2, 5, 3])[:, None]
    yield "padded sequences", attention_layer(rng, 3, 5, 8, 4, padding[:, None, None])
    yield "as many positions as features", attention_layer(rng, 2, 4, 4, 2, some_mask(rng, 4, 4))
    yield "one head", attention_layer(rng, 2, 3, 5, 1)
    yield "one sequence of one position", attention_layer(rng, 1, 1, 6, 3)
    yield "float32 inputs", attention_layer(rng, 2, 4, 6, 3, np.tri(4, dtype=bool), np.float32)
    turned = attention_layer(rng, 2, 5, 6, 2)
    turned |= {name: np.asfortranarray(turned[name]) for name in ("X", "W_qkv", "W_o")}
    yield "non-contiguous inputs", turned


def torch_layer(torch, X, W_qkv, b_qkv, W_o, b_o, heads, mask):
    N, T, E = X.shape
    blocked = None
    if mask is not None:  # torch's layer wants True where a query may not look
        blocked = ~mask.expand(N, heads, T, T).reshape(N * heads, T, T)
    return torch.nn.functional.multi_head_attention_forward(
        *[X.transpose(0, 1)] * 3, E, heads, W_qkv, b_qkv, None, None, False, 0.0, W_o, b_o,
        attn_mask=blocked, need_weights=False,
    )[0].transpose(0, 1)  # fmt: skip


multi_head_attention.torch(torch_layer)


def layer(X, W_qkv, b_qkv, W_o, b_o, heads, mask, split=None, merge=None, order="QKV", scale=None):
    """Multi-head attention, with parts to exchange."""
    split, merge = split or by_splitting, merge or by_concatenation
    parts = dict(zip(order, np.split(X @ W_qkv.T + b_qkv, 3, axis=-1), strict=True))
    Q, K, V = (split(parts[name], heads) for name in "QKV")
    S = scores(Q * (scale or 1), K, mask)
    return merge(safe_softmax(S) @ V) @ W_o.T + b_o


@multi_head_attention.mistake(
    "Every head has d = E / heads features of its own, so its scores are divided by √d; you divide by "
    "√E."
)
def divided_by_the_root_of_all_features(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer(X, W_qkv, b_qkv, W_o, b_o, heads, mask, scale=heads**-0.5)


@multi_head_attention.mistake(
    "The rows of W_qkv make the queries first, then the keys, then the values; you take the first "
    "third for the keys."
)
def keys_taken_first(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer(X, W_qkv, b_qkv, W_o, b_o, heads, mask, order="KQV")


@multi_head_attention.mistake(
    "You split into heads first and into queries, keys and values then. In torch's weights all "
    "queries come first, of all heads: thirds first, then heads."
)
def heads_before_thirds(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    Q, K, V = np.split(by_splitting(X @ W_qkv.T + b_qkv, heads), 3, axis=-1)
    return by_concatenation(safe_softmax(scores(Q, K, mask)) @ V) @ W_o.T + b_o


@multi_head_attention.mistake(
    "The output layer is missing: the heads' features stand side by side and have not met yet. "
    "Multiply by W_oᵀ and add b_o."
)
def output_layer_forgotten(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer(
        X, W_qkv, b_qkv, np.eye(len(W_o), dtype=W_o.dtype), np.zeros_like(b_o), heads, mask
    )


@multi_head_attention.mistake(
    "Weights are stored (out, in), so rows are multiplied by their transpose: `merged @ W_o.T + b_o`."
)
def output_weights_not_transposed(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer(X, W_qkv, b_qkv, W_o.T, b_o, heads, mask)


@multi_head_attention.mistake(
    "A single head looks with all features. Split queries, keys and values into `heads` heads, each "
    "with weights of its own."
)
def one_head_for_all(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    mask = None if mask is None else np.broadcast_to(mask, (*(1,) * (4 - mask.ndim), *mask.shape))
    return layer(X, W_qkv, b_qkv, W_o, b_o, 1, mask)


@multi_head_attention.mistake(
    "A reshape alone does not merge heads: it takes the numbers head by head and mixes positions. "
    "Bring T before the heads first, as `merge_heads` does."
)
def heads_put_together_wrongly(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    def merge(O):
        return O.reshape(len(O), O.shape[2], -1)

    return layer(X, W_qkv, b_qkv, W_o, b_o, heads, mask, merge=merge)


@multi_head_attention.mistake(
    "The mask is not handed on to the attention: every position sees every other."
)
def mask_not_handed_on(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer(X, W_qkv, b_qkv, W_o, b_o, heads, None)


@multi_head_attention.mistake("The biases are missing, b_qkv as well as b_o.")
def biases_forgotten(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer(X, W_qkv, 0 * b_qkv, W_o, 0 * b_o, heads, mask)


@multi_head_attention.alternative
def with_three_matrices(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    matrices = zip(np.split(W_qkv, 3), np.split(b_qkv, 3), strict=True)
    Q, K, V = (by_splitting(X @ W.T + b, heads) for W, b in matrices)
    return by_concatenation(safe_softmax(scores(Q, K, mask)) @ V) @ W_o.T + b_o


@multi_head_attention.loop
def _(X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    N, T, E = X.shape
    d = E // heads
    seen = np.broadcast_to(True if mask is None else mask, (N, heads, T, T))
    Y = np.zeros_like(X) + b_o
    for n in range(N):
        for h in range(heads):
            Q, K, V = (
                X[n] @ W_qkv[at : at + d].T + b_qkv[at : at + d]
                for at in (h * d, E + h * d, 2 * E + h * d)
            )
            A = safe_softmax(scores(Q, K, seen[n, h]))
            Y[n] += A @ V @ W_o[:, h * d : (h + 1) * d].T
    return Y


@multi_head_attention.benchmark
def _(rng):
    return attention_layer(rng, 8, 128, 128, 4, np.tri(128, dtype=bool))


# -- multi_head_attention_backward -------------------------------------------------------------

multi_head_attention_backward = Exercise(
    reference.multi_head_attention_backward,
    points=4,
    see="eq-multi-head-backward",
    returns="dX, dW_qkv, db_qkv, dW_o, db_o",
)
multi_head_attention_backward.hints(
    "Run the forward pass again and keep Q, K, V and the merged heads. Which function undoes which on "
    "the way back?",
    "`linear_backward` for the output layer, `split_heads` where forward merged, the four lines of "
    "attention's backward, `merge_heads` where forward split, `linear_backward` again. It wants matrices: lay all positions of all sequences under each other with a reshape.",
    "The three gradients of the heads stand side by side in the order Q, K, V: "
    "`dZ = np.concatenate([merge_heads(g) for g in (dQ, dK, dV)], axis=-1)`.",
)


def attention_layer_back(rng, N, T, E, heads, mask=None, dtype=float):
    return dict(dY=normal(rng, N, T, E, dtype=dtype)) | attention_layer(
        rng, N, T, E, heads, mask, dtype
    )


@multi_head_attention_backward.cases
def _(rng):
    yield "two heads", attention_layer_back(rng, 3, 4, 6, 2)
    yield "three heads, causal", attention_layer_back(rng, 2, 5, 12, 3, np.tri(5, dtype=bool))
    padding = np.arange(5) < np.array([2, 5, 3])[:, None]
    yield "padded sequences", attention_layer_back(rng, 3, 5, 8, 4, padding[:, None, None])
    yield "one head", attention_layer_back(rng, 2, 3, 5, 1)
    yield "one sequence of one position", attention_layer_back(rng, 1, 1, 6, 3)
    causal = np.tri(4, dtype=bool)
    yield "float32 inputs", attention_layer_back(rng, 2, 4, 6, 3, causal, np.float32)
    turned = attention_layer_back(rng, 2, 5, 6, 2)
    turned |= {name: np.asfortranarray(turned[name]) for name in ("dY", "X", "W_qkv", "W_o")}
    yield "non-contiguous inputs", turned


multi_head_attention_backward.gradient("X", "W_qkv", "b_qkv", "W_o", "b_o")(torch_layer)


def layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask, W_back=None, order=(0, 1, 2), scale=1):
    """The backward pass of multi-head attention, with parts to exchange."""
    Q, K, V = (by_splitting(p, heads) for p in np.split(X @ W_qkv.T + b_qkv, 3, axis=-1))
    merged = by_concatenation(safe_softmax(scores(Q, K, mask)) @ V)
    _, dW_o, db_o = linear_backward(flat(dY), flat(merged), W_o)
    dO = by_splitting(dY @ (W_o if W_back is None else W_back), heads)
    dQ, dK, dV = by_the_sum_over_weights(dO, Q, K, V, mask)
    found = [by_concatenation(g) for g in (dQ * scale, dK * scale, dV)]
    dZ = np.concatenate([found[i] for i in order], axis=-1)
    dX, dW_qkv, db_qkv = linear_backward(flat(dZ), flat(X), W_qkv)
    return dX.reshape(X.shape), dW_qkv, db_qkv, dW_o, db_o


@multi_head_attention_backward.mistake(
    "Forward multiplied by W_oᵀ, so the way back multiplies by W_o: `dY @ W_o`."
)
def back_over_the_transpose(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask, W_back=W_o.T)


@multi_head_attention_backward.mistake(
    "The gradients of queries, keys and values must stand in the order of the thirds, Q, K, V; else "
    "each meets another's rows of W_qkv."
)
def thirds_in_another_order(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask, order=(2, 0, 1))


@multi_head_attention_backward.mistake(
    "The gradients of weights and biases are sums over all positions of all sequences, no means: if "
    "the loss is a mean, its 1/N is in dY."
)
def averaged_over_the_sequences(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    dX, *others = layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask)
    return dX, *(one / len(X) for one in others)


@multi_head_attention_backward.mistake(
    "X goes into the queries, the keys and the values, and receives a gradient from all three; yours "
    "comes from the values alone, as if the weights were constants."
)
def only_by_way_of_the_values(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask, scale=0)


@multi_head_attention_backward.mistake(
    "The mask of the forward pass is missing in the weights of the backward pass."
)
def mask_missing_on_the_way_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, None)


@multi_head_attention_backward.mistake(
    "The slope of a head's scores holds 1/√d with d = E / heads, as on the way there; yours holds "
    "1/√E."
)
def slope_with_the_root_of_all_features(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask, scale=heads**-0.5)


@multi_head_attention_backward.mistake(
    "W_o has shape (out, in), and so has its gradient: dYᵀ times the merged heads; yours is its "
    "transpose."
)
def dW_o_transposed(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    dX, dW_qkv, db_qkv, dW_o, db_o = layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask)
    return dX, dW_qkv, db_qkv, dW_o.T.copy(), db_o


@multi_head_attention_backward.alternative
def with_the_parts_written_out(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    return layer_back(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask)


@multi_head_attention_backward.loop
def _(dY, X, W_qkv, b_qkv, W_o, b_o, heads, mask=None):
    N, T, E = X.shape
    d = E // heads
    seen = np.broadcast_to(True if mask is None else mask, (N, heads, T, T))
    dX, dW_qkv, dW_o = np.zeros_like(X), np.zeros_like(W_qkv), np.zeros_like(W_o)
    db_qkv, db_o = np.zeros_like(b_qkv), np.zeros_like(b_o)
    for n in range(N):
        db_o += dY[n].sum(axis=0)
        for h in range(heads):
            own = [slice(part * E + h * d, part * E + (h + 1) * d) for part in range(3)]
            Q, K, V = (X[n] @ W_qkv[at].T + b_qkv[at] for at in own)
            O = safe_softmax(scores(Q, K, seen[n, h])) @ V
            dW_o[:, own[0]] += dY[n].T @ O
            dO = dY[n] @ W_o[:, own[0]]
            for at, g in zip(own, by_the_sum_over_weights(dO, Q, K, V, seen[n, h]), strict=True):
                dW_qkv[at] += g.T @ X[n]
                db_qkv[at] += g.sum(axis=0)
                dX[n] += g @ W_qkv[at]
    return dX, dW_qkv, db_qkv, dW_o, db_o


@multi_head_attention_backward.benchmark
def _(rng):
    return attention_layer_back(rng, 8, 128, 128, 4, np.tri(128, dtype=bool))


# -- sinusoidal_positions ----------------------------------------------------------------------

sinusoidal_positions = Exercise(
    reference.sinusoidal_positions, points=2, see="def-sinusoids", returns="P"
)
sinusoidal_positions.hints(
    "There are d / 2 frequencies. Each of them needs two columns, side by side: which?",
    "ω_i = 10000^(−2i/d) for i = 0 … d/2 − 1. The angles t ω_i are a table of T rows and d / 2 columns.",
    "`angle = np.arange(T)[:, None] * omega`; stack sine and cosine on a new last axis and reshape to "
    "(T, d), so that they alternate.",
)


@sinusoidal_positions.cases
def _(rng):
    yield "six features", dict(T=5, d=6)
    yield "two features", dict(T=4, d=2)
    yield "more features than positions", dict(T=3, d=16)
    yield "a single position", dict(T=1, d=4)
    yield "many positions", dict(T=int(rng.integers(50, 90)), d=8)


@sinusoidal_positions.oracle
def _(T, d):
    P = np.zeros((T, d))
    for t in range(T):
        for j in range(d):
            angle = t / math.pow(10000, (j - j % 2) / d)
            P[t, j] = math.cos(angle) if j % 2 else math.sin(angle)
    return P


def wave_table(T, d, omega, start=0):
    angle = np.arange(start, start + T)[:, None] * omega
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(T, d)


@sinusoidal_positions.mistake(
    "All sines come first and then all cosines. Sine and cosine of one frequency stand side by side, "
    "in columns 2i and 2i + 1."
)
def sines_first_then_cosines(T, d):
    angle = np.arange(T)[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)


@sinusoidal_positions.mistake(
    "The exponent is −2i/d for pair i, so that the slowest wave has nearly 10000 times the length of "
    "the fastest; with −i/d you reach only 100 times."
)
def half_the_exponent(T, d):
    return wave_table(T, d, 10000.0 ** (-np.arange(d // 2) / d))


@sinusoidal_positions.mistake(
    "Every column has a frequency of its own. A sine and its cosine must share one, else a shift is no "
    "rotation: both columns 2i and 2i + 1 have ω_i."
)
def a_frequency_for_each_column(T, d):
    j = np.arange(d)
    angle = np.arange(T)[:, None] * 10000.0 ** (-j / d)
    return np.where(j % 2 == 0, np.sin(angle), np.cos(angle))


@sinusoidal_positions.mistake("Positions count from 0: the first row is 0, 1, 0, 1 and so on.")
def counted_from_one(T, d):
    return wave_table(T, d, 10000.0 ** (-np.arange(0, d, 2) / d), start=1)


@sinusoidal_positions.mistake(
    "Sine and cosine have changed places: the sine stands in column 2i, the cosine in 2i + 1."
)
def cosine_before_sine(T, d):
    P = wave_table(T, d, 10000.0 ** (-np.arange(0, d, 2) / d))
    return P.reshape(T, -1, 2)[..., ::-1].reshape(T, d)


@sinusoidal_positions.mistake(
    "The frequencies fall with i: the exponent is negative. Yours grow up to 10000, where neighbouring "
    "positions have nothing to do with each other."
)
def frequencies_that_grow(T, d):
    return wave_table(T, d, 10000.0 ** (np.arange(0, d, 2) / d))


@sinusoidal_positions.alternative
def filled_by_columns(T, d):
    angle = np.outer(np.arange(T), np.exp(-math.log(10000) * np.arange(0, d, 2) / d))
    P = np.zeros((T, d))
    P[:, 0::2], P[:, 1::2] = np.sin(angle), np.cos(angle)
    return P


@sinusoidal_positions.alternative
def by_complex_numbers(T, d):
    turned = np.exp(1j * np.outer(np.arange(T), 10000.0 ** (-np.arange(0, d, 2) / d)))
    return np.stack([turned.imag, turned.real], axis=-1).reshape(T, d)


# -- feed_forward ------------------------------------------------------------------------------

feed_forward = Exercise(reference.feed_forward, points=1, see="def-feed-forward", returns="Y")
feed_forward.hints(
    "Two linear layers. What stands between them, and what after the second?",
    "A ReLU between them, nothing after the second. Weights are stored (out, in).",
    "`relu(X @ W1.T + b1) @ W2.T + b2`",
)


def network(rng, lead, E, F, dtype=float):
    sizes = dict(X=(*lead, E), W1=(F, E), b1=(F,), W2=(E, F), b2=(E,))
    return {name: normal(rng, *size, dtype=dtype) for name, size in sizes.items()}


@feed_forward.cases
def _(rng):
    yield "sequences", network(rng, (3, 4), 2, 5)
    yield "as many hidden units as features", network(rng, (2, 3), 4, 4)
    yield "a single vector", network(rng, (), 3, 6)
    off = network(rng, (4,), 3, 5)
    yield "a hidden layer that is off", off | dict(b1=off["b1"] - 100)
    yield "float32 inputs", network(rng, (2, 3), 5, 4, np.float32)
    turned = network(rng, (4, 5), 3, 6)
    yield "non-contiguous inputs", {name: np.asfortranarray(one) for name, one in turned.items()}


@feed_forward.torch
def _(torch, X, W1, b1, W2, b2):
    linear = torch.nn.functional.linear
    return linear(torch.relu(linear(X, W1, b1)), W2, b2)


@feed_forward.mistake(
    "Without the ReLU two linear layers are one: the network could be a single matrix."
)
def without_the_bend(X, W1, b1, W2, b2):
    return (X @ W1.T + b1) @ W2.T + b2


@feed_forward.mistake(
    "A ReLU stands after the second layer, too. What is added to the stream may be negative: only the "
    "hidden layer bends."
)
def a_second_bend(X, W1, b1, W2, b2):
    return np.maximum(np.maximum(X @ W1.T + b1, 0) @ W2.T + b2, 0)


@feed_forward.mistake("The biases are missing, b1 inside the ReLU and b2 at the end.")
def both_biases_forgotten(X, W1, b1, W2, b2):
    return np.maximum(X @ W1.T, 0) @ W2.T


@feed_forward.mistake(
    "b1 is added after the ReLU; it belongs inside, where it decides at which score a unit wakes up."
)
def bias_after_the_bend(X, W1, b1, W2, b2):
    return (np.maximum(X @ W1.T, 0) + b1) @ W2.T + b2


@feed_forward.mistake(
    "That adds X already; the network is asked for alone, and the block adds its input."
)
def input_already_added(X, W1, b1, W2, b2):
    return X + np.maximum(X @ W1.T + b1, 0) @ W2.T + b2


@feed_forward.alternative
def by_a_mask(X, W1, b1, W2, b2):
    Z = X @ W1.T + b1
    return (Z * (Z > 0)) @ W2.T + b2


@feed_forward.loop
def _(X, W1, b1, W2, b2):
    Y = np.zeros_like(X)
    for place in np.ndindex(X.shape[:-1]):
        hidden = [max(w @ X[place] + b, 0) for w, b in zip(W1, b1, strict=True)]
        for j in range(len(W2)):
            Y[(*place, j)] = sum(w * h for w, h in zip(W2[j], hidden, strict=True)) + b2[j]
    return Y


# -- feed_forward_backward ---------------------------------------------------------------------

feed_forward_backward = Exercise(
    reference.feed_forward_backward,
    points=2,
    see="def-feed-forward",
    returns="dX, dW1, db1, dW2, db2",
)
feed_forward_backward.hints(
    "Linear, ReLU, linear. Which of your functions goes back through each?",
    "`linear_backward(dY, A, W2)`, then `relu_backward(dA, Z)`, then `linear_backward(dZ, X, W1)`, "
    "with Z and A = relu(Z) computed again.",
    "`linear_backward` wants matrices: lay all positions under each other, "
    "`rows = X.reshape(-1, X.shape[-1])`, and give dX the shape of X at the end.",
)


def network_back(rng, lead, E, F, dtype=float):
    return dict(dY=normal(rng, *lead, E, dtype=dtype)) | network(rng, lead, E, F, dtype)


@feed_forward_backward.cases
def _(rng):
    yield "sequences", network_back(rng, (3, 4), 2, 5)
    yield "as many hidden units as features", network_back(rng, (2, 3), 4, 4)
    yield "a single row", network_back(rng, (1,), 3, 6)
    off = network_back(rng, (5,), 3, 4)
    off["b1"][1] = -100
    yield "a unit that is off", off
    yield "float32 inputs", network_back(rng, (2, 3), 5, 4, np.float32)
    turned = network_back(rng, (4, 5), 3, 6)
    yield "non-contiguous inputs", {name: np.asfortranarray(one) for name, one in turned.items()}


@feed_forward_backward.gradient("X", "W1", "b1", "W2", "b2")
def _(torch, X, W1, b1, W2, b2):
    linear = torch.nn.functional.linear
    return linear(torch.relu(linear(X, W1, b1)), W2, b2)


def network_gradients(dY, X, W1, b1, W2, slope=lambda Z: Z > 0):
    """The backward pass, with parts to exchange."""
    Z = flat(X) @ W1.T + b1
    dA, dW2, db2 = linear_backward(flat(dY), np.maximum(Z, 0), W2)
    dX, dW1, db1 = linear_backward(dA * slope(Z), flat(X), W1)
    return dX.reshape(X.shape), dW1, db1, dW2, db2


@feed_forward_backward.mistake(
    "The ReLU is skipped on the way back: where its input was negative, nothing goes through."
)
def bend_skipped_on_the_way_back(dY, X, W1, b1, W2, b2):
    return network_gradients(dY, X, W1, b1, W2, slope=np.ones_like)


@feed_forward_backward.mistake(
    "You multiply by relu(Z), the value; the slope is asked for, 1 where Z > 0 and 0 elsewhere."
)
def value_instead_of_slope(dY, X, W1, b1, W2, b2):
    return network_gradients(dY, X, W1, b1, W2, slope=lambda Z: np.maximum(Z, 0))


@feed_forward_backward.mistake(
    "dW2 pairs dY with the input of the second layer, and that is relu(Z), not Z."
)
def dW2_from_before_the_bend(dY, X, W1, b1, W2, b2):
    dX, dW1, db1, _, db2 = network_gradients(dY, X, W1, b1, W2)
    Z = (X @ W1.T + b1).reshape(-1, len(W1))
    return dX, dW1, db1, dY.reshape(-1, dY.shape[-1]).T @ Z, db2


@feed_forward_backward.mistake(
    "Gradients of weights and biases are sums over all positions, no means: if the loss is a mean, "
    "its 1/N is in dY."
)
def averaged_over_positions(dY, X, W1, b1, W2, b2):
    dX, *others = network_gradients(dY, X, W1, b1, W2)
    return dX, *(one / (X.size // X.shape[-1]) for one in others)


@feed_forward_backward.mistake(
    "Two linear layers, two gradients of weights: yours are transposed. W has shape (out, in), and so "
    "has its gradient."
)
def weight_gradients_transposed(dY, X, W1, b1, W2, b2):
    dX, dW1, db1, dW2, db2 = network_gradients(dY, X, W1, b1, W2)
    return dX, dW1.T.copy(), db1, dW2.T.copy(), db2


@feed_forward_backward.alternative
def with_the_slope_as_a_mask(dY, X, W1, b1, W2, b2):
    return network_gradients(dY, X, W1, b1, W2)


@feed_forward_backward.loop
def _(dY, X, W1, b1, W2, b2):
    dX, dW1, db1, dW2, db2 = (np.zeros(one.shape, one.dtype) for one in (X, W1, b1, W2, b2))
    for place in np.ndindex(X.shape[:-1]):
        Z = W1 @ X[place] + b1
        dZ = (W2.T @ dY[place]) * (Z > 0)
        dW2 += np.outer(dY[place], np.maximum(Z, 0))
        db2 += dY[place]
        dW1 += np.outer(dZ, X[place])
        db1 += dZ
        dX[place] = W1.T @ dZ
    return dX, dW1, db1, dW2, db2


# -- transformer_block -------------------------------------------------------------------------

transformer_block = Exercise(reference.transformer_block, points=3, see="def-block", returns="Y")
transformer_block.hints(
    "Two parts, and each is added to its input. Where does the norm stand in each of the two orders?",
    "Pre-norm: X1 = X + attention(norm1(X)), Y = X1 + network(norm2(X1)). Post-norm: "
    "X1 = norm1(X + attention(X)), Y = norm2(X1 + network(X1)).",
    "The attention takes `self_attn.in_proj_weight`, `self_attn.in_proj_bias`, "
    "`self_attn.out_proj.weight`, `self_attn.out_proj.bias`; the network `linear1.*` and `linear2.*`; "
    "the norms `norm1.*` and `norm2.*` with eps = 1e-5.",
)


def block(rng, N, T, E, F, heads, mask=None, norm_first=False, dtype=float):
    sizes = {
        "self_attn.in_proj_weight": (3 * E, E),
        "self_attn.in_proj_bias": (3 * E,),
        "self_attn.out_proj.weight": (E, E),
        "self_attn.out_proj.bias": (E,),
        "linear1.weight": (F, E),
        "linear1.bias": (F,),
        "linear2.weight": (E, F),
        "linear2.bias": (E,),
        "norm1.weight": (E,),
        "norm1.bias": (E,),
        "norm2.weight": (E,),
        "norm2.bias": (E,),
    }
    params = {name: normal(rng, *size, dtype=dtype) / 2 for name, size in sizes.items()}
    X = normal(rng, N, T, E, dtype=dtype)
    return dict(X=X, params=params, heads=heads, mask=mask, norm_first=norm_first)


def blocks(rng, more=None):
    """The cases of the block; `more` adds an upstream gradient."""
    causal = np.tri(5, dtype=bool)
    padding = np.arange(4) < np.array([2, 4, 3])[:, None]
    made = {
        "post-norm": block(rng, 2, 3, 4, 5, 2),
        "pre-norm": block(rng, 2, 4, 6, 5, 3, norm_first=True),
        "pre-norm, causal": block(rng, 3, 5, 4, 7, 2, causal, True),
        "post-norm, padded": block(rng, 3, 4, 6, 5, 2, padding[:, None, None]),
        "one sequence of one position": block(rng, 1, 1, 4, 3, 1, norm_first=True),
        "float32 inputs, post-norm": block(rng, 2, 5, 8, 3, 2, causal, False, np.float32),
        "float32 inputs, pre-norm": block(rng, 2, 5, 10, 3, 2, causal, True, np.float32),
    }
    shuffled = block(rng, 2, 3, 4, 6, 2, norm_first=True)
    shuffled["params"] = dict(sorted(shuffled["params"].items()))
    made["parameters in another order"] = shuffled
    for label, inputs in made.items():
        yield label, (more(inputs) if more else inputs)


@transformer_block.cases
def _(rng):
    yield from blocks(rng)


def torch_block(torch, X, params, heads, mask, norm_first):
    F = len(params["linear1.bias"])
    made = torch.nn.TransformerEncoderLayer(
        X.shape[-1], heads, F, dropout=0.0, batch_first=True, norm_first=norm_first, dtype=X.dtype
    )
    blocked = None
    if mask is not None:  # torch's layer wants True where a query may not look
        N, T, _ = X.shape
        blocked = ~mask.expand(N, heads, T, T).reshape(N * heads, T, T)
    return torch.func.functional_call(made, params, (X, blocked))


transformer_block.torch(torch_block)


Four = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def matrices_of(params: dict[str, np.ndarray]) -> tuple[Four, Four]:
    """The parameters of the attention and of the network, in the order of their functions."""
    names = [f"self_attn.{name}" for name in ("in_proj_weight", "in_proj_bias")]
    names += [f"self_attn.out_proj.{name}" for name in ("weight", "bias")]
    names += [f"linear{i}.{name}" for i in (1, 2) for name in ("weight", "bias")]
    W_qkv, b_qkv, W_o, b_o, W1, b1, W2, b2 = (params[name] for name in names)
    return (W_qkv, b_qkv, W_o, b_o), (W1, b1, W2, b2)


def parts_of(params, heads, mask):
    """The two layers and the two norms of a block, as functions of their input."""
    p = params
    attn, feed = matrices_of(params)

    def norm(i, eps=1e-5):
        return lambda X: layer_norm(X, p[f"norm{i}.weight"], p[f"norm{i}.bias"], eps)

    return (
        lambda X: layer(X, *attn, heads, mask),
        lambda X: reference.feed_forward(X, *feed),
        norm,
    )


@transformer_block.mistake(
    "The two orders are exchanged: with `norm_first` the norm stands before attention and network, "
    "without it after each sum."
)
def orders_exchanged(X, params, heads, mask=None, norm_first=False):
    return with_parts_as_functions(X, params, heads, mask, not norm_first)


@transformer_block.mistake(
    "`norm_first` is not looked at; this is always the order of the first paper, post-norm."
)
def always_post_norm(X, params, heads, mask=None, norm_first=False):
    return with_parts_as_functions(X, params, heads, mask, False)


@transformer_block.mistake(
    "Nothing is added to its input: attention and network should each correct the stream, X + …, not "
    "replace it."
)
def residuals_forgotten(X, params, heads, mask=None, norm_first=False):
    attend, feed, norm = parts_of(params, heads, mask)
    if norm_first:
        return feed(norm(2)(attend(norm(1)(X))))
    return norm(2)(feed(norm(1)(attend(X))))


@transformer_block.mistake(
    "The network's output is added to the block's input X, which leaves out what attention has found; "
    "add it to X₁."
)
def second_sum_from_the_input(X, params, heads, mask=None, norm_first=False):
    attend, feed, norm = parts_of(params, heads, mask)
    if norm_first:
        return X + feed(norm(2)(X + attend(norm(1)(X))))
    return norm(2)(X + feed(norm(1)(X + attend(X))))


@transformer_block.mistake(
    "The first norm serves twice; the second has a scale and a shift of its own, `norm2`."
)
def one_norm_for_both(X, params, heads, mask=None, norm_first=False):
    attend, feed, norm = parts_of(params, heads, mask)
    if norm_first:
        X = X + attend(norm(1)(X))
        return X + feed(norm(1)(X))
    X = norm(1)(X + attend(X))
    return norm(1)(X + feed(X))


@transformer_block.mistake(
    "The norms are missing: layer norm keeps the numbers of every position at one scale, however many "
    "blocks add to the stream."
)
def norms_forgotten(X, params, heads, mask=None, norm_first=False):
    attend, feed, _ = parts_of(params, heads, mask)
    X = X + attend(X)
    return X + feed(X)


@transformer_block.mistake(
    "The mask is not handed on to the attention: every position sees every other."
)
def block_without_its_mask(X, params, heads, mask=None, norm_first=False):
    return with_parts_as_functions(X, params, heads, None, norm_first)


@transformer_block.alternative
def with_parts_as_functions(X, params, heads, mask=None, norm_first=False):
    attend, feed, norm = parts_of(params, heads, mask)
    if norm_first:
        X = X + attend(norm(1)(X))
        return X + feed(norm(2)(X))
    X = norm(1)(X + attend(X))
    return norm(2)(X + feed(X))


@transformer_block.alternative
def one_norm_before_and_one_after(X, params, heads, mask=None, norm_first=False):
    attend, feed, norm = parts_of(params, heads, mask)

    def nothing(i):
        return lambda X: X

    before, after = (norm, nothing) if norm_first else (nothing, norm)
    for i, part in ((1, attend), (2, feed)):
        X = after(i)(X + part(before(i)(X)))
    return X


# -- transformer_block_backward ----------------------------------------------------------------

transformer_block_backward = Exercise(
    reference.transformer_block_backward, points=4, see="eq-block-backward", returns="dX, dparams"
)
transformer_block_backward.hints(
    "In a sum X + f(X) the gradient goes two ways. Which, and what happens where they meet again?",
    "Pre-norm, from the top: through network and norm 2, plus dY itself, is dX1; then through "
    "attention and norm 1, plus dX1 itself, is dX. Post-norm begins with the backward of norm 2, and "
    "what comes out of it goes both ways.",
    "`dX1_hat, *dfeed = feed_forward_backward(dY, layer_norm(X1, …), …)`, then "
    "`dX1, *dnorm2 = layer_norm_backward(dX1_hat, X1, gamma2, 1e-5)`, then `dX1 = dX1 + dY`, and so on. "
    "Each backward wants the inputs of its own forward.",
)


@transformer_block_backward.cases
def _(rng):
    def with_upstream(inputs):
        X = inputs["X"]
        return dict(dY=normal(rng, *X.shape, dtype=X.dtype)) | inputs

    yield from blocks(rng, with_upstream)


@transformer_block_backward.oracle
def _(dY, X, params, heads, mask, norm_first):
    import torch

    dY, X, params, mask = as_tensors(torch, [dY, X, params, mask])
    names = list(params)
    leaves = [leaf.requires_grad_() for leaf in (X, *params.values())]
    Y = torch_block(torch, X, params, heads, mask, norm_first)
    dX, *others = torch.autograd.grad(Y, leaves, dY)
    return dX.numpy(), {name: g.numpy() for name, g in zip(names, others, strict=True)}


def block_gradients(dY, X, params, heads, mask, norm_first, past=(1, 1), seen=True):
    """The backward pass of a block; `past` multiplies what goes past attention and network."""
    p = params
    attn, feed = matrices_of(params)
    norm = {i: (p[f"norm{i}.weight"], p[f"norm{i}.bias"], 1e-5) for i in (1, 2)}
    there, back = mask, mask if seen else None
    dnorm = {}

    def norm_back(dY, X, i):
        dX, *dnorm[i] = layer_norm_backward(dY, X, norm[i][0], 1e-5)
        return dX

    if norm_first:
        X_hat = layer_norm(X, *norm[1])
        X1 = X + layer(X_hat, *attn, heads, there)
        dX1, *dfeed = network_gradients(dY, layer_norm(X1, *norm[2]), *feed[:3])
        dX1 = norm_back(dX1, X1, 2) + past[1] * dY
        dX, *dattn = layer_back(dX1, X_hat, *attn, heads, back)
        dX = norm_back(dX, X, 1) + past[0] * dX1
    else:
        S1 = X + layer(X, *attn, heads, there)
        X1 = layer_norm(S1, *norm[1])
        dS2 = norm_back(dY, X1 + reference.feed_forward(X1, *feed), 2)
        dX1, *dfeed = network_gradients(dS2, X1, *feed[:3])
        dS1 = norm_back(dX1 + past[1] * dS2, S1, 1)
        dX, *dattn = layer_back(dS1, X, *attn, heads, back)
        dX = dX + past[0] * dS1
    names = [f"self_attn.{name}" for name in ("in_proj_weight", "in_proj_bias")]
    names += [f"self_attn.out_proj.{name}" for name in ("weight", "bias")]
    names += [f"{part}{i}.{name}" for part in ("linear", "norm") for i in (1, 2)
              for name in ("weight", "bias")]  # fmt: skip
    return dX, dict(zip(names, [*dattn, *dfeed, *dnorm[1], *dnorm[2]], strict=True))


@transformer_block_backward.mistake(
    "The gradient that goes past the attention is missing: X₁ = X + …, so dX holds the gradient of the "
    "sum unchanged, besides what comes back through the attention."
)
def way_past_the_attention_forgotten(dY, X, params, heads, mask=None, norm_first=False):
    return block_gradients(dY, X, params, heads, mask, norm_first, past=(0, 1))


@transformer_block_backward.mistake(
    "The gradient that goes past the network is missing: Y = X₁ + …, so dX₁ holds the gradient of the "
    "sum unchanged, besides what comes back through the network."
)
def way_past_the_network_forgotten(dY, X, params, heads, mask=None, norm_first=False):
    return block_gradients(dY, X, params, heads, mask, norm_first, past=(1, 0))


@transformer_block_backward.mistake(
    "The mask of the forward pass is missing in the attention on the way back."
)
def block_backward_without_its_mask(dY, X, params, heads, mask=None, norm_first=False):
    return block_gradients(dY, X, params, heads, mask, norm_first, seen=False)


@transformer_block_backward.mistake(
    "The two orders are exchanged: with `norm_first` the norm stands before attention and network, "
    "and the way back ends with its backward pass."
)
def orders_exchanged_on_the_way_back(dY, X, params, heads, mask=None, norm_first=False):
    return block_gradients(dY, X, params, heads, mask, not norm_first)


@transformer_block_backward.mistake(
    "The gradients of the two norms are exchanged: norm 2 comes last on the way there, so it is met "
    "first on the way back."
)
def norms_exchanged(dY, X, params, heads, mask=None, norm_first=False):
    dX, found = block_gradients(dY, X, params, heads, mask, norm_first)
    turned = {
        name.replace("norm1", "norm3").replace("norm2", "norm1"): g for name, g in found.items()
    }
    return dX, {name.replace("norm3", "norm2"): g for name, g in turned.items()}


@transformer_block_backward.alternative
def from_the_top(dY, X, params, heads, mask=None, norm_first=False):
    return block_gradients(dY, X, params, heads, mask, norm_first)


@transformer_block_backward.alternative
def with_the_keys_of_params(dY, X, params, heads, mask=None, norm_first=False):
    dX, found = block_gradients(dY, X, params, heads, mask, norm_first)
    return dX, {name: found[name] for name in params}


# -- cached_attention_step ---------------------------------------------------------------------

cached_attention_step = Exercise(
    reference.cached_attention_step, points=2, see="eq-cached", returns="o, cache"
)
cached_attention_step.hints(
    "Which rows of K and V does the last row of causal attention need? Which of them are in the cache?",
    "All of them: those of the cache and the new one. Append first, then attend, since a position may "
    "look at itself.",
    "`np.concatenate([cache[0], k], axis=-2)` for the keys, the same for the values, and "
    "`scaled_dot_product_attention(q, K, V)`. Return the longer pair, too.",
)


def one_step(rng, lead, t, d, d_v, dtype=float):
    def one(length, size):
        return normal(rng, *lead, length, size, dtype=dtype)

    return dict(q=one(1, d), k=one(1, d), v=one(1, d_v), cache=(one(t, d), one(t, d_v)))


@cached_attention_step.cases
def _(rng):
    yield "four positions before", one_step(rng, (2, 3), 4, 5, 6)
    yield "the first position", one_step(rng, (2,), 0, 3, 4)
    yield "as many positions as features", one_step(rng, (2,), 3, 3, 3)
    yield "one sequence, one head", one_step(rng, (), 5, 2, 3)
    loud = one_step(rng, (2,), 4, 3, 2)
    yield "scores of ±1000", loud | dict(q=loud["q"] * 1000)
    yield "float32 inputs", one_step(rng, (3, 2), 4, 2, 5, np.float32)


@cached_attention_step.torch
def _(torch, q, k, v, cache):
    K, V = torch.cat([cache[0], k], dim=-2), torch.cat([cache[1], v], dim=-2)
    T = K.shape[-2]
    Q = q.expand(*K.shape)  # the last row of full causal attention
    seen = torch.ones(T, T).tril().bool()
    O = torch.nn.functional.scaled_dot_product_attention(Q, K, V, attn_mask=seen)
    return O[..., -1:, :], (K, V)


@cached_attention_step.mistake(
    "You attend to the cache as it was; a position may look at itself, too, so append k and v first."
)
def itself_not_seen(q, k, v, cache):
    longer = tuple(np.concatenate(pair, axis=-2) for pair in zip(cache, (k, v), strict=True))
    return reference.scaled_dot_product_attention(
        q, *(longer if not cache[0].size else cache)
    ), longer


@cached_attention_step.mistake(
    "The cache that you return is the old one: the next position would not see this one."
)
def cache_not_extended(q, k, v, cache):
    o, _ = joined_in_another_way(q, k, v, cache)
    return o, (cache[0].copy(), cache[1].copy())


@cached_attention_step.mistake(
    "Only the newest key and value are looked at, so the output is v itself. Attend to the whole cache."
)
def only_itself_seen(q, k, v, cache):
    _, longer = joined_in_another_way(q, k, v, cache)
    return v.copy(), longer


@cached_attention_step.mistake(
    "The new key and value stand at the front; the cache is in the order of the positions: append them "
    "at the end."
)
def put_in_front(q, k, v, cache):
    o, _ = joined_in_another_way(q, k, v, cache)
    return o, (np.concatenate([k, cache[0]], axis=-2), np.concatenate([v, cache[1]], axis=-2))


@cached_attention_step.mistake(
    "The scores are not divided by √d; use `scaled_dot_product_attention`, so that a step gives what "
    "the whole sequence gave."
)
def step_without_the_root_of_d(q, k, v, cache):
    _, longer = joined_in_another_way(q, k, v, cache)
    return softmax(q @ longer[0].swapaxes(-1, -2)) @ longer[1], longer


@cached_attention_step.mistake(
    "Keys and values are exchanged in the cache that you return: keys first, then values."
)
def keys_and_values_exchanged(q, k, v, cache):
    o, (K, V) = joined_in_another_way(q, k, v, cache)
    return o, (V, K)


@cached_attention_step.alternative
def joined_in_another_way(q, k, v, cache):
    K, V = np.append(cache[0], k, axis=-2), np.append(cache[1], v, axis=-2)
    return softmax(scores(q, K)) @ V, (K, V)


@cached_attention_step.loop
def _(q, k, v, cache):
    K, V = np.append(cache[0], k, axis=-2), np.append(cache[1], v, axis=-2)
    o = np.zeros_like(v)
    for place in np.ndindex(q.shape[:-2]):
        S = [q[place][0] @ key / math.sqrt(q.shape[-1]) for key in K[place]]
        e = [math.exp(one - max(S)) for one in S]
        for share, value in zip(e, V[place], strict=True):
            o[place][0] += share / sum(e) * value
    return o, (K, V)


# -- online_softmax_attention ------------------------------------------------------------------

online_softmax_attention = Exercise(
    reference.online_softmax_attention, points=3, see="eq-online", returns="O"
)
online_softmax_attention.hints(
    "You have seen some of the keys, and kept three things for each query: the largest score m, the "
    "sum ℓ of e^(s − m), the sum o of e^(s − m) v. A block with a larger score comes. What must happen "
    "to ℓ and o?",
    "They were computed with the old m; with the new one every term is smaller by the factor "
    "e^(m − m′). Multiply both by it, then add the block's own terms.",
    "Begin with m = −∞, ℓ = 0, o = 0 (e^(−∞) = 0 makes the first block come out right), go through "
    "`range(0, T_k, block)`, and divide o by ℓ once, at the end.",
)


@online_softmax_attention.cases
def _(rng):
    def inputs(lead, T_q, T_k, d, d_v, block, dtype=float):
        made = looks(rng, lead, T_q, T_k, d, d_v, dtype=dtype)
        del made["mask"]
        return made | dict(block=block)

    yield "blocks of two", inputs((), 4, 6, 3, 5, 2)
    yield "one key at a time", inputs((2, 3), 3, 5, 4, 2, 1)
    yield "a last block that is shorter", inputs((2,), 4, 7, 2, 3, 3)
    yield "one block for all", inputs((), 5, 4, 3, 2, 9)
    rising = inputs((), 3, 6, 2, 4, 2)
    rising["Q"] = np.abs(rising["Q"]) + 0.5
    rising["K"] = np.linspace(-1, 1, 6)[:, None] * 1500 + rising["K"]
    yield "scores that rise from −1000 to 1000", rising
    falling = rising | dict(K=rising["K"][::-1].copy())
    yield "scores that fall from 1000 to −1000", falling
    yield "float32 inputs", inputs((2,), 3, 8, 5, 4, 3, np.float32)


@online_softmax_attention.torch
def _(torch, Q, K, V, block):
    return torch.nn.functional.scaled_dot_product_attention(Q, K, V)


def in_blocks(K, V, block):
    starts = range(0, K.shape[-2], block)
    return [(K[..., s : s + block, :], V[..., s : s + block, :]) for s in starts]


def running(Q, K, V, block, shrink_total=True, shrink_sum=True, pieces=None):
    """One pass over the blocks, with parts to exchange."""
    top = np.full_like(Q[..., :1], -np.inf)
    total = O = np.zeros_like(top)
    for keys, values in in_blocks(K, V, block) if pieces is None else pieces:
        S = scores(Q, keys)
        new = np.maximum(top, S.max(axis=-1, keepdims=True))
        shrink, e = np.exp(top - new), np.exp(S - new)
        total = (shrink * total if shrink_total else total) + e.sum(axis=-1, keepdims=True)
        O = (shrink * O if shrink_sum else O) + e @ values
        top = new
    return O / total


@online_softmax_attention.mistake(
    "When the largest score rises, what was summed before must shrink by e^(m − m′), the sum of the "
    "values as well as the sum of the exponentials; yours keep their old scale."
)
def nothing_shrinks(Q, K, V, block):
    return running(Q, K, V, block, shrink_total=False, shrink_sum=False)


@online_softmax_attention.mistake(
    "The sum of the exponentials shrinks when the largest score rises, the sum of the values must "
    "shrink with it."
)
def only_the_total_shrinks(Q, K, V, block):
    return running(Q, K, V, block, shrink_sum=False)


@online_softmax_attention.mistake(
    "The sum of the values shrinks when the largest score rises, the sum of the exponentials must "
    "shrink with it."
)
def only_the_values_shrink(Q, K, V, block):
    return running(Q, K, V, block, shrink_total=False)


@online_softmax_attention.mistake(
    "You take a softmax in each block and average the results; a block with larger scores deserves a "
    "larger share. Keep sums that are not divided yet, and divide once at the end."
)
def softmax_of_each_block_averaged(Q, K, V, block):
    found = [softmax(scores(Q, keys)) @ values for keys, values in in_blocks(K, V, block)]
    return sum(found) / len(found)


@online_softmax_attention.mistake(
    "The last keys are left out when the block does not divide their number: the last block may be "
    "shorter, `range(0, T_k, block)`."
)
def shorter_block_left_out(Q, K, V, block):
    pieces = in_blocks(K, V, block)
    whole = [pair for pair in pieces if pair[0].shape[-2] == block]
    return running(Q, K, V, block, pieces=whole or pieces)


@online_softmax_attention.mistake(
    "The scores are not divided by √d; the result should be what attention gives in one piece."
)
def blocks_without_the_root_of_d(Q, K, V, block):
    return running(Q * Q.dtype.type(Q.shape[-1] ** 0.5), K, V, block)


@online_softmax_attention.mistake(
    "e^1000 overflows: subtract the largest score met so far, and rescale when it rises."
)
def largest_score_left_in(Q, K, V, block):
    e = [(np.exp(scores(Q, keys)), values) for keys, values in in_blocks(K, V, block)]
    total = sum(one.sum(axis=-1, keepdims=True) for one, _ in e)
    return sum(one @ values for one, values in e) / total


@online_softmax_attention.alternative
def all_at_once(Q, K, V, block):
    return softmax(scores(Q, K)) @ V


@online_softmax_attention.alternative
def in_two_passes(Q, K, V, block):
    pieces = in_blocks(K, V, block)
    top = np.max([scores(Q, keys).max(axis=-1, keepdims=True) for keys, _ in pieces], axis=0)
    e = [(np.exp(scores(Q, keys) - top), values) for keys, values in pieces]
    total = sum(one.sum(axis=-1, keepdims=True) for one, _ in e)
    return sum(one @ values for one, values in e) / total


@online_softmax_attention.loop
def _(Q, K, V, block):
    O = np.zeros((*Q.shape[:-1], V.shape[-1]), Q.dtype)
    for place in np.ndindex(Q.shape[:-1]):
        top, total = -math.inf, 0.0
        for key, value in zip(K[place[:-1]], V[place[:-1]], strict=True):
            s = float(Q[place] @ key) / math.sqrt(Q.shape[-1])
            new = max(top, s)
            shrink, e = math.exp(top - new), math.exp(s - new)
            total, top = shrink * total + e, new
            O[place] = shrink * O[place] + e * value
        O[place] /= total
    return O


@online_softmax_attention.benchmark
def _(rng):
    made = looks(rng, (4,), 512, 512, 32, 32)
    del made["mask"]
    return made | dict(block=128)


# -- sample_top_k ------------------------------------------------------------------------------

sample_top_k = Exercise(reference.sample_top_k, points=2, see="def-top-k", returns="ids", rtol=0.1)
sample_top_k.hints(
    "Which ids may be drawn at all? Once you have drawn a place among those, which id stands there?",
    "`np.argsort(-logits)[..., :k]` gives the ids of the k largest. Their probabilities are a softmax "
    "of their logits, divided by the temperature first.",
    "To draw: cumulative sums of the exponentials, a random number between 0 and the last of them for "
    "each row, and count how many sums lie below it. That place among the k leads to the id.",
)

ROWS = 6000


@sample_top_k.cases
def _(rng):
    def inputs(V, k, temperature, lead=(ROWS,), dtype=float):
        # ranks that lie apart, in a random order: every id has its own probability
        one = rng.permutation(np.linspace(-1.2, 1.2, V)) + rng.uniform(-0.05, 0.05, size=V)
        logits = np.broadcast_to(one, (*lead, V)).astype(dtype)
        seed = Seed(int(rng.integers(100_000)))
        return dict(logits=logits.copy(), k=k, temperature=temperature, rng=seed)

    yield "three of six", inputs(6, 3, 1.0)
    yield "a low temperature", inputs(5, 3, 0.5)
    yield "a high temperature", inputs(5, 2, 3.0)
    yield "all of them", inputs(4, 4, 1.5)
    yield "only the best", inputs(5, 1, 1.0, (7,))
    yield "sequences in float32", inputs(6, 4, 0.8, (60, 100), np.float32)
    far = inputs(5, 3, 1.0)
    yield "logits of ±1000", far | dict(logits=far["logits"] + np.array([1000, -1000, 1000, 0, -9]))


@sample_top_k.law
def _(result, logits, k, temperature, rng):
    ids = np.asarray(result).ravel()
    V = logits.shape[-1]
    shares = np.array([np.mean(ids == i) for i in range(V)])
    same_as_before = np.mean(ids[1:] == ids[:-1])
    return {
        "how often each id is drawn": shares,
        "how often two rows in a row agree": np.array([1.0, same_as_before]),
    }


@sample_top_k.oracle
def _(logits, k, temperature, rng):
    rows, which = np.unique(flat(logits).astype(float), axis=0, return_inverse=True)
    drawn = np.zeros(len(which), dtype=int)
    for i, row in enumerate(rows):
        best = sorted(range(len(row)), key=(-row).__getitem__)[:k]
        odds = np.exp((row[best] - max(row)) / temperature)
        drawn[which == i] = rng.choice(best, p=odds / odds.sum(), size=np.sum(which == i))
    return drawn.reshape(logits.shape[:-1])


def draw_places(odds, rng):
    sums = np.cumsum(odds, axis=-1)
    return (sums < rng.random(sums[..., :1].shape) * sums[..., -1:]).sum(axis=-1)


def of_the_best(logits, k, odds, rng):
    """Ids drawn among the k best with the given odds of their logits."""
    ids = np.argsort(-logits, axis=-1)[..., :k]
    kept = np.take_along_axis(logits, ids, axis=-1)
    place = draw_places(odds(kept - kept[..., :1]), rng)
    return np.take_along_axis(ids, place[..., None], axis=-1)[..., 0]


@sample_top_k.mistake(
    "The logits are multiplied by the temperature. Divide: a high temperature makes all choices alike, "
    "a low one picks the best."
)
def temperature_upside_down(logits, k, temperature, rng):
    return of_the_best(logits, k, lambda z: np.exp(z * temperature), rng)


@sample_top_k.mistake("The temperature is not used: divide the logits by it before the softmax.")
def temperature_forgotten(logits, k, temperature, rng):
    return of_the_best(logits, k, np.exp, rng)


@sample_top_k.mistake(
    "You return the place among the k best; the id that stands there is asked for: "
    "`np.take_along_axis(ids, place, axis=-1)`."
)
def place_instead_of_id(logits, k, temperature, rng):
    kept = -np.sort(-logits, axis=-1)[..., :k]
    return draw_places(np.exp((kept - kept[..., :1]) / temperature), rng)


@sample_top_k.mistake(
    "You draw from all ids; only the k with the largest logits may come, the others have probability 0."
)
def drawn_from_all(logits, k, temperature, rng):
    return of_the_best(logits, logits.shape[-1], lambda z: np.exp(z / temperature), rng)


@sample_top_k.mistake(
    "These are the k smallest logits: `np.argsort` sorts upwards, so sort `-logits`, or take the last k."
)
def drawn_from_the_worst(logits, k, temperature, rng):
    ids = np.argsort(logits, axis=-1)[..., :k]
    kept = np.take_along_axis(logits, ids, axis=-1)
    place = draw_places(np.exp((kept - kept.max(axis=-1, keepdims=True)) / temperature), rng)
    return np.take_along_axis(ids, place[..., None], axis=-1)[..., 0]


@sample_top_k.mistake(
    "The k best are drawn equally often; the likelier of them should come more often, by the softmax "
    "of their logits."
)
def all_of_the_best_alike(logits, k, temperature, rng):
    return of_the_best(logits, k, np.ones_like, rng)


@sample_top_k.mistake(
    "One random number decides for all rows, so they hang together; draw one for each row."
)
def one_dart_for_all_rows(logits, k, temperature, rng):
    class Once:
        def random(self, shape):
            return np.full(shape, rng.random())

    return of_the_best(logits, k, lambda z: np.exp(z / temperature), Once())


@sample_top_k.alternative
def by_gumbel_noise(logits, k, temperature, rng):
    edge = np.sort(logits, axis=-1)[..., -k, None]
    noisy = logits / temperature - np.log(rng.exponential(size=logits.shape))
    return np.where(logits >= edge, noisy, -np.inf).argmax(axis=-1)


@sample_top_k.alternative
def by_masking(logits, k, temperature, rng):
    edge = np.sort(logits, axis=-1)[..., -k, None]
    kept = np.where(logits >= edge, logits, -np.inf)
    return draw_places(np.exp((kept - kept.max(axis=-1, keepdims=True)) / temperature), rng)
