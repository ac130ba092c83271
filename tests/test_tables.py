"""From tables to logs: ids, times, duplicates, and every bad input with its message."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.tables import from_csv, from_frame


def table(**columns) -> pd.DataFrame:
    """Three events, two pairs; ``columns`` replace or add some."""
    right = {"user": ["bob", "ann", "bob"], "item": [30, 20, 20], "stars": [3.0, 4.0, 5.0], "at": [7, 9, 8]}
    return pd.DataFrame(right | columns)


def test_by_hand():
    log = from_frame(table(), value="stars", time="at")
    assert log.users.tolist() == [1, 0, 1]  # sorted ids: ann 0, bob 1
    assert log.items.tolist() == [1, 0, 0]
    assert (log.values.tolist(), log.times.tolist()) == ([3, 4, 5], [7, 9, 8])
    assert (log.n_users, log.n_items) == (2, 2)
    assert log.user_ids.ids.tolist() == ["ann", "bob"]
    assert log.item_ids.kind == "item"


def test_without_value_and_time():
    log = from_frame(table())
    assert log.values.tolist() == [1, 1, 1]
    assert log.times is None


def test_columns_may_have_any_name():
    log = from_frame(table().rename(columns={"user": "who", "item": "what"}), user="who", item="what")
    assert log.item_ids.decode(log.items).tolist() == [30, 20, 20]


def test_a_table_without_rows_is_a_log_without_events():
    log = from_frame(table().head(0), value="stars", time="at")
    assert (len(log), log.n_users, log.n_items) == (0, 0, 0)


ids = st.one_of(
    st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=12),
    st.lists(st.text(max_size=4), min_size=1, max_size=12),
)


@given(ids, st.randoms(use_true_random=False))
def test_ids_round_trip_and_codes_ignore_the_order_of_rows(users, random):
    frame = pd.DataFrame({"user": users, "item": range(len(users))})
    log = from_frame(frame)
    assert log.to_frame()["user"].tolist() == users
    shuffled = list(range(len(users)))
    random.shuffle(shuffled)
    other = from_frame(frame.iloc[shuffled])
    assert other.user_ids.ids.tolist() == log.user_ids.ids.tolist() == sorted(set(users))
    assert other.users.tolist() == log.users[shuffled].tolist()


# --- times


def test_timestamps_become_seconds():
    at = pd.to_datetime(["1970-01-01 00:00:10", "1970-01-02", "1970-01-01 00:00:10.9"], format="ISO8601")
    assert from_frame(table(at=at), time="at").times.tolist() == [10, 86_400, 10]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_a_timestamp_does_not_matter(unit):
    at = pd.Series(pd.to_datetime([100, 200, 300], unit="s")).astype(f"datetime64[{unit}]")
    assert from_frame(table(at=at), time="at").times.tolist() == [100, 200, 300]


def test_timestamps_with_a_zone_are_moved_to_utc():
    at = pd.to_datetime(["1970-01-01 02:00:00"] * 3).tz_localize("Europe/Paris")  # one hour ahead
    assert from_frame(table(at=at), time="at").times.tolist() == [3_600] * 3


# --- duplicates: two rows of one pair, the later one listed first

TWICE = pd.DataFrame(
    {"user": [1, 1, 1, 0], "item": [5, 6, 5, 5], "stars": [2.0, 1.0, 4.0, 3.0], "at": [9, 1, 8, 7]}
)


@pytest.mark.parametrize(
    "how, time, expected",
    [
        ("last", "at", [(1, 5, 2.0), (1, 6, 1.0), (0, 5, 3.0)]),  # time 9 beats 8
        ("last", None, [(1, 6, 1.0), (1, 5, 4.0), (0, 5, 3.0)]),  # the later row
        ("sum", "at", [(1, 5, 6.0), (1, 6, 1.0), (0, 5, 3.0)]),
        ("max", "at", [(1, 5, 4.0), (1, 6, 1.0), (0, 5, 3.0)]),
        ("keep", "at", [(1, 5, 2.0), (1, 6, 1.0), (1, 5, 4.0), (0, 5, 3.0)]),
    ],
)
def test_duplicates_by_hand(how, time, expected):
    log = from_frame(TWICE, value="stars", time=time, duplicates=how)
    assert [tuple(row) for row in log.to_frame()[["user", "item", "value"]].to_numpy()] == expected


def test_a_merged_pair_keeps_its_last_time():
    log = from_frame(TWICE, value="stars", time="at", duplicates="sum")
    assert log.times.tolist() == [9, 1, 7]


rows = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=15)


@given(rows, st.sampled_from(["last", "sum", "max"]))
def test_duplicates_against_a_dictionary(rows, how):
    expected: dict[tuple[int, int], float] = {}
    for u, i, v in rows:
        old = expected.pop((u, i), 0)  # popped and put back: a pair stands where it was last met
        expected[u, i] = {"last": v, "sum": old + v, "max": max(old, v)}[how]
    frame = pd.DataFrame(rows, columns=["user", "item", "n"])
    got = from_frame(frame, value="n", duplicates=how).to_frame()
    assert {(u, i): v for u, i, v in got.itertuples(index=False)} == expected
    assert list(zip(got["user"], got["item"], strict=True)) == list(expected)


def test_the_table_is_left_unchanged():
    before = TWICE.copy()
    from_frame(TWICE, value="stars", time="at", duplicates="sum")
    pd.testing.assert_frame_equal(TWICE, before)


# --- refusals


@pytest.mark.parametrize(
    "change, message",
    [
        ({"user": ["bob", None, "bob"]}, r"column 'user': no id in row 1; drop such rows or fill the id"),
        ({"item": [30, 20, np.nan]}, r"column 'item': no id in row 2; drop such rows or fill the id"),
        ({"stars": [3.0, -4.0, 5.0]}, r"column 'stars': -4.0 in row 1; expected a number, 0 or more"),
        ({"stars": [3.0, 4.0, np.nan]}, r"column 'stars': nan in row 2; expected a number, 0 or more"),
        ({"stars": ["3", "many", "5"]}, r"column 'stars': 'many' in row 1; expected a number, 0 or more"),
        ({"stars": [3.0, np.inf, 5.0]}, r"values: inf in row 1; expected a finite number"),
        ({"at": ["7", "noon", "8"]}, r"column 'at': 'noon' in row 1 is not a time; expected seconds since"),
        ({"at": ["2020-01-01"] * 3}, r"column 'at': '2020-01-01' in row 0 is not a time.*to_datetime"),
        ({"at": [7, 9, np.nan]}, r"column 'at': nan in row 2 is not a time"),
        ({"at": pd.to_datetime(["2020", None, "2021"], format="%Y")}, r"column 'at': NaT in row 1 is not a"),
        ({"item": [30, 20, 30]}, r"rows 0 and 2 hold the same user and item; say what to do: duplicates="),
    ],
)
def test_a_wrong_table_is_refused_by_name(change, message):
    from_frame(table(), value="stars", time="at")
    with pytest.raises(ValueError, match=message):
        from_frame(table(**change), value="stars", time="at")


@pytest.mark.parametrize("role", ["user", "item", "value", "time"])
def test_a_missing_column_is_named_with_those_there_are(role):
    with pytest.raises(ValueError, match="no column 'x'; the table has 'user', 'item', 'stars', 'at'"):
        from_frame(table(), **{role: "x"})


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="duplicates: 'first'; expected error, keep, last, sum or max"):
        from_frame(table(), duplicates="first")


# --- files


def test_a_csv_file_reads_as_its_table(tmp_path):
    TWICE.to_csv(tmp_path / "log.csv", index=False)
    arguments = {"value": "stars", "time": "at", "duplicates": "max"}
    got = from_csv(tmp_path / "log.csv", **arguments).to_frame()
    pd.testing.assert_frame_equal(got, from_frame(TWICE, **arguments).to_frame())


def test_a_missing_or_empty_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such file: .*nowhere\.csv"):
        from_csv(tmp_path / "nowhere.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ValueError, match=r"empty\.csv: the file is empty; expected a header line and rows"):
        from_csv(str(tmp_path / "empty.csv"))
