"""Several answers predicted by one network: will it be clicked, will it be bought?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self
from zlib import crc32

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from recsys_course.base import NotFitted, check_range
from recsys_course.compiled import chunks
from recsys_course.ids import UnknownId
from recsys_course.multimodal.bodies import Body, Inputs
from recsys_course.multimodal.modalities import check_modalities, scaled
from recsys_course.multimodal.settings import training_of
from recsys_course.training import Training, seeded, train

ROWS_AT_ONCE = 2**15  # pairs predicted at a time
Shared = Literal["bottom", "mmoe", "none"]


@dataclass
class MultiTask:
    r"""A head for each answer, on one body, on experts that each head mixes, or on bodies of their own.

    With :math:`x = [p_u; q_i; p_u \circ q_i]`, layers :math:`f_e(x) = \max(0, W_e x + b_e)` and, for
    head h, last weights :math:`v_h`:

    .. math::
        \hat y_h = \sigma\Bigl(v_h^\top \sum_e g_{he}(x)\, f_e(x) + c_h\Bigr), \qquad
        g_h(x) = \operatorname{softmax}(G_h x), \qquad
        L = \sum_h \lambda_h \operatorname{mean}_n \operatorname{BCE}(y_{hn}, \hat y_{hn})     \tag{5.7}

    Args:
        user_features, item_features: (U, F) and (I, F) numbers without gaps, or None; scaled as
            modalities are, see :func:`.scaled`.
        ids: learn a vector for every user and item with events. Without ids both sides need features.
        heads: columns of the log to predict, 0 or 1 each; NaN is not known and not counted.
        shared: "bottom": one layer for all heads. "mmoe": ``n_experts`` layers, a gate for each head.
            "none": every head has all to itself, ids too, as if trained alone.
        weights: head -> lambda, more than 0; None means 1 each.
        n_factors: K, length of p and q. n_hidden: width of a layer. n_experts: E of "mmoe".
        n_epochs, learning_rate, batch_size, device: see :class:`.Training`. reg: its weight decay.
        seed: of the first parameters and of the batches.

    Attributes:
        net_: the bodies. loss_: (n_epochs,) mean loss. rates_: head -> share of ones in the log.

    Raises:
        ValueError: a column that is missing, labels other than 0, 1 and NaN, a head of one class, a setting
            outside its range; neither ids nor features. Diverged: the loss left the finite numbers.

    Cost: O(N (K + E K H)) an epoch for N rows and width H.
    Book: equation (5.7).
    Source: Caruana 1997 (shared bottom), Ma, Zhao et al. 2018 (MMoE). Differs: experts of one layer, heads
        of one weight vector; :math:`c_h` starts at the log-odds of the head's share of ones.
    """

    user_features: np.ndarray | None = None
    item_features: np.ndarray | None = None
    ids: bool = True
    heads: tuple[str, ...] = ("click", "purchase")
    shared: Shared = "bottom"
    weights: Mapping[str, float] | None = None
    n_factors: int = 16
    n_hidden: int = 32
    n_experts: int = 4
    n_epochs: int = 5
    learning_rate: float = 0.003
    reg: float = 0.1
    batch_size: int = 512
    seed: int = 0
    device: str = "cpu"

    def fit(self, events: pd.DataFrame, n_users: int | None = None, n_items: int | None = None) -> Self:
        """Learn from a table with columns user and item (codes) and one column for each head.

        Args:
            events: one row an exposure, as :meth:`.Slates.frame` gives it.
            n_users, n_items: sizes of the id space; None means the rows of the features, else the
                largest code + 1.
        """
        training, weights = self._settings()
        labels = self._labels(events)  # (N, H)
        codes, sizes = self._codes_of(events, {"user": n_users, "item": n_items})
        self.rates_ = dict(zip(self.heads, np.nanmean(labels, axis=0).tolist(), strict=True))
        net = nn.ModuleList(self._body(group, codes, sizes) for group in self._groups())
        users, items, y = (torch.as_tensor(x).to(self.device) for x in (codes["user"], codes["item"], labels))

        def loss(net: Any, rows: Tensor, rng: torch.Generator) -> Tensor:
            logits = torch.cat([body(users[rows], items[rows]) for body in net], dim=1)  # (b, H)
            return (head_losses(logits, y[rows]) * weights.to(rows.device)).sum()

        self.loss_ = np.array(train(net, loss, len(labels), training, what=f"{self.shared} heads").loss)
        self.net_: Any = net.cpu()
        self._sizes = sizes
        return self

    def predict(self, users: Any, items: Any) -> dict[str, np.ndarray]:
        """(N,) users and items -> head -> (N,) probabilities.

        Raises:
            NotFitted: before fit. UnknownId: a code outside the id space. ValueError: other lengths.
            TypeError: codes that are not integers.
        """
        logits = self._over(users, items, lambda u, i: torch.cat([body(u, i) for body in self.net_], dim=1))
        return dict(zip(self.heads, torch.sigmoid(logits).numpy().T, strict=True))

    def gates_of(self, users: Any, items: Any) -> dict[str, np.ndarray]:
        """(N,) users and items -> head -> (N, E) what each expert counts, adding up to 1; of "mmoe" alone."""
        if self.shared != "mmoe":
            raise ValueError(f"shared: {self.shared!r}; gates expected 'mmoe'")
        gates = self._over(users, items, lambda u, i: self.net_[0].gates_of(u, i))  # (N, H, E)
        return {head: gates[:, h].numpy() for h, head in enumerate(self.heads)}

    def _settings(self) -> tuple[Training, Tensor]:
        """What trains, and (H,) the heads' weights, checked."""
        if not self.heads or isinstance(self.heads, str) or len(set(self.heads)) < len(self.heads):
            raise ValueError(
                f"heads: {self.heads!r}; expected a tuple of different column names, at least one"
            )
        if self.shared not in Shared.__args__:  # type: ignore[attr-defined]
            raise ValueError(f"shared: {self.shared!r}; expected 'bottom', 'mmoe' or 'none'")
        for name in ("n_hidden", "n_experts"):
            check_range(name, getattr(self, name), 1, "a size of")
        if not self.ids and (self.user_features is None or self.item_features is None):
            raise ValueError("ids: False; expected user_features and item_features, as something must go in")
        given = dict.fromkeys(self.heads, 1.0) if self.weights is None else dict(self.weights)
        if set(given) != set(self.heads) or not all(0 < w < np.inf for w in given.values()):
            raise ValueError(
                f"weights: {given}; expected a number above 0 for each of {', '.join(self.heads)}"
            )
        return training_of(self), torch.tensor([given[head] for head in self.heads])

    def _labels(self, events: pd.DataFrame) -> np.ndarray:
        """(N, H) float32 of 0, 1 and NaN."""
        for name in ("user", "item", *self.heads):
            if name not in events:
                raise ValueError(f"events: no column {name!r}; there are: {', '.join(map(str, events))}")
        if not len(events):
            raise ValueError("events: no rows; expected at least one exposure")
        labels = events[list(self.heads)].to_numpy(dtype=np.float32, copy=True)  # torch wants to own it
        for head, y in zip(self.heads, labels.T, strict=True):
            known = y[~np.isnan(y)]
            if not np.isin(known, (0, 1)).all():
                raise ValueError(f"{head}: {known[~np.isin(known, (0, 1))][0]:g}; expected 0, 1 or NaN")
            if len(np.unique(known)) < 2:
                raise ValueError(f"{head}: {len(np.unique(known))} of the classes 0 and 1; expected both")
        return labels

    def _codes_of(
        self, events: pd.DataFrame, sizes: Mapping[str, int | None]
    ) -> tuple[dict[str, np.ndarray], dict[str, int]]:
        """The columns of codes, and U and I."""
        codes, found = {}, {}
        for side, n in sizes.items():
            codes[side] = events[side].to_numpy()
            if not np.issubdtype(codes[side].dtype, np.integer):
                raise TypeError(f"{side}: dtype {codes[side].dtype}; expected integer codes")
            features, largest = self._features(side), int(codes[side].max())
            if n is None:
                n = largest + 1 if features is None else len(features)
            if features is not None and len(features) != n:
                raise ValueError(f"{side}_features: {len(features)} rows; expected {n}, one per {side}")
            if codes[side].min() < 0 or largest >= n:
                raise ValueError(f"{side}: codes {codes[side].min()}..{largest}; expected 0..{n - 1}")
            codes[side], found[side] = codes[side].astype(np.int64), n  # a copy, which torch may write to
        return codes, found

    def _features(self, side: str) -> np.ndarray | None:
        features = self.user_features if side == "user" else self.item_features
        if features is None:
            return None
        checked = check_modalities({side: features})[side]
        if np.isnan(checked).any():
            raise ValueError(f"{side}_features: rows of NaN; expected numbers for every {side}")
        return checked

    def _groups(self) -> list[tuple[str, ...]]:
        """Which heads share a body."""
        return [(head,) for head in self.heads] if self.shared == "none" else [tuple(self.heads)]

    def _body(
        self, group: tuple[str, ...], codes: Mapping[str, np.ndarray], sizes: Mapping[str, int]
    ) -> Body:
        """A body whose first parameters depend on the seed and the names of its heads alone."""
        known = {side: np.bincount(codes[side], minlength=n) > 0 for side, n in sizes.items()}
        features = {side: None if (x := self._features(side)) is None else scaled(x) for side in sizes}
        rates = np.array([self.rates_[head] for head in group])
        n_experts = self.n_experts if self.shared == "mmoe" else 1
        with seeded(self.seed + crc32("/".join(group).encode())):
            inputs = Inputs(known, features, self.ids, self.n_factors)
            return Body(inputs, 3 * self.n_factors, rates, n_experts, self.n_hidden)

    def _over(self, users: Any, items: Any, answer: Any) -> Tensor:
        """(N, ...) answers about N pairs, a bounded number at a time."""
        if not hasattr(self, "net_"):
            raise NotFitted("MultiTask is not fitted; call fit(events) first")
        users, items = np.atleast_1d(np.asarray(users)), np.atleast_1d(np.asarray(items))
        if users.shape != items.shape or users.ndim != 1:
            raise ValueError(f"items: shape {items.shape}; expected {users.shape}, one item a user")
        for side, codes in (("user", users), ("item", items)):
            if codes.size and not np.issubdtype(codes.dtype, np.integer):
                raise TypeError(f"{side}s: dtype {codes.dtype}; expected integer codes")
            if codes.size and not 0 <= codes.min() <= codes.max() < self._sizes[side]:
                raise UnknownId(
                    f"{side}s: codes {codes.min()}..{codes.max()}; expected 0..{self._sizes[side] - 1}"
                )
        pairs = [torch.as_tensor(codes.astype(np.int64)) for codes in (users, items)]
        with torch.no_grad():
            parts = [answer(pairs[0][a:b], pairs[1][a:b]) for a, b in chunks(len(users), ROWS_AT_ONCE)]
            return torch.cat(parts or [answer(*pairs)])


def head_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """(b, H) log-odds and labels -> (H,) mean cross-entropy over the known labels; 0 where none is."""
    known = ~torch.isnan(labels)
    each = binary_cross_entropy_with_logits(logits, torch.nan_to_num(labels), reduction="none") * known
    return each.sum(0) / known.sum(0).clamp(min=1)
