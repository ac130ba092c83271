"""The contract of all models, for hybrids: the checks of tests/test_contract.py with members inside."""

import dataclasses
import pickle
from functools import cache

import numpy as np
import pytest
from test_contract import (
    ODD,
    answers,
    assert_lists_are_sorted_scores,
    assert_same_alone_and_in_company,
    assert_sound,
    rated,
    timed,
    tribes,
)

from recsys_course import base
from recsys_course.base import NotFitted
from recsys_course.baselines import Popularity, RecentPopularity
from recsys_course.data.planted import two_tribes
from recsys_course.factorization import ImplicitALS
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
    by_confidence,
)
from recsys_course.ids import UnknownId
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE
from recsys_course.neighbors import ItemKNN, UserKNN


def features(n_items):
    """(I, 3): which half of the catalogue, and two columns of chance."""
    half = (np.arange(n_items) >= n_items / 2).astype(float)
    return np.column_stack([half, 1 - half, np.random.default_rng(1).random(n_items) / 10])


def two():
    return {"knn": ItemKNN(), "popular": Popularity()}


def deep(n_items):
    inner = Weighted([UserKNN(k=5), Stacking([EASE(reg=5), RecentPopularity()], seed=2)])
    return Mixed({"inner": inner, "meta": Cascade(MetaLevel(features(n_items)), ItemKNN(k=5), depth=4)})


HYBRIDS = {
    "weighted": lambda n: Weighted(two(), weights=[0.7, 0.3]),
    "weighted minmax": lambda n: Weighted([ItemKNN(), UserKNN(), Popularity()], normalize="minmax"),
    "weighted rank": lambda n: Weighted(two(), normalize="rank"),
    "weighted raw": lambda n: Weighted(two(), normalize="none"),
    "switching": lambda n: Switching({"popular": Popularity(), "knn": ItemKNN(k=5)}, threshold=3),
    "by confidence": lambda n: Switching(two(), choose=by_confidence(0.5, n=2)),
    "mixed": lambda n: Mixed(two()),
    "cascade": lambda n: Cascade(ItemKNN(k=5), Popularity(), depth=2),
    "combination": lambda n: FeatureCombination(two(), features(n)),
    "combination of content": lambda n: FeatureCombination(item_features=features(n)),
    "augmentation": lambda n: FeatureAugmentation(ItemKNN(k=5), MetaLevel(features(n)), n=2),
    "augmentation of factors": lambda n: FeatureAugmentation(ImplicitALS(n_factors=4), UserKNN(), n=1),
    "meta-level": lambda n: MetaLevel(features(n), k=5),
    "stacking": lambda n: Stacking({"knn": ItemKNN(k=5), "user": UserKNN(k=5)}),
    "stacking, few candidates": lambda n: Stacking(two(), depth=2),
    "stacking of trees": lambda n: Stacking([ItemKNN(k=5), EASE(reg=5)], "forest", n_folds=2, depth=None),
    "adaptive": lambda n: AdaptiveHybrid(two()),
    "three deep": deep,
}
LEARN_NO_TASTE = {"adaptive"}  # nobody has answered yet
# Without those that go by places: rounding parts what is tied.
EXACT = ["weighted", "weighted minmax", "weighted raw", "switching", "by confidence", "meta-level"]
each = pytest.mark.parametrize("name", HYBRIDS)


def make(name, log):
    return HYBRIDS[name](log.n_items)


@cache
def fitted(name):
    return make(name, tribes()).fit(tribes())


@each
def test_fit_returns_the_hybrid_and_leaves_log_settings_and_members(name):
    log, before = rated(), pickle.dumps(rated())
    model = make(name, log)
    settings = pickle.dumps(dataclasses.asdict(model))
    assert model.fit(log) is model
    assert pickle.dumps(log) == before
    assert pickle.dumps(dataclasses.asdict(model)) == settings
    given = getattr(model, "models", None) or []
    for member in given.values() if isinstance(given, dict) else given:
        assert not hasattr(member, "seen_")  # copies were fitted


@each
def test_before_fit_there_is_a_clear_refusal(name):
    for ask in (make(name, tribes()).score, make(name, tribes()).recommend):
        with pytest.raises(NotFitted, match="is not fitted; call fit"):
            ask([0])


@each
def test_two_fits_with_one_seed_are_the_same(name):
    np.testing.assert_array_equal(answers(make(name, tribes()).fit(tribes())), answers(fitted(name)))


@each
def test_a_second_fit_forgets_the_first(name):
    first = dataclasses.replace(make(name, rated()))
    small = timed(Interactions([0, 0, 1, 2], [1, 3, 1, 0], 4, 8))
    again = first.fit(small).fit(rated())
    np.testing.assert_array_equal(answers(again), answers(make(name, rated()).fit(rated())))


@each
def test_a_pickled_hybrid_answers_the_same(name):
    copy = pickle.loads(pickle.dumps(fitted(name)))
    np.testing.assert_array_equal(answers(copy), answers(fitted(name)))


