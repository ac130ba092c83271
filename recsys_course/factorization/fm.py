"""Factorisation machines: every pair of features has a weight, through short vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.base import RatingPredictor, Recommender, stop_if_diverged
from recsys_course.compiled import kernel
from recsys_course.factorization.biased import check_training, first_factors
from recsys_course.interactions import Interactions
from recsys_course.progress import progress


@dataclass
class FM(RatingPredictor, Recommender):
    r"""Predict from features: ids, and whatever is known about users and items.

    .. math::
        \hat y(x) &= w_0 + \sum_f w_f x_f + \sum_{f < g} v_f^\top v_g\, x_f x_g \\
        \sum_{f < g} v_f^\top v_g\, x_f x_g &= \tfrac12 \sum_{k} \Bigl[
            \bigl(\textstyle\sum_f v_{fk} x_f\bigr)^2 - \sum_f v_{fk}^2 x_f^2 \Bigr]

    The second line is what makes it O(n K) instead of O(n^2 K) for n features.
    With the two ids alone it *is* biased matrix factorisation.

    Args:
        n_factors: K, at least 1. n_epochs: at least 1. learning_rate: more than 0.
        reg: lambda, at least 0. seed: of the start and of the order.
        user_features: (U, A) sparse or None. item_features: (I, B) sparse or None.

    Attributes:
        bias_: w_0, the mean of the ratings. w_: (F,). V_: (F, K); features in the order
            user ids, user features, item ids, item features.
            loss_: (n_epochs,) mean squared error met on the way.

    Raises:
        ValueError: a setting outside its range, or a feature table with other rows than
            the log has users or items. Diverged: parameters left the finite numbers.

    Cost: O(N n K) per epoch for n features per event.
    Book: equation (3.10).
    Source: Rendle 2010.
        Differs: squared loss by plain SGD; w_0 stays at the mean.
    """

    n_factors: int = 16
    n_epochs: int = 30
    learning_rate: float = 0.02
    reg: float = 0.05
    seed: int = 0
    user_features: Any = None
    item_features: Any = None

    def _fit(self, data: Interactions) -> None:
        check_training(self)
        self.X_user_ = _with_ids(self.user_features, data.n_users, "user_features")  # (U, U + A)
        self.X_item_ = _with_ids(self.item_features, data.n_items, "item_features")  # (I, I + B)
        rng = np.random.default_rng(self.seed)
        F = self.X_user_.shape[1] + self.X_item_.shape[1]
        self.bias_ = float(data.values.mean())
        self.w_ = np.zeros(F, dtype=np.float32)
        of_users, of_items = self.X_user_[data.users].indices, self.X_item_[data.items].indices
        met = np.r_[of_users, of_items + self.X_user_.shape[1]]
        self.V_ = first_factors(met, F, self.n_factors, 0.01, rng)
        values = (data.values - self.bias_).astype(np.float32)
        rates = np.float32(self.learning_rate), np.float32(self.reg)
        sides = (*_arrays(self.X_user_, 0), *_arrays(self.X_item_, self.X_user_.shape[1]))
        self.loss_ = np.zeros(self.n_epochs)
        for epoch in progress(range(self.n_epochs), "FM", unit="epoch"):
            order = rng.permutation(len(data))
            log = data.users, data.items, values
            self.loss_[epoch] = _epoch(order, *log, *sides, self.w_, self.V_, *rates)
            stop_if_diverged(self, epoch, self.w_, self.V_)

    def _sides(self, X: sparse.csr_array, first: int) -> tuple[np.ndarray, np.ndarray]:
        """(M,) what a side says alone, (M, K) its vector: users and items meet by inner product."""
        w, V = self.w_[first : first + X.shape[1]], self.V_[first : first + X.shape[1]]
        vector = X @ V
        return X @ w + fm_pairs(X, V), vector

    def _predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        a, P = self._sides(self.X_user_[users], 0)
        b, Q = self._sides(self.X_item_[items], self.X_user_.shape[1])
        return (self.bias_ + a + b + np.einsum("nk,nk->n", P, Q)).astype(np.float64)

    def _score(self, users: np.ndarray) -> np.ndarray:
        a, P = self._sides(self.X_user_[users], 0)
        b, Q = self._sides(self.X_item_, self.X_user_.shape[1])
        return self.bias_ + a[:, None] + b + P @ Q.T  # (B, I)


def fm_pairs(X: sparse.csr_array, V: np.ndarray) -> np.ndarray:
    """(N, F) features, (F, K) vectors -> (N,) sum over pairs, by the O(n K) identity."""
    return 0.5 * (((X @ V) ** 2).sum(axis=1) - (X.power(2) @ V**2).sum(axis=1))


def _with_ids(features: Any, n: int, name: str) -> sparse.csr_array:
    """(n, n + A) one-hot ids beside the given features, float32."""
    ids = sparse.eye_array(n, format="csr", dtype=np.float32)
    if features is None:
        return sparse.csr_array(ids)
    features = sparse.csr_array(features, dtype=np.float32)
    if features.ndim != 2 or features.shape[0] != n:
        raise ValueError(f"{name}: shape {features.shape}; expected {n} rows, one per code")
    if not np.isfinite(features.data).all():
        raise ValueError(f"{name}: holds NaN or infinity; expected finite numbers")
    both = sparse.csr_array(sparse.hstack([ids, features]))
    both.sum_duplicates()  # a feature named twice in a row is one feature
    return both


def _arrays(X: sparse.csr_array, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """CSR arrays with the columns moved to their place among all features."""
    return X.indptr.astype(np.int64), X.indices.astype(np.int64) + first, X.data


@kernel
def _epoch(order, users, items, values, u_start, u_col, u_val, i_start, i_col, i_val, w, V, rate, reg):  # type: ignore[no-untyped-def]
    total = 0.0
    K = V.shape[1]
    sums = np.empty(K, dtype=np.float32)
    longest = np.diff(u_start).max() + np.diff(i_start).max()
    col, val = np.empty(longest, dtype=np.int64), np.empty(longest, dtype=np.float32)
    for n in order:
        u, i, size = users[n], items[n], 0
        for e in range(u_start[u], u_start[u + 1]):
            col[size], val[size] = u_col[e], u_val[e]
            size += 1
        for e in range(i_start[i], i_start[i + 1]):
            col[size], val[size] = i_col[e], i_val[e]
            size += 1
        sums[:] = 0
        e = values[n]
        for f in range(size):
            e -= w[col[f]] * val[f]
            for k in range(K):
                sums[k] += V[col[f], k] * val[f]
        for k in range(K):
            pairs = sums[k] * sums[k]
            for f in range(size):
                pairs -= (V[col[f], k] * val[f]) ** 2
            e -= np.float32(0.5) * pairs
        for f in range(size):
            c, x = col[f], val[f]
            w[c] += rate * (e * x - reg * w[c])
            for k in range(K):
                V[c, k] += rate * (e * x * (sums[k] - V[c, k] * x) - reg * V[c, k])
        total += e * e
    return total / len(order)
