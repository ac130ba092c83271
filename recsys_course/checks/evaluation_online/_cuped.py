"""CUPED: subtract what was known before the test."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def experiment(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N,) metric, covariate and arm of a few users; arms unequal, sometimes nobody has a history."""
    arm = np.r_[0, 0, 1, 1, 1, rng.integers(0, 2, size=rng.integers(0, 4))]
    x = rng.integers(0, 9, size=len(arm)).astype(float)
    if rng.random() < 0.15:
        x[:] = 3.0
    return 0.7 * x + 2 * arm + rng.normal(size=len(arm)), x, rng.permutation(arm)


@check(
    by_hand=[
        Case(
            (
                np.array([0.0, 2.0, 4.0, 5.0, 7.0, 9.0]),
                np.array([0.0, 1.0, 2.0, 1.0, 2.0, 3.0]),
                np.array([0, 0, 0, 1, 1, 1]),
            ),
            (2.0, 3.0),
            "within each arm y rises by 2 per x, so theta = 2; the arms differ by 7 - 2 = 5, of which x, "
            "higher by 1, explains 2",
        ),
        Case(
            (np.array([1.0, 3.0, 6.0, 2.0]), np.array([0.0, 4.0, 4.0, 0.0]), np.array([0, 0, 1, 1])),
            (0.75, 2.0),
            "deviations of x are -2, 2, 2, -2 and of y -1, 1, 2, -2: theta = (2 + 2 + 4 + 4) / 16; "
            "the arms have the same x, so nothing is subtracted",
        ),
        Case(
            (np.array([1.0, 2.0, 4.0]), np.array([5.0, 5.0, 5.0]), np.array([0, 1, 1])),
            (0.0, 2.0),
            "nobody differs before the test: theta is 0 and the plain difference, 3 - 1, stays",
        ),
        Case(
            (np.array([0.0, 1.0, 2.0, 4.0, 5.0, 6.0]), np.full(6, 0.1), np.array([0, 0, 0, 1, 1, 1])),
            (0.0, 4.0),
            "all x are equal, though their mean as computed is not exactly 0.1: theta is 0, and 5 - 1 stays",
        ),
    ],
    at_random=experiment,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "theta comes from deviations from the mean of all users: then the effect itself enters it; "
            "subtract each arm's own mean",
            ("dx[own] -= x[own].mean()", "dx[own] -= x.mean()"),
        ),
        Slip(
            "you regressed x on y: theta = Cov(y, x) / Var(x)",
            ("dx @ y / (dx @ dx)", "dx @ y / (y @ y - len(y) * y.mean() ** 2)"),
        ),
        Slip("you added what x explains: subtract it", ("y - theta * x", "y + theta * x")),
        Slip("you subtracted x itself: only theta times x is explained by it", ("y - theta * x", "y - x")),
        Slip(
            "this is the plain difference: x less the mean of its own arm takes nothing off it; "
            "subtract theta x",
            ("y - theta * x", "y - theta * dx"),
        ),
        Slip(
            "you subtracted the treatment from the control: arm 1 less arm 0",
            (
                "adjusted[arm == 1].mean() - adjusted[arm == 0].mean()",
                "adjusted[arm == 0].mean() - adjusted[arm == 1].mean()",
            ),
        ),
        Slip(
            "theta mixes divisors, N - 1 above and N below, as np.cov over np.var do",
            ("dx @ y / (dx @ dx)", "dx @ y / (dx @ dx) * len(x) / (len(x) - 1)"),
        ),
        Slip(
            "where x never varies theta is 0 / 0: answer 0 and the plain difference",
            (" if varies else 0.0", ""),
        ),
    ],
    then="give x as a metric from during the test, moved by the treatment: what becomes of the effect?",
)
def cuped(y: np.ndarray, x: np.ndarray, arm: np.ndarray) -> tuple[float, float]:
    """(N,) metric, covariate from before, arm (0 or 1) -> theta, adjusted difference of arm 1 and arm 0."""
    dx = x.astype(float)  # a copy
    for own in (arm == 0, arm == 1):
        dx[own] -= x[own].mean()
    varies = any(np.ptp(x[own]) > 0 for own in (arm == 0, arm == 1))  # equal numbers may deviate by 1e-17
    theta = dx @ y / (dx @ dx) if varies else 0.0
    adjusted = y - theta * x  # the mean of x would cancel in the difference
    return theta, adjusted[arm == 1].mean() - adjusted[arm == 0].mean()
