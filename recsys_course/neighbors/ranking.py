"""Neighbours for ranking: sums over the neighbours, without a divisor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_course.base import Recommender, check_range
from recsys_course.interactions import Interactions
from recsys_course.item_to_item import ItemToItem
from recsys_course.ranking import sparse_product
from recsys_course.similarity import Measure, similar_rows


@dataclass
class ItemKNN(ItemToItem):
    r"""Recommend what resembles what the user already met.

    .. math::
        s_{ij} = \frac{r_i^\top r_j}{\|r_i\|\,\|r_j\| + \lambda}, \qquad
        \hat s_{ui} = \sum_{j \in N_k(i) \cap I_u} s_{ij}

    Args:
        k: neighbours kept per item, a count of at least 1; more than there are keeps all.
        similarity: cosine, adjusted_cosine, pearson or jaccard (see ``similarity``).
        shrinkage: lambda, in the units of the denominator; on 0/1 data, co-occurrences.
        significance: gamma, in common users; 0 turns the weighting off.
        inverse_frequency: weigh each user by log(I / (1 + items met)) before comparing:
            whoever meets everything says little about what belongs together.
        use_values: take the stars or counts; otherwise every event counts 1.

    Attributes:
        weights_: (I, I) sparse; column i holds the k neighbours of item i.

    Raises:
        ValueError: k < 1, an unknown similarity, a negative option, pearson or
            adjusted_cosine without use_values (0/1 data have no spread to correlate), or
            jaccard with inverse_frequency (it counts, and knows no weights).

    Cost: fit O(sum over users of items^2) through inverted lists, memory O(I k);
        score O(history * k) per user.
    Book: equations (3.1) and (3.4); exercise similarity.
    Source: Sarwar et al. 2001; Deshpande & Karypis 2004 (top-n, no divisor);
        Breese et al. 1998 (inverse frequency).
        Differs: adds lambda; drops the divisor of the rating form, which would make
        every score 1 on 0/1 data.
    """

    k: int = 50
    similarity: Measure = "cosine"
    shrinkage: float = 10.0
    significance: float = 0.0
    inverse_frequency: bool = False
    use_values: bool = False

    def _fit(self, data: Interactions) -> None:
        self.binary_history = not self.use_values
        X = compared(self.seen_, self).T  # (I, U)
        nearest = similar_rows(X, self.k, self.similarity, self.shrinkage, self.significance)
        self.weights_ = nearest.T.tocsr()  # (I, I), column i: N_k(i)


@dataclass
class UserKNN(Recommender):
    r"""Recommend what similar users met.

    .. math:: \hat s_{ui} = \sum_{v \in N_k(u)} s_{uv}\, r_{vi}

    Args: as :class:`ItemKNN`, with users and items exchanged: k neighbours per user,
        and ``inverse_frequency`` weighs each item by log(U / (1 + users who met it)).

    Attributes:
        neighbours_: (U, U) sparse; row u holds the k neighbours of user u.

    Cost: fit O(sum over items of users^2), memory O(U k); score O(k * history) per user.
    Book: equations (3.1) and (3.4), with users and items exchanged.
    Source: Resnick et al. 1994; Herlocker et al. 1999. Differs: scores are sums, not
        means, so that a rarely met item needs more than one enthusiastic neighbour.
    """

    k: int = 50
    similarity: Measure = "cosine"
    shrinkage: float = 10.0
    significance: float = 0.0
    inverse_frequency: bool = False
    use_values: bool = False

    def _fit(self, data: Interactions) -> None:
        X = compared(self.seen_.T.tocsr(), self).T  # (U, I)
        self.neighbours_ = similar_rows(X, self.k, self.similarity, self.shrinkage, self.significance)
        self.liked_ = self.seen_.astype(np.float32)  # (U, I)
        if not self.use_values:
            self.liked_.data[:] = 1.0

    def _score(self, users: np.ndarray) -> np.ndarray:
        return sparse_product(self.neighbours_[users], self.liked_)  # (B, I)


def compared(R: sparse.csr_array, model: ItemKNN | UserKNN) -> sparse.csr_array:
    """(M, F) the values that ``model`` compares, columns as vectors, rows as weights."""
    check_range("k", model.k, 1, "neighbours,")
    if model.similarity in ("pearson", "adjusted_cosine") and not model.use_values:
        raise ValueError(
            f"similarity: {model.similarity!r} compares stars, but every event counts 1; "
            "set use_values=True, or take cosine or jaccard"
        )
    if model.similarity == "jaccard" and model.inverse_frequency:
        raise ValueError(
            "inverse_frequency: True with similarity 'jaccard', which counts what two rows share and asks "
            "for no weights; set inverse_frequency=False, or take cosine"
        )
    values = R.data if model.use_values else np.ones_like(R.data)
    if model.inverse_frequency:
        met = np.diff(R.indptr)
        weight = np.log(R.shape[1] / (1.0 + met)).clip(min=0.0)
        values = values * np.repeat(weight, met)
    return sparse.csr_array((values, R.indices, R.indptr), shape=R.shape)  # shares the pattern
