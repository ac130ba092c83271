"""The loop without chance: what was clicked is shown, what is shown is clicked."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def platform(rng: Random) -> tuple[list[float], list[float], float, float, int]:
    """Two to four items with a few clicks each and a chance of a click; up to three rounds."""
    n = rng.randrange(2, 5)
    clicks = [float(rng.randrange(1, 6)) for _ in range(n)]
    quality = [rng.randrange(1, 10) / 10 for _ in range(n)]
    return clicks, quality, rng.choice([0.5, 1.5, 2.0]), rng.choice([0.0, 0.1, 0.3, 0.5]), rng.randrange(4)


@check(
    by_hand=[
        Case(
            ([2.0, 1.0], [0.5, 1.0], 2.0, 0.0, 1),
            [2 + 0.8 * 0.5, 1 + 0.2 * 1.0],
            "squares 4 and 1: the first item is shown in 4/5 of the views and clicked in half of those",
        ),
        Case(
            ([2.0, 1.0], [0.5, 1.0], 2.0, 0.5, 1),
            [2 + 0.65 * 0.5, 1 + 0.35 * 1.0],
            "half of the views go by clicks (4/5, 1/5), half evenly (1/2, 1/2): 0.65 and 0.35",
        ),
        Case(
            ([1.0, 1.0], [1.0, 1.0], 1.0, 0.0, 3),
            [2.5, 2.5],
            "equal items share every round: three times 1/2 more each",
        ),
        Case(([3.0, 1.0], [0.2, 0.9], 2.0, 0.1, 0), [3.0, 1.0], "no round, no change"),
    ],
    at_random=platform,
    slips=[
        Slip(
            "you left out the exploration: a share `explore` of the views goes to all items evenly",
            ("(1 - explore) * w / total + explore / len(clicks)", "w / total"),
        ),
        Slip(
            "you added the exploration on top: the shares must add up to 1, so the rest is 1 - explore",
            ("(1 - explore) * w / total", "w / total"),
        ),
        Slip(
            "every item got the whole of `explore`: it is divided among them",
            ("explore / len(clicks)", "explore"),
        ),
        Slip(
            "you took every view for a click: of the views of an item a share `quality` clicks",
            ("c + s * q", "c + s"),
        ),
        Slip(
            "you put the new clicks in the place of the old: they are added to the log",
            ("[c + s * q for", "[s * q for"),
        ),
        Slip(
            "you left out the power: the front of the list gets more than its share of the clicks",
            ("c**power", "c"),
        ),
        Slip(
            "you took the power of the shares: take that of the clicks first, then divide by the sum, "
            "so that the shares add up to 1",
            ("c**power for c in clicks", "(c / sum(clicks)) ** power for c in clicks"),
            ("total = sum(weight)", "total = 1.0"),
        ),
        Slip(
            "you computed the shares once: each round shows what the clicks say by then",
            (
                "    for _ in range(n_rounds):\n        weight = [c**power for c in clicks]",
                "    weight = [c**power for c in clicks]\n    for _ in range(n_rounds):",
            ),
        ),
        Slip(
            "you played one round: there are n_rounds",
            ("range(n_rounds)", "range(min(n_rounds, 1))"),
        ),
    ],
    then="with power 1 and no exploration, does the better item always win in the end? And with power 2?",
)
def feedback_loop(
    clicks: list[float], quality: list[float], power: float, explore: float, n_rounds: int
) -> list[float]:
    """Clicks of each item, its chance of a click when shown -> clicks after so many rounds of one view."""
    clicks = list(clicks)
    for _ in range(n_rounds):
        weight = [c**power for c in clicks]
        total = sum(weight)
        share = [(1 - explore) * w / total + explore / len(clicks) for w in weight]
        clicks = [c + s * q for c, s, q in zip(clicks, share, quality, strict=True)]
    return clicks
