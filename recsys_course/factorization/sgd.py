"""Biased matrix factorisation by stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_course.base import stop_if_diverged
from recsys_course.compiled import kernel
from recsys_course.factorization.biased import BiasedFactors, check_training
from recsys_course.interactions import Interactions
from recsys_course.progress import progress


@dataclass
class FunkSVD(BiasedFactors):
    r"""Learn biases and factors from one rating at a time.

    .. math::
        L &= \sum_{(u,i) \in \Omega} e_{ui}^2
             + \lambda\,(b_u^2 + b_i^2 + \|p_u\|^2 + \|q_i\|^2), \qquad
        e_{ui} = r_{ui} - \mu - b_u - b_i - p_u^\top q_i \\
        b_u &\mathrel{+}= \eta\,(e_{ui} - \lambda b_u), \qquad
        p_u \mathrel{+}= \eta\,(e_{ui}\, q_i - \lambda p_u), \qquad
        q_i \mathrel{+}= \eta\,(e_{ui}\, p_u - \lambda q_i)

    The factor 2 of the gradient is part of eta.

    Args:
        n_factors: K, at least 1. n_epochs: passes over the ratings, at least 1.
        learning_rate: eta, more than 0. reg: lambda, at least 0.
        seed: of the first factors and of the order of the ratings.

    Attributes:
        loss_: (n_epochs,) mean squared error met on the way, in stars squared: each rating
            is predicted just before its own step.

    Raises:
        ValueError: a setting outside its range. Diverged: parameters left the finite numbers.

    Cost: O(N K) per epoch, one thread, so that a seed means one result.
    Book: equations (3.6) and (3.7); exercise sgd_step.
    Source: Funk 2006; Koren, Bell and Volinsky 2009. Differs: all factors at once, not
        one after the other; a fresh random order in every epoch.
    """

    n_factors: int = 100
    n_epochs: int = 20
    learning_rate: float = 0.02
    reg: float = 0.05
    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        check_training(self)
        rng = np.random.default_rng(self.seed)
        self._start(data, self.n_factors, 0.01, rng)
        values = (data.values - self.mean_).astype(np.float32)
        rates = np.float32(self.learning_rate), np.float32(self.reg)
        self.loss_ = np.zeros(self.n_epochs)
        for epoch in progress(range(self.n_epochs), "FunkSVD", unit="epoch"):
            order = rng.permutation(len(data))
            parameters = self.user_bias_, self.item_bias_, self.P_, self.Q_
            self.loss_[epoch] = _epoch(data.users, data.items, values, order, *parameters, *rates)
            stop_if_diverged(self, epoch, *parameters)


@kernel
def _epoch(users, items, values, order, b_u, b_i, P, Q, rate, reg):  # type: ignore[no-untyped-def]
    """One pass; returns the mean squared error met on the way."""
    total = 0.0
    K = P.shape[1]
    for n in order:
        u, i = users[n], items[n]
        e = values[n] - b_u[u] - b_i[i]
        p, q = P[u], Q[i]  # views: (K,)
        for k in range(K):
            e -= p[k] * q[k]
        b_u[u] += rate * (e - reg * b_u[u])
        b_i[i] += rate * (e - reg * b_i[i])
        for k in range(K):
            p_k, q_k = p[k], q[k]  # both old: the gradient is taken at one point
            p[k] += rate * (e * q_k - reg * p_k)
            q[k] += rate * (e * p_k - reg * q_k)
        total += e * e
    return total / len(order)
