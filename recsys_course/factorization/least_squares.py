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
        weight: (nnz,) w. target: (nnz,) w * tau, already weighted.
        fixed: (F, K), one row per column of ``entries``. free: (M, K), overwritten.
        shared: (K, K) G. ridge: added to G's diagonal once per entry of the row.
        cg_steps: 0 solves exactly by Cholesky; otherwise conjugate-gradient steps taken
            from the present ``free``.

    A row without entries becomes 0. Cost: exact O(nnz K^2 + M K^3); cg O((nnz + M K) K steps).
    """

    def work(a: int, b: int) -> None:
        arrays = entries.indptr, entries.indices, weight, target, fixed, free, shared
        if cg_steps:
            _by_conjugate_gradient(a, b, *arrays, cg_steps)
        else:
            _exactly(a, b, *arrays, fixed.dtype.type(ridge))

    in_threads(work, entries.shape[0], ROWS_PER_TASK)


@kernel
def _gather(u, start, col, weight, fixed, F, w):  # type: ignore[no-untyped-def]
    """Copy the rows of ``fixed`` that row u meets into F, so that later passes read in order."""
    n = start[u + 1] - start[u]
    for e in range(n):
        w[e] = weight[start[u] + e]
        row, source = F[e], fixed[col[start[u] + e]]
        for k in range(len(row)):
            row[k] = source[k]
    return n


@kernel
def _longest(first, last, start):  # type: ignore[no-untyped-def]
    longest = 1
    for u in range(first, last):
        longest = max(longest, start[u + 1] - start[u])
    return longest


@kernel
def _right_side(u, n, start, target, F, b):  # type: ignore[no-untyped-def]
    """b = sum of target * f."""
    b[:] = 0
    for e in range(n):
        t, f = target[start[u] + e], F[e]
        for k in range(len(b)):
            b[k] += t * f[k]


@kernel
def _exactly(first, last, start, col, weight, target, fixed, free, shared, ridge):  # type: ignore[no-untyped-def]
    K = fixed.shape[1]
    longest = _longest(first, last, start)
    F, w = np.empty((longest, K), fixed.dtype), np.empty(longest, fixed.dtype)
    weighted, b = np.empty((longest, K), fixed.dtype), np.empty(K, fixed.dtype)
    for u in range(first, last):
        n = _gather(u, start, col, weight, fixed, F, w)
        if n == 0:
            free[u] = 0
            continue
        for e in range(n):
            source, row = F[e], weighted[e]
            for k in range(K):
                row[k] = w[e] * source[k]
        A = np.dot(weighted[:n].T, F[:n])  # F' W F by BLAS
        A += shared
        for k in range(K):
            A[k, k] += ridge * n
        _right_side(u, n, start, target, F, b)
        cholesky_solve(A, b)
        free[u] = b


@kernel
def cholesky_solve(A, b):  # type: ignore[no-untyped-def]
    """Solve A x = b for a symmetric positive definite A; A is overwritten by L, b by x."""
    K = len(b)
    for k in range(K):  # A = L L', row by row
        row = A[k]
        for c in range(k):
            other, s = A[c], row[c]
            for m in range(c):
                s -= row[m] * other[m]
            row[c] = s / other[c]
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
def _times(shared, F, w, n, x, out):  # type: ignore[no-untyped-def]
    """out = (G + F' W F) x, without forming the matrix."""
    for k in range(len(x)):
        s, row = x[0] * 0, shared[k]
        for c in range(len(x)):
            s += row[c] * x[c]
        out[k] = s
    for e in range(n):
        s, f = x[0] * 0, F[e]
        for k in range(len(x)):
            s += f[k] * x[k]
        s *= w[e]
        for k in range(len(x)):
            out[k] += s * f[k]


@kernel
def _by_conjugate_gradient(first, last, start, col, weight, target, fixed, free, shared, steps):  # type: ignore[no-untyped-def]
    K = fixed.shape[1]
    longest = _longest(first, last, start)
    F, w = np.empty((longest, K), fixed.dtype), np.empty(longest, fixed.dtype)
    r, d, Ad = np.empty(K, fixed.dtype), np.empty(K, fixed.dtype), np.empty(K, fixed.dtype)
    for u in range(first, last):
        x = free[u]
        n = _gather(u, start, col, weight, fixed, F, w)
        if n == 0:
            x[:] = 0
            continue
        _times(shared, F, w, n, x, Ad)
        _right_side(u, n, start, target, F, r)
        rr = x[0] * 0
        for k in range(K):
            r[k] -= Ad[k]
            d[k] = r[k]
            rr += r[k] * r[k]
        for _ in range(steps):
            if rr < 1e-20:
                break
            _times(shared, F, w, n, d, Ad)
            dAd = x[0] * 0
            for k in range(K):
                dAd += d[k] * Ad[k]
            step, before = rr / dAd, rr
            rr = x[0] * 0
            for k in range(K):
                x[k] += step * d[k]
                r[k] -= step * Ad[k]
                rr += r[k] * r[k]
            for k in range(K):
                d[k] = r[k] + rr / before * d[k]
