"""What an answer in the chapter on optimizers must satisfy, and the mistakes people make."""

import math

import numpy as np

from autograder.exercise import Exercise, Function, Seed
from solutions import optimizers as reference

# -- numerical_gradient ------------------------------------------------------------------------

# No two programs share their rounding errors, so every h is large enough to stay far above them.
numerical_gradient = Exercise(
    reference.numerical_gradient, points=2, see="eq-two-sided", returns="gradient", rtol=1e-6
)
numerical_gradient.hints(
    "What would you do to learn the slope in the direction of one entry of x, with f alone?",
    "Move one entry up by h and down by h, leave the others, and divide the change of f by 2h. "
    "Do so for every entry, each time from the same x.",
    "For every i in np.ndindex(np.shape(x)): `step = np.zeros(np.shape(x))`, `step[i] = h`, "
    "`gradient[i] = (f(x + step) - f(x - step)) / (2 * h)`.",
)


@numerical_gradient.cases
def _(rng):
    def case(source, x, h):
        return dict(f=Function(source), x=x, h=h)

    yield "a cubic", case("lambda x: np.sum(x ** 3)", rng.uniform(0.5, 1.5, size=4), 0.1)
    weighted = "lambda X: np.sum(np.exp(X) * np.array([[1, 2, 3], [4, 5, 6]]))"
    yield "a matrix", case(weighted, rng.normal(size=(2, 3)), 0.02)
    together = "lambda x: np.prod(np.cos(x)) + x[0] * x[3] ** 2"
    yield "entries that act together", case(together, rng.uniform(0.3, 1, size=5), 0.01)
    yield "a single number in an array", case("lambda x: np.sum(x) ** 3", np.array([0.7]), 0.5)
    third = "lambda X: np.sum(X ** 3 * np.array([[1, 2], [3, 4], [5, 6]]))"
    turned = rng.normal(size=(2, 3)).T
    yield "a transposed (non-contiguous) input", case(third, turned, 0.05)
    near = rng.normal(size=3).astype(np.float32)
    yield "a float32 input", case("lambda x: np.sum(np.exp(x)) + 100", near, 1e-4)


@numerical_gradient.oracle
def _(f, x, h):
    flat = x.astype(float).ravel()
    found = []
    for i in range(flat.size):
        ends = []
        for side in (h, -h):
            moved = flat.copy()
            moved[i] += side
            ends.append(f(moved.reshape(x.shape)))
        found.append((ends[0] - ends[1]) / (2 * h))
    return np.array(found, dtype=x.dtype).reshape(x.shape)


def entrywise(x, quotient):
    """The gradient whose entry for a unit step e is quotient(e)."""
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = 1
        gradient[i] = quotient(e)
    return gradient.astype(x.dtype)


@numerical_gradient.mistake(
    "That is the forward difference, (f(x + h) − f(x))/h, whose error shrinks with h only; step to "
    "both sides, (f(x + h) − f(x − h))/(2h), and it shrinks with h²."
)
def forward_differences(f, x, h=1e-5):
    return entrywise(x, lambda e: (f(x + h * e) - f(x)) / h)


@numerical_gradient.mistake("From x − h to x + h is a way of 2h: divide the change of f by 2h.")
def divided_by_h_instead_of_2h(f, x, h=1e-5):
    return entrywise(x, lambda e: (f(x + h * e) - f(x - h * e)) / h)


@numerical_gradient.mistake(
    "`2 * h` needs parentheses under the fraction: `/ 2 * h` divides by 2 and multiplies by h."
)
def parentheses_forgotten(f, x, h=1e-5):
    return entrywise(x, lambda e: (f(x + h * e) - f(x - h * e)) / 2 * h)


@numerical_gradient.mistake(
    "You subtract the value ahead from the value behind, so every slope has the wrong sign: "
    "f(x + h) comes first."
)
def ends_swapped(f, x, h=1e-5):
    return entrywise(x, lambda e: (f(x - h * e) - f(x + h * e)) / (2 * h))


@numerical_gradient.mistake(
    "You move all entries of x at once, so every slope comes out as the sum of all; move one entry "
    "at a time."
)
def all_entries_moved_at_once(f, x, h=1e-5):
    return entrywise(x, lambda e: (f(x + h) - f(x - h)) / (2 * h))


@numerical_gradient.mistake(
    "An entry that was moved must go back before the next one moves; yours stays moved, so later "
    "slopes are taken elsewhere. Work on a fresh copy for each entry."
)
def entry_not_moved_back(f, x, h=1e-5):
    here, gradient = x.astype(float), np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        here[i] += h
        ahead = f(here)
        here[i] -= 2 * h
        gradient[i] = (ahead - f(here)) / (2 * h)
    return gradient.astype(x.dtype)


@numerical_gradient.mistake(
    "In float32 a step of h drowns in rounding: take the differences in float64, whatever the dtype "
    "of x, for instance by adding a float64 step, and turn the result into x's dtype at the end."
)
def differences_in_float32(f, x, h=1e-5):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = h
        gradient[i] = (f(x + e) - f(x - e)) / (2 * h)
    return gradient


@numerical_gradient.alternative
def in_place_and_back(f, x, h=1e-5):
    here, gradient = np.array(x, dtype=float), np.zeros(x.shape, dtype=x.dtype)
    for i in np.ndindex(here.shape):
        kept = here[i]
        here[i] = kept + h
        ahead = f(here)
        here[i] = kept - h
        gradient[i] = (ahead - f(here)) / (2 * h)
        here[i] = kept
    return gradient


@numerical_gradient.alternative
def rows_of_the_identity(f, x, h=1e-5):
    steps = h * np.eye(x.size).reshape(-1, *x.shape)
    slopes = [(f(x + step) - f(x - step)) / (2 * h) for step in steps]
    return np.array(slopes).reshape(x.shape).astype(x.dtype)


# -- gradient_descent --------------------------------------------------------------------------

gradient_descent = Exercise(
    reference.gradient_descent, points=1, see="def-gradient-descent", returns="x"
)
gradient_descent.hints(
    "The gradient points uphill. Which way do you go, and where do you ask for the next gradient?",
    "Repeat `steps` times: ask for the gradient at the present x, go lr times it in the opposite "
    "direction, and let a new array be x.",
    "`x = x0`, then `for _ in range(steps): x = x - lr * grad(x)`, and return x.",
)


@gradient_descent.cases
def _(rng):
    def case(source, x0, lr, steps):
        return dict(grad=Function(source), x0=x0, lr=lr, steps=steps)

    tilted = "lambda x: np.array([[3, 1], [1, 2]]) @ x - np.array([1, -2])"
    yield "a tilted bowl", case(tilted, rng.normal(size=2), 0.2, 6)
    bent = "lambda x: x ** 3 + np.sin(x)"
    yield "a valley that is no parabola", case(bent, rng.uniform(-1, 1, size=4), 0.1, 9)
    weighted = "lambda X: np.array([[1, 2, 3], [4, 5, 6]]) * X"
    yield "a matrix", case(weighted, rng.normal(size=(2, 3)), 0.15, 5)
    yield "a single step", case("lambda x: np.exp(x)", rng.normal(size=3), 0.4, 1)
    yield "no step at all", case("lambda x: 2 * x", rng.normal(size=5), 0.3, 0)
    yield "a rate that is too large", case("lambda x: 4 * x", rng.normal(size=2), 0.7, 12)
    near = rng.normal(size=(3, 2)).astype(np.float32)
    yield "a float32 start", case("lambda x: 2 * x + 1", near, 0.3, 4)


