"""Precision and recall of one list."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_offline._lists import liked, ranked_list


def one_list(rng: Random) -> tuple[list[int], set[int], int]:
    """A list, what is relevant, and k from 1 to beyond the list."""
    return ranked_list(rng), liked(rng), rng.choice([1, 2, 3, 5, 8])


@check(
    by_hand=[
        Case(
            ([4, 0, 7, 2, 9], {0, 2, 5}, 5),
            (2 / 5, 2 / 3),
            "items 0 and 2 are hits: 2 of 5 places, and 2 of the 3 relevant items",
        ),
        Case(
            ([4, 0, 7, 2, 9], {0, 2, 5}, 2),
            (1 / 2, 1 / 3),
            "of the first two places one is a hit; item 2 at rank 4 no longer counts",
        ),
        Case(
            ([3, 1], {1, 2}, 4),
            (1 / 4, 1 / 2),
            "the list is short: two of its four places stay empty, and an empty place is no hit",
        ),
        Case(([3, 1], set(), 2), (math.nan, math.nan), "nothing is relevant: the list cannot be judged"),
        Case(([], {1, 2}, 2), (0.0, 0.0), "an empty list has no hit"),
    ],
    at_random=one_list,
    slips=[
        Slip(
            "you divided by the items listed: an empty place of a short list is a miss, so divide by k",
            ("hits / k", "hits / max(len(ranked[:k]), 1)"),
        ),
        Slip("you looked at the whole list: only the first k places count", ("[:k]", "")),
        Slip(
            "you gave recall first: the order is precision, recall",
            ("return hits / k, hits / len(relevant)", "return hits / len(relevant), hits / k"),
        ),
        Slip(
            "your recall is divided by min(k, relevant): that is a recall which a short list can make 1; "
            "the recall of this exercise divides by all relevant items",
            ("hits / len(relevant)", "hits / min(k, len(relevant))"),
        ),
        Slip(
            "a list of a user without relevant items got 0: nothing could have been found, so answer nan",
            ("return math.nan, math.nan", "return 0.0, 0.0"),
        ),
        Slip(
            "without relevant items precision can be computed but means nothing: answer nan for both",
            ("return math.nan, math.nan", "return 0.0, math.nan"),
        ),
        Slip("without relevant items this divides by 0: answer nan", ("if not relevant:", "if False:")),
    ],
    then="which k gives the largest precision, which the largest recall, and which would you report?",
)
def precision_recall(ranked: list[int], relevant: set[int], k: int) -> tuple[float, float]:
    """Item codes, best first; the relevant items; k -> precision@k and recall@k, nan if none is relevant."""
    if not relevant:
        return math.nan, math.nan
    hits = sum(item in relevant for item in ranked[:k])
    return hits / k, hits / len(relevant)
