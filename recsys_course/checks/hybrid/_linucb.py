"""A contextual bandit over recommenders: LinUCB with one linear model an arm."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def visits(rng: np.random.Generator) -> tuple[Any, ...]:
    """Contexts of users who come in turn, and what each member would have earned; no near ties."""
    while True:
        n_features, n_arms = int(rng.integers(1, 4)), int(rng.integers(2, 5))
        n = n_arms + int(rng.integers(1, 6))
        contexts = np.c_[np.ones(n), rng.normal(size=(n, n_features - 1)).round(2)]
        rewards, alpha = rng.integers(0, 3, size=(n, n_arms)) * 1.0, float(rng.choice([0.0, 0.5, 2.0]))
        if not _close_call(contexts, rewards, alpha):
            return contexts, rewards, alpha


def _close_call(contexts: np.ndarray, rewards: np.ndarray, alpha: float) -> bool:
    """Do two arms with different histories ever stand so near that rounding would choose?"""
    n_arms, d = rewards.shape[1], contexts.shape[1]
    A, b = np.array([np.eye(d)] * n_arms), np.zeros((n_arms, d))
    for x, reward in zip(contexts, rewards, strict=True):
        inverse = np.linalg.inv(A)
        bound = (inverse @ b[..., None])[..., 0] @ x + alpha * np.sqrt(x @ inverse @ x)
        arm = int(bound.argmax())
        near = [m for m in range(n_arms) if m != arm and bound[arm] - bound[m] < 1e-6]
        if any(not (np.array_equal(A[m], A[arm]) and np.array_equal(b[m], b[arm])) for m in near):
            return True
        A[arm] += np.outer(x, x)
        b[arm] += reward[arm] * x
    return False


@check(
    by_hand=[
        Case(
            (np.array([[1.0], [1.0], [1.0]]), np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]), 1.0),
            (np.array([0, 1, 1]), np.array([[0.0], [2 / 3]])),
            "both arms start at 0 + 1: arm 0. It earns 0: bound 0 + sqrt(1/2), so arm 1, which earns 1: "
            "bound "
            "1/2 + sqrt(1/2), so arm 1 again; A = 3, b = 2",
        ),
        Case(
            (
                np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]),
                np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]),
                1.0,
            ),
            (np.array([0, 0, 0, 1]), np.array([[2 / 3, 0.0], [0.0, 1 / 2]])),
            "arm 0 earns 1 from (1, 0), and knows nothing of (0, 1): bounds 1 and 1, arm 0 again; it "
            "earns 0, so the "
            "next (0, 1) goes to arm 1: sqrt(1/2) against 1",
        ),
        Case(
            (np.array([[1.0], [1.0]]), np.array([[1.0, 5.0], [0.0, 5.0]]), 0.0),
            (np.array([0, 0]), np.array([[1 / 3], [0.0]])),
            "alpha 0 never explores: arm 0 wins the tie, earns 1, and arm 1 is never tried; A = 3, b = 1",
        ),
    ],
    at_random=visits,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the root is missing: the width of the interval is alpha sqrt(x A^-1 x)",
            ("np.sqrt(x @ inverse @ x)", "(x @ inverse @ x)"),
        ),
        Slip(
            "nothing explores: add alpha times the width to what each arm expects",
            (" + alpha * np.sqrt(x @ inverse @ x)", ""),
        ),
        Slip(
            "you learned of all arms: only the chosen one was shown, only its reward is known",
            ("A[arm] += np.outer(x, x)", "A += np.outer(x, x)"),
            ("b[arm] += reward[arm] * x", "b += reward[:, None] * x"),
        ),
        Slip(
            "you looked at every reward and took the best arm: the reward is known after the choice, and "
            "of one arm",
            ("int(bound.argmax())", "int(reward.argmax())"),
        ),
        Slip(
            "b counts the visits, not the rewards: add the reward times the context",
            ("reward[arm] * x", "x"),
        ),
        Slip(
            "A never grows, so the interval never shrinks: add x x^T for the chosen arm",
            ("        A[arm] += np.outer(x, x)\n", ""),
        ),
        Slip(
            "your arms share one A: each has its own, or nobody knows which is unsure",
            ("A[arm] += np.outer(x, x)", "A += np.outer(x, x)"),
        ),
        Slip(
            "you subtract the width: that is caution; optimism adds it",
            ("@ x + alpha", "@ x - alpha"),
        ),
        Slip(
            "of equal bounds the first arm is taken, not the last",
            ("int(bound.argmax())", "int(n_arms - 1 - bound[::-1].argmax())"),
        ),
    ],
    then="set alpha to 0, then to 100: what does the regret do in each case, and after how many visits?",
)
def linucb(contexts: np.ndarray, rewards: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """(T, d) contexts, (T, M) reward of each arm if shown -> (T,) arms chosen, (M, d) weights at the end."""
    n_arms, d = rewards.shape[1], contexts.shape[1]
    A, b = np.array([np.eye(d)] * n_arms), np.zeros((n_arms, d))  # (M, d, d), (M, d)
    arms = []
    for x, reward in zip(contexts, rewards, strict=True):
        inverse = np.linalg.inv(A)
        bound = (inverse @ b[..., None])[..., 0] @ x + alpha * np.sqrt(x @ inverse @ x)  # (M,)
        arm = int(bound.argmax())
        A[arm] += np.outer(x, x)
        b[arm] += reward[arm] * x
        arms.append(arm)
    return np.array(arms), np.linalg.solve(A, b[..., None])[..., 0]
