"""Matrix factorisation of ratings by alternating least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_course.baselines import DampedMeans
from recsys_course.factorization.biased import BiasedFactors, check_training
from recsys_course.factorization.least_squares import solve_rows
from recsys_course.interactions import Interactions
from recsys_course.progress import progress
from recsys_course.ranking import coordinates


@dataclass
class ALS(BiasedFactors):
    r"""Fix the items and solve for every user exactly; then the other way round.

    .. math::
        L = \sum_{(u,i) \in \Omega} (e_{ui} - p_u^\top q_i)^2
            + \lambda \Bigl(\sum_u |I_u|\,\|p_u\|^2 + \sum_i |U_i|\,\|q_i\|^2\Bigr), \qquad
        p_u = (Q_u^\top Q_u + \lambda |I_u| E)^{-1} Q_u^\top e_u

    e_ui is what the damped means leave over; Q_u holds the rows of the items that u rated.

    Args:
        n_factors: K, at least 1. n_epochs: sweeps over both sides, at least 1.
        reg: lambda, at least 0; weighted by the number of ratings, so one value serves
            light and heavy users.
        damping: of the biases, in imaginary ratings. seed: of the first item factors.

    Attributes:
        loss_: (n_epochs,) the objective above after each sweep; it never rises.

    Raises:
        ValueError: a setting outside its range.

    Cost: O(N K^2 + (U + I) K^3) per sweep, all processors. With reg = 0 a user with fewer
        than K ratings has many solutions; a tiny ridge then picks a small one.
    Book: equation (3.8); exercise als_half_step.
    Source: Zhou et al. 2008 (weighted lambda). Differs: biases are taken off first.
    """

    n_factors: int = 32
    n_epochs: int = 15
    reg: float = 0.1
    damping: float = 5.0
    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        check_training(self)
        rng = np.random.default_rng(self.seed)
        self._start(data, self.n_factors, 0.1, rng)
        means = DampedMeans(self.damping).fit(data)
        self.mean_, self.user_bias_, self.item_bias_ = means.mean_, means.user_bias_, means.item_bias_
        users, items = coordinates(self.seen_)
        left = self.seen_.data - means._predict(users, items)
        E = sparse.csr_array((left, self.seen_.indices, self.seen_.indptr), shape=self.seen_.shape)
        T = E.T.tocsr()
        self.P_, self.Q_ = self.P_.astype(np.float64), self.Q_.astype(np.float64)
        ones, shared = np.ones(E.nnz), np.eye(self.n_factors) * 1e-9
        self.loss_ = np.zeros(self.n_epochs)
        for epoch in progress(range(self.n_epochs), "ALS", unit="sweep"):
            solve_rows(E, ones, E.data, self.Q_, self.P_, shared, self.reg)
            solve_rows(T, ones, T.data, self.P_, self.Q_, shared, self.reg)
            self.loss_[epoch] = self._objective(E, T)

    def _objective(self, E: sparse.csr_array, T: sparse.csr_array) -> float:
        users, items = coordinates(E)
        errors = E.data - np.einsum("nk,nk->n", self.P_[users], self.Q_[items])
        penalty = np.diff(E.indptr) @ (self.P_**2).sum(axis=1) + np.diff(T.indptr) @ (self.Q_**2).sum(axis=1)
        return float(errors @ errors + self.reg * penalty)
