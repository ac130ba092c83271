"""Cross-entropy, entropy and Kullback-Leibler divergence: three numbers with one identity."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def shares(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of shares; p may hold zeros, and q, rarely, a zero where p has none."""
    N, C = rng.choice([(2, 3), (3, 2), (2, 4), (4, 3)])
    p, q = rng.integers(1, 9, size=(2, N, C)).astype(float)
    p[rng.random((N, C)) < 0.2] = 0.0
    q[rng.random((N, C)) < 0.04] = 0.0
    p[:, 0], q[:, 0] = 1.0, 3.0
    return p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)


LN2 = np.log(2)


@check(
    by_hand=[
        Case(
            (np.array([[0.8, 0.2]]), np.array([[0.6, 0.4]])),
            (
                np.array([-0.8 * np.log(0.6) - 0.2 * np.log(0.4)]),
                np.array([-0.8 * np.log(0.8) - 0.2 * np.log(0.2)]),
                np.array([0.8 * np.log(0.8 / 0.6) + 0.2 * np.log(0.2 / 0.4)]),
            ),
            "0.8 x 0.5108 + 0.2 x 0.9163 = 0.5919; 0.8 x 0.2231 + 0.2 x 1.6094 = 0.5004; "
            "0.8 x 0.2877 - 0.2 x 0.6931 = 0.0915, which is the difference of the two",
        ),
        Case(
            (np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([[0.25, 0.75], [0.5, 0.5]])),
            (
                np.array([LN2 + np.log(2 / np.sqrt(3)), LN2]),
                np.array([LN2, LN2]),
                np.array([np.log(2 / np.sqrt(3)), 0.0]),
            ),
            "row 0: half of ln 4 and half of ln 4/3. Row 1: q = p, so the cross-entropy is the entropy, ln 2",
        ),
        Case(
            (np.array([[1.0, 0.0]]), np.array([[0.25, 0.75]])),
            (np.array([2 * LN2]), np.array([0.0]), np.array([2 * LN2])),
            "p is sure: entropy 0. What p rules out counts 0, so 0 ln 0 = 0",
        ),
        Case(
            (np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])),
            (np.array([np.inf]), np.array([LN2]), np.array([np.inf])),
            "q rules out what p has half of: no finite punishment is enough",
        ),
    ],
    at_random=shares,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "0 times ln 0 is nan to the computer: where p is 0 the term is 0",
            ("np.where(possible, p, 1.0)", "p"),
            ("np.where(possible, q, 1.0)", "q"),
        ),
        Slip(
            "you took the divergence the other way round: the weights are those of p, the teacher",
            ("possible = p > 0", "p, q = q, p\n    possible = p > 0"),
        ),
        Slip(
            "these are bits: use the natural logarithm",
            ("log_p = np.log(", "log_p = np.log2("),
            ("log_q = np.log(", "log_q = np.log2("),
        ),
        Slip(
            "you took the mean over the candidates: a divergence is their sum",
            ("-(p * log_q).sum(axis=1)", "-(p * log_q).mean(axis=1)"),
            ("-(p * log_p).sum(axis=1)", "-(p * log_p).mean(axis=1)"),
        ),
        Slip(
            "the sign is wrong: KL = cross-entropy - entropy, and never below 0",
            ("cross - entropy", "entropy - cross"),
        ),
        Slip(
            "entropy belongs to p alone: - sum p ln p",
            ("-(p * log_p).sum(axis=1)", "-(q * np.log(np.where(q > 0, q, 1.0))).sum(axis=1)"),
        ),
        Slip(
            "q = 0 where p is not must give infinity; you left the term out",
            ("possible = p > 0", "possible = (p > 0) & (q > 0)"),
        ),
        Slip(
            "you summed over the rows: one number a row",
            ("-(p * log_q).sum(axis=1)", "-(p * log_q).sum(axis=0)"),
            ("-(p * log_p).sum(axis=1)", "-(p * log_p).sum(axis=0)"),
        ),
    ],
    then="hold p fixed and change q: which of the three numbers moves with it, and which cannot?",
)
def kl_divergence(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, C) shares of teacher and student -> (N,) cross-entropy, (N,) entropy of p, (N,) KL(p | q)."""
    possible = p > 0  # (N, C)
    log_p = np.log(np.where(possible, p, 1.0))
    log_q = np.log(np.where(possible, q, 1.0))
    cross, entropy = -(p * log_q).sum(axis=1), -(p * log_p).sum(axis=1)
    return cross, entropy, cross - entropy
