"""Sample ratio mismatch: did the arms get the users they were to get?"""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def counts(rng: Random) -> tuple[int, int, float]:
    """Arms near their planned share and far from it."""
    total, share = rng.randrange(50, 2000), rng.choice([0.5, 0.5, 0.9, 0.2])
    n_a = round(total * share + rng.gauss(0, 2) * math.sqrt(total * share * (1 - share)))
    return n_a, total - n_a, share


@check(
    by_hand=[
        Case(
            (5300, 5000, 0.5),
            (2 * 150**2 / 5150, math.erfc(math.sqrt(150**2 / 5150))),
            "10,300 users, 5,150 planned for each arm, 150 off: 150^2/5150 twice is 8.74, and p = 0.003",
        ),
        Case(
            (880, 120, 0.9),
            (20**2 / 900 + 20**2 / 100, math.erfc(math.sqrt((20**2 / 900 + 20**2 / 100) / 2))),
            "planned 900 and 100: both are 20 off, which weighs more in the small arm; p = 0.035",
        ),
        Case((40, 40, 0.5), (0.0, 1.0), "exactly as planned"),
    ],
    at_random=counts,
    slips=[
        Slip(
            "you expect equal arms whatever was planned: the first gets its share of all users",
            ("total * share, total * (1 - share)", "total / 2, total / 2"),
        ),
        Slip("you divided by what came: divide by what was expected", ("/ e_a", "/ n_a"), ("/ e_b", "/ n_b")),
        Slip("the second arm is off as well: add its term", (" + (n_b - e_b) ** 2 / e_b", "")),
        Slip(
            "you compared shares: the same shift of a share is chance for 100 users and proof for a million; "
            "put in counts",
            (
                "e_a, e_b = total * share, total * (1 - share)",
                "n_a, n_b, e_a, e_b = n_a / total, n_b / total, share, 1 - share",
            ),
        ),
        Slip(
            "p is that of one side: too many and too few are both a mismatch",
            ("math.erfc(", "math.erfc(0.0) / 2 * math.erfc("),
        ),
        Slip(
            "erfc wants the root of chi2 / 2: chi2 on one degree of freedom is a squared normal number",
            ("math.sqrt(chi2 / 2)", "chi2 / 2"),
        ),
        Slip(
            "the 2 is missing: erfc(x) is the chance of a normal number beyond x sqrt(2)",
            ("math.sqrt(chi2 / 2)", "math.sqrt(chi2)"),
        ),
        Slip(
            "differences are squared in chi2: the two would cancel otherwise, or count too little",
            (
                "(n_a - e_a) ** 2 / e_a + (n_b - e_b) ** 2 / e_b",
                "abs(n_a - e_a) / e_a + abs(n_b - e_b) / e_b",
            ),
        ),
    ],
    then="with a million users a 50/50 test shows 500,600 and 499,400: alarm at p < 0.001?",
)
def srm(n_a: int, n_b: int, share: float) -> tuple[float, float]:
    """Users of both arms and the planned share of the first -> chi2 and its p (1 degree of freedom)."""
    total = n_a + n_b
    e_a, e_b = total * share, total * (1 - share)
    chi2 = (n_a - e_a) ** 2 / e_a + (n_b - e_b) ** 2 / e_b
    return chi2, math.erfc(math.sqrt(chi2 / 2))
