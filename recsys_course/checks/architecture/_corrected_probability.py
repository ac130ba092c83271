"""The probability that a model would give, had it seen all negatives."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def sampled(rng: Random) -> tuple[float, float, float]:
    """A prediction, the share of negatives kept, the copies of each positive."""
    return (
        rng.choice([0.0, 1.0, rng.random(), rng.random()]),
        rng.uniform(0.05, 1),
        rng.choice([1.0, 2.0, 5.0]),
    )


@check(
    by_hand=[
        Case(
            (0.5, 0.1, 1.0),
            1 / 11,
            "odds of 1 : 1 among one negative in ten are odds of 1 : 10 among all of them: 1 / 11",
        ),
        Case(
            (0.8, 1.0, 4.0),
            0.5,
            "odds of 4 : 1 with each positive four times are odds of 1 : 1 with each once",
        ),
        Case((0.3, 1.0, 1.0), 0.3, "nothing was dropped and nothing repeated: nothing changes"),
        Case((1.0, 0.1, 2.0), 1.0, "odds of 1 : 0 stay what they are, whatever they are multiplied by"),
    ],
    at_random=sampled,
    slips=[
        Slip(
            "you multiplied the probability: it is the odds p / (1 - p) that scale "
            "(for a small p the two are close, at p = 1 they are far apart)",
            ("up / (up + down)", "p * kept / copies"),
        ),
        Slip(
            "you went the wrong way: negatives were dropped, so the true odds of a click are smaller, "
            "by the factor kept",
            ("(1 - p) / kept", "(1 - p) * kept"),
        ),
        Slip("each positive was counted `copies` times: divide its side by that", ("p / copies", "p")),
        Slip(
            "you multiplied by the copies: a positive that stands there twice counts half",
            ("p / copies", "p * copies"),
        ),
        Slip(
            "these are odds: a probability is odds / (1 + odds)",
            ("up / (up + down)", "up / down if down else 1.0"),
        ),
        Slip(
            "the negatives that were dropped are missing: each kept one stands for 1 / kept of them",
            ("(1 - p) / kept", "1 - p"),
        ),
    ],
    then="a model's mean prediction is 0.30 and the click rate 0.02: which share of negatives was kept?",
)  # fmt: skip
def corrected_probability(p: float, kept: float, copies: float) -> float:
    """A prediction learned with a share of the negatives and copies of the positives -> the true scale."""
    up = p / copies
    down = (1 - p) / kept
    return up / (up + down)
