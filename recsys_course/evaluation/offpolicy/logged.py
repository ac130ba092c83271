"""What every estimator asks of a log, and the weights that come out of it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from recsys_course.evaluation.offpolicy.results import effective_sample_size

ENOUGH = 30  # effective lines below which a normal interval is not worth its name


class OverlapWarning(UserWarning):
    """A few lines carry the whole estimate: the log hardly shows what the target policy does."""


def columns(shape_of: str, ndim: int, **given: Any) -> list[np.ndarray]:
    """The named columns as float arrays of one shape, finite and not empty.

    Raises:
        ValueError: another number of dimensions than ``ndim``, an empty log, shapes that differ,
            or a value that is not a finite number.
    """
    arrays = {name: np.asarray(column, dtype=float) for name, column in given.items()}
    first, shape = next((name, a.shape) for name, a in arrays.items())
    for name, a in arrays.items():
        if a.ndim != ndim:
            raise ValueError(f"{name}: shape {a.shape}; expected {shape_of}")
        if a.shape != shape:
            raise ValueError(f"{name}: shape {a.shape}; expected {shape}, as {first} has")
        if not a.size:
            raise ValueError(f"{name}: an empty log; expected at least one line")
        if not np.isfinite(a).all():
            raise ValueError(f"{name}: {a[~np.isfinite(a)][0]}; expected finite numbers")
    return list(arrays.values())


def importance_weights(propensities: Any, target: Any) -> np.ndarray:
    r"""Weights :math:`w = \pi(a \mid x) / p(a \mid x)` of the logged actions.

    Args:
        propensities: (N,) chance with which the logging policy took the logged action, in (0, 1].
        target: (N,) chance with which the target policy takes that action, in [0, 1].

    Returns:
        (N,) weights of 0 or more. Their mean estimates 1; far from it, a propensity is wrong or
        the target policy takes actions that the log cannot show.

    Raises:
        ValueError: shapes differ, an empty log, a propensity of 0 or above 1, a target that is no
            probability, or no overlap at all: every weight is 0.

    Warns:
        OverlapWarning: the effective sample size is below ``min(30, N / 10)``.
    """
    p, pi = columns("(N,)", 1, propensities=propensities, target=target)
    weights = ratios(p, pi)
    warn_of_little_overlap(effective_sample_size(weights), len(weights))
    return weights


def ratios(p: np.ndarray, pi: np.ndarray) -> np.ndarray:
    """Checked probabilities -> their ratios, in any shape."""
    if p.min() <= 0 or p.max() > 1:
        bad = p[(p <= 0) | (p > 1)][0]
        raise ValueError(
            f"propensities: {bad}; expected probabilities above 0 and at most 1 "
            "(what was logged cannot have had no chance)"
        )
    if pi.min() < 0 or pi.max() > 1:
        bad = pi[(pi < 0) | (pi > 1)][0]
        raise ValueError(f"target: {bad}; expected probabilities in 0..1")
    if pi.max() == 0:
        raise ValueError(
            "target: 0 on every line; the target policy takes none of the logged actions, "
            "so the log says nothing of it"
        )
    return pi / p


def warn_of_little_overlap(ess: float, n: int) -> None:
    """Say so when a few lines carry the estimate."""
    if n > 1 and ess < max(2, min(ENOUGH, n / 10)):
        warnings.warn(
            f"effective sample size {ess:.1f} of {n} lines: a few lines carry the estimate, and neither "
            "it nor its interval is to be trusted; log a policy closer to the target, or clip and say so",
            OverlapWarning,
            stacklevel=4,
        )
