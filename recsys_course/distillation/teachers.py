"""Who may teach: a torch model on the student's own batches, any fitted recommender, several, or plain lists.

A teacher answers the m questions of a batch with (m, I) logits. It is never trained: it works on a copy of
the module, in eval mode and without gradient.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from recsys_course.base import CELLS_PER_BATCH, NotFitted, Recommender
from recsys_course.compiled import chunks
from recsys_course.neural.batches import Batch, Examples
from recsys_course.neural.recommender import SequenceRecommender, TorchRecommender

LOGITS_AT_ONCE = 2**21  # of a teacher's answers that are made ahead, held at a time: 8 MB


class Teacher(ABC):
    """Answers questions about n_items items.

    Attributes:
        model: what makes the answers, for a key to keep them by. n_items: I.
        n_users: users it knows by their code; None where codes do not matter.
    """

    model: Any
    n_items: int
    n_users: int | None = None

    @abstractmethod
    def _logits(self, batch: Batch) -> Tensor: ...

    @torch.no_grad()
    def logits(self, batch: Batch) -> Tensor:
        """(m, I) constants on the batch's device; minus infinity: not on offer.

        Raises:
            ValueError: the answers are no numbers.
        """
        return self._checked(self._logits(batch))

    @torch.no_grad()
    def hidden(self, batch: Batch) -> Tensor:
        """(m, D) the vectors that are multiplied with the items', constants.

        Raises:
            TypeError: it has none. ValueError: they are no numbers.
        """
        return self._checked(self._hidden(batch))

    def _hidden(self, batch: Batch) -> Tensor:
        raise TypeError(
            f"teacher: {self.name} has no hidden vectors; expected a torch model on the same batches"
        )

    def known(self, batch: Batch) -> Tensor | None:
        """(m,) bool, the questions it can answer; None for all."""
        return None

    def _checked(self, answers: Tensor) -> Tensor:
        bad = answers.isnan() | (answers == torch.inf)
        if bool(bad.any()):
            row, column = (int(code) for code in bad.nonzero()[0])
            told = float(answers[row, column])
            raise ValueError(f"teacher: {self.name} says {told} in column {column}; expected finite numbers")
        return answers

    @property
    def width(self) -> int:
        """D, the length of its hidden vectors."""
        raise TypeError(
            f"teacher: {self.name} has no hidden vectors; expected a torch model for this objective"
        )

    @property
    def name(self) -> str:
        """How messages call it."""
        return type(self.model).__name__

    def parts(self) -> Sequence[Teacher]:
        """Those who answer: itself, or the several that it is made of."""
        return [self]

    def numbers(self, batch: Batch) -> Tensor:
        """(m,) questions of one number have one answer; here, each training question has its own."""
        if batch.numbers is None:
            raise ValueError(
                "cache: the student's batches do not number their questions; expected cache=None"
            )
        return batch.numbers

    def ahead(self, examples: Examples, n_users: int, device: Any = "cpu") -> tuple[int, Iterator[Batch]]:
        """How many numbers there are, and batches in which each comes up; for answers made ahead."""
        in_a_row = max(1, examples.n_questions // max(1, len(examples)))
        at_once = max(1, LOGITS_AT_ONCE // (in_a_row * self.n_items))
        rows = torch.arange(len(examples), device=device).split(at_once)
        return examples.n_questions, (examples.batch(some) for some in rows)

    def terms(self) -> list[Any]:
        """All that its answers depend on."""
        return [type(self).__name__, self.name, self.model]


class BatchTeacher(Teacher):
    """A torch recommender that looks at the student's batch, as the student does."""

    def __init__(self, model: TorchRecommender) -> None:
        self.model, self.n_items = model, model.n_items_
        self.n_users = None if isinstance(model, SequenceRecommender) else model.n_users_
        self.module = deepcopy(model.module_).eval().requires_grad_(False)

    def _logits(self, batch: Batch) -> Tensor:
        return self.model.logits(self._on(batch), batch)

    def _hidden(self, batch: Batch) -> Tensor:
        return self.model.hidden(self._on(batch), batch)

    @property
    def width(self) -> int:
        """D, of its item table."""
        return self.model.items(self.module).shape[1]

    def _on(self, batch: Batch) -> Any:
        return self.module.to(batch.users.device)


