"""How much better a candidate is ranked for the sole reason of where it stood."""

from __future__ import annotations

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.language_models._orders import asked


@check(
    by_hand=[
        Case(
            ([[0, 1, 2], [1, 2, 0], [2, 0, 1]], [[0, 1, 2]] * 3),
            [-1.0, 0.0, 1.0],
            "the ranker repeats the list: each candidate has a mean rank of 1, and place 0 gets rank 0",
        ),
        Case(
            ([[0, 1, 2], [1, 2, 0], [2, 0, 1]], [[0, 1, 2], [2, 0, 1], [1, 2, 0]]),
            [0.0, 0.0, 0.0],
            "it always says 0, 1, 2, wherever they stand: no effect of the place",
        ),
        Case(
            ([[0, 1]] * 2, [[0, 1]] * 2),
            [0.0, 0.0],
            "always shown in one order: that place 0 wins may be the candidate's merit; the answer is 0",
        ),
        Case(
            ([[0, 1], [1, 0]], [[0, 1], [1, 0]]),
            [0.0, 0.0],
            "candidate 0 wins from both places",
        ),
        Case(
            ([[0, 1], [0, 1], [1, 0]], [[0, 1], [0, 1], [0, 1]]),
            [-4 / 9, 4 / 9],
            "mean ranks: candidate 0 has (0 + 0 + 1) / 3, candidate 1 the rest to 1, 2/3. At place 0: "
            "0 - 1/3 twice and 0 - 2/3, mean -4/9",
        ),
    ],
    at_random=asked,
    slips=[
        Slip(
            "you gave the mean rank by place alone: good candidates that are shown first pass for a bias; "
            "subtract each candidate's own mean rank",
            ("- mean[places[p]]", ""),
        ),
        Slip(
            "you subtracted the middle rank, (C - 1) / 2: right only if each candidate stood everywhere "
            "equally often",
            ("mean[places[p]]", "(n - 1) / 2"),
        ),
        Slip(
            "your sign is turned: a rank below the candidate's own mean is an advantage, negative",
            ("ranks[p] - mean[places[p]]", "mean[places[p]] - ranks[p]"),
        ),
        Slip(
            "you read the answer as ranks by place: answer[r] is the place with rank r; turn it round",
            ("answer.index(p)", "answer[p]"),
        ),
        Slip(
            "you subtracted the mean of the candidate numbered p, not of the candidate that stood at place p",
            ("mean[places[p]])", "mean[p])"),
        ),
        Slip(
            "you subtracted the mean rank of the place: what is left is 0 by construction; "
            "take the candidate's",
            ("mean[places[place]] += ", "mean[place] += "),
            ("mean[places[p]])", "mean[p])"),
        ),
        Slip(
            "you gave sums over the orders: divide by their number",
            ("effect[p] += (", "effect[p] += len(shown) * ("),
        ),
    ],
    then="a retriever sorts the candidates before they are shown: which of your numbers would change?",
)
def place_effect(shown: list[list[int]], answers: list[list[int]]) -> list[float]:
    """Candidates by place, and places best first, an order each -> (C,) advantage of each place."""
    n = len(shown[0])
    by_place = [[answer.index(p) for p in range(n)] for answer in answers]
    mean, effect = [0.0] * n, [0.0] * n
    for places, ranks in zip(shown, by_place, strict=True):
        for place, rank in enumerate(ranks):
            mean[places[place]] += rank / len(shown)
    for places, ranks in zip(shown, by_place, strict=True):
        for p in range(n):
            effect[p] += (ranks[p] - mean[places[p]]) / len(shown)
    return effect
