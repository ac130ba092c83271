r"""The four measures of similarity for all pairs of rows at once, of dense or sparse matrices.

The formulas are those of :mod:`recsys_course.similarity`, which looks for the nearest rows of
large sparse logs; here every pair is computed, by products of matrices.

What counts as a value differs by the kind of matrix:

- A sparse row has values where something is stored; what is not stored is unknown.
- A dense row has a value in every column, and 0 is a value like any other. Only Jaccard,
  which compares sets, takes the columns that are not 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import sparse

Measure = Literal["cosine", "adjusted_cosine", "pearson", "jaccard"]
MEASURES: tuple[Measure, ...] = ("cosine", "adjusted_cosine", "pearson", "jaccard")
TINY = 1e-12
ROUNDING = 1e-28  # a sum of squares this much smaller than what it is left of is noise

Matrix: TypeAlias = Any  # ndarray or csr_array; scipy's have no types to tell
Block: TypeAlias = Callable[[int, int], np.ndarray]


def pairwise(X: Any, Y: Any = None, measure: Measure = "cosine", shrinkage: float = 0.0) -> np.ndarray:
    """Similarity of every row of X with every row of Y.

    Args:
        X: (M, F) dense or sparse, finite. Y: (N, F) of the same kind; None compares X with itself.
        measure: cosine, adjusted_cosine, pearson or jaccard. The column means of
            adjusted_cosine are those of the rows of X and Y together.
        shrinkage: lambda, added to the denominator.

    Returns:
        (M, N) float64; 0 where a measure is undefined, as for a row of zeros.

    Raises:
        ValueError: not two dimensions, NaN or infinity, other numbers of columns, an unknown
            measure, a negative shrinkage. TypeError: no numbers, or one dense and one sparse matrix.

    Cost: O(M N F) time and O(M N) memory; for more than some thousand rows take
        :func:`.similar_rows` or :func:`.nearest_rows`.
    """
    X, Y = as_rows(X, Y)
    return compared(X, Y, measure, shrinkage)(0, X.shape[0])


def as_rows(X: Any, Y: Any = None) -> tuple[Matrix, Matrix]:
    """Both matrices checked, as float64 ndarray or csr_array; Y is X itself where it is None."""
    X = numbers(X, "X")
    if Y is None:
        return X, X
    Y = numbers(Y, "Y")
    if sparse.issparse(X) != sparse.issparse(Y):
        raise TypeError("X and Y: one dense, one sparse; expected both of one kind")
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"Y: {Y.shape[1]} columns; expected {X.shape[1]}, as many as X")
    return X, Y


def numbers(X: Any, name: str, dtype: Any = np.float64) -> Matrix:
    """A matrix of finite numbers as ndarray or csr_array.

    Raises:
        ValueError: not two dimensions, or NaN or infinity; the row is told. TypeError: no numbers.
    """
    if not sparse.issparse(X):
        X = np.asarray(X)
    if X.dtype.kind not in "buif":
        raise TypeError(f"{name}: dtype {X.dtype}; expected numbers")
    if X.ndim != 2:
        raise ValueError(f"{name}: shape {X.shape}; expected two dimensions, a row for each thing compared")
    X = sparse.csr_array(X, dtype=dtype) if sparse.issparse(X) else X.astype(dtype, copy=False)
    data = X.data if sparse.issparse(X) else X
    if not np.isfinite(data).all():
        place = int(np.argmin(np.isfinite(data)))
        row = np.searchsorted(X.indptr, place, "right") - 1 if sparse.issparse(X) else place // X.shape[1]
        raise ValueError(f"{name}: {data.ravel()[place]} in row {row}; expected finite numbers")
    return X


def unit_rows(X: Matrix) -> Matrix:
    """The rows at length 1; rows of zeros stay as they are. float32 stays float32.

    A row is first divided by its largest entry, so that squares of huge or tiny numbers stay finite.
    """
    if not sparse.issparse(X):
        largest = np.abs(X).max(axis=1, initial=0.0)  # (M,)
        X = X / np.where(largest > 0, largest, 1.0)[:, None]
        length = np.sqrt(np.einsum("mf,mf->m", X, X, dtype=np.float64))
        return (X / np.where(length > 0, length, 1.0)[:, None]).astype(X.dtype, copy=False)
    largest = np.asarray(abs(X).max(axis=1).todense()).ravel() if X.shape[1] else np.zeros(X.shape[0])
    size = np.diff(X.indptr)
    data = X.data / np.repeat(np.where(largest > 0, largest, 1.0), size)
    length = np.sqrt(row_sums(data.astype(np.float64) ** 2, X.indptr))
    data = data / np.repeat(np.where(length > 0, length, 1.0), size)
    return sparse.csr_array((data.astype(X.dtype), X.indices, X.indptr), shape=X.shape)


def row_sums(data: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(M,) sums of the stored values of each row; 0 for an empty one. ``start`` is indptr."""
    total = np.add.reduceat(np.append(data, 0.0), start[:-1])  # the 0 is for empty rows at the end
    return total * (np.diff(start) > 0)


def column_means(X: sparse.csr_array) -> np.ndarray:
    """(F,) mean of the stored entries of each column; 0 for an empty column."""
    total = np.bincount(X.indices, X.data, minlength=X.shape[1])
    return total / np.maximum(np.bincount(X.indices, minlength=X.shape[1]), 1)