@gradient_descent.torch
def _(torch, grad, x0, lr, steps):
    optimizer = torch.optim.SGD([x0], lr=lr)
    for _ in range(steps):
        x0.grad = torch.as_tensor(grad(x0.numpy()))
        optimizer.step()
    return x0


@gradient_descent.mistake(
    "The steps go uphill: the gradient points to where f rises, so subtract lr times it."
)
def uphill(grad, x0, lr, steps):
    return reference.gradient_descent(grad, x0, -lr, steps)


@gradient_descent.mistake(
    "Every step uses the gradient of the start. Ask again after each step: `grad(x)`, at the present x."
)
def gradient_of_the_start(grad, x0, lr, steps):
    return x0 - steps * lr * grad(x0)


@gradient_descent.mistake(
    "The learning rate is missing: x − ∇f(x) is a step with lr = 1. Multiply the gradient by lr."
)
def learning_rate_forgotten(grad, x0, lr, steps):
    return reference.gradient_descent(grad, x0, 1.0, steps)


@gradient_descent.mistake(
    "One step too few: `range(1, steps)` counts steps − 1 times; `range(steps)` counts steps times."
)
def one_step_too_few(grad, x0, lr, steps):
    return reference.gradient_descent(grad, x0, lr, max(steps - 1, 0))


@gradient_descent.mistake("One step too many: `range(steps)` already counts steps times.")
def one_step_too_many(grad, x0, lr, steps):
    return reference.gradient_descent(grad, x0, lr, steps + 1)


@gradient_descent.mistake(
    "You divide by the length of the gradient, so every step has length lr. Gradient descent steps "
    "in proportion to the slope, and so slows down by itself near a minimum."
)
def steps_of_fixed_length(grad, x0, lr, steps):
    def direction(x):
        return grad(x) / np.linalg.norm(grad(x))

    return reference.gradient_descent(direction, x0, lr, steps)


@gradient_descent.mistake(
    "You return the whole path; only the point where it ends is asked for, an array like x0."
)
def path_returned(grad, x0, lr, steps):
    path = [x0]
    for _ in range(steps):
        path.append(path[-1] - lr * grad(path[-1]))
    return np.array(path)


@gradient_descent.mistake(
    "The numbers are right, but `-=` writes into x0, which belongs to the caller, who then cannot "
    "start there again. Let `x = x - lr * grad(x)` make a new array."
)
def written_into_the_start(grad, x0, lr, steps):
    for _ in range(steps):
        x0 -= lr * grad(x0)
    return x0


@gradient_descent.alternative
def on_a_copy(grad, x0, lr, steps):
    x = x0.copy()
    for _ in range(steps):
        x -= lr * grad(x)
    return x


@gradient_descent.alternative
def by_recursion(grad, x0, lr, steps):
    return by_recursion(grad, x0 - lr * grad(x0), lr, steps - 1) if steps else x0


# -- largest_stable_learning_rate --------------------------------------------------------------

largest_stable_learning_rate = Exercise(
    reference.largest_stable_learning_rate, points=2, see="eq-stable", returns="lr", rtol=1e-5
)
largest_stable_learning_rate.hints(
    "Along an eigenvector with eigenvalue λ every step multiplies the error by 1 − lr λ. For which "
    "lr does that shrink it, and which λ is the strictest?",
    "The strictest is the largest eigenvalue, λmax, and the limit is 2/λmax. "
    "For a symmetric matrix NumPy has `np.linalg.eigvalsh`, in ascending order.",
    "`return float(2 / np.linalg.eigvalsh(H)[-1])`.",
)


def curvature(rng, d, examples):
    """A random symmetric matrix with positive eigenvalues, for d < examples."""
    A = rng.normal(size=(examples, d)) * rng.uniform(0.3, 2, size=d)
    return A.T @ A / examples


@largest_stable_learning_rate.cases
def _(rng):
    yield "a tilted bowl", dict(H=curvature(rng, 2, 5))
    yield "five directions", dict(H=curvature(rng, 5, 9))
    yield "a valley with a flat floor", dict(H=np.pad(curvature(rng, 3, 6), (0, 1)))
    falling = np.sort(rng.uniform(1, 9, size=3))[::-1]
    yield "curvatures along the axes", dict(H=np.diag(falling))
    yield "a single direction", dict(H=np.array([[rng.uniform(1, 5)]]))
    yield "a very steep bowl", dict(H=1e8 * curvature(rng, 3, 7))
    yield "a float32 matrix", dict(H=curvature(rng, 3, 6).astype(np.float32))


@largest_stable_learning_rate.torch
def _(torch, H):
    return 2 / torch.linalg.matrix_norm(H.double(), 2)


@largest_stable_learning_rate.mistake(
    "1/λmax is where the steepest direction lands in one step. It may overshoot and still come "
    "nearer: |1 − lr λ| < 1 holds up to 2/λ."
)
def one_over_the_largest(H):
    return 1 / np.linalg.eigvalsh(H)[-1]


@largest_stable_learning_rate.mistake(
    "You took the smallest eigenvalue. The steepest direction is the first to run away, so the "
    "largest eigenvalue sets the limit: the last one, since eigvalsh sorts upwards."
)
def smallest_eigenvalue(H):
    return 2 / np.linalg.eigvalsh(H)[0]


@largest_stable_learning_rate.mistake(
    "2/(λmin + λmax) is the rate with the fastest convergence. The largest stable one is 2/λmax."
)
def the_fastest_rate(H):
    eigenvalues = np.linalg.eigvalsh(H)
    return 2 / (eigenvalues[0] + eigenvalues[-1])


@largest_stable_learning_rate.mistake(
    "You took the largest diagonal entry, the curvature along an axis. The steepest direction may "
    "lie between the axes: take the largest eigenvalue."
)
def largest_diagonal_entry(H):
    return 2 / np.max(np.diag(H))


@largest_stable_learning_rate.mistake(
    "The trace is the sum of all eigenvalues. That rate is stable, but not the largest: every "
    "direction has its own limit, and λmax alone decides."
)
def trace_instead_of_the_largest(H):
    return 2 / np.trace(H)


@largest_stable_learning_rate.mistake(
    "`np.linalg.norm(H)` is the root of the sum of all squared entries. The largest eigenvalue is "
    "the norm with `ord=2`, or the last entry of `np.linalg.eigvalsh(H)`."
)
def frobenius_norm(H):
    return 2 / np.linalg.norm(H)


@largest_stable_learning_rate.mistake(
    "The fraction is upside down: steep directions ask for small steps, so λmax stands below."
)
def fraction_upside_down(H):
    return np.linalg.eigvalsh(H)[-1] / 2


@largest_stable_learning_rate.alternative
def by_the_spectral_norm(H):
    return 2 / np.linalg.norm(H, 2)


