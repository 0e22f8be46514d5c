"""What an answer in the chapter on back-propagation must satisfy, and the mistakes people make."""

from itertools import pairwise

import numpy as np

from autograder.exercise import Exercise, Function, Seed
from solutions import backpropagation as reference
from solutions.activations import sigmoid, sigmoid_backward


def network(rng, sizes):
    """Weights and biases of a small network, as random as its inputs."""
    weights = [rng.normal(size=(o, i)) for i, o in pairwise(sizes)]
    return weights, [rng.normal(size=o) for o in sizes[1:]]


def forward(X, weights, biases):
    """Zs and As of a sigmoid network, As beginning with X."""
    Zs, As = [], [X]
    for W, b in zip(weights, biases, strict=True):
        Zs.append(As[-1] @ W.T + b)
        As.append(sigmoid(Zs[-1]))
    return Zs, As


def to_float32(arrays):
    return [array.astype(np.float32) for array in arrays]


# -- chain_gradients ---------------------------------------------------------------------------

chain_gradients = Exercise(
    reference.chain_gradients, points=3, see="eq-chain-error", returns="dws, dbs"
)
chain_gradients.hints(
    "Which numbers of the forward pass does the backward pass need again? Keep every z and every a.",
    "Start at the end with delta = (a_L − y) σ′(z_L). At each layer: dw = (what came in) · delta, "
    "db = delta. Then carry delta back over the link: times w of the layer you leave, times σ′ of "
    "the z before it.",
    "With a[l] entering and z[l] computed in layer l: `dws[l] = a[l] * delta`, `dbs[l] = delta`, "
    "then, if l > 0, `delta = sigmoid_backward(weights[l] * delta, z[l - 1])`.",
)


def chain_forward(x, weights, biases):
    z, a = [], [x]
    for w, b in zip(weights, biases, strict=True):
        z.append(w * a[-1] + b)
        a.append(sigmoid(z[-1]))
    return z, a


def chain_backward(x, y, weights, biases, derivative, first=None, link=None):
    """The reference's loop with its parts exchangeable, for the mistakes below."""
    z, a = chain_forward(x, weights, biases)
    delta = (a[-1] - y) * (first or derivative)(z[-1])
    dws, dbs = [], []
    for l in reversed(range(len(weights))):
        dws.insert(0, float(a[l] * delta))
        dbs.insert(0, float(delta))
        if l > 0:
            weight = link(weights, l) if link else weights[l]
            delta = weight * delta * derivative(z[l - 1])
    return dws, dbs


def slope(z):
    return sigmoid_backward(np.ones_like(z), z)


@chain_gradients.cases
def _(rng):
    yield (
        "three layers",
        dict(x=1.3, y=0.2, weights=[float(w) for w in rng.normal(size=3)], biases=[0.4, -0.7, 0.1]),
    )
    yield (
        "five layers",
        dict(
            x=float(rng.normal()),
            y=0.9,
            weights=[float(w) for w in rng.normal(size=5)],
            biases=[float(b) for b in rng.normal(size=5)],
        ),
    )
    yield "a single layer", dict(x=-0.8, y=0.3, weights=[1.7], biases=[0.2])
    yield "a saturated neuron", dict(x=1.1, y=1.0, weights=[900.0, 0.6], biases=[-3.0, 0.5])


@chain_gradients.torch
def _(torch, x, y, weights, biases):
    ws = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in weights]
    bs = [torch.tensor(b, dtype=torch.float64, requires_grad=True) for b in biases]
    a = torch.tensor(x, dtype=torch.float64)
    for w, b in zip(ws, bs, strict=True):
        a = torch.sigmoid(w * a + b)
    found = torch.autograd.grad((a - y) ** 2 / 2, ws + bs)
    return list(found[: len(ws)]), list(found[len(ws) :])


@chain_gradients.mistake(
    "Going back through a neuron, the error passes its bend as well: after multiplying by w, "
    "multiply by σ′(z) of the layer you arrive at."
)
def bend_forgotten_on_the_way_back(x, y, weights, biases):
    return chain_backward(x, y, weights, biases, np.ones_like, first=slope)


@chain_gradients.mistake(
    "The last neuron bends too: the error starts as (a − y) σ′(z), not as a − y alone."
)
def bend_of_the_last_neuron_forgotten(x, y, weights, biases):
    return chain_backward(x, y, weights, biases, slope, first=np.ones_like)


@chain_gradients.mistake(
    "σ′ is taken at z, where the neuron stood before its bend; you take it at a = σ(z). "
    "(With a in hand, σ′(z) is a (1 − a).)"
)
def slope_taken_at_a_instead_of_z(x, y, weights, biases):
    return chain_backward(x, y, weights, biases, lambda z: slope(sigmoid(z)))


@chain_gradients.mistake(
    "The error crosses from layer l + 1 to layer l over the link between them, so it is multiplied "
    "by w of layer l + 1; you use the w of layer l, which lies on the other side of the neuron."
)
def weight_of_the_wrong_link(x, y, weights, biases):
    return chain_backward(x, y, weights, biases, slope, link=lambda w, l: w[l - 1])


@chain_gradients.mistake(
    "∂z/∂w is what comes into the neuron, a of the layer before; you multiply by what leaves it."
)
def own_activation_instead_of_the_incoming_one(x, y, weights, biases):
    _, a = chain_forward(x, weights, biases)
    _, dbs = chain_backward(x, y, weights, biases, slope)
    return [float(a[l + 1] * db) for l, db in enumerate(dbs)], dbs


@chain_gradients.mistake(
    "You go from the last layer to the first and append as you go, so the lists come out back to "
    "front: the gradients of the layer next to x belong first."
)
def lists_back_to_front(x, y, weights, biases):
    dws, dbs = reference.chain_gradients(x, y, weights, biases)
    return dws[::-1], dbs[::-1]


@chain_gradients.mistake(
    "The ½ in C = ½ (a − y)² is there to cancel the 2 that the square brings down: the error starts "
    "with a − y, not 2 (a − y)."
)
def two_not_cancelled(x, y, weights, biases):
    dws, dbs = reference.chain_gradients(x, y, weights, biases)
    return [2 * dw for dw in dws], [2 * db for db in dbs]


