"""Swing: two users who share two items make a stronger bond than either alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_course.base import check_range
from recsys_course.compiled import in_threads, kernel, n_threads
from recsys_course.interactions import Interactions
from recsys_course.item_to_item import ItemToItem
from recsys_course.similarity import insert


@dataclass
class Swing(ItemToItem):
    r"""Item similarity from pairs of users: the less else they share, the more it says.

    .. math::
        s_{ij} = \sum_{u < v \,\in\, U_i \cap U_j}
                 \frac{w_u\, w_v}{\alpha + |I_u \cap I_v|}, \qquad w_u = |I_u|^{-1/2}

    Args:
        k: neighbours kept per item, at least 1.
        alpha: smoothing, in shared items; more than 0.
        max_users: users looked at per item; popular items are sampled down to it.
        seed: of that sample.

    Attributes:
        weights_: (I, I) sparse; column i holds the k neighbours of item i.

    Raises:
        ValueError: k < 1, alpha <= 0 or max_users < 2.

    Cost: O(sum over items of min(users, max_users)^2 * history): the dearest of the
        neighbourhood methods, and why production caps the users per item.
    Book: equation (3.5).
    Source: Yang et al. 2020. Differs: each pair of users is counted once; the cap.
    """

    k: int = 50
    alpha: float = 1.0
    max_users: int = 300
    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        check_range("k", self.k, 1, "neighbours,")
        check_range("alpha", self.alpha, 0, "smoothing", strict=True)
        check_range("max_users", self.max_users, 2, "users per item,")
        R, T = self.seen_, _sample_rows(self.seen_.T.tocsr(), self.max_users, self.seed)
        weight = 1.0 / np.sqrt(np.maximum(np.diff(R.indptr), 1))  # (U,)
        n_items = R.shape[1]
        k = max(1, min(self.k, n_items - 1))
        codes = np.full((n_items, k), -1, dtype=np.int32)
        values = np.zeros((n_items, k), dtype=np.float32)
        in_threads(
            lambda a, b: _swing(
                a, b, R.indptr, R.indices, T.indptr, T.indices, weight, self.alpha, codes, values
            ),
            n_items,
            max(8, n_items // (16 * n_threads())),
        )
        kept = codes >= 0
        start = np.r_[0, np.cumsum(kept.sum(axis=1))]
        self.weights_ = sparse.csr_array((values[kept], codes[kept], start), shape=(n_items,) * 2).T.tocsr()


def _sample_rows(T: sparse.csr_array, at_most: int, seed: int) -> sparse.csr_array:
    """Keep at most that many stored entries of each row, chosen by chance."""
    met = np.diff(T.indptr)
    rows = np.repeat(np.arange(T.shape[0]), met)
    order = np.lexsort((np.random.default_rng(seed).random(T.nnz), rows))
    rank = np.arange(T.nnz) - np.repeat(T.indptr[:-1], met)
    kept = order[rank < at_most]
    return sparse.csr_array((T.data[kept], (rows[kept], T.indices[kept])), shape=T.shape)


@kernel
def _swing(first, last, start, item, inv_start, inv_user, weight, alpha, codes, values):  # type: ignore[no-untyped-def]
    n_items = codes.shape[0]
    bond = np.zeros(n_items)
    touched = np.empty(n_items, dtype=np.int32)
    mine = np.zeros(n_items, dtype=np.bool_)  # items of user u
    shared = np.empty(n_items, dtype=np.int32)
    for i in range(first, last):
        met = 0
        for a in range(inv_start[i], inv_start[i + 1]):
            u = inv_user[a]
            for e in range(start[u], start[u + 1]):
                mine[item[e]] = True
            for b in range(a + 1, inv_start[i + 1]):
                v = inv_user[b]
                n = 0
                for e in range(start[v], start[v + 1]):
                    if mine[item[e]]:
                        shared[n] = item[e]
                        n += 1
                gain = weight[u] * weight[v] / (alpha + n)
                for m in range(n):
                    j = shared[m]
                    if bond[j] == 0.0:
                        touched[met] = j
                        met += 1
                    bond[j] += gain
            for e in range(start[u], start[u + 1]):
                mine[item[e]] = False
        size = 0
        for t in range(met):
            j = touched[t]
            if j != i:
                size = insert(codes[i], values[i], size, j, bond[j])
            bond[j] = 0.0
