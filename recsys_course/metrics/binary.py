"""Scores and probabilities judged by what happened, 0 or 1: AUC, GAUC, log loss, calibration error."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import xlogy
from scipy.stats import rankdata

from recsys_course.metrics.arguments import judged, probabilities_of, same_length


def auc(labels: Any, scores: Any) -> float:
    """Chance that a random positive scores above a random negative; ties count one half.

    Args:
        labels: (N,) 0 or 1. scores: (N,) numbers.

    Returns:
        AUC in 0..1, NaN when one class is missing. Cost: O(N log N) by ranks.

    Raises:
        ValueError: lengths differ, a label is neither 0 nor 1, or a score is NaN.
    """
    positive, said = judged(labels, scores, "scores")
    return float(_auc(rankdata(said)[positive].sum(), positive.sum(), len(said)))


def gauc(labels: Any, scores: Any, groups: Any) -> float:
    r"""AUC inside each group, averaged with the group's impressions as weight.

    .. math::
        \text{GAUC} = \sum_g n_g \, \text{AUC}_g \Big/ \sum_g n_g

    over the groups that have both classes; n is the number of rows of the group. A group is a user or a
    session: a scorer is not praised for telling busy users from quiet ones, which no list needs.

    Args:
        labels: (N,) 0 or 1, one an impression. scores: (N,) numbers.
        groups: (N,) of any type that can be compared: user codes, names.

    Returns:
        GAUC in 0..1, NaN when no group has both classes. Cost: O(N log N), no loop over groups.

    Raises:
        ValueError: lengths differ, a label is neither 0 nor 1, a score is NaN, a group is missing.

    Source: Zhu et al. 2017, who weigh by impressions or by clicks.
    """
    positive, said = judged(labels, scores, "scores")
    group = _codes(groups, said)  # (N,) 0..G-1
    n = np.bincount(group)  # (G,)
    n_pos = np.bincount(group, positive)
    before = np.cumsum(n) - n  # (G,) rows of earlier groups
    ranks = _ranks_sorted_by(group, said) - before[group]
    each = _auc(np.bincount(group, ranks * positive), n_pos, n)
    counted = ~np.isnan(each)
    return float(np.average(each[counted], weights=n[counted])) if counted.any() else float("nan")


def log_loss(labels: Any, probabilities: Any) -> float:
    """Mean of -log of the probability that was given to what happened, in nats.

    A probability of exactly 0 for what happened costs infinity: nothing is clipped. NaN for no rows.
    Always saying the base rate b costs -b log b - (1 - b) log(1 - b); a useful model costs less.

    Args:
        labels: (N,) 0 or 1. probabilities: (N,) of a 1, in 0..1.

    Raises:
        ValueError: lengths differ, a label is neither 0 nor 1, a probability is NaN or outside 0..1.
    """
    positive, p = judged(labels, probabilities, "probabilities")
    probabilities_of(p)
    given = np.where(positive, p, 1 - p)  # (N,) to what happened
    return float(xlogy(-1.0, given).mean()) if len(given) else float("nan")


def expected_calibration_error(
    labels: Any, probabilities: Any, n_bins: int = 10, *, equal_mass: bool = False
) -> float:
    r"""Mean distance between what was predicted and what happened, bin by bin.

    .. math::
        \text{ECE} = \sum_b \frac{n_b}{N} \, \lvert \bar p_b - \bar y_b \rvert

    with the mean probability and the share of ones among the n rows of bin b. An empty bin has weight 0. It
    grows with the number of bins, on a perfect model too, by the noise of small bins.

    Args:
        labels: (N,) 0 or 1. probabilities: (N,) of a 1, in 0..1.
        n_bins: bins, at least 1.
        equal_mass: False cuts 0..1 into bins of equal width, True at the quantiles of the
            probabilities; see :func:`bins_of`.

    Returns:
        ECE in 0..1; NaN for no rows.

    Raises:
        ValueError: as :func:`log_loss`, or n_bins < 1.

    Source: Naeini et al. 2015 (equal width), Nixon et al. 2019 (equal mass).
    """
    positive, p = judged(labels, probabilities, "probabilities")
    bins = bins_of(p, n_bins, equal_mass=equal_mass)
    gaps = np.bincount(bins, p - positive)  # n_b times the difference of the means
    return float(np.abs(gaps).sum() / len(p)) if len(p) else float("nan")


def bins_of(probabilities: np.ndarray, n_bins: int, *, equal_mass: bool = False) -> np.ndarray:
    """(N,) number of the bin, 0..n_bins-1, that each probability falls into.

    A bin holds its lower edge and not its upper one; the last holds 1. Equal probabilities share a bin, so
    bins of equal mass hold equally many rows only as far as there are no ties.

    Raises:
        ValueError: n_bins < 1, or a probability outside 0..1.
    """
    if n_bins < 1:
        raise ValueError(f"n_bins: {n_bins}; expected at least 1")
    inner = np.arange(1, n_bins) / n_bins  # exact tenths, which linspace does not give
    p = probabilities_of(probabilities)
    edges = np.quantile(p, inner) if equal_mass and len(p) else inner
    return np.searchsorted(edges, p, side="right")


def _auc(rank_sum: Any, n_pos: Any, n: Any) -> Any:
    """AUC from the rank sum of the positives (Mann-Whitney); NaN where one class is missing."""
    pairs = n_pos * (n - n_pos)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, (rank_sum - n_pos * (n_pos + 1) / 2) / np.maximum(pairs, 1), np.nan)


def _codes(groups: Any, scores: np.ndarray) -> np.ndarray:
    import pandas as pd  # hashes any type; not needed by the other metrics

    # a list may mix names and NaN, which an array of strings would turn into the name "nan"
    names = np.asarray(groups, dtype=object if isinstance(groups, list | tuple) else None)
    same_length(scores, names, "scores", "groups")
    codes, _ = pd.factorize(names)
    if (codes < 0).any():
        raise ValueError(f"groups: missing in row {np.flatnonzero(codes < 0)[0]}; expected a group")
    return codes


def _ranks_sorted_by(group: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(N,) mean rank, from 1, of each row when sorted by group and then by score."""
    order = np.lexsort((scores, group))
    g, s = group[order], scores[order]
    new = np.r_[True, (g[1:] != g[:-1]) | (s[1:] != s[:-1])][: len(g)]  # where a run of ties begins
    first = np.flatnonzero(new)
    last = np.r_[first[1:], len(g)]
    ranks = np.empty(len(g))
    ranks[order] = ((first + 1 + last) / 2)[np.cumsum(new) - 1]
    return ranks
