"""Is the difference between two models more than chance? Paired tests over users.

All take ``a`` and ``b``, (N,) values of one metric for the same users in the same order, and
judge the mean of a - b. The pairing takes out what makes some users easy and others hard.

A user who cannot be judged is NaN; a pair with a NaN on either side is left out. The pairs
must be independent of each other: one value per user, not one per event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from recsys_course.compiled import chunks

CELLS_AT_ONCE = 2**20


@dataclass(frozen=True)
class Paired:
    """Mean of a - b with an interval (NaN where the test gives none), two-sided p, pairs used."""

    difference: float
    low: float
    high: float
    p: float
    n: int


def paired_t(a: Any, b: Any, level: float = 0.95) -> Paired:
    r"""Student's paired test: :math:`t = \bar d / (s_d / \sqrt N)` on N - 1 degrees of freedom.

    Exact for normal differences, and good for others once N is some dozens. Where no pair
    differs p is 1.

    Raises:
        ValueError: shapes differ, fewer than two pairs, an infinite value, level outside 0..1.
    """
    d = _differences(a, b)
    _inside("level", level)
    mean, error, df = float(d.mean()), float(d.std(ddof=1) / np.sqrt(len(d))), len(d) - 1
    half = float(student.ppf((1 + level) / 2, df)) * error
    if error > 0:
        p = 2 * float(student.sf(abs(mean) / error, df))
    else:
        p = 0.0 if mean else 1.0
    return Paired(mean, mean - half, mean + half, p, len(d))


def paired_bootstrap(a: Any, b: Any, n_resamples: int = 10_000, level: float = 0.95, seed: int = 0) -> Paired:
    """Draw the users again with replacement: percentile interval and p of the mean difference.

    p is the share of resampled means, moved to centre on 0, that lie as far out as the mean
    seen; the sample counts as one of them, so p is never 0. The interval is a little narrow
    when N is below some dozens.

    Args:
        n_resamples: how often, at least 1. seed: of the draws.

    Raises:
        ValueError: as :func:`paired_t`, or n_resamples < 1.

    Cost: O(N n_resamples) time in bounded memory.
    Source: Efron & Tibshirani 1993, chapters 13 and 16.
    """
    d = _differences(a, b)
    _inside("level", level)
    rng = np.random.default_rng(seed)
    draws = (d[rng.integers(len(d), size=(m, len(d)))].mean(axis=1) for m in _batches(n_resamples, len(d)))
    means = np.concatenate(list(draws))  # (n_resamples,)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    mean = float(d.mean())
    p = (1 + np.count_nonzero(_as_far(means - mean, mean, float(np.abs(d).mean())))) / (1 + n_resamples)
    return Paired(mean, float(low), float(high), float(p), len(d))


def permutation_test(a: Any, b: Any, n_resamples: int = 10_000, seed: int = 0) -> Paired:
    """Swap the two models for some users: under "no difference" each sign of a - b may be turned.

    All 2^N sign patterns are tried where they are no more than ``n_resamples`` (p is then
    exact), else so many at random, the one seen counted with them. No interval: low and high
    are NaN.

    Raises:
        ValueError: as :func:`paired_t`, or n_resamples < 1.

    Cost: O(N min(2^N, n_resamples)) time in bounded memory.
    Source: Fisher 1935; for rankings Smucker et al. 2007.
    """
    d = _differences(a, b)
    mean, n = float(d.mean()), len(d)
    exact = n < 63 and 2**n <= n_resamples
    rng = np.random.default_rng(seed)
    far, start = 0, 0
    for m in _batches(2**n if exact else n_resamples, n):
        turned = _patterns(start, m, n) if exact else rng.integers(0, 2, size=(m, n))  # (m, N) 0 or 1
        far += int(np.count_nonzero(_as_far((1 - 2 * turned) @ d / n, mean, float(np.abs(d).mean()))))
        start += m
    p = far / 2**n if exact else (1 + far) / (1 + n_resamples)
    return Paired(mean, np.nan, np.nan, float(p), n)


def holm(p: Any) -> np.ndarray:
    """(M,) p-values -> adjusted ones that keep the chance of *any* false alarm at alpha.

    The i-th smallest of M becomes the largest of (M - j + 1) p_j over j <= i, at most 1.

    Raises:
        ValueError: not a row of numbers in 0..1.

    Source: Holm 1979.
    """
    p = _p_values(p)
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def benjamini_hochberg(p: Any) -> np.ndarray:
    """(M,) p-values -> adjusted ones that keep the expected share of false alarms *among the finds*.

    The i-th smallest of M becomes the smallest of M p_j / j over j >= i. Holds for
    independent tests and for many that are positively dependent.

    Raises:
        ValueError: not a row of numbers in 0..1.

    Source: Benjamini & Hochberg 1995.
    """
    p = _p_values(p)
    order = np.argsort(p)[::-1]  # largest first
    steps = np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = steps
    return adjusted


def against_baseline(
    values: Mapping[str, Any], baseline: str, test: Callable[[Any, Any], Paired] = paired_t
) -> pd.DataFrame:
    """Several models against one, per-user values: a row each, p also corrected by :func:`holm`.

    Args:
        values: name -> (N,) values of one metric for the same users; NaN as above.
        baseline: the name that the others are compared with.
        test: (a, b) -> :class:`Paired`, such as :func:`paired_bootstrap`.

    Returns:
        difference (model minus baseline), low, high, p, n and p_holm. The intervals are
        those of the single comparison, not corrected.

    Raises:
        ValueError: the baseline is not among the values, or nothing else is.
    """
    if baseline not in values:
        raise ValueError(f"baseline: {baseline!r}; expected one of {', '.join(values)}")
    rows = {name: vars(test(v, values[baseline])) for name, v in values.items() if name != baseline}
    if not rows:
        raise ValueError("values: only the baseline; expected another model")
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
    return table.assign(p_holm=holm(table["p"]))


def _differences(a: Any, b: Any) -> np.ndarray:
    """(N,) a - b where both are known."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"a, b: shapes {a.shape} and {b.shape}; expected one value each per user")
    if np.isinf(a).any() or np.isinf(b).any():
        raise ValueError("a, b: an infinite value; expected numbers, or NaN for a user not judged")
    d = a - b
    d[np.abs(d) <= 1e-12 * np.maximum(np.abs(a), np.abs(b))] = 0.0  # rounding is no difference
    d = d[~np.isnan(d)]
    if len(d) < 2:
        raise ValueError(f"a, b: {len(d)} pairs without NaN; expected at least 2")
    return d


def _batches(n_resamples: int, n: int) -> Iterator[int]:
    """Sizes of batches whose (m, N) arrays stay small."""
    if n_resamples < 1:
        raise ValueError(f"n_resamples: {n_resamples}; expected at least 1")
    return (stop - start for start, stop in chunks(n_resamples, max(1, CELLS_AT_ONCE // n)))


def _patterns(start: int, m: int, n: int) -> np.ndarray:
    """(m, n) binary digits of start, start + 1, ..."""
    return (np.arange(start, start + m)[:, None] >> np.arange(n)) & 1


def _as_far(means: np.ndarray, seen: float, scale: float) -> np.ndarray:
    """Which lie at least as far from 0? Sums in another order differ in the last digits of ``scale``."""
    return np.abs(means) >= abs(seen) - 1e-12 * scale


def _p_values(p: Any) -> np.ndarray:
    p = np.asarray(p, dtype=float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p: {p}; expected a row of numbers in 0..1")
    return p


def _inside(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name}: {value}; expected a number between 0 and 1")
