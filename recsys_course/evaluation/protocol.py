"""The terms of a comparison, written down before anything is fitted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from recsys_course.data import split as splits
from recsys_course.data.split import Split
from recsys_course.evaluation.measuring import labels
from recsys_course.interactions import Interactions
from recsys_course.registry import did_you_mean

SplitName = Literal[
    "time", "leave-last-out", "random", "random-per-user", "k-fold", "cold-users", "cold-items"
]
SPLITS: tuple[str, ...] = SplitName.__args__  # type: ignore[attr-defined]


class Fold(NamedTuple):
    """One round: settings are chosen on ``inner`` (None: not chosen), the model is judged on ``outer``."""

    inner: Split | None
    outer: Split


@dataclass(frozen=True)
class Protocol:
    """How models are judged; the same for each of them.

    Args:
        split: what is held out; see :mod:`recsys_course.data.split`.
        test_fraction: share held out: of events, or of users or items for the cold splits.
        at: for split="time" the moment itself, in seconds since 1970, in place of a share.
        n_folds: for split="k-fold".
        newcomers: for the cold splits: "random" ones, or those that came last in "time".
        given: for split="cold-users": first events of each held-out user that stay in training.
        metrics: as :func:`.evaluate` takes them; settings are chosen by the first.
        n: length of the lists, for metrics that do not name their own.
        warm_only: judge only users with training events. Otherwise ``cold`` says who serves
            the others: "popular", the same for every model, or the "model" itself.
        n_trials: settings tried for each model, its defaults first; 0 takes the defaults
            without trying. A model without free options has one.
        validation: share of the training side on which settings are judged. It is held out the
            way the test side is; where the split takes no share, it is not used.
        seeds: a model that draws random numbers runs once with each; others run once.
        level: of the confidence intervals, in (0, 1).
        seed: of the split and of the draws of settings.

    Raises:
        ValueError: a value outside its range; the message names it.
    """

    split: SplitName = "time"
    test_fraction: float = 0.2
    at: float | None = None
    n_folds: int = 5
    newcomers: Literal["random", "time"] = "random"
    given: int = 0
    metrics: tuple[str, ...] = ("ndcg", "recall@20", "coverage")
    n: int = 10
    warm_only: bool = False
    cold: Literal["popular", "model"] = "popular"
    n_trials: int = 10
    validation: float = 0.2
    seeds: tuple[int, ...] = (0, 1, 2)
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "at", None if self.at is None else float(self.at))
        # lists, as JSON gives them, become tuples
        put(self, "metrics", (self.metrics,) if isinstance(self.metrics, str) else tuple(self.metrics))
        put(self, "seeds", (self.seeds,) if isinstance(self.seeds, int | np.integer) else tuple(self.seeds))
        if self.split not in SPLITS:
            hint = did_you_mean(self.split, SPLITS)
            raise ValueError(f"split: {self.split!r}; expected one of {', '.join(SPLITS)}{hint}")
        for name in ("metrics", "seeds"):
            if not getattr(self, name):
                raise ValueError(f"{name}: none; expected at least one")
        for name, known in (("cold", ("popular", "model")), ("newcomers", ("random", "time"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}: {getattr(self, name)!r}; expected {known[0]!r} or {known[1]!r}")
        if self.n_folds < 2:
            raise ValueError(f"n_folds: {self.n_folds}; expected at least 2")
        if self.at is not None and self.split != "time":
            raise ValueError(f"at: {self.at}; expected only with split='time'")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: {self.seeds}; expected each seed once")
        if self.n_trials < 0:
            raise ValueError(f"n_trials: {self.n_trials}; expected 0 or more")
        for name in ("test_fraction", "validation", "level"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)}; expected a share between 0 and 1")
        labels(self.metrics, self.n)  # refuses an unknown metric and n < 1

    def folds(self, log: Interactions) -> list[Fold]:
        """What to fit and judge on, with what to choose settings on.

        Raises:
            ValueError: the log has no times where the split needs them, or a side is empty.
        """
        outer: list[Callable[[Interactions], Split]]
        if self.split == "k-fold":
            outer = [partial(_given, fold) for fold in splits.k_fold(log, self.n_folds, self.seed)]
        elif self.split == "time" and self.at is not None:
            outer = [partial(splits.split_by_time, at=self.at)]
        else:
            outer = [self._way(self.test_fraction)]
        if self.n_trials == 0:
            return [Fold(None, splits.check_sides(how(log))) for how in outer]
        return [Fold(*splits.split_twice(log, how, self._way(self.validation))) for how in outer]

    def _way(self, share: float) -> Callable[[Interactions], Split]:
        """The split as a function of the log alone."""
        at_random: dict[str, Any] = {"test_fraction": share, "seed": self.seed}
        new = at_random | {"by": self.newcomers}
        ways: dict[str, Callable[[Interactions], Split]] = {
            "time": partial(splits.split_by_time, test_fraction=share),
            "leave-last-out": splits.leave_last_out,
            "random": partial(splits.split_random, **at_random),
            "random-per-user": partial(splits.split_random_per_user, **at_random),
            "k-fold": partial(splits.split_random, **at_random),  # the training side of a fold
            "cold-users": partial(splits.split_cold_users, given=self.given, **new),
            "cold-items": partial(splits.split_cold_items, **new),
        }
        return ways[self.split]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``Protocol(**plain)`` gives it back."""
        plain = dataclasses.asdict(self)
        return plain | {"metrics": list(self.metrics), "seeds": list(self.seeds)}


def _given(fold: Split, log: Interactions) -> Split:
    return fold
