"""Metrics: by hand, against definitions written as loops, and against scikit-learn."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import pairs as matrix
from scipy import sparse
from sklearn import metrics as theirs

from recsys_course.metrics import (
    auc,
    average_precision,
    f1,
    gini,
    hit_rate,
    hits_at,
    mae,
    mrr,
    ndcg,
    precision,
    recall,
    rmse,
)

ALL = [precision, recall, f1, hit_rate, mrr, average_precision, ndcg]
each = pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)


# --- by hand: items 7 and 3 are relevant, the list is 3 9 7 1


RANKED, RELEVANT = np.array([[3, 9, 7, 1]]), matrix([{7, 3}], 10)


@pytest.mark.parametrize(
    "metric, k, value",
    [
        (precision, 1, 1), (precision, 2, 1 / 2), (precision, 4, 2 / 4), (precision, 10, 2 / 10),
        (recall, 1, 1 / 2), (recall, 3, 1),
        (f1, 1, 2 / 3), (f1, 2, 1 / 2), (f1, 4, 2 / 3), (f1, 10, 1 / 3),
        (hit_rate, 1, 1), (mrr, 4, 1),
        (average_precision, 1, 1), (average_precision, 2, 1 / 2), (average_precision, 4, (1 + 2 / 3) / 2),
        (ndcg, 1, 1), (ndcg, 2, 1 / (1 + 1 / math.log2(3))), (ndcg, 3, 1.5 / (1 + 1 / math.log2(3))),
    ],
)  # fmt: skip
def test_one_list_by_hand(metric, k, value):
    assert metric(RANKED, RELEVANT, k) == pytest.approx(value)


def test_a_user_without_relevant_items_is_left_out_of_the_mean():
    ranked = np.array([[0, 1], [0, 1], [2, 3]])
    relevant = matrix([{0}, set(), {3}], 4)
    np.testing.assert_array_equal(mrr(ranked, relevant, 2, mean=False), [1, np.nan, 1 / 2])
    assert mrr(ranked, relevant, 2) == pytest.approx(3 / 4)


@each
def test_nobody_to_score_is_nan(metric):
    assert math.isnan(metric(np.array([[0, 1]]), matrix([set()], 3)))
    assert math.isnan(metric(np.empty((0, 5), dtype=int), matrix([], 3)))


@each
def test_the_first_ten_ranks_are_the_default(metric):
    ranked = np.arange(12)[None]
    assert metric(ranked, matrix([{9, 10}], 12)) == metric(ranked, matrix([{9, 10}], 12), 10) > 0


def test_a_stored_zero_is_relevant():
    relevant = sparse.csr_array((np.array([0.0]), np.array([2]), np.array([0, 1])), shape=(1, 3))
    assert hits_at([[2, 1]], relevant, 2).tolist() == [[True, False]]


def test_a_pair_stored_twice_is_one_relevant_item():
    twice = sparse.csr_array((np.ones(3), np.array([2, 2, 0]), np.array([0, 3])), shape=(1, 3))
    assert recall([[2, 1]], twice, 2) == 1 / 2
    assert twice.nnz == 3  # the caller's matrix stays as it was


def test_mean_f1_is_not_the_f1_of_the_means():
    """One user has P 1 and R 1/4, so F1 2/5, the other has all three 1; the means are P 1 and R 5/8."""
    ranked, relevant = [[0], [5]], matrix([{0, 1, 2, 3}, {5}], 6)
    assert f1(ranked, relevant, 1) == pytest.approx(7 / 10)
    p, r = precision(ranked, relevant, 1), recall(ranked, relevant, 1)
    assert 2 * p * r / (p + r) == pytest.approx(10 / 13)


def test_metrics_show_their_arguments():
    assert "k: ranks looked at" in ndcg.__doc__
    assert ndcg.__name__ == "ndcg"


# --- definitions, as loops over sets


def by_definition(metric, ranked: list[int], relevant: set[int], k: int) -> float:
    top = ranked[:k]
    places = [p for p, i in enumerate(top, start=1) if i in relevant]
    if metric is precision:
        return len(places) / k
    if metric is recall:
        return len(places) / len(relevant)
    if metric is f1:
        p, r = len(places) / k, len(places) / len(relevant)
        return 2 * p * r / (p + r) if p + r else 0.0
    if metric is hit_rate:
        return float(len(places) > 0)
    if metric is mrr:
        return 1 / places[0] if places else 0.0
    if metric is average_precision:
        return sum(len(set(top[:p]) & relevant) / p for p in places) / min(k, len(relevant))
    best = sum(1 / math.log2(p + 1) for p in range(1, min(k, len(relevant)) + 1))
    return sum(1 / math.log2(p + 1) for p in places) / best


@st.composite
def judged_lists(draw):
    """Lists of different length over a few items, with the relevant ones; I, ranked, relevant, k."""
    n_items = draw(st.integers(1, 8))
    items = st.integers(0, n_items - 1)
    lists = draw(st.lists(st.lists(items, unique=True, max_size=6), min_size=1, max_size=4))
    relevant = draw(st.lists(st.sets(items, min_size=1), min_size=len(lists), max_size=len(lists)))
    return n_items, lists, relevant, draw(st.integers(1, 9))


def padded(lists: list[list[int]]) -> np.ndarray:
    return np.array([row + [-1] * (6 - len(row)) for row in lists])


@each
@given(judged_lists())
def test_a_metric_is_its_definition(metric, case):
    n_items, lists, relevant, k = case
    got = metric(padded(lists), matrix(relevant, n_items), k, mean=False)
    expected = [by_definition(metric, row, items, k) for row, items in zip(lists, relevant, strict=True)]
    np.testing.assert_allclose(got, expected)
    assert ((got >= 0) & (got <= 1 + 1e-12)).all()
    assert metric(padded(lists), matrix(relevant, n_items), k) == pytest.approx(np.mean(expected))


@each
@given(st.sets(st.integers(0, 9), min_size=1), st.integers(1, 10))
def test_the_perfect_list_scores_best(metric, relevant, k):
    perfect = sorted(range(10), key=lambda i: (i not in relevant, i))
    hits = min(k, len(relevant))
    best = {precision: hits / k, recall: hits / len(relevant), f1: 2 * hits / (k + len(relevant))}
    assert metric([perfect], matrix([relevant], 10), k) == pytest.approx(best.get(metric, 1.0))


@pytest.mark.parametrize("metric", [ndcg, average_precision, mrr])
@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1), st.integers(1, 8), st.data())
def test_no_metric_falls_when_a_relevant_item_moves_up(metric, ranked, relevant, k, data):
    place = data.draw(st.sampled_from([p for p in range(8) if ranked[p] in relevant]))
    higher = data.draw(st.integers(0, place))
    moved = [i for i in ranked if i != ranked[place]]
    moved.insert(higher, ranked[place])
    judged = matrix([relevant], 8)
    assert metric([moved], judged, k) >= metric([ranked], judged, k) - 1e-12


@given(judged_lists())
def test_recall_and_hit_rate_grow_with_k(case):
    n_items, lists, relevant, k = case
    for metric in (recall, hit_rate):
        assert metric(padded(lists), matrix(relevant, n_items), k + 1) >= metric(
            padded(lists), matrix(relevant, n_items), k
        )


# --- scikit-learn: it takes scores of all items where we take lists


@given(st.permutations(range(9)), st.sets(st.integers(0, 8), min_size=1), st.integers(1, 9))
def test_ndcg_agrees_with_scikit_learn(ranked, relevant, k):
    truth = np.isin(np.arange(9), list(relevant)).astype(float)
    scores = np.empty(9)
    scores[list(ranked)] = -np.arange(9)
    ours = ndcg([ranked], matrix([relevant], 9), k)
    assert ours == pytest.approx(theirs.ndcg_score(truth[None], scores[None], k=k))


@given(st.permutations(range(9)), st.sets(st.integers(0, 8), min_size=1))
def test_average_precision_agrees_with_scikit_learn_on_a_full_list(ranked, relevant):
    """Theirs has no k and divides by all relevant items; on the full list ours does too."""
    truth = np.isin(np.arange(9), list(relevant)).astype(int)
    scores = np.empty(9)
    scores[list(ranked)] = -np.arange(9)
    ours = average_precision([ranked], matrix([relevant], 9), 9)
    assert ours == pytest.approx(theirs.average_precision_score(truth, scores))


labelled = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=30)


@given(labelled)
def test_auc_is_the_share_of_pairs_in_order(rows):
    positive = [s for label, s in rows if label]
    negative = [s for label, s in rows if not label]
    got = auc([label for label, _ in rows], [s for _, s in rows])
    if not positive or not negative:
        assert math.isnan(got)
        return
    won = sum((p > q) + (p == q) / 2 for p in positive for q in negative)
    assert got == pytest.approx(won / (len(positive) * len(negative)))
    assert got == pytest.approx(theirs.roc_auc_score(*zip(*rows, strict=True)))


stars = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=20)


@given(stars)
def test_rmse_and_mae_agree_with_scikit_learn(rows):
    truth, predicted = (np.array(column) for column in zip(*rows, strict=True))
    assert rmse(truth, predicted) == pytest.approx(math.sqrt(theirs.mean_squared_error(truth, predicted)))
    assert mae(truth, predicted) == pytest.approx(theirs.mean_absolute_error(truth, predicted))


def test_rating_errors_by_hand():
    assert rmse([3, 4], [3, 2]) == pytest.approx(math.sqrt(2))
    assert mae([3, 4], [3, 2]) == 1
    assert math.isnan(rmse([], []))
    assert math.isnan(mae([], []))


@given(st.lists(st.integers(0, 20), max_size=12))
def test_gini_is_half_the_relative_mean_difference(counts):
    if sum(counts) == 0:
        assert math.isnan(gini(counts))
        return
    n = len(counts)
    differences = sum(abs(a - b) for a in counts for b in counts)
    assert gini(counts) == pytest.approx(float(Fraction(differences, 2 * n * sum(counts))))


def test_gini_by_hand():
    assert gini([4, 4, 4]) == 0
    assert gini([0, 0, 0, 5]) == pytest.approx(3 / 4)


# --- refusals


@pytest.mark.parametrize(
    "ranked, k, message",
    [
        ([[0, 1]], 0, "k: 0; expected at least 1"),
        ([0, 1], 2, r"ranked: shape \(2,\); expected 1 rows, as many as relevant has"),
        ([[0, 1], [1, 0]], 2, r"ranked: shape \(2, 2\); expected 1 rows, as many as relevant has"),
        ([[0, 3]], 2, "ranked: code 3; expected 0..2, or -1 for padding"),
        ([[-2, 0]], 2, "ranked: code -2; expected 0..2, or -1 for padding"),
        ([[1, 0, 1]], 3, "ranked: item 1 twice in row 0; expected each item once"),
        ([[1, np.nan]], 2, "ranked: nan; expected whole item codes"),
        ([[0.5, 1]], 2, "ranked: 0.5; expected whole item codes"),
    ],
)
@each
def test_wrong_lists_are_refused(metric, ranked, k, message):
    with pytest.raises(ValueError, match=message):
        metric(ranked, matrix([{0, 1}], 3), k)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: auc([1, 0], [1.0]), r"scores: shape \(1,\); expected \(2,\), that of labels"),
        (lambda: auc([1, -1], [1.0, 2.0]), "labels: -1; expected 0 or 1"),
        (lambda: auc([1, 0], [1.0, np.nan]), "scores: nan in row 1; expected numbers"),
        (lambda: rmse([1, 2], [1]), r"predicted: shape \(1,\); expected \(2,\), that of truth"),
        (lambda: rmse([], [1]), r"predicted: shape \(1,\); expected \(0,\), that of truth"),
        (lambda: mae([1], [1, 2]), r"predicted: shape \(2,\); expected \(1,\), that of truth"),
        (lambda: gini([3, -1]), "counts: -1; expected 0 or more"),
    ],
)
def test_wrong_arrays_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
