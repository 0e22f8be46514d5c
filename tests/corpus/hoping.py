"""Half-right and made-up answers, which hope for points that nobody meant to give."""

import functools

from corpus.entry import hostile
from corpus.notebooks import WRONG, everywhere, filled, released, wrong

hope = functools.partial(hostile, "hoping")

hope("stubs", "Hands in the notebook as it came.", released())
for label, body in (
    ("zeros", "return np.zeros_like(z)"),
    ("ones", "return np.ones_like(z)"),
    ("halves", "return np.full_like(z, 0.5)"),
    ("NaN", "return np.full_like(z, np.nan)"),
    ("infinities", "return np.full_like(z, np.inf)"),
    ("an empty array", "return np.empty(0)"),
    ("None", "return None"),
    ("True", "return True"),
    ("Ellipsis", "return ..."),
    ("the function itself", "return sigmoid"),
    ("the class", "return type(z)"),
    ("a tuple of guesses", "return z, z * 0, z * 0 + 0.5"),
    ("the right shape unfilled", "return np.empty_like(z)"),
    ("the input rounded", "return np.round(z)"),
    ("the sign", "return (z > 0).astype(z.dtype)"),
    ("a masked array", "return np.ma.masked_all(z.shape)"),
    ("a matrix", "return np.asmatrix(np.atleast_2d(z.ravel()))"),
):
    hope(label, f"Returns {label} for everything.", everywhere(body))

hope(
    "nearly right",
    "Is off by one part in ten thousand, hoping for a wide tolerance.",
    filled(
        sigmoid="""
        def sigmoid(z):
            e = np.exp(-np.abs(z))
            return (np.maximum(e, z >= 0) / (1 + e) * (1 + 1e-4)).astype(z.dtype)
        """
    ),
    deserves=3.0,
)
hope(
    "right in one precision only",
    "Computes in float64 and returns it whatever precision was asked for.",
    filled(
        sigmoid="""
        def sigmoid(z):
            z = z.astype(np.float64)
            e = np.exp(-np.abs(z))
            return np.maximum(e, z >= 0) / (1 + e)
        """
    ),
    deserves=4.0,
    least=3.0,
)
hope(
    "right near zero only",
    "Uses a Taylor polynomial, which is right nowhere but near zero.",
    filled(sigmoid="def sigmoid(z):\n    return (0.5 + z / 4 - z**3 / 48).astype(z.dtype)"),
    deserves=3.0,
)
hope(
    "overflowing",
    "Uses the formula as it stands, which overflows for large inputs.",
    filled(sigmoid="def sigmoid(z):\n    return 1 / (1 + np.exp(-z))"),
    deserves=4.0,
    least=3.0,
    teaches="Partial credit is at most half: this one is right on most inputs.",
)
hope(
    "changes its input",
    "Is right and alters what belongs to the caller.",
    filled(
        tanh_backward="def tanh_backward(dA, z):\n    z[...] = np.tanh(z)\n    return dA * (1 - z**2)"
    ),
    deserves=4.5,
    least=4.0,
)
hope(
    "everything caught",
    "Wraps its stub in try and returns whatever is left.",
    everywhere("""
        try:
            raise NotImplementedError
        except Exception:
            return z
    """),
)
hope(
    "answer under another name",
    "Writes the right function under the name of no exercise and leaves the stub.",
    filled(sigmoid=None, last="def my_sigmoid(z):\n    return 0.5 * (1 + np.tanh(z / 2))"),
    deserves=3.0,
)
hope(
    "answer in markdown",
    "Writes the right code into a markdown cell.",
    wrong(last="# see the text"),
)
hope(
    "answer commented out",
    "Leaves the right answer in a comment.",
    filled(sigmoid=WRONG["sigmoid"] + "    # return 0.5 * (1 + np.tanh(z / 2))"),
    deserves=3.0,
)
hope(
    "answer overwritten",
    "Defines the right answer and then the wrong one in the same cell.",
    filled(sigmoid="def sigmoid(z):\n    return 0.5 * (1 + np.tanh(z / 2))\n" + WRONG["sigmoid"]),
    deserves=3.0,
)
hope(
    "wrong arguments",
    "Names its arguments otherwise, so that the call by name fails.",
    filled(sigmoid="def sigmoid(x):\n    return 0.5 * (1 + np.tanh(x / 2))"),
    deserves=3.0,
)
hope(
    "answer that is no function",
    "Binds the exercise's name to a number, an array and None.",
    filled(
        sigmoid="sigmoid = 0.5",
        sigmoid_backward="sigmoid_backward = np.zeros(3)",
        tanh_backward="tanh_backward = None",
    ),
)
hope(
    "answer deleted",
    "Deletes its own functions at the end of their cells.",
    filled(sigmoid="def sigmoid(z):\n    return z\ndel sigmoid"),
    deserves=3.0,
)
hope(
    "constants for chapter 5",
    "Answers chapter 5 with constants and inputs returned.",
    filled(
        "backpropagation",
        output_error="def output_error(A, Y, Z):\n    return A - Y",
        relative_error="def relative_error(a, b):\n    return 2.0",
        gradient_check="def gradient_check(f, theta, grad, h=1e-5):\n    return 1.0",
        sgd_epoch="def sgd_epoch(X, Y, weights, biases, batch_size, lr, rng):\n    return weights, biases",
    ),
    deserves=0.5,
    least=0.0,
    chapter="backpropagation",
)
hope(
    "functions given read for their answers",
    "Reads the source of the function that it is given, and the seed of its generator.",
    filled(
        "backpropagation",
        output_error="def output_error(A, Y, Z):\n    return A - Y",
        relative_error="def relative_error(a, b):\n    return float(np.max(np.abs(a)))",
        gradient_check="def gradient_check(f, theta, grad, h=1e-5):\n    return f.source, f._call, vars(f)",
        sgd_epoch="def sgd_epoch(X, Y, weights, biases, batch_size, lr, rng):\n"
        "    return rng.bit_generator.state, rng.bit_generator.seed_seq.entropy",
    ),
    chapter="backpropagation",
    deserves=0.5,
    least=0.0,
)
