"""SVD++: what a user rated at all says something, whatever the stars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_course.base import stop_if_diverged
from recsys_course.compiled import kernel
from recsys_course.factorization.biased import BiasedFactors, check_training
from recsys_course.interactions import Interactions
from recsys_course.progress import progress


@dataclass
class SVDpp(BiasedFactors):
    r"""FunkSVD whose user vector also sums what the user chose to rate.

    .. math::
        \hat r_{ui} = \mu + b_u + b_i
            + q_i^\top \Bigl(p_u + |I_u|^{-1/2} \sum_{j \in I_u} y_j\Bigr), \qquad
        L = \sum_{(u,i) \in \Omega} (r_{ui} - \hat r_{ui})^2
            + \lambda\,\Bigl(b_u^2 + b_i^2 + \|p_u\|^2 + \|q_i\|^2
            + \sum_{j \in I_u} \|y_j\|^2\Bigr)

    Args:
        n_factors: K, at least 1. n_epochs: at least 1. learning_rate: more than 0.
        reg: lambda, at least 0. seed: of the start and of the order of users.

    Attributes:
        Y_: (I, K) the y_j. P_: (U, K) the whole bracket, ready to predict with.
        loss_: (n_epochs,) mean squared error met on the way.

    Raises:
        ValueError: a setting outside its range. Diverged: parameters left the finite numbers.

    Cost: O(N K) per epoch.
    Book: equation (3.9).
    Source: Koren 2008.
        Differs: the sum over y is held fixed while one user's ratings are visited and all
        y_j of that user take their step together at the end; visiting every y_j at every
        rating would cost O(N K |I_u|).
    """

    n_factors: int = 20
    n_epochs: int = 30
    learning_rate: float = 0.007
    reg: float = 0.03
    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        check_training(self)
        rng = np.random.default_rng(self.seed)
        self._start(data, self.n_factors, 0.1, rng)
        self.Y_ = np.zeros_like(self.Q_)
        by_user = np.argsort(data.users, kind="stable")
        start = np.r_[0, np.cumsum(np.bincount(data.users, minlength=data.n_users))]
        items, values = data.items[by_user], (data.values - self.mean_).astype(np.float32)[by_user]
        rates = np.float32(self.learning_rate), np.float32(self.reg)
        self.loss_ = np.zeros(self.n_epochs)
        for epoch in progress(range(self.n_epochs), "SVD++", unit="epoch"):
            order = rng.permutation(data.n_users)
            parameters = self.user_bias_, self.item_bias_, self.P_, self.Q_, self.Y_
            self.loss_[epoch] = _epoch(order, start, items, values, *parameters, *rates)
            stop_if_diverged(self, epoch, *parameters)
        for u in range(data.n_users):  # fold the implicit part in, once
            mine = items[start[u] : start[u + 1]]
            if len(mine):
                self.P_[u] += self.Y_[mine].sum(axis=0) / np.sqrt(len(mine))


@kernel
def _epoch(order, start, items, values, b_u, b_i, P, Q, Y, rate, reg):  # type: ignore[no-untyped-def]
    total = 0.0
    K = P.shape[1]
    implicit, step = np.empty(K, dtype=np.float32), np.empty(K, dtype=np.float32)
    for u in order:
        n_u = start[u + 1] - start[u]
        if n_u == 0:
            continue
        scale = np.float32(1.0 / np.sqrt(n_u))
        implicit[:] = 0
        step[:] = 0
        for n in range(start[u], start[u + 1]):
            for k in range(K):
                implicit[k] += scale * Y[items[n], k]
        for n in range(start[u], start[u + 1]):
            i = items[n]
            e = values[n] - b_u[u] - b_i[i]
            for k in range(K):
                e -= (P[u, k] + implicit[k]) * Q[i, k]
            b_u[u] += rate * (e - reg * b_u[u])
            b_i[i] += rate * (e - reg * b_i[i])
            for k in range(K):
                p, q = P[u, k], Q[i, k]
                step[k] += e * scale * q
                P[u, k] += rate * (e * q - reg * p)
                Q[i, k] += rate * (e * (p + implicit[k]) - reg * q)
            total += e * e
        for n in range(start[u], start[u + 1]):
            j = items[n]
            for k in range(K):
                Y[j, k] += rate * (step[k] - reg * n_u * Y[j, k])
    return total / len(items)
