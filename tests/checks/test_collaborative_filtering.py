"""The references against something else: loops, scipy, finite differences, the package."""

from __future__ import annotations

import numpy as np
import pytest
from every_check import drawn
from scipy import sparse
from scipy.stats import pearsonr

from recsys_course import EASE, Interactions, metrics, ranking
from recsys_course.checks import collaborative_filtering as cf
from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.data import split_by_time
from recsys_course.similarity import similar_rows


def test_cosine_is_that_of_the_corated_stars():
    for x, y in drawn(cf.cosine):
        a, b = ([user[i] for i in x if i in y] for user in (x, y))
        expected = np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b) if a else 0.0
        assert cf.cosine.reference(x, y) == pytest.approx(expected)


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


def test_top_n_is_that_of_a_full_sort_and_the_packages():
    for scores, seen, n in drawn(cf.top_n):
        order = sorted((-score, i) for i, score in enumerate(scores) if i not in seen)
        expected = ([i for _, i in order] + [-1] * n)[:n]
        got = cf.top_n.reference(scores, seen, n)
        assert got == expected
        masked = sparse.csr_array(([1.0] * len(seen), ([0] * len(seen), list(seen))), shape=(1, len(scores)))
        assert got == ranking.top_n(np.array([scores]), n, masked)[0].tolist()


def test_split_by_time_is_the_packages_without_what_train_does_not_know():
    compared = 0
    for events, cut in drawn(cf.split_by_time):
        train, test = cf.split_by_time.reference(events, cut)
        if not events:
            assert (train, test) == ([], [])
            continue
        users, items, times = np.array(events).T
        split = split_by_time(Interactions(users, items, 4, 4, None, times), at=cut)
        rows = [list(zip(part.users, part.items, part.times, strict=True)) for part in split]
        known_users, known_items = set(split.train.users), set(split.train.items)
        assert sorted(train) == sorted(rows[0])
        assert sorted(test) == sorted(e for e in rows[1] if e[0] in known_users and e[1] in known_items)
        assert [e for e in events if e in train] == train  # the order of the log
        compared += bool(test)
    assert compared >= 5


def test_item_cf_is_a_product_with_the_matrix_of_cosines():
    for histories, u in drawn(cf.item_cf):
        R = np.array([[float(i in h) for i in range(18)] for h in histories])
        S = similar_rows(sparse.csr_array(R.T), 18, "cosine", 0.0).toarray()
        scores = R[u] @ S
        expected = {i: scores[i] for i in range(18) if scores[i] > 0 and not R[u, i]}
        assert cf.item_cf.reference(histories, u) == pytest.approx(expected, rel=1e-6)


def test_ndcg_is_the_packages_on_lists_ranked_by_the_packages_top_n():
    averaged, at_ten = 0, 0
    for scores, positives, k in drawn(cf.ndcg):
        relevant = np.array([[i in wanted for i in range(len(scores[0]))] for wanted in positives])
        ranked = ranking.top_n(np.array(scores), k)
        expected = metrics.ndcg(ranked, sparse.csr_array(relevant.astype(float)), k)
        assert cf.ndcg.reference(scores, positives, k) == pytest.approx(expected, nan_ok=True)
        averaged += len(set(map(bool, positives))) == 2
        at_ten += k == 10
    assert averaged >= 3 and at_ten >= 1  # users with and without positives in one case


def test_slopes_are_the_derivatives():
    by_a, by_x = slopes(lambda a, x: a**2 + np.sin(x).sum() * a, 3.0, np.array([0.0, 1.0]))
    assert by_a.shape == () and by_a == pytest.approx(6 + np.sin(1))
    np.testing.assert_allclose(by_x, [3.0, 3 * np.cos(1)], atol=1e-8)


@pytest.mark.parametrize(
    "check", [cf.mf_gradient, cf.sgd_step, cf.bpr_gradient], ids=lambda check: check.name
)
def test_gradients_are_compared_with_finite_differences(check):
    """The random cases expect what the differences give, so a slip in the reference would fail."""
    assert check.oracle is not None
    for case in check.cases[len(check.by_hand) :]:
        got, expected = check.reference(*case.args), check.oracle(*case.args)
        np.testing.assert_allclose(np.hstack(got), np.hstack(expected), atol=1e-7)
        np.testing.assert_array_equal(np.hstack(case.expected), np.hstack(expected))


def test_als_half_step_is_where_the_loss_of_every_user_is_flat():
    without_ratings = 0
    for R, Q, reg in drawn(cf.als_half_step):
        for row, p in zip(R, cf.als_half_step.reference(R, Q, reg), strict=True):
            rated = ~np.isnan(row)

            def loss(p, r=row[rated], q=Q[rated], reg=reg):
                return np.sum((r - q @ p) ** 2) + reg * len(r) * p @ p

            np.testing.assert_allclose(slopes(loss, p)[0], 0, atol=1e-6)
            without_ratings += not rated.any() and not p.any()
    assert without_ratings >= 3


def test_bpr_loss_is_finite_where_the_exponential_is_not():
    loss, *_ = cf.bpr_gradient.reference(np.array([1000.0]), np.array([-1.0]), np.array([0.0]), 0.0)
    assert loss == 1000


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
    assert all(R.shape[0] != R.shape[1] for R, *_ in drawn(cf.als_half_step))
    assert sum(len(set(scores)) < len(scores) for scores, *_ in drawn(cf.top_n)) >= 5  # ties
    assert any(cut == time for events, cut in drawn(cf.split_by_time) for *_, time in events)
