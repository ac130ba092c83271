"""MAP@k, with the divisor that lets a perfect list score 1."""

from __future__ import annotations

import math

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_offline._lists import judged


@check(
    by_hand=[
        Case(
            ([[7, 1, 8, 2, 9]], [{7, 2, 5}], 5),
            (1 / 1 + 2 / 4) / 3,
            "hits at ranks 1 and 4: precision there 1/1 and 2/4; three items are relevant, so divide by 3",
        ),
        Case(
            ([[0, 1, 2]], [{0, 1, 2, 3, 4}], 3),
            1.0,
            "three places, three hits: no list of length 3 is better, so divide by min(3, 5)",
        ),
        Case(
            ([[0, 1], [2, 3], [4, 5]], [{1}, set(), {6}], 2),
            (1 / 2 + 0) / 2,
            "the second user cannot be judged; the third has no hit and counts with 0",
        ),
        Case(([[0, 1]], [set()], 2), math.nan, "nobody can be judged"),
    ],
    at_random=judged,
    slips=[
        Slip(
            "you divided by the hits: a list with one hit at the top and nothing else would score 1; "
            "divide by min(k, relevant items)",
            ("gain / min(k, len(wanted))", "gain / hits if hits else 0.0"),
        ),
        Slip(
            "you divided by k: with fewer relevant items than k nobody reaches 1; divide by min(k, relevant)",
            ("gain / min(k, len(wanted))", "gain / k"),
        ),
        Slip(
            "you divided by all relevant items: where they are more than k, a perfect list stays below 1; "
            "divide by min(k, relevant)",
            ("gain / min(k, len(wanted))", "gain / len(wanted)"),
        ),
        Slip(
            "you divided by the length of the list: divide by min(k, relevant)",
            ("gain / min(k, len(wanted))", "gain / max(len(ranked[:k]), 1)"),
        ),
        Slip(
            "you added the precision at every rank: only the ranks with a hit count",
            (
                "                hits += 1\n                gain += hits / rank",
                "                hits += 1\n            gain += hits / rank",
            ),
        ),
        Slip(
            "your precision at a hit does not count that hit: raise the count first",
            (
                "                hits += 1\n                gain += hits / rank",
                "                gain += hits / rank\n                hits += 1",
            ),
        ),
        Slip(
            "you added 1 / rank at each hit: the precision there is hits so far / rank",
            ("gain += hits / rank", "gain += 1 / rank"),
        ),
        Slip("you looked at the whole list: only the first k places count", ("ranked[:k]", "ranked")),
        Slip(
            "users without a relevant item count as 0 in your mean: leave them out",
            ("            continue", "            values.append(0.0)\n            continue"),
        ),
        Slip("with nobody to average over this divides 0 by 0: answer nan", (" if values else math.nan", "")),
    ],
    then="a hit moves from rank 2 to rank 1, another from rank 10 to rank 9: which changes MAP more?",
)
def mean_average_precision(lists: list[list[int]], relevant: list[set[int]], k: int) -> float:
    """U lists, best first; U sets of relevant items; k -> MAP@k over the users with a relevant item."""
    values = []
    for ranked, wanted in zip(lists, relevant, strict=True):
        if not wanted:
            continue
        hits, gain = 0, 0.0
        for rank, item in enumerate(ranked[:k], 1):
            if item in wanted:
                hits += 1
                gain += hits / rank
        values.append(gain / min(k, len(wanted)))
    return sum(values) / len(values) if values else math.nan
