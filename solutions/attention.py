"""Attention: looking things up softly, in several places at once, and a transformer made of it.

Everywhere a mask is boolean, True where a query may look, and is broadcast against the scores.
A query that may look nowhere gets weights of 0, and so an output of 0.
"""

import numpy as np

from solutions.activations import relu, relu_backward
from solutions.jacobians import layer_norm, layer_norm_backward, linear_backward


def attention_weights(Q: np.ndarray, K: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Return how much of its attention each query gives to each key.

    Formula: softmax(Q Kᵀ / √d) along the keys, over those keys that the mask lets through.
    Q (..., T_q, d), K (..., T_k, d).  mask: boolean, True where a query may look, broadcast against
    (..., T_q, T_k); None lets every query look everywhere.
    Returns (..., T_q, T_k), dtype of the inputs; a weight that is masked is exactly 0, and a row in
    which everything is masked is all 0.
    Source: Vaswani et al. (2017), equation 1.
    """
    ### BEGIN SOLUTION
    S = (Q / Q.shape[-1] ** 0.5) @ K.swapaxes(-1, -2)
    if mask is not None:
        np.copyto(S, -np.inf, where=~mask)
    top = S.max(axis=-1, keepdims=True)
    S -= np.where(top == -np.inf, 0, top)  # −∞ − (−∞) would be NaN
    np.exp(S, out=S)  # from here on in place: a new array of T_q × T_k costs more than its numbers
    total = S.sum(axis=-1, keepdims=True)
    S *= 1 / np.where(total == 0, 1, total)
    return S
    ### END SOLUTION


def scaled_dot_product_attention(
    Q: np.ndarray, K: np.ndarray, V: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return for each query the mean of the values, weighted by its attention to their keys.

    Formula: softmax(Q Kᵀ / √d) V.
    Q (..., T_q, d), K (..., T_k, d), V (..., T_k, d_v).  mask as for `attention_weights`.
    Returns (..., T_q, d_v), dtype of the inputs; 0 for a query that may look nowhere.
    Source: Vaswani et al. (2017), equation 1; torch's scaled_dot_product_attention.
    """
    ### BEGIN SOLUTION
    return attention_weights(Q, K, mask) @ V
    ### END SOLUTION


def scaled_dot_product_attention_backward(
    dO: np.ndarray, Q: np.ndarray, K: np.ndarray, V: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of attention with respect to Q, K and V.

    Formulas, with weights A and output O = A V: dV = Aᵀ dO, dA = dO Vᵀ,
    dS = A ⊙ (dA − δ) with δ = Σ a da = dO·O for each query, dQ = dS K / √d, dK = dSᵀ Q / √d.
    dO (..., T_q, d_v), Q (..., T_q, d), K (..., T_k, d), V (..., T_k, d_v).
    Returns dQ, dK, dV in the shapes of Q, K, V, dtype of the inputs.
    Source: chapter `attention`.
    """
    ### BEGIN SOLUTION
    A = attention_weights(Q, K, mask)
    dV = A.swapaxes(-1, -2) @ dO
    dS = dO @ V.swapaxes(-1, -2)  # dA so far
    dS -= np.vecdot(A, dS)[..., None]
    dS *= A
    scale = Q.shape[-1] ** -0.5
    return dS @ (K * scale), dS.swapaxes(-1, -2) @ (Q * scale), dV
    ### END SOLUTION


def causal_mask(T: int) -> np.ndarray:
    """Return the mask that lets every position look at itself and back, never ahead.

    Formula: entry ts is True where s ≤ t.
    Returns (T, T), boolean: row t says where query t may look.
    Source: Vaswani et al. (2017), section 3.2.3.
    """
    ### BEGIN SOLUTION
    place = np.arange(T)
    return place <= place[:, None]
    ### END SOLUTION


def padding_mask(lengths: np.ndarray, T: int) -> np.ndarray:
    """Return the mask of the places that hold something, in sequences padded at the end to length T.

    Formula: entry nt is True where t < lengths[n].
    lengths (N,), integers from 0 to T.  Returns (N, T), boolean; for scores (N, H, T_q, T) use it as
    mask[:, None, None, :].
    Source: chapter `attention`.
    """
    ### BEGIN SOLUTION
    return np.arange(T) < lengths[:, None]
    ### END SOLUTION


def split_heads(X: np.ndarray, heads: int) -> np.ndarray:
    """Return the features shared out among heads, each head with a sequence of its own.

    X (N, T, E), where heads divides E.  Returns (N, heads, T, E / heads): head h holds the features
    from h · E / heads on, next to each other.
    Source: Vaswani et al. (2017), section 3.2.2.
    """
    ### BEGIN SOLUTION
    N, T, E = X.shape
    return X.reshape(N, T, heads, E // heads).swapaxes(1, 2)
    ### END SOLUTION


def merge_heads(X: np.ndarray) -> np.ndarray:
    """Return the heads' features side by side again: the inverse of `split_heads`.

    X (N, H, T, d).  Returns (N, T, H · d).
    Source: Vaswani et al. (2017), section 3.2.2.
    """
    ### BEGIN SOLUTION
    N, H, T, d = X.shape
    return X.swapaxes(1, 2).reshape(N, T, H * d)
    ### END SOLUTION


def multi_head_attention(
    X: np.ndarray,
    W_qkv: np.ndarray,
    b_qkv: np.ndarray,
    W_o: np.ndarray,
    b_o: np.ndarray,
    heads: int,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Return self-attention with several heads: every head looks for itself, then they are mixed.

    Formula: merge(attention(Q, K, V)) W_oᵀ + b_o, where Q, K and V are the three thirds of
    X W_qkvᵀ + b_qkv, each split into heads.
    X (N, T, E), W_qkv (3E, E) with the rows for Q first, then K, then V, b_qkv (3E,), W_o (E, E),
    b_o (E,).  mask: boolean, broadcast against (N, heads, T, T).
    Returns (N, T, E), dtype of the inputs.
    Source: Vaswani et al. (2017), section 3.2.2; weights as in torch's MultiheadAttention
    (in_proj_weight, in_proj_bias, out_proj.weight, out_proj.bias).
    """
    ### BEGIN SOLUTION
    Q, K, V = (split_heads(part, heads) for part in np.split(X @ W_qkv.T + b_qkv, 3, axis=-1))
    return merge_heads(scaled_dot_product_attention(Q, K, V, mask)) @ W_o.T + b_o
    ### END SOLUTION


def multi_head_attention_backward(
    dY: np.ndarray,
    X: np.ndarray,
    W_qkv: np.ndarray,
    b_qkv: np.ndarray,
    W_o: np.ndarray,
    b_o: np.ndarray,
    heads: int,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of `multi_head_attention` with respect to X, W_qkv, b_qkv, W_o and b_o.

    The way back, step by step: the output layer, the heads, the attention in each of them, the heads
    again, the input layer.  Gradients of weights are sums over all N · T positions.
    dY (N, T, E), the others as in `multi_head_attention`.
    Returns dX, dW_qkv, db_qkv, dW_o, db_o in the shapes of their variables, dtype of the inputs.
    Source: chapter `attention`.
    """
    ### BEGIN SOLUTION
    rows = X.reshape(-1, X.shape[-1])  # one row a position, of all sequences
    Z = (rows @ W_qkv.T + b_qkv).reshape(*X.shape[:2], -1)
    Q, K, V = (split_heads(part, heads) for part in np.split(Z, 3, axis=-1))
    A = attention_weights(Q, K, mask)  # once: the lines of attention's own backward stand below
    O = A @ V
    merged = merge_heads(O).reshape(rows.shape)
    dmerged, dW_o, db_o = linear_backward(dY.reshape(rows.shape), merged, W_o)
    dO = split_heads(dmerged.reshape(X.shape), heads)
    dS = dO @ V.swapaxes(-1, -2)
    dS -= np.vecdot(dO, O)[..., None]
    dS *= A
    dS *= Q.shape[-1] ** -0.5
    gradients = dS @ K, dS.swapaxes(-1, -2) @ Q, A.swapaxes(-1, -2) @ dO
    dZ = np.concatenate([merge_heads(g) for g in gradients], axis=-1)
    dX, dW_qkv, db_qkv = linear_backward(dZ.reshape(len(rows), -1), rows, W_qkv)
    return dX.reshape(X.shape), dW_qkv, db_qkv, dW_o, db_o
    ### END SOLUTION


def sinusoidal_positions(T: int, d: int) -> np.ndarray:
    """Return a vector for each position, made of sines and cosines, fast ones first.

    Formula: entry (t, 2i) is sin(t ωᵢ) and entry (t, 2i + 1) is cos(t ωᵢ), with ωᵢ = 10000^(−2i/d).
    d is even.  Returns (T, d), float64.
    Source: Vaswani et al. (2017), section 3.5.
    """
    ### BEGIN SOLUTION
    omega = 10000.0 ** (-np.arange(0, d, 2) / d)
    angle = np.arange(T)[:, None] * omega
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(T, d)
    ### END SOLUTION


def feed_forward(
    X: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> np.ndarray:
    """Return a network with one hidden layer of ReLUs, applied to every position by itself.

    Formula: relu(X W1ᵀ + b1) W2ᵀ + b2.
    X (..., E), W1 (F, E), b1 (F,), W2 (E, F), b2 (E,).  Returns (..., E), dtype of the inputs.
    Source: Vaswani et al. (2017), equation 2.
    """
    ### BEGIN SOLUTION
    return relu(X @ W1.T + b1) @ W2.T + b2
    ### END SOLUTION


def feed_forward_backward(
    dY: np.ndarray, X: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of `feed_forward` with respect to X, W1, b1, W2 and b2.

    Two linear layers with a ReLU between them, from the back.  Gradients of weights are sums over
    all positions.
    dY, X (..., E), the others as in `feed_forward`.
    Returns dX, dW1, db1, dW2, db2 in the shapes of their variables, dtype of the inputs.
    Source: chapter `attention`.
    """
    ### BEGIN SOLUTION
    rows = X.reshape(-1, X.shape[-1])  # one row a position, of all sequences
    Z = rows @ W1.T + b1
    dA, dW2, db2 = linear_backward(dY.reshape(rows.shape), relu(Z), W2)
    dX, dW1, db1 = linear_backward(relu_backward(dA, Z), rows, W1)
    return dX.reshape(X.shape), dW1, db1, dW2, db2
    ### END SOLUTION


def transformer_block(
    X: np.ndarray,
    params: dict[str, np.ndarray],
    heads: int,
    mask: np.ndarray | None = None,
    norm_first: bool = False,
) -> np.ndarray:
    """Return a block of a transformer: attention, then a feed-forward network, each added to its input.

    Formulas, with a the attention, f the network and n₁, n₂ layer norms with eps = 1e-5:
    post-norm (norm_first False) X₁ = n₁(X + a(X)), Y = n₂(X₁ + f(X₁));
    pre-norm (norm_first True) X₁ = X + a(n₁(X)), Y = X₁ + f(n₂(X₁)).
    X (N, T, E).  params: the state_dict of torch's TransformerEncoderLayer as arrays, with keys
    self_attn.in_proj_weight, self_attn.in_proj_bias, self_attn.out_proj.weight,
    self_attn.out_proj.bias, linear1.weight, linear1.bias, linear2.weight, linear2.bias,
    norm1.weight, norm1.bias, norm2.weight, norm2.bias.  mask as for `multi_head_attention`.
    Returns (N, T, E), dtype of the inputs.
    Source: Vaswani et al. (2017), section 3.1; Xiong et al. (2020) for pre-norm.
    """
    ### BEGIN SOLUTION
    names = ["self_attn.in_proj_weight", "self_attn.in_proj_bias"]
    layers = ("self_attn.out_proj", "linear1", "linear2", "norm1", "norm2")
    names += [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
    W_qkv, b_qkv, W_o, b_o, W1, b1, W2, b2, *norms = (params[name] for name in names)
    attn, feed = (W_qkv, b_qkv, W_o, b_o), (W1, b1, W2, b2)
    gamma1, beta1, gamma2, beta2 = norms
    norm1, norm2 = (gamma1, beta1, 1e-5), (gamma2, beta2, 1e-5)
    if norm_first:
        X1 = X + multi_head_attention(layer_norm(X, *norm1), *attn, heads, mask)
        return X1 + feed_forward(layer_norm(X1, *norm2), *feed)
    X1 = layer_norm(X + multi_head_attention(X, *attn, heads, mask), *norm1)
    return layer_norm(X1 + feed_forward(X1, *feed), *norm2)
    ### END SOLUTION


def transformer_block_backward(
    dY: np.ndarray,
    X: np.ndarray,
    params: dict[str, np.ndarray],
    heads: int,
    mask: np.ndarray | None = None,
    norm_first: bool = False,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the gradients of `transformer_block` with respect to X and to its parameters.

    What enters a sum receives the gradient of the sum on both of its ways.
    dY, X (N, T, E), the others as in `transformer_block`.
    Returns dX (N, T, E) and a dict with the keys and shapes of params, dtype of the inputs.
    Source: chapter `attention`.
    """
    ### BEGIN SOLUTION
    names = ["self_attn.in_proj_weight", "self_attn.in_proj_bias"]
    layers = ("self_attn.out_proj", "linear1", "linear2", "norm1", "norm2")
    names += [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
    W_qkv, b_qkv, W_o, b_o, W1, b1, W2, b2, *norms = (params[name] for name in names)
    attn, feed = (W_qkv, b_qkv, W_o, b_o), (W1, b1, W2, b2)
    gamma1, beta1, gamma2, beta2 = norms
    norm1, norm2 = (gamma1, beta1, 1e-5), (gamma2, beta2, 1e-5)
    if norm_first:
        X_hat = layer_norm(X, *norm1)
        X1 = X + multi_head_attention(X_hat, *attn, heads, mask)
        dX1_hat, *dfeed = feed_forward_backward(dY, layer_norm(X1, *norm2), *feed)
        dX1, *dnorm2 = layer_norm_backward(dX1_hat, X1, gamma2, 1e-5)
        dX1 = dX1 + dY
        dX_hat, *dattn = multi_head_attention_backward(dX1, X_hat, *attn, heads, mask)
        dX, *dnorm1 = layer_norm_backward(dX_hat, X, gamma1, 1e-5)
        dX = dX + dX1
    else:
        S1 = X + multi_head_attention(X, *attn, heads, mask)
        X1 = layer_norm(S1, *norm1)
        dS2, *dnorm2 = layer_norm_backward(dY, X1 + feed_forward(X1, *feed), gamma2, 1e-5)
        dX1, *dfeed = feed_forward_backward(dS2, X1, *feed)
        dS1, *dnorm1 = layer_norm_backward(dX1 + dS2, S1, gamma1, 1e-5)
        dX, *dattn = multi_head_attention_backward(dS1, X, *attn, heads, mask)
        dX = dX + dS1
    return dX, dict(zip(names, dattn + dfeed + dnorm1 + dnorm2, strict=True))
    ### END SOLUTION


def cached_attention_step(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, cache: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return the attention of one new position to all before it and itself, and the longer cache.

    Formula: append k to the keys and v to the values of the cache, then attend with q to all of
    them.  It is the last row of causal attention, and no other row is computed.
    q, k (..., 1, d), v (..., 1, d_v).  cache: keys (..., t, d) and values (..., t, d_v) of the t
    positions before, t = 0 at the start.
    Returns o (..., 1, d_v) and the cache of t + 1 positions; the old cache stays as it was.
    Source: Shazeer (2019); chapter `attention`.
    """
    ### BEGIN SOLUTION
    K = np.concatenate([cache[0], k], axis=-2)
    V = np.concatenate([cache[1], v], axis=-2)
    return scaled_dot_product_attention(q, K, V), (K, V)
    ### END SOLUTION


def online_softmax_attention(Q: np.ndarray, K: np.ndarray, V: np.ndarray, block: int) -> np.ndarray:
    """Return attention without a mask, from keys and values that come in blocks, in one pass.

    Formulas, for each query: with the scores s of a block, m′ = max(m, max s),
    ℓ′ = e^(m − m′) ℓ + Σ e^(s − m′) and o′ = e^(m − m′) o + Σ e^(s − m′) v, from m = −∞, ℓ = 0, o = 0;
    at the end o / ℓ.  No array of size T_q × T_k is ever made, only T_q × block.
    Q (..., T_q, d), K (..., T_k, d), V (..., T_k, d_v); block ≥ 1 need not divide T_k.
    Returns (..., T_q, d_v), dtype of the inputs.
    Source: Milakov and Gimelshein (2018); Dao et al. (2022).
    """
    ### BEGIN SOLUTION
    Q = Q / Q.shape[-1] ** 0.5
    top = np.full_like(Q[..., :1], -np.inf)
    total, O = np.zeros_like(top), np.zeros_like(top)
    for start in range(0, K.shape[-2], block):
        S = Q @ K[..., start : start + block, :].swapaxes(-1, -2)
        new_top = np.maximum(top, S.max(axis=-1, keepdims=True))
        shrink, E = np.exp(top - new_top), np.exp(S - new_top)
        total = shrink * total + E.sum(axis=-1, keepdims=True)
        O = shrink * O + E @ V[..., start : start + block, :]
        top = new_top
    return O / total
    ### END SOLUTION


def sample_top_k(
    logits: np.ndarray, k: int, temperature: float, rng: np.random.Generator
) -> np.ndarray:
    """Return an id for each row of logits, drawn from the k likeliest.

    Law: among the k largest logits of a row, id i has probability proportional to
    exp(logitᵢ / temperature); every other id has probability 0.  Rows are drawn independently.
    logits (..., V), finite; 1 ≤ k ≤ V; temperature > 0.  Returns integer ids of shape (...).
    Source: Fan, Lewis and Dauphin (2018).
    """
    ### BEGIN SOLUTION
    ids = np.argsort(-logits, axis=-1)[..., :k]  # from the likeliest on
    kept = np.take_along_axis(logits, ids, axis=-1)
    odds = np.exp((kept - kept[..., :1]) / temperature).cumsum(axis=-1)
    dart = rng.random(odds[..., :1].shape) * odds[..., -1:]
    place = (odds < dart).sum(axis=-1, keepdims=True)
    return np.take_along_axis(ids, place, axis=-1)[..., 0]
    ### END SOLUTION
