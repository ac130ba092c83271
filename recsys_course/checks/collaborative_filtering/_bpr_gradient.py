"""BPR's loss and its gradient, for one pair of items."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.engine import Case, Slip, check


def by_differences(p: Any, q_i: Any, q_j: Any, reg: float) -> tuple[Any, ...]:
    """The loss term by term, and its slope in every direction by finite differences."""

    def loss(p: Any, q_i: Any, q_j: Any) -> float:
        x = sum(p * q_i) - sum(p * q_j)
        return float(log(1 + np.exp(-x)) + reg / 2 * sum(p**2 + q_i**2 + q_j**2))

    return loss(p, q_i, q_j), *slopes(loss, p, q_i, q_j)


@check(
    by_hand=[
        Case(
            (np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.0]), 0.0),
            (log(2), np.array([0.0, -0.5]), np.array([-0.5, 0.0]), np.array([0.5, 0.0])),
            "x = 0: the loss is -ln(1/2), the weight 1 - 1/2; the slopes are -1/2 (q_i - q_j), -1/2 p, 1/2 p",
        ),
        Case(
            (np.array([log(3)]), np.array([1.0]), np.array([0.0]), 0.0),
            (log(4 / 3), np.array([-1 / 4]), np.array([-log(3) / 4]), np.array([log(3) / 4])),
            "x = ln 3: the pair is in order, sigmoid(x) = 3/4, and the weight is only 1/4",
        ),
        Case(
            (np.array([2.0]), np.array([1.0]), np.array([1.0]), 1.0),
            (log(2) + 3, np.array([2.0]), np.array([0.0]), np.array([2.0])),
            "x = 0: ln 2, and the penalty adds (4 + 1 + 1) / 2 to the loss and each parameter to its slope",
        ),
        Case(
            (np.array([1000.0]), np.array([-1.0]), np.array([0.0]), 0.0),
            (1000.0, np.array([1.0]), np.array([-1000.0]), np.array([1000.0])),
            "x = -1000: ln(1 + e^1000) is 1000 to all digits, although e^1000 itself overflows",
        ),
    ],
    at_random=lambda rng: (*rng.normal(size=(3, 2)), float(rng.uniform(0.1, 1))),
    rng=np.random.default_rng,
    oracle=by_differences,
    slips=[
        Slip(
            "you weighed by sigmoid(x): the slope of ln sigmoid(x) is 1 - sigmoid(x), "
            "large when the pair is in the wrong order",
            ("1 / (1 + np.exp(x))", "1 / (1 + np.exp(-x))"),
        ),
        Slip(
            "this is 1 - sigmoid(x) and its gradient: BPR takes -ln sigmoid(x), "
            "whose weight does not vanish when the pair is very wrong",
            ("np.logaddexp(0, -x)", "1 / (1 + np.exp(x))"),
            ("    return loss", "    weight *= 1 - weight\n    return loss"),
        ),
        Slip(
            "the slope of q_j has the wrong sign: it is the item not chosen, a larger score of it is worse",
            ("reg * q_j + weight", "reg * q_j - weight"),
        ),
        Slip(
            "this is the gradient of ln sigmoid(x), which grows; the loss is its negative",
            ("    return loss", "    weight = -weight\n    return loss"),
        ),
        Slip(
            "your loss is ln sigmoid(x) without the minus: a loss is to become small",
            ("np.logaddexp(0, -x)", "-np.logaddexp(0, -x)"),
        ),
        Slip(
            "e^1000 overflows: write the loss as ln(1 + e^-x) with np.logaddexp(0, -x)",
            ("np.logaddexp(0, -x)", "-np.log(1 / (1 + np.exp(-x)))"),
        ),
        Slip(
            "the penalty is missing from the gradient",
            ("    return loss", "    reg = 0.0\n    return loss"),
        ),
        Slip("the penalty is missing from the loss", (" + reg / 2 * (p @ p + q_i @ q_i + q_j @ q_j)", "")),
        Slip(
            "the penalty is missing, from the loss and from the gradient",
            ("    x =", "    reg = 0.0\n    x ="),
        ),
        Slip("the penalty in the loss has a factor 1/2", ("reg / 2", "reg")),
        Slip(
            "i and j have changed places: item i is the one that the user met",
            ("(q_i - q_j)\n", "(q_j - q_i)\n"),
        ),
    ],
    then="draw j by popularity instead of evenly: which pairs get a large weight?",
)
def bpr_gradient(
    p: np.ndarray, q_i: np.ndarray, q_j: np.ndarray, reg: float
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """The user met item i, not j -> -ln sigmoid(p.q_i - p.q_j) plus penalty, and its slopes."""
    x = p @ (q_i - q_j)
    loss = np.logaddexp(0, -x) + reg / 2 * (p @ p + q_i @ q_i + q_j @ q_j)
    weight = 1 / (1 + np.exp(x))  # 1 - sigmoid(x)
    return loss, reg * p - weight * (q_i - q_j), reg * q_i - weight * p, reg * q_j + weight * p
