"""What an answer in the chapter on energy must satisfy, and the mistakes people make.

Random answers are judged by their law, on so many chains that chance alone moves the numbers compared
by less than a fifth of what is allowed.
"""

import itertools

import numpy as np
from scipy import special

from autograder.exercise import Exercise, Seed
from solutions import energy as reference

F32 = np.float32


def signs(rng, *shape, dtype=float):
    """Spins: −1 or 1 with equal chances."""
    return rng.choice([-1.0, 1.0], size=shape).astype(dtype)


def couplings(rng, n, dtype=float):
    """Random symmetric weights with diagonal 0; no field is 0."""
    A = rng.normal(size=(n, n)).astype(dtype)
    W = A + A.T
    np.fill_diagonal(W, 0)
    return W


def stored(rng, patterns, n):
    """Weights that remember random patterns, and a state with a few signs of one pattern turned."""
    X = signs(rng, patterns, n)
    s = X[0].copy()
    s[rng.choice(n, size=n // 8, replace=False)] *= -1
    return reference.hebbian_weights(X), s


# -- hebbian_weights ---------------------------------------------------------------------------

hebbian_weights = Exercise(reference.hebbian_weights, points=2, see="def-hebb", returns="W")
hebbian_weights.hints(
    "Units that agree in a pattern pull towards each other. For units i and j, what is the sum over "
    "patterns of the product of their signs, as an entry of a product of two matrices?",
    "The entry (i, j) of `patterns.T @ patterns` sums over the patterns. Divide by the number of "
    "units, which is `patterns.shape[1]`.",
    "`W = patterns.T @ patterns / patterns.shape[1]`, then `np.fill_diagonal(W, 0)`, then `return W`.",
)


@hebbian_weights.cases
def _(rng):
    yield "a few patterns", dict(patterns=signs(rng, 3, 7))
    yield "a single pattern", dict(patterns=signs(rng, 1, 5))
    yield "more patterns than units", dict(patterns=signs(rng, 6, 4))
    mostly = np.where(rng.random((4, 9)) < 0.8, 1.0, -1.0)
    yield "patterns that are mostly 1", dict(patterns=mostly)
    yield "a transposed (non-contiguous) array", dict(patterns=signs(rng, 8, 5).T)
    yield "float32 patterns", dict(patterns=signs(rng, 5, 11, dtype=F32))


@hebbian_weights.torch
def _(torch, patterns):
    W = torch.einsum("pi,pj->ij", patterns, patterns) / patterns.shape[1]
    return W - torch.diag(torch.diag(W))


@hebbian_weights.mistake(
    "The diagonal is left in: w_ii = P/N. A unit that listens to itself holds on to its own value, so "
    "Hopfield sets the diagonal to 0: `np.fill_diagonal(W, 0)`."
)
def units_that_listen_to_themselves(patterns):
    return patterns.T @ patterns / patterns.shape[1]


@hebbian_weights.mistake(
    "The sum over patterns is not divided by N, the number of units. Then the fields grow with the "
    "network instead of staying near 1."
)
def not_divided(patterns):
    return reference.hebbian_weights(patterns) * patterns.shape[1]


@hebbian_weights.mistake(
    "You divide by P, the number of patterns; the rule divides by N, the number of units: "
    "`patterns.shape[1]`."
)
def divided_by_the_number_of_patterns(patterns):
    P, N = patterns.shape
    return reference.hebbian_weights(patterns) * (N / P)


@hebbian_weights.mistake(
    "`patterns @ patterns.T` compares patterns with patterns and has the shape (P, P). Weights join "
    "units: `patterns.T @ patterns`, (N, N)."
)
def patterns_compared_with_patterns(patterns):
    W = patterns @ patterns.T / patterns.shape[1]
    np.fill_diagonal(W, 0)
    return W


@hebbian_weights.mistake(
    "Every pattern overwrites the one before it, so that the network remembers only the last. Add "
    "what each pattern asks for: `+=`, or one product of matrices."
)
def only_the_last_pattern(patterns):
    return reference.hebbian_weights(patterns[-1:])


@hebbian_weights.mistake(
    "You subtract the mean of each unit first, which gives a covariance. Hebb's rule multiplies the "
    "signs as they are."
)
def mean_subtracted(patterns):
    return reference.hebbian_weights(patterns - patterns.mean(axis=0))


@hebbian_weights.mistake(
    "The sign is turned: units that agree should pull towards each other, so their weight is positive."
)
def sign_turned(patterns):
    return -reference.hebbian_weights(patterns)


@hebbian_weights.alternative
def sum_of_outer_products(patterns):
    W = sum(np.outer(x, x) for x in patterns) / patterns.shape[1]
    return W * (1 - np.eye(len(W), dtype=W.dtype))


@hebbian_weights.alternative
def diagonal_subtracted(patterns):
    P, N = patterns.shape
    return (patterns.T @ patterns - P * np.eye(N, dtype=patterns.dtype)) / N


@hebbian_weights.loop
def _(patterns):
    N = patterns.shape[1]
    W = np.zeros((N, N), dtype=patterns.dtype)
    for i, j in itertools.permutations(range(N), 2):
        for x in patterns:
            W[i, j] += x[i] * x[j] / N
    return W


@hebbian_weights.benchmark
def _(rng):
    return dict(patterns=signs(rng, 50, 250))


# -- hopfield_energy ---------------------------------------------------------------------------

hopfield_energy = Exercise(
    reference.hopfield_energy, points=2, see="def-hopfield-energy", returns="E"
)
hopfield_energy.hints(
    "For one state the double sum is sᵀ W s. For many states, one a row, which sum is left over once "
    "`s @ W` is known?",
    "`s @ W * s` holds, for every state, the terms of its double sum already added up over one index. "
    "Sum it over the last axis.",
    "`return -np.sum(s @ W * s, axis=-1) / 2`.",
)


@hopfield_energy.cases
def _(rng):
    yield "one state", dict(W=couplings(rng, 7), s=signs(rng, 7))
    yield "many states", dict(W=couplings(rng, 5), s=signs(rng, 4, 5))
    yield "as many states as units", dict(W=couplings(rng, 6), s=signs(rng, 6, 6))
    W, s = stored(rng, 3, 24)
    yield "a corrupted memory", dict(W=W, s=s)
    yield "a block of states", dict(W=couplings(rng, 4), s=signs(rng, 2, 3, 4))
    yield "a single unit", dict(W=np.zeros((1, 1)), s=signs(rng, 1))
    yield "huge weights", dict(W=1e150 * couplings(rng, 5), s=signs(rng, 3, 5))
    yield "float32 states", dict(W=couplings(rng, 9, F32), s=signs(rng, 8, 9, dtype=F32))


@hopfield_energy.torch
def _(torch, W, s):
    return -0.5 * torch.einsum("...i,ij,...j->...", s, W, s)


@hopfield_energy.mistake(
    "The ½ is missing. The double sum meets every pair of units twice, as (i, j) and as (j, i)."
)
def half_forgotten(W, s):
    return -np.sum(s @ W * s, axis=-1)


@hopfield_energy.mistake(
    "The sign is turned: states that agree with the weights lie low, so a minus stands before the sum."
)
def sign_turned(W, s):
    return np.sum(s @ W * s, axis=-1) / 2


@hopfield_energy.mistake(
    "You take each pair once, i < j, and halve it as well. The ½ is there because the sum over all i "
    "and j meets every pair twice: do one or the other."
)
def halved_twice(W, s):
    return -np.sum(s @ np.triu(W) * s, axis=-1) / 2


@hopfield_energy.mistake(
    "That is −½ Σ_i h_i, the sum of the fields. Each field has still to be multiplied by its own s_i."
)
def fields_summed(W, s):
    return -np.sum(s @ W, axis=-1) / 2


@hopfield_energy.mistake(
    "`s @ W @ s.T` also pairs every state with every other one. Only each with itself is asked for: "
    "multiply by s entry by entry and sum over the last axis."
)
def every_state_with_every_other(W, s):
    return -(s @ W @ np.swapaxes(s, -1, -2)) / 2 if s.ndim > 1 else -(s @ W @ s) / 2


@hopfield_energy.mistake(
    "All states are added up into one number. Each state has its own energy: sum over the last axis "
    "only."
)
def one_number_for_all_states(W, s):
    return -np.sum(s @ W * s) / 2


@hopfield_energy.mistake(
    "You divide by the number of units. That is an energy per unit; the sum itself is asked for."
)
def energy_per_unit(W, s):
    return -np.mean(s @ W * s, axis=-1) / 2


@hopfield_energy.alternative
def by_einsum(W, s):
    return -np.einsum("...i,ij,...j->...", s, W, s) / 2


@hopfield_energy.alternative
def each_pair_once(W, s):
    return -((s @ np.triu(W, 1)) * s).sum(axis=-1)


@hopfield_energy.loop
def _(W, s):
    E = np.zeros(s.shape[:-1], dtype=s.dtype)
    for i, j in np.ndindex(W.shape):
        E = E - W[i, j] * s[..., i] * s[..., j] / 2
    return E


@hopfield_energy.benchmark
def _(rng):
    return dict(W=couplings(rng, 200), s=signs(rng, 60, 200))


# -- hopfield_update ---------------------------------------------------------------------------

hopfield_update = Exercise(
    reference.hopfield_update, points=2, see="def-hopfield-update", returns="s"
)
hopfield_update.hints(
    "Which numbers does unit i look at? Which of the three cases, field positive, negative or 0, "
    "changes nothing?",
    "The field is `W[i] @ s`. The unit flips exactly where field and s_i have opposite signs. Write "
    "into a copy of s, or the caller's state changes too.",
    "`field = W[i] @ s`, `s = s.copy()`, `if field * s[i] < 0: s[i] = -s[i]`, `return s`.",
)


def undecided(first):
    """Unit 0 hears two voices of equal weight that contradict each other."""
    W = np.zeros((5, 5))
    W[0, 1:3] = W[1:3, 0] = 0.75
    W[3, 4] = W[4, 3] = -1.5
    return W, np.array([first, 1.0, -1.0, 1.0, 1.0])


@hopfield_update.cases
def _(rng):
    W, s = couplings(rng, 8), signs(rng, 8)
    against = int(np.argmin((W @ s) * s))
    along = int(np.argmax((W @ s) * s))
    s[along] *= 1 if (W @ s)[along] * s[along] > 0 else -1
    yield "a unit that goes with its field", dict(W=W, s=s, i=along)
    s = s.copy()
    s[against] *= -1 if (W @ s)[against] * s[against] > 0 else 1
    yield "a unit that goes against its field", dict(W=W, s=s, i=against)
    for first in (1.0, -1.0):
        W, s = undecided(first)
        yield f"a field of 0 at a unit of {first:.0f}", dict(W=W, s=s, i=0)
    W, s = stored(rng, 2, 16)
    yield "a corrupted memory", dict(W=W, s=s, i=int(rng.integers(16)))
    W = couplings(rng, 6)
    s = -np.sign(W @ signs(rng, 6))
    yield "the last unit", dict(W=W, s=s, i=5)
    W = couplings(rng, 9, F32)
    yield "float32 states", dict(W=W, s=signs(rng, 9, dtype=F32), i=int(rng.integers(9)))


@hopfield_update.torch
def _(torch, W, s, i):
    after = s.clone()
    after[i] = torch.sign(
        torch.dot(W[i], s) + 1e-12 * s[i]
    )  # a breath decides where the field is 0
    return after


def with_unit(s, i, value):
    s = s.copy()
    s[i] = value
    return s


@hopfield_update.mistake(
    "`np.sign` of a field of 0 is 0, which is no state of a unit. Where the field is 0, the unit keeps "
    "its value."
)
def zero_where_the_field_is_zero(W, s, i):
    return with_unit(s, i, np.sign(W[i] @ s))


@hopfield_update.mistake(
    "A field of 0 makes your unit 1. It should keep its value, so that a flip always lowers the "
    "energy and recall comes to rest."
)
def one_where_the_field_is_zero(W, s, i):
    return with_unit(s, i, 1.0 if W[i] @ s >= 0 else -1.0)


@hopfield_update.mistake(
    "A field of 0 makes your unit −1. It should keep its value, so that a flip always lowers the "
    "energy and recall comes to rest."
)
def minus_one_where_the_field_is_zero(W, s, i):
    return with_unit(s, i, 1.0 if W[i] @ s > 0 else -1.0)


@hopfield_update.mistake(
    "The unit turns against its field, so that the energy rises: s_i takes the sign of h_i."
)
def against_the_field(W, s, i):
    field = W[i] @ s
    return with_unit(s, i, -np.sign(field) if field else s[i])


@hopfield_update.mistake(
    "All units are updated at once. Only unit i may change; the proof that the energy falls needs "
    "the others to stand still."
)
def all_units_at_once(W, s, i):
    field = W @ s
    return np.where(field == 0, s, np.sign(field)).astype(s.dtype)


@hopfield_update.mistake(
    "The field itself is written into the state. A unit is −1 or 1: take the sign of its field."
)
def field_for_its_sign(W, s, i):
    field = W[i] @ s
    return with_unit(s, i, field if field else s[i])


@hopfield_update.mistake("The new value of the unit comes back; the whole state is asked for.")
def only_the_unit(W, s, i):
    return reference.hopfield_update(W, s, i)[i]


@hopfield_update.mistake("The unit flips whatever its field says: ask whether their signs differ.")
def always_flipped(W, s, i):
    return with_unit(s, i, -s[i])


@hopfield_update.alternative
def by_the_sign(W, s, i):
    after = s.copy()
    after[i] = np.sign(W[i] @ s) or s[i]
    return after


@hopfield_update.alternative
def by_comparing_energies(W, s, i):
    turned = with_unit(s, i, -s[i])
    falls = reference.hopfield_energy(W, turned) < reference.hopfield_energy(W, s)
    return turned if falls else s.copy()


@hopfield_update.loop
def _(W, s, i):
    field = 0.0
    for j in range(len(s)):
        field += W[i, j] * s[j]
    new = [
        1.0 if field > 0 else -1.0 if field < 0 else s[i] if j == i else 0 for j in range(len(s))
    ]
    return np.array([new[j] if j == i else s[j] for j in range(len(s))], dtype=s.dtype)


# -- hopfield_recall ---------------------------------------------------------------------------

hopfield_recall = Exercise(
    reference.hopfield_recall, points=3, see="eq-incremental-field", returns="s"
)
hopfield_recall.hints(
    "Begin with `hopfield_update` for every i in order, each on the state that the one before left. "
    "That is right. What of its work is done again and again?",
    "Keep the fields `W @ s` of all units. When unit i flips, s_i changes by twice its new value; by "
    "how much does every field change?",
    "In the loop: `if field[i] * s[i] < 0: s[i] = -s[i]; field += 2 * s[i] * W[i]`, on a copy of s.",
)


@hopfield_recall.cases
def _(rng):
    yield (
        "one sweep in random order",
        dict(W=couplings(rng, 40), s=signs(rng, 40), order=rng.permutation(40)),
    )
    yield (
        "units that come again or never",
        dict(W=couplings(rng, 30), s=signs(rng, 30), order=rng.integers(0, 30, size=45)),
    )
    yield (
        "half a sweep",
        dict(W=couplings(rng, 50), s=signs(rng, 50), order=rng.permutation(50)[:25]),
    )
    W, s = stored(rng, 2, 64)
    yield "a corrupted memory", dict(W=W, s=s, order=rng.permutation(64))
    for first in (1.0, -1.0):
        W, s = undecided(first)
        yield f"a field of 0 at a unit of {first:.0f}", dict(W=W, s=s, order=np.array([0, 4]))
    yield (
        "an empty order",
        dict(W=couplings(rng, 6), s=signs(rng, 6), order=np.array([], dtype=int)),
    )
    yield (
        "float32 states",
        dict(W=couplings(rng, 35, F32), s=signs(rng, 35, dtype=F32), order=rng.permutation(35)),
    )


@hopfield_recall.torch
def _(torch, W, s, order):
    s = s.clone()
    for i in order.tolist():
        s[i] = torch.sign(torch.dot(W[i], s) + 1e-12 * s[i])
    return s


def visited(W, s, order, change):
    """Recall with a field that is kept up to date in another way: `change(s, field, i)`."""
    s, field = s.copy(), W @ s
    for i in order:
        if field[i] * s[i] < 0:
            s[i] = -s[i]
            field = field + change(s, i)
    return s


@hopfield_recall.mistake(
    "The fields are those of the state you began with. Every unit must see the flips before it: after "
    "a flip, the fields change by 2 s_i times column i of W."
)
def fields_of_the_first_state(W, s, order):
    return visited(W, s, order, lambda s, i: 0)


@hopfield_recall.mistake(
    "When s_i flips it changes by 2 s_i, from −1 to 1 or back. Your fields change by half of that."
)
def factor_two_forgotten(W, s, order):
    return visited(W, s, order, lambda s, i: s[i] * W[i])


@hopfield_recall.mistake(
    "The fields move the wrong way: after the flip they change by + 2 s_i w_ji, with the new s_i."
)
def change_with_the_old_sign(W, s, order):
    return visited(W, s, order, lambda s, i: -2 * s[i] * W[i])


@hopfield_recall.mistake(
    "Your units are visited from 0 to N − 1. Take them in the order given: `for i in order`."
)
def order_not_used(W, s, order):
    return reference.hopfield_recall(W, s, np.arange(len(s)))


@hopfield_recall.mistake(
    "You go on until nothing changes any more. Here recall ends when the order ends, so that the "
    "caller can watch it on the way."
)
def until_nothing_changes(W, s, order):
    while not np.array_equal(s, after := reference.hopfield_recall(W, s, order)):
        s = after
    return s.copy()


@hopfield_recall.mistake(
    "A field of 0 sets your unit to 0 or to 1. It should keep its value: flip where the field times "
    "s_i is below 0, and leave all else."
)
def a_field_of_zero_decides(W, s, order):
    s = s.copy()
    for i in order:
        s[i] = 1.0 if W[i] @ s >= 0 else -1.0
    return s


@hopfield_recall.mistake(
    "Your units turn against their fields, so that the energy rises: flip where field and s_i have "
    "opposite signs."
)
def uphill(W, s, order):
    return reference.hopfield_recall(-W, s, order)


@hopfield_recall.mistake(
    "You stop at the first unit that need not flip. Others after it may have to: go through the whole "
    "order."
)
def stops_at_the_first_that_stays(W, s, order):
    for i in order:
        after = reference.hopfield_update(W, s, i)
        if np.array_equal(after, s):
            break
        s = after
    return s.copy()


@hopfield_recall.alternative
def update_by_update(W, s, order):
    for i in order:
        s = reference.hopfield_update(W, s, i)
    return s.copy()


@hopfield_recall.alternative
def from_flip_to_flip(W, s, order):
    s, field, left = s.copy(), W @ s, np.asarray(order)
    while (wrong := field[left] * s[left] < 0).any():
        here = wrong.argmax()
        i, left = left[here], left[here + 1 :]
        s[i] *= -1
        field += 2 * s[i] * W[:, i]
    return s


@hopfield_recall.loop
def _(W, s, order):
    s = s.copy()
    for i in order:
        field = 0.0
        for j in range(len(s)):
            field += W[i, j] * s[j]
        if field > 0:
            s[i] = 1
        elif field < 0:
            s[i] = -1
    return s


@hopfield_recall.benchmark
def _(rng):
    W, s = stored(rng, 20, 256)
    return dict(W=W, s=s, order=rng.permutation(256))


# -- ising_energy ------------------------------------------------------------------------------

ising_energy = Exercise(reference.ising_energy, points=2, see="def-ising-energy", returns="E")
ising_energy.hints(
    "Every spin has four neighbours. If each spin looks at all four, how often is a pair counted?",
    "Let every spin look only at its left and its upper neighbour: then each pair is counted once. "
    "`np.roll` brings them to its place, also across the edge.",
    "`neighbours = np.roll(spins, 1, axis=-1) + np.roll(spins, 1, axis=-2)`, then "
    "`return -np.sum((J * neighbours + h) * spins, axis=(-2, -1))`.",
)


@ising_energy.cases
def _(rng):
    yield "a small lattice", dict(spins=signs(rng, 3, 4), J=0.75, h=0.25)
    yield "neighbours that repel", dict(spins=signs(rng, 5, 3), J=-1.25, h=0.5)
    yield "all spins up", dict(spins=np.ones((4, 6)), J=1.25, h=-0.625)
    yield (
        "a field that differs from place to place",
        dict(spins=signs(rng, 4, 5), J=0.9, h=rng.normal(size=(4, 5))),
    )
    yield "many lattices", dict(spins=signs(rng, 7, 3, 5), J=1.75, h=0.25)
    yield "a transposed (non-contiguous) lattice", dict(spins=signs(rng, 6, 4).T, J=0.375, h=1.75)
    yield "float32 spins", dict(spins=signs(rng, 2, 6, 7, dtype=F32), J=0.75, h=0.5)


@ising_energy.oracle
def _(spins, J, h):
    *lead, R, C = spins.shape
    neighbours = np.zeros((R, C, R, C))
    for r, c in np.ndindex(R, C):
        neighbours[r, c, (r + 1) % R, c] = neighbours[r, c, r, (c + 1) % C] = 1
    A = neighbours.reshape(R * C, R * C)
    s = spins.reshape(*lead, R * C).astype(float)
    field = np.broadcast_to(h, (R, C)).reshape(-1)
    return (-J * np.einsum("...i,ij,...j->...", s, A, s) - s @ field).astype(spins.dtype)


def shifted(spins, *moves):
    """The sum of the neighbours that lie so many rows and columns away."""
    return sum(np.roll(spins, move, axis=(-2, -1)) for move in moves)


def lattice_energy(spins, J, h, neighbours):
    return -np.sum((J * neighbours + h) * spins, axis=(-2, -1))


@ising_energy.mistake(
    "Every pair is counted twice, once from each side. Look to the left and up only, or halve the sum "
    "over all four neighbours."
)
def every_pair_twice(spins, J, h):
    around = shifted(spins, (0, 1), (0, -1), (1, 0), (-1, 0))
    return lattice_energy(spins, J, h, around)


@ising_energy.mistake(
    "The edges are left open: opposite edges are neighbours here, which `np.roll` gives by itself."
)
def open_edges(spins, J, h):
    pairs = (spins[..., 1:, :] * spins[..., :-1, :]).sum(axis=(-2, -1))
    pairs = pairs + (spins[..., :, 1:] * spins[..., :, :-1]).sum(axis=(-2, -1))
    return -J * pairs - (h * spins).sum(axis=(-2, -1))


@ising_energy.mistake(
    "The sign before J is turned: with J > 0, neighbours that agree lower the energy."
)
def coupling_with_the_wrong_sign(spins, J, h):
    return reference.ising_energy(spins, -J, h)


@ising_energy.mistake("The sign before h is turned: a spin along its field lowers the energy.")
def field_with_the_wrong_sign(spins, J, h):
    return reference.ising_energy(spins, J, -h)


@ising_energy.mistake("The field is missing: subtract the sum of h s over all spins.")
def field_forgotten(spins, J, h):
    return reference.ising_energy(spins, J, 0.0)


@ising_energy.mistake(
    "Only neighbours in the same row are counted. A spin has neighbours above and below it too."
)
def rows_only(spins, J, h):
    return lattice_energy(spins, J, h, shifted(spins, (0, 1)))


@ising_energy.mistake(
    "Your neighbours are the diagonal ones: `np.roll` with both axes at once goes one row down and one "
    "column along. Roll along one axis at a time and add."
)
def diagonal_neighbours(spins, J, h):
    return lattice_energy(spins, J, h, shifted(spins, (1, 1)))


@ising_energy.mistake("You take the mean over the lattice; its energy is the sum.")
def energy_per_spin(spins, J, h):
    return reference.ising_energy(spins, J, h) / spins[..., :, :].shape[-1] / spins.shape[-2]


@ising_energy.alternative
def half_of_all_four(spins, J, h):
    around = shifted(spins, (0, 1), (0, -1), (1, 0), (-1, 0))
    return -(J / 2 * around * spins).sum(axis=(-2, -1)) - (h * spins).sum(axis=(-2, -1))


@ising_energy.alternative
def right_and_below(spins, J, h):
    pairs = spins * np.roll(spins, -1, axis=-2) + spins * np.roll(spins, -1, axis=-1)
    return np.sum(-J * pairs - h * spins, axis=(-1, -2))


@ising_energy.loop
def _(spins, J, h):
    R, C = spins.shape[-2:]
    field = np.broadcast_to(h, (R, C)).astype(spins.dtype)
    E = np.zeros(spins.shape[:-2], dtype=spins.dtype)
    for r, c in np.ndindex(R, C):
        s = spins[..., r, c]
        E = E - J * s * spins[..., (r + 1) % R, c] - J * s * spins[..., r, (c + 1) % C]
        E = E - field[r, c] * s
    return E


@ising_energy.benchmark
def _(rng):
    return dict(spins=signs(rng, 20, 30, 31), J=1.0, h=0.1)


# -- the restricted Boltzmann machine ----------------------------------------------------------


def machine(rng, H, D, dtype=float, size=1.0):
    """Weights and biases of an RBM, none of them near 0."""
    shapes = dict(W=(H, D), b=(D,), c=(H,))
    return {
        name: (size * signs(rng, *shape) * rng.uniform(0.4, 1.6, size=shape)).astype(dtype)
        for name, shape in shapes.items()
    }


def bits(rng, *shape, dtype=float):
    """Units that are 0 or 1, with a 1 and a 0 among the first ones of a row."""
    v = rng.integers(0, 2, size=shape)
    v[..., 0], v[..., 1] = 1, 0
    return v.astype(dtype)


def driven_away(rng, v, H, size):
    """An RBM with large weights that takes its visible units to the opposite of the first row of v,
    and its first hidden unit from 1 to 0."""
    given = machine(rng, H, v.shape[1], size=size)
    way = 2 * v[0] - 1
    given["W"][0], given["b"], given["c"][0] = 2 * size * way, -20 * size * way, 0
    return given


def without(given, *names):
    return {name: value for name, value in given.items() if name not in names}


def all_bits(n):
    """All states of n units, one a row."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


def visible_inputs(rng, *left_out):
    """Cases with visible units at hand."""

    def inputs(H, D, *lead, dtype=float, size=1.0):
        given = dict(v=bits(rng, *lead, D, dtype=dtype)) | machine(rng, H, D, dtype, size)
        return without(given, *left_out)

    yield "a batch", inputs(3, 5, 4)
    yield "one example without a batch", inputs(4, 6)
    yield "a batch of one", inputs(2, 7, 1)
    yield "more hidden than visible units", inputs(8, 3, 5)
    large = inputs(5, 6, 4, size=1000)
    large["c"][:2] = 9000, -9000  # more than all weights together
    yield "weights as large as 1000", large
    turned = inputs(4, 6, 6)
    yield "a transposed (non-contiguous) batch", turned | dict(v=turned["v"].T)
    yield "float32 units", inputs(3, 8, 6, dtype=F32)


# -- rbm_hidden_probability --------------------------------------------------------------------

rbm_hidden_probability = Exercise(
    reference.rbm_hidden_probability, points=1, see="eq-rbm-hidden", returns="P"
)
rbm_hidden_probability.hints(
    "Once v is given, nothing joins the hidden units with each other. What is left of the energy that "
    "speaks of h_j?",
    "Every hidden unit is a neuron with a sigmoid: `v @ W.T + c` is what reaches it.",
    "`return sigmoid(v @ W.T + c)`.",
)
rbm_hidden_probability.cases(lambda rng: visible_inputs(rng, "b"))


@rbm_hidden_probability.torch
def _(torch, v, W, c):
    return torch.sigmoid(torch.nn.functional.linear(v, W, c))


@rbm_hidden_probability.oracle
def _(v, W, c):
    H = all_bits(len(c))
    weight = special.softmax((v @ W.T + c).astype(float) @ H.T, axis=-1)
    return (weight @ H).astype(v.dtype)


@rbm_hidden_probability.mistake("The hidden units' bias c is missing.")
def bias_forgotten(v, W, c):
    return special.expit(v @ W.T)


@rbm_hidden_probability.mistake(
    "The sigmoid is missing: what reaches a unit is no probability yet."
)
def sigmoid_forgotten(v, W, c):
    return v @ W.T + c


@rbm_hidden_probability.mistake(
    "Softmax makes the hidden units compete for one place. They are independent once v is given: a "
    "sigmoid for each."
)
def softmax_over_the_units(v, W, c):
    return special.softmax(v @ W.T + c, axis=-1)


@rbm_hidden_probability.mistake(
    "You return which units are likelier 1 than 0. The probabilities themselves are asked for."
)
def rounded_to_zero_or_one(v, W, c):
    return (v @ W.T + c > 0).astype(v.dtype)


@rbm_hidden_probability.mistake(
    "A bias enters with a plus: the energy contains −c·h, and the probability grows as the energy "
    "falls."
)
def bias_with_the_wrong_sign(v, W, c):
    return special.expit(v @ W.T - c)


@rbm_hidden_probability.mistake(
    "σ(2 z) belongs to units that are −1 or 1. Here they are 0 or 1, and the energies of the two "
    "values differ by z."
)
def sigmoid_of_the_double(v, W, c):
    return special.expit(2 * (v @ W.T + c))


@rbm_hidden_probability.mistake(
    "That is the probability of a 0. The energy of h_j = 1 is lower by z, so P(h_j = 1) is σ(z)."
)
def probability_of_a_zero(v, W, c):
    return special.expit(-(v @ W.T + c))


@rbm_hidden_probability.alternative
def by_tanh(v, W, c):
    return (1 + np.tanh((v @ W.T + c) / 2)) / 2


@rbm_hidden_probability.alternative
def by_scipy(v, W, c):
    return special.expit(np.einsum("hd,...d->...h", W, v) + c)


@rbm_hidden_probability.loop
def _(v, W, c):
    P = np.empty((*v.shape[:-1], len(c)), dtype=v.dtype)
    for j in range(len(c)):
        P[..., j] = special.expit((W[j] * v).sum(axis=-1) + c[j])
    return P


# -- rbm_free_energy ---------------------------------------------------------------------------

rbm_free_energy = Exercise(reference.rbm_free_energy, points=2, see="eq-free-energy", returns="F")
rbm_free_energy.hints(
    "The sum over all h of exp(−E) is a product over hidden units, since each enters E by itself. Which "
    "two terms does each factor have?",
    "Each factor is 1 + exp(z_j), for h_j = 0 and 1. Its logarithm is softplus(z_j).",
    "`return -v @ b - np.sum(softplus(v @ W.T + c), axis=-1)`.",
)
rbm_free_energy.cases(visible_inputs)


@rbm_free_energy.torch
def _(torch, v, W, b, c):
    z = v @ W.T + c
    return -(v @ b) - torch.logaddexp(z, torch.zeros_like(z)).sum(-1)


@rbm_free_energy.oracle
def _(v, W, b, c):
    H = all_bits(len(c))
    minus_E = (v @ b).astype(float)[..., None] + (v @ W.T + c).astype(float) @ H.T
    return (-special.logsumexp(minus_E, axis=-1)).astype(v.dtype)[()]


def soft(z):
    return np.logaddexp(z, 0)


@rbm_free_energy.mistake("The term of the visible biases is missing: −b·v.")
def visible_bias_forgotten(v, W, b, c):
    return -np.sum(soft(v @ W.T + c), axis=-1)


@rbm_free_energy.mistake("The hidden units' bias c is missing inside the softplus.")
def hidden_bias_forgotten(v, W, b, c):
    return -v @ b - np.sum(soft(v @ W.T), axis=-1)


@rbm_free_energy.mistake(
    "The sign is turned: that is the logarithm of the weight exp(−F), and F is minus it."
)
def sign_turned(v, W, b, c):
    return -reference.rbm_free_energy(v, W, b, c)


@rbm_free_energy.mistake(
    "You put the mean of h into the energy. The free energy sums exp(−E) over all h, and differs from "
    "that mean energy by the entropy of h."
)
def energy_of_the_mean(v, W, b, c):
    z = v @ W.T + c
    return -v @ b - np.sum(special.expit(z) * z, axis=-1)


@rbm_free_energy.mistake(
    "That is the energy with every hidden unit at 1. Sum over both values of each: softplus, not z."
)
def all_hidden_units_on(v, W, b, c):
    return -v @ b - np.sum(v @ W.T + c, axis=-1)


@rbm_free_energy.mistake(
    "exp(z) overflows for large z, and the logarithm of infinity is infinity. Use `softplus`, which "
    "takes the large part out first."
)
def overflows(v, W, b, c):
    return -v @ b - np.sum(np.log(1 + np.exp(v @ W.T + c)), axis=-1)


@rbm_free_energy.mistake(
    "All examples are added up into one number. Each v has its own free energy: sum over the last "
    "axis only."
)
def one_number_for_the_batch(v, W, b, c):
    return np.sum(reference.rbm_free_energy(v, W, b, c))


@rbm_free_energy.mistake(
    "You take the mean over hidden units. The logarithm of a product is a sum over them."
)
def mean_over_hidden_units(v, W, b, c):
    return -v @ b - np.mean(soft(v @ W.T + c), axis=-1)


@rbm_free_energy.alternative
def by_logaddexp(v, W, b, c):
    return -(np.logaddexp(0, v @ W.T + c).sum(axis=-1) + v @ b)


@rbm_free_energy.alternative
def with_the_large_part_taken_out(v, W, b, c):
    z = v @ W.T + c
    return -(v * b).sum(axis=-1) - (np.maximum(z, 0) + np.log1p(np.exp(-abs(z)))).sum(axis=-1)


@rbm_free_energy.loop
def _(v, W, b, c):
    F = -(v @ b)
    for j in range(len(c)):
        F = F - np.logaddexp(0, v @ W[j] + c[j])
    return F


@rbm_free_energy.benchmark
def _(rng):
    return dict(v=bits(rng, 200, 300)) | machine(rng, 120, 300, size=0.1)


# -- gibbs_step --------------------------------------------------------------------------------

CHAINS = 8000


def seed(rng):
    return Seed(int(rng.integers(1_000_000)))


def undecided_machine(rng, starts, H, dtype=float, size=1.0):
    """An RBM in which chance has much to say at the starts, and hidden units tie visible ones."""
    D = starts.shape[1]
    W = signs(rng, H, D) * rng.uniform(2.5, 4, size=(H, D))
    W[0, :2] = rng.uniform(3, 4, size=2)  # the first two visible units go together
    W *= size
    c = signs(rng, H) * rng.uniform(0.4, 0.8, size=H) - W @ starts.mean(axis=0)
    b = signs(rng, D) * rng.uniform(0.4, 0.8, size=D) - W.sum(axis=0) / 2
    return {name: array.astype(dtype) for name, array in dict(W=W, b=b, c=c).items()}


def two_starts(D):
    """Two states that differ in one unit: one chain in four starts at the first."""
    starts = np.zeros((2, D))
    starts[:, 0], starts[1, -1] = 1, 1
    return starts


def chains(rng, H, D, dtype=float, size=1.0):
    starts = two_starts(D)
    v = np.repeat(starts, [CHAINS // 4, CHAINS - CHAINS // 4], axis=0).astype(dtype)
    return dict(v=v) | undecided_machine(rng, starts, H, dtype, size) | dict(rng=seed(rng))


def tied_chains(rng):
    """Chains in which one hidden unit, as likely 0 as 1, turns two visible units on and off."""
    given = chains(rng, 3, 5, size=0.2)
    W, b, c = given["W"], given["b"], given["c"]
    W[0, 1:3] = rng.uniform(7, 9, size=2)
    b[1:3] = -W[0, 1:3] / 2
    c[0] = rng.uniform(-0.2, 0.2) - W[0, -1]  # most chains start with the last unit at 1
    return given


gibbs_step = Exercise(
    reference.gibbs_step, points=3, see="eq-rbm-visible", returns="v_new", rtol=0.12
)
gibbs_step.hints(
    "What is drawn first, and from which probabilities? And what does the second draw look at: the "
    "probabilities of h, or the h that was drawn?",
    "`rng.random(p.shape) < p` is True with probability p, one number for every entry. Downwards the "
    "weights are used from their other side: `h @ W + b`.",
    "`p = sigmoid(v @ W.T + c)`, `h = (rng.random(p.shape) < p).astype(v.dtype)`, then the same with "
    "`q = sigmoid(h @ W + b)`.",
)


@gibbs_step.cases
def _(rng):
    yield "many chains", chains(rng, 2, 3)
    yield "small weights", chains(rng, 6, 4, size=0.2)
    yield "visible units that hang together", tied_chains(rng)
    for n, label in ((5, "weights that leave nothing to chance"), (1, "a single chain")):
        v = bits(rng, n, 6)
        yield label, dict(v=v) | driven_away(rng, v, 3, 1000) | dict(rng=seed(rng))
    turned = tied_chains(rng)
    yield "a transposed (non-contiguous) batch", turned | dict(v=np.asfortranarray(turned["v"]))
    yield "float32 chains", chains(rng, 4, 3, F32)


@gibbs_step.law
def _(v_new, v, W, b, c, rng):
    u = np.asarray(v_new, dtype=float)
    first = (v == v[0]).all(axis=1)
    groups = [u[first], u[~first]]  # by where a chain starts
    return {
        "the share of its entries that are 0 or 1": np.mean((u == 0) | (u == 1)),
        "how often two visible units are 1 together, given where the chains start": np.stack(
            [group.T @ group / len(u) for group in groups]
        ),
        "how often a chain and the next one end alike": np.array(
            [1.0, np.sum((u[1:] == u[:-1]).all(axis=1)) / len(u)]
        ),
    }


@gibbs_step.oracle
def _(v, W, b, c, rng):
    """Joint draws from the exact law of h, state by state, then of v."""
    H = all_bits(len(c))
    odds = special.softmax((v @ W.T + c).astype(float) @ H.T, axis=-1)
    place = (odds.cumsum(axis=-1) < rng.random((len(v), 1))).sum(axis=-1)
    V = all_bits(len(b))
    odds = special.softmax((H[place] @ W + b) @ V.T, axis=-1)
    place = (odds.cumsum(axis=-1) < rng.random((len(v), 1))).sum(axis=-1)
    return V[place].astype(v.dtype)


def drawn(p, rng):
    return (rng.random(p.shape) < p).astype(p.dtype)


@gibbs_step.mistake(
    "The visible units see the probabilities of the hidden ones. They must see the h that was drawn: "
    "it is through it that they hang together."
)
def hidden_units_not_drawn(v, W, b, c, rng):
    return drawn(special.expit(special.expit(v @ W.T + c) @ W + b), rng)


@gibbs_step.mistake(
    "You return the probabilities of the visible units. A state of the chain is asked for: draw 0 or "
    "1 from them."
)
def visible_units_not_drawn(v, W, b, c, rng):
    return special.expit(drawn(special.expit(v @ W.T + c), rng) @ W + b)


@gibbs_step.mistake(
    "Units are set to whatever is likelier. That is no sampling: the chain stops at the first valley "
    "it meets. Draw each with its probability."
)
def likelier_value_taken(v, W, b, c, rng):
    h = (v @ W.T + c > 0).astype(v.dtype)
    return (h @ W + b > 0).astype(v.dtype)


@gibbs_step.mistake(
    "The comparison is turned round: `rng.random(p.shape) < p` is True with probability p, and yours "
    "with probability 1 − p."
)
def comparison_turned_round(v, W, b, c, rng):
    h = 1 - drawn(special.expit(v @ W.T + c), rng)
    return 1 - drawn(special.expit(h @ W + b), rng)


@gibbs_step.mistake("The visible units' bias b is missing on the way down.")
def visible_bias_forgotten(v, W, b, c, rng):
    return reference.gibbs_step(v, W, 0 * b, c, rng)


@gibbs_step.mistake("The hidden units' bias c is missing on the way up.")
def hidden_bias_forgotten(v, W, b, c, rng):
    return reference.gibbs_step(v, W, b, 0 * c, rng)


@gibbs_step.mistake(
    "The hidden units come back. One step goes up and down again: return the new visible units."
)
def hidden_units_returned(v, W, b, c, rng):
    return drawn(special.expit(v @ W.T + c), rng)


@gibbs_step.mistake(
    "One random number decides for all the units of a chain, so they hang together. Draw one for every "
    "unit: `rng.random(p.shape)`."
)
def one_number_for_all_units(v, W, b, c, rng):
    p = special.expit(v @ W.T + c)
    h = (rng.random((len(v), 1)) < p).astype(v.dtype)
    return (rng.random((len(v), 1)) < special.expit(h @ W + b)).astype(v.dtype)


@gibbs_step.mistake(
    "All chains share their random numbers, so that chains from one start never part. Draw for every "
    "entry: `rng.random(p.shape)`."
)
def one_row_for_all_chains(v, W, b, c, rng):
    p = special.expit(v @ W.T + c)
    h = (rng.random(p.shape[1]) < p).astype(v.dtype)
    return (rng.random(v.shape[1]) < special.expit(h @ W + b)).astype(v.dtype)


@gibbs_step.mistake("Your hidden units are −1 or 1. Those of this machine are 0 or 1.")
def hidden_units_of_minus_one(v, W, b, c, rng):
    h = 2 * drawn(special.expit(v @ W.T + c), rng) - 1
    return drawn(special.expit(h @ W + b), rng)


@gibbs_step.alternative
def by_binomial_draws(v, W, b, c, rng):
    h = rng.binomial(1, special.expit(v @ W.T + c))
    return rng.binomial(1, special.expit(h @ W + b)).astype(v.dtype)


@gibbs_step.alternative
def by_logistic_noise(v, W, b, c, rng):
    h = (v @ W.T + c + rng.logistic(size=(len(v), len(c))) > 0).astype(v.dtype)
    return (h @ W + b + rng.logistic(size=v.shape) > 0).astype(v.dtype)


@gibbs_step.alternative
def unit_by_unit(v, W, b, c, rng):
    on = [rng.random(len(v)) < special.expit(v @ w + one) for w, one in zip(W, c, strict=True)]
    h = np.stack(on, axis=1).astype(v.dtype)
    new = [rng.random(len(v)) < special.expit(h @ w + one) for w, one in zip(W.T, b, strict=True)]
    return np.stack(new, axis=1).astype(v.dtype)


# -- contrastive_divergence --------------------------------------------------------------------

contrastive_divergence = Exercise(
    reference.contrastive_divergence,
    points=3,
    see="eq-contrastive-divergence",
    returns="dW, db, dc",
    rtol=0.15,
)
contrastive_divergence.hints(
    "Which statistics of the data does the gradient hold, and whose statistics are subtracted when the "
    "model's own cannot be had?",
    "Start the chains at the data, go k steps with `gibbs_step`, and compare: the products of hidden "
    "probabilities and visible units before, minus those after, each a mean over the batch.",
    "After the loop: `p0, p = sigmoid(v0 @ W.T + c), sigmoid(v @ W.T + c)`, "
    "`dW = (p0.T @ v0 - p.T @ v) / len(v0)`; db and dc are means of `v0 - v` and `p0 - p`.",
)


@contrastive_divergence.cases
def _(rng):
    def inputs(H, D, k, dtype=float):
        starts = np.zeros((2, D))
        starts[0, :-1] = starts[1, -2:] = 1
        shares = [CHAINS * 5 // 8, CHAINS * 3 // 8]
        v0 = np.repeat(starts, shares, axis=0).astype(dtype)
        given = undecided_machine(rng, starts, H, dtype)
        given["b"] -= (2 * starts[0] - 1).astype(
            dtype
        )  # the model likes other states than the data's
        return dict(v0=v0) | given | dict(k=k, rng=seed(rng))

    yield "one step", inputs(2, 3, 1)
    yield "three steps", inputs(3, 4, 3)
    yield "more hidden than visible units", inputs(5, 3, 2)
    v0 = bits(rng, 6, 5)
    yield (
        "weights that leave nothing to chance",
        dict(v0=v0) | driven_away(rng, v0, 3, 1000) | dict(k=2, rng=seed(rng)),
    )
    turned = inputs(4, 3, 1)
    yield "a transposed (non-contiguous) batch", turned | dict(v0=np.asfortranarray(turned["v0"]))
    yield "float32 data", inputs(2, 4, 5, F32)


@contrastive_divergence.law
def _(result, v0, W, b, c, k, rng):
    names = ("the mean of dW", "the mean of db", "the mean of dc")
    scale = 0.3  # what the numbers are compared to at the least, so that chance does not decide
    return {
        name: np.append(np.asarray(part, dtype=float), scale)
        for name, part in zip(names, result, strict=True)
    }


@contrastive_divergence.oracle
def _(v0, W, b, c, k, rng):
    """The exact mean: the chances of every state after k steps, by a matrix of transitions."""
    V, H = all_bits(len(b)), all_bits(len(c))
    up = special.softmax((V @ W.T + c).astype(float) @ H.T, axis=-1)
    down = special.softmax((H @ W + b).astype(float) @ V.T, axis=-1)
    start = (v0[:, None] == V).all(axis=-1).mean(axis=0)
    end = start @ np.linalg.matrix_power(up @ down, k)
    P = special.expit((V @ W.T + c).astype(float))
    gap = start - end
    return tuple(part.astype(v0.dtype) for part in ((gap[:, None] * P).T @ V, gap @ V, gap @ P))


def after(v, W, b, c, k, rng):
    for _ in range(k):
        v = reference.gibbs_step(v, W, b, c, rng)
    return v


def compared(v0, v, p0, p):
    n = len(v0)
    return (p0.T @ v0 - p.T @ v) / n, (v0 - v).mean(axis=0), (p0 - p).mean(axis=0)


def up(v, W, c):
    return special.expit(v @ W.T + c)


@contrastive_divergence.mistake(
    "The sign is turned: this is the way to climb the likelihood, statistics of the data minus those "
    "of the model."
)
def model_minus_data(v0, W, b, c, k, rng):
    return tuple(-part for part in reference.contrastive_divergence(v0, W, b, c, k, rng))


@contrastive_divergence.mistake(
    "The sums over the batch are not divided by its size N: the means are asked for."
)
def not_averaged(v0, W, b, c, k, rng):
    parts = reference.contrastive_divergence(v0, W, b, c, k, rng)
    return tuple(len(v0) * part for part in parts)


@contrastive_divergence.mistake(
    "dW lies the wrong way round. It has the shape of W, (H, D): hidden probabilities first, "
    "`p.T @ v`."
)
def weights_transposed(v0, W, b, c, k, rng):
    dW, db, dc = reference.contrastive_divergence(v0, W, b, c, k, rng)
    return dW.T, db, dc


@contrastive_divergence.mistake("Your chains make one step whatever k is. Let them make k.")
def one_step_only(v0, W, b, c, k, rng):
    return reference.contrastive_divergence(v0, W, b, c, 1, rng)


@contrastive_divergence.mistake(
    "Nothing is drawn on the way: probabilities go up and down in place of states. The model's "
    "statistics come from samples, so draw both layers, as `gibbs_step` does."
)
def probabilities_in_place_of_samples(v0, W, b, c, k, rng):
    v = v0
    for _ in range(k):
        v = special.expit(up(v, W, c) @ W + b)
    return compared(v0, v, up(v0, W, c), up(v, W, c))


@contrastive_divergence.mistake(
    "The hidden probabilities of the data serve for both terms. After k steps the visible units are "
    "others, so compute the hidden probabilities anew from them."
)
def hidden_units_of_the_data_for_both(v0, W, b, c, k, rng):
    p0 = up(v0, W, c)
    return compared(v0, after(v0, W, b, c, k, rng), p0, p0)


@contrastive_divergence.mistake(
    "Your chains start from noise. Contrastive divergence starts them at the data, so that a few steps "
    "show where the model pulls the data to."
)
def started_from_noise(v0, W, b, c, k, rng):
    v = (rng.random(v0.shape) < 0.5).astype(v0.dtype)
    v = after(v, W, b, c, k, rng)
    return compared(v0, v, up(v0, W, c), up(v, W, c))


@contrastive_divergence.mistake(
    "Only the data's statistics are there. Without the model's, which are subtracted, the weights "
    "would grow for ever."
)
def model_statistics_forgotten(v0, W, b, c, k, rng):
    after(v0, W, b, c, k, rng)
    p0 = up(v0, W, c)
    return p0.T @ v0 / len(v0), v0.mean(axis=0), p0.mean(axis=0)


@contrastive_divergence.mistake(
    "For dW you multiply the means of p and v. The mean of their products is asked for: whether two "
    "units are on together shows in one example at a time."
)
def product_of_the_means(v0, W, b, c, k, rng):
    v = after(v0, W, b, c, k, rng)
    p0, p = up(v0, W, c), up(v, W, c)
    _, db, dc = compared(v0, v, p0, p)
    dW = np.outer(p0.mean(axis=0), v0.mean(axis=0)) - np.outer(p.mean(axis=0), v.mean(axis=0))
    return dW, db, dc


@contrastive_divergence.mistake(
    "The two biases are swapped: b belongs to the visible units and comes first, then c."
)
def biases_swapped(v0, W, b, c, k, rng):
    dW, db, dc = reference.contrastive_divergence(v0, W, b, c, k, rng)
    return dW, dc, db


@contrastive_divergence.alternative
def with_hidden_states_drawn(v0, W, b, c, k, rng):
    v = after(v0, W, b, c, k, rng)
    return compared(v0, v, up(v0, W, c), drawn(up(v, W, c), rng))


@contrastive_divergence.alternative
def by_einsum(v0, W, b, c, k, rng):
    v = v0
    for _ in range(k):
        h = rng.binomial(1, up(v, W, c)).astype(v.dtype)
        v = rng.binomial(1, special.expit(h @ W + b)).astype(v.dtype)
    data = np.einsum("nh,nd->hd", up(v0, W, c), v0)
    model = np.einsum("nh,nd->hd", up(v, W, c), v)
    dc = up(v0, W, c).mean(axis=0) - up(v, W, c).mean(axis=0)
    return (data - model) / len(v0), v0.mean(axis=0) - v.mean(axis=0), dc


# -- rbm_log_partition -------------------------------------------------------------------------

rbm_log_partition = Exercise(
    reference.rbm_log_partition, points=3, see="def-partition", returns="log_Z"
)
rbm_log_partition.hints(
    "How many states do the visible units have, and what does `rbm_free_energy` say of each?",
    "The bits of the numbers 0 … 2ᴰ − 1 are the states: `np.arange(2**D)[:, None] >> np.arange(D) & 1`. "
    "Then log Z is the `logsumexp` of −F.",
    "Where H < D, let the layers change places first: `W, b, c = W.T, c, b`. Then "
    "`return logsumexp(-rbm_free_energy(states, W, b, c))`.",
)


@rbm_log_partition.cases
def _(rng):
    yield "few hidden units", machine(rng, 2, 5)
    yield "few visible units", machine(rng, 6, 3)
    yield "few hidden units, many visible ones", machine(rng, 3, 12)
    yield "a single unit in each layer", machine(rng, 1, 1)
    yield "weights as large as 1000", machine(rng, 4, 7, size=1000)
    yield "float32 weights", machine(rng, 7, 4, F32)
    turned = machine(rng, 5, 4)
    yield "transposed (non-contiguous) weights", turned | dict(W=np.asfortranarray(turned["W"]))


@rbm_log_partition.oracle
def _(W, b, c):
    """Hidden state by hidden state or visible by visible, with exact logarithms of both values."""
    if len(b) > len(c):
        W, b, c = W.T, c, b
    W, b, c = (part.astype(float) for part in (W, b, c))
    terms = [
        float(np.dot(b, v) + np.logaddexp(0, W @ np.array(v) + c).sum())
        for v in itertools.product([0.0, 1.0], repeat=len(b))
    ]
    return special.logsumexp(terms)


@rbm_log_partition.torch
def _(torch, W, b, c):
    if len(c) < len(b):
        W, b, c = W.T, c, b
    states = torch.cartesian_prod(*[torch.tensor([0, 1], dtype=W.dtype)] * len(b))
    z = states.reshape(-1, len(b)) @ W.T + c
    minus_F = states.reshape(-1, len(b)) @ b + torch.logaddexp(z, torch.zeros_like(z)).sum(-1)
    return torch.logsumexp(minus_F, dim=0)


def by_free_energies(W, b, c, spoiled=lambda states, minus_F: special.logsumexp(minus_F)):
    """log Z from all states of the smaller layer; `spoiled` sums them in another way."""
    if len(c) < len(b):
        W, b, c = W.T, c, b
    states = all_bits(len(b)).astype(W.dtype)
    return W.dtype.type(spoiled(states, -reference.rbm_free_energy(states, W, b, c)))


@rbm_log_partition.mistake(
    "The sign of F is turned: the weight of a state is exp(−F), so low states weigh most."
)
def free_energy_with_the_wrong_sign(W, b, c):
    return by_free_energies(W, b, c, lambda states, minus_F: special.logsumexp(-minus_F))


@rbm_log_partition.mistake(
    "exp(−F) overflows where the weights are large. Take the largest out first: `logsumexp`."
)
def overflows(W, b, c):
    return by_free_energies(W, b, c, lambda states, minus_F: np.log(np.exp(minus_F).sum()))


@rbm_log_partition.mistake("Z itself comes back; its logarithm is asked for.")
def logarithm_forgotten(W, b, c):
    return by_free_energies(W, b, c, lambda states, minus_F: np.exp(minus_F).sum())


@rbm_log_partition.mistake(
    "The state in which all units are 0 is missing. It counts like any other: begin at 0."
)
def state_of_zeros_forgotten(W, b, c):
    return by_free_energies(
        W, b, c, lambda states, minus_F: special.logsumexp(minus_F[states.any(axis=1)])
    )


@rbm_log_partition.mistake("You take the mean over the states; Z is their sum.")
def mean_over_the_states(W, b, c):
    return by_free_energies(
        W, b, c, lambda states, minus_F: special.logsumexp(minus_F) - np.log(len(minus_F))
    )


@rbm_log_partition.mistake(
    "You take the largest term alone. In a sum over many states the others count too."
)
def largest_term_alone(W, b, c):
    return by_free_energies(W, b, c, lambda states, minus_F: minus_F.max())


@rbm_log_partition.mistake("Your units are −1 or 1. Those of this machine are 0 or 1.")
def units_of_minus_one(W, b, c):
    if len(c) < len(b):
        W, b, c = W.T, c, b
    states = (2 * all_bits(len(b)) - 1).astype(W.dtype)
    return W.dtype.type(special.logsumexp(-reference.rbm_free_energy(states, W, b, c)))


@rbm_log_partition.mistake(
    "Only one layer is summed over: the hidden units are all at 1. Use the free energy, in which they "
    "are summed out."
)
def other_layer_not_summed(W, b, c):
    if len(c) < len(b):
        W, b, c = W.T, c, b
    states = all_bits(len(b)).astype(W.dtype)
    return W.dtype.type(special.logsumexp(states @ b + (states @ W.T + c).sum(axis=-1)))


@rbm_log_partition.alternative
def from_free_energies(W, b, c):
    return by_free_energies(W, b, c)


@rbm_log_partition.alternative
def by_repeated_logaddexp(W, b, c):
    return by_free_energies(W, b, c, lambda states, minus_F: np.logaddexp.reduce(minus_F))


@rbm_log_partition.loop
def _(W, b, c):
    if len(c) < len(b):
        W, b, c = W.T, c, b
    total = -np.inf
    for v in itertools.product([0.0, 1.0], repeat=len(b)):
        term = float(np.dot(v, b))
        for j in range(len(c)):
            term += float(np.logaddexp(0, np.dot(v, W[j]) + c[j]))
        total = np.logaddexp(total, term)
    return W.dtype.type(total)


@rbm_log_partition.benchmark
def _(rng):
    return machine(rng, 11, 30, size=0.3)


# -- rbm_likelihood_gradient -------------------------------------------------------------------

rbm_likelihood_gradient = Exercise(
    reference.rbm_likelihood_gradient, points=3, see="eq-likelihood-gradient", returns="dW, db, dc"
)
rbm_likelihood_gradient.hints(
    "The gradient is a difference of two means of the same statistics. Over what is the first mean "
    "taken, over what the second, and how much does each term of the second weigh?",
    "List all states u as for `rbm_log_partition`. Their probabilities are the softmax of −F(u).",
    "`P = softmax(-rbm_free_energy(u, W, b, c))`; with p the hidden probabilities of u, the model's "
    "statistics are `p.T @ (P[:, None] * u)`, `P @ u` and `P @ p`.",
)


@rbm_likelihood_gradient.cases
def _(rng):
    def inputs(N, H, D):
        return dict(v=bits(rng, N, D)) | machine(rng, H, D)

    yield "a batch", inputs(5, 3, 4)
    yield "a batch of one", inputs(1, 2, 5)
    yield "more hidden than visible units", inputs(7, 6, 3)
    v = bits(rng, 4, 6)
    yield "large weights", dict(v=v) | driven_away(rng, v, 3, 40)
    turned = inputs(6, 4, 3)
    yield "a transposed (non-contiguous) batch", turned | dict(v=np.asfortranarray(turned["v"]))
    v = bits(rng, 8, 3)
    single = dict(v=v) | driven_away(rng, v, 2, 2)
    yield "float32 units", {name: array.astype(F32) for name, array in single.items()}


@rbm_likelihood_gradient.torch
def _(torch, v, W, b, c):
    leaves = [part.clone().requires_grad_() for part in (W, b, c)]
    W, b, c = leaves
    u = torch.cartesian_prod(*[torch.tensor([0, 1], dtype=W.dtype)] * len(b))

    def minus_F(x):
        z = x @ W.T + c
        return x @ b + torch.logaddexp(z, torch.zeros_like(z)).sum(-1)

    log_likelihood = minus_F(v).mean() - torch.logsumexp(minus_F(u), dim=0)
    return torch.autograd.grad(log_likelihood, leaves)


def statistics(v, weight, W, c):
    """Weighted means of p(v) vᵀ, v and p(v)."""
    p, weight = up(v, W, c), weight.astype(v.dtype)
    return p.T @ (weight[:, None] * v), weight @ v, weight @ p


def data_and_model(v, W, b, c):
    u = all_bits(len(b)).astype(v.dtype)
    P = special.softmax(-reference.rbm_free_energy(u, W, b, c))
    return statistics(v, np.full(len(v), 1 / len(v)), W, c), statistics(u, P, W, c)


@rbm_likelihood_gradient.terms
def _(v, W, b, c):
    return tuple(
        {"the data's statistics": data, "the model's statistics": -model}
        for data, model in zip(*data_and_model(v, W, b, c), strict=True)
    )


@rbm_likelihood_gradient.mistake(
    "The sign is turned: this is the way to climb the likelihood, statistics of the data minus those "
    "of the model."
)
def model_minus_data(v, W, b, c):
    return tuple(-part for part in reference.rbm_likelihood_gradient(v, W, b, c))


@rbm_likelihood_gradient.mistake(
    "Every state of the model counts the same. Each must count with its probability exp(−F) / Z."
)
def all_states_alike(v, W, b, c):
    u = all_bits(len(b)).astype(v.dtype)
    data, _ = data_and_model(v, W, b, c)
    model = statistics(u, np.full(len(u), 1 / len(u)), W, c)
    return tuple(x - y for x, y in zip(data, model, strict=True))


@rbm_likelihood_gradient.mistake(
    "The data's sums are not divided by the number of examples: the mean log-likelihood is asked for."
)
def data_not_averaged(v, W, b, c):
    data, model = data_and_model(v, W, b, c)
    return tuple(len(v) * x - y for x, y in zip(data, model, strict=True))


@rbm_likelihood_gradient.mistake(
    "Only the data's statistics are there. The gradient of −log Z subtracts the model's."
)
def model_statistics_forgotten(v, W, b, c):
    return data_and_model(v, W, b, c)[0]


@rbm_likelihood_gradient.mistake(
    "For dW you multiply the model's means of p and u. The mean of their products is asked for: each "
    "state contributes its own product."
)
def product_of_the_means(v, W, b, c):
    data, (_, u, p) = data_and_model(v, W, b, c)
    return data[0] - np.outer(p, u), data[1] - u, data[2] - p


@rbm_likelihood_gradient.mistake(
    "dW lies the wrong way round. It has the shape of W, (H, D): hidden probabilities first."
)
def weights_transposed(v, W, b, c):
    dW, db, dc = reference.rbm_likelihood_gradient(v, W, b, c)
    return dW.T, db, dc


@rbm_likelihood_gradient.mistake(
    "The states of the model are weighed by exp(F): their probabilities are the softmax of −F."
)
def free_energy_with_the_wrong_sign(v, W, b, c):
    u = all_bits(len(b)).astype(v.dtype)
    P = special.softmax(reference.rbm_free_energy(u, W, b, c))
    data, _ = data_and_model(v, W, b, c)
    return tuple(x - y for x, y in zip(data, statistics(u, P, W, c), strict=True))


@rbm_likelihood_gradient.alternative
def by_einsum(v, W, b, c):
    u = all_bits(len(b)).astype(v.dtype)
    P = special.softmax(-reference.rbm_free_energy(u, W, b, c))
    model = np.einsum("s,sh,sd->hd", P, up(u, W, c), u)
    data = np.einsum("nh,nd->hd", up(v, W, c), v) / len(v)
    return data - model, v.mean(axis=0) - P @ u, up(v, W, c).mean(axis=0) - P @ up(u, W, c)


@rbm_likelihood_gradient.alternative
def by_all_pairs_of_states(v, W, b, c):
    u, h = all_bits(len(b)), all_bits(len(c))
    minus_E = (u @ b)[:, None] + h @ c + u @ W.T.astype(float) @ h.T
    P = special.softmax(minus_E)
    p = up(v, W, c)
    parts = (
        p.T @ v / len(v) - h.T @ P.T @ u,
        v.mean(axis=0) - P.sum(axis=1) @ u,
        p.mean(axis=0) - P.sum(axis=0) @ h,
    )
    return tuple(part.astype(v.dtype) for part in parts)


@rbm_likelihood_gradient.loop
def _(v, W, b, c):
    states = list(itertools.product([0.0, 1.0], repeat=len(b)))
    minus_F = [float(-reference.rbm_free_energy(np.array(u), W, b, c)) for u in states]
    log_Z = special.logsumexp(minus_F)
    rows = [(x, 1 / len(v)) for x in v]
    rows += [(np.array(u), -np.exp(f - log_Z)) for u, f in zip(states, minus_F, strict=True)]
    dW, db, dc = np.zeros(W.shape), np.zeros(b.shape), np.zeros(c.shape)
    for x, weight in rows:
        p = special.expit(W @ x + c)
        dW, db, dc = dW + weight * np.outer(p, x), db + weight * x, dc + weight * p
    return dW.astype(v.dtype), db.astype(v.dtype), dc.astype(v.dtype)


# -- modern_hopfield_update --------------------------------------------------------------------

modern_hopfield_update = Exercise(
    reference.modern_hopfield_update, points=2, see="eq-modern-update", returns="q_new"
)
modern_hopfield_update.hints(
    "How well does the state fit each stored pattern? How do these numbers become weights that add up "
    "to 1, and what is averaged with them?",
    "The fits of all patterns are `q @ X.T`, for one state or for one a row. Multiply by β before the "
    "softmax.",
    "`return softmax(beta * (q @ X.T)) @ X`.",
)


@modern_hopfield_update.cases
def _(rng):
    def inputs(P, d, beta, *lead, dtype=float, size=1.0):
        X, q = rng.normal(size=(P, d)), rng.normal(size=(*lead, d))
        return dict(X=(size * X).astype(dtype), q=(size * q).astype(dtype), beta=beta)

    yield "one state", inputs(5, 4, 0.7)
    yield "many states", inputs(6, 3, 0.4, 5)
    yield "as many states as patterns", inputs(4, 7, 0.3, 4)
    yield "a single pattern", inputs(1, 5, 2.0, 3)
    yield "a small beta", inputs(7, 5, 0.05, 2)
    yield "a beta of 1000", inputs(6, 8, 1000.0, 4)
    turned = inputs(3, 6, 0.5, 6)
    yield "a transposed (non-contiguous) batch", turned | dict(q=turned["q"].T)
    yield "float32 states", inputs(8, 6, 0.6, 5, dtype=F32)


@modern_hopfield_update.torch
def _(torch, X, q, beta):
    Q = q.reshape(-1, q.shape[-1])[None]
    attended = torch.nn.functional.scaled_dot_product_attention(Q, X[None], X[None], scale=beta)
    return attended[0].reshape(q.shape)


def mixed(X, fits):
    return special.softmax(fits, axis=-1) @ X


@modern_hopfield_update.mistake("β is not used: multiply the fits by it before the softmax.")
def beta_forgotten(X, q, beta):
    return mixed(X, q @ X.T)


@modern_hopfield_update.mistake(
    "You divide by β. It is an inverse temperature: a large β picks the pattern that fits best."
)
def beta_upside_down(X, q, beta):
    return mixed(X, q @ X.T / beta)


@modern_hopfield_update.mistake(
    "β stands outside the softmax, so that the weights add up to β. It belongs inside."
)
def beta_outside(X, q, beta):
    return beta * mixed(X, q @ X.T)


@modern_hopfield_update.mistake(
    "You return the pattern that fits best. The update is a mean, in which each pattern counts by "
    "how well it fits; only for β → ∞ is one left."
)
def best_pattern_alone(X, q, beta):
    return X[np.argmax(q @ X.T, axis=-1)]


@modern_hopfield_update.mistake(
    "These are the weights of the patterns. The new state is their mean with these weights: `@ X`."
)
def weights_returned(X, q, beta):
    return special.softmax(beta * (q @ X.T), axis=-1)


@modern_hopfield_update.mistake(
    "The weights do not add up to 1 for each state: a state shares itself out among the patterns, so "
    "the softmax runs along the patterns, the last axis."
)
def softmax_over_the_states(X, q, beta):
    return special.softmax(beta * (q @ X.T), axis=0) @ X


@modern_hopfield_update.mistake(
    "The fits enter without softmax: then every pattern leaves its trace, as in the old network, and "
    "the state does not settle on one."
)
def softmax_forgotten(X, q, beta):
    return beta * (q @ X.T) @ X


@modern_hopfield_update.mistake(
    "You divide by √d as well. In attention, 1/√d stands in the place of β; here β is given."
)
def divided_by_root_d_too(X, q, beta):
    return mixed(X, beta * (q @ X.T) / q.shape[-1] ** 0.5)


@modern_hopfield_update.mistake(
    "The old state is added. (A residual connection does so around attention.) The update replaces it."
)
def old_state_added(X, q, beta):
    return q + mixed(X, beta * (q @ X.T))


@modern_hopfield_update.mistake(
    "exp overflows where β is large. Subtract the largest fit first: `softmax` does."
)
def overflows(X, q, beta):
    E = np.exp(beta * (q @ X.T))
    return E / E.sum(axis=-1, keepdims=True) @ X


@modern_hopfield_update.alternative
def with_the_largest_taken_out(X, q, beta):
    fits = beta * np.einsum("pd,...d->...p", X, q)
    E = np.exp(fits - fits.max(axis=-1, keepdims=True))
    return (E @ X) / E.sum(axis=-1, keepdims=True)


@modern_hopfield_update.alternative
def with_columns_as_in_the_formula(X, q, beta):
    return (X.T @ special.softmax(beta * (X @ q.T), axis=0)).T


@modern_hopfield_update.loop
def _(X, q, beta):
    new = np.zeros_like(q).reshape(-1, q.shape[-1])
    for n, one in enumerate(q.reshape(-1, q.shape[-1])):
        fits = [beta * float(x @ one) for x in X]
        weights = [np.exp(fit - max(fits)) for fit in fits]
        for x, weight in zip(X, weights, strict=True):
            new[n] += weight / sum(weights) * x
    return new.reshape(q.shape)


@modern_hopfield_update.benchmark
def _(rng):
    return dict(X=rng.normal(size=(200, 64)), q=rng.normal(size=(100, 64)), beta=0.3)
