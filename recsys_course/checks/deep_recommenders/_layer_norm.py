"""Layer normalisation: every position gets a scale of its own."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def positions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """A few vectors on different levels, of two or three axes; a gain and a bias a column."""
    D = int(rng.integers(2, 5))
    shape = (int(rng.integers(2, 4)), D) if rng.random() < 0.5 else (2, 3, D)
    x = (rng.normal(size=shape) * 3 + rng.normal(size=(*shape[:-1], 1)) * 5).round(1)
    if rng.random() < 0.3:
        x[0] = 2.0  # a position that does not vary
    return x, rng.normal(size=D).round(1), rng.normal(size=D).round(1), float(rng.choice([1e-5, 0.5]))


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 3.0], [10.0, 30.0]]), np.ones(2), np.zeros(2), 0.0),
            np.array([[-1.0, 1.0], [-1.0, 1.0]]),
            "means 2 and 20, spreads 1 and 10: both positions look the same afterwards",
        ),
        Case(
            (np.array([[0.0, 2.0, 4.0, 2.0]]), np.array([1.0, 1.0, 3.0, 1.0]), np.array([0.0, 0, 0, 5]), 2.0),
            np.array([[-1.0, 0.0, 3.0, 5.0]]),
            "mean 2, mean square 2; the root of 2 + eps = 4 is 2: (-1, 0, 1, 0), then times gain plus bias",
        ),
        Case(
            (np.array([[7.0, 7.0]]), np.array([2.0, 2.0]), np.array([1.0, -1.0]), 1e-5),
            np.array([[1.0, -1.0]]),
            "nothing varies: 0 / root(eps) is 0, and the bias is left",
        ),
    ],
    at_random=positions,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you normalised over the positions, as batch norm does: over the columns of each, axis -1",
            ("x.mean(axis=-1, keepdims=True)", "x.mean(axis=0, keepdims=True)"),
            ("(centred**2).mean(axis=-1, keepdims=True)", "(centred**2).mean(axis=0, keepdims=True)"),
        ),
        Slip("the mean must go first", ("x - x.mean(axis=-1, keepdims=True)", "x - 0.0")),
        Slip(
            "divide by the root of the mean square: you divided by the mean square itself",
            ("np.sqrt(variance + eps)", "(variance + eps)"),
        ),
        Slip(
            "eps stands under the root, with the variance",
            ("np.sqrt(variance + eps)", "(np.sqrt(variance) + eps)"),
        ),
        Slip(
            "the variance has the divisor D, not D - 1",
            (
                "(centred**2).mean(axis=-1, keepdims=True)",
                "(centred**2).sum(axis=-1, keepdims=True) / (x.shape[-1] - 1)",
            ),
        ),
        Slip("the gain is missing: it multiplies every column", ("gain * ", "")),
        Slip("the bias is missing: it is added to every column, after the gain", (" + bias", "")),
        Slip(
            "the gain multiplies before the bias is added",
            (
                "gain * centred / np.sqrt(variance + eps) + bias",
                "gain * (centred / np.sqrt(variance + eps) + bias)",
            ),
        ),
    ],
    then="why not batch norm, where half of the positions of a batch are padding?",
)
def layer_norm(x: np.ndarray, gain: np.ndarray, bias: np.ndarray, eps: float) -> np.ndarray:
    """(..., D) vectors, (D,) gain and bias -> (..., D): mean 0, spread 1 each, then gain and bias."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)  # (..., 1)
    return gain * centred / np.sqrt(variance + eps) + bias
