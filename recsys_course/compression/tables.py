r"""Embedding tables of fewer bytes. Each stands in for ``nn.Embedding``: codes in, vectors out.

A recommender spends nearly all its numbers on n vectors of length k, one for each id. Here ids share
directions (:class:`LowRankEmbedding`) or one row for all that is rare (:class:`FrequentRows`); in
:mod:`recsys_course.compression.hashing` they share rows by their number; :class:`.ProductQuantized` and
:class:`.Int8Embedding` keep every row, in fewer bits.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from recsys_course.base import check_range
from recsys_course.compression.layers import check_between, finite
from recsys_course.compression.lowrank import truncated_svd


class Table(nn.Module):
    """What all tables share. A subclass writes ``vectors``: (...) codes -> (..., k).

    Attributes:
        num_embeddings, embedding_dim: n and k, named as in ``nn.Embedding``.
    """

    def __init__(self, n: int, k: int) -> None:
        super().__init__()
        check_range("n", n, 1, "ids,")
        check_range("k", k, 1, "numbers a vector,")
        self.num_embeddings, self.embedding_dim = int(n), int(k)

    def vectors(self, codes: Tensor) -> Tensor:
        """(...) codes that are known to be right -> (..., k)."""
        raise NotImplementedError

    def forward(self, codes: Tensor) -> Tensor:
        """(...) codes -> (..., k) vectors.

        Raises:
            IndexError: a code outside 0..n-1, as ``nn.Embedding`` does.
            TypeError: codes that are neither int32 nor int64, as bool and uint8 would pick rows like a mask.
        """
        if codes.dtype not in (torch.int32, torch.int64):
            raise TypeError(f"codes: dtype {codes.dtype}; expected int64 or int32")
        if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < self.num_embeddings:
            found = f"{int(codes.min())}..{int(codes.max())}"
            raise IndexError(f"codes: {found}; expected 0..{self.num_embeddings - 1}")
        return self.vectors(codes)

    def table(self) -> Tensor:
        """(n, k) all vectors; where gradients are wanted, they flow into what the table is made of."""
        return self.vectors(torch.arange(self.num_embeddings, device=self._device()))

    @property
    def weight(self) -> Tensor:
        """The whole table, for code that multiplies with an embedding's weight."""
        return self.table()

    @property
    def n_bytes(self) -> int:
        """Bytes of all that is kept: numbers, codes and places."""
        kept = [*self.parameters(), *self.buffers()]
        return sum(t.numel() * t.element_size() for t in kept)

    def _device(self) -> torch.device:
        return next(iter([*self.parameters(), *self.buffers()])).device


def random_rows(n_rows: int, k: int) -> nn.Parameter:
    """Random rows as ``nn.Embedding`` starts."""
    return nn.Parameter(torch.randn(n_rows, k))


def table_of(table: Any) -> Tensor:
    """(n, k) numbers of an embedding, table or array, without gradient.

    Raises:
        ValueError: other dimensions, no row, no column, NaN or infinity.
    """
    x = table.weight if isinstance(table, nn.Module) else table
    x = torch.as_tensor(x).detach().float()
    if x.ndim != 2:
        raise ValueError(f"table: shape {tuple(x.shape)}; expected (n, k)")
    return finite(x, "table").clone()


class LowRankEmbedding(Table):
    r"""All vectors in a space of a few directions: :math:`V = A B`, with A (n, rank) and B (rank, k).

    Args:
        n: ids. k: length of a vector. rank: directions, 1..min(n, k).

    Raises:
        ValueError: a rank outside its range.

    n rank + rank k numbers for n k. Source: Eckart and Young 1936 (the best such table); Lan et al. 2020.
    """

    def __init__(self, n: int, k: int, rank: int) -> None:
        super().__init__(n, k)
        check_between("rank", rank, 1, min(n, k), f" for a table of {(n, k)}")
        self.A, self.B = random_rows(n, rank), nn.Parameter(torch.randn(rank, k) / rank**0.5)

    @classmethod
    def from_table(cls, table: Any, rank: int) -> LowRankEmbedding:
        """The table of this rank nearest to ``table`` in squared error: its truncated SVD.

        Raises:
            ValueError: see :func:`table_of`; a rank outside 1..min(n, k).
        """
        x = table_of(table)
        new = cls(len(x), x.shape[1], rank)
        new.A.data, new.B.data = truncated_svd(x, rank)
        return new

    def vectors(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        return self.A[codes] @ self.B


class FrequentRows(Table):
    """Frequent ids keep a vector of their own, all others share one.

    Attributes:
        rows: (kept + 1, k), the shared one last. place: (n,) int32, the row of each id.
    """

    def __init__(self, n: int, k: int, n_kept: int) -> None:
        super().__init__(n, k)
        self.rows = random_rows(check_between("n_kept", n_kept, 0, n) + 1, k)
        self.register_buffer("place", torch.full((n,), n_kept, dtype=torch.int32))

    place: Tensor

    def vectors(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        return self.rows[self.place[codes]]


def keep_frequent(table: Any, counts: Any, share: float) -> FrequentRows:
    """Rows of the ``round(share n)`` most frequent ids; the rest get the mean of theirs, weighed by counts.

    Args:
        table: (n, k) array or embedding. counts: (n,) events of each id; ties go to the smaller id.
        share: of rows kept, in [0, 1].

    Raises:
        ValueError: see :func:`table_of`; other numbers of counts, one below 0, or a share outside its range.

    Places cost 4 bytes an id, so that k = 1 saves nothing.
    """
    x, counts = table_of(table), torch.as_tensor(counts).double()
    if counts.shape != x.shape[:1] or not (counts >= 0).all():
        raise ValueError(f"counts: shape {tuple(counts.shape)}; expected {len(x)} numbers of at least 0")
    if not 0 <= share <= 1:
        raise ValueError(f"share: {share}; expected a share in [0, 1]")
    order = torch.argsort(counts, descending=True, stable=True)
    kept, rare = order.tensor_split([round(share * len(x))])
    new = FrequentRows(len(x), x.shape[1], len(kept))
    new.place[kept] = torch.arange(len(kept), dtype=torch.int32)
    new.rows.data[:-1], new.rows.data[-1] = x[kept], _mean(x[rare], counts[rare])
    return new


def _mean(x: Tensor, weights: Tensor) -> Tensor:
    """(k,) weighted mean of the rows; plain where all weights are 0, zeros where there is no row."""
    if not len(x):
        return x.new_zeros(x.shape[1])
    weights = weights if weights.sum() > 0 else torch.ones_like(weights)
    return (weights[:, None] * x.double()).sum(0).div(weights.sum()).float()


def imitate(new: Table, table: Any, n_steps: int = 500, learning_rate: float = 0.05) -> Table:
    """Train a new table, in place, to give the vectors of a trained one; returns it.

    For tables without a closed form, before the recommender is trained on. Squared error, Adam, all rows
    at each step.

    Raises:
        ValueError: another shape, or see :func:`table_of`.
    """
    x = table_of(table)
    if x.shape != (new.num_embeddings, new.embedding_dim):
        raise ValueError(f"table: {tuple(x.shape)}; expected {(new.num_embeddings, new.embedding_dim)}")
    optimizer = torch.optim.Adam(new.parameters(), lr=learning_rate)
    for _ in range(n_steps):
        optimizer.zero_grad()
        ((new.table() - x) ** 2).mean().backward()
        optimizer.step()
    return new
