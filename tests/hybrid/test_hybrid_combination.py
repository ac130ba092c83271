"""Feature combination: features against loops, no leak, what it finds, learners."""

import numpy as np
import pytest
from logs import random_log
from scipy import sparse
from test_contract import rated

from recsys_course import metrics
from recsys_course.baselines import Popularity, Random
from recsys_course.hybrid import FeatureCombination, Weighted, explain, normalize_scores
from recsys_course.hybrid.combination import reduced
from recsys_course.hybrid.folds import examples
from recsys_course.interactions import Interactions
from recsys_course.neighbors import ItemKNN


def test_features_equal_the_definitions_written_as_loops():
    log, rng = random_log(stars=False), np.random.default_rng(0)
    F, G = rng.normal(size=(9, 3)), rng.normal(size=(17, 2))
    model = FeatureCombination({"knn": ItemKNN()}, F, G).fit(log)
    X, able = model._features(np.arange(17))
    assert able.all()
    met = log.to_csr().toarray() > 0
    unit = F / np.linalg.norm(F, axis=1, keepdims=True)
    for u in range(17):
        mean = F[met[u]].mean(axis=0) if met[u].any() else np.zeros(3)
        profile = unit[met[u]].mean(axis=0) if met[u].any() else np.zeros(3)
        z = normalize_scores(ItemKNN().fit(log).score([u]), "zscore", over=~met[u])[0]
        for i in range(9):
            length = np.linalg.norm(profile)
            cosine = profile @ unit[i] / length if length else 0.0
            popular, active = np.log1p(met[:, i].sum()), np.log1p(met[u].sum())
            expected = [popular, active, cosine, *F[i], *(mean * F[i]), *G[u], z[i]]
            np.testing.assert_allclose(X[u, i], expected, atol=1e-6)
    assert model.feature_names_ == (
        *("popularity", "activity", "cosine", "item 0", "item 1", "item 2"),
        *("profile x item 0", "profile x item 1", "profile x item 2", "user 0", "user 1", "knn"),
    )


def test_a_pair_that_is_learned_from_is_in_none_of_its_features():
    """Popularity, profile and model of a held pair come from a log without it: one fold a pair."""
    log, F = random_log(6, 5, stars=False), np.eye(5)  # one-hot features: the profile shows the history
    model = FeatureCombination([Popularity()], F).fit(log)
    X, y = examples(lambda train: model._on(train)._features, log, len(log), 1, 0)  # one fold a pair
    own = [model.feature_names_.index(f"profile x item {i}") for i in range(5)]
    item = X[:, [model.feature_names_.index(f"item {i}") for i in range(5)]].argmax(axis=1)
    assert y.sum() == len(log)
    assert not X[y == 1][:, own].any()  # the item itself is not in the profile
    counts = np.bincount(log.items, minlength=5)
    np.testing.assert_allclose(X[y == 1, 0], np.log1p(counts[item[y == 1]] - 1))
    np.testing.assert_allclose(X[y == 0, 0], np.log1p(counts[item[y == 0]]))
    # the activity too is one pair short, of negatives as of positives; ln(1 + n) differs by user
    length = np.bincount(log.users, minlength=6)
    np.testing.assert_allclose(np.sort(X[y == 1, 1]), np.sort(np.log1p(length[log.users] - 1)))
    cosine = X[y == 1, model.feature_names_.index("cosine")]
    np.testing.assert_allclose(cosine, 0)  # of one-hot items, with a profile that lacks the item


