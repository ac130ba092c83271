"""One step of matrix factorisation with biases."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._mf_gradient import half_squared_error, one_rating
from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.engine import Case, Slip, check


def down_the_slopes(
    r: float, mean: float, b_u: Any, b_i: Any, p: Any, q: Any, learning_rate: float, reg: float
) -> tuple[Any, ...]:
    """The step, with the gradient from finite differences."""
    old = b_u, b_i, p, q
    slope = slopes(lambda b_u, b_i, p, q: half_squared_error(r, mean, b_u, b_i, p, q, reg), *old)
    return tuple(value - learning_rate * s for value, s in zip(old, slope, strict=True))


def one_step(rng: np.random.Generator) -> tuple[Any, ...]:
    """A rating, parameters, a learning rate of 0.1 and a penalty."""
    *before, reg = one_rating(rng)
    return *before, 0.1, reg


@check(
    by_hand=[
        Case(
            (5.0, 3.0, 0.5, -0.5, np.array([1.0, 0.0]), np.array([1.0, 2.0]), 0.1, 0.0),
            (0.6, -0.4, np.array([1.1, 0.2]), np.array([1.1, 2.0])),
            "prediction 3 + 0.5 - 0.5 + 1 = 4, error 1: each bias moves by 0.1, p by 0.1 q, q by 0.1 p",
        ),
        Case(
            (3.0, 3.0, 1.0, -1.0, np.array([1.0]), np.array([0.0]), 0.1, 0.5),
            (0.95, -0.95, np.array([0.95]), np.array([0.0])),
            "the error is 0: only the penalty acts, and takes 0.1 times 0.5 of each parameter off",
        ),
    ],
    at_random=one_step,
    rng=np.random.default_rng,
    oracle=down_the_slopes,
    slips=[
        Slip(
            "you moved p first and used the new p for q: both gradients are taken at the old values",
            ("error * p - reg * q", "error * (p + learning_rate * (error * q - reg * p)) - reg * q"),
        ),
        Slip(
            "the sign is turned round: the error is the rating less the prediction",
            ("error = r - (mean + b_u + b_i + p @ q)", "error = mean + b_u + b_i + p @ q - r"),
        ),
        Slip(
            "the penalty is missing: each step also takes reg times the parameter off",
            (" - reg * b_u", ""),
            (" - reg * b_i", ""),
            (" - reg * p", ""),
            (" - reg * q", ""),
        ),
        Slip(
            "the biases are not shrunk: the penalty holds for all four parameters",
            (" - reg * b_u", ""),
            (" - reg * b_i", ""),
        ),
        Slip(
            "twice the step: the loss has a factor 1/2, which the derivative of the square cancels",
            ("error = r", "learning_rate *= 2\n    error = r"),
        ),
        Slip("the prediction left out the biases b_u and b_i", ("mean + b_u + b_i", "mean")),
        Slip(
            "the penalty skipped the learning rate: it is part of the gradient",
            ("(error - reg * b_u)", "error - reg * b_u"),
            ("(error - reg * b_i)", "error - reg * b_i"),
            ("(error * q - reg * p)", "error * q - reg * p"),
            ("(error * p - reg * q)", "error * p - reg * q"),
        ),
        Slip(
            "the penalty pushes outwards: its sign is turned round",
            ("error - reg * b_u", "error + reg * b_u"),
            ("error - reg * b_i", "error + reg * b_i"),
            ("q - reg * p", "q + reg * p"),
            ("p - reg * q", "p + reg * q"),
        ),
    ],
    then="repeat the step on the first case: after how many steps is the error below 0.01?",
)
def sgd_step(
    r: float,
    mean: float,
    b_u: float,
    b_i: float,
    p: np.ndarray,
    q: np.ndarray,
    learning_rate: float,
    reg: float,
) -> tuple[float, float, np.ndarray, np.ndarray]:
    """One step down the half squared error of one rating -> new b_u, b_i, p, q."""
    error = r - (mean + b_u + b_i + p @ q)
    return (
        b_u + learning_rate * (error - reg * b_u),
        b_i + learning_rate * (error - reg * b_i),
        p + learning_rate * (error * q - reg * p),
        q + learning_rate * (error * p - reg * q),
    )
