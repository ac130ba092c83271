"""Rocchio's profile: towards what was liked, away from what was disliked."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check

NAN = np.nan


def one_user(rng: np.random.Generator) -> tuple[Any, ...]:
    """Features of items, about half of them rated, a bar for liking, a weight for dislikes."""
    n = int(rng.integers(2, 7))
    ratings = rng.integers(1, 6, size=n).astype(float)
    ratings[rng.random(n) < 0.4] = NAN
    return rng.uniform(0, 1, size=(n, 3)), ratings, float(rng.integers(2, 6)), float(rng.uniform(0.1, 0.9))


WORDS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])


@check(
    by_hand=[
        Case(
            (WORDS, np.array([5.0, NAN, 1.0, 4.0]), 4.0, 0.5),
            np.array([1.0, 0.0, -0.5]),
            "liked: items 0 and 3, mean (1, 1/2, 0); disliked: item 2, (0, 1, 1), half of it off. "
            "Item 1 was not rated and says nothing",
        ),
        Case(
            (WORDS, np.array([5.0, NAN, NAN, NAN]), 4.0, 0.5),
            np.array([1.0, 0.0, 0.0]),
            "nothing was disliked: nothing is taken off",
        ),
        Case(
            (WORDS, np.array([NAN, 2.0, NAN, 2.0]), 3.0, 0.25),
            np.array([-0.125, -0.25, 0.0]),
            "nothing was liked: what is left is minus a quarter of the mean (1/2, 1, 0)",
        ),
        Case((WORDS, np.full(4, NAN), 3.0, 0.25), np.zeros(3), "nothing was rated: no taste is known"),
    ],
    at_random=one_user,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "items without a rating count as disliked here: nan >= like is False; leave them out first",
            ("X[ratings < like]", "X[~(ratings >= like)]"),
        ),
        Slip(
            "you added up: take the mean of each side, or who rates much has a longer profile and "
            "many dislikes drown a few likes",
            ("rows.mean(axis=0)", "rows.sum(axis=0)"),
        ),
        Slip(
            "the disliked items pull the profile towards them: take them off",
            ("- negative *", "+ negative *"),
        ),
        Slip("the dislikes weigh as much as the likes: multiply them by `negative`", ("- negative * ", "- ")),
        Slip("the dislikes are missing", (" - negative * mean(X[ratings < like])", "")),
        Slip(
            "the mean of no row is nan: a side without items adds nothing",
            ("rows.mean(axis=0) if len(rows) else np.zeros(X.shape[1])", "rows.mean(axis=0)"),
        ),
        Slip("an item with exactly the value `like` is liked", ("ratings >= like", "ratings > like")),
        Slip(
            "you weighed the items by their stars: Rocchio counts liked items alike",
            (
                "mean(X[ratings >= like])",
                "(np.average(X[ratings >= like], axis=0, weights=ratings[ratings >= like]) "
                "if (ratings >= like).any() else np.zeros(X.shape[1]))",
            ),
        ),
    ],
    then="score the items by X @ profile: which item here is worst, and would its cosine say the same?",
)
def rocchio(X: np.ndarray, ratings: np.ndarray, like: float, negative: float) -> np.ndarray:
    """X (I, F), ratings (I,) with nan -> (F,), mean of the liked less a share of the mean of the disliked."""

    def mean(rows: np.ndarray) -> np.ndarray:
        return rows.mean(axis=0) if len(rows) else np.zeros(X.shape[1])

    return mean(X[ratings >= like]) - negative * mean(X[ratings < like])  # nan is neither
