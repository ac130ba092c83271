"""What a funnel costs: time for one request, machines for all."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check

Stage = tuple[int, float, float]  # items in, operations an item, ms of waiting


def funnel(rng: Random) -> tuple[list[Stage], float, float]:
    """Up to four stages; powers of two, so that no order of the sums rounds."""
    stages = [
        (2 ** rng.randrange(4, 11), float(2 ** rng.randrange(8, 15)), float(rng.choice([0, 2, 5, 20])))
        for _ in range(rng.randrange(5))
    ]
    return stages, float(rng.choice([1, 50, 1000, 1024])), float(2 ** rng.randrange(24, 28))


@check(
    by_hand=[
        Case(
            ([(1000, 1e6, 5.0), (100, 1e7, 20.0)], 100.0, 1e11),
            (45.0, 2),
            "both stages compute 10^9 operations, 10 ms each at 10^11 a second; 5 + 20 ms of waiting: 45. "
            "100 requests a second keep 100 x 0.020 = 2 machines busy",
        ),
        Case(
            ([(2**10, 2.0**14, 0.0)], 10.0, 2.0**27),
            (125.0, 2),
            "2^24 operations at 2^27 a second are 1/8 s; 10 requests a second keep 1.25 machines busy: two",
        ),
        Case(([(500, 0.0, 30.0)], 1000.0, 1e9), (30.0, 0), "a stage that only waits keeps no machine busy"),
        Case(([], 10.0, 1e9), (0.0, 0), "no stages: nothing to do"),
    ],
    at_random=funnel,
    slips=[
        Slip(
            "you added seconds of computing to milliseconds of waiting: 1 s = 1000 ms",
            ("1000 * busy", "busy"),
        ),
        Slip(
            "you counted the waiting as work: a machine that waits for another can serve the next request; "
            "only computing keeps it busy",
            ("qps * busy", "qps * (busy + waiting / 1000)"),
        ),
        Slip(
            "you rounded down (or to the nearest): with a part of a machine missing the queue grows for ever",
            ("math.ceil", "math.floor"),
        ),
        Slip(
            "you took the slowest stage: the stages of a request run one after the other, their times add up",
            ("    return", "    busy = max((n * each for n, each, _ in stages), default=0.0) / speed\n"
             "    waiting = max((wait for *_, wait in stages), default=0.0)\n    return"),
        ),
        Slip(
            "you paid for one item a stage: every item that comes in is scored",
            ("sum(n * each for", "sum(each for"),
        ),
        Slip("these are the machines for one request a second: multiply by qps", ("qps * busy", "busy")),
        Slip("the waiting is missing from the latency", ("1000 * busy + waiting", "1000 * busy")),
    ],
    then="which stage would you make cheaper first, and which one would you cut in items?",
)  # fmt: skip
def funnel_budget(stages: list[tuple[int, float, float]], qps: float, speed: float) -> tuple[float, int]:
    """Stages of (items in, operations an item, ms of waiting) -> ms a request, machines for qps."""
    busy = sum(n * each for n, each, _ in stages) / speed  # seconds of computing for one request
    waiting = sum(wait for *_, wait in stages)
    return 1000 * busy + waiting, math.ceil(qps * busy)
