"""The value of a policy from the log of another."""

from __future__ import annotations

import numpy as np

from recsys_course.checks.engine import Case, Slip, check
from recsys_course.checks.evaluation_from_logs._logs import policy_log


@check(
    by_hand=[
        Case(
            (
                np.array([1.0, 0.0, 1.0]),
                np.array([0, 1, 1]),
                np.array([0.5, 0.5, 0.25]),
                np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]),
            ),
            3.8 / 3,
            "weights 0.9 / 0.5, 0.8 / 0.5 and 0.5 / 0.25: (1.8 1 + 1.6 0 + 2 1) / 3; with three lines the "
            "estimate may even be above the largest reward",
        ),
        Case(
            (
                np.array([1.0, 1.0]),
                np.array([0, 1]),
                np.array([0.8, 0.2]),
                np.array([[0.0, 1.0], [0.0, 1.0]]),
            ),
            2.5,
            "the target never takes action 0, so the first line weighs 0, but it is still a line: "
            "(0 + 1 / 0.2) / 2",
        ),
        Case(
            (
                np.array([5.0, -1.0]),
                np.array([2, 0]),
                np.array([0.2, 0.5]),
                np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]),
            ),
            2.0,
            "the target is the policy that wrote the log: all weights are 1, and the mean reward is "
            "(5 - 1) / 2",
        ),
    ],
    at_random=policy_log,
    rng=np.random.default_rng,
    slips=[
        Slip(
            "the ratio is turned round: an action that the log has too rarely must count more, pi / p",
            ("chosen / propensities", "propensities / chosen"),
        ),
        Slip(
            "you divided by the sum of the weights: that is SNIPS (exercise 4); "
            "IPS is the mean over all lines",
            ("/ len(rewards)", "/ weights.sum()"),
        ),
        Slip(
            "you left the lines with weight 0 out of the number of lines: they count too, with 0",
            ("/ len(rewards)", "/ (chosen > 0).sum()"),
        ),
        Slip(
            "this is the mean reward of the log, the value of the policy that wrote it: weigh each line",
            ("(weights * rewards)", "rewards"),
        ),
        Slip(
            "you averaged the rewards of the lines where the target could have acted so: "
            "those are the lines that the logging policy liked; weigh them by pi / p",
            ("(weights * rewards).sum() / len(rewards)", "rewards[chosen > 0].mean()"),
        ),
        Slip(
            "you took the chance of the action that the target likes best: take that of the logged action",
            ("actions]", "policy.argmax(axis=1)]"),
        ),
        Slip(
            "policy[:, actions] is a table of N by N: pair each line with its own action, "
            "policy[np.arange(N), actions]",
            ("np.arange(len(actions)), actions", ":, actions"),
        ),
        Slip(
            "the propensities are missing: the log has too many lines of what the old policy liked; "
            "divide by p",
            ("chosen / propensities", "chosen"),
        ),
        Slip(
            "the target policy is missing from your weights: they are pi / p, not 1 / p",
            ("chosen / propensities", "1 / propensities"),
        ),
        Slip("this is the sum: divide by the number of lines", (" / len(rewards)", "")),
    ],
    then="multiply all propensities by 2: what happens to the estimate, and would you have noticed?",
)
def ips(rewards: np.ndarray, actions: np.ndarray, propensities: np.ndarray, policy: np.ndarray) -> float:
    """(N,) rewards, logged actions, their chances when logged; (N, A) the target's -> its value."""
    chosen = policy[np.arange(len(actions)), actions]  # (N,)
    weights = chosen / propensities
    return float((weights * rewards).sum() / len(rewards))
