"""What a model weighs and how long it takes: bytes that are counted, times with an interval."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from recsys_course.base import check_range
from recsys_course.training.settings import threads

N_BOOTSTRAP = 2000


def bytes_on_disk(module: nn.Module) -> int:
    """Length of the file that ``torch.save`` makes of a module's state: numbers, names and its frame."""
    file = BytesIO()
    torch.save(module.state_dict(), file)
    return file.tell()


def expected_bytes(module: nn.Module) -> int:
    """Bytes of all numbers that the module keeps; what layers share counts once."""
    storages = [tensor.untyped_storage() for tensor in _tensors(list(module.state_dict().values()))]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def _tensors(state: Any) -> list[torch.Tensor]:
    """All tensors of a state; torch's own quantised layers keep theirs in tuples."""
    if isinstance(state, torch.Tensor):
        return [state]
    return [t for part in state for t in _tensors(part)] if isinstance(state, list | tuple) else []


class Latency(NamedTuple):
    """Milliseconds a call: the median, and the ends of a 95 % interval of the median."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ms ({self.low:.3g} to {self.high:.3g})"


def latency(fn: Callable[[], Any], repeats: int = 50, warmup: int = 5, seed: int = 0) -> Latency:
    """Time of ``fn()``, on one thread and without gradients.

    Args:
        fn: what is measured. repeats: calls that are timed, at least 2. warmup: calls before, not timed.
        seed: of the bootstrap that gives the interval.

    Raises:
        ValueError: fewer than 2 repeats, or a negative warmup.

    The interval tells how well the median is known on this machine in this minute, nothing of other machines.
    """
    check_range("repeats", repeats, 2, "timed calls,")
    check_range("warmup", warmup, 0, "calls,")
    with threads(1), torch.no_grad():
        for _ in range(warmup):
            fn()
        times = np.array([_timed(fn) for _ in range(repeats)])
    rng = np.random.default_rng(seed)
    medians = np.median(rng.choice(times, (N_BOOTSTRAP, repeats)), axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    return Latency(float(np.median(times)), float(low), float(high))


def _timed(fn: Callable[[], Any]) -> float:
    start = time.perf_counter()
    fn()
    return 1e3 * (time.perf_counter() - start)
