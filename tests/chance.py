"""How far chance alone carries a simulated share from its true value."""

from __future__ import annotations

import math

SIGMAS = 4.0  # a right method is beyond this once in some 16,000 tries


def within(share: float, truth: float, n: int, slack: float = 0.0) -> bool:
    """Is a share of n tries within SIGMAS binomial standard errors (and slack) of the truth?"""
    return abs(share - truth) <= SIGMAS * math.sqrt(truth * (1 - truth) / n) + slack


def at_most(share: float, limit: float, n: int) -> bool:
    """Is a share of n tries not above the limit by more than chance?"""
    return share <= limit + SIGMAS * math.sqrt(limit * (1 - limit) / n)
