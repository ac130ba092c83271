r"""Four places where modalities can meet, as torch modules with one way to score.

Every score has the form of (5.3): a taste of the user's vector :math:`p_u` for the M vectors of the item,
weighted by :math:`\alpha`, plus what is known of the item by its id alone:

.. math::
    s_{ui} = \sum_m \alpha_{uim}\, p_{um}^\top z_{im} + p_u^\top e_i + b_i               \tag{5.3}

- early: one vector, two layers over the concatenation (5.2); its weight is 1.
- late: :math:`z_{im} = W_m x_{im}`, users have a vector :math:`p_{um}` for each modality; equal shares (5.1).
- gated: :math:`z_{im} = \tanh(W_m x_{im})`; weights are the softmax over m of
  :math:`c_m + \sum_{m'} g_{mm'}^\top x_{im'}`, the same for every user.
- attention: :math:`z_{im} = \tanh(W_m x_{im})`; weights are the softmax over m of
  :math:`c_m + (T p_u)^\top (A_m x_{im} + k_m) / \sqrt K`.

The softmax runs over what the item has; what it lacks has weight 0 exactly. An item without any
modality has the id part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import embedding

FIRST = 0.01  # spread of the first user vectors: small, so that training starts from equal scores


class Encoded(NamedTuple):
    """n items ready to be scored, for all users alike (n, ...) or for each of b users (b, n, ...)."""

    z: torch.Tensor  # (..., n, G, K) vectors of the modalities; G = 1 for early
    to_weigh: torch.Tensor  # (..., n, G) weights, or for attention the keys (..., n, G, K)
    kept: torch.Tensor  # (..., n, M) which modalities count
    ids: torch.Tensor  # (..., n, K), 0 for items without an id
    bias: torch.Tensor  # (..., n)


class FusionNet(nn.Module):
    """What the four share: users, ids, projections, and the score (5.3).

    Args:
        features: M arrays (I, D_m), scaled, 0 where missing. there: (I, M) which are not missing.
        known_users: (U,) bool, those with events; the others get zeros and stay there.
        known_items: (I,) bool, likewise for ids; None leaves ids out.
        n_factors: K.
    """

    own_user_vectors = False  # one user vector for all modalities, not one for each
    there: torch.Tensor
    known: torch.Tensor

    def __init__(
        self,
        features: Sequence[np.ndarray],
        there: np.ndarray,
        known_users: np.ndarray,
        known_items: np.ndarray | None,
        n_factors: int,
    ) -> None:
        super().__init__()
        self.M, self.K = len(features), n_factors
        for m, x in enumerate(features):
            self.register_buffer(f"x{m}", torch.as_tensor(x, dtype=torch.float32))
        self.register_buffer("there", torch.as_tensor(there))
        groups = self.M + 1 if self.own_user_vectors else 1
        self.P = nn.Parameter(FIRST * torch.randn(len(known_users), groups, n_factors))
        self.P.data[torch.as_tensor(~known_users)] = 0
        self.W = nn.ParameterList(_weights(x.shape[1], n_factors) for x in features)
        self.has_ids = known_items is not None
        if known_items is not None:
            self.register_buffer("known", torch.as_tensor(known_items)[:, None].float())
            self.ids = nn.Parameter(torch.zeros(len(known_items), n_factors + 1))  # vector and bias

    def forward(
        self,
        users: torch.Tensor,
        items: torch.Tensor,
        kept: torch.Tensor | None = None,
        kept_id: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """(b,) users and items, (n,) the same for all or (b, n) their own -> (b, n) scores.

        Args:
            kept: (..., n, M) bool, modalities to use; None: all that are there.
            kept_id: (..., n) bool, items whose id may be used; None: all.
        """
        return self.combine(self.tastes(users), self.encode(items, kept, kept_id))

    def tastes(self, users: torch.Tensor) -> torch.Tensor:
        """(b,) users -> (b, G, K) their vectors."""
        return embedding(users, self.P.flatten(1)).unflatten(1, self.P.shape[1:])

    def encode(
        self, items: torch.Tensor, kept: torch.Tensor | None = None, kept_id: torch.Tensor | None = None
    ) -> Encoded:
        """Everything of (5.3) that does not depend on the user."""
        kept = self.there[items] if kept is None else kept
        x = [self.get_buffer(f"x{m}")[items] * kept[..., m, None] for m in range(self.M)]  # (..., n, D_m)
        ids, bias = self._ids(items, kept_id)
        return Encoded(self.vectors(x, kept), self.to_weigh(x, kept), kept, ids, bias)

    def combine(self, p: torch.Tensor, items: Encoded) -> torch.Tensor:
        """(b, G, K) user vectors and n encoded items -> (b, n) scores, (5.3)."""
        n = "bn" if items.z.dim() == 4 else "n"  # each user's own items, or the same for all
        taste = p[:, : self.M] if self.own_user_vectors else p.expand(-1, items.z.shape[-2], -1)
        dots = torch.einsum(f"bgk,{n}gk->bng", taste, items.z)
        scores = (dots * self.weigh(p, items)).sum(-1)
        if not self.has_ids:
            return scores
        return scores + torch.einsum(f"bk,{n}k->bn", p[:, -1], items.ids) + items.bias

    def _ids(self, items: torch.Tensor, kept_id: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.has_ids:
            return torch.zeros(*items.shape, 0), torch.zeros(items.shape)
        known = self.known[items] if kept_id is None else self.known[items] * kept_id[..., None]
        rows = embedding(items, self.ids) * known  # (..., n, K + 1); its backward is faster than indexing's
        return rows[..., :-1], rows[..., -1]

    def vectors(self, x: list[torch.Tensor], kept: torch.Tensor) -> torch.Tensor:
        """M features (..., n, D_m), 0 where not kept -> (..., n, G, K)."""
        return torch.tanh(projected(x, self.W))

    def to_weigh(self, x: list[torch.Tensor], kept: torch.Tensor) -> torch.Tensor:
        """What the weights are made of."""
        raise NotImplementedError

    def weigh(self, p: torch.Tensor, items: Encoded) -> torch.Tensor:
        """(b | 1, n, G) weights; of most fusions they do not depend on the user."""
        return items.to_weigh


class Early(FusionNet):
    """Features meet first: one network reads them all."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.hidden = nn.Parameter(torch.zeros(self.K))
        self.out = _weights(self.K, self.K)

    def vectors(self, x: list[torch.Tensor], kept: torch.Tensor) -> torch.Tensor:
        """(..., n, 1, K): one vector of the concatenation, of (5.2) with equal weights."""
        scale = (self.M / kept.sum(-1, keepdim=True).clamp(min=1)).sqrt()  # (..., n, 1)
        joint = projected(x, self.W).sum(-2) * scale  # the concatenation times [W_1; ...; W_M]
        return (torch.relu(joint + self.hidden) @ self.out)[..., None, :]

    def to_weigh(self, x: list[torch.Tensor], kept: torch.Tensor) -> torch.Tensor:
        """(..., n, 1): 1, or 0 for an item without any modality."""
        return kept.any(-1, keepdim=True).float()


