"""IPS with weights that cannot explode."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import chances


def question(rng: np.random.Generator) -> tuple[Any, ...]:
    """A log, and a limit between two of its weights; now and then below or above all of them."""
    rewards, propensities, target = chances(rng)
    ordered = np.sort(target / propensities)
    cut = int(rng.integers(len(ordered)))
    return rewards, propensities, target, float(ordered[cut] + rng.choice([0.01, 0.3]))


@check(
    by_hand=[
        Case(
            (
                np.array([1.0, 0.0, 1.0, 1.0]),
                np.array([0.125, 0.5, 0.5, 0.25]),
                np.array([0.75, 0.5, 0.25, 0.5]),
                2.0,
            ),
            (1.125, 0.25),
            "weights 6, 1, 0.5, 2; the 6 becomes 2, and the 2 is no larger than 2: "
            "(2 + 0 + 0.5 + 2) / 4, and one weight of four was cut",
        ),
        Case(
            (np.array([-2.0, 1.0]), np.array([0.1, 0.5]), np.array([1.0, 0.5]), 3.0),
            (-2.5, 0.5),
            "weights 10 and 1; the weight is capped, not its product with the reward: (3 (-2) + 1) / 2",
        ),
        Case(
            (np.array([1.0, 3.0]), np.array([0.5, 0.25]), np.array([1.0, 0.25]), 10.0),
            (2.5, 0.0),
            "weights 2 and 1, none above 10: plain IPS, (2 + 3) / 2",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you clipped the reward: cap the weight alone, then multiply",
            ("capped * rewards", "weights * np.minimum(rewards, clip)"),
        ),
        Slip(
            "you clipped the product of weight and reward: cap the weight alone, then multiply",
            ("capped * rewards", "np.minimum(weights * rewards, clip)"),
        ),
        Slip(
            "you clipped from below: all weights became at least M; it is the large ones that are cut",
            ("np.minimum(weights, clip)", "np.maximum(weights, clip)"),
        ),
        Slip(
            "lines above the limit are dropped here, with weight 0: they keep the weight M",
            ("np.minimum(weights, clip)", "np.where(weights > clip, 0.0, weights)"),
        ),
        Slip(
            "lines above the limit are left out, and not counted either: they stay, with the weight M",
            (
                "(capped * rewards).sum() / len(rewards)",
                "(weights * rewards)[weights <= clip].sum() / max((weights <= clip).sum(), 1)",
            ),
        ),
        Slip(
            "you put a floor of 1 / M under the propensities: that bounds 1 / p, not the weight pi / p",
            ("weights = target / propensities", "weights = target / np.maximum(propensities, 1 / clip)"),
        ),
        Slip(
            "you divided by the sum of the capped weights: the mean over all lines is asked",
            ("/ len(rewards)", "/ capped.sum()"),
        ),
        Slip(
            "the weights are not capped: this is plain IPS",
            ("np.minimum(weights, clip)", "weights"),
        ),
        Slip(
            "a weight of exactly M is not cut: count the weights above it",
            ("weights > clip", "weights >= clip"),
        ),
        Slip(
            "the second number is a share: divide the count by the number of lines",
            ("(weights > clip).mean()", "(weights > clip).sum()"),
        ),
    ],
    then="let the limit grow on one log: where does the estimate settle, and what grew meanwhile?",
)
def clipped_ips(
    rewards: np.ndarray, propensities: np.ndarray, target: np.ndarray, clip: float
) -> tuple[float, float]:
    """(N,) rewards, chances of the logged actions in the log and in the target -> estimate, share cut."""
    weights = target / propensities  # (N,)
    capped = np.minimum(weights, clip)  # (N,)
    estimate = (capped * rewards).sum() / len(rewards)
    return float(estimate), float((weights > clip).mean())
