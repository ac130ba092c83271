r"""What people feel and what they do: utility, examination, click, purchase, rating.

.. math::
    U_{ui}(t) = \beta + b_u + q_i + a\, P_u(t)^\top v_i
        + m_u^{img}\, x_u^\top z_i^{img} + m_u^{aud}\, y_u^\top z_i^{aud}
        - \rho_u\, \tilde c_i - \gamma\, \mathrm{age}_i(t)                               \tag{W.5}

.. math::
    e_k = 1 / k^{\eta}                                                                   \tag{W.6}

.. math::
    P(\mathrm{click}) = e_k\, \sigma\bigl(U_{ui}(t) + \delta\, h_{ui}\bigr)              \tag{W.7}

.. math::
    P(\mathrm{purchase} \mid \mathrm{click}) = \sigma\bigl(U_{ui}(t) - \beta + \beta_{buy}\bigr)
                                                                                         \tag{W.8}

.. math::
    \mathrm{stars} = \mathrm{clip}\bigl(
        \mathrm{round}(\mu + 0.6\,(U_{ui}(t) - \beta) + 0.7\,\varepsilon), 1, 5\bigr)    \tag{W.9}

where :math:`h_{ui}` is 1 once the user has clicked the item in an earlier slate, else 0.
(W.6) and (W.7) are the position-based model: whether a place is examined does not
depend on what stands there. Source: Richardson et al. 2007; Craswell et al. 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from recsys_course.compiled import chunks
from recsys_course.data.world.items import DAY, START, Items
from recsys_course.data.world.scenarios import Scenario
from recsys_course.data.world.users import Users

STARS_PER_UTILITY, STARS_NOISE = 0.6, 0.7
SLATES_AT_ONCE = 16_384


@dataclass
class Truth:
    """The formulas (W.5)-(W.9) for one platform; arrays of any shapes that broadcast."""

    scenario: Scenario
    items: Items
    users: Users

    def utility(self, users: np.ndarray, items: np.ndarray, times: np.ndarray) -> np.ndarray:
        """U of (W.5), in log-odds of a click. Cost: about 20 multiplications per pair."""
        s, catalogue, people = self.scenario, self.items, self.users
        P = people.taste_at(users, s.drift * (times - START) / (s.days * DAY))  # (..., D)
        U = s.click_offset + people.bias[users] + catalogue.quality[items]
        U = U + s.taste_weight * _dot(P, catalogue.appeal[items])
        if s.image_weight and s.image_share:
            U = U + _dot(
                people.image_weight[users][..., None] * people.image_taste[users],
                catalogue.image_style[items],
            )
        if s.audio_weight and s.audio_share:
            U = U + _dot(
                people.audio_weight[users][..., None] * people.audio_taste[users],
                catalogue.audio_style[items],
            )
        if s.price and s.price_weight:
            U = U - people.price_weight[users] * catalogue.price_level[items]
        if s.fade:
            U = U - s.fade * np.maximum(times - catalogue.launch[items], 0) / DAY
        return U

    def examination(self, positions: np.ndarray | int) -> np.ndarray:
        """e_k of (W.6): chance that a person looks at position k = 1, 2, ..."""
        return np.asarray(positions, dtype=float) ** -self.scenario.eta

    def click(
        self, utility: np.ndarray, positions: np.ndarray | int, consumed: np.ndarray | bool
    ) -> np.ndarray:
        """Chance of a click, (W.7)."""
        return self.examination(positions) * expit(utility + self.scenario.repeat * np.asarray(consumed))

    def purchase(self, utility: np.ndarray) -> np.ndarray:
        """Chance of a purchase after a click, (W.8)."""
        return expit(utility - self.scenario.click_offset + self.scenario.purchase_offset)

    def stars(self, utility: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Stars of (W.9), whole numbers 1..5."""
        mean = self.scenario.stars + STARS_PER_UTILITY * (utility - self.scenario.click_offset)
        return np.clip(np.rint(mean + STARS_NOISE * noise), 1, 5)


