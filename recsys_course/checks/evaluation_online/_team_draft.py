"""Two rankings in one list, as captains pick teams."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def two_rankings(rng: Random) -> tuple[list[int], list[int], int, list[int]]:
    """Rankings of different lengths that share items, a list length, and a coin for each round."""
    a, b = (rng.sample(range(9), rng.randrange(1, 7)) for _ in range(2))
    n = rng.randrange(1, 9)
    return a, b, n, [rng.randrange(2) for _ in range(9)]


@check(
    by_hand=[
        Case(
            ([1, 2, 3], [2, 1, 4], 4, [0, 1]),
            ([1, 2, 4, 3], [0, 1, 1, 0]),
            "round 1: a picks 1, b picks 2; round 2: b first, 1 is taken, so 4; a finds 2 taken, so 3",
        ),
        Case(
            ([5, 6], [7, 8], 3, [1, 0]),
            ([7, 5, 6], [1, 0, 0]),
            "the list is full in the middle of round 2: b does not get its turn",
        ),
        Case(
            ([1], [1, 2, 3], 5, [1, 1, 1]),
            ([1, 2, 3], [1, 1, 1]),
            "b picks 1 first, so a has nothing left and passes; the list ends when both are empty",
        ),
        Case(
            ([3, 4, 5], [3, 6, 7], 4, [0, 0]),
            ([3, 6, 4, 7], [0, 1, 0, 1]),
            "both want 3; a has the first pick, and b takes its next best",
        ),
    ],
    at_random=two_rankings,
    slips=[
        Slip("you let a pick first in every round: the coin decides", ("(first, 1 - first)", "(0, 1)")),
        Slip(
            "you took the coin to say who picks alone: in every round both pick, the coin says who is first",
            ("(first, 1 - first)", "(first,)"),
        ),
        Slip(
            "an item stands in your list twice: each team picks among what is left",
            (" if item not in items", " if item not in [i for i, t in zip(items, teams) if t == team]"),
        ),
        Slip(
            "a team whose next item was taken lost its turn: it picks its best that is left",
            (
                "left = [item for item in (a, b)[team] if item not in items]",
                "left = [item for item in (a, b)[team][teams.count(team):][:1] if item not in items]",
            ),
        ),
        Slip("your list is longer than n: stop in the middle of a round, too", (" and len(items) < n", "")),
        Slip("a team picks its worst item here: the best that is left goes first", ("left[0]", "left[-1]")),
        Slip(
            "the teams are turned round: 0 is a, 1 is b",
            ("teams.append(team)", "teams.append(1 - team)"),
        ),
        Slip(
            "an item that both rank is nobody's in your list: it belongs to the team that picked it",
            ("teams.append(team)", "teams.append(-1 if left[0] in a and left[0] in b else team)"),
        ),
    ],
    then="what would be unfair if a picked first in every round and people look at the top most?",
)
def team_draft(a: list[int], b: list[int], n: int, coins: list[int]) -> tuple[list[int], list[int]]:
    """Rankings a and b, list length, who picks first (0 or 1) in each round -> items, and their teams."""
    items: list[int] = []
    teams: list[int] = []
    for first in coins:
        for team in (first, 1 - first):
            left = [item for item in (a, b)[team] if item not in items]
            if left and len(items) < n:
                items.append(left[0])
                teams.append(team)
    return items, teams
