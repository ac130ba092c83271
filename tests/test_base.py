"""What all models inherit, seen on models small enough to predict by eye."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse

from recsys_course import base
from recsys_course.base import (
    Diverged,
    NotFitted,
    RatingPredictor,
    Recommender,
    UnknownId,
    check_range,
    stop_if_diverged,
)
from recsys_course.interactions import Interactions
from recsys_course.item_to_item import ItemToItem


@dataclass
class Told(Recommender):
    """Says what it is told: row u of ``scores`` for user u."""

    scores: np.ndarray

    def _fit(self, data: Interactions) -> None:
        self.asked_: list[int] = []

    def _score(self, users: np.ndarray) -> np.ndarray:
        self.asked_.append(len(users))
        return self.scores[users]


@dataclass
class Shout(RatingPredictor):
    """Predicts 10 u + i, far outside the stars."""

    def _fit(self, data: Interactions) -> None:
        pass

    def _predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return 10.0 * users + items


@dataclass
class Chain(ItemToItem):
    """Item j speaks for itself with weight 1 and for its successor with weight 2."""

    dense: bool = False

    def _fit(self, data: Interactions) -> None:
        W = np.eye(data.n_items) + 2 * np.eye(data.n_items, k=1)
        self.weights_ = W if self.dense else sparse.csr_array(W)


LOG = Interactions([0, 0, 1], [0, 2, 1], 3, 4, values=[5, 3, 0])  # user 2 has met nothing
SCORES = np.array([[9.0, 1.0, 8.0, 2.0], [1.0, 9.0, 2.0, 2.0], [4.0, 3.0, 2.0, 1.0]])


def test_recommend_masks_what_was_seen_whatever_its_value():
    model = Told(SCORES).fit(LOG)
    assert model.recommend([0, 1, 2], n=3).tolist() == [[3, 1, -1], [2, 3, 0], [0, 1, 2]]
    assert model.recommend([0, 1], n=3, exclude_seen=False).tolist() == [[0, 2, 3], [1, 2, 3]]
    assert model.recommend(2, n=2).tolist() == [[0, 1]]  # one user is a list of one
    assert model.recommend([0], n=6).tolist() == [[3, 1, -1, -1, -1, -1]]
    assert model.recommend([2]).shape == (1, 10)


def test_a_cold_user_gets_the_popular_items_and_leaves_the_others_alone(monkeypatch):
    log = Interactions([0, 0, 1, 1, 3], [0, 3, 3, 1, 0], 4, 4, values=[1, 5, 5, 0, 1])
    model = Told(np.vstack([SCORES, SCORES[:1]])).fit(log)  # met by: 2, 1, 0, 2 users
    lists = model.recommend([2, 1, -1], n=4, cold="popular")
    assert lists.tolist() == [[0, 3, 1, 2], [2, 0, -1, -1], [0, 3, 1, 2]]  # users count, not values
    assert model.recommend([2], n=2, cold="model").tolist() == [[0, 1]]
    # -1 stands in the place of user 0, whose own list must not suffer
    assert model.recommend([-1, 0], n=2, cold="popular")[1].tolist() == [2, 1]
    assert model.recommend([-1], n=4, cold="popular", exclude_seen=False).tolist() == [[0, 3, 1, 2]]
    monkeypatch.setattr(base, "CELLS_PER_BATCH", 4)  # the same in batches of one user
    np.testing.assert_array_equal(model.recommend([2, 1, -1], n=4, cold="popular"), lists)


@pytest.mark.parametrize("threads", ["1", "3"])
def test_batches_keep_to_their_size_and_order(threads, monkeypatch):
    monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
    scores = np.random.default_rng(0).random((50, 4))
    log = Interactions([49], [0], 50, 4)
    users = np.random.default_rng(1).permutation(50)
    whole = Told(scores).fit(log).recommend(users, n=2)
    monkeypatch.setattr(base, "CELLS_PER_BATCH", 28)  # 7 users of 4 scores
    model = Told(scores).fit(log)
    np.testing.assert_array_equal(model.recommend(users, n=2), whole)
    assert sorted(model.asked_) == [1] + [7] * 7
    monkeypatch.setattr(base, "CELLS_PER_BATCH", 1)  # never less than one user
    np.testing.assert_array_equal(model.recommend(users, n=2), whole)


def test_recommend_refuses_by_name():
    model = Told(SCORES).fit(LOG)
    with pytest.raises(ValueError, match="n: 0; expected a list length of at least 1"):
        model.recommend([0], n=0)
    with pytest.raises(ValueError, match="cold: 'warm'; expected 'model' or 'popular'"):
        model.recommend([0], cold="warm")
    with pytest.raises(ValueError, match=r"users: shape \(1, 2\); expected one dimension"):
        model.recommend([[0, 1]])
    with pytest.raises(UnknownId, match=r"users: code 3 was not in the training data, .* 0\.\.2"):
        model.recommend([3], cold="popular")
    with pytest.raises(UnknownId, match="users: code -2 "):
        model.recommend([-2], cold="popular")
    with pytest.raises(TypeError, match=r"users: dtype .*; expected integer codes \(IdMap.encode gives them"):
        model.recommend(["ann"], cold="popular")


def test_a_fit_that_fails_leaves_no_half_fitted_model():
    class Fails(Told):
        def _fit(self, data: Interactions) -> None:
            raise RuntimeError("out of luck")

    model = Fails(SCORES)
    with pytest.raises(RuntimeError, match="out of luck"):
        model.fit(LOG)
    with pytest.raises(NotFitted, match="Fails is not fitted"):
        model.recommend([0])


def test_an_abstract_model_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Recommender()
    with pytest.raises(TypeError, match="abstract"):
        RatingPredictor()


# --- rating predictors


def test_predictions_are_clipped_to_the_stars_of_training():
    model = Shout().fit(Interactions([0, 1], [0, 1], 3, 4, values=[2, 4.5]))
    assert model.predict([0, 0, 2], [1, 3, 0]).tolist() == [2, 3, 4.5]
    model.clip = False
    assert model.predict([0, 0, 2], [1, 3, 0]).tolist() == [1, 3, 20]
    assert model.predict(1, 2).tolist() == [12]


# --- item to item


@pytest.mark.parametrize("dense", [False, True])
def test_a_score_is_the_weighted_sum_over_the_history(dense):
    model = Chain(dense).fit(LOG)
    expected = [[1, 2, 1, 2], [0, 1, 2, 0], [0, 0, 0, 0]]  # by existence: user 1's value of 0 counts
    np.testing.assert_array_equal(model.score([0, 1, 2]), expected)
    model.binary_history = False
    np.testing.assert_array_equal(model.score([0, 1]), [[5, 10, 3, 6], [0, 0, 0, 0]])


@pytest.mark.parametrize("dense", [False, True])
def test_a_history_serves_whom_nobody_knows(dense):
    model = Chain(dense).fit(LOG)
    history = sparse.csr_array(np.array([[0.0, 7.0, 0.0, 1.0]]))
    np.testing.assert_array_equal(model.score_histories(history), [[0, 1, 2, 1]])
    with pytest.raises(ValueError, match="histories: 3 columns; expected 4 items"):
        model.score_histories(sparse.csr_array((1, 3)))
    with pytest.raises(NotFitted, match="Chain is not fitted"):
        Chain(dense).score_histories(history)


@pytest.mark.parametrize("dense", [False, True])
def test_reasons_add_up_to_the_score(dense):
    log = Interactions([0, 0, 0], [1, 2, 0], 1, 4, values=[5, 3, 2])
    model = Chain(dense).fit(log)
    assert model.reasons(0, 2) == [(1, 2.0), (2, 1.0)]  # item 0 says nothing of item 2
    assert model.reasons(0, 2, n=1) == [(1, 2.0)]
    model.binary_history = False
    assert model.reasons(0, 2) == [(1, 10.0), (2, 3.0)]
    assert sum(part for _, part in model.reasons(0, 2)) == model.score([0])[0, 2]
    with pytest.raises(UnknownId, match="user: code 1 "):
        model.reasons(1, 0)
    with pytest.raises(UnknownId, match="item: code 4 "):
        model.reasons(0, 4)


# --- small guards


def test_check_range():
    check_range("k", 1, 1, "neighbours,")
    check_range("reg", 0.1, 0, "a penalty of", strict=True)
    with pytest.raises(ValueError, match="k: 0; expected neighbours, at least 1"):
        check_range("k", 0, 1, "neighbours,")
    with pytest.raises(ValueError, match="reg: 0; expected a penalty of more than 0"):
        check_range("reg", 0, 0, "a penalty of", strict=True)
    with pytest.raises(ValueError, match="reg: nan; expected a penalty of at least 0"):
        check_range("reg", float("nan"), 0, "a penalty of")


def test_divergence_says_what_to_lower():
    model = Told(SCORES)
    stop_if_diverged(model, 0, np.ones(3), np.zeros((2, 2)))
    model.learning_rate = 0.02
    message = r"Told diverged in epoch 3: .* Lower learning_rate \(now 0.02\), for example to 0.005, or raise"
    for bad in (np.nan, np.inf):
        with pytest.raises(Diverged, match=message):
            stop_if_diverged(model, 2, np.ones(3), np.array([1.0, bad]))
