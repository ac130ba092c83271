"""Half a step of alternating least squares: all users, items fixed."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._arrays import NAN, stars
from recsys_course.checks.engine import Case, Slip, check


def question(rng: np.random.Generator) -> tuple[Any, ...]:
    """Stars of a few users, one of them now and then without any, and two factors an item."""
    n_users = int(rng.integers(2, 4))
    R = stars(rng, n_users, n_users + int(rng.integers(1, 3)))
    if rng.random() < 0.3:
        R[-1] = NAN
    return R, rng.normal(size=(R.shape[1], 2)), float(rng.uniform(0.1, 1))


@check(
    by_hand=[
        Case(
            (np.array([[4.0, NAN]]), np.array([[2.0], [5.0]]), 1.0),
            np.array([[1.6]]),
            "one rating, one factor: (2 2 + 1 1) p = 2 4, so p = 8 / 5",
        ),
        Case(
            (np.array([[3.0, 3.0], [NAN, 2.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), 0.5),
            np.array([[1.5, 1.5], [0.0, 4 / 3]]),
            "user 0 has two ratings, so the penalty is 0.5 2: (1 + 1) p = 3 for each factor; "
            "user 1 has one: (0 + 0.5) p = 0 and (1 + 0.5) p = 2",
        ),
        Case(
            (np.array([[NAN]]), np.array([[1.0, 2.0]]), 1.0),
            np.array([[0.0, 0.0]]),
            "a user without ratings: nothing pulls away from 0",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the penalty is reg times the user's number of ratings: you left the number out",
            ("reg * n", "reg"),
        ),
        Slip(
            "you multiplied the penalty by the number of all items: count the ratings of this user",
            ("reg * n", "reg * len(row)"),
        ),
        Slip(
            "a missing rating became 0 stars: sum over the items the user rated",
            ("rated = ~np.isnan(row)", "row, rated = np.nan_to_num(row), np.full(len(Q), True)"),
        ),
        Slip("the penalty is missing: add reg n to the diagonal", (" + reg * n * np.eye(Q.shape[1])", "")),
        Slip(
            "you added the penalty to every cell: it belongs on the diagonal alone",
            ("reg * n * np.eye(Q.shape[1])", "reg * n"),
        ),
        Slip(
            "without ratings the matrix is all zeros and cannot be solved: answer zeros",
            ("if n > 0:", "if True:"),
        ),
    ],
    then="check that no small change of a row of P makes that user's loss smaller.",
)
def als_half_step(R: np.ndarray, Q: np.ndarray, reg: float) -> np.ndarray:
    """(U, I) stars, (I, K) item factors -> (U, K) best factors of the users; penalty reg times n_u."""
    P = np.zeros((len(R), Q.shape[1]))
    for u, row in enumerate(R):
        rated = ~np.isnan(row)  # (I,)
        A, n = Q[rated], rated.sum()  # (n, K)
        if n > 0:
            P[u] = np.linalg.solve(A.T @ A + reg * n * np.eye(Q.shape[1]), A.T @ row[rated])
    return P
