"""Ways to hold data out. Every split keeps the id space, so codes mean the same in both.

Which split to take is part of the claim: :func:`split_by_time` asks what production
asks (learn from the past, be judged on the future); the others are easier, and leak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import numpy as np

from recsys_course.interactions import Interactions


class Split(NamedTuple):
    """What to learn from and what to be judged on."""

    train: Interactions
    test: Interactions


class Nested(NamedTuple):
    """A split inside a split: choose settings on ``inner``, judge once on ``outer``.

    ``inner.train`` and ``inner.test`` (the validation part) make up ``outer.train``.
    """

    inner: Split
    outer: Split


def split_twice(
    data: Interactions,
    how: Callable[[Interactions], Split],
    again: Callable[[Interactions], Split] | None = None,
) -> Nested:
    """Training, validation and test: the training side is split again the same way.

    Args:
        data: the log. how: one of the splits of this module, with its arguments filled in.
        again: how to split the training side; None takes ``how`` again.

    Raises:
        ValueError: a training or a held-out side is empty; the message says which.

    >>> inner, outer = split_twice(log, split_by_time)  # doctest: +SKIP
    """
    outer = check_sides(how(data))
    return Nested(check_sides((again or how)(outer.train), "the training side, split again"), outer)


def check_sides(split: Split, what: str = "data") -> Split:
    """The split itself; ValueError when one of its sides has no events."""
    for side, name in ((split.train, "training"), (split.test, "test")):
        if len(side) == 0:
            raise ValueError(f"{what}: no {name} events left; expected some on either side")
    return split


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
    _need_times(data)
    if n < 1:
        raise ValueError(f"n: {n}; expected at least 1 event to hold out")
    position = _position(data)
    size = np.bincount(data.users, minlength=data.n_users)[data.users]  # (N,) events of the row's user
    return _split(data, (position >= size - n) & (size > n))


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
    held[order] = position < np.minimum((size[user] * test_fraction + 1e-9).astype(int), size[user] - 1)
    return _split(data, held)


def k_fold(data: Interactions, k: int = 5, seed: int = 0) -> Iterator[Split]:
    """k random splits; every event is tested exactly once. Leaks the future."""
    if not 2 <= k <= len(data):
        raise ValueError(f"k: {k}; expected 2..{len(data)} folds")
    fold = np.random.default_rng(seed).permutation(len(data)) % k
    return (_split(data, fold == f) for f in range(k))


def split_cold_users(
    data: Interactions,
    test_fraction: float = 0.2,
    by: Literal["random", "time"] = "random",
    given: int = 0,
    seed: int = 0,
) -> Split:
    """A share of the users, with all their events, against the others.

    Args:
        data: the log. test_fraction: share of the users with more than ``given`` events, in (0, 1).
        by: "random", or "time": the users whose first event is latest.
        given: first events of each held-out user that stay in training as the history to
            recommend from; the users are then new to a model but not unknown to it.
        seed: of the draw.

    Users with ``given`` events or fewer are not drawn: nothing would be left to judge them by.
    """
    if given < 0:
        raise ValueError(f"given: {given}; expected 0 events or more")
    enough = np.bincount(data.users, minlength=data.n_users)[data.users] > given
    pool = data.take(enough) if given else data
    held = np.isin(data.users, _newcomers(pool, pool.users, test_fraction, by, seed))
    return _split(data, held & (_position(data) >= given) if given else held)


def split_cold_items(
    data: Interactions, test_fraction: float = 0.2, by: Literal["random", "time"] = "random", seed: int = 0
) -> Split:
    """A share of the items, with all their events, against the others.

    Args:
        data: the log. test_fraction: share of the items that have events, in (0, 1).
        by: "random", or "time": the items whose first event is latest. seed: of the draw.
    """
    return _split(data, np.isin(data.items, _newcomers(data, data.items, test_fraction, by, seed)))


def _newcomers(data: Interactions, codes: np.ndarray, fraction: float, by: str, seed: int) -> np.ndarray:
    """Codes to hold out: a random share of those in use, or the share that came last."""
    _check_fraction(fraction)
    if by not in ("random", "time"):
        raise ValueError(f"by: {by!r}; expected 'random' or 'time'")
    used = np.unique(codes)
    if len(used) < 2:
        raise ValueError(f"data: {len(used)} users or items with events; expected at least 2")
    n = min(max(1, round(len(used) * fraction)), len(used) - 1)
    if by == "random":
        return np.random.default_rng(seed).permutation(used)[:n]
    first = np.full(used[-1] + 1, np.inf)
    np.minimum.at(first, codes, _need_times(data))
    return used[np.argsort(first[used], kind="stable")][-n:]


def _position(data: Interactions) -> np.ndarray:
    """(N,) how many events of the same user came before each event."""
    order = np.lexsort((np.arange(len(data)), _need_times(data), data.users))  # user, then time, then row
    size = np.bincount(data.users, minlength=data.n_users)
    start = np.r_[0, np.cumsum(size)[:-1]]
    position = np.empty(len(data), dtype=np.int64)
    position[order] = np.arange(len(data)) - start[data.users[order]]
    return position


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
