"""What an answer in the chapter on LSTM and GRU must satisfy, and the mistakes people make."""

import numpy as np

from autograder.exercise import Exercise
from solutions import gated as reference
from solutions.activations import sigmoid

GATES = {"lstm": 4, "gru": 3}
WEIGHTS = ("W_ih", "W_hh", "b_ih", "b_hh")


def drawn(rng, kind, N, D, H, T=None, dtype=float, size=0.7):
    """Inputs of a step (T None) or of a sequence; `size` is that of the weights."""
    blocks = GATES[kind]
    steps = () if T is None else (T,)
    start = ("h", "c") if T is None else ("h0", "c0")
    arrays = {"x" if T is None else "X": rng.normal(size=(N, *steps, D))}
    arrays |= {name: rng.normal(size=(N, H)) for name in start[: blocks - 2]}
    arrays |= {
        "W_ih": size * rng.normal(size=(blocks * H, D)),
        "W_hh": size * rng.normal(size=(blocks * H, H)),
        "b_ih": size * rng.normal(size=blocks * H),
        "b_hh": size * rng.normal(size=blocks * H),
    }
    return {name: array.astype(dtype) for name, array in arrays.items()}


def step_cases(rng, kind, upstream=()):
    """Inputs of one step, with upstream gradients of these names in front."""

    def inputs(N, D, H, **more):
        made = drawn(rng, kind, N, D, H, **more)
        h = made["h"]
        return {name: rng.normal(size=h.shape).astype(h.dtype) for name in upstream} | made

    yield "a batch of five", inputs(5, 3, 4)
    yield "more inputs than units", inputs(4, 7, 2)
    yield "a single example", inputs(1, 4, 3)
    yield "gates far open or shut", inputs(6, 2, 3, size=8.0)
    yield "float32 inputs", inputs(3, 5, 4, dtype=np.float32)
    turned = inputs(7, 3, 5)
    yield "non-contiguous inputs", {name: np.asfortranarray(a) for name, a in turned.items()}


def sequence_cases(rng, kind, backward=False):
    """Inputs of a whole sequence, with an upstream gradient for every state if `backward`."""

    def inputs(N, T, D, H, **more):
        made = drawn(rng, kind, N, D, H, T, **more)
        if not backward:
            return made
        return {"dH": rng.normal(size=(N, T, H)).astype(made["X"].dtype)} | made

    yield "four sequences of five steps", inputs(4, 5, 3, 2)
    yield "more units than inputs", inputs(3, 4, 2, 5)
    yield "a single sequence", inputs(1, 6, 3, 4)
    yield "a sequence of one step", inputs(5, 1, 2, 3)
    yield "gates far open or shut", inputs(2, 5, 4, 3, size=6.0)
    yield "float32 inputs", inputs(3, 7, 4, 2, dtype=np.float32)
    turned = inputs(5, 3, 4, 2)
    yield "non-contiguous inputs", {name: np.asfortranarray(a) for name, a in turned.items()}


def large(rng, kind, backward=False):
    """32 sequences of 50 steps, 64 inputs, 128 units: a realistic size."""
    made = drawn(rng, kind, 32, 64, 128, 50, size=0.1)
    return ({"dH": rng.normal(size=(32, 50, 128))} if backward else {}) | made


def by_torch_lstm(torch, X, h0, c0, *weights):
    return torch.lstm(X, (h0[None], c0[None]), weights, True, 1, 0.0, True, False, True)[0]


def by_torch_gru(torch, X, h0, *weights):
    return torch.gru(X, h0[None], weights, True, 1, 0.0, True, False, True)[0]


def weighted(x, h, W_ih, W_hh, b_ih, b_hh):
    """The weighted inputs of all blocks, both biases in."""
    return x @ W_ih.T + b_ih + h @ W_hh.T + b_hh


def bent(z):
    """i, f, g, o of an LSTM from their weighted inputs in a row."""
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    return sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)


# -- lstm_step ---------------------------------------------------------------------------------

lstm_step = Exercise(reference.lstm_step, points=2, see="def-lstm", returns="h, c")
lstm_step.hints(
    "How many weighted inputs does one unit need, and which of them go through a sigmoid?",
    "`x @ W_ih.T + b_ih + h @ W_hh.T + b_hh` has 4H columns: the blocks i, f, g, o. "
    "`np.split(..., 4, axis=1)` takes them apart.",
    "The new cell is `f * c + i * g`, and the hidden state `o * np.tanh(c)` of the new cell. "
    "Return both, the hidden state first.",
)


@lstm_step.cases
def _(rng):
    yield from step_cases(rng, "lstm")


@lstm_step.torch
def _(torch, x, h, c, W_ih, W_hh, b_ih, b_hh):
    return torch.lstm_cell(x, (h, c), W_ih, W_hh, b_ih, b_hh)


@lstm_step.mistake(
    "The blocks of rows stand in torch's order i, f, g, o: the candidate is the third, the output gate "
    "the fourth. You took them as i, f, o, g."
)
def gates_in_the_order_i_f_o_g(x, h, c, W_ih, W_hh, b_ih, b_hh):
    z_i, z_f, z_o, z_g = np.split(weighted(x, h, W_ih, W_hh, b_ih, b_hh), 4, axis=1)
    c = sigmoid(z_f) * c + sigmoid(z_i) * np.tanh(z_g)
    return sigmoid(z_o) * np.tanh(c), c


@lstm_step.mistake("There are two biases, b_ih and b_hh, and both are added; you left b_hh out.")
def second_bias_forgotten(x, h, c, W_ih, W_hh, b_ih, b_hh):
    i, f, g, o = bent(x @ W_ih.T + b_ih + h @ W_hh.T)
    c = f * c + i * g
    return o * np.tanh(c), c


@lstm_step.mistake(
    "The cell goes through tanh before the output gate lets it out: h′ = o ⊙ tanh(c′)."
)
def cell_put_out_without_tanh(x, h, c, W_ih, W_hh, b_ih, b_hh):
    i, f, g, o = bent(weighted(x, h, W_ih, W_hh, b_ih, b_hh))
    c = f * c + i * g
    return o * c, c


@lstm_step.mistake("The output gate shows the new cell, h′ = o ⊙ tanh(c′); you show the old one.")
def old_cell_put_out(x, h, c, W_ih, W_hh, b_ih, b_hh):
    i, f, g, o = bent(weighted(x, h, W_ih, W_hh, b_ih, b_hh))
    return o * np.tanh(c), f * c + i * g


@lstm_step.mistake(
    "The third block is no gate but the candidate, what might be written: it goes through tanh, so that "
    "it can be negative, too."
)
def candidate_bent_by_a_sigmoid(x, h, c, W_ih, W_hh, b_ih, b_hh):
    z = weighted(x, h, W_ih, W_hh, b_ih, b_hh)
    i, f, g, o = np.split(sigmoid(z), 4, axis=1)
    c = f * c + i * g
    return o * np.tanh(c), c


@lstm_step.mistake(
    "In an LSTM the input gate is learned by itself; 1 − f in its place is the coupled gate of a GRU."
)
def input_gate_coupled_to_the_forget_gate(x, h, c, W_ih, W_hh, b_ih, b_hh):
    _, f, g, o = bent(weighted(x, h, W_ih, W_hh, b_ih, b_hh))
    c = f * c + (1 - f) * g
    return o * np.tanh(c), c


