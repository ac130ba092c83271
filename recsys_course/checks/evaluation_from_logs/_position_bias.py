"""One round of EM for the position-based model."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def question(rng: np.random.Generator) -> tuple[Any, ...]:
    """Three to twelve showings at up to three positions of up to four items; some never shown."""
    n, K, n_items = int(rng.integers(3, 13)), int(rng.integers(2, 4)), int(rng.integers(2, 5))
    positions, items = rng.integers(K, size=n), rng.integers(n_items, size=n)
    clicks = (rng.random(n) < 0.4).astype(float)
    return positions, items, clicks, rng.uniform(0.1, 0.9, size=K), rng.uniform(0.1, 0.9, size=n_items)


@check(
    by_hand=[
        Case(
            (np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1.0, 0, 0]), np.array([0.5, 0.5]),
             np.array([0.5, 0.5])),
            (np.array([2 / 3, 1 / 3]), np.array([2 / 3, 1 / 3])),
            "a click was examined and relevant: 1 and 1. Without a click, with 0.5 and 0.5, each has the "
            "chance 0.25 / 0.75 = 1/3. Position 0 and item 0: (1 + 1/3) / 2; position 1 and item 1: 1/3",
        ),
        Case(
            (np.array([0]), np.array([1]), np.array([0.0]), np.array([0.8, 0.3]), np.array([0.6, 0.25])),
            (np.array([0.75, 0.3]), np.array([0.6, 0.0625])),
            "examined: 0.8 0.75 / (1 - 0.2) = 0.75; relevant: 0.25 0.2 / 0.8 = 0.0625. Position 1 and item 0 "
            "were not shown, and keep what they had",
        ),
        Case(
            (np.array([0, 1]), np.array([0, 0]), np.array([1.0, 1.0]), np.array([0.9, 0.2]), np.array([0.4])),
            (np.array([1.0, 1.0]), np.array([1.0])),
            "two clicks: both places were examined and the item was relevant, whatever was thought before",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "without a click you took the place as not examined: it may have been, with the chance (13.8)",
            ("clicks + missed * t * (1 - g)", "clicks"),
        ),
        Slip(
            "without a click you took the item as not relevant: it may be, with the chance (13.8)",
            ("clicks + missed * g * (1 - t)", "clicks"),
        ),
        Slip(
            "the chances are not divided by that of no click, 1 - theta gamma",
            ("(1 - clicks) / (1 - t * g)", "(1 - clicks)"),
        ),
        Slip(
            "the chance of no click is 1 - theta gamma: yours takes off both, as if one of them were enough",
            ("(1 - t * g)", "(1 - t) / (1 - g)"),
        ),
        Slip(
            "examined and relevant are turned round: without a click, examined means not relevant",
            ("missed * t * (1 - g)", "missed * g * (1 - t) + 0"),
            ("clicks + missed * g * (1 - t)\n", "clicks + missed * t * (1 - g)\n"),
        ),
        Slip(
            "a click was filled in as well: it is examined for sure; only no click needs a chance",
            ("missed = (1 - clicks) / (1 - t * g)", "missed = 1 / (1 - t * g)"),
        ),
        Slip(
            "you added up over the showings and did not divide by their number",
            ("examined[positions == k].mean()", "examined[positions == k].sum()"),
            ("relevant[items == i].mean()", "relevant[items == i].sum()"),
        ),
        Slip(
            "what was not shown became 0: it keeps the value that it had",
            ("theta.copy(), gamma.copy()", "0 * theta, 0 * gamma"),
        ),
    ],
    then="multiply theta by 0.5 and gamma by 2 where both stay below 1: does the log get less likely?",
)  # fmt: skip
def position_bias(
    positions: np.ndarray,
    items: np.ndarray,
    clicks: np.ndarray,
    theta: np.ndarray,
    gamma: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) showings; (K,) examination and (I,) relevance, below 1 -> both after one round of EM."""
    t, g = theta[positions], gamma[items]  # (N,)
    missed = (1 - clicks) / (1 - t * g)
    examined = clicks + missed * t * (1 - g)
    relevant = clicks + missed * g * (1 - t)
    new_theta, new_gamma = theta.copy(), gamma.copy()
    for k in np.unique(positions):
        new_theta[k] = examined[positions == k].mean()
    for i in np.unique(items):
        new_gamma[i] = relevant[items == i].mean()
    return new_theta, new_gamma
