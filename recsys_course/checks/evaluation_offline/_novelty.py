"""Self-information: how unlikely is a listed item to be known?"""

from __future__ import annotations

import math
from collections import Counter
from random import Random

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_offline._lists import ranked_list


def lists_and_histories(rng: Random) -> tuple[list[list[int]], list[list[int]]]:
    """Up to three lists; two to five histories with repeats, some empty, in which some items never occur."""
    histories = [rng.choices(range(7), k=rng.randrange(6)) for _ in range(rng.randrange(2, 6))]
    return [ranked_list(rng) for _ in range(rng.randrange(1, 4))], histories


@check(
    by_hand=[
        Case(
            ([[0, 1]], [[0], [0, 1], [0], [0, 2]]),
            (0 + 2) / 2,
            "all 4 users met item 0: 0 bits; one of 4 met item 1: -log2(1/4) = 2 bits",
        ),
        Case(
            ([[1], [0]], [[1, 1, 1], [0]]),
            1.0,
            "three clicks of one user are one user of two: 1 bit, and 1 bit for item 0",
        ),
        Case(([[0]], [[0], [], [], []]), 2.0, "one of four met item 0: 2 bits; who has no history is a user"),
        Case(
            ([[5, 0]], [[0], [0], [0], [0]]),
            (2 + 0) / 2,
            "nobody met item 5: count it as met by one user, -log2(1/4) = 2, since log2(0) is no number",
        ),
        Case(
            ([[0, 0 + 1, 2], [0], []], [[0, 1], [0, 2]]),
            ((0 + 1 + 1) / 3 + 0) / 2,
            "per list first: 2/3 and 0; the empty list is left out",
        ),
        Case(([[]], [[0], [1]]), math.nan, "no list holds an item"),
    ],
    at_random=lists_and_histories,
    slips=[
        Slip(
            "your unit is the nat: take the logarithm to base 2, so that half of the users is 1 bit",
            ("math.log2(", "math.log("),
        ),
        Slip(
            "you counted clicks: an item's chance to be known is the share of users who met it",
            ("count.update(set(history))", "count.update(history)"),
        ),
        Slip(
            "you took the share of all clicks: divide by the number of users",
            ("n_users = len(histories)", "n_users = sum(len(set(history)) for history in histories)"),
        ),
        Slip(
            "this is the popularity of the list: the rare is the new, so take minus the logarithm",
            ("math.log2(n_users / max(count[i], 1))", "max(count[i], 1) / n_users"),
        ),
        Slip(
            "the sign is wrong: -log2 of a share is positive",
            ("n_users / max(count[i], 1)", "max(count[i], 1) / n_users"),
        ),
        Slip(
            "an item that nobody met has the share 0, and log2(0) is no number: count it as met by one user",
            ("max(count[i], 1)", "count[i]"),
        ),
        Slip(
            "you left out items that nobody met: they are the newest of all; count them as met by one user",
            ("for i in ranked]", "for i in ranked if count[i]]"),
            ("if not ranked:", "if not any(count[i] for i in ranked):"),
        ),
        Slip(
            "you took the mean over all listed items at once: first within a list, then over the lists",
            ("values.append(sum(bits) / len(bits))", "values.extend(bits)"),
        ),
        Slip(
            "an empty list counts as 0 in your mean: leave it out",
            ("            continue", "            values.append(0.0)\n            continue"),
        ),
    ],
    then="which single item, shown to everybody, makes this number as large as it can be?",
)
def novelty(lists: list[list[int]], histories: list[list[int]]) -> float:
    """Lists of item codes; what each user met -> mean over lists of the mean -log2 share of users."""
    n_users = len(histories)
    count: Counter[int] = Counter()
    for history in histories:
        count.update(set(history))
    values = []
    for ranked in lists:
        if not ranked:
            continue
        bits = [math.log2(n_users / max(count[i], 1)) for i in ranked]
        values.append(sum(bits) / len(bits))
    return sum(values) / len(values) if values else math.nan
