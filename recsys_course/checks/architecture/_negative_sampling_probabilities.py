"""With which chance an item is drawn as a negative."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def popularity(rng: np.random.Generator) -> tuple[np.ndarray, float, set[int]]:
    """Uneven counts with zeros; a user who knows some items, at times all of them."""
    counts = rng.integers(0, 7, size=int(rng.integers(2, 7))).astype(float)
    share = rng.choice([0.2, 0.5, 1.0])
    known = {i for i in range(len(counts)) if rng.random() < share}
    return counts, float(rng.choice([0.0, 0.5, 0.75, 1.0])), known


@check(
    by_hand=[
        Case(
            (np.array([16.0, 9.0, 0.0]), 0.5, set()),
            np.array([4 / 7, 3 / 7, 0.0]),
            "the roots of 16, 9, 0 are 4, 3, 0; they add up to 7",
        ),
        Case(
            (np.array([16.0, 9.0, 4.0, 0.0]), 0.5, {0}),
            np.array([0.0, 3 / 5, 2 / 5, 0.0]),
            "the user knows item 0: what is left, 3 and 2, adds up to 5",
        ),
        Case(
            (np.array([16.0, 9.0, 0.0]), 0.0, {1}),
            np.array([1 / 2, 0.0, 1 / 2]),
            "beta = 0 draws all alike, also the item without events: 0^0 = 1",
        ),
        Case(
            (np.array([0.25, 0.09]), 0.5, set()),
            np.array([5 / 8, 3 / 8]),
            "counts that fade with age need not be whole: 0.5 and 0.3 add up to 0.8",
        ),
        Case((np.array([3.0, 1.0]), 1.0, {0, 1}), np.zeros(2), "the user knows all: nothing can be drawn"),
        Case((np.array([3.0, 0.0]), 0.75, {0}), np.zeros(2), "what is left has no event, and 0^0.75 = 0"),
    ],
    at_random=popularity,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you divided before you took out what the user knows: what is left no longer adds up to 1",
            ("    weight[list(known)] = 0.0\n    total = weight.sum()",
             "    total = weight.sum()\n    weight[list(known)] = 0.0"),
        ),
        Slip("you multiplied by beta: it is the exponent", ("counts**beta", "counts * beta")),
        Slip("what the user knows can be drawn here: set it to 0", ("    weight[list(known)] = 0.0\n", "")),
        Slip(
            "you raised the shares to the power and stopped: divide again, so that they add up to 1",
            ("counts**beta", "(counts / max(counts.sum(), 1.0)) ** beta"),
            ("weight / total if total > 0 else weight", "weight"),
        ),
        Slip("with nothing left this is 0 / 0: answer zeros", (" if total > 0 else weight", "")),
        Slip(
            "this is a softmax of the counts: a count of 100 against 90 would win every time",
            ("counts**beta", "np.exp(beta * counts)"),
        ),
        Slip(
            "at beta = 0 an item without events is drawn like any other: that is what uniform means",
            ("counts**beta", "np.where(counts > 0, counts**beta, 0.0)"),
        ),
        Slip("these are weights: divide by their sum", ("weight / total if total > 0 else weight", "weight")),
    ],
    then="at which beta does the most popular item of a catalogue get the share that it has inside a batch?",
)  # fmt: skip
def negative_sampling_probabilities(counts: np.ndarray, beta: float, known: set[int]) -> np.ndarray:
    """(I,) events per item, exponent, items the user knows -> (I,) chance of each to be drawn."""
    weight = counts**beta
    weight[list(known)] = 0.0
    total = weight.sum()
    return weight / total if total > 0 else weight
