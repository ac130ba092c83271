"""Nearest rows: brute force, in blocks of any size; an index that loses some, and how many is measured."""

import pickle
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from recsys_course import nearest
from recsys_course.extras import MissingExtra
from recsys_course.measures import MEASURES, pairwise
from recsys_course.nearest import ApproximateIndex, nearest_rows, recall_lost


def brute_force(S: np.ndarray, k: int, exclude_self: bool) -> tuple[np.ndarray, np.ndarray]:
    """(M, N) similarities -> the k best of each row by a full sort, ties by the smaller code."""
    codes = np.full((len(S), k), -1)
    values = np.full((len(S), k), -np.inf, dtype=np.float32)
    for m, row in enumerate(S.astype(np.float32)):
        order = [j for j in np.lexsort((np.arange(len(row)), -row)) if not (exclude_self and j == m)][:k]
        codes[m, : len(order)], values[m, : len(order)] = order, row[order]
    return codes, values


def rows(seed: int, shape: tuple[int, int]) -> np.ndarray:
    """Small whole numbers, so that many values are tied exactly; some rows twice, one of zeros."""
    A = np.random.default_rng(seed).integers(-1, 3, shape).astype(float)
    A[3], A[-1] = A[1], 0
    return A


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("cells", [1, 40, 2**20])
@pytest.mark.parametrize("measure", ["dot", *MEASURES])
def test_it_is_brute_force_for_any_size_of_a_block(kind, cells, measure, monkeypatch):
    monkeypatch.setattr(nearest, "CELLS_PER_BLOCK", cells)
    X, Y = rows(0, (11, 6)), rows(1, (17, 6))
    for other, k in ((None, 4), (None, 30), (Y, 4)):
        against = X if other is None else other
        whole = X @ against.T if measure == "dot" else None
        if whole is None:
            whole = pairwise(kind(X), None if other is None else kind(other), measure)
        expected = brute_force(whole, k, other is None)
        got = nearest_rows(kind(X), k, None if other is None else kind(other), measure)
        np.testing.assert_array_equal(got[0], expected[0])
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-6, atol=1e-7)


@given(arrays(np.float32, (7, 3), elements=st.floats(-3, 3, width=16)), st.integers(1, 8))
def test_twins_stand_side_by_side_by_code(X, k):
    codes, values = nearest_rows(np.vstack([X, X]), 14)
    assert codes.shape == (14, 14) and (codes[:, -1] == -1).all()  # 13 others
    for m in range(14):
        place = {int(code): p for p, code in enumerate(codes[m])}
        for j in range(7):
            if m not in (j, j + 7):  # equal rows, equal values: the first of the two comes first
                assert values[m, place[j]] == values[m, place[j + 7]] and place[j] < place[j + 7]
    few = nearest_rows(np.vstack([X, X]), k)[0]
    np.testing.assert_array_equal(few, codes[:, :k])


def test_no_more_similarities_are_held_than_a_block_has(monkeypatch):
    largest = []
    real = nearest.listed

    def watched(values, k, leave_out=None):
        largest.append(values.size)
        return real(values, k, leave_out)

    monkeypatch.setattr(nearest, "listed", watched)
    monkeypatch.setattr(nearest, "CELLS_PER_BLOCK", 1_000)
    nearest_rows(rows(0, (200, 5)), 3)
    assert len(largest) == 40 and max(largest) <= 1_000


def test_a_row_may_meet_itself_where_asked():
    X = np.random.default_rng(0).normal(size=(6, 4))
    assert nearest_rows(X, 1, exclude_self=False)[0].ravel().tolist() == list(range(6))
    assert nearest_rows(X, 1, X)[0].ravel().tolist() == list(range(6))
    np.testing.assert_array_equal(nearest_rows(X, 2, X.copy(), exclude_self=True)[0], nearest_rows(X, 2)[0])
    with pytest.raises(ValueError, match="exclude_self: True, but X has 6 rows and Y has 5"):
        nearest_rows(X, 1, X[:5], exclude_self=True)


def test_nothing_to_look_for_and_nothing_to_find():
    X = np.ones((3, 2))
    assert nearest_rows(X[:0], 2, X)[0].shape == (0, 2)
    codes, values = nearest_rows(X, 2, X[:0])
    assert (codes == -1).all() and (values == -np.inf).all() and codes.shape == (3, 2)
    assert nearest_rows(X[:1], 2)[0].tolist() == [[-1, -1]]
    with pytest.raises(ValueError, match="k: 0; expected at least 1 neighbour"):
        nearest_rows(X, 0)


# --- approximately


def clusters(n: int = 3_000, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(60, 16))
    return (centres[rng.integers(60, size=n)] + 0.5 * rng.normal(size=(n, 16))).astype(np.float32)


