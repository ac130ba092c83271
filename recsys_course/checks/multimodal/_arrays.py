"""Random modalities: small arrays, some rows missing. A missing row is all nan."""

from __future__ import annotations

import numpy as np

NAN = np.nan


def without_rows(X: np.ndarray, rng: np.random.Generator, share: float = 0.3) -> np.ndarray:
    """The (..., D) array with about a share of its rows missing."""
    return np.where(rng.random(X.shape[:-1])[..., None] < share, NAN, X)


def small(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Normal numbers with two digits, so that a message is easy to read."""
    return rng.normal(size=shape).round(2)
