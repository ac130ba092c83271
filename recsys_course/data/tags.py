"""Tags that people gave to items, kept with their times: a tag of tomorrow describes nothing today.

An item table holds them in two columns of equal length: ``tags`` ("funny|boxing", "" where there
are none) and ``tag_times`` ("1445714994|1445715207", seconds since 1970 of each tag's first use).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SEPARATOR = "|"


def with_tags(items: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The item table with the columns ``tags`` and ``tag_times``.

    Args:
        items: one row an item; column item holds its original id.
        events: one row for each time somebody gave a tag: columns item, tag, time.

    A tag counts once an item, in the spelling and at the time of its first use; "Mafia" and
    "mafia" are one. Items stand in order, their tags in order of time.

    Raises:
        ValueError: a tag of an item that the table does not have.
    """
    unknown = ~events["item"].isin(items["item"])
    if unknown.any():
        raise ValueError(f"a tag of item {events['item'][unknown].iloc[0]}; expected an item of the table")
    text = events["tag"].str.replace(SEPARATOR, "/").str.strip()
    events = events.assign(tag=text, key=text.str.casefold())[text != ""]
    events = events.sort_values("time", kind="stable").drop_duplicates(["item", "key"])
    whole = events.astype({"time": str}).groupby("item")[["tag", "time"]].agg(SEPARATOR.join)
    joined = whole.reindex(items["item"]).fillna("")
    return items.assign(tags=joined["tag"].to_numpy(), tag_times=joined["time"].to_numpy())


def tags_before(items: pd.DataFrame, moment: float) -> pd.DataFrame:
    """A copy of the item table with only the tags first given before ``moment``.

    A model that is judged on events from ``moment`` on may read these and no others. A tag that came
    later was often given by the very user who is judged, about the very item that is to be found.

    Args:
        items: with the columns ``tags`` and ``tag_times``, as :func:`~recsys_course.data.catalog.load` gives
            them for ml-latest-small.
        moment: in seconds since 1970; a tag given at that very second is left out.

    Raises:
        ValueError: the table lacks one of the columns, or a row has more tags than times.

    >>> at = split.test.times.min()  # doctest: +SKIP
    >>> texts = texts_of(tags_before(data.items, at))  # doctest: +SKIP
    """
    lacking = [column for column in ("tags", "tag_times") if column not in items]
    if lacking:
        raise ValueError(f"items: no column {', '.join(lacking)}; expected tags and tag_times")
    if np.isnan(moment):
        raise ValueError(f"moment: {moment}; expected seconds since 1970")
    rows = zip(items["tags"], items["tag_times"], strict=True)
    kept = [_before(tags, times, moment, row) for row, (tags, times) in enumerate(rows)]
    return items.assign(tags=[tags for tags, _ in kept], tag_times=[times for _, times in kept])


def _before(tags: str, times: str, moment: float, row: int) -> tuple[str, str]:
    if pd.isna(tags) or not tags:
        return "", ""
    words, seconds = tags.split(SEPARATOR), times.split(SEPARATOR)
    if len(words) != len(seconds):
        raise ValueError(f"items: row {row} has {len(words)} tags and {len(seconds)} times; expected as many")
    early = [pair for pair in zip(words, seconds, strict=True) if int(pair[1]) < moment]
    return SEPARATOR.join(word for word, _ in early), SEPARATOR.join(second for _, second in early)
