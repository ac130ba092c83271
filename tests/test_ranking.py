"""The one top-n and the one sparse product, against sorting and against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from recsys_course import ranking
from recsys_course.ranking import coordinates, sparse_product, top_n

# few distinct scores, so that ties are common; all that floating point has besides numbers
SCORES = st.sampled_from([-np.inf, -1.5, 0.0, -0.0, 0.25, 1.0, 3.0, np.inf, np.nan])
SHAPES = st.tuples(st.integers(0, 4), st.integers(0, 9))


@st.composite
def scores_and_seen(draw):
    shape = draw(SHAPES)
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    scores = draw(hnp.arrays(dtype, shape, elements=SCORES))
    seen = draw(st.none() | hnp.arrays(np.bool_, shape))
    return scores, seen


def by_sorting(scores: np.ndarray, n: int, seen: np.ndarray | None) -> np.ndarray:
    """The oracle: sort each row by falling score, then by rising code, and cut."""
    lists = np.full((len(scores), n), -1)
    for b, row in enumerate(scores):
        codes = np.arange(len(row))
        order = np.lexsort((codes, -row))
        listed = [i for i in order if row[i] > -np.inf and not (seen is not None and seen[b, i])]
        lists[b, : len(listed[:n])] = listed[:n]
    return lists


@pytest.mark.parametrize("long", [0, 3, 100], ids=["all long", "some long", "all short"])
@given(scores_and_seen(), st.integers(1, 12))
def test_top_n_is_sorting_and_cutting(long, case, n):
    scores, seen = case
    before = scores.copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "LONG", long)
        got = top_n(scores, n, None if seen is None else sparse.csr_array(seen.astype(float)))
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got, by_sorting(scores, n, seen))
    np.testing.assert_array_equal(scores, before)


@pytest.mark.parametrize("n", [100, 101, 250, 400])
def test_long_lists_of_many_items_with_ties(n):
    rng = np.random.default_rng(4)
    scores = rng.integers(0, 60, size=(5, 300)).astype(float)
    seen = rng.random((5, 300)) < 0.3
    got = top_n(scores, n, sparse.csr_array(seen.astype(float)))
    np.testing.assert_array_equal(got, by_sorting(scores, n, seen))


def test_by_hand():
    scores = np.array([[0.2, 0.9, 0.9, np.nan], [5.0, -np.inf, 1.0, 7.0]])
    seen = sparse.csr_array(np.array([[0, 1, 0, 0], [0, 0, 0, 1]]))
    assert top_n(scores, 3).tolist() == [[1, 2, 0], [3, 0, 2]]
    assert top_n(scores, 3, seen).tolist() == [[2, 0, -1], [0, 2, -1]]
    assert top_n(scores, 1).dtype == np.int32


def test_a_stored_zero_is_seen():
    seen = sparse.csr_array((np.array([0.0]), np.array([1]), np.array([0, 1])), shape=(1, 3))
    assert top_n(np.array([[1.0, 3.0, 2.0]]), 3, seen).tolist() == [[2, 0, -1]]


@pytest.mark.parametrize("scores", [np.array([[3, 1, 2]]), np.array([[3, 1, 2]], dtype=np.float16)])
def test_other_number_types_are_ranked_too(scores):
    assert top_n(scores, 2).tolist() == [[0, 2]]


def test_neither_the_memory_order_nor_a_mixed_up_row_of_seen_matters():
    scores = np.asfortranarray(np.array([[0.1, 0.5, 0.3], [0.9, 0.2, 0.4]]))
    unsorted = sparse.csr_array((np.ones(2), np.array([2, 1]), np.array([0, 2, 2])), shape=(2, 3))
    assert top_n(scores, 3, unsorted).tolist() == [[0, -1, -1], [0, 2, 1]]


def test_wrong_arguments_are_named():
    scores = np.ones((2, 3))
    with pytest.raises(ValueError, match="n: 0; expected a list length of at least 1"):
        top_n(scores, 0)
    with pytest.raises(ValueError, match=r"seen: shape \(2, 4\); expected that of scores, \(2, 3\)"):
        top_n(scores, 1, sparse.csr_array((2, 4)))
    with pytest.raises(ValueError, match=r"scores: shape \(3,\); expected \(users, items\)"):
        top_n(scores[0], 1)


# --- sparse product


def some_sparse(shape: tuple[int, int], seed: int, kind: type = sparse.csr_array) -> sparse.csr_array:
    """Small whole numbers, about half of them 0: their products are exact in float32."""
    rng = np.random.default_rng(seed)
    return kind((rng.integers(-8, 9, size=shape) * rng.integers(0, 2, size=shape)).astype(float))


@given(st.integers(0, 5), st.integers(0, 6), st.integers(0, 7), st.integers(0, 1_000))
def test_sparse_product_is_scipys(b, k, i, seed):
    left, right = some_sparse((b, k), seed), some_sparse((k, i), seed + 1)
    got = sparse_product(left, right)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, (left @ right).toarray())


def test_sparse_product_reads_columns_first_storage_too():
    left, right = some_sparse((3, 5), 0), some_sparse((5, 5), 1, sparse.csc_array)
    assert right.nnz
    np.testing.assert_array_equal(sparse_product(left, right), (left @ right).toarray())


def test_sparse_product_refuses_shapes_that_do_not_meet():
    with pytest.raises(ValueError, match="left: 5 columns; expected 4, the rows of right"):
        sparse_product(some_sparse((3, 5), 0), some_sparse((4, 5), 1))


def test_coordinates_walk_the_stored_entries_zeros_included():
    matrix = sparse.csr_array((np.array([7.0, 0.0, 9.0]), ([2, 0, 2], [1, 3, 0])), shape=(4, 4))
    matrix.sort_indices()
    rows, columns = coordinates(matrix)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 3), (2, 0), (2, 1)]


# --- the same loops without numba


@given(scores_and_seen(), st.integers(1, 12))
def test_the_top_n_kernel_says_the_same_as_plain_python(case, n):
    scores, seen = case
    seen = sparse.csr_array(np.zeros(scores.shape) if seen is None else seen.astype(float))
    arguments = scores, seen.indptr.astype(np.int32), seen.indices.astype(np.int32)
    compiled, plain = np.full((2, len(scores), n), -1, dtype=np.int32)
    ranking._top_n(*arguments, compiled)
    as_it_stands(ranking._top_n)(*arguments, plain)
    np.testing.assert_array_equal(compiled, plain)


def test_the_product_kernel_says_the_same_as_plain_python():
    left, right = some_sparse((4, 6), 3), some_sparse((6, 5), 4)
    arguments = left.indptr, left.indices, left.data, right.indptr, right.indices, right.data
    compiled, plain = np.zeros((2, 4, 5))
    ranking._sparse_product(*arguments, compiled)
    as_it_stands(ranking._sparse_product)(*arguments, plain)
    np.testing.assert_array_equal(compiled, plain)
    assert compiled.any()


def as_it_stands(kernel):
    """The Python function under a kernel (the kernel itself where numba is missing)."""
    return getattr(kernel, "py_func", kernel)
