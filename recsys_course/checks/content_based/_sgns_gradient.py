"""Loss and gradient of skip-gram with negative sampling, for one pair of words."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.engine import Case, Slip, check


def by_differences(v: Any, c_pos: Any, C_neg: Any) -> tuple[Any, ...]:
    """The loss term by term, and its slope in every direction by finite differences."""

    def loss(v: Any, c_pos: Any, C_neg: Any) -> float:
        wrong = sum(log(1 + np.exp(sum(v * c))) for c in C_neg)
        return float(log(1 + np.exp(-sum(v * c_pos))) + wrong)

    return loss(v, c_pos, C_neg), *slopes(loss, v, c_pos, C_neg)


def one_pair(rng: np.random.Generator) -> tuple[Any, ...]:
    """A word, a word beside it and one to four words drawn, as vectors of three numbers."""
    v, c_pos = rng.normal(size=(2, 3))
    return v, c_pos, rng.normal(size=(int(rng.integers(1, 5)), 3))


@check(
    by_hand=[
        Case(
            (np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([[0.0, 0.0]])),
            (2 * log(2), np.array([0.0, -0.5]), np.array([-0.5, 0.0]), np.array([[0.5, 0.0]])),
            "both products are 0 and both sigmoids 1/2: twice ln 2; the slopes are -1/2 c, -1/2 v and +1/2 v",
        ),
        Case(
            (np.array([log(3)]), np.array([1.0]), np.array([[1.0], [-1.0]])),
            (
                log(4 / 3) + log(4) + log(4 / 3),
                np.array([-1 / 4 + 3 / 4 - 1 / 4]),
                np.array([-log(3) / 4]),
                np.array([[3 * log(3) / 4], [log(3) / 4]]),
            ),
            "sigmoid(ln 3) = 3/4 and sigmoid(-ln 3) = 1/4: the pair is nearly right, the first drawn "
            "word is very wrong and pushes by 3/4, the second by 1/4",
        ),
        Case(
            (np.array([1000.0]), np.array([-1.0]), np.array([[-1.0]])),
            (1000.0, np.array([1.0]), np.array([-1000.0]), np.array([[0.0]])),
            "v . c = -1000: the loss is 1000 to all digits, although e^1000 itself overflows",
        ),
    ],
    at_random=one_pair,
    rng=np.random.default_rng,
    oracle=by_differences,
    slips=[
        Slip(
            "the weight of the true pair is sigmoid(v . c) - 1: what is still missing to 1, with a minus",
            ("pull = -1 / (1 + np.exp(v @ c_pos))", "pull = -1 / (1 + np.exp(-v @ c_pos))"),
        ),
        Slip(
            "the drawn words push by sigmoid(v . c), large when the model takes them for true ones",
            ("push = 1 / (1 + np.exp(-C_neg @ v))", "push = 1 / (1 + np.exp(C_neg @ v))"),
        ),
        Slip(
            "the drawn words have the sign of true ones: their product with v should fall",
            ("np.logaddexp(0, C_neg @ v)", "np.logaddexp(0, -C_neg @ v)"),
            ("push = 1 / (1 + np.exp(-C_neg @ v))", "push = -1 / (1 + np.exp(C_neg @ v))"),
        ),
        Slip(
            "the slope by v lacks the drawn words: v stands in every term",
            (" + push @ C_neg", ""),
        ),
        Slip(
            "you swapped v and c: the slope of v . c by v is c",
            ("pull * c_pos + push @ C_neg, pull * v", "pull * v + push @ C_neg, pull * c_pos"),
        ),
        Slip(
            "this is the gradient of the log-likelihood, which grows; the loss is its negative",
            ("    return loss", "    pull, push = -pull, -push\n    return loss"),
        ),
        Slip(
            "you took the mean over the drawn words: the loss adds them up",
            ("np.logaddexp(0, C_neg @ v).sum()", "np.logaddexp(0, C_neg @ v).mean()"),
            ("    return loss", "    push = push / len(push)\n    return loss"),
        ),
        Slip(
            "e^1000 overflows: write -ln sigmoid(x) as np.logaddexp(0, -x)",
            ("np.logaddexp(0, -v @ c_pos)", "-np.log(1 / (1 + np.exp(-v @ c_pos)))"),
        ),
        Slip(
            "each drawn word has a slope of its own, a row: the outer product of the weights and v",
            ("np.outer(push, v)", "np.tile(push.sum() * v, (len(push), 1))"),
        ),
    ],
    then="how does the slope look when the drawn word happens to be the true one?",
)
def sgns_gradient(
    v: np.ndarray, c_pos: np.ndarray, C_neg: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """v, c_pos (K,), C_neg (N, K) -> -ln sigmoid(v.c_pos) - sum ln sigmoid(-v.c), and its slopes."""
    loss = np.logaddexp(0, -v @ c_pos) + np.logaddexp(0, C_neg @ v).sum()
    pull = -1 / (1 + np.exp(v @ c_pos))  # sigmoid - 1
    push = 1 / (1 + np.exp(-C_neg @ v))  # (N,)
    return loss, pull * c_pos + push @ C_neg, pull * v, np.outer(push, v)
