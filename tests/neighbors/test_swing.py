"""Swing against a triple loop; the cap on users samples."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import plain, random_log, table

from recsys_course.interactions import Interactions
from recsys_course.neighbors import Swing, swing


def by_loops(A: np.ndarray, k: int, alpha: float) -> np.ndarray:
    """(U, I) NaN for absent -> (I, I), column i holds the k neighbours of item i."""
    items_of = [set(np.flatnonzero(~np.isnan(row)).tolist()) for row in A]
    S = np.zeros((A.shape[1],) * 2)
    for i in range(A.shape[1]):
        for j in range(A.shape[1]):
            if i == j:
                continue
            both = [u for u, mine in enumerate(items_of) if i in mine and j in mine]
            for u, v in combinations(both, 2):
                weight = 1 / np.sqrt(len(items_of[u]) * len(items_of[v]))
                S[j, i] += weight / (alpha + len(items_of[u] & items_of[v]))
    S = S.astype(np.float32)
    for column in S.T:
        column[np.lexsort((np.arange(len(column)), -column))[k:]] = 0
    return S


@pytest.mark.parametrize("k, alpha", [(50, 1.0), (3, 0.25), (1, 5.0)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_is_its_formula(k, alpha, seed):
    log = random_log(19, 11, seed)
    model = Swing(k=k, alpha=alpha).fit(log)
    S = by_loops(table(log), k, alpha)
    np.testing.assert_allclose(
        np.sort(model.weights_.toarray(), axis=0), np.sort(S, axis=0), rtol=1e-5, atol=1e-7
    )
    if k > 11:
        np.testing.assert_allclose(model.weights_.toarray(), S, rtol=1e-5)
        history = ~np.isnan(table(log))
        np.testing.assert_allclose(model.score(np.arange(19)), history @ S, rtol=1e-5)


def test_the_loop_runs_the_same_without_the_compiler(monkeypatch):
    log = random_log(8, 6, 3)
    compiled = Swing().fit(log).weights_.toarray()
    monkeypatch.setattr(swing, "_swing", plain(swing._swing))
    np.testing.assert_allclose(Swing().fit(log).weights_.toarray(), compiled, rtol=1e-6)


def test_by_hand():
    """Two users who met tea and cup and nothing else: (1/sqrt 2)^2 / (1 + 2) = 1/6.
    A third who also met pot and pan shares 2 with each of them: two more pairs of 1/sqrt 8 / 3."""
    two = Interactions([0, 0, 1, 1], [0, 1, 0, 1], 2, 2)
    assert Swing(alpha=1.0).fit(two).weights_.toarray()[0, 1] == pytest.approx(1 / 6)
    three = Interactions([0, 0, 1, 1, 2, 2, 2, 2], [0, 1, 0, 1, 0, 1, 2, 3], 3, 4)
    S = Swing(alpha=1.0).fit(three).weights_.toarray()
    assert S[0, 1] == pytest.approx(1 / 6 + 2 / np.sqrt(8) / 3)
    assert not S[2:].any()  # one user alone makes no swing


@given(st.integers(0, 10_000))
def test_with_all_neighbours_it_is_symmetric_and_positive(seed):
    S = Swing(k=100).fit(random_log(9, 7, seed)).weights_
    assert (S.data > 0).all()
    np.testing.assert_allclose(S.toarray(), S.toarray().T, rtol=1e-5)


def test_more_smoothing_means_weaker_bonds():
    log = random_log(12, 8, 1)
    weak, strong = (Swing(alpha=alpha).fit(log).weights_.toarray() for alpha in (10.0, 0.1))
    assert (weak <= strong).all()
    assert weak.sum() < strong.sum() / 2


# --- the cap


def everyone_met_everything(n_users: int = 12) -> Interactions:
    users, items = (axis.ravel() for axis in np.indices((n_users, 3)))
    return Interactions(users, items, n_users, 3)


def test_the_cap_keeps_that_many_users_per_item():
    """All pairs are alike, 1/3 over alpha + 3, so the weight counts the pairs: 4 users make 6."""
    for cap, pairs in ((4, 6), (12, 66), (300, 66)):
        S = Swing(alpha=1.0, max_users=cap).fit(everyone_met_everything()).weights_.toarray()
        np.testing.assert_allclose(S[~np.eye(3, dtype=bool)], pairs / 3 / 4, rtol=1e-6)


def test_the_cap_draws_by_its_seed_from_all_users():
    T = everyone_met_everything().to_csr().T.tocsr()
    kept = [swing._sample_rows(T, 4, seed) for seed in range(30)]
    assert all((np.diff(sample.indptr) == 4).all() for sample in kept)
    assert {u for sample in kept for u in sample.indices.tolist()} == set(range(12))
    assert sum((sample.indices[:4].tolist() == [0, 1, 2, 3]) for sample in kept) < 5
    np.testing.assert_array_equal(kept[3].indices, swing._sample_rows(T, 4, 3).indices)


def test_two_seeds_differ_only_under_the_cap():
    log = random_log(40, 12, 0)

    def fit(**setting):
        return Swing(**setting).fit(log).weights_.toarray()

    np.testing.assert_array_equal(fit(seed=0), fit(seed=1))
    assert np.abs(fit(seed=0, max_users=5) - fit(seed=1, max_users=5)).max() > 0
    np.testing.assert_array_equal(fit(seed=1, max_users=5), fit(seed=1, max_users=5))


@pytest.mark.parametrize("name, value", [("alpha", 0.0), ("alpha", -1.0), ("max_users", 1), ("k", 0)])
def test_a_setting_outside_its_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name}: {value}; expected"):
        Swing(**{name: value}).fit(random_log())


def test_the_number_of_threads_does_not_show(monkeypatch):
    log, got = random_log(40, 60, 2), []
    for threads in ("1", "2"):
        monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
        got.append(Swing(k=5).fit(log).weights_.toarray())
    np.testing.assert_array_equal(*got)
