"""Neighbours for rating prediction: a mean of deviations, divided by the sum of |s|."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_course.base import RatingPredictor, check_range
from recsys_course.compiled import in_threads, kernel, n_threads
from recsys_course.interactions import Interactions
from recsys_course.similarity import Measure, column_means, insert, prepare, similarities, workspace


@dataclass
class UserKNNRating(RatingPredictor):
    r"""Predict a rating from how similar users deviated from their own means.

    .. math::
        \hat r_{ui} = \bar r_u + \frac{\sum_{v \in N_k(u,i)} s_{uv}\,(r_{vi} - \bar r_v)}
                                      {\sum_{v \in N_k(u,i)} |s_{uv}|}

    N_k(u, i): among the users who rated i, the k with the largest \|s\|.

    Args:
        k: neighbours per prediction, at least 1.
        similarity: pearson, adjusted_cosine, cosine or jaccard. Cosine is taken of the
            deviations from the row's own mean, so that disagreement is negative.
        shrinkage: lambda, added to the denominator of the similarity.
        significance: gamma, in common items; 0 turns the weighting off.
        min_similarity: the least similarity of a neighbour, from -1 to 1; a similarity of
            0 never counts, and -1 admits the users who disagree, too.

    Attributes:
        means_: (U,) mean stars of each user; the mean of all for a user without ratings.

    Raises:
        ValueError: k < 1, an unknown similarity, a negative option, or a min_similarity
            outside -1..1.

    Where no neighbour rated the item, the prediction is the item's mean deviation on top
    of the user's mean. Cost: similarities are computed per asked user, O(sum over the
    user's items of raters); nothing of size (U, U) is kept.
    Book: equations (3.2) and (3.3); exercise user_knn.
    Source: Resnick et al. 1994; Herlocker et al. 1999.
    """

    k: int = 30
    similarity: Measure = "cosine"
    shrinkage: float = 0.0
    significance: float = 0.0
    min_similarity: float = 0.0

    def _fit(self, data: Interactions) -> None:
        self._fit_rows(self.seen_)

    def _predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return self._predict_rows(users, items)

    def _fit_rows(self, R: sparse.csr_array) -> None:
        """Centre each row of R (M, F) on its mean and prepare it for comparison."""
        check_range("k", self.k, 1, "neighbours,")
        if not -1 <= self.min_similarity <= 1:
            raise ValueError(f"min_similarity: {self.min_similarity}; expected a similarity from -1 to 1")
        met = np.diff(R.indptr)
        total = np.add.reduceat(np.r_[R.data, 0.0], R.indptr[:-1]) * (met > 0)
        self.means_ = np.where(met > 0, total / np.maximum(met, 1), R.data.mean())  # (M,)
        deviations = R.copy()
        deviations.data -= np.repeat(self.means_, met)
        self.column_deviation_ = column_means(deviations)  # (F,)
        self.raters_ = deviations.T.tocsr()  # (F, M) deviations of those who rated a column
        compared = deviations if self.similarity == "cosine" else R
        self._rows = prepare(compared, self.similarity, self.shrinkage, self.significance)

    def _predict_rows(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """(N,) row codes, (N,) column codes -> (N,) stars."""
        order = np.argsort(rows, kind="stable")  # all questions of a row together
        asked, first = np.unique(rows[order], return_index=True)
        bounds = np.r_[first, len(rows)]
        deviation = np.empty(len(rows))
        T, k = self.raters_, min(self.k, self.raters_.shape[1])

        def work(a: int, b: int) -> None:
            _deviations(
                asked[a:b], bounds[a : b + 1], columns[order], self._rows,
                T.indptr, T.indices, T.data, self.column_deviation_, k, self.min_similarity, deviation,
            )  # fmt: skip

        in_threads(work, len(asked), max(8, len(asked) // (8 * n_threads())))
        result = np.empty(len(rows))
        result[order] = self.means_[rows[order]] + deviation
        return result


@dataclass
class ItemKNNRating(UserKNNRating):
    r"""Predict a rating from how the user deviated on similar items.

    .. math::
        \hat r_{ui} = \bar r_i + \frac{\sum_{j \in N_k(i,u)} s_{ij}\,(r_{uj} - \bar r_j)}
                                      {\sum_{j \in N_k(i,u)} |s_{ij}|}

    N_k(i, u): among the items that **the user rated**, the k with the largest \|s\|;
    the items most similar overall are of no use where the user has not rated them.

    Args, Raises, Cost: as :class:`UserKNNRating` with users and items exchanged;
        ``means_`` is (I,), the mean stars of each item.
    Book: equation (3.3); exercise item_knn.
    Source: Sarwar et al. 2001. Differs: deviations from the item's mean.
    """

    k: int = 20

    def _fit(self, data: Interactions) -> None:
        self._fit_rows(self.seen_.T.tocsr())

    def _predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return self._predict_rows(items, users)


@kernel
def _deviations(asked, bounds, columns, rows, start, rater, deviation, fallback, k, least, out):  # type: ignore[no-untyped-def]
    """Weighted mean deviation for every question (row asked[q], its columns)."""
    common, dot, sums, touched, s = workspace(len(rows.norm), rows.formula)
    places, sizes = np.empty(k, dtype=np.int32), np.empty(k, dtype=np.float32)
    for q in range(len(asked)):
        i = asked[q]
        met = similarities(i, rows, common, dot, sums, touched, s)
        for e in range(bounds[q], bounds[q + 1]):
            c = columns[e]
            size = 0
            for g in range(start[c], start[c + 1]):
                j = rater[g]
                if j != i and s[j] != 0.0 and s[j] >= least:
                    size = insert(places, sizes, size, g, abs(s[j]))
            total, weight = 0.0, 0.0
            for p in range(size):
                g = places[p]
                total += s[rater[g]] * deviation[g]
                weight += abs(s[rater[g]])
            out[e] = total / weight if weight > 0.0 else fallback[c]
        for t in range(met):
            s[touched[t]] = 0.0
