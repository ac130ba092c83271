"""AUC user by user, weighted by rows."""

from __future__ import annotations

import math
from collections import defaultdict
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def of_several_users(rng: Random) -> tuple[list[int], list[float], list[int]]:
    """Up to fifteen rows of up to three users, in no order, with ties and one-sided users."""
    n = rng.randrange(1, 16)
    share = {user: rng.choice([0.0, 0.3, 0.4, 0.5, 0.6, 1.0]) for user in (2, 5, 7)}
    users = rng.choices([2, 5, 7], weights=[4, 2, 1], k=n)
    labels = [int(rng.random() < share[user]) for user in users]
    return labels, [rng.randint(0, 4) / 2 for _ in range(n)], users


@check(
    by_hand=[
        Case(
            ([1, 0, 0, 0, 1], [3.0, 1.0, 2.0, 9.0, 8.0], [4, 4, 4, 6, 6]),
            (3 * 1.0 + 2 * 0.0) / 5,
            "user 4 (three rows) has AUC 1, user 6 (two rows) 0: (3 x 1 + 2 x 0) / 5",
        ),
        Case(
            ([1, 0, 1, 1], [0.5, 0.5, 0.9, 0.1], [0, 0, 1, 1]),
            1 / 2,
            "user 0 has one tie; user 1 has no negative and is left out, with its weight",
        ),
        Case(([0, 0, 0], [0.1, 0.2, 0.3], [0, 0, 1]), math.nan, "no user has both classes"),
    ],
    at_random=of_several_users,
    slips=[
        Slip(
            "this is the plain mean over users: weight each by the number of their rows",
            ("total += len(members) * won", "total += won"),
            ("weight += len(members)", "weight += 1"),
        ),
        Slip(
            "you weighted by the clicks of a user: weight by all of their rows",
            ("total += len(members) * won", "total += len(positives) * won"),
            ("weight += len(members)", "weight += len(positives)"),
        ),
        Slip(
            "you weighted by the pairs of a user, which gives the heaviest users nearly everything: "
            "weight by their rows",
            ("total += len(members) * won / (len(positives) * len(negatives))", "total += won"),
            ("weight += len(members)", "weight += len(positives) * len(negatives)"),
        ),
        Slip(
            "this is one AUC over all rows: compare a positive with the negatives of the same user only",
            ("rows[user].append(row)", "rows[0].append(row)"),
        ),
        Slip(
            "a user with one class has no AUC; you counted 1/2: leave the user out, weight and all",
            (
                "            continue",
                "            total += len(members) / 2\n"
                "            weight += len(members)\n"
                "            continue",
            ),
        ),
        Slip(
            "the weight of users with one class is in your divisor: leave them out there as well",
            ("            continue", "            weight += len(members)\n            continue"),
        ),
        Slip("a tie counts 0 for you: it counts one half", (" + (p == n) / 2", "")),
        Slip(
            "a user with one class makes this divide by 0: leave the user out",
            ("if not positives or not negatives:", "if False:"),
        ),
        Slip(
            "no user is left and you answered 0, as if all lists were bad: answer nan",
            ("else math.nan", "else 0.0"),
        ),
    ],
    then="add 10 to every score of one user: what becomes of AUC, and what of GAUC?",
)
def gauc(labels: list[int], scores: list[float], users: list[int]) -> float:
    """(N,) labels, scores and users -> mean AUC of the users with both classes, weighted by their rows."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row, user in enumerate(users):
        rows[user].append(row)
    total, weight = 0.0, 0
    for members in rows.values():
        positives = [scores[i] for i in members if labels[i]]
        negatives = [scores[i] for i in members if not labels[i]]
        if not positives or not negatives:
            continue
        won = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
        total += len(members) * won / (len(positives) * len(negatives))
        weight += len(members)
    return total / weight if weight else math.nan