@chain_gradients.alternative
def by_recursion(x, y, weights, biases):
    def back(a, weights, biases):
        """The gradients from here on, and ∂C/∂a of what came in."""
        if not weights:
            return [], [], a - y
        out = 1 / (1 + np.exp(-abs(weights[0] * a + biases[0])))
        out = out if weights[0] * a + biases[0] >= 0 else 1 - out
        dws, dbs, reached = back(out, weights[1:], biases[1:])
        delta = reached * out * (1 - out)
        return [a * delta, *dws], [delta, *dbs], weights[0] * delta

    dws, dbs, _ = back(x, weights, biases)
    return dws, dbs


@chain_gradients.alternative
def every_chain_written_out(x, y, weights, biases):
    z, a = chain_forward(x, weights, biases)
    slopes = [slope(each) for each in z]
    dbs = [
        (a[-1] - y) * np.prod(weights[l + 1 :]) * np.prod(slopes[l:]) for l in range(len(weights))
    ]
    return [a[l] * db for l, db in enumerate(dbs)], dbs


# -- output_error ------------------------------------------------------------------------------

output_error = Exercise(reference.output_error, points=2, see="eq-bp1", returns="delta")
output_error.hints(
    "BP1 has two factors. How does the mean cost change with one output, and how does that output "
    "change with its z?",
    "∂C/∂A = (A − Y)/N, since C = 1/(2N) Σ ‖a − y‖². Then pass the bend: times σ′(Z), entry by entry.",
    "`sigmoid_backward((A − Y) / len(Y), Z)`",
)


@output_error.cases
def _(rng):
    def inputs(n, k, dtype=float):
        Z = rng.normal(size=(n, k)).astype(dtype)
        return dict(A=sigmoid(Z), Y=rng.uniform(size=(n, k)).astype(dtype), Z=Z)

    yield "a batch of seven", inputs(7, 3)
    yield "another batch size", inputs(4, 5)
    yield "a single example", inputs(1, 4)
    yield "float32 inputs", inputs(6, 2, np.float32)
    Z = np.array([[1000.0, -0.4, 0.9], [-1000.0, 1.2, -0.3]])
    yield "saturated outputs", dict(A=sigmoid(Z), Y=rng.uniform(size=(2, 3)), Z=Z)


@output_error.torch
def _(torch, A, Y, Z):
    Z.requires_grad_()
    return torch.autograd.grad(((torch.sigmoid(Z) - Y) ** 2).sum() / (2 * len(Y)), Z)[0]


@output_error.mistake(
    "The cost is a mean over the batch, C = 1/(2N) Σ ‖a − y‖², so its derivative carries 1/N; this "
    "is the one place where it enters, so divide by len(Y) here."
)
def one_over_N_forgotten(A, Y, Z):
    return sigmoid_backward(A - Y, Z)


@output_error.mistake(
    "You stop at ∂C/∂A. The error is ∂C/∂Z, one link further back: multiply by σ′(Z), the second "
    "factor of BP1."
)
def slope_of_the_sigmoid_forgotten(A, Y, Z):
    return (A - Y) / len(Y)


@output_error.mistake(
    "σ′ is taken at Z, before the bend; you take it at A = σ(Z). (Written with A, σ′(Z) is "
    "A (1 − A).)"
)
def slope_taken_at_A_instead_of_Z(A, Y, Z):
    return sigmoid_backward((A - Y) / len(Y), A)


@output_error.mistake("You multiply by σ(Z) where BP1 has its derivative σ′(Z) = σ(Z) (1 − σ(Z)).")
def sigmoid_instead_of_its_derivative(A, Y, Z):
    return (A - Y) / len(Y) * A


@output_error.mistake(
    "An output that is too large must get a positive error, since a larger z makes it worse: BP1 "
    "has A − Y, and the minus of gradient descent comes later, in the step."
)
def difference_turned_round(A, Y, Z):
    return sigmoid_backward((Y - A) / len(Y), Z)


@output_error.mistake(
    "C sums over the outputs of an example and averages over the examples only: divide by N = len(Y), "
    "not by the number of all entries (which is what `np.mean` over the whole array does)."
)
def averaged_over_the_outputs_too(A, Y, Z):
    return sigmoid_backward((A - Y) / Y.size, Z)


@output_error.mistake(
    "The ½ in C = 1/(2N) Σ ‖a − y‖² is there to cancel the 2 that the square brings down: start "
    "from (A − Y)/N."
)
def two_not_cancelled(A, Y, Z):
    return sigmoid_backward(2 * (A - Y) / len(Y), Z)


@output_error.alternative
def by_A_times_one_minus_A(A, Y, Z):
    return (A - Y) * A * (1 - A) / A.shape[0]


@output_error.alternative
def product_first_mean_last(A, Y, Z):
    return np.multiply(A - Y, sigmoid_backward(np.ones_like(Z), Z)) / np.shape(Z)[0]


@output_error.loop
def _(A, Y, Z):
    delta = np.zeros_like(Z)
    for n in range(len(Z)):
        for j in range(Z.shape[1]):
            delta[n, j] = (A[n, j] - Y[n, j]) * A[n, j] * (1 - A[n, j]) / len(Z)
    return delta


@output_error.benchmark
def _(rng):
    Z = rng.normal(size=(128, 1000))
    return dict(A=sigmoid(Z), Y=rng.uniform(size=Z.shape), Z=Z)


# -- hidden_error ------------------------------------------------------------------------------

hidden_error = Exercise(reference.hidden_error, points=3, see="eq-bp2", returns="delta")
hidden_error.hints(
    "Unit k of the hidden layer feeds every unit j of the next one. Along which weights does the "
    "error come back, and what does it meet before it reaches z?",
    "Sum the errors of the next layer, each times the weight it comes back over: in rows that is "
    "`delta_next @ W_next`, of shape (N, n_hidden). Then pass the bend: times σ′(Z).",
    "`sigmoid_backward(delta_next @ W_next, Z)`",
)


@hidden_error.cases
def _(rng):
    def inputs(n, n_next, n_hidden, dtype=float):
        return dict(
            delta_next=rng.normal(size=(n, n_next)).astype(dtype),
            W_next=rng.normal(size=(n_next, n_hidden)).astype(dtype),
            Z=rng.normal(size=(n, n_hidden)).astype(dtype),
        )

    yield "a batch of five", inputs(5, 3, 4)
    yield "two layers of the same size", inputs(5, 4, 4)
    yield "a wide hidden layer", inputs(3, 2, 7)
    yield "a single example", inputs(1, 3, 2)
    yield "float32 inputs", inputs(6, 2, 5, np.float32)
    yield (
        "a transposed (non-contiguous) weight matrix",
        inputs(4, 2, 3) | dict(W_next=rng.normal(size=(3, 2)).T),
    )
    yield (
        "saturated units",
        inputs(2, 4, 3) | dict(Z=np.array([[1000.0, 0.3, -0.9], [0.6, -1000.0, 1.1]])),
    )


