"""What the judge says of answers that no declaration foresaw."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import exercises
from autograder.exercise import Exercise, Function, Seed
from autograder.judge import judge, verdict
from autograder.observe import Observation, observe

BY_PROPERTY = [name for name, one in exercises.all().items() if one.by_property]


def scale(X, w, rows):
    """Return X scaled column by column, and the sum of its rows."""
    Y = X * w
    return Y, Y.sum(0)


exercise = Exercise(scale, returns="Y, total", seconds=0.5)


@exercise.cases
def _(rng):
    yield "a batch", dict(X=rng.normal(size=(5, 3)), w=rng.normal(size=3), rows=5)
    yield "a longer batch", dict(X=rng.normal(size=(7, 4)), w=rng.normal(size=4), rows=7)
    yield "a float32 input", dict(X=rng.normal(size=(4, 2)).astype("f"), w=np.ones(2, "f"), rows=4)


def said(answer):
    verdict = judge(exercise, answer)
    assert not verdict
    return verdict.finding, verdict.advice


def after(change_Y=lambda Y: Y, change_total=lambda total: total):
    def answer(X, w, rows):
        Y, total = scale(X, w, rows)
        return change_Y(Y), change_total(total)

    return answer


def writes_into_input(X, w, rows):
    X *= w
    return X, X.sum(0)


def never_ends(X, w, rows):
    while True:
        try:
            while True:
                pass
        except:  # noqa: E722  the rudest kind
            break
    while True:
        pass


def noisy(X, w, rows):
    np.exp(np.full(1, 1e4))
    return scale(X, w, rows)


def blank(X, w, rows):
    raise NotImplementedError


def leaves(X, w, rows):
    raise SystemExit


@pytest.mark.parametrize(
    ("answer", "finding", "words"),
    [
        (blank, "not written yet", "Replace the line"),
        (lambda X, w, rows: X.foo, "raises AttributeError", "has no attribute 'foo'"),
        (lambda X, w: X, "signature", "def scale(X, w, rows):"),
        (leaves, "raises SystemExit", "raise SystemExit"),
        (never_ends, "takes too long", "still running after 0.5 seconds"),
        (lambda X, w, rows: None, "returns None", "end with `return`"),
        (lambda X, w, rows: X * w, "number of results", "2 results (Y, total)"),
        (after(lambda Y: Y.tolist()), "a list", "np.array"),
        (after(lambda Y: "Y"), "type", "`Y` should be a NumPy array; a str came"),
        (after(lambda Y: Y.T), "shape", "transpose"),
        (after(lambda Y: Y, lambda t: t[:, None]), "shape", "axis of length 1"),
        (after(lambda Y: Y, lambda t: t.sum()), "shape", "one number"),
        (lambda X, w, rows: (X * w, (X * w).sum(1)), "shape", "number of rows of `X`"),
        (lambda X, w, rows: (X * w, X * w), "shape", "summed or averaged away"),
        (after(lambda Y: Y.astype(float)), "dtype", "wrong for a float32 input"),
        (after(lambda Y: Y * 1j), "dtype", "complex"),
        (writes_into_input, "changes its input", "alters `X`"),
        (noisy, "numerical warning", "overflow"),
        (after(lambda Y: Y * np.nan), "not finite", "`Y` holds NaN"),
        (after(lambda Y: Y * 0), "zero", "0 everywhere"),
        (after(lambda Y: -Y), "sign", "`Y` has the wrong sign"),
        (after(lambda Y: 2 * Y), "factor", "`Y` is 2 times"),
        (after(lambda Y: Y / len(Y)), "factor", "rows of `X`: you divide by it once too often"),
        (after(lambda Y: Y * len(Y)), "factor", "divide by it"),
        (after(lambda Y: Y + np.float32(0.5)), "value", "% of the largest entry"),
    ],
)  # fmt: skip
def test_generic_findings(answer, finding, words):
    name, advice = said(answer)
    assert name == finding, advice
    assert words in advice


def test_a_square_transpose_is_seen():
    def outer(a):
        """Return a times its cumulative sum."""
        return np.outer(a, np.cumsum(a))

    square = Exercise(outer, returns="M")

    @square.cases
    def _(rng):
        yield "a vector", dict(a=rng.normal(size=4))

    assert judge(square, lambda a: outer(a).T).finding == "transposed"


def test_a_generator_and_a_function_are_inputs_like_others():
    def draw(f, rng):
        """Return f of three random numbers."""
        return f(rng.normal(size=3))

    random = Exercise(draw, returns="y")

    @random.cases
    def _(rng):
        yield "squares", dict(f=Function("lambda x: x ** 2"), rng=Seed(int(rng.integers(100))))

    assert judge(random, lambda f, rng: f(rng.normal(size=3)))
    assert not judge(random, lambda f, rng: f(rng.normal(size=4)[1:]))


def count_down(n):
    """Yield n, n - 1, ..., 1."""
    yield from range(n, 0, -1)


counted = Exercise(count_down, returns="numbers")


@counted.cases
def _(rng):
    yield "five", dict(n=5)
    yield "seven", dict(n=7)


def endless(n):
    while True:
        yield n


def breaks_off(n):
    yield n
    raise KeyError("n - 1")


def test_what_a_generator_yields_is_judged():
    assert judge(counted, lambda n: (n - k for k in range(n)))
    assert not judge(counted, lambda n: (k for k in range(n)))
    assert not judge(counted, endless)
    assert judge(counted, breaks_off).finding == "raises KeyError"


def coin(n, p, rng):
    """Return n tosses of a coin that shows 1 with probability p."""
    return (rng.random(n) < p).astype(float)


tossed = Exercise(coin, returns="tosses", rtol=0.1)


@tossed.cases
def _(rng):
    yield "a fair coin", dict(n=20_000, p=0.5, rng=Seed(int(rng.integers(100))))
    yield "another coin", dict(n=20_001, p=0.3, rng=Seed(int(rng.integers(100))))


@tossed.law
def _(tosses, n, p, rng):
    return {"the share of ones": tosses.mean(), "the two faces": np.quantile(tosses, [0, 1])}


@tossed.mistake("You count the zeros.")
def faces_swapped(n, p, rng):
    return (rng.random(n) >= p).astype(float)


@pytest.mark.parametrize(
    "answer",
    [
        coin,
        lambda n, p, rng: (rng.random(n) >= 1 - p) * 1.0,
        lambda n, p, rng: rng.binomial(1, p, n).astype(float),
        lambda n, p, rng: np.array([1.0 if rng.uniform(0, 1) < p else 0.0 for _ in range(n)]),
    ],
)
def test_a_random_result_is_judged_by_its_law(answer):
    for seed in range(20):
        assert judge(tossed, answer, seed)


@pytest.mark.parametrize(
    ("answer", "finding", "words"),
    [
        (lambda n, p, rng: 1 - coin(n, p, rng), "faces swapped", "You count the zeros."),
        (lambda n, p, rng: coin(n, 0.7 * p, rng), "another law", "the share of ones, by 3"),
        (lambda n, p, rng: coin(n, p, rng) * np.nan, "another law", "off in the share of ones."),
        (lambda n, p, rng: 3 * coin(n, p, rng), "another law", "the share of ones, by 2"),
        (lambda n, p, rng: coin(n, p, rng)[1:], "shape", "is asked for"),
        (lambda n, p, rng: coin(n, p, rng) > 0, "dtype", "bool"),
        (lambda n, p, rng: coin(n, p, rng).tolist(), "a list", "np.array"),
        (lambda n, p, rng: coin(n, p, np.random.default_rng()), "numbers from elsewhere", "`rng`"),
        (lambda n, p, rng: 1 - coin(n, p, np.random.default_rng()), "another law", "ones"),
    ],
)  # fmt: skip
def test_what_is_said_of_another_law(answer, finding, words):
    verdict = judge(tossed, answer)
    assert verdict.finding == finding and words in verdict.advice, verdict
    assert verdict.credit(2) <= 1


def halves(total):
    """Return two numbers with the given sum, neither above 3/4 of it."""
    return np.array([total / 2, total / 2])


shared = Exercise(halves, returns="parts")
shared.cases(lambda rng: [(f"a sum of {n}", dict(total=n)) for n in (4.0, 8.0)])


@shared.certified
def _(parts, total):
    return {
        "the sum's distance from `total`": (abs(parts.sum() - total), 1e-9),
        "the larger part": (parts.max(), 0.75 * total),
    }


@shared.mistake("You return the sum itself, twice.")
def not_halved(total):
    return np.array([total, total])


@pytest.mark.parametrize("share", [0.5, 0.3, 0.75])
def test_every_result_within_its_bounds_is_right(share):
    verdict = judge(shared, lambda total: np.array([share * total, (1 - share) * total]))
    assert verdict and verdict.credit(2) == 2


@pytest.mark.parametrize(
    ("answer", "finding", "words"),
    [
        (lambda total: np.array([0.8, 0.2]) * total, "out of bounds", "larger part is 3.2, and may be 3 at"),
        (lambda total: np.array([2.0, 2.0]), "out of bounds", "is 4, and may be 1e-09 at most. It is right on 1"),
        (lambda total: np.array([np.nan, total]), "out of bounds", "is nan"),
        (lambda total: np.ones(2) * total, "not halved", "the sum itself, twice"),
        (lambda total: np.ones(3) * total / 3, "shape", "is asked for"),
        (lambda total: [total / 2, total / 2], "a list", "np.array"),
        (lambda total: (np.ones(2, np.float32) * total / 2).astype(np.float32), "dtype", "float64"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_result_out_of_its_bounds(answer, finding, words):
    verdict = judge(shared, answer)
    assert verdict.finding == finding and words in verdict.advice, verdict
    assert verdict.credit(2) <= 1


things = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | hnp.arrays(
        st.sampled_from([float, np.float32, int, bool, complex, object]),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=5),
    ),
    lambda inner: (
        st.tuples(inner, inner)
        | st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(things)
def test_whatever_comes_back_gets_a_sentence(thing):
    for found in (
        judge(exercise, lambda X, w, rows: thing),
        judge(tossed, lambda n, p, rng: thing),
        judge(shared, lambda total: thing),
    ):
        assert not found and found.finding and found.advice.endswith((".", "?"))


def test_an_expected_value_is_never_told():
    def mean(x):
        """Return the mean of x."""
        return float(np.mean(x))

    scalar = Exercise(mean, returns="m")

    @scalar.cases
    def _(rng):
        yield "three numbers", dict(x=np.array([1.0, 2.0, 4.5]))
        yield "four numbers", dict(x=np.array([0.5, 2.5, 4.5, 5.5]))

    verdict = judge(scalar, lambda x: float(np.median(x)))
    assert verdict.advice == "`m` is off by 20.0% of its size."


def order(keys):
    """Return the places of the keys, the smallest key first."""
    return np.argsort(keys)


def test_ids_are_wrong_and_not_far_off():
    places = Exercise(order, returns="places")
    places.cases(lambda rng: [("five keys", dict(keys=np.array([0.3, 0.9, 0.1, 0.5, 0.7])))])
    advice = judge(places, lambda keys: np.argsort(keys)[::-1]).advice
    assert advice == "`places` has the right shape, but 4 of its 5 entries are wrong."


def logarithms(counts):
    """Return ln of every count, −inf for none."""
    with np.errstate(divide="ignore"):
        return np.log(counts)


def test_infinities_are_no_distance():
    unbounded = Exercise(logarithms, returns="logs")
    unbounded.cases(lambda rng: [("some", dict(counts=np.array([3.0, 0.0, 7.0, 2.0])))])

    def said(answer):
        return judge(unbounded, answer).advice

    assert "right wherever a finite number belongs" in said(
        lambda counts: np.log(counts + (counts == 0))
    )
    assert "2 of its 4 entries are off" in said(lambda counts: logarithms(counts) + (counts > 2.5))


def numbered(words):
    """Return every word's place in the alphabet, and how many words there are."""
    return {word: float(i) for i, word in enumerate(sorted(words))}, len(words)


