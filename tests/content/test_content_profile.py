"""Profiles against the formula written as loops, by hand, and what holds for all of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import random_log
from scipy import sparse

from recsys_course import EASE, ItemKNN
from recsys_course.content import ContentKNN, ContentProfile
from recsys_course.content.profiles import ProfileRanker
from recsys_course.data import split_cold_items
from recsys_course.data.planted import two_tribes
from recsys_course.interactions import Interactions

DAY = 86_400
KINDS = {"dense": np.asarray, "sparse": sparse.csr_array}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def timed_log(seed: int = 0) -> Interactions:
    """Stars with times over some weeks; the last user and the last item have no events."""
    log = random_log(seed=seed)
    return replace(log, times=np.random.default_rng(seed).integers(0, 40 * DAY, len(log)))


def features(n_items: int = 9, seed: int = 0) -> np.ndarray:
    """(I, 5) about half of them 0, some negative; item 4 has none at all."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_items, 5)) * (rng.random((n_items, 5)) < 0.6)
    X[:, 0] += 1.0
    X[4] = 0
    return X


def by_loops(X: np.ndarray, log: Interactions, how: ContentProfile) -> np.ndarray:
    """(U, I) scores: the docstring's formulas, an event at a time."""
    if how.measure == "cosine":
        X = np.array([x / np.linalg.norm(x) if x.any() else x for x in X])
    S = np.zeros((log.n_users, log.n_items))
    for u in range(log.n_users):
        events = np.flatnonzero(log.users == u)
        if not len(events):
            continue
        r, newest = log.values[events], log.times[events].max()
        d = [0.5 ** ((newest - t) / DAY / how.half_life) if how.half_life else 1.0 for t in log.times[events]]
        w = np.zeros(len(events))
        like = r.mean() if how.like is None else how.like
        up = sum(d[e] for e in range(len(events)) if r[e] >= like)
        down = sum(d[e] for e in range(len(events)) if r[e] < like)
        total = sum(d[e] * abs(r[e] - r.mean()) for e in range(len(events)))
        for e in range(len(events)):
            if how.profile == "mean":
                w[e] = d[e] / sum(d)
            elif how.profile == "weighted":
                w[e] = d[e] * (r[e] - r.mean()) / total if total else 0
            else:
                w[e] = d[e] / up if r[e] >= like else -how.negative * d[e] / down
        p = sum(w[e] * X[log.items[events[e]]] for e in range(len(events)))
        if how.measure == "cosine":
            p = p / np.linalg.norm(p) if np.linalg.norm(p) > 1e-12 else 0 * p
        S[u] = X @ p
    return S


@each_kind
@pytest.mark.parametrize("measure", ["cosine", "dot"])
@pytest.mark.parametrize("half_life", [None, 3.0])
@pytest.mark.parametrize(
    "options",
    [
        {"profile": "mean"},
        {"profile": "weighted"},
        {"profile": "rocchio"},
        {"profile": "rocchio", "negative": 1.5, "like": 4.0},
        {"profile": "rocchio", "negative": 0.5, "like": 0.5},  # all are liked
        {"profile": "rocchio", "negative": 0.5, "like": 9.0},  # none is
    ],
)
def test_scores_are_the_formula_written_as_loops(kind, measure, half_life, options):
    log, X = timed_log(), features()
    model = ContentProfile(kind(X), half_life=half_life, measure=measure, **options).fit(log)
    expected = by_loops(X, log, model)
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(model.score(np.arange(17)), expected, atol=1e-6)


