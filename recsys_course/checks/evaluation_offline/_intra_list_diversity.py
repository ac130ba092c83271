"""How unlike each other are the items of one list?"""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check

NAN = np.nan


def list_and_vectors(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Up to five of seven items, padded with -1 at times; now and then an item without a vector."""
    V = rng.integers(-2, 4, size=(7, 3)).astype(float)
    V[rng.random(7) < 0.15] = 0.0
    ranked = rng.permutation(7)[: rng.integers(1, 6)]
    return np.r_[ranked, np.full(rng.integers(0, 3), -1)], V


@check(
    by_hand=[
        Case(
            (np.array([0, 1, 2]), np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])),
            2 / 3,
            "the pairs: 0 and 1 point the same way (distance 0), 2 stands at right angles to both (1 and 1)",
        ),
        Case(
            (np.array([1, 0]), np.array([[0.3, 0.4], [4.0, 3.0]])),
            1 / 25,
            "one pair: cosine 2.4 / (0.5 x 5), distance 1 / 25",
        ),
        Case(
            (np.array([0, 2, -1, -1]), np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])),
            2.0,
            "-1 is an empty place; the one pair points in opposite directions: 1 - (-1)",
        ),
        Case(
            (np.array([0, 1]), np.array([[1.0, 2.0], [0.0, 0.0]])),
            1.0,
            "an item without a vector resembles nothing: cosine 0, distance 1",
        ),
        Case((np.array([1, -1]), np.array([[1.0], [1.0]])), NAN, "one item has no pair"),
    ],
    at_random=list_and_vectors,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "each item is compared with itself: leave the diagonal out, in the sum and in the divisor",
            ("(n * n - S.sum()) / (n * (n - 1))", "(n * n - S.sum()) / (n * n)"),
        ),
        Slip(
            "this is the mean similarity: diversity is the mean of 1 - cosine",
            ("(n * n - S.sum()) / (n * (n - 1))", "(S.sum() - n) / (n * (n - 1))"),
        ),
        Slip(
            "this is the sum over pairs: divide by their number, n (n - 1) / 2",
            (" / (n * (n - 1))", " / 2"),
        ),
        Slip(
            "each pair once makes n (n - 1) / 2 of them: your divisor counts them twice",
            (" / (n * (n - 1))", " / (2 * n * (n - 1))"),
        ),
        Slip(
            "you took inner products: divide by the lengths, or a long vector resembles everything",
            ("    V = V / np.where(length > 0, length, 1.0)\n", ""),
        ),
        Slip(
            "an empty place (-1) was taken for the last item of the catalogue: leave it out",
            ("vectors[ranked[ranked >= 0]]", "vectors[ranked]"),
        ),
        Slip(
            "an item without a vector gives 0 / 0: its cosine with anything is 0",
            ("np.where(length > 0, length, 1.0)", "length"),
        ),
        Slip("a list with one item has no pair: answer nan, not 0", ("return np.nan", "return 0.0")),
    ],
    then="sort the list by relevance or at random: does this number change, and does the user notice?",
)
def intra_list_diversity(ranked: np.ndarray, vectors: np.ndarray) -> float:
    """ranked (n,) items, -1 for none; vectors (I, D) -> mean of 1 - cosine over pairs, nan without a pair."""
    V = vectors[ranked[ranked >= 0]]  # (n, D)
    n = len(V)
    if n < 2:
        return np.nan
    length = np.sqrt((V * V).sum(axis=1, keepdims=True))
    V = V / np.where(length > 0, length, 1.0)
    S = V @ V.T  # (n, n)
    np.fill_diagonal(S, 1.0)
    return float((n * n - S.sum()) / (n * (n - 1)))
