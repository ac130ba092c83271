"""Splits: disjoint, exhaustive, in one id space, and honest about time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.data.split import (
    Split,
    k_fold,
    leave_last_out,
    split_by_time,
    split_cold_items,
    split_cold_users,
    split_random,
    split_random_per_user,
    split_twice,
)
from recsys_course.interactions import Interactions

SPLITS = {
    "by_time": split_by_time,
    "last_out": leave_last_out,
    "random": split_random,
    "per_user": split_random_per_user,
    "k_fold": lambda data: next(k_fold(data)),
}
each = pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)


@st.composite
def logs(draw) -> Interactions:
    """5 to 30 events; the values number the rows, so that every event can be told apart."""
    n = draw(st.integers(5, 30))
    users = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    times = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    return Interactions(users, np.arange(n) % 3, 6, 4, values=np.arange(n), times=times)


def rows(log: Interactions) -> list[int]:
    return log.values.astype(int).tolist()


@each
@given(logs())
def test_every_event_falls_on_exactly_one_side(split, data):
    train, test = split(data)
    assert sorted(rows(train) + rows(test)) == rows(data)
    for side in (train, test):
        assert (side.n_users, side.n_items) == (6, 4)
        for name in ("users", "items", "times"):  # rows stay whole
            np.testing.assert_array_equal(getattr(side, name), getattr(data, name)[rows(side)])


@each
def test_a_split_repeats(split, stars):
    once, again = split(stars), split(stars)
    np.testing.assert_array_equal(once.test.items, again.test.items)
    np.testing.assert_array_equal(once.test.users, again.test.users)
    assert isinstance(once, Split)
    assert 0 < len(once.test) < len(once.train)


@pytest.mark.parametrize(
    "split", [split_random, split_random_per_user, lambda d, seed: next(k_fold(d, 5, seed))]
)
def test_another_seed_is_another_split(split, stars):
    stars = Interactions(stars.users, stars.items, 12, 9, values=np.arange(60))
    assert rows(split(stars, seed=1).test) == rows(split(stars, seed=1).test)
    assert rows(split(stars, seed=1).test) != rows(split(stars, seed=2).test)


# --- by time


@given(logs(), st.floats(0.01, 0.99))
def test_no_event_of_training_is_later_than_one_of_the_test(data, fraction):
    train, test = split_by_time(data, fraction)
    assert len(test) > 0
    if len(train):
        assert train.times.max() < test.times.min()


@pytest.mark.parametrize(
    "n, fraction, held", [(10, 0.2, 2), (10, 0.7, 7), (100, 0.29, 29), (7, 0.5, 3), (3, 0.1, 1)]
)
def test_the_share_of_a_log_without_equal_times(n, fraction, held):
    times = np.random.default_rng(0).permutation(n)
    data = Interactions(np.zeros(n, int), np.arange(n), 1, n, times=times)
    assert sorted(split_by_time(data, fraction).test.times) == list(range(n - held, n))


def test_equal_times_all_go_to_the_test_side():
    data = Interactions([0] * 5, [0, 1, 2, 3, 4], 1, 5, times=[1, 2, 2, 2, 3])
    assert split_by_time(data, 0.4).train.items.tolist() == [0]


def test_a_moment_of_ones_own():
    data = Interactions([0] * 4, [0, 1, 2, 3], 1, 4, times=[30, 10, 20, 40])
    train, test = split_by_time(data, at=30)
    assert (train.items.tolist(), test.items.tolist()) == ([1, 2], [0, 3])


# --- leave last out


@given(logs(), st.integers(1, 3))
def test_the_last_n_of_each_user(data, n):
    test = leave_last_out(data, n).test
    for user in range(6):
        mine = [r for r in rows(data) if data.users[r] == user]
        mine.sort(key=lambda r: (data.times[r], r))
        last = mine[-n:] if len(mine) > n else []
        assert sorted(r for r in rows(test) if data.users[r] == user) == sorted(last)


# --- random


@pytest.mark.parametrize("fraction, held", [(0.2, 12), (0.25, 15), (0.9, 54)])
def test_a_random_share_has_its_size(stars, fraction, held):
    assert len(split_random(stars, fraction).test) == held


def test_a_random_share_can_hold_any_event(stars):
    tested = set()
    for seed in range(60):  # an event is missed by all 60 with chance 0.8**60, about 2 in a million
        log = Interactions(stars.users, stars.items, 12, 9, values=np.arange(60))
        tested.update(rows(split_random(log, seed=seed).test))
    assert tested == set(range(60))


@given(logs(), st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.99]))
def test_each_user_gives_a_share_and_keeps_an_event(data, fraction):
    train, test = split_random_per_user(data, fraction)
    had, gave = (np.bincount(log.users, minlength=6) for log in (data, test))
    np.testing.assert_array_equal(gave, np.floor(had * fraction))
    np.testing.assert_array_equal(np.bincount(train.users, minlength=6) > 0, had > 0)


def test_any_event_of_a_user_can_be_held_out():
    data = Interactions([0] * 4, [0, 1, 2, 3], 1, 4)
    first = {split_random_per_user(data, 0.25, seed).test.items[0] for seed in range(60)}
    assert first == {0, 1, 2, 3}


# --- folds


@given(logs(), st.integers(2, 5))
def test_every_event_is_tested_once(data, k):
    folds = list(k_fold(data, k))
    assert len(folds) == k
    assert sorted(r for fold in folds for r in rows(fold.test)) == rows(data)
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


# --- refusals


@pytest.mark.parametrize("split", [split_by_time, leave_last_out])
def test_a_log_without_a_clock_or_events_is_refused(split):
    with pytest.raises(ValueError, match="data: no times; this split needs a log with a clock"):
        split(Interactions([0, 0], [0, 1], 1, 2))
    with pytest.raises(ValueError, match="data: no events; expected at least one"):
        split(Interactions([], [], 1, 2, times=[]))


@pytest.mark.parametrize("split", [split_by_time, split_random, split_random_per_user])
@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_outside_0_to_1_is_refused(split, fraction, stars):
    with pytest.raises(ValueError, match=f"test_fraction: {fraction}; expected a share between 0 and 1"):
        split(stars, fraction)


def test_other_wrong_numbers_are_refused(stars):
    with pytest.raises(ValueError, match="n: 0; expected at least 1 event to hold out"):
        leave_last_out(stars, 0)
    for k in (1, 61):
        with pytest.raises(ValueError, match=f"k: {k}; expected 2..60 folds"):
            k_fold(stars, k)


# --- cold users and items


COLD = {"users": split_cold_users, "items": split_cold_items}
each_cold = pytest.mark.parametrize("kind", COLD)


def cold(kind: str, data: Interactions, fraction: float, by: str, seed: int = 0) -> Split | None:
    """The split, or None where the log has a single user (item) and none can be held out."""
    if len(np.unique(getattr(data, kind))) < 2:
        with pytest.raises(ValueError, match="1 users or items with events; expected at least 2"):
            COLD[kind](data, fraction, by=by, seed=seed)
        return None
    return COLD[kind](data, fraction, by=by, seed=seed)


@each_cold
@given(logs(), st.floats(0.01, 0.99), st.sampled_from(["random", "time"]), st.integers(0, 3))
def test_no_one_held_out_leaks_into_training(kind, data, fraction, by, seed):
    split = cold(kind, data, fraction, by, seed)
    if split is None:
        return
    there, held = (set(getattr(side, kind).tolist()) for side in split)
    assert there and held and not there & held
    assert sorted(rows(split.train) + rows(split.test)) == rows(data)
    n = len(there) + len(held)
    assert len(held) == min(max(1, round(n * fraction)), n - 1)


@each_cold
@given(logs(), st.floats(0.01, 0.99))
def test_newcomers_by_time_came_after_the_others(kind, data, fraction):
    split = cold(kind, data, fraction, "time")
    if split is None:
        return
    first = {c: data.times[getattr(data, kind) == c].min() for c in set(getattr(data, kind).tolist())}
    there, held = (getattr(side, kind).tolist() for side in split)
    assert max(first[c] for c in there) <= min(first[c] for c in held)


@given(logs(), st.integers(0, 4), st.sampled_from(["random", "time"]))
def test_a_cold_user_brings_the_first_events_given(data, given_events, by):
    size = np.bincount(data.users, minlength=data.n_users)
    if (size > given_events).sum() < 2:
        return
    train, test = split_cold_users(data, 0.4, by=by, given=given_events)
    assert sorted(rows(train) + rows(test)) == rows(data)
    held = set(test.users.tolist())
    enough = data.take(size[data.users] > given_events)
    assert held == set(split_cold_users(enough, 0.4, by=by).test.users.tolist())  # nobody else is drawn
    for user in set(data.users.tolist()):
        mine = [r for r in rows(data) if data.users[r] == user]
        mine.sort(key=lambda r: (data.times[r], r))
        kept = mine[:given_events] if user in held else mine
        assert sorted(r for r in rows(train) if data.users[r] == user) == sorted(kept)


def test_cold_users_by_hand():
    # first events at 0 (user 1), 5 (user 0), 9 (user 2); user 2 is new; users 3 and 4 are in nobody's way
    data = Interactions([0, 1, 2, 0, 2, 1, 2], [0, 0, 1, 1, 2, 2, 0], 5, 3, times=[5, 0, 12, 6, 9, 99, 30])
    train, test = split_cold_users(data, 0.3, by="time", given=1)
    assert (train.users.tolist(), train.times.tolist()) == ([0, 1, 0, 2, 1], [5, 0, 6, 9, 99])
    assert (test.users.tolist(), test.times.tolist()) == ([2, 2], [12, 30])


def test_cold_splits_at_random_follow_the_seed_and_need_no_clock(stars):
    bare = Interactions(stars.users, stars.items, 12, 9)
    sides = [set(split_cold_users(bare, 0.25, seed=seed).test.users.tolist()) for seed in range(9)]
    assert all(len(side) == 3 for side in sides) and len({frozenset(side) for side in sides}) > 1
    assert sides[0] == set(split_cold_users(bare, 0.25, seed=0).test.users.tolist())
    for ask in ({"by": "time"}, {"given": 1}):
        with pytest.raises(ValueError, match="data: no times"):
            split_cold_users(bare, **ask)


def test_wrong_arguments_of_the_cold_splits_are_named(stars):
    with pytest.raises(ValueError, match="given: -1; expected 0 events or more"):
        split_cold_users(stars, given=-1)
    with pytest.raises(ValueError, match="by: 'newest'; expected 'random' or 'time'"):
        split_cold_items(stars, by="newest")
    for split in COLD.values():
        with pytest.raises(ValueError, match="test_fraction: 1; expected a share between 0 and 1"):
            split(stars, 1)


# --- training, validation and test


@each
@given(logs())
def test_the_training_side_is_split_again_the_same_way(split, data):
    try:
        inner, outer = split_twice(data, split)
    except ValueError as error:
        assert "events left" in str(error) or "folds" in str(error)  # few events have no room for three parts
        return
    assert sorted(rows(inner.train) + rows(inner.test)) == sorted(rows(outer.train))
    assert not set(rows(inner.test)) & set(rows(outer.test))
    assert rows(outer.test) == rows(split(data).test)
    assert rows(inner.test) == rows(split(outer.train).test)


def test_another_way_for_the_validation_part(stars):
    inner, outer = split_twice(stars, split_by_time, lambda rest: split_random(rest, 0.25))
    assert len(outer.train) == 48 and len(inner.test) == 12
    assert inner.test.times.max() < outer.test.times.min()


def test_a_split_that_leaves_a_side_empty_is_refused(stars):
    with pytest.raises(ValueError, match="data: no test events left"):
        split_twice(stars, lambda log: split_by_time(log, at=10**9))
    with pytest.raises(ValueError, match="data: no training events left"):
        split_twice(stars, lambda log: split_by_time(log, at=0))
    with pytest.raises(ValueError, match="the training side, split again: no test events left"):
        split_twice(stars, split_by_time, lambda rest: split_by_time(rest, at=10**9))
