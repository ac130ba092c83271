"""Members with known scores, for the tests of hybrids."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from recsys_course.base import Recommender
from recsys_course.interactions import Interactions


@dataclass
class Fixed(Recommender):
    """Scores that are given."""

    table: np.ndarray

    def _fit(self, data):
        pass

    def _score(self, users):
        return np.asarray(self.table)[users]


@dataclass
class Asked(Fixed):
    """Scores that are given; remembers who was asked about, in which batches."""

    batches: list = field(default_factory=list)

    def _score(self, users):
        self.batches.append(users.tolist())
        return super()._score(users)


@dataclass
class Memoriser(Recommender):
    """Knows by heart what it was fitted on, and of all else nothing: chance."""

    seed: int = 0

    def _fit(self, data):
        pass

    def _score(self, users):
        noise = np.array([np.random.default_rng([self.seed, u]).random(self.n_items_) for u in users])
        return noise.reshape(len(users), self.n_items_) + 50 * (self.seen_[users].toarray() > 0)


def one_event_each(n_users: int, n_items: int) -> Interactions:
    """A log in which user u met the last item; all other items are new to everybody."""
    return Interactions(np.arange(n_users), np.full(n_users, n_items - 1), n_users, n_items)


def nothing_met(n_users: int, n_items: int) -> Interactions:
    """A log of one more user, who met the first item; the others met nothing."""
    return Interactions([n_users], [0], n_users + 1, n_items)


def fixed(*rows: list[float]) -> Fixed:
    """Scores of one user per row, and of a last user, who has 0 everywhere."""
    return Fixed(np.array([*rows, [0.0] * len(rows[0])]))
