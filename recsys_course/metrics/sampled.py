r"""Metrics against a sample of items, and what the sample does to them.

To save time, many papers rank the held-out item among m sampled others instead of all. The rank then is a
random draw: with r - 1 of the I - 1 others ahead of it, the number of sampled items ahead is hypergeometric,

.. math::
    \tilde r - 1 \sim \text{Hypergeometric}(I - 1,\; r - 1,\; m),

of mean m (r - 1)/(I - 1). So a good rank is lost in the crowd of ties at 1, metrics that look at the top only
become a blur of all ranks, and two models can change places (Krichene & Rendle 2020, who draw with
replacement: binomial). AUC alone is right on average. What to do: rank among all items.

One held-out item a user, as in leave-one-out; ranks count from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.stats import hypergeom

# Value of a list whose one relevant item is at this rank: function(rank (...), k) -> (...).
RANK_METRICS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "hit_rate": lambda rank, k: (rank <= k).astype(float),
    "precision": lambda rank, k: (rank <= k) / k,
    "mrr": lambda rank, k: (rank <= k) / rank,
    "ndcg": lambda rank, k: (rank <= k) / np.log2(rank + 1),
}


def full_rank(scores: Any, items: Any, excluded: Any = None) -> np.ndarray:
    """Rank of one item a row among all items that compete, from 1; a tie goes to the smaller code.

    Args:
        scores: (B, I) of a batch of users, higher is better.
        items: (B,) code of each row's held-out item.
        excluded: (B, I) sparse, items that do not compete, such as those seen in training.

    Raises:
        ValueError: shapes that do not fit, a NaN score, a code that is no item, a held-out
            item that is excluded.

    Cost: one pass over the scores of the batch.
    """
    scores, items = np.asarray(scores, dtype=float), np.asarray(items)
    if scores.ndim != 2 or items.shape != scores.shape[:1]:
        raise ValueError(f"items: shape {items.shape}; expected one a row of scores, {scores.shape}")
    if np.isnan(scores).any():
        raise ValueError(f"scores: nan in row {np.argwhere(np.isnan(scores))[0][0]}; expected numbers")
    if items.size and not 0 <= items.min() <= items.max() < scores.shape[1]:
        wrong = items[(items < 0) | (items >= scores.shape[1])][0]
        raise ValueError(f"items: code {wrong}; expected 0..{scores.shape[1] - 1}")
    rows = np.arange(len(items))
    own = scores[rows, items]  # (B,)
    ahead = scores > own[:, None]  # (B, I)
    ahead |= (scores == own[:, None]) & (np.arange(scores.shape[1]) < items[:, None])
    if excluded is not None:
        ahead &= ~_barred(excluded, scores.shape, items)
    return 1 + ahead.sum(axis=1)


def sampled_rank(rank: Any, n_candidates: int, n_negatives: int, rng: np.random.Generator) -> np.ndarray:
    """One draw of the rank among n_negatives others, sampled without replacement.

    Args:
        rank: (B,) ranks among all, 1..n_candidates.
        n_candidates: items that compete, the held-out one included.
        n_negatives: m, others in the sample, 1..n_candidates - 1; all of them give the rank back.
        rng: where the draws come from.

    Raises:
        ValueError: a rank or n_negatives out of range.
    """
    rank = _ranks(rank, n_candidates, n_negatives)
    return 1 + rng.hypergeometric(rank - 1, n_candidates - rank, n_negatives)


def expected_when_sampled(metric: str, rank: Any, n_candidates: int, n_negatives: int, k: int) -> np.ndarray:
    """(B,) what a metric shows on average over all samples: exact, nothing is drawn.

    Args:
        metric: a name of ``RANK_METRICS``. k: ranks looked at in the sample.
        rank, n_candidates, n_negatives: as in :func:`sampled_rank`.

    Raises:
        ValueError: an unknown metric, k < 1, a rank or n_negatives out of range.

    Cost: O(B k): ranks below k count nothing.
    """
    if metric not in RANK_METRICS:
        raise ValueError(f"metric: {metric!r}; expected one of {', '.join(RANK_METRICS)}")
    if k < 1:
        raise ValueError(f"k: {k}; expected at least 1")
    rank = _ranks(rank, n_candidates, n_negatives)
    place = np.arange(1, min(k, n_negatives + 1) + 1)  # (k,)
    chance = hypergeom.pmf(place - 1, n_candidates - 1, rank[..., None] - 1, n_negatives)  # (B, k)
    return chance @ RANK_METRICS[metric](place, k)


def _barred(excluded: Any, shape: tuple[int, ...], items: np.ndarray) -> np.ndarray:
    """(B, I) bool of the items that do not compete; the held-out one has to."""
    seen = sparse.csr_array(excluded)
    if seen.shape != shape:
        raise ValueError(f"excluded: shape {seen.shape}; expected {shape}, that of scores")
    barred = np.zeros(shape, dtype=bool)
    barred[np.repeat(np.arange(shape[0]), np.diff(seen.indptr)), seen.indices] = True
    if (own := barred[np.arange(len(items)), items]).any():
        raise ValueError(f"excluded: row {np.flatnonzero(own)[0]} holds its own held-out item")
    return barred


def _ranks(rank: Any, n_candidates: int, n_negatives: int) -> np.ndarray:
    rank = np.asarray(rank)
    if not 1 <= n_negatives < n_candidates:
        raise ValueError(f"n_negatives: {n_negatives}; expected 1..{n_candidates - 1}, fewer than candidates")
    if not (fine := (rank >= 1) & (rank <= n_candidates)).all():
        raise ValueError(f"rank: {rank[~fine].flat[0]}; expected 1..{n_candidates}")
    return rank
