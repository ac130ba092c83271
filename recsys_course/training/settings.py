"""How a module is trained, where, and with which random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recsys_course.base import check_range
from recsys_course.compiled import n_threads


@dataclass(frozen=True)
class Training:
    """How a module is trained.

    Args:
        n_epochs: passes over the rows, at least 1. batch_size: rows a step, at least 1.
        learning_rate: of Adam, more than 0. weight_decay: of AdamW, at least 0.
        patience: epochs without a better validation value before it stops; None never stops early.
        device: "cpu", "cuda", "mps", or any name that torch knows.
        n_threads: processors that torch may use meanwhile; None takes those of this process.
        mixed_precision: compute in bfloat16 where the device has it (CUDA); elsewhere it changes nothing.
        seed: of the order of rows, of what the loss draws, and of dropout.
        checkpoint: a file that keeps the state after every epoch. The same call goes on from there,
            and ends with the weights that an uninterrupted run would have.

    Raises:
        ValueError: a value outside its range, or a device that is not there. TypeError: half an epoch.
    """

    n_epochs: int = 20
    batch_size: int = 512
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    patience: int | None = None
    device: str = "cpu"
    n_threads: int | None = None
    mixed_precision: bool = False
    seed: int = 0
    checkpoint: str | Path | None = None

    def __post_init__(self) -> None:
        for name in ("n_epochs", "batch_size", "patience", "n_threads"):
            if (value := getattr(self, name)) is not None:
                if not isinstance(value, int | np.integer):
                    raise TypeError(f"{name}: {value!r}; expected a whole number")
                check_range(name, int(value), 1, "a count of")
                object.__setattr__(self, name, int(value))
        object.__setattr__(self, "seed", int(self.seed))  # numpy's integers are none to torch and JSON
        check_range("learning_rate", self.learning_rate, 0, "a step of", strict=True)
        check_range("weight_decay", self.weight_decay, 0, "a weight of")
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:
            told = str(error).splitlines()[0]
            raise ValueError(f"device: {self.device!r}; expected one that is there ({told})") from error

    def plain(self) -> dict[str, Any]:
        """What decides the result of an epoch, to tell one run's checkpoint from another's."""
        names = ("batch_size", "learning_rate", "weight_decay", "patience", "mixed_precision", "seed")
        return {name: getattr(self, name) for name in names}


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's own random numbers start at ``seed`` inside and are as before after it."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


@contextmanager
def threads(n: int | None) -> Iterator[None]:
    """Torch uses n threads inside, None: those of this process; as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads() if n is None else n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
