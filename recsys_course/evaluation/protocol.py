"""Fit on the training side, judge on the test side: the same way for every model.

- Every item of the id space competes: nothing is sampled.
- What a user met in training is neither recommended nor counted as relevant.
- Users with at least one relevant test item are judged; the others cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse
from tqdm import tqdm

from recsys_course import metrics as formulas
from recsys_course.base import Fitted, RatingPredictor, Recommender
from recsys_course.data.split import Split

_FORMULAS: dict[str, Callable[..., float]] = {
    "ndcg": formulas.ndcg, "recall": formulas.recall, "precision": formulas.precision,
    "map": formulas.average_precision, "mrr": formulas.mrr, "hit_rate": formulas.hit_rate,
}  # fmt: skip
RANKING = ("ndcg", "recall@20", "precision", "map", "mrr", "hit_rate", "coverage")
RATING = ("rmse", "mae")


def evaluate(
    model: Fitted,
    split: Split,
    n: int = 10,
    metrics: Sequence[str] | None = None,
    cold: Literal["model", "popular"] = "popular",
    users: Any = None,
) -> dict[str, float]:
    """Fit on ``split.train`` and measure on ``split.test``.

    Args:
        model: ranks items, predicts stars, or both.
        n: length of the lists, for metrics that do not name their own.
        metrics: of ndcg, recall, precision, map, mrr, hit_rate and coverage (share of all
            items that somebody is recommended), each with "@k" for another length than n;
            rmse and mae in stars. None takes ``RANKING`` from a model that ranks and
            ``RATING`` from one that predicts, if the training side holds different values.
        cold: who serves users without training events; see :meth:`Recommender.recommend`.
        users: codes to judge; None means all.

    Returns:
        the metrics ("ndcg@10"), and n_users judged by ranking metrics, n_cold those of them
        without training events, n_events judged by rating metrics, fit_s and recommend_s
        (lists, predictions and metrics), in seconds; the first call on a machine also compiles.

    Raises:
        ValueError: the test side is empty for these users, a metric is not known, or the
            model cannot do what a metric asks.
    """
    chosen = _choose(model, split, n, metrics)
    test = split.test if users is None else split.test.take(np.isin(split.test.users, users))
    if len(test) == 0:
        whom = "" if users is None else " for these users"
        raise ValueError(f"split.test: no events{whom}; expected at least one to judge by")
    clock = perf_counter()
    model.fit(split.train)
    fitted = perf_counter()
    result: dict[str, float] = {}
    if ranking := {label: k for label, k in chosen.items() if k}:
        result |= _rank(model, test, ranking, cold)
    if any(not k for k in chosen.values()):
        stars = model.predict(test.users, test.items)  # type: ignore[attr-defined]
        errors = {"rmse": formulas.rmse, "mae": formulas.mae}
        result |= {label: errors[label](test.values, stars) for label, k in chosen.items() if not k}
        result["n_events"] = len(test)
    return result | {"fit_s": fitted - clock, "recommend_s": perf_counter() - fitted}


def compare(models: Mapping[str, Fitted], split: Split, **how: Any) -> pd.DataFrame:
    """:func:`evaluate` for several models: one row each, in the given order, with progress."""
    bar = tqdm(models.items(), desc="models", leave=False)
    rows = {}
    for name, model in bar:
        bar.set_postfix_str(name)
        rows[name] = evaluate(model, split, **how)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def _choose(model: Fitted, split: Split, n: int, metrics: Sequence[str] | None) -> dict[str, int]:
    """Labels of the metrics, each with its list length; 0 for those of stars."""
    ranks, rates = isinstance(model, Recommender), isinstance(model, RatingPredictor)
    if metrics is None:
        stars = rates and len(np.unique(split.train.values)) > 1
        metrics = [*(RANKING if ranks else ()), *(RATING if stars or not ranks else ())]
    chosen: dict[str, int] = {}
    for metric in metrics:
        name, _, own = metric.partition("@")
        if name not in (*_FORMULAS, "coverage", *RATING) or (own and (not own.isdigit() or name in RATING)):
            known = ", ".join([*_FORMULAS, "coverage", *RATING])
            raise ValueError(f"metrics: {metric!r}; expected one of {known}, the ranking ones also as name@k")
        if not (rates if name in RATING else ranks):
            raise ValueError(f"metrics: {type(model).__name__} cannot be judged by {metric!r}")
        k = int(own or n)
        if name not in RATING and k < 1:
            raise ValueError(f"n: {k}; expected a list length of at least 1")
        chosen[name if name in RATING else f"{name}@{k}"] = 0 if name in RATING else k
    return chosen


def _rank(model: Any, test: Any, chosen: Mapping[str, int], cold: str) -> dict[str, float]:
    """Ranking metrics over the users with relevant items."""
    relevant = _unseen(test.to_csr(), model.seen_)  # (U, I)
    users = np.flatnonzero(np.diff(relevant.indptr))  # (B,)
    ranked = model.recommend(users, max(chosen.values()), cold=cold)  # (B, n)
    if len(users) == 0:
        raise ValueError("split.test: every pair is in split.train too; expected one that is new")
    relevant = relevant[users]
    result: dict[str, float] = {}
    for label, k in chosen.items():
        name = label.partition("@")[0]
        listed = np.unique(ranked[:, :k])
        share = int(np.count_nonzero(listed >= 0)) / model.n_items_
        result[label] = share if name == "coverage" else _FORMULAS[name](ranked, relevant, k)
    n_cold = int(np.count_nonzero(np.diff(model.seen_.indptr)[users] == 0))
    return result | {"n_users": len(users), "n_cold": n_cold}


def _unseen(test: sparse.csr_array, seen: sparse.csr_array) -> sparse.csr_array:
    """(U, I) ones where a user met an item in the test side and not in the training side."""
    rows = np.repeat(np.arange(test.shape[0]), np.diff(test.indptr))
    old = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr)) * test.shape[1] + seen.indices
    new = ~np.isin(rows * test.shape[1] + test.indices, old)
    return sparse.csr_array((np.ones(new.sum()), (rows[new], test.indices[new])), shape=test.shape)
