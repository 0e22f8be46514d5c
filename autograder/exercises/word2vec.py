"""What an answer in the chapter on word vectors must satisfy, and the mistakes people make."""

import math
from collections import Counter, defaultdict

import numpy as np
from scipy import sparse, special

from autograder.exercise import Exercise
from solutions import word2vec as reference
from solutions.activations import sigmoid, softplus
from solutions.losses import cross_entropy, cross_entropy_backward

F32 = np.float32


def repeating(rng, V, *shape):
    """Random ids of which at least one occurs again, whatever is drawn."""
    ids = rng.integers(V, size=shape)
    ids.flat[-1] = ids.flat[0]
    return ids


def overwritten(rows, ids, E):
    """Rows laid into a matrix of zeros by fancy indexing: of a repeated id the last one stays."""
    dE = np.zeros_like(E)
    dE[ids] = rows
    return dE


OVERWRITTEN = (
    "Where an id occurs twice, its gradients must add up, and yours keeps only the last: both "
    "`dE[ids] = …` and `dE[ids] += …` write each row once. Use `np.add.at(dE, ids, …)`."
)

# -- build_vocabulary --------------------------------------------------------------------------

build_vocabulary = Exercise(
    reference.build_vocabulary, points=2, see="def-one-hot", returns="vocabulary, counts"
)
build_vocabulary.hints(
    "Count first, throw out second, sort third, number fourth. What decides between two words that "
    "occur equally often?",
    "`collections.Counter` counts. Sort the kept words by the pair (−count, word): tuples are compared "
    "by their first entry, and by the second among equals.",
    "`kept = sorted(w for w in counted if counted[w] >= min_count)`, then "
    "`kept.sort(key=lambda w: -counted[w])`: sorting is stable, so the alphabet survives among equals.",
)


@build_vocabulary.cases
def _(rng):
    def text(times):
        words = [word for word, n in times.items() for _ in range(n)]
        return [words[i] for i in rng.permutation(len(words))]

    yield (
        "a text with words too rare to keep",
        dict(tokens=text(dict(sea=5, land=3, sky=2, salt=1)), min_count=3),
    )
    yield (
        "words that occur equally often",
        dict(tokens=["wind", "ash", *text(dict(wind=2, oak=4, elm=1, ash=2))], min_count=3),
    )
    yield (
        "a text that keeps every word",
        dict(tokens=text(dict(zebra=4, ape=2, lynx=3)), min_count=1),
    )
    yield "a text that keeps no word", dict(tokens=["once", "upon", "a", "time"], min_count=2)


@build_vocabulary.oracle
def _(tokens, min_count):
    found: list[tuple[int, str]] = []
    for word in sorted(set(tokens)):
        times = sum(token == word for token in tokens)
        place = sum(times <= other for other, _ in found)
        if times >= min_count:
            found.insert(place, (times, word))
    return {word: i for i, (_, word) in enumerate(found)}, np.array([n for n, _ in found], int)


def numbered(kept, counted):
    return {word: i for i, word in enumerate(kept)}, np.array([counted[w] for w in kept], int)


@build_vocabulary.mistake("A word that occurs exactly min_count times stays: `>=`, not `>`.")
def words_at_the_limit_thrown_out(tokens, min_count):
    counted = Counter(tokens)
    kept = [word for word in counted if counted[word] > min_count]
    return numbered(sorted(kept, key=lambda word: (-counted[word], word)), counted)


@build_vocabulary.mistake("No word is too rare for you: leave out those with less than min_count.")
def rare_words_kept(tokens, min_count):
    counted = Counter(tokens)
    return numbered(sorted(counted, key=lambda word: (-counted[word], word)), counted)


@build_vocabulary.mistake(
    "Your ids follow the alphabet alone; id 0 is the most frequent word, and the alphabet decides only "
    "among equals."
)
def sorted_by_the_alphabet(tokens, min_count):
    counted = Counter(tokens)
    return numbered(sorted(word for word in counted if counted[word] >= min_count), counted)


@build_vocabulary.mistake(
    "Among words that occur equally often the alphabet decides; `most_common` leaves them in the order "
    "in which the text brings them."
)
def ties_in_the_order_of_the_text(tokens, min_count):
    counted = Counter(tokens)
    return numbered([word for word, n in counted.most_common() if n >= min_count], counted)


@build_vocabulary.mistake("Sorting goes from rare to frequent; the most frequent word comes first.")
def rarest_word_first(tokens, min_count):
    counted = Counter(tokens)
    kept = [word for word in counted if counted[word] >= min_count]
    return numbered(sorted(kept, key=lambda word: (counted[word], word)), counted)


@build_vocabulary.mistake("Ids count from 0, so that they can be row numbers of a matrix.")
def ids_from_one(tokens, min_count):
    vocabulary, counts = reference.build_vocabulary(tokens, min_count)
    return {word: i + 1 for word, i in vocabulary.items()}, counts


@build_vocabulary.alternative
def sorted_twice(tokens, min_count):
    counted = Counter(tokens)
    kept = sorted(word for word in counted if counted[word] >= min_count)
    kept.sort(key=counted.__getitem__, reverse=True)
    return dict(zip(kept, range(len(kept)), strict=True)), np.array(
        [counted[w] for w in kept], dtype=np.int64
    )


@build_vocabulary.alternative
def by_unique(tokens, min_count):
    words, counts = np.unique(tokens, return_counts=True)
    words, counts = words[counts >= min_count], counts[counts >= min_count]
    order = np.argsort(-counts, kind="stable")
    return {str(word): i for i, word in enumerate(words[order])}, counts[order]


# -- skipgram_pairs ----------------------------------------------------------------------------

skipgram_pairs = Exercise(
    reference.skipgram_pairs, points=2, see="def-window", returns="pairs", seconds=3.0
)
skipgram_pairs.hints(
    "Write it as two loops first: over the centres' places t, and over the places j from t − window to "
    "t + window. Which j must be skipped?",
    "Without loops: the places of all contexts are a table, `np.arange(T)[:, None] + offsets`, with one "
    "row for each centre. A second table says which places lie inside the text.",
    "`places[inside]` reads a table row by row, in just the order asked for; "
    "`np.broadcast_to(ids[:, None], places.shape)[inside]` are the centres that belong to it.",
)


@skipgram_pairs.cases
def _(rng):
    def text(T, V):
        ids = rng.integers(V, size=T)
        ids[1], ids[-1] = ids[0], (ids[0] + 1) % V  # a word beside itself, and two different ends
        return ids

    yield "a short text", dict(ids=text(9, 5), window=2)
    yield "a window of one word", dict(ids=text(6, 9), window=1)
    yield "a window wider than the text", dict(ids=text(4, 7), window=6)
    yield "a text of one word", dict(ids=np.array([3]), window=2)
    yield "every second word of a text", dict(ids=text(14, 30)[::2], window=3)


@skipgram_pairs.oracle
def _(ids, window):
    pairs = [
        (ids[t], ids[j])
        for t in range(len(ids))
        for j in range(len(ids))
        if 0 < abs(t - j) <= window
    ]
    return np.array(pairs, dtype=int).reshape(-1, 2)


def paired(ids, window, goes):
    """All pairs (t, j) of places in a window for which goes(t, j) holds."""
    T = len(ids)
    pairs = [
        (ids[t], ids[j])
        for t in range(T)
        for j in range(max(0, t - window), min(T, t + window + 1))
        if goes(t, j)
    ]
    return np.array(pairs, dtype=int).reshape(-1, 2)


@skipgram_pairs.mistake("A word is not its own context: leave out the offset 0.")
def centre_paired_with_itself(ids, window):
    return paired(ids, window, lambda t, j: True)


@skipgram_pairs.mistake("The context lies on both sides; yours holds only the words that follow.")
def only_the_words_that_follow(ids, window):
    return paired(ids, window, lambda t, j: j > t)


@skipgram_pairs.mistake(
    "`range(t - window, t + window)` ends one place early: the last context of every window is missing."
)
def last_place_of_the_window_missing(ids, window):
    return paired(ids, window, lambda t, j: j != t and j < t + window)


@skipgram_pairs.mistake(
    "You leave out pairs of equal words, but a word may well stand beside another copy of itself; "
    "compare places, not words."
)
def words_compared_instead_of_places(ids, window):
    return paired(ids, window, lambda t, j: ids[j] != ids[t])


@skipgram_pairs.mistake("The columns are swapped: the centre comes first, then its context.")
def context_first(ids, window):
    return reference.skipgram_pairs(ids, window)[:, ::-1].copy()


