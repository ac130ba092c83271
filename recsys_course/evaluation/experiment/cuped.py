r"""CUPED: subtract what was known of a user before the test began.

With y the metric in the test and x the same metric (or any other) *before* it,

.. math::
    \theta = \frac{\operatorname{Cov}(y, x)}{\operatorname{Var}(x)}, \qquad
    y' = y - \theta (x - \bar x), \qquad
    \operatorname{Var}(y') = (1 - \rho^2) \operatorname{Var}(y)                           \tag{12.7}

x cannot have been changed by the treatment, so E[x] is the same in both arms and the
difference of the y' is still an unbiased estimate for a theta fixed beforehand; with theta from
the same users, as here, its bias is of order 1/N. A covariate from *during* the test would
take away part of the effect itself.
Source: Deng, Xu, Kohavi & Walker 2013.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_course.evaluation.experiment.abtest import Effect, compare_means
from recsys_course.evaluation.experiment.inputs import sample


@dataclass(frozen=True)
class Adjusted:
    """The effect on y', theta, and the share of the variance that was taken out."""

    effect: Effect
    theta: float
    variance_reduction: float


def cuped(y_a: Any, x_a: Any, y_b: Any, x_b: Any, level: float = 0.95) -> Adjusted:
    """Compare two arms after the adjustment (12.7), with one theta for both.

    theta comes from deviations from each arm's own mean, so that an effect on y does not
    enter it. The variance reduction is measured within the arms as well.

    Args:
        y_a, x_a: (N,) metric in the test and covariate from before it, of the control's users;
            y_b, x_b: of the treatment's. A user without a history has a value too, such as 0.

    Raises:
        ValueError: lengths differ, fewer than two users in an arm, NaN, or x never varies.
    """
    arms = [_pair("a", y_a, x_a), _pair("b", y_b, x_b)]
    if all(np.ptp(x) <= 1e-12 * np.abs(x).max() for _, x in arms):
        raise ValueError("x_a, x_b: the same for all users of an arm; expected a covariate that varies")
    y, x = (np.concatenate([arm[part] - arm[part].mean() for arm in arms]) for part in (0, 1))
    theta = slope(y, x)
    centre = np.concatenate([arm[1] for arm in arms]).mean()
    control, treatment = (y - theta * (x - centre) for y, x in arms)
    left = float(((y - theta * x) ** 2).sum() / (y**2).sum()) if y.any() else 1.0
    return Adjusted(compare_means(control, treatment, level), theta, 1 - left)


def adjust(y: Any, x: Any, theta: float | None = None) -> np.ndarray:
    """(N,) y' of (12.7); theta from these data if None.

    Raises:
        ValueError: as :func:`cuped`.
    """
    y, x = _pair("", y, x)
    theta = slope(y, x) if theta is None else theta
    adjusted: np.ndarray = y - theta * (x - x.mean())
    return adjusted


def slope(y: Any, x: Any) -> float:
    """theta = Cov(y, x) / Var(x), the slope of the regression of y on x.

    Raises:
        ValueError: as :func:`cuped`.
    """
    y, x = _pair("", y, x)
    dx = x - x.mean()
    if np.ptp(x) <= 1e-12 * np.abs(x).max():  # deviations of equal numbers can be 1e-17
        raise ValueError("x: the same for all users; expected a covariate that varies")
    return float(dx @ y / (dx @ dx))


def _pair(arm: str, y: Any, x: Any) -> tuple[np.ndarray, np.ndarray]:
    name = f"_{arm}" if arm else ""
    y, x = sample(f"y{name}", y), sample(f"x{name}", x)
    if len(y) != len(x):
        raise ValueError(f"y{name}, x{name}: {len(y)} and {len(x)} users; expected the same users in both")
    return y, x
