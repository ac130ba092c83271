"""GloVe's loss for one pair of words, and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.engine import Case, Slip, check


def by_differences(
    w: Any, c: Any, b_w: Any, b_c: Any, x: float, x_max: float, alpha: float
) -> tuple[Any, ...]:
    """The loss term by term, and its slope in every direction by finite differences."""

    def loss(w: Any, c: Any, b_w: Any, b_c: Any) -> float:
        if x == 0:
            return 0.0
        trust = (x / x_max) ** alpha if x < x_max else 1.0
        return float(trust * (sum(w * c) + b_w + b_c - np.log(x)) ** 2)

    return loss(w, c, b_w, b_c), *slopes(loss, w, c, b_w, b_c)


def one_count(rng: np.random.Generator) -> tuple[Any, ...]:
    """Two words and how often they met: never, seldom, or more often than x_max."""
    w, c = rng.normal(size=(2, 2))
    b_w, b_c = (float(b) for b in rng.normal(size=2))
    return w, c, b_w, b_c, float(rng.choice([0, 1, 3, 30])), 10.0, float(rng.choice([0.5, 0.75]))


@check(
    by_hand=[
        Case(
            (np.array([1.0, 2.0]), np.array([3.0, -1.0]), 0.5, 0.5, 1.0, 16.0, 0.75),
            (0.5, np.array([1.5, -0.5]), np.array([0.5, 1.0]), 0.5, 0.5),
            "w . c = 1, with the biases 2, ln 1 = 0: error 2; trust (1/16)^0.75 = 1/8; loss 4/8, "
            "slopes 2 * 2/8 times c and w",
        ),
        Case(
            (np.array([1.0]), np.array([1.0]), 0.0, 0.0, float(np.e**2), 4.0, 0.75),
            (1.0, np.array([-2.0]), np.array([-2.0]), -2.0, -2.0),
            "e^2 = 7.39 is more than 4: full trust; error 1 - 2 = -1",
        ),
        Case(
            (np.array([1.0]), np.array([1.0]), 3.0, 0.0, 0.0, 10.0, 0.75),
            (0.0, np.array([0.0]), np.array([0.0]), 0.0, 0.0),
            "they never met: the pair is not in the sum, and ln 0 is never asked for",
        ),
    ],
    at_random=one_count,
    rng=np.random.default_rng,
    oracle=by_differences,
    slips=[
        Slip("the trust is at most 1: cap it", ("min((x / x_max) ** alpha, 1)", "(x / x_max) ** alpha")),
        Slip(
            "every pair is trusted alike here: multiply by the weight (x / x_max)^alpha",
            ("min((x / x_max) ** alpha, 1)", "1.0"),
        ),
        Slip(
            "the 2 of the square is missing in your gradient: this loss has no factor 1/2",
            ("push = 2 * trust * error", "push = trust * error"),
        ),
        Slip(
            "your loss has a factor 1/2; GloVe's has none",
            ("trust * error**2", "trust * error**2 / 2"),
        ),
        Slip(
            "the vectors are fitted to the count itself: GloVe fits its logarithm",
            ("np.log(x)", "x"),
        ),
        Slip(
            "for a pair that never met ln 0 is -inf: it is not in the sum, answer zeros",
            ("if x == 0:", "if False:"),
        ),
        Slip(
            "you swapped w and c: the slope of w . c by w is c",
            ("push * c, push * w", "push * w, push * c"),
        ),
        Slip("the biases are missing in the error", (" + b_w + b_c", "")),
        Slip(
            "the sign of the error is turned round in your gradient",
            ("push = 2", "push = -2"),
        ),
    ],
    then="with which x_max does a pair met once count a tenth of one met often?",
)
def glove_gradient(
    w: np.ndarray, c: np.ndarray, b_w: float, b_c: float, x: float, x_max: float, alpha: float
) -> tuple[float, np.ndarray, np.ndarray, float, float]:
    """Vectors (K,), biases, count x -> the weighted squared error and its four slopes."""
    if x == 0:
        return 0.0, np.zeros(len(w)), np.zeros(len(c)), 0.0, 0.0
    trust = min((x / x_max) ** alpha, 1)
    error = w @ c + b_w + b_c - np.log(x)
    push = 2 * trust * error
    return trust * error**2, push * c, push * w, push, push
