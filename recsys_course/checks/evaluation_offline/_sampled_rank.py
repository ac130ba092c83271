"""What sampling a few negatives does to a rank."""

from __future__ import annotations

from itertools import combinations
from math import comb
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def drawn(rng: Random) -> tuple[int, int, int, int]:
    """A rank in a catalogue of up to nine items, m negatives of it, and k up to beyond the list."""
    n_items = rng.randrange(2, 10)
    return rng.randrange(1, n_items + 1), n_items, rng.randrange(1, n_items), rng.randrange(1, 5)


def by_listing(rank: int, n_items: int, m: int, k: int) -> tuple[float, float]:
    """Every sample written out: the others are 1..I without ``rank``, those below it stand above."""
    others = [r for r in range(1, n_items + 1) if r != rank]
    ranks = [1 + sum(r < rank for r in sample) for sample in combinations(others, m)]
    return sum(ranks) / len(ranks), sum(r <= k for r in ranks) / len(ranks)


@check(
    by_hand=[
        Case(
            (3, 11, 5, 1),
            (2.0, comb(8, 5) / comb(10, 5)),
            "2 of the 10 others stand above. Of 5 drawn, 5 x 2/10 = 1 does on average: rank 2. "
            "First place needs all 5 from the 8 below: 56/252",
        ),
        Case((1, 50, 10, 1), (1.0, 1.0), "nothing stands above: first in every sample"),
        Case(
            (4, 4, 3, 3), (4.0, 0.0), "all three others are drawn: the rank is the full one, 4, beyond k = 3"
        ),
        Case(
            (3, 5, 2, 2),
            (2.0, 1 - 1 / 6),
            "2 above and 2 below. One of the six pairs holds both above and gives rank 3, else rank 2 or 1",
        ),
    ],
    at_random=drawn,
    oracle=by_listing,
    slips=[
        Slip(
            "the expected rank lacks the item itself: nothing above makes rank 1, not 0",
            ("1 + m * above / others", "m * above / others"),
        ),
        Slip(
            "you count the item itself among the others: there are I - 1",
            ("others = n_items - 1", "others = n_items"),
        ),
        Slip(
            "at rank r, r - 1 items stand above, not r",
            ("above = rank - 1", "above = min(rank, others)"),
        ),
        Slip(
            "you draw with replacement: the m negatives are different items, so count combinations",
            (
                "chance = sum(comb(above, x) * comb(others - above, m - x) for x in range(min(k, m + 1)))",
                "q = above / others\n"
                "    chance = sum(comb(m, x) * q**x * (1 - q) ** (m - x) for x in range(min(k, m + 1)))",
            ),
            ("chance / comb(others, m)", "chance"),
        ),
        Slip(
            "x items above make rank x + 1: within k means x from 0 to k - 1",
            ("range(min(k, m + 1))", "range(min(k + 1, m + 1))"),
        ),
        Slip(
            "x = 0 belongs to it: no drawn item above is the best case",
            ("for x in range(min(k, m + 1))", "for x in range(1, min(k, m + 1))"),
        ),
        Slip(
            "this is the chance of exactly rank k: add up the ranks from 1 to k",
            ("for x in range(min(k, m + 1))", "for x in range(k - 1, min(k, m + 1))"),
        ),
        Slip(
            "you answered whether the expected rank is within k: average the hits, not the ranks",
            ("chance / comb(others, m)", "float(1 + m * above / others <= k)"),
        ),
    ],
    then="rank 40 of 10,000 and m = 100: how often is it first? And rank 400?",
)
def sampled_rank(rank: int, n_items: int, m: int, k: int) -> tuple[float, float]:
    """Full rank among I items; m of the other I - 1 are drawn -> expected rank, chance of rank <= k."""
    others = n_items - 1
    above = rank - 1
    chance = sum(comb(above, x) * comb(others - above, m - x) for x in range(min(k, m + 1)))
    return 1 + m * above / others, chance / comb(others, m)
