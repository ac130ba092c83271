"""The feedback loop: a recommender that is fitted again on the answers to its own lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from recsys_course.base import Recommender
from recsys_course.interactions import Interactions


@dataclass
class Retrained:
    """A policy for :meth:`.World.run` that learns from what it shows.

    It serves the lists of a model. After each round the clicks on them join the log, and the
    model is fitted again. Chance may take some of the places, and the model may learn from those alone.

    Args:
        model: ranks items; fitted on ``log`` at once.
        log: what is known before the first round; grows with every round.
        explore: share of the places, in 0..1, that an item drawn evenly from the catalogue takes. Where
            the drawn item stands in the list already, the place keeps its own.
        learn_from: "all" clicks, or those on the "explored" places alone.
        exclude_seen: leave out of the model's lists what a user clicked before (explored places may
            hold it); False where things are wanted again.
        measure: called with the model before the first round and after every fit.
        seed: of the exploration.

    Attributes:
        measured: what ``measure`` gave: one value more than there were rounds.

    Raises:
        ValueError: explore outside 0..1, or another ``learn_from``.

    Book: equation (1.6).
    Source: Jiang et al. 2019 (degenerate loops).
    """

    model: Recommender
    log: Interactions
    explore: float = 0.0
    learn_from: Literal["all", "explored"] = "all"
    exclude_seen: bool = True
    measure: Callable[[Recommender], Any] | None = None
    seed: int = 0
    measured: list[Any] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.explore <= 1:
            raise ValueError(f"explore: {self.explore}; expected a share in 0..1")
        if self.learn_from not in ("all", "explored"):
            raise ValueError(f"learn_from: {self.learn_from!r}; expected 'all' or 'explored'")
        self._rng = np.random.default_rng(self.seed)
        self._fit()

    def _fit(self) -> None:
        self.model.fit(self.log)
        if self.measure is not None:
            self.measured.append(self.measure(self.model))

    def recommend(self, users: np.ndarray, n: int) -> np.ndarray:
        """(B,) users -> (B, n) items: the model's lists, some places given away."""
        lists = self.model.recommend(users, n, exclude_seen=self.exclude_seen, cold="popular")
        drawn = self._rng.integers(self.model.n_items_, size=lists.shape)
        listed = (drawn[:, :, None] == lists[:, None, :]).any(axis=2)
        twice = np.tril(drawn[:, :, None] == drawn[:, None, :], -1).any(axis=2)
        self._explored = (self._rng.random(lists.shape) < self.explore) & ~listed & ~twice  # (B, n)
        return np.where(self._explored, drawn, lists)

    def observe(self, slates: Any) -> None:
        """The :class:`.Slates` just answered: clicks on them join the log, and the model is fitted again."""
        if self.learn_from == "explored":
            slates = replace(slates, clicks=slates.clicks & self._explored)
        new, old = slates.log(self.log.n_users, self.log.n_items), self.log
        times = None if old.times is None else np.r_[old.times, new.times]
        self.log = replace(
            old,
            users=np.r_[old.users, new.users],
            items=np.r_[old.items, new.items],
            values=np.r_[old.values, new.values],
            times=times,
        )
        self._fit()