@hidden_error.gradient("Z")
def _(torch, W_next, Z):
    return torch.sigmoid(Z) @ W_next.T


@hidden_error.mistake(
    "The error has come back over the weights, but it has not passed the bend: multiply by σ′(Z), "
    "the second factor of BP2."
)
def slope_of_the_sigmoid_forgotten(delta_next, W_next, Z):
    return delta_next @ W_next


@hidden_error.mistake(
    "The transpose of BP2 belongs to columns: (Wᵀδ)ᵀ = δᵀ W, so in rows it is `delta_next @ W_next`. "
    "Check it by the shapes: (N, n_next) times (n_next, n_hidden)."
)
def weights_transposed(delta_next, W_next, Z):
    return sigmoid_backward(delta_next @ W_next.T, Z)


@hidden_error.mistake(
    "σ′ is taken at Z, where the unit stood before its bend; you take it at σ(Z)."
)
def slope_taken_at_A_instead_of_Z(delta_next, W_next, Z):
    return sigmoid_backward(delta_next @ W_next, sigmoid(Z))


@hidden_error.mistake(
    "You multiply by σ(Z) where BP2 has its derivative: the error passes the bend by its slope."
)
def sigmoid_instead_of_its_derivative(delta_next, W_next, Z):
    return (delta_next @ W_next) * sigmoid(Z)


@hidden_error.mistake(
    "1/N is in delta_next already, since BP1 put it there; BP2 hands it on, so do not divide again."
)
def averaged_again(delta_next, W_next, Z):
    return sigmoid_backward(delta_next @ W_next, Z) / len(Z)


@hidden_error.mistake(
    "You take the size of the weights and lose their sign: a negative weight turns the error round."
)
def sign_of_the_weights_lost(delta_next, W_next, Z):
    return sigmoid_backward(delta_next @ np.abs(W_next), Z)


@hidden_error.alternative
def columns_as_in_the_mathematics(delta_next, W_next, Z):
    s = sigmoid(Z.T)
    return ((W_next.T @ delta_next.T) * s * (1 - s)).T


@hidden_error.alternative
def by_einsum(delta_next, W_next, Z):
    slope = sigmoid_backward(np.ones_like(Z), Z)
    return np.einsum("nj,jk,nk->nk", delta_next, W_next, slope)


@hidden_error.loop
def _(delta_next, W_next, Z):
    delta = np.zeros_like(Z)
    for n in range(len(Z)):
        for k in range(Z.shape[1]):
            for j in range(len(W_next)):
                delta[n, k] += delta_next[n, j] * W_next[j, k]
            delta[n, k] = sigmoid_backward(delta[n, k], Z[n, k])
    return delta


@hidden_error.terms
def _(delta_next, W_next, Z):
    return (
        {
            f"the path through unit {j + 1} of the next layer": sigmoid_backward(
                delta_next[:, [j]] * W_next[j], Z
            )
            for j in range(len(W_next))
        },
    )


@hidden_error.benchmark
def _(rng):
    return dict(
        delta_next=rng.normal(size=(128, 100)),
        W_next=rng.normal(size=(100, 300)),
        Z=rng.normal(size=(128, 300)),
    )


# -- bias_gradient -----------------------------------------------------------------------------

bias_gradient = Exercise(reference.bias_gradient, points=1, see="eq-bp3", returns="db")
bias_gradient.hints(
    "One bias serves all examples of the batch. On how many paths does it reach the cost?",
    "One path an example, and the paths add: sum the rows of delta. 1/N is in delta already.",
    "`delta.sum(axis=0)`",
)


@bias_gradient.cases
def _(rng):
    yield "a batch of five", dict(delta=rng.normal(size=(5, 3)))
    yield "more units than examples", dict(delta=rng.normal(size=(2, 7)))
    yield "a single example", dict(delta=rng.normal(size=(1, 4)))
    yield "float32 errors", dict(delta=rng.normal(size=(6, 2)).astype(np.float32))
    yield "a transposed (non-contiguous) delta", dict(delta=rng.normal(size=(3, 8)).T)


@bias_gradient.torch
def _(torch, delta):
    b = torch.zeros(delta.shape[1], dtype=delta.dtype, requires_grad=True)
    return torch.autograd.grad(b.expand(delta.shape), b, delta)[0]


@bias_gradient.mistake(
    "BP3 is a sum over the examples: 1/N is in delta already, since BP1 put it there, and a mean "
    "would divide by N a second time."
)
def averaged_again(delta):
    return delta.mean(axis=0)


@bias_gradient.mistake(
    "Each unit has one bias, so n_out numbers must remain: sum over the examples, axis 0, and not "
    "over the units."
)
def summed_over_the_units(delta):
    return delta.sum(axis=1)


@bias_gradient.mistake(
    "`sum()` without an axis adds up everything; each unit keeps its own number: sum over axis 0."
)
def everything_summed(delta):
    return delta.sum()


@bias_gradient.mistake(
    "That is one row for each example. The same bias serves all of them, so their rows add up: sum "
    "over axis 0."
)
def not_summed(delta):
    return delta.copy()


@bias_gradient.mistake(
    "Only the first example speaks here; the bias acts on every example, so sum the rows of delta."
)
def first_example_only(delta):
    return delta[0].copy()


@bias_gradient.mistake(
    "b has shape (n_out,), and its gradient must have the same, or b − lr db becomes a matrix: drop "
    "`keepdims`."
)
def axis_kept(delta):
    return delta.sum(axis=0, keepdims=True)


@bias_gradient.alternative
def by_ones(delta):
    return np.ones(len(delta), delta.dtype) @ delta


@bias_gradient.alternative
def by_einsum(delta):
    return np.einsum("nj->j", delta)


@bias_gradient.loop
def _(delta):
    db = np.zeros(delta.shape[1], delta.dtype)
    for n in range(len(delta)):
        for j in range(delta.shape[1]):
            db[j] += delta[n, j]
    return db


@bias_gradient.benchmark
def _(rng):
    return dict(delta=rng.normal(size=(128, 1000)))


# -- weight_gradient ---------------------------------------------------------------------------

