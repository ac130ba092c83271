"""The one top-n of the course, and the one sparse product that scores are made of."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_course.compiled import kernel

LONG = 100  # list length from which moving entries costs more than sorting them once


def top_n(scores: np.ndarray, n: int, seen: sparse.csr_array | None = None) -> np.ndarray:
    """The n best items of each row, best first.

    Args:
        scores: (B, I) the higher the better; NaN and -inf are never listed.
        n: length of the lists, at least 1.
        seen: (B, I) sparse; its stored entries are left out.

    Returns:
        (B, n) item codes; equal scores go by the smaller code; where fewer than n items
        can be listed the rest is -1.

    Raises:
        ValueError: n < 1, ``scores`` has not two dimensions, or ``seen`` another shape.

    Cost: one pass over ``scores``, a list entry moved only when beaten; lists longer than
        ``LONG`` are cut out by a partition, O(I), and sorted, O(n log n).
    """
    if n < 1:
        raise ValueError(f"n: {n}; expected a list length of at least 1")
    if np.ndim(scores) != 2:
        raise ValueError(f"scores: shape {np.shape(scores)}; expected (users, items)")
    scores = np.ascontiguousarray(scores)
    if scores.dtype not in (np.float32, np.float64):
        scores = scores.astype(np.float64)
    if seen is None:
        seen = sparse.csr_array(scores.shape, dtype=np.float64)
    if seen.shape != scores.shape:
        raise ValueError(f"seen: shape {seen.shape}; expected that of scores, {scores.shape}")
    if n > LONG:
        return _cut_and_sort(scores, n, seen)
    lists = np.full((len(scores), n), -1, dtype=np.int32)
    _top_n(scores, _i32(seen.indptr), _i32(seen.indices), lists)
    return lists


def _cut_and_sort(scores: np.ndarray, n: int, seen: sparse.csr_array) -> np.ndarray:
    """The same lists for a large n; what may not be listed gets the key inf."""
    keys = np.where(np.isnan(scores), np.inf, -scores)  # (B, I) the lower the better
    keys[coordinates(seen)] = np.inf
    lists = np.full((len(scores), n), -1, dtype=np.int32)
    last = min(n, scores.shape[1]) - 1
    if last < 0:
        return lists
    edges = np.partition(keys, last, axis=1)[:, last]  # (B,) key of the last to be listed
    for row, edge, mine in zip(keys, edges, lists, strict=True):
        able = np.flatnonzero((row <= edge) & (row < np.inf))  # by code, and ties at the edge with it
        best = able[np.argsort(row[able], kind="stable")][:n]
        mine[: len(best)] = best
    return lists


@kernel
def _top_n(scores, seen_start, seen_items, lists):  # type: ignore[no-untyped-def]
    """Insertion into a short sorted list; scanning upwards makes ties go by code."""
    n = lists.shape[1]
    best = np.empty(n, dtype=scores.dtype)
    allowed = np.ones(scores.shape[1], dtype=np.bool_)
    for b in range(scores.shape[0]):
        mine = seen_items[seen_start[b] : seen_start[b + 1]]
        for i in mine:
            allowed[i] = False
        size = 0
        worst = -np.inf  # what an item must beat to enter the list
        for i in range(scores.shape[1]):
            score = scores[b, i]
            if score > worst and allowed[i]:
                place = size if size < n else n - 1
                while place > 0 and best[place - 1] < score:
                    best[place] = best[place - 1]
                    lists[b, place] = lists[b, place - 1]
                    place -= 1
                best[place] = score
                lists[b, place] = i
                size = min(size + 1, n)
                if size == n:
                    worst = best[n - 1]
        for i in mine:
            allowed[i] = True


def sparse_product(left: sparse.csr_array, right: sparse.csr_array) -> np.ndarray:
    """(B, K) sparse @ (K, I) sparse -> (B, I) dense float32.

    Used with few rows B at a time, so that the dense result stays small.

    Raises:
        ValueError: left has not as many columns as right has rows.

    Cost: one addition per pair of stored entries that meet.
    """
    if left.shape[1] != right.shape[0]:
        raise ValueError(f"left: {left.shape[1]} columns; expected {right.shape[0]}, the rows of right")
    left, right = sparse.csr_array(left), sparse.csr_array(right)  # no copy of what is CSR already
    out = np.zeros((left.shape[0], right.shape[1]), dtype=np.float32)
    _sparse_product(
        _i32(left.indptr), _i32(left.indices), left.data.astype(np.float32, copy=False),
        _i32(right.indptr), _i32(right.indices), right.data.astype(np.float32, copy=False), out,
    )  # fmt: skip
    return out


@kernel
def _sparse_product(a_start, a_col, a_val, b_start, b_col, b_val, out):  # type: ignore[no-untyped-def]
    for b in range(out.shape[0]):
        for e in range(a_start[b], a_start[b + 1]):
            k, weight = a_col[e], a_val[e]
            for f in range(b_start[k], b_start[k + 1]):
                out[b, b_col[f]] += weight * b_val[f]


def coordinates(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """(nnz,) rows and (nnz,) columns of the stored entries, explicit zeros included."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices


def _i32(index: np.ndarray) -> np.ndarray:
    """Sparse indices as int32, the one type that the kernels are compiled for."""
    return index.astype(np.int32, copy=False)
