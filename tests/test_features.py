"""Point-in-time features against slow loops; what comes later never matters; a planted leak is found."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_course.features import find_leak, full_history, point_in_time


def events(seed: int, n: int = 60) -> pd.DataFrame:
    """A small log in no order of time, with many equal times."""
    rng = np.random.default_rng(seed)
    columns = {"user": rng.integers(4, size=n), "item": rng.integers(5, size=n)}
    log = pd.DataFrame({**columns, "time": rng.integers(20, size=n), "click": rng.random(n) < 0.4})
    return log.set_axis(rng.permutation(n) + 100)  # an index of its own


def by_loops(asked, log, keys, prior, strength, delay):
    """(2.3) and (2.4), one event at a time."""
    rows = []
    for _, event in asked.iterrows():
        past = [
            row for _, row in log.iterrows()
            if all(row[k] == event[k] for k in keys) and row.time < event.time - delay
        ]  # fmt: skip
        clicks, n = sum(row.click for row in past), len(past)
        rate = (clicks + strength * prior) / (n + strength) if n + strength else prior
        rows.append([n, clicks, rate, event.time - max(r.time for r in past) if past else np.nan])
    return np.array(rows, dtype=float)


@pytest.mark.parametrize("delay", [0, 3])
@pytest.mark.parametrize(("keys", "strength"), [(["item"], 5.0), (["user", "item"], 0.0)])
@pytest.mark.parametrize("seed", range(3))
def test_matches_the_definition_as_loops(seed, keys, strength, delay):
    asked, log = events(seed), events(seed + 10)
    got = point_in_time(asked, log, keys, prior=0.1, strength=strength, delay=delay)
    assert list(got) == [f"{'_'.join(keys)}_{name}" for name in ("shows", "clicks", "rate", "since")]
    assert got.index.equals(asked.index)
    np.testing.assert_allclose(got, by_loops(asked, log, keys, 0.1, strength, delay))


def test_by_hand():
    log = pd.DataFrame({"item": [7, 7, 7, 8], "time": [10, 20, 30, 5], "click": [1, 0, 1, 1]})
    got = point_in_time(log, key="item", prior=0.1, strength=10)
    assert got["item_shows"].tolist() == [0, 1, 2, 0]
    assert got["item_clicks"].tolist() == [0, 1, 1, 0]
    np.testing.assert_allclose(got["item_rate"], [0.1, 2 / 11, 2 / 12, 0.1])
    np.testing.assert_allclose(got["item_since"], [np.nan, 10, 10, np.nan])


def test_equal_times_are_not_before_and_a_delay_hides_its_last_moment_too():
    log = pd.DataFrame({"item": [0, 0, 0], "time": [5, 5, 8], "click": [1, 1, 0]})
    shows = partial(point_in_time, log, key="item", prior=0.0)
    assert shows()["item_shows"].tolist() == [0, 0, 2]
    assert shows(delay=2)["item_shows"].tolist() == [0, 0, 2]
    assert shows(delay=3)["item_shows"].tolist() == [0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 19), st.integers(0, 4), st.integers(0, 99))
def test_later_rows_and_the_order_of_rows_never_matter(seed, now, delay, shuffle):
    log = events(seed)
    asked = log[log.time - delay <= now]
    make = partial(point_in_time, key=["item"], prior=0.2, delay=delay)
    whole = make(asked, log)
    pd.testing.assert_frame_equal(make(asked, log[log.time < now]), whole)
    pd.testing.assert_frame_equal(make(asked, log.sample(frac=1, random_state=shuffle)), whole)
    later = log.assign(click=np.where(log.time < now, log.click, ~log.click))
    pd.testing.assert_frame_equal(make(asked, later), whole)


def test_full_history_counts_everything_the_own_row_too():
    log = events(1)
    got = full_history(log, key="item", prior=0.0, strength=0.0)
    mean = log.groupby("item")["click"].transform("mean")
    np.testing.assert_allclose(got["item_rate"], mean)
    np.testing.assert_allclose(got["item_since"], log.time - log.groupby("item")["time"].transform("max"))


def make_honest(delay=0.0):
    def make(asked, log):
        item = point_in_time(asked, log, "item", prior=0.1, delay=delay)
        return item.join(point_in_time(asked, log, ["user", "item"], prior=0.1, delay=delay))

    return make


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("delay", [0, 3])
def test_an_honest_feature_is_never_accused(seed, delay):
    found = find_leak(make_honest(delay), events(seed), delay=delay)
    assert len(found) == 8
    assert (found["changed"] == 0).all() and found["row"].isna().all()


def leaky(kind):
    def make(asked, log):
        honest = point_in_time(asked, log, "item", prior=0.1)
        if kind == "all rows":
            return honest.assign(bad=full_history(asked, log, "item", prior=0.1)["item_rate"])
        if kind == "own row":
            upto = asked.assign(time=asked.time + 1)  # times are whole: "before t + 1" is "up to t"
            return honest.assign(bad=point_in_time(upto, log, "item", prior=0.1)["item_shows"])
        return honest.assign(bad=log.click.mean())  # a scaler fitted on everything

    return make


@pytest.mark.parametrize("kind", ["all rows", "own row", "a mean of everything"])
@pytest.mark.parametrize("seed", range(5))
def test_a_planted_leak_is_found_and_named(seed, kind):
    log = events(seed)
    found = find_leak(leaky(kind), log)
    assert found.index[found["changed"] > 0].tolist() == ["bad"]
    assert found.loc["bad", "row"] in log.index


def test_a_feature_fresher_than_the_pipeline_is_a_leak():
    log = events(2)
    assert (find_leak(make_honest(0), log, delay=3)["changed"] > 0).any()
    assert (find_leak(make_honest(3), log, delay=3)["changed"] == 0).all()


def test_an_empty_history_gives_the_prior():
    log = events(0)
    got = point_in_time(log, log[:0], "item", prior=0.3)
    assert (
        (got["item_shows"] == 0).all() and (got["item_rate"] == 0.3).all() and got["item_since"].isna().all()
    )


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"delay": -1}, "delay: -1; expected 0 seconds or more"),
        ({}, {"delay": np.nan}, "delay: nan"),
        ({}, {"strength": -1.0}, "strength: -1.0; expected 0 rows or more"),
        ({}, {"prior": np.nan}, "prior: nan; expected a finite rate"),
        ({}, {"key": "shop"}, "history: no column 'shop'; the table has 'user', 'item', 'time', 'click'"),
        ({"time": np.nan}, {}, "time is nan in row 2; expected a finite number"),
        ({"click": np.inf}, {}, "history: click is inf in row 2"),
        ({"item": None}, {}, "history: no item in row 2; expected a key in every row"),
    ],
)
def test_bad_input_is_named(change, options, message):
    log = events(0).astype({"time": float, "click": float, "item": object})
    for column, value in change.items():
        log.iloc[2, log.columns.get_loc(column)] = value
    with pytest.raises(ValueError) as error:
        point_in_time(log, **{"key": "item", "prior": 0.1, **options})
    assert message in str(error.value)


def test_find_leak_refuses_what_it_cannot_check():
    log, make = events(0), make_honest()
    for options, message in (({"n_cuts": 0}, "n_cuts: 0"), ({"delay": -1}, "delay: -1")):
        with pytest.raises(ValueError, match=message):
            find_leak(make, log, **options)
    with pytest.raises(ValueError, match="log: no events"):
        find_leak(make, log[:0])
    with pytest.raises(ValueError, match="make: gave 1 rows; expected 60, one per event"):
        find_leak(lambda asked, log: make(asked, log)[:1], log)


def test_dates_are_refused_because_their_unit_is_not_seconds():
    events = pd.DataFrame(
        {"item": [1, 1], "click": [0, 1], "time": pd.to_datetime(["2026-01-01", "2026-01-02"])}
    )
    with pytest.raises(
        ValueError, match=r"time has dtype datetime64.* expected numbers \(times in seconds\)"
    ):
        point_in_time(events, prior=0.1)
