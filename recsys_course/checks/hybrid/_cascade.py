"""A cheap recommender first, a dear one for the few that are left."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def two_members(rng: Random) -> tuple[list[float], list[float], int]:
    """Scores of two members, with ties, and a depth that may pass the catalogue."""
    n = rng.randrange(1, 8)
    first, second = ([float(rng.randrange(5)) for _ in range(n)] for _ in range(2))
    return first, second, rng.randrange(0, n + 2)


@check(
    by_hand=[
        Case(
            ([0.9, 0.8, 0.1, 0.7], [1.0, 2.0, 9.0, 3.0], 3),
            [3, 1, 0, 2],
            "the first member lets 0, 1, 3 through; the second puts 3 before 1 before 0; item 2 was cut, "
            "though "
            "the second loves it",
        ),
        Case(
            ([0.2, 0.9, 0.5, 0.7], [5.0, 5.0, 1.0, 5.0], 2),
            [1, 3, 2, 0],
            "through come 1 and 3; equal to the second, they keep the first's order; then 2 and 0 as the "
            "first has them",
        ),
        Case(
            ([1.0, 1.0, 1.0], [0.0, 2.0, 3.0], 2),
            [1, 0, 2],
            "equal to the first: 0 and 1 come through, by code",
        ),
        Case(([3.0, 1.0, 2.0], [0.0, 9.0, 5.0], 0), [0, 2, 1], "depth 0: the first alone"),
        Case(
            ([3.0, 1.0, 2.0], [0.0, 9.0, 5.0], 9), [1, 2, 0], "depth beyond the catalogue: the second alone"
        ),
    ],
    at_random=two_members,
    slips=[
        Slip(
            "the second ordered the whole catalogue: it sees the first `depth` items only, that is what "
            "makes it cheap",
            ("order[:depth], key", "order, key"),
            ("order[depth:]", "[]"),
        ),
        Slip(
            "the rest is missing: behind the shortlist the first member's order goes on",
            (" + order[depth:]", ""),
        ),
        Slip(
            "you ordered the rest by the second member, which never scored it",
            ("order[depth:]", "sorted(order[depth:], key=lambda i: -second[i])"),
        ),
        Slip(
            "the order of the shortlist is still the first's: the second orders it anew",
            ("sorted(order[:depth], key=lambda i: -second[i])", "order[:depth]"),
        ),
        Slip(
            "items equal to the second went by code: they keep the order that the first gave them",
            ("key=lambda i: -second[i]", "key=lambda i: (-second[i], i)"),
        ),
        Slip(
            "you took positions in the shortlist for item codes: score the items that stand there",
            (
                "sorted(order[:depth], key=lambda i: -second[i])",
                "[j for j, _ in sorted(enumerate(order[:depth]), key=lambda pair: -second[pair[1]])]",
            ),
        ),
        Slip(
            "your order is the wrong way round: the highest score goes first",
            ("-first[i]", "first[i]"),
            ("-second[i]", "second[i]"),
        ),
        Slip(
            "the members are swapped: the first chooses, the second orders",
            ("-first[i]", "-second[i]"),
            ("order[:depth], key=lambda i: -second[i]", "order[:depth], key=lambda i: -first[i]"),
        ),
    ],
    then=(
        "the second member costs 5 ms an item and you have 100 ms: which depth, and how do you learn what it "
        "costs in quality?"
    ),
)
def cascade(first: list[float], second: list[float], depth: int) -> list[int]:
    """Scores of two members -> all items: the first's best `depth`, ordered by the second, then the rest."""
    order = sorted(range(len(first)), key=lambda i: -first[i])
    shortlist = sorted(order[:depth], key=lambda i: -second[i])
    return shortlist + order[depth:]
