r"""How much less is a place looked at? The examination curve of the position-based model.

.. math::
    P(\mathrm{click} \mid x, i, k) = \theta_k\, \gamma_{xi}                                \tag{13.8}

Only the ratios of the :math:`\theta_k` can be learned, since any factor can move from
:math:`\theta` to :math:`\gamma`: curves are given relative to the first position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.stats import norm

from recsys_course.evaluation.offpolicy.logged import columns
from recsys_course.evaluation.offpolicy.propensities import codes

_TINY = 1e-12


@dataclass(frozen=True)
class Examination:
    """A curve of examination.

    Attributes:
        curve: (K,) relative to position 1, which is 1.
        low, high: (K,) limits of the confidence interval, each position on its own; NaN where the
            method gives none.
        n_iterations: of EM; 0 otherwise.
    """

    curve: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_iterations: int = 0


def examination_by_weighting(clicks: Any, weights: Any = None, level: float = 0.95) -> Examination:
    r"""Click rates by position, with items made comparable by chance or by weights.

    Where positions are filled at random, every position has the same items on average, and the click
    rates are the curve. Where they are not, the weights :math:`w_{sk} = q(i_{sk}) / p_k(i_{sk} \mid x_s)`
    of one policy q, the same for all positions, make them so: each position then estimates
    :math:`\theta_k E[\gamma]` under q.

    Args:
        clicks: (S, K) 0 or 1. weights: (S, K) of 0 or more; None where slots were filled at random.
        level: of the intervals, by the delta method over slates.

    Raises:
        ValueError: shapes, clicks that are not 0 or 1, negative weights, no (weighted) click at position 1.

    Cost: O(S K).

    Source: randomisation as in Joachims, Swaminathan and Schnabel 2017.
    """
    (c,) = columns("(S, K)", 2, clicks=clicks)
    _need_clicks(c)
    _, w = columns("(S, K)", 2, clicks=c, weights=np.ones_like(c) if weights is None else weights)
    if w.min() < 0:
        raise ValueError(f"weights: {w.min()}; expected 0 or more")
    if not 0 < level < 1:
        raise ValueError(f"level: {level}; expected a number between 0 and 1")
    gains = w * c  # (S, K)
    rates = gains.mean(axis=0)  # (K,)
    if rates[0] == 0:
        raise ValueError("clicks: none at position 1; the curve is relative to it")
    curve = rates / rates[0]
    influence = (gains - curve * gains[:, :1]) / rates[0]  # (S, K), of the ratio of two means
    reach = norm.ppf((1 + level) / 2) * influence.std(axis=0, ddof=1) / np.sqrt(len(c))
    return Examination(curve, curve - reach, curve + reach)


def examination_by_em(
    items: Any, clicks: Any, contexts: Any = None, n_iterations: int = 1000, tolerance: float = 1e-5
) -> Examination:
    r"""The curve from a log without experiment: expectation maximisation.

    Every pair (x, i) has its own :math:`\gamma`; pairs that were shown at several positions tell the
    positions apart. A click means examined and relevant. Without a click, either may be missing:

    .. math::
        P(E \mid \neg C) = \frac{\theta (1 - \gamma)}{1 - \theta\gamma}, \qquad
        P(R \mid \neg C) = \frac{\gamma (1 - \theta)}{1 - \theta\gamma}                      \tag{13.9}

    These fill the gaps (E step); :math:`\theta_k` is then the mean over position k, :math:`\gamma_{xi}`
    that over the pair's showings (M step).

    Args:
        items: (S, K) codes of 0 and more. clicks: (S, K) 0 or 1.
        contexts: (S,) codes; None takes relevance to depend on the item alone, which is wrong, and
            biases the curve, where a policy puts at the top what suits the user.
        n_iterations: at most. tolerance: stops when no point of the curve moves more.

    Returns:
        the curve, without intervals.

    Raises:
        ValueError: shapes, codes, clicks that are not 0 or 1, no click at position 1, or
            positions that no chain of pairs shown at both connects (then nothing tells examination
            from relevance between them).

    Cost: O(M) time and memory an iteration for M different (pair, position), at most S K.

    Source: Wang et al. 2018, "Position bias estimation for unbiased learning to rank in personal
        search". Differs: a table of relevances in place of a regression on features.
    """
    (c,) = columns("(S, K)", 2, clicks=clicks)
    _need_clicks(c)
    if not c[:, 0].any():
        raise ValueError("clicks: none at position 1; the curve is relative to it")
    pair, position, shown, clicked = _cells(np.asarray(items), c, contexts)
    theta, gamma = np.full(c.shape[1], 0.5), np.full(pair.max() + 1, 0.5)
    at_position = np.bincount(position, shown)  # (K,)
    of_pair = np.bincount(pair, shown)
    done, moved = 0, np.inf
    while done < n_iterations and moved >= tolerance:
        t, g = theta[position], gamma[pair]
        missed = (shown - clicked) / np.maximum(1 - t * g, _TINY)
        new = np.bincount(position, clicked + missed * t * (1 - g)) / at_position
        gamma = np.bincount(pair, clicked + missed * g * (1 - t)) / of_pair
        moved = np.abs(new / max(new[0], _TINY) - theta / max(theta[0], _TINY)).max()
        theta, done = new, done + 1
    nothing = np.full(len(theta), np.nan)
    return Examination(theta / theta[0], nothing, nothing, done)


def _cells(items: np.ndarray, clicks: np.ndarray, contexts: Any) -> tuple[np.ndarray, ...]:
    """(M,) each pair at each position once: pair, position, showings, clicks."""
    n_slates, n_positions = clicks.shape
    if items.shape != clicks.shape:
        raise ValueError(f"items: shape {items.shape}; expected {clicks.shape}, as clicks has")
    flat = codes("items", items.ravel())
    x = np.zeros(n_slates, dtype=np.int64) if contexts is None else codes("contexts", contexts)
    if len(x) != n_slates:
        raise ValueError(f"contexts: {len(x)} codes; expected {n_slates}, the slates")
    pairs = np.unique(np.repeat(x, n_positions) * (flat.max() + 1) + flat, return_inverse=True)[1]
    cells, cell = np.unique(pairs * n_positions + np.arange(flat.size) % n_positions, return_inverse=True)
    pair, position = np.divmod(cells, n_positions)
    _need_links(pair, position, n_positions)
    return pair, position, np.bincount(cell), np.bincount(cell, clicks.ravel())


def _need_links(pair: np.ndarray, position: np.ndarray, n_positions: int) -> None:
    """Refuse positions that share no pair with the others, directly or by a chain."""
    n = n_positions + pair.max() + 1
    links = sparse.csr_array((np.ones(len(pair)), (position, n_positions + pair)), shape=(n, n))
    if len(np.unique(connected_components(links, directed=False)[1][:n_positions])) > 1:
        raise ValueError(
            "items: some positions share no pair with the others, directly or by a chain; "
            "nothing tells examination from relevance between them"
        )


def _need_clicks(clicks: np.ndarray) -> None:
    if not np.isin(clicks, (0, 1)).all():
        raise ValueError(f"clicks: {clicks[~np.isin(clicks, (0, 1))][0]}; expected 0 or 1")
    if not clicks.any():
        raise ValueError("clicks: none at all; expected at least one")
