"""What an answer in the chapter on generative networks must satisfy, and the mistakes people make."""

import numpy as np
from scipy import special
from scipy.spatial import distance

from autograder.exercise import Exercise
from solutions import generative as reference

F32 = np.float32


def soft(z):
    return np.logaddexp(z, 0)


def wide(rng, *shape, dtype=float):
    """Logits of both signs, none near 0, no two alike."""
    sign = rng.choice([-1.0, 1.0], size=shape)
    return (sign * rng.uniform(0.3, 3, size=shape)).astype(dtype)


def saturated(z):
    """The losses as they come from probabilities that are computed first."""
    D = 1 / (1 + np.exp(-z))
    return np.log(D), np.log(1 - D)


# -- discriminator_loss ------------------------------------------------------------------------


def both_logits(rng):
    yield "two batches", dict(real_logits=wide(rng, 4), fake_logits=wide(rng, 6))
    yield "two columns", dict(real_logits=wide(rng, 5, 1), fake_logits=wide(rng, 3, 1))
    yield (
        "a sure discriminator that is right",
        dict(real_logits=wide(rng, 7) + 8, fake_logits=wide(rng, 2) - 9),
    )
    far = np.array([1000.0, -1000.0, 400.0])
    yield "logits of ±1000", dict(real_logits=rng.permutation(far), fake_logits=far[:2] + 0.5)
    yield "one real, one fake", dict(real_logits=wide(rng, 1), fake_logits=wide(rng, 1))
    yield (
        "patches of a picture, transposed (non-contiguous)",
        dict(real_logits=wide(rng, 5, 3).T, fake_logits=wide(rng, 4, 2).T),
    )
    yield (
        "float32 logits",
        dict(real_logits=wide(rng, 8, dtype=F32), fake_logits=wide(rng, 5, dtype=F32)),
    )


discriminator_loss = Exercise(
    reference.discriminator_loss, points=2, see="def-discriminator-loss", returns="loss"
)
discriminator_loss.hints(
    "With D = σ(z), which function of z is −log D, and which is −log(1 − D)? You have written it, in a "
    "form that does not overflow.",
    "−log σ(z) = softplus(−z), and −log(1 − σ(z)) = softplus(z).",
    "`return np.mean(softplus(-real_logits)) + np.mean(softplus(fake_logits))`.",
)
discriminator_loss.cases(both_logits)


@discriminator_loss.torch
def _(torch, real_logits, fake_logits):
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    return bce(real_logits, torch.ones_like(real_logits)) + bce(
        fake_logits, torch.zeros_like(fake_logits)
    )


@discriminator_loss.mistake(
    "The labels are swapped: a discriminator should give 1 to the real and 0 to the fake ones."
)
def labels_swapped(real_logits, fake_logits):
    return reference.discriminator_loss(fake_logits, real_logits)


@discriminator_loss.mistake(
    "You take one mean over real and fake ones together. The game's value has a mean over each, and "
    "they are added, however many there are of each."
)
def one_mean_over_both(real_logits, fake_logits):
    return np.mean(np.append(soft(-real_logits), soft(fake_logits)))


@discriminator_loss.mistake(
    "You halve the sum. The game's value is the sum of the two means, which makes it 2 log 2 for a "
    "discriminator that knows nothing."
)
def halved(real_logits, fake_logits):
    return (np.mean(soft(-real_logits)) + np.mean(soft(fake_logits))) / 2


@discriminator_loss.mistake("The sums are not divided by the size of their batch: each is a mean.")
def sums_for_means(real_logits, fake_logits):
    return np.sum(soft(-real_logits)) + np.sum(soft(fake_logits))


@discriminator_loss.mistake(
    "The fakes count as real too: for them the loss is −log(1 − D), softplus(+z)."
)
def all_taken_for_real(real_logits, fake_logits):
    return np.mean(soft(-real_logits)) + np.mean(soft(-fake_logits))


@discriminator_loss.mistake(
    "Far out, D is rounded to 0 or 1 and its logarithm is −∞. Stay with the logits: softplus(∓z)."
)
def probabilities_first(real_logits, fake_logits):
    return -np.mean(saturated(real_logits)[0]) - np.mean(saturated(fake_logits)[1])


@discriminator_loss.mistake(
    "The sign is turned: that is the value V of the game, which the discriminator wants large. A loss "
    "is to be made small."
)
def value_of_the_game(real_logits, fake_logits):
    return -reference.discriminator_loss(real_logits, fake_logits)


@discriminator_loss.mistake(
    "Only the real ones count. A discriminator that says 1 to everything would be perfect: add the "
    "term of the fakes."
)
def fakes_forgotten(real_logits, fake_logits):
    return np.mean(soft(-real_logits))


@discriminator_loss.alternative
def by_logaddexp(real_logits, fake_logits):
    return np.logaddexp(0, -real_logits).mean() + np.logaddexp(0, fake_logits).mean()


@discriminator_loss.alternative
def by_log_sigmoid(real_logits, fake_logits):
    return -np.mean(special.log_expit(real_logits)) - np.mean(special.log_expit(-fake_logits))


@discriminator_loss.loop
def _(real_logits, fake_logits):
    real = sum(np.logaddexp(0, -z) for z in real_logits.flat) / real_logits.size
    fake = sum(np.logaddexp(0, z) for z in fake_logits.flat) / fake_logits.size
    return real_logits.dtype.type(real + fake)


# -- discriminator_loss_backward ---------------------------------------------------------------

