"""Late fusion: one score a modality, on one scale, weighted."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import NAN


def scored(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two or three modalities on scales of their own, some missing; one may be constant."""
    n_modalities, n_items = int(rng.integers(2, 4)), int(rng.integers(4, 7))
    S = (
        rng.normal(2, 1, size=(n_modalities, n_items)) * rng.permutation([1, 10, 100])[:n_modalities, None]
    ).round(1)
    if rng.random() < 0.3:
        S[0] = 4.0
    gone = rng.random(S.shape) < 0.3
    gone[np.arange(n_modalities), rng.integers(n_items, size=n_modalities)] = False
    weights = rng.integers(1, 5, size=n_modalities).astype(float)
    weights[rng.random(n_modalities) < 0.15] = 0.0
    return np.where(gone, NAN, S), weights


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 3.0], [300.0, 100.0]]), np.array([3.0, 1.0])),
            np.array([-0.5, 0.5]),
            "z-scores (-1, 1) and (1, -1), weights 3/4 and 1/4: -0.75 + 0.25 = -0.5",
        ),
        Case(
            (np.array([[0.0, 2.0, 1.0], [NAN, 6.0, 4.0]]), np.array([1.0, 1.0])),
            np.array([-np.sqrt(1.5), (np.sqrt(1.5) + 1) / 2, -0.5]),
            "modality 0: mean 1, spread sqrt(2/3); modality 1 is known for two: -1 and 1. Item 0 has "
            "only the first, which gets the whole weight",
        ),
        Case(
            (np.array([[7.0, 7.0, NAN], [1.0, 3.0, NAN]]), np.array([0.2, 0.2])),
            np.array([-0.5, 0.5, 0.0]),
            "a modality that says the same of all says nothing: 0; nobody has scored item 2: 0",
        ),
        Case(
            (np.array([[1.0, 3.0], [NAN, 3.0]]), np.array([0.0, 2.0])),
            np.array([0.0, 0.0]),
            "modality 0 has weight 0 and modality 1 is known for one item: neither says anything",
        ),
    ],
    at_random=scored,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you weighed raw scores: a weight means nothing until all scores are on one scale",
            ("(s[known] - s[known].mean()) / (spread if spread > 0 else 1.0)", "s[known]"),
        ),
        Slip(
            "a missing score became 0 before the z-score: leave it out of mean and spread",
            ("known = ~np.isnan(s)", "s, known = np.nan_to_num(s), np.full(len(s), True)"),
        ),
        Slip(
            "you divided by the sum of all weights: divide by the weights of those the item has",
            ("total[known] += w", "total += w"),
        ),
        Slip(
            "you counted modalities: divide by the sum of their weights",
            ("total[known] += w", "total[known] += w > 0"),
        ),
        Slip(
            "the weights are used as given: divide by their sum, so that 3 and 1 mean 3/4 and 1/4",
            ("fused / np.where(total > 0, total, 1.0)", "fused"),
        ),
        Slip(
            "a constant modality has spread 0, and 0 / 0 is nan: its z-scores are 0",
            ("(spread if spread > 0 else 1.0)", "spread"),
        ),
        Slip(
            "an item that no weighted modality has scored gave 0 / 0: answer 0",
            ("np.where(total > 0, total, 1.0)", "total"),
        ),
        Slip(
            "you squeezed the scores into 0..1 (min-max); the task asks for z-scores",
            ("(s[known] - s[known].mean())", "(s[known] - s[known].min())"),
            ("s[known].std()", "np.ptp(s[known])"),
        ),
    ],
    then="multiply one row of scores by 1000: does the order change? It must not.",
)
def late_fusion(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(M, I) one user's scores by modality, nan where missing; (M,) weights >= 0 -> (I,) fused scores."""
    fused, total = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    for s, w in zip(scores, weights, strict=True):
        known = ~np.isnan(s)  # (I,)
        spread = s[known].std()
        fused[known] += w * ((s[known] - s[known].mean()) / (spread if spread > 0 else 1.0))
        total[known] += w
    return fused / np.where(total > 0, total, 1.0)
