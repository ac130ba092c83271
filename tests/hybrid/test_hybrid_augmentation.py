"""Feature augmentation: nothing added is the inner model; weak events by hand; sparse users gain."""

import dataclasses
from itertools import product

import numpy as np
import pytest
from hybrid_doubles import Fixed
from test_contract import rated, tribes

from recsys_course import metrics
from recsys_course.baselines import Popularity, RecentPopularity
from recsys_course.factorization import ImplicitALS
from recsys_course.hybrid import FeatureAugmentation, MetaLevel, explain
from recsys_course.hybrid.augmentation import augmented
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE
from recsys_course.neighbors import ItemKNN, UserKNN

INNER = {
    "ItemKNN": ItemKNN,
    "with values": lambda: ItemKNN(use_values=True),
    "UserKNN": UserKNN,
    "ImplicitALS": lambda: ImplicitALS(n_factors=4),
    "EASE": lambda: EASE(reg=5),
    "RecentPopularity": RecentPopularity,
}


@pytest.mark.parametrize("off", [{"n": 0}, {"weight": 0}, {"weight": 0.0, "n": 3}])
@pytest.mark.parametrize("name", INNER)
def test_without_weak_events_it_is_the_inner_model(name, off):
    for log in (tribes(), rated()):
        hybrid = FeatureAugmentation(INNER[name](), Popularity(), **off).fit(log)
        users = np.arange(log.n_users)
        np.testing.assert_array_equal(hybrid.score(users), INNER[name]().fit(log).score(users))
        assert hybrid.n_added_ == 0


def test_weak_events_by_hand():
    """Two users, stars 4 and 2 (mean 3); the augmenter lists items 2, 1, 0 in this order."""
    log = Interactions([0, 1], [2, 0], 3, 3, [4.0, 2.0], [100, 300])
    hybrid = FeatureAugmentation(
        ItemKNN(use_values=True), Fixed(np.tile([1.0, 2, 3], (3, 1))), n=1, weight=0.5
    )
    got = hybrid.fit(log).log_.to_frame()
    assert got.to_numpy().tolist() == [
        [0, 2, 4, 100],
        [1, 0, 2, 300],
        [0, 1, 1.5, 100],  # the best that is new to user 0, half the mean value, at the user's last event
        [1, 2, 1.5, 300],
        [2, 2, 1.5, 300],  # a user without events: the end of the log
    ]
    assert hybrid.n_added_ == 3
    assert len(hybrid.seen_.data) == 2  # a suggestion is not an event: it can be recommended
    assert 1 in hybrid.recommend([0], n=2)[0]


def test_padding_adds_nothing():
    log = Interactions([0, 0, 1], [0, 1, 0], 2, 2)
    assert len(augmented(log, np.array([[-1, -1], [1, -1]]), 0.5)) == 4
    got = augmented(Interactions([0, 1], [1, 1], 2, 2), np.array([[0, -1], [-1, -1]]), 0.5)
    assert got.items.tolist() == [1, 1, 0]  # item 0 is an item


@pytest.mark.parametrize("name, weight", product(["ItemKNN", "UserKNN", "ImplicitALS"], [0.25, 1.0]))
def test_a_model_that_counts_events_counts_a_weak_one_by_its_weight(name, weight):
    """As if the same model read values on a log where each real pair is worth 1."""
    log = rated()
    hybrid = FeatureAugmentation(INNER[name](), Popularity(), n=2, weight=weight).fit(log)
    lists = Popularity().fit(log).recommend(np.arange(10), n=2)
    by_hand = augmented(dataclasses.replace(log, values=np.ones(40)), lists, weight)
    same = dataclasses.replace(INNER[name](), use_values=True).fit(by_hand)
    np.testing.assert_array_equal(hybrid.score(range(10)), same.score(range(10)))
    plain = INNER[name]().fit(log).score(range(10))
    assert not np.allclose(hybrid.score(range(10)), plain)
    assert hybrid.members_[0].use_values
    assert not hybrid.model.use_values  # the setting given stays


def test_a_repeated_pair_counts_once_as_it_did():
    log = Interactions([0, 0, 0, 1, 1, 2], [1, 1, 2, 1, 2, 3], 4, 5)
    once = Interactions([0, 0, 1, 1, 2], [1, 2, 1, 2, 3], 4, 5)
    one, two = (FeatureAugmentation(ItemKNN(), Popularity(), n=1).fit(x).score(range(4)) for x in (log, once))
    np.testing.assert_array_equal(one, two)


def test_without_refit_the_augmenter_is_taken_as_it_is():
    log = rated()
    augmenter = Popularity().fit(log)
    hybrid = FeatureAugmentation(ItemKNN(), augmenter, n=2, refit=False).fit(log)
    assert hybrid.member("augmenter") is augmenter
    np.testing.assert_array_equal(
        hybrid.score([0, 9]), FeatureAugmentation(ItemKNN(), Popularity(), n=2).fit(log).score([0, 9])
    )


def sparse_world(seed, n_users=300, n_items=300, n_topics=10):
    """Users like one topic; two thirds of them have one event in training. With what they take later.

    As many items as users, so that few users share one; with 60 items the histories alone say
    nearly as much, and there is hardly anything to gain.
    """
    rng = np.random.default_rng(seed)
    topic = rng.integers(n_topics, size=n_items)
    liking = rng.integers(n_topics, size=n_users)
    train, later = [], []
    for u in range(n_users):
        p = np.where(topic == liking[u], 8.0, 0.2)
        items = rng.choice(n_items, size=12, replace=False, p=p / p.sum())
        n = 1 if u % 3 else 8
        train += [(u, i) for i in items[:n]]
        later += [(u, i) for i in items[n : n + 4]]
    F = np.eye(n_topics)[topic] + 0.05 * rng.random((n_items, n_topics))
    make = [Interactions(*np.array(x).T, n_users, n_items) for x in (train, later)]
    return *make, F


def test_suggestions_by_content_help_users_with_one_event():
    """Content-boosted item-knn against item-knn, six worlds; nDCG@10 of the users with one event."""
    gains = []
    for seed in range(6):
        train, later, F = sparse_world(seed)
        few = np.flatnonzero(np.bincount(train.users) == 1)
        relevant = later.to_csr()[few]
        plain = ItemKNN().fit(train).recommend(few)
        boosted = FeatureAugmentation(ItemKNN(), MetaLevel(F, k=20), n=5).fit(train).recommend(few)
        gains.append(metrics.ndcg(boosted, relevant) - metrics.ndcg(plain, relevant))
    assert np.mean(gains) > 2 * np.std(gains, ddof=1) / np.sqrt(6)
    assert min(gains) > 0


def test_the_explanation_is_the_inner_models():
    hybrid = FeatureAugmentation(ItemKNN(), Popularity(), n=2).fit(rated())
    assert explain(hybrid, 0, 3) == [("model", pytest.approx(hybrid.score([0])[0, 3]))]
