"""Modality dropout: hide whole modalities in training, never all of them."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import small


def batch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """A few items with two or three modalities, a draw for each, and a rate that is often high."""
    shape = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    return small(rng, *shape, 2), rng.random(shape).round(2), float(rng.choice([0.0, 0.3, 0.6, 0.9]))


@check(
    by_hand=[
        Case(
            (np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), np.array([[0.1, 0.8], [0.9, 0.7]]), 0.5),
            np.array([[[0.0], [4.0]], [[3.0], [4.0]]]),
            "item 0 loses its first modality (0.1 < 0.5) and its second counts for two; item 1 keeps both",
        ),
        Case(
            (np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]), np.array([[0.2, 0.4, 0.3]]), 0.9),
            np.array([[[0.0, 0.0], [9.0, 12.0], [0.0, 0.0]]]),
            "all three draws are below 0.9: the one with the largest draw stays, and counts for three",
        ),
        Case(
            (np.array([[[1.0], [2.0], [4.0]]]), np.array([[0.5, 0.6, 0.4]]), 0.5),
            np.array([[[1.5], [3.0], [0.0]]]),
            "a draw of exactly 0.5 stays; two of three are left: each counts 3/2",
        ),
    ],
    at_random=batch,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "an item lost all its modalities: nothing is left to learn from; keep that of the largest draw",
            ("    kept[np.arange(len(draws)), draws.argmax(axis=1)] = True\n", ""),
            ("kept.sum(axis=1)", "np.maximum(kept.sum(axis=1), 1)"),
        ),
        Slip(
            "what stays must be scaled up by M / kept, or the sum shrinks in training and grows at serving",
            ("draws.shape[1] / kept.sum(axis=1)", "np.ones(len(draws))"),
        ),
        Slip(
            "you scaled by 1 / (1 - rate), as in dropout of cells: scale by what is really left, M / kept",
            ("draws.shape[1] / kept.sum(axis=1)", "np.full(len(draws), 1 / (1 - rate))"),
        ),
        Slip(
            "you dropped what should stay: a modality goes where its draw is below the rate",
            (">= rate", "< rate"),
        ),
        Slip("a draw equal to the rate stays: the test is >=", (">= rate", "> rate")),
        Slip(
            "you dropped one modality for all items of the batch: each item has its own draws",
            ("kept = draws >= rate", "kept = np.repeat(draws[:1] >= rate, len(draws), axis=0)"),
        ),
        Slip(
            "you kept the modality with the smallest draw",
            ("draws.argmax(axis=1)", "draws.argmin(axis=1)"),
        ),
    ],
    then="average over many draws: what is the mean of the sum over the modalities?",
)
def modality_dropout(X: np.ndarray, draws: np.ndarray, rate: float) -> np.ndarray:
    """(B, M, D) vectors, (B, M) draws in [0, 1) -> (B, M, D): dropped ones 0, the rest scaled by M / kept."""
    kept = draws >= rate  # (B, M)
    kept[np.arange(len(draws)), draws.argmax(axis=1)] = True
    scale = draws.shape[1] / kept.sum(axis=1)  # (B,)
    return X * (kept * scale[:, None])[:, :, None]
