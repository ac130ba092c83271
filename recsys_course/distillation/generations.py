"""Self-distillation: a model teaches another of its own size, which teaches the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from recsys_course.base import Recommender, check_range
from recsys_course.distillation.aims import SoftLabels
from recsys_course.distillation.distiller import Distiller
from recsys_course.distillation.views import Objective
from recsys_course.interactions import Interactions
from recsys_course.neural.recommender import TorchRecommender


@dataclass
class SelfDistillation(Recommender):
    """Generation 0 learns from the log; each later one from the log and from the one before it.

    Args:
        model: how each generation is built and trained; its seed rises by one with each, so that what they
            share is not the start. objective, weight: see :class:`.Distiller`.
        generations: students after the first model, at least 1.

    Attributes:
        generations_: all fitted models, the control first. student_: the last; it answers for this model.

    Raises:
        ValueError: generations < 1. Also what :class:`.Distiller` raises.

    Cost: ``generations + 1`` trainings, all but the first with a teacher of the student's size.
    Source: Furlanello et al. 2018 (born-again networks).
    """

    model: TorchRecommender
    objective: Objective = field(default_factory=SoftLabels)
    generations: int = 2
    weight: float = 0.5

    def _fit(self, data: Interactions) -> None:
        check_range("generations", self.generations, 1, "students,")
        self.generations_ = [self._child(0).fit(data)]
        for n in range(1, self.generations + 1):
            taught = Distiller(self.generations_[-1], self._child(n), self.objective, self.weight)
            self.generations_.append(taught.fit(data).student_)
        self.student_ = self.generations_[-1]

    def _child(self, n: int) -> TorchRecommender:
        return replace(self.model, seed=self.model.seed + n)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.student_._score(users)


def self_distillation(
    model: TorchRecommender,
    objective: Objective | None = None,
    generations: int = 2,
    weight: float = 0.5,
) -> SelfDistillation:
    """A :class:`SelfDistillation`, to be fitted; soft labels where no objective is given."""
    return SelfDistillation(model, objective or SoftLabels(), generations, weight)
