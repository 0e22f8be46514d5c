"""Mutants that a check may accept, each with the reason why they are no mistakes.

exercise → {change: reason}
"""

SURVIVORS: dict[str, dict[str, str]] = {
    "hopfield_energy": {
        "Mult→Div in `return -np.sum(s @ W * s, axis=-1) / 2`": "s is 1 or −1, so 1 / s = s",
    },
    "hopfield_update": {
        "Mult→Div in `field * s[i]`": "s is 1 or −1, so 1 / s = s",
    },
    "hopfield_recall": {
        "Mult→Div in `field[i] * s[i]`": "s is 1 or −1, so 1 / s = s",
        "Mult→Div in `field += 2 * s[i] * W[i]`": "s is 1 or −1, so 1 / s = s",
    },
    "ising_energy": {
        "Mult→Div in `return -np.sum((J * neighbours + h) * spins, axis=(-2, -1))`": "a spin is 1 or −1, so 1 / s = s",
    },
    "gibbs_step": {
        "Lt→LtE in `h = (rng.random(p.shape) < p).astype(v.dtype)`": "a number equal to p has probability 2⁻⁵³",
        "Lt→LtE in `return (rng.random(q.shape) < q).astype(v.dtype)`": "a number equal to q has probability 2⁻⁵³",
    },
    "rbm_log_partition": {
        "Lt→Gt in `len(c) < len(b)`": "the sum over the other layer is the same number, found later",
        "Lt→LtE in `len(c) < len(b)`": "the sum over the other layer is the same number",
    },
    "optimal_discriminator": {
        "1→2 in `return np.where(nowhere, 0.5, p / np.where(nowhere, 1, total))`": "what stands there is replaced by ½",
    },
    "pixel_shuffle": {
        "1→2 in `return parts.transpose(0, 1, 4, 2, 5, 3).reshape(N, -1, H * factor, W * factor)`": "NumPy takes any negative length for the one to be found",
    },
    "pixel_shuffle_backward": {
        "1→2 in `return parts.transpose(0, 1, 3, 5, 2, 4).reshape(N, -1, H // factor, W // factor)`": "NumPy takes any negative length for the one to be found",
    },
    "count_linear_pieces": {
        "Gt→GtE in `A, slopes = (relu(Z), slopes @ W.T * (Z > 0))`": "a unit that is 0 in the middle of a piece is 0 all along it, and so is its slope",
    },
    "units_needed": {
        "2→3 in `too_few = cells // 2`": "the search only begins with a wider gap",
        "only the right of FloorDiv in `too_few = cells // 2`": "the search only begins with another number of cells that is too small",
    },
    "kan_layer_backward": {
        "1→2 in `dX = np.einsum('mk,mk->m', dN.reshape(-1, n), scattered(s, slopes, n))`": "to NumPy any negative size means what is left",
    },
    "refine_grid": {
        "1→2 in `fitted = np.linalg.lstsq(new, wanted.reshape(len(x), -1))[0]`": "to NumPy any negative size means what is left",
        "1→2 in `inside = (np.arange(degree + 1) + 0.5) / (degree + 1)`": "other points of the same interval, or one more: they fix the same polynomial",
        "only the left of Add in `inside = (np.arange(degree + 1) + 0.5) / (degree + 1)`": "points further left in the same interval fix the same polynomial",
    },
    "attention_weights": {
        "0→1 in `S -= np.where(top == -np.inf, 0, top)`": "−∞ stays −∞ under any finite shift",
        "1→2 in `S *= 1 / np.where(total == 0, 1, total)`": "0 / 2 is 0 as 0 / 1 is",
    },
    "multi_head_attention_backward": {
        "1→2 in `rows = X.reshape(-1, X.shape[-1])`": "NumPy takes any negative length for the one to be found",
        "−→+ in `dS = dO @ V.swapaxes(-1, -2)`": "axis −2 of four is axis 2",
        "−→+ in `gradients = (dS @ K, dS.swapaxes(-1, -2) @ Q, A.swapaxes(-1, -2) @ dO)`": "axis −2 of four is axis 2",
        "1→2 in `Z = (rows @ W_qkv.T + b_qkv).reshape(*X.shape[:2], -1)`": "NumPy takes any negative length for the one to be found",
        "1→2 in `dX, dW_qkv, db_qkv = linear_backward(dZ.reshape(len(rows), -1), rows, W_qkv)`": "NumPy takes any negative length for the one to be found",
    },
    "feed_forward_backward": {
        "1→2 in `rows = X.reshape(-1, X.shape[-1])`": "NumPy takes any negative length for the one to be found",
    },
    "online_softmax_attention": {
        "zeros_like→ones_like in `total, O = (np.zeros_like(top), np.zeros_like(top))`": "the first block multiplies it by e^(−∞) = 0",
    },
    "sample_top_k": {
        "Lt→LtE in `place = (odds < dart).sum(axis=-1, keepdims=True)`": "a dart exactly on a line has probability 2⁻⁵³",
    },
    "truncated_normal": {
        "Gt→GtE in `np.abs(w) > 2 * std`": "a number at the very edge has probability 2⁻⁵³",
    },
    "dropout": {
        "GtE→Gt in `mask = rng.random(X.shape) >= p`": "a number equal to p has probability 2⁻⁵³",
    },
    "f_score": {
        "1→2 in `return product / np.where(weighted == 0, 1, weighted)`": "0 / 2 is 0 as 0 / 1 is",
    },
    "sigmoid": {
        "GtE→Gt in `return np.maximum(e, z >= 0) / (1 + e)`": "at z = 0 the numerator is e = 1 anyway",
    },
    "chain_gradients": {
        "1→2 in `z, a = (np.zeros(L), np.zeros(L + 1))`": "one unused place more at the end of a",
        "0.0→1.0 in `dws, dbs = ([0.0] * L, [0.0] * L)`": "every entry is overwritten",
        "Gt→GtE in `l > 0`": "computes one more delta, which nobody reads",
    },
    "entropy": {
        "1→2 in `return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)`": "any positive number will do there: it is multiplied by p = 0",
    },
    "kl_divergence": {
        "1→2 in `log_p = np.log(np.where(p > 0, p, 1))`": "any positive number will do there: it is multiplied by p = 0",
        "1→2 in `log_q = np.log(np.where(p > 0, q, 1))`": "any positive number will do there: it is multiplied by p = 0",
    },
    "logsumexp": {
        "0→1 in `top = np.where(np.isfinite(top), top, 0)`": "−∞ stays −∞ under any finite shift",
    },
    "perceptron_update": {
        "Mult→Div in `return (w + lr * y * x, b + lr * y)`": "y is 1 or −1, so 1 / y = y",
    },
    "xor_network": {
        "1→2 in `W1, b1 = (np.array([[1, 1], [-1, -1]]), np.array([-0.5, 1.5]))`": "a turned line that still parts the same corners",
        "Gt→GtE in `A = (X @ W1.T + b1 > 0).astype(X.dtype)`": "no corner lies on either line",
        "Gt→GtE in `return (A @ w2 + b2 > 0).astype(X.dtype)`": "the sum is −1.5, −0.5 or 0.5, never 0",
    },
    "im2col": {
        "1→2 in `return cols.reshape(len(X), X.shape[1] * KH * KW, -1)`": "to NumPy any negative size means what is left",
    },
    "conv2d": {
        "1→2 in `Y = W.reshape(F, -1) @ im2col(X, KH, KW, stride, padding)`": "to NumPy any negative size means what is left",
        "1→2 in `return Y.reshape(len(X), F, OH, -1)`": "to NumPy any negative size means what is left",
    },
    "conv2d_backward": {
        "1→2 in `dZ = dY.reshape(N, F, -1)`": "to NumPy any negative size means what is left",
        "1→2 in `dcols = np.matmul(W.reshape(F, -1).T, dZ, out=cols)`": "to NumPy any negative size means what is left",
    },
    "residual_block": {
        "1→2 in `padding = W1.shape[-1] // 2`": "the window is square: its height is its width",
    },
    "residual_block_backward": {
        "1→2 in `padding = W1.shape[-1] // 2`": "the window is square: its height is its width",
    },
}
