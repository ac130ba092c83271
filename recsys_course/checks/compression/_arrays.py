"""Random weights: small arrays, and none whose rounding hangs on the last digit."""

from __future__ import annotations

import numpy as np


def small(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Normal numbers with two digits, so that a message is easy to read."""
    return rng.normal(size=shape).round(2)


def nearly_half(x: np.ndarray | float) -> bool:
    """Is any of the numbers so near to the middle of two whole ones that float decides?"""
    return bool(np.any(np.abs(np.abs(x - np.floor(x)) - 0.5) < 1e-6))
