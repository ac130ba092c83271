"""Objectives on logits and lists: what of a teacher's answers a student is to match, as small settings.

The formulas are those of :mod:`.objectives` and :mod:`.lists`; here they get what they need from two views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from recsys_course.base import check_range
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
from recsys_course.distillation.views import Objective, StudentView, TeacherView
from recsys_course.losses import full_softmax


@dataclass(frozen=True)
class SoftLabels(Objective):
    """The teacher's softened answers over all items: :func:`.kd_loss` with T and kind.

    Raises:
        ValueError: "reverse_kl" of a teacher that has items not on offer: their divergence is infinite.
    """

    T: float = 1.0
    kind: Kind = "kl"

    def __post_init__(self) -> None:
        check_temperature(self.T)
        check_name("kind", self.kind, KINDS)

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        if self.kind == "reverse_kl" and bool(teacher.logits.isneginf().any()):
            raise ValueError(
                "kind: 'reverse_kl', but the teacher has items that are not on offer; expected 'kl' or 'ce'"
            )
        return kd_loss(teacher.logits, student.logits, self.T, self.kind)


@dataclass(frozen=True)
class HardLabels(Objective):
    """The teacher's best item as if it were the true one: all that a teacher without scores can say."""

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        return full_softmax(student.logits, hard_labels(teacher.logits))


@dataclass(frozen=True)
class SigmoidLabels(Objective):
    """The teacher's chance of each item, or of a click, on its own: :func:`.sigmoid_kd` at T.

    It teaches the level of the logits, too. Those of a softmax, of :class:`.Teachers` (logarithms of chances)
    and standardized scores have none that means anything: there, :class:`SoftLabels` is the one to take.
    """

    T: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.T)

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        return sigmoid_kd(teacher.logits, student.logits, self.T)


@dataclass(frozen=True)
class RankDistillation(Objective):
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

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        if not self.exclude_seen:
            return self._of(student.logits, teacher.top(self.k))
        top = teacher.top(self.k, student.seen)  # (m, k)
        return self._of(student.logits.masked_fill(student.seen, -torch.inf), top)  # ranks among the rest

    def _of(self, logits: Tensor, top: Tensor) -> Tensor:
        return rank_distillation(logits, top, self.weights, self.decay, self.mu)


@dataclass(frozen=True)
class ListWise(Objective):
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

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        best = teacher.listed.topk(min(self.k, teacher.listed.shape[1]))
        own = student.logits.gather(1, best.indices)  # (m, k)
        off = best.values == -torch.inf  # a list shorter than k
        if self.kind == "listnet":
            return listnet(best.values, own.masked_fill(off, -torch.inf), self.T)
        places = torch.arange(own.shape[1], device=own.device).expand_as(own)
        return listmle(own.masked_fill(off, -torch.inf), places.masked_fill(off, -1))


@dataclass(frozen=True)
class Sum(Objective):
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
        """What each of them trains along."""
        extras = [part.extra(student_width, teacher_width) for part in self.objectives]
        if all(extra is None for extra in extras):
            return None
        return nn.ModuleList([nn.Identity() if extra is None else extra for extra in extras])

    def __call__(self, student: StudentView, teacher: TeacherView) -> Tensor:
        """Each of them says for itself whether it asks the teacher."""
        return self._loss(student, teacher)

    def _loss(self, student: StudentView, teacher: TeacherView) -> Tensor:
        extras: Any = student.extra or [None] * len(self.objectives)
        total = torch.zeros((), device=student.batch.users.device)
        for part, weight, extra in zip(self.objectives, self._weights, extras, strict=True):
            student.extra = extra  # the view is shared, so that logits are computed once
            total = total + weight * part(student, teacher)
        return total
