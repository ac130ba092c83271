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
    split_random,
    split_random_per_user,
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