discriminator_loss_backward = Exercise(
    reference.discriminator_loss_backward,
    points=2,
    see="eq-discriminator-gradient",
    returns="d_real, d_fake",
)
discriminator_loss_backward.hints(
    "softplus' = σ. What does the inner derivative of softplus(−z) add?",
    "−σ(−z) for the real ones, σ(z) for the fake ones; each mean brings in its own 1/N.",
    "`return -sigmoid(-real_logits) / real_logits.size, sigmoid(fake_logits) / fake_logits.size`.",
)
discriminator_loss_backward.cases(both_logits)


@discriminator_loss_backward.torch
def _(torch, real_logits, fake_logits):
    real, fake = (z.clone().requires_grad_() for z in (real_logits, fake_logits))
    log_sigmoid = torch.nn.functional.logsigmoid
    loss = -log_sigmoid(real).mean() - log_sigmoid(-fake).mean()
    return torch.autograd.grad(loss, (real, fake))


def slopes(real_logits, fake_logits):
    return -special.expit(-real_logits), special.expit(fake_logits)


@discriminator_loss_backward.mistake(
    "The 1/N of the means is missing: divide each gradient by the number of its logits."
)
def not_divided(real_logits, fake_logits):
    return slopes(real_logits, fake_logits)


@discriminator_loss_backward.mistake(
    "You divide by the number of all logits. Each mean runs over its own batch."
)
def divided_by_both_sizes(real_logits, fake_logits):
    n = real_logits.size + fake_logits.size
    real, fake = slopes(real_logits, fake_logits)
    return real / n, fake / n


@discriminator_loss_backward.mistake(
    "Both gradients have the wrong sign. The loss falls as the logit of a real one rises."
)
def signs_turned(real_logits, fake_logits):
    real, fake = reference.discriminator_loss_backward(real_logits, fake_logits)
    return -real, -fake


@discriminator_loss_backward.mistake(
    "The inner derivative of softplus(−z) is missing: the real ones' gradient has a minus, since "
    "their logits should rise."
)
def inner_derivative_forgotten(real_logits, fake_logits):
    real, fake = reference.discriminator_loss_backward(real_logits, fake_logits)
    return -real, fake


@discriminator_loss_backward.mistake(
    "The real ones' gradient is −σ(−z), which is σ(z) − 1. You have −σ(z): large where the "
    "discriminator is right already."
)
def sigmoid_of_the_wrong_sign(real_logits, fake_logits):
    _, fake = reference.discriminator_loss_backward(real_logits, fake_logits)
    return -special.expit(real_logits) / real_logits.size, fake


@discriminator_loss_backward.mistake(
    "A factor σ' = D (1 − D) is left over. It cancels against the 1/D of the logarithm: that is what "
    "the logits are good for."
)
def sigmoid_slope_left_over(real_logits, fake_logits):
    real, fake = reference.discriminator_loss_backward(real_logits, fake_logits)
    D, G = special.expit(real_logits), special.expit(fake_logits)
    return real * D * (1 - D), fake * G * (1 - G)


@discriminator_loss_backward.mistake(
    "`len` counts the rows. The mean runs over all logits: divide by `.size`."
)
def divided_by_the_rows(real_logits, fake_logits):
    real, fake = slopes(real_logits, fake_logits)
    return real / len(real), fake / len(fake)


@discriminator_loss_backward.alternative
def prediction_minus_label(real_logits, fake_logits):
    D, G = special.expit(real_logits), special.expit(fake_logits)
    return (D - 1) / D.size, G / G.size


@discriminator_loss_backward.alternative
def by_tanh(real_logits, fake_logits):
    real = (np.tanh(real_logits / 2) - 1) / (2 * real_logits.size)
    return real, (np.tanh(fake_logits / 2) + 1) / (2 * fake_logits.size)


@discriminator_loss_backward.loop
def _(real_logits, fake_logits):
    real, fake = np.empty_like(real_logits), np.empty_like(fake_logits)
    for i in np.ndindex(real.shape):
        real[i] = -special.expit(-real_logits[i]) / real.size
    for i in np.ndindex(fake.shape):
        fake[i] = special.expit(fake_logits[i]) / fake.size
    return real, fake


# -- generator_loss ----------------------------------------------------------------------------


def fake_cases(rng):
    yield "a batch", dict(fake_logits=wide(rng, 5))
    yield "a column", dict(fake_logits=wide(rng, 7, 1))
    yield "fakes that are seen through", dict(fake_logits=wide(rng, 4) - 9)
    yield "fakes that pass", dict(fake_logits=wide(rng, 3) + 6)
    yield "logits of ±1000", dict(fake_logits=np.array([-1000.0, 2.0, 1000.0, -300.0]))
    yield "a single fake", dict(fake_logits=wide(rng, 1))
    yield "patches of a picture, transposed (non-contiguous)", dict(fake_logits=wide(rng, 4, 3).T)
    yield "float32 logits", dict(fake_logits=wide(rng, 6, dtype=F32))


generator_loss = Exercise(
    reference.generator_loss, points=1, see="def-generator-loss", returns="loss"
)
generator_loss.hints(
    "The generator wants the discriminator to say 1. Which loss does the discriminator itself use for "
    "ones that should get a 1?",
    "−log D with D = σ(z) is softplus(−z).",
    "`return np.mean(softplus(-fake_logits))`.",
)
generator_loss.cases(fake_cases)


@generator_loss.torch
def _(torch, fake_logits):
    return -torch.nn.functional.logsigmoid(fake_logits).mean()


