"""The slope of the distillation loss by the student's logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.distillation._distillation_loss import distillation_loss, labelled
from recsys_course.checks.engine import Case, Slip, check

L3 = np.log(3)


def by_differences(
    teacher_logits: Any, student_logits: Any, labels: Any, temperature: float, weight: float
) -> np.ndarray:
    """The slope of the loss of the exercise before in every direction, by finite differences."""
    loss = distillation_loss.reference
    return slopes(lambda s: loss(teacher_logits, s, labels, temperature, weight)[0], student_logits)[0]


@check(
    by_hand=[
        Case(
            (np.array([[L3, 0.0]]), np.array([[0.0, 0.0]]), np.array([0]), 1.0, 1.0),
            np.array([[-0.25, 0.25]]),
            "only the teacher counts: student minus teacher, 1/2 - 3/4 and 1/2 - 1/4",
        ),
        Case(
            (np.array([[2 * L3, 0.0]]), np.array([[0.0, 0.0]]), np.array([1]), 2.0, 1.0),
            np.array([[-0.5, 0.5]]),
            "at temperature 2 the teacher says 3/4 and 1/4: 2 x (1/2 - 3/4) and 2 x (1/2 - 1/4)",
        ),
        Case(
            (np.array([[2 * L3, 0.0], [0.0, 0.0]]), np.zeros((2, 2)), np.array([1, 0]), 2.0, 0.5),
            np.array([[0.0, 0.0], [-0.125, 0.125]]),
            "row 0: half of (1/2, -1/2) from the label and half of (-1/2, 1/2) from the teacher: "
            "they cancel. "
            "Row 1: half of (-1/2, 1/2), nothing from the teacher. All over N = 2",
        ),
        Case(
            (
                np.array([[1000.0, 0.0], [-3000.0, -3000.0]]),
                np.array([[1000.0, 0.0], [-3000.0, -3000.0]]),
                np.array([0, 1]),
                1.0,
                0.5,
            ),
            np.array([[0.0, 0.0], [0.125, -0.125]]),
            "the student agrees with the teacher; row 0 is sure, row 1 in doubt at its own level; "
            "e^1000 must not overflow",
        ),
    ],
    at_random=labelled,
    rng=np.random.default_rng,
    oracle=by_differences,
    slips=[
        Slip(
            "the soft slope is temperature times (q - p): T squared of the loss, 1 / T of the chain rule",
            ("* temperature * (", "* ("),
        ),
        Slip(
            "T squared of the loss meets a 1 / T of the chain rule: one T is left",
            ("* temperature * (", "* temperature**2 * ("),
        ),
        Slip(
            "without T squared in the loss the slope is (q - p) / T; with it, T (q - p)",
            ("* temperature * (", "/ temperature * ("),
        ),
        Slip(
            "the sign: student minus teacher, student minus label; a slope points uphill",
            ("    return (", "    return -("),
        ),
        Slip("the mean over N rows is in the loss: it is in its slope, too", (" / len(labels)", "")),
        Slip(
            "the hard part compares at temperature 1",
            ("shares(student_logits) -", "shares(student_logits / temperature) -"),
        ),
        Slip(
            "the label's own 1 is missing: share minus 1 at the label",
            (" - np.eye(student_logits.shape[1])[labels]", ""),
        ),
        Slip(
            "the weights are the wrong way round: `weight` belongs to the teacher's part",
            ("(1 - weight) * hard + weight * temperature", "weight * hard + (1 - weight) * temperature"),
        ),
        Slip(
            "the teacher's shares are softened, too",
            ("shares(teacher_logits / temperature)", "shares(teacher_logits)"),
        ),
        Slip(
            "e^1000 overflows: subtract the largest logit of each row first",
            ("z - z.max(axis=1, keepdims=True)", "z"),
        ),
    ],
    then="let the temperature grow: to what does T (q - p) tend, in terms of the logits?",
)
def kd_gradient(
    teacher_logits: np.ndarray,
    student_logits: np.ndarray,
    labels: np.ndarray,
    temperature: float,
    weight: float,
) -> np.ndarray:
    """(N, C) logits each, (N,) labels -> (N, C) slope of (1 - w) hard + w T^2 KL by the student's logits."""

    def shares(z: np.ndarray) -> np.ndarray:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    hard = shares(student_logits) - np.eye(student_logits.shape[1])[labels]  # (N, C)
    p, q = shares(teacher_logits / temperature), shares(student_logits / temperature)
    return ((1 - weight) * hard + weight * temperature * (q - p)) / len(labels)
