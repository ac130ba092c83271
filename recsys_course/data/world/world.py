"""The world as its reader meets it: the log, the truth, and answers to new slates."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from recsys_course.data.world.feedback import History, Truth
from recsys_course.data.world.items import DAY, START, Items, item_table
from recsys_course.data.world.logging import LoggingPolicy
from recsys_course.data.world.scenarios import Scenario
from recsys_course.data.world.sessions import Slates
from recsys_course.data.world.trials import Contexts, expected_clicks, one_round
from recsys_course.data.world.users import Users, user_table
from recsys_course.interactions import Dataset, Interactions
from recsys_course.tables import merge_duplicates


class World:
    """A simulated platform; :func:`.make_world` makes one.

    Attributes:
        scenario: its parameters. seed: what it was made with.
        items, users: the catalogue and the people, with their hidden truth.
        policy: the :class:`.LoggingPolicy` that wrote the log.
        slates: the log as S slates of K positions, in order of time.
        start, end: limits of the log in seconds since 1970.
    """

    def __init__(
        self, truth: Truth, policy: LoggingPolicy, slates: Slates, history: History, seed: int
    ) -> None:
        self.truth, self.policy, self.slates, self.history, self.seed = truth, policy, slates, history, seed
        self.scenario: Scenario = truth.scenario
        self.items: Items = truth.items
        self.users: Users = truth.users
        self.start, self.end = START, START + self.scenario.days * DAY

    def __repr__(self) -> str:
        shown, clicked = self.slates.items.size, int(self.slates.clicks.sum())
        return (
            f"World({self.scenario.name!r}: {self.n_users:,} users, {self.n_items:,} items, "
            f"{shown:,} exposures, {clicked:,} clicks, seed {self.seed})"
        )

    @property
    def n_users(self) -> int:
        """U."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.items)

    @cached_property
    def log(self) -> Interactions:
        """The clicks with times; value 1 each, repeats kept."""
        return self.slates.log(self.n_users, self.n_items)

    @cached_property
    def ratings(self) -> Interactions:
        """The ratings with times, in stars; of repeated pairs the last."""
        return merge_duplicates(self.slates.ratings_log(self.n_users, self.n_items), "last")

    @cached_property
    def dataset(self) -> Dataset:
        """The clicks with the tables of items and users."""
        table = item_table(self.scenario, self.items)
        about = {"source": "simulated by recsys_course.data.world", "seed": str(self.seed)}
        return Dataset(self.log, table, user_table(self.users), f"world-{self.scenario.name}", about)

    @cached_property
    def events(self) -> pd.DataFrame:
        """All exposures, one row each; see :meth:`.Slates.frame`."""
        return self.slates.frame()

    def utility(self, users: Any, items: Any, at: Any = None) -> np.ndarray:
        """Expected utility (W.5) in log-odds of a click; the arguments broadcast.

        Args:
            users, items: codes; ``utility(u, i)`` of (N,) and (N,) is (N,), and
                ``utility(u[:, None], i)`` of (B, 1) and (M,) is a (B, M) block.
            at: seconds since 1970, the end of the log if None; later times are allowed.

        Raises:
            ValueError: a code outside its range.
        """
        users, items = self._check(users, self.n_users, "users"), self._check(items, self.n_items, "items")
        return self.truth.utility(users, items, np.asarray(self.end if at is None else at, dtype=float))

    def click_probability(
        self, users: Any, items: Any, position: Any = 1, at: Any = None, consumed: Any = False
    ) -> np.ndarray:
        """Chance of a click (W.7); the arguments broadcast.

        Args:
            users, items, at: as :meth:`utility`. position: 1, 2, ...
            consumed: was the item clicked before? :meth:`has_clicked` tells for the log.
        """
        return self.truth.click(self.utility(users, items, at), _positions(position), consumed)

    def propensity(self, users: Any, items: Any, position: Any = 1, at: Any = None) -> np.ndarray:
        """Chance (W.4) that the logging policy shows the item at this position; broadcasts.

        Args:
            position: 1..K. at: one moment in seconds since 1970, the end of the log if None.
        """
        users, items = self._check(users, self.n_users, "users"), self._check(items, self.n_items, "items")
        position = _positions(position)
        if position.max(initial=1) > self.scenario.slate_size:
            raise ValueError(f"position: {position.max()}; expected 1..{self.scenario.slate_size}")
        period = int(self.policy.periods(np.asarray(self.end if at is None else at)))
        return self.policy.propensity(users, items, position, period)

    def has_clicked(self, users: Any, items: Any) -> np.ndarray:
        """Did the user click the item anywhere in the log? The arguments broadcast."""
        return self.history.before(np.asarray(users), np.asarray(items))

    def policy_value(
        self, policy: Any, slate_size: int | None = None, over: Literal["end", "log"] = "end"
    ) -> float:
        r"""True expected clicks per slate of a policy.

        .. math::
            V(\pi) = E_x \Bigl[\sum_k \sum_i \pi_k(i \mid x)\, P(\mathrm{click} \mid x, i, k)\Bigr] \tag{W.10}

        Args:
            policy: (U, n) item codes, a slate per user; or a recommender or a function
                (B,) users, n -> (B, n) slates; or an object whose ``probabilities(users)``
                gives (B, I), from which each position is drawn on its own.
            slate_size: n; the scenario's if None.
            over: the contexts x. "end": each user at the end of the log, weighted by
                activity. "log": the users, times and histories of the logged slates,
                which is what an estimate from the log is about.

        Raises:
            ValueError: slate_size outside 1..I, another ``over``, or slates of a wrong shape.

        Cost: with ``probabilities`` O(contexts x I) time in bounded memory.
        """
        if over not in ("end", "log"):
            raise ValueError(f"over: {over!r}; expected 'end' or 'log'")
        n = self._slate_size(slate_size)
        if over == "log":
            contexts = Contexts(self.slates.users, self.slates.times, np.arange(len(self.slates)))
            return float(expected_clicks(self.truth, self.history, policy, contexts, n).mean())
        everybody = np.arange(self.n_users)
        contexts = Contexts(everybody, np.full(self.n_users, self.end), np.full(self.n_users, np.inf))
        values = expected_clicks(self.truth, self.history, policy, contexts, n)
        return float(np.average(values, weights=self.users.activity))

    def run(
        self,
        policy: Any,
        n_rounds: int = 1,
        slate_size: int | None = None,
        seed: int = 0,
        users_per_round: int = 1000,
        users: Any = None,
    ) -> Slates:
        """People come after the end of the log and answer the slates of a policy.

        Args:
            policy: as in :meth:`policy_value`, without ``probabilities``. A function may
                return (slates, propensities), which are then recorded. If the policy has
                a method ``observe(slates)``, it is shown the answers after each round.
            n_rounds: rounds, one a day. slate_size: the scenario's if None.
            seed: of the arrivals and answers.
            users_per_round: people who come in a round, drawn by activity; one may come twice.
            users: who may come; everybody if None. The halves of an A/B test go here.

        Returns:
            all slates of the run; ``.log(U, I)`` and ``.frame()`` make tables of them.
            The world itself does not change: every run starts where the log ends.

        Raises:
            ValueError: a size below 1, a slate longer than the catalogue, slates of a wrong shape.
        """
        for name, value in (("n_rounds", n_rounds), ("users_per_round", users_per_round)):
            if value < 1:
                raise ValueError(f"{name}: {value}; expected at least 1")
        people = np.arange(self.n_users) if users is None else self._check(users, self.n_users, "users")
        n, rng, history, done = self._slate_size(slate_size), np.random.default_rng(seed), self.history, []
        for day in range(n_rounds):
            slates, history = one_round(
                self.truth, history, policy, people, n, users_per_round, self.end + DAY * day, rng
            )
            slates.sessions += day * users_per_round
            done.append(slates)
            if hasattr(policy, "observe"):
                policy.observe(slates)
        return Slates(*(np.concatenate([vars(s)[name] for s in done]) for name in vars(done[0])))

    def _slate_size(self, n: int | None) -> int:
        n = min(self.scenario.slate_size, self.n_items) if n is None else n
        if not 1 <= n <= self.n_items:
            raise ValueError(f"slate_size: {n}; expected 1..{self.n_items}, the number of items")
        return n

    @staticmethod
    def _check(codes: Any, n: int, name: str) -> np.ndarray:
        codes = np.asarray(codes)
        if not np.issubdtype(codes.dtype, np.integer) or (
            codes.size and not 0 <= codes.min() <= codes.max() < n
        ):
            raise ValueError(f"{name}: {codes.dtype} codes; expected integers in 0..{n - 1}")
        return codes


def _positions(position: Any) -> np.ndarray:
    position = np.asarray(position)
    if position.size and position.min() < 1:
        raise ValueError(f"position: {position.min()}; expected 1 or more")
    return position
