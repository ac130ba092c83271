"""The log of who met what: arrays inside, tables at the border.

Two types carry all data of the course. :class:`Interactions` is the log itself as
integer arrays; :class:`Dataset` is the log with its item and user tables.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_course.ids import IdMap


@dataclass(frozen=True, eq=False)
class Interactions:
    """A log of N events between U users and I items.

    Args:
        users: (N,) user codes in 0..U-1.
        items: (N,) item codes in 0..I-1.
        n_users: U, users in the id space, with or without events.
        n_items: I, likewise for items.
        values: (N,) what was said of the pair: stars, a count, or 1 for "it happened"
            (the default). Not negative.
        times: (N,) whole seconds since 1970, or None when the log has no clock.
        user_ids, item_ids: the original ids; None means the codes are the ids.

    Raises:
        ValueError: lengths differ, a code lies outside its range, a value is NaN, infinite
            or negative; the message names the argument, the row and what was expected.

    Rows may repeat: a log of plays has many rows per pair. :meth:`to_csr` adds them up.
    """

    users: np.ndarray
    items: np.ndarray
    n_users: int
    n_items: int
    values: np.ndarray = None  # type: ignore[assignment]  # ones, once built
    times: np.ndarray | None = None
    user_ids: IdMap | None = field(default=None, repr=False)
    item_ids: IdMap | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        put = object.__setattr__  # the dataclass is frozen once built
        put(self, "users", _codes(self.users, self.n_users, "users"))
        put(self, "items", _codes(self.items, self.n_items, "items"))
        values = np.ones(len(self.users)) if self.values is None else self.values
        put(self, "values", _numbers(values, "values"))
        if self.times is not None:
            put(self, "times", _numbers(self.times, "times", negative=True).astype(np.int64))
        for name in ("items", "values", "times"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.users):
                raise ValueError(f"{name}: {len(column)} rows; expected {len(self.users)}, as many as users")
        for name, ids, n in (("user", self.user_ids, self.n_users), ("item", self.item_ids, self.n_items)):
            if ids is not None and len(ids) != n:
                raise ValueError(f"{name}_ids: {len(ids)} ids; expected n_{name}s = {n}")

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        clock = "with times" if self.times is not None else "no times"
        return f"Interactions({len(self):,} events, {self.n_users:,} users, {self.n_items:,} items, {clock})"

    @property
    def density(self) -> float:
        """Share of user-item pairs with at least one event, in 0..1."""
        cells = self.n_users * self.n_items
        return self.to_csr().nnz / cells if cells else 0.0

    def to_csr(self) -> sparse.csr_array:
        """(U, I) sparse matrix of values; repeated pairs are added up. Cost: O(N)."""
        shape = (self.n_users, self.n_items)
        matrix = sparse.csr_array((self.values, (self.users, self.items)), shape=shape)
        matrix.sum_duplicates()
        matrix.sort_indices()
        return matrix

    def take(self, rows: np.ndarray) -> Interactions:
        """The events at ``rows`` (indices or a mask) in the same id space."""
        times = None if self.times is None else self.times[rows]
        return replace(
            self, users=self.users[rows], items=self.items[rows], values=self.values[rows], times=times
        )

    def at_least(self, value: float) -> Interactions:
        """Events of at least ``value`` as plain positives (value 1): stars to likes."""
        kept = self.take(self.values >= value)
        return replace(kept, values=np.ones(len(kept)))

    def binary(self) -> Interactions:
        """Every event as a plain positive: what a rating says by its mere existence."""
        return replace(self, values=np.ones(len(self)))

    def mean_per_pair(self) -> Interactions:
        """One event per user-item pair with the mean of its values; the first row's place and time."""
        pair = self.users.astype(np.int64) * self.n_items + self.items
        _, first, which = np.unique(pair, return_index=True, return_inverse=True)
        if len(first) == len(pair):
            return self
        means = np.bincount(which, self.values) / np.bincount(which)
        rows = np.argsort(first)
        return replace(self.take(first[rows]), values=means[rows])

    def fingerprint(self) -> str:
        """SHA-256 of the events: users, items, values and times, in their order."""
        total = hashlib.sha256()
        for column in (self.users, self.items, self.values, self.times):
            if column is not None:
                total.update(column.astype(column.dtype.newbyteorder("<")).tobytes())
        return total.hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """One row per event with the original ids: columns user, item, value, time."""
        columns = {
            "user": self.users if self.user_ids is None else self.user_ids.decode(self.users),
            "item": self.items if self.item_ids is None else self.item_ids.decode(self.items),
            "value": self.values,
        }
        if self.times is not None:
            columns["time"] = self.times
        return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A log with what is known about its items and users.

    Args:
        log: the events.
        items: one row per item code (I rows), in code order; column ``title`` if known.
        users: one row per user code (U rows), in code order; None when nothing is known.
        name: how the dataset is called.
        about: licence, citation, source: shown by ``recsys-course data info``.

    Raises:
        ValueError: a table has another number of rows than the log has codes.
    """

    log: Interactions
    items: pd.DataFrame | None = None
    users: pd.DataFrame | None = None
    name: str = ""
    about: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for label, table, n in (
            ("items", self.items, self.log.n_items),
            ("users", self.users, self.log.n_users),
        ):
            if table is not None and len(table) != n:
                raise ValueError(f"{label} table: {len(table)} rows; expected {n}, one per code")

    def titles(self, items: np.ndarray) -> list[str]:
        """Readable names of item codes; falls back to the original id, "" for padding."""
        if self.items is not None and "title" in self.items:
            names: Any = self.items["title"].to_numpy()
        else:
            names = np.arange(self.log.n_items) if self.log.item_ids is None else self.log.item_ids.ids
        return [str(names[i]) if i >= 0 else "" for i in np.asarray(items)]


def _codes(codes: Any, n: int, name: str) -> np.ndarray:
    """Checked (N,) int32 codes in 0..n-1."""
    array = np.asarray(codes)
    if array.ndim != 1:
        raise ValueError(f"{name}: shape {array.shape}; expected one dimension")
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: dtype {array.dtype}; expected integer codes (ids go through IdMap)")
    if array.size and (array.min() < 0 or array.max() >= n):
        row = int(np.flatnonzero((array < 0) | (array >= n))[0])
        raise ValueError(f"{name}: code {array[row]} in row {row}; expected 0..{n - 1}")
    return np.ascontiguousarray(array, dtype=np.int32)


def _numbers(column: Any, name: str, negative: bool = False) -> np.ndarray:
    """Checked (N,) finite numbers, not negative unless allowed."""
    try:
        array = np.ascontiguousarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: not numbers ({error}); expected one number per row") from error
    wrong = ~np.isfinite(array) if negative else ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        expected = "a finite number" if negative else "a finite number, 0 or more"
        raise ValueError(f"{name}: {array[row]} in row {row}; expected {expected}")
    return array
