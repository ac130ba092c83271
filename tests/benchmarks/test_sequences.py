"""The benchmarks of sequential models: what they count, and what their files say."""

import importlib
import json
from math import log2
from pathlib import Path

import numpy as np
import pytest

from recsys_course import Interactions
from recsys_course.data import Split

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sequential(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("sequential")


@pytest.fixture
def distillation(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("distillation")


def test_a_hit_is_worth_its_place(sequential):
    lists = np.array([[4, 5, 6], [4, 5, 6], [4, 5, 6]])
    np.testing.assert_allclose(sequential.gains(lists, np.array([4, 6, 9])), [1, 1 / log2(4), 0])


def test_every_later_event_is_asked_with_all_before_it(distillation):
    """Three users over five items; the second has nothing to learn from, so nobody asks about him."""
    train = Interactions([0, 0, 2], [0, 1, 3], 3, 5, times=[1.0, 2.0, 1.0])
    test = Interactions([0, 0, 1, 2], [4, 2, 0, 1], 3, 5, times=[4.0, 3.0, 5.0, 5.0])
    questions = distillation.Questions(Split(train, test))
    asked = []

    def score(histories):
        asked.extend(list(map(int, history)) for history in histories)
        return np.tile([9.0, 8.0, 1.0, 7.0, 2.0], (len(histories), 1))

    found = questions.gains(score)
    assert asked == [[0, 1], [0, 1, 2], [3]] and list(questions.users) == [0, 2]
    # user 0: item 2 comes behind 3 and 4, then 4 behind 3; user 2: item 1 comes behind 0
    np.testing.assert_allclose(found, [(1 / log2(4) + 1 / log2(3)) / 2, 1 / log2(3)])


def test_equal_scores_are_no_win(distillation):
    split = Split(Interactions([0], [0], 1, 12, times=[1.0]), Interactions([0], [1], 1, 12, times=[2.0]))
    found = distillation.Questions(split).gains(lambda histories: np.zeros((len(histories), 12)))
    assert found[0] == 0  # eleven items are as good: the last place


def test_both_libraries_had_the_same_task_and_ours_is_as_good_and_faster():
    """What the book says of the file, read from it."""
    rows = json.loads((ROOT / "benchmarks" / "results" / "sequential.json").read_text())["rows"]
    for row in rows.values():
        ours, theirs = (row["libraries"][name] for name in ("recsys-course", "recbole"))
        for library in (ours, theirs):
            values = [epoch["validation"] for epoch in library["epochs"]]
            assert library["best_epoch"] == int(np.argmax(values))
            assert library["ndcg@10"] == library["epochs"][library["best_epoch"]]["test"]
        assert abs(ours["parameters"] / theirs["parameters"] - 1) < 0.01
        assert row["against"]["low"] <= ours["ndcg@10"] - theirs["ndcg@10"] <= row["against"]["high"]
        assert ours["wall_s_per_epoch"] < theirs["wall_s_per_epoch"]
