"""What every later model must beat: popularity, damped means, chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_course.base import RatingPredictor, Recommender, check_range
from recsys_course.interactions import Interactions
from recsys_course.ranking import coordinates


@dataclass
class Popularity(Recommender):
    r"""Recommend what most users met; the same list for everyone, less what they know.

    .. math:: s_{ui} = |U_i|

    Attributes:
        counts_: (I,) users who met each item (not events: one fan counts once).

    Cost: O(N).
    """

    def _fit(self, data: Interactions) -> None:
        self.counts_ = self._popularity()  # (I,)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return np.tile(self.counts_, (len(users), 1))  # (B, I)


@dataclass
class Random(Recommender):
    """Recommend by chance: the floor under every comparison.

    Args:
        seed: the same user gets the same scores every time.
    """

    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        check_range("seed", self.seed, 0, "a seed of")

    def _score(self, users: np.ndarray) -> np.ndarray:
        rows = [np.random.default_rng([self.seed, u]).random(self.n_items_) for u in users]
        return np.array(rows).reshape(len(users), self.n_items_)  # (B, I)


@dataclass
class DampedMeans(RatingPredictor, Recommender):
    r"""Predict a rating from three means: of all, of the item, of the user.

    .. math::
        b_i = \frac{\sum_{u \in U_i} (r_{ui} - \mu)}{|U_i| + \beta}, \qquad
        b_u = \frac{\sum_{i \in I_u} (r_{ui} - \mu - b_i)}{|I_u| + \beta}, \qquad
        \hat r_{ui} = \mu + b_u + b_i

    Args:
        damping: beta, imaginary ratings at the mean; 0 trusts a single rating fully.

    Attributes:
        mean_: mu. item_bias_: (I,) b_i. user_bias_: (U,) b_u, all in stars.

    Raises:
        ValueError: damping < 0.

    Cost: O(N).
    Book: equation (3.15).
    Source: Funk 2006; Koren 2008 (the sequential form of the baseline).
    """

    damping: float = 5.0

    def _fit(self, data: Interactions) -> None:
        check_range("damping", self.damping, 0, "a number of imaginary ratings of")
        R = self.seen_  # (U, I)
        users, items = coordinates(R)
        self.mean_ = float(R.data.mean())
        self.item_bias_ = _damped(items, R.data - self.mean_, R.shape[1], self.damping)
        rest = R.data - self.mean_ - self.item_bias_[items]
        self.user_bias_ = _damped(users, rest, R.shape[0], self.damping)

    def _predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return self.mean_ + self.user_bias_[users] + self.item_bias_[items]

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.mean_ + self.user_bias_[users, None] + self.item_bias_  # (B, I)


def _damped(codes: np.ndarray, values: np.ndarray, n: int, damping: float) -> np.ndarray:
    """(n,) sum of values per code over (count + damping); 0 for a code without values."""
    total = np.bincount(codes, values, minlength=n)
    return total / np.maximum(np.bincount(codes, minlength=n) + damping, 1e-12)
