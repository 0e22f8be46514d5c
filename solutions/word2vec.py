"""Word vectors: windows, CBOW and skip-gram, negative sampling, and what the vectors can tell.

`E_in` (V, d) holds the vectors of words as centres, `E_out` (V, d) those of words as contexts, and a
word is its row number.
"""

import heapq
from collections import Counter

import numpy as np

from solutions.activations import sigmoid, softplus
from solutions.losses import cross_entropy, cross_entropy_backward


def build_vocabulary(tokens: list[str], min_count: int) -> tuple[dict[str, int], np.ndarray]:
    """Return the id of every word that occurs at least min_count times, and the counts by id.

    Ids run from 0, the most frequent word first; among equally frequent words the alphabet decides.
    tokens: the words of a text, in order.
    Returns {word: id} and counts (V,), integers, counts[id] being how often the word occurs.
    Source: Mikolov et al. (2013b).
    """
    ### BEGIN SOLUTION
    counted = Counter(tokens)
    kept = [word for word in counted if counted[word] >= min_count]
    kept.sort(key=lambda word: (-counted[word], word))
    return {word: i for i, word in enumerate(kept)}, np.array([counted[word] for word in kept], int)
    ### END SOLUTION


def skipgram_pairs(ids: np.ndarray, window: int) -> np.ndarray:
    """Return all pairs (centre, context) of words that stand at most `window` places apart.

    Every place of the text is the centre once, and no place is its own context; a window that sticks
    out of the text has fewer places.
    ids (T,): the text.  Returns (N, 2): in the first column the centre, in the second the context,
    sorted by the centre's place, then by the context's.
    Source: Mikolov et al. (2013a).
    """
    ### BEGIN SOLUTION
    offsets = np.arange(-window, window + 1)
    places = np.arange(len(ids))[:, None] + offsets[offsets != 0]
    inside = (places >= 0) & (places < len(ids))
    centers = np.broadcast_to(ids[:, None], places.shape)
    return np.stack([centers[inside], ids[places[inside]]], axis=1)
    ### END SOLUTION


