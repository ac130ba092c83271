"""Intervals over users: by hand, against scipy and a bootstrap, and how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from recsys_course.evaluation import over_users


def test_by_hand():
    # values 0, 1/2, 1: mean 1/2, standard deviation 1/2; t of 2 degrees at 97.5 % is 4.303
    value, low, high = over_users("recall@2", np.array([0, 0.5, 1]), np.ones(3))
    assert value == 0.5
    assert high - value == pytest.approx(4.30265 * 0.5 / np.sqrt(3), rel=1e-5)
    assert low == 0.0  # 0.5 - 1.24; a metric is not negative


def test_of_lists_it_is_scipys_interval_of_the_mean():
    values = np.random.default_rng(0).random(50)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    got = over_users("ndcg@10", values, np.ones(50), level=0.9)
    assert got == pytest.approx((values.mean(), expected.low, expected.high))


def test_of_stars_by_hand():
    # two users: 4 events with squared errors 4 in all, 1 event with 1: the mean squared error is 1 for each
    value, low, high = over_users("rmse", np.array([4.0, 1.0]), np.array([4.0, 1.0]))
    assert (value, low, high) == (1.0, 1.0, 1.0)  # users do not differ, so nothing is unsure
    value, low, high = over_users("mae", np.array([2.0, 3.0]), np.array([4.0, 1.0]))
    # ratio 1; z = (2 - 4) / 2.5 and (3 - 1) / 2.5, so s = 0.8 sqrt(2) and s / sqrt(2) = 0.8; t = 12.706
    assert value == 1.0 and high == pytest.approx(1 + 12.7062 * 0.8, rel=1e-5) and low == 0.0


def test_one_user_says_nothing_about_others():
    value, low, high = over_users("ndcg@10", np.array([0.3]), np.ones(1))
    assert value == 0.3 and np.isnan([low, high]).all()


def some_users(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors and test events: users with many events err less, each has a level of its own."""
    weights = 1.0 + rng.poisson(6, n)
    return weights * (0.5 + rng.gamma(2, 0.3, n)) / np.sqrt(weights), weights


def test_of_stars_it_agrees_with_a_bootstrap_over_users():
    rng = np.random.default_rng(1)
    totals, weights = some_users(rng, 400)
    drawn = rng.integers(400, size=(4_000, 400))
    again = np.sqrt(totals[drawn].sum(axis=1) / weights[drawn].sum(axis=1))
    low, high = np.quantile(again, [0.025, 0.975])
    got = over_users("rmse", totals, weights)
    # a quantile of 4,000 draws is known to about 2.5 % of the interval's width
    assert got.low == pytest.approx(low, abs=0.06 * (high - low))
    assert got.high == pytest.approx(high, abs=0.06 * (high - low))


@pytest.mark.parametrize("label", ["ndcg@10", "rmse"])
def test_it_holds_the_truth_as_often_as_it_says(label):
    rng = np.random.default_rng(2)
    many = some_users(rng, 400_000)
    weights = many[1] if label == "rmse" else np.ones(400_000)
    truth = over_users(label, many[0], weights).value
    held = []
    for _ in range(1_000):
        users = rng.integers(400_000, size=80)
        _, low, high = over_users(label, many[0][users], weights[users], level=0.9)
        held.append(low <= truth <= high)
    # 1,000 draws at 90 %: standard deviation 0.0095; skew of 80 users costs a little more
    assert 0.87 < np.mean(held) < 0.93
