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

    A row without entries becomes 0. Cost: exactly, O(nnz K^2 + M K^3); by cg, which never
    forms the systems, O((nnz K + M K^2) steps); all processors.
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
    F, tau = np.empty((longest, K), fixed.dtype), np.empty(longest, fixed.dtype)
    A, work = np.empty((K, K), fixed.dtype), np.empty((3, K), fixed.dtype)
    for u in range(first, last):
        n, x = start[u + 1] - start[u], free[u]
        if n == 0:
            x[:] = 0
            continue
        for e in range(n):  # rows scaled by the root of their weight: F'F is F' W F
            scale, source, row = root[start[u] + e], fixed[col[start[u] + e]], F[e]
            tau[e] = pull[start[u] + e]
            for k in range(K):
                row[k] = scale * source[k]
        if cg_steps > 0:
            conjugate_gradient(F[:n], tau[:n], shared, ridge * n, x, cg_steps, work)
        else:
            A[:] = np.dot(F[:n].T, F[:n]) + shared
            for k in range(K):
                A[k, k] += ridge * n
            x[:] = 0
            for e in range(n):
                add(x, tau[e], F[e])
            cholesky_solve(A, x)


@kernel
def add(x, scale, row):  # type: ignore[no-untyped-def]
    """x += scale * row, all (K,)."""
    for k in range(len(x)):
        x[k] += scale * row[k]


@kernel
def dot(x, y):  # type: ignore[no-untyped-def]
    """Inner product of two (K,) vectors."""
    s = x.dtype.type(0)
    for k in range(len(x)):
        s += x[k] * y[k]
    return s


@kernel
def cholesky_solve(A, b):  # type: ignore[no-untyped-def]
    """Solve A x = b for a symmetric positive definite A (K, K); b becomes x.

    The diagonal of an A that is singular, or no number, is lifted, at first by a millionth of
    its mean, until A has a root: the answer is then finite, if A is.
    """
    K, L, lift = len(b), np.empty_like(A), 1e-6 * max(np.trace(A) / len(b), 1e-6)
    for _ in range(10):
        try:
            L[:] = np.linalg.cholesky(A)
            break
        except Exception:  # numba catches no narrower kind
            for k in range(K):
                A[k, k] += lift
            lift *= 10
    for k in range(K):  # L y = b
        b[k] = (b[k] - dot(L[k, :k], b[:k])) / L[k, k]
    for k in range(K - 1, -1, -1):  # L' x = y
        b[k] /= L[k, k]
        add(b[:k], -b[k], L[k, :k])


@kernel
def conjugate_gradient(F, tau, shared, ridge, x, steps, work):  # type: ignore[no-untyped-def]
    """Move x towards the solution of (F'F + shared + ridge E) x = F' tau; work is (3, K).

    The matrix is applied, never formed: F d costs n K operations, F'F alone would cost n K^2.
    """
    K = len(x)
    r, d, Ad = work[0], work[1], work[2]
    for k in range(K):
        r[k] = -dot(shared[k], x) - ridge * x[k]
    for e in range(len(F)):
        add(r, tau[e] - dot(F[e], x), F[e])
    d[:] = r
    rr = dot(r, r)
    for _ in range(steps):
        if rr < 1e-20:
            break
        for k in range(K):
            Ad[k] = dot(shared[k], d) + ridge * d[k]
        for e in range(len(F)):
            add(Ad, dot(F[e], d), F[e])
        step, before = rr / dot(d, Ad), rr
        add(x, step, d)
        add(r, -step, Ad)
        rr = dot(r, r)
        for k in range(K):
            d[k] = r[k] + rr / before * d[k]