class Late(FusionNet):
    """Scores meet last: each modality has its own users and items."""

    own_user_vectors = True

    def vectors(self, x: list[torch.Tensor], kept: torch.Tensor) -> torch.Tensor:
        """(..., n, M, K), linear: nothing weighs one modality against another."""
        return projected(x, self.W)

    def to_weigh(self, x: list[torch.Tensor], kept: torch.Tensor) -> torch.Tensor:
        """(..., n, M) equal shares of what is kept."""
        return kept / kept.sum(-1, keepdim=True).clamp(min=1)


class Gated(FusionNet):
    """The item's features decide which of its modalities count."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.gate = nn.ParameterList(torch.zeros(W.shape[0], self.M) for W in self.W)
        self.gate_bias = nn.Parameter(torch.zeros(self.M))

    def to_weigh(self, x: list[torch.Tensor], kept: torch.Tensor) -> torch.Tensor:
        """(..., n, M) the gate."""
        logits = sum(x_m @ G for x_m, G in zip(x, self.gate, strict=True)) + self.gate_bias  # (..., n, M)
        return masked_softmax(logits, kept)


class Attention(FusionNet):
    """User and item together decide which modality counts."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.query = _weights(self.K, self.K)
        self.key = nn.ParameterList(_weights(W.shape[0], self.K) for W in self.W)
        self.key_bias = nn.Parameter(torch.zeros(self.M, self.K))
        self.weight_bias = nn.Parameter(torch.zeros(self.M))

    def to_weigh(self, x: list[torch.Tensor], kept: torch.Tensor) -> torch.Tensor:
        """(..., n, M, K) keys."""
        return projected(x, self.key) + self.key_bias

    def weigh(self, p: torch.Tensor, items: Encoded) -> torch.Tensor:
        """(b, n, M) softmax of the products of a user's query and the keys."""
        n = "bn" if items.z.dim() == 4 else "n"
        logits = torch.einsum(f"bk,{n}mk->bnm", p[:, 0] @ self.query, items.to_weigh) / self.K**0.5
        return masked_softmax(logits + self.weight_bias, items.kept)


NETS = {"early": Early, "late": Late, "gated": Gated, "attention": Attention}


def projected(x: list[torch.Tensor], W: nn.ParameterList) -> torch.Tensor:
    """M features (..., D_m) and M matrices (D_m, K) -> (..., M, K)."""
    return torch.stack([x_m @ W_m for x_m, W_m in zip(x, W, strict=True)], dim=-2)


def masked_softmax(logits: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Softmax over the last axis among what is kept, 0 elsewhere; all 0 where nothing is kept."""
    logits = logits.masked_fill(~kept, -torch.inf)
    top = logits.amax(-1, keepdim=True).clamp(min=torch.finfo(logits.dtype).min)  # -inf - -inf would be NaN
    e = torch.exp(logits - top)
    return e / e.sum(-1, keepdim=True).clamp(min=torch.finfo(logits.dtype).tiny)


def drop_modalities(there: torch.Tensor, share: float, rng: torch.Generator) -> torch.Tensor:
    """(..., M) bool: each True becomes False with chance ``share``; a row that would lose all keeps all.

    Source: Neverova et al. 2016.
    """
    drawn = torch.rand(there.shape, generator=rng).to(there.device) >= share
    kept = there & drawn
    return torch.where(kept.any(-1, keepdim=True), kept, there)


def _weights(n_in: int, n_out: int) -> nn.Parameter:
    """First weights that keep the variance of their input."""
    return nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
