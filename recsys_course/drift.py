"""Has a feature moved since the model learned it? One number to watch, per feature."""

from __future__ import annotations

from typing import Any

import numpy as np


def psi(expected: Any, actual: Any, n_bins: int = 10, floor: float = 1e-4) -> float:
    r"""Population stability index: how far a feature has moved from where the model learned it.

    .. math::
        \mathrm{PSI} = \sum_b (a_b - e_b) \ln \frac{a_b}{e_b}                             \tag{2.8}

    Args:
        expected: (N,) values in training. actual: (M,) values in serving. NaN counts as a bin.
        n_bins: bins, with edges at quantiles of ``expected``; the outer two are open, and a value
            that fills a bin by itself has its own.
        floor: the least share of a bin, so that an empty one does not give infinity.

    Returns:
        0 for equal shares, never negative; it is KL(a, e) + KL(e, a).

    Raises:
        ValueError: no values on a side, n_bins < 2, or a floor outside (0, 1).
    """
    expected, actual = np.asarray(expected, dtype=float), np.asarray(actual, dtype=float)
    if n_bins < 2:
        raise ValueError(f"n_bins: {n_bins}; expected at least 2")
    if not 0 < floor < 1:
        raise ValueError(f"floor: {floor}; expected a share between 0 and 1")
    for name, values in (("expected", expected), ("actual", actual)):
        if values.ndim != 1 or not len(values):
            raise ValueError(f"{name}: shape {values.shape}; expected one dimension and at least one value")
    known = expected[~np.isnan(expected)]
    edges = _edges(known, n_bins)
    e, a = (np.maximum(_shares(values, edges), floor) for values in (expected, actual))
    return float((a - e) @ np.log(a / e))


def _edges(known: np.ndarray, n_bins: int) -> np.ndarray:
    """Quantiles; a value as frequent as a bin is closed in, so that what moves beyond it is seen."""
    if not len(known):
        return np.empty(0)
    heavy, often = np.unique(known, return_counts=True)
    heavy = heavy[often * n_bins >= len(known)]
    cuts = np.quantile(known, np.arange(1, n_bins) / n_bins)
    return np.unique(np.r_[cuts, heavy, np.nextafter(heavy, np.inf)])


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(B + 1,) share of the values in each bin; NaN, which sorts last, has the last bin."""
    bins = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))
    return np.bincount(bins, minlength=len(edges) + 2) / len(values)
