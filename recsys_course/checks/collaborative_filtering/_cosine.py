"""Cosine of two users, over the items that both rated."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def two_users(rng: Random) -> tuple[dict[int, float], dict[int, float]]:
    """Stars of two users on up to six items."""
    x, y = ({i: float(rng.randint(1, 5)) for i in range(6) if rng.random() < 0.6} for _ in range(2))
    return x, y


@check(
    by_hand=[
        Case(
            ({0: 3.0, 1: 4.0, 2: 5.0}, {0: 4.0, 1: 3.0, 3: 1.0}),
            0.96,
            "both rated items 0 and 1: (3 4 + 4 3) / (sqrt(9 + 16) sqrt(16 + 9)) = 24 / 25",
        ),
        Case(
            ({7: 1.0, 2: 3.0}, {7: 5.0}),
            1.0,
            "one co-rated item: 5 / (1 5) = 1, whatever the two thought of it",
        ),
        Case(({0: 5.0}, {1: 5.0}), 0.0, "nothing is co-rated: answer 0"),
    ],
    at_random=two_users,
    slips=[
        Slip(
            "your norms are over all ratings of a user, as if the other had given 0 stars to the rest: "
            "take them over the co-rated items",
            ("sum(x[i] ** 2 for i in both)", "sum(r**2 for r in x.values())"),
            ("sum(y[i] ** 2 for i in both)", "sum(r**2 for r in y.values())"),
        ),
        Slip("you divided by the squared norms: take the square root", ("math.sqrt(", "(")),
        Slip("without a co-rated item this divides 0 by 0: answer 0", ("if not both:", "if False:")),
        Slip(
            "you took the means off first: that is Pearson, the next exercise",
            (
                "    above =",
                "    means = [sum(r[i] for i in both) / len(both) for r in (x, y)]\n"
                "    x, y = ({i: r[i] - m for i in both} for r, m in zip((x, y), means))\n"
                "    above =",
            ),
            ("return above / below", "return above / below if below else 0.0"),
        ),
        Slip("this is the inner product: divide it by the two norms", (" / below", "")),
    ],
    then="two users who gave (1, 5) and (5, 1): is their cosine what you would call alike?",
)
def cosine(x: dict[int, float], y: dict[int, float]) -> float:
    """Two users' {item: stars} -> cosine over the items that both rated, 0 if there is none."""
    both = x.keys() & y.keys()
    if not both:
        return 0.0
    above = sum(x[i] * y[i] for i in both)
    below = math.sqrt(sum(x[i] ** 2 for i in both) * sum(y[i] ** 2 for i in both))
    return above / below
