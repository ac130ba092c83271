"""InfoNCE in one direction, with its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.collaborative_filtering._slopes import slopes
from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.multimodal._arrays import small


def by_differences(S: Any, temperature: float) -> tuple[Any, ...]:
    """The loss pair by pair, and its slope in every direction by finite differences."""

    def loss(S: Any, temperature: Any) -> float:
        rows = [-np.log(np.exp(s[n] / temperature) / np.exp(s / temperature).sum()) for n, s in enumerate(S)]
        return float(np.mean(rows))

    return loss(S, temperature), *slopes(loss, S, temperature)


@check(
    by_hand=[
        Case(
            (np.zeros((2, 2)), 1.0),
            (np.log(2), np.array([[-0.25, 0.25], [0.25, -0.25]]), 0.0),
            "each row has the shares 1/2 and 1/2; share minus 1 on the diagonal, over N = 2. All cosines are "
            "equal, so the temperature has no say",
        ),
        Case(
            (np.array([[np.log(3), 0.0], [0.0, np.log(3)]]), 1.0),
            (np.log(4 / 3), np.array([[-1, 1], [1, -1]]) / 8, np.log(3) / 4),
            "shares 3/4 and 1/4: slopes (3/4 - 1) / 2 and 1/4 / 2. By the temperature: ln 3 - 3/4 ln 3",
        ),
        Case(
            (np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]), 0.001),
            (2000 / 3, np.array([[-1, 1, 0], [0, 0, 0], [0, 1, -1]]) * 1000 / 3, -2e6 / 3),
            "two of three rows take the wrong partner with share 1; the slopes are +1 and -1 over 3 x 0.001, "
            "and e^1000 must not overflow",
        ),
        Case(
            (np.array([[1.0, 0.0], [-1.0, -1.0]]), 0.001),
            (np.log(2) / 2, np.array([[0, 0], [250, -250]]), 0.0),
            "row 0 is sure; row 1 is in doubt at its own level, far below row 0: shares 1/2 and 1/2",
        ),
    ],
    at_random=lambda rng: (small(rng, *[int(rng.integers(2, 5))] * 2), float(rng.choice([0.5, 2.0]))),
    rng=np.random.default_rng,
    oracle=by_differences,
    slips=[
        Slip(
            "the slope of a logit is share minus 1 on the diagonal: you left the 1 out",
            ("share - np.eye(N)", "share"),
        ),
        Slip(
            "the slopes have the wrong sign: a larger cosine of partners makes the loss smaller",
            ("(share - np.eye(N))", "(np.eye(N) - share)"),
        ),
        Slip(
            "the mean over N pairs is in the loss: it is in its slopes, too",
            (" / (N * temperature)", " / temperature"),
        ),
        Slip(
            "S goes through S / temperature: the slope by S has another 1 / temperature",
            (" / (N * temperature)", " / N"),
        ),
        Slip(
            "the slope by the temperature is that of 1 / temperature: minus its square",
            (" / temperature**2", " / temperature"),
        ),
        Slip(
            "the slope by the temperature has the wrong sign: where partners are nearest, it is positive",
            ("(S.diagonal() - (share * S).sum(axis=1))", "((share * S).sum(axis=1) - S.diagonal())"),
        ),
        Slip(
            "you took the softmax over columns: each row looks for its partner",
            ("z.max(axis=1, keepdims=True)", "z.max(axis=0, keepdims=True)"),
            ("np.exp(z).sum(axis=1, keepdims=True)", "np.exp(z).sum(axis=0, keepdims=True)"),
            ("total[:, 0]", "total[0]"),
            ("(share * S).sum(axis=1)", "(share * S).sum(axis=0)"),
        ),
        Slip(
            "e^1000 overflows: subtract the largest logit of each row first",
            ("    z = z - z.max(axis=1, keepdims=True)\n", ""),
        ),
        Slip(
            "the temperature is missing in the softmax",
            ("N, z = len(S), S / temperature", "N, z = len(S), S"),
        ),
    ],
    then="at a temperature of 0.01, which rivals of a row still have a slope?",
)
def info_nce_gradient(S: np.ndarray, temperature: float) -> tuple[float, np.ndarray, float]:
    """(N, N) cosines, partners on the diagonal -> loss of the rows, slopes by S (N, N) and temperature."""
    N, z = len(S), S / temperature
    z = z - z.max(axis=1, keepdims=True)
    total = np.exp(z).sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - z.diagonal()).mean()
    share = np.exp(z) / total  # (N, N)
    slope = (share - np.eye(N)) / (N * temperature)
    return loss, slope, (S.diagonal() - (share * S).sum(axis=1)).mean() / temperature**2
