"""Lists judged by the items that the user really took: precision, recall, F1, nDCG and others.

The conventions stand in :mod:`recsys_course.metrics`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.metrics.arguments import lists_of, over_users, pairs_of


def hits_at(ranked: Any, relevant: Any, k: int) -> np.ndarray:
    """(B, k) bool: is the item at this rank relevant? Padding is a miss.

    Raises:
        ValueError: k < 1, rows that do not match, a code that is no item of relevant's, or
            an item listed twice (it would count twice).

    Cost: O((B k + nnz) log nnz); memory O(B k + nnz).
    """
    return _hits(ranked, relevant, k)[0]


def _hits(ranked: Any, relevant: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The hits (B, k) and the number of relevant items (B,)."""
    ranked, relevant = np.asarray(ranked), sparse.csr_array(relevant)
    if k < 1:
        raise ValueError(f"k: {k}; expected at least 1")
    if ranked.ndim != 2 or len(ranked) != relevant.shape[0]:
        raise ValueError(
            f"ranked: shape {ranked.shape}; expected {relevant.shape[0]} rows, as many as relevant has"
        )
    rows = pairs_of(relevant, "relevant", len(ranked))
    n_items, n_relevant = rows.shape[1], np.diff(rows.indptr)
    top = np.full((len(ranked), k), -1, dtype=np.int64)
    top[:, : min(k, ranked.shape[1])] = lists_of(ranked[:, :k], n_items)
    owner = np.repeat(np.arange(len(ranked)), n_relevant)
    pairs = np.sort(owner * n_items + rows.indices)  # (nnz,) one number per relevant pair
    if not len(pairs):
        return np.zeros(top.shape, dtype=bool), n_relevant
    asked = np.arange(len(top))[:, None] * n_items + top
    place = np.minimum(np.searchsorted(pairs, asked), len(pairs) - 1)
    return (top >= 0) & (pairs[place] == asked), n_relevant


def ranking_metric(per_user: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., Any]:
    """Turn a formula on (hits (B, k), n_relevant (B,)) into metric(ranked, relevant, k).

    The formula stays at hand as ``metric.of_hits``, for whoever asks for several metrics of the same lists.
    """

    @functools.wraps(per_user)
    def metric(ranked: Any, relevant: Any, k: int = 10, *, mean: bool = True) -> Any:
        hits, n_relevant = _hits(ranked, relevant, k)
        values = per_user(hits, np.maximum(n_relevant, 1))
        return over_users(np.where(n_relevant > 0, values, np.nan), mean)

    metric.__doc__ = (per_user.__doc__ or "") + (
        "\n\n    Args:\n        ranked: (B, n) item codes, best first, padded with -1.\n"
        "        relevant: (B, I) sparse; stored entries are the relevant items.\n"
        "        k: ranks looked at.\n        mean: False gives (B,) values, NaN for users"
        " without relevant items.\n"
    )
    del metric.__wrapped__  # the signature to show is metric's
    metric.of_hits = per_user  # type: ignore[attr-defined]
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
def f1(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Harmonic mean of a user's precision P and recall R, 2PR / (P + R): 2 hits / (k + relevant).

    0 where P and R both are. The mean over users is the mean of these values, not the harmonic
    mean of mean precision and mean recall, which is another number.
    """
    return 2 * hits.sum(axis=1) / (hits.shape[1] + n_relevant)


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
