"""Any fitted recommender as a teacher, asked by user or by history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from recsys_course.base import CELLS_PER_BATCH, Recommender
from recsys_course.compiled import chunks
from recsys_course.distillation.teacher import Teacher
from recsys_course.neural import Batch, Examples
from recsys_course.neural.recommender import SequenceRecommender


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
        offered = scores != -np.inf
        offered[~offered.any(1)] = True  # nothing on offer: no numbers, refused
        mean = scores.mean(1, keepdims=True, where=offered)
        spread = scores.std(1, keepdims=True, where=offered)
        return (scores - mean) / np.where(spread > 0, spread, 1)

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

    def numbers(self, batch: Batch) -> Tensor:
        """(m,) each training question has its own answer, as with any teacher but by user."""
        return Teacher.numbers(self, batch)

    def ahead(self, examples: Examples, n_users: int, device: Any = "cpu") -> tuple[int, Iterator[Batch]]:
        """All questions of the training rows."""
        return Teacher.ahead(self, examples, n_users, device)


def _rows_of(teacher: Teacher) -> int:
    return max(1, CELLS_PER_BATCH // teacher.n_items)
