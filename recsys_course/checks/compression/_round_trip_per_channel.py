"""Symmetric quantisation with one scale a row: there and back."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.compression._arrays import nearly_half
from recsys_course.checks.engine import Case, Slip, check


def weights(rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Rows on scales of their own, one of them perhaps all zeros."""
    while True:
        n_rows = int(rng.integers(2, 5))
        W = (rng.normal(size=(n_rows, 3)) * rng.choice([1, 5, 40], size=(n_rows, 1))).round(2)
        if rng.random() < 0.3:
            W[rng.integers(n_rows)] = 0.0
        n_bits = int(rng.choice([3, 4, 8]))
        largest = np.abs(W).max(axis=1, keepdims=True)
        if not nearly_half(W / np.where(largest > 0, largest, 1) * (2 ** (n_bits - 1) - 1)):
            return W, n_bits


@check(
    by_hand=[
        Case(
            (np.array([[0.07, -0.024, 0.0], [7.0, -2.4, 0.02]]), 4),
            np.array([[0.07, -0.02, 0.0], [7.0, -2.0, 0.0]]),
            "4 bits with a sign: -7 to 7. Row 0 has steps of 0.01, row 1 of 1: -2.4 becomes -2, and -0.024 "
            "becomes -0.02; with one scale for both, all of row 0 would become 0",
        ),
        Case(
            (np.array([[-3.0, 1.2, 2.0], [0.0, 0.0, 0.0]]), 3),
            np.array([[-3.0, 1.0, 2.0], [0.0, 0.0, 0.0]]),
            "3 bits: -3 to 3, and -3 is the largest in size; a row of zeros stays one",
        ),
    ],
    at_random=weights,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you used one scale for all: a row of small weights drowns in the steps of a large one",
            ("np.abs(W).max(axis=1, keepdims=True)", "np.full((len(W), 1), np.abs(W).max())"),
        ),
        Slip(
            "you used one scale a column: a channel is what one output reads, a row",
            ("np.abs(W).max(axis=1, keepdims=True)", "np.abs(W).max(axis=0, keepdims=True)"),
        ),
        Slip(
            "these are the codes: multiply by the scale to come back",
            ("np.round(W / scale) * scale", "np.round(W / scale)"),
        ),
        Slip(
            "with a sign the largest code is 2^(n - 1) - 1: one bit is the sign",
            ("2 ** (n_bits - 1) - 1", "2**n_bits - 1"),
        ),
        Slip(
            "codes go from -(2^(n - 1) - 1) to 2^(n - 1) - 1, the same to both sides",
            ("2 ** (n_bits - 1) - 1", "2 ** (n_bits - 1)"),
        ),
        Slip("the largest in size may be negative: take |W|", ("np.abs(W).max", "W.max")),
        Slip("a row of zeros gave 0 / 0: it stays zeros", ("np.where(scale > 0, scale, 1.0)", "scale")),
        Slip(
            "you cut the digits off: round to the nearest",
            ("np.round(W / scale)", "np.trunc(W / scale)"),
        ),
    ],
    then="what does one scale a row cost in bytes, for rows of 64 weights? And for rows of 3?",
)
def round_trip_per_channel(W: np.ndarray, n_bits: int) -> np.ndarray:
    """(O, D) weights -> (O, D) what is left of them after symmetric codes of ``n_bits``, one scale a row."""
    top = 2 ** (n_bits - 1) - 1
    scale = np.abs(W).max(axis=1, keepdims=True) / top  # (O, 1)
    scale = np.where(scale > 0, scale, 1.0)
    return np.round(W / scale) * scale
