"""Policies whose chances are known: what a target policy has to be, to be judged from a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax


@dataclass(frozen=True)
class TablePolicy:
    """A policy as a table of chances; each position of a slate is drawn on its own.

    Args:
        chances: (U, I) rows of probabilities, each adding up to 1. Dense, so for small worlds.

    Raises:
        ValueError: another shape, negative chances, or rows that do not add up to 1.
    """

    chances: np.ndarray

    def __post_init__(self) -> None:
        if self.chances.ndim != 2:
            raise ValueError(f"chances: shape {self.chances.shape}; expected (U, I)")
        total = self.chances.sum(axis=1)
        if not (self.chances >= 0).all() or not np.allclose(total, 1):
            raise ValueError("chances: expected rows of probabilities that add up to 1")

    @classmethod
    def softmax(cls, scores: Any, temperature: float = 1.0) -> TablePolicy:
        """Chances that grow with the scores (U, I); the lower the temperature, the surer the best."""
        if not temperature > 0:
            raise ValueError(f"temperature: {temperature}; expected more than 0")
        return cls(softmax(np.asarray(scores, dtype=float) / temperature, axis=1))

    def probabilities(self, users: Any) -> np.ndarray:
        """(B,) users -> (B, I) chances; what :meth:`.World.policy_value` asks for."""
        return self.chances[users]

    def chance(self, users: Any, items: Any) -> np.ndarray:
        """Chance of each pair; the arguments broadcast."""
        return self.chances[users, items]

    def blend(self, other: TablePolicy, share: float) -> TablePolicy:
        """This policy for 1 - share of the draws, the other for the rest."""
        if not 0 <= share <= 1:
            raise ValueError(f"share: {share}; expected a number in 0..1")
        return TablePolicy((1 - share) * self.chances + share * other.chances)