@skipgram_pairs.mistake(
    "A negative place counts from the end, so your first words have the last ones as contexts; cut the "
    "window at 0."
)
def first_words_see_the_end(ids, window):
    T = len(ids)
    pairs = [
        (ids[t], ids[j % T])
        for t in range(T)
        for j in range(t - window, min(T, t + window + 1))
        if j != t
    ]
    return np.array(pairs, dtype=int).reshape(-1, 2)


@skipgram_pairs.alternative
def offset_by_offset_then_sorted(ids, window):
    T, found = len(ids), [np.zeros((0, 4), int)]
    for o in [o for o in range(-window, window + 1) if o and abs(o) < T]:
        t = np.arange(max(0, -o), min(T, T - o))
        found.append(np.stack([t, t + o, ids[t], ids[t + o]], axis=1))
    table = np.concatenate(found)
    return table[np.lexsort((table[:, 1], table[:, 0]))][:, 2:]


@skipgram_pairs.alternative
def from_a_band_of_ones(ids, window):
    gap = np.abs(np.subtract.outer(np.arange(len(ids)), np.arange(len(ids))))
    return ids[np.argwhere((gap > 0) & (gap <= window))]


@skipgram_pairs.loop
def _(ids, window):
    pairs = []
    for t in range(len(ids)):
        for j in range(t - window, t + window + 1):
            if j != t and 0 <= j < len(ids):
                pairs.append((ids[t], ids[j]))
    return np.array(pairs, dtype=ids.dtype).reshape(-1, 2)


# -- cbow_examples -----------------------------------------------------------------------------

cbow_examples = Exercise(
    reference.cbow_examples, points=2, see="def-window", returns="context, center"
)
cbow_examples.hints(
    "Which is the first place whose whole window lies in the text, and which the last? How many are "
    "there?",
    "The middles are `np.arange(window, T - window)`. A table of places, a row for each middle, comes "
    "from adding the offsets −window … −1, 1 … window.",
    "`ids[middles[:, None] + offsets[offsets != 0]], ids[middles]`",
)


@cbow_examples.cases
def _(rng):
    yield "a short text", dict(ids=rng.permutation(9), window=2)
    yield "a window of one word", dict(ids=rng.permutation(12)[:7], window=1)
    yield "a window that just fits", dict(ids=rng.permutation(30)[:7], window=3)
    yield "a text shorter than a window", dict(ids=rng.permutation(4), window=2)
    yield "every second word of a text", dict(ids=rng.permutation(40)[:24:2], window=4)


@cbow_examples.oracle
def _(ids, window):
    whole = [ids[t : t + 2 * window + 1] for t in range(max(0, len(ids) - 2 * window))]
    table = np.array(whole, dtype=int).reshape(-1, 2 * window + 1)
    return np.delete(table, window, axis=1), table[:, window]


def windows(ids, window):
    """The whole windows of a text, their middle included."""
    N = max(0, len(ids) - 2 * window)
    return ids[np.arange(N)[:, None] + np.arange(2 * window + 1)]


@cbow_examples.mistake(
    "The middle word stands among its own context: the network would only have to copy it. Leave out "
    "the offset 0."
)
def middle_in_its_own_context(ids, window):
    table = windows(ids, window)
    return table, table[:, window].copy()


@cbow_examples.mistake(
    "Your context ends before the middle; the words that follow it belong to it as well."
)
def only_the_words_before(ids, window):
    table = windows(ids, window)
    return table[:, :window].copy(), table[:, window].copy()


@cbow_examples.mistake(
    "Windows that stick out of the text are filled up from its other end; leave those places out: the "
    "first middle is at place `window`."
)
def windows_wrap_around(ids, window):
    offsets = np.arange(-window, window + 1)
    places = np.arange(len(ids))[:, None] + offsets[offsets != 0]
    return ids[places % len(ids)], ids.copy()


@cbow_examples.mistake(
    "One whole window is left at the end of the text: middles run to T − window − 1 inclusive, so "
    "`np.arange(window, T - window)`."
)
def last_window_missing(ids, window):
    context, center = reference.cbow_examples(ids, window)
    return context[:-1], center[:-1]


@cbow_examples.mistake(
    "The middles do not belong to the windows: they are the text's first words; begin at place `window`."
)
def middles_not_moved(ids, window):
    context, _ = reference.cbow_examples(ids, window)
    return context, ids[: len(context)].copy()


@cbow_examples.alternative
def by_a_sliding_window(ids, window):
    if len(ids) < 2 * window + 1:
        return np.zeros((0, 2 * window), int), np.zeros(0, int)
    table = np.lib.stride_tricks.sliding_window_view(ids, 2 * window + 1)
    return np.delete(table, window, axis=1), table[:, window].copy()


@cbow_examples.alternative
def two_halves_side_by_side(ids, window):
    table = windows(ids, window)
    return np.concatenate([table[:, :window], table[:, window + 1 :]], axis=1), table[:, window]


@cbow_examples.loop
def _(ids, window):
    context, center = [], []
    for t in range(window, len(ids) - window):
        context.append([*ids[t - window : t], *ids[t + 1 : t + window + 1]])
        center.append(ids[t])
    shape = (-1, 2 * window)
    return np.array(context, ids.dtype).reshape(shape), np.array(center, ids.dtype)


# -- embedding_backward ------------------------------------------------------------------------

embedding_backward = Exercise(
    reference.embedding_backward, points=2, see="eq-embedding-gradient", returns="dE"
)
embedding_backward.hints(
    "Which rows of E did the look-up read, and how often each? What do gradients do where one value is "
    "used in several places?",
    "Start with zeros of E's shape and add every row of dY to the row of its id. Try "
    "`a = np.zeros(2); a[[0, 0]] += 1` before you trust `+=`.",
    "`np.add.at(dE, ids, dY)` adds, however often an id occurs.",
)


@embedding_backward.cases
def _(rng):
    def inputs(V, d, *shape, dtype=float):
        return dict(
            dY=rng.normal(size=(*shape, d)).astype(dtype),
            ids=repeating(rng, V, *shape),
            E=rng.normal(size=(V, d)).astype(dtype),
        )

    yield "a batch with repeated ids", inputs(5, 3, 8)
    yield "one and the same id throughout", inputs(4, 2, 3) | dict(ids=np.array([2, 2, 2]))
    yield "ids of two axes", inputs(7, 4, 3, 5)
    yield "a single id", inputs(6, 3, 1)
    yield "float32 inputs", inputs(3, 5, 6, dtype=F32)
    turned = inputs(6, 4, 7)
    yield "non-contiguous inputs", {n: np.asfortranarray(a) for n, a in turned.items()}


@embedding_backward.torch
def _(torch, dY, ids, E):
    Y = torch.nn.functional.embedding(ids, E.requires_grad_())
    return torch.autograd.grad(Y, E, dY)[0]


@embedding_backward.mistake(OVERWRITTEN)
def repeated_ids_overwritten(dY, ids, E):
    return overwritten(dY, ids, E)


@embedding_backward.mistake(
    "Where an id repeats you take the mean of its gradients; changes add up, so do not divide."
)
def averaged_over_the_repeats(dY, ids, E):
    count = np.bincount(ids.ravel(), minlength=len(E)).astype(E.dtype)
    return reference.embedding_backward(dY, ids, E) / np.maximum(count, 1)[:, None]


@embedding_backward.mistake(
    "That is the gradient of the rows that were looked up, already known: it must go back into the rows "
    "of E from which they came."
)
def upstream_returned(dY, ids, E):
    return dY.copy()


@embedding_backward.mistake(
    "You start from E, and return E plus its gradient; start from zeros of E's shape."
)
def added_onto_the_vectors(dY, ids, E):
    return E + reference.embedding_backward(dY, ids, E)


@embedding_backward.mistake(
    "Divided by the number of look-ups: if the loss is a mean, its 1/N stands in dY already."
)
def averaged_again(dY, ids, E):
    return reference.embedding_backward(dY, ids, E) / E.dtype.type(ids.size)


@embedding_backward.alternative
def by_one_hot_rows(dY, ids, E):
    one_hot = (ids.reshape(-1, 1) == np.arange(len(E))).astype(E.dtype)
    return one_hot.T @ dY.reshape(-1, E.shape[1])