weight_gradient = Exercise(reference.weight_gradient, points=2, see="eq-bp4", returns="dW")
weight_gradient.hints(
    "For one example, entry jk is δ_j times a_k. Which product of a column and a row holds all of "
    "these at once?",
    "For one example it is the outer product δ aᵀ; over the batch these add up, and a sum of outer "
    "products is one matrix product of shape (n_out, N) times (N, n_in).",
    "`delta.T @ A_prev`",
)


@weight_gradient.cases
def _(rng):
    def inputs(n, n_out, n_in, dtype=float):
        return dict(
            delta=rng.normal(size=(n, n_out)).astype(dtype),
            A_prev=rng.normal(size=(n, n_in)).astype(dtype),
        )

    yield "a batch of five", inputs(5, 3, 4)
    yield "as many inputs as outputs", inputs(6, 4, 4)
    yield "more units than examples", inputs(2, 7, 3)
    yield "a single example", inputs(1, 4, 2)
    yield "float32 inputs", inputs(6, 2, 5, np.float32)
    yield (
        "transposed (non-contiguous) inputs",
        dict(delta=rng.normal(size=(3, 8)).T, A_prev=rng.normal(size=(5, 8)).T),
    )


@weight_gradient.torch
def _(torch, delta, A_prev):
    W = torch.zeros(delta.shape[1], A_prev.shape[1], dtype=delta.dtype, requires_grad=True)
    return torch.autograd.grad(A_prev @ W.T, W, delta)[0]


@weight_gradient.mistake(
    "W has shape (n_out, n_in), and so has its gradient: entry jk pairs δ_j with a_k, which is "
    "`delta.T @ A_prev`; yours is its transpose."
)
def gradient_transposed(delta, A_prev):
    return A_prev.T @ delta


@weight_gradient.mistake(
    "BP4 is a sum over the examples: 1/N is in delta already, since BP1 put it there, so do not "
    "divide by N again."
)
def averaged_again(delta, A_prev):
    return delta.T @ A_prev / len(delta)


@weight_gradient.mistake(
    "You sum the errors and the activations over the batch first and multiply then; BP4 multiplies "
    "within each example and sums the products, so that every error meets its own activation."
)
def product_of_the_sums(delta, A_prev):
    return np.outer(delta.sum(axis=0), A_prev.sum(axis=0))


@weight_gradient.mistake(
    "Only the first example speaks here; each one adds its own outer product δ aᵀ."
)
def first_example_only(delta, A_prev):
    return np.outer(delta[0], A_prev[0])


@weight_gradient.mistake(
    "That is one matrix for each example; the same W serves all of them, so sum over the examples, "
    "or let one matrix product do both."
)
def not_summed(delta, A_prev):
    return delta[:, :, None] * A_prev[:, None, :]


@weight_gradient.mistake(
    "The activation's sign counts: BP4 multiplies the error by a_k itself, not by its size."
)
def sign_of_the_activation_lost(delta, A_prev):
    return delta.T @ np.abs(A_prev)


@weight_gradient.alternative
def by_einsum(delta, A_prev):
    return np.einsum("nj,nk->jk", delta, A_prev)


@weight_gradient.alternative
def sum_of_outer_products(delta, A_prev):
    return sum(np.outer(d, a) for d, a in zip(delta, A_prev, strict=True))


@weight_gradient.loop
def _(delta, A_prev):
    dW = np.zeros((delta.shape[1], A_prev.shape[1]), delta.dtype)
    for n in range(len(delta)):
        for j in range(delta.shape[1]):
            for k in range(A_prev.shape[1]):
                dW[j, k] += delta[n, j] * A_prev[n, k]
    return dW


@weight_gradient.benchmark
def _(rng):
    return dict(delta=rng.normal(size=(128, 100)), A_prev=rng.normal(size=(128, 300)))


# -- backpropagate -----------------------------------------------------------------------------

backpropagate = Exercise(reference.backpropagate, points=5, see="eq-bp4", returns="dWs, dbs")
backpropagate.hints(
    "Forward first: which arrays does the backward pass ask for again? Keep all Zs and all As, "
    "beginning with As = [X].",
    "BP1 gives the error of the last layer. Then, layer by layer from the end: BP4 and BP3 read the "
    "two gradients off the error, and BP2 carries it to the layer before.",
    "`for l in range(len(weights) - 1, -1, -1)`: dWs[l] = weight_gradient(delta, As[l]), "
    "dbs[l] = bias_gradient(delta), and, if l > 0, "
    "delta = hidden_error(delta, weights[l], Zs[l - 1]).",
)


def backward(X, Y, weights, biases, derivative=slope, output=slope, passing=None, averages=1):
    """Back-propagation with its parts exchangeable, for the mistakes below."""
    Zs, As = forward(X, weights, biases)
    delta = (As[-1] - Y) / len(X) ** averages * output(Zs[-1])
    dWs, dbs = [], []
    for l in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ As[l])
        dbs.insert(0, delta.sum(axis=0))
        if l > 0:
            W = passing(weights[l], dWs[0]) if passing else weights[l]
            delta = (delta @ W) * derivative(Zs[l - 1])
    return dWs, dbs


@backpropagate.cases
def _(rng):
    def inputs(n, sizes, dtype=np.float64):
        weights, biases = network(rng, sizes)
        return dict(
            X=rng.normal(size=(n, sizes[0])).astype(dtype),
            Y=rng.uniform(size=(n, sizes[-1])).astype(dtype),
            weights=[W.astype(dtype) for W in weights],
            biases=[b.astype(dtype) for b in biases],
        )

    yield "a network of three layers", inputs(6, [5, 4, 3, 2])
    yield "layers of one size", inputs(4, [3, 3, 3, 3])
    yield "a single layer", inputs(5, [4, 3])
    yield "a single example", inputs(1, [3, 5, 2])
    yield "float32 inputs", inputs(7, [4, 3, 2], np.float32)
    yield (
        "inputs as large as 1000",
        inputs(3, [2, 5, 4]) | dict(X=np.array([[1000.0, 0.2], [-1.3, -1000.0], [0.4, 0.7]])),
    )


@backpropagate.torch
def _(torch, X, Y, weights, biases):
    leaves = [leaf.requires_grad_() for leaf in [*weights, *biases]]
    A = X
    for W, b in zip(weights, biases, strict=True):
        A = torch.sigmoid(A @ W.T + b)
    found = torch.autograd.grad(((A - Y) ** 2).sum() / (2 * len(X)), leaves)
    return list(found[: len(weights)]), list(found[len(weights) :])


