"""Histories, windows, events: every event is a target once, and no question sees its answer."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.interactions import Interactions
from recsys_course.neural import Events, Histories, Windows

logs = st.lists(st.integers(0, 12), min_size=1, max_size=5)  # events of each user


def of_sizes(sizes):
    rng = np.random.default_rng(sum(sizes))
    lists = [rng.integers(0, 9, size) for size in sizes]
    return lists, Histories.listed(lists, 9)


def test_a_log_is_sorted_by_user_and_time_and_ties_by_row():
    log = Interactions([1, 0, 1, 1, 0], [5, 1, 3, 4, 2], 3, 6, times=[30, 20, 10, 30, 10])
    histories = Histories.of(log)
    assert histories.items.tolist() == [2, 1, 3, 5, 4]
    assert histories.start.tolist() == [0, 2, 5, 5]
    assert histories.users().tolist() == [0, 0, 1, 1, 1]
    untimed = Histories.of(Interactions([1, 0, 1], [5, 1, 3], 2, 6))
    assert untimed.items.tolist() == [1, 5, 3]


def test_the_last_items_and_the_place_behind_them():
    histories = Histories.listed([[1, 2, 3], [], [4]], 9)
    batch = histories.last(torch.tensor([0, 1, 2]), 2)
    assert batch.histories.tolist() == [[2, 3], [0, 0], [4, 0]]
    assert batch.asked.int().tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert len(batch) == 3
    assert histories.last(torch.tensor([1]), 2).asked.tolist() == [[True]]


def test_windows_by_hand():
    """Seven events, windows of two items and what follows, one of context."""
    windows = Windows.cut(Histories.listed([[0, 1, 2, 3, 4, 5, 6]], 9), 2, context=1)
    batch = windows.batch(torch.arange(len(windows)))
    rows = sorted(zip(windows.first.tolist(), windows.asked.tolist(), windows.stop.tolist(), strict=True))
    assert rows == [(0, 0, 3), (2, 3, 5), (4, 5, 7)]
    assert sorted(batch.targets.tolist()) == [0, 1, 2, 3, 4, 5, 6]
    last = windows.batch(torch.tensor([int(windows.stop.argmax())]))
    assert last.histories.tolist() == [[4, 5]]  # the item of the context comes in and is not asked for
    assert last.targets.tolist() == [5, 6]
    assert last.asked.tolist() == [[False, True, True]]


@given(logs, st.integers(1, 6), st.integers(0, 6))
def test_every_event_is_a_target_once_and_later_windows_have_context(sizes, length, context):
    context = min(context, length)
    _, histories = of_sizes(sizes)
    windows = Windows.cut(histories, length, context)
    assert windows.n_questions == sum(sizes)
    if not len(windows):
        assert sum(sizes) == 0
        return
    batch = windows.batch(torch.randperm(len(windows), generator=torch.Generator().manual_seed(0)))
    assert sorted(batch.numbers.tolist()) == list(range(sum(sizes)))
    assert histories.items[batch.numbers].tolist() == batch.targets.tolist()
    assert histories.users()[batch.numbers].tolist() == batch.users.tolist()
    assert batch.histories.shape[1] <= length
    oldest = windows.first == histories.start[windows.users]
    assert ((windows.asked - windows.first)[~oldest] >= context).all()


@given(logs, st.integers(1, 6), st.integers(0, 3))
def test_what_stands_before_a_question_are_the_items_before_its_answer(sizes, length, context):
    lists, histories = of_sizes(sizes)
    windows = Windows.cut(histories, length, min(context, length))
    events = Events.of(histories, torch.ones(len(sizes), dtype=torch.bool), length)
    for rows in (windows, events):
        for row in range(len(rows)):
            batch = rows.batch(torch.tensor([row]))
            for place, target, number in zip(
                batch.asked[0].nonzero()[:, 0], batch.targets, batch.numbers, strict=True
            ):
                user = int(batch.users[0])
                at = int(number - histories.start[user])
                assert lists[user][at] == target
                shown = batch.histories[0, :place].tolist()
                assert shown == lists[user][at - len(shown) : at].tolist()
                if rows is events:
                    assert len(shown) == min(at, length)


def test_rows_of_some_users_alone():
    _, histories = of_sizes([3, 2, 4])
    able = torch.tensor([True, False, True])
    assert set(Windows.cut(histories, 2).of_users(able).users.tolist()) == {0, 2}
    events = Events.of(histories, able)
    batch = events.batch(torch.arange(len(events)))
    assert batch.users.tolist() == [0, 0, 0, 2, 2, 2, 2]
    assert batch.numbers.tolist() == [0, 1, 2, 5, 6, 7, 8] and batch.histories is None
    assert batch.targets.tolist() == histories.items[batch.numbers].tolist()


@pytest.mark.parametrize(
    "history, error, message",
    [
        ([[1]], ValueError, r"histories\[1\]: shape \(1, 1\); expected one dimension"),
        ([1.5], TypeError, r"histories\[1\]: dtype float64; expected integer codes"),
        ([9], ValueError, r"histories\[1\]: codes 9\.\.9; expected 0\.\.8"),
        ([-1, 2], ValueError, r"histories\[1\]: codes -1\.\.2; expected 0\.\.8"),
    ],
)
def test_histories_that_are_none_are_named(history, error, message):
    with pytest.raises(error, match=message):
        Histories.listed([[0], history], 9)
