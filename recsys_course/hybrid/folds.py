"""Examples to learn from: each pair's features come from members that were fitted without the pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recsys_course import base
from recsys_course.compiled import chunks
from recsys_course.interactions import Interactions
from recsys_course.progress import progress

# (B,) users -> (B, I, F) features of all pairs, and (B, I) bool: pairs that a list may come to hold
Features = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def folds_of(data: Interactions, n_folds: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(P,) the log's pairs u * I + i, sorted, and (P,) the fold of each, 0..n_folds - 1.

    Folds part pairs, not events: were one play of a pair in the fold and another outside, the pair would
    not be new. Sizes differ by one at most.
    """
    pair = np.unique(data.users.astype(np.int64) * data.n_items + data.items)
    fold = np.arange(len(pair)) % n_folds
    return pair, np.random.default_rng(seed).permutation(fold)


def examples(
    sources: Callable[[Interactions], Features],
    data: Interactions,
    n_folds: int,
    n_negatives: int,
    seed: int,
    out_of_fold: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """(N, F) features and (N,) labels: pairs of the log, and pairs that are not in it.

    Args:
        sources: a log -> features fitted on that log alone.
        data: the log. n_folds: parts, at least 2; a log of fewer pairs has as many folds as pairs.
        n_negatives: drawn for a user per positive, without repeats, among what the user never met.
        seed: of the folds and the draws.
        out_of_fold: False takes the features of all pairs from sources that were fitted on these pairs.

    Returns:
        empty arrays where fewer than two pairs leave nothing to fit on.

    Cost: n_folds fits, and one pass of features over the users of each fold.
    """
    base.check_range("n_folds", n_folds, 2, "folds,")
    base.check_range("n_negatives", n_negatives, 1, "negatives per positive,")
    base.check_range("seed", seed, 0, "a seed of")
    pair, fold = folds_of(data, n_folds, seed)
    if not out_of_fold:
        parts = [(data, pair)]
    elif len(pair) < 2:
        return np.empty((0, 0)), np.empty(0)
    else:
        where = np.searchsorted(pair, data.users.astype(np.int64) * data.n_items + data.items)
        parts = [(data.take(fold[where] != f), pair[fold == f]) for f in range(min(n_folds, len(pair)))]
    found: list[tuple[Any, Any]] = []
    for number, (train, held) in enumerate(progress(parts, "out of fold", len(parts), "fold")):
        found += _of_fold(sources(train), held, pair, data.n_items, n_negatives, [seed, number])
    return np.concatenate([x for x, _ in found]), np.concatenate([y for _, y in found])


def _of_fold(
    features: Features, held: np.ndarray, known: np.ndarray, n_items: int, n_negatives: int, seed: list[int]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The examples of the held pairs, in batches of users."""
    users, items = held // n_items, held % n_items
    everyone = np.unique(users)
    found = []
    for a, b in chunks(len(everyone), max(1, base.CELLS_PER_BATCH // n_items)):
        mine = everyone[a:b]
        X, able = features(mine)  # (B, I, F), (B, I)
        for row, user in enumerate(mine):
            first, last = np.searchsorted(users, [user, user + 1])
            positive = items[first:last]
            positive = positive[able[row, positive]]
            negative = _negatives(user, able[row], known, n_negatives * len(positive), [*seed, int(user)])
            found.append(
                (X[row, np.r_[positive, negative]], np.r_[np.ones(len(positive)), np.zeros(len(negative))])
            )
    return found


def _negatives(user: int, able: np.ndarray, known: np.ndarray, n: int, seed: list[int]) -> np.ndarray:
    """Up to n items that the user never met, of those able to be listed; the same whatever the batch."""
    n_items = len(able)
    first, last = np.searchsorted(known, [user * n_items, (user + 1) * n_items])
    able = able.copy()
    able[known[first:last] - user * n_items] = False
    pool = np.flatnonzero(able)
    return np.random.default_rng(seed).choice(pool, min(n, len(pool)), replace=False)
