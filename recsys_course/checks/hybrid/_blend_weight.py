"""The best weight of two members, from their errors: is a blend worth it?"""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def two_errors(rng: Random) -> tuple[list[float], list[float]]:
    """Errors of two members on the same pairs: alike, opposite, one a multiple of the other, or the same."""
    n = rng.randrange(2, 7)
    a = [float(rng.randrange(-3, 4)) for _ in range(n)]
    kind = rng.randrange(4)
    if kind == 0:
        return a, list(a)
    mixed = [rng.choice([0.0, 0.5, 2.0]) * x + rng.randrange(-2, 3) for x in a]
    return (a, mixed) if kind < 3 else (mixed, a)


@check(
    by_hand=[
        Case(
            ([1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0]),
            (0.5, math.sqrt(0.5)),
            "both err by 1, uncorrelated: half each, and the squared error halves: (1, 0, 0, -1)",
        ),
        Case(
            ([2.0, 0.0], [0.0, 1.0]),
            (0.2, math.sqrt(0.4)),
            "squares 4 and 1, product 0: w = 1 / 5; errors 0.4 and 0.8, mean square 0.4, under the "
            "better one's 0.5",
        ),
        Case(
            ([1.0, 2.0], [2.0, 4.0]),
            (1.0, math.sqrt(2.5)),
            "the second errs as the first does, twice as much: (20 - 10) / (5 + 20 - 20) = 2, cut to 1: "
            "the first alone",
        ),
        Case(
            ([1.0, -2.0], [1.0, -2.0]),
            (0.5, math.sqrt(2.5)),
            "the same errors: every weight is as good, say half",
        ),
        Case(
            ([3.0, 1.0], [1.0, 1.0]),
            (0.0, 1.0),
            "w = (2 - 4) / (10 + 2 - 8) = -1/2, cut to 0: the first only adds error",
        ),
        Case(([1.0, -1.0], [-1.0, 1.0]), (0.5, 0.0), "opposite errors cancel: nothing is left"),
    ],
    at_random=two_errors,
    slips=[
        Slip(
            "you took each member by its own accuracy and left out what their errors share: ab belongs "
            "above and below",
            ("ab = sum(x * y for x, y in zip(a, b, strict=True))", "ab = 0.0"),
        ),
        Slip(
            "your weight is the second member's: w is the first's, and small when the first errs much",
            ("(bb - ab)", "(aa - ab)"),
        ),
        Slip(
            "the weight leaves 0..1: a member that only adds error gets 0, not a negative weight",
            ("min(max((bb - ab) / below, 0.0), 1.0)", "(bb - ab) / below"),
        ),
        Slip(
            "0 / 0 where the two err alike: every weight is as good, answer 0.5",
            (" if below > 0 else 0.5", ""),
        ),
        Slip(
            "one ab is missing below: (a - b)(a - b) = aa - 2 ab + bb",
            ("aa + bb - 2 * ab", "aa + bb - ab"),
        ),
        Slip(
            "the root is missing: the second value is a root mean square",
            ("math.sqrt(square / len(a))", "square / len(a)"),
        ),
        Slip("the mean is missing under the root", ("math.sqrt(square / len(a))", "math.sqrt(square)")),
        Slip(
            "you averaged the two errors' sizes: the errors of a blend add up with their signs, and may "
            "cancel",
            (
                "square = sum((w * x + (1 - w) * y) ** 2 for x, y in zip(a, b, strict=True))",
                "square = sum((w * abs(x) + (1 - w) * abs(y)) ** 2 for x, y in zip(a, b, strict=True))",
            ),
        ),
    ],
    then=(
        "two members have the same error; at which correlation does a blend halve the squared error, and at "
        "which does it do nothing?"
    ),
)
def blend_weight(a: list[float], b: list[float]) -> tuple[float, float]:
    """Errors of two members on the same pairs -> weight of the first in 0..1, RMSE of the best blend."""
    aa, bb = sum(x * x for x in a), sum(y * y for y in b)
    ab = sum(x * y for x, y in zip(a, b, strict=True))
    below = aa + bb - 2 * ab
    w = min(max((bb - ab) / below, 0.0), 1.0) if below > 0 else 0.5
    square = sum((w * x + (1 - w) * y) ** 2 for x, y in zip(a, b, strict=True))
    return w, math.sqrt(square / len(a))
