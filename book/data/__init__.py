"""Data that ships with the book; README.md beside this file says where each set comes from."""

import lzma
from pathlib import Path

import numpy as np

_HERE = Path(__file__).parent


def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return X_train (8000, 784), labels_train (8000,), X_test (2000, 784), labels_test (2000,).

    Handwritten digits of MNIST, one row an image of 28 × 28 pixels, float64 from 0 (paper) to 1
    (ink); the labels are integers 0 to 9.  The first 8,000 of the file train, the last 2,000 test.
    """
    with np.load(_HERE / "mnist10k.npz") as archive:
        X = archive["images"].reshape(-1, 784) / 255.0
        labels = archive["labels"].astype(np.int64)
    return X[:8000], labels[:8000], X[8000:], labels[8000:]


def bible() -> str:
    """Return the World English Bible as one string of 3.97 million characters, 67 distinct.

    One verse a line, an empty line between books, in the order Genesis to Revelation.
    """
    return lzma.decompress((_HERE / "world_english_bible.txt.xz").read_bytes()).decode()
