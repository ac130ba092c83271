"""Hints: the student's hidden vectors, projected, meet the teacher's."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.distillation._arrays import small
from recsys_course.checks.engine import Case, Slip, check


def by_differences(student: Any, teacher: Any, projection: Any) -> tuple[Any, ...]:
    """The loss row by row, and its slopes by finite differences."""

    def loss(student: Any, projection: Any) -> float:
        rows = [sum((s @ projection - t) ** 2) for s, t in zip(student, teacher, strict=True)]
        return float(np.mean(rows))

    return loss(student, projection), *slopes(loss, student, projection)


def hidden(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and both lengths differ; the student's vectors are the shorter ones."""
    N, short, long = rng.choice([(4, 2, 3), (5, 1, 2), (2, 3, 4)])
    return small(rng, N, short), small(rng, N, long), small(rng, short, long)


@check(
    by_hand=[
        Case(
            (np.array([[1.0], [2.0]]), np.array([[1.0, 0.0], [2.0, 2.0]]), np.array([[1.0, 0.0]])),
            (2.0, np.array([[0.0], [0.0]]), np.array([[0.0, -4.0]])),
            "projected: (1, 0) and (2, 0). Off by (0, 0) and (0, -2): loss 4 / 2. By the projection: "
            "2/2 x (1 x 0 + 2 x -2); the student's own number cannot mend a column that it does not reach",
        ),
        Case(
            (np.array([[2.0, 0.0]]), np.array([[1.0]]), np.array([[1.0], [5.0]])),
            (1.0, np.array([[2.0, 10.0]]), np.array([[4.0], [0.0]])),
            "projected 2, off by 1. By the student 2 x 1 x (1, 5), by the projection 2 x (2, 0) x 1",
        ),
        Case(
            (
                np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
                np.array([[3.0], [4.0], [7.0]]),
                np.array([[3.0], [4.0]]),
            ),
            (0.0, np.zeros((3, 2)), np.zeros((2, 1))),
            "the teacher's numbers are a linear function of the student's: loss 0, although no "
            "number is alike",
        ),
    ],
    at_random=hidden,
    rng=np.random.default_rng,
    oracle=by_differences,
    slips=[
        Slip(
            "you took the mean over all cells: sum over the coordinates, mean over the rows",
            ("(off**2).sum() / N", "(off**2).mean()"),
            ("2 * off @ projection.T / N", "2 * off @ projection.T / off.size"),
            ("2 * student.T @ off / N", "2 * student.T @ off / off.size"),
        ),
        Slip(
            "the 2 of the square is missing in the slopes",
            ("2 * off @ projection.T", "off @ projection.T"),
            ("2 * student.T @ off", "student.T @ off"),
        ),
        Slip(
            "the slopes have the wrong sign: projected minus teacher",
            ("2 * off @", "-2 * off @"),
            ("2 * student.T", "-2 * student.T"),
        ),
        Slip(
            "the mean over N rows is in the loss: it is in its slopes, too",
            ("projection.T / N", "projection.T"),
            ("student.T @ off / N", "student.T @ off"),
        ),
        Slip("the loss sums over the rows: take their mean", ("(off**2).sum() / N", "(off**2).sum()")),
        Slip(
            "the loss is a distance without the square",
            ("(off**2).sum() / N", "np.sqrt((off**2).sum(axis=1)).mean()"),
        ),
        Slip(
            "the slope by the student stops at the projection: go back through it, too",
            ("2 * off @ projection.T / N", "2 * off / N"),
        ),
        Slip(
            "the two slopes are in the wrong order: the student's first",
            (
                "2 * off @ projection.T / N, 2 * student.T @ off / N",
                "2 * student.T @ off / N, 2 * off @ projection.T / N",
            ),
        ),
    ],
    then="multiply the teacher's vectors by 10: what becomes of the weight of this loss beside the others?",
)
def hint_loss(
    student: np.ndarray, teacher: np.ndarray, projection: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """(N, J) and (N, K) hidden vectors, (J, K) projection -> loss, slopes by student and projection."""
    N = len(student)
    off = student @ projection - teacher  # (N, K)
    return (off**2).sum() / N, 2 * off @ projection.T / N, 2 * student.T @ off / N
