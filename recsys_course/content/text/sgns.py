r"""Skip-gram with negative sampling: vectors of whatever stands in sequences, words or items.

.. math::
    L(v, c, c_1 \dots c_M) = -\ln \sigma(v^\top c) - \sum_m \ln \sigma(-v^\top c_m)

v is the vector of the middle word, c that of a word near it, and c_1 ... c_M are drawn. Here are the
formula and the step; :mod:`~recsys_course.content.text.sgns_training` goes through the sequences.

Source: Mikolov et al. 2013, Distributed representations; Barkan and Koenigstein 2016 for items.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from recsys_course.compiled import kernel


def sgns_gradient(v: Any, c_pos: Any, C_neg: Any) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    r"""Loss of one pair and its negatives, and the gradient of it.

    .. math::
        \frac{\partial L}{\partial v} = (\sigma(v^\top c) - 1)\, c + \sum_m \sigma(v^\top c_m)\, c_m, \quad
        \frac{\partial L}{\partial c} = (\sigma(v^\top c) - 1)\, v, \quad
        \frac{\partial L}{\partial c_m} = \sigma(v^\top c_m)\, v

    Args:
        v: (K,) the middle word. c_pos: (K,) the word near it. C_neg: (M, K) drawn words.

    Returns:
        loss, (K,) for v, (K,) for c_pos, (M, K) for C_neg.

    Raises:
        ValueError: shapes that do not match.

    Book: chapter 4; exercise sgns_gradient.
    """
    v, c_pos, C_neg = (np.asarray(x, dtype=float) for x in (v, c_pos, C_neg))
    if v.ndim != 1 or c_pos.shape != v.shape or C_neg.ndim != 2 or C_neg.shape[1:] != v.shape:
        raise ValueError(
            f"v, c_pos, C_neg: shapes {v.shape}, {c_pos.shape}, {C_neg.shape}; expected (K,), (K,), (M, K)"
        )
    x_pos, x_neg = v @ c_pos, C_neg @ v  # (), (M,)
    loss = np.logaddexp(0, -x_pos) + np.logaddexp(0, x_neg).sum()
    g_pos, g_neg = -expit(-x_pos), expit(x_neg)  # (), (M,)
    return float(loss), g_pos * c_pos + g_neg @ C_neg, g_pos * v, np.outer(g_neg, v)


def keep_probabilities(counts: Any, sample: float) -> np.ndarray:
    r"""(V,) counts -> the chance that an occurrence is kept, :math:`\min(1, \sqrt{t / f})`.

    f is the share of a word among all occurrences, t = ``sample``; 0 keeps everything.
    """
    counts = np.asarray(counts)
    share = counts / max(counts.sum(), 1)
    often = share > sample if sample > 0 else np.zeros(len(counts), dtype=bool)
    return np.sqrt(np.divide(sample, share, out=np.ones(len(counts)), where=often))


def negative_probabilities(counts: Any, power: float) -> np.ndarray:
    """(V,) counts, not all 0 -> the chance to be drawn as a negative: counts ** power over their sum.

    A code that never occurs is not drawn. A power below 0 draws rare codes more often than frequent ones.
    """
    counts = np.asarray(counts)
    met = counts > 0
    log_weight = power * np.log(counts[met])
    weight = np.zeros(len(counts))
    weight[met] = np.exp(log_weight - log_weight.max())  # at most 1: no overflow
    return weight / weight.sum()


@kernel
def steps(middle, near, drawn, rates, V, C):  # type: ignore[no-untyped-def]
    """One step of gradient descent for each pair; returns the sum of the losses met.

    (P,) codes in the middle, (P,) codes near, (P, M) codes drawn, (P,) learning rates; V and C
    change in place. A drawn code that is the one near is left out.
    """
    total = 0.0
    K, M = V.shape[1], drawn.shape[1]
    g, step = np.empty(M + 1, dtype=V.dtype), np.empty(K, dtype=V.dtype)
    for t in range(len(middle)):
        v = V[middle[t]]  # a view: (K,)
        step[:] = 0
        for m in range(M + 1):
            g[m] = 0
            if m > 0 and drawn[t, m - 1] == near[t]:
                continue
            c = C[near[t]] if m == 0 else C[drawn[t, m - 1]]
            x = v[0] * c[0]
            for k in range(1, K):
                x += v[k] * c[k]
            y = x if m == 0 else -x
            small = np.exp(-abs(y))  # at most 1: no overflow, however sure the vectors are
            pull = small / (1 + small) if y > 0 else 1 / (1 + small)  # sigma(-y)
            total += max(-y, 0) + np.log1p(small)
            g[m] = rates[t] * pull if m == 0 else -rates[t] * pull
            for k in range(K):
                step[k] += g[m] * c[k]
        for m in range(M + 1):  # only now: a code drawn twice is read twice before it moves
            c = C[near[t]] if m == 0 else C[drawn[t, m - 1]]
            for k in range(K):
                c[k] += g[m] * v[k]
        for k in range(K):
            v[k] += step[k]
    return total
