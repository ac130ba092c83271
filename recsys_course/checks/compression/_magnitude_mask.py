"""Magnitude pruning: an exact share of the weights goes, the smallest ones."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def weights(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """A matrix of one digit, so that ties occur, and a share that is no half of a weight."""
    W = rng.normal(size=(int(rng.integers(2, 6)), int(rng.integers(2, 6)))).round(1)
    share = float(rng.choice([0.2, 0.3, 0.6, 0.8]))
    return W, share if share * W.size % 1 != 0.5 else 0.34


@check(
    by_hand=[
        Case(
            (np.array([[0.9, -0.1, 0.4], [-0.7, 0.2, -0.05], [0.3, -0.6, 0.8]]), 4 / 9),
            np.array([[True, False, True], [True, False, False], [False, True, True]]),
            "four of nine: -0.05, -0.1, 0.2 and 0.3; -0.7 and -0.6 are large, the sign does not count",
        ),
        Case(
            (np.full((3, 7), 0.5), 0.5),
            np.array([[False] * 7, [False] * 3 + [True] * 4, [True] * 7]),
            "all are alike: round(10.5) is 10 in Python, and the first ten go",
        ),
        Case(
            (np.array([[0.03, -0.02], [0.01, 0.04]]), 0.5),
            np.array([[True, False], [False, True]]),
            "all are below 0.1: a threshold of 0.1 would prune everything; a share prunes half",
        ),
        Case((np.array([[1.0, -2.0]]), 0.0), np.array([[True, True]]), "a share of 0 prunes nothing"),
    ],
    at_random=weights,
    rng=np.random.default_rng,
    slips=[
        Slip("the sign does not count: look at |w|", ("np.abs(W)", "W")),
        Slip(
            "you took the sparsity for a threshold: it is the share that goes",
            ("mask[order[:n_pruned]] = False", "mask = (np.abs(W) >= sparsity).ravel()"),
        ),
        Slip(
            "ties: a threshold takes all weights of that size; the share must be exact",
            (
                "mask[order[:n_pruned]] = False",
                "mask = (np.abs(W) > np.sort(np.abs(W), axis=None)[n_pruned - 1]).ravel() | (n_pruned == 0)",
            ),
        ),
        Slip(
            "you pruned the largest weights: the smallest go",
            ("order[:n_pruned]", "order[W.size - n_pruned:]"),
        ),
        Slip(
            "True means kept: your mask is turned round",
            ("np.full(W.size, True)", "np.full(W.size, False)"),
            ("= False", "= True"),
        ),
        Slip(
            "the sparsity is the share that goes, not the share that stays",
            ("round(sparsity * W.size)", "round((1 - sparsity) * W.size)"),
        ),
        Slip(
            "you pruned row by row: the share is one of the whole matrix",
            (
                "    mask[order[:n_pruned]] = False\n",
                "    rows = np.argsort(np.abs(W), axis=1, kind='stable')[:, :round(sparsity * W.shape[1])]\n"
                "    mask[(np.arange(len(W))[:, None] * W.shape[1] + rows).ravel()] = False\n",
            ),
        ),
        Slip(
            "you rounded down: round to the nearest", ("round(sparsity * W.size)", "int(sparsity * W.size)")
        ),
    ],
    then="multiply one row of W by 10: which weights go now? Should a unit decide that?",
)
def magnitude_mask(W: np.ndarray, sparsity: float) -> np.ndarray:
    """Weights and the share to prune -> bool of the same shape: True is kept; of ties the first go."""
    n_pruned = round(sparsity * W.size)
    order = np.argsort(np.abs(W), axis=None, kind="stable")  # smallest first
    mask = np.full(W.size, True)
    mask[order[:n_pruned]] = False
    return mask.reshape(W.shape)
