"""Inverse propensity scoring with its standard error."""

from __future__ import annotations

import math

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import log


@check(
    by_hand=[
        Case(
            ([1.0, 0.0], [0.5, 0.5], [1.0, 0.0]),
            (1.0, 1.0),
            "the terms w r are 2 and 0: mean 1; variance (1 + 1) / (2 - 1) = 2, over n: 1, root 1",
        ),
        Case(
            ([1.0, 1.0, 0.0], [0.25, 0.5, 0.1], [0.5, 0.5, 0.4]),
            (1.0, math.sqrt(1 / 3)),
            "the terms are 2, 1, 0: mean 1, variance (1 + 0 + 1) / 2 = 1, error sqrt(1 / 3)",
        ),
        Case(
            ([3.0, 3.0], [0.5, 0.2], [0.5, 0.2]),
            (3.0, 0.0),
            "the target is the logging policy: all weights are 1, and the rewards do not differ",
        ),
    ],
    at_random=log,
    slips=[
        Slip(
            "you divided the propensity by the target's chance: the weight is target over propensity",
            ("r * t / p", "(r * p / t if t else 0.0)"),
        ),
        Slip(
            "you divided by the propensity and left the target out: that is as if it always took this action",
            ("r * t / p", "r / p"),
        ),
        Slip("this is the click rate of the log: weight each reward", ("r * t / p", "r")),
        Slip("you divided by the sum of the weights, which is SNIPS: divide by the number of lines",
            ("sum(terms) / n", "sum(terms) / sum(t / p for p, t in zip(propensities, target, strict=True))")),
        Slip(
            "the sample variance divides by n - 1: one mean was estimated",
            ("/ (n - 1)", "/ n"),
        ),
        Slip(
            "this is the standard deviation of one line: the error of a mean is smaller by sqrt(n)",
            ("math.sqrt(variance / n)", "math.sqrt(variance)"),
        ),
        Slip(
            "this is the variance of the mean: the standard error is its root",
            ("math.sqrt(variance / n)", "variance / n"),
        ),
        Slip(
            "the error comes from the rewards as logged: it is the spread of the weighted terms",
            ("for x in terms) / (n", "for x in rewards) / (n"),
        ),
    ],
    then="give one line a propensity of 0.001: what happens to the value, and to its error?",
)  # fmt: skip
def ips(rewards: list[float], propensities: list[float], target: list[float]) -> tuple[float, float]:
    """(N,) rewards and the chances of the logged actions, N of at least 2 -> value, standard error."""
    n = len(rewards)
    terms = [r * t / p for r, p, t in zip(rewards, propensities, target, strict=True)]
    value = sum(terms) / n
    variance = sum((x - value) ** 2 for x in terms) / (n - 1)
    return value, math.sqrt(variance / n)
