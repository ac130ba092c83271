"""Metrics against sampled negatives: the formula against sampling itself, and what it does to an order."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import chisquare, hypergeom

from recsys_course import Interactions, Popularity
from recsys_course.metrics import (
    RANK_METRICS,
    expected_when_sampled,
    full_rank,
    hit_rate,
    mrr,
    ndcg,
    precision,
    sampled_rank,
)

each = pytest.mark.parametrize("metric", RANK_METRICS)


# --- the rank among all


def test_rank_by_hand():
    """Item 2 has 2.0; 3.0 is ahead, and of the two ties the one with the smaller code."""
    scores = [[3.0, 2.0, 2.0, 2.0, 1.0]]
    assert full_rank(scores, [2]).tolist() == [3]
    assert full_rank(scores, [2], excluded=sparse.csr_array([[1, 0, 0, 0, 1]])).tolist() == [2]


@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=4), st.data())
def test_rank_is_the_place_in_the_sorted_list(scores, data):
    items = data.draw(st.lists(st.integers(0, 5), min_size=len(scores), max_size=len(scores)))
    barred = [data.draw(st.sets(st.sampled_from([j for j in range(6) if j != i]))) for i in items]
    seen = np.array([[j in bar for j in range(6)] for bar in barred], dtype=float)
    expected = []
    for row, item, bar in zip(scores, items, barred, strict=True):
        order = sorted((j for j in range(6) if j not in bar), key=lambda j, row=row: (-row[j], j))
        expected.append(1 + order.index(item))
    assert full_rank(scores, items, sparse.csr_array(seen)).tolist() == expected


def test_rank_agrees_with_recommend():
    log = Interactions(np.array([0, 1, 1, 2, 2, 2]), np.array([0, 0, 1, 0, 1, 3]), 3, 5)
    model = Popularity().fit(log)
    ranked = model.recommend([0], 5)[0]
    for place, item in enumerate(ranked[ranked >= 0], 1):
        assert full_rank(model.score([0]), [item], log.to_csr()[[0]]).tolist() == [place]


@each
@given(st.integers(1, 9), st.integers(1, 9))
def test_a_metric_of_a_rank_is_the_metric_of_a_list(metric, rank, k):
    """One relevant item at this rank of nine."""
    of_lists = {"hit_rate": hit_rate, "precision": precision, "mrr": mrr, "ndcg": ndcg}
    relevant = sparse.csr_array(np.eye(9)[[rank - 1]])
    expected = of_lists[metric](np.arange(9)[None], relevant, k)
    assert RANK_METRICS[metric](np.array(rank), k) == pytest.approx(expected)


# --- the sample


def test_sampling_itself_gives_the_same_distribution():
    """Draw 4 of 11 others without replacement and count those ahead, against the formula."""
    rng = np.random.default_rng(0)
    n_candidates, rank, m, n_draws = 12, 4, 4, 20_000
    literal = np.array([1 + (rng.permutation(n_candidates - 1)[:m] < rank - 1).sum() for _ in range(n_draws)])
    drawn = sampled_rank(np.full(n_draws, rank), n_candidates, m, rng)
    expected = n_draws * hypergeom.pmf(np.arange(rank), n_candidates - 1, rank - 1, m)  # at most 3 are ahead
    for ranks in (literal, drawn):
        assert chisquare(np.bincount(ranks, minlength=rank + 1)[1:], expected).pvalue > 1e-4


@given(st.integers(2, 30), st.data())
def test_sampling_all_others_gives_the_rank_back(n, data):
    rank = np.array([data.draw(st.integers(1, n))])
    assert sampled_rank(rank, n, n - 1, np.random.default_rng(0)).tolist() == rank.tolist()
    for metric, value in RANK_METRICS.items():
        np.testing.assert_allclose(
            expected_when_sampled(metric, rank, n, n - 1, 3), value(rank, 3), atol=1e-12
        )


def test_expectation_by_hand():
    """Rank 2 of 3, one negative: half of the time it is the better item, else the worse."""
    assert expected_when_sampled("mrr", [2], 3, 1, 10) == pytest.approx((1 + 1 / 2) / 2)
    assert expected_when_sampled("hit_rate", [2], 3, 1, 1) == pytest.approx(1 / 2)
    assert expected_when_sampled("ndcg", [2], 3, 1, 10) == pytest.approx((1 + 1 / math.log2(3)) / 2)


@each
def test_the_expectation_is_the_mean_of_many_draws(metric):
    """Within five standard errors."""
    n_draws, rng = 40_000, np.random.default_rng(1)
    rank = np.full(n_draws, 30)
    values = RANK_METRICS[metric](sampled_rank(rank, 200, 20, rng), 3)
    expected = expected_when_sampled(metric, [30], 200, 20, 3)[0]
    assert abs(values.mean() - expected) < 5 * values.std() / math.sqrt(n_draws)


@given(st.integers(2, 40), st.data())
def test_auc_alone_survives_sampling(n, data):
    """Of a rank: the share of others behind it; the mean over all samples is that of all others."""
    rank, m = data.draw(st.integers(1, n)), data.draw(st.integers(1, n - 1))
    ahead = np.arange(m + 1)
    chance = hypergeom.pmf(ahead, n - 1, rank - 1, m)
    assert chance @ (1 - ahead / m) == pytest.approx(1 - (rank - 1) / (n - 1))


def test_a_sample_can_turn_two_models_round():
    """Of 10,000 items, model A has half of its users at rank 10 and half last, B has all at rank 100.

    Among all, A wins at 10; among 100 sampled, B seems to win.
    """
    a, b = np.array([10, 10_000]), np.array([100, 100])
    full = {name: RANK_METRICS["ndcg"](rank, 10).mean() for name, rank in (("a", a), ("b", b))}
    seen = {
        name: expected_when_sampled("ndcg", rank, 10_000, 100, 10).mean()
        for name, rank in (("a", a), ("b", b))
    }
    assert full["a"] > full["b"] == 0
    assert seen["b"] > seen["a"]


# --- refusals


TWO = np.array([[1.0, 2.0]])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: full_rank(TWO, [0, 1]), r"items: shape \(2,\); expected one a row of scores, \(1, 2\)"),
        (lambda: full_rank(TWO[0], [0]), r"items: shape \(1,\); expected one a row of scores, \(2,\)"),
        (lambda: full_rank(TWO, [2]), "items: code 2; expected 0..1"),
        (lambda: full_rank(TWO, [-1]), "items: code -1; expected 0..1"),
        (lambda: full_rank([[np.nan, 1]], [0]), "scores: nan in row 0; expected numbers"),
        (lambda: full_rank(TWO, [0], [[1, 0]]), "excluded: row 0 holds its own held-out item"),
        (lambda: full_rank(TWO, [0], [[1, 0, 0]]), r"excluded: shape \(1, 3\); expected \(1, 2\)"),
        (lambda: sampled_rank([0], 5, 2, np.random.default_rng(0)), "rank: 0; expected 1..5"),
        (lambda: sampled_rank([6], 5, 2, np.random.default_rng(0)), "rank: 6; expected 1..5"),
        (lambda: sampled_rank([1], 5, 0, np.random.default_rng(0)), "n_negatives: 0; expected 1..4"),
        (lambda: sampled_rank([1], 5, 5, np.random.default_rng(0)), "n_negatives: 5; expected 1..4"),
        (lambda: expected_when_sampled("map", [1], 5, 2, 3), "metric: 'map'; expected one of hit_rate"),
        (lambda: expected_when_sampled("mrr", [1], 5, 2, 0), "k: 0; expected at least 1"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_nobody_has_no_rank():
    assert full_rank(np.empty((0, 4)), np.empty(0, dtype=int)).tolist() == []
