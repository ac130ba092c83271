"""Reciprocal rank fusion: lists are joined by ranks, scores are not asked."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def some_lists(rng: Random) -> tuple[list[list[int]], int]:
    """Two or three lists of different lengths that share items; one may be empty."""
    while True:
        lists = [rng.sample(range(8), rng.randrange(0, 6)) for _ in range(rng.randrange(2, 4))]
        k = rng.choice([0, 1, 5, 60])
        score = {i: sum(1 / (k + row.index(i) + 1) for row in lists if i in row) for i in range(8)}
        values = sorted(s for s in score.values() if s)
        gaps = [b - a for a, b in pairwise(values)]
        if len(lists) == 2 or all(gap > 1e-9 for gap in gaps):  # three terms may add up in another order
            return lists, k


@check(
    by_hand=[
        Case(
            ([[1, 2, 3], [3, 1, 4]], 60),
            [(1, 1 / 61 + 1 / 62), (3, 1 / 63 + 1 / 61), (2, 1 / 62), (4, 1 / 63)],
            "1 has ranks 1 and 2, 3 has ranks 3 and 1; 2 and 4 stand in one list each",
        ),
        Case(
            ([[5, 7], [7, 5]], 60),
            [(5, 1 / 61 + 1 / 62), (7, 1 / 61 + 1 / 62)],
            "ranks 1 and 2 both: a tie, and the smaller code goes first",
        ),
        Case(
            ([[1, 2], [2, 3], [2]], 0),
            [(2, 1 / 2 + 1 + 1), (1, 1.0), (3, 1 / 2)],
            "with k = 0 a first place is worth 1, a second 1/2; 2 has ranks 2, 1, 1",
        ),
        Case(([[], [9]], 60), [(9, 1 / 61)], "an empty list adds nothing"),
    ],
    at_random=some_lists,
    slips=[
        Slip(
            "your ranks start at 0: the first place has rank 1",
            ("enumerate(ranking, 1)", "enumerate(ranking)"),
        ),
        Slip("k is missing: a rank is worth 1 / (k + rank)", ("1 / (k + rank)", "1 / rank")),
        Slip(
            "you kept the best rank only: an item collects from every list that holds it",
            ("(1 / (k + rank))", "(1 / (k + rank))\n            terms[item] = [max(terms[item])]"),
        ),
        Slip(
            "you took the mean over the lists that hold the item: then one list that shouts beats two "
            "that agree; "
            "take the sum",
            ("math.fsum(terms[i]))", "math.fsum(terms[i]) / len(terms[i]))"),
        ),
        Slip(
            "an item that a list leaves out got a rank behind its end: it adds nothing",
            (
                "    fused =",
                "    for ranking in rankings:\n        for item in set(terms) - set(ranking):\n"
                "            terms[item].append(1 / (k + len(ranking) + 1))\n    fused =",
            ),
        ),
        Slip(
            "you counted points downwards from the length of the list (Borda): that makes long lists louder",
            ("1 / (k + rank)", "len(ranking) - rank + 1"),
        ),
        Slip("your list has the worst first", ("-pair[1], pair[0]", "pair[1], pair[0]")),
        Slip("equal scores go by the smaller code", ("-pair[1], pair[0]", "-pair[1], -pair[0]")),
    ],
    then="ranks 1 and 50 against ranks 10 and 10: who wins with k = 60, and who with k = 0?",
)
def rrf(rankings: list[list[int]], k: int) -> list[tuple[int, float]]:
    """Lists of item codes, best first -> (item, fused score), best first, ties by code."""
    terms: dict[int, list[float]] = defaultdict(list)
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            terms[item].append(1 / (k + rank))
    fused = [(i, math.fsum(terms[i])) for i in terms]
    return sorted(fused, key=lambda pair: (-pair[1], pair[0]))
