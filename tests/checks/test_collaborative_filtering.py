"""The references against something else: loops, scipy, finite differences, the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import pearsonr

from recsys_course import EASE, Interactions
from recsys_course.checks import collaborative_filtering as cf
from recsys_course.similarity import similar_rows


def drawn(check: Any) -> list[tuple[Any, ...]]:
    """The arguments of the random cases."""
    return [case.args for case in check.cases[len(check.by_hand) :]]


def gradient(f: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Central differences of f at x (N,)."""
    return np.array([(f(x + step * e) - f(x - step * e)) / (2 * step) for e in np.eye(len(x))])


@pytest.mark.parametrize("shrinkage", [0.0, 2.0])
def test_similarity_is_the_packages(shrinkage):
    for R, _ in drawn(cf.similarity):
        expected = similar_rows(sparse.csr_array(R.T), R.shape[1], "cosine", shrinkage).toarray()
        np.testing.assert_allclose(cf.similarity.reference(R, shrinkage), expected, rtol=1e-6)


def test_pearson_is_scipys_on_corated_items():
    compared = 0
    for x, y in drawn(cf.pearson):
        both = ~np.isnan(x + y)
        a, b = x[both], y[both]
        if len(a) >= 2 and np.ptp(a) > 0 and np.ptp(b) > 0:
            assert cf.pearson.reference(x, y) == pytest.approx(pearsonr(a, b).statistic)
            compared += 1
    assert compared >= 10


def test_jaccard_is_that_of_sets_of_users():
    for (histories,) in drawn(cf.jaccard):
        fans = {i: {u for u, h in enumerate(histories) if i in h} for h in histories for i in h}
        expected = {
            (i, j): len(fans[i] & fans[j]) / len(fans[i] | fans[j])
            for i in fans for j in fans if i < j and fans[i] & fans[j]
        }  # fmt: skip
        assert cf.jaccard.reference(histories) == pytest.approx(expected)


def test_user_knn_is_the_formula_as_loops():
    for R, S, u, i, k in drawn(cf.user_knn):
        mean = [np.mean([r for r in row if r == r]) for row in R]
        near = sorted((v for v in range(len(R)) if R[v, i] == R[v, i]), key=lambda v, s=S[u]: -abs(s[v]))[:k]
        above = sum(S[u, v] * (R[v, i] - mean[v]) for v in near)
        below = sum(abs(S[u, v]) for v in near)
        expected = mean[u] + above / below if near else mean[u]
        assert cf.user_knn.reference(R, S, u, i, k) == pytest.approx(expected)


def test_item_knn_is_the_formula_as_loops_and_stays_between_the_users_ratings():
    for R, S, u, i, k in drawn(cf.item_knn):
        rated = [j for j in range(R.shape[1]) if j != i and R[u, j] == R[u, j]]
        near = sorted(rated, key=lambda j, s=S[i]: -s[j])[:k]
        expected = sum(S[i, j] * R[u, j] for j in near) / sum(S[i, j] for j in near)
        got = cf.item_knn.reference(R, S, u, i, k)
        assert got == pytest.approx(expected)
        assert min(R[u, near]) - 1e-9 <= got <= max(R[u, near]) + 1e-9


def test_new_items_are_served_by_none_and_new_users_by_item_knn_alone():
    who = cf.who_can_score.reference
    assert all(who(fit, fit + later, 0) == set() for fit in range(3) for later in range(3))
    assert all(who(0, now, item) == {"item-knn"} for now in (1, 2) for item in (1, 2))


def test_sgd_step_goes_down_the_gradient_of_the_loss():
    for r, mean, b_u, b_i, p, q, rate, reg in drawn(cf.sgd_step):

        def loss(x, r=r, mean=mean, reg=reg):
            error = r - (mean + x[0] + x[1] + x[2:4] @ x[4:6])
            return (error**2 + reg * x @ x) / 2

        x = np.r_[b_u, b_i, p, q]
        got = np.r_[*map(np.atleast_1d, cf.sgd_step.reference(r, mean, b_u, b_i, p, q, rate, reg))]
        np.testing.assert_allclose(got, x - rate * gradient(loss, x), atol=1e-7)


def test_als_user_is_where_the_loss_of_the_user_is_flat():
    for R, Q, u, reg in drawn(cf.als_user):
        rated = ~np.isnan(R[u])

        def loss(p, r=R[u, rated], q=Q[rated], reg=reg):
            return np.sum((r - q @ p) ** 2) + reg * len(r) * p @ p

        np.testing.assert_allclose(gradient(loss, cf.als_user.reference(R, Q, u, reg)), 0, atol=1e-6)


def test_bpr_step_goes_up_the_gradient_of_the_objective():
    for p, q_i, q_j, rate, reg in drawn(cf.bpr_step):

        def objective(x, reg=reg):
            return -np.log1p(np.exp(-x[:2] @ (x[2:4] - x[4:6]))) - reg / 2 * x @ x

        x = np.r_[p, q_i, q_j]
        got = np.r_[*cf.bpr_step.reference(p, q_i, q_j, rate, reg)]
        np.testing.assert_allclose(got, x + rate * gradient(objective, x), atol=1e-7)


def test_ease_is_a_ridge_regression_of_each_item_on_the_others():
    for R, reg in drawn(cf.ease):
        B = cf.ease.reference(R, reg)
        for j in range(R.shape[1]):
            others = np.delete(np.arange(R.shape[1]), j)
            X = R[:, others]
            ridge = np.linalg.solve(X.T @ X + reg * np.eye(len(others)), X.T @ R[:, j])
            np.testing.assert_allclose(B[others, j], ridge, atol=1e-9)
            assert B[j, j] == 0


def test_ease_is_the_packages_on_a_log_of_likes():
    R = np.random.default_rng(0).integers(0, 2, size=(30, 7))
    model = EASE(reg=3.0).fit(Interactions(*np.nonzero(R), *R.shape))
    np.testing.assert_allclose(model.weights_, cf.ease.reference(R.astype(float), 3.0), atol=1e-5)


def test_random_cases_cover_what_the_text_speaks_of():
    assert any(np.isnan(R).any() for R, *_ in drawn(cf.user_knn))
    assert any((S[u] < 0).any() for _, S, u, _, _ in drawn(cf.user_knn))
    assert any(not np.isnan(R[u, i]) for R, _, u, i, _ in drawn(cf.item_knn))  # the answer lies there
    assert any(len(h) != len(set(h)) for (hs,) in drawn(cf.jaccard) for h in hs)
    assert all(R.shape[0] != R.shape[1] for R, _ in drawn(cf.similarity) + drawn(cf.ease))
