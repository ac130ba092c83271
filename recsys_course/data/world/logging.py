r"""The platform's own policy, which wrote the log; its propensities are exact.

Each position of a slate is drawn on its own (so a slate may hold an item twice) from a
mixture of four parts over the items on offer in period T of time t:

.. math::
    p_k(i \mid u, t) =
        \omega_k^{pop} \frac{w_i}{\sum_{j \in T} w_j}
      + \omega_k^{per}\, g_u(c_i) \frac{w_i}{\sum_{j \in T,\, c_j = c_i} w_j}
      + \omega_k^{lib} \frac{\#\{l \in L_u : l = i\}}{|L_u|}
      + \omega_k^{uni} \frac{1}{|T|}                                                    \tag{W.4}

The shares :math:`\omega_k` go linearly from ``top`` at position 1 to ``bottom`` at K, so
positions are confounded with taste, as on real pages. :math:`g_u` is the platform's rough
idea of the user: a softmax over categories of taste at the start plus an error.
No (U, I) array is ever made: sampling picks a part, then an item of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_course.compiled import chunks
from recsys_course.data.world.items import DAY, START, Items, unit
from recsys_course.data.world.scenarios import N_TOPICS, Scenario
from recsys_course.data.world.users import Users

SHARPNESS = 2.0  # of the softmax over categories
LIBRARY_CHOICE = 4  # a favourite is the best of so many random items


@dataclass
class Offer:
    """The items on offer in one period, sorted by category, with running sums of w.

    Attributes:
        items: (A,) codes. running: (A,) sums of w up to and with each item.
        first: (D + 1,) where each category starts in ``items``.
        below: (D + 1,) sum of w before each category starts.
    """

    items: np.ndarray
    running: np.ndarray
    first: np.ndarray
    below: np.ndarray

    @property
    def of_category(self) -> np.ndarray:
        """(D,) sum of w in each category."""
        return np.diff(self.below)


class LoggingPolicy:
    """Draws slates and knows the chance of every draw, equation (W.4).

    Attributes:
        mix: (K, 4) shares of the four parts by position.
        rough: (U, D) g_u before it is limited to the categories on offer.
        library: (U, L) favourite items of each user; one may be there twice, and then counts twice.
        offers: one :class:`Offer` per period.

    Raises:
        ValueError: too few items to have one on offer in every period.
    """

    def __init__(self, scenario: Scenario, items: Items, users: Users, rng: np.random.Generator) -> None:
        self.scenario, self.items = scenario, items
        self.mix = np.linspace(scenario.top, scenario.bottom, scenario.slate_size)  # (K, 4)
        centre = unit(np.eye(N_TOPICS) - 1 / N_TOPICS)  # (D, D) appeal of a pure topic
        error = scenario.rough * rng.standard_normal((len(users), N_TOPICS))
        weight = np.exp(SHARPNESS * (users.taste[0] @ centre + error))
        self.rough = weight / weight.sum(axis=1, keepdims=True)
        self.offers = [self._offer(period) for period in range(scenario.n_periods)]
        self.library = self._choose_libraries(users, rng)

    def periods(self, times: np.ndarray) -> np.ndarray:
        """(...) times in seconds -> (...) periods; later than the log counts as its last."""
        period = (np.asarray(times) - START) / (self.scenario.days * DAY) * self.scenario.n_periods
        return np.clip(period.astype(np.int64), 0, self.scenario.n_periods - 1)

    def sample(self, users: np.ndarray, period: int, rng: np.random.Generator) -> np.ndarray:
        """(B,) users in one period -> (B, K) items drawn by (W.4)."""
        offer = self.offers[period]
        shape = (len(users), len(self.mix))
        part = (rng.random(shape)[..., None] >= self.mix.cumsum(axis=1)[:, :-1]).sum(axis=-1)  # (B, K)
        drawn = np.empty(shape, dtype=np.int32)
        row = np.nonzero(part == 0)
        drawn[row] = _weighted(offer, np.zeros(len(row[0]), dtype=int), None, rng)
        row = np.nonzero(part == 1)
        categories = self._draw_categories(users[row[0]], offer, rng)
        drawn[row] = _weighted(offer, categories, categories + 1, rng)
        row = np.nonzero(part == 2)
        drawn[row] = self.library[users[row[0]], rng.integers(self.library.shape[1], size=len(row[0]))]
        row = np.nonzero(part == 3)
        drawn[row] = offer.items[rng.integers(len(offer.items), size=len(row[0]))]
        return drawn

    def propensity(
        self, users: np.ndarray, items: np.ndarray, positions: np.ndarray, period: int
    ) -> np.ndarray:
        """Chance (W.4) that position k shows the item to the user in this period.

        The three arrays broadcast; positions are 1..K. 0 for an item not on offer.
        """
        offer = self.offers[period]
        omega = self.mix[np.asarray(positions) - 1]  # (..., 4)
        on_offer = self._on_offer(items, period)
        weight, category = self.items.popularity[items] * on_offer, self.items.category[items]
        inside = np.maximum(offer.of_category, 1e-300)  # an empty category has no item to ask about
        popular = weight / offer.below[-1]
        personal = self.rough[users, category] / self._rough_total(users, offer) * weight / inside[category]
        uniform = on_offer / len(offer.items)
        p = omega[..., 0] * popular + omega[..., 1] * personal + omega[..., 3] * uniform
        if self.mix[:, 2].any():
            kept = (self.library[users] == np.asarray(items)[..., None]).mean(axis=-1)  # [i in L] / |L|
            p = p + omega[..., 2] * kept
        return p

    def _on_offer(self, items: np.ndarray, period: int) -> np.ndarray:
        """Is the item there when the period starts?"""
        now = START + period / self.scenario.n_periods * self.scenario.days * DAY
        return (self.items.launch[items] <= now) & (now < self.items.leave[items])

    def _offer(self, period: int) -> Offer:
        there = np.flatnonzero(self._on_offer(np.arange(len(self.items)), period))
        if not len(there):
            raise ValueError(
                f"n_items: {len(self.items)} items leave period {period} of scenario "
                f"{self.scenario.name!r} without any item on offer; expected more items"
            )
        there = there[np.argsort(self.items.category[there], kind="stable")]
        running = np.cumsum(self.items.popularity[there])
        first = np.searchsorted(self.items.category[there], np.arange(N_TOPICS + 1))
        return Offer(there, running, first, np.r_[0.0, running][first])

    def _rough_total(self, users: np.ndarray, offer: Offer) -> np.ndarray | float:
        """(...) sum of g_u over the categories that have an item on offer."""
        there = offer.of_category > 0
        return 1.0 if there.all() else self.rough[users] @ there

    def _draw_categories(self, users: np.ndarray, offer: Offer, rng: np.random.Generator) -> np.ndarray:
        chance = np.where(offer.of_category > 0, self.rough[users], 0.0).cumsum(axis=1)  # (B, D)
        drawn = (rng.random((len(users), 1)) * chance[:, -1:] >= chance[:, :-1]).sum(axis=1)
        return np.minimum(drawn, np.flatnonzero(offer.of_category > 0)[-1])  # rounding at the edge

    def _choose_libraries(self, users: Users, rng: np.random.Generator) -> np.ndarray:
        """(U, L) each favourite is the best match among a few draws from the first offer."""
        offer, size = self.offers[0], self.scenario.library_size
        if not self.mix[:, 2].any():
            return np.empty((len(users), 0), dtype=np.int32)
        best = np.empty((len(users), size), dtype=np.int32)
        for a, b in chunks(len(users), 8192):
            tried = _weighted(offer, np.zeros((b - a) * size * LIBRARY_CHOICE, dtype=int), None, rng)
            tried = tried.reshape(b - a, size, LIBRARY_CHOICE)
            match = np.einsum("ud,usld->usl", users.taste[0, a:b], self.items.appeal[tried])
            best[a:b] = np.take_along_axis(tried, match.argmax(axis=-1)[..., None], axis=-1)[..., 0]
        return best


def _weighted(
    offer: Offer, start: np.ndarray, stop: np.ndarray | None, rng: np.random.Generator
) -> np.ndarray:
    """(N,) items drawn in proportion to w inside categories start..stop-1 (to the end for None)."""
    end = np.full(len(start), len(offer.first) - 1) if stop is None else stop
    low, high = offer.below[start], offer.below[end]
    place = np.searchsorted(offer.running, low + rng.random(len(start)) * (high - low), side="right")
    return offer.items[np.clip(place, offer.first[start], offer.first[end] - 1)]  # rounding at the edges
