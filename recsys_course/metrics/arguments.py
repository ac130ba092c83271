"""What the metrics share: refusals that name the argument, lists as matrices, the mean over users."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse


def same_length(a: np.ndarray, b: np.ndarray, a_name: str, b_name: str) -> None:
    """Refuse arrays of different shapes."""
    if a.shape != b.shape:
        raise ValueError(f"{b_name}: shape {b.shape}; expected {a.shape}, that of {a_name}")


def flat(values: Any, name: str) -> np.ndarray:
    """(N,) floats, or a ValueError for another shape and for NaN."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 1:
        raise ValueError(f"{name}: shape {array.shape}; expected one dimension")
    if np.isnan(array).any():
        raise ValueError(f"{name}: nan in row {np.flatnonzero(np.isnan(array))[0]}; expected numbers")
    return array


def classes(labels: Any) -> np.ndarray:
    """(N,) bool from labels 0 and 1; anything else is refused."""
    array = np.asarray(labels, dtype=float)
    if array.ndim != 1:
        raise ValueError(f"labels: shape {array.shape}; expected one dimension")
    if not (known := (array == 0) | (array == 1)).all():
        raise ValueError(f"labels: {array[~known][0]:g}; expected 0 or 1")
    return array == 1


def judged(labels: Any, values: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(N,) bool and (N,) float: labels with what was said about them."""
    said, truth = np.asarray(values, dtype=float), np.asarray(labels, dtype=float)
    same_length(truth, said, "labels", name)
    return classes(truth), flat(said, name)


def probabilities_of(values: np.ndarray) -> np.ndarray:
    """The values, or a ValueError that shows the first outside 0..1."""
    if ((values < 0) | (values > 1)).any():
        wrong = values[(values < 0) | (values > 1)][0]
        raise ValueError(f"probabilities: {wrong:g}; expected 0..1")
    return values


def lists_of(ranked: Any, n_items: int, name: str = "ranked") -> np.ndarray:
    """(B, n) int64 codes, checked.

    Raises:
        ValueError: not two dimensions, a number that is no code, a code outside -1..n_items - 1, or
            an item listed twice in a row (it would count twice).
    """
    array = np.asarray(ranked)
    if array.ndim != 2:
        raise ValueError(f"{name}: shape {array.shape}; expected (users, ranks)")
    if array.dtype.kind not in "iu":
        whole = np.isfinite(array) & (array == np.floor(array))
        if not whole.all():
            raise ValueError(f"{name}: {array[~whole][0]}; expected whole item codes")
    array = array.astype(np.int64)
    if array.size and not -1 <= array.min() <= array.max() < n_items:
        wrong = array[(array < -1) | (array >= n_items)][0]
        raise ValueError(f"{name}: code {wrong}; expected 0..{n_items - 1}, or -1 for padding")
    ordered = np.sort(array, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        row, place = np.argwhere(twice)[0]
        raise ValueError(f"{name}: item {ordered[row, place]} twice in row {row}; expected each item once")
    return array


def as_matrix(lists: np.ndarray, n_items: int) -> sparse.csr_array:
    """(B, I) sparse with a one where a list holds the item; padding is dropped."""
    listed = lists >= 0
    start = np.r_[0, np.cumsum(listed.sum(axis=1))]
    return sparse.csr_array((np.ones(start[-1]), lists[listed], start), shape=(len(lists), n_items))


def pairs_of(matrix: Any, name: str, n_rows: int) -> sparse.csr_array:
    """(B, I) sparse rows, each pair stored once, or a ValueError when the rows are not as many."""
    rows = sparse.csr_array(matrix)
    if rows.shape[0] != n_rows:
        raise ValueError(f"{name}: {rows.shape[0]} rows; expected {n_rows}, as many as ranked has")
    if not rows.has_canonical_format:
        rows = rows.copy()  # the caller's matrix stays as it is
        rows.sum_duplicates()
    return rows


def over_users(values: np.ndarray, mean: bool) -> Any:
    """The (B,) values, or their mean without NaN; NaN when nobody is left."""
    if not mean:
        return values
    there = ~np.isnan(values)
    return float(values[there].mean()) if there.any() else float("nan")


def mean_over_list(ranked: Any, values: np.ndarray) -> np.ndarray:
    """(B,) mean of (I,) values over the items of each list; NaN for an empty one."""
    lists = lists_of(ranked, len(values))
    listed = lists >= 0
    n = listed.sum(axis=1)
    total = np.where(listed, values[lists], 0.0).sum(axis=1) if len(values) else np.zeros(len(lists))
    return np.where(n > 0, total, np.nan) / np.maximum(n, 1)


def counts_of(counts: Any, most: float) -> np.ndarray:
    """(I,) floats, or a ValueError that shows the first outside 0..most, NaN too."""
    array = np.asarray(counts, dtype=float)
    if array.ndim != 1:
        raise ValueError(f"counts: shape {array.shape}; expected one dimension")
    if not (fine := (array >= 0) & (array <= most)).all():
        upper = "0 or more" if most == np.inf else f"0..{most:g}, the number of users"
        raise ValueError(f"counts: {array[~fine][0]:g}; expected {upper}")
    return array