class UserTeacher(Teacher):
    """Any fitted recommender, asked ``score(users)``: one answer a user, whatever the question.

    It has seen all that the user met, the answer to the question included.

    Args:
        model: fitted. standardize: bring each row of scores to mean 0 and deviation 1, as scores of most
            recommenders are no logits (those of EASE all lie near 0, and soften to nearly equal chances).
    """

    def __init__(self, model: Recommender, standardize: bool) -> None:
        self.model, self.standardize = model, standardize
        self.n_items, self.n_users = model.n_items_, model.n_users_

    def _logits(self, batch: Batch) -> Tensor:
        users, place = batch.users.unique(return_inverse=True)
        codes = users.cpu().numpy()
        rows = [self._rows(self.model.score(codes[a:b])) for a, b in chunks(len(codes), _rows_of(self))]
        return torch.from_numpy(np.concatenate(rows)).to(batch.users.device)[place]

    def _rows(self, scores: Any) -> np.ndarray:
        """(b, I) float32, standardized where wanted."""
        scores = np.asarray(scores, dtype=np.float32)
        if not self.standardize:
            return scores
        spread = scores.std(1, keepdims=True)
        return (scores - scores.mean(1, keepdims=True)) / np.where(spread > 0, spread, 1)

    def numbers(self, batch: Batch) -> Tensor:
        """(m,) users: all questions of one have one answer."""
        return batch.users

    def ahead(self, examples: Examples, n_users: int, device: Any = "cpu") -> tuple[int, Iterator[Batch]]:
        """Every user once."""
        users = torch.arange(n_users, device=device).split(_rows_of(self))
        return n_users, (Batch(some, torch.full_like(some, -1)) for some in users)

    def terms(self) -> list[Any]:
        """What it is, and whether its scores are standardized."""
        return [*super().terms(), self.standardize]


class HistoryTeacher(UserTeacher):
    """A fitted recommender that scores histories, asked what the question's history lets it know."""

    def __init__(self, model: Recommender, standardize: bool) -> None:
        super().__init__(model, standardize)
        self.n_users = None

    def _logits(self, batch: Batch) -> Tensor:
        assert batch.histories is not None and batch.asked is not None
        rows, places = (codes.cpu().numpy() for codes in batch.asked.nonzero(as_tuple=True))
        items = batch.histories.cpu().numpy()
        answers = [
            self._rows(self._ask([items[r, :t] for r, t in zip(rows[a:b], places[a:b], strict=True)]))
            for a, b in chunks(len(rows), _rows_of(self))
        ]
        return torch.from_numpy(np.concatenate(answers)).to(batch.users.device)

    def _ask(self, histories: list[np.ndarray]) -> Any:
        model: Any = self.model
        if isinstance(model, SequenceRecommender):
            return model.score_histories(histories)
        size = [len(history) for history in histories]
        rows, ones = np.repeat(np.arange(len(histories)), size), np.ones(sum(size))
        shape = (len(histories), self.n_items)
        return model.score_histories(sparse.csr_array((ones, (rows, np.concatenate(histories))), shape=shape))

    numbers = Teacher.numbers
    ahead = Teacher.ahead


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
    by_history = isinstance(student, SequenceRecommender)
    if isinstance(teacher, TorchRecommender) and _sees_as_much(teacher, student):
        return BatchTeacher(teacher)
    scaled = not isinstance(teacher, TorchRecommender) if standardize is None else standardize
    kind = HistoryTeacher if by_history and hasattr(teacher, "score_histories") else UserTeacher
    return kind(teacher, scaled)


def _sees_as_much(teacher: TorchRecommender, student: TorchRecommender) -> bool:
    """Whether the student's batches are batches to the teacher too."""
    if not isinstance(teacher, SequenceRecommender):
        return True
    return isinstance(student, SequenceRecommender) and teacher.max_length >= student.max_length


def _rows_of(teacher: Teacher) -> int:
    return max(1, CELLS_PER_BATCH // teacher.n_items)
