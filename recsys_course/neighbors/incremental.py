"""Item similarities that follow the log: counts are updated, never recounted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from recsys_course.base import check_range
from recsys_course.interactions import Interactions
from recsys_course.item_to_item import ItemToItem
from recsys_course.ranking import coordinates


@dataclass
class IncrementalItemKNN(ItemToItem):
    r"""ItemKNN on 0/1 data that takes in new events without a pass over the log.

    The co-occurrence counts C and the item counts n are all that the cosine needs:

    .. math::
        C = R^\top R, \qquad s_{ij} = \frac{C_{ij}}{\sqrt{n_i n_j} + \lambda}, \qquad
        C(R + \Delta) = C + \Delta^\top R + R^\top \Delta + \Delta^\top \Delta

    Args:
        k: neighbours kept per item, at least 1. shrinkage: lambda, in co-occurrences.

    Attributes:
        together_: (I, I) sparse C; its diagonal is n. weights_: as in ItemKNN.

    Cost: an update costs the new events times the history of their users, plus
        O(stored pairs) to refresh the similarities. Memory: the stored pairs.
    Book: equation (3.1), kept up to date.
    Source: Huang et al. 2015. Differs: exact, without their pruning and time windows.
    """

    k: int = 50
    shrinkage: float = 10.0

    def _fit(self, data: Interactions) -> None:
        check_range("k", self.k, 1, "neighbours,")
        check_range("shrinkage", self.shrinkage, 0, "a shrinkage of")
        self.together_ = sparse.csr_array((self.n_items_, self.n_items_))
        new, self.seen_ = self.seen_, sparse.csr_array(self.seen_.shape)
        self._add(new)

    def update(self, new: Interactions) -> Self:
        """Take in new events of the same id space; events already known change nothing.

        Raises:
            NotFitted: before fit. ValueError: another number of users or items.
        """
        self._need_fit()
        if (new.n_users, new.n_items) != (self.n_users_, self.n_items_):
            raise ValueError(
                f"new: {new.n_users} users, {new.n_items} items; expected the fitted id space, "
                f"{self.n_users_} users, {self.n_items_} items"
            )
        self._add(new.to_csr())
        return self

    def _add(self, new: sparse.csr_array) -> None:
        R = _ones(self.seen_)
        D = _ones(new)
        D = D - D.multiply(R)  # what is new indeed
        D.eliminate_zeros()
        across = D.T @ R
        self.together_ = sparse.csr_array(self.together_ + across + across.T + D.T @ D)
        self.seen_ = sparse.csr_array(R + D)
        self.seen_.sort_indices()
        self._refresh()

    def _refresh(self) -> None:
        """Similarities from the counts, k per column."""
        C = self.together_.tocsc()  # column i: its partners
        norm = np.sqrt(C.diagonal())
        column = np.repeat(np.arange(self.n_items_), np.diff(C.indptr))
        row = C.indices
        s = C.data / np.maximum(norm[row] * norm[column] + self.shrinkage, 1e-12)
        s[row == column] = 0.0
        order = np.lexsort((row, -s.astype(np.float32), column))  # best first within a column
        rank = np.arange(len(order)) - np.repeat(C.indptr[:-1], np.diff(C.indptr))
        kept = order[(rank < self.k) & (s[order] > 0)]
        values = s[kept].astype(np.float32)
        self.weights_ = sparse.csr_array((values, (row[kept], column[kept])), shape=C.shape)


def _ones(matrix: sparse.csr_array) -> sparse.csr_array:
    rows, columns = coordinates(matrix)
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=matrix.shape)
