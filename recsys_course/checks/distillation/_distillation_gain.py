"""What distillation was worth: against the same student without a teacher."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check

NAN = np.nan


def seeds(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """A metric of three arms over three to five seeds, the seeds' own level common to all arms."""
    S = int(rng.integers(3, 6))
    level = rng.normal(0.3, 0.05, size=S)
    control, student, teacher = (
        level + rng.normal(up, 0.01, size=S) for up in (0, 0.02, rng.choice([0.04, -0.03]))
    )
    return control.round(3), student.round(3), teacher.round(3), float(rng.choice([2.776, 4.303]))


@check(
    by_hand=[
        Case(
            (np.array([0.20, 0.30]), np.array([0.22, 0.34]), np.array([0.25, 0.37]), 12.706),
            (0.03, 12.706 * 0.01, 0.5),
            "gains 0.02 and 0.04: mean 0.03, standard deviation 0.01 sqrt 2, over sqrt 2. The "
            "teacher is 0.06 "
            "above the control, so half of the gap is closed",
        ),
        Case(
            (
                np.array([0.1, 0.2, 0.3, 0.4]),
                np.array([0.2, 0.3, 0.4, 0.5]),
                np.array([0.3, 0.4, 0.5, 0.6]),
                3.182,
            ),
            (0.1, 0.0, 0.5),
            "every seed gains 0.1: however far apart the seeds are, the paired gain has no spread",
        ),
        Case(
            (np.array([0.5, 0.5]), np.array([0.5, 0.6]), np.array([0.4, 0.5]), 1.0),
            (0.05, 0.05, NAN),
            "the teacher is below the control: there is no gap to close, so no share of it",
        ),
        Case(
            (np.array([0.5, 0.5]), np.array([0.4, 0.4]), np.array([0.5, 0.5]), 1.0),
            (-0.1, 0.0, NAN),
            "a gain may be negative. Teacher and control are level: no gap",
        ),
    ],
    at_random=seeds,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you compared with the teacher: what distillation adds is the difference from the "
            "same student without one",
            ("student - control", "student - teacher"),
        ),
        Slip("the sign: student minus control", ("student - control", "control - student")),
        Slip(
            "you took the spread of the student's own metric: pair the seeds, and take that of "
            "the differences",
            ("t * gains.std(ddof=1)", "t * student.std(ddof=1)"),
        ),
        Slip(
            "a sample of seeds: divide by S - 1 in the standard deviation",
            ("gains.std(ddof=1)", "gains.std()"),
        ),
        Slip(
            "an interval of the mean divides by the root of the number of seeds",
            (" / np.sqrt(len(gains))", ""),
        ),
        Slip("divide by the root of the number of seeds", ("np.sqrt(len(gains))", "len(gains)")),
        Slip("the quantile t is not used", ("t * gains.std", "gains.std")),
        Slip(
            "the share is of the gap between teacher and control, not of the teacher's own metric",
            ("gap = teacher.mean() - control.mean()", "gap = teacher.mean()"),
        ),
        Slip(
            "where the teacher is no better there is no gap to close: answer nan",
            ("if gap > 0 else np.nan", "if gap != 0 else np.nan"),
        ),
    ],
    then="the gain is 0.004 with half-width 0.006 over 3 seeds: what do you report, and what do you do?",
)
def distillation_gain(
    control: np.ndarray, student: np.ndarray, teacher: np.ndarray, t: float
) -> tuple[float, float, float]:
    """(S,) metric of each arm, one seed a place -> mean gain, half-width, share of the gap closed."""
    gains = student - control  # (S,) seeds are paired
    gap = teacher.mean() - control.mean()
    half = t * gains.std(ddof=1) / np.sqrt(len(gains))
    return gains.mean(), half, gains.mean() / gap if gap > 0 else np.nan
