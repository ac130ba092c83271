"""A member's output as a feature for the next model, without its own label inside."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def shown(rng: Random) -> tuple[list[int], list[int], list[int], float]:
    """Impressions: item, click, fold. Two or three folds, each with a line; some items in one fold only."""
    n_folds = rng.randrange(2, 4)
    n = n_folds + rng.randrange(2, 7)
    folds = list(range(n_folds)) + [rng.randrange(n_folds) for _ in range(n - n_folds)]
    rng.shuffle(folds)
    items = [rng.randrange(4) for _ in range(n)]
    return items, [rng.randrange(2) for _ in range(n)], folds, rng.choice([0.5, 1.0, 2.0])


@check(
    by_hand=[
        Case(
            ([0, 0, 1, 1], [1, 0, 1, 1], [0, 1, 0, 1], 1.0),
            [0.25, 1.0, 0.75, 1.0],
            "fold 0 learns from lines 1 and 3: mean 1/2, item 0 (0 + 1/2)/2, item 1 (1 + 1/2)/2; fold 1 from "
            "lines 0 and 2, both clicked: 1",
        ),
        Case(
            ([0, 0, 1, 2, 0], [1, 0, 1, 0, 1], [0, 1, 1, 0, 1], 2.0),
            [7 / 12, 2 / 3, 1 / 2, 2 / 3, 2 / 3],
            "fold 0 learns from lines 1, 2, 4: mean 2/3; item 0 (1 + 4/3)/(2 + 2), item 2 is not there: "
            "the mean. "
            "Fold 1 from lines 0, 3: mean 1/2; item 0 (1 + 1)/(1 + 2), item 1 is not there",
        ),
        Case(
            ([3, 3, 3], [1, 1, 0], [2, 7, 7], 1.0),
            [0.5, 1.0, 1.0],
            "folds have any names; fold 2 learns from lines 1 and 2: (1 + 1/2)/(2 + 1)",
        ),
    ],
    at_random=shown,
    slips=[
        Slip(
            "the rate of a line holds its own click: learn it from the other folds, or the next model "
            "reads the "
            "answer off the feature",
            (" if f != fold", ""),
        ),
        Slip(
            "you learned from the line's own fold: everything but that fold is the training side",
            ("if f != fold", "if f == fold"),
        ),
        Slip(
            "the mean that damps is over all lines: it holds the fold's own clicks, so it leaks too",
            ("sum(c for _, c in others) / len(others)", "sum(clicks) / len(clicks)"),
        ),
        Slip(
            "you left out one line instead of one fold: then the feature falls when the click rises, "
            "which the "
            "next model learns to turn round",
            (
                "for item, fold in zip(items, folds, strict=True)",
                "for n, (item, fold) in enumerate(zip(items, folds, strict=True))",
            ),
            (
                "[(i, c) for i, c, f in zip(items, clicks, folds, strict=True) if f != fold]",
                "[(i, c) for m, (i, c) in enumerate(zip(items, clicks, strict=True)) if m != n]",
            ),
        ),
        Slip(
            "the damping is missing above the line: it stands for imaginary lines at the mean, not at 0",
            ("(sum(mine) + damping * mean)", "sum(mine)"),
        ),
        Slip(
            "the damping is missing: one line must not make a rate of 0 or 1",
            (
                "(sum(mine) + damping * mean) / (len(mine) + damping)",
                "sum(mine) / len(mine) if mine else mean",
            ),
        ),
        Slip(
            "an item that the other folds do not hold gets the mean, not 0",
            (
                "(sum(mine) + damping * mean) / (len(mine) + damping)",
                "(sum(mine) + damping * mean) / (len(mine) + damping) if mine else 0.0",
            ),
        ),
        Slip(
            "the rates stand fold after fold: give them in the order of the lines",
            (
                "    return rates",
                "    order = sorted(range(len(folds)), key=lambda n: folds[n])\n"
                "    return [rates[n] for n in order]",
            ),
        ),
        Slip(
            "you took the click rate of the other folds whatever the item: one rate per item",
            ("if i == item", "if True"),
        ),
    ],
    then="the folds are drawn at random here; what leaks when the log has times, and how do you cut it then?",
)
def out_of_fold(items: list[int], clicks: list[int], folds: list[int], damping: float) -> list[float]:
    """N lines: item, click 0 or 1, fold -> N damped click rates, each learned from the other folds."""
    rates = []
    for item, fold in zip(items, folds, strict=True):
        others = [(i, c) for i, c, f in zip(items, clicks, folds, strict=True) if f != fold]
        mean = sum(c for _, c in others) / len(others)
        mine = [c for i, c in others if i == item]
        rates.append((sum(mine) + damping * mean) / (len(mine) + damping))
    return rates
