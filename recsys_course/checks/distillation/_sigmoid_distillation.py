"""Distillation of a click model: two classes, one logit."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.distillation._arrays import small, temperature
from recsys_course.checks.engine import Case, Slip, check


def impressions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """A few impressions: clicks, logits of both, a temperature and a weight."""
    N = int(rng.integers(2, 6))
    clicks = (rng.random(N) < 0.4).astype(float)
    return (
        clicks,
        small(rng, N, spread=3),
        small(rng, N, spread=2),
        temperature(rng),
        float(rng.choice([0.2, 0.6, 0.9])),
    )


@check(
    by_hand=[
        Case(
            (np.array([1.0]), np.array([2 * np.log(3)]), np.array([0.0]), 2.0, 0.5),
            0.5 * np.log(2) + 0.5 * 4 * np.log(2),
            "a student at 1/2 pays ln 2 to any label, hard or soft; the soft part counts T squared = 4 times",
        ),
        Case(
            (np.array([0.0, 1.0]), np.array([0.0, np.log(3)]), np.array([0.0, np.log(3)]), 1.0, 1.0),
            (np.log(2) + 0.75 * np.log(4 / 3) + 0.25 * np.log(4)) / 2,
            "the student agrees with the teacher: the entropies of 1/2 and 3/4 are left, clicks do not count",
        ),
        Case(
            (np.array([1.0]), np.array([1000.0]), np.array([-1000.0]), 1.0, 0.0),
            1000.0,
            "only the click counts: - ln of a chance of e^-1000 is 1000, not infinity",
        ),
        Case(
            (np.array([0.0]), np.array([-1000.0]), np.array([1000.0]), 1.0, 1.0),
            1000.0,
            "the teacher is sure of no click, the student of a click",
        ),
    ],
    at_random=impressions,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "a logit is no chance: put the teacher's logit through the sigmoid, or the loss falls "
            "below 0 without end",
            (
                "label = np.exp(-np.logaddexp(0, -teacher_logits / temperature))",
                "label = teacher_logits / temperature",
            ),
        ),
        Slip("the soft part lacks temperature squared", ("temperature**2 * ", "")),
        Slip(
            "the teacher's chance is not softened: divide its logit by the temperature, too",
            ("-teacher_logits / temperature", "-teacher_logits"),
        ),
        Slip(
            "the student is not softened in the soft part",
            ("bce(label, student_logits / temperature)", "bce(label, student_logits)"),
        ),
        Slip(
            "the click is compared at temperature 1",
            ("bce(clicks, student_logits)", "bce(clicks, student_logits / temperature)"),
        ),
        Slip(
            "ln of a chance that is 0 is -inf: from logits, it is ln(1 + e^z) - y z",
            (
                "(np.logaddexp(0, z) - y * z).mean()",
                "-(y * np.log(1 / (1 + np.exp(-z))) + (1 - y) * np.log(1 - 1 / (1 + np.exp(-z)))).mean()",
            ),
        ),
        Slip(
            "you left out the part for no click: (1 - y) ln(1 - chance) is half of the loss",
            ("(np.logaddexp(0, z) - y * z).mean()", "(y * np.logaddexp(0, -z)).mean()"),
        ),
        Slip(
            "the weights are the wrong way round: `weight` belongs to the teacher's part",
            ("(1 - weight) * hard + weight * soft", "weight * hard + (1 - weight) * soft"),
        ),
        Slip(
            "you cut the teacher to yes or no: its chance is the label",
            ("label = np.exp(", "label = 0.5 < np.exp("),
        ),
        Slip("take the mean over the impressions, not the sum", ("- y * z).mean()", "- y * z).sum()")),
    ],
    then="the teacher was trained with one in ten of the non-clicks: what must be taken from "
    "its logit first?",
)
def sigmoid_distillation(
    clicks: np.ndarray,
    teacher_logits: np.ndarray,
    student_logits: np.ndarray,
    temperature: float,
    weight: float,
) -> float:
    """(N,) clicks 0 or 1, (N,) logits each -> (1 - w) BCE(click) + w T^2 BCE(teacher), mean over N."""

    def bce(y: np.ndarray, z: np.ndarray) -> float:
        return float((np.logaddexp(0, z) - y * z).mean())

    label = np.exp(-np.logaddexp(0, -teacher_logits / temperature))  # (N,) sigmoid of the teacher's logit
    hard = bce(clicks, student_logits)
    soft = temperature**2 * bce(label, student_logits / temperature)
    return (1 - weight) * hard + weight * soft
