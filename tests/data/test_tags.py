"""Tags with their times: on invented files, and what may be read before a moment."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.data import DatasetError, load, tags_before
from recsys_course.data.tags import with_tags


def test_tags_stand_in_order_of_their_first_use(ml_folder):
    items = load("ml-latest-small", ml_folder).items
    # film 10: "slow, but warm" at 200, "orchard" at 250: "Orchard" at 300 is a repeat
    assert items["tags"].tolist() == ["slow, but warm|orchard", "", "", "", "a/b|NA"]
    assert items["tag_times"].tolist() == ["200|250", "", "", "", "150|150"]


@pytest.mark.parametrize(
    "moment, tags",
    [(150, ["", ""]), (151, ["", "a/b|NA"]), (250, ["slow, but warm", "a/b|NA"]), (1e12, None)],
)
def test_only_tags_before_the_moment_are_left(ml_folder, moment, tags):
    items = load("ml-latest-small", ml_folder).items
    got = tags_before(items, moment)
    wanted = items["tags"].iloc[[0, 4]].tolist() if tags is None else tags
    assert got["tags"].iloc[[0, 4]].tolist() == wanted
    assert got.drop(columns=["tags", "tag_times"]).equals(items.drop(columns=["tags", "tag_times"]))
    assert items["tags"].iloc[0] == "slow, but warm|orchard"  # the original is left alone


events = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["a", "A ", "b", "c d", "|", ""]), st.integers(-5, 20))
)


@given(events, st.integers(-6, 21))
def test_cut_late_is_the_same_as_never_having_seen_the_late_tags(rows, moment):
    items = pd.DataFrame({"item": [3, 0, 1, 2]})
    table = pd.DataFrame(rows, columns=["item", "tag", "time"]).astype({"tag": str, "time": np.int64})
    cut = tags_before(with_tags(items, table), moment)
    never = with_tags(items, table[table["time"] < moment])
    pd.testing.assert_frame_equal(cut, never)


def test_a_missing_value_is_no_tag():
    items = pd.DataFrame({"tags": [np.nan, None, "a"], "tag_times": [np.nan, None, "3"]})
    cut = tags_before(items, 10)
    assert cut["tags"].tolist() == ["", "", "a"] and cut["tag_times"].tolist() == ["", "", "3"]


def test_a_table_without_tags_or_times_is_refused(ml_folder):
    items = load("ml-latest-small", ml_folder).items
    with pytest.raises(ValueError, match="items: no column tag_times; expected tags and tag_times"):
        tags_before(items.drop(columns="tag_times"), 100)
    with pytest.raises(ValueError, match="items: row 0 has 2 tags and 1 times"):
        tags_before(items.assign(tag_times="7"), 100)
    with pytest.raises(ValueError, match="moment: nan; expected seconds"):
        tags_before(items, float("nan"))


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "tags.csv is not in its format"),
        (b"userId,movieId,tag\n1,10,x\n", "tags.csv is not in its format: .*timestamp"),
        (b"userId,movieId,tag,timestamp\n1,10,x,noon\n", "tags.csv is not in its format"),
        (b"userId,movieId,tag,timestamp\n1,99,x,5\n", "do not fit together: a tag of item 99"),
    ],
)
def test_malformed_tags_are_named(ml_folder, content, said):
    (ml_folder / "ml-latest-small" / "tags.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=said):
        load("ml-latest-small", ml_folder)


def test_a_missing_file_of_tags_is_named(ml_folder):
    (ml_folder / "ml-latest-small" / "tags.csv").unlink()
    with pytest.raises(DatasetError, match=r"no file tags\.csv"):
        load("ml-latest-small", ml_folder)


@pytest.mark.realdata
def test_the_real_tags(data_file):
    folder = data_file("ml-latest-small/tags.csv").parent
    items = load("ml-latest-small", folder).items
    raw = pd.read_csv(folder / "tags.csv")
    assert (items["tags"] != "").sum() == raw["movieId"].nunique() == 1572
    assert len(raw) == 3683  # as its README states
    at = 1_300_000_000
    early = tags_before(items, at)
    some = raw[raw["timestamp"] < at]
    tagged = set(early["item"][early["tags"] != ""])
    assert tagged == set(some["movieId"])
    n = early["tags"].str.count(r"\|").add(1).where(early["tags"] != "", 0).sum()
    assert n == len(some.assign(tag=some["tag"].str.casefold()).drop_duplicates(["movieId", "tag"]))
