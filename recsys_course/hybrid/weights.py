"""The search for weights: all trials in one pass over the validation users."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from recsys_course import base, metrics
from recsys_course.compiled import chunks
from recsys_course.hybrid.scores import normalize_scores
from recsys_course.interactions import Interactions
from recsys_course.progress import progress
from recsys_course.ranking import coordinates, top_n

if TYPE_CHECKING:
    from recsys_course.hybrid.weighted import Weighted

METRICS = ("ndcg", "recall", "precision", "hit_rate", "mrr", "average_precision", "f1")


def search(
    hybrid: Weighted, validation: Interactions, metric: Any, n: int, n_trials: int, seed: int
) -> list[tuple[np.ndarray, float]]:
    """(weights, mean of the metric over validation users) of each trial; see :meth:`.Weighted.tune`."""
    measure = metric_of(metric)
    base.check_range("n", n, 1, "a list length of")
    tried = trials(len(hybrid.names_), n_trials, seed)
    wanted = new_pairs(hybrid.seen_, validation)  # (U, I) sparse
    users = np.flatnonzero(np.diff(wanted.indptr))
    total = np.zeros(len(tried))
    size = max(1, base.CELLS_PER_BATCH // hybrid.n_items_)
    batches = list(chunks(len(users), size))
    for a, b in progress(batches, "Weighted: tuning", unit="batch"):
        mine = users[a:b]
        scores, silent = on_one_scale(hybrid, mine)  # (M, B, I), (M, B, I)
        for t, weights in enumerate(tried):
            mixed = np.tensordot(weights, scores, axes=1)  # (B, I)
            mixed[silent[weights > 0].all(axis=0)] = -np.inf
            lists = top_n(mixed, n, hybrid.seen_[mine])
            total[t] += measure(lists, wanted[mine], k=n, mean=False).sum()
    return list(zip(tried, (total / len(users)).tolist(), strict=True))


def on_one_scale(hybrid: Weighted, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M, B, I) the members' normalised scores, and where a member had none to give."""
    raw = np.stack(hybrid.member_scores(users))
    return np.stack([normalize_scores(row, hybrid.normalize) for row in raw]), ~(raw > -np.inf)


def trials(n_members: int, n_trials: int, seed: int) -> list[np.ndarray]:
    """Weights to try: equal; for two members an even grid; else each alone, then even draws."""
    base.check_range("n_trials", n_trials, 1, "trials,")
    equal = np.full((1, n_members), 1.0 / n_members)
    if n_members == 2:
        first = np.linspace(0, 1, n_trials - 1) if n_trials > 2 else np.arange(2.0)
        others = np.column_stack([first, 1 - first])
    else:
        drawn = np.random.default_rng(seed).dirichlet(np.ones(n_members), size=n_trials)
        others = np.concatenate([np.eye(n_members), drawn])
    return list(np.concatenate([equal, others])[:n_trials])


def metric_of(metric: Any) -> Callable[..., np.ndarray]:
    """The metric by name, or the function given."""
    if callable(metric):
        return metric
    if metric not in METRICS:
        raise ValueError(f"metric: {metric!r}; expected one of {', '.join(METRICS)}, or a function")
    return getattr(metrics, metric)


def new_pairs(seen: sparse.csr_array, validation: Interactions) -> sparse.csr_array:
    """(U, I) pairs of the validation log that are new to their user."""
    if not isinstance(validation, Interactions):
        raise TypeError(f"validation: {type(validation).__name__}; expected Interactions")
    shape = (validation.n_users, validation.n_items)
    if shape != seen.shape:
        raise ValueError(f"validation: {shape} users and items; expected {seen.shape}, those of training")
    users, items = coordinates(seen)
    known = users.astype(np.int64) * shape[1] + items
    pair = np.unique(validation.users.astype(np.int64) * shape[1] + validation.items)
    pair = pair[~np.isin(pair, known)]
    if not len(pair):
        raise ValueError("validation: no pair that is new to its user; expected a log later than training's")
    return sparse.csr_array((np.ones(len(pair)), (pair // shape[1], pair % shape[1])), shape=shape)
