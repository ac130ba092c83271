r"""Embedding tables of fewer bytes. Each stands in for ``nn.Embedding``: codes in, vectors out.

A recommender spends nearly all its numbers on n vectors of length k, one for each id. These share rows
(:class:`HashedEmbedding`, :class:`QuotientRemainder`, :class:`FrequentRows`), or share directions
(:class:`LowRankEmbedding`); :mod:`recsys_course.compression.codebooks` and :class:`.Int8Embedding` keep
every row, in fewer bits.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from recsys_course.base import check_range
from recsys_course.compression.layers import finite

PRIME = 2**31 - 1  # of the hash; codes lie below it


class Table(nn.Module):
    """What all tables share. A subclass writes ``forward``: (...) codes -> (..., k) vectors.

    Attributes:
        num_embeddings, embedding_dim: n and k, named as in ``nn.Embedding``.
    """

    def __init__(self, n: int, k: int) -> None:
        super().__init__()
        check_range("n", n, 1, "ids,")
        check_range("k", k, 1, "numbers a vector,")
        self.num_embeddings, self.embedding_dim = int(n), int(k)

    def table(self) -> Tensor:
        """(n, k) all vectors; where gradients are wanted, they flow into what the table is made of."""
        return self(torch.arange(self.num_embeddings, device=self._device()))

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


def _rows(n_rows: int, k: int) -> nn.Parameter:
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


class HashedEmbedding(Table):
    r"""Ids share rows by chance: the vector of id i is the sum of the rows :math:`h_1(i), h_2(i), \dots`

    .. math:: h(i) = ((a i + b) \bmod p) \bmod m

    Args:
        n: ids. k: length of a vector. n_rows: m, rows kept. n_hashes: rows summed for an id; with two,
            ids that share one row rarely share the other.
        seed: of a and b.

    Attributes:
        rows: (m, k). a, b: (n_hashes,).

    Raises:
        ValueError: a count below 1, or more rows than ids.

    Source: Weinberger et al. 2009 (one hash); Serrà and Karatzoglou 2017 (several). Differs: no random sign.
    """

    def __init__(self, n: int, k: int, n_rows: int, n_hashes: int = 1, seed: int = 0) -> None:
        super().__init__(n, k)
        check_range("n_hashes", n_hashes, 1, "hashes,")
        self.rows = _rows(_at_most(n_rows, n, "n_rows"), k)
        rng = torch.Generator().manual_seed(seed)
        self.register_buffer("a", torch.randint(1, PRIME, (n_hashes,), generator=rng))
        self.register_buffer("b", torch.randint(0, PRIME, (n_hashes,), generator=rng))

    a: Tensor
    b: Tensor

    def places(self, codes: Tensor) -> Tensor:
        """(...) codes -> (..., n_hashes) rows."""
        return (codes[..., None] * self.a + self.b) % PRIME % len(self.rows)

    def forward(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        return self.rows[self.places(codes)].sum(-2)

    def collisions(self) -> int:
        """Ids whose vector another id has, too."""
        places = self.places(torch.arange(self.num_embeddings, device=self._device())).sort(-1).values
        _, counts = places.unique(dim=0, return_counts=True)
        return int(counts[counts > 1].sum())


class QuotientRemainder(Table):
    r"""Two short tables; every id has its own pair of rows, :math:`i = q m + r`.

    .. math:: v_i = Q_q \circ R_r, \qquad q = \lfloor i / m \rfloor, \quad r = i \bmod m      \tag{10.4}

    Args:
        n: ids. k: length of a vector. n_rows: m, rows of R; Q has ceil(n / m). Fewest near m = sqrt(n).
        combine: "mult" (element by element), "add", or "concat" (half of the vector from each).

    Raises:
        ValueError: a count below 1, more rows than ids, an unknown ``combine``, or an odd k where "concat".

    Source: Shi et al. 2020. Differs: starts at what ``nn.Embedding`` starts at; Q starts near 1 where "mult".
    """

    def __init__(
        self, n: int, k: int, n_rows: int, combine: Literal["mult", "add", "concat"] = "mult"
    ) -> None:
        super().__init__(n, k)
        if combine not in ("mult", "add", "concat"):
            raise ValueError(f"combine: {combine!r}; expected 'mult', 'add' or 'concat'")
        if combine == "concat" and k % 2:
            raise ValueError(f"k: {k}; expected an even length where combine is 'concat'")
        self.n_rows, self.combine = _at_most(n_rows, n, "n_rows"), combine
        width = k // 2 if combine == "concat" else k
        self.quotients, self.remainders = _rows(-(-n // n_rows), width), _rows(n_rows, width)
        if combine == "mult":  # a product of two such starts would have heavy tails
            self.quotients.data.mul_(0.1).add_(1.0)

    def forward(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        q, r = self.quotients[codes // self.n_rows], self.remainders[codes % self.n_rows]
        if self.combine == "concat":
            return torch.cat([q, r], -1)
        return q * r if self.combine == "mult" else q + r


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
        check_range("rank", rank, 1, "directions,")
        _at_most(rank, min(n, k), "rank")
        self.A, self.B = _rows(n, rank), nn.Parameter(torch.randn(rank, k) / rank**0.5)

    @classmethod
    def from_table(cls, table: Any, rank: int) -> LowRankEmbedding:
        """The table of this rank nearest to ``table`` in squared error: its truncated SVD.

        Raises:
            ValueError: see :func:`table_of`; a rank outside 1..min(n, k).
        """
        x = table_of(table)
        new = cls(len(x), x.shape[1], rank)
        U, s, Vt = torch.linalg.svd(x, full_matrices=False)
        new.A.data, new.B.data = U[:, :rank] * s[:rank], Vt[:rank].clone()
        return new

    def forward(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        return self.A[codes] @ self.B


class FrequentRows(Table):
    """Frequent ids keep a vector of their own, all others share one.

    Attributes:
        rows: (kept + 1, k), the shared one last. place: (n,) int32, the row of each id.
    """

    def __init__(self, n: int, k: int, n_kept: int) -> None:
        super().__init__(n, k)
        check_range("n_kept", n_kept, 0, "rows,")
        self.rows = _rows(_at_most(n_kept, n, "n_kept") + 1, k)
        self.register_buffer("place", torch.full((n,), n_kept, dtype=torch.int32))

    place: Tensor

    def forward(self, codes: Tensor) -> Tensor:
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


def _at_most(value: int, most: int, name: str) -> int:
    if not 0 <= value <= most or (name == "n_rows" and value < 1):
        least = 1 if name == "n_rows" else 0
        raise ValueError(f"{name}: {value}; expected {least}..{most}")
    return int(value)
