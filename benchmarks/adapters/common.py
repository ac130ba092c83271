"""What all adapters share: where they keep the split, the options and the fitted model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

BATCH = 1024  # users whose scores are held at a time


class Adapter:
    """``prepare`` (not timed), ``fit``, then ``recommend`` or ``predict``; see worker.py."""

    model: Any = None

    def __init__(self, task: Any, options: dict[str, Any]) -> None:
        self.task, self.options = task, options

    def prepare(self) -> None:
        raise NotImplementedError

    def fit(self) -> None:
        raise NotImplementedError


def best(
    score: Callable[[np.ndarray], np.ndarray], users: np.ndarray, R: sparse.csr_matrix, n: int
) -> np.ndarray:
    """(B, n) unseen items, best first, for libraries that stop at scores.

    ``score`` maps user codes (b,) to (b, I); ``R`` is the training log, whose entries are left out.
    """
    lists = []
    for start in range(0, len(users), BATCH):
        batch = users[start : start + BATCH]
        scores, seen = np.array(score(batch)), R[batch]
        scores[np.repeat(np.arange(len(batch)), np.diff(seen.indptr)), seen.indices] = -np.inf
        top = np.argpartition(-scores, n, axis=1)[:, :n]
        order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1)
        lists.append(np.take_along_axis(top, order, axis=1))
    return np.concatenate(lists)
