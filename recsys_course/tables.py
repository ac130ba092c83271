"""Tables into :class:`Interactions`: the one place where pandas meets the arrays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from recsys_course.ids import IdMap
from recsys_course.interactions import Interactions

Duplicates = Literal["error", "keep", "last", "sum", "max"]


def from_frame(
    frame: pd.DataFrame,
    user: str = "user",
    item: str = "item",
    value: str | None = None,
    time: str | None = None,
    duplicates: Duplicates = "error",
) -> Interactions:
    """A table with one row per event -> Interactions; ids may be of any type.

    Args:
        frame: the table.
        user, item: columns that hold the ids.
        value: column of stars, counts or weights; None means 1 for every row.
        time: column of seconds since 1970 or of pandas timestamps; None means no clock.
        duplicates: what to do when a user-item pair occurs in several rows.
            "error" refuses; "keep" leaves a log of repeated events; "last" keeps the
            latest by time (by row without a clock), as for a revised rating; "sum"
            adds the values, as for counts; "max" keeps the largest. What is kept stands
            where the pair's last event stood, with its time.

    Raises:
        ValueError: a column is missing, an id is NaN, a value is negative or NaN, a time
            is not a number, or a pair is duplicated under "error". The message names
            the column, the row and the remedy.

    Codes are given in sorted order of the ids, so the same log always gets the same codes.
    """
    _need_columns(frame, [c for c in (user, item, value, time) if c is not None])
    for column in (user, item):
        if frame[column].isna().any():
            row = int(np.flatnonzero(frame[column].isna())[0])
            raise ValueError(f"column {column!r}: no id in row {row}; drop such rows or fill the id")
    values = np.ones(len(frame)) if value is None else _to_numbers(frame[value], value)
    times = None if time is None else _to_seconds(frame[time], time)
    user_codes, user_ids = pd.factorize(frame[user], sort=True)
    item_codes, item_ids = pd.factorize(frame[item], sort=True)
    log = Interactions(
        user_codes, item_codes, len(user_ids), len(item_ids), values, times,
        IdMap(user_ids, "user"), IdMap(item_ids, "item"),
    )  # fmt: skip
    return merge_duplicates(log, duplicates)


def from_csv(path: str | Path, **columns: Any) -> Interactions:
    """Read a CSV file, then :func:`from_frame` with the same arguments.

    Raises:
        FileNotFoundError: no such file. ValueError: as from_frame, or the file is empty.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    try:
        frame = pd.read_csv(path)
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"{path}: the file is empty; expected a header line and rows") from error
    return from_frame(frame, **columns)


def merge_duplicates(log: Interactions, how: Duplicates) -> Interactions:
    """Apply a policy for repeated user-item pairs; see :func:`from_frame`."""
    if how not in ("error", "keep", "last", "sum", "max"):
        raise ValueError(f"duplicates: {how!r}; expected error, keep, last, sum or max")
    pair = log.users.astype(np.int64) * log.n_items + log.items
    if how == "keep" or len(np.unique(pair)) == len(pair):
        return log
    if how == "error":
        rows = np.flatnonzero(pd.Series(pair).duplicated(keep=False))[:2]
        raise ValueError(
            f"rows {rows[0]} and {rows[1]} hold the same user and item; say what to do: "
            "duplicates='last' (revised ratings), 'sum' (counts), 'max' or 'keep' (repeated events)"
        )
    clock = np.arange(len(pair)) if log.times is None else log.times
    order = np.lexsort((clock, pair))  # pairs together, oldest first
    last = np.flatnonzero(np.r_[np.diff(pair[order]) != 0, True])  # (P,) where each pair ends
    values = log.values[order[last]]
    if how != "last":
        reduce = np.add if how == "sum" else np.maximum
        values = reduce.reduceat(log.values[order], np.r_[0, last[:-1] + 1])
    as_logged = np.argsort(order[last])  # the kept rows stay in the order of the table
    return replace(log.take(order[last][as_logged]), values=values[as_logged])


def _need_columns(frame: pd.DataFrame, columns: list[str]) -> None:
    for column in columns:
        if column not in frame:
            raise ValueError(f"no column {column!r}; the table has {', '.join(map(repr, frame.columns))}")


def _to_numbers(column: pd.Series, name: str) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() | (numbers < 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        found = column.tolist()[row]
        raise ValueError(f"column {name!r}: {found!r} in row {row}; expected a number, 0 or more")
    return numbers.to_numpy(dtype=np.float64)


def _to_seconds(column: pd.Series, name: str) -> np.ndarray:
    dates = pd.api.types.is_datetime64_any_dtype(column)
    times = column if dates else pd.to_numeric(column, errors="coerce")
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        raise ValueError(
            f"column {name!r}: {column.tolist()[row]!r} in row {row} is not a time; expected seconds "
            "since 1970 or timestamps (pandas.to_datetime makes them from text)"
        )
    if not dates:
        return times.to_numpy(dtype=np.float64)
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.to_numpy().astype("datetime64[s]").astype(np.int64)
