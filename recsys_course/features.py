r"""What was known at the time: features of an event from rows before it, and how to find a leak.

An event at time t may use the rows of the log that had arrived when it happened. With a pipeline
that delivers after a delay :math:`\delta`, these are the rows

.. math::
    H_k(t) = \{r : \mathrm{key}(r) = k,\; t_r < t - \delta\}                              \tag{2.3}

Strictly before: the row of the event itself holds its label. Tables in, tables out; rows may stand
in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

Features = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]  # (events, history) -> one row an event


def point_in_time(
    events: pd.DataFrame,
    history: pd.DataFrame | None = None,
    key: str | Sequence[str] = "item",
    *,
    prior: float,
    strength: float = 20.0,
    delay: float = 0.0,
    label: str = "click",
    time: str = "time",
) -> pd.DataFrame:
    r"""Counts, rate and age of a key, from the rows known before each event, equation (2.3).

    .. math::
        x = \frac{\sum_{r \in H_k(t)} y_r + m\,\pi}{|H_k(t)| + m}                        \tag{2.4}

    Args:
        events: (N rows) the events that need features; columns ``key`` and ``time``.
        history: (M rows) the log to count in, with ``label`` as well; None counts in ``events``.
        key: the column or columns whose rows belong together: "item", "user", ["user", "category"].
        prior: pi, the rate of a key without rows; from the training period, never from the test.
        strength: m, how many rows the prior counts for; 0 or more.
        delay: seconds until a row has reached the features; 0 or more.
        label, time: names of the columns; labels are 0 and 1, or other finite numbers.

    Returns:
        a table with the index of ``events`` and, named after the key as in ``item_shows``: the
        rows (shows), the sum of their labels (clicks), the smoothed rate (2.4), and the seconds
        since the last row (since; NaN where there is none).

    Raises:
        ValueError: a column is missing; a time, label or key is missing or not finite; a negative
            delay or strength; a prior that is not finite.

    Cost: O((N + M) log M) time, O(N + M) memory.
    Book: equations (2.3) and (2.4); exercise point_in_time_rate.
    """
    if not 0 <= delay < np.inf:
        raise ValueError(f"delay: {delay}; expected 0 seconds or more")
    as_of = _numbers(events, time, "events") - delay  # (N,)
    return _counted(events, history, key, as_of, prior, strength, label, time)


def full_history(
    events: pd.DataFrame,
    history: pd.DataFrame | None = None,
    key: str | Sequence[str] = "item",
    *,
    prior: float,
    strength: float = 20.0,
    label: str = "click",
    time: str = "time",
) -> pd.DataFrame:
    """The same columns from **all** rows of the key, later ones and the event's own included.

    This is what a plain ``groupby(key).mean()`` joined back to its rows computes. It leaks: here to be
    shown and to be found by :func:`find_leak`, not to be used. Arguments as :func:`point_in_time`;
    ``since`` is negative where the last row lies in the event's future.
    """
    as_of = np.full(len(events), np.inf)  # (N,)
    return _counted(events, history, key, as_of, prior, strength, label, time)


def _counted(
    events: pd.DataFrame,
    history: pd.DataFrame | None,
    key: str | Sequence[str],
    as_of: np.ndarray,
    prior: float,
    strength: float,
    label: str,
    time: str,
) -> pd.DataFrame:
    """Features of each event from the rows of its key earlier than ``as_of``, (N,) times."""
    history = events if history is None else history
    keys = [key] if isinstance(key, str) else list(key)
    _check_smoothing(prior, strength)
    of_row, of_event = _same_codes(history, events, keys)  # (M,), (N,)
    times, labels = _numbers(history, time, "history"), _numbers(history, label, "history")
    moments = np.unique(times)  # (T,)
    width = len(moments) + 1
    place = of_row * width + np.searchsorted(moments, times)  # (M,) one number for key and time
    order = np.argsort(place, kind="stable")
    first = np.searchsorted(place[order], of_event * width)  # (N,) where the key's rows begin
    stop = np.searchsorted(place[order], of_event * width + np.searchsorted(moments, as_of))
    total = np.r_[0.0, np.cumsum(labels[order])]
    shows, clicks = stop - first, total[stop] - total[first]
    last = np.r_[np.nan, times[order]][np.where(shows > 0, stop, 0)]  # (N,)
    below = shows + strength
    rate = np.where(below > 0, (clicks + strength * prior) / np.where(below > 0, below, 1), prior)
    columns = {
        "shows": shows, "clicks": clicks, "rate": rate, "since": _numbers(events, time, "events") - last
    }  # fmt: skip
    return pd.DataFrame({f"{'_'.join(keys)}_{name}": c for name, c in columns.items()}, index=events.index)


def find_leak(
    make: Features, log: pd.DataFrame, *, delay: float = 0.0, n_cuts: int = 10, time: str = "time"
) -> pd.DataFrame:
    """Which features change when what had not yet happened is taken away?

    At each of several moments the features of the events up to it are computed twice: from the
    whole log, and from the rows before the moment. An honest feature is the same both times.

    Args:
        make: (events, history) -> a table with one row of features per event, in their order.
        log: events with a column ``time``; it is the history as well.
        delay: seconds that the pipeline takes; a feature that uses fresher rows is found, too.
        n_cuts: moments to try, each the time of an event, evenly spread over the events.

    Returns:
        one row per feature: ``changed``, the share of the compared values that differ (0 for an
        honest feature), and ``row``, the index of the first event where one does (None).

    Raises:
        ValueError: n_cuts < 1, a negative delay, no events, or ``make`` gives another number of rows.

    An honest feature is never accused. A leak that looks ahead by less than the gap between two
    events around every cut can hide; more cuts find more. Cost: n_cuts + 1 calls of ``make``.
    """
    if n_cuts < 1:
        raise ValueError(f"n_cuts: {n_cuts}; expected at least 1")
    if not 0 <= delay < np.inf:
        raise ValueError(f"delay: {delay}; expected 0 seconds or more")
    if len(log) == 0:
        raise ValueError("log: no events; expected at least one")
    times = _numbers(log, time, "log")
    cuts = np.unique(np.quantile(times, np.arange(1, n_cuts + 1) / (n_cuts + 1), method="nearest"))
    with_future = _made(make, log, log)
    differs = [
        _differs(with_future[asked], _made(make, log[asked], log[times < cut]))
        for cut in cuts
        for asked in [times - delay <= cut]
    ]
    compared = pd.concat(differs)  # (events compared, features) bool
    first = [compared.index[int(column.argmax())] if column.any() else None for _, column in compared.items()]
    return pd.DataFrame({"changed": compared.mean(), "row": pd.Series(first, compared.columns, dtype=object)})


def _made(make: Features, events: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    features = make(events, history)
    if len(features) != len(events):
        raise ValueError(f"make: gave {len(features)} rows; expected {len(events)}, one per event")
    return features.set_axis(events.index)


def _differs(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Bool per value; equal up to rounding, and NaN equals NaN."""
    a, b = (x.to_numpy(dtype=float) for x in (one, other[one.columns]))
    return pd.DataFrame(
        ~np.isclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True), one.index, list(one.columns)
    )


