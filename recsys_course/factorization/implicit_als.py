"""Alternating least squares for implicit feedback: every pair counts, few are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from recsys_course.base import Recommender, check_range
from recsys_course.compiled import in_threads, kernel
from recsys_course.factorization.biased import check_training
from recsys_course.interactions import Interactions
from recsys_course.progress import progress

ROWS_PER_TASK = 64


@dataclass
class ImplicitALS(Recommender):
    r"""Fit 1 where something happened and 0 elsewhere, with confidence in the ones.

    .. math::
        L &= \sum_{u,i} c_{ui}\,(x_{ui} - p_u^\top q_i)^2
             + \lambda\,(\|P\|^2 + \|Q\|^2), \qquad c_{ui} = 1 + \alpha\, r_{ui} \\
        p_u &= \bigl(Q^\top Q + Q_u^\top (C_u - E)\, Q_u + \lambda E\bigr)^{-1} Q_u^\top c_u

    Q'Q is computed once a sweep, so a user costs only the items met, not the catalogue.

    Args:
        n_factors: K, at least 1. n_epochs: sweeps over both sides, at least 1.
        reg: lambda, at least 0. alpha: weight of one event, more than 0.
        solver: "cg" takes ``cg_steps`` conjugate-gradient steps from the last solution;
            "cholesky" solves exactly.
        use_values: let stars or counts scale the confidence; otherwise every event is 1.
        seed: of the first factors.

    Attributes:
        P_: (U, K), Q_: (I, K), factors in float32.

    Raises:
        ValueError: a setting outside its range or an unknown solver.

    Cost per sweep: cholesky O(N K^2 + (U + I) K^3); cg O((N + (U + I) K) K cg_steps).
    Source: Hu, Koren and Volinsky 2008; Takacs, Pilaszy and Tikk 2011 (cg).
    """

    n_factors: int = 64
    n_epochs: int = 15
    reg: float = 0.05
    alpha: float = 1.0
    solver: Literal["cg", "cholesky"] = "cg"
    cg_steps: int = 3
    use_values: bool = False
    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        self._check_settings()
        R = self.seen_.astype(np.float32)  # (U, I)
        R.data = np.float32(self.alpha) * (R.data if self.use_values else np.ones_like(R.data))  # c - 1
        T = R.T.tocsr()
        rng = np.random.default_rng(self.seed)
        self.P_ = rng.normal(0, 0.01, (data.n_users, self.n_factors)).astype(np.float32)
        self.Q_ = rng.normal(0, 0.01, (data.n_items, self.n_factors)).astype(np.float32)
        for _ in progress(range(self.n_epochs), "ImplicitALS", unit="sweep"):
            self._solve(R, self.Q_, self.P_)
            self._solve(T, self.P_, self.Q_)

    def _solve(self, R: sparse.csr_array, fixed: np.ndarray, free: np.ndarray) -> None:
        """Update every row of ``free`` (M, K) against ``fixed`` (F, K); R is (M, F)."""
        gram = fixed.T @ fixed + np.float32(self.reg) * np.eye(self.n_factors, dtype=np.float32)  # (K, K)

        def work(a: int, b: int) -> None:
            if self.solver == "cg":
                _cg(a, b, R.indptr, R.indices, R.data, fixed, free, gram, self.cg_steps)
            else:
                _exact(a, b, R.indptr, R.indices, R.data, fixed, free, gram)

        in_threads(work, R.shape[0], ROWS_PER_TASK)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.P_[users] @ self.Q_.T  # (B, I)

    def _check_settings(self) -> None:
        check_training(self)
        check_range("alpha", self.alpha, 0, "a confidence of", strict=True)
        check_range("cg_steps", self.cg_steps, 1, "conjugate-gradient steps,")
        if self.solver not in ("cg", "cholesky"):
            raise ValueError(f"solver: {self.solver!r}; expected 'cg' or 'cholesky'")


@kernel
def _exact(first, last, start, col, extra, fixed, free, gram):  # type: ignore[no-untyped-def]
    """Solve A p = b with A = gram + sum (c-1) q q', b = sum c q; L L' = A in place."""
    K = fixed.shape[1]
    A, p = np.empty_like(gram), np.empty(K, dtype=fixed.dtype)
    for u in range(first, last):
        A[:] = gram
        p[:] = 0
        for e in range(start[u], start[u + 1]):
            q, w = fixed[col[e]], extra[e]
            for k in range(K):
                p[k] += (1 + w) * q[k]
                wq = w * q[k]
                for l in range(k + 1):
                    A[k, l] += wq * q[l]
        for k in range(K):  # Cholesky, row by row
            for l in range(k):
                s = A[k, l]
                for m in range(l):
                    s -= A[k, m] * A[l, m]
                A[k, l] = s / A[l, l]
            d = A[k, k]
            for m in range(k):
                d -= A[k, m] * A[k, m]
            A[k, k] = np.sqrt(max(d, np.float32(1e-12)))
        for k in range(K):  # L y = b
            for m in range(k):
                p[k] -= A[k, m] * p[m]
            p[k] /= A[k, k]
        for k in range(K - 1, -1, -1):  # L' p = y
            p[k] /= A[k, k]
            for m in range(k):
                p[m] -= A[k, m] * p[k]
        free[u] = p


@kernel
def _times(A, Y, extra, n, x, out):  # type: ignore[no-untyped-def]
    """out = (A + sum_e extra[e] Y[e] Y[e]') x for the n gathered rows Y."""
    K = len(x)
    for k in range(K):
        s = np.float32(0)
        for l in range(K):
            s += A[k, l] * x[l]
        out[k] = s
    for e in range(n):
        s = np.float32(0)
        for k in range(K):
            s += Y[e, k] * x[k]
        s *= extra[e]
        for k in range(K):
            out[k] += s * Y[e, k]


@kernel
def _cg(first, last, start, col, extra, fixed, free, gram, steps):  # type: ignore[no-untyped-def]
    """A few conjugate-gradient steps on the same A p = b, from the last p."""
    K = fixed.shape[1]
    longest = 0
    for u in range(first, last):
        longest = max(longest, start[u + 1] - start[u])
    Y, w = np.empty((longest, K), dtype=fixed.dtype), np.empty(longest, dtype=fixed.dtype)
    r, d, Ad = np.empty(K, dtype=fixed.dtype), np.empty(K, dtype=fixed.dtype), np.empty(K, dtype=fixed.dtype)
    for u in range(first, last):
        n = start[u + 1] - start[u]
        if n == 0:
            free[u] = 0
            continue
        p = free[u]
        for e in range(n):  # gathered once, then every step reads it in order
            w[e] = extra[start[u] + e]
            Y[e] = fixed[col[start[u] + e]]
        _times(gram, Y, w, n, p, Ad)
        r[:] = -Ad
        for e in range(n):
            for k in range(K):
                r[k] += (1 + w[e]) * Y[e, k]
        d[:] = r
        rr = np.float32(0)
        for k in range(K):
            rr += r[k] * r[k]
        for _ in range(steps):
            if rr < 1e-20:
                break
            _times(gram, Y, w, n, d, Ad)
            dAd = np.float32(0)
            for k in range(K):
                dAd += d[k] * Ad[k]
            step = rr / dAd
            new = np.float32(0)
            for k in range(K):
                p[k] += step * d[k]
                r[k] -= step * Ad[k]
                new += r[k] * r[k]
            for k in range(K):
                d[k] = r[k] + new / rr * d[k]
            rr = new
