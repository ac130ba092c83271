"""The torch modules of :class:`.MultiTask`: what goes in, experts, gates, heads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn


class Inputs(nn.Module):
    r"""A user and an item as one vector: :math:`x = [p_u;\ q_i;\ p_u \circ q_i]`.

    p and q are the sum of a vector of the id and a projection of the features, where there are any.

    Args:
        known: "user" and "item" -> (U,) or (I,) bool: which ids have events; the others get zeros.
        features: "user" and "item" -> (U, F) or (I, F), scaled, or None.
        ids: whether ids have vectors. n_factors: K.
    """

    def __init__(
        self,
        known: Mapping[str, np.ndarray],
        features: Mapping[str, np.ndarray | None],
        ids: bool,
        n_factors: int,
    ) -> None:
        super().__init__()
        self.ids, self.projections = nn.ParameterDict(), nn.ParameterDict()
        for side, met in known.items():
            if ids:
                self.ids[side] = 0.1 * torch.randn(len(met), n_factors) * torch.as_tensor(met)[:, None]
            if (x := features[side]) is not None:
                self.register_buffer(f"x_{side}", torch.as_tensor(x, dtype=torch.float32))
                self.projections[side] = torch.randn(x.shape[1], n_factors) / x.shape[1] ** 0.5

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """(b,), (b,) codes -> (b, 3 K)."""
        p, q = self._vector("user", users), self._vector("item", items)
        return torch.cat([p, q, p * q], dim=1)

    def _vector(self, side: str, codes: Tensor) -> Tensor:
        parts = [self.ids[side][codes]] if side in self.ids else []
        if side in self.projections:
            parts.append(self.get_buffer(f"x_{side}")[codes] @ self.projections[side])
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]


class Body(nn.Module):
    """Inputs, E experts, and for each of H heads a gate and a last layer; the inner part of (5.7).

    Args:
        inputs: what makes x, (b, F). n_inputs: F. rates: (H,) shares of ones, strictly between 0 and 1.
        n_experts: E. n_hidden: width of an expert.
    """

    def __init__(
        self, inputs: nn.Module, n_inputs: int, rates: np.ndarray, n_experts: int, n_hidden: int
    ) -> None:
        super().__init__()
        self.inputs, H = inputs, len(rates)
        self.W = nn.Parameter(torch.randn(n_experts, n_inputs, n_hidden) * (2 / n_inputs) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(n_experts, n_hidden))
        self.gate = nn.Parameter(torch.zeros(H, n_inputs, n_experts))
        self.last = nn.Parameter(torch.randn(H, n_hidden) / n_hidden**0.5)
        self.last_bias = nn.Parameter(torch.logit(torch.as_tensor(rates, dtype=torch.float32)))

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """(b,), (b,) codes -> (b, H) log-odds."""
        x = self.inputs(users, items)
        experts = torch.relu(torch.einsum("bf,efw->bew", x, self.W) + self.bias)
        mixed = torch.einsum("bhe,bew->bhw", self._gates(x), experts)
        return (mixed * self.last).sum(-1) + self.last_bias

    def gates_of(self, users: Tensor, items: Tensor) -> Tensor:
        """(b,), (b,) codes -> (b, H, E) what the experts count for each head; the last axis adds up to 1."""
        return self._gates(self.inputs(users, items))

    def _gates(self, x: Tensor) -> Tensor:
        return torch.softmax(torch.einsum("bf,hfe->bhe", x, self.gate), dim=-1)