@embedding_backward.alternative
def sorted_and_summed(dY, ids, E):
    order = np.argsort(ids, axis=None)
    found, starts = np.unique(ids.ravel()[order], return_index=True)
    dE = np.zeros_like(E)
    dE[found] = np.add.reduceat(dY.reshape(-1, E.shape[1])[order], starts)
    return dE


@embedding_backward.loop
def _(dY, ids, E):
    dE = np.zeros_like(E)
    for place in np.ndindex(ids.shape):
        for j in range(E.shape[1]):
            dE[ids[place], j] += dY[place][j]
    return dE


@embedding_backward.benchmark
def _(rng):
    return dict(
        dY=rng.normal(size=(1000, 100)), ids=rng.integers(2000, size=1000), E=np.zeros((2000, 100))
    )


# -- cbow_loss ---------------------------------------------------------------------------------

cbow_loss = Exercise(reference.cbow_loss, points=2, see="def-cbow", returns="L")
cbow_loss.hints(
    "`E_in[context]` has three axes, (N, C, d). Over which one do you average, and what is left?",
    "The scores of the whole vocabulary are `H @ E_out.T`, one row for each example; then it is a "
    "classification with V classes.",
    "`cross_entropy(H @ E_out.T, center)`, from the chapter on losses, is stable and averages.",
)


def two_tables(rng, V, d, dtype=float):
    return {name: rng.normal(size=(V, d)).astype(dtype) for name in ("E_in", "E_out")}


@cbow_loss.cases
def _(rng):
    def inputs(N, C, V, d, dtype=float):
        ids = dict(context=rng.integers(V, size=(N, C)), center=repeating(rng, V, N))
        return ids | two_tables(rng, V, d, dtype)

    yield "a batch of windows", inputs(5, 4, 7, 3)
    yield "as many examples as words", inputs(6, 2, 6, 4)
    yield "a single window", inputs(1, 3, 5, 2)
    far = inputs(3, 2, 6, 4)
    yield "scores far out", far | dict(E_in=60 * far["E_in"], E_out=60 * far["E_out"])
    yield "float32 vectors", inputs(8, 6, 9, 5, F32)


@cbow_loss.torch
def _(torch, context, center, E_in, E_out):
    H = torch.nn.functional.embedding_bag(context, E_in, mode="mean")
    return torch.nn.functional.cross_entropy(H @ E_out.T, center)


@cbow_loss.mistake(
    "The context's vectors are added; they are averaged: divide by their number, or `mean(axis=1)`."
)
def contexts_added(context, center, E_in, E_out):
    return cross_entropy(E_in[context].sum(axis=1) @ E_out.T, center)


@cbow_loss.mistake(
    "The tables are swapped: contexts go in, so they are looked up in E_in, and E_out scores the words "
    "that may come out."
)
def tables_swapped(context, center, E_in, E_out):
    return cross_entropy(E_out[context].mean(axis=1) @ E_in.T, center)


@cbow_loss.mistake("The loss is a mean over the examples; yours is their sum.")
def summed_over_the_examples(context, center, E_in, E_out):
    H = E_in[context].mean(axis=1)
    return cross_entropy(H @ E_out.T, center) * E_in.dtype.type(len(center))


@cbow_loss.mistake(
    "The exponentials overflow: subtract the largest score of each row first, or use `cross_entropy`."
)
def softmax_overflows(context, center, E_in, E_out):
    e = np.exp(E_in[context].mean(axis=1) @ E_out.T)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(p)), center]).mean()


@cbow_loss.mistake(
    "Every context word predicts the centre by itself, and you average the losses: that is skip-gram "
    "the other way round. CBOW averages the vectors first, and predicts once."
)
def losses_averaged_instead_of_vectors(context, center, E_in, E_out):
    alone = [cross_entropy(E_in[one] @ E_out.T, center) for one in context.T]
    return np.mean(alone, dtype=E_in.dtype)


@cbow_loss.alternative
def by_a_matrix_of_shares(context, center, E_in, E_out):
    N, C = context.shape
    share = np.zeros((N, len(E_in)), E_in.dtype)
    np.add.at(share, (np.arange(N)[:, None], context), 1 / C)
    Z = share @ (E_in @ E_out.T)
    return (special.logsumexp(Z, axis=1) - Z[np.arange(N), center]).mean()


@cbow_loss.loop
def _(context, center, E_in, E_out):
    total = 0.0
    for around, word in zip(context, center, strict=True):
        h = sum(E_in[c] for c in around) / len(around)
        scores = [float(u @ h) for u in E_out]
        top = max(scores)
        total += top + math.log(sum(math.exp(s - top) for s in scores)) - scores[word]
    return E_in.dtype.type(total / len(center))


# -- skipgram_loss_backward --------------------------------------------------------------------

skipgram_loss_backward = Exercise(
    reference.skipgram_loss_backward, points=3, see="eq-skipgram-gradients", returns="dE_in, dE_out"
)
skipgram_loss_backward.hints(
    "The scores of a pair are z = E_out v. What is the gradient of cross-entropy with respect to z, and "
    "where does 1/N stand?",
    "dz = (p − y)/N. Every row of E_out takes part in every score, so dE_out = dZᵀ H with H the centres' "
    "vectors. On the other side dZ E_out goes back through the look-up.",
    "`cross_entropy_backward(H @ E_out.T, context)` is dZ, and "
    "`embedding_backward(dZ @ E_out, center, E_in)` puts the rows where they belong.",
)


@skipgram_loss_backward.cases
def _(rng):
    def inputs(N, V, d, dtype=float):
        ids = dict(center=repeating(rng, V, N), context=rng.integers(V, size=N))
        ids["context"][0] = (ids["center"][0] + 1) % V
        return ids | two_tables(rng, V, d, dtype)

    yield "a batch of pairs", inputs(5, 7, 3)
    yield "as many pairs as words", inputs(6, 6, 2)
    yield "a single pair", inputs(1, 5, 4)
    far = inputs(3, 4, 5)
    yield "scores far out", far | dict(E_in=30 * far["E_in"], E_out=30 * far["E_out"])
    yield "float32 vectors", inputs(9, 4, 6, F32)


@skipgram_loss_backward.torch
def _(torch, center, context, E_in, E_out):
    leaves = E_in.requires_grad_(), E_out.requires_grad_()
    loss = torch.nn.functional.cross_entropy(E_in[center] @ E_out.T, context)
    return torch.autograd.grad(loss, leaves)


@skipgram_loss_backward.mistake(OVERWRITTEN)
def repeated_centres_overwritten(center, context, E_in, E_out):
    dZ = cross_entropy_backward(E_in[center] @ E_out.T, context)
    return overwritten(dZ @ E_out, center, E_in), dZ.T @ E_in[center]


@skipgram_loss_backward.mistake(
    "The loss is a mean over the pairs, so a factor 1/N belongs into dz, once."
)
def not_divided_by_the_pairs(center, context, E_in, E_out):
    both = reference.skipgram_loss_backward(center, context, E_in, E_out)
    return tuple(dE * E_in.dtype.type(len(center)) for dE in both)


@skipgram_loss_backward.mistake(
    "Subtract y, the one-hot row of the context, from p: without it every word is pushed away, even the "
    "right one."
)
def right_word_forgotten(center, context, E_in, E_out):
    H = E_in[center]
    P = special.softmax(H @ E_out.T, axis=1) / E_in.dtype.type(len(center))
    return reference.embedding_backward(P @ E_out, center, E_in), P.T @ H


@skipgram_loss_backward.mistake(
    "What is predicted is the context, and your one-hot row stands at the centre."
)
def centre_taken_for_the_target(center, context, E_in, E_out):
    H = E_in[center]
    dZ = cross_entropy_backward(H @ E_out.T, center)
    return reference.embedding_backward(dZ @ E_out, center, E_in), dZ.T @ H


@skipgram_loss_backward.mistake(
    "Only the contexts' rows of E_out get a gradient. Softmax lets all V words compete, so each of them "
    "is pushed, by its p."
)
def losing_words_left_alone(center, context, E_in, E_out):
    H = E_in[center]
    dZ = cross_entropy_backward(H @ E_out.T, context)
    right = dZ * (np.arange(len(E_out)) == context[:, None])
    return reference.embedding_backward(dZ @ E_out, center, E_in), right.T @ H


@skipgram_loss_backward.mistake(
    "The sign is turned: the gradient with respect to the scores is p − y, and y − p the way downhill."
)
def downhill_instead_of_uphill(center, context, E_in, E_out):
    both = reference.skipgram_loss_backward(center, context, E_in, E_out)
    return tuple(-dE for dE in both)


