"""Weights that follow the evidence: the user's history and the item's clicks."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def one_user(rng: Random) -> tuple[list[float], list[float], int, list[int], float, float]:
    """Two members' scores on one scale, a history length, clicks per item, two half points."""
    n = rng.randrange(1, 6)
    content, collaborative = ([rng.randrange(-20, 21) / 10 for _ in range(n)] for _ in range(2))
    clicks = [rng.choice([0, 1, 4, 30]) for _ in range(n)]
    return (
        content,
        collaborative,
        rng.choice([0, 2, 9]),
        clicks,
        rng.choice([2.0, 5.0]),
        rng.choice([1.0, 10.0]),
    )


@check(
    by_hand=[
        Case(
            ([1.0, 1.0], [-1.0, 3.0], 5, [10, 30], 5.0, 10.0),
            [0.5, 1.75],
            "the user is worth 5/10, the items 10/20 and 30/40: shares 1/4 and 3/8; 0.75 - 0.25 and "
            "0.625 + 1.125",
        ),
        Case(
            ([0.4, -0.2], [9.0, 9.0], 0, [50, 0], 5.0, 10.0),
            [0.4, -0.2],
            "a user without history: content alone",
        ),
        Case(
            ([0.4, 0.6], [2.0, 9.0], 15, [10, 0], 5.0, 10.0),
            [1.0, 0.6],
            "an item without clicks is content's, whoever asks; the other gets 3/4 1/2 = 3/8: 0.25 + 0.75",
        ),
    ],
    at_random=one_user,
    slips=[
        Slip(
            "your shares are turned round: much evidence speaks for the collaborative member",
            ("(1 - share) * c + share * f", "share * c + (1 - share) * f"),
        ),
        Slip(
            "you looked at the user alone: an item without clicks has no collaborative score worth hearing",
            ("trust * clicks / (clicks + b)", "trust"),
        ),
        Slip(
            "you looked at the item alone: a user without history has no collaborative score either",
            ("trust * clicks / (clicks + b)", "clicks / (clicks + b)"),
        ),
        Slip(
            "you took the mean of the two trusts: a new user with an old item would still get half; multiply",
            ("trust * clicks / (clicks + b)", "(trust + clicks / (clicks + b)) / 2"),
        ),
        Slip(
            "a and b are swapped: a belongs to the user's events, b to the item's clicks",
            ("(n_events + a)", "(n_events + b)"),
            ("(clicks + b)", "(clicks + a)"),
        ),
        Slip(
            "the content share is missing: the two shares add up to 1",
            ("(1 - share) * c + share * f", "c + share * f"),
        ),
        Slip(
            "the share grows without end: n / (n + a) reaches 1/2 at n = a and never passes 1",
            ("n_events / (n_events + a)", "n_events / a"),
            ("clicks / (clicks + b)", "clicks / b"),
        ),
        Slip(
            "your switch is hard: below the half point content alone, above it the other; the share "
            "rises smoothly",
            ("share = trust * clicks / (clicks + b)", "share = float(n_events >= a and clicks >= b)"),
        ),
    ],
    then="how would you choose a and b, and on which users would you look at the result?",
)
def adaptive_blend(
    content: list[float], collaborative: list[float], n_events: int, n_clicks: list[int], a: float, b: float
) -> list[float]:
    """I scores each, events of the user, clicks of the items, half points -> I blended scores."""
    trust = n_events / (n_events + a)
    blended = []
    for c, f, clicks in zip(content, collaborative, n_clicks, strict=True):
        share = trust * clicks / (clicks + b)
        blended.append((1 - share) * c + share * f)
    return blended
