"""A ranker's answer as a permutation: repeats and inventions counted, what is missing added."""

from __future__ import annotations

import re
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def an_answer(rng: Random) -> tuple[str, int]:
    """Numbers in some order, a few of them twice, a few outside the list, a few left out."""
    n = rng.choice([1, 3, 4, 11])
    numbers = rng.sample(range(1, n + 1), rng.randrange(0, n + 1))
    numbers += [rng.choice([0, n + 1, 99, *numbers]) for _ in range(rng.randrange(0, 3))]
    rng.shuffle(numbers)
    text = rng.choice([" > ", ", ", "\n"]).join(map(str, numbers))
    return rng.choice(["", "Here is the order:\n", "["]) + text, n


@check(
    by_hand=[
        Case(("3 > 1 > 2", 3), ([2, 0, 1], 0, 0, 0), "number 3 is candidate 2, and so on: a clean answer"),
        Case(
            ("2, 2, 7, 0", 4),
            ([1, 0, 2, 3], 1, 2, 3),
            "2 comes twice; nobody showed it 7 or 0; candidates 0, 2 and 3 are missing and follow as shown",
        ),
        Case(
            ("Sure! [10]\n[1]\n[10]", 11),
            ([9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10], 1, 0, 9),
            "10 is one number, not a 1 and a 0",
        ),
        Case(("I cannot do that.", 2), ([0, 1], 0, 0, 2), "no number at all: the order shown stays"),
        Case(("2, 2, 2, 1", 2), ([1, 0], 2, 0, 0), "three times the same: two repeats"),
        Case(("3 3", 2), ([0, 1], 0, 2, 2), "an invention that comes twice is two inventions, not a repeat"),
    ],
    at_random=an_answer,
    slips=[
        Slip(
            "the prompt counts from 1, your list from 0: number 3 is candidate 2",
            ("int(number) - 1", "int(number)"),
        ),
        Slip(
            "a candidate stands twice in your order: keep its first place and count the repeat",
            ("repeated += 1", "repeated += 1\n            order.append(candidate)"),
        ),
        Slip(
            "a number that nobody showed found its way into the order: it names no candidate; count it",
            ("outside += 1", "outside += 1\n            order.append(candidate)"),
        ),
        Slip(
            "what the answer left out is gone: a permutation has every candidate, add them behind as shown",
            ("return order + missing", "return order"),
        ),
        Slip(
            "you put the missing candidates in front: silence is no praise",
            ("return order + missing", "return missing + order"),
        ),
        Slip("you read digits one by one: 10 is one number", (r"\d+", r"\d")),
        Slip(
            "0 slipped through: with Python's negative indices it means the last candidate",
            ("0 <= candidate < n", "candidate < n"),
        ),
        Slip(
            "the missing candidates keep the order in which they were shown",
            ("return order + missing", "return order + missing[::-1]"),
        ),
    ],
    then="a title contains '1984': what does your parser make of an answer that repeats the titles?",
)
def parse_ranking(text: str, n: int) -> tuple[list[int], int, int, int]:
    """An answer that names candidates 1..n -> (order of 0..n-1, repeats, numbers outside, missing)."""
    order: list[int] = []
    repeated = outside = 0
    for number in re.findall(r"\d+", text):
        candidate = int(number) - 1
        if not 0 <= candidate < n:
            outside += 1
        elif candidate in order:
            repeated += 1
        else:
            order.append(candidate)
    missing = [c for c in range(n) if c not in order]
    return order + missing, repeated, outside, len(missing)
