"""Similarities against scipy, sets and loops; what holds for all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from logs import plain, random_log, table
from scipy import sparse
from scipy.spatial.distance import cosine
from scipy.stats import pearsonr

from recsys_course import similarity
from recsys_course.similarity import (
    MEASURES,
    column_means,
    insert,
    prepare,
    similar_rows,
    similarities,
    workspace,
)

each_measure = pytest.mark.parametrize("measure", MEASURES)


def sparse_rows(dense: np.ndarray) -> sparse.csr_array:
    """(M, F) with NaN where nothing is stored; a stored 0 stays stored."""
    rows, columns = np.nonzero(~np.isnan(dense))
    return sparse.csr_array((dense[rows, columns], (rows, columns)), shape=dense.shape)


def all_similarities(X: sparse.csr_array, measure: str, *options: float) -> np.ndarray:
    """(M, M) every similarity, negative ones too; the diagonal is 0."""
    rows, M = prepare(X, measure, *options), X.shape[0]
    S = np.zeros((M, M))
    for i in range(M):
        common, dot, sums, touched, s = workspace(M, rows.formula)
        similarities(i, rows, common, dot, sums, touched, s)
        S[i] = s
        assert not common.any()  # left clean for the next row
        assert not dot.any()
        assert not sums.any()
    np.fill_diagonal(S, 0.0)
    return S


def by_loops(A: np.ndarray, measure: str, shrinkage: float = 0.0, significance: float = 0.0) -> np.ndarray:
    """(M, F) with NaN for absent -> (M, M), the module's formulas pair by pair; the diagonal is 0."""
    if measure == "adjusted_cosine":
        A = A - [column[~np.isnan(column)].mean() if (~np.isnan(column)).any() else 0 for column in A.T]
    S = np.zeros((len(A), len(A)))
    for i, x in enumerate(A):
        for j, y in enumerate(A):
            common = ~np.isnan(x) & ~np.isnan(y)
            n = common.sum()
            if i == j or n == 0:
                continue
            if measure == "jaccard":
                top, bottom = n, (~np.isnan(x) | ~np.isnan(y)).sum()
            elif measure == "pearson":
                a, b = x[common] - x[common].mean(), y[common] - y[common].mean()
                top, bottom = a @ b, np.sqrt((a @ a) * (b @ b))
            else:
                top = x[common] @ y[common]
                bottom = np.sqrt(np.nansum(x**2)) * np.sqrt(np.nansum(y**2))
            if bottom > 1e-9:
                weight = min(n, significance) / significance if significance else 1.0
                S[i, j] = top / (bottom + shrinkage) * weight
    return S


def dense_rows(seed: int) -> np.ndarray:
    A = table(random_log(11, 23, seed))
    A[2, ~np.isnan(A[2])] = 3.0  # a row without spread
    A[0, 0] = 0.0  # a stored zero is an entry
    return A


# --- oracles


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pearson_is_scipys_on_the_common_columns(seed):
    A = dense_rows(seed)
    S = all_similarities(sparse_rows(A), "pearson")
    compared = 0
    for i in range(len(A)):
        for j in range(i):
            common = ~np.isnan(A[i]) & ~np.isnan(A[j])
            x, y = A[i][common], A[j][common]
            if common.sum() >= 2 and np.ptp(x) and np.ptp(y):
                assert S[i, j] == pytest.approx(pearsonr(x, y)[0], abs=1e-12)
                compared += 1
            else:
                assert S[i, j] == 0.0
    assert compared > 10


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cosine_is_scipys_with_zeros_for_gaps(seed):
    A = dense_rows(seed)
    S, filled = all_similarities(sparse_rows(A), "cosine"), np.nan_to_num(A)
    for i in range(len(A) - 1):  # the last row is empty: no cosine
        for j in range(i):
            assert S[i, j] == pytest.approx(1 - cosine(filled[i], filled[j]), abs=1e-12)
    assert not S[-1].any()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_jaccard_is_that_of_sets(seed):
    A = dense_rows(seed)
    S = all_similarities(sparse_rows(A), "jaccard")
    sets = [set(np.flatnonzero(~np.isnan(row)).tolist()) for row in A]
    for i in range(len(A) - 1):
        for j in range(i):
            assert S[i, j] == pytest.approx(len(sets[i] & sets[j]) / len(sets[i] | sets[j]), abs=1e-12)


@each_measure
@pytest.mark.parametrize("shrinkage, significance", [(0, 0), (7.5, 0), (0, 4), (0.5, 50)])
def test_every_measure_is_its_formula(measure, shrinkage, significance):
    A = dense_rows(3)
    got = all_similarities(sparse_rows(A), measure, shrinkage, significance)
    np.testing.assert_allclose(got, by_loops(A, measure, shrinkage, significance), atol=1e-12)


