"""Approximate nearest neighbours from an inverted file."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def an_index(rng: np.random.Generator) -> tuple[Any, ...]:
    """Seven to ten rows, three or four centroids, a query, one or two cells, two or three neighbours."""
    n, cells = int(rng.integers(7, 11)), int(rng.integers(3, 5))
    X, centroids, query = rng.normal(size=(n, 2)), rng.normal(size=(cells, 2)), rng.normal(size=2)
    return X, centroids, query, int(rng.integers(1, 3)), int(rng.integers(2, 4))


X = np.array([[2.0, 0.0], [1.0, 2.0], [0.0, 3.0], [2.0, 1.0], [-1.0, 0.0]])
AXES = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])


@check(
    by_hand=[
        Case(
            (X, AXES, np.array([2.0, 1.0]), 1, 3),
            [3, 0],
            "rows 0 and 3 lie in the cell of (1, 0), rows 1 and 2 in that of (0, 1), row 4 in the last. "
            "One cell is probed, that of (1, 0): row 3 has 5, row 0 has 4. Row 1, which has 4 as well, "
            "is never looked at",
        ),
        Case(
            (X, AXES, np.array([2.0, 1.0]), 2, 3),
            [3, 0, 1],
            "two cells are probed; rows 0 and 1 both have 4, and the smaller code goes first",
        ),
        Case(
            (X, AXES, np.array([-1.0, -2.0]), 1, 2),
            [4],
            "the last cell is the nearest and holds one row: fewer than k come back",
        ),
    ],
    at_random=an_index,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "this is the exact search over all rows: look only at those in the probed cells",
            ("range(len(X)) if cell[i] in probed", "range(len(X))"),
        ),
        Slip(
            "these are places within the candidates: translate them into the codes of the rows",
            (
                "return sorted(candidates, key=lambda i: -(X[i] @ query))",
                "return sorted(range(len(candidates)), key=lambda i: -(X[candidates[i]] @ query))",
            ),
        ),
        Slip(
            "you probed one cell whatever n_probe says",
            ("[:n_probe]", "[:1]"),
        ),
        Slip(
            "you probed the cells farthest from the query",
            ("-(centroids[j] @ query)", "centroids[j] @ query"),
        ),
        Slip(
            "you give the rows with the smallest inner product",
            ("-(X[i] @ query)", "X[i] @ query"),
        ),
        Slip(
            "each row belongs to the cell of its nearest centroid, the one with the largest inner product",
            ("argmax(axis=1)", "argmin(axis=1)"),
        ),
        Slip("you give all rows of the cells: the k best are enough", ("[:k]", "")),
    ],
    then="which n_probe gives the exact answer for sure, and what does the search cost then?",
)
def ivf_search(X: np.ndarray, centroids: np.ndarray, query: np.ndarray, n_probe: int, k: int) -> list[int]:
    """X (N, D), centroids (C, D), query (D,) -> up to k codes of rows, largest inner product first."""
    cell = (X @ centroids.T).argmax(axis=1)  # (N,)
    probed = sorted(range(len(centroids)), key=lambda j: -(centroids[j] @ query))[:n_probe]
    candidates = [i for i in range(len(X)) if cell[i] in probed]
    return sorted(candidates, key=lambda i: -(X[i] @ query))[:k]  # sorted keeps the order of equals
