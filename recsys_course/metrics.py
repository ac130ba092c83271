"""Metrics: arrays in, a number out. Conventions are stated once, here.

Ranking metrics take ``ranked``, (B, n) item codes best first, padded with -1, and
``relevant``, a (B, I) sparse matrix whose stored entries are the held-out items.

- Users without a relevant item cannot be scored; they are left out of the mean.
- A list shorter than k counts as if filled with misses: precision divides by k.
- Average precision divides by min(k, relevant items), so that a perfect list scores 1.
- nDCG has gain 1 for a relevant item and discount log2(rank + 1).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.stats import rankdata


def hits_at(ranked: Any, relevant: Any, k: int) -> np.ndarray:
    """(B, k) bool: is the item at this rank relevant? Padding is a miss.

    Raises:
        ValueError: k < 1, rows that do not match, a code that is no item of relevant's, or
            an item listed twice (it would count twice).
    """
    ranked = np.asarray(ranked)
    relevant = sparse.csr_array(relevant)
    if k < 1:
        raise ValueError(f"k: {k}; expected at least 1")
    if ranked.ndim != 2 or len(ranked) != relevant.shape[0]:
        raise ValueError(
            f"ranked: shape {ranked.shape}; expected {relevant.shape[0]} rows, as many as relevant has"
        )
    top = np.full((len(ranked), k), -1, dtype=np.int64)
    top[:, : min(k, ranked.shape[1])] = ranked[:, :k]
    n_items = relevant.shape[1]
    _check_lists(top, n_items)
    rows = np.repeat(np.arange(len(ranked)), np.diff(relevant.indptr))
    pairs = np.sort(rows * n_items + relevant.indices)  # (nnz,) one number per relevant pair
    asked = np.arange(len(top))[:, None] * n_items + top
    place = np.minimum(np.searchsorted(pairs, asked), max(len(pairs) - 1, 0))
    return (top >= 0) & (pairs[place] == asked) if len(pairs) else np.zeros(top.shape, dtype=bool)


def _check_lists(top: np.ndarray, n_items: int) -> None:
    if top.size and not -1 <= top.min() <= top.max() < n_items:
        wrong = top[(top < -1) | (top >= n_items)][0]
        raise ValueError(f"ranked: code {wrong}; expected 0..{n_items - 1}, or -1 for padding")
    ordered = np.sort(top, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        row, place = np.argwhere(twice)[0]
        raise ValueError(f"ranked: item {ordered[row, place]} twice in row {row}; expected each item once")


def ranking_metric(per_user: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., Any]:
    """Turn a formula on (hits (B, k), n_relevant (B,)) into metric(ranked, relevant, k)."""

    @functools.wraps(per_user)
    def metric(ranked: Any, relevant: Any, k: int = 10, *, mean: bool = True) -> Any:
        hits = hits_at(ranked, relevant, k)
        n_relevant = np.diff(sparse.csr_array(relevant).indptr)
        values = np.where(n_relevant > 0, per_user(hits, np.maximum(n_relevant, 1)), np.nan)
        if not mean:
            return values
        return float(np.nanmean(values)) if (n_relevant > 0).any() else float("nan")

    metric.__doc__ = (per_user.__doc__ or "") + (
        "\n\n    Args:\n        ranked: (B, n) item codes, best first, padded with -1.\n"
        "        relevant: (B, I) sparse; stored entries are the relevant items.\n"
        "        k: ranks looked at.\n        mean: False gives (B,) values, NaN for users"
        " without relevant items.\n"
    )
    del metric.__wrapped__  # the signature to show is metric's
    return metric


@ranking_metric
def precision(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Share of the k listed items that are relevant: hits / k."""
    return hits.mean(axis=1)


@ranking_metric
def recall(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Share of the relevant items that are listed: hits / relevant."""
    return hits.sum(axis=1) / n_relevant


@ranking_metric
def hit_rate(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """1 if at least one relevant item is listed, else 0."""
    return hits.any(axis=1).astype(float)


@ranking_metric
def mrr(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Reciprocal rank of the first relevant item, 0 if none is listed."""
    return np.where(hits.any(axis=1), 1.0 / (hits.argmax(axis=1) + 1), 0.0)


@ranking_metric
def average_precision(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Mean over relevant items of the precision at their rank; the mean over users is MAP."""
    ranks = np.arange(1, hits.shape[1] + 1)
    at_hit = np.cumsum(hits, axis=1) / ranks * hits
    return at_hit.sum(axis=1) / np.minimum(n_relevant, hits.shape[1])


@ranking_metric
def ndcg(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Discounted gain of the list over that of the best possible list."""
    discount = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))  # (k,)
    best = np.r_[0.0, np.cumsum(discount)]
    return hits @ discount / best[np.minimum(n_relevant, hits.shape[1])]


def auc(labels: Any, scores: Any) -> float:
    """Chance that a random positive scores above a random negative; ties count one half.

    Args:
        labels: (N,) 0 or 1. scores: (N,) numbers.

    Returns:
        AUC in 0..1, NaN when one class is missing. Cost: O(N log N) by ranks.

    Raises:
        ValueError: lengths differ, a label is neither 0 nor 1, or a score is NaN.
    """
    labels, scores = np.asarray(labels, dtype=float), np.asarray(scores, dtype=float)
    _same_length(labels, scores, "labels", "scores")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels: {labels[~np.isin(labels, (0, 1))][0]:g}; expected 0 or 1")
    if np.isnan(scores).any():
        raise ValueError(f"scores: nan in row {np.flatnonzero(np.isnan(scores))[0]}; expected numbers")
    labels = labels == 1
    n_pos, n_neg = labels.sum(), (~labels).sum()
    if n_pos == 0 or n_neg == 0:
        return float("nan")
    rank_sum = rankdata(scores)[labels].sum()
    return float((rank_sum - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def rmse(truth: Any, predicted: Any) -> float:
    """Root of the mean squared error, in stars; NaN for no pairs."""
    errors = _errors(truth, predicted)
    return float(np.sqrt(np.mean(errors**2))) if errors.size else float("nan")


def mae(truth: Any, predicted: Any) -> float:
    """Mean absolute error, in stars; NaN for no pairs."""
    errors = _errors(truth, predicted)
    return float(np.mean(np.abs(errors))) if errors.size else float("nan")


def gini(counts: Any) -> float:
    """Inequality of non-negative counts: 0 all equal, towards 1 when one has everything.

    NaN when there are no counts or they are all 0.
    """
    counts = np.sort(np.asarray(counts, dtype=float))
    if (counts < 0).any():
        raise ValueError(f"counts: {counts[0]:g}; expected 0 or more")
    n, total = len(counts), counts.sum()
    if n == 0 or total == 0:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ counts / (n * total))


def _errors(truth: Any, predicted: Any) -> np.ndarray:
    truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    _same_length(truth, predicted, "truth", "predicted")
    return predicted - truth


def _same_length(a: np.ndarray, b: np.ndarray, a_name: str, b_name: str) -> None:
    if a.shape != b.shape:
        raise ValueError(f"{b_name}: shape {b.shape}; expected {a.shape}, that of {a_name}")
