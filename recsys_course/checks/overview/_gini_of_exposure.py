"""The Gini coefficient of what is shown, over the whole catalogue."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def shown(rng: Random) -> tuple[list[list[int]], int]:
    """Lists for up to five users, padded with -1 now and then; some items are never listed."""
    n_items = rng.randrange(3, 8)
    lists = []
    for _ in range(rng.randrange(1, 6)):
        ranked = rng.sample(range(n_items), 3)
        padded = rng.choice([0, 0, 1, 2])
        lists.append(ranked[: 3 - padded] + [-1] * padded)
    return lists, n_items


@check(
    by_hand=[
        Case(
            ([[0, 1], [0, 2], [0, 1]], 4),
            (3 * 3 + 1 * 2 - 1 * 1 - 3 * 0) / (4 * 6),
            "items 0 to 3 are shown 3, 2, 1, 0 times; sorted 0, 1, 2, 3 with weights -3, -1, 1, 3: "
            "10 over 4 items times 6 places",
        ),
        Case(([[0, 1], [2, 3], [1, 0], [3, 2]], 4), 0.0, "every item is shown twice: all are equal"),
        Case(([[2, -1], [2, -1]], 5), 0.8, "one of five items has everything: 1 - 1/5; -1 is an empty place"),
        Case(([[-1, -1]], 3), math.nan, "nothing is shown: there is nothing to be unequal"),
    ],
    at_random=shown,
    slips=[
        Slip(
            "you left out the items that are never shown: they are what inequality is about",
            (
                "    counts.sort()",
                "    counts = [c for c in counts if c]\n    n_items = len(counts)\n    counts.sort()",
            ),
        ),
        Slip(
            "the padding -1 counts as an item in yours (in Python counts[-1] is the last): skip it",
            ("            if item >= 0:\n                counts[item] += 1", "            counts[item] += 1"),
        ),
        Slip(
            "your counts are not sorted: the weight belongs to the rank",
            ("    counts.sort()\n", ""),
        ),
        Slip(
            "you sorted from large to small: that turns the sign round",
            ("counts.sort()", "counts.sort(reverse=True)"),
        ),
        Slip(
            "your ranks start at 0: the smallest count has rank 1",
            ("enumerate(counts, 1)", "enumerate(counts)"),
        ),
        Slip(
            "you divided by the total alone: divide by the items times the total",
            ("(n_items * total)", "total"),
        ),
        Slip(
            "this is twice the coefficient: half the mean difference of all pairs, over the mean",
            ("(n_items * total)", "(n_items * total) * 2"),
        ),
        Slip(
            "nothing was shown, and you answered 0, as if all were treated alike: answer nan",
            ("return math.nan", "return 0.0"),
        ),
    ],
    then="which recommender has the lowest Gini of all, and would you ship it?",
)
def gini_of_exposure(lists: list[list[int]], n_items: int) -> float:
    """Recommended lists, padded with -1 -> Gini coefficient of how often each of I items is shown."""
    counts = [0] * n_items
    for shown in lists:
        for item in shown:
            if item >= 0:
                counts[item] += 1
    total = sum(counts)
    if total == 0:
        return math.nan
    counts.sort()
    weighted = sum((2 * rank - n_items - 1) * count for rank, count in enumerate(counts, 1))
    return weighted / (n_items * total)
