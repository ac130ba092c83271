"""The protocol: against hand-made lists and a slow loop."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from recsys_course.base import RatingPredictor, Recommender
from recsys_course.baselines import DampedMeans, Popularity
from recsys_course.data.planted import two_tribes
from recsys_course.data.split import Split, leave_last_out, split_by_time, split_random
from recsys_course.evaluation import RANKING, RATING, compare, evaluate, measuring
from recsys_course.interactions import Interactions


@dataclass
class Fixed(Recommender):
    """Scores items in a given order for everyone."""

    order: list = field(default_factory=list)

    def _fit(self, data: Interactions) -> None:
        self.scores_ = np.zeros(data.n_items)
        self.scores_[self.order] = np.arange(len(self.order), 0, -1)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return np.tile(self.scores_, (len(users), 1))


@dataclass
class Three(RatingPredictor):
    """Predicts three stars, always."""

    clip: bool = False

    def _fit(self, data: Interactions) -> None: ...

    def _predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return np.full(len(users), 3.0)


def split_of(train: list, test: list, n_users: int = 4, n_items: int = 6) -> Split:
    """(user, item) or (user, item, stars) rows -> a split."""

    def log(rows: list) -> Interactions:
        users, items, *stars = np.array(rows, dtype=float).T if rows else np.empty((2, 0))
        return Interactions(users.astype(int), items.astype(int), n_users, n_items, *stars)

    return Split(log(train), log(test))


def test_metrics_by_hand():
    # everyone's order is 0 1 2 3 4 5; user 0 has seen 0, user 1 has seen 1, user 3 is without test events
    split = split_of([(0, 0), (1, 1), (3, 0)], [(0, 2), (0, 5), (1, 4)])
    got = evaluate(Fixed([0, 1, 2, 3, 4, 5]), split, n=3)
    # lists of 3: user 0 gets 1 2 3 (hit at rank 2), user 1 gets 0 2 3 (no hit in 3)
    log = np.log2
    assert got["ndcg@3"] == pytest.approx((1 / log(3)) / (1 + 1 / log(3)) / 2)
    assert got["precision@3"] == pytest.approx((1 / 3 + 0) / 2)
    assert got["map@3"] == pytest.approx((1 / 2 / 2 + 0) / 2)
    assert got["mrr@3"] == pytest.approx((1 / 2 + 0) / 2)
    assert got["hit_rate@3"] == pytest.approx(1 / 2)
    assert got["recall@20"] == pytest.approx(1.0)  # everything unseen is listed
    assert got["coverage@3"] == pytest.approx(4 / 6)  # 0 1 2 3
    padded = evaluate(Fixed([0, 1, 2, 3, 4, 5]), split, metrics=["coverage@20"])
    assert padded["coverage@20"] == 1.0  # padding is no item
    assert (got["n_users"], got["n_cold"]) == (2, 0)
    assert got["fit_s"] >= 0 and got["recommend_s"] >= 0


def test_what_was_seen_in_training_is_not_relevant():
    split = split_of([(0, 0), (1, 1)], [(0, 0), (0, 2), (1, 1)])
    got = evaluate(Fixed([0, 2, 1]), split, n=1)
    assert got["n_users"] == 1  # user 1's only test pair is old
    assert got["recall@20"] == got["hit_rate@1"] == 1.0


def test_stored_zeros_are_events():
    split = split_of([(0, 0, 3.0)], [(0, 2, 0.0)])
    assert evaluate(Fixed([2]), split, n=1)["hit_rate@1"] == 1.0


def test_only_old_pairs_is_an_error():
    with pytest.raises(ValueError, match=r"split\.test: every pair is in split\.train too"):
        evaluate(Popularity(), split_of([(0, 0), (1, 1)], [(0, 0)]))


def test_empty_test_side_is_named():
    split = split_of([(0, 0)], [])
    with pytest.raises(ValueError, match=r"split\.test: no events; expected"):
        evaluate(Popularity(), split)
    with pytest.raises(ValueError, match=r"split\.test: no events for these users"):
        evaluate(Popularity(), split_of([(0, 0)], [(1, 1)]), users=[0])


def test_cold_users_are_counted_and_served_by_popularity():
    split = split_of([(0, 5), (1, 5), (1, 4)], [(2, 5), (0, 4)])
    got = evaluate(Fixed([0, 1, 2, 3]), split, n=1)  # the model itself never lists 5 first
    assert (got["n_users"], got["n_cold"]) == (2, 1)
    assert got["hit_rate@1"] == 0.5
    assert evaluate(Fixed([0, 1, 2, 3]), split, n=1, cold="model")["hit_rate@1"] == 0.0


def test_users_can_be_chosen():
    split = split_of([(0, 0), (1, 1)], [(0, 2), (1, 3)])
    assert evaluate(Fixed([2]), split, n=1, users=[0])["hit_rate@1"] == 1.0
    assert evaluate(Fixed([2]), split, n=1, users=[1])["hit_rate@1"] == 0.0


def test_rating_metrics_by_hand():
    split = split_of([(0, 0, 5), (1, 1, 1)], [(0, 1, 5), (1, 0, 2), (2, 2, 3)])
    got = evaluate(Three(), split)
    assert got["rmse"] == pytest.approx(np.sqrt((4 + 1 + 0) / 3))
    assert got["mae"] == pytest.approx((2 + 1 + 0) / 3)
    assert got["n_events"] == 3
    assert "n_users" not in got


def test_a_model_is_judged_by_what_it_can_do(stars):
    split = split_random(stars)
    both = evaluate(DampedMeans(), split)
    assert {"rmse", "mae", "ndcg@10", "recall@20"} <= set(both)
    likes = Split(split.train.binary(), split.test.binary())
    assert "rmse" not in evaluate(DampedMeans(), likes)  # one value says nothing about stars
    assert set(evaluate(DampedMeans(), split, metrics=RATING)) == {
        "rmse",
        "mae",
        "n_events",
        "fit_s",
        "recommend_s",
    }


@pytest.mark.parametrize(
    "model, metric, said",
    [
        (Popularity(), "rmse", "Popularity cannot be judged by 'rmse'"),
        (Three(), "ndcg", "Three cannot be judged by 'ndcg'"),
        (Popularity(), "ndgc", "metrics: 'ndgc'; expected one of ndcg"),
        (Popularity(), "ndcg@x", "metrics: 'ndcg@x'"),
        (Three(), "rmse@3", "metrics: 'rmse@3'"),
        (Popularity(), "ndcg@0", "metrics: 'ndcg@0'; expected a list length"),
    ],
)
def test_impossible_metrics_are_refused_before_training(stars, model, metric, said):
    with pytest.raises(ValueError, match=said):
        evaluate(model, split_random(stars), metrics=[metric])
    assert not hasattr(model, "seen_")


def test_the_planted_tribes_are_found_out():
    log, tribe = two_tribes(n_users=20, n_items=12, held=2)
    split = leave_last_out(log)
    truth = Fixed([0])
    truth._score = lambda users: (np.arange(12) // 6 == tribe[users][:, None]).astype(float)
    assert evaluate(truth, split, n=3)["hit_rate@3"] == 1.0  # own half less three kept events: three are left
    assert evaluate(Popularity(), split, n=3)["hit_rate@3"] < 1.0


def test_matches_a_slow_loop(stars):
    split = split_by_time(stars, 0.4)
    got = evaluate(Popularity(), split, n=4)
    seen, hits, users = split.train.to_csr().toarray() > 0, [], []
    counts = seen.sum(axis=0)
    for u in range(stars.n_users):
        wanted = {i for i in split.test.items[split.test.users == u] if not seen[u, i]}
        if not wanted:
            continue
        ranked = sorted((i for i in range(stars.n_items) if not seen[u, i]), key=lambda i: (-counts[i], i))[
            :4
        ]
        hits.append(len(wanted & set(ranked)) / 4)
        users.append(u)
    assert got["n_users"] == len(users)
    assert got["precision@4"] == pytest.approx(np.mean(hits))


def test_compare_keeps_the_order_and_fills_a_row_each(stars, capsys):
    table = compare({"b": DampedMeans(), "a": Popularity()}, split_random(stars), n=5)
    assert table.index.tolist() == ["b", "a"]
    assert np.isnan(table.loc["a", "rmse"]) and table.loc["b", "rmse"] > 0
    assert table.loc["a", "ndcg@5"] == evaluate(Popularity(), split_random(stars), n=5)["ndcg@5"]
    assert "models" in capsys.readouterr().err
    assert set(RANKING) >= {"ndcg", "recall@20", "coverage"}


def test_users_in_blocks_are_the_users_at_once(stars, monkeypatch):
    split = split_random(stars, 0.4)
    whole = evaluate(DampedMeans(), split, n=3)
    monkeypatch.setattr(measuring, "LIST_CELLS", 100)  # five users at a time, for lists of 20
    blocks = evaluate(DampedMeans(), split, n=3)
    for label in whole:
        if not label.endswith("_s"):
            assert blocks[label] == pytest.approx(whole[label])
