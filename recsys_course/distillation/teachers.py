"""Who may teach: a torch model on the student's own batches, any fitted recommender, or several.

A torch teacher is never trained: it works on a copy of the module, in eval mode and without gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recsys_course.base import NotFitted, Recommender
from recsys_course.distillation.asked import HistoryTeacher, UserTeacher
from recsys_course.distillation.teacher import Teacher
from recsys_course.neural import Batch, TwoTowers
from recsys_course.neural.recommender import SequenceRecommender, TorchRecommender


class BatchTeacher(Teacher):
    """A torch recommender that looks at the student's batch, as the student does."""

    def __init__(self, model: TorchRecommender) -> None:
        self.model, self.n_items = model, model.n_items_
        self.n_users = None if looks_back(model) else model.n_users_
        self.module = deepcopy(model.module_).eval().requires_grad_(False)

    def _logits(self, batch: Batch) -> Tensor:
        return self.model.logits(self._on(batch), self._shown(batch))

    def _hidden(self, batch: Batch) -> Tensor:
        return self.model.hidden(self._on(batch), self._shown(batch))

    @property
    def width(self) -> int:
        """D, of its item table."""
        return self.model.items(self.module).shape[1]

    def _shown(self, batch: Batch) -> Batch:
        """The batch, one history a question where the teacher's own batches are so."""
        return apart(batch) if isinstance(self.model, TwoTowers) and batch.asked is not None else batch

    def _on(self, batch: Batch) -> Any:
        return self.module.to(batch.users.device)


def apart(batch: Batch) -> Batch:
    """The same m questions, each after a history of its own: (m, L)."""
    assert batch.histories is not None and batch.asked is not None
    rows, places = batch.asked.nonzero(as_tuple=True)
    asked = torch.arange(batch.asked.shape[1], device=places.device) == places[:, None]  # (m, L + 1)
    return Batch(batch.users, batch.targets, batch.histories[rows], asked, batch.numbers)


@dataclass
class Teachers:
    """Several teachers: the mean of their chances, which is softer than any of them where they disagree.

    Args:
        models: fitted recommenders. weights: as many numbers of at least 0; None: the same for all.
    """

    models: Sequence[Recommender]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        weights = np.ones(len(self.models)) if self.weights is None else np.asarray(self.weights, dtype=float)
        if not len(self.models) or weights.shape != (len(self.models),):
            raise ValueError(f"weights: {weights.size} for {len(self.models)} models; expected one for each")
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
            raise ValueError(f"weights: {weights}; expected numbers of at least 0, not all 0")
        self.shares_ = weights / weights.sum()


class ManyTeachers(Teacher):
    """What :class:`Teachers` say together: :math:`\\ln \\sum_t a_t \\,softmax(z_t)`."""

    def __init__(self, models: Teachers, teachers: list[Teacher]) -> None:
        self.model, self.teachers, self.n_items = models, teachers, teachers[0].n_items

    def _logits(self, batch: Batch) -> Tensor:
        shares = self.model.shares_
        parts = [
            torch.log_softmax(teacher.logits(batch), 1) + float(np.log(share))
            for teacher, share in zip(self.teachers, shares, strict=True)
            if share > 0
        ]
        return torch.stack(parts).logsumexp(0)  # (m, I)

    def parts(self) -> Sequence[Teacher]:
        """The parts of all."""
        return [part for teacher in self.teachers for part in teacher.parts()]

    def terms(self) -> list[Any]:
        """Theirs, and what each of them counts."""
        return [self.model.shares_, *(teacher.terms() for teacher in self.teachers)]

    def known(self, batch: Batch) -> Tensor | None:
        """(m,) bool, what all of them can answer."""
        parts = [part for teacher in self.teachers if (part := teacher.known(batch)) is not None]
        return torch.stack(parts).all(0) if parts else None


def as_teacher(teacher: Any, student: TorchRecommender, standardize: bool | None = None) -> Teacher:
    """The teacher in the form in which the student's batches can be shown to it.

    A torch model sees the batches as they are, unless it needs histories that the student's do not have, or
    fewer items of them; other models are asked by history where both sides have them, else by user.

    Raises:
        TypeError: nothing that can teach. NotFitted: a model that was not fitted.
    """
    if isinstance(teacher, Teacher):
        return teacher
    if isinstance(teacher, Teachers):
        return ManyTeachers(teacher, [as_teacher(model, student, standardize) for model in teacher.models])
    if not isinstance(teacher, Recommender):
        raise TypeError(
            f"teacher: {type(teacher).__name__}; expected a fitted Recommender, Teachers or RankingTeacher"
        )
    if not hasattr(teacher, "seen_"):
        raise NotFitted(f"teacher: {type(teacher).__name__} is not fitted; call fit(data) first")
    if isinstance(teacher, TorchRecommender) and _sees_as_much(teacher, student):
        return BatchTeacher(teacher)
    scaled = not isinstance(teacher, TorchRecommender) if standardize is None else standardize
    kind = HistoryTeacher if looks_back(student) and hasattr(teacher, "score_histories") else UserTeacher
    return kind(teacher, scaled)


def looks_back(model: Any) -> bool:
    """Whether a model answers from what was met before, and not from who asks."""
    return isinstance(model, SequenceRecommender) and getattr(model, "user", "history") == "history"


def _sees_as_much(teacher: TorchRecommender, student: TorchRecommender) -> bool:
    """Whether the student's batches are batches to the teacher too."""
    if not looks_back(teacher):
        return True
    return looks_back(student) and teacher.max_length >= student.max_length  # type: ignore[attr-defined]
