"""Exercises 1 to 3: how alike two items, two users, two sets are."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations  # noqa: F401  (permutations: a slip)

import numpy as np

from recsys_course.checks._engine import Case, Slip, check
from recsys_course.checks.collaborative_filtering._random import NAN, counts, histories, ratings


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
            "as before, with shrinkage 2 in the denominator: 1 / (2 + 2) = 1/4",
        ),
        Case(
            (np.array([[1.0, 2.0, 0.0], [0.0, 2.0, 0.0]]), 0.0),
            np.array([[0.0, 2 / 8**0.5, 0.0], [2 / 8**0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]),
            "2 / (1 sqrt(8)); nobody met the last item, so its similarity to all others is 0",
        ),
    ],
    at_random=lambda rng: (counts(rng), float(rng.integers(0, 4))),
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
            (", where=below > 0", ""),
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
    S = np.divide(dots, below, out=np.zeros(dots.shape), where=below > 0)
    np.fill_diagonal(S, 0.0)
    return S


@check(
    by_hand=[
        Case(
            (np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])),
            1.0,
            "y is 2 x: the two rise together exactly, whatever their scales",
        ),
        Case(
            (np.array([1.0, 2.0, 3.0, 5.0]), np.array([3.0, 2.0, 1.0, NAN])),
            -1.0,
            "three co-rated items, in exactly opposite order; the fourth has one rating and counts nowhere",
        ),
        Case(
            (np.array([1.0, 2.0, NAN]), np.array([4.0, 4.0, 1.0])),
            0.0,
            "on the co-rated items y never varies: no correlation can be had, answer 0",
        ),
        Case((np.array([5.0, NAN]), np.array([NAN, 5.0])), 0.0, "nothing is co-rated: answer 0"),
    ],
    at_random=ratings,
    slips=[
        Slip(
            "you divided by the two variances: Pearson divides by the two standard deviations",
            ("np.sqrt((a @ a) * (b @ b))", "(a @ a) * (b @ b) / len(a)"),
        ),
        Slip(
            "your means are over all ratings of a user: take them over the co-rated items",
            ("a - a.mean(), b - b.mean()", "a - np.nanmean(x), b - np.nanmean(y)"),
        ),
        Slip(
            "this is the cosine: subtract each user's mean first",
            ("a, b = a - a.mean(), b - b.mean()", "pass"),
        ),
        Slip(
            "a missing rating became 0 stars, a strong opinion nobody gave: drop the pair",
            (
                "both = ~np.isnan(x) & ~np.isnan(y)",
                "x, y, both = np.nan_to_num(x), np.nan_to_num(y), np.full(len(x), True)",
            ),
        ),
        Slip(
            "a user whose ratings never vary has deviation 0, and 0 / 0 is nan: answer 0",
            (" if below > 0 else 0.0", ""),
        ),
    ],
    then="two co-rated items always give +1, -1 or 0: how would you trust them less?",
)
def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """(I,), (I,) stars with nan -> correlation over the co-rated items, 0 if undefined."""
    both = ~np.isnan(x) & ~np.isnan(y)
    if both.sum() < 2:
        return 0.0
    a, b = x[both], y[both]
    a, b = a - a.mean(), b - b.mean()
    below = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / below) if below > 0 else 0.0


@check(
    by_hand=[
        Case(
            ([[0, 1], [1, 0, 2], [1]],),
            {(0, 1): 2 / 3, (0, 2): 1 / 2, (1, 2): 1 / 3},
            "items 0, 1, 2 were met by 2, 3, 1 users; 0 and 1 share 2 of 3, 0 and 2 share 1 of 2, "
            "1 and 2 share 1 of 3",
        ),
        Case(([[0, 0, 1], [1, 1]],), {(0, 1): 1 / 2}, "a repeat is the same user: 1 shared of 2 users"),
        Case(([[0], [1], []],), {}, "no user met two items: no pair has a similarity"),
    ],
    at_random=histories,
    slips=[
        Slip(
            "you counted repeats: a user who met an item three times is one user of it",
            ("sorted(set(history))", "sorted(history)"),
        ),
        Slip(
            "you divided by |A| + |B|, which counts the shared users twice: take the union",
            (" - n)", ")"),
        ),
        Slip(
            "you divided by the smaller set (the overlap coefficient): Jaccard divides by the union",
            ("(count[i] + count[j] - n)", "min(count[i], count[j])"),
        ),
        Slip(
            "you counted users in common, and did not divide by the union",
            (" / (count[i] + count[j] - n)", ""),
        ),
        Slip(
            "your pairs stand in the order of the history: sort, so that each pair has one key (i < j)",
            ("sorted(set(history))", "list(dict.fromkeys(history))"),
        ),
        Slip(
            "you keep each pair twice: keep (i, j) with i < j only",
            ("combinations(items, 2)", "permutations(items, 2)"),
        ),
    ],
    then="which user costs most here, and would you miss that user?",
)
def jaccard(histories: list[list[int]]) -> dict[tuple[int, int], float]:
    """U lists of item codes -> {(i, j): |A and B| / |A or B|}, i < j, pairs in common only."""
    count: Counter[int] = Counter()
    together: Counter[tuple[int, int]] = Counter()
    for history in histories:
        items = sorted(set(history))
        count.update(items)
        together.update(combinations(items, 2))
    return {(i, j): n / (count[i] + count[j] - n) for (i, j), n in together.items()}
