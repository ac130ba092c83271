"""Expected calibration error: do 30 % mean 30 %?"""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def predicted(rng: Random) -> tuple[list[int], list[float], int]:
    """Up to twelve rows, some at the very edges of bins (halves, quarters, 0 and 1)."""
    n, n_bins = rng.randrange(1, 13), rng.choice([1, 2, 4])
    p = [rng.choice([0.0, 0.25, 0.5, 1.0, round(rng.random(), 2), round(rng.random(), 2)]) for _ in range(n)]
    return [int(rng.random() < 0.5) for _ in range(n)], p, n_bins


@check(
    by_hand=[
        Case(
            ([0, 1, 1, 1], [0.1, 0.3, 0.8, 0.9], 2),
            (2 / 4) * abs(0.5 - 0.2) + (2 / 4) * abs(1 - 0.85),
            "bin 0: half are clicks, 0.2 was promised; bin 1: all are, 0.85 was promised; half the rows each",
        ),
        Case(
            ([1, 0, 0, 0], [0.9, 0.1, 0.2, 0.3], 2),
            (1 / 4) * 0.1 + (3 / 4) * 0.2,
            "a bin with three of four rows weighs three quarters",
        ),
        Case(([1, 0], [1.0, 0.5], 2), 0.25, "0.5 opens the upper bin and 1.0 belongs to it: |1/2 - 3/4|"),
        Case(
            ([0, 1, 0, 1], [0.2, 0.2, 0.7, 0.7], 10),
            0.25,
            "two bins are filled: |0.5 - 0.2| and |0.5 - 0.7|, half the rows each; empty bins say nothing",
        ),
    ],
    at_random=predicted,
    slips=[
        Slip(
            "every bin weighs the same in your mean: weight it by its share of the rows",
            (
                "sum(abs(sum(gaps)) for gaps in bins) / len(labels)",
                "sum(abs(sum(gaps)) / len(gaps) for gaps in bins if gaps) / sum(map(bool, bins))",
            ),
        ),
        Slip(
            "this is the worst bin: ECE is the mean over bins, weighted by their share of the rows",
            (
                "sum(abs(sum(gaps)) for gaps in bins) / len(labels)",
                "max(abs(sum(gaps)) / len(gaps) for gaps in bins if gaps)",
            ),
        ),
        Slip(
            "bins that promise too much and bins that promise too little cancel: take absolute values",
            ("abs(sum(gaps))", "sum(gaps)"),
        ),
        Slip(
            "your bins are the rows themselves, and even a right 50 % is off by 1/2 there: "
            "add up within a bin first, then take the absolute value",
            ("abs(sum(gaps))", "sum(map(abs, gaps))"),
        ),
        Slip(
            "you compared with the middle of the bin: compare with the mean of what was predicted in it",
            ("append(y - p)", "append(y - (min(int(p * n_bins), n_bins - 1) + 0.5) / n_bins)"),
        ),
        Slip(
            "a prediction of 1.0 falls out of your bins: it belongs to the last one",
            ("min(int(p * n_bins), n_bins - 1)", "int(p * n_bins)"),
        ),
        Slip(
            "your bins are open on the left: a prediction at an edge belongs to the bin above",
            ("min(int(p * n_bins), n_bins - 1)", "max(-int(-p * n_bins // 1) - 1, 0)"),
        ),
        Slip(
            "this is one bin for all rows, which a model that always says the mean passes without error",
            ("min(int(p * n_bins), n_bins - 1)", "0"),
        ),
    ],
    then="a model says the overall rate for everyone: what are its ECE and its AUC?",
)
def calibration_error(labels: list[int], probabilities: list[float], n_bins: int) -> float:
    """(N,) labels 0 or 1, (N,) predictions in 0..1 -> mean |clicks - promised| of equal bins, by rows."""
    bins: list[list[float]] = [[] for _ in range(n_bins)]
    for y, p in zip(labels, probabilities, strict=True):
        bins[min(int(p * n_bins), n_bins - 1)].append(y - p)
    return sum(abs(sum(gaps)) for gaps in bins) / len(labels)