@skipgram_loss_backward.mistake(
    "The two come in the wrong order: first the gradient of E_in, then that of E_out."
)
def gradients_swapped(center, context, E_in, E_out):
    return reference.skipgram_loss_backward(center, context, E_in, E_out)[::-1]


@skipgram_loss_backward.alternative
def by_one_hot_centres(center, context, E_in, E_out):
    X = (center[:, None] == np.arange(len(E_in))).astype(E_in.dtype)
    dZ = cross_entropy_backward(X @ E_in @ E_out.T, context)
    return X.T @ (dZ @ E_out), dZ.T @ (X @ E_in)


@skipgram_loss_backward.loop
def _(center, context, E_in, E_out):
    dE_in, dE_out = np.zeros_like(E_in), np.zeros_like(E_out)
    for c, o in zip(center, context, strict=True):
        scores = [float(u @ E_in[c]) for u in E_out]
        top = max(scores)
        e = [math.exp(s - top) for s in scores]
        for w in range(len(E_out)):
            dz = (e[w] / sum(e) - (w == o)) / len(center)
            dE_in[c] += E_in.dtype.type(dz) * E_out[w]
            dE_out[w] += E_in.dtype.type(dz) * E_in[c]
    return dE_in, dE_out


# -- huffman_codes -----------------------------------------------------------------------------

huffman_codes = Exercise(
    reference.huffman_codes, points=3, see="eq-code-tree", returns="codes", seconds=3.0
)
huffman_codes.hints(
    "Play it on paper with the counts 5, 2, 1, 1: which two do you join first, and what does a join do "
    "to the codes of all words below it?",
    "Keep a list of trees as tuples (weight, when it arose, its words). The two smallest tuples are "
    "the ones to join; each word of the lighter gets a 0 in front of its code, each of the heavier a 1.",
    "`heapq.heappop` takes out the smallest tuple, `heapq.heappush` puts the joined one back. Number "
    "the single words 0 … V − 1 and every joined tree higher than all before it.",
)


@huffman_codes.cases
def _(rng):
    spread = rng.permutation([1, 3, 6, 15, 40, 41, 130])
    yield "counts that double and more", dict(counts=spread)
    yield "counts with ties", dict(counts=rng.permutation([1, 1, 1, 2, 2, 4, 5, 5, 9]))
    yield "equal counts", dict(counts=np.full(5, 3))
    yield "two words", dict(counts=np.array([7, 3]))
    yield "a single word", dict(counts=np.array([4]))


@huffman_codes.oracle
def _(counts):
    """Tree by tree, as nested tuples in a list sorted anew each time, then read off from the root."""
    forest: list[tuple] = [(int(n), i, i) for i, n in enumerate(counts)]
    for born in range(len(counts), 2 * len(counts) - 1):
        light, heavy, *forest = sorted(forest, key=lambda tree: tree[:2])
        forest.append((light[0] + heavy[0], born, (light[2], heavy[2])))
    codes: dict[int, str] = {}

    def walk(tree, code):
        if isinstance(tree, tuple):
            walk(tree[0], code + "0")
            walk(tree[1], code + "1")
        else:
            codes[tree] = code

    walk(forest[0][2], "")
    return [codes[i] for i in range(len(counts))]


def by_joining(counts, place=lambda tree: tree[:2], bits="01", spell=lambda bit, code: bit + code):
    """The rule with its parts exchangeable, for the mistakes below."""
    codes = [""] * len(counts)
    forest = [(int(n), i, [i]) for i, n in enumerate(counts)]
    for born in range(len(counts), 2 * len(counts) - 1):
        forest.sort(key=place)
        light, heavy = forest[:2]
        for bit, tree in zip(bits, (light, heavy), strict=True):
            for word in tree[2]:
                codes[word] = spell(bit, codes[word])
        forest[:2] = [(light[0] + heavy[0], born, light[2] + heavy[2])]
    return codes


@huffman_codes.mistake(
    "Your codes read from the word up to the root; whoever decodes starts at the root, so each new bit "
    "goes in front."
)
def read_from_the_word_up(counts):
    return by_joining(counts, spell=lambda bit, code: code + bit)


@huffman_codes.mistake("The lighter of the two trees gets the 0 and the heavier the 1.")
def bits_swapped(counts):
    return by_joining(counts, bits="10")


@huffman_codes.mistake(
    "The joined tree goes back among the others by its weight; yours is joined again at once, so the "
    "codes become a ladder of ever longer ones."
)
def always_joined_onto_one_tree(counts):
    return by_joining(counts, place=lambda tree: (tree[1] < len(counts), *tree[:2]))


@huffman_codes.mistake(
    "You join the two heaviest trees, and so give the frequent words the long codes; join the lightest."
)
def heaviest_joined_first(counts):
    return by_joining(counts, place=lambda tree: (-tree[0], tree[1]))


@huffman_codes.mistake(
    "These codes have all one length, whatever the counts; frequent words should have short ones."
)
def codes_of_equal_length(counts):
    bits = math.ceil(math.log2(len(counts)))
    return [format(i, f"0{bits}b") if bits else "" for i in range(len(counts))]


@huffman_codes.mistake(
    "Of equally heavy trees the earlier one counts as lighter: single words before joined trees, and in "
    "the order in which they arose; yours takes the later one."
)
def ties_to_the_later_tree(counts):
    return by_joining(counts, place=lambda tree: (tree[0], -tree[1]))


@huffman_codes.alternative
def by_sorting_anew(counts):
    return by_joining(counts)


@huffman_codes.alternative
def by_two_queues(counts):
    """Single words sorted once, joined trees arise in order: the lightest is at one of two fronts."""
    singles = [(int(counts[i]), int(i)) for i in np.argsort(counts, kind="stable")]
    joined: list[tuple[int, int]] = []
    above: dict[int, tuple[int, str]] = {}
    for born in range(len(counts), 2 * len(counts) - 1):
        pair = []
        for _ in range(2):
            fronts = [queue for queue in (singles, joined) if queue]
            pair.append(min(fronts, key=lambda queue: queue[0]).pop(0))
        for bit, tree in zip("01", pair, strict=True):
            above[tree[1]] = (born, bit)
        joined.append((pair[0][0] + pair[1][0], born))
    codes = []
    for i in range(len(counts)):
        code, node = "", i
        while node in above:
            node, bit = above[node]
            code = bit + code
        codes.append(code)
    return codes


# -- noise_distribution ------------------------------------------------------------------------

noise_distribution = Exercise(reference.noise_distribution, points=1, see="def-noise", returns="P")
noise_distribution.hints(
    "What must probabilities add up to, and when do you divide: before the power or after it?",
    "`counts ** power`, then divide by the sum of just that.",
)


@noise_distribution.cases
def _(rng):
    drawn = rng.permutation([1, 2, 7, 30, 400])
    yield "counts and the usual power", dict(counts=drawn, power=0.75)
    yield "the words' own frequencies", dict(counts=rng.permutation([3, 5, 9, 20]), power=1.0)
    yield "all words alike", dict(counts=rng.permutation([1, 4, 60]), power=0.0)
    yield "a single word", dict(counts=np.array([8]), power=0.5)
    yield "float32 counts", dict(counts=rng.permutation([2, 6, 11, 90, 7]).astype(F32), power=0.75)


@noise_distribution.oracle
def _(counts, power):
    P = special.softmax(power * np.log(counts.astype(float)))
    return P.astype(counts.dtype if counts.dtype.kind == "f" else float)


@noise_distribution.mistake(
    "The power is forgotten; it lifts the rare words: divide counts**power by its sum."
)
def power_forgotten(counts, power):
    return counts / counts.sum()


@noise_distribution.mistake(
    "These do not add up to 1: you divide first and take the power then. Divide at the end."
)
def divided_before_the_power(counts, power):
    return (counts / counts.sum()) ** power


@noise_distribution.mistake(
    "You divide by the sum of the counts; the sum of counts**power makes the probabilities add up to 1."
)
def divided_by_the_sum_of_counts(counts, power):
    return counts**power / counts.sum()


@noise_distribution.mistake(
    "A softmax takes exponentials, and of counts they overflow; here the weights are counts**power."
)
def softmax_of_the_counts(counts, power):
    with np.errstate(all="ignore"):
        e = np.exp(counts * power)
        return e / e.sum()


@noise_distribution.mistake(
    "These are running sums, good for drawing; asked for are the probabilities themselves."
)
def running_sums(counts, power):
    return np.cumsum(counts**power) / (counts**power).sum()


