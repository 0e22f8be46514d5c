"""Mutants that a check may accept, each with the reason why they are no mistakes.

exercise → {change: reason}
"""

SURVIVORS: dict[str, dict[str, str]] = {
    "sigmoid": {
        "GtE→Gt in `return np.maximum(e, z >= 0) / (1 + e)`": "at z = 0 the numerator is e = 1 anyway",
    },
    "chain_gradients": {
        "1→2 in `z, a = (np.zeros(L), np.zeros(L + 1))`": "one unused place more at the end of a",
        "0.0→1.0 in `dws, dbs = ([0.0] * L, [0.0] * L)`": "every entry is overwritten",
        "Gt→GtE in `l > 0`": "computes one more delta, which nobody reads",
    },
}
