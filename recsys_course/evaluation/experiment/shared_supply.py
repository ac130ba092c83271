r"""A market with two sides, small enough to know its truth: drivers, rooms, couriers, ad budgets.

Customers arrive by a Poisson process. Each wants to order with a chance that depends on the
recommender they see, and does if one of ``units`` is free; a unit that is taken is busy for a
while. So one customer's order is another's "nothing left": the arms of a test meet in the supply.

The share of time in which all m units are busy at an offered load E (wanted orders per
hour times hours busy) is Erlang's loss formula, whatever the distribution of the busy time:

.. math::
    B(m, E) = \frac{E^m / m!}{\sum_{k=0}^{m} E^k / k!}                                   \tag{12.10}

Orders per customer are therefore p (1 - B). Source: Erlang 1917; Gross et al. 2008, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from recsys_course.evaluation.experiment.inputs import at_least, positive, rate


@dataclass(frozen=True)
class Visits:
    """(N,) customers in order: hour of arrival, arm (0 or 1), and whether they ordered."""

    hours: np.ndarray
    arms: np.ndarray
    ordered: np.ndarray


@dataclass(frozen=True)
class SharedSupply:
    """The market.

    Args:
        arrivals: customers per hour. units: what can be busy at once. busy_hours: mean time
            that an order takes, exponential. want: chance to want an order under control and
            under treatment.

    Raises:
        ValueError: arrivals or busy_hours not above 0, no unit, a chance outside 0..1.
    """

    arrivals: float = 100.0
    units: int = 25
    busy_hours: float = 0.5
    want: tuple[float, float] = (0.5, 0.6)

    def __post_init__(self) -> None:
        positive("arrivals", self.arrivals)
        positive("busy_hours", self.busy_hours)
        at_least("units", self.units, 1)
        for arm, chance in enumerate(self.want):
            rate(f"want[{arm}]", chance)

    def blocked(self, want: float) -> float:
        """B of (12.10) when customers want an order with this chance."""
        load, blocked = self.arrivals * rate("want", want) * self.busy_hours, 1.0
        for m in range(1, self.units + 1):  # the usual recursion: no factorials
            blocked = load * blocked / (m + load * blocked)
        return blocked

    def orders(self, want: float) -> float:
        """Orders per customer when everybody sees the same recommender."""
        return want * (1 - self.blocked(want))

    @property
    def true_effect(self) -> float:
        """Orders per customer: treatment for all minus control for all."""
        return self.orders(self.want[1]) - self.orders(self.want[0])

    @property
    def user_split_effect(self) -> float:
        """What a test by user measures: both arms meet the same mixed supply."""
        control, treatment = self.want
        return (treatment - control) * (1 - self.blocked((control + treatment) / 2))

    def run(self, hours: float, arm_of: Callable[[np.ndarray], np.ndarray], seed: int = 0) -> Visits:
        """Let customers come for some hours; ``arm_of`` gives (N,) arms for (N,) hours of arrival.

        The market starts with the offered load busy (at most all units), a little more than an average hour
        keeps busy.

        Raises:
            ValueError: hours not above 0, or arm_of gave something else than 0 and 1.

        Cost: O(N log units) time.
        """
        rng = np.random.default_rng(seed)
        n = rng.poisson(self.arrivals * positive("hours", hours))
        when = np.sort(rng.random(n)) * hours
        arms = np.asarray(arm_of(when))
        if arms.shape != when.shape or not np.isin(arms, (0, 1)).all():
            raise ValueError(f"arm_of: gave shape {arms.shape}; expected {n} arms, each 0 or 1")
        arms = arms.astype(int)  # True and 1.0 are arms as well
        wants = rng.random(n) < np.asarray(self.want)[arms]
        return Visits(when, arms, self._served(when, wants, rng))

    def _served(self, when: np.ndarray, wants: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(N,) who found a free unit, one customer after the other."""
        busy_for = rng.exponential(self.busy_hours, size=len(when))
        start = int(self.arrivals * np.mean(self.want) * self.busy_hours)
        until = sorted(rng.exponential(self.busy_hours, size=min(start, self.units)))  # a heap
        ordered = np.zeros(len(when), dtype=bool)
        for i in np.flatnonzero(wants):
            while until and until[0] <= when[i]:
                heappop(until)
            if len(until) < self.units:
                heappush(until, when[i] + busy_for[i])
                ordered[i] = True
        return ordered
