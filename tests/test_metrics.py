"""The metrics of the chapter on training agree with scikit-learn, ties and one-sided data included."""

import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from solutions.training import confusion_matrix, f_score, precision_recall_curve

# Few distinct scores, so that most examples are tied; the labels may all be 0 or all be 1.
examples = st.lists(
    st.tuples(st.sampled_from([-1.5, 0.0, 0.1, 0.25, 0.5, 2.0]), st.integers(0, 1)),
    min_size=1,
    max_size=40,
)


def theirs(metric, *args, **settings):
    """scikit-learn's answer; it warns where a class is missing, and says the same as we do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric(*args, **settings)


def assert_same_curve(scores, labels):
    mine = precision_recall_curve(scores, labels)
    for ours, other in zip(
        mine, theirs(metrics.precision_recall_curve, labels, scores), strict=True
    ):
        np.testing.assert_allclose(ours, other, rtol=1e-12)
        assert ours.shape == other.shape


@settings(max_examples=300, deadline=None)
@given(examples)
@example([(0.5, 1)])
@example([(0.5, 0)])
@example([(0.1, 1), (0.1, 1), (0.1, 1)])
@example([(0.1, 0), (0.1, 1), (0.1, 0)])
def test_the_curve_agrees_on_scores_with_ties(pairs):
    scores, labels = (np.array(column) for column in zip(*pairs, strict=True))
    assert_same_curve(scores, labels)
    assert_same_curve(scores, labels == 1)
    assert_same_curve(scores.astype(np.float32), labels)


@pytest.mark.parametrize("decimals", [0, 1, 2, 9])
@pytest.mark.parametrize("positives", [0.0, 0.02, 0.5, 1.0])
def test_the_curve_agrees_on_many_seeds(decimals, positives):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 300))
        labels = (rng.random(n) < positives).astype(int)
        assert_same_curve(np.round(rng.normal(size=n) + 0.8 * labels, decimals), labels)


def test_the_area_in_steps_is_the_average_precision():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        labels = np.append(rng.integers(2, size=80), 1)
        scores = np.round(rng.normal(size=81) + labels, 1)
        precision, recall, _ = precision_recall_curve(scores, labels)
        area = -np.sum(np.diff(recall) * precision[:-1])
        assert area == pytest.approx(metrics.average_precision_score(labels, scores), rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
@example([(3, 3), (3, 3)])
def test_the_confusion_matrix_agrees(pairs):
    labels, predictions = (np.array(column) for column in zip(*pairs, strict=True))
    for dtype in (np.int64, np.uint8):
        ours = confusion_matrix(labels.astype(dtype), predictions.astype(dtype), 6)
        other = theirs(metrics.confusion_matrix, labels, predictions, labels=range(6))
        np.testing.assert_array_equal(ours, other)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40),
    st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0]),
)
@example([(0, 0), (0, 0)], 1.0)
@example([(1, 1)], 2.0)
@example([(0, 1), (1, 0)], 0.5)
def test_the_f_score_agrees(pairs, beta):
    """With zero_division=0, since scikit-learn leaves open what 0/0 is."""
    labels, predictions = (np.array(column) for column in zip(*pairs, strict=True))
    precision, recall, other, _ = theirs(
        metrics.precision_recall_fscore_support,
        labels,
        predictions,
        beta=beta,
        average="binary",
        zero_division=0,
    )
    assert f_score(precision, recall, beta) == pytest.approx(other, rel=1e-12, abs=1e-300)


def test_the_f_score_along_a_curve_agrees():
    rng = np.random.default_rng(7)
    labels = rng.integers(2, size=60)
    scores = np.round(rng.normal(size=60) + labels, 1)
    precision, recall, thresholds = precision_recall_curve(scores, labels)
    ours = np.asarray(f_score(precision, recall, 2.0))
    for score, threshold in zip(ours, thresholds, strict=False):  # the last point has no threshold
        other = metrics.fbeta_score(labels, scores >= threshold, beta=2.0)
        assert score == pytest.approx(other, rel=1e-12)


def test_precision_and_recall_are_read_off_the_confusion_matrix():
    rng = np.random.default_rng(8)
    labels = rng.integers(2, size=50)
    scores = np.round(rng.random(50), 1)
    precision, recall, thresholds = precision_recall_curve(scores, labels)
    for p, r, threshold in zip(precision, recall, thresholds, strict=False):
        (_, false_positive), (false_negative, hits) = confusion_matrix(
            labels, (scores >= threshold).astype(int), 2
        )
        assert p == pytest.approx(hits / (hits + false_positive))
        assert r == pytest.approx(hits / (hits + false_negative))
