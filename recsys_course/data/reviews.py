"""Reviews: a log of stars in which every event has a text.

The Amazon reviews have no archive at an address that is known to stay, and the checksum of the
original download is not known here. They are therefore read from a folder only, and the SHA-256
of what was read is told in ``about``, not compared with anything.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recsys_course.data.fetch import DATA_VARIABLE, DatasetError, Source
from recsys_course.ids import IdMap
from recsys_course.interactions import Dataset, Interactions

FIELDS: dict[str, type | tuple[type, ...]] = {
    "reviewerID": str, "asin": str, "overall": (int, float), "unixReviewTime": int, "reviewText": str,
    "summary": str,
}  # fmt: skip


@dataclass(frozen=True)
class ReviewsInfo:
    """What is known of a collection of reviews before it is read.

    Args:
        name: of its folder. title: as people say it. reader: the function that reads it.
        archive: a zip with one file of JSON lines. members: names of that file outside an archive.
        by_hand: how to get it.
    """

    name: str
    title: str
    reader: str
    archive: str
    members: tuple[str, ...]
    licence: str
    citation: str
    home: str
    by_hand: str

    @property
    def about(self) -> dict[str, str]:
        """Title, licence, citation and home page, ready to show."""
        return {key: getattr(self, key) for key in ("title", "licence", "citation", "home")}


REVIEWS = ReviewsInfo(
    "amazon-musical-instruments", "Amazon reviews of musical instruments, 5-core (2014)", "load_reviews",
    "Musical_Instruments.zip", ("reviews_Musical_Instruments_5.json", "Musical_Instruments.json"),
    "research use; the files come without a licence text, so no redistribution; citation asked for",
    "Julian McAuley, Christopher Targett, Qinfeng Shi and Anton van den Hengel. 2015. Image-Based "
    "Recommendations on Styles and Substitutes. SIGIR. https://doi.org/10.1145/2766462.2767755",
    "https://jmcauley.ucsd.edu/data/amazon/",
    "fetch the 5-core reviews of Musical Instruments (reviews_Musical_Instruments_5.json.gz) from the "
    "page of the authors",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Reviews:
    """A log whose every event has a text.

    Attributes:
        data: the log (stars and times) with an item table of the ids alone; names of people are not read.
        texts: (N, 2) columns summary and text, row by row as the log; "" where nothing was written.
    """

    data: Dataset
    texts: pd.DataFrame


def load_reviews(folder: str | Path | None = None) -> Reviews:
    """Amazon reviews of musical instruments: 10,261 of them by 1,429 people on 900 products.

    Args:
        folder: with the file (plain, gzipped or in its zip), or with a subfolder
            amazon-musical-instruments; else ``RECSYS_COURSE_DATA``.

    Raises:
        DatasetError: no such file, or one that is damaged or not in its format; the message names
            the line.
    """
    source, member = _found(folder)
    content = source.read(member)
    about = REVIEWS.about | {"sha256": f"{hashlib.sha256(content).hexdigest()} (told, not checked)"}
    table = _table(source, member, content)
    users, items = (
        IdMap(np.unique(table[column].to_numpy(dtype=str)), kind)
        for column, kind in (("reviewerID", "user"), ("asin", "item"))
    )
    log = Interactions(
        users.encode(table["reviewerID"]), items.encode(table["asin"]), len(users), len(items),
        table["overall"].to_numpy(dtype=float), table["unixReviewTime"].to_numpy(), users, items,
    )  # fmt: skip
    data = Dataset(log, pd.DataFrame({"item": items.ids}), name=REVIEWS.name, about=about)
    return Reviews(data, table[["summary", "reviewText"]].set_axis(["summary", "text"], axis=1))


def texts_of_items(
    reviews: Reviews, users: Any = None, before: float | None = None, longest: int | None = None
) -> list[str]:
    """One text an item: what these users wrote about it, oldest first; "" where they wrote nothing.

    A review is written by somebody who has bought the item. Where that user is judged on finding it,
    the review is the answer. So join reviews of *other* users than those judged, or reviews written
    before the moment from which the judging starts.

    Args:
        users: codes of those whose reviews count; None: all.
        before: only reviews written before this moment, in seconds since 1970.
        longest: words kept of each review; None: all.

    Returns:
        I texts, in order of the item codes.

    Raises:
        ValueError: a user code outside the log's, NaN for before, or longest < 1.
        TypeError: users that are no integers.
    """
    log = reviews.data.log
    if longest is not None and longest < 1:
        raise ValueError(f"longest: {longest}; expected at least 1 word")
    chosen = np.ones(len(log), dtype=bool)
    if users is not None:
        users = np.atleast_1d(np.asarray(users))
        if users.size and users.dtype.kind not in "iu":  # a mask would pass for the codes 0 and 1
            raise TypeError(f"users: dtype {users.dtype}; expected integer codes (IdMap.encode gives them)")
        if users.size and not (users.min() >= 0 and users.max() < log.n_users):
            raise ValueError(f"users: {users.min()}..{users.max()}; expected codes in 0..{log.n_users - 1}")
        chosen &= np.isin(log.users, users)
    if before is not None:
        if np.isnan(before):
            raise ValueError(f"before: {before}; expected seconds since 1970")
        chosen &= _times(log) < before
    rows = np.flatnonzero(chosen)
    parts: list[list[str]] = [[] for _ in range(log.n_items)]
    for row in rows[np.argsort(_times(log)[rows], kind="stable")]:
        parts[log.items[row]].append(_shortened(reviews.texts.iloc[row], longest))
    return ["\n".join(part for part in own if part) for own in parts]


def _times(log: Interactions) -> np.ndarray:
    assert log.times is not None  # every review has a time
    return log.times


def _shortened(review: pd.Series, longest: int | None) -> str:
    words = " ".join([review["summary"], review["text"]]).split()
    return " ".join(words[:longest])


def _found(folder: str | Path | None) -> tuple[Source, str]:
    """Where the reviews lie: a source and the member of it."""
    chosen = folder or os.environ.get(DATA_VARIABLE)
    base = Path(chosen).expanduser() if chosen else None
    if base is not None and not base.is_dir():
        raise DatasetError(f"{'folder' if folder else DATA_VARIABLE} names {base}, which is not a folder")
    for place in () if base is None else (base / REVIEWS.name, base):
        for member in REVIEWS.members:
            if Source(place).has(member):
                return Source(place), member
        if (place / REVIEWS.archive).is_file():
            return Source(place / REVIEWS.archive), REVIEWS.members[-1]
    looked = base or f"any folder ({DATA_VARIABLE} is not set)"
    raise DatasetError(
        f"{REVIEWS.title}: no {REVIEWS.members[0]}.gz or {REVIEWS.archive} in {looked}. By hand: "
        f"{REVIEWS.by_hand} ({REVIEWS.home}), put it into a folder {REVIEWS.name}, and name the folder "
        f"above it in {DATA_VARIABLE}"
    )


def _table(source: Source, member: str, content: bytes) -> pd.DataFrame:
    """(N, 6) one row a review, each field of its type."""
    rows = [
        _review(source, member, number, line)
        for number, line in enumerate(content.split(b"\n"), 1)
        if line.strip()
    ]
    if not rows:
        raise _malformed(source, member, "no reviews; expected one a line")
    return pd.DataFrame(rows)


def _review(source: Source, member: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        review = json.loads(line)
    except ValueError as error:  # JSON's and UTF-8's errors are ValueErrors
        raise _malformed(source, member, f"line {number} is no JSON ({error})") from error
    if not isinstance(review, dict):
        raise _malformed(source, member, f"line {number} is a {type(review).__name__}; expected an object")
    for name, kind in FIELDS.items():
        if name not in review:
            raise _malformed(source, member, f"line {number} has no {name}")
        if not isinstance(review[name], kind) or isinstance(review[name], bool):
            raise _malformed(source, member, f"line {number} has {name} {review[name]!r:.40}")
    if not 1 <= review["overall"] <= 5:
        raise _malformed(source, member, f"line {number} has {review['overall']} stars; expected 1..5")
    return {name: review[name] for name in FIELDS}


def _malformed(source: Source, member: str, what: str) -> DatasetError:
    return DatasetError(f"{source.path / member} is not in its format: {what}")
