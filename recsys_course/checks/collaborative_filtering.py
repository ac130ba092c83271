"""The checks of the chapter Collaborative filtering, in the order of its exercises.

Each function is the reference of one exercise; :func:`check` turns it into the check.
"Not rated" is nan. U users, I items, K factors.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations  # noqa: F401  (permutations: a slip)
from typing import Any

import numpy as np

from recsys_course.checks._engine import Case, Slip, check

NAN = np.nan


def _counts(rng: np.random.Generator) -> np.ndarray:
    """(U, I) how often each user met each item, never square."""
    n_users = rng.integers(2, 6)
    return rng.integers(0, 3, size=(n_users, n_users + rng.choice([-1, 1]))).astype(float)


def _stars(rng: np.random.Generator, n_users: int, n_items: int) -> np.ndarray:
    """(U, I) stars, about a third missing; no user without a rating."""
    R = rng.integers(1, 6, size=(n_users, n_items)).astype(float)
    kept = rng.integers(n_items, size=n_users)
    R[(rng.random(R.shape) < 0.35) & (np.arange(n_items) != kept[:, None])] = NAN
    return R


def _similarities(rng: np.random.Generator, n: int, low: float) -> np.ndarray:
    """(n, n) symmetric, ones on the diagonal, no ties."""
    S = np.triu(rng.uniform(low, 1, size=(n, n)), 1)
    return S + S.T + np.eye(n)


def _ratings(rng: np.random.Generator) -> tuple[Any, ...]:
    n = int(rng.integers(3, 9))
    x, y = rng.integers(1, 6, size=(2, n)).astype(float)
    x[rng.random(n) < 0.25] = NAN
    y[rng.random(n) < 0.25] = NAN
    return x, y


def _histories(rng: np.random.Generator) -> tuple[Any, ...]:
    return ([rng.integers(0, 6, size=rng.integers(0, 6)).tolist() for _ in range(rng.integers(2, 6))],)


def _user_question(rng: np.random.Generator) -> tuple[Any, ...]:
    n_users, n_items = int(rng.integers(3, 7)), int(rng.integers(7, 9))
    R = _stars(rng, n_users, n_items)
    R[0, 0] = NAN
    R[0, 1] = 3.0  # the user keeps a rating
    return R, _similarities(rng, n_users, -1), 0, 0, int(rng.integers(1, n_users))


def _item_question(rng: np.random.Generator) -> tuple[Any, ...]:
    n_items = int(rng.integers(3, 7))
    R = _stars(rng, 3, n_items)
    u, i = int(rng.integers(3)), int(rng.integers(n_items))
    R[u, (i + 1) % n_items] = 2.0  # the user keeps a rating beside i's
    return R, _similarities(rng, n_items, 0), u, i, int(rng.integers(1, n_items))


def _als_question(rng: np.random.Generator) -> tuple[Any, ...]:
    n_items = int(rng.integers(3, 6))
    return _stars(rng, 2, n_items), rng.normal(size=(n_items, 2)), int(rng.integers(2)), rng.uniform(0.1, 1)


def _clicks(rng: np.random.Generator) -> tuple[Any, ...]:
    before, after, item = (int(n) for n in rng.integers(0, 3, size=3))
    return before, before + after, item


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
    at_random=lambda rng: (_counts(rng), float(rng.integers(0, 4))),
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
    at_random=_ratings,
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
    at_random=_histories,
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
        Slip("you counted users in common, and did not divide by the union", (" / (count[i] + count[j] - n)", "")),
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


@check(
    by_hand=[
        Case(
            (
                np.array([[NAN, 2.0, 4.0], [5.0, 3.0, 4.0], [1.0, 3.0, 2.0]]),
                np.array([[1.0, 0.9, -0.8], [0.9, 1.0, 0.0], [-0.8, 0.0, 1.0]]),
                0,
                0,
                2,
            ),
            4.0,
            "means 3, 4, 2: 3 + (0.9 (5 - 4) - 0.8 (1 - 2)) / (0.9 + 0.8) = 3 + 1.7 / 1.7 = 4",
        ),
        Case(
            (
                np.array([[NAN, 3.0, 3.0], [NAN, 4.0, 4.0], [2.0, 4.0, 3.0]]),
                np.array([[1.0, 0.9, 0.5], [0.9, 1.0, 0.0], [0.5, 0.0, 1.0]]),
                0,
                0,
                1,
            ),
            2.0,
            "user 1 is nearest but has not rated the item; user 2 has: 3 + 0.5 (2 - 3) / 0.5 = 2",
        ),
        Case(
            (np.array([[NAN, 2.0, 5.0], [NAN, 4.0, 1.0]]), np.array([[1.0, 0.5], [0.5, 1.0]]), 0, 0, 1),
            3.5,
            "nobody rated the item: all that is left is the user's own mean, (2 + 5) / 2",
        ),
    ],
    at_random=_user_question,
    slips=[
        Slip(
            "the weights below the line have no absolute value, and no mean is taken off: "
            "negative similarities shrink the sum and predictions leave the scale of stars",
            ("np.abs(S[u, near]).sum()", "S[u, near].sum()"),
            ("means[u] + S[u, near] @ (R[near, i] - means[near])", "S[u, near] @ R[near, i]"),
        ),
        Slip(
            "sum |s| below the line: without the absolute value, negative similarities shrink it",
            ("np.abs(S[u, near]).sum()", "S[u, near].sum()"),
        ),
        Slip(
            "no mean-centring: weigh how far each neighbour is from its own mean, then add the user's mean",
            ("means[u] + S[u, near] @ (R[near, i] - means[near])", "S[u, near] @ R[near, i]"),
        ),
        Slip(
            "you took the target user's mean off the neighbours' ratings: each neighbour has its own",
            ("means[near]", "means[u]"),
        ),
        Slip(
            "you summed the target user's own ratings: sum what the neighbours gave to item i",
            ("R[near, i] - means[near]", "R[u, near] - means[u]"),
        ),
        Slip(
            "you took the k nearest of all users, then dropped those without a rating of i: "
            "take the k nearest among those who rated it",
            (
                "raters[np.argsort(-S[u, raters])[:k]]",
                "np.array([v for v in np.argsort(-S[u] + 9 * (np.arange(len(S)) == u))[:k] if v in raters], int)",
            ),
        ),
        Slip("you took the k least similar users: sort downwards", ("np.argsort(-S", "np.argsort(S")),
        Slip(
            "a missing rating became 0 stars and pulled the means down: use np.nanmean",
            ("np.nanmean(R, axis=1)", "np.nan_to_num(R).mean(axis=1)"),
        ),
    ],
    then="let k grow on the first case, and say why far neighbours may hurt.",
)
def user_knn(R: np.ndarray, S: np.ndarray, u: int, i: int, k: int) -> float:
    """Stars u would give i, from the k most similar users who rated i; mean-centred."""
    means = np.nanmean(R, axis=1)  # (U,)
    raters = np.flatnonzero(~np.isnan(R[:, i]))
    near = raters[np.argsort(-S[u, raters])[:k]]
    weight = np.abs(S[u, near]).sum()
    if weight == 0:
        return float(means[u])
    return float(means[u] + S[u, near] @ (R[near, i] - means[near]) / weight)


@check(
    by_hand=[
        Case(
            (
                np.array([[NAN, 5.0, 2.0, NAN]]),
                np.array([[1.0, 0.6, 0.3, 0.9], [0.6, 1.0, 0.1, 0.2], [0.3, 0.1, 1.0, 0.4], [0.9, 0.2, 0.4, 1.0]]),
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
            (np.array([[NAN, 4.0, 1.0]]), np.eye(3), 0, 0, 2),
            2.5,
            "all similarities are 0: answer the mean of the user's other ratings, (4 + 1) / 2",
        ),
    ],
    at_random=_item_question,
    slips=[
        Slip(
            "you took the k items most similar to i of all items: the user has rated few of them; "
            "take the k nearest among those the user rated",
            (
                "rated[np.argsort(-S[i, rated])[:k]]",
                "np.array([j for j in np.argsort(-S[i] + 9 * (np.arange(len(S)) == i))[:k] if j in rated], int)",
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


@check(
    by_hand=[
        Case((5, 5, 0), set(), "a new item has no clicks: no co-occurrence, no raters, no factors"),
        Case((0, 0, 5), set(), "a user without a click is unknown to all three"),
        Case(
            (0, 1, 5),
            {"item-knn"},
            "the stored item similarities serve a history of one click; the user had no row when "
            "neighbours and factors were computed",
        ),
        Case((5, 6, 5), {"user-knn", "item-knn", "mf"}, "both sides were there when the models were fitted"),
    ],
    at_random=_clicks,
    slips=[
        Slip(
            "ItemKNN does not serve new items: an item without clicks is similar to nothing",
            ('names.add("item-knn")', "pass"),
            ("if item_clicks == 0:", 'if clicks_now > 0: names.add("item-knn")\n    if item_clicks == 0:'),
        ),
        Slip(
            "ItemKNN needs no new fit for a new user: it looks up the clicks made up to now",
            ("if clicks_now > 0:", "if clicks_at_fit > 0:"),
        ),
        Slip(
            "a user who came after the fit has no stored neighbours and no factors: only ItemKNN serves",
            ("if clicks_at_fit > 0:", "if clicks_now > 0:"),
        ),
        Slip(
            "a new item has no factors and no raters: it can be scored by none of the three",
            ("return names\n    if", "pass\n    if"),
        ),
        Slip(
            "UserKNN and MF know the users of the log they were fitted on: they can score them too",
            ('names |= {"user-knn", "mf"}', "pass"),
        ),
    ],
    then="what would you serve to the pairs that get the empty set?",
)
def who_can_score(clicks_at_fit: int, clicks_now: int, item_clicks: int) -> set[str]:
    """Which of user-knn, item-knn, mf can score a pair, without a new fit."""
    names: set[str] = set()
    if item_clicks == 0:
        return names
    if clicks_now > 0:
        names.add("item-knn")
    if clicks_at_fit > 0:
        names |= {"user-knn", "mf"}
    return names


@check(
    by_hand=[
        Case(
            (5.0, 3.0, 0.5, -0.5, np.array([1.0, 0.0]), np.array([1.0, 2.0]), 0.1, 0.0),
            (0.6, -0.4, np.array([1.1, 0.2]), np.array([1.1, 2.0])),
            "prediction 3 + 0.5 - 0.5 + 1 = 4, error 1: each bias moves by 0.1, p by 0.1 q, q by 0.1 p",
        ),
        Case(
            (3.0, 3.0, 1.0, -1.0, np.array([1.0]), np.array([0.0]), 0.1, 0.5),
            (0.95, -0.95, np.array([0.95]), np.array([0.0])),
            "the error is 0: only the penalty acts, and takes 0.1 times 0.5 of each parameter off",
        ),
    ],
    at_random=lambda rng: (
        float(rng.integers(1, 6)), 3.5, *rng.normal(size=2), *rng.normal(size=(2, 2)), 0.1, rng.uniform(0.1, 1),
    ),  # fmt: skip
    slips=[
        Slip(
            "you moved p first and used the new p for q: both gradients are taken at the old values",
            ("error * p - reg * q", "error * (p + learning_rate * (error * q - reg * p)) - reg * q"),
        ),
        Slip(
            "the sign is turned round: the error is the rating less the prediction, and the step goes down the loss",
            ("error = r - (mean + b_u + b_i + p @ q)", "error = mean + b_u + b_i + p @ q - r"),
        ),
        Slip(
            "the penalty is missing: each step also takes reg times the parameter off",
            (" - reg * b_u", ""), (" - reg * b_i", ""), (" - reg * p", ""), (" - reg * q", ""),
        ),
        Slip(
            "the biases are not shrunk: the penalty holds for all four parameters",
            (" - reg * b_u", ""), (" - reg * b_i", ""),
        ),
        Slip(
            "twice the step: the loss has a factor 1/2, which the derivative of the square cancels",
            ("error = r", "learning_rate *= 2\n    error = r"),
        ),
        Slip("the prediction left out the biases: it is mean + b_u + b_i + p . q", ("mean + b_u + b_i", "mean")),
        Slip(
            "the penalty skipped the learning rate: it is part of the gradient",
            ("(error - reg * b_u)", "error - reg * b_u"), ("(error - reg * b_i)", "error - reg * b_i"),
            ("(error * q - reg * p)", "error * q - reg * p"), ("(error * p - reg * q)", "error * p - reg * q"),
        ),
        Slip(
            "the penalty pushes outwards: its sign is turned round",
            ("error - reg * b_u", "error + reg * b_u"), ("error - reg * b_i", "error + reg * b_i"),
            ("q - reg * p", "q + reg * p"), ("p - reg * q", "p + reg * q"),
        ),
    ],
    then="repeat the step on the first case: after how many steps is the error below 0.01?",
)  # fmt: skip
def sgd_step(
    r: float, mean: float, b_u: float, b_i: float, p: np.ndarray, q: np.ndarray, learning_rate: float, reg: float
) -> tuple[float, float, np.ndarray, np.ndarray]:
    """One step down the half squared error of one rating -> new b_u, b_i, p, q."""
    error = r - (mean + b_u + b_i + p @ q)
    return (
        b_u + learning_rate * (error - reg * b_u),
        b_i + learning_rate * (error - reg * b_i),
        p + learning_rate * (error * q - reg * p),
        q + learning_rate * (error * p - reg * q),
    )


@check(
    by_hand=[
        Case(
            (np.array([[4.0, NAN]]), np.array([[2.0], [5.0]]), 0, 1.0),
            np.array([1.6]),
            "one rating, one factor: (2 2 + 1 1) p = 2 4, so p = 8 / 5",
        ),
        Case(
            (np.array([[3.0, 3.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), 0, 0.5),
            np.array([1.5, 1.5]),
            "two ratings: the penalty is 0.5 times 2, so (1 + 1) p = 3 for each factor",
        ),
        Case(
            (np.array([[NAN, NAN]]), np.array([[1.0, 2.0], [3.0, 4.0]]), 0, 1.0),
            np.array([0.0, 0.0]),
            "a user without ratings: nothing pulls away from 0",
        ),
    ],
    at_random=_als_question,
    slips=[
        Slip(
            "the penalty is reg times the user's number of ratings: you left the number out",
            ("reg * n", "reg"),
        ),
        Slip(
            "you multiplied the penalty by the number of all items: count the ratings of this user",
            ("reg * n", "reg * len(rated)"),
        ),
        Slip(
            "a missing rating became 0 stars: sum over the items the user rated",
            ("rated = ~np.isnan(R[u])", "R, rated = np.nan_to_num(R), np.full(len(Q), True)"),
        ),
        Slip("the penalty is missing: add reg n to the diagonal", (" + reg * n * np.eye(Q.shape[1])", "")),
        Slip(
            "you added the penalty to every cell: it belongs on the diagonal alone",
            ("reg * n * np.eye(Q.shape[1])", "reg * n"),
        ),
        Slip(
            "without ratings the matrix is all zeros and cannot be solved: answer zeros",
            ("if n == 0:", "if False:"),
        ),
    ],
    then="check that no small change of p makes the user's loss smaller.",
)
def als_user(R: np.ndarray, Q: np.ndarray, u: int, reg: float) -> np.ndarray:
    """(U, I) stars, (I, K) item factors -> (K,) best factors of user u; penalty reg times n_u."""
    rated = ~np.isnan(R[u])  # (I,)
    A, n = Q[rated], rated.sum()  # (n, K)
    if n == 0:
        return np.zeros(Q.shape[1])
    return np.linalg.solve(A.T @ A + reg * n * np.eye(Q.shape[1]), A.T @ R[u, rated])


@check(
    by_hand=[
        Case(
            (np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.0]), 0.2, 0.0),
            (np.array([1.0, 0.1]), np.array([0.1, 1.0]), np.array([-0.1, 0.0])),
            "x = 0, so the weight is 1/2 and a step is 0.2 times 1/2: p moves by 0.1 (q_i - q_j), "
            "q_i by 0.1 p, q_j by -0.1 p",
        ),
        Case(
            (np.array([np.log(3.0)]), np.array([1.0]), np.array([0.0]), 1.0, 0.0),
            (np.array([np.log(3.0) + 0.25]), np.array([1 + np.log(3.0) / 4]), np.array([-np.log(3.0) / 4])),
            "x = ln 3: the pair is in order, and the weight is only 1 / (1 + 3) = 1/4",
        ),
    ],
    at_random=lambda rng: (*rng.normal(size=(3, 2)), 0.1, rng.uniform(0.1, 1)),
    slips=[
        Slip(
            "you used sigmoid(x): the gradient of ln sigmoid(x) is 1 - sigmoid(x), large when the pair is in the wrong order",
            ("np.exp(p", "np.exp(-p"),
        ),
        Slip(
            "this is the gradient of sigmoid(x): BPR takes ln sigmoid(x), whose gradient is 1 - sigmoid(x)",
            ("    return (", "    weight *= 1 - weight\n    return ("),
        ),
        Slip("q_j moved towards the user: it is the item not chosen, its step is minus", ("-weight * p", "weight * p")),
        Slip(
            "you moved p first and used the new p for the items: all gradients are taken at the old values",
            (
                "    return (\n        p + learning_rate * (weight * (q_i - q_j) - reg * p)",
                "    p = p + learning_rate * (weight * (q_i - q_j) - reg * p)\n    return (\n        p",
            ),
        ),
        Slip("the penalty is missing", (" - reg * p)", ")"), (" - reg * q_i)", ")"), (" - reg * q_j)", ")")),
        Slip(
            "you stepped down: ln sigmoid(x) is to grow, so add the gradient",
            ("    return (", "    learning_rate, reg = -learning_rate, -reg\n    return ("),
        ),
    ],
    then="draw j by popularity instead of evenly: which pairs get a large weight?",
)
def bpr_step(
    p: np.ndarray, q_i: np.ndarray, q_j: np.ndarray, learning_rate: float, reg: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One step up ln sigmoid(p.q_i - p.q_j) less the penalty -> new p, q_i, q_j."""
    weight = 1 / (1 + np.exp(p @ (q_i - q_j)))
    return (
        p + learning_rate * (weight * (q_i - q_j) - reg * p),
        q_i + learning_rate * (weight * p - reg * q_i),
        q_j + learning_rate * (-weight * p - reg * q_j),
    )


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 1.0], [1.0, 0.0]]), 1.0),
            np.array([[0.0, 1 / 3], [1 / 2, 0.0]]),
            "G = [[3, 1], [1, 2]], P = [[2, -1], [-1, 3]] / 5: B[0, 1] = (1/5) / (3/5), B[1, 0] = (1/5) / (2/5)",
        ),
        Case(
            (np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), 2.0),
            np.zeros((2, 2)),
            "no user met both items: neither says anything of the other",
        ),
    ],
    at_random=lambda rng: (_counts(rng), rng.uniform(0.5, 3)),
    slips=[
        Slip(
            "the diagonal is not 0: an item that predicts itself is a perfect and useless answer",
            ("np.fill_diagonal(B, 0.0)", "pass"),
        ),
        Slip(
            "you divided each row by its diagonal cell: divide each column, B[i, j] = -P[i, j] / P[j, j]",
            ("/ np.diag(P)", "/ np.diag(P)[:, None]"),
        ),
        Slip("the sign is turned round: B[i, j] = -P[i, j] / P[j, j]", ("-P /", "P /")),
        Slip("the penalty is missing: add reg to the diagonal of R.T @ R", (" + reg * np.eye(R.shape[1])", "")),
        Slip(
            "you added reg to every cell: it belongs on the diagonal alone",
            ("reg * np.eye(R.shape[1])", "reg"),
        ),
        Slip(
            "you compared users, the rows of R: items are its columns",
            ("R.T @ R + reg * np.eye(R.shape[1])", "R @ R.T + reg * np.eye(R.shape[0])"),
        ),
        Slip("P must be divided by its diagonal, column by column", (" / np.diag(P)", "")),
    ],
    then="rank by R @ B, and look for negative weights: what do they say that a cosine cannot?",
)
def ease(R: np.ndarray, reg: float) -> np.ndarray:
    """(U, I) -> (I, I) weights B of least squared error R - R B, diagonal 0."""
    G = R.T @ R + reg * np.eye(R.shape[1])
    P = np.linalg.inv(G)  # (I, I)
    B = -P / np.diag(P)  # column j over P[j, j]
    np.fill_diagonal(B, 0.0)
    return B


CHECKS = (similarity, pearson, jaccard, user_knn, item_knn, who_can_score, sgd_step, als_user, bpr_step, ease)
