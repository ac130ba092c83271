"""nDCG@k from scores: ties, and users without positives."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def judged(rng: Random) -> tuple[list[list[float]], list[set[int]], int]:
    """Up to four users, scores with many ties, some users without a positive; k up to 10."""
    n_users, n_items = rng.randrange(1, 5), rng.randrange(2, 7)
    scores = [[rng.randrange(4) / 2 for _ in range(n_items)] for _ in range(n_users)]
    positives = [{i for i in range(n_items) if rng.random() < 0.4} for _ in range(n_users)]
    return scores, positives, rng.choice([1, 2, 3, n_items, 10])


@check(
    by_hand=[
        Case(
            ([[0.2, 0.9, 0.5]], [{0, 1}], 3),
            (1 + 1 / 2) / (1 + 1 / math.log2(3)),
            "the order is 1, 2, 0; hits at ranks 1 and 3 give 1 + 1/log2(4); the best order "
            "has them at ranks 1 and 2: 1 + 1/log2(3)",
        ),
        Case(
            ([[0.5, 0.5, 0.5]], [{2}], 2),
            0.0,
            "all tie, so the order is 0, 1, 2, and the only positive stands at rank 3, beyond k = 2",
        ),
        Case(
            ([[0.9, 0.1], [0.9, 0.1]], [{0}, set()], 1),
            1.0,
            "the second user has no positive: that list cannot be judged, so the mean is over the first",
        ),
        Case(
            ([[0.9, 0.8, 0.7]], [{0, 1, 2}], 2),
            1.0,
            "two of two places are hits: no list of length 2 is better",
        ),
        Case(([[0.9, 0.1]], [set()], 1), math.nan, "nobody has a positive: there is nothing to average"),
    ],
    at_random=judged,
    slips=[
        Slip(
            "users without a positive count as 0 in your mean: leave them out",
            ("            continue", "            values.append(0.0)\n            continue"),
        ),
        Slip(
            "users without a positive count as 1 in your mean: leave them out",
            ("            continue", "            values.append(1.0)\n            continue"),
        ),
        Slip("with nobody to average over this divides 0 by 0: answer nan", (" if values else math.nan", "")),
        Slip(
            "nobody had a positive, and you answered 0, as if all lists were bad: answer nan",
            ("else math.nan", "else 0.0"),
        ),
        Slip(
            "your ties go in favour of the positives: a model with equal scores for all would look perfect",
            ("(-row[i], i)", "(-row[i], i not in wanted, i)"),
        ),
        Slip("your ties go by the larger index: the smaller goes first", ("(-row[i], i)", "(-row[i], -i)")),
        Slip("you ranked the lowest score first", ("(-row[i], i)", "(row[i], i)")),
        Slip(
            "the best list has no more than k places: it has min(k, positives) hits",
            ("min(k, len(wanted))", "len(wanted)"),
        ),
        Slip(
            "your best list has k hits: with fewer positives than k nobody can reach that; "
            "it has min(k, positives)",
            ("min(k, len(wanted))", "k"),
        ),
        Slip("this is the DCG: divide by that of the best list", ("gain / best", "gain")),
        Slip("you looked at the whole list: only the first k places count", ("[:k]", "")),
        Slip(
            "rank 1 is discounted by log2(1) = 0 here: the discount of rank r is log2(r + 1)",
            ("1 / math.log2(rank + 2) for rank, i", "1 / math.log2(rank + 1) for rank, i"),
            ("1 / math.log2(rank + 2) for rank in", "1 / math.log2(rank + 1) for rank in"),
        ),
        Slip(
            "hits are not discounted: a hit at rank r counts 1 / log2(r + 1)",
            ("1 / math.log2(rank + 2) for rank, i", "1 for rank, i"),
            ("1 / math.log2(rank + 2) for rank in", "1 for rank in"),
        ),
    ],
    then="break the ties at random many times: what is the expected nDCG of a constant score?",
)
def ndcg(scores: list[list[float]], positives: list[set[int]], k: int) -> float:
    """(U, I) scores, U sets of items -> mean nDCG@k over the users with a positive; nan without any."""
    values = []
    for row, wanted in zip(scores, positives, strict=True):
        if not wanted:
            continue
        ranked = sorted(range(len(row)), key=lambda i: (-row[i], i))[:k]
        gain = sum(1 / math.log2(rank + 2) for rank, i in enumerate(ranked) if i in wanted)
        best = sum(1 / math.log2(rank + 2) for rank in range(min(k, len(wanted))))
        values.append(gain / best)
    return sum(values) / len(values) if values else math.nan
