"""Objectives: what of the teacher a student is to match; small settings that are called with two views.

``needs`` says what is asked for: "logits", "hidden" (vectors) of both models, "items" of the student alone.
``extra`` makes the module that is trained along, where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from recsys_course.base import check_range
from recsys_course.distillation.hidden import RELATIONS, Relations, hint_loss, relation_loss
from recsys_course.distillation.lists import WEIGHTS, Weights, listmle, listnet, rank_distillation
from recsys_course.distillation.objectives import (
    KINDS,
    Kind,
    check_name,
    check_temperature,
    hard_labels,
    kd_loss,
    sigmoid_kd,
)
from recsys_course.distillation.views import StudentView, TeacherView
from recsys_course.losses import full_softmax


class Objective(Protocol):
    """A scalar to be made small, from what student and teacher say to the same questions."""

    needs: ClassVar[tuple[str, ...]] | tuple[str, ...]

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor: ...

    def extra(self, student_width: int, teacher_width: int) -> nn.Module | None:
        """A module that is trained along, from the lengths of the hidden vectors; None for none."""
        ...


class _Plain:
    """Objectives on logits, which train nothing along."""

    needs: ClassVar[tuple[str, ...]] = ("logits",)

    def extra(self, student_width: int, teacher_width: int) -> nn.Module | None:
        return None


@dataclass(frozen=True)
class SoftLabels(_Plain):
    """The teacher's softened answers over all items: :func:`.kd_loss` with T and kind."""

    T: float = 1.0
    kind: Kind = "kl"

    def __post_init__(self) -> None:
        check_temperature(self.T)
        check_name("kind", self.kind, KINDS)

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        return kd_loss(teacher.logits, student.logits, self.T, self.kind)


@dataclass(frozen=True)
class HardLabels(_Plain):
    """The teacher's best item as if it were the true one: all that a teacher without scores can say."""

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        return full_softmax(student.logits, hard_labels(teacher.logits))


@dataclass(frozen=True)
class SigmoidLabels(_Plain):
    """The teacher's chance of each item, or of a click, on its own: :func:`.sigmoid_kd` at T."""

    T: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.T)

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        return sigmoid_kd(teacher.logits, student.logits, self.T)


@dataclass(frozen=True)
class RankDistillation(_Plain):
    """The teacher's first k items are positives: :func:`.rank_distillation`.

    Args:
        k, weights, decay, mu: see there. exclude_seen: leave out what the user met in training, so that the
            list says something that the log does not.
    """

    k: int = 10
    weights: Weights = "position"
    decay: float = 10.0
    mu: float = 0.1
    exclude_seen: bool = True

    def __post_init__(self) -> None:
        check_range("k", self.k, 1, "a list of")
        check_name("weights", self.weights, WEIGHTS)

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        top = teacher.top(self.k, student.seen if self.exclude_seen else None)  # (m, k)
        return rank_distillation(student.logits, top, self.weights, self.decay, self.mu)


@dataclass(frozen=True)
class ListWise(_Plain):
    """The order of the teacher's first k items among themselves.

    Args:
        k: candidates, at least 2. T: temperature of "listnet".
        kind: "listnet" (:func:`.listnet`) or "listmle" (:func:`.listmle`).
    """

    k: int = 20
    T: float = 1.0
    kind: Literal["listnet", "listmle"] = "listnet"

    def __post_init__(self) -> None:
        check_range("k", self.k, 2, "candidates,")
        check_temperature(self.T)
        check_name("kind", self.kind, ("listnet", "listmle"))

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        best = teacher.logits.topk(min(self.k, teacher.logits.shape[1]))
        own = student.logits.gather(1, best.indices)  # (m, k)
        off = best.values == -torch.inf  # a list shorter than k
        if self.kind == "listnet":
            return listnet(best.values, own.masked_fill(off, -torch.inf), self.T)
        places = torch.arange(own.shape[1], device=own.device).expand_as(own)
        return listmle(own.masked_fill(off, -torch.inf), places.masked_fill(off, -1))


