"""The softmax loss inside a batch, corrected for how often an item is there."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def batch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, items with repeats among them, uneven counts."""
    size, n_items = int(rng.integers(2, 6)), int(rng.integers(3, 8))
    return (
        rng.normal(0, 2, size=(size, size)),
        rng.integers(n_items, size=size),
        rng.integers(1, 9, size=n_items),
    )


@check(
    by_hand=[
        Case(
            (np.zeros((2, 2)), np.array([0, 1]), np.array([3, 1])),
            (np.log(4) + np.log(4 / 3)) / 2,
            "all scores 0; weights 1/3 and 1 by the counts. Row 0: own item (1/3) of 4/3 in all, loss ln 4; "
            "row 1: 1 of 4/3, loss ln(4/3)",
        ),
        Case(
            (np.array([[0.0, 5, 0], [5, 0, 0], [0, 0, 0]]), np.array([0, 0, 1]), np.array([1, 1])),
            (2 * np.log(2) + np.log(3)) / 3,
            "item 0 stands twice: for its own two rows the other copy is no negative, whatever its score, "
            "and ln 2 remains; row 2 has three columns, ln 3",
        ),
        Case(
            (np.array([[0.0, 1000.0], [0.0, 0.0]]), np.array([0, 1]), np.array([1, 1])),
            (1000 + np.log(2)) / 2,
            "row 0 is sure and wrong: its loss is 1000. Take off the row's maximum, not its own score: "
            "e^1000 overflows",
        ),
        Case(
            (np.array([[1000.0, 0.0], [0.0, 1000.0]]), np.array([0, 1]), np.array([1, 1])),
            0.0,
            "both are sure and right; e^1000 itself is no number of a computer",
        ),
        Case(
            (np.array([[0.0, 0.0], [-1000.0, -1000.0]]), np.array([0, 1]), np.array([1, 1])),
            np.log(2),
            "two equal scores a row, however small: ln 2; e^-1000 is 0, so each row needs its own maximum",
        ),
    ],
    at_random=batch,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the correction is missing, or went to the row, where it cancels: popular items are "
            "punished for standing in many batches",
            (" - np.log(counts[items])", ""),
        ),
        Slip(
            "you added ln q: that punishes popular items twice; it is taken off",
            ("S - np.log(counts[items])", "S + np.log(counts[items])"),
        ),
        Slip(
            "you took off q itself: take its logarithm",
            ("np.log(counts[items])", "counts[items] / counts.sum()"),
        ),
        Slip(
            "you corrected the negatives alone: the positive stands in its row as one of the drawn, too",
            ("np.log(counts[items])", "np.log(counts[items] / counts.sum()) * (1 - np.eye(len(items)))"),
        ),
        Slip(
            "the row's own item, once more in another column, is no negative: leave it out of the sum",
            ("np.where(same, -np.inf, X)", "X"),
        ),
        Slip(
            "you left the row's own column out of the sum as well: the positive belongs into it",
            ("np.exp(X).sum(axis=1)", "np.exp(X).sum(axis=1) - np.exp(np.diag(X))"),
        ),
        Slip(
            "you summed over the users of one item: the softmax of a row runs over the items",
            ("X.max(axis=1, keepdims=True)", "X.max(axis=0)"),
            (".sum(axis=1)", ".sum(axis=0)"),
        ),
        Slip(
            "e^1000 overflows: take the row's maximum off before you take the exponential",
            ("    X = X - X.max(axis=1, keepdims=True)\n", ""),
        ),
        Slip("this is the sum over the batch: the mean", ("np.mean(", "np.sum(")),
    ],
    then="the corrected model is served: does ln q belong into the scores of the index?",
)  # fmt: skip
def logq(S: np.ndarray, items: np.ndarray, counts: np.ndarray) -> float:
    """(B, B) scores of row's user and column's item, (B,) items, (I,) events per item -> mean loss."""
    X = S - np.log(counts[items])  # (B, B); the total number of events would shift all alike
    same = items[:, None] == items
    np.fill_diagonal(same, False)
    X = np.where(same, -np.inf, X)
    X = X - X.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(X).sum(axis=1)) - np.diag(X)))
