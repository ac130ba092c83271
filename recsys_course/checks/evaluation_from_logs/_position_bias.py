"""How much less a lower place is looked at, from swaps of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def question(rng: np.random.Generator) -> tuple[Any, ...]:
    """A log of swaps in random order; now and then without clicks, or a place never shown."""
    n_positions = int(rng.integers(3, 6))
    n = int(rng.integers(20, 60))
    pairs = rng.integers(1, n_positions, size=n)
    positions = pairs + (rng.random(n) < 0.4)
    liked = rng.uniform(0.3, 1, size=n_positions)[pairs]  # each pair has items of its own
    clicks = (rng.random(n) < liked / positions**0.5).astype(float)
    silent = rng.random()
    if silent < 0.15:
        clicks[positions == rng.integers(2, n_positions)] = 0.0
    elif silent < 0.3:
        kept = (pairs != n_positions - 1) | (positions != n_positions)  # the last place was not shown
        pairs, positions, clicks = pairs[kept], positions[kept], clicks[kept]
    return pairs, positions, clicks, n_positions


@check(
    by_hand=[
        Case(
            (
                np.array([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]),
                np.array([1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3]),
                np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0]),
                3,
            ),
            np.array([1.0, 0.5, 0.25]),
            "pair 1: 1/2 at position 1, 1/4 at 2, ratio 1/2; pair 2, other items: 2/3 at 2, 1/3 at 3, "
            "ratio 1/2; the curve is the product, 1/2 1/2 at position 3",
        ),
        Case(
            (np.array([2, 1, 1, 2]), np.array([3, 2, 1, 2]), np.array([1.0, 0.0, 1.0, 1.0]), 3),
            np.array([1.0, 0.0, 0.0]),
            "no click at position 2 in pair 1: the ratio is 0 / 1, and what stands below is 0 too",
        ),
        Case(
            (np.array([1, 1, 2, 2]), np.array([1, 2, 2, 3]), np.array([0.0, 1.0, 1.0, 1.0]), 3),
            np.array([1.0, np.nan, np.nan]),
            "no click at position 1: the ratio cannot be told, nor anything below that builds on it",
        ),
        Case(
            (np.array([1, 1, 2]), np.array([1, 2, 2]), np.array([1.0, 1.0, 1.0]), 3),
            np.array([1.0, 1.0, np.nan]),
            "in pair 2 nobody saw an item at position 3: nan, and not 0",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you took all lines of a position together: position 2 holds other items in pair 1 than in "
            "pair 2; compare within a pair",
            ("(pairs == k) & (positions == place)", "positions == place"),
        ),
        Slip(
            "these are ratios of neighbours: multiply them to get the curve relative to position 1",
            ("curve[k - 1] * ", ""),
        ),
        Slip(
            "the ratio is turned round: clicks of the lower place over those of the upper",
            ("below.mean() / above.mean()", "above.mean() / below.mean()"),
        ),
        Slip(
            "you compared numbers of clicks: one place was shown more often, so compare click rates",
            ("below.mean() / above.mean()", "below.sum() / above.sum()"),
        ),
        Slip(
            "you did not divide by the rate at the upper place: the clicks say how good the items are, too",
            ("below.mean() / above.mean()", "below.mean()"),
        ),
        Slip(
            "what cannot be told is 0 in your curve, as if nobody looked there: answer nan",
            ("np.full(n_positions, np.nan)", "np.zeros(n_positions)"),
        ),
        Slip(
            "without a click above you divide by 0: answer nan from there on",
            ("if above.any() and len(below) > 0:", "if True:"),
        ),
        Slip(
            "you started again behind a gap: what builds on nan is nan",
            ("curve[k - 1]", "np.nan_to_num(curve[k - 1], nan=1.0)"),
        ),
        Slip(
            "you divided by the rate of position 1, which had other items: divide within the pair",
            (
                "curve[k - 1] * below.mean() / above.mean()",
                "below.mean() / clicks[positions == 1].mean()",
            ),
        ),
    ],
    then="let the best item always stand first, without swaps: which curve do the click rates give?",
)
def position_bias(
    pairs: np.ndarray, positions: np.ndarray, clicks: np.ndarray, n_positions: int
) -> np.ndarray:
    """(N,) the pair k that was swapped, where the item stood (k or k + 1), click -> (n_positions,) curve."""
    curve = np.full(n_positions, np.nan)
    curve[0] = 1.0
    for k in range(1, n_positions):
        above, below = (clicks[(pairs == k) & (positions == place)] for place in (k, k + 1))
        if above.any() and len(below) > 0:
            curve[k] = curve[k - 1] * below.mean() / above.mean()
    return curve
