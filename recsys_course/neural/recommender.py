"""What every deep recommender shares: one way to be trained, to score, and to be scored by another's net."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from recsys_course.base import Recommender
from recsys_course.compiled import chunks
from recsys_course.interactions import Interactions
from recsys_course.neural.batches import Batch, Histories, in_time
from recsys_course.neural.trainable import (
    Examples,
    Given,
    Loss,
    Trainable,
    Validate,
    check_count,
    check_module,
)
from recsys_course.ranking import coordinates
from recsys_course.sampling import NegativeSampler

USERS_AT_ONCE = 256  # scored at a time


@dataclass
class TorchRecommender(Trainable, Recommender):
    r"""A torch module that answers "which item comes next?" for a batch of questions.

    A subclass writes ``_build`` (the module), ``_prepare`` (the training rows), ``_questions`` (what is
    asked when users are scored), ``logits`` and ``batch_loss``. Training, validation, scoring and devices
    are here, so that whoever trains a model with another loss, or scores it with another module, writes
    nothing else.

    Args:
        patience: with a number, the last event of users is held out of training, and the weights of the
            epoch that lists it best are kept.
        validation_share: share of the users with two events or more of whom the last is held out, in (0, 1].
        The rest: see :class:`.Trainable`.

    Attributes:
        module_: the trained module, on the CPU, in eval mode. loss_: (epochs run,) mean loss.
        training_: the :class:`.Trained`, whose ``validation`` is, epoch by epoch, the nDCG@10 of the held-out
            events among all items that the user had not met; empty without patience.
        histories_: what each user met, in time.

    Raises:
        ValueError: a setting outside its range, or a device that is not there.
        Diverged: the loss left the finite numbers.
    """

    @abstractmethod
    def _build(self, data: Interactions) -> nn.Module:
        """A new module for the id space of ``data``; torch's random numbers are seeded already."""

    @abstractmethod
    def _prepare(self, data: Interactions) -> Examples:
        """The training rows, their tensors on ``self.device``; may be none."""

    @abstractmethod
    def _questions(self, users: Tensor) -> Batch:
        """(b,) users -> one question for each, after all that ``self.histories_`` knows."""

    @abstractmethod
    def logits(self, module: Any, batch: Batch) -> Tensor:
        """(m, I) scores of all items for the m questions, with gradient."""

    def hidden(self, module: Any, batch: Batch) -> Tensor:
        """(m, K) the vectors that are multiplied with :meth:`items`."""
        raise TypeError(f"{type(self).__name__} scores pairs; only products of vectors have hidden ones")

    def items(self, module: Any) -> Tensor:
        """(I, K) the item table of the output."""
        raise TypeError(f"{type(self).__name__} scores pairs; only products of vectors have an item table")

    def train_with(
        self,
        data: Interactions,
        loss: Loss | None = None,
        extra: nn.Module | None = None,
        validate: Validate | None = None,
        start: nn.Module | None = None,
    ) -> Self:
        """``fit`` with another loss, another judge or another start; see :class:`.Given`."""
        self.given = Given(loss, extra, validate, start)
        try:
            return self.fit(data)
        finally:
            del self.given

    def with_module(self, module: nn.Module) -> Self:
        """A copy of the fitted recommender that scores with another module; the original stays as it is.

        Raises:
            NotFitted: before fit. TypeError: no module, such as the recommender around it.
        """
        self._need_fit()
        check_module(module)
        other = copy(self)
        other._keep(module)
        return other

    def _keep(self, module: nn.Module) -> None:
        """The module that scores from now on."""
        self.module_ = module.cpu().eval()

    def _fit(self, data: Interactions) -> None:
        self._training()  # refuses wrong settings before there is work
        judge, log = self.given.validate, data
        if judge is None and self.patience is not None:
            log, held = self._hold_out(data)
            judge = _Judge(held, log.to_csr())
        module = self._started(lambda: self._build(log))
        self._remember(log)
        self.training_ = self._train(module, self._prepare(log), judge)
        self.loss_ = np.array(self.training_.loss)
        self._remember(data)
        vars(self).pop("_drawing", None)  # of use in training alone
        self._keep(module)

    def _remember(self, data: Interactions) -> None:
        """What scoring needs to know of the log."""
        self.histories_ = Histories.of(data)

    def _hold_out(self, data: Interactions) -> tuple[Interactions, Interactions]:
        """What to learn from, and the last events of users to judge by."""
        order, size = in_time(data), np.bincount(data.users, minlength=data.n_users)
        able = np.flatnonzero(size > 1)
        if not len(able):
            raise ValueError(f"patience: {self.patience}; expected users with two events or more to judge by")
        n = max(1, round(self.validation_share * len(able)))
        users = np.random.default_rng(self.seed).choice(able, n, replace=False)
        held = np.zeros(len(data), dtype=bool)
        held[order[np.cumsum(size)[users] - 1]] = True
        return data.take(~held), data.take(held)

    def _score(self, users: np.ndarray) -> np.ndarray:
        codes = torch.from_numpy(users.astype(np.int64))
        return self._answers(lambda a, b: self._questions(codes[a:b]), len(codes))

    def _answers(self, questions: Callable[[int, int], Batch], n: int) -> np.ndarray:
        """(n, I) scores, a few questions at a time."""
        scores = np.empty((n, self.n_items_), dtype=np.float32)
        with torch.inference_mode():
            for a, b in chunks(n, USERS_AT_ONCE):
                scores[a:b] = self.logits(self.module_, questions(a, b)).numpy()
        return scores

    def _draws_from(self, data: Interactions) -> NegativeSampler:
        """Makes :meth:`negatives` draw what a user has not met in ``data``."""
        self._drawing = NegativeSampler(data)
        return self._drawing

    def negatives(self, batch: Batch, n: int, rng: torch.Generator) -> Tensor:
        """(m, n) items that the users of the m questions have not met, drawn evenly."""
        chance = np.random.default_rng(int(torch.randint(2**62, (1,), generator=rng)))
        drawn = self._drawing.draw(batch.users.cpu().numpy(), n, chance)
        return torch.from_numpy(drawn).to(batch.users.device)


