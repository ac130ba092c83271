"""Item and user vectors: learned, made from features, or both; and what parameters are spent on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from recsys_course.interactions import Interactions


class ItemVectors(nn.Module):
    """Vectors projected from given features, plus, where there are any, learned ones.

    Args:
        features: (n, D) numbers, kept as they are. n_factors: K. ids: the learned vectors; None for none.
    """

    features: Tensor

    def __init__(self, features: np.ndarray, n_factors: int, ids: nn.Embedding | None = None) -> None:
        super().__init__()
        self.register_buffer("features", torch.as_tensor(features, dtype=torch.float32))
        self.project = nn.Linear(features.shape[1], n_factors)
        self.ids = ids

    def forward(self, codes: Tensor) -> Tensor:
        """(...) codes -> (..., K)."""
        made = self.project(self.features[codes])
        return made if self.ids is None else made + self.ids(codes)

    @property
    def weight(self) -> Tensor:
        """(n, K) all of them, as an ``nn.Embedding`` calls its table."""
        made = self.project(self.features)
        return made if self.ids is None else made + self.ids.weight


def embedding(known: np.ndarray, n_factors: int, spread: float = 0.02) -> nn.Embedding:
    """A learned vector for each of n things, of which those marked in (n,) bool have events.

    They start small, so that training starts from nearly equal scores; those without events start at 0,
    and stay there where no loss asks for them.
    """
    table = nn.Embedding(len(known), n_factors)
    nn.init.normal_(table.weight, std=spread)
    table.weight.data[torch.as_tensor(~known)] = 0
    return table


def vectors(
    known: np.ndarray,
    n_factors: int,
    features: Any = None,
    name: str = "features",
    ids: bool = True,
    spread: float = 0.02,
) -> nn.Module:
    """The table for n things: learned vectors, projected features (``ids=False``), or the sum of both.

    Raises:
        ValueError: features that are not n rows of finite numbers; the message calls them by ``name``.
    """
    learned = embedding(known, n_factors, spread) if ids else None
    if features is None and learned is not None:
        return learned
    return ItemVectors(checked(features, len(known), name), n_factors, learned)


def met(data: Interactions, side: Literal["users", "items"] = "items") -> np.ndarray:
    """(n,) bool: which items, or users, have events."""
    n = data.n_items if side == "items" else data.n_users
    return np.bincount(getattr(data, side), minlength=n) > 0


def checked(features: Any, n: int, name: str) -> np.ndarray:
    """(n, D) float32, from an array or a sparse matrix."""
    x = np.asarray(features.toarray() if sparse.issparse(features) else features, dtype=np.float32)
    if x.ndim != 2 or len(x) != n or not x.shape[1]:
        raise ValueError(f"{name}: shape {x.shape}; expected ({n}, columns), a row for each")
    if not np.isfinite(x).all():
        raise ValueError(f"{name}: NaN or infinite; expected finite numbers")
    return x


def tower(n_in: int, layers: Sequence[int], n_out: int) -> nn.Sequential:
    """Layers of these widths with ReLU, and a last one without; none at all where no widths are given."""
    widths = [n_in, *layers]
    steps: list[nn.Module] = []
    for a, b in pairwise(widths):
        steps += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*steps, *([nn.Linear(widths[-1], n_out)] if layers else []))


def check_widths(layers: Any) -> None:
    """Refuse widths of layers that are not whole numbers of at least 1."""
    widths = layers if isinstance(layers, list | tuple) else (None,)
    if not all(isinstance(width, int | np.integer) and width >= 1 for width in widths):
        raise ValueError(f"layers: {layers!r}; expected widths of at least 1, such as (64, 32)")


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
