"""F1: a harmonic mean, user by user."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def pairs_of_users(rng: Random) -> tuple[list[tuple[float, float]]]:
    """Precision and recall of up to five users; some have no hit, some no relevant item."""
    return ([_pair(rng) for _ in range(rng.randrange(1, 6))],)


def _pair(rng: Random) -> tuple[float, float]:
    k, n = rng.choice([5, 10]), rng.randrange(7)
    if n == 0:
        return rng.choice([0.0, math.nan]), math.nan
    hits = rng.randrange(min(k, n) + 1)
    return hits / k, hits / n


@check(
    by_hand=[
        Case(
            ([(1.0, 0.02)],),
            2 * 0.02 / 1.02,
            "2 x 1 x 0.02 / 1.02 = 0.039: near the smaller of the two, not in the middle",
        ),
        Case(
            ([(1.0, 0.1), (0.1, 1.0)],),
            0.2 / 1.1,
            "both users have 0.2 / 1.1 = 0.182; F1 of the averages 0.55 and 0.55 would be 0.55",
        ),
        Case(([(0.0, 0.0), (0.5, 0.5)],), 0.25, "no hit, no 0/0: F1 is 0, and the mean of 0 and 0.5 is 0.25"),
        Case(
            ([(0.5, 0.5), (0.0, math.nan)],),
            0.5,
            "the second user has no relevant item, hence no recall, and is left out",
        ),
        Case(([(math.nan, 0.0), (0.6, 0.3)],), 0.4, "likewise where precision is not defined"),
        Case(([(math.nan, math.nan)],), math.nan, "nobody is left to average over"),
    ],
    at_random=pairs_of_users,
    slips=[
        Slip(
            "you took the arithmetic mean of precision and recall: F1 is the harmonic one, 2PR / (P + R)",
            ("2 * p * r / (p + r) if p + r > 0 else 0.0", "(p + r) / 2"),
        ),
        Slip(
            "you took the geometric mean of precision and recall: F1 is the harmonic one, 2PR / (P + R)",
            ("2 * p * r / (p + r) if p + r > 0 else 0.0", "math.sqrt(p * r)"),
        ),
        Slip("the 2 is missing: P = R = 1 must give 1", ("2 * p * r", "p * r")),
        Slip(
            "this is the F1 of the average precision and recall: take each user's F1, then the mean",
            ("values.append(2 * p * r / (p + r) if p + r > 0 else 0.0)", "values.append((p, r))"),
            (
                "return sum(values) / len(values) if values else math.nan",
                "p, r = (sum(c) / len(c) for c in zip(*values)) if values else (math.nan, math.nan)\n"
                "    return 0.0 if p + r == 0 else 2 * p * r / (p + r)",
            ),
        ),
        Slip(
            "a user without a hit has P = R = 0, and this divides by 0: answer 0 there",
            (" if p + r > 0 else 0.0", ""),
        ),
        Slip(
            "users without a hit are missing from your mean: they count, with 0",
            ("if math.isnan(p) or math.isnan(r):", "if math.isnan(p) or math.isnan(r) or p + r == 0:"),
        ),
        Slip(
            "a user who cannot be judged counts as 0 in your mean: leave nan out",
            ("            continue", "            values.append(0.0)\n            continue"),
        ),
        Slip(
            "one user with nan made your mean nan: leave such users out",
            ("if math.isnan(p) or math.isnan(r):", "if False:"),
            ("p + r > 0", "p + r != 0"),
        ),
        Slip("with nobody left this divides 0 by 0: answer nan", (" if values else math.nan", "")),
    ],
    then="F_beta = (1 + b^2) P R / (b^2 P + R): for which b does recall count twice as much?",
)
def f1(pairs: list[tuple[float, float]]) -> float:
    """(precision, recall) of each user -> the mean of their F1; users with a nan are left out."""
    values = []
    for p, r in pairs:
        if math.isnan(p) or math.isnan(r):
            continue
        values.append(2 * p * r / (p + r) if p + r > 0 else 0.0)
    return sum(values) / len(values) if values else math.nan