def test_a_wrong_value_in_a_dict_gets_a_sentence():
    listed = Exercise(numbered, returns="places, total")
    listed.cases(lambda rng: [(f"{n} words", dict(words=list("cabde"[:n]))) for n in (3, 5)])
    verdict = judge(
        listed, lambda words: ({w: 1.5 * p for w, p in numbered(words)[0].items()}, len(words))
    )
    assert verdict.finding == "factor"
    assert verdict.advice == "`places['b']` is 1.5 times what it should be."


def test_partial_credit_never_exceeds_half():
    verdict = judge(exercise, lambda X, w, rows: tuple(y.astype(float) for y in scale(X, w, rows)))
    assert not verdict and verdict.share == pytest.approx(2 / 3)
    assert verdict.credit(3) == 1.0


def seen(result=None, **what):
    """The verdict on the same observation for every case."""
    cases = exercise.draw(0)
    return verdict(exercise, cases, [Observation(result=result, **what)] * len(cases))


@pytest.mark.parametrize(
    ("error", "finding", "words"),
    [
        ("Missing", "not found", "There is no function `scale`"),
        ("Died", "ends its process", "`scale` ended the process"),
        ("Unsendable", "type", "cannot be judged: a set does not travel."),
        ("OutOfTime", "takes too long", "stopped"),
    ],
)
def test_what_only_another_process_can_say(error, finding, words):
    found = seen(error=error, message="WireError: a set does not travel")
    assert (found.finding, found.share) == (finding, 0)
    assert words in found.advice


