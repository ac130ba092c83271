"""Lists of several members merged by reciprocal ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_course.base import Recommender, check_range
from recsys_course.hybrid.members import Hybrid, Models, named
from recsys_course.hybrid.scores import places


@dataclass
class Mixed(Hybrid):
    r"""Merge the members' lists by reciprocal rank fusion: places count, scores do not.

    .. math::
        \hat s_{ui} = \sum_{m:\, \mathrm{rank}_m(u, i) \le \mathrm{depth}} \frac{1}{k + \mathrm{rank}_m(u, i)}

    Args:
        models: two or more recommenders, a list or a dict with names.
        k: how flat the first places are, at least 0; with 0 the first place is worth two second ones,
            with 60 hardly more than one.
        depth: places of each list that count, at least 1.

    Raises:
        ValueError: k < 0 or depth < 1; as :class:`.Hybrid`.

    Ranks count from 1 among what the user has not met, as in the members' own lists; an item already met
    gets the rank that it would have there. What no member scores is never listed.

    Cost: the members' scores, and O(M I log I) per user.
    Book: equation (6.3); exercise rrf.
    Source: Burke 2002 (mixed); Cormack, Clarke and Büttcher 2009 (reciprocal rank fusion). Differs: equal
        scores share the mean of their places, so that a member without an opinion says nothing.
    """

    models: Models
    k: float = 60
    depth: int = 100

    def _given(self) -> dict[str, Recommender]:
        return named(self.models)

    def _check_settings(self) -> None:
        check_range("k", self.k, 0, "a constant of")
        check_range("depth", self.depth, 1, "places,")

    def _score(self, users: np.ndarray) -> np.ndarray:
        unseen = self.unseen(users)
        total = np.zeros(unseen.shape)
        scored = np.zeros(unseen.shape, dtype=bool)
        for scores in self.member_scores(users):
            scored |= scores > -np.inf
            total += self._worth(scores, unseen)
        return np.where(scored, total, -np.inf)  # (B, I)

    def _worth(self, scores: np.ndarray, unseen: np.ndarray) -> np.ndarray:
        """(B, I) one member's reciprocal ranks; 0 below the depth."""
        rank = places(scores, over=unseen)
        return np.where(rank <= self.depth, 1.0 / (self.k + rank), 0.0)

    def _parts(self, user: int) -> dict[str, np.ndarray]:
        users = np.array([user])
        scores = self.member_scores(users)
        rows = [self._worth(row, self.unseen(users))[0] for row in scores]
        return dict(zip(self.names_, rows, strict=True))
