"""Weighted sums: by hand, the scale that decides without normalisation, refusals, and tuning."""

import dataclasses

import numpy as np
import pytest
from hybrid_doubles import Asked, Fixed, fixed, nothing_met
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys_course import base, metrics
from recsys_course.baselines import Popularity, Random
from recsys_course.hybrid import Weighted
from recsys_course.hybrid.weighted import check_weights
from recsys_course.hybrid.weights import trials
from recsys_course.interactions import Interactions
from recsys_course.neighbors import ItemKNN

# Probabilities of one model and counts of another, for one user and three items.
CHANCE, COUNT = [0.9, 0.5, 0.1], [10.0, 60.0, 100.0]


def seven_to_three(normalize):
    members = {"chance": fixed(CHANCE), "count": fixed(COUNT)}
    return Weighted(members, weights=[0.7, 0.3], normalize=normalize).fit(nothing_met(1, 3))


# --- by hand


def test_seven_to_three_by_hand_after_minmax():
    # chance: 1, 1/2, 0; count: 0, 5/9, 1 -> 0.7, 0.35 + 0.3 * 5/9, 0.3
    hybrid = seven_to_three("minmax")
    np.testing.assert_allclose(hybrid.score([0]), [[0.7, 0.35 + 1 / 6, 0.3]])
    assert hybrid.recommend([0], n=3).tolist() == [[0, 1, 2]]
    got = hybrid.contributions(0, 1)
    assert got == pytest.approx({"chance": 0.35, "count": 1 / 6})


def test_without_normalisation_the_larger_scale_decides_whatever_the_weights_say():
    hybrid = seven_to_three("none")
    np.testing.assert_allclose(hybrid.score([0]), [[3.63, 18.35, 30.07]])
    assert hybrid.recommend([0], n=3).tolist() == [[2, 1, 0]]  # the order of the member with weight 0.3
    hybrid.weights_ = np.array([0.95, 0.05])
    assert hybrid.recommend([0], n=3).tolist() == [[2, 1, 0]]


def test_seven_to_three_by_hand_after_zscore_and_rank():
    # both have three values; chance is evenly spread: +1.2247, 0, -1.2247
    z = 0.4 * np.sqrt(1.5) / 0.4
    count = (np.array(COUNT) - 170 / 3) / np.array(COUNT).std()
    np.testing.assert_allclose(
        seven_to_three("zscore").score([0])[0], 0.7 * np.array([z, 0, -z]) + 0.3 * count
    )
    np.testing.assert_allclose(seven_to_three("rank").score([0]), [[0.7, 0.5, 0.3]])


def test_equal_weights_are_the_default_and_names_may_give_them():
    log = nothing_met(1, 3)
    members = {"a": fixed(CHANCE), "b": fixed(COUNT)}
    assert Weighted(members).fit(log).weights_.tolist() == [0.5, 0.5]
    assert Weighted(members, weights={"b": 0.3, "a": 0.7}).fit(log).weights_.tolist() == [0.7, 0.3]


# --- what never changes

tables = arrays(float, (2, 5), elements=st.integers(-9, 9).map(float))


@given(
    tables, tables, st.integers(1, 512), st.integers(-50, 50), st.sampled_from(["minmax", "zscore", "rank"])
)
def test_a_members_scale_and_shift_do_not_show(a, b, scale, shift, normalize):
    log = Interactions([0, 1], [4, 4], 2, 5)
    plain = Weighted([Fixed(a), Fixed(b)], normalize=normalize).fit(log)
    moved = Weighted([Fixed(a), Fixed(b * scale / 16 + shift)], normalize=normalize).fit(log)
    np.testing.assert_allclose(moved.score([0, 1]), plain.score([0, 1]), atol=1e-8)


@given(tables, tables)
def test_contributions_add_up_to_the_score(a, b):
    hybrid = Weighted([Fixed(a), Fixed(b)], weights=[0.6, 0.4]).fit(Interactions([0, 1], [4, 4], 2, 5))
    scores = hybrid.score([0, 1])
    for user in (0, 1):
        for item in range(5):
            assert sum(hybrid.contributions(user, item).values()) == pytest.approx(
                scores[user, item], abs=1e-9
            )


def test_equals_the_formula_written_as_loops():
    rng = np.random.default_rng(3)
    tables = rng.normal(size=(3, 4, 6)) * [[[1]], [[50]], [[0.01]]]
    weights = [0.5, 0.2, 0.3]
    got = Weighted([Fixed(t) for t in tables], weights).fit(Interactions([0], [0], 4, 6)).score(range(4))
    for u in range(4):
        for i in range(6):
            total = 0.0
            for weight, table in zip(weights, tables, strict=True):
                row = [float(s) for s in table[u]]
                mean = sum(row) / 6
                sd = (sum((s - mean) ** 2 for s in row) / 6) ** 0.5
                total += weight * (row[i] - mean) / sd
            assert got[u, i] == pytest.approx(total)