def _check_smoothing(prior: float, strength: float) -> None:
    if not np.isfinite(prior):
        raise ValueError(f"prior: {prior}; expected a finite rate")
    if not 0 <= strength < np.inf:
        raise ValueError(f"strength: {strength}; expected 0 rows or more")


def _same_codes(
    history: pd.DataFrame, events: pd.DataFrame, keys: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """(M,) and (N,) int64 codes: equal where all key columns are."""
    for name, table in (("history", history), ("events", events)):
        for column in keys:
            _need(table, column, name)
            if table[column].isna().any():
                row = int(np.flatnonzero(table[column].isna())[0])
                raise ValueError(f"{name}: no {column} in row {row}; expected a key in every row")
    together = pd.concat([history[keys], events[keys]], ignore_index=True)
    codes = together.groupby(keys, sort=False, observed=True).ngroup().to_numpy(dtype=np.int64)
    return codes[: len(history)], codes[len(history) :]


def _numbers(table: pd.DataFrame, column: str, name: str) -> np.ndarray:
    """A column as finite floats."""
    _need(table, column, name)
    if len(table) and not pd.api.types.is_numeric_dtype(table[column]):  # dates have units of their own
        raise ValueError(
            f"{name}: {column} has dtype {table[column].dtype}; expected numbers (times in seconds)"
        )
    values = table[column].to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"{name}: {column} is {values[row]} in row {row}; expected a finite number")
    return values


def _need(table: pd.DataFrame, column: str, name: str) -> None:
    if column not in table:
        raise ValueError(f"{name}: no column {column!r}; the table has {', '.join(map(repr, table.columns))}")
