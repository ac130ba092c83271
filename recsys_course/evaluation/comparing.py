"""Fit on the training side, judge on the test side: one model, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Literal

import pandas as pd
from tqdm import tqdm

from recsys_course.base import Fitted
from recsys_course.data.split import Split
from recsys_course.evaluation.measuring import choose, judged_part, measure


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
        metrics: of ndcg, recall, precision, f1, map, mrr, hit_rate and coverage (share of all
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
    chosen = choose(model, split, n, metrics)
    test = judged_part(split, users)
    clock = perf_counter()
    model.fit(split.train)
    fitted = perf_counter()
    found = measure(model, test, chosen, cold)
    values = found.values()
    result = {label: values[label] for label in chosen} | found.counts
    return result | {"fit_s": fitted - clock, "recommend_s": perf_counter() - fitted}


def compare(models: Mapping[str, Fitted], split: Split, **how: Any) -> pd.DataFrame:
    """:func:`evaluate` for several models: one row each, in the given order, with progress."""
    bar = tqdm(models.items(), desc="models", leave=False)
    rows = {}
    for name, model in bar:
        bar.set_postfix_str(name)
        rows[name] = evaluate(model, split, **how)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
