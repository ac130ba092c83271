"""Objectives on what lies inside: hidden vectors of a teacher, and given vectors of items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from recsys_course.base import check_range
from recsys_course.distillation.hidden import RELATIONS, Relations, hint_loss, relation_loss
from recsys_course.distillation.objectives import check_name
from recsys_course.distillation.views import Objective, StudentView, TeacherView


@dataclass(frozen=True)
class Hint(Objective):
    """The teacher's hidden vectors, through a learned projection: :func:`.hint_loss`."""

    needs: ClassVar[tuple[str, ...]] = ("hidden",)

    def extra(self, student_width: int, teacher_width: int) -> nn.Module:
        """A projection to the length of what is to be matched."""
        return nn.Linear(student_width, teacher_width)

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        return hint_loss(student.hidden, teacher.hidden, student.extra)


@dataclass(frozen=True)
class Relation(Objective):
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

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        s, t = student.hidden, teacher.hidden
        if len(s) < 3:  # nothing to compare
            return s.sum() * 0.0
        rows = torch.randperm(len(s), generator=student.rng)[: self.n_rows].to(s.device)
        return relation_loss(s[rows], t[rows], self.kind)


@dataclass(frozen=True)
class EmbeddingHint(Objective):
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
        """A projection to the length of what is to be matched."""
        return nn.Linear(student_width, self.vectors.shape[1])

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        table = student.items  # (I, K)
        if len(table) != len(self.vectors):
            raise ValueError(
                f"vectors: {len(self.vectors)} rows; expected one for each of {len(table)} items"
            )
        rows = torch.randint(len(table), (min(self.n_rows, len(table)),), generator=student.rng)
        given = torch.from_numpy(self.vectors[rows.numpy()]).to(table.device)
        return hint_loss(table[rows.to(table.device)], given, student.extra)
