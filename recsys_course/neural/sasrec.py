"""SASRec: the next item from the ones before it, by attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from recsys_course.interactions import Interactions
from recsys_course.losses import bce, sampled_softmax, softmax_over_table
from recsys_course.neural.attention import SASRecNet
from recsys_course.neural.batches import Batch, Histories, Windows
from recsys_course.neural.recommender import SequenceRecommender
from recsys_course.neural.tables import met, vectors
from recsys_course.neural.trainable import check_count


@dataclass
class SASRec(SequenceRecommender):
    r"""Self-attention over what was met, the latest item last; a vector after each item, and its products.

    .. math::
        s_{ti} = h_t^\top e_i, \qquad h = \text{blocks}(e_{x_1} + p_1, e_{x_2} + p_2, \dots)     \tag{7.2}

    Args:
        n_factors: K, divisible by ``n_heads``. n_layers: blocks. n_heads: heads of attention in each.
        max_length: items of a history that are looked at.
        n_hidden: width inside a block's feed-forward layers; None means K.
        dropout: share of numbers set to 0 in a training step, in [0, 1).
        loss: "softmax" over all items; "sampled": over the target and ``n_negatives`` drawn evenly from what
            the user has not met; "bce": yes or no for the target and each of these.
        n_negatives: of "sampled" and "bce"; at least 1.
        item_vectors: (I, D) given vectors, for example of the items' texts, projected to K; None for none.
        ids: learn a vector for each item by its code, beside ``item_vectors``.
        The rest: see :class:`.TorchRecommender`; ``batch_size`` counts windows of histories.

    Attributes:
        module_: the :class:`.SASRecNet`.

    Cost: O(N (I K + n_layers (K^2 + max_length K))) an epoch for N events; the losses of drawn items score
        n_negatives in place of I, and touch the table once a step all the same. Memory of a step:
        O(batch_size max_length K), and ``LOGITS_AT_ONCE`` scores.
    Book: equations (7.1) and (7.2).
    Source: Kang and McAuley 2018.
    Differs: a learned start stands before the first item, so that the first is a target too and a user
        without history gets scores; what is longer than ``max_length`` is cut into windows that overlap by
        half, in which each event is a target once (see :class:`.Windows`), not cut off; normalises before
        each layer; no dropout on attention weights, which keeps the fused kernel; a softmax over all items
        is the default loss, which learns more an epoch than drawn ones (Klenitskiy and Vasilev 2023).
    """

    n_factors: int = 64
    n_layers: int = 2
    n_heads: int = 1
    max_length: int = 50
    n_hidden: int | None = None
    dropout: float = 0.2
    loss: Literal["softmax", "sampled", "bce"] = "softmax"
    n_negatives: int = 64
    item_vectors: np.ndarray | None = None
    ids: bool = True

    @classmethod
    def small(cls, **settings: Any) -> Self:
        """One block of 16 factors: a student."""
        return cls(**{"n_factors": 16, "n_layers": 1} | settings)

    @classmethod
    def large(cls, **settings: Any) -> Self:
        """Two blocks of 128 factors and two heads: a teacher."""
        return cls(**{"n_factors": 128, "n_layers": 2, "n_heads": 2} | settings)

    def _check_settings(self) -> None:
        super()._check_settings()
        for name in ("n_factors", "n_layers", "n_heads", "n_negatives"):
            check_count(name, getattr(self, name))
        if self.n_factors % self.n_heads:
            raise ValueError(f"n_heads: {self.n_heads}; expected a divisor of n_factors={self.n_factors}")
        if self.n_hidden is not None:
            check_count("n_hidden", self.n_hidden, "a width of")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout: {self.dropout}; expected a share in [0, 1)")
        if self.loss not in ("softmax", "sampled", "bce"):
            raise ValueError(f"loss: {self.loss!r}; expected 'softmax', 'sampled' or 'bce'")
        if not self.ids and self.item_vectors is None:
            raise ValueError("ids: False; expected item_vectors, as something must stand for an item")

    def _build(self, data: Interactions) -> SASRecNet:
        return SASRecNet(
            vectors(met(data), self.n_factors, self.item_vectors, "item_vectors", self.ids),
            self.n_factors,
            self.max_length,
            self.n_layers,
            self.n_heads,
            self.n_hidden or self.n_factors,
            self.dropout,
        )

    def _prepare(self, data: Interactions) -> Windows:
        windows = Windows.cut(
            Histories.of(data).to(self.device), self.max_length, max(1, self.max_length // 2)
        )
        if self.loss == "softmax":
            return windows
        able = torch.from_numpy(self._draws_from(data).n_left > 0)  # nothing can be drawn for who has met all
        return windows.of_users(able)

    def hidden(self, module: SASRecNet, batch: Batch) -> Tensor:
        """(m, K) vectors at the places that are asked for."""
        return module(batch.histories)[batch.asked]

    def items(self, module: SASRecNet) -> Tensor:
        """(I, K) the item vectors, the same that come in."""
        return module.item_table()

    def logits(self, module: SASRecNet, batch: Batch) -> Tensor:
        """(m, I), equation (7.2)."""
        return self.hidden(module, batch) @ self.items(module).T

    def batch_loss(self, module: SASRecNet, batch: Batch, rng: torch.Generator) -> Tensor:
        """Over all items, or over the target and what is drawn."""
        h, table = self.hidden(module, batch), self.items(module)  # (m, K), (I, K)
        if self.loss == "softmax":
            return softmax_over_table(h, table, batch.targets)
        drawn = self.negatives(batch, self.n_negatives, rng)  # (m, n)
        positive = (h * table[batch.targets]).sum(1)  # (m,)
        negative = torch.einsum("mk,mnk->mn", h, table[drawn])
        if self.loss == "sampled":
            return sampled_softmax(positive, negative)
        return bce(positive, torch.ones_like(positive)) + bce(negative, torch.zeros_like(negative))
