"""Softmax with a temperature."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.distillation._arrays import temperature, two_logits
from recsys_course.checks.engine import Case, Slip, check


def one_logits(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Logits of a few rows; some places are no candidates, never a whole row."""
    logits = two_logits(rng)[0]
    gone = rng.random(logits.shape) < 0.2
    gone[:, 0] = False
    return np.where(gone, -np.inf, logits), temperature(rng)


@check(
    by_hand=[
        Case(
            (np.array([[2 * np.log(3), 0.0]]), 2.0),
            np.array([[0.75, 0.25]]),
            "2 ln 3 / 2 = ln 3, so 3 against 1: 3/4 and 1/4. At temperature 1 it would be 9 against 1",
        ),
        Case(
            (np.array([[np.log(2), 0.0, 0.0]]), 0.5),
            np.array([[4 / 6, 1 / 6, 1 / 6]]),
            "ln 2 / 0.5 = 2 ln 2: 4 against 1 and 1. A temperature below 1 sharpens",
        ),
        Case(
            (np.array([[np.log(4), -np.inf, 0.0]]), 1.0),
            np.array([[0.8, 0.0, 0.2]]),
            "the second item is no candidate: e^-inf = 0, the other two share 4 to 1",
        ),
        Case(
            (np.array([[3000.0, 0.0], [-3000.0, -3000.0]]), 3.0),
            np.array([[1.0, 0.0], [0.5, 0.5]]),
            "e^1000 overflows and e^-1000 is 0: subtract the largest logit of the same row first",
        ),
    ],
    at_random=one_logits,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "you multiplied by the temperature: divide the logits by it",
            ("logits / temperature", "logits * temperature"),
        ),
        Slip(
            "the temperature is not used: this is the softmax at temperature 1",
            ("logits / temperature", "logits"),
        ),
        Slip(
            "you divided the shares by the temperature: divide the logits, before the softmax, so "
            "that shares add up to 1",
            ("logits / temperature", "logits"),
            (
                "return e / e.sum(axis=1, keepdims=True)",
                "return e / e.sum(axis=1, keepdims=True) / temperature",
            ),
        ),
        Slip(
            "you took the softmax over the rows: each row divides 1 among its candidates",
            ("z.max(axis=1, keepdims=True)", "z.max(axis=0, keepdims=True)"),
            ("e.sum(axis=1, keepdims=True)", "e.sum(axis=0, keepdims=True)"),
        ),
        Slip(
            "you subtracted the largest logit of the whole array: a row far below it becomes 0 / 0",
            ("z.max(axis=1, keepdims=True)", "z.max()"),
        ),
        Slip(
            "e^1000 overflows: subtract the largest logit of the row first",
            ("z - z.max(axis=1, keepdims=True)", "z + 0.0"),
        ),
        Slip(
            "the shares of a row do not add up to 1: divide by their sum",
            ("e / e.sum(axis=1, keepdims=True)", "e"),
        ),
        Slip(
            "you softened shares: the softmax of a softmax is flat, and not what a temperature "
            "means. Start from the logits",
            ("logits / temperature", "logits"),
            (
                "return e / e.sum(axis=1, keepdims=True)",
                "e = np.exp(e / e.sum(axis=1, keepdims=True) / temperature)\n    return e / "
                "e.sum(axis=1, keepdims=True)",
            ),
        ),
        Slip(
            "an item that is no candidate (-inf) got a share: it must stay 0",
            ("logits / temperature", "np.where(np.isinf(logits), 0.0, logits) / temperature"),
        ),
    ],
    then="raise the temperature to 1000: what do the shares become, and what of the order?",
)
def soften(logits: np.ndarray, temperature: float) -> np.ndarray:
    """(N, C) logits, -inf for what is no candidate -> (N, C) shares at this temperature."""
    z = logits / temperature
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
