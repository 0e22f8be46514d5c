"""Mutants that a check may accept, each with the reason why they are no mistakes.

exercise → {change: reason}
"""

SURVIVORS: dict[str, dict[str, str]] = {
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
}
