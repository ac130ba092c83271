"""A score from layers instead of a product: any function of the two vectors, for a pass a pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from recsys_course.compiled import chunks
from recsys_course.interactions import Interactions
from recsys_course.losses import bce, bpr, full_softmax, sampled_softmax
from recsys_course.neural.batches import Batch, Events, Histories
from recsys_course.neural.recommender import TorchRecommender
from recsys_course.neural.tables import check_widths, met, tower, vectors
from recsys_course.neural.trainable import check_count

CELLS_AT_ONCE = 2**22  # numbers of the first layer held at a time when all items are scored: 16 MB
SPREAD = 0.1  # of the first vectors: from smaller ones the layers see only 0 for many epochs


class PairNet(nn.Module):
    """Layers over a user's vector and an item's, side by side.

    Args:
        users, items: (codes) -> (..., K). n_factors: K. layers: widths, at least one.
    """

    def __init__(self, users: nn.Module, items: nn.Module, n_factors: int, layers: Sequence[int]) -> None:
        super().__init__()
        self.users, self.items = users, items
        self.first_user = nn.Linear(n_factors, layers[0])
        self.first_item = nn.Linear(n_factors, layers[0], bias=False)
        self.rest = nn.Sequential(nn.ReLU(), tower(layers[0], layers[1:], 1) or nn.Linear(layers[0], 1))

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """(m,) users; (m, c) items of each, or (c,) the same for all -> (m, c) scores.

        A layer over [p; q] is one over p plus one over q: each is computed once, not for every pair.
        """
        p = self.first_user(self.users(users))  # (m, H)
        q = self.first_item(self.items(items))  # (m, c, H) or (c, H)
        return self.rest(p[:, None] + q)[..., 0]


@dataclass
class MLPRecommender(TorchRecommender):
    r"""Layers over the vectors of user and item, trained on events and drawn negatives.

    .. math::
        s_{ui} = w^\top \phi(\dots \phi(W_1 [p_u; q_i] + b_1) \dots) + c,
            \qquad \phi(x) = \max(0, x)                                                      \tag{7.5}

    Args:
        n_factors: K. layers: widths, at least one. user_features, item_features: (U, F) and (I, D) numbers,
            projected to K and added to the learned vectors; None for none.
        loss: "bce": yes or no; "bpr": pairs; "sampled": a softmax over the item and what is drawn; "softmax":
            over all items. n_negatives: drawn for each event from what the user has not met, at least 1.
        The rest: see :class:`.TorchRecommender`; ``batch_size`` counts events.

    Attributes:
        module_: the :class:`PairNet`.

    Cost: O(N n_negatives W) an epoch for N events and W weights of the layers; scoring costs O(I W) a user,
        where a product costs O(I K) and can be indexed.
    Book: equation (7.5).
    Source: He et al. 2017 (the MLP of NeuMF). Differs: no second pair of tables with a product beside it; a
        user without events has a zero vector; an event of a user who has met all items is not learned from.
    """

    n_factors: int = 32
    layers: tuple[int, ...] = (64, 32)
    item_features: Any = None
    user_features: Any = None
    loss: Literal["bce", "bpr", "sampled", "softmax"] = "bce"
    n_negatives: int = 4

    def _check_settings(self) -> None:
        for name in ("n_factors", "n_negatives"):
            check_count(name, getattr(self, name))
        check_widths(self.layers)
        if not self.layers:
            raise ValueError("layers: (); expected at least one width, such as (64, 32)")
        if self.loss not in ("bce", "bpr", "sampled", "softmax"):
            raise ValueError(f"loss: {self.loss!r}; expected 'bce', 'bpr', 'sampled' or 'softmax'")

    def _build(self, data: Interactions) -> PairNet:
        K = self.n_factors
        users = vectors(met(data, "users"), K, self.user_features, "user_features", spread=SPREAD)
        items = vectors(met(data), K, self.item_features, "item_features", spread=SPREAD)
        return PairNet(users, items, K, self.layers)

    def _prepare(self, data: Interactions) -> Events:
        able = (
            np.ones(data.n_users, dtype=bool) if self.loss == "softmax" else self._draws_from(data).n_left > 0
        )
        return Events.of(Histories.of(data).to(self.device), torch.from_numpy(able))

    def _questions(self, users: Tensor) -> Batch:
        return Batch(users, torch.full_like(users, -1))

    def logits(self, module: PairNet, batch: Batch) -> Tensor:
        """(m, I), equation (7.5), some rows at a time."""
        items = torch.arange(self.n_items_, device=batch.users.device)
        rows = max(1, CELLS_AT_ONCE // (self.n_items_ * max(self.layers)))
        parts = [module(batch.users[a:b], items) for a, b in chunks(len(batch), rows)]
        return torch.cat(parts) if parts else torch.empty(0, self.n_items_)

    def batch_loss(self, module: PairNet, batch: Batch, rng: torch.Generator) -> Tensor:
        """The event's item against what is drawn, or against all."""
        if self.loss == "softmax":
            return full_softmax(self.logits(module, batch), batch.targets)
        drawn = self.negatives(batch, self.n_negatives, rng)  # (m, n)
        scores = module(batch.users, torch.cat([batch.targets[:, None], drawn], dim=1))  # (m, 1 + n)
        if self.loss == "bpr":
            return bpr(scores[:, 0], scores[:, 1:])
        if self.loss == "sampled":
            return sampled_softmax(scores[:, 0], scores[:, 1:])
        labels = torch.zeros_like(scores)
        labels[:, 0] = 1
        return bce(scores, labels)
