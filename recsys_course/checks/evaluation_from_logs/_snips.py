"""IPS divided by the sum of its weights."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import chances


def question(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A log; now and then the target never does what was logged, or its chances are all small."""
    rewards, propensities, target = chances(rng)
    return rewards, propensities, target * rng.choice([0.0, 0.05, 1.0, 1.0, 1.0])


@check(
    by_hand=[
        Case(
            (np.array([1.0, 0.0, 1.0]), np.array([0.5, 0.25, 0.5]), np.array([1.0, 0.5, 0.25])),
            5 / 9,
            "weights 2, 2 and 0.5: (2 + 0 + 0.5) / (2 + 2 + 0.5) = 2.5 / 4.5",
        ),
        Case(
            (np.array([4.0, 4.0]), np.array([0.1, 0.5]), np.array([0.9, 0.25])),
            4.0,
            "weights 9 and 0.5; every line was worth 4, so the answer is 4 (IPS says 19)",
        ),
        Case(
            (np.array([0.0, 0.0]), np.array([0.5, 0.5]), np.array([1.0, 0.5])),
            0.0,
            "there are weights, and nothing was earned: 0 is a verdict here, not nan",
        ),
        Case(
            (np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([0.0, 0.0])),
            np.nan,
            "the target would never have acted as logged: the log says nothing of it",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you divided by the number of lines: that is IPS; divide by the sum of the weights",
            ("above / total", "above / len(rewards)"),
        ),
        Slip(
            "the ratio is turned round: the weight of a line is pi / p",
            ("target / propensities", "propensities / target"),
        ),
        Slip(
            "without any weight the log says nothing: answer nan, since 0 would be a verdict",
            ("else np.nan", "else 0.0"),
        ),
        Slip(
            "where all weights are 0 your function stops: answer nan",
            (" if total > 0 else np.nan", ""),
        ),
        Slip(
            "you averaged over the lines with a weight: divide by the sum of the weights, "
            "not by their number",
            ("float(weights.sum())", "float((weights > 0).sum())"),
        ),
        Slip(
            "the rewards below the line are too many: divide by the sum of the weights alone",
            ("float(weights.sum())", "float(np.abs(weights * rewards).sum())"),
        ),
        Slip(
            "you weighed by the target's chances without dividing by the propensities",
            ("target / propensities", "target"),
        ),
        Slip(
            "the sum below the line is of the target's chances: add the same weights as above the line",
            ("float(weights.sum())", "float(target.sum())"),
        ),
        Slip(
            "this is the mean reward of the log: weigh each line by pi / p",
            ("above / total", "float(rewards.mean())"),
        ),
    ],
    then="add 1 to all rewards: by how much does this estimate move, and by how much does IPS?",
)
def snips(rewards: np.ndarray, propensities: np.ndarray, target: np.ndarray) -> float:
    """(N,) rewards, chances of the logged actions in the log and in the target -> its value, or nan."""
    weights = target / propensities  # (N,)
    total = float(weights.sum())
    above = float((weights * rewards).sum())
    return above / total if total > 0 else np.nan