@backpropagate.mistake(
    "All gradients are N times too large: the mean cost, C = 1/(2N) Σ ‖a − y‖², carries 1/N, and it "
    "enters with BP1."
)
def one_over_N_forgotten(X, Y, weights, biases):
    return backward(X, Y, weights, biases, averages=0)


@backpropagate.mistake(
    "You divide by N twice: BP1 has done it, and BP3 and BP4 are sums over the examples."
)
def averaged_twice(X, Y, weights, biases):
    return backward(X, Y, weights, biases, averages=2)


@backpropagate.mistake(
    "The last layer bends too: BP1 has the factor σ′(Z). (Leaving it out belongs to another cost, "
    "the cross-entropy.)"
)
def slope_forgotten_at_the_output(X, Y, weights, biases):
    return backward(X, Y, weights, biases, output=np.ones_like)


@backpropagate.mistake(
    "Going back through a hidden layer, the error passes its bend: BP2 has the factor σ′(Z)."
)
def slope_forgotten_in_the_hidden_layers(X, Y, weights, biases):
    return backward(X, Y, weights, biases, derivative=np.ones_like)


@backpropagate.mistake(
    "σ′ is taken at Z, where each unit stood before its bend; you take it at A = σ(Z)."
)
def slope_taken_at_A_instead_of_Z(X, Y, weights, biases):
    def wrong(Z):
        return slope(sigmoid(Z))

    return backward(X, Y, weights, biases, derivative=wrong, output=wrong)


@backpropagate.mistake(
    "The error must come back over the weights that the forward pass used. You change W first and "
    "send the error back over the changed one: take all gradients first, then the step."
)
def updated_weights_used_on_the_way_back(X, Y, weights, biases):
    return backward(X, Y, weights, biases, passing=lambda W, dW: W - dW)


@backpropagate.mistake(
    "You have the transpose of BP2 in the row form: with weights (n_out, n_in) it is "
    "`delta @ weights[l]`. (Where all layers have one size, this runs and is wrong without a word.)"
)
def weights_transposed_on_the_way_back(X, Y, weights, biases):
    return backward(X, Y, weights, biases, passing=lambda W, dW: W.T)


@backpropagate.mistake(
    "You go from the last layer to the first and append as you go, so the lists come out back to "
    "front: the gradients of the layer next to X belong first."
)
def lists_back_to_front(X, Y, weights, biases):
    dWs, dbs = backward(X, Y, weights, biases)
    return dWs[::-1], dbs[::-1]


@backpropagate.mistake(
    "dWs must have the shapes of the weights, (n_out, n_in): entry jk pairs δ_j with a_k, as in "
    "`delta.T @ A_prev`; yours are the transposes."
)
def gradients_transposed(X, Y, weights, biases):
    dWs, dbs = backward(X, Y, weights, biases)
    return [dW.T for dW in dWs], dbs


@backpropagate.mistake(
    "You use BP1 with the output taken as Z itself. The last layer is a sigmoid layer like the "
    "others: A = σ(Z), and the cost compares A with Y."
)
def no_sigmoid_at_the_output(X, Y, weights, biases):
    Zs, As = forward(X, weights, biases)
    delta = (Zs[-1] - Y) / len(X)
    dWs, dbs = [], []
    for l in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ As[l])
        dbs.insert(0, delta.sum(axis=0))
        if l > 0:
            delta = (delta @ weights[l]) * slope(Zs[l - 1])
    return dWs, dbs


@backpropagate.alternative
def one_example_at_a_time(X, Y, weights, biases):
    dWs, dbs = [np.zeros_like(W) for W in weights], [np.zeros_like(b) for b in biases]
    for x, y in zip(X, Y, strict=True):
        _, As = forward(x, weights, biases)
        delta = (As[-1] - y) * As[-1] * (1 - As[-1]) / len(X)
        for l in range(1, len(weights) + 1):
            dWs[-l] += np.outer(delta, As[-l - 1])
            dbs[-l] += delta
            delta = (weights[-l].T @ delta) * As[-l - 1] * (1 - As[-l - 1])
    return dWs, dbs


@backpropagate.alternative
def one_over_N_at_the_end(X, Y, weights, biases):
    dWs, dbs = backward(X, Y, weights, biases, averages=0)
    return [dW / len(X) for dW in dWs], [db / len(X) for db in dbs]


@backpropagate.alternative
def by_recursion(X, Y, weights, biases):
    def back(A, l):
        """The gradients from layer l on, and ∂C/∂A of what came in."""
        if l == len(weights):
            return [], [], (A - Y) / len(X)
        out = sigmoid(A @ weights[l].T + biases[l])
        dWs, dbs, reached = back(out, l + 1)
        delta = reached * out * (1 - out)
        return [delta.T @ A, *dWs], [delta.sum(axis=0), *dbs], delta @ weights[l]

    dWs, dbs, _ = back(X, 0)
    return dWs, dbs


@backpropagate.loop
def _(X, Y, weights, biases):
    dWs, dbs = [np.zeros_like(W) for W in weights], [np.zeros_like(b) for b in biases]
    for x, y in zip(X, Y, strict=True):
        _, As = forward(x, weights, biases)
        reached = (As[-1] - y) / len(X)
        for l in range(len(weights) - 1, -1, -1):
            arriving = np.zeros_like(As[l])
            for j in range(len(biases[l])):
                delta = reached[j] * As[l + 1][j] * (1 - As[l + 1][j])
                dbs[l][j] += delta
                for k in range(len(As[l])):
                    dWs[l][j, k] += delta * As[l][k]
                    arriving[k] += weights[l][j, k] * delta
            reached = arriving
    return dWs, dbs


@backpropagate.benchmark
def _(rng):
    weights, biases = network(rng, [784, 16, 16, 10])
    return dict(
        X=rng.uniform(size=(128, 784)),
        Y=rng.uniform(size=(128, 10)),
        weights=weights,
        biases=biases,
    )


# -- relative_error ----------------------------------------------------------------------------

relative_error = Exercise(
    reference.relative_error, points=1, see="def-relative-error", returns="error"
)
relative_error.hints(
    "Is a difference of 0.001 large? Compared with what?",
    "The largest difference, divided by the largest entry of both; and if both are all zeros there "
    "is nothing to divide by, and nothing wrong.",
    "`scale = max(np.max(np.abs(a)), np.max(np.abs(b)))`, then `np.max(np.abs(a − b)) / scale`, or "
    "0.0 where scale is 0; first raise ValueError if the shapes differ.",
)


