"""Lists against the user's own history: is the mix of genres kept, and do popular items gain?

Lists are (B, n) item codes, -1 for padding; the conventions stand in :mod:`recsys_course.metrics`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import xlogy

from recsys_course.metrics.arguments import (
    as_matrix,
    counts_of,
    lists_of,
    mean_over_list,
    over_users,
    pairs_of,
)


def miscalibration(ranked: Any, history: Any, genres: Any, *, alpha: float = 0.01, mean: bool = True) -> Any:
    r"""How far a list's genres are from those of the user's history, in nats; 0 is the same mix.

    .. math::
        KL(p \Vert \tilde q) = \sum_g p_g \log (p_g / \tilde q_g), \quad \tilde q = (1-\alpha) q + \alpha p

    p is the mix of genres in the history, q in the list. Each item spreads one unit over its genres; one
    without a genre says nothing. The smoothing keeps a genre that the list lacks from costing infinity.

    Args:
        ranked: (B, n) lists. history: (B, I) sparse, values 0 or more are weights, 1 for a click.
        genres: (I, G), dense or sparse, 0 or more; rows are scaled to sum 1.
        alpha: share of p in the smoothed mix, between 0 and 1; the measure depends on it.
        mean: False gives (B,) values, NaN where history or list has no genre.

    Raises:
        ValueError: alpha outside (0, 1), a negative or NaN weight, rows that do not match; wrong lists.

    Cost: memory O(B G).
    Source: Steck 2018, whose ranks may carry weights; here all weigh the same.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: {alpha}; expected between 0 and 1")
    spread = _shares(_weights(genres, "genres"))  # (I, G)
    lists = lists_of(ranked, spread.shape[0])
    past = _same_items(pairs_of(history, "history", len(lists)), spread.shape[0])
    p = _shares(_weights(past, "history") @ spread).toarray()  # (B, G)
    q = _shares(as_matrix(lists, spread.shape[0]) @ spread).toarray()
    apart = (xlogy(p, p) - xlogy(p, (1 - alpha) * q + alpha * p)).sum(axis=1)
    known = (p.sum(axis=1) > 0) & (q.sum(axis=1) > 0)
    return over_users(np.where(known, np.maximum(apart, 0.0), np.nan), mean)  # -1e-17 is 0


def popularity_lift(ranked: Any, history: Any, counts: Any) -> float:
    """How much more popular the lists are than what the users chose themselves: 0.5 is half as much again.

    (q - p) / p, where p is the mean over users of the mean count of the items in their history, and q the
    same for their lists. For a group of users, pass its rows. Users without history or list are left out.

    Args:
        ranked: (B, n) lists. history: (B, I) sparse; stored entries count once each.
        counts: (I,) popularity of the items, in users or events.

    Returns:
        the lift, from -1 upwards; NaN when nobody is left or p is 0.

    Raises:
        ValueError: a negative or NaN count, rows that do not match; wrong lists.

    Source: Abdollahpouri et al. 2020.
    """
    popular = counts_of(counts, np.inf)
    lists = lists_of(ranked, len(popular))
    past = _same_items(pairs_of(history, "history", len(lists)), len(popular))
    n_past = np.diff(past.indptr)
    ones = sparse.csr_array((np.ones(past.nnz), past.indices, past.indptr), shape=past.shape)
    chosen = np.where(n_past > 0, ones @ popular, np.nan) / np.maximum(n_past, 1)  # (B,)
    shown = mean_over_list(lists, popular)  # (B,)
    there = ~np.isnan(chosen) & ~np.isnan(shown)
    p, q = (float(values[there].mean()) if there.any() else 0.0 for values in (chosen, shown))
    return (q - p) / p if p > 0 else float("nan")


def _same_items(history: sparse.csr_array, n_items: int) -> sparse.csr_array:
    if history.shape[1] != n_items:
        raise ValueError(f"history: {history.shape[1]} items; expected {n_items}")
    return history


def _weights(matrix: Any, name: str) -> sparse.csr_array:
    weights = sparse.csr_array(matrix).astype(float)
    if not (fine := (weights.data >= 0) & np.isfinite(weights.data)).all():
        raise ValueError(f"{name}: {weights.data[~fine][0]:g}; expected 0 or more")
    return weights


def _shares(weights: sparse.csr_array) -> sparse.csr_array:
    """The rows scaled to sum 1; a row of zeros stays."""
    total = np.asarray(weights.sum(axis=1)).ravel()
    return sparse.csr_array(weights.multiply((1 / np.where(total > 0, total, 1.0))[:, None]))