def test_the_four_profiles_by_hand():
    """Words tent, rope, cup. Item 0: tent, 1: tent and rope, 2: rope, 3: cup; the user: 0 five stars
    today, 2 one star a day ago."""
    X = np.array([[1.0, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]])
    log = Interactions([0, 0], [0, 2], 1, 4, [5.0, 1.0], [DAY, 0])
    root = 1 / np.sqrt(2)
    # mean (1/2, 1/2, 0): halfway between tent and rope, so item 1 is in its very direction
    np.testing.assert_allclose(ContentProfile(X).fit(log).score([0])[0], [root, 1, root, 0], atol=1e-6)
    # weighted: mean star 3, so +2 and -2, as shares (1/2, -1/2, 0): nothing for item 1
    weighted = ContentProfile(X, profile="weighted").fit(log)
    np.testing.assert_allclose(weighted.profile_of([0])[0], [0.5, -0.5, 0])
    np.testing.assert_allclose(weighted.score([0])[0], [root, 0, -root, 0], atol=1e-6)
    # rocchio: tent liked, rope disliked, (1, -0.25, 0) of length sqrt(17)/4
    rocchio = ContentProfile(X, profile="rocchio", negative=0.25).fit(log)
    np.testing.assert_allclose(rocchio.profile_of([0])[0], [1, -0.25, 0])
    expected = np.array([4, 3 / np.sqrt(2), -1, 0]) / np.sqrt(17)
    np.testing.assert_allclose(rocchio.score([0])[0], expected, atol=1e-6)
    # faded: a day is one half-life, shares 2/3 and 1/3, (2/3, 1/3, 0) of length sqrt(5)/3
    faded = ContentProfile(X, half_life=1.0).fit(log)
    np.testing.assert_allclose(faded.profile_of([0])[0], [2 / 3, 1 / 3, 0])
    expected = np.array([2, 3 / np.sqrt(2), 1, 0]) / np.sqrt(5)
    np.testing.assert_allclose(faded.score([0])[0], expected, atol=1e-6)
    assert faded.recommend([0], 2)[0].tolist() == [1, 3]


# --- what always holds


@given(st.integers(0, 8), st.floats(1e-6, 1e6), st.integers(0, 5))
def test_a_cosine_does_not_see_how_large_the_features_of_an_item_are(item, factor, seed):
    log, X = timed_log(seed), features(seed=seed)
    larger = X.copy()
    larger[item] *= factor
    for kind in KINDS.values():
        for model in (ContentProfile(kind(X), "rocchio"), ContentKNN(kind(X), k=4)):
            other = replace(model, item_features=kind(larger)).fit(log)
            users = np.arange(17)
            np.testing.assert_allclose(other.score(users), model.fit(log).score(users), atol=1e-5)


@given(st.integers(0, 7), st.integers(0, 5), st.sampled_from(["mean", "weighted", "rocchio"]))
def test_a_twin_of_an_item_gets_its_score(item, seed, profile):
    log, X = timed_log(seed), features(seed=seed)
    X[8] = X[item]  # item 8 has no events
    for kind in KINDS.values():
        for model in (ContentProfile(kind(X), profile), ContentProfile(kind(X), measure="dot")):
            scores = model.fit(log).score(np.arange(17))
            np.testing.assert_array_equal(scores[:, 8], scores[:, item])


@each_kind
@pytest.mark.parametrize("profile", ["mean", "weighted", "rocchio"])
def test_who_has_no_history_scores_0_for_everything(kind, profile):
    model = ContentProfile(kind(features()), profile).fit(timed_log())
    assert np.diff(model.seen_.indptr)[16] == 0
    assert not model.score([16]).any()
    assert not np.asarray(abs(model.profile_of([16])).sum())
    assert model.recommend([16], 3)[0].tolist() == [0, 1, 2]  # ties, by code
    assert model.reasons(16, 0) == []


@each_kind
def test_an_item_without_features_scores_0_and_adds_nothing(kind):
    log, X = timed_log(), features()
    for model in (ContentProfile(kind(X), "rocchio"), ContentKNN(kind(X), k=8)):
        scores = model.fit(log).score(np.arange(17))
        assert not scores[:, 4].any()
        assert all(item != 4 for u in range(16) for item, _ in model.reasons(u, 0, 9))


@pytest.mark.parametrize("value", [3.0, 3.3, 0.1])
def test_equal_stars_are_all_liked_and_tell_a_weighted_profile_nothing(value):
    """0.1 + 0.1 + 0.1 is not 0.3: rounding must not make a dislike of it."""
    log = Interactions([0, 0, 0, 1, 1], [0, 1, 2, 0, 3], 2, 4, [value] * 3 + [1, 5])
    X = features(4 + 1)[:4]
    rocchio, mean = (ContentProfile(X, p, negative=1.0).fit(log) for p in ("rocchio", "mean"))
    np.testing.assert_allclose(rocchio.score([0]), mean.score([0]), atol=1e-6)
    assert not ContentProfile(X, "weighted").fit(log).score([0]).any()


