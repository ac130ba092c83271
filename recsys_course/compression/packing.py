"""Codes of 2 to 8 bits in whole bytes, so that 4 bits a number are half a byte and not a promise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recsys_course.compression.quantization import Grid, affine


def pack(codes: Tensor, n_bits: int) -> Tensor:
    """(R, K) whole numbers in 0..2^n_bits - 1 -> (R, ceil(K n_bits / 8)) bytes, row by row.

    Raises:
        ValueError: a code that does not fit.
    """
    if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < 2**n_bits:
        raise ValueError(f"codes: {int(codes.min())}..{int(codes.max())}; expected 0..{2**n_bits - 1}")
    places = torch.arange(n_bits, device=codes.device)
    bits = (codes.long()[..., None] >> places) & 1  # (R, K, n_bits)
    bits = bits.flatten(1)  # (R, K n_bits)
    bits = torch.nn.functional.pad(bits, (0, -bits.shape[1] % 8)).unflatten(1, (-1, 8))
    return (bits << torch.arange(8, device=codes.device)).sum(-1).to(torch.uint8)


def unpack(packed: Tensor, n_bits: int, n_columns: int) -> Tensor:
    """(..., bytes) -> (..., n_columns) codes, uint8; undoes :func:`pack`."""
    if n_bits == 8:
        return packed
    bits = (packed[..., None].long() >> torch.arange(8, device=packed.device)) & 1  # (..., bytes, 8)
    bits = bits.flatten(-2)[..., : n_columns * n_bits].unflatten(-1, (n_columns, n_bits))
    return (bits << torch.arange(n_bits, device=packed.device)).sum(-1).to(torch.uint8)


class Codes(nn.Module):
    """A matrix as codes: (R, K) numbers of n_bits each, with a step and a zero point for all or each row.

    Attributes:
        packed: (R, bytes) uint8, codes counted from the grid's least. scale: () or (R, 1) float32.
        zero_point: like scale, uint8, counted likewise; of a symmetric grid nothing is kept.
    """

    def __init__(self, matrix: Tensor, grid: Grid) -> None:
        super().__init__()
        self.n_bits, self.shape, least = grid.n_bits, tuple(matrix.shape), grid.codes[0]
        got = affine(matrix, grid.n_bits, grid.per, grid.symmetric)
        self.register_buffer("packed", pack(got.values.long() - least, grid.n_bits))
        self.register_buffer("scale", got.scale)
        self.middle = -least  # the zero point of every row, where it is symmetric
        zero_point = None if grid.symmetric else got.zero_point.to(torch.uint8)
        self.register_buffer("zero_point", zero_point)

    packed: Tensor
    scale: Tensor
    zero_point: Tensor | None

    def centred(self, rows: Tensor | slice) -> Tensor:
        """(..., K) q - z of these rows, whole numbers as float32."""
        q = unpack(self.packed[rows], self.n_bits, self.shape[1]).float()
        return q - (self.middle if self.zero_point is None else self._of(self.zero_point, rows).float())

    def scale_of(self, rows: Tensor | slice) -> Tensor:
        """() or (..., 1) steps of these rows."""
        return self._of(self.scale, rows)

    def forward(self, rows: Tensor | slice = slice(None)) -> Tensor:
        """(..., K) numbers of these rows, of all by default."""
        return self.centred(rows) * self.scale_of(rows)

    @staticmethod
    def _of(values: Tensor, rows: Tensor | slice) -> Tensor:
        return values[rows] if values.ndim else values
