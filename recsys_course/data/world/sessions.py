"""Who comes when, and the record of what they were shown and did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys_course.data.world.items import DAY, START
from recsys_course.data.world.scenarios import Scenario
from recsys_course.data.world.users import Users
from recsys_course.interactions import Interactions

# Share of visits by hour of local time; regions live two hours apart.
HOURS = np.array([2, 1, 1, 1, 1, 2, 3, 5, 6, 6, 6, 6, 7, 6, 6, 6, 6, 7, 8, 10, 11, 10, 7, 4])
SECONDS_PER_SLATE = 90


@dataclass
class Slates:
    """S slates of K positions: what was shown to whom, with which chance, and the answers.

    Attributes:
        users, times, sessions: (S,) user codes, seconds since 1970, visit numbers.
        items: (S, K) item codes, position 1 first; -1 is an empty place.
        propensities: (S, K) chance of each item at its position; NaN when not known.
        clicks, purchases: (S, K) bool. ratings: (S, K) stars, NaN where none was given.
    """

    users: np.ndarray
    times: np.ndarray
    sessions: np.ndarray
    items: np.ndarray
    propensities: np.ndarray
    clicks: np.ndarray
    purchases: np.ndarray
    ratings: np.ndarray

    def __len__(self) -> int:
        return len(self.users)

    @property
    def clicks_per_slate(self) -> float:
        """The mean number of clicks on a slate: what :meth:`.World.policy_value` expects."""
        return float(self.clicks.sum(axis=1).mean())

    def log(self, n_users: int, n_items: int) -> Interactions:
        """The clicks as a log with times; value 1 each, repeats kept."""
        return self._select(self.clicks, self.clicks, n_users, n_items)

    def ratings_log(self, n_users: int, n_items: int) -> Interactions:
        """The ratings as a log with times; value in stars, repeats kept."""
        return self._select(~np.isnan(self.ratings), self.ratings, n_users, n_items)

    def frame(self) -> pd.DataFrame:
        """One row per exposure: user, item, time, session, slate, position (from 1), propensity, answers."""
        slate, place = np.nonzero(self.items >= 0)
        return pd.DataFrame(
            {
                "user": self.users[slate],
                "item": self.items[slate, place],
                "time": self.times[slate],
                "session": self.sessions[slate],
                "slate": slate.astype(np.int32),
                "position": (place + 1).astype(np.int16),
                "propensity": self.propensities[slate, place],
                "click": self.clicks[slate, place],
                "purchase": self.purchases[slate, place],
                "rating": self.ratings[slate, place],
            }
        )

    def _select(self, chosen: np.ndarray, values: np.ndarray, n_users: int, n_items: int) -> Interactions:
        slate, _ = np.nonzero(chosen)
        values = None if values is None else values[chosen]
        return Interactions(
            self.users[slate], self.items[chosen], n_users, n_items, values, self.times[slate]
        )


def draw_visits(
    scenario: Scenario, users: Users, n_slates: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(S,) users, (S,) times and (S,) visit numbers, in order of time. Cost: O(S log S).

    A visit has a geometric number of slates, 90 seconds apart. Its user is drawn by
    activity, its day evenly from the user's first day to the end of the log, its hour
    from the daily rhythm of the user's region.
    """
    stays = rng.random(n_slates) < 1 - 1 / scenario.visit_slates  # the visit goes on
    stays[0] = False
    starts = np.flatnonzero(~stays)  # (V,) first slate of each visit
    visit = np.cumsum(~stays) - 1  # (S,)
    who = draw_users(users, len(starts), rng)  # (V,)
    first_day = (users.joined[who] - START) / DAY
    day = np.floor(first_day + rng.random(len(who)) * (scenario.days - first_day))
    hour = rng.choice(24, size=len(who), p=HOURS / HOURS.sum()) + rng.random(len(who)) + 2 * users.region[who]
    begin = START + DAY * day + 3600 * (hour % 24)  # (V,)
    end = START + DAY * scenario.days - 1
    times = np.minimum(begin[visit] + SECONDS_PER_SLATE * (np.arange(n_slates) - starts[visit]), end)
    order = np.argsort(times, kind="stable")
    return who[visit][order], times[order].astype(np.int64), visit[order].astype(np.int32)


def draw_users(users: Users, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) users drawn by activity."""
    running = np.cumsum(users.activity)
    place = np.searchsorted(running, rng.random(n) * running[-1], side="right")
    return np.minimum(place, len(users) - 1).astype(np.int32)
