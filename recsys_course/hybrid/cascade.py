"""One member chooses candidates, another puts them in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_course.base import Recommender, check_range
from recsys_course.hybrid.members import Hybrid, check_members


@dataclass
class Cascade(Hybrid):
    r"""Let a second model order the best that a first one found.

    .. math::
        \hat s_{ui} = I + 1 - \mathrm{position}(u, i)

    The first model's best ``depth`` items that the user has not met come first, in the second model's
    order; all others follow in the first model's. Where the second sees no difference, the first decides.

    Args:
        first: finds candidates; what it scores with NaN or -inf is never listed.
        second: orders them.
        depth: candidates, at least 1.

    Raises:
        ValueError: depth < 1; as :class:`.Hybrid`.

    An item that the user has met takes no place among the candidates, and stands where it would.

    Cost: both members' scores, and O(I log I) per user.
    Book: exercise cascade.
    Source: Burke 2002 (cascade).
    """

    first: Recommender
    second: Recommender
    depth: int = 100

    def _given(self) -> dict[str, Recommender]:
        given = {"first": self.first, "second": self.second}
        check_members(given)
        return given

    def _check_settings(self) -> None:
        check_range("depth", self.depth, 1, "candidates,")

    def _score(self, users: np.ndarray) -> np.ndarray:
        _, after, refused = self._positions(users)
        return np.where(refused, -np.inf, self.n_items_ - after)

    def _positions(self, users: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(B, I) positions from 0: the first's alone, the cascade's; and what the first refuses."""
        first, second = (_listable(scores) for scores in self.member_scores(users))
        order = np.argsort(-first, axis=1, kind="stable")  # (B, I)
        new = np.take_along_axis(self.unseen(users), order, axis=1)
        head = np.cumsum(new, axis=1) - new < self.depth  # fewer than depth unmet items stand before
        keys = np.where(head, -np.take_along_axis(second, order, axis=1), 0.0)
        again = np.lexsort(np.stack([keys, ~head]), axis=1)  # stable: ties keep the first's order
        return _inverse(order), _inverse(np.take_along_axis(order, again, axis=1)), first == -np.inf

    def _parts(self, user: int) -> dict[str, np.ndarray]:
        before, after, _ = self._positions(np.array([user]))
        return {
            "first": (self.n_items_ - before)[0].astype(float),
            "second": (before - after)[0].astype(float),
        }


def _listable(scores: np.ndarray) -> np.ndarray:
    """The scores with -inf for NaN."""
    return np.where(np.isnan(scores), -np.inf, scores)


def _inverse(order: np.ndarray) -> np.ndarray:
    """(B, I) items in order -> (B, I) the position of each item."""
    position = np.empty_like(order)
    np.put_along_axis(position, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), axis=1)
    return position
