"""What an answer in the chapter on recurrent networks must satisfy, and the mistakes people make."""

import numpy as np
from scipy.linalg import schur

from autograder.exercise import Exercise, Function
from solutions import recurrent as reference
from solutions.losses import log_softmax


def parameters(rng, D, H, dtype=float):
    """Weights and both biases of a recurrent layer, none of them small."""
    shapes = dict(W_ih=(H, D), W_hh=(H, H), b_ih=(H,), b_hh=(H,))
    return {name: rng.normal(size=shape).astype(dtype) * 0.6 for name, shape in shapes.items()}


# -- rnn_step ----------------------------------------------------------------------------------

rnn_step = Exercise(reference.rnn_step, points=1, see="def-rnn-step", returns="h_next")
rnn_step.hints(
    "Two things come together in a state: the new input and the old state. Each has its own weights.",
    "One example is W_ih x + b_ih + W_hh h + b_hh inside a tanh; for rows, W x becomes `x @ W.T`.",
    "np.tanh(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh)",
)


@rnn_step.cases
def _(rng):
    def inputs(N, D, H, dtype=float):
        drawn = dict(x=rng.normal(size=(N, D)).astype(dtype), h=rng.uniform(-1, 1, (N, H)))
        drawn["h"] = drawn["h"].astype(dtype)
        return drawn | parameters(rng, D, H, dtype)

    yield "a batch of four", inputs(4, 3, 5)
    yield "one example", inputs(1, 2, 3)
    yield "more inputs than units", inputs(3, 6, 2)
    far = inputs(5, 3, 4)
    yield "inputs far out", far | dict(x=1e4 * far["x"])
    yield "a float32 batch", inputs(6, 4, 3, np.float32)


@rnn_step.torch
def _(torch, x, h, W_ih, W_hh, b_ih, b_hh):
    return torch.rnn_tanh_cell(x, h, W_ih, W_hh, b_ih, b_hh)


@rnn_step.mistake(
    "W_hh is square, so `h @ W_hh` runs and is still wrong: for rows, W h becomes `h @ W_hh.T`."
)
def recurrent_weights_not_transposed(x, h, W_ih, W_hh, b_ih, b_hh):
    return np.tanh(x @ W_ih.T + b_ih + h @ W_hh + b_hh)


@rnn_step.mistake("torch keeps two biases, b_ih and b_hh, and both are added; b_hh is missing.")
def second_bias_forgotten(x, h, W_ih, W_hh, b_ih, b_hh):
    return np.tanh(x @ W_ih.T + b_ih + h @ W_hh.T)


@rnn_step.mistake(
    "The bend is missing: without the tanh the states are linear in the inputs, and grow freely."
)
def tanh_forgotten(x, h, W_ih, W_hh, b_ih, b_hh):
    return x @ W_ih.T + b_ih + h @ W_hh.T + b_hh


@rnn_step.mistake(
    "One tanh bends the sum of everything; yours bends the input's part and the state's part apart."
)
def each_part_bent_by_itself(x, h, W_ih, W_hh, b_ih, b_hh):
    return np.tanh(x @ W_ih.T + b_ih) + np.tanh(h @ W_hh.T + b_hh)


@rnn_step.mistake("The state is bent by tanh, from −1 to 1; yours by a sigmoid, from 0 to 1.")
def sigmoid_for_tanh(x, h, W_ih, W_hh, b_ih, b_hh):
    return (1 + np.tanh((x @ W_ih.T + b_ih + h @ W_hh.T + b_hh) / 2)) / 2


@rnn_step.mistake(
    "The new state does not look at the old one: W_hh h is missing, so nothing is remembered."
)
def old_state_forgotten(x, h, W_ih, W_hh, b_ih, b_hh):
    return np.tanh(x @ W_ih.T + b_ih + b_hh)


@rnn_step.alternative
def one_product_of_both(x, h, W_ih, W_hh, b_ih, b_hh):
    both = np.concatenate([x, h], axis=1)
    return np.tanh(both @ np.concatenate([W_ih, W_hh], axis=1).T + (b_ih + b_hh))


@rnn_step.loop
def _(x, h, W_ih, W_hh, b_ih, b_hh):
    new = np.empty_like(h)
    for n in range(len(x)):
        for j in range(len(W_hh)):
            z = b_ih[j] + b_hh[j]
            for d in range(len(x[n])):
                z += W_ih[j, d] * x[n, d]
            for k in range(len(h[n])):
                z += W_hh[j, k] * h[n, k]
            new[n, j] = np.tanh(z)
    return new


# -- rnn ---------------------------------------------------------------------------------------

rnn = Exercise(reference.rnn, points=2, see="eq-unfolded", returns="H")
rnn.hints(
    "What must be known before step t can be taken, and what is known for all steps from the start?",
    "The inputs' part, W_ih xₜ with both biases, is known at once: `X @ W_ih.T` for all steps. Only "
    "W_hh hₜ₋₁ has to wait for the step before.",
    "H = X @ W_ih.T + b_ih + b_hh; then, for each t, h = np.tanh(H[:, t] + h @ W_hh.T), and "
    "H[:, t] = h puts the state where its input's part has been used up.",
)


def sequences(rng, N, T, D, H, dtype=float):
    """Inputs of `rnn`: a batch of sequences, the state before them, and the weights."""
    X, h0 = rng.normal(size=(N, T, D)).astype(dtype), rng.uniform(-1, 1, (N, H)).astype(dtype)
    return dict(X=X, h0=h0) | parameters(rng, D, H, dtype)


@rnn.cases
def _(rng):
    yield "a batch of sequences", sequences(rng, 3, 5, 2, 4)
    yield "one sequence", sequences(rng, 1, 6, 3, 2)
    yield "more inputs than units", sequences(rng, 4, 3, 6, 2)
    turned = sequences(rng, 2, 7, 4, 3)
    yield "time first in memory", turned | dict(X=np.asfortranarray(turned["X"]))
    yield "a single step", sequences(rng, 5, 1, 3, 4)
    far = sequences(rng, 2, 4, 3, 5)
    yield "inputs far out", far | dict(X=1e4 * far["X"])
    yield "float32 sequences", sequences(rng, 4, 5, 3, 2, np.float32)


def torch_rnn(torch, X, h0, W_ih, W_hh, b_ih, b_hh):
    """torch's own recurrent layer, by the function that torch.nn.RNN calls."""
    weights = (W_ih, W_hh, b_ih, b_hh)
    return torch.rnn_tanh(X, h0[None], weights, True, 1, 0.0, False, False, True)[0]


@rnn.torch
def _(torch, X, h0, W_ih, W_hh, b_ih, b_hh):
    return torch_rnn(torch, X, h0, W_ih, W_hh, b_ih, b_hh)


@rnn.benchmark
def long_sequences(rng):
    """Weights of a network's usual size: with larger ones the states are chaotic, and so is rounding."""
    given = sequences(rng, 32, 50, 64, 128)
    return given | dict(W_ih=given["W_ih"] / 64**0.5, W_hh=0.5 * given["W_hh"] / 128**0.5)


@rnn.mistake(
    "Every step starts from h0, so nothing is carried on: the state that one step returns goes into "
    "the next, `h = …` inside the loop."
)
def state_not_carried_on(X, h0, W_ih, W_hh, b_ih, b_hh):
    steps = [reference.rnn_step(X[:, t], h0, W_ih, W_hh, b_ih, b_hh) for t in range(X.shape[1])]
    return np.stack(steps, axis=1)


@rnn.mistake("The first step begins with h0, the state that was given; yours begins with zeros.")
def begins_with_zeros(X, h0, W_ih, W_hh, b_ih, b_hh):
    return reference.rnn(X, np.zeros_like(h0), W_ih, W_hh, b_ih, b_hh)


@rnn.mistake(
    "W_hh is square, so `h @ W_hh` runs and is still wrong: for rows, W h becomes `h @ W_hh.T`."
)
def recurrent_weights_not_transposed_in_time(X, h0, W_ih, W_hh, b_ih, b_hh):
    return reference.rnn(X, h0, W_ih, W_hh.T, b_ih, b_hh)


