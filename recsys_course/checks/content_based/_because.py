"""The words that two items share, by their part of the cosine."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from recsys_course.checks.content_based._words import weights
from recsys_course.checks.engine import Case, Slip, check


def two_items(rng: Random) -> tuple[Any, ...]:
    """Two items as weights of words, and how many reasons are wanted."""
    return weights(rng), weights(rng), rng.randrange(1, 5)


@check(
    by_hand=[
        Case(
            ({"tent": 3.0, "rope": 4.0}, {"rope": 3.0, "tent": 4.0}, 2),
            [("rope", 12 / 25), ("tent", 12 / 25)],
            "both have length 5; each word gives 3 * 4 / 25, and equal parts go by the alphabet",
        ),
        Case(
            ({"tent": 1.0, "rope": 2.0, "oven": 2.0}, {"tent": 4.0, "rope": 3.0}, 1),
            [("rope", 6 / 15)],
            "lengths 3 and 5: rope gives 6/15, tent 4/15; oven is in one of them only",
        ),
        Case(({"tent": 1.0}, {"oven": 1.0}, 3), [], "no word in common: no reason"),
    ],
    at_random=two_items,
    slips=[
        Slip(
            "your lengths are over the shared words only: a word that only one item has makes it longer, too",
            ("for v in a.values()", "for w, v in a.items() if w in b"),
            ("for v in b.values()", "for w, v in b.items() if w in a"),
        ),
        Slip(
            "the parts do not add up to the cosine: divide each product by the two lengths",
            (" / length", ""),
        ),
        Slip(
            "a part of an inner product is the *product* of the two weights, not their sum",
            ("a[w] * b[w]", "(a[w] + b[w])"),
        ),
        Slip(
            "the smaller weight is no part of a cosine: multiply the two",
            ("a[w] * b[w]", "min(a[w], b[w])"),
        ),
        Slip("you give the weakest reasons: the largest part comes first", ("-pair[1]", "pair[1]")),
        Slip("equal parts go by the alphabet", ("(-pair[1], pair[0])", "-pair[1]")),
        Slip("you give every shared word: the n largest are enough", ("[:n]", "")),
        Slip(
            "you chose by the weight in a alone: a word must matter in both",
            ("(-pair[1], pair[0])", "(-a[pair[0]], pair[0])"),
        ),
    ],
    then="make the word `the` ten times as heavy in both items: which reason comes first now?",
)
def because(a: dict[str, float], b: dict[str, float], n: int) -> list[tuple[str, float]]:
    """Two items as word -> weight -> the n words with the largest part of their cosine."""
    length = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
    parts = [(w, a[w] * b[w] / length) for w in a if w in b]
    return sorted(parts, key=lambda pair: (-pair[1], pair[0]))[:n]
