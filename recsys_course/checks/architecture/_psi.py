"""The population stability index: has a feature moved?"""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def two_samples(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """Values of a feature then and now, of different length; moved, spread or the same."""
    old = rng.normal(size=int(rng.integers(12, 25))).round(2)
    new = rng.normal(rng.choice([0.0, 0.5, 2.0]), rng.choice([0.5, 1.0, 2.0]), size=int(rng.integers(8, 15)))
    return old, new.round(2), int(rng.integers(2, 6))


@check(
    by_hand=[
        Case(
            (np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 2.0, 9.0]), 2),
            np.log(3) / 4,
            "the edge is the median 2.5; halves of 1/2, 1/2 have become 3/4, 1/4: "
            "1/4 ln(3/2) - 1/4 ln(1/2) = 1/4 ln 3",
        ),
        Case(
            (np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([3.0, 3.0, 3.0, 2.0]), 2),
            (0.75 - 0.6) * np.log(0.75 / 0.6) + (0.25 - 0.4) * np.log(0.25 / 0.4),
            "the edge is 3, and a 3 lies in the upper bin: 2/5 and 3/5 have become 1/4 and 3/4",
        ),
        Case(
            (np.array([1.0, 2.0, 3.0, 4.0]), np.array([70.0, 80.0]), 2),
            (1 - 0.5) * np.log(1 / 0.5) + (1e-4 - 0.5) * np.log(1e-4 / 0.5),
            "all are in the upper bin, which has no end; the empty one counts as 0.0001, so that ln exists",
        ),
        Case(
            (np.array([1.0, 1.0, 1.0, 2.0]), np.array([0.0, 2.0]), 2),
            (0.5 - 1e-4) * np.log(0.5 / 1e-4) + (0.5 - 1) * np.log(0.5 / 1),
            "the median is 1, and all old values lie on it or above: their lower bin is the empty one",
        ),
        Case((np.array([1.0, 2, 3]), np.array([3.0, 1, 2]), 3), 0.0, "the same values: nothing moved"),
    ],
    at_random=two_samples,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "your edges come from the new values: they must stay where the model learned, or every feature "
            "looks stable",
            ("np.quantile(expected,", "np.quantile(actual,"),
        ),
        Slip(
            "this is one half of it, the divergence of the new from the old: weigh ln(a / e) by a - e",
            ("(a - e) * np.log", "a * np.log"),
        ),
        Slip("these are counts: divide by the number of values on each side", (" / len(x)", "")),
        Slip(
            "an empty bin gives ln 0: a share counts as at least 0.0001",
            ("np.maximum(e, 1e-4), np.maximum(a, 1e-4)", "e, a"),
        ),
        Slip(
            "your bins are of equal width: take quantiles of the old values, so that each held as many",
            ("np.quantile(expected, np.arange(1, n_bins) / n_bins)",
             "expected.min() + np.ptp(expected) * np.arange(1, n_bins) / n_bins"),
        ),
        Slip(
            "values beyond the old range are lost here: the outer bins have no end",
            ("for x in", "for x in (v[(v >= expected.min()) & (v <= expected.max())] for v in"),
            ("(expected, actual)\n", "(expected, actual))\n"),
        ),
        Slip("a value on an edge belongs to the upper bin", ('side="right"', 'side="left"')),
        Slip("you took the logarithm to base 10: it is the natural one", ("np.log(", "np.log10(")),
    ],
    then="a feature that went missing for a tenth of the requests: where does it show?",
)  # fmt: skip
def psi(expected: np.ndarray, actual: np.ndarray, n_bins: int) -> float:
    """(N,) values then, (M,) values now -> how far they have moved; 0 for equal shares in all bins."""
    edges = np.quantile(expected, np.arange(1, n_bins) / n_bins)  # (n_bins - 1,)
    e, a = (
        np.bincount(np.searchsorted(edges, x, side="right"), minlength=n_bins) / len(x)
        for x in (expected, actual)
    )
    e, a = np.maximum(e, 1e-4), np.maximum(a, 1e-4)
    return float(((a - e) * np.log(a / e)).sum())
