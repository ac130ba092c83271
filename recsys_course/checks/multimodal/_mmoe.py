"""Multi-gate mixture of experts: a body of experts, a gate for each task."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import small


def network(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A batch of two or five rows, three experts of width four, two tasks, input of length two."""
    n_rows = int(rng.choice([2, 5]))
    return small(rng, n_rows, 2), small(rng, 3, 2, 4), small(rng, 2, 2, 3), small(rng, 2, 4)


@check(
    by_hand=[
        Case(
            (
                np.array([[1.0]]),
                np.array([[[2.0]], [[-6.0]], [[4.0]]]),
                np.array([[[np.log(2), 0.0, 0.0]], [[0.0, 0.0, np.log(2)]]]),
                np.array([[1.0], [-1.0]]),
            ),
            1 / (1 + np.exp([[-2.0, 2.5]])),
            "the experts give 2, 0 (not -6) and 4. Gates (1/2, 1/4, 1/4) and (1/4, 1/4, 1/2): 2 and 2.5, "
            "then the towers 1 and -1, then the sigmoid",
        ),
        Case(
            (np.zeros((2, 1)), np.ones((2, 1, 1)), np.ones((2, 1, 2)), np.ones((2, 1))),
            np.full((2, 2), 0.5),
            "an input of 0: experts 0, and the sigmoid of 0 is 1/2 for both tasks and both rows",
        ),
    ],
    at_random=network,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the experts lack their max(0, .): without it the whole body is one linear map",
            ("np.maximum(x @ experts, 0)", "x @ experts"),
        ),
        Slip(
            "all tasks use the first gate: that is a plain mixture; each task has a gate of its own",
            ("np.exp(x @ gates)", "np.exp(x @ gates[[0, 0]])"),
        ),
        Slip(
            "the gates are not normalised: they add up to 1 over the experts",
            ("weights / weights.sum(axis=2, keepdims=True)", "weights"),
        ),
        Slip(
            "you normalised over the tasks: a gate shares out the experts of one task",
            ("weights.sum(axis=2, keepdims=True)", "weights.sum(axis=0, keepdims=True)"),
        ),
        Slip(
            "the gates look at nothing: every expert got the same weight (shared bottom)",
            ("np.exp(x @ gates)", "np.exp(0 * x @ gates)"),
        ),
        Slip("the answer is a probability: the sigmoid is missing", ("1 / (1 + np.exp(-logits))", "logits")),
        Slip("the sigmoid has the wrong sign", ("np.exp(-logits)", "np.exp(logits)")),
        Slip("all tasks use the first tower", ("towers, mixed", "towers[[0, 0]], mixed")),
    ],
    then="set all gates to 0: which well-known model is left?",
)
def mmoe(x: np.ndarray, experts: np.ndarray, gates: np.ndarray, towers: np.ndarray) -> np.ndarray:
    """x (B, D), experts (E, D, H), gates (T, D, E), towers (T, H) -> (B, T) chances."""
    answers = np.maximum(x @ experts, 0)  # (E, B, H)
    weights = np.exp(x @ gates)  # (T, B, E)
    weights = weights / weights.sum(axis=2, keepdims=True)
    mixed = np.einsum("tbe,ebh->tbh", weights, answers)
    logits = np.einsum("th,tbh->bt", towers, mixed)
    return 1 / (1 + np.exp(-logits))
