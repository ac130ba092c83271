"""The n best of many, without sorting everything."""

from __future__ import annotations

import heapq
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def scored(rng: Random) -> tuple[list[float], set[int], int]:
    """Scores of both signs with many ties, some items seen, lists up to one longer than the catalogue."""
    n_items = rng.randrange(1, 9)
    scores = [rng.randint(-3, 3) / 2 for _ in range(n_items)]
    seen = {i for i in range(n_items) if rng.random() < 0.3}
    return scores, seen, rng.randint(1, n_items + 1)


@check(
    by_hand=[
        Case(
            ([0.1, 0.9, 0.5, 0.9], set(), 3),
            [1, 3, 2],
            "items 1 and 3 are best and equal, so the smaller index goes first; then item 2",
        ),
        Case(
            ([0.9, -0.4, 0.5, -0.2], {0, 2}, 2), [3, 1], "0 and 2 were seen; of the rest -0.2 is above -0.4"
        ),
        Case(([0.3, 0.8], {1}, 3), [0, -1, -1], "one item is left for a list of three: the rest is -1"),
    ],
    at_random=scored,
    slips=[
        Slip("seen items are in your list: leave them out before you choose", (" if i not in seen", "")),
        Slip(
            "you chose the n best and then dropped the seen ones: others must move up",
            (" if i not in seen", ""),
            ("    return", "    best = [i for i in best if i not in seen]\n    return"),
        ),
        Slip(
            "seen items got the score 0: they come back where the rest is below 0, or too short",
            (" if i not in seen", ""),
            ("lambda i: scores[i]", "lambda i: 0.0 if i in seen else scores[i]"),
        ),
        Slip(
            "equal scores go by the smaller index: as a pair (score, index) the larger index wins",
            ("lambda i: scores[i]", "lambda i: (scores[i], i)"),
        ),
        Slip(
            "your list starts with the last of the n: a heap gives up its smallest first, so turn it round",
            ("    return best", "    return best[::-1]"),
        ),
        Slip("these are the n worst: the higher the score, the better", ("nlargest", "nsmallest")),
        Slip("your list is too short: fill it up with -1", (" + [-1] * (n - len(best))", "")),
        Slip(
            "you answered scores: the list holds the indices of the items",
            ("return best", "return [scores[i] for i in best]"),
        ),
    ],
    then="scores arrive one at a time and never end: which items must you keep?",
)
def top_n(scores: list[float], seen: set[int], n: int) -> list[int]:
    """A score per item -> the n best items not seen, best first; -1 where there are no more."""
    unseen = (i for i in range(len(scores)) if i not in seen)
    best = heapq.nlargest(n, unseen, key=lambda i: scores[i])  # stable: the smaller index first
    return best + [-1] * (n - len(best))