# --- silent members


def test_what_one_member_does_not_score_is_left_to_the_others():
    some = fixed([3.0, 1.0, np.nan, -np.inf])
    other = fixed([0.0, 0.0, 5.0, -np.inf])
    hybrid = Weighted([some, other]).fit(nothing_met(1, 4))
    score = hybrid.score([0])[0]
    assert np.isfinite(score[:3]).all()
    assert score[3] == -np.inf  # nobody scores it
    assert hybrid.recommend([0], n=4)[0].tolist() == [2, 0, 1, -1]
    with pytest.raises(
        ValueError, match="item: 3 has the score -inf for user 0; expected one that is finite"
    ):
        hybrid.contributions(0, 3)


def test_a_member_without_weight_has_no_say_in_what_is_listed():
    hybrid = Weighted([fixed([1.0, -np.inf]), fixed([1.0, 2.0])], weights=[1, 0]).fit(nothing_met(1, 2))
    assert hybrid.score([0])[0, 1] == -np.inf


def test_a_member_of_nothing_but_nan_adds_nothing():
    hybrid = Weighted([fixed([np.nan] * 3), fixed([1.0, 3, 2])]).fit(nothing_met(1, 3))
    assert hybrid.recommend([0], n=3).tolist() == [[1, 2, 0]]


# --- refusals


@pytest.mark.parametrize(
    "weights, message",
    [
        ([0.7, 0.7], r"weights: their sum is 1.4; expected 1, for example \[0.5, 0.5\]"),
        ([7, 3], r"weights: their sum is 10; expected 1, for example \[0.7, 0.3\]"),
        ([0, 0], "weights: their sum is 0; expected 1, for example at least one above 0"),
        ([1.5, -0.5], r"weights: \[1.5, -0.5\]; expected numbers of at least 0"),
        ([np.nan, 1], "weights: .*; expected numbers of at least 0"),
        ([np.inf, 1], "weights: .*; expected numbers of at least 0"),
        ([0.5, 0.3, 0.2], r"weights: shape \(3,\); expected 2, one per member"),
        (0.5, r"weights: shape \(\); expected 2, one per member"),
        ({"a": 0.5, "c": 0.5}, "weights: 'c'; expected one of 'a', 'b'"),
        ({"a": 1.0}, "weights: none for 'b'; expected one for each member"),
    ],
)
def test_wrong_weights_are_refused(weights, message):
    members = {"a": fixed(CHANCE), "b": fixed(COUNT)}
    with pytest.raises(ValueError, match=f"^{message}"):
        Weighted(members, weights=weights).fit(nothing_met(1, 3))


def test_the_sum_may_round():
    assert check_weights([0.1] * 10, tuple("abcdefghij")).tolist() == [0.1] * 10
    with pytest.raises(ValueError, match="their sum is"):
        check_weights([0.333, 0.333, 0.333], ("a", "b", "c"))


# --- tuning


def logs(seed=0, n_users=60, n_items=30):
    """Training, validation and later events of users who like one half of the items."""
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(n_users), 9)
    half = n_items // 2
    items = np.concatenate([rng.permutation(half)[:9] + half * (u % 2) for u in range(n_users)])
    part = np.tile(np.arange(9), n_users)
    data = Interactions(users, items, n_users, n_items)
    return tuple(data.take(part % 3 == p) for p in range(3))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("normalize", ["zscore", "minmax", "rank"])
def test_tuning_finds_the_better_member_where_one_is_random(seed, normalize):
    train, validation, later = logs(seed)
    hybrid = Weighted({"knn": ItemKNN(shrinkage=1), "random": Random(seed)}, normalize=normalize).fit(train)
    relevant = later.to_csr()
    before = metrics.ndcg(hybrid.recommend(np.arange(60)), relevant)
    assert hybrid.tune(validation, n_trials=21) is hybrid
    assert hybrid.weights_[0] > 0.5
    assert hybrid.weights_.sum() == pytest.approx(1)
    assert metrics.ndcg(hybrid.recommend(np.arange(60)), relevant) > before


