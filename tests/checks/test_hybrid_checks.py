"""The references against something else: loops, scipy, fractions, scikit-learn, the package."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from every_check import drawn
from scipy.optimize import minimize_scalar
from scipy.stats import rankdata
from sklearn.linear_model import Ridge
from sklearn.model_selection import PredefinedSplit

from recsys_course.base import Recommender
from recsys_course.checks import hybrid
from recsys_course.hybrid import Cascade, Mixed, Weighted, normalize_scores
from recsys_course.interactions import Interactions


@dataclass
class Says(Recommender):
    """Gives every user the same scores."""

    scores: Any = field(default=(), repr=False)

    def _fit(self, data):
        pass

    def _score(self, users):
        return np.tile(np.asarray(self.scores, dtype=float), (len(users), 1))


def tiny(n_items):
    """A log in which user 0 has met nothing."""
    return Interactions(np.array([1]), np.array([0]), n_users=2, n_items=n_items)


def test_normalised_scores_have_the_range_or_the_spread_or_the_ranks_of_scipy():
    seen = set()
    for scores, how in drawn(hybrid.normalize_scores):
        got = hybrid.normalize_scores.reference(scores, how)
        for row, mine in zip(scores, got, strict=True):
            if np.ptp(row) == 0 and how != "rank":
                assert (mine == 0).all()
            elif how == "minmax":
                assert (mine.min(), mine.max()) == (0, 1)
                np.testing.assert_allclose(mine * np.ptp(row) + row.min(), row, atol=1e-9)
            elif how == "zscore":
                np.testing.assert_allclose([mine.mean(), mine.std()], [0, 1], atol=1e-9)
                np.testing.assert_allclose(np.corrcoef(mine, row)[0, 1], 1)
            else:
                np.testing.assert_allclose(mine, (rankdata(row) - 1) / (len(row) - 1))
            seen.add((how, bool(np.ptp(row) == 0)))
    assert {how for how, _ in seen} == {"minmax", "zscore", "rank"} and any(flat for _, flat in seen)


def test_effective_weights_are_the_weights_that_standardised_scores_need_for_the_same_order():
    """Sum of w_m s_m and sum of e_m z_m, e the effective weights, are the same up to scale and level."""
    compared = 0
    for weights, scores in drawn(hybrid.effective_weights):
        shares = hybrid.effective_weights.reference(weights, scores)
        S = np.array(scores)
        spread = S.std(axis=1, keepdims=True)
        z = (S - S.mean(axis=1, keepdims=True)) / np.where(spread > 1e-12, spread, 1)
        raw, normal = np.array(weights) @ S, np.array(shares) @ z
        scale = (np.array(weights) * spread[:, 0]).sum()
        np.testing.assert_allclose(raw - raw.mean(), scale * normal, atol=1e-9 * max(1, scale))
        compared += scale > 0
    assert compared >= 15


def test_rrf_in_exact_fractions():
    for rankings, k in drawn(hybrid.rrf):
        score = {
            i: sum((Fraction(1, k + 1 + r.index(i)) for r in rankings if i in r), Fraction(0))
            for i in range(8)
        }
        expected = sorted((i for i in score if score[i]), key=lambda i: (-score[i], i))
        got = hybrid.rrf.reference(rankings, k)
        assert [i for i, _ in got] == expected
        assert [s for _, s in got] == pytest.approx([float(score[i]) for i in expected])


def test_cascade_is_two_sorts_by_pairs():
    for first, second, depth in drawn(hybrid.cascade):
        items = range(len(first))
        ahead = {i: sum((first[j], -j) > (first[i], -i) for j in items) for i in items}  # who stands before i
        key = {i: (0, -second[i], ahead[i]) if ahead[i] < depth else (1, 0.0, ahead[i]) for i in items}
        assert hybrid.cascade.reference(first, second, depth) == sorted(items, key=key.get)


def test_weighted_hybrid_by_loops():
    gaps = 0
    for scores, weights in drawn(hybrid.weighted_hybrid):
        got = hybrid.weighted_hybrid.reference(scores, weights)
        for i in range(scores.shape[1]):
            above, below = 0.0, 0.0
            for row, w in zip(scores, weights, strict=True):
                known = row[~np.isnan(row)]
                if not math.isnan(row[i]):
                    above += w * (row[i] - known.mean()) / (known.std() or 1.0)
                    below += w
            gaps += 0 < below < 0.99
            assert got[i] == pytest.approx(above / below if below else math.nan, nan_ok=True, abs=1e-9)
    assert gaps >= 10


def test_adaptive_blend_lies_between_its_members_and_gives_content_what_is_new():
    for content, collaborative, n_events, clicks, a, b in drawn(hybrid.adaptive_blend):
        got = hybrid.adaptive_blend.reference(content, collaborative, n_events, clicks, a, b)
        for c, f, n, mine in zip(content, collaborative, clicks, got, strict=True):
            assert min(c, f) - 1e-12 <= mine <= max(c, f) + 1e-12
            expected = n_events * n / ((n_events + a) * (n + b))  # the share of the second
            assert mine == pytest.approx(np.interp(expected, [0, 1], [c, f]))
            assert mine == c or n_events * n > 0


def test_blend_weight_is_where_a_search_finds_the_least_error():
    inside = 0
    for a, b in drawn(hybrid.blend_weight):
        w, rmse = hybrid.blend_weight.reference(a, b)
        x, y = np.array(a), np.array(b)

        def error(w, x=x, y=y):
            return float(np.sqrt(np.mean((w * x + (1 - w) * y) ** 2)))

        least = minimize_scalar(error, bounds=(0, 1), method="bounded", options={"xatol": 1e-10})
        assert rmse == pytest.approx(error(w), abs=1e-12)
        assert rmse <= min(least.fun, error(0.0), error(1.0)) + 1e-7
        inside += 0 < w < 1 and rmse < min(error(0.0), error(1.0)) - 1e-3
    assert inside >= 5


def test_out_of_fold_is_a_ridge_regression_on_items_fitted_on_the_other_folds():
    """Damping is a penalty: centre the clicks, one indicator an item, reg = damping."""
    for items, clicks, folds, damping in drawn(hybrid.out_of_fold):
        X, y, got = np.eye(4)[items], np.array(clicks), np.empty(len(items))
        for train, test in PredefinedSplit(folds).split():
            mean = y[train].mean()
            fitted = Ridge(alpha=damping, fit_intercept=False).fit(X[train], y[train] - mean)
            got[test] = mean + fitted.predict(X[test])
        assert hybrid.out_of_fold.reference(items, clicks, folds, damping) == pytest.approx(list(got))


def test_linucb_by_least_squares_on_what_each_arm_has_seen():
    explored = 0
    for contexts, rewards, alpha in drawn(hybrid.linucb):
        arms, theta = hybrid.linucb.reference(contexts, rewards, alpha)
        d = contexts.shape[1]
        for t in range(len(contexts) + 1):
            bounds = []
            for arm in range(rewards.shape[1]):
                X = np.r_[contexts[:t][arms[:t] == arm], np.eye(d)]  # the penalty as d rows of their own
                y = np.r_[rewards[:t, arm][arms[:t] == arm], np.zeros(d)]
                weights = np.linalg.lstsq(X, y, rcond=None)[0]
                if t == len(contexts):
                    np.testing.assert_allclose(theta[arm], weights, atol=1e-9)
                    continue
                width = np.linalg.norm(np.linalg.pinv(X).T @ contexts[t])
                bounds.append(weights @ contexts[t] + alpha * width)
            if t < len(contexts):
                assert bounds[arms[t]] >= max(bounds) - 1e-9
        explored += len(set(arms)) > 1
    assert explored >= 10


# ---- the package


def test_normalised_scores_are_the_packages_where_they_spread():
    compared = 0
    for scores, how in drawn(hybrid.normalize_scores):
        uneven = np.ptp(scores, axis=1) > 0  # of a flat row the package makes zeros, for ranks too
        got = hybrid.normalize_scores.reference(scores, how)[uneven]
        np.testing.assert_allclose(got, normalize_scores(scores[uneven], how), atol=1e-9)
        compared += uneven.sum()
    assert compared >= 20


def test_rrf_is_the_packages_mixed_hybrid():
    compared = 0
    for rankings, k in drawn(hybrid.rrf):
        rows = [np.array([-r.index(i) if i in r else -np.inf for i in range(8)]) for r in rankings]
        model = Mixed([Says(row) for row in rows], k=k).fit(tiny(8))
        expected = [i for i in model.recommend([0], n=8)[0].tolist() if i >= 0]
        assert [i for i, _ in hybrid.rrf.reference(rankings, k)] == expected
        compared += len(expected) > 2
    assert compared >= 10


def test_cascade_is_the_packages():
    compared = 0
    for first, second, depth in drawn(hybrid.cascade):
        if depth >= 1:
            model = Cascade(Says(first), Says(second), depth=depth).fit(tiny(len(first)))
            expected = model.recommend([0], n=len(first))[0].tolist()
            assert hybrid.cascade.reference(first, second, depth) == expected
            compared += 1
    assert compared >= 10


def test_weighted_hybrid_without_gaps_is_the_packages():
    for scores, weights in drawn(hybrid.weighted_hybrid):
        full = np.nan_to_num(scores, nan=0.5)
        model = Weighted([Says(row) for row in full], weights=weights / weights.sum()).fit(
            tiny(full.shape[1])
        )
        np.testing.assert_allclose(
            hybrid.weighted_hybrid.reference(full, weights), model.score([0])[0], atol=1e-9
        )
