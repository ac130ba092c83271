"""What a deep recommender is trained on: histories in time, cut into windows, put into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

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
        numbers: (m,) the number of each training question, the same in every epoch, 0..n_questions-1, so
            that what a teacher says to it can be kept; None when users are scored.
    """

    users: Tensor
    targets: Tensor
    histories: Tensor | None = None
    asked: Tensor | None = None
    numbers: Tensor | None = None

    def __len__(self) -> int:
        return len(self.users)

    def to(self, device: Any) -> Batch:
        """The same batch elsewhere."""
        parts = (self.users, self.targets, self.histories, self.asked, self.numbers)
        return Batch(*(None if part is None else part.to(device) for part in parts))  # type: ignore[arg-type]


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
        """(b,) numbers of the first event and the one after the last -> (b, L) numbers; (b, L) which count.

        What does not count, behind the end of the shorter ones, has number 0.
        """
        size = stop - first
        longest = int(size.max()) if len(size) else 0
        numbers = first[:, None] + torch.arange(longest, device=first.device)  # (b, L)
        inside = numbers < stop[:, None]
        return numbers * inside, inside

    def asked(self, first: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
        """(b,) numbers -> (b, L) items of first..stop-1; (b, L + 1) the question behind each."""
        numbers, inside = self.between(first, stop)
        place = torch.arange(numbers.shape[1] + 1, device=first.device)
        return self.items[numbers] * inside, place == (stop - first)[:, None]

    def last(self, users: Tensor, n: int) -> Batch:
        """(b,) users -> the question that stands after the last n items of each."""
        stop = self.start[users + 1]
        items, asked = self.asked(torch.maximum(self.start[users], stop - n), stop)
        return Batch(users, torch.full_like(users, -1), items, asked)

    def users(self) -> Tensor:
        """(N,) whose each item is."""
        return torch.arange(len(self), device=self.start.device).repeat_interleave(self.start.diff())


@dataclass(frozen=True)
class Windows:
    """Histories cut into windows of at most ``length + 1`` events; each event is a target once.

    The last window of a user ends at the last event. Every window but a user's first begins with
    ``context`` events that are looked at and not asked for, so that no later event is predicted from less.
    A window's first event is asked for after nothing, its second after the first, and so on: one pass
    through a network answers all of them.
    """

    histories: Histories
    users: Tensor  # (W,)
    first: Tensor  # (W,) number of the first event
    asked: Tensor  # (W,) number of the first that is a target
    stop: Tensor  # (W,) number behind the last

    @classmethod
    def cut(cls, histories: Histories, length: int, context: int = 0) -> Self:
        """Windows of ``length`` items and what follows them, with 0 <= context <= length."""
        start, size, new = histories.start[:-1], histories.start.diff(), length + 1 - context
        n = torch.where(size > 0, 1 + (size - length - 1).clamp(min=0).add(new - 1) // new, 0)  # (U,) windows
        users = torch.arange(len(n), device=n.device).repeat_interleave(n)
        from_the_end = torch.arange(len(users), device=n.device) - (n.cumsum(0) - n)[users]
        stop = histories.start[1:][users] - from_the_end * new
        first = torch.maximum(start[users], stop - length - 1)
        asked = torch.where(from_the_end == n[users] - 1, start[users], stop - new)
        return cls(histories, users, first, asked, stop)

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_questions(self) -> int:
        """Events of the log."""
        return len(self.histories.items)

    def of_users(self, able: Tensor) -> Windows:
        """Those of the users marked in (U,) bool."""
        kept = able.to(self.users.device)[self.users]
        columns = (self.users, self.first, self.asked, self.stop)
        return Windows(self.histories, *(column[kept] for column in columns))

    def batch(self, rows: Tensor) -> Batch:
        """(b,) windows -> a question before each of their events but the context."""
        numbers, inside = self.histories.between(self.first[rows], self.stop[rows])  # (b, L + 1)
        events = self.histories.items[numbers] * inside
        asked = inside & (numbers >= self.asked[rows, None])
        users = self.users[rows, None].expand_as(events)[asked]
        return Batch(users, events[asked], events[:, :-1], asked, numbers[asked])


@dataclass(frozen=True)
class Events:
    """Each event as a row of its own, with at most ``length`` items before it where these are looked at.

    Args:
        histories: the log. rows: (N,) numbers of the events to learn from. length: None for no histories.
    """

    histories: Histories
    rows: Tensor
    length: int | None = None

    @classmethod
    def of(cls, histories: Histories, able: Tensor, length: int | None = None) -> Self:
        """The events of the users marked in (U,) bool."""
        kept = able.to(histories.items.device)[histories.users()]
        return cls(histories, torch.nonzero(kept)[:, 0], length)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_questions(self) -> int:
        """Events of the log."""
        return len(self.histories.items)

    def batch(self, rows: Tensor) -> Batch:
        """(b,) events -> a question before each."""
        event = self.rows[rows]
        users = torch.searchsorted(self.histories.start, event, right=True) - 1
        if self.length is None:
            return Batch(users, self.histories.items[event], numbers=event)
        first = torch.maximum(self.histories.start[users], event - self.length)
        before, asked = self.histories.asked(first, event)
        return Batch(users, self.histories.items[event], before, asked, event)


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
