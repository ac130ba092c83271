"""Affine quantisation: a scale, a zero point, and codes of few bits."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.compression._arrays import nearly_half
from recsys_course.checks.engine import Case, Slip, check


def numbers(rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Three to six numbers, often all of one sign; none so near to a half that float decides."""
    while True:
        x = rng.normal(float(rng.choice([-3, 0, 3])), 1, size=int(rng.integers(3, 7))).round(2)
        n_bits = int(rng.choice([2, 3, 4, 8]))
        scale = (max(x.max(), 0) - min(x.min(), 0)) / (2**n_bits - 1)
        if not nearly_half(x / scale) and not nearly_half(min(x.min(), 0) / scale):
            return x, n_bits


@check(
    by_hand=[
        Case(
            (np.array([-1.0, 0.0, 0.333, 4.1]), 8),
            (np.array([0, 50, 67, 255]), 0.02, 50),
            "5.1 over 255 steps is 0.02; 0 stands at 1 / 0.02 = 50; 0.333 / 0.02 = 16.65, so 17 + 50",
        ),
        Case(
            (np.array([2.0, 3.0]), 2),
            (np.array([2, 3]), 1.0, 0),
            "the range must hold 0, which is to stay exact: 0 to 3 in three steps of 1",
        ),
        Case(
            (np.array([-6.0, -2.0]), 2),
            (np.array([0, 2]), 2.0, 3),
            "all negative: from -6 to 0 in three steps of 2, and 0 is the last code",
        ),
        Case(
            (np.array([-1.5, 0.0, 1.5]), 2),
            (np.array([0, 2, 3]), 1.0, 2),
            "1.5 rounds to 2 (np.round goes to the even one), so the zero point is 2 and 1.5 would be 2 + 2 "
            "= 4: there is no such code with 2 bits; clip it to 3",
        ),
        Case((np.zeros(2), 4), (np.zeros(2), 1.0, 0), "zeros alone: any scale will do, say 1; not 0 / 0"),
    ],
    at_random=numbers,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the range must hold 0: otherwise 0 has no code, and every padding and every ReLU is off",
            ("min(x.min(), 0.0), max(x.max(), 0.0)", "x.min(), x.max()"),
        ),
        Slip(
            "the zero point is missing in the codes: negative numbers fall off the end",
            ("np.round(x / scale) + zero", "np.round(x / scale)"),
        ),
        Slip("n bits have 2^n codes, but only 2^n - 1 steps between them", ("2**n_bits - 1", "2**n_bits")),
        Slip(
            "you cut the digits off: round to the nearest, or the error is up to a whole step",
            ("np.round(x / scale)", "np.trunc(x / scale)"),
        ),
        Slip(
            "the zero point must be a whole number, a code like the others",
            ("round(-low / scale)", "-low / scale"),
        ),
        Slip(
            "you multiplied by the scale: divide by the length of a step",
            ("np.round(x / scale)", "np.round(x * scale)"),
        ),
        Slip(
            "a code fell off the end: clip to 0 ... 2^n - 1",
            ("np.clip(np.round(x / scale) + zero, 0, steps)", "(np.round(x / scale) + zero)"),
        ),
        Slip("all numbers equal 0: 0 / 0 is nan; take 1 as the scale", (" if high > low else 1.0", "")),
        Slip(
            "this is the symmetric way, from -max|x| to max|x|: it wastes codes where one side is empty",
            ("min(x.min(), 0.0), max(x.max(), 0.0)", "-np.abs(x).max(), np.abs(x).max()"),
        ),
    ],
    then="put one outlier of 1000 into x: how many different codes do the others still get?",
)
def quantize(x: np.ndarray, n_bits: int) -> tuple[np.ndarray, float, int]:
    """(N,) numbers -> codes (N,) from 0 to 2^n - 1, the scale, the zero point."""
    low, high = min(x.min(), 0.0), max(x.max(), 0.0)
    steps = 2**n_bits - 1
    scale = (high - low) / steps if high > low else 1.0
    zero = round(-low / scale)
    codes = np.clip(np.round(x / scale) + zero, 0, steps).astype(int)
    return codes, scale, zero