@rnn.mistake("torch keeps two biases, b_ih and b_hh, and both are added; b_hh is missing.")
def second_bias_left_out(X, h0, W_ih, W_hh, b_ih, b_hh):
    return reference.rnn(X, h0, W_ih, W_hh, b_ih, 0 * b_hh)


@rnn.mistake(
    "You store the state before each step, h₀ … h_{T−1}; store it after the step, h₁ … h_T."
)
def stored_before_the_step(X, h0, W_ih, W_hh, b_ih, b_hh):
    H = reference.rnn(X, h0, W_ih, W_hh, b_ih, b_hh)
    return np.concatenate([h0[:, None], H[:, :-1]], axis=1)


@rnn.mistake(
    "Only the last state comes back; return all of them, (N, T, H), for a later layer may need any."
)
def last_state_only(X, h0, W_ih, W_hh, b_ih, b_hh):
    return reference.rnn(X, h0, W_ih, W_hh, b_ih, b_hh)[:, -1]


@rnn.mistake(
    "The states are stacked with time first, (T, N, H); sequences are (N, T, H) in this book: "
    "`np.stack(states, axis=1)`."
)
def time_comes_first(X, h0, W_ih, W_hh, b_ih, b_hh):
    return reference.rnn(X, h0, W_ih, W_hh, b_ih, b_hh).swapaxes(0, 1)


@rnn.mistake(
    "`np.zeros((N, T, H))` without a dtype is float64: your float32 states are stored at twice the "
    "size, and every step after that pays for it. Use `np.empty` with `dtype=X.dtype`, or write the states over the product."
)
def stored_in_float64(X, h0, W_ih, W_hh, b_ih, b_hh):
    return reference.rnn(X, h0, W_ih, W_hh, b_ih, b_hh).astype(float)


@rnn.alternative
def step_by_step(X, h0, W_ih, W_hh, b_ih, b_hh):
    states, h = [], h0
    for x in X.swapaxes(0, 1):
        h = reference.rnn_step(x, h, W_ih, W_hh, b_ih, b_hh)
        states.append(h)
    return np.stack(states, axis=1)


@rnn.alternative
def time_first_inside(X, h0, W_ih, W_hh, b_ih, b_hh):
    drive = np.einsum("ntd,hd->tnh", X, W_ih) + b_ih + b_hh
    for t in range(len(drive)):
        drive[t] = np.tanh(drive[t] + (drive[t - 1] if t else h0) @ W_hh.T)
    return drive.transpose(1, 0, 2)


@rnn.loop
def _(X, h0, W_ih, W_hh, b_ih, b_hh):
    H = np.empty((*X.shape[:2], len(W_hh)), X.dtype)
    for n in range(len(X)):
        h = h0[n]
        for t in range(X.shape[1]):
            h = np.tanh(W_ih @ X[n, t] + b_ih + W_hh @ h + b_hh)
            H[n, t] = h
    return H


# -- rnn_backward ------------------------------------------------------------------------------

rnn_backward = Exercise(
    reference.rnn_backward,
    points=4,
    see="eq-bptt",
    returns="dX, dh0, dW_ih, dW_hh, db_ih, db_hh",
)
rnn_backward.hints(
    "On which two ways does the loss depend on the state hₜ, and from which one must you have heard "
    "before you can go on?",
    "Directly, dHₜ, and through the next step, W_hhᵀ dzₜ₊₁. So walk from the last step to the first, "
    "add both, multiply by the slope 1 − hₜ², and keep every dzₜ.",
    "Inside the loop: dZ[:, t] = (dH[:, t] + dh) * (1 - H[:, t] ** 2), then dh = dZ[:, t] @ W_hh. "
    "After it, one product for all steps: with rows = dZ.reshape(-1, n), dW_ih is "
    "rows.T @ X.reshape(-1, D), and dW_hh the same with the states before each step.",
)


@rnn_backward.cases
def _(rng):
    def inputs(N, T, D, H, dtype=float):
        return dict(dH=rng.normal(size=(N, T, H)).astype(dtype)) | sequences(rng, N, T, D, H, dtype)

    yield "a batch of sequences", inputs(3, 5, 2, 4)
    yield "one sequence", inputs(1, 6, 3, 2)
    yield "more inputs than units", inputs(4, 3, 6, 2)
    last = inputs(5, 4, 3, 2)
    last["dH"][:, :-1] = 0
    yield "a loss at the last state", last
    turned = inputs(2, 7, 4, 3)
    yield "time first in memory", turned | dict(dH=np.asfortranarray(turned["dH"]))
    yield "float32 sequences", inputs(3, 4, 5, 2, np.float32)


@rnn_backward.gradient("X", "h0", "W_ih", "W_hh", "b_ih", "b_hh")
def _(torch, X, h0, W_ih, W_hh, b_ih, b_hh):
    weights = (W_ih, W_hh, b_ih, b_hh)
    return torch.rnn_tanh(X, h0[None], weights, True, 1, 0.0, True, False, True)[0]


@rnn_backward.benchmark
def _(rng):
    return dict(dH=rng.normal(size=(32, 50, 128))) | long_sequences(rng)


def swept(dH, X, h0, W_ih, W_hh, b_ih, b_hh, carry=None, slope=None, first=None):
    """Back-propagation through time with its parts exchangeable, for the mistakes below."""
    H = reference.rnn(X, h0, W_ih, W_hh, b_ih, b_hh)
    before = np.concatenate([h0[:, None], H[:, :-1]], axis=1)
    slopes = 1 - (H if slope is None else slope(H, before)) ** 2
    dZ, dh = np.zeros_like(H), np.zeros_like(h0)
    for t in reversed(range(X.shape[1])):
        dZ[:, t] = (dH[:, t] + dh) * slopes[:, t]
        dh = dZ[:, t] @ W_hh if carry is None else carry(dZ[:, t], dh)
    dh0 = dh if first is None else first(dZ)
    return collected(dZ, dh0, X, before, W_ih)


def collected(dZ, dh0, X, before, W_ih):
    """The six gradients from the gradients of the weighted inputs."""
    dW_ih = np.einsum("nth,ntd->hd", dZ, X)
    dW_hh = np.einsum("nth,ntk->hk", dZ, before)
    return dZ @ W_ih, dh0, dW_ih, dW_hh, dZ.sum(axis=(0, 1)), dZ.sum(axis=(0, 1))


