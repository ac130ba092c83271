"""A list as soft targets, and the student's cross-entropy over the same candidates."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def lists(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Lists of different lengths, padded with -1, one perhaps empty; small scores."""
    n_rows, n_items, longest = (int(n) for n in (rng.integers(2, 5), rng.integers(4, 7), rng.integers(2, 4)))
    rankings = np.array([rng.permutation(n_items)[:longest] for _ in range(n_rows)])
    lengths = rng.integers(0 if rng.random() < 0.4 else 1, longest + 1, size=n_rows)
    lengths[-1] = longest
    rankings[np.arange(longest) >= lengths[:, None]] = -1
    return rankings, rng.normal(size=(n_rows, n_items)).round(1), float(rng.choice([0.5, 1.0, 3.0]))


@check(
    by_hand=[
        Case(
            (np.array([[1, 0]]), np.array([[0.0, np.log(3)]]), 1 / np.log(3)),
            (np.array([[0.75, 0.25]]), -0.75 * np.log(0.75) - 0.25 * np.log(0.25)),
            "weights 1 and e^(-ln 3) = 1/3: shares 3/4 and 1/4. The student gives item 1 3/4 as well: what "
            "is left, 0.562, is the entropy of the targets",
        ),
        Case(
            (np.array([[1, 0], [2, -1]]), np.array([[0.0, 0.0, 9.0], [0.0, 0.0, 9.0]]), 1 / np.log(3)),
            (np.array([[0.75, 0.25], [1.0, 0.0]]), np.log(2) / 2),
            "list 0: both its candidates have the same score, 1/2 each: ln 2. Item 2 is none of them, so its "
            "9 does not count. List 1 has one candidate, which gets all: 0",
        ),
        Case(
            (np.array([[-1, -1], [0, 1]]), np.array([[1.0, 2.0], [0.0, 0.0]]), 1 / np.log(3)),
            (np.array([[0.0, 0.0], [0.75, 0.25]]), np.log(2)),
            "a row without a list teaches nothing and is not counted: ln 2, not ln 2 / 2",
        ),
    ],
    at_random=lists,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "your student's softmax runs over all items: both are compared on the same candidates",
            ("e[some].sum(axis=1)", "np.exp(scores[some]).sum(axis=1)"),
        ),
        Slip(
            "a padding of -1 picked the last item's score: mask it",
            ("e = np.where(there, np.exp(picked), 0.0)", "e = np.exp(picked)"),
        ),
        Slip(
            "padding got a share of the targets: only real candidates do",
            (
                "weights = np.where(there, np.exp(-ranks / temperature), 0.0)",
                "weights = np.exp(-ranks / temperature) * np.ones(there.shape)",
            ),
        ),
        Slip(
            "the temperature belongs below the rank: a high one makes the shares alike",
            ("-ranks / temperature", "-ranks * temperature"),
        ),
        Slip(
            "your targets grow down the list: the first has the largest",
            ("np.exp(-ranks / temperature)", "np.exp(ranks / temperature)"),
        ),
        Slip(
            "the targets of a row add up to 1: divide by their sum",
            ("weights / np.maximum(weights.sum(axis=1, keepdims=True), 1.0)", "weights"),
        ),
        Slip(
            "rows without a list were counted in the mean: they teach nothing",
            ("float(loss.mean())", "float(loss.sum() / len(rankings))"),
        ),
        Slip(
            "the logarithm is of the student's share, weighted by the teacher's: you have them reversed",
            (
                "np.log(e[some].sum(axis=1)) - (targets * picked)[some].sum(axis=1)",
                "-(e * np.log(np.where(there, targets, 1)) / np.maximum(e.sum(axis=1, keepdims=True), 1e-9))"
                "[some].sum(axis=1)",
            ),
        ),
    ],
    then="let the student's scores be -rank / temperature: what is the loss, and can it fall further?",
)
def rankings_to_targets(
    rankings: np.ndarray, scores: np.ndarray, temperature: float
) -> tuple[np.ndarray, float]:
    """(m, C) items best first, -1 behind; (m, I) student's scores -> (m, C) targets, mean loss of lists."""
    there = rankings >= 0  # (m, C)
    some = there[:, 0]  # (m,) rows with a list
    ranks = np.arange(rankings.shape[1])  # (C,)
    weights = np.where(there, np.exp(-ranks / temperature), 0.0)  # the first has 1, so a list at least 1
    targets = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1.0)
    picked = scores[np.arange(len(scores))[:, None], rankings]  # (m, C) -1 reads the last item
    e = np.where(there, np.exp(picked), 0.0)
    loss = np.log(e[some].sum(axis=1)) - (targets * picked)[some].sum(axis=1)
    return targets, float(loss.mean())
