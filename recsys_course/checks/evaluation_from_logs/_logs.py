"""Random logs: a line holds a reward, the action taken, and its chance under the logging policy."""

from __future__ import annotations

import numpy as np


def policy_log(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(N,) rewards, actions, propensities, and the (N, A) target policy.

    Actions are drawn with the propensities that stand in the log. Some rewards are negative, as of a
    sale sent back. Some rows of the target policy are sure of one action, and some are those of the
    logging policy. N is not A.
    """
    n_actions = int(rng.integers(2, 5))
    n = n_actions + int(rng.integers(1, 5))
    logging = rng.dirichlet(np.ones(n_actions), size=n) * 0.9 + 0.1 / n_actions  # no chance near 0
    actions = np.array([rng.choice(n_actions, p=row) for row in logging])
    policy = rng.dirichlet(np.ones(n_actions), size=n)
    sure = rng.random(n) < 0.3
    policy[sure] = np.eye(n_actions)[rng.integers(n_actions, size=sure.sum())]
    alike = rng.random(n) < 0.2
    policy[alike] = logging[alike]
    rewards = rng.integers(-1, 3, size=n) * 1.0 if rng.random() < 0.5 else rng.normal(1, 1, size=n)
    return rewards, actions, logging[np.arange(n), actions], policy


def chances(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N,) rewards, propensities of the logged actions, and their chances under the target policy."""
    rewards, actions, propensities, policy = policy_log(rng)
    return rewards, propensities, policy[np.arange(len(actions)), actions]
