"""Rankers whose score is a weighted sum over the user's history."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.base import Recommender, check_range
from recsys_course.ranking import sparse_product


class ItemToItem(Recommender):
    """A ranker whose score is a weighted sum over the user's history.

    .. math:: \\hat s_{ui} = \\sum_{j \\in I_u} r_{uj} W_{ji}

    Subclasses write ``_fit`` and set ``weights_``; a user never seen in training can be
    served from a history alone, and every score can be taken apart into its reasons.

    Attributes:
        weights_: (I, I) sparse or dense; row j is what history item j says of all items.
    """

    weights_: Any
    binary_history: bool = True  # the history counts as 0/1, whatever the stars

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.score_histories(self.seen_[users])

    def score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        """(B, I) sparse histories -> (B, I) scores; the users need not be known."""
        self._need_fit()
        histories = sparse.csr_array(histories)
        if histories.shape[1] != self.n_items_:
            raise ValueError(f"histories: {histories.shape[1]} columns; expected {self.n_items_} items")
        if self.binary_history:
            shape, ones = histories.shape, np.ones(histories.nnz, dtype=np.float32)
            histories = sparse.csr_array((ones, histories.indices, histories.indptr), shape=shape)
        if sparse.issparse(self.weights_):
            return sparse_product(histories, self.weights_)
        return histories @ self.weights_

    def reasons(self, user: int, item: int, n: int = 3) -> list[tuple[int, float]]:
        """The n history items that raise the score of ``item`` most, with what each adds."""
        self._need_fit()
        check_range("n", n, 1, "reasons,")
        self._check([user], self.n_users_, "user")
        self._check([item], self.n_items_, "item")
        history = self.seen_[[user]]
        column = self.weights_[history.indices][:, [item]]
        column = column.toarray() if sparse.issparse(column) else column
        values = 1.0 if self.binary_history else history.data
        parts = values * np.asarray(column).ravel()
        order = np.argsort(-parts, kind="stable")[:n]
        return [(int(history.indices[o]), float(parts[o])) for o in order if parts[o] > 0]
