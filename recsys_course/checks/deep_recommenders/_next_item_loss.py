"""The loss of a sequence model: full softmax, or one drawn item against each target."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def batch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of a few users and places; histories of uneven length, padded on the left."""
    B, L, n_items = (int(rng.integers(low, 5)) for low in (1, 1, 3))
    targets = rng.integers(n_items, size=(B, L))
    drawn = (targets + rng.integers(1, n_items, size=(B, L))) % n_items
    padded = np.arange(L) < rng.integers(0, L + 1, size=B)[:, None]
    targets[padded], drawn[padded] = -1, -1
    return rng.normal(0, 2, size=(B, L, n_items)).round(2), targets, drawn


@check(
    by_hand=[
        Case(
            (np.array([[[9.0, 9, 9], [0.0, np.log(2), 0]]]), np.array([[-1, 1]]), np.array([[-1, 2]])),
            (np.log(2), np.log(3)),
            "place 0 is padding. Place 1, softmax: 2 of 1 + 2 + 1, ln 2. Pair: -ln sigma(ln 2) = ln(3/2), "
            "-ln sigma(-0) = ln 2, together ln 3",
        ),
        Case(
            (
                np.array([[[0.0, 0.0], [0.0, np.log(3)]], [[0.0, 0.0], [0.0, np.log(3)]]]),
                np.array([[0, 1], [-1, 0]]),
                np.array([[1, 0], [-1, 1]]),
            ),
            (
                (np.log(2) + np.log(4 / 3) + np.log(4)) / 3,
                (2 * np.log(2) + np.log(4 / 3) + np.log(2) + np.log(2) + np.log(4)) / 3,
            ),
            "three real places count alike, whoever they belong to: ln 2, ln(4/3), ln 4 for the softmax",
        ),
        Case(
            (np.array([[[1000.0, 0.0], [0.0, -1000.0]]]), np.array([[1, 0]]), np.array([[0, 1]])),
            (500.0, (1000 + 2 * np.log(2)) / 2),
            "sure and wrong: 1000; sure and right: 0. Pairs: ln 2 + 1000, and ln 2 + 0. e^1000 overflows",
        ),
        Case(
            (np.array([[[-1000.0, -1000.0]], [[0.0, 0.0]]]), np.array([[1], [0]]), np.array([[0], [1]])),
            (np.log(2), 500 + np.log(2)),
            "equal scores, however small: ln 2. Pairs: 1000 + 0, and 2 ln 2",
        ),
        Case(
            (np.zeros((1, 2, 3)), np.array([[-1, -1]]), np.array([[-1, -1]])),
            (0.0, 0.0),
            "only padding: nothing to learn, and no 0 / 0",
        ),
    ],
    at_random=batch,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the padding is in the mean: divide by the number of real places",
            ("max(real.sum(), 1)", "real.size"),
        ),
        Slip(
            "the padding is in the sum: -1 picks the last item of the row; leave these places out",
            ("softmax[real]", "softmax"),
            ("pair[real]", "pair"),
        ),
        Slip("item 0 is an item: padding is -1", ("targets >= 0", "targets > 0")),
        Slip(
            "with only padding there is nothing to divide by: answer 0",
            ("max(real.sum(), 1)", "real.sum()"),
        ),
        Slip("that is the sum: the mean over real places", ("max(real.sum(), 1)", "1")),
        Slip(
            "e^1000 overflows in the softmax: take off the largest score of the place first",
            (
                "top + np.log(np.exp(scores - top[..., None]).sum(axis=-1))",
                "np.log(np.exp(scores).sum(axis=-1))",
            ),
        ),
        Slip(
            "e^1000 overflows in the pair: np.logaddexp(0, x) is ln(1 + e^x) for every x",
            (
                "np.logaddexp(0, -hit) + np.logaddexp(0, miss)",
                "np.log(1 + np.exp(-hit)) + np.log(1 + np.exp(miss))",
            ),
        ),
        Slip(
            "the drawn item's part is missing: -ln(1 - sigma) of its score",
            ("np.logaddexp(0, -hit) + np.logaddexp(0, miss)", "np.logaddexp(0, -hit)"),
        ),
        Slip(
            "the signs of the pair are turned: the target's score is to rise, the drawn item's to fall",
            (
                "np.logaddexp(0, -hit) + np.logaddexp(0, miss)",
                "np.logaddexp(0, hit) + np.logaddexp(0, -miss)",
            ),
        ),
        Slip(
            "the pair is BPR, which compares the two: BCE asks each on its own, yes or no",
            ("np.logaddexp(0, -hit) + np.logaddexp(0, miss)", "np.logaddexp(0, miss - hit)"),
        ),
    ],
    then="1,000 items, all scores 0: what are the two losses, and which one still has something to tell?",
)
def next_item_loss(scores: np.ndarray, targets: np.ndarray, drawn: np.ndarray) -> tuple[float, float]:
    """(B, L, I) scores, (B, L) next items and drawn others, -1 is padding -> mean softmax, mean pair loss."""
    real = targets >= 0  # (B, L)
    users, places = np.indices(targets.shape)
    hit, miss = scores[users, places, targets], scores[users, places, drawn]  # (B, L)
    top = scores.max(axis=-1)  # (B, L)
    total = top + np.log(np.exp(scores - top[..., None]).sum(axis=-1))
    softmax = total - hit
    pair = np.logaddexp(0, -hit) + np.logaddexp(0, miss)
    n = max(real.sum(), 1)
    return float(softmax[real].sum() / n), float(pair[real].sum() / n)