def compared(X: Matrix, Y: Matrix, measure: Measure | Literal["dot"], shrinkage: float = 0.0) -> Block:
    """Make X (M, F) and Y (N, F) ready; the answer gives X[start:stop] against Y as (stop - start, N).

    Raises:
        ValueError: an unknown measure, or a negative shrinkage.
    """
    if measure not in (*MEASURES, "dot"):
        raise ValueError(f"measure: {measure!r}; expected one of {', '.join(MEASURES)}")
    if not shrinkage >= 0:  # NaN is refused, too
        raise ValueError(f"shrinkage: {shrinkage}; expected 0 or more")
    if measure == "dot":
        return lambda start, stop: _dense(X[start:stop] @ Y.T)
    if measure == "jaccard":
        return _jaccard(X, Y, shrinkage)
    if measure == "pearson" and sparse.issparse(X):
        return _pearson(X, Y, shrinkage)
    if measure == "adjusted_cosine":
        means = _means_together(X, Y)
        return _cosine(_centred(X, means), _centred(Y, means), shrinkage)
    if measure == "pearson":
        return _cosine(_spread(X), _spread(Y), shrinkage)
    return _cosine(X, Y, shrinkage)


def _cosine(X: Matrix, Y: Matrix, shrinkage: float) -> Block:
    x, y, Yt = _lengths(X), _lengths(Y), Y.T  # (M,), (N,), (F, N)

    def block(start: int, stop: int) -> np.ndarray:
        top = _dense(X[start:stop] @ Yt)  # (b, N)
        return _ratio(top, x[start:stop, None] * y, shrinkage)

    return block


def _jaccard(X: Matrix, Y: Matrix, shrinkage: float) -> Block:
    X, Y = _there(X), _there(Y)
    x, y, Yt = X.sum(axis=1), Y.sum(axis=1), Y.T

    def block(start: int, stop: int) -> np.ndarray:
        both = _dense(X[start:stop] @ Yt)  # (b, N) columns in common
        return _ratio(both, x[start:stop, None] + y - both, shrinkage)

    return block


def _pearson(X: sparse.csr_array, Y: sparse.csr_array, shrinkage: float) -> Block:
    """Means and spreads over the columns that two rows have in common, so five products."""
    X, Y = _spread(X), _spread(Y)  # the result is the same; sums of small numbers lose fewer digits
    Yt, has, squares = Y.T, _there(Y).T, (Y * Y).T

    def block(start: int, stop: int) -> np.ndarray:
        A = X[start:stop]
        B = _there(A)
        n = np.maximum(_dense(B @ has), 1.0)  # (b, N)
        x, y = _dense(A @ has), _dense(B @ Yt)  # sums of each over what both have
        xx, yy = _dense((A * A) @ has), _dense(B @ squares)
        vx, vy = xx - x * x / n, yy - y * y / n
        spread = (vx > TINY * xx) & (vy > TINY * yy)  # what is left of equal values is rounding
        bottom = np.sqrt(np.where(spread, vx * vy, 0.0))
        return _ratio(_dense(A @ Yt) - x * y / n, bottom, shrinkage)

    return block


def _ratio(top: np.ndarray, bottom: np.ndarray, shrinkage: float) -> np.ndarray:
    """top / (bottom + shrinkage) within -1..1; 0 where it is undefined or nothing but rounding."""
    known = (bottom > 0) & (np.abs(top) > TINY * bottom)
    return np.clip(np.where(known, top, 0.0) / np.where(known, bottom + shrinkage, 1.0), -1.0, 1.0)


def _dense(product: Any) -> np.ndarray:
    return product.toarray() if sparse.issparse(product) else product


def _there(X: Matrix) -> Matrix:
    """1 where there is an entry: something stored, or in a dense matrix something other than 0."""
    if not sparse.issparse(X):
        return (X != 0).astype(np.float64)
    return sparse.csr_array((np.ones_like(X.data), X.indices, X.indptr), shape=X.shape)


def _lengths(X: Matrix) -> np.ndarray:
    if sparse.issparse(X):
        return np.sqrt(row_sums(X.data**2, X.indptr))
    return np.sqrt(np.einsum("mf,mf->m", X, X))


def _means_together(X: Matrix, Y: Matrix) -> np.ndarray:
    """(F,) column means over the rows of both; of one where they are the same."""
    if sparse.issparse(X):
        return column_means(X if X is Y else sparse.csr_array(sparse.vstack([X, Y])))
    return X.mean(axis=0) if X is Y else np.vstack([X, Y]).mean(axis=0)


def _centred(X: Matrix, means: np.ndarray) -> Matrix:
    """Each column less its mean."""
    if not sparse.issparse(X):
        return X - means
    return sparse.csr_array((X.data - means[X.indices], X.indices, X.indptr), shape=X.shape)


def _spread(X: Matrix) -> Matrix:
    """Each row less its own mean; a row without a spread becomes 0, where rounding would stay."""
    if sparse.issparse(X):
        size = np.diff(X.indptr)
        means = row_sums(X.data, X.indptr) / np.maximum(size, 1)
        return sparse.csr_array((X.data - np.repeat(means, size), X.indices, X.indptr), shape=X.shape)
    left = X - X.mean(axis=1, keepdims=True)
    noise = (left**2).sum(axis=1) <= ROUNDING * (X**2).sum(axis=1)  # (M,)
    left[noise] = 0.0
    return left
