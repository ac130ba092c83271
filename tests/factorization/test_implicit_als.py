"""Implicit ALS: the cheap solve is the dense one over all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import random_log, table

from recsys_course.factorization import ImplicitALS
from recsys_course.interactions import Interactions


def dense(log: Interactions, alpha: float, use_values: bool) -> tuple[np.ndarray, np.ndarray]:
    """(U, I) preferences and (U, I) confidences of every pair."""
    A = table(log)
    X = (~np.isnan(A)).astype(float)
    return X, 1 + alpha * (np.nan_to_num(A) if use_values else X)


def loss(model: ImplicitALS, X: np.ndarray, C: np.ndarray) -> float:
    P, Q = model.P_.astype(float), model.Q_.astype(float)
    return (C * (X - P @ Q.T) ** 2).sum() + model.reg * ((P**2).sum() + (Q**2).sum())


@pytest.mark.parametrize("alpha, reg, use_values", [(1.0, 0.5, False), (20.0, 0.1, False), (3.0, 2.0, True)])
def test_a_sweep_solves_the_dense_normal_equations(alpha, reg, use_values):
    log, K = random_log(17, 11, 1), 4
    X, C = dense(log, alpha, use_values)
    setting = {"n_factors": K, "alpha": alpha, "reg": reg, "use_values": use_values, "solver": "cholesky"}
    before, after = (ImplicitALS(n_epochs=n, **setting).fit(log) for n in (3, 4))
    Q, P = before.Q_.astype(float), after.P_.astype(float)
    for u in range(17):
        exact = np.linalg.solve((Q.T * C[u]) @ Q + reg * np.eye(K), (Q.T * C[u]) @ X[u])
        np.testing.assert_allclose(after.P_[u], exact, rtol=2e-4, atol=2e-5)  # float32
    for i in range(11):
        exact = np.linalg.solve((P.T * C[:, i]) @ P + reg * np.eye(K), (P.T * C[:, i]) @ X[:, i])
        np.testing.assert_allclose(after.Q_[i], exact, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("alpha", [1.0, 10.0])
def test_many_conjugate_gradient_steps_are_cholesky(alpha):
    log, setting = random_log(17, 11, 2), {"n_factors": 5, "reg": 0.5, "n_epochs": 3, "alpha": alpha}
    exact = ImplicitALS(solver="cholesky", **setting).fit(log)
    steps = ImplicitALS(solver="cg", cg_steps=30, **setting).fit(log)
    np.testing.assert_allclose(steps.score(np.arange(17)), exact.score(np.arange(17)), atol=2e-3)


@pytest.mark.parametrize("solver", ["cg", "cholesky"])
@given(seed=st.integers(0, 1_000))
def test_the_loss_falls(solver, seed):
    log = random_log(9, 7, seed, stars=False)
    X, C = dense(log, 2.0, False)
    losses = [
        loss(ImplicitALS(n_factors=3, n_epochs=n, alpha=2.0, reg=0.3, solver=solver).fit(log), X, C)
        for n in (1, 2, 4, 8)
    ]
    assert (np.diff(losses) <= 1e-5 * losses[0]).all()
    assert losses[-1] < (C * X).sum()  # better than saying 0 everywhere


def test_confidence_pulls_the_events_towards_one():
    log = random_log(20, 12, 0, stars=False)
    met = ~np.isnan(table(log))
    error = [
        np.abs(
            1 - ImplicitALS(n_factors=3, alpha=alpha, solver="cholesky").fit(log).score(np.arange(20))[met]
        ).mean()
        for alpha in (0.1, 1.0, 10.0, 100.0)
    ]
    assert (np.diff(error) < 0).all()


def test_values_count_only_when_asked():
    log = random_log(12, 8, 4)
    plain, valued = (ImplicitALS(use_values=flag, n_factors=3).fit(log).score([0]) for flag in (False, True))
    binary = ImplicitALS(n_factors=3).fit(log.binary()).score([0])
    np.testing.assert_array_equal(plain, binary)
    assert np.abs(plain - valued).max() > 1e-3


@pytest.mark.parametrize("solver", ["cg", "cholesky"])
def test_no_penalty_and_more_factors_than_items_is_still_finite(solver):
    """Two items for eight factors: Q'Q has rank 2, which float32 cannot solve as it stands."""
    log = Interactions(np.repeat(np.arange(6), 2), np.tile([0, 1], 6), 6, 5)
    model = ImplicitALS(n_factors=8, reg=0.0, solver=solver, n_epochs=15).fit(log)
    np.testing.assert_allclose(model.score(np.arange(6)), np.tile([1.0, 1, 0, 0, 0], (6, 1)), atol=0.01)


def test_nothing_met_is_nothing_known():
    model = ImplicitALS(n_factors=4).fit(random_log(14, 9, 1))
    assert not model.score([13]).any()
    assert not model.score([0])[0, 8]


@pytest.mark.parametrize("solver", ["cg", "cholesky"])
def test_the_number_of_threads_does_not_show(solver, monkeypatch):
    log, got = random_log(150, 80, 2), []
    for threads in ("1", "2"):
        monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
        got.append(ImplicitALS(n_factors=6, n_epochs=4, solver=solver).fit(log).score(np.arange(150)))
    np.testing.assert_allclose(*got, atol=1e-4)


def test_a_seed_is_one_result_and_two_are_two():
    log = random_log()
    one, again, other = (ImplicitALS(seed=s, n_epochs=2).fit(log).P_ for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-3


def test_wrong_settings_are_named():
    for name, value in (("alpha", 0.0), ("cg_steps", 0), ("reg", -1.0), ("n_factors", 0), ("n_epochs", 0)):
        with pytest.raises(ValueError, match=f"^{name}: {value}; expected"):
            ImplicitALS(**{name: value}).fit(random_log())
    with pytest.raises(ValueError, match="solver: 'lu'; expected 'cg' or 'cholesky'"):
        ImplicitALS(solver="lu").fit(random_log())
