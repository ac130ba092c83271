"""Effective sample size of importance weights."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import log


def columns(rng: Random) -> tuple[list[float], list[float]]:
    """Propensities and the target's chances, now and then all of them 0."""
    _, propensities, target = log(rng)
    return propensities, [0.0] * len(target) if rng.random() < 0.3 else target


@check(
    by_hand=[
        Case(
            ([0.5, 0.25, 0.5], [0.5, 0.5, 0.0]),
            9 / 5,
            "the weights are 1, 2, 0: their sum squared is 9, their squares add up to 1 + 4 = 5",
        ),
        Case(
            ([0.2, 0.5], [0.4, 1.0]), 2.0, "both weights are 2: equal weights lose nothing, so 2 of 2 lines"
        ),
        Case(([0.5, 0.1, 0.5], [0.0, 0.9, 0.0]), 1.0, "one line has all the weight, 9: 81 / 81"),
        Case(([0.5, 0.5], [0.0, 0.0]), 0.0, "no weight at all: the log is worth no line"),
    ],
    at_random=columns,
    slips=[
        Slip(
            "you divided the propensity by the target's chance: the weight is target over propensity",
            ("t / p for", "(p / t if t else 0.0) for"),
        ),
        Slip("the sum of the weights is not squared", ("sum(weights) ** 2", "sum(weights)")),
        Slip(
            "you squared the sum below the line: there stands the sum of the squares, else all is 1",
            ("sum(w**2 for w in weights)", "sum(weights) ** 2"),
        ),
        Slip(
            "this is upside down: the sum squared stands above, the sum of the squares below",
            ("sum(weights) ** 2 / squares", "squares / sum(weights) ** 2"),
        ),
        Slip(
            "this counts the lines that have a weight: a line of small weight counts less than one",
            ("sum(weights) ** 2 / squares", "float(sum(w > 0 for w in weights))"),
        ),
        Slip(
            "without any weight this divides 0 by 0: answer 0",
            ("if squares == 0:", "if False:"),
        ),
        Slip(
            "this is the share of the lines: do not divide by their number",
            ("sum(weights) ** 2 / squares", "sum(weights) ** 2 / squares / len(weights)"),
        ),
    ],
    then="double every propensity: does the effective sample size change? Should it?",
)
def effective_sample_size(propensities: list[float], target: list[float]) -> float:
    """(N,) chances of the logged actions under two policies -> lines that are left; 0 without overlap."""
    weights = [t / p for p, t in zip(propensities, target, strict=True)]
    squares = sum(w**2 for w in weights)
    if squares == 0:
        return 0.0
    return sum(weights) ** 2 / squares
