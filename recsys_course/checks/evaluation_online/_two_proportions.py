"""The z test of two rates, and the interval that belongs to it."""

from __future__ import annotations

import math
from random import Random
from statistics import NormalDist

from recsys_course.checks.engine import Case, Slip, check


def two_arms(rng: Random) -> tuple[int, int, int, int]:
    """Arms of unequal size; sometimes nobody did it at all."""
    n_a, n_b = rng.randrange(20, 400), rng.randrange(20, 400)
    if rng.random() < 0.15:
        return 0, n_a, 0, n_b
    return rng.randrange(1, n_a), n_a, rng.randrange(1, n_b), n_b


@check(
    by_hand=[
        Case(
            (100, 1000, 130, 1000),
            (
                0.03 / math.sqrt(0.115 * 0.885 * 0.002),
                0.03 - 1.959964 * math.sqrt(0.00009 + 0.0001131),
                0.03 + 1.959964 * math.sqrt(0.00009 + 0.0001131),
            ),
            "rates 0.10 and 0.13, pooled 0.115: z = 0.03 / sqrt(0.115 0.885 2/1000); "
            "the interval has 0.1 0.9/1000 + 0.13 0.87/1000 under the root",
        ),
        Case(
            (5, 10, 10, 40),
            (
                -0.25 / math.sqrt(0.3 * 0.7 * (0.1 + 0.025)),
                -0.25 - 1.959964 * math.sqrt(0.25 / 10 + 0.1875 / 40),
                -0.25 + 1.959964 * math.sqrt(0.25 / 10 + 0.1875 / 40),
            ),
            "15 of 50 users did it, so the pooled rate is 0.3, not the mean of 0.5 and 0.25",
        ),
        Case((0, 10, 0, 20), (0.0, 0.0, 0.0), "nobody did it: there is no difference and no spread"),
    ],
    at_random=two_arms,
    slips=[
        Slip(
            "you subtracted the treatment from the control: b - a, so that better is positive",
            ("difference = p_b - p_a", "difference = p_a - p_b"),
        ),
        Slip(
            "z has each arm's own variance: under the null both have one rate, so pool them",
            (
                "math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))",
                "math.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)",
            ),
        ),
        Slip(
            "the interval has the pooled variance: it is about a difference, so each arm keeps its own",
            (
                "math.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)",
                "math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))",
            ),
        ),
        Slip(
            "your pooled rate is the mean of the two rates: with arms of unequal size add up the counts",
            ("(x_a + x_b) / (n_a + n_b)", "(p_a + p_b) / 2"),
        ),
        Slip(
            "the interval is that of 90 %: 95 % leave 2.5 % on each side",
            ("inv_cdf(0.975)", "inv_cdf(0.95)"),
        ),
        Slip(
            "when nobody or everybody did it, z is 0 / 0 here: there is no difference, so answer z = 0",
            ("if error > 0 else 0.0", ""),
        ),
        Slip(
            "the standard error is a root: you divided by a variance",
            (
                "error = math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))",
                "error = pooled * (1 - pooled) * (1 / n_a + 1 / n_b)",
            ),
        ),
        Slip(
            "variances of the arms add up in a difference, too: you subtracted them",
            ("1 / n_a + 1 / n_b", "abs(1 / n_a - 1 / n_b)"),
        ),
    ],
    then="when do z and the interval disagree about 0, and which would you report?",
)
def two_proportions(x_a: int, n_a: int, x_b: int, n_b: int) -> tuple[float, float, float]:
    """x of n users in control a and treatment b -> z, and low and high of the 95 % interval of b - a."""
    p_a, p_b, pooled = x_a / n_a, x_b / n_b, (x_a + x_b) / (n_a + n_b)
    difference = p_b - p_a
    error = math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    z = difference / error if error > 0 else 0.0
    half = NormalDist().inv_cdf(0.975) * math.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
    return z, difference - half, difference + half
