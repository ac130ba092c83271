"""Ranking distillation: how much each item of the teacher's list counts."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def lists(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float, float]:
    """A teacher's list of two to four items and a student's scores of them all, some tied."""
    n_items = int(rng.integers(5, 9))
    top = rng.permutation(n_items)[: int(rng.integers(2, 5))]
    scores = rng.integers(0, 6, size=n_items).astype(float)
    return top, scores, float(rng.choice([1.0, 2.0, 5.0])), float(rng.choice([0.1, 0.3]))


def tanh(*x: float) -> np.ndarray:
    return np.tanh(np.array(x))


@check(
    by_hand=[
        Case(
            (np.array([2, 0]), np.array([5.0, 4.0, 3.0, 2.0]), 1.0, 0.5),
            np.array([1.0, 0.0]),
            "the teacher's first is the student's third: tanh(0.5 x 2). Its second is the student's first: "
            "no reason to push, 0. So all weight is on the first",
        ),
        Case(
            (np.array([3, 2]), np.array([9.0, 8.0, 2.0, 1.0]), 1 / np.log(2), 1.0),
            np.array([2 * np.tanh(3), np.tanh(1)]) / (2 * np.tanh(3) + np.tanh(1)),
            "positions: e^(-r ln 2) = 1/2 and 1/4. The student has them at 4 and 3: tanh(3) and tanh(1)",
        ),
        Case(
            (np.array([1, 0]), np.array([6.0, 7.0, 3.0]), 2.0, 1.0),
            np.array([0.0, 0.0]),
            "the student has the same list: nothing to push, and no 0 / 0",
        ),
        Case(
            (np.array([0, 2]), np.array([1.0, 4.0, 4.0, 1.0, 1.0]), 1e9, 0.25),
            np.array([1.0, 0.0]),
            "the first is third for the student (two are higher, ties do not count): 3 - 1 = 2; "
            "the second shares the first place: 1 - 2 is below 0",
        ),
    ],
    at_random=lists,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "argsort gives the items in order, not each item's rank: count how many score higher",
            (
                "(student_scores > student_scores[teacher_top][:, None]).sum(axis=1)",
                "np.argsort(-student_scores, kind='stable')[teacher_top]",
            ),
        ),
        Slip(
            "you compared the listed items with each other only: the student's rank is among all items",
            ("(student_scores > ", "(student_scores[teacher_top] > "),
        ),
        Slip(
            "ranks of one side start at 0, of the other at 1",
            ("student_rank = 1 + ", "student_rank = "),
        ),
        Slip(
            "you took the absolute difference: an item that the student has higher than the "
            "teacher needs no push",
            ("np.maximum(student_rank - rank, 0)", "np.abs(student_rank - rank)"),
        ),
        Slip("the position's part is missing: e^(-rank / scale)", ("np.exp(-rank / scale) * ", "")),
        Slip(
            "the position's part grows down the list: e to the minus",
            ("np.exp(-rank / scale)", "np.exp(rank / scale)"),
        ),
        Slip(
            "the tanh is missing: without it one item far down takes all",
            (
                "np.tanh(sharpness * np.maximum(student_rank - rank, 0))",
                "(sharpness * np.maximum(student_rank - rank, 0))",
            ),
        ),
        Slip(
            "sharpness belongs inside the tanh",
            (
                "np.tanh(sharpness * np.maximum(student_rank - rank, 0))",
                "sharpness * np.tanh(np.maximum(student_rank - rank, 0))",
            ),
        ),
        Slip(
            "the weights do not add up to 1: divide by their sum",
            ("weights / (total if total > 0 else 1.0)", "weights"),
        ),
        Slip(
            "0 / 0 where there is nothing to push: answer zeros", ("(total if total > 0 else 1.0)", "total")
        ),
    ],
    then="ranks of all items for each row of each batch are dear: how would you estimate them from a sample?",
)
def rank_weights(
    teacher_top: np.ndarray, student_scores: np.ndarray, scale: float, sharpness: float
) -> np.ndarray:
    """(K,) the teacher's items, best first; (I,) the student's scores -> (K,) weights that sum to 1, or 0."""
    rank = np.arange(1, len(teacher_top) + 1)  # (K,)
    student_rank = 1 + (student_scores > student_scores[teacher_top][:, None]).sum(axis=1)
    weights = np.exp(-rank / scale) * np.tanh(sharpness * np.maximum(student_rank - rank, 0))
    total = weights.sum()
    return weights / (total if total > 0 else 1.0)
