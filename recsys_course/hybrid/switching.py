"""One member per user: by length of history, by confidence, or by a rule of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from recsys_course.base import Recommender, check_range
from recsys_course.hybrid.members import Hybrid, Models, named
from recsys_course.interactions import Interactions
from recsys_course.ranking import top_n

Choose = Callable[[Any, np.ndarray], np.ndarray]  # (hybrid, (B,) users) -> (B,) number of the member


class Chooser(Hybrid):
    """A hybrid that asks one member per user; ``chosen`` says which."""

    def chosen(self, users: Any) -> np.ndarray:
        """(B,) users -> (B,) number of the member that serves each."""
        self._need_fit()
        users = self._check(users, self.n_users_, "users")
        return self._chosen(users)

    def _chosen(self, users: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _score(self, users: np.ndarray) -> np.ndarray:
        chosen = self._chosen(users)
        scores = np.empty((len(users), self.n_items_))
        for m in np.unique(chosen):
            scores[chosen == m] = self._score_of(m, users[chosen == m])
        return scores  # (B, I) each row on the scale of its member

    def _parts(self, user: int) -> dict[str, np.ndarray]:
        m = int(self._chosen(np.array([user]))[0])
        return {self.names_[m]: self._score_of(m, np.array([user]))[0].astype(float)}

    def _pass_on(self, name: str, part: np.ndarray, inner: np.ndarray) -> np.ndarray:
        return inner  # the member's score as it is


@dataclass
class Switching(Chooser):
    """Serve each user by one member, the one that suits what is known of the user.

    Args:
        models: two or more recommenders, a list or a dict with names.
        choose: a function (hybrid, (B,) users) -> (B,) numbers 0..M-1 of members; it may use
            ``hybrid.events_``, ``hybrid.seen_`` and ``hybrid.member_scores(users)``.
            :func:`by_history` and :func:`by_confidence` make such functions. None: ``by_history(threshold)``.
        threshold: for ``choose=None``, events from which the second model serves a user: fewer go to
            the first. More than two models take a rising list, one number fewer than models.

    Attributes:
        events_: (U,) events of each user in the training log, repeats counted.

    Raises:
        ValueError: a threshold below 0, not rising, or of another number; ``choose`` gave another shape or
            a number that is no member; as :class:`.Hybrid`.

    Cost: one member's scores per user (by confidence: up to all).
    Source: Burke 2002 (switching).
    """

    models: Models
    choose: Choose | None = None
    threshold: int | Sequence[int] = 5

    def _given(self) -> dict[str, Recommender]:
        return named(self.models)

    def _check_settings(self) -> None:
        if self.choose is None:
            by_history(self.threshold).check(len(self.names_))
        elif not callable(self.choose):
            raise TypeError(
                f"choose: {type(self.choose).__name__}; expected a function (hybrid, users) -> numbers"
            )

    def _learn(self, data: Interactions) -> None:
        self.events_ = np.bincount(data.users, minlength=data.n_users)

    def _chosen(self, users: np.ndarray) -> np.ndarray:
        rule = by_history(self.threshold) if self.choose is None else self.choose
        chosen = np.asarray(rule(self, users))
        if chosen.shape != users.shape or (chosen.size and chosen.dtype.kind not in "iu"):
            raise ValueError(
                f"choose: gave {chosen.dtype} of shape {chosen.shape}; expected whole numbers, {users.shape}"
            )
        n = len(self.members_)
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < n:
            wrong = chosen[(chosen < 0) | (chosen >= n)][0]
            raise ValueError(f"choose: gave model {wrong}; expected 0..{n - 1}")
        return chosen


@dataclass(frozen=True)
class ByHistory:
    """The rule of :func:`by_history`."""

    thresholds: tuple[int, ...]

    def check(self, n_members: int) -> None:
        """Refuse thresholds that do not part histories among so many members."""
        if len(self.thresholds) != n_members - 1:
            raise ValueError(
                f"threshold: {len(self.thresholds)} given; expected {n_members - 1} for {n_members} models"
            )

    def __call__(self, hybrid: Any, users: np.ndarray) -> np.ndarray:
        """The member whose stretch of history lengths the user's lies in."""
        self.check(len(hybrid.members_))
        return np.searchsorted(self.thresholds, hybrid.events_[users], side="right")


def by_history(thresholds: int | Sequence[int]) -> ByHistory:
    """Choose by events in training: below the first threshold the first member, from it on the second, ...

    Raises:
        ValueError: a threshold below 0, or thresholds that do not rise.
    """
    edges = tuple(np.atleast_1d(np.asarray(thresholds)).tolist())
    if any(edge < 0 for edge in edges) or any(b <= a for a, b in pairwise(edges)):
        raise ValueError(f"threshold: {list(edges)}; expected rising numbers of at least 0")
    return ByHistory(edges)


@dataclass(frozen=True)
class ByConfidence:
    """The rule of :func:`by_confidence`."""

    least: float
    n: int

    def __call__(self, hybrid: Any, users: np.ndarray) -> np.ndarray:
        """The first member that is confident enough, else the last."""
        last = len(hybrid.members_) - 1
        chosen = np.full(len(users), last)
        unseen = hybrid.unseen(users)
        open_ = np.arange(len(users))
        for m in range(last):
            scores = np.where(unseen[open_], hybrid._score_of(m, users[open_]), np.nan)
            sure = confidence(scores, self.n) >= self.least
            chosen[open_[sure]] = m
            open_ = open_[~sure]
        return chosen


def by_confidence(least: float = 2.0, n: int = 10) -> ByConfidence:
    """Choose the first member whose :func:`confidence` in what the user has not met is at least ``least``.

    The last member serves the others. Each member but the last is asked for those whom no earlier one took.

    Raises:
        ValueError: n < 1.
    """
    check_range("n", n, 1, "a list length of")
    return ByConfidence(least, n)


def confidence(scores: np.ndarray, n: int = 10) -> np.ndarray:
    """(B, I) scores -> (B,) how far the n best stand out: their mean less that of all, in deviations.

    Items without a finite score do not count; a row without spread has confidence 0. One number for
    models of any scale, but no probability.
    """
    known = np.isfinite(scores)
    x = np.where(known, scores, 0.0).astype(float)
    count = np.maximum(known.sum(axis=1), 1)
    mean = x.sum(axis=1) / count  # (B,)
    deviation = np.sqrt((np.where(known, x - mean[:, None], 0.0) ** 2).sum(axis=1) / count)
    best = top_n(np.where(known, scores, -np.inf), n)  # (B, n)
    listed = best >= 0
    head = np.where(listed, np.take_along_axis(x, np.maximum(best, 0), axis=1), 0.0).sum(axis=1)
    gap = head / np.maximum(listed.sum(axis=1), 1) - mean
    flat = deviation <= 1e-6 * np.abs(x).max(axis=1, initial=0.0)
    return np.where(flat, 0.0, gap / np.where(flat, 1.0, deviation))
