"""Loss and gradient of matrix factorisation with biases, for one rating."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.engine import Case, Slip, check


def half_squared_error(r: float, mean: float, b_u: Any, b_i: Any, p: Any, q: Any, reg: float) -> float:
    """The loss term by term."""
    predicted = mean + b_u + b_i + sum(p[f] * q[f] for f in range(len(p)))
    squares = b_u**2 + b_i**2 + sum(p[f] ** 2 + q[f] ** 2 for f in range(len(p)))
    return float((r - predicted) ** 2 / 2 + reg / 2 * squares)


def by_differences(r: float, mean: float, b_u: Any, b_i: Any, p: Any, q: Any, reg: float) -> tuple[Any, ...]:
    """The loss, and its slope in every direction by finite differences."""

    def loss(b_u: Any, b_i: Any, p: Any, q: Any) -> float:
        return half_squared_error(r, mean, b_u, b_i, p, q, reg)

    return loss(b_u, b_i, p, q), *slopes(loss, b_u, b_i, p, q)


def one_rating(rng: np.random.Generator) -> tuple[Any, ...]:
    """A rating of 1 to 5 stars, biases and two factors near 0, a penalty."""
    b_u, b_i = (float(b) for b in rng.normal(size=2))
    return float(rng.integers(1, 6)), 3.5, b_u, b_i, *rng.normal(size=(2, 2)), float(rng.uniform(0.1, 1))


@check(
    by_hand=[
        Case(
            (5.0, 3.0, 0.5, -0.5, np.array([1.0, 0.0]), np.array([1.0, 2.0]), 0.0),
            (0.5, -1.0, -1.0, np.array([-1.0, -2.0]), np.array([-1.0, 0.0])),
            "prediction 3 + 0.5 - 0.5 + 1 = 4, error 1, loss 1/2; the slopes are -1, -1, -q, -p",
        ),
        Case(
            (3.0, 3.0, 1.0, -1.0, np.array([1.0]), np.array([0.0]), 0.5),
            (0.75, 0.5, -0.5, np.array([0.5]), np.array([0.0])),
            "the error is 0, only the penalty is left: 0.5 / 2 (1 + 1 + 1 + 0) = 0.75, slopes 0.5 times each",
        ),
    ],
    at_random=one_rating,
    rng=np.random.default_rng,
    oracle=by_differences,
    slips=[
        Slip(
            "your gradient has the wrong sign on the error: e falls when the prediction grows, "
            "so the slopes are reg times the parameter minus e times the rest",
            ("    return loss", "    error = -error\n    return loss"),
        ),
        Slip(
            "the 2 of the square is still in your gradient: the 1/2 in the loss cancels it",
            ("    return loss", "    error, reg = 2 * error, 2 * reg\n    return loss"),
        ),
        Slip("your loss lacks the factor 1/2", (") / 2", ")")),
        Slip(
            "you swapped p and q: the slope of p @ q in p is q",
            ("reg * p - error * q", "reg * p - error * p"),
            ("reg * q - error * p", "reg * q - error * q"),
        ),
        Slip(
            "the penalty is missing from the gradient: each slope also has reg times the parameter",
            ("    return loss", "    reg = 0.0\n    return loss"),
        ),
        Slip(
            "the penalty is missing from the loss",
            (" + reg * (b_u**2 + b_i**2 + p @ p + q @ q)", ""),
        ),
        Slip(
            "the penalty is missing, from the loss and from the gradient",
            ("    error =", "    reg = 0.0\n    error ="),
        ),
        Slip(
            "the biases are not shrunk: the penalty holds for all four parameters",
            ("b_u**2 + b_i**2 + p @ p", "p @ p"),
            ("reg * b_u - error", "-error"),
            ("reg * b_i - error", "-error"),
        ),
        Slip("the prediction left out the biases b_u and b_i", ("mean + b_u + b_i", "mean")),
        Slip("the prediction left out the mean", ("mean + b_u", "b_u")),
    ],
    then="move p by 0.01 against its slope: by how much does the loss fall, and by how much should it?",
)
def mf_gradient(
    r: float, mean: float, b_u: float, b_i: float, p: np.ndarray, q: np.ndarray, reg: float
) -> tuple[float, float, float, np.ndarray, np.ndarray]:
    """One rating -> the loss and its derivatives by b_u, b_i, p (K,) and q (K,)."""
    error = r - (mean + b_u + b_i + p @ q)
    loss = (error**2 + reg * (b_u**2 + b_i**2 + p @ p + q @ q)) / 2
    return loss, reg * b_u - error, reg * b_i - error, reg * p - error * q, reg * q - error * p
