"""A plain reward model that never predicts a line from itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.evaluation.offpolicy.logged import columns
from recsys_course.evaluation.offpolicy.propensities import codes


def cross_fitted_means(
    actions: Any, rewards: Any, n_actions: int, damping: float = 20.0, n_folds: int = 2, seed: int = 0
) -> np.ndarray:
    r"""Mean reward of every action, learned for each line from the other folds.

    The mean of an action is pulled to the mean of all by ``damping`` imaginary rewards. The context is
    ignored: a model that is wrong on purpose wherever taste matters, which is what (13.5) can correct.

    Args:
        actions: (N,) codes in 0..A-1. rewards: (N,). n_actions: A.
        damping: imaginary rewards at the overall mean, above 0.
        n_folds: parts of the log, 2..N. seed: of the parting.

    Returns:
        (N, A) predicted reward of every action at each line. Row n does not depend on line n.

    Raises:
        ValueError: lengths differ, codes outside 0..A-1, damping not above 0, n_folds outside 2..N.

    Cost: O(N A) time and memory.

    Source: cross-fitting as in Chernozhukov et al. 2018, "Double/debiased machine learning".
    """
    actions = codes("actions", actions, n_actions)
    _, r = columns("(N,)", 1, actions=actions, rewards=rewards)
    if not damping > 0:
        raise ValueError(f"damping: {damping}; expected more than 0")
    if not 2 <= n_folds <= len(r):
        raise ValueError(f"n_folds: {n_folds}; expected 2..{len(r)}, the lines of the log")
    fold = np.random.default_rng(seed).permutation(len(r)) % n_folds  # (N,)
    predicted = np.empty((n_folds, n_actions))
    for f in range(n_folds):
        a, y = actions[fold != f], r[fold != f]
        count = np.bincount(a, minlength=n_actions)
        total = np.bincount(a, weights=y, minlength=n_actions)
        predicted[f] = (total + damping * y.mean()) / (count + damping)
    return predicted[fold]
