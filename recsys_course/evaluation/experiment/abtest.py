r"""The result of an A/B test: difference, interval, p, and the relative lift.

a is the control, b the treatment; differences are b - a. Units are independent: users.

Rates by the z test, with the pooled rate p under the null:

.. math::
    z = (\hat p_b - \hat p_a) / \sqrt{\hat p (1 - \hat p) (1/n_a + 1/n_b)}                \tag{12.3}

The relative lift is a ratio of two estimates; the delta method gives its variance:

.. math::
    \operatorname{Var}\Bigl(\frac{\bar y_b}{\bar y_a}\Bigr) \approx
        \frac{\operatorname{Var}(\bar y_b)}{\bar y_a^2}
        + \frac{\bar y_b^2 \operatorname{Var}(\bar y_a)}{\bar y_a^4}                      \tag{12.4}

A ratio metric such as clicks per view, R = sum x / sum v over the n users of an arm, is
again a ratio of two means, of the same users:

.. math::
    \operatorname{Var}(\hat R) \approx \frac{1}{n \bar v^2} \operatorname{Var}(x - \hat R\, v)   \tag{12.5}

Counting every view as a unit of its own leaves out that views of one user are alike.
Source: Deng, Knoblich & Lu 2018 for (12.4) and (12.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2, norm
from scipy.stats import t as student

from recsys_course.evaluation.experiment.inputs import at_least, between, sample


@dataclass(frozen=True)
class Effect:
    """What a test found.

    Attributes:
        control, treatment: the two estimates.
        difference, low, high: treatment - control, and its interval.
        p: two-sided, of "no difference".
        lift, lift_low, lift_high: difference / control; NaN where the control is not above 0.
    """

    control: float
    treatment: float
    difference: float
    low: float
    high: float
    p: float
    lift: float
    lift_low: float
    lift_high: float


@dataclass(frozen=True)
class Mismatch:
    """Chi-square statistic of the counts of users, and its p."""

    chi2: float
    p: float


def compare_rates(x_a: int, n_a: int, x_b: int, n_b: int, level: float = 0.95) -> Effect:
    """Two rates: x of n users did it. p by (12.3); the interval with each arm's own variance.

    Good where each arm has some ten users with and without; with fewer take Fisher's exact test.

    Raises:
        ValueError: an arm without users, counts below 0 or above n, level not between 0 and 1.
    """
    for arm, x, n in (("a", x_a, n_a), ("b", x_b, n_b)):
        if at_least(f"x_{arm}", x, 0) > at_least(f"n_{arm}", n, 1):
            raise ValueError(f"x_{arm}: {x}; expected at most n_{arm}, which is {n}")
    p_a, p_b, pooled = x_a / n_a, x_b / n_b, (x_a + x_b) / (n_a + n_b)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    p = 2 * norm.sf(abs(p_b - p_a) / error) if error > 0 else 1.0  # nobody did it, or everybody
    variances = p_a * (1 - p_a) / n_a, p_b * (1 - p_b) / n_b
    quantile = norm.ppf((1 + between("level", level)) / 2)
    return _effect((p_a, p_b), variances, float(p), float(quantile))


def compare_means(a: Any, b: Any, level: float = 0.95) -> Effect:
    """Two means by Welch's t test: (N,) values, one a user; the arms may vary differently.

    Raises:
        ValueError: fewer than two users in an arm, NaN, level not between 0 and 1.
    """
    a, b = sample("a", a), sample("b", b)
    # the mean of equal numbers is rounded, and rounding is no effect
    means = tuple(float(x[0]) if np.ptp(x) == 0 else float(x.mean()) for x in (a, b))
    variances = tuple(float(x.var(ddof=1)) / len(x) if np.ptp(x) > 0 else 0.0 for x in (a, b))
    total = sum(variances)
    parts = [v**2 / (len(x) - 1) for v, x in zip(variances, (a, b), strict=True)]
    df = total**2 / sum(parts) if total > 0 else np.inf
    return _tested((means[0], means[1]), (variances[0], variances[1]), df, level)


def compare_ratios(x_a: Any, v_a: Any, x_b: Any, v_b: Any, level: float = 0.95) -> Effect:
    """Two ratios of sums, such as clicks per view, with users as units: (12.5).

    Args:
        x_a, v_a: (N,) numerator and denominator of each user of the control; x_b, v_b likewise.

    Raises:
        ValueError: lengths differ, fewer than two users, NaN, a negative or no denominator.
    """
    ratio_a, variance_a = ratio_with_variance(x_a, v_a, "a")
    ratio_b, variance_b = ratio_with_variance(x_b, v_b, "b")
    return _tested((ratio_a, ratio_b), (variance_a, variance_b), np.inf, level)


def ratio_with_variance(x: Any, v: Any, arm: str = "") -> tuple[float, float]:
    """sum x / sum v and its variance (12.5); errors name the arm."""
    name = f"_{arm}" if arm else ""
    x, v = sample(f"x{name}", x), sample(f"v{name}", v)
    if len(x) != len(v):
        raise ValueError(f"x{name}, v{name}: {len(x)} and {len(v)} users; expected the same users in both")
    if v.min() < 0 or v.sum() == 0:
        raise ValueError(f"v{name}: sum {v.sum():g}, least {v.min():g}; expected 0 or more, not all 0")
    ratio = float(x.sum() / v.sum())
    return ratio, float((x - ratio * v).var(ddof=1) / len(x) / v.mean() ** 2)


def sample_ratio_mismatch(counts: Sequence[int], shares: Sequence[float] | None = None) -> Mismatch:
    r"""Did the arms get the users they were to get?

    .. math::
        \chi^2 = \sum_k (n_k - N w_k)^2 / (N w_k)                                        \tag{12.6}

    on K - 1 degrees of freedom. A tiny p (say below 0.001) means that something decides who is
    counted; the result of the test is then not to be read.

    Args:
        counts: (K,) users per arm. shares: (K,) planned shares w; equal if None.

    Raises:
        ValueError: fewer than two arms, a negative count, no users, shares that do not fit.

    Source: Fabijan et al. 2019.
    """
    n = np.array([at_least("counts", count, 0) for count in counts], dtype=float)
    w = np.full(len(n), 1 / max(len(n), 1)) if shares is None else np.array(shares, dtype=float)
    if len(n) < 2 or n.sum() == 0:
        raise ValueError(f"counts: {list(counts)}; expected two arms or more, and a user")
    if w.shape != n.shape or not (w.min() > 0 and abs(w.sum() - 1) <= 1e-9):
        raise ValueError(f"shares: {w.tolist()}; expected {len(n)} shares above 0 that add up to 1")
    expected = n.sum() * w
    statistic = float(((n - expected) ** 2 / expected).sum())
    return Mismatch(statistic, float(chi2.sf(statistic, len(n) - 1)))


def _tested(
    estimates: tuple[float, float], variances: tuple[float, float], df: float, level: float
) -> Effect:
    """Test and interval of two independent estimates with their variances."""
    error, difference = np.sqrt(sum(variances)), estimates[1] - estimates[0]
    quantile = float(student.ppf((1 + between("level", level)) / 2, df))
    if error > 0:
        p = float(2 * student.sf(abs(difference) / error, df))
    else:
        p = 0.0 if difference else 1.0
    return _effect(estimates, variances, p, quantile)


def _effect(
    estimates: tuple[float, float], variances: tuple[float, float], p: float, quantile: float
) -> Effect:
    (a, b), (var_a, var_b) = estimates, variances
    half = quantile * float(np.sqrt(var_a + var_b))
    lift, lift_half = np.nan, np.nan
    if a > 0:
        lift = b / a - 1
        lift_half = quantile * float(np.sqrt(var_b / a**2 + b**2 * var_a / a**4))  # (12.4)
    return Effect(a, b, b - a, b - a - half, b - a + half, p, lift, lift - lift_half, lift + lift_half)