def topical(seed, n_users=150, n_items=60, n_topics=4):
    """Events by topic; the last 12 items are new: nobody met them in training, all their fans do later."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(n_topics, size=n_items)
    old, new = np.arange(n_items - 12), np.arange(n_items - 12, n_items)
    train, later = [], []
    for u in range(n_users):
        p = np.where(topic[old] == u % n_topics, 10.0, 0.4)
        train += [(u, i) for i in rng.choice(old, size=7, replace=False, p=p / p.sum())]
        later += [(u, i) for i in new if topic[i] == u % n_topics]
    make = [Interactions(*np.array(x).T, n_users, n_items) for x in (train, later)]
    return *make, np.eye(n_topics)[topic]


def test_it_judges_items_without_an_event_by_their_content():
    new = np.arange(48, 60)
    for seed in range(4):
        train, later, F = topical(seed)
        model = FeatureCombination([ItemKNN(), Random()], F, seed=seed).fit(train)
        order = np.argsort(-model.score(range(150))[:, new], axis=1)
        share = metrics.average_precision(new[order], later.to_csr(), k=12)
        blind = np.argsort(-ItemKNN().fit(train).score(range(150))[:, new], axis=1, kind="stable")
        assert share > 0.95
        assert metrics.average_precision(new[blind], later.to_csr(), k=12) < 0.6


@pytest.mark.parametrize("name", ["logistic", "forest", "boosting", "lightgbm"])
def test_takes_any_learner(name):
    estimator = name
    if name == "lightgbm":
        lightgbm = pytest.importorskip("lightgbm")
        estimator = lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1)
    elif name == "forest":
        from sklearn.ensemble import RandomForestClassifier

        estimator = RandomForestClassifier(n_estimators=20, max_depth=5, random_state=0)
    train, _, F = topical(1)
    held = np.arange(len(train)) % 7 == 6
    model = FeatureCombination([ItemKNN()], F, estimator=estimator).fit(train.take(~held))
    relevant = train.take(held).to_csr()
    chance = metrics.ndcg(Random(1).fit(train.take(~held)).recommend(range(150)), relevant)
    assert metrics.ndcg(model.recommend(range(150)), relevant) > 2 * chance
    again = FeatureCombination([ItemKNN()], F, estimator=estimator).fit(train.take(~held))
    np.testing.assert_array_equal(model.score(range(150)), again.score(range(150)))


def test_models_alone_or_content_alone_will_do():
    log = rated()
    assert FeatureCombination({"a": ItemKNN()}).fit(log).feature_names_ == ("popularity", "activity", "a")
    assert FeatureCombination(item_features=np.eye(8)[:, :2]).fit(log).names_ == ()


def test_user_features_are_used():
    """Those of user group 1 like the last items, and nothing but the group tells."""
    rng = np.random.default_rng(0)
    group = rng.integers(2, size=80)
    half = np.arange(20) >= 10
    users = np.repeat(np.arange(80), 2)
    items = np.concatenate([rng.permutation(10)[:2] + 10 * g for g in group])
    log = Interactions(np.r_[users, 80, 81], np.r_[items, 0, 19], 84, 20)  # users 82 and 83 have no events
    group = np.r_[group, 0, 1, 0, 1]
    people = np.column_stack([group, 1 - group]).astype(float)
    model = FeatureCombination(item_features=half[:, None] * 1.0, user_features=people, estimator="boosting")
    lists = model.fit(log).recommend([82, 83], n=5)
    assert (lists[0] < 10).all()
    assert (lists[1] >= 10).all()


def test_wide_features_are_reduced_and_narrow_ones_are_not():
    F = np.random.default_rng(0).normal(size=(30, 3))
    np.testing.assert_array_equal(reduced(F, 3, 0), F)
    np.testing.assert_array_equal(reduced(sparse.csr_array(F), 5, 0), F)
    wide = F @ np.random.default_rng(1).normal(size=(3, 50))  # rank 3: three columns keep all inner products
    got = reduced(sparse.csr_array(wide), 3, 0)
    np.testing.assert_allclose(got @ got.T, wide @ wide.T, atol=1e-8)
    dense, loose = (
        FeatureCombination([Popularity()], X, n_factors=4).fit(rated()).score([0, 1])
        for X in (np.eye(8), sparse.csr_array(np.eye(8)))
    )
    np.testing.assert_allclose(dense, loose)


def test_wrong_user_features_are_refused():
    for G in (np.ones((9, 2)), np.ones(10), np.full((10, 1), np.inf)):
        with pytest.raises(ValueError, match=r"user_features: shape .*; expected \(10, G\) numbers"):
            FeatureCombination([Popularity()], user_features=G).fit(rated())


def test_a_model_that_has_seen_every_fold_is_refused():
    log = rated()
    kept = Weighted([ItemKNN().fit(log), Popularity().fit(log)], refit=False)
    with pytest.raises(ValueError, match="models: 'kept' keeps members that are fitted already"):
        FeatureCombination({"kept": kept}).fit(log)


def test_an_explanation_names_sources_and_adds_up():
    log = rated()
    model = FeatureCombination({"knn": ItemKNN()}, np.eye(8)[:, :3], np.ones((10, 1))).fit(log)
    parts = dict(explain(model, 2, 6))
    names = {"item popularity", "user activity", "item content", "user features", "knn", "start"}
    assert set(parts) == names
    assert sum(parts.values()) == pytest.approx(model.score([2])[0, 6])
    assert parts["user activity"] == pytest.approx(0)  # the same for all items of a user


def test_features_are_held_for_a_bounded_number_of_pairs(monkeypatch):
    model = FeatureCombination({"knn": ItemKNN()}, np.eye(8)[:, :3]).fit(rated())
    expected, asked, features = model.score(range(10)), [], model._features
    monkeypatch.setattr("recsys_course.hybrid.combination.CELLS_PER_BATCH", 24)
    model._features = lambda users: asked.append(len(users)) or features(users)
    np.testing.assert_array_equal(model.score(range(10)), expected)
    assert asked == [3, 3, 3, 1]