@lstm_step.mistake(
    "You add 1 to the forget gate's input. A large forget bias is a choice of the initial weights: it "
    "stands in b_ih already, where it can be learned."
)
def forget_bias_of_one_built_in(x, h, c, W_ih, W_hh, b_ih, b_hh):
    z_i, z_f, z_g, z_o = np.split(weighted(x, h, W_ih, W_hh, b_ih, b_hh), 4, axis=1)
    c = sigmoid(z_f + 1) * c + sigmoid(z_i) * np.tanh(z_g)
    return sigmoid(z_o) * np.tanh(c), c


@lstm_step.mistake("The two results are swapped: first the hidden state h′, then the cell c′.")
def results_swapped(x, h, c, W_ih, W_hh, b_ih, b_hh):
    return reference.lstm_step(x, h, c, W_ih, W_hh, b_ih, b_hh)[::-1]


@lstm_step.alternative
def one_product_for_input_and_state(x, h, c, W_ih, W_hh, b_ih, b_hh):
    rows = np.concatenate([x, h], axis=1)
    i, f, g, o = bent(rows @ np.concatenate([W_ih, W_hh], axis=1).T + (b_ih + b_hh))
    c = f * c + i * g
    return o * np.tanh(c), c


@lstm_step.alternative
def one_tanh_for_all_gates(x, h, c, W_ih, W_hh, b_ih, b_hh):
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], x.dtype), h.shape[1])
    z = half * np.tanh(half * weighted(x, h, W_ih, W_hh, b_ih, b_hh)) + (1 - half)
    i, f, g, o = np.split(z, 4, axis=1)
    c = f * c + i * g
    return o * np.tanh(c), c


@lstm_step.loop
def _(x, h, c, W_ih, W_hh, b_ih, b_hh):
    N, H = h.shape
    new_h, new_c = np.empty_like(h), np.empty_like(c)
    for n in range(N):
        for j in range(H):
            z = [
                W_ih[k] @ x[n] + b_ih[k] + W_hh[k] @ h[n] + b_hh[k] for k in range(j, 4 * H, H)
            ]  # row j of each block
            i, f, o = (sigmoid(z[k]) for k in (0, 1, 3))
            new_c[n, j] = f * c[n, j] + i * np.tanh(z[2])
            new_h[n, j] = o * np.tanh(new_c[n, j])
    return new_h, new_c


# -- lstm_step_backward ------------------------------------------------------------------------

lstm_step_backward = Exercise(
    reference.lstm_step_backward,
    points=4,
    see="eq-lstm-back",
    returns="dx, dh, dc, dW_ih, dW_hh, db_ih, db_hh",
)
lstm_step_backward.hints(
    "On which two ways does the loss feel the new cell? Add what comes on both before you go on.",
    "All that reaches the new cell is dc + dh ⊙ o ⊙ (1 − tanh²(c′)). From there it goes to i, f, g and "
    "the old cell; o gets its part from dh.",
    "A sigmoid's slope is i (1 − i), tanh's 1 − g². With the four dz side by side, N rows of 4H, the rest "
    "is `linear_backward` twice: once with x and W_ih, once with h and W_hh.",
)


@lstm_step_backward.cases
def _(rng):
    yield from step_cases(rng, "lstm", ("dh", "dc"))


@lstm_step_backward.torch
def _(torch, dh, dc, x, h, c, W_ih, W_hh, b_ih, b_hh):
    leaves = [leaf.requires_grad_() for leaf in (x, h, c, W_ih, W_hh, b_ih, b_hh)]
    out = torch.lstm_cell(leaves[0], leaves[1:3], *leaves[3:])
    return torch.autograd.grad(out, leaves, (dh, dc))


@lstm_step_backward.terms
def _(dh, dc, **inputs):
    apart = {
        "the part that comes in at h′": reference.lstm_step_backward(dh, 0 * dc, **inputs),
        "the part that comes in at c′": reference.lstm_step_backward(0 * dh, dc, **inputs),
    }
    return tuple({name: parts[k] for name, parts in apart.items()} for k in range(7))


def lstm_back(
    dh, dc, x, h, c, W_ih, W_hh, b_ih, b_hh, to_cell=lambda dh, o, c: dh * o * (1 - np.tanh(c) ** 2),
    of_f=lambda old, new: old, slope=lambda a: a * (1 - a), kept=lambda dc, own, f: dc * f,
):  # fmt: skip
    """The backward step, with the pieces that people get wrong as arguments."""
    i, f, g, o = bent(weighted(x, h, W_ih, W_hh, b_ih, b_hh))
    new = f * c + i * g
    own, dc = dc, dc + to_cell(dh, o, new)
    dz = np.concatenate(
        [
            dc * g * slope(i),
            dc * of_f(c, new) * slope(f),
            dc * i * (1 - g**2),
            dh * np.tanh(new) * slope(o),
        ],
        axis=1,
    )
    back = kept(dc, own, f)
    return dz @ W_ih, dz @ W_hh, back, dz.T @ x, dz.T @ h, dz.sum(axis=0), dz.sum(axis=0)


@lstm_step_backward.mistake(
    "The hidden state is made of the new cell, so what comes in at h′ flows on to the cell: add "
    "dh ⊙ o ⊙ (1 − tanh²(c′)) to dc before anything else."
)
def way_from_h_to_the_cell_forgotten(**inputs):
    return lstm_back(**inputs, to_cell=lambda dh, o, c: 0 * dh)


@lstm_step_backward.mistake(
    "The slope of tanh at c′ is 1 − tanh²(c′); you wrote 1 − c′², which is right only if c′ is already "
    "bent."
)
def slope_from_the_unbent_cell(**inputs):
    return lstm_back(**inputs, to_cell=lambda dh, o, c: dh * o * (1 - c**2))


@lstm_step_backward.mistake(
    "The forget gate multiplies the old cell, so its gradient holds the old c; you used the new one."
)
def forget_gate_meets_the_new_cell(**inputs):
    return lstm_back(**inputs, of_f=lambda old, new: new)


@lstm_step_backward.mistake(
    "dz is the gradient before the sigmoid: a gate's own gradient still has to be multiplied by its "
    "slope, a (1 − a)."
)
def slopes_of_the_gates_forgotten(**inputs):
    return lstm_back(**inputs, slope=np.ones_like)


@lstm_step_backward.mistake(
    "The old cell comes through the forget gate: the gradient goes back through the same gate, dc′ ⊙ f."
)
def forget_gate_left_out_on_the_way_back(**inputs):
    return lstm_back(**inputs, kept=lambda dc, own, f: dc)


@lstm_step_backward.mistake(
    "What goes back along the cell is everything that reached c′, also what came from h′; you passed on "
    "only the dc that was given."
)
def only_the_given_dc_goes_back(**inputs):
    return lstm_back(**inputs, kept=lambda dc, own, f: own * f)


@lstm_step_backward.mistake(
    "Weights and biases serve all examples, so their gradients are sums over the batch; yours are means."
)
def parameters_averaged_over_the_batch(**inputs):
    dx, dh, dc, *rest = lstm_back(**inputs)
    return dx, dh, dc, *(g / len(dx) for g in rest)


@lstm_step_backward.alternative
def layer_by_layer(dh, dc, x, h, c, W_ih, W_hh, b_ih, b_hh):
    return lstm_back(dh, dc, x, h, c, W_ih, W_hh, b_ih, b_hh)


