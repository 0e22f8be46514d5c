"""Convolution: one small window of weights, slid over a whole image, forward and back.

Images are (N, C, H, W), filters (F, C, KH, KW), as torch stores them.  What is called convolution here
is what networks compute, the cross-correlation: the window is not turned round.
"""

import numpy as np


def window_views(X: np.ndarray, KH: int, KW: int, stride: int) -> list[np.ndarray]:
    """Return, for each place in a window of KH × KW, what that place sees as the window slides.

    Formula: view number i KW + j holds X[:, :, stride r + i, stride s + j] at (r, s).
    X (N, C, H, W).  Returns KH KW arrays (N, C, OH, OW), views of X: to write into one of them is to
    write into X.
    Source: chapter `convolution`.
    """
    OH, OW = (X.shape[2] - KH) // stride + 1, (X.shape[3] - KW) // stride + 1
    return [
        X[:, :, i : i + stride * OH : stride, j : j + stride * OW : stride]
        for i in range(KH)
        for j in range(KW)
    ]


def conv_output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Return how many places a window has along one axis.

    Formula: ⌊(size + 2 padding − dilation (kernel − 1) − 1) / stride⌋ + 1.
    size, kernel, stride, dilation ≥ 1, padding ≥ 0 (on either side).
    Returns an int; 0 or less says that the window does not fit.
    Source: Dumoulin and Visin (2016); chapter `convolution`.
    """
    ### BEGIN SOLUTION
    span = dilation * (kernel - 1) + 1  # pixels from the window's first to its last
    return (size + 2 * padding - span) // stride + 1
    ### END SOLUTION


def conv_matrix(w: np.ndarray, size: int) -> np.ndarray:
    """Return the matrix T with T x = the correlation of x with w, one row a place of the window.

    Formula: T[i, i + k] = w[k], and 0 elsewhere, so that (T x)ᵢ = Σₖ w[k] x[i + k].
    w (K,), for a signal x (size,), size ≥ K; stride 1, no padding.
    Returns (size − K + 1, size), dtype of w: a Toeplitz matrix, constant along its diagonals.
    Source: chapter `convolution`.
    """
    ### BEGIN SOLUTION
    places = np.arange(size - len(w) + 1)[:, None]
    T = np.zeros((len(places), size), w.dtype)
    T[places, places + np.arange(len(w))] = w
    return T
    ### END SOLUTION


def im2col(X: np.ndarray, KH: int, KW: int, stride: int, padding: int) -> np.ndarray:
    """Return every window of every image as a column.

    Formula: with X padded by zeros, entry (n, (c KH + i) KW + j, r OW + s) is
    X[n, c, stride r + i, stride s + j]: a column runs over the window in the order of W[f].ravel().
    X (N, C, H, W).  Returns a new array (N, C KH KW, OH OW), dtype of X.
    Source: Chellapilla, Puri and Simard (2006); torch's unfold.
    """
    ### BEGIN SOLUTION
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    cols = np.stack(window_views(X, KH, KW, stride), axis=2)  # (N, C, KH KW, OH, OW)
    return cols.reshape(len(X), X.shape[1] * KH * KW, -1)
    ### END SOLUTION


def conv2d(X: np.ndarray, W: np.ndarray, b: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """Return the response of every filter at every place.

    Formula: Y[n, f, r, s] = b[f] + Σ_{c,i,j} W[f, c, i, j] X[n, c, stride r + i, stride s + j],
    with X padded by zeros.
    X (N, C, H, W), W (F, C, KH, KW), b (F,).  Returns (N, F, OH, OW), dtype of the inputs.
    Source: LeCun et al. (1998); torch's conv2d.
    """
    ### BEGIN SOLUTION
    F, _, KH, KW = W.shape
    OH = conv_output_size(X.shape[2], KH, stride, padding, 1)
    Y = W.reshape(F, -1) @ im2col(X, KH, KW, stride, padding)
    Y += b[:, None]
    return Y.reshape(len(X), F, OH, -1)
    ### END SOLUTION


def conv2d_backward(
    dY: np.ndarray, X: np.ndarray, W: np.ndarray, stride: int, padding: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of conv2d with respect to X, W and b.

    Formulas: with Y = W cols + b for every image, db = Σ dY over images and places,
    dW = Σₙ dYₙ colsₙᵀ, dcols = Wᵀ dY, and dX adds up, for every pixel, the entries of dcols that are
    copies of it.
    dY (N, F, OH, OW), X (N, C, H, W), W (F, C, KH, KW).  Returns dX, dW, db (F,), dtype of the inputs.
    Source: chapter `convolution`.
    """
    ### BEGIN SOLUTION
    N, C, H, width = X.shape
    F, _, KH, KW = W.shape
    dZ = dY.reshape(N, F, -1)
    cols = im2col(X, KH, KW, stride, padding)
    dW = (dZ @ cols.transpose(0, 2, 1)).sum(axis=0).reshape(W.shape)
    dcols = np.matmul(
        W.reshape(F, -1).T, dZ, out=cols
    )  # cols has served: dcols may have its memory
    dcols = dcols.reshape(N, C, KH * KW, *dY.shape[2:])
    dX = np.zeros((N, C, H + 2 * padding, width + 2 * padding), X.dtype)
    for place, seen in enumerate(window_views(dX, KH, KW, stride)):
        seen += dcols[:, :, place]
    dX = dX[:, :, padding : padding + H, padding : padding + width]
    return dX, dW, dY.sum(axis=(0, 2, 3))
    ### END SOLUTION


