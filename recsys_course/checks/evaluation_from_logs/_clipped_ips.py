"""IPS with weights cut at a limit, and what the cut took away."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import log


def columns(rng: Random) -> tuple[list[float], list[float], list[float], float]:
    """A log and a limit."""
    return *log(rng), rng.choice([0.5, 1.0, 2.0, 5.0])


@check(
    by_hand=[
        Case(
            ([1.0, 1.0, 0.0], [0.5, 0.1, 0.1], [0.5, 0.8, 0.8], 2.0),
            (1.0, 2.0),
            "the weights 1, 8, 8 become 1, 2, 2: value (1 + 2 + 0) / 3 = 1; of the second line 6 / 3 = 2 "
            "is cut, and the third has no reward to lose",
        ),
        Case(
            ([1.0, 1.0], [0.5, 0.5], [0.5, 0.25], 1.0),
            (0.75, 0.0),
            "no weight lies above 1, so nothing is cut: (1 + 0.5) / 2",
        ),
        Case(
            ([1.0, 3.0], [0.1, 0.5], [0.5, 0.5], 3.0),
            (3.0, 1.0),
            "the weights 5 and 1 become 3 and 1: (3 + 3) / 2 = 3, and 2 of the first line is cut: 2 / 2 = 1",
        ),
    ],
    at_random=columns,
    slips=[
        Slip("the weights are not cut: take the smaller of weight and limit", ("min(w, clip)", "w")),
        Slip(
            "you raised small weights to the limit: the limit is the largest weight, so take the smaller",
            ("min(w, clip)", "max(w, clip)"),
        ),
        Slip(
            "you dropped the lines above the limit: they stay, with the limit as their weight",
            ("min(w, clip) * r", "(w if w <= clip else 0.0) * r"),
        ),
        Slip(
            "you cut the product of weight and reward: cut the weight alone",
            ("min(w, clip) * r", "min(w * r, clip)"),
        ),
        Slip(
            "you divided by the sum of the cut weights: divide by the number of lines",
            ("kept = sum(min(w, clip) * r for w, r in pairs) / n",
             "kept = sum(min(w, clip) * r for w, r in pairs) / sum(min(w, clip) for w, _ in pairs)"),
        ),
        Slip(
            "what is lost has the reward in it: a line without reward loses nothing",
            ("max(w - clip, 0.0) * r", "max(w - clip, 0.0)"),
        ),
        Slip(
            "you counted the lines that were cut: ask how much of the estimate went with them",
            ("max(w - clip, 0.0) * r", "(w > clip)"),
        ),
        Slip(
            "what lies below the limit is not negative loss: it loses nothing",
            ("max(w - clip, 0.0)", "(w - clip)"),
        ),
    ],
    then="draw value against limit: at which limit would you stop, and what would tell you on a real log?",
)  # fmt: skip
def clipped_ips(
    rewards: list[float], propensities: list[float], target: list[float], clip: float
) -> tuple[float, float]:
    """(N,) log and the largest weight -> value with cut weights, and what the cut took off IPS."""
    n = len(rewards)
    pairs = [(t / p, r) for r, p, t in zip(rewards, propensities, target, strict=True)]
    kept = sum(min(w, clip) * r for w, r in pairs) / n
    lost = sum(max(w - clip, 0.0) * r for w, r in pairs) / n
    return kept, lost
