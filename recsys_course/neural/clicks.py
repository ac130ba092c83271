"""Will it be clicked? Models of impressions described by fields: Wide & Deep, DeepFM."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from recsys_course.base import NotFitted
from recsys_course.compiled import chunks
from recsys_course.losses import bce
from recsys_course.neural.fields import DeepFMNet, WideDeepNet
from recsys_course.neural.impressions import ClickBatch, Impressions, check_sizes, impressions
from recsys_course.neural.tables import check_widths
from recsys_course.neural.trainable import Given, Loss, Trainable, Validate, check_count, check_module

ROWS_AT_ONCE = 2**15  # predicted at a time
CROSSED = 2**20  # rows that the table of one cross may have


@dataclass
class ClickModel(Trainable):
    """What the models of clicks share: tables of codes in, probabilities out.

    Args:
        n_factors: K, length of the vectors. layers: widths, at least one.
        patience: with a number, the last ``validation_share`` of the rows, the latest in a log in time, are
            held out and judged by their log loss.
        The rest: see :class:`.Trainable`; ``batch_size`` counts impressions.

    Attributes:
        module_: the trained module, on the CPU, in eval mode. sizes_: (F,) codes of each field.
        loss_: (epochs run,) mean loss. training_: the :class:`.Trained`.

    Raises:
        ValueError: a setting outside its range, shapes that do not match, clicks other than 0 and 1.
        Diverged: the loss left the finite numbers.
    """

    n_factors: int = 8
    layers: tuple[int, ...] = (64, 32)
    _: KW_ONLY
    n_epochs: int = 5
    batch_size: int = 512
    validation_share: float = 0.1

    @abstractmethod
    def _build(self, sizes: Sequence[int], n_dense: int, bias: float) -> nn.Module:
        """The module; ``bias`` is the log-odds of a click in training."""

    def fit(self, features: Any, clicks: Any, dense: Any = None, sizes: Sequence[int] | None = None) -> Self:
        """Learn from a log of impressions.

        Args:
            features: (N, F) integer codes, a column for each field. clicks: (N,) 0 or 1.
            dense: (N, D) finite numbers, scaled by whoever gives them; None for none.
            sizes: (F,) codes of each field; None means the largest in training + 1.
        """
        self._training()  # refuses wrong settings before there is work
        sizes = check_sizes(features, sizes)
        log = impressions(features, dense, sizes, clicks)
        n_dense = log.dense.shape[1]
        learned, judge = self._hold_out(log)
        bias = learned.log_odds()
        module = self._started(lambda: self._build(sizes, n_dense, bias))
        self.training_ = self._train(module, learned, judge)
        self.loss_ = np.array(self.training_.loss)
        self.sizes_, self.n_dense_, self.module_ = sizes, n_dense, module.cpu().eval()
        return self

    def _hold_out(self, log: Impressions) -> tuple[Impressions, Validate | None]:
        """What to learn from, on the device, and who judges."""
        if self.given.validate or self.patience is None:
            return log.part(0, len(log), self.device), self.given.validate
        cut = len(log) - round(self.validation_share * len(log))
        if not 0 < cut < len(log):
            share = self.validation_share
            raise ValueError(f"validation_share: {share} of {len(log)} rows; expected some on either side")
        late = log.part(cut, len(log))
        return log.part(0, cut, self.device), lambda model, module: -model.log_loss(module, late)

    def train_with(
        self,
        features: Any,
        clicks: Any,
        loss: Loss | None = None,
        extra: nn.Module | None = None,
        validate: Validate | None = None,
        start: nn.Module | None = None,
        **given: Any,
    ) -> Self:
        """``fit`` with another loss, another judge or another start; see :class:`.Given`."""
        self.given = Given(loss, extra, validate, start)
        try:
            return self.fit(features, clicks, **given)
        finally:
            del self.given

    def predict_proba(self, features: Any, dense: Any = None) -> np.ndarray:
        """(N, F) codes and (N, D) numbers -> (N,) probabilities of a click.

        Raises:
            NotFitted: before fit. UnknownId: a code outside ``sizes_``.
            ValueError: other columns than in fit.
        """
        self._need_fit()
        log = impressions(features, dense, self.sizes_)
        if log.dense.shape[1] != self.n_dense_:
            raise ValueError(f"dense: {log.dense.shape[1]} columns; expected {self.n_dense_}, as in fit")
        return torch.sigmoid(self._logits(self.module_, log)).numpy()

    def with_module(self, module: nn.Module) -> Self:
        """A copy of the fitted model that predicts with another module.

        Raises:
            NotFitted: before fit. TypeError: no module.
        """
        self._need_fit()
        check_module(module)
        other = copy(self)
        other.module_ = module.cpu().eval()
        return other

    def _need_fit(self) -> None:
        if not hasattr(self, "module_"):
            raise NotFitted(f"{type(self).__name__} is not fitted; call fit(features, clicks) first")

    def logits(self, module: Any, batch: ClickBatch) -> Tensor:
        """(m,) log-odds of a click, with gradient."""
        return module(batch.fields, batch.dense)

    def batch_loss(self, module: Any, batch: ClickBatch, rng: torch.Generator) -> Tensor:
        """Log loss."""
        return bce(self.logits(module, batch), batch.clicks)

    def log_loss(self, module: Any, log: Impressions) -> float:
        """Mean of the log loss over a log."""
        return float(bce(self._logits(module, log), log.clicks))

    def _logits(self, module: Any, log: Impressions) -> Tensor:
        device = next(module.parameters()).device
        with torch.no_grad():
            parts = [
                self.logits(module, log.part(a, b, device).batch(torch.arange(b - a, device=device))).cpu()
                for a, b in chunks(len(log), ROWS_AT_ONCE)
            ]
        return torch.cat([torch.empty(0), *parts])

    def _check_settings(self) -> None:
        check_count("n_factors", self.n_factors, "factors,")
        check_widths(self.layers)
        if not self.layers:
            raise ValueError("layers: (); expected at least one width, such as (64, 32)")


@dataclass
class DeepFM(ClickModel):
    r"""A line, the products of all pairs of fields, and layers, over one table of vectors.

    .. math::
        \ln \frac{p}{1-p} = b + \sum_f w_{x_f} + \sum_{f<g} v_{x_f}^\top v_{x_g}
            + \text{layers}([v_{x_1}; \dots; v_{x_F}; d])                                      \tag{7.7}

    Args, attributes, errors: see :class:`ClickModel`.

    Cost: O(N F K H) an epoch for N impressions and a first layer of width H; the pairs cost O(F K) each.
    Book: equations (7.6) and (7.7).
    Source: Guo et al. 2017. Differs: dense columns enter the line and the layers, not the products; b starts
        at the log-odds of a click.
    """

    def _build(self, sizes: Sequence[int], n_dense: int, bias: float) -> DeepFMNet:
        return DeepFMNet(sizes, n_dense, bias, self.n_factors, self.layers)


@dataclass
class WideDeep(ClickModel):
    r"""A line that remembers crosses of fields, and layers that generalise over vectors.

    .. math::
        \ln \frac{p}{1-p} = b + \sum_f w_{x_f} + \sum_{(f,g)} w_{x_f x_g} + \text{layers}([v_{x_1}; \dots; d])
                                                                                            \tag{7.8}

    Args:
        crosses: pairs of fields, by their column, each pair of whose codes gets a weight of its own.
        The rest: see :class:`ClickModel`.

    Raises:
        ValueError: a cross of columns that are not there, or of more than ``CROSSED`` pairs of codes.

    Cost: O(N F K H) an epoch; memory of a cross: the product of the two fields' sizes.
    Book: equation (7.8).
    Source: Cheng et al. 2016. Differs: both parts are trained by one Adam, not the line by FTRL.
    """

    crosses: tuple[tuple[int, int], ...] = ()

    def _build(self, sizes: Sequence[int], n_dense: int, bias: float) -> WideDeepNet:
        for a, b in self.crosses:
            if not (0 <= a < len(sizes) and 0 <= b < len(sizes) and a != b):
                raise ValueError(
                    f"crosses: ({a}, {b}); expected two different columns of 0..{len(sizes) - 1}"
                )
            if sizes[a] * sizes[b] > CROSSED:
                raise ValueError(
                    f"crosses: ({a}, {b}) has {sizes[a] * sizes[b]} pairs; expected at most {CROSSED}"
                )
        return WideDeepNet(sizes, n_dense, bias, self.n_factors, self.layers, self.crosses)
