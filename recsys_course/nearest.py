"""Nearest rows of dense or sparse vectors: exactly in blocks, or approximately by an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import sparse

from recsys_course.compiled import in_threads
from recsys_course.extras import need
from recsys_course.measures import Measure, as_rows, compared, numbers, unit_rows
from recsys_course.ranking import top_n

CELLS_PER_BLOCK = 2**20  # similarities held at a time by one thread: 8 MB


def nearest_rows(
    X: Any,
    k: int,
    Y: Any = None,
    measure: Measure | Literal["dot"] = "cosine",
    exclude_self: bool | None = None,
    shrinkage: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows of Y that are nearest to each row of X, by comparing with all of them.

    Args:
        X: (M, F) dense or sparse, finite. Y: (N, F) of the same kind; None looks among the rows of X.
        k: rows to find, at least 1.
        measure: "dot" or one of :func:`.pairwise`.
        exclude_self: leave out row m of Y for row m of X. None does so where Y is None.
        shrinkage: lambda, added to the denominator.

    Returns:
        (M, k) int32 codes, best first, and (M, k) float32 values. Where Y has fewer than k rows to
        offer, the rest is -1 with the value -inf. Values are compared as float32, so that those
        which differ by rounding alone are ties, and ties go to the smaller code.

    Raises:
        ValueError: k < 1, as :func:`.pairwise`, or exclude_self with another number of rows.
        TypeError: as :func:`.pairwise`.

    Cost: O(M N F) time on all processors; memory ``CELLS_PER_BLOCK`` similarities a thread
        (one row of N, if that is more), never (M, N).
    """
    if k < 1:
        raise ValueError(f"k: {k}; expected at least 1 neighbour")
    exclude_self = Y is None if exclude_self is None else exclude_self
    X, Y = as_rows(X, Y)
    M, N = X.shape[0], Y.shape[0]
    if exclude_self and M != N:
        raise ValueError(f"exclude_self: True, but X has {M} rows and Y has {N}; expected the same rows")
    block = compared(X, Y, measure, shrinkage)

    def work(start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        values = block(start, stop).astype(np.float32)  # (b, N)
        mine = sparse.eye_array(stop - start, N, k=start, format="csr") if exclude_self else None
        return listed(values, k, mine)

    parts = in_threads(work, M, max(1, CELLS_PER_BLOCK // max(1, N)))
    if not parts:
        return np.empty((0, k), dtype=np.int32), np.empty((0, k), dtype=np.float32)
    return np.vstack([codes for codes, _ in parts]), np.vstack([values for _, values in parts])


def listed(
    values: np.ndarray, k: int, leave_out: sparse.csr_array | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(B, N) values -> (B, k) codes of the largest and their values; the rest is -1 and -inf."""
    codes = top_n(values, k, leave_out)
    if not values.shape[1]:
        return codes, np.full(codes.shape, -np.inf, dtype=np.float32)
    found = np.take_along_axis(values, np.maximum(codes, 0), axis=1)
    return codes, np.where(codes >= 0, found, -np.inf).astype(np.float32)


@dataclass
class ApproximateIndex:
    """Nearest rows found without looking at all of them; some of the true ones are missed.

    - "hnsw": a graph of near rows in layers. A search walks from a coarse layer to a fine one,
      always towards the query, and keeps ``breadth`` candidates.
    - "ivf": rows are put into ``n_cells`` cells by k-means. A search looks into the
      ``n_probes`` cells whose centres are nearest.

    Args:
        kind: "hnsw" or "ivf".
        measure: "cosine" or "dot".
        n_links: hnsw, links of a row in the graph, at least 2; more memory, less loss.
        breadth: hnsw, candidates kept during building and search, at least 1; slower, less loss.
        n_cells: ivf, cells; None takes the square root of the number of rows.
        n_probes: ivf, cells looked into, at least 1; all of them is exact.
        seed: of the k-means.

    Attributes:
        index_: the faiss index. n_rows_, n_columns_: its shape.

    Raises:
        MissingExtra: faiss is not installed (the extra "ann"). ValueError: a setting outside its range.

    Cost: hnsw: build O(N log N) comparisons, query O(log N), memory N (F + 2 n_links) numbers;
        ivf: build one k-means, query O(n_cells + N n_probes / n_cells). Measure the loss by
        :func:`recall_lost`; below some ten thousand rows :func:`nearest_rows` is fast enough.
    Source: Malkov & Yashunin 2020 (hnsw); Jégou et al. 2011 (inverted file); the library is faiss.
        Differs: the inverted file keeps whole vectors, without product quantisation.
    """

    kind: Literal["hnsw", "ivf"] = "hnsw"
    measure: Literal["cosine", "dot"] = "cosine"
    n_links: int = 32
    breadth: int = 64
    n_cells: int | None = None
    n_probes: int = 8
    seed: int = 0

    def fit(self, X: Any) -> ApproximateIndex:
        """Build the index of the rows of X (N, F), dense; returns the index itself.

        Raises:
            ValueError: no rows, NaN, or more cells than rows. TypeError: sparse rows.
        """
        self._check_options()
        faiss = need("faiss", "ann", "ApproximateIndex")
        X = self._rows(X, "X")
        if not len(X):
            raise ValueError("X: no rows; expected at least one")
        self.n_rows_, self.n_columns_ = X.shape
        index = self._empty(faiss)
        if not index.is_trained:
            index.train(X)
        index.add(X)
        self.index_ = index
        return self

    def query(self, Y: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(M, F) dense rows -> (M, k) int32 codes and (M, k) float32 values, best first.

        Where fewer than k rows were found the rest is -1 with the value -inf.

        Raises:
            RuntimeError: before fit. ValueError: k < 1, NaN, or another number of columns.
        """
        if not hasattr(self, "index_"):
            raise RuntimeError("ApproximateIndex is not fitted; call fit(X) first")
        if k < 1:
            raise ValueError(f"k: {k}; expected at least 1 neighbour")
        Y = self._rows(Y, "Y")
        if Y.shape[1] != self.n_columns_:
            raise ValueError(f"Y: {Y.shape[1]} columns; expected {self.n_columns_}, as many as X")
        values, codes = self.index_.search(Y, k)
        return codes.astype(np.int32), np.where(codes >= 0, values, -np.inf).astype(np.float32)

    def _check_options(self) -> None:
        if self.kind not in ("hnsw", "ivf"):
            raise ValueError(f"kind: {self.kind!r}; expected 'hnsw' or 'ivf'")
        if self.measure not in ("cosine", "dot"):
            raise ValueError(f"measure: {self.measure!r}; expected 'cosine' or 'dot'")
        for name, low in (("n_links", 2), ("breadth", 1), ("n_cells", 1), ("n_probes", 1)):
            value = getattr(self, name)
            if value is not None and value < low:
                raise ValueError(f"{name}: {value}; expected at least {low}")

    def _rows(self, X: Any, name: str) -> np.ndarray:
        if sparse.issparse(X):
            raise TypeError(f"{name}: sparse; expected dense rows (nearest_rows takes sparse ones)")
        X = numbers(X, name, np.float32)
        return np.ascontiguousarray(unit_rows(X) if self.measure == "cosine" else X)

    def _empty(self, faiss: Any) -> Any:
        """The index before any row is in it."""
        by_product = faiss.METRIC_INNER_PRODUCT
        if self.kind == "hnsw":
            index = faiss.IndexHNSWFlat(self.n_columns_, self.n_links, by_product)
            index.hnsw.efConstruction = index.hnsw.efSearch = self.breadth
            return index
        n_cells = self.n_cells or max(1, round(self.n_rows_**0.5))
        if n_cells > self.n_rows_:
            raise ValueError(f"n_cells: {n_cells}; expected at most {self.n_rows_}, the rows of X")
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(self.n_columns_), self.n_columns_, n_cells, by_product)
        index.cp.seed, index.cp.min_points_per_centroid = self.seed, 1
        index.nprobe = min(self.n_probes, n_cells)
        return index


def recall_lost(approx_codes: Any, exact_codes: Any) -> float:
    """Share of the true neighbours that an approximate search missed, over all rows together.

    Args:
        approx_codes: (M, k') codes found. exact_codes: (M, k) true ones. -1 is padding in both.

    Returns:
        0 when all were found, 1 when none was.

    Raises:
        ValueError: other numbers of rows, not two dimensions, or no true neighbour at all.
    """
    approx, exact = np.asarray(approx_codes), np.asarray(exact_codes)
    if approx.ndim != 2 or exact.ndim != 2 or len(approx) != len(exact):
        shapes = f"shape {approx.shape}, exact_codes: shape {exact.shape}"
        raise ValueError(f"approx_codes: {shapes}; expected as many rows of codes in both")
    true = exact >= 0
    if not true.any():
        raise ValueError("exact_codes: no neighbour; expected at least one")
    found = [np.isin(mine[mine >= 0], others).sum() for mine, others in zip(exact, approx, strict=True)]
    return 1.0 - float(np.sum(found)) / float(true.sum())
