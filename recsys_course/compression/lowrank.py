"""A matrix as the product of two thin ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from recsys_course.compression.layers import check_between, copy_of, finite, layers_of, replaced


def truncated_svd(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    r"""(m, n) -> A (m, rank) and B (rank, n) whose product is nearest to it in squared error.

    .. math:: \|M - A B\|_F^2 = \sum_{j > rank} \sigma_j^2                                   \tag{10.7}

    A and B share the singular values evenly, so that both are trained on at a like pace.

    Raises:
        ValueError: a rank below 1 or above min(m, n); numbers that are not finite.

    Source: Eckart and Young 1936. Cost: O(m n min(m, n)).
    """
    check_between("rank", rank, 1, min(matrix.shape), f" for a matrix of {tuple(matrix.shape)}")
    U, s, Vt = torch.linalg.svd(finite(matrix, "matrix").detach().float(), full_matrices=False)
    root = s[:rank].sqrt()
    return U[:, :rank] * root, root[:, None] * Vt[:rank]


def svd_linear(layer: nn.Linear, rank: int) -> nn.Sequential:
    """Two linear layers, (in -> rank) without bias and (rank -> out), nearest to the one.

    rank (in + out) numbers for in x out: fewer only below rank in out / (in + out).

    Raises:
        ValueError: see :func:`truncated_svd`. TypeError: another kind of layer.
    """
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"layer: {type(layer).__name__}; expected a linear layer")
    A, B = truncated_svd(layer.weight, rank)
    first = nn.Linear(layer.in_features, rank, bias=False)
    second = nn.Linear(rank, layer.out_features, bias=layer.bias is not None)
    first.weight.data, second.weight.data = B, A
    if layer.bias is not None:
        second.bias.data = layer.bias.detach().clone()
    return nn.Sequential(first, second).to(layer.weight.device).train(layer.training)


def factorize(
    module: nn.Module, rank: int | Mapping[str, int], only: Iterable[str] | str | None = None
) -> nn.Module:
    """A copy with :func:`svd_linear` for its linear layers; ``rank`` for all of them, or by name.

    Raises:
        ValueError: no such layer, or a rank outside a layer's range.
    """
    names = list(rank) if isinstance(rank, Mapping) else only
    found = layers_of(copy_of(module), (nn.Linear,), names)
    ranks = rank if isinstance(rank, Mapping) else dict.fromkeys(found, rank)
    return replaced(copy_of(module), {name: svd_linear(layer, ranks[name]) for name, layer in found.items()})
