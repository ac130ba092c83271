"""GAUC, log loss, calibration error: by hand, as loops, against scikit-learn; AUC is in test_metrics.py."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as theirs
from sklearn.calibration import calibration_curve

from recsys_course.metrics import auc, expected_calibration_error, gauc, log_loss
from recsys_course.metrics.binary import bins_of

# --- GAUC


def test_gauc_by_hand():
    """Group a: 2 of its 2 pairs in order, 3 rows; b: half of its one pair (a tie), 2 rows; c: one class."""
    labels = [1, 0, 0, 1, 0, 1, 1]
    scores = [3, 2, 1, 5, 5, 9, 9]
    assert gauc(labels, scores, list("aaabbcc")) == pytest.approx((3 * 1 + 2 * 1 / 2) / 5)


def test_telling_users_apart_is_auc_but_not_gauc():
    """Each user's order is wrong, but whoever clicks a lot has high scores: AUC 3/4, GAUC 0."""
    labels, scores, users = [1, 1, 0, 1, 0, 0], [8, 8, 9, 0, 1, 1], [0, 0, 0, 1, 1, 1]
    assert gauc(labels, scores, users) == 0
    assert auc(labels, scores) == pytest.approx((2 * 2 + 0) / 9)


rows = st.lists(st.tuples(st.booleans(), st.integers(-3, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(rows)
def test_gauc_is_auc_group_by_group(case):
    labels, scores, groups = (np.array(column) for column in zip(*case, strict=True))
    total = weight = 0.0
    for group in np.unique(groups):
        own = groups == group
        if 0 < labels[own].sum() < own.sum():
            total += own.sum() * theirs.roc_auc_score(labels[own], scores[own])
            weight += own.sum()
    got = gauc(labels, scores, groups)
    assert got == pytest.approx(total / weight) if weight else math.isnan(got)
    assert gauc(labels, scores, np.array(list("abcd"))[groups]) == pytest.approx(got, nan_ok=True)


@given(rows)
def test_gauc_of_one_group_is_auc(case):
    labels, scores, _ = zip(*case, strict=True)
    assert gauc(labels, scores, [7] * len(labels)) == pytest.approx(auc(labels, scores), nan_ok=True)


# --- log loss


def test_log_loss_by_hand():
    """What happened had the chances 1/2 and 1/4: (log 2 + log 4) / 2 = 1.5 log 2."""
    assert log_loss([1, 0], [0.5, 0.75]) == pytest.approx(1.5 * math.log(2))
    assert log_loss([1, 0], [1, 0]) == 0
    assert log_loss([1, 0], [0, 0]) == math.inf


@given(st.lists(st.tuples(st.booleans(), st.floats(1e-6, 1 - 1e-6)), min_size=1, max_size=30))
def test_log_loss_agrees_with_scikit_learn(case):
    labels, p = zip(*case, strict=True)
    assert log_loss(labels, p) == pytest.approx(theirs.log_loss(labels, p, labels=[False, True]))
    assert log_loss(labels, p) == pytest.approx(
        np.mean([-math.log(q) if y else -math.log(1 - q) for y, q in case])
    )


# --- expected calibration error


def test_ece_by_hand():
    """Bin 0..0.5: predicted 0.2, observed 1/2, two rows; the other: predicted 0.9, observed 1, one row."""
    labels, p = [1, 0, 1], [0.1, 0.3, 0.9]
    assert expected_calibration_error(labels, p, 2) == pytest.approx(2 / 3 * 0.3 + 1 / 3 * 0.1)
    assert expected_calibration_error(labels, p, 1) == pytest.approx(2 / 3 - 1.3 / 3)


def test_a_bin_holds_its_lower_edge_and_the_last_holds_one():
    assert bins_of(np.array([0, 0.1, 0.3, 0.7, 0.999, 1]), 10).tolist() == [0, 1, 3, 7, 9, 9]


def test_bins_of_equal_mass_hold_equally_many_and_keep_ties_together():
    assert np.bincount(bins_of(np.linspace(0, 0.1, 12), 4, equal_mass=True)).tolist() == [3, 3, 3, 3]
    assert len(set(bins_of(np.array([0.2] * 5), 3, equal_mass=True))) == 1
    p = np.array([0.01, 0.02, 0.03, 0.04])
    assert expected_calibration_error([0, 0, 1, 1], p, 2) == pytest.approx(0.475)
    assert expected_calibration_error([0, 0, 1, 1], p, 2, equal_mass=True) == pytest.approx(
        (0.015 + 0.965) / 2
    )


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=1, max_size=40), st.integers(1, 12))
def test_ece_is_its_definition(case, n_bins):
    rows_of = {}
    for label, percent in case:
        number = min(percent * n_bins // 100, n_bins - 1)  # in whole numbers: no edge is missed
        rows_of.setdefault(number, []).append((label, percent / 100))
    expected = sum(
        abs(sum(y for y, _ in rows) - sum(p for _, p in rows)) for rows in rows_of.values()
    ) / len(case)  # fmt: skip
    labels, percents = zip(*case, strict=True)
    got = expected_calibration_error(labels, np.array(percents) / 100, n_bins)
    assert got == pytest.approx(expected)


def test_ece_agrees_with_scikit_learns_curve():
    rng = np.random.default_rng(0)
    p = rng.random(500)
    labels = rng.random(500) < p**2
    observed, predicted = calibration_curve(labels, p, n_bins=10)
    counts = np.histogram(p, 10, (0, 1))[0]
    expected = np.average(np.abs(observed - predicted), weights=counts)
    assert expected_calibration_error(labels, p, 10) == pytest.approx(expected)


# --- nothing to measure, and refusals


@pytest.mark.parametrize(
    "value",
    [auc([], []), auc([1], [2]), gauc([], [], []), gauc([1, 0], [1, 2], [0, 1]), log_loss([], []),
     expected_calibration_error([], []), expected_calibration_error([], [], equal_mass=True)],
)  # fmt: skip
def test_nothing_to_measure_is_nan(value):
    assert math.isnan(value)


ARRAYS = {
    "gauc": (lambda labels, said: gauc(labels, said, [0] * len(said)), "scores"),
    "auc": (auc, "scores"),
    "log_loss": (log_loss, "probabilities"),
    "ece": (expected_calibration_error, "probabilities"),
}


@pytest.mark.parametrize("metric, name", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize(
    "labels, said, message",
    [
        ([1, 0], [0.5], r"{}: shape \(1,\); expected \(2,\), that of labels"),
        ([1, 2], [0.5, 0.5], "labels: 2; expected 0 or 1"),
        ([1, -1], [0.5, 0.5], "labels: -1; expected 0 or 1"),
        ([1, np.nan], [0.5, 0.5], "labels: nan; expected 0 or 1"),
        ([1, 0], [0.5, np.nan], "{}: nan in row 1; expected numbers"),
        ([[1, 0]], [[0.5, 0.5]], r"labels: shape \(1, 2\); expected one dimension"),
    ],
)
def test_wrong_arrays_are_refused(metric, name, labels, said, message):
    with pytest.raises(ValueError, match=message.format(name)):
        metric(labels, said)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: log_loss([1], [1.2]), r"probabilities: 1.2; expected 0..1"),
        (lambda: log_loss([1], [-0.1]), r"probabilities: -0.1; expected 0..1"),
        (lambda: expected_calibration_error([1], [np.inf]), r"probabilities: inf; expected 0..1"),
        (lambda: expected_calibration_error([1], [0.5], 0), "n_bins: 0; expected at least 1"),
        (lambda: gauc([1, 0], [1, 2], [1]), r"groups: shape \(1,\); expected \(2,\), that of scores"),
        (lambda: gauc([1, 0], [1, 2], [1, np.nan]), "groups: missing in row 1; expected a group"),
        (lambda: gauc([1, 0], [1, 2], ["a", None]), "groups: missing in row 1; expected a group"),
    ],
)
def test_wrong_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_missing_group_in_a_list_of_names_is_refused():
    with pytest.raises(ValueError, match="groups: missing in row 2"):
        gauc([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], ["a", "a", float("nan"), float("nan")])
