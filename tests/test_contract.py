"""What every algorithm must do, whatever it computes. A new algorithm is one line in MODELS."""

import dataclasses
import inspect
import pickle
from functools import cache

import numpy as np
import pytest

from recsys_course import base, content, neural
from recsys_course.base import Diverged, Fitted, NotFitted, RatingPredictor, Recommender
from recsys_course.baselines import DampedMeans, Popularity, Random, RecentPopularity
from recsys_course.data.planted import two_tribes
from recsys_course.factorization import ALS, BPR, FM, FunkSVD, ImplicitALS, SVDpp
from recsys_course.ids import UnknownId
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE, SLIM
from recsys_course.neighbors import (
    IncrementalItemKNN,
    ItemKNN,
    ItemKNNRating,
    Swing,
    UserKNN,
    UserKNNRating,
)


class OfTheLog:
    """Features for any log of this suite, that move with its codes: who met the item. With an item
    that nobody met comes a row of zeros."""

    def _fit(self, data: Interactions) -> None:
        self.item_features, before = data.binary().to_csr().T.tocsr(), self.item_features
        try:
            super()._fit(data)
        finally:
            self.item_features = before


class ContentKNN(OfTheLog, content.ContentKNN):
    pass


class ContentProfile(OfTheLog, content.ContentProfile):
    pass


@dataclasses.dataclass
class Item2Vec(content.Item2Vec):
    """For a hundred events: no thinning out, long steps, and a user's days are one session."""

    n_epochs: int = 30
    learning_rate: float = 0.3
    sample: float = 0.0
    gap: float | None = None


class Shuffled:
    """The tribes meet their items in the order of the codes, after which nothing comes; for a model of
    orders, the latest item of a history is any of them."""

    def _fit(self, data: Interactions) -> None:
        super()._fit(dataclasses.replace(data, times=np.random.default_rng(0).permutation(len(data))))


@dataclasses.dataclass
class MLPRecommender(neural.MLPRecommender):
    """For a hundred events, like the next two: small, with long steps."""

    n_factors: int = 8
    layers: tuple[int, ...] = (16,)
    n_epochs: int = 20
    batch_size: int = 16
    learning_rate: float = 0.02


@dataclasses.dataclass
class TwoTowers(neural.TwoTowers):
    n_factors: int = 8
    n_epochs: int = 20
    batch_size: int = 16
    learning_rate: float = 0.02


@dataclasses.dataclass
class TowersOfHistories(TwoTowers):
    user: str = "history"


@dataclasses.dataclass
class SASRec(Shuffled, neural.SASRec):
    n_factors: int = 8
    n_layers: int = 1
    max_length: int = 6
    n_epochs: int = 25
    batch_size: int = 8
    learning_rate: float = 0.02


MODELS = {
    "Popularity": Popularity,
    "RecentPopularity": RecentPopularity,
    "Random": Random,
    "DampedMeans": DampedMeans,
    "ItemKNN": ItemKNN,
    "UserKNN": UserKNN,
    "Swing": Swing,
    "IncrementalItemKNN": IncrementalItemKNN,
    "ItemKNNRating": ItemKNNRating,
    "UserKNNRating": UserKNNRating,
    "FunkSVD": FunkSVD,
    "SVDpp": SVDpp,
    "ALS": ALS,
    "ImplicitALS": ImplicitALS,
    "BPR": BPR,
    "FM": FM,
    "EASE": EASE,
    "SLIM": SLIM,
    "ContentKNN": ContentKNN,
    "ContentProfile": ContentProfile,
    "Item2Vec": Item2Vec,
    "MLPRecommender": MLPRecommender,
    "TwoTowers": TwoTowers,
    "TowersOfHistories": TowersOfHistories,
    "SASRec": SASRec,
}
LEARN_NO_TASTE = {"Popularity", "RecentPopularity", "Random", "DampedMeans"}
# A seed means chance, and chance falls on rows and codes as they stand; Swing draws only
# where an item has more than max_users users.
EXACT = {n for n, make in MODELS.items() if not hasattr(make(), "seed") or n == "Swing"}


