"""The one loop of distillation: a student's own training with another loss."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recsys_course.base import Recommender, check_range
from recsys_course.distillation.aims import SoftLabels
from recsys_course.distillation.cache import Kept, content_hash
from recsys_course.distillation.rankings import RankingTeacher
from recsys_course.distillation.teacher import Teacher
from recsys_course.distillation.teachers import as_teacher
from recsys_course.distillation.views import Objective, StudentView, TeacherView
from recsys_course.interactions import Interactions
from recsys_course.neural import Batch, Examples
from recsys_course.neural.recommender import TorchRecommender
from recsys_course.training import seeded


@dataclass
class Distiller(Recommender):
    r"""Trains a student on what came next and on what a teacher says would come next.

    .. math:: L = (1 - w)\, L_{own} + w\, L_{objective}                                      \tag{8.5}

    ``student.fit(data)`` is the control: the same student, the same seed, without a teacher.

    Args:
        teacher: a fitted recommender, :class:`.Teachers`, :class:`.RankingTeacher`, or None for an objective
            that asks nothing of a teacher. A torch model sees the student's batches; others are asked by
            history where student and teacher have histories, else by user. It is not changed.
        student: how the student is built and trained; it stays as it is, a copy is fitted.
        objective: what of the teacher is matched, see :mod:`recsys_course.distillation.aims`.
        weight: w in 0..1; 0 leaves the teacher unasked, 1 the log.
        unlabelled: a log of other users (or of more events) on the same id space from which the student
            learns what the teacher says, and not what came next; as many rows a step as of the log.
        cache: folder that keeps the teacher's answers, see :class:`.Kept`; None asks at every batch.
        keep: logits kept of each question, the best; the others share what chance is left.
        standardize: bring each row of the teacher's scores to mean 0 and deviation 1; None does so unless the
            teacher is a torch model, whose scores are logits.

    Attributes:
        student_: the fitted student; it answers for this model. loss_: (epochs run,) mean of L.

    Raises:
        ValueError: weight outside 0..1, keep < 1, a teacher or ``unlabelled`` of another number of items (or
            of users, where these are known by their code), a teacher that says NaN.
        TypeError: a student that is no torch model, no teacher where one is needed, or one without hidden
            vectors where these are. NotFitted: of the teacher. Also what training the student raises.

    A student's checkpoint is kept beside its own, under a name with the contents of teacher, objective and
    weight, so that runs do not take up each other's.

    Cost: a step of the student's, a second pass of its own for the objective, and one of the teacher; with
        ``cache``, one pass of the teacher in all, and reading ``2 keep + 1`` numbers a question.
    Source: Hinton, Vinyals and Dean 2015.
    """

    teacher: Any
    student: TorchRecommender
    objective: Objective = field(default_factory=SoftLabels)
    weight: float = 0.5
    unlabelled: Interactions | None = None
    cache: str | Path | None = None
    keep: int = 100
    standardize: bool | None = None

    def _fit(self, data: Interactions) -> None:
        self._check_settings()
        teacher = self._ready_teacher(data)
        student = copy(self.student)
        student.checkpoint = self._checkpoint(teacher)
        extra, pool = self._extra(teacher, data), self._pool(teacher, data)
        lesson = _Lesson(self.objective, teacher, extra, pool, self.student.batch_size)
        if self.cache is not None and teacher is not None and self.weight > 0:
            self._keep_answers(student, lesson)
        try:
            student.train_with(data, self._loss(lesson), extra=extra)
        finally:
            student.__dict__.pop("_prepare", None)
        self.student_, self.loss_ = student, student.loss_

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.student_._score(users)

    def _loss(self, lesson: _Lesson) -> Callable[..., Tensor]:
        """Equation (8.5)."""

        def loss(model: TorchRecommender, module: Any, batch: Batch, rng: torch.Generator) -> Tensor:
            total = torch.zeros((), device=batch.users.device)
            if self.weight < 1:
                total = total + (1 - self.weight) * model.batch_loss(module, batch, rng)
            if self.weight > 0:
                total = total + self.weight * lesson(model, module, batch, rng)
            return total

        return loss

    def _check_settings(self) -> None:
        if not isinstance(self.student, TorchRecommender):
            raise TypeError(f"student: {type(self.student).__name__}; expected a TorchRecommender")
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight: {self.weight}; expected a share in 0..1")
        check_range("keep", self.keep, 1, "logits,")
        if self.teacher is None and {"logits", "hidden"} & set(self.objective.needs):
            raise TypeError(
                f"teacher: None; expected one, as {type(self.objective).__name__} asks for its answers"
            )

    def _ready_teacher(self, data: Interactions) -> Teacher | None:
        """The teacher, if it speaks of the items and the users of the data."""
        if self.teacher is None:
            return None
        teacher = as_teacher(self.teacher, self.student, self.standardize)
        for part in teacher.parts():
            _check_size(f"teacher: {part.name} was fitted on", "items", part.n_items, data.n_items)
            _check_size(f"teacher: {part.name} was fitted on", "users", part.n_users, data.n_users)
        return teacher

    def _pool(self, teacher: Teacher | None, data: Interactions) -> tuple[Examples, Teacher] | None:
        """Training rows without answers, and who answers them."""
        if self.unlabelled is None or teacher is None or self.weight == 0:
            return None
        _check_size("unlabelled:", "items", self.unlabelled.n_items, data.n_items)
        _check_size("unlabelled:", "users", self.unlabelled.n_users, data.n_users)
        examples = copy(self.student)._prepare(self.unlabelled)
        return examples, self._kept(teacher, examples, self.unlabelled)

    def _kept(self, teacher: Teacher, examples: Examples, log: Interactions) -> Teacher:
        if self.cache is None or "logits" not in self.objective.needs or isinstance(teacher, RankingTeacher):
            return teacher
        return Kept(teacher, examples, log.n_users, Path(self.cache), self.keep, self.student.device)

    def _keep_answers(self, student: TorchRecommender, lesson: _Lesson) -> None:
        """The student shows its training rows, once they are cut, to who keeps the teacher's answers."""
        prepare, teacher = student._prepare, lesson.teacher

        def listening(log: Interactions) -> Examples:
            examples = prepare(log)
            lesson.teacher = self._kept(teacher, examples, log)  # type: ignore[arg-type]
            return examples

        student._prepare = listening  # type: ignore[assignment, method-assign]

    def _extra(self, teacher: Teacher | None, data: Interactions) -> nn.Module | None:
        """What the objective trains along, made for the lengths of both models' vectors."""
        if not {"hidden", "items"} & set(self.objective.needs):
            return None
        with seeded(self.student.seed):
            own = self.student.items(copy(self.student)._build(data)).shape[1]
            other = teacher.width if teacher is not None and "hidden" in self.objective.needs else 0
            return self.objective.extra(own, other)

    def _checkpoint(self, teacher: Teacher | None) -> Path | None:
        """The student's file under a name of its own for this teacher and objective."""
        if self.student.checkpoint is None:
            return None
        path = Path(self.student.checkpoint)
        taught_by = None if teacher is None else teacher.terms()
        more = None if self.unlabelled is None else self.unlabelled.fingerprint()
        terms = content_hash([taught_by, self.objective, self.weight, more, self.cache and self.keep])
        return path.with_name(f"{path.stem}.distilled-{terms[:12]}{path.suffix}")


