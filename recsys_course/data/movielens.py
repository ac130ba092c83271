"""The MovieLens formats: files in, :class:`Dataset` out.

All films of the film table are in the id space, also those that nobody rated. Columns of
the item table: item (the original id), title, year, genres ("Comedy|Drama", "" when
unknown; ``items["genres"].str.get_dummies("|")`` makes the one-hot table), and for latest-small
tags and tag_times (see :mod:`recsys_course.data.tags`). Columns of the user table: user, age, gender,
occupation.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd

from recsys_course.data.fetch import DatasetError, Source
from recsys_course.data.tags import with_tags
from recsys_course.ids import IdMap, UnknownId
from recsys_course.interactions import Dataset, Interactions

GENRES_100K = (
    "", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
OCCUPATIONS_1M = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer",
    "programmer", "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer",
    "tradesman/craftsman", "unemployed", "writer",
)  # fmt: skip
POSITIVES = ("train_positives.parquet", "val_positives.parquet", "test_positives.parquet")
LOG = ["user", "item", "value", "time"]


def ml_100k(source: Source) -> Dataset:
    """MovieLens 100K: u.data, u.item, u.user."""
    films = _fields(source, "u.item", "|", 5 + len(GENRES_100K))
    genres = [
        "|".join(g for g, has in zip(GENRES_100K, f[5:], strict=True) if g and has == "1") for f in films
    ]
    people = _fields(source, "u.user", "|", 5)
    users = pd.DataFrame([p[:4] for p in people], columns=["user", "age", "gender", "occupation"])
    log = _ratings(source, "u.data", source.read("u.data"), sep="\t")
    return _dataset("u.data", log, _films([f[0] for f in films], [f[1] for f in films], genres), users)


def ml_1m(source: Source) -> Dataset:
    """MovieLens 1M: ratings.dat, movies.dat, users.dat.

    ``age`` is the lower end of a bracket: 1 (under 18), 18, 25, 35, 45, 50, 56.
    """
    content = source.read("ratings.dat").replace(b"::", b"\t")
    return _dataset("ratings.dat", _ratings(source, "ratings.dat", content, sep="\t"), *_tables_1m(source))


def ml_1m_positives(source: Source) -> Dataset:
    """The likes of MovieLens 1M, ratings of 4 stars or more as plain positives.

    Read from train_, val_ and test_positives.parquet where these lie: a cut by time made by
    others, which leaves some likes out (518,897 rows); else from ratings.dat, which has all.
    """
    if source.path.is_dir() and source.has(POSITIVES[0]):
        log = pd.concat([_parquet(source, member) for member in POSITIVES], ignore_index=True)
        data, origin = _dataset("the parquet files", log, *_tables_1m(source)), "a cut by time made by others"
    else:
        data, origin = ml_1m(source), "all ratings of 4 stars or more of ratings.dat"
    return Dataset(data.log.at_least(4), data.items, data.users, about={"origin": origin})


def ml_latest_small(source: Source) -> Dataset:
    """MovieLens latest-small: ratings.csv, movies.csv, tags.csv; nothing is known of the users.

    The tags are those of all times: judge on the future only with
    :func:`recsys_course.data.tags.tags_before`.
    """
    try:
        films = pd.read_csv(BytesIO(source.read("movies.csv")), keep_default_na=False, usecols=[0, 1, 2])
    except ValueError as error:
        raise _malformed(source, "movies.csv", error) from error
    films.columns = ["item", "title", "genres"]
    genres = films["genres"].replace("(no genres listed)", "").tolist()
    log = _ratings(source, "ratings.csv", source.read("ratings.csv"), header=0)
    users = pd.DataFrame({"user": np.unique(log["user"])})
    table = _films(films["item"].tolist(), films["title"].tolist(), genres)
    data = _dataset("ratings.csv", log, table, users)
    try:
        return Dataset(data.log, with_tags(table, _tags(source)))
    except ValueError as error:
        raise DatasetError(f"tags.csv and movies.csv do not fit together: {error}") from error


def _tags(source: Source) -> pd.DataFrame:
    """(N, 3) columns item, tag, time: who gave the tag is left out."""
    names = ["movieId", "tag", "timestamp"]
    types = {"movieId": np.int64, "tag": str, "timestamp": np.int64}
    try:
        content = BytesIO(source.read("tags.csv"))
        events = pd.read_csv(content, usecols=names, dtype=types, keep_default_na=False)
    except ValueError as error:
        raise _malformed(source, "tags.csv", error) from error
    return events[names].set_axis(["item", "tag", "time"], axis=1)


def _tables_1m(source: Source) -> tuple[pd.DataFrame, pd.DataFrame]:
    films = _fields(source, "movies.dat", "::", 3)
    people = _fields(source, "users.dat", "::", 5)
    users = pd.DataFrame(
        [(p[0], p[2], p[1], p[3]) for p in people], columns=["user", "age", "gender", "occupation"]
    )
    try:
        users["occupation"] = [OCCUPATIONS_1M[int(code)] for code in users["occupation"]]
    except (ValueError, IndexError) as error:
        raise _malformed(source, "users.dat", error) from error
    ids, titles, genres = ([f[column] for f in films] for column in range(3))
    return _films(ids, titles, genres), users


def _fields(source: Source, member: str, sep: str, n: int) -> list[list[str]]:
    """Lines of a latin-1 table, each cut into n fields."""
    lines = source.read(member).decode("latin-1").split("\n")  # splitlines would cut at latin-1's 0x85
    rows = [line.rstrip("\r").split(sep) for line in lines if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != n:
            raise _malformed(source, member, f"line {number} has {len(row)} fields, expected {n}")
    return rows


def _ratings(
    source: Source, member: str, content: bytes, sep: str = ",", header: int | None = None
) -> pd.DataFrame:
    """(N, 4) columns user, item, value, time."""
    types = {"user": np.int64, "item": np.int64, "value": np.float64, "time": np.int64}
    try:
        log = pd.read_csv(BytesIO(content), sep=sep, header=header, names=LOG, dtype=types)
    except ValueError as error:  # pandas' parser errors are ValueErrors
        raise _malformed(source, member, error) from error
    if log.empty or not isinstance(log.index, pd.RangeIndex) or log["value"].isna().any():
        raise _malformed(source, member, "expected user, item, rating and time in every line")
    return log


def _parquet(source: Source, member: str) -> pd.DataFrame:
    content = source.read(member)
    try:
        frame = pd.read_parquet(BytesIO(content), columns=["user_id", "movie_id", "rating", "timestamp"])
    except ImportError as error:
        raise DatasetError(f"reading {member} needs pyarrow: pip install pyarrow") from error
    except (ValueError, OSError, KeyError) as error:
        raise _malformed(source, member, error) from error
    if (frame["rating"] < 4).any():
        raise _malformed(source, member, "holds ratings below 4")
    return frame.set_axis(LOG, axis=1)


def _films(ids: list[Any], titles: list[str], genres: list[str]) -> pd.DataFrame:
    """(I, 4) columns item, title, year, genres; the year is the last one in brackets."""
    films = pd.DataFrame({"item": ids, "title": titles, "genres": genres})
    year = films["title"].str.extract(r".*\((\d{4})(?:[-–]\d{0,4})?\)", expand=False)
    films.insert(2, "year", year.astype("Int64"))
    return films


def _dataset(member: str, log: pd.DataFrame, items: pd.DataFrame, users: pd.DataFrame) -> Dataset:
    """Codes follow the order of the tables."""
    try:
        for table, columns in ((items, ["item"]), (users, ["user", "age"])):
            for column in set(columns) & set(table):
                table[column] = table[column].astype(np.int64)
        user_ids, item_ids = IdMap(users["user"], "user"), IdMap(items["item"], "item")
        u, i = user_ids.encode(log["user"]), item_ids.encode(log["item"])
        values, times = log["value"].to_numpy(dtype=float), log["time"].to_numpy()
        events = Interactions(u, i, len(user_ids), len(item_ids), values, times, user_ids, item_ids)
    except (ValueError, UnknownId) as error:
        raise DatasetError(f"{member} and its tables do not fit together: {error}") from error
    return Dataset(events, items, users)


def _malformed(source: Source, member: str, what: object) -> DatasetError:
    return DatasetError(f"{source.path / member} is not in its format: {what}")
