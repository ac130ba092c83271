"""Two towers and an in-batch softmax: the loss and where it pushes each vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.engine import Case, Slip, check


def by_differences(P: Any, Q: Any, log_q: Any) -> tuple[Any, ...]:
    """The loss row by row, and its slope in every direction by finite differences."""

    def loss(P: Any, Q: Any) -> float:
        rows = []
        for b, p in enumerate(P):
            weight = [np.exp(p @ q - log_q[j]) for j, q in enumerate(Q)]
            rows.append(-np.log(weight[b] / sum(weight)))
        return float(np.mean(rows))

    return loss(P, Q), *slopes(loss, P, Q)


def vectors(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two to four pairs of two or three numbers; chances to be in a batch that differ."""
    shape = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    chance = rng.uniform(0.05, 0.9, size=shape[0]).round(2)
    return rng.normal(size=shape).round(1), rng.normal(size=shape).round(1), np.log(chance)


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros((2, 2)), np.zeros(2)),
            (np.log(2), np.zeros((2, 2)), np.array([[-0.25, 0.25], [0.25, -0.25]])),
            "all scores 0: shares 1/2. Item 0 is pulled by user 0, (1/2 - 1)(1, 0) / 2, pushed by user 1, "
            "1/2 (0, 1) / 2; the users' slopes are sums of item vectors, which are 0",
        ),
        Case(
            (np.zeros((2, 1)), np.array([[1.0], [3.0]]), np.log([0.75, 0.25])),
            ((np.log(4) + np.log(4 / 3)) / 2, np.array([[3 / 4], [-1 / 4]]), np.zeros((2, 1))),
            "weights 1 / 0.75 and 1 / 0.25 are as 1 : 3, so both rows have the shares 1/4, 3/4. User 0: "
            "((1/4 - 1) 1 + 3/4 . 3) / 2 = 3/4; user 1: (1/4 . 1 + (3/4 - 1) 3) / 2 = -1/4",
        ),
        Case(
            (np.array([[1000.0], [0.0]]), np.array([[0.0], [1.0]]), np.zeros(2)),
            ((1000 + np.log(2)) / 2, np.array([[1 / 2], [-1 / 4]]), np.array([[-500.0], [500.0]])),
            "user 0 is sure of item 1: share 1 for it, so items are moved by -1000 / 2 and 1000 / 2; "
            "user 1 has halves. e^1000 overflows",
        ),
        Case(
            (np.array([[1.0], [-1.0]]), np.array([[-1000.0], [-1000.0]]), np.zeros(2)),
            (np.log(2), np.zeros((2, 1)), np.array([[-0.5], [0.5]])),
            "row 0 has -1000 twice, row 1 +1000 twice: halves in both. Each row needs a maximum of its own",
        ),
    ],
    at_random=vectors,
    rng=np.random.default_rng,
    oracle=by_differences,
    slips=[
        Slip(
            "the correction is missing, or went to the rows, where it cancels: take ln q off every column",
            ("P @ Q.T - log_q", "P @ Q.T"),
        ),
        Slip(
            "you added ln q: a frequent item would be punished twice", ("P @ Q.T - log_q", "P @ Q.T + log_q")
        ),
        Slip(
            "the slope of a score is share minus 1 on the diagonal: you left the 1 out",
            ("(share - np.eye(B)) / B", "share / B"),
        ),
        Slip(
            "the slopes have the wrong sign: share minus truth",
            ("(share - np.eye(B)) / B", "(np.eye(B) - share) / B"),
        ),
        Slip(
            "the loss is a mean over B pairs: so is its slope",
            ("(share - np.eye(B)) / B", "(share - np.eye(B))"),
        ),
        Slip(
            "an item collects from all users, down its column: G transposed times P",
            ("G.T @ P", "G @ P"),
        ),
        Slip(
            "an item is not only pulled by its own user: all other rows of the batch push it",
            ("G.T @ P", "np.diag(G)[:, None] * P"),
        ),
        Slip(
            "you took the softmax over the users: each user's row is one distribution over the items",
            ("Z.max(axis=1, keepdims=True)", "Z.max(axis=0, keepdims=True)"),
            ("E.sum(axis=1, keepdims=True)", "E.sum(axis=0, keepdims=True)"),
        ),
        Slip(
            "e^1000 overflows: take off the largest score of each row first",
            ("    Z = Z - Z.max(axis=1, keepdims=True)\n", ""),
        ),
    ],
    then="an item stands in one batch as the partner of a user, in 99 as a rival: add up its pushes",
)
def in_batch_gradient(
    P: np.ndarray, Q: np.ndarray, log_q: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """(B, K) users, (B, K) their items, (B,) ln chance to be in a batch -> loss, slopes by P and by Q."""
    B, Z = len(P), P @ Q.T - log_q  # (B, B)
    Z = Z - Z.max(axis=1, keepdims=True)
    E = np.exp(Z)
    share = E / E.sum(axis=1, keepdims=True)  # (B, B)
    loss = np.mean(np.log(E.sum(axis=1)) - Z.diagonal())
    G = (share - np.eye(B)) / B  # (B, B) slope by each score
    return loss, G @ Q, G.T @ P
