"""Random items with a text vector each and an id vector where somebody has clicked."""

from __future__ import annotations

import numpy as np


def some_items(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Texts (I, D), id vectors (I, K) that are nan where the count is 0, counts (I,)."""
    n_items, d, k = (int(n) for n in (rng.integers(5, 8), rng.integers(2, 4), rng.integers(1, 3)))
    X, Q = rng.normal(size=(n_items, d)).round(1), rng.normal(size=(n_items, k)).round(1)
    counts = rng.choice([0.0, 1.0, 3.0, 20.0], size=n_items)
    counts[:3] = [0.0, 2.0, 9.0]
    counts = rng.permutation(counts)
    Q[counts == 0] = np.nan
    return X, Q, counts