@largest_stable_learning_rate.alternative
def by_general_eigenvalues(H):
    return 2 / max(np.linalg.eigvals(H).real)


# -- minibatches -------------------------------------------------------------------------------

minibatches = Exercise(reference.minibatches, points=2, see="def-minibatch", returns="batches")
minibatches.hints(
    "Every example must come once an epoch, in random order. Which call of rng gives such an order?",
    "Draw `order = rng.permutation(n)` once and cut it into slices of batch_size. "
    "The last slice may be shorter: slicing past the end does no harm.",
    "`for start in range(0, n, batch_size): yield order[start : start + batch_size]`.",
)


@minibatches.cases
def _(rng):
    def case(n, batch_size):
        return dict(n=n, batch_size=batch_size, rng=Seed(int(rng.integers(100_000))))

    yield "a last batch that is smaller", case(11, 4)
    yield "batches that fit exactly", case(12, 3)
    yield "one batch of everything", case(7, 7)
    yield "a batch size larger than the data", case(9, 20)
    yield "one example a batch", case(8, 1)
    yield "an epoch of many batches", case(103, 10)


@minibatches.torch
def _(torch, n, batch_size, rng):
    return torch.from_numpy(rng.permutation(n)).split(batch_size)


def cut(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


@minibatches.mistake(
    "When batch_size does not divide n, a smaller batch is left at the end; its examples count too, "
    "so let `range(0, n, batch_size)` reach the end."
)
def last_batch_dropped(n, batch_size, rng):
    return [b for b in cut(rng.permutation(n), batch_size) if len(b) == batch_size]


@minibatches.mistake(
    "The examples keep the order of the file: draw `rng.permutation(n)` and cut that."
)
def not_shuffled(n, batch_size, rng):
    return cut(np.arange(n), batch_size)


@minibatches.mistake(
    "You draw with replacement, so some examples come twice in an epoch and others never. "
    "Cut one permutation instead."
)
def drawn_with_replacement(n, batch_size, rng):
    return cut(rng.integers(n, size=n), batch_size)


@minibatches.mistake(
    "You draw a new permutation for every batch, so some examples come twice in an epoch and others "
    "never: draw one permutation, then cut it."
)
def new_permutation_for_every_batch(n, batch_size, rng):
    return [rng.permutation(n)[: len(b)] for b in cut(np.arange(n), batch_size)]


@minibatches.mistake("batch_size is the number of examples in a batch; you made that many batches.")
def batch_size_taken_for_the_number_of_batches(n, batch_size, rng):
    return np.array_split(rng.permutation(n), batch_size)


@minibatches.mistake(
    "You evened the batches out. Full batches come first, and what is left over makes a smaller "
    "last one."
)
def evened_out(n, batch_size, rng):
    return np.array_split(rng.permutation(n), math.ceil(n / batch_size))


@minibatches.mistake(
    "When batch_size divides n, an empty batch is left at the end, and the mean over no examples is "
    "NaN: `range(0, n, batch_size)` stops in time."
)
def an_empty_batch_at_the_end(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(n // batch_size + 1)]


@minibatches.mistake(
    "Every batch is the first one: move the slice on, order[start : start + batch_size]."
)
def same_batch_each_time(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[:batch_size] for _ in range(0, n, batch_size)]


@minibatches.alternative
def in_a_list(n, batch_size, rng):
    return np.split(rng.permutation(n), range(batch_size, n, batch_size))


@minibatches.alternative
def taken_off_the_front(n, batch_size, rng):
    order = rng.permutation(n)
    while len(order):
        yield order[:batch_size]
        order = order[batch_size:]


@minibatches.alternative
def from_a_shuffled_range(n, batch_size, rng):
    order = np.arange(n)
    rng.shuffle(order)
    return (order[start : start + batch_size] for start in range(0, n, batch_size))


# -- the steps: their cases and their oracle ---------------------------------------------------


def histories(rng):
    """Parameters, the gradient of this step and those of all steps before it, stacked.

    The states of the cases are built from these gradients as sums, without any step function.
    """

    def history(shape, before, size=1.0):
        theta, *gradients = rng.normal(size=(before + 2, *shape))
        return theta, size * gradients[-1], size * np.reshape(gradients[:-1], (before, *shape))

    yield "the seventh step of a matrix", history((4, 3), 6)
    yield "the very first step, from zeros", history((5,), 0)
    yield "the second step", history((3, 2), 1)
    yield "the two-hundredth step", history((2, 6), 199)
    yield "an array with three axes", history((2, 4, 3), 5)
    yield "a single parameter", history((1,), 8)
    theta, grad, past = history((3, 7), 5)
    yield "transposed (non-contiguous) arrays", (theta.T, grad.T, past.transpose(0, 2, 1))
    yield "gradients in the millions", history((2, 5), 9, 1e6)
    theta, grad, past = history((6,), 7)
    used = np.array([1, 0, 1, 1, 0, 1])
    yield "parameters that never had a gradient", (theta, used * grad, used * past)
    single = [array.astype(np.float32) for array in history((4, 2), 6)]
    yield "float32 arrays", single


def faded_sum(past, decay):
    """Σ decay^(age) × gradient, the last gradient with age 0; zeros if there is none."""
    weights = decay ** np.arange(len(past))[::-1].reshape(-1, *[1] * (past.ndim - 1))
    return np.sum(weights * past, axis=0).astype(past.dtype)


def like(state, theta):
    """The state in theta's memory layout."""
    return np.copy(state.T).T if theta.flags.f_contiguous else state


def stepped(torch, optimizer, theta, grad, **state):
    """One step of a torch optimizer that has come to this state; return theta and the state."""
    optimizer.state[theta] = state
    theta.grad = grad
    optimizer.step()
    return theta, *(value for name, value in state.items() if name != "step")


def entry_by_entry(step, *arrays):
    """The plain loop: call step, a function of numbers, for every entry."""
    results = [np.empty_like(arrays[0]), *(np.empty_like(array) for array in arrays[2:])]
    for i in np.ndindex(arrays[0].shape):
        for result, number in zip(results, step(*(float(a[i]) for a in arrays)), strict=True):
            result[i] = number
    return tuple(results)


# -- momentum_step -----------------------------------------------------------------------------

momentum_step = Exercise(
    reference.momentum_step, points=1, see="def-momentum", returns="theta, velocity"
)
momentum_step.hints(
    "Which of the two is updated first, and does the step use the old velocity or the new one?",
    "The velocity keeps a share `momentum` of itself and gains the whole gradient; then theta moves "
    "against it, lr times as far.",
    "`velocity = momentum * velocity + grad`, then `return theta - lr * velocity, velocity`.",
)


def velocity_cases(rng):
    for label, (theta, grad, past) in histories(rng):
        lr, momentum = float(rng.uniform(0.01, 0.5)), float(rng.uniform(0.3, 0.95))
        velocity = like(faded_sum(past, momentum), theta)
        yield label, dict(theta=theta, grad=grad, velocity=velocity, lr=lr, momentum=momentum)


def large_velocity(rng):
    theta, grad, velocity = rng.normal(size=(3, 101_770))
    return dict(theta=theta, grad=grad, velocity=velocity, lr=0.1, momentum=0.9)


momentum_step.cases(velocity_cases)
momentum_step.benchmark(large_velocity)


@momentum_step.torch
def _(torch, theta, grad, velocity, lr, momentum):
    optimizer = torch.optim.SGD([theta], lr=lr, momentum=momentum)
    return stepped(torch, optimizer, theta, grad, momentum_buffer=velocity)


@momentum_step.mistake(
    "The velocity forgets everything but the present gradient, so this is plain gradient descent: "
    "carry momentum times the old velocity along."
)
def velocity_not_carried(theta, grad, velocity, lr, momentum):
    return theta - lr * grad, grad


@momentum_step.mistake(
    "You average, momentum · v + (1 − momentum) · g. Momentum adds the whole gradient, so under a "
    "steady gradient the velocity grows to g / (1 − momentum); yours only reaches g."
)
def gradient_times_one_minus_momentum(theta, grad, velocity, lr, momentum):
    velocity = momentum * velocity + (1 - momentum) * grad
    return theta - lr * velocity, velocity


@momentum_step.mistake(
    "Theta moves with the old velocity, one step late: update the velocity first, then move."
)
def old_velocity_used(theta, grad, velocity, lr, momentum):
    return theta - lr * velocity, momentum * velocity + grad


@momentum_step.mistake(
    "The step goes uphill: the velocity adds up gradients, which point to where the loss rises, so "
    "subtract lr times it."
)
def uphill(theta, grad, velocity, lr, momentum):
    velocity = momentum * velocity + grad
    return theta + lr * velocity, velocity


@momentum_step.mistake(
    "Here lr sits inside the velocity, v ← momentum · v − lr · g and θ ← θ + v, as in many papers. "
    "With a constant lr the path is the same, but the velocity is another: the book, like torch, "
    "keeps lr out of it."
)
def learning_rate_inside_the_velocity(theta, grad, velocity, lr, momentum):
    velocity = momentum * velocity - lr * grad
    return theta + velocity, velocity


@momentum_step.mistake(
    "That is Nesterov's step, g + momentum · v. Plain momentum moves by the new velocity itself."
)
def nesterov_instead(theta, grad, velocity, lr, momentum):
    return reference.nesterov_step(theta, grad, velocity, lr, momentum)


@momentum_step.mistake(
    "The velocity never fades: multiply the old one by momentum before the gradient is added."
)
def momentum_forgotten(theta, grad, velocity, lr, momentum):
    velocity = velocity + grad
    return theta - lr * velocity, velocity


@momentum_step.alternative
def in_two_moves(theta, grad, velocity, lr, momentum):
    return theta - lr * momentum * velocity - lr * grad, grad + momentum * velocity


@momentum_step.alternative
def on_copies(theta, grad, velocity, lr, momentum):
    theta, velocity = theta.copy(), velocity.copy()
    velocity *= momentum
    velocity += grad
    theta -= lr * velocity
    return theta, velocity


@momentum_step.loop
def _(theta, grad, velocity, lr, momentum):
    def step(x, g, v):
        v = momentum * v + g
        return x - lr * v, v

    return entry_by_entry(step, theta, grad, velocity)


# -- nesterov_step -----------------------------------------------------------------------------

nesterov_step = Exercise(
    reference.nesterov_step, points=2, see="def-nesterov", returns="theta, velocity"
)
nesterov_step.hints(
    "The velocity is updated as with momentum. By how much more than that does the step look ahead?",
    "With the new velocity v, the step is lr · (g + momentum · v): the gradient, and what the next "
    "step will carry along.",
    "`velocity = momentum * velocity + grad`, then "
    "`return theta - lr * (grad + momentum * velocity), velocity`.",
)
nesterov_step.cases(velocity_cases)
nesterov_step.benchmark(large_velocity)


@nesterov_step.torch
def _(torch, theta, grad, velocity, lr, momentum):
    optimizer = torch.optim.SGD([theta], lr=lr, momentum=momentum, nesterov=True)
    return stepped(torch, optimizer, theta, grad, momentum_buffer=velocity)


@nesterov_step.mistake(
    "That is plain momentum. Note that g + momentum · v with the old v is nothing but the new v: "
    "update the velocity first, and look ahead with the new one."
)
def the_same_as_momentum(theta, grad, velocity, lr, momentum):
    return theta - lr * (grad + momentum * velocity), momentum * velocity + grad


@nesterov_step.mistake(
    "The gradient itself is missing from the step: it is lr · (g + momentum · v), not "
    "lr · momentum · v."
)
def gradient_left_out_of_the_step(theta, grad, velocity, lr, momentum):
    velocity = momentum * velocity + grad
    return theta - lr * momentum * velocity, velocity


@nesterov_step.mistake(
    "The look ahead goes too far: the new velocity is carried into the next step by a factor of "
    "momentum, so the step is g + momentum · v, not g + v."
)
def momentum_missing_from_the_look_ahead(theta, grad, velocity, lr, momentum):
    velocity = momentum * velocity + grad
    return theta - lr * (grad + velocity), velocity


@nesterov_step.mistake(
    "You average, momentum · v + (1 − momentum) · g. The velocity gains the whole gradient."
)
def gradient_times_one_minus_momentum(theta, grad, velocity, lr, momentum):
    velocity = momentum * velocity + (1 - momentum) * grad
    return theta - lr * (grad + momentum * velocity), velocity


@nesterov_step.mistake(
    "The velocity forgets everything but the present gradient: carry momentum times the old one."
)
def velocity_not_carried(theta, grad, velocity, lr, momentum):
    return theta - lr * (grad + momentum * grad), grad


@nesterov_step.mistake(
    "You keep the step g + momentum · v as the new velocity. The state is v itself; what looks ahead "
    "is used once and forgotten."
)
def step_kept_as_velocity(theta, grad, velocity, lr, momentum):
    velocity = grad + momentum * (momentum * velocity + grad)
    return theta - lr * velocity, velocity


@nesterov_step.mistake("The step goes uphill: subtract lr · (g + momentum · v).")
def uphill(theta, grad, velocity, lr, momentum):
    velocity = momentum * velocity + grad
    return theta + lr * (grad + momentum * velocity), velocity


@nesterov_step.alternative
def multiplied_out(theta, grad, velocity, lr, momentum):
    step = (1 + momentum) * grad + momentum**2 * velocity
    return theta - lr * step, momentum * velocity + grad


@nesterov_step.alternative
def two_momentum_steps_less_one(theta, grad, velocity, lr, momentum):
    theta, velocity = reference.momentum_step(theta, grad, velocity, lr, momentum)
    without_memory = (1 - momentum) * velocity - grad
    return theta + lr * without_memory, velocity


@nesterov_step.loop
def _(theta, grad, velocity, lr, momentum):
    def step(x, g, v):
        v = momentum * v + g
        return x - lr * (g + momentum * v), v

    return entry_by_entry(step, theta, grad, velocity)


# -- adagrad_step ------------------------------------------------------------------------------

adagrad_step = Exercise(
    reference.adagrad_step, points=2, see="def-adagrad", returns="theta, accumulator"
)
adagrad_step.hints(
    "Two entries have had gradients of very different size. Whose rate should be the smaller one?",
    "The accumulator gains the square of the gradient, entry by entry. Then the gradient is divided "
    "by the root of the accumulator, with eps added outside the root.",
    "`accumulator = accumulator + grad * grad`, then "
    "`return theta - lr * grad / (np.sqrt(accumulator) + eps), accumulator`.",
)


@adagrad_step.cases
def _(rng):
    for label, (theta, grad, past) in histories(rng):
        lr, eps = float(rng.uniform(0.05, 0.5)), float(rng.choice([1e-10, 0.1, 0.4]))
        eps = 0.3 if "seventh" in label or "float32" in label else eps
        accumulator = like(np.sum(past**2, axis=0, dtype=past.dtype), theta)
        yield label, dict(theta=theta, grad=grad, accumulator=accumulator, lr=lr, eps=eps)


@adagrad_step.benchmark
def _(rng):
    theta, grad, accumulator = rng.normal(size=(3, 101_770))
    return dict(theta=theta, grad=grad, accumulator=accumulator**2, lr=0.1, eps=1e-10)


@adagrad_step.torch
def _(torch, theta, grad, accumulator, lr, eps):
    optimizer = torch.optim.Adagrad([theta], lr=lr, eps=eps)
    return stepped(torch, optimizer, theta, grad, step=torch.tensor(5.0), sum=accumulator)


@adagrad_step.mistake(
    "The squares are missing: gradients of both signs cancel, and the root of a negative sum is "
    "NaN. Add grad²."
)
def squares_forgotten(theta, grad, accumulator, lr, eps):
    accumulator = accumulator + grad
    return theta - lr * grad / (np.sqrt(accumulator) + eps), accumulator


@adagrad_step.mistake(
    "The root is missing: dividing by the sum of squares makes steep entries slower than flat ones "
    "and the unit wrong. Divide by its root."
)
def root_forgotten(theta, grad, accumulator, lr, eps):
    accumulator = accumulator + grad**2
    return theta - lr * grad / (accumulator + eps), accumulator


@adagrad_step.mistake("eps stands outside the root: √s + eps, not √(s + eps).")
def eps_inside_the_root(theta, grad, accumulator, lr, eps):
    accumulator = accumulator + grad**2
    return theta - lr * grad / np.sqrt(accumulator + eps), accumulator


@adagrad_step.mistake(
    "Without eps an entry that never had a gradient gives 0/0: add eps to the root."
)
def eps_forgotten(theta, grad, accumulator, lr, eps):
    accumulator = accumulator + grad**2
    return theta - lr * grad / np.sqrt(accumulator), accumulator


@adagrad_step.mistake(
    "The accumulator starts anew in every step, so that every entry moves by lr: add the square to "
    "what is there."
)
def accumulator_not_carried(theta, grad, accumulator, lr, eps):
    return theta - lr * grad / (np.sqrt(grad**2) + eps), grad**2


@adagrad_step.mistake(
    "You divide by the old accumulator, which on the first step is 0. Add the new square first."
)
def old_accumulator_used(theta, grad, accumulator, lr, eps):
    return theta - lr * grad / (np.sqrt(accumulator) + eps), accumulator + grad**2


@adagrad_step.mistake(
    "You add the sum of all squares to every entry, so all share one rate. The point of AdaGrad is "
    "that every entry has its own: no sum over entries occurs in it."
)
def one_rate_for_all(theta, grad, accumulator, lr, eps):
    accumulator = accumulator + np.sum(grad**2)
    return theta - lr * grad / (np.sqrt(accumulator) + eps), accumulator


@adagrad_step.mistake("The step goes uphill: subtract it from theta.")
def uphill(theta, grad, accumulator, lr, eps):
    accumulator = accumulator + grad**2
    return theta + lr * grad / (np.sqrt(accumulator) + eps), accumulator


@adagrad_step.alternative
def by_a_rate_for_each_entry(theta, grad, accumulator, lr, eps):
    accumulator = np.square(grad) + accumulator
    rate = lr / (accumulator**0.5 + eps)
    return theta - rate * grad, accumulator


@adagrad_step.alternative
def on_copies(theta, grad, accumulator, lr, eps):
    theta, accumulator = theta.copy(), accumulator.copy()
    accumulator += grad**2
    theta -= lr * grad / (np.sqrt(accumulator) + eps)
    return theta, accumulator


@adagrad_step.loop
def _(theta, grad, accumulator, lr, eps):
    def step(x, g, s):
        s = s + g * g
        return x - lr * g / (math.sqrt(s) + eps), s

    return entry_by_entry(step, theta, grad, accumulator)


# -- rmsprop_step ------------------------------------------------------------------------------

rmsprop_step = Exercise(
    reference.rmsprop_step, points=2, see="def-rmsprop", returns="theta, average"
)
rmsprop_step.hints(
    "AdaGrad never forgets, so its steps only shrink. How can a running average forget?",
    "The average keeps a share alpha of itself and takes a share 1 − alpha of the new square; then "
    "the gradient is divided by its root, with eps added outside the root.",
    "`average = alpha * average + (1 - alpha) * grad * grad`, then "
    "`return theta - lr * grad / (np.sqrt(average) + eps), average`.",
)


@rmsprop_step.cases
def _(rng):
    for label, (theta, grad, past) in histories(rng):
        lr, alpha = float(rng.uniform(0.01, 0.3)), float(rng.uniform(0.7, 0.99))
        eps = 0.3 if "seventh" in label or "float32" in label else float(rng.choice([1e-8, 0.1]))
        average = like(((1 - alpha) * faded_sum(past**2, alpha)).astype(past.dtype), theta)
        yield label, dict(theta=theta, grad=grad, average=average, lr=lr, alpha=alpha, eps=eps)


@rmsprop_step.benchmark
def _(rng):
    theta, grad, average = rng.normal(size=(3, 101_770))
    return dict(theta=theta, grad=grad, average=average**2, lr=0.01, alpha=0.99, eps=1e-8)


@rmsprop_step.torch
def _(torch, theta, grad, average, lr, alpha, eps):
    optimizer = torch.optim.RMSprop([theta], lr=lr, alpha=alpha, eps=eps)
    return stepped(torch, optimizer, theta, grad, step=torch.tensor(5.0), square_avg=average)


@rmsprop_step.mistake(
    "alpha and 1 − alpha have changed places: the old average keeps the large share, alpha, and the "
    "new square gets 1 − alpha."
)
def shares_swapped(theta, grad, average, lr, alpha, eps):
    average = (1 - alpha) * average + alpha * grad**2
    return theta - lr * grad / (np.sqrt(average) + eps), average


@rmsprop_step.mistake(
    "The squares are missing: gradients of both signs cancel, and the root of a negative average "
    "is NaN. Average grad²."
)
def squares_forgotten(theta, grad, average, lr, alpha, eps):
    average = alpha * average + (1 - alpha) * grad
    return theta - lr * grad / (np.sqrt(average) + eps), average


@rmsprop_step.mistake("The root is missing: divide by √s + eps, the root of the mean square.")
def root_forgotten(theta, grad, average, lr, alpha, eps):
    average = alpha * average + (1 - alpha) * grad**2
    return theta - lr * grad / (average + eps), average


@rmsprop_step.mistake(
    "eps stands outside the root, √s + eps, as in torch; √(s + eps) is another library's choice."
)
def eps_inside_the_root(theta, grad, average, lr, alpha, eps):
    average = alpha * average + (1 - alpha) * grad**2
    return theta - lr * grad / np.sqrt(average + eps), average


@rmsprop_step.mistake(
    "Without eps an entry that never had a gradient gives 0/0: add eps to the root."
)
def eps_forgotten(theta, grad, average, lr, alpha, eps):
    average = alpha * average + (1 - alpha) * grad**2
    return theta - lr * grad / np.sqrt(average), average


@rmsprop_step.mistake(
    "You add squares up and forget nothing: that is AdaGrad. A share alpha of the old average and "
    "a share 1 − alpha of the new square make the new average."
)
def summed_as_in_adagrad(theta, grad, average, lr, alpha, eps):
    return reference.adagrad_step(theta, grad, average, lr, eps)


@rmsprop_step.mistake(
    "You divide by the old average, which on the first step is 0. Put the new square in first."
)
def old_average_used(theta, grad, average, lr, alpha, eps):
    return (
        theta - lr * grad / (np.sqrt(average) + eps),
        alpha * average + (1 - alpha) * grad**2,
    )


@rmsprop_step.mistake("The step goes uphill: subtract it from theta.")
def uphill(theta, grad, average, lr, alpha, eps):
    average = alpha * average + (1 - alpha) * grad**2
    return theta + lr * grad / (np.sqrt(average) + eps), average


@rmsprop_step.alternative
def moved_towards_the_square(theta, grad, average, lr, alpha, eps):
    average = average + (1 - alpha) * (grad**2 - average)
    return theta - lr / (average**0.5 + eps) * grad, average


@rmsprop_step.alternative
def on_copies(theta, grad, average, lr, alpha, eps):
    theta, average = theta.copy(), alpha * average
    average += (1 - alpha) * grad**2
    theta -= lr * grad / (np.sqrt(average) + eps)
    return theta, average


@rmsprop_step.loop
def _(theta, grad, average, lr, alpha, eps):
    def step(x, g, s):
        s = alpha * s + (1 - alpha) * g * g
        return x - lr * g / (math.sqrt(s) + eps), s

    return entry_by_entry(step, theta, grad, average)


# -- adam_step ---------------------------------------------------------------------------------

adam_step = Exercise(reference.adam_step, points=3, see="def-adam", returns="theta, m, v")
adam_step.hints(
    "m and v start at zero. By what factor is m too small after one step under a steady gradient? "
    "After t steps?",
    "Update m and v, divide each by its own 1 − βᵗ into new variables m_hat and v_hat, and step by "
    "lr · m_hat / (√v_hat + eps). What is returned and carried on is the uncorrected m and v.",
    "`m = beta1 * m + (1 - beta1) * grad`, `v = beta2 * v + (1 - beta2) * grad * grad`, "
    "`m_hat = m / (1 - beta1**t)`, `v_hat = v / (1 - beta2**t)`, and "
    "`return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v`.",
)


def moment_cases(rng):
    for label, (theta, grad, past) in histories(rng):
        beta1, beta2 = float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.93, 0.999))
        eps = 0.3 if "seventh" in label or "float32" in label else float(rng.choice([1e-8, 0.1]))
        m = like(((1 - beta1) * faded_sum(past, beta1)).astype(past.dtype), theta)
        v = like(((1 - beta2) * faded_sum(past**2, beta2)).astype(past.dtype), theta)
        settings = dict(lr=float(rng.uniform(0.1, 0.5)), beta1=beta1, beta2=beta2, eps=eps)
        yield label, dict(theta=theta, grad=grad, m=m, v=v, t=len(past) + 1, **settings)


def large_moments(rng):
    theta, grad, m, v = rng.normal(size=(4, 101_770))
    settings = dict(t=7, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)
    return dict(theta=theta, grad=grad, m=m, v=v**2, **settings)


adam_step.cases(moment_cases)
adam_step.benchmark(large_moments)


@adam_step.torch
def _(torch, theta, grad, m, v, t, lr, beta1, beta2, eps):
    optimizer = torch.optim.Adam([theta], lr=lr, betas=(beta1, beta2), eps=eps)
    before = torch.tensor(t - 1.0)
    return stepped(torch, optimizer, theta, grad, step=before, exp_avg=m, exp_avg_sq=v)


def moments(grad, m, v, beta1, beta2):
    return beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2


@adam_step.mistake(
    "The bias correction is missing. m and v start at zero and are too small at first: divide m by "
    "1 − beta1ᵗ and v by 1 − beta2ᵗ before you step."
)
def correction_forgotten(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(grad, m, v, beta1, beta2)
    return theta - lr * m / (np.sqrt(v) + eps), m, v


@adam_step.mistake(
    "You correct with t − 1. On the first step t is 1, and 1 − beta¹ is the share that one gradient "
    "has in m; 1 − beta⁰ would be a division by zero."
)
def corrected_with_t_minus_1(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(grad, m, v, beta1, beta2)
    one, two = np.array(1 - beta1 ** (t - 1)), np.array(1 - beta2 ** (t - 1))
    step = lr * (m / one) / (np.sqrt(v / two) + eps)
    return (theta - step).astype(theta.dtype), m, v


@adam_step.mistake(
    "The corrections lack their power: after t steps the missing share is betaᵗ, so divide by "
    "1 − betaᵗ, not by 1 − beta."
)
def corrected_without_the_power(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(grad, m, v, beta1, beta2)
    return theta - lr * m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + eps), m, v


@adam_step.mistake(
    "You return the corrected m and v. They are for this step only: if they are carried on, the next "
    "step corrects what is corrected already. Keep m_hat and v_hat apart from m and v."
)
def corrected_moments_returned(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(grad, m, v, beta1, beta2)
    m, v = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - lr * m / (np.sqrt(v) + eps), m, v


@adam_step.mistake("eps stands outside the root: √v̂ + eps, not √(v̂ + eps).")
def eps_inside_the_root(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(grad, m, v, beta1, beta2)
    return theta - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


@adam_step.mistake(
    "You add eps before v is corrected, which makes it larger by 1/√(1 − beta2ᵗ) in the first "
    "steps. Correct v first, then take the root, then add eps."
)
def eps_added_before_the_correction(
    theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8
):
    m, v = moments(grad, m, v, beta1, beta2)
    rate = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return theta - rate * m / (np.sqrt(v) + eps), m, v


@adam_step.mistake(
    "v averages the gradient itself; it should average its square, v ← beta2 v + (1 − beta2) g²."
)
def squares_forgotten(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad
    return theta - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@adam_step.mistake("The root is missing: divide by √v̂ + eps, which has the unit of a gradient.")
def root_forgotten(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(grad, m, v, beta1, beta2)
    return theta - lr * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps), m, v


@adam_step.mistake(
    "beta1 and beta2 have changed places: beta1 belongs to m, the mean of gradients, and beta2 to v, "
    "the mean of their squares."
)
def betas_swapped(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return reference.adam_step(theta, grad, m, v, t, lr, beta2, beta1, eps)


@adam_step.mistake(
    "The step moves along the present gradient, as in RMSProp: its direction is m̂, the mean of the "
    "gradients so far."
)
def gradient_in_place_of_its_mean(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(grad, m, v, beta1, beta2)
    return theta - lr * grad / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@adam_step.mistake("The step goes uphill: subtract it from theta.")
def uphill(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return reference.adam_step(theta, grad, m, v, t, -lr, beta1, beta2, eps)


@adam_step.alternative
def moved_towards_the_new(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = m + (1 - beta1) * (grad - m)
    v = v + (1 - beta2) * (grad**2 - v)
    return theta - lr / (1 - beta1**t) * m / (v**0.5 / (1 - beta2**t) ** 0.5 + eps), m, v


@adam_step.alternative
def eps_scaled_along(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(grad, m, v, beta1, beta2)
    root = (1 - beta2**t) ** 0.5
    return theta - lr * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), m, v


@adam_step.loop
def _(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    def step(x, g, m, v):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        return x - lr * m / (1 - beta1**t) / (math.sqrt(v / (1 - beta2**t)) + eps), m, v

    return entry_by_entry(step, theta, grad, m, v)


# -- adamw_step --------------------------------------------------------------------------------

adamw_step = Exercise(reference.adamw_step, points=2, see="def-adamw", returns="theta, m, v")
adamw_step.hints(
    "Adam divides every gradient by its usual size. What would become of a pull towards zero that is "
    "added to the gradient?",
    "Shrink theta first, by the factor 1 − lr · weight_decay; then take Adam's step with the bare "
    "gradient.",
    "`decayed = (1 - lr * weight_decay) * theta`, then "
    "`return adam_step(decayed, grad, m, v, t, lr, beta1, beta2, eps)`.",
)


@adamw_step.cases
def _(rng):
    for label, inputs in moment_cases(rng):
        yield label, inputs | dict(weight_decay=float(rng.uniform(0.1, 0.6)))


@adamw_step.benchmark
def _(rng):
    return large_moments(rng) | dict(weight_decay=0.01)


@adamw_step.torch
def _(torch, theta, grad, m, v, t, lr, beta1, beta2, eps, weight_decay):
    settings = dict(lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay)
    before = torch.tensor(t - 1.0)
    optimizer = torch.optim.AdamW([theta], **settings)
    return stepped(torch, optimizer, theta, grad, step=before, exp_avg=m, exp_avg_sq=v)


@adamw_step.mistake(
    "The decay went into the gradient, so m and v carry it and Adam divides it by the size of the "
    "gradient: that is Adam with an L2 penalty. In AdamW theta shrinks by itself, outside of both."
)
def decay_coupled_into_the_gradient(
    theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    coupled = grad + weight_decay * theta
    return reference.adam_step(theta, coupled, m, v, t, lr, beta1, beta2, eps)


@adamw_step.mistake(
    "The decay lacks the learning rate: theta shrinks by 1 − lr · weight_decay, so that a schedule "
    "of lr governs both."
)
def decay_not_scaled_by_the_learning_rate(
    theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    decayed = (1 - weight_decay) * theta
    return reference.adam_step(decayed, grad, m, v, t, lr, beta1, beta2, eps)


@adamw_step.mistake(
    "The decay comes after the step, so it shrinks the step as well. Shrink the old theta, then step."
)
def decay_after_the_step(
    theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    theta, m, v = reference.adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps)
    return (1 - lr * weight_decay) * theta, m, v


@adamw_step.mistake("That is Adam: the decay is missing, (1 − lr · weight_decay) · theta.")
def decay_forgotten(
    theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    return reference.adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps)


@adamw_step.mistake(
    "Theta grows: decay pulls towards zero, so the factor is 1 − lr · weight_decay."
)
def growth_instead_of_decay(
    theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    grown = (1 + lr * weight_decay) * theta
    return reference.adam_step(grown, grad, m, v, t, lr, beta1, beta2, eps)


@adamw_step.mistake(
    "The bias correction is missing: divide m by 1 − beta1ᵗ and v by 1 − beta2ᵗ, as Adam does."
)
def correction_forgotten_in_adam(
    theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    m, v = moments(grad, m, v, beta1, beta2)
    return (1 - lr * weight_decay) * theta - lr * m / (np.sqrt(v) + eps), m, v


@adamw_step.alternative
def the_decay_subtracted(
    theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2
):
    moved, m, v = reference.adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps)
    return moved - lr * weight_decay * theta, m, v


@adamw_step.alternative
def written_out(theta, grad, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    m, v = moments(grad, m, v, beta1, beta2)
    direction = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return theta - lr * (direction + weight_decay * theta), m, v


# -- clip_gradient_norm ------------------------------------------------------------------------

# torch's 10⁻⁶ is below this tolerance, so the clipping of the papers, without it, is right too
# wherever it does not divide by zero.
clip_gradient_norm = Exercise(
    reference.clip_gradient_norm, points=2, see="def-clip", returns="grads", rtol=1e-5
)
clip_gradient_norm.hints(
    "All arrays together are one long vector. How long is it, and by what must it be multiplied to "
    "have length max_norm?",
    "The length is the root of the sum over all arrays of their squares. The factor is "
    "max_norm / (length + 1e-6), but never more than 1, and it is the same for every array.",
    "`norm = np.sqrt(sum(np.sum(g * g) for g in grads))`, "
    "`shrink = min(1.0, max_norm / (norm + 1e-6))`, and `return [shrink * g for g in grads]`.",
)


@clip_gradient_norm.cases
def _(rng):
    def grads(*shapes, size=1.0):
        return [size * rng.normal(size=shape) for shape in shapes]

    several = grads((4, 3), (3,), (2, 3, 2), size=2)
    yield "several arrays that are too long", dict(grads=several, max_norm=1.5)
    short = grads((2, 5), (5,), size=0.1)
    yield "arrays that are short enough", dict(grads=short, max_norm=3.0)
    yield "a single array", dict(grads=grads((7,), size=5), max_norm=2.0)
    uneven = [*grads((3, 2), size=40), *grads((4,), size=0.5)]
    yield "one long array and a short one", dict(grads=uneven, max_norm=0.7)
    exploded = grads((2, 3), (3, 4), size=1e30)
    yield "gradients that have exploded", dict(grads=exploded, max_norm=5.0)
    turned = [grads((2, 6), size=3)[0].T, *grads((2,))]
    yield "a transposed (non-contiguous) array", dict(grads=turned, max_norm=1.0)
    yield "gradients that are nearly zero", dict(grads=grads((3,), (2, 2), size=1e-8), max_norm=2.0)
    yield "a gradient of zeros", dict(grads=[np.zeros((2, 2)), np.zeros(3)], max_norm=1.0)
    single = [g.astype(np.float32) for g in grads((3, 4), (4,), size=2)]
    yield "float32 arrays", dict(grads=single, max_norm=1.2)


@clip_gradient_norm.torch
def _(torch, grads, max_norm):
    leaves = [torch.zeros_like(g).requires_grad_() for g in grads]
    for leaf, g in zip(leaves, grads, strict=True):
        leaf.grad = g
    torch.nn.utils.clip_grad_norm_(leaves, max_norm)
    return [leaf.grad for leaf in leaves]


def length(grads):
    return np.sqrt(sum(np.sum(g * g) for g in grads))


@clip_gradient_norm.mistake(
    "Every array is shortened by its own length, which turns the direction of the whole. One length "
    "over all arrays, one factor for all."
)
def each_array_by_itself(grads, max_norm):
    return [min(1.0, max_norm / (length([g]) + 1e-6)) * g for g in grads]


@clip_gradient_norm.mistake(
    "You cut off single entries at ±max_norm, which turns the direction. Shorten the whole vector: "
    "multiply all entries by one factor."
)
def entries_cut_off(grads, max_norm):
    return [np.clip(g, -max_norm, max_norm) for g in grads]


@clip_gradient_norm.mistake(
    "Short gradients are stretched to max_norm. Clipping only shortens: the factor is at most 1."
)
def short_gradients_stretched(grads, max_norm):
    return [max_norm / (length(grads) + 1e-6) * g for g in grads]


@clip_gradient_norm.mistake(
    "You divide by the square of the length: take the root of the sum of squares."
)
def root_forgotten(grads, max_norm):
    return [min(1.0, max_norm / (length(grads) ** 2 + 1e-6)) * g for g in grads]


@clip_gradient_norm.mistake(
    "You add the lengths of the arrays. Lengths at right angles add in squares: "
    "‖g‖² is the sum of the squares of all entries."
)
def lengths_added(grads, max_norm):
    total = sum(length([g]) for g in grads)
    return [min(1.0, max_norm / (total + 1e-6)) * g for g in grads]


@clip_gradient_norm.mistake(
    "You normalise to length 1: the factor is max_norm / ‖g‖, so that the length becomes max_norm."
)
def clipped_to_length_one(grads, max_norm):
    norm = length(grads)
    return [g / (norm + 1e-6) if norm > max_norm else g for g in grads]


@clip_gradient_norm.mistake(
    "A gradient of zeros has length 0, and you divide by it. Add 10⁻⁶ to the length, as torch does, "
    "or leave gradients that are short enough alone."
)
def division_by_a_length_of_zero(grads, max_norm):
    norm = length(grads)
    return [np.minimum(1, max_norm / norm).astype(g.dtype) * g for g in grads]


@clip_gradient_norm.mistake(
    "The numbers are right, but `*=` writes into the caller's arrays: make new ones, shrink * g."
)
def written_into_the_callers_arrays(grads, max_norm):
    shrink = min(1.0, max_norm / (length(grads) + 1e-6))
    for g in grads:
        g *= shrink
    return grads


@clip_gradient_norm.alternative
def only_when_too_long(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(g) for g in grads])
    return [(g * (max_norm / norm)).astype(g.dtype) if norm > max_norm else g for g in grads]


@clip_gradient_norm.alternative
def of_one_long_vector(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads]))
    return [g / max(1.0, float(norm) / max_norm) for g in grads]


@clip_gradient_norm.loop
def _(grads, max_norm):
    total = 0.0
    for g in grads:
        for entry in g.ravel().tolist():
            total += entry * entry
    shrink = min(1.0, max_norm / (math.sqrt(total) + 1e-6))
    return [
        np.reshape([shrink * e for e in g.ravel().tolist()], g.shape).astype(g.dtype) for g in grads
    ]


@clip_gradient_norm.benchmark
def _(rng):
    shapes = [(128, 784), (128,), (10, 128), (10,)]
    return dict(grads=[rng.normal(size=shape) for shape in shapes], max_norm=1.0)


# -- cosine_schedule ---------------------------------------------------------------------------

cosine_schedule = Exercise(reference.cosine_schedule, points=1, see="def-cosine", returns="lr")
cosine_schedule.hints(
    "Which values does cos take at the angles 0 and π, and what turns them into 1 and 0?",
    "(1 + cos(π step / total)) / 2 falls from 1 to 0. Stretch it to go from lr_max to lr_min.",
    "`return lr_min + 0.5 * (lr_max - lr_min) * (1 + np.cos(np.pi * step / total))`.",
)


@cosine_schedule.cases
def _(rng):
    def case(step, total):
        high = float(rng.uniform(0.1, 1))
        return dict(
            step=step, total=total, lr_max=high, lr_min=high * float(rng.uniform(0.05, 0.5))
        )

    yield "the first step", case(0, 40)
    yield "a quarter of the way", case(5, 20)
    yield "half of the way", case(15, 30)
    yield "somewhere late", case(23, 27)
    yield "the end", case(12, 12)
    yield "a lowest rate of zero", case(3, 17) | dict(lr_min=0.0)


@cosine_schedule.torch
def _(torch, step, total, lr_max, lr_min):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr_max)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total, lr_min)
    for _ in range(step):
        optimizer.step()
        schedule.step()
    return torch.tensor(optimizer.param_groups[0]["lr"], dtype=torch.float64)


@cosine_schedule.mistake(
    "The half is missing: 1 + cos goes from 2 to 0, so the rate would start at twice lr_max."
)
def half_forgotten(step, total, lr_max, lr_min=0.0):
    return lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * step / total))


@cosine_schedule.mistake(
    "The rate rises: 1 − cos goes from 0 to 2. The schedule starts at lr_max, so it is 1 + cos."
)
def rising(step, total, lr_max, lr_min=0.0):
    return lr_min + 0.5 * (lr_max - lr_min) * (1 - math.cos(math.pi * step / total))


@cosine_schedule.mistake(
    "π is missing: cos takes an angle in radians, which goes from 0 to π on the way."
)
def pi_forgotten(step, total, lr_max, lr_min=0.0):
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + math.cos(step / total))


@cosine_schedule.mistake(
    "A whole wave, 2π, comes back up to lr_max at the end; the schedule is half a wave, from 0 to π."
)
def whole_wave(step, total, lr_max, lr_min=0.0):
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + math.cos(2 * math.pi * step / total))


@cosine_schedule.mistake(
    "The wave is as high as lr_max, so with lr_min below it the rate starts above lr_max: its height "
    "is lr_max − lr_min."
)
def height_of_lr_max(step, total, lr_max, lr_min=0.0):
    return lr_min + 0.5 * lr_max * (1 + math.cos(math.pi * step / total))


@cosine_schedule.mistake("lr_min is not added, so the rate ends at 0 instead of lr_min.")
def floor_forgotten(step, total, lr_max, lr_min=0.0):
    return 0.5 * (lr_max - lr_min) * (1 + math.cos(math.pi * step / total))


@cosine_schedule.mistake(
    "That is a straight line. It has the same two ends; a cosine stays high longer and lands softly."
)
def straight_line(step, total, lr_max, lr_min=0.0):
    return lr_max - (lr_max - lr_min) * step / total


@cosine_schedule.alternative
def by_the_square_of_half_the_angle(step, total, lr_max, lr_min=0.0):
    return lr_min + (lr_max - lr_min) * math.cos(math.pi * step / total / 2) ** 2


@cosine_schedule.alternative
def a_mean_of_both_ends(step, total, lr_max, lr_min=0.0):
    share = (1 + np.cos(np.pi * step / total)) / 2
    return share * lr_max + (1 - share) * lr_min
