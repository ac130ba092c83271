"""Mean reciprocal rank."""

from __future__ import annotations

import math

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_offline._lists import judged


@check(
    by_hand=[
        Case(
            ([[5, 3, 8], [2, 6, 1], [4, 0, 7]], [{3, 8}, {2}, {9}], 3),
            (1 / 2 + 1 + 0) / 3,
            "first hits at rank 2 and rank 1, and none: (1/2 + 1 + 0) / 3",
        ),
        Case(([[5, 3, 8]], [{8}], 2), 0.0, "the hit stands at rank 3, beyond k = 2"),
        Case(
            ([[5, 3], [1, 2]], [{3}, set()], 2),
            1 / 2,
            "nothing is relevant for the second user: the mean is over the first alone",
        ),
        Case(([[5, 3]], [set()], 2), math.nan, "nobody can be judged"),
    ],
    at_random=judged,
    slips=[
        Slip(
            "your ranks start at 0: the first place is rank 1, so a hit there gives 1",
            ("(ranked[:k], 1)", "(ranked[:k], 0)"),
            ("1 / first if first else 0.0", "0.0 if first is None else 1 / first"),
        ),
        Slip(
            "you took 1 / (rank + 1): a hit in the first place must give 1",
            ("1 / first if", "1 / (first + 1) if"),
        ),
        Slip(
            "you took the last hit: the user stops at the first",
            ("next(ranks, None)", "max(ranks, default=None)"),
        ),
        Slip(
            "you added up 1 / rank over all hits: only the first one counts",
            ("first = next(ranks, None)", "total = sum(1 / rank for rank in ranks)"),
            ("1 / first if first else 0.0", "total"),
        ),
        Slip(
            "this is 1 over the mean rank: take each user's 1 / rank, then the mean",
            ("values.append(1 / first if first else 0.0)", "values.append(first or k + 1)"),
            ("sum(values) / len(values)", "len(values) / sum(values)"),
        ),
        Slip(
            "users without a hit are missing from your mean: they count, with 0",
            ("values.append(1 / first if first else 0.0)", "values.extend([1 / first] if first else [])"),
            (" if values else math.nan", " if values else 0.0 if any(relevant) else math.nan"),
        ),
        Slip("you looked at the whole list: only the first k places count", ("[:k]", "")),
        Slip(
            "users without a relevant item count as 0 in your mean: leave them out",
            ("            continue", "            values.append(0.0)\n            continue"),
        ),
        Slip("with nobody to average over this divides 0 by 0: answer nan", (" if values else math.nan", "")),
    ],
    then="two lists have their first hit at rank 1, one of them has a second one: can MRR tell them apart?",
)
def mrr(lists: list[list[int]], relevant: list[set[int]], k: int) -> float:
    """U lists, best first; U sets of relevant items; k -> mean of 1 / rank of the first hit, 0 for none."""
    values = []
    for ranked, wanted in zip(lists, relevant, strict=True):
        if not wanted:
            continue
        ranks = (rank for rank, item in enumerate(ranked[:k], 1) if item in wanted)
        first = next(ranks, None)
        values.append(1 / first if first else 0.0)
    return sum(values) / len(values) if values else math.nan