@rnn_backward.terms
def _(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    weights = W_ih, W_hh, b_ih, b_hh
    whole = swept(dH, X, h0, *weights)
    direct = swept(dH, X, h0, *weights, carry=lambda dz, dh: 0 * dh, first=lambda dZ: 0 * h0)
    return tuple(
        {"the direct gradient of each state": a, "what comes back through later states": b - a}
        for a, b in zip(direct, whole, strict=True)
    )


@rnn_backward.mistake(
    "Each state also acts through the next one, and nothing comes back from there in your loop: add "
    "dz of the step after, times W_hh, before you multiply by the slope."
)
def nothing_comes_back_through_time(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    return swept(
        dH, X, h0, W_ih, W_hh, b_ih, b_hh,
        carry=lambda dz, dh: 0 * dh, first=lambda dZ: dZ[:, 0] @ W_hh,
    )  # fmt: skip


@rnn_backward.mistake(
    "On the way back it is W_hhᵀ dz, for rows `dz @ W_hh`; with `dz @ W_hh.T` the error runs "
    "forward through the weights."
)
def transposed_on_the_way_back(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    return swept(dH, X, h0, W_ih, W_hh, b_ih, b_hh, carry=lambda dz, dh: dz @ W_hh.T)


@rnn_backward.mistake(
    "The slope belongs to the state that the step made: 1 − hₜ² for dzₜ, and not 1 − hₜ₋₁²."
)
def slope_of_the_state_before(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    return swept(dH, X, h0, W_ih, W_hh, b_ih, b_hh, slope=lambda H, before: before)


@rnn_backward.mistake(
    "The gradient passes a tanh at every step; the factor 1 − hₜ² is missing in your sweep."
)
def slope_left_out(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    return swept(dH, X, h0, W_ih, W_hh, b_ih, b_hh, slope=lambda H, before: 0 * H)


@rnn_backward.mistake(
    "The loss may look at every state. You start from the last one and leave out what dH says of the "
    "others: add dH[:, t] at each step."
)
def last_upstream_gradient_only(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    last = np.zeros_like(dH)
    last[:, -1] = dH[:, -1]
    return swept(last, X, h0, W_ih, W_hh, b_ih, b_hh)


@rnn_backward.mistake(
    "W_hh met the state *before* the step: dW_hh sums dzₜ hₜ₋₁ᵀ, beginning with h₀; yours uses hₜ."
)
def state_after_the_step_for_the_weights(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    found = list(swept(dH, X, h0, W_ih, W_hh, b_ih, b_hh))
    H, dZ = reference.rnn(X, h0, W_ih, W_hh, b_ih, b_hh), errors(dH, X, h0, W_ih, W_hh, b_ih, b_hh)
    found[3] = np.einsum("nth,ntk->hk", dZ, H)
    return tuple(found)


def errors(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    """The gradients of the weighted inputs, (N, T, H): dX if every input had a unit to itself."""
    drive = X @ W_ih.T + b_ih + b_hh
    none = np.zeros_like(b_ih)
    return swept(dH, drive, h0, np.eye(len(W_hh), dtype=W_hh.dtype), W_hh, none, none)[0]


@rnn_backward.mistake(
    "The same weights serve all steps, so their gradients add up over time; yours keep only the step "
    "that came last in the loop. Use `+=`, or one product over all steps."
)
def weights_keep_one_step(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    dX, dh0, *_ = swept(dH, X, h0, W_ih, W_hh, b_ih, b_hh)
    dz = errors(dH, X, h0, W_ih, W_hh, b_ih, b_hh)[:, 0]
    return dX, dh0, dz.T @ X[:, 0], dz.T @ h0, dz.sum(axis=0), dz.sum(axis=0)


@rnn_backward.mistake(
    "Gradients of the weights are sums over the batch, no means: where a mean is meant, its 1/N has "
    "come in with dH."
)
def averaged_over_the_batch(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    dX, dh0, *rest = swept(dH, X, h0, W_ih, W_hh, b_ih, b_hh)
    return dX, dh0, *(g / len(X) for g in rest)


@rnn_backward.mistake(
    "The initial state is one step further back than z₁: dh₀ = W_hhᵀ dz₁, and you return dz₁."
)
def initial_state_stops_at_the_first_step(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    return swept(dH, X, h0, W_ih, W_hh, b_ih, b_hh, first=lambda dZ: dZ[:, 0])


@rnn_backward.alternative
def time_first_and_step_by_step(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    H = reference.rnn(X, h0, W_ih, W_hh, b_ih, b_hh)
    dX, dh = np.empty_like(X), np.zeros_like(h0)
    dW_ih, dW_hh, db = np.zeros_like(W_ih), np.zeros_like(W_hh), np.zeros_like(b_ih)
    for t in range(X.shape[1] - 1, -1, -1):
        dz = (dH[:, t] + dh) * (1 - H[:, t] ** 2)
        dX[:, t], dh = dz @ W_ih, dz @ W_hh
        dW_ih += dz.T @ X[:, t]
        dW_hh += dz.T @ (H[:, t - 1] if t else h0)
        db += dz.sum(axis=0)
    return dX, dh, dW_ih, dW_hh, db, db


@rnn_backward.alternative
def each_step_on_all_paths(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    H = reference.rnn(X, h0, W_ih, W_hh, b_ih, b_hh)
    before = np.concatenate([h0[:, None], H[:, :-1]], axis=1)
    dZ, T = np.zeros_like(H), X.shape[1]
    for s in range(T):  # the loss at step s alone, sent back to every step before it
        dz = dH[:, s] * (1 - H[:, s] ** 2)
        dZ[:, s] += dz
        for t in range(s - 1, -1, -1):
            dz = dz @ W_hh * (1 - H[:, t] ** 2)
            dZ[:, t] += dz
    return collected(dZ, dZ[:, 0] @ W_hh, X, before, W_ih)


@rnn_backward.loop
def _(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    dX, dh0 = np.zeros_like(X), np.zeros_like(h0)
    dW_ih, dW_hh, db = np.zeros_like(W_ih), np.zeros_like(W_hh), np.zeros_like(b_ih)
    for n in range(len(X)):
        states = [h0[n]]
        for x in X[n]:
            states.append(np.tanh(W_ih @ x + b_ih + W_hh @ states[-1] + b_hh))
        dh = np.zeros_like(h0[n])
        for t in range(len(X[n]) - 1, -1, -1):
            dz = (dH[n, t] + dh) * (1 - states[t + 1] ** 2)
            dX[n, t], dh = W_ih.T @ dz, W_hh.T @ dz
            dW_ih += np.outer(dz, X[n, t])
            dW_hh += np.outer(dz, states[t])
            db += dz
        dh0[n] = dh
    return dX, dh0, dW_ih, dW_hh, db, db.copy()


# -- spectral_radius ---------------------------------------------------------------------------

spectral_radius = Exercise(
    reference.spectral_radius, points=1, see="def-spectral-radius", returns="radius"
)
spectral_radius.hints(
    "What happens to an eigenvector when the matrix is applied to it again and again?",
    "`np.linalg.eigvals(W)` gives the eigenvalues, complex ones too; how long is a complex number?",
    "The largest of their absolute values: np.max(np.abs(np.linalg.eigvals(W))).",
)


def turned(rng, n, spread):
    """Nearly a rotation: all eigenvalues near the unit circle, most of them complex."""
    return np.linalg.qr(rng.normal(size=(n, n)))[0] + spread * rng.normal(size=(n, n))


def stretched(rng, values):
    """A matrix with these eigenvalues whose eigenvectors are not at right angles."""
    V = np.eye(len(values)) + np.triu(rng.uniform(0.2, 0.9, (len(values), len(values))), 1)
    V = np.linalg.qr(rng.normal(size=V.shape))[0] @ V
    return V @ np.diag(values) @ np.linalg.inv(V)


def turning(rng, radius, angle, rest):
    """A matrix whose largest eigenvalues are a complex pair."""
    W = stretched(rng, [1.0, 1.0, rest])
    pair = radius * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    block = np.zeros((3, 3))
    block[:2, :2], block[2, 2] = pair, rest
    V = np.eye(3) + np.triu(rng.uniform(0.2, 0.9, (3, 3)), 1)
    V = np.linalg.qr(W)[0] @ V
    return V @ block @ np.linalg.inv(V)


@spectral_radius.cases
def _(rng):
    yield "eigenvalues of both signs", dict(W=stretched(rng, [-2.5, 1.5, 0.7, -0.2]))
    yield "a complex pair on top", dict(W=turning(rng, 1.7, rng.uniform(1.8, 2.4), 0.9))
    yield "nearly a rotation", dict(W=turned(rng, 5, 0.05))
    yield "a single number below 0", dict(W=-rng.uniform(0.5, 2, size=(1, 1)))
    yield "nothing on or below the diagonal", dict(W=np.triu(rng.normal(size=(4, 4)), 1))
    yield "large entries", dict(W=1e8 * stretched(rng, [1.9, -0.8, 0.3]))
    yield "a float32 matrix", dict(W=stretched(rng, [-1.6, 0.9, 0.4]).astype(np.float32))


@spectral_radius.torch
def _(torch, W):
    return torch.linalg.eigvals(W).abs().max()


@spectral_radius.mistake(
    "That is the largest singular value, by how much W can stretch a vector once; applied again and "
    "again W grows as its largest eigenvalue, which may be far smaller."
)
def largest_singular_value(W):
    return np.linalg.norm(W, 2)


@spectral_radius.mistake(
    "Eigenvalues may be complex or below 0. You take the largest real part; take the largest "
    "absolute value."
)
def largest_real_part(W):
    return np.linalg.eigvals(W).real.max()


@spectral_radius.mistake(
    "The absolute value of a complex number is √(re² + im²); you drop the imaginary part first."
)
def imaginary_part_dropped(W):
    return np.abs(np.linalg.eigvals(W).real).max()


@spectral_radius.mistake(
    "`eigvalsh` is for symmetric matrices: it reads one triangle of W and takes the other to be its "
    "mirror image. Use `eigvals`."
)
def taken_for_symmetric(W):
    return np.abs(np.linalg.eigvalsh(W)).max()


@spectral_radius.mistake(
    "That is the root of the sum of squares of all entries, the Frobenius norm, which says nothing "
    "of eigenvalues."
)
def frobenius_norm(W):
    return np.linalg.norm(W)


@spectral_radius.mistake(
    "The largest eigenvalue decides, and you return the smallest: max, not min."
)
def smallest_instead_of_largest(W):
    return np.abs(np.linalg.eigvals(W)).min()


@spectral_radius.alternative
def from_the_triangle_of_schur(W):
    return np.abs(np.diag(schur(W, output="complex")[0])).max()


@spectral_radius.alternative
def by_powers_of_the_matrix(W):
    # ρ(W) is the limit of ‖Wᵏ‖^(1/k); squaring forty times gives k = 2⁴⁰.
    P, log_size = W.astype(float), 0.0
    for k in range(40):
        size = np.linalg.norm(P)
        if size == 0:
            return W.dtype.type(0)
        log_size += np.log(size) / 2**k
        P = (P / size) @ (P / size)
    return W.dtype.type(np.exp(log_size))


# -- scale_spectral_radius ---------------------------------------------------------------------

scale_spectral_radius = Exercise(
    reference.scale_spectral_radius, points=1, see="eq-scale-radius", returns="W_scaled"
)
scale_spectral_radius.hints(
    "If W v = λ v, what does c W make of v?",
    "The eigenvalues of c W are c times those of W, so its spectral radius is c times that of W, for "
    "c above 0. Which c is needed?",
    "radius / spectral_radius(W) * W",
)


@scale_spectral_radius.cases
def _(rng):
    yield "below the edge", dict(W=stretched(rng, [-2.5, 1.5, 0.7, -0.2]), radius=0.9)
    yield "a complex pair on top", dict(W=turning(rng, 1.7, rng.uniform(1.8, 2.4), 0.9), radius=1.3)
    yield "nearly a rotation", dict(W=turned(rng, 5, 0.1), radius=float(rng.uniform(0.5, 0.8)))
    yield "a single number below 0", dict(W=-rng.uniform(0.5, 0.9, size=(1, 1)), radius=2.0)
    yield "radius 0", dict(W=stretched(rng, [-1.4, 0.8, 0.3]), radius=0.0)
    yield (
        "a float32 matrix",
        dict(W=stretched(rng, [-1.6, 0.9, 0.4]).astype(np.float32), radius=0.7),
    )


@scale_spectral_radius.torch
def _(torch, W, radius):
    return W * (radius / torch.linalg.eigvals(W).abs().max())


@scale_spectral_radius.mistake(
    "You divide by the largest singular value; then ‖W‖ is what you asked for, and the spectral "
    "radius is smaller. Divide by `spectral_radius(W)`."
)
def divided_by_the_singular_value(W, radius):
    return radius / np.linalg.norm(W, 2) * W


@scale_spectral_radius.mistake(
    "Multiplying by the radius gives ρ(W) · radius; divide by the spectral radius that W has."
)
def old_radius_kept(W, radius):
    return radius * W


@scale_spectral_radius.mistake(
    "The wrong way round: to go from ρ(W) to the radius, multiply by radius / ρ(W)."
)
def factor_upside_down(W, radius):
    return reference.spectral_radius(W) * W / radius


@scale_spectral_radius.mistake(
    "You divide by the largest real part of an eigenvalue, which may be small, or below 0, where the "
    "matrix is turned over; divide by the largest absolute value."
)
def divided_by_the_largest_real_part(W, radius):
    return radius / np.linalg.eigvals(W).real.max() * W


@scale_spectral_radius.mistake(
    "You divide by the largest entry, which is not what decides; divide by the spectral radius."
)
def divided_by_the_largest_entry(W, radius):
    return radius / np.abs(W).max() * W


@scale_spectral_radius.mistake(
    "W is scaled to spectral radius 1, and the radius that was asked for is left out."
)
def scaled_to_one(W, radius):
    return W / reference.spectral_radius(W)


@scale_spectral_radius.alternative
def entries_divided_first(W, radius):
    return W / np.abs(np.linalg.eig(W)[0]).max() * radius


@scale_spectral_radius.alternative
def by_eigenvalues(W, radius):
    values, vectors = np.linalg.eig(W)
    values = values * (radius / np.abs(values).max())
    return ((vectors * values) @ np.linalg.inv(vectors)).real.astype(W.dtype)


# -- gradient_through_time ---------------------------------------------------------------------

gradient_through_time = Exercise(
    reference.gradient_through_time, points=3, see="eq-jacobian-product", returns="J"
)
gradient_through_time.hints(
    "What is the Jacobian of one step, hₜ₊₁ = tanh(W_hh hₜ + …), with respect to hₜ?",
    "It is diag(1 − hₜ₊₁²) W_hh. The last state with respect to itself gives the identity; each step "
    "further back multiplies one more Jacobian on the right.",
    "J[-1] = np.eye(H); then, from t = T − 2 down to 0, "
    "J[t] = (J[t + 1] * (1 - hs[t + 1] ** 2)) @ W_hh.",
)


@gradient_through_time.cases
def _(rng):
    def inputs(T, H, gain=1.0, dtype=float):
        W = gain * rng.normal(size=(H, H)) / H**0.5
        return dict(W_hh=W.astype(dtype), hs=rng.uniform(-0.9, 0.9, (T, H)).astype(dtype))

    yield "a sequence of five steps", inputs(5, 3)
    yield "more units than steps", inputs(3, 4)
    yield "two steps", inputs(2, 5)
    yield "one unit", inputs(4, 1)
    yield "a single step", inputs(1, 3)
    yield "weights that explode", inputs(12, 4, gain=8.0)
    saturated = inputs(6, 2)
    saturated["hs"][2] = [1.0, -1.0]
    yield "a saturated state on the way", saturated
    yield "a float32 sequence", inputs(4, 3, dtype=np.float32)


@gradient_through_time.torch
def _(torch, W_hh, hs):
    def from_state(t):
        J = torch.eye(len(W_hh), dtype=W_hh.dtype)
        for h in hs[t + 1 :]:  # forward in time: the later Jacobian stands on the left
            J = torch.diag(1 - h * h) @ W_hh @ J
        return J

    return torch.stack([from_state(t) for t in range(len(hs))])


def backwards(W_hh, hs, further):
    """The walk from the last state to the first, with its step exchangeable."""
    J = np.empty((*hs.shape, hs.shape[1]), hs.dtype)
    J[-1] = np.eye(hs.shape[1])
    for t in reversed(range(len(hs) - 1)):
        J[t] = further(J[t + 1], hs[t], hs[t + 1])
    return J


@gradient_through_time.mistake(
    "The step is tanh after W_hh, so its Jacobian is diag(1 − h²) W_hh; yours is W_hh diag(1 − h²), "
    "with the slopes on the side of the old state."
)
def slope_on_the_wrong_side(W_hh, hs):
    return backwards(W_hh, hs, lambda J, now, after: J @ W_hh * (1 - after**2))


@gradient_through_time.mistake(
    "The slope belongs to the state that the step makes, hₜ₊₁; yours is taken at hₜ, where it comes "
    "from."
)
def slope_of_the_earlier_state(W_hh, hs):
    return backwards(W_hh, hs, lambda J, now, after: (J * (1 - now**2)) @ W_hh)


@gradient_through_time.mistake(
    "Each step also passes a tanh: without 1 − h² you have the powers of W_hh, the gradient of a "
    "linear network."
)
def powers_of_the_weights(W_hh, hs):
    return backwards(W_hh, hs, lambda J, now, after: J @ W_hh)


@gradient_through_time.mistake(
    "The steps are multiplied from the wrong side. The step next to hₜ stands on the far right, "
    "because it is applied first: J[t + 1] times the Jacobian of the step."
)
def multiplied_from_the_wrong_side(W_hh, hs):
    return backwards(W_hh, hs, lambda J, now, after: (1 - after[:, None] ** 2) * W_hh @ J)


@gradient_through_time.mistake(
    "Entry ij of a Jacobian is ∂(h_T)ᵢ/∂(hₜ)ⱼ, so the step is diag(1 − h²) W_hh; you use W_hhᵀ, which "
    "belongs to a gradient that is a column."
)
def weights_transposed(W_hh, hs):
    return backwards(W_hh, hs, lambda J, now, after: (J * (1 - after**2)) @ W_hh.T)


@gradient_through_time.mistake(
    "Those are the Jacobians of single steps; hₜ reaches h_T through all steps between them, so they "
    "multiply."
)
def single_steps(W_hh, hs):
    return backwards(W_hh, hs, lambda J, now, after: (1 - after[:, None] ** 2) * W_hh)


@gradient_through_time.mistake(
    "One factor too many: the last state with respect to itself is the identity, and from hₜ to h_T "
    "there are T − t steps."
)
def one_step_too_many(W_hh, hs):
    J = reference.gradient_through_time(W_hh, hs)
    return J @ ((1 - hs[:, :, None] ** 2) * W_hh)


@gradient_through_time.mistake(
    "You follow the first state on its way forward, ∂hₜ/∂h₁; asked for is ∂h_T/∂hₜ, which the way "
    "back gives."
)
def followed_from_the_first(W_hh, hs):
    J = np.empty((*hs.shape, hs.shape[1]), hs.dtype)
    J[0] = np.eye(hs.shape[1])
    for t in range(1, len(hs)):
        J[t] = (1 - hs[t][:, None] ** 2) * W_hh @ J[t - 1]
    return J


@gradient_through_time.alternative
def with_diagonal_matrices(W_hh, hs):
    J = [np.eye(len(W_hh), dtype=hs.dtype)]
    for h in hs[:0:-1]:
        J.insert(0, J[0] @ np.diag(1 - h**2) @ W_hh)
    return np.array(J)


@gradient_through_time.alternative
def row_by_row_as_gradients(W_hh, hs):
    J = np.empty((*hs.shape, hs.shape[1]), hs.dtype)
    for i in range(hs.shape[1]):
        row = np.eye(hs.shape[1], dtype=hs.dtype)[i]  # the gradient of entry i of the last state
        for t in range(len(hs) - 1, -1, -1):
            J[t, i] = row
            row = W_hh.T @ (row * (1 - hs[t] ** 2))
    return J


@gradient_through_time.loop
def _(W_hh, hs):
    T, H = hs.shape
    J = np.zeros((T, H, H), hs.dtype)
    for i in range(H):
        J[T - 1, i, i] = 1
        for t in range(T - 2, -1, -1):
            for j in range(H):
                for k in range(H):
                    J[t, i, j] += J[t + 1, i, k] * (1 - hs[t + 1, k] ** 2) * W_hh[k, j]
    return J


# -- clip_by_norm ------------------------------------------------------------------------------

clip_by_norm = Exercise(reference.clip_by_norm, points=1, see="eq-clip", returns="g_clipped")
clip_by_norm.hints(
    "Which gradients should stay as they are? And what, of the others, should stay?",
    "The factor is max_norm / ‖g‖ where ‖g‖ is larger than max_norm, and 1 elsewhere. What happens "
    "to a gradient of zeros?",
    "max_norm / max(norm, max_norm) * g is right for all three, with norm = np.linalg.norm(g).",
)


@clip_by_norm.cases
def _(rng):
    yield "a long vector", dict(g=rng.choice([-1, 1], 5) * rng.uniform(1, 4, 5), max_norm=1.5)
    yield "a short vector", dict(g=rng.uniform(-0.2, 0.2, size=4), max_norm=2.0)
    yield "a matrix", dict(g=rng.uniform(1, 3, size=(3, 4)), max_norm=0.7)
    yield "rows of unlike lengths", dict(g=np.array([[3.0, -4.0], [0.1, 0.2]]), max_norm=1.0)
    yield "zeros only", dict(g=np.zeros((2, 3)), max_norm=1.0)
    yield "an explosion", dict(g=1e12 * rng.normal(size=6), max_norm=5.0)
    yield "a float32 matrix", dict(g=rng.normal(size=(4, 2)).astype(np.float32) * 9, max_norm=3.0)


@clip_by_norm.torch
def _(torch, g, max_norm):
    return g * torch.clamp(max_norm / torch.linalg.vector_norm(g), max=1.0)


@clip_by_norm.mistake(
    "A gradient that is short enough stays as it is; yours is stretched to max_norm, and one of "
    "zeros becomes NaN."
)
def short_ones_are_stretched(g, max_norm):
    return max_norm / np.linalg.norm(g) * g


@clip_by_norm.mistake(
    "You cut every entry by itself, and the direction changes; shorten the whole by one factor."
)
def entries_cut_one_by_one(g, max_norm):
    return np.clip(g, -max_norm, max_norm)


@clip_by_norm.mistake(
    "Σ g² is the square of the length; take its root before you compare it with max_norm."
)
def root_left_out(g, max_norm):
    return max_norm / max(float(np.sum(g * g)), max_norm) * g


@clip_by_norm.mistake(
    "The length is the root of the sum of squares of all entries; you use the largest entry."
)
def largest_entry_for_the_length(g, max_norm):
    return max_norm / max(float(np.abs(g).max()), max_norm) * g


@clip_by_norm.mistake(
    "A matrix of gradients is one vector, with one length; you shorten its rows one by one."
)
def row_by_row(g, max_norm):
    return max_norm / np.maximum(np.linalg.norm(g, axis=-1, keepdims=True), max_norm) * g


@clip_by_norm.mistake(
    "A long gradient is kept, only shorter: max_norm / ‖g‖ times g. Yours is thrown away."
)
def long_ones_thrown_away(g, max_norm):
    return g * (np.linalg.norm(g) <= max_norm)


@clip_by_norm.mistake(
    "The 10⁻⁶ below the line is what torch's clip_grad_norm_ adds; the formula here has none, "
    "because a gradient of zeros is never divided."
)
def a_millionth_below_the_line(g, max_norm):
    return min(1.0, max_norm / (float(np.linalg.norm(g)) + 1e-6)) * g


@clip_by_norm.alternative
def with_a_branch(g, max_norm):
    length = np.sqrt(np.sum(g**2))
    return g * (max_norm / length) if length > max_norm else g.copy()


@clip_by_norm.alternative
def largest_entry_taken_out_first(g, max_norm):
    top = float(np.abs(g).max())
    length = top * float(np.linalg.norm(g / (top or 1.0)))
    return g / max(1.0, length / max_norm)


# -- teacher_forcing_inputs --------------------------------------------------------------------

teacher_forcing_inputs = Exercise(
    reference.teacher_forcing_inputs, points=1, see="def-teacher-forcing", returns="inputs"
)
teacher_forcing_inputs.hints(
    "At the first step nothing has been said yet. At step t, what is the last thing that was?",
    "Shift the targets by one step to the right along axis 1: the last one falls out, `start` comes "
    "in at the front.",
    "inputs = np.roll(Y, 1, axis=1) puts the last target in front; write `start` over it.",
)


@teacher_forcing_inputs.cases
def _(rng):
    yield "token ids", dict(Y=rng.integers(1, 50, size=(3, 5)), start=0)
    yield "one sequence", dict(Y=rng.integers(10, 99, size=(1, 7)), start=3)
    yield "vectors", dict(Y=rng.normal(size=(4, 3, 2)), start=rng.normal(size=2))
    yield "a single step", dict(Y=rng.integers(5, 20, size=(6, 1)), start=2)
    yield "narrow ids", dict(Y=rng.integers(1, 90, size=(2, 4)).astype(np.int16), start=7)
    yield (
        "float32 vectors",
        dict(
            Y=rng.normal(size=(2, 6, 3)).astype(np.float32),
            start=rng.normal(size=3).astype(np.float32),
        ),
    )


@teacher_forcing_inputs.torch
def _(torch, Y, start):
    first = torch.as_tensor(start, dtype=Y.dtype).expand(Y[:, :1].shape)
    return torch.cat([first, Y[:, :-1]], dim=1)


def behind(Y, start):
    """`start` as a first step of all sequences."""
    first = np.empty_like(Y[:, :1])
    first[:] = start
    return first


@teacher_forcing_inputs.mistake(
    "That is the target of each step itself, so the network is shown what it should guess; shift by "
    "one step, and it is shown what came before."
)
def answer_given_away(Y, start):
    return Y.copy()


@teacher_forcing_inputs.mistake(
    "Shifted the wrong way: step t is shown the target of step t + 1, which lies in the future."
)
def shifted_into_the_future(Y, start):
    return np.concatenate([Y[:, 1:], behind(Y, start)], axis=1)


@teacher_forcing_inputs.mistake(
    "Only the first step is replaced; the others must move on by one: the input at t is the target "
    "of t − 1."
)
def first_step_written_over(Y, start):
    return np.concatenate([behind(Y, start), Y[:, 1:]], axis=1)


@teacher_forcing_inputs.mistake(
    "`np.roll` brings the last target round to the front, where the network would see the end at the "
    "start; write `start` there."
)
def last_target_in_front(Y, start):
    return np.roll(Y, 1, axis=1)


@teacher_forcing_inputs.mistake(
    "Time is axis 1; you shift along axis 0, from one sequence to the next."
)
def shifted_from_sequence_to_sequence(Y, start):
    inputs = np.roll(Y, 1, axis=0)
    inputs[0] = start
    return inputs


@teacher_forcing_inputs.mistake(
    "One step too many: the last target is nobody's input, so it falls out, `Y[:, :-1]`."
)
def one_step_longer(Y, start):
    return np.concatenate([behind(Y, start), Y], axis=1)


@teacher_forcing_inputs.mistake("The first input is `start`, whatever it is; yours is always 0.")
def zero_for_start(Y, start):
    inputs = np.roll(Y, 1, axis=1)
    inputs[:, 0] = 0 if np.ndim(start) else start // (start + 1)
    return inputs


@teacher_forcing_inputs.alternative
def start_put_in_front(Y, start):
    return np.concatenate([behind(Y, start), Y[:, :-1]], axis=1)


@teacher_forcing_inputs.loop
def _(Y, start):
    inputs = np.empty_like(Y)
    for n in range(len(Y)):
        for t in range(Y.shape[1]):
            inputs[n, t] = Y[n, t - 1] if t > 0 else start
    return inputs


# -- bidirectional -----------------------------------------------------------------------------

bidirectional = Exercise(reference.bidirectional, points=2, see="def-bidirectional", returns="H")
bidirectional.hints(
    "The second network reads from the end to the start. In which order do its states come out?",
    "Its first state belongs to the last step, so its states must be turned round before they are put "
    "beside the others.",
    "`backward(X[:, ::-1])[:, ::-1]`, joined behind forward(X) along the last axis.",
)

SUMS = "lambda X: np.cumsum(X, axis=1)"
HIGHEST = "lambda X: np.maximum.accumulate(X, axis=1)[:, :, :2]"
SQUARES = "lambda X: np.cumsum(X * X, axis=1)[:, :, 1:]"
CHANGES = "lambda X: X - 2 * np.concatenate([X[:, :1], X[:, :-1]], axis=1)"


@bidirectional.cases
def _(rng):
    def inputs(forward, backward, N, T, D, dtype=float):
        X = rng.uniform(0.2, 2, size=(N, T, D)).astype(dtype) * rng.choice([-1, 1], (N, T, D))
        return dict(forward=Function(forward), backward=Function(backward), X=X.astype(dtype))

    yield "states of unlike widths", inputs(SUMS, HIGHEST, 2, 5, 4)
    yield "states of one width", inputs(SUMS, CHANGES, 3, 4, 2)
    yield "one sequence", inputs(CHANGES, SQUARES, 1, 6, 3)
    yield "a single step", inputs(SUMS, CHANGES, 4, 1, 2)
    yield "float32 sequences", inputs(HIGHEST, SUMS, 2, 3, 4, np.float32)


@bidirectional.oracle
def _(forward, backward, X):
    rows = []
    for one in X:
        there = forward(one[None])[0]
        back = backward(np.stack([one[t] for t in range(len(one) - 1, -1, -1)])[None])[0]
        rows.append([[*there[t], *back[len(one) - 1 - t]] for t in range(len(one))])
    return np.array(rows, X.dtype)


@bidirectional.mistake(
    "The backward states come out last step first; turn them round, `[:, ::-1]`, so that each "
    "stands at the step it belongs to."
)
def states_not_turned_back(forward, backward, X):
    return np.concatenate([forward(X), backward(X[:, ::-1])], axis=-1)


@bidirectional.mistake(
    "Both networks read from the start to the end; the second must be given `X[:, ::-1]`. (`X[::-1]` "
    "turns the order of the sequences, and each is still read from its start.)"
)
def read_forward_twice(forward, backward, X):
    return np.concatenate([forward(X), backward(X)], axis=-1)


@bidirectional.mistake(
    "The second network reads from the start, and then you turn its states round; it is the input "
    "that must be turned, and then the states back."
)
def only_the_states_turned(forward, backward, X):
    return np.concatenate([forward(X), backward(X)[:, ::-1]], axis=-1)


@bidirectional.mistake(
    "The forward states come first, then the backward ones; yours stand the other way round."
)
def backward_states_first(forward, backward, X):
    return np.concatenate([backward(X[:, ::-1])[:, ::-1], forward(X)], axis=-1)


@bidirectional.mistake(
    "Both states are kept, side by side, (N, T, H + H′); adding them mixes what was read before with "
    "what was read after, and needs equal widths."
)
def added_up(forward, backward, X):
    return forward(X) + backward(X[:, ::-1])[:, ::-1]


@bidirectional.mistake(
    "Joined along time, the sequence is twice as long; join along the last axis, so that each step "
    "has both states."
)
def joined_along_time(forward, backward, X):
    return np.concatenate([forward(X), backward(X[:, ::-1])[:, ::-1]], axis=1)


@bidirectional.alternative
def with_flip(forward, backward, X):
    return np.concatenate((forward(X), np.flip(backward(np.flip(X, 1)), 1)), 2)


@bidirectional.loop
def _(forward, backward, X):
    there, back = forward(X), backward(X[:, ::-1].copy())
    N, T, H = there.shape
    both = np.empty((N, T, H + back.shape[2]), there.dtype)
    for t in range(T):
        both[:, t, :H] = there[:, t]
        both[:, t, H:] = back[:, T - 1 - t]
    return both


# -- leaky_step --------------------------------------------------------------------------------

leaky_step = Exercise(reference.leaky_step, points=1, see="def-leaky-unit", returns="h_next")
leaky_step.hints(
    "With α = 1 the unit keeps what it has, with α = 0 it takes the candidate. And in between?",
    "A weighted mean of the two: the weights are α and 1 − α.",
    "alpha * h + (1 - alpha) * candidate",
)


@leaky_step.cases
def _(rng):
    def inputs(N, H, alpha, dtype=float):
        drawn = rng.uniform(0.2, 2, size=(2, N, H)) * rng.choice([-1, 1], size=(2, N, H))
        return dict(h=drawn[0].astype(dtype), candidate=drawn[1].astype(dtype), alpha=alpha)

    yield "one α for all units", inputs(4, 3, float(rng.uniform(0.6, 0.9)))
    yield "an α for each unit", inputs(3, 5, rng.uniform(0.1, 0.95, size=5))
    yield "one example", inputs(1, 4, 0.25)
    yield "nothing kept", inputs(2, 3, 0.0)
    yield "everything kept", inputs(5, 2, 1.0)
    yield "a float32 batch", inputs(3, 2, 0.7, np.float32)
    spread = rng.uniform(0.1, 0.9, size=4).astype(np.float32)
    yield "float32 and an α for each unit", inputs(2, 4, spread, np.float32)


@leaky_step.torch
def _(torch, h, candidate, alpha):
    if isinstance(alpha, torch.Tensor):
        return torch.lerp(candidate, h, alpha.expand(h.shape))
    return torch.lerp(candidate, h, alpha)


@leaky_step.mistake(
    "The two weights have changed places: α belongs to the old state, 1 − α to the candidate."
)
def weights_changed_places(h, candidate, alpha):
    return (1 - alpha) * h + alpha * candidate


@leaky_step.mistake(
    "The weights do not add up to 1: the candidate comes in whole, so the state grows; give it 1 − α."
)
def candidate_comes_in_whole(h, candidate, alpha):
    return alpha * h + candidate


@leaky_step.mistake("The old state does not leak: multiply it by α, or the unit only ever adds.")
def old_state_does_not_leak(h, candidate, alpha):
    return h + (1 - alpha) * candidate


@leaky_step.mistake(
    "The candidate has been bent already; the mean of old state and candidate needs no second tanh."
)
def bent_once_more(h, candidate, alpha):
    return np.tanh(alpha * h + (1 - alpha) * candidate)


@leaky_step.mistake("Half and half, whatever α is; the weights are α and 1 − α.")
def half_and_half(h, candidate, alpha):
    return (h + candidate) / 2 + 0 * h * alpha


@leaky_step.alternative
def a_step_towards_the_candidate(h, candidate, alpha):
    return h + (1 - alpha) * (candidate - h)


@leaky_step.alternative
def what_leaks_is_replaced(h, candidate, alpha):
    return candidate + alpha * (h - candidate)


@leaky_step.loop
def _(h, candidate, alpha):
    new = np.empty_like(h)
    for n in range(len(h)):
        for j in range(h.shape[1]):
            a = alpha[j] if np.ndim(alpha) else alpha
            new[n, j] = a * h[n, j] + (1 - a) * candidate[n, j]
    return new


# -- echo_state_readout ------------------------------------------------------------------------

echo_state_readout = Exercise(
    reference.echo_state_readout, points=2, see="eq-ridge", returns="W_out"
)
echo_state_readout.hints(
    "The states are fixed, so the loss is quadratic in W_out. Where is its gradient zero?",
    "(Hᵀ H + ridge I) W_outᵀ = Hᵀ Y is a linear system; `np.linalg.solve` needs no inverse.",
    "np.linalg.solve(H.T @ H + ridge * np.eye(n), H.T @ Y).T, and mind the dtype of np.eye.",
)


@echo_state_readout.cases
def _(rng):
    def inputs(T, n, K, ridge, dtype=float):
        H, Y = rng.uniform(-1, 1, size=(T, n)), rng.normal(size=(T, K))
        return dict(H=H.astype(dtype), Y=Y.astype(dtype), ridge=ridge)

    yield "more steps than units", inputs(12, 4, 2, 0.3)
    yield "fewer steps than units", inputs(3, 5, 2, 0.5)
    yield "one target", inputs(9, 3, 1, 1.5)
    with_bias = inputs(10, 4, 3, 2.0)
    with_bias["H"][:, -1] = 1
    yield "a column of ones", with_bias
    twins = inputs(8, 4, 2, 0.2)
    twins["H"][:, 1] = twins["H"][:, 0]
    yield "two units that always agree", twins
    yield "a float32 record", inputs(11, 3, 2, 1.0, np.float32)


@echo_state_readout.torch
def _(torch, H, Y, ridge):
    n = H.shape[1]
    longer = torch.cat([H, ridge**0.5 * torch.eye(n, dtype=H.dtype)])
    return torch.linalg.lstsq(longer, torch.cat([Y, Y.new_zeros(n, Y.shape[1])])).solution.T


def ridge_solution(H, Y, penalty):
    return np.linalg.solve(H.T @ H + penalty.astype(H.dtype), H.T @ Y).T


@echo_state_readout.mistake(
    "That is least squares without the penalty: add ridge times the identity to Hᵀ H."
)
def penalty_left_out(H, Y, ridge):
    return np.linalg.lstsq(H, Y, rcond=None)[0].T


@echo_state_readout.mistake(
    "`H.T @ H + ridge` adds the number to every entry; the penalty belongs on the diagonal, "
    "`ridge * np.eye(n)`."
)
def ridge_added_everywhere(H, Y, ridge):
    return ridge_solution(H, Y, ridge * np.ones((H.shape[1], H.shape[1])))


@echo_state_readout.mistake(
    "The loss here is a sum over the steps, no mean, so the ridge is not multiplied by T."
)
def ridge_times_the_steps(H, Y, ridge):
    return ridge_solution(H, Y, len(H) * ridge * np.eye(H.shape[1]))


@echo_state_readout.mistake(
    "The weights come back as (n, K); in this book a weight matrix is (out, in): transpose the result."
)
def stored_in_by_out(H, Y, ridge):
    return ridge_solution(H, Y, ridge * np.eye(H.shape[1])).T


@echo_state_readout.mistake(
    "Every weight is penalised here, that of the last column too, be it a column of ones or not."
)
def last_column_spared(H, Y, ridge):
    spared = np.eye(H.shape[1])
    spared[-1, -1] = 0
    return ridge_solution(H, Y, ridge * spared)


@echo_state_readout.mistake(
    "The penalty is ridge · ‖W_out‖², so the diagonal gets `ridge` itself, and not its square."
)
def ridge_squared(H, Y, ridge):
    return ridge_solution(H, Y, ridge * ridge * np.eye(H.shape[1]))


@echo_state_readout.alternative
def from_the_side_of_the_steps(H, Y, ridge):
    gram = H @ H.T + ridge * np.eye(len(H), dtype=H.dtype)
    return Y.T @ np.linalg.solve(gram, H)


@echo_state_readout.alternative
def by_singular_values(H, Y, ridge):
    U, s, Vt = np.linalg.svd(H, full_matrices=False)
    return (Y.T @ U) * (s / (s * s + ridge)) @ Vt


@echo_state_readout.benchmark
def _(rng):
    return dict(H=rng.uniform(-1, 1, size=(2000, 300)), Y=rng.normal(size=(2000, 2)), ridge=1e-2)


# -- tree_encode -------------------------------------------------------------------------------

tree_encode = Exercise(reference.tree_encode, points=2, see="def-recursive", returns="vector")
tree_encode.hints(
    "What is the vector of a leaf? And if you had the vectors of both children, what would you do?",
    "The function may call itself: encode the left child, encode the right child, join the two "
    "vectors, and take one step. A leaf, which is not a tuple, ends it.",
    "if not isinstance(tree, tuple): return embeddings[tree]; otherwise np.tanh(W @ "
    "np.concatenate([left, right]) + b), with left and right from tree_encode itself.",
)


@tree_encode.cases
def _(rng):
    def inputs(tree, V, d, dtype=float):
        drawn = dict(embeddings=(V, d), W=(d, 2 * d), b=(d,))
        return dict(tree=tree) | {
            name: rng.normal(size=size).astype(dtype) for name, size in drawn.items()
        }

    yield "two leaves", inputs((1, 3), 5, 3)
    yield "a balanced tree", inputs(((0, 2), (3, 1)), 4, 2)
    yield "a tree that leans to the left", inputs((((2, 0), 1), 4), 6, 3)
    yield "a tree that leans to the right", inputs((0, (3, (1, 2))), 5, 4)
    yield "a leaf alone", inputs(2, 3, 4)
    yield "the same leaf twice", inputs(((1, 1), 0), 2, 3)
    yield "float32 weights", inputs(((0, (2, 1)), 3), 4, 3, np.float32)


@tree_encode.torch
def _(torch, tree, embeddings, W, b):
    def encode(one):
        if isinstance(one, int):
            return embeddings[one]
        return torch.nn.functional.linear(torch.cat([encode(child) for child in one]), W, b).tanh()

    return encode(tree)


def encoded(tree, leaf, node):
    """The walk from the leaves up, with its two rules exchangeable."""
    if not isinstance(tree, tuple):
        return leaf(tree)
    return node(*[encoded(child, leaf, node) for child in tree])


@tree_encode.mistake(
    "The children have changed places: the left child's vector comes first in [l; r], the right "
    "child's below it."
)
def children_changed_places(tree, embeddings, W, b):
    return encoded(
        tree, embeddings.__getitem__, lambda l, r: np.tanh(W @ np.concatenate([r, l]) + b)
    )


@tree_encode.mistake(
    "The bend is missing at the nodes: without tanh the whole tree is one linear map of its leaves."
)
def nodes_not_bent(tree, embeddings, W, b):
    return encoded(tree, embeddings.__getitem__, lambda l, r: W @ np.concatenate([l, r]) + b)


@tree_encode.mistake("A leaf is its embedding as it stands; the tanh belongs to the nodes only.")
def leaves_bent_too(tree, embeddings, W, b):
    return encoded(
        tree, lambda i: np.tanh(embeddings[i]), lambda l, r: np.tanh(W @ np.concatenate([l, r]) + b)
    )


@tree_encode.mistake("The bias b is missing at the nodes.")
def bias_of_the_nodes_forgotten(tree, embeddings, W, b):
    return encoded(tree, embeddings.__getitem__, lambda l, r: np.tanh(W @ np.concatenate([l, r])))


@tree_encode.mistake(
    "You read the leaves one after the other, from left to right: that is a recurrent network. Here "
    "the tree says which parts are joined first."
)
def leaves_read_in_a_row(tree, embeddings, W, b):
    first, *others = encoded(tree, lambda i: [embeddings[i]], lambda l, r: l + r)
    for leaf in others:
        first = np.tanh(W @ np.concatenate([first, leaf]) + b)
    return first


@tree_encode.mistake(
    "The left half of W serves both children, so left and right cannot be told apart; each child "
    "has its own half."
)
def same_half_for_both(tree, embeddings, W, b):
    half = W[:, : len(W)]
    return encoded(tree, embeddings.__getitem__, lambda l, r: np.tanh(half @ (l + r) + b))


@tree_encode.alternative
def two_halves_of_the_weights(tree, embeddings, W, b):
    left, right = np.split(W, 2, axis=1)
    return encoded(tree, embeddings.__getitem__, lambda l, r: np.tanh(left @ l + right @ r + b))


@tree_encode.alternative
def with_a_stack(tree, embeddings, W, b):
    waiting, done = [(tree, False)], []
    while waiting:
        one, children_done = waiting.pop()
        if not isinstance(one, tuple):
            done.append(embeddings[one])
        elif children_done:
            right, left = done.pop(), done.pop()
            done.append(np.tanh(W @ np.concatenate([left, right]) + b))
        else:
            waiting += [(one, True), (one[1], False), (one[0], False)]
    return done[0]


# -- sequence_cross_entropy --------------------------------------------------------------------

sequence_cross_entropy = Exercise(
    reference.sequence_cross_entropy, points=2, see="def-sequence-loss", returns="loss"
)
sequence_cross_entropy.hints(
    "Sequences of a batch have unlike lengths. Which steps should the mean run over, and how many "
    "are they?",
    "A boolean mask picks the steps: `Z[mask]` is (M, K), all scores that count, one row a step. "
    "From there it is the cross-entropy of M examples.",
    "log_p = log_softmax(Z[mask]), then -np.mean(log_p[np.arange(len(log_p)), labels[mask]]).",
)


@sequence_cross_entropy.cases
def _(rng):
    def inputs(lengths, T, K, dtype=float, padding=0):
        mask = np.arange(T) < np.array(lengths)[:, None]
        labels = np.where(mask, rng.integers(K, size=mask.shape), padding)
        return dict(Z=2 * rng.normal(size=(*mask.shape, K)).astype(dtype), labels=labels, mask=mask)

    yield "unlike lengths", inputs([5, 2, 4], 6, 3)
    yield "no padding", inputs([4, 4], 4, 5)
    yield "one sequence", inputs([3], 5, 4)
    yield "padding labelled −100", inputs([1, 4, 2, 3], 4, 3, padding=-100)
    gaps = inputs([7, 5], 7, 2)
    gaps["mask"][:, 1] = False
    yield "gaps in the middle", gaps
    far = inputs([2, 5], 5, 4)
    yield "scores of ±1000", far | dict(Z=1000 * np.sign(far["Z"]))
    yield "float32 scores", inputs([3, 1, 2], 3, 6, np.float32)


@sequence_cross_entropy.torch
def _(torch, Z, labels, mask):
    labels = torch.where(mask, labels, -100).flatten()
    return torch.nn.functional.cross_entropy(Z.flatten(0, 1), labels, ignore_index=-100)


def costs(Z, labels):
    """−log p(label) at every step, padded ones included."""
    return -np.take_along_axis(log_softmax(Z), labels[..., None], axis=-1)[..., 0]


@sequence_cross_entropy.mistake(
    "The mask is not used: padded steps count as if they were text. Take `Z[mask]` and `labels[mask]`."
)
def padding_counts_too(Z, labels, mask):
    return np.mean(costs(Z, labels))


def masked(Z, labels, mask):
    return np.where(mask, costs(Z, np.where(mask, labels, 0)), 0)


@sequence_cross_entropy.mistake(
    "The sum leaves the padding out, but you divide by all N · T steps; divide by the number of "
    "steps that count, `mask.sum()`."
)
def divided_by_all_steps(Z, labels, mask):
    return np.mean(masked(Z, labels, mask))


@sequence_cross_entropy.mistake(
    "You average each sequence first, so a word of a short sequence weighs more than one of a long "
    "sequence; average over all steps at once."
)
def mean_of_the_sequences_means(Z, labels, mask):
    return np.mean(masked(Z, labels, mask).sum(axis=1) / mask.sum(axis=1))


@sequence_cross_entropy.mistake(
    "That is the sum over the steps, divided by the number of sequences; divide by the number of "
    "steps, or a longer text costs more."
)
def divided_by_the_sequences(Z, labels, mask):
    return masked(Z, labels, mask).sum() / len(Z)


@sequence_cross_entropy.mistake(
    "That is the sum over the steps; a loss of this book averages: divide by `mask.sum()`."
)
def summed_not_averaged(Z, labels, mask):
    return masked(Z, labels, mask).sum()


@sequence_cross_entropy.mistake(
    "Scores multiplied by 0 still give a softmax, the uniform one, so the padding costs log K a step; "
    "the mask belongs to the costs, or to the choice of rows."
)
def scores_masked_instead_of_costs(Z, labels, mask):
    return np.mean(costs(Z * mask[..., None], np.where(mask, labels, 0)))


@sequence_cross_entropy.mistake(
    "The minus is missing: log p is below 0, and what is minimised is −log p."
)
def minus_sign_missing(Z, labels, mask):
    return -masked(Z, labels, mask).sum() / mask.sum()


@sequence_cross_entropy.mistake(
    "The probabilities add up to 1 along time in your softmax; it is the classes, the last axis, "
    "among which each step chooses."
)
def softmax_over_time(Z, labels, mask):
    log_p = log_softmax(Z, axis=1)
    picked = np.take_along_axis(log_p, np.where(mask, labels, 0)[..., None], axis=-1)[..., 0]
    return -picked[mask].mean()


@sequence_cross_entropy.alternative
def by_sums(Z, labels, mask):
    return masked(Z, labels, mask).sum() / mask.sum()


@sequence_cross_entropy.alternative
def by_log_sums(Z, labels, mask):
    Z, labels = Z[mask], labels[mask]
    top = Z.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(Z - top).sum(axis=1)) + top[:, 0]
    return np.mean(log_sum - Z[np.arange(len(Z)), labels])


@sequence_cross_entropy.loop
def _(Z, labels, mask):
    total, count = 0.0, 0
    for n in range(Z.shape[0]):
        for t in range(Z.shape[1]):
            if mask[n, t]:
                total -= log_softmax(Z[n, t])[labels[n, t]]
                count += 1
    return total / count
