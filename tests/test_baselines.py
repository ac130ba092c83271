"""The baselines against their formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.baselines import DampedMeans, Popularity, Random
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