@dataclass(frozen=True)
class _Judge:
    """nDCG@10 of held-out events, one for each user; what else a user has met is no rival, ties are."""

    held: Interactions
    seen: sparse.csr_array

    def __call__(self, model: TorchRecommender, module: Any) -> float:
        codes = torch.from_numpy(self.held.users.astype(np.int64))
        targets = torch.from_numpy(self.held.items.astype(np.int64))[:, None]  # (V, 1)
        total = 0.0
        for a, b in chunks(len(codes), USERS_AT_ONCE):
            scores = model.logits(module, model._questions(codes[a:b]).to(model.device)).cpu()  # (v, I)
            own = scores.gather(1, targets[a:b])
            if own.isnan().any():  # nothing would be above it, and it would count as first
                return float("nan")
            rows, columns = coordinates(self.seen[self.held.users[a:b]])
            scores[torch.from_numpy(rows), torch.from_numpy(columns).long()] = -torch.inf
            scores.scatter_(1, targets[a:b], -torch.inf)
            rank = (scores >= own).sum(1)  # (v,) from 0
            total += float((1 / torch.log2(rank + 2.0))[rank < 10].sum())
        return total / len(codes)


class SequenceRecommender(TorchRecommender):
    """A recommender that looks at what was met, in time, and so can serve histories of nobody it knows.

    Args:
        max_length: items of a history that are looked at, the latest; at least 1. A field of each subclass.
    """

    max_length: int

    def _check_settings(self) -> None:
        check_count("max_length", self.max_length, "items of history,")

    def _questions(self, users: Tensor) -> Batch:
        return self.histories_.last(users, self.max_length)

    def score_histories(self, histories: Sequence[Any]) -> np.ndarray:
        """B lists of item codes, oldest first, each may be empty -> (B, I) scores of what comes next.

        Raises:
            NotFitted: before fit. ValueError, TypeError: a history that is not a row of known item codes.
        """
        self._need_fit()
        listed = Histories.listed(histories, self.n_items_)
        rows = torch.arange(len(listed))

        def questions(a: int, b: int) -> Batch:
            batch = listed.last(rows[a:b], self.max_length)
            return Batch(torch.full_like(batch.users, -1), batch.targets, batch.histories, batch.asked)

        return self._answers(questions, len(listed))
