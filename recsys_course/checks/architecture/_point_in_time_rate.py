"""The click rate of an item as it was known at the time."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check

Row = tuple[int, int, int]  # item, time, click


def rows(rng: Random) -> tuple[list[Row], int, float, float]:
    """Up to twelve rows in no order of time, many at the same time."""
    log = [(rng.randrange(3), rng.randrange(6), rng.randrange(2)) for _ in range(rng.randrange(13))]
    return log, rng.choice([0, 0, 1, 2]), rng.choice([0.1, 0.25]), rng.choice([0.5, 2.0, 10.0])


@check(
    by_hand=[
        Case(
            ([(7, 10, 1), (7, 20, 0), (7, 30, 1), (8, 25, 1)], 0, 0.1, 10.0),
            [1 / 10, 2 / 11, 2 / 12, 1 / 10],
            "item 7 has 0, 1, 2 earlier rows with 0, 1, 1 clicks: 1/10, (1 + 1)/(1 + 10), (1 + 1)/(2 + 10); "
            "item 8 has none: the prior",
        ),
        Case(
            ([(7, 10, 1), (7, 20, 0), (7, 30, 1)], 10, 0.1, 10.0),
            [1 / 10, 1 / 10, 2 / 11],
            "a row must be older than 10 s: at 20 that of time 10 is exactly 10 s old and still unknown, "
            "at 30 it is known",
        ),
        Case(
            ([(7, 10, 1), (7, 10, 1), (7, 5, 0)], 0, 0.5, 2.0),
            [1 / 3, 1 / 3, 1 / 2],
            "two rows at one moment do not know each other; both know the row of time 5, which stands last",
        ),
    ],
    at_random=rows,
    slips=[
        Slip(
            "rows at the very moment count as known, and with them the label of the row itself: "
            "count what is strictly earlier",
            ("time < now - delay", "time <= now - delay"),
        ),
        Slip(
            "this is the rate over the whole log, its future and the row's own click included: a leak",
            (" and time < now - delay", ""),
        ),
        Slip("you counted the clicks of all items: each item has its own rate", ("other == item and ", "")),
        Slip("rows younger than the delay have not arrived yet: do not use them", ("now - delay", "now")),
        Slip(
            "you added the delay to the time of the row: that lets in the future",
            ("now - delay", "now + delay"),
        ),
        Slip(
            "you shrink towards 0: add strength * prior above the line as well",
            ("(sum(known) + strength * prior)", "sum(known)"),
        ),
        Slip(
            "without the prior, one click in one row is a rate of 100 %",
            ("(sum(known) + strength * prior) / (len(known) + strength)",
             "sum(known) / len(known) if known else prior"),
        ),
        Slip(
            "you counted the rows that stand earlier in the list: the list is in no order of time",
            ("in log if other == item and time < now - delay", "in log[: len(rates)] if other == item"),
        ),
        Slip(
            "you left out the row itself and kept its future: what comes later is unknown as well",
            ("time < now - delay", "(time, click) != (now, _)"),
        ),
    ],
    then="a hundred million rows: sort by item and time once; what do you keep while you go through them?",
)  # fmt: skip
def point_in_time_rate(
    log: list[tuple[int, int, int]], delay: int, prior: float, strength: float
) -> list[float]:
    """Rows (item, time, click) in any order -> for each the smoothed rate of its item as known then."""
    rates = []
    for item, now, _ in log:
        known = [click for other, time, click in log if other == item and time < now - delay]
        rates.append((sum(known) + strength * prior) / (len(known) + strength))
    return rates
