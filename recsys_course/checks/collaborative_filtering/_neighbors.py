"""Exercises 4 to 6: predictions from neighbours, and whom they can serve."""

from __future__ import annotations

import numpy as np

from recsys_course.checks._engine import Case, Slip, check
from recsys_course.checks.collaborative_filtering._random import NAN, clicks, item_question, user_question


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
    at_random=user_question,
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
                "raters[np.argsort(-np.abs(S[u, raters]))[:k]]",
                "np.intersect1d(np.argsort(-np.abs(S[u]))[1 : k + 1], raters)",
            ),
        ),
        Slip(
            "you took the k largest s: take the k largest |s|, since a user who disagrees tells as much",
            ("np.argsort(-np.abs(S[u, raters]))", "np.argsort(-S[u, raters])"),
        ),
        Slip(
            "you took the k least similar users: sort downwards",
            ("np.argsort(-np.abs(S", "np.argsort(np.abs(S"),
        ),
        Slip(
            "a missing rating became 0 stars and pulled the means down: use np.nanmean",
            ("np.nanmean(R, axis=1)", "np.nan_to_num(R).mean(axis=1)"),
        ),
    ],
    then="let k grow on the first case, and say why far neighbours may hurt.",
)
def user_knn(R: np.ndarray, S: np.ndarray, u: int, i: int, k: int) -> float:
    """Stars u would give i, from the k users with the largest |s| who rated i; mean-centred."""
    means = np.nanmean(R, axis=1)  # (U,)
    raters = np.flatnonzero(~np.isnan(R[:, i]))
    near = raters[np.argsort(-np.abs(S[u, raters]))[:k]]
    weight = np.abs(S[u, near]).sum()
    if weight == 0:
        return float(means[u])
    return float(means[u] + S[u, near] @ (R[near, i] - means[near]) / weight)


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
            (np.array([[NAN, 4.0, 1.0]]), np.eye(3), 0, 0, 2),
            2.5,
            "all similarities are 0: answer the mean of the user's other ratings, (4 + 1) / 2",
        ),
    ],
    at_random=item_question,
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
    at_random=clicks,
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
