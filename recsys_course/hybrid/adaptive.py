"""A bandit over members: who serves whom is learned from the answers."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from recsys_course.base import Recommender, check_range
from recsys_course.hybrid.members import Models, named
from recsys_course.hybrid.switching import Chooser
from recsys_course.interactions import Interactions

TIE = 1e-12  # bounds that differ by less are equal


@dataclass
class AdaptiveHybrid(Chooser):
    r"""LinUCB: serve each user by the member whose reward could be highest, and learn from the clicks.

    .. math::
        A_m = \lambda E + \sum_t x_t x_t^\top, \qquad b_m = \sum_t r_t x_t, \qquad
        \mathrm{bound}_m(x) = x^\top A_m^{-1} b_m + \alpha \sqrt{x^\top A_m^{-1} x}

    The sums run over the slates that member m has served; x is the user's context, r the share of the
    slate's items that were clicked.

    Args:
        models: two or more recommenders, a list or a dict with names.
        context: (U, D) an array, or a function (hybrid, (B,) users) -> (B, D); None: a constant and the
            logarithm of the history's length, standardised.
        alpha: width of the bound, at least 0; how much not knowing is worth.
        reg: lambda, more than 0. seed: of the choice among equal bounds.
        explore: add the second term of the bound. :meth:`greedy` gives a copy that does not.

    Attributes:
        A_: (M, D, D). b_: (M, D). n_rounds_: batches observed.

    Raises:
        ValueError: a setting outside its range; a context of another shape or not finite; as
            :class:`.Hybrid`.

    It is a policy for :meth:`.World.run`: ``recommend`` serves by :meth:`choose`, ``observe`` learns. A
    choice depends on user and state alone, so ``observe`` knows who served whom, as long as it sees
    the answers before others are learned.

    Cost: O(M D^2) per choice, O(M D^3) a round.
    Book: equation (6.5); exercise linucb.
    Source: Li et al. 2010 (LinUCB, disjoint). Differs: arms are recommenders; learns in batches.
    """

    models: Models
    context: Any = field(default=None, repr=False)
    alpha: float = 1.0
    reg: float = 1.0
    seed: int = 0
    explore: bool = field(default=True, kw_only=True)

    def _given(self) -> dict[str, Recommender]:
        return named(self.models)

    def _check_settings(self) -> None:
        check_range("alpha", self.alpha, 0, "a width of")
        check_range("reg", self.reg, 0, "a penalty of", strict=True)
        check_range("seed", self.seed, 0, "a seed of")
        if self.context is not None and not callable(self.context):
            self._check_context(np.asarray(self.context, dtype=float), self.n_users_)

    def _learn(self, data: Interactions) -> None:
        length = np.log1p(np.bincount(data.users, minlength=data.n_users))
        spread = length.std() if np.ptp(length) > 0 else 1.0
        self._usual = np.column_stack([np.ones(len(length)), (length - length.mean()) / spread])  # (U, 2)
        D = self.contexts(np.array([0])).shape[1]
        self.A_ = np.tile(self.reg * np.eye(D), (len(self.members_), 1, 1))
        self.b_ = np.zeros((len(self.members_), D))
        self.n_rounds_ = 0
        self._shuffle()

    def contexts(self, users: Any) -> np.ndarray:
        """(B,) users -> (B, D) what the choice may depend on."""
        self._need_fit()
        users = self._check(users, self.n_users_, "users")
        if self.context is None:
            return self._usual[users]
        if callable(self.context):
            return self._check_context(np.asarray(self.context(self, users), dtype=float), len(users))
        return np.asarray(self.context, dtype=float)[users]

    def bounds(self, users: Any, explore: bool | None = None) -> np.ndarray:
        """(B,) users -> (B, M) what each member's reward could be; without exploring, what is expected."""
        self._need_fit()
        x = self.contexts(self._check(users, self.n_users_, "users"))  # (B, D)
        inverse = np.linalg.inv(self.A_)  # (M, D, D)
        expected = x @ np.einsum("mde,me->md", inverse, self.b_).T  # (B, M)
        if not (self.explore if explore is None else explore):
            return expected
        width = np.sqrt(np.maximum(np.einsum("bd,mde,be->bm", x, inverse, x), 0.0))
        return expected + self.alpha * width

    def choose(self, users: Any) -> np.ndarray:
        """(B,) users -> (B,) number of the member that serves each: the largest bound, ties by chance."""
        return self.chosen(users)

    def _chosen(self, users: np.ndarray) -> np.ndarray:
        bound = self.bounds(users)
        best = bound >= bound.max(axis=1, keepdims=True) - TIE
        return np.where(best, self._chance[users], -1.0).argmax(axis=1)

    def observe(self, slates: Any) -> Self:
        """Learn from the :class:`.Slates` just served: their ``users``, ``items`` and ``clicks``.

        Raises:
            NotFitted, UnknownId: as :meth:`score`. ValueError: clicks of another shape than the items.
        """
        self._need_fit()
        users, shown = self._check(slates.users, self.n_users_, "users"), np.asarray(slates.items) >= 0
        arms, x = self._chosen(users), self.contexts(users)
        clicks = np.asarray(slates.clicks, dtype=bool)  # counts or floats, too: 2 & True would be 0
        if clicks.shape != shown.shape or len(shown) != len(users):
            raise ValueError(
                f"clicks: shape {clicks.shape} for {len(users)} users, items "
                f"{shown.shape}; expected one per item"
            )
        reward = (clicks & shown).sum(axis=1) / np.maximum(shown.sum(axis=1), 1)  # (S,)
        for m in range(len(self.members_)):
            mine = (arms == m) & shown.any(axis=1)
            self.A_[m] += x[mine].T @ x[mine]
            self.b_[m] += x[mine].T @ reward[mine]
        self.n_rounds_ += 1
        self._shuffle()
        return self

    def greedy(self) -> AdaptiveHybrid:
        """A copy that has learned the same, serves without exploring, and learns apart from this one."""
        self._need_fit()
        other = copy.copy(self)
        other.A_, other.b_, other.explore = self.A_.copy(), self.b_.copy(), False
        return other

    def _shuffle(self) -> None:
        """(U, M) the order among equals, another each round."""
        shape = (self.n_users_, len(self.members_))
        self._chance = np.random.default_rng([self.seed, self.n_rounds_]).random(shape)

    @staticmethod
    def _check_context(x: np.ndarray, n: int) -> np.ndarray:
        if x.ndim != 2 or len(x) != n or x.shape[1] == 0 or not np.isfinite(x).all():
            raise ValueError(f"context: shape {x.shape} or not finite; expected ({n}, D) numbers")
        return x