@pytest.mark.parametrize("measure", ["cosine", "dot"])
@pytest.mark.parametrize("kind, effort", [("hnsw", "breadth"), ("ivf", "n_probes")])
def test_more_effort_loses_less_and_the_loss_is_small(kind, effort, measure):
    pytest.importorskip("faiss")
    X = clusters()
    true, values = nearest_rows(X[:200], 10, X, measure)
    lost = []
    for much in (1, 4, 64):
        index = ApproximateIndex(kind, measure, **{effort: much}).fit(X)
        codes, found = index.query(X[:200], 10)
        assert codes.shape == found.shape == (200, 10)
        assert (found[:, 1:] <= found[:, :-1] + 1e-6).all()
        lost.append(recall_lost(codes, true))
        same = codes == true
        np.testing.assert_allclose(found[same], values[same], rtol=1e-4, atol=1e-5)
    assert lost[0] > lost[1] > lost[2]  # the index is approximate, and the loss is seen
    assert lost[2] < 0.05


def test_looking_into_every_cell_is_exact_and_a_seed_is_one_index():
    pytest.importorskip("faiss")
    X = clusters(500)
    index = ApproximateIndex("ivf", n_cells=20, n_probes=20).fit(X)
    assert recall_lost(index.query(X, 5)[0], nearest_rows(X, 5, X)[0]) == 0
    few = [ApproximateIndex("ivf", n_probes=1, seed=3).fit(X).query(X, 5)[0] for _ in range(2)]
    np.testing.assert_array_equal(*few)
    copy = pickle.loads(pickle.dumps(index))
    np.testing.assert_array_equal(copy.query(X, 5)[0], index.query(X, 5)[0])


def test_fewer_rows_than_neighbours_are_padded():
    pytest.importorskip("faiss")
    for kind in ("hnsw", "ivf"):
        codes, values = ApproximateIndex(kind).fit(np.eye(3)).query(np.eye(3), 5)
        assert codes.dtype == np.int32 and codes[:, 0].tolist() == [0, 1, 2]
        assert (codes[:, 3:] == -1).all() and (values[:, 3:] == -np.inf).all()


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(
        MissingExtra, match=r"ApproximateIndex needs faiss.*pip install 'recsys-course\[ann\]'"
    ):
        ApproximateIndex().fit(np.eye(3))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"kind": "flat"}, "kind: 'flat'; expected 'hnsw' or 'ivf'"),
        ({"measure": "jaccard"}, "measure: 'jaccard'; expected 'cosine' or 'dot'"),
        ({"n_links": 1}, "n_links: 1; expected at least 2"),
        ({"breadth": 0}, "breadth: 0; expected at least 1"),
        ({"n_probes": 0}, "n_probes: 0; expected at least 1"),
        ({"kind": "ivf", "n_cells": 0}, "n_cells: 0; expected at least 1"),
        ({"kind": "ivf", "n_cells": 9}, "n_cells: 9; expected at most 3, the rows of X"),
    ],
)
def test_settings_outside_their_range_are_named(options, message):
    pytest.importorskip("faiss")
    with pytest.raises(ValueError, match=message):
        ApproximateIndex(**options).fit(np.eye(3))


def test_bad_rows_are_named():
    pytest.importorskip("faiss")
    with pytest.raises(RuntimeError, match=r"ApproximateIndex is not fitted; call fit\(X\) first"):
        ApproximateIndex().query(np.eye(3), 1)
    with pytest.raises(ValueError, match="X: no rows; expected at least one"):
        ApproximateIndex().fit(np.eye(3)[:0])
    with pytest.raises(TypeError, match="X: sparse; expected dense rows"):
        ApproximateIndex().fit(sparse.csr_array(np.eye(3)))
    with pytest.raises(ValueError, match="X: nan in row 0"):
        ApproximateIndex().fit(np.full((2, 2), np.nan))
    index = ApproximateIndex().fit(np.eye(3))
    with pytest.raises(ValueError, match="Y: 2 columns; expected 3, as many as X"):
        index.query(np.eye(2), 1)
    with pytest.raises(ValueError, match="k: 0; expected at least 1 neighbour"):
        index.query(np.eye(3), 0)


# --- the loss


def test_the_loss_by_hand():
    exact = [[1, 2, 3], [4, 5, -1]]
    assert recall_lost(exact, exact) == 0
    assert recall_lost([[3, 1, 9], [5, 4, 0]], exact) == pytest.approx(
        1 / 5
    )  # 2 is missed; order does not count
    assert recall_lost([[7, 8], [-1, -1]], exact) == 1
    with pytest.raises(ValueError, match=r"approx_codes: shape \(1, 2\), exact_codes: shape \(2, 3\)"):
        recall_lost([[7, 8]], exact)
    with pytest.raises(ValueError, match="exact_codes: no neighbour; expected at least one"):
        recall_lost([[1]], [[-1]])