@noise_distribution.alternative
def by_logarithms(counts, power):
    return special.softmax(power * np.log(counts))


@noise_distribution.alternative
def as_powers_of_frequencies(counts, power):
    f = (counts / counts.sum()) ** power
    return f / f.sum()


@noise_distribution.loop
def _(counts, power):
    weights = [int(n) ** power for n in counts]
    dtype = counts.dtype if counts.dtype.kind == "f" else float
    return np.array([w / sum(weights) for w in weights], dtype)


# -- keep_probability --------------------------------------------------------------------------

keep_probability = Exercise(
    reference.keep_probability, points=1, see="def-subsampling", returns="keep"
)
keep_probability.hints(
    "f is a word's share of the text, between 0 and 1. For which f is √(t/f) more than 1, and what "
    "should a probability do then?",
    "`np.minimum(1, np.sqrt(t / frequency))`",
)


@keep_probability.cases
def _(rng):
    yield (
        "frequent and rare words",
        dict(counts=rng.permutation([1, 3, 40, 500, 9000]), t=1e-3),
    )
    yield "a large t, which keeps most words", dict(counts=rng.permutation([2, 5, 7, 11]), t=0.2)
    yield "a single word", dict(counts=np.array([6]), t=0.01)
    yield (
        "float32 counts",
        dict(counts=rng.permutation([1, 8, 20, 3000]).astype(F32), t=1e-2),
    )


@keep_probability.oracle
def _(counts, t):
    f = counts.astype(float) / counts.sum(dtype=float)
    keep = np.exp(np.minimum(0, (math.log(t) - np.log(f)) / 2))
    return keep.astype(counts.dtype if counts.dtype.kind == "f" else float)


@keep_probability.mistake(
    "That is the probability of throwing an occurrence out, 1 − √(t/f); asked for is that of keeping it."
)
def probability_of_discarding(counts, t):
    return 1 - reference.keep_probability(counts, t)


@keep_probability.mistake("A probability is at most 1: rare words, with f < t, are always kept.")
def above_one(counts, t):
    return np.sqrt(t * counts.sum() / counts)


@keep_probability.mistake("The square root is missing: min(1, √(t/f)).")
def root_forgotten(counts, t):
    return np.minimum(1, t * counts.sum() / counts)


@keep_probability.mistake("Upside down: the more frequent a word, the less of it stays, √(t/f).")
def frequent_words_kept(counts, t):
    return np.minimum(1, np.sqrt(counts / counts.sum() / t))


@keep_probability.mistake("t is compared with a word's share of the text, not with its bare count.")
def counts_taken_for_frequencies(counts, t):
    return np.minimum(1, np.sqrt(t / counts))


@keep_probability.alternative
def by_where(counts, t):
    f = counts / counts.sum()
    return np.where(f > t, np.sqrt(t / np.maximum(f, t)), 1).astype(f.dtype)


@keep_probability.alternative
def of_clipped_frequencies(counts, t):
    return np.sqrt(t / np.maximum(counts / counts.sum(), t))


@keep_probability.loop
def _(counts, t):
    total = float(counts.sum())
    keep = [min(1.0, math.sqrt(t * total / float(n))) for n in counts]
    return np.array(keep, counts.dtype if counts.dtype.kind == "f" else float)


# -- negative_sampling_loss --------------------------------------------------------------------

negative_sampling_loss = Exercise(
    reference.negative_sampling_loss, points=2, see="def-negative-sampling", returns="L"
)
negative_sampling_loss.hints(
    "Every pair is 1 + K yes-no questions about its centre. What are the scores, and which answers are "
    "right?",
    "`E_out[negatives]` is (N, K, d); times v[:, None] and summed over the last axis it gives the "
    "noise's scores (N, K). −log σ(z) is softplus(−z), and −log σ(−z) is softplus(z).",
    "Sum over the noise of a pair, and average over the pairs: "
    "`(softplus(-right) + softplus(noise).sum(axis=1)).mean()`.",
)


def sampled(rng, N, K, V, d, dtype=float, size=1.0):
    """Pairs with noise; the first centre comes again, and so do a context and a noise word."""
    ids = dict(
        center=repeating(rng, V, N),
        context=repeating(rng, V, N),
        negatives=repeating(rng, V, N, K),
    )
    ids["negatives"][0, 0] = (ids["context"][0] + 1) % V
    tables = {name: (size * E).astype(dtype) for name, E in two_tables(rng, V, d).items()}
    return ids | tables


@negative_sampling_loss.cases
def _(rng):
    yield "a batch of pairs", sampled(rng, 5, 3, 7, 4)
    yield "as many noise words as entries of a vector", sampled(rng, 6, 2, 5, 2)
    yield "a single pair with one noise word", sampled(rng, 1, 1, 4, 3)
    yield "scores far out", sampled(rng, 4, 3, 6, 5, size=30.0)
    yield "float32 vectors", sampled(rng, 7, 5, 8, 3, F32)


@negative_sampling_loss.torch
def _(torch, center, context, negatives, E_in, E_out):
    v, logsigmoid = E_in[center], torch.nn.functional.logsigmoid
    right = torch.einsum("nd,nd->n", v, E_out[context])
    noise = torch.einsum("nd,nkd->nk", v, E_out[negatives])
    return -(logsigmoid(right) + logsigmoid(-noise).sum(1)).mean()


def scores_of(center, context, negatives, E_in, E_out):
    v = E_in[center]
    return (E_out[context] * v).sum(axis=1), (E_out[negatives] * v[:, None]).sum(axis=2)


@negative_sampling_loss.mistake(
    "Noise is treated like the context, as if it were right; for it the answer is no: −log σ(−u·v)."
)
def noise_taken_for_right(center, context, negatives, E_in, E_out):
    right, noise = scores_of(center, context, negatives, E_in, E_out)
    return (softplus(-right) + softplus(-noise).sum(axis=1)).mean()


@negative_sampling_loss.mistake("Of the K noise words of a pair all count: sum over them.")
def noise_averaged(center, context, negatives, E_in, E_out):
    right, noise = scores_of(center, context, negatives, E_in, E_out)
    return (softplus(-right) + softplus(noise).mean(axis=1)).mean()


@negative_sampling_loss.mistake("The loss is a mean over the pairs; yours is their sum.")
def summed_over_the_pairs(center, context, negatives, E_in, E_out):
    right, noise = scores_of(center, context, negatives, E_in, E_out)
    return (softplus(-right) + softplus(noise).sum(axis=1)).sum()


@negative_sampling_loss.mistake(
    "At scores far out the sigmoid rounds to 0 and its logarithm is −∞: −log σ(z) is softplus(−z), which "
    "stays finite."
)
def logarithm_of_a_rounded_sigmoid(center, context, negatives, E_in, E_out):
    right, noise = scores_of(center, context, negatives, E_in, E_out)
    return -(np.log(sigmoid(right)) + np.log(sigmoid(-noise)).sum(axis=1)).mean()


@negative_sampling_loss.mistake(
    "The noise is scored against the context; it is the centre's vector that all questions are about."
)
def noise_scored_against_the_context(center, context, negatives, E_in, E_out):
    right, _ = scores_of(center, context, negatives, E_in, E_out)
    noise = (E_out[negatives] * E_out[context][:, None]).sum(axis=2)
    return (softplus(-right) + softplus(noise).sum(axis=1)).mean()


@negative_sampling_loss.mistake(
    "The tables are swapped: the centre's vector stands in E_in, contexts and noise in E_out."
)
def tables_swapped_in_sampling(center, context, negatives, E_in, E_out):
    return reference.negative_sampling_loss(center, context, negatives, E_out, E_in)


@negative_sampling_loss.alternative
def by_signs(center, context, negatives, E_in, E_out):
    words = np.concatenate([context[:, None], negatives], axis=1)
    signs = np.ones(words.shape, E_in.dtype)
    signs[:, 0] = -1
    scores = np.einsum("nd,nkd->nk", E_in[center], E_out[words])
    return softplus(signs * scores).sum(axis=1).mean()


@negative_sampling_loss.loop
def _(center, context, negatives, E_in, E_out):
    total = 0.0
    for c, o, noise in zip(center, context, negatives, strict=True):
        total += np.logaddexp(0, -float(E_out[o] @ E_in[c]))
        for w in noise:
            total += np.logaddexp(0, float(E_out[w] @ E_in[c]))
    return E_in.dtype.type(total / len(center))


