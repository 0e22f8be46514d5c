"""Random numbers that Python and JavaScript draw alike; js/chance.js is its other half."""

import numpy as np


def uniform(seed: int, count: int) -> np.ndarray:
    """Return `count` numbers in [0, 1) from mulberry32, which JavaScript computes alike."""
    with np.errstate(over="ignore"):  # arithmetic modulo 2³² is meant
        state = np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        t = (state ^ (state >> 15)) * (state | 1)
        t ^= t + (t ^ (t >> 7)) * (t | 61)
    return (t ^ (t >> 14)) / 2**32


def normals(seed: int, count: int) -> np.ndarray:
    """Return `count` (an even number) standard normal numbers, by Box and Muller."""
    u = uniform(seed, count).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log(1 - u[:, 0])), 2 * np.pi * u[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()