class History:
    """Which pairs were clicked, and in which slate first; sparse, never (U, I).

    Args:
        n_items: I.
        pairs: (M,) numbers u * I + i, sorted, each once.
        slates: (M,) the first slate with a click on the pair.
    """

    def __init__(self, n_items: int, pairs: np.ndarray, slates: np.ndarray) -> None:
        self.n_items, self.pairs, self.slates = n_items, pairs, slates

    @classmethod
    def of(cls, n_items: int, users: np.ndarray, items: np.ndarray, clicks: np.ndarray) -> History:
        """From slates in order of time: (S,) users, (S, K) items and clicks."""
        slate, _ = np.nonzero(clicks)
        pairs, first = np.unique(users[slate].astype(np.int64) * n_items + items[clicks], return_index=True)
        return cls(n_items, pairs, slate[first])

    def before(self, users: np.ndarray, items: np.ndarray, slates: np.ndarray | float = np.inf) -> np.ndarray:
        """(...) bool: was the pair clicked in a slate earlier than the given one?"""
        asked = np.asarray(users, dtype=np.int64) * self.n_items + items
        if not len(self.pairs):
            return np.zeros(asked.shape, dtype=bool)
        place = np.minimum(np.searchsorted(self.pairs, asked), len(self.pairs) - 1)
        return (self.pairs[place] == asked) & (self.slates[place] < slates)

    def and_also(self, users: np.ndarray, items: np.ndarray) -> History:
        """With (M,) more clicked pairs, at the end."""
        new = np.setdiff1d(users.astype(np.int64) * self.n_items + items, self.pairs)
        pairs, slates = np.r_[self.pairs, new], np.r_[self.slates, np.full(len(new), np.iinfo(np.int64).max)]
        order = np.argsort(pairs, kind="stable")
        return History(self.n_items, pairs[order], slates[order])


def answer(
    truth: Truth,
    users: np.ndarray,
    items: np.ndarray,
    times: np.ndarray,
    history: History | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(S, K) clicks, purchases and stars (NaN where none) of slates in order of time.

    Args:
        history: what was clicked before the first of these slates; None for nothing.

    Cost: O(S K log(S K)) for telling which pairs had been clicked before.
    """
    shape = items.shape
    utility = np.empty(shape, dtype=np.float32)
    for a, b in chunks(len(users), SLATES_AT_ONCE):
        utility[a:b] = truth.utility(users[a:b, None], np.maximum(items[a:b], 0), times[a:b, None])
    positions = np.arange(1, shape[1] + 1)
    seen = False if history is None else history.before(users[:, None], items)
    noise = rng.random(shape, dtype=np.float32)
    fresh = (noise < truth.click(utility, positions, seen)) & (
        items >= 0
    )  # as if these slates were the first
    again = clicked_before(users, items, fresh, truth.items)
    clicks = np.where(again, (noise < truth.click(utility, positions, True)) & (items >= 0), fresh)
    purchases = np.zeros(shape, dtype=bool)
    purchases[clicks] = rng.random(clicks.sum()) < truth.purchase(utility[clicks])
    ratings = np.full(shape, np.nan, dtype=np.float32)
    stars = truth.stars(utility[clicks], rng.standard_normal(clicks.sum()))
    ratings[clicks] = np.where(rng.random(clicks.sum()) < truth.scenario.rating_rate, stars, np.nan)
    return clicks, purchases, ratings


def clicked_before(users: np.ndarray, items: np.ndarray, fresh: np.ndarray, catalogue: Items) -> np.ndarray:
    """(S, K) bool: did the pair have a click in an earlier one of these slates?

    ``fresh`` are the clicks as they would be had nothing been clicked before. The first
    of a pair's fresh clicks is a true one, so a pair has been clicked before exactly if
    it has a fresh click in an earlier slate: one sort and one running sum tell.
    """
    width = items.shape[1]
    pair = (users[:, None].astype(np.int64) * len(catalogue) + items).ravel()
    order = np.argsort(pair, kind="stable")  # pairs together, in order of time
    pair, slate = pair[order], order // width
    new_pair = np.r_[True, pair[1:] != pair[:-1]]
    new_run = new_pair | np.r_[True, slate[1:] != slate[:-1]]  # a pair within one slate
    total = np.r_[0, np.cumsum(fresh.ravel()[order])[:-1]]  # fresh clicks in the rows above
    at_pair = total[np.flatnonzero(new_pair)][np.cumsum(new_pair) - 1]
    at_run = total[np.flatnonzero(new_run)][np.cumsum(new_run) - 1]
    before = np.empty(len(order), dtype=bool)
    before[order] = at_run > at_pair
    return before.reshape(items.shape)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("...d,...d->...", a, b)
