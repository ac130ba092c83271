"""VBPR's score: an item is its id and what can be seen of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import small


def one_user(rng: np.random.Generator) -> tuple[Any, ...]:
    """A user, three or four items of which one or two are new, sizes that differ."""
    n_items = int(rng.integers(3, 5))
    trained = np.ones(n_items, dtype=bool)
    trained[rng.permutation(n_items)[: rng.integers(1, 3)]] = False
    return (
        small(rng, 2), small(rng, 3), small(rng, 4), small(rng, n_items), small(rng, n_items, 2),
        small(rng, 3, 4), small(rng, n_items, 4), trained,
    )  # fmt: skip


@check(
    by_hand=[
        Case(
            (
                np.array([1.0, 2.0]),
                np.array([3.0]),
                np.array([0.0, 1.0]),
                np.array([0.5, 0.25]),
                np.array([[1.0, 1.0], [4.0, 4.0]]),
                np.array([[1.0, 0.0]]),
                np.array([[2.0, 1.0], [1.0, -1.0]]),
                np.array([True, False]),
            ),
            np.array([10.5, 2.0]),
            "item 0: 0.5 + (1 + 2) from the id, 3 x 2 + 1 from the picture. Item 1 was never trained: its id "
            "part, bias included, is chance and counts 0; the picture gives 3 x 1 - 1",
        ),
        Case(
            (
                np.array([1.0]),
                np.array([1.0, -1.0]),
                np.array([0.0]),
                np.array([2.0]),
                np.array([[3.0]]),
                np.array([[2.0], [2.0]]),
                np.array([[5.0]]),
                np.array([True]),
            ),
            np.array([5.0]),
            "E sends the picture to (10, 10), and the user weighs the two +1 and -1: 0; left is 2 + 3",
        ),
    ],
    at_random=one_user,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the id part of a new item is what the random numbers of the start left: leave it out",
            ("np.where(trained, b + Q @ p, 0.0)", "b + Q @ p"),
        ),
        Slip(
            "the bias belongs to the id: a new item has learned none",
            ("np.where(trained, b + Q @ p, 0.0)", "b + np.where(trained, Q @ p, 0.0)"),
        ),
        Slip(
            "a new item still has its picture: only the id part is left out",
            (
                "np.where(trained, b + Q @ p, 0.0) + F @ (E.T @ t + v)",
                "np.where(trained, b + Q @ p + F @ (E.T @ t + v), 0.0)",
            ),
        ),
        Slip(
            "the visual bias v is missing: what the picture is worth to everybody",
            ("(E.T @ t + v)", "(E.T @ t)"),
        ),
        Slip("the item's bias b is missing", ("b + Q @ p", "Q @ p")),
        Slip("the user's taste for pictures is missing: the part t of E f", ("(E.T @ t + v)", "v")),
        Slip(
            "the ids are missing: this is a content model alone", ("np.where(trained, b + Q @ p, 0.0) + ", "")
        ),
        Slip(
            "you turned trained round: the id counts where the item was in training",
            ("np.where(trained, b + Q @ p, 0.0)", "np.where(trained, 0.0, b + Q @ p)"),
        ),
    ],
    then="which parts of this score are the same for two new items with the same picture?",
)
def vbpr_score(
    p: np.ndarray, t: np.ndarray, v: np.ndarray, b: np.ndarray,
    Q: np.ndarray, E: np.ndarray, F: np.ndarray, trained: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """p (K,), t (L,), v (D,), b (I,), Q (I, K), E (L, D), F (I, D), trained (I,) bool -> (I,) scores."""
    return np.where(trained, b + Q @ p, 0.0) + F @ (E.T @ t + v)
