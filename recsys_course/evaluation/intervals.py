"""How sure is a mean over users? Equal users drawn anew would move it by so much."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from recsys_course.evaluation.measuring import mean_of


class Interval(NamedTuple):
    """A metric and the ends of its confidence interval; NaN where one user is all there is."""

    value: float
    low: float
    high: float


def over_users(label: str, totals: np.ndarray, weights: np.ndarray, level: float = 0.95) -> Interval:
    r"""Student's interval for a metric of B users drawn independently.

    .. math::
        \hat\theta = \frac{\sum_u a_u}{\sum_u b_u}, \qquad
        z_u = \frac{a_u - \hat\theta\, b_u}{\bar b}, \qquad
        \hat\theta \pm t_{B-1}\; \frac{s_z}{\sqrt B}

    With b = 1 (lists) this is the interval of the mean. With b the test events of a user
    (stars) it is that of a ratio of means, which keeps a user's events together: errors of one
    user are alike, so counting them as independent would make the interval too short.
    For rmse the ends are those of the mean squared error, under the root.

    Why not a bootstrap: for means over a hundred users and more both agree, and this one draws no
    random numbers. Metrics are not negative, so neither is the lower end.

    Args:
        label: of the metric. totals: (B,) a. weights: (B,) b, above 0.
        level: chance that the interval of a new draw of users holds the truth, in (0, 1).

    Source: Cochran 1977, *Sampling Techniques*, chapter 6.
    """
    totals, weights = np.asarray(totals, dtype=float), np.asarray(weights, dtype=float)
    value, n = mean_of(label, totals, weights), len(totals)
    if n < 2:
        return Interval(value, float("nan"), float("nan"))
    ratio = totals.sum() / weights.sum()
    z = (totals - ratio * weights) / weights.mean()  # (B,)
    half = stats.t.ppf((1 + level) / 2, n - 1) * z.std(ddof=1) / np.sqrt(n)
    low, high = max(ratio - half, 0.0), ratio + half
    if label == "rmse":
        low, high = np.sqrt(low), np.sqrt(high)
    return Interval(value, float(low), float(high))