@generator_loss.mistake(
    "That is the minimax loss, mean log(1 − D). It is flat where fakes are seen through, so a bad "
    "generator hardly learns; the non-saturating loss is −mean log D."
)
def minimax_loss(fake_logits):
    return -np.mean(soft(fake_logits))


@generator_loss.mistake(
    "That is the discriminator's loss for fakes, −log(1 − D). The generator wants the opposite: "
    "−log D."
)
def loss_of_the_discriminator(fake_logits):
    return np.mean(soft(fake_logits))


@generator_loss.mistake("The sum is not divided by the number of fakes: a mean is asked for.")
def sum_for_mean(fake_logits):
    return np.sum(soft(-fake_logits))


@generator_loss.mistake(
    "The sign is turned: a loss that falls as D grows is −log D, which is positive."
)
def sign_turned(fake_logits):
    return -np.mean(soft(-fake_logits))


@generator_loss.mistake(
    "Far out, D is rounded to 0 and its logarithm is −∞. Stay with the logits: softplus(−z)."
)
def probabilities_first(fake_logits):
    return -np.mean(saturated(fake_logits)[0])


@generator_loss.mistake(
    "You take the logarithm of the mean of D. The mean of the logarithms is asked for: each fake has "
    "its own loss."
)
def logarithm_of_the_mean(fake_logits):
    return -np.log(np.mean(special.expit(fake_logits)))


@generator_loss.alternative
def by_logaddexp(fake_logits):
    return np.logaddexp(0, -fake_logits).mean()


@generator_loss.alternative
def as_a_discriminator_without_fakes(fake_logits):
    return -special.log_expit(fake_logits).sum() / fake_logits.dtype.type(fake_logits.size)


@generator_loss.loop
def _(fake_logits):
    total = 0.0
    for z in fake_logits.flat:
        total += max(-float(z), 0.0) + np.log1p(np.exp(-abs(float(z))))
    return fake_logits.dtype.type(total / fake_logits.size)


# -- generator_loss_backward -------------------------------------------------------------------

generator_loss_backward = Exercise(
    reference.generator_loss_backward, points=2, see="eq-generator-gradient", returns="d_fake"
)
generator_loss_backward.hints(
    "softplus' = σ. What does the inner derivative of softplus(−z) add, and what the mean?",
    "The gradient is −σ(−z) divided by the number of logits, `fake_logits.size`.",
    "`return -sigmoid(-fake_logits) / fake_logits.size`.",
)
generator_loss_backward.cases(fake_cases)


@generator_loss_backward.torch
def _(torch, fake_logits):
    leaf = fake_logits.clone().requires_grad_()
    loss = -torch.nn.functional.logsigmoid(leaf).mean()
    return torch.autograd.grad(loss, leaf)[0]


@generator_loss_backward.mistake(
    "That is the gradient of the minimax loss, −σ(z)/N: nearly 0 for fakes that are seen through, "
    "where there is most to learn. The non-saturating loss has −σ(−z)/N."
)
def gradient_of_the_minimax_loss(fake_logits):
    return -special.expit(fake_logits) / fake_logits.size


@generator_loss_backward.mistake(
    "The sign is turned: the loss falls as a logit rises, so its gradient is negative."
)
def sign_turned(fake_logits):
    return special.expit(-fake_logits) / fake_logits.size


@generator_loss_backward.mistake("The 1/N of the mean is missing: divide by `fake_logits.size`.")
def not_divided(fake_logits):
    return -special.expit(-fake_logits)


@generator_loss_backward.mistake(
    "`len` counts the rows. The mean runs over all logits: divide by `.size`."
)
def divided_by_the_rows(fake_logits):
    return -special.expit(-fake_logits) / len(fake_logits)


@generator_loss_backward.mistake(
    "A factor σ' = D (1 − D) is left over. It cancels: d log σ(z)/dz = 1 − σ(z)."
)
def sigmoid_slope_left_over(fake_logits):
    D = special.expit(fake_logits)
    return -(1 - D) * D * (1 - D) / D.size


@generator_loss_backward.mistake(
    "That is the gradient of the discriminator's loss for fakes, σ(z)/N, which pushes their logits "
    "down. The generator pushes them up."
)
def gradient_of_the_discriminator(fake_logits):
    return special.expit(fake_logits) / fake_logits.size


@generator_loss_backward.mistake(
    "exp(z) overflows for large z, and ∞/∞ is no number. Use `sigmoid(-z)`, which is stable."
)
def overflows(fake_logits):
    E = np.exp(-fake_logits)
    return -E / (1 + E) / fake_logits.size


@generator_loss_backward.alternative
def prediction_minus_label(fake_logits):
    return (special.expit(fake_logits) - 1) / fake_logits.size


@generator_loss_backward.alternative
def by_tanh(fake_logits):
    return (np.tanh(fake_logits / 2) - 1) / 2 / fake_logits.size


@generator_loss_backward.loop
def _(fake_logits):
    d_fake = np.empty_like(fake_logits)
    for i in np.ndindex(d_fake.shape):
        d_fake[i] = -special.expit(-fake_logits[i]) / d_fake.size
    return d_fake


# -- optimal_discriminator ---------------------------------------------------------------------

optimal_discriminator = Exercise(
    reference.optimal_discriminator, points=1, see="eq-optimal-discriminator", returns="D"
)
optimal_discriminator.hints(
    "At one point, the loss is −p log D − q log(1 − D). Where is its derivative with respect to D 0?",
    "p / D = q / (1 − D) gives D = p / (p + q). Where both are 0, the answer should be ½, without a "
    "warning.",
    "`nowhere = p + q == 0`, then "
    "`return np.where(nowhere, 0.5, p / np.where(nowhere, 1, p + q))`.",
)


