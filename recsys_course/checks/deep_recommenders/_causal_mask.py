"""Who may look at whom: backwards, and never at padding."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def histories(rng: np.random.Generator) -> tuple[np.ndarray]:
    """Up to three users, up to five places, padded on the left; one of them perhaps without items."""
    n_users, length = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    items = rng.integers(0, 4, size=(n_users, length))
    items[np.arange(length) < rng.integers(0, length + 1, size=n_users)[:, None]] = -1
    return (items,)


T, F = True, False


@check(
    by_hand=[
        Case(
            (np.array([[4, 0, 7]]),),
            np.array([[[T, F, F], [T, T, F], [T, T, T]]]),
            "no padding: every place looks at itself and back, the last one at all three",
        ),
        Case(
            (np.array([[-1, 5, 0]]),),
            np.array([[[T, F, F], [F, T, F], [F, T, T]]]),
            "nobody looks at the padding of place 0, but place 0 itself, so that its softmax is a number",
        ),
        Case(
            (np.array([[-1, -1], [2, 2]]),),
            np.array([[[T, F], [F, T]], [[T, F], [T, T]]]),
            "each user has a mask of his own; a user without items has padding that looks at itself",
        ),
    ],
    at_random=histories,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "place t sees what comes after it: row t may look at columns up to t",
            ("np.tri(L, dtype=bool)", "np.tri(L, dtype=bool).T"),
        ),
        Slip(
            "nothing hides the future: also ask that column <= row",
            ("past & real[:, None, :]", "real[:, None, :]"),
        ),
        Slip(
            "the padding is looked at: also ask that the item of the column is real",
            ("past & real[:, None, :]", "past & (items > -9)[:, None, :]"),
        ),
        Slip(
            "a row of padding has no True at all: a softmax over nothing is nan; let it look at itself",
            (" | np.eye(L, dtype=bool)", ""),
        ),
        Slip(
            "you masked the rows of padding: what must not be looked at is its column",
            ("real[:, None, :]", "real[:, :, None]"),
        ),
        Slip("item 0 is an item: padding is -1", ("items >= 0", "items > 0")),
        Slip(
            "a place may look at itself: the item there is known, the target is the one after it",
            ("np.tri(L, dtype=bool)", "np.tri(L, k=-1, dtype=bool)"),
            (" | np.eye(L, dtype=bool)", " | (np.eye(L, dtype=bool) & ~real[:, None, :])"),
        ),
        Slip(
            "True is to mean: may look. Yours is the other way round",
            (
                "return past & real[:, None, :] | np.eye(L, dtype=bool)",
                "return ~(past & real[:, None, :] | np.eye(L, dtype=bool))",
            ),
        ),
    ],
    then="in a model that fills a gap from both sides (BERT4Rec), which of the two conditions stays?",
)
def causal_mask(items: np.ndarray) -> np.ndarray:
    """(B, L) items, -1 is padding -> (B, L, L) bool: may the place of the row look at that of the column?"""
    L = items.shape[1]
    past = np.tri(L, dtype=bool)  # (L, L)
    real = items >= 0  # (B, L)
    return past & real[:, None, :] | np.eye(L, dtype=bool)