@each_kind
def test_likes_and_dislikes_that_cancel_out_leave_nothing(kind):
    """All items met have the same words, so the profile is 0, and not the direction of what rounding left."""
    X = np.array([[0.1, 0.7, 0.3]] * 6 + [[0.2, 0.1, 0.9]])
    log = Interactions([0] * 6, range(6), 1, 7, [5, 4, 4, 5, 1, 2], np.arange(6) * DAY)
    model = ContentProfile(kind(X), "rocchio", negative=1.0, half_life=2.5).fit(log)
    left = abs(model.profile_of([0])).max()
    assert 0 < left < 1e-15  # rounding
    assert not model.score([0]).any()
    assert not model.parts(0, 6)[1].any()


def test_ages_count_from_the_users_own_last_event():
    log, X = timed_log(), features()
    model = ContentProfile(X, half_life=2.0).fit(log)
    later = replace(
        log, times=log.times + np.where(log.users == 3, 400 * DAY, 0)
    )  # one user comes back later
    np.testing.assert_array_equal(ContentProfile(X, half_life=2.0).fit(later).score([3]), model.score([3]))
    long_ago = Interactions([0, 0], [0, 1], 1, 9, times=[0, 10_000 * DAY])
    old = ContentProfile(X, half_life=0.5).fit(long_ago)
    np.testing.assert_allclose(
        old.score([0]), ContentProfile(X).fit(long_ago.take([1])).score([0]), atol=1e-6
    )
    gone = Interactions(
        [0, 0, 1], [0, 1, 2], 2, 9, times=[0, DAY, 10_000 * DAY]
    )  # years before the last event
    profile = ContentProfile(np.eye(9), half_life=0.5).fit(gone).profile_of([0])[0]
    np.testing.assert_allclose(profile[:3], [0.2, 0.8, 0])
    plain, endless = (ContentProfile(X, half_life=h).fit(log).score([3]) for h in (None, 1e9))
    np.testing.assert_allclose(plain, endless, atol=1e-6)


def test_of_a_pair_met_twice_the_last_time_counts():
    X = np.eye(3)
    log = Interactions([0, 0, 0], [0, 1, 0], 1, 3, times=[0, DAY, 2 * DAY])
    model = ContentProfile(X, half_life=1.0).fit(log)
    np.testing.assert_allclose(model.profile_of([0])[0], [2 / 3, 1 / 3, 0])


# --- histories and cold items


@each_kind
@pytest.mark.parametrize("profile", ["mean", "weighted", "rocchio"])
def test_users_never_seen_are_served_from_a_history(kind, profile):
    log = timed_log()
    model = ContentProfile(kind(features()), profile).fit(log)
    users = np.arange(17)
    np.testing.assert_allclose(model.score_histories(model.seen_), model.score(users), atol=1e-6)
    with pytest.raises(ValueError, match="histories: 3 columns; expected 9 items"):
        model.score_histories(sparse.csr_array(np.eye(3)))


