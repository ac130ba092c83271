"""Self-normalised IPS with the error of the delta method."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import log


def columns(rng: Random) -> tuple[list[float], list[float], list[float]]:
    """A log, now and then without overlap."""
    rewards, propensities, target = log(rng)
    return rewards, propensities, [0.0] * len(target) if rng.random() < 0.3 else target


@check(
    by_hand=[
        Case(
            ([1.0, 0.0], [0.25, 0.5], [0.75, 0.5]),
            (0.75, math.sqrt(2 * 0.75**2) / 4),
            "the weights are 3 and 1: 3 / 4; the terms w (r - 3/4) are 0.75 and -0.75, and below stands 4",
        ),
        Case(
            ([1.0, 1.0, 1.0], [0.5, 0.1, 1.0], [0.5, 0.9, 0.1]),
            (1.0, 0.0),
            "every reward is 1, so the weighted mean is 1 whatever the weights; IPS would say 3.37",
        ),
        Case(
            ([1.0, 3.0], [0.5, 0.5], [0.25, 0.0]),
            (1.0, 0.0),
            "all the weight is on the first line: the value is its reward, and no term differs from it",
        ),
        Case(([1.0], [0.5], [0.0]), (math.nan, math.nan), "no overlap: there is nothing to divide by"),
    ],
    at_random=columns,
    slips=[
        Slip(
            "this is IPS: divide by the sum of the weights, not by the number of lines",
            ("/ total\n    squares", "/ len(pairs)\n    squares"),
        ),
        Slip(
            "you divided the propensity by the target's chance: the weight is target over propensity",
            ("(t / p, r)", "(p / t if t else 0.0, r)"),
        ),
        Slip(
            "this is the mean of the rewards: weight each of them",
            ("w * r for w, r in pairs) / total", "r for w, r in pairs) / len(pairs)"),
        ),
        Slip(
            "the error is that of IPS terms w r: each line errs by w (r - value)",
            ("w * (r - value)", "(w * r)"),
        ),
        Slip(
            "a term of the error lost its weight: each line errs by w (r - value), squared as a whole",
            ("(w * (r - value)) ** 2", "w * (r - value) ** 2"),
        ),
        Slip(
            "below the error stands the sum of the weights: you divided by the number of lines",
            ("math.sqrt(squares) / total", "math.sqrt(squares) / len(pairs)"),
        ),
        Slip(
            "without overlap this divides 0 by 0: answer nan for both",
            ("if total == 0:", "if False:"),
        ),
        Slip(
            "without overlap you answered 0, as if the policy earned nothing: answer nan",
            ("return math.nan, math.nan", "return 0.0, 0.0"),
        ),
    ],
    then="multiply every propensity by 2: what becomes of SNIPS, and of IPS?",
)
def snips(rewards: list[float], propensities: list[float], target: list[float]) -> tuple[float, float]:
    """(N,) rewards and the chances of the logged actions -> value, standard error; nan without overlap."""
    pairs = [(t / p, r) for r, p, t in zip(rewards, propensities, target, strict=True)]
    total = sum(w for w, _ in pairs)
    if total == 0:
        return math.nan, math.nan
    value = sum(w * r for w, r in pairs) / total
    squares = sum((w * (r - value)) ** 2 for w, r in pairs)
    return value, math.sqrt(squares) / total
