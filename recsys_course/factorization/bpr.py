"""Bayesian personalised ranking: learn from pairs, an item met over one not met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_course.base import Recommender, stop_if_diverged
from recsys_course.compiled import kernel
from recsys_course.factorization.biased import check_training, first_factors
from recsys_course.interactions import Interactions
from recsys_course.progress import progress
from recsys_course.ranking import coordinates


@dataclass
class BPR(Recommender):
    r"""Raise what the user met above what the user did not.

    .. math::
        L &= \sum_{(u,i,j)} -\ln \sigma(x_{uij})
             + \tfrac{\lambda}{2}\,(\|p_u\|^2 + \|q_i\|^2 + \|q_j\|^2 + b_i^2 + b_j^2), \qquad
        x_{uij} = b_i - b_j + p_u^\top (q_i - q_j) \\
        g &= \sigma(-x_{uij}): \quad
        p_u \mathrel{+}= \eta\,(g\,(q_i - q_j) - \lambda p_u), \;
        q_i \mathrel{+}= \eta\,(g\,p_u - \lambda q_i), \;
        q_j \mathrel{+}= \eta\,(-g\,p_u - \lambda q_j)

    Args:
        n_factors: K, at least 1. n_epochs: passes; each draws as many triples as there are
            events, at least 1. learning_rate: eta, more than 0. reg: lambda, at least 0.
        seed: of the first factors and of the triples.

    Attributes:
        P_: (U, K), Q_: (I, K), item_bias_: (I,), in float32.
        loss_: (n_epochs,) mean of -ln sigma(x) over the triples met.

    Raises:
        ValueError: a setting outside its range. Diverged: parameters left the finite numbers.

    Cost: O(N K) per epoch, one thread, so that a seed means one result.
    Book: equation (3.12); exercise bpr_gradient.
    Source: Rendle et al. 2009. Differs: events are drawn uniformly; where ten draws bring
        no item that the user has not met, the triple is skipped.
    """

    n_factors: int = 64
    n_epochs: int = 100
    learning_rate: float = 0.05
    reg: float = 0.02
    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        check_training(self)
        rng = np.random.default_rng(self.seed)
        R = self.seen_
        users, items = (codes.astype(np.int32) for codes in coordinates(R))
        self.P_ = first_factors(users, data.n_users, self.n_factors, 0.1, rng)
        self.Q_ = rng.normal(0, 0.1, (data.n_items, self.n_factors)).astype(np.float32)
        self.item_bias_ = np.zeros(data.n_items, dtype=np.float32)
        rates = np.float32(self.learning_rate), np.float32(self.reg)
        parameters = self.P_, self.Q_, self.item_bias_
        self.loss_ = np.zeros(self.n_epochs)
        for epoch in progress(range(self.n_epochs), "BPR", unit="epoch"):
            drawn = rng.integers(len(users), size=len(users), dtype=np.int32)
            against = rng.integers(data.n_items, size=len(users), dtype=np.int32)
            log = users, items, R.indptr, R.indices
            self.loss_[epoch] = _epoch(drawn, against, *log, *parameters, *rates)
            stop_if_diverged(self, epoch, *parameters)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.P_[users] @ self.Q_.T + self.item_bias_  # (B, I)


@kernel
def _epoch(drawn, against, users, items, start, met, P, Q, bias, rate, reg):  # type: ignore[no-untyped-def]
    total, triples = 0.0, 0
    K = P.shape[1]
    one = np.float32(1)
    for t in range(len(drawn)):
        u, i, j = users[drawn[t]], items[drawn[t]], against[t]
        tries = 0
        while tries < 10 and _has(met, start[u], start[u + 1], j):
            tries += 1
            j = against[(t + tries) % len(against)]  # another's draw is as good as a new one
        if tries == 10:
            continue
        p, q_i, q_j = P[u], Q[i], Q[j]  # views: (K,)
        x = bias[i] - bias[j]
        for k in range(K):
            x += p[k] * (q_i[k] - q_j[k])
        small = np.exp(-abs(x))  # at most 1: no overflow, however sure the model is
        g = (small if x > 0 else one) / (one + small)
        bias[i] += rate * (g - reg * bias[i])
        bias[j] += rate * (-g - reg * bias[j])
        for k in range(K):
            p_k, over = p[k], q_i[k] - q_j[k]
            p[k] += rate * (g * over - reg * p_k)
            q_i[k] += rate * (g * p_k - reg * q_i[k])
            q_j[k] += rate * (-g * p_k - reg * q_j[k])
        total += max(-x, 0) + np.log1p(small)
        triples += 1
    return total / max(triples, 1)


@kernel
def _has(sorted_codes, low, high, code):  # type: ignore[no-untyped-def]
    """Is ``code`` among sorted_codes[low:high]? By halving."""
    while low < high:
        middle = (low + high) // 2
        if sorted_codes[middle] < code:
            low = middle + 1
        elif sorted_codes[middle] > code:
            high = middle
        else:
            return True
    return False