@optimal_discriminator.cases
def _(rng):
    def densities(*shape, dtype=float):
        p, q = rng.uniform(0.1, 3, size=(2, *shape))
        return dict(p=p.astype(dtype), q=q.astype(dtype))

    yield "two densities", densities(7)
    yield "a grid of points", densities(4, 6)
    apart = densities(6)
    apart["p"][:2] = 0
    apart["q"][-3:] = 0
    yield "places where only one of them lives", apart
    gaps = densities(5)
    gaps["p"][1:3] = gaps["q"][2:4] = 0
    yield "a place where nothing lives", gaps
    yield "tiny densities", dict(p=1e-200 * rng.random(4), q=1e-200 * rng.random(4))
    yield (
        "transposed (non-contiguous) arrays",
        {name: part.T for name, part in densities(5, 3).items()},
    )
    small = densities(8, dtype=F32)
    small["p"][0] = small["q"][0] = 0
    yield "float32 densities", small


@optimal_discriminator.oracle
def _(p, q):
    """The zero of the loss's derivative, p (1 − D) − q D, by bisection."""
    low, high = np.zeros(p.shape), np.ones(p.shape)
    for _ in range(80):
        D = (low + high) / 2
        rising = p.astype(float) * (1 - D) > q.astype(float) * D
        falling = p.astype(float) * (1 - D) < q.astype(float) * D
        low, high = np.where(falling, low, D), np.where(rising, high, D)
    return ((low + high) / 2).astype(p.dtype)


@optimal_discriminator.mistake(
    "p and q are swapped: D is the chance that a point is real, and p is the real density."
)
def swapped(p, q):
    return reference.optimal_discriminator(q, p)


@optimal_discriminator.mistake(
    "Where both densities are 0, 0 is divided by 0. Answer ½ there, before you divide."
)
def zero_divided_by_zero(p, q):
    return p / (p + q)


@optimal_discriminator.mistake(
    "Where both densities are 0 you answer 0. Nothing is known there, so the answer is ½."
)
def zero_where_nothing_lives(p, q):
    total = p + q
    return p / np.where(total == 0, 1, total)


@optimal_discriminator.mistake(
    "p / q is how many times likelier real is than fake. As a probability it is p / (p + q)."
)
def odds(p, q):
    return p / q


@optimal_discriminator.mistake(
    "A small number in the denominator keeps the warning away and bends the answer: it is far too "
    "small where the densities are tiny, and 0 where both are 0."
)
def small_number_in_the_denominator(p, q):
    return p / (p + q + 1e-12)


@optimal_discriminator.mistake(
    "You decide for the likelier of the two. The best discriminator says how sure one can be."
)
def decided(p, q):
    return np.where(p == q, 0.5, p > q).astype(p.dtype)


@optimal_discriminator.mistake(
    "You normalise the two densities first. They are to be compared as they are, point by point."
)
def normalised_first(p, q):
    return reference.optimal_discriminator(p / p.sum(), q / q.sum())


@optimal_discriminator.alternative
def by_masked_division(p, q):
    D = np.full_like(p, 0.5)
    return np.divide(p, p + q, out=D, where=p + q > 0)


