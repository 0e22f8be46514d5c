"""Training: how to begin, how to hold back, when to stop, and how to know that it works.

What is random is judged by its law: any way of drawing from `rng` that gives the same chances is
right, whatever the order of its calls.
"""

import numpy as np


def xavier_uniform(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """Return Xavier's (also called Glorot's) random weights for a layer with symmetric units.

    Formula: every entry independent and uniform between −b and b, with b = √(6 / (fan_in + fan_out)),
    so that its variance b²/3 is 2 / (fan_in + fan_out).
    fan_in, fan_out: how many units lead into the layer, and how many it has.
    Returns W (fan_out, fan_in), float64, drawn from rng.
    Source: Glorot and Bengio (2010); torch's xavier_uniform_.
    """
    ### BEGIN SOLUTION
    bound = (6 / (fan_in + fan_out)) ** 0.5
    return rng.uniform(-bound, bound, size=(fan_out, fan_in))
    ### END SOLUTION


def he_normal(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """Return He's (also called Kaiming's) random weights for a layer that follows ReLU units.

    Formula: every entry independent and normal with mean 0 and variance 2 / fan_in; nothing is cut.
    fan_in, fan_out: how many units lead into the layer, and how many it has.
    Returns W (fan_out, fan_in), float64, drawn from rng.
    Source: He, Zhang, Ren and Sun (2015); torch's kaiming_normal_.
    """
    ### BEGIN SOLUTION
    return rng.normal(0.0, (2 / fan_in) ** 0.5, size=(fan_out, fan_in))
    ### END SOLUTION


def truncated_normal(
    size: int | tuple[int, ...], std: float, rng: np.random.Generator
) -> np.ndarray:
    """Return independent normal numbers of mean 0, cut at two standard deviations.

    Law: the normal law with standard deviation std, given that the number lies in [−2 std, 2 std].
    Those outside are drawn again until they lie inside; they are not moved to the edge.
    std is the spread before the cut; after it the standard deviation is smaller, 0.8796 std.
    size: a number or a shape, as NumPy's generators take it; std > 0.
    Returns an array of that size, float64, drawn from rng.
    Source: torch's trunc_normal_ with a = −2 std and b = 2 std.
    """
    ### BEGIN SOLUTION
    w = rng.normal(0.0, std, size=size)
    while (outside := np.abs(w) > 2 * std).any():
        w[outside] = rng.normal(0.0, std, size=outside.sum())
    return w
    ### END SOLUTION


def l2_penalty_backward(W: np.ndarray, lam: float) -> np.ndarray:
    """Return the gradient of the L2 penalty λ/2 · Σ w² with respect to W.

    Formula: λ W.  The ½ of the penalty has cancelled the 2 of the square, as in weight decay.
    W: any shape; lam: λ ≥ 0.  Returns the same shape and dtype as W.
    Source: Hanson and Pratt (1988); chapter `training`, weight decay.
    """
    ### BEGIN SOLUTION
    return lam * W
    ### END SOLUTION


def soft_threshold(w: np.ndarray, t: float) -> np.ndarray:
    """Return the minimiser over v of ½ (v − w)² + t |v|, entry by entry.

    Formula: sign(w) max(|w| − t, 0): every weight moves by t towards 0, and stops there.
    w: any shape; t ≥ 0.  Returns the same shape and dtype as w.
    Source: Donoho (1995); chapter `training`, the L1 penalty; torch's softshrink.
    """
    ### BEGIN SOLUTION
    return np.sign(w) * np.maximum(np.abs(w) - t, 0)
    ### END SOLUTION


def dropout(X: np.ndarray, p: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return X with entries dropped at random, and the mask that says which were kept.

    Law: every entry is dropped with probability p, independently of the others.
    Formula: X ⊙ mask / (1 − p).  Dividing by 1 − p here keeps the mean of every entry, so that
    nothing is to be done at test time (inverted dropout).
    X: any shape; p: the probability of dropping, 0 ≤ p < 1.
    Returns Y, mask: Y has the shape and dtype of X; mask is boolean, True where X was kept.
    Source: Srivastava et al. (2014); torch's dropout.
    """
    ### BEGIN SOLUTION
    mask = rng.random(X.shape) >= p
    return X * mask / (1 - p), mask
    ### END SOLUTION


def dropout_backward(dY: np.ndarray, mask: np.ndarray, p: float) -> np.ndarray:
    """Return ∂L/∂X for Y, mask = dropout(X, p, rng), given the upstream gradient dY = ∂L/∂Y.

    Formula: dY ⊙ mask / (1 − p), with the mask of the forward pass.
    dY, mask: one shape; mask is boolean, True where X was kept; 0 ≤ p < 1.
    Returns the same shape, and the dtype of dY.
    Source: chapter `training`, dropout.
    """
    ### BEGIN SOLUTION
    return dY * mask / (1 - p)
    ### END SOLUTION


def standardize(X_train: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return X with every column shifted and scaled by the statistics of that column in X_train.

    Formula: (X − m) / s, with m the mean and s the standard deviation (division by N) of the
    columns of X_train.  Where all training values of a column are equal, s counts as 1: such a
    column is only shifted, and nothing warns.
    X_train (N, D), X (M, D).  Returns (M, D), dtype of the inputs.
    Source: chapter `training`, what a test set must not tell; LeCun, Bottou, Orr and Müller (1998).
    """
    ### BEGIN SOLUTION
    constant = X_train.min(axis=0) == X_train.max(axis=0)  # rounding may leave their std above 0
    s = np.where(constant, 1, X_train.std(axis=0))
    return (X - X_train.mean(axis=0)) / s
    ### END SOLUTION


def train_valid_test_split(
    n: int, fractions: tuple[float, float, float], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return three arrays of indices that share out the examples 0 … n − 1 at random.

    Every example falls into exactly one part, and every order of the examples is equally likely.
    Sizes: a random order is cut after round(n f₁) and after round(n (f₁ + f₂)) examples, where
    f₁, f₂, f₃ are the fractions; the third part is what remains.
    fractions: the shares of train, valid and test; they add up to 1.
    Returns train, valid, test: arrays of integers in random order.
    Source: chapter `training`, three sets for three questions.
    """
    ### BEGIN SOLUTION
    cuts = np.round(n * np.cumsum(fractions[:2])).astype(int)
    train, valid, test = np.split(rng.permutation(n), cuts)
    return train, valid, test
    ### END SOLUTION


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Return how often each class was taken for each class.

    Entry (i, j) counts the examples with label i and prediction j: rows are true, columns predicted.
    labels, predictions (N,): integers from 0 to classes − 1, of any width (uint8 too).
    Returns (classes, classes) integers, also for classes that do not occur.
    Source: chapter `training`; scikit-learn's confusion_matrix.
    """
    ### BEGIN SOLUTION
    cells = np.ravel_multi_index((labels, predictions), (classes, classes))
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)
    ### END SOLUTION


def precision_recall_curve(
    scores: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return precision and recall at every threshold that makes a difference.

    thresholds: the distinct scores, increasing.  Entry i of precision and recall belongs to the rule
    "positive if score ≥ thresholds[i]"; examples with equal scores change sides together.
    Precision is true positives / predicted positives, recall is true positives / positives.
    One point is added at the end, precision 1 and recall 0, so both are one longer than thresholds.
    If no label is positive, recall counts as 1 at every threshold.
    scores (N,), N ≥ 1; labels (N,): 1 or True for positives, 0 or False for the others.
    Returns precision, recall, thresholds.
    Source: Davis and Goadrich (2006); scikit-learn's precision_recall_curve.
    """
    ### BEGIN SOLUTION
    thresholds, place = np.unique(scores, return_inverse=True)
    chosen = np.bincount(place)[::-1].cumsum()[::-1]  # how many have this score or a higher one
    hits = np.bincount(place, weights=labels)[::-1].cumsum()[::-1]
    recall = hits / hits[0] if hits[0] > 0 else np.ones(len(hits))
    return np.append(hits / chosen, 1.0), np.append(recall, 0.0), thresholds
    ### END SOLUTION


def f_score(
    precision: float | np.ndarray, recall: float | np.ndarray, beta: float
) -> float | np.ndarray:
    """Return F_β, the harmonic mean of precision and recall that gives recall β² times the weight.

    Formula: (1 + β²) P R / (β² P + R), and 0 where P and R are both 0, without a warning.
    precision, recall: two numbers, or arrays of one shape; beta > 0.
    Returns a number, or an array of that shape and dtype.
    Source: van Rijsbergen (1979); chapter `training`, the weighted harmonic mean.
    """
    ### BEGIN SOLUTION
    weighted = beta**2 * precision + recall
    product = (1 + beta**2) * precision * recall
    return product / np.where(weighted == 0, 1, weighted)  # 0 / 1 where both are 0
    ### END SOLUTION


def accuracy_at_coverage(confidence: np.ndarray, correct: np.ndarray, coverage: float) -> float:
    """Return the accuracy on the most confident examples, when the others may be left unanswered.

    k = coverage · N rounded to the nearest whole number, at least 1.  Answered are the k most
    confident examples, and with the k-th all that are as confident as it is: a threshold cannot
    tell them apart.
    confidence (N,); correct (N,): True or 1 where the answer would be right; 0 < coverage ≤ 1.
    Returns the share of right answers among those given.
    Source: Chow (1970); chapter `training`, knowing when not to answer.
    """
    ### BEGIN SOLUTION
    k = max(1, round(coverage * len(confidence)))
    threshold = np.sort(confidence)[-k]
    return float(np.mean(correct[confidence >= threshold]))
    ### END SOLUTION


def early_stopping(valid_losses: list[float], patience: int) -> tuple[int, int]:
    """Return the epoch whose weights are kept, and the epoch after which training stops.

    Epochs count from 0.  The best epoch so far is the first with the lowest loss so far: only a
    strictly lower loss is an improvement, and NaN never is.  (It is 0 as long as all are NaN.)
    Training stops after the first epoch that lies `patience` epochs behind the best one so far,
    and sees no later loss; if there is none, after the last epoch.
    valid_losses: at least one number; patience ≥ 1.
    Returns best, stop with best ≤ stop.
    Source: Prechelt (1998); chapter `training`, early stopping.
    """
    ### BEGIN SOLUTION
    best, lowest = 0, float("inf")
    for epoch, loss in enumerate(valid_losses):
        if loss < lowest:  # False for NaN
            best, lowest = epoch, loss
        elif epoch - best >= patience:
            return best, epoch
    return best, len(valid_losses) - 1
    ### END SOLUTION


def batch_norm_inference(
    X: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    running_mean: np.ndarray,
    running_var: np.ndarray,
    eps: float,
) -> np.ndarray:
    """Return batch norm at test time: every column scaled by statistics gathered in training.

    Formula: γ (X − running_mean) / √(running_var + ε) + β, so an example's result does not depend
    on the others in its batch.
    X (N, D); gamma, beta, running_mean, running_var (D,).  Returns (N, D), dtype of the inputs.
    Source: Ioffe and Szegedy (2015); torch's batch_norm with training=False.
    """
    ### BEGIN SOLUTION
    return (X - running_mean) * (gamma / np.sqrt(running_var + eps)) + beta
    ### END SOLUTION
