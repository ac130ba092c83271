"""Random users and rows on which metrics are held against each other; awkward ones are among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

N_ITEMS, LONGEST = 60, 20
KS = (1, 3, 5, 10, 20)


@dataclass
class Lists:
    """Users with a list and what they took; no two scores of a user tie."""

    ranked: np.ndarray  # (B, 20) codes, -1 for padding: 1 to 20 items are listed
    relevant: sparse.csr_array  # (B, I): none for one user in ten, else 1 to 12 items
    k: np.ndarray  # (B,) of KS

    @property
    def n_relevant(self) -> np.ndarray:
        return np.diff(self.relevant.indptr)

    @property
    def n_listed(self) -> np.ndarray:
        """(B,) items within the first k ranks; fewer than k when the list is short."""
        return np.minimum((self.ranked >= 0).sum(axis=1), self.k)

    @property
    def n_hits(self) -> np.ndarray:
        """(B,) relevant items within the first k ranks."""
        first = (self.ranked >= 0) & (np.arange(LONGEST) < self.k[:, None])
        return (self.relevant.toarray()[np.arange(len(self.k))[:, None], self.ranked] * first).sum(axis=1)


@dataclass
class Rows:
    """Cases of binary labels with scores and probabilities, and of stars: (C, 30) each."""

    labels: np.ndarray  # in some cases of one class only
    scores: np.ndarray  # whole numbers 0..9: many ties
    probabilities: np.ndarray  # hundredths, 0 and 1 included
    stars: np.ndarray
    predicted: np.ndarray


def random_lists(n_users: int, rng: np.random.Generator) -> Lists:
    """Lists that are better than chance, so that hits are frequent."""
    n_relevant = rng.integers(1, 13, n_users) * (rng.random(n_users) >= 0.1)
    place = rng.random((n_users, N_ITEMS)).argsort(axis=1).argsort(axis=1)
    relevant = place < n_relevant[:, None]  # (B, I)
    liking = rng.normal(size=(n_users, N_ITEMS)) + 1.5 * relevant
    ranked = (-liking).argsort(axis=1)[:, :LONGEST]
    length = rng.integers(1, LONGEST + 1, n_users)
    ranked = np.where(np.arange(LONGEST) < length[:, None], ranked, -1)
    return Lists(ranked, sparse.csr_array(relevant.astype(float)), rng.choice(KS, n_users))


def random_rows(n_cases: int, rng: np.random.Generator) -> Rows:
    shape = (n_cases, 30)
    base_rate = rng.choice([0.02, 0.1, 0.5], n_cases)[:, None]
    labels = rng.random(shape) < base_rate
    scores = np.clip(np.round(rng.normal(4, 2, shape) + labels), 0, 9)
    probabilities = np.round(rng.beta(0.7, 1.5, shape), 2)
    stars = rng.integers(1, 6, shape).astype(float)
    return Rows(labels, scores, probabilities, stars, stars + rng.normal(0, 1, shape))
