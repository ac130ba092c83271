"""Random arrays: small, never square, without ties. "Not rated" is nan."""

from __future__ import annotations

import numpy as np

NAN = np.nan


def counts(rng: np.random.Generator) -> np.ndarray:
    """(U, I) how often each user met each item, never square."""
    n_users = rng.integers(2, 6)
    return rng.integers(0, 3, size=(n_users, n_users + rng.choice([-1, 1]))).astype(float)


def stars(rng: np.random.Generator, n_users: int, n_items: int) -> np.ndarray:
    """(U, I) stars, about a third missing; no user without a rating."""
    R = rng.integers(1, 6, size=(n_users, n_items)).astype(float)
    kept = rng.integers(n_items, size=n_users)
    R[(rng.random(R.shape) < 0.35) & (np.arange(n_items) != kept[:, None])] = NAN
    return R


def similarities(rng: np.random.Generator, n: int, low: float) -> np.ndarray:
    """(n, n) symmetric, ones on the diagonal, no ties."""
    S = np.triu(rng.uniform(low, 1, size=(n, n)), 1)
    return S + S.T + np.eye(n)
