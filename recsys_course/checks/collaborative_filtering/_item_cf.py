"""Item-based recommendation from inverted lists."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import sqrt
from random import Random

from recsys_course.checks.collaborative_filtering._lists import histories
from recsys_course.checks.engine import Case, Slip, check


def log_and_user(rng: Random) -> tuple[list[list[int]], int]:
    """Histories and one of their users."""
    log = histories(rng)
    return log, rng.randrange(len(log))


@check(
    by_hand=[
        Case(
            ([[0], [0, 1], [1, 2], [0, 1, 3]], 0),
            {1: 2 / 3, 3: 1 / 3**0.5},
            "item 0 has users 0, 1, 3. Item 1 shares two of them and has 3 users: 2 / sqrt(3 3); "
            "item 3 shares one and has 1: 1 / sqrt(3 1); item 2 shares none",
        ),
        Case(
            ([[0, 1], [0, 2], [1, 2]], 0),
            {2: 1.0},
            "item 2 shares one user with item 0 and one with item 1, all have 2 users: 1/2 + 1/2",
        ),
        Case(([[0, 0], [0, 1, 1]], 0), {1: 1 / 2**0.5}, "repeats count once: 1 shared user, 1 / sqrt(2 1)"),
        Case(([[], [0, 1]], 0), {}, "a user without history has no items to start from"),
    ],
    at_random=log_and_user,
    slips=[
        Slip(
            "the user's own items are among the answers: score what the user has not met",
            ("set(histories[v]) - mine", "set(histories[v]) - {i}"),
        ),
        Slip(
            "you counted repeats: a user who met an item three times is one user of it",
            ("defaultdict(set)", "defaultdict(list)"),
            ("users_of[i].add(v)", "users_of[i].append(v)"),
        ),
        Slip(
            "you summed users in common: divide by the square root of both numbers of users, "
            "or whatever is popular comes first",
            (" / sqrt(len(users_of[i]) * len(users_of[j]))", ""),
        ),
        Slip(
            "you divided by the users of the user's item alone: popular candidates then resemble everything",
            ("sqrt(len(users_of[i]) * len(users_of[j]))", "len(users_of[i])"),
        ),
        Slip(
            "you divided by the product of the two numbers of users: take its square root",
            ("sqrt(len(users_of[i]) * len(users_of[j]))", "(len(users_of[i]) * len(users_of[j]))"),
        ),
        Slip(
            "this is Jaccard: the cosine divides by the root of the product of the two numbers of users",
            ("sqrt(len(users_of[i]) * len(users_of[j]))", "len(users_of[i] | users_of[j])"),
        ),
        Slip("you kept the last similarity of a candidate: add them up", ("scores[j] +=", "scores[j] =")),
    ],
    then="cap the histories at 100 items: whose recommendations change, and how much work is saved?",
)
def item_cf(histories: list[list[int]], u: int) -> dict[int, float]:
    """U lists of item codes -> {item that u has not met: sum of its cosines with u's items}."""
    users_of: dict[int, set[int]] = defaultdict(set)  # the inverted lists
    for v, history in enumerate(histories):
        for i in history:
            users_of[i].add(v)
    mine = set(histories[u])
    scores: dict[int, float] = defaultdict(float)
    for i in mine:
        together = Counter(j for v in users_of[i] for j in set(histories[v]) - mine)
        for j, n in together.items():
            scores[j] += n / sqrt(len(users_of[i]) * len(users_of[j]))
    return dict(scores)
