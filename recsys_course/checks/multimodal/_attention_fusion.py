"""Cross-attention over the modalities of one item: each user asks, the modalities answer."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import NAN, small


def one_item(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two to four users, three modalities of which one may be missing; sizes that differ."""
    K, V = small(rng, 3, 2), small(rng, 3, 4)
    if rng.random() < 0.5:
        gone = rng.integers(3)
        K[gone], V[gone] = NAN, NAN
    return 2 * small(rng, int(rng.choice([2, 4])), 2), K, V


@check(
    by_hand=[
        Case(
            (
                np.array([[2 * np.log(3), 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]),
                np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]),
                np.array([[4.0], [8.0]]),
            ),
            (np.array([[5.0], [6.0]]), np.array([[0.75, 0.25], [0.5, 0.5]])),
            "user 0: 2 ln 3 / sqrt(4) = ln 3 against 0, so 3/4 and 1/4: 3 + 2 = 5. "
            "User 1 asks nothing: the mean",
        ),
        Case(
            (np.array([[1.0], [-5.0]]), np.array([[NAN], [1.0]]), np.array([[NAN, NAN], [2.0, 3.0]])),
            (np.array([[2.0, 3.0], [2.0, 3.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])),
            "only the second modality is there: all users get its values, whatever they ask",
        ),
        Case(
            (np.array([[1000.0], [-1000.0]]), np.array([[1.0], [0.5]]), np.array([[1.0], [0.0]])),
            (np.array([[1.0], [0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])),
            "e^1000 overflows and e^-1000 is 0: subtract the largest logit of the same user first",
        ),
    ],
    at_random=one_item,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the scale is missing: divide by the root of the length of a key, or the choice is too hard",
            (" / np.sqrt(K.shape[1])", ""),
        ),
        Slip("you divided by the length of a key: by its root", ("np.sqrt(K.shape[1])", "K.shape[1]")),
        Slip(
            "you divided by the root of the number of modalities: of the length of a key, the last axis",
            ("K.shape[1]", "K.shape[0]"),
        ),
        Slip(
            "you took the softmax over the users: a user's weights over the modalities add up to 1",
            ("logits.max(axis=1, keepdims=True)", "logits.max(axis=0, keepdims=True)"),
            ("weights.sum(axis=1, keepdims=True)", "weights.sum(axis=0, keepdims=True)"),
        ),
        Slip(
            "a missing modality keeps a weight as if its key were 0: its logit is minus infinity",
            (
                "np.where(present, q @ K.T / np.sqrt(K.shape[1]), -np.inf)",
                "q @ np.nan_to_num(K).T / np.sqrt(K.shape[1])",
            ),
        ),
        Slip(
            "you mixed the keys: keys say who is asked, the values V are what is mixed",
            ("np.nan_to_num(V)", "np.nan_to_num(K)"),
        ),
        Slip(
            "e^1000 overflows: subtract the largest logit of the user first",
            ("logits - logits.max(axis=1, keepdims=True)", "logits"),
        ),
        Slip(
            "your weights are not normalised: divide by their sum over the modalities",
            ("weights / weights.sum(axis=1, keepdims=True)", "weights"),
        ),
    ],
    then="swap two modalities in K and V: does the fused vector change? Should it?",
)
def attention_fusion(q: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, D) users' queries; one item's keys (M, D), values (M, H), missing rows nan -> (B, H), (B, M)."""
    present = ~np.isnan(K[:, 0])  # (M,)
    logits = np.where(present, q @ K.T / np.sqrt(K.shape[1]), -np.inf)  # (B, M)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ np.nan_to_num(V), weights
