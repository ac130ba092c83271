"""What a student is trained on: what happened, and what the teacher says."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.distillation._arrays import temperature, two_logits
from recsys_course.checks.engine import Case, Slip, check

L3 = np.log(3)


def labelled(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """Logits of both, labels that the teacher does not always guess, a temperature and a weight."""
    t, s = two_logits(rng)
    labels = rng.integers(t.shape[1], size=len(t))
    return t, s, labels, temperature(rng), float(rng.choice([0.2, 0.6, 0.9]))


@check(
    by_hand=[
        Case(
            (np.array([[2 * L3, 0.0]]), np.array([[0.0, 0.0]]), np.array([1]), 2.0, 0.25),
            (
                0.75 * np.log(2) + 0.25 * 4 * (np.log(2) - (0.75 * np.log(4 / 3) + 0.25 * np.log(4))),
                np.log(2),
                4 * (np.log(2) - (0.75 * np.log(4 / 3) + 0.25 * np.log(4))),
            ),
            "hard: the student gives the label 1/2, ln 2. Soft: (3/4, 1/4) from (1/2, 1/2) is KL "
            "= ln 2 - entropy "
            "= 0.1308, times 4 = 0.5232. Then 3/4 of the one and 1/4 of the other",
        ),
        Case(
            (
                np.array([[1.0, 3.0], [2.0, 2.0]]),
                np.array([[5.0, 7.0], [0.0, 0.0]]),
                np.array([1, 0]),
                3.0,
                1.0,
            ),
            (0.0, (np.log(1 + np.exp(-2)) + np.log(2)) / 2, 0.0),
            "the student's logits are the teacher's up to a constant in each row: the soft part "
            "is 0, and it is all",
        ),
        Case(
            (np.array([[0.0, 1000.0]]), np.array([[1000.0, 0.0]]), np.array([0]), 1.0, 0.5),
            (500.0, 0.0, 1000.0),
            "the label agrees with the student, the teacher does not: logarithms from logits, no ln 0",
        ),
        Case(
            (
                np.array([[0.0, 0.0], [-3000.0, -3000.0]]),
                np.array([[0.0, 0.0], [-3000.0, -3000.0]]),
                np.array([0, 1]),
                1.0,
                0.5,
            ),
            (np.log(2) / 2, np.log(2), 0.0),
            "two rows at levels of their own: shares 1/2 and 1/2 in both",
        ),
    ],
    at_random=labelled,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the soft part lacks temperature squared: at 4 it would count a sixteenth",
            ("temperature**2 * ", ""),
        ),
        Slip(
            "the soft part is multiplied by the temperature: by its square",
            ("temperature**2 * ", "temperature * "),
        ),
        Slip(
            "the hard label is softened, too: what happened is compared at temperature 1",
            ("logs(student_logits)[", "logs(student_logits / temperature)["),
        ),
        Slip(
            "the weights are the wrong way round: `weight` belongs to the teacher's part",
            ("(1 - weight) * hard + weight * soft", "weight * hard + (1 - weight) * soft"),
        ),
        Slip(
            "the hard label is what happened, not the teacher's first choice",
            ("[np.arange(len(labels)), labels]", "[np.arange(len(labels)), teacher_logits.argmax(axis=1)]"),
        ),
        Slip(
            "the teacher is never asked: this is training on hard labels under another name",
            ("logs(teacher_logits / temperature)", "logs(student_logits / temperature) "),
        ),
        Slip(
            "you took the mean over rows and candidates: sum over the candidates first. "
            "The default of torch's kl_div makes the same mistake",
            (".sum(axis=1).mean()", ".mean()"),
        ),
        Slip(
            "the divergence is the wrong way round: the teacher's shares weigh the logarithms",
            ("(np.exp(log_p) * (log_p - log_q))", "(np.exp(log_q) * (log_q - log_p))"),
        ),
        Slip(
            "the logarithm of a share that is 0 is -inf: take logarithms from the logits",
            (
                "return z - np.log(np.exp(z).sum(axis=1, keepdims=True))",
                "return np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))",
            ),
        ),
    ],
    then="put a cross-entropy in the place of the divergence: what changes in the number, what "
    "in the gradient?",
)
def distillation_loss(
    teacher_logits: np.ndarray,
    student_logits: np.ndarray,
    labels: np.ndarray,
    temperature: float,
    weight: float,
) -> tuple[float, float, float]:
    """(N, C) logits each, (N,) labels -> total, hard part, soft part with T squared; means over the rows."""

    def logs(z: np.ndarray) -> np.ndarray:
        z = z - z.max(axis=1, keepdims=True)
        return z - np.log(np.exp(z).sum(axis=1, keepdims=True))

    log_p, log_q = logs(teacher_logits / temperature), logs(student_logits / temperature)  # (N, C)
    soft = temperature**2 * (np.exp(log_p) * (log_p - log_q)).sum(axis=1).mean()
    hard = -logs(student_logits)[np.arange(len(labels)), labels].mean()
    return (1 - weight) * hard + weight * soft, hard, soft
