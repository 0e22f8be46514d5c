"""Activations: the bends between layers, and what their derivatives do to a gradient.

Every function works entry by entry on an array of any shape, unless its docstring says otherwise.
"""

import numpy as np


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return σ(z) = 1 / (1 + exp(−z)).

    z: any shape, as far out as ±1000 without a warning.
    Returns the same shape and dtype (float32 in, float32 out).
    Source: chapter `activations`, the stable form of the logistic function.
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(z))  # at most 1: nothing here can overflow
    return np.maximum(e, z >= 0) / (1 + e)  # the numerator is 1 where z ≥ 0, and e elsewhere
    ### END SOLUTION


def sigmoid_backward(dA: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ∂L/∂z for A = σ(z), given the upstream gradient dA = ∂L/∂A.

    Formula: dA ⊙ σ′(z) with σ′ = σ (1 − σ).
    dA, z: one shape.  Returns the same shape and dtype.
    Source: chapter `activations`, the derivative of the sigmoid.
    """
    ### BEGIN SOLUTION
    s = sigmoid(z)
    return dA * s * (1 - s)
    ### END SOLUTION


def tanh_backward(dA: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ∂L/∂z for A = tanh(z), given the upstream gradient dA = ∂L/∂A.

    Formula: dA ⊙ (1 − tanh²(z)).
    dA, z: one shape.  Returns the same shape and dtype.
    Source: chapter `activations`, the derivative of tanh.
    """
    ### BEGIN SOLUTION
    return dA * (1 - np.tanh(z) ** 2)
    ### END SOLUTION


def relu(z: np.ndarray) -> np.ndarray:
    """Return max(z, 0), entry by entry.

    z: any shape.  Returns the same shape and dtype.
    Source: Nair and Hinton (2010).
    """
    ### BEGIN SOLUTION
    return np.maximum(z, 0)
    ### END SOLUTION


def relu_backward(dA: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ∂L/∂z for A = relu(z), given the upstream gradient dA = ∂L/∂A.

    Formula: dA where z > 0, and 0 elsewhere; at z = 0 exactly the derivative counts as 0.
    dA, z: one shape.  Returns the same shape and dtype.
    Source: chapter `activations`; the choice at 0 is torch's.
    """
    ### BEGIN SOLUTION
    return dA * (z > 0)
    ### END SOLUTION


def leaky_relu(z: np.ndarray, negative_slope: float = 0.01) -> np.ndarray:
    """Return z where z > 0, and negative_slope · z elsewhere.

    z: any shape; negative_slope: any number, also one above 1.  Same shape and dtype as z.
    Source: Maas, Hannun and Ng (2013).
    """
    ### BEGIN SOLUTION
    return np.maximum(z, 0) + negative_slope * np.minimum(z, 0)  # faster than np.where
    ### END SOLUTION


def elu(z: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Return z where z > 0, and alpha · (exp(z) − 1) elsewhere.

    z: any shape, as far out as ±1000 without a warning; alpha: a positive number.
    Returns the same shape and dtype as z.
    Source: Clevert, Unterthiner and Hochreiter (2016).
    """
    ### BEGIN SOLUTION
    return np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0))
    ### END SOLUTION


def softplus(z: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(z)).

    z: any shape, as far out as ±1000 without a warning.  Returns the same shape and dtype.
    Source: Dugas et al. (2001); the stable form is derived in chapter `activations`.
    """
    ### BEGIN SOLUTION
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    ### END SOLUTION


def gelu(z: np.ndarray) -> np.ndarray:
    """Return the tanh form of GELU: ½ z (1 + tanh(√(2/π) (z + 0.044715 z³))).

    z: any shape.  Returns the same shape and dtype (float32 in, float32 out).
    Source: Hendrycks and Gimpel (2016); torch's gelu with approximate="tanh".
    """
    ### BEGIN SOLUTION
    inner = (2 / np.pi) ** 0.5 * (z + 0.044715 * z * z * z)  # z**3 is many times slower
    return 0.5 * z * (1 + np.tanh(inner))
    ### END SOLUTION


def silu_backward(dA: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ∂L/∂z for A = z σ(z) (SiLU, also called swish), given dA = ∂L/∂A.

    Formula: dA ⊙ (σ(z) + z σ(z) (1 − σ(z))), one term for each place where z stands.
    dA, z: one shape.  Returns the same shape and dtype.
    Source: Elfwing, Uchibe and Doya (2018); derived in chapter `activations`.
    """
    ### BEGIN SOLUTION
    s = sigmoid(z)
    return dA * (s + z * s * (1 - s))
    ### END SOLUTION


def dead_fraction(Z: np.ndarray) -> float:
    """Return the share of ReLU units that are off on every example.

    Z (N, H): pre-activations, one row an example, one column a unit.
    A unit is dead on these examples if no entry of its column is positive.
    Returns a number between 0 and 1.
    Source: chapter `activations`, dead units.
    """
    ### BEGIN SOLUTION
    return float(np.mean(np.all(Z <= 0, axis=0)))
    ### END SOLUTION


def gradient_attenuation(zs: list[np.ndarray]) -> np.ndarray:
    """Return the product of σ′(z) along depth: what the sigmoids alone do to a gradient.

    zs: L ≥ 1 arrays of one shape, the pre-activations of layers 1 to L.
    Formula: σ′(z¹) ⊙ σ′(z²) ⊙ … ⊙ σ′(zᴸ), which never exceeds 4⁻ᴸ.
    Returns an array with the shape and dtype of one layer.
    Source: Hochreiter (1991); chapter `activations`, the vanishing product.
    """
    ### BEGIN SOLUTION
    product = np.ones_like(zs[0])
    for z in zs:
        product = sigmoid_backward(product, z)
    return product
    ### END SOLUTION
