"""The MovieLens formats, on invented files; real ones where they are at hand."""

import builtins
import gzip

import numpy as np
import pandas as pd
import pytest

from recsys_course.data import DATASETS, DatasetError, load
from recsys_course.interactions import Dataset

EVENTS = {(1, 10, 100), (1, 20, 110), (2, 10, 120), (3, 40, 130), (3, 50, 90), (7, 20, 140)}


def events(data: Dataset) -> set:
    return {(r.user, r.item, r.time) for r in data.log.to_frame().itertuples()}


@pytest.mark.parametrize("name", ["ml-100k", "ml-1m", "ml-latest-small"])
def test_events_keep_their_ids_values_and_times(ml_folder, name):
    data = load(name, ml_folder)
    assert events(data) == EVENTS
    half = 0.5 if name == "ml-latest-small" else 0
    frame = data.log.to_frame().set_index(["user", "item"])["value"]
    assert frame[(7, 20)] == 1 + half
    assert frame[(1, 10)] == 5 + half


@pytest.mark.parametrize("name", ["ml-100k", "ml-1m", "ml-latest-small"])
def test_items_hold_every_film_also_the_unrated(ml_folder, name):
    data = load(name, ml_folder)
    assert data.log.n_items == len(data.items) == 5
    assert data.log.item_ids.ids.tolist() == data.items["item"].tolist() == [10, 20, 30, 40, 50]
    assert data.titles(np.array([1, 2, 4, -1])) == [
        "Café at Night (1971) (V)",
        "[BRACKETS] (12) (1950)",
        "NA",
        "",
    ]
    assert data.items["genres"].tolist() == ["Comedy|Drama", "Drama", "War", "", "Comedy"]


@pytest.mark.parametrize("name", ["ml-100k", "ml-1m", "ml-latest-small"])
def test_year_is_the_last_one_in_brackets(ml_folder, name):
    years = load(name, ml_folder).items["year"]
    assert years.fillna(0).tolist() == [1994, 1971, 1950, 0, 0]


def test_a_span_of_years_counts_from_its_start():
    from recsys_course.data.movielens import _films

    titles = ["Serial (2006–2007)", "Open (1999-)", "(500) Rooms (2009)", "Twice (1982) (2007)"]
    films = _films([1, 2, 3, 4], titles, [""] * 4)
    assert films["year"].tolist() == [2006, 1999, 2009, 2007]


def test_users_are_known_where_the_files_tell(ml_folder):
    old = load("ml-100k", ml_folder)
    assert old.users.to_dict("list") == {
        "user": [1, 2, 3, 7], "age": [24, 56, 1, 35],
        "gender": ["M", "F", "F", "M"], "occupation": ["baker"] * 4,
    }  # fmt: skip
    assert old.log.user_ids.ids.tolist() == [1, 2, 3, 7]
    jobs = load("ml-1m", ml_folder).users["occupation"].tolist()
    assert jobs == ["artist", "programmer", "other", "writer"]
    latest = load("ml-latest-small", ml_folder)
    assert latest.users is None
    assert latest.log.user_ids.ids.tolist() == [1, 2, 3, 7]


def test_positives_are_the_likes_of_the_full_log(ml_folder):
    data = load("ml-1m-positives", ml_folder)
    assert events(data) == {(1, 10, 100), (2, 10, 120), (3, 50, 90)}
    assert (data.log.values == 1).all()
    assert (data.log.n_users, data.log.n_items) == (4, 5)
    assert "ratings.dat" in data.about["origin"]


@pytest.fixture
def parquet_folder(ml_folder):
    pytest.importorskip("pyarrow", reason="parquet needs pyarrow")
    (ml_folder / "ml-1m" / "ratings.dat").unlink()
    parts = {"train": [(1, 10, 5, 100)], "val": [(2, 10, 4, 120)], "test": [(3, 50, 4, 90)]}
    for part, rows in parts.items():
        frame = pd.DataFrame(rows, columns=["user_id", "movie_id", "rating", "timestamp"])
        frame.to_parquet(ml_folder / "ml-1m" / f"{part}_positives.parquet")
    return ml_folder


def test_positives_are_the_union_of_the_parquet_parts(parquet_folder):
    data = load("ml-1m-positives", parquet_folder)
    assert events(data) == {(1, 10, 100), (2, 10, 120), (3, 50, 90)}
    assert (data.log.n_users, data.log.n_items) == (4, 5)
    assert "cut by time" in data.about["origin"]


def test_parquet_that_holds_more_than_likes_is_refused(parquet_folder):
    bad = pd.DataFrame([(1, 20, 3, 5)], columns=["user_id", "movie_id", "rating", "timestamp"])
    bad.to_parquet(parquet_folder / "ml-1m" / "val_positives.parquet")
    with pytest.raises(DatasetError, match=r"val_positives\.parquet .*below 4"):
        load("ml-1m-positives", parquet_folder)