# -- negative_sampling_backward ----------------------------------------------------------------

negative_sampling_backward = Exercise(
    reference.negative_sampling_backward,
    points=3,
    see="eq-negative-sampling-gradients",
    returns="dE_in, dE_out",
)
negative_sampling_backward.hints(
    "Put the context and the noise of a pair side by side, (N, 1 + K): then all of them are yes-no "
    "questions. What is the derivative of such a question's loss with respect to its score?",
    "g = (σ(z) − y)/N, with y = 1 in the first column. Each score is u·v, so dv = Σ g u over a pair's "
    "words and du = g v.",
    "Both go back through look-ups: `embedding_backward(dv, center, E_in)` and "
    "`embedding_backward(du, words, E_out)`.",
)


@negative_sampling_backward.cases
def _(rng):
    yield "a batch of pairs", sampled(rng, 5, 3, 7, 4)
    yield "as many pairs as noise words", sampled(rng, 4, 4, 6, 3)
    yield "a single pair with one noise word", sampled(rng, 1, 1, 5, 2)
    yield "scores far out", sampled(rng, 3, 2, 6, 4, size=30.0)
    yield "float32 vectors", sampled(rng, 7, 5, 8, 6, F32)


@negative_sampling_backward.torch
def _(torch, center, context, negatives, E_in, E_out):
    leaves = E_in.requires_grad_(), E_out.requires_grad_()
    words = torch.cat([context[:, None], negatives], 1)
    scores = torch.einsum("nd,nkd->nk", E_in[center], E_out[words])
    asked = torch.zeros_like(scores)
    asked[:, 0] = 1
    loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, asked, reduction="sum")
    return torch.autograd.grad(loss / len(center), leaves)


def sampled_gradients(center, context, negatives, E_in, E_out, target=1.0, back=None, count=None):
    """The reference with its parts exchangeable, for the mistakes below."""
    back = back or reference.embedding_backward
    words = np.concatenate([context[:, None], negatives], axis=1)
    v, u = E_in[center], E_out[words]
    g = sigmoid((u @ v[:, :, None])[:, :, 0])
    g = (g - np.append(target, np.zeros(g.shape[1] - 1))).astype(E_in.dtype)
    g /= len(center) if count is None else count
    dv, du = (g[:, None] @ u)[:, 0], g[:, :, None] * v[:, None]
    return back(dv, center, E_in), back(du, words, E_out)


@negative_sampling_backward.mistake(OVERWRITTEN)
def repeated_words_overwritten(center, context, negatives, E_in, E_out):
    return sampled_gradients(center, context, negatives, E_in, E_out, back=overwritten)


@negative_sampling_backward.mistake(
    "The loss is a mean over the pairs: divide by their number, once."
)
def not_divided_by_the_number_of_pairs(center, context, negatives, E_in, E_out):
    return sampled_gradients(center, context, negatives, E_in, E_out, count=1)


@negative_sampling_backward.mistake(
    "You divide by the number of questions, N (1 + K); the loss averages over pairs and sums over a "
    "pair's questions."
)
def divided_by_the_number_of_questions(center, context, negatives, E_in, E_out):
    count = len(center) * (1 + negatives.shape[1])
    return sampled_gradients(center, context, negatives, E_in, E_out, count=count)


@negative_sampling_backward.mistake(
    "For the context the answer is yes, so its g is σ − 1; yours is σ, which pushes the context away."
)
def context_treated_as_noise(center, context, negatives, E_in, E_out):
    return sampled_gradients(center, context, negatives, E_in, E_out, target=0.0)


@negative_sampling_backward.mistake(
    "The sign is turned: the gradient is (σ − y) u, and (y − σ) u is the way downhill."
)
def downhill_instead_of_uphill_in_sampling(center, context, negatives, E_in, E_out):
    both = reference.negative_sampling_backward(center, context, negatives, E_in, E_out)
    return tuple(-dE for dE in both)


@negative_sampling_backward.mistake(
    "The noise pushes the centre, too: its vector's gradient sums over the context and all noise words."
)
def centre_hears_only_its_context(center, context, negatives, E_in, E_out):
    right = (E_out[context] * E_in[center]).sum(axis=1)
    g = (sigmoid(right) - 1) / E_in.dtype.type(len(center))
    dE_in = reference.embedding_backward(g[:, None] * E_out[context], center, E_in)
    both = reference.negative_sampling_backward(center, context, negatives, E_in, E_out)
    return dE_in, both[1]


@negative_sampling_backward.alternative
def by_einsum(center, context, negatives, E_in, E_out):
    words = np.concatenate([context[:, None], negatives], axis=1)
    v, u = E_in[center], E_out[words]
    g = sigmoid(np.einsum("nd,nkd->nk", v, u))
    g[:, 0] -= 1
    g /= len(center)
    dE_in, dE_out = np.zeros_like(E_in), np.zeros_like(E_out)
    np.add.at(dE_in, center, np.einsum("nk,nkd->nd", g, u))
    np.add.at(dE_out, words, np.einsum("nk,nd->nkd", g, v))
    return dE_in, dE_out


@negative_sampling_backward.loop
def _(center, context, negatives, E_in, E_out):
    dE_in, dE_out = np.zeros_like(E_in), np.zeros_like(E_out)
    for c, o, noise in zip(center, context, negatives, strict=True):
        for i, w in enumerate([o, *noise]):
            g = (sigmoid(E_out[w] @ E_in[c]) - (i == 0)) / len(center)
            dE_in[c] += E_in.dtype.type(g) * E_out[w]
            dE_out[w] += E_in.dtype.type(g) * E_in[c]
    return dE_in, dE_out


@negative_sampling_backward.benchmark
def _(rng):
    V, d, N = 2000, 100, 500
    ids = dict(center=rng.integers(V, size=N), context=rng.integers(V, size=N))
    return ids | dict(negatives=rng.integers(V, size=(N, 5))) | two_tables(rng, V, d)


# -- coalesce ----------------------------------------------------------------------------------

coalesce = Exercise(
    reference.coalesce, points=2, see="eq-coalesce", returns="ids, sums", seconds=3.0
)
coalesce.hints(
    "If equal ids stood side by side, each sum would be over one run of rows. How do you bring them "
    "side by side, and the rows with them?",
    "`order = np.argsort(ids)` sorts both: `ids[order]` and `rows[order]`. A run begins where an id "
    "differs from the one before.",
    "`np.add.reduceat(rows[order], starts)` adds up the runs that begin at `starts`.",
)


@coalesce.cases
def _(rng):
    def inputs(N, V, d, dtype=float):
        ids = repeating(rng, V, N)
        return dict(ids=ids, rows=rng.normal(size=(N, d)).astype(dtype))

    drawn = inputs(9, 5, 3)
    yield "ids that repeat", drawn | dict(ids=rng.permutation([4, 1, 4, 4, 0, 6, 1, 3, 9]))
    apart = dict(ids=np.array([7, 2, 5, 7, 2]), rows=rng.normal(size=(5, 2)))
    yield "equal ids that stand apart", apart
    yield "ids that are all different", inputs(4, 9, 2) | dict(ids=rng.permutation(9)[:4])
    yield "one and the same id", inputs(3, 5, 4) | dict(ids=np.full(3, 2))
    yield "a single row", inputs(1, 6, 2)
    yield "float32 rows", inputs(12, 4, 5, F32)


@coalesce.torch
def _(torch, ids, rows):
    size = (int(ids.max()) + 1, rows.shape[1])
    summed = torch.sparse_coo_tensor(ids[None], rows, size, check_invariants=False).coalesce()
    return summed.indices()[0], summed.values()


@coalesce.mistake(
    "Of a repeated id only the last row is left; `sums[place] += rows` writes each place once. Add up "
    "with `np.add.at` or `np.add.reduceat`."
)
def only_the_last_row_kept(ids, rows):
    found, place = np.unique(ids, return_inverse=True)
    sums = np.zeros((len(found), rows.shape[1]), rows.dtype)
    sums[place] = rows
    return found, sums


@coalesce.mistake(
    "Rows that share an id are averaged; gradients add up, so leave out the division."
)
def averaged(ids, rows):
    found, sums = reference.coalesce(ids, rows)
    return found, sums / np.unique(ids, return_counts=True)[1][:, None].astype(rows.dtype)


