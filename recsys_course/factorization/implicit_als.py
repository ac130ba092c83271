"""Alternating least squares for implicit feedback: every pair counts, few are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from recsys_course.base import Recommender, check_range
from recsys_course.compiled import one_blas_thread
from recsys_course.factorization.biased import check_training
from recsys_course.factorization.least_squares import solve_rows
from recsys_course.interactions import Interactions
from recsys_course.progress import progress


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
        reg: lambda, at least 0; kept above a millionth of the mean square of the factors,
            summed over their rows, below which float32 has no answer.
        alpha: weight of one event, more than 0.
        solver: "cg" takes ``cg_steps`` conjugate-gradient steps from the last solution;
            "cholesky" solves exactly.
        use_values: let stars or counts scale the confidence; otherwise every event is 1.
        seed: of the first factors.

    Attributes:
        P_: (U, K), Q_: (I, K), factors in float32.

    Raises:
        ValueError: a setting outside its range or an unknown solver.

    Cost per sweep: O(N K^2) by BLAS, then O((U + I) K^3) by cholesky or
        O((U + I) K^2 cg_steps) by cg.
    Book: equation (3.11).
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
        R.eliminate_zeros()  # a stored 0 did not happen
        T = R.T.tocsr()
        rng = np.random.default_rng(self.seed)
        self.P_ = rng.normal(0, 0.01, (data.n_users, self.n_factors)).astype(np.float32)
        self.Q_ = rng.normal(0, 0.01, (data.n_items, self.n_factors)).astype(np.float32)
        for _ in progress(range(self.n_epochs), "ImplicitALS", unit="sweep"):
            self._solve(R, self.Q_, self.P_)
            self._solve(T, self.P_, self.Q_)

    def _solve(self, R: sparse.csr_array, fixed: np.ndarray, free: np.ndarray) -> None:
        """Update every row of ``free`` (M, K) against ``fixed`` (F, K); R (M, F) holds c - 1."""
        with one_blas_thread():  # more of them would go on waiting, busily, beside the rows' threads
            shared = fixed.T @ fixed  # (K, K)
        least = 1e-6 * shared.trace() / self.n_factors
        shared[np.diag_indices_from(shared)] += max(np.float32(self.reg), least)
        steps = self.cg_steps if self.solver == "cg" else 0
        solve_rows(R, R.data, 1 + R.data, fixed, free, shared, cg_steps=steps)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.P_[users] @ self.Q_.T  # (B, I)

    def _check_settings(self) -> None:
        check_training(self)
        check_range("alpha", self.alpha, 0, "a confidence of", strict=True)
        check_range("cg_steps", self.cg_steps, 1, "conjugate-gradient steps,")
        if self.solver not in ("cg", "cholesky"):
            raise ValueError(f"solver: {self.solver!r}; expected 'cg' or 'cholesky'")
