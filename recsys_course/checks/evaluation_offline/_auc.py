"""AUC in N log N, by ranks."""

from __future__ import annotations

import math
from itertools import groupby
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def labelled_scores(rng: Random) -> tuple[list[int], list[float]]:
    """Up to nine rows with many ties; sometimes a class is missing."""
    n = rng.randrange(1, 10)
    share = rng.choice([0.3, 0.5, 0.7])
    return [int(rng.random() < share) for _ in range(n)], [rng.randint(-3, 3) / 2 for _ in range(n)]


def by_pairs(labels: list[int], scores: list[float]) -> float:
    """Every positive against every negative: what AUC means, in O(N^2)."""
    positives = [s for s, y in zip(scores, labels, strict=True) if y]
    negatives = [s for s, y in zip(scores, labels, strict=True) if not y]
    wins = [(p > n) + (p == n) / 2 for p in positives for n in negatives]
    return sum(wins) / len(wins) if wins else math.nan


@check(
    by_hand=[
        Case(
            ([1, 0, 1, 0], [0.9, 0.7, 0.6, 0.2]),
            3 / 4,
            "of the four pairs only 0.6 against 0.7 is in the wrong order",
        ),
        Case(
            ([1, 1, 0, 0, 0], [0.5, 0.1, 0.5, 0.5, 0.0]),
            (1 / 2 + 1 / 2 + 1 + 0 + 0 + 1) / 6,
            "the positive with 0.5 ties with two negatives (1/2 each) and beats one; that with 0.1 beats one",
        ),
        Case(([1, 0, 0], [0.3, 0.3, 0.3]), 1 / 2, "all tie: each pair counts one half"),
        Case(([1, 1], [0.2, 0.4]), math.nan, "no negative, so there is no pair"),
        Case(([0], [0.2]), math.nan, "no positive, so there is no pair"),
    ],
    at_random=labelled_scores,
    oracle=by_pairs,
    slips=[
        Slip(
            "a tie counts 0 for you: the rank of tied rows is the mean of their places",
            (
                "        rank_sum += middle * sum(labels[i] for i in tied)",
                "        positive = sum(labels[i] for i in tied)\n"
                "        rank_sum += positive * start + positive * (positive + 1) / 2",
            ),
        ),
        Slip(
            "a tie counts 1 for you: the rank of tied rows is the mean of their places",
            (
                "        rank_sum += middle * sum(labels[i] for i in tied)",
                "        positive = sum(labels[i] for i in tied)\n"
                "        top = start + len(tied)\n"
                "        rank_sum += positive * top - positive * (positive - 1) / 2",
            ),
        ),
        Slip(
            "tied rows got the ranks in which they happen to stand: give all the mean of their places",
            (
                "middle * sum(labels[i] for i in tied)",
                "sum(labels[i] * (start + n) for n, i in enumerate(tied, 1))",
            ),
        ),
        Slip(
            "this is 1 - AUC: rank 1 is the lowest score",
            (
                "order = sorted(range(len(scores)), key=scores.__getitem__)",
                "order = sorted(range(len(scores)), key=lambda i: -scores[i])",
            ),
        ),
        Slip(
            "take off what the positives' ranks add up to when all of them stand last: n(n + 1) / 2",
            (" - n_pos * (n_pos + 1) / 2", ""),
        ),
        Slip(
            "divide by the number of pairs, positives times negatives",
            ("(n_pos * n_neg)", "len(labels) ** 2"),
        ),
        Slip(
            "one class is missing and you answered 1/2: there is no pair to judge by, so nan",
            ("return math.nan", "return 0.5"),
        ),
        Slip(
            "one class is missing and you answered 0: there is no pair to judge by, so nan",
            ("return math.nan", "return 0.0"),
        ),
        Slip(
            "one class is missing and this divides by 0: answer nan",
            ("if n_pos == 0 or n_neg == 0:", "if False:"),
        ),
    ],
    then="negatives are sampled down to a tenth: what becomes of AUC, and what of precision?",
)
def auc(labels: list[int], scores: list[float]) -> float:
    """(N,) labels 0 or 1, (N,) scores -> chance of a positive above a negative; nan without pairs."""
    n_pos = sum(labels)
    n_neg = len(labels) - n_pos
    if n_pos == 0 or n_neg == 0:
        return math.nan
    order = sorted(range(len(scores)), key=scores.__getitem__)
    rank_sum, start = 0.0, 0
    for _, rows in groupby(order, key=scores.__getitem__):
        tied = list(rows)
        middle = start + (len(tied) + 1) / 2  # the mean of the places start + 1 .. start + len(tied)
        rank_sum += middle * sum(labels[i] for i in tied)
        start += len(tied)
    return (rank_sum - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg)
