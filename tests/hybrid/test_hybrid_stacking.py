"""Stacking: out of fold really is, the leak and what it costs, learners, candidates."""

import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hybrid_doubles import Fixed, Memoriser
from logs import random_log
from test_contract import rated, tribes

from recsys_course import base, metrics
from recsys_course.base import Recommender
from recsys_course.baselines import Popularity, Random
from recsys_course.extras import MissingExtra
from recsys_course.hybrid import Mixed, Stacking, Weighted, explain, normalize_scores
from recsys_course.hybrid.folds import examples, folds_of
from recsys_course.hybrid.learners import answers, make_estimator, shapley
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE
from recsys_course.neighbors import ItemKNN, UserKNN


def knows(log):
    """One feature: is the pair in the log that the source was fitted on?"""
    met = log.to_csr().toarray() > 0
    return lambda users: (
        met[users][:, :, None].astype(float),
        np.ones((len(users), log.n_items), dtype=bool),
    )


# --- folds


@pytest.mark.parametrize("n_folds", [2, 3, 7])
def test_folds_part_the_pairs_evenly_and_by_the_seed(n_folds):
    log = random_log()
    pair, fold = folds_of(log, n_folds, seed=1)
    assert pair.tolist() == sorted(set((log.users * 9 + log.items).tolist()))
    sizes = np.bincount(fold, minlength=n_folds)
    assert sizes.max() - sizes.min() <= 1
    np.testing.assert_array_equal(fold, folds_of(log, n_folds, seed=1)[1])
    assert (fold != folds_of(log, n_folds, seed=2)[1]).any()
    assert len({tuple(fold[pair // 9 == u]) for u in range(3)}) > 1  # not by user: by interaction


def test_no_pair_is_in_the_log_that_its_features_come_from_not_even_by_a_repeat():
    log = random_log(stars=False)
    twice = Interactions(np.r_[log.users, log.users[:40]], np.r_[log.items, log.items[:40]], 17, 9)
    X, y = examples(knows, twice, n_folds=4, n_negatives=2, seed=0)
    assert y.sum() == len(log)  # every pair once
    assert not X.any()
    X, y = examples(knows, twice, 4, 2, seed=0, out_of_fold=False)
    assert X[:, 0].tolist() == y.tolist()  # the leak: the feature is the answer


def test_negatives_are_pairs_of_the_same_users_that_never_happened():
    log = random_log(stars=False)
    met = log.to_csr().toarray() > 0

    def codes(train):
        return lambda users: (
            np.stack(np.broadcast_arrays(users[:, None], np.arange(9)), axis=2),
            np.ones((len(users), 9), dtype=bool),
        )

    X, y = examples(codes, log, n_folds=3, n_negatives=1, seed=0)
    users, items = X.astype(int).T
    assert met[users[y == 1], items[y == 1]].all()
    assert not met[users[y == 0], items[y == 0]].any()
    drawn, taken = (np.bincount(users[y == label], minlength=17) for label in (0, 1))
    assert (drawn <= taken).all()
    many = (~met).sum(axis=1) >= 9  # where there are enough, as many as asked
    assert (drawn[many] == taken[many]).all()


def test_examples_do_not_depend_on_the_batch_and_hang_on_the_seed(monkeypatch):
    log = random_log(stars=False)
    members = {"knn": ItemKNN(), "popular": Popularity()}

    def made(seed):
        hybrid = Stacking(members, seed=seed).fit(log)
        return examples(lambda train: hybrid._on(train)._features, log, 3, 2, seed)

    X, _ = made(0)
    np.testing.assert_array_equal(made(0)[0], X)
    assert made(1)[0].shape != X.shape or not np.allclose(made(1)[0], X)
    monkeypatch.setattr(base, "CELLS_PER_BATCH", 9)  # a user at a time
    np.testing.assert_allclose(made(0)[0], X)


def test_features_are_zscores_of_members_fitted_without_the_fold():
    """Against loops: for each fold fit, score, normalise over what is new, collect the positives."""
    log, expected = random_log(stars=False), []
    pair, fold = folds_of(log, 3, seed=5)
    for f in range(3):
        out = np.isin(log.users * 9 + log.items, pair[fold == f])
        train = log.take(~out)
        for held in pair[fold == f]:
            u, i = divmod(held, 9)
            row = ItemKNN().fit(train).score([u])[0].astype(float)
            new = np.setdiff1d(np.arange(9), train.items[train.users == u])
            spread = row[new].std()
            expected.append((row[i] - row[new].mean()) / spread if spread > 1e-6 else 0.0)
    hybrid = Stacking([ItemKNN(), Popularity()]).fit(log)
    X, y = examples(lambda train: hybrid._on(train)._features, log, 3, 1, seed=5)
    np.testing.assert_allclose(sorted(X[y == 1, 0]), sorted(expected), rtol=1e-4, atol=1e-5)


# --- the leak


def blocks(seed, n_users=120, n_items=40):
    """Users like one of four blocks of items; 6 events to learn from, 2 later ones."""
    rng = np.random.default_rng(seed)
    users, items = [], []
    for u in range(n_users):
        p = np.where(np.arange(n_items) % 4 == u % 4, 10.0, 0.5)
        items += rng.choice(n_items, size=8, replace=False, p=p / p.sum()).tolist()
        users += [u] * 8
    data = Interactions(users, items, n_users, n_items)
    late = np.arange(len(data)) % 8 >= 6
    return data.take(~late), data.take(late)


def test_in_sample_a_memorising_member_looks_perfect_and_out_of_fold_it_does_not():
    train, _ = blocks(0)
    hybrid = Stacking([Memoriser(), ItemKNN()], depth=None).fit(train)
    for out_of_fold in (True, False):
        sources = (lambda log: hybrid._on(log)._features) if out_of_fold else (lambda log: hybrid._features)
        X, y = examples(sources, train, 5, 4, 0, out_of_fold)
        memoriser, knn = (metrics.auc(y, X[:, m]) for m in (0, 1))
        if out_of_fold:
            assert abs(memoriser - 0.5) < 0.05  # chance
            assert knn > 0.7
        else:
            assert memoriser == 1


def test_the_leak_costs_ranking_quality_on_held_out_data():
    lost = []
    for seed in range(5):
        train, later = blocks(seed)
        relevant, quality = later.to_csr(), []
        for out_of_fold in (True, False):
            hybrid = Stacking(
                {"knn": ItemKNN(), "memory": Memoriser(seed)}, out_of_fold=out_of_fold, depth=None
            )
            hybrid.fit(train)
            knn, memory = hybrid.estimator_.coef_[0]
            assert (memory > knn) != out_of_fold  # in sample the learner trusts the one that knows by heart
            quality.append(metrics.ndcg(hybrid.recommend(np.arange(120)), relevant))
        lost.append(quality[0] - quality[1])
    assert min(lost) > 0
    assert np.mean(lost) > 0.1


# --- learners


def learners():
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.tree import DecisionTreeRegressor

    return {
        "logistic": LogisticRegression(),
        "forest": RandomForestClassifier(n_estimators=20, max_depth=4, random_state=0),
        "boosting": GradientBoostingClassifier(n_estimators=20, random_state=0),
        "without probabilities": RidgeClassifier(),
        "a regressor": DecisionTreeRegressor(max_depth=4, random_state=0),
    }


@pytest.mark.parametrize("name", ["logistic", "forest", "boosting", "without probabilities", "a regressor"])
def test_takes_any_learner_of_scikit_learns_form_and_leaves_it_as_it_is(name):
    learner, (train, later) = learners()[name], blocks(1)
    hybrid = Stacking([ItemKNN(), Random()], learner, depth=None).fit(train)
    assert type(hybrid.estimator_) is type(learner)
    assert not [key for key in vars(learner) if key.endswith("_")]
    chance = metrics.ndcg(Random(1).fit(train).recommend(range(120)), later.to_csr())
    assert metrics.ndcg(hybrid.recommend(range(120)), later.to_csr()) > chance + 0.1


@pytest.mark.parametrize("name", ["logistic", "forest", "boosting", "lightgbm"])
def test_learners_by_name_are_repeatable(name):
    if name == "lightgbm":
        pytest.importorskip("lightgbm")
    train, _ = blocks(2)
    one, two, other = (
        Stacking([ItemKNN(), Random()], name, seed=seed).fit(train).score(range(120)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)  # other folds, other negatives


def test_a_lightgbm_model_by_instance():
    lightgbm = pytest.importorskip("lightgbm")
    train, later = blocks(3)
    learner = lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1)
    hybrid = Stacking([ItemKNN(), Random()], learner).fit(train)
    assert isinstance(hybrid.estimator_, lightgbm.LGBMClassifier)
    chance = metrics.ndcg(Random(1).fit(train).recommend(range(120)), later.to_csr())
    assert metrics.ndcg(hybrid.recommend(range(120)), later.to_csr()) > chance + 0.1


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtra, match=r"estimator='lightgbm' needs lightgbm.*recsys-course\[boosting\]"):
        Stacking([ItemKNN(), Popularity()], "lightgbm").fit(rated())


@pytest.mark.parametrize("estimator", [3, object(), None])
def test_what_is_no_learner_is_refused(estimator):
    with pytest.raises(TypeError, match=r"estimator: .*; expected an object with fit"):
        Stacking([ItemKNN(), Popularity()], estimator).fit(rated())
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(TypeError, match=r"estimator: .*; expected an object with fit"):
        make_estimator(LogisticRegression, 0)  # the class


def test_a_score_is_what_the_learner_says_of_the_members_zscores():
    train, _ = blocks(4)
    hybrid = Stacking([ItemKNN(), UserKNN(), Popularity()], depth=None).fit(train)
    w, c = hybrid.estimator_.coef_[0], hybrid.estimator_.intercept_[0]
    new = train.to_csr()[[5]].toarray()[0] == 0
    z = [
        normalize_scores(kind().fit(train).score([5]), "zscore", over=new)[0]
        for kind in (ItemKNN, UserKNN, Popularity)
    ]
    np.testing.assert_allclose(hybrid.score([5])[0], 1 / (1 + np.exp(-(w @ z + c))))


# --- candidates


def test_candidates_come_first_and_the_rest_by_the_members_mean():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 31, 12))
    log = Interactions(np.arange(30), rng.integers(12, size=30), 31, 12)
    hybrid = Stacking([Fixed(a), Fixed(b)], depth=3).fit(log)
    lists = hybrid.recommend([30], n=12)[0]  # a user without events
    candidates = set(np.argsort(-a[30])[:3]) | set(np.argsort(-b[30])[:3])
    head = lists[: len(candidates)]
    assert set(head) == candidates
    X = np.column_stack([normalize_scores(t[[30]], "zscore")[0] for t in (a, b)])
    by_learner = sorted(candidates, key=lambda i: -answers(hybrid.estimator_, X[[i]])[0])
    assert head.tolist() == by_learner
    rest = sorted(set(range(12)) - candidates, key=lambda i: -X[i].sum())
    assert lists[len(candidates) :].tolist() == rest


def test_the_learner_is_taught_on_candidates_alone():
    """Where it will only order what stands high, it is not to learn that low means nothing."""
    train, _ = blocks(5)
    hybrid = Stacking([ItemKNN(), UserKNN()], depth=3).fit(train)
    everything = Stacking([ItemKNN(), UserKNN()], depth=None).fit(train)
    assert everything.n_examples_ == len(train) * 5
    assert hybrid.n_examples_ < everything.n_examples_
    X, y = examples(lambda log: hybrid._on(log)._features, train, 5, 4, 0)
    assert len(y) == hybrid.n_examples_
    assert X.max(axis=1).min() > 0  # everywhere some member stands above its mean


def test_what_no_member_scores_is_not_listed():
    silent = [np.nan, 1.0, -np.inf, 2.0]
    log = Interactions([0, 1, 2, 3], [1, 3, 1, 3], 5, 4)
    members = [Fixed(np.tile(silent, (5, 1))), Fixed(np.tile([-np.inf, 0.0, np.nan, 3.0], (5, 1)))]
    hybrid = Stacking(members).fit(log)
    assert hybrid.score([4])[0, [0, 2]].tolist() == [-np.inf] * 2
    assert hybrid.recommend([4], n=4)[0, 2:].tolist() == [-1, -1]


# --- members of members


def test_a_member_that_keeps_fitted_members_has_seen_every_fold_and_is_refused():
    log = rated()
    inner = Weighted([ItemKNN().fit(log), Popularity().fit(log)], refit=False)
    outer = Mixed({"inner": inner, "other": Random()})
    for member in (inner, outer):
        with pytest.raises(ValueError, match="models: 'kept' keeps members that are fitted already"):
            Stacking({"kept": member, "b": UserKNN()}).fit(log)
    Stacking({"kept": inner, "b": UserKNN()}, out_of_fold=False).fit(log)  # who wants the leak may have it


def test_fitted_members_serve_while_copies_are_fitted_for_the_folds():
    @dataclass
    class Counted(Recommender):
        sizes: list

        def _fit(self, data):
            self.sizes.append(len(data))

        def _score(self, users):
            return self.seen_[users].toarray() + np.arange(self.n_items_)

    log, sizes = rated(), []
    member, other = Counted(sizes), Popularity().fit(log)
    member.fit(log)
    hybrid = Stacking([member, other], n_folds=4, refit=False).fit(log)
    assert sizes == [40, 30, 30, 30, 30]  # 40 pairs; the first is the user's own fit
    assert hybrid.members_[0] is member
    sizes.clear()
    Stacking([Counted(sizes), Popularity()], n_folds=4).fit(log)
    assert sizes == [40, 30, 30, 30, 30]


def test_a_log_without_examples_of_both_kinds_leaves_the_mean():
    for log in (Interactions([0], [0], 1, 1), Interactions([0], [1], 1, 2), Interactions([1], [0], 2, 3)):
        hybrid = Stacking([Fixed(np.ones((log.n_users, log.n_items))), Popularity()]).fit(log)
        assert hybrid.estimator_ is None
        assert np.isfinite(hybrid.score([0])).all()
        parts = explain(hybrid, 0, 0)
        assert sum(p for _, p in parts) == pytest.approx(hybrid.score([0])[0, 0])


# --- what each member adds


def test_shapley_of_a_sum_is_each_term_and_of_a_product_halves():
    rows = np.array([[1.0, 2], [3, 5], [10, 20]])
    np.testing.assert_allclose(shapley(lambda known: rows[known].sum(axis=0), 3), rows)
    product = shapley(lambda known: np.array([8.0 * known.all()]), 2)
    np.testing.assert_allclose(product, [[4], [4]])


@pytest.mark.parametrize("n", [1, 3, 6])
def test_shapley_parts_add_up_also_where_orders_are_drawn(n):
    w = np.random.default_rng(n).normal(size=n)

    def value(known):
        return np.tanh([known @ w, (known * w).prod()])

    total = shapley(value, n).sum(axis=0)
    np.testing.assert_allclose(
        total, value(np.ones(n, dtype=bool)) - value(np.zeros(n, dtype=bool)), atol=1e-12
    )


def test_orders_that_are_drawn_follow_the_seed():
    w = np.random.default_rng(0).normal(size=6)
    one, two, other = (shapley(lambda known: np.exp([known @ w]), 6, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("name", ["forest", "boosting"])
def test_learners_by_name_take_the_seed(name):
    assert make_estimator(name, 3).random_state == 3


def test_a_scaled_logistic_does_not_see_the_unit_of_a_feature():
    rng = np.random.default_rng(0)
    X, unit = rng.normal(size=(60, 2)), np.array([1.0, 0.01])
    y = X.sum(axis=1) + rng.normal(size=60) > 0
    scaled, plain = (
        [answers(make_estimator("logistic", 0, scale).fit(Z, y), Z) for Z in (X, X * unit)]
        for scale in (True, False)
    )
    np.testing.assert_allclose(*scaled, atol=1e-6)
    assert not np.allclose(*plain, atol=0.01)


def test_explanations_of_candidates_and_of_the_rest_add_up():
    hybrid = Stacking([ItemKNN(), EASE(reg=5), Popularity()], "forest", depth=2).fit(tribes())
    scores = hybrid.score(range(20))
    for user in (0, 7):
        for item in range(12):
            parts = explain(hybrid, user, item)
            assert sum(part for _, part in parts) == pytest.approx(scores[user, item], abs=1e-9)
