"""EASE against the inverse and its optimality; SLIM against scikit-learn's elastic net."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import plain, random_log, table

from recsys_course import linear
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE, SLIM, gram, inverse


def met(log: Interactions) -> np.ndarray:
    """(U, I) 0/1."""
    return (~np.isnan(table(log))).astype(float)


# --- EASE


@pytest.mark.parametrize("reg", [0.5, 5.0, 500.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_ease_is_the_direct_inverse(reg, seed):
    log = random_log(23, 11, seed)
    X = met(log)
    P = np.linalg.inv(X.T @ X + reg * np.eye(11))
    B = np.array([[0.0 if i == j else -P[i, j] / P[j, j] for j in range(11)] for i in range(11)])
    model = EASE(reg=reg).fit(log)
    np.testing.assert_allclose(model.weights_, B, rtol=1e-3, atol=1e-5)  # float32
    np.testing.assert_allclose(model.score(np.arange(23)), X @ B, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("reg", [1.0, 20.0])
def test_ease_meets_the_conditions_of_its_optimum(reg):
    """The gradient X'(XB - X) + lambda B is zero wherever B is free; the diagonal is held at 0."""
    log = random_log(23, 11, 2)
    X, B = met(log), EASE(reg=reg).fit(log).weights_.astype(float)
    gradient = X.T @ (X @ B - X) + reg * B
    free = ~np.eye(11, dtype=bool)
    assert np.abs(gradient[free]).max() < 1e-4 * np.abs(X.T @ X).max()
    assert (B.diagonal() == 0).all()
    assert (
        np.abs(np.diag(gradient)[:-1]).min() > 0.1
    )  # what the constraint holds back; the last item is unmet


def test_ease_by_hand():
    """Two users met both items, one only the first: G = [[3, 2], [2, 2]], lambda 1; each column is
    a ridge regression on one item: 2 / (3 + 1) and 2 / (2 + 1)."""
    log = Interactions([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], 3, 2)
    np.testing.assert_allclose(EASE(reg=1.0).fit(log).weights_, [[0, 2 / 4], [2 / 3, 0]], rtol=1e-6)


@given(st.integers(0, 1_000), st.sampled_from([0.5, 10.0]))
def test_no_nearby_weights_are_better(seed, reg):
    X = met(random_log(9, 6, seed))
    B = EASE(reg=reg).fit(random_log(9, 6, seed)).weights_.astype(float)

    def loss(W: np.ndarray) -> float:
        return ((X - X @ W) ** 2).sum() + reg * (W**2).sum()

    step = np.random.default_rng(seed).normal(size=B.shape) * (1 - np.eye(6))
    assert loss(B) < min(loss(B + 0.1 * step), loss(B - 0.1 * step))


def test_a_singular_gram_matrix_says_what_to_raise():
    """Two items met by the same 20,000 users: float32 cannot see the penalty of 1e-9."""
    users = np.repeat(np.arange(20), 2)
    log = Interactions(users, np.tile([0, 1], 20), 20, 2)
    with pytest.raises(ValueError, match="reg: too small for this log"):
        EASE(reg=1e-9).fit(log)
    with pytest.raises(ValueError, match=r"^reg: 0; expected"):
        EASE(reg=0).fit(log)


# --- SLIM


