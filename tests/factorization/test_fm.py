"""Factorisation machines: the identity, the gradient, ids alone as biased factors, features at work."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from logs import plain, random_log
from scipy import sparse

from recsys_course.base import Diverged
from recsys_course.factorization import FM, FunkSVD, fm
from recsys_course.factorization.fm import fm_pairs
from recsys_course.interactions import Interactions

small = st.floats(-2, 2, width=32)


@given(st.data(), st.integers(1, 4), st.integers(1, 6), st.integers(1, 3))
def test_the_linear_time_identity_is_the_sum_over_pairs(data, N, F, K):
    X = data.draw(arrays(np.float64, (N, F), elements=st.one_of(st.just(0.0), small)))
    V = data.draw(arrays(np.float64, (F, K), elements=small))
    pairs = [
        sum(V[f] @ V[g] * x[f] * x[g] for f in range(F) for g in range(f + 1, F)) for x in X
    ]  # fmt: skip
    np.testing.assert_allclose(fm_pairs(sparse.csr_array(X), V), pairs, atol=1e-9)


def test_the_identity_by_hand():
    """Vectors (1, 2) and (3, -1), values 2 and 1: (1*3 - 2*1) * 2 * 1 = 2."""
    assert fm_pairs(sparse.csr_array([[2.0, 1.0]]), np.array([[1.0, 2], [3, -1]])) == pytest.approx([2.0])


@pytest.fixture
def features() -> tuple[np.ndarray, np.ndarray]:
    """(17, 3) of users and (9, 2) of items, some of them 0."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(17, 3)) * (rng.random((17, 3)) < 0.7), rng.normal(size=(9, 2))


def test_predictions_are_the_formula_over_all_pairs_of_features(features):
    log = random_log()
    model = FM(n_factors=3, n_epochs=3, user_features=features[0], item_features=features[1]).fit(log)
    model.clip = False
    scores = model.score(np.arange(17))
    for u in range(17):
        for i in range(9):
            x = np.r_[np.arange(17) == u, features[0][u], np.arange(9) == i, features[1][i]]
            want = model.bias_ + model.w_ @ x
            for f in range(len(x)):
                for g in range(f + 1, len(x)):
                    want += model.V_[f] @ model.V_[g] * x[f] * x[g]
            assert scores[u, i] == pytest.approx(want, abs=1e-5)
            assert model.predict([u], [i])[0] == pytest.approx(want, abs=1e-5)


