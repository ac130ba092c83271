"""The outer shape of a log: who has how much, how often, how long between.

Only aggregated curves, so that those of a real log can be kept without its rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.interactions import Interactions
from recsys_course.metrics import gini

QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0]


def marginals(log: Interactions) -> dict[str, Any]:
    """Curves and numbers of a log, ready for JSON.

    Returns:
        events, users, items: those with at least one event. density: share of their pairs met.
        item_lorenz, user_lorenz: 101 points, share of events that the smallest 0, 1, ... 100
        percent have. item_gini, user_gini. activity: quantiles of events per user.
        repeat_share: share of events on a pair met before. gaps: 101 quantiles of seconds
        between successive events of one user (None without a clock). gap_under_hour: share of
        gaps below 3,600 s.

    Raises:
        ValueError: the log is empty.
    """
    if len(log) == 0:
        raise ValueError("log: no events; expected at least one")
    per_item = np.bincount(log.items)
    per_user = np.bincount(log.users)
    per_item, per_user = per_item[per_item > 0], per_user[per_user > 0]
    pairs = log.to_csr().nnz
    gaps = seconds_between(log)
    return {
        "events": len(log),
        "users": len(per_user),
        "items": len(per_item),
        "density": pairs / (len(per_user) * len(per_item)),
        "item_lorenz": lorenz(per_item).tolist(),
        "user_lorenz": lorenz(per_user).tolist(),
        "item_gini": gini(per_item),
        "user_gini": gini(per_user),
        "activity": dict(zip(map(str, QUANTILES), np.quantile(per_user, QUANTILES).tolist(), strict=True)),
        "repeat_share": 1 - pairs / len(log),
        "gaps": np.quantile(gaps, np.linspace(0, 1, 101)).tolist() if len(gaps) else None,
        "gap_under_hour": float((gaps < 3600).mean()) if len(gaps) else None,
    }


def lorenz(counts: np.ndarray) -> np.ndarray:
    """(101,) share of the total that the smallest 0, 1, ..., 100 percent of (N,) counts have."""
    share = np.r_[0.0, np.cumsum(np.sort(counts))] / counts.sum()
    return np.interp(np.linspace(0, len(counts), 101), np.arange(len(counts) + 1), share)


def seconds_between(log: Interactions) -> np.ndarray:
    """(N - U,) seconds between successive events of one user; empty without a clock."""
    if log.times is None:
        return np.empty(0)
    order = np.lexsort((log.times, log.users))
    same = np.diff(log.users[order]) == 0
    return np.diff(log.times[order])[same]