def test_parquet_that_is_none_is_named(parquet_folder):
    (parquet_folder / "ml-1m" / "val_positives.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(DatasetError, match=r"val_positives\.parquet is not in its format"):
        load("ml-1m-positives", parquet_folder)


def test_a_missing_pyarrow_is_named_with_its_remedy(parquet_folder, monkeypatch):
    def no_pyarrow(*_, **__):
        raise ImportError("no engine")

    monkeypatch.setattr(pd, "read_parquet", no_pyarrow)
    with pytest.raises(DatasetError, match="pip install pyarrow"):
        load("ml-1m-positives", parquet_folder)


@pytest.mark.parametrize(
    "name, file", [("ml-100k", "u.data"), ("ml-1m", "movies.dat"), ("ml-latest-small", "ratings.csv")]
)
def test_gzipped_files_read_the_same(ml_folder, name, file):
    plain = load(name, ml_folder)
    path = ml_folder / DATASETS[name].archive / file
    path.with_name(f"{file}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert events(load(name, ml_folder)) == events(plain)


@pytest.mark.parametrize(
    "name, file, content, said",
    [
        ("ml-100k", "u.data", b"1\t10\tfive\t100\n", "u.data is not in its format"),
        ("ml-100k", "u.data", b"1\t10\t5\n", "u.data is not in its format"),
        ("ml-100k", "u.data", b"1\t10\t5\t100\t9\n", "expected user, item, rating and time"),
        ("ml-100k", "u.data", b"", "u.data is not in its format"),
        ("ml-100k", "u.data", b"1\t99\t5\t100\n", "u.data and its tables do not fit.* item id 99"),
        ("ml-100k", "u.data", b"8\t10\t5\t100\n", "u.data and its tables do not fit.* user id 8"),
        ("ml-100k", "u.data", b"1\t10\t-5\t100\n", "u.data and its tables do not fit.*-5.0 in row 0"),
        (
            "ml-100k",
            "u.item",
            b"10|only a title\n",
            "u.item is not in its format: line 1 has 2 fields, expected 24",
        ),
        ("ml-1m", "users.dat", b"1::M::24::99::0\n", "users.dat is not in its format"),
        ("ml-1m", "movies.dat", b"10::A (1990)::Drama\nx::B::War\n", "do not fit together"),
        ("ml-latest-small", "movies.csv", b"", "movies.csv is not in its format"),
        (
            "ml-latest-small",
            "movies.csv",
            b"movieId,title,genres\n10,A,\n10,B,\n",
            "item ids: 10 occurs twice",
        ),
    ],
)
def test_malformed_files_are_named(ml_folder, name, file, content, said):
    (ml_folder / DATASETS[name].archive / file).write_bytes(content)
    with pytest.raises(DatasetError, match=said):
        load(name, ml_folder)


def test_loading_needs_no_network_library(ml_folder, monkeypatch):
    original = builtins.__import__

    def guarded(name, *args, **kwargs):
        assert name.split(".")[0] not in ("pooch", "requests"), name
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", guarded)
    assert len(load("ml-100k", ml_folder).log) == 6


# (users, items, events, films without a rating), as each dataset's own README states them
FACTS = {
    "ml-100k": (943, 1682, 100_000),
    "ml-latest-small": (610, 9742, 100_836),
    "ml-1m": (6040, 3883, 1_000_209),
}


@pytest.mark.realdata
@pytest.mark.parametrize("name", FACTS)
def test_the_real_files_hold_what_their_readme_says(data_file, name):
    folder = data_file(
        f"{name}/{'movies.csv' if 'small' in name else 'u.data' if '100k' in name else 'ratings.dat'}"
    )
    data = load(name, folder.parent)
    assert (data.log.n_users, data.log.n_items, len(data.log)) == FACTS[name]
    assert np.unique(data.log.users * np.int64(data.log.n_items) + data.log.items).size == len(data.log)
    assert set(np.unique(data.log.values)) <= set(np.arange(0.5, 5.5, 0.5))
    assert data.titles(np.array([0])) == ["Toy Story (1995)"]
    assert data.items["year"].dropna().between(1900, 2018).all()


@pytest.mark.realdata
def test_the_real_likes_of_ml_1m(data_file):
    folder = data_file("ml-1m/train_positives.parquet").parent
    data = load("ml-1m-positives", folder)
    rows = sum(
        len(pd.read_parquet(folder / f"{part}_positives.parquet")) for part in ("train", "val", "test")
    )
    assert len(data.log) == rows
    assert (data.log.n_users, data.log.n_items) == (6040, 3883)
    assert set(data.log.values) == {1.0}
