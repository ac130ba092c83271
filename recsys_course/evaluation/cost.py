"""What a model costs: seconds, memory, bytes to keep."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SELF = Path("/proc/self")


@dataclass
class Memory:
    """Peak of a ``with watched_memory()`` block.

    Attributes:
        peak: bytes of resident memory above that at the start of the block, at the highest
            moment; None where the system does not tell.
    """

    peak: int | None = None


@contextlib.contextmanager
def watched_memory() -> Iterator[Memory]:
    """The highest resident memory of this process inside the block, over that at its start.

    The kernel of Linux keeps the mark, so nothing is missed between two looks, and what
    compiled loops and BLAS take is counted, unlike by ``tracemalloc``. Before the block, free
    memory is given back to the system; what cannot be given back is used without being counted.
    On other systems the peak is None.
    """
    memory = Memory()
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # no glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    try:
        (SELF / "clear_refs").write_text("5")  # sets the mark back to the present
        start = _status("VmRSS")
    except OSError:
        start = None
    yield memory
    if start is not None:
        memory.peak = max(0, _status("VmHWM") - start)


def _status(key: str) -> int:
    """A figure of /proc/self/status in bytes."""
    for line in (SELF / "status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {key} in /proc/self/status")


@dataclass
class Clock:
    """Seconds of a ``with watched_time()`` block: of the wall, and of all processors together."""

    wall: float = 0.0
    cpu: float = 0.0


@contextlib.contextmanager
def watched_time() -> Iterator[Clock]:
    """Seconds that pass, and seconds of processor used; the latter suffer less from other work."""
    clock, wall, cpu = Clock(), time.perf_counter(), time.process_time()
    yield clock
    clock.wall, clock.cpu = time.perf_counter() - wall, time.process_time() - cpu


class _Counter:
    """A file that keeps only its length."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.bytes += size
        return size


def size_of(model: Any) -> int | None:
    """Bytes of a fitted model as pickled; None for one that cannot be pickled.

    ``seen_``, the training log that every model keeps to leave out what was seen, is not counted.
    """
    state = {key: value for key, value in vars(model).items() if key != "seen_"}
    counter = _Counter()
    try:
        pickle.Pickler(counter, protocol=5).dump(state)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None
    return counter.bytes
