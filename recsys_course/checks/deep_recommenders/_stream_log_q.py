"""How likely is an item to be in a batch? Estimated from the stream, without counting it first."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def stream(rng: Random) -> tuple[list[list[str]], float]:
    """Up to eight batches of one to four items, with repeats inside a batch, and a rate."""
    n = rng.randint(1, 8)
    batches = [[rng.choice("aaabbcd") for _ in range(rng.randint(1, 4))] for _ in range(n)]
    return batches, rng.choice([0.1, 0.25, 0.5, 1.0])


@check(
    by_hand=[
        Case(
            ([["a", "b"], ["a"], ["a"], ["a", "b"]], 0.5),
            {"a": 0.0, "b": -math.log(2)},
            "a is in every batch: gaps 1, 1, 1, 1. b first at step 1: gap 1; then at step 4, 3 later: "
            "(1 + 3) / 2 = 2, a chance of 1/2",
        ),
        Case(
            ([["a"], ["a"], ["b"], ["b"], ["b"]], 0.5),
            {"a": 0.0, "b": -math.log(1.5)},
            "b comes first at step 3: gap 3; then 1 and 1: (3 + 1) / 2 = 2, (2 + 1) / 2 = 1.5",
        ),
        Case(
            ([["a"], ["b", "b"], ["b"], ["a", "b"]], 0.25),
            {"a": -math.log(0.75 + 0.25 * 3), "b": -math.log(0.75**2 * 2 + 0.75 * 0.25 + 0.25)},
            "b stands twice in the second batch: that is one appearance, with a gap of 2; a returns after 3",
        ),
        Case(([], 0.1), {}, "no batch, no item"),
    ],
    at_random=stream,
    slips=[
        Slip(
            "an item twice in one batch is there once: the second copy has a gap of 0 and spoils the mean",
            ("set(batch)", "batch"),
        ),
        Slip(
            "the moving average is turned round: `rate` is the weight of the new gap",
            (
                "(1 - rate) * gap[item] + rate * (step - last[item])",
                "rate * gap[item] + (1 - rate) * (step - last[item])",
            ),
        ),
        Slip(
            "the sign: an item every 2 batches has the chance 1/2, ln q is minus ln of the gap",
            ("-math.log(gap[item])", "math.log(gap[item])"),
        ),
        Slip("that is q: its logarithm was asked for", ("-math.log(gap[item])", "1 / gap[item]")),
        Slip(
            "the first gap counts from the start of the stream: an item first met at step 3 has the gap 3",
            ("gap[item] = float(step)", "gap[item] = 1.0"),
        ),
        Slip(
            "steps count from 1: from 0 an item of the first batch has the gap 0, a chance without limit",
            ("start=1", "start=0"),
            ("gap[item] = float(step)", "gap[item] = float(max(step, 1e-9))"),
        ),
        Slip(
            "you never wrote down when the item was there last: every gap then counts from its first time",
            ("            last[item] = step\n", "            last.setdefault(item, step)\n"),
        ),
        Slip(
            "you wrote the new step down before taking the gap: every gap is 0 then",
            ("rate * (step - last[item])", "rate * 0"),
        ),
        Slip(
            "you kept the last gap alone: a moving average forgets slowly, by `rate`",
            ("(1 - rate) * gap[item] + rate * (step - last[item])", "float(step - last[item])"),
        ),
    ],
    then="an item goes viral at noon: with rate 0.01, after how many batches has the estimate followed?",
)
def stream_log_q(batches: list[list[str]], rate: float) -> dict[str, float]:
    """Batches of items in their order, weight of a new gap -> item: ln of its chance to be in a batch."""
    last: dict[str, int] = {}
    gap: dict[str, float] = {}
    for step, batch in enumerate(batches, start=1):
        for item in set(batch):
            if item in gap:
                gap[item] = (1 - rate) * gap[item] + rate * (step - last[item])
            else:
                gap[item] = float(step)
            last[item] = step
    return {item: -math.log(gap[item]) for item in gap}
