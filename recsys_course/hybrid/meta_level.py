"""What one method learns is what the other compares: neighbours by content profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.base import Recommender, check_range
from recsys_course.content import ContentProfile
from recsys_course.interactions import Interactions
from recsys_course.nearest import nearest_rows
from recsys_course.ranking import sparse_product

TINY = 1e-6  # of a cosine in float32: what is left of an angle of 90 degrees


@dataclass
class MetaLevel(Recommender):
    r"""Collaboration via content: neighbours are users of a similar content profile, not of shared items.

    .. math::
        p_u = \frac{1}{|I_u|} \sum_{i \in I_u} \frac{f_i}{\|f_i\|}, \qquad
        \hat s_{ui} = \sum_{v \in N_k(u)} \cos(p_u, p_v)\, [i \in I_v]

    :math:`p_u` is the profile of :class:`.ContentProfile`. Two users who met no item in common can be
    neighbours.

    Args:
        item_features: (I, F) dense or sparse, one row per item.
        k: neighbours per user, by positive cosine, at least 1.

    Attributes:
        profiles_: (U, F) the learned model of each user, which is all that the comparison sees.
        neighbours_: (U, U) sparse; row u holds the k neighbours of user u.

    Raises:
        ValueError: k < 1; features as in :class:`.ContentProfile`.

    Cost: fit O(U^2 F) in blocks; memory O(U (k + F)).
    Source: Pazzani 1999 (collaboration via content); Burke 2002 (meta-level).
    """

    item_features: Any = field(repr=False)
    k: int = 50

    def _fit(self, data: Interactions) -> None:
        check_range("k", self.k, 1, "neighbours,")
        content = ContentProfile(self.item_features).fit(data)
        self.profiles_ = content.profile_of(np.arange(data.n_users))  # (U, F)
        codes, cosines = nearest_rows(self.profiles_, min(self.k, data.n_users))  # (U, k), the user left out
        user, place = np.nonzero(cosines > TINY)
        found = (cosines[user, place], (user, codes[user, place]))
        self.neighbours_ = sparse.csr_array(found, shape=(data.n_users,) * 2)
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
