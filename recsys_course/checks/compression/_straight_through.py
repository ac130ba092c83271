"""Fake quantisation and its pretended gradient: what quantisation-aware training runs."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.compression._arrays import nearly_half, small
from recsys_course.checks.engine import Case, Slip, check


def step_of_training(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float, int, int]:
    """Numbers of which some fall off either end of the range, and a gradient from above."""
    while True:
        x = (3 * rng.normal(size=int(rng.integers(3, 7)))).round(2)
        scale, n_bits = float(rng.choice([0.3, 0.5, 0.7])), int(rng.choice([2, 3]))
        if not nearly_half(x / scale):
            return x, small(rng, len(x)), scale, int(rng.integers(1, 2**n_bits - 1)), n_bits


@check(
    by_hand=[
        Case(
            (np.array([0.6, -0.7, 9.0, -9.0]), np.array([1.0, 2.0, 3.0, 4.0]), 0.5, 1, 2),
            (np.array([0.5, -0.5, 1.0, -0.5]), np.array([1.0, 2.0, 0.0, 0.0])),
            "codes 1 + 1, -1 + 1, 18 + 1 and -18 + 1, clipped to 0 ... 3: 2, 0, 3, 0. Back: 0.5 (code - 1). "
            "The last two were clipped: moving them changes nothing, and they get no gradient",
        ),
        Case(
            (np.array([2.2, 0.1]), np.array([-1.0, 5.0]), 1.0, 1, 2),
            (np.array([2.0, 0.0]), np.array([-1.0, 5.0])),
            "code 3 is the last one, and inside: its gradient passes. 0.1 became 0 and still learns",
        ),
    ],
    at_random=step_of_training,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "this is the true slope of a staircase, 0 nearly everywhere: nothing would ever learn. Pretend 1",
            ("upstream * inside", "upstream * 0.0"),
        ),
        Slip(
            "what was clipped gets no gradient: moving it changes nothing",
            ("upstream * inside", "upstream * 1.0"),
        ),
        Slip(
            "the chain rule: multiply by the gradient from above",
            ("upstream * inside", "inside * 1.0"),
        ),
        Slip(
            "you passed the gradient where the number was clipped: inside it passes",
            ("upstream * inside", "upstream * ~inside"),
        ),
        Slip(
            "the scale cancels: the number is divided by it and multiplied by it again",
            ("upstream * inside", "upstream * inside / scale"),
        ),
        Slip(
            "the zero point must be taken off on the way back",
            (" - zero)", ")"),
        ),
        Slip(
            "these are codes: the layer above needs numbers, scale (code - zero)",
            ("scale * (np.clip(codes, 0, top) - zero)", "np.clip(codes, 0, top)"),
        ),
        Slip(
            "nothing is rounded: then the training does not feel what serving will do",
            ("np.round(x / scale)", "x / scale"),
        ),
        Slip(
            "the clip is missing: a code of n bits ends at 2^n - 1",
            ("np.clip(codes, 0, top)", "codes"),
        ),
        Slip(
            "the first and the last code are inside: <=, not <",
            ("(codes >= 0) & (codes <= top)", "(codes > 0) & (codes < top)"),
        ),
    ],
    then="a weight of 0.1 at a scale of 1 is served as 0. How does it ever become 1 in training?",
)
def straight_through(
    x: np.ndarray, upstream: np.ndarray, scale: float, zero: int, n_bits: int
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) numbers, (N,) gradient by the output -> (N,) fake quantised, (N,) gradient by the input."""
    top = 2**n_bits - 1
    codes = np.round(x / scale) + zero
    inside = (codes >= 0) & (codes <= top)
    return scale * (np.clip(codes, 0, top) - zero), upstream * inside
