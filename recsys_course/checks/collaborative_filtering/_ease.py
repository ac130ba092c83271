"""A linear model in closed form."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.collaborative_filtering._arrays import counts
from recsys_course.checks.engine import Case, Slip, check


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 1.0], [1.0, 0.0]]), 1.0),
            np.array([[0.0, 1 / 3], [1 / 2, 0.0]]),
            "G = [[3, 1], [1, 2]], P = [[2, -1], [-1, 3]] / 5: "
            "B[0, 1] = (1/5) / (3/5), B[1, 0] = (1/5) / (2/5)",
        ),
        Case(
            (np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), 2.0),
            np.zeros((2, 2)),
            "no user met both items: neither says anything of the other",
        ),
    ],
    at_random=lambda rng: (counts(rng), rng.uniform(0.5, 3)),
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the diagonal is not 0: an item that predicts itself is a perfect and useless answer",
            ("np.fill_diagonal(B, 0.0)", "pass"),
        ),
        Slip(
            "you divided each row by its diagonal cell: divide each column, B[i, j] = -P[i, j] / P[j, j]",
            ("/ np.diag(P)", "/ np.diag(P)[:, None]"),
        ),
        Slip("the sign is turned round: B[i, j] = -P[i, j] / P[j, j]", ("-P /", "P /")),
        Slip(
            "the penalty is missing: add reg to the diagonal of R.T @ R", (" + reg * np.eye(R.shape[1])", "")
        ),
        Slip(
            "you added reg to every cell: it belongs on the diagonal alone",
            ("reg * np.eye(R.shape[1])", "reg"),
        ),
        Slip(
            "you compared users, the rows of R: items are its columns",
            ("R.T @ R + reg * np.eye(R.shape[1])", "R @ R.T + reg * np.eye(R.shape[0])"),
        ),
        Slip("P must be divided by its diagonal, column by column", (" / np.diag(P)", "")),
    ],
    then="rank by R @ B, and look for negative weights: what do they say that a cosine cannot?",
)
def ease(R: np.ndarray, reg: float) -> np.ndarray:
    """(U, I) -> (I, I) weights B of least squared error R - R B, diagonal 0."""
    G = R.T @ R + reg * np.eye(R.shape[1])
    P = np.linalg.inv(G)  # (I, I)
    B = -P / np.diag(P)  # column j over P[j, j]
    np.fill_diagonal(B, 0.0)
    return B
