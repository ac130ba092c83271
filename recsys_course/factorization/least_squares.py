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
    F, tau = np.empty((longest + 3, K), fixed.dtype), np.empty(longest, fixed.dtype)
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
            F[n : n + 3] = 0  # normal_matrix takes four rows at a time
            normal_matrix(F, n, shared, ridge * n, A)
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
def normal_matrix(F, n, shared, ridge, A):  # type: ignore[no-untyped-def]
    """Lower triangle of A (K, K) = F'F + shared + ridge E, from n rows of F (n + 3, K), the last three 0.

    Four rows at a time: each entry of A is then read and written a quarter as often.
    """
    K = F.shape[1]
    A[:] = shared
    for e in range(0, n, 4):
        f, g, h, i = F[e], F[e + 1], F[e + 2], F[e + 3]
        for k in range(K):
            row, f_k, g_k, h_k, i_k = A[k], f[k], g[k], h[k], i[k]
            for j in range(k + 1):
                row[j] += f_k * f[j] + g_k * g[j] + h_k * h[j] + i_k * i[j]
    for k in range(K):
        A[k, k] += ridge


@kernel
def cholesky_solve(A, b):  # type: ignore[no-untyped-def]
    """Solve A x = b for a symmetric positive definite A, of which the lower triangle is read.

    A is overwritten by L with A = L L', row by row; b becomes x.
    """
    K = len(b)
    for k in range(K):
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
        b[k] = (b[k] - dot(A[k, :k], b[:k])) / A[k, k]
    for k in range(K - 1, -1, -1):  # L' x = y
        b[k] /= A[k, k]
        add(b[:k], -b[k], A[k, :k])


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
