"""Team-draft interleaving: two rankings in one list, and the users choose.

As captains pick teams: in each round a coin decides who picks first, and each ranking adds its
best item that is not in the list yet. A click counts for the team that brought the item.
Each user compares both rankings, so the differences between users drop out.
Source: Radlinski, Kurup & Joachims 2008; Chapelle et al. 2012.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import binomtest

from recsys_course.evaluation.experiment.inputs import at_least

A, B, NOBODY = 0, 1, -1


def team_draft(
    a: Sequence[int], b: Sequence[int], n: int, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Two rankings, best first -> at most n items, each once, and the team (0 or 1) of each.

    A ranking that has nothing left passes; -1 in a ranking is padding.

    Raises:
        ValueError: n < 1, or an item twice in one ranking.

    Cost: O(len(a) + len(b) + n (n + items skipped)).
    """
    at_least("n", n, 1)
    left = [_best_last(ranking, name) for ranking, name in ((a, "a"), (b, "b"))]
    items: list[int] = []
    teams: list[int] = []
    while any(left) and len(items) < n:
        first = int(rng.integers(2))
        for team in (first, 1 - first):
            while left[team] and left[team][-1] in items:
                left[team].pop()
            if left[team] and len(items) < n:
                items.append(left[team].pop())
                teams.append(team)
    return items, teams


def credit(teams: Any, clicks: Any) -> np.ndarray:
    """(B, n) teams and clicks -> (B, 2) clicks of a's and of b's items; padding has team -1."""
    teams, clicks = np.asarray(teams), np.asarray(clicks, dtype=bool)
    if teams.shape != clicks.shape:
        raise ValueError(f"teams, clicks: shapes {teams.shape}, {clicks.shape}; expected the same places")
    return np.stack([(clicks & (teams == team)).sum(axis=-1) for team in (A, B)], axis=-1)


def winners(credits: Any) -> np.ndarray:
    """(B, 2) clicks -> (B,) 1 where b won, -1 where a won, 0 for a tie."""
    credits = np.asarray(credits)
    return np.sign(credits[..., B] - credits[..., A]).astype(int)


@dataclass(frozen=True)
class Verdict:
    """Lists won by each side, ties, and the two-sided p of the sign test; ties say nothing."""

    a: int
    b: int
    ties: int
    p: float


def sign_test(won: Any) -> Verdict:
    """(B,) winners -> exact binomial test of "each side wins a decided list with chance 1/2".

    The verdicts must be independent: one a user, not one a list. Where users see several lists, add up
    each user's credits first.

    Raises:
        ValueError: no lists, or something else than -1, 0 and 1.
    """
    won = np.asarray(won)
    if won.ndim != 1 or not len(won) or not np.isin(won, (-1, 0, 1)).all():
        raise ValueError(f"won: shape {won.shape}; expected a row of -1, 0 and 1, at least one")
    a, b = int((won == -1).sum()), int((won == 1).sum())
    p = float(binomtest(b, a + b).pvalue) if a + b else 1.0
    return Verdict(a, b, len(won) - a - b, p)


@dataclass
class TeamDraft:
    """A policy that shows interleaved lists, for :meth:`.World.run`.

    Args:
        a, b: recommenders, or functions (B,) users, n -> (B, n) item codes.
        depth: how much more than n each ranks, so that a team never runs out.
        seed: of the coins.

    Attributes:
        teams_: (B, n) teams of all lists shown so far, in order; -1 for an empty place.
    """

    a: Any
    b: Any
    depth: int = 2
    seed: int = 0
    _shown: list[np.ndarray] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        at_least("depth", self.depth, 1)
        self._rng = np.random.default_rng(self.seed)

    def __call__(self, users: np.ndarray, n: int) -> np.ndarray:
        """(B,) users -> (B, n) interleaved lists, padded with -1."""
        ranked = [_ask(side, users, self.depth * n) for side in (self.a, self.b)]
        items, teams = np.full((2, len(users), n), NOBODY)
        for row, (a, b) in enumerate(zip(*ranked, strict=True)):
            chosen, team = team_draft(a.tolist(), b.tolist(), n, self._rng)
            items[row, : len(chosen)], teams[row, : len(team)] = chosen, team
        self._shown.append(teams)
        return items

    @property
    def teams_(self) -> np.ndarray:
        """Who brought what, list by list."""
        return np.concatenate(self._shown)


def _ask(side: Any, users: np.ndarray, n: int) -> np.ndarray:
    return np.asarray(side.recommend(users, n) if hasattr(side, "recommend") else side(users, n))


def _best_last(ranking: Sequence[int], name: str) -> list[int]:
    """A stack with the best on top, without padding."""
    real = [item for item in ranking if item >= 0]
    if len(set(real)) < len(real):
        raise ValueError(f"{name}: an item twice in {list(ranking)}; expected each item once")
    return real[::-1]
