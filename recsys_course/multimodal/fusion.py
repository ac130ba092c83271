"""A recommender that learns from modalities and from ids at once."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from recsys_course.base import Recommender, check_range
from recsys_course.compiled import chunks
from recsys_course.interactions import Interactions
from recsys_course.losses import bpr, sampled_softmax
from recsys_course.multimodal.modalities import Modalities, check_modalities, presence, scaled
from recsys_course.multimodal.nets import NETS, Encoded, FusionNet, drop_modalities
from recsys_course.multimodal.settings import training_of
from recsys_course.ranking import coordinates
from recsys_course.sampling import NegativeSampler
from recsys_course.training import Trained, Training, seeded, train

WEIGHTS_AT_ONCE = 2**20  # entries of (users, items, modalities) held at a time: 4 MB
Fusion = Literal["early", "late", "gated", "attention"]


@dataclass
class FusionRecommender(Recommender):
    r"""Taste for what items look, sound and read like, plus what is known of them by their id; (5.3).

    Trained on pairs, with items j drawn evenly among the items of the training log that the user has not met:

    .. math::
        L_{bpr} = -\ln \sigma(s_{ui} - s_{uj}), \qquad
        L_{softmax} = -\ln \frac{e^{s_{ui}}}{e^{s_{ui}} + \sum_j e^{s_{uj}}}                \tag{5.4}

    Args:
        modalities: name -> (I, D_m); a missing vector is a row of NaN. Each is centred and divided by one
            number, see :func:`.scaled`, so that long vectors do not decide.
        fusion: where modalities meet; see :mod:`recsys_course.multimodal.nets`.
        n_factors: K. modality_dropout: chance in [0, 1) that an item's modality, and likewise its id, is
            left out of a training step; where that would leave no modality, all stay.
        id_embedding: learn a vector and a bias for every item with training events. Other items are
            scored by their modalities alone, never drawn as negatives, and their id part is 0.
        loss: "bpr" or "softmax". n_negatives: items j for each event, at least 1.
        n_epochs, learning_rate, batch_size, device: see :class:`.Training`. reg: its weight decay, a
            share ``learning_rate * reg`` of every parameter at each step.
        seed: of the first parameters, of the batches, and of what is drawn.

    Attributes:
        names_: (M,) modalities, in order. net_: the trained :class:`.FusionNet`.
        loss_: (n_epochs,) mean loss.

    Raises:
        ValueError: see :func:`.check_modalities`; an unknown fusion or loss, a number outside its range.
        Diverged: the loss left the finite numbers.

    Cost: O(N n_negatives K sum of D_m) an epoch. Memory: O(U K + I M K); to score, at most
        ``WEIGHTS_AT_ONCE`` weights at a time beside the scores.
    Book: equations (5.3) and (5.4); exercises gate, modality_dropout, attention_fusion.
    Source: He and McAuley 2016 (ids beside features), Arevalo et al. 2017 (gates), Vaswani et al. 2017
        (attention), Neverova et al. 2016 (dropping modalities).
    Differs: users without events have zero vectors and get the items' biases; an event that has no
        possible negative is not learned from.
    """

    modalities: Modalities | None = None
    fusion: Fusion = "gated"
    n_factors: int = 32
    modality_dropout: float = 0.0
    id_embedding: bool = True
    loss: Literal["bpr", "softmax"] = "bpr"
    n_negatives: int = 4
    n_epochs: int = 10
    learning_rate: float = 0.01
    reg: float = 1.0
    batch_size: int = 512
    seed: int = 0
    device: str = "cpu"

    def _fit(self, data: Interactions) -> None:
        features = check_modalities(self.modalities, data.n_items)
        training = self._training()
        met_users = np.bincount(data.users, minlength=data.n_users) > 0
        met_items = np.bincount(data.items, minlength=data.n_items) > 0
        x, there = [scaled(vectors) for vectors in features.values()], presence(features)
        with seeded(self.seed):
            with_id = met_items if self.id_embedding else None
            net = NETS[self.fusion](x, there, met_users, with_id, self.n_factors)
        self.names_ = tuple(features)
        self.loss_ = np.array(self._train(net, data, np.flatnonzero(met_items), training).loss)
        self._keep(net.cpu().eval())

    def _training(self) -> Training:
        """The settings, checked."""
        for name, known in (("fusion", list(NETS)), ("loss", ["bpr", "softmax"])):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}: {getattr(self, name)!r}; expected one of {', '.join(known)}")
        check_range("n_negatives", self.n_negatives, 1, "negatives an event,")
        if not 0 <= self.modality_dropout < 1:
            raise ValueError(f"modality_dropout: {self.modality_dropout}; expected a share in [0, 1)")
        return training_of(self)

    def _train(self, net: FusionNet, data: Interactions, pool: np.ndarray, training: Training) -> Trained:
        """Learn from every pair of the log whose user leaves a negative in the pool."""
        place = np.zeros(data.n_items, dtype=np.int64)
        place[pool] = np.arange(len(pool))  # the items of the log, numbered without gaps
        sampler = NegativeSampler(replace(data, items=place[data.items], n_items=len(pool), item_ids=None))
        users, items = (codes.astype(np.int64) for codes in coordinates(self.seen_))
        able = sampler.n_left[users] > 0
        users, items = users[able], items[able]
        if not len(users):
            return Trained([], [], -1)

        def loss(module: Any, rows: Tensor, rng: torch.Generator) -> Tensor:
            picked = rows.cpu().numpy()
            chance = np.random.default_rng(int(torch.randint(2**62, (1,), generator=rng)))
            against = pool[sampler.draw(users[picked], self.n_negatives, chance)]  # (b, n)
            listed = np.column_stack([items[picked], against])  # (b, 1 + n) the event's item first
            who, what = torch.as_tensor(users[picked]), torch.as_tensor(listed)
            return self._loss(module, who.to(rows.device), what.to(rows.device), rng)

        return train(net, loss, len(users), training, what=f"{self.fusion} fusion")

    def _loss(self, net: FusionNet, users: Tensor, items: Tensor, rng: torch.Generator) -> Tensor:
        """Mean of (5.4) over the batch."""
        kept = kept_id = None
        if self.modality_dropout:
            kept = drop_modalities(net.there[items], self.modality_dropout, rng)
            kept_id = (torch.rand(items.shape, generator=rng) >= self.modality_dropout).to(items.device)
        scores = net(users, items, kept, kept_id)  # (b, 1 + n)
        return (sampled_softmax if self.loss == "softmax" else bpr)(scores[:, 0], scores[:, 1:])

    def _keep(self, net: FusionNet) -> None:
        """The trained net, and its items encoded once for all users."""
        self.net_ = net
        with torch.no_grad():
            self.encoded_ = net.encode(torch.arange(self.n_items_))

    def _score(self, users: np.ndarray) -> np.ndarray:
        scores = np.empty((len(users), self.n_items_), dtype=np.float32)
        with torch.inference_mode():
            for a, b in chunks(len(users), max(1, WEIGHTS_AT_ONCE // (self.n_items_ * len(self.names_)))):
                p = self.net_.tastes(torch.as_tensor(users[a:b].astype(np.int64)))
                scores[a:b] = self.net_.combine(p, self.encoded_).numpy()
        return scores

    def weights_of(self, items: Any = None) -> np.ndarray:
        """(N,) items, all if None -> (N, M) what their modalities weigh, the same for every user.

        Rows add up to 1; what an item lacks has 0, and an item without any modality zeros.

        Raises:
            NotFitted: before fit. UnknownId: no such item. ValueError: of "early" and "attention", which
                have no such weights.
        """
        self._need_fit()
        if self.fusion not in ("gated", "late"):
            raise ValueError(f"fusion: {self.fusion!r}; weights of items alone expected 'gated' or 'late'")
        codes = np.arange(self.n_items_) if items is None else self._check(items, self.n_items_, "items")
        return self.encoded_.to_weigh.numpy()[codes]

    def attention_of(self, users: Any, items: Any) -> np.ndarray:
        """(B,) users and (N,) items -> (B, N, M) attention; rows add up to 1, what is missing has 0.

        Raises:
            NotFitted: before fit. UnknownId: a code outside the training data. ValueError: of another fusion.
        """
        self._need_fit()
        if self.fusion != "attention":
            raise ValueError(
                f"fusion: {self.fusion!r}; expected 'attention', which alone depends on the user"
            )
        who = torch.as_tensor(self._check(users, self.n_users_, "users").astype(np.int64))
        what = torch.as_tensor(self._check(items, self.n_items_, "items").astype(np.int64))
        with torch.no_grad():
            asked = Encoded(*(part[what] for part in self.encoded_))
            return self.net_.weigh(self.net_.P[who], asked).numpy()

    def without(self, *names: str) -> Self:
        """A copy of the fitted model to which these modalities are missing: what are they worth?

        Raises:
            NotFitted: before fit. ValueError: a name that is no modality.
        """
        self._need_fit()
        net = deepcopy(self.net_)
        for name in names:
            if name not in self.names_:
                raise ValueError(f"names: no modality {name!r}; there are: {', '.join(self.names_)}")
            net.there[:, self.names_.index(name)] = False
        other = copy(self)
        other._keep(net)
        return other
