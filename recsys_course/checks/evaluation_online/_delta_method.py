"""The standard error of a ratio metric, with users as units."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def users(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(N,) clicks and views of a few users who differ in both; some never looked."""
    views = rng.integers(0, 15, size=rng.integers(3, 8)).astype(float)
    views[0] = 7.0
    return rng.binomial(views.astype(int), rng.random(len(views))).astype(float), views


@check(
    by_hand=[
        Case(
            (np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 3.0])),
            (2 / 3, np.sqrt(7 / 9) / 3 / np.sqrt(3)),
            "R = 6/9; x - R v = -1/3, -2/3, 1, whose variance is (1/9 + 4/9 + 9/9) / 2 = 7/9; "
            "divide its root by 3 views a user and by sqrt(3)",
        ),
        Case(
            (np.array([1.0, 4.0]), np.array([2.0, 8.0])),
            (0.5, 0.0),
            "both users click on half of what they see: the ratio is known for sure",
        ),
        Case(
            (np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4)),
            (0.5, np.sqrt(1 / 3) / 2),
            "one view each: the ratio is a mean, and its error that of a mean, sd / sqrt(4)",
        ),
    ],
    at_random=users,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "your ratio is the mean of the users' ratios: R is all clicks over all views",
            ("clicks.sum() / views.sum()", "(clicks / views).mean()"),
        ),
        Slip(
            "every view is a unit of its own in sqrt(R (1 - R) / views): but views of one user are alike",
            (
                "rest.std(ddof=1) / views.mean() / np.sqrt(len(views))",
                "np.sqrt(ratio * (1 - ratio) / views.sum())",
            ),
        ),
        Slip(
            "you left out that the number of views varies, too: the error is that of x - R v, not of x",
            ("clicks - ratio * views", "clicks"),
        ),
        Slip(
            "clicks and views of a user go together: their covariance is missing in your variance",
            ("rest.std(ddof=1)", "np.sqrt(clicks.var(ddof=1) + ratio**2 * views.var(ddof=1))"),
        ),
        Slip(
            "divide by the mean number of views: this is the error of clicks per user",
            (" / views.mean()", ""),
        ),
        Slip(
            "this is how single users vary: the error of the ratio is smaller by sqrt(N)",
            (" / np.sqrt(len(views))", ""),
        ),
        Slip(
            "a variance goes down with N, a standard error with its root",
            ("np.sqrt(len(views))", "len(views)"),
        ),
        Slip(
            "divide the sum of squares by N - 1: a few users show less spread than all", ("ddof=1", "ddof=0")
        ),
    ],
    then="draw the users again with replacement many times: is the spread of the ratio what you computed?",
)
def delta_method(clicks: np.ndarray, views: np.ndarray) -> tuple[float, float]:
    """(N,), (N,) clicks and views of each user -> clicks per view and its standard error."""
    ratio = clicks.sum() / views.sum()
    rest = clicks - ratio * views  # (N,) more clicks than the user's views explain
    return ratio, rest.std(ddof=1) / views.mean() / np.sqrt(len(views))
