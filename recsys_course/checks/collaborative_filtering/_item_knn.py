"""A rating predicted from an item's neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._arrays import NAN, similarities, stars
from recsys_course.checks.engine import Case, Slip, check


def question(rng: np.random.Generator) -> tuple[Any, ...]:
    """A user asks for an item, which the user may have rated."""
    n_items = int(rng.integers(3, 7))
    R = stars(rng, 3, n_items)
    u, i = int(rng.integers(3)), int(rng.integers(n_items))
    R[u, (i + 1) % n_items] = 2.0  # the user keeps a rating beside i's
    return R, similarities(rng, n_items, 0), u, i, int(rng.integers(1, n_items))


@check(
    by_hand=[
        Case(
            (
                np.array([[NAN, 5.0, 2.0, NAN]]),
                np.array(
                    [[1.0, 0.6, 0.3, 0.9], [0.6, 1.0, 0.1, 0.2], [0.3, 0.1, 1.0, 0.4], [0.9, 0.2, 0.4, 1.0]]
                ),
                0,
                0,
                2,
            ),
            4.0,
            "item 3 is nearest, but the user has not rated it; 1 and 2 are left: "
            "(0.6 5 + 0.3 2) / (0.6 + 0.3) = 3.6 / 0.9 = 4",
        ),
        Case(
            (np.array([[1.0, 4.0]]), np.array([[1.0, 0.5], [0.5, 1.0]]), 0, 0, 2),
            4.0,
            "the user's rating of item 0 itself is what we predict and may not be used: item 1 is left",
        ),
        Case(
            (np.array([[NAN, 4.0, 1.0], [3.0, 5.0, 5.0]]), np.eye(3), 0, 0, 2),
            2.5,
            "all similarities are 0: answer the mean of the user's other ratings, (4 + 1) / 2",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you took the k items most similar to i of all items: the user has rated few of them; "
            "take the k nearest among those the user rated",
            (
                "rated[np.argsort(-S[i, rated])[:k]]",
                "np.intersect1d(np.argsort(-S[i])[1 : k + 1], rated)",
            ),
        ),
        Slip(
            "item i is among its own neighbours, so the answer leaks in: leave it out",
            ("rated = rated[rated != i]", "pass"),
        ),
        Slip("a weighted sum is no rating yet: divide by the sum of the weights", (" / weight", "")),
        Slip(
            "this is the plain mean of the neighbours: weigh each by its similarity",
            ("S[i, near] @ R[u, near] / weight", "R[u, near].mean()"),
        ),
        Slip("you took the k least similar items: sort downwards", ("np.argsort(-S", "np.argsort(S")),
        Slip(
            "with all weights 0 this divides 0 by 0: answer the mean of the user's other ratings",
            ("if weight == 0:", "if False:"),
        ),
    ],
    then="what must be recomputed when the user adds one rating? Compare with user_knn.",
)
def item_knn(R: np.ndarray, S: np.ndarray, u: int, i: int, k: int) -> float:
    """Stars u would give i, from the k items most similar to i among those u rated."""
    rated = np.flatnonzero(~np.isnan(R[u]))
    rated = rated[rated != i]
    near = rated[np.argsort(-S[i, rated])[:k]]
    weight = S[i, near].sum()
    if weight == 0:
        return float(R[u, rated].mean())
    return float(S[i, near] @ R[u, near] / weight)
