"""Jaccard similarity from inverted lists."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations  # noqa: F401  (permutations: a slip)

from recsys_course.checks.collaborative_filtering._lists import histories
from recsys_course.checks.engine import Case, Slip, check


@check(
    by_hand=[
        Case(
            ([[0, 1], [1, 0, 2], [1]],),
            {(0, 1): 2 / 3, (0, 2): 1 / 2, (1, 2): 1 / 3},
            "items 0, 1, 2 were met by 2, 3, 1 users; 0 and 1 share 2 of 3, 0 and 2 share 1 of 2, "
            "1 and 2 share 1 of 3",
        ),
        Case(([[0, 0, 1], [1, 1]],), {(0, 1): 1 / 2}, "a repeat is the same user: 1 shared of 2 users"),
        Case(([[0], [1], []],), {}, "no user met two items: no pair has a similarity"),
    ],
    at_random=lambda rng: (histories(rng),),
    slips=[
        Slip(
            "you counted repeats: a user who met an item three times is one user of it",
            ("sorted(set(history))", "sorted(history)"),
        ),
        Slip(
            "you divided by |A| + |B|, which counts the shared users twice: take the union",
            (" - n)", ")"),
        ),
        Slip(
            "you divided by the smaller set (the overlap coefficient): Jaccard divides by the union",
            ("(count[i] + count[j] - n)", "min(count[i], count[j])"),
        ),
        Slip(
            "you counted users in common, and did not divide by the union",
            (" / (count[i] + count[j] - n)", ""),
        ),
        Slip(
            "your pairs stand in the order of the history: sort, so that each pair has one key (i < j)",
            ("sorted(set(history))", "list(dict.fromkeys(history))"),
        ),
        Slip(
            "you keep each pair twice: keep (i, j) with i < j only",
            ("combinations(items, 2)", "permutations(items, 2)"),
        ),
    ],
    then="which user costs most here, and would you miss that user?",
)
def jaccard(histories: list[list[int]]) -> dict[tuple[int, int], float]:
    """U lists of item codes -> {(i, j): |A and B| / |A or B|}, i < j, pairs in common only."""
    count: Counter[int] = Counter()
    together: Counter[tuple[int, int]] = Counter()
    for history in histories:
        items = sorted(set(history))
        count.update(items)
        together.update(combinations(items, 2))
    return {(i, j): n / (count[i] + count[j] - n) for (i, j), n in together.items()}
