r"""Training that already feels the rounding: quantisation-aware training.

Rounding has the gradient 0 almost everywhere. The straight-through estimator passes the gradient as if
nothing had been rounded, but not to numbers that are cut off because the grid ends before them:

.. math::
    \partial \hat x / \partial x := \mathbb{1}[q_{min} \le \mathrm{round}(x / s) + z \le q_{max}]   \tag{10.2}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from recsys_course.compression.convert import in_codes
from recsys_course.compression.layers import copy_of, layers_of, replaced, weights_of
from recsys_course.compression.quantization import Grid, Per, Span


def fake_quantize(
    x: Tensor, n_bits: int = 8, per: Per = "tensor", symmetric: bool = False, span: Span | None = None
) -> Tensor:
    """``x`` rounded to the grid, still float32, with the gradient (10.2).

    Args:
        x: numbers that want a gradient. n_bits, per, symmetric: see :class:`.Grid`.
        span: least and largest number that the grid covers; None takes those of ``x``.

    Raises:
        ValueError: see :class:`.Grid`.

    Source: Bengio et al. 2013; Jacob et al. 2018. ``torch.fake_quantize_per_tensor_affine`` does the same.
    """
    grid = Grid(n_bits, per, symmetric)
    scale, zero_point = grid.steps(*(grid.span(x.detach()) if span is None else span))
    code = (x.detach() / scale).round() + zero_point  # as if the grid went on
    least, largest = grid.codes
    rounded = (code.clamp(least, largest) - zero_point) * scale
    inside = (code >= least) & (code <= largest)
    return torch.where(inside, x + (rounded - x).detach(), rounded)  # one's value, the other's gradient


class FakeQuantize(nn.Module):
    """:func:`fake_quantize` as a module: what a layer's weight goes through while it is trained."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self.grid = grid

    def forward(self, x: Tensor) -> Tensor:
        """Like ``x``, rounded."""
        return fake_quantize(x, self.grid.n_bits, self.grid.per, self.grid.symmetric)


def prepare_qat(
    module: nn.Module,
    n_bits: int = 8,
    per: Per = "channel",
    symmetric: bool = True,
    only: Iterable[str] | str | None = None,
) -> nn.Module:
    """A copy to be trained on, whose weights are rounded wherever they are used; then :func:`convert` it.

    Raises:
        ValueError: see :class:`.Grid`; no such layer, or weights that are not finite.
    """
    grid, module = Grid(n_bits, per, symmetric), copy_of(module)
    weights_of(module, only)  # refuse what cannot be rounded before anything is trained
    for layer in layers_of(module, only=only).values():
        parametrize.register_parametrization(layer, "weight", FakeQuantize(grid))
    return module


def convert(module: nn.Module) -> nn.Module:
    """A copy in codes of what :func:`prepare_qat` made: the same numbers, so the same answers.

    Raises:
        ValueError: no layer is prepared.
    """
    module = copy_of(module)
    prepared = {name: layer for name, layer in module.named_modules() if _prepared(layer)}
    if not prepared:
        raise ValueError(f"module: {type(module).__name__} has no layer from prepare_qat; expected some")
    return replaced(module, {name: in_codes(layer, _grid(layer)) for name, layer in prepared.items()})


def _grid(layer: Any) -> Grid:
    return layer.parametrizations.weight[0].grid


def _prepared(layer: nn.Module) -> bool:
    return parametrize.is_parametrized(layer, "weight") and isinstance(
        layer.parametrizations.weight[0],  # type: ignore[index, union-attr]
        FakeQuantize,
    )
