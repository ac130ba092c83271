"""What is measured, user by user: the part that evaluate, compare and judge share.

- Every item of the id space competes: nothing is sampled.
- What a user met in training is neither recommended nor counted as relevant.
- Users with at least one relevant test item are judged; the others cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course import metrics as formulas
from recsys_course.base import Fitted, RatingPredictor, Recommender
from recsys_course.compiled import chunks
from recsys_course.data.split import Split
from recsys_course.interactions import Interactions
from recsys_course.registry import did_you_mean

FORMULAS: dict[str, Any] = {
    "ndcg": formulas.ndcg, "recall": formulas.recall, "precision": formulas.precision,
    "map": formulas.average_precision, "mrr": formulas.mrr, "hit_rate": formulas.hit_rate, "f1": formulas.f1,
}  # fmt: skip
ERRORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"rmse": np.square, "mae": np.abs}
RANKING = ("ndcg", "recall@20", "precision", "map", "mrr", "hit_rate", "coverage")
RATING = tuple(ERRORS)
LIST_CELLS = 2**20  # entries of recommended lists held at a time, so that long lists stay affordable


@dataclass(frozen=True, eq=False)
class PerUser:
    """Metrics of B users as sums, so that means over users, seeds and folds are one formula.

    Attributes:
        users: (B,) codes of the users judged.
        weights: (B,) what a user's sums are divided by: 1 for lists, test events for stars.
        totals: label -> (B,) the user's value (lists), or the sum of errors, squared for rmse.
    """

    users: np.ndarray
    weights: np.ndarray
    totals: dict[str, np.ndarray]


@dataclass(frozen=True)
class Measured:
    """One model on one test side.

    Attributes:
        tables: one for metrics of lists, one for errors in stars, where asked for.
        whole: values that belong to no user: coverage.
        counts: n_users, n_cold, n_events.
    """

    tables: list[PerUser]
    whole: dict[str, float]
    counts: dict[str, int]

    def values(self) -> dict[str, float]:
        """label -> mean over the users judged (coverage: over all items)."""
        means = {
            label: mean_of(label, total, table.weights)
            for table in self.tables
            for label, total in table.totals.items()
        }
        return means | self.whole


def mean_of(label: str, totals: np.ndarray, weights: np.ndarray) -> float:
    """The metric from its sums: their ratio; for rmse the root of it."""
    ratio = float(np.sum(totals) / np.sum(weights))
    return float(np.sqrt(ratio)) if label == "rmse" else ratio


def higher_is_better(label: str) -> bool:
    """False for errors in stars."""
    return label.partition("@")[0] not in ERRORS


def choose(model: Fitted, split: Split, n: int, metrics: Sequence[str] | None) -> dict[str, int]:
    """Labels of the metrics, each with its list length; 0 for those of stars.

    Raises:
        ValueError: a metric is not known, or the model cannot be judged by it.
    """
    ranks, rates = isinstance(model, Recommender), isinstance(model, RatingPredictor)
    if metrics is None:
        stars = rates and len(np.unique(split.train.values)) > 1
        metrics = [*(RANKING if ranks else ()), *(RATING if stars or not ranks else ())]
    chosen = labels(metrics, n)
    for label, k in chosen.items():
        if not (ranks if k else rates):
            raise ValueError(
                f"metrics: {type(model).__name__} cannot be judged by {label.partition('@')[0]!r}"
            )
    return chosen


def labels(metrics: Sequence[str], n: int) -> dict[str, int]:
    """("ndcg", "recall@20", "rmse") and n=10 -> {"ndcg@10": 10, "recall@20": 20, "rmse": 0}."""
    chosen: dict[str, int] = {}
    for metric in metrics:
        name, _, own = metric.partition("@")
        if name not in (*FORMULAS, "coverage", *ERRORS) or (own and (not own.isdigit() or name in ERRORS)):
            raise ValueError(_unknown(metric))
        k = int(own or n)
        if own and k < 1:
            raise ValueError(f"metrics: {metric!r}; expected a list length of at least 1")
        if name not in ERRORS and k < 1:
            raise ValueError(f"n: {k}; expected a list length of at least 1")
        chosen[name if name in ERRORS else f"{name}@{k}"] = 0 if name in ERRORS else k
    return chosen


def _unknown(metric: str) -> str:
    names = [*FORMULAS, "coverage", *ERRORS]
    hint = did_you_mean(metric.partition("@")[0], names)
    return f"metrics: {metric!r}; expected one of {', '.join(names)}, the ranking ones also as name@k{hint}"


def judged_part(split: Split, users: Any) -> Interactions:
    """The test events of these users (None: of all); ValueError when there are none."""
    test = split.test if users is None else split.test.take(np.isin(split.test.users, users))
    if len(test) == 0:
        whom = "" if users is None else " for these users"
        raise ValueError(f"split.test: no events{whom}; expected at least one to judge by")
    return test


def measure(model: Any, test: Interactions, chosen: Mapping[str, int], cold: str) -> Measured:
    """The metrics of a fitted model, user by user."""
    tables: list[PerUser] = []
    whole: dict[str, float] = {}
    counts: dict[str, int] = {}
    if lists := {label: k for label, k in chosen.items() if k}:
        table, whole, counts = _lists(model, test, lists, cold)
        tables.append(table)
    if stars := [label for label, k in chosen.items() if not k]:
        tables.append(_stars(model, test, stars))
        counts = counts | {"n_events": len(test)}
    return Measured(tables, whole, counts)


def _lists(
    model: Any, test: Interactions, chosen: Mapping[str, int], cold: str
) -> tuple[PerUser, dict[str, float], dict[str, int]]:
    """Metrics of lists for the users with relevant items, a block of users at a time."""
    relevant = _unseen(test.to_csr(), model.seen_)  # (U, I)
    size = np.diff(relevant.indptr)
    users = np.flatnonzero(size)  # (B,)
    if len(users) == 0:
        raise ValueError("split.test: every pair is in split.train too; expected one that is new")
    whole = [label for label in chosen if label.startswith("coverage")]
    totals = {label: np.empty(len(users)) for label in chosen if label not in whole}
    listed = {label: np.zeros(model.n_items_ + 1, dtype=bool) for label in whole}  # the last is padding's
    longest = max(chosen.values())
    for start, stop in chunks(len(users), max(1, LIST_CELLS // longest)):
        block = users[start:stop]
        ranked = model.recommend(block, longest, cold=cold)  # (b, n)
        hits, n_relevant = formulas.hits_at(ranked, relevant[block], longest), size[block]  # (b, n), (b,)
        for label, total in totals.items():
            formula = FORMULAS[label.partition("@")[0]]
            total[start:stop] = formula.of_hits(hits[:, : chosen[label]], n_relevant)
        for label, met in listed.items():
            met[ranked[:, : chosen[label]]] = True
    n_cold = int(np.count_nonzero(np.diff(model.seen_.indptr)[users] == 0))
    shares = {label: int(np.count_nonzero(met[:-1])) / model.n_items_ for label, met in listed.items()}
    return PerUser(users, np.ones(len(users)), totals), shares, {"n_users": len(users), "n_cold": n_cold}


def _stars(model: Any, test: Interactions, chosen: Sequence[str]) -> PerUser:
    """Sums of errors in stars, user by user."""
    errors = model.predict(test.users, test.items) - test.values  # (N,)
    users, row = np.unique(test.users, return_inverse=True)
    sums = {label: np.bincount(row, ERRORS[label](errors)) for label in chosen}
    return PerUser(users, np.bincount(row).astype(float), sums)


def _unseen(test: sparse.csr_array, seen: sparse.csr_array) -> sparse.csr_array:
    """(U, I) ones where a user met an item in the test side and not in the training side."""
    rows = np.repeat(np.arange(test.shape[0]), np.diff(test.indptr))
    old = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr)) * test.shape[1] + seen.indices
    pairs = rows * test.shape[1] + test.indices
    place = np.minimum(np.searchsorted(old, pairs), len(old) - 1)  # to_csr sorts, so old is sorted
    new = old[place] != pairs
    return sparse.csr_array((np.ones(new.sum()), (rows[new], test.indices[new])), shape=test.shape)
