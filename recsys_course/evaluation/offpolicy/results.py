"""An estimate with what is needed to distrust it: error, interval, effective sample size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm


@dataclass(frozen=True)
class Estimate:
    """A policy's value as read from a log.

    Attributes:
        value: expected reward of one line of the log (or one slate) under the target policy.
        standard_error: of the value; NaN for a log of one line.
        low, high: the normal confidence interval. It covers chance alone: neither the bias of
            clipping nor that of a wrong reward model or of wrong propensities is in it.
        effective_sample_size: lines of an unweighted log that would be as steady; see
            :func:`effective_sample_size`.
        n: lines (or slates) of the log.
    """

    value: float
    standard_error: float
    low: float
    high: float
    effective_sample_size: float
    n: int

    def covers(self, truth: float) -> bool:
        """Does the interval hold this value?"""
        return self.low <= truth <= self.high


def effective_sample_size(weights: Any) -> float:
    r"""Kish's effective sample size, :math:`(\sum w)^2 / \sum w^2`.

    Args:
        weights: (N,) importance weights of 0 or more.

    Returns:
        between 1 (one line has all the weight) and N (equal weights); 0 if all weights are 0.

    Raises:
        ValueError: no weights, a negative one, or one that is not a number.

    Source: Kish 1965, Survey Sampling.
    """
    w = np.asarray(weights, dtype=float)
    if w.ndim != 1 or not len(w):
        raise ValueError(f"weights: shape {w.shape}; expected (N,) with at least one")
    if not np.isfinite(w).all() or w.min() < 0:
        bad = w[~(np.isfinite(w) & (w >= 0))][0]
        raise ValueError(f"weights: {bad}; expected numbers of 0 or more")
    if w.max() == 0:
        return 0.0
    w = w / w.max()  # squares of huge or tiny weights stay in range
    return float(w.sum() ** 2 / (w @ w))


def estimate(terms: np.ndarray, ess: float, level: float, value: float | None = None) -> Estimate:
    """An estimate whose error is that of a mean.

    Args:
        terms: (N,) whose mean is the value; or, where ``value`` is given, the value's influence
            function at each line, whose spread is then the error (delta method).
        level: of the interval, such as 0.95.
    """
    if not 0 < level < 1:
        raise ValueError(f"level: {level}; expected a number between 0 and 1, such as 0.95")
    centre = float(terms.mean()) if value is None else value
    n = len(terms)
    error = float(terms.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    reach = float(norm.ppf((1 + level) / 2)) * error
    return Estimate(centre, error, centre - reach, centre + reach, ess, n)
