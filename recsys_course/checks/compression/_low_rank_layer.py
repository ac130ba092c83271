"""A layer as the product of two thin ones: the best of that rank, by the singular values."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.compression._arrays import small
from recsys_course.checks.engine import Case, Slip, check


def layer(rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """A matrix that is not square, and a rank below its full one."""
    shape = rng.permutation([int(rng.integers(3, 5)), 5])
    return small(rng, *shape), int(rng.integers(1, min(shape)))


@check(
    by_hand=[
        Case(
            (np.array([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]), 1),
            (np.array([[0.0, 0.0], [0.0, 4.0], [0.0, 0.0]]), 5, 0.64),
            "the singular values are 4 and 3: the 4 stays, with 16 of 25 of the squares. A (3, 1) and a "
            "(1, 2) hold 5 numbers",
        ),
        Case(
            (np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]), 1),
            (np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]), 5, 1.0),
            "the second row is twice the first: rank 1 loses nothing",
        ),
        Case(
            (np.array([[3.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 6.0, 0.0]]), 2),
            (
                np.array([[3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 6.0, 0.0]]),
                14,
                45 / 49,
            ),
            "of 6, 3 and 2 the 2 goes; 2 x (3 + 4) = 14 numbers instead of 12: larger than before",
        ),
    ],
    at_random=layer,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the singular values are missing in the product",
            ("(U[:, :rank] * s[:rank])", "U[:, :rank]"),
        ),
        Slip(
            "you kept the smallest singular values: they come largest first",
            ("U[:, :rank] * s[:rank]", "U[:, -rank:] * s[-rank:]"),
            ("Vt[:rank]", "Vt[-rank:]"),
            ("(s[:rank] ** 2)", "(s[-rank:] ** 2)"),
        ),
        Slip(
            "numpy gives V already transposed: its rows go with the singular values",
            ("Vt[:rank]", "Vt.T[:rank]"),
        ),
        Slip(
            "count the numbers of the two factors, rank (rows + columns), not of the product",
            ("rank * sum(W.shape)", "W.size"),
        ),
        Slip(
            "the share goes by the squares of the singular values: they add up to the squares of W",
            ("(s[:rank] ** 2).sum() / (s**2).sum()", "s[:rank].sum() / s.sum()"),
        ),
        Slip(
            "you gave the share that is lost",
            ("(s[:rank] ** 2).sum() / (s**2).sum()", "(s[rank:] ** 2).sum() / (s**2).sum()"),
        ),
        Slip(
            "the two factors have rank columns and rank rows: you counted one of them",
            ("rank * sum(W.shape)", "rank * W.shape[0]"),
        ),
    ],
    then="at which rank does a square layer of 64 begin to be larger than it was?",
)
def low_rank_layer(W: np.ndarray, rank: int) -> tuple[np.ndarray, int, float]:
    """(O, D) weights -> (O, D) best of that rank, numbers in its two factors, share of the squares kept."""
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    best = (U[:, :rank] * s[:rank]) @ Vt[:rank]
    return best, rank * sum(W.shape), (s[:rank] ** 2).sum() / (s**2).sum()
