"""Exercises 7 to 9: steps of matrix factorisation."""

from __future__ import annotations

import numpy as np

from recsys_course.checks._engine import Case, Slip, check
from recsys_course.checks.collaborative_filtering._random import NAN, als_question


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
    at_random=lambda rng: (
        float(rng.integers(1, 6)),
        3.5,
        *rng.normal(size=2),
        *rng.normal(size=(2, 2)),
        0.1,
        rng.uniform(0.1, 1),
    ),
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


@check(
    by_hand=[
        Case(
            (np.array([[4.0, NAN]]), np.array([[2.0], [5.0]]), 0, 1.0),
            np.array([1.6]),
            "one rating, one factor: (2 2 + 1 1) p = 2 4, so p = 8 / 5",
        ),
        Case(
            (np.array([[3.0, 3.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), 0, 0.5),
            np.array([1.5, 1.5]),
            "two ratings: the penalty is 0.5 times 2, so (1 + 1) p = 3 for each factor",
        ),
        Case(
            (np.array([[NAN]]), np.array([[1.0, 2.0]]), 0, 1.0),
            np.array([0.0, 0.0]),
            "a user without ratings: nothing pulls away from 0",
        ),
    ],
    at_random=als_question,
    slips=[
        Slip(
            "the penalty is reg times the user's number of ratings: you left the number out",
            ("reg * n", "reg"),
        ),
        Slip(
            "you multiplied the penalty by the number of all items: count the ratings of this user",
            ("reg * n", "reg * len(rated)"),
        ),
        Slip(
            "a missing rating became 0 stars: sum over the items the user rated",
            ("rated = ~np.isnan(R[u])", "R, rated = np.nan_to_num(R), np.full(len(Q), True)"),
        ),
        Slip("the penalty is missing: add reg n to the diagonal", (" + reg * n * np.eye(Q.shape[1])", "")),
        Slip(
            "you added the penalty to every cell: it belongs on the diagonal alone",
            ("reg * n * np.eye(Q.shape[1])", "reg * n"),
        ),
        Slip(
            "without ratings the matrix is all zeros and cannot be solved: answer zeros",
            ("if n == 0:", "if False:"),
        ),
    ],
    then="check that no small change of p makes the user's loss smaller.",
)
def als_user(R: np.ndarray, Q: np.ndarray, u: int, reg: float) -> np.ndarray:
    """(U, I) stars, (I, K) item factors -> (K,) best factors of user u; penalty reg times n_u."""
    rated = ~np.isnan(R[u])  # (I,)
    A, n = Q[rated], rated.sum()  # (n, K)
    if n == 0:
        return np.zeros(Q.shape[1])
    return np.linalg.solve(A.T @ A + reg * n * np.eye(Q.shape[1]), A.T @ R[u, rated])


@check(
    by_hand=[
        Case(
            (np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.0]), 0.2, 0.0),
            (np.array([1.0, 0.1]), np.array([0.1, 1.0]), np.array([-0.1, 0.0])),
            "x = 0, so the weight is 1/2 and a step is 0.2 times 1/2: p moves by 0.1 (q_i - q_j), "
            "q_i by 0.1 p, q_j by -0.1 p",
        ),
        Case(
            (np.array([np.log(3.0)]), np.array([1.0]), np.array([0.0]), 1.0, 0.0),
            (np.array([np.log(3.0) + 0.25]), np.array([1 + np.log(3.0) / 4]), np.array([-np.log(3.0) / 4])),
            "x = ln 3: the pair is in order, and the weight is only 1 / (1 + 3) = 1/4",
        ),
    ],
    at_random=lambda rng: (*rng.normal(size=(3, 2)), 0.1, rng.uniform(0.1, 1)),
    slips=[
        Slip(
            "you used sigmoid(x): the gradient of ln sigmoid(x) is 1 - sigmoid(x), "
            "large when the pair is in the wrong order",
            ("np.exp(p", "np.exp(-p"),
        ),
        Slip(
            "this is the gradient of sigmoid(x): BPR takes ln sigmoid(x), whose gradient is 1 - sigmoid(x)",
            ("    return (", "    weight *= 1 - weight\n    return ("),
        ),
        Slip(
            "q_j moved towards the user: it is the item not chosen, its step is minus",
            ("-weight * p", "weight * p"),
        ),
        Slip(
            "you moved p first and used the new p for the items: all gradients are taken at the old values",
            (
                "    return (\n        p + learning_rate * (weight * (q_i - q_j) - reg * p)",
                "    p = p + learning_rate * (weight * (q_i - q_j) - reg * p)\n    return (\n        p",
            ),
        ),
        Slip("the penalty is missing", (" - reg * p)", ")"), (" - reg * q_i)", ")"), (" - reg * q_j)", ")")),
        Slip(
            "you stepped down: ln sigmoid(x) is to grow, so add the gradient",
            ("    return (", "    learning_rate, reg = -learning_rate, -reg\n    return ("),
        ),
    ],
    then="draw j by popularity instead of evenly: which pairs get a large weight?",
)
def bpr_step(
    p: np.ndarray, q_i: np.ndarray, q_j: np.ndarray, learning_rate: float, reg: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One step up ln sigmoid(p.q_i - p.q_j) less the penalty -> new p, q_i, q_j."""
    weight = 1 / (1 + np.exp(p @ (q_i - q_j)))
    return (
        p + learning_rate * (weight * (q_i - q_j) - reg * p),
        q_i + learning_rate * (weight * p - reg * q_i),
        q_j + learning_rate * (-weight * p - reg * q_j),
    )
