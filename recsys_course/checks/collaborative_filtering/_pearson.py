"""Pearson correlation of two users, over the items that both rated."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.collaborative_filtering._arrays import NAN
from recsys_course.checks.engine import Case, Slip, check


def two_users(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Stars of two users on three to eight items, about a quarter missing."""
    x, y = rng.integers(1, 6, size=(2, rng.integers(3, 9))).astype(float)
    x[rng.random(len(x)) < 0.25] = NAN
    y[rng.random(len(y)) < 0.25] = NAN
    return x, y


@check(
    by_hand=[
        Case(
            (np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])),
            1.0,
            "y is 2 x: the two rise together exactly, whatever their scales",
        ),
        Case(
            (np.array([1.0, 2.0, 3.0, 5.0]), np.array([3.0, 2.0, 1.0, NAN])),
            -1.0,
            "three co-rated items, in exactly opposite order; the fourth has one rating and counts nowhere",
        ),
        Case(
            (np.array([1.0, 2.0, NAN]), np.array([4.0, 4.0, 1.0])),
            0.0,
            "on the co-rated items y never varies: no correlation can be had, answer 0",
        ),
        Case((np.array([5.0, NAN]), np.array([NAN, 5.0])), 0.0, "nothing is co-rated: answer 0"),
    ],
    at_random=two_users,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you divided by the two variances: Pearson divides by the two standard deviations",
            ("np.sqrt((a @ a) * (b @ b))", "(a @ a) * (b @ b) / len(a)"),
        ),
        Slip(
            "your means are over all ratings of a user: take them over the co-rated items",
            ("a - a.mean(), b - b.mean()", "a - np.nanmean(x), b - np.nanmean(y)"),
        ),
        Slip(
            "this is the cosine: subtract each user's mean first",
            ("a, b = a - a.mean(), b - b.mean()", "pass"),
        ),
        Slip(
            "a missing rating became 0 stars, a strong opinion nobody gave: drop the pair",
            (
                "both = ~np.isnan(x) & ~np.isnan(y)",
                "x, y, both = np.nan_to_num(x), np.nan_to_num(y), np.full(len(x), True)",
            ),
        ),
        Slip(
            "a user whose ratings never vary has deviation 0, and 0 / 0 is nan: answer 0",
            (" if below > 0 else 0.0", ""),
        ),
    ],
    then="two co-rated items always give +1, -1 or 0: how would you trust them less?",
)
def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """(I,), (I,) stars with nan -> correlation over the co-rated items, 0 if undefined."""
    both = ~np.isnan(x) & ~np.isnan(y)
    if both.sum() < 2:
        return 0.0
    a, b = x[both], y[both]
    a, b = a - a.mean(), b - b.mean()
    below = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / below) if below > 0 else 0.0
