"""Scores of different models on one scale, user by user.

A member's scores are a row per user. What it did not score (NaN, -inf) lies at the bottom of the
row, +inf at its top, so that one silent member does not silence a hybrid.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

Normalization = Literal["minmax", "zscore", "rank", "none"]
FLAT = 8  # a spread of so many roundings of the largest score is none


def normalize_scores(scores: Any, how: Normalization = "minmax", over: Any = None) -> np.ndarray:
    r"""(B, I) scores of one member -> (B, I) on a scale that members share, each user for themselves.

    .. math::
        \text{minmax:}\; \frac{s_i - \min s}{\max s - \min s}, \qquad
        \text{zscore:}\; \frac{s_i - \bar s}{\sigma_s}, \qquad
        \text{rank:}\; \frac{n - \mathrm{place}_i}{n - 1}

    :math:`\sigma_s` divides by n, places count from 1, the best; equal scores share the mean of their places.

    Args:
        scores: (B, I), higher is better; NaN and -inf count as the row's lowest finite score, +inf
            as its highest (for "rank": as below and above all others).
        how: "minmax" to 0..1, "zscore" to mean 0 and deviation 1, "rank" to evenly spread places in
            0..1, "none" leaves the scale as it is.
        over: (I,) or (B, I) bool, the items that set the scale (say, those a user has not met); all
            if None. The others go through the same formula: "minmax" may take them outside 0..1.

    Returns:
        float64. A row without spread is all 0 (except with "none"); never NaN.

    Raises:
        ValueError: another ``how``, scores without two dimensions, or ``over`` of another shape.

    Cost: O(B I); "rank" O(B I log I).
    Book: equation (6.1); exercise normalize_scores.
    """
    if how not in get_args(Normalization):
        raise ValueError(f"normalize: {how!r}; expected one of {', '.join(get_args(Normalization))}")
    x, scale = _table(scores)
    mask = _mask(over, x.shape)
    if how == "rank":
        return _by_place(x, mask, scale.rounding)
    filled, counted = _filled(x), mask & np.isfinite(x)
    if how == "none":
        return filled * scale.size
    low, high = _range(filled, counted)
    flat = high - low <= FLAT * scale.rounding
    if how == "minmax":
        middle, spread = low, high - low
    else:
        n = np.maximum(counted.sum(axis=1, keepdims=True), 1)
        middle = np.where(counted, filled, 0.0).sum(axis=1, keepdims=True) / n
        spread = np.sqrt((np.where(counted, filled - middle, 0.0) ** 2).sum(axis=1, keepdims=True) / n)
    return np.where(flat, 0.0, (filled - middle) / np.where(flat, 1.0, spread))


def places(scores: Any, over: Any = None) -> np.ndarray:
    """(B, I) scores -> (B, I) places, 1 for the best; equal scores share the mean of their places.

    Args:
        scores: (B, I); NaN and -inf have no place: inf.
        over: (I,) or (B, I) bool, the items that take places, all if None; another item gets the
            place that it would have among them.

    Raises:
        ValueError: as :func:`normalize_scores`.

    Cost: O(B I log I).
    """
    x, _ = _table(scores)
    listed = x > -np.inf  # not NaN either
    among = _mask(over, x.shape) & listed
    found = np.full(x.shape, np.inf)
    for row, able, taking, mine in zip(x, listed, among, found, strict=True):
        mine[able] = _places(row, taking)[able]
    return found


def within(scores: np.ndarray, depth: int, over: np.ndarray) -> np.ndarray:
    """(B, I) bool: is the item's place among the first ``depth``? As ``places(scores, over) <= depth``.

    Cost: O(B I): the places need not be sorted out.
    """
    x = np.where(np.isnan(scores), -np.inf, scores)
    taking = np.where(over, x, -np.inf)
    kth = x.shape[1] - min(depth, x.shape[1])
    edge = np.partition(taking, kth, axis=1)[:, [kth]] if x.size else np.zeros((len(x), 1))  # (B, 1)
    better = (taking > edge).sum(axis=1, keepdims=True)
    equal = (taking == edge).sum(axis=1, keepdims=True)  # they share the mean of their places
    at_edge = better + (equal + 1 + ~over) / 2 <= depth
    return (x > -np.inf) & ((x > edge) | ((x == edge) & at_edge))


def normalize_parts(parts: np.ndarray, how: Normalization) -> np.ndarray:
    """(J, I) parts whose sum is one user's scores -> (J, I) parts of the normalised scores.

    "minmax" and "zscore" are linear: each part is taken relative to what it is at the lowest item, or
    on average. A rank is not; there the parts share it by :func:`shared`, as they do what fills a gap:
    an item whose sum is NaN or infinite.
    """
    total = parts.sum(axis=0)  # (I,)
    normal, known = normalize_scores(total[None], how)[0], np.isfinite(total)
    out = shared(normal, parts)
    if how == "none":
        out[:, known] = parts[:, known]
    if how in ("none", "rank") or not normal.any():
        return out
    inner, scores = parts[:, known], total[known]
    if how == "minmax":
        out[:, known] = (inner - inner[:, [scores.argmin()]]) / np.ptp(scores)
    else:
        out[:, known] = (inner - inner.mean(axis=1, keepdims=True)) / scores.std()
    return out


def shared(part: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """(I,) divided among (J, I) inner parts in proportion to their sizes.

    In equal shares where all are 0 or one is not finite. A convention, for steps that are no sums (a rank,
    a learner); it adds up, and that is all it claims.
    """
    size = np.where(np.isfinite(inner).all(axis=0), np.abs(inner), 0.0)
    total = size.sum(axis=0)  # (I,)
    share = np.where(total > 0, size / np.where(total > 0, total, 1.0), 1.0 / len(inner))
    return part * share


class _Scale:
    """(B, 1) the size that rows were divided by, and the relative rounding of their numbers."""

    def __init__(self, size: np.ndarray, rounding: float) -> None:
        self.size, self.rounding = size, rounding


def _table(scores: Any) -> tuple[np.ndarray, _Scale]:
    """The scores in -1..1, so that no difference overflows, and what they were divided by."""
    given = np.asarray(scores)
    if given.ndim != 2:
        raise ValueError(f"scores: shape {given.shape}; expected (users, items)")
    rounding = float(np.finfo(given.dtype).eps) if given.dtype.kind == "f" else 2.0**-52
    x = given.astype(np.float64)
    size = np.abs(np.where(np.isfinite(x), x, 0.0)).max(axis=1, initial=0.0, keepdims=True)
    size = np.where(size > 0, size, 1.0)
    return x / size, _Scale(size, rounding)


def _mask(over: Any, shape: tuple[int, ...]) -> np.ndarray:
    if over is None:
        return np.ones(shape, dtype=bool)
    mask = np.asarray(over)
    if mask.dtype != bool or mask.shape not in (shape, shape[1:]):
        raise ValueError(f"over: {mask.dtype} of shape {mask.shape}; expected bool of {shape} or {shape[1:]}")
    return np.broadcast_to(mask, shape)


def _range(x: np.ndarray, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, 1) least and (B, 1) greatest counted value; 0 and 0 where none counts."""
    low = np.where(counted, x, np.inf).min(axis=1, initial=np.inf, keepdims=True)
    high = np.where(counted, x, -np.inf).max(axis=1, initial=-np.inf, keepdims=True)
    some = counted.any(axis=1, keepdims=True)
    return np.where(some, low, 0.0), np.where(some, high, 0.0)


def _filled(x: np.ndarray) -> np.ndarray:
    """NaN and the infinities put at the ends of the row's finite scores."""
    low, high = _range(x, np.isfinite(x))
    return np.clip(np.where(np.isnan(x), -np.inf, x), low, high)


def _by_place(x: np.ndarray, taking: np.ndarray, rounding: float) -> np.ndarray:
    """(B, I) places spread over 0..1, the best 1; what has no score shares the last ones."""
    out = np.zeros(x.shape)
    for row, among, mine in zip(np.where(np.isnan(x), -np.inf, x), taking, out, strict=True):
        n, low = int(among.sum()), row[among].min(initial=np.inf)
        if n > 1 and row[among].max() > low + FLAT * rounding:
            mine[:] = np.clip((n - _places(row, among)) / (n - 1), 0.0, 1.0)
    return out


def _places(row: np.ndarray, taking: np.ndarray) -> np.ndarray:
    """(I,) mean places of all items among those that take one."""
    inside = np.sort(row[taking])
    left, right = np.searchsorted(inside, row, "left"), np.searchsorted(inside, row, "right")
    return len(inside) - right + (right - left + 1 + ~taking) / 2
