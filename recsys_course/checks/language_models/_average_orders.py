"""The same candidates shown in several orders: what the answers agree on."""

from __future__ import annotations

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.language_models._orders import asked


@check(
    by_hand=[
        Case(
            ([[0, 1, 2], [2, 1, 0]], [[0, 1, 2], [0, 1, 2]]),
            ([0, 1, 2], [1.0, 1.0, 1.0]),
            "a ranker that repeats what it is shown: each candidate has the mean rank 1, it has said nothing",
        ),
        Case(
            ([[0, 1, 2], [2, 0, 1]], [[1, 0, 2], [2, 0, 1]]),
            ([1, 0, 2], [1.5, 0.0, 1.5]),
            "first answer: 1, 0, 2. Second: place 2 is candidate 1, place 0 is 2, place 1 is 0. Ranks of 0: "
            "1 and 2; of 1: 0 and 0; of 2: 2 and 1. The tie goes by the smaller number, so 0 comes before 2",
        ),
        Case(
            ([[2, 0, 1]], [[2, 0, 1]]),
            ([1, 2, 0], [2.0, 0.0, 1.0]),
            "one order alone: place 2 holds candidate 1, place 0 holds 2, place 1 holds 0",
        ),
    ],
    at_random=asked,
    slips=[
        Slip(
            "an answer names places of the list as shown, not candidates: go back through shown",
            ("total[places[place]]", "total[place]"),
        ),
        Slip(
            "you went through shown the wrong way: shown[o][p] is the candidate at place p",
            ("places[place]", "places.index(place)"),
        ),
        Slip(
            "you averaged the places where candidates were shown; the ranks are what the ranker answered",
            ("for rank, place in enumerate(answer):", "for rank, place in enumerate(sorted(answer)):"),
        ),
        Slip(
            "your ranks start at 1: here the best has rank 0", ("enumerate(answer)", "enumerate(answer, 1)")
        ),
        Slip(
            "your order begins with the worst: a small mean rank is good",
            ("(total[c], c)", "(-total[c], c)"),
        ),
        Slip("equal mean ranks go by the smaller number", ("(total[c], c)", "(total[c], -c)")),
        Slip("you gave sums; the mean divides by the number of orders", ("t / len(shown)", "float(t)")),
        Slip(
            "only the first answer was read",
            ("zip(shown, answers, strict=True)", "zip(shown[:1], answers[:1])"),
            ("t / len(shown)", "float(t)"),
        ),
    ],
    then="how many orders does it take until two runs with other seeds agree on the first place?",
)
def average_orders(shown: list[list[int]], answers: list[list[int]]) -> tuple[list[int], list[float]]:
    """Candidates by place, and places best first, an order each -> candidates best first, (C,) mean ranks."""
    total = [0] * len(shown[0])
    for places, answer in zip(shown, answers, strict=True):
        for rank, place in enumerate(answer):
            total[places[place]] += rank
    order = sorted(range(len(total)), key=lambda c: (total[c], c))
    return order, [t / len(shown) for t in total]