@coalesce.mistake(
    "The ids are sorted and the rows are not, so sums and ids do not belong together: `rows[order]`."
)
def rows_not_sorted_along(ids, rows):
    order = np.argsort(ids, kind="stable")
    found, starts = np.unique(ids[order], return_index=True)
    return found, np.add.reduceat(rows, starts)


@coalesce.mistake(
    "Only neighbours that are equal are added up, so an id that comes again later stands there twice: "
    "sort first."
)
def not_sorted(ids, rows):
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
    return ids[starts], np.add.reduceat(rows, starts)


@coalesce.mistake("The ids should ascend; yours stand in the order of their first appearance.")
def in_order_of_appearance(ids, rows):
    sums = {}
    for id, row in zip(ids, rows, strict=True):
        sums[id] = sums[id] + row if id in sums else row
    return np.array(list(sums)), np.array(list(sums.values()))


@coalesce.alternative
def by_unique_and_add_at(ids, rows):
    found, place = np.unique(ids, return_inverse=True)
    sums = np.zeros((len(found), rows.shape[1]), rows.dtype)
    np.add.at(sums, place, rows)
    return found, sums


@coalesce.alternative
def by_a_sparse_matrix(ids, rows):
    found, place = np.unique(ids, return_inverse=True)
    ones = np.ones(len(ids), rows.dtype)
    return found, sparse.csr_array((ones, (place, np.arange(len(ids))))) @ rows


@coalesce.loop
def _(ids, rows):
    sums = defaultdict(lambda: np.zeros(rows.shape[1], rows.dtype))
    for id, row in zip(ids, rows, strict=True):
        sums[id] += row
    found = sorted(sums)
    return np.array(found), np.array([sums[id] for id in found])


@coalesce.benchmark
def _(rng):
    return dict(ids=rng.integers(500, size=2000), rows=rng.normal(size=(2000, 100)))


# -- block_backward ----------------------------------------------------------------------------

block_backward = Exercise(reference.block_backward, points=2, see="eq-block", returns="dC, dO")
block_backward.hints(
    "The derivative of softplus(z) is σ(z), and of softplus(−z) it is σ(z) − 1. What is the derivative "
    "of the whole with respect to one score?",
    "G_ij = positive_ij (σ(s_ij) − 1) + negative_ij σ(s_ij). Then S = C Oᵀ goes back like any product "
    "of matrices.",
    "`G @ O, G.T @ C`",
)


@block_backward.cases
def _(rng):
    def inputs(B, M, d, dtype=float, size=1.0):
        near = rng.integers(3, size=(B, M))
        near[0, 0] = 2
        arrays = dict(
            C=size * rng.normal(size=(B, d)),
            O=size * rng.normal(size=(M, d)),
            positive=near,
            negative=rng.uniform(0.1, 1.5, size=(B, M)),
        )
        return {name: a.astype(dtype) for name, a in arrays.items()}

    yield "a block of centres and contexts", inputs(5, 7, 3)
    yield "as many contexts as centres", inputs(4, 4, 2)
    yield "a single centre", inputs(1, 6, 3)
    yield "scores far out", inputs(3, 5, 4, size=30.0)
    yield "float32 inputs", inputs(6, 3, 5, F32)
    turned = inputs(7, 5, 4)
    yield "non-contiguous inputs", {name: np.asfortranarray(a) for name, a in turned.items()}


@block_backward.torch
def _(torch, C, O, positive, negative):
    leaves, softplus = (C.requires_grad_(), O.requires_grad_()), torch.nn.functional.softplus
    S = C @ O.T
    loss = (positive * softplus(-S) + negative * softplus(S)).sum()
    return torch.autograd.grad(loss, leaves)


def through(G, C, O):
    return G @ O, G.T @ C


@block_backward.mistake(
    "A pair counts as often as `positive` and `negative` say: σ(s) is multiplied by their sum."
)
def weights_of_the_sigmoid_forgotten(C, O, positive, negative):
    return through(sigmoid(C @ O.T) - positive, C, O)


@block_backward.mistake("The noise is missing: negative ⊙ σ(S) belongs to G as well.")
def noise_missing(C, O, positive, negative):
    return through(positive * (sigmoid(C @ O.T) - 1), C, O)


@block_backward.mistake(
    "For the contexts the derivative is σ(s) − 1, since the answer should be yes; yours is σ(s)."
)
def contexts_pushed_away(C, O, positive, negative):
    return through((positive + negative) * sigmoid(C @ O.T), C, O)


@block_backward.mistake(
    "The sign is turned: a context's derivative is σ − 1, which is negative, and noise's is σ."
)
def sign_turned(C, O, positive, negative):
    return through(positive - (positive + negative) * sigmoid(C @ O.T), C, O)


@block_backward.mistake("The loss is a sum, no mean: nothing is divided.")
def averaged_over_the_block(C, O, positive, negative):
    G = (positive + negative) * sigmoid(C @ O.T) - positive
    return through(G / C.dtype.type(len(C)), C, O)


@block_backward.mistake(
    "S = C Oᵀ, so the gradient of C needs O, and that of O needs C: dC = G O, dO = Gᵀ C."
)
def own_vectors_taken(C, O, positive, negative):
    G = (positive + negative) * sigmoid(C @ O.T) - positive
    return G @ C, G.T @ O


@block_backward.alternative
def two_parts(C, O, positive, negative):
    S = C @ O.T
    G = negative * sigmoid(S) - positive * sigmoid(-S)
    return np.einsum("bm,md->bd", G, O), np.einsum("bm,bd->md", G, C)


@block_backward.loop
def _(C, O, positive, negative):
    dC, dO = np.zeros_like(C), np.zeros_like(O)
    for i in range(len(C)):
        for j in range(len(O)):
            s = sigmoid(C[i] @ O[j])
            g = positive[i, j] * (s - 1) + negative[i, j] * s
            dC[i] += g * O[j]
            dO[j] += g * C[i]
    return dC, dO


@block_backward.benchmark
def _(rng):
    shapes = dict(C=(128, 100), O=(202, 100), positive=(128, 202), negative=(128, 202))
    return {name: rng.uniform(size=size) for name, size in shapes.items()}


# -- pmi ---------------------------------------------------------------------------------------

pmi = Exercise(reference.pmi, points=2, see="def-pmi", returns="PMI")
pmi.hints(
    "How often would w and c meet if they had nothing to do with each other? PMI is the logarithm of "
    "how much more often they do.",
    "P(w, c) = counts/total, P(w) from the sums of rows, P(c) from those of columns. Cells with count 0 "
    "must not go through the logarithm.",
    "Fill with `-np.inf`, take the places `w, c = np.nonzero(counts)`, and write only there.",
)


@pmi.cases
def _(rng):
    def table(*shape, dtype=int):
        counts = rng.integers(1, 30, size=shape) * rng.integers(1, 4, size=shape)
        counts.flat[0] += 40
        return counts.astype(dtype)

    full = table(4, 5)
    yield "a table without zeros", dict(counts=full)
    holed = table(6, 6)
    holed[1, 2] = holed[4, 0] = holed[4, 4] = 0
    yield "pairs that never met", dict(counts=holed)
    lost = table(5, 3)
    lost[2] = 0
    yield "a word that was never seen", dict(counts=lost)
    yield "two rows", dict(counts=table(2, 4))
    yield "float32 counts", dict(counts=table(3, 7, dtype=F32))


@pmi.oracle
def _(counts):
    total = float(counts.sum())
    found = np.full(counts.shape, -math.inf)
    for w, c in np.ndindex(counts.shape):
        if counts[w, c]:
            met = math.log(counts[w, c] / total)
            alone = math.log(counts[w].sum() / total) + math.log(counts[:, c].sum() / total)
            found[w, c] = met - alone
    return found.astype(counts.dtype if counts.dtype.kind == "f" else float)


@pmi.mistake("Negative values are cut off at 0: that is the *positive* PMI. Here −∞ is an answer.")
def cut_off_at_zero(counts):
    return np.maximum(reference.pmi(counts), 0)


@pmi.mistake("The logarithm has base 2, which measures in bits; here it is the natural one.")
def in_bits(counts):
    return reference.pmi(counts) / np.log(counts.dtype.type(2)).astype(reference.pmi(counts).dtype)


@pmi.mistake(
    "That is log P(c | w): how frequent c is in general is not taken out. Divide by P(c), too."
)
def conditional_probability(counts):
    with np.errstate(all="ignore"):
        return np.log(counts / counts.sum(axis=1, keepdims=True))