@pytest.mark.parametrize("seed", [0, 1])
def test_with_ids_alone_it_is_funk_svd(seed):
    """The same start, order and updates: the same model, up to the rounding of float32."""
    log, setting = random_log(), {"n_factors": 4, "n_epochs": 5, "learning_rate": 0.05, "reg": 0.1}
    machine, factors = (make(seed=seed, **setting).fit(log) for make in (FM, FunkSVD))
    np.testing.assert_allclose(
        machine.w_, np.r_[factors.user_bias_, factors.item_bias_], rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(machine.V_, np.r_[factors.P_, factors.Q_], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(machine.loss_, factors.loss_, rtol=1e-5)


def test_one_step_follows_torchs_gradient_of_the_loss():
    """(y - y_hat)^2 + lambda (w^2 + V^2) over the features at hand; the factor 2 is left to eta."""
    rng, rate, reg, y = np.random.default_rng(0), 1e-3, 0.3, 1.5
    x = np.array([1.0, 0.5, 1.0, -2.0])  # user id, user feature, item id, item feature
    old = [rng.normal(size=4), rng.normal(size=(4, 3))]
    w, V = (torch.tensor(p, requires_grad=True) for p in old)
    z = torch.tensor(x)
    pairs = sum(V[f] @ V[g] * z[f] * z[g] for f in range(4) for g in range(f + 1, 4))
    e = y - w @ z - pairs
    (e**2 + reg * ((w**2).sum() + (V**2).sum())).backward()
    new = [p.copy() for p in old]
    zero, start = np.array([0]), np.array([0, 2])
    sides = start, np.array([0, 1]), x[:2], start, np.array([2, 3]), x[2:]
    loss = plain(fm._epoch)(zero, zero, zero, np.array([y]), *sides, *new, rate, reg)
    assert loss == pytest.approx(e.item() ** 2, rel=1e-5)
    for before, after, p in zip(old, new, (w, V), strict=True):
        np.testing.assert_allclose((after - before) / rate, -p.grad.numpy() / 2, rtol=1e-4, atol=1e-5)


def genre_world() -> tuple[Interactions, np.ndarray, np.ndarray]:
    """Stars follow the user's tribe and the film's genre; (I, 2) genres; the last 10 films are new."""
    rng = np.random.default_rng(0)
    genre = np.arange(40) % 2
    users, items = np.nonzero(rng.random((60, 30)) < 0.3)
    stars = np.where(users % 2 == genre[items], 5.0, 1.0)
    return Interactions(users, items, 60, 40, stars), np.eye(2)[genre], genre


def test_features_serve_films_that_nobody_rated():
    log, genres, genre = genre_world()
    setting = {"n_factors": 4, "n_epochs": 40, "learning_rate": 0.02}
    with_genres, with_ids = FM(item_features=genres, **setting).fit(log), FM(**setting).fit(log)
    users, films = (axis.ravel() for axis in np.indices((60, 10)))
    liked = users % 2 == genre[films + 30]
    stars = with_genres.predict(users, films + 30)
    assert stars[liked].min() > stars[~liked].max()
    blind = with_ids.predict(users, films + 30).reshape(60, 10)
    np.testing.assert_allclose(blind, np.tile(blind[:, :1], 10))  # without features all new films are alike


def test_features_of_any_kind_say_the_same(features):
    log, setting = random_log(), {"n_factors": 2, "n_epochs": 2}
    dense, asked = features[1], (np.arange(5), np.arange(5))
    want = FM(item_features=dense, **setting).fit(log).predict(*asked)
    rows, columns = np.nonzero(dense)
    halves = np.tile(dense[rows, columns] / 2, 2)  # every feature named twice, half each time
    twice = sparse.csr_array(
        (halves[np.argsort(np.tile(rows, 2), kind="stable")],
         np.tile(columns, 2)[np.argsort(np.tile(rows, 2), kind="stable")],
         np.r_[0, np.cumsum(2 * np.bincount(rows, minlength=9))]), shape=dense.shape,
    )  # fmt: skip
    assert not twice.has_canonical_format
    for kind in (
        sparse.csr_array(dense),
        sparse.csc_array(dense),
        sparse.coo_array(dense),
        dense.tolist(),
        twice,
    ):
        np.testing.assert_allclose(
            FM(item_features=kind, **setting).fit(log).predict(*asked), want, rtol=1e-5
        )
    assert not twice.has_canonical_format  # the caller's matrix is left as it was


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"user_features": np.ones((16, 2))}, r"user_features: shape \(16, 2\); expected 17 rows"),
        ({"item_features": np.ones((2, 9))}, r"item_features: shape \(2, 9\); expected 9 rows"),
        ({"item_features": np.ones(9)}, r"item_features: shape \(9,\); expected 9 rows"),
        ({"item_features": np.full((9, 1), np.nan)}, "item_features: holds NaN or infinity"),
        ({"user_features": np.full((17, 1), np.inf)}, "user_features: holds NaN or infinity"),
    ],
)
def test_wrong_features_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        FM(**wrong).fit(random_log())


def test_the_loop_runs_the_same_without_the_compiler(monkeypatch, features):
    log, small = random_log(), {"n_factors": 2, "n_epochs": 2, "item_features": features[1]}
    compiled = FM(**small).fit(log)
    monkeypatch.setattr(fm, "_epoch", plain(fm._epoch))
    np.testing.assert_allclose(FM(**small).fit(log).V_, compiled.V_, rtol=1e-3, atol=1e-5)


def test_a_seed_is_one_result_and_two_are_two():
    log = random_log()
    one, again, other = (FM(seed=s, n_epochs=3).fit(log).V_ for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_too_large_a_step_is_named():
    with pytest.raises(Diverged, match=r"FM diverged .* Lower learning_rate \(now 8.0\)"):
        FM(learning_rate=8.0).fit(random_log())
