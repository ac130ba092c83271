"""A world of chains for the tests of distillation: after each item one of three others is likely."""

from __future__ import annotations

import numpy as np

from recsys_course.interactions import Interactions
from recsys_course.neural import SASRec

N_USERS, N_ITEMS, LENGTH = 150, 24, 10


def transitions(seed: int = 0) -> np.ndarray:
    """(I, I) chance of the next item: 0.6, 0.2 and 0.1 for three, the rest shared out."""
    rng = np.random.default_rng(seed)
    P = np.full((N_ITEMS, N_ITEMS), 0.1 / (N_ITEMS - 3))
    for row in P:
        row[rng.permutation(N_ITEMS)[:3]] = 0.6, 0.2, 0.1
    return P


def histories(P: np.ndarray, users: np.ndarray, seed: int = 1, length: int = LENGTH) -> Interactions:
    """A log of walks along the chain, in the id space of all users."""
    rng = np.random.default_rng(seed)
    walks = np.empty((len(users), length), dtype=np.int64)
    walks[:, 0] = rng.integers(N_ITEMS, size=len(users))
    for t in range(1, length):
        walks[:, t] = [rng.choice(N_ITEMS, p=P[item]) for item in walks[:, t - 1]]
    times = np.tile(np.arange(length), len(users))
    return Interactions(np.repeat(users, length), walks.ravel(), N_USERS, N_ITEMS, times=times)


def small(**settings) -> SASRec:
    """A student for this world."""
    usual = {
        "n_factors": 8,
        "n_layers": 1,
        "max_length": LENGTH,
        "n_epochs": 3,
        "batch_size": 16,
        "learning_rate": 0.01,
        "dropout": 0.1,
    }
    return SASRec(**usual | settings)


def log_loss(model, P: np.ndarray) -> float:
    """Mean over items of the cross-entropy of what truly comes next, after that item alone."""
    scores = model.score_histories([[item] for item in range(N_ITEMS)]).astype(float)
    scores -= scores.max(1, keepdims=True)
    chances = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return float(-(P * np.log(chances)).sum(1).mean())
