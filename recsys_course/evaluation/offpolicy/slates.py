r"""The value of a slate policy, position by position.

.. math::
    \hat V = \frac1S \sum_s \sum_k \frac{\pi_k(i_{sk} \mid x_s)}{p_k(i_{sk} \mid x_s)}\, r_{sk} \tag{13.7}

A whole slate is almost never shown twice, so weights of whole slates explode. Under the item-position
model the click at a position depends on the item there and on the position, not on the other items; then the
weights of single positions are enough.

Source: Li et al. 2018, "Offline evaluation of ranking policies with click models" (item-position estimator).
"""

from __future__ import annotations

from typing import Any

from recsys_course.evaluation.offpolicy.logged import columns, ratios, warn_of_little_overlap
from recsys_course.evaluation.offpolicy.results import Estimate, effective_sample_size, estimate


def slate_ips(
    rewards: Any,
    propensities: Any,
    target: Any,
    self_normalised: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Expected reward of a slate under the target policy, (13.7).

    Args:
        rewards: (S, K) reward of each position, such as a click.
        propensities: (S, K) chance with which the logging policy put that item at that position.
        target: (S, K) chance with which the target policy puts it there.
        self_normalised: divide each position's sum by the sum of its weights instead of S.
        level: of the interval; the slates count as independent.

    Returns:
        the estimate; its effective sample size is that of the worst position.

    Raises:
        ValueError: as :func:`.importance_weights`; also a position where the target policy shows none
            of the logged items.

    Cost: O(S K) time and memory.
    """
    r, p, pi = columns("(S, K)", 2, rewards=rewards, propensities=propensities, target=target)
    weights = ratios(p, pi)  # (S, K)
    if not weights.any(axis=0).all():
        k = int((~weights.any(axis=0)).argmax()) + 1
        raise ValueError(f"target: 0 on every slate at position {k}; the log says nothing of it")
    ess = min(effective_sample_size(column) for column in weights.T)
    warn_of_little_overlap(ess, len(weights))
    if not self_normalised:
        return estimate((weights * r).sum(axis=1), ess, level)
    values = (weights * r).sum(axis=0) / weights.sum(axis=0)  # (K,)
    influence = (weights * (r - values) / weights.mean(axis=0)).sum(axis=1)  # (S,)
    return estimate(influence, ess, level, float(values.sum()))