def cbow_examples(ids: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the windows of a text and the words in their middle.

    Only places whose whole window lies in the text count: N = T − 2 window, or 0 if that is negative.
    ids (T,).  Returns context (N, 2 window), the words before and then those after the middle, in
    the text's order, and center (N,).
    Source: Mikolov et al. (2013a).
    """
    ### BEGIN SOLUTION
    offsets = np.arange(-window, window + 1)
    middles = np.arange(window, len(ids) - window)
    return ids[middles[:, None] + offsets[offsets != 0]], ids[middles]
    ### END SOLUTION


def embedding_backward(dY: np.ndarray, ids: np.ndarray, E: np.ndarray) -> np.ndarray:
    """Return the gradient of the look-up Y = E[ids] with respect to E.

    Formula: row w of dE is the sum of dY over all places where ids is w, and 0 where there is none.
    dY (..., d), ids (...) integers, any number of axes, E (V, d).  Returns (V, d), dtype of E.
    Source: chapter `word2vec`.
    """
    ### BEGIN SOLUTION
    dE = np.zeros_like(E)
    np.add.at(dE, ids, dY)
    return dE
    ### END SOLUTION


def cbow_loss(
    context: np.ndarray, center: np.ndarray, E_in: np.ndarray, E_out: np.ndarray
) -> np.floating:
    """Return the mean of −log p(centre | context), where the whole vocabulary competes.

    Formulas: h is the mean of the context's rows of E_in, p = softmax(E_out h).
    context (N, C), center (N,) integers, E_in, E_out (V, d).  Returns a scalar, dtype of E_in.
    Source: Mikolov et al. (2013a).
    """
    ### BEGIN SOLUTION
    H = E_in[context].mean(axis=1)
    return cross_entropy(H @ E_out.T, center)
    ### END SOLUTION


def skipgram_loss_backward(
    center: np.ndarray, context: np.ndarray, E_in: np.ndarray, E_out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of the mean of −log p(context | centre), with p = softmax(E_out v).

    Formulas: with v the centre's row of E_in and dz = (p − y)/N, y one-hot at the context,
    dv = E_outᵀ dz, added up in the centre's row, and dE_out = Σₙ dz vᵀ.
    center, context (N,) integers, E_in, E_out (V, d).  Returns dE_in, dE_out (V, d), their dtype.
    Source: Mikolov et al. (2013a); Rong (2014).
    """
    ### BEGIN SOLUTION
    H = E_in[center]
    dZ = cross_entropy_backward(H @ E_out.T, context)
    return embedding_backward(dZ @ E_out, center, E_in), dZ.T @ H
    ### END SOLUTION


def huffman_codes(counts: np.ndarray) -> list[str]:
    """Return Huffman's code for every word, a string of 0s and 1s, frequent words the shorter ones.

    Rule: join the two lightest trees into one, whose weight is their sum, until one is left.  The
    lighter of the two is reached by 0, the other by 1.  Of equally heavy trees the earlier one counts
    as lighter: first the single words by id, then the joined trees in the order in which they arose.
    counts (V,), V at least 1.  Returns V strings; a single word has the empty code.
    Source: Huffman (1952).
    """
    ### BEGIN SOLUTION
    codes = [""] * len(counts)
    trees = [(count, i, [i]) for i, count in enumerate(counts)]
    heapq.heapify(trees)
    for born in range(len(counts), 2 * len(counts) - 1):
        light, heavy = heapq.heappop(trees), heapq.heappop(trees)
        for bit, (_, _, words) in zip("01", (light, heavy), strict=True):
            for word in words:
                codes[word] = bit + codes[word]
        heapq.heappush(trees, (light[0] + heavy[0], born, light[2] + heavy[2]))
    return codes
    ### END SOLUTION


def noise_distribution(counts: np.ndarray, power: float) -> np.ndarray:
    """Return the probabilities with which negative sampling draws its noise words.

    Formula: P(w) = count(w)^power / Σ count^power.  Power 1 gives the words' frequencies, 0 all words
    alike, and word2vec takes 3/4.
    counts (V,), positive.  Returns (V,), dtype of counts, float64 if counts are integers.
    Source: Mikolov et al. (2013b).
    """
    ### BEGIN SOLUTION
    weights = counts**power
    return weights / weights.sum()
    ### END SOLUTION


def keep_probability(counts: np.ndarray, t: float) -> np.ndarray:
    """Return the probability with which an occurrence of each word stays when a text is thinned.

    Formula: min(1, √(t/f)), with f = count/Σ count the word's share of the text.
    counts (V,), positive.  Returns (V,), dtype of counts, float64 if counts are integers.
    Source: Mikolov et al. (2013b).
    """
    ### BEGIN SOLUTION
    frequency = counts / counts.sum()
    return np.minimum(1, np.sqrt(t / frequency))
    ### END SOLUTION


def negative_sampling_loss(
    center: np.ndarray,
    context: np.ndarray,
    negatives: np.ndarray,
    E_in: np.ndarray,
    E_out: np.ndarray,
) -> np.floating:
    """Return the mean over pairs of −log σ(u_o·v) − Σ_k log σ(−u_k·v).

    v is the centre's row of E_in, u_o the context's row of E_out, u_k those of the pair's own noise.
    center, context (N,), negatives (N, K) integers, E_in, E_out (V, d).  Noise that happens to be the
    context counts as noise.  Finite at scores of ±1000.  Returns a scalar, dtype of E_in.
    Source: Mikolov et al. (2013b).
    """
    ### BEGIN SOLUTION
    v = E_in[center]
    right = (E_out[context] * v).sum(axis=1)
    noise = (E_out[negatives] * v[:, None]).sum(axis=2)
    return (softplus(-right) + softplus(noise).sum(axis=1)).mean()
    ### END SOLUTION


def negative_sampling_backward(
    center: np.ndarray,
    context: np.ndarray,
    negatives: np.ndarray,
    E_in: np.ndarray,
    E_out: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of `negative_sampling_loss` with respect to E_in and E_out.

    Formulas: with g = (σ(u·v) − y)/N for each of a pair's 1 + K output words, y = 1 for the context
    and 0 for noise: dv = Σ g u and du = g v, added up where a word repeats.
    center, context (N,), negatives (N, K) integers, E_in, E_out (V, d).
    Returns dE_in, dE_out (V, d), their dtype.
    Source: Mikolov et al. (2013b).
    """
    ### BEGIN SOLUTION
    words = np.concatenate([context[:, None], negatives], axis=1)
    v, u = E_in[center], E_out[words]
    g = sigmoid((u @ v[:, :, None])[:, :, 0])
    g[:, 0] -= 1
    g /= len(center)
    dv = (g[:, None] @ u)[:, 0]
    du = g[:, :, None] * v[:, None]
    return embedding_backward(dv, center, E_in), embedding_backward(du, words, E_out)
    ### END SOLUTION


def coalesce(ids: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every id once, in ascending order, with the sum of the rows that belong to it.

    Sorting brings equal ids together, then each run of them is added up.
    ids (N,) integers, rows (N, d), N at least 1.  Returns (M,) and (M, d), dtypes of the inputs.
    Source: chapter `word2vec`; the name is torch's, for sparse gradients.
    """
    ### BEGIN SOLUTION
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
    return ids[starts], np.add.reduceat(rows[order], starts)
    ### END SOLUTION


def block_backward(
    C: np.ndarray, O: np.ndarray, positive: np.ndarray, negative: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of Σ_ij positive_ij softplus(−s_ij) + negative_ij softplus(s_ij), s = C Oᵀ.

    positive_ij counts how often row i of C met row j of O as its context, negative_ij how often as
    noise; both may be fractions.
    Formulas: G = (positive + negative) ⊙ σ(S) − positive, dC = G O, dO = Gᵀ C.
    C (B, d), O (M, d), positive, negative (B, M).  Returns dC (B, d), dO (M, d), dtype of C.
    Source: chapter `word2vec`.
    """
    ### BEGIN SOLUTION
    G = (positive + negative) * sigmoid(C @ O.T) - positive
    return G @ O, G.T @ C
    ### END SOLUTION


def pmi(counts: np.ndarray) -> np.ndarray:
    """Return the pointwise mutual information of rows and columns of a table of counts.

    Formula: log P(w, c)/(P(w) P(c)) = log(#(w, c) · total/(#(w) #(c))), with #(w) the sum of row w,
    #(c) that of column c; −∞ where #(w, c) = 0.  Natural logarithm.
    counts (V, C), not negative.  Returns (V, C), float32 for float32 counts, else float64.
    Source: Church and Hanks (1990).
    """
    ### BEGIN SOLUTION
    information = np.full(counts.shape, -np.inf, np.result_type(counts, np.float32))
    w, c = np.nonzero(counts)
    row, column = counts.sum(axis=1)[w], counts.sum(axis=0)[c]
    information[w, c] = np.log(counts[w, c] / row * (counts.sum() / column))
    return information
    ### END SOLUTION


def nearest(E: np.ndarray, id: int, k: int) -> np.ndarray:
    """Return the k words whose vectors make the smallest angle with that of word `id`, nearest first.

    The measure is the cosine, e_i·e_id/(‖e_i‖ ‖e_id‖).  The word itself is left out.
    E (V, d), no row zero, k < V.  Returns k ids.
    Source: Mikolov et al. (2013a).
    """
    ### BEGIN SOLUTION
    unit = E / np.linalg.norm(E, axis=1, keepdims=True)
    cosines = unit @ unit[id]
    cosines[id] = -np.inf
    return np.argsort(-cosines)[:k]
    ### END SOLUTION


def analogy(E: np.ndarray, a: int, b: int, c: int, k: int) -> np.ndarray:
    """Return the k best answers to "a is to b as c is to …", best first.

    All vectors are brought to length 1; answers are the words with the largest cosine to
    e_b − e_a + e_c.  The words a, b and c are left out.
    E (V, d), no row zero, k at most V − 3.  Returns k ids.
    Source: Mikolov et al. (2013c).
    """
    ### BEGIN SOLUTION
    unit = E / np.linalg.norm(E, axis=1, keepdims=True)
    cosines = unit @ (unit[b] - unit[a] + unit[c])
    cosines[[a, b, c]] = -np.inf
    return np.argsort(-cosines)[:k]
    ### END SOLUTION
