"""Cosine of all pairs of items, shrunk."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.collaborative_filtering._arrays import counts
from recsys_course.checks.engine import Case, Slip, check


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]), 0.0),
            np.array([[0.0, 1 / 2], [1 / 2, 0.0]]),
            "one user met both items, two users met each: 1 / (sqrt(2) sqrt(2)) = 1/2",
        ),
        Case(
            (np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]), 2.0),
            np.array([[0.0, 1 / 4], [1 / 4, 0.0]]),
            "one user met both items, two users met each; the shrinkage 2 goes below: 1 / (2 + 2) = 1/4",
        ),
        Case(
            (np.array([[1.0, 2.0, 0.0], [0.0, 2.0, 0.0]]), 0.0),
            np.array([[0.0, 2 / 8**0.5, 0.0], [2 / 8**0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]),
            "items 0 and 1: 2 / (1 sqrt(8)); nobody met the last item, so its similarity to all others is 0",
        ),
    ],
    at_random=lambda rng: (counts(rng), float(rng.integers(0, 4))),
    rng=np.random.default_rng,
    slips=[
        Slip("the shrinkage is missing: add it to the product of the two norms", (" + shrinkage", "")),
        Slip(
            "you divided by squared norms: the diagonal of R.T @ R holds |r|^2, take its square root",
            ("np.sqrt(np.diag(dots))", "np.diag(dots)"),
        ),
        Slip(
            "an item is its own neighbour here: set the diagonal to 0",
            ("np.fill_diagonal(S, 0.0)", "pass"),
        ),
        Slip(
            "an item nobody met has norm 0, and 0 / 0 is nan: its similarities are 0",
            ("np.where(below > 0, below, 1.0)", "below"),
        ),
        Slip("you compared users, the rows of R: items are its columns", ("R.T @ R", "R @ R.T")),
        Slip(
            "you put the shrinkage on each norm: add it once, to the product of the two",
            ("np.outer(norms, norms) + shrinkage", "np.outer(norms + shrinkage, norms + shrinkage)"),
        ),
    ],
    then="raise the shrinkage from 0 to 50 on MovieLens 100K and see which pairs fall first.",
)
def similarity(R: np.ndarray, shrinkage: float) -> np.ndarray:
    """(U, I) counts -> (I, I) cosine of the columns, shrunk, 0 on the diagonal."""
    dots = R.T @ R  # (I, I)
    norms = np.sqrt(np.diag(dots))  # (I,)
    below = np.outer(norms, norms) + shrinkage
    S = dots / np.where(below > 0, below, 1.0)  # 0 / 1 for an item nobody met
    np.fill_diagonal(S, 0.0)
    return S
