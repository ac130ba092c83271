"""A weighted sum of members, of which some do not know some items."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check

NAN = np.nan


def members(rng: np.random.Generator) -> tuple[Any, ...]:
    """Members on scales of their own, with gaps; weights that add up to 1."""
    n, n_items = int(rng.integers(2, 4)), int(rng.integers(3, 7))
    scores = rng.integers(-3, 6, size=(n, n_items)) * 10.0 ** rng.integers(-1, 3, size=(n, 1))
    scores[rng.random((n, n_items)) < 0.25] = NAN
    scores[:, 0] = rng.integers(1, 9, size=n)  # every member knows something
    weights = rng.integers(1, 6, size=n).astype(float)
    return scores, weights / weights.sum()


@check(
    by_hand=[
        Case(
            (np.array([[1.0, 2.0, 3.0], [30.0, 10.0, 20.0]]), np.array([0.7, 0.3])),
            np.array([-0.7 + 0.3, -0.3, 0.7]) * np.sqrt(1.5),
            "both spread by 1 and 10 times sqrt(2/3): z-scores (-1, 0, 1) and (1, -1, 0), times sqrt(1.5)",
        ),
        Case(
            (np.array([[1.0, NAN, 3.0], [2.0, 8.0, 5.0]]), np.array([0.5, 0.5])),
            np.array([-0.5 - 0.5 * np.sqrt(1.5), np.sqrt(1.5), 0.5]),
            "the first knows items 0 and 2: mean 2, spread 1, so -1 and 1; item 1 is the second's alone, "
            "with the "
            "whole weight",
        ),
        Case(
            (np.array([[4.0, NAN], [7.0, NAN]]), np.array([0.2, 0.8])),
            np.array([0.0, NAN]),
            "one known item has no spread: 0; what nobody knows has no score: nan",
        ),
    ],
    at_random=members,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the members are on scales of their own: take mean and spread of each out first, over the "
            "items it knows",
            ("(scores - mean) / np.where(spread > 0, spread, 1)", "scores"),
        ),
        Slip(
            "a missing score counts as 0 with its full weight: an item that one member does not know is "
            "pulled "
            "to the middle; divide by the weights of those who know it",
            (
                "(share * np.where(known, z, 0)).sum(axis=0) / np.where(total > 0, total, NAN)",
                "np.where(total > 0, (share * np.where(known, z, 0)).sum(axis=0), NAN)",
            ),
        ),
        Slip(
            "the weights are missing: all members count alike in your sum",
            ("weights[:, None] * known", "np.ones((len(weights), 1)) * known"),
        ),
        Slip(
            "you put 0 for a missing score before you took the mean: 0 is a score like any other; use "
            "np.nanmean "
            "and np.nanstd",
            (
                "mean = np.nanmean(scores, axis=1, keepdims=True)",
                "mean = np.nan_to_num(scores).mean(axis=1, keepdims=True)",
            ),
            (
                "spread = np.nanstd(scores, axis=1, keepdims=True)",
                "spread = np.nan_to_num(scores).std(axis=1, keepdims=True)",
            ),
        ),
        Slip(
            "one gap makes the whole item nan: leave out the member that has it, not the item",
            ("np.where(known, z, 0)", "z"),
        ),
        Slip(
            "you normalised the items over the members (axis 0): each member (row) has a scale",
            ("mean = np.nanmean(scores, axis=1, keepdims=True)", "mean = np.nanmean(scores, axis=0)"),
            ("spread = np.nanstd(scores, axis=1, keepdims=True)", "spread = np.nanstd(scores, axis=0)"),
        ),
        Slip(
            "an item that nobody knows has no score: nan, not 0",
            ("np.where(total > 0, total, NAN)", "np.where(total > 0, total, 1)"),
        ),
        Slip(
            "the spread is missing: 7 : 3 of centred scores is still 7 : 3 of different units",
            (" / np.where(spread > 0, spread, 1)", ""),
        ),
    ],
    then=(
        "a new item is known to the content member alone: does it now stand too high, and how would you see "
        "that?"
    ),
)
def weighted_hybrid(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(M, I) scores of one user, nan where a member does not know the item; (M,) weights -> (I,)."""
    known = ~np.isnan(scores)  # (M, I)
    mean = np.nanmean(scores, axis=1, keepdims=True)
    spread = np.nanstd(scores, axis=1, keepdims=True)
    z = (scores - mean) / np.where(spread > 0, spread, 1)  # (M, I)
    share = weights[:, None] * known
    total = share.sum(axis=0)  # (I,) weight of those who know the item
    return (share * np.where(known, z, 0)).sum(axis=0) / np.where(total > 0, total, NAN)
