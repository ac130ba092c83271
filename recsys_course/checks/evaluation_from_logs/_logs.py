"""Random logs, as lists: rewards, propensities, the target's chances."""

from __future__ import annotations

from random import Random


def log(rng: Random, n: int | None = None) -> tuple[list[float], list[float], list[float]]:
    """Two to seven lines; some actions that the target never takes, at least one that it does."""
    n = rng.randrange(2, 8) if n is None else n
    rewards = [float(rng.choice([0, 0, 1, 1, 3])) for _ in range(n)]
    propensities = [rng.choice([0.05, 0.1, 0.25, 0.4, 0.8, 1.0]) for _ in range(n)]
    target = [rng.choice([0.0, 0.1, 0.3, 0.5, 0.9]) for _ in range(n)]
    target[rng.randrange(n)] = 0.7
    return rewards, propensities, target
