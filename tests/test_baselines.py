"""The baselines against their formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from recsys_course.baselines import (
    DampedMeans,
    Popularity,
    Random,
    RecentPopularity,
    bayesian_average,
    wilson_lower_bound,
)
from recsys_course.interactions import Interactions


def test_popularity_counts_users_not_events():
    # item 0: one fan, three times; item 1: two users; item 2: nobody
    data = Interactions([0, 0, 0, 1, 2], [0, 0, 0, 1, 1], 3, 3, values=[5, 5, 5, 1, 0])
    model = Popularity().fit(data)
    assert model.counts_.tolist() == [1, 2, 0]
    assert model.score([2, 0]).tolist() == [[1, 2, 0]] * 2
    assert model.recommend([0, 1, 2], n=2).tolist() == [[1, 2], [0, 2], [0, 2]]


def test_scores_are_the_callers_to_change():
    model = Popularity().fit(Interactions([0], [0], 1, 2))
    model.score([0])[:] = -1
    assert model.score([0]).tolist() == [[1, 0]]


def test_random_differs_by_user_and_seed_and_repeats():
    data = Interactions([0], [0], 5, 200)
    scores = Random().fit(data).score(range(5))
    assert len(np.unique(scores)) == scores.size
    np.testing.assert_array_equal(Random().fit(data).score([3, 1]), scores[[3, 1]])
    assert (Random(seed=1).fit(data).score(range(5)) != scores).all()
    with pytest.raises(ValueError, match="seed: -1; expected a seed of at least 0"):
        Random(seed=-1).fit(data)


def test_random_lists_every_item_about_equally_often():
    """2,000 users, 10 items: each is first 200 times, with a deviation of sqrt(2000 * .1 * .9) = 13.4."""
    model = Random().fit(Interactions([0], [0], 2_000, 10))
    first = np.bincount(model.recommend(np.arange(1, 2_000), n=1)[:, 0], minlength=10)
    assert np.abs(first - 199.9).max() < 5 * 13.4


def test_damped_means_by_hand():
    # mu = 3; item 0 has (5, 3): b = 2/(2+1); item 1 has (1): b = -2/(1+1)
    model = DampedMeans(damping=1).fit(Interactions([0, 1, 0], [0, 0, 1], 3, 3, values=[5, 3, 1]))
    assert model.mean_ == 3
    np.testing.assert_allclose(model.item_bias_, [2 / 3, -1, 0])
    # user 0 rests: 2 - 2/3 and -2 + 1, over 2 + 1; user 1: -2/3 over 1 + 1; user 2 has none
    np.testing.assert_allclose(model.user_bias_, [1 / 9, -1 / 3, 0])
    np.testing.assert_allclose(model.predict([0, 2, 1], [1, 0, 2]), [3 + 1 / 9 - 1, 3 + 2 / 3, 3 - 1 / 3])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), unique=True, min_size=1),
    st.sampled_from([0.0, 1.0, 7.5]),
    st.integers(0, 1_000),
)
def test_damped_means_as_loops(pairs, damping, seed):
    stars = np.random.default_rng(seed).integers(1, 6, len(pairs)).astype(float)
    data = Interactions([u for u, _ in pairs], [i for _, i in pairs], 4, 3, stars)
    model = DampedMeans(damping).fit(data)
    mu = sum(stars) / len(stars)
    b_i, b_u = [0.0] * 3, [0.0] * 4
    for i in range(3):
        rests = [r - mu for (_, j), r in zip(pairs, stars, strict=True) if j == i]
        b_i[i] = sum(rests) / (len(rests) + damping) if rests else 0.0
    for u in range(4):
        rests = [r - mu - b_i[i] for (v, i), r in zip(pairs, stars, strict=True) if v == u]
        b_u[u] = sum(rests) / (len(rests) + damping) if rests else 0.0
    expected = mu + np.add.outer(b_u, b_i)
    np.testing.assert_allclose(model.score(range(4)), expected, atol=1e-12)
    model.clip = False
    users, items = (axis.ravel() for axis in np.indices((4, 3)))
    np.testing.assert_allclose(model.predict(users, items), expected.ravel(), atol=1e-12)


def test_much_damping_leaves_the_mean(stars):
    model = DampedMeans(damping=1e12).fit(stars)
    np.testing.assert_allclose(model.score(range(12)), stars.values.mean())


def test_a_pair_rated_twice_counts_once_with_its_mean():
    twice = Interactions(np.array([0, 0, 1]), np.array([0, 0, 1]), 2, 2, values=np.array([5.0, 3.0, 1.0]))
    once = Interactions(np.array([0, 1]), np.array([0, 1]), 2, 2, values=np.array([4.0, 1.0]))
    assert DampedMeans().fit(twice).mean_ == DampedMeans().fit(once).mean_ == 2.5
    assert DampedMeans().fit(twice).seen_.max() == 4.0


DAY = 86_400


def test_recent_popularity_by_hand():
    # at day 10, half-life 2 days: item 0 has meetings of age 6 and 4 days, item 1 one of age 0;
    # user 0 met item 2 at days 0 and 8, of which the later counts; nobody met item 3
    days = np.array([4, 6, 10, 8, 0])
    data = Interactions([0, 1, 2, 0, 0], [0, 0, 1, 2, 2], 3, 4, times=DAY * days)
    model = RecentPopularity(half_life=2).fit(data)
    np.testing.assert_allclose(model.counts_, [1 / 8 + 1 / 4, 1, 1 / 2, 0])
    assert model.recommend([1], n=3).tolist() == [[1, 2, 3]]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 60)), min_size=1))
def test_recent_popularity_as_loops(events):
    users, items, days = zip(*events, strict=True)
    data = Interactions(users, items, 4, 5, times=DAY * np.array(days))
    expected = [0.0] * 5
    for u in range(4):
        for i in range(5):
            if mine := [d for v, j, d in events if (v, j) == (u, i)]:
                expected[i] += 0.5 ** ((max(days) - max(mine)) / 7)
    np.testing.assert_allclose(RecentPopularity(half_life=7).fit(data).counts_, expected)


def test_a_very_long_half_life_is_popularity_and_a_very_short_one_the_last_moment(stars):
    old, new = (RecentPopularity(half_life=h).fit(stars) for h in (1e12, 1e-6))
    np.testing.assert_allclose(old.counts_, Popularity().fit(stars).counts_)
    last = stars.items[stars.times == stars.times.max()]
    assert np.flatnonzero(new.counts_ > 1e-3).tolist() == np.unique(last).tolist()


def test_recent_popularity_needs_a_clock():
    with pytest.raises(ValueError, match="data: no times; expected a log with a clock"):
        RecentPopularity().fit(Interactions([0], [0], 1, 1))


def test_bayesian_average_by_hand_and_as_damped_means(stars):
    # prior 3: one rating of 5, none, and forty of 4.5; damping 5
    got = bayesian_average([5, 0, 180], [1, 0, 40], 3, 5)
    np.testing.assert_allclose(got, [20 / 6, 3, 195 / 45])
    np.testing.assert_allclose(bayesian_average([5, 0], [1, 0], 3, 0), [5, 3])  # plain mean; the prior
    model = DampedMeans(damping=4).fit(stars)
    totals, counts = (np.bincount(stars.items, w, stars.n_items) for w in (stars.values, None))
    expected = bayesian_average(totals, counts, model.mean_, 4)
    np.testing.assert_allclose(model.mean_ + model.item_bias_, expected)
    with pytest.raises(ValueError, match="damping: -1; expected a number of imaginary ratings of at least 0"):
        bayesian_average([1], [1], 3, -1)


def test_wilsons_bound_by_hand_and_as_scipys():
    np.testing.assert_allclose(wilson_lower_bound([1, 0, 0], [1, 3, 0], z=2), [0.2, 0, 0], atol=1e-12)
    z = norm.ppf(0.975)
    trials = np.arange(1, 40).repeat(3)
    successes = np.array([(0, n // 3, n) for n in range(1, 40)]).ravel()
    got = wilson_lower_bound(successes, trials, z)
    for s, n, bound in zip(successes, trials, got, strict=True):
        assert bound == pytest.approx(binomtest(s, n).proportion_ci(0.95, "wilson").low, abs=1e-9)
    np.testing.assert_allclose(wilson_lower_bound(3, [4, 5], 0), [0.75, 0.6])  # z = 0: the plain share


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilsons_bound_lies_below_the_share_and_rises_with_evidence(successes, more):
    trials = successes + more
    one, ten = wilson_lower_bound([successes, 10 * successes], [trials, 10 * trials])
    assert -1e-12 <= one <= ten + 1e-12 <= successes / trials + 2e-12


@pytest.mark.parametrize("s, n", [(2, 1), (-1, 3), (1, -1), (float("nan"), 2)])
def test_wilsons_bound_refuses_what_is_no_share(s, n):
    with pytest.raises(ValueError, match=f"successes: {s:g} of {n:g} trials; expected 0..trials"):
        wilson_lower_bound(s, n)
    with pytest.raises(ValueError, match="z: -1; expected standard deviations of at least 0"):
        wilson_lower_bound(1, 2, z=-1)