@pytest.mark.parametrize("truth", [True, np.True_, np.array(True)])
def test_a_truth_value_is_no_number(truth):
    def one(n):
        """Return 1."""
        return 1

    counted = Exercise(one, returns="n")

    @counted.cases
    def _(rng):
        yield "any", dict(n=3)

    assert judge(counted, lambda n: np.int8(1)) and judge(counted, lambda n: 1.0)
    assert not judge(counted, lambda n: truth)


def test_what_is_repeated_of_a_result_is_short():
    def name(n):
        """Return a name in a dict."""
        return {"name": "a"}

    named = Exercise(name)

    @named.cases
    def _(rng):
        yield "any", dict(n=3)

    for result in ({"name": "x" * 9**6}, {str(key): 0 for key in range(9**5)}):
        assert len(judge(named, lambda n, result=result: result).advice) < 250


def nested(depth):
    return [nested(depth - 1)] if depth else 1.0


HOSTILE = [
    10**300,
    -1,
    np.nan,
    np.inf,
    5e-324,
    "x" * 10_000,
    "\x1b[31m",
    True,
    nested(5),
    [1, "a", [None]],
    [[1.0], [1.0, 2.0]],
    [10**300, 1],
    {"": [1], "a" * 1000: None},
    np.zeros((0, 1 << 27)),
    np.zeros((1,) * 16),
    np.zeros(3, np.float16),
    np.zeros(3, bool),
    np.full(3, 2**64 - 1, np.uint64),
    np.full((5, 3), 1.7e308),
    np.full((5, 3), np.nan),
    np.array("x"),
    (),
    [],
    {},
]


