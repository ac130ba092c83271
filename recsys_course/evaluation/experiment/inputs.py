"""What experiments refuse, in one place: each check names the argument and what was expected."""

from __future__ import annotations

from typing import Any

import numpy as np


def between(name: str, value: float) -> float:
    """A number strictly between 0 and 1: a level, an alpha, a power."""
    if not 0 < value < 1:
        raise ValueError(f"{name}: {value}; expected a number between 0 and 1, without the ends")
    return float(value)


def rate(name: str, value: float) -> float:
    """A share in 0..1."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: {value}; expected a rate in 0..1")
    return float(value)


def positive(name: str, value: float) -> float:
    """A finite number above 0."""
    if not 0 < value < np.inf:
        raise ValueError(f"{name}: {value}; expected a number above 0")
    return float(value)


def at_least(name: str, value: float, least: int) -> int:
    """A whole number that is large enough."""
    if not (least <= value < np.inf) or value != int(value):
        raise ValueError(f"{name}: {value}; expected a whole number, at least {least}")
    return int(value)


def sample(name: str, values: Any, least: int = 2) -> np.ndarray:
    """(N,) finite numbers, one a unit.

    Raises:
        ValueError: an arm is empty or too small, not a row, or holds NaN or infinity.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"{name}: shape {values.shape}; expected a row, one value per unit")
    if len(values) < least:
        raise ValueError(f"{name}: {len(values)} units; expected at least {least}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: NaN or infinite values; expected a number for every unit")
    return values
