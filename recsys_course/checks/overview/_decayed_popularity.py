"""Popularity that forgets: every half-life halves what a meeting counts."""

from __future__ import annotations

import math  # noqa: F401  (a slip)
from random import Random

from recsys_course.checks.engine import Case, Slip, check

Event = tuple[int, int, int]  # user, item, day


def log_until_now(rng: Random) -> tuple[list[Event], int, float]:
    """Up to ten events in no order of time, repeats and later ones among them."""
    events = [(rng.randrange(3), rng.randrange(4), rng.randrange(12)) for _ in range(rng.randrange(11))]
    return events, rng.randrange(5, 10), rng.choice([0.5, 1.0, 2.0, 7.0])


@check(
    by_hand=[
        Case(
            ([(0, 0, 4), (1, 0, 6), (0, 1, 10)], 10, 2.0),
            {0: 2**-3 + 2**-2, 1: 1.0},
            "item 0 was met 6 and 4 days ago, three and two half-lives: 1/8 + 1/4; item 1 just now: 1",
        ),
        Case(
            ([(0, 0, 2), (0, 0, 8), (0, 0, 5), (1, 1, 9)], 8, 3.0),
            {0: 1.0},
            "user 0 counts once, by the latest meeting; day 9 has not come yet, so item 1 is unknown",
        ),
        Case(([], 3, 1.0), {}, "nothing was met: no item has a score"),
    ],
    at_random=log_until_now,
    slips=[
        Slip(
            "you counted events after now: the future is not known yet",
            ("if time <= now:", "if True:"),
        ),
        Slip(
            "an event at this very moment is missing: it has happened, and counts 1",
            ("time <= now", "time < now"),
        ),
        Slip(
            "you counted every event: a user who came back counts once, by the latest meeting",
            (
                "        score[item] = score.get(item, 0.0) + 2 ** (-(now - time) / half_life)",
                "        for u, i, t in events:\n"
                "            if (u, i) == (_, item) and t <= now:\n"
                "                score[item] = score.get(item, 0.0) + 2 ** (-(now - t) / half_life)",
            ),
        ),
        Slip(
            "of repeats you kept the first: the latest says what is wanted now",
            ("max(time, last", "min(time, last"),
        ),
        Slip(
            "of repeats you kept the one that stands last in the list: the log is in no order of time",
            ("max(time, last.get((user, item), time))", "time"),
        ),
        Slip(
            "you took e to the minus age over half-life: after one half-life that leaves 37 %, not half",
            ("2 ** (-(now - time) / half_life)", "math.exp(-(now - time) / half_life)"),
        ),
        Slip(
            "your weights grow with age: the exponent is minus the age in half-lives",
            ("2 ** (-(now - time)", "2 ** ((now - time)"),
        ),
        Slip(
            "this counts all the same: it is popularity, without the fading",
            ("2 ** (-(now - time) / half_life)", "1.0"),
        ),
    ],
    then="new events come in all day: how do you keep the scores without going through the log again?",
)
def decayed_popularity(events: list[Event], now: int, half_life: float) -> dict[int, float]:
    """(user, item, day) events -> {item: users who met it until now, halved for every half-life of age}."""
    last: dict[tuple[int, int], int] = {}
    for user, item, time in events:
        if time <= now:
            last[user, item] = max(time, last.get((user, item), time))
    score: dict[int, float] = {}
    for (_, item), time in last.items():
        score[item] = score.get(item, 0.0) + 2 ** (-(now - time) / half_life)
    return score
