"""The terms of a comparison: what they hold out, and what they refuse."""

import json

import numpy as np
import pytest

from recsys_course.data import split as splits
from recsys_course.evaluation import Protocol
from recsys_course.evaluation.protocol import SPLITS
from recsys_course.interactions import Interactions


def rows(log: Interactions) -> list[tuple]:
    return list(zip(log.users.tolist(), log.items.tolist(), strict=True))  # no pair twice in stars


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_keeps_validation_training_and_test_apart(split, stars):
    folds = Protocol(split=split, n_folds=3).folds(stars)
    assert len(folds) == (3 if split == "k-fold" else 1)
    for inner, outer in folds:
        assert sorted(rows(inner.train) + rows(inner.test)) == sorted(rows(outer.train))
        assert sorted(rows(outer.train) + rows(outer.test)) == sorted(rows(stars))
    if split == "k-fold":
        assert sorted(row for fold in folds for row in rows(fold.outer.test)) == sorted(rows(stars))


def test_the_splits_are_those_of_the_data_module(stars):
    def test_side(**ask) -> list[tuple]:
        return rows(Protocol(n_trials=0, **ask).folds(stars)[0].outer.test)

    assert test_side() == rows(splits.split_by_time(stars).test)
    assert test_side(test_fraction=0.5) == rows(splits.split_by_time(stars, 0.5).test)
    assert test_side(at=1_030) == rows(splits.split_by_time(stars, at=1_030).test)
    assert test_side(split="leave-last-out") == rows(splits.leave_last_out(stars).test)
    assert test_side(split="random", seed=3) == rows(splits.split_random(stars, seed=3).test)
    assert test_side(split="random-per-user", seed=3) == rows(
        splits.split_random_per_user(stars, seed=3).test
    )
    cold = splits.split_cold_users(stars, 0.3, by="time", given=2)
    got = test_side(split="cold-users", test_fraction=0.3, newcomers="time", given=2)
    assert got == rows(cold.test)
    assert test_side(split="cold-items", seed=5) == rows(splits.split_cold_items(stars, seed=5).test)


def test_the_validation_part_has_its_own_share_and_no_trials_need_none(stars):
    (inner, outer) = Protocol(validation=0.5).folds(stars)[0]
    assert (len(outer.test), len(inner.test)) == (12, 24)
    (inner, outer) = Protocol(n_trials=0).folds(stars)[0]
    assert inner is None and len(outer.train) == 48


def test_it_goes_through_json():
    protocol = Protocol(split="cold-users", seeds=[4, 5], metrics="ndcg@5", level=0.9)
    assert protocol.seeds == (4, 5) and protocol.metrics == ("ndcg@5",)
    assert Protocol(**json.loads(json.dumps(protocol.as_dict()))) == protocol


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"split": "weekly"}, "split: 'weekly'; expected one of time, leave-last-out"),
        ({"split": "leave-last"}, "did you mean leave-last-out"),
        ({"n": 0}, "n: 0; expected a list length of at least 1"),
        ({"metrics": ()}, "metrics: none; expected at least one"),
        ({"metrics": ("recal@5",)}, "did you mean recall"),
        ({"seeds": ()}, "seeds: none; expected at least one"),
        ({"seeds": (1, 1)}, "expected each seed once"),
        ({"n_trials": -1}, "n_trials: -1; expected 0 or more"),
        ({"test_fraction": 1.0}, "test_fraction: 1.0; expected a share between 0 and 1"),
        ({"validation": 0}, "validation: 0; expected a share between 0 and 1"),
        ({"level": 95}, "level: 95; expected a share between 0 and 1"),
    ],
)
def test_wrong_terms_are_named(wrong, said):
    with pytest.raises(ValueError, match=said):
        Protocol(**wrong)


def test_logs_that_a_split_cannot_take_are_refused(stars):
    bare = Interactions(stars.users, stars.items, 12, 9)
    with pytest.raises(ValueError, match="data: no times; this split needs a log with a clock"):
        Protocol().folds(bare)
    with pytest.raises(ValueError, match="data: no training events left"):
        Protocol(at=0.0).folds(stars)
    once = Interactions(np.arange(5), np.arange(5), 5, 5, times=np.arange(5))
    with pytest.raises(ValueError, match="data: no test events left"):
        Protocol(split="leave-last-out").folds(once)
    with pytest.raises(ValueError, match=r"k: 99; expected 2\.\.60 folds"):
        Protocol(split="k-fold", n_folds=99).folds(stars)
