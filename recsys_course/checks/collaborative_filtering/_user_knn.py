"""A rating predicted from a user's neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._arrays import NAN, similarities, stars
from recsys_course.checks.engine import Case, Slip, check


def question(rng: np.random.Generator) -> tuple[Any, ...]:
    """User 0 asks for item 0, not rated yet."""
    n_users, n_items = int(rng.integers(3, 7)), int(rng.integers(7, 9))
    R = stars(rng, n_users, n_items)
    R[0, 0] = NAN
    R[0, 1] = 3.0  # the user keeps a rating
    return R, similarities(rng, n_users, -1), 0, 0, int(rng.integers(1, n_users))


@check(
    by_hand=[
        Case(
            (
                np.array([[NAN, 2.0, 4.0], [5.0, 3.0, 4.0], [1.0, 3.0, 2.0]]),
                np.array([[1.0, 0.9, -0.8], [0.9, 1.0, 0.0], [-0.8, 0.0, 1.0]]),
                0,
                0,
                2,
            ),
            4.0,
            "means 3, 4, 2: 3 + (0.9 (5 - 4) - 0.8 (1 - 2)) / (0.9 + 0.8) = 3 + 1.7 / 1.7 = 4",
        ),
        Case(
            (
                np.array([[NAN, 3.0, 3.0], [NAN, 4.0, 4.0], [2.0, 4.0, 3.0]]),
                np.array([[1.0, 0.9, 0.5], [0.9, 1.0, 0.0], [0.5, 0.0, 1.0]]),
                0,
                0,
                1,
            ),
            2.0,
            "user 1 is nearest but has not rated the item; user 2 has: 3 + 0.5 (2 - 3) / 0.5 = 2",
        ),
        Case(
            (np.array([[NAN, 2.0, 5.0], [NAN, 4.0, 1.0]]), np.array([[1.0, 0.5], [0.5, 1.0]]), 0, 0, 1),
            3.5,
            "nobody rated the item: all that is left is the user's own mean, (2 + 5) / 2",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the weights below the line have no absolute value, and no mean is taken off: "
            "negative similarities shrink the sum and predictions leave the scale of stars",
            ("np.abs(S[u, near]).sum()", "S[u, near].sum()"),
            ("means[u] + S[u, near] @ (R[near, i] - means[near])", "S[u, near] @ R[near, i]"),
        ),
        Slip(
            "sum |s| below the line: without the absolute value, negative similarities shrink it",
            ("np.abs(S[u, near]).sum()", "S[u, near].sum()"),
        ),
        Slip(
            "no mean-centring: weigh how far each neighbour is from its own mean, then add the user's mean",
            ("means[u] + S[u, near] @ (R[near, i] - means[near])", "S[u, near] @ R[near, i]"),
        ),
        Slip(
            "you took the target user's mean off the neighbours' ratings: each neighbour has its own",
            ("means[near]", "means[u]"),
        ),
        Slip(
            "you summed the target user's own ratings: sum what the neighbours gave to item i",
            ("R[near, i] - means[near]", "R[u, near] - means[u]"),
        ),
        Slip(
            "you took the k nearest of all users, then dropped those without a rating of i: "
            "take the k nearest among those who rated it",
            (
                "raters[np.argsort(-np.abs(S[u, raters]))[:k]]",
                "np.intersect1d(np.argsort(-np.abs(S[u]))[1 : k + 1], raters)",
            ),
        ),
        Slip(
            "you took the k largest s: take the k largest |s|, since a user who disagrees tells as much",
            ("np.argsort(-np.abs(S[u, raters]))", "np.argsort(-S[u, raters])"),
        ),
        Slip(
            "you took the k least similar users: sort downwards",
            ("np.argsort(-np.abs(S", "np.argsort(np.abs(S"),
        ),
        Slip(
            "a missing rating became 0 stars and pulled the means down: use np.nanmean",
            ("np.nanmean(R, axis=1)", "np.nan_to_num(R).mean(axis=1)"),
        ),
    ],
    then="let k grow on the first case, and say why far neighbours may hurt.",
)
def user_knn(R: np.ndarray, S: np.ndarray, u: int, i: int, k: int) -> float:
    """Stars u would give i, from the k users with the largest |s| who rated i; mean-centred."""
    means = np.nanmean(R, axis=1)  # (U,)
    raters = np.flatnonzero(~np.isnan(R[:, i]))
    near = raters[np.argsort(-np.abs(S[u, raters]))[:k]]
    weight = np.abs(S[u, near]).sum()
    if weight == 0:
        return float(means[u])
    return float(means[u] + S[u, near] @ (R[near, i] - means[near]) / weight)
