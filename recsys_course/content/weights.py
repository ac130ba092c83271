"""How much each event of a history counts: by its value, its share, its age."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_course.interactions import Interactions
from recsys_course.measures import row_sums
from recsys_course.tables import merge_duplicates

SECONDS_PER_DAY = 86_400
ROUNDING = 1e-9  # values nearer to their mean than this share of it are equal to it


def faded(data: Interactions, half_life: float) -> sparse.csr_array:
    """(U, I) sparse d = 2^(-age / half_life) of each pair's last event, 1 for the user's newest."""
    last = merge_duplicates(data, "last")
    assert last.times is not None  # the caller asked
    newest = np.full(data.n_users, np.iinfo(np.int64).min)
    np.maximum.at(newest, last.users, last.times)
    age = (newest[last.users] - last.times) / SECONDS_PER_DAY
    d = sparse.csr_array(
        (2.0 ** (-age / half_life), (last.users, last.items)), shape=(data.n_users, data.n_items)
    )
    d.sort_indices()  # the order of seen_
    return d


def above_mean(histories: sparse.csr_array) -> np.ndarray:
    """(nnz,) each value less the mean of its row; 0 where only rounding parts them."""
    size = np.diff(histories.indptr)
    mean = np.repeat(row_sums(histories.data, histories.indptr) / np.maximum(size, 1), size)
    above = histories.data - mean
    return np.where(np.abs(above) > ROUNDING * np.abs(mean), above, 0.0)


def shares(data: np.ndarray, histories: sparse.csr_array) -> np.ndarray:
    """(nnz,) values, at least 0, as shares of their row's sum; 0 where that is 0."""
    total = np.repeat(row_sums(data, histories.indptr), np.diff(histories.indptr))
    return np.divide(data, total, out=np.zeros(len(data)), where=total > 0)


def stored(histories: sparse.csr_array, data: np.ndarray) -> sparse.csr_array:
    """Other values in the places of the histories."""
    return sparse.csr_array((data, histories.indices, histories.indptr), shape=histories.shape)
