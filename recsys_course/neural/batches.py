"""What a deep recommender is trained on: histories in time, cut into windows, put into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor

from recsys_course.interactions import Interactions


@dataclass(frozen=True)
class Batch:
    """m questions "what comes next?", and all that may be looked at to answer them.

    Args:
        users: (m,) whose question it is; -1 for somebody without a code.
        targets: (m,) the item that did come; -1 where nobody knows yet.
        histories: (b, L) item codes, oldest first, 0 from the end of a shorter one on; None for
            models that do not look at them.
        asked: (b, L + 1) bool, m of them True: after how many items of which history a question stands.
    """

    users: Tensor
    targets: Tensor
    histories: Tensor | None = None
    asked: Tensor | None = None

    def __len__(self) -> int:
        return len(self.users)

    def to(self, device: Any) -> Batch:
        """The same batch elsewhere."""
        parts = (self.users, self.targets, self.histories, self.asked)
        return Batch(*(None if part is None else part.to(device) for part in parts))  # type: ignore[arg-type]


class Examples(Protocol):
    """Training rows: ``len`` of them, and any of them as a batch."""

    def __len__(self) -> int: ...

    def batch(self, rows: Tensor) -> Batch:
        """(b,) row numbers -> their questions, on the device of ``rows``."""
        ...


@dataclass(frozen=True)
class Histories:
    """What each of U users met, oldest first, one after the other.

    Args:
        items: (N,) codes. start: (U + 1,) where each user's begin, and the end.
    """

    items: Tensor
    start: Tensor

    def __len__(self) -> int:
        return len(self.start) - 1

    @classmethod
    def of(cls, data: Interactions) -> Self:
        """From a log, in the order of its times; without times, and for equal ones, in that of its rows."""
        items = data.items[in_time(data)].astype(np.int64)
        size = np.bincount(data.users, minlength=data.n_users)
        return cls(torch.from_numpy(items), torch.from_numpy(np.r_[0, np.cumsum(size)]))

    @classmethod
    def listed(cls, histories: Sequence[Any], n_items: int) -> Self:
        """From lists of item codes.

        Raises:
            ValueError, TypeError: a history that is not one row of codes in 0..n_items-1; it is named.
        """
        arrays = [_codes(history, n_items, f"histories[{n}]") for n, history in enumerate(histories)]
        size = [len(array) for array in arrays]
        items = np.concatenate([np.empty(0, dtype=np.int64), *arrays])
        return cls(torch.from_numpy(items), torch.from_numpy(np.r_[0, np.cumsum(size, dtype=np.int64)]))

    def to(self, device: Any) -> Histories:
        """The same elsewhere."""
        return Histories(self.items.to(device), self.start.to(device))

    def between(self, first: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
        """(b,) first event and the one after the last -> (b, L) codes, 0 behind the end; (b, L) bool inside."""
        size = stop - first
        longest = int(size.max()) if len(size) else 0
        place = first[:, None] + torch.arange(longest, device=first.device)  # (b, L)
        inside = place < stop[:, None]
        if not len(self.items):
            return torch.zeros_like(place), inside
        return self.items[torch.where(inside, place, 0)] * inside, inside

    def last(self, users: Tensor, n: int) -> Batch:
        """(b,) users -> the question that stands after the last n items of each."""
        first, stop = torch.maximum(self.start[users], self.start[users + 1] - n), self.start[users + 1]
        items, _ = self.between(first, stop)
        asked = torch.arange(items.shape[1] + 1, device=items.device) == (stop - first)[:, None]
        return Batch(users, torch.full_like(users, -1), items, asked)


@dataclass(frozen=True)
class Windows:
    """Histories cut into pieces of at most ``length + 1`` events: each event is a target once.

    Row w is the events first[w]..stop[w]-1 of one user. The first is asked for after nothing, the second
    after the first, and so on, so that one pass through a network answers all of them.
    """

    histories: Histories
    users: Tensor  # (W,)
    first: Tensor  # (W,)
    stop: Tensor  # (W,)

    @classmethod
    def cut(cls, histories: Histories, length: int) -> Self:
        """From the latest event backwards, so that the shorter piece of a user is the oldest."""
        start, size = histories.start[:-1], histories.start.diff()
        pieces = (size + length) // (length + 1)  # (U,) rounded up
        users = torch.arange(len(size), device=size.device).repeat_interleave(pieces)
        ordinal = torch.arange(len(users), device=size.device) - (pieces.cumsum(0) - pieces)[users]
        stop = histories.start[1:][users] - ordinal * (length + 1)
        return cls(histories, users, torch.maximum(start[users], stop - length - 1), stop)

    def __len__(self) -> int:
        return len(self.users)

    def of_users(self, able: Tensor) -> Windows:
        """Those of the users marked in (U,) bool."""
        rows = able.to(self.users.device)[self.users]
        return Windows(self.histories, self.users[rows], self.first[rows], self.stop[rows])

    def batch(self, rows: Tensor) -> Batch:
        """(b,) windows -> a question before each of their events; no memory is spent on padding but in the inputs."""
        events, asked = self.histories.between(self.first[rows], self.stop[rows])  # (b, L + 1)
        users = self.users[rows, None].expand_as(events)[asked]
        return Batch(users, events[asked], events[:, :-1], asked)


def in_time(data: Interactions) -> np.ndarray:
    """(N,) row numbers, user after user, each user's in time; equal times stay in the order of rows."""
    keys = (data.users,) if data.times is None else (data.times, data.users)
    return np.lexsort(keys)


def _codes(history: Any, n_items: int, name: str) -> np.ndarray:
    codes = np.asarray(history)
    if codes.ndim != 1:
        raise ValueError(f"{name}: shape {codes.shape}; expected one dimension")
    if codes.size and not np.issubdtype(codes.dtype, np.integer):
        raise TypeError(f"{name}: dtype {codes.dtype}; expected integer codes")
    if codes.size and not 0 <= codes.min() <= codes.max() < n_items:
        raise ValueError(f"{name}: codes {codes.min()}..{codes.max()}; expected 0..{n_items - 1}")
    return codes.astype(np.int64)