@pmi.mistake("Counts are not probabilities: the total is missing, #(w, c) · total/(#(w) #(c)).")
def total_forgotten(counts):
    return reference.pmi(counts) - np.log(counts.sum()).astype(reference.pmi(counts).dtype)


@pmi.mistake(
    "One is added to every count so that no logarithm fails; that changes all numbers. Leave the cells "
    "with count 0 at −∞."
)
def one_added_to_every_count(counts):
    return reference.pmi(counts + counts.dtype.type(1))


@pmi.alternative
def sum_of_logarithms(counts):
    with np.errstate(all="ignore"):
        log = np.log(counts)
        rows, columns = np.log(counts.sum(axis=1)), np.log(counts.sum(axis=0))
        found = log - rows[:, None] - columns + np.log(counts.sum())
    found[counts == 0] = -np.inf
    return found


@pmi.alternative
def ratio_to_independence(counts):
    expected = np.outer(counts.sum(axis=1) / counts.sum(), counts.sum(axis=0))
    ratio = np.divide(counts, expected, where=counts > 0, out=np.zeros_like(expected))
    return np.log(ratio, where=ratio > 0, out=np.full_like(ratio, -np.inf))


# -- nearest -----------------------------------------------------------------------------------

nearest = Exercise(reference.nearest, points=2, see="def-likeness", returns="ids")
nearest.hints(
    "Two vectors point the same way, one is ten times as long: should it matter? And who is always "
    "nearest to a word?",
    "Divide every row of E by its length; then dot products are cosines. Set the word's own cosine to "
    "−∞ before you sort.",
    "`np.argsort(-cosines)[:k]`",
)


def vectors(rng, V, d, dtype=float):
    """Vectors of very different lengths, so that a dot product and a cosine disagree."""
    E = rng.normal(size=(V, d)) * rng.permutation(np.geomspace(0.1, 10, V))[:, None]
    return E.astype(dtype)


@nearest.cases
def _(rng):
    def inputs(V, d, k, dtype=float):
        return dict(E=vectors(rng, V, d, dtype), id=int(rng.integers(V)), k=k)

    yield "a small vocabulary", inputs(12, 3, 5)
    yield "all other words", inputs(9, 4, 8)
    yield "only the nearest", inputs(20, 2, 1)
    yield "vectors in many dimensions", inputs(15, 30, 7)
    yield "float32 vectors", inputs(11, 5, 6, F32)
    turned = inputs(14, 3, 6)
    yield "non-contiguous vectors", turned | dict(E=np.asfortranarray(turned["E"]))


@nearest.torch
def _(torch, E, id, k):
    cosines = torch.nn.functional.cosine_similarity(E, E[id][None])
    cosines[id] = -2
    return torch.topk(cosines, k).indices


def cosines_to(E, target):
    unit = E / np.linalg.norm(E, axis=1, keepdims=True)
    return unit @ target / np.linalg.norm(target)


@nearest.mistake(
    "The word itself is always nearest to itself, and tells nothing: leave it out of the answers."
)
def word_itself_included(E, id, k):
    return np.argsort(-cosines_to(E, E[id]))[:k]


@nearest.mistake(
    "A bare dot product favours long vectors; divide by the lengths, so that only the angle counts."
)
def dot_product_instead_of_cosine(E, id, k):
    scores = E @ E[id]
    scores[id] = -np.inf
    return np.argsort(-scores)[:k]


@nearest.mistake(
    "You sort by the distance of the points; two words that point the same way are far apart if one "
    "vector is long. Sort by the cosine."
)
def distance_instead_of_angle(E, id, k):
    gap = np.linalg.norm(E - E[id], axis=1)
    gap[id] = np.inf
    return np.argsort(gap)[:k]


@nearest.mistake("Those point the other way: `argsort` ascends, so sort the negative cosines.")
def furthest_first(E, id, k):
    cosines = cosines_to(E, E[id])
    cosines[id] = np.inf
    return np.argsort(cosines)[:k]


@nearest.mistake("These are the cosines; the ids of the words are asked for: `argsort`.")
def cosines_returned(E, id, k):
    return np.sort(np.delete(cosines_to(E, E[id]), id))[::-1][:k].copy()


@nearest.alternative
def without_normalising_the_word(E, id, k):
    scores = (E @ E[id]) / np.linalg.norm(E, axis=1)
    return np.array([w for w in np.argsort(-scores) if w != id][:k])


@nearest.alternative
def by_a_partial_sort(E, id, k):
    cosines = cosines_to(E, E[id])
    cosines[id] = -np.inf
    found = np.argpartition(-cosines, k - 1)[:k]
    return found[np.argsort(-cosines[found])]


@nearest.loop
def _(E, id, k):
    def cosine(w):
        a, b = E[w].tolist(), E[id].tolist()
        lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
        return sum(x * y for x, y in zip(a, b, strict=True)) / lengths

    others = [w for w in range(len(E)) if w != id]
    return np.array(sorted(others, key=cosine, reverse=True)[:k])


# -- analogy -----------------------------------------------------------------------------------

analogy = Exercise(reference.analogy, points=2, see="def-analogy", returns="ids")
analogy.hints(
    "What leads from a to b is e_b − e_a. Where do you arrive when you start at c?",
    "Bring all vectors to length 1 first, then compare every word with e_b − e_a + e_c. Which words are "
    "near that point for a trivial reason?",
    "`cosines[[a, b, c]] = -np.inf` before sorting. The length of the target changes no order.",
)


@analogy.cases
def _(rng):
    def inputs(V, d, k, dtype=float):
        a, b, c = (int(w) for w in rng.permutation(V)[:3])
        E = vectors(rng, V, d)
        E[c] = E[b] * rng.uniform(0.4, 0.6) + rng.normal(size=d) * 0.3 * np.linalg.norm(E[b])
        return dict(E=E.astype(dtype), a=a, b=b, c=c, k=k)

    yield "a small vocabulary", inputs(12, 3, 5)
    yield "all other words", inputs(9, 4, 6)
    yield "only the best answer", inputs(16, 5, 1)
    yield "vectors in many dimensions", inputs(25, 30, 8)
    yield "float32 vectors", inputs(13, 6, 7, F32)


@analogy.torch
def _(torch, E, a, b, c, k):
    unit = torch.nn.functional.normalize(E)
    cosines = torch.nn.functional.cosine_similarity(unit, (unit[b] - unit[a] + unit[c])[None])
    cosines[[a, b, c]] = -2
    return torch.topk(cosines, k).indices


def arrived(E, target, left_out, k):
    cosines = cosines_to(E, target)
    cosines[left_out] = -np.inf
    return np.argsort(-cosines)[:k]


def units(E):
    return E / np.linalg.norm(E, axis=1, keepdims=True)


@analogy.mistake(
    "The words of the question are not left out, and the best answer is mostly one of them: set the "
    "cosines of a, b and c to −∞."
)
def words_of_the_question_included(E, a, b, c, k):
    u = units(E)
    return arrived(E, u[b] - u[a] + u[c], [], k)


@analogy.mistake("Only c is left out; a and b are no answers either.")
def only_c_left_out(E, a, b, c, k):
    u = units(E)
    return arrived(E, u[b] - u[a] + u[c], [c], k)


@analogy.mistake(
    "The way is walked backwards, e_a − e_b + e_c: what is added to c leads from a to b, e_b − e_a."
)
def walked_from_b_to_a(E, a, b, c, k):
    u = units(E)
    return arrived(E, u[a] - u[b] + u[c], [a, b, c], k)


@analogy.mistake(
    "Vectors of different lengths are added, so the longest decides; bring them to length 1 first."
)
def lengths_left_in(E, a, b, c, k):
    return arrived(E, E[b] - E[a] + E[c], [a, b, c], k)


@analogy.mistake("All three are added; a's share is to be taken away: e_b − e_a + e_c.")
def all_three_added(E, a, b, c, k):
    u = units(E)
    return arrived(E, u[b] + u[a] + u[c], [a, b, c], k)


@analogy.alternative
def sum_of_three_cosines(E, a, b, c, k):
    u = units(E)
    scores = u @ u[b] - u @ u[a] + u @ u[c]
    return np.array([w for w in np.argsort(-scores) if w not in (a, b, c)][:k])


@analogy.loop
def _(E, a, b, c, k):
    u = units(E)
    scores = {w: float(u[w] @ (u[b] - u[a] + u[c])) for w in range(len(E)) if w not in (a, b, c)}
    return np.array(sorted(scores, key=scores.__getitem__, reverse=True)[:k])
