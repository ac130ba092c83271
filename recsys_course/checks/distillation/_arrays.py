"""Random logits of a teacher and of its student: few rows, few candidates, two digits."""

from __future__ import annotations

import numpy as np


def small(rng: np.random.Generator, *shape: int, spread: float = 1.0) -> np.ndarray:
    """Normal numbers with two digits, so that a message is easy to read."""
    return rng.normal(scale=spread, size=shape).round(2)


def two_logits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Teacher and student, (N, C) each; N and C differ, so that a wrong axis is seen."""
    N, C = rng.choice([(2, 3), (3, 2), (2, 4), (4, 3)])
    return small(rng, N, C, spread=3), small(rng, N, C, spread=2)


def temperature(rng: np.random.Generator) -> float:
    """A temperature above or below 1, never 1."""
    return float(rng.choice([0.5, 2.0, 4.0]))
