"""All pairs of rows: against numpy and scipy, dense and sparse, and against the inverted lists."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.spatial.distance import cdist
from scipy.stats import pearsonr

from recsys_course.measures import MEASURES, compared, unit_rows
from recsys_course.similarity import pairwise, similar_rows

each_measure = pytest.mark.parametrize("measure", MEASURES)


def dense_rows(seed: int = 0, shape: tuple[int, int] = (6, 5)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def sparse_rows(seed: int = 0, shape: tuple[int, int] = (7, 12)) -> sparse.csr_array:
    """About half the entries stored; the last row and column empty."""
    rng = np.random.default_rng(seed)
    A = rng.integers(1, 6, shape) * (rng.random(shape) < 0.5)
    A[-1] = A[:, -1] = 0
    return sparse.csr_array(A.astype(float))


def by_loops(X: sparse.csr_array, measure: str, shrinkage: float) -> np.ndarray:
    """(M, M) the formulas at the head of recsys_course.similarity, a pair at a time, diagonal included."""
    rows = [dict(zip(X[[m]].indices.tolist(), X[[m]].data.tolist(), strict=True)) for m in range(X.shape[0])]
    if measure == "adjusted_cosine":
        mean = {f: np.mean([row[f] for row in rows if f in row]) for row in rows for f in row}
        rows = [{f: value - mean[f] for f, value in row.items()} for row in rows]
    S = np.zeros((len(rows),) * 2)
    for i, x in enumerate(rows):
        for j, y in enumerate(rows):
            both = sorted(set(x) & set(y))
            a, b = np.array([x[f] for f in both]), np.array([y[f] for f in both])
            if measure == "jaccard":
                top, bottom = len(both), len(set(x) | set(y))
            elif measure == "pearson":
                a, b = a - a.mean() if both else a, b - b.mean() if both else b
                top, bottom = a @ b, np.sqrt(max(a @ a, 1e-15) * max(b @ b, 1e-15))
                bottom = 0 if bottom < 1e-10 else bottom
            else:
                top = a @ b
                bottom = np.sqrt(sum(v * v for v in x.values()) * sum(v * v for v in y.values()))
            S[i, j] = top / (bottom + shrinkage) if bottom else 0.0
    return S


def test_dense_rows_as_numpy_and_scipy_see_them():
    X, Y = dense_rows(0), dense_rows(1, (4, 5))
    np.testing.assert_allclose(pairwise(X, Y), 1 - cdist(X, Y, "cosine"), atol=1e-12)
    np.testing.assert_allclose(pairwise(X, Y, "pearson"), 1 - cdist(X, Y, "correlation"), atol=1e-12)
    np.testing.assert_allclose(pairwise(X, measure="pearson"), np.corrcoef(X), atol=1e-12)
    A, B = X > 0.3, Y > 0.3  # sets
    np.testing.assert_allclose(pairwise(A, B, "jaccard"), 1 - cdist(A, B, "jaccard"), atol=1e-12)
    means = np.vstack([X, Y]).mean(axis=0)
    expected = 1 - cdist(X - means, Y - means, "cosine")
    np.testing.assert_allclose(pairwise(X, Y, "adjusted_cosine"), expected, atol=1e-12)


def test_a_pearson_of_sparse_rows_looks_at_what_both_have():
    X = sparse_rows()
    A, stored = X.toarray(), X.toarray() != 0
    both = stored[0] & stored[1]
    assert 3 <= both.sum() < stored[0].sum()
    expected = pearsonr(A[0, both], A[1, both]).statistic
    assert pairwise(X, measure="pearson")[0, 1] == pytest.approx(expected, abs=1e-12)
    assert abs(pairwise(A, measure="pearson")[0, 1] - expected) > 0.01  # dense: a 0 is a value, too


@each_measure
@pytest.mark.parametrize("shrinkage", [0.0, 2.5])
def test_sparse_rows_follow_the_formula_written_as_loops(measure, shrinkage):
    X = sparse_rows(3)
    np.testing.assert_allclose(
        pairwise(X, None, measure, shrinkage), by_loops(X, measure, shrinkage), atol=1e-12
    )


@each_measure
def test_the_inverted_lists_find_the_same(measure):
    X = sparse_rows(5, (20, 12))
    S = pairwise(X, measure=measure, shrinkage=1.5)
    np.fill_diagonal(S, 0.0)
    lists = similar_rows(X, 19, measure, 1.5).toarray()
    assert (lists > 0).sum() > 50
    np.testing.assert_allclose(lists, np.maximum(S, 0), atol=1e-6)


@each_measure
def test_with_no_zeros_dense_and_sparse_say_the_same(measure):
    X = np.abs(dense_rows(2)) + 0.1
    np.testing.assert_allclose(
        pairwise(X, measure=measure), pairwise(sparse.csr_array(X), measure=measure), atol=1e-9
    )


@each_measure
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_two_matrices_are_a_block_of_one(measure, kind):
    X, Y = sparse_rows(1, (5, 9)).toarray(), sparse_rows(2, (3, 9)).toarray()
    whole = pairwise(kind(np.vstack([X, Y])), measure=measure)
    np.testing.assert_allclose(pairwise(kind(X), kind(Y), measure), whole[:5, 5:], atol=1e-12)
    np.testing.assert_allclose(whole, whole.T, atol=1e-12)


@each_measure
def test_a_block_of_rows_is_that_part_of_the_whole(measure):
    X = sparse_rows(4, (9, 6))
    for kind in (X, X.toarray()):
        block = compared(kind, kind, measure, 0.5)
        parts = np.vstack([block(start, min(start + 4, 9)) for start in (0, 4, 8)])
        np.testing.assert_allclose(parts, pairwise(kind, None, measure, 0.5), atol=1e-12)


@each_measure
def test_what_has_no_length_or_no_spread_is_like_nothing(measure):
    A = np.array([[0.0, 0, 0], [0.1, 0.1, 0.1], [1.0, 2, 3]])
    for X in (A, sparse.csr_array(A)):
        S = pairwise(X, measure=measure)
        assert np.isfinite(S).all()
        if measure != "adjusted_cosine" or sparse.issparse(X):  # a dense 0 may lie below the column's mean
            assert (S[0] == 0).all()
        if measure == "pearson":
            assert (S[1] == 0).all()


@given(arrays(float, (4, 3), elements=st.floats(-5, 5, width=32)), st.floats(1e-3, 1e3))
def test_a_cosine_does_not_see_lengths_and_stays_within_1(X, factor):
    S = pairwise(X)
    assert (np.abs(S) <= 1).all()
    np.testing.assert_allclose(pairwise(X * [[factor], [1], [1], [1]]), S, atol=1e-9)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_unit_rows_are_of_length_1_whatever_their_size(kind):
    A = np.array([[3.0, 4, 0], [0, 0, 0], [3e200, -4e200, 0], [3e-200, 0, 4e-200]])
    X = unit_rows(kind(A))
    dense = X.toarray() if sparse.issparse(X) else X
    expected = [[0.6, 0.8, 0], [0, 0, 0], [0.6, -0.8, 0], [0.6, 0, 0.8]]
    np.testing.assert_allclose(dense, expected, rtol=1e-12)
    assert unit_rows(kind(A[:1].astype(np.float32))).dtype == np.float32


def test_the_input_is_left_as_it_was():
    for X in (dense_rows(), sparse_rows()):
        before = X.copy()
        for measure in MEASURES:
            pairwise(X, measure=measure)
        assert abs(X - before).max() == 0


def test_bad_input_is_named():
    X = dense_rows()
    bad = X.copy()
    bad[4, 2] = np.nan
    holes = sparse_rows()
    holes.data[-1] = np.inf
    for call, kind, message in [
        (lambda: pairwise(bad), ValueError, "X: nan in row 4; expected finite numbers"),
        (lambda: pairwise(X, bad), ValueError, "Y: nan in row 4; expected finite numbers"),
        (lambda: pairwise(holes), ValueError, "X: inf in row 5; expected finite numbers"),
        (lambda: pairwise(X[0]), ValueError, r"X: shape \(5,\); expected two dimensions"),
        (lambda: pairwise(X, X[:, :3]), ValueError, "Y: 3 columns; expected 5, as many as X"),
        (
            lambda: pairwise(X, sparse.csr_array(X)),
            TypeError,
            "one dense, one sparse; expected both of one kind",
        ),
        (lambda: pairwise([["a", "b"]]), TypeError, "X: dtype <U1; expected numbers"),
        (lambda: pairwise(X, measure="euclid"), ValueError, "measure: 'euclid'; expected one of cosine, adj"),
        (lambda: pairwise(X, shrinkage=-1), ValueError, "shrinkage: -1; expected 0 or more"),
        (lambda: pairwise(X, shrinkage=np.nan), ValueError, "shrinkage: nan; expected 0 or more"),
    ]:
        with pytest.raises(kind, match=message):
            call()
    assert pairwise(X[:0], X).shape == (0, 6) and pairwise(X, X[:0], "pearson").shape == (6, 0)
