"""Members: names, copies, refusals, and hybrids of any model with any other."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hybrid_doubles import Fixed, fixed, nothing_met
from test_contract import MODELS, assert_sound, rated, tribes

from recsys_course.base import NotFitted, Recommender
from recsys_course.baselines import Popularity, Random
from recsys_course.hybrid import (
    AdaptiveHybrid,
    Cascade,
    FeatureAugmentation,
    FeatureCombination,
    MetaLevel,
    Mixed,
    Stacking,
    Switching,
    Weighted,
    explain,
)
from recsys_course.interactions import Interactions
from recsys_course.neighbors import ItemKNN, ItemKNNRating

PAIRS = {
    "weighted": lambda a, b: Weighted([a, b]),
    "switching": lambda a, b: Switching([a, b]),
    "mixed": lambda a, b: Mixed([a, b], depth=5),
    "cascade": lambda a, b: Cascade(a, b, depth=5),
    "combination": lambda a, b: FeatureCombination([a, b]),
    "augmentation": lambda a, b: FeatureAugmentation(a, b, n=2),
    "stacking": lambda a, b: Stacking([a, b], n_folds=2),
    "adaptive": lambda a, b: AdaptiveHybrid([a, b]),
}
QUICK = {"BPR": {"n_epochs": 2}, "FM": {"n_epochs": 2}, "ImplicitALS": {"n_epochs": 2, "n_factors": 4}}
QUICK |= {name: {"n_epochs": 1} for name in ("MLPRecommender", "TwoTowers", "TowersOfHistories", "SASRec")}
RANKERS = [name for name, make in MODELS.items() if isinstance(make(), Recommender)]


@pytest.mark.parametrize("hybrid", PAIRS)
@pytest.mark.parametrize("name", RANKERS)
def test_any_ranker_is_a_member_of_any_hybrid(hybrid, name):
    model = MODELS[name](**QUICK.get(name, {}))
    assert_sound(PAIRS[hybrid](model, Popularity()).fit(tribes()))
    assert_sound(PAIRS[hybrid](Random(), model).fit(rated()))


@pytest.mark.parametrize("outer, inner", itertools.product(PAIRS, PAIRS))
def test_any_hybrid_is_a_member_of_any_hybrid_and_can_be_explained(outer, inner):
    model = PAIRS[outer](PAIRS[inner](ItemKNN(), Popularity()), ItemKNN(k=2)).fit(rated())
    assert_sound(model)
    for user, item in [(0, 0), (3, 5), (9, 7)]:
        parts = explain(model, user, item)
        assert sum(part for _, part in parts) == pytest.approx(model.score([user])[0, item], abs=1e-9)


def test_names_are_the_keys_or_the_classes_and_repeats_are_numbered():
    log = rated()
    assert Weighted({"a": ItemKNN(), "b": Popularity()}).fit(log).names_ == ("a", "b")
    listed = Weighted([ItemKNN(), Popularity(), ItemKNN(k=3), ItemKNN(k=2)]).fit(log)
    assert listed.names_ == ("ItemKNN", "Popularity", "ItemKNN 2", "ItemKNN 3")
    assert listed.member("ItemKNN 2").k == 3
    with pytest.raises(ValueError, match="name: 'EASE'; expected one of 'ItemKNN', 'Popularity'"):
        listed.member("EASE")


def test_copies_of_the_members_are_fitted_so_one_model_serves_two_hybrids():
    shared, log, other = ItemKNN(), tribes(), rated()
    first = Weighted([shared, Popularity()]).fit(log)
    before = first.score([0])
    Mixed([shared, Random()]).fit(other)
    np.testing.assert_array_equal(first.score([0]), before)
    assert not hasattr(shared, "seen_")
    with pytest.raises(NotFitted):
        shared.score([0])


def test_what_is_no_dataclass_can_be_a_member_too():
    class Own(Recommender):
        def __init__(self, best):
            self.best = best

        def _fit(self, data):
            self.fits = getattr(self, "fits", 0) + 1

        def _score(self, users):
            return np.tile(np.arange(self.n_items_) == self.best, (len(users), 1)).astype(float)

    own = Own(3)
    hybrid = Weighted([own, Popularity()], weights=[1, 0]).fit(rated())
    assert hybrid.recommend([8], n=1).tolist() == [[3]]
    assert not hasattr(own, "fits")


# --- fitted members


def test_fitted_members_are_used_as_they_are():
    log = rated()
    a, b = ItemKNN().fit(log), Popularity().fit(log)
    hybrid = Weighted([a, b], refit=False).fit(log)
    assert hybrid.members_ == (a, b)
    assert hybrid.members_[0] is a
    np.testing.assert_array_equal(
        hybrid.score(range(10)), Weighted([ItemKNN(), Popularity()]).fit(log).score(range(10))
    )


@pytest.mark.parametrize("hybrid", PAIRS)
def test_members_that_are_not_fitted_are_refused_where_none_is_to_be_fitted(hybrid):
    model = PAIRS[hybrid](Popularity(), ItemKNN())
    model.refit = False
    with pytest.raises(NotFitted, match=r"models: '\w+' is not fitted; fit it first, or set refit=True"):
        model.fit(rated())
    with pytest.raises(NotFitted):
        model.recommend([0])


def test_members_of_other_users_or_items_are_refused():
    log = rated()  # 10 users, 8 items
    few = Interactions(log.users, np.minimum(log.items, 4), 10, 5)
    a, b = ItemKNN().fit(log), Popularity().fit(few)
    message = "models: 'a' has 10 users and 8 items, 'b' has 10 and 5; expected the same"
    with pytest.raises(ValueError, match=message):
        Weighted({"a": a, "b": b}, refit=False).fit(log)
    with pytest.raises(ValueError, match="models: 'a' has 10 users and 8 items, 'data' has 20 and 12"):
        Weighted({"a": a, "c": Popularity().fit(log)}, refit=False).fit(tribes())


# --- refusals

LISTED = {
    name: make for name, make in PAIRS.items() if name not in ("cascade", "augmentation", "combination")
}


@pytest.mark.parametrize("kind", [Weighted, Switching, Mixed, Stacking, AdaptiveHybrid])
@pytest.mark.parametrize("models", [[], [Popularity()], {"a": Popularity()}])
def test_fewer_than_two_members_are_refused(kind, models):
    with pytest.raises(ValueError, match=f"models: {len(models)} given; expected at least 2"):
        kind(models).fit(rated())


@pytest.mark.parametrize("hybrid", PAIRS)
def test_the_same_object_twice_is_refused(hybrid):
    one = Popularity()
    with pytest.raises(
        ValueError, match=r"models: '\w+' and '[\w ]+' are the same object; expected two models"
    ):
        PAIRS[hybrid](one, one).fit(rated())


@pytest.mark.parametrize("hybrid", PAIRS)
def test_what_does_not_rank_is_refused(hybrid):
    with pytest.raises(
        TypeError, match=r"models: '\w+' is ItemKNNRating; expected a Recommender, which ranks"
    ):
        PAIRS[hybrid](Popularity(), ItemKNNRating()).fit(rated())
    with pytest.raises(TypeError, match=r"models: '\w+' is ItemKNN; expected a Recommender; an object"):
        PAIRS[hybrid](Popularity(), ItemKNN).fit(rated())


@pytest.mark.parametrize("models", ["ab", 3, None, ItemKNN()])
def test_models_are_a_list_or_a_dict(models):
    with pytest.raises(TypeError, match=r"models: \w+; expected a list of models or a dict name -> model"):
        Weighted(models).fit(rated())


def test_names_that_would_be_confused_in_an_explanation_are_refused():
    for name in ("a/b", ""):
        with pytest.raises(ValueError, match=r"models: the name '.*'; expected one without '/'"):
            Weighted({name: ItemKNN(), "b": Popularity()}).fit(rated())
    with pytest.raises(ValueError, match="models: the name 'start'"):
        Stacking({"start": ItemKNN(), "b": Popularity()}).fit(rated())
    with pytest.raises(ValueError, match="models: the name 'item popularity'"):
        FeatureCombination({"item popularity": ItemKNN()}).fit(rated())


def test_a_member_that_scores_another_shape_is_named():
    with pytest.raises(ValueError, match=r"models: 'short' scored \(1, 2\); expected \(1, 3\)"):
        Weighted({"short": fixed([1.0, 2.0]), "b": Popularity()}).fit(nothing_met(1, 3)).score([0])


def test_half_a_fit_is_none():
    @dataclass
    class Fails(Fixed):
        def _fit(self, data):
            raise ArithmeticError("on purpose")

    hybrid = Weighted([Popularity(), Fails(np.zeros((1, 1)))])
    with pytest.raises(ArithmeticError):
        hybrid.fit(rated())
    with pytest.raises(NotFitted):
        hybrid.score([0])


def test_item_features_are_checked():
    for features, message in [
        (None, "item_features: None; expected"),
        (np.ones((7, 2)), "item_features: 7 rows; expected 8"),
        (np.ones(8), "item_features: "),
        (np.ones((8, 0)), "item_features: no columns"),
        (np.full((8, 1), np.nan), "item_features: "),
    ]:
        with pytest.raises(ValueError, match=message):
            MetaLevel(features).fit(rated())
        if features is not None:
            with pytest.raises(ValueError, match=message):
                FeatureCombination([Popularity()], features).fit(rated())
