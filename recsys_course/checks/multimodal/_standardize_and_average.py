"""Early fusion by an average: the same scale first, and only what is there."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import NAN, small, without_rows


def two_or_three(rng: np.random.Generator) -> tuple[list[np.ndarray]]:
    """Modalities of very different scales; items without one, now and then without any."""
    n_items, n_modalities = int(rng.integers(4, 7)), int(rng.integers(2, 4))
    scales = rng.permutation([1.0, 10.0, 100.0])
    blocks = [scales[m] * (small(rng, n_items, 2) + 1) for m in range(n_modalities)]
    blocks[0][:, 1] = 3.0 if rng.random() < 0.3 else blocks[0][:, 1]
    blocks = [without_rows(X, rng) for X in blocks]
    for X in blocks:
        if np.isnan(X[:, 0]).all():
            X[0] = 1.0  # a modality that nobody has is no modality
    return (blocks,)


@check(
    by_hand=[
        Case(
            ([np.array([[1.0], [3.0]]), np.array([[30.0], [10.0]])],),
            np.array([[0.0], [0.0]]),
            "z-scores are (-1, 1) and (1, -1): on one scale the two disagree exactly",
        ),
        Case(
            ([np.array([[0.0, 4.0], [2.0, 4.0]]), np.array([[NAN, NAN], [5.0, 6.0]])],),
            np.array([[-1.0, 0.0], [0.5, 0.0]]),
            "item 0 has only the first: (-1, 0), for a column that never varies is 0. Item 1 has both: "
            "(1, 0) and, known for one item alone, (0, 0); their mean is (0.5, 0)",
        ),
        Case(
            ([np.array([[1.0], [NAN], [2.0]]), np.array([[8.0], [NAN], [8.0]])],),
            np.array([[-0.5], [0.0], [0.5]]),
            "mean and spread of (1, 2) alone; item 1 has no modality: zeros, not nan",
        ),
    ],
    at_random=two_or_three,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "a missing row became zeros before mean and spread were taken: take both over the known rows",
            ("known = ~np.isnan(X[:, 0])", "X, known = np.nan_to_num(X), np.full(n_items, True)"),
        ),
        Slip(
            "you divided by the number of modalities: divide by how many the item has, "
            "or an item with few modalities shrinks towards 0",
            ("np.maximum(count, 1)", "len(modalities)"),
        ),
        Slip(
            "you averaged the raw values: the modality with the largest numbers decides; take z-scores first",
            ("(X[known] - mean) / np.where(std > 0, std, 1.0)", "X[known]"),
        ),
        Slip(
            "you took off the mean but did not divide by the spread",
            (" / np.where(std > 0, std, 1.0)", ""),
        ),
        Slip(
            "you divided by the spread but did not take off the mean",
            ("(X[known] - mean)", "X[known]"),
        ),
        Slip(
            "you took one mean and spread for the whole modality: take them column by column (axis=0)",
            ("X[known].mean(axis=0), X[known].std(axis=0)", "X[known].mean(), X[known].std()"),
        ),
        Slip(
            "a column that never varies has spread 0, and 0 / 0 is nan: divide by 1 there",
            ("np.where(std > 0, std, 1.0)", "std"),
        ),
        Slip(
            "an item without any modality gave 0 / 0: answer zeros there",
            ("np.maximum(count, 1)", "count"),
        ),
        Slip(
            "you scaled each item's row to length 1: a z-score compares an item with the others, per column",
            (
                "(X[known] - mean) / np.where(std > 0, std, 1.0)",
                "X[known] / np.linalg.norm(X[known], axis=1, keepdims=True)",
            ),
        ),
    ],
    then="rotate one modality by a right angle: no similarity inside it changes. Does your average?",
)
def standardize_and_average(modalities: list[np.ndarray]) -> np.ndarray:
    """M arrays (I, D), missing rows all nan -> (I, D): mean of the z-scores of what an item has, else 0."""
    n_items, n_dims = modalities[0].shape
    total, count = np.zeros((n_items, n_dims)), np.zeros((n_items, 1))
    for X in modalities:
        known = ~np.isnan(X[:, 0])  # (I,)
        mean, std = X[known].mean(axis=0), X[known].std(axis=0)  # (D,)
        total[known] += (X[known] - mean) / np.where(std > 0, std, 1.0)
        count[known] += 1
    return total / np.maximum(count, 1)
