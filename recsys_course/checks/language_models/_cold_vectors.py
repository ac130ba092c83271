"""Text where ids know nothing, ids where they know much, and a share in between."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.language_models._text_and_ids import some_items


def items_and_map(
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Items as in :func:`some_items`, a map, and a half point."""
    X, Q, counts = some_items(rng)
    return X, Q, counts, rng.normal(size=(X.shape[1], Q.shape[1])).round(1), float(rng.choice([1.0, 4.0]))


@check(
    by_hand=[
        Case(
            (
                np.array([[1.0], [1.0], [1.0]]),
                np.array([[0.0], [0.0], [np.nan]]),
                np.array([2.0, 6.0, 0.0]),
                np.array([[4.0]]),
                2.0,
            ),
            np.array([[2.0], [1.0], [4.0]]),
            "the text says 4 of all. 2 clicks against a = 2: half of 4 and half of 0; 6 clicks: a quarter; "
            "no click: the text alone",
        ),
        Case(
            (
                np.array([[1.0, 2.0], [0.0, 1.0]]),
                np.array([[np.nan, np.nan], [8.0, 8.0]]),
                np.array([0.0, 3.0]),
                np.array([[1.0, 0.0], [2.0, 4.0]]),
                1.0,
            ),
            np.array([[5.0, 8.0], [6.5, 7.0]]),
            "item 0: (1 + 4, 8), text alone. Item 1: three quarters of (8, 8) and a quarter of (2, 4)",
        ),
    ],
    at_random=items_and_map,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "nan times 0 is nan: an item without clicks has no id vector; put zeros there first",
            ("np.nan_to_num(Q)", "Q"),
        ),
        Slip(
            "your shares are turned round: the more clicks, the more the id counts",
            (
                "share * np.nan_to_num(Q) + (1 - share) * (X @ W)",
                "(1 - share) * np.nan_to_num(Q) + share * (X @ W)",
            ),
        ),
        Slip(
            "your switch is hard: one click and the text is forgotten; the share rises smoothly, n / (n + a)",
            ("counts / (counts + a)", "(counts > 0).astype(float)"),
        ),
        Slip(
            "text and id are added in full: an item with many clicks is said twice; the shares add up to 1",
            ("(1 - share) * (X @ W)", "X @ W"),
        ),
        Slip(
            "items with clicks lost their text altogether, and those without got a share of it: the text has "
            "a / (n + a) of every item",
            ("(1 - share) * (X @ W)", "(share == 0) * (X @ W)"),
        ),
        Slip(
            "the half point is a: at n = a clicks both have half; yours is at 1",
            ("(counts + a)", "(counts + 1)"),
        ),
        Slip(
            "you took the text vector itself: it lives in another space until the map has brought it over",
            ("X @ W", "X[:, :1] * np.ones(W.shape[1])"),
        ),
    ],
    then="how would you choose a: on the clicks of which items?",
)
def cold_vectors(X: np.ndarray, Q: np.ndarray, counts: np.ndarray, W: np.ndarray, a: float) -> np.ndarray:
    """(I, D) texts, (I, K) id vectors (nan without clicks), (I,) clicks, (D, K) map, half point -> (I, K)."""
    share = (counts / (counts + a))[:, None]  # (I, 1)
    return share * np.nan_to_num(Q) + (1 - share) * (X @ W)
