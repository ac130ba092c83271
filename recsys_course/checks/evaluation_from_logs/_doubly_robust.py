"""Doubly robust from a table of predictions and a table of the target's chances."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check


def question(rng: np.random.Generator) -> tuple[Any, ...]:
    """Two to five lines, two to four actions, never as many of one as of the other."""
    n, A = int(rng.integers(2, 6)), int(rng.integers(2, 5))
    A += n == A
    target = rng.dirichlet(np.ones(A), size=n)
    if rng.random() < 0.3:
        target = np.eye(A)[rng.integers(A, size=n)]
    rewards = rng.integers(0, 3, size=n).astype(float)
    return (
        rewards,
        rng.uniform(0.1, 1, size=n),
        rng.integers(A, size=n),
        target,
        rng.uniform(0, 2, size=(n, A)),
    )


@check(
    by_hand=[
        Case(
            (
                np.array([1.0, 0.0]),
                np.array([0.5, 0.25]),
                np.array([0, 1]),
                np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]),
                np.array([[0.5, 0.25, 0.1], [0.4, 0.2, 0.1]]),
            ),
            0.7,
            "model: 0.5, and 0.5 0.4 + 0.5 0.2 = 0.3. Weights 2 and 2. Corrections 2 (1 - 0.5) = 1 and "
            "2 (0 - 0.2) = -0.4. So (1.5 - 0.1) / 2",
        ),
        Case(
            (
                np.array([1.0, 1.0]),
                np.array([0.1, 0.1]),
                np.array([0, 0]),
                np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
                np.array([[1.0, 0.3, 0.0], [1.0, 0.3, 0.0]]),
            ),
            0.65,
            "the model is right about what was logged: no correction, however large the weight: 1.3 / 2",
        ),
        Case(
            (
                np.array([1.0, 0.0]),
                np.array([0.5, 0.5]),
                np.array([1, 0]),
                np.array([[0.5, 0.25, 0.25], [0.5, 0.5, 0.0]]),
                np.zeros((2, 3)),
            ),
            0.25,
            "a model of zeros leaves IPS: weights 0.5 and 1, rewards 1 and 0: 0.5 / 2",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "this is the direct method: add the weighted errors of the model on what was logged",
            (" + weights * (rewards - model[lines, actions])", ""),
        ),
        Slip(
            "the correction weighs the reward alone: it is the model's error, reward minus prediction",
            ("(rewards - model[lines, actions])", "rewards"),
        ),
        Slip(
            "this is IPS of the errors: add what the model says of the target policy",
            ("expected + weights", "weights"),
        ),
        Slip(
            "the sign of the error is turned round: reward minus prediction",
            ("(rewards - model[lines, actions])", "(model[lines, actions] - rewards)"),
        ),
        Slip(
            "the errors are not weighted: multiply each by target over propensity",
            ("weights * (rewards", "(rewards"),
        ),
        Slip(
            "the model's value is that of the logged action: average over all, by the target's chances",
            ("(target * model).sum(axis=1)", "model[lines, actions]"),
        ),
        Slip(
            "your model's value is an even mean over the actions: weigh them by the target's chances",
            ("(target * model).sum(axis=1)", "model.mean(axis=1)"),
        ),
        Slip(
            "the weight is 1 / p, as if the target always took the logged action: put its chance above",
            ("target[lines, actions] / propensities", "1 / propensities"),
        ),
        Slip(
            "you divided the propensity by the target's chance: the weight is target over propensity",
            ("target[lines, actions] / propensities", "propensities / target[lines, actions]"),
        ),
    ],
    then="make the model better and better: which part of the variance goes, and which stays?",
)
def doubly_robust(
    rewards: np.ndarray,
    propensities: np.ndarray,
    actions: np.ndarray,
    target: np.ndarray,
    model: np.ndarray,
) -> float:
    """(N,) rewards, propensities, actions; (N, A) target's chances and predicted rewards -> value."""
    lines = np.arange(len(rewards))
    weights = target[lines, actions] / propensities  # (N,)
    expected = (target * model).sum(axis=1)  # (N,) what the model says of the target policy
    return float(np.mean(expected + weights * (rewards - model[lines, actions])))