@lstm_step_backward.alternative
def four_gates_apart(dh, dc, x, h, c, W_ih, W_hh, b_ih, b_hh):
    i, f, g, o = bent(weighted(x, h, W_ih, W_hh, b_ih, b_hh))
    u = np.tanh(f * c + i * g)
    dc = dc + dh * o * (1 - u * u)
    parts = [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * u * o * (1 - o)]
    blocks = list(zip(parts, np.split(W_ih, 4), np.split(W_hh, 4), strict=True))
    db = np.concatenate([dz.sum(axis=0) for dz in parts])
    return (
        sum(dz @ W for dz, W, _ in blocks),
        sum(dz @ W for dz, _, W in blocks),
        dc * f,
        np.concatenate([np.einsum("nj,nk->jk", dz, x) for dz in parts]),
        np.concatenate([np.einsum("nj,nk->jk", dz, h) for dz in parts]),
        db,
        db.copy(),
    )


# -- lstm_gates --------------------------------------------------------------------------------

lstm_gates = Exercise(reference.lstm_gates, points=3, see="def-lstm", returns="gates, C")
lstm_gates.hints(
    "Which of the two products of a step can be computed for all steps before the first one?",
    "`X @ W_ih.T + (b_ih + b_hh)` gives (N, T, 4H) at once. In the loop add `h @ W_hh.T` to its slice "
    "t, bend, and keep the bent gates in the same place.",
    "Make C with `np.empty((N, T, H), X.dtype)`: without the dtype it would be float64. Each step sets "
    "`c = f * c + i * g`, `C[:, t] = c` and `h = o * np.tanh(c)`.",
)


@lstm_gates.cases
def _(rng):
    yield from sequence_cases(rng, "lstm")


@lstm_gates.torch
def _(torch, X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    h, c, gates, cells = h0, c0, [], []
    for x in X.unbind(1):
        z = torch.nn.functional.linear(x, W_ih, b_ih) + torch.nn.functional.linear(h, W_hh, b_hh)
        i, f, g, o = z.chunk(4, 1)
        gates.append(torch.cat([i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()], 1))
        h, c = torch.lstm_cell(x, (h, c), W_ih, W_hh, b_ih, b_hh)
        cells.append(c)
    return torch.stack(gates, 1), torch.stack(cells, 1)


def lstm_run(
    X, h0, c0, W_ih, W_hh, b_ih, b_hh, bend=lambda z: np.concatenate(bent(z), axis=-1),
    keep=lambda z, a: a, next_h=lambda h, h0: h, next_c=lambda c, c0: c, out=np.tanh,
):  # fmt: skip
    """Gates and cells step by step, with the pieces that people get wrong as arguments."""
    h, c, gates, cells = h0, c0, [], []
    for t in range(X.shape[1]):
        z = weighted(X[:, t], h, W_ih, W_hh, b_ih, b_hh)
        a = bend(z)
        i, f, g, o = np.split(a, 4, axis=1)
        c = f * c + i * g
        gates.append(keep(z, a))
        cells.append(c)
        h, c = next_h(o * out(c), h0), next_c(c, c0)
    return np.stack(gates, axis=1), np.stack(cells, axis=1)


@lstm_gates.mistake(
    "Every step must start from the h that the step before left; yours starts from h0."
)
def hidden_state_not_carried_on(**inputs):
    return lstm_run(**inputs, next_h=lambda h, h0: h0)


@lstm_gates.mistake(
    "Every step must start from the cell that the step before left; yours starts from c0."
)
def cell_not_carried_on(**inputs):
    return lstm_run(**inputs, next_c=lambda c, c0: c0)


@lstm_gates.mistake(
    "The hidden state that goes into the next step is o ⊙ tanh(c); you hand on o ⊙ c."
)
def hidden_state_without_tanh(**inputs):
    return lstm_run(**inputs, out=lambda c: c)


@lstm_gates.mistake("You keep the weighted inputs; the gates are what the bends make of them.")
def kept_before_the_bend(**inputs):
    return lstm_run(**inputs, keep=lambda z, a: z)


@lstm_gates.mistake(
    "All four blocks go through the sigmoid; the third, the candidate g, is bent by tanh."
)
def candidate_also_by_a_sigmoid(**inputs):
    return lstm_run(**inputs, bend=sigmoid)


def in_order_i_f_o_g(z):
    z_i, z_f, z_o, z_g = np.split(z, 4, axis=-1)
    return np.concatenate([sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)], axis=-1)


@lstm_gates.mistake(
    "The blocks of rows stand in torch's order i, f, g, o: the candidate is the third. You took them as "
    "i, f, o, g."
)
def blocks_taken_as_i_f_o_g(**inputs):
    return lstm_run(**inputs, bend=in_order_i_f_o_g)


