"""From what an item says to where the clicks would have put it: ridge regression on the known items."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.language_models._text_and_ids import some_items


def items_and_reg(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Items as in :func:`some_items`, and a penalty."""
    return (*some_items(rng), float(rng.choice([0.5, 2.0, 10.0])))


@check(
    by_hand=[
        Case(
            (np.array([[1.0], [2.0]]), np.array([[3.0], [np.nan]]), np.array([2.0, 0.0]), 1.0),
            np.array([[2.0]]),
            "one known item with two clicks: (2 * 1 * 3) / (2 * 1 * 1 + 1) = 2; the other has nothing to say",
        ),
        Case(
            (
                np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
                np.array([[2.0, 4.0], [6.0, 0.0], [np.nan, np.nan]]),
                np.array([1.0, 3.0, 0.0]),
                1.0,
            ),
            np.array([[1.0, 2.0], [4.5, 0.0]]),
            "column 0 is met with weight 1: 1/2 of (2, 4); column 1 with weight 3: 3/4 of (6, 0)",
        ),
        Case(
            (np.array([[1.0], [1.0]]), np.array([[0.0], [4.0]]), np.array([1.0, 2.0]), 1.0),
            np.array([[2.0]]),
            "two items say the same: (1 * 0 + 2 * 4) / (1 + 2 + 1) = 2, nearer to the one with more clicks",
        ),
    ],
    at_random=items_and_reg,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "items without clicks took part: their id vector is nan, and nan times 0 is nan; leave them out",
            ("known = counts > 0", "known = counts >= 0"),
        ),
        Slip(
            "items without clicks took part as zeros: they pull the map to 0; leave them out",
            (
                "known = counts > 0",
                "Q, counts, known = np.nan_to_num(Q), np.where(counts > 0, counts, 1.0), counts >= 0",
            ),
        ),
        Slip(
            "every known item counted the same: weigh by the clicks",
            ("c = counts[known][:, None]", "c = np.ones((known.sum(), 1))"),
        ),
        Slip(
            "the clicks weigh the left side alone: the sum of n x x' and the sum of n x q' both have them",
            ("x.T @ (c * Q[known])", "x.T @ Q[known]"),
        ),
        Slip(
            "the weights came in squared: multiply one factor of each product by the clicks",
            ("x.T @ (c * x)", "(c * x).T @ (c * x)"),
            ("x.T @ (c * Q[known])", "(c * x).T @ (c * Q[known])"),
        ),
        Slip(
            "no penalty: with few items the map fits noise",
            ("reg * np.eye(X.shape[1])", "0 * reg * np.eye(X.shape[1])"),
        ),
        Slip(
            "the penalty fell on every cell: it belongs on the diagonal, reg times the identity",
            ("reg * np.eye(X.shape[1])", "reg"),
        ),
    ],
    then="predict the id vectors of the known items as well: how far are they off, and what does that tell?",
)
def project_to_ids(X: np.ndarray, Q: np.ndarray, counts: np.ndarray, reg: float) -> np.ndarray:
    """(I, D) texts, (I, K) id vectors (nan without clicks), (I,) clicks -> (D, K): X @ it is near Q."""
    known = counts > 0  # (I,)
    x = X[known]
    c = counts[known][:, None]
    return np.linalg.solve(x.T @ (c * x) + reg * np.eye(X.shape[1]), x.T @ (c * Q[known]))