@pytest.mark.parametrize("reg, l1", [(1.0, 0.5), (10.0, 2.0), (0.1, 0.0), (3.0, 8.0)])
def test_slim_is_scikit_learns_elastic_net(reg, l1):
    """ElasticNet minimises |y - Xw|^2 / 2n + a r |w|_1 + a (1 - r) |w|^2 / 2: ours divided by n,
    with a = (l1 + reg) / n and r = l1 / (l1 + reg)."""
    from sklearn.linear_model import ElasticNet

    log = random_log(41, 9, 0)
    X = met(log)
    W = SLIM(reg=reg, l1=l1, n_epochs=2_000, tol=1e-7).fit(log).weights_.toarray()
    for j in range(9):
        other = X.copy()
        other[:, j] = 0
        net = ElasticNet(
            (l1 + reg) / 41,
            l1_ratio=l1 / (l1 + reg),
            positive=True,
            fit_intercept=False,
            tol=1e-10,
            max_iter=100_000,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the unmet item: nothing to fit, and no convergence
            net.fit(other, X[:, j])
        np.testing.assert_allclose(W[:, j], net.coef_, atol=2e-4)


@given(st.integers(0, 1_000), st.sampled_from([0.1, 5.0]), st.sampled_from([0.0, 1.0, 3.0]))
def test_slim_is_non_negative_with_an_empty_diagonal_and_optimal(seed, reg, l1):
    """At the optimum the gradient is 0 where a weight is positive, and not negative where it is 0."""
    X = met(random_log(12, 7, seed))
    W = SLIM(reg=reg, l1=l1, n_epochs=3_000, tol=1e-7).fit(random_log(12, 7, seed)).weights_.toarray()
    assert (W >= 0).all()
    assert not W.diagonal().any()
    gradient = X.T @ (X @ W - X) + reg * W + l1
    free = ~np.eye(7, dtype=bool) & (X.any(axis=0)[:, None])
    assert np.abs(gradient[free & (W > 0)]).max(initial=0) < 2e-3
    assert gradient[free & (W == 0)].min(initial=0) > -2e-3


def test_slim_by_hand():
    """G = [[3, 2], [2, 2]]; one weight a column: (2 - 0.5) / (3 + 1) and (2 - 0.5) / (2 + 1)."""
    log = Interactions([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], 3, 2)
    W = SLIM(reg=1.0, l1=0.5).fit(log).weights_.toarray()
    np.testing.assert_allclose(W, [[0, 1.5 / 4], [1.5 / 3, 0]], rtol=1e-6)


def test_a_larger_l1_is_sparser():
    stored = [SLIM(reg=1.0, l1=l1).fit(random_log(40, 20, 0)).weights_.nnz for l1 in (0.0, 2.0, 5.0, 1e6)]
    assert stored[0] > stored[1] > stored[2] > stored[3] == 0


@pytest.mark.parametrize(
    "name, value", [("reg", -1.0), ("l1", -0.5), ("n_epochs", 0), ("tol", -1e-3), ("l1", np.nan)]
)
def test_a_setting_of_slim_outside_its_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name}: {value}; expected"):
        SLIM(**{name: value}).fit(random_log())


# --- what both share


def test_gram_counts_users_in_common():
    log = random_log(23, 11, 0)
    np.testing.assert_array_equal(gram(log.to_csr()), met(log).T @ met(log))
    assert gram(log.to_csr()).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(n=st.integers(1, 8), seed=st.integers(0, 100))
def test_inverse(dtype, n, seed):
    F = np.random.default_rng(seed).normal(size=(n + 2, n))
    G = F.T @ F + np.eye(n)
    got = inverse(G.astype(dtype))
    np.testing.assert_allclose(got @ G, np.eye(n), atol=1e-4 if dtype is np.float32 else 1e-9)
    np.testing.assert_array_equal(got, got.T)


@pytest.mark.parametrize("name, make", [("_gram", EASE), ("_descend", SLIM)])
def test_the_loops_run_the_same_without_the_compiler(name, make, monkeypatch):
    log = random_log(8, 6, 3)
    compiled = make(reg=1.0).fit(log).score(np.arange(8))
    monkeypatch.setattr(linear, name, plain(getattr(linear, name)))
    np.testing.assert_allclose(make(reg=1.0).fit(log).score(np.arange(8)), compiled, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [EASE, SLIM])
def test_stars_do_not_count(make):
    log = random_log(12, 8, 4)
    got, want = (make(reg=1.0).fit(data).score(np.arange(12)) for data in (log, log.binary()))
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("make", [EASE, SLIM])
def test_the_number_of_threads_does_not_show(make, monkeypatch):
    log, got = random_log(60, 130, 2), []
    for threads in ("1", "2"):
        monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
        got.append(make(reg=2.0).fit(log).score(np.arange(60)))
    np.testing.assert_allclose(*got, rtol=1e-4, atol=1e-5)
