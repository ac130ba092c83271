"""The second-order part of a factorisation machine, without the loop over pairs."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def rows(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A few rows of features, some of them 0, and a vector a feature."""
    n_features = int(rng.integers(2, 6))
    X = rng.normal(size=(int(rng.integers(1, 4)), n_features)).round(1)
    X[rng.random(X.shape) < 0.3] = 0
    return X, rng.normal(size=(n_features, int(rng.integers(2, 4)))).round(1)


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 1.0, 1.0]]), np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]])),
            np.array([5.0]),
            "pairs: (1,0).(2,1) = 2, (1,0).(0,3) = 0, (2,1).(0,3) = 3",
        ),
        Case(
            (np.array([[2.0, 3.0], [0.0, 3.0], [1.0, -1.0]]), np.array([[1.0, 1.0], [0.0, 4.0]])),
            np.array([24.0, 0.0, -4.0]),
            "one pair with the product 4: times 2 x 3, times 0 x 3, times 1 x -1",
        ),
        Case(
            (np.array([[5.0]]), np.array([[2.0, 1.0]])),
            np.array([0.0]),
            "one feature has no partner: a feature with itself is no pair",
        ),
    ],
    at_random=rows,
    rng=np.random.default_rng,
    slips=[
        Slip("every pair was counted twice: (i, j) and (j, i) are one pair, so half of it", ("0.5 * ", "")),
        Slip(
            "the pairs of a feature with itself are still in: take the sum of the squares off",
            (" - (X**2) @ (V**2)", ""),
        ),
        Slip(
            "the features' values are squared in the second part, too: a feature with itself gives x squared",
            ("(X**2)", "X"),
        ),
        Slip(
            "the vectors are squared in the second part, too: a feature with itself gives v . v",
            ("(V**2)", "V"),
        ),
        Slip(
            "you summed over the features: after the products, sum over the n_factors columns",
            (".sum(axis=1)", ".sum(axis=0)"),
        ),
        Slip(
            "the sum comes first, then the square: the square of X @ V", ("(X @ V) ** 2", "(X**2) @ (V**2)")
        ),
        Slip("you took the mean over the factors: their sum", (".sum(axis=1)", ".mean(axis=1)")),
    ],
    then="two fields, one value each (user, item), all x = 1: which model of chapter 3 is left?",
)
def fm_interaction(X: np.ndarray, V: np.ndarray) -> np.ndarray:
    """(B, F) values of the features, (F, K) their vectors -> (B,) sums of <v_i, v_j> x_i x_j over pairs."""
    return 0.5 * ((X @ V) ** 2 - (X**2) @ (V**2)).sum(axis=1)
