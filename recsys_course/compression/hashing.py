"""Embedding tables in which ids share rows by their number: nothing is kept for an id of its own."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from recsys_course.base import check_range
from recsys_course.compression.layers import check_between
from recsys_course.compression.tables import Table, random_rows

PRIME = 2**31 - 1  # of the hash; codes lie below it


class HashedEmbedding(Table):
    r"""Ids share rows by chance: the vector of id i is the sum of the rows :math:`h_1(i), h_2(i), \dots`

    .. math:: h(i) = ((c_3 i^3 + c_2 i^2 + c_1 i + c_0) \bmod p) \bmod m

    Along a straight line, :math:`c_1 i + c_0`, codes in a row would not fall as if by chance.

    Args:
        n: ids. k: length of a vector. n_rows: m, rows kept. n_hashes: rows summed for an id; with two,
            ids that share one row rarely share the other.
        seed: of the c.

    Attributes:
        rows: (m, k). c: (n_hashes, 4), that of the highest power first.

    Raises:
        ValueError: a count below 1, or more rows than ids.

    Source: Weinberger et al. 2009 (one hash); Serrà and Karatzoglou 2017 (several);
        Wegman and Carter 1981 (polynomials). Differs: no random sign.
    """

    def __init__(self, n: int, k: int, n_rows: int, n_hashes: int = 1, seed: int = 0) -> None:
        super().__init__(n, k)
        check_range("n_hashes", n_hashes, 1, "hashes,")
        self.rows = random_rows(check_between("n_rows", n_rows, 1, n), k)
        rng = torch.Generator().manual_seed(seed)
        self.register_buffer("c", torch.randint(PRIME, (n_hashes, 4), generator=rng))

    c: Tensor

    def places(self, codes: Tensor) -> Tensor:
        """(...) codes -> (..., n_hashes) rows."""
        h = torch.zeros_like(self.c[:, 0])
        for c in self.c.T:
            h = (h * codes[..., None] + c) % PRIME  # below 2^62 before the remainder is taken
        return h % len(self.rows)

    def vectors(self, codes: Tensor) -> Tensor:
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
        self.n_rows, self.combine = check_between("n_rows", n_rows, 1, n), combine
        width = k // 2 if combine == "concat" else k
        self.quotients, self.remainders = random_rows(-(-n // n_rows), width), random_rows(n_rows, width)
        if combine == "mult":  # a product of two such starts would have heavy tails
            self.quotients.data.mul_(0.1).add_(1.0)

    def vectors(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        q, r = self.quotients[codes // self.n_rows], self.remainders[codes % self.n_rows]
        if self.combine == "concat":
            return torch.cat([q, r], -1)
        return q * r if self.combine == "mult" else q + r
