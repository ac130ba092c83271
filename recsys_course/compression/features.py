"""Fewer columns of features: directions that vary most, or columns that tell most about the target."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from recsys_course.measures import numbers


class Principal(NamedTuple):
    """What :func:`pca` found.

    Attributes:
        Z: (N, n) coordinates. axes: (n, F) rows of length 1, at right angles. mean: (F,).
        share: of the variance that is kept, in 0..1.
    """

    Z: np.ndarray
    axes: np.ndarray
    mean: np.ndarray
    share: float

    def transform(self, X: Any) -> np.ndarray:
        """(M, F) other rows -> (M, n)."""
        return (np.asarray(X, dtype=np.float64) - self.mean) @ self.axes.T

    def back(self, Z: Any) -> np.ndarray:
        """(M, n) -> (M, F), the nearest rows that these coordinates can say."""
        return np.asarray(Z) @ self.axes + self.mean


def pca(X: Any, n: int) -> Principal:
    """The n directions in which the rows of X (N, F) vary most, by the SVD of the centred rows.

    Raises:
        ValueError: n outside 1..min(N, F), or numbers that are not finite.

    Source: Hotelling 1933. The sign of an axis is free; here its largest entry is positive.
    """
    X = _checked(X, n, min(np.shape(X), default=0))
    mean = X.mean(axis=0)
    _, s, axes = np.linalg.svd(X - mean, full_matrices=False)  # axes: (min(N, F), F)
    axes = axes[:n]
    axes = axes * np.sign(axes[np.arange(n), np.abs(axes).argmax(axis=1)])[:, None]
    total = float((s**2).sum())
    share = float((s[:n] ** 2).sum()) / total if total > 0 else 1.0
    return Principal((X - mean) @ axes.T, axes, mean, share)


def select(X: Any, y: Any, n: int, seed: int = 0) -> np.ndarray:
    """(n,) columns of X (N, F) that share most information with y (N,) classes, best first.

    Each column is looked at alone: two that say the same are both taken. By ``mutual_info_classif``.

    Raises:
        ValueError: n outside 1..F, another number of targets, or numbers that are not finite.
    """
    from sklearn.feature_selection import mutual_info_classif

    X, y = _checked(X, n), np.asarray(y)
    if y.shape != (len(X),):
        raise ValueError(f"y: shape {y.shape}; expected ({len(X)},), one for each row of X")
    return np.argsort(-mutual_info_classif(X, y, random_state=seed), kind="stable")[:n]


def _checked(X: Any, n: int, most: int | None = None) -> np.ndarray:
    X = np.asarray(numbers(X, "X"), dtype=np.float64)
    most = X.shape[1] if most is None else most
    if n not in range(1, most + 1):
        raise ValueError(f"n: {n}; expected 1..{most} columns for X of {X.shape}")
    return X
