"""Ways to hold data out. Every split keeps the id space, so codes mean the same in both.

Which split to take is part of the claim: :func:`split_by_time` asks what production
asks (learn from the past, be judged on the future); the others are easier, and leak.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from recsys_course.interactions import Interactions


class Split(NamedTuple):
    """What to learn from and what to be judged on."""

    train: Interactions
    test: Interactions


def split_by_time(data: Interactions, test_fraction: float = 0.2, at: float | None = None) -> Split:
    """Everything before one moment against everything from it on, for all users alike.

    Args:
        data: a log with times.
        test_fraction: share of the events to hold out, in (0, 1); the moment follows.
        at: the moment itself, in seconds since 1970; replaces ``test_fraction``.

    Events at the very moment all go to the test side, so none of the training side is
    later than any of the test side. With many equal times the share is approximate.
    """
    times = _need_times(data)
    if at is None:
        _check_fraction(test_fraction)
        held = max(1, int(len(times) * test_fraction + 1e-9))  # rounded down, but 0.29 of 100 is 29
        at = float(np.sort(times)[-held])
    return _split(data, times >= at)


def leave_last_out(data: Interactions, n: int = 1) -> Split:
    """The last n events of each user against the rest; a user with n events or fewer keeps all.

    Leaks the future: other users' later events are in the training side.
    """
    times = _need_times(data)
    if n < 1:
        raise ValueError(f"n: {n}; expected at least 1 event to hold out")
    order = np.lexsort((np.arange(len(data)), times, data.users))  # by user, then time, then row
    size = np.bincount(data.users, minlength=data.n_users)
    start = np.r_[0, np.cumsum(size)[:-1]]
    user = data.users[order]
    position = np.arange(len(data)) - start[user]
    held = np.zeros(len(data), dtype=bool)
    held[order] = (position >= size[user] - n) & (size[user] > n)
    return _split(data, held)


def split_random(data: Interactions, test_fraction: float = 0.2, seed: int = 0) -> Split:
    """A random share of all events. Leaks the future; kept for comparison with the literature."""
    _check_fraction(test_fraction)
    rng = np.random.default_rng(seed)
    held = np.zeros(len(data), dtype=bool)
    held[rng.permutation(len(data))[: round(len(data) * test_fraction)]] = True
    return _split(data, held)


def split_random_per_user(data: Interactions, test_fraction: float = 0.2, seed: int = 0) -> Split:
    """A random share of each user's events, rounded down; every user keeps at least one."""
    _check_fraction(test_fraction)
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(data)), data.users))  # each user's events, shuffled
    size = np.bincount(data.users, minlength=data.n_users)
    start = np.r_[0, np.cumsum(size)[:-1]]
    user = data.users[order]
    position = np.arange(len(data)) - start[user]
    held = np.zeros(len(data), dtype=bool)
    held[order] = position < np.minimum((size[user] * test_fraction).astype(int), size[user] - 1)
    return _split(data, held)


def k_fold(data: Interactions, k: int = 5, seed: int = 0) -> Iterator[Split]:
    """k random splits; every event is tested exactly once. Leaks the future."""
    if not 2 <= k <= len(data):
        raise ValueError(f"k: {k}; expected 2..{len(data)} folds")
    fold = np.random.default_rng(seed).permutation(len(data)) % k
    return (_split(data, fold == f) for f in range(k))


def _split(data: Interactions, held: np.ndarray) -> Split:
    return Split(data.take(~held), data.take(held))


def _need_times(data: Interactions) -> np.ndarray:
    if data.times is None:
        raise ValueError("data: no times; this split needs a log with a clock (from_frame(..., time=...))")
    if len(data) == 0:
        raise ValueError("data: no events; expected at least one")
    return data.times


def _check_fraction(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise ValueError(f"test_fraction: {fraction}; expected a share between 0 and 1")