def max_pool2d(X: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """Return the largest value in every window of kernel × kernel, channel by channel.

    Formula: Y[n, c, r, s] = max over i, j < kernel of X[n, c, stride r + i, stride s + j].
    X (N, C, H, W).  Returns (N, C, OH, OW), dtype of X; rows and columns in which no further window
    fits are left out.
    Source: torch's max_pool2d without padding; chapter `convolution`.
    """
    ### BEGIN SOLUTION
    first, *others = window_views(X, kernel, kernel, stride)
    Y = first.copy()
    for seen in others:
        np.maximum(Y, seen, out=Y)
    return Y
    ### END SOLUTION


def max_pool2d_backward(dY: np.ndarray, X: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """Return ∂L/∂X for Y = max_pool2d(X, kernel, stride), given dY = ∂L/∂Y.

    Rule: every window hands its gradient to the pixel that was its maximum, to the first in reading
    order if several are equal; a pixel that won in several windows adds up.
    dY (N, C, OH, OW), X (N, C, H, W).  Returns (N, C, H, W), dtype of X.
    Source: torch's max_pool2d; chapter `convolution`.
    """
    ### BEGIN SOLUTION
    dX = np.zeros_like(X)
    for n in range(0, len(X), 8):  # eight images at a time: what they need stays in the cache
        x, dx, waiting = X[n : n + 8], dX[n : n + 8], dY[n : n + 8].copy()
        Y = max_pool2d(x, kernel, stride)
        views = (window_views(one, kernel, kernel, stride) for one in (x, dx))
        *places, (_, last) = zip(*views, strict=True)
        for seen, back in places:
            given = waiting * (seen == Y)
            back += given
            waiting -= given
        last += waiting  # who has not met its maximum yet has it there
    return dX
    ### END SOLUTION


def avg_pool2d(X: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """Return the mean of every window of kernel × kernel, channel by channel.

    Formula: Y[n, c, r, s] = Σ_{i,j < kernel} X[n, c, stride r + i, stride s + j] / kernel².
    X (N, C, H, W).  Returns (N, C, OH, OW), dtype of X; rows and columns in which no further window
    fits are left out.
    Source: LeCun et al. (1998); torch's avg_pool2d without padding.
    """
    ### BEGIN SOLUTION
    first, *others = window_views(X, kernel, kernel, stride)
    return sum(others, first) / kernel**2
    ### END SOLUTION


def global_avg_pool2d(X: np.ndarray) -> np.ndarray:
    """Return the mean of every channel over the whole map.

    Formula: Y[n, c] = Σ_{r,s} X[n, c, r, s] / (H W).
    X (N, C, H, W).  Returns (N, C), dtype of X.
    Source: Lin, Chen and Yan (2014).
    """
    ### BEGIN SOLUTION
    return X.mean(axis=(2, 3))
    ### END SOLUTION


def receptive_field(layers: list[tuple[int, int, int]]) -> int:
    """Return how many pixels wide the part of the input is that one unit at the end depends on.

    Recursion: r₀ = 1 and j₀ = 1; then r_l = r_{l−1} + d_l (k_l − 1) j_{l−1} and j_l = j_{l−1} s_l, where
    the jump j is the distance in the input between two neighbours of layer l.
    layers: (kernel k, stride s, dilation d) of each layer, the one next to the input first; pooling
    counts as a layer.  Returns an int, 1 for no layer.
    Source: Araujo, Norris and Sim (2019); chapter `convolution`.
    """
    ### BEGIN SOLUTION
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size
    ### END SOLUTION


def count_conv_parameters(layers: list[tuple[int, int, int, int]]) -> int:
    """Return the number of trained parameters of convolutional layers.

    Formula: Σ F (C K² + e) over the layers.
    layers: (C, F, K, e) of each: the channels that one filter sees, the filters, the side of the
    square window, and what every filter has besides its weights: e = 1 for a bias, e = 2 for no bias
    and the γ and β of a batch norm, e = 0 for neither.  A dense layer is a window of side 1.
    Returns an int, 0 for no layer.
    Source: chapter `convolution`.
    """
    ### BEGIN SOLUTION
    return sum(F * (C * K**2 + extra) for C, F, K, extra in layers)
    ### END SOLUTION


def local_response_norm(
    X: np.ndarray, size: int, alpha: float, beta: float, k: float
) -> np.ndarray:
    """Return every value divided by a power of the activity of its neighbours in other channels.

    Formula: Y[n, c] = X[n, c] / (k + α/size · Σ X[n, c′]²)^β, the sum over the channels c′ from
    c − ⌊size/2⌋ to c + ⌊(size − 1)/2⌋ that exist, at the same pixel.
    X (N, C, H, W), size ≥ 1, k > 0.  Returns (N, C, H, W), dtype of X.
    Source: Krizhevsky, Sutskever and Hinton (2012), who write α for our α/size; torch's
    local_response_norm.
    """
    ### BEGIN SOLUTION
    squares = np.pad(X**2, ((0, 0), (size // 2, (size - 1) // 2), (0, 0), (0, 0)))
    neighbours = np.lib.stride_tricks.sliding_window_view(squares, size, axis=1)
    return X / (k + alpha / size * neighbours.sum(axis=-1)) ** beta
    ### END SOLUTION


def batch_norm2d(X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    """Return every channel normalised over the batch and all pixels, then scaled and shifted.

    Formula: γ (x − μ)/√(σ² + ε) + β, with the mean μ and the variance σ² of each channel over its
    N H W values, σ² divided by N H W.
    X (N, C, H, W), gamma, beta (C,).  Returns (N, C, H, W), dtype of the inputs.
    Source: Ioffe and Szegedy (2015), section 3.2; torch's batch_norm with training=True.
    """
    ### BEGIN SOLUTION
    centred = X - X.mean(axis=(0, 2, 3), keepdims=True)
    variance = (centred**2).mean(axis=(0, 2, 3), keepdims=True)
    gamma, beta = gamma[:, None, None], beta[:, None, None]
    return gamma * (centred / np.sqrt(variance + eps)) + beta
    ### END SOLUTION


def residual_block(
    X: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> np.ndarray:
    """Return ReLU(X + W₂ ∗ ReLU(W₁ ∗ X + b₁) + b₂).

    Both convolutions have stride 1 and padding ⌊K/2⌋, so that the maps keep their size.
    X (N, C, H, W), W1 (M, C, K, K), b1 (M,), W2 (C, M, K, K), b2 (C,), K odd.
    Returns (N, C, H, W), dtype of the inputs.
    Source: He, Zhang, Ren and Sun (2016), without the batch norms.
    """
    ### BEGIN SOLUTION
    padding = W1.shape[-1] // 2
    A = np.maximum(conv2d(X, W1, b1, 1, padding), 0)
    return np.maximum(X + conv2d(A, W2, b2, 1, padding), 0)
    ### END SOLUTION


def residual_block_backward(
    dY: np.ndarray,
    X: np.ndarray,
    W1: np.ndarray,
    b1: np.ndarray,
    W2: np.ndarray,
    b2: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of residual_block with respect to X, W1, b1, W2 and b2.

    Formulas: with S = X + W₂ ∗ A + b₂ and A = ReLU(Z), Z = W₁ ∗ X + b₁, the gradient dS = dY ⊙ [S > 0]
    reaches X on two paths: as it is, through the shortcut, and back through both convolutions.
    dY, X (N, C, H, W), W1 (M, C, K, K), b1 (M,), W2 (C, M, K, K), b2 (C,), K odd.
    Returns dX, dW1, db1, dW2, db2, shapes and dtype of the inputs.
    Source: He, Zhang, Ren and Sun (2016); chapter `convolution`.
    """
    ### BEGIN SOLUTION
    padding = W1.shape[-1] // 2
    Z = conv2d(X, W1, b1, 1, padding)
    A = np.maximum(Z, 0)
    dS = dY * (X + conv2d(A, W2, b2, 1, padding) > 0)
    dA, dW2, db2 = conv2d_backward(dS, A, W2, 1, padding)
    dX, dW1, db1 = conv2d_backward(dA * (Z > 0), X, W1, 1, padding)
    return dS + dX, dW1, db1, dW2, db2
    ### END SOLUTION
