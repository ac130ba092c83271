"""What 7 : 3 really is: a weight times the spread of what it weighs."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def members(rng: Random) -> tuple[list[float], list[list[float]]]:
    """Two to four members with scales of their own; some say the same of every item."""
    n_items = rng.randrange(2, 6)
    n = rng.randrange(2, 5)
    scores = []
    for _ in range(n):
        scale, level = 10.0 ** rng.randrange(-1, 3), rng.choice([0.0, 3.0, -20.0])
        flat = rng.random() < 0.15
        scores.append([level + (0.0 if flat else scale * rng.randrange(-3, 4)) for _ in range(n_items)])
    return [rng.choice([0.1, 0.3, 0.5, 0.7]) for _ in range(n)], scores


@check(
    by_hand=[
        Case(
            ([0.7, 0.3], [[0.2, 0.4, 0.6], [30.0, 10.0, 20.0]]),
            [0.14 / 3.14, 3.0 / 3.14],
            "the spreads are sqrt(2/3) times 0.2 and 10; 0.7 0.2 = 0.14 and 0.3 10 = 3: the 7 of 7 : 3 "
            "decides 4 %",
        ),
        Case(
            ([0.5, 0.5], [[1.0, 3.0], [101.0, 103.0]]),
            [0.5, 0.5],
            "a level of 100 moves no item past another: only spreads count, and they are equal",
        ),
        Case(
            ([0.9, 0.1], [[5.0, 5.0, 5.0], [1.0, 2.0, 3.0]]),
            [0.0, 1.0],
            "a member that scores all items alike decides nothing, whatever its weight",
        ),
        Case(([0.5, 0.5], [[1.0, 1.0], [2.0, 2.0]]), [0.0, 0.0], "nobody spreads, so nobody decides"),
    ],
    at_random=members,
    slips=[
        Slip(
            "you took the size of the scores (their mean or largest) for their spread: a constant added "
            "to all "
            "scores changes no order",
            ("math.sqrt(sum((s - mean) ** 2 for s in row) / len(row))", "abs(mean)"),
        ),
        Slip(
            "you took the variance: a weighted sum weighs the scores themselves, so take the standard "
            "deviation",
            (
                "math.sqrt(sum((s - mean) ** 2 for s in row) / len(row))",
                "sum((s - mean) ** 2 for s in row) / len(row)",
            ),
        ),
        Slip(
            "you took the range, largest minus smallest: one item far off then speaks for all; take the "
            "standard deviation",
            ("math.sqrt(sum((s - mean) ** 2 for s in row) / len(row))", "max(row) - min(row)"),
        ),
        Slip("the shares do not add up to 1: divide by their sum", ("p / total", "p")),
        Slip(
            "you gave back the weights as they were set: multiply each by the spread of its member",
            ("w * spread", "w"),
        ),
        Slip("the weights are missing: this is the share of the spreads alone", ("w * spread", "spread")),
        Slip(
            "you divided by the spread: that is the remedy; the question is what happens without it",
            ("w * spread", "w / spread if spread else 0.0"),
        ),
        Slip(
            "0 / 0 where no member spreads: answer 0 for all",
            (" if total > 0 else 0.0", ""),
        ),
    ],
    then="which weights would make the first case a true 7 : 3 without touching the scores?",
)
def effective_weights(weights: list[float], scores: list[list[float]]) -> list[float]:
    """M weights, M rows of I scores of one user -> M shares of the spread, adding up to 1."""
    parts = []
    for w, row in zip(weights, scores, strict=True):
        mean = sum(row) / len(row)
        spread = math.sqrt(sum((s - mean) ** 2 for s in row) / len(row))
        parts.append(w * spread)
    total = sum(parts)
    return [p / total if total > 0 else 0.0 for p in parts]