@pytest.mark.parametrize("name", ["scale", *BY_PROPERTY, "huffman_codes", "hidden_error"])
@pytest.mark.parametrize("part", range(-1, 2))
def test_hostile_results_are_wrong_and_break_nothing(name, part):
    """Whole results, and each part of a right one."""
    asked = exercise if name == "scale" else exercises.find(name)
    cases = asked.draw(0)
    right = [observe(asked.reference, case.inputs) for case in cases]
    for value in HOSTILE:
        made = []
        for one in right:
            result = value
            if part >= 0 and isinstance(one.result, tuple | list) and part < len(one.result):
                result = type(one.result)((*one.result[:part], value, *one.result[part + 1 :]))
            made.append(replace(one, result=result))
        found = verdict(asked, cases, made)
        assert not found and found.credit(1) <= 0.25, repr(value)[:80]
        assert len(found.advice) < 700


@pytest.mark.parametrize("name", BY_PROPERTY)
def test_hostile_numbers_of_the_right_form_are_wrong(name):
    asked = exercises.find(name)
    cases = asked.draw(0)
    right = [observe(asked.reference, case.inputs) for case in cases]

    def spoiled(value, number):
        if isinstance(value, tuple | list):
            return type(value)(spoiled(one, number) for one in value)
        value = np.asarray(value)
        if value.dtype.kind == "f":
            return np.full_like(value, number)
        whole = np.iinfo(value.dtype) if value.dtype.kind in "iu" else None
        return np.full_like(value, (whole.max if number > 0 else whole.min) if whole else 1)

    for number in (np.nan, np.inf, -np.inf, 1.7e308, -1.7e308, 5e-324):
        made = [replace(one, result=spoiled(one.result, number)) for one in right]
        found = verdict(asked, cases, made)
        assert not found and found.credit(1) <= 0.25, number
