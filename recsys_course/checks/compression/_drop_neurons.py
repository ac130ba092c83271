"""Structured pruning: a hidden neuron goes with its row, its bias and its column."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.compression._arrays import small
from recsys_course.checks.engine import Case, Slip, check


def layers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Two layers with sizes that differ, biases that matter, and how many neurons stay."""
    n_hidden = int(rng.integers(3, 7))
    b = 2 * small(rng, n_hidden)
    return small(rng, n_hidden, 2), b, small(rng, 8, n_hidden), int(rng.integers(1, n_hidden))


@check(
    by_hand=[
        Case(
            (np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 2.0]]), np.zeros(3), np.array([[0.1, 3.0, 1.0]]), 2),
            (np.array([[1.0, 0.0], [0.0, 2.0]]), np.zeros(2), np.array([[3.0, 1.0]])),
            "5 x 0.1 = 0.5, 1 x 3 = 3, 2 x 1 = 2: neuron 0 is loud but nobody listens; it goes",
        ),
        Case(
            (
                np.array([[2.0], [1.0], [0.0]]),
                np.array([0.0, 0.0, 9.0]),
                np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]),
                2,
            ),
            (np.array([[2.0], [0.0]]), np.array([0.0, 9.0]), np.array([[1.0, 1.0], [0.0, 0.0]])),
            "neuron 2 has no weights, but a bias of 9: a constant that the next layer uses. Neuron 1 goes",
        ),
    ],
    at_random=layers,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you set neurons to zero: then every shape is as before, and so are bytes and time",
            (
                "    return W1[kept], b1[kept], W2[:, kept]",
                "    there = np.isin(np.arange(len(W1)), kept)\n"
                "    return W1 * there[:, None], b1 * there, W2 * there",
            ),
        ),
        Slip(
            "you cut rows of W2: its neurons are columns, one for each neuron before it",
            ("W2[:, kept]", "W2[kept]"),
        ),
        Slip(
            "the next layer is as wide as before: its columns must go with the neurons",
            ("W2[:, kept]", "W2"),
        ),
        Slip("the biases are as many as before: they go with the neurons", ("b1[kept]", "b1")),
        Slip(
            "you scored by what comes in alone: a loud neuron that nobody listens to is worth nothing",
            (" * (W2**2).sum(axis=0)", ""),
        ),
        Slip(
            "you scored by what goes out alone: a neuron that never fires is worth nothing",
            ("((W1**2).sum(axis=1) + b1**2) * ", ""),
        ),
        Slip("the bias counts, too: it is a weight on the constant 1", (" + b1**2", "")),
        Slip("you kept the neurons with the smallest scores", ("np.argsort(-score)", "np.argsort(score)")),
        Slip(
            "the neurons must stay in their order: sort the numbers that you keep",
            ("np.sort(np.argsort(-score)[:n_kept])", "np.argsort(-score)[:n_kept]"),
        ),
    ],
    then="what has the multiplications' number done, and what would it have done with zeros?",
)
def drop_neurons(
    W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, n_kept: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W1 (H, D), b1 (H,), W2 (O, H) of W2 max(0, W1 x + b1) -> the three with ``n_kept`` hidden neurons."""
    score = ((W1**2).sum(axis=1) + b1**2) * (W2**2).sum(axis=0)  # (H,)
    kept = np.sort(np.argsort(-score)[:n_kept])
    return W1[kept], b1[kept], W2[:, kept]
