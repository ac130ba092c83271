"""What an objective is, and what it sees: two models' answers to the same questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from recsys_course.distillation.teacher import Teacher
from recsys_course.neural import Batch
from recsys_course.neural.recommender import TorchRecommender


class Objective(ABC):
    """A number to be made small, from what a student and a teacher say to the same questions.

    Attributes:
        needs: what it asks for: "logits" or "hidden" of both models, "items" of the student alone.
    """

    needs: ClassVar[tuple[str, ...]] = ("logits",)

    @abstractmethod
    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor: ...

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        """A scalar with gradient by the student alone; 0 where the teacher answers none of the questions."""
        known = student.known
        asks = set(self.needs) != {"items"}
        if asks and known is not None and not bool(known.any()):
            return student.logits.sum()  # of no rows: 0, from which one can still go back
        return self._loss(student, teacher)

    def extra(self, student_width: int, teacher_width: int) -> nn.Module | None:
        """A module that is trained along, from the lengths of both hidden vectors; None for none."""
        return None


@dataclass
class StudentView:
    """The student's answers, with gradient; computed when an objective asks for them, and once.

    Args:
        model, module: the student and its module in training. batch: m questions.
        known: (m,) bool, the questions that the teacher answers; None for all. What follows has m' rows.
        extra: what an objective trains along, such as a projection. rng: for what an objective draws.
    """

    model: TorchRecommender
    module: Any
    batch: Batch
    known: Tensor | None
    rng: torch.Generator
    extra: nn.Module | None = None

    @cached_property
    def logits(self) -> Tensor:
        """(m', I) scores of all items."""
        return among(self.model.logits(self.module, self.batch), self.known)

    @cached_property
    def hidden(self) -> Tensor:
        """(m', K) vectors that are multiplied with the items'."""
        return among(self.model.hidden(self.module, self.batch), self.known)

    @cached_property
    def items(self) -> Tensor:
        """(I, K) the item table of the output."""
        return self.model.items(self.module)

    @cached_property
    def seen(self) -> Tensor:
        """(m', I) bool, what the user met in the log that the student is fitted on."""
        users = among(self.batch.users, self.known).cpu().numpy()
        return torch.from_numpy(self.model.seen_[users].toarray() > 0).to(self.batch.users.device)


@dataclass
class TeacherView:
    """The teacher's answers to the same m' questions; constants."""

    teacher: Teacher
    batch: Batch
    known: Tensor | None

    @cached_property
    def logits(self) -> Tensor:
        """(m', I) scores of all items; minus infinity: not on offer."""
        return among(self.teacher.logits(self.batch), self.known)

    @cached_property
    def hidden(self) -> Tensor:
        """(m', D) vectors that are multiplied with the items'."""
        return among(self.teacher.hidden(self.batch), self.known)

    @cached_property
    def listed(self) -> Tensor:
        """(m', I) as :attr:`logits`, minus infinity for items of which the teacher tells no order."""
        return among(self.teacher.listed(self.batch), self.known)

    def top(self, k: int, without: Tensor | None = None) -> Tensor:
        """(m', k) the first k items; -1 where fewer are on offer.

        Args:
            without: (m', I) bool, items to leave out.
        """
        logits = self.listed if without is None else self.listed.masked_fill(without, -torch.inf)
        best = logits.topk(min(k, logits.shape[1]))
        return best.indices.masked_fill(best.values == -torch.inf, -1)


def among(rows: Tensor, known: Tensor | None) -> Tensor:
    """The rows that are known; all for None."""
    return rows if known is None else rows[known]
