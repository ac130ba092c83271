"""Linear item-to-item models: learn the item weights instead of counting them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from recsys_course.base import check_range
from recsys_course.compiled import in_threads, kernel, n_threads, one_blas_thread
from recsys_course.interactions import Interactions
from recsys_course.item_to_item import ItemToItem


@dataclass
class EASE(ItemToItem):
    r"""Ridge regression of every item on all others, in closed form.

    .. math::
        \min_B \|X - XB\|^2 + \lambda \|B\|^2 \;\text{ with }\; \operatorname{diag}(B) = 0
        \qquad\Rightarrow\qquad
        P = (X^\top X + \lambda E)^{-1}, \quad B_{ij} = -P_{ij} / P_{jj}

    Args:
        reg: lambda, in events, more than 0.

    Attributes:
        weights_: (I, I) dense float32 B, diagonal 0.

    Raises:
        ValueError: reg <= 0.

    Cost: O(I^3) time, O(I^2) memory; 20k items are 1.6 GB in float32.
    Book: equation (3.14); exercise ease.
    Source: Steck 2019.
    """

    reg: float = 500.0

    def _fit(self, data: Interactions) -> None:
        check_range("reg", self.reg, 0, "a penalty of", strict=True)
        G = gram(self.seen_)  # (I, I) users in common
        G[np.diag_indices_from(G)] += self.reg
        P = inverse(G)
        B = P / -P.diagonal()  # column j divided by its own diagonal entry
        np.fill_diagonal(B, 0.0)
        self.weights_ = B


@dataclass
class SLIM(ItemToItem):
    r"""Sparse, non-negative regression of every item on all others.

    .. math::
        \min_{w_j \ge 0,\, w_{jj} = 0}\; \tfrac12 \|x_j - X w_j\|^2
            + \tfrac{\beta}{2} \|w_j\|^2 + \gamma \|w_j\|_1

    Args:
        reg: beta, in events, at least 0. l1: gamma, in events, at least 0; larger is sparser.
        n_epochs: most sweeps of coordinate descent per item, at least 1.
        tol: a sweep that moves no weight by more ends the descent.

    Attributes:
        weights_: (I, I) sparse; column j is w_j.

    Raises:
        ValueError: a setting outside its range.

    Cost: O(sweeps * I * weights that move) per item, on the Gram matrix, O(I^2) memory.
    Book: equation (3.13).
    Source: Ning and Karypis 2011.
    """

    reg: float = 100.0
    l1: float = 5.0
    n_epochs: int = 30
    tol: float = 1e-4

    def _fit(self, data: Interactions) -> None:
        for name, low in (("reg", 0), ("l1", 0), ("n_epochs", 1), ("tol", 0)):
            check_range(name, getattr(self, name), low, "a value of")
        G = gram(self.seen_)
        n_items = len(G)

        def work(a: int, b: int) -> sparse.csr_array:
            W = np.zeros((b - a, n_items), dtype=np.float32)
            _descend(a, G, W, self.reg, self.l1, self.n_epochs, self.tol)
            return sparse.csr_array(W)

        parts = in_threads(work, n_items, max(8, n_items // (16 * n_threads())))
        self.weights_ = sparse.csr_array(sparse.vstack(parts)).T.tocsr()  # row j of W is w_j


def gram(R: sparse.csr_array) -> np.ndarray:
    """(U, I) -> (I, I) float32, users in common; every stored entry counts 1.

    Cost: sum over users of items^2 additions, all processors.
    """
    T = R.T.tocsr()
    G = np.zeros((R.shape[1],) * 2, dtype=np.float32)
    in_threads(lambda a, b: _gram(a, b, T.indptr, T.indices, R.indptr, R.indices, G), len(G), 64)
    return G


@kernel
def _gram(first, last, inv_start, inv_user, start, item, G):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        row = G[i]
        for e in range(inv_start[i], inv_start[i + 1]):
            u = inv_user[e]
            for f in range(start[u], start[u + 1]):
                row[item[f]] += 1


def inverse(G: np.ndarray) -> np.ndarray:
    """Inverse of a symmetric positive definite matrix by Cholesky; G is overwritten.

    On one thread: on a busy machine two threads took longer, waiting for each other.
    """
    potrf, potri = linalg.get_lapack_funcs(("potrf", "potri"), (G,))
    with one_blas_thread():
        factor, failed = potrf(G.T, lower=True, overwrite_a=True)
        if failed:
            raise ValueError("reg: too small for this log; the Gram matrix is singular in float32")
        half, _ = potri(factor, lower=True, overwrite_c=True)
    P = np.tril(half)
    P += np.tril(P, -1).T
    return P


@kernel
def _descend(first, G, W, reg, l1, n_epochs, tol):  # type: ignore[no-untyped-def]
    """Coordinate descent; slack[i] = G[i, j] - sum_m G[i, m] w[m], kept up to date."""
    n_items = G.shape[0]
    slack = np.empty(n_items, dtype=np.float32)
    for row in range(W.shape[0]):
        j, w = first + row, W[row]
        slack[:] = G[j]
        for _ in range(n_epochs):
            largest = 0.0
            for i in range(n_items):
                if i == j or G[i, i] == 0:
                    continue
                new = max((slack[i] + G[i, i] * w[i] - l1) / (G[i, i] + reg), 0.0)
                move = np.float32(new - w[i])
                if move != 0:
                    w[i] += move
                    for m in range(n_items):
                        slack[m] -= move * G[i, m]
                    largest = max(largest, float(abs(move)))
            if largest <= tol:
                break
