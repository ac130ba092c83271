r"""Networks over fields of codes: a line, pairs of fields, layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor, nn

from recsys_course.neural.tables import embedding, tower


class Linear(nn.Module):
    """A weight for each code of each field, one for each dense column, and a bias: (m,) scores.

    Args:
        sizes: codes of each field. n_dense: D. bias: where it starts, the log-odds of a click.
    """

    offsets: Tensor

    def __init__(self, sizes: Sequence[int], n_dense: int, bias: float) -> None:
        super().__init__()
        self.register_buffer("offsets", offsets(sizes))
        self.weights = nn.Embedding(sum(sizes), 1)
        nn.init.zeros_(self.weights.weight)
        self.dense = nn.Parameter(torch.zeros(n_dense))
        self.bias = nn.Parameter(torch.tensor(float(bias)))

    def forward(self, fields: Tensor, dense: Tensor) -> Tensor:
        """(m, F), (m, D) -> (m,)."""
        return self.weights(fields + self.offsets).sum(1)[:, 0] + dense @ self.dense + self.bias


class Deep(nn.Module):
    """Layers over the vectors of all fields, side by side, and the dense columns: (m,) scores."""

    offsets: Tensor

    def __init__(self, sizes: Sequence[int], n_dense: int, n_factors: int, layers: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("offsets", offsets(sizes))
        self.table = embedding(np.ones(sum(sizes), dtype=bool), n_factors)
        self.tower = tower(len(sizes) * n_factors + n_dense, layers, 1)

    def vectors(self, fields: Tensor) -> Tensor:
        """(m, F) -> (m, F, K)."""
        return self.table(fields + self.offsets)

    def forward(self, v: Tensor, dense: Tensor) -> Tensor:
        """(m, F, K) vectors, (m, D) -> (m,)."""
        return self.tower(torch.cat([v.flatten(1), dense], dim=1))[:, 0]


def pair_products(v: Tensor) -> Tensor:
    r"""(..., F, K) vectors -> (...) sum of the products of all pairs, in O(F K) instead of O(F^2 K).

    .. math::
        \sum_{f < g} v_f^\top v_g
            = \frac12 \sum_k \Bigl[\bigl(\sum_f v_{fk}\bigr)^2 - \sum_f v_{fk}^2\Bigr]       \tag{7.6}

    Book: equation (7.6); exercise fm_interaction.
    Source: Rendle 2010.
    """
    return ((v.sum(-2) ** 2 - (v**2).sum(-2)) / 2).sum(-1)


class DeepFMNet(nn.Module):
    """A line, all pairs of fields, and layers, over the same vectors; equation (7.7)."""

    def __init__(
        self, sizes: Sequence[int], n_dense: int, bias: float, n_factors: int, layers: Sequence[int]
    ) -> None:
        super().__init__()
        self.linear, self.deep = Linear(sizes, n_dense, bias), Deep(sizes, n_dense, n_factors, layers)

    def forward(self, fields: Tensor, dense: Tensor) -> Tensor:
        """(m, F) codes, (m, D) numbers -> (m,) logits."""
        v = self.deep.vectors(fields)  # (m, F, K)
        return self.linear(fields, dense) + pair_products(v) + self.deep(v, dense)


class WideDeepNet(nn.Module):
    """A line over fields and crosses of two fields, and layers over vectors."""

    def __init__(
        self,
        sizes: Sequence[int],
        n_dense: int,
        bias: float,
        n_factors: int,
        layers: Sequence[int],
        crosses: Sequence[tuple[int, int]],
    ) -> None:
        super().__init__()
        self.crosses = [(a, b, sizes[b]) for a, b in crosses]
        self.linear = Linear([*sizes, *(sizes[a] * sizes[b] for a, b in crosses)], n_dense, bias)
        self.deep = Deep(sizes, n_dense, n_factors, layers)

    def forward(self, fields: Tensor, dense: Tensor) -> Tensor:
        """(m, F) codes, (m, D) numbers -> (m,) logits."""
        crossed = [fields[:, a] * size + fields[:, b] for a, b, size in self.crosses]
        wide = torch.column_stack([fields, *crossed])  # (m, F + crosses)
        return self.linear(wide, dense) + self.deep(self.deep.vectors(fields), dense)


def offsets(sizes: Sequence[int]) -> Tensor:
    """(F,) where each field's rows begin in one table for all."""
    return torch.tensor([0, *accumulate(sizes)][:-1])
