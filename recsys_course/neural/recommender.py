"""What every deep recommender shares: one way to be trained, to score, and to be scored by another's net."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from recsys_course.base import Recommender, check_range
from recsys_course.compiled import chunks
from recsys_course.interactions import Interactions
from recsys_course.neural.batches import Batch, Examples, Histories, in_time
from recsys_course.ranking import coordinates
from recsys_course.sampling import NegativeSampler
from recsys_course.training import Trained, Training, seeded, train

USERS_AT_ONCE = 256  # scored at a time
Loss = Callable[["TorchRecommender", Any, Batch, torch.Generator], Tensor]  # of model, module, batch, rng
Validate = Callable[["TorchRecommender", Any], float]  # of model, module: the higher the better


class _Given(NamedTuple):
    """What :meth:`TorchRecommender.train_with` was given; nothing in ``fit``."""

    loss: Loss | None = None
    extra: nn.Module | None = None
    validate: Validate | None = None


@dataclass
class TorchRecommender(Recommender):
    r"""A torch module that answers "which item comes next?" for a batch of questions.

    A subclass writes ``_build`` (the module), ``_prepare`` (the training rows), ``_questions`` (what is
    asked when users are scored), ``logits`` and ``batch_loss``. Training, validation, scoring and devices
    are here, so that whoever trains a model with another loss, or scores it with another module, writes
    nothing else.

    Args:
        n_epochs, batch_size, learning_rate, weight_decay, device, n_threads, checkpoint: see
            :class:`.Training`.
        patience: epochs without a better validation value before training stops; None trains all epochs on
            all events. With a number, the last event of users is held out of training, and the weights of
            the best epoch are kept.
        validation_share: share of the users with two events or more of whom the last is held out, in (0, 1].
        seed: of the first parameters, of the batches, and of what is drawn.

    Attributes:
        module_: the trained module, on the CPU, in eval mode. loss_: (epochs run,) mean loss.
        training_: the :class:`.Trained`, whose ``validation`` is, epoch by epoch, the nDCG@10 of the held-out
            events among all items that the user had not met; empty without patience.
        histories_: what each user met, in time.

    Raises:
        ValueError: a setting outside its range, or a device that is not there.
        Diverged: the loss left the finite numbers.
    """

    _: KW_ONLY
    n_epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    patience: int | None = None
    validation_share: float = 1.0
    seed: int = 0
    device: str = "cpu"
    n_threads: int | None = None
    checkpoint: str | Path | None = None

    _given = _Given()  # not a setting: what one call of train_with asks for

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

    @abstractmethod
    def batch_loss(self, module: Any, batch: Batch, rng: torch.Generator) -> Tensor:
        """The model's own loss, a scalar."""

    def _check_settings(self) -> None:
        """Refuse what only the subclass knows to be wrong."""

    def hidden(self, module: Any, batch: Batch) -> Tensor:
        """(m, K) the vectors that are multiplied with :meth:`items`."""
        raise TypeError(f"{type(self).__name__} scores pairs; only products of vectors have hidden ones")

    def items(self, module: Any) -> Tensor:
        """(I, K) the item table of the output."""
        raise TypeError(f"{type(self).__name__} scores pairs; only products of vectors have an item table")

    def train_with(
        self,
        data: Interactions,
        loss: Loss | None,
        extra: nn.Module | None = None,
        validate: Validate | None = None,
    ) -> Self:
        """``fit``, with another loss or another judge.

        Args:
            loss: (model, module, batch, rng) -> scalar; None means the model's own.
            extra: a module with parameters that the loss uses, trained along and then left alone.
            validate: (model, module) -> a number, the higher the better, after each epoch; the best epoch's
                weights are kept, ``patience`` waits for it, and nothing is held out of ``data``.
        """
        self._given = _Given(loss, extra, validate)
        try:
            return self.fit(data)
        finally:
            self._given = _Given()

    def with_module(self, module: nn.Module) -> Self:
        """A copy of the fitted recommender that scores with another module; the original stays as it is.

        Raises:
            NotFitted: before fit.
        """
        self._need_fit()
        other = copy(self)
        other._keep(module)
        return other

    def _keep(self, module: nn.Module) -> None:
        """The module that scores from now on."""
        self.module_ = module.cpu().eval()

    def _fit(self, data: Interactions) -> None:
        self._check_settings()
        training, judge, log = self._training(), self._given.validate, data
        if judge is None and self.patience is not None:
            log, held = self._hold_out(data)
            judge = _Judge(held, log.to_csr())
        with seeded(self.seed):
            module = self._build(log)
        self._remember(log)
        self.training_ = self._train(module, self._prepare(log), training, judge)
        self.loss_ = np.array(self.training_.loss)
        self._remember(data)
        vars(self).pop("_drawing", None)  # of use in training alone
        self._keep(module)

    def _training(self) -> Training:
        """The settings, checked."""
        if not 0 < self.validation_share <= 1:
            raise ValueError(f"validation_share: {self.validation_share}; expected a share in (0, 1]")
        names = [entry.name for entry in fields(Training) if hasattr(self, entry.name)]
        return Training(**{name: getattr(self, name) for name in names})

    def _train(
        self, module: nn.Module, examples: Examples, training: Training, judge: Validate | None
    ) -> Trained:
        """The one loop; a log from which nothing can be learned leaves the first parameters."""
        if not len(examples):
            return Trained([], [], -1)
        loss, extra = self._given.loss, self._given.extra
        whole = nn.ModuleList([module] if extra is None else [module, extra])

        def of_rows(whole: Any, rows: Tensor, rng: torch.Generator) -> Tensor:
            batch = examples.batch(rows)
            return self.batch_loss(whole[0], batch, rng) if loss is None else loss(self, whole[0], batch, rng)

        validate = None if judge is None else (lambda whole: judge(self, whole[0]))
        return train(whole, of_rows, len(examples), training, validate, what=type(self).__name__)

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
        check_range("max_length", self.max_length, 1, "items of history,")

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
