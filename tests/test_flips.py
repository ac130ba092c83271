"""The command that looks for flips on real data: its pieces on logs small enough to see through."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from recsys_course import Interactions, metrics, split_by_time
from recsys_course.baselines import Popularity
from recsys_course.data import Split

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def command(monkeypatch):
    """The module ``benchmarks/flips.py``, which imports its neighbours by their bare names."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import flips

    yield flips
    sys.modules.pop("flips", None)


def test_core_drops_until_everybody_has_enough(command):
    # items 0, 1 and users 0, 1 know each other; user 2 holds item 2 up, and falls with it
    users, items = np.array([0, 0, 1, 1, 2, 0]), np.array([0, 1, 0, 1, 2, 2])
    left = command.core(Interactions(users, items, 3, 3), 2)
    assert sorted(zip(left.users, left.items, strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert len(command.core(left, 3)) == 0


def test_first_new_is_the_earliest_test_event_of_users_with_a_past(command):
    train = Interactions(np.array([0, 1]), np.array([0, 1]), 3, 4, times=np.array([1, 1]))
    test = Interactions(np.array([1, 0, 0, 2]), np.array([3, 2, 1, 0]), 3, 4, times=np.array([7, 9, 8, 6]))
    users, items = command.first_new(Split(train, test))
    assert users.tolist() == [0, 1] and items.tolist() == [1, 3]


def test_a_flip_needs_both_intervals_to_be_certain(command):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, size=200)
    flat = np.full(200, 0.5)
    right = {"a": flat + 0.2 + noise, "b": flat, "c": flat - 1}
    sure = command.flips(right, {"a": flat - 0.2 + noise, "b": flat, "c": flat - 1})
    assert [(f["better"], f["worse"], f["certain"]) for f in sure] == [("a", "b", True)]
    assert sure[0]["gap"] > 0 > sure[0]["gap_wrong"]
    unsure = command.flips(right, {"a": flat - noise - abs(noise.mean()) - 0.001, "b": flat, "c": flat - 1})
    assert [f["certain"] for f in unsure] == [False]
    assert command.flips(right, right) == []


def test_untuned_compares_the_tuned_with_the_others_defaults(command):
    n = 50
    best = {"ours": np.full(n, 0.3), "baseline": np.full(n, 0.4), "popularity": np.full(n, 0.1)}
    default = {"ours": np.full(n, 0.25), "baseline": np.full(n, 0.2), "popularity": np.full(n, 0.1)}
    found = command._untuned(best, default)
    assert found["pairs"] == 6
    assert [(f["better"], f["worse"]) for f in found["flips"]] == [("baseline", "ours")]
    assert found["flips"][0]["gap"] == pytest.approx(0.1)
    assert found["flips"][0]["gap_wrong"] == pytest.approx(-0.1)


def test_sampling_all_others_is_the_full_metric(command):
    rng = np.random.default_rng(0)
    users, items = rng.integers(30, size=600), rng.integers(40, size=600)
    log = Interactions(users, items, 30, 40, times=np.arange(600))
    _, first = np.unique(users * 40 + items, return_index=True)
    split = split_by_time(log.take(np.sort(first)), 0.3)
    sampled, full = command.sampled_and_full(Popularity(), split, n_sampled=10_000)
    np.testing.assert_allclose(sampled, full)
    assert len(full) > 20 and 0 < full.mean() < 1
    fewer, _ = command.sampled_and_full(Popularity(), split, n_sampled=5)
    assert (fewer >= full - 1e-12).all() and fewer.mean() > full.mean()


def test_per_user_is_ndcg_of_those_on_both_sides(command):
    train = Interactions(np.array([0, 0, 1]), np.array([0, 1, 0]), 3, 3)
    test = Interactions(np.array([1, 2]), np.array([1, 0]), 3, 3)
    split = Split(train, test)
    assert command.judged(split).tolist() == [1]
    expected = metrics.ndcg(np.array([[1, 2]]), test.to_csr()[[1]], 10)
    assert command.per_user(Popularity(), split).tolist() == [expected] == [1.0]


@pytest.mark.realdata
def test_the_stored_figures_are_those_of_the_log(command):
    stored = json.loads((BENCHMARKS / "results" / "flips.json").read_text())["boards"]["ml-100k"]
    log = command.DATA["ml-100k"][1]()
    assert stored["sha256"] == log.fingerprint()
    split = split_by_time(log, 0.2)
    value = command.per_user(Popularity(), split).mean()
    assert stored["split"]["models"]["popularity"]["right"] == pytest.approx(value)
