"""How the models here are trained: their settings, and the one place where another loss can step in."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from recsys_course.base import check_range
from recsys_course.training import Trained, Training, seeded, train

Loss = Callable[[Any, Any, Any, torch.Generator], Tensor]  # of model, module, batch, rng; a scalar
Validate = Callable[[Any, Any], float]  # of model and module; the higher the better


class Examples(Protocol):
    """Training rows: ``len`` of them, and any of them as a batch."""

    def __len__(self) -> int: ...

    @property
    def n_questions(self) -> int:
        """How many things there are to learn in all rows; the numbers of a batch are from 0 to one less."""
        ...

    def batch(self, rows: Tensor) -> Any:
        """(b,) row numbers -> what is asked there, on the device of ``rows``."""
        ...


@dataclass(frozen=True)
class Given:
    """What one call of ``train_with`` was given; nothing in a plain ``fit``.

    Args:
        loss: (model, module, batch, rng) -> scalar; None means the model's own ``batch_loss``.
        extra: a module with parameters that the loss uses, trained along and then left alone.
        validate: (model, module) -> a number, the higher the better, after each epoch; the best epoch's
            weights are kept, ``patience`` waits for it, and nothing is held out of the data.
        start: a module to go on from, copied; None starts from new parameters.
    """

    loss: Loss | None = None
    extra: nn.Module | None = None
    validate: Validate | None = None
    start: nn.Module | None = None


def check_count(name: str, value: Any, what: str = "a count of") -> None:
    """Refuse what is no whole number (TypeError), or is below 1 (ValueError)."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: {value!r}; expected a whole number")
    check_range(name, int(value), 1, what)


def check_module(module: Any) -> None:
    """Refuse what is no torch module (TypeError)."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"module: {type(module).__name__}; expected a torch module, such as model.module_")


@dataclass
class Trainable:
    """Settings of a model with a torch module; all by keyword, so that a model's own come first.

    Args:
        n_epochs, batch_size, learning_rate, weight_decay, device, n_threads, checkpoint: see
            :class:`.Training`.
        patience: epochs without a better validation value before training stops; None trains all epochs on
            all of the data. With a number, a part is held out of training and judges every epoch, and the
            weights of the best one are kept.
        validation_share: how much is held out, in (0, 1].
        seed: of the first parameters, of the batches, and of what is drawn.
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

    given = Given()  # no setting: what one call of train_with asks for

    def batch_loss(self, module: Any, batch: Any, rng: torch.Generator) -> Tensor:
        """The model's own loss, a scalar."""
        raise NotImplementedError

    def _check_settings(self) -> None:
        """Refuse what only the subclass knows to be wrong."""

    def _training(self) -> Training:
        """The settings, checked."""
        self._check_settings()
        if not 0 < self.validation_share <= 1:
            raise ValueError(f"validation_share: {self.validation_share}; expected a share in (0, 1]")
        names = [entry.name for entry in fields(Training) if hasattr(self, entry.name)]
        return Training(**{name: getattr(self, name) for name in names})

    def _started(self, build: Callable[[], nn.Module]) -> nn.Module:
        """The module to train, with its first parameters."""
        if self.given.start is not None:
            return deepcopy(self.given.start)
        with seeded(self.seed):
            return build()

    def _train(self, module: nn.Module, examples: Examples, judge: Validate | None) -> Trained:
        """The one loop; where there is nothing to learn from, the first parameters stay."""
        if not len(examples):
            return Trained([], [], -1)
        loss, extra = self.given.loss, self.given.extra
        whole = nn.ModuleList([module] if extra is None else [module, extra])

        def of_rows(whole: Any, rows: Tensor, rng: torch.Generator) -> Tensor:
            batch = examples.batch(rows)
            return self.batch_loss(whole[0], batch, rng) if loss is None else loss(self, whole[0], batch, rng)

        validate = None if judge is None else (lambda whole: judge(self, whole[0]))
        name = type(self).__name__
        return train(whole, of_rows, len(examples), self._training(), validate, name, self._terms())

    def _terms(self) -> dict[str, Any]:
        """The model and its own plain settings: a checkpoint of another loss would pass as this one's."""
        told = {f.name for f in fields(Training)}  # what Training says itself
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in told}
        own = {name: value.item() if isinstance(value, np.generic) else value for name, value in own.items()}
        own = {name: str(value) if isinstance(value, list | tuple) else value for name, value in own.items()}
        plain = {name: value for name, value in own.items() if isinstance(value, bool | int | float | str)}
        return {"model": type(self).__name__} | plain
