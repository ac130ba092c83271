r"""Numbers on a grid of a few bits: affine quantisation, and watching what has to fit on the grid.

.. math::
    q = \mathrm{clip}(\mathrm{round}(x / s) + z,\; q_{min},\; q_{max}), \quad \hat x = s\,(q - z)   \tag{10.1}

The scale s is the step between neighbours on the grid, the zero point z the code of 0. Inside the range no
number moves by more than s / 2, and 0 stays 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from recsys_course.compression.layers import finite

Per = Literal["tensor", "channel"]
Span = tuple[Tensor | float, Tensor | float]  # the least and the largest number
LEAST_STEP = torch.finfo(torch.float32).tiny  # of numbers that are all 0, or nearly
KEPT_OF_A_BATCH = 2**14  # numbers of a batch that a percentile is taken from


@dataclass(frozen=True)
class Grid:
    """How numbers are rounded.

    Args:
        n_bits: 2 to 8 bits a number.
        per: one step for a whole "tensor", or one for each "channel": a row of a weight matrix, that is an
            output neuron, or an item of a table. The channels' steps are never wider than the tensor's.
        symmetric: codes -m..m around a zero point of 0; otherwise 0..2^n_bits - 1 over the range from the
            least to the largest number, widened to hold 0.

    Raises:
        ValueError: n_bits outside 2..8, or an unknown ``per``.
    """

    n_bits: int = 8
    per: Per = "tensor"
    symmetric: bool = False

    def __post_init__(self) -> None:
        if self.n_bits not in range(2, 9):
            raise ValueError(f"n_bits: {self.n_bits}; expected a whole number from 2 to 8")
        if self.per not in ("tensor", "channel"):
            raise ValueError(f"per: {self.per!r}; expected 'tensor' or 'channel'")

    @property
    def codes(self) -> tuple[int, int]:
        """The least and the largest code."""
        half = 2 ** (self.n_bits - 1) - 1
        return (-half, half) if self.symmetric else (0, 2**self.n_bits - 1)

    def span(self, x: Tensor) -> Span:
        """The least and the largest number, each () or (rows, 1, ...)."""
        if self.per == "tensor":
            return x.amin(), x.amax()
        if x.ndim < 2:
            raise ValueError(f"x: shape {tuple(x.shape)}; expected at least two dimensions to go by channel")
        axes = tuple(range(1, x.ndim))
        return x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)

    def steps(self, low: Tensor | float, high: Tensor | float) -> tuple[Tensor, Tensor]:
        """Scale and zero point for numbers from ``low`` to ``high``, so that 0 is on the grid.

        Raises:
            ValueError: a ``low`` above its ``high``, or one that is infinite.
        """
        least, largest = self.codes
        low, high = (
            torch.as_tensor(low).double(),
            torch.as_tensor(high).double(),
        )  # differences could overflow
        if (low > high).any() or low.isinf().any() or high.isinf().any():
            raise ValueError(f"span: {low.tolist()} to {high.tolist()}; expected the least number first")
        low, high = low.clamp(max=0), high.clamp(min=0)
        width = 2 * torch.maximum(-low, high) if self.symmetric else high - low
        scale = (width / (largest - least)).float().clamp(min=LEAST_STEP)
        if self.symmetric:
            return scale, torch.zeros_like(scale)
        return scale, (-low / scale).round().clamp(least, largest).float()

    def encode(self, x: Tensor, scale: Tensor, zero_point: Tensor) -> Tensor:
        """The codes of (10.1), as floats."""
        return ((x / scale).round() + zero_point).clamp(*self.codes)


@dataclass(frozen=True)
class Quantized:
    """Codes and what turns them back into numbers.

    Attributes:
        values: int8 if symmetric, else uint8, shaped like the numbers. scale, zero_point: () or a row each.
        grid: how they were rounded.
    """

    values: Tensor
    scale: Tensor
    zero_point: Tensor
    grid: Grid

    def dequantize(self) -> Tensor:
        """The numbers that the codes stand for, float32."""
        return (self.values.float() - self.zero_point) * self.scale


def affine(x: Any, n_bits: int = 8, per: Per = "tensor", symmetric: bool = False) -> Quantized:
    """Numbers on a grid that just covers them; see (10.1) and :class:`Grid`.

    Args:
        x: tensor or array, taken as float32.

    Returns:
        Codes whose numbers differ from ``x`` by at most half a step; exact zeros stay exact.

    Raises:
        ValueError: n_bits or per as :class:`Grid`; x empty, not finite, or a vector where per="channel".

    By channel the bound is never wider than by tensor, though a single number may lie nearer to the
    tensor's grid.
    Source: Jacob et al. 2018. Differs: a range in which nothing lies but 0 gets the least step there is.
    """
    grid = Grid(n_bits, per, symmetric)
    x = finite(torch.as_tensor(x).detach().float(), "x")
    scale, zero_point = grid.steps(*grid.span(x))
    values = grid.encode(x, scale, zero_point).to(torch.int8 if symmetric else torch.uint8)
    return Quantized(values, scale, zero_point, grid)


@dataclass
class Observer:
    """Watches numbers go by, to tell which range their grid should cover.

    Args:
        kind: "minmax" takes all that was seen; "percentile" leaves out a share of the extremes, so that one
            outlier does not widen every step. share: of the numbers inside, half of the rest left out on each
            side, in (0, 1].
        seed: of the sample of each batch that percentiles are taken from.

    Raises:
        ValueError: an unknown kind, or a share outside (0, 1].
    """

    kind: Literal["minmax", "percentile"] = "minmax"
    share: float = 0.999
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("minmax", "percentile"):
            raise ValueError(f"kind: {self.kind!r}; expected 'minmax' or 'percentile'")
        if not 0 < self.share <= 1:
            raise ValueError(f"share: {self.share}; expected a share in (0, 1]")
        self._rng = torch.Generator().manual_seed(self.seed)
        self._kept: list[Tensor] = []

    def see(self, x: Tensor) -> None:
        """One batch more."""
        x = finite(x.detach().float().cpu(), "x").ravel()
        if self.kind == "minmax":
            x = torch.stack([x.amin(), x.amax()])
        elif len(x) > KEPT_OF_A_BATCH:
            x = x[torch.randint(len(x), (KEPT_OF_A_BATCH,), generator=self._rng)]
        self._kept.append(x)

    @property
    def n_seen(self) -> int:
        """Batches seen."""
        return len(self._kept)

    def span(self) -> Span:
        """The least and the largest number to cover.

        Raises:
            ValueError: nothing was seen.
        """
        if not self._kept:
            raise ValueError("calibrate: no numbers seen; expected at least one batch")
        seen = torch.cat(self._kept)
        if self.kind == "minmax":
            return seen.amin(), seen.amax()
        out = (1 - self.share) / 2
        low, high = np.quantile(seen.numpy(), [out, 1 - out])  # torch's own refuses 2^24 numbers
        return torch.tensor(low, dtype=torch.float32), torch.tensor(high, dtype=torch.float32)
