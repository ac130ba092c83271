"""Two kinds of vectors brought into one space, so that a picture can be compared with a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from recsys_course.base import NotFitted, check_range
from recsys_course.losses import in_batch_softmax
from recsys_course.multimodal.modalities import check_modalities, presence, scaled, unit_rows
from recsys_course.multimodal.settings import training_of
from recsys_course.training import seeded, train


def info_nce(a: Any, b: Any, temperature: float = 0.07) -> Any:
    r"""How badly rows of a are told from each other by rows of b, and the other way round.

    .. math::
        s_{ij} = \frac{a_i^\top b_j}{\tau \|a_i\| \|b_j\|}, \qquad
        L = -\frac{1}{2N} \sum_i \Bigl[\ln \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}
            + \ln \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}}\Bigr]                                \tag{5.6}

    Args:
        a, b: (N, K), row i of one belongs to row i of the other: arrays or tensors.
        temperature: tau, more than 0; the lower, the more the hardest wrong partner counts.

    Returns:
        L in nats: a tensor with gradient if a is a tensor, else a float. ln N when all rows are alike.

    Raises:
        ValueError: shapes that differ or have not two dimensions, no rows, temperature not above 0.

    Cost: O(N^2 K) time, O(N^2) memory.
    Book: equation (5.6); exercise info_nce.
    Source: van den Oord et al. 2018; in this symmetric form Radford et al. 2021.
    """
    check_range("temperature", temperature, 0, "a number", strict=True)
    if not isinstance(a, Tensor):
        rows = [torch.as_tensor(np.array(side, dtype=float)) for side in (a, b)]
        return float(info_nce(rows[0], rows[1], temperature))
    if a.dim() != 2 or a.shape != b.shape or not len(a):
        raise ValueError(f"b: shape {tuple(b.shape)}; expected that of a, {tuple(a.shape)}, rows by columns")
    a, b = normalize(a, dim=1), normalize(b, dim=1)
    one_way = in_batch_softmax(a, b, temperature=temperature)
    return (one_way + in_batch_softmax(b, a, temperature=temperature)) / 2


@dataclass
class ContrastiveAlignment:
    """Two linear encoders, trained so that the vectors of one item lie near each other; (5.6).

    Each side is centred and scaled by what it had in ``fit``, projected, and brought to length 1.

    Args:
        n_factors: K, columns of the common space. temperature: tau.
        n_epochs, learning_rate, batch_size, device: see :class:`.Training`; the other rows of a batch
            are the wrong partners. reg: its weight decay.
        seed: of the first weights and the batches.

    Attributes:
        A_: (D_a, K), B_: (D_b, K) projections. loss_: (n_epochs,) mean loss.

    Raises:
        ValueError: a setting outside its range; fewer than two pairs; A and B are checked by
            :func:`.check_modalities`.

    Cost: O(N batch_size K) an epoch.
    Book: equation (5.6).
    Source: Radford et al. 2021. Differs: linear encoders on top of given vectors; the temperature is
        set, not learned.
    """

    n_factors: int = 32
    temperature: float = 0.07
    n_epochs: int = 50
    learning_rate: float = 0.01
    reg: float = 0.01
    batch_size: int = 256
    seed: int = 0
    device: str = "cpu"

    def fit(self, A: np.ndarray, B: np.ndarray) -> Self:
        """Learn from rows of A (N, D_a) and B (N, D_b) of the same items; rows with a gap are left out."""
        check_range("temperature", self.temperature, 0, "a number", strict=True)
        training = training_of(self)
        sides = check_modalities({"A": A, "B": B})
        both = presence(sides).all(axis=1)
        if both.sum() < 2:
            raise ValueError(f"A, B: {both.sum()} rows with both vectors; expected at least 2")
        x = [torch.as_tensor(scaled(rows[both])).float().to(self.device) for rows in sides.values()]
        with seeded(self.seed):
            W = nn.ParameterList(
                torch.randn(side.shape[1], self.n_factors) / side.shape[1] ** 0.5 for side in x
            )

        def loss(W: Any, rows: Tensor, rng: torch.Generator) -> Tensor:
            return info_nce(x[0][rows] @ W[0], x[1][rows] @ W[1], self.temperature)

        self.loss_ = np.array(train(W, loss, int(both.sum()), training, what="alignment").loss)
        self.A_, self.B_ = (w.detach().cpu().numpy() for w in W)
        self._middles = [rows[both].mean(axis=0) for rows in sides.values()]
        return self

    def encode_a(self, A: np.ndarray) -> np.ndarray:
        """(M, D_a) -> (M, K) vectors of length 1 in the common space; rows of NaN stay."""
        return self._encode("A", A)

    def encode_b(self, B: np.ndarray) -> np.ndarray:
        """(M, D_b) -> (M, K), likewise."""
        return self._encode("B", B)

    def _encode(self, side: str, rows: np.ndarray) -> np.ndarray:
        if not hasattr(self, "A_"):
            raise NotFitted("ContrastiveAlignment is not fitted; call fit(A, B) first")
        W, middle = (self.A_, self._middles[0]) if side == "A" else (self.B_, self._middles[1])
        rows = np.asarray(rows, dtype=float)
        if rows.ndim != 2 or rows.shape[1] != len(W):
            raise ValueError(f"{side}: shape {rows.shape}; expected (rows, {len(W)}), the columns of fit")
        return unit_rows((rows - middle) @ W)
