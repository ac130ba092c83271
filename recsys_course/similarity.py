r"""Similarity of sparse rows, computed through inverted lists.

Four measures, each a ratio to whose denominator the shrinkage :math:`\lambda` is added.
Rows x and y are users or items; sums run over the columns that both have (:math:`x \cap y`).

.. math::
    \text{cosine}   \quad & \textstyle\sum xy \,/\, (\|x\|\,\|y\| + \lambda) \\
    \text{adjusted cosine} \quad & \text{the same after each column's mean is taken off} \\
    \text{Pearson}  \quad & \textstyle\sum (x-\bar x)(y-\bar y) \,/\,
        (\sqrt{\sum (x-\bar x)^2 \sum (y-\bar y)^2} + \lambda),
        \quad \bar x, \bar y \text{ over } x \cap y \\
    \text{Jaccard}  \quad & |x \cap y| \,/\, (|x \cup y| + \lambda)

Cosine's norms run over the whole row, so a column that only one row has pulls the two
apart; Pearson looks at common columns alone, so two of them suffice for a perfect 1.
Both faults are what shrinkage and significance weighting, :math:`\min(n, \gamma)/\gamma`
for n common columns, are for.

Source: Sarwar et al. 2001 (adjusted cosine), Herlocker et al. 1999 (significance).
Differs: adjusted cosine takes norms over all raters of a row, not only the common ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from recsys_course.compiled import in_threads, kernel, n_threads
from recsys_course.measures import MEASURES as MEASURES
from recsys_course.measures import TINY
from recsys_course.measures import Measure as Measure
from recsys_course.measures import column_means as column_means
from recsys_course.measures import pairwise as pairwise

_COSINE, _PEARSON, _JACCARD = 0, 1, 2


class Rows(NamedTuple):
    """A sparse matrix ready to be compared row by row: itself, its inverted lists, its norms."""

    start: np.ndarray  # (M+1,) rows
    col: np.ndarray
    val: np.ndarray
    inv_start: np.ndarray  # (F+1,) inverted lists: which rows have this column
    inv_row: np.ndarray
    inv_val: np.ndarray
    norm: np.ndarray  # (M,) row norms; for Jaccard the number of entries
    formula: int
    shrinkage: float
    significance: float


def prepare(
    X: sparse.csr_array, measure: Measure = "cosine", shrinkage: float = 0.0, significance: float = 0.0
) -> Rows:
    """Check the options and lay out X (M, F), CSR or CSC, for :func:`similar_rows`.

    Raises:
        ValueError: an unknown measure, or a negative shrinkage or significance.
    """
    if measure not in MEASURES:
        raise ValueError(f"similarity: {measure!r}; expected one of {', '.join(MEASURES)}")
    for name, value in (("shrinkage", shrinkage), ("significance", significance)):
        if not value >= 0:  # NaN is refused, too
            raise ValueError(f"{name}: {value}; expected 0 or more")
    X = X.astype(np.float64, copy=False)
    R, C = X.tocsr(), X.tocsc()  # the one in X's own format shares its arrays: nothing is written to them
    if measure in ("adjusted_cosine", "pearson"):
        R = R.copy()
        if measure == "adjusted_cosine":
            R.data -= column_means(R)[R.indices]
        else:  # the result is the same; sums of small numbers lose fewer digits
            R.data -= np.repeat(column_means(C.T), np.diff(R.indptr))
        C = R.tocsc()
    n = np.diff(R.indptr)  # (M,)
    if measure == "jaccard":
        norm = n.astype(np.float64)
    else:
        squares = np.append(R.data, 0.0)  # the 0 is for empty rows at the end
        squares *= squares
        norm = np.sqrt(np.add.reduceat(squares, R.indptr[:-1]) * (n > 0))
    formula = {"pearson": _PEARSON, "jaccard": _JACCARD}.get(measure, _COSINE)
    return Rows(  # codes without a sign: the compiled loops need not ask whether one counts from the end
        R.indptr.astype(np.int64), R.indices.astype(np.int32, copy=False).view(np.uint32), R.data,
        C.indptr.astype(np.int64), C.indices.astype(np.int32, copy=False).view(np.uint32), C.data,
        norm, formula, float(shrinkage), float(significance),
    )  # fmt: skip


def similar_rows(
    X: sparse.csr_array,
    k: int,
    measure: Measure = "cosine",
    shrinkage: float = 0.0,
    significance: float = 0.0,
) -> sparse.csr_array:
    """The k most similar other rows of every row, by positive similarity.

    Args:
        X: (M, F) sparse, CSR or CSC; rows are compared.
        k: neighbours kept, at least 1; more than M - 1 keeps all.
        measure: cosine, adjusted_cosine, pearson or jaccard.
        shrinkage: lambda, in the units of the measure's denominator.
        significance: gamma, in common columns; 0 turns the weighting off.

    Returns:
        (M, M) sparse float32; row m holds N_k(m). Ties go to the smaller code.

    Raises:
        ValueError: k < 1, an unknown measure, a negative option.

    Cost: one addition per pair of rows and common column, sum over columns of (rows that
    have it)^2; memory O(M k), never (M, M) dense. Runs on all processors.
    """
    if k < 1:
        raise ValueError(f"k: {k}; expected at least 1 neighbour")
    rows = prepare(X, measure, shrinkage, significance)
    M = X.shape[0]
    k = max(1, min(k, M - 1))
    codes, values = np.full((M, k), -1, dtype=np.int32), np.zeros((M, k), dtype=np.float32)
    in_threads(lambda a, b: _nearest(a, b, rows, codes, values), M, max(16, M // (8 * n_threads())))
    kept = codes >= 0
    start = np.r_[0, np.cumsum(kept.sum(axis=1))]
    return sparse.csr_array((values[kept], codes[kept], start), shape=(M, M))


@kernel
def overlap(i, rows, common, dot, sums, touched):  # type: ignore[no-untyped-def]
    """Meet every row that shares a column with row i; returns how many there are.

    Fills for each met row j: common[j] columns, dot[j] = sum of xy, and for Pearson
    sums[j] = (sum x, sum y, sum x^2, sum y^2) over the common columns.
    """
    met = 0
    for e in range(rows.start[i], rows.start[i + 1]):
        f, x = rows.col[e], rows.val[e]
        for g in range(rows.inv_start[f], rows.inv_start[f + 1]):
            j, y = rows.inv_row[g], rows.inv_val[g]
            touched[met] = j  # stays only if j is new: no branch to mispredict
            met += common[j] == 0
            common[j] += 1
            dot[j] += x * y
            if rows.formula == _PEARSON:
                sums[j, 0] += x
                sums[j, 1] += y
                sums[j, 2] += x * x
                sums[j, 3] += y * y
    return met


@kernel
def ratio(formula, n, dot, sums, j, norm_i, norm_j, shrinkage, significance):  # type: ignore[no-untyped-def]
    """One similarity from what :func:`overlap` found; 0 where it is undefined."""
    if formula == _COSINE:
        top, bottom = dot, norm_i * norm_j
    elif formula == _JACCARD:
        top, bottom = float(n), norm_i + norm_j - n
    else:
        x, y, xx, yy = sums[j]
        top = dot - x * y / n
        spread_x, spread_y = xx - x * x / n, yy - y * y / n
        if spread_x <= TINY * xx or spread_y <= TINY * yy:
            return 0.0  # what is left of equal values is rounding
        bottom = np.sqrt(spread_x * spread_y)
    if bottom <= TINY or abs(top) <= TINY * bottom:  # no spread, no length, or nothing but rounding
        return 0.0
    s = min(max(top / (bottom + shrinkage), -1.0), 1.0)  # rounding may step over the edge
    if n < significance:
        s *= n / significance
    return s


@kernel
def similarities(i, rows, common, dot, sums, touched, s):  # type: ignore[no-untyped-def]
    """s[j] for every row j that shares a column with row i; returns how many. Leaves the rest clean."""
    met = overlap(i, rows, common, dot, sums, touched)
    norm, formula, shrinkage, significance = rows.norm, rows.formula, rows.shrinkage, rows.significance
    norm_i = norm[i]
    for t in range(met):
        j = touched[t]
        s[j] = ratio(formula, common[j], dot[j], sums, j, norm_i, norm[j], shrinkage, significance)
        common[j] = 0
        dot[j] = 0.0
    if formula == _PEARSON:
        for t in range(met):
            sums[touched[t]] = 0.0
    return met


@kernel
def _nearest(first, last, rows, codes, values):  # type: ignore[no-untyped-def]
    common, dot, sums, touched, s = workspace(len(rows.norm), rows.formula)
    k = codes.shape[1]
    for i in range(first, last):
        met = similarities(i, rows, common, dot, sums, touched, s)
        mine, best, size = codes[i], values[i], 0
        least = np.float32(0)  # what a neighbour must reach to enter the full list
        for t in range(met):
            j = touched[t]
            if s[j] > 0.0 and np.float32(s[j]) >= least and j != i:
                size = insert(mine, best, size, j, s[j])
                if size == k:
                    least = best[k - 1]


@kernel
def workspace(M, formula):  # type: ignore[no-untyped-def]
    """Arrays that one thread reuses for every row."""
    sums = np.zeros((M if formula == _PEARSON else 1, 4))
    return np.zeros(M, dtype=np.int32), np.zeros(M), sums, np.empty(M + 1, dtype=np.uint32), np.zeros(M)


@kernel
def insert(codes, values, size, code, value):  # type: ignore[no-untyped-def]
    """Put (code, value) into a list sorted by falling value, then code; returns its new size."""
    value = np.float32(value)
    k = len(codes)
    if size == k and (value < values[k - 1] or (value == values[k - 1] and code > codes[k - 1])):
        return size
    place = size if size < k else k - 1
    while place > 0 and (
        values[place - 1] < value or (values[place - 1] == value and codes[place - 1] > code)
    ):
        values[place] = values[place - 1]
        codes[place] = codes[place - 1]
        place -= 1
    values[place] = value
    codes[place] = code
    return min(size + 1, k)
