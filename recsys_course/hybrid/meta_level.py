"""What one method learns is what the other compares: neighbours by content profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course import base
from recsys_course.base import Recommender, check_range
from recsys_course.compiled import chunks
from recsys_course.hybrid.members import check_item_features, profiles
from recsys_course.interactions import Interactions
from recsys_course.ranking import sparse_product, top_n
from recsys_course.similarity import similar_rows

TINY = 1e-12


@dataclass
class MetaLevel(Recommender):
    r"""Collaboration via content: neighbours are users of a similar content profile, not of shared items.

    .. math::
        p_u = \frac{1}{|I_u|} \sum_{i \in I_u} f_i, \qquad
        \hat s_{ui} = \sum_{v \in N_k(u)} \cos(p_u, p_v)\, [i \in I_v]

    Two users who met no item in common can be neighbours.

    Args:
        item_features: (I, F) dense or sparse, one row per item.
        k: neighbours per user, by positive cosine, at least 1.

    Attributes:
        profiles_: (U, F) the learned model of each user, which is all that the comparison sees.
        neighbours_: (U, U) sparse; row u holds the k neighbours of user u.

    Raises:
        ValueError: k < 1; features missing, of another number of rows, NaN or infinite.

    Cost: fit O(U^2 F) in blocks, or through inverted lists where features are sparse; memory O(U (k + F)).
    Source: Pazzani 1999 (collaboration via content); Burke 2002 (meta-level).
    """

    item_features: Any = field(repr=False)
    k: int = 50

    def _fit(self, data: Interactions) -> None:
        check_range("k", self.k, 1, "neighbours,")
        F = check_item_features(self.item_features, data.n_items)
        self.profiles_ = profiles(self.seen_, F)  # (U, F)
        if sparse.issparse(self.profiles_):
            self.neighbours_ = similar_rows(sparse.csr_array(self.profiles_), self.k)
        else:
            self.neighbours_ = nearest_profiles(self.profiles_, self.k)
        self.met_ = self.seen_.astype(np.float32)  # (U, I)
        self.met_.data[:] = 1.0

    def _score(self, users: np.ndarray) -> np.ndarray:
        return sparse_product(self.neighbours_[users], self.met_)  # (B, I)

    def reasons(self, user: int, item: int, n: int = 3) -> list[tuple[int, float]]:
        """The n neighbours who met the item and are most alike, with what each adds to the score."""
        self._need_fit()
        self._check([user], self.n_users_, "user")
        self._check([item], self.n_items_, "item")
        row = self.neighbours_[[user]]
        parts = row.data * self.met_[row.indices][:, [item]].toarray().ravel()
        order = np.argsort(-parts, kind="stable")[:n]
        return [(int(row.indices[o]), float(parts[o])) for o in order if parts[o] > 0]


def nearest_profiles(P: np.ndarray, k: int) -> sparse.csr_array:
    """(M, F) dense rows -> (M, M) sparse, the k other rows of largest positive cosine; in blocks."""
    M = len(P)
    length = np.linalg.norm(P, axis=1, keepdims=True)
    P = P / np.maximum(length, TINY)
    k = max(1, min(k, M - 1))
    kept = []
    for a, b in chunks(M, max(1, base.CELLS_PER_BATCH // max(M, 1))):
        S = P[a:b] @ P.T  # (B, M)
        S[np.arange(b - a), np.arange(a, b)] = -np.inf  # nobody is their own neighbour
        S[S <= TINY] = -np.inf
        codes = top_n(S, k)  # (B, k)
        row, place = np.nonzero(codes >= 0)
        column = codes[row, place]
        kept.append(sparse.csr_array((S[row, column], (row, column)), shape=(b - a, M)))
    return sparse.csr_array(sparse.vstack(kept)).astype(np.float32)