@lstm_gates.alternative
def step_by_step(X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    return lstm_run(X, h0, c0, W_ih, W_hh, b_ih, b_hh)


@lstm_gates.alternative
def with_a_sigmoid_for_three_blocks(X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    H = h0.shape[1]
    gates = np.einsum("ntd,kd->ntk", X, W_ih) + b_ih + b_hh
    C, h, c = np.empty((*X.shape[:2], H), X.dtype), h0, c0
    for t in range(X.shape[1]):
        z = gates[:, t] + h @ W_hh.T
        gates[:, t] = sigmoid(z)
        gates[:, t, 2 * H : 3 * H] = np.tanh(z[:, 2 * H : 3 * H])
        i, f, g, o = np.split(gates[:, t], 4, axis=1)
        C[:, t] = c = f * c + i * g
        h = o * np.tanh(c)
    return gates, C


# -- lstm --------------------------------------------------------------------------------------

lstm = Exercise(reference.lstm, points=1, see="def-lstm", returns="H")
lstm.hints(
    "`lstm_gates` knows the output gate and the cell of every step. What does h need besides?",
    "h = o ⊙ tanh(c) holds for all steps at once; o is the last of the four blocks of H columns.",
    "`gates[:, :, 3 * h0.shape[1] :] * np.tanh(C)`",
)


@lstm.cases
def _(rng):
    yield from sequence_cases(rng, "lstm")


@lstm.torch
def _(torch, X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    return by_torch_lstm(torch, X, h0, c0, W_ih, W_hh, b_ih, b_hh)


@lstm.benchmark
def _(rng):
    return large(rng, "lstm")


def hidden(X, h0, c0, block=3, bend=np.tanh, **weights):
    """One gate of every step times the bent cell of that step."""
    gates, C = reference.lstm_gates(X, h0, c0, **weights)
    return np.split(gates, 4, axis=2)[block] * bend(C)


@lstm.mistake("That is the cell; what the layer puts out is o ⊙ tanh(c).")
def cells_instead_of_hidden_states(X, h0, c0, **weights):
    return reference.lstm_gates(X, h0, c0, **weights)[1]


@lstm.mistake("The cell is bent by tanh before the output gate lets it out: h = o ⊙ tanh(c).")
def tanh_of_the_cell_forgotten(**inputs):
    return hidden(**inputs, bend=lambda c: c)


@lstm.mistake("The output gate is the fourth block, o; you used the second, the forget gate.")
def forget_gate_in_the_place_of_the_output_gate(**inputs):
    return hidden(**inputs, block=1)


@lstm.mistake(
    "You return the last hidden state only; the states of all T steps are asked for, (N, T, H)."
)
def last_state_only(**inputs):
    return hidden(**inputs)[:, -1]


@lstm.mistake("The first step starts from h0 and c0, which were given; yours starts from zeros.")
def start_from_zeros(h0, c0, **inputs):
    return hidden(h0=0 * h0, c0=0 * c0, **inputs)


@lstm.mistake(
    "You return as torch.nn.LSTM does, (output, (h, c)); here the hidden states alone are asked for."
)
def as_torch_returns_it(**inputs):
    H = hidden(**inputs)
    return H, (H[:, -1], reference.lstm_gates(**inputs)[1][:, -1])


@lstm.alternative
def from_gates_and_cells(X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    weights = dict(zip(WEIGHTS, (W_ih, W_hh, b_ih, b_hh), strict=True))
    return hidden(X, h0, c0, **weights)


@lstm.loop
def _(X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    """One example, one step, one gate at a time."""
    N, T, _ = X.shape
    out = np.empty((N, T, h0.shape[1]), X.dtype)
    blocks = [np.split(one, 4) for one in (W_ih, W_hh, b_ih, b_hh)]
    for n in range(N):
        h, c = h0[n], c0[n]
        for t in range(T):
            z = [W @ X[n, t] + b + U @ h + v for W, U, b, v in zip(*blocks, strict=True)]
            c = sigmoid(z[1]) * c + sigmoid(z[0]) * np.tanh(z[2])
            out[n, t] = h = sigmoid(z[3]) * np.tanh(c)
    return out


# -- lstm_backward -----------------------------------------------------------------------------

lstm_backward = Exercise(
    reference.lstm_backward,
    points=4,
    see="eq-lstm-through-time",
    returns="dX, dh0, dc0, dW_ih, dW_hh, db_ih, db_hh",
)
lstm_backward.hints(
    "Which two gradients does step t + 1 hand to step t, and what does the loss add at step t itself?",
    "Get gates and cells from `lstm_gates`, then walk from T down: add dH[:, t] to what came back as dh, "
    "find dz as in one step, and hand on `dz @ W_hh` and `dc * f`.",
    "Keep every dz in one array (N, T, 4H); after the loop dX, dW_ih, dW_hh and the biases are one "
    "product or sum each. dW_hh pairs dz of step t with the state *before* step t.",
)


@lstm_backward.cases
def _(rng):
    yield from sequence_cases(rng, "lstm", backward=True)


@lstm_backward.gradient("X", "h0", "c0", *WEIGHTS)
def _(torch, X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    return by_torch_lstm(torch, X, h0, c0, W_ih, W_hh, b_ih, b_hh)


@lstm_backward.benchmark
def _(rng):
    return large(rng, "lstm", backward=True)


def lstm_through_time(
    dH, X, h0, c0, W_ih, W_hh, b_ih, b_hh, carry=lambda dh, dc, f: (dh, dc * f), shift=1, steps=sum
):  # fmt: skip
    """Back step by step, with the pieces that people get wrong as arguments."""
    gates, C = reference.lstm_gates(X, h0, c0, W_ih, W_hh, b_ih, b_hh)
    o = np.split(gates, 4, axis=2)[3]
    hs = [h0, *np.moveaxis(o * np.tanh(C), 1, 0)]
    cs = [c0, *np.moveaxis(C, 1, 0)]
    dh, dc = np.zeros_like(h0), np.zeros_like(c0)
    dxs, found = [], []
    for t in reversed(range(X.shape[1])):
        i, f, g, o = np.split(gates[:, t], 4, axis=1)
        u = np.tanh(cs[t + 1])
        dh = dh + dH[:, t]
        dc = dc + dh * o * (1 - u * u)
        slopes = dc * g * i * (1 - i), dc * cs[t] * f * (1 - f), dc * i * (1 - g * g), dh * u * o * (1 - o)  # fmt: skip
        dz = np.concatenate(slopes, axis=1)
        dxs.insert(0, dz @ W_ih)
        found.insert(0, (dz.T @ X[:, t], dz.T @ hs[t + 1 - shift], dz.sum(axis=0)))
        dh, dc = carry(dz @ W_hh, dc, f)
    dW_ih, dW_hh, db = (steps(parts) for parts in zip(*found, strict=True))
    return np.stack(dxs, axis=1), dh, dc, dW_ih, dW_hh, db, db.copy()


@lstm_backward.mistake(
    "The cell's gradient must go back through the forget gate, dc ⊙ f; you hand it on unchanged."
)
def forget_gate_left_out_in_time(**inputs):
    return lstm_through_time(**inputs, carry=lambda dh, dc, f: (dh, dc))


@lstm_backward.mistake(
    "Step t + 1 also hands back what reached its cell, dc ⊙ f: along the cell the gradient travels "
    "farthest, and yours is dropped at every step."
)
def cell_gradient_dropped(**inputs):
    return lstm_through_time(**inputs, carry=lambda dh, dc, f: (dh, 0 * dc))


@lstm_backward.mistake(
    "Step t + 1 also hands back `dz @ W_hh`, through the gates; you only follow the cell. (The first "
    "LSTMs were trained like that, but it is not the gradient.)"
)
def followed_along_the_cell_only(**inputs):
    return lstm_through_time(**inputs, carry=lambda dh, dc, f: (0 * dh, dc * f))


@lstm_backward.mistake(
    "W_hh meets the state *before* step t, beginning with h0; you paired dz with the state after it."
)
def paired_with_the_state_after_the_step(**inputs):
    return lstm_through_time(**inputs, shift=0)


@lstm_backward.mistake(
    "The same weights serve every step, so their gradients add up over all steps; you kept those of the "
    "first step only."
)
def weights_of_the_first_step_only(**inputs):
    return lstm_through_time(**inputs, steps=lambda parts: parts[0])


@lstm_backward.mistake(
    "Every hidden state may feed the loss: add dH[:, t] at each step. You used that of the last step only."
)
def upstream_of_the_last_step_only(dH, **inputs):
    last = np.zeros_like(dH)
    last[:, -1] = dH[:, -1]
    return lstm_through_time(last, **inputs)


@lstm_backward.mistake(
    "Gradients of weights and biases are sums over the batch; if the loss is a mean, its 1/N is in dH."
)
def averaged_over_the_sequences(**inputs):
    dX, dh0, dc0, *rest = lstm_through_time(**inputs)
    return dX, dh0, dc0, *(g / len(dX) for g in rest)


@lstm_backward.alternative
def back_step_by_step(dH, X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    return lstm_through_time(dH, X, h0, c0, W_ih, W_hh, b_ih, b_hh)


@lstm_backward.loop
def _(dH, X, h0, c0, W_ih, W_hh, b_ih, b_hh):
    """One example at a time, with the functions of one step."""
    weights = (W_ih, W_hh, b_ih, b_hh)
    dX, dh0, dc0 = np.empty_like(X), np.empty_like(h0), np.empty_like(c0)
    total = [np.zeros_like(w) for w in weights]
    for n in range(len(X)):
        states = [(h0[n : n + 1], c0[n : n + 1])]
        for x in X[n]:
            states.append(reference.lstm_step(x[None], *states[-1], *weights))
        dh, dc = np.zeros_like(h0[:1]), np.zeros_like(c0[:1])
        for t in reversed(range(X.shape[1])):
            back = reference.lstm_step_backward(
                dh + dH[n : n + 1, t], dc, X[n : n + 1, t], *states[t], *weights
            )
            dX[n, t], dh, dc = back[0][0], back[1], back[2]
            total = [a + b for a, b in zip(total, back[3:], strict=True)]
        dh0[n], dc0[n] = dh[0], dc[0]
    return dX, dh0, dc0, *total


# -- gru_step ----------------------------------------------------------------------------------

gru_step = Exercise(reference.gru_step, points=2, see="def-gru", returns="h")
gru_step.hints(
    "Why can the two products not be added before they are split, as in the LSTM?",
    "Split `x @ W_ih.T + b_ih` and `h @ W_hh.T + b_hh` into three blocks each, r, z, n. The reset gate "
    "multiplies the state's block of n only, bias included.",
    "`n = np.tanh(x_n + r * h_n)` and `(1 - z) * n + z * h`.",
)


@gru_step.cases
def _(rng):
    yield from step_cases(rng, "gru")


@gru_step.torch
def _(torch, x, h, W_ih, W_hh, b_ih, b_hh):
    return torch.gru_cell(x, h, W_ih, W_hh, b_ih, b_hh)


def thirds(x, h, W_ih, W_hh, b_ih, b_hh):
    """The three blocks from the input, then the three from the state."""
    return (*np.split(x @ W_ih.T + b_ih, 3, axis=1), *np.split(h @ W_hh.T + b_hh, 3, axis=1))


def gru_next(x, h, candidate=lambda x_n, h_n, r: np.tanh(x_n + r * h_n), **weights):
    x_r, x_z, x_n, h_r, h_z, h_n = thirds(x, h, **weights)
    z = sigmoid(x_z + h_z)
    return (1 - z) * candidate(x_n, h_n, sigmoid(x_r + h_r)) + z * h


@gru_step.mistake(
    "In torch's convention z is the share that is kept, h′ = (1 − z) ⊙ n + z ⊙ h; you keep 1 − z."
)
def update_gate_the_other_way_round(x, h, **weights):
    x_r, x_z, x_n, h_r, h_z, h_n = thirds(x, h, **weights)
    z = sigmoid(x_z + h_z)
    return z * np.tanh(x_n + sigmoid(x_r + h_r) * h_n) + (1 - z) * h


@gru_step.mistake(
    "You reset the state before the product, W_hn (r ⊙ h), as in the paper; torch multiplies after it, "
    "r ⊙ (W_hn h + b_hn), and weights trained in one form do not fit the other."
)
def reset_before_the_product(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n, h_r, h_z, _ = thirds(x, h, W_ih, W_hh, b_ih, b_hh)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    H = h.shape[1]
    n = np.tanh(x_n + (r * h) @ W_hh[2 * H :].T + b_hh[2 * H :])
    return (1 - z) * n + z * h


@gru_step.mistake(
    "The bias b_hn belongs to the state's side and stands inside the reset: r ⊙ (W_hn h + b_hn)."
)
def bias_outside_the_reset(x, h, W_ih, W_hh, b_ih, b_hh):
    b = b_hh[2 * h.shape[1] :]
    return gru_next(
        x, h, lambda x_n, h_n, r: np.tanh(x_n + r * (h_n - b) + b), W_ih=W_ih, W_hh=W_hh, b_ih=b_ih,
        b_hh=b_hh,
    )  # fmt: skip


@gru_step.mistake(
    "The blocks stand in the order r, z, n: the reset gate is the first. You took the first as z."
)
def gates_in_the_order_z_r_n(x, h, **weights):
    x_z, x_r, x_n, h_z, h_r, h_n = thirds(x, h, **weights)
    z = sigmoid(x_z + h_z)
    return (1 - z) * np.tanh(x_n + sigmoid(x_r + h_r) * h_n) + z * h


@gru_step.mistake(
    "The reset gate acts on what comes from the state, and leaves the input's part alone."
)
def reset_of_the_input_too(**inputs):
    return gru_next(**inputs, candidate=lambda x_n, h_n, r: np.tanh(r * (x_n + h_n)))


@gru_step.mistake(
    "The candidate n goes through tanh, so that it can be negative; yours is a sigmoid."
)
def candidate_by_a_sigmoid(**inputs):
    return gru_next(**inputs, candidate=lambda x_n, h_n, r: sigmoid(x_n + r * h_n))


@gru_step.alternative
def from_the_candidate_towards_the_state(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n, h_r, h_z, h_n = thirds(x, h, W_ih, W_hh, b_ih, b_hh)
    n = np.tanh(x_n + sigmoid(x_r + h_r) * h_n)
    return n + sigmoid(x_z + h_z) * (h - n)


@gru_step.loop
def _(x, h, W_ih, W_hh, b_ih, b_hh):
    N, H = h.shape
    new = np.empty_like(h)
    for k in range(N):
        for j in range(H):
            p = [W_ih[i] @ x[k] + b_ih[i] for i in (j, j + H, j + 2 * H)]
            s = [W_hh[i] @ h[k] + b_hh[i] for i in (j, j + H, j + 2 * H)]
            r, z = sigmoid(p[0] + s[0]), sigmoid(p[1] + s[1])
            new[k, j] = (1 - z) * np.tanh(p[2] + r * s[2]) + z * h[k, j]
    return new


# -- gru_step_backward -------------------------------------------------------------------------

gru_step_backward = Exercise(
    reference.gru_step_backward,
    points=4,
    see="eq-gru-back",
    returns="dx, dh, dW_ih, dW_hh, db_ih, db_hh",
)
gru_step_backward.hints(
    "On how many ways does the old state reach the new one? Three go through W_hh, one does not.",
    "Find da_n, da_z, da_r, the gradients before the three bends. The reset gate meets what it "
    "multiplied, q = W_hn h + b_hn.",
    "The input's side gets (da_r, da_z, da_n), the state's side (da_r, da_z, da_n ⊙ r); so b_ih and b_hh "
    "have different gradients. And dh has the direct part dh ⊙ z besides.",
)


@gru_step_backward.cases
def _(rng):
    yield from step_cases(rng, "gru", ("dh",))


@gru_step_backward.gradient("x", "h", *WEIGHTS)
def _(torch, x, h, W_ih, W_hh, b_ih, b_hh):
    return torch.gru_cell(x, h, W_ih, W_hh, b_ih, b_hh)


def gru_errors(dh, x, h, W_ih, W_hh, b_ih, b_hh):
    """The gradients before the bends of r, z, n, and r, z, n, q themselves."""
    x_r, x_z, x_n, h_r, h_z, q = thirds(x, h, W_ih, W_hh, b_ih, b_hh)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * q)
    da_n = dh * (1 - z) * (1 - n * n)
    return (da_n * q * r * (1 - r), dh * (h - n) * z * (1 - z), da_n), (r, z, n, q)


def gru_results(dp, ds, direct, x, h, W_ih, W_hh):
    dp, ds = np.concatenate(dp, axis=1), np.concatenate(ds, axis=1)
    return dp @ W_ih, ds @ W_hh + direct, dp.T @ x, ds.T @ h, dp.sum(axis=0), ds.sum(axis=0)


@gru_step_backward.terms
def _(dh, x, h, W_ih, W_hh, b_ih, b_hh):
    (da_r, da_z, da_n), (r, z, _, _) = gru_errors(dh, x, h, W_ih, W_hh, b_ih, b_hh)
    no = np.zeros_like(dh)
    rest = (x, h, W_ih, W_hh)
    parts = {
        "the part that is copied, dh ⊙ z": gru_results([no] * 3, [no] * 3, dh * z, *rest),
        "the part through the reset gate": gru_results([da_r, no, no], [da_r, no, no], no, *rest),
        "the part through the update gate": gru_results([no, da_z, no], [no, da_z, no], no, *rest),
        "the part through the candidate": gru_results(
            [no, no, da_n], [no, no, da_n * r], no, *rest
        ),
    }
    return tuple({name: part[k] for name, part in parts.items()} for k in range(6))


def gru_back(
    dh, x, h, W_ih, W_hh, b_ih, b_hh, copied=lambda dh, z: dh * z, of_n=lambda da_n, r: da_n * r,
    reset=lambda da_r, da_n, r, h: da_r, update=1,
):  # fmt: skip
    """The backward step, with the pieces that people get wrong as arguments."""
    (da_r, da_z, da_n), (r, z, _, _) = gru_errors(dh, x, h, W_ih, W_hh, b_ih, b_hh)
    da_r, da_z = reset(da_r, da_n, r, h), update * da_z
    ds = [da_r, da_z, of_n(da_n, r)]
    return gru_results([da_r, da_z, da_n], ds, copied(dh, z), x, h, W_ih, W_hh)


@gru_step_backward.mistake(
    "The old state also reaches the new one directly, as z ⊙ h: dh has a part dh ⊙ z that no weight touches."
)
def direct_path_forgotten(**inputs):
    return gru_back(**inputs, copied=lambda dh, z: 0 * dh)


@gru_step_backward.mistake(
    "What comes from the state into the candidate went through the reset gate, so its gradient is "
    "da_n ⊙ r; you handed back da_n."
)
def reset_gate_left_out_on_the_way_back(**inputs):
    return gru_back(**inputs, of_n=lambda da_n, r: da_n)


@gru_step_backward.mistake(
    "The reset gate multiplied q = W_hn h + b_hn, so its gradient holds q; you wrote the state h itself."
)
def reset_gate_meets_the_state(**inputs):
    return gru_back(**inputs, reset=lambda da_r, da_n, r, h: da_n * h * r * (1 - r))


@gru_step_backward.mistake(
    "h′ = n + z ⊙ (h − n): when z grows, h′ moves from n to h, so the factor is h − n; yours has the "
    "other sign."
)
def update_gate_with_the_wrong_sign(**inputs):
    return gru_back(**inputs, update=-1)


@gru_step_backward.mistake(
    "The two biases have different gradients in a GRU: b_hn stands inside the reset, so its gradient is "
    "multiplied by r, and that of b_in is not."
)
def both_biases_alike(**inputs):
    *rest, db_ih, _ = gru_back(**inputs)
    return *rest, db_ih, db_ih.copy()


@gru_step_backward.mistake(
    "Weights and biases serve all examples, so their gradients are sums over the batch; yours are means."
)
def means_over_the_batch(**inputs):
    dx, dh, *rest = gru_back(**inputs)
    return dx, dh, *(g / len(dx) for g in rest)


@gru_step_backward.alternative
def back_by_blocks(dh, x, h, W_ih, W_hh, b_ih, b_hh):
    return gru_back(dh, x, h, W_ih, W_hh, b_ih, b_hh)


@gru_step_backward.alternative
def example_by_example(dh, x, h, W_ih, W_hh, b_ih, b_hh):
    weights = (W_ih, W_hh, b_ih, b_hh)
    ones = [gru_back(dh[n : n + 1], x[n : n + 1], h[n : n + 1], *weights) for n in range(len(x))]
    dx, dhs, *rest = zip(*ones, strict=True)
    return np.concatenate(dx), np.concatenate(dhs), *(sum(parts) for parts in rest)


# -- gru_gates ---------------------------------------------------------------------------------

gru_gates = Exercise(reference.gru_gates, points=3, see="def-gru", returns="gates, H")
gru_gates.hints(
    "Which product needs no state, and can be made for all steps at once?",
    "`X @ W_ih.T + b_ih` is (N, T, 3H). In the loop one product, `h @ W_hh.T + b_hh`, serves all three "
    "blocks; its third part is multiplied by r before it is added.",
    "Bend, store r, z, n in slice t, and set `h = (1 - z) * n + z * h`. Make the array of states with "
    "the dtype of X.",
)


@gru_gates.cases
def _(rng):
    yield from sequence_cases(rng, "gru")


@gru_gates.torch
def _(torch, X, h0, W_ih, W_hh, b_ih, b_hh):
    states = by_torch_gru(torch, X, h0, W_ih, W_hh, b_ih, b_hh)
    before = torch.cat([h0[:, None], states[:, :-1]], 1)
    x_r, x_z, x_n = torch.nn.functional.linear(X, W_ih, b_ih).chunk(3, 2)
    h_r, h_z, h_n = torch.nn.functional.linear(before, W_hh, b_hh).chunk(3, 2)
    r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
    return torch.cat([r, z, (x_n + r * h_n).tanh()], 2), states


def gru_run(
    X, h0, W_ih, W_hh, b_ih, b_hh, order=(0, 1, 2), next_h=lambda h, h0: h,
    mix=lambda z, n, h: (1 - z) * n + z * h, before_product=False, keep_bent=True,
):  # fmt: skip
    """Gates and states step by step, with the pieces that people get wrong as arguments."""
    h, gates, states, H = h0, [], [], h0.shape[1]
    for t in range(X.shape[1]):
        six = thirds(X[:, t], h, W_ih, W_hh, b_ih, b_hh)
        a = [six[k] + six[k + 3] for k in order]
        r, z = sigmoid(a[0]), sigmoid(a[1])
        a_n = six[2] + r * six[5]
        if before_product:
            a_n = six[2] + (r * h) @ W_hh[2 * H :].T + b_hh[2 * H :]
        n = np.tanh(a_n)
        gates.append(np.concatenate([r, z, n] if keep_bent else [a[0], a[1], a_n], axis=1))
        states.append(mix(z, n, h))
        h = next_h(states[-1], h0)
    return np.stack(gates, axis=1), np.stack(states, axis=1)


@gru_gates.mistake(
    "Every step must start from the state that the step before left; yours starts from h0."
)
def state_not_carried_on(**inputs):
    return gru_run(**inputs, next_h=lambda h, h0: h0)


@gru_gates.mistake("z is the share that is kept: h′ = (1 − z) ⊙ n + z ⊙ h; you keep 1 − z.")
def kept_and_written_swapped(**inputs):
    return gru_run(**inputs, mix=lambda z, n, h: z * n + (1 - z) * h)


@gru_gates.mistake(
    "You reset the state before the product; torch multiplies after it, r ⊙ (W_hn h + b_hn)."
)
def reset_before_the_product_at_every_step(**inputs):
    return gru_run(**inputs, before_product=True)


@gru_gates.mistake(
    "The blocks stand in the order r, z, n; you took the first as the update gate z."
)
def blocks_taken_as_z_r_n(**inputs):
    return gru_run(**inputs, order=(1, 0))


@gru_gates.mistake("You keep what goes into the bends; the gates are what comes out of them.")
def unbent_gates_kept(**inputs):
    return gru_run(**inputs, keep_bent=False)


@gru_gates.alternative
def gru_step_by_step(X, h0, W_ih, W_hh, b_ih, b_hh):
    return gru_run(X, h0, W_ih, W_hh, b_ih, b_hh)


@gru_gates.alternative
def states_first_gates_afterwards(X, h0, W_ih, W_hh, b_ih, b_hh):
    states = gru_run(X, h0, W_ih, W_hh, b_ih, b_hh)[1]
    before = np.concatenate([h0[:, None], states[:, :-1]], axis=1)
    p, s = X @ W_ih.T + b_ih, before @ W_hh.T + b_hh
    H = h0.shape[1]
    rz = sigmoid(p[:, :, : 2 * H] + s[:, :, : 2 * H])
    n = np.tanh(p[:, :, 2 * H :] + rz[:, :, :H] * s[:, :, 2 * H :])
    return np.concatenate([rz, n], axis=2), states


# -- gru ---------------------------------------------------------------------------------------

gru = Exercise(reference.gru, points=1, see="def-gru", returns="H")
gru.hints(
    "Does one of your functions know the states already?",
    "`gru_gates` returns the gates and the states of all steps; `gru_step` in a loop does as well.",
    "`gru_gates(X, h0, W_ih, W_hh, b_ih, b_hh)[1]`",
)


@gru.cases
def _(rng):
    yield from sequence_cases(rng, "gru")


@gru.torch
def _(torch, X, h0, W_ih, W_hh, b_ih, b_hh):
    return by_torch_gru(torch, X, h0, W_ih, W_hh, b_ih, b_hh)


@gru.benchmark
def _(rng):
    return large(rng, "gru")


@gru.mistake("These are the gates, 3H columns; the states are asked for, (N, T, H).")
def gates_instead_of_states(**inputs):
    return reference.gru_gates(**inputs)[0]


@gru.mistake("These are the candidates n; the state mixes them with the old state, by z.")
def candidates_instead_of_states(**inputs):
    return np.split(reference.gru_gates(**inputs)[0], 3, axis=2)[2]


@gru.mistake("You return the last state only; the states of all T steps are asked for, (N, T, H).")
def state_after_the_last_step_only(**inputs):
    return reference.gru_gates(**inputs)[1][:, -1]


@gru.mistake("The first step starts from h0, which was given; yours starts from zeros.")
def started_from_zeros(h0, **inputs):
    return reference.gru_gates(h0=0 * h0, **inputs)[1]


@gru.mistake(
    "You return the states before each step, h0 first; asked for are those after each step."
)
def states_before_each_step(h0, **inputs):
    return np.concatenate([h0[:, None], reference.gru_gates(h0=h0, **inputs)[1][:, :-1]], axis=1)


@gru.alternative
def states_of_the_run(X, h0, W_ih, W_hh, b_ih, b_hh):
    return gru_run(X, h0, W_ih, W_hh, b_ih, b_hh)[1]


@gru.loop
def _(X, h0, W_ih, W_hh, b_ih, b_hh):
    """One example, one step, one gate at a time."""
    N, T, _ = X.shape
    out = np.empty((N, T, h0.shape[1]), X.dtype)
    blocks = [np.split(one, 3) for one in (W_ih, W_hh, b_ih, b_hh)]
    for k in range(N):
        h = h0[k]
        for t in range(T):
            p = [W @ X[k, t] + b for W, b in zip(blocks[0], blocks[2], strict=True)]
            s = [W @ h + b for W, b in zip(blocks[1], blocks[3], strict=True)]
            r, z = sigmoid(p[0] + s[0]), sigmoid(p[1] + s[1])
            out[k, t] = h = (1 - z) * np.tanh(p[2] + r * s[2]) + z * h
    return out


# -- gru_backward ------------------------------------------------------------------------------

gru_backward = Exercise(
    reference.gru_backward,
    points=4,
    see="eq-gru-through-time",
    returns="dX, dh0, dW_ih, dW_hh, db_ih, db_hh",
)
gru_backward.hints(
    "What does step t + 1 hand to the state before it, through the gates and past them?",
    "Get gates and states from `gru_gates` and walk from T down: add dH[:, t], find the three errors as "
    "in one step, and hand on `ds @ W_hh + dh * z`.",
    "Keep dp and ds of every step, (N, T, 3H) each; after the loop every gradient is one product or sum. "
    "q = W_hn h + b_hn is one product for all steps, with the states *before* each step.",
)


@gru_backward.cases
def _(rng):
    yield from sequence_cases(rng, "gru", backward=True)


@gru_backward.gradient("X", "h0", *WEIGHTS)
def _(torch, X, h0, W_ih, W_hh, b_ih, b_hh):
    return by_torch_gru(torch, X, h0, W_ih, W_hh, b_ih, b_hh)


@gru_backward.benchmark
def _(rng):
    return large(rng, "gru", backward=True)


def gru_through_time(
    dH, X, h0, W_ih, W_hh, b_ih, b_hh, carry=lambda through, copied: through + copied, shift=1
):  # fmt: skip
    """Back step by step, with the pieces that people get wrong as arguments."""
    weights = (W_ih, W_hh, b_ih, b_hh)
    states = [h0, *np.moveaxis(reference.gru_gates(X, h0, *weights)[1], 1, 0)]
    dh, dxs, found = np.zeros_like(h0), [], []
    for t in reversed(range(X.shape[1])):
        dh = dh + dH[:, t]
        (da_r, da_z, da_n), (r, z, _, _) = gru_errors(dh, X[:, t], states[t], *weights)
        dp = np.concatenate([da_r, da_z, da_n], axis=1)
        ds = np.concatenate([da_r, da_z, da_n * r], axis=1)
        dxs.insert(0, dp @ W_ih)
        found.append((dp.T @ X[:, t], ds.T @ states[t + 1 - shift], dp.sum(axis=0), ds.sum(axis=0)))
        dh = carry(ds @ W_hh, dh * z)
    return np.stack(dxs, axis=1), dh, *(sum(parts) for parts in zip(*found, strict=True))


@gru_backward.mistake(
    "Past the gates the state is copied, z ⊙ h, and the gradient goes back the same way, dh ⊙ z; yours is "
    "dropped at every step."
)
def copied_part_dropped(**inputs):
    return gru_through_time(**inputs, carry=lambda through, copied: through)


@gru_backward.mistake(
    "Step t + 1 also hands back `ds @ W_hh`, through its gates and its candidate; you only follow the copy."
)
def followed_along_the_copy_only(**inputs):
    return gru_through_time(**inputs, carry=lambda through, copied: copied)


@gru_backward.mistake(
    "W_hh meets the state *before* step t, beginning with h0; you paired its error with the state after it."
)
def paired_with_the_later_state(**inputs):
    return gru_through_time(**inputs, shift=0)


@gru_backward.mistake(
    "The two biases have different gradients: b_hn stands inside the reset, so its part is multiplied by r."
)
def one_gradient_for_both_biases(**inputs):
    *rest, db_ih, _ = gru_through_time(**inputs)
    return *rest, db_ih, db_ih.copy()


@gru_backward.mistake(
    "Every state may feed the loss: add dH[:, t] at each step. You used that of the last step only."
)
def only_the_last_upstream(dH, **inputs):
    last = np.zeros_like(dH)
    last[:, -1] = dH[:, -1]
    return gru_through_time(last, **inputs)


@gru_backward.mistake(
    "Gradients of weights and biases are sums over the batch; if the loss is a mean, its 1/N is in dH."
)
def means_over_the_sequences(**inputs):
    dX, dh0, *rest = gru_through_time(**inputs)
    return dX, dh0, *(g / len(dX) for g in rest)


@gru_backward.alternative
def through_time_by_steps(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    return gru_through_time(dH, X, h0, W_ih, W_hh, b_ih, b_hh)


@gru_backward.loop
def _(dH, X, h0, W_ih, W_hh, b_ih, b_hh):
    """One example at a time, with the functions of one step."""
    weights = (W_ih, W_hh, b_ih, b_hh)
    dX, dh0 = np.empty_like(X), np.empty_like(h0)
    total = [np.zeros_like(w) for w in weights]
    for n in range(len(X)):
        states = [h0[n : n + 1]]
        for x in X[n]:
            states.append(reference.gru_step(x[None], states[-1], *weights))
        dh = np.zeros_like(h0[:1])
        for t in reversed(range(X.shape[1])):
            back = reference.gru_step_backward(
                dh + dH[n : n + 1, t], X[n : n + 1, t], states[t], *weights
            )
            dX[n, t], dh = back[0][0], back[1]
            total = [a + b for a, b in zip(total, back[2:], strict=True)]
        dh0[n] = dh[0]
    return dX, dh0, *total


# -- count_recurrent_parameters ----------------------------------------------------------------

count_recurrent_parameters = Exercise(
    reference.count_recurrent_parameters, points=1, see="eq-parameters", returns="count"
)
count_recurrent_parameters.hints(
    "How many rows has W_ih in a plain recurrent net, in a GRU, in an LSTM?",
    "One block has H rows: D weights for the input, H for the state, and two biases for each.",
    "`blocks * hidden_size * (input_size + hidden_size + 2)` with 1, 3 or 4 blocks.",
)


@count_recurrent_parameters.cases
def _(rng):
    for kind, said in (("rnn", "a plain net"), ("gru", "a GRU"), ("lstm", "an LSTM")):
        D, H = (int(n) for n in rng.choice(np.arange(2, 40), size=2, replace=False))
        yield said, dict(kind=kind, input_size=D, hidden_size=H)
    yield "one input", dict(kind="lstm", input_size=1, hidden_size=int(rng.integers(5, 20)))
    yield "one unit", dict(kind="gru", input_size=int(rng.integers(5, 20)), hidden_size=1)
    yield "capital letters", dict(kind="GRU", input_size=30, hidden_size=int(rng.integers(40, 90)))


@count_recurrent_parameters.torch
def _(torch, kind, input_size, hidden_size):
    layer = getattr(torch.nn, kind.upper())(input_size, hidden_size)
    return sum(weight.numel() for weight in layer.parameters())


BLOCKS = {"rnn": 1, "gru": 3, "lstm": 4}


@count_recurrent_parameters.mistake(
    "torch keeps two biases for every unit of a block, b_ih and b_hh; you counted one."
)
def one_bias_counted(kind, input_size, hidden_size):
    return BLOCKS[kind.lower()] * hidden_size * (input_size + hidden_size + 1)


@count_recurrent_parameters.mistake(
    "The biases are parameters, too: two for every unit of a block."
)
def biases_not_counted(kind, input_size, hidden_size):
    return BLOCKS[kind.lower()] * hidden_size * (input_size + hidden_size)


@count_recurrent_parameters.mistake(
    "You count gates only; the candidate is a block as well: an LSTM has 4 blocks, a GRU 3."
)
def candidate_not_counted(kind, input_size, hidden_size):
    blocks = {"rnn": 1, "gru": 2, "lstm": 3}[kind.lower()]
    return blocks * hidden_size * (input_size + hidden_size + 2)


@count_recurrent_parameters.mistake(
    "Every block has its own weights for the input, too; you multiplied only those of the state."
)
def input_weights_counted_once(kind, input_size, hidden_size):
    blocks = BLOCKS[kind.lower()]
    return hidden_size * input_size + blocks * hidden_size * (hidden_size + 2)


@count_recurrent_parameters.mistake(
    "The GRU is the one with 3 blocks and the LSTM the one with 4; yours are swapped."
)
def gru_and_lstm_swapped(kind, input_size, hidden_size):
    blocks = {"rnn": 1, "gru": 4, "lstm": 3}[kind.lower()]
    return blocks * hidden_size * (input_size + hidden_size + 2)


@count_recurrent_parameters.alternative
def by_the_shapes(kind, input_size, hidden_size):
    rows = BLOCKS[kind.lower()] * hidden_size
    shapes = [(rows, input_size), (rows, hidden_size), (rows,), (rows,)]
    return sum(np.empty(shape).size for shape in shapes)


@count_recurrent_parameters.alternative
def block_by_block(kind, input_size, hidden_size):
    one = input_size * hidden_size + hidden_size**2 + 2 * hidden_size
    return sum(one for _ in range(BLOCKS[kind.lower()]))


# -- cell_gradient -----------------------------------------------------------------------------

cell_gradient = Exercise(
    reference.cell_gradient, points=1, see="eq-cell-gradient", returns="gradient"
)
cell_gradient.hints(
    "One step multiplies the gradient along the cell by f. What do T steps do?",
    "Every cell has its own product, over the axis of the steps.",
    "`np.prod` along axis −2: the steps are the last axis but one, with or without a batch.",
)


@cell_gradient.cases
def _(rng):
    yield "four steps, three cells", dict(forget_gates=rng.uniform(0.2, 0.95, size=(4, 3)))
    yield "a batch of sequences", dict(forget_gates=rng.uniform(0.3, 0.98, size=(2, 5, 3)))
    yield (
        "a gate that shuts once",
        dict(
            forget_gates=np.where(
                np.arange(6)[:, None] == 3, [[0.0, 0.4]], rng.uniform(0.8, 1, (6, 2))
            )
        ),
    )
    yield "two hundred steps", dict(forget_gates=rng.uniform(0.9, 1, size=(200, 4)))
    yield "a single step", dict(forget_gates=rng.uniform(0.2, 0.9, size=(1, 3)))
    yield "float32 gates", dict(forget_gates=rng.uniform(0.5, 1, size=(7, 5)).astype(np.float32))


@cell_gradient.torch
def _(torch, forget_gates):
    c0 = torch.ones_like(forget_gates.select(-2, 0), requires_grad=True)
    c = c0
    for f in forget_gates.unbind(-2):
        c = f * c
    return torch.autograd.grad(c.sum(), c0)[0]


@cell_gradient.mistake("Changes multiply along a path: the product of the gates, not their sum.")
def gates_added_up(forget_gates):
    return forget_gates.sum(axis=-2)


@cell_gradient.mistake(
    "The product runs over the steps, and every cell has its own; you multiplied over the cells."
)
def product_over_the_cells(forget_gates):
    return np.prod(forget_gates, axis=-1)


@cell_gradient.mistake(
    "Along the cell one step is c′ = f ⊙ c + …, whose slope is f itself. The slope of the sigmoid, "
    "f (1 − f), belongs to the way into the gate."
)
def slopes_of_the_sigmoid_multiplied(forget_gates):
    return np.prod(forget_gates * (1 - forget_gates), axis=-2)


@cell_gradient.mistake(
    "You return the product after every step; the whole product is asked for, one number for each cell."
)
def running_product_returned(forget_gates):
    return np.cumprod(forget_gates, axis=-2)


@cell_gradient.mistake(
    "From c₀ to c_T there are T steps and T gates; you left out that of the first step."
)
def first_gate_left_out(forget_gates):
    return np.prod(forget_gates[..., 1:, :], axis=-2)


@cell_gradient.alternative
def last_of_the_running_products(forget_gates):
    return np.cumprod(forget_gates, axis=-2)[..., -1, :]


@cell_gradient.loop
def _(forget_gates):
    product = np.ones_like(forget_gates[..., 0, :])
    for t in range(forget_gates.shape[-2]):
        product = product * forget_gates[..., t, :]
    return product
