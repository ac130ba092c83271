"""Beyond accuracy: how much of the catalogue is shown, how alike, how new, how uneven.

None of these looks better the higher it is: random lists win most of them. Read them beside accuracy.
Lists are (B, n) item codes, -1 for padding; the conventions stand in :mod:`recsys_course.metrics`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.metrics.arguments import as_matrix, counts_of, lists_of, mean_over_list, over_users
from recsys_course.metrics.ranking import hits_at


def coverage(ranked: Any, n_items: int) -> float:
    """Share of the n_items of the catalogue that stand in at least one list.

    It says nothing of any single list: many lists of near-duplicates can cover all.

    Raises:
        ValueError: n_items < 1, a code that is no item, an item twice in a list.
    """
    if n_items < 1:
        raise ValueError(f"n_items: {n_items}; expected at least 1")
    lists = lists_of(ranked, n_items)
    return len(np.unique(lists[lists >= 0])) / n_items


def intra_list_diversity(ranked: Any, features: Any, *, mean: bool = True) -> Any:
    r"""One minus the mean cosine between the items of a list, over its m(m-1)/2 pairs.

    .. math::
        1 - \frac{\lVert \sum_i v_i \rVert^2 - \sum_i \lVert v_i \rVert^2}{m (m - 1)}

    where v is an item's feature row divided by its length: squaring the sum adds up all pairs at once. A
    row of zeros resembles nothing, its cosines are 0. With features of 0 or more the value lies in 0..1.

    Args:
        ranked: (B, n) lists. features: (I, F), dense or sparse, one row an item.
        mean: False gives (B,) values, NaN for lists of fewer than two items.

    Raises:
        ValueError: an entry of features is NaN or infinite; wrong lists.

    Cost: O(n F) a user, not O(n^2 F); memory O(B F), for sparse features only what is not 0.
    Source: Ziegler et al. 2005.
    """
    unit = _unit_rows(features)  # (I, F)
    lists = as_matrix(lists_of(ranked, unit.shape[0]), unit.shape[0])
    total = lists @ unit  # (B, F)
    square = np.asarray((total * total).sum(axis=1)).ravel()
    own = lists @ np.asarray((unit * unit).sum(axis=1)).ravel()  # (B,) squared lengths: 1, or 0
    m = np.diff(lists.indptr)
    values = 1 - (square - own) / np.maximum(m * (m - 1), 1)
    return over_users(np.where(m > 1, values, np.nan), mean)


def novelty(ranked: Any, counts: Any, n_users: int, *, mean: bool = True) -> Any:
    """Mean surprise of a list's items, -log2 of the share of users who know them, in bits.

    An item that everybody knows gives 0, one that 1 in 1,024 knows gives 10. An item that nobody
    knows counts as if one user did: it would be infinite otherwise.

    Args:
        ranked: (B, n) lists. counts: (I,) users who met each item in training.
        n_users: users in training.
        mean: False gives (B,) values, NaN for empty lists.

    Raises:
        ValueError: n_users < 1, a count outside 0..n_users; wrong lists.

    Source: Zhou et al. 2010 (self-information). Differs: unknown items count as known to one.
    """
    if n_users < 1:
        raise ValueError(f"n_users: {n_users}; expected at least 1")
    known = counts_of(counts, n_users)
    bits = np.log2(n_users) - np.log2(np.maximum(known, 1))  # (I,)
    return over_users(mean_over_list(ranked, bits), mean)


def serendipity(ranked: Any, relevant: Any, expected: Any, k: int = 10, *, mean: bool = True) -> Any:
    """Share of the k listed items that are relevant and that a primitive model would not have listed.

    Args:
        ranked: (B, n) lists. relevant: (B, I) sparse, the items really taken.
        expected: (B, m) lists of a primitive model, such as the most popular items; all m ranks count.
        k: ranks looked at. mean: False gives (B,) values, NaN for users without relevant items.

    Returns:
        hits outside ``expected`` / k: at most the precision at k.

    Raises:
        ValueError: k < 1, rows that do not match; wrong lists.

    Source: the idea of Ge et al. 2010, useful and not in the list of a primitive recommender.
    """
    wanted = sparse.csr_array(relevant)
    foreseen = lists_of(expected, wanted.shape[1], "expected")
    if len(foreseen) != wanted.shape[0]:
        raise ValueError(
            f"expected: {len(foreseen)} rows; expected {wanted.shape[0]}, as many as relevant has"
        )
    useful = hits_at(ranked, wanted, k) & ~hits_at(ranked, as_matrix(foreseen, wanted.shape[1]), k)
    return over_users(np.where(np.diff(wanted.indptr) > 0, useful.mean(axis=1), np.nan), mean)


def gini(counts: Any) -> float:
    """Inequality of non-negative counts: 0 all equal, towards 1 when one has everything.

    NaN when there are no counts or they are all 0.

    Raises:
        ValueError: a negative or NaN count, more than one dimension.
    """
    counts = np.sort(counts_of(counts, np.inf))
    n, total = len(counts), counts.sum()
    if n == 0 or total == 0:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ counts / (n * total))


def _unit_rows(features: Any) -> Any:
    """(I, F) rows of length 1, sparse if they came so; a row of zeros stays."""
    rows: Any = sparse.csr_array(features) if sparse.issparse(features) else np.asarray(features)
    rows = rows.astype(float)
    entries = rows.data if sparse.issparse(rows) else rows
    if not np.isfinite(entries).all():
        raise ValueError(f"features: {entries[~np.isfinite(entries)][0]}; expected finite numbers")
    norm = np.sqrt(np.asarray((rows * rows).sum(axis=1)).ravel())
    scale = (1 / np.where(norm > 0, norm, 1.0))[:, None]
    return sparse.csr_array(rows.multiply(scale)) if sparse.issparse(rows) else rows * scale