@pytest.mark.parametrize("name", [n for n in HYBRIDS if n not in LEARN_NO_TASTE])
def test_learns_the_two_tribes(name):
    data, tribe = two_tribes()
    first = make(name, data).fit(timed(data)).recommend(np.arange(20), n=1)[:, 0]
    assert (first // 6).tolist() == tribe.tolist()


@each
def test_answers_and_lists_are_sound(name):
    assert_sound(fitted(name))


@each
def test_a_user_scores_the_same_alone_and_in_company(name):
    assert_same_alone_and_in_company(fitted(name))


@each
def test_lists_are_the_sorted_scores_with_ties_by_the_smaller_code(name):
    assert_lists_are_sorted_scores(fitted(name))


@each
def test_the_size_of_a_batch_does_not_show(name, monkeypatch):
    whole = make(name, tribes()).fit(tribes()).recommend(np.arange(20), n=3)
    monkeypatch.setattr(base, "CELLS_PER_BATCH", 3 * 12)  # three users at a time, in fit as well
    parts = make(name, tribes()).fit(tribes()).recommend(np.arange(20), n=3)
    scores = fitted(name).score(np.arange(20))
    np.testing.assert_allclose(
        np.take_along_axis(scores, parts, 1), np.take_along_axis(scores, whole, 1), rtol=1e-5, atol=1e-6
    )


@each
def test_who_has_seen_everything_gets_only_padding(name):
    data = timed(Interactions([0, 0, 0, 1], [0, 1, 2, 0], 2, 3))
    lists = make(name, data).fit(data).recommend([0, 1], n=2)
    assert lists[0].tolist() == [-1, -1]
    assert sorted(lists[1]) == [1, 2]


@each
def test_users_without_history_can_be_served_by_popularity(name):
    data = rated()
    model = make(name, data).fit(data)
    popular = Popularity().fit(data).recommend([8], n=8)[0]
    lists = model.recommend([0, 8, -1], n=8, cold="popular")
    assert lists[1].tolist() == lists[2].tolist() == popular.tolist()


@each
def test_nobody_asked_is_nobody_served(name):
    assert fitted(name).score([]).shape == (0, 12)
    assert fitted(name).recommend([], n=4).shape == (0, 4)


@each
@pytest.mark.parametrize("log", map(timed, ODD.values()), ids=ODD)
def test_odd_logs_survive(name, log):
    assert_sound(make(name, log).fit(log))


@pytest.mark.parametrize("name", EXACT)
def test_neither_the_order_of_rows_nor_the_labels_matter(name):
    data, rng = rated(), np.random.default_rng(5)
    row, user, item = rng.permutation(40), rng.permutation(10), rng.permutation(8)
    other = Interactions(
        user[data.users[row]], item[data.items[row]], 10, 8, data.values[row], data.times[row]
    )
    model, moved = make(name, data), make(name, data)
    if name == "meta-level":
        moved.item_features = np.empty((8, 3))
        moved.item_features[item] = features(8)
    got = answers(moved.fit(other))
    np.testing.assert_allclose(got[np.ix_(user, item)], answers(model.fit(data)), rtol=1e-5, atol=1e-6)


@each
def test_what_is_no_log_is_refused(name):
    with pytest.raises(ValueError, match="data: no events; expected at least one"):
        make(name, tribes()).fit(Interactions([], [], 3, 12))
    with pytest.raises(TypeError, match=r"data: ndarray; expected Interactions"):
        make(name, tribes()).fit(np.eye(3))


@each
def test_codes_outside_the_training_data_are_refused(name):
    for call in (fitted(name).score, fitted(name).recommend):
        for code in (20, -1):
            with pytest.raises(UnknownId, match=rf"users: code {code} was not in the training data"):
                call([code])
        with pytest.raises(TypeError, match="users: dtype float64; expected integer codes"):
            call([1.5])


WRONG = {
    "k of mixed": (lambda: Mixed(two(), k=-1), "k: -1; expected"),
    "depth of mixed": (lambda: Mixed(two(), depth=0), "depth: 0; expected"),
    "depth of a cascade": (lambda: Cascade(ItemKNN(), Popularity(), depth=0), "depth: 0; expected"),
    "weak events": (lambda: FeatureAugmentation(ItemKNN(), Popularity(), n=-1), "n: -1; expected"),
    "weight": (lambda: FeatureAugmentation(ItemKNN(), Popularity(), weight=1.5), "weight: 1.5; expected"),
    "weight nan": (lambda: FeatureAugmentation(ItemKNN(), Popularity(), weight=np.nan), "weight: nan; exp"),
    "k of meta-level": (lambda: MetaLevel(features(12), k=0), "k: 0; expected"),
    "folds": (lambda: Stacking(two(), n_folds=1), "n_folds: 1; expected"),
    "negatives": (lambda: Stacking(two(), n_negatives=0), "n_negatives: 0; expected"),
    "depth of stacking": (lambda: Stacking(two(), depth=0), "depth: 0; expected"),
    "seed of stacking": (lambda: Stacking(two(), seed=-1), "seed: -1; expected"),
    "estimator": (lambda: Stacking(two(), "magic"), "estimator: 'magic'; expected one of logistic"),
    "columns": (lambda: FeatureCombination(two(), n_factors=0), "n_factors: 0; expected"),
    "folds of features": (lambda: FeatureCombination(two(), n_folds=1), "n_folds: 1; expected"),
    "no source": (lambda: FeatureCombination(), "models: None, and item_features: None"),
    "alpha": (lambda: AdaptiveHybrid(two(), alpha=-1.0), "alpha: -1.0; expected"),
    "reg": (lambda: AdaptiveHybrid(two(), reg=0), "reg: 0; expected"),
    "scale": (lambda: Weighted(two(), normalize="softmax"), "normalize: 'softmax'; expected one of minmax"),
    "falling thresholds": (
        lambda: Switching(two(), threshold=[3, 2]),
        r"threshold: \[3, 2\]; expected rising",
    ),
    "thresholds": (lambda: Switching(two(), threshold=[2, 3]), "threshold: 2 given; expected 1 for 2 models"),
}


@pytest.mark.parametrize("build, message", WRONG.values(), ids=WRONG)
def test_a_setting_outside_its_range_is_named(build, message):
    model = build()
    with pytest.raises(ValueError, match=f"^{message}"):
        model.fit(tribes())
    with pytest.raises(NotFitted):
        model.recommend([0])
