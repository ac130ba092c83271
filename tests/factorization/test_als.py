"""ALS: every solve is the normal equations', the stated loss never rises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import random_log, table
from scipy import sparse

from recsys_course.baselines import DampedMeans
from recsys_course.factorization import ALS
from recsys_course.factorization.least_squares import cholesky_solve, solve_rows
from recsys_course.interactions import Interactions
from recsys_course.ranking import coordinates


@pytest.mark.parametrize("reg, K", [(0.1, 3), (1.0, 5), (0.01, 12)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_sweep_solves_the_normal_equations_of_either_side(reg, K, seed):
    """One sweep more: users against the items of the sweep before, then items against those users."""
    log = random_log(17, 11, seed)
    before, after = (ALS(n_factors=K, reg=reg, n_epochs=n, damping=2.0).fit(log) for n in (3, 4))
    A = table(log)
    E = A - DampedMeans(2.0).fit(log).score(np.arange(17))
    for u in range(17):
        met = ~np.isnan(A[u])
        Q = before.Q_[met]
        left = Q.T @ Q + reg * max(met.sum(), 1) * np.eye(K)
        np.testing.assert_allclose(after.P_[u], np.linalg.solve(left, Q.T @ E[u, met]), rtol=1e-5, atol=1e-7)
    for i in range(11):
        met = ~np.isnan(A[:, i])
        P = after.P_[met]
        left = P.T @ P + reg * max(met.sum(), 1) * np.eye(K)
        np.testing.assert_allclose(after.Q_[i], np.linalg.solve(left, P.T @ E[met, i]), rtol=1e-5, atol=1e-7)


@given(st.integers(0, 1_000), st.sampled_from([0.01, 0.1, 2.0]))
def test_the_stated_loss_never_rises(seed, reg):
    log = random_log(9, 7, seed)
    model = ALS(n_factors=4, n_epochs=6, reg=reg).fit(log)
    assert (np.diff(model.loss_) <= 1e-9 * model.loss_[:-1] + 1e-12).all()
    model.clip = False
    left = log.values - model.predict(log.users, log.items)
    weighted = np.bincount(log.users, minlength=9) @ (model.P_**2).sum(axis=1)
    weighted += np.bincount(log.items, minlength=7) @ (model.Q_**2).sum(axis=1)
    assert model.loss_[-1] == pytest.approx(left @ left + reg * weighted, rel=1e-9)


def test_nothing_met_is_nothing_known():
    log = random_log(14, 9, 1)
    model = ALS(n_factors=4).fit(log)
    assert not model.P_[-1].any()
    assert not model.Q_[-1].any()
    model.clip = False
    assert model.predict([13], [2]) == pytest.approx(model.mean_ + model.user_bias_[13] + model.item_bias_[2])


def test_low_rank_taste_is_recovered_up_to_the_noise():
    """Rank 2, 60 x 40, a fifth held out: noise leaves about sigma sqrt(K (U + I) / N) in the
    predictions; biases and the damping may double that."""
    rng, sigma = np.random.default_rng(1), 0.2
    truth = 6 + rng.normal(size=(60, 2)) @ rng.normal(size=(2, 40))
    asked = rng.random(truth.shape) < 0.2
    users, items = np.nonzero(~asked)
    values = np.maximum(truth[users, items] + rng.normal(0, sigma, len(users)), 0)
    model = ALS(
        n_factors=3, n_epochs=30, reg=0.002, damping=0.0
    )  # biases take part of the two, one more serves
    model.clip = False
    model.fit(Interactions(users, items, 60, 40, values))
    error = model.predict(*np.nonzero(asked)) - truth[asked]
    numbers = (3 + 1) * (60 + 40)
    assert np.sqrt(np.mean(error**2)) < 2 * sigma * np.sqrt(numbers / len(users))
    assert truth[asked].std() > 1


def test_more_factors_than_ratings_and_no_penalty_is_still_finite():
    model = ALS(n_factors=20, reg=0.0).fit(random_log(9, 7))
    assert np.isfinite(model.P_).all()
    assert model.loss_[-1] < 1e-6  # an exact fit exists
    assert np.abs(model.P_).max() < 100


def test_the_number_of_threads_does_not_show(monkeypatch):
    log, got = random_log(150, 80, 2), []  # several tasks of 64 rows
    for threads in ("1", "2"):
        monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
        model = ALS(n_factors=6, n_epochs=4).fit(log)
        got.append(model.score(np.arange(150)))
    np.testing.assert_allclose(*got, rtol=1e-9)


def test_a_seed_is_one_result_and_two_are_two():
    log = random_log()
    one, again, other = (ALS(seed=s, n_epochs=2).fit(log).P_ for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize(
    "name, value", [("n_factors", 0), ("n_epochs", 0), ("reg", -0.1), ("reg", np.nan), ("damping", -1.0)]
)
def test_a_setting_outside_its_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name}: {value}; expected"):
        ALS(**{name: value}).fit(random_log())


# --- the solver itself


@given(st.integers(1, 8), st.integers(0, 1_000))
def test_cholesky_solves(K, seed):
    rng = np.random.default_rng(seed)
    F, x = rng.normal(size=(K + 3, K)), rng.normal(size=K)
    A = F.T @ F + 0.1 * np.eye(K)
    b = A @ x
    cholesky_solve(A.copy(), b)  # b becomes the solution
    np.testing.assert_allclose(b, x, rtol=1e-6, atol=1e-8)


def test_a_singular_system_has_an_answer_and_no_numbers_have_none():
    b = np.array([2.0, 2.0])
    cholesky_solve(np.ones((2, 2)), b)  # x + y = 2, of which the shortest answer is (1, 1)
    np.testing.assert_allclose(b, [1, 1], atol=1e-5)
    b = np.ones(2)
    cholesky_solve(np.full((2, 2), np.nan), b)  # ends, and the caller's check for divergence sees it
    assert np.isnan(b).all()


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("steps", [0, 30])
def test_solve_rows_is_the_weighted_least_squares_of_each_row(steps, ridge):
    rng, K = np.random.default_rng(0), 4
    pattern = random_log(12, 9, 0).to_csr()
    weight, target = rng.uniform(0.5, 2, pattern.nnz), rng.normal(size=pattern.nnz)
    fixed, free, G = rng.normal(size=(9, K)), rng.normal(size=(12, K)), np.eye(K) * 0.7
    solve_rows(pattern, weight, target, fixed, free, G, ridge, steps)
    rows, columns = coordinates(pattern)
    for u in range(12):
        F, w, t = (x[rows == u] for x in (fixed[columns], weight, target))
        A = G + ridge * len(F) * np.eye(K) + F.T @ (w[:, None] * F)
        np.testing.assert_allclose(free[u], np.linalg.solve(A, F.T @ t), atol=1e-8)


def test_fewer_steps_of_conjugate_gradients_come_nearer_each_time():
    rng, K = np.random.default_rng(0), 6
    pattern = sparse.csr_array(np.ones((1, 20)))
    weight, target, fixed = rng.uniform(0.5, 2, 20), rng.normal(size=20), rng.normal(size=(20, K))
    exact = np.linalg.solve(np.eye(K) + fixed.T @ (weight[:, None] * fixed), fixed.T @ target)
    A = np.eye(K) + fixed.T @ (weight[:, None] * fixed)
    errors = []
    for steps in range(1, K + 1):
        free = np.zeros((1, K))
        solve_rows(pattern, weight, target, fixed, free, np.eye(K), 0.0, steps)
        errors.append((free[0] - exact) @ A @ (free[0] - exact))
    assert (np.diff(errors) < 0).all()
    assert errors[-1] < 1e-16  # exact after K steps
