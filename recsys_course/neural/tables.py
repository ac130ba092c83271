"""Item and user vectors: learned, made from features, or both; and what parameters are spent on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class ItemVectors(nn.Module):
    """A vector for each of n things: learned by code, projected from given features, or the sum of both.

    Args:
        n: rows. n_factors: K. features: (n, D) numbers, kept as they are; None for none.
        ids: learn a vector for each; without features they are all there is.
        known: (n,) bool, which have events; the learned vectors of the others stay 0 beside features.
    """

    features: Tensor

    def __init__(
        self, n: int, n_factors: int, features: np.ndarray, ids: bool = True, known: np.ndarray | None = None
    ) -> None:
        super().__init__()
        self.register_buffer("features", torch.as_tensor(features, dtype=torch.float32))
        self.project = nn.Linear(features.shape[1], n_factors)
        self.ids = embedding(n, n_factors) if ids else None
        if self.ids is not None and known is not None:
            self.ids.weight.data[torch.as_tensor(~known)] = 0

    def forward(self, codes: Tensor) -> Tensor:
        """(...) codes -> (..., K)."""
        made = self.project(self.features[codes])
        return made if self.ids is None else made + self.ids(codes)

    def table(self) -> Tensor:
        """(n, K) all of them."""
        made = self.project(self.features)
        return made if self.ids is None else made + vectors_of(self.ids)


def embedding(n: int, n_factors: int) -> nn.Embedding:
    """n learned vectors that start small, so that training starts from nearly equal scores."""
    table = nn.Embedding(n, n_factors)
    nn.init.normal_(table.weight, std=0.02)
    return table


def vectors_of(items: Any) -> Tensor:
    """(n, K) all rows of an embedding, or of what takes its place and has a method ``table``."""
    return items.table() if hasattr(items, "table") else items.weight


def n_parameters(module: nn.Module) -> dict[str, int]:
    """Trainable numbers by name, largest first."""
    sizes = {name: p.numel() for name, p in module.named_parameters() if p.requires_grad}
    return dict(sorted(sizes.items(), key=lambda entry: -entry[1]))


def share_of_embeddings(module: nn.Module) -> float:
    """Share of the trainable numbers that stand in ``nn.Embedding`` tables, 0..1.

    Raises:
        ValueError: the module has no trainable numbers.
    """
    tables = {id(table.weight) for table in module.modules() if isinstance(table, nn.Embedding)}
    sizes = [(p.numel(), id(p) in tables) for p in module.parameters() if p.requires_grad]
    if not sizes:
        raise ValueError("module: no parameters; expected something to share out")
    return sum(n for n, in_table in sizes if in_table) / sum(n for n, _ in sizes)