@relative_error.cases
def _(rng):
    a = rng.normal(size=(4, 3))
    yield "two matrices", dict(a=a, b=a + 0.1 * rng.normal(size=a.shape))
    yield "the larger one first", dict(a=3 * a[0], b=a[0])
    yield "the larger one second", dict(a=a[1], b=5 * a[1])
    yield "opposite signs", dict(a=a[2], b=-a[2])
    yield "two numbers", dict(a=-2.0, b=-2.5)
    yield "a largest entry that is negative", dict(a=np.array([-5.0, 1.0]), b=np.array([-3.0, 2.0]))
    yield "the same, the other way round", dict(a=np.array([-3.0, 2.0]), b=np.array([-5.0, 1.0]))
    yield "one array of zeros", dict(a=np.zeros(3), b=np.array([0.0, -1e-3, 1e-4]))
    yield "two arrays of zeros", dict(a=np.zeros((2, 5)), b=np.zeros((2, 5)))
    yield (
        "one tiny entry that differs",
        dict(a=np.array([1.0, 1e-9, -0.4]), b=np.array([1.0, -1e-9, -0.3])),
    )


@relative_error.oracle
def _(a, b):
    a, b = np.ravel(a).tolist(), np.ravel(b).tolist()
    gap = max(abs(p - q) for p, q in zip(a, b, strict=True))
    return gap / max(abs(p) for p in a + b) if gap else 0.0


@relative_error.mistake(
    "That is the absolute difference; a gradient of a million and one of a millionth need the same "
    "yardstick: divide by the largest entry of a and b."
)
def absolute_difference(a, b):
    return np.max(np.abs(a - b))


@relative_error.mistake(
    "You divide by b alone: then relative_error(a, b) and relative_error(b, a) differ. Take the "
    "larger of the two as the yardstick."
)
def divided_by_b_alone(a, b):
    scale = np.max(np.abs(b))
    return np.max(np.abs(a - b)) / scale if scale else 0.0


@relative_error.mistake(
    "You divide entry by entry, so one entry that should be 0 and is 10⁻¹² counts as wholly wrong: "
    "divide the largest difference by the largest entry."
)
def entry_by_entry(a, b):
    scale = np.maximum(np.abs(a), np.abs(b))
    return np.max(np.abs(np.subtract(a, b)) / np.where(scale > 0, scale, 1))