@dataclass
class _Lesson:
    """The objective's part of a step: on the batch, and on as many rows that have no answers."""

    objective: Objective
    teacher: Teacher | None
    extra: nn.Module | None
    pool: tuple[Examples, Teacher] | None
    batch_size: int

    def __call__(self, model: TorchRecommender, module: Any, batch: Batch, rng: torch.Generator) -> Tensor:
        parts = [self._of(model, module, batch, self.teacher, rng)]
        if self.pool is not None:
            examples, teacher = self.pool
            rows = torch.randint(len(examples), (self.batch_size,), generator=rng)
            more = examples.batch(rows.to(batch.users.device))
            parts.append(self._of(model, module, more, teacher, rng))
        return torch.stack(parts).mean()

    def _of(self, model: Any, module: Any, batch: Batch, teacher: Any, rng: torch.Generator) -> Tensor:
        known = None if teacher is None else teacher.known(batch)
        student = StudentView(model, module, batch, known, rng, self.extra)
        return self.objective(student, TeacherView(teacher, batch, known))


def _check_size(who: str, what: str, own: int | None, wanted: int) -> None:
    """Refuse what does not speak of the same things."""
    if own is not None and own != wanted:
        raise ValueError(f"{who} {own} {what}; expected {wanted}, as in data, with the same codes")
