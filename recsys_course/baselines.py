"""What every later model must beat: popularity, recent popularity, damped means, chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_course.base import RatingPredictor, Recommender, check_range
from recsys_course.interactions import Interactions
from recsys_course.ranking import coordinates
from recsys_course.tables import merge_duplicates

SECONDS_PER_DAY = 86_400


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
class RecentPopularity(Popularity):
    r"""Recommend what most users met lately: what lies a half-life back counts half.

    .. math:: s_{ui} = \sum_{v \in U_i} 2^{-(T - t_{vi}) / h}

    :math:`t_{vi}` is when user v last met item i, T the time of the log's last event.

    Args:
        half_life: h, in days; a very long one gives :class:`Popularity`.

    Attributes:
        counts_: (I,) users who met each item, each weighed by the age of the meeting. What is
            more than about a thousand half-lives old counts 0.

    Raises:
        ValueError: half_life not above 0, or a log without times.

    Cost: O(N log N).
    Book: equation (1.2).
    Source: Ji et al. 2020 (popularity as of the moment). Differs: fades instead of a window.
    """

    half_life: float = 30.0

    def _fit(self, data: Interactions) -> None:
        check_range("half_life", self.half_life, 0, "days,", strict=True)
        if data.times is None:
            raise ValueError("data: no times; expected a log with a clock (from_frame(..., time=...))")
        last = merge_duplicates(data, "last")  # (M,) the latest event of each pair
        age = (data.times.max() - last.times) / SECONDS_PER_DAY  # (M,)
        self.counts_ = np.bincount(last.items, 2.0 ** (-age / self.half_life), minlength=data.n_items)


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
    return bayesian_average(np.bincount(codes, values, n), np.bincount(codes, minlength=n), 0.0, damping)


def bayesian_average(totals: Any, counts: Any, prior: float, damping: float) -> np.ndarray:
    r"""Means that start from a prior and leave it as evidence comes in.

    .. math:: m_i = \mu + \frac{\sum_{u \in U_i} (r_{ui} - \mu)}{|U_i| + \beta}
                  = \frac{\sum_{u \in U_i} r_{ui} + \beta \mu}{|U_i| + \beta}

    Args:
        totals: (I,) sums of what was observed: stars, clicks. counts: (I,) how much was observed.
        prior: mu, what is believed of an item before anything is known.
        damping: beta, the prior's weight in observations; 0 gives the plain mean.

    Returns:
        (I,) means; the prior where nothing was observed.

    Raises:
        ValueError: damping < 0.

    Book: equation (1.3); exercise bayesian_average.
    """
    check_range("damping", damping, 0, "a number of imaginary ratings of")
    totals, counts = np.asarray(totals, dtype=float), np.asarray(counts, dtype=float)
    return prior + (totals - counts * prior) / np.maximum(counts + damping, 1e-12)


def wilson_lower_bound(successes: Any, trials: Any, z: float = 1.96) -> np.ndarray:
    r"""The lower end of Wilson's interval for a share: what an item earns at least, most likely.

    .. math::
        \frac{\hat p + \frac{z^2}{2n} - z \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4 n^2}}}
             {1 + \frac{z^2}{n}}, \qquad \hat p = \frac{\mathrm{successes}}{n}

    Args:
        successes: (I,) counts in 0..trials. trials: (I,) counts n.
        z: standard deviations of a normal; 1.96 for an interval of 95 %, of which this is one end.

    Returns:
        (I,) shares in 0..1; 0 without a trial.

    Raises:
        ValueError: more successes than trials, a negative count, or z < 0.

    Book: equation (1.4); exercise wilson_bound.
    Source: Wilson 1927.
    """
    check_range("z", z, 0, "standard deviations of")
    s, n = np.broadcast_arrays(np.asarray(successes, dtype=float), np.asarray(trials, dtype=float))
    wrong = ~((s >= 0) & (s <= n))
    if wrong.any():
        raise ValueError(f"successes: {s[wrong][0]:g} of {n[wrong][0]:g} trials; expected 0..trials")
    n = np.maximum(n, 1e-12)  # 0 of 0 is then 0
    p = s / n
    margin = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.maximum((p + z**2 / (2 * n) - margin) / (1 + z**2 / n), 0.0)
