"""InfoNCE, symmetric: each row must find its own partner, both ways."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import small


def pairs(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Three to five pairs, partners somewhat alike, on scales of their own."""
    A = small(rng, int(rng.integers(3, 6)), 2)
    return 3 * A, (A + small(rng, *A.shape)).round(2), float(rng.choice([0.1, 0.5, 2.0]))


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[5.0, 0.0], [0.0, 0.5]]), 1.0),
            np.log(1 + np.exp(-1)),
            "cosines 1 on the diagonal, 0 beside it: every row and column gives ln((e + 1) / e)",
        ),
        Case(
            (np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]]), 1.0),
            (2 * np.log(2) + np.log(1 + np.exp(-1)) + np.log(1 + np.exp(1))) / 4,
            "rows: (1, 1) and (0, 0), so ln 2 twice. Columns: both (1, 0), only one finds its partner",
        ),
        Case(
            (np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]]), 0.001),
            1000.0,
            "every partner is the wrong one: logits 0 against 1000, so ln(1 + e^1000) = 1000",
        ),
        Case(
            (np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[2.0, 0.0], [3.0, 0.0]]), 0.001),
            (np.log(2) + 1000) / 2,
            "rows (1000, 1000) and (-1000, -1000): ln 2 each, whatever their level. Columns: 0 and 2000",
        ),
        Case(
            (np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]]), 0.5),
            0.0,
            "one pair has no rival: nothing to learn",
        ),
    ],
    at_random=pairs,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you asked one way only: also let each row of B find its partner in A, and take the mean",
            ("(ways(S) + ways(S.T)) / 2", "ways(S)"),
        ),
        Slip(
            "this is the other way alone: also let each row of A find its partner in B",
            ("(ways(S) + ways(S.T)) / 2", "ways(S.T)"),
        ),
        Slip(
            "you added the two directions: take their mean",
            ("(ways(S) + ways(S.T)) / 2", "ways(S) + ways(S.T)"),
        ),
        Slip(
            "the vectors are not scaled to length 1: without that a long vector beats a near one",
            (" / np.linalg.norm(A, axis=1, keepdims=True)", ""),
            (" / np.linalg.norm(B, axis=1, keepdims=True)", ""),
        ),
        Slip("you multiplied by the temperature: divide by it", ("B.T / temperature", "B.T * temperature")),
        Slip("the temperature is missing", ("B.T / temperature", "B.T")),
        Slip(
            "e^1000 overflows: take the largest logit of each row out of the sum first",
            ("S - top", "S"),
            (" + top[:, 0]", ""),
        ),
        Slip(
            "the partner itself belongs in the sum below, with the others",
            ("np.exp(S - top)", "np.exp(S - top) * (1 - np.eye(len(S)))"),
        ),
        Slip(
            "you summed over the pairs: take the mean",
            (
                "(np.log(total) + top[:, 0] - S.diagonal()).mean()",
                "(np.log(total) + top[:, 0] - S.diagonal()).sum()",
            ),
        ),
        Slip(
            "the sign is turned: a loss falls when partners come closer",
            ("(np.log(total) + top[:, 0] - S.diagonal())", "(S.diagonal() - np.log(total) - top[:, 0])"),
        ),
    ],
    then="with N random pairs the loss is near ln N: what is it when a partner occurs twice in the batch?",
)
def info_nce(A: np.ndarray, B: np.ndarray, temperature: float) -> float:
    """(N, D), (N, D) partners row by row -> mean of the cross-entropies A finds B and B finds A."""
    A = A / np.linalg.norm(A, axis=1, keepdims=True)
    B = B / np.linalg.norm(B, axis=1, keepdims=True)
    S = A @ B.T / temperature  # (N, N); partners on the diagonal

    def ways(S: np.ndarray) -> float:
        top = S.max(axis=1, keepdims=True)
        total = np.exp(S - top).sum(axis=1)
        return float((np.log(total) + top[:, 0] - S.diagonal()).mean())

    return (ways(S) + ways(S.T)) / 2
