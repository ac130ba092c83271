"""Zeros left out: matrices as the numbers that are not 0 and their places."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recsys_course.compression.layers import copy_of, layers_of, replaced
from recsys_course.compression.pruning import Only
from recsys_course.compression.tables import Table, table_of


def csr_bytes(matrix: Tensor) -> int:
    """Bytes of a float32 matrix in compressed rows: 8 for each number that is not 0, 4 for each row and 4.

    A dense one takes 4 a number, so fewer than half of them may be other than 0 before this saves anything.
    """
    return 8 * int((matrix != 0).sum()) + 4 * (len(matrix) + 1)


class Rows(nn.Module):
    """(R, K) matrix in compressed rows.

    Attributes:
        start: (R + 1,) int32, where each row begins. column: (nnz,) int32. value: (nnz,) float32.
    """

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.shape = tuple(matrix.shape)
        row, column = matrix.nonzero(as_tuple=True)
        ends = torch.bincount(row, minlength=len(matrix)).cumsum(0)
        self.register_buffer("start", torch.cat([ends.new_zeros(1), ends]).int())
        self.register_buffer("column", column.int())
        self.register_buffer("value", matrix[row, column].clone())

    start: Tensor
    column: Tensor
    value: Tensor

    def dense(self, rows: Tensor | None = None) -> Tensor:
        """(r, K) these rows, all by default."""
        rows = torch.arange(self.shape[0], device=self.start.device) if rows is None else rows
        first, size = self.start[rows].long(), self.start[rows + 1] - self.start[rows]
        row = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), size)  # (nnz of them,)
        place = torch.arange(len(row), device=rows.device) + (first - size.cumsum(0) + size)[row]
        out = self.value.new_zeros(len(rows), self.shape[1])
        out[row, self.column[place].long()] = self.value[place]
        return out


class SparseLinear(nn.Module):
    """A linear layer whose zeros are left out."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.rows = Rows(table_of(layer))
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach().clone())

    bias: Tensor | None

    @property
    def weight(self) -> Tensor:
        """(out, in), dense."""
        return self.rows.dense()

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out); the weight is made dense at each call: fewer bytes kept, not less time."""
        return nn.functional.linear(x, self.weight, self.bias)


class SparseTable(Table):
    """A table whose zeros are left out. Args: table: (n, k) array or embedding."""

    def __init__(self, table: nn.Module | Tensor) -> None:
        x = table_of(table)
        super().__init__(*x.shape)
        self.rows = Rows(x)

    def vectors(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        return self.rows.dense(codes.flatten()).view(*codes.shape, self.embedding_dim)


def store_sparse(module: nn.Module, only: Only = None) -> nn.Module:
    """A copy whose linear layers and embeddings leave out their zeros; the answers are the same.

    Raises:
        ValueError: no such layer, or weights that are not finite.
    """
    new: dict[str, nn.Module] = {}
    module = copy_of(module)
    for name, layer in layers_of(module, only=only).items():
        new[name] = SparseLinear(layer) if isinstance(layer, nn.Linear) else SparseTable(layer)
    return replaced(module, new)
