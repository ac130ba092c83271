"""Weights set to 0 by magnitude, at once or along a schedule, and what zeros are worth in bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from recsys_course.base import check_range
from recsys_course.compression.layers import copy_of, weights_of

Scope = Literal["layer", "global"]
Only = Iterable[str] | str | None


def magnitude_mask(weight: Tensor, sparsity: float) -> Tensor:
    """True where a weight stays: all but the ``round(sparsity * n)`` smallest by absolute value.

    Of equal ones the first go.

    Raises:
        ValueError: a share outside [0, 1).
    """
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity: {sparsity}; expected a share in [0, 1), or nothing is left")
    order = weight.detach().abs().flatten().argsort(stable=True)
    mask = torch.ones(order.shape, dtype=torch.bool, device=weight.device)
    mask[order[: round(sparsity * len(order))]] = False
    return mask.view(weight.shape)


def masks_of(weights: dict[str, Any], sparsity: float, scope: Scope) -> dict[str, Tensor]:
    """Layer -> True where its weight stays; "global" compares all layers' weights with each other.

    Raises:
        ValueError: an unknown scope, or a share outside [0, 1).
    """
    if scope not in ("layer", "global"):
        raise ValueError(f"scope: {scope!r}; expected 'layer' or 'global'")
    if scope == "layer":
        return {name: magnitude_mask(weight, sparsity) for name, weight in weights.items()}
    together = magnitude_mask(torch.cat([w.detach().flatten() for w in weights.values()]), sparsity)
    parts = together.split([w.numel() for w in weights.values()])
    return {name: part.view(w.shape) for (name, w), part in zip(weights.items(), parts, strict=True)}


def magnitude_prune(
    module: nn.Module, sparsity: float, scope: Scope = "layer", only: Only = None
) -> nn.Module:
    """A copy whose smallest weights are 0: ``round(sparsity * n)`` of them, of each layer or of all together.

    Args:
        module: a trained module; of a new one the size of a weight says nothing yet.
        sparsity: share of zeros, in [0, 1). scope: "layer" or "global".
        only: names of linear layers and embeddings; None takes all. Biases and norms are never pruned.

    Raises:
        ValueError: see :func:`masks_of`; no such layer; weights that are not finite.

    Zeros take as much room and as much time as other numbers, until they are left out when stored: see
    :func:`.store_sparse`.
    Source: Han et al. 2015; global against layer: Blalock et al. 2020.
    """
    module = copy_of(module)
    weights = weights_of(module, only)
    for name, mask in masks_of(weights, sparsity, scope).items():
        weights[name].data.mul_(mask)
    return module


def sparsity_of(module: nn.Module, only: Only = None) -> float:
    """Share of zeros among the weights of linear layers and embeddings.

    Raises:
        ValueError: no such layer.
    """
    weights = weights_of(module, only).values()
    return sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)


def cubic_schedule(step: int, n_steps: int, final: float, start: int = 0) -> float:
    r"""Share of zeros after ``step`` steps of training: fast at first, while much is superfluous.

    .. math:: f_t = f \, [1 - (1 - (t - t_0) / n)^3]                                        \tag{10.5}

    Args:
        step: t. n_steps: n, over which the share rises. final: f, in [0, 1). start: t_0; before it, 0.

    Raises:
        ValueError: n_steps < 1, or a share outside [0, 1).

    Source: Zhu and Gupta 2017.
    """
    check_range("n_steps", n_steps, 1, "steps,")
    if not 0 <= final < 1:
        raise ValueError(f"final: {final}; expected a share in [0, 1)")
    done = min(max((step - start) / n_steps, 0.0), 1.0)
    return final * (1 - (1 - done) ** 3)


@dataclass
class GradualPruning:
    """Prune while training: more zeros at each step, along :func:`cubic_schedule`; what is pruned stays so.

    A loss for ``model.train_with(data, GradualPruning(0.9, n_steps=500))``, or for a loop of one's own: call
    :meth:`step` before each step. The last step of the optimizer moves weights once more, so take
    :meth:`finish` of the module in the end. One object is for one training.

    Args:
        final, n_steps, start: see :func:`cubic_schedule`. scope, only: see :func:`magnitude_prune`.

    Attributes:
        masks_: layer -> True where a weight stays. step_: steps so far.

    Raises:
        ValueError: see :func:`cubic_schedule`.
    """

    final: float
    n_steps: int
    start: int = 0
    scope: Scope = "layer"
    only: Only = None
    masks_: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)
    step_: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        cubic_schedule(0, self.n_steps, self.final)

    def step(self, module: nn.Module) -> None:
        """Apply the masks to the module under training, in place, and let them grow."""
        weights = weights_of(module, self.only)
        self._apply(weights)  # what the optimizer has moved is 0 again, and so among the smallest
        self.step_ += 1
        share = cubic_schedule(self.step_, self.n_steps, self.final, self.start)
        self.masks_ = masks_of(weights, share, self.scope)
        self._apply(weights)

    def __call__(self, model: Any, module: nn.Module, batch: Any, rng: torch.Generator) -> Tensor:
        """The model's own loss, of the pruned module."""
        self.step(module)
        return model.batch_loss(module, batch, rng)

    def finish(self, module: nn.Module) -> nn.Module:
        """A copy of the trained module with exactly the zeros of the last step.

        Raises:
            ValueError: no step was taken, or it was taken with another module.
        """
        module = copy_of(module)
        if not self.masks_:
            raise ValueError("finish: no step was taken; expected some of training before")
        self._apply(weights_of(module, self.only))
        return module

    def _apply(self, weights: dict[str, Any]) -> None:
        for name, mask in self.masks_.items():
            if name not in weights or weights[name].shape != mask.shape:
                raise ValueError(
                    f"module: no layer {name!r} of {tuple(mask.shape)}; expected the one pruned so far"
                )
            weights[name].data.mul_(mask.to(weights[name].device))