@relative_error.mistake(
    "Without `np.abs`, differences below zero do not count: take the absolute value first."
)
def sign_kept(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.max(np.subtract(a, b)) / scale if scale else 0.0


@relative_error.mistake(
    "A mean lets one wrong entry hide among many right ones: take the largest difference."
)
def mean_instead_of_largest(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.mean(np.abs(np.subtract(a, b))) / scale if scale else 0.0


@relative_error.mistake(
    "Two arrays of zeros are equal, yet 0/0 is not a number: return 0 when there is nothing to "
    "divide by."
)
def zero_divided_by_zero(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.max(np.abs(np.subtract(a, b))) / np.float64(scale)


@relative_error.mistake(
    "A small constant in the denominator makes the answer depend on the units of the gradient: "
    "divide by the largest entry alone, and treat the case of two zeros by itself."
)
def small_constant_in_the_denominator(a, b):
    return np.max(np.abs(np.subtract(a, b))) / (np.max(np.abs([a, b])) + 1e-8)


@relative_error.alternative
def by_one_stack(a, b):
    scale = np.abs([a, b]).max()
    return np.abs(np.diff([a, b], axis=0)).max() / scale if scale > 0 else 0.0


@relative_error.alternative
def by_infinity_norm(a, b):
    a, b = np.ravel(a), np.ravel(b)
    scale = max(np.linalg.norm(a, np.inf), np.linalg.norm(b, np.inf))
    return 0.0 if scale == 0 else np.linalg.norm(a - b, np.inf) / scale


# -- gradient_check ----------------------------------------------------------------------------

# A right gradient leaves only rounding errors, which no two programs share, so every case has an
# h large enough, or a claim wrong enough, for the result to be far above them.
gradient_check = Exercise(
    reference.gradient_check, points=3, see="eq-central", returns="error", rtol=1e-6
)
gradient_check.hints(
    "What would you do to test the claim for one entry of theta with f alone?",
    "Move one entry up by h and down by h, leave the others, and divide the change of f by 2h. Do "
    "so for every entry, on a copy, then compare with grad.",
    "For every i in np.ndindex(theta.shape): step = zeros with h at i, "
    "numerical[i] = (f(theta + step) − f(theta − step)) / (2 * h); at the end "
    "`relative_error(numerical, grad)`.",
)


@gradient_check.cases
def _(rng):
    theta = rng.uniform(0.5, 1.5, size=4)
    yield (
        "a cubic and its gradient",
        dict(f=Function("lambda theta: np.sum(theta ** 3)"), theta=theta, grad=3 * theta**2, h=0.1),
    )
    theta = rng.normal(size=(2, 3))
    yield (
        "a matrix and a claim that is wrong in one entry",
        dict(
            f=Function("lambda W: np.sum(np.sin(W) * np.array([[1, 2, 3], [4, 5, 6]]))"),
            theta=theta,
            grad=np.cos(theta) * [[1, 2, 3], [4, 5, 9]],
            h=1e-3,
        ),
    )
    theta = rng.uniform(0.2, 0.9, size=3)
    yield (
        "entries that share one slope",
        dict(
            f=Function("lambda theta: np.sum(theta) ** 3"),
            theta=theta,
            grad=np.full(3, 3 * theta.sum() ** 2),
            h=0.1,
        ),
    )
    theta = rng.normal(size=5)
    yield (
        "entries that act together",
        dict(
            f=Function("lambda theta: np.prod(np.cos(theta)) + theta[0] * theta[3]"),
            theta=theta,
            grad=rng.normal(size=5),
            h=1e-4,
        ),
    )
    theta = rng.normal(size=3).astype(np.float32)
    yield (
        "a float32 theta",
        dict(
            f=Function("lambda theta: np.sum(np.exp(theta)) + 100"),
            theta=theta,
            grad=np.float32(1.5) * np.exp(theta),
            h=1e-4,
        ),
    )
    yield (
        "a single number in an array",
        dict(
            f=Function("lambda theta: float(np.exp(theta)[0])"),
            theta=np.array([0.7]),
            grad=np.array([1.5]),
            h=0.05,
        ),
    )


@gradient_check.oracle
def _(f, theta, grad, h):
    flat = theta.astype(float).ravel()
    found = []
    for i in range(flat.size):
        ends = []
        for side in (h, -h):
            moved = flat.copy()
            moved[i] += side
            ends.append(f(moved.reshape(theta.shape)))
        found.append((ends[0] - ends[1]) / (2 * h))
    gap = np.abs(np.array(found) - grad.ravel())
    return max(gap) / max(*np.abs(found), *np.abs(grad.ravel()))


def differences(f, theta, grad, quotient):
    """relative_error of a numerical gradient whose entry for a unit step e is quotient(f, theta, e)."""
    numerical = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        e = np.zeros(theta.shape)
        e[i] = 1
        numerical[i] = quotient(e)
    return reference.relative_error(numerical, grad)


@gradient_check.mistake(
    "That is the forward difference, (f(θ + h) − f(θ))/h, whose error shrinks with h only; the "
    "central one, (f(θ + h) − f(θ − h))/(2h), shrinks with h²."
)
def forward_differences(f, theta, grad, h=1e-5):
    return differences(f, theta, grad, lambda e: (f(theta + h * e) - f(theta)) / h)


@gradient_check.mistake("From θ − h to θ + h is a way of 2h: divide the change of f by 2h.")
def divided_by_h_instead_of_2h(f, theta, grad, h=1e-5):
    return differences(f, theta, grad, lambda e: (f(theta + h * e) - f(theta - h * e)) / h)


@gradient_check.mistake(
    "`2 * h` needs parentheses under the fraction: `/ 2 * h` divides by 2 and multiplies by h."
)
def parentheses_forgotten(f, theta, grad, h=1e-5):
    return differences(f, theta, grad, lambda e: (f(theta + h * e) - f(theta - h * e)) / 2 * h)


@gradient_check.mistake(
    "You move all entries of theta at once, so you learn one slope, the sum of all; move one entry "
    "at a time."
)
def all_entries_moved_at_once(f, theta, grad, h=1e-5):
    return differences(f, theta, grad, lambda e: (f(theta + h) - f(theta - h)) / (2 * h))


@gradient_check.mistake(
    "An entry that was moved must go back before the next one moves; yours stays moved, so later "
    "slopes are taken elsewhere. Work on a fresh copy for each entry."
)
def entry_not_moved_back(f, theta, grad, h=1e-5):
    here = theta.astype(float)
    numerical = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        here[i] += h
        up = f(here)
        here[i] -= 2 * h
        numerical[i] = (up - f(here)) / (2 * h)
    return reference.relative_error(numerical, grad)


@gradient_check.mistake(
    "The differences are right; what is asked for is the relative error, so that the verdict does "
    "not depend on the size of the gradient: end with `relative_error(numerical, grad)`."
)
def absolute_error_returned(f, theta, grad, h=1e-5):
    numerical = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        e = np.zeros(theta.shape)
        e[i] = h
        numerical[i] = (f(theta + e) - f(theta - e)) / (2 * h)
    return np.max(np.abs(numerical - grad))


@gradient_check.mistake(
    "In float32 a step of h drowns in rounding: take the differences in float64, whatever theta's "
    "dtype, for instance on `np.array(theta, dtype=float)`."
)
def differences_in_float32(f, theta, grad, h=1e-5):
    numerical = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        e = np.zeros_like(theta)
        e[i] = h
        numerical[i] = (f(theta + e) - f(theta - e)) / (2 * h)
    return reference.relative_error(numerical, grad)


@gradient_check.alternative
def in_place_and_back(f, theta, grad, h=1e-5):
    here = np.array(theta, dtype=float)
    numerical = np.zeros(here.shape)
    for i in np.ndindex(here.shape):
        kept = here[i]
        here[i] = kept + h
        up = f(here)
        here[i] = kept - h
        down = f(here)
        here[i] = kept
        numerical[i] = (up - down) / (2 * h)
    return reference.relative_error(numerical, grad)


@gradient_check.alternative
def rows_of_the_identity(f, theta, grad, h=1e-5):
    steps = h * np.eye(theta.size).reshape(-1, *theta.shape)
    slopes = [(f(theta + step) - f(theta - step)) / (2 * h) for step in steps]
    return reference.relative_error(np.array(slopes).reshape(theta.shape), grad)


# -- sgd_epoch ---------------------------------------------------------------------------------

sgd_epoch = Exercise(reference.sgd_epoch, points=3, see="def-step", returns="weights, biases")
sgd_epoch.hints(
    "Every example must be used once, in random order. Which call of rng gives such an order?",
    "Cut `order = rng.permutation(len(X))` into slices of batch_size. For each slice: the gradient "
    "of that batch at the current weights, then one step downhill. Make new lists; do not write "
    "into the old ones.",
    "`for start in range(0, len(X), batch_size)`: batch = order[start : start + batch_size]; "
    "dWs, dbs = backpropagate(X[batch], Y[batch], weights, biases); "
    "weights = [W − lr * dW for W, dW in zip(weights, dWs)], and the biases likewise.",
)


def epoch(X, Y, weights, biases, batches, lr):
    """One step for each (rows of X, rows of Y) in batches."""
    for rows, targets in batches:
        dWs, dbs = reference.backpropagate(X[rows], Y[targets], weights, biases)
        weights = [W - lr * dW for W, dW in zip(weights, dWs, strict=True)]
        biases = [b - lr * db for b, db in zip(biases, dbs, strict=True)]
    return weights, biases


def slices(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def same_rows(batches):
    return [(batch, batch) for batch in batches]


@sgd_epoch.cases
def _(rng):
    def inputs(n, sizes, batch_size, lr, dtype=np.float64):
        weights, biases = network(rng, sizes)
        return dict(
            X=rng.normal(size=(n, sizes[0])).astype(dtype),
            Y=rng.uniform(size=(n, sizes[-1])).astype(dtype),
            weights=[W.astype(dtype) for W in weights],
            biases=[b.astype(dtype) for b in biases],
            batch_size=batch_size,
            lr=lr,
            rng=Seed(int(rng.integers(1000))),
        )

    yield "a last batch that is smaller", inputs(11, [5, 4, 3], 4, 0.7)
    yield "batches that fit exactly", inputs(12, [4, 3, 2], 3, 0.9)
    yield "one batch of everything", inputs(7, [3, 4, 2], 7, 0.5)
    yield "a batch size larger than the data", inputs(5, [3, 2], 8, 0.8)
    yield "one example a batch", inputs(6, [2, 5, 3], 1, 0.6)
    yield "float32 inputs", inputs(9, [4, 2, 3], 2, 0.4, np.float32)


@sgd_epoch.torch
def _(torch, X, Y, weights, biases, batch_size, lr, rng):
    leaves = [leaf.requires_grad_() for leaf in [*weights, *biases]]
    optimizer = torch.optim.SGD(leaves, lr=lr)
    for batch in torch.from_numpy(rng.permutation(len(X))).split(batch_size):
        A = X[batch]
        for W, b in zip(weights, biases, strict=True):
            A = torch.sigmoid(torch.nn.functional.linear(A, W, b))
        optimizer.zero_grad()
        (((A - Y[batch]) ** 2).sum() / (2 * len(batch))).backward()
        optimizer.step()
    return weights, biases


@sgd_epoch.mistake(
    "When batch_size does not divide N, a smaller batch is left at the end; its examples count too, "
    "so let `range(0, N, batch_size)` reach the end."
)
def last_batch_dropped(X, Y, weights, biases, batch_size, lr, rng):
    whole = [b for b in slices(rng.permutation(len(X)), batch_size) if len(b) == batch_size]
    return epoch(X, Y, weights, biases, same_rows(whole), lr)


@sgd_epoch.mistake(
    "Every step uses the same first batch: move the slice on, order[start : start + batch_size]."
)
def same_batch_each_time(X, Y, weights, biases, batch_size, lr, rng):
    batches = slices(rng.permutation(len(X)), batch_size)
    return epoch(X, Y, weights, biases, same_rows([batches[0]] * len(batches)), lr)


@sgd_epoch.mistake(
    "The examples keep the order of the file: draw `rng.permutation(len(X))` once and cut that into "
    "batches."
)
def not_shuffled(X, Y, weights, biases, batch_size, lr, rng):
    return epoch(X, Y, weights, biases, same_rows(slices(np.arange(len(X)), batch_size)), lr)


@sgd_epoch.mistake(
    "X and Y are shuffled apart, so every image gets another's label: index both with the same "
    "batch of one permutation."
)
def inputs_and_targets_shuffled_apart(X, Y, weights, biases, batch_size, lr, rng):
    batches = slices(rng.permutation(len(X)), batch_size)
    others = slices(rng.permutation(len(X)), batch_size)
    return epoch(X, Y, weights, biases, list(zip(batches, others, strict=True)), lr)


@sgd_epoch.mistake(
    "You draw a new permutation for every batch, so some examples come twice and others never: draw "
    "one permutation an epoch and cut it."
)
def new_permutation_for_every_batch(X, Y, weights, biases, batch_size, lr, rng):
    batches = [rng.permutation(len(X))[: len(b)] for b in slices(np.arange(len(X)), batch_size)]
    return epoch(X, Y, weights, biases, same_rows(batches), lr)


@sgd_epoch.mistake(
    "The step goes uphill: the gradient points to where the cost rises, so subtract lr times it."
)
def uphill(X, Y, weights, biases, batch_size, lr, rng):
    batches = slices(rng.permutation(len(X)), batch_size)
    return epoch(X, Y, weights, biases, same_rows(batches), -lr)


@sgd_epoch.mistake(
    "You divide by the batch size once more: `backpropagate` returns the gradient of the mean cost, "
    "so the step is lr times it."
)
def averaged_twice(X, Y, weights, biases, batch_size, lr, rng):
    for batch in slices(rng.permutation(len(X)), batch_size):
        weights, biases = epoch(X, Y, weights, biases, [(batch, batch)], lr / len(batch))
    return weights, biases


@sgd_epoch.mistake(
    "All gradients are taken at the weights the epoch began with. Each batch has to see the weights "
    "that the batch before it left: take the step inside the loop."
)
def gradients_at_the_old_weights(X, Y, weights, biases, batch_size, lr, rng):
    new_weights, new_biases = list(weights), list(biases)
    for batch in slices(rng.permutation(len(X)), batch_size):
        dWs, dbs = reference.backpropagate(X[batch], Y[batch], weights, biases)
        new_weights = [W - lr * dW for W, dW in zip(new_weights, dWs, strict=True)]
        new_biases = [b - lr * db for b, db in zip(new_biases, dbs, strict=True)]
    return new_weights, new_biases


@sgd_epoch.mistake("Only the weights move: the biases need their step too, b ← b − lr ∂C/∂b.")
def biases_not_updated(X, Y, weights, biases, batch_size, lr, rng):
    for batch in slices(rng.permutation(len(X)), batch_size):
        weights, _ = epoch(X, Y, weights, biases, [(batch, batch)], lr)
    return weights, biases


@sgd_epoch.mistake(
    "The numbers are right, but `-=` writes into the caller's arrays, who then cannot compare before "
    "and after: make new ones, W = W − lr * dW."
)
def written_into_the_callers_arrays(X, Y, weights, biases, batch_size, lr, rng):
    for batch in slices(rng.permutation(len(X)), batch_size):
        dWs, dbs = reference.backpropagate(X[batch], Y[batch], weights, biases)
        for parameter, gradient in zip([*weights, *biases], [*dWs, *dbs], strict=True):
            parameter -= lr * gradient
    return weights, biases


@sgd_epoch.alternative
def on_copies(X, Y, weights, biases, batch_size, lr, rng):
    weights, biases = [W.copy() for W in weights], [b.copy() for b in biases]
    order = rng.permutation(len(X))
    while len(order):
        batch, order = order[:batch_size], order[batch_size:]
        dWs, dbs = reference.backpropagate(X[batch], Y[batch], weights, biases)
        for l in range(len(weights)):
            weights[l] -= lr * dWs[l]
            biases[l] -= lr * dbs[l]
    return weights, biases


@sgd_epoch.alternative
def shuffled_copies_of_the_data(X, Y, weights, biases, batch_size, lr, rng):
    order = rng.permutation(len(X))
    X, Y = X[order], Y[order]
    batches = slices(np.arange(len(X)), batch_size)
    return epoch(X, Y, weights, biases, same_rows(batches), lr)
