"""Cross-entropy of soft labels, from logits."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.distillation._arrays import temperature, two_logits
from recsys_course.checks.engine import Case, Slip, check

L3 = np.log(3)


@check(
    by_hand=[
        Case(
            (np.array([[2 * L3, 0.0]]), np.array([[0.0, 2 * L3]]), 2.0),
            0.75 * np.log(4) + 0.25 * np.log(4 / 3),
            "at temperature 2 the teacher says 3/4 and 1/4, the student 1/4 and 3/4: 3/4 ln 4 + 1/4 ln 4/3",
        ),
        Case(
            (np.array([[L3, 0.0], [0.0, 0.0]]), np.array([[7.0, 7.0], [5.0, 5.0]]), 1.0),
            np.log(2),
            "the student says 1/2 and 1/2 in both rows, at any level: ln 2, whatever the teacher says",
        ),
        Case(
            (np.array([[0.0, 1000.0]]), np.array([[1000.0, 0.0]]), 1.0),
            1000.0,
            "the student gives e^-1000 to what the teacher is sure of: - ln of it is 1000, not infinity",
        ),
        Case(
            (np.array([[0.0, 0.0], [-3000.0, -3000.0]]), np.array([[0.0, 0.0], [-3000.0, -3000.0]]), 1.0),
            np.log(2),
            "two rows at levels of their own: shares 1/2 and 1/2 in both",
        ),
    ],
    at_random=lambda rng: (*two_logits(rng), temperature(rng)),
    rng=np.random.default_rng,
    slips=[
        Slip(
            "only the student is softened: both are divided by the temperature",
            ("teacher_logits / temperature", "teacher_logits"),
        ),
        Slip(
            "only the teacher is softened: both are divided by the temperature",
            ("student_logits / temperature", "student_logits"),
        ),
        Slip(
            "teacher and student are the wrong way round: the teacher weighs, the student stands "
            "in the logarithm",
            ("teacher_logits / temperature", "student_logits / temperature "),
            ("student_logits / temperature\n", "teacher_logits / temperature\n"),
        ),
        Slip(
            "the logarithm of a share that is 0 is -inf: subtract ln of the sum instead of taking "
            "ln of a quotient",
            (
                "log_q = z - np.log(np.exp(z).sum(axis=1, keepdims=True))",
                "log_q = np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))",
            ),
        ),
        Slip(
            "you took the teacher's first choice as the label: that is a hard label, and what it "
            "says of the others is lost",
            ("p = p / p.sum(axis=1, keepdims=True)", "p = np.eye(p.shape[1])[p.argmax(axis=1)]"),
        ),
        Slip(
            "you took the mean over all cells: sum over the candidates, mean over the rows",
            (".sum(axis=1).mean()", ".mean()"),
        ),
        Slip(
            "you summed over the rows: take their mean, or the batch size is a learning rate",
            (".sum(axis=1).mean()", ".sum()"),
        ),
        Slip(
            "you subtracted the teacher's entropy: that is the KL divergence. The task asks for "
            "the cross-entropy",
            ("(p * log_q)", "(p * (log_q - np.log(np.maximum(p, 1e-300))))"),
        ),
        Slip("the sign: a cross-entropy is positive", ("float(-(p", "float((p")),
    ],
    then="which student's logits make this loss smallest, and is it then 0?",
)
def soft_cross_entropy(teacher_logits: np.ndarray, student_logits: np.ndarray, temperature: float) -> float:
    """(N, C) logits each -> mean over the rows of - sum p ln q, both at this temperature."""
    t = teacher_logits / temperature
    p = np.exp(t - t.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    z = student_logits / temperature
    z = z - z.max(axis=1, keepdims=True)
    log_q = z - np.log(np.exp(z).sum(axis=1, keepdims=True))  # (N, C)
    return float(-(p * log_q).sum(axis=1).mean())
