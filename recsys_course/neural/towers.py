"""Two towers: a vector of the user and one of the item, made apart, that meet in one product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from recsys_course.base import check_range
from recsys_course.interactions import Interactions
from recsys_course.losses import in_batch_softmax, softmax_over_table
from recsys_course.neural.batches import Batch, Events, Histories
from recsys_course.neural.recommender import SequenceRecommender
from recsys_course.neural.tables import check_widths, embedding, met, tower, vectors
from recsys_course.neural.trainable import check_count


class TowersNet(nn.Module):
    """Users and items to vectors of one space.

    Args:
        users: (codes) -> (..., K), or None where a user is the mean of the items met. items: likewise.
        n_factors: K. layers: widths on top, the same for both towers; empty for none.
        log_q: (I,) ln of the share of training events that fall on each item.
    """

    log_q: Tensor

    def __init__(
        self, users: nn.Module | None, items: nn.Module, n_factors: int, layers: Sequence[int], log_q: Tensor
    ) -> None:
        super().__init__()
        self.users, self.items = users, items
        self.start = (
            nn.Parameter(0.02 * torch.randn(n_factors)) if users is None else None
        )  # met by everybody
        self.user_tower, self.item_tower = (tower(n_factors, layers, n_factors) for _ in range(2))
        self.register_buffer("log_q", log_q)

    def user_vectors(self, batch: Batch) -> Tensor:
        """(m, K) of length 1: from the user's code, or from the items of the history."""
        x = self.mean_of(batch) if self.users is None else self.users(batch.users)
        return normalize(self.user_tower(x), dim=1)

    def mean_of(self, batch: Batch) -> Tensor:
        """(m, K) mean of the vectors of what was met, and of the start, so that an empty history has one."""
        n = batch.asked.int().argmax(1)[:, None]  # type: ignore[union-attr]  # (m, 1) items of each history
        inside = torch.arange(batch.histories.shape[1], device=n.device) < n  # type: ignore[union-attr]  # (m, L)
        total = (self.items(batch.histories) * inside[:, :, None]).sum(1)  # (m, K)
        return (self.start + total) / (1 + n)

    def item_vectors(self, codes: Tensor | None = None) -> Tensor:
        """(n,) codes, None for all -> (n, K) of length 1."""
        return normalize(self.item_tower(self.items.weight if codes is None else self.items(codes)), dim=1)


@dataclass
class TwoTowers(SequenceRecommender):
    r"""A user's vector times an item's; neither knows of the other until then, so items can be indexed.

    .. math::
        s_{ui} = \frac{f(u)^\top g(i)}{\tau}, \qquad \|f(u)\| = \|g(i)\| = 1                      \tag{7.3}

    Args:
        n_factors: K. layers: widths of each tower, over the learned vectors; empty: none, so
            that the vectors themselves are multiplied.
        item_features: (I, D) numbers, projected to K and added to an item's own vector; None for none.
        user: "id": a learned vector for each user. "history": the mean of the items met before, at most
            ``max_length``, so that anybody with a history can be served (:meth:`score_histories`).
        loss: "in_batch": the items of the other rows are the wrong ones. "full": all items are.
        correct: take ln q off in "in_batch", q being the share of events on an item; without it popular
            items, which are wrong ones more often, end too low.
        temperature: tau, more than 0. max_length: of "history".
        The rest: see :class:`.TorchRecommender`; ``batch_size`` counts events.

    Attributes:
        module_: the :class:`.TowersNet`. item_vectors_: (I, K) g, ready for an index.

    Cost: O(N (batch_size K + the towers)) an epoch for N events, in batch; O(N I K) in full.
    Book: equations (7.3) and (7.4).
    Source: Yi et al. 2019. Differs: one q from the whole log instead of a stream's estimate; a user without
        events has a zero vector, or with "history" that of an empty one.
    """

    n_factors: int = 32
    layers: tuple[int, ...] = ()
    item_features: Any = None
    user: Literal["id", "history"] = "id"
    loss: Literal["in_batch", "full"] = "in_batch"
    correct: bool = True
    temperature: float = 0.1
    max_length: int = 50

    def _check_settings(self) -> None:
        super()._check_settings()
        check_count("n_factors", self.n_factors, "factors,")
        check_range("temperature", self.temperature, 0, "a number", strict=True)
        check_widths(self.layers)
        for name, known in (("user", ("id", "history")), ("loss", ("in_batch", "full"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}: {getattr(self, name)!r}; expected {' or '.join(map(repr, known))}")

    def _build(self, data: Interactions) -> TowersNet:
        K = self.n_factors
        items = vectors(met(data), K, self.item_features, "item_features")
        users = embedding(met(data, "users"), K) if self.user == "id" else None
        share = np.bincount(data.items, minlength=data.n_items) / len(data)
        log_q = torch.as_tensor(np.log(np.maximum(share, 1 / len(data))), dtype=torch.float32)
        return TowersNet(users, items, K, self.layers, log_q)

    def _prepare(self, data: Interactions) -> Events:
        everybody = torch.ones(data.n_users, dtype=torch.bool)
        length = self.max_length if self.user == "history" else None
        return Events.of(Histories.of(data).to(self.device), everybody, length)

    def hidden(self, module: TowersNet, batch: Batch) -> Tensor:
        """(m, K) f(u) / tau."""
        return module.user_vectors(batch) / self.temperature

    def items(self, module: TowersNet) -> Tensor:
        """(I, K) g."""
        return module.item_vectors()

    def logits(self, module: TowersNet, batch: Batch) -> Tensor:
        """(m, I), equation (7.3)."""
        return self.hidden(module, batch) @ self.items(module).T

    def user_vectors(self, users: Any) -> np.ndarray:
        """(B,) user codes -> (B, K) f, to be multiplied with ``item_vectors_``.

        Raises:
            NotFitted: before fit. UnknownId: a code outside the training data.
        """
        self._need_fit()
        net: Any = self.module_
        codes = torch.from_numpy(self._check(users, self.n_users_, "users").astype(np.int64))
        with torch.inference_mode():
            return net.user_vectors(self._questions(codes)).numpy()

    def score_histories(self, histories: Sequence[Any]) -> np.ndarray:
        """As :meth:`~.SequenceRecommender.score_histories`; of user="history" alone, else a ValueError."""
        if self.user != "history":
            raise ValueError(f"user: {self.user!r}; histories of others expected user='history'")
        return super().score_histories(histories)

    def _keep(self, module: nn.Module) -> None:
        super()._keep(module)
        with torch.no_grad():
            self.item_vectors_ = self.items(self.module_).numpy()  # type: ignore[arg-type]

    def batch_loss(self, module: TowersNet, batch: Batch, rng: torch.Generator) -> Tensor:
        """Against the other rows' items, or against all."""
        if self.loss == "full":
            return softmax_over_table(self.hidden(module, batch), self.items(module), batch.targets)
        log_q = module.log_q[batch.targets] if self.correct else None
        users, items = module.user_vectors(batch), module.item_vectors(batch.targets)
        return in_batch_softmax(users, items, log_q, batch.targets, self.temperature)
