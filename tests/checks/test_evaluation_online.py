"""The references against something else: the package, scipy, loops, the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from every_check import drawn
from scipy import stats

from recsys_course.checks import evaluation_online as online
from recsys_course.evaluation import experiment


def test_sample_size_is_the_packages_and_has_the_power():
    for rate, lift, alpha, power in drawn(online.sample_size):
        n = online.sample_size.reference(rate, lift, alpha, power)
        assert n == experiment.rates_sample_size(rate, rate * (1 + lift), alpha, power)
        assert experiment.rates_power(rate, rate * (1 + lift), n, alpha=alpha) >= power


def test_two_proportions_is_the_packages_and_z_squared_is_chi_square():
    for x_a, n_a, x_b, n_b in drawn(online.two_proportions):
        z, low, high = online.two_proportions.reference(x_a, n_a, x_b, n_b)
        expected = experiment.compare_rates(x_a, n_a, x_b, n_b)
        assert (low, high) == pytest.approx((expected.low, expected.high))
        if x_a or x_b:
            table = [[x_a, n_a - x_a], [x_b, n_b - x_b]]
            assert z**2 == pytest.approx(stats.chi2_contingency(table, correction=False).statistic)
            assert z == 0 or np.sign(z) == np.sign(x_b / n_b - x_a / n_a)
        else:
            assert (z, low, high) == (0, 0, 0)


def test_srm_is_scipys():
    for n_a, n_b, share in drawn(online.srm):
        total = n_a + n_b
        expected = stats.chisquare([n_a, n_b], [total * share, total * (1 - share)])
        assert online.srm.reference(n_a, n_b, share) == pytest.approx(tuple(expected))


def test_delta_method_is_the_packages():
    for clicks, views in drawn(online.delta_method):
        ratio, error = online.delta_method.reference(clicks, views)
        expected, variance = experiment.ratio_with_variance(clicks, views)
        assert (ratio, error) == pytest.approx((expected, np.sqrt(variance)))


def test_delta_method_is_the_bootstraps_error_of_many_users():
    rng = np.random.default_rng(0)
    views = 1 + rng.poisson(5, size=400).astype(float)
    clicks = rng.binomial(views.astype(int), rng.beta(2, 5, size=400)).astype(float)
    rows = rng.integers(400, size=(4000, 400))
    spread = (clicks[rows].sum(axis=1) / views[rows].sum(axis=1)).std()
    assert online.delta_method.reference(clicks, views)[1] == pytest.approx(spread, rel=0.06)


def test_cuped_is_the_packages_and_the_regression_with_the_arm():
    for y, x, arm in drawn(online.cuped):
        theta, difference = online.cuped.reference(y, x, arm)
        if not x.any() or np.ptp(x) == 0:
            assert (theta, difference) == (0, pytest.approx(y[arm == 1].mean() - y[arm == 0].mean()))
            continue
        design = np.column_stack([np.ones(len(y)), arm, x])
        assert (difference, theta) == pytest.approx(tuple(np.linalg.lstsq(design, y)[0][1:]))
        package = experiment.cuped(y[arm == 0], x[arm == 0], y[arm == 1], x[arm == 1])
        assert (difference, theta) == pytest.approx((package.effect.difference, package.theta))


class Coins:
    """A generator that gives the coins it was made with."""

    def __init__(self, coins):
        self.coins = list(coins)

    def integers(self, high):
        assert high == 2
        return self.coins.pop(0)


def test_team_draft_is_the_packages():
    for a, b, n, coins in drawn(online.team_draft):
        expected = experiment.team_draft(a, b, n, Coins(coins))
        assert online.team_draft.reference(a, b, n, coins) == expected
