"""Layers whose weights are codes of at most 8 bits."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn.functional import linear

from recsys_course.compression.packing import Codes
from recsys_course.compression.quantization import Grid, Per, Span
from recsys_course.compression.tables import Table, table_of


class Int8Embedding(Table):
    """A table in codes; a row costs k n_bits / 8 bytes and its step, not 4 k.

    Args:
        table: (n, k) array or embedding. n_bits, per, symmetric: see :class:`.Grid`.

    Raises:
        ValueError: see :func:`.table_of` and :class:`.Grid`.

    Source: Guan et al. 2019 (4 and 8 bits a row). Differs: ranges are the rows' own, not searched for.
    """

    def __init__(self, table: Any, n_bits: int = 8, per: Per = "channel", symmetric: bool = False) -> None:
        x = table_of(table)
        super().__init__(*x.shape)
        self.codes = Codes(x, Grid(n_bits, per, symmetric))

    def vectors(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        return self.codes(codes)


class Int8Linear(nn.Module):
    r"""A linear layer with its weights in codes, and its inputs too if their range is known.

    .. math:: y_o = s_x s_o \sum_i (x^q_i - z_x)(w^q_{oi} - z_o) + b_o                    \tag{10.3}

    Args:
        layer: what it stands in for. grid: of the weights.
        span: least and largest input to expect; inputs are then rounded to the same bits, without symmetry,
            and cut at the ends. None leaves inputs as they are.

    The products are computed in float32, from the codes: this saves bytes, not time. :meth:`whole` gives the
    same by whole numbers, as a kernel for int8 does; torch's own such kernels are behind
    :func:`torch_dynamic`.
    """

    def __init__(self, layer: nn.Linear, grid: Grid | None = None, span: Span | None = None) -> None:
        super().__init__()
        grid = grid or Grid(per="channel", symmetric=True)
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.codes = Codes(table_of(layer), grid)
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach().clone())
        self.inputs = Grid(grid.n_bits)
        scale, zero_point = (None, None) if span is None else self.inputs.steps(*span)
        self.register_buffer("input_scale", scale)
        self.register_buffer("input_zero_point", zero_point)

    bias: Tensor | None
    input_scale: Any  # () where calibrated, else None
    input_zero_point: Any

    @property
    def weight(self) -> Tensor:
        """(out, in) numbers that the codes stand for."""
        return self.codes()

    def centred(self, x: Tensor) -> Tensor:
        """(..., in) inputs -> their x^q - z_x, whole numbers as float32.

        Raises:
            ValueError: the layer was not calibrated.
        """
        if self.input_scale is None:
            raise ValueError("span: inputs have no range; expected a layer made with calibrate")
        return self.inputs.encode(x, self.input_scale, self.input_zero_point) - self.input_zero_point

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        if self.input_scale is not None:
            x = self.centred(x) * self.input_scale
        return linear(x, self.weight, self.bias)

    def whole(self, x: Tensor) -> Tensor:
        """:meth:`forward` by (10.3): sums of products of whole numbers, then one multiplication.

        Raises:
            ValueError: the layer was not calibrated.
        """
        left, right = self.centred(x).long(), self.codes.centred(slice(None)).long()  # 33,026 inputs of
        # 8 bits can leave int32, in which hardware adds up
        y = (left @ right.T).float() * (self.input_scale * self.codes.scale.reshape(-1))  # (..., out)
        return y if self.bias is None else y + self.bias