def test_each_trial_is_what_the_hybrid_would_score_with_those_weights():
    train, validation, _ = logs(3)
    hybrid = (
        Weighted([ItemKNN(), Popularity(), Random()]).fit(train).tune(validation, "recall", 5, 12, seed=4)
    )
    relevant = validation.to_csr()
    users = np.flatnonzero(np.diff(relevant.indptr))
    assert len(hybrid.trials_) == 12
    for weights, value in hybrid.trials_:
        again = dataclasses.replace(hybrid, weights=weights).fit(train)
        lists = again.recommend(users, n=5)
        assert metrics.recall(lists, relevant[users], k=5) == pytest.approx(value)
    best = max(value for _, value in hybrid.trials_)
    assert [v for w, v in hybrid.trials_ if (w == hybrid.weights_).all()] == [best]


def test_pairs_that_are_not_new_and_users_without_any_do_not_count():
    train, validation, _ = logs(1)
    both = Interactions(
        np.r_[validation.users, train.users], np.r_[validation.items, train.items], 60, 30
    )  # training's pairs again
    one, two = (
        Weighted([ItemKNN(), Popularity()]).fit(train).tune(log, n_trials=5).trials_
        for log in (validation, both)
    )
    assert [v for _, v in one] == [v for _, v in two]


def test_members_score_each_validation_user_once_in_batches_whatever_the_trials(monkeypatch):
    train, validation, _ = logs(2)
    validation = validation.take(validation.users < 25)
    rng = np.random.default_rng(0)
    member = Asked(rng.random((60, 30)))
    hybrid = Weighted([member, Popularity()], refit=False)
    member.fit(train)
    hybrid.models[1].fit(train)
    hybrid.fit(train)
    monkeypatch.setattr(base, "CELLS_PER_BATCH", 4 * 30)  # four users at a time
    hybrid.tune(validation, n_trials=50)
    assert max(map(len, member.batches)) == 4
    assert [u for batch in member.batches for u in batch] == list(
        range(25)
    )  # once each, and nobody without validation events


def test_only_training_and_validation_events_reach_a_tuned_hybrid():
    """What comes later may be anything: neither members nor weights can know it."""
    train, validation, later = logs(5)
    everything = Interactions(
        np.r_[train.users, validation.users, later.users],
        np.r_[train.items, validation.items, later.items],
        60,
        30,
    )
    first = Weighted([ItemKNN(), Random()]).fit(train).tune(validation, n_trials=9)
    scores = first.score(range(60))
    assert first.seen_.nnz == len(train)
    assert all(member.seen_.nnz == len(train) for member in first.members_)  # validation is not learned from
    with_later = Weighted([ItemKNN(), Random()]).fit(everything).score(range(60))
    assert not np.allclose(scores, with_later)  # had it been seen, it would show


@pytest.mark.parametrize(
    "options, message",
    [
        ({"metric": "auc"}, "metric: 'auc'; expected one of ndcg, recall"),
        ({"n": 0}, "n: 0; expected"),
        ({"n_trials": 0}, "n_trials: 0; expected"),
    ],
)
def test_wrong_options_of_tuning_are_refused(options, message):
    train, validation, _ = logs()
    with pytest.raises(ValueError, match=message):
        Weighted([ItemKNN(), Popularity()]).fit(train).tune(validation, **options)


def test_a_validation_log_that_says_nothing_is_refused():
    train, validation, _ = logs()
    hybrid = Weighted([ItemKNN(), Popularity()]).fit(train)
    with pytest.raises(ValueError, match="validation: no pair that is new to its user"):
        hybrid.tune(train)
    with pytest.raises(ValueError, match=r"validation: \(60, 31\) users and items; expected \(60, 30\)"):
        hybrid.tune(dataclasses.replace(validation, n_items=31))
    with pytest.raises(TypeError, match="validation: ndarray; expected Interactions"):
        hybrid.tune(np.eye(3))
    with pytest.raises(base.NotFitted):
        Weighted([ItemKNN(), Popularity()]).tune(validation)


def test_a_metric_of_ones_own():
    train, validation, _ = logs()

    def worst_first(ranked, relevant, k, mean):
        return -metrics.ndcg(ranked, relevant, k, mean=mean)

    hybrid = Weighted({"knn": ItemKNN(shrinkage=1), "random": Random()}).fit(train)
    assert hybrid.tune(validation, worst_first, n_trials=11).weights_[0] < 0.5


@pytest.mark.parametrize("n_members", [2, 3, 5])
@pytest.mark.parametrize("n_trials", [1, 2, 3, 7, 40])
def test_trials_are_weights_and_start_with_equal_ones(n_members, n_trials):
    tried = trials(n_members, n_trials, seed=1)
    assert len(tried) == n_trials
    np.testing.assert_allclose(tried[0], 1 / n_members)
    for weights in tried:
        check_weights(weights, tuple("abcde"[:n_members]))
    if n_trials == 40:  # each member alone is among them
        assert {int(w.argmax()) for w in tried if w.max() == 1} == set(range(n_members))
