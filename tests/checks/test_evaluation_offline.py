"""The references against something else: the package, scikit-learn, scipy, plain loops."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from every_check import drawn
from scipy import sparse
from scipy.spatial.distance import cosine as cosine_distance
from scipy.stats import hmean, hypergeom, mannwhitneyu
from sklearn.metrics import roc_auc_score

from recsys_course import metrics
from recsys_course.checks import evaluation_offline as eo


def as_package(lists: list[list[int]], relevant: list[set[int]]) -> tuple[np.ndarray, sparse.csr_array]:
    """Lists padded with -1, and the relevant items as a matrix of nine columns."""
    width = max(map(len, lists), default=0)
    ranked = np.array([row + [-1] * (width - len(row)) for row in lists]).reshape(len(lists), width)
    return ranked, sparse.csr_array(np.array([[float(i in s) for i in range(9)] for s in relevant]))


def test_precision_and_recall_are_the_packages():
    for ranked, relevant, k in drawn(eo.precision_recall):
        given = as_package([ranked], [relevant])
        expected = metrics.precision(*given, k), metrics.recall(*given, k)
        assert eo.precision_recall.reference(ranked, relevant, k) == pytest.approx(expected, nan_ok=True)


def test_f1_is_scipys_harmonic_mean_where_there_is_a_hit():
    compared = 0
    for (pairs,) in drawn(eo.f1):
        known = [pair for pair in pairs if not np.isnan(pair).any()]
        expected = np.mean([hmean(pair) if min(pair) > 0 else 0.0 for pair in known]) if known else math.nan
        assert eo.f1.reference(pairs) == pytest.approx(expected, nan_ok=True)
        compared += any(min(pair) > 0 for pair in known)
    assert compared >= 5


@pytest.mark.parametrize(("name", "ours"), [("mrr", "mrr"), ("mean_average_precision", "average_precision")])
def test_mrr_and_map_are_the_packages(name, ours):
    values = set()
    for lists, relevant, k in drawn(getattr(eo, name)):
        expected = getattr(metrics, ours)(*as_package(lists, relevant), k)
        got = getattr(eo, name).reference(lists, relevant, k)
        assert got == pytest.approx(expected, nan_ok=True)
        values.add(round(got, 6))
    assert len(values) >= 8


def test_average_precision_with_one_relevant_item_is_the_reciprocal_rank():
    for lists, relevant, k in drawn(eo.mrr):
        single = [{min(wanted)} if wanted else set() for wanted in relevant]
        expected = eo.mrr.reference(lists, single, k)
        assert eo.mean_average_precision.reference(lists, single, k) == pytest.approx(expected, nan_ok=True)


def test_auc_is_scikit_learns_and_that_of_mann_and_whitney():
    compared = 0
    for labels, scores in drawn(eo.auc):
        got = eo.auc.reference(labels, scores)
        if len(set(labels)) < 2:
            assert math.isnan(got)
            continue
        y, s = np.array(labels), np.array(scores)
        u = mannwhitneyu(s[y == 1], s[y == 0]).statistic
        assert got == pytest.approx(roc_auc_score(y, s)) == pytest.approx(u / (sum(y) * sum(1 - y)))
        compared += 1
    assert compared >= 10


def test_gauc_is_auc_user_by_user_and_blind_to_what_is_the_users_alone():
    compared = 0
    for labels, scores, users in drawn(eo.gauc):
        got = eo.gauc.reference(labels, scores, users)
        y, s, u = map(np.array, (labels, scores, users))
        parts = [(np.sum(u == g), metrics.auc(y[u == g], s[u == g])) for g in set(users)]
        known = [(n, value) for n, value in parts if not math.isnan(value)]
        expected = np.average([v for _, v in known], weights=[n for n, _ in known]) if known else math.nan
        assert got == pytest.approx(expected, nan_ok=True)
        assert got == pytest.approx(metrics.gauc(labels, scores, users), nan_ok=True)
        assert eo.gauc.reference(labels, list(s + 100.0 * u), users) == pytest.approx(got, nan_ok=True)
        compared += len(known) >= 2
    assert compared >= 3


def test_diversity_is_the_mean_of_scipys_cosine_distance():
    compared = 0
    for ranked, V in drawn(eo.intra_list_diversity):
        rows = [V[i] for i in ranked if i >= 0]
        pairs = [cosine_distance(a, b) if a.any() and b.any() else 1.0 for a, b in combinations(rows, 2)]
        expected = np.mean(pairs) if pairs else math.nan
        got = eo.intra_list_diversity.reference(ranked, V)
        assert got == pytest.approx(expected, nan_ok=True)
        assert got == pytest.approx(metrics.intra_list_diversity(ranked[None], V), nan_ok=True)
        compared += len(pairs) >= 2
    assert compared >= 5


def test_novelty_of_single_items_falls_as_they_get_popular():
    for lists, histories in drawn(eo.novelty):
        users = {i: sum(i in h for h in histories) for i in range(9)}
        bits = [eo.novelty.reference([[i]], histories) for i in sorted(users, key=users.__getitem__)]
        assert bits == sorted(bits, reverse=True)
        each = [np.mean([eo.novelty.reference([[i]], histories) for i in row]) for row in lists if row]
        expected = np.mean(each) if each else math.nan
        got = eo.novelty.reference(lists, histories)
        ranked, _ = as_package(lists, [set()] * len(lists))
        counts = [users[i] for i in range(9)]
        assert got == pytest.approx(expected, nan_ok=True)
        assert got == pytest.approx(metrics.novelty(ranked, counts, len(histories)), nan_ok=True)


def test_calibration_error_is_that_of_bins_by_numpy():
    for labels, probabilities, n_bins in drawn(eo.calibration_error):
        y, p = np.array(labels), np.array(probabilities)
        bins = np.clip(np.digitize(p, np.linspace(0, 1, n_bins + 1)) - 1, 0, n_bins - 1)
        here = [bins == b for b in range(n_bins) if (bins == b).any()]
        expected = sum(rows.mean() * abs(y[rows].mean() - p[rows].mean()) for rows in here)
        got = eo.calibration_error.reference(labels, probabilities, n_bins)
        assert got == pytest.approx(expected)
        assert got == pytest.approx(metrics.expected_calibration_error(labels, probabilities, n_bins))


def test_sampled_rank_is_scipys_hypergeometric():
    for rank, n_items, m, k in drawn(eo.sampled_rank):
        x, law = np.arange(m + 1), (n_items - 1, rank - 1, m)
        expected = 1 + x @ hypergeom.pmf(x, *law), hypergeom.cdf(k - 1, *law)
        got = eo.sampled_rank.reference(rank, n_items, m, k)
        assert got == pytest.approx(expected)
        (hit,) = metrics.expected_when_sampled("hit_rate", np.array([rank]), n_items, m, k)
        assert got[1] == pytest.approx(hit)


def test_sampled_rank_is_what_sampling_gives():
    rng = np.random.default_rng(0)
    others = np.r_[1:40, 41:1001]  # the item itself has rank 40 of 1,000
    ranks = np.array([1 + (rng.choice(others, 100, replace=False) < 40).sum() for _ in range(4000)])
    mean, chance = eo.sampled_rank.reference(40, 1000, 100, 5)
    assert abs(ranks.mean() - mean) < 4 * ranks.std() / np.sqrt(len(ranks))
    assert abs((ranks <= 5).mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / len(ranks))


def test_random_cases_cover_what_the_text_speaks_of():
    assert any(not wanted for _, wanted, _ in drawn(eo.precision_recall))
    assert any(0 < len(ranked) < k for ranked, _, k in drawn(eo.precision_recall))  # a short list
    assert any(len(wanted) > k for _, sets, k in drawn(eo.mean_average_precision) for wanted in sets)
    assert sum(len(set(scores)) < len(scores) for _, scores in drawn(eo.auc)) >= 5  # ties
    assert any((ranked < 0).any() for ranked, _ in drawn(eo.intra_list_diversity))
    assert any(not V.any(axis=1).all() for _, V in drawn(eo.intra_list_diversity))
    assert any(1.0 in p for _, p, _ in drawn(eo.calibration_error))
    assert any(p in (0.25, 0.5) for _, ps, n in drawn(eo.calibration_error) if n == 4 for p in ps)  # an edge
    assert any(k > m for _, _, m, k in drawn(eo.sampled_rank))
