"""Gated fusion: the item says which of its modalities counts."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import NAN, small, without_rows


def items(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A few items with two or three modalities of two dimensions, some missing, some items without any."""
    n_items, n_modalities = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    X = without_rows(small(rng, n_items, n_modalities, 2), rng, 0.25)
    if rng.random() < 0.2:
        X[-1] = NAN
    return X, small(rng, n_modalities, 2), small(rng, n_modalities)


@check(
    by_hand=[
        Case(
            (np.array([[[1.0, 0.0], [0.0, 2.0]]]), np.zeros((2, 2)), np.array([np.log(3), 0.0])),
            (np.array([[0.75, 0.5]]), np.array([[0.75, 0.25]])),
            "only the biases differ: e^ln 3 = 3 against e^0 = 1, so 3/4 and 1/4; 3/4 (1, 0) + 1/4 (0, 2)",
        ),
        Case(
            (
                np.array([[[1.0], [2.0]], [[NAN], [2.0]]]),
                np.array([[np.log(2)], [0.0]]),
                np.array([0.0, 0.0]),
            ),
            (np.array([[4 / 3], [2.0]]), np.array([[2 / 3, 1 / 3], [0.0, 1.0]])),
            "item 0: e^ln 2 = 2 against 1, so 2/3 and 1/3; item 1 has only the second: weight 1",
        ),
        Case(
            (np.array([[[NAN], [NAN]]]), np.ones((2, 1)), np.zeros(2)),
            (np.array([[0.0]]), np.array([[0.0, 0.0]])),
            "nothing is there: zeros, and no weights",
        ),
        Case(
            (np.array([[[800.0], [1.0]], [[-800.0], [-800.0]]]), np.array([[1.0], [1.0]]), np.zeros(2)),
            (np.array([[800.0], [-800.0]]), np.array([[1.0, 0.0], [0.5, 0.5]])),
            "e^800 overflows and e^-800 is 0: subtract the largest logit of the same item first",
        ),
    ],
    at_random=items,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "a missing modality keeps a weight: it must get none, so that the others share all of it",
            (", -1e300)", ", 0.0)"),
            (")) * present", "))"),
        ),
        Slip(
            "you took the softmax over the items: each item divides its own weight over its modalities",
            ("logits.max(axis=1, keepdims=True)", "logits.max(axis=0, keepdims=True)"),
            ("weights.sum(axis=1, keepdims=True)", "weights.sum(axis=0, keepdims=True)"),
        ),
        Slip(
            "e^800 overflows: subtract the largest logit of the item first",
            ("logits - logits.max(axis=1, keepdims=True)", "logits"),
        ),
        Slip("the bias b of each modality is missing", (" + b, -1e300)", ", -1e300)")),
        Slip(
            "your weights do not depend on the item: the logit is w_m . x_m + b_m",
            ("(X * W).sum(axis=2) + b", "b + 0 * X[:, :, 0]"),
        ),
        Slip(
            "you gave each modality a sigmoid of its own: the weights of an item must add up to 1",
            (
                "np.exp(logits - logits.max(axis=1, keepdims=True)) * present",
                "present / (1 + np.exp(-logits))",
            ),
            ("weights = weights / np.where(total > 0, total, 1.0)", "weights = weights + 0.0"),
        ),
        Slip(
            "an item without any modality gave 0 / 0: answer zeros",
            ("np.where(total > 0, total, 1.0)", "total"),
        ),
    ],
    then="multiply one modality of X by 10 and leave W as it is: what becomes of its weight?",
)
def gate(X: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(I, M, D) vectors, missing rows nan; W (M, D), b (M,) -> (I, D) fused, (I, M) weights."""
    present = ~np.isnan(X[:, :, 0])  # (I, M)
    logits = np.where(present, (X * W).sum(axis=2) + b, -1e300)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True)) * present  # zeros if nothing is there
    total = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(total > 0, total, 1.0)  # (I, M)
    return (weights[:, :, None] * np.nan_to_num(X)).sum(axis=1), weights
