"""Derivatives by finite differences: what a gradient on paper is compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEP = 1e-5  # small enough for the curvature, large enough for the rounding of float64


def slopes(f: Callable[..., float], *at: Any) -> list[np.ndarray]:
    """The derivative of ``f(*at)`` by each argument, a number or an array, in its shape."""
    found = []
    for n, value in enumerate(at):
        slope = np.empty(np.shape(value))
        for place in np.ndindex(slope.shape):
            nudge = np.zeros(slope.shape)
            nudge[place] = STEP
            up, down = (f(*at[:n], value + side, *at[n + 1 :]) for side in (nudge, -nudge))
            slope[place] = (up - down) / (2 * STEP)
        found.append(slope)
    return found
