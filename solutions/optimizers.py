"""Optimizers: steps downhill, each a pure function from parameters and state to new ones.

A step returns the new parameters first and the new state behind them, as new arrays of the dtype
that it was given.  theta, grad and the arrays of the state have one shape, any; on the first step
the state is zeros.  Every step is the one that torch.optim takes under the same name.
"""

from collections.abc import Callable, Iterator

import numpy as np


def numerical_gradient(
    f: Callable[[np.ndarray], float], x: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Return the gradient of f at x by central differences.

    Formula: entry i is (f(x + h eᵢ) − f(x − h eᵢ)) / (2h), with eᵢ one at entry i and 0 elsewhere.
    f: takes an array like x, returns a number.  x: any shape; it stays untouched.
    Differences are taken in float64, whatever x's dtype: float32 would drown them in rounding.
    Returns the shape of x, and its dtype (float64 if x holds integers).
    Source: chapter `optimizers`, a slope felt from two sides.
    """
    ### BEGIN SOLUTION
    gradient = np.zeros(np.shape(x))
    for i in np.ndindex(gradient.shape):
        step = np.zeros(gradient.shape)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient.astype(np.result_type(x, np.float32))
    ### END SOLUTION


def gradient_descent(
    grad: Callable[[np.ndarray], np.ndarray], x0: np.ndarray, lr: float, steps: int
) -> np.ndarray:
    """Return the point that `steps` steps of gradient descent reach from x0.

    Formula: x ← x − lr ∇f(x), every time at the present x.
    grad: ∇f, takes an array like x0 and returns one of the same shape.  x0 stays untouched.
    Returns an array with the shape and dtype of x0.
    Source: Cauchy (1847); chapter `optimizers`.
    """
    ### BEGIN SOLUTION
    x = x0
    for _ in range(steps):
        x = x - lr * grad(x)
    return x
    ### END SOLUTION


def largest_stable_learning_rate(H: np.ndarray) -> float:
    """Return the learning rate below which gradient descent on a quadratic converges.

    Formula: 2 / λmax, with λmax the largest eigenvalue of H, for f(x) = ½ xᵀ H x − bᵀ x.
    H (d, d): symmetric, no negative eigenvalue, not zero.  Returns a number.
    Source: chapter `optimizers`, the steepest direction sets the limit.
    """
    ### BEGIN SOLUTION
    return float(2 / np.linalg.eigvalsh(H)[-1])  # eigenvalues come in ascending order
    ### END SOLUTION


def minibatches(n: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the index arrays of the batches of one epoch: each of n examples once, in random order.

    The order is that of one rng.permutation(n), cut into consecutive batches of batch_size; the
    last batch may be smaller and counts too.
    Yields integer arrays (batch_size,), to be used as X[batch].
    Source: chapter `optimizers`, a batch is a sample.
    """
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]
    ### END SOLUTION


