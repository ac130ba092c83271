"""How many lines of the log really count."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import chances


def weights(rng: np.random.Generator) -> tuple[np.ndarray]:
    """Weights of a log, some 0, now and then all; small ones, too, since the scale is not to matter."""
    _, propensities, target = chances(rng)
    return (target / propensities * rng.choice([0.0, 0.01, 1.0, 1.0, 1.0]),)


@check(
    by_hand=[
        Case((np.array([3.0, 1.0]),), 1.6, "(3 + 1)^2 / (9 + 1) = 16 / 10"),
        Case((np.array([2.0, 2.0, 2.0]),), 3.0, "equal weights: every line counts, 6^2 / 12 = 3"),
        Case((np.array([0.0, 7.0, 0.0, 0.0]),), 1.0, "one line carries all the weight: 7^2 / 7^2 = 1"),
        Case((np.array([0.0, 0.0]),), 0.0, "no line counts"),
    ],
    at_random=weights,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the sum above the line is not squared: your number changes when all weights are doubled",
            ("total**2", "total"),
        ),
        Slip(
            "the fraction is turned round: the squares of the weights stand below",
            ("total**2 / squares", "squares / total**2"),
        ),
        Slip(
            "you squared the sum below the line: square each weight, then add",
            ("(weights**2).sum()", "weights.sum() ** 2"),
        ),
        Slip(
            "this counts the lines with a weight above 0: a small weight is not worth a whole line",
            ("total**2 / squares", "float((weights > 0).sum())"),
        ),
        Slip(
            "this is the number of lines, as if all weights were equal",
            ("total**2 / squares", "float(len(weights))"),
        ),
        Slip(
            "this is the share of the lines: do not divide by their number",
            ("total**2 / squares", "total**2 / squares / len(weights)"),
        ),
        Slip(
            "you took the mean of the squares below the line: take their sum",
            ("float((weights**2).sum())", "float((weights**2).mean())"),
        ),
        Slip(
            "all weights 0 gives 0 / 0: nothing in the log counts, so answer 0",
            ("else 0.0", "else np.nan"),
        ),
        Slip(
            "where all weights are 0 your function stops: look at the divisor before you divide",
            (" if squares > 0 else 0.0", ""),
        ),
    ],
    then="a log has 10,000 equal weights and one that is 100 times as large: how many lines are left?",
)
def effective_sample_size(weights: np.ndarray) -> float:
    """(N,) weights of 0 or more -> (sum w)^2 / sum w^2; 0 if all weights are 0."""
    total, squares = float(weights.sum()), float((weights**2).sum())
    return total**2 / squares if squares > 0 else 0.0
