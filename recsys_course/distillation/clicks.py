"""A model of clicks learns from one that sees more: fields that the log has and serving has not."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from recsys_course.base import NotFitted
from recsys_course.distillation.objectives import check_temperature, sigmoid_kd
from recsys_course.neural.clicks import ClickModel
from recsys_course.neural.impressions import ClickBatch, Impressions, check_sizes, impressions

LEAST = 1e-6  # a chance of 0 or 1 has no finite logit


@dataclass
class ClickDistiller:
    r"""Trains a model of clicks on the clicks and on the chances that a teacher gives them.

    .. math:: L = (1 - w)\, L_{clicks} + w\, L_{sigmoid}(T)

    The control is ``student.fit(features[:, fields], clicks)``.

    Args:
        teacher: fitted, with predict_proba(features) -> (N,), or (N, 2) as in scikit-learn; it sees all
            columns. student: how the student is built and trained; a copy is fitted.
        fields: the columns that the student sees; None: all. What only the teacher sees are privileged
            features: known afterwards, such as how long an item was looked at, and never when serving.
        T: temperature. weight: w in 0..1.

    Attributes:
        student_: the fitted student.

    Raises:
        ValueError: weight or T outside its range, a column that is not there, no chances from the teacher.
        TypeError: a teacher without ``predict_proba``, a student that is no model of clicks. NotFitted: asked
            before fit.

    Source: Lopez-Paz et al. 2016 (privileged information and distillation); Xu et al. 2020 (in recommenders).
    """

    teacher: Any
    student: ClickModel
    fields: Sequence[int] | None = None
    T: float = 1.0
    weight: float = 0.5

    def fit(
        self,
        features: Any,
        clicks: Any,
        dense: Any = None,
        sizes: Sequence[int] | None = None,
        unlabelled: Any = None,
    ) -> Self:
        """Learn from a log of impressions.

        Args:
            features: (N, F) codes, all columns. clicks: (N,) 0 or 1. dense: (N, D) numbers, of both models.
            sizes: (F,) codes of each column; None: the largest + 1.
            unlabelled: (M, F) codes of impressions without clicks, from which the student learns what the
                teacher says; as many a step as of the log. Only without ``dense``.
        """
        self._check_settings(dense, unlabelled)
        features = np.asarray(features)
        shown = features if unlabelled is None else np.vstack([features, unlabelled])
        sizes = check_sizes(shown, sizes)
        columns = self._columns(len(sizes))
        told = torch.from_numpy(logit(chances_of(self.teacher, features, dense)))  # (N,)
        pool = None if unlabelled is None else self._pool(np.asarray(unlabelled), columns, sizes)
        self.student_ = copy(self.student).train_with(
            features[:, columns],
            clicks,
            self._loss(told, pool),
            dense=dense,
            sizes=[sizes[c] for c in columns],
        )
        return self

    def predict_proba(self, features: Any, dense: Any = None) -> np.ndarray:
        """(N, len(fields)) codes of the student's columns alone -> (N,) chances of a click."""
        if not hasattr(self, "student_"):
            raise NotFitted("ClickDistiller is not fitted; call fit(features, clicks) first")
        return self.student_.predict_proba(features, dense)

    def _loss(self, told: Tensor, pool: tuple[Impressions, Tensor] | None) -> Any:
        """L, with the teacher's (N,) logits of the training rows, and those of the pool."""

        def soft(model: ClickModel, module: Any, batch: ClickBatch, told: Tensor) -> Tensor:
            assert batch.numbers is not None
            logits = model.logits(module, batch)
            return sigmoid_kd(told[batch.numbers.cpu()].to(logits), logits, self.T)

        def loss(model: ClickModel, module: Any, batch: ClickBatch, rng: torch.Generator) -> Tensor:
            parts = [soft(model, module, batch, told)]
            if pool is not None:
                rows = torch.randint(len(pool[0]), (len(batch),), generator=rng)
                parts.append(soft(model, module, pool[0].batch(rows), pool[1]))
            own = model.batch_loss(module, batch, rng)
            return (1 - self.weight) * own + self.weight * torch.stack(parts).mean()

        return loss

    def _pool(
        self, unlabelled: np.ndarray, columns: list[int], sizes: Sequence[int]
    ) -> tuple[Impressions, Tensor]:
        log = impressions(unlabelled[:, columns], None, [sizes[c] for c in columns])
        told = torch.from_numpy(logit(chances_of(self.teacher, unlabelled)))
        return log.part(0, len(log), self.student.device), told

    def _columns(self, n: int) -> list[int]:
        columns = list(range(n)) if self.fields is None else list(self.fields)
        if not columns or not all(0 <= c < n for c in columns) or len(set(columns)) < len(columns):
            raise ValueError(f"fields: {columns}; expected different columns of 0..{n - 1}")
        return columns

    def _check_settings(self, dense: Any, unlabelled: Any) -> None:
        check_temperature(self.T)
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight: {self.weight}; expected a share in 0..1")
        if not isinstance(self.student, ClickModel):
            raise TypeError(
                f"student: {type(self.student).__name__}; expected a model of clicks, such as DeepFM"
            )
        if dense is not None and unlabelled is not None:
            raise ValueError("unlabelled: given with dense; expected one of the two")


def chances_of(teacher: Any, features: Any, dense: Any = None) -> np.ndarray:
    """(N,) chances of a click, from any fitted model of clicks.

    Raises:
        TypeError: a teacher without ``predict_proba``. ValueError: what it says are no chances, one a row.
    """
    if not hasattr(teacher, "predict_proba"):
        raise TypeError(f"teacher: {type(teacher).__name__}; expected a fitted model with predict_proba")
    said = np.asarray(teacher.predict_proba(features, *(() if dense is None else (dense,))), dtype=float)
    p = said[:, 1] if said.ndim == 2 and said.shape[1] == 2 else said
    if p.shape != (len(features),):
        raise ValueError(
            f"teacher: {type(teacher).__name__} says {said.shape}; expected ({len(features)},) chances"
        )
    if (wrong := ~((p >= 0) & (p <= 1))).any():
        raise ValueError(f"teacher: {type(teacher).__name__} says {p[wrong][0]}; expected chances in 0..1")
    return p


def logit(p: np.ndarray) -> np.ndarray:
    """(N,) chances -> (N,) logits, finite."""
    p = np.clip(p, LEAST, 1 - LEAST)
    return np.log(p / (1 - p))
