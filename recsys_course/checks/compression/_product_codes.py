"""Product quantisation: a vector is cut into parts, and each part names its nearest centroid."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.compression._arrays import small
from recsys_course.checks.engine import Case, Slip, check


def vectors(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A few vectors of two or three parts, four centroids each, with one far from the rest."""
    n_parts, width = (int(n) for n in rng.permutation([2, 3]))
    codebooks = small(rng, n_parts, 4, width)
    codebooks[:, -1] *= 4
    return small(rng, int(rng.integers(2, 5)), n_parts * width), codebooks


@check(
    by_hand=[
        Case(
            (
                np.array([[1.0, 0.0, 0.0, 9.0], [4.0, 5.0, 1.0, 1.0]]),
                np.array([[[0.0, 0.0], [5.0, 5.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 8.0], [2.0, 2.0]]]),
            ),
            (np.array([[0, 1], [1, 0]]), np.array([[0.0, 0.0, 0.0, 8.0], [5.0, 5.0, 0.0, 0.0]])),
            "(1, 0) is as far from (0, 0) as from (1, 1): the first of the two; (0, 9) is nearest to (0, 8). "
            "(4, 5) to (5, 5); (1, 1) is as far from (0, 0) as from (2, 2)",
        ),
        Case(
            (np.array([[1.0, 1.0]]), np.array([[[1.0], [100.0]], [[0.0], [100.0]]])),
            (np.array([[0, 0]]), np.array([[1.0, 0.0]])),
            "100 has the larger product with 1, and lies far away: the distance decides",
        ),
    ],
    at_random=vectors,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you took the largest inner product: the nearest centroid is the one at the smallest distance",
            ("((parts - codebooks) ** 2).sum(axis=3)", "-(parts * codebooks).sum(axis=3)"),
        ),
        Slip(
            "the distance needs squares: plain differences cancel each other",
            ("((parts - codebooks) ** 2).sum(axis=3)", "(parts - codebooks).sum(axis=3)"),
        ),
        Slip(
            "every part has a codebook of its own: you used the first one for all",
            ("parts - codebooks", "parts - codebooks[:1]"),
            ("codebooks[np.arange(n_parts), codes]", "codebooks[0, codes]"),
        ),
        Slip(
            "a part is a block of neighbouring columns, not every M-th column",
            (
                "X.reshape(len(X), n_parts, 1, width)",
                "X.reshape(len(X), width, n_parts).transpose(0, 2, 1)[:, :, None]",
            ),
        ),
        Slip("you took the farthest centroid", ("argmin(axis=2)", "argmax(axis=2)")),
        Slip(
            "the parts choose apart: you took one centroid for all of them",
            (".argmin(axis=2)", ".sum(axis=1).argmin(axis=1)[:, None] + np.zeros((1, n_parts), dtype=int)"),
        ),
        Slip(
            "you gave the vectors back: what is left of them is their centroids",
            ("approximate.reshape(X.shape)", "X * 1.0"),
        ),
    ],
    then="with 256 centroids a code is one byte: what do 64 float32 take, and what do 8 codes?",
)
def product_codes(X: np.ndarray, codebooks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, K) vectors, (M, C, K/M) centroids -> (N, M) numbers of the nearest, (N, K) the centroids joined."""
    n_parts, _, width = codebooks.shape
    parts = X.reshape(len(X), n_parts, 1, width)
    distance = ((parts - codebooks) ** 2).sum(axis=3)  # (N, M, C)
    codes = distance.argmin(axis=2)
    approximate = codebooks[np.arange(n_parts), codes]  # (N, M, K/M)
    return codes, approximate.reshape(X.shape)
