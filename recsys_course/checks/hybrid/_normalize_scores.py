"""Scores of any scale brought to one scale, user by user."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def some_scores(rng: np.random.Generator) -> tuple[Any, ...]:
    """Users on different scales; ties, and now and then a user to whom all items are alike."""
    n_users, n_items = int(rng.integers(1, 4)), int(rng.integers(2, 7))
    scale = 10.0 ** rng.integers(-1, 3, size=(n_users, 1))
    scores = rng.integers(-4, 6, size=(n_users, n_items)) * scale
    if rng.random() < 0.3:
        scores[rng.integers(n_users)] = 3.5
    return scores, str(rng.choice(["minmax", "zscore", "rank"]))


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 3.0, 5.0], [20.0, 10.0, 10.0]]), "minmax"),
            np.array([[0.0, 0.5, 1.0], [1.0, 0.0, 0.0]]),
            "each user has a scale of their own: 1..5 for the first, 10..20 for the second",
        ),
        Case(
            (np.array([[1.0, 3.0, 5.0, 7.0]]), "zscore"),
            np.array([[-3.0, -1.0, 1.0, 3.0]]) / np.sqrt(5),
            "mean 4; squares 9, 1, 1, 9, their mean 5; so (s - 4) / sqrt(5)",
        ),
        Case(
            (np.array([[0.9, 0.1, 0.5, 0.5, 40.0]]), "rank"),
            np.array([[0.75, 0.0, 0.375, 0.375, 1.0]]),
            "of 4 others 3, 0, 1, 1 and 4 stand below; the tie counts one half for both: 1.5 of 4",
        ),
        Case(
            (np.array([[2.0, 2.0, 2.0]]), "zscore"),
            np.zeros((1, 3)),
            "no spread: the member says nothing about this user, and 0 / 0 must not reach the sum",
        ),
        Case(
            (np.array([[7.0, 7.0], [1.0, 2.0]]), "minmax"),
            np.array([[0.0, 0.0], [0.0, 1.0]]),
            "no range for the first user: 0 for all items",
        ),
        Case((np.array([[3.0]]), "rank"), np.zeros((1, 1)), "one item stands above nobody"),
    ],
    at_random=some_scores,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you took minimum, mean or spread over all users: each user (row) has a scale of their own",
            (
                "low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)",
                "low, high = scores.min(), scores.max()",
            ),
            ("above = scores - scores.mean(axis=1, keepdims=True)", "above = scores - scores.mean()"),
            ("scores.std(axis=1, keepdims=True)", "scores.std() * np.ones((len(scores), 1))"),
        ),
        Slip(
            "you normalised each item over the users: a member compares the items of one user",
            (
                "scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)",
                "scores.min(axis=0), scores.max(axis=0)",
            ),
            ("scores.mean(axis=1, keepdims=True)", "scores.mean(axis=0)"),
            ("scores.std(axis=1, keepdims=True)", "scores.std(axis=0)"),
        ),
        Slip(
            "0 / 0: where a user's scores are all equal there is no range and no spread; answer 0",
            ("above, span = scores - low, high - low", "return (scores - low) / (high - low)"),
            ("span = scores.std(axis=1, keepdims=True)", "return above / scores.std(axis=1, keepdims=True)"),
        ),
        Slip(
            "zscore needs the spread, not the variance: divide by the standard deviation",
            ("scores.std(axis=1, keepdims=True)", "scores.var(axis=1, keepdims=True)"),
        ),
        Slip(
            "you divided by I - 1 inside the standard deviation: here it is that of these items, not an "
            "estimate",
            ("scores.std(axis=1, keepdims=True)", "scores.std(axis=1, ddof=1, keepdims=True)"),
        ),
        Slip(
            "you forgot to subtract the smallest score: minmax runs from 0 to 1",
            ("above, span = scores - low, high - low", "above, span = scores, high"),
        ),
        Slip(
            "you divided by the largest score: minmax divides by the range, largest minus smallest",
            ("above, span = scores - low, high - low", "above, span = scores - low, high"),
        ),
        Slip(
            "your ranks are turned round: the best item gets 1, the worst 0",
            ("scores[:, :, None] > scores[:, None, :]", "scores[:, :, None] < scores[:, None, :]"),
        ),
        Slip(
            "equal scores got unequal ranks, or the lower one: an item that ties counts as half below",
            (" + ties / 2", ""),
        ),
        Slip(
            "an item ties with itself in your count: it is compared with the others only",
            (
                "ties = (scores[:, :, None] == scores[:, None, :]).sum(axis=2) - 1",
                "ties = (scores[:, :, None] == scores[:, None, :]).sum(axis=2)",
            ),
        ),
        Slip(
            "you divided the rank by I: an item has I - 1 others",
            ("np.full((len(scores), 1), scores.shape[1] - 1)", "np.full((len(scores), 1), scores.shape[1])"),
        ),
    ],
    then="add one item with a score of 1,000 to a list: what becomes of the others, under each of the three?",
)
def normalize_scores(scores: np.ndarray, how: str) -> np.ndarray:
    """(B, I) scores of one member -> (B, I) per user: "minmax", "zscore" or "rank"."""
    if how == "minmax":
        low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
        above, span = scores - low, high - low
    elif how == "zscore":
        above = scores - scores.mean(axis=1, keepdims=True)
        span = scores.std(axis=1, keepdims=True)
    else:
        below = (scores[:, :, None] > scores[:, None, :]).sum(axis=2)  # (B, I) items that stand below
        ties = (scores[:, :, None] == scores[:, None, :]).sum(axis=2) - 1
        above, span = below + ties / 2, np.full((len(scores), 1), scores.shape[1] - 1)
    return above / np.where(span > 0, span, 1)
