"""Propensities that nobody logged, estimated from the log itself.

Both ways see only the contexts that they are given. What the logging policy knew beyond them stays
in the estimates as bias (confounding), and no amount of data removes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.evaluation.offpolicy.logged import columns


def estimate_propensities(
    actions: Any, n_actions: int, contexts: Any = None, smoothing: float = 1.0
) -> np.ndarray:
    r"""Chance of each logged action, as its smoothed frequency in its context.

    .. math::
        \hat p(a \mid c) = \frac{n_{ca} + \alpha}{n_c + \alpha A}

    Args:
        actions: (N,) codes in 0..A-1. n_actions: A.
        contexts: (N,) codes 0, 1, ... of the contexts (a position, a segment, their combination); one
            context for all if None.
        smoothing: alpha, imaginary showings of every action in every context; 0 or more.

    Returns:
        (C, A) table of chances; ``table[contexts, actions]`` gives those of the log. A context between
        0 and the largest that has no line is uniform, or NaN without smoothing.

    Raises:
        ValueError: lengths differ, an empty log, codes outside their range, negative smoothing.

    Cost: O(N + C A) time and memory.
    """
    actions = codes("actions", actions, n_actions)
    contexts = np.zeros_like(actions) if contexts is None else codes("contexts", contexts)
    columns("(N,)", 1, actions=actions, contexts=contexts)
    if not smoothing >= 0:
        raise ValueError(f"smoothing: {smoothing}; expected 0 or more")
    n_contexts = int(contexts.max()) + 1
    cells = np.bincount(contexts * n_actions + actions, minlength=n_contexts * n_actions)
    table = cells.reshape(n_contexts, n_actions) + smoothing  # (C, A)
    total = table.sum(axis=1, keepdims=True)
    return table / np.where(total > 0, total, np.nan)


def logistic_propensities(features: Any, actions: Any, n_actions: int, reg: float = 1.0) -> np.ndarray:
    """Chance of every action given features: multinomial logistic regression.

    Args:
        features: (N, F) of the contexts, on comparable scales.
        actions: (N,) codes in 0..A-1; at least two different ones. n_actions: A.
        reg: weight of the squared penalty on the coefficients, above 0.

    Returns:
        (N, A) chances; an action that the log never shows has 0.

    Raises:
        ValueError: shapes that do not fit, codes outside 0..A-1, a single action, reg not above 0.

    Cost: O(N F A) time an iteration of the solver, O(N A) memory.
    """
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    actions = codes("actions", actions, n_actions)
    (X,) = columns("(N, F)", 2, features=features)
    if len(X) != len(actions):
        raise ValueError(f"features: {len(X)} rows; expected {len(actions)}, as actions has")
    if not reg > 0:
        raise ValueError(f"reg: {reg}; expected a penalty above 0")
    if len(np.unique(actions)) < 2:
        raise ValueError(f"actions: only {actions[0]}; expected at least two different ones")
    model = LogisticRegression(C=1 / reg, max_iter=1000).fit(X, actions)
    chances = np.zeros((len(X), n_actions))
    chances[:, model.classes_] = model.predict_proba(X)
    return chances


def codes(name: str, given: Any, n: int | None = None) -> np.ndarray:
    """(N,) whole numbers in 0..n-1, or of 0 and more for None.

    Raises:
        ValueError: none at all, another shape, no whole numbers, or one outside the range.
    """
    array = np.asarray(given)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name}: shape {array.shape}; expected (N,) with at least one line")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: {array.dtype}; expected whole numbers")
    if array.min() < 0 or (n is not None and array.max() >= n):
        wanted = "0 or more" if n is None else f"0..{n - 1}"
        raise ValueError(f"{name}: {array.min()}..{array.max()}; expected codes in {wanted}")
    return array.astype(np.int64)
