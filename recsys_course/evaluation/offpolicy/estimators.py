r"""The value of a target policy from one logged action a line.

A line is a context x, the action a that the logging policy took with chance p(a | x), and the reward r.
The target policy would have taken that action with chance :math:`\pi(a \mid x)`. With
:math:`w = \pi / p` and a reward model :math:`\hat q`:

.. math::
    \hat V_{IPS} = \frac1N \sum_n w_n r_n                                                    \tag{13.1}

.. math::
    \hat V_{SNIPS} = \frac{\sum_n w_n r_n}{\sum_n w_n}                                       \tag{13.2}

.. math::
    \hat V_{clip} = \frac1N \sum_n \min(w_n, M)\, r_n                                        \tag{13.3}

.. math::
    \hat V_{DM} = \frac1N \sum_n \hat q(x_n, \pi), \qquad
    \hat q(x, \pi) = \sum_a \pi(a \mid x)\, \hat q(x, a)                                     \tag{13.4}

.. math::
    \hat V_{DR} = \frac1N \sum_n \bigl[\hat q(x_n, \pi) + w_n (r_n - \hat q(x_n, a_n))\bigr] \tag{13.5}

All take columns of length N and cost O(N) time and memory. They raise ValueError as
:func:`.importance_weights` does, and warn of little overlap as it does; intervals are normal and take the
lines as independent.

Source: Horvitz and Thompson 1952 (IPS); Swaminathan and Joachims 2015 (self-normalised); Ionides 2008
(clipped); Dudik, Langford and Li 2011 (doubly robust).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.evaluation.offpolicy.logged import columns, importance_weights
from recsys_course.evaluation.offpolicy.results import Estimate, effective_sample_size, estimate


def ips(rewards: Any, propensities: Any, target: Any, level: float = 0.95) -> Estimate:
    """Inverse propensity scoring, (13.1): unbiased with right propensities and full overlap.

    Args:
        rewards: (N,) what came back for the logged action.
        propensities: (N,) chance of the logged action under the logging policy, in (0, 1].
        target: (N,) chance of the logged action under the target policy.
        level: of the confidence interval.
    """
    r, weights = _weighed(rewards, propensities, target)
    return estimate(weights * r, effective_sample_size(weights), level)


def clipped_ips(
    rewards: Any, propensities: Any, target: Any, clip: float = 10.0, level: float = 0.95
) -> Estimate:
    r"""IPS with weights of at most ``clip``, (13.3): steadier, and biased.

    The bias is :math:`-E[(w - M)^+ r]`: with rewards of 0 or more the estimate is too low, and the
    interval does not know it. The effective sample size is that of the clipped weights.

    Args:
        rewards, propensities, target, level: as :func:`ips`. clip: M, above 0.
    """
    if not clip > 0:
        raise ValueError(f"clip: {clip}; expected a largest weight above 0")
    r, weights = _weighed(rewards, propensities, target)
    weights = np.minimum(weights, clip)
    return estimate(weights * r, effective_sample_size(weights), level)


def self_normalised_ips(rewards: Any, propensities: Any, target: Any, level: float = 0.95) -> Estimate:
    r"""IPS over the sum of the weights, (13.2): stays among the rewards; its bias fades as 1/N.

    A weight that is too large pulls on both sums, so SNIPS moves less than IPS. It needs propensities
    up to a constant factor only. The error is by the delta method, from the influence
    :math:`w_n (r_n - \hat V) / \bar w` of each line.

    Args:
        rewards, propensities, target, level: as :func:`ips`.
    """
    r, weights = _weighed(rewards, propensities, target)
    value = float(weights @ r / weights.sum())
    influence = weights * (r - value) / weights.mean()
    return estimate(influence, effective_sample_size(weights), level, value)


def direct_method(predicted_target: Any, level: float = 0.95) -> Estimate:
    r"""What a reward model says of the target policy, (13.4): steady, and as wrong as the model.

    Args:
        predicted_target: (N,) :math:`\hat q(x_n, \pi)`, the model's expected reward in each context
            when the target policy acts.
        level: of the interval, which knows chance in the contexts alone, not the model's error.

    Returns:
        the estimate; its effective sample size is N, as no line is weighted.
    """
    (q_pi,) = columns("(N,)", 1, predicted_target=predicted_target)
    return estimate(q_pi, float(len(q_pi)), level)


def doubly_robust(
    rewards: Any,
    propensities: Any,
    target: Any,
    predicted_logged: Any,
    predicted_target: Any,
    clip: float | None = None,
    self_normalised: bool = False,
    level: float = 0.95,
) -> Estimate:
    r"""The direct method, corrected by the weighted errors of its model, (13.5).

    Without clip and self_normalised unbiased if the propensities are right, whatever the model; and if the
    model is right, whatever the propensities. A model fitted on the same lines spoils the first: fit it on
    others, see
    :func:`.cross_fitted_means`.

    Args:
        rewards, propensities, target, level: as :func:`ips`.
        predicted_logged: (N,) :math:`\hat q(x_n, a_n)`. predicted_target: (N,) :math:`\hat q(x_n, \pi)`.
        clip: largest weight; None for no limit. The error of the model is then not fully corrected.
        self_normalised: divide the correction by the sum of the weights instead of N.
    """
    if clip is not None and not clip > 0:
        raise ValueError(f"clip: {clip}; expected a largest weight above 0, or None")
    r, weights = _weighed(rewards, propensities, target)
    _, q, q_pi = columns(
        "(N,)", 1, rewards=r, predicted_logged=predicted_logged, predicted_target=predicted_target
    )
    if clip is not None:
        weights = np.minimum(weights, clip)
    ess = effective_sample_size(weights)
    if not self_normalised:
        return estimate(q_pi + weights * (r - q), ess, level)
    correction = float(weights @ (r - q) / weights.sum())
    influence = q_pi + weights * (r - q - correction) / weights.mean()
    return estimate(influence, ess, level, float(q_pi.mean()) + correction)


def _weighed(rewards: Any, propensities: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """(N,) rewards and weights, checked."""
    r, p, pi = columns("(N,)", 1, rewards=rewards, propensities=propensities, target=target)
    return r, importance_weights(p, pi)
