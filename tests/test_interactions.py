"""Interactions, Dataset, IdMap: what they hold, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.ids import IdMap, UnknownId
from recsys_course.interactions import Dataset, Interactions


def test_a_log_is_arrays_of_fixed_types():
    log = Interactions([0, 1, 1], [2, 0, 2], 2, 3, times=[5, 6, 7])
    assert (log.users.dtype, log.items.dtype) == (np.int32, np.int32)
    assert (log.values.dtype, log.times.dtype) == (np.float64, np.int64)
    assert log.values.tolist() == [1, 1, 1]
    assert len(log) == 3
    assert repr(log) == "Interactions(3 events, 2 users, 3 items, with times)"
    assert repr(Interactions([], [], 0, 0)) == "Interactions(0 events, 0 users, 0 items, no times)"


def test_a_log_is_frozen():
    with pytest.raises(AttributeError):
        Interactions([0], [0], 1, 1).n_users = 5


@pytest.mark.parametrize(
    "change, message",
    [
        ({"users": [0, 3]}, r"users: code 3 in row 1; expected 0..2"),
        ({"items": [-1, 0]}, r"items: code -1 in row 0; expected 0..3"),
        ({"users": [0.0, 1.0]}, r"users: dtype float64; expected integer codes"),
        ({"users": ["a", "b"]}, r"users: dtype .*; expected integer codes"),
        ({"users": [[0], [1]]}, r"users: shape \(2, 1\); expected one dimension"),
        ({"items": [0]}, r"items: 1 rows; expected 2, as many as users"),
        ({"values": [1.0]}, r"values: 1 rows; expected 2, as many as users"),
        ({"times": [1, 2, 3]}, r"times: 3 rows; expected 2, as many as users"),
        ({"values": [1.0, np.nan]}, r"values: nan in row 1; expected a finite number, 0 or more"),
        ({"values": [np.inf, 1.0]}, r"values: inf in row 0; expected a finite number, 0 or more"),
        ({"values": [1.0, -0.5]}, r"values: -0.5 in row 1; expected a finite number, 0 or more"),
        ({"values": ["good", "bad"]}, r"values: not numbers"),
        ({"times": [1.0, np.nan]}, r"times: nan in row 1; expected a finite number"),
        ({"user_ids": IdMap(["a"], "user")}, r"user_ids: 1 ids; expected n_users = 3"),
        ({"item_ids": IdMap(list("abc"), "item")}, r"item_ids: 3 ids; expected n_items = 4"),
    ],
)
def test_a_wrong_log_is_refused_by_name(change, message):
    right = {"users": [0, 1], "items": [0, 1], "n_users": 3, "n_items": 4}
    Interactions(**right)
    with pytest.raises(ValueError, match=message):
        Interactions(**(right | change))


def test_times_before_1970_are_fine():
    assert Interactions([0], [0], 1, 1, times=[-86_400]).times.tolist() == [-86_400]


def test_to_csr_adds_repeated_pairs_and_keeps_zeros():
    log = Interactions([0, 0, 1, 0], [1, 1, 0, 2], 3, 4, values=[2, 3, 7, 0])
    matrix = log.to_csr()
    assert matrix.shape == (3, 4)
    assert matrix.toarray().tolist() == [[0, 5, 0, 0], [7, 0, 0, 0], [0, 0, 0, 0]]
    assert matrix.nnz == 3  # the pair with value 0 did meet
    assert matrix.has_canonical_format
    assert log.density == pytest.approx(3 / 12)


events = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 9)), max_size=30)


@given(events)
def test_to_csr_is_the_sum_over_events(rows):
    expected = np.zeros((5, 3))
    for u, i, v in rows:
        expected[u, i] += v
    users, items, values = (list(c) for c in zip(*rows, strict=True)) if rows else ([], [], [])
    np.testing.assert_array_equal(Interactions(users, items, 5, 3, values).to_csr().toarray(), expected)


def test_density_of_an_empty_space_is_zero():
    assert Interactions([], [], 0, 0).density == 0.0


def test_take_by_rows_and_by_mask_keeps_the_id_space(stars):
    rows = np.array([5, 0, 59])
    mask = np.isin(np.arange(60), rows)
    assert stars.take(rows).users.tolist() == stars.users[[5, 0, 59]].tolist()
    for taken, where in ((stars.take(rows), rows), (stars.take(mask), np.sort(rows))):
        assert (taken.n_users, taken.n_items) == (12, 9)
        for name in ("users", "items", "values", "times"):
            np.testing.assert_array_equal(getattr(taken, name), getattr(stars, name)[where])


def test_at_least_turns_stars_into_likes(stars):
    likes = stars.at_least(4)
    assert len(likes) == (stars.values >= 4).sum() < len(stars)
    np.testing.assert_array_equal(likes.users, stars.users[stars.values >= 4])
    assert set(likes.values) == {1.0}
    assert (likes.n_users, likes.n_items) == (12, 9)


def test_binary_keeps_every_event(stars):
    assert len(stars.binary()) == 60
    assert set(stars.binary().values) == {1.0}
    assert stars.values.max() == 5  # the log itself is as it was


def test_to_frame_speaks_in_original_ids():
    log = Interactions([1, 0], [0, 1], 2, 2, [3, 4], [8, 9], IdMap(["ann", "bob"]), IdMap([10, 20]))
    assert log.to_frame().to_dict("list") == {
        "user": ["bob", "ann"], "item": [10, 20], "value": [3.0, 4.0], "time": [8, 9],
    }  # fmt: skip
    plain = Interactions([1, 0], [0, 1], 2, 2).to_frame()
    assert plain.to_dict("list") == {"user": [1, 0], "item": [0, 1], "value": [1.0, 1.0]}


# --- IdMap


@given(st.lists(st.one_of(st.integers(), st.text()), unique=True, max_size=8))
def test_ids_go_there_and_back(ids):
    codes = IdMap(ids).encode(ids)
    assert codes.tolist() == list(range(len(ids)))
    if ids:
        assert IdMap(ids).decode(codes).tolist() == ids


def test_one_id_encodes_too():
    ids = IdMap(["ann", "bob"], "user")
    assert ids.encode("bob").tolist() == [1]
    assert len(ids) == 2


@pytest.mark.parametrize(
    "ids, asked, hint",
    [
        (["ann", "bob"], "anne", "user id 'anne' is unknown (2 known; nearest: ann)"),
        (["ann", "bob"], ["bob", "xyz"], "user id 'xyz' is unknown (2 known)"),
        ([1, 2], "1", "user id '1' is unknown (2 known; nearest: 1)"),
        ([1, 2], 7, "user id 7 is unknown (2 known)"),
        ([1, 2], [None], "user id None is unknown (2 known)"),
    ],
)
def test_an_unknown_id_names_the_nearest_known(ids, asked, hint):
    with pytest.raises(UnknownId) as caught:
        IdMap(ids, "user").encode(asked)
    assert str(caught.value) == hint


def test_an_unknown_id_can_become_a_code():
    assert IdMap([7, 8]).encode([8, 9, 7], unknown="code").tolist() == [1, -1, 0]
    with pytest.raises(ValueError, match="unknown: 'ignore'; expected 'error' or 'code'"):
        IdMap([7, 8]).encode([8], unknown="ignore")


def test_ids_of_mixed_types_stay_apart():
    ids = IdMap([1, "1"])
    assert ids.encode([1, "1"]).tolist() == [0, 1]


def test_an_id_given_twice_is_refused():
    with pytest.raises(ValueError, match="item ids: 7 occurs twice; expected each id once"):
        IdMap([7, 8, 7], "item")


def test_decode_keeps_the_shape_and_turns_padding_into_none():
    ids = IdMap([10, 20, 30])
    np.testing.assert_array_equal(ids.decode([[2, 0], [1, 1]]), [[30, 10], [20, 20]])
    assert ids.decode([[2, -1], [-1, 0]]).tolist() == [[30, None], [None, 10]]
    assert IdMap([]).decode([-1]).tolist() == [None]


# --- Dataset


def test_titles_come_from_the_table_else_the_ids_else_the_codes():
    log = Interactions([0], [0], 1, 2, item_ids=IdMap([70, 71]))
    table = pd.DataFrame({"title": ["Heat", "Alien"]})
    assert Dataset(log, table).titles(np.array([1, -1, 0])) == ["Alien", "", "Heat"]
    assert Dataset(log).titles(np.array([1, -1])) == ["71", ""]
    assert Dataset(Interactions([0], [0], 1, 2)).titles(np.array([1])) == ["1"]


@pytest.mark.parametrize(
    "tables, message",
    [
        ({"items": pd.DataFrame({"title": ["one"]})}, "items table: 1 rows; expected 2, one per code"),
        ({"users": pd.DataFrame({"age": [1, 2]})}, "users table: 2 rows; expected 1, one per code"),
    ],
)
def test_a_table_of_another_length_is_refused(tables, message):
    with pytest.raises(ValueError, match=message):
        Dataset(Interactions([0], [0], 1, 2), **tables)


def test_mean_per_pair_averages_repeats_and_keeps_the_order():
    log = Interactions(np.array([1, 0, 1]), np.array([0, 2, 0]), 2, 3, values=np.array([5.0, 2.0, 3.0]))
    merged = log.mean_per_pair()
    assert merged.users.tolist() == [1, 0] and merged.items.tolist() == [0, 2]
    assert merged.values.tolist() == [4.0, 2.0]


def test_mean_per_pair_leaves_a_log_without_repeats_alone():
    log = Interactions(np.array([0, 1]), np.array([0, 0]), 2, 1)
    assert log.mean_per_pair() is log
