"""The lower end of Wilson's interval: a share that knows how little it rests on."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def share(rng: Random) -> tuple[int, int, float]:
    """Up to thirty trials, none among them; all and none succeed now and then."""
    trials = rng.randrange(31)
    successes = rng.choice([0, trials, rng.randint(0, trials), rng.randint(0, trials)])
    return successes, trials, rng.choice([1.0, 1.645, 1.96, 2.576])


@check(
    by_hand=[
        Case(
            (1, 1, 2.0),
            0.2,
            "share 1, n = 1, z = 2: the centre is 1 + 4/2 = 3, the margin 2 sqrt(0 + 4/4) = 2, "
            "and (3 - 2) / (1 + 4) = 0.2",
        ),
        Case(
            (50, 100, 2.0),
            (0.52 - 2 * math.sqrt(0.0026)) / 1.04,
            "share 1/2, n = 100: centre 0.5 + 4/200, margin 2 sqrt(0.25/100 + 4/40000), divisor 1 + 4/100",
        ),
        Case((0, 3, 1.96), 0.0, "no success: centre and margin are equal, and the bound is 0"),
        Case((0, 0, 1.96), 0.0, "no trial: nothing is promised"),
    ],
    at_random=share,
    slips=[
        Slip(
            "this is the raw share: one of one is 1 here, as sure as a thousand of a thousand",
            ("return (centre - margin) / (1 + z * z / trials)", "return p"),
        ),
        Slip(
            "this is the textbook (Wald) bound p - z sqrt(p (1 - p) / n): for one of one its margin is 0",
            (
                "return (centre - margin) / (1 + z * z / trials)",
                "return p - z * math.sqrt(p * (1 - p) / trials)",
            ),
        ),
        Slip("this is the upper end: the margin is taken off", ("centre - margin", "centre + margin")),
        Slip(
            "the divisor 1 + z^2 / n is missing: the bound can leave 0..1",
            (" / (1 + z * z / trials)", ""),
        ),
        Slip(
            "your centre is the share itself: z^2 / (2 n) is added to it",
            ("p + z * z / (2 * trials)", "p"),
        ),
        Slip(
            "under the root z^2 / (4 n^2) is missing: without it one of one has no margin",
            (" + z * z / (4 * trials**2)", ""),
        ),
        Slip("the root is multiplied by z, and you left it out", ("z * math.sqrt(", "math.sqrt(")),
        Slip(
            "without a trial this divides by 0: nothing is promised, so answer 0",
            ("if trials == 0:", "if False:"),
        ),
    ],
    then="for which n is the bound of n successes in n trials above 0.9?",
)
def wilson_bound(successes: int, trials: int, z: float) -> float:
    """Successes of trials, z standard deviations -> lower end of Wilson's interval; 0 without a trial."""
    if trials == 0:
        return 0.0
    p = successes / trials
    centre = p + z * z / (2 * trials)
    margin = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    return (centre - margin) / (1 + z * z / trials)
