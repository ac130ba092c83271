"""Self-attention with heads and a causal mask, one history."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check

L3 = float(np.log(3))


def sequence(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Two to four items of four or six numbers, two or three heads."""
    n_heads = int(rng.integers(1, 4))
    D = n_heads * int(rng.integers(2, 4))
    Wq, Wk, Wv = rng.normal(size=(3, D, D)).round(1)
    return rng.normal(size=(int(rng.integers(2, 5)), D)).round(1), Wq, Wk, Wv, n_heads


@check(
    by_hand=[
        Case(
            (np.array([[1.0], [2.0], [4.0]]), np.zeros((1, 1)), np.eye(1), np.eye(1), 1),
            (
                np.array([[1.0], [1.5], [7 / 3]]),
                np.array([[[1.0, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]]]),
            ),
            "the queries are 0, so all that is visible weighs the same: running means 1, 3/2, 7/3",
        ),
        Case(
            (
                np.array([[1.0, 0, 0, 0], [0, 1, 0, 0]]),
                np.array([[0.0, 0, 0, 0], [2 * L3, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
                np.eye(4),
                4 * np.eye(4),
                1,
            ),
            (np.array([[4.0, 0, 0, 0], [3, 1, 0, 0]]), np.array([[[1.0, 0], [3 / 4, 1 / 4]]])),
            "the second item asks (2 ln 3, 0, 0, 0); keys are the items: 2 ln 3 / root 4 = ln 3 against 0, "
            "so 3/4 and 1/4 of the values (4, 0, 0, 0) and (0, 4, 0, 0)",
        ),
        Case(
            (
                np.array([[1.0, 1.0], [0.0, 1.0]]),
                np.array([[0.0, 0.0], [L3, 0.0]]),
                np.eye(2),
                np.eye(2),
                2,
            ),
            (
                np.array([[1.0, 1.0], [3 / 4, 1.0]]),
                np.array([[[1.0, 0], [3 / 4, 1 / 4]], [[1.0, 0], [1 / 2, 1 / 2]]]),
            ),
            "two heads of one column each. Head 0: ln 3 . 1 against ln 3 . 0, so 3/4 and 1/4 of 1 and 0; "
            "head 1 asks 0, so halves of 1 and 1",
        ),
        Case(
            (np.array([[1.0], [-1.0]]), np.array([[1000.0]]), np.eye(1), np.eye(1), 1),
            (np.array([[1.0], [-1.0]]), np.array([[[1.0, 0], [0, 1.0]]])),
            "e^1000 overflows: take off the largest logit of a row. Row 1: logits -1000 and 1000",
        ),
        Case(
            (np.array([[-1.0], [1.0]]), np.array([[-1000.0]]), np.eye(1), np.eye(1), 1),
            (np.array([[-1.0], [-1.0]]), np.array([[[1.0, 0], [1, 0]]])),
            "row 0: a logit of -1000 alone is still a weight of 1",
        ),
    ],
    at_random=sequence,
    rng=np.random.default_rng,
    slips=[
        Slip("the scale is missing: divide by the root of the length of a head", (" / np.sqrt(d)", "")),
        Slip("divide by the root of the length of a head: you divided by the length", ("np.sqrt(d)", "d")),
        Slip(
            "with heads the length of a key is D / n_heads: the root of that, not of D",
            ("np.sqrt(d)", "np.sqrt(D)"),
        ),
        Slip(
            "the future is visible: row t may look at columns up to t",
            ("np.where(np.tri(L, dtype=bool), logits, -np.inf)", "logits"),
        ),
        Slip(
            "the mask is turned round: row t looks at t and later",
            ("np.tri(L, dtype=bool)", "np.tri(L, dtype=bool).T"),
        ),
        Slip(
            "you set hidden logits to 0: e^0 is 1, they keep a weight; minus infinity is none",
            ("logits, -np.inf)", "logits, 0.0)"),
        ),
        Slip(
            "you took the softmax over the rows: a place shares its attention over what it looks at",
            ("logits.max(axis=-1, keepdims=True)", "logits.max(axis=-2, keepdims=True)"),
            ("weights.sum(axis=-1, keepdims=True)", "weights.sum(axis=-2, keepdims=True)"),
        ),
        Slip(
            "e^1000 overflows: take off the largest logit of the row first",
            ("logits - logits.max(axis=-1, keepdims=True)", "logits"),
        ),
        Slip("you mixed the inputs: mix the values, X Wv", ("heads(X @ Wv)", "heads(X)")),
        Slip(
            "head h has the neighbouring columns h D/H ... : yours takes every H-th column",
            ("Y.reshape(L, n_heads, d).transpose(1, 0, 2)", "Y.reshape(L, d, n_heads).transpose(2, 0, 1)"),
            ("mixed.transpose(1, 0, 2)", "mixed.transpose(1, 2, 0)"),
        ),
        Slip(
            "queries and keys are the wrong way round: the row asks, the column answers",
            (
                "heads(X @ Wq) @ heads(X @ Wk).transpose(0, 2, 1)",
                "heads(X @ Wk) @ heads(X @ Wq).transpose(0, 2, 1)",
            ),
        ),
    ],
    then="change the last item of X: which rows of the answer may change?",
)
def causal_attention(
    X: np.ndarray, Wq: np.ndarray, Wk: np.ndarray, Wv: np.ndarray, n_heads: int
) -> tuple[np.ndarray, np.ndarray]:
    """(L, D) items in order, three (D, D), H heads -> (L, D) mixed values, (H, L, L) weights."""
    L, D = X.shape
    d = D // n_heads

    def heads(Y: np.ndarray) -> np.ndarray:
        return Y.reshape(L, n_heads, d).transpose(1, 0, 2)  # (H, L, d)

    logits = heads(X @ Wq) @ heads(X @ Wk).transpose(0, 2, 1) / np.sqrt(d)  # (H, L, L)
    logits = np.where(np.tri(L, dtype=bool), logits, -np.inf)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    mixed = weights @ heads(X @ Wv)  # (H, L, d)
    return mixed.transpose(1, 0, 2).reshape(L, D), weights
