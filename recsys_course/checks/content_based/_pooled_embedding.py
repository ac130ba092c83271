"""A text as the weighted mean of its words' vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def a_text(rng: np.random.Generator) -> tuple[Any, ...]:
    """Up to five words, some unknown, repeats among them; four words have vectors."""
    n = int(rng.integers(0, 6))
    return rng.integers(-1, 4, size=n), rng.normal(size=(4, 3)), rng.uniform(0.5, 3, size=4)


PLANE = np.array([[3.0, 0.0], [0.0, 1.0], [-3.0, 0.0]])


@check(
    by_hand=[
        Case(
            (np.array([0, 1, -1]), PLANE, np.array([1.0, 4.0, 1.0])),
            np.array([0.6, 0.8]),
            "1 (3, 0) + 4 (0, 1) = (3, 4), of length 5; the third word is unknown and left out",
        ),
        Case(
            (np.array([1, 1, 1, 0]), PLANE, np.ones(3)),
            np.array([1.0, 1.0]) / np.sqrt(2),
            "word 1 three times, word 0 once: (3, 3), of length sqrt(18)",
        ),
        Case((np.array([-1, -1]), PLANE, np.ones(3)), np.zeros(2), "no word is known: the zero vector"),
        Case(
            (np.array([0, 2]), PLANE, np.ones(3)),
            np.zeros(2),
            "the two words cancel: nothing can be made 1 long",
        ),
        Case(
            (np.array([1]), PLANE / 8, np.full(3, 2.0)),
            np.array([0.0, 1.0]),
            "one known word: its own direction, whatever its length",
        ),
    ],
    at_random=a_text,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "code -1 is no word: in numpy V[-1] is the last row, so unknown words took the last word's "
            "vector",
            ("codes[codes >= 0]", "codes"),
        ),
        Slip("the result is not of length 1", ("total / length", "total")),
        Slip(
            "the weights are missing: a rare word should count more",
            ("weight[known] @ V[known]", "V[known].sum(axis=0)"),
        ),
        Slip(
            "without a known word this divides 0 by 0: answer zeros",
            ("if length > 0 else total", "if True else total"),
        ),
        Slip(
            "a word that is said three times counts three times",
            ("codes[codes >= 0]", "np.unique(codes[codes >= 0])"),
        ),
        Slip(
            "you made each word's vector 1 long before the mean: only the result is",
            ("@ V[known]", "@ (V[known] / np.linalg.norm(V[known], axis=1, keepdims=True))"),
        ),
        Slip(
            "you took the largest of each coordinate: take the mean",
            (
                "weight[known] @ V[known]",
                "np.max(weight[known, None] * V[known], axis=0, initial=-9e9) if len(known) "
                "else np.zeros(V.shape[1])",
            ),
        ),
    ],
    then="turn the words of a sentence round: what does this vector say of their order?",
)
def pooled_embedding(codes: np.ndarray, V: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n,) codes, -1 unknown; V (V, K), weight (V,) -> (K,) of length 1, or zeros."""
    known = codes[codes >= 0]
    total = weight[known] @ V[known]  # (K,) the division by n goes with that by the length
    length = np.linalg.norm(total)
    return total / length if length > 0 else total
