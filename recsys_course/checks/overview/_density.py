"""How full a log is, and how many pairs of users can be compared at all."""

from __future__ import annotations

from itertools import combinations, permutations  # noqa: F401  (permutations: a slip)
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def a_log(rng: Random) -> tuple[list[tuple[int, int]], int, int]:
    """Up to twelve events, repeats among them; a user and an item of the id space may have none."""
    n_users, n_items = rng.randrange(3, 7), rng.randrange(2, 8)
    events = [(rng.randrange(n_users), rng.randrange(n_items)) for _ in range(rng.randrange(13))]
    return events, n_users, n_items


@check(
    by_hand=[
        Case(
            ([(0, 0), (0, 1), (1, 1), (1, 1), (2, 3)], 4, 5),
            (4 / 20, 1 / 6),
            "four cells of 4 x 5 are filled, for (1, 1) is one cell; of the six pairs of users "
            "only 0 and 1 share an item, and user 3 shares none with anybody",
        ),
        Case(
            ([(0, 0), (1, 0), (2, 0), (2, 1)], 3, 2),
            (4 / 6, 3 / 3),
            "four cells of six; all three users met item 0, so every pair shares it",
        ),
        Case(([], 5, 7), (0.0, 0.0), "nothing happened: no cell is filled and no pair shares anything"),
    ],
    at_random=a_log,
    slips=[
        Slip(
            "you counted a repeated pair twice: a cell is filled or it is not",
            (
                "sum(len(items) for items in met.values()) / (n_users * n_items)",
                "len(events) / (n_users * n_items)",
            ),
        ),
        Slip(
            "you divided by the users and items that occur: those without an event have empty cells, too",
            (
                "/ (n_users * n_items)",
                "/ max(len(met) * len({item for _, item in events}), 1)",
            ),
        ),
        Slip(
            "this is the sparsity, the share of empty cells: density is one minus it",
            ("    return filled,", "    return 1 - filled,"),
        ),
        Slip(
            "you divided by the pairs of the users who occur: all users can be paired, U (U - 1) / 2",
            ("n_users * (n_users - 1) / 2", "max(len(met) * (len(met) - 1) / 2, 1)"),
        ),
        Slip(
            "you divided by U squared: a user makes no pair with themselves, and (u, v) is (v, u)",
            ("n_users * (n_users - 1) / 2", "n_users**2"),
        ),
        Slip(
            "you counted each pair of users in both orders: u with v is v with u",
            ("combinations(met.values(), 2)", "permutations(met.values(), 2)"),
        ),
        Slip(
            "you counted every pair of users that occurs: only those with an item in common can be compared",
            (" if a & b", ""),
        ),
        Slip(
            "you counted the items that pairs share, not the pairs: two users with five items in common "
            "are one pair",
            ("sum(1 for", "sum(len(a & b) for"),
        ),
    ],
    then="with ten times as many items and as many clicks: what becomes of the two shares?",
)
def density(events: list[tuple[int, int]], n_users: int, n_items: int) -> tuple[float, float]:
    """(user, item) events -> share of cells filled, share of the pairs of users with an item in common."""
    met: dict[int, set[int]] = {}
    for user, item in events:
        met.setdefault(user, set()).add(item)
    filled = sum(len(items) for items in met.values()) / (n_users * n_items)
    together = sum(1 for a, b in combinations(met.values(), 2) if a & b)
    return filled, together / (n_users * (n_users - 1) / 2)
