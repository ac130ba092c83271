"""Random cases: small, never square, without ties. "Not rated" is nan."""

from __future__ import annotations

from typing import Any

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


def ratings(rng: np.random.Generator) -> tuple[Any, ...]:
    n = int(rng.integers(3, 9))
    x, y = rng.integers(1, 6, size=(2, n)).astype(float)
    x[rng.random(n) < 0.25] = NAN
    y[rng.random(n) < 0.25] = NAN
    return x, y


def histories(rng: np.random.Generator) -> tuple[Any, ...]:
    codes = [0, 3, 8, 9, 17]  # with gaps: a set of them does not come out sorted
    return ([rng.choice(codes, size=rng.integers(0, 6)).tolist() for _ in range(rng.integers(2, 6))],)


def user_question(rng: np.random.Generator) -> tuple[Any, ...]:
    n_users, n_items = int(rng.integers(3, 7)), int(rng.integers(7, 9))
    R = stars(rng, n_users, n_items)
    R[0, 0] = NAN
    R[0, 1] = 3.0  # the user keeps a rating
    return R, similarities(rng, n_users, -1), 0, 0, int(rng.integers(1, n_users))


def item_question(rng: np.random.Generator) -> tuple[Any, ...]:
    n_items = int(rng.integers(3, 7))
    R = stars(rng, 3, n_items)
    u, i = int(rng.integers(3)), int(rng.integers(n_items))
    R[u, (i + 1) % n_items] = 2.0  # the user keeps a rating beside i's
    return R, similarities(rng, n_items, 0), u, i, int(rng.integers(1, n_items))


def als_question(rng: np.random.Generator) -> tuple[Any, ...]:
    n_items = int(rng.integers(3, 6))
    return stars(rng, 2, n_items), rng.normal(size=(n_items, 2)), int(rng.integers(2)), rng.uniform(0.1, 1)


def clicks(rng: np.random.Generator) -> tuple[Any, ...]:
    before, after, item = (int(n) for n in rng.integers(0, 3, size=3))
    return before, before + after, item