@dataclass(frozen=True)
class Hint:
    """The teacher's hidden vectors, through a learned projection: :func:`.hint_loss`."""

    needs: ClassVar[tuple[str, ...]] = ("hidden",)

    def extra(self, student_width: int, teacher_width: int) -> nn.Module:
        return nn.Linear(student_width, teacher_width)

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        return hint_loss(student.hidden, teacher.hidden, student.extra)


@dataclass(frozen=True)
class Relation:
    """How the teacher's hidden vectors lie to each other: :func:`.relation_loss`.

    Args:
        kind: see there. n_rows: questions of a batch that are compared, drawn at each step, at least 3.
    """

    kind: Relations = "distance"
    n_rows: int = 64
    needs: ClassVar[tuple[str, ...]] = ("hidden",)

    def __post_init__(self) -> None:
        check_name("kind", self.kind, RELATIONS)
        check_range("n_rows", self.n_rows, 3, "questions,")

    def extra(self, student_width: int, teacher_width: int) -> None:
        return None

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        s, t = student.hidden, teacher.hidden
        if len(s) < 3:  # nothing to compare
            return s.sum() * 0.0
        rows = torch.randperm(len(s), generator=student.rng)[: self.n_rows].to(s.device)
        return relation_loss(s[rows], t[rows], self.kind)


@dataclass(frozen=True)
class EmbeddingHint:
    """Given item vectors, such as those of texts, are to be readable from the student's item table.

    Needs no teacher. :func:`.hint_loss` of the student's item vectors through a learned projection; what
    resembles each other in text comes to lie together, items without events included.

    Args:
        vectors: (I, D). n_rows: items compared at each step, drawn evenly.

    Raises:
        ValueError: vectors are no table of finite numbers, or not one for every item.
    """

    vectors: np.ndarray = field(repr=False)
    n_rows: int = 512
    needs: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        vectors = np.asarray(self.vectors, dtype=np.float32)
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ValueError(f"vectors: shape {vectors.shape}; expected (I, D) finite numbers")
        check_range("n_rows", self.n_rows, 1, "items,")
        object.__setattr__(self, "vectors", vectors)

    def extra(self, student_width: int, teacher_width: int) -> nn.Module:
        return nn.Linear(student_width, self.vectors.shape[1])

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        table = student.items  # (I, K)
        if len(table) != len(self.vectors):
            raise ValueError(
                f"vectors: {len(self.vectors)} rows; expected one for each of {len(table)} items"
            )
        rows = torch.randint(len(table), (min(self.n_rows, len(table)),), generator=student.rng)
        given = torch.from_numpy(self.vectors[rows.numpy()]).to(table.device)
        return hint_loss(table[rows.to(table.device)], given, student.extra)


@dataclass(frozen=True)
class Sum:
    """Several objectives, each times its weight.

    Args:
        objectives: one or more. weights: as many numbers of at least 0; None: 1 each.
    """

    objectives: Sequence[Objective]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not self.objectives or len(self._weights) != len(self.objectives):
            raise ValueError(
                f"weights: {len(self._weights)} for {len(self.objectives)} objectives; expected one for each"
            )
        for weight in self._weights:
            check_range("weights", weight, 0, "weights of")

    @property
    def _weights(self) -> Sequence[float]:
        return [1.0] * len(self.objectives) if self.weights is None else self.weights

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """What any of them needs."""
        return tuple(sorted({need for part in self.objectives for need in part.needs}))

    def extra(self, student_width: int, teacher_width: int) -> nn.ModuleList | None:
        extras = [part.extra(student_width, teacher_width) for part in self.objectives]
        if all(extra is None for extra in extras):
            return None
        return nn.ModuleList([nn.Identity() if extra is None else extra for extra in extras])

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        extras = student.extra if student.extra is not None else [None] * len(self.objectives)
        total = torch.zeros((), device=student.batch.users.device)
        for part, weight, extra in zip(self.objectives, self._weights, extras, strict=True):
            student.extra = extra  # the view is shared, so that logits are computed once
            total = total + weight * part(student, teacher)
        return total
