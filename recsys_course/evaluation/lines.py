"""One line a model: its runs over folds and seeds, gathered into estimates and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from recsys_course.evaluation.intervals import over_users
from recsys_course.evaluation.measuring import PerUser, mean_of


class Estimate(NamedTuple):
    """A metric: over users, folds and seeds its value and interval, over seeds its spread.

    ``low`` and ``high`` are NaN for coverage, which is no mean over users; ``spread``, the sample
    standard deviation over seeds, is NaN for a model that ran once.
    """

    value: float
    low: float
    high: float
    spread: float


@dataclass(frozen=True, eq=False)
class Line:
    """One model.

    Attributes:
        model: its name. metrics: label -> :class:`Estimate`.
        counts: n_users judged by lists, n_cold those of them without training events,
            n_events judged by stars; added up over folds.
        options: what was chosen, one dictionary a fold. trials: what was tried, likewise.
        seeds, folds: how many.
        fit_s, recommend_s: seconds of the wall, the median over seeds and folds.
        cpu_s: seconds of all processors for both together, the median.
        memory: bytes, the largest over seeds and folds; see :func:`.watched_memory`.
        size: bytes of the fitted model, the largest; see :func:`.size_of`.
        tables: sums by user, over folds; means over seeds.
    """

    model: str
    metrics: dict[str, Estimate]
    counts: dict[str, int]
    options: list[dict[str, Any]]
    trials: list[list[dict[str, Any]]]
    seeds: int
    folds: int
    fit_s: float
    recommend_s: float
    cpu_s: float
    memory: int | None
    size: int | None
    tables: list[PerUser] = field(default_factory=list, repr=False)


def line_of(
    model: str, runs: Mapping[tuple[int, int], Mapping[str, Any]], tuned: Sequence[Any], level: float
) -> Line:
    """Runs by (fold, seed) and (options, trials) by fold -> the line of a model."""
    first = next(iter(runs.values()))
    names = [label for table in first["tables"] for label in table["totals"]]
    seeds, folds = sorted({seed for _, seed in runs}), sorted({fold for fold, _ in runs})
    by_seed = {seed: [runs[fold, seed] for fold in folds] for seed in seeds}
    groups = zip(*(run["tables"] for run in runs.values()), strict=True)  # lists, stars
    tables = [_pooled(group, len(seeds)) for group in groups]
    metrics = {}
    for label in [*names, *first["whole"]]:
        per_seed = [_value(label, of_seed) for of_seed in by_seed.values()]
        metrics[label] = _estimate(label, per_seed, tables, level)
    each = list(runs.values())
    return Line(
        model, metrics,
        counts={key: sum(run["counts"][key] for run in by_seed[seeds[0]]) for key in first["counts"]},
        options=[options for options, _ in tuned], trials=[trials for _, trials in tuned],
        seeds=len(seeds), folds=len(folds),
        fit_s=_middle(each, "fit_s"), recommend_s=_middle(each, "recommend_s"), cpu_s=_middle(each, "cpu_s"),
        memory=_largest(each, "memory"), size=_largest(each, "size"), tables=tables,
    )  # fmt: skip


def _estimate(label: str, per_seed: Sequence[float], tables: Sequence[PerUser], level: float) -> Estimate:
    """The metric over users if it has values by user, else its mean over seeds."""
    unknown = float("nan")
    spread = float(np.std(per_seed, ddof=1)) if len(per_seed) > 1 else unknown
    for table in tables:
        if label in table.totals:
            return Estimate(*over_users(label, table.totals[label], table.weights, level), spread)
    return Estimate(float(np.mean(per_seed)), unknown, unknown, spread)


def _value(label: str, runs: Sequence[Mapping[str, Any]]) -> float:
    """A metric of one seed over its folds."""
    tables = [t for run in runs for t in run["tables"] if label in t["totals"]]
    if not tables:
        return float(np.mean([run["whole"][label] for run in runs]))
    totals = np.concatenate([t["totals"][label] for t in tables])
    return mean_of(label, totals, np.concatenate([t["weights"] for t in tables]))


def _pooled(tables: Sequence[Mapping[str, Any]], n_seeds: int) -> PerUser:
    """Sums of each user over the folds, means over the seeds."""
    users, row = np.unique(np.concatenate([t["users"] for t in tables]), return_inverse=True)

    def added(columns: Sequence[Any]) -> np.ndarray:
        return np.bincount(row, np.concatenate(columns), minlength=len(users)) / n_seeds

    totals = {label: added([t["totals"][label] for t in tables]) for label in tables[0]["totals"]}
    return PerUser(users, added([t["weights"] for t in tables]), totals)


def _middle(runs: Sequence[Mapping[str, Any]], key: str) -> float:
    return float(np.median([run[key] for run in runs]))


def _largest(runs: Sequence[Mapping[str, Any]], key: str) -> int | None:
    known = [run[key] for run in runs if run[key] is not None]
    return max(known) if known else None


def plain_table(table: PerUser) -> dict[str, Any]:
    """Lists in place of arrays, for JSON."""
    totals = {label: total.tolist() for label, total in table.totals.items()}
    return {"users": table.users.tolist(), "weights": table.weights.tolist(), "totals": totals}
