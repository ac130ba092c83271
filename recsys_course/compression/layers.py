"""Copies of modules, layers by name, and one layer put in place of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils import parametrize

WITH_WEIGHTS = (nn.Linear, nn.Embedding)  # the layers that hold nearly all numbers of a recommender


def copy_of(module: Any) -> nn.Module:
    """A copy to work on; what two layers share, they share in the copy, too.

    Raises:
        TypeError: no module, such as the recommender around it.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module: {type(module).__name__}; expected a torch module, such as model.module_")
    return deepcopy(module)


def layers_of(
    module: nn.Module, kinds: tuple[type, ...] = WITH_WEIGHTS, only: Iterable[str] | str | None = None
) -> dict[str, Any]:
    """Name -> layer of these kinds, in the order of the module; ``only`` keeps those named.

    Raises:
        ValueError: no such layer at all, or a name that is none of them.
    """
    found = {name: layer for name, layer in module.named_modules() if isinstance(layer, kinds)}
    wanted = " or ".join(kind.__name__ for kind in kinds)
    if not found:
        raise ValueError(f"module: {type(module).__name__} has no {wanted}; expected at least one")
    if only is None:
        return found
    names = [only] if isinstance(only, str) else list(only)
    for name in names:
        if name not in found:
            raise ValueError(f"only: no layer {name!r}; expected some of {', '.join(map(repr, found))}")
    return {name: layer for name, layer in found.items() if name in names}


def weights_of(module: nn.Module, only: Iterable[str] | str | None = None) -> dict[str, nn.Parameter]:
    """Layer -> its weight; one that layers share comes once, under the first's name.

    Raises:
        ValueError: see :func:`layers_of`; a weight that is empty or not finite.
    """
    weights = {name: own_weight(layer) for name, layer in layers_of(module, only=only).items()}
    first = {id(weight): name for name, weight in reversed(weights.items())}
    return {name: finite(w, f"{name}.weight") for name, w in weights.items() if first[id(w)] == name}


def own_weight(layer: Any) -> nn.Parameter:
    """The weight that a layer is trained by, also where :func:`.prepare_qat` lets it go through rounding."""
    rounded = parametrize.is_parametrized(layer, "weight")
    return layer.parametrizations.weight.original if rounded else layer.weight


def finite(x: Any, name: str) -> Any:
    """``x`` itself where all its numbers are finite.

    Raises:
        ValueError: it is empty, or the name, the first bad value and its place.
    """
    if not x.numel():
        raise ValueError(f"{name}: shape {tuple(x.shape)}; expected at least one number")
    bad = ~torch.isfinite(x.detach())
    if bad.any():
        place = tuple(int(i) for i in bad.nonzero()[0])
        raise ValueError(f"{name}: {float(x.detach()[place])} at {place}; expected finite numbers")
    return x


def check_between(name: str, value: int, low: int, high: int, of: str = "") -> int:
    """The value itself, where it is a count within low..high.

    Raises:
        ValueError: it is not.
    """
    if value not in range(low, high + 1):
        raise ValueError(f"{name}: {value}; expected {low}..{high}{of}")
    return int(value)


def replaced(module: nn.Module, new: Mapping[str, nn.Module]) -> nn.Module:
    """``module`` with new layers under these names, wherever the old ones stand; changes it in place.

    A linear layer that shares its weight with a replaced embedding is replaced by :class:`Tied`.
    """
    if "" in new:  # the module is itself the layer
        return new[""]
    named = dict(module.named_modules())
    instead = {id(named[name]): layer for name, layer in new.items()}
    shared = {id(own_weight(named[name])): new[name] for name in new if isinstance(named[name], nn.Embedding)}
    for name, layer in named.items():
        if isinstance(layer, nn.Linear) and name not in new and id(own_weight(layer)) in shared:
            instead[id(layer)] = Tied(shared[id(own_weight(layer))], layer.bias)
    for parent in named.values():
        for name, child in list(parent._modules.items()):  # a child may stand there twice
            if id(child) in instead:
                setattr(parent, name, instead[id(child)])
    return module


def replace_table(module: nn.Module, name: str, new: nn.Module) -> nn.Module:
    """A copy in which the embedding ``name`` is ``new``, also where it serves as output layer.

    Args:
        module: any module. name: of an ``nn.Embedding``, as ``module.named_modules()`` calls it.
        new: a table of the same shape, such as those of :mod:`recsys_course.compression.tables`. It stands in
            for an embedding: called with codes, and its ``weight`` is the whole table.

    Raises:
        ValueError: no such embedding, or another shape.
    """
    module = copy_of(module)
    old = layers_of(module, (nn.Embedding,), name)[name]
    given = (new.num_embeddings, new.embedding_dim)
    if given != (old.num_embeddings, old.embedding_dim):
        raise ValueError(f"new: a table of {given}; expected {tuple(old.weight.shape)}, as {name!r}")
    return replaced(module, {name: new})


class Tied(nn.Module):
    """An output layer that owns no weight: it multiplies with a table that stands elsewhere in the net."""

    def __init__(self, table: nn.Module, bias: nn.Parameter | None = None) -> None:
        super().__init__()
        self.table, self.bias = table, bias

    def forward(self, x: Tensor) -> Tensor:
        """(..., K) -> (..., I)."""
        return linear(x, self.table.weight, self.bias)  # type: ignore[arg-type]


def tie(module: nn.Module, table: str, head: str) -> nn.Module:
    """A copy whose linear layer ``head`` multiplies with the embedding ``table`` and no longer owns a weight.

    Half the numbers of both; what the head had learned is gone, so train on afterwards.

    Raises:
        ValueError: no such layers, or shapes that differ.
    """
    module = copy_of(module)
    embedding = layers_of(module, (nn.Embedding,), table)[table]
    linear_layer = layers_of(module, (nn.Linear,), head)[head]
    if embedding.weight.shape != linear_layer.weight.shape:
        shapes = f"{tuple(linear_layer.weight.shape)}; expected {tuple(embedding.weight.shape)}"
        raise ValueError(f"head: {head!r} has {shapes}, the shape of {table!r}")
    return replaced(module, {head: Tied(embedding, linear_layer.bias)})
