"""A model of the reward, and IPS for what it gets wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import policy_log


def question(rng: np.random.Generator) -> tuple[Any, ...]:
    """A log, and what a model predicts for every action of every line."""
    log = policy_log(rng)
    return *log, rng.normal(1, 1, size=log[-1].shape)


@check(
    by_hand=[
        Case(
            (
                np.array([1.0, 0.0]),
                np.array([0, 1]),
                np.array([0.5, 0.5]),
                np.array([[0.75, 0.25], [0.5, 0.5]]),
                np.array([[0.8, 0.4], [0.6, 0.2]]),
            ),
            0.6,
            "the model gives 0.75 0.8 + 0.25 0.4 = 0.7 and 0.4; its errors are 1 - 0.8 and 0 - 0.2, weights "
            "1.5 and 1: (0.7 + 0.3 + 0.4 - 0.2) / 2",
        ),
        Case(
            (
                np.array([1.0, 2.0]),
                np.array([0, 1]),
                np.array([0.5, 0.25]),
                np.array([[1.0, 0.0], [0.5, 0.5]]),
                np.zeros((2, 2)),
            ),
            3.0,
            "a model that says 0 of everything leaves IPS: (2 1 + 2 2) / 2",
        ),
        Case(
            (
                np.array([3.0]),
                np.array([1]),
                np.array([0.01]),
                np.array([[0.5, 0.3, 0.2]]),
                np.array([[1.0, 3.0, 5.0]]),
            ),
            2.4,
            "the model was right about what was logged, so even the weight 30 corrects nothing: "
            "0.5 1 + 0.3 3 + 0.2 5",
        ),
        Case(
            (np.array([9.0]), np.array([0]), np.array([0.5]), np.array([[0.0, 1.0]]), np.array([[4.0, 2.0]])),
            2.0,
            "the target would not have done what was logged: the model alone speaks",
        ),
    ],
    at_random=question,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the model's own estimate is missing: add what it expects of the target policy",
            ("(baseline + correction)", "correction"),
        ),
        Slip(
            "you added what the model says of the logged action: average it over the target's actions",
            ("(policy * predicted).sum(axis=1)", "predicted[lines, actions]"),
        ),
        Slip(
            "you averaged the model over all actions alike: weigh them by the target policy",
            ("(policy * predicted).sum(axis=1)", "predicted.mean(axis=1)"),
        ),
        Slip(
            "you took the model's best action: average over the target policy, which need not be greedy",
            ("(policy * predicted).sum(axis=1)", "predicted.max(axis=1)"),
        ),
        Slip(
            "the correction weighs the whole reward, so that it is counted twice: "
            "weigh the model's error, reward minus prediction",
            ("(rewards - predicted[lines, actions])", "rewards"),
        ),
        Slip(
            "the error is that of the target's mean: subtract the prediction for the logged action",
            ("(rewards - predicted[lines, actions])", "(rewards - baseline)"),
        ),
        Slip(
            "the sign of the error is turned round: it is reward minus prediction",
            ("(rewards - predicted[lines, actions])", "(predicted[lines, actions] - rewards)"),
        ),
        Slip(
            "the correction is not weighted: the log's actions are not the target's; multiply by pi / p",
            ("weights * (rewards", "(rewards"),
        ),
        Slip(
            "the correction is missing: this is the direct method, as wrong as its model",
            ("(baseline + correction)", "baseline"),
        ),
        Slip(
            "the model's estimate is weighted too: pi / p belongs to the correction alone",
            ("(baseline + correction)", "(weights * baseline + correction)"),
        ),
        Slip(
            "the ratio is turned round: the weight of a line is pi / p",
            ("policy[lines, actions] / propensities", "propensities / policy[lines, actions]"),
        ),
    ],
    then="halve all propensities, then make the model right: when does the estimate hold?",
)
def doubly_robust(
    rewards: np.ndarray,
    actions: np.ndarray,
    propensities: np.ndarray,
    policy: np.ndarray,
    predicted: np.ndarray,
) -> float:
    """(N,) log as in ips; (N, A) the target's chances, (N, A) predicted rewards -> the target's value."""
    lines = np.arange(len(actions))
    weights = policy[lines, actions] / propensities  # (N,)
    baseline = (policy * predicted).sum(axis=1)  # (N,)
    correction = weights * (rewards - predicted[lines, actions])  # (N,)
    return float((baseline + correction).sum() / len(rewards))
