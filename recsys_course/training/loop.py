"""The loop itself: epochs, the best weights, the state that a checkpoint keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch

from recsys_course.base import Diverged, check_range
from recsys_course.checkpoint import CheckpointError, read, write
from recsys_course.progress import bar
from recsys_course.training.settings import Training, seeded, threads

Loss = Callable[[torch.nn.Module, torch.Tensor, torch.Generator], torch.Tensor]


class Trained(NamedTuple):
    """What happened, epoch by epoch.

    Attributes:
        loss: mean loss over the rows met, an epoch each. validation: what ``validate`` said, or empty.
        best_epoch: the epoch (from 0) whose weights the module holds.
    """

    loss: list[float]
    validation: list[float]
    best_epoch: int

    @property
    def n_epochs(self) -> int:
        """Epochs run."""
        return len(self.loss)


def train(
    module: torch.nn.Module,
    loss: Loss,
    n_rows: int,
    training: Training | None = None,
    validate: Callable[[torch.nn.Module], float] | None = None,
    what: str = "training",
    terms: Mapping[str, Any] | None = None,
) -> Trained:
    """Train ``module`` in place; leaves it on its device, in eval mode.

    Args:
        module: any torch module with parameters.
        loss: (module, rows, rng) -> scalar, the mean loss of a batch. ``rows`` (b,) are numbers in
            0..n_rows-1 on the device, each once an epoch; ``rng`` is a CPU generator for what the loss draws.
        n_rows: training rows, at least 1.
        training: how; None takes ``Training()``.
        validate: module -> a number, higher is better, after each epoch in eval mode and without gradient.
            The weights of the best epoch are kept; None keeps the last.
        what: how the progress bar calls it.
        terms: what else decides the result, such as the name of the loss: a checkpoint kept under others is
            refused. Plain values, as JSON knows them.

    Raises:
        Diverged: a loss or a validation value that is not finite; the module is left as it then was.
        CheckpointError: the checkpoint is damaged, of another run (also one with ``validate`` where this
            has none, or the reverse), holds more epochs than asked for, or cannot be written.
        ValueError: n_rows < 1, no parameters to train, or ``patience`` without ``validate``.

    Same seed, device and number of threads: same weights.
    """
    training = training or Training()
    check_range("n_rows", n_rows, 1, "training rows,")
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise ValueError("module: no parameters with requires_grad; expected something to train")
    if training.patience is not None and validate is None:
        raise ValueError(f"patience: {training.patience} without validate; expected something to wait for")
    with (
        seeded(training.seed),
        threads(training.n_threads),
        bar(None, what, training.n_epochs, "epoch") as b,
    ):
        run = _Run(
            module.to(training.device), loss, n_rows, training, validate is not None, dict(terms or {})
        )
        run.resume()
        b.update(run.n_done)
        while run.n_done < training.n_epochs and not run.out_of_patience():
            run.epoch(validate)
            b.update()
            b.set_postfix_str(run.told())
        run.keep_best()
    return Trained(run.losses, run.values, run.best_epoch)


@dataclass
class _Run:
    """One training on its way; ``state`` is all that a checkpoint needs."""

    module: torch.nn.Module
    loss: Loss
    n_rows: int
    training: Training
    validated: bool
    terms: dict[str, Any] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    best_epoch: int = -1
    best: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        own, t = [p for p in self.module.parameters() if p.requires_grad], self.training
        self.optimizer = torch.optim.AdamW(own, lr=t.learning_rate, weight_decay=t.weight_decay)
        self.rng = torch.Generator().manual_seed(t.seed)
        self.device = torch.device(t.device)
        self.mixed = t.mixed_precision and self.device.type == "cuda" and torch.cuda.is_bf16_supported()

    @property
    def n_done(self) -> int:
        return len(self.losses)

    def epoch(self, validate: Callable[[torch.nn.Module], float] | None) -> None:
        self.losses.append(self._steps())
        if validate is None:
            self.best_epoch = self.n_done - 1
        else:
            self._validated(validate)
        self._keep()

    def _keep(self) -> None:
        if self.training.checkpoint is not None:
            write(self.training.checkpoint, self._made_of(), self._state())

    def _steps(self) -> float:
        """All rows once, in a new order; the mean loss."""
        self.module.train()
        order = torch.randperm(self.n_rows, generator=self.rng).to(self.device)
        total = torch.zeros((), device=self.device)  # on the device: reading it at each step would wait
        for rows in order.split(self.training.batch_size):
            self.optimizer.zero_grad(set_to_none=True)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
                loss = self.loss(self.module, rows, self.rng)
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(rows)
        return self._finite(float(total) / self.n_rows, "the loss", self.n_done + 1)

    def _validated(self, validate: Callable[[torch.nn.Module], float]) -> None:
        self.module.eval()
        with torch.no_grad():
            value = float(validate(self.module))
        self.values.append(self._finite(value, "the validation value", self.n_done))
        if self.best is None or self.values[-1] > self.values[self.best_epoch]:
            self.best_epoch, self.best = self.n_done - 1, deepcopy(self.module.state_dict())

    def _finite(self, value: float, what: str, epoch: int) -> float:
        if not np.isfinite(value):
            rate = self.training.learning_rate
            raise Diverged(
                f"{what} is {value} in epoch {epoch}; lower learning_rate (now {rate:g}), "
                f"for example to {rate / 4:g}"
            )
        return value

    def out_of_patience(self) -> bool:
        patience = self.training.patience
        return patience is not None and bool(self.values) and self.n_done - 1 - self.best_epoch >= patience

    def keep_best(self) -> None:
        if self.best is not None:
            self.module.load_state_dict(self.best)
        self.module.eval()

    def told(self) -> str:
        value = f", validation {self.values[-1]:.4g}" if self.values else ""
        return f"loss {self.losses[-1]:.4g}{value}"

    def _made_of(self) -> dict[str, Any]:
        shapes = {name: list(tensor.shape) for name, tensor in self.module.state_dict().items()}
        return (
            self.training.plain()
            | {"n_rows": self.n_rows, "validated": self.validated, "shapes": shapes}
            | self.terms
        )

    def _state(self) -> dict[str, Any]:
        chance = {"torch": torch.get_rng_state(), "rng": self.rng.get_state()}
        if self.device.type == "cuda":
            chance["cuda"] = torch.cuda.get_rng_state(self.device)
        return {
            "module": self.module.state_dict(), "optimizer": self.optimizer.state_dict(), "chance": chance,
            "losses": self.losses, "values": self.values, "best_epoch": self.best_epoch, "best": self.best,
        }  # fmt: skip

    def resume(self) -> None:
        """Go on from the checkpoint; where there is none yet, the start is kept, so that a place that
        cannot be written to is known before an epoch is spent."""
        path = self.training.checkpoint
        state = None if path is None else read(path, self._made_of(), self.device)
        if state is None:
            self._keep()
            return
        self._restore(state)
        if self.n_done > self.training.n_epochs:
            raise CheckpointError(
                f"checkpoint: {path} holds {self.n_done} epochs; expected at most "
                f"n_epochs={self.training.n_epochs}; remove it or name another"
            )

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            self.module.load_state_dict(state["module"])
            self.optimizer.load_state_dict(state["optimizer"])
            chance = {name: tensor.cpu() for name, tensor in state["chance"].items()}
            torch.set_rng_state(chance["torch"])
            self.rng.set_state(chance["rng"])
            if "cuda" in chance:
                torch.cuda.set_rng_state(chance["cuda"], self.device)
            self.losses, self.values = list(state["losses"]), list(state["values"])
            self.best_epoch, self.best = state["best_epoch"], state["best"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(
                f"checkpoint: {self.training.checkpoint} lacks what this training needs ({error})"
            ) from error
