"""Items like those of the history, by what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.base import check_range
from recsys_course.content.tables import checked_features
from recsys_course.interactions import Interactions
from recsys_course.item_to_item import ItemToItem
from recsys_course.measures import MEASURES, Matrix, Measure, unit_rows
from recsys_course.nearest import nearest_rows
from recsys_course.similarity import similar_rows


@dataclass
class ContentKNN(ItemToItem):
    r"""Recommend what resembles, by its features, what the user already met.

    .. math:: \hat s_{ui} = \sum_{j \in N_k(i) \cap I_u} \operatorname{sim}(x_i, x_j)

    The same sum as :class:`.ItemKNN`; but rows x are features of the items, not users who met them.
    So an item that nobody met has neighbours, too, and can be recommended.

    Args:
        item_features: (I, F) dense or sparse numbers, one row per item code; an item of which
            nothing is known has a row of zeros. ``make_model`` fills in TF-IDF of the texts.
        k: neighbours kept per item, at least 1.
        measure: cosine, adjusted_cosine, pearson or jaccard (see :func:`.pairwise` for what counts
            as a value in dense and sparse rows).
        shrinkage: lambda, in units of the denominator. For the cosine of rows that all have length 1,
            as those of TF-IDF, it only scales the scores.

    Attributes:
        weights_: (I, I) sparse float32; column i holds the k neighbours of item i with a
            positive similarity.

    Raises:
        ValueError: no features, another number of rows, NaN, k < 1, an unknown measure, a
            negative shrinkage. TypeError: features that are no numbers.

    Cost: fit O(sum over features of items^2) for sparse rows, O(I^2 F) by BLAS in blocks for dense
        ones, memory O(I k); score O(history * k) per user.
    Book: chapter 4.
    Source: Lops et al. 2011. Differs: a sum over the neighbours, as in :class:`.ItemKNN`, without a divisor.
    """

    item_features: Any = field(default=None, repr=False)
    k: int = 50
    measure: Measure = "cosine"
    shrinkage: float = 0.0

    def _fit(self, data: Interactions) -> None:
        check_range("k", self.k, 1, "neighbours,")
        if self.measure not in MEASURES:
            raise ValueError(f"measure: {self.measure!r}; expected one of {', '.join(MEASURES)}")
        X = checked_features(self.item_features, data.n_items)  # (I, F)
        if self.measure == "cosine" and not self.shrinkage:
            X = unit_rows(X)  # the same cosine, safe from tiny and huge numbers
        self.weights_ = neighbours(X, self.k, self.measure, self.shrinkage).T.tocsr()  # column i: N_k(i)


def neighbours(X: Matrix, k: int, measure: Measure, shrinkage: float) -> sparse.csr_array:
    """(I, F) -> (I, I) sparse float32; row i holds its k nearest other rows of positive similarity."""
    if sparse.issparse(X):
        return similar_rows(X, k, measure, shrinkage)
    I = len(X)  # noqa: E741
    codes, values = nearest_rows(X, max(1, min(k, I - 1)), measure=measure, shrinkage=shrinkage)
    kept = (codes >= 0) & (values > 0)
    start = np.r_[0, np.cumsum(kept.sum(axis=1))]
    return sparse.csr_array((values[kept], codes[kept], start), shape=(I, I))
