"""Means with a prior: what few ratings say is believed in part."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def shelves(rng: Random) -> tuple[list[list[float]], float]:
    """The stars of two to five items, some without any, one at least with."""
    stars = [
        [float(rng.randrange(1, 6)) for _ in range(rng.randrange(5))] for _ in range(rng.randrange(2, 6))
    ]
    stars[rng.randrange(len(stars))].append(float(rng.randrange(1, 6)))
    return stars, rng.choice([0.5, 1.0, 2.0, 5.0])


@check(
    by_hand=[
        Case(
            ([[5.0], [4.0, 4.0, 4.0], []], 2.0),
            [(5 + 8.5) / 3, (12 + 8.5) / 5, 4.25],
            "the mean of all four ratings is 17 / 4 = 4.25, two imaginary ones of it are 8.5; "
            "the last item has nothing else",
        ),
        Case(
            ([[1.0, 1.0, 1.0], [5.0]], 1.0),
            [(3 + 2) / 4, (5 + 2) / 2],
            "all four ratings have mean 2: one more of those for each item",
        ),
    ],
    at_random=shelves,
    slips=[
        Slip(
            "this is the plain mean: the imaginary ratings are missing",
            (
                "(sum(ratings) + damping * prior) / (len(ratings) + damping)",
                "sum(ratings) / len(ratings) if ratings else prior",
            ),
        ),
        Slip(
            "you took the mean of the items' means as prior: one rating of a rare item then counts as "
            "much as a hundred of a popular one; take the mean of all ratings",
            (
                "    everything = [r for ratings in stars for r in ratings]",
                "    everything = [sum(ratings) / len(ratings) for ratings in stars if ratings]",
            ),
        ),
        Slip(
            "you added the damping below the line alone: that pulls towards 0 stars, not towards the mean",
            (" + damping * prior", ""),
        ),
        Slip(
            "you added the damping above the line alone: the imaginary ratings count below it, too",
            ("(len(ratings) + damping)", "max(len(ratings), 1)"),
        ),
        Slip(
            "an item without ratings got 0: what is known of it is the prior",
            ("(len(ratings) + damping) for", "(len(ratings) + damping) if ratings else 0.0 for"),
        ),
        Slip(
            "your prior is the sum of all ratings: take their mean",
            ("sum(everything) / len(everything)", "sum(everything)"),
        ),
        Slip(
            "your prior is the middle of the scale, 3: it is the mean of what was rated, which lies higher "
            "on most platforms",
            ("sum(everything) / len(everything)", "3.0"),
        ),
    ],
    then="which damping would you take, and on which data would you choose it?",
)
def bayesian_average(stars: list[list[float]], damping: float) -> list[float]:
    """The stars of each item -> its mean with ``damping`` imaginary ratings at the mean of all."""
    everything = [r for ratings in stars for r in ratings]
    prior = sum(everything) / len(everything)
    return [(sum(ratings) + damping * prior) / (len(ratings) + damping) for ratings in stars]