def test_items_that_nobody_met_are_recommended_by_what_they_are():
    """The held-out items of each tribe carry its word; who counts meetings alone cannot tell them apart."""
    log, tribe = two_tribes(20, 12)
    split = split_cold_items(log, 0.3, seed=1)
    cold = np.setdiff1d(np.unique(split.test.items), np.unique(split.train.items))
    assert {0, 1} == set((cold // 6).tolist())  # of both tribes
    rng = np.random.default_rng(0)
    X = np.eye(2)[np.arange(12) // 6] + 0.2 * rng.random((12, 2))
    users = np.unique(split.train.users)
    own = cold[None, :] // 6 == tribe[users, None]  # (U, C)
    for kind in KINDS.values():
        for model in (ContentProfile(kind(X)), ContentKNN(kind(X), k=11)):
            scores = model.fit(split.train).score(users)[:, cold]
            assert (
                np.where(own, scores, np.inf).min(axis=1) > np.where(own, -np.inf, scores).max(axis=1)
            ).all()
            best = model.recommend(users, 12)
            assert np.isin(best, cold).any(axis=1).all()
    for model in (ItemKNN(shrinkage=0.0), EASE(reg=1.0)):
        np.testing.assert_allclose(model.fit(split.train).score(users)[:, cold], 0, atol=1e-9)


# --- reasons


@each_kind
@pytest.mark.parametrize("measure", ["cosine", "dot"])
@pytest.mark.parametrize("half_life", [None, 3.0])
@pytest.mark.parametrize("profile", ["mean", "weighted", "rocchio"])
def test_the_parts_of_a_score_add_up_to_it(kind, measure, half_life, profile):
    log = timed_log()
    model = ContentProfile(kind(features()), profile, half_life=half_life, measure=measure).fit(log)
    scores = model.score(np.arange(17))
    for user in (0, 5, 9):
        for item in (1, 8):
            items, parts = model.parts(user, item)
            assert sorted(items) == sorted(set(log.items[log.users == user].tolist()))
            assert parts.sum() == pytest.approx(scores[user, item], abs=1e-6)
            best = model.reasons(user, item, 2)
            raising = sorted((part for part in parts if part > 0), reverse=True)[:2]
            assert [part for _, part in best] == pytest.approx(raising)
            assert all(dict(zip(items.tolist(), parts.tolist(), strict=True))[j] == part for j, part in best)


# --- refusals


NAN, INF = features(), features().astype(np.float32)
NAN[3, 1], INF[0, 0] = np.nan, -np.inf
HOLE = sparse.csr_array(features())
HOLE.data[-1] = np.nan


@pytest.mark.parametrize("make", [ContentProfile, ContentKNN])
@pytest.mark.parametrize(
    "X, kind, message",
    [
        (
            None,
            ValueError,
            r"item_features: None; expected \(items, features\) numbers, one row per item code",
        ),
        (features(7), ValueError, "item_features: 7 rows; expected 9, one per item code"),
        (sparse.csr_array(features(12)), ValueError, "item_features: 12 rows; expected 9"),
        (NAN, ValueError, "item_features: nan in row 3; expected finite numbers"),
        (INF, ValueError, "item_features: -inf in row 0; expected finite numbers"),
        (HOLE, ValueError, "item_features: nan in row 8; expected finite numbers"),
        (np.ones(9), ValueError, r"item_features: shape \(9,\); expected two dimensions"),
        (np.ones((9, 0)), ValueError, "item_features: no columns; expected at least one"),
        (["a tent"] * 9, TypeError, "item_features: dtype <U6; expected numbers"),
    ],
)
def test_features_that_do_not_fit_are_named(make, X, kind, message):
    with pytest.raises(kind, match=message):
        make(X).fit(timed_log())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"profile": "median"}, "profile: 'median'; expected 'mean', 'weighted' or 'rocchio'"),
        ({"measure": "jaccard"}, "measure: 'jaccard'; expected 'cosine' or 'dot'"),
        ({"negative": -0.1}, "negative: -0.1; expected a weight of at least 0"),
        ({"like": np.nan}, "like: nan; expected a value of the log"),
        ({"half_life": 0}, "half_life: 0; expected days, more than 0"),
    ],
)
def test_settings_outside_their_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        ContentProfile(features(), **options).fit(timed_log())


def test_profiles_that_the_log_cannot_give_are_refused():
    log = timed_log()
    with pytest.raises(ValueError, match=r"half_life: 2\.0 days, but data has no times; expected a clock"):
        ContentProfile(features(), half_life=2.0).fit(replace(log, times=None))
    with pytest.raises(
        ValueError, match="profile: 'weighted' compares values, but all events have one; take"
    ):
        ContentProfile(features(), "weighted").fit(log.binary())


def test_the_features_given_are_left_as_they_were():
    log = timed_log()
    X = sparse.csr_array(features())
    X.data[3] = 0.0  # a stored zero
    before = X.copy()
    for model in (ContentProfile(X, "rocchio"), ContentKNN(X, measure="jaccard")):
        model.fit(log).score([0])
        assert X.nnz == before.nnz and (X.data == before.data).all()
    assert issubclass(ContentProfile, ProfileRanker)


def test_a_stored_zero_is_no_feature():
    X = sparse.csr_array(features())
    bare = X.copy()
    X.data[3] = 0.0
    bare.data[3] = 0.0
    bare.eliminate_zeros()
    got, expected = (ContentKNN(kept, measure="jaccard").fit(timed_log()).weights_ for kept in (X, bare))
    np.testing.assert_array_equal(got.toarray(), expected.toarray())
