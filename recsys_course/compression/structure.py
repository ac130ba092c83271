"""Whole neurons and heads taken out: matrices get smaller, and so do bytes and time.

A neuron of a hidden layer is row j of the layer before it and column j of the one after; both go together, or
shapes no longer fit. A factor, a column of the item table, cannot go this way: layer norm takes its mean over
all factors, so that no smaller net answers as the old one with a factor at 0.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from recsys_course.compression.layers import check_between, copy_of, finite
from recsys_course.neural.attention import SelfAttention

BETWEEN = (
    nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.ELU, nn.Tanh, nn.Sigmoid, nn.Dropout, nn.Identity,
)  # fmt: skip
Pair = tuple[nn.Linear, nn.Linear]


def hidden_layers(module: nn.Module) -> dict[str, Pair]:
    """Name of a linear layer -> it and the next one, where only what works neuron by neuron lies between.

    Looked for inside every ``nn.Sequential``; the last layer of a net is none, as its outputs are answers.
    """
    pairs: dict[str, Pair] = {}
    for path, net in module.named_modules():
        before: tuple[str, nn.Linear] | None = None
        for name, layer in net.named_children() if isinstance(net, nn.Sequential) else ():
            if isinstance(layer, nn.Linear):
                if before is not None:
                    pairs[before[0]] = before[1], layer
                before = f"{path}.{name}" if path else name, layer
            elif not isinstance(layer, BETWEEN):
                before = None
    return pairs


def neuron_scores(before: nn.Linear, after: nn.Linear) -> Tensor:
    """(H,) length of a neuron's weights in, times that of its weights out."""
    into = finite(before.weight, "weight").detach()  # (H, in)
    if before.bias is not None:
        into = torch.cat([into, before.bias.detach()[:, None]], dim=1)
    return into.norm(dim=1) * finite(after.weight, "weight").detach().norm(dim=0)


def to_keep(scores: Tensor, share: float) -> Tensor:
    """Places, in order, of all but the ``round(share * n)`` smallest scores; of equal ones the first go.

    Raises:
        ValueError: a share outside [0, 1), or one that leaves none.
    """
    n_out = round(share * len(scores)) if 0 <= share < 1 else len(scores)
    if n_out >= len(scores):
        raise ValueError(f"share: {share} of {len(scores)}; expected one in [0, 1) that leaves some")
    return scores.argsort(stable=True)[n_out:].sort().values


def prune_neurons(module: nn.Module, share: float, only: Iterable[str] | str | None = None) -> nn.Module:
    """A copy with smaller hidden layers: the neurons of each that matter least by their weights are gone.

    Args:
        module: a trained net. share: of the neurons of each hidden layer that goes, in [0, 1).
        only: names of the layers whose neurons go, as in :func:`hidden_layers`; None takes all of them.

    Returns:
        A net that answers as the old one with the outgoing weights of these neurons set to 0.

    Raises:
        ValueError: no hidden layer, an unknown name, a share that leaves none, weights that are not finite.

    Source: Li et al. 2017 (by the lengths of filters). Differs: lengths in and out, multiplied.
    """
    module = copy_of(module)
    pairs = hidden_layers(module)
    if not pairs:
        raise ValueError(f"module: {type(module).__name__} has no two linear layers in a row in a Sequential")
    names = pairs if only is None else [only] if isinstance(only, str) else list(only)
    for name in names:
        if name not in pairs:
            raise ValueError(f"only: no hidden layer {name!r}; expected of {', '.join(map(repr, pairs))}")
        before, after = pairs[name]
        kept = to_keep(neuron_scores(before, after), share)
        keep_rows(before, kept)
        keep_columns(after, kept)
    return module


def prune_heads(module: nn.Module, n_heads: int) -> nn.Module:
    """A copy whose attention layers have ``n_heads`` heads left: those with the longest outgoing weights.

    Returns:
        A net that answers as the old one with the outgoing weights of the other heads set to 0.

    Raises:
        ValueError: no attention, or n_heads outside 1..those there are.

    Source: Michel et al. 2019. Differs: they ask the loss how much a head matters; here
        its weights tell.
    """
    module = copy_of(module)
    layers = [layer for layer in module.modules() if isinstance(layer, SelfAttention)]
    if not layers:
        raise ValueError(f"module: {type(module).__name__} has no attention; expected some, as in SASRec")
    for layer in layers:
        if not (type(layer.qkv) is type(layer.out) is nn.Linear):
            raise ValueError(
                f"module: attention of {type(layer.qkv).__name__}; expected linear layers in float"
            )
        check_between("n_heads", n_heads, 1, layer.n_heads, ", the heads there are")
        kept = _columns_of_heads(layer, n_heads)
        width = layer.out.in_features
        keep_rows(layer.qkv, torch.cat([kept, kept + width, kept + 2 * width]))  # queries, keys, values
        keep_columns(layer.out, kept)
        layer.n_heads = n_heads
    return module


def _columns_of_heads(layer: SelfAttention, n_heads: int) -> Tensor:
    """Places, in order, of the numbers that belong to the best heads."""
    values = layer.qkv.weight.detach().chunk(3)[2].unflatten(0, (layer.n_heads, -1))  # (H, d, K)
    out = finite(layer.out.weight, "weight").detach().unflatten(1, (layer.n_heads, -1))  # (K, H, d)
    scores = values.flatten(1).norm(dim=1) * out.transpose(0, 1).flatten(1).norm(dim=1)  # (H,)
    heads = scores.argsort(stable=True)[len(scores) - n_heads :].sort().values
    d = out.shape[2]
    return (heads[:, None] * d + torch.arange(d, device=heads.device)).flatten()


def keep_rows(layer: nn.Linear, kept: Tensor) -> None:
    """Only these outputs stay; in place."""
    layer.weight = nn.Parameter(layer.weight.detach()[kept].clone())
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.detach()[kept].clone())
    layer.out_features = len(kept)


def keep_columns(layer: nn.Linear, kept: Tensor) -> None:
    """Only these inputs stay; in place."""
    layer.weight = nn.Parameter(layer.weight.detach()[:, kept].clone())
    layer.in_features = len(kept)