def which(kind: type = Fitted, leave_out: set[str] = frozenset(), having: str = ""):
    """Parametrize over the models of a kind; ``having`` asks for a field of that name."""
    names = [
        n
        for n, make in MODELS.items()
        if isinstance(make(), kind) and n not in leave_out and (not having or hasattr(make(), having))
    ]
    return pytest.mark.parametrize("name", names)


each = which()
each_ranker = which(Recommender)
each_rater = which(RatingPredictor)


def timed(log: Interactions) -> Interactions:
    """The log with a clock, for the models that need one: a day from event to event, in mixed order."""
    days = np.random.default_rng(11).permutation(len(log))
    return dataclasses.replace(log, times=1_700_000_000 + 86_400 * days)


@cache
def tribes() -> Interactions:
    return timed(two_tribes()[0])


@cache
def rated() -> Interactions:
    """40 ratings of 2 to 4 stars; users 8, 9 and items 6, 7 have none."""
    rng = np.random.default_rng(3)
    pairs = rng.permutation(8 * 6)[:40]
    return timed(Interactions(pairs // 6, pairs % 6, 10, 8, rng.integers(2, 5, 40).astype(float)))


@cache
def fitted(name: str) -> Fitted:
    """One fit for all tests that only ask."""
    return MODELS[name]().fit(tribes())


def answers(model: Fitted) -> np.ndarray:
    """(U, I) all that a fitted model has to say: its scores, else its predictions."""
    users, items = np.arange(model.n_users_), np.arange(model.n_items_)
    if isinstance(model, Recommender):
        return model.score(users)
    pairs = np.repeat(users, len(items)), np.tile(items, len(users))
    return model.predict(*pairs).reshape(len(users), len(items))


def assert_sound(model: Fitted) -> None:
    """Answers are finite and of the right shape; lists are lists of unseen items."""
    got = answers(model)
    assert got.shape == (model.n_users_, model.n_items_)
    assert np.isfinite(got).all()
    if not isinstance(model, Recommender):
        return
    met = np.zeros(got.shape, dtype=bool)
    met[np.repeat(np.arange(len(met)), np.diff(model.seen_.indptr)), model.seen_.indices] = True
    lists = model.recommend(np.arange(model.n_users_), n=model.n_items_ + 3)
    assert lists.shape == (model.n_users_, model.n_items_ + 3)
    assert np.issubdtype(lists.dtype, np.integer)
    for row, mine in zip(lists, met, strict=True):
        assert sorted(row[row >= 0]) == np.flatnonzero(~mine).tolist()  # each unseen item once, no other
        assert (row[(~mine).sum() :] == -1).all()  # padding at the end


# --- learning


@each
def test_fit_returns_the_model_and_leaves_the_log_and_the_settings(name):
    log, before = rated(), pickle.dumps(rated())
    model = MODELS[name]()
    settings = dataclasses.asdict(model)
    assert model.fit(log) is model
    assert pickle.dumps(log) == before
    assert dataclasses.asdict(model) == settings


@each
def test_before_fit_there_is_a_clear_refusal(name):
    message = f"{name} is not fitted; call fit"
    if isinstance(MODELS[name](), Recommender):
        with pytest.raises(NotFitted, match=message):
            MODELS[name]().score([0])
        with pytest.raises(NotFitted, match=message):
            MODELS[name]().recommend([0])
    if isinstance(MODELS[name](), RatingPredictor):
        with pytest.raises(NotFitted, match=message):
            MODELS[name]().predict([0], [0])


@each
def test_two_fits_with_one_seed_are_the_same(name):
    np.testing.assert_array_equal(answers(MODELS[name]().fit(tribes())), answers(fitted(name)))


@each
def test_a_second_fit_forgets_the_first(name):
    again = MODELS[name]().fit(tribes()).fit(rated())
    np.testing.assert_array_equal(answers(again), answers(MODELS[name]().fit(rated())))


@each
def test_a_pickled_model_answers_the_same(name):
    copy = pickle.loads(pickle.dumps(fitted(name)))
    np.testing.assert_array_equal(answers(copy), answers(fitted(name)))


@which(Recommender, leave_out=LEARN_NO_TASTE)
def test_learns_the_two_tribes(name):
    """From events, or from stars where the model reads stars: first the unmet item of the own tribe."""
    data, tribe = two_tribes()
    if isinstance(MODELS[name](), RatingPredictor):
        data, unmet = starred_tribes()
    else:
        unmet = 1 - data.to_csr().toarray()
    first = MODELS[name]().fit(data).recommend(np.arange(20), n=1)[:, 0]
    assert (first // 6).tolist() == tribe.tolist()
    assert unmet[np.arange(20), first].all()


@which(RatingPredictor, leave_out=LEARN_NO_TASTE)
def test_predicts_the_stars_of_the_two_tribes(name):
    data, unmet = starred_tribes()
    users, items = np.nonzero(unmet)
    stars = MODELS[name]().fit(data).predict(users, items)
    own = items // 6 == users % 2
    for user in range(20):
        mine = users == user
        assert stars[mine & own].min() > stars[mine & ~own].max()


def starred_tribes() -> tuple[Interactions, np.ndarray]:
    """Own items 5 stars, the other tribe's 1; one of each is unmet. With the (U, I) unmet pairs."""
    met, tribe = two_tribes()
    unmet = np.zeros((20, 12))
    unmet[:, :6] = unmet[:, 6:] = np.stack([np.isin(np.arange(6), u // 2 % 6) for u in range(20)])
    users, items = np.nonzero(1 - unmet)
    stars = np.where(items // 6 == tribe[users], 5.0, 1.0)
    assert (stars == 5).sum() == len(met)
    return Interactions(users, items, 20, 12, stars), unmet


# --- scores and lists


def assert_same_alone_and_in_company(model):
    users = np.array([7, 0, 7, 19])
    alone = np.vstack([model.score([u]) for u in users])
    np.testing.assert_allclose(model.score(users), alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.score(np.arange(20))[users], alone, rtol=1e-5, atol=1e-6)


def assert_lists_are_sorted_scores(model):
    users = np.arange(20)
    scores, seen = model.score(users), model.seen_.toarray() > 0
    for exclude in (True, False):
        lists = model.recommend(users, n=5, exclude_seen=exclude)
        for row, mine, got in zip(scores, seen, lists, strict=True):
            order = np.lexsort((np.arange(12), -row))
            assert got.tolist() == [i for i in order if not (exclude and mine[i])][:5]


@each
def test_answers_and_lists_are_sound(name):
    assert_sound(fitted(name))


@each_ranker
def test_a_user_scores_the_same_alone_and_in_company(name):
    assert_same_alone_and_in_company(fitted(name))


@each_ranker
def test_lists_are_the_sorted_scores_with_ties_by_the_smaller_code(name):
    assert_lists_are_sorted_scores(fitted(name))


@each_ranker
def test_the_size_of_a_batch_does_not_show(name, monkeypatch):
    model, users = fitted(name), np.arange(20)
    whole = model.recommend(users, n=3)
    monkeypatch.setattr(base, "CELLS_PER_BATCH", 3 * 12)  # three users at a time
    parts = model.recommend(users, n=3)
    scores = model.score(users)
    np.testing.assert_allclose(  # equal but for rounding, which may swap what is all but tied
        np.take_along_axis(scores, parts, 1), np.take_along_axis(scores, whole, 1), rtol=1e-5, atol=1e-6
    )


@each_ranker
def test_who_has_seen_everything_gets_only_padding(name):
    data = timed(Interactions([0, 0, 0, 1], [0, 1, 2, 0], 2, 3))
    lists = MODELS[name]().fit(data).recommend([0, 1], n=2)
    assert lists[0].tolist() == [-1, -1]
    assert sorted(lists[1]) == [1, 2]


@each_ranker
def test_users_without_history_can_be_served_by_popularity(name):
    data = rated()  # users 8 and 9 have no events
    model = MODELS[name]().fit(data)
    popular = Popularity().fit(data).recommend([8], n=8)[0]
    lists = model.recommend([0, 8, -1, 1], n=8, cold="popular")
    assert lists[1].tolist() == lists[2].tolist() == popular.tolist()
    np.testing.assert_array_equal(lists[[0, 3]], model.recommend([0, 1], n=8))
    with pytest.raises(UnknownId):
        model.recommend([-1])


@each_ranker
def test_nobody_asked_is_nobody_served(name):
    assert fitted(name).score([]).shape == (0, 12)
    assert fitted(name).recommend([], n=4).shape == (0, 4)


# --- predictions


@each_rater
def test_predictions_stay_inside_the_stars_of_training(name):
    model = MODELS[name]().fit(rated())
    users, items = (axis.ravel() for axis in np.indices((10, 8)))
    stars = model.predict(users, items)
    assert stars.shape == (80,)
    assert np.isfinite(stars).all()
    assert stars.min() >= 2
    assert stars.max() <= 4
    assert np.ptp(stars) > 0
    order = np.random.default_rng(0).permutation(80)
    np.testing.assert_allclose(model.predict(users[order], items[order]), stars[order], rtol=1e-5)
    assert model.predict([], []).shape == (0,)


@each_rater
def test_clipping_is_an_option_the_last_and_by_keyword(name, monkeypatch):
    last = list(inspect.signature(MODELS[name]).parameters.values())[-1]
    assert (last.name, last.kind, last.default) == ("clip", inspect.Parameter.KEYWORD_ONLY, True)
    monkeypatch.setattr(MODELS[name], "_predict", lambda self, users, items: np.full(len(users), 99.0))
    assert MODELS[name]().fit(rated()).predict([0], [0]).tolist() == [4]
    assert MODELS[name](clip=False).fit(rated()).predict([0], [0]).tolist() == [99]


@each_rater
def test_constant_ratings_are_predicted_as_that_constant(name):
    data = Interactions(rated().users, rated().items, 10, 8, np.full(40, 4.0))
    model = MODELS[name]().fit(data)
    pairs = [axis.ravel() for axis in np.indices((10, 8))]
    np.testing.assert_array_equal(model.predict(*pairs), np.full(80, 4.0))
    model.clip = False  # the range of training does not help: only the start by chance may be left,
    stars = model.predict(*pairs)  # products of factors with a spread of 0.1 stars, or less
    assert stars.mean() == pytest.approx(4.0, abs=0.1)
    np.testing.assert_allclose(stars, np.full(80, 4.0), atol=5 * 0.1)


@each_rater
def test_a_model_that_ranks_by_stars_says_the_same_twice(name):
    model = MODELS[name]().fit(rated())
    if not isinstance(model, Recommender):
        assert not hasattr(model, "score")
        return
    model.clip = False
    users, items = (axis.ravel() for axis in np.indices((10, 8)))
    by_pair = model.predict(users, items).reshape(10, 8)
    np.testing.assert_allclose(model.score(np.arange(10)), by_pair, rtol=1e-5, atol=1e-6)


@each_rater
def test_users_and_items_must_pair_up(name):
    with pytest.raises(ValueError, match="items: 1 codes; expected 2, as many as users"):
        fitted(name).predict([0, 1], [0])


# --- odd logs


ODD = {
    "one event": Interactions([0], [0], 1, 1),
    "one event in a space": Interactions([1], [2], 3, 4),
    "empty rows and columns": Interactions([1, 1, 3], [2, 4, 2], 6, 7, [5, 1, 3]),
    "one user": Interactions([0, 0, 0], [0, 2, 1], 1, 4, [1, 2, 5]),
    "one item": Interactions([0, 2, 1], [0, 0, 0], 4, 1, [1, 2, 5]),
    "repeated rows": Interactions([0, 0, 0, 1], [1, 1, 1, 0], 3, 3, [2, 4, 3, 5]),
    "a value of 0": Interactions([0, 0, 1], [0, 1, 1], 2, 3, [0, 1, 2]),
    "only zeros": Interactions([0, 0, 1], [0, 1, 1], 2, 3, [0, 0, 0]),
    "large values": Interactions([0, 0, 1], [0, 1, 1], 2, 3, [5_000, 1, 90_000]),
}


@each
@pytest.mark.parametrize("log", map(timed, ODD.values()), ids=ODD)
def test_odd_logs_survive(name, log):
    model = MODELS[name]()
    if hasattr(model, "learning_rate") and isinstance(model, RatingPredictor) and log.values.max() > 100:
        with pytest.raises(Diverged, match="Lower learning_rate"):  # steps made for stars say so
            model.fit(log)
        return
    assert_sound(model.fit(log))


@which(having="k")
def test_more_neighbours_than_there_are_is_all_of_them(name):
    few, many = (MODELS[name](k=k).fit(tribes()) for k in (30, 10_000))
    np.testing.assert_allclose(answers(few), answers(many), rtol=1e-6)


# --- the same log in other words


@pytest.mark.parametrize("name", sorted(EXACT))
def test_neither_the_order_of_rows_nor_the_labels_matter(name):
    data = rated()
    rng = np.random.default_rng(5)
    row, user, item = rng.permutation(40), rng.permutation(10), rng.permutation(8)
    other = Interactions(
        user[data.users[row]], item[data.items[row]], 10, 8, data.values[row], data.times[row]
    )
    got = answers(MODELS[name]().fit(other))
    np.testing.assert_allclose(
        got[np.ix_(user, item)], answers(MODELS[name]().fit(data)), rtol=1e-5, atol=1e-6
    )


# --- refusals


@each
def test_what_is_no_log_is_refused(name):
    with pytest.raises(ValueError, match="data: no events; expected at least one"):
        MODELS[name]().fit(Interactions([], [], 3, 4))
    with pytest.raises(TypeError, match=r"data: ndarray; expected Interactions \(see from_frame\)"):
        MODELS[name]().fit(np.eye(3))


@each
def test_codes_outside_the_training_data_are_refused(name):
    model = fitted(name)
    calls = [model.score, model.recommend] if isinstance(model, Recommender) else []
    if isinstance(model, RatingPredictor):
        calls += [lambda users: model.predict(users, [0])]
        with pytest.raises(UnknownId, match=r"items: code 12 was not in the training data, .* 0\.\.11"):
            model.predict([0], [12])
    for call in calls:
        for code in (20, -1):
            message = rf"users: code {code} was not in the training data, whose codes are 0\.\.19"
            with pytest.raises(UnknownId, match=message):
                call([code])
        with pytest.raises(TypeError, match="users: dtype float64; expected integer codes"):
            call([1.5])


LIMITS = {
    "k": 0, "n_factors": 0, "n_epochs": 0, "learning_rate": 0, "reg": -0.1, "shrinkage": -1.0,
    "significance": -1.0, "damping": -1.0, "half_life": 0.0, "alpha": -1.0, "cg_steps": 0, "max_users": 1,
    "negative": -0.5, "window": 0, "n_negatives": 0, "sample": -1.0, "gap": -1.0,
    "max_length": 0, "temperature": 0.0, "batch_size": 0, "weight_decay": -0.1, "patience": 0,
    "validation_share": 0.0, "n_heads": 0, "n_layers": 0, "n_hidden": 0,
}  # fmt: skip
WRONG = [(name, key) for name in MODELS for key in LIMITS if hasattr(MODELS[name](), key)]


@pytest.mark.parametrize("name, key", WRONG)
def test_a_setting_outside_its_range_is_named(name, key):
    model = MODELS[name](**{key: LIMITS[key]})
    with pytest.raises(ValueError, match=f"^{key}: {LIMITS[key]}; expected"):
        model.fit(tribes())
    with pytest.raises(NotFitted):  # half a fit is none
        model.recommend([0]) if isinstance(model, Recommender) else model.predict([0], [0])