def momentum_step(
    theta: np.ndarray, grad: np.ndarray, velocity: np.ndarray, lr: float, momentum: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return theta and velocity after one step of gradient descent with momentum.

    Formula: v ← momentum · v + g, then θ ← θ − lr · v with the new v.
    theta, grad, velocity: one shape.
    Source: Polyak (1964); torch's SGD with `momentum`, no dampening.
    """
    ### BEGIN SOLUTION
    velocity = momentum * velocity + grad
    return theta - lr * velocity, velocity
    ### END SOLUTION


def nesterov_step(
    theta: np.ndarray, grad: np.ndarray, velocity: np.ndarray, lr: float, momentum: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return theta and velocity after one step of gradient descent with Nesterov's momentum.

    Formula: v ← momentum · v + g, then θ ← θ − lr · (g + momentum · v) with the new v.
    theta, grad, velocity: one shape; grad is the gradient at theta.
    Source: Nesterov (1983), in the form of torch's SGD with `nesterov=True`.
    """
    ### BEGIN SOLUTION
    velocity = momentum * velocity + grad
    return theta - lr * (grad + momentum * velocity), velocity
    ### END SOLUTION


def adagrad_step(
    theta: np.ndarray, grad: np.ndarray, accumulator: np.ndarray, lr: float, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return theta and accumulator after one step of AdaGrad.

    Formula: s ← s + g², then θ ← θ − lr · g / (√s + eps), entry by entry, with the new s.
    theta, grad, accumulator: one shape; no entry of the accumulator is negative.
    Source: Duchi, Hazan and Singer (2011); torch's Adagrad.
    """
    ### BEGIN SOLUTION
    accumulator = accumulator + grad * grad
    return theta - lr * grad / (np.sqrt(accumulator) + eps), accumulator
    ### END SOLUTION


def rmsprop_step(
    theta: np.ndarray, grad: np.ndarray, average: np.ndarray, lr: float, alpha: float, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return theta and average after one step of RMSProp.

    Formula: s ← alpha · s + (1 − alpha) · g², then θ ← θ − lr · g / (√s + eps), with the new s.
    theta, grad, average: one shape; no entry of the average is negative.
    Source: Tieleman and Hinton (2012); torch's RMSprop.
    """
    ### BEGIN SOLUTION
    average = alpha * average + (1 - alpha) * grad * grad
    return theta - lr * grad / (np.sqrt(average) + eps), average
    ### END SOLUTION


def adam_step(
    theta: np.ndarray,
    grad: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return theta, m and v after step number t of Adam; the first step has t = 1.

    Formula: m ← beta1 m + (1 − beta1) g and v ← beta2 v + (1 − beta2) g²,
    m̂ = m / (1 − beta1ᵗ) and v̂ = v / (1 − beta2ᵗ), then θ ← θ − lr · m̂ / (√v̂ + eps).
    theta, grad, m, v: one shape.  The m and v returned are those without correction.
    Source: Kingma and Ba (2015); torch's Adam.
    """
    ### BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    step = m / (1 - beta1**t)  # m̂; from here on in place: new arrays cost more than arithmetic
    size = v / (1 - beta2**t)  # v̂
    size **= 0.5
    size += eps
    step *= -lr
    step /= size
    step += theta
    return step, m, v
    ### END SOLUTION


def adamw_step(
    theta: np.ndarray,
    grad: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return theta, m and v after step number t of AdamW; the first step has t = 1.

    Formula: θ ← (1 − lr · weight_decay) θ, then the step of Adam with the same gradient:
    the decay enters neither m nor v.
    theta, grad, m, v: one shape.
    Source: Loshchilov and Hutter (2019); torch's AdamW.
    """
    ### BEGIN SOLUTION
    decayed = (1 - lr * weight_decay) * theta
    return adam_step(decayed, grad, m, v, t, lr, beta1, beta2, eps)
    ### END SOLUTION


def clip_gradient_norm(grads: list[np.ndarray], max_norm: float) -> list[np.ndarray]:
    """Return the gradients, shortened together if their common length exceeds max_norm.

    Formula: every g is multiplied by min(1, max_norm / (‖g‖ + 10⁻⁶)), where ‖g‖ is the root of the
    sum of squares over all entries of all arrays.
    grads: arrays of any shapes.  Returns a list of new arrays, same shapes and dtypes.
    Squares are summed in float64, whatever the dtype: float32 holds none of numbers beyond 2·10¹⁹.
    torch does not, and from there on makes the whole gradient 0.
    Source: Pascanu, Mikolov and Bengio (2013); the 10⁻⁶ is that of torch's clip_grad_norm_.
    """
    ### BEGIN SOLUTION
    norm = np.sqrt(sum(np.sum(np.square(g, dtype=float)) for g in grads))
    shrink = min(1.0, float(max_norm / (norm + 1e-6)))  # no float64 scalar, which would spread
    return [shrink * g for g in grads]
    ### END SOLUTION


def cosine_schedule(step: int, total: int, lr_max: float, lr_min: float = 0.0) -> float:
    """Return the learning rate of a step: half a cosine wave from lr_max down to lr_min.

    Formula: lr_min + ½ (lr_max − lr_min) (1 + cos(π step / total)).
    step: from 0, where the rate is lr_max, to total, where it is lr_min.  Returns a number.
    Source: Loshchilov and Hutter (2017); torch's CosineAnnealingLR with T_max = total.
    """
    ### BEGIN SOLUTION
    return float(lr_min + 0.5 * (lr_max - lr_min) * (1 + np.cos(np.pi * step / total)))
    ### END SOLUTION