@each_measure
@pytest.mark.parametrize("k", [1, 3, 100])
def test_the_nearest_are_the_largest_positive_ones(measure, k):
    A = dense_rows(4)
    got = similar_rows(sparse_rows(A), k, measure, 1.0)
    S = by_loops(A, measure, 1.0).astype(np.float32)
    for m, row in enumerate(S):
        order = [j for j in np.lexsort((np.arange(len(row)), -row)) if row[j] > 0][:k]
        mine = slice(got.indptr[m], got.indptr[m + 1])
        np.testing.assert_allclose(got.data[mine], row[order], rtol=1e-6)  # best first
        np.testing.assert_allclose(
            row[got.indices[mine]], row[order], rtol=1e-6
        )  # but for ties, the same rows
    assert got.dtype == np.float32


def test_the_loop_runs_the_same_without_the_compiler():
    X = sparse_rows(dense_rows(5))
    rows = prepare(X, "pearson", 1.0, 3.0)
    compiled, python = workspace(11, rows.formula), plain(workspace)(11, rows.formula)
    assert similarities(4, rows, *compiled) == plain(similarities)(4, rows, *python)
    np.testing.assert_allclose(compiled[-1], python[-1], rtol=1e-12)


def test_column_means_are_of_stored_entries():
    X = sparse_rows(np.array([[1.0, np.nan, 0.0], [4.0, np.nan, 5.0]]))
    assert column_means(X).tolist() == [2.5, 0.0, 2.5]


# --- by hand


def test_pearson_of_a_doubled_row_is_one():
    X = sparse.csr_array(np.array([[1.0, 2, 3], [2, 4, 6], [3, 2, 1]]))
    np.testing.assert_allclose(
        all_similarities(X, "pearson"), [[0, 1, -1], [1, 0, -1], [-1, -1, 0]], atol=1e-12
    )


def test_two_common_columns_always_give_pearson_plus_or_minus_one():
    A = np.array([[1, 2, np.nan, 5], [4, 5, 1, np.nan], [5, 1, 3, np.nan]])
    S = all_similarities(sparse_rows(A), "pearson")
    assert S[0, 1] == pytest.approx(1)
    assert S[0, 2] == pytest.approx(-1)
    weighted = all_similarities(sparse_rows(A), "pearson", 0.0, 10.0)
    assert weighted[0, 1] == pytest.approx(2 / 10)  # significance: 2 of 10 columns


def test_a_column_that_one_row_has_pulls_cosine_down_and_leaves_pearson():
    A = np.array([[1.0, 2, 3, np.nan], [1.0, 2, 3, 9]])
    assert all_similarities(sparse_rows(A), "cosine")[0, 1] == pytest.approx(np.sqrt(14 / 95))
    assert all_similarities(sparse_rows(A), "pearson")[0, 1] == pytest.approx(1)


def test_shrinkage_and_the_other_measures_by_hand():
    X = sparse.csr_array(np.array([[1.0, 1, 0], [1, 1, 1]]))
    X.eliminate_zeros()
    assert all_similarities(X, "cosine")[0, 1] == pytest.approx(2 / np.sqrt(6))
    assert all_similarities(X, "cosine", 3.0)[0, 1] == pytest.approx(2 / (np.sqrt(6) + 3))
    assert all_similarities(X, "jaccard")[0, 1] == pytest.approx(2 / 3)
    assert all_similarities(X, "jaccard", 1.0)[0, 1] == pytest.approx(2 / 4)
    stars = sparse.csr_array(np.array([[5.0, 1], [3, 3]]))  # means of the columns: 4 and 2
    assert all_similarities(stars, "adjusted_cosine")[0, 1] == pytest.approx(-1)


# --- numbers that try the arithmetic


@pytest.mark.parametrize("constant", [1.0, 3.5, 0.1, 1e6 + 0.1])
def test_a_row_without_spread_has_no_pearson_whatever_rounding_says(constant):
    rng = np.random.default_rng(0)
    for n in range(2, 120):
        flat, varied = np.full(n, constant), rng.integers(1, 6, n)
        A = np.full((4, n + 1), np.nan)
        A[:, :n] = [flat, varied, flat, flat]
        A[3, n] = constant + 1.5  # this row has spread, but not where the others are
        S = all_similarities(sparse_rows(A), "pearson")
        assert not S.any(), f"{n} common columns"


def test_pearson_survives_large_values():
    A = 1e6 + np.array([[0.1, 0.2, 0.4, 0.7], [0.1, 0.3, 0.2, 0.9]])
    assert all_similarities(sparse_rows(A), "pearson")[0, 1] == pytest.approx(np.corrcoef(A)[0, 1], abs=1e-6)


# --- what always holds

stars_or_gaps = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 7)),
    elements=st.sampled_from([np.nan, 1, 2.5, 3, 5]),
)


@each_measure
@given(A=stars_or_gaps)
def test_symmetric_and_between_minus_one_and_one(measure, A):
    S = all_similarities(sparse_rows(A), measure)
    np.testing.assert_allclose(S, S.T, atol=1e-12)
    assert (np.abs(S) <= 1 + 1e-12).all()
    np.testing.assert_allclose(S, by_loops(A, measure), atol=1e-7)


