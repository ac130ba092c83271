"""The quotient-remainder trick: two small tables, and no two items with the same vector."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.compression._arrays import small
from recsys_course.checks.engine import Case, Slip, check


def tables(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A few codes, repeats and padding among them; more remainders than quotients or the other way round."""
    n_quotients, n_remainders = (int(n) for n in rng.permutation([int(rng.integers(2, 4)), 5]))
    codes = rng.integers(-1, n_quotients * n_remainders, size=int(rng.integers(2, 6)))
    return codes, small(rng, n_quotients, 3), small(rng, n_remainders, 3)


@check(
    by_hand=[
        Case(
            (
                np.array([0, 3, 4, 9]),
                np.array([[1.0, 1.0], [2.0, 1.0], [1.0, 3.0]]),
                np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]),
            ),
            np.array([[1.0, 2.0], [7.0, 8.0], [2.0, 2.0], [3.0, 12.0]]),
            "four remainders: 0 = 0 x 4 + 0, 3 = 0 x 4 + 3, 4 = 1 x 4 + 0, 9 = 2 x 4 + 1. Item 9 is "
            "(1, 3) times (3, 4)",
        ),
        Case(
            (np.array([5, 5]), np.array([[1.0], [2.0], [3.0]]), np.array([[10.0], [-1.0]])),
            np.array([[-3.0], [-3.0]]),
            "two remainders: 5 = 2 x 2 + 1, so 3 times -1; the same item twice, the same vector twice",
        ),
        Case(
            (np.array([-1, 0]), np.array([[2.0], [3.0]]), np.array([[5.0], [7.0]])),
            np.array([[0.0], [10.0]]),
            "-1 pads a short history: zeros, and not the last item's 3 x 7; item 0 is an item like others",
        ),
    ],
    at_random=tables,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you divided by the number of quotients: both // and % go by the number of remainders",
            ("m = len(remainders)", "m = len(quotients)"),
        ),
        Slip(
            "these are the remainders alone, plain hashing: every m-th item has the same vector",
            ("quotients[codes // m] * remainders", "remainders"),
        ),
        Slip(
            "these are the quotients alone: whole blocks of items have the same vector",
            (" * remainders[codes % m]", ""),
        ),
        Slip(
            "-1 is padding: numpy counts it from the end and finds the last item's vector; give zeros",
            ("np.where(codes[:, None] >= 0, vectors, 0.0)", "vectors"),
        ),
        Slip("item 0 is an item: only codes below 0 are padding", (">= 0", "> 0")),
        Slip("the two vectors are multiplied here, not added", ("[codes // m] * ", "[codes // m] + ")),
        Slip(
            "you looked the quotient up by the remainder and the other way round",
            ("[codes // m]", "[codes % m % len(quotients)]"),
            ("remainders[codes % m]", "remainders[codes // m % m]"),
        ),
        Slip(
            "you put the vectors side by side: they are multiplied, place by place",
            (
                "quotients[codes // m] * remainders[codes % m]",
                "np.hstack([quotients[codes // m], remainders[codes % m]])",
            ),
        ),
        Slip(
            "you used the floor division for both: the second is the remainder, %",
            ("codes % m", "codes // m % m"),
        ),
    ],
    then="which items share half of their vector with item 9? What does that do to a rare one?",
)
def quotient_remainder(codes: np.ndarray, quotients: np.ndarray, remainders: np.ndarray) -> np.ndarray:
    """(B,) item codes, tables (n_quotients, K) and (m, K) -> (B, K): the product of each item's two rows."""
    m = len(remainders)
    vectors = quotients[codes // m] * remainders[codes % m]
    return np.where(codes[:, None] >= 0, vectors, 0.0)
