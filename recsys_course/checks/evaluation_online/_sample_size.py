"""Users per arm for a test of two rates."""

from __future__ import annotations

import math
from random import Random
from statistics import NormalDist

from recsys_course.checks.engine import Case, Slip, check


def plan(rng: Random) -> tuple[float, float, float, float]:
    """Rates and lifts as they occur, so that some hundred to some ten thousand users are needed."""
    lift = rng.choice([-0.2, -0.1, 0.1, 0.2, 0.3, 0.5])
    return rng.uniform(0.05, 0.5), lift, rng.choice([0.01, 0.05, 0.1]), rng.choice([0.7, 0.8, 0.9])


@check(
    by_hand=[
        Case(
            (0.10, 0.10, 0.05, 0.80),
            14751,
            "10 % and 11 %, mean 0.105: (1.960 sqrt(2 0.105 0.895) + 0.842 sqrt(0.1 0.9 + 0.11 0.89))^2 "
            "= 1.4751, over 0.01^2 is 14750.5, rounded up",
        ),
        Case(
            (0.5, 0.2, 0.05, 0.5),
            191,
            "50 % and 60 %; power 0.5 has quantile 0, so the second term goes: 1.960^2 2 0.55 0.45 / 0.1^2 "
            "= 190.2, rounded up",
        ),
    ],
    at_random=plan,
    slips=[
        Slip(
            "you took the lift as a difference of rates: it is relative, the second rate is rate (1 + lift)",
            ("rate * (1 + lift)", "rate + lift"),
        ),
        Slip(
            "your test is one-sided: a two-sided one leaves alpha / 2 in each tail",
            ("1 - alpha / 2", "1 - alpha"),
        ),
        Slip(
            "you took the quantile of the miss, 1 - power, which is negative: take that of the power",
            ("inv_cdf(power)", "inv_cdf(1 - power)"),
        ),
        Slip(
            "this is the size of both arms together: answer the users of one",
            ("math.ceil(", "2 * math.ceil("),
        ),
        Slip(
            "you left out the power: a test of this size finds the effect half of the time",
            ("z_power * math.sqrt(p * (1 - p) + q * (1 - q))", "0"),
        ),
        Slip(
            "the difference of the rates is squared, too: half the effect needs four times the users",
            ("(spread / (q - p)) ** 2", "spread**2 / abs(q - p)"),
        ),
        Slip("you rounded down: then the power falls just short", ("math.ceil(", "math.floor(")),
        Slip(
            "the 2 under the first root is missing: both arms are estimates, and their variances add up",
            ("2 * mean * (1 - mean)", "mean * (1 - mean)"),
        ),
    ],
    then="halve the lift: how many times the users? And what does a rate of 1 % instead of 10 % cost?",
)
def sample_size(rate: float, lift: float, alpha: float, power: float) -> int:
    """Control rate, relative lift, two-sided alpha, power -> users per arm, rounded up."""
    p, q = rate, rate * (1 + lift)
    mean = (p + q) / 2
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    spread = z_alpha * math.sqrt(2 * mean * (1 - mean)) + z_power * math.sqrt(p * (1 - p) + q * (1 - q))
    return math.ceil((spread / (q - p)) ** 2)