@pytest.mark.parametrize("measure", ["cosine", "pearson", "jaccard"])
@given(A=stars_or_gaps, scale=st.lists(st.floats(0.01, 100), min_size=6, max_size=6))
def test_the_scale_of_a_row_does_not_matter(measure, A, scale):
    scaled = A * np.array(scale)[: len(A), None]
    got, want = (all_similarities(sparse_rows(X), measure) for X in (scaled, A))
    np.testing.assert_allclose(got, want, atol=1e-7)


@given(A=stars_or_gaps, shift=st.lists(st.floats(0, 10), min_size=6, max_size=6))
def test_pearson_does_not_mind_a_shifted_row(A, shift):
    shifted = A + np.array(shift)[: len(A), None]
    got, want = (all_similarities(sparse_rows(X), "pearson") for X in (shifted, A))
    np.testing.assert_allclose(got, want, atol=1e-6)


@each_measure
@given(A=stars_or_gaps, data=st.data())
def test_the_order_of_rows_and_columns_does_not_matter(measure, A, data):
    rows = data.draw(st.permutations(range(A.shape[0])))
    columns = data.draw(st.permutations(range(A.shape[1])))
    got = all_similarities(sparse_rows(A[np.ix_(rows, columns)]), measure, 1.0, 2.0)
    want = all_similarities(sparse_rows(A), measure, 1.0, 2.0)[np.ix_(rows, rows)]
    np.testing.assert_allclose(got, want, atol=1e-9)


@given(A=stars_or_gaps)
def test_shrinkage_and_significance_only_pull_towards_zero(A):
    X = sparse_rows(A)
    for measure in MEASURES:
        free = np.abs(all_similarities(X, measure))
        assert (np.abs(all_similarities(X, measure, 2.0)) <= free + 1e-12).all()
        assert (np.abs(all_similarities(X, measure, 0.0, 3.0)) <= free + 1e-12).all()


@given(
    st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0]), min_size=1, max_size=20), st.integers(1, 8), st.data()
)
def test_insert_keeps_the_best_in_order(values, k, data):
    codes = data.draw(st.permutations(range(len(values))))
    kept, best, size = np.full(k, -1, np.int32), np.zeros(k, np.float32), 0
    for code, value in zip(codes, values, strict=True):
        size = insert(kept, best, size, code, value)
    order = sorted(zip([-v for v in values], codes, strict=True))[:k]
    assert size == len(order)
    assert [(-v, c) for v, c in zip(best[:size].tolist(), kept[:size].tolist(), strict=True)] == order


# --- odd and bad input


@each_measure
def test_one_row_one_column_and_nothing(measure):
    for A in (np.array([[3.0]]), np.full((3, 2), np.nan), np.array([[1.0], [2.0], [np.nan]])):
        X = sparse_rows(A)
        got = similar_rows(X, 5, measure)
        assert got.shape == (len(A), len(A))
        assert np.isfinite(got.data).all()
        assert (got.data > 0).all()
        assert not got.diagonal().any()
    expected = {"cosine": 1, "jaccard": 1, "adjusted_cosine": 0, "pearson": 0}  # of 1 and 2 stars, alone
    assert got[[0], [1]] == pytest.approx([expected[measure]])


@pytest.mark.parametrize("layout", ["csr", "csc"])
def test_the_compared_matrix_is_left_as_it_was(layout):
    X = sparse_rows(dense_rows(1)).asformat(layout)
    before = X.copy()
    for measure in MEASURES:
        similar_rows(X, 3, measure)
    np.testing.assert_array_equal(X.data, before.data)
    np.testing.assert_array_equal(X.indices, before.indices)


@each_measure
def test_rows_are_the_same_whichever_way_they_are_stored(measure):
    X = sparse_rows(dense_rows(2))
    for one, other in zip(prepare(X, measure), prepare(X.tocsc(), measure), strict=True):
        np.testing.assert_array_equal(one, other)


def test_norms_of_rows_without_entries_are_zero():
    A = np.array([[3.0, 4.0], [np.nan, np.nan], [5.0, 12.0], [np.nan, np.nan]])
    assert prepare(sparse_rows(A), "cosine").norm.tolist() == [5, 0, 13, 0]
    assert prepare(sparse_rows(A), "jaccard").norm.tolist() == [2, 0, 2, 0]


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"k": 0}, "k: 0; expected at least 1"),
        (
            {"measure": "cosin"},
            "similarity: 'cosin'; expected one of cosine, adjusted_cosine, pearson, jaccard",
        ),
        ({"shrinkage": -1.0}, "shrinkage: -1.0; expected 0 or more"),
        ({"shrinkage": np.nan}, "shrinkage: nan; expected 0 or more"),
        ({"significance": -2.0}, "significance: -2.0; expected 0 or more"),
    ],
)
def test_wrong_options_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        similar_rows(sparse.csr_array(np.eye(3)), **{"k": 2, **wrong})


@each_measure
def test_the_number_of_threads_does_not_show(measure, monkeypatch):
    X = sparse_rows(table(random_log(70, 30, 6)))
    results = []
    for threads in ("1", "2"):
        monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
        results.append(similar_rows(X, 5, measure, 1.0))
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(results[0], name), getattr(results[1], name))


def test_the_list_of_measures_is_what_the_type_says():
    assert similarity.Measure.__args__ == MEASURES
