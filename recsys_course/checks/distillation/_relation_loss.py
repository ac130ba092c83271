"""Relations: which rows are near to each other, whatever the axes."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.distillation._arrays import small
from recsys_course.checks.engine import Case, Slip, check


def hidden(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Three to five rows; the lengths of the vectors differ; one row may lie far away."""
    N, short, long = rng.choice([(3, 1, 2), (4, 2, 3), (5, 2, 3)])
    student, teacher = small(rng, N, short), small(rng, N, long)
    if rng.random() < 0.5:
        teacher[-1] += 20
    return student, teacher


LINE = np.array([[0.0], [1.0], [3.0]])


@check(
    by_hand=[
        Case(
            (LINE, np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])),
            ((1 / 2 - 3 / 2) ** 2 / 2 + (3 / 2 - 0) - 1 / 2 + (1 - 3 / 2) ** 2 / 2) / 3,
            "student: distances 1, 3, 2 with mean 2, so 1/2, 3/2, 1. Teacher: 5, 0, 5 with mean "
            "10/3, so 3/2, 0, 3/2. "
            "Off by 1, 3/2, 1/2: 1/2, 1 and 1/8, mean 13/24",
        ),
        Case(
            (LINE, np.array([[7.0, 5.0], [7.0, 15.0], [7.0, 35.0]])),
            0.0,
            "the teacher's points are the student's, ten times as large and turned: the same relations",
        ),
        Case(
            (np.array([[2.0], [2.0], [2.0]]), LINE),
            (1 / 8 + 1 + 1 / 2) / 3,
            "a student that says the same of all has distances 0, and no 0 / 0: off by 1/2, 3/2 and 1",
        ),
        Case(
            (np.array([[0.0], [1.0]]), np.array([[0.0, 0.0], [0.0, 9.0]])),
            0.0,
            "two rows have one distance, which is its own mean: nothing to learn",
        ),
    ],
    at_random=hidden,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "divide each side's distances by their own mean: the teacher's unit is an accident",
            ("pairs / (pairs.mean() if pairs.mean() > 0 else 1.0)", "pairs"),
        ),
        Slip(
            "the distances are squared: take the root",
            ("np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))", "((X[:, None] - X) ** 2).sum(axis=2)"),
        ),
        Slip(
            "each row's distance from itself counts, too: take each pair once",
            ("[np.triu_indices(len(X), 1)]", ".ravel()"),
        ),
        Slip(
            "you divided by the largest distance: by the mean",
            (
                "pairs / (pairs.mean() if pairs.mean() > 0 else 1.0)",
                "pairs / (pairs.max() if pairs.max() > 0 else 1.0)",
            ),
        ),
        Slip(
            "the Huber loss is missing: beyond 1 it grows like the distance, not like its square",
            ("np.where(off <= 1, off**2 / 2, off - 0.5)", "(off**2 / 2)"),
        ),
        Slip("the half of the square is missing", ("off**2 / 2, off - 0.5", "off**2, off - 0.5")),
        Slip("beyond 1 the loss is |d| - 1/2, so that both pieces meet at 1", ("off - 0.5", "off")),
        Slip(
            "all vectors alike gave 0 / 0: their distances are 0",
            ("(pairs.mean() if pairs.mean() > 0 else 1.0)", "pairs.mean()"),
        ),
        Slip("take the mean over the pairs, not the sum", ("off - 0.5).mean()", "off - 0.5).sum()")),
    ],
    then="turn the student's space by any rotation: does this loss move? Does a hint's?",
)
def relation_loss(student: np.ndarray, teacher: np.ndarray) -> float:
    """(N, J) and (N, K) hidden vectors -> mean Huber loss between their distances, each over its mean."""

    def distances(X: np.ndarray) -> np.ndarray:
        pairs = np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))[np.triu_indices(len(X), 1)]
        return pairs / (pairs.mean() if pairs.mean() > 0 else 1.0)

    off = np.abs(distances(student) - distances(teacher))  # (N (N - 1) / 2,)
    return float(np.where(off <= 1, off**2 / 2, off - 0.5).mean())
