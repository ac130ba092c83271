"""Weighted least squares, one small system per row: the step that both ALS models repeat.

Row u of the unknown, x, minimises a sum over the entries e of row u and a quadratic form
that all rows share:

.. math::
    \\sum_e w_e\\,(\\tau_e - f_e^\\top x)^2 + x^\\top G\\, x
    \\qquad\\Rightarrow\\qquad
    (G + F_u^\\top W_u F_u)\\, x = F_u^\\top W_u \\tau_u
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_course.compiled import in_threads, kernel

ROWS_PER_TASK = 64


def solve_rows(
    entries: sparse.csr_array,
    weight: np.ndarray,
    target: np.ndarray,
    fixed: np.ndarray,
    free: np.ndarray,
    shared: np.ndarray,
    ridge: float = 0.0,
    cg_steps: int = 0,
) -> None:
    """Set every row of ``free`` to its solution, or move it there by a few cg steps.

    Args:
        entries: (M, F) sparse; only its pattern is read.
        weight: (nnz,) w, more than 0. target: (nnz,) w * tau, already weighted.
        fixed: (F, K), one row per column of ``entries``. free: (M, K), overwritten.
        shared: (K, K) G. ridge: added to G's diagonal once per entry of the row.
        cg_steps: 0 solves exactly by Cholesky; otherwise conjugate-gradient steps taken
            from the present ``free``.

    A row without entries becomes 0. Cost: O(nnz K^2) by BLAS to form the systems, then
    O(M K^3) exactly or O(M K^2 steps) by cg; all processors.
    """
    root = np.sqrt(weight)
    pull = target / root

    def work(a: int, b: int) -> None:
        arrays = entries.indptr, entries.indices, root, pull, fixed, free, shared
        _solve_rows(a, b, *arrays, fixed.dtype.type(ridge), cg_steps)

    in_threads(work, entries.shape[0], ROWS_PER_TASK)


@kernel
def _solve_rows(first, last, start, col, root, pull, fixed, free, shared, ridge, cg_steps):  # type: ignore[no-untyped-def]
    K = fixed.shape[1]
    longest = 1
    for u in range(first, last):
        longest = max(longest, start[u + 1] - start[u])
    F, b = np.empty((longest, K), fixed.dtype), np.empty(K, fixed.dtype)
    r, d, Ad = np.empty(K, fixed.dtype), np.empty(K, fixed.dtype), np.empty(K, fixed.dtype)
    for u in range(first, last):
        n, x = start[u + 1] - start[u], free[u]
        if n == 0:
            x[:] = 0
            continue
        b[:] = 0
        for e in range(n):  # rows scaled by the root of their weight: F'F is F' W F
            scale, tau = root[start[u] + e], pull[start[u] + e]
            source, row = fixed[col[start[u] + e]], F[e]
            for k in range(K):
                row[k] = scale * source[k]
                b[k] += tau * row[k]
        A = np.dot(F[:n].T, F[:n])  # (K, K) by BLAS
        A += shared
        for k in range(K):
            A[k, k] += ridge * n
        if cg_steps > 0:
            conjugate_gradient(A, b, x, cg_steps, r, d, Ad)
        else:
            cholesky_solve(A, b)
            x[:] = b


@kernel
def cholesky_solve(A, b):  # type: ignore[no-untyped-def]
    """Solve A x = b for a symmetric positive definite A; A is overwritten by L, b by x."""
    K = len(b)
    for k in range(K):  # A = L L', row by row
        row = A[k]
        for j in range(k):
            other, s = A[j], row[j]
            for m in range(j):
                s -= row[m] * other[m]
            row[j] = s / other[j]
        d = row[k]
        for m in range(k):
            d -= row[m] * row[m]
        row[k] = np.sqrt(max(d, 1e-12))  # a singular A still gives a finite answer
    for k in range(K):  # L y = b
        row, s = A[k], b[k]
        for m in range(k):
            s -= row[m] * b[m]
        b[k] = s / row[k]
    for k in range(K - 1, -1, -1):  # L' x = y
        row = A[k]
        b[k] /= row[k]
        for m in range(k):
            b[m] -= row[m] * b[k]


@kernel
def conjugate_gradient(A, b, x, steps, r, d, Ad):  # type: ignore[no-untyped-def]
    """Move x towards the solution of A x = b; r, d and Ad are (K,) work space."""
    K = len(b)
    rr = x[0] * 0
    for k in range(K):
        s, row = b[k], A[k]
        for j in range(K):
            s -= row[j] * x[j]
        r[k] = s
        d[k] = s
        rr += s * s
    for _ in range(steps):
        if rr < 1e-20:
            break
        dAd = x[0] * 0
        for k in range(K):
            s, row = x[0] * 0, A[k]
            for j in range(K):
                s += row[j] * d[j]
            Ad[k] = s
            dAd += d[k] * s
        step, before = rr / dAd, rr
        rr = x[0] * 0
        for k in range(K):
            x[k] += step * d[k]
            r[k] -= step * Ad[k]
            rr += r[k] * r[k]
        for k in range(K):
            d[k] = r[k] + rr / before * d[k]