@optimal_discriminator.alternative
def by_the_sigmoid_of_log_odds(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.log(p) - np.log(q)
    return special.expit(np.where(np.isnan(z), 0, z)).astype(p.dtype)


@optimal_discriminator.loop
def _(p, q):
    D = np.full_like(p, 0.5)
    for i in np.ndindex(p.shape):
        if p[i] + q[i] > 0:
            D[i] = p[i] / (p[i] + q[i])
    return D


# -- js_divergence -----------------------------------------------------------------------------

js_divergence = Exercise(reference.js_divergence, points=2, see="def-js", returns="JS")
js_divergence.hints(
    "KL is infinite where q is 0 and p is not. Which distribution is 0 only where both are?",
    "Take m = (p + q) / 2, and the mean of KL(p‖m) and KL(q‖m).",
    "`m = (p + q) / 2`, then `return (kl_divergence(p, m) + kl_divergence(q, m)) / 2`.",
)


@js_divergence.cases
def _(rng):
    def pair(*shape, dtype=float):
        drawn = rng.uniform(0.05, 1, size=(2, *shape)) ** 2
        p, q = (drawn / drawn.sum(axis=-1, keepdims=True)).astype(dtype)
        return dict(p=p, q=q)

    yield "one pair", pair(5)
    yield "a batch of pairs", pair(4, 6)
    p, q = pair(7).values()
    p[:2], q[1:3] = 0, 0
    yield "zeros on either side", dict(p=p / p.sum(), q=q / q.sum())
    yield "nothing in common", dict(p=np.array([0.25, 0.75, 0, 0]), q=np.array([0, 0, 0.4, 0.6]))
    p, q = pair(3, 8).values()
    q[1] = p[1]
    yield "one pair of equals among others", dict(p=p, q=q)
    turned = pair(5, 7)
    yield (
        "a non-contiguous batch",
        {name: np.asfortranarray(part) for name, part in turned.items()},
    )
    yield "float32 probabilities", pair(6, 9, dtype=F32)


@js_divergence.oracle
def _(p, q):
    return (distance.jensenshannon(p.astype(float), q.astype(float), axis=-1) ** 2).astype(p.dtype)


@js_divergence.torch
def _(torch, p, q):
    m = (p + q) / 2

    def entropy(one):
        return -torch.special.xlogy(one, one).sum(-1)

    return entropy(m) - (entropy(p) + entropy(q)) / 2


def kl(p, q):
    return special.rel_entr(p, q).sum(axis=-1)


@js_divergence.mistake("The ½ is missing: the mean of the two divergences is asked for.")
def half_forgotten(p, q):
    m = (p + q) / 2
    return kl(p, m) + kl(q, m)


@js_divergence.mistake(
    "You compare p and q with each other, so one zero makes it infinite. Compare each with the mixture "
    "m = (p + q) / 2."
)
def without_the_mixture(p, q):
    return (kl(p, q) + kl(q, p)) / 2


@js_divergence.mistake(
    "The mixture is not halved: m = p + q sums to 2, and the result is too small by log 2."
)
def mixture_not_halved(p, q):
    return (kl(p, p + q) + kl(q, p + q)) / 2


@js_divergence.mistake(
    "You took logarithms to the base 2, which gives bits. Nats are asked for: the natural logarithm."
)
def in_bits(p, q):
    return reference.js_divergence(p, q) / p.dtype.type(np.log(2))


@js_divergence.mistake(
    "That is the root, the Jensen–Shannon distance (which SciPy's function gives). The divergence is "
    "its square."
)
def distance_for_divergence(p, q):
    return np.sqrt(reference.js_divergence(p, q))


@js_divergence.mistake("Only KL(p‖m) is there. The divergence is the mean of it and KL(q‖m).")
def one_side_only(p, q):
    return kl(p, (p + q) / 2)


@js_divergence.mistake(
    "The mixture stands on the wrong side: KL(p‖m), the mean taken over p, and not KL(m‖p), which is "
    "infinite where p is 0."
)
def mixture_on_the_wrong_side(p, q):
    m = (p + q) / 2
    return (kl(m, p) + kl(m, q)) / 2


@js_divergence.mistake("All pairs are added up into one number: sum over the last axis only.")
def one_number_for_all_pairs(p, q):
    return np.sum(reference.js_divergence(p, q))


@js_divergence.mistake(
    "0 · log 0 gives NaN. An outcome that never comes counts as 0; `kl_divergence` sees to it."
)
def zeros_not_handled(p, q):
    m = (p + q) / 2
    return np.sum(p * np.log(p / m) + q * np.log(q / m), axis=-1) / 2


@js_divergence.alternative
def by_relative_entropy(p, q):
    m = (p + q) / 2
    return special.rel_entr(p, m).sum(axis=-1) / 2 + special.rel_entr(q, m).sum(axis=-1) / 2


@js_divergence.alternative
def by_entropies(p, q):
    def entropy(one):
        return special.entr(one).sum(axis=-1)

    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


@js_divergence.loop
def _(p, q):
    total = np.zeros(p.shape[:-1])
    for i in np.ndindex(p.shape):
        for one in (float(p[i]), float(q[i])):
            if one > 0:
                total[i[:-1]] += one * np.log(2 * one / (float(p[i]) + float(q[i]))) / 2
    return total.astype(p.dtype)[()]


# -- pixel_shuffle -----------------------------------------------------------------------------

pixel_shuffle = Exercise(reference.pixel_shuffle, points=3, see="def-pixel-shuffle", returns="Y")
pixel_shuffle.hints(
    "Number the axes after splitting the channels: (N, C, r, r, H, W). In which order must they lie, "
    "so that one more reshape joins the right neighbours?",
    "The offset a belongs next to the row i, the offset b next to the column j: (N, C, H, r, W, r).",
    "`parts = X.reshape(N, C, r, r, H, W)`, then "
    "`parts.transpose(0, 1, 4, 2, 5, 3).reshape(N, C, H * r, W * r)`.",
)


@pixel_shuffle.cases
def _(rng):
    def inputs(N, C, H, W, factor, dtype=float):
        return dict(X=rng.normal(size=(N, C * factor**2, H, W)).astype(dtype), factor=factor)

    yield "a batch", inputs(2, 3, 4, 5, 2)
    yield "one image in grey", inputs(1, 1, 3, 4, 2)
    yield "a factor of three", inputs(3, 2, 2, 5, 3)
    yield "a factor of one", inputs(2, 3, 5, 4, 1)
    yield "images of one pixel", inputs(4, 3, 1, 1, 2)
    turned = inputs(2, 2, 5, 3, 2)
    yield "transposed (non-contiguous) images", turned | dict(X=turned["X"].swapaxes(-1, -2))
    yield "float32 images", inputs(3, 2, 3, 2, 2, F32)


@pixel_shuffle.torch
def _(torch, X, factor):
    return torch.nn.functional.pixel_shuffle(X, factor)


def shuffled(X, factor, split, axes):
    """Split the channels into axes of the given sizes (C, r, r in some order), then put in order."""
    N, channels, H, W = X.shape
    sizes = {"C": channels // factor**2, "r": factor}
    parts = X.reshape(N, *(sizes[one] for one in split), H, W).transpose(axes)
    return parts.reshape(N, sizes["C"], H * factor, W * factor)


@pixel_shuffle.mistake(
    "Nothing is moved: a `reshape` alone cuts the long row of numbers elsewhere. The axes must change "
    "places first."
)
def reshaped_only(X, factor):
    return shuffled(X, factor, "Crr", (0, 1, 2, 3, 4, 5))


@pixel_shuffle.mistake(
    "Rows and columns of the offsets are swapped: channel r a + b goes a rows down and b columns "
    "along."
)
def offsets_swapped(X, factor):
    return shuffled(X, factor, "Crr", (0, 1, 4, 3, 5, 2))


@pixel_shuffle.mistake(
    "You split the channels as (r, r, C), TensorFlow's order. Here, as in torch, the r² channels of "
    "one colour lie next to each other: (C, r, r)."
)
def order_of_tensorflow(X, factor):
    return shuffled(X, factor, "rrC", (0, 3, 4, 1, 5, 2))


@pixel_shuffle.mistake(
    "The channels lie as blocks side by side. Their pixels should be woven into each other: H before "
    "its offset, W before its offset."
)
def blocks_side_by_side(X, factor):
    return shuffled(X, factor, "Crr", (0, 1, 2, 4, 3, 5))


@pixel_shuffle.mistake(
    "Every pixel is repeated r × r times, which only blurs. Each of the r² channels gives one of the "
    "new pixels."
)
def pixels_repeated(X, factor):
    first = X[:, :: factor**2]
    return first.repeat(factor, axis=2).repeat(factor, axis=3)


@pixel_shuffle.mistake(
    "That is the inverse, which makes channels of pixels: the image grows, and the channels become "
    "fewer."
)
def inverse(X, factor):
    return reference.pixel_shuffle_backward(X, factor)


@pixel_shuffle.alternative
def by_strided_slices(X, factor):
    N, channels, H, W = X.shape
    Y = np.empty((N, channels // factor**2, H * factor, W * factor), dtype=X.dtype)
    for a in range(factor):
        for b in range(factor):
            Y[:, :, a::factor, b::factor] = X[:, factor * a + b :: factor**2]
    return Y


@pixel_shuffle.alternative
def by_einsum(X, factor):
    N, channels, H, W = X.shape
    C = channels // factor**2
    parts = X.reshape(N, C, factor, factor, H, W)
    return np.einsum("ncabij->nciajb", parts).reshape(N, C, H * factor, W * factor)


@pixel_shuffle.loop
def _(X, factor):
    N, channels, H, W = X.shape
    Y = np.empty((N, channels // factor**2, H * factor, W * factor), dtype=X.dtype)
    for n, c, y, x in np.ndindex(Y.shape):
        (i, a), (j, b) = divmod(y, factor), divmod(x, factor)
        Y[n, c, y, x] = X[n, c * factor**2 + factor * a + b, i, j]
    return Y


@pixel_shuffle.benchmark
def _(rng):
    return dict(X=rng.normal(size=(4, 36, 24, 26)), factor=3)


# -- pixel_shuffle_backward --------------------------------------------------------------------

pixel_shuffle_backward = Exercise(
    reference.pixel_shuffle_backward, points=2, see="eq-pixel-shuffle-backward", returns="dX"
)
pixel_shuffle_backward.hints(
    "Pixels only change their places. What is the Jacobian of such a map, and its transpose?",
    "Go the same way back: split height and width into (H, r) and (W, r), then bring both offsets to "
    "the channels.",
    "`parts = dY.reshape(N, C, H // r, r, W // r, r)`, then "
    "`parts.transpose(0, 1, 3, 5, 2, 4).reshape(N, C * r**2, H // r, W // r)`.",
)


@pixel_shuffle_backward.cases
def _(rng):
    def inputs(N, C, H, W, factor, dtype=float):
        dY = rng.normal(size=(N, C, H * factor, W * factor)).astype(dtype)
        return dict(dY=dY, factor=factor)

    yield "a batch", inputs(2, 3, 4, 5, 2)
    yield "one image in grey", inputs(1, 1, 3, 4, 2)
    yield "a factor of three", inputs(3, 2, 2, 5, 3)
    yield "a factor of one", inputs(2, 3, 5, 4, 1)
    yield "images of one pixel", inputs(4, 3, 1, 1, 2)
    turned = inputs(2, 2, 5, 3, 2)
    yield "transposed (non-contiguous) images", turned | dict(dY=turned["dY"].swapaxes(-1, -2))
    yield "float32 images", inputs(3, 2, 3, 2, 2, F32)


@pixel_shuffle_backward.torch
def _(torch, dY, factor):
    N, C, H, W = dY.shape
    X = torch.zeros(N, C * factor**2, H // factor, W // factor, dtype=dY.dtype, requires_grad=True)
    return torch.autograd.grad(torch.nn.functional.pixel_shuffle(X, factor), X, dY)[0]


def gathered(dY, factor, axes):
    N, C, H, W = dY.shape
    parts = dY.reshape(N, C, H // factor, factor, W // factor, factor).transpose(axes)
    return parts.reshape(N, C * factor**2, H // factor, W // factor)


@pixel_shuffle_backward.mistake(
    "Nothing is moved: a `reshape` alone gives the right shape, and every gradient to the wrong pixel."
)
def reshaped_only(dY, factor):
    return gathered(dY, factor, (0, 1, 2, 3, 4, 5))


@pixel_shuffle_backward.mistake(
    "Rows and columns of the offsets are swapped: channel r a + b came from a rows down and b columns "
    "along."
)
def offsets_swapped(dY, factor):
    return gathered(dY, factor, (0, 1, 5, 3, 2, 4))


@pixel_shuffle_backward.mistake(
    "Your channels come out as (r, r, C), TensorFlow's order. The r² channels of one colour belong "
    "next to each other: (C, r, r)."
)
def order_of_tensorflow(dY, factor):
    return gathered(dY, factor, (0, 3, 5, 1, 2, 4))


@pixel_shuffle_backward.mistake(
    "You divide by r². Nothing was averaged on the way forward: every entry has one place, and gets "
    "the whole of its gradient."
)
def averaged(dY, factor):
    return reference.pixel_shuffle_backward(dY, factor) / factor**2


@pixel_shuffle_backward.mistake(
    "You cut the picture into r × r large tiles. The channels were woven into each other: each takes "
    "every r-th pixel."
)
def large_tiles(dY, factor):
    N, C, H, W = dY.shape
    parts = dY.reshape(N, C, factor, H // factor, factor, W // factor).transpose(0, 1, 2, 4, 3, 5)
    return parts.reshape(N, -1, H // factor, W // factor)


@pixel_shuffle_backward.alternative
def by_strided_slices(dY, factor):
    N, C, H, W = dY.shape
    dX = np.empty((N, C * factor**2, H // factor, W // factor), dtype=dY.dtype)
    for a in range(factor):
        for b in range(factor):
            dX[:, factor * a + b :: factor**2] = dY[:, :, a::factor, b::factor]
    return dX


@pixel_shuffle_backward.alternative
def by_shuffled_numbers(dY, factor):
    N, C, H, W = dY.shape
    places = np.arange(dY.size).reshape(N, C * factor**2, H // factor, W // factor)
    dX = np.empty(dY.size, dtype=dY.dtype)
    dX[reference.pixel_shuffle(places, factor).ravel()] = dY.ravel()
    return dX.reshape(places.shape)


@pixel_shuffle_backward.loop
def _(dY, factor):
    N, C, H, W = dY.shape
    dX = np.empty((N, C * factor**2, H // factor, W // factor), dtype=dY.dtype)
    for n, c, y, x in np.ndindex(dY.shape):
        (i, a), (j, b) = divmod(y, factor), divmod(x, factor)
        dX[n, c * factor**2 + factor * a + b, i, j] = dY[n, c, y, x]
    return dX


@pixel_shuffle_backward.benchmark
def _(rng):
    return dict(dY=rng.normal(size=(4, 4, 72, 78)), factor=3)


# -- autoencoder_loss --------------------------------------------------------------------------

autoencoder_loss = Exercise(
    reference.autoencoder_loss, points=2, see="def-autoencoder", returns="loss"
)
autoencoder_loss.hints(
    "One example goes x → W_enc x → W_dec W_enc x. How does each step read for a batch whose examples "
    "are rows?",
    "`code = X @ W_enc.T` and `code @ W_dec.T`; with what is the second compared?",
    "`return mse_loss(X @ W_enc.T @ W_dec.T, X)`.",
)


@autoencoder_loss.cases
def _(rng):
    def inputs(N, D, H, dtype=float, size=1.0):
        arrays = dict(
            X=rng.normal(size=(N, D)),
            W_enc=size * rng.normal(size=(H, D)),
            W_dec=size * rng.normal(size=(D, H)),
        )
        return {name: array.astype(dtype) for name, array in arrays.items()}

    yield "a batch", inputs(5, 4, 2)
    yield "a single example", inputs(1, 6, 3)
    yield "a code that is wider than the input", inputs(4, 3, 7)
    yield "weights that are nearly nothing", inputs(6, 5, 2, size=1e-3)
    yield "large weights", inputs(3, 7, 4, size=1e4)
    turned = inputs(5, 6, 3)
    yield "a transposed (non-contiguous) batch", turned | dict(X=rng.normal(size=(6, 5)).T)
    yield "float32 data", inputs(7, 3, 2, F32)


@autoencoder_loss.torch
def _(torch, X, W_enc, W_dec):
    linear = torch.nn.functional.linear
    return torch.nn.functional.mse_loss(linear(linear(X, W_enc), W_dec), X)


def error(X, W_enc, W_dec):
    return X @ W_enc.T @ W_dec.T - X


@autoencoder_loss.mistake(
    "The squares are summed over the batch and its features. Their mean over all entries is asked for."
)
def sum_for_mean(X, W_enc, W_dec):
    return np.sum(error(X, W_enc, W_dec) ** 2)


@autoencoder_loss.mistake(
    "You divide by the number of examples only. Here, as in `mse_loss`, the mean runs over all N · D "
    "entries."
)
def divided_by_the_examples(X, W_enc, W_dec):
    return np.mean(np.sum(error(X, W_enc, W_dec) ** 2, axis=1))


@autoencoder_loss.mistake(
    "The encoder's weights decode as well (tied weights). Here the decoder has its own, W_dec."
)
def tied_weights(X, W_enc, W_dec):
    return np.mean((X @ W_enc.T @ W_enc - X) ** 2)


@autoencoder_loss.mistake(
    "The code is bent by a sigmoid. This auto-encoder is linear, so that its best code can be compared "
    "with principal components."
)
def sigmoid_on_the_code(X, W_enc, W_dec):
    return np.mean((special.expit(X @ W_enc.T) @ W_dec.T - X) ** 2)


@autoencoder_loss.mistake(
    "That is the size of the reconstruction. The loss is its distance from the input: subtract X."
)
def not_compared_with_the_input(X, W_enc, W_dec):
    return np.mean((X @ W_enc.T @ W_dec.T) ** 2)


@autoencoder_loss.mistake("The root is taken. The loss is the mean of the squares itself.")
def root_taken(X, W_enc, W_dec):
    return np.sqrt(np.mean(error(X, W_enc, W_dec) ** 2))


@autoencoder_loss.mistake("You take absolute differences; the loss takes their squares.")
def absolute_differences(X, W_enc, W_dec):
    return np.mean(np.abs(error(X, W_enc, W_dec)))


@autoencoder_loss.mistake("The ½ of other books is not in this loss: the plain mean is asked for.")
def halved(X, W_enc, W_dec):
    return np.mean(error(X, W_enc, W_dec) ** 2) / 2


@autoencoder_loss.alternative
def with_one_matrix(X, W_enc, W_dec):
    return np.mean((X @ (W_dec @ W_enc).T - X) ** 2)


@autoencoder_loss.alternative
def by_the_norm(X, W_enc, W_dec):
    return np.linalg.norm(error(X, W_enc, W_dec)) ** 2 / X.dtype.type(X.size)


@autoencoder_loss.loop
def _(X, W_enc, W_dec):
    total = sum(float(np.sum((W_dec @ (W_enc @ x) - x) ** 2, dtype=float)) for x in X)
    return X.dtype.type(total / X.size)


# -- fgsm --------------------------------------------------------------------------------------

fgsm = Exercise(reference.fgsm, points=1, see="eq-fgsm", returns="x_adv")
fgsm.hints(
    "Every entry may move by at most ε, whichever way. For an entry whose gradient is positive, which "
    "move makes the linearised loss grow most?",
    "A full step of ε in the direction of each gradient's sign.",
    "`return x + epsilon * np.sign(grad)`.",
)


@fgsm.cases
def _(rng):
    def inputs(*shape, epsilon, dtype=float):
        x, grad = rng.random(shape), rng.normal(size=shape)
        return dict(x=x.astype(dtype), grad=grad.astype(dtype), epsilon=epsilon)

    yield "one picture in a row", inputs(7, epsilon=0.1)
    yield "a batch", inputs(3, 5, epsilon=0.25)
    yield "pictures with channels", inputs(2, 3, 4, 5, epsilon=0.03)
    flat = inputs(4, 6, epsilon=0.2)
    flat["grad"][:, ::3] = 0
    yield "pixels that do not matter", flat
    tiny = inputs(5, 2, epsilon=0.3)
    yield "tiny gradients", tiny | dict(grad=1e-150 * tiny["grad"])
    centred = inputs(8, epsilon=0.5)
    yield "pixels of both signs", centred | dict(x=rng.normal(size=8))
    yield "no step", inputs(3, 4, epsilon=0.0)
    turned = inputs(6, 5, epsilon=0.15)
    yield (
        "transposed (non-contiguous) pictures",
        {name: part.T if isinstance(part, np.ndarray) else part for name, part in turned.items()},
    )
    yield "float32 pictures", inputs(4, 3, epsilon=0.1, dtype=F32)


@fgsm.torch
def _(torch, x, grad, epsilon):
    return x + epsilon * torch.sign(grad)


@fgsm.oracle
def _(x, grad, epsilon):
    """The corner of the box at which the linear function is largest, entry by entry."""
    moves = np.array([-epsilon, 0, epsilon]).reshape(3, *(1,) * x.ndim)
    gains = grad[None] * moves + 1e-300 * (moves == 0)  # among equals, to stay
    best = np.take_along_axis(np.broadcast_to(moves, gains.shape), gains.argmax(0)[None], axis=0)
    return (x + best[0]).astype(x.dtype)


@fgsm.mistake(
    "You step down the gradient, which makes the picture easier. To fool the net, its loss must grow: "
    "+ ε sign(grad)."
)
def downhill(x, grad, epsilon):
    return x - epsilon * np.sign(grad)


@fgsm.mistake(
    "The gradient itself is added. Its size does not matter here: every pixel moves by the whole ε, "
    "in the direction of its sign."
)
def sign_forgotten(x, grad, epsilon):
    return x + epsilon * grad


@fgsm.mistake(
    "The step has the length ε as a whole. Here every pixel for itself may move by ε: the ball is that "
    "of the largest entry, and its best point has the signs of the gradient."
)
def step_of_unit_length(x, grad, epsilon):
    return x + epsilon * grad / np.linalg.norm(grad)


@fgsm.mistake(
    "The gradient is divided by its largest entry, so only one pixel moves by the whole ε. All of them "
    "may: take the sign."
)
def divided_by_the_largest(x, grad, epsilon):
    return x + epsilon * grad / np.abs(grad).max()


@fgsm.mistake(
    "The result is cut to 0 … 1. That is a good thing to do with pictures, but a second step: nothing "
    "is clipped here."
)
def clipped(x, grad, epsilon):
    return np.clip(x + epsilon * np.sign(grad), 0, 1)


@fgsm.mistake(
    "A gradient of 0 counts as positive. `np.sign(0)` is 0: a pixel that does not matter stays."
)
def zero_counts_as_positive(x, grad, epsilon):
    return np.where(grad >= 0, x + epsilon, x - epsilon)


@fgsm.mistake("Only the perturbation comes back. Add it to x.")
def perturbation_only(x, grad, epsilon):
    return (epsilon * np.sign(grad)).astype(x.dtype)


@fgsm.mistake("The step is ε times the pixel's own value. Every pixel moves by ε.")
def in_proportion_to_the_pixel(x, grad, epsilon):
    return x * (1 + epsilon * np.sign(grad))


@fgsm.alternative
def by_comparison(x, grad, epsilon):
    return np.where(grad > 0, x + epsilon, np.where(grad < 0, x - epsilon, x))


@fgsm.alternative
def by_counting_signs(x, grad, epsilon):
    up, down = (grad > 0).astype(x.dtype), (grad < 0).astype(x.dtype)
    return x + epsilon * (up - down)


@fgsm.loop
def _(x, grad, epsilon):
    moved = x.copy()
    for i in np.ndindex(x.shape):
        if grad[i] > 0:
            moved[i] += epsilon
        elif grad[i] < 0:
            moved[i] -= epsilon
    return moved
